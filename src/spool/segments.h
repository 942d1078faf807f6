/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * segments: the files of a spool, oldest first.
 *
 * A list of what is known of each, in the order of what is in them.  Opens, makes and removes none: that is done by name,
 * in a folder.  Numbers only ever rise, so that no name is used twice.
 */
#ifndef WEIR_SEGMENTS_H
#define WEIR_SEGMENTS_H

#include "base/ledger.h"
#include "spool/block.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEGMENT_NAME 24 /* "0123456789abcdef.seg" and its NUL */

struct segment {
	uint64_t number;     /* its name */
	uint64_t length;     /* of the file, in bytes */
	struct tally before; /* the ordinal of its first block, as it was written */
	uint64_t first;      /* and the serial of that one's first record */
	unsigned char id[BLOCK_ID]; /* of that one's spool */
	bool spared;         /* not all of it could be read, or understood: this run does not remove it */
};

struct segments {
	struct segment *list; /* malloc'd */
	size_t count, size;
	uint64_t bytes;       /* of all */
	uint64_t next;        /* number of the next to be made */
};

/* All zero is an empty list. */
void segments_free(struct segments *segments);

/* At its end; with its number, which it has already, or the next one.  NULL with errno. */
struct segment *segments_add(struct segments *segments, uint64_t number);
struct segment *segments_begin(struct segments *segments);

struct segment *segments_at(const struct segments *segments, size_t index);
struct segment *segments_last(const struct segments *segments);

/* The index of the one with this number; SIZE_MAX where there is none. */
size_t segments_find(const struct segments *segments, uint64_t number);

/* In the order of what is in them. */
void segments_sort(struct segments *segments);

/* One is gone from the list. */
void segments_remove(struct segments *segments, size_t index);

/* Its file is so long now. */
void segments_set_length(struct segments *segments, struct segment *segment, uint64_t length);

/* The name of a file, and its number; false for a name that no segment has. */
void segment_name(char name[SEGMENT_NAME], uint64_t number);
bool segment_number(const char *name, uint64_t *number);

#endif
