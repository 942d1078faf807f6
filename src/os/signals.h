/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signals: which came, and how the run ends by one.
 *
 * Handlers only note.  The signals are blocked except while loop_wait() waits, so nothing is ever
 * interrupted elsewhere, and none can be lost between a look and a wait.  What was ignored when weir
 * started stays ignored; what was blocked then is let in as any other.
 */
#ifndef WEIR_SIGNALS_H
#define WEIR_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* USR1, and INFO where it exists, do not kill from here on: the first thing that main does.  (A constructor would be no
 * earlier by much: most of the time from exec(2) on goes to the kernel and the loader.  Who must be sure starts weir
 * with the signal blocked.) */
void signals_early(void);

/* INT, TERM and HUP are noted from here on, none is blocked for good; PIPE and XFSZ become errors of write. */
void signals_init(void);

/* The mask to wait with. */
const sigset_t *signals_wait_mask(void);

/* The first of INT, TERM and HUP that has come, or 0; and whether one of them has come again, half a second after the
 * first time or later: sooner it is the same one, sent twice. */
int signals_stop(void);
bool signals_stop_again(void);

/* Whether a report has been asked for since the last call. */
bool signals_take_report(void);

/* From here on it is noted that weir was stopped and goes on (CONT); whether it was since the last call. */
void signals_watch_continue(void);
bool signals_take_continue(void);

/* From here on WINCH, CONT and TSTP are noted: a line of the terminal may have to be drawn anew. */
void signals_watch_terminal(void);

/* Whether this one of them has come since the last call. */
bool signals_take(int signal);

/* Stops the process, as TSTP would have if it were not noted; returns when it is continued. */
void signals_suspend(void);

/* For a process beside weir, which is to outlive the signals that are meant for it: it ignores INT, TERM, HUP, USR1, PIPE,
 * TSTP, TTOU from here on, and CHLD ends its waits.  After signals_init. */
void signals_shield(void);

/* For what such a process is about to execute: which signals are ignored and which blocked is as weir found it.  Uses
 * no memory but its stack, so that a child of vfork(2) can. */
void signals_give_back(void);

/* Whether SIGPIPE was ignored when weir started. */
bool signals_pipe_ignored(void);

/* "INT", "TERM", "HUP", "PIPE". */
const char *signals_name(int signal);

/* Ends the process by this signal, as if it had never been caught. */
_Noreturn void signals_die(int signal);

#endif
