/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each case in a process of its own, which is weir here: what it finds is its exit status.  Its commands are real ones;
 * what they are given they tell by tests/helpers/given.
 */
#include "../tap.h"

#include "../pipe.h"
#include "base/units.h"
#include "os/command.h"
#include "os/confine.h"
#include "os/keeper.h"
#include "os/loop.h"
#include "os/parcel.h"
#include "os/signals.h"
#include "os/warden.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <time.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#define STARTS 500
#define AT_ONCE 64
#define UNREAD_MOST 2000
#define TEXT_MOST ((size_t)256 << 10)

/* 0 where all is well, else the number of the line that is not. */
typedef int test_case(void);

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			return __LINE__; \
	} while (0)

static char given[PATH_MAX];
static char script[] = "/tmp/weir-unit-XXXXXX";
static char text[TEXT_MOST];

enum { GIVEN, CAT, SHELL, ABSENT, UNFOUND, DIRECTORY, FORMATLESS, TRUE, COMMANDS };

static char *const *const commands[COMMANDS] = {
	[GIVEN] = (char *[]){ given, NULL },
	[CAT] = (char *[]){ (char[]){ "cat" }, NULL },
	[SHELL] = (char *[]){ (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "eval \"$WEIR_SCRIPT\"" }, NULL },
	[ABSENT] = (char *[]){ (char[]){ "/nonexistent/command" }, NULL },
	[UNFOUND] = (char *[]){ (char[]){ "weir-unit-no-such-command" }, NULL },
	[DIRECTORY] = (char *[]){ (char[]){ "/" }, NULL },
	[FORMATLESS] = (char *[]){ script, (char[]){ "argument" }, NULL },
	[TRUE] = (char *[]){ (char[]){ "true" }, NULL },
};

/* The exit status has 8 bits, so the line comes by a pipe. */
static int
line_of(test_case *run)
{
	int both[2], line = -1;
	pid_t child;

	must(pipe(both) == 0);
	child = fork();
	must(child >= 0);
	if (child == 0) {
		int say = fcntl(both[1], F_DUPFD, 200); /* out of the way */

		must(say >= 0 && fcntl(say, F_SETFD, FD_CLOEXEC) == 0);
		(void)close(both[0]);
		(void)close(both[1]);
		(void)alarm(PIPE_TIMEOUT_S);
		line = run();
		must(write(say, &line, sizeof(line)) == (ssize_t)sizeof(line));
		_exit(0);
	}
	(void)close(both[1]);
	if (read(both[0], &line, sizeof(line)) != (ssize_t)sizeof(line))
		line = -1;
	(void)close(both[0]);
	must(waitpid(child, NULL, 0) == child);
	return line;
}

static void
holds(test_case *run, const char *what)
{
	int line = line_of(run);

	if (!ok(line == 0, "%s", what))
		diag("line %d", line);
}

static uint64_t
patience(void)
{
	return loop_now() + 300 * NS_PER_S;
}

static struct warden *
open_as(bool foreground)
{
	static bool begun; /* as weir does, once */
	struct warden *warden;

	if (!begun) {
		signals_early();
		signals_init();
	}
	begun = true;
	warden = warden_open(commands, COMMANDS, foreground);
	must(warden != NULL);
	return warden;
}

static struct warden *
open_one(void)
{
	return open_as(false);
}

/* The next that is told. */
static enum warden_event
next(struct warden *warden, struct warden_told *told)
{
	struct loop_watch watch = { .fd = warden_fd(warden), .input = true };
	enum warden_event event;

	while ((event = warden_next(warden, told)) == WARDEN_NONE)
		(void)loop_wait(&watch, 1, LOOP_FOREVER);
	return event;
}

static bool
tells(struct warden *warden, enum warden_event event, uint64_t id, int *value)
{
	struct warden_told told;

	if (next(warden, &told) != event || told.id != id)
		return false;
	*value = told.value;
	return true;
}

static void
make_pipe(int both[2])
{
	must(pipe(both) == 0);
	for (int i = 0; i < 2; i++)
		must(fcntl(both[i], F_SETFD, FD_CLOEXEC) == 0);
}

/* Up to the end. */
static size_t
read_all(int fd)
{
	size_t length = 0;
	ssize_t more;

	while (length < sizeof(text) - 1 && (more = read(fd, text + length, sizeof(text) - 1 - length)) > 0)
		length += (size_t)more;
	text[length] = '\0';
	return length;
}

/* Runs it to its end with what it writes in text; its status, or -1. */
static int
run_for_text(struct warden *warden, struct warden_job job)
{
	int both[2], value, status;

	make_pipe(both);
	job.streams[1] = both[1];
	if (!warden_start(warden, &job))
		return -1;
	(void)close(both[1]);
	(void)read_all(both[0]);
	(void)close(both[0]);
	if (!tells(warden, WARDEN_STARTED, job.id, &value) || !tells(warden, WARDEN_ENDED, job.id, &status))
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool
has_line(const char *line)
{
	size_t length = strlen(line);

	for (const char *at = text; (at = strstr(at, line)) != NULL; at++)
		if ((at == text || at[-1] == '\n') && at[length] == '\n')
			return true;
	return false;
}

static const struct warden_job quiet = { .streams = { WARDEN_NULL, WARDEN_NULL, WARDEN_OWN } };

static struct warden_job
job_of(uint64_t id, size_t command, const char *const *environment)
{
	struct warden_job job = quiet;

	job.id = id;
	job.command = command;
	job.environment = environment;
	return job;
}

static int
closes(struct warden *warden)
{
	pid_t pid = warden_pid(warden);

	warden_close(warden, patience());
	CHECK(waitpid(pid, NULL, WNOHANG) < 0 && errno == ECHILD);
	return 0;
}

/* --- what a command is given ---------------------------------------------------------------------- */

static int
environment(void)
{
	static char large[30 << 10], larger[WARDEN_STRINGS_BYTES];
	const char *strings[] = { "WEIR_A=1", "WEIR_BC=", large, NULL };
	const char *many[WARDEN_STRINGS_MOST + 2] = { larger };
	struct warden *warden;

	memset(large, 'l', sizeof(large) - 1);
	memcpy(large, "WEIR_L=", 7);
	memset(larger, 'l', sizeof(larger) - 1);
	memcpy(larger, "WEIR_L=", 7);
	CHECK(setenv("WEIR_A", "0", 1) == 0 && setenv("WEIR_AB", "2", 1) == 0 && setenv("WEIR_B", "3", 1) == 0);
	warden = open_one();
	CHECK(run_for_text(warden, job_of(1, GIVEN, strings)) == 0);
	CHECK(has_line("WEIR_A=1") && !has_line("WEIR_A=0") && has_line("WEIR_AB=2"));
	CHECK(has_line("WEIR_B=3") && has_line("WEIR_BC=") && has_line(large));
	CHECK(run_for_text(warden, job_of(2, GIVEN, NULL)) == 0);
	CHECK(has_line("WEIR_A=0") && has_line("WEIR_AB=2") && !has_line("WEIR_BC=") && !has_line(large));
	CHECK(run_for_text(warden, job_of(3, GIVEN, many)) == 0 && has_line(larger));
	many[1] = "";
	CHECK(!warden_start(warden, &(struct warden_job){ .environment = many }) && errno == E2BIG);
	for (int i = 0; i < WARDEN_STRINGS_MOST; i++)
		many[i] = "WEIR_D=1";
	CHECK(run_for_text(warden, job_of(4, GIVEN, many)) == 0);
	many[WARDEN_STRINGS_MOST] = "WEIR_D=1";
	CHECK(!warden_start(warden, &(struct warden_job){ .environment = many }) && errno == E2BIG);
	CHECK(!warden_start(warden, &(struct warden_job){ .command = COMMANDS }) && errno == EINVAL);
	return closes(warden);
}

/* Far from those that weir opens: what it was given, and what it opened, before and after the fork. */
static int
descriptors(void)
{
	int both[2], value;
	struct warden *warden;
	struct warden_job job = job_of(2, CAT, NULL);

	for (int fd = 3; fd < 1024; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	CHECK(dup2(STDERR_FILENO, 57) == 57 && dup2(STDERR_FILENO, 58) == 58 && fcntl(58, F_SETFD, FD_CLOEXEC) == 0);
	warden = open_one();
	CHECK(dup2(STDERR_FILENO, 59) == 59);
	CHECK(run_for_text(warden, job_of(1, GIVEN, NULL)) == 0 && has_line("descriptors 0 1 2 57"));
	make_pipe(both);
	job.streams[0] = both[0];
	job.streams[1] = both[1];
	CHECK(warden_start(warden, &job) && close(both[0]) == 0 && tells(warden, WARDEN_STARTED, 2, &value));
	CHECK(warden_terminate(warden, 2) && tells(warden, WARDEN_ENDED, 2, &value) && WTERMSIG(value) == SIGTERM);
	CHECK(write(both[1], "", 1) == -1 && errno == EPIPE); /* nobody has kept the other end */
	return closes(warden);
}

/* A lock is held for as long as any process has the file open. */
static int
keeps_nothing(void)
{
	int both[2];
	struct warden *warden;

	make_pipe(both);
	warden = open_one();
	CHECK(close(both[1]) == 0);
	CHECK(run_for_text(warden, job_of(1, TRUE, NULL)) == 0 && pipe_ready(both[0], POLLHUP));
	return closes(warden);
}

static int
streams(void)
{
	int in[2], out[2], value;
	struct warden *warden;
	struct warden_job job = job_of(1, CAT, NULL);

	make_pipe(in);
	make_pipe(out);
	warden = open_one();
	job.streams[0] = in[0];
	job.streams[1] = out[1];
	CHECK(warden_start(warden, &job) && close(in[0]) == 0 && close(out[1]) == 0);
	CHECK(write(in[1], "through", 7) == 7 && close(in[1]) == 0);
	CHECK(read_all(out[0]) == 7 && strcmp(text, "through") == 0);
	CHECK(tells(warden, WARDEN_STARTED, 1, &value) && tells(warden, WARDEN_ENDED, 1, &value) && value == 0);
	/* Hooks: /dev/null, and weir's standard error for both. */
	make_pipe(out);
	CHECK(dup2(out[1], STDERR_FILENO) == STDERR_FILENO && close(out[1]) == 0);
	job = job_of(2, SHELL, (const char *[]){ "WEIR_SCRIPT=cat; echo out; echo error >&2", NULL });
	job.streams[1] = STDERR_FILENO;
	CHECK(warden_start(warden, &job));
	CHECK(tells(warden, WARDEN_STARTED, 2, &value) && tells(warden, WARDEN_ENDED, 2, &value) && value == 0);
	CHECK(close(STDERR_FILENO) == 0);
	CHECK(read_all(out[0]) > 0 && strcmp(text, "out\nerror\n") == 0); /* and the warden has not kept it */
	return closes(warden);
}

/* weir's own, of which the warden keeps none: who reads the other end learns of it when weir closes it. */
static int
own_streams(void)
{
	int in[2], out[2], value;
	struct warden_job job = job_of(1, CAT, NULL);
	struct warden *warden;

	make_pipe(in);
	make_pipe(out);
	CHECK(dup2(in[0], STDIN_FILENO) == STDIN_FILENO && dup2(out[1], STDOUT_FILENO) == STDOUT_FILENO);
	CHECK(close(in[0]) == 0 && close(out[1]) == 0);
	warden = open_one();
	job.streams[0] = job.streams[1] = WARDEN_OWN;
	CHECK(warden_start(warden, &job) && write(in[1], "own", 3) == 3 && close(in[1]) == 0);
	CHECK(tells(warden, WARDEN_STARTED, 1, &value) && tells(warden, WARDEN_ENDED, 1, &value) && value == 0);
	CHECK(close(STDOUT_FILENO) == 0 && read_all(out[0]) == 3 && strcmp(text, "own") == 0);
	return closes(warden);
}

static int
signals_as_found(void)
{
	sigset_t mask;
	struct warden *warden;

	for (int signal = 1; signal < 32; signal++)
		(void)sigaction(signal, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
	CHECK(sigemptyset(&mask) == 0 && sigprocmask(SIG_SETMASK, &mask, NULL) == 0);
	warden = open_one();
	CHECK(run_for_text(warden, job_of(1, GIVEN, NULL)) == 0 && has_line("ignored") && has_line("blocked"));
	return closes(warden);
}

static int
signals_as_found_otherwise(void)
{
	sigset_t mask;
	char line[64];
	struct warden *warden;

	for (int signal = 1; signal < 32; signal++)
		(void)sigaction(signal, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
	CHECK(signal(SIGINT, SIG_IGN) != SIG_ERR && signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR && signal(SIGUSR2, SIG_IGN) != SIG_ERR);
	CHECK(sigemptyset(&mask) == 0 && sigaddset(&mask, SIGTERM) == 0 && sigaddset(&mask, SIGUSR1) == 0);
	CHECK(sigprocmask(SIG_SETMASK, &mask, NULL) == 0);
	warden = open_one();
	CHECK(run_for_text(warden, job_of(1, GIVEN, NULL)) == 0);
	CHECK(snprintf(line, sizeof(line), "blocked %d %d", SIGUSR1 < SIGTERM ? SIGUSR1 : SIGTERM,
	    SIGUSR1 < SIGTERM ? SIGTERM : SIGUSR1) > 0 && has_line(line));
	if (SIGUSR2 == 12 && SIGCHLD == 17) /* else they are in another order */
		CHECK(has_line("ignored 2 12 13 17"));
	return closes(warden);
}

static int
groups(void)
{
	for (int way = 0; way <= 2; way++) { /* it leads one, nobody does, it is in the foreground */
		struct warden *warden = open_as(way == 2);
		struct warden_job job = job_of(1, GIVEN, NULL);
		char line[64];
		long pid = 0;

		job.leaderless = way > 0;
		CHECK(run_for_text(warden, job) == 0);
		(void)snprintf(line, sizeof(line), "group %ld", (long)getpgrp());
		CHECK(has_line(line) == (way == 2));
		CHECK(sscanf(strstr(text, "\npid "), " pid %ld", &pid) == 1);
		(void)snprintf(line, sizeof(line), "group %ld", pid);
		CHECK(has_line(line) == (way == 0)); /* setsid(2) is refused to who leads one */
		(void)snprintf(line, sizeof(line), "group %ld", (long)warden_pid(warden));
		CHECK(!has_line(line));
		CHECK(closes(warden) == 0);
	}
	return 0;
}

/* --- how it ends ---------------------------------------------------------------------------------- */

/* Whether execvp has sh run what is no program, as POSIX has it; that of musl does not. */
static bool
execvp_tries_sh(void)
{
	pid_t child = fork();
	int status;

	must(child >= 0);
	if (child == 0) {
		must(dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO) == STDOUT_FILENO);
		(void)execvp(script, commands[FORMATLESS]);
		_exit(errno == ENOEXEC ? 126 : 127);
	}
	must(waitpid(child, &status, 0) == child && WIFEXITED(status));
	return WEXITSTATUS(status) != 126;
}

static int
not_executed(void)
{
	static const struct {
		size_t command;
		int error, status;
	} table[] = { { ABSENT, ENOENT, 127 }, { UNFOUND, ENOENT, 127 }, { DIRECTORY, EACCES, 126 } };
	struct warden *warden = open_one();
	int value;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct warden_job job = job_of(i, table[i].command, NULL);

		CHECK(warden_start(warden, &job) && tells(warden, WARDEN_FAILED, i, &value));
		CHECK(value == table[i].error && command_status(value) == table[i].status);
	}
	if (execvp_tries_sh()) {
		CHECK(run_for_text(warden, job_of(9, FORMATLESS, NULL)) == 7 && has_line("sh argument"));
	} else {
		struct warden_job job = job_of(9, FORMATLESS, NULL);

		CHECK(warden_start(warden, &job) && tells(warden, WARDEN_FAILED, 9, &value) && value == ENOEXEC);
	}
	return closes(warden);
}

static int
endings(void)
{
	const char *exits[] = { "WEIR_SCRIPT=exit 65", NULL }, *dies[] = { "WEIR_SCRIPT=kill -ALRM $$", NULL };
	const char *stops[] = { "WEIR_SCRIPT=kill -STOP $$; exit 4", NULL };
	struct warden *warden = open_one();
	struct warden_job job = job_of(UINT64_MAX, SHELL, exits);
	int value, pid;

	CHECK(warden_start(warden, &job) && tells(warden, WARDEN_STARTED, UINT64_MAX, &value) && value > 0);
	CHECK(tells(warden, WARDEN_ENDED, UINT64_MAX, &value) && WIFEXITED(value) && WEXITSTATUS(value) == 65);
	job = job_of(2, SHELL, dies);
	CHECK(warden_start(warden, &job) && tells(warden, WARDEN_STARTED, 2, &value));
	CHECK(tells(warden, WARDEN_ENDED, 2, &value) && WIFSIGNALED(value) && WTERMSIG(value) == SIGALRM);
	job = job_of(3, SHELL, stops);
	CHECK(warden_start(warden, &job) && tells(warden, WARDEN_STARTED, 3, &pid));
	CHECK(tells(warden, WARDEN_STOPPED, 3, &value) && value == SIGSTOP);
	CHECK(warden_terminate(warden, 2)); /* it has ended */
	CHECK(kill((pid_t)pid, SIGCONT) == 0);
	CHECK(tells(warden, WARDEN_ENDED, 3, &value) && WIFEXITED(value) && WEXITSTATUS(value) == 4);
	return closes(warden);
}

/* Reads to the end of a line, which is a process. */
static pid_t
read_pid(int fd)
{
	long pid;

	for (size_t length = 0; length == 0 || text[length - 1] != '\n'; length++)
		if (read(fd, text + length, 1) != 1)
			return -1;
	return sscanf(text, "%ld", &pid) == 1 && pid > 1 ? (pid_t)pid : -1;
}

/* The whole group, or the process alone: then its child lives on, and has the pipe open. */
static int
terminated(void)
{
	for (int foreground = 0; foreground <= 1; foreground++) {
		const char *strings[] = { "WEIR_SCRIPT=sleep 1000 & echo $!; wait", NULL };
		struct warden *warden = open_as(foreground != 0);
		struct warden_job job = job_of(1, SHELL, strings);
		int both[2], value;
		pid_t child;

		make_pipe(both);
		job.streams[1] = both[1];
		CHECK(warden_start(warden, &job) && close(both[1]) == 0 && tells(warden, WARDEN_STARTED, 1, &value));
		CHECK((child = read_pid(both[0])) > 0);
		CHECK(warden_terminate(warden, 1));
		CHECK(tells(warden, WARDEN_ENDED, 1, &value) && WIFSIGNALED(value) && WTERMSIG(value) == SIGTERM);
		if (foreground)
			CHECK(!pipe_ready(both[0], POLLIN | POLLHUP) && kill(child, SIGKILL) == 0);
		CHECK(read_all(both[0]) == 0);
		CHECK(close(both[0]) == 0 && closes(warden) == 0);
	}
	return 0;
}

/* Neither of two in a group heeds it; or the one that the first has left behind does not. */
static const char deaf[] = "WEIR_SCRIPT=trap '' TERM; sh -c 'echo $$; exec sleep 1000' & exec sleep 1000";
static const char left[] = "WEIR_SCRIPT=sh -c 'trap \"\" TERM; echo $$; exec sleep 1000' & exec sleep 1000";

/* Begins it with its output in the pipe, and has it told to end. */
static int
begin_to_end(struct warden *warden, const char *how, int both[2], pid_t *child, int *pid)
{
	const char *strings[] = { how, NULL };
	struct warden_job job = job_of(1, SHELL, strings);

	make_pipe(both);
	job.streams[1] = both[1];
	CHECK(warden_start(warden, &job) && close(both[1]) == 0 && tells(warden, WARDEN_STARTED, 1, pid));
	CHECK((*child = read_pid(both[0])) > 0);
	CHECK(warden_terminate(warden, 1) && warden_terminate(warden, 1)); /* once more moves nothing */
	return 0;
}

static int
killed(void)
{
	const uint64_t begun_ns = loop_now();
	struct warden *warden = open_one();
	int both[2], value, pid;
	pid_t child;

	CHECK(begin_to_end(warden, deaf, both, &child, &pid) == 0);
	CHECK(tells(warden, WARDEN_ENDED, 1, &value) && WIFSIGNALED(value) && WTERMSIG(value) == SIGKILL);
	CHECK(loop_now() >= begun_ns + 2 * NS_PER_S);
	CHECK(read_all(both[0]) == 0); /* the other one, too */
	return closes(warden);
}

/* Others are started and end meanwhile. */
static int
killed_what_is_left(void)
{
	const uint64_t begun_ns = loop_now();
	struct warden *warden = open_one();
	int both[2], value, pid;
	pid_t child;

	CHECK(begin_to_end(warden, left, both, &child, &pid) == 0);
	CHECK(tells(warden, WARDEN_ENDED, 1, &value) && WIFSIGNALED(value) && WTERMSIG(value) == SIGTERM);
	CHECK(kill(child, 0) == 0 && run_for_text(warden, job_of(2, TRUE, NULL)) == 0);
	CHECK(read_all(both[0]) == 0 && loop_now() >= begun_ns + 2 * NS_PER_S);
	return closes(warden);
}

/* The end of the warden is that of whom it was to end. */
static int
killed_at_the_end(void)
{
	struct warden *warden = open_one();
	int both[2], pid;
	pid_t child;

	CHECK(begin_to_end(warden, left, both, &child, &pid) == 0);
	CHECK(closes(warden) == 0);
	CHECK(read_all(both[0]) == 0);
	return 0;
}

/* Who heeds it is not waited for; a machine that is busy may need more than one try to show that. */
static int
heeded_at_the_end(void)
{
	static const char heeds[] = "WEIR_SCRIPT=sh -c 'echo $$; exec sleep 1000' & exec sleep 1000";
	uint64_t begun_ns;
	int tries = 0, both[2], pid;
	pid_t child;

	do {
		struct warden *warden = open_one();

		begun_ns = loop_now();
		CHECK(++tries < 20 && begin_to_end(warden, heeds, both, &child, &pid) == 0);
		CHECK(closes(warden) == 0 && read_all(both[0]) == 0 && close(both[0]) == 0);
	} while (loop_now() >= begun_ns + 2 * NS_PER_S);
	return 0;
}

/* --- many ----------------------------------------------------------------------------------------- */

/* Descriptors of a process, or -1 where there is no telling. */
static int
descriptors_of(pid_t pid)
{
	char path[64];
	DIR *directory;
	int count = 0;

	(void)snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	directory = opendir(path);
	if (directory == NULL)
		return -1;
	while (readdir(directory) != NULL)
		count++;
	(void)closedir(directory);
	return count;
}

static int
one_after_the_other(void)
{
	struct warden *warden = open_one();
	int ours = 0, theirs = 0, value;

	for (uint64_t i = 0; i < STARTS; i++) {
		struct warden_job job = job_of(i, i % 10 == 0 ? ABSENT : TRUE, NULL);

		job.streams[0] = job.streams[1] = STDERR_FILENO;
		CHECK(warden_start(warden, &job));
		if (i % 10 == 0) {
			CHECK(tells(warden, WARDEN_FAILED, i, &value));
		} else {
			CHECK(tells(warden, WARDEN_STARTED, i, &value));
			CHECK(tells(warden, WARDEN_ENDED, i, &value) && value == 0);
		}
		if (i == 1) {
			ours = descriptors_of(getpid());
			theirs = descriptors_of(warden_pid(warden));
		}
	}
	/* It tells before it closes, perhaps: another turn, and it has. */
	CHECK(run_for_text(warden, job_of(STARTS, TRUE, NULL)) == 0);
	CHECK(descriptors_of(getpid()) == ours && descriptors_of(warden_pid(warden)) == theirs);
	return closes(warden);
}

static int
at_once(void)
{
	struct warden *warden = open_one();
	struct warden_told told;
	bool started[AT_ONCE] = { false }, ended[AT_ONCE] = { false };
	int in[2];

	make_pipe(in);
	for (uint64_t i = 0; i < AT_ONCE; i++) {
		struct warden_job job = job_of(i, CAT, NULL);

		job.streams[0] = in[0];
		CHECK(warden_start(warden, &job));
	}
	for (int i = 0; i < AT_ONCE; i++) {
		CHECK(next(warden, &told) == WARDEN_STARTED && told.id < AT_ONCE && !started[told.id]);
		started[told.id] = true;
	}
	CHECK(warden_next(warden, &told) == WARDEN_NONE);
	CHECK(close(in[1]) == 0);
	for (int i = 0; i < AT_ONCE; i++) {
		CHECK(next(warden, &told) == WARDEN_ENDED && told.id < AT_ONCE && !ended[told.id]);
		ended[told.id] = true;
		CHECK(told.value == 0);
	}
	return closes(warden);
}

/* A warden that does not come to it takes no more; one that is not listened to forgets nothing. */
static int
behind(void)
{
	static unsigned char state[UNREAD_MOST]; /* 1: started, 2: ended */
	const char *strings[] = { "WEIR_SCRIPT=echo", NULL };
	struct warden *warden = open_one();
	struct warden_told told;
	uint64_t count = 0;
	int both[2];

	make_pipe(both);
	CHECK(kill(warden_pid(warden), SIGSTOP) == 0);
	for (;;) {
		struct warden_job job = job_of(count, SHELL, strings);

		job.streams[1] = both[1];
		if (count == UNREAD_MOST || !warden_start(warden, &job))
			break;
		count++;
	}
	CHECK(count > 16 && count < UNREAD_MOST && errno == EAGAIN);
	CHECK(close(both[1]) == 0);
	CHECK(kill(warden_pid(warden), SIGCONT) == 0);
	pipe_forget(both[0], (size_t)count);
	CHECK(read_all(both[0]) == 0);
	(void)nanosleep(&(struct timespec){ 0, 200000000 }, NULL); /* so that no end but the room wakes it, most likely */
	for (uint64_t ended = 0; ended < count;) {
		enum warden_event event = next(warden, &told);

		CHECK(told.id < count && (event == WARDEN_STARTED || event == WARDEN_ENDED));
		CHECK(state[told.id]++ == (event == WARDEN_ENDED));
		ended += event == WARDEN_ENDED;
	}
	return closes(warden);
}

/* No descriptor to spare is not the command's fault.  What the warden has open is 0 to 2 and one of 3 to 5. */
static int
short_of_descriptors(void)
{
	struct rlimit before, limit;
	struct warden_job job = job_of(1, TRUE, NULL);
	struct warden *warden;
	int value;

	for (int fd = 3; fd < 1024; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	for (int fd = 3; fd < 6; fd++)
		(void)close(fd);
	CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
	limit = before;
	limit.rlim_cur = 6;
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	warden = open_one();
	CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
	job.streams[0] = job.streams[1] = job.streams[2] = WARDEN_OWN;
	CHECK(warden_start(warden, &job) && tells(warden, WARDEN_SHORT, 1, &value) && value == EMFILE);
	job.streams[0] = job.streams[1] = WARDEN_NULL;
	CHECK(warden_start(warden, &job) && tells(warden, WARDEN_SHORT, 1, &value) && value == EMFILE);
	job.streams[2] = WARDEN_NULL;
	CHECK(warden_start(warden, &job) && tells(warden, WARDEN_STARTED, 1, &value));
	CHECK(tells(warden, WARDEN_ENDED, 1, &value) && value == 0);
	return closes(warden);
}

/* --- death ---------------------------------------------------------------------------------------- */

static int
outlives(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE, SIGTSTP, SIGTTOU, SIGCHLD };
	struct warden *warden = open_one();

	CHECK(run_for_text(warden, job_of(1, TRUE, NULL)) == 0); /* it is up */
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		CHECK(kill(warden_pid(warden), signals[i]) == 0);
	CHECK(run_for_text(warden, job_of(2, TRUE, NULL)) == 0);
	return closes(warden);
}

static int
gone(void)
{
	struct warden_job job = job_of(1, CAT, NULL);
	struct warden *warden = open_one();
	struct warden_told told;
	int in[2], out[2], value;

	make_pipe(in);
	make_pipe(out);
	job.streams[0] = in[0];
	job.streams[1] = out[1];
	CHECK(warden_start(warden, &job) && close(in[0]) == 0 && close(out[1]) == 0);
	CHECK(tells(warden, WARDEN_STARTED, 1, &value));
	CHECK(kill(warden_pid(warden), SIGKILL) == 0);
	CHECK(next(warden, &told) == WARDEN_GONE && next(warden, &told) == WARDEN_GONE);
	CHECK(!warden_start(warden, &job) && !warden_terminate(warden, 1));
	CHECK(write(in[1], "on", 2) == 2 && close(in[1]) == 0 && read_all(out[0]) == 2);
	return closes(warden);
}

/* What was asked for is done, what runs is left alone. */
static int
closed(void)
{
	const char *strings[] = { "WEIR_SCRIPT=cat; echo end", NULL };
	struct warden *warden = open_one();
	struct warden_job job = job_of(1, SHELL, strings);
	int in[2], out[2];

	make_pipe(in);
	make_pipe(out);
	job.streams[0] = in[0];
	job.streams[1] = out[1];
	CHECK(warden_start(warden, &job) && close(in[0]) == 0 && close(out[1]) == 0);
	CHECK(closes(warden) == 0);
	CHECK(write(in[1], "on ", 3) == 3 && close(in[1]) == 0);
	CHECK(read_all(out[0]) == 7 && strcmp(text, "on end\n") == 0);
	warden_close(NULL, 0);
	return 0;
}

static int
closed_in_time(void)
{
	struct warden *warden = open_one();
	pid_t pid = warden_pid(warden);

	CHECK(kill(pid, SIGSTOP) == 0);
	warden_close(warden, loop_now() + 20 * NS_PER_MS);
	CHECK(kill(pid, SIGCONT) == 0 && waitpid(pid, NULL, 0) == pid);
	return 0;
}

/* weir, to be killed: tells who its warden is, and with `stopped` asks for one more command, which must not be started. */
static _Noreturn void
be_weir(int say, const int in[2], const int out[2], bool stopped)
{
	const char *strings[] = { "WEIR_SCRIPT=cat; echo end", NULL };
	struct warden *warden = open_one();
	struct warden_job job = job_of(1, SHELL, strings);
	pid_t pid = warden_pid(warden);
	int value;

	(void)close(in[1]);
	job.streams[0] = in[0];
	job.streams[1] = out[1];
	must(warden_start(warden, &job) && tells(warden, WARDEN_STARTED, 1, &value));
	job = job_of(2, SHELL, (const char *[]){ "WEIR_SCRIPT=echo never", NULL });
	job.streams[1] = out[1];
	must(!stopped || (kill(pid, SIGSTOP) == 0 && warden_start(warden, &job)));
	must(write(say, &pid, sizeof(pid)) == (ssize_t)sizeof(pid));
	for (;;)
		(void)pause();
}

/* Orphans come to us, the reaper, where that can be asked for: not elsewhere, nor of qemu-user. */
static bool
adopts(void)
{
#ifdef __linux__
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
#else
	return false;
#endif
}

static void
await_death(pid_t pid, bool adopted)
{
	if (adopted)
		must(waitpid(pid, NULL, 0) == pid);
	while (!adopted && kill(pid, 0) == 0)
		(void)nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
}

static int
weir_killed(bool stopped)
{
	int say[2], in[2], out[2];
	const bool adopted = adopts();
	pid_t weir, warden;

	make_pipe(say);
	make_pipe(in);
	make_pipe(out);
	CHECK((weir = fork()) >= 0);
	if (weir == 0)
		be_weir(say[1], in, out, stopped);
	CHECK(close(in[0]) == 0 && close(out[1]) == 0);
	CHECK(read(say[0], &warden, sizeof(warden)) == (ssize_t)sizeof(warden));
	CHECK(kill(weir, SIGKILL) == 0 && waitpid(weir, NULL, 0) == weir);
	CHECK(!stopped || kill(warden, SIGCONT) == 0);
	await_death(warden, adopted);
	CHECK(write(in[1], "on ", 3) == 3 && close(in[1]) == 0);
	CHECK(read_all(out[0]) == 7 && strcmp(text, "on end\n") == 0);
	return 0;
}

static int
ends_with_weir(void)
{
	return weir_killed(false);
}

static int
starts_nothing_more(void)
{
	return weir_killed(true);
}

/* weir can open, execute and signal nothing by then; what it starts can do all that. */
static int
beside_confinement(void)
{
	const char *strings[] = { "WEIR_SCRIPT=cat </dev/null && cat && kill -TERM $$", NULL };
	struct warden *warden = open_one();
	struct warden_job job = job_of(1, SHELL, strings);
	struct parcel *parcel = parcel_new();
	int out[2], value;

	make_pipe(out);
	CHECK(parcel != NULL);
	if (!confine(NULL, 0, false)) {
		parcel_free(parcel);
		return closes(warden);
	}
	CHECK(open("/dev/null", O_RDONLY) < 0);
	for (uint64_t try = 1; try <= 2; try++) {
		CHECK(try > 1 || (parcel_write(parcel, &(struct iovec){ script, 4 }, 1) && parcel_seal(parcel)));
		job.id = try;
		job.streams[0] = parcel_open(parcel);
		job.streams[1] = out[1];
		CHECK(warden_start(warden, &job) && close(job.streams[0]) == 0 && tells(warden, WARDEN_STARTED, try, &value));
		CHECK(tells(warden, WARDEN_ENDED, try, &value) && WIFSIGNALED(value) && WTERMSIG(value) == SIGTERM);
	}
	CHECK(close(out[1]) == 0 && read_all(out[0]) == 8 && memcmp(text, "/tmp/tmp", 8) == 0);
	job = job_of(3, SHELL, (const char *[]){ "WEIR_SCRIPT=kill -STOP $$", NULL });
	CHECK(warden_start(warden, &job) && tells(warden, WARDEN_STARTED, 3, &value));
	CHECK(tells(warden, WARDEN_STOPPED, 3, &value) && warden_terminate(warden, 3));
	CHECK(tells(warden, WARDEN_ENDED, 3, &value) && WTERMSIG(value) == SIGTERM);
	parcel_free(parcel);
	return closes(warden);
}

/* --- what it is ----------------------------------------------------------------------------------- */

static int
looks(void)
{
	struct warden *warden = open_one();
	char path[64], target[16];
	FILE *file;

	CHECK(run_for_text(warden, job_of(1, TRUE, NULL)) == 0);
	for (int fd = 0; fd < 3; fd++) {
		(void)snprintf(path, sizeof(path), "/proc/%ld/fd/%d", (long)warden_pid(warden), fd);
		CHECK(readlink(path, target, sizeof(target)) == 9 && memcmp(target, "/dev/null", 9) == 0);
	}
	(void)snprintf(path, sizeof(path), "/proc/%ld/comm", (long)warden_pid(warden));
	CHECK((file = fopen(path, "r")) != NULL && fgets(text, sizeof(text), file) != NULL && fclose(file) == 0);
	CHECK(strcmp(text, "weir-warden\n") == 0);
	return closes(warden);
}

/* Which no kernel knows to execute. */
static void
make_script(void)
{
	static const char lines[] = "echo sh \"$1\"\nexit 7\n";
	int fd = mkstemp(script);

	must(fd >= 0 && write(fd, lines, sizeof(lines) - 1) == (ssize_t)sizeof(lines) - 1);
	must(fchmod(fd, 0700) == 0 && close(fd) == 0);
}

/* Whether the warden, asked for this, ends by itself, and has started nothing. */
static bool
is_refused(const struct keeper_request *request, const char *strings, size_t length)
{
	struct keeper_news news;
	int pair[2], null, status;
	pid_t pid;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	must((null = open("/dev/null", O_RDWR)) >= 0);
	must((pid = fork()) >= 0);
	if (pid == 0) {
		(void)close(pair[0]);
		keeper_run(pair[1], null, commands, COMMANDS, false);
	}
	(void)close(pair[1]);
	(void)close(null);
	must(send(pair[0], request, sizeof(*request), 0) == (ssize_t)sizeof(*request));
	(void)send(pair[0], strings, length, MSG_NOSIGNAL);
	status = (int)recv(pair[0], &news, sizeof(news), MSG_WAITALL);
	(void)close(pair[0]);
	must(waitpid(pid, &null, 0) == pid);
	return status <= 0 && WIFEXITED(null) && WEXITSTATUS(null) == EXIT_SUCCESS;
}

/* As a weir would that has been taken over. */
static int
taken_over(void)
{
	static char large[WARDEN_STRINGS_BYTES + 8];
	static const char few[] = "WEIR_A=1", preload[] = "LD_PRELOAD=/tmp/x", nameless[] = "WEIR_A";
	const struct keeper_request good = { .id = 1, .kind = KEEPER_START, .value = TRUE, .strings_bytes = sizeof(few) };
	struct keeper_request request = good;

	CHECK(!is_refused(&request, few, sizeof(few)));
	request.value = COMMANDS;
	CHECK(is_refused(&request, few, sizeof(few)));
	request = good;
	request.strings_bytes = sizeof(few) - 1;
	CHECK(is_refused(&request, few, sizeof(few) - 1));
	request.strings_bytes = sizeof(preload);
	CHECK(is_refused(&request, preload, sizeof(preload)));
	request.strings_bytes = sizeof(nameless);
	CHECK(is_refused(&request, nameless, sizeof(nameless)));
	memset(large, 'l', sizeof(large) - 1);
	memcpy(large, "WEIR_L=", 7);
	request.strings_bytes = sizeof(large);
	CHECK(is_refused(&request, large, sizeof(large)));
	for (size_t i = 0; i <= WARDEN_STRINGS_MOST; i++)
		memcpy(large + i * sizeof(few), few, sizeof(few));
	request.strings_bytes = (uint32_t)(WARDEN_STRINGS_MOST * sizeof(few));
	CHECK(!is_refused(&request, large, request.strings_bytes));
	request.strings_bytes += (uint32_t)sizeof(few);
	CHECK(is_refused(&request, large, request.strings_bytes));
	return 0;
}

int
main(void)
{
	const char *helpers = getenv("HELPERS");
	const bool bare = !is_under("valgrind"); /* which has descriptors of its own */

	(void)snprintf(given, sizeof(given), "%s/given", helpers != NULL ? helpers : "tests/helpers");
	make_script();
	holds(environment, "a command has weir's environment, and its own strings in it");
	if (bare)
		holds(descriptors, "the descriptors that weir was given, and none that it opened");
	holds(keeps_nothing, "nor does the warden keep what weir opened");
	holds(streams, "standard streams");
	holds(own_streams, "or weir's own, which the warden does not hold");
	holds(signals_as_found, "no signal is ignored or blocked");
	holds(signals_as_found_otherwise, "but those that weir found so");
	holds(groups, "it leads a group of its own, or nobody does, or is in weir's in the foreground");
	holds(not_executed, "one that cannot be executed is told, a script without #! can be");
	holds(endings, "how it ended is told, and that it was stopped");
	holds(terminated, "SIGTERM is for the whole group, or in the foreground for the process");
	holds(killed, "who does not heed it is killed two seconds later");
	holds(killed_what_is_left, "and so is what the first of the group has left behind");
	holds(killed_at_the_end, "also when it is the last thing that the warden does");
	holds(heeded_at_the_end, "which does not wait where all have gone");
	holds(one_after_the_other, "500 one after the other leave no descriptor behind");
	holds(at_once, "64 at once");
	holds(behind, "neither side waits for the other, and nothing is lost");
#ifdef __linux__
	if (bare)
		holds(short_of_descriptors, "that there was no descriptor to spare is told apart");
#endif
	holds(beside_confinement, "weir is confined, and what it starts is not; a batch is read anew");
	holds(taken_over, "what no weir asks for it does not do: it ends");
	holds(outlives, "the warden outlives what is meant for weir");
	holds(gone, "its death is told, and what it had started goes on");
	holds(closed, "what was asked for before the end is started, and left");
	holds(closed_in_time, "a warden that does not end is left behind");
	holds(ends_with_weir, "it ends with weir, and what runs goes on");
	holds(starts_nothing_more, "then it starts nothing more");
	if (access("/proc/self/comm", R_OK) == 0)
		holds(looks, "its standard streams are /dev/null, and it has a name");
	(void)unlink(script);
	return done_testing();
}
