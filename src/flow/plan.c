/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/plan.h"
#include "pick/bucket.h"
#include "spool/spool.h"

/* Whether records have to pass something that may leave them out, or that may take them away again. */
static bool
is_gated(const struct options *options)
{
	return options->sample.den > 1 || options->budget.amount > 0 || options->policing || options->collapse_ns != 0 ||
	    options->max_age_ns != 0;
}

/* What leaves has to be confirmed. */
static bool
is_flying(const struct options *options)
{
	return options->reader.confirm != CONFIRM_WRITTEN;
}

/* Whether records have to be told apart where they leave. */
static bool
is_told_apart(const struct options *options)
{
	const struct reader_options *reader = &options->reader;

	return is_flying(options) || reader->credits_path != NULL || reader->number_template != NULL ||
	    options->weight_template != NULL;
}

/* Bytes go on as they come: there are no records, or nothing is asked of them. */
static bool
is_stream(const struct options *options, bool messages)
{
	return options->framing.kind == FRAMING_BYTES || (options->framing.kind != FRAMING_JOINED && options->spool_path == NULL && !policy_drops(options->policy) && !is_gated(options) &&
	    !options->rated && options->settle_ns == 0 && !messages && !is_told_apart(options));
}

/* A record that is longer than --max-record does not come in: it would not fit, or what went out in parts could not be
 * handed over again. */
static bool
is_bounded(const struct options *options)
{
	return policy_drops(options->policy) ||
	    ((is_flying(options) || options->spool_path != NULL) && options->framing.kind != FRAMING_BYTES);
}

/* For a read, and one record that is longer. */
struct queue_limits
plan_arriving(const struct queue_limits *limits)
{
	return (struct queue_limits){ .bytes = PLAN_READ_MOST, .records = UINT64_MAX, .slack = PLAN_READ_MOST,
		.record = limits->record, .view = limits->view };
}

static struct queue_limits
limits_of(const struct options *options)
{
	const bool bounded = is_bounded(options);
	struct queue_limits limits = {
		.bytes = (size_t)options->buffer_bytes,
		.records = options->max_records,
		.slack = policy_drops(options->policy) || is_gated(options) || options->spool_path != NULL ||
		    framing_noted(&options->framing) ? PLAN_READ_MOST : 0,
		.record = bounded ? (size_t)options->max_record_bytes : 0,
	};

	if (options->keep != NULL || options_key(options) != NULL || options->collapse_ns != 0)
		limits.view = PLAN_READ_MOST + (size_t)(bounded ? options->max_record_bytes : options->buffer_bytes);
	if (options->spool_path != NULL) {
		const struct queue_limits arriving = plan_arriving(&limits);

		limits.beside = queue_limits_sum(&arriving);
	}
	return limits;
}

static void
plan_gates(struct plan *plan, const struct options *options)
{
	plan->sampling = options->sample.den > 1 || options->budget.amount > 0;
	plan->sample_by = options->sample_by;
	plan->sampling_each = plan->sampling && (options->sample_by == SAMPLE_BY_EACH_KEY ||
	    (options->sample_by == SAMPLE_BY_BUDGET && options_key(options) != NULL));
	plan->policing = options->policing;
	plan->collapsing = options->collapse_ns != 0;
	plan->rated = options->rated;
	plan->by_key = options->rate_by_key;
	plan->max_record = is_bounded(options) ? options->max_record_bytes : UINT64_MAX;
	plan->ends_run = options->policy == POLICY_FAIL;
}

/* Only where something is left to chance the system is asked for a seed, and for a salt only where keys are looked
 * up.  That is none of --seed's: what everybody may know is no salt. */
static void
plan_chance(struct plan *plan, const struct options *options)
{
	const bool drawn = options->sample_by == SAMPLE_BY_RANDOM || options->policy == POLICY_DROP_RANDOM ||
	    options->weight_template != NULL;

	plan->seeded = options->seeded || !drawn;
	plan->seed = options->seed;
	plan->salted = options->rate_by_key || options->policy == POLICY_LATEST || options->policy == POLICY_FAIR ||
	    options->sample_by == SAMPLE_BY_EACH_KEY || plan->sampling_each || plan->collapsing || (options->control && options_key(options) != NULL);
}

/* With a spool: what has left is out, and nothing has a part in when it may. */
static bool
may_pass(const struct options *options)
{
	return options->spool_path != NULL && options->spool_sync_ns != SPOOL_SYNC_ALWAYS && options->framing.kind != FRAMING_BYTES &&
	    !options->rated && options->settle_ns == 0 && !options_mark(options) && !is_told_apart(options);
}

/* As much as the buffer has room for; what is to be read, where nobody says how much, half of that, so that something waits which
 * can give way.  (Who answers may want to have seen all of it first.) */
static uint64_t
most_in_flight(const struct options *options)
{
	const struct reader_options *reader = &options->reader;

	return reader->confirm == CONFIRM_READ && !reader->window_given ? options->buffer_bytes / 2 : options->buffer_bytes;
}

static void
plan_reader(struct plan *plan, const struct options *options)
{
	const struct reader_options *reader = &options->reader;
	const uint64_t buffer = options->buffer_bytes, most = most_in_flight(options);

	plan->flying = is_flying(options);
	plan->window = (struct tally){ UINT64_MAX, UINT64_MAX };
	if (plan->flying && !reader->batching)
		plan->window = (struct tally){ reader->window_records,
			reader->window_bytes < most ? reader->window_bytes : most };
	plan->batching = reader->batching;
	plan->batch = (struct tally){ reader->batch_records, reader->batch_bytes };
	if (plan->batching && plan->batch.bytes > buffer / reader->jobs) /* each finds room */
		plan->batch.bytes = buffer > reader->jobs ? buffer / reader->jobs : 1;
	plan->linger_ns = reader->linger_ns;
	plan->listed = reader->batching && options->framing.kind != FRAMING_BYTES &&
	    (reader->bisect || reader->number_template != NULL || options->weight_template != NULL || options->mark_template != NULL ||
	    options->keep != NULL || options->top_keys > 0 ||
	    (framing_noted(&options->framing) && options->dropped_path != NULL));
	plan->crediting = reader->credits_path != NULL;
	plan->numbered = plan->flying || reader->number_template != NULL;
	plan->number = reader->number_template;
	plan->weight = options->weight_template;
	plan->marks_answered = reader->confirm == CONFIRM_LINE;
}

struct plan
plan_of(const struct options *options, struct plan_ports ports)
{
	const bool drops = policy_drops(options->policy);
	const bool stream = is_stream(options, ports.messages);
	struct plan plan = {
		.policy = options->policy,
		.drops = drops,
		.framing = options->framing,
		.keep = options->keep,
		.key = options_key(options),
		.stream = stream,
		.splicing = stream && !options->rated && options->settle_ns == 0 && ports.can_splice && !is_told_apart(options) &&
		    options->spool_path == NULL && !framing_noted(&options->framing),
		.looking = framing_delimited(&options->framing),
		.patient = drops && options->spool_path == NULL && !options->reader.batching,
		.limits = limits_of(options),
		.parts = !drops && !stream && !is_flying(options) && options->spool_path == NULL,
		.spooled = options->spool_path != NULL,
		.passing = may_pass(options),
		.shedding = options->policy == POLICY_SHED,
		.controlled = options->policy == POLICY_CODEL,
	};

	plan_gates(&plan, options);
	plan_reader(&plan, options);
	plan_chance(&plan, options);
	return plan;
}

struct tuning
tuning_of(const struct options *options)
{
	const struct rate *rate = &options->rate;
	struct tuning tuning = {
		.rate = *rate,
		.burst = options->burst,
		.settle_ns = options->settle_ns,
		.police = options->police,
		.police_burst = options->police_burst,
		.marks = {
			.high = { options->high_records, options->high_bytes },
			.low = { options->low_records, options->low_bytes },
		},
		.sample = options->sample,
		.budget = options->budget,
		.collapse_ns = options->collapse_ns,
		.max_age_ns = options->max_age_ns,
		.codel_target_ns = options->codel_target_ns,
		.codel_interval_ns = options->codel_interval_ns,
		.shed = options->shed,
	};

	if (options->rated && tuning.burst == 0)
		tuning.burst = bucket_default_depth(rate->amount, rate->period_ns);
	return tuning;
}

bool
plan_allows(const struct plan *plan, const struct tuning *now, const struct tuning *next)
{
	if (plan->rated && now->rate.bytes != next->rate.bytes)
		return false;
	if (plan->policing && now->police.bytes != next->police.bytes)
		return false;
	if (!plan->sampling && next->sample.num != next->sample.den)
		return false;
	if ((now->budget.amount > 0) != (next->budget.amount > 0))
		return false;
	return !plan->stream || next->max_age_ns == 0;
}

size_t
plan_parts_from(const struct plan *plan, const struct tuning *tuning)
{
	return plan->parts ? (size_t)tuning->marks.high.bytes : SIZE_MAX;
}

uint64_t
plan_judge_at(const struct plan *plan, const struct tuning *tuning)
{
	return plan->max_record != UINT64_MAX ? UINT64_MAX : tuning->marks.high.bytes;
}
