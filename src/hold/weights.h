/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weights: how many records each of those stands for that are held.
 *
 * Each that comes in has a number, from 1, which never closes up (serials.h, of what has come in alone): so nothing has to be
 * done here for one that is dropped.  Weights are runs of such numbers: one weight for all that follow costs one run of 16
 * bytes, one that is another for each record as many runs.  What shedding has let in stands for so many times more; these
 * are runs of their own, as it is decided later.
 *
 * What is in flight has the serials of all that came, and so have the runs of what has been handed over.
 *
 * Where there is no memory for a run, records have the weight of those before them, and `failed` says so.
 */
#ifndef WEIR_WEIGHTS_H
#define WEIR_WEIGHTS_H

#include "hold/serials.h"
#include "pick/weight.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Places where some are missing that a walk passes over. */
#define WEIGHTS_GAPS 64

/* From a number on, up to the next run. */
struct weight_run {
	uint64_t from;
	uint64_t weight;
};

/* A ring of them, by rising numbers; what is in front of the first weighs 1. */
struct weight_list {
	struct weight_run *run; /* malloc'd; NULL while there is none */
	size_t size;            /* a power of two, or 0 */
	size_t first, count;
	size_t seen;            /* of the list: where it was looked at last */
};

struct weights {
	struct serials held;     /* which of all that came in those are that are held */
	uint64_t next;           /* the number of the next that comes in, */
	uint64_t judged;         /* and of the first that shedding has not judged: it may leave before it is */
	struct weight_list came; /* as it came in, */
	struct weight_list shed; /* and as it was shed */
	struct weight_list sent; /* by serials */
	bool failed;
};

void weights_init(struct weights *weights);
void weights_free(struct weights *weights);

/* What is dropped of what has come in is told to these, but for what was left out before it came in (loss_weigh). */
struct serials *weights_held(struct weights *weights);

/* The next that comes in, and those behind it, weigh so much; so many have come. */
void weights_come(struct weights *weights, uint64_t weight);
void weights_came(struct weights *weights, uint64_t records);

/* The number of the first of the last `records` that have come. */
uint64_t weights_last(const struct weights *weights, uint64_t records);

/* Shedding has let in the record with this number, which stands for so many times more; unless it did so before, when there was
 * more room.  Or it has left it out; or let in all that have come, each for itself. */
void weights_shed(struct weights *weights, uint64_t number, uint64_t weight);
void weights_shed_out(struct weights *weights, uint64_t number);
void weights_shed_none(struct weights *weights);
bool weights_is_shed(const struct weights *weights, uint64_t number);

/* Along the records that leave next. */
struct weights_walk {
	struct serials_gap gap[WEIGHTS_GAPS];
	unsigned gaps, passed;
	uint64_t number, at, records;
};

/* From the first on: the weight of the next; false, sometimes, behind the first. */
void weights_walk(struct weights *weights, struct weights_walk *walk);
bool weights_walk_on(struct weights *weights, struct weights_walk *walk, uint64_t *weight);

/* So many leave. */
void weights_leave(struct weights *weights, uint64_t records);

/* Those held in front of this one (queue_first) are not any more. */
void weights_leave_before(struct weights *weights, uint64_t first);

/* A record has been handed over, or will be next: the weight of this serial.  In rising order, or again.  Those in front of
 * `oldest` are not in flight any more, nor about to be. */
void weights_send(struct weights *weights, uint64_t serial, uint64_t weight, uint64_t oldest);
uint64_t weights_sent(struct weights *weights, uint64_t serial);

#endif
