/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * history: which of the records that wait are superseded: a newer one with the same key waits behind them.
 *
 *      oldest | batch | batch | ...          ... | batch being filled |    not noted yet    | newest
 *               5/640   0/640                        2/120                so many are superseded, of so many
 *
 * Records are noted once, in order.  Batches are runs of neighbours, and of each is known how many of its records
 * are superseded.  So those need not be looked for where there are none, and few: a batch is swept only where that
 * is worth it (BATCHES_SPARSE).  Then a record looked at has either just come, or is one of a few for each that
 * goes; whatever the size of the buffer.
 *
 * What leaves as the oldest is not looked at.  The batch that it leaves is broken by that, unless all of it leaves:
 * which of its records are superseded is not known any more.  It is never swept; its records are the next to leave
 * anyway.
 *
 * What matches --keep supersedes, and is never superseded.  Where some give way by class, those of the least one
 * do so in their order: what is dropped from inside a batch is the oldest of its key among them.
 *
 * Does not decide when something has to go: that is latest.h's.  Keys are known by hashes in a table (newest.h).
 * Where memory lacks nothing is noted any more, and whoever asks next is told so.
 */
#ifndef WEIR_HISTORY_H
#define WEIR_HISTORY_H

#include "hold/batches.h"
#include "hold/loss.h"
#include "hold/queue.h"
#include "hold/watch.h"
#include "pick/keep.h"
#include "pick/key.h"
#include "pick/newest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many records are read on while their entries, all at a time, are fetched. */
#define HISTORY_AHEAD 16

/* A record whose entry in the table is on its way to the processor. */
struct history_look {
	uint64_t hash;
	uint32_t length;
	uint32_t batch; /* its number */
	bool kept;
};

/* A batch, and how many bytes there are before it. */
struct history_cut {
	size_t index, offset;
};

struct history {
	struct watch watch;
	const struct key_rule *key; /* not owned */
	const struct keep *keep;    /* not owned; NULL: all are of one class */
	uint64_t salt;              /* of the hashes: see key_salt */
	struct newest newest;
	struct batches batches; /* its list is NULL where nothing is noted */
	struct tally noted;     /* that wait */
	struct history_look look[2 * HISTORY_AHEAD];
	unsigned out, fetched, in; /* those to come: from out to in; up to fetched their entries are on the way */
	bool failed;   /* no memory */
	bool recount;  /* some of the batch that is leaving has left: what is kept of it is not known */
	struct history_cut cut; /* where the last one was dropped from the inside, so that the next is not looked for from the front */
	bool sweeping; /* what is dropped was counted off by whoever drops it */
};

/* From now on records are noted; false without memory, and then nothing has begun.  end gives back all memory; it may
 * be called at any time. */
bool history_begin(struct history *history, const struct queue *queue);
void history_end(struct history *history);
bool history_is_on(const struct history *history);

/* Notes the next of the records that wait, until they have `most` bytes or are all.  False without memory: then it has
 * ended. */
bool history_note(struct history *history, struct queue *queue, uint64_t most);

/* Whether all that wait are noted. */
bool history_is_whole(const struct history *history, const struct queue *queue);

/* What is to go: what must; and some besides, as long as no more than so many records are looked at. */
struct history_wanted {
	struct tally need, all;
	uint64_t look;
};

/* Of the oldest batch of which it is worth it, all that are superseded go; and so on, until as many have gone as
 * are wanted, or it is not worth it any more.  All that wait are noted. */
void history_sweep(struct history *history, struct queue *queue, struct loss *loss, struct history_wanted wanted);

/* From now on the queue tells it what goes; records that are not noted do not matter. */
void history_watch(struct history *history, struct queue *queue);

/* Aborts when an invariant does not hold.  For debug builds and unit tests. */
void history_check(const struct history *history);

#endif
