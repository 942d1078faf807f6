/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sample: which records come in, num in den of them.
 *
 * By count, the k-th one kept, from 0, is input record floor(k * den / num): for 1 in N the first
 * of every N.  Exact for any stream length; no product is formed. By random, each record comes in
 * with a probability of num / den (to 2^-60), whatever came before. By key, a key is in or out as a
 * whole: in if its hash is below num / den of the range of hashes.  So weirs that hash alike agree
 * without talking, and a smaller share is part of a larger one.  By each key, as by count among the records of that
 * key alone: the first of every N, so that the first record of each key is in.
 *
 * Where records are weighed (sample_weigh) it begins at a random phase by count: any of the first N is as likely to be the
 * first that is in.  By each key the first stays in, for itself alone, and that phase is of those behind it.
 *
 * Does not find the key of a record, nor hash it, nor keep what it needs of each.  Cannot fail.
 */
#ifndef WEIR_SAMPLE_H
#define WEIR_SAMPLE_H

#include "base/chance.h"
#include "base/units.h"
#include "pick/weight.h"

#include <stdbool.h>
#include <stdint.h>

enum sample_by {
	SAMPLE_BY_COUNT,
	SAMPLE_BY_RANDOM,
	SAMPLE_BY_KEY,
	SAMPLE_BY_EACH_KEY,
	SAMPLE_BY_BUDGET, /* budget.h */
};

/* By count, how far it is: all zero at the begin. */
struct sample_run {
	uint64_t next; /* how many to leave out when asked next, */
	uint64_t rest; /* and (k * den) mod num, of the record kept behind them */
};

/* The same of one key's records; all zero at the begin. */
struct sample_key {
	struct sample_run run;
	uint64_t left; /* to leave out before the next that is kept */
};

struct sample {
	struct share share;
	enum sample_by by;
	uint64_t least;       /* by count: den / num - 1, */
	uint64_t more;        /* and den mod num: no record is to wait for a division */
	struct sample_run run;
	struct chance chance; /* by random, and for phases */
	bool weighed;         /* what is in has a weight */
	uint64_t weight;      /* of what is in by the share */
	uint64_t last;        /* of the 64-bit numbers that are num / den of all: those up to this one */
};

/* chance is copied; NULL unless by random. */
void sample_init(struct sample *sample, const struct share *share, enum sample_by by,
    const struct chance *chance);

/* From the beginning on what is in has its weight; chance, which sample_init was given, is used for that. */
void sample_weigh(struct sample *sample);

/* A lot for what else begins anywhere. */
uint64_t sample_lot(struct sample *sample);

/* How many a record that is in stands for; by each key the first of a key, otherwise it does not matter. */
uint64_t sample_weight(const struct sample *sample, bool is_new);

/* Begins anew, with this share; chance goes on. */
void sample_retune(struct sample *sample, const struct share *share);

/* Whether that is its share; and how it goes. */
bool sample_has_share(const struct sample *sample, const struct share *share);
enum sample_by sample_way(const struct sample *sample);

/* How many records to leave out before the next that is kept, also before the first; by key and by each key none. */
uint64_t sample_gap(struct sample *sample);

/* By key: whether the key with this hash is in. */
bool sample_has(const struct sample *sample, uint64_t hash);

/* By each key: whether the next record of the key that *key is of is in; is_new: it is the first. */
bool sample_has_next(struct sample *sample, struct sample_key *key, bool is_new);

#endif
