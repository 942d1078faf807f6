/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands in for libbsd where there is none: built as the portable weir is, so that it is tested on
 * systems that have the real thing too.
 */
#include "tap.h"

#include "compat.h"

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
	uint64_t one = 0, other = 0;
	bool good = true;

	for (int i = 0; i < 100; i++) {
		arc4random_buf(&one, sizeof(one));
		arc4random_buf(&other, sizeof(other));
		good = one != other && good;
	}
	ok(good, "seeds differ, however soon one follows the other");
	arc4random_buf(bytes + 4, 8);
	ok(memcmp(bytes, bytes + 12, 4) == 0, "and no more is written than asked for");
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
