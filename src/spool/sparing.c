/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Of a spool: records that do not give way.
 */
#include "config.h"

#include "spool/inside.h"

void
spool_spare_next(struct spool *spool, uint64_t records)
{
	spool->spared_from = spool->next.records;
	spool->spared_to = records < UINT64_MAX - spool->spared_from ? spool->spared_from + records : UINT64_MAX;
}

/* Of those that are spared the first that is not settled, or the end of them. */
static uint64_t
first_spared(const struct spool *spool)
{
	const struct entries *entries = &spool->entries;
	const uint64_t first = entries->count > 0 ? entries_at(entries, 0)->before.records + entries->settled.records
	    : spool->loaded.records;

	return first > spool->spared_to ? spool->spared_to : first > spool->spared_from ? first : spool->spared_from;
}

uint64_t
spool_before_spared(const struct spool *spool)
{
	const struct entries *entries = &spool->entries;
	uint64_t records = 0;

	if (first_spared(spool) == spool->spared_to)
		return UINT64_MAX;
	for (size_t i = 0; i < entries->count && entries_at(entries, i)->before.records < spool->spared_from; i++)
		records += entries_at(entries, i)->records;
	return records > entries->settled.records ? records - entries->settled.records : 0;
}

bool
spool_is_spared(const struct spool *spool, struct tally begin, struct tally end)
{
	const uint64_t first = first_spared(spool);

	return first < spool->spared_to && begin.records < spool->spared_to && end.records > first;
}
