/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lesser: of what is noted for latest, what --keep does not match: how much there is, and that it gives way.
 *
 * Batches know how much of them is kept.  So one that has nothing else is passed by, and what is left of the least class here and there
 * is not looked for in all that is kept.  Nothing here can fail.
 */
#ifndef WEIR_LESSER_H
#define WEIR_LESSER_H

#include "hold/excess.h"
#include "hold/history.h"
#include "hold/loss.h"
#include "hold/queue.h"

/* What is not kept of those that are noted.  Looks at what is left of the batch that is leaving. */
struct tally lesser_sum(struct history *history, struct queue *queue);

/* It gives way, the oldest first, until that is gone which is in *excess, or there is none.  All that wait are noted. */
void lesser_give_way(struct history *history, struct queue *queue, struct loss *loss, struct excess *excess);

#endif
