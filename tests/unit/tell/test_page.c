/* SPDX-License-Identifier: BSD-2-Clause */
/* The page for Prometheus, sample by sample. */
#include "../tap.h"

#include "../pipe.h"
#include "tell/page.h"

static struct options options;
static struct snapshot snapshot;
static struct page_about about;

/* Every figure another one. */
static void
begin(void)
{
	options = (struct options){
		.policy = POLICY_DROP_OLDEST,
		.framing = { .kind = FRAMING_LINES, .delimiter = '\n' },
		.buffer_bytes = 101,
		.max_records = 102,
		.high_bytes = 103,
		.low_bytes = 104,
		.interval_ns = 5 * NS_PER_S / 2,
		.sample = { 1, 1 },
		.name = "weir",
	};
	snapshot = (struct snapshot){
		.event = REPORT_INTERVAL,
		.options = &options,
		.ledger = {
			.in = { 1, 2 },
			.out = { 3, 4 },
			.dropped = { { 5, 6 }, { 7, 8 }, { 9, 10 }, { 11, 12 }, { 42, 43 }, { 44, 45 }, { 46, 47 },
			    { 48, 49 }, { 50, 51 }, { 52, 53 }, { 54, 55 }, { 56, 57 }, { 58, 59 }, { 68, 69 } },
			.dropped_class = { { 60, 61 }, { 62, 63 }, { 64, 65 }, { 66, 67 } },
			.undelivered = { 13, 14 },
			.peak = { 15, 16 },
			.marks = { 17, 18 },
			.paused_count = 19,
			.paused_ns = 20,
			.pressure_count = 21,
			.pressure_ns = UINT64_C(22000000000),
			.waited_ns = { UINT64_C(23500000000), UINT64_C(24012345678), 0, UINT64_C(1500000000), UINT64_C(2500000000) },
		},
		.held = { 25, 26 },
		.depth = { 27, 28 },
		.waits_ns = 5 * NS_PER_S / 2,
		.key_looks = { 27, 28 },
		.unsaved = { 29, 30 },
		.latency = { .count = 31, .sum_s = UINT64_C(20000000000), .sum_ns = 1 },
		.interval.latency = { .count = 33, .p50_ns = 34, .p90_ns = 35, .p95_ns = 36, .p99_ns = 37,
		    .max_ns = 38 },
		.reports_skipped = 39,
		.exit_status = 40,
	};
	about = (struct page_about){
		.start_ns = UINT64_C(1700000000123456789),
		.now_ns = UINT64_C(1700000001000000000),
		.failures = 41,
	};
}

static const char *
page(void)
{
	static char text[PAGE_MOST + 1];
	size_t length;

	memset(text, '#', sizeof(text));
	length = page_write(text, &snapshot, &about);
	if (length >= PAGE_MOST || text[PAGE_MOST] != '#')
		return "written beyond the end";
	if (strnlen(text, PAGE_MOST) != length)
		return "the length is wrong";
	return text;
}

/* Whether the page has this line; newlines come before and after it. */
static bool
has(const char *text, const char *line)
{
	const char *found = text;

	while ((found = strstr(found, line)) != NULL) {
		if ((found == text || found[-1] == '\n') && found[strlen(line)] == '\n')
			return true;
		found++;
	}
	return false;
}

#define LABELS "name=\"weir\",policy=\"drop-oldest\""

/* What each sample must say. */
static const struct expected {
	const char *name;
	const char *label;
	const char *value;
} samples[] = {
	{ "weir_build_info", ",version=\"" PACKAGE_VERSION "\"", "1" },
	{ "weir_up", "", "1" },
	{ "weir_start_time_seconds", "", "1700000000.123456789" },
	{ "weir_update_time_seconds", "", "1700000001" },
	{ "weir_interval_seconds", "", "2.5" },
	{ "weir_metrics_failures_total", "", "41" },
	{ "weir_reports_skipped_total", "", "39" },
	{ "weir_in_records_total", "", "1" },
	{ "weir_in_bytes_total", "", "2" },
	{ "weir_out_records_total", "", "3" },
	{ "weir_out_bytes_total", "", "4" },
	{ "weir_dropped_records_total", ",reason=\"oldest\"", "5" },
	{ "weir_dropped_records_total", ",reason=\"newest\"", "7" },
	{ "weir_dropped_records_total", ",reason=\"oversize\"", "9" },
	{ "weir_dropped_records_total", ",reason=\"sample\"", "11" },
	{ "weir_dropped_records_total", ",reason=\"superseded\"", "42" },
	{ "weir_dropped_records_total", ",reason=\"random\"", "44" },
	{ "weir_dropped_records_total", ",reason=\"shed\"", "46" },
	{ "weir_dropped_records_total", ",reason=\"codel\"", "48" },
	{ "weir_dropped_records_total", ",reason=\"over\"", "50" },
	{ "weir_dropped_records_total", ",reason=\"expired\"", "52" },
	{ "weir_dropped_records_total", ",reason=\"rejected\"", "54" },
	{ "weir_dropped_records_total", ",reason=\"gone\"", "56" },
	{ "weir_dropped_records_total", ",reason=\"corrupt\"", "58" },
	{ "weir_dropped_records_total", ",reason=\"purged\"", "68" },
	{ "weir_dropped_records_total", ",reason=\"fair\"", "0" },
	{ "weir_dropped_records_total", ",reason=\"repeated\"", "0" },
	{ "weir_dropped_bytes_total", ",reason=\"oldest\"", "6" },
	{ "weir_dropped_bytes_total", ",reason=\"newest\"", "8" },
	{ "weir_dropped_bytes_total", ",reason=\"oversize\"", "10" },
	{ "weir_dropped_bytes_total", ",reason=\"sample\"", "12" },
	{ "weir_dropped_bytes_total", ",reason=\"superseded\"", "43" },
	{ "weir_dropped_bytes_total", ",reason=\"random\"", "45" },
	{ "weir_dropped_bytes_total", ",reason=\"shed\"", "47" },
	{ "weir_dropped_bytes_total", ",reason=\"codel\"", "49" },
	{ "weir_dropped_bytes_total", ",reason=\"over\"", "51" },
	{ "weir_dropped_bytes_total", ",reason=\"expired\"", "53" },
	{ "weir_dropped_bytes_total", ",reason=\"rejected\"", "55" },
	{ "weir_dropped_bytes_total", ",reason=\"gone\"", "57" },
	{ "weir_dropped_bytes_total", ",reason=\"corrupt\"", "59" },
	{ "weir_dropped_bytes_total", ",reason=\"purged\"", "69" },
	{ "weir_dropped_bytes_total", ",reason=\"fair\"", "0" },
	{ "weir_dropped_bytes_total", ",reason=\"repeated\"", "0" },
	{ "weir_key_asked_total", "", "27" },
	{ "weir_key_found_total", "", "28" },
	{ "weir_dropped_unsaved_records_total", "", "29" },
	{ "weir_dropped_unsaved_bytes_total", "", "30" },
	{ "weir_undelivered_records_total", "", "13" },
	{ "weir_undelivered_bytes_total", "", "14" },
	{ "weir_held_records", "", "25" },
	{ "weir_held_bytes", "", "26" },
	{ "weir_marks_total", "", "17" },
	{ "weir_marks_bytes_total", "", "18" },
	{ "weir_buffer_capacity_bytes", "", "101" },
	{ "weir_buffer_capacity_records", "", "102" },
	{ "weir_buffer_depth_bytes", "", "28" },
	{ "weir_buffer_depth_records", "", "27" },
	{ "weir_buffer_oldest_age_seconds", "", "2.5" },
	{ "weir_buffer_peak_bytes", "", "16" },
	{ "weir_buffer_peak_records", "", "15" },
	{ "weir_buffer_high_bytes", "", "103" },
	{ "weir_buffer_low_bytes", "", "104" },
	{ "weir_paused_seconds_total", "", "0.00000002" },
	{ "weir_pauses_total", "", "19" },
	{ "weir_pressure_seconds_total", "", "22" },
	{ "weir_pressure_periods_total", "", "21" },
	{ "weir_waited_seconds_total", ",for=\"input\"", "23.5" },
	{ "weir_waited_seconds_total", ",for=\"output\"", "24.012345678" },
	{ "weir_waited_seconds_total", ",for=\"rate\"", "0" },
	{ "weir_waited_seconds_total", ",for=\"halted\"", "1.5" },
	{ "weir_waited_seconds_total", ",for=\"settle\"", "2.5" },
	{ "weir_latency_seconds", ",quantile=\"0.5\"", "0.000000034" },
	{ "weir_latency_seconds", ",quantile=\"0.9\"", "0.000000035" },
	{ "weir_latency_seconds", ",quantile=\"0.95\"", "0.000000036" },
	{ "weir_latency_seconds", ",quantile=\"0.99\"", "0.000000037" },
	{ "weir_latency_seconds_sum", "", "20000000000.000000001" },
	{ "weir_latency_seconds_count", "", "31" },
	{ "weir_latency_max_seconds", "", "0.000000038" },
};

#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

/* Where there is a reader to tell of. */
static const struct expected reader_samples[] = {
	{ "weir_reader_info", ",command=\"./lo\\\"ad\",confirm=\"exit\"", "1" },
	{ "weir_reader_in_flight_records", "", "70" },
	{ "weir_reader_in_flight_bytes", "", "71" },
	{ "weir_reader_sent_records_total", "", "72" },
	{ "weir_reader_sent_bytes_total", "", "73" },
	{ "weir_reader_redelivered_records_total", "", "74" },
	{ "weir_reader_redelivered_bytes_total", "", "75" },
	{ "weir_reader_added_bytes_total", "", "76" },
	{ "weir_reader_running", "", "77" },
	{ "weir_reader_starts_total", "", "78" },
	{ "weir_reader_failures_total", "", "79" },
	{ "weir_reader_tries", "", "80" },
	{ "weir_reader_last_status", "", "81" },
	{ "weir_reader_batches_total", "", "82" },
	{ "weir_reader_answers_ignored_total", "", "83" },
	{ "weir_reader_breaker_open", "", "1" },
	{ "weir_reader_breaker_opened_total", "", "84" },
	{ "weir_reader_breaker_open_seconds_total", "", "85.5" },
};

#define READER_SAMPLES (sizeof(reader_samples) / sizeof(reader_samples[0]))

/* Where there is a spool. */
static const struct expected spool_samples[] = {
	{ "weir_spool_recovered_records_total", "", "90" },
	{ "weir_spool_recovered_bytes_total", "", "91" },
	{ "weir_spool_kept_records_total", "", "92" },
	{ "weir_spool_kept_bytes_total", "", "93" },
	{ "weir_spool_capacity_bytes", "", "94" },
	{ "weir_spool_bytes", "", "95" },
	{ "weir_spool_segments", "", "96" },
	{ "weir_spool_on_disk_only_records", "", "97" },
	{ "weir_spool_on_disk_only_bytes", "", "98" },
	{ "weir_spool_read_back_bytes_total", "", "99" },
	{ "weir_spool_oldest_age_seconds", "", "1.5" },
	{ "weir_spool_syncs_total", "", "100" },
	{ "weir_spool_since_sync_seconds", "", "2.5" },
	{ "weir_spool_longest_sync_seconds", "", "0.5" },
	{ "weir_spool_failures_total", "", "101" },
};

#define SPOOL_SAMPLES (sizeof(spool_samples) / sizeof(spool_samples[0]))

static void
hand_over(void)
{
	snapshot.has_reader = true;
	snapshot.in_flight = (struct tally){ 70, 71 };
	snapshot.ledger.sent = (struct tally){ 72, 73 };
	snapshot.ledger.redelivered = (struct tally){ 74, 75 };
	snapshot.ledger.added_bytes = 76;
	snapshot.reader = (struct reader_figures){ .command = "./lo\"ad", .confirm = "exit", .running = 77, .starts = 78,
		.failures = 79, .tries = 80, .status = 81, .batches = 82, .ignored = 83, .open = true, .opened = 84,
		.open_ns = UINT64_C(85500000000) };
}

static size_t
count_lines(const char *text, bool comments)
{
	size_t count = 0;

	for (; *text != '\0'; text = strchr(text, '\n') + 1)
		count += (*text == '#') == comments;
	return count;
}

static void
has_all(const char *text, const struct expected *sample, size_t count)
{
	for (size_t i = 0; i < count; i++, sample++) {
		char line[256];

		(void)snprintf(line, sizeof(line), "%s{" LABELS "%s} %s", sample->name, sample->label,
		    sample->value);
		ok(has(text, line), "%s", line);
	}
}

static void
every_sample(void)
{
	const char *text;

	begin();
	text = page();
	has_all(text, samples, SAMPLES);
	is(count_lines(text, false), SAMPLES, "and no other sample");
}

static void
the_spool(void)
{
	const char *text;

	begin();
	ok(strstr(page(), "weir_spool_") == NULL, "where there is no spool nothing is told of one,");
	snapshot.has_spool = true;
	snapshot.ledger.recovered = (struct tally){ 90, 91 };
	snapshot.ledger.kept = (struct tally){ 92, 93 };
	snapshot.spool = (struct spool_figures){ .most = 94, .bytes = 95, .segments = 96, .ahead = { 97, 98 }, .read_back = 99,
		.syncs = 100, .longest_ns = NS_PER_S / 2, .failures = 101 };
	snapshot.oldest_ns = 3 * NS_PER_S / 2;
	snapshot.synced_ns = 5 * NS_PER_S / 2;
	text = page();
	has_all(text, samples, SAMPLES);
	has_all(text, spool_samples, SPOOL_SAMPLES);
	is(count_lines(text, false), SAMPLES + SPOOL_SAMPLES, "and where there is one nothing else");
}

static void
the_reader(void)
{
	const char *text;

	begin();
	ok(strstr(page(), "weir_reader_") == NULL, "where there is no reader to tell of nothing is told,");
	hand_over();
	text = page();
	has_all(text, samples, SAMPLES);
	has_all(text, reader_samples, READER_SAMPLES);
	is(count_lines(text, false), SAMPLES + READER_SAMPLES, "and where there is one nothing else");
	snapshot.reader.open = false;
	snapshot.reader.status = -1;
	snapshot.reader.command = NULL;
	snapshot.reader.confirm = "read";
	text = page();
	ok(has(text, "weir_reader_breaker_open{" LABELS "} 0"), "the breaker is closed");
	ok(has(text, "weir_reader_last_status{" LABELS "} NaN"), "it has not ended");
	ok(has(text, "weir_reader_info{" LABELS ",command=\"\",confirm=\"read\"} 1"), "nor was it started");
}

/* Samples of a family are together, after its HELP and TYPE, and those are there once. */
static void
headings(bool reader)
{
	const char *family = "", *text;
	size_t families = 0, length = 0;
	bool in_order = true;

	begin();
	if (reader)
		hand_over();
	text = page();
	for (; *text != '\0'; text = strchr(text, '\n') + 1) {
		if (strncmp(text, "# HELP ", 7) == 0) {
			family = text + 7;
			length = strcspn(family, " ");
			families++;
			in_order &= strncmp(strchr(text, '\n'), "\n# TYPE ", 8) == 0;
		} else if (strncmp(text, "# TYPE ", 7) == 0) {
			const char *type = text + 7 + length;
			bool counts = strncmp(family + length - 6, "_total", 6) == 0;

			in_order &= strncmp(text + 7, family, length + 1) == 0;
			in_order &= counts == (strncmp(type, " counter\n", 9) == 0);
			in_order &= counts || strncmp(type, " gauge\n", 7) == 0 ||
			    strncmp(type, " summary\n", 9) == 0;
		} else {
			in_order &= strncmp(text, family, length) == 0;
		}
		if (!in_order) {
			diag("%.60s", text);
			break;
		}
	}
	ok(in_order, "samples stand after HELP and TYPE of their family, and counters end in _total");
	is(families, 39 + (reader ? READER_SAMPLES : 0), "families");
}

static void
the_last(void)
{
	const char *text;

	begin();
	snapshot.event = REPORT_FINAL;
	text = page();
	ok(has(text, "weir_up{" LABELS "} 0"), "the last page says that weir is gone");
	ok(has(text, "weir_exit_status{" LABELS "} 40"), "and with which status");
	is(count_lines(text, false), SAMPLES + 1, "and has nothing else more");
	snapshot.event = REPORT_SIGNAL;
	ok(has(page(), "weir_up{" LABELS "} 1"), "any other page says that it is up");
}

static void
unknown(void)
{
	const char *text;

	begin();
	options.max_records = UINT64_MAX;
	snapshot.interval.latency = (struct latency){ 0 };
	text = page();
	ok(has(text, "weir_buffer_capacity_records{" LABELS "} +Inf"), "no limit of records is infinity");
	ok(has(text, "weir_latency_seconds{" LABELS ",quantile=\"0.5\"} NaN") &&
	    has(text, "weir_latency_seconds{" LABELS ",quantile=\"0.99\"} NaN") &&
	    has(text, "weir_latency_max_seconds{" LABELS "} NaN"),
	    "no record has left: quantiles are no numbers");
	ok(has(text, "weir_latency_seconds_sum{" LABELS "} 20000000000.000000001"),
	    "but the sum is that of the whole run");
}

static void
escapes(void)
{
	begin();
	options.name = "a \"b\" \\n {c}=,d";
	options.policy = POLICY_BLOCK;
	ok(has(page(), "weir_up{name=\"a \\\"b\\\" \\\\n {c}=,d\",policy=\"block\"} 1"),
	    "quotes and backslashes");
}

/* Without PCRE2 there are none. */
static struct keep *
patterns(const char *const regex[], unsigned count)
{
	struct keep *keep = keep_new();
	char error[PATTERN_ERROR_MOST];

	must(keep != NULL);
	for (unsigned i = 0; i < count; i++)
		(void)keep_add(keep, regex[i], error);
	return keep;
}

#ifdef HAVE_PCRE2
static void
kept(void)
{
	static const char *const regex[] = { "ERR\"OR", "\\d\n", "\\d\n" };
	size_t without;
	const char *text;

	begin();
	without = count_lines(page(), false);
	options.keep = patterns(regex, 3);
	text = page();
	is(count_lines(text, false), without + 12, "four samples for each pattern of --keep, and none without it");
	ok(has(text, "weir_dropped_kept_records_total{" LABELS ",class=\"3\",pattern=\"ERR\\\"OR\"} 66") &&
	    has(text, "weir_dropped_kept_bytes_total{" LABELS ",class=\"3\",pattern=\"ERR\\\"OR\"} 67"),
	    "the first is the highest class, and quotes are escaped");
	ok(has(text, "weir_dropped_kept_records_total{" LABELS ",class=\"2\",pattern=\"\\\\d\\\\012\"} 64") &&
	    has(text, "weir_dropped_kept_bytes_total{" LABELS ",class=\"1\",pattern=\"\\\\d\\\\012\"} 63"),
	    "a pattern that is given twice is told apart; newlines and backslashes");
	keep_free(options.keep);
}
#endif

static void
largest(void)
{
	static char regex[201];
	const char *const regexes[KEEP_MOST] = { regex, regex, regex, regex, regex, regex, regex, regex,
		regex, regex, regex, regex, regex, regex, regex, regex };
	char name[OPTIONS_NAME_MOST + 1];
	const char *text;

	begin();
	memset(regex, '\001', sizeof(regex) - 1);
	options.keep = patterns(regexes, KEEP_MOST);
	memset(name, '"', sizeof(name) - 1);
	name[OPTIONS_NAME_MOST] = '\0';
	memset(&snapshot.ledger, 0xff, sizeof(snapshot.ledger));
	memset(&snapshot.interval, 0xff, sizeof(snapshot.interval));
	snapshot.held = snapshot.depth = snapshot.unsaved = snapshot.in_flight = snapshot.ledger.in;
	snapshot.has_reader = true;
	snapshot.reader = (struct reader_figures){ .command = regex, .confirm = "written", .running = UINT64_MAX,
		.starts = UINT64_MAX, .failures = UINT64_MAX, .tries = UINT64_MAX, .ignored = UINT64_MAX, .open = true,
		.opened = UINT64_MAX, .open_ns = UINT64_MAX - 1, .status = 255, .batches = UINT64_MAX };
	snapshot.has_spool = true;
	memset(&snapshot.spool, 0xff, sizeof(snapshot.spool));
	snapshot.oldest_ns = snapshot.synced_ns = UINT64_MAX - 1;
	snapshot.event = REPORT_FINAL;
	options.name = name;
	text = page();
	is(count_lines(text, false), SAMPLES + READER_SAMPLES + SPOOL_SAMPLES + 1 + 4 * keep_count(options.keep), "the longest page is whole");
	diag("%zu bytes", strlen(text));
	ok(strlen(text) < PAGE_MOST - 4096, "and leaves room for more reasons");
	ok(strstr(text, "_in_bytes_total") != NULL && strstr(text, "} 18446744073709551615\n") != NULL,
	    "figures of 64 bits");
	keep_free(options.keep);
}

int
main(void)
{
	pipe_init();
	every_sample();
	the_reader();
	the_spool();
	headings(false);
	headings(true);
	the_last();
	unknown();
	escapes();
#ifdef HAVE_PCRE2
	kept();
#endif
	largest();
	return done_testing();
}
