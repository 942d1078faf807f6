/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lookout: all that is told of a run besides its data: reports, the live line, metrics, marks, dropped
 * records.
 *
 * Opens what that needs, keeps it up to date after each pass and at the end of each interval, and
 * has the last word.  Nothing of it ever holds up the data; at the end it may take until a
 * deadline.  Does not touch standard input or output, and decides nothing about the run but that a
 * report that could not be written is an error.
 */
#ifndef WEIR_LOOKOUT_H
#define WEIR_LOOKOUT_H

#include "cli/options.h"
#include "flow/pump.h"
#include "hand/reader.h"
#include "os/loop.h"
#include "os/spill.h"
#include "tell/live.h"
#include "tell/metrics.h"
#include "tell/reporter.h"
#include "tell/snapshot.h"

#include <stdbool.h>
#include <stdint.h>

struct lookout {
	const struct options *options;
	struct pump *pump;
	const struct reader *reader; /* not owned; NULL where there is none to tell of */
	struct sojourn *sojourn;
	struct marks *marks;
	struct baseline baseline;
	char host[256];          /* where it runs, for those who ask; or "" */
	uint64_t tick_at_ns;     /* when the interval ends; LOOP_FOREVER where none is asked for */
	struct reporter reporter;
	struct metrics metrics;
	bool metrics_told;       /* that a page could not be written */
	struct top *top;
	struct spill *spill;     /* NULL: nothing that is dropped is saved */
	int spill_error;         /* to be told; or 0 */
	uint64_t overruns_told;  /* of the input's */
	struct live live;
	struct snapshot last;    /* of the final report */
};

/* Of one that is all zero: opens the files, which are no file that the data comes from or goes to.  False when the
 * reason has been told; there is nothing to undo, since weir ends then. */
bool lookout_open(struct lookout *lookout, const struct options *options);

/* The pump is there, and has not made a pass, and so is the reader, if there is one: takes its memory, hooks itself up,
 * writes the first page of metrics.  False when the reason has been told. */
bool lookout_begin(struct lookout *lookout, struct pump *pump, const struct reader *reader, uint64_t now_ns);

/* Everything is open: gives up the right to open more (confine.h), but for what is its own, the spool's, and done in *more;
 * and starts what runs beside.  False when the reason has been told. */
struct confine_place;
bool lookout_start(struct lookout *lookout, const struct spool *spool, const struct confine_place *more);

/* How it stands, for who asks for that: once, with the interval of reports; or again and again, each time with what has come,
 * gone and passed since the last, which begins here (since its last turn the latency of records is that of reports, too). */
void lookout_look(struct lookout *lookout, struct snapshot *snapshot, uint64_t now_ns);
void lookout_begin_looking(const struct lookout *lookout, struct baseline *since, uint64_t now_ns);
void lookout_look_again(struct lookout *lookout, struct baseline *since, struct snapshot *snapshot, uint64_t now_ns);

/* For asked.c: how it stands, with the interval that began then. */
void lookout_take(struct lookout *lookout, const struct baseline *since, enum report_event event, struct snapshot *snapshot,
    uint64_t now_ns);

/* There are to be reports, though there were none: false with errno where they cannot be written beside the data.  Then its
 * options have changed: from now on the interval is what they say, if there is one. */
bool lookout_can_report(struct lookout *lookout);
void lookout_retune(struct lookout *lookout, uint64_t now_ns);

/* A signal asks for a report. */
void lookout_ask(struct lookout *lookout);

/* After a pass: tells what is due, as far as that goes without waiting. */
void lookout_step(struct lookout *lookout, uint64_t now_ns);

/* When it is to be called though nothing has happened; LOOP_FOREVER for never. */
uint64_t lookout_deadline_ns(const struct lookout *lookout);

/* What it waits for: LOOKOUT_WATCHES of them. */
#define LOOKOUT_WATCHES 2
void lookout_watch(const struct lookout *lookout, struct loop_watch watch[LOOKOUT_WATCHES]);

/* The end, in this order.
 * books:   the pump's books are closed: these are the last figures.
 * stop:    standard output is closed, and nothing more is dropped: what was is saved now, or not: until a signal's
 *          drain timeout is over, which ends then; where none came (LOOP_FOREVER), for as long as one from now on.
 * quieten: nothing of its own is in the way of messages any more.
 * close:   says what is left to say, makes the last report and the last page, and closes.  Returns the
 *          exit status: that of the run, or that of a failure where only the report failed. */
void lookout_books(struct lookout *lookout, uint64_t now_ns);
void lookout_stop(struct lookout *lookout, uint64_t drain_until_ns);
void lookout_quieten(struct lookout *lookout, uint64_t deadline_ns);
int lookout_close(struct lookout *lookout, int status, const char *reason, uint64_t deadline_ns);

#endif
