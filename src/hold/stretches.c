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
	return stretches->classes * stretches->most * stretches->levels * sizeof(stretches->masses[0]);
}

bool
stretches_begin(struct stretches *stretches, const struct queue_limits *limits, unsigned levels, unsigned classes)
{
	*stretches = (struct stretches){ .count = 1, .levels = levels, .classes = classes };
	set_sizes(stretches, limits);
	stretches->list = calloc(stretches->most, sizeof(stretches->list[0]));
	stretches->sums = calloc(stretches->most * classes, sizeof(stretches->sums[0]));
	stretches->masses = mapped_new(size_of_masses(stretches));
	if (stretches->list == NULL || stretches->sums == NULL || stretches->masses == NULL) {
		stretches_end(stretches);
		return false;
	}
	mapped_prefer_huge(stretches->masses, size_of_masses(stretches));
	for (size_t i = 0; i < stretches->most; i++)
		stretches->list[i].slot = i;
	return true;
}

void
stretches_end(struct stretches *stretches)
{
	if (stretches->masses != NULL)
		mapped_free(stretches->masses, size_of_masses(stretches));
	free(stretches->sums);
	free(stretches->list);
	*stretches = (struct stretches){ 0 };
}

/* --- masses ---------------------------------------------------------------------------------------- */

static uint64_t *
sum_of(const struct stretches *stretches, size_t index, unsigned class)
{
	return &stretches->sums[stretches_at(stretches, index)->slot * stretches->classes + class];
}

static uint32_t *
masses_of(const struct stretches *stretches, size_t index, unsigned class)
{
	return &stretches->masses[(class * stretches->most + stretches_at(stretches, index)->slot) * stretches->levels];
}

static unsigned
known_level(const struct stretches *stretches, unsigned level)
{
	return level < stretches->levels ? level : stretches->levels - 1;
}

uint64_t
stretches_mass(const struct stretches *stretches, size_t index, unsigned class, unsigned level)
{
	const uint64_t all = *sum_of(stretches, index, class);
	const uint32_t *masses = masses_of(stretches, index, class);
	uint64_t sum = 0;

	if (level == 0 || all == 0)
		return all;
	for (level = known_level(stretches, level); level < stretches->levels; level++)
		sum += masses[level];
	return sum;
}

/* Memory is not touched where nothing was. */
void
stretches_renew(struct stretches *stretches, size_t index, unsigned class)
{
	uint64_t *sum = sum_of(stretches, index, class);

	if (*sum > 0)
		memset(masses_of(stretches, index, class), 0, stretches->levels * sizeof(stretches->masses[0]));
	*sum = 0;
}

void
stretches_add(struct stretches *stretches, size_t index, uint64_t weight, unsigned class, unsigned level)
{
	uint32_t *mass = &masses_of(stretches, index, class)[known_level(stretches, level)];
	const uint32_t more = weight < UINT32_MAX - *mass ? (uint32_t)weight : UINT32_MAX - *mass;

	*mass += more;
	*sum_of(stretches, index, class) += more;
}

static void
renew_all(struct stretches *stretches, size_t index)
{
	for (unsigned class = 0; class < stretches->classes; class++)
		stretches_renew(stretches, index, class);
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
	renew_all(stretches, stretches->count - 1);
}

void
stretches_open(struct stretches *stretches)
{
	if (last_of(stretches)->all.records > 0)
		open_another(stretches);
	stretches->shrunk = true;
}

void
stretches_note(struct stretches *stretches, uint64_t length, uint64_t weight, unsigned class, unsigned level)
{
	const struct tally record = { 1, length };

	if (!fits(stretches, &last_of(stretches)->all, &record))
		open_another(stretches);
	ledger_count(&last_of(stretches)->all, 1, length);
	stretches_add(stretches, stretches->count - 1, weight, class, level);
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
join(struct stretches *stretches, size_t index, size_t other)
{
	const struct tally all = stretches_at(stretches, other)->all;

	for (unsigned class = 0; class < stretches->classes; class++)
		for (unsigned level = 0; *sum_of(stretches, other, class) > 0 && level < stretches->levels; level++)
			stretches_add(stretches, index, masses_of(stretches, other, class)[level], class, level);
	ledger_count(&stretches_at(stretches, index)->all, all.records, all.bytes);
}

void
stretches_join(struct stretches *stretches)
{
	size_t last = 0;

	if (!stretches->shrunk)
		return;
	if (stretches_at(stretches, 0)->all.records == 0)
		renew_all(stretches, 0);
	for (size_t i = 1; i < stretches->count; i++) {
		struct stretch *one = stretches_at(stretches, last), *other = stretches_at(stretches, i);

		if (fits(stretches, &one->all, &other->all)) {
			if (other->all.records > 0)
				join(stretches, last, i);
		} else if (++last < i) {
			const struct stretch free_one = *stretches_at(stretches, last); /* it has been joined */

			*stretches_at(stretches, last) = *other;
			*other = free_one;
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
