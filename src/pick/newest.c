/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/mapped.h"
#include "pick/newest.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static_assert(sizeof(struct newest_entry) == 16, "four in a line of the cache");
static_assert((NEWEST_ENTRIES & (NEWEST_ENTRIES - 1)) == 0, "places are found by a mask");

/* More bits than this in common say that the hash is none. */
#define DEPTH_MOST 30

#define MASK ((size_t)NEWEST_ENTRIES - 1)

/* A page with so many entries is looked through for those of no live batch; with more than so many then it becomes two. */
#define FULL ((size_t)NEWEST_ENTRIES * 3 / 4)
#define SPLIT_FROM ((size_t)NEWEST_ENTRIES * 9 / 16)

/* All hashes in it have the same `depth` highest bits, as spiral() has them.  Open addressing by the lowest.  The
 * figures are not beside the entries: those of all pages stay in the cache. */
struct newest_page {
	struct newest_entry *entry;
	uint16_t depth;
	uint16_t used;
};
static_assert(NEWEST_ENTRIES <= UINT16_MAX, "used counts them");

/* Memory for pages: as many as there are already, until those are too many.  From then on it is a huge page, since
 * what is looked up is anywhere in all of them: the way to it is then half of the cost. */
struct newest_slab {
	struct newest_slab *older;
	size_t pages;
	size_t taken;
	bool mapped;
	struct newest_page page[]; /* and behind them their entries */
};

#define HUGE ((size_t)2 << 20)
#define HUGE_FROM 64 /* pages */
#define PAGE_BYTES (NEWEST_ENTRIES * sizeof(struct newest_entry))
#define LINE 64 /* bytes that the cache has in one piece: entries begin with one */
#define HUGE_PAGES ((HUGE - sizeof(struct newest_slab) - LINE) / (sizeof(struct newest_page) + PAGE_BYTES))

/* --- memory ------------------------------------------------------------------------------------- */

/* All zero, and where it should be: cut out of twice as much.  NULL without memory. */
static struct newest_slab *
map_huge(void)
{
	char *base = mapped_new(2 * HUGE);
	size_t front;

	if (base == NULL)
		return NULL;
	front = HUGE - (uintptr_t)base % HUGE;
	mapped_free(base, front);
	if (front < HUGE)
		mapped_free(base + front + HUGE, HUGE - front);
	mapped_prefer_huge(base + front, HUGE);
	return (struct newest_slab *)(void *)(base + front);
}

static bool
add_slab(struct newest *newest)
{
	size_t pages = newest->pages > 0 ? newest->pages : 1;
	bool mapped = pages >= HUGE_FROM;
	struct newest_slab *slab;
	uintptr_t entries;

	if (mapped)
		pages = HUGE_PAGES;
	slab = mapped ? map_huge() : calloc(1, sizeof(*slab) + LINE + pages * (sizeof(struct newest_page) + PAGE_BYTES));
	if (slab == NULL)
		return false;
	*slab = (struct newest_slab){ newest->slab, pages, 0, mapped };
	entries = ((uintptr_t)&slab->page[pages] + LINE - 1) / LINE * LINE;
	for (size_t i = 0; i < pages; i++)
		slab->page[i].entry = (struct newest_entry *)(entries + i * PAGE_BYTES);
	newest->slab = slab;
	return true;
}

static struct newest_page *
new_page(struct newest *newest)
{
	if ((newest->slab == NULL || newest->slab->taken == newest->slab->pages) && !add_slab(newest))
		return NULL;
	newest->pages++;
	return &newest->slab->page[newest->slab->taken++];
}

bool
newest_begin(struct newest *newest)
{
	*newest = (struct newest){ .directory = calloc(1, sizeof(struct newest_page *)) };
	if (newest->directory != NULL && (newest->directory[0] = new_page(newest)) != NULL)
		return true;
	newest_end(newest);
	return false;
}

void
newest_end(struct newest *newest)
{
	while (newest->slab != NULL) {
		struct newest_slab *slab = newest->slab;

		newest->slab = slab->older;
		if (slab->mapped)
			mapped_free(slab, HUGE);
		else
			free(slab);
	}
	free(newest->directory);
	*newest = (struct newest){ 0 };
}

void
newest_set_live(struct newest *newest, uint32_t live)
{
	newest->live = live;
}

/* --- looking up ----------------------------------------------------------------------------------- */

/* Its highest 32 bits, u, as about log2(1 + u) where they are a fraction: so of all pages the first have twice as many
 * keys as the last, and they do not all become two at the same time, but one after the other while their number doubles
 * (spiral storage: G. N. N. Martin, 1979). */
static uint64_t
spiral(uint64_t hash)
{
	const uint64_t u = hash >> 32;

	return u + ((u * ((UINT64_C(1) << 32) - u) >> 32) * 87 >> 8);
}

static size_t
index_of(const struct newest *newest, uint64_t hash)
{
	return (size_t)(spiral(hash) >> (32 - newest->depth));
}

/* Where the key is, or would be. */
static struct newest_entry *
place_of(struct newest_page *page, uint64_t hash)
{
	size_t at = (size_t)hash & MASK;

	while (page->entry[at].count != 0 && page->entry[at].hash != hash)
		at = (at + 1) & MASK;
	return &page->entry[at];
}

static bool
is_dead(const struct newest *newest, const struct newest_entry *entry)
{
	return entry->batch < newest->live;
}

struct newest_entry *
newest_find(const struct newest *newest, uint64_t hash)
{
	struct newest_entry *entry = place_of(newest->directory[index_of(newest, hash)], hash);

	return entry->count != 0 && !is_dead(newest, entry) ? entry : NULL;
}

void
newest_prefetch(const struct newest *newest, uint64_t hash)
{
#ifdef __GNUC__
	const struct newest_page *page = newest->directory[index_of(newest, hash)];

	__builtin_prefetch(&page->entry[(size_t)hash & MASK]);
	__builtin_prefetch(&page->entry[((size_t)hash + 4) & MASK]);
#else
	(void)newest;
	(void)hash;
#endif
}

/* Those behind it move up as far as they may. */
static void
take_out(struct newest_page *page, size_t hole)
{
	for (size_t at = (hole + 1) & MASK; page->entry[at].count != 0; at = (at + 1) & MASK) {
		size_t home = (size_t)page->entry[at].hash & MASK;

		if (((at - home) & MASK) >= ((at - hole) & MASK)) {
			page->entry[hole] = page->entry[at];
			hole = at;
		}
	}
	page->entry[hole].count = 0;
	page->used--;
}

void
newest_remove(struct newest *newest, struct newest_entry *entry)
{
	struct newest_page *page = newest->directory[index_of(newest, entry->hash)];

	take_out(page, (size_t)(entry - page->entry));
}

/* --- growing -------------------------------------------------------------------------------------- */

/* The directory has another bit: each page is in it twice as often. */
static bool
widen(struct newest *newest)
{
	size_t size = (size_t)1 << newest->depth;
	struct newest_page **directory;

	if (newest->depth == DEPTH_MOST || (directory = calloc(2 * size, sizeof(struct newest_page *))) == NULL)
		return false;
	for (size_t i = 0; i < 2 * size; i++)
		directory[i] = newest->directory[i / 2];
	free(newest->directory);
	newest->directory = directory;
	newest->depth++;
	return true;
}

/* Those of no live batch go, and those with the bit go to the other page, if there is one.  What stays moves up as far as
 * it may: from behind a free place on each finds what is in front of it where it will be. */
static void
sort_out(const struct newest *newest, struct newest_page *page, struct newest_page *other, uint64_t bit)
{
	size_t first = 0;

	while (page->entry[first].count != 0)
		first++;
	page->used = 0;
	for (size_t i = 1; i < NEWEST_ENTRIES; i++) {
		struct newest_entry *entry = &page->entry[(first + i) & MASK];
		const struct newest_entry copy = *entry;
		struct newest_page *to = page;

		entry->count = 0;
		if (copy.count == 0 || is_dead(newest, &copy))
			continue;
		if (other != NULL && (spiral(copy.hash) & bit) != 0)
			to = other;
		*place_of(to, copy.hash) = copy;
		to->used++;
	}
}

/* The page becomes two; false without memory. */
static bool
split(struct newest *newest, uint64_t hash)
{
	struct newest_page *page = newest->directory[index_of(newest, hash)], *other;
	size_t span, first;

	if (page->depth == newest->depth && !widen(newest))
		return false;
	if ((other = new_page(newest)) == NULL)
		return false;
	span = (size_t)1 << (newest->depth - page->depth);
	first = index_of(newest, hash) & ~(span - 1);
	other->depth = ++page->depth;
	sort_out(newest, page, other, UINT64_C(1) << (32 - page->depth));
	for (size_t i = first + span / 2; i < first + span; i++)
		newest->directory[i] = other;
	return true;
}

/* There is place for one more in the page; false without memory. */
static bool
make_place(struct newest *newest, uint64_t hash)
{
	struct newest_page *page = newest->directory[index_of(newest, hash)];

	sort_out(newest, page, NULL, 0);
	while (page->used > SPLIT_FROM) {
		if (!split(newest, hash))
			return page->used < FULL;
		page = newest->directory[index_of(newest, hash)];
	}
	return true;
}

/* Those of no live batch are taken over on the way: hardly a page has to be sorted out for more than those that stay. */
struct newest_entry *
newest_put(struct newest *newest, uint64_t hash)
{
	struct newest_page *page = newest->directory[index_of(newest, hash)];
	struct newest_entry *place = NULL, *entry;
	size_t at = (size_t)hash & MASK;

	for (; page->entry[at].count != 0 && page->entry[at].hash != hash; at = (at + 1) & MASK)
		if (place == NULL && is_dead(newest, &page->entry[at]))
			place = &page->entry[at];
	entry = &page->entry[at];
	if (entry->count != 0 && !is_dead(newest, entry))
		return entry;
	if (entry->count != 0) {
		place = entry;
	} else if (place == NULL) {
		if (page->used >= FULL && !make_place(newest, hash))
			return NULL;
		page = newest->directory[index_of(newest, hash)];
		place = place_of(page, hash);
		page->used++;
	}
	place->hash = hash; /* not all of it at once: that would be read back before it is written */
	place->count = 0;
	return place;
}
