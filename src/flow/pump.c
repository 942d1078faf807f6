/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/batching.h"
#include "flow/fill.h"
#include "flow/pump.h"
#include "flow/steered.h"
#include "hold/fit.h"
#include "os/pipes.h"

#include <errno.h>
#include <stdlib.h>

/* Written at least, before it is the input's turn again: more than a read brings, so that the output is
 * always asked first. */
#define DRAIN_BUDGET (2 * PLAN_READ_MOST)

/* --- the input ----------------------------------------------------------------------------------- */

static bool
is_reading(const struct pump *pump)
{
	return pump->input == PUMP_READING || pump->input == PUMP_FINISHING;
}

bool
pump_is_reading(const struct pump *pump)
{
	return is_reading(pump);
}

bool
pump_wants_input(const struct pump *pump)
{
	return is_reading(pump) && !level_is_paused(&pump->level) && !bypass_is_holding(&pump->bypass) &&
	    !patience_lasts(&pump->patience) && spooling_wants(pump) && !heading_is_full(pump);
}

/* --- whether it has settled ---------------------------------------------------------------------- */

/* Once nothing more comes, or there is no time to wait for that, it has. */
static void
settle_input(struct pump *pump)
{
	const bool waits = pump->tuning.settle_ns > 0 && pump->came_ns > 0 && is_reading(pump) && !pump->hurried;

	toll_settle(&pump->outlet.toll, waits ? pump->came_ns + pump->tuning.settle_ns : 0); /* no time is over 2^63 */
}

/* --- levels ------------------------------------------------------------------------------------- */

/* What of the buffer's fill follows from this pass.  `full`: something had no room before the verdict. */
static void
judge_level(struct pump *pump, bool full)
{
	const struct tally held = pump_held(pump);
	const bool movable = !pump->discarding && /* then what is held is in flight, and stays */
	    (pump->plan.stream || held.records > 0 || held.bytes >= pump->outlet.parts_from);
	const struct level_end end = {
		.fill = pump_depth(pump),
		.no_room = full,
		.output_waited = pump->output == OUTLET_REFUSED || pump->output == OUTLET_HELD,
		.may_pause = movable && is_reading(pump),
	};

	if (level_judge(&pump->level, &end))
		shed_relax(&pump->shed);
}

/* --- past the buffer ------------------------------------------------------------------------------ */

/* Nothing is held. */
static enum outlet_state
bypass_buffer(struct pump *pump, uint64_t now_ns)
{
	const struct bypass_road road = {
		.input = &pump->input_port,
		.output = &pump->outlet.port,
		.intake = &pump->intake,
		.queue = &pump->queue,
		.ledger = &pump->ledger,
	};

	switch (bypass_move(&pump->bypass, &road, DRAIN_BUDGET, now_ns)) {
	case BYPASS_MORE:
		return OUTLET_MORE;
	case BYPASS_DRY:
		pump->input_waits = true;
		return OUTLET_EMPTY;
	case BYPASS_FULL:
		return OUTLET_REFUSED;
	case BYPASS_ENDED:
		intake_end(&pump->intake, &pump->queue, &pump->loss);
		pump->input = PUMP_ENDED;
		return OUTLET_EMPTY;
	case BYPASS_GONE:
		break;
	}
	return OUTLET_GONE;
}

/* What is held goes first, and as long as the output takes it nothing is read, so that the queue runs
 * empty and bytes can go by it again. */
static void
pass_by(struct pump *pump, uint64_t now_ns)
{
	const bool has_held = bypass_has_held(&pump->bypass, now_ns);

	pump->output = outlet_drain(&pump->outlet, &pump->queue, &pump->ledger, now_ns, DRAIN_BUDGET);
	if (pump->output == OUTLET_EMPTY && is_reading(pump) && !pump->input_waits)
		pump->output = bypass_buffer(pump, now_ns);
	if (pump->output != OUTLET_REFUSED || has_held || queue_held(&pump->queue).bytes > 0)
		bypass_let_go(&pump->bypass);
	if (pump->output == OUTLET_REFUSED && pump_wants_input(pump) && !pump->input_waits)
		fill(pump);
}

/* --- the verdict -------------------------------------------------------------------------------- */

/* A record that does not fit, or that is too long to hold at all, ends the run under fail: what has been
 * read is delivered. */
static void
settle(struct pump *pump)
{
	enum policy policy = pump->plan.policy;
	bool fits = true;

	if (!pump->plan.spooled)
		fits = policy_settle(policy, &pump->shed, &pump->queue, &pump->loss);
	else
		fits = !pump->failed; /* what gives way gives way in the spool */
	if (policy != POLICY_FAIL || (fits && !pump->intake.ends_run))
		return;
	fit_admit(&pump->queue);
	pump->failed = true;
	if (is_reading(pump)) {
		pump->input = PUMP_STOPPED;
		if (pump->output == OUTLET_EMPTY && pump->outlet.marks != NULL)
			pump->output = OUTLET_MORE; /* the last mark may be due now */
	}
}

/* --- the pass ----------------------------------------------------------------------------------- */

/* A record that is on its way has found that it has none, or fills what there is. */
static bool
output_has_room(const void *state)
{
	const struct pump *pump = state;

	if (pump_is_halted(pump) || !toll_is_settled(&pump->outlet.toll, loss_now_ns(&pump->loss)))
		return false;
	if (pump->plan.batching)
		return batching_takes(pump);
	return !pump->outlet.absent && !heading_is_on(&pump->heading) && !queue_part_sent(&pump->queue) &&
	    io_has_room(&pump->outlet.port);
}

/* Half a read is held, or half of what there is room for: the reader has what to take while the next is waited with. */
static bool
holds_enough(const struct pump *pump)
{
	const struct queue_limits *limits = &pump->plan.limits;
	const struct tally held = pump_held(pump);

	return held.bytes >= PLAN_READ_MOST / 2 || held.bytes >= limits->bytes / 2 || held.records >= limits->records / 2;
}

/* What leaves now; a reader that takes it is waited for. */
static void
drain(struct pump *pump, uint64_t now_ns)
{
	const uint64_t *gone = pump->plan.flying ? &pump->ledger.sent.bytes : &pump->ledger.out.bytes;
	const uint64_t before = *gone;

	pump->output = heading_drain(pump, now_ns, DRAIN_BUDGET);
	if (pump->plan.patient)
		patience_judge(&pump->patience, *gone - before, pump->output == OUTLET_REFUSED && holds_enough(pump), now_ns);
}

/* Fill, age, drain. */
static void
pass_through(struct pump *pump, uint64_t now_ns)
{
	bypass_let_go(&pump->bypass);
	if (pump_wants_input(pump) && !pump->input_waits)
		fill(pump);
	if (pump->plan.framing.kind == FRAMING_JOINED)
		fill_linger(pump, now_ns);
	settle_input(pump);
	pump->spooling.ended = !is_reading(pump);
	spooling_pass(pump, now_ns);
	level_filled(&pump->level, pump_depth(pump));
	pump->outlet.input_over = !is_reading(pump);
	if (!pump->plan.spooled) /* else by when it came to disk */
		age_shed(&pump->age, &pump->shed, &pump->queue, &pump->loss,
		    &(struct age_outlet){ output_has_room, pump });
	if (pump->discarding) {
		pump_drop_unread(pump, now_ns);
		return;
	}
	if (pump->plan.batching)
		batching_look(pump, now_ns);
	if (!spooling_lets(pump)) {
		pump->output = OUTLET_EMPTY; /* for as long as a sync takes */
		return;
	}
	drain(pump, now_ns);
	if (pump->plan.batching)
		batching_drained(pump, now_ns);
	age_sent(&pump->age, &pump->queue, now_ns);
}

/* What had to wait, or all that was refused; shed:N leaves out also what would fit. */
static bool
has_given_way(const struct pump *pump, bool was_full, bool was_ready)
{
	const bool held = pump->output == OUTLET_HELD;

	if (was_full && fit_all(&pump->queue) && (held || queue_held(heading_front(pump)).bytes == 0))
		return true;
	return held && was_ready && !queue_is_ready(&pump->queue) && !heading_is_on(&pump->heading);
}

/* Unless somebody wants to see what passes, or it to stay; nor what is the rest of a record that is being left out. */
static bool
may_pass_by(const struct pump *pump)
{
	return bypass_is_open(&pump->bypass) && pump->input == PUMP_READING && !pump_is_halted(pump) && !pump_is_tapped(pump) &&
	    !intake_is_skipping(&pump->intake) && !heading_is_on(&pump->heading);
}

void
pump_pass(struct pump *pump, uint64_t now_ns)
{
	bool full, ready;

	loss_pass(&pump->loss, now_ns);
	sojourn_pass(pump->sojourn, now_ns);
	level_pass(&pump->level, now_ns);
	patience_pass(&pump->patience, now_ns);
	if (may_pass_by(pump))
		pass_by(pump, now_ns);
	else
		pass_through(pump, now_ns);
	if (pump->output == OUTLET_GONE || pump->output == OUTLET_ERROR)
		return; /* what is held is undelivered, not dropped */
	full = !fit_all(&pump->queue);
	ready = queue_is_ready(&pump->queue);
	settle(pump);
	if (has_given_way(pump, full, ready))
		pump->output = OUTLET_MORE;
	judge_level(pump, full || pump->spooling.full);
	spooling_step(pump, now_ns);
	if (pump->output == OUTLET_EMPTY && spooling_is_ready(pump))
		pump->output = OUTLET_MORE;
	if (pump->output == OUTLET_HELD && batching_is_pressed(pump))
		pump->output = OUTLET_MORE; /* the buffer is full since just now: what waits for more is to go */
#ifdef WEIR_DEBUG
	queue_check(&pump->queue);
	if (heading_is_on(&pump->heading))
		queue_check(&pump->heading.queue);
	if (pump->plan.flying)
		flight_check(&pump->flight);
	if (!ledger_balances(&pump->ledger, pump_held(pump)))
		abort();
#endif
}

/* --- tuning -------------------------------------------------------------------------------------- */

static void
retune_intake(struct pump *pump, uint64_t now_ns)
{
	const struct tuning *tuning = &pump->tuning;
	const struct gate_tuning gate = {
		.repeats_ns = tuning->collapse_ns,
		.sample = tuning->sample,
		.budget = tuning->budget,
		.police = tuning->police,
		.police_burst = tuning->police_burst,
		.judge_at = plan_judge_at(&pump->plan, tuning),
	};

	intake_retune(&pump->intake, &pump->queue, &pump->loss, &gate, now_ns);
}

void
pump_retune(struct pump *pump, const struct tuning *tuning, uint64_t now_ns)
{
	struct outlet *outlet = &pump->outlet;

	pump->tuning = *tuning;
	loss_pass(&pump->loss, now_ns);
	retune_intake(pump, now_ns);
	shed_retune(&pump->shed, &tuning->shed);
	age_retune(&pump->age, tuning->max_age_ns, tuning->codel_target_ns, tuning->codel_interval_ns);
	toll_retune(&outlet->toll, &tuning->rate, tuning->burst, now_ns);
	settle_input(pump);
	if (outlet->parts_from != SIZE_MAX) /* or none is begun any more */
		outlet->parts_from = plan_parts_from(&pump->plan, tuning);
	level_retune(&pump->level, &tuning->marks);
	level_pass(&pump->level, now_ns);
	judge_level(pump, !fit_all(&pump->queue));
	if (pump->output == OUTLET_HELD)
		pump->output = OUTLET_MORE; /* it may be due, or later than it was: the next pass tells */
}

uint64_t
pump_deadline_ns(const struct pump *pump)
{
	uint64_t deadline = UINT64_MAX;
	const uint64_t old = pump->plan.spooled ? spooling_due_ns(pump) : age_due_ns(&pump->age, &pump->queue);
	const uint64_t batch = batching_due_ns(pump), lines = fill_due_ns(pump);

	if (pump->output == OUTLET_HELD)
		deadline = outlet_due_ns(&pump->outlet);
	else if (bypass_is_holding(&pump->bypass))
		deadline = bypass_due_ns(&pump->bypass);
	else if (pump->output == OUTLET_EMPTY)
		deadline = outlet_mark_due_ns(&pump->outlet, heading_front(pump));
	deadline = batch < deadline ? batch : deadline;
	deadline = lines < deadline ? lines : deadline;
	if (patience_due_ns(&pump->patience) < deadline)
		deadline = patience_due_ns(&pump->patience);
	return old < deadline ? old : deadline;
}

bool
pump_done(const struct pump *pump)
{
	return !is_reading(pump) && pump->output == OUTLET_EMPTY && spooling_is_empty(pump);
}

void
pump_stop(struct pump *pump, uint64_t now_ns)
{
	bool begun;

	if (pump->input != PUMP_READING)
		return;
	loss_pass(&pump->loss, now_ns);
	sojourn_pass(pump->sojourn, now_ns); /* what ends now has come now */
	fill_stop(pump);
	begun = pump->outlet.stream ? pump->intake.open > 0 && pump->intake.framing.kind != FRAMING_BYTES
	    : queue_sends_unread(heading_front(pump));
	pump->input = begun ? PUMP_FINISHING : PUMP_STOPPED;
	if (begun)
		return;
	pump->outlet.parts_from = SIZE_MAX; /* none is begun any more */
	level_resume(&pump->level, now_ns);
}

void
pump_stop_short(struct pump *pump)
{
	if (pump->input == PUMP_FINISHING)
		pump->input = PUMP_STOPPED;
}

void
pump_close_input(struct pump *pump)
{
	if (io_fd(&pump->input_port) < 0)
		return;
	pump->left_waiting = pump->input != PUMP_ENDED && io_waiting(&pump->input_port);
	pump->unread_known = pipes_unread(&pump->input_port, &pump->unread_bytes);
	(void)io_close(&pump->input_port); /* nothing was written there */
}

bool
pump_unread(const struct pump *pump, uint64_t *bytes)
{
	if (io_fd(&pump->input_port) >= 0)
		return pipes_unread(&pump->input_port, bytes);
	*bytes = pump->unread_bytes;
	return pump->unread_known;
}

void
pump_close_books(struct pump *pump, uint64_t now_ns)
{
	struct tally held, kept;

	spooling_end(pump, now_ns);
	held = pump_held(pump);
	kept = spooling_kept(pump, held);
	level_close(&pump->level, now_ns);
	pump_halt(pump, false, now_ns);
	ledger_count(&pump->ledger.kept, kept.records, kept.bytes);
	ledger_count(&pump->ledger.undelivered, held.records - kept.records, held.bytes - kept.bytes);
	ledger_count(&pump->ledger.in, 0, fill_kept(pump));
	ledger_count(&pump->ledger.undelivered, 0, fill_kept(pump));
	pump->closed = true;
}

struct tally
pump_held(const struct pump *pump)
{
	struct tally held = queue_held(&pump->queue);

	if (pump->closed)
		return (struct tally){ 0, 0 };
	if (pump->plan.flying)
		ledger_count(&held, flight_held(&pump->flight).records, flight_held(&pump->flight).bytes);
	ledger_count(&held, spooling_held(pump).records, spooling_held(pump).bytes);
	ledger_count(&held, heading_held(&pump->heading).records, heading_held(&pump->heading).bytes);
	return held;
}

struct tally
pump_pending(const struct pump *pump)
{
	struct tally pending = queue_held(&pump->queue);

	if (pump->plan.flying)
		ledger_count(&pending, flight_since_oldest(&pump->flight).records, flight_since_oldest(&pump->flight).bytes);
	return pending;
}

uint64_t
pump_due_bytes(const struct pump *pump)
{
	return pump_held(pump).bytes - (is_reading(pump) || pump->closed ? 0 : outlet_unfinished(&pump->outlet, &pump->queue) +
	    (heading_is_on(&pump->heading) ? outlet_unfinished(&pump->outlet, &pump->heading.queue) : 0));
}

struct tally
pump_depth(const struct pump *pump)
{
	const struct queue *queue = &pump->queue;
	struct tally depth = { queue_waiting(queue), queue_held(queue).bytes };

	if (pump->closed)
		return (struct tally){ 0, 0 };
	if (pump->plan.spooled)
		return spooling_depth(pump);
	if (pump->plan.flying)
		depth.bytes += flight_used(&pump->flight);
	depth.bytes += heading_held(&pump->heading).bytes;
	if (pump->plan.limits.record > 0)
		depth.bytes -= queue_partial(queue); /* not in the buffer yet */
	if (depth.bytes > pump->plan.limits.bytes)
		depth.bytes = pump->plan.limits.bytes; /* nor is what a read brought beyond it */
	return depth;
}

uint64_t
pump_pressure_ns(const struct pump *pump, uint64_t now_ns)
{
	return pressure_total_ns(&pump->level.pressure, now_ns);
}

uint64_t
pump_paused_ns(const struct pump *pump, uint64_t now_ns)
{
	return level_paused_ns(&pump->level, now_ns);
}

bool
pump_is_pressed(const struct pump *pump)
{
	return pressure_is_on(&pump->level.pressure);
}
