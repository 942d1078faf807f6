/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue: records in segments.
 *
 * The bytes of the stream that are in weir, oldest first:
 *
 *      in transit | whole records ...                  ... | being assembled | room
 *                 |<--- admitted by the policy --->|       |
 *                 |<--------------- ready ---------------->|
 *                 |<----------------------- in the chain ------------------->|
 *
 * in transit  the rest of a record of which a part is out (transit.h); it goes before anything else
 * ready       bytes that belong to records whose end has been read
 * admitted    the part of them that the policy has let in; what is behind came with the last read, and
 *             the output may take it all the same: a verdict falls only on what it refuses
 *
 * So what waits always begins with a record of which no byte is out, and that is all that sweeps, verdicts, ages and
 * marks ever see: offsets, numbers and sums are of what waits, and for the one in transit there is only so much less
 * room (queue_room).
 *
 * Knows where records end (through cut.h); what fits is fit.h's, victims inside the buffer are found by a sweep
 * (sweep.h).  Does not know a policy or a descriptor, and keeps no metadata a record: it looks for ends when it
 * needs them.  In a stream (plain block) any byte may be taken, and `ready` only serves
 * the count.  Bytes that are no records (FRAMING_BYTES) are none that is being assembled, and none of them is ever in
 * transit.
 */
#ifndef WEIR_QUEUE_H
#define WEIR_QUEUE_H

#include "base/chain.h"
#include "base/ledger.h"
#include "base/record.h"
#include "hold/loss.h"
#include "hold/transit.h"
#include "pick/sojourn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue_limits {
	size_t bytes;      /* of whole records: the buffer of --buffer */
	uint64_t records;  /* waiting whole, UINT64_MAX for any number */
	size_t slack;      /* room beyond bytes for what is not admitted yet */
	size_t record;     /* longest record to assemble beyond bytes; 0 where none is (block) */
	size_t view;       /* longest record that is ever looked at in one piece */
	size_t beside;     /* what a queue beside it may hold in all; 0: there is none */
};

/* A place between two records, which moves with them. */
struct queue_mark {
	size_t offset;   /* from the oldest byte in the chain */
	uint64_t number; /* of the record behind it */
};

#define QUEUE_MARKS 33

/* A record that is looked at. */
struct queue_record {
	const char *text; /* of its payload, in one piece, good until the next one */
	size_t length;    /* of all of it, with its delimiter, or header */
	size_t body;      /* of the payload, without */
};

struct watch;

struct queue {
	struct chain chain;
	struct framing framing;
	struct queue_limits limits;
	struct transit transit;
	size_t elsewhere;          /* bytes of the limits that are taken up by what has left: in flight */
	size_t ready;
	size_t admitted;
	uint64_t records;          /* that end in ready */
	uint64_t admitted_records; /* that end in admitted */
	uint64_t first;            /* the number of the chain's oldest record: how many have left it */
	size_t head_length;        /* of that record, once its end was looked for; or 0 */
	size_t unended_length;     /* so far no delimiter stands in it: it was read while the record was being assembled */
	uint64_t heads;            /* the chain's oldest record has been another one so many times */
	bool unended;              /* the last ready record lacks its delimiter: the input has ended */
	struct queue_mark mark[QUEUE_MARKS]; /* the caller's, kept in place */
	unsigned marks;                      /* of them in use */
	uint64_t looked;           /* what sweeps have looked at so far, as excess.h counts that */
	bool part_asked;           /* how much of a record in transit is out */
	struct sojourn *sojourn;   /* told of what comes and goes; not owned, NULL for none */
	struct watch *watch;       /* told of what goes; not owned, NULL for none */
};

/* 0, or -1 with errno. */
int queue_init(struct queue *q, const struct framing *framing, const struct queue_limits *limits);
void queue_free(struct queue *q);

/* Another one beside it, of records framed alike: with memory in common, so that records go from it to the other without
 * being copied.  Freed first.  0, or -1 with errno (EINVAL: in the other one there is no memory for it). */
int queue_init_beside(struct queue *q, const struct queue_limits *limits, struct queue *owner);

/* Such a record, where its framing is noted; without its text where that is NULL. */
struct queue_record queue_record_of(const struct framing *framing, const char *text, size_t length);

/* Bytes that one with these limits may hold in all. */
size_t queue_limits_sum(const struct queue_limits *limits);

/* From now on these are its limits, but for what a queue beside it may hold, of which there is none.  What does not fit any more
 * is for the policy to settle, and nothing comes where it does not; what is looked at in one piece is no longer than it was.
 * 0, or -1 with errno, and nothing has changed. */
int queue_limit(struct queue *q, const struct queue_limits *limits);

/* What is told of records that come and go, from the beginning on; not owned, NULL for none. */
void queue_observe(struct queue *q, struct sojourn *sojourn);

/* So many of the caller's marks are in use. */
void queue_use_marks(struct queue *q, unsigned marks);

/* What is held: all bytes, and the records whose end is held. */
struct tally queue_held(const struct queue *q);

/* How its records end. */
static inline const struct framing *
queue_framing(const struct queue *q)
{
	return &q->framing;
}

/* Whole records that wait; the same with their bytes; and how much of them there may be, of the limits. */
uint64_t queue_waiting(const struct queue *q);
struct tally queue_ready(const struct queue *q);
struct tally queue_room(const struct queue *q);

/* Bytes of the limits that what does not wait any more takes up: the record in transit, once its end is here, and so
 * many bytes elsewhere. */
size_t queue_taken_up(const struct queue *q);
void queue_take_up(struct queue *q, size_t elsewhere);

/* The numbers, counted from the beginning of the run and closed up where records are dropped, of
 * the oldest record in the chain and of the next one to come. */
uint64_t queue_first(const struct queue *q);
uint64_t queue_next(const struct queue *q);

/* Nothing has come so far, and the marks are in use: so many records are in front of those that will come, in another queue. */
void queue_number_from(struct queue *q, uint64_t records);

/* length bytes that were read into another one's room, whose framing is the same, are held here; `ended`: a record ends with the
 * last of them.  False where there was no room for all of it. */
bool queue_copy(struct queue *q, const char *piece, size_t length, bool ended);

/* How many records end in the first length bytes of the chain; where the last end in all of it is, or 0; whether the last
 * record there lacks its delimiter. */
uint64_t queue_ends(const struct queue *q, size_t length);
size_t queue_last_end(const struct queue *q);
bool queue_is_unended(const struct queue *q);

/* length bytes from an offset on as pieces, `most` of them at most; returns how many there are. */
int queue_pieces(const struct queue *q, size_t offset, size_t length, struct iovec *piece, int most);

/* Bytes of the record in transit that are out, where that was asked for. */
void queue_ask_part_out(struct queue *q);
size_t queue_part_out(const struct queue *q);

/* Bytes of the record being assembled. */
size_t queue_partial(const struct queue *q);

/* Whether a record is in transit; and whether its end is still to be read. */
bool queue_part_sent(const struct queue *q);
bool queue_sends_unread(const struct queue *q);

/* Whether the end of the chain's oldest record has been read, in a stream of any; and how often that has been
 * another record so far: as long as this number stays, it is the same. */
bool queue_is_ready(const struct queue *q);
uint64_t queue_heads(const struct queue *q);

/* Room to read at most `most` bytes into: the pieces, their number and in *length their sum (0 when
 * there is none; of the limits what is taken up elsewhere is none).  Makes room beyond limits.bytes where a record
 * being assembled needs it. */
#define QUEUE_ROOM CHAIN_ROOM
int queue_prepare(struct queue *q, size_t most, struct iovec piece[QUEUE_ROOM], size_t *length);

/* length bytes that were read into the room stand `gap` bytes behind what is held (gap > 0 where bytes
 * before them were left out).  They are held from now on; `ends` records end in them, the last of them
 * `tail` bytes before their end (tail is ignored without ends). */
void queue_append(struct queue *q, size_t gap, size_t length, uint64_t ends, size_t tail);

/* The first length bytes leave for the queue that this one is beside: whole records, `ends` of them, or bytes that are none.  There
 * records have `ends` ends, the last of them `tail` bytes before their end.  False where nothing was done, since the
 * other one holds something, or a part of a record here is too long: they can be copied. */
bool queue_move(struct queue *q, struct queue *to, size_t length, uint64_t records, uint64_t ends, size_t tail);

/* The record being assembled, as far as it is here (queue_partial), in one piece. */
const char *queue_view_partial(struct queue *q);

/* The record being assembled is whole: its end is here. */
void queue_complete(struct queue *q);

/* Where ends are noted: a record ends with the byte in front of this offset (more than 0). */
void queue_note_end(struct queue *q, size_t end);

/* The same where its end is noted only now: it is the last byte that is here. */
void queue_end_here(struct queue *q);

/* The record being assembled is given up, as far as it is here; returns how far that is. */
size_t queue_abandon(struct queue *q, struct loss *loss, enum reason reason);

/* The input has ended: the record being assembled, if any byte of it is held, is whole as it is. */
void queue_finish(struct queue *q);

/* What may leave next, as a length; each returns 0 where there is none.
 * rest:  of the record in transit, as far as it is here.
 * head:  the first whole record that waits.
 * whole: the longest run of whole records that wait, of at most `most` bytes and at most `records` records. */
size_t queue_rest(const struct queue *q);
size_t queue_head(struct queue *q);
size_t queue_whole(const struct queue *q, size_t most, uint64_t records);

/* The whole record that begins at offset, of what waits; false where none is ready there. */
bool queue_view(struct queue *q, size_t offset, struct queue_record *record);

/* The first record that waits, as far as it is here; false where nothing is here. */
bool queue_view_head(struct queue *q, struct queue_record *record);

/* The same as queue_whole for a run that begins at offset, the beginning of a whole record. */
size_t queue_whole_from(const struct queue *q, size_t offset, size_t most);

/* *length bytes of what is held, from offset on, to be written (offset is 0 where a record is in transit); returns
 * the number of pieces, and lessens *length where those are not enough for it: never below seven segments. */
#define QUEUE_PIECES CHAIN_PIECES
int queue_peek(const struct queue *q, size_t offset, size_t *length, struct iovec piece[QUEUE_PIECES]);

/* The oldest length bytes of what is held were taken by the output.  Returns how many records ended in them.  Of one
 * that was cut the rest is in transit. */
uint64_t queue_take(struct queue *q, size_t length);

/* The first record that waits, or the beginning of one whose end is not here, does not wait any more, though no byte of
 * it is out: it is in transit (there is none). */
void queue_begin(struct queue *q);

/* Records were out before they could be held. */
void queue_note_passed(struct queue *q, uint64_t records);

/* Bytes passed by while nothing was held: the next one is `phase` bytes into its record. */
void queue_pass(struct queue *q, uint64_t phase);

/* Before the oldest record that waits, behind the last that is admitted, behind the last. */
static inline struct queue_mark
queue_oldest_mark(const struct queue *q)
{
	return (struct queue_mark){ 0, q->first };
}

static inline struct queue_mark
queue_admitted_mark(const struct queue *q)
{
	return (struct queue_mark){ q->admitted, q->first + q->admitted_records };
}

static inline struct queue_mark
queue_newest_mark(const struct queue *q)
{
	return (struct queue_mark){ q->ready, q->first + q->records };
}

/* For the rooms beside it, which take records out: cut.h, sweep.h, fit.h.
 * note_ends:   at the beginning: where they are noted, that is so in its memory.  0, or -1 with errno, and it is freed.
 * end_of:      the end of the record at offset (offset < ready), `phase` bytes into it; it may be the last, without
 *              a delimiter.
 * record_at:   the record at offset, which is that place; without its text where only its length is wanted.
 * change_head: the oldest record in the chain is another one from here on.
 * note_come:   whole records have come into the chain, in which so many bytes were used before, as queue_append has it.
 * note_left:   the oldest bytes, and the records that end in them, have left the chain.
 * pull_marks:  the oldest length bytes have left the chain, and `first` is up to date.
 * hand_over:   whole records are about to be dropped, from offset on, which is that place: saved, and looked at, if
 *              that is asked for. */
size_t queue_end_of(const struct queue *q, size_t offset, uint64_t phase);
int queue_note_ends(struct queue *q);
struct queue_record queue_record_at(struct queue *q, size_t offset, struct chain_place place, bool text);
void queue_change_head(struct queue *q);
void queue_note_come(struct queue *q, size_t used, uint64_t ends, size_t tail);
void queue_note_left(struct queue *q, size_t bytes, uint64_t records);
void queue_pull_marks(struct queue *q, size_t length);
void queue_hand_over(struct queue *q, struct loss *loss, enum reason reason, unsigned class, size_t offset,
    struct chain_place place, size_t length);

/* Whether a burst has left memory behind that nothing needs; giving a slice of it back, which returns
 * whether there is more. */
bool queue_trimmable(const struct queue *q);
bool queue_trim(struct queue *q);

/* Aborts when an invariant does not hold.  For debug builds and unit tests. */
void queue_check(const struct queue *q);

#endif
