/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers in front of records, whatever a write cuts, whoever reads next, and whatever is missing between.
 *
 * The test makes the records, and each says which it is: so what is in front of it is held against what the source
 * wrote, and not against what weir counted.
 */
#include "../pumped.h"

#include "flow/numbers.h"

#include <string.h>

#define SEEDS 15
#define TURNS 600

/* What one reader was given so far: whole records, each with its number, and part of one more at the end. */
static bool
is_numbered(uint64_t *last)
{
	size_t at = 0;

	while (at < rig.got_length) {
		const char *text = rig.got + at, *end = memchr(text, '\n', rig.got_length - at);
		const char *record = memchr(text, '>', rig.got_length - at);

		if (*text != '<')
			return false;
		if (end == NULL || record == NULL)
			return true;
		if (record > end || record[1] == 'M')
			return record[1] == 'M';
		if (number_of(text + 1) % 1000000 != number_of(record + 1)) {
			diag("'%.20s'", text);
			return false;
		}
		*last = number_of(text + 1);
		at = (size_t)(end + 1 - rig.got);
	}
	return true;
}

/* Of those that it was given, some are confirmed. */
static void
confirm_some(struct random *random)
{
	if (!rig.pump.plan.flying)
		return;
	for (uint64_t n = random_below(random, 4); n > 0; n--)
		(void)pump_confirm_oldest(&rig.pump);
}

static bool
run(const char *command_line, uint64_t seed)
{
	struct random random = { seed };
	uint64_t last = 0, readers = 0;
	bool good = true;

	rig.little = !random_one_in(&random, 3);
	rig.numbers = true;
	begin(command_line);
	for (int turn = 0; turn < TURNS && good; turn++) {
		rig.now += random_below(&random, 3 * NS_PER_MS);
		if (rig.left_at == rig.left_length && random_one_in(&random, 10)) {
			rig.left_at = rig.left_length = 0;
			make_record((size_t)random_from(&random, 3000, 7000), 'l', '\n'); /* longer than a write */
		}
		feed_some(&random, 300, '\n');
		pass();
		if (random_one_in(&random, 2))
			read_some((size_t)random_from(&random, 1, 700));
		good = is_numbered(&last) && is_sound();
		confirm_some(&random);
		if (rig.pump.plan.flying && random_one_in(&random, 25)) {
			readers++;
			change_reader(true);
		}
		if (rig.got_length > PUMPED_MOST / 2)
			turn = TURNS;
	}
	if (!good)
		diag("weir %s, seed %" PRIu64 ", after %" PRIu64 " readers", command_line, seed, readers);
	finish();
	return good && last > 0;
}

static const char *const runs[] = {
	"-q -m 64K --number=<{n}>",
	"-q -m 16K --number=<{n}> -p drop-oldest --max-record=8K",
	"-q -m 16K --number=<{n}> -p drop-newest --max-record=200",
	"-q -m 16K --number=<{n}> -s 1/3",
	"-q -m 64K --number=<{n}> -L 300kB/s",
	"-q -m 64K --max-record=8K --number=<{n}> --confirm=line --answers=x",
	"-q -m 16K --max-record=8K --number=<{n}> --confirm=line --answers=x -p drop-oldest",
	"-q -m 16K --max-record=8K --number=<{n}> --confirm=number --window=20 --answers=x -p drop-random --seed=4",
	"-q -m 64K --max-record=8K --number=<{n}> --confirm=line --answers=x -L 500/s",
};

static void
at_random(void)
{
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		bool good = true;

		for (uint64_t seed = 1; seed <= SEEDS && good; seed++)
			good = run(runs[i], 100 * i + seed);
		ok(good, "weir %s: each has its number", runs[i]);
	}
}

/* The pipe takes the number and nothing more: the reader after that one gets it once more. */
static void
number_alone(void)
{
	const char *text;
	uint64_t last = 0;

	rig.little = false;
	rig.numbers = true;
	begin("-q -m 64K --max-record=16K --number=<{n}> --confirm=line --answers=x");
#ifdef F_SETPIPE_SZ
	(void)fcntl(rig.pump.outlet.port.fd, F_SETPIPE_SZ, 4096);
	rig.left_at = rig.left_length = 0;
	make_record(4090, 'a', '\n');
	make_record(5000, 'b', '\n');
	while (!write_left())
		passes(1);
	passes(4);
	ok(flight_is_begun(&rig.pump.flight) && !numbers_begun(&rig.pump.outlet.numbers),
	    "a number is out, and nothing of its record");
	change_reader(true);
	for (int turns = 0; turns < 50 && next_line(&text) == 0; turns++) {
		pass();
		read_some(3000);
	}
	rig.seen = 0;
	for (int turns = 0; turns < 50 && rig.got_length < 9096; turns++) {
		pass();
		read_some(3000);
	}
	ok(is_numbered(&last) && last == 2 && rig.got_length == 9096, "the next reader gets both, each with its number");
#else
	(void)text;
	(void)last;
#endif
	finish();
}

int
main(void)
{
	at_random();
	number_alone();
	return done_testing();
}
