/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which records may come in, by a clock that the test sets: one by one, against figures of this file's own.
 */
#include "../tap.h"

#include "../random.h"
#include "flow/gate.h"

#include <string.h>

#define MS NS_PER_MS
#define KEYS 6

static struct gate gate;
static struct keep *keep;
static struct key_rule first_field = { .separator = KEY_BLANKS };

static void
must(bool good)
{
	if (!good)
		abort();
}

/* Rules that let all in. */
static struct gate_rules
open_rules(void)
{
	return (struct gate_rules){ .max_record = UINT64_MAX, .judge_at = UINT64_MAX };
}

static struct gate_rules
sample_rules(uint64_t num, uint64_t den, enum sample_by by)
{
	struct gate_rules rules = open_rules();
	struct chance chance;

	chance_init(&chance, true, 1);
	rules.sampling = true;
	sample_init(&rules.sample, &(struct share){ num, den }, by, by == SAMPLE_BY_RANDOM ? &chance : NULL);
	return rules;
}

static struct gate_rules
police_rules(uint64_t amount, uint64_t period_ns, uint64_t burst, bool bytes)
{
	struct gate_rules rules = open_rules();

	rules.policing = true;
	rules.police_bytes = bytes;
	bucket_init(&rules.police, amount, period_ns, burst, 0);
	return rules;
}

static const char *
verdict(bool good, enum reason reason)
{
	return good ? "in" : reason_name(reason);
}

/* What becomes of a line, its delimiter left out here. */
static const char *
asked(const char *text, uint64_t now)
{
	const struct queue_record record = { text, strlen(text) + 1, strlen(text) };
	enum reason reason = REASON_OLDEST;
	bool good = gate_admits(&gate, &record, true, now, &reason);

	return verdict(good, reason);
}

/* --- by number -------------------------------------------------------------------------------------- */

static void
lets_all_in(void)
{
	struct gate_rules rules = open_rules();

	gate_init(&gate, &rules);
	ok(!gate.counts && !gate.judges, "without rules nothing is counted or looked at");
	is(gate_next(&gate) + gate_next(&gate), 0, "and none is left out");
}

static void
counts(void)
{
	struct gate_rules rules = sample_rules(3, 10, SAMPLE_BY_COUNT);
	uint64_t number = 0;
	bool good = true;

	gate_init(&gate, &rules);
	ok(gate.counts && !gate.judges && !gate.looks, "a sample by count is drawn unseen");
	for (uint64_t k = 0; k < 1000 && good; k++) {
		number += gate_next(&gate);
		good = number++ == k * 10 / 3;
	}
	ok(good, "the first of every so many, in the right places");
	rules = sample_rules(1, 4, SAMPLE_BY_RANDOM);
	gate_init(&gate, &rules);
	number = 0;
	for (int k = 0; k < 10000; k++)
		number += 1 + gate_next(&gate);
	ok(gate.counts && number > 39000 && number < 41000, "one by chance, too: %" PRIu64 " for 10000", number);
}

/* The police looks at what is not left out by its number; it draws no sample of its own. */
static void
counts_and_judges(void)
{
	struct gate_rules rules = sample_rules(1, 3, SAMPLE_BY_COUNT);

	rules.policing = true;
	bucket_init(&rules.police, 1, NS_PER_S, 2, 0);
	gate_init(&gate, &rules);
	ok(gate.counts && gate.judges && !gate.looks, "a sample by count, and a rate: only lengths matter");
	is(gate_next(&gate), 0, "the first is not left out");
	is_text(asked("a", 0), "in", "and comes in");
	is(gate_next(&gate), 2, "two are");
	is_text(asked("a", 0), "in", "the next comes in");
	is(gate_next(&gate), 2, "and so on");
	is_text(asked("a", 0), "over", "though it may come too fast");
}

/* --- by what has come before ----------------------------------------------------------------------------- */

/* The same line, of which not all is here. */
static const char *
asked_part(const char *text, uint64_t now)
{
	const struct queue_record record = { text, strlen(text), strlen(text) };
	enum reason reason = REASON_OLDEST;
	bool good = gate_admits(&gate, &record, false, now, &reason);

	return verdict(good, reason);
}

static struct gate_rules
repeats_rules(struct gate_rules rules)
{
	must((rules.repeats = repeats_new(100, NULL, 5)) != NULL);
	rules.repeats_ns = 10 * MS;
	return rules;
}

static void
leaves_out_repeats(void)
{
	struct gate_rules rules = repeats_rules(open_rules());
	struct repeats *repeats = rules.repeats;
	const struct gate_tuning longer = { .sample = { 1, 1 }, .repeats_ns = 20 * MS };

	gate_init(&gate, &rules);
	ok(!gate.counts && gate.judges && gate.looks, "repeats have to be looked at");
	is_text(asked("a", 1 * MS), "in", "the first comes in");
	is_text(asked("b", 2 * MS), "in", "and another one");
	is_text(asked("a", 3 * MS), "repeated", "an equal one is a repeat");
	ok(gate_since_ns(&gate) == 2 * MS && gate_until_ns(&gate) == 11 * MS,
	    "it is known since when it has been so for the reader, and until when it would be");
	is_text(asked_part("a", 4 * MS), "in", "of which not all is here is equal to none,");
	is_text(asked_part("c", 4 * MS), "in", "nor");
	is_text(asked("c", 5 * MS), "in", "is another equal to it");
	is_text(asked("a", 11 * MS), "in", "after that time it comes in,");
	(void)gate_retune(&gate, &longer, 12 * MS);
	is_text(asked("a", 30 * MS), "repeated", "which may be another one from now on");
	is_text(asked("a", 31 * MS), "in", "and counts from when it was let in");
	rules.repeats = NULL;
	(void)gate_reform(&gate, &rules, &longer, 32 * MS);
	is_text(asked("a", 32 * MS), "in", "they are left out no more,");
	repeats_free(repeats);
}

static void
repeats_cost_nothing(void)
{
	struct gate_rules rules = repeats_rules(police_rules(1, NS_PER_S, 2, false));
	struct repeats *repeats = rules.repeats;
	const struct gate_tuning tuning = { .sample = { 1, 3 }, .police = { 1, NS_PER_S, false }, .police_burst = 2,
		.repeats_ns = 10 * MS };

	gate_init(&gate, &rules);
	is_text(asked("a", 0), "in", "with a rate: one");
	is_text(asked("a", 0), "repeated", "and its repeat,");
	is_text(asked("b", 0), "in", "which has used up nothing;");
	is_text(asked("c", 0), "over", "what comes too fast");
	is_text(asked("c", 0), "over", "has not been let in");
	rules = sample_rules(1, 3, SAMPLE_BY_COUNT);
	rules.repeats = repeats;
	rules.repeats_ns = 10 * MS;
	repeats_clear(repeats);
	gate_init(&gate, &rules);
	ok(!gate.counts && gate.draws, "a sample by count is of what is no repeat");
	is_text(asked("a", 0), "in", "the first");
	is_text(asked("a", 0), "repeated", "is not the second");
	is_text(asked("b", 0), "sample", "which is left out");
	is_text(asked("b", 0), "sample", "twice, for it is not in");
	is_text(asked("b", 0), "in", "until it is");
	rules.repeats = NULL;
	ok(gate_reform(&gate, &rules, &tuning, 0) && gate.counts, "where they are left out no more it is drawn unseen, anew,");
	is(gate_next(&gate), 0, "from its first");
	is(gate_next(&gate), 2, "on");
	rules.repeats = repeats;
	ok(gate_reform(&gate, &rules, &tuning, 0) && gate.draws, "and the other way round;");
	is_text(asked("a", 0), "in", "then nothing is known of what came before");
	is_text(asked("a", 0), "repeated", "but of what came since");
	repeats_free(repeats);
}

/* --- by what it says ---------------------------------------------------------------------------------- */

static void
keeps(void)
{
	struct gate_rules rules = sample_rules(1, 3, SAMPLE_BY_COUNT);

	rules.keep = keep;
	gate_init(&gate, &rules);
	ok(!gate.counts && gate.judges && gate.looks, "where some are kept all have to be seen");
	is(gate_next(&gate), 0, "and none is left out by its number");
	is_text(asked("one", 0), "in", "the first of three is in the sample,");
	is_text(asked("an error", 0), "in", "what is kept comes in as well,");
	is_text(asked("two", 0), "sample", "and is not counted: the second is not,");
	is_text(asked("errors", 0), "in", "whatever comes between,");
	is_text(asked("three", 0), "sample", "nor is the third,");
	is_text(asked("four", 0), "in", "but the fourth is");
}

static void
keeps_in_time(void)
{
	struct gate_rules rules = police_rules(1, 100 * MS, 3, false);

	rules.keep = keep;
	gate_init(&gate, &rules);
	is_text(asked("one", 0), "in", "--drop-over, burst 3: one,");
	is_text(asked("error", 0), "in", "what is kept uses up what is there,");
	is_text(asked("two", 0), "in", "two,");
	is_text(asked("error", 0), "in", "and comes in when nothing is,");
	is_text(asked("three", 0), "over", "unlike others,");
	is_text(asked("three", 100 * MS - 1), "over", "who are not charged for it,");
	is_text(asked("three", 100 * MS), "in", "nor for what was kept: a token later one comes in");
	is_text(asked("error", 150 * MS), "in", "half a token");
	is_text(asked("three", 200 * MS), "in", "is left where it is");
}

static void
polices_bytes(void)
{
	struct gate_rules rules = police_rules(10, 100 * MS, 10, true);

	gate_init(&gate, &rules);
	is_text(asked("12345", 0), "in", "--drop-over of bytes: six of ten,");
	is_text(asked("1234", 0), "over", "but not five more,");
	is_text(asked("123", 0), "in", "though four: the delimiter counts");
	is_text(asked("", 0), "over", "then none");
	is_text(asked("a record longer than the burst", 100 * MS), "in", "a long one when the bucket is full");
	is_text(asked("", 300 * MS), "over", "which then is in debt");
	is_text(asked("", 320 * MS), "in", "for as long as it takes");
}

static void
samples_keys(void)
{
	static const uint64_t nums[] = { 1, 3, 6, 10 };
	bool whole = true, nested = true, other = false;
	unsigned in[4] = { 0, 0, 0, 0 };
	char text[32];

	for (unsigned key = 0; key < 1000; key++) {
		bool was_in = false;

		(void)snprintf(text, sizeof(text), "key%u and more", key);
		for (unsigned i = 0; i < 4; i++) {
			struct gate_rules rules = sample_rules(nums[i], 10, SAMPLE_BY_KEY);
			bool is_in;

			rules.key = &first_field;
			gate_init(&gate, &rules);
			is_in = strcmp(asked(text, 0), "in") == 0;
			whole = whole && strcmp(asked(text, 1), is_in ? "in" : "sample") == 0;
			nested = nested && (is_in || !was_in);
			was_in = is_in;
			in[i] += is_in;
			gate.rules.seed = 1;
			other = other || is_in != (strcmp(asked(text, 0), "in") == 0);
		}
	}
	ok(whole && !gate.counts && gate.judges, "a key is in the sample or it is not");
	ok(nested, "and stays when the share is greater");
	ok(in[0] > 60 && in[0] < 140 && in[1] > 240 && in[1] < 360 && in[2] > 540 && in[2] < 660 && in[3] == 1000,
	    "%u, %u, %u and %u of 1000", in[0], in[1], in[2], in[3]);
	ok(other, "another seed draws others");
}

/* What is not in the sample is not charged for. */
static void
samples_first(void)
{
	struct gate_rules rules = sample_rules(1, 2, SAMPLE_BY_COUNT);

	rules.keep = keep;
	rules.policing = true;
	bucket_init(&rules.police, 1, NS_PER_S, 2, 0);
	gate_init(&gate, &rules);
	is_text(asked("1", 0), "in", "1 in 2, burst 2: the first,");
	is_text(asked("2", 0), "sample", "not the second,");
	is_text(asked("3", 0), "in", "the third,");
	is_text(asked("4", 0), "sample", "not the fourth, for the same reason,");
	is_text(asked("5", 0), "over", "and the fifth for another");
}

/* --- other values ------------------------------------------------------------------------------------- */

static void
retunes_numbers(void)
{
	struct gate_rules rules = sample_rules(1, 10, SAMPLE_BY_COUNT);
	const struct gate_tuning third = { .sample = { 1, 3 }, .judge_at = 77 };
	uint64_t gap;

	gate_init(&gate, &rules);
	must(gate_next(&gate) == 0);
	ok(gate_retune(&gate, &third, 0), "retuned: another share begins anew");
	is(gate.rules.judge_at, 77, "retuned: by as much a record is judged");
	gap = gate_next(&gate);
	ok(gap == 0 && gate_next(&gate) == 2, "retuned: the next record is its first");
	ok(!gate_retune(&gate, &third, 0) && gate_next(&gate) == 2, "retuned: the same goes on");
	rules = open_rules();
	gate_init(&gate, &rules);
	ok(!gate_retune(&gate, &third, 0) && gate_next(&gate) == 0, "retuned: where there is no sample none begins");
}

static void
retunes_police(void)
{
	struct gate_rules rules = police_rules(1, 100 * MS, 3, false);
	struct gate_tuning tuning = { .sample = { 1, 1 }, .police = { 1, MS, false }, .police_burst = 2 };

	gate_init(&gate, &rules);
	ok(!gate_retune(&gate, &tuning, 0), "retuned: a rate begins no sample");
	is_text(asked("1", 0), "in", "retuned: a lesser burst");
	is_text(asked("2", 0), "in", "has two tokens left of three,");
	is_text(asked("3", 0), "over", "and no more,");
	is_text(asked("3", MS), "in", "but one comes in as soon as the new rate says");
	rules = police_rules(1, 100 * MS, 1, false);
	rules.key = &first_field;
	must((rules.police_by = buckets_new(1, 100 * MS, 1, KEYS)) != NULL);
	gate_init(&gate, &rules);
	must(strcmp(asked("a", 0), "in") == 0 && strcmp(asked("a", MS), "over") == 0);
	(void)gate_retune(&gate, &tuning, MS);
	is_text(asked("a", MS), "over", "retuned: by key, too, tokens stay,");
	is_text(asked("a", 3 * MS), "in", "and come at the new rate;");
	is_text(asked("b", 3 * MS), "in", "a new key has");
	is_text(asked("b", 3 * MS), "in", "the new burst");
	buckets_free(rules.police_by);
}

static void
retunes_what_is_seen(void)
{
	struct gate_rules rules = sample_rules(1, 10, SAMPLE_BY_COUNT);
	const struct gate_tuning half = { .sample = { 1, 2 } };

	rules.keep = keep;
	gate_init(&gate, &rules);
	must(strcmp(asked("1", 0), "in") == 0 && strcmp(asked("2", 0), "sample") == 0);
	ok(gate_retune(&gate, &half, 0) && gate_next(&gate) == 0, "retuned: a sample of what has to be seen");
	is_text(asked("3", 0), "in", "begins with the next");
	is_text(asked("4", 0), "sample", "and goes on");
	is_text(asked("5", 0), "in", "with the new share");
}

static void
retunes_keys(void)
{
	struct gate_rules rules = sample_rules(1, 10, SAMPLE_BY_KEY);
	const struct gate_tuning more = { .sample = { 6, 10 } };
	bool stay = true;
	unsigned in = 0;
	char text[32];

	rules.key = &first_field;
	for (unsigned key = 0; key < 1000; key++) {
		bool was_in;

		(void)snprintf(text, sizeof(text), "key%u and more", key);
		gate_init(&gate, &rules);
		was_in = strcmp(asked(text, 0), "in") == 0;
		(void)gate_retune(&gate, &more, 0);
		if (strcmp(asked(text, 0), "in") == 0)
			in++;
		else
			stay = stay && !was_in;
	}
	ok(stay && in > 540 && in < 660, "retuned: a greater share of keys has those that were in: %u of 1000", in);
}

/* --- any ---------------------------------------------------------------------------------------------- */

struct model {
	uint64_t gap;
	int64_t level[KEYS]; /* in tokens */
};

/* Time passes in whole periods, so that there are no fractions of a token.  The share is 1 in den, the sample by count. */
static const char *
expected(struct model *m, const struct gate_rules *rules, uint64_t den, unsigned key, size_t length, bool kept)
{
	int64_t depth = (int64_t)rules->police.depth;
	int64_t *level = &m->level[rules->police_by != NULL ? key : 0];
	int64_t cost = (int64_t)(rules->police_bytes ? length : 1);

	if (rules->sampling && !kept) {
		bool out = m->gap > 0;

		m->gap = out ? m->gap - 1 : den - 1;
		if (out)
			return "sample";
	}
	if (!rules->policing)
		return "in";
	if (*level >= (cost < depth ? cost : depth))
		*level -= cost;
	else if (!kept)
		return "over";
	else if (*level > 0)
		*level = 0;
	return "in";
}

/* Another share, and another rate where it is one for all. */
static void
retune_any(struct random *random, struct model *m, uint64_t *den, uint64_t *amount, uint64_t *burst, uint64_t now)
{
	uint64_t was = *den;
	struct gate_tuning tuning;

	*den = random_from(random, 1, 4);
	if (gate.rules.police_by == NULL) {
		*amount = random_from(random, 1, 30);
		*burst = random_from(random, 1, 60);
	}
	if (m->level[0] > (int64_t)*burst)
		m->level[0] = (int64_t)*burst;
	if (*den != was)
		m->gap = 0;
	tuning = (struct gate_tuning){ .sample = { 1, *den }, .police_burst = *burst };
	tuning.police = (struct rate){ *amount, 1000, gate.rules.police_bytes };
	(void)gate_retune(&gate, &tuning, now);
}

static bool
judges_right(uint64_t seed)
{
	struct random random = { seed };
	uint64_t den = random_from(&random, 1, 4), amount = random_from(&random, 1, 30), now = 0;
	uint64_t burst = random_from(&random, 1, 60);
	struct gate_rules rules = police_rules(amount, 1000, burst, random_one_in(&random, 2));
	bool by_key = random_one_in(&random, 2), good = true;
	struct model m = { .gap = 0 };

	if (by_key)
		must((rules.police_by = buckets_new(amount, 1000, burst, KEYS)) != NULL);
	rules.policing = !random_one_in(&random, 5);
	rules.keep = keep;
	rules.key = &first_field;
	rules.salt = 5;
	if (random_one_in(&random, 2)) {
		rules.sampling = true;
		sample_init(&rules.sample, &(struct share){ 1, den }, SAMPLE_BY_COUNT, NULL);
	}
	gate_init(&gate, &rules);
	for (unsigned i = 0; i < KEYS; i++)
		m.level[i] = (int64_t)burst;
	for (unsigned i = 0; i < 500 && good; i++) {
		unsigned key = (unsigned)random_below(&random, KEYS);
		bool kept = random_one_in(&random, 5) && keep_count(keep) > 0;
		uint64_t step = random_one_in(&random, 2) ? 0 : 1000 * random_below(&random, 4);
		const char *want, *got;
		char text[64];

		now += step;
		for (unsigned j = 0; j < KEYS; j++) {
			m.level[j] += (int64_t)(step / 1000 * amount);
			if (m.level[j] > (int64_t)burst)
				m.level[j] = (int64_t)burst;
		}
		(void)snprintf(text, sizeof(text), "%c %.*s%s", 'a' + (int)key, (int)random_below(&random, 30),
		    "..............................", kept ? "error" : "");
		if (seed % 2 == 0 && random_one_in(&random, 20))
			retune_any(&random, &m, &den, &amount, &burst, now);
		want = expected(&m, &gate.rules, den, key, strlen(text) + 1, kept);
		got = asked(text, now);
		good = strcmp(got, want) == 0;
		if (!good)
			diag("seed %" PRIu64 ", record %u \"%s\": %s, the model says %s", seed, i, text, got, want);
	}
	buckets_free(rules.police_by);
	return good;
}

static void
any_rules(void)
{
	bool good = true;

	for (uint64_t seed = 1; seed <= 300 && good; seed++)
		good = judges_right(seed);
	ok(good, "of any records those come in that should, and the others do not for the right reason");
}

int
main(void)
{
	char error[PATTERN_ERROR_MOST];

	must(key_parse(&first_field, "1", error) == NULL);
	lets_all_in();
	counts();
	counts_and_judges();
	leaves_out_repeats();
	repeats_cost_nothing();
	polices_bytes();
	samples_keys();
	retunes_numbers();
	retunes_police();
	retunes_keys();
	must((keep = keep_new()) != NULL);
	if (keep_add(keep, "error", error)) { /* not without PCRE2 */
		keeps();
		keeps_in_time();
		samples_first();
		retunes_what_is_seen();
	}
	any_rules();
	keep_free(keep);
	key_clear(&first_field);
	return done_testing();
}
