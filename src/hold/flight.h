/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flight: what the reader has been handed, and has not confirmed.
 *
 *      queue --handed over--> in flight --confirmed--> out
 *                              |     ^ \--rejected--> dropped
 *                              '-----'
 *                      to be handed over again: to another reader
 *
 * A copy of its bytes is kept until then, in segments of its own, and for each record its serial, its length and where
 * in the stream to this reader it ends: so it can be handed over again as it was, from any record on.  It gives way to
 * nothing.  Records may be confirmed in any order; one that is confirmed is not handed over again.  In bytes
 * (FRAMING_BYTES) nothing is known but how many there are.
 *
 * A record of which only a part has been handed over is open: that part is kept here, its rest is the queue's.
 *
 * Where whole batches are handed over their bytes are kept by who does that, and it has them again if need be: then
 * here is only counted what is in flight (flight_load).
 *
 * Does not write, and does not know what a confirmation looks like, nor how much may be in flight.  Nothing here can
 * fail but flight_init(); there is always room for one record more (flight_room).
 */
#ifndef WEIR_FLIGHT_H
#define WEIR_FLIGHT_H

#include "base/chain.h"
#include "base/ledger.h"
#include "base/record.h"
#include "hold/loads.h"
#include "hold/loss.h"
#include "hold/serials.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flight_record {
	uint64_t serial;
	uint64_t wire;  /* bytes that this reader had been given up to its end; 0: it has not been given it yet */
	size_t length;
	uint32_t tries; /* how often it has been given whole to a reader */
	uint8_t head;   /* so many of its first bytes are not as it came: with a number inside it they say another length */
	bool settled;   /* confirmed or rejected, while an older one is not */
	bool mark;      /* no record of the law: it is only waited for, and not handed over again */
};

/* Of a batch: how much it is, and the serials of the first and the last of it. */
struct flight_load {
	uint64_t number;      /* of all batches */
	struct tally sum;
	uint64_t first, last; /* 0 where there is none */
	struct flight_record *list; /* malloc'd, of the records in it, where they are told apart; else NULL */
	size_t count;
};

struct flight {
	struct framing framing;
	bool batched;               /* only counted, */
	bool listed;                /* or listed for each batch: `wire` is where in it a record ends */
	struct flight_load load;    /* of a batch, so far */
	struct loads loads;         /* those that were taken */
	struct chain chain;
	size_t most;                /* bytes that may be in it, but for a single record */
	struct serials *serials;    /* not owned */
	struct flight_record *list; /* malloc'd: a ring of those in the chain, oldest first */
	size_t size;                /* it has room for so many, a power of two, or 0 */
	size_t first, count;
	size_t open;                /* bytes of the last one, which has not been handed over to its end, */
	uint64_t phase;             /* the same, of its beginning, as record.h has it, */
	uint64_t serial;            /* and its serial, */
	uint8_t head;               /* and that of flight_record, */
	bool begun;                 /* which it had before its first byte */
	size_t again;               /* of the list: the next to be handed over again; count: the open one; beyond: none */
	size_t again_offset;        /* where it begins in the chain, */
	size_t again_done;          /* and how much of it has gone */
	uint64_t wire;              /* bytes given to this reader */
	uint64_t confirmed_bytes;   /* of a stream of bytes, so far: number of the first in the chain */
	struct tally held;          /* not settled; part of an open one counts in bytes only */
	uint64_t marks;             /* of the list, not settled; */
	uint64_t all_marks;         /* and settled ones, too */
};

static inline bool
flight_is_bytes(const struct flight *flight)
{
	return flight->framing.kind == FRAMING_BYTES;
}

static inline bool
flight_counts_only(const struct flight *flight)
{
	return flight->batched && !flight->listed;
}

/* Of the list, from the oldest on. */
static inline struct flight_record *
flight_at(const struct flight *flight, size_t index)
{
	return &flight->list[(flight->first + index) & (flight->size - 1)];
}

/* Room for `most` bytes, and beyond them for what a record of at most `longest` bytes takes of more, where it is the only
 * one; 0 where whole batches are handed over, with the records in each told apart if they are listed.  0, or -1 with
 * errno. */
int flight_init(struct flight *flight, const struct framing *framing, size_t most, size_t longest, bool listed,
    struct serials *serials);
/* From now on there is room for so much.  0, or -1 with errno, and nothing has changed. */
int flight_limit(struct flight *flight, size_t most, size_t longest);
void flight_free(struct flight *flight);

/* What is in flight: whole records, and bytes. */
struct tally flight_held(const struct flight *flight);

/* Marks that are waited for like records. */
uint64_t flight_marks(const struct flight *flight);

/* Bytes of memory that are taken up: what is settled behind what is not, too.  And for how many there is room still (or
 * for a record of any length, where none are). */
size_t flight_used(const struct flight *flight);
size_t flight_left(const struct flight *flight);

/* Asked for before they are handed over: for how many more of the list, of at most `records`, there is memory for what
 * is known of them.  0 where there is none at all. */
size_t flight_room(struct flight *flight, size_t records);

/* length bytes (flight_left) have been handed over: the first of these pieces.  Returns how many records end in them, as
 * far as can be seen; then, where one more has, the last of all, which has no delimiter.  A record has its serial from
 * its first byte on, when it does not wait any more: what is dropped from then on is behind it. */
uint64_t flight_keep(struct flight *flight, const struct iovec *piece, size_t length);
void flight_end(struct flight *flight);

/* The same where batches are, and are not listed: so many bytes, in which so many records begin, and so many end. */
void flight_count(struct flight *flight, size_t length, uint64_t begun, uint64_t ended);

/* What has been handed over since the last call is a batch, whose list is the caller's; one of so much is not in flight
 * any more. */
struct flight_load flight_take_load(struct flight *flight);
void flight_unload(struct flight *flight, uint64_t number, struct tally sum);

/* From the oldest on that is not settled: all that was handed over, settled or not. */
struct tally flight_since_oldest(const struct flight *flight);

/* The next record has been begun by its number: it has its serial from now on. */
void flight_begin(struct flight *flight);

/* Whether one has been, of which no byte has been handed over. */
bool flight_is_begun(const struct flight *flight);

/* Of the next record so many bytes are handed over in another form than it has here: the header of a frame. */
void flight_note_head(struct flight *flight, size_t head);

/* So many bytes of a number have been handed over. */
void flight_pass_number(struct flight *flight, size_t length);

/* A mark of so many bytes has been, whole: with `answered` it will be confirmed like a record. */
void flight_keep_mark(struct flight *flight, size_t length, bool answered);

/* The reader has another stream from here on: nothing of what is in flight has been handed over to it. */
void flight_restart(struct flight *flight);

/* Whether something has to be handed over again; the next of it: whole records, together at most `unit` bytes, or the
 * rest of one, as pieces: returns how many there are, in *length their sum.  Then: so many of these bytes went; returns
 * how many records ended in them. */
bool flight_is_again(const struct flight *flight);

/* Of what is to be handed over again: whether it goes on with the beginning of a record; how much of that was handed over in
 * another form; and its serial. */
bool flight_again_begins(const struct flight *flight);
size_t flight_again_head(const struct flight *flight);
uint64_t flight_again_serial(const struct flight *flight);
int flight_again(const struct flight *flight, size_t unit, size_t *length, struct iovec piece[CHAIN_PIECES]);
uint64_t flight_went_again(struct flight *flight, size_t length);

/* Confirmed: the oldest that the reader was given (records 0 and bytes 0 where there is none, or it was a mark); the one
 * with this serial; all up to it, and marks with no record between, or nothing where no reader was given as much (as TCP
 * has it of what was never sent, RFC 9293, 3.10.7.4); all that end in the first `wire` bytes that this reader was given.
 * Each returns what has been confirmed by that. */
struct tally flight_confirm_oldest(struct flight *flight);
struct tally flight_confirm(struct flight *flight, uint64_t serial);
struct tally flight_confirm_upto(struct flight *flight, uint64_t serial);
struct tally flight_confirm_wire(struct flight *flight, uint64_t wire);

/* Rejected: the oldest, or the one with this serial: dropped (reason `rejected`, a gap before the number `at`).
 * False where there is none (a mark is only confirmed by that). */
bool flight_reject_oldest(struct flight *flight, struct loss *loss, uint64_t at);
bool flight_reject(struct flight *flight, uint64_t serial, struct loss *loss, uint64_t at);

/* Whether this reader was given anything of what is not settled, marks left out: or it is only held for another. */
bool flight_is_given(const struct flight *flight);

/* The serial of the oldest that this reader was given whole and that is not settled; 0 for none. */
uint64_t flight_given_serial(const struct flight *flight);

/* The serial of the oldest that is not settled, an open one too, marks left out; 0 for none. */
uint64_t flight_first_serial(const struct flight *flight);

/* What is settled at the front is let go: for flight.c. */
void flight_let_go(struct flight *flight);

/* Bytes that this reader was given. */
uint64_t flight_wire(const struct flight *flight);

/* Aborts when an invariant does not hold.  For debug builds and unit tests. */
void flight_check(const struct flight *flight);

#endif
