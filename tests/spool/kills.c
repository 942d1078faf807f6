/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kills: SIGKILL to a weir with a spool, again and again over the same directory, until all records went through.
 *
 *      kills [--records=N] [--kills=N] [--seed=N] [--way=NAME] [--points] [WEIR]
 *
 * A producer writes numbered records, a reader keeps a journal of what it was handed.  Whatever weir had put into the spool
 * it is not told again: the producer goes on behind the greatest number that is on disk or in the journal.  So
 *
 *      each record is in the journal at least once: what was on disk is not lost
 *      within a life they come one after the other, from where the life begins
 *      that is at most so far in front of what the journal has as weir may have in flight
 *      the last life, which is not killed, ends well, and leaves the state alone
 *
 * For each way to confirm: the kernel has it (written; trickle: and had it at once, mostly), the reader has read it (read), it answers (line), its batch ended
 * (exit).  --points: instead of random times at each named point of a debug build, in its first passings.
 */
#include "config.h"

#include "spool/lives.h"

#include "../unit/tap.h"
#include "base/units.h"

#include <getopt.h>
#include <unistd.h>

#define PASSINGS 12 /* of each point */

struct sums {
	uint64_t lives, again_most, again, killed;
};

static struct lives lives;
static bool quick = true;

static bool
wrong(const char *what, uint64_t one, uint64_t other)
{
	diag("%s, seed %" PRIu64 ", life %" PRIu64 ": %s: %" PRIu64 ", %" PRIu64, lives.way->name, lives.seed, lives.count, what,
	    one, other);
	diag("spool and journal are left in %s", lives.folder);
	return false;
}

/* What the journal has got in this life: numbers that rise by one, from one that had to come again at the most. */
static bool
judge_life(struct sums *sums)
{
	struct journal *journal = &lives.journal;
	uint64_t number, from = 0, before = 0;

	while (journal_next(journal, &number)) {
		if (from == 0) {
			from = number;
			if (number > lives.delivered + 1)
				return wrong("a record is missing in front of", number, lives.delivered + 1);
			sums->again += lives.delivered + 1 - number;
			if (lives.delivered + 1 - number > sums->again_most)
				sums->again_most = lives.delivered + 1 - number;
			if (lives.delivered + 1 - number > lives.way->flying)
				return wrong("more come again than were in flight", lives.delivered + 1 - number, lives.way->flying);
		} else if (number != before + 1) {
			return wrong("behind one comes another than the next", before, number);
		}
		before = number;
	}
	if (lives.hangs)
		return wrong("it does not end; delivered, and known", lives.delivered, lives.known);
	if (lives.status != 0)
		return wrong("its status", (uint64_t)lives.status, 0);
	if (journal->damaged)
		return wrong("what the reader was handed is no record", before, 0);
	if (before > lives.delivered)
		lives.delivered = before;
	return true;
}

static bool
judge_end(uint64_t records)
{
	if (lives.delivered != records)
		return wrong("records, and delivered", records, lives.delivered);
	if (lives_left(&lives) > 0)
		return wrong("segments that are left, and have nothing in them", lives_left(&lives), 0);
	return true;
}

/* One spool, from empty to empty. */
static bool
go_through(const struct way *way, uint64_t records, uint64_t kills, struct sums *sums)
{
	struct life life = { .records = records };
	bool good = true;

	lives_begin(&lives, way);
	while (good && !life.to_the_end) {
		const bool over = lives.count >= kills || lives.known == records;

		life.to_the_end = over;
		life.quota = over ? records : 1 + random_below(&lives.chance, 2 * records / kills + 1);
		life.wait_us = random_one_in(&lives.chance, 8) ? 0 : random_below(&lives.chance, 12000);
		lives_live(&lives, &life);
		sums->lives++;
		sums->killed += !over;
		good = judge_life(sums);
	}
	good = good && judge_end(records);
	lives_end(&lives, good);
	return good;
}

/* A life that ends at a point, and one that does not. */
static bool
stop_at(const struct way *way, const char *point, unsigned passing, bool *was_there, struct sums *sums)
{
	struct life life = { .records = 12000, .quota = 6000, .point = point, .passing = passing, .wait_us = 300000 };
	bool good;

	lives_begin(&lives, way);
	lives_live(&lives, &life);
	*was_there = lives.stopped;
	sums->killed += lives.stopped;
	good = judge_life(sums);
	life.point = NULL;
	life.quota = life.records;
	life.to_the_end = true;
	if (good)
		lives_live(&lives, &life);
	good = good && judge_life(sums) && judge_end(life.records);
	lives_end(&lives, good);
	return good;
}

static void
try_points(const struct way *way)
{
	static const char *const points[] = { "created", "written", "torn", "state", "synced", "named", "unlinked" };

	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		struct sums sums = { 0 };
		bool good = true, there = true;

		for (unsigned passing = 1; good && there && passing <= (quick ? 3 : PASSINGS); passing++)
			good = stop_at(way, points[i], passing, &there, &sums);
		ok(good && sums.killed > 0, "%s: killed when it was %s", way->name, points[i]);
		diag("%" PRIu64 " times", sums.killed);
	}
}

static void
try_times(const struct way *way, uint64_t records, uint64_t kills)
{
	struct sums sums = { 0 };
	const bool good = go_through(way, records, kills, &sums);

	ok(good, "%s: each record at least once, in order, whenever weir is killed", way->name);
	diag("%" PRIu64 " records, %" PRIu64 " lives, %" PRIu64 " killed; again %" PRIu64 ", at most %" PRIu64 " at once", lives.delivered,
	    sums.lives, sums.killed, sums.again, sums.again_most);
}

int
main(int argc, char *argv[])
{
	static const struct option options[] = {
		{ "records", required_argument, NULL, 'r' }, { "kills", required_argument, NULL, 'k' },
		{ "seed", required_argument, NULL, 's' }, { "way", required_argument, NULL, 'w' },
		{ "points", no_argument, NULL, 'p' }, { NULL, 0, NULL, 0 },
	};
	uint64_t records = 20000, kills = 25, seed = 1;
	const char *only = NULL, *weir = getenv("WEIR");
	bool points = false;
	int option;

	if (argc > 2 && strcmp(argv[1], READER) == 0)
		return lives_reader(argc - 2, argv + 2);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		quick = false;
		switch (option) {
		case 'r': records = strtoull(optarg, NULL, 10); break;
		case 'k': kills = strtoull(optarg, NULL, 10); break;
		case 's': seed = strtoull(optarg, NULL, 10); break;
		case 'w': only = optarg; break;
		case 'p': points = true; break;
		default: return 2;
		}
	}
	if (optind < argc)
		weir = argv[optind];
	lives_init(&lives, weir, argv[0], seed);
	for (const struct way *way = lives_ways; way->name != NULL; way++) {
		if (only != NULL && strcmp(only, way->name) != 0)
			continue;
		if (!points)
			try_times(way, records, kills > 0 ? kills : 1);
		if ((points || quick) && lives_has_points(&lives))
			try_points(way);
	}
	return done_testing();
}
