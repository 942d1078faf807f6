/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/replan.h"
#include "flow/steered.h"

#include <string.h>

/* --- what cannot be had ---------------------------------------------------------------------------- */

static bool
keeps_the_same(const struct keep *one, const struct keep *other)
{
	if (keep_count(one) != keep_count(other))
		return false;
	for (unsigned class = keep_count(one); class > 0; class--)
		if (strcmp(keep_regex(one, class), keep_regex(other, class)) != 0)
			return false;
	return true;
}

const char *
pump_refuses(const struct pump *pump, const struct options *options)
{
	const struct plan *now = &pump->plan;
	const struct plan next = plan_of(options, pump->ports);
	const struct {
		bool is_so;
		const char *why;
	} rules[] = {
		{ !keeps_the_same(pump->options->keep, options->keep), "keep: cannot be changed while weir runs: what waits has been "
		    "looked at by the other expressions" },
		{ next.collapsing && pump->repeats == NULL, "collapse: cannot be had while weir runs, unless it was given at the start: "
		    "its marks have no place, nor has what has been let in" },
		{ now->stream && !next.stream && !heading_is_on(&pump->heading) && pump->ledger.out.records < options->header_records, "header: as long as its records have "
		    "not left, nothing can be had by which what comes does not go on as it is" },
		{ next.batching != now->batching, "batch: whether there are batches cannot be changed while weir runs" },
		{ next.policy == POLICY_LATEST && now->policy != POLICY_LATEST, "policy=latest: cannot be had while weir runs, unless "
		    "it was given at the start: what waits has not been noted by its keys" },
		{ now->spooled && next.policy != now->policy, "policy: cannot be changed while weir runs with --spool" },
		{ now->spooled && next.limits.bytes != now->limits.bytes,
		    "buffer: cannot be changed while weir runs with --spool" },
		{ next.limits.view > now->limits.view, "buffer: cannot be made larger while weir runs with --keep or --key, nor such "
		    "that longer records have to be looked at" },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].is_so)
			return rules[i].why;
	return NULL;
}

/* --- what it takes --------------------------------------------------------------------------------- */

/* What it goes on by.  What is not the options' to say, or is not to be changed, stays. */
static struct plan
next_plan(const struct pump *pump, const struct options *options)
{
	const struct plan *now = &pump->plan;
	struct plan next = plan_of(options, pump->ports);

	next.keep = now->keep;
	next.key = now->key;
	next.framing = now->framing;
	next.limits.view = now->limits.view;
	next.limits.beside = now->limits.beside;
	next.passing = next.passing && pump->outlet.marks == NULL; /* there may be some of what was asked for before */
	return next;
}

static bool
makes_buckets(bool had, bool wanted, const struct rate *was, const struct rate *is)
{
	return wanted && (!had || was->bytes != is->bytes);
}

/* Buckets that there have to be anew; *made is NULL where those that there are do.  False with errno. */
static bool
make_buckets(const struct buckets *there, bool wanted, const struct rate *was, const struct rate *is, uint64_t depth,
    struct buckets **made)
{
	return setup_buckets(made, makes_buckets(there != NULL, wanted, was, is), is, depth);
}

/* Those that are there goes on, are replaced, or are wanted no more. */
static void
take_buckets(struct buckets **there, bool wanted, struct buckets *made)
{
	if (wanted && made == NULL)
		return;
	buckets_free(*there);
	*there = made;
}

/* The same for what is kept of each key. */
static void
take_sampled_keys(struct pump *pump, bool wanted, struct recent *made)
{
	if (wanted && made == NULL)
		return;
	recent_free(pump->sampled_keys);
	pump->sampled_keys = made;
}

/* Memory: all that can fail. */
static bool
make_room(struct pump *pump, const struct plan *next)
{
	if (!next->spooled && queue_limit(&pump->queue, &next->limits) < 0)
		return false;
	if (!next->flying || flight_limit(&pump->flight, next->limits.bytes, next->limits.record) == 0)
		return true;
	if (!next->spooled)
		(void)queue_limit(&pump->queue, &pump->plan.limits); /* for which there is room */
	return false;
}

/* --- it goes on ------------------------------------------------------------------------------------ */

static void
replan_intake(struct pump *pump, struct chance own, uint64_t now_ns)
{
	const struct tuning *tuning = &pump->tuning;
	const struct gate_rules rules = setup_gate(pump, &own, pump->salt, now_ns);
	const struct gate_tuning gate = { tuning->collapse_ns, tuning->sample, tuning->budget, tuning->police, tuning->police_burst, rules.judge_at };

	intake_reform(&pump->intake, spooling_arrivals(pump), spooling_loss(pump), &rules, &gate, now_ns);
	if (pump_header_too_long(pump) && pump_is_reading(pump))
		pump->input = PUMP_STOPPED;
}

static void
replan_outlet(struct pump *pump, uint64_t now_ns)
{
	const struct plan *plan = &pump->plan;
	const struct tuning *tuning = &pump->tuning;
	struct outlet *outlet = &pump->outlet;

	/* Once nothing is read any more none is begun whose end is not here. */
	outlet->stream = plan->stream && (outlet->stream || pump_is_reading(pump));
	if (pump_is_reading(pump))
		outlet->parts_from = plan_parts_from(plan, tuning);
	toll_rerate(&outlet->toll, plan->rated ? &tuning->rate : NULL, tuning->burst, pump->outlet_buckets, now_ns);
	if (plan->flying)
		toll_set_flight(&outlet->toll, &pump->flight, &plan->window);
	if (plan->batching && !toll_batch_is_begun(&outlet->toll))
		toll_close_batch(&outlet->toll); /* one that was due, and could not be begun, may not be by now */
	bypass_allow(&pump->bypass, plan->splicing && !pump->discarding);
}

/* What gives way, from the next verdict on. */
static void
replan_policy(struct pump *pump, enum policy before, struct chance own, uint64_t now_ns)
{
	const struct plan *plan = &pump->plan;

	pump->level.drops = plan->drops;
	if (plan->drops)
		level_resume(&pump->level, now_ns);
	if (plan->policy == before)
		return;
	policy_change(before, plan->policy, &pump->shed, &pump->queue, own);
	age_init(&pump->age, plan->controlled, pump->tuning.max_age_ns, pump->tuning.codel_target_ns,
	    pump->tuning.codel_interval_ns);
}

int
pump_replan(struct pump *pump, const struct options *options, uint64_t now_ns)
{
	const struct plan next = next_plan(pump, options);
	const struct tuning before = pump->tuning, tuning = tuning_of(options);
	const enum policy policy = pump->plan.policy;
	const bool in = next.policing && next.by_key, out = next.rated && next.by_key;
	struct buckets *intake = NULL, *outlet = NULL;
	struct recent *sampled = NULL;
	struct chance gates, victims;

	if (!make_buckets(pump->intake_buckets, in, &before.police, &tuning.police, tuning.police_burst, &intake) ||
	    !make_buckets(pump->outlet_buckets, out, &before.rate, &tuning.rate, tuning.burst, &outlet) ||
	    !setup_sampled_keys(&sampled, next.sampling_each && pump->sampled_keys == NULL) ||
	    !make_room(pump, &next)) {
		buckets_free(intake);
		buckets_free(outlet);
		recent_free(sampled);
		return -1;
	}
	take_buckets(&pump->intake_buckets, in, intake);
	take_buckets(&pump->outlet_buckets, out, outlet);
	take_sampled_keys(pump, next.sampling_each, sampled);
	pump->plan = next;
	pump->tuning = tuning;
	setup_chances(&next, &gates, &victims); /* of what is new: what is there goes on with its own */
	loss_pass(&pump->loss, now_ns);
	replan_intake(pump, gates, now_ns);
	replan_outlet(pump, now_ns);
	replan_policy(pump, policy, victims, now_ns);
	pump_retune(pump, &tuning, now_ns);
	pump_look_again(pump);
	return 0;
}
