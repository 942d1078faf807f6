/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keys - what a bucket for each key costs, by how many keys there are.
 *
 *   keys        for 10, 1000, 100 thousand and 1 million keys
 *
 * "known" is nanoseconds for a call of src/pick/buckets.c and a charge, for one of the keys at random, all of which
 * have a bucket; "new" for a key that has none when another one has to go. "found" is how many of 100 calls find
 * the bucket they left, where a key of rank r comes about as often as 1/r and there are four keys for each
 * bucket. Memory is RssAnon, once each key has its bucket.
 *
 * It measures a part of weir, without a pipe, so it is linked with weir and is no part of "run".
 */
#include "bench.h"

#include "pick/bucket.h"
#include "pick/buckets.h"

#define CALLS 4000000
#define NS_A_CALL 1000 /* of the buckets' clock */

static uint64_t clock_ns; /* the buckets' own */

/* Another number for each number, and no order to be seen in them. */
static uint64_t
scatter(uint64_t n)
{
	n = (n ^ (n >> 33)) * UINT64_C(0xff51afd7ed558ccd);
	n = (n ^ (n >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
	return n ^ (n >> 33);
}

static struct buckets *
must_make(uint64_t most)
{
	struct buckets *buckets = buckets_new(100, NS_PER_S, 100, (size_t)most);

	if (buckets == NULL)
		errx(1, "out of address space");
	return buckets;
}

/* True if the bucket was there before. */
static bool
charge(struct buckets *buckets, uint64_t key)
{
	struct bucket *bucket = buckets_of(buckets, scatter(key + 1), clock_ns);
	bool was_there = bucket_tokens(bucket) < bucket->depth;

	bucket_charge(bucket, 1);
	return was_there;
}

/* Nanoseconds a call, for keys from `from` on: one of so many at random, or all in turn where there are 0. */
static double
time_calls(struct buckets *buckets, uint64_t from, uint64_t keys, uint64_t calls)
{
	uint64_t begun = now_ns();

	for (uint64_t i = 0; i < calls; i++, clock_ns += NS_A_CALL)
		(void)charge(buckets, from + (keys > 0 ? scatter(~i) % keys : i));
	return (double)(now_ns() - begun) / (double)calls;
}

/* Each power of two of ranks comes as often as any other, so a rank about as often as its inverse. */
static uint64_t
popular(uint64_t number, uint64_t keys)
{
	uint64_t least, rank;

	do {
		number = scatter(number + 1);
		least = UINT64_C(1) << (number >> 32) % 24;
		rank = least + (number & 0xffffffff) % least;
	} while (rank > keys);
	return rank;
}

static double
percent_found(struct buckets *buckets, uint64_t keys)
{
	uint64_t found = 0;

	for (uint64_t i = 0; i < 2 * CALLS; i++)
		found += charge(buckets, popular(i, keys));
	return 100 * (double)found / (2 * CALLS);
}

static uint64_t
anonymous_kib(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	uint64_t kib = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		(void)sscanf(line, "RssAnon: %" SCNu64, &kib);
	if (f != NULL)
		(void)fclose(f);
	return kib;
}

static void
measure(uint64_t keys)
{
	uint64_t before = anonymous_kib();
	struct buckets *buckets = must_make(keys);
	double mib, known, fresh;

	(void)time_calls(buckets, 0, 0, keys);
	mib = (double)(anonymous_kib() - before) / 1024;
	known = time_calls(buckets, 0, keys, CALLS);
	fresh = time_calls(buckets, keys, 0, CALLS);
	buckets_free(buckets);
	buckets = must_make(keys);
	printf("%8" PRIu64 " %6.1f %6.1f %6.1f %6.1f\n", keys, known, fresh, percent_found(buckets, 4 * keys), mib);
	buckets_free(buckets);
}

int
main(void)
{
	static const uint64_t keys[] = { 10, 1000, 100000, 1000000 };

	printf("    keys  known    new  found    MiB\n");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		measure(keys[i]);
	return 0;
}
