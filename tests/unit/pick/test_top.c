/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys that lost most, against a count of every key. */
#include "../tap.h"

#include "../random.h"
#include "pick/top.h"

#define KEYS 50000
#define RECORDS 1000000

/* The model. */
static uint64_t counts[KEYS];
static uint64_t total;

static void
count(struct top *top, size_t key, uint64_t records)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "key-%zu", key);
	top_count(top, text, strlen(text), records);
	counts[key] += records;
	total += records;
}

static size_t
number_of(const struct top_key *key)
{
	return key->length > 4 && key->length < TOP_KEY_MOST ? strtoul(key->text + 4, NULL, 10) : KEYS - 1;
}

static struct top *
begin(unsigned wanted)
{
	struct top *top = top_new(wanted);

	if (top == NULL)
		abort();
	memset(counts, 0, sizeof(counts));
	total = 0;
	return top;
}

static int
falling(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x < *y) - (*x > *y);
}

/* Falling, each at most as much too high as is said, that by no more than n / m, and none missing that has lost
 * more than the last one in the list. */
static bool
is_right(struct top *top, unsigned wanted, unsigned counters)
{
	struct top_key list[TOP_WANTED_MOST];
	static uint64_t sorted[KEYS];
	unsigned length = top_list(top, list, TOP_WANTED_MOST);
	bool good = length == wanted;

	memcpy(sorted, counts, sizeof(sorted));
	qsort(sorted, KEYS, sizeof(sorted[0]), falling);
	for (unsigned i = 0; i < length && good; i++) {
		uint64_t truth = counts[number_of(&list[i])];

		good = list[i].records >= truth && list[i].records - list[i].error <= truth &&
		    list[i].error <= total / counters && (i == 0 || list[i - 1].records >= list[i].records) &&
		    list[i].records >= sorted[i];
		if (!good)
			diag("number %u: %.*s, %" PRIu64 " - %" PRIu64 " records, %" PRIu64 " in truth", i + 1,
			     (int)list[i].length, list[i].text, list[i].records, list[i].error, truth);
	}
	return good;
}

/* --- streams -------------------------------------------------------------------------------------- */

/* Key k as often as 1 / (k + 1). */
static size_t
zipf(struct random *random)
{
	static uint64_t upto[KEYS];
	size_t low = 0, high = KEYS - 1;
	uint64_t number;

	for (size_t k = 0; k < KEYS && upto[KEYS - 1] == 0; k++)
		upto[k] = (k > 0 ? upto[k - 1] : 0) + (UINT64_C(1) << 40) / (k + 1);
	number = random_below(random, upto[KEYS - 1]);
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (number < upto[middle])
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* The list has the keys that lost most, none else, and their order is right but where the next one lost as many
 * within 1%. */
static void
popular(unsigned wanted)
{
	struct random random = { wanted };
	struct top *top = begin(wanted);
	struct top_key list[TOP_WANTED_MOST];
	static uint64_t sorted[KEYS];
	bool good = true;

	for (int i = 0; i < RECORDS; i++)
		count(top, zipf(&random), 1);
	memcpy(sorted, counts, sizeof(sorted));
	qsort(sorted, KEYS, sizeof(sorted[0]), falling);
	good = top_list(top, list, wanted) == wanted;
	for (unsigned i = 0; i < wanted && good; i++) {
		uint64_t truth = counts[number_of(&list[i])];

		good = truth >= sorted[i] - sorted[i] / 100 && truth <= sorted[i] + sorted[i] / 100;
		if (!good)
			diag("number %u: %.*s with %" PRIu64 " (error %" PRIu64 "), should have %" PRIu64, i + 1,
			     (int)list[i].length, list[i].text, truth, list[i].error, sorted[i]);
	}
	ok(good, "the %u of 50000 keys that lost most, of a million records as words are in a text", wanted);
	ok(is_right(top, wanted, wanted * 16 > 256 ? wanted * 16 : 256), "and what is said of them is true");
	top_free(top);
}

/* Of many keys that come once, and a few that come later and more often; some with many records at a time. */
static void
any_stream(void)
{
	bool good = true;

	for (uint64_t seed = 1; seed <= 30 && good; seed++) {
		struct random random = { seed };
		struct top *top = begin(10);
		uint64_t keys = 300 + random_below(&random, 3000);

		for (int i = 0; i < 20000; i++) {
			bool heavy = i > 5000 && random_one_in(&random, 3);
			uint64_t key = heavy ? keys + random_below(&random, 15) : random_below(&random, keys);
			count(top, key, random_one_in(&random, 4) ? 1 + random_magnitude(&random, 10) : 1);
		}
		good = is_right(top, 10, 256);
		if (!good)
			diag("seed %" PRIu64, seed);
		top_free(top);
	}
	ok(good, "of any stream, counts are never too low, and too high by no more than is said");
}

/* --- by example ----------------------------------------------------------------------------------- */

static void
few(void)
{
	struct top *top = top_new(3);
	struct top_key list[5];

	is(top_list(top, list, 5), 0, "at first there are none");
	top_count(top, "a", 1, 2);
	top_count(top, "b", 1, 3);
	top_count(top, "a\0", 2, 4);
	top_count(top, "", 0, 1);
	top_count(top, "a", 1, 3);
	is(top_list(top, list, 5), 3, "no more than are wanted");
	ok(list[0].length == 1 && list[0].text[0] == 'a' && list[0].records == 5 && list[0].error == 0, "most first");
	ok(list[1].length == 2 && list[1].records == 4, "a NUL is a byte of the key");
	ok(list[2].length == 1 && list[2].text[0] == 'b' && list[2].records == 3, "and the others behind");
	is(top_list(top, list, 1), 1, "no more than there is room for");
	top_free(top);
	top = top_new(1);
	top_count(top, NULL, 0, 7);
	ok(top_list(top, list, 5) == 1 && list[0].length == 0 && list[0].records == 7, "no key is a key");
	top_free(top);
}

static void
long_keys(void)
{
	struct top *top = top_new(2);
	struct top_key list[2];
	char key[TOP_KEY_MOST + 10];

	memset(key, 'k', sizeof(key));
	top_count(top, key, TOP_KEY_MOST, 1);
	key[TOP_KEY_MOST] = 'x';
	top_count(top, key, TOP_KEY_MOST + 1, 1);
	top_count(top, key, TOP_KEY_MOST - 1, 1);
	is(top_list(top, list, 2), 2, "two keys");
	ok(list[0].length == TOP_KEY_MOST && list[0].records == 2, "what begins with the same 64 bytes is one of them");
	ok(list[1].length == TOP_KEY_MOST - 1 && list[1].records == 1, "what is shorter is another");
	top_free(top);
}

static void
equal_counts(void)
{
	struct top *top = top_new(16);
	struct top_key list[16];

	for (int i = 0; i < 256; i++)
		top_count(top, (const char[]){ (char)('A' + i / 16), (char)('A' + i % 16) }, 2, i < 3 ? 2 : 1);
	top_count(top, "new", 3, 1);
	is(top_list(top, list, 16), 16, "of equal counts");
	ok(memcmp(list[0].text, "AA", 2) == 0 && memcmp(list[2].text, "AC", 2) == 0, "those in order of their keys");
	ok(list[3].length == 3 && list[3].records == 2 && list[3].error == 1, "and last those that are less sure");
	top_free(top);
}

static void
none(void)
{
	struct top_key list[1];

	top_count(NULL, "a", 1, 1);
	is(top_list(NULL, list, 1), 0, "without a top there are none");
	top_free(NULL);
}

int
main(void)
{
	few();
	long_keys();
	equal_counts();
	none();
	any_stream();
	popular(1);
	popular(10);
	popular(100);
	return done_testing();
}
