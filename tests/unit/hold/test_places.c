/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Places against a plain array of numbers, all of which are always right.
 */
#include "../tap.h"

#include "../random.h"
#include "hold/places.h"

#define PLACES_MOST 64
#define NUMBERS 100

/* The model: in order. */
static struct plain {
	uint64_t at;
	struct place *place;
} plain[PLACES_MOST + 1];
static unsigned count;

static struct places places;
static struct place pool[PLACES_MOST], *spare[PLACES_MOST];
static unsigned spares;

static void
begin(void)
{
	places_init(&places);
	count = 0;
	spares = PLACES_MOST;
	for (unsigned i = 0; i < PLACES_MOST; i++)
		spare[i] = &pool[i];
}

static void
plain_take(unsigned i)
{
	memmove(plain + i, plain + i + 1, (--count - i) * sizeof(plain[0]));
}

static void
plain_put(unsigned i, struct place *place, uint64_t at)
{
	memmove(plain + i + 1, plain + i, (count++ - i) * sizeof(plain[0]));
	plain[i] = (struct plain){ at, place };
}

/* Those that a drop swallows, in their order; then what is behind closes up. */
static bool
drop(uint64_t at, uint64_t removed, bool put)
{
	struct place *place;
	unsigned here = 0;

	while (here < count && plain[here].at < at)
		here++;
	places_seek(&places, at);
	while ((place = places_take(&places, at, removed)) != NULL) {
		if (here == count || plain[here].place != place || plain[here].at > at + removed)
			return false;
		spare[spares++] = place;
		plain_take(here);
	}
	if (here < count && plain[here].at <= at + removed)
		return false;
	places_close_up(&places, removed);
	for (unsigned i = here; i < count; i++)
		plain[i].at -= removed;
	if (put && spares > 0) {
		place = spare[--spares];
		places_put(&places, place, at);
		plain_put(here, place, at);
		return place->at == at;
	}
	place = places_before_hand(&places);
	if (count == 0)
		return place == NULL;
	here = here > 0 ? here - 1 : 0;
	return place == plain[here].place && place->at == plain[here].at;
}

static bool
first_is_right(void)
{
	const struct place *first = places_first(&places);

	if (count == 0)
		return first == NULL;
	return first == plain[0].place && first->at == plain[0].at;
}

static void
pop(void)
{
	spare[spares++] = plain[0].place;
	places_pop(&places);
	plain_take(0);
}

static bool
step(struct random *random)
{
	uint64_t at = random_below(random, NUMBERS);

	switch (random_below(random, 5)) {
	case 0:
		if (count > 0)
			pop();
		return true;
	case 1:
		if (spares > 0 && (count == 0 || at < plain[0].at)) {
			struct place *place = spare[--spares];

			places_push(&places, place, at);
			plain_put(0, place, at);
		}
		return true;
	case 2: /* a sweep */
		for (; at < NUMBERS; at += random_below(random, 20))
			if (!drop(at, random_below(random, 4), !random_one_in(random, 5)))
				return false;
		return true;
	default:
		return drop(at, random_one_in(random, 2) ? 0 : random_below(random, 10), !random_one_in(random, 5));
	}
}

static bool
agree(uint64_t seed)
{
	struct random random = { seed };

	begin();
	for (int i = 0; i < 200; i++)
		if (!step(&random) || !first_is_right())
			return false;
	for (; count > 0; pop())
		if (!first_is_right())
			return false;
	return first_is_right();
}

static void
any_order(void)
{
	bool good = true;

	for (uint64_t seed = 1; seed <= 5000 && good; seed++)
		if (!(good = agree(seed)))
			diag("seed %" PRIu64, seed);
	ok(good, "whatever is dropped where, each place is where it should be when it is the first");
}

static void
by_example(void)
{
	begin();
	ok(places_first(&places) == NULL && places_before_hand(&places) == NULL, "at first there is none");
	ok(drop(7, 0, true) && drop(3, 0, true) && drop(20, 0, true), "places are put anywhere,");
	ok(drop(0, 2, true) && first_is_right(), "and closed up by what is dropped in front of them");
	ok(drop(1, 4, true) && count == 3, "a place at either end of what is dropped goes with it");
	ok(drop(0, 0, false) && places_first(&places)->at == 1, "where none is in front of the hand it goes on by one");
}

int
main(void)
{
	by_example();
	any_order();
	return done_testing();
}
