/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the pump is set up, by its plan, and what it gives back.
 */
#include "config.h"

#include "flow/pump.h"
#include "os/pipes.h"
#include "os/spill.h"

/* Of a pipe, unless it is larger. */
#define DEFAULT_PIPE_BYTES (UINT64_C(256) << 10)
#define DEFAULT_PIPE_BYTES_STREAM (UINT64_C(1) << 20)

/* Of one by which much has gone, where nobody has said how large it is to be. */
#define GROWN_PIPE_BYTES ((size_t)1 << 20)

/* What is kept of each key that is sampled. */
#define SAMPLED_KEY_BYTES \
	(sizeof(struct sample_key) > sizeof(struct budget_key) ? sizeof(struct sample_key) : sizeof(struct budget_key))

/* Keys that have a bucket at the same time. */
#define KEYS_MOST ((size_t)1 << 20)

/* Records of which it is known at the same time that they have been let in: 3.4 MB. */
#define REPEATS_MOST ((size_t)1 << 16)

void
setup_chances(const struct plan *plan, struct chance *gates, struct chance *victims)
{
	struct chance all;

	chance_init(&all, plan->seeded, plan->seed);
	chance_init(gates, true, chance_next(&all));
	chance_init(victims, true, chance_next(&all));
}

bool
setup_buckets(struct buckets **buckets, bool wanted, const struct rate *rate, uint64_t depth)
{
	if (!wanted)
		return true;
	*buckets = buckets_new(rate->amount, rate->period_ns, depth, KEYS_MOST);
	return *buckets != NULL;
}

bool
setup_sampled_keys(struct recent **keys, bool wanted)
{
	if (!wanted)
		return true;
	*keys = recent_new(KEYS_MOST, SAMPLED_KEY_BYTES);
	return *keys != NULL;
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

/* Who takes what leaves, where that is asked for.  0, or -1 with errno. */
static int
init_flight(struct pump *pump)
{
	const struct plan *plan = &pump->plan;
	struct outlet *outlet = &pump->outlet;

	if (plan->numbered) {
		serials_init(&pump->serials);
		loss_number(&pump->loss, &pump->serials);
	}
	if (plan->weight != NULL) {
		weights_init(&pump->weights);
		loss_weigh(&pump->loss, weights_held(&pump->weights));
	}
	if (plan->number != NULL && outlet_number(outlet, plan->number, &pump->serials) < 0)
		return -1;
	if (plan->weight != NULL && outlet_weigh(outlet, plan->weight, &pump->weights, plan->flying ? &pump->serials : NULL) < 0)
		return -1;
	if (plan->crediting)
		toll_use_credits(&outlet->toll);
	if (plan->batching)
		toll_use_batches(&outlet->toll);
	if (!plan->flying)
		return 0;
	outlet_set_flight(outlet, &pump->flight, &plan->window, plan->marks_answered);
	return flight_init(&pump->flight, &plan->framing, plan->batching ? 0 : plan->limits.bytes, plan->limits.record,
	    plan->listed, &pump->serials);
}

struct gate_rules
setup_gate(const struct pump *pump, struct chance *own, uint64_t salt, uint64_t now_ns)
{
	const struct plan *plan = &pump->plan;
	const struct tuning *tuning = &pump->tuning;
	const struct rate *police = &tuning->police;
	struct gate_rules rules = {
		.repeats = plan->collapsing ? pump->repeats : NULL,
		.repeats_ns = tuning->collapse_ns,
		.sampling = plan->sampling,
		.policing = plan->policing,
		.police_bytes = police->bytes,
		.police_by = pump->intake_buckets,
		.sample_by = pump->sampled_keys,
		.keep = plan->keep,
		.key = plan->key,
		.seed = plan->seed,
		.salt = salt,
		.max_record = plan->max_record,
		.ends_run = plan->ends_run,
		.judge_at = plan_judge_at(plan, tuning),
	};

	if (plan->policing)
		bucket_init(&rules.police, police->amount, police->period_ns, tuning->police_burst, now_ns);
	if (plan->sampling && plan->sample_by == SAMPLE_BY_BUDGET)
		budget_init(&rules.budget, &tuning->budget, now_ns);
	if (plan->sampling)
		sample_init(&rules.sample, &tuning->sample, plan->sample_by, own);
	if (plan->sampling && plan->weight != NULL) {
		rules.weighing = true;
		sample_weigh(&rules.sample);
		budget_weigh(&rules.budget, chance_next(own));
	}
	return rules;
}

static void
init_intake(struct pump *pump, struct chance own, uint64_t salt)
{
	const struct gate_rules rules = setup_gate(pump, &own, salt, pump->began_ns);

	intake_init(&pump->intake, &pump->plan.framing, &rules);
	if (pump->plan.weight != NULL)
		intake_weigh(&pump->intake, &pump->weights);
}

static void
init_shed(struct pump *pump, struct chance own, uint64_t salt)
{
	const struct plan *plan = &pump->plan;
	const struct tuning *tuning = &pump->tuning;

	shed_init(&pump->shed, &(struct shed_rules){
		.keep = plan->keep,
		.key = plan->key,
		.salt = salt,
		.chance = own,
		.weights = plan->weight != NULL ? &pump->weights : NULL,
		.sampling = plan->shedding,
		.share = tuning->shed,
		.pressure = &pump->level.pressure,
	});
	queue_use_marks(&pump->queue, shed_marks(&pump->shed) + policy_goes_round(plan->policy));
	if (plan->policy == POLICY_LATEST)
		shed_watch_latest(&pump->shed, &pump->queue);
	if (plan->policy == POLICY_FAIR)
		shed_watch_fair(&pump->shed, &pump->queue);
	age_init(&pump->age, plan->controlled, tuning->max_age_ns, tuning->codel_target_ns,
	    tuning->codel_interval_ns);
}

/* Where they are noted where records end: the first of all that know of framing. */
static int
init_ends(struct pump *pump)
{
	struct framing *framing = &pump->plan.framing;

	if (!framing_noted(framing))
		return 0;
	pump->ends = framing->ends = ends_new();
	return pump->ends == NULL ? -1 : framer_init(&pump->framer, framing, &pump->options->lines);
}

int
pump_init(struct pump *pump, const struct options *options, const struct io_port *input,
    const struct io_port *output, uint64_t now_ns)
{
	const struct plan_ports ports = { io_keeps_messages(output), pipes_can_splice(input, output) };
	const struct plan plan = plan_of(options, ports);
	const uint64_t salt = plan.salted ? key_salt() : 0;
	struct chance gates, victims;

	*pump = (struct pump){ .options = options, .ports = ports, .plan = plan, .tuning = tuning_of(options), .input_port = *input,
		.began_ns = now_ns, .salt = salt, .batching = { .waits_ns = UINT64_MAX, .again_ns = UINT64_MAX } };
	if (init_ends(pump) < 0)
		return -1;
	bypass_init(&pump->bypass, plan.splicing, plan.looking);
	if (options->pipe_bytes == 0)
		bypass_grow(&pump->bypass, options->buffer_bytes < GROWN_PIPE_BYTES ? (size_t)options->buffer_bytes : GROWN_PIPE_BYTES);
	setup_chances(&plan, &gates, &victims);
	if (!setup_buckets(&pump->intake_buckets, plan.policing && plan.by_key, &pump->tuning.police,
	    pump->tuning.police_burst) ||
	    !setup_sampled_keys(&pump->sampled_keys, plan.sampling_each) ||
	    !setup_buckets(&pump->outlet_buckets, plan.rated && plan.by_key, &pump->tuning.rate, pump->tuning.burst) ||
	    (plan.collapsing && (pump->repeats = repeats_new(REPEATS_MOST, options->mask, salt)) == NULL))
		return -1;
	loss_init(&pump->loss, &pump->ledger, plan.keep, plan.key);
	level_init(&pump->level, plan.drops, &pump->tuning.marks, &pump->ledger);
	init_outlet(pump, output, salt);
	if (init_flight(pump) < 0)
		return -1;
	init_intake(pump, gates, salt);
	if (queue_init(&pump->queue, &pump->plan.framing, &plan.limits) < 0)
		return -1;
	init_shed(pump, victims, salt);
	return heading_init(pump);
}

void
pump_enlarge_pipes(const struct options *options, const struct io_port *input, const struct io_port *output)
{
	bool streaming = options->framing.kind == FRAMING_BYTES;
	uint64_t bytes = options->pipe_bytes;

	if (bytes == PIPE_BYTES_KEEP)
		return;
	if (bytes == 0) {
		bytes = streaming ? DEFAULT_PIPE_BYTES_STREAM : DEFAULT_PIPE_BYTES;
		if (!streaming && bytes > options->buffer_bytes)
			bytes = options->buffer_bytes;
	}
	pipes_enlarge(input, (size_t)bytes);
	if (options->reader.confirm == CONFIRM_READ)
		return; /* it is as large as the window */
	/* Where records may still be dropped, they wait better here than in the output's pipe. */
	if (options->pipe_bytes != 0 || (!policy_drops(options->policy) && options->max_age_ns == 0))
		pipes_enlarge(output, (size_t)bytes);
}

int
pump_use_spool(struct pump *pump, struct spool *spool)
{
	pump->spooling.spool = spool;
	return spooling_init(pump);
}

void
pump_observe(struct pump *pump, struct sojourn *sojourn, struct marks *marks, struct spill *spill,
    struct top *top)
{
	pump->sojourn = sojourn;
	queue_observe(&pump->queue, sojourn);
	pump->outlet.marks = marks;
	spill_note_ends(spill, pump->ends);
	loss_observe(&pump->loss, marks_gaps(marks), spill, top);
	if (marks_repeats_only(marks))
		loss_mark_repeats_only(&pump->loss);
	spooling_observe(pump);
}

void
pump_free(struct pump *pump)
{
	spooling_free(pump);
	heading_free(pump);
	queue_free(&pump->queue);
	outlet_free(&pump->outlet);
	if (pump->plan.flying)
		flight_free(&pump->flight);
	if (pump->plan.numbered)
		serials_free(&pump->serials);
	if (pump->plan.weight != NULL)
		weights_free(&pump->weights);
	shed_relax(&pump->shed);
	buckets_free(pump->intake_buckets);
	buckets_free(pump->outlet_buckets);
	recent_free(pump->sampled_keys);
	repeats_free(pump->repeats);
	bypass_free(&pump->bypass);
	framer_free(&pump->framer);
	ends_free(pump->ends);
}
