/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * By count against a product: the k-th record kept, from 0, is input record floor(k * den / num).  By random
 * against the geometric distribution, and by key against the binomial: the seeds are fixed, so that what
 * holds once in a thousand by chance holds always or never.
 */
#include "../tap.h"

#include "../random.h"
#include "pick/sample.h"

#define KEPT 20000

/* --- by count ------------------------------------------------------------------------------------- */

static bool
keeps_exactly(struct share share)
{
	struct sample sample;
	uint64_t record = 0;

	sample_init(&sample, &share, SAMPLE_BY_COUNT, NULL);
	for (uint64_t k = 0; k < KEPT; k++) {
		uint64_t want = k * share.den / share.num; /* below 2^64 for what is asked here */

		record += sample_gap(&sample);
		if (record != want) {
			diag("%" PRIu64 " in %" PRIu64 ": kept number %" PRIu64 " is record %" PRIu64
			     ", should be %" PRIu64, share.num, share.den, k, record, want);
			return false;
		}
		record++;
	}
	return true;
}

static void
one_in_n(void)
{
	static const uint64_t in[] = { 1, 2, 3, 7, 10, 64, 1000, 999983, UINT64_C(1) << 49 };
	bool good = true;

	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]) && good; i++) {
		struct share share = { 1, in[i] };
		struct sample sample;

		good = keeps_exactly(share);
		sample_init(&sample, &share, SAMPLE_BY_COUNT, NULL);
		good = sample_gap(&sample) == 0 && good;
		for (unsigned k = 0; k < 100 && good; k++)
			good = sample_gap(&sample) == in[i] - 1;
	}
	ok(good, "1 in N keeps the first of every N");
}

static void
any_share(void)
{
	static const struct share odd[] = { { 1, 1 }, { 2, 3 }, { 333, 500 }, { 999, 1000 },
		{ 99999999999, 100000000000 }, { 50000000001, 100000000000 }, { 3, 100000000000 },
		{ 12345678901, 100000000000 } };
	bool good = true;

	for (uint64_t den = 1; den <= 40; den++)
		for (uint64_t num = 1; num <= den && good; num++)
			good = keeps_exactly((struct share){ num, den });
	ok(good, "every share up to 40 in 40");
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]) && good; i++)
		good = keeps_exactly(odd[i]);
	ok(good, "percentages of up to nine decimals");
}

/* Records of some keys in any order: of each key those that it would be by count, were it alone. */
static void
each_key(void)
{
	struct random random = { 3 };
	bool good = true;

	for (uint64_t round = 0; round < 200 && good; round++) {
		const uint64_t den = random_from(&random, 1, 30), num = random_from(&random, 1, den);
		struct sample_key keys[7] = { { .left = 0 } };
		uint64_t seen[7] = { 0 }, kept[7] = { 0 };
		struct sample sample;

		sample_init(&sample, &(struct share){ num, den }, SAMPLE_BY_EACH_KEY, NULL);
		for (int i = 0; i < 2000 && good; i++) {
			const uint64_t key = random_below(&random, 7);
			const bool want = seen[key] == kept[key] * den / num;

			good = sample_has_next(&sample, &keys[key], seen[key] == 0) == want;
			kept[key] += want;
			seen[key]++;
		}
	}
	ok(good, "by each key: of each what it would be by count");
}

/* --- by random ------------------------------------------------------------------------------------ */

#define GAPS 200000
#define BINS 24

static double
power(double base, uint64_t exponent)
{
	double result = 1;

	for (; exponent > 0; exponent /= 2, base *= base)
		if (exponent % 2 > 0)
			result *= base;
	return result;
}

static struct sample
by_random(const struct share *share, uint64_t seed)
{
	struct sample sample;
	struct chance chance;

	chance_init(&chance, true, seed);
	sample_init(&sample, share, SAMPLE_BY_RANDOM, &chance);
	return sample;
}

/* Gaps in bins of equal width up to some six times the mean, the last for all beyond: chi-squared, and how many
 * bins can be expected to have enough to be counted in. */
static double
far_from_geometric(const struct share *share, uint64_t seed, unsigned *bins)
{
	struct sample sample = by_random(share, seed);
	uint64_t width = share->den / share->num > 4 ? share->den / share->num / 4 : 1;
	uint64_t counts[BINS] = { 0 };
	double leave = (double)(share->den - share->num) / (double)share->den, sum = 0;

	for (int i = 0; i < GAPS; i++) {
		uint64_t bin = sample_gap(&sample) / width;
		counts[bin < BINS - 1 ? bin : BINS - 1]++;
	}
	*bins = 0;
	for (unsigned i = 0; i < BINS; i++) {
		double want = power(leave, i * width) - (i < BINS - 1 ? power(leave, (i + 1) * width) : 0);
		double off = (double)counts[i] - want * GAPS;

		if (want * GAPS < 5)
			continue;
		sum += off * off / (want * GAPS);
		++*bins;
	}
	return sum;
}

static void
geometric(void)
{
	/* what chi-squared exceeds once in a thousand, by degrees of freedom */
	static const double most[BINS] = { 0, 10.83, 13.82, 16.27, 18.47, 20.52, 22.46, 24.32, 26.12, 27.88,
		29.59, 31.26, 32.91, 34.53, 36.12, 37.70, 39.25, 40.79, 42.31, 43.82, 45.31, 46.80, 48.27, 49.73 };
	static const struct share shares[] = { { 1, 2 }, { 1, 3 }, { 1, 10 }, { 1, 100 }, { 1, 1000 }, { 2, 3 },
		{ 7, 8 }, { 999, 1000 }, { 12345678901, 100000000000 }, { 1, UINT64_C(1) << 50 } };

	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		unsigned bins;
		double far = far_from_geometric(&shares[i], i + 1, &bins);

		ok(bins > 1 && far < most[bins - 1], "%" PRIu64 " in %" PRIu64 " by random: gaps as of a fair die",
		    shares[i].num, shares[i].den);
	}
}

/* A gap says nothing of the next one. */
static void
independent(void)
{
	static const struct share third = { 1, 3 };
	struct sample sample = by_random(&third, 5);
	double want = GAPS / 9.0, sum = 0;
	uint64_t counts[2][2] = { { 0 } };
	bool before = sample_gap(&sample) == 0;

	for (int i = 0; i < GAPS; i++) {
		bool now = sample_gap(&sample) == 0;
		counts[before][now]++;
		before = now;
	}
	for (int i = 0; i < 4; i++) {
		double expected = want * (i / 2 > 0 ? 1 : 2) * (i % 2 > 0 ? 1 : 2);
		double off = (double)counts[i / 2][i % 2] - expected;
		sum += off * off / expected;
	}
	ok(sum < 13.82, "gaps are independent of each other");
}

static void
repeated(void)
{
	static const struct share tenth = { 1, 10 }, whole = { 1, 1 };
	static const uint64_t first[] = { 22, 2, 9, 0, 11, 7, 33, 3 };
	struct sample a = by_random(&tenth, 42), b = by_random(&tenth, 43), all = by_random(&whole, 42);
	bool same = true, none = true;
	unsigned differ = 0;

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		uint64_t gap = sample_gap(&a);

		if (gap != first[i])
			diag("gap %zu is %" PRIu64, i, gap);
		same = gap == first[i] && same;
		differ += gap != sample_gap(&b);
		none = sample_gap(&all) == 0 && none;
	}
	ok(same, "a seed gives the same gaps on every machine, also before the first record");
	ok(differ > 0, "and another seed others");
	ok(none, "1 in 1 leaves nothing out");
}

/* --- by key --------------------------------------------------------------------------------------- */

#define KEYS 200000

static struct sample
by_key(struct share share)
{
	struct sample sample;

	sample_init(&sample, &share, SAMPLE_BY_KEY, NULL);
	return sample;
}

static void
share_of_keys(void)
{
	static const struct share shares[] = { { 1, 2 }, { 1, 3 }, { 1, 10 }, { 1, 100 }, { 1, 1000 }, { 1, 4096 },
		{ 333, 500 }, { 999, 1000 } };

	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		struct sample sample = by_key(shares[i]);
		double p = (double)shares[i].num / (double)shares[i].den;
		bool good = true;

		for (uint64_t seed = 1; seed <= 5; seed++) {
			struct random random = { seed };
			double far = -p * KEYS;

			for (int k = 0; k < KEYS; k++)
				far += sample_has(&sample, random_next(&random));
			good = far * far < 3.29 * 3.29 * KEYS * p * (1 - p) && good;
		}
		ok(good, "%" PRIu64 " in %" PRIu64 " keys, within the binomial interval of 99.9%%", shares[i].num,
		    shares[i].den);
	}
}

static void
thresholds(void)
{
	static const struct {
		struct share share;
		uint64_t last; /* hash that is in */
	} cases[] = {
		{ { 1, 2 }, UINT64_C(0x7fffffffffffffff) },
		{ { 1, 3 }, UINT64_C(0x5555555555555555) },
		{ { 2, 3 }, UINT64_C(0xaaaaaaaaaaaaaaaa) },
		{ { 1, 10 }, UINT64_C(0x1999999999999999) },
		{ { 1, UINT64_C(1) << 50 }, UINT64_C(0x3fff) },
		{ { (UINT64_C(1) << 50) - 1, UINT64_C(1) << 50 }, UINT64_C(0xffffffffffffbfff) },
	};
	struct sample all = by_key((struct share){ 1, 1 });

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sample sample = by_key(cases[i].share);
		ok(sample_has(&sample, 0) && sample_has(&sample, cases[i].last) &&
		    !sample_has(&sample, cases[i].last + 1) && !sample_has(&sample, UINT64_MAX),
		    "%" PRIu64 " in %" PRIu64 " of all hashes, exactly", cases[i].share.num, cases[i].share.den);
	}
	ok(sample_has(&all, 0) && sample_has(&all, UINT64_MAX), "1 in 1 is all of them");
	is(sample_gap(&all), 0, "by key nothing is left out by number");
}

static void
nested(void)
{
	struct sample few = by_key((struct share){ 1, 100 }), more = by_key((struct share){ 1, 10 });
	struct random random = { 9 };
	bool good = true;

	for (int i = 0; i < KEYS; i++) {
		uint64_t hash = random_next(&random);
		good = (!sample_has(&few, hash) || sample_has(&more, hash)) && good;
	}
	ok(good, "1 in 100 keys is part of 1 in 10");
}

/* Another share: the sample begins anew, with chance as far as it has come. */
static void
retuned(void)
{
	const struct share third = { 1, 3 }, all = { 1, 1 }, half = { 1, 2 };
	struct sample sample, other;
	struct chance chance;
	bool good = true;

	sample_init(&sample, &third, SAMPLE_BY_COUNT, NULL);
	(void)sample_gap(&sample);
	(void)sample_gap(&sample);
	sample_retune(&sample, &half);
	is(sample_gap(&sample), 0, "retuned: by count the first is kept");
	is(sample_gap(&sample), 1, "retuned: and then one of two");
	sample_retune(&sample, &all);
	ok(sample_gap(&sample) == 0 && sample_gap(&sample) == 0, "retuned: or all");
	chance_init(&chance, true, 5);
	sample_init(&sample, &third, SAMPLE_BY_RANDOM, &chance);
	(void)sample_gap(&sample);
	sample_init(&other, &half, SAMPLE_BY_RANDOM, &sample.chance);
	sample_retune(&sample, &half);
	for (int i = 0; i < 1000; i++)
		good = good && sample_gap(&sample) == sample_gap(&other);
	ok(good, "retuned: by random it goes on in the same numbers");
	sample_init(&sample, &third, SAMPLE_BY_KEY, NULL);
	sample_retune(&sample, &half);
	ok(sample_has(&sample, UINT64_MAX / 2 - 1) && !sample_has(&sample, UINT64_MAX / 2 + 1), "retuned: by key");
}

int
main(void)
{
	one_in_n();
	any_share();
	each_key();
	geometric();
	independent();
	repeated();
	share_of_keys();
	thresholds();
	nested();
	retuned();
	return done_testing();
}
