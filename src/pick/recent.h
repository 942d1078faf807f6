/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recent: something for each key, of a bounded number of keys: those that came up most recently.
 *
 * Does not hash a key: it knows keys by their hash of 64 bits, and two that share one are one (of a million keys, one
 * time in thirty-seven million).  What it is that each has is its user's: a place of so many bytes.  When there is no room
 * for a new key, that one goes that came up longest ago.
 */
#ifndef WEIR_RECENT_H
#define WEIR_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECENT_MOST ((size_t)1 << 30)

struct recent;

/* For at most this many keys, 1 to RECENT_MOST, places of so many bytes, a multiple of 8.  Takes memory as keys come: of
 * each its place and 20 bytes, and 8 to 16 for each that there may be.  NULL if there is no address space. */
struct recent *recent_new(size_t most, size_t bytes);
void recent_free(struct recent *recent);

/* The place of the key with this hash; of a new one all zero, and *is_new.  Good until the next call.  Cannot fail.  In
 * constant time, however many keys there are. */
void *recent_of(struct recent *recent, uint64_t hash, bool *is_new);

/* The same, but NULL where it has none: it gets none then. */
void *recent_find(struct recent *recent, uint64_t hash);

/* Of how many keys there are places; and one of them after the other, from 0. */
size_t recent_count(const struct recent *recent);
void *recent_at(struct recent *recent, size_t index);

/* From now on all are new. */
void recent_clear(struct recent *recent);

#endif
