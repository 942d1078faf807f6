/* SPDX-License-Identifier: BSD-2-Clause */
/* Which slot is taken, and which memory is given back. */
#include "../tap.h"

#include "base/slots.h"

#define SIZE ((size_t)64 << 10) /* a multiple of every page in use */

static struct slots slots;

static unsigned
take(void)
{
	return (unsigned)((size_t)(slots_take(&slots) - slots.base) / SIZE);
}

static void
give_back(unsigned slot)
{
	slots_give_back(&slots, slots.base + slot * SIZE);
}

static void
order(void)
{
	if (slots_init(&slots, 4, SIZE, 10) < 0)
		abort();
	ok(slots_left(&slots) && slots_behind(&slots) == slots.base + 4 * SIZE, "four slots, and something behind them");
	memset(slots_behind(&slots), 1, 10);
	ok(take() == 0 && take() == 1 && take() == 2, "one after the other is taken");
	give_back(0);
	give_back(2);
	ok(take() == 2, "what was used last is used next,");
	ok(take() == 0, "then what was used before");
	ok(take() == 3 && !slots_left(&slots), "and only then one that was never used");
	slots_free(&slots);
}

static void
memory(void)
{
	if (slots_init(&slots, 3, SIZE, 0) < 0)
		abort();
	for (unsigned i = 0; i < 3; i++)
		memset(slots_take(&slots), 'x', SIZE);
	is(slots_idle(&slots), 0, "what is in use is not idle");
	give_back(1);
	give_back(2);
	is(slots_idle(&slots), 2 * SIZE, "what is free is");
	slots_cool(&slots);
	is(slots_idle(&slots), SIZE, "until its memory is given back");
#if defined(__linux__) && !defined(WEIR_PORTABLE)
	ok(slots.base[SIZE] == 0 && slots.base[2 * SIZE] == 'x', "of the longest unused first");
#endif
	(void)take();
	is(slots_idle(&slots), 0, "the other is taken first");
	(void)take();
	give_back(1);
	is(slots_idle(&slots), SIZE, "one that was cold has memory again");
	slots_free(&slots);
}

int
main(void)
{
	order();
	memory();
	ok(slots_init(&slots, 15, SIZE_MAX / 16, 0) < 0, "there is not memory for all");
	return done_testing();
}
