/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random numbers: those that others publish for the same seeds, and all of a range as likely as each other.
 */
#include "../tap.h"

#include "base/chance.h"

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

/* What is drawn by its share of all numbers: each part as often as another. */
static void
evenly(void)
{
	for (uint64_t seed = 1; seed <= 8; seed++) {
		struct chance chance = seeded(seed);
		uint64_t counts[16] = { 0 };

		for (int k = 0; k < DRAWS; k++)
			counts[chance_next(&chance) >> 60]++;
		ok(unevenness(counts, 16) < 37.70, "sixteenths, seed %" PRIu64, seed); /* more once in a thousand, by chance */
	}
}

/* The short way of a product is the long one. */
static void
scales(void)
{
	struct chance a, b;
	bool good = true;

	chance_init(&a, true, 42);
	b = a;
	for (int i = 0; i < 100000 && good; i++) {
		uint64_t n = i < 50000 ? (uint64_t)i + 1 : UINT32_MAX - (uint64_t)(i - 50000) * 3;
		uint64_t drawn = chance_below(&a, n);

		good = drawn == chance_product(chance_next(&b), n) && drawn < n;
	}
	ok(good, "a number below another is the product of two fractions");
	is(chance_product(UINT64_MAX, UINT64_MAX), UINT64_MAX - 1, "of which no carry is lost");
	is(chance_product((uint64_t)1 << 63, UINT64_MAX), UINT64_MAX >> 1, "nor added");
}

/* Each bit of a number is one toss, and no other number is drawn before all are used up. */
static void
tosses(void)
{
	struct chance chance = seeded(7), whole = chance;
	struct chance_coin coin = { 0 };
	uint64_t runs[16] = { 0 };
	bool good = true;

	for (int k = 0; k < DRAWS / 16; k++) {
		uint64_t number = chance_next(&whole), back = 0;

		for (int i = 0; i < 64; i++)
			back |= (uint64_t)chance_toss(&chance, &coin) << i;
		good = good && back == number;
		for (int i = 0; i < 64; i += 4)
			runs[back >> i & 15]++;
	}
	ok(good, "a toss is a bit, from the lowest on, each once");
	ok(unevenness(runs, 16) < 37.70, "each four in a row as often as another");
}

int
main(void)
{
	published();
	unseeded();
	evenly();
	scales();
	tosses();
	return done_testing();
}
