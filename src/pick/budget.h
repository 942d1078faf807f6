/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * budget: a sample of so many records a second, whatever comes: 1 in N, and N follows the load.
 *
 * What may be let in comes in steadily and is saved, up to BUDGET_SAVED_S.  Of what is saved so much is spent that
 * it would be gone in half a second at the load of the last second: so what is let in is on average what comes in, and a load that
 * rises a thousand times, within one read, finds N rising with each record.
 *
 * With keys each has a share of its own: what a key sends at most so much is let in of it, and the rest of what may be let in
 * is for those that send more, as much for each.  So what is rare stays.  How much that is follows from how many keys there are,
 * seen in what came in the last second.
 *
 * By counting, not by lot: of a key, or of all, each one is let in with which N has come up.  It keeps nothing of a record, and does
 * not hash a key.  Figures are floating point: they are a guess at what comes next, and no account.  Cannot fail.
 */
#ifndef WEIR_BUDGET_H
#define WEIR_BUDGET_H

#include "base/units.h"

#include <stdbool.h>
#include <stdint.h>

/* What is saved at most, in seconds. */
#define BUDGET_SAVED_S 2

struct budget {
	double a_second;  /* so many records may be let in */
	double saved;
	double load;      /* records of the last second, the older the less; */
	double just;      /* of the last tenth of one; of what is not by keys */
	double light;     /* of them, those of keys that have no more than a share, */
	double heavy;     /* and how many keys have more */
	double share;     /* of a key, in the last second */
	double owed;      /* of one record: at 1 it is let in */
	uint64_t then_ns; /* when these were right */
};

/* What is kept of a key. */
struct budget_key {
	double load;
	double owed;
	uint64_t then_ns;
};

/* rate counts records. */
void budget_init(struct budget *budget, const struct rate *rate, uint64_t now_ns);

/* From now on it is another one; what is saved stays, as far as that is still saved. */
void budget_retune(struct budget *budget, const struct rate *rate);

/* A new key, all zero before; its hash has it begin somewhere within its N, so that not all of them are let in at once. */
void budget_key_init(struct budget_key *key, uint64_t hash, uint64_t now_ns);

/* Whether the next record, which comes now (never earlier than the one before), is let in; the same of a key's. */
bool budget_has(struct budget *budget, uint64_t now_ns);
bool budget_has_of_key(struct budget *budget, struct budget_key *key, uint64_t now_ns);

/* One was let in that was not asked about: it uses up what is there, and no more. */
void budget_charge(struct budget *budget);

#endif
