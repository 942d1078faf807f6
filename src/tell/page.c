/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/line.h"
#include "os/diag.h"
#include "tell/page.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum form {
	NUMBER,
	LIMIT,   /* a number, where UNKNOWN is no limit */
	SECONDS, /* nanoseconds, where UNKNOWN is not a number */
	SUM,     /* seconds, and behind them the nanoseconds that are left of the sum */
	LAST,    /* a number that only the last page has */
	KNOWN,   /* a number, where UNKNOWN is not a number */
};
#define UNKNOWN UINT64_MAX

static const double quantiles[] = { 0.5, 0.9, 0.95, 0.99 };
#define QUANTILES ((int)(sizeof(quantiles) / sizeof(quantiles[0])))

/* Figures that the others do not have in this form. */
struct derived {
	uint64_t one;
	uint64_t up;
	uint64_t exit_status;
	uint64_t quantile_ns[QUANTILES];
	uint64_t latency_max_ns;
	struct {
		uint64_t one;
		uint64_t open;
		uint64_t status;
	} reader;
};

/* Where a figure comes from: an uint64_t in one of these.  Two of the last are the first and DERIVED where there is a reader
 * to tell of, and otherwise nothing; the last is the first where there is a spool. */
enum source { SNAPSHOT, OPTIONS, ABOUT, DERIVED, READER, READER_DERIVED, SPOOL };
#define SOURCES 7
#define IN_SNAPSHOT(field) SNAPSHOT, offsetof(struct snapshot, field)
#define IN_OPTIONS(field) OPTIONS, offsetof(struct options, field)
#define IN_ABOUT(field) ABOUT, offsetof(struct page_about, field)
#define IN_DERIVED(field) DERIVED, offsetof(struct derived, field)
#define IN_SPOOL(field) SPOOL, offsetof(struct snapshot, field)
#define IN_READER(field) READER, offsetof(struct snapshot, field)
#define IN_READER_DERIVED(field) READER_DERIVED, offsetof(struct derived, reader.field)

struct page {
	struct line line;
	bool last;
	const struct options *options;
	const struct reader_figures *reader;
	char labels[2 * OPTIONS_NAME_MOST + 64]; /* of every sample */
	const unsigned char *source[SOURCES]; /* NULL: none of its families is there */
};

/* Printable text as the value of a label; text is cut where there is no room. */
static const char *
escape(char *escaped, size_t size, const char *text)
{
	size_t length = 0;

	for (; *text != '\0' && length + 2 < size; text++) {
		if (*text == '"' || *text == '\\')
			escaped[length++] = '\\';
		escaped[length++] = *text;
	}
	escaped[length] = '\0';
	return escaped;
}

/* What tells the samples of a family apart, 0 to count - 1.  Their figures follow each other in steps of
 * `stride`. */
struct dimension {
	int count; /* or EACH_PATTERN */
	size_t stride;
	void (*label)(struct page *page, int i);
};
#define EACH_PATTERN (-1) /* of --keep: classes begin with 1 */

static void
label_reason(struct page *page, int i)
{
	line_add(&page->line, ",reason=\"%s\"", reason_name((enum reason)i));
}

/* A pattern may be given twice, and long ones are cut: the class tells them apart. */
static void
label_pattern(struct page *page, int i)
{
	char escaped[2048];

	line_add(&page->line, ",class=\"%d\",pattern=\"%s\"", i + 1, escape(escaped, sizeof(escaped),
	    diag_visible_data(keep_regex(page->options->keep, (unsigned)i + 1))));
}

static void
label_wait(struct page *page, int i)
{
	line_add(&page->line, ",for=\"%s\"", awaited_name((enum awaited)i));
}

static void
label_quantile(struct page *page, int i)
{
	line_add(&page->line, ",quantile=\"%g\"", quantiles[i]);
}

static void
label_version(struct page *page, int i)
{
	(void)i;
	line_add(&page->line, ",version=\"%s\"", PACKAGE_VERSION);
}

static void
label_reader(struct page *page, int i)
{
	const char *command = page->reader->command;
	char escaped[2048];

	(void)i;
	line_add(&page->line, ",command=\"%s\",confirm=\"%s\"", command != NULL ? escape(escaped, sizeof(escaped),
	    diag_visible_data(command)) : "", page->reader->confirm);
}

static const struct dimension by_reason = { REASONS, sizeof(struct tally), label_reason };
static const struct dimension by_pattern = { EACH_PATTERN, sizeof(struct tally), label_pattern };
static const struct dimension by_pattern_asked = { EACH_PATTERN, sizeof(struct looks), label_pattern };
static const struct dimension by_wait = { WAITS, sizeof(uint64_t), label_wait };
static const struct dimension by_quantile = { QUANTILES, sizeof(uint64_t), label_quantile };
static const struct dimension by_version = { 1, 0, label_version };
static const struct dimension by_reader = { 1, 0, label_reader };

static const char counter[] = "counter";
static const char gauge[] = "gauge";
static const char summary[] = "summary";

/* A row without a type is more of the family above it. */
static const struct family {
	const char *name;
	const char *type;
	enum form form;
	enum source source;
	size_t offset;
	const struct dimension *dimension; /* NULL: one sample */
	const char *help;
} families[] = {
	{ "build_info", gauge, NUMBER, IN_DERIVED(one), &by_version,
	    "Always 1; the version is a label." },
	{ "up", gauge, NUMBER, IN_DERIVED(up), NULL,
	    "Whether weir runs: 0 in the page it leaves behind." },
	{ "exit_status", gauge, LAST, IN_DERIVED(exit_status), NULL,
	    "How weir has ended; 128 and the signal if by one." },
	{ "start_time_seconds", gauge, SECONDS, IN_ABOUT(start_ns), NULL,
	    "When weir started, since 1970." },
	{ "update_time_seconds", gauge, SECONDS, IN_ABOUT(now_ns), NULL,
	    "When this page was written, since 1970." },
	{ "interval_seconds", gauge, SECONDS, IN_OPTIONS(interval_ns), NULL,
	    "How often a page is written." },
	{ "metrics_failures_total", counter, NUMBER, IN_ABOUT(failures), NULL,
	    "Pages that could not be written." },
	{ "reports_skipped_total", counter, NUMBER, IN_SNAPSHOT(reports_skipped), NULL,
	    "Reports not taken in time, or that could not be written." },

	{ "in_records_total", counter, NUMBER, IN_SNAPSHOT(ledger.in.records), NULL,
	    "Records read." },
	{ "in_bytes_total", counter, NUMBER, IN_SNAPSHOT(ledger.in.bytes), NULL,
	    "Bytes read." },
	{ "out_records_total", counter, NUMBER, IN_SNAPSHOT(ledger.out.records), NULL,
	    "Records that the output has accepted." },
	{ "out_bytes_total", counter, NUMBER, IN_SNAPSHOT(ledger.out.bytes), NULL,
	    "Bytes that the output has accepted." },
	{ "dropped_records_total", counter, NUMBER, IN_SNAPSHOT(ledger.dropped[0].records), &by_reason,
	    "Records dropped, by reason." },
	{ "dropped_bytes_total", counter, NUMBER, IN_SNAPSHOT(ledger.dropped[0].bytes), &by_reason,
	    "Bytes dropped, by reason." },
	{ "dropped_kept_records_total", counter, NUMBER, IN_SNAPSHOT(ledger.dropped_class[1].records),
	    &by_pattern, "Records dropped from the buffer, by the pattern of --keep that they match." },
	{ "dropped_kept_bytes_total", counter, NUMBER, IN_SNAPSHOT(ledger.dropped_class[1].bytes), &by_pattern,
	    "Bytes dropped from the buffer, by the pattern of --keep that they match." },
	{ "keep_asked_total", counter, NUMBER, IN_SNAPSHOT(keep_looks[1].asked), &by_pattern_asked,
	    "How often a record was held against a pattern of --keep." },
	{ "keep_matched_total", counter, NUMBER, IN_SNAPSHOT(keep_looks[1].found), &by_pattern_asked,
	    "How often it matched." },
	{ "key_asked_total", counter, NUMBER, IN_SNAPSHOT(key_looks.asked), NULL,
	    "How often a record was asked for its --key." },
	{ "key_found_total", counter, NUMBER, IN_SNAPSHOT(key_looks.found), NULL,
	    "How often it had one." },
	{ "dropped_unsaved_records_total", counter, NUMBER, IN_SNAPSHOT(unsaved.records), NULL,
	    "Records dropped that --dropped could not save." },
	{ "dropped_unsaved_bytes_total", counter, NUMBER, IN_SNAPSHOT(unsaved.bytes), NULL,
	    "Bytes dropped that --dropped could not save." },
	{ "undelivered_records_total", counter, NUMBER, IN_SNAPSHOT(ledger.undelivered.records), NULL,
	    "Records still held when weir had to end." },
	{ "undelivered_bytes_total", counter, NUMBER, IN_SNAPSHOT(ledger.undelivered.bytes), NULL,
	    "Bytes still held when weir had to end." },
	{ "held_records", gauge, NUMBER, IN_SNAPSHOT(held.records), NULL,
	    "Records in weir now." },
	{ "held_bytes", gauge, NUMBER, IN_SNAPSHOT(held.bytes), NULL,
	    "Bytes in weir now." },
	{ "marks_total", counter, NUMBER, IN_SNAPSHOT(ledger.marks.records), NULL,
	    "Records put out that say where others are missing." },
	{ "marks_bytes_total", counter, NUMBER, IN_SNAPSHOT(ledger.marks.bytes), NULL,
	    "Bytes of these marks." },

	{ "buffer_capacity_bytes", gauge, NUMBER, IN_OPTIONS(buffer_bytes), NULL,
	    "Most bytes that may wait." },
	{ "buffer_capacity_records", gauge, LIMIT, IN_OPTIONS(max_records), NULL,
	    "Most records that may wait; +Inf without --max-records." },
	{ "buffer_depth_bytes", gauge, NUMBER, IN_SNAPSHOT(depth.bytes), NULL,
	    "Bytes that wait now." },
	{ "buffer_depth_records", gauge, NUMBER, IN_SNAPSHOT(depth.records), NULL,
	    "Records that wait now." },
	{ "buffer_oldest_age_seconds", gauge, SECONDS, IN_SNAPSHOT(waits_ns), NULL,
	    "For how long the oldest record that waits has; NaN where none does." },
	{ "buffer_peak_bytes", gauge, NUMBER, IN_SNAPSHOT(ledger.peak.bytes), NULL,
	    "Most bytes that have waited at a time." },
	{ "buffer_peak_records", gauge, NUMBER, IN_SNAPSHOT(ledger.peak.records), NULL,
	    "Most records that have waited at a time." },
	{ "buffer_high_bytes", gauge, NUMBER, IN_OPTIONS(high_bytes), NULL,
	    "Upper watermark." },
	{ "buffer_low_bytes", gauge, NUMBER, IN_OPTIONS(low_bytes), NULL,
	    "Lower watermark." },

	{ "paused_seconds_total", counter, SECONDS, IN_SNAPSHOT(ledger.paused_ns), NULL,
	    "Time without reading because of the buffer." },
	{ "pauses_total", counter, NUMBER, IN_SNAPSHOT(ledger.paused_count), NULL,
	    "How often reading was stopped because of the buffer." },
	{ "pressure_seconds_total", counter, SECONDS, IN_SNAPSHOT(ledger.pressure_ns), NULL,
	    "Time from the upper watermark until down to the lower." },
	{ "pressure_periods_total", counter, NUMBER, IN_SNAPSHOT(ledger.pressure_count), NULL,
	    "How often the upper watermark was reached." },
	{ "waited_seconds_total", counter, SECONDS, IN_SNAPSHOT(ledger.waited_ns[0]), &by_wait,
	    "Time spent waiting, by what for." },
	{ "latency_seconds", summary, SECONDS, IN_DERIVED(quantile_ns[0]), &by_quantile,
	    "Time records waited in the buffer; quantiles of the last interval." },
	{ "latency_seconds_sum", NULL, SUM, IN_SNAPSHOT(latency.sum_s), NULL, NULL },
	{ "latency_seconds_count", NULL, NUMBER, IN_SNAPSHOT(latency.count), NULL, NULL },
	{ "latency_max_seconds", gauge, SECONDS, IN_DERIVED(latency_max_ns), NULL,
	    "Longest time a record waited, of those that left in the last interval." },

	{ "reader_info", gauge, NUMBER, IN_READER_DERIVED(one), &by_reader,
	    "Always 1; COMMAND, and by what its records are out, are labels." },
	{ "reader_in_flight_records", gauge, NUMBER, IN_READER(in_flight.records), NULL,
	    "Records handed over and not confirmed, part of those in weir." },
	{ "reader_in_flight_bytes", gauge, NUMBER, IN_READER(in_flight.bytes), NULL,
	    "Bytes handed over and not confirmed, part of those in weir." },
	{ "reader_sent_records_total", counter, NUMBER, IN_READER(ledger.sent.records), NULL,
	    "Records handed over for the first time, where they have to be confirmed." },
	{ "reader_sent_bytes_total", counter, NUMBER, IN_READER(ledger.sent.bytes), NULL,
	    "Bytes handed over for the first time, where they have to be confirmed." },
	{ "reader_redelivered_records_total", counter, NUMBER, IN_READER(ledger.redelivered.records), NULL,
	    "Records handed over again." },
	{ "reader_redelivered_bytes_total", counter, NUMBER, IN_READER(ledger.redelivered.bytes), NULL,
	    "Bytes handed over again." },
	{ "reader_added_bytes_total", counter, NUMBER, IN_READER(ledger.added_bytes), NULL,
	    "Bytes of the numbers put in front of records." },
	{ "reader_running", gauge, NUMBER, IN_READER(reader.running), NULL,
	    "How many of COMMAND run." },
	{ "reader_starts_total", counter, NUMBER, IN_READER(reader.starts), NULL,
	    "How often COMMAND was started." },
	{ "reader_failures_total", counter, NUMBER, IN_READER(reader.failures), NULL,
	    "How often it failed." },
	{ "reader_tries", gauge, NUMBER, IN_READER(reader.tries), NULL,
	    "How often it has failed at what is now the oldest in flight." },
	{ "reader_last_status", gauge, KNOWN, IN_READER_DERIVED(status), NULL,
	    "How it ended last, as exit_status; NaN before it has." },
	{ "reader_batches_total", counter, NUMBER, IN_READER(reader.batches), NULL,
	    "Batches that it has taken." },
	{ "reader_answers_ignored_total", counter, NUMBER, IN_READER(reader.ignored), NULL,
	    "Answers for what was not in flight, and credits that were no number." },
	{ "reader_breaker_open", gauge, NUMBER, IN_READER_DERIVED(open), NULL,
	    "Whether it has failed so often that one try at a time is made, seldom." },
	{ "reader_breaker_opened_total", counter, NUMBER, IN_READER(reader.opened), NULL,
	    "How often that came to be so." },
	{ "reader_breaker_open_seconds_total", counter, SECONDS, IN_READER(reader.open_ns), NULL,
	    "For how long it was so." },

	{ "spool_recovered_records_total", counter, NUMBER, IN_SPOOL(ledger.recovered.records), NULL,
	    "Records that an earlier run had left there." },
	{ "spool_recovered_bytes_total", counter, NUMBER, IN_SPOOL(ledger.recovered.bytes), NULL,
	    "Bytes that an earlier run had left there." },
	{ "spool_kept_records_total", counter, NUMBER, IN_SPOOL(ledger.kept.records), NULL,
	    "Records left there when weir had to end." },
	{ "spool_kept_bytes_total", counter, NUMBER, IN_SPOOL(ledger.kept.bytes), NULL,
	    "Bytes left there when weir had to end." },
	{ "spool_capacity_bytes", gauge, NUMBER, IN_SPOOL(spool.most), NULL,
	    "Most bytes that may be on disk." },
	{ "spool_bytes", gauge, NUMBER, IN_SPOOL(spool.bytes), NULL,
	    "Bytes on disk now." },
	{ "spool_segments", gauge, NUMBER, IN_SPOOL(spool.segments), NULL,
	    "Files that they are in." },
	{ "spool_on_disk_only_records", gauge, NUMBER, IN_SPOOL(spool.ahead.records), NULL,
	    "Records that are to be read back." },
	{ "spool_on_disk_only_bytes", gauge, NUMBER, IN_SPOOL(spool.ahead.bytes), NULL,
	    "Bytes that are to be read back." },
	{ "spool_read_back_bytes_total", counter, NUMBER, IN_SPOOL(spool.read_back), NULL,
	    "Bytes that were read back." },
	{ "spool_oldest_age_seconds", gauge, SECONDS, IN_SPOOL(oldest_ns), NULL,
	    "For how long the oldest record has been there." },
	{ "spool_syncs_total", counter, NUMBER, IN_SPOOL(spool.syncs), NULL,
	    "How often it was synced." },
	{ "spool_since_sync_seconds", gauge, SECONDS, IN_SPOOL(synced_ns), NULL,
	    "For how long it has not been." },
	{ "spool_longest_sync_seconds", gauge, SECONDS, IN_SPOOL(spool.longest_ns), NULL,
	    "The longest sync." },
	{ "spool_failures_total", counter, NUMBER, IN_SPOOL(spool.failures), NULL,
	    "How often the disk was full or failed." },
};

#define FAMILIES (sizeof(families) / sizeof(families[0]))

bool
page_family(const char *name, const char **type, const char **help)
{
	for (size_t i = 0; i < FAMILIES; i++) {
		if (families[i].type == NULL || strcmp(families[i].name, name) != 0)
			continue;
		*type = families[i].type;
		*help = families[i].help;
		return true;
	}
	return false;
}

const char *
page_family_name(size_t i)
{
	return i < FAMILIES ? families[i].name : NULL;
}

static void
make_labels(struct page *page)
{
	char name[2 * OPTIONS_NAME_MOST + 1];

	(void)snprintf(page->labels, sizeof(page->labels), "name=\"%s\",policy=\"%s\"",
	    escape(name, sizeof(name), page->options->name), policy_name(page->options->policy));
}

static void
add_seconds(struct line *line, uint64_t s, uint64_t ns)
{
	line_add(line, "%" PRIu64 ".%09" PRIu64, s, ns);
	while (line->text[line->length - 1] == '0')
		line->length--;
	if (line->text[line->length - 1] == '.')
		line->length--;
}

static void
add_value(struct line *line, enum form form, const unsigned char *from)
{
	uint64_t value, rest;

	memcpy(&value, from, sizeof(value));
	if (form == SUM) {
		memcpy(&rest, from + sizeof(value), sizeof(rest));
		add_seconds(line, value, rest);
	} else if (form == SECONDS && value != UNKNOWN) {
		add_seconds(line, value / NS_PER_S, value % NS_PER_S);
	} else if (form == SECONDS || (form == KNOWN && value == UNKNOWN)) {
		line_add(line, "NaN");
	} else if (form == LIMIT && value == UNKNOWN) {
		line_add(line, "+Inf");
	} else {
		line_add(line, "%" PRIu64, value);
	}
}

static void
add_family(struct page *page, const struct family *family)
{
	const struct dimension *dimension = family->dimension;
	int count = dimension != NULL ? dimension->count : 1;

	if (count == EACH_PATTERN)
		count = (int)keep_count(page->options->keep);
	if (count == 0 || (family->form == LAST && !page->last) || page->source[family->source] == NULL)
		return;
	if (family->type != NULL)
		line_add(&page->line, "# HELP weir_%s %s\n# TYPE weir_%s %s\n", family->name, family->help,
		    family->name, family->type);
	for (int i = 0; i < count; i++) {
		size_t step = dimension != NULL ? (size_t)i * dimension->stride : 0;

		line_add(&page->line, "weir_%s{%s", family->name, page->labels);
		if (dimension != NULL)
			dimension->label(page, i);
		line_add(&page->line, "} ");
		add_value(&page->line, family->form, page->source[family->source] + family->offset + step);
		line_add(&page->line, "\n");
	}
}

static struct derived
derive(const struct snapshot *s)
{
	const struct latency *latency = &s->interval.latency;
	const uint64_t known[QUANTILES] = {
		latency->p50_ns, latency->p90_ns, latency->p95_ns, latency->p99_ns
	};
	struct derived derived = {
		.one = 1,
		.up = s->event != REPORT_FINAL,
		.exit_status = (uint64_t)s->exit_status,
		.latency_max_ns = latency->count > 0 ? latency->max_ns : UNKNOWN,
		.reader = { .one = 1, .open = s->reader.open,
		    .status = s->reader.status >= 0 ? (uint64_t)s->reader.status : UNKNOWN },
	};

	for (int i = 0; i < QUANTILES; i++)
		derived.quantile_ns[i] = latency->count > 0 ? known[i] : UNKNOWN;
	return derived;
}

size_t
page_write(char *text, const struct snapshot *snapshot, const struct page_about *about)
{
	const struct derived derived = derive(snapshot);
	struct page page = {
		.line = { text, 0, PAGE_MOST },
		.last = snapshot->event == REPORT_FINAL,
		.options = snapshot->options,
		.reader = &snapshot->reader,
		.source = {
			[SNAPSHOT] = (const unsigned char *)snapshot,
			[OPTIONS] = (const unsigned char *)snapshot->options,
			[ABOUT] = (const unsigned char *)about,
			[DERIVED] = (const unsigned char *)&derived,
			[READER] = snapshot->has_reader ? (const unsigned char *)snapshot : NULL,
			[READER_DERIVED] = snapshot->has_reader ? (const unsigned char *)&derived : NULL,
			[SPOOL] = snapshot->has_spool ? (const unsigned char *)snapshot : NULL,
		},
	};

	make_labels(&page);
	for (size_t i = 0; i < FAMILIES; i++)
		add_family(&page, &families[i]);
	return page.line.length;
}
