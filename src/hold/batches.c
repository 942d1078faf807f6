/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/batches.h"
#include "pick/newest.h"

#include <stdlib.h>
#include <string.h>

/* As many of those that there may be are left, 1 in this, where neighbours become one. */
#define SPARED 4

/* One of so many parts, but at least 1. */
static uint64_t
part_of(uint64_t all, unsigned parts)
{
	return all / parts > 0 ? all / parts : 1;
}

static void
set_sizes(struct batches *batches, const struct queue_limits *limits)
{
	struct tally *full = &batches->full;

	full->bytes = part_of(limits->bytes, BATCHES_FEW);
	if (full->bytes > BATCHES_BYTES)
		full->bytes = BATCHES_BYTES;
	if (full->bytes < limits->bytes / BATCHES_PARTS)
		full->bytes = limits->bytes / BATCHES_PARTS;
	full->records = part_of(limits->records, BATCHES_FEW);
	if (full->records > NEWEST_COUNT_MOST)
		full->records = NEWEST_COUNT_MOST;
	batches->most = BATCHES_SPARE + 4 * (size_t)(limits->bytes / full->bytes);
}

bool
batches_begin(struct batches *batches, const struct queue_limits *limits)
{
	*batches = (struct batches){ 0 };
	set_sizes(batches, limits);
	batches->list = calloc(2 * batches->most, sizeof(batches->list[0]));
	if (batches->list == NULL)
		return false;
	batches_open(batches);
	return true;
}

void
batches_end(struct batches *batches)
{
	free(batches->list);
	batches->list = NULL;
}

/* The list has room for twice as many, so that they move to its front seldom. */
void
batches_open(struct batches *batches)
{
	if (batches->first + batches->count == 2 * batches->most) {
		memmove(batches->list, batches_at(batches, 0), batches->count * sizeof(batches->list[0]));
		batches->first = 0;
	}
	batches->count++;
	*batches_last(batches) = (struct batch){ .number = ++batches->number };
}

void
batches_close(struct batches *batches, size_t index)
{
	batches->count--;
	if (index == 0) {
		batches->first++;
		batches->broken = false;
	} else {
		memmove(batches_at(batches, index), batches_at(batches, index + 1),
		    (batches->count - index) * sizeof(batches->list[0]));
	}
	if (batches->count == 0)
		batches_open(batches);
}

uint32_t
batches_live(struct batches *batches)
{
	return batches_at(batches, 0)->number + batches->broken;
}

/* Behind it there are no more than there are numbers up to the last: most often as many. */
struct batch *
batches_numbered(struct batches *batches, uint32_t number)
{
	size_t to = batches->count - 1, behind = batches_last(batches)->number - number;
	size_t from = behind < to ? to - behind : 0; /* it is one of these */

	if (batches_at(batches, from)->number == number)
		return batches_at(batches, from);
	while (from < to) {
		size_t middle = from + (to - from + 1) / 2;

		if (batches_at(batches, middle)->number <= number)
			from = middle;
		else
			to = middle - 1;
	}
	return batches_at(batches, from);
}

bool
batches_are_full_with(struct batches *batches, size_t length)
{
	const struct tally *all = &batches_last(batches)->all, *full = &batches->full;

	if (all->records >= NEWEST_COUNT_MOST)
		return batches->count < 2 * batches->most; /* as many of a key as can be counted */
	if (batches->count >= batches->most || all->records == 0)
		return false;
	return all->bytes + length > full->bytes || all->records >= full->records ||
	    (batches->broken && batches->count == 1);
}

bool
batches_find_small(struct batches *batches, size_t *index)
{
	uint64_t least = batches->full.bytes + 1;

	if (batches->count <= batches->most - batches->most / SPARED)
		return false;
	for (size_t i = batches->broken; i + 2 < batches->count; i++) {
		struct tally both = batches_at(batches, i)->all;
		const struct tally *other = &batches_at(batches, i + 1)->all;

		ledger_count(&both, other->records, other->bytes);
		if (both.bytes < least && both.records <= batches->full.records) {
			least = both.bytes;
			*index = i;
		}
	}
	return least <= batches->full.bytes;
}

bool
batches_is_worth_it(const struct batch *batch)
{
	return batch->old.records > 0 && (batch->old.records >= batch->all.records / BATCHES_SPARSE ||
	    batch->old.bytes >= batch->all.bytes / BATCHES_SPARSE);
}

bool
batches_is_long(const struct batches *batches, const struct batch *batch)
{
	const struct tally *all = &batch->all, *full = &batches->full;

	return all->records > 1 && (all->records > full->records || all->bytes > full->bytes);
}

struct tally
batches_check(const struct batches *batches)
{
	struct tally all = { 0, 0 };
	uint32_t number = 0;

	for (size_t i = batches->first; i < batches->first + batches->count; i++) {
		const struct batch *batch = &batches->list[i];

		if (batch->number <= number || batch->old.records > batch->all.records || batch->old.bytes > batch->all.bytes)
			abort();
		number = batch->number;
		ledger_count(&all, batch->all.records, batch->all.bytes);
	}
	if (number > batches->number || batches->count > 2 * batches->most || batches->count == 0)
		abort();
	return all;
}
