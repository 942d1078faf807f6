/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The RFC's dequeue drops in a loop, until it has a packet to send.  Here a call is one turn of that loop, so what
 * the loop does behind a drop, once it has seen the next packet, is done when the next record is asked about:
 * the time of the next drop is set only if that one has waited for too long as well (`due`).
 *
 * When the RFC has begun to drop it sends the next packet, whatever that has waited.  So does this: next_ns is
 * a pause ahead.  If it was below the target the RFC notices at the packet behind it; but to begin again that would
 * have to wait for an interval first, so it makes no difference to stop at once.
 */
#include "config.h"

#include "pick/codel.h"

/* How many intervals after a drop the rate of that time still tells something. */
#define MEMORY_INTERVALS 16

void
codel_init(struct codel *codel, uint64_t target_ns, uint64_t interval_ns)
{
	*codel = (struct codel){ .target_ns = target_ns, .interval_ns = interval_ns };
}

void
codel_retune(struct codel *codel, uint64_t target_ns, uint64_t interval_ns)
{
	if (codel->target_ns != target_ns || codel->interval_ns != interval_ns)
		codel_init(codel, target_ns, interval_ns);
}

uint64_t
codel_target_ns(const struct codel *codel)
{
	return codel->target_ns;
}

/* Rounded down. */
static uint64_t
square_root(uint64_t value)
{
	uint64_t root = 0;

	for (uint64_t bit = UINT64_C(1) << 31; bit > 0; bit >>= 1)
		if ((root | bit) * (root | bit) <= value)
			root |= bit;
	return root;
}

/* The interval over the square root of count, as the root of their squares; at least 1. */
static uint64_t
pause_ns(uint64_t interval_ns, uint32_t count)
{
	unsigned shift = 0;
	uint64_t pause;

	while (interval_ns >> shift > UINT32_MAX)
		shift++;
	interval_ns >>= shift;
	pause = square_root(interval_ns * interval_ns / count) << shift;
	return pause > 0 ? pause : 1;
}

static void
begin(struct codel *codel, uint64_t now_ns)
{
	uint32_t before = codel->count - codel->last_count; /* dropped last time, but for the first */
	bool lately = now_ns < codel->next_ns + MEMORY_INTERVALS * codel->interval_ns;

	codel->dropping = true;
	codel->count = before > 1 && lately ? before : 1;
	codel->last_count = codel->count;
	codel->next_ns = now_ns + pause_ns(codel->interval_ns, codel->count);
}

bool
codel_drops(struct codel *codel, uint64_t now_ns, uint64_t sojourn_ns, bool last)
{
	if (sojourn_ns < codel->target_ns || last) {
		codel_empty(codel);
		return false;
	}
	if (codel->above_ns == 0)
		codel->above_ns = now_ns + codel->interval_ns;
	if (now_ns < codel->above_ns)
		return false;
	if (!codel->dropping) {
		begin(codel, now_ns);
		return true;
	}
	if (codel->due)
		codel->next_ns += pause_ns(codel->interval_ns, codel->count);
	codel->due = now_ns >= codel->next_ns;
	if (codel->due && codel->count < UINT32_MAX)
		codel->count++;
	return codel->due;
}

void
codel_empty(struct codel *codel)
{
	codel->above_ns = 0;
	codel->dropping = codel->due = false;
}
