/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sweep: asks of one record in the queue after the other what becomes of it.
 *
 * Does not know why one goes or stays: that is the judge's.  Bytes, numbers, marks, stamps and the losses are right
 * behind it, whatever has gone.  Nothing here can fail.
 */
#ifndef WEIR_SWEEP_H
#define WEIR_SWEEP_H

#include "hold/loss.h"
#include "hold/queue.h"

#include <stdbool.h>

enum sweep_verdict {
	SWEEP_KEEP,
	SWEEP_DROP,
	SWEEP_STOP, /* it stays, and so do all behind it, unseen */
};

/* Of a record that is dropped: why, and its class if that is known, else LOSS_ANY_CLASS. */
struct sweep_fate {
	enum reason reason;
	unsigned class;
};

struct sweep {
	enum sweep_verdict (*judge)(void *state, const struct queue_record *record, struct sweep_fate *fate);
	void *state;
	bool blind; /* only lengths matter: the records have no text */
};

/* Asks of each ready record from one mark to another what becomes of it, in order, and closes the gaps.  judge tells
 * the fate of a record that it drops.  Moves those that stay up to each
 * other, up to where it stops; behind that at most what is in one segment.  Returns the mark where it stopped.
 * Admits nothing. */
struct queue_mark sweep_drop(struct queue *q, struct loss *loss, struct queue_mark from, struct queue_mark to,
    const struct sweep *sweep);

/* The same for a judge that drops nothing, at less cost. */
struct queue_mark sweep_look(struct queue *q, struct queue_mark from, struct queue_mark to, const struct sweep *sweep);

#endif
