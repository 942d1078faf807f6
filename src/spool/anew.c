/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a sync that failed was for, read back and written once more.
 */
#include "config.h"

#include "os/loop.h"
#include "spool/inside.h"

#include <errno.h>

/* What cannot be read, and was tried often enough: it is missing, and the segment stays. */
static bool
pass_over(struct spool *spool, struct scan *scan, uint64_t number)
{
	const size_t index = segments_find(&spool->segments, number);

	if (spool->anew_tries < SPOOL_READ_TRIES || spool_will_pass(scan->error))
		return false;
	scan_give_up(scan, SCAN_AHEAD); /* by large steps: nothing else is done meanwhile */
	if (index != SIZE_MAX)
		segments_at(&spool->segments, index)->spared = true;
	return true;
}

/* Of one segment what was not synced, each block once.  What cannot be read is missing: ordinals say how much. */
static bool
copy_segment(struct spool *spool, struct scan *scan, struct segment from, uint64_t offset, struct tally *done)
{
	struct segment *to = segments_last(&spool->segments);
	uint64_t end = to->length, place;
	enum scan_found found;
	struct block block;
	char name[SEGMENT_NAME];
	const char *records;
	bool good = true;
	int fd, error = 0;

	segment_name(name, from.number);
	if ((fd = folder_take(&spool->folder, name)) < 0) {
		if (errno != ENOENT)
			spool_note_failure(spool, SPOOL_READING, errno);
		return errno == ENOENT;
	}
	scan_begin(scan, fd, offset, from.length);
	while (good && (found = scan_next(scan, spool->state.id, spool->other, &block, &place, &records)) != SCAN_END) {
		if (found == SCAN_WANTS) {
			scan_fill(scan);
			error = scan->error;
			good = error == 0 || pass_over(spool, scan, from.number);
		} else if (block_after(&block).bytes > done->bytes) {
			const struct iovec piece = { (char *)(uintptr_t)records - block_head(&block), (size_t)block_size(&block) };

			spool->last_place = end;
			good = folder_append(spool->active, &piece, 1, &end) == 0;
			error = errno;
			*done = block_after(&block);
		}
	}
	if (!good)
		spool_note_failure(spool, SPOOL_WRITING, error);
	folder_drop(fd);
	segments_set_length(&spool->segments, to, end);
	return good;
}

/* What one holds from there on is in the copy now. */
static void
move_to(struct spool *spool, const struct segment *copy, uint64_t number, uint64_t from)
{
	for (size_t i = 0; i < spool->entries.count; i++) {
		struct entry *entry = entries_at(&spool->entries, i);

		if (entry->segment == number && entry->before.bytes >= from) {
			entry->segment = copy->number;
			entry->place = 0;
		}
	}
	if (spool->given && spool->block_segment == number && spool->block.before.bytes >= from) {
		spool->block_segment = copy->number;
		spool->block_place = 0;
	}
}

/* The new one, the last, holds what these did; the first of them only behind what was synced. */
static void
forget_copied(struct spool *spool, size_t first, size_t count)
{
	struct segment *kept = segments_at(&spool->segments, first);
	const bool keeps_first = kept->number == spool->state.tail_segment;
	struct segment *copy = segments_last(&spool->segments);

	copy->before = keeps_first ? spool->state.synced : kept->before;
	if (keeps_first) { /* what is behind that is read from the copy */
		segments_set_length(&spool->segments, kept, spool->tail_end);
		if (spool->loader.segment == kept->number && spool->loader.place >= spool->tail_end)
			loader_seek(&spool->loader, copy->number, 0);
		move_to(spool, copy, kept->number, spool->state.synced.bytes);
	}
	for (size_t i = first + keeps_first; i < count; i++) {
		const uint64_t gone = segments_at(&spool->segments, first + keeps_first)->number;

		copy = segments_last(&spool->segments);
		move_to(spool, copy, gone, 0);
		if (spool->loader.segment == gone)
			loader_seek(&spool->loader, copy->number, 0);
		spool_retire_one(spool, first + keeps_first);
	}
}

/* It was not to be had, or read, whole: what it is a copy of is still there. */
static void
drop_copy(struct spool *spool)
{
	const struct segment *copy = segments_last(&spool->segments);
	char name[SEGMENT_NAME];

	folder_drop(spool->active);
	spool->active = -1;
	spool->anew_tries++;
	segment_name(name, copy->number);
	if (folder_remove(&spool->folder, name) < 0)
		spool_remove_later(spool, copy);
	segments_remove(&spool->segments, spool->segments.count - 1);
	spool->sync_again_ns = loop_now() + SPOOL_RETRY_NS;
}

bool
spool_write_anew(struct spool *spool)
{
	const size_t count = spool->segments.count;
	size_t first = segments_find(&spool->segments, spool->state.tail_segment);
	struct tally copied = spool->state.synced;
	struct scan scan;
	bool done = spool_begin_segment(spool);

	if (!done)
		return false;
	scan_init(&scan);
	if (first == SIZE_MAX)
		first = 0;
	for (size_t i = first; done && i < count; i++) {
		const struct segment from = *segments_at(&spool->segments, i);

		done = copy_segment(spool, &scan, from, from.number == spool->state.tail_segment ? spool->state.tail_offset : 0,
		    &copied);
	}
	scan_free(&scan);
	if (!done) {
		drop_copy(spool);
		return false;
	}
	spool->anew_tries = 0;
	for (size_t i = 0; i < spool->sealed_count; i++)
		folder_drop(spool->sealed[i].fd);
	spool->sealed_count = 0;
	if (first < count)
		forget_copied(spool, first, count);
	return true;
}
