/* SPDX-License-Identifier: BSD-2-Clause */
/* What repeats what, by a clock that the test sets, and against a list of all that was let in. */
#include "../tap.h"

#include "../random.h"
#include "pick/repeats.h"

#include <stdlib.h>
#include <string.h>

static struct repeats *repeats;

static void
begin(size_t most, struct mask *mask)
{
	repeats_free(repeats);
	if ((repeats = repeats_new(most, mask, 77)) == NULL)
		abort();
}

/* A record comes: whether it is a repeat, of those let in less than 10 ago.  One that is none is let in. */
static bool
comes(const char *text, uint64_t now)
{
	uint64_t until = 0;

	if (repeats_has(repeats, text, strlen(text), 10, now, &until))
		return true;
	repeats_let_in(repeats, now);
	return false;
}

static void
by_example(void)
{
	uint64_t until = 0;

	begin(100, NULL);
	ok(!comes("a", 100), "the first is none");
	ok(comes("a", 100) && comes("a", 109), "an equal one is, for so long,");
	ok(!comes("a", 110), "and no longer, be there repeats or not;");
	ok(comes("a", 119), "then of the new one");
	ok(!comes("b", 119) && !comes("", 119) && !comes("aa", 119), "others are none");
	ok(repeats_has(repeats, "b", 1, 10, 121, &until) && until == 129, "it is known until when");
	ok(!repeats_has(repeats, "c", 1, 10, 121, &until) && !repeats_has(repeats, "c", 1, 10, 121, &until),
	    "what was only asked about has not been let in");
	repeats_clear(repeats);
	ok(!comes("a", 120), "all can be forgotten");
}

static void
bounded(void)
{
	char text[16];
	bool good = true;

	begin(3, NULL);
	good = !comes("a", 1) && !comes("b", 1) && !comes("c", 1) && comes("a", 2) && !comes("d", 3);
	ok(good && comes("a", 4) && comes("c", 4) && comes("d", 4), "of more than can be known those are, that came up last;");
	ok(!comes("b", 4), "the other one is let in anew");
	begin(1000, NULL);
	for (unsigned i = 0; i < 100000 && good; i++) {
		(void)snprintf(text, sizeof(text), "%u", i);
		good = !comes(text, 5) && comes(text, 5);
	}
	ok(good, "a hundred thousand, of which a thousand are known");
}

#ifdef HAVE_PCRE2

static void
masked(void)
{
	char error[PATTERN_ERROR_MOST];
	struct mask *mask = mask_new();

	if (mask == NULL || !mask_add(mask, "[0-9]+", error) || !mask_add(mask, "x*", error))
		abort();
	begin(100, mask);
	ok(!comes("a 1 b", 1) && comes("a 22 b", 1), "what differs in masked parts only is equal");
	ok(!comes("a  b", 1), "but that there is one counts,");
	ok(!comes("a 1 b 2", 1) && !comes("a 1 b2", 1) && !comes("1a  b", 1), "and where;");
	ok(!comes("ab1c", 1) && !comes("a1bc", 1) && comes("a23bc", 1), "what is left is not run together,");
	ok(!comes("a12", 1) && comes("a3x4", 1) == false, "nor are parts that follow each other");
	begin(100, NULL);
	mask_free(mask);
}

#endif

static void
any(void)
{
	static uint64_t then[1000];
	struct random random = { 9 };
	uint64_t now = 100;
	bool good = true;

	begin(1000, NULL);
	memset(then, 0, sizeof(then));
	for (int i = 0; i < 100000 && good; i++) {
		unsigned number = 1 + (unsigned)random_below(&random, 300);
		char text[16];
		bool repeat;

		(void)snprintf(text, sizeof(text), "%u", number);
		now += random_one_in(&random, 20);
		repeat = then[number] != 0 && now - then[number] < 10;
		good = comes(text, now) == repeat;
		if (!repeat)
			then[number] = now;
	}
	ok(good, "against a list");
}

int
main(void)
{
	by_example();
	bounded();
#ifdef HAVE_PCRE2
	masked();
#endif
	any();
	repeats_free(repeats);
	repeats_free(NULL);
	ok(repeats_new(SIZE_MAX, NULL, 0) == NULL, "for more than there can be there is none");
	return done_testing();
}
