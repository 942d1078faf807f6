/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spooling: what comes in goes onto disk, and from there, or at once, into the buffer.
 *
 *      input -> intake -> arrivals -> spool -> queue -> outlet
 *                              \________________^      as long as there is room, and nothing waits on disk only
 *
 * So the buffer is what is on its way out, and never the only copy; what gives way gives way in the spool.  Records in
 * the spool have numbers as those in the queue do, before which they are: arrivals go on counting behind them.
 *
 * Part of the pump, for pump.c and those beside it alone.
 */
#ifndef WEIR_SPOOLING_H
#define WEIR_SPOOLING_H

#include "hold/loss.h"
#include "hold/queue.h"
#include "hold/serials.h"
#include "hold/weights.h"
#include "spool/spool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pump;

struct spooling {
	struct spool *spool;    /* not owned; NULL: there is none, and nothing below is used */
	struct queue arrivals;  /* what has been read, and is not in the spool */
	struct serials coming;  /* of these */
	struct weights weights; /* the same, where plan.weight is */
	struct loss arriving;   /* what of them is dropped; and of what is on disk only */
	struct iovec *piece;    /* malloc'd */
	size_t pieces;
	unsigned char *lengths; /* malloc'd where ends are noted: of the records of a block */
	struct spool_next next; /* read back, */
	bool has_next;          /* and not in the buffer yet */
	uint64_t fed;           /* the serial behind the last record that came into the queue */
	bool full;              /* in this pass something had no room in the spool */
	bool stuck;             /* it still waits in arrivals: for room, or whatever the policy for as long as a sync takes */
	uint64_t expires_ns;    /* when something is too old; UINT64_MAX: nothing will be */
	bool whole;             /* the output takes a write of whole records, or nothing of it */
	bool ended;             /* no more comes: the last record may lack its delimiter */
};

/* 0, or -1 with errno. */
int spooling_init(struct pump *pump);
void spooling_free(struct pump *pump);

/* Who watches what is dropped is known. */
void spooling_observe(struct pump *pump);

/* Where what is read goes, and what of it is dropped: these, or the queue's. */
struct queue *spooling_arrivals(struct pump *pump);
struct loss *spooling_loss(struct pump *pump);

/* The run is over: what has come is put, what has left is settled, and what has given way is saved as far as it is read back in
 * time. */
void spooling_end(struct pump *pump, uint64_t now_ns);

/* What has come is put, and what there is room for taken up. */
void spooling_pass(struct pump *pump, uint64_t now_ns);

/* What has left, or been dropped, in this pass is settled; the end of it. */
void spooling_step(struct pump *pump, uint64_t now_ns);

/* Records that wait for their place in the spool, or on disk: held, and not in the queue. */
struct tally spooling_held(const struct pump *pump);

/* Of all that is held that which a later run will find; how much of the disk is used up, and how many records that is. */
struct tally spooling_kept(const struct pump *pump, struct tally held);
struct tally spooling_depth(const struct pump *pump);

/* Whether more of what is on disk can be had at once. */
bool spooling_is_ready(const struct pump *pump);

/* Whether more may be read; whether nothing is left of it but what is in the queue. */
bool spooling_wants(const struct pump *pump);
bool spooling_is_empty(const struct pump *pump);

/* When the oldest of what is in memory, and waits, becomes too old; UINT64_MAX for never, and without a spool it is not
 * asked. */
uint64_t spooling_due_ns(const struct pump *pump);

/* Whether what waits may leave. */
bool spooling_lets(const struct pump *pump);

#endif
