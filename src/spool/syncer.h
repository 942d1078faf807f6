/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * syncer: what makes a spool last, in its order, on a thread of its own.
 *
 *      idle -> data: the segments, then their names -> state -> idle
 *                                    (the state is written)     what it makes needless is removed
 *
 * Segments of which the state says that nothing in them is needed any more do not have to be on disk, once it is: then it is
 * synced before the others as well.
 *
 * Both steps are begun by the owner, who looks meanwhile after what has come of them; what a step works on is the
 * thread's while it is busy.  Knows descriptors and numbers, not what is in them.
 */
#ifndef WEIR_SYNCER_H
#define WEIR_SYNCER_H

#include "os/folder.h"
#include "os/worker.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum syncer_step {
	SYNCER_IDLE,
	SYNCER_DATA,
	SYNCER_STATE,
};

/* Segments that were written to since they were synced last. */
#define SYNCER_FILES 64

/* Removed in one step, at most. */
#define SYNCER_REMOVES 64

struct syncer {
	const struct folder *folder;
	struct worker *worker;    /* NULL: it is done at once */
	enum syncer_step step;
	bool never;               /* nothing is synced, only removed */
	int file[SYNCER_FILES];   /* not owned */
	size_t files;
	bool names;               /* of segments that were made */
	bool state_first;         /* in a step of data: */
	bool state_done;          /* and that was done */
	int state_fd;
	uint64_t remove[SYNCER_REMOVES];
	size_t removes, removed;
	int error;                /* of the step */
	uint64_t began_ns, took_ns;
};

void syncer_init(struct syncer *syncer, const struct folder *folder, int state_fd, bool never);

/* Starts the thread.  0, or an errno. */
int syncer_start(struct syncer *syncer);

/* Ends it; false where it did not come back by then, and is left behind. */
bool syncer_close(struct syncer *syncer, uint64_t deadline_ns);

/* Begins a step, with what was set for it; not while it is busy. */
void syncer_begin(struct syncer *syncer, enum syncer_step step);

bool syncer_busy(struct syncer *syncer);
int syncer_fd(const struct syncer *syncer);

/* Waits for the step that is under way. */
bool syncer_await(struct syncer *syncer, uint64_t deadline_ns);

#endif
