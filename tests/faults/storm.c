/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storm: random command lines, streams, producers and readers, and with --faults a kernel that does all it may
 * do, each against a real weir.
 *
 *      storm [--faults=PERMILLE] [--policy=POLICY] [--buffer=BYTES] [--seeds=FIRST-LAST] [--shim=FILE] WEIR
 *
 * A test in TAP for each policy.  What fails says how to run just that again.
 */
#include "config.h"

#include "run.h"
#include "../unit/tap.h"

#include <getopt.h>

#define FAILURES_MOST 5

struct settings {
	unsigned permille;
	int policy; /* -1: each */
	uint64_t buffer, first, last;
	const char *shim, *weir;
};

struct sums {
	uint64_t runs, failures, calls, settled, left, terminated;
	uint64_t faults[SHIM_KINDS];
};

static _Noreturn void
usage(void)
{
	(void)fprintf(stderr, "usage: storm [--faults=PERMILLE] [--policy=POLICY] [--buffer=BYTES] "
	    "[--seeds=FIRST-LAST] [--shim=FILE] WEIR\n");
	exit(2);
}

static int
find_policy(const char *name)
{
	for (int i = 0; i < PLAN_POLICIES; i++)
		if (strcmp(plan_policies[i], name) == 0)
			return i;
	usage();
}

static void
read_settings(struct settings *settings, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "faults", required_argument, NULL, 'f' },
		{ "policy", required_argument, NULL, 'p' },
		{ "buffer", required_argument, NULL, 'm' },
		{ "seeds", required_argument, NULL, 's' },
		{ "shim", required_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	*settings = (struct settings){ .policy = -1, .first = 1, .last = 100, .shim = "" };
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'f' && sscanf(optarg, "%u", &settings->permille) == 1)
			continue;
		else if (option == 'p')
			settings->policy = find_policy(optarg);
		else if (option == 'm' && sscanf(optarg, "%" SCNu64, &settings->buffer) == 1)
			continue;
		else if (option == 's' && sscanf(optarg, "%" SCNu64 "-%" SCNu64, &settings->first,
		    &settings->last) == 2)
			continue;
		else if (option == 'l')
			settings->shim = optarg;
		else
			usage();
	}
	if (optind != argc - 1 || (settings->permille > 0) != (*settings->shim != '\0'))
		usage();
	settings->weir = argv[optind];
}

static void
add_up(struct sums *sums, const struct outcome *outcome)
{
	sums->runs++;
	sums->calls += outcome->counts.calls;
	sums->settled += outcome->settled;
	sums->left += outcome->left;
	sums->terminated += outcome->terminated;
	for (int i = 0; i < SHIM_KINDS; i++)
		sums->faults[i] += outcome->counts.faults[i];
}

static void
run_seed(const struct settings *settings, int policy, uint64_t seed, struct sums *sums)
{
	struct plan plan;
	struct stream stream;
	struct outcome outcome;
	const char *wrong;

	plan_random(&plan, seed, policy, settings->buffer);
	if (settings->permille > 0) {
		plan.mode = SHIM_RANDOM;
		plan.which = seed;
		plan.what = (int)(1 + seed % settings->permille);
	}
	stream_make(&stream, &plan, seed);
	rig_run(&plan, &stream, seed, &outcome);
	add_up(sums, &outcome);
	wrong = oracle_judge(&plan, &stream, &outcome);
	if (wrong != NULL) {
		sums->failures++;
		diag("%s", wrong);
		diag("again: storm --faults=%u --policy=%s --buffer=%" PRIu64 " --seeds=%" PRIu64 "-%" PRIu64
		    " --shim=%s %s", settings->permille, plan_policies[policy], settings->buffer, seed, seed,
		    settings->shim, settings->weir);
		oracle_show(&plan, &outcome);
	}
	rig_free(&outcome);
	stream_free(&stream);
}

static void
run_policy(const struct settings *settings, int policy)
{
	struct sums sums = { .runs = 0 };

	for (uint64_t seed = settings->first; seed <= settings->last && sums.failures < FAILURES_MOST; seed++)
		run_seed(settings, policy, seed, &sums);
	ok(sums.failures == 0, "%s: %" PRIu64 " runs%s", plan_policies[policy], sums.runs,
	    settings->permille > 0 ? " with faults" : "");
	diag("%" PRIu64 " settled, %" PRIu64 " readers left, %" PRIu64 " TERM", sums.settled, sums.left,
	    sums.terminated);
	if (settings->permille > 0)
		diag("%" PRIu64 " calls; cut short %" PRIu64 ", woken for nothing %" PRIu64 ", EINTR %" PRIu64
		    ", EAGAIN %" PRIu64 ", EOPNOTSUPP %" PRIu64 ", other errors %" PRIu64, sums.calls,
		    sums.faults[SHIM_SHORT], sums.faults[SHIM_SPURIOUS], sums.faults[SHIM_EINTR],
		    sums.faults[SHIM_EAGAIN], sums.faults[SHIM_EOPNOTSUPP], sums.faults[SHIM_OTHER]);
}

int
main(int argc, char *argv[])
{
	struct settings settings;

	read_settings(&settings, argc, argv);
	rig_begin(settings.weir, settings.shim);
	for (int i = 0; i < PLAN_POLICIES; i++)
		if (settings.policy < 0 || settings.policy == i)
			run_policy(&settings, i);
	rig_end();
	return done_testing();
}
