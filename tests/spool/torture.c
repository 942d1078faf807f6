/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * torture: each call of a weir with a spool fails in turn, with each errno that a disk has, once and for good.
 *
 *      torture [--stride=N] [--only=N] --shim=FILE [WEIR]
 *
 * A run with a fault, and one without over what that has left:
 *
 *      neither crashes or hangs; the second ends well, and misses nothing
 *      the first, where it comes to a report: the law; what it says is out, is; what it says is kept, the second delivers
 *      records come in order
 */
#include "config.h"

#include "../faults/shim.h"
#include "../faults/tested.h"
#include "../unit/tap.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <unistd.h>

#define RECORDS 20000
#define PATIENCE_US 8000000
#define PATH 300
#define FAILURES 5

struct tally {
	uint64_t records, bytes;
};

struct outcome {
	bool waits, hangs, reported; /* until it is told to end; even then */
	int status; /* as waitpid has it */
	struct tally recovered, in, out, dropped, held, undelivered, kept;
	uint64_t number[2 * RECORDS], numbers; /* that it delivered */
};

static const struct scenario {
	const char *name;
	const char *option[4];
	bool drops;
} scenarios[] = {
	{ "block", { "--spool-sync=1ms", "-m64K", "-pblock" }, false },
	{ "drop-newest", { "--spool-sync=always", "-m64K", "-pdrop-newest" }, true },
	{ "drop-oldest", { "--spool-sync=1ms", "-m64K", "-pdrop-oldest" }, true },
};

static const int errors[] = { ENOSPC, EDQUOT, EIO, EROFS, EINTR };
static const char *shim, *weir;
static char folder[] = "/tmp/weir-torture-XXXXXX";
static struct shim_counts *counts;
static int counts_fd;
static uint64_t stride = 1, only, failures;

static const char *
path_of(const char *name)
{
	static char path[4][PATH];
	static int at;

	at = (at + 1) % 4;
	(void)snprintf(path[at], PATH, "%s/%s", folder, name);
	return path[at];
}

static void
write_input(const char *name, uint64_t records)
{
	FILE *file = fopen(path_of(name), "w");

	for (uint64_t i = 1; file != NULL && i <= records; i++)
		(void)fprintf(file, "%060" PRIu64 "\n", i);
	if (file == NULL || fclose(file) != 0)
		abort();
}

/* --- a run ----------------------------------------------------------------------------------------- */

static void
execute(const struct scenario *scenario, const char *input, const char *faults)
{
	char spool[PATH + 10], report[PATH + 10];
	const int in = open(path_of(input), O_RDONLY), out = open(path_of("out"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	const int quiet = open("/dev/null", O_WRONLY);

	(void)snprintf(spool, sizeof(spool), "--spool=%s", path_of("spool"));
	(void)snprintf(report, sizeof(report), "--report=%s", path_of("report"));
	(void)dup2(in, STDIN_FILENO);
	(void)dup2(out, STDOUT_FILENO);
	(void)dup2(quiet, STDERR_FILENO);
	(void)fcntl(counts_fd, F_SETFD, 0);
	if (faults != NULL) {
		(void)setenv(SHIM_VARIABLE, faults, 1);
		(void)setenv(SHIM_PROGRAM, "weir", 1);
		preload(shim);
	}
	(void)execl(weir, "weir", "--format=json", spool, report, "--spool-size=1M", "--drain-timeout=1s", scenario->option[0], scenario->option[1],
	    scenario->option[2], (char *)NULL);
	_exit(97);
}

static struct tally
figure(const char *report, const char *name)
{
	struct tally tally = { 0, 0 };
	char what[40];
	const char *at;

	(void)snprintf(what, sizeof(what), "\"%s\":{\"records\":", name);
	if ((at = strstr(report, what)) != NULL)
		(void)sscanf(at + strlen(what), "%" SCNu64 ",\"bytes\":%" SCNu64, &tally.records, &tally.bytes);
	return tally;
}

static void
read_report(struct outcome *outcome)
{
	static char report[1 << 16];
	FILE *file = fopen(path_of("report"), "r");
	const size_t length = file != NULL ? fread(report, 1, sizeof(report) - 1, file) : 0;

	if (file != NULL)
		(void)fclose(file);
	report[length] = '\0';
	outcome->reported = strstr(report, "\"final\"") != NULL && report[length > 0 ? length - 1 : 0] == '\n';
	outcome->recovered = figure(report, "recovered");
	outcome->in = figure(report, "in");
	outcome->out = figure(report, "out");
	outcome->dropped = figure(report, "dropped");
	outcome->held = figure(report, "held");
	outcome->undelivered = figure(report, "undelivered");
	outcome->kept = figure(report, "kept");
}

static void
read_output(struct outcome *outcome)
{
	FILE *file = fopen(path_of("out"), "r");
	char line[100];

	outcome->numbers = 0;
	while (file != NULL && fgets(line, sizeof(line), file) != NULL && outcome->numbers < 2 * RECORDS)
		if (line[strlen(line) - 1] == '\n')
			outcome->number[outcome->numbers++] = strtoull(line, NULL, 10);
	if (file != NULL)
		(void)fclose(file);
}

static bool
ends(pid_t pid, struct outcome *outcome)
{
	for (uint64_t us = 0; us < PATIENCE_US; us += 200) {
		if (waitpid(pid, &outcome->status, WNOHANG) == pid)
			return true;
		(void)usleep(200);
	}
	return false;
}

static void
run(const struct scenario *scenario, const char *input, const char *faults, struct outcome *outcome)
{
	pid_t pid;

	(void)unlink(path_of("report"));
	if ((pid = fork()) == 0)
		execute(scenario, input, faults);
	outcome->waits = !ends(pid, outcome);
	if (outcome->waits)
		(void)kill(pid, SIGTERM);
	outcome->hangs = outcome->waits && !ends(pid, outcome);
	if (outcome->hangs) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, &outcome->status, 0);
	}
	read_report(outcome);
	read_output(outcome);
}

/* --- what has to hold ------------------------------------------------------------------------------ */

static bool
is_rising(const struct outcome *outcome)
{
	for (uint64_t i = 1; i < outcome->numbers; i++)
		if (outcome->number[i] <= outcome->number[i - 1])
			return false;
	return true;
}

/* What can never be synced never leaves, where that is asked for; and a thread that cannot be called never answers. */
static bool
may_wait(const struct scenario *scenario, const char *call)
{
	const bool always = strcmp(scenario->option[0], "--spool-sync=always") == 0;

	return strcmp(call, "recv") == 0 || (always && strstr(call, "sync") != NULL);
}

static const char *
judge(const struct scenario *scenario, const struct outcome *one, const struct outcome *two, bool for_good)
{
	const bool may = for_good && may_wait(scenario, counts->first);
	uint64_t behind = 0;

	if (one->hangs || two->hangs || two->waits)
		return one->hangs ? "it hangs" : "the next one hangs";
	if (one->waits && !may)
		return "it waits for nothing, until it is told to end";
	if (!one->waits && (!WIFEXITED(one->status) || WEXITSTATUS(one->status) > 5))
		return "it ended by a signal, or with a status that is none";
	if (two->status != 0)
		return "the next one fails";
	if (!is_rising(one) || !is_rising(two))
		return "records come in another order";
	if (one->reported && one->recovered.bytes + one->in.bytes != one->out.bytes + one->dropped.bytes + one->held.bytes +
	    one->undelivered.bytes + one->kept.bytes)
		return "the law";
	if (one->reported && one->numbers < one->out.records)
		return "less is out than it says";
	if (two->dropped.records > 0)
		return "something is missing in the next run";
	for (uint64_t i = 0; i < two->numbers; i++)
		behind += one->numbers == 0 || two->number[i] > one->number[one->numbers - 1];
	if (one->reported && behind < one->kept.records)
		return "what it says is kept is not there";
	if (!scenario->drops && one->numbers > 0 && two->numbers > 0 && two->number[0] > one->number[one->numbers - 1] + 1)
		return "something between the two is missing";
	return NULL;
}

static void
empty(void)
{
	char command[PATH + 20];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", path_of("spool"));
	if (system(command) != 0)
		abort();
}

/* Whether the call was there to be failed. */
static bool
try_one(const struct scenario *scenario, uint64_t number)
{
	static struct outcome one, two;
	const uint64_t which = 1 + number / 10;
	const int error = errors[number % 5];
	const bool for_good = number / 5 % 2 == 1 && scenario->drops && error != EINTR;
	char faults[80];
	const char *wrong;

	empty();
	memset(counts, 0, sizeof(*counts));
	(void)snprintf(faults, sizeof(faults), "%d %" PRIu64 " %d %d", for_good ? SHIM_SAME : SHIM_ONCE, which, error, counts_fd);
	run(scenario, "lines", faults, &one);
	run(scenario, "none", NULL, &two);
	wrong = judge(scenario, &one, &two, for_good);
	if (wrong != NULL && failures++ < FAILURES) {
		diag("%s, %s from call %" PRIu64 " on%s (%s): %s", scenario->name, strerror(error), which, for_good ? " for good" : "",
		    counts->first, wrong);
		diag("status %#x, out %" PRIu64 ", came %" PRIu64 ", kept %" PRIu64 ", in %" PRIu64 "; next: status %#x, came %" PRIu64 ", dropped %" PRIu64,
		    (unsigned)one.status, one.out.records, one.numbers, one.kept.records, one.in.records, (unsigned)two.status, two.numbers,
		    two.dropped.records);
		diag("again: torture --only=%" PRIu64, (uint64_t)(scenario - scenarios + 1) * 1000000 + number);
	}
	return counts->first[0] != '\0';
}

static void
try_all(const struct scenario *scenario)
{
	uint64_t runs = 0, missed = 0;

	failures = 0;
	for (uint64_t number = 0; missed < 20 / stride + 2 && failures < FAILURES; number += stride) {
		if (only != 0)
			number = only % 1000000;
		missed = try_one(scenario, number) ? 0 : missed + 1;
		runs++;
		if (only != 0)
			break;
	}
	ok(failures == 0, "%s: whatever a call of the system's says", scenario->name);
	diag("%" PRIu64 " runs", runs);
}

int
main(int argc, char *argv[])
{
	static const struct option options[] = {
		{ "stride", required_argument, NULL, 's' }, { "only", required_argument, NULL, 'o' },
		{ "shim", required_argument, NULL, 'l' }, { NULL, 0, NULL, 0 },
	};
	int option;

	weir = getenv("WEIR");
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			stride = strtoull(optarg, NULL, 10);
		else if (option == 'o')
			only = strtoull(optarg, NULL, 10);
		else if (option == 'l')
			shim = optarg;
		else
			return 2;
	}
	if (optind < argc)
		weir = argv[optind];
	if (weir == NULL || shim == NULL || stride == 0 || mkdtemp(folder) == NULL)
		return 2;
	counts_fd = open(path_of("counts"), O_RDWR | O_CREAT, 0600);
	if (counts_fd < 0 || ftruncate(counts_fd, sizeof(*counts)) < 0)
		return 1;
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED, counts_fd, 0);
	if (counts == MAP_FAILED)
		return 1;
	write_input("lines", RECORDS);
	write_input("none", 0);
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		if (only == 0 || only / 1000000 == i + 1)
			try_all(&scenarios[i]);
	return done_testing();
}
