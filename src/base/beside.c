/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Of two chains that have their memory in common: bytes go from one to the other.
 */
#include "config.h"

#include "base/chain.h"
#include "base/links.h"

#include <string.h>

/* What is behind `length` bytes is copied into the only segment of another, which is empty. */
static void
copy_rest(const struct chain *chain, size_t length, struct chain_segment *only)
{
	struct chain_place place = chain_at(chain, length);

	only->begin = only->end = 0;
	for (size_t left = chain->used - length; left > 0;) {
		const struct iovec piece = chain_next(chain, &place, left);

		links_copy(chain, only->text + only->end, piece.iov_base, piece.iov_len);
		only->end += piece.iov_len;
		left -= piece.iov_len;
	}
}

/* Of its segments those in which the first `length` bytes are go into the list of another; how many there are. */
static size_t
hand_over(struct chain *chain, size_t length, struct chain_segment *list)
{
	size_t count = 0;

	for (; length > 0; count++) {
		struct chain_segment *segment = &list[count];

		*segment = chain->list[chain->first + count];
		if (links_held(segment) > length)
			segment->end = segment->begin + length;
		length -= links_held(segment);
	}
	return count;
}

bool
chain_move(struct chain *chain, struct chain *to, size_t length)
{
	struct chain_segment only = to->list[to->first];
	size_t moved;

	if (length == 0 || to->used > 0 || to->apart_count > 0 || chain->apart_count > 0 || chain->used - length > chain->segment ||
	    chain->count > to->list_size)
		return false;
	links_unprepare(chain);
	links_unprepare(to);
	copy_rest(chain, length, &only);
	moved = hand_over(chain, length, to->list);
	for (size_t i = moved; i < chain->count; i++)
		slots_give_back(chain->slots, chain->list[chain->first + i].text);
	to->first = 0;
	to->count = moved;
	to->used = length;
	chain->list[0] = only;
	chain->first = 0;
	chain->count = 1;
	chain->used -= length;
	return true;
}
