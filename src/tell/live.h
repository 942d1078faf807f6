/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live: the live line while a run goes on: when it is drawn, and what happens to its terminal meanwhile.
 *
 * What it says is meter's, how it is drawn screen's, and how often the figures change the caller's.  Makes way for
 * messages by itself, and stops when the job is stopped (SIGTSTP).  Never holds up the data.
 *
 * One that is all zero is not drawn, and all of this may be asked of it.
 */
#ifndef WEIR_LIVE_H
#define WEIR_LIVE_H

#include "flow/pump.h"
#include "os/loop.h"
#include "tell/screen.h"
#include "tell/snapshot.h"

#include <stdbool.h>
#include <stdint.h>

struct live {
	const struct pump *pump;
	const struct baseline *baseline;
	struct screen screen;  /* open where there is a live line */
	struct snapshot shown; /* what that says */
	uint64_t draw_at_ns;   /* when it is to be drawn next; LOOP_FOREVER for the next figures */
};

/* Of one that is all zero: takes up the terminal that standard error is, watches its signals, and has a line to draw.
 * The pump and the baseline are not owned, and outlive it.  Opens files: before confine(). */
void live_begin(struct live *live, const struct pump *pump, const struct baseline *baseline, uint64_t now_ns);

/* Whether there is a line. */
bool live_is_drawn(const struct live *live);

/* Other figures. */
void live_show(struct live *live, const struct snapshot *snapshot, uint64_t now_ns);

/* After a pass: what has happened to the terminal, and the line if it is time.  While the job is stopped it does
 * not return. */
void live_step(struct live *live, uint64_t now_ns);

/* When it is to be called though nothing has happened, LOOP_FOREVER for never; and what it waits for. */
uint64_t live_deadline_ns(const struct live *live);
struct loop_watch live_watch(const struct live *live);

/* Takes the line away, so that others can write there, until live_resume.  False where it has to be tried again, when
 * the terminal takes more. */
bool live_make_way(struct live *live);
void live_resume(struct live *live);

/* The end: takes it away, waiting until deadline_ns of loop_now at most; and closes. */
void live_settle(struct live *live, uint64_t deadline_ns);
void live_close(struct live *live);

#endif
