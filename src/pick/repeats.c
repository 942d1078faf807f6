/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "pick/recent.h"
#include "pick/repeats.h"

#include <stdlib.h>

#define XXH_INLINE_ALL /* the header is all of it: nothing is linked */
#include <xxhash.h>

/* The other half of a hash, by whose first half its place is found; and when it was let in. */
struct one {
	uint64_t high;
	uint64_t then_ns;
};

struct repeats {
	struct recent *recent;
	struct mask *mask;
	uint64_t salt;
	uint64_t low; /* of the one that was asked about last */
	uint64_t high;
};

struct repeats *
repeats_new(size_t most, struct mask *mask, uint64_t salt)
{
	struct repeats *repeats = calloc(1, sizeof(*repeats));

	if (repeats == NULL)
		return NULL;
	*repeats = (struct repeats){ .recent = recent_new(most, sizeof(struct one)), .mask = mask, .salt = salt };
	if (repeats->recent != NULL)
		return repeats;
	free(repeats);
	return NULL;
}

void
repeats_free(struct repeats *repeats)
{
	if (repeats != NULL)
		recent_free(repeats->recent);
	free(repeats);
}

/* One more part of a record, behind those that there are: the hash of each is made with that of the one before, so that it
 * counts where one ends. */
static void
add(struct repeats *repeats, const char *text, size_t length)
{
	const XXH128_hash_t hash = XXH3_128bits_withSeed(text, length, repeats->low);

	repeats->low = hash.low64;
	repeats->high = (repeats->high << 23 | repeats->high >> 41) ^ hash.high64;
}

static void
take_hash(struct repeats *repeats, const char *text, size_t length)
{
	size_t at = 0, from, to;

	repeats->low = repeats->salt;
	repeats->high = 0;
	if (repeats->mask != NULL)
		mask_begin(repeats->mask, text, length);
	while (repeats->mask != NULL && mask_next(repeats->mask, at, &from, &to)) {
		add(repeats, text + at, from - at);
		at = to;
	}
	add(repeats, text + at, length - at);
}

bool
repeats_has(struct repeats *repeats, const char *text, size_t length, uint64_t within_ns, uint64_t now_ns,
    uint64_t *until_ns)
{
	const struct one *one;

	take_hash(repeats, text, length);
	one = recent_find(repeats->recent, repeats->low);
	if (one == NULL || one->high != repeats->high || now_ns - one->then_ns >= within_ns)
		return false;
	*until_ns = one->then_ns + within_ns;
	return true;
}

void
repeats_let_in(struct repeats *repeats, uint64_t now_ns)
{
	bool is_new;
	struct one *one = recent_of(repeats->recent, repeats->low, &is_new);

	one->high = repeats->high;
	one->then_ns = now_ns;
}

void
repeats_clear(struct repeats *repeats)
{
	recent_clear(repeats->recent);
}
