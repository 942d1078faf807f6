/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands in for libbsd where there is none: built as the portable weir is, so that it is tested on
 * systems that have the real thing too.
 */
#include "../tap.h"

#include "base/compat.h"

#include <limits.h>
#include <string.h>

static void
numbers(void)
{
	static const struct {
		const char *text;
		long long value;
		const char *error;
	} cases[] = {
		{ "1", 1, NULL },
		{ "10", 10, NULL },
		{ "0", 0, "too small" },
		{ "-3", 0, "too small" },
		{ "11", 0, "too large" },
		{ "99999999999999999999", 0, "too large" },
		{ "-99999999999999999999", 0, "too small" },
		{ "", 0, "invalid" },
		{ "x", 0, "invalid" },
		{ "5x", 0, "invalid" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *error = "not set";

		is(strtonum(cases[i].text, 1, 10, &error), cases[i].value, "strtonum of '%s'", cases[i].text);
		is_text(error, cases[i].error, "and what is wrong with it");
	}
}

static void
largest(void)
{
	const char *error = NULL;

	is(strtonum("9223372036854775807", 1, LLONG_MAX, &error), LLONG_MAX, "the largest number there is");
	is_text(error, NULL, "is fine where it may be");
	is(strtonum("9223372036854775808", 1, LLONG_MAX, &error), 0, "and one more");
	is_text(error, "too large", "is too large all the same");
}

static void
texts(void)
{
	char shown[64];

	is(strvis(shown, "a ~", VIS_OCTAL | VIS_TAB | VIS_NL | VIS_NOSLASH), 3, "what is printable");
	is_text(shown, "a ~", "stays as it is");
	is(strvis(shown, "\x1b\t\n\x7f\xff", VIS_OCTAL | VIS_TAB | VIS_NL | VIS_NOSLASH), 20, "the rest");
	is_text(shown, "\\033\\011\\012\\177\\377", "is shown by its number");
}

static void
seeds(void)
{
	unsigned char bytes[16] = { 0 };
	bool seen[256] = { false };
	unsigned distinct = 0;

	for (int i = 0; i < 200; i++) {
		uint64_t seed = 0;

		arc4random_buf(&seed, sizeof(seed));
		distinct += !seen[seed >> 56];
		seen[seed >> 56] = true;
	}
	/* of 256 parts of the range 139 have one, on average */
	ok(distinct > 60, "seeds are far from each other, however soon one follows the other");
	arc4random_buf(bytes + 4, 8);
	ok(memcmp(bytes, (const char[4]){ 0 }, 4) == 0 && memcmp(bytes + 12, (const char[4]){ 0 }, 4) == 0,
	    "and no more is written than asked for");
}

int
main(void)
{
	numbers();
	largest();
	texts();
	seeds();
	return done_testing();
}
