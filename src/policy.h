/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy: the verdict when there is no room.
 *
 * Asked once a pass, after the output has refused, about the records that are ready and do not all fit.
 * Pure: it works on the queue and the loss, and does no I/O.  To add a policy: a value, a row in the
 * table, a case in policy_settle() (the compiler asks for it), its reasons in ledger.h.
 */
#ifndef WEIR_POLICY_H
#define WEIR_POLICY_H

#include "loss.h"
#include "queue.h"

#include <stdbool.h>

enum policy {
	POLICY_BLOCK,       /* nothing gives way: weir stops reading until there is room */
	POLICY_DROP_OLDEST, /* whole records leave from the head, as few as let the new one fit */
	POLICY_DROP_NEWEST, /* the arriving record is refused; a later one that fits is let in */
};
#define POLICIES 3

/* The name on the command line and in reports: "drop-oldest". */
const char *policy_name(enum policy policy);

/* The policy of that name into *policy; false where there is none. */
bool policy_find(const char *name, enum policy *policy);

/* Whether it drops records, rather than make the producer wait. */
bool policy_drops(enum policy policy);

/* Makes the ready records of the queue fit; what has to go is a loss. */
void policy_settle(enum policy policy, struct queue *queue, struct loss *loss);

#endif
