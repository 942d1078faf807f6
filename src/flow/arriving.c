/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the input into the spool: what has been read is put, block by block.
 */
#include "config.h"

#include "flow/pump.h"
#include "flow/spooled.h"

#include <errno.h>
#include <stdlib.h>

/* Of what has come: a block of whole records, as many as go into one. */
static size_t
next_length(struct pump *pump, uint64_t *records, struct serials_gap gap[BLOCK_GAPS], unsigned *gaps)
{
	struct spooling *spooling = &pump->spooling;
	struct queue *arrivals = &spooling->arrivals;
	const struct tally all = spooling_is_bytes(pump) ? queue_held(arrivals) : queue_ready(arrivals);
	size_t length = (size_t)all.bytes;
	uint64_t most;

	*gaps = 0;
	*records = all.records;
	if (length == 0 || spooling_is_bytes(pump))
		return length < BLOCK_MOST ? length : BLOCK_MOST;
	if (length > BLOCK_MOST) {
		(void)queue_head(arrivals);
		length = queue_whole(arrivals, BLOCK_MOST, UINT64_MAX);
		if (length == 0)
			length = queue_head(arrivals);
		*records = queue_ends(arrivals, length);
	}
	most = serials_look(&spooling->coming, *records, gap, BLOCK_GAPS, gaps);
	if (most < *records) {
		*records = most;
		length = queue_whole(arrivals, length, most);
	}
	return length;
}

/* All pieces of it, behind the first, which is the spool's. */
static bool
peek(struct spooling *spooling, size_t length, int *pieces)
{
	const size_t most = length / CHAIN_SEGMENT + 4;

	if (spooling->pieces < most) {
		struct iovec *piece = realloc(spooling->piece, (most + 1) * sizeof(*piece));

		if (piece == NULL)
			return false;
		spooling->piece = piece;
		spooling->pieces = most;
	}
	*pieces = queue_pieces(&spooling->arrivals, length, spooling->piece + 1, (int)most);
	return true;
}

/* One block: into the spool, and if there is room into the queue. */
static enum spool_result
put_block(struct pump *pump, size_t length, uint64_t records, const struct serials_gap *gap, unsigned gaps,
    uint64_t now_ns)
{
	struct spooling *spooling = &pump->spooling;
	struct queue *arrivals = &spooling->arrivals;
	const bool unended = spooling->ended && length == queue_held(arrivals).bytes && queue_is_unended(arrivals);
	const bool forward = spool_is_level(spooling->spool) && !spooling->has_next && spooling_has_room(pump, length);
	struct block_gap inside[BLOCK_GAPS];
	struct spool_load load = { .length = length, .records = records, .gap = inside, .unended = unended };
	const uint64_t at = queue_next(&pump->queue);
	enum spool_result result;

	load.first = serials_next(&spooling->coming);
	for (unsigned i = 0; i < gaps; i++)
		inside[load.gaps++] = (struct block_gap){ (uint32_t)gap[i].at, gap[i].missing };
	if (!peek(spooling, length, &load.pieces))
		return spool_refuse(spooling->spool, errno, now_ns);
	load.piece = spooling->piece;
	if ((result = spool_put(spooling->spool, &load, forward, now_ns)) != SPOOL_DONE)
		return result;
	if (forward) {
		const struct spool_next next = { .records = records, .first = load.first, .gaps = load.gaps, .gap = inside };
		const size_t tail = unended ? length - queue_last_end(arrivals) : 0;

		if (!spooling_is_bytes(pump))
			spooling_number(pump, at, &next);
		(void)spooling_copy(&pump->queue, load.piece + 1, length, records - unended, tail);
		if (unended)
			queue_finish(&pump->queue);
	}
	serials_leave_all(&spooling->coming, records);
	(void)queue_take(arrivals, length);
	return SPOOL_DONE;
}

void
spooling_put_all(struct pump *pump, uint64_t now_ns)
{
	struct spooling *spooling = &pump->spooling;
	struct serials_gap gap[BLOCK_GAPS];
	uint64_t records;
	unsigned gaps;
	size_t length;

	spooling->full = false;
	spooling->stuck = true;
	while ((length = next_length(pump, &records, gap, &gaps)) > 0) {
		switch (put_block(pump, length, records, gap, gaps, now_ns)) {
		case SPOOL_DONE:
			break;
		case SPOOL_WAITS:
			return;
		case SPOOL_FULL:
			spooling->full = true;
			if (!spooling_give_way(pump, length, records))
				return;
			break;
		}
	}
	spooling->stuck = false;
}

void
spooling_put_rest(struct pump *pump, uint64_t now_ns)
{
	struct serials_gap gap[BLOCK_GAPS];
	uint64_t records;
	unsigned gaps;
	size_t length;

	spool_stretch(pump->spooling.spool);
	do
		length = next_length(pump, &records, gap, &gaps);
	while (length > 0 && put_block(pump, length, records, gap, gaps, now_ns) == SPOOL_DONE);
}
