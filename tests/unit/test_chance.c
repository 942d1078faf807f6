/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random numbers: those that others publish for the same seeds, and all of a range as likely as each other.
 */
#include "tap.h"

#include "chance.h"

#define DRAWS 300000

static struct chance
seeded(uint64_t seed)
{
	struct chance chance;

	chance_init(&chance, true, seed);
	return chance;
}

static void
published(void)
{
	static const struct {
		uint64_t seed;
		uint64_t numbers[5];
	} cases[] = {
		{ 0, { UINT64_C(0xe220a8397b1dcdaf), UINT64_C(0x6e789e6aa1b965f4), UINT64_C(0x06c45d188009454f),
		    UINT64_C(0xf88bb8a8724c81ec), UINT64_C(0x1b39896a51a8749b) } },
		{ 1234567, { UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
		    UINT64_C(9817491932198370423), UINT64_C(4593380528125082431), UINT64_C(16408922859458223821) } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct chance chance = seeded(cases[i].seed);
		bool good = true;

		for (int k = 0; k < 5; k++)
			good = chance_next(&chance) == cases[i].numbers[k] && good;
		ok(good, "the numbers of seed %" PRIu64 " are those of splitmix64", cases[i].seed);
	}
}

static void
unseeded(void)
{
	struct chance a, b;

	chance_init(&a, false, 1);
	chance_init(&b, false, 1);
	ok(a.state != b.state, "without a seed no two runs are alike");
	ok(a.state != 1 && b.state != 1, "whatever stands for it");
}

/* How far the counts are from even, as chi-squared with bins - 1 degrees of freedom. */
static double
unevenness(const uint64_t *counts, unsigned bins)
{
	double want = (double)DRAWS / bins, sum = 0;

	for (unsigned i = 0; i < bins; i++)
		sum += ((double)counts[i] - want) * ((double)counts[i] - want) / want;
	return sum;
}

/* Ranges with their parts: of more than half of 2^64, a mere rest would favour the lower parts. */
static void
evenly(void)
{
	static const struct {
		uint64_t n;
		unsigned bins;
		double most; /* exceeded once in a thousand, by chance */
	} cases[] = {
		{ 2, 2, 10.83 }, { 3, 3, 13.82 }, { 10, 10, 27.88 }, { 16, 16, 37.70 },
		{ UINT64_C(3) << 62, 3, 13.82 }, { UINT64_C(5) << 61, 5, 18.47 },
		{ (UINT64_C(1) << 63) + 2, 2, 10.83 }, { UINT64_MAX, 3, 13.82 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct chance chance = seeded(i + 1);
		uint64_t counts[16] = { 0 };
		uint64_t part = cases[i].n / cases[i].bins;
		bool good = true;

		for (int k = 0; k < DRAWS && good; k++) {
			uint64_t number = chance_below(&chance, cases[i].n);

			good = number < part * cases[i].bins;
			if (good)
				counts[number / part]++;
		}
		ok(good, "below %" PRIu64, cases[i].n);
		ok(unevenness(counts, cases[i].bins) < cases[i].most, "and evenly");
	}
}

static void
only_one(void)
{
	struct chance chance = seeded(7);
	bool good = true;

	for (int i = 0; i < 1000; i++)
		good = chance_below(&chance, 1) == 0 && good;
	ok(good, "below 1 there is only 0");
}

static void
hits(void)
{
	static const uint64_t shares[][2] = { { 1, 2 }, { 1, 3 }, { 2, 3 }, { 1, 100 }, { 999, 1000 },
		{ 1, UINT64_C(1) << 10 }, { (UINT64_C(1) << 50) / 7, UINT64_C(1) << 50 } };

	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		struct chance chance = seeded(100 + i);
		uint64_t num = shares[i][0], den = shares[i][1];
		double p = (double)num / (double)den, far = -p * DRAWS;

		for (int k = 0; k < DRAWS; k++)
			far += chance_hits(&chance, num, den);
		ok(far * far < 3.29 * 3.29 * DRAWS * p * (1 - p), "%" PRIu64 " in %" PRIu64, num, den);
	}
}

static void
certainties(void)
{
	struct chance chance = seeded(3);
	bool all = true, none = true;

	for (int i = 0; i < 1000; i++) {
		all = chance_hits(&chance, 3, 3) && all;
		none = !chance_hits(&chance, 0, 3) && none;
	}
	ok(all, "3 in 3 is always");
	ok(none, "0 in 3 is never");
}

int
main(void)
{
	published();
	unseeded();
	evenly();
	only_one();
	hits();
	certainties();
	return done_testing();
}
