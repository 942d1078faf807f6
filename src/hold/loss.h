/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loss: the one place that everything dropped goes through: counted in the ledger, and where that is
 * asked for marked in the stream (gaps.h) and saved in a file (spill.h).
 *
 * Does not decide what is dropped.  What --sample leaves out is counted and saved, but not marked:
 * it was not lost.  Nor is anything but repeats where that is asked for.  Nothing here can fail, or wait.
 */
#ifndef WEIR_LOSS_H
#define WEIR_LOSS_H

#include "base/ledger.h"
#include "hold/gaps.h"
#include "hold/serials.h"
#include "pick/keep.h"
#include "pick/key.h"
#include "pick/top.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spill;

/* Room for what is said of a record that is rejected, and for all that stands before it. */
#define LOSS_CAUSE_ROOM 128
#define LOSS_WHY_ROOM (LOSS_CAUSE_ROOM + 96)

struct loss {
	struct ledger *ledger;
	struct gaps *gaps;   /* NULL: nothing is marked */
	bool repeats_only;   /* nothing but repeats is */
	struct spill *spill; /* NULL: nothing is saved */
	struct serials *serials; /* NULL: nobody asks for them */
	struct serials *held;    /* the same of what has come in alone */
	const struct keep *keep;    /* NULL: no classes to count by */
	const struct key_rule *key; /* of top */
	struct top *top;     /* NULL: keys are not counted */
	uint64_t base;       /* number of a record among those of gaps, less its own */
	uint64_t now_ns;     /* of this pass */
	uint64_t since_ns;   /* of the next repeat: when the last record was let in before it, */
	uint64_t until_ns;   /* and when it is to be marked at the latest */
	char cause[LOSS_CAUSE_ROOM]; /* of what is rejected next, */
	char why[LOSS_WHY_ROOM];     /* and all that the file says of it */
};

/* By class, where keep is not NULL, and by key; none is owned, and nothing is marked, saved or counted by key yet. */
void loss_init(struct loss *loss, struct ledger *ledger, const struct keep *keep, const struct key_rule *key);

/* From the beginning on what is dropped goes there, too; each may be NULL, none is owned. */
void loss_observe(struct loss *loss, struct gaps *gaps, struct spill *spill, struct top *top);

/* From the beginning on nothing is marked but repeats. */
void loss_mark_repeats_only(struct loss *loss);

/* From the beginning on these are told how many are missing where; not owned. */
void loss_number(struct loss *loss, struct serials *serials);

/* The same of those, which are not told of what was left out before it came in. */
void loss_weigh(struct loss *loss, struct serials *held);

/* In gaps its records are behind so many others (0 from the beginning on). */
void loss_number_behind(struct loss *loss, uint64_t base);

/* A pass begins: what is dropped is dropped now. */
void loss_pass(struct loss *loss, uint64_t now_ns);
uint64_t loss_now_ns(const struct loss *loss);

/* Where it counts. */
struct ledger *loss_ledger(const struct loss *loss);

/* Of what is dropped next as repeated: when the last record was let in before it, from when on its mark counts; and until
 * when it would be, after which its mark does not come. */
void loss_repeats(struct loss *loss, uint64_t since_ns, uint64_t until_ns);

/* Bytes were left out before they came into the buffer, where the next record would have had the
 * number `at`; with `records` ends among them. */
void loss_left_out(struct loss *loss, enum reason reason, uint64_t at, uint64_t records, uint64_t bytes);

/* Whole records that were in the buffer, from number `at` on, are not any more. */
void loss_removed(struct loss *loss, enum reason reason, uint64_t at, uint64_t records, uint64_t bytes);

/* The oldest whole records in the buffer are not any more; `first` is the number of the oldest now. */
void loss_evicted(struct loss *loss, enum reason reason, uint64_t first, uint64_t records, uint64_t bytes);

/* Whole records that were in flight, and have left the buffer long ago; the next that leaves it has the number `at`. */
void loss_returned(struct loss *loss, enum reason reason, uint64_t at, uint64_t records, uint64_t bytes);

/* The same, of what does not leave any more, as it is the end of what has left; unless `whole` the last of it goes on, as what is lost next. */
void loss_unread(struct loss *loss, enum reason reason, uint64_t at, uint64_t records, uint64_t bytes, bool whole);

/* Whether the bytes themselves are wanted: then each span that is dropped is handed over as well, in
 * pieces, before they are overwritten.  left_out says that they never came into the buffer, where a
 * record comes in parts; otherwise they are whole records, in calls that follow each other. */
bool loss_saves(const struct loss *loss);
void loss_save(struct loss *loss, enum reason reason, bool left_out, const char *piece, size_t length);

/* Where that cannot be seen of the bytes: a whole record ends with those that were handed over last. */
void loss_end_saved(struct loss *loss);

/* What was dropped cannot be handed over: its bytes are not to be had. */
void loss_missed(struct loss *loss, struct tally missed);

/* Before what is rejected is saved, for --dropped-reason.  What the reader has said, printable and without a tab, cut to
 * LOSS_CAUSE_ROOM; then how often it was handed over whole, and the serials of its first and last record (0: it has
 * none).  Until called again. */
void loss_cause(struct loss *loss, const char *cause);
void loss_rejects(struct loss *loss, uint64_t tries, uint64_t first, uint64_t last);

/* A class that is not known. */
#define LOSS_ANY_CLASS UINT_MAX

/* Records that were removed are of this class, if it is known. */
void loss_class(struct loss *loss, unsigned class, uint64_t records, uint64_t bytes);

/* Whether each record that is dropped has to be looked at, for its class where that is not known,
 * or its key; looking at one, of which body bytes are not delimiter.  What --sample leaves out is
 * not looked at, nor what is too long to hold. */
bool loss_looks(const struct loss *loss, unsigned class);
void loss_look(struct loss *loss, unsigned class, const char *text, size_t body, size_t length);

/* The input has ended: the record that was being left out is complete. */
void loss_end(struct loss *loss);

#endif
