/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/gaps.h"
#include "hold/places.h"

#include <stdbool.h>
#include <stdlib.h>

/* gap.at is a copy of the place's number: that of the first is right. */
struct node {
	struct place place;
	struct gap gap;
};

struct gaps {
	struct places places;
	struct node *spare; /* used and let go, linked by `behind` of their places: the last is the first to be used again */
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
		places_init(&gaps->places);
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

static struct node *
node_of(struct place *place)
{
	return (struct node *)(void *)place;
}

static bool
is_full(const struct gaps *gaps)
{
	return gaps->spare == NULL && gaps->left == 0;
}

/* Of one that is not full. */
static struct node *
take_spare(struct gaps *gaps)
{
	struct node *node = gaps->spare;

	if (node == NULL)
		return &gaps->pool[gaps->most - gaps->left--];
	gaps->spare = node->place.behind != NULL ? node_of(node->place.behind) : NULL;
	return node;
}

static void
let_go(struct gaps *gaps, struct node *node)
{
	node->place.behind = gaps->spare != NULL ? &gaps->spare->place : NULL;
	gaps->spare = node;
}

/* --- gaps --------------------------------------------------------------------------------------- */

const struct gap *
gaps_first(const struct gaps *gaps)
{
	struct place *first = gaps != NULL ? places_first(&gaps->places) : NULL;

	if (first == NULL)
		return NULL;
	node_of(first)->gap.at = first->at;
	return &node_of(first)->gap;
}

void
gaps_pop(struct gaps *gaps)
{
	struct node *first = node_of(places_first(&gaps->places));

	places_pop(&gaps->places);
	let_go(gaps, first);
}

static struct gap
gap_of(uint64_t at, const struct lost *lost)
{
	struct gap gap = { at, { lost->records, lost->bytes }, { 0 }, lost->now_ns, lost->now_ns, lost->since_ns, lost->due_ns };

	gap.by[lost->reason] = lost->records;
	return gap;
}

static bool
is_nothing(const struct gap *gap)
{
	return gap->sum.records == 0 && gap->sum.bytes == 0;
}

/* Adds what an older gap has. */
static void
merge(struct gap *newer, const struct gap *older)
{
	if (is_nothing(newer)) {
		const uint64_t at = newer->at;

		*newer = *older;
		newer->at = at;
		return;
	}
	ledger_count(&newer->sum, older->sum.records, older->sum.bytes);
	for (int i = 0; i < REASONS; i++)
		newer->by[i] += older->by[i];
	if (newer->first_ns > older->first_ns)
		newer->first_ns = older->first_ns;
	if (newer->since_ns > older->since_ns)
		newer->since_ns = older->since_ns;
	if (newer->last_ns < older->last_ns)
		newer->last_ns = older->last_ns;
	if (newer->due_ns > older->due_ns)
		newer->due_ns = older->due_ns;
}

void
gaps_drop_oldest(struct gaps *gaps, uint64_t first, const struct lost *lost)
{
	struct gap gap = gap_of(first, lost);
	const struct gap *oldest;
	struct node *node;

	while ((oldest = gaps_first(gaps)) != NULL && oldest->at <= first) {
		merge(&gap, oldest);
		gaps_pop(gaps);
	}
	if (is_nothing(&gap))
		return;
	if (is_full(gaps)) {
		merge(&gap, oldest); /* all are behind it: the first of them comes early */
		gaps_pop(gaps);
	}
	node = take_spare(gaps);
	node->gap = gap;
	places_push(&gaps->places, &node->place, first);
}

/* What is dropped where something has been just before, as arrivals are one after the other. */
static void
add(struct gap *gap, const struct lost *lost)
{
	if (lost->records == 0 && lost->bytes == 0)
		return;
	ledger_count(&gap->sum, lost->records, lost->bytes);
	gap->by[lost->reason] += lost->records;
	gap->last_ns = lost->now_ns;
	if (gap->since_ns > lost->since_ns)
		gap->since_ns = lost->since_ns;
	if (gap->due_ns > lost->due_ns)
		gap->due_ns = lost->due_ns;
}

void
gaps_drop_at(struct gaps *gaps, uint64_t at, uint64_t removed, const struct lost *lost)
{
	struct places *places = &gaps->places;
	struct place *place = removed == 0 ? places_just_put(places, at) : NULL;
	struct gap gap;
	struct node *node;

	if (place != NULL) {
		add(&node_of(place)->gap, lost);
		return;
	}
	gap = gap_of(at, lost);
	places_seek(places, at);
	while ((place = places_take(places, at, removed)) != NULL) {
		merge(&gap, &node_of(place)->gap);
		let_go(gaps, node_of(place));
	}
	places_close_up(places, removed);
	if (is_nothing(&gap)) {
		(void)places_before_hand(places); /* the first has its number right */
		return;
	}
	if (is_full(gaps)) {
		/* the one before it takes it in, or the one behind it */
		node = node_of(places_before_hand(places));
		merge(&gap, &node->gap);
	} else {
		node = take_spare(gaps);
		places_put(places, &node->place, at);
	}
	node->gap = gap;
}
