/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * intake: the gates in.  What has just been read becomes records of the queue, or is left out.
 *
 * Frames the stream, draws the sample, and refuses records that are too long to be held.  What is left
 * out is dropped as it comes and never held, however long it is.  Whether there is room is not asked
 * here: that is the policy's, once the output has refused.
 */
#ifndef WEIR_INTAKE_H
#define WEIR_INTAKE_H

#include "ledger.h"
#include "loss.h"
#include "queue.h"
#include "record.h"
#include "sample.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct intake {
	struct framing framing;
	bool sampling;
	struct sample sample;
	uint64_t gap;        /* records to leave out before the next one kept */
	uint64_t max_record; /* longest record to keep; UINT64_MAX for any */
	uint64_t open;       /* bytes read of the record that is not at its end */
	bool skipping;       /* and that record is being left out, */
	enum reason reason;  /* for this reason */
};

/* share: NULL to let in every record. */
void intake_init(struct intake *intake, const struct framing *framing, const struct share *share,
    uint64_t max_record);

/* The pieces were just read into the queue's room. */
void intake_take(struct intake *intake, struct queue *queue, struct loss *loss,
    const struct iovec *piece, size_t length);

/* length bytes pass by the queue, in and out at once; piece is where they can be looked at, NULL where
 * the framing needs no look.  Returns how many records end in them. */
uint64_t intake_pass(struct intake *intake, struct ledger *ledger, const char *piece, size_t length);

/* The input has ended: what stands after the last delimiter is a record. */
void intake_end(struct intake *intake, struct queue *queue, struct loss *loss);

#endif
