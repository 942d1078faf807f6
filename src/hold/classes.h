/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * classes: how precious a record is (keep.h), and which give way to which.
 *
 * The least precious class gives way first, in it the oldest first.  Behind what a class has given is its mark: in
 * front of it there is nothing of that class or a lesser one, and nothing is looked at there again.  So a record is
 * matched at most once for each class that it outlives, and once more to be counted.  Nothing but these marks is kept.
 *
 * Without patterns there is one class, and no record is looked at.  Nothing here can fail.
 */
#ifndef WEIR_CLASSES_H
#define WEIR_CLASSES_H

#include "hold/excess.h"
#include "hold/loss.h"
#include "hold/queue.h"
#include "pick/keep.h"

#include <stdbool.h>
#include <stdint.h>

/* Of a class: its records that were let in, counted from its mark on to a second one. */
struct classes_known {
	size_t span; /* bytes between both: where those are fewer now, so may the records be */
	struct tally tally;
};

struct classes {
	const struct keep *keep; /* NULL: all records are equal; not owned */
	struct classes_known known[KEEP_MOST];
};

/* Marks that the queue has to keep for it. */
unsigned classes_marks(const struct classes *classes);

/* The most precious one; and that of a record that has a text, unless there is but one. */
unsigned classes_top(const struct classes *classes);
unsigned classes_of(const struct classes *classes, const struct queue_record *record);

/* Records of classes below `below` give way, until that is gone which is in *excess; of those that are admitted, or of
 * all.  What matches nothing gives all that is to go, the others only where they must. */
void classes_give_way(struct classes *classes, struct queue *queue, struct loss *loss, enum reason reason,
    unsigned below, bool admitted, struct excess *excess);

/* Whether those that are admitted, of classes below `below` (below <= top), have so much.
 * may: as far as is known without a look, beside what is let in by now: false is sure.
 * can: for sure, by a look at what is not known. */
bool classes_may_give(const struct classes *classes, struct queue *queue, unsigned below,
    const struct tally *let_in, const struct tally *need);
bool classes_can_give(struct classes *classes, struct queue *queue, unsigned below, const struct tally *need);

/* That is what those of a class have that are admitted. */
void classes_know(struct classes *classes, struct queue *queue, unsigned class, const struct tally *own);

/* Some of those that were admitted are not any more: what was counted of them is not known. */
void classes_take_back(struct classes *classes, struct queue *queue);

/* Of all that wait, just come or not: in front of this there is none of that class or a lesser one; how much the
 * class has; and whether it has so much, where there are none of lesser ones (the most precious has all). */
struct queue_mark classes_from(const struct classes *classes, struct queue *queue, unsigned class);
struct tally classes_all(const struct classes *classes, struct queue *queue, unsigned class);
bool classes_has(struct classes *classes, struct queue *queue, unsigned class, const struct tally *need);

/* Of a class that has what is needed, where there are none of lesser ones: the mark of its first record (of the most
 * precious one: of the oldest); whether from there on more precious ones come to what is needed before it does (the
 * most precious: false); and: in front of this it has none any more. */
struct queue_mark classes_first(struct classes *classes, struct queue *queue, unsigned class);
bool classes_is_sparse(const struct classes *classes, struct queue *queue, unsigned class, const struct tally *need);
void classes_has_none(const struct classes *classes, struct queue *queue, unsigned class, struct queue_mark before);

/* Drops what has arrived and cannot fit beside what is in front of it and more precious, for the reason newest.  Looks
 * at what has arrived, and at others as far as it takes to know that there is enough which may give way. */
void classes_drop_misfits(struct classes *classes, struct queue *queue, struct loss *loss);

/* Where all fits, but the buffer is more than half full: moves the marks on, over what is more precious, by twice
 * what has come since; so that not all of it has to be looked at once there is no room. */
void classes_look_ahead(struct classes *classes, struct queue *queue);

#endif
