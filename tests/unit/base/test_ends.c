/* SPDX-License-Identifier: BSD-2-Clause */
/* Against a bool for each byte. */
#include "config.h"

#include "base/ends.h"
#include "../tap.h"

#include <stdlib.h>
#include <string.h>

#define BYTES 1000

static char text[BYTES];
static bool is_end[BYTES];

static uint64_t
count_of(size_t from, size_t length)
{
	uint64_t count = 0;

	for (size_t i = from; i < from + length; i++)
		count += is_end[i];
	return count;
}

static size_t
first_of(size_t from, size_t length)
{
	for (size_t i = from; i < from + length; i++)
		if (is_end[i])
			return i - from + 1;
	return 0;
}

static size_t
last_of(size_t from, size_t length)
{
	for (size_t i = from + length; i-- > from;)
		if (is_end[i])
			return i - from + 1;
	return 0;
}

static size_t
skip_of(size_t from, size_t length, uint64_t *count)
{
	size_t last = 0;

	for (size_t i = from; i < from + length && *count > 0; i++) {
		if (!is_end[i])
			continue;
		last = i - from + 1;
		--*count;
	}
	return last;
}

static size_t
short_of(size_t from, size_t length, size_t most)
{
	size_t begin = from;

	for (size_t i = from; i < from + length; i++) {
		if (!is_end[i])
			continue;
		if (i + 1 - begin <= most)
			break;
		begin = i + 1;
	}
	return begin - from;
}

static bool
agrees(const struct ends *ends, size_t from, size_t length)
{
	uint64_t one = (uint64_t)(rand() % 8), other = one;
	const size_t most = (size_t)(rand() % 20);

	return ends_count(ends, text + from, length) == count_of(from, length) &&
	    ends_first(ends, text + from, length) == first_of(from, length) &&
	    ends_last(ends, text + from, length) == last_of(from, length) &&
	    ends_skip(ends, text + from, length, &one) == skip_of(from, length, &other) && one == other &&
	    ends_short(ends, text + from, length, most) == short_of(from, length, most);
}

static void
change(struct ends *ends)
{
	const size_t length = (size_t)(rand() % 300), from = (size_t)rand() % (BYTES - length), to = (size_t)rand() % (BYTES - length);

	switch (rand() % 4) {
	case 0:
		ends_clear(ends, text + from, length);
		memset(is_end + from, 0, length * sizeof(is_end[0]));
		break;
	case 1:
		ends_move(ends, text + to, text + from, length);
		memmove(is_end + to, is_end + from, length * sizeof(is_end[0]));
		break;
	default:
		ends_set(ends, text + from);
		is_end[from] = true;
	}
}

static void
at_random(void)
{
	struct ends *ends = ends_new();
	bool good = ends_cover(ends, text, BYTES) == 0;

	srand(1);
	for (int i = 0; i < 100000 && good; i++) {
		const size_t length = (size_t)(rand() % 400), from = (size_t)rand() % (BYTES - length);

		change(ends);
		good = agrees(ends, from, length);
	}
	ok(good, "set, cleared, moved, and looked for");
	ends_free(ends);
}

static void
regions(void)
{
	static char one[64], other[64], none[64];
	struct ends *ends = ends_new();

	ok(ends_cover(ends, one, 64) == 0 && ends_cover(ends, other, 64) == 0, "two regions");
	ends_set(ends, one + 63);
	ends_set(ends, none + 5);
	ends_move(ends, other, one, 64);
	ok(ends_first(ends, other, 64) == 64 && ends_first(ends, none, 64) == 0, "what is moved is noted there, what is not covered is not");
	ends_move(ends, other, none, 64);
	ok(ends_first(ends, other, 64) == 0, "what came from elsewhere has none");
	ends_uncover(ends, one);
	ends_set(ends, other + 1);
	ok(ends_first(ends, one, 64) == 0 && ends_first(ends, other, 64) == 2, "one is not covered any more, and the other is");
	ok(ends_count(NULL, one, 64) == 0 && ends_last(NULL, one, 64) == 0, "where there are none there is none");
	ends_free(ends);
	ends_free(NULL);
}

int
main(void)
{
	at_random();
	regions();
	return done_testing();
}
