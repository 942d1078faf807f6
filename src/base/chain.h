/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chain: a bounded stream of bytes in segments of one size.
 *
 *      | segment      | segment      | segment      |  read into
 *        |### held ###|##############|########|  room    ...
 *
 * The only owner of the memory behind the queue.  Knows no record, no descriptor and no policy.  Everything outside
 * names bytes by their offset from the oldest one held, so that what is in front of them may go, or between them.
 *
 * A segment that is free again is the next to be used (slots.h).  So what passes through costs the same, and as little
 * memory, in a chain of any length.  What is between its ends is cut out by a broom (broom.h).
 */
#ifndef WEIR_CHAIN_H
#define WEIR_CHAIN_H

#include "base/ends.h"
#include "base/slots.h"

#include <sys/uio.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes in one segment, a multiple of every page size in use.  (A test has shorter ones, so that what it does meets
 * their ends.) */
#ifndef CHAIN_SEGMENT
#define CHAIN_SEGMENT ((size_t)128 << 10)
#endif

/* Pieces to be taken at once.  They hold seven segments at least, since two neighbours hold more than one. */
#define CHAIN_PIECES 16

/* Pieces to be read into at once, at most. */
#define CHAIN_ROOM 3

struct chain_segment {
	char *text;
	size_t begin, end; /* what is held of it; begin < end but in the last one */
};

struct chain {
	struct slots *slots; /* its own, or those of the chain that it is beside */
	struct slots own;
	bool lends;     /* another chain is beside it */
	size_t segment; /* bytes in each */
	size_t most;    /* that may be held; */
	size_t widest;  /* and the most that ever might */
	size_t used;    /* bytes held */
	size_t apart_used; /* bytes set apart: they are not among those */
	struct chain_segment *list;  /* calloc'd: those in use, oldest first, then those to be read into */
	size_t list_size;
	size_t first;
	size_t count;    /* in use, at least 1 */
	size_t prepared; /* to be read into */
	size_t viewed;   /* bytes that were written of the view behind the slots, where what is in two is seen in one piece */
	struct chain_segment *apart; /* calloc'd: what is set apart, oldest first; */
	size_t apart_first;
	size_t apart_count;
	bool shared;     /* the last of it is in front of what is held in the first segment of the list */
	struct ends *ends; /* where records end in its memory; not owned, NULL where that is not noted */
	struct iovec room[CHAIN_ROOM]; /* that was read into last, */
	size_t room_at;       /* where it began, as an offset */
};

/* A place in it, good until something is consumed, retracted or cut. */
struct chain_place {
	size_t index; /* into list */
	size_t at;    /* in its text */
};

/* A chain of at most `most` bytes, of which up to view bytes can be seen in one piece wherever they stand.  0, or -1
 * with errno. */
int chain_init(struct chain *chain, size_t most, size_t view);
void chain_free(struct chain *chain);

/* Two that have their memory in common, so that bytes go from one to the other without being copied: the one that owns
 * it, for which `beside` is what the other may hold; and that other one, which has the same view, and is freed first. */
int chain_init_lending(struct chain *chain, size_t most, size_t view, size_t beside);
int chain_init_beside(struct chain *chain, size_t most, struct chain *owner);

/* From now on, before anything was read into it, it is noted where records end in its memory, and that moves with them.  What
 * is committed to it has been noted by then.  0, or -1 with errno, and nothing has changed. */
int chain_note(struct chain *chain, struct ends *ends);

/* The oldest length bytes of one are those of another, which is beside it or has it beside it; and what is behind them stays
 * (it is copied).  False where nothing was done: the other holds something, something is set apart, or what stays is more than
 * a segment.  Not between a read and what is committed of it. */
bool chain_move(struct chain *chain, struct chain *to, size_t length);

/* From now on it holds so many bytes at most; where it holds more by now, it has no room until they have left.  Not one beside
 * another, and not between a read and what is committed of it.  0, or -1 with errno, and nothing has changed. */
int chain_limit(struct chain *chain, size_t most);

/* Bytes held, and bytes of room. */
size_t chain_used(const struct chain *chain);
size_t chain_room(const struct chain *chain);

/* The byte at an offset (offset <= used).  Costs what there are segments up to there, from either end. */
struct chain_place chain_at(const struct chain *chain, size_t offset);

/* The bytes from a place on that are in one piece, at most length; the place moves behind them.  Length is at most what
 * is held from there on, and more than 0.  (Here, with the next: they are asked for each record.) */
static inline struct iovec
chain_next(const struct chain *chain, struct chain_place *place, size_t length)
{
	const struct chain_segment *segment = &chain->list[place->index];
	struct iovec piece;

	if (place->at == segment->end) {
		segment = &chain->list[++place->index];
		place->at = segment->begin;
	}
	piece.iov_base = segment->text + place->at;
	piece.iov_len = segment->end - place->at < length ? segment->end - place->at : length;
	place->at += piece.iov_len;
	return piece;
}

/* The place so many bytes further on. */
static inline void
chain_skip(const struct chain *chain, struct chain_place *place, size_t length)
{
	while (length > 0)
		length -= chain_next(chain, place, length).iov_len;
}

/* length bytes from offset in pieces, as many as there is room for (`most` of them); returns how many, 0 for no bytes. */
int chain_peek(const struct chain *chain, size_t offset, size_t length, struct iovec *piece, int most);

/* length bytes from a place on in one piece (length <= view, or they are in one segment); good until the chain is
 * changed, or asked for another. */
const char *chain_view(struct chain *chain, struct chain_place place, size_t length);

/* Room to read at most *length bytes into (*length <= room): the pieces, their number, and in *length their sum: two
 * segments' worth at least, where so much was asked for. */
int chain_prepare(struct chain *chain, size_t *length, struct iovec piece[CHAIN_ROOM]);

/* Of what was read into the room: length bytes that begin `gap` bytes behind what is held are held from now on.  The
 * bytes between are not, and never will be. */
void chain_commit(struct chain *chain, size_t gap, size_t length);

/* The oldest length bytes are gone; the newest length bytes are gone (length <= used). */
void chain_consume(struct chain *chain, size_t length);
void chain_retract(struct chain *chain, size_t length);

/* Bytes that go another way than those behind them: the oldest length bytes are set apart (length <= used).  They are
 * not held any more, and nothing below sees them, but they stay where they are, and take up room, until they are
 * released.  Nothing is moved for that, then or later.  Where some are set apart already these follow them, with none
 * between them that were consumed or cut out.
 *
 * apart:      how many there are.
 * peek_apart: the oldest length of them, in pieces, as chain_peek has it.
 * release:    the oldest length of them are gone.  Not between a read and what is committed of it. */
void chain_set_apart(struct chain *chain, size_t length);
size_t chain_apart(const struct chain *chain);
int chain_peek_apart(const struct chain *chain, size_t length, struct iovec *piece, int most);
void chain_release(struct chain *chain, size_t length);

/* Memory that has been used and holds nothing, in bytes; and giving back at most slice bytes of it, the longest unused
 * first, as long as more than keep bytes are left: returns whether there is more. */
size_t chain_idle(const struct chain *chain);
bool chain_trim(struct chain *chain, size_t keep, size_t slice);

/* Aborts when an invariant does not hold.  For debug builds and unit tests. */
void chain_check(const struct chain *chain);

#endif
