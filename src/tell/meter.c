/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/figures.h"
#include "base/visible.h"
#include "tell/meter.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Two spaces between segments, one on a terminal that is narrower than this. */
#define AIRY_COLUMNS 60

#define BAR_MOST 40 /* cells */
#define EIGHTHS 8

/* --- a line ------------------------------------------------------------------------------------- */

enum tone { PLAIN, FAINT, STRONG, GOOD, WARNING, BAD };

/* SGR of ECMA-48. */
static const char *const tones[] = {
	[PLAIN] = "", [FAINT] = "2", [STRONG] = "1", [GOOD] = "32", [WARNING] = "33", [BAD] = "1;31",
};

struct line {
	char *text;
	size_t length;
	unsigned columns;
	const struct meter_style *style;
	const struct snapshot *snapshot;
	unsigned cells; /* of the bar */
};

static void
add(struct line *line, const char *text)
{
	size_t length = strlen(text);

	if (length >= METER_MOST - line->length)
		return;
	memcpy(line->text + line->length, text, length + 1);
	line->length += length;
}

static void
set_tone(struct line *line, enum tone tone)
{
	if (!line->style->colour || tone == PLAIN)
		return;
	add(line, "\033[");
	add(line, tones[tone]);
	add(line, "m");
}

static void
unset_tone(struct line *line, enum tone tone)
{
	if (line->style->colour && tone != PLAIN)
		add(line, "\033[m");
}

static void say(struct line *line, enum tone tone, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ASCII, but for the name. */
static void
say(struct line *line, enum tone tone, const char *format, ...)
{
	char text[METER_COLUMNS_MOST];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	set_tone(line, tone);
	add(line, text);
	unset_tone(line, tone);
	line->columns += visible_columns(text);
}

/* --- numbers ------------------------------------------------------------------------------------- */

/* A share of the interval. */
static unsigned
percent(const struct snapshot *s, uint64_t ns)
{
	unsigned share = s->interval.ns > 0 ? figures_percent(ns, s->interval.ns) : 0;

	return share < 100 ? share : 100;
}

static void
say_percent(struct line *line, enum tone tone, const char *label, uint64_t ns)
{
	if (line->snapshot->interval.ns > 0)
		say(line, tone, "%s %3u%%", label, percent(line->snapshot, ns));
	else
		say(line, FAINT, "%s   -%%", label);
}

static void
say_rate(struct line *line, enum tone tone, const char *before, uint64_t amount, const char *unit)
{
	char count[32] = "-";

	if (line->snapshot->interval.ns > 0)
		figures_count(count, sizeof(count),
		    snapshot_per_second(amount, line->snapshot->interval.ns));
	say(line, tone, "%s%5s%s/s", before, count, unit);
}

/* Bytes, or the fill by records where that is greater: 0 to 1. */
static double
fill(const struct snapshot *s)
{
	const struct options *options = s->options;
	double bytes = (double)s->depth.bytes / (double)options->buffer_bytes;
	double records = (double)s->depth.records / (double)options->max_records;
	double most = bytes > records ? bytes : records;

	return most < 1 ? most : 1;
}

/* --- segments ------------------------------------------------------------------------------------ */

/* Each has forms, from 1 for the shortest; none is 0. */

enum { NAME_SHORT = 1, NAME_LONG };

#define NAME_COLUMNS 12 /* of the short form */
#define NAME_LEAST 4

static void
put_name(struct line *line, int form)
{
	const char *name = line->snapshot->options->name;
	char ascii[4 * OPTIONS_NAME_MOST + 1];
	unsigned columns;
	size_t length;

	if (!line->style->utf8) {
		(void)visible_write(ascii, sizeof(ascii), name, strlen(name), true);
		name = ascii;
	}
	length = visible_fitting(name, form == NAME_SHORT ? NAME_COLUMNS : METER_COLUMNS_MOST);
	columns = visible_columns(name);
	say(line, STRONG, "%.*s%*s", (int)length, name, columns < NAME_LEAST ? (int)(NAME_LEAST - columns) : 0, "");
}

enum { RATE_BARE = 1, RATE_NAMED, RATE_BOTH };

static void
put_flow(struct line *line, const char *label, const struct tally *flow, int form)
{
	bool records = line->snapshot->options->framing.kind != FRAMING_BYTES;

	if (form >= RATE_NAMED)
		say(line, FAINT, "%s ", label);
	if (records)
		say_rate(line, PLAIN, "", flow->records, "");
	if (!records || form == RATE_BOTH)
		say_rate(line, PLAIN, records ? " " : "", flow->bytes, "B");
}

static void
put_in(struct line *line, int form)
{
	put_flow(line, "in", &line->snapshot->interval.in, form);
}

static void
put_out(struct line *line, int form)
{
	put_flow(line, "out", &line->snapshot->interval.out, form);
}

/* What has left so far: records, or bytes. */
enum { TOTAL_ONE = 1, TOTAL_BOTH };

static void
put_total(struct line *line, int form)
{
	const struct tally *out = &line->snapshot->ledger.out;
	bool records = line->snapshot->options->framing.kind != FRAMING_BYTES;
	char count[32];

	say(line, FAINT, "total");
	if (records) {
		figures_count(count, sizeof(count), out->records);
		say(line, PLAIN, " %5s", count);
	}
	if (records && form < TOTAL_BOTH)
		return;
	figures_count(count, sizeof(count), out->bytes);
	say(line, PLAIN, " %5sB", count);
}

enum { BAR_NONE = 1, BAR_SHORT, BAR_MIDDLE, BAR_LONG };

/* Cells of the bar that its form asks for at least. */
static unsigned
bar_least(int form)
{
	static const unsigned cells[] = { [BAR_NONE] = 0, [BAR_SHORT] = 4, [BAR_MIDDLE] = 8, [BAR_LONG] = 12 };

	return cells[form];
}

/* Where watermarks act, and stand inside of the bar: the cell they stand in; otherwise one beyond
 * it. */
static unsigned
mark_cell(const struct line *line, uint64_t mark_bytes)
{
	const struct options *options = line->snapshot->options;

	if (!policy_has_marks(options->policy) || mark_bytes == 0 || mark_bytes >= options->buffer_bytes)
		return line->cells;
	return (unsigned)((double)mark_bytes / (double)options->buffer_bytes * line->cells);
}

/* A cell that so many eighths are full of; a watermark can be seen in front of either ground. */
static const char *
cell(bool utf8, unsigned eighths, bool mark)
{
	static const char *const blocks[] = { " ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█" };

	if (mark && eighths < EIGHTHS / 2)
		return utf8 ? "┊" : ":";
	if (mark)
		return utf8 ? "▓" : "|";
	return utf8 ? blocks[eighths] : eighths >= EIGHTHS / 2 ? "#" : " ";
}

static enum tone
bar_tone(const struct snapshot *s)
{
	const struct watermarks *marks = &s->tuning.marks;
	double full = fill(s) * (double)s->options->buffer_bytes;

	if (full >= 0.95 * (double)marks->high.bytes)
		return BAD;
	return full >= (double)marks->low.bytes ? WARNING : GOOD;
}

static void
put_cells(struct line *line)
{
	bool utf8 = line->style->utf8;
	unsigned eighths = (unsigned)(fill(line->snapshot) * (line->cells * EIGHTHS));
	unsigned high = mark_cell(line, line->snapshot->tuning.marks.high.bytes);
	unsigned low = mark_cell(line, line->snapshot->tuning.marks.low.bytes);
	enum tone tone = bar_tone(line->snapshot);

	if (eighths == 0 && line->snapshot->depth.bytes > 0)
		eighths = 1; /* a little is not nothing */
	add(line, utf8 ? "▕" : "[");
	set_tone(line, tone);
	for (unsigned i = 0; i < line->cells; i++) {
		unsigned here = eighths < EIGHTHS ? eighths : EIGHTHS;

		add(line, cell(utf8, here, i == high || i == low));
		eighths -= here;
	}
	unset_tone(line, tone);
	add(line, utf8 ? "▏" : "]");
	line->columns += line->cells + 2;
}

static void
put_bar(struct line *line, int form)
{
	(void)form; /* has been made cells */
	if (line->cells > 0)
		put_cells(line);
	say(line, bar_tone(line->snapshot), "%s%3.0f%%", line->cells > 0 ? " " : "", fill(line->snapshot) * 100);
}

enum { DROP_BARE = 1, DROP_RATE, DROP_REASONS };

static void
put_reasons(struct line *line, const struct ledger *ledger)
{
	const char *before = " (";
	char count[32];

	for (int i = 0; i < REASONS; i++) {
		if (ledger->dropped[i].bytes == 0)
			continue;
		figures_count(count, sizeof(count), ledger->dropped[i].records);
		say(line, PLAIN, "%s%s %s", before, reason_name((enum reason)i), count);
		before = ", ";
	}
	if (*before == ',')
		say(line, PLAIN, ")");
}

/* Of interest where something can be dropped.  What the sample leaves out is no loss. */
static void
put_dropped(struct line *line, int form)
{
	const struct snapshot *s = line->snapshot;
	struct tally dropped = ledger_dropped(&s->ledger);
	bool lost = ledger_lost(&s->ledger);
	enum tone tone = lost && s->interval.dropped.bytes > 0 ? BAD : lost ? WARNING : PLAIN;
	char count[32];

	if (dropped.bytes == 0 && !policy_drops(s->options->policy))
		return;
	figures_count(count, sizeof(count), dropped.records);
	say(line, tone == PLAIN ? FAINT : tone, form == DROP_BARE ? "drop " : "dropped ");
	say(line, tone, "%5s", count);
	if (form >= DROP_RATE)
		say_rate(line, tone, " +", s->interval.dropped.records, "");
	if (form >= DROP_REASONS)
		put_reasons(line, &s->ledger);
}

static void
put_paused(struct line *line, int form)
{
	const struct snapshot *s = line->snapshot;

	(void)form;
	if (policy_drops(s->options->policy) && s->ledger.paused_count == 0)
		return;
	say(line, FAINT, "paused");
	say_percent(line, s->interval.paused_ns > 0 ? WARNING : PLAIN, "", s->interval.paused_ns);
}

enum { WAIT_GREATEST = 1, WAIT_ALL, WAIT_WORDY };

/* Whether that can be waited for at all. */
static bool
may_wait_for(const struct options *options, enum awaited awaited)
{
	switch (awaited) {
	case WAIT_INPUT:
	case WAIT_OUTPUT:
		return true;
	case WAIT_RATE:
		return options->rated;
	}
	return false;
}

static void
say_wait(struct line *line, const char *name, uint64_t ns, bool greatest)
{
	char loud[16];
	size_t length = 0;

	for (; name[length] != '\0' && length < sizeof(loud) - 1; length++)
		loud[length] = (char)toupper((unsigned char)name[length]);
	loud[length] = '\0';
	say_percent(line, greatest ? STRONG : FAINT, greatest && !line->style->colour ? loud : name, ns);
}

/* What was waited for longest is the bottleneck; unless weir was busy for longer. */
static void
put_waits(struct line *line, int form)
{
	const struct snapshot *s = line->snapshot;
	uint64_t ns;
	const char *most = snapshot_mostly(&s->interval, &ns);
	const char *before = "";

	if (s->draining)
		say(line, WARNING, form == WAIT_GREATEST ? "   draining" : "draining ");
	if (form == WAIT_GREATEST) {
		if (s->draining)
			return;
		say(line, PLAIN, "%*s", 6 - (int)strlen(most), "");
		say_percent(line, STRONG, most, ns);
		return;
	}
	if (form == WAIT_WORDY)
		say(line, FAINT, "waiting for ");
	for (int i = 0; i < WAITS; i++) {
		const char *name = awaited_name((enum awaited)i);

		if (!may_wait_for(s->options, (enum awaited)i))
			continue;
		say(line, PLAIN, "%s", before);
		say_wait(line, name, s->interval.waited_ns[i], strcmp(name, most) == 0 && s->interval.ns > 0);
		before = " ";
	}
}

static void
say_time(struct line *line, const char *label, bool known, uint64_t ns)
{
	char time[32] = "-";

	if (known)
		figures_ns(time, sizeof(time), ns);
	say(line, FAINT, "%s", label);
	say(line, PLAIN, "%6s", time);
}

enum { LATENCY_P99 = 1, LATENCY_BOTH };

static void
put_latency(struct line *line, int form)
{
	const struct latency *latency = &line->snapshot->interval.latency;
	bool known = latency->count > 0;

	if (line->snapshot->options->framing.kind == FRAMING_BYTES)
		return;
	if (form == LATENCY_BOTH)
		say_time(line, "p50 ", known, latency->p50_ns);
	say_time(line, form == LATENCY_BOTH ? " p99 " : "p99 ", known, latency->p99_ns);
}

/* As a clock has it; hours where there are any. */
static void
say_clock(struct line *line, uint64_t ns)
{
	uint64_t s = ns / NS_PER_S;

	if (s < 3600)
		say(line, PLAIN, "%2u:%02u", (unsigned)(s / 60), (unsigned)(s % 60));
	else if (s < UINT64_C(100) * 3600)
		say(line, PLAIN, "%u:%02u:%02u", (unsigned)(s / 3600), (unsigned)(s / 60 % 60), (unsigned)(s % 60));
	else
		say(line, PLAIN, "%" PRIu64 "d%02uh", s / 86400, (unsigned)(s / 3600 % 24));
}

static void
put_elapsed(struct line *line, int form)
{
	(void)form;
	say_clock(line, line->snapshot->elapsed_ns);
}

enum { DONE_PERCENT = 1, DONE_LEFT };

/* Where it is known how much will come.  Not all is done before all is. */
static void
put_done(struct line *line, int form)
{
	const struct snapshot *s = line->snapshot;

	if (s->size_bytes == 0)
		return;
	say(line, FAINT, "done ");
	say(line, STRONG, "%3u%%", (unsigned)((double)snapshot_done_bytes(s) * 100 / (double)s->size_bytes));
	if (form < DONE_LEFT)
		return;
	say(line, FAINT, " left ");
	if (s->until_done_ns == SNAPSHOT_NEVER)
		say(line, PLAIN, "    -");
	else
		say_clock(line, s->until_done_ns);
}

static const struct segment {
	void (*put)(struct line *line, int form);
} segments[] = {
	{ put_name }, { put_in }, { put_bar }, { put_out }, { put_total }, { put_dropped }, { put_paused },
	{ put_waits }, { put_latency }, { put_elapsed }, { put_done },
};
enum { NAME, IN, BAR, OUT, TOTAL, DROPPED, PAUSED, WAITED, LATENCY, ELAPSED, DONE, SEGMENTS };
static_assert(sizeof(segments) / sizeof(segments[0]) == SEGMENTS, "a segment each");

/* --- the line ------------------------------------------------------------------------------------ */

/* What the room is used for, the most important first.  What does not fit is passed over:
 * something shorter that comes later may. */
static const struct {
	int segment;
	int form;
} wishes[] = {
	{ BAR, BAR_NONE },
	{ BAR, BAR_SHORT },
	{ OUT, RATE_BARE },
	{ WAITED, WAIT_GREATEST },
	{ DROPPED, DROP_BARE },
	{ DONE, DONE_PERCENT },
	{ NAME, NAME_SHORT },
	{ IN, RATE_BARE },
	{ OUT, RATE_NAMED },
	{ IN, RATE_NAMED },
	{ DONE, DONE_LEFT },
	{ BAR, BAR_MIDDLE },
	{ ELAPSED, 1 },
	{ LATENCY, LATENCY_P99 },
	{ DROPPED, DROP_RATE },
	{ PAUSED, 1 },
	{ BAR, BAR_LONG },
	{ OUT, RATE_BOTH },
	{ IN, RATE_BOTH },
	{ TOTAL, TOTAL_ONE },
	{ WAITED, WAIT_ALL },
	{ DROPPED, DROP_REASONS },
	{ TOTAL, TOTAL_BOTH },
	{ LATENCY, LATENCY_BOTH },
	{ WAITED, WAIT_WORDY },
	{ NAME, NAME_LONG },
};

/* The line with these forms, into text; its columns. */
static unsigned
assemble(struct line *line, const int forms[SEGMENTS])
{
	const char *gap = line->style->columns < AIRY_COLUMNS ? " " : "  ";

	line->length = line->columns = 0;
	line->text[0] = '\0';
	for (int i = 0; i < SEGMENTS; i++) {
		struct line before = *line;
		unsigned begun;

		if (forms[i] == 0)
			continue;
		if (line->columns > 0)
			say(line, PLAIN, "%s", gap);
		begun = line->columns;
		segments[i].put(line, forms[i]);
		if (line->columns == begun) { /* it has nothing to say */
			*line = before;
			line->text[line->length] = '\0';
		}
	}
	return line->columns;
}

size_t
meter_line(char *text, const struct snapshot *snapshot, const struct meter_style *style)
{
	unsigned room = style->columns > METER_COLUMNS_MOST ? METER_COLUMNS_MOST : style->columns;
	struct line line = { .text = text, .style = style, .snapshot = snapshot };
	int forms[SEGMENTS] = { 0 };
	unsigned columns;

	room -= room > 0;
	for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
		int before = forms[wishes[i].segment];

		forms[wishes[i].segment] = wishes[i].form;
		line.cells = bar_least(forms[BAR]);
		if (assemble(&line, forms) > room)
			forms[wishes[i].segment] = before;
	}
	line.cells = bar_least(forms[BAR]);
	columns = assemble(&line, forms);
	if (line.cells > 0) {
		line.cells += room - columns;
		line.cells = line.cells < BAR_MOST ? line.cells : BAR_MOST;
		(void)assemble(&line, forms);
	}
	return line.length;
}
