/* SPDX-License-Identifier: BSD-2-Clause */
/* Records that go from one queue to another, at random, and what is counted of them. */
#include "config.h"

#include "hold/queue.h"

#include "../random.h"
#include "../tap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STREAM 4000000

static const struct framing lines = { .kind = FRAMING_LINES, .delimiter = '\n' };
static struct queue queue, arrivals;
static struct random chance;
static char *stream;          /* lines of any length up to 300, */
static size_t read_so_far;    /* of which so much has been read, */
static size_t taken_so_far;   /* and so much taken */
static uint64_t read_lines, taken_lines;
static unsigned moved, copied;

static void
make_stream(void)
{
	stream = malloc(STREAM);
	if (stream == NULL)
		abort();
	for (size_t i = 0; i < STREAM; i++)
		stream[i] = random_one_in(&chance, 1 + random_below(&chance, 300)) ? '\n' : (char)('a' + i % 26);
	stream[STREAM - 1] = '\n';
}

/* As a read does it: what ends in it is counted, and where the last end is. */
static void
append(struct queue *q, const char *text, size_t length)
{
	struct iovec piece[QUEUE_ROOM];
	size_t room, tail = 0;
	uint64_t ends = 0;
	int pieces = queue_prepare(q, length, piece, &room);

	if (room != length)
		abort();
	for (size_t i = 0; i < length; i++)
		if (text[i] == '\n') {
			ends++;
			tail = length - i - 1;
		}
	for (int i = 0; i < pieces; text += piece[i++].iov_len)
		memcpy(piece[i].iov_base, text, piece[i].iov_len);
	queue_append(q, 0, length, ends, tail);
}

static void
read_some(void)
{
	size_t length = 1 + random_below(&chance, random_one_in(&chance, 50) ? 300000 : 2000);
	uint64_t before = queue_waiting(&arrivals);

	if (length > STREAM - read_so_far)
		length = STREAM - read_so_far;
	if (length > 2 * 400000 - queue_held(&arrivals).bytes)
		return;
	while (length > 0) { /* as much at once as there are pieces for */
		const size_t step = length < CHAIN_SEGMENT ? length : CHAIN_SEGMENT;

		append(&arrivals, stream + read_so_far, step);
		read_so_far += step;
		length -= step;
	}
	read_lines += queue_waiting(&arrivals) - before;
}

/* So many whole records, to the other queue: as they are, or where that holds something by hand. */
static void
pass_on(void)
{
	static struct iovec piece[64];
	const size_t length = queue_whole_from(&arrivals, 0, random_below(&chance, 500000));
	const uint64_t records = queue_ends(&arrivals, length);
	int pieces;

	if (length == 0 || length > queue_room(&queue).bytes - queue_held(&queue).bytes)
		return;
	if (queue_move(&arrivals, &queue, length, records, records, 0)) {
		moved++;
		return;
	}
	pieces = queue_pieces(&arrivals, 0, length, piece, 64);
	for (int i = 0; i < pieces; i++)
		append(&queue, piece[i].iov_base, piece[i].iov_len);
	(void)queue_take(&arrivals, length);
	copied++;
}

/* Whether what is out is what came in. */
static bool
take_some(void)
{
	struct iovec piece[QUEUE_PIECES];
	size_t length = random_one_in(&chance, 3) ? (size_t)queue_held(&queue).bytes :
	    random_below(&chance, queue_held(&queue).bytes + 1);
	int pieces;

	if (length == 0)
		return true;
	if (queue_part_sent(&queue) && length > queue_rest(&queue))
		length = queue_rest(&queue);
	pieces = queue_peek(&queue, 0, &length, piece);
	for (int i = 0; i < pieces; i++) {
		if (memcmp(stream + taken_so_far, piece[i].iov_base, piece[i].iov_len) != 0)
			return false;
		taken_so_far += piece[i].iov_len;
	}
	taken_lines += queue_take(&queue, length);
	return true;
}

static bool
is_right(void)
{
	queue_check(&queue);
	queue_check(&arrivals);
	return read_so_far == taken_so_far + queue_held(&queue).bytes + queue_held(&arrivals).bytes &&
	    read_lines == taken_lines + queue_held(&queue).records + queue_held(&arrivals).records;
}

int
main(void)
{
	const struct queue_limits beside = { .bytes = 400000, .records = UINT64_MAX, .slack = 400000 };
	struct queue_limits limits = { .bytes = 1000000, .records = UINT64_MAX };
	bool right = true;

	chance = (struct random){ 7 };
	make_stream();
	limits.beside = queue_limits_sum(&beside);
	if (queue_init(&queue, &lines, &limits) < 0 || queue_init_beside(&arrivals, &beside, &queue) < 0)
		abort();
	while (right && taken_so_far < STREAM) {
		switch (random_below(&chance, 4)) {
		case 0:
			read_some();
			break;
		case 1:
			pass_on();
			break;
		default:
			right = take_some();
			break;
		}
		right = right && is_right();
	}
	ok(right && taken_so_far == STREAM, "what goes from one queue to another comes out as it came in, and is counted");
	ok(moved > 100 && copied > 100, "as it is, or copied");
	queue_free(&arrivals);
	limits.bytes = 2000000;
	errno = 0;
	ok(queue_init_beside(&arrivals, &limits, &queue) < 0 && errno == EINVAL, "one for which there is no memory is refused");
	queue_free(&queue);
	free(stream);
	return done_testing();
}
