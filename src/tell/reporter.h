/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reporter: where reports go, without ever holding up the data.
 *
 * A report that is asked for while the last one has not been taken is made when it can be: the
 * figures are those of the moment it is written.  The report of an interval is made at its end, and
 * gives way to that of the next one if it has not been taken until then.
 *
 * What can be waited for (a pipe, a terminal) is written as far as it takes without a wait.  A regular file cannot be
 * waited for, and its file system may take any time: where reports are to come while there is data, a worker
 * writes them, and those of some intervals may wait for it.
 */
#ifndef WEIR_REPORTER_H
#define WEIR_REPORTER_H

#include "os/io.h"
#include "os/loop.h"
#include "os/worker.h"
#include "tell/report.h"

#include <stdbool.h>
#include <stddef.h>

struct reporter {
	struct io_port port;
	bool due;              /* one has been asked for */
	uint64_t skipped;      /* reports that were not taken in time, or could not be written */
	bool torn;             /* what was written last is not a whole line */
	char *text;            /* one of the two */
	size_t length;         /* of the report on its way, or with a worker of the reports; 0 for none */
	size_t sent;
	struct worker *worker; /* NULL: what writes is the caller's own time */
	bool beside;           /* the text is the worker's, and so are these: */
	int error;             /* why not all of it was taken */
	size_t later;          /* bytes of whole reports in the other, for the worker when it has done this */
	char room[2][1 + 2 * REPORT_MOST];
};

/* Opens path, truncating it, or standard error where it is NULL or a name of that.  0, or -1 with
 * errno: ENXIO for a FIFO that nobody reads, EBUSY for the file that standard input or output is,
 * ELOOP for a symbolic link to a file that was not open already.  A file that is made has mode
 * 0600. */
int reporter_open(struct reporter *reporter, const char *path);

/* From here on there is data that must not wait for a regular file.  0, or -1 with errno. */
int reporter_start(struct reporter *reporter);

/* Whether something waits to be written; and whether that has been begun. */
bool reporter_busy(const struct reporter *reporter);
bool reporter_begun(const struct reporter *reporter);

/* What it waits for. */
struct loop_watch reporter_watch(const struct reporter *reporter);

/* An interval has ended.  The report of the one before, or if that has been begun this one, is skipped
 * where it has not been taken. */
void reporter_offer(struct reporter *reporter, const struct snapshot *snapshot);

/* Writes what can be written without waiting.  snapshot is asked for the figures if a report is due and
 * can begin. */
void reporter_step(struct reporter *reporter, void (*snapshot)(void *state, struct snapshot *into),
    void *state);

/* A report that has not been begun is skipped.  Writes the rest of one that has, so that nothing else
 * that is said there stands in its middle; waits until deadline_ns of loop_now at most.  Whether it
 * was taken; errno otherwise, and then a newline is what is left to be written. */
bool reporter_settle(struct reporter *reporter, uint64_t deadline_ns);

/* Writes the last report, or nothing but what is on its way where last is NULL, and closes; waits until
 * deadline_ns of loop_now at most.  Whether it was taken whole; errno otherwise.  (What a worker that does not
 * come back then has still to write stays, and must.) */
bool reporter_close(struct reporter *reporter, const struct snapshot *last, uint64_t deadline_ns);

#endif
