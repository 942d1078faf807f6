/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/plan.h"

/* Whether records have to pass something that may leave them out, or that may take them away again. */
static bool
is_gated(const struct options *options)
{
	return options->sample.den > 1 || options->policing || options->max_age_ns != 0;
}

/* Bytes go on as they come: there are no records, or nothing is asked of them. */
static bool
is_stream(const struct options *options, bool messages)
{
	return options->framing.kind == FRAMING_BYTES || (!policy_drops(options->policy) && !is_gated(options) &&
	    !options->rated && !messages);
}

static struct queue_limits
limits_of(const struct options *options)
{
	const bool drops = policy_drops(options->policy);
	struct queue_limits limits = {
		.bytes = (size_t)options->buffer_bytes,
		.records = options->max_records,
		.slack = drops || is_gated(options) ? PLAN_READ_MOST : 0,
		.record = drops ? (size_t)options->max_record_bytes : 0,
	};

	if (options->keep != NULL || options_key(options) != NULL)
		limits.view = PLAN_READ_MOST + (size_t)(drops ? options->max_record_bytes : options->high_bytes);
	return limits;
}

static void
plan_gates(struct plan *plan, const struct options *options)
{
	plan->sampling = options->sample.den > 1;
	plan->policing = options->policing;
	plan->rated = options->rated;
	plan->by_key = options->rate_by_key;
	plan->max_record = plan->drops ? options->max_record_bytes : UINT64_MAX;
	plan->judge_at = plan->drops ? UINT64_MAX : options->high_bytes;
	plan->ends_run = options->policy == POLICY_FAIL;
}

/* Only where something is left to chance the system is asked for a seed, and for a salt only where keys are looked
 * up.  That is none of --seed's: what everybody may know is no salt. */
static void
plan_chance(struct plan *plan, const struct options *options)
{
	const bool drawn = options->sample_by == SAMPLE_BY_RANDOM || options->policy == POLICY_DROP_RANDOM;

	plan->seeded = options->seeded || !drawn;
	plan->seed = options->seed;
	plan->salted = options->rate_by_key || options->policy == POLICY_LATEST;
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
		.splicing = stream && !options->rated && ports.can_splice,
		.looking = framing_delimited(&options->framing),
		.limits = limits_of(options),
		.parts_from = drops || stream ? SIZE_MAX : (size_t)options->high_bytes,
		.shedding = options->policy == POLICY_SHED,
		.controlled = options->policy == POLICY_CODEL,
	};

	plan_gates(&plan, options);
	plan_chance(&plan, options);
	return plan;
}
