/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/batching.h"
#include "hold/fit.h"

/* No file refuses for long, if any does at all. */
#define AGAIN_NS (10 * NS_PER_MS)

static struct tally
waits_for_batch(const struct pump *pump)
{
	struct tally waits = pump->plan.stream ? queue_held(&pump->queue) : queue_ready(&pump->queue);

	ledger_count(&waits, heading_ready(&pump->heading).records, heading_ready(&pump->heading).bytes);
	return waits;
}

/* Bytes of the buffer that are left for one more. */
static uint64_t
room_for_batch(const struct pump *pump)
{
	const uint64_t used = flight_used(&pump->flight), all = pump->plan.limits.bytes;

	return all > used ? all - used : 0;
}

/* Beside others that run none is made of less for want of room, nor where there is no room for so much: it would be one of
 * a record or two.  They end, or it goes when it has lingered. */
static uint64_t
least_beside_others(const struct pump *pump)
{
	const uint64_t eighth = pump->plan.limits.bytes / 8;

	return pump->plan.batch.bytes < eighth ? pump->plan.batch.bytes : eighth;
}

/* What runs cannot give way, so that no more is added to it, though what waits does give way; an end brings room. */
static bool
is_full_of_batches(const struct pump *pump)
{
	return flight_used(&pump->flight) > 0 && room_for_batch(pump) < least_beside_others(pump);
}

/* The buffer is full, or reading is paused since it was and goes on to be: a batch may have ended since that was judged. */
static bool
lacks_room(const struct pump *pump)
{
	const struct level *level = &pump->level;
	const bool pressed = (level_is_paused(level) || pump_is_pressed(pump)) &&
	    !pressure_is_low(&level->pressure, pump_depth(pump));

	return pressed || !fit_all(&pump->queue);
}

static bool
is_short_of_room(const struct pump *pump)
{
	const uint64_t waits = waits_for_batch(pump).bytes;
	const bool beside = flight_used(&pump->flight) > 0;

	return waits > 0 && lacks_room(pump) && (!beside || waits >= least_beside_others(pump));
}

/* What waits goes as a batch: it is enough, has waited long enough, or there is no room or no time for more. */
static bool
is_batch_due(const struct pump *pump, uint64_t now_ns, uint64_t due_ns)
{
	const struct tally *most = &pump->plan.batch;
	const struct tally waits = waits_for_batch(pump);

	return waits.records >= most->records || waits.bytes >= most->bytes || now_ns >= due_ns ||
	    pump->batching.hurried || !pump_is_reading(pump) || is_short_of_room(pump);
}

/* Since when the oldest of what waits does: of a record the sojourn knows, of bytes that are none it is noted here. */
static uint64_t
waits_since_ns(struct pump *pump, uint64_t now_ns)
{
	struct batching *batching = &pump->batching;

	if (heading_is_on(&pump->heading) && pump->heading.since_ns != UINT64_MAX)
		return pump->heading.since_ns; /* they are the oldest */
	if (pump->plan.framing.kind != FRAMING_BYTES)
		return sojourn_oldest_ns(pump->sojourn);
	if (queue_held(&pump->queue).bytes == 0)
		batching->waits_ns = UINT64_MAX;
	else if (batching->waits_ns == UINT64_MAX)
		batching->waits_ns = now_ns;
	return batching->waits_ns;
}

void
batching_look(struct pump *pump, uint64_t now_ns)
{
	struct tally most = pump->plan.batch;
	const uint64_t oldest_ns = waits_since_ns(pump, now_ns);
	const uint64_t due_ns = oldest_ns < UINT64_MAX - pump->plan.linger_ns ? oldest_ns + pump->plan.linger_ns : UINT64_MAX;

	if (!pump->batching.open || toll_batch_is_begun(&pump->outlet.toll))
		return;
	if (!toll_batch_is_open(&pump->outlet.toll) && is_full_of_batches(pump)) {
		toll_expect_batch(&pump->outlet.toll, UINT64_MAX); /* the end of one tells */
		return;
	}
	if (!toll_batch_is_open(&pump->outlet.toll) && !is_batch_due(pump, now_ns, due_ns)) {
		toll_expect_batch(&pump->outlet.toll, due_ns);
		return;
	}
	if (most.bytes > room_for_batch(pump))
		most.bytes = room_for_batch(pump);
	toll_open_batch(&pump->outlet.toll, &most);
	pump->batching.waits_ns = UINT64_MAX; /* all that waits goes, or it is full */
}

void
batching_drained(struct pump *pump, uint64_t now_ns)
{
	struct batching *batching = &pump->batching;

	if (batching->begun_ns == 0 && batching->open && toll_batch_is_begun(&pump->outlet.toll))
		batching->begun_ns = now_ns;
	batching->again_ns = pump->output == OUTLET_REFUSED ? now_ns + AGAIN_NS : UINT64_MAX;
}

uint64_t
batching_due_ns(const struct pump *pump)
{
	const struct batching *batching = &pump->batching;
	const uint64_t lingered_ns = batching->open && batching->begun_ns > 0 ? batching->begun_ns + pump->plan.linger_ns
	    : UINT64_MAX;

	return lingered_ns < batching->again_ns ? lingered_ns : batching->again_ns;
}

bool
batching_is_pressed(const struct pump *pump)
{
	return pump->batching.open && !toll_batch_is_open(&pump->outlet.toll) && is_short_of_room(pump) &&
	    !is_full_of_batches(pump);
}

bool
batching_takes(const struct pump *pump)
{
	return pump->batching.open && (toll_batch_is_open(&pump->outlet.toll) || !is_full_of_batches(pump));
}
