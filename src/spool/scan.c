/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/crc32c.h"
#include "os/folder.h"
#include "spool/scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
scan_init(struct scan *scan)
{
	*scan = (struct scan){ .fd = -1 };
}

void
scan_free(struct scan *scan)
{
	free(scan->text);
	scan->text = NULL;
}

void
scan_begin(struct scan *scan, int fd, uint64_t from, uint64_t end)
{
	scan->fd = fd;
	scan->at = from;
	scan->end = scan->told = end;
	scan->begin = scan->held = 0;
	scan->wanted = BLOCK_HEADER;
	scan->error = 0;
	scan->damaged = scan->foreign = false;
	scan->version = 0;
}

void
scan_extend(struct scan *scan, uint64_t end)
{
	if (end > scan->told)
		scan->end = scan->told = end;
}

/* --- reading -------------------------------------------------------------------------------------- */

/* Bytes from `at` on that there are. */
static uint64_t
left(const struct scan *scan)
{
	return scan->end > scan->at ? scan->end - scan->at : 0;
}

static size_t
at_once(const struct scan *scan)
{
	return scan->wanted > SCAN_AHEAD ? scan->wanted : SCAN_AHEAD;
}

/* What is held stands in front, and there is room for what is wanted. */
static bool
make_room(struct scan *scan)
{
	const size_t size = at_once(scan);

	if (scan->text != NULL && scan->begin > 0)
		memmove(scan->text, scan->text + scan->begin, scan->held);
	scan->begin = 0;
	if (scan->size < size) {
		char *text = realloc(scan->text, size);

		if (text == NULL)
			return false;
		scan->text = text;
		scan->size = size;
	}
	return true;
}

void
scan_fill(struct scan *scan)
{
	size_t length;
	ssize_t done;

	if (!make_room(scan)) {
		scan->error = ENOMEM;
		return;
	}
	length = at_once(scan) - scan->held; /* more than that is wanted */
	if (length > left(scan) - scan->held)
		length = (size_t)(left(scan) - scan->held);
	done = folder_read(scan->fd, scan->text + scan->held, length, scan->at + scan->held);
	scan->error = done < 0 ? errno : 0;
	if (done < 0)
		return;
	if (done < (ssize_t)length)
		scan->end = scan->at + scan->held + (uint64_t)done;
	scan->held += (size_t)done;
}

/* --- looking -------------------------------------------------------------------------------------- */

static void
pass_over(struct scan *scan, size_t length)
{
	scan->at += length;
	scan->begin += length;
	scan->held -= length;
	scan->wanted = BLOCK_HEADER;
}

/* More has to be held: whether there is so much. */
static bool
wants(struct scan *scan, uint64_t length)
{
	if (length > left(scan) || length > SIZE_MAX / 2)
		return false;
	scan->wanted = (size_t)length;
	return true;
}

void
scan_give_up(struct scan *scan, uint64_t step)
{
	uint64_t length = scan->held + step;
	struct block block;

	if (scan->held > 0 && block_decode(&block, scan->text + scan->begin, scan->held) == BLOCK_FOUND)
		length = block_size(&block);
	scan->at += length < left(scan) ? length : left(scan);
	scan->begin = scan->held = 0;
	scan->wanted = BLOCK_HEADER;
	scan->damaged = true;
	scan->error = 0;
}

/* What stands here is none. */
static void
look_further(struct scan *scan)
{
	const char *text = scan->text + scan->begin;

	scan->damaged = true;
	pass_over(scan, scan->held > 1 ? 1 + block_search(text + 1, scan->held - 1) : scan->held);
}

static bool
is_whole(const struct block *block, const char *records)
{
	const size_t lengths = block_lengths(block);

	return crc32c(0, records - lengths, lengths + (size_t)block->length) == block->checksum && block_adds_up(block, records);
}

enum scan_found
scan_next(struct scan *scan, const unsigned char *id, const unsigned char *other, struct block *block,
    uint64_t *place, const char **records)
{
	while (left(scan) > 0) {
		enum block_found found;
		const char *text;
		size_t head;

		if (scan->held == 0 || (scan->held < scan->wanted && scan->held < left(scan)))
			return SCAN_WANTS;
		text = scan->text + scan->begin;
		found = block_decode(block, text, scan->held);
		if (found == BLOCK_SHORT && scan->held < left(scan)) {
			if (!wants(scan, scan->held + 1 < BLOCK_HEAD_MOST ? BLOCK_HEAD_MOST : scan->held + 1))
				scan->wanted = (size_t)left(scan);
			return SCAN_WANTS;
		}
		if (found == BLOCK_OTHER && scan->version == 0)
			scan->version = block_version(text);
		if (found != BLOCK_FOUND || block_size(block) > left(scan)) {
			look_further(scan);
			continue;
		}
		if (block_size(block) > scan->held) {
			if (wants(scan, block_size(block)))
				return SCAN_WANTS;
			look_further(scan);
			continue;
		}
		head = block_head(block);
		*place = scan->at;
		*records = text + head;
		pass_over(scan, (size_t)block_size(block));
		if (!block_is_of(block, id, other))
			scan->foreign = true;
		else if (is_whole(block, *records))
			return SCAN_BLOCK;
		scan->damaged = true; /* how long it is was whole: nothing is looked for inside */
	}
	return SCAN_END;
}
