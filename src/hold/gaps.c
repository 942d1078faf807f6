/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A list in the order of their numbers, no two of which are equal, with a hand in it where the last gap was made.
 * What is dropped there changes the numbers of all that are behind; so those behind the hand have the numbers that
 * they had when it passed them, and are put right when it comes by again.  Where the hand does not go, nothing is
 * touched: a sweep costs as much as there are gaps and drops, one at the end costs nothing.
 */
#include "config.h"

#include "hold/gaps.h"

#include <stdbool.h>
#include <stdlib.h>

struct node {
	struct gap gap;
	struct node *before;
	struct node *behind;
};

struct gaps {
	struct node end;   /* before the first and behind the last: the list is a ring */
	struct node *hand; /* from here on numbers are too great by `removed`; never the first */
	uint64_t removed;
	struct node *spare; /* used and let go, linked by `behind`: the last is the first to be used again */
	size_t left;        /* never used, at the end of the pool */
	size_t most;
	struct node pool[];
};

size_t
gaps_in(size_t bytes)
{
	return (bytes - sizeof(struct gaps)) / sizeof(struct node);
}

struct gaps *
gaps_new(size_t most)
{
	struct gaps *gaps = calloc(1, sizeof(*gaps) + most * sizeof(gaps->pool[0]));

	if (gaps != NULL) {
		gaps->end.before = gaps->end.behind = gaps->hand = &gaps->end;
		gaps->left = gaps->most = most;
	}
	return gaps;
}

void
gaps_free(struct gaps *gaps)
{
	free(gaps);
}

/* --- the list ----------------------------------------------------------------------------------- */

static bool
is_full(const struct gaps *gaps)
{
	return gaps->spare == NULL && gaps->left == 0;
}

static void
insert(struct gaps *gaps, struct node *behind, const struct gap *gap)
{
	struct node *node = gaps->spare;

	if (node != NULL)
		gaps->spare = node->behind;
	else
		node = &gaps->pool[gaps->most - gaps->left--];
	*node = (struct node){ *gap, behind->before, behind };
	node->before->behind = behind->before = node;
}

static void
let_go(struct gaps *gaps, struct node *node)
{
	node->before->behind = node->behind;
	node->behind->before = node->before;
	node->behind = gaps->spare;
	gaps->spare = node;
}

static void
step_back(struct gaps *gaps)
{
	gaps->hand = gaps->hand->before;
	gaps->hand->gap.at += gaps->removed;
}

static void
step_on(struct gaps *gaps)
{
	gaps->hand->gap.at -= gaps->removed;
	gaps->hand = gaps->hand->behind;
}

/* --- gaps --------------------------------------------------------------------------------------- */

const struct gap *
gaps_first(const struct gaps *gaps)
{
	return gaps != NULL && gaps->end.behind != &gaps->end ? &gaps->end.behind->gap : NULL;
}

void
gaps_pop(struct gaps *gaps)
{
	let_go(gaps, gaps->end.behind);
	if (gaps->hand == gaps->end.behind && gaps->hand != &gaps->end)
		step_on(gaps);
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
	const struct gap *oldest;

	while ((oldest = gaps_first(gaps)) != NULL && oldest->at <= first) {
		merge(&gap, oldest);
		gaps_pop(gaps);
	}
	if (is_full(gaps)) {
		merge(&gap, oldest); /* all are behind it: the first of them comes early */
		gaps_pop(gaps);
	}
	insert(gaps, gaps->end.behind, &gap);
}

void
gaps_drop_at(struct gaps *gaps, uint64_t at, uint64_t removed, const struct lost *lost)
{
	struct gap gap = gap_of(at, lost);
	struct node *const end = &gaps->end;

	while (gaps->hand->before != end && gaps->hand->before->gap.at >= at)
		step_back(gaps);
	while (gaps->hand != end && gaps->hand->gap.at - gaps->removed < at)
		step_on(gaps);
	while (gaps->hand != end && gaps->hand->gap.at - gaps->removed <= at + removed) {
		struct node *gone = gaps->hand;
		merge(&gap, &gone->gap);
		gaps->hand = gone->behind;
		let_go(gaps, gone);
	}
	gaps->removed += removed;
	if (is_full(gaps)) {
		/* the one before it takes it in, or the one behind it */
		if (gaps->hand->before == end)
			step_on(gaps);
		gap.at = gaps->hand->before->gap.at;
		merge(&gap, &gaps->hand->before->gap);
		gaps->hand->before->gap = gap;
	} else {
		insert(gaps, gaps->hand, &gap);
	}
}
