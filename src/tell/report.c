/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/compat.h"
#include "base/figures.h"
#include "base/visible.h"
#include "os/diag.h"
#include "tell/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct line {
	char *text;
	size_t length;
	size_t most; /* with the final NUL */
};

static void add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
add(struct line *line, const char *format, ...)
{
	size_t room = line->most - line->length;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line->text + line->length, room, format, arguments);
	va_end(arguments);
	if (length > 0)
		line->length += (size_t)length < room ? (size_t)length : room - 1;
}

/* Keys that lost most, once it is over: how many. */
static unsigned
top_keys(const struct snapshot *s, struct top_key key[TOP_WANTED_MOST])
{
	return s->event == REPORT_FINAL ? top_list(s->top, key, s->options->top_keys) : 0;
}

#define KEY_VISIBLE_MOST (4 * TOP_KEY_MOST + 1)

/* --- text --------------------------------------------------------------------------------------- */

/* For people, and so short: what is nothing is left out, and of the figures that JSON has those that a
 * decision hangs on. */

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

static void
text_tally(struct line *line, const struct snapshot *s, const char *label, const struct tally *tally)
{
	char bytes[32];

	figures_bytes(bytes, sizeof(bytes), tally->bytes, s->ledger.in.bytes);
	add(line, "%s ", label);
	if (has_records(s))
		add(line, "%" PRIu64 " record%s ", tally->records, tally->records == 1 ? "" : "s");
	add(line, "%s", bytes);
}

/* What came so far, and in the interval per second. */
static void
text_flow(struct line *line, const struct snapshot *s, const char *label, const struct tally *all,
    const struct tally *recent)
{
	char total[32], count[32], bytes[32];
	uint64_t per_second = snapshot_per_second(recent->bytes, s->interval.ns);

	figures_bytes(total, sizeof(total), all->bytes, s->ledger.in.bytes);
	figures_bytes(bytes, sizeof(bytes), per_second, per_second);
	figures_count(count, sizeof(count), snapshot_per_second(recent->records, s->interval.ns));
	if (has_records(s))
		add(line, "%s %" PRIu64 " (%s/s %s/s)", label, all->records, count, bytes);
	else
		add(line, "%s %s (%s/s)", label, total, bytes);
}

/* In a final report bytes stand behind what came in; those of what went out only where there are no records
 * to count, or none is whole. */
static void
text_flows(struct line *line, const struct snapshot *s)
{
	const struct ledger *ledger = &s->ledger;

	if (!is_final(s)) {
		text_flow(line, s, "in", &ledger->in, &s->interval.in);
		text_flow(line, s, ", out", &ledger->out, &s->interval.out);
		return;
	}
	text_tally(line, s, "in", &ledger->in);
	if (has_records(s) && (ledger->out.records > 0 || ledger->out.bytes == 0))
		add(line, ", out %" PRIu64, ledger->out.records);
	else
		text_tally(line, s, ", out", &ledger->out);
}

/* A part of a whole (not 0) in percent; never nothing of something, nor all of less. */
static void
text_share(struct line *line, uint64_t part, uint64_t whole)
{
	double percent = (double)part * 100 / (double)whole;

	if (part == whole)
		add(line, "100%%");
	else if (percent >= 99.95)
		add(line, "over 99.9%%");
	else if (percent < 0.05)
		add(line, "under 0.1%%");
	else
		add(line, "%.1f%%", percent);
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
		add(line, ", %s", reason_name((enum reason)i));
		if (reasons > 1)
			add(line, " %" PRIu64, ledger->dropped[i].records);
	}
}

/* How much, in percent, and why.  A few long records are few, and a large part of the bytes. */
static void
text_loss(struct line *line, const struct ledger *ledger)
{
	struct tally dropped = ledger_dropped(ledger);
	const struct tally *in = &ledger->in;
	bool whole = dropped.records > 0 && in->records > 0;
	char bytes[32];

	if (whole) {
		text_share(line, dropped.records, in->records);
		if ((double)dropped.bytes / (double)in->bytes > 2 * (double)dropped.records / (double)in->records) {
			add(line, ", of bytes ");
			text_share(line, dropped.bytes, in->bytes);
		}
	} else {
		figures_bytes(bytes, sizeof(bytes), dropped.bytes, dropped.bytes);
		add(line, "%s", bytes);
	}
	text_reasons(line, ledger);
}

/* How much of what was dropped matches a pattern of --keep, and which keys it has. */
static void
text_whose(struct line *line, const struct snapshot *s)
{
	const struct keep *keep = s->options->keep;
	struct top_key key[TOP_WANTED_MOST];
	unsigned keys = top_keys(s, key);
	char visible[KEY_VISIBLE_MOST];

	for (unsigned class = keep_count(keep); class > 0; class--)
		add(line, "%s %s %" PRIu64, class == keep_count(keep) ? ", of them" : ",",
		    diag_visible(keep_regex(keep, class)), s->ledger.dropped_class[class].records);
	for (unsigned i = 0; i < keys; i++) {
		(void)visible_write(visible, sizeof(visible), key[i].text, key[i].length, diag_is_ascii());
		add(line, "%s %s ", i == 0 ? ", most of" : ",", *visible != '\0' ? visible : "\"\"");
		if (key[i].error > 0)
			add(line, "%" PRIu64 " to ", key[i].records - key[i].error);
		add(line, "%" PRIu64, key[i].records);
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
			add(line, ", --keep=%s matched nothing", diag_visible(keep_regex(keep, class)));
	if (s->key_looks.asked > 0 && s->key_looks.found == 0)
		add(line, ", --key found nothing");
}

static void
text_dropped(struct line *line, const struct snapshot *s)
{
	struct tally dropped = ledger_dropped(&s->ledger);
	char count[32];

	if (dropped.bytes == 0) {
		if (is_final(s) && options_may_drop(s->options))
			add(line, ", dropped 0");
		return;
	}
	if (dropped.records > 0)
		add(line, ", dropped %" PRIu64 " (", dropped.records);
	else
		add(line, ", dropped part of a record (");
	text_loss(line, &s->ledger);
	if (!is_final(s) && s->interval.dropped.records > 0) {
		figures_count(count, sizeof(count),
		    snapshot_per_second(s->interval.dropped.records, s->interval.ns));
		add(line, ", %s/s", count);
	}
	add(line, ")");
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
		add(line, ", %" PRIu64 " mark%s", ledger->marks.records, ledger->marks.records == 1 ? "" : "s");
	if (s->held.bytes > 0 && s->event == REPORT_SIGNAL)
		text_tally(line, s, ", held", &s->held);
	if (ledger->undelivered.bytes > 0)
		text_tally(line, s, ", undelivered", &ledger->undelivered);
	if (s->unread_bytes > 0 && (s->reader_gone || s->event == REPORT_SIGNAL))
		add(line, ", %" PRIu64 " byte%s unread by the reader", s->unread_bytes,
		    s->unread_bytes == 1 ? "" : "s");
	if (s->unread_input_bytes > 0 && s->event == REPORT_FINAL)
		add(line, ", %" PRIu64 " byte%s left in the input", s->unread_input_bytes,
		    s->unread_input_bytes == 1 ? "" : "s");
}

static void
text_until(struct line *line, const char *label, uint64_t ns)
{
	char time[32];

	if (ns == SNAPSHOT_NEVER || ns == 0)
		return;
	figures_ns(time, sizeof(time), ns);
	add(line, ", %s in %s", label, time);
}

/* The fill in percent: the greater of bytes and records.  Under block the last read may bring more than
 * --max-records. */
static unsigned
fill(const struct options *options, const struct tally *depth)
{
	unsigned bytes = figures_percent(depth->bytes, options->buffer_bytes);
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

	add(line, ", buffer %u%%", fill(s->options, &s->depth));
	if (s->depth.bytes > 0 && (asked || ahead))
		text_until(line, "full", s->until_full_ns);
	if (s->depth.bytes > 0 && asked)
		text_until(line, "empty", s->until_empty_ns);
	if (s->interval.ns > 0)
		add(line, ", %s %u%%", mostly, figures_percent(ns, s->interval.ns));
}

/* Of most records that waited at all. */
static void
text_latency(struct line *line, const struct latency *latency)
{
	char time[32];

	if (latency->p99_ns == 0)
		return;
	figures_ns(time, sizeof(time), latency->p99_ns);
	add(line, ", p99 %s", time);
}

static void
text_span(struct line *line, const char *label, uint64_t ns)
{
	uint64_t ms = ns / NS_PER_MS;

	add(line, "%s %" PRIu64 ".%03us", label, ms / 1000, (unsigned)(ms % 1000));
}

/* For how long the policy held up the producer, or thinned out what came. */
static void
text_times(struct line *line, const struct snapshot *s)
{
	const struct ledger *ledger = &s->ledger;
	enum policy policy = s->options->policy;

	if (!policy_drops(policy) || ledger->paused_count > 0)
		text_span(line, ", paused", ledger->paused_ns);
	else if (policy_has_marks(policy))
		text_span(line, ", under pressure", ledger->pressure_ns);
	else
		add(line, ",");
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
	add(line, "%s", time);
	if (s->options->interval_ns % NS_PER_S != 0)
		add(line, ".%03u", (unsigned)(s->wall_ns % NS_PER_S / NS_PER_MS));
	add(line, " ");
}

static void
text_line(struct line *line, const struct snapshot *s)
{
	add(line, "%s: ", s->options->name);
	text_clock(line, s);
	text_flows(line, s);
	text_losses(line, s);
	if (!is_final(s))
		text_state(line, s);
	text_latency(line, is_final(s) ? &s->latency : &s->interval.latency);
	if (s->reports_skipped > 0)
		add(line, ", %" PRIu64 " report%s skipped", s->reports_skipped, s->reports_skipped == 1 ? "" : "s");
	if (s->event != REPORT_INTERVAL)
		text_times(line, s);
}

/* sd-daemon(3): a warning where something was lost, or an error where the run failed. */
static void
journal_priority(struct line *line, const struct snapshot *s)
{
	bool failed = is_final(s) && snapshot_failed(s);

	add(line, failed ? "<3>" : snapshot_lost(s) ? "<4>" : "<6>");
}

/* --- JSON --------------------------------------------------------------------------------------- */

static const char *const events[] = {
	[REPORT_FINAL] = "final",
	[REPORT_INTERVAL] = "interval",
	[REPORT_SIGNAL] = "signal",
};

/* "label":"text", where text is printable. */
static void
json_string(struct line *line, const char *label, const char *text)
{
	add(line, "\"%s\":\"", label);
	for (; *text != '\0'; text++)
		add(line, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	add(line, "\"");
}

static void
json_tally(struct line *line, const char *label, const struct tally *tally)
{
	add(line, "\"%s\":{\"records\":%" PRIu64 ",\"bytes\":%" PRIu64 "}", label, tally->records,
	    tally->bytes);
}

static void
json_or_null(struct line *line, const char *label, bool known, uint64_t value)
{
	if (known)
		add(line, "\"%s\":%" PRIu64, label, value);
	else
		add(line, "\"%s\":null", label);
}

static void
json_rate(struct line *line, const char *label, bool given, const struct rate *rate)
{
	char text[48];

	if (given) {
		units_format_rate(text, sizeof(text), rate);
		json_string(line, label, text);
	} else {
		add(line, "\"%s\":null", label);
	}
}

static void
json_gates(struct line *line, const struct options *options, const struct tuning *tuning)
{
	add(line, ",\"sample_by\":\"%s\",", options_sample_by(options));
	json_rate(line, "drop_over", options->policing, &tuning->police);
	add(line, ",");
	json_or_null(line, "max_age_ns", tuning->max_age_ns != 0, tuning->max_age_ns);
}

static void
json_heading(struct line *line, const struct snapshot *s)
{
	const struct options *options = s->options;
	char sample[32], moment[48];

	units_format_share(sample, sizeof(sample), &s->tuning.sample);
	figures_moment(moment, sizeof(moment), s->wall_ns);
	add(line, "{\"schema\":1,\"event\":\"%s\",\"time\":\"%s\",", events[s->event], moment);
	json_string(line, "name", options->name);
	add(line, ",\"pid\":%ld,", s->pid);
	if (s->host != NULL)
		json_string(line, "host", diag_visible(s->host));
	else
		add(line, "\"host\":null");
	add(line, ",\"policy\":\"%s\",\"sample\":\"%s\",", policy_name(options->policy), sample);
	json_rate(line, "rate", options->rated, &s->tuning.rate);
	json_gates(line, options, &s->tuning);
	add(line, ",\"framing\":\"%s\",\"elapsed_ns\":%" PRIu64 ",",
	    framing_name(options->framing.kind), s->elapsed_ns);
}

static void
json_dropped(struct line *line, const struct ledger *ledger)
{
	struct tally dropped = ledger_dropped(ledger);

	add(line, "\"dropped\":{\"records\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"by\":{", dropped.records,
	    dropped.bytes);
	for (int i = 0; i < REASONS; i++) {
		json_tally(line, reason_name((enum reason)i), &ledger->dropped[i]);
		add(line, i + 1 < REASONS ? "," : "}},");
	}
}

/* What matches each pattern of --keep, and the keys that --top-keys asks for. */
static void
json_whose(struct line *line, const struct snapshot *s)
{
	const struct keep *keep = s->options->keep;
	struct top_key key[TOP_WANTED_MOST];
	unsigned keys = top_keys(s, key);
	char visible[KEY_VISIBLE_MOST];

	add(line, "\"keep\":[");
	for (unsigned class = keep_count(keep); class > 0; class--) {
		add(line, "{");
		json_string(line, "pattern", diag_visible_data(keep_regex(keep, class)));
		add(line, ",\"asked\":%" PRIu64 ",\"matched\":%" PRIu64 ",", s->keep_looks[class].asked,
		    s->keep_looks[class].found);
		json_tally(line, "dropped", &s->ledger.dropped_class[class]);
		add(line, class > 1 ? "}," : "}");
	}
	add(line, "],\"key\":{\"asked\":%" PRIu64 ",\"found\":%" PRIu64 "},\"top_keys\":[", s->key_looks.asked,
	    s->key_looks.found);
	for (unsigned i = 0; i < keys; i++) {
		(void)visible_write(visible, sizeof(visible), key[i].text, key[i].length, false);
		add(line, "{");
		json_string(line, "key", visible);
		add(line, ",\"dropped\":%" PRIu64 ",\"error\":%" PRIu64 "}%s", key[i].records, key[i].error,
		    i + 1 < keys ? "," : "");
	}
	add(line, "],");
}

static void
json_buffer(struct line *line, const struct snapshot *s)
{
	const struct options *options = s->options;

	add(line, "\"buffer\":{\"capacity_bytes\":%" PRIu64 ",", options->buffer_bytes);
	json_or_null(line, "capacity_records", options->max_records != UINT64_MAX, options->max_records);
	add(line, ",\"depth_bytes\":%" PRIu64 ",\"depth_records\":%" PRIu64 ",\"peak_bytes\":%" PRIu64
	    ",\"peak_records\":%" PRIu64 ",\"high_bytes\":%" PRIu64 ",\"low_bytes\":%" PRIu64 ",", s->depth.bytes,
	    s->depth.records, s->ledger.peak.bytes, s->ledger.peak.records,
	    s->tuning.marks.high.bytes, s->tuning.marks.low.bytes);
	json_or_null(line, "until_full_ns", s->until_full_ns != SNAPSHOT_NEVER, s->until_full_ns);
	add(line, ",");
	json_or_null(line, "until_empty_ns", s->until_empty_ns != SNAPSHOT_NEVER, s->until_empty_ns);
	add(line, "},");
}

static void
json_waited(struct line *line, const uint64_t waited_ns[WAITS])
{
	add(line, "\"waited_ns\":{");
	for (int i = 0; i < WAITS; i++)
		add(line, "%s\"%s\":%" PRIu64, i > 0 ? "," : "", awaited_name((enum awaited)i), waited_ns[i]);
	add(line, "}");
}

static void
json_latency(struct line *line, const struct latency *latency)
{
	bool known = latency->count > 0;

	add(line, "\"latency_ns\":{");
	json_or_null(line, "p50", known, latency->p50_ns);
	add(line, ",");
	json_or_null(line, "p90", known, latency->p90_ns);
	add(line, ",");
	json_or_null(line, "p95", known, latency->p95_ns);
	add(line, ",");
	json_or_null(line, "p99", known, latency->p99_ns);
	add(line, ",");
	json_or_null(line, "max", known, latency->max_ns);
	add(line, "}");
}

static void
json_interval(struct line *line, const struct interval *interval)
{
	const struct {
		const char *label;
		const struct tally *tally;
	} rates[] = {
		{ "in_per_s", &interval->in },
		{ "out_per_s", &interval->out },
		{ "dropped_per_s", &interval->dropped },
	};

	add(line, "\"interval\":{\"ns\":%" PRIu64 ",", interval->ns);
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		const struct tally per_second = {
			snapshot_per_second(rates[i].tally->records, interval->ns),
			snapshot_per_second(rates[i].tally->bytes, interval->ns),
		};
		json_tally(line, rates[i].label, &per_second);
		add(line, ",");
	}
	add(line, "\"paused_ns\":%" PRIu64 ",\"pressure_ns\":%" PRIu64 ",", interval->paused_ns,
	    interval->pressure_ns);
	json_waited(line, interval->waited_ns);
	add(line, ",");
	json_latency(line, &interval->latency);
	add(line, "},");
}

static void
json_totals(struct line *line, const struct snapshot *s)
{
	const struct ledger *ledger = &s->ledger;

	json_tally(line, "in", &ledger->in);
	add(line, ",");
	json_tally(line, "out", &ledger->out);
	add(line, ",");
	json_dropped(line, ledger);
	json_whose(line, s);
	json_tally(line, "dropped_unsaved", &s->unsaved);
	add(line, ",");
	json_tally(line, "marks", &ledger->marks);
	add(line, ",");
	json_tally(line, "held", &s->held);
	add(line, ",");
	json_tally(line, "undelivered", &ledger->undelivered);
	add(line, ",");
}

static void
json_line(struct line *line, const struct snapshot *s)
{
	const struct ledger *ledger = &s->ledger;

	json_heading(line, s);
	json_totals(line, s);
	json_buffer(line, s);
	add(line, "\"paused\":{\"count\":%" PRIu64 ",\"ns\":%" PRIu64 "},\"pressure\":{\"count\":%" PRIu64
	    ",\"ns\":%" PRIu64 "},", ledger->paused_count, ledger->paused_ns, ledger->pressure_count,
	    ledger->pressure_ns);
	json_waited(line, ledger->waited_ns);
	add(line, ",");
	json_latency(line, &s->latency);
	add(line, ",");
	json_interval(line, &s->interval);
	add(line, "\"reports_skipped\":%" PRIu64 ",", s->reports_skipped);
	json_or_null(line, "unread_bytes", s->unread_known, s->unread_bytes);
	add(line, ",");
	json_or_null(line, "unread_input_bytes", s->unread_input_known, s->unread_input_bytes);
	if (s->event == REPORT_FINAL)
		add(line, ",\"exit\":{\"status\":%d,\"reason\":\"%s\"}}", s->exit_status, s->exit_reason);
	else
		add(line, ",\"exit\":{\"status\":null,\"reason\":null}}");
}

size_t
report_line(char *text, const struct snapshot *snapshot)
{
	struct line line = { text, 0, REPORT_MOST };

	switch (snapshot->options->format) {
	case FORMAT_TEXT:
		text_line(&line, snapshot);
		break;
	case FORMAT_JSON:
		json_line(&line, snapshot);
		break;
	case FORMAT_JOURNAL:
		journal_priority(&line, snapshot);
		text_line(&line, snapshot);
		break;
	}
	add(&line, "\n");
	return line.length;
}

void
report_loss(char *text, const struct snapshot *snapshot)
{
	const struct ledger *ledger = &snapshot->ledger;
	struct line line = { text, 0, REPORT_LOSS_MOST };
	uint64_t records = ledger_dropped(ledger).records;

	if (records > 0)
		add(&line, "dropped %" PRIu64 " of %" PRIu64 " records (", records, ledger->in.records);
	else
		add(&line, "dropped part of a record (");
	text_loss(&line, ledger);
	add(&line, ")");
}
