/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/handed.h"

/* What was held for want of a confirmation may go, and the buffer is less full though nothing waits in it: the next pass
 * tells. */
static void
look_again(struct pump *pump)
{
	const bool full = level_is_paused(&pump->level) || pump_is_pressed(pump);

	heading_take_up(pump);
	if (pump->output == OUTLET_HELD || (pump->output == OUTLET_EMPTY && full))
		pump->output = OUTLET_MORE;
}

/* --- who reads ----------------------------------------------------------------------------------- */

void
pump_change_reader(struct pump *pump, const struct io_port *port)
{
	if (!pump->outlet.absent)
		(void)io_close(&pump->outlet.port); /* what it has taken is known by its confirmations */
	outlet_change_reader(&pump->outlet, port);
	if (pump->plan.flying)
		heading_take_up(pump);
	pump->output = OUTLET_MORE; /* the next pass tells, also where nothing is left to be handed over */
}

struct io_port *
pump_output_port(struct pump *pump)
{
	return pump_has_reader(pump) ? &pump->outlet.port : NULL;
}

bool
pump_has_reader(const struct pump *pump)
{
	return !pump->outlet.absent;
}

void
pump_discard(struct pump *pump)
{
	if (!pump->outlet.absent)
		(void)io_close(&pump->outlet.port);
	outlet_change_reader(&pump->outlet, NULL);
	pump->bypass.able = false;
	intake_discard(&pump->intake);
	queue_observe(&pump->queue, NULL); /* how long what is dropped has waited counts nowhere */
	pump->discarding = true;
	pump->output = OUTLET_MORE;
}

bool
pump_is_discarding(const struct pump *pump)
{
	return pump->discarding;
}

struct tally
pump_in_flight(const struct pump *pump)
{
	return pump->plan.flying && !pump->closed ? flight_held(&pump->flight) : (struct tally){ 0, 0 };
}

uint64_t
pump_wire(const struct pump *pump)
{
	return flight_wire(&pump->flight);
}

uint64_t
pump_first_in_flight(const struct pump *pump)
{
	return flight_first_serial(&pump->flight);
}

bool
pump_is_given(const struct pump *pump)
{
	return pump->plan.flying && flight_is_given(&pump->flight);
}

uint64_t
pump_first_given(const struct pump *pump)
{
	return pump->plan.flying ? flight_given_serial(&pump->flight) : 0;
}

bool
pump_flight_presses(const struct pump *pump)
{
	const struct tally flight = pump_in_flight(pump), most = pump->plan.window;

	return flight.records >= most.records / 2 || flight.bytes >= most.bytes / 2 || pump_is_refused(pump);
}

uint64_t
pump_next_serial(const struct pump *pump)
{
	const uint64_t oldest = pump->plan.flying ? flight_first_serial(&pump->flight) : 0;

	return oldest != 0 ? oldest : pump->plan.numbered ? serials_next(&pump->serials) : 0;
}

/* --- confirmed, rejected, granted ---------------------------------------------------------------- */

static bool
count_out(struct pump *pump, struct tally sum)
{
	ledger_count(&pump->ledger.out, sum.records, sum.bytes);
	if (sum.bytes > 0)
		look_again(pump);
	return sum.bytes > 0;
}

bool
pump_confirm_oldest(struct pump *pump)
{
	const uint64_t marks = flight_marks(&pump->flight);
	const bool done = count_out(pump, flight_confirm_oldest(&pump->flight));

	if (flight_marks(&pump->flight) == marks)
		return done;
	look_again(pump);
	return true;
}

bool
pump_confirm(struct pump *pump, uint64_t serial)
{
	return count_out(pump, flight_confirm(&pump->flight, serial));
}

bool
pump_confirm_upto(struct pump *pump, uint64_t serial)
{
	return count_out(pump, flight_confirm_upto(&pump->flight, serial));
}

bool
pump_confirm_wire(struct pump *pump, uint64_t wire)
{
	return count_out(pump, flight_confirm_wire(&pump->flight, wire));
}

void
pump_blame(struct pump *pump, const char *cause)
{
	loss_cause(&pump->loss, cause);
}

bool
pump_reject_oldest(struct pump *pump, uint64_t now_ns)
{
	bool done;

	loss_pass(&pump->loss, now_ns);
	done = flight_reject_oldest(&pump->flight, &pump->loss, queue_first(heading_front(pump)));
	look_again(pump);
	return done;
}

bool
pump_reject(struct pump *pump, uint64_t serial, uint64_t now_ns)
{
	bool done;

	loss_pass(&pump->loss, now_ns);
	done = flight_reject(&pump->flight, serial, &pump->loss, queue_first(heading_front(pump)));
	look_again(pump);
	return done;
}

void
pump_grant(struct pump *pump, uint64_t records)
{
	toll_grant(&pump->outlet.toll, records);
	look_again(pump);
}

void
pump_revoke(struct pump *pump)
{
	toll_revoke(&pump->outlet.toll);
}

bool
pump_lacks_credits(const struct pump *pump)
{
	return pump->output == OUTLET_HELD && toll_lacks_credits(&pump->outlet.toll);
}

bool
pump_is_refused(const struct pump *pump)
{
	return pump->output == OUTLET_REFUSED || (pump->output == OUTLET_HELD && toll_lacks_window(&pump->outlet.toll));
}

/* --- batches ------------------------------------------------------------------------------------ */

bool
pump_wants_batch(const struct pump *pump)
{
	return pump->plan.batching && !pump->batching.open &&
	    (queue_is_ready(&pump->queue) || heading_ready(&pump->heading).records > 0 ||
	    pump->output == OUTLET_HELD); /* bytes, or a mark at the end */
}

void
pump_open_batch(struct pump *pump, const struct io_port *port)
{
	pump->batching.open = true;
	pump->batching.begun_ns = 0;
	outlet_change_reader(&pump->outlet, port);
	look_again(pump);
}

/* What is in it is all that it gets: it is full, or nothing more is there, or the rate has been waited for as long as a
 * record may linger. */
bool
pump_has_batch(const struct pump *pump, uint64_t now_ns)
{
	const struct batching *batching = &pump->batching;

	if (!batching->open || batching->begun_ns == 0 || pump_cut_short(pump))
		return false;
	if (pump->output == OUTLET_EMPTY || batching->hurried || toll_batch_is_full(&pump->outlet.toll))
		return true;
	return pump->output == OUTLET_HELD && now_ns >= batching->begun_ns + pump->plan.linger_ns;
}

struct flight_load
pump_take_batch(struct pump *pump)
{
	pump->batching.open = false;
	toll_close_batch(&pump->outlet.toll);
	look_again(pump);
	return flight_take_load(&pump->flight);
}

void
pump_hurry_batches(struct pump *pump)
{
	pump->batching.hurried = true;
	look_again(pump);
}

void
pump_repeat_batch(struct pump *pump, struct tally sum)
{
	ledger_count(&pump->ledger.redelivered, sum.records, sum.bytes);
}

void
pump_confirm_batch(struct pump *pump, uint64_t number, struct tally sum)
{
	flight_unload(&pump->flight, number, sum);
	(void)count_out(pump, sum);
}

void
pump_describe_batch(struct pump *pump, const struct flight_load *load, uint64_t tries)
{
	loss_rejects(&pump->loss, tries, load->first, load->last);
}

void
pump_save_batch(struct pump *pump, const char *piece, size_t length)
{
	if (loss_saves(&pump->loss))
		loss_save(&pump->loss, REASON_REJECTED, false, piece, length);
}

size_t
pump_head_as_it_came(const struct pump *pump, const struct flight_record *record, char head[FRAME_HEAD_MOST])
{
	const struct framing *framing = &pump->plan.framing;

	if (record->head == 0)
		return 0;
	return frame_write_wide(framing->format, record->length - record->head - frame_end(framing->format), record->head, head);
}

void
pump_end_saved(struct pump *pump)
{
	if (framing_noted(&pump->plan.framing))
		loss_end_saved(&pump->loss);
}

bool
pump_looks_at_batch(const struct pump *pump)
{
	return loss_looks(&pump->loss, LOSS_ANY_CLASS);
}

void
pump_look_at(struct pump *pump, const char *record, size_t length)
{
	loss_look(&pump->loss, LOSS_ANY_CLASS, record + record_head(&pump->plan.framing, record, length),
	    record_body(&pump->plan.framing, record, length), length);
}

void
pump_reject_batch(struct pump *pump, uint64_t number, struct tally sum, uint64_t now_ns)
{
	loss_pass(&pump->loss, now_ns);
	flight_unload(&pump->flight, number, sum);
	loss_returned(&pump->loss, REASON_REJECTED, queue_first(heading_front(pump)), sum.records, sum.bytes);
	look_again(pump);
}
