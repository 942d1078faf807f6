/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "pick/buckets.h"

#include <assert.h>
#include <stdlib.h>

static_assert(sizeof(struct bucket) == 56, "with its hash a cache line");

struct buckets {
	struct bucket full; /* what a new key gets */
	struct recent *recent;
};

struct buckets *
buckets_new(uint64_t amount, uint64_t period_ns, uint64_t depth, size_t most)
{
	struct buckets *buckets = calloc(1, sizeof(*buckets));

	if (buckets == NULL || (buckets->recent = recent_new(most, sizeof(struct bucket))) == NULL) {
		free(buckets);
		return NULL;
	}
	bucket_init(&buckets->full, amount, period_ns, depth, 0);
	return buckets;
}

void
buckets_free(struct buckets *buckets)
{
	if (buckets == NULL)
		return;
	recent_free(buckets->recent);
	free(buckets);
}

void
buckets_retune(struct buckets *buckets, uint64_t amount, uint64_t period_ns, uint64_t depth, uint64_t now_ns)
{
	const size_t count = recent_count(buckets->recent);

	bucket_init(&buckets->full, amount, period_ns, depth, 0);
	for (size_t i = 0; i < count; i++)
		bucket_retune(recent_at(buckets->recent, i), amount, period_ns, depth, now_ns);
}

struct bucket *
buckets_of(struct buckets *buckets, uint64_t hash, uint64_t now_ns)
{
	bool is_new;
	struct bucket *bucket = recent_of(buckets->recent, hash, &is_new);

	if (is_new) {
		*bucket = buckets->full;
		bucket->then_ns = now_ns;
	} else {
		bucket_refill(bucket, now_ns, 0);
	}
	return bucket;
}
