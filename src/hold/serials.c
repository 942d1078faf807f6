/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/serials.h"

#include <stddef.h>
#include <stdlib.h>

/* So many records are missing at its place. */
struct serials_run {
	struct place place;
	uint64_t missing;
};

void
serials_init(struct serials *serials)
{
	*serials = (struct serials){ .spare = NULL };
	places_init(&serials->places);
}

void
serials_begin(struct serials *serials, uint64_t serial)
{
	serials->gone = serial - 1;
}

void
serials_let_first(struct serials *serials, uint64_t records)
{
	serials->before = serials->left + records;
}

static struct serials_run *
run_of(struct place *place)
{
	return (struct serials_run *)(void *)place;
}

void
serials_free(struct serials *serials)
{
	struct place *place;

	while (serials->spare != NULL) {
		place = serials->spare->place.behind;
		free(serials->spare);
		serials->spare = place != NULL ? run_of(place) : NULL;
	}
	while ((place = places_first(&serials->places)) != NULL) {
		places_pop(&serials->places);
		free(run_of(place));
	}
}

/* NULL where there is no memory. */
static struct serials_run *
take_spare(struct serials *serials)
{
	struct serials_run *run = serials->spare;

	if (run == NULL)
		return malloc(sizeof(*run));
	serials->spare = run->place.behind != NULL ? run_of(run->place.behind) : NULL;
	return run;
}

static void
let_go(struct serials *serials, struct serials_run *run)
{
	run->place.behind = serials->spare != NULL ? &serials->spare->place : NULL;
	serials->spare = run;
}

/* What is missing in front of the next record is gone. */
static void
pass(struct serials *serials)
{
	struct place *first;

	while ((first = places_first(&serials->places)) != NULL && first->at <= serials->left) {
		serials->gone += run_of(first)->missing;
		places_pop(&serials->places);
		let_go(serials, run_of(first));
	}
}

void
serials_drop_oldest(struct serials *serials, uint64_t first)
{
	if (serials == NULL || serials->left < serials->before)
		return;
	serials->left = first; /* no number closes up: they had theirs */
	pass(serials);
}

void
serials_drop_at(struct serials *serials, uint64_t at, uint64_t removed, uint64_t missing)
{
	struct place *place;
	struct serials_run *run;

	if (serials == NULL || missing == 0)
		return;
	places_seek(&serials->places, at);
	while ((place = places_take(&serials->places, at, removed)) != NULL) {
		missing += run_of(place)->missing;
		let_go(serials, run_of(place));
	}
	places_close_up(&serials->places, removed);
	if ((run = take_spare(serials)) != NULL) {
		run->missing = missing;
		places_put(&serials->places, &run->place, at);
	} else if ((place = places_before_hand(&serials->places)) != NULL && place->at < at) {
		run_of(place)->missing += missing;
	} else {
		serials->gone += missing;
	}
	pass(serials);
}

uint64_t
serials_next(const struct serials *serials)
{
	return serials != NULL ? serials->left + serials->gone + 1 : 0;
}

uint64_t
serials_leave(struct serials *serials)
{
	uint64_t serial = serials_next(serials);

	if (serials != NULL) {
		serials->left++;
		pass(serials);
	}
	return serial;
}

uint64_t
serials_run(const struct serials *serials)
{
	const struct place *first = places_first(&serials->places);

	return first != NULL ? first->at - serials->left : UINT64_MAX;
}

uint64_t
serials_look(struct serials *serials, uint64_t records, struct serials_gap *gap, unsigned most, unsigned *gaps)
{
	struct place *place;

	*gaps = 0;
	places_seek(&serials->places, UINT64_MAX); /* all numbers are right */
	for (place = places_first(&serials->places); place != NULL && place->at < serials->left + records;
	    place = places_behind(&serials->places, place)) {
		const uint64_t at = place->at - serials->left;

		if (*gaps == most)
			return at;
		gap[(*gaps)++] = (struct serials_gap){ at, run_of(place)->missing };
	}
	return records;
}

void
serials_leave_all(struct serials *serials, uint64_t records)
{
	serials->left += records;
	pass(serials);
}
