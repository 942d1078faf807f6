/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * latest: the policy of that name.
 *
 * Of the records of the least class all give way that have a newer one with the same key behind them; where that was not
 * enough, the oldest by class.  What cannot fit beside more precious ones is dropped itself, and nothing gives way for
 * it (classes.h).
 *
 * Nothing is kept while there is room.  Keys are known by hashes in a table that may lack memory: then the oldest go.
 */
#ifndef WEIR_LATEST_H
#define WEIR_LATEST_H

#include "hold/classes.h"
#include "hold/loss.h"
#include "hold/queue.h"
#include "pick/key.h"

#include <stdint.h>

struct latest_seen;

struct latest {
	const struct key_rule *key; /* not owned */
	uint64_t salt;              /* of their hashes: see key_salt */
	struct latest_seen *seen;   /* keys, while there is pressure; malloc'd, or NULL */
};

/* Makes what is ready fit, and admits what is left. */
void latest_settle(struct latest *latest, struct classes *classes, struct queue *queue, struct loss *loss);

/* There is no pressure any more: gives back the memory of the table. */
void latest_relax(struct latest *latest);

#endif
