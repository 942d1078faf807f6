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

/* More are mapped: those that are in use stay where they are. */
static void
growth(void)
{
	char *slot[12];
	bool good = true;

	if (slots_init(&slots, 2, SIZE, 10) < 0)
		abort();
	memset(slots_behind(&slots), 2, 10);
	for (int i = 0; i < 2; i++)
		memset(slot[i] = slots_take(&slots), 'a' + i, SIZE);
	ok(!slots_left(&slots) && slots_grow(&slots, 5) == 0 && slots_left(&slots), "there are three more");
	ok(slots_grow(&slots, 12) == 0, "and seven more");
	for (int i = 2; i < 12; i++)
		memset(slot[i] = slots_take(&slots), 'a' + i, SIZE);
	for (int i = 0; i < 12; i++)
		good = good && slot[i][0] == 'a' + i && slot[i][SIZE - 1] == 'a' + i;
	ok(good && slots_behind(&slots)[9] == 2, "each has memory of its own");
	ok(!slots_left(&slots), "and that is all");
	for (int i = 0; i < 12; i++)
		slots_give_back(&slots, slot[i]);
	for (int i = 11; i >= 0; i--)
		good = good && slots_take(&slots) == slot[i];
	ok(good, "what was used last is used next, wherever it is");
	slots_give_back(&slots, slot[7]);
	slots_cool(&slots);
#if defined(__linux__) && !defined(WEIR_PORTABLE)
	ok(slot[7][0] == 0 && slot[8][0] == 'i', "its memory is given back there");
#endif
	for (size_t i = 2; i < SLOTS_REGIONS; i++)
		good = good && slots_grow(&slots, 11 + i) == 0;
	ok(good && slots_grow(&slots, 100) < 0 && slots_left(&slots), "not for ever, which changes nothing");
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
	growth();
	memory();
	ok(slots_init(&slots, 15, SIZE_MAX / 16, 0) < 0, "there is not memory for all");
	return done_testing();
}
