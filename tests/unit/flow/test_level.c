/* SPDX-License-Identifier: BSD-2-Clause */
/* When there is a pause, pressure, a peak: pass by pass, by what the test says of the fill. */
#include "../tap.h"

#include "../random.h"
#include "flow/level.h"

#define ANY UINT64_MAX

static struct ledger ledger;
static struct level level;
static uint64_t now;

static void
begin(bool drops, uint64_t high, uint64_t low)
{
	const struct watermarks marks = { { ANY, high }, { ANY, low } };

	ledger = (struct ledger){ .in = { 0, 0 } };
	level_init(&level, drops, &marks, &ledger);
	now = 1000;
}

/* A pass in which a read brings the fill to `filled`, and the output then takes it to `fill`. */
static bool
pass(uint64_t filled, uint64_t fill, const struct level_end *end)
{
	struct level_end all = *end;

	level_pass(&level, now += 10);
	level_filled(&level, (struct tally){ filled / 2, filled });
	all.fill = (struct tally){ fill / 2, fill };
	return level_judge(&level, &all);
}

#define WAITED &(struct level_end){ .output_waited = true, .may_pause = true }
#define TAKEN &(struct level_end){ .may_pause = true }
#define STUCK &(struct level_end){ .output_waited = true }
#define NO_ROOM &(struct level_end){ .output_waited = true, .no_room = true }

static bool
paused(void)
{
	return level_is_paused(&level);
}

static bool
pressed(void)
{
	return pressure_is_on(&level.pressure);
}

static void
pauses(void)
{
	begin(false, 100, 50);
	(void)pass(99, 99, WAITED);
	ok(!paused() && !pressed(), "below the high watermark it reads");
	(void)pass(100, 90, WAITED);
	ok(paused() && pressed(), "at it not, though the output then took a little");
	(void)pass(0, 51, WAITED);
	ok(paused() && pressed(), "nor until it is at the low one");
	ok(pass(0, 50, WAITED) && !paused() && !pressed(), "but then");
	ok(ledger.paused_count == 1 && ledger.paused_ns == 20 && ledger.pressure_count == 1 && ledger.pressure_ns == 20,
	    "and it is known how often, and for how long");
	(void)pass(100, 90, TAKEN);
	ok(!paused() && !pressed(), "what the output takes at once only passes through");
	(void)pass(100, 50, WAITED);
	ok(!paused() && !pressed(), "nor is one that is low already a pause");
	(void)pass(0, 100, STUCK);
	ok(!paused() && pressed(), "none where only more input can set anything going");
	(void)pass(0, 100, WAITED);
	ok(paused(), "where that is not so there is one,");
	(void)pass(0, 80, STUCK);
	ok(!paused() && pressed(), "and one ends that comes to that");
	ok(ledger.paused_count == 2 && ledger.paused_ns == 30 && ledger.pressure_count == 2, "which is one pressure");
}

static void
resumes(void)
{
	begin(false, 100, 50);
	(void)pass(0, 100, WAITED);
	is(level_paused_ns(&level, now + 5), 5, "a pause that lasts counts as far as it has gone");
	is(ledger.paused_ns, 0, "though the ledger does not know yet");
	level_resume(&level, now + 7);
	ok(!paused() && pressed() && ledger.paused_ns == 7, "what is drained at the end is not paused");
	level_resume(&level, now + 9);
	is(ledger.paused_ns, 7, "which it comes to once");
	(void)pass(0, 100, WAITED);
	level_close(&level, now + 4);
	ok(!paused() && !pressed() && ledger.paused_ns == 11 && ledger.pressure_ns == 14, "the end of the run ends both");
}

static void
drops(void)
{
	begin(true, 100, 50);
	(void)pass(100, 40, WAITED);
	ok(!pressed(), "where something gives way, what is left counts");
	(void)pass(100, 100, WAITED);
	ok(!paused() && pressed(), "there are no pauses");
	ok(pass(0, 50, TAKEN) && !pressed(), "and pressure ends as ever");
	(void)pass(0, 20, NO_ROOM);
	ok(pressed(), "something found no room, though there is enough now");
	ok(!pass(0, 20, NO_ROOM) && pressed(), "as long as that is so");
	ok(pass(0, 20, WAITED) && ledger.pressure_count == 2, "and no longer");
	is(ledger.paused_count, 0, "a pause there was none of");
}

static void
peaks(void)
{
	begin(false, 100, 50);
	(void)pass(90, 60, TAKEN);
	ok(ledger.peak.bytes == 60 && ledger.peak.records == 30, "the peak is of what had to wait");
	(void)pass(90, 60, WAITED);
	ok(ledger.peak.bytes == 90 && ledger.peak.records == 45, "before the output took the rest, too");
	(void)pass(10, 10, WAITED);
	is(ledger.peak.bytes, 90, "and stays");
	begin(true, 100, 50);
	(void)pass(90, 60, WAITED);
	is(ledger.peak.bytes, 60, "but not before the policy decided");
}

/* Whatever comes: times add up, nothing is paused that drops, and a low fill is neither a pause nor a pressure. */
static void
holds_for_any(void)
{
	struct random random = { 7 };
	uint64_t paused_ns = 0, pressure_ns = 0;
	bool good = true;

	for (unsigned i = 0; i < 20000 && good; i++) {
		bool was_paused, was_pressed;
		uint64_t fill = random_below(&random, 130);
		struct level_end end = { .no_room = random_one_in(&random, 8), .output_waited = random_one_in(&random, 2),
			.may_pause = !random_one_in(&random, 4) };

		if (i % 1000 == 0) {
			begin(i % 2000 == 0, 100, random_from(&random, 0, 100));
			paused_ns = pressure_ns = 0;
		}
		was_paused = paused();
		was_pressed = pressed();
		(void)pass(fill + random_below(&random, 30), fill, &end);
		paused_ns += was_paused ? 10 : 0;
		pressure_ns += was_pressed ? 10 : 0;
		good = level_paused_ns(&level, now) == paused_ns && pressure_total_ns(&level.pressure, now) == pressure_ns &&
		    !(paused() && (level.drops || !end.may_pause)) &&
		    !((paused() || pressed()) && !end.no_room && pressure_is_low(&level.pressure, (struct tally){ fill / 2, fill })) &&
		    (pressed() || (fill < 100 && !end.no_room)) && ledger.peak.bytes >= fill;
	}
	ok(good, "after any passes");
}

static void
retuned(void)
{
	const struct watermarks lower = { { ANY, 60 }, { ANY, 20 } };

	begin(false, 100, 50);
	(void)pass(0, 70, WAITED);
	ok(!paused(), "retuned: not high");
	level_retune(&level, &lower);
	(void)pass(0, 70, TAKEN);
	ok(paused() && pressed(), "retuned: but by lower marks it is");
	(void)pass(0, 40, TAKEN);
	ok(paused() && pressed(), "retuned: and not low yet");
}

int
main(void)
{
	pauses();
	resumes();
	drops();
	peaks();
	holds_for_any();
	retuned();
	return done_testing();
}
