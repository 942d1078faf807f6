/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Three arrays in one mapping, of which only what is used is ever touched:
 *
 *      heads   where the chain of each hash begins; at least two for each place
 *      links   of each place: the next one in its chain, and its neighbours by age
 *      places  hash and bucket: a cache line
 *
 * Places are taken in order, and are never given back: when all are, the oldest gets a new key.  They have
 * numbers from 1, so that memory that was never touched is an empty chain.
 */
#include "config.h"

#include "base/mapped.h"
#include "pick/buckets.h"

#include <assert.h>
#include <stdlib.h>

struct place {
	uint64_t hash;
	struct bucket bucket;
};

struct link {
	uint32_t next; /* in the chain; 0 is its end */
	uint32_t newer;
	uint32_t older;
};

static_assert(sizeof(struct place) == 64, "a cache line");

/* links[0] closes the ring of ages: its newer is the oldest of all, its older the newest. */
struct buckets {
	struct bucket full; /* what a new key gets */
	struct place *places;
	struct link *links;
	uint32_t *heads;
	uint32_t mask; /* of a hash, which head is its own */
	uint32_t most;
	uint32_t count; /* places taken */
	size_t size;    /* of the mapping */
};

struct buckets *
buckets_new(uint64_t amount, uint64_t period_ns, uint64_t depth, size_t most)
{
	struct buckets *buckets = calloc(1, sizeof(*buckets));
	size_t heads = 1;

	if (buckets == NULL || most > BUCKETS_MOST || most > SIZE_MAX / 2 / sizeof(struct place)) {
		free(buckets);
		return NULL;
	}
	while (heads < 2 * most)
		heads *= 2;
	buckets->size = (most + 1) * (sizeof(struct place) + sizeof(struct link)) + heads * sizeof(uint32_t);
	buckets->places = mapped_new(buckets->size);
	if (buckets->places == NULL) {
		free(buckets);
		return NULL;
	}
	buckets->links = (struct link *)(buckets->places + most + 1);
	buckets->heads = (uint32_t *)(buckets->links + most + 1);
	buckets->mask = (uint32_t)(heads - 1);
	buckets->most = (uint32_t)most;
	bucket_init(&buckets->full, amount, period_ns, depth, 0);
	return buckets;
}

void
buckets_free(struct buckets *buckets)
{
	if (buckets == NULL)
		return;
	mapped_free(buckets->places, buckets->size);
	free(buckets);
}

void
buckets_retune(struct buckets *buckets, uint64_t amount, uint64_t period_ns, uint64_t depth, uint64_t now_ns)
{
	bucket_init(&buckets->full, amount, period_ns, depth, 0);
	for (uint32_t place = 1; place <= buckets->count; place++)
		bucket_retune(&buckets->places[place].bucket, amount, period_ns, depth, now_ns);
}

static void
leave_ring(struct buckets *buckets, uint32_t place)
{
	struct link *links = buckets->links;

	links[links[place].newer].older = links[place].older;
	links[links[place].older].newer = links[place].newer;
}

static void
enter_newest(struct buckets *buckets, uint32_t place)
{
	struct link *links = buckets->links;

	links[place].older = links[0].older;
	links[place].newer = 0;
	links[links[0].older].newer = place;
	links[0].older = place;
}

/* The place of the key that was used least recently, which is in no chain and not in the ring then. */
static uint32_t
reuse_oldest(struct buckets *buckets)
{
	uint32_t place = buckets->links[0].newer;
	uint32_t *link = &buckets->heads[buckets->places[place].hash & buckets->mask];

	while (*link != place)
		link = &buckets->links[*link].next;
	*link = buckets->links[place].next;
	leave_ring(buckets, place);
	return place;
}

static struct bucket *
bucket_of_new(struct buckets *buckets, uint64_t hash, uint64_t now_ns)
{
	uint32_t place = buckets->count < buckets->most ? ++buckets->count : reuse_oldest(buckets);
	uint32_t *head = &buckets->heads[hash & buckets->mask];

	buckets->places[place] = (struct place){ hash, buckets->full };
	buckets->places[place].bucket.then_ns = now_ns;
	buckets->links[place].next = *head;
	*head = place;
	enter_newest(buckets, place);
	return &buckets->places[place].bucket;
}

struct bucket *
buckets_of(struct buckets *buckets, uint64_t hash, uint64_t now_ns)
{
	uint32_t place = buckets->heads[hash & buckets->mask];

	while (place != 0 && buckets->places[place].hash != hash)
		place = buckets->links[place].next;
	if (place == 0)
		return bucket_of_new(buckets, hash, now_ns);
	if (place != buckets->links[0].older) {
		leave_ring(buckets, place);
		enter_newest(buckets, place);
	}
	bucket_refill(&buckets->places[place].bucket, now_ns, 0);
	return &buckets->places[place].bucket;
}
