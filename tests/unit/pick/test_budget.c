/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads that rise and fall, in reads of a millisecond: what is let in is what may be; of keys as the share of each says. */
#include "../tap.h"

#include "../random.h"
#include "pick/budget.h"

#define READ_NS NS_PER_MS

static struct budget budget;
static uint64_t now_ns = 1;
static struct random dice = { 5 };

/* So many come in this millisecond of a load of so many a second. */
static uint64_t
come(double load, double *rest)
{
	uint64_t whole;

	*rest += load / 1000;
	whole = (uint64_t)*rest;
	*rest -= (double)whole;
	return whole;
}

/* How many of a load are let in within so many seconds. */
static uint64_t
let_in(double load, unsigned in_s)
{
	uint64_t in = 0;
	double rest = 0;

	for (unsigned ms = 0; ms < in_s * 1000; ms++, now_ns += READ_NS)
		for (uint64_t left = come(load, &rest); left > 0; left--)
			in += budget_has(&budget, now_ns);
	return in;
}

static bool
is_near(uint64_t got, double want, double percent)
{
	return (double)got >= want * (1 - percent / 100) && (double)got <= want * (1 + percent / 100);
}

static void
steps(void)
{
	static const double loads[] = { 1000, 10000, 100000, 1000000, 50000, 1000, 700, 3000, 300000, 1000000, 1000 };
	const struct rate rate = { 500, NS_PER_S, false };

	budget_init(&budget, &rate, now_ns);
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		const uint64_t in = let_in(loads[i], 10);

		ok(is_near(in, 5000, 2), "%.0f/s: 5000 in ten seconds, give or take 2%%: %" PRIu64, loads[i], in);
	}
}

static void
below(void)
{
	const struct rate rate = { 30000, 60 * NS_PER_S, false };
	uint64_t in;

	budget_init(&budget, &rate, now_ns);
	is(let_in(200, 10), 2000, "less than may be let in all comes in");
	in = let_in(1000000, 10);
	ok(in >= 5000 && in <= 5000 + BUDGET_SAVED_S * 500, "behind that no more than what was saved besides: %" PRIu64, in);
	now_ns += 1000 * NS_PER_S;
	in = let_in(1000000, 10);
	ok(in >= 5000 && in <= 5000 + BUDGET_SAVED_S * 500, "however long nothing came: %" PRIu64, in);
}

/* One in ten seconds, where six a minute are more than that. */
static void
seldom(void)
{
	const struct rate rate = { 7, 60 * NS_PER_S, false };
	bool all = true;

	budget_init(&budget, &rate, now_ns);
	for (int i = 0; i < 20; i++, now_ns += 10 * NS_PER_S)
		all = budget_has(&budget, now_ns) && all;
	ok(all, "one every ten seconds, with seven a minute to spend: all, from the first on");
}

static void
bursts(void)
{
	const struct rate rate = { 500, NS_PER_S, false };
	uint64_t in = 0;

	budget_init(&budget, &rate, now_ns);
	for (int second = 0; second < 40; second++, now_ns += NS_PER_S)
		for (int i = 0; i < 3000; i++)
			in += budget_has(&budget, now_ns) && second >= 10;
	ok(is_near(in, 30 * 500, 5), "all of a second at once: %" PRIu64, in);
	in = 0;
	for (int i = 0; i < 1000000; i++)
		in += budget_has(&budget, now_ns);
	ok(in <= BUDGET_SAVED_S * 500, "a million at once: %" PRIu64, in);
}

static void
retuned(void)
{
	struct rate rate = { 500, NS_PER_S, false };
	uint64_t in;

	budget_init(&budget, &rate, now_ns);
	(void)let_in(100000, 5);
	rate.amount = 50;
	budget_retune(&budget, &rate);
	(void)let_in(100000, 5);
	in = let_in(100000, 10);
	ok(is_near(in, 500, 2), "less: %" PRIu64, in);
	rate.amount = 5000;
	budget_retune(&budget, &rate);
	(void)let_in(100000, 5);
	in = let_in(100000, 10);
	ok(is_near(in, 50000, 2), "more: %" PRIu64, in);
	budget_charge(&budget);
	ok(budget.saved >= 0, "what was let in unasked is charged");
	for (int i = 0; i < 100000; i++)
		budget_charge(&budget);
	ok(budget.saved >= 0, "up to what is there");
}

/* By figures that are as they were nothing changes, however slow it is. */
static void
retuned_for_nothing(void)
{
	const struct rate rate = { 5, 60 * NS_PER_S, false };
	double saved;

	budget_init(&budget, &rate, now_ns);
	saved = budget.saved;
	budget_retune(&budget, &rate);
	ok(budget.saved >= saved, "the same again takes nothing of what is saved");
}

#define KEYS 61

/* One that is loud, ten that have more than a share, fifty that are rare. */
static void
shares(void)
{
	static const double loud[] = { 1000, 10000, 1000000, 50000 };
	const struct rate rate = { 500, NS_PER_S, false };
	struct budget_key key[KEYS];

	budget_init(&budget, &rate, now_ns);
	for (unsigned k = 0; k < KEYS; k++)
		budget_key_init(&key[k], random_next(&dice), now_ns);
	for (size_t i = 0; i < sizeof(loud) / sizeof(loud[0]); i++) {
		uint64_t in[KEYS] = { 0 }, came[KEYS] = { 0 }, all = 0, least = UINT64_MAX, most = 0;
		double rest[KEYS] = { 0 };
		bool rare = true;

		for (unsigned ms = 0; ms < 10000; ms++, now_ns += READ_NS)
			for (unsigned k = 0; k < KEYS; k++)
				for (uint64_t left = come(k == 0 ? loud[i] : k <= 10 ? 100 : 1, &rest[k]); left > 0; left--, came[k]++)
					in[k] += budget_has_of_key(&budget, &key[k], now_ns);
		for (unsigned k = 0; k < KEYS; k++) {
			all += in[k];
			rare = rare && (k <= 10 || in[k] == came[k]);
			if (k > 0 && k <= 10) {
				least = in[k] < least ? in[k] : least;
				most = in[k] > most ? in[k] : most;
			}
		}
		ok(is_near(all, 5000, 2), "%.0f/s of one key: 5000 in ten seconds: %" PRIu64, loud[i], all);
		ok(rare, "what is rare is all there");
		ok(least * 100 >= most * 95, "equal keys have equal shares: %" PRIu64 " to %" PRIu64, least, most);
		ok(in[0] < 2 * most, "and the loud one no more: %" PRIu64, in[0]);
	}
}

static void
many(void)
{
	static struct budget_key key[10000];
	const struct rate rate = { 500, NS_PER_S, false };
	uint64_t in = 0;

	budget_init(&budget, &rate, now_ns);
	for (size_t k = 0; k < 10000; k++)
		budget_key_init(&key[k], random_next(&dice), now_ns);
	for (unsigned ms = 0; ms < 11000; ms++, now_ns += READ_NS)
		for (unsigned i = 0; i < 100; i++)
			in += budget_has_of_key(&budget, &key[random_below(&dice, 10000)], now_ns) && ms >= 1000;
	ok(is_near(in, 5000, 5), "more keys than may be let in: %" PRIu64, in);
}

int
main(void)
{
	steps();
	below();
	seldom();
	bursts();
	retuned();
	retuned_for_nothing();
	shares();
	many();
	return done_testing();
}
