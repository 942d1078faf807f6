/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * intake: the gates in.  What has just been read becomes records of the queue, or is left out.
 *
 * Frames the stream, draws the sample, and refuses records that come too fast or are too long to be
 * held. What is left out by its number is dropped as it comes and never held, however long it is.
 * What is left out by what it says (--keep, --sample-by=key, --drop-over) is assembled first, and
 * judged when its end has been read, or as much of it as will be held at once.  Whether there is
 * room is not asked here: that is the policy's, once the output has refused.
 */
#ifndef WEIR_INTAKE_H
#define WEIR_INTAKE_H

#include "base/ledger.h"
#include "base/record.h"
#include "hold/loss.h"
#include "hold/queue.h"
#include "pick/bucket.h"
#include "pick/buckets.h"
#include "pick/keep.h"
#include "pick/key.h"
#include "pick/sample.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What records have to pass. */
struct intake_gates {
	bool sampling;
	struct sample sample;
	bool policing;             /* --drop-over */
	bool police_bytes;         /* by bytes, otherwise by records */
	struct bucket police;
	struct buckets *police_by; /* one for each key, or NULL; not owned */
	const struct keep *keep;   /* what matches passes all of these; NULL, or not owned */
	const struct key_rule *key; /* not owned */
	uint64_t seed;             /* of the keys' sample */
	uint64_t salt;             /* of the keys' buckets: see key_salt */
	uint64_t max_record;       /* longest record to keep; UINT64_MAX for any */
	bool ends_run;             /* a record that is too long is the last that is taken */
	uint64_t judge_at;         /* a record of which so much is here is judged by that much */
};

struct intake {
	struct framing framing;
	struct intake_gates gates;
	uint64_t gap;        /* records to leave out before the next one kept */
	uint64_t open;       /* bytes read of the record that is not at its end */
	bool let_in;         /* and that record has been judged; */
	bool skipping;       /* or it is being left out, */
	enum reason reason;  /* for this reason, */
	bool counted_out;    /* unseen */
	bool over;           /* what comes now is behind the last that is taken: undelivered */
};

void intake_init(struct intake *intake, const struct framing *framing, const struct intake_gates *gates);

/* The pieces were just read into the queue's room. */
void intake_take(struct intake *intake, struct queue *queue, struct loss *loss,
    const struct iovec *piece, size_t length);

/* length bytes pass by the queue, in and out at once; piece is where they can be looked at, NULL where
 * the framing needs no look.  Returns how many records end in them. */
uint64_t intake_pass(struct intake *intake, struct ledger *ledger, const char *piece, size_t length);

/* The input has ended: what stands after the last delimiter is a record. */
void intake_end(struct intake *intake, struct queue *queue, struct loss *loss);

#endif
