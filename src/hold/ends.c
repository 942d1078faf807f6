/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Of a queue: where what is in it ends, for who has it on disk as well.
 */
#include "config.h"

#include "hold/cut.h"
#include "hold/queue.h"

int
queue_note_ends(struct queue *q)
{
	if (!framing_noted(&q->framing) || chain_note(&q->chain, q->framing.ends) == 0)
		return 0;
	queue_free(q);
	return -1;
}

struct queue_record
queue_record_of(const struct framing *framing, const char *text, size_t length)
{
	if (text == NULL)
		return (struct queue_record){ NULL, length, length };
	return (struct queue_record){ text + record_head(framing, text, length), length, record_body(framing, text, length) };
}

size_t
queue_whole(const struct queue *q, size_t most, uint64_t records)
{
	size_t length = q->ready;

	if (q->head_length > most)
		return 0;
	if (length > most)
		length = cut_last(&q->chain, &q->framing, 0, most, 0);
	if (records < q->records && length > 0)
		length = cut_skip(&q->chain, &q->framing, 0, length, 0, &records);
	return length;
}

size_t
queue_whole_from(const struct queue *q, size_t offset, size_t most)
{
	size_t left = q->ready - offset;

	return left <= most ? left : cut_last(&q->chain, &q->framing, offset, most, 0);
}

void
queue_note_end(struct queue *q, size_t end)
{
	struct chain_place place = chain_at(&q->chain, end - 1);
	const struct iovec piece = chain_next(&q->chain, &place, 1);

	ends_set(q->framing.ends, piece.iov_base);
}

/* The last byte that is set apart. */
static void
note_end_apart(struct queue *q, size_t apart)
{
	struct iovec piece[CHAIN_PIECES];
	const int pieces = chain_peek_apart(&q->chain, apart, piece, CHAIN_PIECES);

	ends_set(q->framing.ends, (const char *)piece[pieces - 1].iov_base + piece[pieces - 1].iov_len - 1);
}

void
queue_end_here(struct queue *q)
{
	const size_t used = chain_used(&q->chain), apart = chain_apart(&q->chain);

	if (q->transit.open && apart == 0) { /* all of it is out */
		(void)transit_end(&q->transit, &q->chain);
		q->first++;
		queue_pull_marks(q, 0);
		return;
	}
	if (used > 0)
		queue_note_end(q, used);
	else if (apart > 0)
		note_end_apart(q, apart);
	queue_complete(q);
}

size_t
queue_last_end(const struct queue *q)
{
	return cut_last(&q->chain, &q->framing, 0, q->ready, 0);
}

bool
queue_is_unended(const struct queue *q)
{
	return q->unended && q->ready > 0;
}

int
queue_pieces(const struct queue *q, size_t offset, size_t length, struct iovec *piece, int most)
{
	return chain_peek(&q->chain, offset, length, piece, most);
}

void
queue_ask_part_out(struct queue *q)
{
	q->part_asked = true;
}

size_t
queue_part_out(const struct queue *q)
{
	return transit_is_begun(&q->transit) ? q->transit.out : 0;
}
