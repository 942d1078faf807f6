/* SPDX-License-Identifier: BSD-2-Clause */
/* The page for Prometheus, sample by sample, and how the file is replaced. */
#include "../tap.h"

#include "../pipe.h"
#include "tell/metrics.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>

static struct options options;
static struct snapshot snapshot;
static struct metrics_about about;

/* Every figure another one. */
static void
begin(void)
{
	options = (struct options){
		.policy = POLICY_DROP_OLDEST,
		.framing = { FRAMING_LINES, '\n', 0 },
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
			    { 48, 49 }, { 50, 51 }, { 52, 53 } },
			.dropped_class = { { 60, 61 }, { 62, 63 }, { 64, 65 }, { 66, 67 } },
			.undelivered = { 13, 14 },
			.peak = { 15, 16 },
			.marks = { 17, 18 },
			.paused_count = 19,
			.paused_ns = 20,
			.pressure_count = 21,
			.pressure_ns = UINT64_C(22000000000),
			.waited_ns = { UINT64_C(23500000000), UINT64_C(24012345678), 0 },
		},
		.held = { 25, 26 },
		.depth = { 27, 28 },
		.key_looks = { 27, 28 },
		.unsaved = { 29, 30 },
		.latency = { .count = 31, .sum_s = UINT64_C(20000000000), .sum_ns = 1 },
		.interval.latency = { .count = 33, .p50_ns = 34, .p90_ns = 35, .p95_ns = 36, .p99_ns = 37,
		    .max_ns = 38 },
		.reports_skipped = 39,
		.exit_status = 40,
	};
	about = (struct metrics_about){
		.start_ns = UINT64_C(1700000000123456789),
		.now_ns = UINT64_C(1700000001000000000),
		.failures = 41,
	};
}

static const char *
page(void)
{
	static char text[METRICS_MOST + 1];
	size_t length;

	memset(text, '#', sizeof(text));
	length = metrics_page(text, &snapshot, &about);
	if (length >= METRICS_MOST || text[METRICS_MOST] != '#')
		return "written beyond the end";
	if (strnlen(text, METRICS_MOST) != length)
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

/* --- the page ------------------------------------------------------------------------------------ */

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
	{ "weir_latency_seconds", ",quantile=\"0.5\"", "0.000000034" },
	{ "weir_latency_seconds", ",quantile=\"0.9\"", "0.000000035" },
	{ "weir_latency_seconds", ",quantile=\"0.95\"", "0.000000036" },
	{ "weir_latency_seconds", ",quantile=\"0.99\"", "0.000000037" },
	{ "weir_latency_seconds_sum", "", "20000000000.000000001" },
	{ "weir_latency_seconds_count", "", "31" },
	{ "weir_latency_max_seconds", "", "0.000000038" },
};

#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

static size_t
count_lines(const char *text, bool comments)
{
	size_t count = 0;

	for (; *text != '\0'; text = strchr(text, '\n') + 1)
		count += (*text == '#') == comments;
	return count;
}

static void
every_sample(void)
{
	const char *text;

	begin();
	text = page();
	for (size_t i = 0; i < SAMPLES; i++) {
		const struct expected *sample = &samples[i];
		char line[256];

		(void)snprintf(line, sizeof(line), "%s{" LABELS "%s} %s", sample->name, sample->label,
		    sample->value);
		ok(has(text, line), "%s", line);
	}
	is(count_lines(text, false), SAMPLES, "and no other sample");
}

/* Samples of a family are together, after its HELP and TYPE, and those are there once. */
static void
headings(void)
{
	const char *family = "", *text;
	size_t families = 0, length = 0;
	bool in_order = true;

	begin();
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
	is(families, 38, "families");
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
	snapshot.held = snapshot.depth = snapshot.unsaved = snapshot.ledger.in;
	snapshot.event = REPORT_FINAL;
	options.name = name;
	text = page();
	is(count_lines(text, false), SAMPLES + 1 + 4 * keep_count(options.keep), "the longest page is whole");
	diag("%zu bytes", strlen(text));
	ok(strlen(text) < METRICS_MOST - 4096, "and leaves room for more reasons");
	ok(strstr(text, "_in_bytes_total") != NULL && strstr(text, "} 18446744073709551615\n") != NULL,
	    "figures of 64 bits");
	keep_free(options.keep);
}

/* --- the file ------------------------------------------------------------------------------------ */

static char directory[] = "/tmp/weir-unit-XXXXXX";
static char path[64];
static struct metrics metrics;

static int
entries(void)
{
	DIR *open = opendir(directory);
	int count = 0;

	must(open != NULL);
	for (struct dirent *entry; (entry = readdir(open)) != NULL;)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	(void)closedir(open);
	return count;
}

static void
put_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	must(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* What is in a file, "" where it is empty, NULL where there is none. */
static const char *
text_of(const char *name)
{
	static char text[METRICS_MOST];
	FILE *file = fopen(name, "r");
	size_t length;

	if (file == NULL)
		return NULL;
	length = fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	text[length] = '\0';
	return text;
}

static bool
is_page(const char *name)
{
	const char *text = text_of(name);

	return text != NULL && strcmp(text, metrics.text) == 0 && strncmp(text, "# HELP ", 7) == 0;
}

static void
none(void)
{
	is(metrics_open(&metrics, NULL), 0, "no file is asked for");
	is(metrics.directory, -1, "then there is no directory");
	metrics_close(&metrics, 0);
}

static void
replaced(void)
{
	mode_t mask = umask(027);
	struct stat before, after;

	begin();
	is(metrics_open(&metrics, path), 0, "a file that is not there yet");
	is(entries(), 0, "is not made by opening");
	ok(metrics_write(&metrics, &snapshot) && is_page(path), "but by writing");
	must(stat(path, &before) == 0);
	is(before.st_mode & 07777, 0640, "for others to read, as far as the umask has it");
	ok(strstr(metrics.text, "weir_update_time_seconds{" LABELS "} 1") != NULL, "with the time");
	ok(metrics.about.start_ns <= metrics.about.now_ns, "which is not before the start");
	snapshot.ledger.in.records = 77;
	ok(metrics_write(&metrics, &snapshot) && is_page(path), "written again");
	must(stat(path, &after) == 0);
	ok(before.st_ino != after.st_ino, "it is another file");
	is(entries(), 1, "and nothing else is there");
	is(metrics.about.failures, 0, "nothing has failed");
	metrics_close(&metrics, 0);
	is(entries(), 1, "the last page stays");
	(void)umask(mask);
}

static void
where_it_is(void)
{
	static const char *const paths[] = { "plain", "./plain", "sub/../plain" };
	char here[1024];

	must(getcwd(here, sizeof(here)) != NULL && chdir(directory) == 0 && mkdir("sub", 0700) == 0);
	for (size_t i = 0; i < 3; i++) {
		ok(metrics_open(&metrics, paths[i]) == 0 && metrics_write(&metrics, &snapshot),
		    "--metrics=%s", paths[i]);
		must(chdir("/") == 0);
		ok(metrics_write(&metrics, &snapshot), "and from anywhere else");
		must(chdir(directory) == 0);
		ok(is_page("plain"), "is written there");
		(void)unlink("plain");
		metrics_close(&metrics, 0);
	}
	must(chdir(here) == 0 && rmdir(strcat(strcpy(here, directory), "/sub")) == 0);
	is(metrics_open(&metrics, "/weir-unit.prom"), 0, "the root directory is one too");
	is_text(metrics.directory_path, "/", "by its name");
	metrics_close(&metrics, 0);
}

static void
refused(const char *name, int error, const char *what)
{
	is(metrics_open(&metrics, name) < 0 ? errno : 0, error, "%s", what);
	is(metrics.directory, -1, "and no directory stays open");
}

static void
refusals(void)
{
	char name[128];
	int fd;

	refused(directory, EISDIR, "a directory");
	refused(strcat(strcpy(name, directory), "/"), EISDIR, "a name that ends in a slash");
	refused(strcat(strcpy(name, directory), "/.."), EISDIR, "two dots");
	refused("/nowhere/at/all", ENOENT, "a directory that is not there");
	refused("/dev/null/x", ENOTDIR, "or none at all");
	refused("/dev/null", EINVAL, "a device");
	(void)snprintf(name, sizeof(name), "%s/fifo", directory);
	must(mkfifo(name, 0600) == 0);
	refused(name, EINVAL, "a FIFO");
	must(unlink(name) == 0);
	put_file(path, "precious\n");
	fd = open(path, O_WRONLY | O_APPEND);
	must(fd >= 0);
	refused(path, EBUSY, "a file that is open");
	(void)close(fd);
	is_text(text_of(path), "precious\n", "nothing has happened to it");
	is(metrics_open(&metrics, path), 0, "nor is it refused once it is closed");
	metrics_close(&metrics, 0);
}

static void
links(void)
{
	char other[128];
	struct stat file;
	int fd;

	(void)snprintf(other, sizeof(other), "%s/other", directory);
	put_file(other, "precious\n");
	(void)unlink(path);
	must(symlink(other, path) == 0);
	ok(metrics_open(&metrics, path) == 0 && metrics_write(&metrics, &snapshot), "a symbolic link");
	ok(lstat(path, &file) == 0 && S_ISREG(file.st_mode), "is replaced itself");
	is_text(text_of(other), "precious\n", "what it led to stays");
	metrics_close(&metrics, 0);
	(void)unlink(path);
	must(symlink("/dev/null", path) == 0);
	refused(path, EINVAL, "a link to what is no file");
	(void)unlink(path);
	must(symlink(directory, path) == 0);
	refused(path, EISDIR, "a link to a directory");
	(void)unlink(path);
	must((fd = open(other, O_RDONLY)) >= 0 && symlink(other, path) == 0);
	refused(path, EBUSY, "a link to a file that is open");
	(void)close(fd);
	(void)unlink(path);
	must(symlink("nowhere", path) == 0);
	is(metrics_open(&metrics, path), 0, "a link to nothing is good");
	metrics_close(&metrics, 0);
	(void)unlink(path);
	(void)unlink(other);
}

static void
temporary_name(char name[128], int i)
{
	(void)snprintf(name, 128, "%s/.weir-%ld-%d", directory, (long)getpid(), i);
}

static void
left_behind(void)
{
	char name[128], other[128];

	temporary_name(name, 0);
	temporary_name(other, 1);
	put_file(name, "stale");
	must(symlink("/nowhere", other) == 0);
	ok(metrics_open(&metrics, path) == 0 && metrics_write(&metrics, &snapshot) && is_page(path),
	    "a temporary file of another weir does not disturb");
	is_text(text_of(name), "stale", "nor is it disturbed");
	for (int i = 2; i < 16; i++) {
		temporary_name(name, i);
		put_file(name, "stale");
	}
	ok(!metrics_write(&metrics, &snapshot) && errno == EEXIST, "too many do");
	is(metrics.about.failures, 1, "that counts as a failure");
	for (int i = 0; i < 16; i++) {
		temporary_name(name, i);
		must(unlink(name) == 0);
	}
	ok(metrics_write(&metrics, &snapshot) && is_page(path), "once they are gone it is written again");
	ok(strstr(text_of(path), "weir_metrics_failures_total{" LABELS "} 1\n") != NULL, "and tells of it");
	metrics_close(&metrics, 0);
}

/* A page that the file system does not take whole. */
static void
too_large(void)
{
	struct rlimit before, little;

	must(getrlimit(RLIMIT_FSIZE, &before) == 0 && signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	must(metrics_open(&metrics, path) == 0);
	put_file(path, "old\n");
	little = (struct rlimit){ 1000, before.rlim_max };
	must(setrlimit(RLIMIT_FSIZE, &little) == 0);
	is(metrics_write(&metrics, &snapshot) ? 0 : errno, EFBIG, "a page that does not fit");
	must(setrlimit(RLIMIT_FSIZE, &before) == 0);
	is_text(text_of(path), "old\n", "leaves the old one");
	is(entries(), 1, "and nothing else");
	metrics_close(&metrics, 0);
}

static void
gone(void)
{
	must(metrics_open(&metrics, path) == 0 && unlink(path) == 0 && mkdir(path, 0700) == 0);
	is(metrics_write(&metrics, &snapshot) ? 0 : errno, EISDIR, "a directory has taken its place");
	is(entries(), 1, "no temporary file stays");
	must(rmdir(path) == 0);
	ok(metrics_write(&metrics, &snapshot) && is_page(path), "and when that is gone it is written");
	must(unlink(path) == 0 && rmdir(directory) == 0);
	is(metrics_write(&metrics, &snapshot) ? 0 : errno, ENOENT, "the directory itself is gone");
	is(metrics.about.failures, 2, "failures are counted");
	metrics_close(&metrics, 0);
}

int
main(void)
{
	pipe_init();
	must(mkdtemp(directory) != NULL);
	(void)snprintf(path, sizeof(path), "%s/weir.prom", directory);
	every_sample();
	headings();
	the_last();
	unknown();
	escapes();
#ifdef HAVE_PCRE2
	kept();
#endif
	largest();
	none();
	replaced();
	where_it_is();
	refusals();
	links();
	left_behind();
	too_large();
	gone();
	return done_testing();
}
