/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/places.h"

#include <stddef.h>

void
places_init(struct places *places)
{
	struct place *end = &places->end;

	end->before = end->behind = places->hand = end;
	end->at = 0;
	places->removed = 0;
}

static void
insert(struct place *behind, struct place *place, uint64_t at)
{
	*place = (struct place){ at, behind->before, behind };
	place->before->behind = behind->before = place;
}

static void
take_out(struct place *place)
{
	place->before->behind = place->behind;
	place->behind->before = place->before;
}

static void
step_back(struct places *places)
{
	places->hand = places->hand->before;
	places->hand->at += places->removed;
}

static void
step_on(struct places *places)
{
	places->hand->at -= places->removed;
	places->hand = places->hand->behind;
}

struct place *
places_first(const struct places *places)
{
	return places->end.behind != &places->end ? places->end.behind : NULL;
}

struct place *
places_behind(const struct places *places, const struct place *place)
{
	return place->behind != &places->end ? place->behind : NULL;
}

void
places_pop(struct places *places)
{
	take_out(places->end.behind);
	if (places->hand == places->end.behind && places->hand != &places->end)
		step_on(places);
}

void
places_push(struct places *places, struct place *place, uint64_t at)
{
	insert(places->end.behind, place, at);
}

void
places_seek(struct places *places, uint64_t at)
{
	const struct place *const end = &places->end;

	while (places->hand->before != end && places->hand->before->at >= at)
		step_back(places);
	while (places->hand != end && places->hand->at - places->removed < at)
		step_on(places);
}

struct place *
places_take(struct places *places, uint64_t at, uint64_t removed)
{
	struct place *place = places->hand;

	if (place == &places->end || place->at - places->removed > at + removed)
		return NULL;
	places->hand = place->behind;
	take_out(place);
	return place;
}

void
places_close_up(struct places *places, uint64_t removed)
{
	places->removed += removed;
}

void
places_put(struct places *places, struct place *place, uint64_t at)
{
	insert(places->hand, place, at);
}

struct place *
places_before_hand(struct places *places)
{
	if (places->hand->before == &places->end && places->hand != &places->end)
		step_on(places);
	return places->hand->before != &places->end ? places->hand->before : NULL;
}

struct place *
places_just_put(const struct places *places, uint64_t at)
{
	struct place *place = places->hand->before;

	return place != &places->end && place->at == at ? place : NULL;
}
