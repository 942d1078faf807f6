/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * places: a list of places between records that are held, each with the number of the record behind it.
 *
 * Records have numbers: the oldest in the buffer has queue_first(), the next one that number and one.  Where some are
 * dropped the numbers of all behind them close up.  No two places are equal.
 *
 * The list has a hand in it where it was changed last: those behind the hand have the numbers that they had when it
 * passed them, and are put right when it comes by again.  Where the hand does not go nothing is touched: a sweep costs
 * as much as there are places and drops, one at the end costs nothing.
 *
 * Owns no memory: a place is embedded in what its owner knows of it.  Nothing here can fail.
 */
#ifndef WEIR_PLACES_H
#define WEIR_PLACES_H

#include <stdint.h>

struct place {
	uint64_t at; /* right for the first, and up to the hand */
	struct place *before;
	struct place *behind;
};

struct places {
	struct place end;   /* before the first and behind the last: the list is a ring */
	struct place *hand; /* from here on numbers are too great by `removed`; never the first, but in an empty list */
	uint64_t removed;
};

void places_init(struct places *places);

/* The first, or NULL; it is taken out. */
struct place *places_first(const struct places *places);
void places_pop(struct places *places);

/* The one behind it, or NULL; its number is right where the hand has passed (places_seek). */
struct place *places_behind(const struct places *places, const struct place *place);

/* A place in front of all others, of a lesser number than theirs. */
void places_push(struct places *places, struct place *place, uint64_t at);

/* The hand goes to this number: then takes out, one after the other, the places from `at` to `at + removed` (NULL when
 * there is none any more), whose records are not there any more, or are about to be not. */
void places_seek(struct places *places, uint64_t at);
struct place *places_take(struct places *places, uint64_t at, uint64_t removed);

/* And then: so many records are gone there, and those behind have closed up; a place is put where the hand is; the one
 * in front of the hand, after it has gone on by one if there is none (NULL: there is none at all). */
void places_close_up(struct places *places, uint64_t removed);
void places_put(struct places *places, struct place *place, uint64_t at);
struct place *places_before_hand(struct places *places);

/* The one that was put last, if it is still in front of the hand and has this number; or NULL. */
struct place *places_just_put(const struct places *places, uint64_t at);

#endif
