/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop: the only caller of poll.
 *
 * Knows descriptors, a deadline and the clock; what to wait for is derived anew from the state of the
 * run at every pass, by its caller.  Not waiting for standard input *is* the backpressure.
 */
#ifndef WEIR_LOOP_H
#define WEIR_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#define LOOP_FOREVER UINT64_MAX
#define LOOP_WATCHES_MOST 48

struct loop_watch {
	int fd;      /* -1: of no interest (events 0 would still wake on a hang-up) */
	bool input;  /* wake when it can be read */
	bool output; /* wake when it can be written */
	/* results: */
	bool ready;  /* it can be read or written, as asked for */
	bool gone;   /* its other side has gone: nobody will read what is written */
};

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t loop_now(void);

/* Waits until something watched (at most LOOP_WATCHES_MOST) is ready or gone, deadline_ns (of loop_now; LOOP_FOREVER for none)
 * has passed, or a signal has come: those of signals_init are let in only here.  A deadline in the
 * past only looks.  False with errno when it has failed so many times in a row, and not because of
 * a signal, that it is no use to go on; until then a wait cut short is a wait. */
bool loop_wait(struct loop_watch *watch, int count, uint64_t deadline_ns);

/* Whether fd can be read (or written) without waiting, as far as poll tells. */
bool loop_ready(int fd, bool output);

/* Whether nobody will read what is written to fd, as far as poll tells. */
bool loop_gone(int fd);

/* Waits, for a thread of its own and not for the data, until fd can be written, or will tell why
 * not; false once `call` can be read (-1: never).  Lets no signal in. */
bool loop_await_output(int fd, int call);

#endif
