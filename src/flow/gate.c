/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/gate.h"

void
gate_init(struct gate *gate, const struct gate_rules *rules)
{
	const enum sample_by by = sample_way(&rules->sample);
	const bool seen = rules->keep != NULL || rules->repeats != NULL || (by != SAMPLE_BY_COUNT && by != SAMPLE_BY_RANDOM);

	*gate = (struct gate){
		.rules = *rules,
		.counts = rules->sampling && !seen,
		.judges = rules->policing || (rules->sampling && seen) || rules->repeats != NULL,
		.looks = rules->keep != NULL || rules->key != NULL || rules->repeats != NULL,
		.draws = rules->sampling && seen,
		.weight = WEIGHT_ONE,
	};
	if (gate->draws)
		gate->gap = sample_gap(&gate->rules.sample);
}

uint64_t
gate_next(struct gate *gate)
{
	return gate->counts ? sample_gap(&gate->rules.sample) : 0;
}

uint64_t
gate_weight(const struct gate *gate)
{
	return gate->counts ? sample_weight(&gate->rules.sample, false) : gate->weight;
}

static bool
retune_sample(struct gate *gate, const struct share *share)
{
	struct sample *sample = &gate->rules.sample;

	if (!gate->rules.sampling || sample_way(sample) == SAMPLE_BY_BUDGET || sample_has_share(sample, share))
		return false;
	sample_retune(sample, share);
	if (gate->rules.sample_by != NULL)
		recent_clear(gate->rules.sample_by);
	if (gate->draws)
		gate->gap = sample_gap(sample);
	return true;
}

bool
gate_retune(struct gate *gate, const struct gate_tuning *tuning, uint64_t now_ns)
{
	struct gate_rules *rules = &gate->rules;
	const struct rate *police = &tuning->police;

	if (rules->policing && rules->police_by != NULL)
		buckets_retune(rules->police_by, police->amount, police->period_ns, tuning->police_burst, now_ns);
	else if (rules->policing)
		bucket_retune(&rules->police, police->amount, police->period_ns, tuning->police_burst, now_ns);
	rules->judge_at = tuning->judge_at;
	rules->repeats_ns = tuning->repeats_ns;
	if (rules->sampling && sample_way(&rules->sample) == SAMPLE_BY_BUDGET)
		budget_retune(&rules->budget, &tuning->budget);
	return retune_sample(gate, &tuning->sample);
}

bool
gate_reform(struct gate *gate, const struct gate_rules *rules, const struct gate_tuning *tuning, uint64_t now_ns)
{
	const struct gate before = *gate;
	const bool both = before.rules.sampling && rules->sampling;
	bool goes_on = both && sample_way(&before.rules.sample) == sample_way(&rules->sample);

	gate_init(gate, rules);
	goes_on = goes_on && gate->counts == before.counts; /* else how far it was is known elsewhere */
	gate->since_ns = before.since_ns;
	if (goes_on) {
		gate->rules.sample = before.rules.sample;
		gate->rules.budget = before.rules.budget;
		gate->gap = before.gap;
	} else if (both && rules->sample_by != NULL) {
		recent_clear(rules->sample_by); /* what is kept of each key is of another kind */
	}
	if (before.rules.repeats == NULL && rules->repeats != NULL)
		repeats_clear(rules->repeats);
	if (before.rules.policing && rules->policing && before.rules.police_bytes == rules->police_bytes)
		gate->rules.police = before.rules.police;
	return gate_retune(gate, tuning, now_ns) || (!goes_on && (before.rules.sampling || rules->sampling));
}

/* Something for each key, by which the sample goes. */
static bool
is_in_sample_of_key(struct gate *gate, struct key key, uint64_t now_ns)
{
	struct gate_rules *rules = &gate->rules;
	struct sample *sample = &rules->sample;
	const uint64_t hash = key_hash(key, rules->salt);
	bool is_new;
	void *of_key = recent_of(rules->sample_by, hash, &is_new);

	if (sample_way(sample) == SAMPLE_BY_EACH_KEY) {
		gate->weight = sample_weight(sample, is_new);
		return sample_has_next(sample, of_key, is_new);
	}
	if (is_new)
		budget_key_init(of_key, rules->weighing ? sample_lot(sample) : hash, now_ns);
	if (!budget_has_of_key(&rules->budget, of_key, now_ns))
		return false;
	gate->weight = budget_weight(&rules->budget);
	return true;
}

/* A sample that is not drawn unseen. */
static bool
is_in_sample(struct gate *gate, struct key key, uint64_t now_ns)
{
	struct sample *sample = &gate->rules.sample;

	if (gate->rules.sample_by != NULL)
		return is_in_sample_of_key(gate, key, now_ns);
	if (sample_way(sample) == SAMPLE_BY_BUDGET) {
		const bool is_in = budget_has(&gate->rules.budget, now_ns);

		gate->weight = budget_weight(&gate->rules.budget);
		return is_in;
	}
	gate->weight = sample_weight(sample, false);
	if (sample_way(sample) == SAMPLE_BY_KEY)
		return sample_has(sample, key_hash(key, gate->rules.seed));
	if (gate->gap > 0) {
		gate->gap--;
		return false;
	}
	gate->gap = sample_gap(sample);
	return true;
}

/* Whether the police has nothing against it; what is kept all the same uses up what is there, and no more. */
static bool
is_in_time(struct gate_rules *rules, struct key key, size_t length, bool kept, uint64_t now_ns)
{
	struct bucket *bucket = &rules->police;
	uint64_t cost = rules->police_bytes ? length : 1;
	bool allowed;

	if (rules->police_by != NULL)
		bucket = buckets_of(rules->police_by, key_hash(key, rules->salt), now_ns);
	else
		bucket_refill(bucket, now_ns, 0);
	allowed = bucket_allows(bucket, cost);
	if (!allowed && kept)
		cost = bucket_tokens(bucket);
	if (allowed || kept)
		bucket_charge(bucket, cost);
	return allowed || kept;
}

/* Whether what comes in by its number, or is new, passes what goes by what it says. */
static bool
passes(struct gate *gate, const struct queue_record *record, uint64_t now_ns, enum reason *reason)
{
	struct gate_rules *rules = &gate->rules;
	struct key key = { record->text, 0 };
	bool kept = rules->keep != NULL && keep_class(rules->keep, record->text, record->body) > 0;

	if (rules->key != NULL)
		key = key_of(rules->key, record->text, record->body);
	gate->weight = WEIGHT_ONE;
	*reason = REASON_SAMPLE;
	if (gate->draws && !kept && !is_in_sample(gate, key, now_ns))
		return false;
	if (gate->draws && kept && sample_way(&rules->sample) == SAMPLE_BY_BUDGET)
		budget_charge(&rules->budget);
	*reason = REASON_OVER;
	return !rules->policing || is_in_time(rules, key, record->length, kept, now_ns);
}

bool
gate_admits(struct gate *gate, const struct queue_record *record, bool whole, uint64_t now_ns, enum reason *reason)
{
	const struct gate_rules *rules = &gate->rules;
	const bool others = gate->draws || rules->policing;

	*reason = REASON_REPEATED;
	if (rules->repeats != NULL && whole &&
	    repeats_has(rules->repeats, record->text, record->body, rules->repeats_ns, now_ns, &gate->until_ns))
		return false;
	if (others && !passes(gate, record, now_ns, reason))
		return false;
	gate->since_ns = now_ns;
	if (rules->repeats != NULL && whole)
		repeats_let_in(rules->repeats, now_ns);
	return true;
}

uint64_t
gate_since_ns(const struct gate *gate)
{
	return gate->since_ns;
}

uint64_t
gate_until_ns(const struct gate *gate)
{
	return gate->until_ns;
}
