/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * torture: fails each call that weir makes, in turn, with each errno, once and for good.
 *
 *      torture [--stride=N] [--from=N] [--only=N] --shim=FILE WEIR
 *
 * Of all combinations of a scenario, an errno, how long it lasts and which call it begins with, each N-th is
 * run; which calls there are the run itself tells, by coming to its end before it gets to the k-th.  "For
 * good" is of that function, or of all.  A test in TAP for each scenario.
 */
#include "config.h"

#include "run.h"
#include "../unit/tap.h"

#include <errno.h>
#include <getopt.h>

#define FAILURES_MOST 5
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct settings {
	uint64_t stride, from, only; /* only: 0 for all */
	const char *shim, *weir;
};

struct sums {
	uint64_t runs, fired, failures, hung, calls;
};

#define BIT(reason) (1u << (reason))
#define OLDEST (BIT(REASON_OLDEST) | NEWEST)
#define NEWEST BIT(REASON_NEWEST)

/* What differs from a stream of lines through a pipe. */
static const struct scenario {
	const char *name;
	const char *arguments[7];
	uint64_t buffer, max_record, max_records, of;
	unsigned may, keep_below;
	enum sample_by sample_by;
	size_t least, most, total;
	enum end_kind input, output;
	enum stall stall;
	size_t term_at, leave_at;
	bool drops, fails, keyed, rated, report_file, pipe_ignored, marks, saves, metrics_file;
} scenarios[] = {
	{ .name = "block", .total = 30000 },
	{ .name = "block, a stream that is spliced", .arguments = { "--bytes" }, .total = 400000,
	  .buffer = 65536, .most = 400000, .least = 400000 },
	{ .name = "block, lines that are spliced", .total = 400000, .buffer = 65536 },
	{ .name = "drop-oldest, a reader that stalls", .arguments = { "-pdrop-oldest" }, .total = 100000,
	  .drops = true, .may = OLDEST, .stall = STALL_FED },
	{ .name = "drop-oldest, records set aside", .arguments = { "-pdrop-oldest", "-m16K" }, .total = 200000,
	  .buffer = 16384, .least = 100, .most = 12000, .drops = true, .may = OLDEST,
	  .stall = STALL_FED },
	{ .name = "drop-newest", .arguments = { "-pdrop-newest", "--max-records=20" }, .total = 100000,
	  .max_records = 20, .drops = true, .may = NEWEST, .stall = STALL_FED },
	{ .name = "sample, batches", .arguments = { "-s2", "-m64K" }, .buffer = 65536, .of = 2,
	  .total = 200000 },
	{ .name = "rate", .arguments = { "-L2000000B/s" }, .rated = true, .total = 20000 },
	{ .name = "long records", .arguments = { "-s1", "-L100MB/s" }, .rated = true, .total = 60000,
	  .least = 20000, .most = 20000 },
	{ .name = "to a file", .output = END_FILE, .total = 30000 },
	{ .name = "from a file to a FIFO", .input = END_FILE, .output = END_FIFO, .total = 30000 },
	{ .name = "sockets", .input = END_SOCKET, .output = END_SOCKET, .total = 30000 },
	{ .name = "--report=FILE", .report_file = true, .total = 30000 },
	{ .name = "--mark-drops, --interval", .arguments = { "-pdrop-oldest", "-i10ms",
	  "--mark-drops=" MARK_BEGIN "{records} {bytes}" }, .total = 100000, .drops = true, .may = OLDEST,
	  .stall = STALL_FED, .marks = true },
	{ .name = "--dropped=FILE", .arguments = { "-pdrop-newest" }, .total = 100000, .most = 6000,
	  .drops = true, .may = NEWEST, .stall = STALL_FED, .saves = true },
	{ .name = "--metrics=FILE", .arguments = { "-i10ms" }, .total = 30000, .metrics_file = true },
	{ .name = "TERM", .arguments = { "-pdrop-newest", "--drain-timeout=60" }, .total = 30000,
	  .drops = true, .may = NEWEST, .term_at = 20000 },
	{ .name = "fail", .arguments = { "-pfail" }, .total = 100000, .drops = true, .fails = true,
	  .stall = STALL_FED },
	{ .name = "shed", .arguments = { "-pshed:3", "--high=80%", "--low=20%" }, .total = 100000, .drops = true,
	  .may = BIT(REASON_SHED) | NEWEST, .stall = STALL_FED },
	{ .name = "drop-oldest, --keep", .arguments = { "-pdrop-oldest" }, .keep_below = 32, .total = 100000,
	  .drops = true, .may = OLDEST, .stall = STALL_FED },
	{ .name = "drop-random, --keep, --max-age", .arguments = { "-pdrop-random", "--seed=1", "--max-age=20ms" },
	  .keep_below = 32, .total = 100000, .drops = true, .may = BIT(REASON_RANDOM) | BIT(REASON_EXPIRED) | NEWEST,
	  .stall = STALL_FED },
	{ .name = "latest, --top-keys", .arguments = { "-platest", KEY_OPTION, "--top-keys=3", "-m64K" },
	  .buffer = 65536, .total = 300000, .drops = true, .keyed = true,
	  .may = BIT(REASON_SUPERSEDED) | OLDEST, .stall = STALL_FED },
	{ .name = "codel, --keep, --mark-drops, --dropped=FILE", .arguments = { "-pcodel:1ms/1ms",
	  "--mark-drops=" MARK_BEGIN "{records} {bytes}" }, .keep_below = 32, .total = 100000, .drops = true,
	  .may = BIT(REASON_CODEL) | OLDEST, .stall = STALL_FED, .marks = true, .saves = true },
	{ .name = "--sample-by=key, --drop-over by key", .arguments = { "-s2", "--sample-by=key", KEY_OPTION,
	  "--drop-over=1000000/s", "--rate-by=key" }, .keep_below = 32, .of = 2, .sample_by = SAMPLE_BY_KEY,
	  .keyed = true, .may = BIT(REASON_OVER), .total = 30000 },
	{ .name = "--rate-by=key", .arguments = { "-L1000000/s", "--rate-by=key", KEY_OPTION }, .rated = true,
	  .keyed = true, .total = 20000 },
	{ .name = "the reader leaves", .leave_at = 10000, .total = 100000 },
	{ .name = "the reader leaves, SIGPIPE ignored", .leave_at = 10000, .total = 100000,
	  .pipe_ignored = true },
};

static const int errors[] = {
	EINTR, EAGAIN, EIO, ENOSPC, EPIPE, ENOMEM, ENOSYS, EACCES, ENOENT, EMFILE, EOPNOTSUPP, EINVAL,
};

static const enum shim_mode modes[] = { SHIM_ONCE, SHIM_SAME, SHIM_ALL };

static void
make_plan(struct plan *plan, const struct scenario *scenario)
{
	*plan = (struct plan){
		.drops = scenario->drops,
		.fails = scenario->fails,
		.may = scenario->may,
		.keyed = scenario->keyed,
		.policed = (scenario->may & BIT(REASON_OVER)) != 0,
		.sample_by = scenario->sample_by,
		.rated = scenario->rated,
		.report_file = scenario->report_file,
		.pipe_ignored = scenario->pipe_ignored,
		.marks = scenario->marks,
		.saves = scenario->saves,
		.metrics_file = scenario->metrics_file,
		.delimiter = '\n',
		.buffer = scenario->buffer != 0 ? scenario->buffer : 4096,
		.max_records = scenario->max_records != 0 ? scenario->max_records : UINT64_MAX,
		.high_records = UINT64_MAX,
		.kept = 1,
		.of = scenario->of != 0 ? scenario->of : 1,
		.least = scenario->least != 0 ? scenario->least : 1,
		.most = scenario->most != 0 ? scenario->most : 200,
		.total = scenario->total,
		.input = scenario->input,
		.output = scenario->output,
		.write_most = 65536,
		.read_most = 65536,
		.stall = scenario->stall,
		.term_at = scenario->term_at != 0 ? scenario->term_at : NEVER,
		.leave_at = scenario->leave_at != 0 ? scenario->leave_at : NEVER,
	};
	plan->max_record = plan->high_bytes = plan->buffer;
	plan->may |= (plan->drops ? BIT(REASON_OVERSIZE) : 0) | (plan->of > 1 ? BIT(REASON_SAMPLE) : 0);
	plan_add(plan, "--format=json");
	plan_add(plan, "--buffer=%" PRIu64, plan->buffer);
	for (size_t i = 0; i < COUNT(scenario->arguments) && scenario->arguments[i] != NULL; i++)
		plan_add(plan, "%s", scenario->arguments[i]);
	if (scenario->keep_below > 0)
		plan_keep(plan, scenario->keep_below);
	if (strcmp(plan->argument[plan->arguments - 1], "--bytes") == 0)
		plan->delimiter = NO_DELIMITER;
}

/* Whether the call was there to be failed. */
static bool
run_one(const struct settings *settings, const struct plan *plan, uint64_t number, struct sums *sums)
{
	struct stream stream;
	struct outcome outcome;
	const char *wrong;
	bool fired;

	stream_make(&stream, plan, 1);
	rig_run(plan, &stream, number, &outcome);
	fired = outcome.counts.first[0] != '\0';
	sums->runs++;
	sums->fired += fired;
	sums->calls += outcome.counts.calls;
	sums->hung += outcome.hung != NULL;
	wrong = oracle_judge(plan, &stream, &outcome);
	if (wrong != NULL) {
		sums->failures++;
		diag("%s", wrong);
		diag("again: torture --only=%" PRIu64 " --shim=%s %s", number, settings->shim, settings->weir);
		diag("%s %s from call %" PRIu64 " on", strerror(plan->what), plan->mode == SHIM_ONCE ? "once" :
		    plan->mode == SHIM_SAME ? "of one function" : "of all", plan->which);
		oracle_show(plan, &outcome);
	}
	rig_free(&outcome);
	stream_free(&stream);
	return fired;
}

/* Numbers of combinations: the call changes most slowly, so that all of an errno and mode are past their end
 * together. */
static void
run_scenario(const struct settings *settings, size_t at)
{
	const uint64_t each = COUNT(errors) * COUNT(modes);
	uint64_t first = (at + 1) * UINT64_C(10000000);
	struct sums sums = { .runs = 0 };
	uint64_t missed = 0; /* in a row: two calls' worth of it is the end */

	for (uint64_t i = settings->from; missed <= 2 * each / settings->stride + 2; i += settings->stride) {
		struct plan plan;

		if (settings->only != 0)
			i = settings->only - first;
		make_plan(&plan, &scenarios[at]);
		plan.what = errors[i % COUNT(errors)];
		plan.mode = modes[i / COUNT(errors) % COUNT(modes)];
		plan.which = 1 + i / each;
		missed = run_one(settings, &plan, first + i, &sums) ? 0 : missed + 1;
		if (sums.failures >= FAILURES_MOST || settings->only != 0)
			break;
	}
	ok(sums.failures == 0, "%s: %" PRIu64 " runs with a fault", scenarios[at].name, sums.fired);
	diag("%" PRIu64 " runs, %" PRIu64 " calls, %" PRIu64 " hung", sums.runs, sums.calls, sums.hung);
}

static void
read_settings(struct settings *settings, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "stride", required_argument, NULL, 's' },
		{ "from", required_argument, NULL, 'f' },
		{ "only", required_argument, NULL, 'o' },
		{ "shim", required_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	bool good = true;
	int option;

	*settings = (struct settings){ .stride = 1 };
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		uint64_t *number = option == 's' ? &settings->stride : option == 'f' ? &settings->from
		    : option == 'o' ? &settings->only : NULL;

		if (option == 'l')
			settings->shim = optarg;
		else
			good &= number != NULL && sscanf(optarg, "%" SCNu64, number) == 1;
	}
	if (!good || optind != argc - 1 || settings->shim == NULL || settings->stride == 0) {
		(void)fprintf(stderr, "usage: torture [--stride=N] [--from=N] [--only=N] --shim=FILE WEIR\n");
		exit(2);
	}
	settings->weir = argv[optind];
}

int
main(int argc, char *argv[])
{
	struct settings settings;

	read_settings(&settings, argc, argv);
	rig_begin(settings.weir, settings.shim);
	for (size_t i = 0; i < COUNT(scenarios); i++)
		if ((settings.only == 0 || settings.only / 10000000 == i + 1) &&
		    (plan_patterns || (scenarios[i].keep_below == 0 && !scenarios[i].keyed)))
			run_scenario(&settings, i);
	rig_end();
	return done_testing();
}
