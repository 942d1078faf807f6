/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * broom: cuts bytes out of a chain, in one sweep from the oldest on:
 *
 *      broom = broom_begin(chain, place)  where it begins
 *      broom_drop(broom, chain, length)   the next bytes go,
 *      broom_keep(broom, chain, length)   the next ones stay, and move up; any number of times
 *      broom_close(broom, chain)          so do all that are behind them, most of them without being moved
 *
 * Until it is closed everything else sees the chain as it was; but what the broom has passed may have been written
 * over.  What is cut out leaves a gap in one segment or two, and moves nothing in others.
 */
#ifndef WEIR_BROOM_H
#define WEIR_BROOM_H

#include "base/chain.h"

#include <stdbool.h>
#include <stddef.h>

struct broom {
	struct chain_place to, from;
	size_t first;  /* index of the segment where it began */
	size_t length; /* that is cut out */
	bool fills;    /* what stays moves up though nothing has gone */
};

/* Where it begins.  To fill is for one that goes on where another has ended: there may be much room between the segment
 * in front of that place and the one behind, and what stays moves up there, so that no such room is left behind. */
struct broom broom_begin(struct chain_place at);
struct broom broom_begin_filling(const struct chain *chain, struct chain_place at);
void broom_drop(struct broom *broom, const struct chain *chain, size_t length);
void broom_keep(struct broom *broom, const struct chain *chain, size_t length);
void broom_close(const struct broom *broom, struct chain *chain);

/* All segments are full but the last: as few as can be. */
void broom_pack(struct chain *chain);

#endif
