/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/broom.h"
#include "base/links.h"

#include <string.h>

/* Between two segments it is worth to fill what 1 in so many of one is. */
#define WORTHWHILE 8

struct broom
broom_begin(struct chain_place at)
{
	return (struct broom){ .to = at, .from = at, .first = at.index };
}

struct broom
broom_begin_filling(const struct chain *chain, struct chain_place at)
{
	struct broom broom;

	if (at.at == chain->list[at.index].begin && at.index > chain->first)
		at = (struct chain_place){ at.index - 1, chain->list[at.index - 1].end };
	broom = broom_begin(at);
	broom.fills = at.at == chain->list[at.index].end && at.index + 1 < chain->first + chain->count &&
	    chain->segment - at.at + chain->list[at.index + 1].begin >= chain->segment / WORTHWHILE;
	return broom;
}

void
broom_drop(struct broom *broom, const struct chain *chain, size_t length)
{
	chain_skip(chain, &broom->from, length);
	broom->length += length;
}

/* The next bytes move up to those that have stayed. */
static void
move_up(struct broom *broom, const struct chain *chain, size_t length)
{
	while (length > 0) {
		struct iovec piece;

		if (broom->to.at == chain->segment) {
			broom->to.index++;
			broom->to.at = 0;
		}
		piece = chain_next(chain, &broom->from,
		    length < chain->segment - broom->to.at ? length : chain->segment - broom->to.at);
		links_copy(chain, chain->list[broom->to.index].text + broom->to.at, piece.iov_base, piece.iov_len);
		broom->to.at += piece.iov_len;
		length -= piece.iov_len;
	}
}

void
broom_keep(struct broom *broom, const struct chain *chain, size_t length)
{
	if (broom->length > 0 || broom->fills) {
		move_up(broom, chain, length);
	} else {
		chain_skip(chain, &broom->from, length);
		broom->to = broom->from;
		broom->first = broom->to.index;
	}
}

static void
close_sweep(const struct broom *broom, struct chain *chain)
{
	struct chain_segment *to = &chain->list[broom->to.index], *from = &chain->list[broom->from.index];

	chain->used -= broom->length;
	if (to == from && broom->first == broom->to.index && to->begin == broom->to.at) {
		/* nothing of it was kept */
		to->begin = broom->from.at;
	} else if (to == from && broom->first == broom->to.index && broom->to.at - to->begin < to->end - broom->from.at) {
		size_t front = broom->to.at - to->begin;
		links_copy(chain, to->text + broom->from.at - front, to->text + to->begin, front);
		to->begin = broom->from.at - front;
	} else if (to == from) {
		size_t behind = to->end - broom->from.at;
		links_copy(chain, to->text + broom->to.at, to->text + broom->from.at, behind);
		if (broom->first < broom->to.index)
			to->begin = 0;
		to->end = broom->to.at + behind;
	} else {
		if (broom->first < broom->to.index)
			to->begin = 0;
		to->end = broom->to.at;
		from->begin = broom->from.at;
	}
	for (size_t index = broom->first; index < broom->to.index; index++) {
		if (index > broom->first)
			chain->list[index].begin = 0;
		chain->list[index].end = chain->segment;
	}
	links_close(chain, broom->to.index, broom->from.index);
}

void
broom_close(const struct broom *broom, struct chain *chain)
{
	if (broom->length > 0 || broom->fills)
		close_sweep(broom, chain);
}

void
broom_pack(struct chain *chain)
{
	const size_t floor = links_floor(chain);
	struct broom broom = { .to = { chain->first, floor }, .from = chain_at(chain, 0), .first = chain->first };

	move_up(&broom, chain, chain->used);
	chain->list[chain->first].begin = floor;
	close_sweep(&broom, chain);
}
