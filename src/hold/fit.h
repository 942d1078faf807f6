/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fit: whether what is in the queue fits its limits, and making it fit by the oldest or the newest.
 *
 * What arrives is ready, and admitted once it is known to stay.  Does not decide which of these is asked for: that
 * is policy.h's.
 */
#ifndef WEIR_FIT_H
#define WEIR_FIT_H

#include "hold/loss.h"
#include "hold/queue.h"

#include <stdbool.h>
#include <stdint.h>

/* Whether all that is ready fits the limits; where nothing is it does, whatever is taken up elsewhere. */
bool fit_all(const struct queue *q);

/* Whether it is no more than a part of the buffer that is filled, 1 in so many, in bytes and in records. */
bool fit_is_within(const struct queue *q, unsigned part);

/* All that is ready is admitted, or all up to a mark. */
void fit_admit(struct queue *q);
void fit_admit_to(struct queue *q, struct queue_mark mark);

/* Where there is less room than those that are admitted take up, since the limits are others, or what is in transit is
 * longer than the room: the oldest that fit are, and the others arrive anew. */
void fit_take_back(struct queue *q);

/* What those that are admitted, which fit, leave of the room. */
struct tally fit_room(const struct queue *q);

/* Makes what is ready fit.
 * evict:  whole records leave from the head, as few as let the newer ones fit; one that could not fit
 *         even so is dropped instead, for the reason `misfit`.
 * refuse: of the records not yet admitted those that fit are let in, in order, the others dropped.
 * Both admit what remains. */
void fit_evict(struct queue *q, struct loss *loss, enum reason evicted, enum reason misfit);
void fit_refuse(struct queue *q, struct loss *loss, enum reason refused);

/* The oldest records that wait are dropped, `count` of them (there are as many); what is behind them stays where it
 * is.  Admits nothing. */
void fit_drop_oldest(struct queue *q, struct loss *loss, enum reason reason, uint64_t count);

#endif
