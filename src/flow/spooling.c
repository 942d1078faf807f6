/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/pump.h"
#include "flow/spooling.h"
#include "hold/cut.h"
#include "hold/fit.h"
#include "hold/sweep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool
is_on(const struct pump *pump)
{
	return pump->spooling.spool != NULL;
}

/* Among the numbers of records in the queue and on disk arrivals come last. */
static void
renumber(struct pump *pump)
{
	struct spooling *spooling = &pump->spooling;

	loss_number_behind(&spooling->arriving,
	    queue_next(&pump->queue) + spool_figures(spooling->spool).ahead.records - queue_first(&spooling->arrivals));
}

static bool
is_bytes(const struct pump *pump)
{
	return pump->plan.framing.kind == FRAMING_BYTES;
}

/* --- beginning ------------------------------------------------------------------------------------- */

/* For a read, and one record that is longer. */
int
spooling_init(struct pump *pump)
{
	struct spooling *spooling = &pump->spooling;
	const struct plan *plan = &pump->plan;
	const struct queue_limits limits = {
		.bytes = PLAN_READ_MOST,
		.records = UINT64_MAX,
		.slack = PLAN_READ_MOST,
		.record = plan->limits.record,
		.view = plan->limits.view,
	};
	struct spool_figures figures;

	if (!is_on(pump))
		return 0;
	figures = spool_figures(spooling->spool);
	pump->ledger.recovered = figures.recovered;
	serials_init(&spooling->coming);
	serials_begin(&spooling->coming, spool_serial(spooling->spool));
	if (queue_init(&spooling->arrivals, &plan->framing, &limits) < 0)
		return -1;
	spooling->fed = 1;
	pump->queue.part_asked = !plan->flying;
	return 0;
}

/* What was on disk only, behind so many others that are, is not there any more: a jump of serials tells that, once the next
 * are in the queue. */
static void
lose_on_disk(struct pump *pump, enum reason reason, uint64_t ahead, struct tally lost)
{
	struct spooling *spooling = &pump->spooling;

	if (lost.bytes == 0)
		return;
	loss_number(&spooling->arriving, NULL);
	loss_number_behind(&spooling->arriving, 0);
	loss_removed(&spooling->arriving, reason, queue_next(&pump->queue) + ahead, lost.records, lost.bytes);
	loss_number(&spooling->arriving, &spooling->coming);
	renumber(pump);
}

void
spooling_observe(struct pump *pump)
{
	struct spooling *spooling = &pump->spooling;
	const struct tally corrupt = is_on(pump) ? spool_figures(spooling->spool).corrupt : (struct tally){ 0, 0 };

	if (!is_on(pump))
		return;
	spooling->arriving = pump->loss;
	renumber(pump);
	lose_on_disk(pump, REASON_CORRUPT, 0, corrupt);
	loss_number(&spooling->arriving, &spooling->coming);
}

void
spooling_free(struct pump *pump)
{
	struct spooling *spooling = &pump->spooling;

	if (!is_on(pump))
		return;
	queue_free(&spooling->arrivals);
	serials_free(&spooling->coming);
	free(spooling->piece);
}

struct queue *
spooling_arrivals(struct pump *pump)
{
	return is_on(pump) ? &pump->spooling.arrivals : &pump->queue;
}

struct loss *
spooling_loss(struct pump *pump)
{
	return is_on(pump) ? &pump->spooling.arriving : &pump->loss;
}

/* --- the buffer ------------------------------------------------------------------------------------ */

static uint64_t
in_memory(const struct pump *pump)
{
	return queue_held(&pump->queue).bytes + (pump->plan.flying ? flight_used(&pump->flight) : 0);
}

/* There is room for so much; and where nothing else is there, for one record of any length. */
static bool
has_room(const struct pump *pump, size_t length)
{
	const uint64_t used = in_memory(pump);

	return used == 0 || used + length <= pump->plan.limits.bytes;
}

/* As much as there is room for is copied behind what the queue holds; returns how much. */
static size_t
copy_some(struct queue *queue, const struct iovec **piece, size_t *from, size_t length)
{
	struct iovec room[QUEUE_ROOM];
	size_t step, done = 0, at = 0;

	(void)queue_prepare(queue, length, room, &step);
	for (const struct iovec *to = room; done < step; done += at, to++) {
		for (at = 0; at < to->iov_len && done + at < step;) {
			size_t part = (*piece)->iov_len - *from;

			if (part > to->iov_len - at)
				part = to->iov_len - at;
			if (part > step - done - at)
				part = step - done - at;
			memcpy((char *)to->iov_base + at, (const char *)(*piece)->iov_base + *from, part);
			at += part;
			*from += part;
			if (*from == (*piece)->iov_len) {
				++*piece;
				*from = 0;
			}
		}
	}
	return step;
}

/* A block comes into the queue: whole records, the last of them without its delimiter where `tail` bytes stand behind the
 * last end.  A longer one is a single record.  False without room. */
static bool
copy(struct queue *queue, const struct iovec *piece, size_t length, uint64_t ends, size_t tail)
{
	size_t from = 0;

	while (length > 0) {
		const size_t step = copy_some(queue, &piece, &from, length);

		if (step == 0)
			return false;
		length -= step;
		queue_append(queue, 0, step, length == 0 ? ends : 0, length == 0 ? tail : 0);
	}
	return true;
}

/* What is missing in front of records and between them, by their serials; at: the number of the first. */
static void
number(struct pump *pump, uint64_t at, const struct spool_next *next)
{
	struct spooling *spooling = &pump->spooling;
	uint64_t serial = next->first + next->skipped, all = serial + next->records;

	for (unsigned i = 0; i < next->gaps; i++) {
		const struct block_gap *gap = &next->gap[i];

		all += gap->missing;
		if (gap->at <= next->skipped)
			serial += gap->missing;
		else if (pump->plan.numbered)
			serials_drop_at(&pump->serials, at + gap->at - next->skipped, 0, gap->missing);
	}
	if (pump->plan.numbered && serial > spooling->fed)
		serials_drop_at(&pump->serials, at, 0, serial - spooling->fed);
	spooling->fed = all;
}

/* Behind the last end, where the last record lacks its delimiter. */
static size_t
tail_of(const struct pump *pump, const char *text, size_t length, bool unended)
{
	return unended ? length - record_last(&pump->plan.framing, 0, text, length) : 0;
}

/* --- coming in ------------------------------------------------------------------------------------- */

/* Of what has come: a block of whole records, as many as go into one. */
static size_t
next_length(struct pump *pump, uint64_t *records, struct serials_gap gap[BLOCK_GAPS], unsigned *gaps)
{
	struct spooling *spooling = &pump->spooling;
	struct queue *arrivals = &spooling->arrivals;
	const struct tally all = is_bytes(pump) ? queue_held(arrivals) : queue_ready(arrivals);
	size_t length = (size_t)all.bytes;
	uint64_t most;

	*gaps = 0;
	*records = all.records;
	if (length == 0 || is_bytes(pump))
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
	*pieces = chain_peek(&spooling->arrivals.chain, 0, length, spooling->piece + 1, (int)most);
	return true;
}

/* One block: into the spool, and if there is room into the queue.  Whether there is room in the spool. */
static bool
put_block(struct pump *pump, size_t length, uint64_t records, const struct serials_gap *gap, unsigned gaps,
    uint64_t now_ns)
{
	struct spooling *spooling = &pump->spooling;
	struct queue *arrivals = &spooling->arrivals;
	const bool unended = spooling->ended && length == queue_held(arrivals).bytes && queue_is_unended(arrivals);
	const bool forward = spool_is_level(spooling->spool) && !spooling->has_next && has_room(pump, length);
	struct block_gap inside[BLOCK_GAPS];
	struct spool_load load = { .length = length, .records = records, .gap = inside, .unended = unended };
	const uint64_t at = queue_next(&pump->queue);

	load.first = serials_next(&spooling->coming);
	for (unsigned i = 0; i < gaps; i++)
		inside[load.gaps++] = (struct block_gap){ (uint32_t)gap[i].at, gap[i].missing };
	if (!peek(spooling, length, &load.pieces))
		return false;
	load.piece = spooling->piece;
	if (spool_put(spooling->spool, &load, forward, now_ns) != SPOOL_DONE)
		return false;
	if (forward) {
		const struct spool_next next = { .records = records, .first = load.first, .gaps = load.gaps, .gap = inside };
		const size_t tail = unended ? length - queue_last_end(arrivals) : 0;

		if (!is_bytes(pump))
			number(pump, at, &next);
		(void)copy(&pump->queue, load.piece + 1, length, records - unended, tail);
		if (unended)
			queue_finish(&pump->queue);
	}
	serials_leave_all(&spooling->coming, records);
	(void)queue_take(arrivals, length);
	return true;
}

/* --- giving way ------------------------------------------------------------------------------------ */

struct leaving {
	uint64_t stay; /* so many are passed over, */
	uint64_t go;   /* and so many go, */
	enum reason reason;
};

static enum sweep_verdict
judge_leaving(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct leaving *leaving = state;

	(void)record;
	if (leaving->stay > 0) {
		leaving->stay--;
		return SWEEP_KEEP;
	}
	if (leaving->go == 0)
		return SWEEP_STOP;
	leaving->go--;
	*fate = (struct sweep_fate){ leaving->reason, LOSS_ANY_CLASS };
	return SWEEP_DROP;
}

/* From the beginning of a queue on some stay, and the next go. */
static void
drop(struct queue *queue, struct loss *loss, struct leaving leaving)
{
	(void)sweep_drop(queue, loss, queue_oldest_mark(queue), queue_newest_mark(queue),
	    &(struct sweep){ judge_leaving, &leaving, true });
}

static void
drop_arrivals(struct pump *pump, uint64_t records, size_t length, enum reason reason)
{
	struct spooling *spooling = &pump->spooling;

	if (is_bytes(pump)) {
		loss_left_out(&spooling->arriving, reason, queue_first(&spooling->arrivals), 0, length);
		(void)queue_take(&spooling->arrivals, length);
	} else {
		drop(&spooling->arrivals, &spooling->arriving, (struct leaving){ 0, records, reason });
	}
}

/* Records that the reader has been handed, or that are on their way: they stay. */
static uint64_t
flying(const struct pump *pump)
{
	return pump_pending(pump).records - queue_waiting(&pump->queue);
}

/* Whole records of the queue, from this one of those that wait on. */
static void
drop_in_memory(struct pump *pump, uint64_t from, uint64_t records)
{
	if (records > 0 && from == 0)
		fit_drop_oldest(&pump->queue, &pump->loss, REASON_OLDEST, records);
	else if (records > 0)
		drop(&pump->queue, &pump->loss, (struct leaving){ from, records, REASON_OLDEST });
}

/* The oldest segment goes, of which nothing is on its way.  Whether there was one. */
static bool
evict(struct pump *pump)
{
	struct spooling *spooling = &pump->spooling;
	const uint64_t out = flying(pump);
	struct spool_evicted evicted;

	if (is_bytes(pump))
		return false;
	if (spooling->has_next) {
		spool_put_back(spooling->spool);
		spooling->has_next = false;
	}
	if (!spool_evict(spooling->spool, out, &evicted))
		return false;
	drop_in_memory(pump, evicted.behind > out ? evicted.behind - out : 0, evicted.in_memory.records);
	renumber(pump);
	lose_on_disk(pump, REASON_OLDEST, evicted.ahead, evicted.on_disk);
	return true;
}

/* There is no room.  Whether something was made of it. */
static bool
give_way(struct pump *pump, size_t length, uint64_t records)
{
	struct spooling *spooling = &pump->spooling;

	if (!spool_fits(spooling->spool, length)) {
		drop_arrivals(pump, records, length, REASON_OVERSIZE);
		return true;
	}
	switch (pump->plan.policy) {
	case POLICY_DROP_OLDEST:
		if (spool_wants_room(spooling->spool) && evict(pump))
			return true;
		drop_arrivals(pump, records, length, REASON_NEWEST);
		return true;
	case POLICY_DROP_NEWEST:
		drop_arrivals(pump, records, length, REASON_NEWEST);
		return true;
	case POLICY_FAIL:
		pump->failed = true;
		return false;
	case POLICY_BLOCK:
	case POLICY_DROP_RANDOM:
	case POLICY_LATEST:
	case POLICY_SHED:
	case POLICY_CODEL:
		break;
	}
	return false;
}

static void
put_all(struct pump *pump, uint64_t now_ns)
{
	struct spooling *spooling = &pump->spooling;
	struct serials_gap gap[BLOCK_GAPS];
	uint64_t records;
	unsigned gaps;
	size_t length;

	spooling->full = false;
	while ((length = next_length(pump, &records, gap, &gaps)) > 0) {
		if (put_block(pump, length, records, gap, gaps, now_ns))
			continue;
		spooling->full = true;
		if (!give_way(pump, length, records))
			return;
	}
}

/* --- read back ------------------------------------------------------------------------------------- */

/* A record that was the last of an earlier run gets the delimiter that it lacked: others may follow it. */
static size_t
end_last(struct pump *pump, const struct spool_next *next)
{
	const char delimiter = (char)pump->plan.framing.delimiter;
	const struct iovec piece = { (char *)(uintptr_t)&delimiter, 1 };

	if (!next->unended)
		return 0;
	if (!next->of_old || !framing_delimited(&pump->plan.framing)) {
		queue_finish(&pump->queue);
		return 0;
	}
	(void)copy(&pump->queue, &piece, 1, 1, 0);
	return 1;
}

static void
take_up(struct pump *pump)
{
	struct spooling *spooling = &pump->spooling;
	const struct spool_next *next = &spooling->next;
	const struct iovec piece = { (char *)(uintptr_t)next->text, next->length };
	const uint64_t at = queue_next(&pump->queue);
	const size_t added = next->unended && next->of_old && framing_delimited(&pump->plan.framing);

	spooling->has_next = false;
	if (!spool_loaded(spooling->spool, added)) {
		spool_put_back(spooling->spool); /* there is no memory for it now */
		return;
	}
	if (!is_bytes(pump))
		number(pump, at, next);
	(void)copy(&pump->queue, &piece, next->length, next->records - next->unended,
	    tail_of(pump, next->text, next->length, next->unended));
	(void)end_last(pump, next);
}

/* As much as there is room for. */
static void
load_all(struct pump *pump)
{
	struct spooling *spooling = &pump->spooling;

	while (spooling->has_next || spool_next(spooling->spool, &spooling->next)) {
		if (!spooling->has_next && spooling->next.lost.bytes > 0)
			lose_on_disk(pump, REASON_CORRUPT, 0, spooling->next.lost);
		spooling->has_next = spooling->next.length > 0;
		if (!spooling->has_next)
			return;
		if (!has_room(pump, spooling->next.length))
			return;
		take_up(pump);
	}
}

/* --- the pass -------------------------------------------------------------------------------------- */

void
spooling_pass(struct pump *pump, uint64_t now_ns)
{
	if (!is_on(pump))
		return;
	loss_pass(&pump->spooling.arriving, now_ns);
	put_all(pump, now_ns);
	load_all(pump);
	renumber(pump);
}

void
spooling_step(struct pump *pump, uint64_t now_ns)
{
	if (!is_on(pump))
		return;
	spool_settle(pump->spooling.spool, pump_pending(pump), pump->plan.flying ? 0 : queue_part_out(&pump->queue));
	spool_step(pump->spooling.spool, now_ns);
}

bool
pump_is_spooled(const struct pump *pump)
{
	return is_on(pump) && !queue_is_ready(&pump->spooling.arrivals) && !(is_bytes(pump) && queue_held(&pump->spooling.arrivals).bytes > 0);
}

bool
pump_spool(const struct pump *pump, struct spool_figures *figures)
{
	if (is_on(pump))
		*figures = spool_figures(pump->spooling.spool);
	return is_on(pump);
}

struct tally
spooling_held(const struct pump *pump)
{
	struct tally held = { 0, 0 };

	if (is_on(pump)) {
		const struct tally ahead = spool_figures(pump->spooling.spool).ahead;

		held = queue_held(&pump->spooling.arrivals);
		ledger_count(&held, ahead.records, ahead.bytes);
	}
	return held;
}

struct tally
spooling_kept(const struct pump *pump, struct tally held)
{
	const struct tally apart = is_on(pump) ? queue_held(&pump->spooling.arrivals) : held;

	return (struct tally){ held.records - apart.records, held.bytes - apart.bytes };
}

struct tally
spooling_depth(const struct pump *pump)
{
	const struct spool_figures figures = spool_figures(pump->spooling.spool);

	return (struct tally){ pump_held(pump).records, pump->spooling.full ? pump->options->spool_bytes : figures.bytes };
}

bool
spooling_is_ready(const struct pump *pump)
{
	int fd[SPOOL_FDS];

	if (!is_on(pump) || spool_is_level(pump->spooling.spool))
		return false;
	spool_fds(pump->spooling.spool, fd);
	return fd[1] < 0 && has_room(pump, pump->spooling.has_next ? pump->spooling.next.length : 1);
}

bool
spooling_wants(const struct pump *pump)
{
	if (!is_on(pump))
		return true;
	return !pump->spooling.full && spool_lets(pump->spooling.spool);
}

bool
spooling_is_empty(const struct pump *pump)
{
	return !is_on(pump) || (spool_is_level(pump->spooling.spool) && queue_held(&pump->spooling.arrivals).bytes == 0 &&
	    spool_lets(pump->spooling.spool));
}

bool
spooling_lets(const struct pump *pump)
{
	return !is_on(pump) || spool_lets(pump->spooling.spool);
}
