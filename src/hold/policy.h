/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy: the verdict when there is no room.
 *
 * Asked once a pass, after the output has refused, about the records that are ready and do not all fit.
 * Pure: it works on the queue and the loss, and does no I/O.  To add a policy: a value, a row in the
 * table, a case in policy_settle() (the compiler asks for it), its reasons in ledger.h; where it has to
 * look at the records, a room of its own, as lot.h is.
 */
#ifndef WEIR_POLICY_H
#define WEIR_POLICY_H

#include "hold/loss.h"
#include "hold/queue.h"
#include "hold/shed.h"

#include <stdbool.h>

enum policy {
	POLICY_BLOCK,       /* nothing gives way: weir stops reading until there is room */
	POLICY_DROP_OLDEST, /* whole records leave from the head, as few as let the new one fit */
	POLICY_DROP_NEWEST, /* the arriving record is refused; a later one that fits is let in */
	POLICY_DROP_RANDOM, /* records that are held, drawn by lot, give way */
	POLICY_LATEST,      /* those that a newer one with the same key supersedes, then the oldest */
	POLICY_FAIR,        /* of the key that holds most of the buffer */
	POLICY_SHED,        /* under pressure 1 in N comes in, then as drop-newest */
	POLICY_CODEL,       /* by the time that records wait (age.h), then as drop-oldest */
	POLICY_FAIL,        /* the first record that does not fit ends the run */
};
#define POLICIES 9

/* The name on the command line and in reports: "drop-oldest". */
const char *policy_name(enum policy policy);

/* The policy of that name into *policy; false where there is none. */
bool policy_find(const char *name, enum policy *policy);

/* Whether it drops records, or ends the run, rather than make the producer wait. */
bool policy_drops(enum policy policy);

/* Whether something begins at the high watermark and ends at the low one. */
bool policy_has_marks(enum policy policy);

/* Whether it goes round in the buffer, and needs a mark of the queue, behind the shed's, for where it is. */
bool policy_goes_round(enum policy policy);

/* Between two verdicts: from now on it is another policy; not latest, which has to know from the start what waits.  chance: of
 * drop-random. */
void policy_change(enum policy from, enum policy to, struct shed *shed, struct queue *queue, struct chance chance);

/* How much may be read at once, of `most`: no more beyond what there is room for than a verdict can settle by a look that is not too
 * long (portion.h). */
size_t policy_portion(enum policy policy, const struct shed *shed, const struct queue *queue, size_t most);

/* Makes the ready records of the queue fit; what has to go is a loss.  False when the run is to end. */
bool policy_settle(enum policy policy, struct shed *shed, struct queue *queue, struct loss *loss);

#endif
