/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Three arrays in one mapping, of which only what is used is ever touched:
 *
 *      places  hash, and what its user has there
 *      links   of each place: the next one in its chain, and its neighbours by age
 *      heads   where the chain of each hash begins; at least two for each place
 *
 * Places are taken in order, and are never given back: when all are, the oldest gets a new key.  They have
 * numbers from 1, so that memory that was never touched is an empty chain.
 */
#include "config.h"

#include "base/mapped.h"
#include "pick/recent.h"

#include <stdlib.h>
#include <string.h>

struct link {
	uint32_t next; /* in the chain; 0 is its end */
	uint32_t newer;
	uint32_t older;
};

/* links[0] closes the ring of ages: its newer is the oldest of all, its older the newest. */
struct recent {
	uint64_t *places; /* each begins with its hash */
	size_t words;     /* in each, of 8 bytes */
	struct link *links;
	uint32_t *heads;
	uint32_t mask; /* of a hash, which head is its own */
	uint32_t most;
	uint32_t count; /* places taken */
	size_t size;    /* of the mapping */
};

struct recent *
recent_new(size_t most, size_t bytes)
{
	struct recent *recent = calloc(1, sizeof(*recent));
	const size_t words = 1 + bytes / sizeof(uint64_t);
	size_t heads = 1;

	if (recent == NULL || most > RECENT_MOST || most > SIZE_MAX / 2 / (words * sizeof(uint64_t))) {
		free(recent);
		return NULL;
	}
	while (heads < 2 * most)
		heads *= 2;
	recent->words = words;
	recent->size = (most + 1) * (words * sizeof(uint64_t) + sizeof(struct link)) + heads * sizeof(uint32_t);
	recent->places = mapped_new(recent->size);
	if (recent->places == NULL) {
		free(recent);
		return NULL;
	}
	recent->links = (struct link *)(recent->places + words * (most + 1));
	recent->heads = (uint32_t *)(recent->links + most + 1);
	recent->mask = (uint32_t)(heads - 1);
	recent->most = (uint32_t)most;
	return recent;
}

void
recent_free(struct recent *recent)
{
	if (recent == NULL)
		return;
	mapped_free(recent->places, recent->size);
	free(recent);
}

/* Its hash is the first word of it. */
static uint64_t *
place_at(const struct recent *recent, uint32_t place)
{
	return recent->places + recent->words * place;
}

static void
leave_ring(struct recent *recent, uint32_t place)
{
	struct link *links = recent->links;

	links[links[place].newer].older = links[place].older;
	links[links[place].older].newer = links[place].newer;
}

static void
enter_newest(struct recent *recent, uint32_t place)
{
	struct link *links = recent->links;

	links[place].older = links[0].older;
	links[place].newer = 0;
	links[links[0].older].newer = place;
	links[0].older = place;
}

/* The place of the key that came up longest ago, which is in no chain and not in the ring then. */
static uint32_t
reuse_oldest(struct recent *recent)
{
	uint32_t place = recent->links[0].newer;
	uint32_t *link = &recent->heads[*place_at(recent, place) & recent->mask];

	while (*link != place)
		link = &recent->links[*link].next;
	*link = recent->links[place].next;
	leave_ring(recent, place);
	return place;
}

static uint32_t
place_of_new(struct recent *recent, uint64_t hash)
{
	uint32_t place = recent->count < recent->most ? ++recent->count : reuse_oldest(recent);
	uint32_t *head = &recent->heads[hash & recent->mask];
	uint64_t *words = place_at(recent, place);

	memset(words, 0, recent->words * sizeof(*words));
	*words = hash;
	recent->links[place].next = *head;
	*head = place;
	enter_newest(recent, place);
	return place;
}

void *
recent_find(struct recent *recent, uint64_t hash)
{
	uint32_t place = recent->heads[hash & recent->mask];

	while (place != 0 && *place_at(recent, place) != hash)
		place = recent->links[place].next;
	if (place == 0)
		return NULL;
	if (place != recent->links[0].older) {
		leave_ring(recent, place);
		enter_newest(recent, place);
	}
	return place_at(recent, place) + 1;
}

void *
recent_of(struct recent *recent, uint64_t hash, bool *is_new)
{
	void *place = recent_find(recent, hash);

	*is_new = place == NULL;
	return place != NULL ? place : place_at(recent, place_of_new(recent, hash)) + 1;
}

size_t
recent_count(const struct recent *recent)
{
	return recent->count;
}

void *
recent_at(struct recent *recent, size_t index)
{
	return place_at(recent, (uint32_t)index + 1) + 1;
}

void
recent_clear(struct recent *recent)
{
	memset(recent->heads, 0, ((size_t)recent->mask + 1) * sizeof(*recent->heads));
	recent->links[0] = (struct link){ 0, 0, 0 };
	recent->count = 0;
}
