/* SPDX-License-Identifier: BSD-2-Clause */
/* From the high watermark, or the first that finds no room, to the low one; and what that comes to. */
#include "../tap.h"

#include "../random.h"
#include "hold/pressure.h"

#define ANY UINT64_MAX

static struct ledger ledger;
static struct pressure pressure;
static uint64_t now;

static void
begin(struct tally high, struct tally low)
{
	const struct watermarks marks = { high, low };

	ledger = (struct ledger){ .in = { 0, 0 } };
	pressure_init(&pressure, &marks, &ledger);
	pressure_pass(&pressure, now = 100);
}

static void
later(uint64_t ns)
{
	pressure_pass(&pressure, now += ns);
}

static struct tally
bytes(uint64_t count)
{
	return (struct tally){ 0, count };
}

/* Of fills, which are high and which are low. */
static void
knows_marks(void)
{
	static const struct {
		struct tally high, low, fill;
		bool is_high, is_low;
	} cases[] = {
		{ { ANY, 10 }, { ANY, 5 }, { 99, 9 }, false, false },
		{ { ANY, 10 }, { ANY, 5 }, { 99, 10 }, true, false },
		{ { ANY, 10 }, { ANY, 5 }, { 99, 5 }, false, true },
		{ { ANY, 10 }, { ANY, 5 }, { 99, 6 }, false, false },
		{ { ANY, 10 }, { ANY, 0 }, { 99, 0 }, false, true },
		{ { 4, 10 }, { 2, 5 }, { 4, 0 }, true, false },
		{ { 4, 10 }, { 2, 5 }, { 3, 5 }, false, false },
		{ { 4, 10 }, { 2, 5 }, { 2, 6 }, false, false },
		{ { 4, 10 }, { 2, 5 }, { 2, 5 }, false, true },
		/* where both are the same, high is what the mark is, and low is below it */
		{ { ANY, 10 }, { ANY, 10 }, { 99, 10 }, true, false },
		{ { ANY, 10 }, { ANY, 10 }, { 99, 9 }, false, true },
		{ { 4, 10 }, { 4, 10 }, { 4, 9 }, true, false },
		{ { 4, 10 }, { 4, 10 }, { 3, 9 }, false, true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(cases[i].high, cases[i].low);
		ok(pressure_is_high(&pressure, cases[i].fill) == cases[i].is_high &&
		    pressure_is_low(&pressure, cases[i].fill) == cases[i].is_low, "case %zu of marks", i);
	}
}

static void
comes_and_goes(void)
{
	begin(bytes(10), bytes(5));
	pressure.marks.high.records = pressure.marks.low.records = ANY;
	ok(!pressure_is_on(&pressure) && pressure_number(&pressure) == 0, "there is none at first");
	pressure_rise(&pressure, bytes(9), false);
	ok(!pressure_is_on(&pressure), "nor below the high watermark");
	pressure_rise(&pressure, bytes(10), false);
	ok(pressure_is_on(&pressure) && pressure_number(&pressure) == 1, "but at it");
	later(7);
	pressure_rise(&pressure, bytes(10), true);
	ok(pressure_number(&pressure) == 1 && pressure_total_ns(&pressure, now) == 7, "which is one, from its beginning on");
	ok(!pressure_ease(&pressure, bytes(6)) && pressure_is_on(&pressure), "above the low watermark it lasts");
	later(3);
	ok(pressure_ease(&pressure, bytes(5)) && !pressure_is_on(&pressure), "and at that it ends");
	ok(!pressure_ease(&pressure, bytes(5)), "once");
	later(50);
	is(pressure_total_ns(&pressure, now), 10, "its time is what it lasted");
	is(ledger.pressure_ns, 10, "in the ledger");
	pressure_rise(&pressure, bytes(0), true);
	ok(pressure_is_on(&pressure) && pressure_number(&pressure) == 2, "what finds no room begins one at any fill");
	later(5);
	is(pressure_total_ns(&pressure, now + 1), 16, "which adds to the time while it lasts");
	is(ledger.pressure_ns, 10, "though the ledger does not know yet");
	pressure_close(&pressure, now + 2);
	ok(ledger.pressure_ns == 17 && !pressure_is_on(&pressure), "until it ends with the run");
	pressure_close(&pressure, now + 9);
	is(ledger.pressure_ns, 17, "which it does once");
}

/* Whatever is said of the fill: it is on from a high one to the next low one, by the simplest of models. */
static void
holds_for_any(void)
{
	struct random random = { 1 };
	bool on = false, good = true;
	uint64_t number = 0, total = 0;

	begin((struct tally){ 6, 100 }, (struct tally){ 3, 40 });
	for (unsigned i = 0; i < 20000 && good; i++) {
		struct tally fill = { random_below(&random, 8), random_below(&random, 120) };
		bool no_room = random_one_in(&random, 9), high = fill.records >= 6 || fill.bytes >= 100;
		uint64_t passed = random_below(&random, 5);

		later(passed);
		total += on ? passed : 0;
		if (random_one_in(&random, 2)) {
			pressure_rise(&pressure, fill, no_room);
			number += !on && (high || no_room);
			on = on || high || no_room;
		} else {
			bool ends = on && fill.records <= 3 && fill.bytes <= 40;
			good = pressure_ease(&pressure, fill) == ends;
			on = on && !ends;
		}
		good = good && pressure_is_on(&pressure) == on && pressure_number(&pressure) == number &&
		    pressure_total_ns(&pressure, now) == total;
	}
	ok(good && number > 100, "after any of %" PRIu64 " pressures", number);
}

static void
retuned(void)
{
	const struct watermarks lower = { { ANY, 6 }, { ANY, 2 } }, higher = { { ANY, 20 }, { ANY, 12 } };

	begin((struct tally){ ANY, 10 }, (struct tally){ ANY, 5 });
	pressure_rise(&pressure, bytes(9), false);
	pressure_retune(&pressure, &lower);
	ok(!pressure_is_on(&pressure), "retuned: nothing is judged by itself");
	pressure_rise(&pressure, bytes(9), false);
	ok(pressure_is_on(&pressure), "retuned: but when it is looked at, by the new marks");
	pressure_retune(&pressure, &higher);
	ok(pressure_is_on(&pressure) && pressure_ease(&pressure, bytes(9)), "retuned: in both ways");
}

int
main(void)
{
	knows_marks();
	comes_and_goes();
	holds_for_any();
	retuned();
	return done_testing();
}
