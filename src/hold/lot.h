/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lot: the policy drop-random.
 *
 * Records that are held, and those that arrive, give way by lot, the least precious class first.  What cannot fit
 * beside more precious ones is dropped itself, and nothing gives way for it (classes.h).
 *
 * Where no more waits than EXCESS_WHOLE, a set is drawn from all of a class, each set of that many with the same
 * probability.  Where more does, that would take a look at all of it: there the class is looked at in slices, round
 * and round, each verdict going on where the last one has stopped, and of what is looked at each record goes with a
 * probability of 1 in 2.  So in a round each has the same lot, wherever it is and whatever comes or leaves meanwhile;
 * but at one moment only those in the slice can go.  Where there are few of the class among more precious ones, so
 * that more than a slice of those was passed by, all of the class go that come next, until there is room.  And at the
 * front, where more precious ones gather, all of it go as long as there is less of it than of those.
 */
#ifndef WEIR_LOT_H
#define WEIR_LOT_H

#include "base/chance.h"
#include "hold/classes.h"
#include "hold/loss.h"
#include "hold/queue.h"

/* Marks that the queue has to keep for it, behind those of the classes. */
#define LOT_MARKS 1

/* Makes what is ready fit, and admits what is left, by class.
 * A whole: one after the other is drawn, each time all that are left with the same probability, whatever their
 * length: so many as on average make the room and a quarter besides; and where that was not enough, until there is
 * room.
 * Slices: until there is room and a quarter besides, or there is room and a slice more was looked at (excess.h). */
void lot_settle(struct chance *chance, struct classes *classes, struct queue *queue, struct loss *loss);

#endif
