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
 * By counting, not by lot: of a key, or of all, each one is let in with which N has come up.  What is saved is spent by the
 * share of each that comes, in or not: so shares follow from what comes alone.
 *
 * Where records are weighed each has the weight of its share.  Then counting begins anywhere, shares are such as make weights
 * of two digits (weight_near), and none is 0: where more was spent than there is a little goes on.  On average the weights of
 * what is let in are as many as came.
 *
 * It keeps nothing of a record, and does not hash a key.  Figures are floating point: they are a guess at what comes next, and no account.  Cannot fail.
 */
#ifndef WEIR_BUDGET_H
#define WEIR_BUDGET_H

#include "base/units.h"
#include "pick/weight.h"

#include <stdbool.h>
#include <stdint.h>

/* What is saved at most, in seconds. */
#define BUDGET_SAVED_S 2

struct budget {
	double a_second;  /* so many records may be let in */
	double saved;     /* less than 0: more was spent */
	double load;      /* records of the last second, the older the less; */
	double just;      /* of the last tenth of one, of what is not by keys */
	double light;     /* of them, those of keys that have no more than a share, */
	double heavy;     /* and how many keys have more */
	double share;     /* of a key, in the last second */
	double owed;      /* of one record: at 1 it is let in */
	bool weighed;
	uint64_t weight;  /* of one that is let in; by keys, of the last of a key */
	uint64_t then_ns; /* when these were right */
};

/* What is kept of a key. */
struct budget_key {
	double load;
	double owed;
	uint64_t weight;
	uint64_t then_ns;
};

/* rate counts records. */
void budget_init(struct budget *budget, const struct rate *rate, uint64_t now_ns);

/* From now on it is another one; what is saved stays, as far as that is still saved. */
void budget_retune(struct budget *budget, const struct rate *rate);

/* From the beginning on what is let in has its weight; lot has counting begin anywhere. */
void budget_weigh(struct budget *budget, uint64_t lot);

/* How many the record stands for that was let in just now. */
uint64_t budget_weight(const struct budget *budget);

/* A new key, all zero before; a lot, or its hash, has it begin somewhere within its N, so that not all of them are let in at
 * once. */
void budget_key_init(struct budget_key *key, uint64_t lot, uint64_t now_ns);

/* Whether the next record, which comes now (never earlier than the one before), is let in; the same of a key's. */
bool budget_has(struct budget *budget, uint64_t now_ns);
bool budget_has_of_key(struct budget *budget, struct budget_key *key, uint64_t now_ns);

/* One was let in that was not asked about: it uses up what is there, and no more. */
void budget_charge(struct budget *budget);

#endif
