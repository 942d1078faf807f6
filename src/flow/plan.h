/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan: what is fixed for a run, from the options and from what the two ports can do; and the tuning, which is what
 * may change while it goes on.
 *
 * Pure functions: they ask the system for nothing, take no memory, and read no clock; two plans of the same
 * options are equal.  Chance and salt that the system has to give are only asked for here, by `seeded` and
 * `salted`: the pump fetches them.  Does not judge the options, which are valid.  Cannot fail.
 */
#ifndef WEIR_PLAN_H
#define WEIR_PLAN_H

#include "cli/options.h"
#include "hold/pressure.h"
#include "hold/queue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One read, at most.  Larger ones fall out of the second-level cache before they are written again. */
#define PLAN_READ_MOST ((size_t)256 << 10)

/* What the ports can do, both taken together. */
struct plan_ports {
	bool messages;   /* the output takes each write as a message */
	bool can_splice; /* bytes may go from the one to the other without a copy */
};

struct plan {
	enum policy policy;
	bool drops;              /* what does not fit, or ends the run, rather than pause the input */
	struct framing framing;
	const struct keep *keep;    /* NULL for none; the options' */
	const struct key_rule *key; /* the same */
	/* modes */
	bool stream;             /* any byte may leave, and be read while a record is incomplete */
	bool splicing;           /* bytes may go from pipe to pipe while nothing is held, */
	bool looking;            /* and have to be looked at first */
	bool patient;            /* a reader that takes what there is is waited for, before more is read */
	/* what is held */
	struct queue_limits limits;
	bool parts;              /* an incomplete record leaves in parts when the high watermark is reached */
	bool spooled;            /* and is on disk, too, */
	bool passing;            /* but for what leaves in the pass that it came in */
	/* who reads */
	bool flying;             /* what leaves is in flight until it is confirmed, */
	struct tally window;     /* so much at most at a time; */
	bool batching;           /* and leaves in batches, */
	struct tally batch;      /* of so much at most, */
	bool listed;             /* whose records are told apart when they come back */
	uint64_t linger_ns;      /* or when its oldest record has waited so long */
	bool crediting;          /* no more leaves than the reader has granted */
	bool numbered;           /* serials are asked for, */
	const char *weight;      /* of how many each stands for; NULL for none; the options' */
	const char *number;      /* and stand in front of each record, made from this; NULL for none; the options' */
	bool marks_answered;     /* a mark is confirmed like a record */
	/* gates */
	bool sampling;           /* --sample, */
	enum sample_by sample_by;
	bool sampling_each;      /* something is kept of each key */
	bool policing;           /* --drop-over */
	bool collapsing;         /* --collapse */
	bool rated;              /* --rate */
	bool by_key;             /* a bucket for each key, of both */
	uint64_t max_record;     /* longest record that comes in; UINT64_MAX for any */
	bool ends_run;           /* a record that does not come in, as it is too long, is the last that is taken */
	/* what gives way */
	bool shedding;           /* under pressure only a share comes in */
	bool controlled;         /* by how long records wait: CoDel */
	/* chance */
	bool seeded;             /* by `seed`; where not, the system is to be asked */
	uint64_t seed;
	bool salted;             /* hashes of keys decide where something is looked up: the system is asked for a salt */
};

/* Of a run with a spool, where the queue has these: of what has been read and is not in the spool. */
struct queue_limits plan_arriving(const struct queue_limits *limits);

struct plan plan_of(const struct options *options, struct plan_ports ports);

/* What the pump can change between two passes without losing a record: values.  Whether there is a rate, a police,
 * a sample or something that repeats at all is the plan's, as is what is read, held, or left to chance. */
struct tuning {
	struct rate rate;         /* where rated; its unit stays */
	uint64_t burst;           /* tokens, 1 to 2^50 */
	uint64_t settle_ns;       /* 0 for none, and where bytes go from pipe to pipe */
	struct rate police;       /* where policing; its unit stays */
	uint64_t police_burst;
	struct watermarks marks;  /* up to the buffer's size */
	struct share sample;      /* where sampling: 1 of 1, too; where not always */
	struct rate budget;       /* where the sample is by that */
	uint64_t collapse_ns;     /* where collapsing */
	uint64_t max_age_ns;      /* 0 for any age, and in a stream always */
	uint64_t codel_target_ns; /* as codel_init has them */
	uint64_t codel_interval_ns;
	struct share shed;        /* where shedding */
};

/* What a run begins with. */
struct tuning tuning_of(const struct options *options);

/* Whether a run with this plan can go on with `next` instead of `now`: no other unit, no sample where there is none, no
 * age in a stream.  That the values are in their ranges is not asked: they come from options that are valid. */
bool plan_allows(const struct plan *plan, const struct tuning *now, const struct tuning *next);

/* An incomplete record leaves in parts when this much is held; SIZE_MAX: never. */
size_t plan_parts_from(const struct plan *plan, const struct tuning *tuning);

/* A record of which so much is here is judged by that much; UINT64_MAX for never. */
uint64_t plan_judge_at(const struct plan *plan, const struct tuning *tuning);

#endif
