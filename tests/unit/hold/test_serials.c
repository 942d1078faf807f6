/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Serials against a plain list of records, each of which has its own; with memory and without.  And through a whole
 * pump: whatever drops them, each record that leaves bears the number that it came with.
 */
#include "../tap.h"

#include "../short_serials.h"
#include "../pumped.h"

#define RECORDS_MOST 200
#define ALWAYS UINT_MAX

/* --- the model ------------------------------------------------------------------------------------ */

static struct serials serials;
static uint64_t list[RECORDS_MOST]; /* of those that are held, oldest first */
static size_t held;
static uint64_t first;  /* the number of the oldest */
static uint64_t next;   /* the serial of the next to come */
static uint64_t last;   /* the one that left last, as it was given */

static void
start(unsigned mallocs)
{
	serials_mallocs = mallocs;
	serials_init(&serials);
	held = 0;
	first = 0;
	next = 1;
	last = 0;
}

static void
take(size_t at, size_t records)
{
	memmove(list + at, list + at + records, (held - at - records) * sizeof(list[0]));
	held -= records;
}

static void
drop_at(size_t at, size_t records)
{
	serials_drop_at(&serials, first + at, records, records);
	take(at, records);
}

static void
sweep(struct random *random)
{
	for (size_t at = (size_t)random_from(random, 0, held); at < held; at += (size_t)random_from(random, 0, 8)) {
		size_t left = held - at;

		drop_at(at, (size_t)random_from(random, 1, left < 4 ? left : 4));
	}
}

/* The oldest leaves.  Without memory its serial may be too great, and is in order all the same. */
static bool
leave(bool exact)
{
	uint64_t serial = serials_next(&serials);

	if (held == 0)
		return !exact || serial == next;
	if (serials_leave(&serials) != serial || serial <= last || serial < list[0] || serial >= next)
		return false;
	if (exact && serial != list[0])
		return false;
	last = serial;
	take(0, 1);
	first++;
	return true;
}

static bool
step(struct random *random, bool exact)
{
	size_t at = (size_t)random_from(random, 0, held);
	size_t records = (size_t)random_from(random, 0, held - at);
	uint64_t missing = random_from(random, 1, 3);

	switch (random_from(random, 0, 6)) {
	case 0:
	case 1: /* records come */
		for (uint64_t i = random_from(random, 0, 20); i > 0 && held < RECORDS_MOST; i--)
			list[held++] = next++;
		return true;
	case 2: /* or do not come in */
		serials_drop_at(&serials, first + held, 0, missing);
		next += missing;
		return true;
	case 3: /* records go, anywhere */
		drop_at(at, records);
		return true;
	case 4: /* or the oldest */
		take(0, at);
		first += at;
		serials_drop_oldest(&serials, first);
		return true;
	case 5:
		sweep(random);
		return true;
	default:
		for (uint64_t i = random_from(random, 0, 20); i > 0; i--)
			if (!leave(exact))
				return false;
		return true;
	}
}

static bool
agree(uint64_t seed, unsigned mallocs)
{
	struct random random = { seed };
	bool good = true;

	start(mallocs);
	for (int i = 0; i < 300 && good; i++)
		good = step(&random, mallocs == ALWAYS);
	while (held > 0 && good)
		good = leave(mallocs == ALWAYS);
	good = good && serials_next(&serials) == next; /* none is missing any more */
	serials_free(&serials);
	return good;
}

static void
any_order(void)
{
	bool good = true, short_good = true;

	for (uint64_t seed = 1; seed <= 2000 && good && short_good; seed++) {
		good = agree(seed, ALWAYS);
		short_good = agree(seed, (unsigned)(seed % 5));
		if (!good || !short_good)
			diag("seed %" PRIu64, seed);
	}
	ok(good, "whatever is dropped where, each that leaves has the serial it came with");
	ok(short_good, "without memory some are too great, but in order, none twice, and in the end they are right again");
}

static void
by_example(void)
{
	start(ALWAYS);
	ok(serials_next(&serials) == 1 && serials_leave(&serials) == 1, "the first is 1,");
	is(serials_next(&serials), 2, "the next 2");
	serials_drop_at(&serials, 2, 0, 3);
	ok(serials_leave(&serials) == 2 && serials_leave(&serials) == 6, "what did not come in is missing before the next");
	serials_free(&serials);
	start(0);
	serials_drop_at(&serials, 3, 2, 2);
	is(serials_leave(&serials), 3, "without memory what is missing further on is missing at once, where none is before it");
	serials_free(&serials);
	serials_init(&serials);
	serials_let_first(&serials, 2);
	serials_drop_oldest(&serials, 5);
	ok(serials_leave(&serials) == 1 && serials_leave(&serials) == 2, "those that leave first, from elsewhere, keep theirs,");
	serials_drop_oldest(&serials, 5);
	is(serials_next(&serials), 6, "and the others come behind those that were dropped");
	serials_free(&serials);
	serials_drop_at(NULL, 3, 1, 1);
	serials_drop_oldest(NULL, 3);
	ok(serials_next(NULL) == 0 && serials_leave(NULL) == 0, "where nobody asks for them there are none");
}

/* --- through a pump ------------------------------------------------------------------------------- */

/* The rest of the command line, in which %s is what confirms. */
static const char *const droppers[] = {
	"",
	"-p drop-oldest",
	"-p drop-newest",
	"-p drop-random --seed=7",
	"-p latest --key=2",
	"-p latest --key=2 --keep=/b/",
	"-p drop-oldest --keep=/b/ --keep=/c/",
	"-p drop-newest --keep=/b/",
	"-p drop-random --keep=/b/ --seed=3",
	"-p shed:3",
	"-p codel",
	"-p codel --keep=/b/",
	"-p drop-oldest --max-age=20ms",
	"--max-age=20ms",
	"-p drop-oldest --sample=3",
	"--sample=3",
	"-p drop-oldest --drop-over=1000/s",
	"-p drop-oldest --max-records=3",
	"-p latest --key=2 --max-records=3 --max-age=20ms",
	"-p fail",
	"-p drop-oldest --header=5",
	"-p drop-newest --header=5 --max-records=3",
	"-p drop-random --header=7 --seed=7",
	"-p codel --header=9",
	"-p latest --key=2 --header=3 --max-records=3 --max-age=20ms",
	"--sample=3 --header=4 --settle=2ms",
};

/* What the reader has read, it confirms, by the number that it finds in it. */
static bool
confirm_lines(struct random *random)
{
	const char *text;
	size_t length;

	while ((length = next_line(&text)) > 0) {
		const uint64_t before = books()->out.bytes;

		if (text[0] == 'M') {
			(void)pump_confirm_oldest(&rig.pump);
			continue;
		}
		if (random_one_in(random, 20)) {
			if (pump_reject(&rig.pump, number_of(text), rig.now))
				continue;
			return false;
		}
		if (!pump_confirm(&rig.pump, number_of(text)) || books()->out.bytes != before + length)
			return false;
	}
	return true;
}

static bool
leaves_as_it_came(const char *dropper, bool marks, uint64_t seed)
{
	struct random random = { seed };
	char command_line[200];
	bool good = true;

	rig.little = random_one_in(&random, 2);
	(void)snprintf(command_line, sizeof(command_line), "-m 4K --max-record=1500 --confirm=line --answers=x "
	    "--window=%u %s %s -q", (unsigned)random_from(&random, 1, 30), dropper, marks ? "--mark-drops=M{records}" : "");
	begin(command_line);
	for (int i = 0; i < 400 && good; i++) {
		rig.now += random_below(&random, 3) * NS_PER_MS;
		if (random_one_in(&random, 2))
			feed_some(&random, random_one_in(&random, 10) ? 2000 : 600, '\n');
		pass();
		if (random_one_in(&random, 2))
			read_some((size_t)random_from(&random, 1, 2000));
		good = confirm_lines(&random) && is_sound();
		if (!good)
			diag("weir %s: seed %" PRIu64 ", step %d", command_line, seed, i);
	}
	finish();
	return good;
}

static void
through_a_pump(void)
{
	for (size_t i = 0; i < sizeof(droppers) / sizeof(droppers[0]); i++) {
		bool good = true;

		if (!can_begin(droppers[i]))
			continue;
		for (uint64_t seed = 1; seed <= 40 && good; seed++)
			good = leaves_as_it_came(droppers[i], seed % 2 == 0, seed);
		ok(good, "weir %s: whatever is dropped, who leaves has the serial it came with", droppers[i]);
	}
}

int
main(void)
{
	pipe_init();
	by_example();
	any_order();
	serials_mallocs = ALWAYS;
	through_a_pump();
	return done_testing();
}
