/* SPDX-License-Identifier: BSD-2-Clause */
/* Marks as exact strings, and what is no template. */
#include "../tap.h"

#include "base/units.h"
#include "hold/mark.h"

#include <time.h>

static struct gap gap;

static const char *
mark(const char *pattern)
{
	static char text[MARK_MOST + 1];
	const struct mark_style style = { .pattern = pattern, .name = "left", .delimiter = '\n' };
	size_t length;

	memset(text, '#', sizeof(text));
	length = mark_format(text, &style, &gap, gap.last_ns + NS_PER_S);
	text[length] = '\0';
	return text;
}

static void
begin(void)
{
	gap = (struct gap){ 0, { 1234, 56789 }, { 0 }, 100 * NS_PER_S, 102 * NS_PER_S + 140 * NS_PER_MS,
		100 * NS_PER_S, 0 };
	gap.by[REASON_OLDEST] = 1230;
	gap.by[REASON_OVERSIZE] = 4;
}

static void
placeholders(void)
{
	begin();
	is_text(mark(MARK_DEFAULT), "left: 1234 records (56789 bytes) dropped in 2.1s\n", "the default");
	is_text(mark("{reasons}; {oldest} {newest} {oversize} {sample}"), "oldest 1230, oversize 4; 1230 0 4 0\n",
	    "by reason");
	is_text(mark("{time} {ns}"), "2.1s 2140000000\n", "how long it took");
	gap.last_ns += 10 * NS_PER_MS;
	is_text(mark("{time}"), "2.1s\n", "with one decimal");
	gap.last_ns = gap.first_ns + 1234567;
	is_text(mark("{time}"), "1.2ms\n", "in the unit that suits");
	is_text(mark("{\"dropped\":{records},\"{\":{}}{"), "{\"dropped\":1234,\"{\":{}}{\n",
	    "a brace without a word behind it is itself, as JSON wants it");
	is_text(mark("plain %s %n"), "plain %s %n\n", "text is text");
	gap.last_ns = gap.first_ns;
	is_text(mark("{time} {ns}"), "0ns 0\n", "all at once");
}

/* By the clock that marks are made by: time(2) may be a tick behind it. */
static time_t
wall_clock(void)
{
	struct timespec wall;

	(void)clock_gettime(CLOCK_REALTIME, &wall);
	return wall.tv_sec;
}

/* The clock reads the same second before and after, or it is tried again. */
static void
moments(void)
{
	char want[100];
	time_t wall;
	struct tm utc;
	const char *got;

	begin();
	do {
		wall = wall_clock();
		got = mark("{last}");
	} while (wall_clock() != wall);
	wall -= 1; /* it is a second ago */
	(void)strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.", gmtime_r(&wall, &utc));
	ok(strncmp(got, want, strlen(want)) == 0 && strlen(got) == strlen(want) + strlen("123Z\n") &&
	    strcmp(got + strlen(got) - 2, "Z\n") == 0, "when the last was dropped, on the wall's clock: %s", got);
	do {
		wall = wall_clock();
		got = mark("{first}");
	} while (wall_clock() != wall);
	wall -= 3;
	(void)strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:", gmtime_r(&wall, &utc));
	wall -= 1;
	ok(strncmp(got, want, strlen(want)) == 0 ||
	    (strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:", gmtime_r(&wall, &utc)) > 0 &&
	    strncmp(got, want, strlen(want)) == 0), "and the first: %s", got);
}

static const char *
checked(const char *pattern, unsigned char delimiter)
{
	const struct mark_style style = { .pattern = pattern, .name = "a fox", .delimiter = delimiter };
	const char *error = mark_check(&style);

	return error != NULL ? error : "good";
}

static void
templates(void)
{
	static char longest[MARK_MOST + 2];

	is_text(checked(MARK_DEFAULT, '\n'), "good", "the default is a template");
	is_text(checked(MARK_DEFAULT, '\0'), "good", "for NUL too");
	is_text(checked("", '\n'), "empty", "nothing is none");
	is_text(checked("{record}", '\n'), "no such placeholder", "a word that stands for nothing");
	is_text(checked("{records", '\n'), "a placeholder without its closing brace", "a brace left open");
	is_text(checked("{records }", '\n'), "a placeholder without its closing brace", "or spaced");
	is_text(checked("a\nb", '\n'), "would contain the records' delimiter", "two records");
	is_text(checked("{reasons}", ','), "would contain the records' delimiter", "also by what is put in");
	is_text(checked("{records}", '2'), "would contain the records' delimiter", "be it a figure");
	is_text(checked("{time}", ','), "good", "but not where it does not come up");
	is_text(checked("{name}", 'x'), "would contain the records' delimiter", "nor may the name");
	is_text(checked("{name}", '7'), "good", "that is not another's");
	/* as figures_ns has them: ns, us, ms, s, min, h, d */
	for (const char *unit = "0123456789.numsihd"; *unit != '\0'; unit++)
		is_text(checked("{time}", (unsigned char)*unit), "would contain the records' delimiter",
		    "a span in any unit");
	for (unsigned char digit = '0'; digit <= '9'; digit++) {
		is_text(checked("{first}", digit), "would contain the records' delimiter", "a moment of any digits");
		is_text(checked("{last}", digit), "would contain the records' delimiter", "and another");
	}
	memset(longest, 'x', MARK_MOST - 1);
	is_text(checked(longest, '\n'), "good", "as long as a mark may be");
	longest[MARK_MOST - 1] = 'x';
	is_text(checked(longest, '\n'), "too long", "and longer");
	memset(longest, 'x', MARK_MOST);
	longest[MARK_MOST - 30] = '\0';
	strcat(longest, "{records}{bytes}");
	is_text(checked(longest, '\n'), "too long", "counting the longest figures there may be");
}

/* --- of repeats ---------------------------------------------------------------------------------- */

static const char *
mark_of(const struct mark_style *style)
{
	static char text[MARK_MOST + 1];
	size_t length = mark_format(text, style, &gap, gap.last_ns + NS_PER_S);

	text[length] = '\0';
	return text;
}

static void
repeats(void)
{
	const struct mark_style only = { .pattern = NULL, .name = "left", .delimiter = '\n', .repeated = MARK_REPEATED };
	const struct mark_style both = { .pattern = MARK_DEFAULT, .name = "left", .delimiter = '\n', .repeated = MARK_REPEATED };
	const struct mark_style chosen = { .pattern = "{repeated} of {records}", .name = "left", .delimiter = '\n',
		.repeated = "{repeated} of {records}" };
	struct mark_style checked_too = only;
	struct marks *marks = marks_new(2, &only), *all = marks_new(2, &both);

	begin();
	gap = (struct gap){ 0, { 17, 340 }, { 0 }, 101 * NS_PER_S, 103 * NS_PER_S, 100 * NS_PER_S, 0 };
	gap.by[REASON_REPEATED] = 17;
	is_text(mark_of(&only), "repeated 17 times in 3.0s\n", "how often, and since the record before them");
	is_text(mark_of(&both), "repeated 17 times in 3.0s\n", "where others are marked, too");
	is_text(mark_of(&chosen), "17 of 17\n", "by a template that is for all");
	gap.by[REASON_NEWEST] = 3;
	gap.sum.records += 3;
	is_text(mark_of(&both), "left: 20 records (340 bytes) dropped in 3.0s\n", "with others among them it is another mark");
	is_text(mark_of(&chosen), "17 of 20\n", "which can tell them apart");
	gap = (struct gap){ 0, { 0, 340 }, { 0 }, 101 * NS_PER_S, 103 * NS_PER_S, 100 * NS_PER_S, 0 };
	is_text(mark_of(&only), "repeated 0 times in 3.0s\n", "of one whose end has not come there is none to count,");
	is_text(mark_of(&both), "left: 0 records (340 bytes) dropped in 3.0s\n", "nor is it known to be one");
	ok(mark_check(&only) == NULL && mark_check(&both) == NULL, "both are templates");
	checked_too.delimiter = ' ';
	is_text(mark_check(&checked_too), "would contain the records' delimiter", "which are looked at");
	ok(marks_repeats_only(marks) && !marks_repeats_only(all) && !marks_repeats_only(NULL), "it is known if there are no others");
	marks_free(marks);
	marks_free(all);
}

/* --- on their way ---------------------------------------------------------------------------------- */

static void
sent(void)
{
	const struct mark_style style = { .pattern = "M{records}", .name = "weir", .delimiter = '\n' };
	const struct lost one = { REASON_NEWEST, 1, 10, 5, 5, 6 };
	struct marks *marks = marks_new(4, &style);
	struct iovec next;

	if (marks == NULL)
		abort();
	ok(!marks_begun(marks) && !marks_begun(NULL) && marks_first(marks) == NULL && marks_first(NULL) == NULL,
	    "at first there is none");
	gaps_drop_at(marks_gaps(marks), 3, 0, &one);
	next = marks_next(marks, 9, NULL, 0);
	ok(next.iov_len == 3 && memcmp(next.iov_base, "M1\n", 3) == 0 && !marks_begun(marks), "that of the first gap is next;");
	marks_put_off(marks);
	gaps_drop_at(marks_gaps(marks), 3, 0, &one);
	next = marks_next(marks, 9, NULL, 0);
	ok(memcmp(next.iov_base, "M2\n", 3) == 0, "until it is begun the gap may grow,");
	ok(!marks_leave(marks, 1) && marks_begun(marks) && marks_first(marks) == NULL, "then it is done");
	gaps_drop_at(marks_gaps(marks), 3, 0, &one);
	marks_put_off(marks);
	next = marks_next(marks, 9, NULL, 0);
	ok(next.iov_len == 2 && memcmp(next.iov_base, "2\n", 2) == 0, "and its rest follows as it is");
	marks_restart(marks);
	ok(marks_begun(marks), "for another reader it is still begun,");
	next = marks_next(marks, 9, NULL, 0);
	ok(next.iov_len == 3 && memcmp(next.iov_base, "M2\n", 3) == 0, "from its beginning, as it was");
	marks_put_off(marks);
	next = marks_next(marks, 9, NULL, 0);
	ok(next.iov_len == 3 && memcmp(next.iov_base, "M2\n", 3) == 0, "also where it was refused;");
	ok(!marks_leave(marks, 2) && marks_first(marks) != NULL, "it has one gap, and no more,");
	ok(marks_leave(marks, 1) && !marks_begun(marks) && marks_first(marks)->sum.records == 1, "which is done once");
	next = marks_next(marks, 9, NULL, 0);
	ok(memcmp(next.iov_base, "M1\n", 3) == 0 && marks_leave(marks, 3) && !marks_begun(marks), "and the next is another");
	marks_restart(marks);
	marks_restart(NULL);
	ok(!marks_begun(marks), "where none was begun there is none to begin anew");
	marks_free(marks);
}

int
main(void)
{
	placeholders();
	moments();
	templates();
	repeats();
	sent();
	return done_testing();
}
