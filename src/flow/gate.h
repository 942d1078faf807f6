/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gate: which records may come in.  By their number, where nothing of them has to be seen (--sample by count or by
 * chance); by what they say (--collapse, --keep, --sample-by=key and each-key, --drop-over); and up to which length.
 *
 * Does not know where records begin and end, nor what becomes of their bytes: that is the intake's, which says which
 * record it is asking about, once for each, and does what it is told.  Whether there is room is not asked here: that is
 * the policy's, once the output has refused.
 *
 *      not sampled:   gate_next is 0, all come in by their number
 *      counts:        gate_next are left out unseen, then one comes in by its number; and again
 *      judges:        what is not left out by its number is asked about by gate_admits
 *
 * Repeats (--collapse) are left out first: they are none of the sample, and use up nothing.  What --keep matches is not
 * sampled out and does not come too fast: it uses up what --drop-over has there, and no more.
 */
#ifndef WEIR_GATE_H
#define WEIR_GATE_H

#include "base/ledger.h"
#include "hold/queue.h"
#include "pick/bucket.h"
#include "pick/buckets.h"
#include "pick/budget.h"
#include "pick/keep.h"
#include "pick/key.h"
#include "pick/recent.h"
#include "pick/repeats.h"
#include "pick/sample.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What records have to pass. */
struct gate_rules {
	struct repeats *repeats;   /* what was let in; NULL: repeats may come in; not owned */
	uint64_t repeats_ns;       /* for so long */
	bool sampling;
	bool weighing;             /* what comes in has a weight: sample_weigh, budget_weigh were called */
	struct sample sample;      /* as it begins */
	bool policing;             /* --drop-over */
	bool police_bytes;         /* by bytes, otherwise by records */
	struct bucket police;      /* as it begins */
	struct buckets *police_by; /* one for each key, or NULL; not owned */
	struct budget budget;      /* of a sample by that, as it begins */
	struct recent *sample_by;  /* a struct sample_key, or budget_key, for each key where the sample goes by those, or
	                            * NULL; not owned */
	const struct keep *keep;   /* what matches passes; NULL, or not owned */
	const struct key_rule *key; /* NULL, or not owned */
	uint64_t seed;             /* of the keys' sample */
	uint64_t salt;             /* of the keys' buckets and places: see key_salt */
	uint64_t max_record;       /* longest record to let in, in bytes; UINT64_MAX for any */
	bool ends_run;             /* a record that is too long is the last that is taken */
	uint64_t judge_at;         /* a record of which so many bytes are here is judged by those; UINT64_MAX: never */
};

struct gate {
	struct gate_rules rules;
	bool counts;  /* records are left out unseen, by their number: one at a time comes in */
	bool judges;  /* what is not left out so has to be seen, */
	bool looks;   /* and its text, not only its length */
	bool draws;   /* whether it is in the sample is known only then, */
	uint64_t gap; /* which leaves out so many before the next */
	uint64_t since_ns; /* where repeats are left out: the last record was let in then, */
	uint64_t until_ns; /* and the one that was left out last would have been so until then */
	uint64_t weight; /* of what came in last, where it is asked one by one */
};

/* What of the rules may change. */
struct gate_tuning {
	uint64_t repeats_ns;
	struct share sample; /* where there is one, */
	struct rate budget;  /* or where it is by that */
	struct rate police;  /* where there is one; its unit stays */
	uint64_t police_burst;
	uint64_t judge_at;
};

void gate_init(struct gate *gate, const struct gate_rules *rules);

/* From now on this is in the rules, as of now; tokens of the police stay.  Returns whether the sample begins anew, as
 * its share is another one: what gate_next has said is then void.  It is asked again at once, or behind a record that
 * has been begun; that record is not of the new sample. */
bool gate_retune(struct gate *gate, const struct gate_tuning *tuning, uint64_t now_ns);

/* From now on these are the rules, which may be for other gates than before: what both have goes on, with the figures that the
 * tuning has, and what is new begins.  keep, key, seed, salt and how a sample is drawn stay.  Returns as gate_retune does. */
bool gate_reform(struct gate *gate, const struct gate_rules *rules, const struct gate_tuning *tuning, uint64_t now_ns);

/* At the beginning, and behind each record that was not left out by its number, whatever became of it: how many to
 * leave out unseen before the next. */
uint64_t gate_next(struct gate *gate);

/* Whether a record may come in; *reason says why not.  By as much of it as is here, in one piece: `text` is looked at
 * where the gate looks, else it may be anything.  Unless all of it is here (`whole`) it is equal to no other. */
bool gate_admits(struct gate *gate, const struct queue_record *record, bool whole, uint64_t now_ns, enum reason *reason);

/* Of one that was left out as repeated: when the last record was let in before; until when it would have been left out. */
uint64_t gate_since_ns(const struct gate *gate);
uint64_t gate_until_ns(const struct gate *gate);

/* How many the record stands for that has been let in just now: by its number, or by gate_admits. */
uint64_t gate_weight(const struct gate *gate);

#endif
