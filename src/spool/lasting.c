/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What makes a spool last: its state, syncs, and what is removed.
 */
#include "config.h"

#include "base/units.h"
#include "os/loop.h"
#include "spool/inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What a thread has done is seen after so long even where it could not tell. */
#define LOOK_NS NS_PER_S

/* --- the state ------------------------------------------------------------------------------------ */

/* Where another process begins. */
static void
find_first(const struct spool *spool, struct state *state)
{
	const struct entries *entries = &spool->entries;
	const struct segment *last = segments_last(&spool->segments);

	if (entries->count > 0) {
		const struct entry *oldest = entries_at(entries, 0);

		state->first = entry_serial(oldest, entries->settled.records);
		state->segment = oldest->segment;
		state->offset = oldest->place;
		state->before = spool_sum(oldest->before, entries->settled);
		return;
	}
	state->first = spool->loaded_serial;
	state->before = spool->loaded;
	if (spool->ahead.bytes > 0) {
		state->segment = spool->given ? spool->block_segment : spool->loader.segment;
		state->offset = spool->given ? spool->block_place : spool->loader.place;
	} else if (last != NULL) {
		state->segment = last->number;
		state->offset = last->length;
	}
}

void
spool_write_state(struct spool *spool)
{
	const int slot = spool->synced_slot == 0 ? 1 : 0;
	unsigned char bytes[STATE_SLOT];
	struct state *state = &spool->state;

	find_first(spool, state);
	if (state->before.bytes >= spool->hole_to.bytes)
		spool->hole_from = spool->hole_to = (struct tally){ 0, 0 };
	if (state->bound < state->first)
		state->bound = state->first;
	state->hole_from = spool->hole_from;
	state->hole_to = spool->hole_to;
	state->generation++;
	state->framing = spool->rules.framing;
	state_encode(state, bytes);
	if (folder_write(spool->state_fd, bytes, sizeof(bytes), (uint64_t)slot * STATE_PAGE) < 0)
		spool_note_failure(spool, SPOOL_WRITING, errno);
	else
		spool->changed = false;
	spool->stuck = spool->changed;
	spool->state_synced = false;
}

/* --- what is not needed any more ------------------------------------------------------------------- */

void
spool_remove_later(struct spool *spool, const struct segment *segment)
{
	struct spool_done *done = &spool->done;

	if (done->count == done->size) {
		size_t size = done->size > 0 ? 2 * done->size : 16;
		uint64_t *number = realloc(done->number, size * sizeof(*number));

		if (number == NULL)
			return; /* the next run finds it, and has no use for it either */
		done->number = number;
		done->size = size;
	}
	done->number[done->count++] = segment->number;
	done->bytes += segment->length;
}

void
spool_retire_one(struct spool *spool, size_t index)
{
	const struct segment *segment = segments_at(&spool->segments, index);

	loader_let_go(&spool->loader, segment->number);
	if (segment->spared)
		spool->spared_bytes += segment->length;
	else
		spool_remove_later(spool, segment);
	segments_remove(&spool->segments, index);
}

/* The index of the first that holds something that is not settled, or where something is put next. */
static size_t
first_needed(const struct spool *spool)
{
	const struct entries *entries = &spool->entries;
	size_t index;

	if (entries->count > 0)
		index = segments_find(&spool->segments, entries_at(entries, 0)->segment);
	else if (spool->ahead.bytes > 0)
		index = segments_find(&spool->segments, spool->given ? spool->block_segment : spool->loader.segment);
	else
		index = spool->segments.count - (spool->active >= 0);
	return index == SIZE_MAX ? 0 : index;
}

uint64_t
spool_settled_bytes(const struct spool *spool)
{
	uint64_t bytes = 0;

	for (size_t i = first_needed(spool); i > 0; i--)
		bytes += segments_at(&spool->segments, i - 1)->length;
	return bytes;
}

static uint64_t
end_of(const struct spool *spool, size_t index)
{
	return index + 1 < spool->segments.count ? segments_at(&spool->segments, index + 1)->before.bytes : spool->next.bytes;
}

/* What was not synced stays: where its sync fails it is written anew, as long as the state on disk does not say that it is
 * settled. */
static bool
may_go(const struct spool *spool, size_t index)
{
	const uint64_t end = end_of(spool, index);

	return spool->rules.sync_ns == SPOOL_SYNC_NEVER || end <= spool->state.synced.bytes || end <= spool->settled;
}

void
spool_retire(struct spool *spool)
{
	for (size_t needed = first_needed(spool); needed > 0 && may_go(spool, 0); needed--)
		spool_retire_one(spool, 0);
}

/* They have been removed. */
static void
forget_done(struct spool *spool, size_t removed)
{
	struct spool_done *done = &spool->done;

	done->count -= removed;
	if (removed > 0)
		memmove(done->number, done->number + removed, done->count * sizeof(*done->number));
	if (done->count == 0)
		done->bytes = 0;
}

/* --- syncs ----------------------------------------------------------------------------------------- */

/* Of the sealed ones those of which nothing is needed, as the state says that has just been written. */
static size_t
count_unneeded(struct spool *spool)
{
	const size_t needed = first_needed(spool);
	size_t count = 0;

	if (spool->rules.sync_ns == SPOOL_SYNC_NEVER)
		return 0;
	while (count < spool->sealed_count && segments_find(&spool->segments, spool->sealed[count].number) < needed)
		count++;
	if (count > 0)
		spool_write_state(spool);
	spool->settling = spool->state.before.bytes;
	return spool->stuck ? 0 : count;
}

static void
begin_data(struct spool *spool)
{
	struct syncer *syncer = &spool->syncer;
	const struct segment *last = segments_last(&spool->segments);

	spool->unneeded = count_unneeded(spool);
	syncer->state_first = spool->unneeded > 0;
	syncer->files = 0;
	for (size_t i = spool->unneeded; i < spool->sealed_count; i++)
		syncer->file[syncer->files++] = spool->sealed[i].fd;
	if (spool->active >= 0)
		syncer->file[syncer->files++] = spool->active;
	syncer->names = spool->names;
	spool->names = false;
	spool->syncing = spool->next;
	if (last != NULL) {
		spool->syncing_segment = last->number;
		spool->syncing_place = spool->last_place;
		spool->syncing_end = last->length;
	}
	spool->sync_due_ns = UINT64_MAX;
	spool->sync_took_ns = 0;
	syncer_begin(syncer, SYNCER_DATA);
}

static void
begin_state(struct spool *spool)
{
	struct syncer *syncer = &spool->syncer;
	const size_t most = spool->done.count < SYNCER_REMOVES ? spool->done.count : SYNCER_REMOVES;

	spool_write_state(spool);
	if (spool->stuck) { /* then nothing is removed for it, and later it is tried again */
		spool->sync_again_ns = loop_now() + SPOOL_RETRY_NS;
		spool->sync_due_ns = spool->sync_again_ns;
		return;
	}
	spool->state_synced = true;
	spool->settling = spool->state.before.bytes;
	syncer->removes = most;
	for (size_t i = 0; i < syncer->removes; i++)
		syncer->remove[i] = spool->done.number[i];
	syncer_begin(syncer, SYNCER_STATE);
}

/* Those that were full when it began are on disk. */
static void
close_sealed(struct spool *spool)
{
	const bool active = spool->active >= 0 && spool->syncer.files > 0 &&
	    spool->syncer.file[spool->syncer.files - 1] == spool->active;
	size_t synced = spool->unneeded + spool->syncer.files - active;

	if (synced > spool->sealed_count)
		synced = spool->sealed_count;
	for (size_t i = 0; i < synced; i++)
		folder_drop(spool->sealed[i].fd);
	spool->sealed_count -= synced;
	memmove(spool->sealed, spool->sealed + synced, spool->sealed_count * sizeof(*spool->sealed));
}

static void
note_time(struct spool *spool)
{
	spool->sync_took_ns += spool->syncer.took_ns;
	if (spool->sync_took_ns > spool->figures.longest_ns)
		spool->figures.longest_ns = spool->sync_took_ns;
}

/* The slot that was written is on disk. */
static void
turn_slots(struct spool *spool)
{
	spool->synced_slot = spool->synced_slot == 0 ? 1 : 0;
	spool->settled = spool->settling;
}

static void
end_data(struct spool *spool)
{
	const struct syncer *syncer = &spool->syncer;

	if (syncer->state_done)
		turn_slots(spool);
	if (syncer->error != 0) {
		spool_note_failure(spool, SPOOL_SYNCING, syncer->error);
		spool->broken = syncer->state_done == syncer->state_first; /* else nothing is known of the data */
		spool->names = true;
		spool->sync_due_ns = spool->broken ? 0 : spool->sync_again_ns;
		return;
	}
	close_sealed(spool);
	spool->state.synced = spool->syncing;
	spool->state.tail_segment = spool->syncing_segment;
	spool->state.tail_offset = spool->syncing_place;
	spool->tail_end = spool->syncing_end;
	spool_retire(spool);
	spool->state.bound = (spool->reach > spool->serial ? spool->reach : spool->serial) + SPOOL_BOUND_AHEAD;
	begin_state(spool);
}

static void
end_state(struct spool *spool)
{
	struct spool_figures *figures = &spool->figures;

	figures->syncs++;
	figures->synced_ns = loop_now();
	if (spool->syncer.error != 0) {
		spool_note_failure(spool, SPOOL_SYNCING, spool->syncer.error);
		spool->sync_due_ns = spool->sync_again_ns;
		spool->state_synced = false;
		spool->stays = spool->syncer.removed < spool->syncer.removes;
	} else {
		spool->stays = false;
		spool_note_success(spool, SPOOL_SYNCING);
		turn_slots(spool);
		spool->bound_synced = spool->state.bound;
	}
	forget_done(spool, spool->syncer.removed);
}

/* What a sync that began has come to. */
static void
look_at_sync(struct spool *spool)
{
	const enum syncer_step step = spool->syncer.step;

	if (step == SYNCER_IDLE || syncer_busy(&spool->syncer))
		return;
	spool->syncer.step = SYNCER_IDLE;
	spool->news = true;
	note_time(spool);
	if (step == SYNCER_DATA)
		end_data(spool);
	else
		end_state(spool);
}

/* --- the step -------------------------------------------------------------------------------------- */

static bool
is_due(const struct spool *spool, uint64_t now_ns)
{
	if (now_ns < spool->sync_again_ns)
		return false;
	return now_ns >= spool->sync_due_ns || spool->done.bytes > spool->segment_most;
}

void
spool_look(struct spool *spool, uint64_t now_ns)
{
	look_at_sync(spool);
	loader_tidy(&spool->loader);
	spool->news = false;
	spool->looked_ns = now_ns;
	if (now_ns >= spool->retry_ns)
		spool->refused = false; /* it can be tried again */
	if (spool->changed)
		spool_write_state(spool);
}

void
spool_step(struct spool *spool, uint64_t now_ns)
{
	look_at_sync(spool);
	if (spool->syncer.step == SYNCER_IDLE && is_due(spool, now_ns)) {
		if (spool->broken)
			spool->broken = !spool_write_anew(spool);
		if (!spool->broken)
			begin_data(spool);
	}
	if (spool->changed)
		spool_write_state(spool);
	if (!spool->state_synced && spool->syncer.step != SYNCER_DATA && spool->sync_due_ns == UINT64_MAX &&
	    spool->rules.sync_ns != SPOOL_SYNC_NEVER)
		spool->sync_due_ns = now_ns + spool->rules.sync_ns;
}

bool
spool_takes(const struct spool *spool)
{
	return spool->rules.sync_ns != SPOOL_SYNC_ALWAYS || spool->state.synced.bytes >= spool->next.bytes;
}

bool
spool_lets(const struct spool *spool)
{
	return spool->rules.sync_ns != SPOOL_SYNC_ALWAYS || spool->state.synced.bytes >= spool->loaded.bytes;
}

void
spool_fds(const struct spool *spool, int fd[SPOOL_FDS])
{
	fd[0] = spool->syncer.step != SYNCER_IDLE ? syncer_fd(&spool->syncer) : -1;
	fd[1] = loader_fd(&spool->loader);
	if (fd[1] < 0)
		fd[1] = saver_fd(&spool->saver); /* which has time: each descriptor counts, where a process may have few */
}

bool
spool_is_reading(const struct spool *spool)
{
	return loader_fd(&spool->loader) >= 0 || spool->read_again_ns != 0;
}

uint64_t
spool_deadline_ns(const struct spool *spool)
{
	uint64_t due_ns = spool->sync_due_ns;

	if (spool->news)
		return 0;
	if (due_ns != UINT64_MAX && due_ns < spool->sync_again_ns)
		due_ns = spool->sync_again_ns;
	if (spool->syncer.step != SYNCER_IDLE)
		due_ns = UINT64_MAX;
	if (spool->refused && spool->retry_ns < due_ns)
		due_ns = spool->retry_ns;
	if (spool->read_again_ns != 0 && spool->read_again_ns < due_ns)
		due_ns = spool->read_again_ns;
	if ((spool->syncer.step != SYNCER_IDLE || loader_fd(&spool->loader) >= 0) && spool->looked_ns + LOOK_NS < due_ns)
		due_ns = spool->looked_ns + LOOK_NS;
	return due_ns;
}

/* --- the end ---------------------------------------------------------------------------------------- */

static bool
wait_for_sync(struct spool *spool, uint64_t deadline_ns)
{
	while (spool->syncer.step != SYNCER_IDLE) {
		if (!syncer_await(&spool->syncer, deadline_ns))
			return false;
		look_at_sync(spool);
	}
	return !spool->broken;
}

int
spool_end(struct spool *spool, uint64_t deadline_ns)
{
	bool done = wait_for_sync(spool, deadline_ns);

	if (done && spool->entries.count == 0 && spool_is_level(spool)) {
		(void)spool_close_active(spool); /* nothing is left in it */
		spool_retire(spool);
	}
	if (done) {
		spool->state.next = spool->serial;
		spool->changed = true;
		begin_data(spool);
		done = wait_for_sync(spool, deadline_ns);
	}
	while (done && spool->done.count > 0 && spool->syncer.error == 0 && !spool->stuck) {
		begin_state(spool);
		done = wait_for_sync(spool, deadline_ns);
	}
	if (!syncer_close(&spool->syncer, deadline_ns) || !loader_close(&spool->loader, deadline_ns) ||
	    !saver_close(&spool->saver, deadline_ns))
		return ETIMEDOUT;
	return done && !spool->stuck ? spool->syncer.error : spool->figures.error;
}

struct tally
spool_ahead(const struct spool *spool)
{
	return spool->ahead;
}

struct spool_figures
spool_figures(const struct spool *spool)
{
	struct spool_figures figures = spool->figures;

	figures.most = spool->rules.most;
	figures.bytes = spool->segments.bytes + spool->done.bytes + spool->spared_bytes;
	figures.segments = spool->segments.count;
	figures.ahead = spool->ahead;
	figures.oldest_ns = spool->entries.count > 0 ? entries_at(&spool->entries, 0)->time_ns : 0;
	figures.id = spool->id;
	return figures;
}
