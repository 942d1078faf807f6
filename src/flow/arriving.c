/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the input into the spool: what has been read is put, block by block.
 */
#include "config.h"

#include "base/little.h"
#include "flow/pump.h"
#include "flow/spooled.h"

#include <errno.h>
#include <stdlib.h>

/* What is put at once: blocks, of which all but the first have no gaps inside. */
struct coming {
	struct spool_load load[SPOOL_LOADS];
	size_t loads;
	size_t length;
	uint64_t records;
	struct block_gap gap[BLOCK_GAPS]; /* of the first, */
	struct block_gap weight[BLOCK_GAPS]; /* and its weights */
};

/* Where records end is not told by their bytes: it is put with them, and of one block at a time. */
static bool
notes_lengths(const struct pump *pump)
{
	return framing_noted(&pump->plan.framing);
}

static uint64_t
most_records(const struct pump *pump)
{
	return notes_lengths(pump) ? BLOCK_LENGTHS_MOST : UINT64_MAX;
}

static size_t
loads_most(const struct pump *pump)
{
	return notes_lengths(pump) ? 1 : SPOOL_LOADS;
}

/* Of whole records from an offset on, those that go into a block; or one that is longer. */
static size_t
whole_length(struct pump *pump, size_t offset, size_t left)
{
	struct queue *arrivals = &pump->spooling.arrivals;
	size_t length;

	if (left <= BLOCK_MOST && !notes_lengths(pump))
		return left;
	if (offset > 0)
		return queue_whole_from(arrivals, offset, BLOCK_MOST);
	(void)queue_head(arrivals);
	length = queue_whole(arrivals, BLOCK_MOST, most_records(pump));
	return length > 0 ? length : queue_head(arrivals);
}

/* One more, of what is left of all that is there.  False: it begins with a record that is too long for it. */
static bool
add_load(struct pump *pump, struct coming *coming, struct tally all)
{
	const struct queue *arrivals = &pump->spooling.arrivals;
	struct spool_load *load = &coming->load[coming->loads];
	const size_t left = (size_t)all.bytes - coming->length;

	*load = (struct spool_load){ .first = serials_next(&pump->spooling.coming) + coming->records, .gap = coming->gap };
	if (spooling_is_bytes(pump)) {
		load->length = left < BLOCK_MOST ? left : BLOCK_MOST;
	} else {
		load->length = whole_length(pump, coming->length, left);
		load->records = load->length == left ? all.records - coming->records :
		    queue_ends(arrivals, coming->length + load->length) - coming->records;
	}
	if (load->length == 0)
		return false;
	load->unended = pump->spooling.ended && coming->length + load->length == queue_held(arrivals).bytes &&
	    queue_is_unended(arrivals);
	coming->length += load->length;
	coming->records += load->records;
	coming->loads++;
	return true;
}

static void
shorten(struct pump *pump, struct coming *coming, uint64_t records)
{
	struct spool_load *load = coming->load;

	load->records = coming->records = records;
	load->length = coming->length = queue_whole(&pump->spooling.arrivals, load->length, records);
	load->unended = false;
	while (load->gaps > 0 && coming->gap[load->gaps - 1].at >= records)
		load->gaps--;
}

/* Of the first: it ends before more records are missing than can be said.  Whether none is missing behind it. */
static bool
note_gaps(struct pump *pump, struct coming *coming, uint64_t all)
{
	struct spool_load *load = coming->load;
	struct serials_gap gap[BLOCK_GAPS];
	unsigned gaps;
	const uint64_t records = serials_look(&pump->spooling.coming, all, gap, BLOCK_GAPS, &gaps);

	for (; load->gaps < gaps && gap[load->gaps].at < load->records; load->gaps++)
		coming->gap[load->gaps] = (struct block_gap){ (uint32_t)gap[load->gaps].at, gap[load->gaps].missing };
	if (records < load->records)
		shorten(pump, coming, records);
	return load->gaps == gaps && records == all;
}

/* The same of how many each stands for. */
static void
note_weights(struct pump *pump, struct coming *coming)
{
	struct spool_load *load = coming->load;
	struct weights_walk walk;
	uint64_t at = 0, weighs, last = 0;
	unsigned gaps = 0; /* in front of the next */

	weights_walk(&pump->spooling.weights, &walk);
	load->weight = coming->weight;
	for (; at < load->records && weights_walk_on(&pump->spooling.weights, &walk, &weighs); at++) {
		while (gaps < load->gaps && coming->gap[gaps].at <= at)
			gaps++;
		if (gaps + load->weights + (weighs != last) > BLOCK_GAPS)
			break;
		if (weighs != last)
			coming->weight[load->weights++] = (struct block_gap){ (uint32_t)at, weighs };
		last = weighs;
	}
	if (at < load->records)
		shorten(pump, coming, at);
	if (load->weights == 1 && last == WEIGHT_ONE)
		load->weights = 0;
}

/* One more can go the way of those that there are: into the buffer as well, or not. */
static bool
goes_along(const struct pump *pump, const struct coming *coming)
{
	return spooling_fits(pump, coming->length + BLOCK_MOST) || !spooling_has_room(pump, coming->length);
}

/* Of what has come, what is put next, in so many blocks; false where there is nothing. */
static bool
look(struct pump *pump, struct coming *coming, size_t most)
{
	struct spooling *spooling = &pump->spooling;
	const struct tally all = spooling_is_bytes(pump) ? queue_held(&spooling->arrivals) : queue_ready(&spooling->arrivals);

	coming->loads = coming->length = 0;
	coming->records = 0;
	if (all.bytes == 0)
		return false;
	(void)add_load(pump, coming, all);
	if (!spooling_is_bytes(pump) && !note_gaps(pump, coming, all.records))
		most = 1;
	if (pump->plan.weight != NULL) {
		note_weights(pump, coming);
		most = 1;
	}
	coming->load->lengths = notes_lengths(pump) && coming->records > 1;
	while (coming->loads < most && coming->length < all.bytes && goes_along(pump, coming) && add_load(pump, coming, all))
		continue;
	return true;
}

/* As the spool wants them. */
static void
list_lengths(struct spooling *spooling, const struct spool_load *load)
{
	unsigned char *at = spooling->lengths;
	size_t offset = 0;

	for (uint64_t i = 0; i < load->records; i++) {
		const size_t length = queue_end_of(&spooling->arrivals, offset, 0);

		little_put(&at, length, BLOCK_LENGTH);
		offset += length;
	}
}

/* The pieces of each, behind one that is the spool's; those of the only one behind its lengths, where it has any. */
static bool
peek(struct spooling *spooling, struct coming *coming)
{
	const size_t most = coming->length / CHAIN_SEGMENT + 4 * coming->loads;
	struct iovec *piece;
	size_t offset = 0;

	if (spooling->pieces < most) {
		if ((piece = realloc(spooling->piece, (most + 2 * coming->loads) * sizeof(*piece))) == NULL)
			return false;
		spooling->piece = piece;
		spooling->pieces = most;
	}
	piece = spooling->piece;
	for (size_t i = 0; i < coming->loads; i++) {
		struct spool_load *load = &coming->load[i];

		if (load->lengths) {
			list_lengths(spooling, load);
			piece[1] = (struct iovec){ spooling->lengths, (size_t)load->records * BLOCK_LENGTH };
		}
		load->pieces = load->lengths;
		load->pieces += queue_pieces(&spooling->arrivals, offset, load->length, piece + 1 + load->pieces, (int)most);
		piece += 1 + load->pieces;
		offset += load->length;
	}
	return true;
}

/* So many of them are in the spool. */
static struct tally
sum_of(const struct coming *coming, size_t done)
{
	struct tally sum = { 0, 0 };

	for (size_t i = 0; i < done; i++)
		ledger_count(&sum, coming->load[i].records, coming->load[i].length);
	return sum;
}

/* One by one. */
static void
copy_loads(struct pump *pump, const struct coming *coming, size_t done, size_t tail)
{
	const struct iovec *piece = pump->spooling.piece;

	for (size_t i = 0; i < done; i++) {
		const struct spool_load *load = &coming->load[i];

		(void)spooling_copy(&pump->queue, piece + 1 + load->lengths, load->length, load->records - load->unended, load->unended ? tail : 0);
		piece += 1 + load->pieces;
	}
}

/* Those that are in the spool come into the queue. */
static void
forward(struct pump *pump, const struct coming *coming, size_t done)
{
	struct queue *arrivals = &pump->spooling.arrivals;
	const struct tally sum = sum_of(coming, done);
	const bool unended = coming->load[done - 1].unended;
	const size_t last = unended ? queue_last_end(arrivals) : 0;
	const size_t tail = unended ? (size_t)sum.bytes - last : 0;
	uint64_t at = queue_next(&pump->queue);

	for (size_t i = 0; i < done && !spooling_is_bytes(pump); i++) {
		const struct spool_load *load = &coming->load[i];
		const struct spool_next next = { .records = load->records, .first = load->first, .gaps = load->gaps, .gap = load->gap,
			.weights = load->weights, .weight = load->weight };

		spooling_number(pump, at, &next);
		at += load->records;
	}
	if (!queue_move(arrivals, &pump->queue, (size_t)sum.bytes, sum.records, sum.records - unended, tail)) {
		copy_loads(pump, coming, done, tail);
		(void)queue_take(arrivals, (size_t)sum.bytes);
	}
	if (unended)
		queue_finish(&pump->queue);
}

/* Into the spool, and where there is room into the queue. */
static enum spool_result
put(struct pump *pump, struct coming *coming, uint64_t now_ns)
{
	struct spooling *spooling = &pump->spooling;
	const bool forwards = spool_is_level(spooling->spool) && !spooling->has_next && spooling_has_room(pump, coming->length);
	enum spool_result result;
	size_t done;

	if (!peek(spooling, coming))
		return spool_refuse(spooling->spool, errno, now_ns);
	result = spool_put(spooling->spool, coming->load, coming->loads, spooling->piece, forwards, now_ns, &done);
	if (done == 0)
		return result;
	if (forwards)
		forward(pump, coming, done);
	else
		(void)queue_take(&spooling->arrivals, (size_t)sum_of(coming, done).bytes);
	serials_leave_all(&spooling->coming, sum_of(coming, done).records);
	if (pump->plan.weight != NULL)
		weights_leave(&spooling->weights, sum_of(coming, done).records);
	return SPOOL_DONE; /* of the others it is asked anew */
}

/* --- past the disk --------------------------------------------------------------------------------- */

/* Nothing is in front of it, and all of it leaves or nothing: so none of it is begun that is on no disk. */
static bool
may_pass(const struct pump *pump, struct tally ready)
{
	const struct spooling *spooling = &pump->spooling;

	return pump->plan.passing && spooling->whole && !spooling->ended && !pump->discarding && ready.records > 0 &&
	    ready.bytes <= io_unit(&pump->outlet.port) && !spooling->has_next && spool_is_empty(spooling->spool) &&
	    queue_held(&pump->queue).bytes == 0;
}

/* All of them have serials that will not be given again. */
static bool
have_serials(struct spooling *spooling, uint64_t records)
{
	struct serials_gap gap[BLOCK_GAPS];
	unsigned gaps;
	uint64_t next = serials_next(&spooling->coming) + records;

	if (serials_look(&spooling->coming, records, gap, BLOCK_GAPS, &gaps) < records)
		return false;
	while (gaps > 0)
		next += gap[--gaps].missing;
	return spool_may_pass(spooling->spool, next);
}

void
spooling_let_pass(struct pump *pump, uint64_t now_ns)
{
	struct spooling *spooling = &pump->spooling;
	struct queue *arrivals = &spooling->arrivals;
	const struct tally ready = queue_ready(arrivals);
	uint64_t passed;

	if (!may_pass(pump, ready) || !have_serials(spooling, ready.records))
		return;
	(void)outlet_drain(&pump->outlet, arrivals, &pump->ledger, now_ns, (size_t)ready.bytes); /* if it is gone, the next tells */
	passed = ready.records - queue_ready(arrivals).records;
	queue_note_passed(&pump->queue, passed);
	if (passed > 0 && pump->intake.headers > 0)
		spool_spare_next(spooling->spool, spooling_headers(pump)); /* the others */
	serials_leave_all(&spooling->coming, passed);
	spool_passed(spooling->spool, serials_next(&spooling->coming));
}

/* --- onto it --------------------------------------------------------------------------------------- */

void
spooling_put_all(struct pump *pump, uint64_t now_ns)
{
	struct spooling *spooling = &pump->spooling;
	struct coming coming;

	spooling->full = false;
	spooling->stuck = true;
	while (look(pump, &coming, loads_most(pump))) {
		switch (put(pump, &coming, now_ns)) {
		case SPOOL_DONE:
			break;
		case SPOOL_WAITS:
			return;
		case SPOOL_FULL:
			spooling->full = true;
			if (!spooling_give_way(pump, coming.load->length, coming.load->records))
				return;
			break;
		}
	}
	spooling->stuck = false;
}

/* One by one: as many as the disk takes. */
void
spooling_put_rest(struct pump *pump, uint64_t now_ns)
{
	struct coming coming;

	spool_stretch(pump->spooling.spool);
	while (look(pump, &coming, 1) && put(pump, &coming, now_ns) == SPOOL_DONE)
		continue;
}
