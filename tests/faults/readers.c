/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * readers: random hostile readers, each started by a real weir, and with --faults a kernel that does all it may do.
 *
 *      readers [--faults=PERMILLE] [--way=WAY] [--seeds=FIRST-LAST] [--shim=FILE] [--keep] --hostile=FILE WEIR
 *
 * A test in TAP for each way in which a record is confirmed.  What fails says how to run just that again.
 */
#include "config.h"

#include "readers.h"
#include "../unit/tap.h"

#include <getopt.h>

#define FAILURES_MOST 5

struct settings {
	unsigned permille;
	int way; /* -1: each */
	uint64_t first, last;
	const char *shim, *hostile, *weir;
};

struct sums {
	uint64_t runs, failures, lives, terminated, letters, calls, faults;
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

static void
read_settings(struct settings *settings, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "faults", required_argument, NULL, 'f' },
		{ "way", required_argument, NULL, 'w' },
		{ "seeds", required_argument, NULL, 's' },
		{ "shim", required_argument, NULL, 'l' },
		{ "hostile", required_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	*settings = (struct settings){ .way = -1, .first = 1, .last = 100 };
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'f' && sscanf(optarg, "%u", &settings->permille) == 1)
			continue;
		else if (option == 'w')
			settings->way = find_way(optarg);
		else if (option == 's' && sscanf(optarg, "%" SCNu64 "-%" SCNu64, &settings->first, &settings->last) == 2)
			continue;
		else if (option == 'l')
			settings->shim = optarg;
		else if (option == 'h')
			settings->hostile = optarg;
		else
			usage();
	}
	if (optind != argc - 1 || settings->hostile == NULL || (settings->permille > 0 && settings->shim == NULL))
		usage();
	settings->weir = argv[optind];
}

static void
add_up(struct sums *sums, const struct reading_outcome *outcome)
{
	const struct note *notes = (const void *)outcome->journal.bytes;

	sums->runs++;
	sums->terminated += outcome->terminated;
	for (size_t i = 0; i < outcome->journal.length / sizeof(*notes); i++)
		sums->lives += notes[i].kind == NOTE_START;
	for (size_t i = 0; i < outcome->dropped.length; i++)
		sums->letters += outcome->dropped.bytes[i] == '\n';
	sums->calls += outcome->counts.calls;
	for (int i = 0; i < SHIM_KINDS; i++)
		sums->faults += outcome->counts.faults[i];
}

static void
run_seed(const struct settings *settings, enum reading way, uint64_t seed, struct sums *sums)
{
	struct reading_plan plan;
	struct records records;
	struct reading_outcome outcome;
	const char *wrong;

	readers_plan(&plan, seed, way);
	plan.permille = settings->permille;
	records_make(&records, &plan);
	readers_run(&plan, &records, &outcome);
	add_up(sums, &outcome);
	wrong = readers_judge(&plan, &records, &outcome);
	if (wrong != NULL) {
		sums->failures++;
		diag("%s", wrong);
		diag("again: readers --faults=%u --way=%s --seeds=%" PRIu64 "-%" PRIu64 " --shim=%s --hostile=%s %s",
		    settings->permille, readers_ways[way], seed, seed, settings->shim != NULL ? settings->shim : "",
		    settings->hostile, settings->weir);
		readers_show(&plan, &outcome);
	}
	readers_free(&outcome);
	records_free(&records);
}

static void
run_way(const struct settings *settings, enum reading way)
{
	struct sums sums = { .runs = 0 };

	for (uint64_t seed = settings->first; seed <= settings->last && sums.failures < FAILURES_MOST; seed++)
		run_seed(settings, way, seed, &sums);
	ok(sums.failures == 0, "%s: %" PRIu64 " runs%s", readers_ways[way], sums.runs,
	    settings->permille > 0 ? " with faults" : "");
	diag("%" PRIu64 " COMMANDs, %" PRIu64 " dead letters, %" PRIu64 " TERM; %" PRIu64 " calls, %" PRIu64 " faults", sums.lives,
	    sums.letters, sums.terminated, sums.calls, sums.faults);
}

int
main(int argc, char *argv[])
{
	struct settings settings;

	read_settings(&settings, argc, argv);
	readers_begin(settings.weir, settings.hostile, settings.shim);
	for (int i = 0; i < READINGS; i++)
		if (settings.way < 0 || settings.way == i)
			run_way(&settings, (enum reading)i);
	readers_end();
	return done_testing();
}
