/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/links.h"

#include <string.h>

size_t
links_floor(const struct chain *chain)
{
	return chain->shared ? links_last_apart(chain)->end : 0;
}

void
links_empty(const struct chain *chain, struct chain_segment *segment)
{
	segment->begin = segment->end = segment == &chain->list[chain->first] ? links_floor(chain) : 0;
}

void
links_let_go(struct chain *chain, const struct chain_segment *segment)
{
	if (chain->shared && segment->text == links_last_apart(chain)->text)
		chain->shared = false;
	else
		slots_give_back(chain->slots, segment->text);
}

void
links_unprepare(struct chain *chain)
{
	while (chain->prepared > 0)
		slots_give_back(chain->slots, chain->list[chain->first + chain->count + --chain->prepared].text);
}

void
links_move(struct chain *chain, size_t to, size_t from)
{
	memmove(chain->list + to, chain->list + from,
	    (chain->first + chain->count + chain->prepared - from) * sizeof(chain->list[0]));
}

/* A segment and the one behind it become one where they fit into one. */
static void
join(struct chain *chain, size_t index)
{
	struct chain_segment *one, *other;

	if (index - chain->first >= chain->count - 1)
		return; /* the first wraps below it */
	one = &chain->list[index];
	other = one + 1;
	if (links_held(one) + links_held(other) > chain->segment)
		return;
	if (one->end + links_held(other) > chain->segment) {
		if (chain->shared && index == chain->first)
			return; /* what is in front of it is set apart */
		links_copy(chain, one->text, one->text + one->begin, links_held(one));
		one->end = links_held(one);
		one->begin = 0;
	}
	links_copy(chain, one->text + one->end, other->text + other->begin, links_held(other));
	one->end += links_held(other);
	slots_give_back(chain->slots, other->text);
	links_move(chain, index + 1, index + 2);
	chain->count--;
}

void
links_close(struct chain *chain, size_t to, size_t from)
{
	size_t keep = to + (links_held(&chain->list[to]) > 0);
	size_t behind = to == from ? to + 1 : from + (links_held(&chain->list[from]) == 0);
	size_t gone;

	if (behind < keep)
		behind = keep;
	gone = behind - keep;
	if (gone == chain->count) {
		links_empty(chain, &chain->list[keep]);
		keep++;
		gone--;
	}
	for (size_t index = keep; index < behind; index++)
		links_let_go(chain, &chain->list[index]);
	if (keep - chain->first < chain->first + chain->count - behind) {
		memmove(chain->list + chain->first + gone, chain->list + chain->first,
		    (keep - chain->first) * sizeof(chain->list[0]));
		chain->first += gone;
		keep += gone;
	} else {
		links_move(chain, keep, behind);
	}
	chain->count -= gone;
	join(chain, keep);
	join(chain, keep - 1);
	join(chain, keep - 2);
}
