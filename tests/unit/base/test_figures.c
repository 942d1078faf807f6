/* SPDX-License-Identifier: BSD-2-Clause */
/* Amounts as exact strings, at each of the borders where the unit or the number of digits changes. */
#include "../tap.h"

#include "base/figures.h"
#include "base/units.h"

static void
bytes(void)
{
	static const struct {
		uint64_t bytes, like;
		const char *shown;
	} table[] = {
		{ 0, 0, "0 B" }, { 1, 1, "1 B" }, { 999, 999, "999 B" }, { 1000, 1000, "1.0 kB" },
		{ 1049, 1049, "1.0 kB" }, { 1050, 1050, "1.1 kB" }, { 1200000, 1200000, "1.2 MB" },
		{ 999949, 999949, "999.9 kB" }, { 1000000, 1000000, "1.0 MB" },
		{ 2500000000, 2500000000, "2.5 GB" }, { 1500000000000, 1500000000000, "1.5 TB" },
		{ 1000000000000000, 1000000000000000, "1000.0 TB" },
		{ 200000, 1200000, "0.2 MB" }, { 1000000, 1200000, "1.0 MB" }, { 0, 1200000, "0 B" },
		{ 50000, 1200000, "0.1 MB" }, { 49999, 1200000, "50.0 kB" }, { 12, 1200000, "12 B" },
		{ 12000000, 1200, "12000.0 kB" }, { 500, 1000, "0.5 kB" }, { 49, 1000, "49 B" },
		{ UINT64_MAX, UINT64_MAX, "18446744.1 TB" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char shown[32];

		figures_bytes(shown, sizeof(shown), table[i].bytes, table[i].like);
		is_text(shown, table[i].shown, "%" PRIu64 " bytes beside %" PRIu64, table[i].bytes, table[i].like);
	}
}

static void
formats_of_three_digits(void)
{
	static const struct {
		uint64_t value;
		const char *count;
		const char *ns;
	} table[] = {
		{ 0, "0", "0ns" }, { 999, "999", "999ns" }, { 1000, "1.0k", "1.0us" }, { 1099, "1.0k", "1.0us" },
		{ 12345, "12.3k", "12.3us" }, { 99999, "99.9k", "99.9us" }, { 100000, "100k", "100us" },
		{ 999999, "999k", "999us" }, { 1000000, "1.0M", "1.0ms" }, { UINT64_C(59999999999), "59.9G", "59.9s" },
		{ UINT64_C(60000000000), "60.0G", "1.0min" }, { UINT64_C(3600000000000), "3.6T", "1.0h" },
		{ UINT64_C(86400000000000), "86.4T", "1.0d" }, { UINT64_MAX, "18446744T", "213503d" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[32];

		figures_count(text, sizeof(text), table[i].value);
		is_text(text, table[i].count, "%" PRIu64 " as a number", table[i].value);
		figures_ns(text, sizeof(text), table[i].value);
		is_text(text, table[i].ns, "and as nanoseconds");
	}
}

static void
moments(void)
{
	char text[48];

	figures_moment(text, sizeof(text), UINT64_C(1769860800) * NS_PER_S + 987654321);
	is_text(text, "2026-01-31T12:00:00.987Z", "a moment, to a millisecond");
	figures_moment(text, sizeof(text), UINT64_C(4102444799) * NS_PER_S + 5 * NS_PER_MS);
	is_text(text, "2099-12-31T23:59:59.005Z", "beyond 32 bits");
}

static void
percents(void)
{
	is(figures_percent(0, 7), 0, "nothing of it");
	is(figures_percent(1, 200), 1, "half a percent is one");
	is(figures_percent(1, 201), 0, "less is none");
	is(figures_percent(199, 200), 100, "and up to all of it");
	is(figures_percent(UINT64_MAX, UINT64_MAX), 100, "of any size");
}

static void
small_buffers(void)
{
	bool good = true;

	for (size_t size = 1; size < 5; size++) {
		char text[16];

		memset(text, '#', sizeof(text));
		figures_bytes(text, size, 12345678, 12345678);
		good = good && text[size] == '#' && memchr(text, '\0', size) != NULL;
		figures_count(text, size, 12345678);
		good = good && text[size] == '#' && memchr(text, '\0', size) != NULL;
		figures_ns(text, size, 12345678);
		good = good && text[size] == '#' && memchr(text, '\0', size) != NULL;
		figures_moment(text, size, 12345678);
		good = good && text[size] == '#' && memchr(text, '\0', size) != NULL;
	}
	ok(good, "a text that does not fit is cut, and ended");
}

int
main(void)
{
	bytes();
	formats_of_three_digits();
	moments();
	percents();
	small_buffers();
	return done_testing();
}
