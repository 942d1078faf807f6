/* SPDX-License-Identifier: BSD-2-Clause */
/* levels: who is above which, against a list. */
#include "../tap.h"

#include "../random.h"
#include "hold/levels.h"

#define HOLDERS 50

static void
numbers(void)
{
	bool good = true;

	for (unsigned level = 0; level < LEVELS && good; level++)
		good = levels_of(levels_least(level)) == level &&
		    (level == 0 || levels_of(levels_least(level) - 1) == level - 1);
	ok(good, "the least of a level is of it, and one less of the one below");
	is(levels_of(UINT64_MAX), LEVELS - 1, "the highest one");
	is(levels_least(levels_of(1000)), 992, "five digits in binary, and then noughts");
}

static uint64_t
held_above(const uint64_t held[HOLDERS], uint64_t least)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < HOLDERS; i++)
		sum += held[i] > least ? held[i] - least : 0;
	return sum;
}

static void
above(void)
{
	struct random random = { 3 };
	uint64_t held[HOLDERS] = { 0 };
	struct levels levels = { 0 };
	bool good = true;

	is(levels_above(&levels, 1), 0, "nobody holds anything");
	for (int step = 0; step < 20000 && good; step++) {
		uint64_t *one = &held[random_below(&random, HOLDERS)];
		const uint64_t next = random_one_in(&random, 4) ? 0 : random_below(&random, (uint64_t)1 << random_below(&random, 40));
		const uint64_t wanted = 1 + random_below(&random, 1 + held_above(held, 0) * 5 / 4);
		unsigned level;

		levels_change(&levels, *one, next);
		*one = next;
		level = levels_above(&levels, wanted);
		good = (level == 0 ? held_above(held, 1) < wanted : held_above(held, levels_least(level)) >= wanted) &&
		    held_above(held, levels_least(level + 1)) < wanted;
	}
	ok(good, "the highest level above which so much is held");
}

int
main(void)
{
	numbers();
	above();
	return done_testing();
}
