/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The records of a stream: random bytes that depend on the number of the record and the place in it, so that
 * of any but the shortest a byte that is torn, swapped or doubled is seen.
 */
#include "config.h"

#include "run.h"
#include "../unit/random.h"

#include <stdlib.h>

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

void
stream_make(struct stream *stream, const struct plan *plan, uint64_t seed)
{
	struct random random = { seed };
	size_t most = plan->total + plan->most;
	bool bytes = plan->delimiter == NO_DELIMITER && plan->fixed == 0;

	*stream = (struct stream){ .bytes = malloc(most + 1) };
	stream->ends = calloc(plan->total + 1, sizeof(*stream->ends));
	if (stream->bytes == NULL || stream->ends == NULL)
		abort();
	while (stream->length < plan->total) {
		size_t length = plan->fixed > 0 ? plan->fixed
		    : bytes ? plan->total : (size_t)random_from(&random, plan->least, plan->most);
		spell(stream->bytes + stream->length, length, plan->delimiter, random_next(&random));
		stream->length += length;
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
