/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/steered.h"
#include "hold/fit.h"

void
pump_look_again(struct pump *pump)
{
	if (pump->output != OUTLET_GONE && pump->output != OUTLET_ERROR)
		pump->output = OUTLET_MORE;
}

/* --- nothing leaves -------------------------------------------------------------------------------- */

void
pump_halt(struct pump *pump, bool on, uint64_t now_ns)
{
	struct ledger *ledger = &pump->ledger;

	if (pump_is_halted(pump) == on)
		return;
	ledger->halted_ns = pump_halted_ns(pump, now_ns);
	ledger->halted_count += on;
	pump->halted_since_ns = now_ns;
	toll_halt(&pump->outlet.toll, on);
	pump_look_again(pump);
}

bool
pump_is_halted(const struct pump *pump)
{
	return toll_is_halted(&pump->outlet.toll);
}

uint64_t
pump_halted_ns(const struct pump *pump, uint64_t now_ns)
{
	return pump->ledger.halted_ns + (pump_is_halted(pump) ? now_ns - pump->halted_since_ns : 0);
}

void
pump_hurry(struct pump *pump)
{
	pump->hurried = true;
	pump_look_again(pump);
}

/* --- what passes is seen --------------------------------------------------------------------------- */

static struct tap **
taps_of(struct pump *pump, bool out)
{
	return out ? &pump->outlet.taps : &pump->taps;
}

void
pump_tap(struct pump *pump, struct tap *tap, bool out)
{
	tap_join(taps_of(pump, out), tap);
	bypass_let_go(&pump->bypass);
}

void
pump_untap(struct pump *pump, const struct tap *tap, bool out)
{
	tap_leave(taps_of(pump, out), tap);
}

bool
pump_is_tapped(const struct pump *pump)
{
	return pump->taps != NULL || pump->outlet.taps != NULL;
}

/* --- what waits goes ------------------------------------------------------------------------------- */

void
pump_drop_bytes(struct pump *pump, struct queue *queue, enum reason reason, size_t all)
{
	struct iovec piece[QUEUE_PIECES];
	uint64_t ended = 0;
	size_t length;

	for (size_t done = 0; done < all; done += length) {
		length = all - done;
		for (int i = 0, pieces = queue_peek(queue, 0, &length, piece); i < pieces; i++)
			if (loss_saves(&pump->loss))
				loss_save(&pump->loss, reason, false, piece[i].iov_base, piece[i].iov_len);
		ended += queue_take(queue, length);
	}
	if (all > 0)
		loss_unread(&pump->loss, reason, queue_first(queue), ended, all, !queue_part_sent(queue));
}

struct tally
pump_purge(struct pump *pump, uint64_t now_ns)
{
	struct queue *queue = &pump->queue;
	const struct tally *purged = &pump->ledger.dropped[REASON_PURGED];
	const struct tally before = *purged;

	loss_pass(&pump->loss, now_ns);
	if (pump->plan.framing.kind == FRAMING_BYTES)
		pump_drop_bytes(pump, queue, REASON_PURGED, (size_t)queue_held(queue).bytes);
	else
		fit_drop_oldest(queue, &pump->loss, REASON_PURGED, queue_ready(queue).records);
	pump_look_again(pump);
	return (struct tally){ purged->records - before.records, purged->bytes - before.bytes };
}

/* --- nobody reads -------------------------------------------------------------------------------- */

/* The rest of a record that was begun, and all that waits; in a stream, all that is here. */
static void
discard_from(struct pump *pump, struct queue *queue)
{
	pump_drop_bytes(pump, queue, REASON_GONE, pump->plan.stream ? (size_t)queue_held(queue).bytes : queue_rest(queue));
	if (!pump->plan.stream)
		fit_drop_oldest(queue, &pump->loss, REASON_GONE, queue_ready(queue).records);
	if (pump->plan.numbered)
		serials_drop_oldest(&pump->serials, queue_first(queue)); /* nobody asks for theirs any more */
	if (pump->plan.weight != NULL)
		weights_leave_before(&pump->weights, queue_first(queue));
}

void
pump_drop_unread(struct pump *pump, uint64_t now_ns)
{
	if (heading_is_on(&pump->heading))
		discard_from(pump, &pump->heading.queue);
	if (heading_is_over(pump, now_ns))
		discard_from(pump, &pump->queue);
	pump->output = OUTLET_EMPTY;
}
