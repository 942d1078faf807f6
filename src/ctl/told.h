/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * told: what a weir answers, from JSON to figures.
 *
 * Pure: asks nobody.
 */
#ifndef WEIR_TOLD_H
#define WEIR_TOLD_H

#include "base/ledger.h"
#include "ctl/tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOLD_NAME 256

/* Where a figure is not known, or there is no such bound. */
#define TOLD_UNKNOWN TREE_UNKNOWN

enum told_breaker { TOLD_NO_BREAKER, TOLD_CLOSED, TOLD_OPEN };

/* The figures of one report, as report_line's JSON has them. */
struct told {
	char name[TOLD_NAME];    /* printable, as all texts */
	char policy[32];
	char rate[64];           /* empty: none */
	char command[TOLD_NAME]; /* of the reader that the weir starts; empty: none */
	bool bytes;              /* they are its records */
	bool halted;             /* by `pause` */
	uint64_t elapsed_ns;
	struct tally in, out, held;
	struct tally sampled;    /* left out by choice */
	struct tally lost;       /* dropped for any other reason */
	struct tally depth;
	struct tally capacity;   /* TOLD_UNKNOWN records: no bound */
	uint64_t oldest_ns;      /* for how long the oldest that is held waits; or TOLD_UNKNOWN */
	uint64_t waited_ns[WAITS];
	uint64_t paused_ns;      /* without reading, because of the buffer */
	enum told_breaker breaker;
};

/* Takes the figures from a report.  False for what is none. */
bool told_read(struct told *told, const struct tree *report);

/* Whether an answer is {"error":"..."}; then its text, cut where there is no room, printable. */
bool told_error(char *error, size_t size, const char *text, size_t length);

#endif
