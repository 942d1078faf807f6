/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reports: what weir says on standard error under --format=json, read as it comes.  Each report is held to
 * the law of the ledger, and no counter may go back from one report to the next.
 */
#ifndef CHAOS_REPORTS_H
#define CHAOS_REPORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum entry { IN, OUT, DROPPED, UNSAVED, MARKS, HELD, UNDELIVERED, TALLIES };
enum unit { RECORDS, BYTES, UNITS };

struct report {
	uint64_t tally[TALLIES][UNITS];
	uint64_t elapsed_ns;
	uint64_t skipped;  /* reports of intervals */
	uint64_t unread_bytes;
	uint64_t oldest;   /* records dropped for that reason, */
	uint64_t lost;     /* and of the most precious that are kept */
	unsigned status;   /* of a final one; NO_STATUS in others */
	char reason[32];
};

#define NO_STATUS 1000u

struct reports {
	int fd; /* does not block; -1 once it has ended */
	char text[16384];
	size_t used;
	unsigned signals;  /* reports that a signal asked for */
	unsigned intervals; /* of an interval */
	unsigned finals;
	struct report last;
	char wrong[2048];  /* the first thing that was not as it must be; empty: nothing was */
	char message[256]; /* the last line that was no report */
};

/* Reads what is there, without waiting. */
void reports_read(struct reports *reports);

/* Reads to the end, waiting for it. */
void reports_finish(struct reports *reports);

#endif
