/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buckets: a token bucket for each key, a bounded number of them.
 *
 * Does not know which key has which: that is recent's.  Does not count tokens: that is bucket's.
 *
 * When there is no room for a new key, the bucket goes that was used least recently.  A key whose
 * bucket has gone begins with a full one again.  Nothing is lost by that if it had become full
 * meanwhile: then it was the same as no bucket.
 */
#ifndef WEIR_BUCKETS_H
#define WEIR_BUCKETS_H

#include "pick/bucket.h"
#include "pick/recent.h"

#include <stddef.h>
#include <stdint.h>

struct buckets;

/* Of at most this many keys, 1 to RECENT_MOST; the other figures are those of bucket_init.  Takes
 * memory as keys come: 76 bytes a key, and 8 to 16 for each that there may be.  NULL if there is no
 * address space. */
struct buckets *buckets_new(uint64_t amount, uint64_t period_ns, uint64_t depth, size_t most);

/* From now on these are the figures of all of them, new and old, as bucket_retune has it.  Looks at each: some
 * 20 ms for a million of them. */
void buckets_retune(struct buckets *buckets, uint64_t amount, uint64_t period_ns, uint64_t depth, uint64_t now_ns);

void buckets_free(struct buckets *buckets);

/* The bucket of the key with this hash, refilled to now_ns; a new key's is full.  Good until the
 * next call but buckets_retune. Cannot fail.  In constant time, however many keys there are. */
struct bucket *buckets_of(struct buckets *buckets, uint64_t hash, uint64_t now_ns);

#endif
