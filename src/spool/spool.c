/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/chance.h"
#include "base/crc32c.h"
#include "base/units.h"
#include "os/diag.h"
#include "os/loop.h"
#include "spool/inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SEGMENT_MOST (UINT64_C(64) << 20)
#define SEGMENTS 8 /* that a spool has at least, when it is full */

/* After a failure of the disk. */
#define RETRY_NS (100 * NS_PER_MS)

/* Descriptors of full segments that are not synced yet. */
#define SEALED_MOST (SYNCER_FILES - 1)

struct tally
spool_sum(struct tally one, struct tally other)
{
	return (struct tally){ one.records + other.records, one.bytes + other.bytes };
}

struct tally
spool_less(struct tally one, struct tally other)
{
	return (struct tally){ one.records > other.records ? one.records - other.records : 0,
		one.bytes > other.bytes ? one.bytes - other.bytes : 0 };
}

/* --- opening ------------------------------------------------------------------------------------- */

static void
make_id(unsigned char id[BLOCK_ID])
{
	struct chance chance;

	for (int i = 0; i < BLOCK_ID; i += 8) {
		uint64_t bits;

		chance_init(&chance, false, 0);
		bits = chance_next(&chance);
		memcpy(id + i, &bits, 8);
	}
}

static bool
is_framed_alike(const struct framing *one, const struct framing *other)
{
	if (framing_delimited(one) && framing_delimited(other))
		return one->delimiter == other->delimiter;
	return one->kind == other->kind && one->size == other->size;
}

static bool
take_folder(struct spool *spool)
{
	const char *path = diag_visible(spool->rules.path);
	pid_t holder;

	if (folder_open(&spool->folder, spool->rules.path) < 0) {
		if (errno == ENOTDIR)
			diag_error("--spool=%s: not a directory", path);
		else if (errno == EPERM)
			diag_error("--spool=%s: belongs to another user, or others may write to it", path);
		else
			diag_errno(errno, "--spool=%s", path);
		return false;
	}
	if (folder_lock(&spool->folder, SPOOL_LOCK, &holder) == 0)
		return true;
	if (errno == EBUSY && holder > 0)
		diag_error("--spool=%s: in use by process %ld", path, (long)holder);
	else if (errno == EBUSY)
		diag_error("--spool=%s: in use by another process", path);
	else
		diag_errno(errno, "--spool=%s: lock", path);
	return false;
}

void
spool_take_up(struct spool *spool, struct recovered *recovered)
{
	struct state *state = &spool->state;

	*state = recovered->state;
	spool->synced_slot = recovered->slot;
	spool->segments = recovered->segments;
	recovered->segments = (struct segments){ 0 };
	if (spool->segments.next <= state->segment) /* one that has gone: its number is not given again */
		spool->segments.next = state->segment + 1;
	if (spool->segments.next <= state->tail_segment)
		spool->segments.next = state->tail_segment + 1;
	for (size_t i = 0; i < recovered->done.count; i++)
		spool_remove_later(spool, segments_at(&recovered->done, i));
	if (recovered->slot < 0)
		make_id(state->id);
	spool->next = spool->old_end = recovered->next;
	spool->loaded = state->before;
	spool->serial = recovered->serial;
	spool->loaded_serial = state->first;
	spool->ahead = spool_less(spool_less(spool->next, spool->loaded), recovered->lost);
	if (recovered->unended && spool->ahead.bytes > 0 && framing_delimited(&spool->rules.framing))
		spool->ahead.bytes++; /* the delimiter that it gets */
	spool->hole_from = state->hole_from;
	spool->hole_to = state->hole_to;
	if (spool->hole_to.bytes > spool->loaded.bytes)
		spool->ahead = spool_less(spool->ahead, spool_less(spool->hole_to, spool->hole_from));
	spool->figures.recovered = spool_sum(spool->ahead, recovered->lost);
	spool->figures.corrupt = recovered->lost;
	spool->figures.rebuilt = recovered->rebuilt;
	spool->figures.unclean = !recovered->clean;
	state->bound = spool->bound_synced = spool->serial + SPOOL_BOUND_AHEAD;
	state->next = 0;
	for (int i = 0; i < BLOCK_ID; i++)
		if (state->other_id[i] != 0)
			spool->other = state->other_id;
	if (spool->segments.count > 0)
		loader_seek(&spool->loader, state->segment, state->offset);
}

static bool
open_state(struct spool *spool)
{
	spool->state_fd = folder_take(&spool->folder, STATE_NAME);
	if (spool->state_fd < 0 && errno == ENOENT)
		spool->state_fd = folder_make(&spool->folder, STATE_NAME);
	return spool->state_fd >= 0;
}

static bool
sync_at_start(struct spool *spool)
{
	spool_write_state(spool);
	if (spool->rules.sync_ns == SPOOL_SYNC_NEVER)
		return true;
	if (folder_sync_file(spool->state_fd) < 0 || folder_sync(&spool->folder) < 0)
		return false;
	spool->synced_slot = 1 - (spool->synced_slot < 0 ? 1 : spool->synced_slot);
	return true;
}

static bool
recover_all(struct spool *spool)
{
	const char *path = diag_visible(spool->rules.path);
	struct recovered recovered;

	if (recover(&recovered, &spool->folder, &spool->rules.framing) < 0) {
		diag_errno(errno, "--spool=%s", path);
		recovered_free(&recovered);
		return false;
	}
	if (!recovered.fresh && !is_framed_alike(&recovered.state.framing, &spool->rules.framing)) {
		diag_error("--spool=%s: its records are framed otherwise (%s)", path, framing_name(recovered.state.framing.kind));
		recovered_free(&recovered);
		return false;
	}
	loader_init(&spool->loader, &spool->folder, &spool->segments);
	spool_take_up(spool, &recovered);
	recovered_free(&recovered);
	spool_retire(spool);
	if (!open_state(spool) || !sync_at_start(spool)) {
		diag_errno(errno, "--spool=%s: %s", path, STATE_NAME);
		return false;
	}
	if (spool->figures.rebuilt)
		diag_note("--spool=%s: no state that can be read: what was confirmed before may come again", path);
	return true;
}

static void
set_up(struct spool *spool, const struct spool_rules *rules)
{
	*spool = (struct spool){
		.rules = *rules,
		.folder = { -1, -1 },
		.state_fd = -1,
		.active = -1,
		.synced_slot = -1,
		.sync_due_ns = UINT64_MAX,
		.segment_most = rules->most / SEGMENTS < SEGMENT_MOST ? rules->most / SEGMENTS : SEGMENT_MOST,
	};
}

struct spool *
spool_open(const struct spool_rules *rules)
{
	struct spool *spool = malloc(sizeof(*spool));

	if (spool == NULL) {
		diag_errno(errno, "--spool");
		return NULL;
	}
	set_up(spool, rules);
	spool->sealed = calloc(SEALED_MOST, sizeof(*spool->sealed));
	if (spool->sealed == NULL || !take_folder(spool) || !recover_all(spool)) {
		spool_free(spool);
		return NULL;
	}
	syncer_init(&spool->syncer, &spool->folder, spool->state_fd, rules->sync_ns == SPOOL_SYNC_NEVER);
	for (int i = 0; i < BLOCK_ID; i++)
		(void)snprintf(spool->id + 2 * i, 3, "%02x", spool->state.id[i]);
	return spool;
}

int
spool_start(struct spool *spool)
{
	int error = syncer_start(&spool->syncer);

	if (error == 0)
		error = loader_start(&spool->loader);
	return error;
}

void
spool_free(struct spool *spool)
{
	if (spool == NULL)
		return;
	(void)syncer_close(&spool->syncer, 0);
	(void)loader_close(&spool->loader, 0);
	if (spool->active >= 0)
		folder_drop(spool->active);
	for (size_t i = 0; i < spool->sealed_count; i++)
		folder_drop(spool->sealed[i].fd);
	if (spool->state_fd >= 0)
		folder_drop(spool->state_fd);
	folder_close(&spool->folder);
	segments_free(&spool->segments);
	entries_free(&spool->entries);
	free(spool->done.number);
	free(spool->sealed);
	free(spool);
}

int
spool_folder(const struct spool *spool)
{
	return spool->folder.fd;
}

uint64_t
spool_serial(const struct spool *spool)
{
	return spool->serial;
}

/* --- coming in ----------------------------------------------------------------------------------- */

void
spool_note_failure(struct spool *spool, int error)
{
	spool->figures.failures++;
	spool->figures.error = error;
	spool->retry_ns = loop_now() + RETRY_NS;
}

/* The active one is full: it stays open until it is synced. */
bool
spool_close_active(struct spool *spool)
{
	if (spool->active < 0)
		return true;
	if (spool->sealed_count == SEALED_MOST)
		return false;
	spool->sealed[spool->sealed_count++] = (struct spool_sealed){ spool->active, segments_last(&spool->segments)->number };
	spool->active = -1;
	return true;
}

bool
spool_begin_segment(struct spool *spool)
{
	struct segment *segment;
	char name[SEGMENT_NAME];

	if (!spool_close_active(spool))
		return false;
	if ((segment = segments_begin(&spool->segments)) == NULL) {
		spool_note_failure(spool, ENOMEM);
		return false;
	}
	segment->before = spool->next;
	segment->first = spool->serial;
	segment_name(name, segment->number);
	spool->active = folder_make(&spool->folder, name);
	if (spool->active < 0) {
		spool_note_failure(spool, errno);
		segments_remove(&spool->segments, spool->segments.count - 1);
		return false;
	}
	spool->last_place = 0;
	spool->names = true;
	return true;
}

/* One segment may be waiting to be removed; more than that is still there. */
static bool
is_too_full(const struct spool *spool, uint64_t size)
{
	const uint64_t waiting = spool->done.bytes > spool->segment_most ? spool->done.bytes - spool->segment_most : 0;

	return spool->segments.bytes + waiting + size > spool->rules.most;
}

static bool
has_segment_for(struct spool *spool, uint64_t size)
{
	const struct segment *last = segments_last(&spool->segments);

	if (spool->active >= 0 && (last->length == 0 || last->length + size <= spool->segment_most))
		return true;
	return spool_begin_segment(spool);
}

static uint64_t
wall_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void
describe(const struct spool *spool, const struct spool_load *load, struct block *block)
{
	block->flags = load->unended ? BLOCK_UNENDED : 0;
	if (spool->figures.unclean && spool->next.bytes == spool->old_end.bytes)
		block->flags |= BLOCK_AFTER_CRASH;
	block->length = load->length;
	block->records = load->records;
	block->first = load->first;
	block->before = spool->next;
	block->time_ns = wall_ns();
	memcpy(block->id, spool->state.id, BLOCK_ID);
	block->checksum = 0;
	for (int i = 1; i <= load->pieces; i++)
		block->checksum = crc32c(block->checksum, load->piece[i].iov_base, load->piece[i].iov_len);
	block->gaps = load->gaps;
	memcpy(block->gap, load->gap, load->gaps * sizeof(load->gap[0]));
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

static bool
is_ready_for(struct spool *spool, uint64_t size, uint64_t next, uint64_t now_ns)
{
	if (next > spool->reach)
		spool->reach = next;
	if (spool->rules.sync_ns != SPOOL_SYNC_NEVER && next > spool->bound_synced) {
		spool->sync_due_ns = 0;
		return false; /* for as long as a sync takes */
	}
	if (now_ns < spool->retry_ns || spool->broken)
		return false;
	spool->too_full = is_too_full(spool, size);
	return !spool->too_full && has_segment_for(spool, size);
}

enum spool_result
spool_put(struct spool *spool, const struct spool_load *load, bool forward, uint64_t now_ns)
{
	const struct tally sum = { load->records, load->length };
	unsigned char head[BLOCK_HEAD_MOST];
	struct segment *last;
	struct block block;
	uint64_t place, end;

	describe(spool, load, &block);
	if (!is_ready_for(spool, block_size(&block), block_next(&block), now_ns))
		return SPOOL_FULL;
	last = segments_last(&spool->segments);
	place = end = last->length;
	if (forward && !spool_note_entry(spool, &block, last->number, place, sum))
		return SPOOL_FULL;
	load->piece[0] = (struct iovec){ head, block_encode(&block, head) };
	if (folder_append(spool->active, load->piece, 1 + load->pieces, &end) < 0) {
		spool_note_failure(spool, errno);
		segments_set_length(&spool->segments, last, end);
		if (forward)
			entries_remove(&spool->entries, spool->entries.count - 1, 1);
		return SPOOL_FULL;
	}
	if (!forward && spool_is_level(spool))
		loader_seek(&spool->loader, last->number, place);
	segments_set_length(&spool->segments, last, end);
	spool->last_place = place;
	spool->next = block_after(&block);
	spool->serial = block_next(&block);
	if (forward) {
		spool->loaded = spool->next;
		spool->loaded_serial = spool->serial;
	} else {
		spool->ahead = spool_sum(spool->ahead, sum);
	}
	if (spool->sync_due_ns == UINT64_MAX && spool->rules.sync_ns != SPOOL_SYNC_NEVER)
		spool->sync_due_ns = now_ns + spool->rules.sync_ns;
	return SPOOL_DONE;
}

bool
spool_fits(const struct spool *spool, uint64_t length)
{
	return length <= spool->rules.most - BLOCK_HEAD_MOST;
}

bool
spool_wants_room(const struct spool *spool)
{
	return spool->too_full;
}

bool
spool_is_level(const struct spool *spool)
{
	return spool->ahead.bytes == 0 && spool->loaded.bytes == spool->next.bytes;
}
