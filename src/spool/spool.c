/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/chance.h"
#include "base/units.h"
#include "os/diag.h"
#include "spool/inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENT_MOST (UINT64_C(64) << 20)

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
	return one->kind == other->kind && one->size == other->size && one->format == other->format &&
	    one->string_length == other->string_length && memcmp(one->string, other->string, one->string_length) == 0;
}

static bool
take_folder(struct spool *spool)
{
	const char *path = diag_visible(spool->rules.path);
	pid_t holder;

	if (folder_found(spool->rules.path, spool->rules.sync_ns != SPOOL_SYNC_NEVER) < 0 ||
	    folder_open(&spool->folder, spool->rules.path) < 0) {
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
	memcpy(spool->dropped_before, state->dropped, sizeof(spool->dropped_before));
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
	spool->lost_from = spool_less(recovered->next, recovered->lost);
	spool->loaded = state->before;
	spool->serial = recovered->serial;
	spool->loaded_serial = state->first;
	spool->ahead = spool_less(spool_less(spool->next, spool->loaded), recovered->lost);
	spool->hole_from = state->hole_from;
	spool->hole_to = state->hole_to;
	if (spool->hole_to.bytes > spool->loaded.bytes)
		spool->ahead = spool_less(spool->ahead, spool_less(spool->hole_to, spool->hole_from));
	if (spool->ahead.bytes == 0)
		spool->loaded = spool->next;
	spool->figures.recovered = spool_sum(spool->ahead, recovered->lost);
	/* What is counted is not counted again when ordinals jump over it: it is a hole, or beside another one. */
	if (recovered->lost.bytes == 0 || spool_make_hole(spool, spool->lost_from, spool->next))
		spool->lost_from = spool->next;
	spool_pass_to(spool, spool->loaded);
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

/* What the last run had not synced: it may be the kernel's alone. */
static bool
sync_found(struct spool *spool)
{
	const struct segments *segments = &spool->segments;
	struct state *state = &spool->state;
	bool any = false;

	for (size_t i = 0; i < segments->count; i++) {
		const uint64_t end = i + 1 < segments->count ? segments_at(segments, i + 1)->before.bytes : spool->next.bytes;
		char name[SEGMENT_NAME];
		int fd, error;

		if (end <= state->synced.bytes)
			continue;
		segment_name(name, segments_at(segments, i)->number);
		if ((fd = folder_take(&spool->folder, name)) < 0)
			return false;
		any = true;
		error = folder_sync_file(fd) < 0 ? errno : 0;
		folder_drop(fd);
		if ((errno = error) != 0)
			return false;
	}
	if (!any)
		return true;
	if (folder_sync(&spool->folder) < 0)
		return false;
	state->synced = spool->next;
	state->tail_segment = segments_last(segments)->number;
	state->tail_offset = 0;
	return true;
}

static bool
sync_at_start(struct spool *spool)
{
	if (spool->rules.sync_ns != SPOOL_SYNC_NEVER && !sync_found(spool))
		return false;
	spool_write_state(spool);
	if (spool->rules.sync_ns == SPOOL_SYNC_NEVER)
		return true;
	if (folder_sync_file(spool->state_fd) < 0 || folder_sync(&spool->folder) < 0)
		return false;
	spool->synced_slot = 1 - (spool->synced_slot < 0 ? 1 : spool->synced_slot);
	spool->state_synced = true;
	return true;
}

static void
refuse(const char *path, const struct recovered *recovered, int error)
{
	if (recovered->version != 0)
		diag_error("--spool=%s: %s: written by another version of weir (format %u)", path, recovered->where,
		    recovered->version);
	else
		diag_errno(error, "--spool=%s%s%s", path, recovered->where[0] != '\0' ? ": " : "", recovered->where);
}

/* A spool in which nothing is left is anybody's, however what was there was framed. */
static bool
has_records(const struct recovered *recovered)
{
	const struct state *state = &recovered->state;
	const uint64_t hole = state->hole_to.bytes > state->before.bytes ? state->hole_to.bytes - state->hole_from.bytes : 0;

	return recovered->next.bytes - state->before.bytes > hole + recovered->lost.bytes;
}

static bool
recover_all(struct spool *spool)
{
	const char *path = diag_visible(spool->rules.path);
	struct recovered recovered;

	if (recover(&recovered, &spool->folder, &spool->rules.framing) < 0) {
		refuse(path, &recovered, errno);
		recovered_free(&recovered);
		return false;
	}
	if (has_records(&recovered) && !is_framed_alike(&recovered.state.framing, &spool->rules.framing)) {
		diag_error("--spool=%s: its records are framed otherwise (%s)", path, framing_name(&recovered.state.framing));
		recovered_free(&recovered);
		return false;
	}
	loader_init(&spool->loader, &spool->folder, &spool->segments);
	spool_take_up(spool, &recovered);
	if (recovered.left > 0)
		diag_note("--spool=%s: %zu segment%s not of this spool: left alone", path, recovered.left, recovered.left == 1 ? "" : "s");
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
		.segment_most = rules->most / SPOOL_SEGMENTS < SEGMENT_MOST ? rules->most / SPOOL_SEGMENTS : SEGMENT_MOST,
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
	saver_init(&spool->saver);
	spool->sealed = calloc(SPOOL_SEALED_MOST, sizeof(*spool->sealed));
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
	if (error == 0 && spool->rules.saves)
		error = saver_start(&spool->saver);
	return error;
}

void
spool_free(struct spool *spool)
{
	if (spool == NULL)
		return;
	(void)syncer_close(&spool->syncer, 0);
	(void)loader_close(&spool->loader, 0);
	(void)saver_close(&spool->saver, 0);
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
	return folder_fd(&spool->folder);
}

uint64_t
spool_serial(const struct spool *spool)
{
	return spool->serial;
}
