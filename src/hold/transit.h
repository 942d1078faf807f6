/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transit: the record that is on its way: part of it is out, and part is not.
 *
 *                    part of it goes out                    its last byte does
 *      nothing ------------------------------> whole --------------------------> nothing
 *         \                                      ^                                  ^
 *          `-- before its end was read --> open -'  its end is read                 |
 *                                           \______ the input ends, and all is out _/
 *
 * From its first byte on it does not wait any more: it gives way to nothing, is not too old, and no sweep and no
 * mark comes to it.  What of it is here is set apart in the chain (base/chain.h), so that the chain begins with what
 * waits: a whole record, or one of which no byte is out.  Nothing is moved for that.
 *
 * Does not write it: that is the outlet's.  Does not know the records behind it, nor the numbers and times of this
 * one: that is the queue's, which owns it.  Nothing here can fail.
 */
#ifndef WEIR_TRANSIT_H
#define WEIR_TRANSIT_H

#include "base/chain.h"
#include "base/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct transit {
	bool begun;     /* there is one */
	bool open;      /* whose end has not been read: what comes next belongs to it */
	size_t out;     /* bytes of a whole one that are out, as far as its owner counts them */
	uint64_t phase; /* and then: how much of it came before that, as record.h has it */
};

/* Whether there is one; and whether its end is still to come. */
bool transit_is_begun(const struct transit *transit);
bool transit_is_open(const struct transit *transit);

/* Whether there is one of which the end is here: the only case in which it is among the records that are held. */
bool transit_is_whole(const struct transit *transit);

/* The record of which the chain's oldest `rest` bytes are the rest, to its end, is begun (there is none, rest > 0). */
void transit_begin(struct transit *transit, struct chain *chain, size_t rest);

/* The same for one of which `out` bytes are out, all bytes in the chain are the rest, as far as it is here, perhaps
 * none, and more is to come. */
void transit_begin_open(struct transit *transit, struct chain *chain, uint64_t out);

/* Of an open one (transit_is_open): more bytes are in the chain, all of them read just now; with `ends` a record ends
 * among them.  Takes what belongs to it; returns whether that is all of it now. */
bool transit_follow(struct transit *transit, struct chain *chain, const struct framing *framing, bool ends);

/* The end of an open one has come with the last byte that it has.  Returns whether a part of it is still here: if not
 * it is out, all of it, and there is none any more. */
bool transit_end(struct transit *transit, const struct chain *chain);

/* length bytes of what is here are out (at most all that is here).  Returns whether that was the end of it. */
bool transit_leave(struct transit *transit, struct chain *chain, size_t length);

/* Aborts when an invariant does not hold.  For debug builds and unit tests. */
void transit_check(const struct transit *transit, const struct chain *chain);

#endif
