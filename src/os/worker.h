/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker: a thread beside the data, for what may take as long as a file system likes.
 *
 *      owner       worker_call -> the job runs, once -> not busy any more; worker_fd can be read
 *
 * It has one job, which is called again and again; what the job works on is the thread's while it is busy and
 * its owner's otherwise, so that neither needs a lock for it.  (Who has a lock of his own may share it with
 * the job, and call again while that is about to return.)  A job that does not come back is left behind at
 * the end, with what it works on.
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

/* Has it do its job once more: as often as it is called, one after the other.  False where it cannot be called,
 * as if there were none (NULL): then the job is the caller's to do, or left undone.  Does not wait, as long as there
 * are not hundreds of calls that are not done yet. */
bool worker_call(struct worker *worker);

/* Whether a job it was called for is not done yet; a worker that is not there never is. */
bool worker_busy(struct worker *worker);

/* To be polled for input while it is busy: says when that may be over. */
int worker_fd(const struct worker *worker);

/* Waits until it is not busy, or until deadline_ns of loop_now.  Whether it is not. */
bool worker_await(struct worker *worker, uint64_t deadline_ns);

/* The same, and no longer than until a signal asks a second time to end (signals_stop_again); one that is
 * pending is let in, wherever the deadline is. */
bool worker_await_unless_urged(struct worker *worker, uint64_t deadline_ns);

/* There is no more time: what its job waits for it is to give up, and it will not be called again. */
void worker_hurry(struct worker *worker);

/* For the job, to be polled for input: can be read once it is to hurry.  (A call that comes before the job has
 * returned can be read there as well: whoever has the job look there calls only when it does not.) */
int worker_hurry_fd(const struct worker *worker);

/* Ends the thread when its job is done, and frees it.  False where it is still busy at deadline_ns, whatever
 * signals come until then: it is left behind, and what it works on must stay as it is.  NULL is fine. */
bool worker_close(struct worker *worker, uint64_t deadline_ns);

#endif
