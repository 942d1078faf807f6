/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker: a thread beside the data, for what may take as long as a file system likes.
 *
 *      owner       worker_call -> the job runs, once -> not busy any more; worker_fd can be read
 *
 * It has one job, which is called again and again; what the job works on is the thread's while it is busy and
 * its owner's otherwise, so that neither needs a lock for it.  A job that does not come back is left behind
 * at the end, with what it works on.
 *
 * Does not know what the job does, queues nothing, and is not for data.
 */
#ifndef WEIR_WORKER_H
#define WEIR_WORKER_H

#include <stdbool.h>
#include <stdint.h>

struct worker;

/* Starts the thread, all signals blocked in it.  NULL with errno. */
struct worker *worker_start(void (*job)(void *state), void *state);

/* Has it do its job once more; it is not busy.  False where it cannot be called, as if there were none
 * (NULL): then the job is the caller's to do. */
bool worker_call(struct worker *worker);

/* Whether it is at work; a worker that is not there never is. */
bool worker_busy(struct worker *worker);

/* To be polled for input while it is busy: says when that may be over. */
int worker_fd(const struct worker *worker);

/* Waits until it is not busy, or until deadline_ns of loop_now.  Whether it is not. */
bool worker_await(struct worker *worker, uint64_t deadline_ns);

/* Ends the thread when its job is done, and frees it.  False where it is still busy at deadline_ns: it is left
 * behind, and what it works on must stay as it is. */
bool worker_close(struct worker *worker, uint64_t deadline_ns);

#endif
