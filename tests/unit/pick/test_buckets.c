/* SPDX-License-Identifier: BSD-2-Clause */
/* Buckets against a list of keys that is searched from end to end. */
#include "../tap.h"

#include "../random.h"
#include "pick/buckets.h"

#define AMOUNT 7
#define PERIOD 1000
#define DEPTH 40
#define KEYS_MOST 64

/* The model. */
static struct {
	uint64_t hash;
	uint64_t used; /* the number of the call */
	struct bucket bucket;
} known[KEYS_MOST];
static size_t known_count;

static struct bucket *
model_of(uint64_t hash, uint64_t now, uint64_t call, size_t most)
{
	size_t at = 0, oldest = 0;

	while (at < known_count && known[at].hash != hash)
		at++;
	if (at < known_count) {
		bucket_refill(&known[at].bucket, now, 0);
	} else {
		for (size_t i = 1; i < known_count; i++)
			if (known[i].used < known[oldest].used)
				oldest = i;
		at = known_count < most ? known_count++ : oldest;
		known[at].hash = hash;
		bucket_init(&known[at].bucket, AMOUNT, PERIOD, DEPTH, now);
	}
	known[at].used = call;
	return &known[at].bucket;
}

static bool
is_same(const struct bucket *a, const struct bucket *b)
{
	return a->amount == b->amount && a->period_ns == b->period_ns && a->depth == b->depth &&
	    a->batch == b->batch && a->level == b->level && a->rest == b->rest && a->then_ns == b->then_ns;
}

/* Hashes of `keys` keys; alike in their lowest bits, which makes long chains, where `alike`. */
static bool
behaves(uint64_t seed, size_t most, uint64_t keys, bool alike)
{
	struct random random = { seed };
	struct buckets *buckets = buckets_new(AMOUNT, PERIOD, DEPTH, most);
	uint64_t now = 0;
	bool good = buckets != NULL;

	known_count = 0;
	for (uint64_t call = 0; call < 2000 && good; call++) {
		uint64_t key = random_below(&random, random_below(&random, keys) + 1);
		uint64_t hash = alike ? key << 32 : key * UINT64_C(0x9e3779b97f4a7c15);
		uint64_t cost = random_below(&random, 10);
		struct bucket *got, *want;

		now += random_below(&random, 2000) * random_below(&random, 2);
		got = buckets_of(buckets, hash, now);
		want = model_of(hash, now, call, most);
		if (!(good = is_same(got, want)))
			diag("seed %" PRIu64 ", %zu buckets, call %" PRIu64 ", key %" PRIu64 ": level %" PRId64
			     ", should be %" PRId64, seed, most, call, key, got->level, want->level);
		bucket_charge(got, cost);
		bucket_charge(want, cost);
	}
	buckets_free(buckets);
	return good;
}

static void
any_order(void)
{
	static const size_t sizes[] = { 1, 2, 3, 7, 8, 33, 64 };
	bool good = true;

	for (uint64_t seed = 1; seed <= 50 && good; seed++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && good; i++) {
			good = behaves(seed, sizes[i], 2 * sizes[i] + 2, false) && behaves(seed, sizes[i], sizes[i], false) &&
			    behaves(seed, sizes[i], 2 * sizes[i] + 2, true);
		}
	}
	ok(good, "a key has its own bucket, until it is the one that was used least recently");
}

static void
by_example(void)
{
	struct buckets *buckets = buckets_new(1, 10, 5, 2);

	bucket_charge(buckets_of(buckets, 1, 0), 5);
	bucket_charge(buckets_of(buckets, 2, 0), 3);
	is(buckets_of(buckets, 1, 20)->level, 2, "what came meanwhile is there");
	is(buckets_of(buckets, 3, 20)->level, 5, "a new key's bucket is full");
	is(buckets_of(buckets, 1, 20)->level, 2, "the key that was used last has kept its own");
	is(buckets_of(buckets, 2, 20)->level, 5, "the other begins again");
	is(buckets_of(buckets, 0, 20)->level, 5, "a hash of 0 is a hash");
	buckets_free(buckets);
	buckets_free(NULL);
	ok(buckets_new(1, 10, 5, SIZE_MAX) == NULL, "there is an end to memory");
}

/* --- memory --------------------------------------------------------------------------------------- */

#define MILLION 1000000

/* A sanitizer or valgrind has memory of its own, and where there is no such file nothing is known: 0. */
static long
anonymous_kib(void)
{
	const char *under = getenv("WEIR_UNDER");
	bool ours = under == NULL || (strcmp(under, "asan") != 0 && strcmp(under, "valgrind") != 0);
	FILE *f = ours ? fopen("/proc/self/status", "r") : NULL;
	char line[256];
	long kib = 0;

	if (f == NULL)
		return 0;
	while (kib == 0 && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "RssAnon:", 8) == 0)
			kib = strtol(line + 8, NULL, 10);
	(void)fclose(f);
	return kib;
}

static void
memory(void)
{
	long before = anonymous_kib();
	struct buckets *buckets = buckets_new(AMOUNT, PERIOD, DEPTH, MILLION);
	bool good = true;

	for (uint64_t key = 0; key < 10; key++)
		good = buckets_of(buckets, key * UINT64_C(0x9e3779b97f4a7c15), key) != NULL && good;
	ok(good && anonymous_kib() - before < 1024, "few keys take little memory, whatever there may be");
	for (uint64_t key = 0; key < MILLION; key++)
		bucket_charge(buckets_of(buckets, key * UINT64_C(0x9e3779b97f4a7c15), 10), 1);
	ok(anonymous_kib() - before < 128 * 1024, "a million keys take less than 128 MiB");
	for (uint64_t key = 0; key < MILLION && good; key++)
		good = buckets_of(buckets, key * UINT64_C(0x9e3779b97f4a7c15), 10)->level == DEPTH - 1;
	ok(good, "and each has its own");
	buckets_free(buckets);
}

/* Other figures for all of them. */
static void
other_figures(void)
{
	struct buckets *buckets = buckets_new(AMOUNT, PERIOD, DEPTH, 4);
	struct bucket want[2], *bucket;

	if (buckets == NULL)
		abort();
	for (uint64_t i = 0; i < 2; i++) {
		bucket_init(&want[i], AMOUNT, PERIOD, DEPTH, 10);
		bucket_charge(&want[i], 30 + i);
		bucket_charge(buckets_of(buckets, i, 10), 30 + i);
	}
	buckets_retune(buckets, 1, PERIOD, 20, 1010);
	for (uint64_t i = 0; i < 2; i++) {
		bucket_retune(&want[i], 1, PERIOD, 20, 1010);
		bucket_refill(&want[i], 3010, 0);
		ok(is_same(buckets_of(buckets, i, 3010), &want[i]), "retuned: bucket %d goes on from what it had", (int)i);
	}
	is(buckets_of(buckets, 2, 3010)->level, 20, "retuned: a new one has the new depth");
	buckets_retune(buckets, AMOUNT, PERIOD, DEPTH, 4010);
	bucket = buckets_of(buckets, 0, 4010);
	bucket_retune(&want[0], AMOUNT, PERIOD, DEPTH, 4010);
	ok(is_same(bucket, &want[0]), "retuned: one that is in use, too");
	buckets_retune(buckets, 2, PERIOD, DEPTH, 5510);
	bucket_retune(&want[0], 2, PERIOD, DEPTH, 5510);
	ok(is_same(bucket, &want[0]), "retuned: while it is");
	buckets_retune(buckets, 1, PERIOD, DEPTH, 6010);
	bucket_retune(&want[0], 1, PERIOD, DEPTH, 6010);
	buckets_retune(buckets, 3, PERIOD, DEPTH, 7010);
	bucket_retune(&want[0], 3, PERIOD, DEPTH, 7010);
	bucket_refill(&want[0], 8010, 0);
	ok(is_same(buckets_of(buckets, 0, 8010), &want[0]), "retuned: twice, and then asked for");
	buckets_free(buckets);
}

int
main(void)
{
	by_example();
	any_order();
	memory();
	other_figures();
	return done_testing();
}
