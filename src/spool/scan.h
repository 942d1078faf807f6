/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan: the blocks of one segment, one after the other, whatever has happened to it.
 *
 *      scan_fill (waits for the disk) -> scan_next ... -> SCAN_WANTS -> scan_fill -> ... -> SCAN_END
 *
 * What is no block, is none of this spool, or is not whole by its checksums, is passed over up to the next that is.
 * How much that was only ordinals can tell, which are the caller's to compare.
 *
 * Who reads the file and who looks at what was read may be two threads, in turn: scan_fill touches nothing but the file
 * and the memory of the scan.
 */
#ifndef WEIR_SCAN_H
#define WEIR_SCAN_H

#include "spool/block.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that are read at once, but for a block that is longer. */
#define SCAN_AHEAD ((size_t)1 << 20)

struct scan {
	int fd;          /* not owned */
	uint64_t at;     /* of the file: where what is looked at next begins, */
	uint64_t end;    /* and where it ends: what comes behind is not looked at; */
	uint64_t told;   /* where it was said to */
	char *text;      /* malloc'd: what was read, of which */
	size_t size;     /* so much is there, */
	size_t begin, held; /* and so much is what stands from `at` on */
	size_t wanted;   /* that is to be held before anything can be said */
	int error;       /* errno of the last read, where it failed or there was no memory for it; else 0 */
	bool damaged;    /* since it began something was passed over, */
	bool foreign;    /* or a block of another spool was, */
	unsigned version; /* or one of another version, which is this; or 0 */
};

enum scan_found {
	SCAN_BLOCK,
	SCAN_WANTS, /* more is to be read first */
	SCAN_END,
};

void scan_init(struct scan *scan);
void scan_free(struct scan *scan);

/* From now on it is this file, from an offset up to another. */
void scan_begin(struct scan *scan, int fd, uint64_t from, uint64_t end);

/* It ends later than it did: the file has grown. */
void scan_extend(struct scan *scan, uint64_t end);

/* Reads what is wanted, and what comes after it, as far as there is room.  May wait for the disk.  Where it cannot (error)
 * nothing has changed, and it can be tried again. */
void scan_fill(struct scan *scan);

/* It is not tried again: what is wanted and cannot be read is passed over, a block as a whole where its head was read, else
 * `step` bytes behind what was read. */
void scan_give_up(struct scan *scan, uint64_t step);

/* The next block with one of these ids (the second may be NULL, and the first for any), its place in the file, and its records, which stay
 * where they are until the next call. */
enum scan_found scan_next(struct scan *scan, const unsigned char *id, const unsigned char *other, struct block *block,
    uint64_t *place, const char **records);

#endif
