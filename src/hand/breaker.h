/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * breaker: how long to wait before COMMAND is tried again, and when to try one thing at a time.
 *
 * After each failure in a row the longest wait is twice the one before, from `least` to `most`, and the wait is a random
 * part of it, from none to all: "full jitter", so that weirs that failed together do not come back together (Marc
 * Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).  A success ends that, be it of a batch, or
 * that a COMMAND which is started again has lived for BREAKER_LIFE_NS.
 *
 * After BREAKER_FAILURES in a row it is open: it waits as long as it may at most, and then lets through one try at a
 * time, until one succeeds.  (Others call it half open while it lets one through, and open while it does not.)
 *
 * It is COMMAND's, of which several may run: whose try failed is nothing to it.  Knows no process and reads no clock:
 * now_ns is the caller's, never running backwards.  Cannot fail.
 */
#ifndef WEIR_BREAKER_H
#define WEIR_BREAKER_H

#include "base/chance.h"
#include "base/units.h"

#include <stdbool.h>
#include <stdint.h>

#define BREAKER_FAILURES 5
#define BREAKER_LIFE_NS (10 * NS_PER_S)

struct breaker {
	uint64_t least_ns, most_ns; /* of the longest wait */
	struct chance chance;
	uint64_t failures;          /* in a row; from BREAKER_FAILURES on it is open */
	uint64_t due_ns;            /* nothing is tried before; 0 where there is no failure */
	uint64_t opened;            /* how often */
	uint64_t since_ns;          /* when it was opened last */
	uint64_t open_ns;           /* in all, until it was closed last */
};

/* least_ns up to most_ns, up to UNITS_TIME_MAX_NS.  The chance is its own from here on. */
void breaker_init(struct breaker *breaker, uint64_t least_ns, uint64_t most_ns, struct chance chance);

/* From now on these are the limits; what is waited for is waited for no longer than it would be by them at most. */
void breaker_retune(struct breaker *breaker, uint64_t least_ns, uint64_t most_ns, uint64_t now_ns);

/* A try has failed now.  One that does not count (of a part of a batch, say, that is being searched for what is wrong
 * in it) is waited for as the last one that did was, or as the first one would be, and opens nothing. */
void breaker_failed(struct breaker *breaker, uint64_t now_ns, bool counts);

/* One has succeeded. */
void breaker_succeeded(struct breaker *breaker, uint64_t now_ns);

/* Whether one more may be tried now, beside so many that are under way. */
bool breaker_allows(const struct breaker *breaker, uint64_t now_ns, uint64_t under_way);

/* When that will be, as far as it is a matter of time; 0 for at once. */
uint64_t breaker_due_ns(const struct breaker *breaker);

bool breaker_is_open(const struct breaker *breaker);
uint64_t breaker_failures(const struct breaker *breaker);

/* How often it has been opened, when it was last (only if it was), and how long it has been open in all. */
uint64_t breaker_opened(const struct breaker *breaker);
uint64_t breaker_since_ns(const struct breaker *breaker);
uint64_t breaker_open_ns(const struct breaker *breaker, uint64_t now_ns);

#endif
