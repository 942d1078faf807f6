/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What gives way where the spool has no room: what comes, or the oldest segment.
 */
#include "config.h"

#include "flow/pump.h"
#include "flow/spooled.h"
#include "hold/fit.h"
#include "hold/sweep.h"

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

	if (spooling_is_bytes(pump)) {
		loss_left_out(&spooling->arriving, reason, queue_first(&spooling->arrivals), 0, length);
		(void)queue_take(&spooling->arrivals, length);
	} else {
		drop(&spooling->arrivals, &spooling->arriving, (struct leaving){ 0, records, reason });
	}
}

uint64_t
spooling_flying(const struct pump *pump)
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
	const uint64_t out = spooling_flying(pump);
	struct spool_evicted evicted;

	if (spooling_is_bytes(pump))
		return false;
	if (spooling->has_next) {
		spool_put_back(spooling->spool);
		spooling->has_next = false;
	}
	if (!spool_evict(spooling->spool, out, &evicted))
		return false;
	drop_in_memory(pump, evicted.behind > out ? evicted.behind - out : 0, evicted.in_memory.records);
	spooling_renumber(pump);
	spooling_lose_on_disk(pump, REASON_OLDEST, evicted.ahead, evicted.on_disk);
	if (!evicted.saved)
		loss_missed(&pump->loss, evicted.on_disk);
	return true;
}

/* What is to be put next begins with records that do not give way: others do, or it waits, and what comes behind it too. */
static bool
make_way(struct pump *pump, size_t length)
{
	if (!spool_fits(pump->spooling.spool, length)) {
		pump->intake.header_too_long = true;
		pump->input = PUMP_STOPPED;
		return false;
	}
	pump->failed |= pump->plan.policy == POLICY_FAIL;
	return pump->plan.policy == POLICY_DROP_OLDEST && spool_wants_room(pump->spooling.spool) && evict(pump);
}

bool
spooling_give_way(struct pump *pump, size_t length, uint64_t records)
{
	struct spooling *spooling = &pump->spooling;

	if (spooling_headers(pump) > 0)
		return make_way(pump, length);
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
	case POLICY_FAIR:
	case POLICY_SHED:
	case POLICY_CODEL:
		break;
	}
	return false;
}
