/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/figures.h"
#include "base/visible.h"
#include "os/diag.h"
#include "tell/text.h"

#include <inttypes.h>
#include <time.h>

/* For people, and so short: what is nothing is left out, and of the figures that JSON has those that a
 * decision hangs on. */

/* From so many records on a line that is told while weir runs has three digits of them. */
#define EXACT_MOST UINT64_C(1000000)

/* A part of less is said to be under 0.1%. */
#define LITTLE 0.0005

static bool
has_records(const struct snapshot *s)
{
	return s->options->framing.kind != FRAMING_BYTES;
}

static bool
is_final(const struct snapshot *s)
{
	return s->event == REPORT_FINAL;
}

void
text_tally(struct line *line, const struct snapshot *s, const char *label, const struct tally *tally)
{
	char bytes[32];

	figures_bytes(bytes, sizeof(bytes), tally->bytes, s->ledger.in.bytes);
	line_add(line, "%s ", label);
	if (has_records(s))
		line_add(line, "%" PRIu64 " record%s ", tally->records, tally->records == 1 ? "" : "s");
	line_add(line, "%s", bytes);
}

/* So many records; in a long run not to the last one. */
static void
text_records(struct line *line, uint64_t records)
{
	char count[32];

	if (records < EXACT_MOST) {
		line_add(line, "%" PRIu64, records);
		return;
	}
	figures_count(count, sizeof(count), records);
	line_add(line, "%s", count);
}

/* What came so far, and in the interval per second. */
static void
text_flow(struct line *line, const struct snapshot *s, const char *label, const struct tally *all,
    const struct tally *recent, bool in_bytes)
{
	char total[32], count[32], bytes[32];
	uint64_t per_second = snapshot_per_second(recent->bytes, s->interval.ns);

	figures_bytes(total, sizeof(total), all->bytes, s->ledger.in.bytes);
	figures_bytes(bytes, sizeof(bytes), per_second, per_second);
	figures_count(count, sizeof(count), snapshot_per_second(recent->records, s->interval.ns));
	line_add(line, "%s ", label);
	if (!has_records(s)) {
		line_add(line, "%s (%s/s)", total, bytes);
		return;
	}
	text_records(line, all->records);
	line_add(line, " (%s/s", count);
	if (in_bytes)
		line_add(line, " %s/s", bytes);
	line_add(line, ")");
}

/* In a final report bytes stand behind what came in; those of what went out only where there are no records
 * to count, or none is whole.  In others how many a second go out: there is no room in a line for both. */
static void
text_flows(struct line *line, const struct snapshot *s)
{
	const struct ledger *ledger = &s->ledger;

	if (!is_final(s)) {
		text_flow(line, s, "in", &ledger->in, &s->interval.in, false);
		text_flow(line, s, ", out", &ledger->out, &s->interval.out, true);
		return;
	}
	text_tally(line, s, "in", &ledger->in);
	if (ledger->recovered.bytes > 0)
		text_tally(line, s, ", recovered", &ledger->recovered);
	if (has_records(s) && (ledger->out.records > 0 || ledger->out.bytes == 0))
		line_add(line, ", out %" PRIu64, ledger->out.records);
	else
		text_tally(line, s, ", out", &ledger->out);
}

/* A part of a whole (not 0) in percent; never nothing of something, nor all of less. */
static void
text_share(struct line *line, uint64_t part, uint64_t whole)
{
	const volatile double percent = (double)part * 100 / (double)whole; /* no longer than a double: not as a register has it */

	if (part == whole)
		line_add(line, "100%%");
	else if (percent >= 99.95)
		line_add(line, "over 99.9%%");
	else if (percent < 0.05)
		line_add(line, "under 0.1%%");
	else
		line_add(line, "%.1f%%", percent);
}

/* The number stands behind a reason where there are several. */
static void
text_reasons(struct line *line, const struct ledger *ledger)
{
	unsigned reasons = 0;

	for (int i = 0; i < REASONS; i++)
		reasons += ledger->dropped[i].bytes > 0;
	for (int i = 0; i < REASONS; i++) {
		if (ledger->dropped[i].bytes == 0)
			continue;
		line_add(line, ", %s", reason_name((enum reason)i));
		if (reasons > 1)
			line_add(line, " %" PRIu64, ledger->dropped[i].records);
	}
}

/* How much, in percent, and why.  A few long records are few, and a large part of the bytes. */
void
text_loss(struct line *line, const struct ledger *ledger)
{
	struct tally dropped = ledger_dropped(ledger);
	const struct tally *in = &ledger->in;
	bool whole = dropped.records > 0 && in->records > 0;
	char bytes[32];
	double share;

	if (whole) {
		text_share(line, dropped.records, in->records);
		share = (double)dropped.bytes / (double)in->bytes;
		if (share >= LITTLE && share > 2 * (double)dropped.records / (double)in->records) {
			line_add(line, ", of bytes ");
			text_share(line, dropped.bytes, in->bytes);
		}
	} else {
		figures_bytes(bytes, sizeof(bytes), dropped.bytes, dropped.bytes);
		line_add(line, "%s", bytes);
	}
	text_reasons(line, ledger);
}

/* How much of what was dropped matches a pattern of --keep, and which keys it has. */
static void
text_whose(struct line *line, const struct snapshot *s)
{
	const struct keep *keep = s->options->keep;
	struct top_key key[TOP_WANTED_MOST];
	unsigned keys = snapshot_top_keys(s, key);
	char visible[VISIBLE_ROOM(TOP_KEY_MOST)];

	for (unsigned class = keep_count(keep); class > 0; class--)
		line_add(line, "%s %s %" PRIu64, class == keep_count(keep) ? ", of them" : ",",
		    diag_visible(keep_regex(keep, class)), s->ledger.dropped_class[class].records);
	for (unsigned i = 0; i < keys; i++) {
		(void)visible_write(visible, sizeof(visible), key[i].text, key[i].length, diag_is_ascii());
		line_add(line, "%s %s ", i == 0 ? ", most of" : ",", *visible != '\0' ? visible : "\"\"");
		if (key[i].error > 0)
			line_add(line, "%" PRIu64 " to ", key[i].records - key[i].error);
		line_add(line, "%" PRIu64, key[i].records);
	}
}

/* What a pattern or a key found nowhere it looked is probably not what was meant. */
static void
text_unfound(struct line *line, const struct snapshot *s)
{
	const struct keep *keep = s->options->keep;

	if (!is_final(s))
		return;
	for (unsigned class = keep_count(keep); class > 0; class--)
		if (s->keep_looks[class].asked > 0 && s->keep_looks[class].found == 0)
			line_add(line, ", --keep=%s matched nothing", diag_visible(keep_regex(keep, class)));
	if (s->key_looks.asked > 0 && s->key_looks.found == 0)
		line_add(line, ", --key found nothing");
}

static void
text_dropped(struct line *line, const struct snapshot *s)
{
	struct tally dropped = ledger_dropped(&s->ledger);
	char count[32];

	if (dropped.bytes == 0) {
		if (is_final(s) && options_may_drop(s->options))
			line_add(line, ", dropped 0");
		return;
	}
	if (dropped.records > 0)
		line_add(line, ", dropped %" PRIu64 " (", dropped.records);
	else
		line_add(line, ", dropped part of a record (");
	text_loss(line, &s->ledger);
	if (!is_final(s) && s->interval.dropped.records > 0) {
		figures_count(count, sizeof(count),
		    snapshot_per_second(s->interval.dropped.records, s->interval.ns));
		line_add(line, ", %s/s", count);
	}
	line_add(line, ")");
	if (s->options->weight_template != NULL && snapshot_outside(&s->ledger) > 0)
		line_add(line, ", %" PRIu64 " outside the weights", snapshot_outside(&s->ledger));
	text_whose(line, s);
}

/* Before the law's terms, what happened to them: only where there is something to say.  What is held in an
 * interval the fill says as well; and what is unread a reader that is still there may yet read. */
static void
text_losses(struct line *line, const struct snapshot *s)
{
	const struct ledger *ledger = &s->ledger;

	text_dropped(line, s);
	text_unfound(line, s);
	if (s->unsaved.bytes > 0)
		text_tally(line, s, ", not saved", &s->unsaved);
	if (ledger->marks.bytes > 0)
		line_add(line, ", %" PRIu64 " mark%s", ledger->marks.records, ledger->marks.records == 1 ? "" : "s");
	if (s->held.bytes > 0 && s->event == REPORT_SIGNAL)
		text_tally(line, s, ", held", &s->held);
	if (ledger->undelivered.bytes > 0)
		text_tally(line, s, ", undelivered", &ledger->undelivered);
	if (ledger->kept.bytes > 0)
		text_tally(line, s, ", kept", &ledger->kept);
	if (s->unread_bytes > 0 && (s->reader_gone || s->event == REPORT_SIGNAL))
		line_add(line, ", %" PRIu64 " byte%s unread by the reader", s->unread_bytes,
		    s->unread_bytes == 1 ? "" : "s");
	if (s->unread_input_bytes > 0 && s->event == REPORT_FINAL)
		line_add(line, ", %" PRIu64 " byte%s left in the input", s->unread_input_bytes,
		    s->unread_input_bytes == 1 ? "" : "s");
}

static void
text_until(struct line *line, const char *label, uint64_t ns)
{
	char time[32];

	if (ns == SNAPSHOT_NEVER || ns == 0)
		return;
	figures_ns(time, sizeof(time), ns);
	line_add(line, ", %s in %s", label, time);
}

/* The fill in percent: the greater of bytes and records.  Under block the last read may bring more than
 * --max-records. */
static unsigned
fill(const struct options *options, const struct tally *depth)
{
	unsigned bytes = figures_percent(depth->bytes, options->spool_path != NULL ? options->spool_bytes : options->buffer_bytes);
	unsigned records = options->max_records != UINT64_MAX ? figures_percent(depth->records < options->max_records
	    ? depth->records : options->max_records, options->max_records) : 0;

	return bytes > records ? bytes : records;
}

/* How it goes: of no interest any more in the final report.  An interval has it foretold only where a full
 * buffer will be a loss. */
static void
text_state(struct line *line, const struct snapshot *s)
{
	bool asked = s->event == REPORT_SIGNAL;
	bool ahead = policy_drops(s->options->policy) && s->interval.dropped.bytes == 0;
	uint64_t ns;
	const char *mostly = snapshot_mostly(&s->interval, &ns);

	line_add(line, ", %s %u%%", s->has_spool ? "spool" : "buffer", fill(s->options, &s->depth));
	if (s->depth.bytes > 0 && (asked || ahead))
		text_until(line, "full", s->until_full_ns);
	if (s->depth.bytes > 0 && asked)
		text_until(line, "empty", s->until_empty_ns);
	if (s->interval.ns > 0)
		line_add(line, ", %s %u%%", mostly, figures_percent(ns, s->interval.ns));
}

/* Of most records that waited at all. */
static void
text_latency(struct line *line, const struct latency *latency)
{
	char time[32];

	if (latency->p99_ns == 0)
		return;
	figures_ns(time, sizeof(time), latency->p99_ns);
	line_add(line, ", p99 %s", time);
}

static void
text_span(struct line *line, const char *label, uint64_t ns)
{
	uint64_t ms = ns / NS_PER_MS;

	line_add(line, "%s %" PRIu64 ".%03us", label, ms / 1000, (unsigned)(ms % 1000));
}

/* For how long the policy held up the producer, or thinned out what came. */
static void
text_times(struct line *line, const struct snapshot *s)
{
	const struct ledger *ledger = &s->ledger;
	enum policy policy = s->options->policy;

	if (ledger->halted_count > 0)
		text_span(line, ", halted", ledger->halted_ns);
	if (!policy_drops(policy) || ledger->paused_count > 0)
		text_span(line, ", paused", ledger->paused_ns);
	else if (policy_has_marks(policy))
		text_span(line, ", under pressure", ledger->pressure_ns);
	else
		line_add(line, ",");
	text_span(line, " in", s->elapsed_ns);
}

/* Where reports come again and again: the time of day, to be held against a clock on the wall.  The journal
 * has its own. */
static void
text_clock(struct line *line, const struct snapshot *s)
{
	time_t seconds = (time_t)(s->wall_ns / NS_PER_S);
	char time[16];
	struct tm local;

	if (!s->options->reporting || s->options->format != FORMAT_TEXT || localtime_r(&seconds, &local) == NULL ||
	    strftime(time, sizeof(time), "%H:%M:%S", &local) == 0)
		return;
	line_add(line, "%s", time);
	if (s->options->interval_ns % NS_PER_S != 0)
		line_add(line, ".%03u", (unsigned)(s->wall_ns % NS_PER_S / NS_PER_MS));
	line_add(line, " ");
}

/* sd-daemon(3): a warning where something was lost, or an error where the run failed. */
static void
text_priority(struct line *line, const struct snapshot *s)
{
	bool failed = is_final(s) && snapshot_failed(s);

	if (s->options->format == FORMAT_JOURNAL)
		line_add(line, failed ? "<3>" : snapshot_lost(s) ? "<4>" : "<6>");
}

void
text_begin(struct line *line, const struct snapshot *s)
{
	text_priority(line, s);
	line_add(line, "%s: ", s->options->name);
	text_clock(line, s);
}

void
text_write(struct line *line, const struct snapshot *s)
{
	text_begin(line, s);
	text_flows(line, s);
	text_losses(line, s);
	if (!is_final(s))
		text_state(line, s);
	text_latency(line, is_final(s) ? &s->latency : &s->interval.latency);
	if (s->reports_skipped > 0)
		line_add(line, ", %" PRIu64 " report%s skipped", s->reports_skipped, s->reports_skipped == 1 ? "" : "s");
	if (s->event != REPORT_INTERVAL)
		text_times(line, s);
}
