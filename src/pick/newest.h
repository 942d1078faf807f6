/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * newest: by key, in which batch its newest record is.
 *
 * Batches are numbered in their order.  What is in those below `live` has gone, or does not matter any more: entries of
 * such are as good as none, and make place for others when there is need.  So nobody has to look up what leaves.
 *
 * A table that grows in small steps: pages of a fixed number of entries, found by the highest bits of the hash; a page
 * that has too many becomes two (extendible hashing: R. Fagin and others, ACM TODS 4(3), 1979).  So no entry costs more
 * than a page, however many there are: nothing is ever rehashed as a whole.
 *
 * Knows keys by their hash of 64 bits, whose every bit counts: it has to be salted (key_salt).  Of two keys that share
 * one, one record is taken for the newest of both: among a million keys that is once in 37 million times.  What a
 * batch is, is the caller's.  Memory is not given back before newest_end().
 */
#ifndef WEIR_NEWEST_H
#define WEIR_NEWEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Entries in a page, a power of two.  (A test has fewer, so that pages become two often.) */
#ifndef NEWEST_ENTRIES
#define NEWEST_ENTRIES 1024
#endif

/* As many as an entry may count, as long as a record may be for it, and the highest number of a batch. */
#define NEWEST_COUNT_MOST ((1U << 17) - 1)
#define NEWEST_LENGTH_MOST ((1U << 22) - 1)
#ifndef NEWEST_BATCH_MOST
#define NEWEST_BATCH_MOST ((1U << 24) - 1)
#endif

struct newest_entry {
	uint64_t hash;
	uint64_t batch : 24;  /* that the newest one is in */
	uint64_t length : 22; /* of that one, or NEWEST_LENGTH_MOST */
	uint64_t count : 17;  /* so many of its key are in that batch, at least 1; 0: the entry is free */
	uint64_t covered : 1; /* behind it there is one that is in no batch */
};

struct newest_page;
struct newest_slab;

/* All zero: there is no table.  16 bytes for an entry, of which 9 to 24 in 32 are used. */
struct newest {
	uint32_t live;
	struct newest_page **directory; /* calloc'd: 1 << depth, several for a page where there are fewer pages */
	unsigned depth;
	size_t pages;
	struct newest_slab *slab; /* where they are, the newest first */
};

/* Makes an empty table; false without memory.  newest_end frees all of it, and may be called at any time. */
bool newest_begin(struct newest *newest);
void newest_end(struct newest *newest);

/* Batches below this have gone, or do not matter any more (it only ever rises). */
void newest_set_live(struct newest *newest, uint32_t live);

/* So few pages are in a cache that is near, wherever in them one looks: nothing has to be fetched beforehand.  A table that is
 * far stays so. */
#ifndef NEWEST_NEAR
#define NEWEST_NEAR 8
#endif

static inline bool
newest_is_near(const struct newest *newest)
{
	return newest->pages <= NEWEST_NEAR;
}

/* The entry of a key, good until the next call but newest_prefetch; NULL where there is none in a live batch. */
struct newest_entry *newest_find(const struct newest *newest, uint64_t hash);

/* The same; where there is none a new one with a count of 0, for the caller to fill in at
 * once.  NULL without memory:
 * then the table is as it was. */
struct newest_entry *newest_put(struct newest *newest, uint64_t hash);

/* The entry, whatever its count is by now, is free. */
void newest_remove(struct newest *newest, struct newest_entry *entry);

/* It is about to be looked for: has the processor fetch it meanwhile. */
void newest_prefetch(const struct newest *newest, uint64_t hash);

#endif
