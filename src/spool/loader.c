/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "spool/loader.h"

#include <errno.h>

/* What cannot be read is passed over by these steps: pages of a file. */
#define STEP_LEAST ((uint64_t)4096)
#define STEP_MOST ((uint64_t)1 << 20)

void
loader_init(struct loader *loader, const struct folder *folder, const struct segments *segments)
{
	*loader = (struct loader){ .folder = folder, .segments = segments, .fd = -1 };
	scan_init(&loader->scan);
}

static void
work(void *state)
{
	struct loader *loader = state;

	scan_fill(&loader->scan);
}

int
loader_start(struct loader *loader)
{
	loader->worker = worker_start(work, loader);
	return loader->worker != NULL ? 0 : errno;
}

static bool
is_reading(struct loader *loader)
{
	loader->filling = loader->filling && worker_busy(loader->worker);
	return loader->filling;
}

static void
close_segment(struct loader *loader)
{
	if (loader->fd >= 0)
		folder_drop(loader->fd);
	loader->fd = -1;
	loader->leaving = false;
}

bool
loader_close(struct loader *loader, uint64_t deadline_ns)
{
	const bool done = worker_close(loader->worker, deadline_ns);

	loader->worker = NULL;
	loader->filling = false;
	if (!done)
		return false; /* what it reads into stays */
	close_segment(loader);
	scan_free(&loader->scan);
	return true;
}

/* One that is being read from stays open until then: nobody waits for that. */
void
loader_seek(struct loader *loader, uint64_t segment, uint64_t place)
{
	loader->segment = segment;
	loader->place = place;
	loader->leaving = true;
	loader_tidy(loader);
}

void
loader_let_go(struct loader *loader, uint64_t segment)
{
	loader->leaving |= loader->segment == segment;
	loader_tidy(loader);
}

void
loader_tidy(struct loader *loader)
{
	if (!loader->leaving || is_reading(loader))
		return;
	close_segment(loader);
}

/* The segment, or the first behind it that there is. */
static const struct segment *
this_segment(struct loader *loader)
{
	size_t index = segments_find(loader->segments, loader->segment);

	return index == SIZE_MAX ? NULL : segments_at(loader->segments, index);
}

/* False with an error in `error`, or 0 where there is none of that number. */
static bool
open_segment(struct loader *loader)
{
	const struct segment *segment = this_segment(loader);
	char name[SEGMENT_NAME];

	loader->error = 0;
	if (segment == NULL || segment->number == loader->given_up)
		return false;
	segment_name(name, segment->number);
	loader->fd = folder_take(loader->folder, name);
	if (loader->fd >= 0)
		scan_begin(&loader->scan, loader->fd, loader->place, segment->length);
	else if (errno != ENOENT)
		loader->error = errno;
	return loader->fd >= 0;
}

/* Behind the end of this one is the next. */
static bool
go_on(struct loader *loader)
{
	const size_t index = segments_find(loader->segments, loader->segment);

	if (index == SIZE_MAX || index + 1 == loader->segments->count)
		return false;
	loader_seek(loader, segments_at(loader->segments, index + 1)->number, 0);
	return true;
}

enum loader_found
loader_next(struct loader *loader, const unsigned char *id, const unsigned char *other, struct block *block,
    uint64_t *segment, uint64_t *place, const char **records)
{
	for (;;) {
		const struct segment *here;

		if (is_reading(loader))
			return LOADER_WAITS;
		loader_tidy(loader);
		if (loader->fd < 0 && !open_segment(loader)) {
			if (loader->error != 0)
				return LOADER_FAILED;
			if (!go_on(loader))
				return LOADER_END;
			continue;
		}
		if (loader->scan.error != 0) {
			loader->error = loader->scan.error;
			loader->scan.error = 0;
			return LOADER_FAILED;
		}
		if ((here = this_segment(loader)) != NULL)
			scan_extend(&loader->scan, here->length);
		switch (scan_next(&loader->scan, id, other, block, place, records)) {
		case SCAN_BLOCK:
			*segment = loader->segment;
			loader->step = 0;
			loader->place = *place + block_size(block);
			return LOADER_BLOCK;
		case SCAN_WANTS:
			loader->filling = worker_call(loader->worker);
			if (!loader->filling)
				scan_fill(&loader->scan);
			break;
		case SCAN_END:
			if (!go_on(loader))
				return LOADER_END;
			break;
		}
	}
}

void
loader_give_up(struct loader *loader)
{
	if (loader->fd < 0) {
		loader->given_up = loader->segment;
		return;
	}
	loader->step = loader->step == 0 ? STEP_LEAST : loader->step < STEP_MOST ? 2 * loader->step : STEP_MOST;
	scan_give_up(&loader->scan, loader->step);
}

bool
loader_has_strange(const struct loader *loader)
{
	return loader->fd >= 0 && (loader->scan.foreign || loader->scan.version != 0);
}

int
loader_fd(const struct loader *loader)
{
	return loader->filling ? worker_fd(loader->worker) : -1;
}
