/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/units.h"
#include "os/loop.h"
#include "spool/inside.h"
#include "spool/visit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who has the spool may remove segments, or write the state, while they are being looked at: then it is looked again, so
 * often, and a moment later each time. */
#define TRIES 8
#define MOMENT_NS NS_PER_MS

struct visit {
	struct spool spool; /* taken up, and never begun */
	struct visit_found found;
	struct scan scan;   /* of segments, one by one */
	struct tally missing;
	struct tally at_end; /* of that: what was on disk for sure, and is not behind the last block */
	bool ended;
};

/* --- opening ------------------------------------------------------------------------------------- */

static bool
is_at(const struct folder *folder, const char *name)
{
	const int fd = folder_take(folder, name);

	if (fd >= 0)
		folder_drop(fd);
	return fd >= 0;
}

static void
pause_for_moment(void)
{
	(void)loop_wait(NULL, 0, loop_now() + MOMENT_NS);
}

/* As it is at one moment, as far as that can be had. */
static int
find(struct recovered *recovered, const struct folder *folder, bool held)
{
	static const struct framing lines = { .kind = FRAMING_LINES, .delimiter = '\n' };

	for (int i = 0;; i++) {
		int result = recover(recovered, folder, &lines);

		if ((result == 0 && (!held || recovered->lost.bytes == 0)) || i == TRIES ||
		    (result < 0 && (!held || errno != ENOENT)))
			return result;
		recovered_free(recovered);
		pause_for_moment();
	}
}

static void
note(struct visit *visit, const struct recovered *recovered)
{
	struct visit_found *found = &visit->found;

	found->known = recovered->slot >= 0;
	found->clean = recovered->clean;
	found->framing = recovered->state.framing;
	found->confirmed = recovered->state.before;
	found->first = recovered->state.first;
	if (recovered->state.hole_to.bytes > recovered->state.before.bytes)
		found->given_way = spool_less(recovered->state.hole_to, recovered->state.hole_from);
	found->next = recovered->serial;
	found->others = recovered->left;
	found->none = recovered->fresh && recovered->done.count == 0 && recovered->left == 0 && !is_at(&visit->spool.folder, STATE_NAME);
}

/* What is confirmed comes as well: from the first block on that there is. */
static void
begin_at_oldest(struct spool *spool)
{
	const struct segment *oldest;

	if (spool->segments.count == 0)
		return;
	oldest = segments_at(&spool->segments, 0);
	if (oldest->before.bytes >= spool->loaded.bytes)
		return;
	spool->ahead = spool_sum(spool->ahead, spool_less(spool->loaded, oldest->before));
	spool->loaded = oldest->before;
	loader_seek(&spool->loader, oldest->number, 0);
}

static int
begin(struct visit *visit, bool all)
{
	struct spool *spool = &visit->spool;
	struct recovered recovered;

	visit->found.held = folder_is_held(&spool->folder, SPOOL_LOCK, &visit->found.holder);
	if (find(&recovered, &spool->folder, visit->found.held) < 0) {
		const int error = recovered.version != 0 ? EPROTO : errno;

		recovered_free(&recovered);
		errno = error;
		return -1;
	}
	note(visit, &recovered);
	visit->missing = visit->at_end = recovered.lost;
	spool->rules.framing = recovered.state.framing;
	loader_init(&spool->loader, &spool->folder, &spool->segments);
	spool_take_up(spool, &recovered);
	recovered_free(&recovered);
	visit->found.segments = spool->segments.count + spool->done.count;
	for (int i = 0; visit->found.known && i < BLOCK_ID; i++)
		(void)snprintf(spool->id + 2 * i, 3, "%02x", spool->state.id[i]);
	visit->found.id = spool->id;
	if (all)
		begin_at_oldest(spool);
	return 0;
}

struct visit *
visit_open(const char *path, bool all)
{
	struct visit *visit = calloc(1, sizeof(*visit));

	if (visit == NULL)
		return NULL;
	visit->spool.active = visit->spool.state_fd = -1;
	scan_init(&visit->scan);
	loader_init(&visit->spool.loader, &visit->spool.folder, &visit->spool.segments);
	if (folder_visit(&visit->spool.folder, path) < 0 || begin(visit, all) < 0) {
		const int error = errno;

		visit_close(visit);
		errno = error;
		return NULL;
	}
	return visit;
}

void
visit_close(struct visit *visit)
{
	struct spool *spool = &visit->spool;

	(void)loader_close(&spool->loader, 0);
	scan_free(&visit->scan);
	folder_close(&spool->folder);
	segments_free(&spool->segments);
	entries_free(&spool->entries);
	free(spool->done.number);
	free(visit);
}

struct visit_found
visit_found(const struct visit *visit)
{
	return visit->found;
}

/* --- records ------------------------------------------------------------------------------------- */

/* What of the one range lies in the other, by ordinals. */
static struct tally
common(struct tally from, struct tally to, struct tally begin, struct tally end)
{
	if (begin.bytes < from.bytes)
		begin = from;
	if (end.bytes > to.bytes)
		end = to;
	return spool_less(end, begin);
}

/* What the state says now of what is missing from there to here. */
static struct tally
settled_now(struct visit *visit, struct tally from, struct tally to)
{
	struct tally settled = { 0, 0 };
	struct recovered now;

	if (find(&now, &visit->spool.folder, true) == 0 && now.slot >= 0) {
		const struct state *state = &now.state;

		settled = common(from, to, from, state->before);
		if (state->hole_to.bytes > state->before.bytes)
			settled = spool_sum(settled, common(from, to, state->hole_from, state->hole_to));
	}
	recovered_free(&now);
	return settled;
}

/* Whoever has the spool may have settled it since it was opened, or let it give way.  A state that is just being written
 * may be read as the one before. */
static struct tally
settled_since(struct visit *visit, struct tally from, struct tally to)
{
	struct tally most = { 0, 0 };

	for (int i = 0; visit->found.held && i < TRIES && most.bytes < to.bytes - from.bytes; i++) {
		const struct tally settled = settled_now(visit, from, to);

		if (settled.bytes > most.bytes)
			most = settled;
		pause_for_moment();
	}
	return most;
}

/* What is missing of what is confirmed is no loss: nothing says that it has to be there. */
static void
count_missing(struct visit *visit, struct spool_next *next, struct tally from, struct tally to)
{
	next->lost = spool_less(next->lost, common(from, to, from, visit->found.confirmed));
	if (next->lost.bytes > 0)
		next->lost = spool_less(next->lost, settled_since(visit, from, to));
	visit->missing = spool_sum(visit->missing, next->lost);
}

bool
visit_next(struct visit *visit, struct spool_next *next)
{
	struct spool *spool = &visit->spool;
	const struct tally from = spool->loaded;

	if (!spool_next(spool, next)) {
		*next = (struct spool_next){ .lost = visit->at_end };
		visit->at_end = (struct tally){ 0, 0 };
		return next->lost.bytes > 0;
	}
	count_missing(visit, next, from, spool->loaded);
	if (next->length > 0) {
		size_t end;

		(void)framing_end(&spool->rules.framing, &end);
		(void)spool_loaded(spool, next->unended && next->of_old ? end : 0);
		(void)entries_settle(&spool->entries, (struct tally){ 0, 0 });
	}
	return true;
}

struct tally
visit_missing(const struct visit *visit)
{
	return visit->missing;
}

int
visit_error(const struct visit *visit)
{
	return visit->spool.loader.scan.error;
}

uint64_t
visit_serial(const struct spool_next *next, uint64_t record)
{
	uint64_t serial = next->first + next->skipped + record;

	for (unsigned i = 0; i < next->gaps && next->gap[i].at <= next->skipped + record; i++)
		serial += next->gap[i].missing;
	return serial;
}

/* --- segments ------------------------------------------------------------------------------------ */

static void
count_block(struct visit_segment *segment, const struct block *block, uint64_t place)
{
	if (segment->blocks++ == 0) {
		segment->first = block->first;
		segment->before = block->before;
	}
	segment->other += place - (segment->length - segment->torn);
	segment->torn = segment->length - place - block_size(block);
	segment->last = block_next(block) - (block->records > 0);
	segment->after = block_after(block);
	ledger_count(&segment->records, block->records, block->length);
}

static int
look_through(struct visit *visit, int fd, struct visit_segment *segment)
{
	const struct spool *spool = &visit->spool;
	const unsigned char *id = visit->found.known ? spool->state.id : NULL;
	struct scan *scan = &visit->scan;
	const int64_t length = folder_length(fd);
	enum scan_found found;
	const char *records;
	struct block block;
	uint64_t place;

	if (length < 0)
		return -1;
	segment->length = segment->torn = (uint64_t)length;
	scan->error = 0;
	scan_begin(scan, fd, 0, segment->length);
	while ((found = scan_next(scan, id, spool->other, &block, &place, &records)) != SCAN_END) {
		if (found == SCAN_WANTS)
			scan_fill(scan);
		else
			count_block(segment, &block, place);
	}
	if (!segment->newest) {
		segment->other += segment->torn;
		segment->torn = 0;
	}
	errno = scan->error;
	return scan->error == 0 ? 0 : -1;
}

int
visit_segment(struct visit *visit, uint64_t index, struct visit_segment *segment)
{
	const struct spool *spool = &visit->spool;
	const uint64_t used = spool->segments.count;
	char name[SEGMENT_NAME];
	int fd, result, error;

	*segment = (struct visit_segment){ .spare = index >= used, .newest = index + 1 == used };
	segment->number = index < used ? segments_at(&spool->segments, index)->number : spool->done.number[index - used];
	segment_name(name, segment->number);
	if ((fd = folder_take(&spool->folder, name)) < 0)
		return -1;
	result = look_through(visit, fd, segment);
	error = errno;
	folder_drop(fd);
	errno = error;
	return result;
}
