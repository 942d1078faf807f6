/* SPDX-License-Identifier: BSD-2-Clause */
/* Which records are copied of what passes, how much of them, and what is skipped. */
#include "../tap.h"

#include "flow/tap.h"

static const struct framing lines = { .kind = FRAMING_LINES, .delimiter = '\n' };
static const struct framing fixed = { .kind = FRAMING_FIXED, .size = 4 };
static struct tap *taps;
static struct tap_record record;

static void
see(const struct framing *framing, uint64_t phase, const char *text)
{
	const struct iovec piece = { (char *)(uintptr_t)text, strlen(text) };

	tap_see(taps, framing, phase, &piece, piece.iov_len);
}

/* The next is this. */
static bool
shows(struct tap *tap, const char *text)
{
	return tap_take(tap, &record) && record.length == strlen(text) && memcmp(record.text, text, record.length) == 0;
}

static struct tap *
join(uint64_t one_in)
{
	struct tap *tap = tap_new(one_in);

	if (tap == NULL)
		abort();
	tap_join(&taps, tap);
	return tap;
}

static void
part(struct tap *tap)
{
	tap_leave(&taps, tap);
	tap_free(tap);
}

static void
passing(void)
{
	struct tap *each = join(1), *third = join(3);

	see(&lines, 0, "one\n\nthree\nfour\nfi");
	ok(shows(each, "one") && record.known && record.bytes == 3 && record.skipped == 0, "a record, without its delimiter");
	ok(shows(each, "") && shows(each, "three") && shows(each, "four") && !tap_take(each, &record), "and those behind it, but not a part");
	ok(shows(third, "one") && shows(third, "four") && !tap_take(third, &record), "or one in three");
	see(&lines, 2, "ve\nsix\n");
	ok(shows(each, "six") && !tap_take(each, &record), "the rest of one is none");
	see(&lines, 2, "more of it");
	ok(!tap_take(each, &record), "however long it is");
	see(&lines, 0, "a beginning");
	ok(shows(each, "a beginning") && !record.known, "of one that begins there the beginning is shown");
	part(third);
	see(&fixed, 3, "dabcdefgh");
	ok(shows(each, "abcd") && record.bytes == 4 && shows(each, "efgh") && !tap_take(each, &record), "by length, too");
	part(each);
	ok(taps == NULL, "nobody looks any more");
}

static void
behind(void)
{
	struct iovec piece[3] = { { (char *)(uintptr_t)"rest", 4 }, { (char *)(uintptr_t)"of\nit\n", 6 }, { (char *)(uintptr_t)"x\n", 2 } };
	struct tap *each = join(1);

	tap_see_behind(taps, &lines, 7, piece, 12);
	ok(shows(each, "it") && !tap_take(each, &record), "what is behind the rest of one, as far as it is in one piece");
	tap_see_behind(taps, &lines, 10, piece, 12);
	ok(shows(each, "x"), "which may be the last");
	tap_see_behind(taps, &lines, 12, piece, 12);
	tap_see_behind(taps, &lines, 9, piece, 8);
	ok(!tap_take(each, &record), "or nothing");
	part(each);
}

static void
much(void)
{
	static char text[40000];
	struct iovec piece = { text, sizeof(text) };
	struct tap *each = join(1);
	unsigned seen = 0;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 == 0 ? 'y' : '\n';
	tap_see(taps, &lines, 0, &piece, sizeof(text));
	while (shows(each, "y"))
		seen++;
	is(seen, TAP_LOOKS_MOST, "of much at once the first few");
	memset(text, 'x', sizeof(text));
	text[3000] = '\n';
	tap_see(taps, &lines, 0, &piece, 3001);
	ok(tap_take(each, &record) && record.known && record.bytes == 3000 && record.length == TAP_TEXT_MOST, "of a long one the beginning");
	for (int i = 0; i < 100; i++)
		tap_see(taps, &lines, 0, &piece, 3001);
	for (seen = 0; tap_take(each, &record); seen++)
		if (record.skipped != 0 || record.bytes != 3000)
			break;
	ok(seen > 20 && seen < 40, "of those that nobody takes as many as there is room for (%u)", seen);
	tap_see(taps, &lines, 0, &piece, 3001);
	ok(tap_take(each, &record) && record.skipped == 100 - seen, "and the next says how many were skipped");
	part(each);
}

int
main(void)
{
	passing();
	behind();
	much();
	return done_testing();
}
