/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bucket against arithmetic of 128 bits.  What is in it is counted in 1/period_ns of a token, so that
 * every nanosecond brings exactly `amount` of them, and nothing is ever rounded.
 */
#include "../tap.h"

#include "../random.h"
#include "../wide.h"
#include "pick/bucket.h"

#define SECOND UINT64_C(1000000000)
#define MINUTE (60 * SECOND)
#define DAY (86400 * SECOND)
#define YEAR (365 * DAY)

struct flow {
	const char *name;
	uint64_t amount;
	uint64_t period_ns;
};

static const struct flow flows[] = {
	{ "1/d", 1, DAY },
	{ "5/h", 1, 12 * MINUTE },
	{ "7/min", 7, MINUTE },
	{ "0.333333333/s", 333333333, SECOND * SECOND },
	{ "100/s", 1, SECOND / 100 },
	{ "10MB/s", 1, 100 },
	{ "999999937/s", 999999937, SECOND },
	{ "1GB/s", 1, 1 },
	{ "1.23456789GB/d", 123456789, DAY / 10 },
	{ "2^40/s", UINT64_C(1) << 31, 1953125 },
};
#define FLOWS (sizeof(flows) / sizeof(flows[0]))

static wide
content(const struct bucket *bucket)
{
	return (wide)bucket->level * (wide)bucket->period_ns + (wide)bucket->rest;
}

static wide
brought(const struct bucket *bucket, uint64_t ns)
{
	return (wide)ns * (wide)bucket->amount;
}

static wide
brim(const struct bucket *bucket)
{
	return (wide)bucket->depth * (wide)bucket->period_ns;
}

/* Nanoseconds that would bring this many tokens, rounded down; at most a day. */
static uint64_t
time_of(const struct flow *flow, uint64_t tokens)
{
	wide ns = (wide)tokens * (wide)flow->period_ns / (wide)flow->amount;

	return ns < (wide)DAY ? (uint64_t)ns : DAY;
}

static void
show(const char *what, const struct bucket *b)
{
	diag("%s: amount %" PRIu64 ", period %" PRIu64 " ns, depth %" PRIu64 ", level %" PRId64
	     ", rest %" PRIu64, what, b->amount, b->period_ns, b->depth, b->level, b->rest);
}

/* --- no drift ------------------------------------------------------------------------------------- */

/* A bucket that never fills holds what came less what went, to the last fraction. */
static void
years(void)
{
	for (size_t i = 0; i < FLOWS; i++) {
		const struct flow *flow = &flows[i];
		struct random random = { i };
		const uint64_t depth = UINT64_C(1) << 50;
		uint64_t longest = time_of(flow, depth / 2);
		uint64_t now = 12345;
		struct bucket b;
		wide expected;
		bool good = true;

		bucket_init(&b, flow->amount, flow->period_ns, depth, now);
		expected = brim(&b);
		for (unsigned step = 0; step < 2000 && good; step++) {
			uint64_t elapsed = random_below(&random, longest);
			uint64_t cost = bucket_tokens(&b);

			bucket_charge(&b, cost);
			expected -= (wide)cost * (wide)b.period_ns;
			now += elapsed;
			expected += brought(&b, elapsed);
			bucket_refill(&b, now, 0);
			good = content(&b) == expected && b.rest < b.period_ns;
		}
		if (!good)
			show("drifted", &b);
		ok(good, "%s: exact after %" PRIu64 " days", flow->name, now / DAY);
	}
}

/* A flow that always has something to send, in small pieces and in pieces over the depth, and a timer
 * that is up to 10 ms late each time. */
static bool
saturate(const struct flow *flow, uint64_t depth, uint64_t cost, uint64_t latest)
{
	struct random random = { depth + cost };
	uint64_t now = 99, late = 0;
	struct bucket b;
	wide expected;

	bucket_init(&b, flow->amount, flow->period_ns, depth, now);
	expected = brim(&b);
	for (unsigned step = 0; step < 300; step++) {
		unsigned looks = 0;
		uint64_t delay;

		while (bucket_allows(&b, cost)) {
			uint64_t things = cost < bucket_tokens(&b) ? bucket_tokens(&b) / cost : 1;
			bucket_charge(&b, things * cost);
			expected -= (wide)(things * cost) * (wide)b.period_ns;
		}
		do { /* more than one look only where the wait in one sum would overflow */
			delay = bucket_delay_ns(&b, cost);
			late = latest > 0 ? random_below(&random, latest + 1) : 0;
			now += delay + late;
			expected += brought(&b, delay + late);
			bucket_refill(&b, now, late);
		} while (!bucket_allows(&b, cost) && delay > SECOND && ++looks < 10000);
		if (delay == 0 || !bucket_allows(&b, cost) || content(&b) != expected) {
			diag("%s, cost %" PRIu64 ", waited %" PRIu64 " ns, late %" PRIu64 " ns, step %u", flow->name,
			    cost, delay, late, step);
			show("lost or gained", &b);
			return false;
		}
	}
	return true;
}

static void
saturated(void)
{
	static const uint64_t costs[] = { 1, 2, 100, 4096, 1000000 };
	bool good = true;
	bool good_late = true;

	for (size_t i = 0; i < FLOWS - 1; i++) /* the last has several tokens a nanosecond */
		for (size_t c = 0; c < sizeof(costs) / sizeof(costs[0]); c++) {
			uint64_t most = bucket_default_depth(flows[i].amount, flows[i].period_ns);
			if (time_of(&flows[i], costs[c]) == DAY)
				continue;
			good = good && saturate(&flows[i], most, costs[c], 0) &&
			    saturate(&flows[i], 1000, costs[c], 0);
			good_late = good_late && saturate(&flows[i], most, costs[c], BUCKET_CREDIT_NS);
		}
	ok(good, "a saturated flow has exactly its rate, and each wait is long enough");
	ok(good_late, "the same with a timer that is up to 10 ms late");
}

/* --- one refill, of any bucket -------------------------------------------------------------------- */

/* Up to the depth all that came is there; over it at most what lateness is worth, rounded up to a whole
 * nanosecond and a whole token, and less than one token of remainder. */
static bool
refills_right(struct bucket *b, uint64_t elapsed, uint64_t late)
{
	struct bucket before = *b;
	wide all = content(b) + brought(b, elapsed);
	wide top = content(b) > brim(b) ? content(b) : brim(b);
	uint64_t credit = late < BUCKET_CREDIT_NS ? late : BUCKET_CREDIT_NS;
	wide most = top + brought(b, credit) + (late > 0 ? (wide)b->amount + (wide)b->period_ns : 0) +
	    (wide)b->period_ns - 1;
	wide least = content(b) > brim(b) ? content(b) : all < brim(b) ? all : brim(b);

	bucket_refill(b, b->then_ns + elapsed, late);
	if (most > all)
		most = all;
	if (content(b) >= least && content(b) <= most && b->rest < b->period_ns &&
	    b->then_ns == before.then_ns + elapsed)
		return true;
	show("before", &before);
	show("after", b);
	diag("after %" PRIu64 " ns, %" PRIu64 " ns late: %.1f tokens too few, %.1f too many", elapsed, late,
	    (double)(least - content(b)) / (double)b->period_ns,
	    (double)(content(b) - most) / (double)b->period_ns);
	return false;
}

/* Of any depth and any rate that can be written: up to 2^50 a second. */
static void
some_bucket(struct bucket *b, struct random *random)
{
	uint64_t period = 1 + random_magnitude(random, 59);
	uint64_t amount = 1 + random_magnitude(random, 49);

	if (amount / period > (UINT64_C(1) << 50) / SECOND)
		amount = period;
	bucket_init(b, amount, period, 1 + random_magnitude(random, 49), random_magnitude(random, 40));
}

/* Of any time scale, but so that the product of 62 bits that the bucket forms is not needed a hundred
 * times over. */
static uint64_t
some_time(struct random *random, const struct bucket *b)
{
	uint64_t ns = random_magnitude(random, 58);
	uint64_t most = ((UINT64_C(1) << 62) / b->amount) * 20;

	return b->amount > 100 && ns > most ? most : ns;
}

static bool
refills(bool late, uint64_t seeds)
{
	for (uint64_t seed = 1; seed <= seeds; seed++) {
		struct random random = { seed };
		struct bucket b;

		some_bucket(&b, &random);
		for (unsigned step = 0; step < 20; step++) {
			uint64_t elapsed = some_time(&random, &b);
			uint64_t cost = random_magnitude(&random, 50);

			if (!refills_right(&b, elapsed, late ? random_magnitude(&random, 40) : 0))
				return false;
			if (bucket_allows(&b, cost))
				bucket_charge(&b, cost);
		}
	}
	return true;
}

static void
any_bucket(void)
{
	ok(refills(false, 2000), "no more than the depth is stored, and up to it all that comes");
	ok(refills(true, 2000), "lateness is made good up to 10 ms, and no more");
}

/* --- a wait --------------------------------------------------------------------------------------- */

static bool
waits_right(const struct bucket *bucket, uint64_t cost)
{
	uint64_t need = cost < bucket->depth ? cost : bucket->depth;
	uint64_t delay = bucket_delay_ns(bucket, cost);
	struct bucket early = *bucket, due = *bucket;
	wide missing;

	if (need < bucket->batch)
		need = bucket->batch;
	missing = (wide)need - bucket->level;
	if (missing > 0 && missing > (wide)((UINT64_C(1) << 62) / bucket->period_ns))
		return delay > 0; /* the sum would overflow: the caller looks again */
	bucket_refill(&due, due.then_ns + delay, 0);
	if (delay > 0)
		bucket_refill(&early, early.then_ns + delay - 1, 0);
	if (due.level >= (int64_t)need && bucket_allows(&due, cost) &&
	    (delay == 0 || early.level < (int64_t)need))
		return true;
	show("bucket", bucket);
	diag("cost %" PRIu64 ", waited %" PRIu64 " ns: level %" PRId64 ", a nanosecond earlier %" PRId64, cost,
	    delay, due.level, early.level);
	return false;
}

static void
waits(void)
{
	struct random random = { 7 };
	bool good = true;

	for (unsigned i = 0; i < 20000 && good; i++) {
		struct bucket b;
		some_bucket(&b, &random);
		bucket_charge(&b, random_magnitude(&random, 50));
		bucket_refill(&b, b.then_ns + some_time(&random, &b) / 1000, 0);
		good = waits_right(&b, 1 + random_magnitude(&random, 50));
	}
	ok(good, "after exactly its delay a thing may leave, and a nanosecond earlier not");
}

/* --- by example ----------------------------------------------------------------------------------- */

static void
begins_full(void)
{
	struct bucket b;

	bucket_init(&b, 1, SECOND / 100, 5, 1000);
	is(bucket_tokens(&b), 5, "a bucket begins full");
	ok(bucket_allows(&b, 5) && bucket_allows(&b, 6) && bucket_allows(&b, UINT64_C(1) << 50),
	    "full, it allows what is as large as its depth, and what is larger");
	bucket_charge(&b, 1);
	ok(bucket_allows(&b, 4) && !bucket_allows(&b, 5) && !bucket_allows(&b, 6), "not full, it does not");
	bucket_charge(&b, 104);
	is(bucket_tokens(&b), 0, "in debt nothing can be spent");
	ok(!bucket_allows(&b, 1) && !bucket_allows_part(&b), "nor may anything leave");
	is(bucket_delay_ns(&b, 1), 101 * (SECOND / 100), "a debt is paid off at the rate");
	bucket_refill(&b, 1000 + 101 * (SECOND / 100), 0);
	ok(bucket_allows(&b, 1) && !bucket_allows(&b, 2), "and then one may leave");
	bucket_charge(&b, 2);
	bucket_refund(&b, 2);
	ok(bucket_allows(&b, 1) && !bucket_allows(&b, 2), "what did not leave is given back");
	bucket_refund(&b, 1000);
	is(bucket_tokens(&b), 5, "up to the depth");
}

static void
idles(void)
{
	struct bucket b;

	bucket_init(&b, 10, 1, 1000, 0);
	bucket_charge(&b, 1000);
	bucket_refill(&b, 3 * YEAR, 0);
	is(bucket_tokens(&b), 1000, "three years of idling store no more than the depth");
	bucket_refill(&b, 6 * YEAR, 0);
	is(bucket_tokens(&b), 1000, "nor do six");
	bucket_charge(&b, 5);
	bucket_refill(&b, 6 * YEAR + 1, 0);
	is(bucket_tokens(&b), 1000, "nor where one nanosecond brings more than there is room for");
}

static void
is_late(void)
{
	const uint64_t stopped = 100 * SECOND;
	struct bucket b;

	bucket_init(&b, 1, 1000, 1000, 0);
	bucket_charge(&b, 1000);
	bucket_refill(&b, 1000000 + 4000000, 4000000);
	is(b.level, 1000 + 4000, "4 ms late, to the full millisecond that it stores");
	bucket_charge(&b, 5000);
	bucket_refill(&b, 5000000 + stopped, stopped - 500000);
	is(b.level, 1000 + 10000, "of 100 s late 10 ms are made good");

	/* weir --rate=1.23456789GB/d --burst=1M, stopped for 100 s while it waits */
	bucket_init(&b, 123456789, DAY / 10, 1 << 20, 0);
	bucket_charge(&b, 1 << 20);
	bucket_refill(&b, stopped, stopped - 1);
	ok(b.level <= (1 << 20) + 143, "so also for a rate with many digits: %" PRId64, b.level);
}

static void
depths(void)
{
	struct random random = { 9 };
	bool good = true;

	is(bucket_default_depth(1, SECOND / 500), 1, "500/s: a depth of 1");
	is(bucket_default_depth(1, SECOND / 2000), 2, "2000/s: a depth of 2");
	is(bucket_default_depth(1, 100), 10000, "10MB/s: a depth of 10 kB");
	is(bucket_default_depth(1, DAY), 1, "1/d: a depth of 1");
	for (unsigned i = 0; i < 5000 && good; i++) {
		uint64_t amount = 1 + random_magnitude(&random, 49);
		uint64_t period = 1 + random_magnitude(&random, 59);
		uint64_t ns = i % 2 == 0 ? SECOND / 1000 : SECOND;
		wide want = (wide)amount * (wide)ns / (wide)period;

		if (want > (wide)1 << 62)
			want = (wide)1 << 62;
		good = bucket_depth_of(amount, period, ns) == (want > 0 ? (uint64_t)want : 1);
		if (!good)
			diag("%" PRIu64 " every %" PRIu64 " ns", amount, period);
	}
	ok(good, "any rate: what a millisecond brings, or a second, and at most 2^62");
	is(bucket_depth_of(1, 70000000, SECOND), 14, "10 in 700 ms: a second's worth is 14");
}

static void
parts(void)
{
	struct bucket b;

	bucket_init(&b, 1, 100, 10000, 0);
	bucket_charge(&b, 10000);
	ok(!bucket_allows_part(&b), "no part leaves an empty bucket");
	is(bucket_delay_ns(&b, 1), 500000, "at 10 MB/s a wait is for half a millisecond's worth");
	bucket_refill(&b, 499999, 0);
	ok(!bucket_allows_part(&b), "a part is not cut too small");
	bucket_refill(&b, 500000, 0);
	ok(bucket_allows_part(&b), "but a batch is worth a write");
	bucket_init(&b, 1, SECOND, 1, 0);
	ok(bucket_allows_part(&b), "and so is a single token where the depth is 1");
	bucket_charge(&b, 1);
	ok(!bucket_allows_part(&b), "but not less");
}

/* Other figures: what is in it stays, and fills at the rate that was up to then, at the new one from then on. */
static void
other_figures(void)
{
	struct bucket bucket, before;

	bucket_init(&bucket, 10, 1000, 40, 0); /* a token in 100 ns */
	bucket_charge(&bucket, 40);
	bucket_retune(&bucket, 1, 1000, 40, 550);
	ok(bucket.level == 5 && bucket.rest == 500, "retuned: what had come until then, and not a token more");
	bucket_refill(&bucket, 1050, 0);
	ok(bucket.level == 6 && bucket.rest == 0, "retuned: then it comes at the new rate");
	bucket_retune(&bucket, 1, 1000, 100, 1050);
	is(bucket.level, 6, "retuned: a greater depth is not filled at once");
	bucket_retune(&bucket, 1, 1000, 4, 1550);
	ok(bucket.level == 4 && bucket.rest == 0 && bucket_allows(&bucket, 50), "retuned: a lesser one takes what is above it");
	bucket_charge(&bucket, 50);
	bucket_retune(&bucket, 1, 7000, 4, 2050);
	ok(bucket.level == -46 && bucket.rest == 0, "retuned: a debt stays; a part of a token does not, with another period");
	bucket_init(&bucket, 10, 1000, 4, 0);
	bucket_charge(&bucket, 1);
	bucket_refill(&bucket, 1000, 500);
	before = bucket;
	bucket_retune(&bucket, 10, 1000, 4, 9000);
	ok(bucket.level > 4 && memcmp(&bucket, &before, sizeof(bucket)) == 0, "retuned: the same figures are none");
	bucket_init(&bucket, 1, 1, 1, 0);
	bucket_retune(&bucket, 1000000, UINT64_C(1000000000), 2000, 0);
	is(bucket.batch, 500, "retuned: the batch is that of the new rate");
}

int
main(void)
{
	if (!WIDE_ENOUGH)
		return skip_all("no integers of 128 bits to check it with");
	years();
	saturated();
	any_bucket();
	waits();
	begins_full();
	idles();
	is_late();
	depths();
	parts();
	other_figures();
	return done_testing();
}
