/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/pump.h"
#include "hold/fit.h"
#include "os/pipes.h"

#include <errno.h>
#include <stdlib.h>

/* Written at least, before it is the input's turn again: more than a read brings, so that the output is
 * always asked first. */
#define DRAIN_BUDGET (2 * PLAN_READ_MOST)

/* Keys that have a bucket at the same time. */
#define KEYS_MOST ((size_t)1 << 20)

/* A read that brings less has most likely emptied the input: poll tells, rather than another read. */
#define READ_FEW 4096

/* --- setting up ----------------------------------------------------------------------------------- */

/* A bucket for each key, where the rate is to be held for each; no error where it is not.  False with errno. */
static bool
open_buckets(struct buckets **buckets, bool wanted, const struct rate *rate, uint64_t depth)
{
	if (!wanted)
		return true;
	*buckets = buckets_new(rate->amount, rate->period_ns, depth, KEYS_MOST);
	return *buckets != NULL;
}

/* What is dropped is counted by class, and by key. */
static void
init_loss(struct pump *pump)
{
	pump->loss.ledger = &pump->ledger;
	pump->loss.keep = pump->plan.keep;
	pump->loss.key = pump->plan.key;
}

static void
init_outlet(struct pump *pump, const struct io_port *output, uint64_t salt)
{
	const struct plan *plan = &pump->plan;
	const struct tuning *tuning = &pump->tuning;
	struct outlet *outlet = &pump->outlet;

	outlet->port = *output;
	outlet_init(outlet, plan->stream, plan_parts_from(plan, tuning), plan->rated ? &tuning->rate : NULL,
	    tuning->burst, pump->began_ns);
	toll_set_keys(&outlet->toll, pump->outlet_buckets, plan->key, salt);
}

static void
init_intake(struct pump *pump, struct chance own, uint64_t salt)
{
	const struct plan *plan = &pump->plan;
	const struct tuning *tuning = &pump->tuning;
	const struct rate *police = &tuning->police;
	struct gate_rules rules = {
		.sampling = plan->sampling,
		.policing = plan->policing,
		.police_bytes = police->bytes,
		.police_by = pump->intake_buckets,
		.keep = plan->keep,
		.key = plan->key,
		.seed = plan->seed,
		.salt = salt,
		.max_record = plan->max_record,
		.ends_run = plan->ends_run,
		.judge_at = plan_judge_at(plan, tuning),
	};

	if (plan->policing)
		bucket_init(&rules.police, police->amount, police->period_ns, tuning->police_burst, pump->began_ns);
	if (plan->sampling)
		sample_init(&rules.sample, &tuning->sample, plan->sample_by, &own);
	intake_init(&pump->intake, &plan->framing, &rules);
}

static void
init_shed(struct pump *pump, struct chance own, uint64_t salt)
{
	const struct plan *plan = &pump->plan;
	const struct tuning *tuning = &pump->tuning;

	pump->shed = (struct shed){
		.classes.keep = plan->keep,
		.latest = { .key = plan->key, .salt = salt },
		.chance = own,
		.sampling = plan->shedding,
		.share = tuning->shed,
		.pressure = &pump->level.pressure,
	};
	pump->queue.marks = classes_marks(&pump->shed.classes);
	if (plan->policy == POLICY_DROP_RANDOM)
		pump->queue.marks += LOT_MARKS;
	pump->age = (struct age){ .most_ns = tuning->max_age_ns, .controlled = plan->controlled };
	codel_init(&pump->age.codel, tuning->codel_target_ns, tuning->codel_interval_ns);
}

int
pump_init(struct pump *pump, const struct options *options, const struct io_port *input,
    const struct io_port *output, uint64_t now_ns)
{
	const struct plan plan = plan_of(options,
	    (struct plan_ports){ output->messages, pipes_can_splice(input, output) });
	const uint64_t salt = plan.salted ? key_salt() : 0;
	struct chance all, gates, victims; /* each user of chance has its own */

	*pump = (struct pump){ .options = options, .plan = plan, .tuning = tuning_of(options), .input_port = *input,
		.began_ns = now_ns };
	bypass_init(&pump->bypass, plan.splicing, plan.looking);
	chance_init(&all, plan.seeded, plan.seed);
	chance_init(&gates, true, chance_next(&all));
	chance_init(&victims, true, chance_next(&all));
	if (!open_buckets(&pump->intake_buckets, plan.policing && plan.by_key, &pump->tuning.police,
	    pump->tuning.police_burst) ||
	    !open_buckets(&pump->outlet_buckets, plan.rated && plan.by_key, &pump->tuning.rate, pump->tuning.burst))
		return -1;
	init_loss(pump);
	level_init(&pump->level, plan.drops, &pump->tuning.marks, &pump->ledger);
	init_outlet(pump, output, salt);
	init_intake(pump, gates, salt);
	if (queue_init(&pump->queue, &plan.framing, &plan.limits) < 0)
		return -1;
	init_shed(pump, victims, salt);
	return 0;
}

void
pump_observe(struct pump *pump, struct sojourn *sojourn, struct marks *marks, struct spill *spill,
    struct top *top)
{
	pump->queue.sojourn = sojourn;
	pump->outlet.marks = marks;
	pump->loss.gaps = marks != NULL ? marks->gaps : NULL;
	pump->loss.spill = spill;
	pump->loss.top = top;
}

void
pump_free(struct pump *pump)
{
	queue_free(&pump->queue);
	shed_relax(&pump->shed);
	buckets_free(pump->intake_buckets);
	buckets_free(pump->outlet_buckets);
	bypass_free(&pump->bypass);
}

/* --- fill --------------------------------------------------------------------------------------- */

static void
fill(struct pump *pump)
{
	struct iovec piece[QUEUE_ROOM];
	size_t length, done;
	enum io_result result;
	size_t most = PLAN_READ_MOST;
	int pieces;

	if (pump->input == PUMP_FINISHING)
		most = bypass_rest_of_record(&pump->bypass, &pump->input_port, &pump->intake);
	pieces = queue_prepare(&pump->queue, most, piece, &length);
	if (length == 0)
		return;
	result = io_read(&pump->input_port, piece, pieces, length, &done);
	if (result != IO_RETRY)
		bypass_was_read(&pump->bypass, done);
	switch (result) {
	case IO_ALL:
		intake_take(&pump->intake, &pump->queue, &pump->loss, piece, done);
		break;
	case IO_SHORT:
		intake_take(&pump->intake, &pump->queue, &pump->loss, piece, done);
		pump->input_waits = done < READ_FEW;
		break;
	case IO_AGAIN:
		pump->input_waits = true;
		break;
	case IO_RETRY:
		break;
	case IO_END:
		intake_end(&pump->intake, &pump->queue, &pump->loss);
		pump->input = PUMP_ENDED;
		break;
	case IO_GONE:
	case IO_ERROR:
		pump->error = errno;
		pump->input = PUMP_READ_ERROR;
		break;
	}
	if (pump->input == PUMP_FINISHING && pump->intake.open == 0)
		pump->input = PUMP_STOPPED;
}

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
	return is_reading(pump) && !level_is_paused(&pump->level) && !bypass_is_holding(&pump->bypass);
}

/* --- levels ------------------------------------------------------------------------------------- */

/* What of the buffer's fill follows from this pass.  `full`: something had no room before the verdict. */
static void
judge_level(struct pump *pump, bool full)
{
	const struct tally held = queue_held(&pump->queue);
	const bool movable = pump->plan.stream || held.records > 0 || held.bytes >= pump->outlet.parts_from;
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
	bool fits = policy_settle(policy, &pump->shed, &pump->queue, &pump->loss);

	if (policy != POLICY_FAIL || (fits && pump->ledger.dropped[REASON_OVERSIZE].bytes == 0))
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

	return !queue_part_sent(&pump->queue) && io_has_room(&pump->outlet.port);
}

/* Fill, age, drain. */
static void
pass_through(struct pump *pump, uint64_t now_ns)
{
	bypass_let_go(&pump->bypass);
	if (pump_wants_input(pump) && !pump->input_waits)
		fill(pump);
	level_filled(&pump->level, pump_depth(pump));
	pump->outlet.input_over = !is_reading(pump);
	age_shed(&pump->age, &pump->shed, &pump->queue, &pump->loss,
	    &(struct age_outlet){ output_has_room, pump });
	pump->output = outlet_drain(&pump->outlet, &pump->queue, &pump->ledger, now_ns, DRAIN_BUDGET);
	age_sent(&pump->age, &pump->queue, now_ns);
}

void
pump_pass(struct pump *pump, uint64_t now_ns)
{
	bool full;

	pump->loss.now_ns = now_ns;
	sojourn_pass(pump->queue.sojourn, now_ns);
	level_pass(&pump->level, now_ns);
	if (bypass_is_open(&pump->bypass) && pump->input == PUMP_READING)
		pass_by(pump, now_ns);
	else
		pass_through(pump, now_ns);
	if (pump->output == OUTLET_GONE || pump->output == OUTLET_ERROR)
		return; /* what is held is undelivered, not dropped */
	full = !fit_all(&pump->queue);
	settle(pump);
	if (full && fit_all(&pump->queue) &&
	    (pump->output == OUTLET_HELD || queue_held(&pump->queue).bytes == 0))
		pump->output = OUTLET_MORE; /* what had to wait, or all that was refused, has given way */
	judge_level(pump, full);
#ifdef WEIR_DEBUG
	queue_check(&pump->queue);
	if (!ledger_balances(&pump->ledger, queue_held(&pump->queue)))
		abort();
#endif
}

/* --- tuning -------------------------------------------------------------------------------------- */

static void
retune_intake(struct pump *pump, uint64_t now_ns)
{
	const struct tuning *tuning = &pump->tuning;
	const struct gate_tuning gate = {
		.sample = tuning->sample,
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
	pump->loss.now_ns = now_ns;
	retune_intake(pump, now_ns);
	shed_retune(&pump->shed, &tuning->shed);
	age_retune(&pump->age, tuning->max_age_ns, tuning->codel_target_ns, tuning->codel_interval_ns);
	toll_retune(&outlet->toll, &tuning->rate, tuning->burst, now_ns);
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
	uint64_t old = age_due_ns(&pump->age, &pump->queue);

	if (pump->output == OUTLET_HELD)
		deadline = outlet_due_ns(&pump->outlet);
	else if (bypass_is_holding(&pump->bypass))
		deadline = bypass_due_ns(&pump->bypass);
	else if (pump->output == OUTLET_EMPTY)
		deadline = outlet_mark_due_ns(&pump->outlet, &pump->queue);
	return old < deadline ? old : deadline;
}

bool
pump_done(const struct pump *pump)
{
	return !is_reading(pump) && pump->output == OUTLET_EMPTY;
}

void
pump_stop(struct pump *pump, uint64_t now_ns)
{
	bool begun = pump->outlet.stream
	    ? pump->intake.open > 0 && pump->intake.framing.kind != FRAMING_BYTES
	    : queue_sends_unread(&pump->queue);

	if (pump->input != PUMP_READING)
		return;
	pump->input = begun ? PUMP_FINISHING : PUMP_STOPPED;
	if (begun)
		return;
	pump->outlet.parts_from = SIZE_MAX; /* none is begun any more */
	level_resume(&pump->level, now_ns);
}

void
pump_close_input(struct pump *pump)
{
	if (pump->input_port.fd < 0)
		return;
	pump->unread_known = pipes_unread(&pump->input_port, &pump->unread_bytes);
	(void)io_close(&pump->input_port); /* nothing was written there */
	pump->input_port.fd = pump->input_port.inherited = -1;
}

bool
pump_unread(const struct pump *pump, uint64_t *bytes)
{
	if (pump->input_port.fd >= 0)
		return pipes_unread(&pump->input_port, bytes);
	*bytes = pump->unread_bytes;
	return pump->unread_known;
}

void
pump_close_books(struct pump *pump, uint64_t now_ns)
{
	const struct tally held = queue_held(&pump->queue);

	level_close(&pump->level, now_ns);
	ledger_count(&pump->ledger.undelivered, held.records, held.bytes);
	pump->closed = true;
}

struct tally
pump_held(const struct pump *pump)
{
	return pump->closed ? (struct tally){ 0, 0 } : queue_held(&pump->queue);
}

struct tally
pump_depth(const struct pump *pump)
{
	const struct queue *queue = &pump->queue;
	struct tally depth = { queue_waiting(queue), queue_held(queue).bytes };

	if (pump->closed)
		return (struct tally){ 0, 0 };
	if (pump->plan.drops)
		depth.bytes -= queue_partial(queue); /* not in the buffer yet */
	if (depth.bytes > queue->limits.bytes)
		depth.bytes = queue->limits.bytes; /* nor is what a read brought beyond it */
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
