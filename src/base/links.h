/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * links: the list of a chain's segments: for chain.c and broom.c, which move the bytes in them, and for nobody else.
 *
 * A segment that leaves the list is free again, but for one of which the front is set apart: that is still in use.
 */
#ifndef WEIR_LINKS_H
#define WEIR_LINKS_H

#include "base/chain.h"

#include <stddef.h>
#include <string.h>

/* The last that is held in; and the last of what is set apart (there is some). */
/* Bytes in its memory are moved, as memmove(3), with what is noted of them. */
static inline void
links_copy(const struct chain *chain, char *to, const char *from, size_t length)
{
	memmove(to, from, length);
	if (chain->ends != NULL)
		ends_move(chain->ends, to, from, length);
}

static inline struct chain_segment *
links_last(const struct chain *chain)
{
	return &chain->list[chain->first + chain->count - 1];
}

static inline struct chain_segment *
links_last_apart(const struct chain *chain)
{
	return &chain->apart[chain->apart_first + chain->apart_count - 1];
}

/* Bytes held in one. */
static inline size_t
links_held(const struct chain_segment *segment)
{
	return segment->end - segment->begin;
}

/* Where the first segment may be written: not below what is set apart in it. */
size_t links_floor(const struct chain *chain);

/* Nothing is held any more of a segment, of which nobody reads or writes. */
void links_empty(const struct chain *chain, struct chain_segment *segment);

/* A segment has left the list, or is about to. */
void links_let_go(struct chain *chain, const struct chain_segment *segment);

/* Segments that were prepared to be read into are not any more. */
void links_unprepare(struct chain *chain);

/* The entries of the list from `from` on stand at `to`. */
void links_move(struct chain *chain, size_t to, size_t from);

/* Segments of which nothing is held any more, from behind the place where bytes go to (by its index), up to the one
 * that they came from, leave the list; and neighbours that fit into one become one. */
void links_close(struct chain *chain, size_t to, size_t from);

#endif
