/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/figures.h"
#include "base/visible.h"
#include "tell/gauges.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#define EIGHTHS 8

/* --- numbers ------------------------------------------------------------------------------------- */

/* A share of the interval. */
static unsigned
percent(const struct snapshot *s, uint64_t ns)
{
	unsigned share = s->interval.ns > 0 ? figures_percent(ns, s->interval.ns) : 0;

	return share < 100 ? share : 100;
}

static void
say_percent(struct gauges *g, enum tone tone, const char *label, uint64_t ns)
{
	if (g->snapshot->interval.ns > 0)
		ink_say(&g->ink, tone, "%s %3u%%", label, percent(g->snapshot, ns));
	else
		ink_say(&g->ink, FAINT, "%s   -%%", label);
}

static void
say_rate(struct gauges *g, enum tone tone, const char *before, uint64_t amount, const char *unit)
{
	char count[32] = "-";

	if (g->snapshot->interval.ns > 0)
		figures_count(count, sizeof(count),
		    snapshot_per_second(amount, g->snapshot->interval.ns));
	ink_say(&g->ink, tone, "%s%5s%s/s", before, count, unit);
}

/* Bytes, on disk where there is a spool, or the fill by records where that is greater: 0 to 1. */
static double
fill(const struct snapshot *s)
{
	const struct options *options = s->options;
	double bytes = (double)s->depth.bytes / (double)snapshot_capacity(s);
	double records = (double)s->depth.records / (double)options->max_records;
	double most = bytes > records ? bytes : records;

	return most < 1 ? most : 1;
}

/* --- one after the other ---------------------------------------------------------------------- */

#define NAME_COLUMNS 12 /* of the short form */
#define NAME_LEAST 4

static void
put_name(struct gauges *g, int form)
{
	const char *name = g->snapshot->options->name;
	char ascii[4 * OPTIONS_NAME_MOST + 1];
	unsigned columns;
	size_t length;

	if (!g->utf8) {
		(void)visible_write(ascii, sizeof(ascii), name, strlen(name), true);
		name = ascii;
	}
	length = visible_fitting(name, form == NAME_SHORT ? NAME_COLUMNS : INK_COLUMNS_MOST);
	columns = visible_columns(name);
	ink_say(&g->ink, STRONG, "%.*s%*s", (int)length, name, columns < NAME_LEAST ? (int)(NAME_LEAST - columns) : 0, "");
}

static void
put_flow(struct gauges *g, const char *label, const struct tally *flow, int form)
{
	bool records = g->snapshot->options->framing.kind != FRAMING_BYTES;

	if (form >= RATE_NAMED)
		ink_say(&g->ink, FAINT, "%s ", label);
	if (records)
		say_rate(g, PLAIN, "", flow->records, "");
	if (!records || form == RATE_BOTH)
		say_rate(g, PLAIN, records ? " " : "", flow->bytes, "B");
}

static void
put_in(struct gauges *g, int form)
{
	put_flow(g, "in", &g->snapshot->interval.in, form);
}

static void
put_out(struct gauges *g, int form)
{
	put_flow(g, "out", &g->snapshot->interval.out, form);
}

/* What was handed over and is not confirmed, where it has to be: a part of what the bar shows. */
static void
put_flight(struct gauges *g, int form)
{
	const struct tally *flight = &g->snapshot->in_flight;
	bool records = g->snapshot->options->framing.kind != FRAMING_BYTES;
	char count[32];

	if (g->snapshot->options->reader.confirm == CONFIRM_WRITTEN)
		return;
	ink_say(&g->ink, FAINT, form == FLIGHT_BARE ? "flight" : "in flight");
	if (records) {
		figures_count(count, sizeof(count), flight->records);
		ink_say(&g->ink, PLAIN, " %5s", count);
	}
	if (records && form < FLIGHT_BOTH)
		return;
	figures_count(count, sizeof(count), flight->bytes);
	ink_say(&g->ink, PLAIN, " %5sB", count);
}

/* What has left so far: records, or bytes. */
static void
put_total(struct gauges *g, int form)
{
	const struct tally *out = &g->snapshot->ledger.out;
	bool records = g->snapshot->options->framing.kind != FRAMING_BYTES;
	char count[32];

	ink_say(&g->ink, FAINT, "total");
	if (records) {
		figures_count(count, sizeof(count), out->records);
		ink_say(&g->ink, PLAIN, " %5s", count);
	}
	if (records && form < TOTAL_BOTH)
		return;
	figures_count(count, sizeof(count), out->bytes);
	ink_say(&g->ink, PLAIN, " %5sB", count);
}

/* Where watermarks act, and stand inside of the bar: the cell they stand in; otherwise one beyond
 * it.  They are the memory's: of a spool it shows how full that is. */
static unsigned
mark_cell(const struct gauges *g, uint64_t mark_bytes)
{
	const struct options *options = g->snapshot->options;

	if (g->snapshot->has_spool || !policy_has_marks(options->policy) || mark_bytes == 0 || mark_bytes >= options->buffer_bytes)
		return g->cells;
	return (unsigned)((double)mark_bytes / (double)options->buffer_bytes * g->cells);
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

	if (s->has_spool)
		return fill(s) >= 0.95 ? BAD : fill(s) >= 0.5 ? WARNING : GOOD;
	if (full >= 0.95 * (double)marks->high.bytes)
		return BAD;
	return full >= (double)marks->low.bytes ? WARNING : GOOD;
}

static void
put_cells(struct gauges *g)
{
	bool utf8 = g->utf8;
	unsigned eighths = (unsigned)(fill(g->snapshot) * (g->cells * EIGHTHS));
	unsigned high = mark_cell(g, g->snapshot->tuning.marks.high.bytes);
	unsigned low = mark_cell(g, g->snapshot->tuning.marks.low.bytes);
	enum tone tone = bar_tone(g->snapshot);

	if (eighths == 0 && g->snapshot->depth.bytes > 0)
		eighths = 1; /* a little is not nothing */
	ink_draw(&g->ink, utf8 ? "▕" : "[", 1);
	ink_begin(&g->ink, tone);
	for (unsigned i = 0; i < g->cells; i++) {
		unsigned here = eighths < EIGHTHS ? eighths : EIGHTHS;

		ink_draw(&g->ink, cell(utf8, here, i == high || i == low), 1);
		eighths -= here;
	}
	ink_end(&g->ink, tone);
	ink_draw(&g->ink, utf8 ? "▏" : "]", 1);
}

static void
put_bar(struct gauges *g, int form)
{
	(void)form; /* has been made cells */
	if (g->cells > 0)
		put_cells(g);
	ink_say(&g->ink, bar_tone(g->snapshot), "%s%3.0f%%", g->cells > 0 ? " " : "", fill(g->snapshot) * 100);
}

static void
put_reasons(struct gauges *g, const struct ledger *ledger)
{
	const char *before = " (";
	char count[32];

	for (int i = 0; i < REASONS; i++) {
		if (ledger->dropped[i].bytes == 0)
			continue;
		figures_count(count, sizeof(count), ledger->dropped[i].records);
		ink_say(&g->ink, PLAIN, "%s%s %s", before, reason_name((enum reason)i), count);
		before = ", ";
	}
	if (*before == ',')
		ink_say(&g->ink, PLAIN, ")");
}

/* Of interest where something can be dropped.  What the sample leaves out is no loss. */
static void
put_dropped(struct gauges *g, int form)
{
	const struct snapshot *s = g->snapshot;
	struct tally dropped = ledger_dropped(&s->ledger);
	bool lost = ledger_lost(&s->ledger);
	enum tone tone = lost && s->interval.dropped.bytes > 0 ? BAD : lost ? WARNING : PLAIN;
	char count[32];

	if (dropped.bytes == 0 && !policy_drops(s->options->policy))
		return;
	figures_count(count, sizeof(count), dropped.records);
	ink_say(&g->ink, tone == PLAIN ? FAINT : tone, form == DROP_BARE ? "drop " : "dropped ");
	ink_say(&g->ink, tone, "%5s", count);
	if (form >= DROP_RATE)
		say_rate(g, tone, " +", s->interval.dropped.records, "");
	if (form >= DROP_REASONS)
		put_reasons(g, &s->ledger);
}

static void
put_paused(struct gauges *g, int form)
{
	const struct snapshot *s = g->snapshot;

	(void)form;
	if (policy_drops(s->options->policy) && s->ledger.paused_count == 0)
		return;
	ink_say(&g->ink, FAINT, "paused");
	say_percent(g, s->interval.paused_ns > 0 ? WARNING : PLAIN, "", s->interval.paused_ns);
}

/* Of interest only while it is open: nothing but a try at a time goes to the reader. */
static void
put_breaker(struct gauges *g, int form)
{
	(void)form;
	if (g->snapshot->reader.open)
		ink_say(&g->ink, BAD, "breaker open");
}

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
	case WAIT_HALTED:
		return options->control;
	case WAIT_SETTLE:
		return options->settle_ns > 0;
	}
	return false;
}

static void
say_wait(struct gauges *g, const char *name, uint64_t ns, bool greatest)
{
	char loud[16];
	size_t length = 0;

	for (; name[length] != '\0' && length < sizeof(loud) - 1; length++)
		loud[length] = (char)toupper((unsigned char)name[length]);
	loud[length] = '\0';
	say_percent(g, greatest ? STRONG : FAINT, greatest && !g->ink.colour ? loud : name, ns);
}

/* What was waited for longest is the bottleneck; unless weir was busy for longer. */
static void
put_waits(struct gauges *g, int form)
{
	const struct snapshot *s = g->snapshot;
	uint64_t ns;
	const char *most = snapshot_mostly(&s->interval, &ns);
	const char *before = "";

	if (s->draining)
		ink_say(&g->ink, WARNING, form == WAIT_GREATEST ? "   draining" : "draining ");
	if (form == WAIT_GREATEST) {
		if (s->draining)
			return;
		ink_say(&g->ink, PLAIN, "%*s", 6 - (int)strlen(most), "");
		say_percent(g, STRONG, most, ns);
		return;
	}
	if (form == WAIT_WORDY)
		ink_say(&g->ink, FAINT, "waiting for ");
	for (int i = 0; i < WAITS; i++) {
		const char *name = awaited_name((enum awaited)i);

		if (!may_wait_for(s->options, (enum awaited)i))
			continue;
		ink_say(&g->ink, PLAIN, "%s", before);
		say_wait(g, name, s->interval.waited_ns[i], strcmp(name, most) == 0 && s->interval.ns > 0);
		before = " ";
	}
}

static void
say_time(struct gauges *g, const char *label, bool known, uint64_t ns)
{
	char time[32] = "-";

	if (known)
		figures_ns(time, sizeof(time), ns);
	ink_say(&g->ink, FAINT, "%s", label);
	ink_say(&g->ink, PLAIN, "%6s", time);
}

static void
put_latency(struct gauges *g, int form)
{
	const struct latency *latency = &g->snapshot->interval.latency;
	bool known = latency->count > 0;

	if (g->snapshot->options->framing.kind == FRAMING_BYTES)
		return;
	if (form == LATENCY_BOTH)
		say_time(g, "p50 ", known, latency->p50_ns);
	say_time(g, form == LATENCY_BOTH ? " p99 " : "p99 ", known, latency->p99_ns);
}

/* As a clock has it; hours where there are any. */
static void
say_clock(struct gauges *g, uint64_t ns)
{
	uint64_t s = ns / NS_PER_S;

	if (s < 3600)
		ink_say(&g->ink, PLAIN, "%2u:%02u", (unsigned)(s / 60), (unsigned)(s % 60));
	else if (s < UINT64_C(100) * 3600)
		ink_say(&g->ink, PLAIN, "%u:%02u:%02u", (unsigned)(s / 3600), (unsigned)(s / 60 % 60), (unsigned)(s % 60));
	else
		ink_say(&g->ink, PLAIN, "%" PRIu64 "d%02uh", s / 86400, (unsigned)(s / 3600 % 24));
}

static void
put_elapsed(struct gauges *g, int form)
{
	(void)form;
	say_clock(g, g->snapshot->elapsed_ns);
}

/* Where it is known how much will come.  Not all is done before all is. */
static void
put_done(struct gauges *g, int form)
{
	const struct snapshot *s = g->snapshot;

	if (s->size_bytes == 0)
		return;
	ink_say(&g->ink, FAINT, "done ");
	ink_say(&g->ink, STRONG, "%3u%%", (unsigned)((double)snapshot_done_bytes(s) * 100 / (double)s->size_bytes));
	if (form < DONE_LEFT)
		return;
	ink_say(&g->ink, FAINT, " left ");
	if (s->until_done_ns == SNAPSHOT_NEVER)
		ink_say(&g->ink, PLAIN, "    -");
	else
		say_clock(g, s->until_done_ns);
}

static void (*const writers[GAUGES])(struct gauges *g, int form) = {
	[GAUGE_NAME] = put_name,
	[GAUGE_IN] = put_in,
	[GAUGE_BAR] = put_bar,
	[GAUGE_FLIGHT] = put_flight,
	[GAUGE_OUT] = put_out,
	[GAUGE_TOTAL] = put_total,
	[GAUGE_DROPPED] = put_dropped,
	[GAUGE_PAUSED] = put_paused,
	[GAUGE_BREAKER] = put_breaker,
	[GAUGE_WAITED] = put_waits,
	[GAUGE_LATENCY] = put_latency,
	[GAUGE_ELAPSED] = put_elapsed,
	[GAUGE_DONE] = put_done,
};

void
gauges_put(struct gauges *g, enum gauge gauge, int form)
{
	writers[gauge](g, form);
}

unsigned
gauges_bar_cells(int form)
{
	static const unsigned cells[] = { [BAR_NONE] = 0, [BAR_SHORT] = 4, [BAR_MIDDLE] = 8, [BAR_LONG] = 12 };

	return cells[form];
}
