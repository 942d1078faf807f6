/* SPDX-License-Identifier: BSD-2-Clause */
/* A table of small pages against a list that is searched from end to end. */
#include "../short_history.h" /* first: it sets what others have defaults for */

#include "../tap.h"

#include "../random.h"
#include "pick/newest.h"

#define KEYS 5000

/* The model: what each key's entry must say. */
static struct {
	uint64_t hash;
	uint32_t batch;
	uint32_t count; /* 0: it has none */
} known[KEYS];

static bool
is_right(const struct newest *newest, size_t key)
{
	const struct newest_entry *entry = newest_find(newest, known[key].hash);

	if (known[key].count == 0 || known[key].batch < newest->live)
		return entry == NULL;
	return entry != NULL && entry->hash == known[key].hash && entry->batch == known[key].batch &&
	    entry->count == known[key].count && entry->length == known[key].count + 1;
}

/* Of batches that die one after the other, as keys come again and are removed; alike in their lowest bits, too. */
static bool
behaves(uint64_t seed, size_t keys, uint32_t span, uint64_t mask)
{
	struct random random = { seed };
	struct newest newest;
	bool good = newest_begin(&newest);

	for (size_t i = 0; i < keys; i++) {
		known[i].hash = random_next(&random) & mask;
		known[i].count = 0;
	}
	for (uint32_t step = 1; step < 20000 && good; step++) {
		size_t key = (size_t)random_below(&random, keys);

		if (random_one_in(&random, 8)) {
			struct newest_entry *entry = newest_find(&newest, known[key].hash);
			if (entry != NULL)
				newest_remove(&newest, entry);
			known[key].count = 0;
		} else {
			struct newest_entry *entry = newest_put(&newest, known[key].hash);
			bool is_live = known[key].count > 0 && known[key].batch >= newest.live;

			good = entry != NULL && (entry->count > 0) == is_live;
			known[key].batch = 1 + step / 10;
			known[key].count = 1 + (uint32_t)random_below(&random, NEWEST_COUNT_MOST);
			if (good)
				*entry = (struct newest_entry){ .hash = known[key].hash, .batch = known[key].batch & NEWEST_BATCH_MOST,
					.length = (known[key].count + 1) & NEWEST_LENGTH_MOST, .count = known[key].count & NEWEST_COUNT_MOST };
		}
		if (step / 10 > span)
			newest.live = step / 10 - span;
		good = good && is_right(&newest, key) && is_right(&newest, (size_t)random_below(&random, keys));
	}
	for (size_t i = 0; i < keys && good; i++)
		good = is_right(&newest, i);
	newest_end(&newest);
	return good;
}

/* Pages for a few keys that live are few, however many have come and gone. */
static void
stays_small(void)
{
	struct random random = { 7 };
	struct newest newest;
	bool good = newest_begin(&newest);

	for (uint32_t step = 1; step < 100000 && good; step++) {
		uint64_t hash = random_next(&random);
		struct newest_entry *entry = newest_put(&newest, hash);

		if ((good = entry != NULL))
			*entry = (struct newest_entry){ .hash = hash, .batch = step & NEWEST_BATCH_MOST, .count = 1 };
		newest.live = step > 100 ? step - 100 : 0;
	}
	ok(good && newest.pages < 500, "%zu pages of 8 for 100 keys that live, of 100000", newest.pages);
	newest_end(&newest);
	ok(newest.directory == NULL && newest.slab == NULL, "all is given back");
	newest_end(&newest);
}

/* Where memory lacks the table is as it was, and goes on where there is some again. */
static void
without_memory(void)
{
	unsigned failed = 0;
	bool good = true;

	for (size_t calls = 0; calls < 3; calls++) {
		struct newest newest;

		short_history_calls = calls;
		good = good && newest_begin(&newest) == (calls == 2) && (calls == 2 || newest.directory == NULL);
		short_history_calls = SIZE_MAX;
		newest_end(&newest);
	}
	ok(good, "without memory none is begun");
	for (size_t calls = 0; calls < 40; calls++) {
		struct random random = { calls };
		struct newest newest;

		good = good && newest_begin(&newest);
		short_history_calls = calls;
		for (size_t i = 0; i < KEYS && good; i++) {
			struct newest_entry *entry;

			known[i].hash = random_next(&random);
			known[i].count = 0;
			if ((entry = newest_put(&newest, known[i].hash)) == NULL) {
				failed++;
				good = is_right(&newest, i) && is_right(&newest, i / 2);
				short_history_calls = calls;
				continue;
			}
			*entry = (struct newest_entry){ .hash = known[i].hash, .batch = 3, .length = 2, .count = 1 };
			known[i].batch = 3;
			known[i].count = 1;
		}
		for (size_t i = 0; i < KEYS && good; i++)
			good = is_right(&newest, i);
		short_history_calls = SIZE_MAX;
		newest_end(&newest);
	}
	ok(good && failed > 100, "where it lacks the table is as it was (%u times)", failed);
}

int
main(void)
{
	bool good = true;

	for (uint64_t seed = 0; seed < 20 && good; seed++)
		good = behaves(seed, 1 + (size_t)(seed * 13 % 300), (uint32_t)(seed * 17 % 90), UINT64_MAX);
	ok(good, "a few keys");
	ok(behaves(1, KEYS, 3000, UINT64_MAX), "many that live");
	ok(behaves(2, KEYS, 50, UINT64_MAX), "many of which few live");
	ok(behaves(3, 100, 3000, UINT64_C(0xffffff0000000003)), "alike in their lowest bits");
	stays_small();
	without_memory();
	return done_testing();
}
