/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * readers: random hostile readers, each started by a real weir or apart from it, and with --faults a kernel that does
 * all it may do.
 *
 *      readers [--faults=PERMILLE] [--way=WAY] [--seeds=FIRST-LAST] [--shim=FILE] --hostile=FILE WEIR
 *      readers --kill=reader|weir|warden [--kills=N] [--seeds=FIRST-LAST] --hostile=FILE WEIR
 *      readers --each=STRIDE [--only=N] [--way=WAY] --shim=FILE --hostile=FILE WEIR
 *
 * A test in TAP for each way in which a record is confirmed; or for who is killed by SIGKILL, until it was N times, while
 * the reader does as it should; or for each call of weir's and the warden's that fails in turn, with each errno, once and
 * for good, of which each STRIDE-th is tried (torture.c).  What fails says how to run just that again.  READERS_KEEP in the environment: the files
 * of the last run are kept, and their directory is named.
 */
#include "config.h"

#include "readers.h"
#include "../unit/tap.h"

#include <errno.h>
#include <getopt.h>

#define FAILURES_MOST 5

struct settings {
	unsigned permille;
	int way; /* -1: each */
	enum victim victim;
	uint64_t first, last, kills, each, only;
	const char *shim, *hostile, *weir;
	uint64_t now; /* of --each */
};

struct sums {
	uint64_t runs, failures, killed, unburied, lives, terminated, letters, calls, faults;
};

static _Noreturn void
usage(void)
{
	(void)fprintf(stderr, "usage: readers [--faults=PERMILLE] [--way=WAY] [--seeds=FIRST-LAST] [--shim=FILE] "
	    "--hostile=FILE WEIR\n");
	exit(2);
}

static int
find_way(const char *name)
{
	for (int i = 0; i < READINGS; i++)
		if (strcmp(readers_ways[i], name) == 0)
			return i;
	usage();
}

static const char *const victims[VICTIMS] = {
	[NOBODY] = "", [KILL_READER] = "reader", [KILL_WEIR] = "weir", [KILL_WARDEN] = "warden",
};

static enum victim
find_victim(const char *name)
{
	for (int i = KILL_READER; i < VICTIMS; i++)
		if (strcmp(victims[i], name) == 0)
			return (enum victim)i;
	usage();
}

static void
read_settings(struct settings *settings, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "faults", required_argument, NULL, 'f' },
		{ "way", required_argument, NULL, 'w' },
		{ "seeds", required_argument, NULL, 's' },
		{ "shim", required_argument, NULL, 'l' },
		{ "hostile", required_argument, NULL, 'h' },
		{ "each", required_argument, NULL, 'e' },
		{ "only", required_argument, NULL, 'o' },
		{ "kill", required_argument, NULL, 'k' },
		{ "kills", required_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	*settings = (struct settings){ .way = -1, .first = 1, .last = 100, .kills = UINT64_MAX };
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'f' && sscanf(optarg, "%u", &settings->permille) == 1)
			continue;
		else if (option == 'w')
			settings->way = find_way(optarg);
		else if (option == 's' && sscanf(optarg, "%" SCNu64 "-%" SCNu64, &settings->first, &settings->last) == 2)
			continue;
		else if (option == 'n' && sscanf(optarg, "%" SCNu64, &settings->kills) == 1)
			continue;
		else if (option == 'e' && sscanf(optarg, "%" SCNu64, &settings->each) == 1)
			continue;
		else if (option == 'o' && sscanf(optarg, "%" SCNu64, &settings->only) == 1)
			continue;
		else if (option == 'k')
			settings->victim = find_victim(optarg);
		else if (option == 'l')
			settings->shim = optarg;
		else if (option == 'h')
			settings->hostile = optarg;
		else
			usage();
	}
	if (optind != argc - 1 || settings->hostile == NULL || ((settings->permille > 0 || settings->each > 0) && settings->shim == NULL))
		usage();
	settings->weir = argv[optind];
}

static void
add_up(struct sums *sums, const struct reading_outcome *outcome)
{
	const struct note *notes = (const void *)outcome->journal.bytes;

	sums->runs++;
	sums->terminated += outcome->terminated;
	sums->killed += outcome->killed;
	sums->unburied += outcome->unburied;
	for (size_t i = 0; i < outcome->journal.length / sizeof(*notes); i++)
		sums->lives += notes[i].kind == NOTE_START;
	for (size_t i = 0; i < outcome->dropped.length; i++)
		sums->letters += outcome->dropped.bytes[i] == '\n';
	sums->calls += outcome->counts.calls;
	for (int i = 0; i < SHIM_KINDS; i++)
		sums->faults += outcome->counts.faults[i];
}

static void
say_again(const struct settings *settings, const struct reading_plan *plan)
{
	if (plan->error != 0)
		diag("again: readers --each=1 --way=%s --only=%" PRIu64 " --shim=%s --hostile=%s %s", readers_ways[plan->reading],
		    settings->now, settings->shim, settings->hostile, settings->weir);
	else if (plan->victim != NOBODY)
		diag("again: readers --kill=%s --seeds=%" PRIu64 "-%" PRIu64 " --hostile=%s %s", victims[plan->victim], plan->seed,
		    plan->seed, settings->hostile, settings->weir);
	else
		diag("again: readers --faults=%u --way=%s --seeds=%" PRIu64 "-%" PRIu64 " --shim=%s --hostile=%s %s",
		    settings->permille, readers_ways[plan->reading], plan->seed, plan->seed,
		    settings->shim != NULL ? settings->shim : "", settings->hostile, settings->weir);
}

static bool
run_plan(const struct settings *settings, const struct reading_plan *plan, struct sums *sums)
{
	struct records records;
	struct reading_outcome outcome;
	const char *wrong;
	bool fired; /* a fault */

	records_make(&records, plan);
	readers_run(plan, &records, &outcome);
	add_up(sums, &outcome);
	wrong = readers_judge(plan, &records, &outcome);
	if (wrong != NULL) {
		sums->failures++;
		diag("%s", wrong);
		say_again(settings, plan);
		readers_show(plan, &outcome);
	}
	fired = outcome.counts.first[0] != '\0';
	readers_free(&outcome);
	records_free(&records);
	return fired;
}

static void
run_way(const struct settings *settings, enum reading way)
{
	struct sums sums = { .runs = 0 };

	for (uint64_t seed = settings->first; seed <= settings->last && sums.failures < FAILURES_MOST; seed++) {
		struct reading_plan plan;

		readers_plan(&plan, seed, way);
		plan.permille = settings->permille;
		(void)run_plan(settings, &plan, &sums);
	}
	ok(sums.failures == 0, "%s: %" PRIu64 " runs%s", readers_ways[way], sums.runs,
	    settings->permille > 0 ? " with faults" : "");
	diag("%" PRIu64 " COMMANDs, %" PRIu64 " dead letters, %" PRIu64 " TERM; %" PRIu64 " calls, %" PRIu64 " faults; %" PRIu64
	    " wardens ended late", sums.lives, sums.letters, sums.terminated, sums.calls, sums.faults, sums.unburied);
}

static void
run_kills(const struct settings *settings)
{
	struct sums sums = { .runs = 0 };

	for (uint64_t seed = settings->first; seed <= settings->last && sums.failures < FAILURES_MOST &&
	    sums.killed < settings->kills; seed++) {
		struct reading_plan plan;

		readers_plan_kill(&plan, seed, settings->victim);
		(void)run_plan(settings, &plan, &sums);
	}
	ok(sums.failures == 0 && sums.killed > 0, "%s killed %" PRIu64 " times, in %" PRIu64 " runs", victims[settings->victim],
	    sums.killed, sums.runs);
	diag("%" PRIu64 " COMMANDs", sums.lives);
}

/* Numbers of combinations, as torture.c has them; counted from 1. */
static void
run_each(struct settings *settings, enum reading way)
{
	static const int errors[] = { EINTR, EAGAIN, EIO, ENOMEM, ENOSYS, EACCES, EMFILE, EINVAL, EPIPE };
	static const enum shim_mode modes[] = { SHIM_ONCE, SHIM_SAME, SHIM_ALL };
	const uint64_t count = sizeof(errors) / sizeof(errors[0]), each = count * sizeof(modes) / sizeof(modes[0]);
	struct sums sums = { .runs = 0 };
	uint64_t missed = 0, fired = 0;

	for (uint64_t i = settings->only > 0 ? settings->only - 1 : 0; missed <= 2 * each / settings->each + 2 &&
	    sums.failures < FAILURES_MOST; i += settings->each) {
		struct reading_plan plan;
		bool was;

		readers_plan_calm(&plan, way);
		plan.error = errors[i % count];
		plan.mode = modes[i / count % (each / count)];
		plan.which = 1 + i / each;
		settings->now = i + 1;
		was = run_plan(settings, &plan, &sums);
		missed = was ? 0 : missed + 1;
		fired += was;
		if (settings->only > 0)
			break;
	}
	ok(sums.failures == 0, "%s: %" PRIu64 " runs with a call that fails", readers_ways[way], fired);
	diag("%" PRIu64 " runs, %" PRIu64 " calls", sums.runs, sums.calls);
}

int
main(int argc, char *argv[])
{
	struct settings settings;

	read_settings(&settings, argc, argv);
	(void)setvbuf(stdout, NULL, _IOLBF, 0); /* so that a long run can be looked at */
	readers_begin(settings.weir, settings.hostile, settings.shim);
	if (settings.victim != NOBODY)
		run_kills(&settings);
	for (int i = 0; i < READINGS && settings.victim == NOBODY; i++) {
		if (settings.way >= 0 && settings.way != i)
			continue;
		if (settings.each == 0)
			run_way(&settings, (enum reading)i);
		else
			run_each(&settings, (enum reading)i);
	}
	readers_end();
	return done_testing();
}
