/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "spool/entries.h"

#include <stdlib.h>
#include <string.h>

#define LEAST ((size_t)64)

struct entry *
entries_at(const struct entries *entries, size_t index)
{
	return &entries->list[(entries->first + index) & (entries->size - 1)];
}

static void
forget(struct entry *entry)
{
	free(entry->gap);
	entry->gap = NULL;
}

void
entries_free(struct entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		forget(entries_at(entries, i));
	free(entries->list);
	*entries = (struct entries){ 0 };
}

static bool
lengthen(struct entries *entries)
{
	const size_t size = entries->size > 0 ? 2 * entries->size : LEAST;
	struct entry *list = calloc(size, sizeof(*list));

	if (list == NULL)
		return false;
	for (size_t i = 0; i < entries->count; i++)
		list[i] = *entries_at(entries, i);
	free(entries->list);
	entries->list = list;
	entries->size = size;
	entries->first = 0;
	return true;
}

bool
entries_add(struct entries *entries, const struct entry *entry, unsigned gaps, const struct block_gap *gap)
{
	struct block_gap *own = NULL;
	struct entry *newest;

	if (entries->count == entries->size && !lengthen(entries))
		return false;
	if (gaps > 0) {
		if ((own = malloc(gaps * sizeof(*own))) == NULL)
			return false;
		memcpy(own, gap, gaps * sizeof(*own));
	}
	newest = entries_at(entries, entries->count++);
	*newest = *entry;
	newest->gaps = gaps;
	newest->gap = own;
	ledger_count(&entries->sum, entry->records, entry->length);
	return true;
}

struct tally
entries_pending(const struct entries *entries)
{
	return (struct tally){ entries->sum.records - entries->settled.records,
		entries->sum.bytes - entries->settled.bytes };
}

bool
entries_settle(struct entries *entries, struct tally pending)
{
	struct tally settled = { entries->sum.records - pending.records, entries->sum.bytes - pending.bytes };

	if (settled.records == entries->settled.records && settled.bytes == entries->settled.bytes)
		return false;
	while (entries->count > 0) {
		struct entry *oldest = entries_at(entries, 0);

		if (settled.records < oldest->records || settled.bytes < oldest->length)
			break;
		settled.records -= oldest->records;
		settled.bytes -= oldest->length;
		entries->sum.records -= oldest->records;
		entries->sum.bytes -= oldest->length;
		forget(oldest);
		entries->first = (entries->first + 1) & (entries->size - 1);
		entries->count--;
	}
	entries->settled = settled;
	return true;
}

uint64_t
entry_serial(const struct entry *entry, uint64_t record)
{
	uint64_t serial = entry->first + record;

	for (unsigned i = 0; i < entry->gaps && entry->gap[i].at <= record; i++)
		serial += entry->gap[i].missing;
	return serial;
}

size_t
entries_find(const struct entries *entries, uint64_t record)
{
	size_t i = 0;

	record += entries->settled.records;
	for (; i < entries->count && record >= entries_at(entries, i)->records; i++)
		record -= entries_at(entries, i)->records;
	return i;
}

void
entries_remove(struct entries *entries, size_t from, size_t count)
{
	for (size_t i = from; i < from + count; i++) {
		struct entry *entry = entries_at(entries, i);

		entries->sum.records -= entry->records;
		entries->sum.bytes -= entry->length;
		forget(entry);
	}
	for (size_t i = from; i + count < entries->count; i++) {
		*entries_at(entries, i) = *entries_at(entries, i + count);
		entries_at(entries, i + count)->gap = NULL;
	}
	entries->count -= count;
}
