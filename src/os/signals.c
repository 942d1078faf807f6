/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/units.h"
#include "os/loop.h"
#include "os/signals.h"

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

/* Who runs a pipeline in a terminal passes on the signal that the terminal has sent already, and timeout(1) sends
 * one to the command and then to its group: such twins are one. */
#define TWIN_NS (500 * NS_PER_MS)

static volatile sig_atomic_t stop_signal;
static volatile sig_atomic_t stop_again;
static volatile sig_atomic_t report_asked;
static volatile sig_atomic_t continued;

static struct {
	int signal;
	volatile sig_atomic_t noted;
} of_terminal[] = {
	{ SIGCONT, 0 },
	{ SIGTSTP, 0 },
	{ SIGWINCH, 0 },
};
#define OF_TERMINAL (sizeof(of_terminal) / sizeof(of_terminal[0]))

static bool pipe_ignored, xfsz_ignored;
static sigset_t wait_mask;
static sigset_t found_mask;

/* What weir itself changes for good, and what a process beside it does. */
static struct {
	int signal;
	bool found_ignored;
} shielded[] = {
	{ SIGINT, false },
	{ SIGTERM, false },
	{ SIGHUP, false },
	{ SIGUSR1, false },
	{ SIGPIPE, false },
	{ SIGTSTP, false },
	{ SIGTTOU, false },
	{ SIGCHLD, false },
#ifdef SIGXFSZ
	{ SIGXFSZ, false },
#endif
#ifdef SIGINFO
	{ SIGINFO, false },
#endif
};
#define SHIELDED (sizeof(shielded) / sizeof(shielded[0]))

static struct {
	int signal;
	const char *name;
	volatile uint64_t first_ns; /* when it first came; 0: it has not */
} stops[] = {
	{ SIGINT, "INT", 0 },
	{ SIGTERM, "TERM", 0 },
	{ SIGHUP, "HUP", 0 },
};
#define STOPS (sizeof(stops) / sizeof(stops[0]))

static void
note_stop(int signal)
{
	uint64_t now = loop_now();

	if (stop_signal == 0)
		stop_signal = signal;
	for (size_t i = 0; i < STOPS; i++) {
		if (stops[i].signal != signal)
			continue;
		if (stops[i].first_ns == 0)
			stops[i].first_ns = now;
		else if (now - stops[i].first_ns >= TWIN_NS)
			stop_again = 1;
	}
}

static void
note_report(int signal)
{
	(void)signal;
	report_asked = 1;
}

static bool
is_ignored(int signal)
{
	struct sigaction now;

	return sigaction(signal, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

static void
set_handler(int signal, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(signal, &action, NULL);
}

void
signals_early(void)
{
	if (!is_ignored(SIGUSR1))
		set_handler(SIGUSR1, note_report);
#ifdef SIGINFO
	if (!is_ignored(SIGINFO))
		set_handler(SIGINFO, note_report);
#endif
}

void
signals_init(void)
{
	sigset_t ours;

	pipe_ignored = is_ignored(SIGPIPE);
	set_handler(SIGPIPE, SIG_IGN);
#ifdef SIGXFSZ
	xfsz_ignored = is_ignored(SIGXFSZ);
	set_handler(SIGXFSZ, SIG_IGN);
#endif
	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGUSR1);
#ifdef SIGINFO
	(void)sigaddset(&ours, SIGINFO);
#endif
	for (size_t i = 0; i < STOPS; i++)
		(void)sigaddset(&ours, stops[i].signal);
	/* What was blocked when weir started is not: it would never be heeded, and could not be told from a hang. */
	(void)sigemptyset(&wait_mask);
	(void)sigprocmask(SIG_SETMASK, &ours, &found_mask);
	for (size_t i = 0; i < STOPS; i++)
		if (!is_ignored(stops[i].signal))
			set_handler(stops[i].signal, note_stop);
}

static void
note_of_terminal(int signal)
{
	if (signal == SIGCONT)
		continued = 1;
	for (size_t i = 0; i < OF_TERMINAL; i++)
		if (of_terminal[i].signal == signal)
			of_terminal[i].noted = 1;
}

void
signals_watch_continue(void)
{
	sigset_t ours;

	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGCONT);
	(void)sigprocmask(SIG_BLOCK, &ours, NULL);
	if (!is_ignored(SIGCONT))
		set_handler(SIGCONT, note_of_terminal);
}

bool
signals_take_continue(void)
{
	sigset_t pending;
	bool noted = continued != 0;

	/* It is let in only while weir waits, and weir may have been stopped elsewhere. */
	if (!noted && sigpending(&pending) == 0)
		noted = sigismember(&pending, SIGCONT) == 1;
	continued = 0;
	return noted;
}

void
signals_watch_terminal(void)
{
	sigset_t ours;

	(void)sigemptyset(&ours);
	for (size_t i = 0; i < OF_TERMINAL; i++)
		(void)sigaddset(&ours, of_terminal[i].signal);
	(void)sigprocmask(SIG_BLOCK, &ours, NULL);
	for (size_t i = 0; i < OF_TERMINAL; i++)
		if (!is_ignored(of_terminal[i].signal))
			set_handler(of_terminal[i].signal, note_of_terminal);
}

const sigset_t *
signals_wait_mask(void)
{
	return &wait_mask;
}

int
signals_stop(void)
{
	return stop_signal;
}

bool
signals_stop_again(void)
{
	return stop_again != 0;
}

bool
signals_take_report(void)
{
	bool asked = report_asked != 0;

	report_asked = 0;
	return asked;
}

bool
signals_take(int signal)
{
	bool noted = false;

	for (size_t i = 0; i < OF_TERMINAL; i++) {
		if (of_terminal[i].signal != signal)
			continue;
		noted = of_terminal[i].noted != 0;
		of_terminal[i].noted = 0;
	}
	return noted;
}

void
signals_suspend(void)
{
	sigset_t only, before;

	(void)sigemptyset(&only);
	(void)sigaddset(&only, SIGTSTP);
	set_handler(SIGTSTP, SIG_DFL);
	(void)raise(SIGTSTP);
	/* Where nobody could continue it, in an orphaned group, the kernel does not stop it. */
	(void)sigprocmask(SIG_UNBLOCK, &only, &before);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	set_handler(SIGTSTP, note_of_terminal);
}

static bool
was_ignored(int signal)
{
	if (signal == SIGPIPE)
		return pipe_ignored;
#ifdef SIGXFSZ
	if (signal == SIGXFSZ)
		return xfsz_ignored;
#endif
	return is_ignored(signal); /* weir ignores no other */
}

/* What is ignored ends no wait. */
static void
note_child(int signal)
{
	(void)signal;
}

void
signals_shield(void)
{
	sigset_t ours;

	for (size_t i = 0; i < SHIELDED; i++) {
		shielded[i].found_ignored = was_ignored(shielded[i].signal);
		set_handler(shielded[i].signal, shielded[i].signal == SIGCHLD ? note_child : SIG_IGN);
	}
	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGCHLD);
	(void)sigprocmask(SIG_SETMASK, &ours, NULL);
}

void
signals_give_back(void)
{
	for (size_t i = 0; i < SHIELDED; i++)
		set_handler(shielded[i].signal, shielded[i].found_ignored ? SIG_IGN : SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &found_mask, NULL);
}

bool
signals_pipe_ignored(void)
{
	return pipe_ignored;
}

const char *
signals_name(int signal)
{
	for (size_t i = 0; i < STOPS; i++)
		if (stops[i].signal == signal)
			return stops[i].name;
	return "PIPE";
}

_Noreturn void
signals_die(int signal)
{
	sigset_t only;

	set_handler(signal, SIG_DFL);
	(void)sigemptyset(&only);
	(void)sigaddset(&only, signal);
	(void)raise(signal);
	(void)sigprocmask(SIG_UNBLOCK, &only, NULL);
	/* Only a parent that traces us can have kept it from ending us. */
	_exit(128 + signal);
}
