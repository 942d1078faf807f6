/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * toll: which records may leave now.  How much of what is at the head, or that it is held: why, and until when.
 *
 * Does not write, and does not know in which writes what may leave goes, nor a mark's place in the stream: that is
 * the outlet's, which says what is at the head, asks, and tells what has left of what it was offered.  What is asked
 * for belongs to one drain: toll_open, then as often as need be toll_offer and toll_left, or toll_mark and
 * toll_mark_left.
 *
 * In this order, what one holds the next is not asked about, and is not charged for:
 *
 *      halt      nothing leaves until somebody says so, but for the rest of what was begun
 *      settle    nothing leaves before nothing has come for a while
 *      batch     records wait until a batch of them goes, and go no further than it has room
 *      credits   the reader has granted so many records more (bytes, in a stream of bytes)
 *      window    so much at most is in flight, and no more than there is memory for
 *      rate      for all records, or for each key
 *
 * With a rate for each key a record that has to wait holds up those behind it, whatever their key: order is kept.  Up
 * to there those that may leave are offered together, each charged to its own key.  A mark is a record like any other
 * to the rate, but has no key, and costs nothing where there is one for each.  What is handed over again is charged by
 * the rate for all and by the credits; the window has it already, and it had settled.
 *
 * To add one: a reason, with its row in the table of toll.c, and a function that lessens `most` and `records` of what
 * is asked for, in its place in toll_narrow() (narrow.c).  One that holds writes down when it is to be asked again (UINT64_MAX: time
 * alone does not help), and toll_due_ns is the least of these.  toll_left tells each what has left.  Nobody outside
 * names a toll.
 */
#ifndef WEIR_TOLL_H
#define WEIR_TOLL_H

#include "base/ledger.h"
#include "base/units.h"
#include "hold/flight.h"
#include "hold/queue.h"
#include "pick/bucket.h"
#include "pick/buckets.h"
#include "pick/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why something is held. */
enum toll_reason {
	TOLL_HALT,    /* somebody said so */
	TOLL_SETTLE,  /* more may come */
	TOLL_BATCH,   /* no batch is due, or it has no room for more */
	TOLL_CREDITS, /* the reader has granted no more */
	TOLL_WINDOW,  /* as much is in flight as may be */
	TOLL_RATE,    /* it would be faster than --rate */
};
#define TOLL_REASONS 6

/* What stands at the head of the queue. */
enum toll_form {
	TOLL_STREAM, /* bytes that can be cut anywhere */
	TOLL_WHOLE,  /* whole records, of which none is begun */
	TOLL_PART,   /* the beginning of a record too long to wait for its end; none of it is out */
	TOLL_REST,   /* of a record that was begun: as far as it is here */
	TOLL_AGAIN,  /* one that is in flight, or its rest: `most` bytes, all or none; of bytes any number */
};

/* What is asked for. */
struct toll_ask {
	enum toll_form form;
	size_t most;      /* bytes, at least 1.  Of whole records: one longer one is offered nevertheless */
	uint64_t records; /* of whole records: at most so many, at least 1 */
	size_t unit;      /* bytes of whole records that go out in one write */
};

/* Records that are offered together where there is a rate for each key, at most. */
#define TOLL_RUN_MOST 256

struct toll_run {
	uint64_t hash; /* of the key */
	size_t length;
};

/* A batch that is being made: the room that is left in it. */
struct toll_batch {
	bool asked;       /* nothing leaves but in batches */
	bool open;
	uint64_t records;
	uint64_t bytes;   /* a single longer record has room where nothing is in it */
	bool begun;       /* something is */
	uint64_t due_ns;  /* where none is open: when one is to be looked for again */
};

struct toll {
	uint64_t due_ns[TOLL_REASONS]; /* when each of those that hold lets go; 0: it does not hold */
	enum toll_form form;           /* of what was offered last */
	bool halted;
	uint64_t settled_ns;           /* before that nothing leaves; 0: something may */
	const struct flight *flight;   /* not owned; NULL: what has left is out */
	struct tally window;          /* that may be in flight */
	bool crediting;
	uint64_t credits;              /* records that may leave, or bytes of a stream */
	struct toll_batch batch;
	bool rated;
	bool by_bytes;
	struct bucket bucket;
	struct buckets *by_key;     /* one for each key, not owned; NULL: the one above for all */
	const struct key_rule *key; /* not owned */
	uint64_t salt;              /* of their hashes: see key_salt */
	uint64_t hash;              /* of the key of the head: of queue_heads, when it was this long */
	uint64_t hashed_head;
	size_t hashed_length;       /* 0: of none yet */
	struct bucket *charged;     /* that of the record at the head */
	struct toll_run run[TOLL_RUN_MOST]; /* what is offered, and charged already */
	unsigned run_length;
	size_t paid;                /* bytes of a part-sent record that the rate has been charged for already */
};

/* rate: NULL for none; burst 0 for the default.  Its bucket is full at now_ns. */
void toll_init(struct toll *toll, const struct rate *rate, uint64_t burst, uint64_t now_ns);

/* The rate is one for each key: of these buckets, made from the same rate.  None is owned.  A stream has no keys. */
void toll_set_keys(struct toll *toll, struct buckets *by_key, const struct key_rule *key, uint64_t salt);

/* From now on this is the rate, where there is one, in the unit it has; tokens stay, and what a part-sent record
 * has paid for is paid for.  Nothing is held until it is asked for again. */
void toll_retune(struct toll *toll, const struct rate *rate, uint64_t burst, uint64_t now_ns);

/* From now on there is this rate, or none (NULL), be its unit another one; by_key as toll_set_keys has it.  A bucket that it had
 * in that unit goes on as it is, another is full, and the rest of a record that is part-sent
 * costs what it has of bytes. */
void toll_rerate(struct toll *toll, const struct rate *rate, uint64_t burst, struct buckets *by_key, uint64_t now_ns);

/* What is asked for next is of another queue. */
void toll_look_anew(struct toll *toll);

/* From now on nothing leaves, or what the others let go. */
void toll_halt(struct toll *toll, bool on);
bool toll_is_halted(const struct toll *toll);

/* Nothing leaves before that; 0: it is waited for no more. */
void toll_settle(struct toll *toll, uint64_t settled_ns);
bool toll_is_settled(const struct toll *toll, uint64_t now_ns);

/* What leaves is in flight from then on, and so much may be at a time (at least 1 of each); not owned. */
void toll_set_flight(struct toll *toll, const struct flight *flight, const struct tally *window);

/* Only as many records leave as are granted: none, at first.  So many more are; none of those that were given is left. */
void toll_use_credits(struct toll *toll);
void toll_grant(struct toll *toll, uint64_t records);
void toll_revoke(struct toll *toll);
bool toll_lacks_credits(const struct toll *toll);

/* Whether something is held since as much is in flight as may be. */
bool toll_lacks_window(const struct toll *toll);

/* Nothing leaves but in batches: none is open at first.  One of so much at most is, and what is offered from now on is
 * for it; it is closed; where none is, one is to be looked for again then (UINT64_MAX: time alone does not help). */
void toll_use_batches(struct toll *toll);
void toll_open_batch(struct toll *toll, const struct tally *most);
void toll_close_batch(struct toll *toll);
void toll_expect_batch(struct toll *toll, uint64_t due_ns);

/* Whether one is open; something is in it; something was held since the drain began because it had no room. */
bool toll_batch_is_open(const struct toll *toll);
bool toll_batch_is_begun(const struct toll *toll);
bool toll_batch_is_full(const struct toll *toll);

/* A drain begins: nothing is held, and what has become due is let in. */
void toll_open(struct toll *toll, uint64_t now_ns);

/* How many bytes of the head of the queue may leave now; 0: it is held.  Of whole records never a part; more than
 * `unit` bytes go in several writes. */
size_t toll_offer(struct toll *toll, struct queue *queue, const struct toll_ask *ask, uint64_t now_ns);

/* Of what was offered last the first done bytes have left the queue, in which `ended` records ended (of what is handed
 * over again: or the part that there is of one).  The rest did not leave, and is not charged for, but for that of a record which was begun: it will not be charged again.  After
 * each offer of more than nothing, even where done is 0. */
void toll_left(struct toll *toll, struct queue *queue, size_t done, uint64_t ended, uint64_t now_ns);

/* The record that waits first is begun, though nothing of it has left yet: it is charged, whole.  (Of what was offered
 * before, toll_left has told.) */
void toll_begin(struct toll *toll, struct queue *queue, uint64_t now_ns);

/* So many bytes more left, that were not asked for: a rate in bytes makes up for them. */
void toll_add(struct toll *toll, size_t bytes);

/* Whether a mark of so many bytes may leave now; or it is held.  Then: that its first byte has left. */
bool toll_mark(struct toll *toll, size_t length, uint64_t now_ns);
void toll_mark_left(struct toll *toll, size_t length);

/* For toll.c: what is asked for, as far as all but the rate let it go (false where one does not); what has left, of which
 * so many records were begun, is charged to them, each record once, with its first byte (of what is handed over again:
 * with its last); and whether any number of bytes may leave, or whole records. */
bool toll_narrow(struct toll *toll, struct queue *queue, struct toll_ask *ask, uint64_t now_ns);
void toll_charge(struct toll *toll, size_t done, uint64_t begun);
bool toll_is_in_bytes(const struct toll *toll, enum toll_form form);

/* Why the last one was held, as a wait, when something is; and when to ask again: UINT64_MAX when nothing is held,
 * or when time alone does not help. */
enum awaited toll_awaited(const struct toll *toll);
uint64_t toll_due_ns(const struct toll *toll);

#endif
