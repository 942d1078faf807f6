/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What leaves a spool: read back, settled, given way.
 */
#include "config.h"

#include "base/units.h"
#include "os/loop.h"
#include "spool/inside.h"

#include <string.h>

/* What cannot be read is tried again so long after the last time. */
#define READ_AGAIN_NS (100 * NS_PER_MS)

static bool
has_hole(const struct spool *spool)
{
	return spool->hole_to.bytes > spool->hole_from.bytes;
}

void
spool_pass_to(struct spool *spool, struct tally end)
{
	spool->loaded = end;
	if (has_hole(spool) && spool->hole_from.bytes <= end.bytes && spool->hole_to.bytes > end.bytes)
		spool->loaded = spool->hole_to;
}

/* --- read back ----------------------------------------------------------------------------------- */

/* From where all is in memory up to there something is missing: damage, but for what has given way. */
static void
count_lost(struct spool *spool, struct tally to, struct spool_next *next)
{
	struct tally lost = spool_less(to, spool->loaded);

	if (has_hole(spool) && spool->hole_from.bytes >= spool->loaded.bytes && spool->hole_to.bytes <= to.bytes)
		lost = spool_less(lost, spool_less(spool->hole_to, spool->hole_from));
	if (spool->lost_from.bytes >= spool->loaded.bytes && spool->old_end.bytes <= to.bytes)
		lost = spool_less(lost, spool_less(spool->old_end, spool->lost_from)); /* that is counted already */
	if (lost.bytes > spool->ahead.bytes)
		lost = spool->ahead;
	spool->ahead = spool_less(spool->ahead, lost);
	spool->figures.corrupt = spool_sum(spool->figures.corrupt, lost);
	spool->loaded = to;
	spool->changed = true;
	next->lost = lost;
}

/* Behind so many of its records: how many bytes those are. */
static size_t
skip_records(const struct spool *spool, const struct spool_next *next, uint64_t *count)
{
	size_t bytes = 0;

	if (!framing_noted(&spool->rules.framing))
		return record_skip(&spool->rules.framing, 0, next->text, next->length, count);
	if (next->lengths == NULL)
		return 0; /* one record, and it is not settled */
	for (uint64_t i = 0; *count > 0 && i < next->records; i++, --*count)
		bytes += block_length_at(next->lengths, i);
	return bytes;
}

/* Records at its beginning that are settled, or in memory already.  False where that is no place between two. */
static bool
skip(const struct spool *spool, const struct block *block, const char *records, struct spool_next *next)
{
	const struct tally old = spool_less(spool->loaded, block->before);
	uint64_t count = old.records;

	*next = (struct spool_next){ .text = records, .length = (size_t)block->length, .records = block->records, .first = block->first,
		.gaps = block->gaps, .gap = block->gap, .weights = block->weights, .weight = block->gap + block->gaps,
		.unended = (block->flags & (BLOCK_UNENDED | BLOCK_LAST_SHORT)) != 0,
		.of_old = block->before.bytes < spool->old_end.bytes };
	if (block_lengths(block) > 0)
		next->lengths = (const unsigned char *)records - block_lengths(block);
	if (old.bytes == 0)
		return true;
	if (old.bytes >= block->length || old.records > block->records || (block->records > 0) != (old.records > 0))
		return false;
	if (old.records > 0 && (skip_records(spool, next, &count) != old.bytes || count != 0))
		return false;
	if (next->lengths != NULL)
		next->lengths += old.records * BLOCK_LENGTH;
	next->text += old.bytes;
	next->length -= (size_t)old.bytes;
	next->records -= old.records;
	next->skipped = old.records;
	return true;
}

/* The segment that was to be read is not there any more: what comes next is in the last that begins before it.  False
 * where it is there. */
static bool
seek_again(struct spool *spool)
{
	const struct segments *segments = &spool->segments;
	size_t index = segments->count;

	if (segments->count == 0 || segments_find(segments, spool->loader.segment) != SIZE_MAX)
		return false;
	while (--index > 0 && segments_at(segments, index)->before.bytes > spool->loaded.bytes)
		continue;
	loader_seek(&spool->loader, segments_at(segments, index)->number, 0);
	return true;
}

/* Something is missing here: a later segment that begins before this block is a copy, written anew since a sync failed,
 * and may have it. */
static bool
seek_copy(struct spool *spool)
{
	const struct segments *segments = &spool->segments;

	for (size_t i = segments->count; i-- > 0 && segments_at(segments, i)->number != spool->block_segment;) {
		if (segments_at(segments, i)->before.bytes >= spool->block.before.bytes)
			continue;
		loader_seek(&spool->loader, segments_at(segments, i)->number, 0);
		return true;
	}
	return false;
}

/* The segment that is read is not removed by this run: another may read what this one could not. */
static void
spare(struct spool *spool)
{
	const size_t index = segments_find(&spool->segments, spool->loader.segment);

	if (index != SIZE_MAX)
		segments_at(&spool->segments, index)->spared = true;
}

/* Whether it was given up: then what is missing is what a jump of ordinals says. */
static bool
give_up_reading(struct spool *spool)
{
	spool_note_failure(spool, SPOOL_READING, spool->loader.error);
	if (spool_will_pass(spool->loader.error) || ++spool->read_tries < SPOOL_READ_TRIES) {
		spool->read_again_ns = loop_now() + READ_AGAIN_NS;
		return false;
	}
	spare(spool);
	loader_give_up(&spool->loader);
	return true;
}

static void
note_read(struct spool *spool)
{
	spool->read_tries = 0;
	spool_note_success(spool, SPOOL_READING);
	if (loader_has_strange(&spool->loader))
		spare(spool);
}

bool
spool_next(struct spool *spool, struct spool_next *next)
{
	const char *records;

	if (spool->read_again_ns != 0 && loop_now() < spool->read_again_ns)
		return false;
	spool->read_again_ns = 0;
	while (spool->ahead.bytes > 0) {
		switch (loader_next(&spool->loader, spool->state.id, spool->other, &spool->block, &spool->block_segment,
		    &spool->block_place, &records)) {
		case LOADER_WAITS:
			return false;
		case LOADER_FAILED:
			if (!give_up_reading(spool))
				return false;
			continue;
		case LOADER_END:
			if (seek_again(spool))
				continue;
			*next = (struct spool_next){ .text = NULL };
			count_lost(spool, spool->next, next);
			spool->ahead = (struct tally){ 0, 0 };
			return true;
		case LOADER_BLOCK:
			note_read(spool);
			break;
		}
		if (block_after(&spool->block).bytes <= spool->loaded.bytes)
			continue; /* it was written anew, or is settled */
		if (has_hole(spool) && spool->block.before.bytes >= spool->hole_from.bytes &&
		    block_after(&spool->block).bytes <= spool->hole_to.bytes)
			continue; /* it gave way, and is still there */
		if (spool->block.before.bytes > spool->loaded.bytes && seek_copy(spool))
			continue;
		if (!skip(spool, &spool->block, records, next))
			continue;
		if (spool->block.before.bytes > spool->loaded.bytes)
			count_lost(spool, spool->block.before, next);
		spool->given = true;
		return true;
	}
	return false;
}

bool
spool_loaded(struct spool *spool, size_t added)
{
	const struct block *block = &spool->block;
	const struct tally sum = { block->records, block->length + added };
	const struct tally settled = spool_less(spool->loaded, block->before);
	const struct tally taken = spool_less(sum, settled);

	if (!spool_note_entry(spool, block, spool->block_segment, spool->block_place, sum))
		return false;
	spool->given = false;
	if (spool->entries.count == 1)
		spool->entries.settled = settled;
	spool->ahead = spool_less(spool->ahead, taken);
	spool->figures.read_back += block->length;
	spool_pass_to(spool, block_after(block));
	spool->loaded_serial = block_next(block);
	if (spool->ahead.bytes == 0)
		spool->loaded = spool->next;
	return true;
}

void
spool_put_back(struct spool *spool)
{
	spool->given = false;
	loader_seek(&spool->loader, spool->block_segment, spool->block_place);
}

/* --- settled -------------------------------------------------------------------------------------- */

void
spool_settle(struct spool *spool, struct tally pending, uint64_t out)
{
	pending.bytes += out;
	if (!entries_settle(&spool->entries, pending))
		return;
	spool->changed = true;
	spool_retire(spool);
	if (spool->wants_room && spool->syncer.step == SYNCER_IDLE && spool->done.bytes + spool_settled_bytes(spool) > 0)
		spool->sync_due_ns = 0; /* then there is some */
}

uint64_t
spool_older(const struct spool *spool, uint64_t age_ns, uint64_t *later_ns)
{
	const struct entries *entries = &spool->entries;
	const uint64_t now_ns = spool_wall_ns();
	uint64_t records = 0;

	*later_ns = UINT64_MAX;
	for (size_t i = 0; i < entries->count; i++) {
		const struct entry *entry = entries_at(entries, i);
		const uint64_t due_ns = entry->time_ns < UINT64_MAX - age_ns ? entry->time_ns + age_ns : UINT64_MAX;

		if (due_ns >= now_ns) {
			*later_ns = due_ns - now_ns + (due_ns < UINT64_MAX);
			break;
		}
		records += entry->records;
	}
	return records > entries->settled.records ? records - entries->settled.records : 0;
}

void
spool_note_dropped(struct spool *spool, const struct tally dropped[REASONS])
{
	for (int i = 0; i < REASONS; i++) {
		const struct tally sum = spool_sum(spool->dropped_before[i], dropped[i]);

		if (sum.records == spool->state.dropped[i].records && sum.bytes == spool->state.dropped[i].bytes)
			continue;
		spool->state.dropped[i] = sum;
		spool->changed = true;
	}
}

/* --- giving way ----------------------------------------------------------------------------------- */

/* The first segment of which nothing is in flight. */
static size_t
first_free(const struct spool *spool, uint64_t flying)
{
	size_t newest;

	if (flying == 0)
		return 0;
	newest = entries_find(&spool->entries, flying - 1);
	if (newest == spool->entries.count)
		return SIZE_MAX;
	newest = segments_find(&spool->segments, entries_at(&spool->entries, newest)->segment);
	return newest == SIZE_MAX ? SIZE_MAX : newest + 1;
}

/* Where the records of the segment end: at the next, or at what has given way in front of that. */
static struct tally
end_of(const struct spool *spool, size_t index)
{
	const struct tally next = index + 1 < spool->segments.count ? segments_at(&spool->segments, index + 1)->before
	    : spool->next;

	return has_hole(spool) && spool->hole_to.bytes == next.bytes &&
	    spool->hole_from.bytes >= segments_at(&spool->segments, index)->before.bytes ? spool->hole_from : next;
}

/* What of it is in memory goes from there. */
static void
evict_from_memory(struct spool *spool, uint64_t number, struct spool_evicted *evicted)
{
	struct entries *entries = &spool->entries;
	struct tally sum = { 0, 0 };
	uint64_t behind = 0;
	size_t from = 0, to;

	for (; from < entries->count && entries_at(entries, from)->segment != number; from++)
		behind += entries_at(entries, from)->records;
	for (to = from; to < entries->count && entries_at(entries, to)->segment == number; to++)
		ledger_count(&sum, entries_at(entries, to)->records, entries_at(entries, to)->length);
	if (from == 0) {
		sum = spool_less(sum, to > 0 ? entries->settled : (struct tally){ 0, 0 });
		if (to > 0)
			entries->settled = (struct tally){ 0, 0 };
	} else {
		behind -= entries->settled.records;
	}
	entries_remove(entries, from, to - from);
	evicted->behind = behind;
	evicted->in_memory = sum;
}

bool
spool_make_hole(struct spool *spool, struct tally begin, struct tally end)
{
	if (!has_hole(spool)) {
		spool->hole_from = begin;
		spool->hole_to = end;
	} else if (spool->hole_to.bytes == begin.bytes) {
		spool->hole_to = end;
	} else if (spool->hole_from.bytes == end.bytes) {
		spool->hole_from = begin;
	} else {
		return false;
	}
	return true;
}

/* Where its records begin: at its first block, or behind what is in memory of those in front of it, which may hold the
 * beginning of it as well, since a sync failed. */
static struct tally
begin_of(const struct spool *spool, size_t index)
{
	struct tally begin = segments_at(&spool->segments, index)->before;

	for (size_t i = 0; i < spool->entries.count; i++) {
		const struct entry *entry = entries_at(&spool->entries, i);
		const size_t at = segments_find(&spool->segments, entry->segment);

		if (at < index && entry->before.bytes + entry->length > begin.bytes)
			begin = spool_sum(entry->before, (struct tally){ entry->records, entry->length });
	}
	return begin;
}

/* And what is not: it is passed over when its turn comes, here or in a later run. */
static bool
evict_from_disk(struct spool *spool, size_t index, struct spool_evicted *evicted)
{
	const struct tally begin = begin_of(spool, index), end = end_of(spool, index);
	const struct tally from = begin.bytes > spool->loaded.bytes ? begin : spool->loaded;

	const struct tally hole_from = spool->hole_from, hole_to = spool->hole_to;

	if (index > 0 && !spool_make_hole(spool, begin, end))
		return false;
	if (end.bytes <= spool->loaded.bytes)
		return true;
	evicted->on_disk = spool_less(end, from);
	evicted->from = from;
	evicted->to = end;
	evicted->ahead = from.records - spool->loaded.records;
	if (hole_to.bytes > hole_from.bytes && hole_from.bytes >= spool->loaded.bytes && hole_to.bytes <= from.bytes)
		evicted->ahead -= hole_to.records - hole_from.records;
	if (from.bytes == spool->loaded.bytes) {
		spool_pass_to(spool, end);
		spool->loaded_serial = index + 1 < spool->segments.count ? segments_at(&spool->segments, index + 1)->first : spool->serial;
	}
	if (spool->loaded.bytes == spool->next.bytes)
		evicted->on_disk = spool->ahead; /* with the delimiter that the last one would have got */
	spool->ahead = spool_less(spool->ahead, evicted->on_disk);
	return true;
}

/* Nor is it synced any more, but where that is under way. */
static void
forget_sealed(struct spool *spool, uint64_t number)
{
	size_t i = 0;

	while (i < spool->sealed_count && spool->sealed[i].number != number)
		i++;
	if (i == spool->sealed_count || spool->syncer.step == SYNCER_DATA)
		return;
	folder_drop(spool->sealed[i].fd);
	spool->sealed_count--;
	memmove(spool->sealed + i, spool->sealed + i + 1, (spool->sealed_count - i) * sizeof(*spool->sealed));
}

/* The room is wanted now, and what was in it is dropped: where the power fails before the state is synced it is missing,
 * and not said to have given way. */
static void
remove_now(struct spool *spool, size_t index)
{
	const struct segment segment = *segments_at(&spool->segments, index);
	char name[SEGMENT_NAME];

	loader_let_go(&spool->loader, segment.number);
	segments_remove(&spool->segments, index);
	if (index == spool->segments.count)
		spool->last_place = 0; /* that of its last block was in this one */
	forget_sealed(spool, segment.number);
	spool_write_state(spool);
	segment_name(name, segment.number);
	if (folder_remove(&spool->folder, name) < 0)
		spool_remove_later(spool, &segment);
}

/* It is read back before it is gone.  Not where its room is what is wanted. */
static void
save(struct spool *spool, const struct segment *segment, struct spool_evicted *evicted)
{
	struct saver_segment one = { -1, segment->length, evicted->from, evicted->to, evicted->on_disk };
	char name[SEGMENT_NAME];

	if (!spool->rules.saves || evicted->on_disk.bytes == 0 || spool->no_space)
		return;
	segment_name(name, segment->number);
	one.fd = folder_take(&spool->folder, name);
	evicted->saved = one.fd >= 0 && saver_take(&spool->saver, &one);
	if (one.fd >= 0 && !evicted->saved)
		folder_drop(one.fd);
}

bool
spool_evicted_next(struct spool *spool, const char **text, const unsigned char **lengths, struct tally *sum)
{
	const enum saver_found found = saver_next(&spool->saver, spool->state.id, spool->other, text, lengths, sum);

	if (found == SAVER_MISSED)
		*text = NULL;
	return found == SAVER_RECORDS || found == SAVER_MISSED;
}

bool
spool_await_evicted(struct spool *spool, uint64_t deadline_ns)
{
	return spool->saver.filling && worker_await(spool->saver.worker, deadline_ns);
}

struct tally
spool_evicted_left(const struct spool *spool)
{
	return saver_left(&spool->saver);
}

bool
spool_evict(struct spool *spool, uint64_t flying, struct spool_evicted *evicted)
{
	size_t index = first_free(spool, flying);
	uint64_t number;

	while (index < spool->segments.count && spool_is_spared(spool, segments_at(&spool->segments, index)->before, end_of(spool, index)))
		index++;
	*evicted = (struct spool_evicted){ 0 };
	if (index >= spool->segments.count || segments_at(&spool->segments, index)->length == 0)
		return false; /* nothing is there that could give way */
	if (index + 1 == spool->segments.count && !spool_close_active(spool))
		return false;
	number = segments_at(&spool->segments, index)->number;
	if (!evict_from_disk(spool, index, evicted))
		return false;
	evict_from_memory(spool, number, evicted);
	if (index + 1 < spool->segments.count && spool->loader.segment == number)
		loader_seek(&spool->loader, segments_at(&spool->segments, index + 1)->number, 0);
	save(spool, segments_at(&spool->segments, index), evicted);
	remove_now(spool, index);
	if (spool->no_space) {
		spool->gave_ns = loop_now();
		spool->retry_ns = 0;
	}
	return true;
}
