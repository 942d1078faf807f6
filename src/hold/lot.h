/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lot: the policy drop-random.
 *
 * Records that are held, and those that arrive, give way by lot, the least precious class first.  What cannot fit
 * beside more precious ones is dropped itself, and nothing gives way for it (classes.h).
 */
#ifndef WEIR_LOT_H
#define WEIR_LOT_H

#include "base/chance.h"
#include "hold/classes.h"
#include "hold/loss.h"
#include "hold/queue.h"

/* Makes what is ready fit, and admits what is left.  By class, in it one after the other is drawn, each time all that
 * are left with the same probability, whatever their length: so many as on average make the room and a quarter
 * besides; and where that was not enough, until there is room. */
void lot_settle(struct chance *chance, struct classes *classes, struct queue *queue, struct loss *loss);

#endif
