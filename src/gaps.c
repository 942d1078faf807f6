/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "gaps.h"

#include <stdlib.h>

/* A ring, in the order of their numbers, no two of which are equal. */
struct gaps {
	size_t most;
	uint64_t out; /* free-running cursors; both 0 when it is empty, so that little memory is touched */
	uint64_t in;
	struct gap gap[];
};

struct gaps *
gaps_new(size_t most)
{
	struct gaps *gaps = calloc(1, sizeof(*gaps) + most * sizeof(gaps->gap[0]));

	if (gaps != NULL)
		gaps->most = most;
	return gaps;
}

void
gaps_free(struct gaps *gaps)
{
	free(gaps);
}

static struct gap *
gap_at(struct gaps *gaps, uint64_t cursor)
{
	return &gaps->gap[cursor % gaps->most];
}

const struct gap *
gaps_first(const struct gaps *gaps)
{
	return gaps != NULL && gaps->in > gaps->out ? &gaps->gap[gaps->out % gaps->most] : NULL;
}

void
gaps_pop(struct gaps *gaps)
{
	if (++gaps->out == gaps->in)
		gaps->out = gaps->in = 0;
}

static struct gap
gap_of(uint64_t at, const struct lost *lost)
{
	struct gap gap = { at, { lost->records, lost->bytes }, { 0 }, lost->now_ns, lost->now_ns };

	gap.by[lost->reason] = lost->records;
	return gap;
}

/* Adds what an older gap has (the newer one's times are the later ones). */
static void
merge(struct gap *newer, const struct gap *older)
{
	ledger_count(&newer->sum, older->sum.records, older->sum.bytes);
	for (int i = 0; i < REASONS; i++)
		newer->by[i] += older->by[i];
	if (newer->first_ns > older->first_ns)
		newer->first_ns = older->first_ns;
}

void
gaps_drop_oldest(struct gaps *gaps, uint64_t first, const struct lost *lost)
{
	struct gap gap = gap_of(first, lost);

	while (gaps->in > gaps->out && gap_at(gaps, gaps->out)->at <= first)
		merge(&gap, gap_at(gaps, gaps->out++));
	if (gaps->in - gaps->out == gaps->most) {
		merge(&gap, gap_at(gaps, gaps->out)); /* all are behind it: the first of them comes early */
		gaps->out++;
	}
	if (gaps->out == 0) { /* no cursor below 0 */
		gaps->out += gaps->most;
		gaps->in += gaps->most;
	}
	*gap_at(gaps, --gaps->out) = gap;
}

void
gaps_drop_at(struct gaps *gaps, uint64_t at, uint64_t removed, const struct lost *lost)
{
	struct gap gap = gap_of(at, lost);
	uint64_t here = gaps->in; /* where the gap belongs */
	uint64_t behind, to;

	while (here > gaps->out && gap_at(gaps, here - 1)->at >= at)
		here--;
	for (behind = here; behind < gaps->in && gap_at(gaps, behind)->at <= at + removed; behind++)
		merge(&gap, gap_at(gaps, behind));
	if (behind == here && gaps->in - gaps->out == gaps->most) {
		/* no room for one more: the one before it takes it in, or the one behind it */
		struct gap *neighbour = gap_at(gaps, here > gaps->out ? here - 1 : here);
		gap.at = neighbour->at - (here > gaps->out ? 0 : removed);
		merge(&gap, neighbour);
		*neighbour = gap;
		to = here > gaps->out ? here : here + 1;
		behind = to;
	} else if (behind == here) {
		for (uint64_t i = gaps->in++; i > here; i--)
			*gap_at(gaps, i) = *gap_at(gaps, i - 1);
		*gap_at(gaps, here) = gap;
		to = behind = here + 1;
	} else {
		*gap_at(gaps, here) = gap;
		to = here + 1;
	}
	while (behind < gaps->in) {
		*gap_at(gaps, to) = *gap_at(gaps, behind++);
		gap_at(gaps, to++)->at -= removed;
	}
	gaps->in = to;
}
