/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each case in a process of its own: what it finds is its exit status, or the signal it dies by.
 * Signals are sent by the process to itself, and come in where it waits.
 */
#include "../tap.h"

#include "base/units.h"
#include "os/loop.h"
#include "os/signals.h"

#include <sys/wait.h>

#include <time.h>
#include <unistd.h>

/* A case: 0 where all is well, else the number of the line that is not. */
typedef int test_case(void);

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			return __LINE__ % 255 + 1; \
	} while (0)

static int
wait_status(test_case *run)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0)
		_exit(run());
	if (child > 0)
		(void)waitpid(child, &status, 0);
	return status;
}

static void holds(test_case *run, const char *what, ...) __attribute__((format(printf, 2, 3)));

static void
holds(test_case *run, const char *what, ...)
{
	int status = wait_status(run);
	char text[120];
	va_list arguments;

	va_start(arguments, what);
	(void)vsnprintf(text, sizeof(text), what, arguments);
	va_end(arguments);
	if (!ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s", text))
		diag(WIFSIGNALED(status) ? "killed by signal %d" : "exit status %d, the line mod 255 plus 1",
		    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

/* Waits for nothing, so that signals that are pending come in. */
static void
let_in(void)
{
	loop_wait(NULL, 0, 0);
}

/* --- reports -------------------------------------------------------------------------------------- */

static int
usr1_asks(void)
{
	signals_early();
	CHECK(!signals_take_report());
	(void)raise(SIGUSR1); /* not blocked yet: comes at once */
	CHECK(signals_take_report());
	CHECK(!signals_take_report());
	signals_init();
	(void)raise(SIGUSR1);
	CHECK(!signals_take_report());
	let_in();
	CHECK(signals_take_report());
	CHECK(!signals_take_report());
	CHECK(signals_stop() == 0);
	return 0;
}

/* In the run none of them may come but in a wait: between a look and the wait it would be lost.  What was blocked
 * before comes there, too. */
static int
blocked_but_in_waits(void)
{
	static const int all[] = { SIGUSR1, SIGINT, SIGTERM, SIGHUP };
	sigset_t before, now;

	CHECK(sigemptyset(&before) == 0 && sigaddset(&before, SIGTERM) == 0 && sigaddset(&before, SIGUSR2) == 0);
	CHECK(sigprocmask(SIG_SETMASK, &before, NULL) == 0);
	signals_early();
	signals_init();
	CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		CHECK(sigismember(&now, all[i]) == 1);
		CHECK(sigismember(signals_wait_mask(), all[i]) == 0);
	}
	CHECK(sigismember(signals_wait_mask(), SIGUSR2) == 0 && sigismember(&now, SIGUSR2) == 0);
	return 0;
}

static int
usr1_ignored(void)
{
	(void)signal(SIGUSR1, SIG_IGN);
	signals_early();
	signals_init();
	(void)raise(SIGUSR1);
	let_in();
	CHECK(!signals_take_report());
	return 0;
}

/* --- the end -------------------------------------------------------------------------------------- */

static int
stops_are_noted(void)
{
	static const int stops[] = { SIGINT, SIGHUP, SIGINT };

	signals_early();
	signals_init();
	CHECK(signals_stop() == 0 && !signals_stop_again());
	(void)raise(SIGTERM);
	CHECK(signals_stop() == 0); /* blocked, until a wait lets it in */
	for (int i = 0; i < 4; i++) {
		if (i == 3)
			(void)nanosleep(&(struct timespec){ 0, 500000001 }, NULL);
		let_in();
		CHECK(signals_stop() == SIGTERM); /* the first of all */
		CHECK(signals_stop_again() == (i == 3)); /* the same one, not another */
		if (i < 3)
			(void)raise(stops[i]);
	}
	return 0;
}

/* Twice within half a second is once; on a machine that takes longer for this, nothing is shown, and it is tried again. */
static int
twins_are_one(void)
{
	for (int tries = 0; tries < 20; tries++) {
		pid_t child = fork();
		int status;

		CHECK(child >= 0);
		if (child == 0) {
			uint64_t began = loop_now();

			signals_early();
			signals_init();
			(void)raise(SIGINT);
			let_in();
			(void)raise(SIGINT);
			let_in();
			if (loop_now() - began >= 500 * NS_PER_MS)
				_exit(2);
			_exit(signals_stop() != SIGINT || signals_stop_again());
		}
		CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
		CHECK(WEXITSTATUS(status) != 1);
		if (WEXITSTATUS(status) == 0)
			return 0;
	}
	return 0;
}

static int
stops_ignored(void)
{
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	signals_early();
	signals_init();
	(void)raise(SIGINT);
	(void)raise(SIGHUP);
	let_in();
	CHECK(signals_stop() == 0 && !signals_stop_again());
	(void)raise(SIGTERM);
	let_in();
	CHECK(signals_stop() == SIGTERM);
	return 0;
}

/* A stream that never runs dry must not keep a signal out. */
static int
comes_in_beside_a_ready_descriptor(void)
{
	struct loop_watch watch = { .input = true };
	int both[2];

	signals_early();
	signals_init();
	CHECK(pipe(both) == 0 && write(both[1], "x", 1) == 1);
	watch.fd = both[0];
	(void)raise(SIGTERM);
	(void)raise(SIGUSR1);
	for (int i = 0; i < 4; i++) {
		loop_wait(&watch, 1, i % 2 > 0 ? 0 : LOOP_FOREVER);
		CHECK(watch.ready || i == 0); /* the first may be cut short */
	}
	CHECK(signals_stop() == SIGTERM);
	CHECK(signals_take_report());
	return 0;
}

static int
write_errors_are_no_signals(void)
{
	int both[2];

	signals_early();
	signals_init();
	CHECK(!signals_pipe_ignored());
	CHECK(pipe(both) == 0 && close(both[0]) == 0);
	CHECK(write(both[1], "x", 1) == -1);
#ifdef SIGXFSZ
	(void)raise(SIGXFSZ);
#endif
	return 0;
}

static int
pipe_was_ignored(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	signals_early();
	signals_init();
	CHECK(signals_pipe_ignored());
	return 0;
}

static int death;

static int
dies(void)
{
	signals_early();
	signals_init();
	(void)raise(death);
	let_in();
	signals_die(death);
}

static int
dies_though_ignored(void)
{
	(void)signal(death, SIG_IGN);
	return dies();
}

static void
deaths(void)
{
	static const struct {
		int signal;
		const char *name;
	} table[] = { { SIGINT, "INT" }, { SIGTERM, "TERM" }, { SIGHUP, "HUP" }, { SIGPIPE, "PIPE" } };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int status;

		is_text(signals_name(table[i].signal), table[i].name, "the name of %s", table[i].name);
		death = table[i].signal;
		status = wait_status(dies);
		ok(WIFSIGNALED(status) && WTERMSIG(status) == death, "dying by %s is dying by it", table[i].name);
		status = wait_status(dies_though_ignored);
		ok(WIFSIGNALED(status) && WTERMSIG(status) == death, "even where it was ignored");
	}
}

/* --- waits ---------------------------------------------------------------------------------------- */

static int
waits_are_cut_short(void)
{
	signals_early();
	signals_init();
	(void)raise(SIGUSR1);
	loop_wait(NULL, 0, LOOP_FOREVER); /* ends, or this test does not */
	CHECK(signals_take_report());
	return 0;
}

static int
waits_end_at_their_deadline(void)
{
	uint64_t deadline = loop_now() + 20000000;

	loop_wait(NULL, 0, deadline);
	CHECK(loop_now() >= deadline);
	loop_wait(NULL, 0, deadline); /* in the past: ends, or this test does not */
	loop_wait(NULL, 0, 1);
	return 0;
}

static int
waits_see_what_is_ready(void)
{
	int both[2], gone[2];
	struct loop_watch watch[3] = { { .input = true }, { .output = true }, { .fd = -1, .input = true } };

	signals_early();
	signals_init();
	CHECK(pipe(both) == 0 && pipe(gone) == 0 && close(gone[0]) == 0);
	watch[0].fd = both[0];
	watch[1].fd = both[1];
	loop_wait(watch, 3, 0);
	CHECK(!watch[0].ready && !watch[0].gone && watch[1].ready && !watch[1].gone);
	CHECK(!watch[2].ready && !watch[2].gone);
	CHECK(!loop_ready(both[0], false) && loop_ready(both[1], true));
	CHECK(write(both[1], "x", 1) == 1);
	watch[1] = (struct loop_watch){ .fd = gone[1] };
	loop_wait(watch, 2, LOOP_FOREVER);
	CHECK(watch[0].ready && watch[1].gone && !watch[1].ready);
	CHECK(loop_ready(both[0], false));
	CHECK(close(both[1]) == 0 && read(both[0], both, 1) == 1);
	loop_wait(watch, 1, LOOP_FOREVER);
	CHECK(watch[0].ready && !watch[0].gone); /* end of input is there to be read */
	return 0;
}

/* --- the terminal --------------------------------------------------------------------------------- */

static int
terminal_is_watched(void)
{
	static const int all[] = { SIGCONT, SIGTSTP, SIGWINCH };

	signals_early();
	signals_init();
	signals_watch_terminal();
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		(void)raise(all[i]);
		CHECK(!signals_take(all[i])); /* blocked, until a wait lets it in */
		let_in();
		CHECK(!signals_take(all[(i + 1) % 3]) && signals_take(all[i]) && !signals_take(all[i]));
		CHECK(sigismember(signals_wait_mask(), all[i]) == 0);
	}
	CHECK(signals_stop() == 0 && !signals_take_report());
	return 0;
}

static int
not_where_ignored(void)
{
	(void)signal(SIGTSTP, SIG_IGN);
	signals_early();
	signals_init();
	signals_watch_terminal();
	(void)raise(SIGTSTP);
	let_in();
	CHECK(!signals_take(SIGTSTP));
	return 0;
}

static int
suspended_once(void)
{
	signals_early();
	signals_init();
	signals_watch_terminal();
	signals_suspend();
	let_in();
	CHECK(signals_take(SIGCONT));
	(void)raise(SIGTSTP);
	let_in();
	CHECK(signals_take(SIGTSTP)); /* noted again */
	return 0;
}

/* In a group of its own, which this process can continue: that of an orphaned group the kernel would not stop. */
static void
suspends(void)
{
	pid_t child = fork();
	int status = -1;
	bool stopped;

	if (child == 0)
		_exit(setpgid(0, 0) == 0 ? suspended_once() : 254);
	stopped = waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP;
	ok(stopped, "stops itself as TSTP would have done");
	(void)kill(child, SIGCONT);
	if (stopped)
		(void)waitpid(child, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "and goes on (%d)", WEXITSTATUS(status));
}

/* --- beside weir ---------------------------------------------------------------------------------- */

static const int shielded[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE, SIGTSTP, SIGTTOU };
#define SHIELDED (sizeof(shielded) / sizeof(shielded[0]))

static void (*
handler_of(int signal))(int)
{
	struct sigaction now;

	return sigaction(signal, NULL, &now) == 0 ? now.sa_handler : SIG_ERR;
}

static int
shields(void)
{
	signals_early();
	signals_init();
	signals_shield();
	for (size_t i = 0; i < SHIELDED; i++) {
		CHECK(handler_of(shielded[i]) == SIG_IGN);
		(void)raise(shielded[i]);
	}
	let_in();
	CHECK(signals_stop() == 0 && !signals_take_report());
	(void)raise(SIGCHLD);
	loop_wait(NULL, 0, LOOP_FOREVER); /* ends, or this test does not */
	return 0;
}

#define SIGNALS 32 /* without those of real time */

/* As found: `ignored` (0: none) was ignored, and QUIT, and two were blocked; others may have a sanitizer's handler. */
static int ignored;

static int
gives_back(void)
{
	void (*found[SIGNALS])(int);
	sigset_t before, now;

	(void)signal(SIGQUIT, SIG_IGN);
	if (ignored != 0)
		(void)signal(ignored, SIG_IGN);
	CHECK(sigemptyset(&before) == 0 && sigaddset(&before, SIGINT) == 0 && sigaddset(&before, SIGUSR2) == 0);
	CHECK(sigprocmask(SIG_SETMASK, &before, NULL) == 0);
	for (int each = 1; each < SIGNALS; each++)
		found[each] = handler_of(each);
	CHECK(found[SIGQUIT] == SIG_IGN && found[SIGWINCH] == SIG_DFL && (ignored == 0 || found[ignored] == SIG_IGN));
	signals_early();
	signals_init();
	signals_shield();
	signals_give_back();
	for (int each = 1; each < SIGNALS; each++)
		CHECK(handler_of(each) == found[each]);
	CHECK(sigprocmask(SIG_SETMASK, NULL, &now) == 0);
	for (int each = 1; each < SIGNALS; each++)
		CHECK(sigismember(&now, each) == sigismember(&before, each));
	return 0;
}

static void
beside(void)
{
	static const int found[] = { 0, SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE, SIGTSTP, SIGTTOU, SIGCHLD, SIGXFSZ };

	holds(shields, "a process beside weir outlives what is meant for it, and its waits end with a child");
	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
		ignored = found[i];
		holds(gives_back, "what it executes is given what weir found, signal %d ignored", ignored);
	}
}

/* Whoever started this may ignore some: a shell does for a job in the background, and nohup. */
static void
none_is_ignored(void)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGPIPE, SIGTERM, SIGTSTP, SIGTTOU, SIGUSR1, SIGXFSZ };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)signal(signals[i], SIG_DFL);
}

int
main(void)
{
	none_is_ignored();
	holds(usr1_asks, "USR1 asks for a report");
	holds(usr1_ignored, "but not where it was ignored");
	holds(blocked_but_in_waits, "signals come in waits only, and those not that were blocked");
	holds(stops_are_noted, "INT, TERM and HUP are noted: the first, and whether one comes again");
	holds(twins_are_one, "the same one within half a second is the same");
	holds(stops_ignored, "but not where they were ignored");
	holds(comes_in_beside_a_ready_descriptor, "signals come in also while a descriptor is always ready");
	holds(write_errors_are_no_signals, "PIPE and XFSZ become errors of write");
	holds(pipe_was_ignored, "that PIPE was ignored is known");
	holds(waits_are_cut_short, "a signal ends a wait");
	holds(waits_end_at_their_deadline, "and so does its deadline");
	holds(waits_see_what_is_ready, "a wait tells what is ready, and who has gone");
	holds(terminal_is_watched, "CONT, TSTP and WINCH are noted where there is a line to draw");
	holds(not_where_ignored, "but TSTP not where it was ignored");
	if (!is_under("valgrind")) /* which would stop itself its own way */
		suspends();
	beside();
	deaths();
	return done_testing();
}
