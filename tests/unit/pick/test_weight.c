/* SPDX-License-Identifier: BSD-2-Clause */
/* Weights: of shares, of two together, near to what is wanted, and as text. */
#include "../tap.h"

#include "../random.h"
#include "pick/weight.h"

#include <string.h>

static void
shares(void)
{
	static const struct {
		struct share share;
		uint64_t weight;
	} cases[] = {
		{ { 1, 1 }, 1000000 },
		{ { 1, 2 }, 2000000 },
		{ { 1, 1000 }, 1000000000 },
		{ { 2, 3 }, 1500000 },
		{ { 3, 10 }, 3333333 },
		{ { 6, 10 }, 1666667 },
		{ { 999999, 1000000 }, 1000001 },
		{ { 7, 1000000000000 }, UINT64_C(142857142857142857) },
		{ { 1, 999999999999 }, UINT64_C(999999999999000000) },
		{ { 1, UINT64_C(1) << 50 }, WEIGHT_MOST },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is(weight_of_share(&cases[i].share), cases[i].weight, "%" PRIu64 " in %" PRIu64, cases[i].share.num, cases[i].share.den);
}

static void
both(void)
{
	struct random random = { 3 };
	bool good = true;

	is(weight_of_both(3 * WEIGHT_ONE, 5 * WEIGHT_ONE), 15 * WEIGHT_ONE, "3 of 5 each");
	is(weight_of_both(1500000, 1500000), 2250000, "of one and a half");
	is(weight_of_both(WEIGHT_MOST, 2 * WEIGHT_ONE), WEIGHT_MOST, "no more than the most");
	is(weight_of_both(2 * WEIGHT_ONE, WEIGHT_MOST), WEIGHT_MOST, "either way");
	for (int i = 0; i < 100000; i++) {
		const uint64_t one = WEIGHT_ONE + random_magnitude(&random, 40), other = WEIGHT_ONE + random_magnitude(&random, 40);
		const double want = (double)one * (double)other / (double)WEIGHT_ONE, got = (double)weight_of_both(one, other);

		good = good && ((want >= (double)WEIGHT_MOST && got >= (double)WEIGHT_MOST * 0.999999) ||
		    (got <= want * 1.0000001 && got >= want * 0.9999979));
	}
	ok(good, "whatever they are, to some millionths");
}

static void
near(void)
{
	struct random random = { 4 };
	uint64_t weight = WEIGHT_ONE, changes = 0;
	bool good = true, short_enough = true;

	is(weight_near(1, 5 * WEIGHT_ONE), WEIGHT_ONE, "all: each for itself");
	is(weight_near(0.5, WEIGHT_ONE), 2 * WEIGHT_ONE, "half of them");
	is(weight_near(0.0123, WEIGHT_ONE), 81 * WEIGHT_ONE, "in two digits");
	is(weight_near(1 / 1234.0, WEIGHT_ONE), 1200 * WEIGHT_ONE, "and zeros");
	is(weight_near(1 / 3.14, WEIGHT_ONE), 3100000, "or a decimal");
	is(weight_near(1e-30, WEIGHT_ONE), WEIGHT_MOST, "no more than the most");
	for (int i = 0; i < 100000; i++) {
		const double want = 1 + (double)random_magnitude(&random, 30) / 100;
		const uint64_t is_now = weight_near(1 / want, weight);
		uint64_t digits = is_now / 100000;

		good = good && (double)is_now >= want * 0.88e6 && (double)is_now <= want * 1.15e6;
		while (digits > 0 && digits % 10 == 0)
			digits /= 10;
		short_enough = short_enough && digits < 100;
		weight = is_now;
	}
	ok(good, "near to what is wanted");
	ok(short_enough, "in two digits, whatever it is");
	weight = 10 * WEIGHT_ONE;
	for (int i = 0; i < 1000; i++) {
		const uint64_t is_now = weight_near(1 / (9.5 + (double)(i % 100) / 100), weight);

		changes += is_now != weight;
		weight = is_now;
	}
	is(changes, 0, "the same as long as it is near");
}

static void
text(void)
{
	static const struct {
		uint64_t weight;
		const char *text;
	} cases[] = {
		{ WEIGHT_ONE, "1" },
		{ 1500000, "1.5" },
		{ 1000001, "1.000001" },
		{ 3333333, "3.333333" },
		{ 10 * WEIGHT_ONE, "10" },
		{ 1200 * WEIGHT_ONE + 50000, "1200.05" },
		{ WEIGHT_MOST, "1000000000000" },
		{ WEIGHT_MOST - 1, "999999999999.999999" },
	};
	char text[WEIGHT_TEXT_MOST + 1];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text[weight_format(text, cases[i].weight)] = '\0';
		is_text(text, cases[i].text, "%s", cases[i].text);
	}
}

int
main(void)
{
	shares();
	both();
	near();
	text();
	return done_testing();
}
