/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "spool/recover.h"
#include "spool/scan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the state ----------------------------------------------------------------------------------- */

static int
refuse_version(struct recovered *recovered, unsigned version)
{
	recovered->version = version;
	errno = EINVAL;
	return -1;
}

/* The newer one of its slots that is whole. */
static int
read_slots(struct recovered *recovered, int fd)
{
	recovered->slot = -1;
	for (int i = 0; i < STATE_SLOTS; i++) {
		unsigned char slot[STATE_SLOT];
		const ssize_t length = folder_read(fd, slot, sizeof(slot), (uint64_t)i * STATE_PAGE);
		enum state_found found;
		struct state state;

		if (length < 0)
			return -1;
		found = length < (ssize_t)sizeof(slot) ? STATE_NONE : state_decode(&state, slot);
		if (found == STATE_OTHER)
			return refuse_version(recovered, state_version(slot));
		if (found == STATE_FOUND && (recovered->slot < 0 || state.generation > recovered->state.generation)) {
			recovered->state = state;
			recovered->slot = i;
		}
	}
	return 0;
}

static int
read_state(struct recovered *recovered, const struct folder *folder)
{
	int fd = folder_take(folder, STATE_NAME), result;

	recovered->slot = -1;
	if (fd < 0 && errno == ENOENT)
		return 0;
	(void)snprintf(recovered->where, sizeof(recovered->where), "%s", STATE_NAME);
	if (fd < 0)
		return -1;
	result = read_slots(recovered, fd);
	folder_drop(fd);
	return result;
}

/* --- segments ------------------------------------------------------------------------------------ */

struct finding {
	struct segments *segments;
	bool failed;
};

static bool
find_segment(void *state, const char *name)
{
	struct finding *finding = state;
	uint64_t number;

	if (!segment_number(name, &number))
		return true;
	finding->failed = segments_add(finding->segments, number) == NULL;
	return !finding->failed;
}

static const unsigned char *
own_id(const struct recovered *recovered)
{
	return recovered->slot < 0 ? NULL : recovered->state.id;
}

static const unsigned char *
other_id(const struct recovered *recovered)
{
	static const unsigned char none[BLOCK_ID];

	return memcmp(recovered->state.other_id, none, BLOCK_ID) == 0 ? NULL : recovered->state.other_id;
}

/* The next block of this spool, read as far as it takes. */
static bool
next_block(const struct recovered *recovered, struct scan *scan, struct block *block, uint64_t *place)
{
	const char *records;
	enum scan_found found;

	while (scan->error == 0 &&
	    (found = scan_next(scan, own_id(recovered), other_id(recovered), block, place, &records)) != SCAN_END) {
		if (found == SCAN_BLOCK)
			return scan->version == 0;
		scan_fill(scan);
	}
	return false;
}

/* What has come of looking for blocks: 0; or -1 where not all was read that there is, or it is of another version. */
static int
result_of(struct recovered *recovered, const struct scan *scan)
{
	if (scan->error != 0) {
		errno = scan->error;
		return -1;
	}
	return scan->version != 0 ? refuse_version(recovered, scan->version) : 0;
}

static int
take_segment(struct recovered *recovered, const struct folder *folder, uint64_t number)
{
	segment_name(recovered->where, number);
	return folder_take(folder, recovered->where);
}

enum use {
	OF_USE,
	EMPTY,    /* it was read to its end, and holds no block */
	STRANGE,  /* it is no file, or of another spool */
};

static enum use
use_of(bool found, const struct scan *scan)
{
	return found ? OF_USE : scan->foreign ? STRANGE : EMPTY;
}

/* Its first block as it should be, by the head alone: whether its records are whole is seen when they are read. */
static bool
begins_well(const struct recovered *recovered, int fd, int64_t length, struct block *block)
{
	unsigned char head[BLOCK_HEAD_MOST];
	const ssize_t got = folder_read(fd, head, sizeof(head), 0);

	return got > 0 && block_decode(block, head, (size_t)got) == BLOCK_FOUND && block_size(block) <= (uint64_t)length &&
	    block_is_of(block, own_id(recovered), other_id(recovered));
}

/* What its first block says. */
static int
look_at_segment(struct recovered *recovered, const struct folder *folder, struct scan *scan, struct segment *segment,
    enum use *use)
{
	struct block block;
	uint64_t place;
	int64_t length;
	bool found;
	int fd, result = 0;

	*use = STRANGE;
	if ((fd = take_segment(recovered, folder, segment->number)) < 0)
		return errno == EINVAL || errno == ENOENT ? 0 : -1;
	length = folder_length(fd);
	scan_begin(scan, fd, 0, length > 0 ? (uint64_t)length : 0);
	found = length > 0 && begins_well(recovered, fd, length, &block);
	if (!found) {
		found = next_block(recovered, scan, &block, &place);
		result = length < 0 ? -1 : result_of(recovered, scan);
	}
	*use = use_of(found, scan);
	if (found) {
		segments_set_length(&recovered->segments, segment, (uint64_t)length);
		segment->before = block.before;
		segment->first = block.first;
		segment->spared = scan->foreign;
		memcpy(segment->id, block.id, BLOCK_ID);
	}
	folder_drop(fd);
	return result;
}

/* One is of no use. */
static bool
give_up(struct recovered *recovered, size_t index)
{
	if (segments_add(&recovered->done, segments_at(&recovered->segments, index)->number) == NULL)
		return false;
	segments_remove(&recovered->segments, index);
	return true;
}

/* Where no state says which spool it is, it is that of the newest segment.  Others are left as they are. */
static void
choose_spool(struct recovered *recovered)
{
	struct segments *segments = &recovered->segments;
	const struct segment *newest = NULL;

	for (size_t i = 0; i < segments->count; i++)
		if (newest == NULL || segments_at(segments, i)->number > newest->number)
			newest = segments_at(segments, i);
	if (newest == NULL)
		return;
	memcpy(recovered->state.other_id, newest->id, BLOCK_ID);
	for (size_t i = segments->count; i-- > 0;) {
		if (memcmp(segments_at(segments, i)->id, recovered->state.other_id, BLOCK_ID) == 0)
			continue;
		segments_remove(segments, i);
		recovered->left++;
	}
}

static int
read_segments(struct recovered *recovered, const struct folder *folder)
{
	struct finding finding = { &recovered->segments, false };
	struct scan scan;
	int result;

	if (folder_list(folder, find_segment, &finding) < 0 || finding.failed)
		return -1;
	scan_init(&scan);
	result = 0;
	for (size_t i = recovered->segments.count; result == 0 && i-- > 0;) {
		enum use use;

		result = look_at_segment(recovered, folder, &scan, segments_at(&recovered->segments, i), &use);
		if (result < 0 || use == OF_USE)
			continue;
		if (use == EMPTY && !give_up(recovered, i)) {
			result = -1;
		} else if (use == STRANGE) {
			segments_remove(&recovered->segments, i);
			recovered->left++;
		}
	}
	scan_free(&scan);
	if (recovered->slot < 0)
		choose_spool(recovered);
	segments_sort(&recovered->segments);
	return result;
}

/* --- the end ------------------------------------------------------------------------------------- */

/* Damaged is then what is in front of it, not what is torn behind it. */
static bool
find_last_from(const struct recovered *recovered, struct scan *scan, int fd, const struct segment *segment, uint64_t from,
    struct block *last, uint64_t *end)
{
	struct block block;
	uint64_t place;
	bool found = false, damaged = false;

	scan_begin(scan, fd, from, segment->length);
	while (next_block(recovered, scan, &block, &place)) {
		if (!found || block_after(&block).bytes > block_after(last).bytes)
			*last = block;
		found = true;
		damaged = scan->damaged;
		*end = place + block_size(&block);
	}
	scan->damaged = damaged;
	return found;
}

/* The last block, from where all was on disk for sure; or, where that is not there, from the beginning. */
static bool
find_last(const struct recovered *recovered, struct scan *scan, int fd, const struct segment *segment, struct block *last,
    uint64_t *end)
{
	const struct state *state = &recovered->state;
	const bool known = recovered->slot >= 0 && state->tail_segment == segment->number &&
	    state->tail_offset <= segment->length;
	return (known && find_last_from(recovered, scan, fd, segment, state->tail_offset, last, end) &&
	    block_after(last).bytes >= state->synced.bytes) ||
	    find_last_from(recovered, scan, fd, segment, 0, last, end);
}

/* The ordinal behind the last block of one, or before the first where there is none. */
static int
end_of(struct recovered *recovered, const struct folder *folder, struct scan *scan, const struct segment *segment,
    struct tally *end)
{
	struct block last;
	uint64_t place;
	int fd;

	if ((fd = take_segment(recovered, folder, segment->number)) < 0)
		return -1;
	*end = segment->before;
	if (find_last_from(recovered, scan, fd, segment, 0, &last, &place))
		*end = block_after(&last);
	folder_drop(fd);
	return result_of(recovered, scan);
}

/* What could not be synced was written anew: to a segment with a greater number, that begins before those that it is a
 * copy of.  Both are looked at from end to end: names may have been swapped as well. */
static int
drop_copied(struct recovered *recovered, const struct folder *folder, struct scan *scan)
{
	const struct segments *segments = &recovered->segments;

	for (size_t i = 1; i < segments->count;) {
		struct tally copied, end;
		bool whole;

		if (segments_at(segments, i)->number > segments_at(segments, i - 1)->number) {
			i++;
			continue;
		}
		if (end_of(recovered, folder, scan, segments_at(segments, i - 1), &copied) < 0)
			return -1;
		whole = !scan->damaged; /* else the other may have what is missing there */
		if (end_of(recovered, folder, scan, segments_at(segments, i), &end) < 0)
			return -1;
		if (end.bytes > copied.bytes || !whole || scan->foreign)
			i++;
		else if (!give_up(recovered, i))
			return -1;
	}
	return 0;
}

/* What was on disk for sure, and is not there. */
static void
count_lost(struct recovered *recovered, struct tally reached)
{
	const struct state *state = &recovered->state;

	if (state->hole_from.bytes <= reached.bytes && state->hole_to.bytes > reached.bytes)
		reached = state->hole_to; /* that has given way, be some of it there or not */
	if (recovered->next.bytes > reached.bytes)
		recovered->lost = (struct tally){ recovered->next.records - reached.records,
			recovered->next.bytes - reached.bytes };
	if (state->hole_from.bytes >= reached.bytes && state->hole_to.bytes <= recovered->next.bytes) {
		recovered->lost.records -= state->hole_to.records - state->hole_from.records; /* that has given way */
		recovered->lost.bytes -= state->hole_to.bytes - state->hole_from.bytes;
	}
}

/* What one has behind what was synced; it is cut behind its last block, if it is the last. */
static int
look_at_end(struct recovered *recovered, const struct folder *folder, struct scan *scan, struct segment *segment,
    struct tally *reached)
{
	struct block last;
	uint64_t end = 0;
	int fd, result;

	if ((fd = take_segment(recovered, folder, segment->number)) < 0)
		return -1;
	if (find_last(recovered, scan, fd, segment, &last, &end)) {
		if (block_after(&last).bytes > reached->bytes)
			*reached = block_after(&last);
		if (block_next(&last) > recovered->serial)
			recovered->serial = block_next(&last);
	}
	result = result_of(recovered, scan);
	segment->spared |= scan->foreign;
	if (result == 0 && !segment->spared && segment == segments_last(&recovered->segments) && end < segment->length &&
	    !folder_is_visited(folder) && folder_cut(fd, end) == 0)
		segments_set_length(&recovered->segments, segment, end);
	folder_drop(fd);
	return result;
}

/* The segments that end behind what was synced last: all that a crash can have touched.  Where nothing in them is whole it
 * is one before them that says how far all is there. */
static int
look_at_ends(struct recovered *recovered, const struct folder *folder, struct scan *scan, struct tally *reached)
{
	const struct segments *segments = &recovered->segments;
	const size_t tail = segments_find(segments, recovered->state.tail_segment);
	const uint64_t before = reached->bytes;
	size_t first = segments->count;
	int result = 0;

	while (first > 0 && segments_at(segments, --first)->before.bytes > recovered->state.synced.bytes)
		continue;
	if (tail < first)
		first = tail; /* one behind it, of which it is a copy, may have been kept */
	for (size_t i = first; result == 0 && i < segments->count; i++)
		result = look_at_end(recovered, folder, scan, segments_at(segments, i), reached);
	while (result == 0 && reached->bytes == before && before < recovered->state.synced.bytes && first > 0)
		result = look_at_end(recovered, folder, scan, segments_at(segments, --first), reached);
	if (reached->bytes > recovered->next.bytes)
		recovered->next = *reached;
	if (recovered->state.hole_to.bytes > recovered->next.bytes)
		recovered->next = recovered->state.hole_to; /* the newest has given way, and was never synced */
	return result;
}

static int
find_end(struct recovered *recovered, const struct folder *folder)
{
	const struct state *state = &recovered->state;
	struct tally reached = state->before;
	struct scan scan;
	int result;

	recovered->next = state->synced;
	recovered->serial = state->next != 0 ? state->next : state->bound;
	scan_init(&scan);
	result = drop_copied(recovered, folder, &scan);
	if (result == 0)
		result = look_at_ends(recovered, folder, &scan, &reached);
	scan_free(&scan);
	count_lost(recovered, reached);
	return result;
}

int
recover(struct recovered *recovered, const struct folder *folder, const struct framing *framing)
{
	struct state *state = &recovered->state;

	*recovered = (struct recovered){ .slot = -1 };
	if (read_state(recovered, folder) < 0)
		return -1;
	recovered->where[0] = '\0';
	if (read_segments(recovered, folder) < 0)
		return -1;
	if (recovered->slot < 0) {
		const struct segment *first = recovered->segments.count > 0 ? segments_at(&recovered->segments, 0) : NULL;

		recovered->fresh = first == NULL;
		recovered->rebuilt = first != NULL;
		state->framing = *framing;
		state->first = first != NULL ? first->first : 1;
		state->before = first != NULL ? first->before : (struct tally){ 0, 0 };
		state->bound = state->first;
		state->synced = state->before;
	}
	recovered->clean = recovered->fresh || state->next != 0;
	return find_end(recovered, folder);
}

void
recovered_free(struct recovered *recovered)
{
	segments_free(&recovered->segments);
	segments_free(&recovered->done);
}
