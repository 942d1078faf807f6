/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "os/folder.h"
#include "spool/saver.h"

#include <errno.h>
#include <string.h>

void
saver_init(struct saver *saver)
{
	*saver = (struct saver){ .worker = NULL };
	scan_init(&saver->scan);
}

static void
work(void *state)
{
	struct saver *saver = state;

	scan_fill(&saver->scan);
}

int
saver_start(struct saver *saver)
{
	saver->worker = worker_start(work, saver);
	return saver->worker != NULL ? 0 : errno;
}

bool
saver_take(struct saver *saver, const struct saver_segment *segment)
{
	if (saver->count == SAVER_MOST)
		return false;
	saver->segment[saver->count++] = *segment;
	return true;
}

/* The first is done with; what was not found of it. */
static struct tally
end_first(struct saver *saver)
{
	const struct saver_segment first = saver->segment[0];

	folder_drop(first.fd);
	saver->count--;
	memmove(saver->segment, saver->segment + 1, saver->count * sizeof(saver->segment[0]));
	saver->begun = false;
	return first.left;
}

bool
saver_close(struct saver *saver, uint64_t deadline_ns)
{
	const bool done = worker_close(saver->worker, deadline_ns);

	saver->worker = NULL;
	saver->filling = false;
	if (!done)
		return false; /* what it reads into stays */
	while (saver->count > 0)
		(void)end_first(saver);
	scan_free(&saver->scan);
	return true;
}

struct tally
saver_left(const struct saver *saver)
{
	struct tally left = { 0, 0 };

	for (size_t i = 0; i < saver->count; i++)
		ledger_count(&left, saver->segment[i].left.records, saver->segment[i].left.bytes);
	return left;
}

static bool
is_reading(struct saver *saver)
{
	saver->filling = saver->filling && worker_busy(saver->worker);
	return saver->filling;
}

/* Those that are wanted, each once. */
static bool
is_wanted(struct saver_segment *segment, const struct block *block)
{
	if (block->before.bytes < segment->from.bytes || block_after(block).bytes > segment->to.bytes ||
	    block->records > segment->left.records || block->length > segment->left.bytes)
		return false;
	segment->from = block_after(block);
	segment->left.records -= block->records;
	segment->left.bytes -= block->length;
	return true;
}

enum saver_found
saver_next(struct saver *saver, const unsigned char *id, const unsigned char *other, const char **text,
    const unsigned char **lengths, struct tally *sum)
{
	while (!is_reading(saver)) {
		struct saver_segment *first = &saver->segment[0];
		enum scan_found found = SCAN_END;
		struct block block;
		uint64_t place;

		if (saver->count == 0)
			return SAVER_IDLE;
		if (!saver->begun)
			scan_begin(&saver->scan, first->fd, 0, first->length);
		saver->begun = true;
		if (saver->scan.error == 0)
			found = scan_next(&saver->scan, id, other, &block, &place, text);
		if (found == SCAN_BLOCK && is_wanted(first, &block)) {
			*sum = (struct tally){ block.records, block.length };
			*lengths = block_lengths(&block) > 0 ? (const unsigned char *)*text - block_lengths(&block) : NULL;
			return SAVER_RECORDS;
		}
		if (found == SCAN_WANTS && !(saver->filling = worker_call(saver->worker)))
			scan_fill(&saver->scan);
		if (found == SCAN_END) {
			*sum = end_first(saver);
			if (sum->bytes > 0)
				return SAVER_MISSED;
		}
	}
	return SAVER_WAITS;
}

int
saver_fd(const struct saver *saver)
{
	return saver->filling ? worker_fd(saver->worker) : -1;
}
