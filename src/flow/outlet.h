/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outlet: the gates out.  What may leave the queue now, in which writes, and the rate.
 *
 * A stream (plain block, or bytes) leaves as it comes.  Everything else leaves in whole records: a
 * write to a pipe is whole records of at most PIPE_BUF bytes together, or part of one longer
 * record, so that not even SIGKILL leaves a torn record of up to PIPE_BUF bytes (pipe(7): such
 * writes are atomic).  Once the first byte of a record is out, its rest follows before anything
 * else.
 *
 * With a rate for each key a record that has to wait holds up those behind it, whatever their key: order is
 * kept.  Up to there those that may leave go out in one write, each charged to its own key.  Marks are not
 * charged.
 *
 * Where records are missing, a mark leaves before the record behind the gap; or, when none comes,
 * once the gap is a second old.  A mark is a record like any other to the rate, but no part of the
 * law.
 */
#ifndef WEIR_OUTLET_H
#define WEIR_OUTLET_H

#include "base/ledger.h"
#include "base/units.h"
#include "hold/mark.h"
#include "hold/queue.h"
#include "os/io.h"
#include "pick/bucket.h"
#include "pick/buckets.h"
#include "pick/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a drain ended. */
enum outlet_state {
	OUTLET_EMPTY,   /* nothing is left that may leave */
	OUTLET_MORE,    /* there is more, and no obstacle: it is another's turn */
	OUTLET_REFUSED, /* the output takes no more now */
	OUTLET_RATE,    /* the rate holds the next record back until due_ns */
	OUTLET_GONE,    /* the reader has gone */
	OUTLET_ERROR,   /* errno is in error */
};

/* Records of one write, where there is a rate for each key. */
#define OUTLET_RUN_MOST 256

struct outlet_run {
	uint64_t hash; /* of the key */
	size_t length;
};

struct outlet {
	struct io_port port;
	bool stream;       /* any byte may leave */
	size_t parts_from; /* an incomplete record leaves in parts when this much is held; SIZE_MAX: never */
	bool rated;
	bool by_bytes;
	struct bucket bucket;
	struct buckets *by_key;     /* one for each key, not owned; NULL: the one above for all */
	const struct key_rule *key; /* not owned */
	uint64_t salt;              /* of their hashes: see key_salt */
	uint64_t hash;              /* of the key of the head: of queue->heads, when it was this long */
	uint64_t hashed_head;
	size_t hashed_length;       /* 0: of none yet */
	struct bucket *charged;     /* that of the record at the head */
	struct outlet_run run[OUTLET_RUN_MOST]; /* what is offered, and charged already */
	unsigned run_length;
	size_t paid;       /* bytes of a part-sent record that the rate has been charged for already */
	uint64_t due_ns;   /* when the rate lets the next record leave; 0: it is not waited for */
	int error;
	struct marks *marks; /* not owned; NULL where gaps are not marked */
	bool input_over;     /* no record comes behind a gap any more */
};

/* rate: NULL for none; burst 0 for the default.  The port must be open already. */
void outlet_init(struct outlet *outlet, bool stream, size_t parts_from, const struct rate *rate,
    uint64_t burst, uint64_t now_ns);

/* When a gap that no record has come behind is to be marked; UINT64_MAX for never. */
uint64_t outlet_mark_due_ns(const struct outlet *outlet, const struct queue *queue);

/* Whether part of a mark is out and part is not. */
bool outlet_mark_begun(const struct outlet *outlet);

/* Writes until an obstacle, or until at least budget bytes have gone and what is left fits. */
enum outlet_state outlet_drain(struct outlet *outlet, struct queue *queue, struct ledger *ledger,
    uint64_t now_ns, size_t budget);

#endif
