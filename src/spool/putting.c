/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What comes into a spool: blocks, and the segments for them.
 */
#include "config.h"

#include "base/crc32c.h"
#include "base/units.h"
#include "spool/inside.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* The active one is full: it stays open until it is synced. */
bool
spool_close_active(struct spool *spool)
{
	if (spool->active < 0)
		return true;
	if (spool->sealed_count == SPOOL_SEALED_MOST)
		return false;
	spool->sealed[spool->sealed_count++] = (struct spool_sealed){ spool->active, segments_last(&spool->segments)->number };
	spool->active = -1;
	return true;
}

static bool
make_segment(struct spool *spool)
{
	struct segment *segment = segments_begin(&spool->segments);
	char name[SEGMENT_NAME];
	int error = ENOMEM;

	if (segment != NULL) {
		segment->before = spool->next;
		segment->first = spool->serial;
		segment_name(name, segment->number);
		spool->active = folder_make(&spool->folder, name);
		if (spool->active >= 0) {
			spool->last_place = 0;
			spool->torn = false;
			spool->names = true;
			return true;
		}
		error = errno;
		segments_remove(&spool->segments, spool->segments.count - 1);
	}
	spool_note_failure(spool, SPOOL_WRITING, error);
	return false;
}

bool
spool_begin_segment(struct spool *spool)
{
	return spool_close_active(spool) && make_segment(spool);
}

/* --- room ---------------------------------------------------------------------------------------- */

/* One segment may be waiting to be removed; more than that is still there. */
static uint64_t
waiting(const struct spool *spool)
{
	return spool->done.bytes > spool->segment_most ? spool->done.bytes - spool->segment_most : 0;
}

static bool
is_too_full(const struct spool *spool, uint64_t size)
{
	return !spool->stretched && spool->segments.bytes + spool->spared_bytes + waiting(spool) + size > spool->rules.most;
}

/* And would not be, if all went that nothing needs any more. */
static bool
waits_for_room(const struct spool *spool, uint64_t size)
{
	return spool->segments.bytes - spool_settled_bytes(spool) + spool->spared_bytes + size <= spool->rules.most;
}

/* Where the disk is the bound, an eighth of what there is on it. */
static uint64_t
segment_most(struct spool *spool)
{
	uint64_t most;

	if (spool->disk_room == 0)
		return spool->segment_most;
	if (spool->segments.bytes > spool->disk_room)
		spool->disk_room = spool->segments.bytes;
	most = spool->disk_room / SPOOL_SEGMENTS;
	if (most < BLOCK_MOST)
		most = BLOCK_MOST;
	return most < spool->segment_most ? most : spool->segment_most;
}

/* For as long as a sync takes; not where that cannot bring what is waited for. */
static enum spool_result
wait_for_sync(struct spool *spool)
{
	if (spool->stuck || spool->stays)
		return SPOOL_FULL;
	if (spool->syncer.step == SYNCER_IDLE)
		spool->sync_due_ns = 0;
	return SPOOL_WAITS;
}

/* The disk would not.  Where it is full, and something has just given way for that, room is to come: a descriptor may be
 * open still, and file systems take their time; or what is settled is it, once that is synced. */
static enum spool_result
refused(struct spool *spool, uint64_t now_ns)
{
	spool->refused = true;
	if (!spool->no_space)
		return SPOOL_FULL;
	if (spool->gave_ns != 0 && now_ns < spool->gave_ns + SPOOL_RETRY_NS)
		return SPOOL_WAITS;
	if (!spool->broken && spool->done.bytes + spool_settled_bytes(spool) > 0)
		return wait_for_sync(spool);
	spool->wants_room = true;
	return SPOOL_FULL;
}

/* Serials up to there may be given; where half of those are that may, the bound is renewed. */
static bool
has_serials(struct spool *spool, uint64_t next)
{
	if (next > spool->reach)
		spool->reach = next;
	if (spool->rules.sync_ns == SPOOL_SYNC_NEVER)
		return true;
	if (next + SPOOL_BOUND_AHEAD / 2 > spool->bound_synced && spool->syncer.step == SYNCER_IDLE)
		spool->sync_due_ns = 0;
	return next <= spool->bound_synced;
}

static enum spool_result
make_ready(struct spool *spool, uint64_t size, uint64_t next, uint64_t now_ns)
{
	const struct segment *last = segments_last(&spool->segments);
	const bool serials = has_serials(spool, next);

	spool->wants_room = false;
	if (now_ns < spool->retry_ns || spool->broken)
		return refused(spool, now_ns);
	if (!serials)
		return wait_for_sync(spool);
	if (spool->active >= 0 && last->length > 0 && (spool->torn || last->length + size > segment_most(spool)) &&
	    !spool_close_active(spool))
		return wait_for_sync(spool);
	if (is_too_full(spool, size))
		spool_retire(spool); /* be it the one that was closed just now */
	if (is_too_full(spool, size)) {
		if (waits_for_room(spool, size))
			return wait_for_sync(spool);
		spool->wants_room = true;
		return SPOOL_FULL;
	}
	return spool->active >= 0 || make_segment(spool) ? SPOOL_DONE : refused(spool, now_ns);
}

/* --- a block ------------------------------------------------------------------------------------- */

uint64_t
spool_wall_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* One of those that are put at once. */
struct putting {
	struct block block;
	unsigned char head[BLOCK_HEAD_MOST];
	uint64_t place; /* in the segment */
};

static void
describe(const struct spool *spool, const struct spool_load *load, struct tally before, uint64_t time_ns, struct block *block)
{
	size_t end;

	(void)framing_end(&spool->rules.framing, &end);
	block->flags = !load->unended ? 0 : end > 0 ? BLOCK_UNENDED | (unsigned)(end - 1) << 8 : BLOCK_LAST_SHORT;
	if (load->lengths)
		block->flags |= BLOCK_LENGTHS;
	if (spool->figures.unclean && before.bytes == spool->old_end.bytes)
		block->flags |= BLOCK_AFTER_CRASH;
	block->length = load->length;
	block->records = load->records;
	block->first = load->first;
	block->before = before;
	block->time_ns = time_ns;
	memcpy(block->id, spool->state.id, BLOCK_ID);
	block->gaps = load->gaps;
	if (load->gaps > 0)
		memcpy(block->gap, load->gap, load->gaps * sizeof(load->gap[0]));
	block->weights = load->weights;
	if (load->weights > 0)
		memcpy(block->gap + load->gaps, load->weight, load->weights * sizeof(load->weight[0]));
}

/* Behind the first, which has its place, those that fit behind it: how many there are in all. */
static size_t
place_others(struct spool *spool, const struct spool_load *load, size_t loads, struct putting *putting)
{
	const uint64_t begin = putting->place;
	size_t count = 1;

	for (; count < loads; count++) {
		struct putting *other = &putting[count];
		uint64_t end;

		describe(spool, &load[count], block_after(&other[-1].block), putting->block.time_ns, &other->block);
		other->place = other[-1].place + block_size(&other[-1].block);
		end = other->place + block_size(&other->block);
		if (end > segment_most(spool) || is_too_full(spool, end - begin) || !has_serials(spool, block_next(&other->block)))
			break;
	}
	return count;
}

/* Only of what has a place.  piece: its own first, which is the head. */
static struct iovec *
add_up(struct putting *putting, const struct spool_load *load, struct iovec *piece)
{
	struct block *block = &putting->block;

	block->checksum = 0;
	for (int i = 1; i <= load->pieces; i++) /* the lengths among them */
		block->checksum = crc32c(block->checksum, piece[i].iov_base, piece[i].iov_len);
	piece[0] = (struct iovec){ putting->head, block_encode(block, putting->head) };
	return piece + 1 + load->pieces;
}

/* It is in memory, and was put, or has been read back. */
bool
spool_note_entry(struct spool *spool, const struct block *block, uint64_t segment, uint64_t place, struct tally sum)
{
	const struct entry entry = {
		.segment = segment,
		.place = place,
		.before = block->before,
		.first = block->first,
		.records = sum.records,
		.length = sum.bytes,
		.time_ns = block->time_ns,
	};

	return entries_add(&spool->entries, &entry, block->gaps, block->gap);
}

/* It is there. */
static void
note_put(struct spool *spool, const struct block *block, bool forward, uint64_t now_ns)
{
	spool->next = block_after(block);
	spool->serial = block_next(block);
	if (forward) {
		spool->loaded = spool->next;
		spool->loaded_serial = spool->serial;
	} else {
		ledger_count(&spool->ahead, block->records, block->length);
	}
	if (spool->sync_due_ns == UINT64_MAX && spool->rules.sync_ns != SPOOL_SYNC_NEVER)
		spool->sync_due_ns = now_ns + spool->rules.sync_ns;
	spool->no_space = false;
	spool->gave_ns = 0;
	spool_note_success(spool, SPOOL_WRITING);
}

/* Each of them is in memory, too; how many could be noted. */
static size_t
note_entries(struct spool *spool, const struct putting *putting, size_t count)
{
	const uint64_t segment = segments_last(&spool->segments)->number;

	for (size_t i = 0; i < count; i++) {
		const struct block *block = &putting[i].block;

		if (!spool_note_entry(spool, block, segment, putting[i].place, (struct tally){ block->records, block->length }))
			return i;
	}
	return count;
}

/* Behind those that are whole others may follow; nothing may follow the remains of one, as it would be inside of it. */
static void
cut_remains(struct spool *spool, uint64_t whole, uint64_t *end)
{
	spool->torn = *end > whole && folder_cut(spool->active, whole) < 0;
	if (!spool->torn)
		*end = whole;
}

/* All of them; or with errno those that there was room for. */
static size_t
write_all(struct spool *spool, const struct putting *putting, size_t count, const struct iovec *piece, int pieces)
{
	uint64_t end = putting->place;
	size_t whole = count;
	int error = 0;

	if (folder_append(spool->active, piece, pieces, &end) < 0) {
		error = errno;
		for (whole = 0; putting[whole].place + block_size(&putting[whole].block) <= end;)
			whole++;
		cut_remains(spool, putting[whole].place, &end);
	}
	segments_set_length(&spool->segments, segments_last(&spool->segments), end);
	errno = error;
	return whole;
}

/* Those that have a place: how many of them are there, and if not all are it is noted why. */
static size_t
put_all(struct spool *spool, const struct spool_load *load, struct putting *putting, size_t count, struct iovec *piece,
    bool forward, uint64_t now_ns)
{
	struct iovec *end = piece;
	size_t whole;
	int error;

	for (size_t i = 0; i < count; i++)
		end = add_up(&putting[i], &load[i], end);
	whole = write_all(spool, putting, count, piece, (int)(end - piece));
	error = errno;
	if (whole > 0 && !forward && spool_is_level(spool))
		loader_seek(&spool->loader, segments_last(&spool->segments)->number, putting->place);
	for (size_t i = 0; i < whole; i++) {
		spool->last_place = putting[i].place;
		note_put(spool, &putting[i].block, forward, now_ns);
	}
	if (whole == count)
		return count;
	if (forward)
		entries_remove(&spool->entries, spool->entries.count - (count - whole), count - whole);
	spool_note_failure(spool, SPOOL_WRITING, error);
	return whole;
}

enum spool_result
spool_put(struct spool *spool, const struct spool_load *load, size_t loads, struct iovec *piece, bool forward,
    uint64_t now_ns, size_t *done)
{
	struct putting putting[SPOOL_LOADS];
	struct block *first = &putting->block;
	enum spool_result result;
	size_t count;

	*done = 0;
	describe(spool, load, spool->next, spool_wall_ns(), first);
	if ((result = make_ready(spool, block_size(first), block_next(first), now_ns)) != SPOOL_DONE)
		return result;
	putting->place = segments_last(&spool->segments)->length;
	count = place_others(spool, load, loads, putting);
	if (forward && (count = note_entries(spool, putting, count)) == 0) {
		spool_note_failure(spool, SPOOL_WRITING, errno);
		return refused(spool, now_ns);
	}
	*done = put_all(spool, load, putting, count, piece, forward, now_ns);
	return *done == count ? SPOOL_DONE : refused(spool, now_ns);
}

bool
spool_fits(const struct spool *spool, uint64_t length)
{
	return length <= spool->rules.most - BLOCK_HEAD_MOST; /* such a one has no lengths */
}

bool
spool_wants_room(const struct spool *spool)
{
	return spool->wants_room;
}

bool
spool_is_level(const struct spool *spool)
{
	return spool->ahead.bytes == 0 && spool->loaded.bytes == spool->next.bytes;
}

bool
spool_is_empty(const struct spool *spool)
{
	return spool->entries.count == 0 && spool_is_level(spool);
}

bool
spool_may_pass(struct spool *spool, uint64_t serial)
{
	if (!has_serials(spool, serial))
		return false;
	if (serial > spool->state.bound) { /* where nothing is synced it is written from time to time */
		spool->state.bound = serial + SPOOL_BOUND_AHEAD;
		spool_write_state(spool);
	}
	return !spool->stuck;
}

void
spool_passed(struct spool *spool, uint64_t serial)
{
	spool->serial = spool->loaded_serial = serial;
}

void
spool_stretch(struct spool *spool)
{
	spool->stretched = true;
}

enum spool_result
spool_refuse(struct spool *spool, int error, uint64_t now_ns)
{
	spool_note_failure(spool, SPOOL_WRITING, error);
	return refused(spool, now_ns);
}
