/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * intake: what has just been read becomes records of the queue, or is left out.
 *
 * Frames the stream, asks the gate which records may come in, and does what it says; which they are is not
 * decided here. What is left out by its number is dropped as it comes and never held, however long it is.
 * The first records of a run come in whatever the gate says, where that is asked for.
 * What is left out by what it says (--keep, --sample-by=key, --drop-over) is assembled first, and
 * judged when its end has been read, or as much of it as will be held at once.
 */
#ifndef WEIR_INTAKE_H
#define WEIR_INTAKE_H

#include "base/ledger.h"
#include "base/record.h"
#include "flow/gate.h"
#include "hold/loss.h"
#include "hold/queue.h"
#include "hold/weights.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct intake {
	struct framing framing;
	struct gate gate;
	struct weights *weights; /* who is told what each weighs that comes in; NULL: nobody; not owned */
	struct ledger *ledger; /* the loss's, while a read is taken: asked for once */
	uint64_t gap;        /* records to leave out unseen before the next one */
	uint64_t open;       /* bytes read of the record that is not at its end */
	bool let_in;         /* and that record has been judged, */
	bool weighed;        /* it has been said what it weighs, */
	bool any_length;     /* or it may be as long as it likes, as it was begun when any might; */
	bool skipping;       /* or it is being left out, */
	enum reason reason;  /* for this reason, */
	bool counted_out;    /* unseen */
	bool unread;         /* what has left the queue was dropped: nobody reads any more */
	bool ends_run;       /* one was too long where that ends the run: none is taken behind it */
	size_t given_up;     /* bytes that were, in front of what has been read and is taken next */
	bool over;           /* what comes now is behind it: undelivered */
	uint64_t headers;      /* so many records, the first of all, come in unasked, */
	struct queue *heading; /* and into this, not owned; NULL: with the others */
	bool header_too_long;  /* one of them is longer than one may be: what comes now is behind it, too */
};

void intake_init(struct intake *intake, const struct framing *framing, const struct gate_rules *rules);

/* From the beginning on these are told. */
void intake_weigh(struct intake *intake, struct weights *weights);

/* From now on the gate has this, as gate_retune has it.  A record that is long enough to be judged by now is judged. */
void intake_retune(struct intake *intake, struct queue *queue, struct loss *loss, const struct gate_tuning *tuning,
    uint64_t now_ns);

/* The same with other rules, as gate_reform has it.  A record that is too long by them is left out, unless part of it is out. */
void intake_reform(struct intake *intake, struct queue *queue, struct loss *loss, const struct gate_rules *rules,
    const struct gate_tuning *tuning, uint64_t now_ns);

/* The pieces were just read into the queue's room. */
void intake_take(struct intake *intake, struct queue *queue, struct loss *loss,
    const struct iovec *piece, size_t length);

/* length bytes pass by the queue, in and out at once; piece is where they can be looked at, NULL where
 * the framing needs no look.  Returns how many records end in them. */
uint64_t intake_pass(struct intake *intake, struct ledger *ledger, const char *piece, size_t length);

/* Whether what comes next is the rest of a record that is being left out. */
bool intake_is_skipping(const struct intake *intake);

/* From now on what leaves the queue is dropped, reason `gone`. */
void intake_discard(struct intake *intake);

/* The record that is open, if there is one, has ended with the last byte that was taken: that is known only now.  `reading`: more
 * has been read into the queue's room, and is taken next. */
void intake_end_open(struct intake *intake, struct queue *queue, struct loss *loss, bool reading);

/* The input has ended: what stands after the last delimiter is a record. */
void intake_end(struct intake *intake, struct queue *queue, struct loss *loss);

#endif
