/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/units.h"
#include "ctl/escape.h"
#include "ctl/exposition.h"
#include "tell/page.h"

#include <inttypes.h>
#include <string.h>

enum form {
	NUMBER,
	LIMIT,   /* a number, where null is no limit */
	KNOWN,   /* a number, where null is not a number */
	SECONDS, /* nanoseconds, where null is not a number */
};

#define TEXT_MOST 2048
#define PATH_MOST 96

/* What tells the samples of a family apart.  A family has them only where the report has `path`. */
enum dimension { ONE, BY_REASON, BY_PATTERN, BY_WAIT, BY_QUANTILE, BY_READER, BY_SPOOL };

static const struct family {
	const char *name;
	enum form form;
	enum dimension dimension;
	const char *path; /* in a report; a part of it, "%s", is a reason, a wait or a quantile */
} families[] = {
	{ "reports_skipped_total", NUMBER, ONE, "reports_skipped" },
	{ "in_records_total", NUMBER, ONE, "in.records" },
	{ "in_bytes_total", NUMBER, ONE, "in.bytes" },
	{ "out_records_total", NUMBER, ONE, "out.records" },
	{ "out_bytes_total", NUMBER, ONE, "out.bytes" },
	{ "dropped_records_total", NUMBER, BY_REASON, "dropped.by.%s.records" },
	{ "dropped_bytes_total", NUMBER, BY_REASON, "dropped.by.%s.bytes" },
	{ "dropped_kept_records_total", NUMBER, BY_PATTERN, "dropped.records" },
	{ "dropped_kept_bytes_total", NUMBER, BY_PATTERN, "dropped.bytes" },
	{ "keep_asked_total", NUMBER, BY_PATTERN, "asked" },
	{ "keep_matched_total", NUMBER, BY_PATTERN, "matched" },
	{ "key_asked_total", NUMBER, ONE, "key.asked" },
	{ "key_found_total", NUMBER, ONE, "key.found" },
	{ "dropped_unsaved_records_total", NUMBER, ONE, "dropped_unsaved.records" },
	{ "dropped_unsaved_bytes_total", NUMBER, ONE, "dropped_unsaved.bytes" },
	{ "undelivered_records_total", NUMBER, ONE, "undelivered.records" },
	{ "undelivered_bytes_total", NUMBER, ONE, "undelivered.bytes" },
	{ "held_records", NUMBER, ONE, "held.records" },
	{ "held_bytes", NUMBER, ONE, "held.bytes" },
	{ "marks_total", NUMBER, ONE, "marks.records" },
	{ "marks_bytes_total", NUMBER, ONE, "marks.bytes" },
	{ "buffer_capacity_bytes", NUMBER, ONE, "buffer.capacity_bytes" },
	{ "buffer_capacity_records", LIMIT, ONE, "buffer.capacity_records" },
	{ "buffer_depth_bytes", NUMBER, ONE, "buffer.depth_bytes" },
	{ "buffer_depth_records", NUMBER, ONE, "buffer.depth_records" },
	{ "buffer_oldest_age_seconds", SECONDS, ONE, "buffer.oldest_ns" },
	{ "buffer_peak_bytes", NUMBER, ONE, "buffer.peak_bytes" },
	{ "buffer_peak_records", NUMBER, ONE, "buffer.peak_records" },
	{ "buffer_high_bytes", NUMBER, ONE, "buffer.high_bytes" },
	{ "buffer_low_bytes", NUMBER, ONE, "buffer.low_bytes" },
	{ "paused_seconds_total", SECONDS, ONE, "paused.ns" },
	{ "pauses_total", NUMBER, ONE, "paused.count" },
	{ "pressure_seconds_total", SECONDS, ONE, "pressure.ns" },
	{ "pressure_periods_total", NUMBER, ONE, "pressure.count" },
	{ "waited_seconds_total", SECONDS, BY_WAIT, "waited_ns.%s" },
	{ "latency_seconds", SECONDS, BY_QUANTILE, "interval.latency_ns.%s" },
	{ "latency_max_seconds", SECONDS, ONE, "interval.latency_ns.max" },
	{ "reader_info", NUMBER, BY_READER, "reader.confirm" },
	{ "reader_in_flight_records", NUMBER, BY_READER, "in_flight.records" },
	{ "reader_in_flight_bytes", NUMBER, BY_READER, "in_flight.bytes" },
	{ "reader_sent_records_total", NUMBER, BY_READER, "sent.records" },
	{ "reader_sent_bytes_total", NUMBER, BY_READER, "sent.bytes" },
	{ "reader_redelivered_records_total", NUMBER, BY_READER, "redelivered.records" },
	{ "reader_redelivered_bytes_total", NUMBER, BY_READER, "redelivered.bytes" },
	{ "reader_added_bytes_total", NUMBER, BY_READER, "added_bytes" },
	{ "reader_running", NUMBER, ONE, "reader.running" },
	{ "reader_starts_total", NUMBER, ONE, "reader.starts" },
	{ "reader_failures_total", NUMBER, ONE, "reader.failures" },
	{ "reader_tries", NUMBER, ONE, "reader.tries" },
	{ "reader_last_status", KNOWN, ONE, "reader.status" },
	{ "reader_batches_total", NUMBER, ONE, "reader.batches" },
	{ "reader_answers_ignored_total", NUMBER, ONE, "reader.ignored" },
	{ "reader_breaker_open", NUMBER, ONE, "reader.breaker.open" },
	{ "reader_breaker_opened_total", NUMBER, ONE, "reader.breaker.opened" },
	{ "reader_breaker_open_seconds_total", SECONDS, ONE, "reader.breaker.open_ns" },
	{ "spool_recovered_records_total", NUMBER, BY_SPOOL, "recovered.records" },
	{ "spool_recovered_bytes_total", NUMBER, BY_SPOOL, "recovered.bytes" },
	{ "spool_kept_records_total", NUMBER, BY_SPOOL, "kept.records" },
	{ "spool_kept_bytes_total", NUMBER, BY_SPOOL, "kept.bytes" },
	{ "spool_capacity_bytes", NUMBER, ONE, "spool.capacity_bytes" },
	{ "spool_bytes", NUMBER, ONE, "spool.bytes" },
	{ "spool_segments", NUMBER, ONE, "spool.segments" },
	{ "spool_on_disk_only_records", NUMBER, ONE, "spool.on_disk_only.records" },
	{ "spool_on_disk_only_bytes", NUMBER, ONE, "spool.on_disk_only.bytes" },
	{ "spool_read_back_bytes_total", NUMBER, ONE, "spool.read_back_bytes" },
	{ "spool_oldest_age_seconds", SECONDS, ONE, "spool.oldest_ns" },
	{ "spool_syncs_total", NUMBER, ONE, "spool.syncs" },
	{ "spool_since_sync_seconds", SECONDS, ONE, "spool.since_sync_ns" },
	{ "spool_longest_sync_seconds", SECONDS, ONE, "spool.longest_sync_ns" },
	{ "spool_failures_total", NUMBER, ONE, "spool.failures" },
};
#define FAMILIES (sizeof(families) / sizeof(families[0]))

static const struct {
	const char *key, *label;
} quantiles[] = { { "p50", "0.5" }, { "p90", "0.9" }, { "p95", "0.95" }, { "p99", "0.99" } };
#define QUANTILES (sizeof(quantiles) / sizeof(quantiles[0]))

struct writer {
	FILE *page;
	const struct family *family;
	bool headed; /* its HELP and TYPE are there */
};

const char *
exposition_family(size_t i)
{
	return i < FAMILIES ? families[i].name : NULL;
}

/* Before the first of its samples: a family without any has none of it. */
static void
head(struct writer *writer, const char *name)
{
	const char *type = "gauge", *help = "";

	if (writer->headed)
		return;
	writer->headed = true;
	(void)page_family(name, &type, &help);
	(void)fprintf(writer->page, "# HELP weir_%s %s\n# TYPE weir_%s %s\n", name, help, name, type);
}

static void
put_label(FILE *page, const char *name, const char *value)
{
	(void)fprintf(page, ",%s=\"", name);
	escape_label(page, value);
	(void)fputs("\"", page);
}

/* What comes before the value and the labels of a dimension. */
static void
begin_sample(struct writer *writer, const char *name, const struct surveyed *one)
{
	char pid[32];

	head(writer, name);
	(void)snprintf(pid, sizeof(pid), "%jd", (intmax_t)one->socket.pid);
	(void)fprintf(writer->page, "weir_%s{name=\"", name);
	escape_label(writer->page, one->report != NULL ? one->told.name : one->socket.name);
	(void)fputs("\"", writer->page);
	put_label(writer->page, "policy", one->told.policy);
	put_label(writer->page, "pid", pid);
}

/* Exactly: no fraction is rounded, and what is nothing is left out. */
static void
put_seconds(FILE *page, uint64_t ns)
{
	char fraction[16];
	size_t length;

	(void)snprintf(fraction, sizeof(fraction), ".%09" PRIu64, ns % NS_PER_S);
	length = strlen(fraction);
	while (length > 0 && (fraction[length - 1] == '0' || fraction[length - 1] == '.'))
		if (fraction[--length] == '.')
			break;
	(void)fprintf(page, "%" PRIu64 "%.*s", ns / NS_PER_S, (int)length, fraction);
}

static void
end_sample(struct writer *writer, uint64_t value)
{
	FILE *page = writer->page;

	(void)fputs("} ", page);
	if (value != TREE_UNKNOWN && writer->family->form == SECONDS)
		put_seconds(page, value);
	else if (value != TREE_UNKNOWN)
		(void)fprintf(page, "%" PRIu64, value);
	else
		(void)fputs(writer->family->form == LIMIT ? "+Inf" : "NaN", page);
	(void)fputs("\n", page);
}

/* One sample, if the report has it; `label` NULL: without another label. */
static void
sample(struct writer *writer, const struct surveyed *one, const char *path, const char *label, const char *value)
{
	const uint64_t number = tree_number(one->report, path);
	const enum form form = writer->family->form;

	if (!tree_has(one->report, path) || (number == TREE_UNKNOWN && form == NUMBER))
		return;
	begin_sample(writer, writer->family->name, one);
	if (label != NULL)
		put_label(writer->page, label, value);
	end_sample(writer, number);
}

/* `part` in the place of "%s". */
static void
sample_part(struct writer *writer, const struct surveyed *one, const char *label, const char *part, const char *value)
{
	const char *path = writer->family->path, *behind = strstr(path, "%s");
	char text[PATH_MOST];

	if (behind == NULL)
		return;
	(void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(behind - path), path, part, behind + 2);
	sample(writer, one, text, label, value);
}

static void
by_reason(struct writer *writer, const struct surveyed *one)
{
	for (int i = 0; i < REASONS; i++)
		sample_part(writer, one, "reason", reason_name((enum reason)i), reason_name((enum reason)i));
}

static void
by_wait(struct writer *writer, const struct surveyed *one)
{
	for (int i = 0; i < WAITS; i++)
		sample_part(writer, one, "for", awaited_name((enum awaited)i), awaited_name((enum awaited)i));
}

static void
by_quantile(struct writer *writer, const struct surveyed *one)
{
	for (size_t i = 0; i < QUANTILES; i++)
		sample_part(writer, one, "quantile", quantiles[i].key, quantiles[i].label);
}

/* The first pattern has the highest class. */
static void
by_pattern(struct writer *writer, const struct surveyed *one)
{
	const size_t count = tree_length(one->report, "keep");

	for (size_t i = count; i-- > 0;) {
		const struct tree *pattern = tree_member(one->report, "keep", i);
		char class[32], regex[TEXT_MOST];

		(void)snprintf(class, sizeof(class), "%zu", count - i);
		(void)tree_text(pattern, "pattern", regex, sizeof(regex));
		begin_sample(writer, writer->family->name, one);
		put_label(writer->page, "class", class);
		put_label(writer->page, "pattern", regex);
		end_sample(writer, tree_number(pattern, writer->family->path));
	}
}

/* Of a reader, but not among what the report has of it. */
static void
by_reader(struct writer *writer, const struct surveyed *one)
{
	char confirm[64];

	if (!tree_text(one->report, "reader.confirm", confirm, sizeof(confirm)))
		return;
	if (strcmp(writer->family->path, "reader.confirm") != 0) {
		sample(writer, one, writer->family->path, NULL, NULL);
		return;
	}
	begin_sample(writer, writer->family->name, one);
	put_label(writer->page, "command", one->told.command);
	put_label(writer->page, "confirm", confirm);
	end_sample(writer, 1);
}

static void
by_spool(struct writer *writer, const struct surveyed *one)
{
	char id[64];

	if (tree_text(one->report, "spool.id", id, sizeof(id)))
		sample(writer, one, writer->family->path, NULL, NULL);
}

static void
write_samples(struct writer *writer, const struct surveyed *one)
{
	switch (writer->family->dimension) {
	case ONE:
		sample(writer, one, writer->family->path, NULL, NULL);
		break;
	case BY_REASON:
		by_reason(writer, one);
		break;
	case BY_PATTERN:
		by_pattern(writer, one);
		break;
	case BY_WAIT:
		by_wait(writer, one);
		break;
	case BY_QUANTILE:
		by_quantile(writer, one);
		break;
	case BY_READER:
		by_reader(writer, one);
		break;
	case BY_SPOOL:
		by_spool(writer, one);
		break;
	}
}

/* Of those that do not answer there is nothing but this. */
static void
write_up(FILE *page, const struct survey *survey)
{
	static const struct family up = { "up", NUMBER, ONE, "" };
	struct writer writer = { page, &up, false };

	for (size_t i = 0; i < survey->count; i++) {
		begin_sample(&writer, up.name, &survey->one[i]);
		end_sample(&writer, !survey->one[i].failed && !survey->one[i].asked);
	}
}

void
exposition_write(FILE *page, const struct survey *survey)
{
	write_up(page, survey);
	for (size_t f = 0; f < FAMILIES; f++) {
		struct writer writer = { page, &families[f], false };

		for (size_t i = 0; i < survey->count; i++)
			if (survey->one[i].report != NULL)
				write_samples(&writer, &survey->one[i]);
	}
}
