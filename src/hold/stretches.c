/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/mapped.h"
#include "hold/excess.h"
#include "hold/stretches.h"

#include <stdlib.h>
#include <string.h>

/* One of so many parts, but at least 1. */
static uint64_t
part_of(uint64_t all, unsigned parts)
{
	return all / parts > 0 ? all / parts : 1;
}

static void
set_sizes(struct stretches *stretches, const struct queue_limits *limits)
{
	struct tally *full = &stretches->full;

	full->bytes = part_of(limits->bytes, STRETCHES_FEW);
	if (full->bytes > STRETCHES_BYTES)
		full->bytes = STRETCHES_BYTES;
	if (full->bytes < limits->bytes / STRETCHES_PARTS)
		full->bytes = limits->bytes / STRETCHES_PARTS;
	full->records = part_of(limits->records, STRETCHES_FEW);
	stretches->most = STRETCHES_SPARE + 4 * (size_t)(limits->bytes / full->bytes);
}

static size_t
size_of_masses(const struct stretches *stretches)
{
	return stretches->most * stretches->levels * sizeof(stretches->masses[0]);
}

bool
stretches_begin(struct stretches *stretches, const struct queue_limits *limits, unsigned levels)
{
	*stretches = (struct stretches){ .count = 1, .levels = levels };
	set_sizes(stretches, limits);
	stretches->list = calloc(stretches->most, sizeof(stretches->list[0]));
	if (stretches->list == NULL)
		return false;
	stretches->masses = mapped_new(size_of_masses(stretches));
	if (stretches->masses == NULL) {
		stretches_end(stretches);
		return false;
	}
	mapped_prefer_huge(stretches->masses, size_of_masses(stretches));
	for (size_t i = 0; i < stretches->most; i++)
		stretches->list[i].mass = &stretches->masses[i * levels];
	return true;
}

void
stretches_end(struct stretches *stretches)
{
	if (stretches->masses != NULL)
		mapped_free(stretches->masses, size_of_masses(stretches));
	free(stretches->list);
	stretches->masses = NULL;
	stretches->list = NULL;
}

/* --- coming and going ------------------------------------------------------------------------------ */

static bool
fits(const struct stretches *stretches, const struct tally *one, const struct tally *other)
{
	return one->records == 0 || other->records == 0 ||
	    (one->bytes + other->bytes <= stretches->full.bytes && one->records + other->records <= stretches->full.records);
}

static struct stretch *
last_of(const struct stretches *stretches)
{
	return stretches_at(stretches, stretches->count - 1);
}

static void
open_another(struct stretches *stretches)
{
	if (stretches->count == stretches->most)
		return;
	stretches->count++;
	last_of(stretches)->all = (struct tally){ 0, 0 };
	stretches_renew(stretches, stretches->count - 1);
}

void
stretches_open(struct stretches *stretches)
{
	if (last_of(stretches)->all.records > 0)
		open_another(stretches);
	stretches->shrunk = true;
}

void
stretches_note(struct stretches *stretches, uint64_t length, uint64_t weight, unsigned level)
{
	const struct tally record = { 1, length };

	if (!fits(stretches, &last_of(stretches)->all, &record))
		open_another(stretches);
	ledger_count(&last_of(stretches)->all, 1, length);
	stretches_add(stretches, stretches->count - 1, weight, level);
}

void
stretches_leave(struct stretches *stretches, uint64_t records, uint64_t bytes)
{
	stretches->shrunk = true;
	while (records > 0) {
		struct tally *all = &stretches_at(stretches, 0)->all, here = *all;

		if (here.records > records)
			here = (struct tally){ records, bytes };
		tally_lessen(all, here.records, here.bytes);
		records -= here.records;
		bytes -= here.bytes;
		if (all->records > 0 || stretches->count == 1)
			return;
		stretches->first = stretches->first + 1 < stretches->most ? stretches->first + 1 : 0;
		stretches->count--;
	}
}

void
stretches_lessen(struct stretches *stretches, size_t index, uint64_t length)
{
	tally_lessen(&stretches_at(stretches, index)->all, 1, length);
	stretches->shrunk = true;
}

static void
add(struct stretch *stretch, unsigned level, uint64_t weight)
{
	const uint32_t most = UINT32_MAX - stretch->mass[level];
	const uint32_t more = weight < most ? (uint32_t)weight : most;

	stretch->mass[level] += more;
	stretch->masses += more;
}

static void
join(const struct stretches *stretches, struct stretch *one, const struct stretch *other)
{
	for (unsigned level = 0; level < stretches->levels; level++)
		add(one, level, other->mass[level]);
	ledger_count(&one->all, other->all.records, other->all.bytes);
}

void
stretches_join(struct stretches *stretches)
{
	size_t last = 0;

	if (!stretches->shrunk)
		return;
	if (stretches_at(stretches, 0)->all.records == 0)
		stretches_renew(stretches, 0);
	for (size_t i = 1; i < stretches->count; i++) {
		struct stretch *one = stretches_at(stretches, last), *other = stretches_at(stretches, i);

		if (fits(stretches, &one->all, &other->all)) {
			if (other->all.records > 0)
				join(stretches, one, other);
		} else if (++last < i) {
			const struct stretch stretch = *stretches_at(stretches, last); /* one that has been joined, whose masses are free */

			*stretches_at(stretches, last) = *other;
			*other = stretch;
		}
	}
	stretches->count = last + 1;
	stretches->shrunk = false;
}

/* --- what is where --------------------------------------------------------------------------------- */

size_t
stretches_find(const struct stretches *stretches, uint64_t offset)
{
	size_t index = 0;

	while (index + 1 < stretches->count && offset >= stretches_at(stretches, index)->all.bytes)
		offset -= stretches_at(stretches, index++)->all.bytes;
	return index;
}

struct tally
stretches_before(const struct stretches *stretches, size_t index)
{
	struct tally sum = { 0, 0 };

	for (size_t i = 0; i < index; i++)
		ledger_count(&sum, stretches_at(stretches, i)->all.records, stretches_at(stretches, i)->all.bytes);
	return sum;
}

uint64_t
stretches_mass(const struct stretches *stretches, size_t index, unsigned level)
{
	const uint32_t *mass = stretches_at(stretches, index)->mass;
	uint64_t sum = 0;

	if (level == 0 || stretches_at(stretches, index)->masses == 0)
		return stretches_at(stretches, index)->masses;
	for (level = level < stretches->levels ? level : stretches->levels - 1; level < stretches->levels; level++)
		sum += mass[level];
	return sum;
}

void
stretches_renew(struct stretches *stretches, size_t index)
{
	stretches_at(stretches, index)->masses = 0;
	memset(stretches_at(stretches, index)->mass, 0, stretches->levels * sizeof(stretches->masses[0]));
}

void
stretches_add(struct stretches *stretches, size_t index, uint64_t weight, unsigned level)
{
	struct stretch *stretch = stretches_at(stretches, index);

	add(stretch, level < stretches->levels ? level : stretches->levels - 1, weight);
}

struct tally
stretches_check(const struct stretches *stretches)
{
	struct tally sum = { 0, 0 };

	if (stretches->count == 0 || stretches->count > stretches->most || stretches->first >= stretches->most)
		abort();
	for (size_t i = 0; i < stretches->count; i++) {
		if ((stretches_at(stretches, i)->all.records == 0) != (stretches_at(stretches, i)->all.bytes == 0))
			abort();
		ledger_count(&sum, stretches_at(stretches, i)->all.records, stretches_at(stretches, i)->all.bytes);
	}
	return sum;
}
