/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting times against a list that has every record: exact counts, percentiles within 1%, whatever is
 * dropped, from nanoseconds to years.
 */
#include "../tap.h"

#include "../effort.h"
#include "../random.h"
#include "base/units.h"
#include "pick/sojourn.h"

#include <stdlib.h>
#include <unistd.h>

#define HELD_MOST 4000
#define LEFT_MOST 400000

static struct sojourn *sojourn;
static uint64_t now;

/* The model: when those that are held arrived, and how long those that have left had waited. */
static uint64_t held[HELD_MOST];
static size_t held_count;
static uint64_t aside;
static bool is_aside;
static uint64_t left[LEFT_MOST];
static size_t left_count;

static void
begin(void)
{
	sojourn_free(sojourn);
	if ((sojourn = sojourn_new()) == NULL)
		abort();
	now = held_count = left_count = 0;
	is_aside = false;
}

/* --- the histogram -------------------------------------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Of the records from `from` on, which are sorted by this. */
static bool
is_near(const char *what, uint64_t got, size_t from, unsigned percent)
{
	size_t count = left_count - from;
	uint64_t want = left[from + (count * percent + 99) / 100 - 1];

	if (got <= want + want / 100 && got + want / 100 >= want)
		return true;
	diag("%s: %" PRIu64 ", not %" PRIu64, what, got, want);
	return false;
}

static bool
is_right(const struct latency *latency, size_t from)
{
	double sum = 0, got = (double)latency->sum_s * 1e9 + (double)latency->sum_ns;

	if (latency->count != left_count - from) {
		diag("count: %" PRIu64 ", not %zu", latency->count, left_count - from);
		return false;
	}
	if (latency->count == 0)
		return latency->p50_ns == 0 && latency->max_ns == 0 && got == 0;
	qsort(left + from, left_count - from, sizeof(left[0]), compare);
	for (size_t i = from; i < left_count; i++)
		sum += (double)left[i];
	return is_near("p50", latency->p50_ns, from, 50) && is_near("p90", latency->p90_ns, from, 90) &&
	    is_near("p95", latency->p95_ns, from, 95) && is_near("p99", latency->p99_ns, from, 99) &&
	    is_near("max", latency->max_ns, from, 100) &&
	    latency->sum_ns < NS_PER_S && got <= sum * 1.01 && got >= sum * 0.99;
}

static void
each_length(void)
{
	bool good = true;

	for (unsigned bit = 0; bit < 63 && good; bit++) {
		for (uint64_t add = 0; add < 3 && good; add++) {
			uint64_t ns = (UINT64_C(1) << bit) + add * ((UINT64_C(1) << bit) / 3) - (bit > 0 && add == 0);

			begin();
			sojourn_arrive(sojourn, 1);
			sojourn_pass(sojourn, now = ns);
			sojourn_leave(sojourn, 1);
			left[left_count++] = ns;
			struct latency latency = sojourn_total(sojourn);
			good = is_right(&latency, 0) && latency.max_ns == ns;
		}
	}
	ok(good, "each length from a nanosecond to 292 years is within 1%%, the greatest exact");
}

/* Of two records the one that waited less: the longest wait is exact, and would limit the answer.  The ends of the
 * lowest bucket of a power of two are the farthest from its middle. */
static void
each_bucket(void)
{
	bool good = true;

	for (unsigned bit = 8; bit < 62 && good; bit++) {
		for (uint64_t end = 0; end < 2 && good; end++) {
			uint64_t ns = (UINT64_C(1) << bit) + end * ((UINT64_C(1) << (bit - 8)) - 1);
			uint64_t got;

			begin();
			sojourn_arrive(sojourn, 2);
			sojourn_pass(sojourn, ns);
			sojourn_leave(sojourn, 1);
			sojourn_pass(sojourn, 2 * ns);
			sojourn_leave(sojourn, 1);
			got = sojourn_total(sojourn).p50_ns;
			good = (got > ns ? got - ns : ns - got) <= ns / 500;
			if (!good)
				diag("%" PRIu64 ", not %" PRIu64, got, ns);
		}
	}
	ok(good, "a percentile is at most 0.2%% off");
}

static void
ranks(void)
{
	struct latency latency;

	begin();
	for (uint64_t i = 1; i <= 100; i++) {
		sojourn_arrive(sojourn, 1);
		sojourn_pass(sojourn, now += i);
		sojourn_leave(sojourn, 1);
	}
	latency = sojourn_total(sojourn);
	ok(latency.p50_ns == 50 && latency.p90_ns == 90 && latency.p95_ns == 95 && latency.p99_ns == 99 &&
	    latency.max_ns == 100 && latency.sum_ns == 5050, "of 1 to 100 ns each percentile is itself");
	begin();
	sojourn_pass_by(sojourn, 3);
	latency = sojourn_total(sojourn);
	ok(latency.count == 3 && latency.max_ns == 0, "what passes by has not waited");
	begin();
	sojourn_arrive(sojourn, 3);
	sojourn_pass(sojourn, 1500 * NS_PER_MS);
	sojourn_leave(sojourn, 2);
	sojourn_next_interval(sojourn);
	sojourn_leave(sojourn, 1);
	latency = sojourn_total(sojourn);
	ok(latency.sum_s == 4 && latency.sum_ns == 500 * NS_PER_MS, "the sum is in seconds and their rest");
	ok(sojourn_total(NULL).count == 0 && sojourn_interval(NULL).count == 0, "without a sojourn there is nothing");
}

static void
intervals(void)
{
	struct latency latency;

	begin();
	sojourn_arrive(sojourn, 10);
	sojourn_pass(sojourn, 1000);
	sojourn_leave(sojourn, 4);
	sojourn_next_interval(sojourn);
	is(sojourn_interval(sojourn).count, 0, "a new interval has no records");
	is(sojourn_total(sojourn).count, 4, "but the run has");
	sojourn_pass(sojourn, 5000);
	sojourn_leave(sojourn, 6);
	latency = sojourn_interval(sojourn);
	ok(latency.count == 6 && latency.p50_ns > 4900 && latency.max_ns == 5000, "an interval is on its own");
	latency = sojourn_total(sojourn);
	ok(latency.count == 10 && latency.sum_ns == 34000 && latency.max_ns == 5000, "and part of the run");
	sojourn_next_interval(sojourn);
	sojourn_next_interval(sojourn);
	latency = sojourn_total(sojourn);
	ok(latency.count == 10 && latency.sum_ns == 34000 && latency.max_ns == 5000, "however often they end");
}

/* --- what comes and goes -------------------------------------------------------------------------- */

/* Some are dropped, here and there. */
static void
sweep(struct random *random)
{
	size_t at = (size_t)random_from(random, 0, held_count);
	size_t most = (size_t)random_from(random, 1, 40);

	sojourn_sweep(sojourn, at);
	for (int i = (int)random_from(random, 0, 30); i > 0; i--) {
		size_t some = (size_t)random_from(random, 0, most);

		some = some < held_count - at ? some : held_count - at;
		if (random_one_in(random, 2)) {
			sojourn_keep(sojourn, some);
			at += some;
		} else {
			sojourn_cut(sojourn, some);
			memmove(held + at, held + at + some, (held_count - at - some) * sizeof(held[0]));
			held_count -= some;
		}
	}
}

static void
step(struct random *random)
{
	size_t some = (size_t)random_from(random, 0, 20);

	switch (random_from(random, 0, 8)) {
	case 0:
	case 1:
	case 2:
		if (some > HELD_MOST - held_count)
			some = HELD_MOST - held_count;
		sojourn_arrive(sojourn, some);
		for (size_t i = 0; i < some; i++)
			held[held_count++] = now;
		return;
	case 3:
	case 4:
		if (is_aside) {
			sojourn_leave_aside(sojourn);
			left[left_count++] = now - aside;
			is_aside = false;
			return;
		}
		some = some < held_count ? some : held_count;
		sojourn_leave(sojourn, some);
		for (size_t i = 0; i < some; i++)
			left[left_count++] = now - held[i];
		break;
	case 5:
		some = some < held_count ? some : held_count;
		sojourn_drop_oldest(sojourn, some);
		break;
	case 6:
		some = some < held_count ? some : held_count;
		sojourn_sweep(sojourn, held_count - some);
		sojourn_cut(sojourn, some);
		held_count -= some;
		return;
	case 7:
		sweep(random);
		return;
	default:
		if (is_aside || held_count == 0)
			return;
		sojourn_set_aside(sojourn);
		aside = held[0];
		is_aside = true;
		some = 1;
	}
	memmove(held, held + some, (held_count - some) * sizeof(held[0]));
	held_count -= some;
}

/* What is held, as the stamps have it. */
static bool
is_held(struct random *random)
{
	uint64_t cutoff = random_from(random, 0, now);
	uint64_t most = random_one_in(random, 2) ? UINT64_MAX : random_from(random, 0, 20);
	uint64_t by = 0;

	while (by < held_count && by < most && held[by] <= cutoff)
		by++;
	return sojourn_held(sojourn) == held_count &&
	    sojourn_oldest_ns(sojourn) == (held_count > 0 ? held[0] : UINT64_MAX) &&
	    sojourn_arrived_by(sojourn, cutoff, most) == by;
}

static void
any_order(void)
{
	static const uint64_t pauses[] = { 1, 100, 10000, 1000000, NS_PER_S, 100 * NS_PER_S };
	bool good = true;

	for (uint64_t seed = 1; seed <= 300 && good; seed++) {
		struct random random;
		size_t from = 0;

		random.state = seed;
		begin();
		for (int i = 0; i < 1000 && good; i++) {
			if (random_from(&random, 0, 2) == 0)
				sojourn_pass(sojourn, now += random_from(&random, 0, pauses[random_from(&random, 0, 5)]));
			step(&random);
			good = is_held(&random);
			if (random_from(&random, 0, 300) == 0) {
				struct latency latency = sojourn_interval(sojourn);
				good = good && is_right(&latency, from);
				sojourn_next_interval(sojourn);
				from = left_count;
			}
		}
		struct latency latency = sojourn_total(sojourn);
		good = good && is_right(&latency, 0);
		if (!good)
			diag("seed %" PRIu64, seed);
	}
	ok(good, "in any order what is held is known, since when, and how long what left had waited");
}

/* --- more reads than stamps ----------------------------------------------------------------------- */

static void
many_reads(void)
{
	static const uint64_t steps_ns[] = { 1, 1000, 50000, NS_PER_MS, 60 * NS_PER_S };
	bool good = true;

	for (size_t i = 0; i < sizeof(steps_ns) / sizeof(steps_ns[0]) && good; i++) {
		const uint64_t reads = LEFT_MOST;
		struct latency latency;

		begin();
		for (uint64_t n = 0; n < reads; n++) {
			sojourn_pass(sojourn, n * steps_ns[i]);
			sojourn_arrive(sojourn, 1);
		}
		/* each leaves a step after the one before it: all have waited equally long */
		for (uint64_t n = 0; n < reads && good; n++) {
			sojourn_pass(sojourn, (reads + n) * steps_ns[i]);
			sojourn_leave(sojourn, 1);
		}
		now = reads * steps_ns[i];
		for (left_count = 0; left_count < reads; left_count++)
			left[left_count] = now;
		latency = sojourn_total(sojourn);
		good = is_right(&latency, 0) && latency.max_ns >= now;
		if (!good)
			diag("a read every %" PRIu64 " ns", steps_ns[i]);
	}
	ok(good, "with a record of each of %d reads held, waiting times stay within 1%%, and are never too short",
	    LEFT_MOST);
}

/* Of more reads than there are stamps, each other one is dropped, and more come; again and again.  What a stamp
 * says is never too young. */
static void
many_sweeps(void)
{
	const uint64_t each = SOJOURN_STAMPS / 2;
	uint64_t count = 0, step_ns = 1000000;
	bool good = true;

	begin();
	for (int round = 0; round < 20 && good; round++) {
		for (uint64_t i = 0; i < 2 * each; i++) {
			sojourn_pass(sojourn, now += step_ns);
			sojourn_arrive(sojourn, 1);
			left[count++] = now;
		}
		sojourn_sweep(sojourn, 0);
		for (uint64_t i = 0; i < count; i += 2) {
			sojourn_keep(sojourn, 1);
			sojourn_cut(sojourn, i + 1 < count);
			left[i / 2] = left[i];
		}
		count -= count / 2;
		good = sojourn_held(sojourn) == count && sojourn_oldest_ns(sojourn) == left[0];
		for (uint64_t i = 0; i < count && good; i += count / 16) {
			uint64_t early_ns = (now - left[i]) / 100;
			good = sojourn_arrived_by(sojourn, left[i], UINT64_MAX) > i &&
			    (left[i] < early_ns + step_ns ||
			     sojourn_arrived_by(sojourn, left[i] - early_ns - step_ns, UINT64_MAX) <= i);
		}
		if (!good)
			diag("round %d", round);
	}
	ok(good, "whatever sweeps leave of many reads is never taken for younger than it is, nor for much older");
	ok(sojourn_oldest_ns(NULL) == UINT64_MAX && sojourn_arrived_by(NULL, now, UINT64_MAX) == 0,
	    "without a sojourn nothing is known");
}

/* Ten million times a sweep begins near the oldest, or near the newest, of records of as many reads as there are stamps
 * for.  Who comes to its place from the wrong end takes some minutes. */
static void
sweeps_at_the_ends(void)
{
	const uint64_t all = SOJOURN_STAMPS - 1;

	begin();
	for (uint64_t i = 0; i < all; i++) {
		sojourn_pass(sojourn, ++now);
		sojourn_arrive(sojourn, 3);
	}
	effort_limit();
	for (int i = 0; i < 10000000; i++) {
		sojourn_sweep(sojourn, i % 2 == 0 ? 1 : 3 * all - 1);
		sojourn_keep(sojourn, 1);
	}
	effort_free();
	sojourn_sweep(sojourn, 1);
	sojourn_cut(sojourn, 2);
	sojourn_drop_oldest(sojourn, 1);
	is(sojourn_oldest_ns(sojourn), 2, "a sweep at either end of very many reads begins where it should");
	sojourn_sweep(sojourn, 3 * all - 4);
	sojourn_cut(sojourn, 1);
	sojourn_drop_oldest(sojourn, 3 * all - 5);
	is(sojourn_oldest_ns(sojourn), all, "at the newest");
	is(sojourn_held(sojourn), 1, "and drops there");
}

int
main(void)
{
	each_length();
	each_bucket();
	ranks();
	intervals();
	any_order();
	many_reads();
	many_sweeps();
	sweeps_at_the_ends();
	sojourn_free(sojourn);
	return done_testing();
}
