/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The records of a stream: random bytes that depend on the number of the record and the place in it, so that
 * of any but the shortest a byte that is torn, swapped or doubled is seen.
 */
#include "config.h"

#include "run.h"
#include "../unit/random.h"

#include <stdlib.h>
#include <string.h>

static void
spell(char *to, size_t length, int delimiter, uint64_t number)
{
	struct random random = { number };
	uint64_t bits = 0;

	for (size_t i = 0; i < length; i++, bits >>= 8) {
		if (i % 8 == 0)
			bits = random_next(&random);
		to[i] = (char)bits;
		if (delimiter != NO_DELIMITER && to[i] == (char)delimiter)
			to[i] ^= 1;
	}
	if (delimiter != NO_DELIMITER)
		to[length - 1] = (char)delimiter;
}

/* Some of it becomes the end of a line that goes on; what else would go on, or not begin anew, does not.  What it is about, in the
 * first two bytes, stays. */
static void
break_lines(char *to, size_t length, const struct plan *plan, struct random *random)
{
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)to[i] == GOES_ON || (unsigned char)to[i] == IS_CONTINUED)
			to[i] = 'y'; /* no delimiter of any plan */
		if (plan->weighed && i == 0 && to[i] >= '0' && to[i] <= '9')
			to[i] = 'y';
	}
	for (size_t i = 3; i + 3 < length && plan->lines != ONE_LINE; i += (size_t)random_from(random, 2, 200)) {
		if (i > 3 && random_one_in(random, 4))
			continue;
		to[i] = (char)plan->delimiter;
		if (plan->lines == JOINED)
			to[i + 1] = (char)GOES_ON;
		else
			to[i - 1] = (char)IS_CONTINUED;
	}
}

/* So long that it is about as long as was asked for; returns how long it is.  The first of a pcap file is its header. */
static size_t
make_frame(char *to, size_t length, const struct plan *plan, bool first, struct random *random)
{
	static const char file[] = "\xa1\xb2\xc3\xd4\0\2\0\4\0\0\0\0\0\0\0\0\0\4\0\0\0\0\0";
	const uint64_t most = framing_most(plan);
	size_t payload = length - (plan->format != FRAME_OCTETS), head;

	if (plan->format == FRAME_PCAP && first) {
		memcpy(to, file, sizeof(file));
		return sizeof(file);
	}
	payload = payload < most ? payload : (size_t)most;
	head = framing_put_head(plan, payload, to);
	spell(to + head, payload, NO_DELIMITER, random_next(random));
	if (framing_tail(plan) > 0)
		to[head + payload] = ',';
	return head + payload + framing_tail(plan);
}

static size_t
make_record(char *to, size_t length, const struct plan *plan, bool first, struct random *random)
{
	if (plan->framed)
		return make_frame(to, length, plan, first, random);
	spell(to, length, plan->delimiter, random_next(random));
	if (plan->lines != ONE_LINE || plan->weighed)
		break_lines(to, length, plan, random);
	return length;
}

void
stream_make(struct stream *stream, const struct plan *plan, uint64_t seed)
{
	struct random random = { seed };
	size_t most = plan->total + plan->most + FRAME_MORE_MOST;
	const size_t longest = plan->most - (plan->framed ? FRAME_MORE_MOST : 0);

	*stream = (struct stream){ .bytes = malloc(most + 1) };
	stream->ends = calloc(plan->total + 1, sizeof(*stream->ends));
	if (stream->bytes == NULL || stream->ends == NULL)
		abort();
	while (stream->length < plan->total) {
		size_t length = plan->fixed > 0 ? plan->fixed
		    : plan_is_bytes(plan) ? plan->total : (size_t)random_from(&random, plan->least, longest);
		stream->length += make_record(stream->bytes + stream->length, length, plan, stream->records == 0, &random);
		stream->ends[stream->records++] = stream->length;
	}
	if (plan->unended && stream->length > 0) {
		size_t last = stream->records > 1 ? stream->ends[stream->records - 2] : 0;
		size_t length = stream->length - last;

		if (length > 1) {
			stream->length = last + (size_t)random_from(&random, 1, length - 1);
			stream->ends[stream->records - 1] = stream->length;
			stream->unended = true;
		}
	}
}

void
stream_free(struct stream *stream)
{
	free(stream->bytes);
	free(stream->ends);
}
