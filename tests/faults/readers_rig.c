/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The producer is this process; all that COMMAND and weir have to say goes to files, so that nobody waits for it.
 *
 * Whoever outlives weir becomes a child of this process (PR_SET_CHILD_SUBREAPER).  The children that COMMAND itself has
 * forked to hold its pipes are let be, and ended here; anybody else was left behind.
 */
#include "config.h"

#include "readers.h"
#include "tested.h"
#include "../unit/random.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The watchdog: so long without a byte, a note or a report, on a machine however busy. */
#define PROGRESS_MS 120000
#define ENOUGH_MS 10000 /* where calls fail */
#define RUN_MS 30000    /* all of a run there: a COMMAND that is started again for ever writes its journal for ever */
#define STEP_MS 2
#define FINISH_MS 60000 /* where weir or the warden was killed, COMMAND has so long to come to its end */
#define REST_MS 3
#define PAUSE_MS 1500 /* a weir that does not sleep meanwhile is found */

static char directory[64];
static const char *weir_path, *hostile_path, *shim_path;

struct rig {
	const struct reading_plan *plan;
	const struct records *records;
	struct reading_outcome *outcome;
	struct random random;
	pid_t pid;
	pid_t reader;        /* where it is apart, or 0 */
	int input;           /* -1: closed */
	int answers;         /* held open until weir ends, so that the reader does not wait for it; -1 */
	int credits;         /* -1: there are none */
	bool catches, paused;
	uint64_t rests_until_ms, start_ms, progress_ms, seen, kill_at;
};

static _Noreturn void
give_up(const char *what)
{
	perror(what);
	readers_end();
	exit(99);
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- files ---------------------------------------------------------------------------------------- */

static const char *const names[] = { "journal", "dropped", "report", "errors", "out", "counts", "in" };

static const char *
path_of(const char *name)
{
	static char path[4][sizeof(directory) + 16];
	static unsigned turn;

	turn = (turn + 1) % 4;
	(void)snprintf(path[turn], sizeof(path[turn]), "%s/%s", directory, name);
	return path[turn];
}

void
readers_begin(const char *weir, const char *hostile, const char *shim)
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(directory, sizeof(directory), "%.40s/weir.XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(directory) == NULL)
		give_up(directory);
	weir_path = weir;
	hostile_path = hostile;
	shim_path = shim;
	readers_patterns = takes_patterns(weir);
	(void)signal(SIGPIPE, SIG_IGN);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		give_up("PR_SET_CHILD_SUBREAPER");
}

void
readers_end(void)
{
	if (getenv("READERS_KEEP") != NULL) {
		(void)fprintf(stderr, "%s\n", directory);
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(path_of(names[i]));
	(void)unlink(path_of("credits"));
	(void)unlink(path_of("answers"));
	(void)rmdir(directory);
}

static int
make(const char *name)
{
	int fd = open(path_of(name), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		give_up(name);
	return fd;
}

static uint64_t
size_of(const char *name)
{
	struct stat status;

	return stat(path_of(name), &status) == 0 ? (uint64_t)status.st_size : 0;
}

static void
take_file(struct file_text *text, const char *name)
{
	int fd = open(path_of(name), O_RDONLY | O_CLOEXEC);
	size_t length = (size_t)size_of(name);
	ssize_t done = 0;

	text->bytes = malloc(length + 1);
	if (text->bytes == NULL || (fd >= 0 && (done = read(fd, text->bytes, length)) < 0))
		give_up(name);
	text->length = (size_t)done;
	text->bytes[text->length] = '\0';
	if (fd >= 0)
		(void)close(fd);
}

/* --- weir ----------------------------------------------------------------------------------------- */

static void
set_shim(const struct reading_plan *plan)
{
	struct shim_counts none = { 0 };
	int counts = make("counts");
	char order[80];

	if (write(counts, &none, sizeof(none)) != (ssize_t)sizeof(none))
		give_up("counts");
	/* Serials are too great where there was no memory for them (serials.h): then COMMAND and weir talk at cross purposes. */
	if (plan->permille > 0)
		(void)snprintf(order, sizeof(order), "%d %" PRIu64 " %d %d", (int)SHIM_AMPLE, plan->seed,
		    (int)(1 + plan->seed % plan->permille), counts);
	else
		(void)snprintf(order, sizeof(order), "%d %" PRIu64 " %d %d", (int)plan->mode, plan->which, plan->error, counts);
	(void)fcntl(counts, F_SETFD, 0);
	preload(shim_path);
	(void)setenv(SHIM_VARIABLE, order, 1);
	(void)setenv(SHIM_PROGRAM, "weir", 1); /* COMMAND gets it too, and is left alone */
}

/* COMMAND's words, behind `count` others: how many there are then. */
static int
add_hostile(char *argv[], int count, const struct reading_plan *plan)
{
	static char numbers[4][24], journal[128];

	(void)snprintf(journal, sizeof(journal), "%s", path_of("journal"));
	(void)snprintf(numbers[0], sizeof(numbers[0]), "%" PRIu64, plan->seed);
	(void)snprintf(numbers[1], sizeof(numbers[1]), "%u", plan->deeds);
	(void)snprintf(numbers[2], sizeof(numbers[2]), "%u", plan->habits);
	(void)snprintf(numbers[3], sizeof(numbers[3]), "%" PRIu64, plan->poison);
	argv[count++] = (char *)(uintptr_t)hostile_path;
	argv[count++] = journal;
	argv[count++] = (char *)(uintptr_t)(plan->reading == BY_WRITTEN ? "read" : readers_ways[plan->reading]);
	for (int i = 0; i < 4; i++)
		argv[count++] = numbers[i];
	argv[count] = NULL;
	return count;
}

static bool
has_streams(int input, int output)
{
	return dup2(input, 0) == 0 && dup2(output, 1) == 1 && dup2(open(path_of("errors"), O_WRONLY | O_APPEND), 2) == 2;
}

static _Noreturn void
be_weir(const struct reading_plan *plan, int input, int output)
{
	static const int caught[] = { SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGPIPE };
	char report[128], dropped[128], credits[128], answers[128];
	char *argv[READERS_ARGUMENTS_MOST + 12];
	int count = 0;

	argv[count++] = (char *)(uintptr_t)"weir";
	for (int i = 0; i < plan->arguments; i++)
		argv[count++] = plan->argument[i];
	(void)snprintf(report, sizeof(report), "--report=%s", path_of("report"));
	(void)snprintf(dropped, sizeof(dropped), "--dropped=%s", path_of("dropped"));
	(void)snprintf(credits, sizeof(credits), "--credits=%s", path_of("credits"));
	(void)snprintf(answers, sizeof(answers), "--answers=%s", path_of("answers"));
	argv[count++] = report;
	if (plan->credits_most > 0)
		argv[count++] = credits;
	if (plan->may != 0) {
		argv[count++] = dropped;
		argv[count++] = (char *)(uintptr_t)"--dropped-reason";
	}
	if (!plan->apart)
		count = add_hostile(argv, count, plan);
	else if (plan->reading != BY_READ)
		argv[count++] = answers;
	argv[count] = NULL;
	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		(void)signal(caught[i], SIG_DFL);
	if (plan->permille > 0 || plan->error != 0)
		set_shim(plan);
	if (has_streams(input, output))
		(void)execv(weir_path, argv);
	_exit(127);
}

static _Noreturn void
be_reader(const struct reading_plan *plan, int input)
{
	char *argv[12];
	const int output = open(path_of(plan->reading == BY_READ ? "out" : "answers"), O_WRONLY);

	(void)add_hostile(argv, 0, plan);
	if (has_streams(input, output))
		(void)execv(hostile_path, argv);
	_exit(127);
}

static void
make_fifo(const char *name)
{
	(void)unlink(path_of(name));
	if (mkfifo(path_of(name), 0600) < 0)
		give_up(name);
}

/* Who reads standard output: what weir is given for that. */
static int
start_reader(struct rig *rig)
{
	int ends[2];

	if (!rig->plan->apart)
		return open(path_of("out"), O_WRONLY | O_APPEND | O_CLOEXEC);
	make_fifo("answers");
	rig->answers = open(path_of("answers"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (rig->answers < 0 || pipe2(ends, O_CLOEXEC) < 0 || (rig->reader = fork()) < 0)
		give_up("a reader");
	if (rig->reader == 0)
		be_reader(rig->plan, ends[0]);
	(void)close(ends[0]);
	return ends[1];
}

/* Held open, so that there is always somebody to grant more. */
static int
open_credits(void)
{
	int fd;

	make_fifo("credits");
	if ((fd = open(path_of("credits"), O_RDWR | O_NONBLOCK | O_CLOEXEC)) < 0)
		give_up("credits");
	return fd;
}

/* Whether it has set up its signal handlers, or else a signal would just end it. */
static bool
catches(struct rig *rig)
{
	char path[64], line[128];
	uint64_t caught = 0;
	FILE *status;

	if (rig->catches)
		return true;
	(void)snprintf(path, sizeof(path), "/proc/%ld/status", (long)rig->pid);
	if ((status = fopen(path, "r")) == NULL)
		return false;
	while (fgets(line, sizeof(line), status) != NULL)
		if (sscanf(line, "SigCgt: %" SCNx64, &caught) == 1)
			break;
	(void)fclose(status);
	return rig->catches = (caught >> (SIGUSR1 - 1) & caught >> (SIGTERM - 1) & 1) != 0;
}

static void
start(struct rig *rig)
{
	const struct reading_plan *plan = rig->plan;
	int ends[2], output;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)close(make(names[i]));
	if (plan->file) {
		ends[0] = make("in");
		ends[1] = -1;
		if (pwrite(ends[0], rig->records->bytes, rig->records->length, 0) != (ssize_t)rig->records->length)
			give_up("in");
		rig->outcome->fed = rig->records->length;
		rig->outcome->fed_all = true;
	} else if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[1], F_SETFL, O_NONBLOCK) < 0) {
		give_up("pipe2");
	}
	rig->input = ends[1];
	rig->credits = plan->credits_most > 0 ? open_credits() : -1;
	rig->start_ms = rig->progress_ms = now_ms();
	output = start_reader(rig);
	rig->pid = fork();
	if (rig->pid < 0)
		give_up("fork");
	if (rig->pid == 0)
		be_weir(plan, ends[0], output);
	(void)close(ends[0]);
	(void)close(output);
}

/* --- the run -------------------------------------------------------------------------------------- */

static void
feed(struct rig *rig)
{
	struct reading_outcome *outcome = rig->outcome;
	size_t left = rig->records->length - outcome->fed;
	size_t length = (size_t)random_from(&rig->random, 1, rig->plan->write_most);
	ssize_t done = 0;

	if (rig->input < 0 || now_ms() < rig->rests_until_ms)
		return;
	if (length > left)
		length = left;
	if (length > 0)
		done = write(rig->input, rig->records->bytes + outcome->fed, length);
	if (done > 0)
		outcome->fed += (size_t)done;
	if (rig->plan->rest_one_in > 0 && random_one_in(&rig->random, rig->plan->rest_one_in))
		rig->rests_until_ms = now_ms() + REST_MS;
	if (outcome->fed >= rig->plan->pause_at && !rig->paused) {
		rig->rests_until_ms = now_ms() + PAUSE_MS;
		rig->paused = true;
	}
	outcome->fed_all = outcome->fed == rig->records->length && now_ms() >= rig->rests_until_ms;
	if (outcome->fed_all || (done < 0 && errno != EAGAIN)) {
		(void)close(rig->input);
		rig->input = -1;
	}
}

/* Now and then a line that is no number, which counts for nothing. */
static void
grant(struct rig *rig)
{
	const uint64_t more = random_from(&rig->random, 1, rig->plan->credits_most);
	char line[48];
	int length;

	if (random_one_in(&rig->random, 2))
		return;
	length = snprintf(line, sizeof(line), "%s%" PRIu64 "\n", random_one_in(&rig->random, 4) ? "none\n" : "", more);
	if (write(rig->credits, line, (size_t)length) == length) /* less than PIPE_BUF: all or nothing */
		rig->outcome->granted += more;
}

static void
prod(struct rig *rig)
{
	const struct reading_plan *plan = rig->plan;

	if (!catches(rig))
		return;
	if (plan->usr1_one_in > 0 && random_one_in(&rig->random, plan->usr1_one_in))
		(void)kill(rig->pid, SIGUSR1);
	if (rig->outcome->fed >= plan->term_at && !rig->outcome->terminated) {
		(void)kill(rig->pid, SIGTERM);
		rig->outcome->terminated = true;
	}
}

static void
watch(struct rig *rig)
{
	uint64_t seen = rig->outcome->fed + size_of("journal"), now = now_ms();

	if (seen != rig->seen)
		rig->progress_ms = now;
	rig->seen = seen;
	/* What is tried again for ever, and fails for ever, has to end when it is told to. */
	if (rig->plan->error != 0 && !rig->outcome->terminated && catches(rig) &&
	    (now - rig->progress_ms >= ENOUGH_MS || now - rig->start_ms >= RUN_MS)) {
		(void)kill(rig->pid, SIGTERM);
		rig->outcome->terminated = true;
		rig->progress_ms = now;
	}
	if (now - rig->progress_ms < PROGRESS_MS)
		return;
	rig->outcome->hung = "no progress";
	(void)kill(rig->pid, SIGKILL);
	rig->progress_ms = now;
}

/* --- kills ---------------------------------------------------------------------------------------- */

/* Field 4 of /proc/PID/stat, or 0 where there is no such process; *state is field 3. */
static pid_t
parent_of(const char *pid, char *state)
{
	char path[300], text[256] = "";
	const char *behind;
	long parent = 0;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return 0;
	(void)!read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	behind = strrchr(text, ')');
	return behind != NULL && sscanf(behind, ") %c %ld", state, &parent) == 2 ? (pid_t)parent : 0;
}

/* The first child of a process that lives or is dead, and was not buried; 0 for none. */
static pid_t
child_of(pid_t parent, bool *alive)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;
	char state = 0;

	while (found == 0 && processes != NULL && (entry = readdir(processes)) != NULL)
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9' && parent_of(entry->d_name, &state) == parent)
			found = (pid_t)atol(entry->d_name);
	if (processes != NULL)
		(void)closedir(processes);
	*alive = state != 'Z';
	return found;
}

/* The last COMMAND that has told of itself, while it is the warden's child. */
static pid_t
find_reader(pid_t warden)
{
	struct note note;
	pid_t found = 0;
	char text[24], state;
	int fd = open(path_of("journal"), O_RDONLY | O_CLOEXEC);

	for (off_t at = (off_t)size_of("journal") - (off_t)sizeof(note); fd >= 0 && found == 0 && at >= 0; at -= (off_t)sizeof(note))
		if (pread(fd, &note, sizeof(note), at) == (ssize_t)sizeof(note) && note.kind == NOTE_START)
			found = note.pid;
	if (fd >= 0)
		(void)close(fd);
	(void)snprintf(text, sizeof(text), "%ld", (long)found);
	return found > 0 && parent_of(text, &state) == warden ? found : 0;
}

static void
strike(struct rig *rig)
{
	struct reading_outcome *outcome = rig->outcome;
	const uint64_t notes = size_of("journal") / sizeof(struct note);
	pid_t warden, whom = rig->pid;
	bool alive;

	if (rig->plan->victim == NOBODY || notes < rig->kill_at || (warden = child_of(rig->pid, &alive)) == 0)
		return;
	if (rig->plan->victim == KILL_READER)
		whom = find_reader(warden);
	else if (rig->plan->victim == KILL_WARDEN)
		whom = warden;
	if (whom <= 0 || kill(whom, SIGKILL) < 0)
		return;
	outcome->killed++;
	rig->kill_at = rig->plan->victim == KILL_READER ? notes + random_from(&rig->random, 1, rig->plan->kill_at) : UINT64_MAX;
}

/* --- who is left ---------------------------------------------------------------------------------- */

/* COMMAND has said that it forked this one, or there is one that it had not come to tell of. */
static bool
is_holder(const struct file_text *journal, pid_t pid, uint64_t *untold)
{
	const struct note *notes = (const struct note *)(const void *)journal->bytes;
	uint64_t forks = 0, holders = 0;

	for (size_t i = 0; i < journal->length / sizeof(*notes); i++) {
		if (notes[i].kind == NOTE_HOLDER && (pid_t)notes[i].number == pid)
			return true;
		forks += notes[i].kind == NOTE_FORK;
		holders += notes[i].kind == NOTE_HOLDER && (pid_t)notes[i].number != notes[i].pid;
	}
	if (forks <= holders + *untold)
		return false;
	++*untold;
	return true;
}

static void
name_left(struct reading_outcome *outcome, pid_t pid, bool alive)
{
	char path[64], text[160] = "";
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) >= 0) {
		(void)!read(fd, text, sizeof(text) - 1);
		(void)close(fd);
	}
	(void)snprintf(outcome->left, sizeof(outcome->left), "%s process %ld (%.100s)", alive ? "living" : "dead", (long)pid,
	    text);
}

/* One that has ended, for which weir does not wait for ever: on a machine that is too busy to run it for seconds. */
static bool
is_warden(pid_t pid)
{
	char path[64], name[32] = "";
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%ld/comm", (long)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return false;
	(void)!read(fd, name, sizeof(name) - 1);
	(void)close(fd);
	return strcmp(name, "weir-warden\n") == 0;
}

/* Without weir, or the warden, those that run come to their ends by themselves. */
static void
await_ends(struct reading_outcome *outcome)
{
	const uint64_t until_ms = now_ms() + FINISH_MS;

	while (now_ms() < until_ms && waitid(P_ALL, 0, &(siginfo_t){ 0 }, WEXITED | WNOHANG | WNOWAIT) == 0) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
		(void)poll(NULL, 0, STEP_MS);
	}
	free(outcome->journal.bytes);
	take_file(&outcome->journal, "journal");
}

static void
bury(const struct reading_plan *plan, struct reading_outcome *outcome)
{
	uint64_t untold = 0;
	bool alive;
	pid_t pid;

	outcome->notes_then = outcome->journal.length / sizeof(struct note);
	if (plan->victim >= KILL_WEIR)
		await_ends(outcome);
	while (waitid(P_ALL, 0, &(siginfo_t){ 0 }, WEXITED | WNOHANG | WNOWAIT) == 0 && (pid = child_of(getpid(), &alive)) > 0) {
		if (!alive && is_warden(pid))
			outcome->unburied = true;
		else if (outcome->left[0] == '\0' && !is_holder(&outcome->journal, pid, &untold))
			name_left(outcome, pid, alive);
		(void)kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
}

/* Who is not weir's comes to its own end, as nothing more is written to it. */
static void
await_reader(struct rig *rig)
{
	const uint64_t until_ms = now_ms() + FINISH_MS;
	pid_t ended = 0;

	while (rig->reader != 0 && now_ms() < until_ms && ((ended = waitpid(rig->reader, NULL, WNOHANG)) == 0 || (ended < 0 && errno == EINTR)))
		(void)poll(NULL, 0, STEP_MS);
	if (rig->reader == 0 || ended > 0)
		return;
	rig->outcome->hung = "the reader that is not weir's";
	(void)kill(rig->reader, SIGKILL);
	(void)waitpid(rig->reader, NULL, 0);
}

/* --- all of it ------------------------------------------------------------------------------------ */

static void
collect(struct reading_outcome *outcome)
{
	int counts = open(path_of("counts"), O_RDONLY | O_CLOEXEC);

	take_file(&outcome->journal, "journal");
	take_file(&outcome->dropped, "dropped");
	take_file(&outcome->reports, "report");
	take_file(&outcome->errors, "errors");
	if (counts >= 0) {
		(void)!read(counts, &outcome->counts, sizeof(outcome->counts));
		(void)close(counts);
	}
}

static uint64_t
milliseconds(struct timeval time)
{
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_usec / 1000;
}

void
readers_run(const struct reading_plan *plan, const struct records *records, struct reading_outcome *outcome)
{
	struct rig rig = { .plan = plan, .records = records, .outcome = outcome, .random = { ~plan->seed },
		.answers = -1, .kill_at = plan->kill_at };
	struct rusage usage = { .ru_utime = { 0, 0 } };
	const uint64_t began_ms = now_ms();
	pid_t ended;

	*outcome = (struct reading_outcome){ .hung = NULL };
	start(&rig);
	while ((ended = wait4(rig.pid, &outcome->status, WNOHANG, &usage)) == 0 || (ended < 0 && errno == EINTR)) {
		struct pollfd input = { .fd = now_ms() < rig.rests_until_ms ? -1 : rig.input, .events = POLLOUT };

		(void)poll(&input, 1, STEP_MS);
		if (input.revents != 0)
			feed(&rig);
		if (rig.credits >= 0)
			grant(&rig);
		prod(&rig);
		strike(&rig);
		watch(&rig);
	}
	outcome->took_ms = now_ms() - began_ms;
	outcome->cpu_ms = milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime);
	if (rig.input >= 0)
		(void)close(rig.input);
	if (rig.credits >= 0)
		(void)close(rig.credits);
	if (rig.answers >= 0)
		(void)close(rig.answers);
	await_reader(&rig);
	collect(outcome);
	bury(plan, outcome);
}

void
readers_free(struct reading_outcome *outcome)
{
	free(outcome->journal.bytes);
	free(outcome->dropped.bytes);
	free(outcome->reports.bytes);
	free(outcome->errors.bytes);
}
