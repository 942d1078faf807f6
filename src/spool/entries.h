/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * entries: the blocks whose records are in memory, or were, and are not all settled: oldest first.
 *
 * Says where on disk the oldest record stands that is not settled, and which it is.  Knows no file.
 */
#ifndef WEIR_ENTRIES_H
#define WEIR_ENTRIES_H

#include "spool/block.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct entry {
	uint64_t segment; /* its number */
	uint64_t place;   /* in the file */
	struct tally before;
	uint64_t first;
	uint64_t records;
	uint64_t length;  /* as it is in memory */
	uint64_t time_ns;
	unsigned gaps;
	struct block_gap *gap; /* malloc'd, NULL for none */
};

struct entries {
	struct entry *list; /* malloc'd: a ring */
	size_t size, first, count;
	struct tally sum;     /* of all */
	struct tally settled; /* of the oldest */
};

/* All zero is none. */
void entries_free(struct entries *entries);

struct entry *entries_at(const struct entries *entries, size_t index);

/* The newest, with its gaps, which are copied.  False with errno. */
bool entries_add(struct entries *entries, const struct entry *entry, unsigned gaps, const struct block_gap *gap);

/* Of all of them so much is not settled; what is settled whole goes.  Returns whether anything has changed. */
bool entries_settle(struct entries *entries, struct tally pending);

/* What is not settled. */
struct tally entries_pending(const struct entries *entries);

/* The serial of a record of one, counted from 0. */
uint64_t entry_serial(const struct entry *entry, uint64_t record);

/* The index of the one in which the pending record with this number is, counted from 0; count where there is none. */
size_t entries_find(const struct entries *entries, uint64_t record);

/* Some in the middle, or at the end, are gone: of those the first is not settled in part. */
void entries_remove(struct entries *entries, size_t from, size_t count);

#endif
