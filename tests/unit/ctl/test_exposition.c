/* SPDX-License-Identifier: BSD-2-Clause */
/* The page for Prometheus: its families are those of weir's own page; samples, labels, values. */
#include "../tap.h"

#include "ctl/exposition.h"
#include "tell/page.h"

#define PAGE 262144

static char page[PAGE];
static struct surveyed weirs[3];

static void
add(size_t i, const char *name, pid_t pid, const char *text)
{
	struct surveyed *one = &weirs[i];

	*one = (struct surveyed){ .socket = { .pid = pid }, .failed = text == NULL };
	(void)snprintf(one->socket.name, sizeof(one->socket.name), "%s", name);
	one->report = text != NULL ? tree_read(text, strlen(text)) : NULL;
	if (one->report != NULL && !told_read(&one->told, one->report))
		one->told.name[0] = '\0';
}

static void
write_page(size_t count)
{
	const struct survey survey = { weirs, count };
	FILE *file = fmemopen(page, sizeof(page), "w");

	if (file == NULL)
		return;
	exposition_write(file, &survey);
	(void)fclose(file);
}

static bool
has(const char *line)
{
	const char *at = strstr(page, line);

	return at != NULL && (at == page || at[-1] == '\n') && at[strlen(line)] == '\n';
}

static bool
knows(const char *name)
{
	for (size_t i = 0; exposition_family(i) != NULL; i++)
		if (strcmp(exposition_family(i), name) == 0)
			return true;
	return false;
}

/* What a report does not have. */
static bool
is_excused(const char *name)
{
	static const char *const names[] = { "build_info", "up", "exit_status", "start_time_seconds", "update_time_seconds",
		"interval_seconds", "metrics_failures_total", "latency_seconds_sum", "latency_seconds_count" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static void
families(void)
{
	const char *type, *help;

	for (size_t i = 0; exposition_family(i) != NULL; i++)
		ok(page_family(exposition_family(i), &type, &help), "weir's page has %s", exposition_family(i));
	for (size_t i = 0; page_family_name(i) != NULL; i++)
		ok(is_excused(page_family_name(i)) != knows(page_family_name(i)), "either known, or not in a report: %s",
		    page_family_name(i));
}

static void
samples(void)
{
	add(0, "a", 7, "{\"name\":\"sh\\\"op\",\"policy\":\"shed\",\"elapsed_ns\":1,\"in\":{\"records\":5,\"bytes\":50},"
	    "\"dropped\":{\"by\":{\"oldest\":{\"records\":2,\"bytes\":20}}},\"buffer\":{\"capacity_records\":null,\"oldest_ns\":1500000000},"
	    "\"paused\":{\"ns\":2000000000,\"count\":1},\"pressure\":{\"ns\":10,\"count\":0},\"waited_ns\":{\"input\":1000000},"
	    "\"interval\":{\"latency_ns\":{\"p50\":100,\"p99\":null}},\"reader\":null,\"in_flight\":{\"records\":1,\"bytes\":1},"
	    "\"keep\":[{\"pattern\":\"a\",\"asked\":1,\"matched\":2,\"dropped\":{\"records\":3,\"bytes\":4}},"
	    "{\"pattern\":\"\\\\d\",\"asked\":5,\"matched\":6,\"dropped\":{\"records\":7,\"bytes\":8}}]}");
	add(1, "b", 8, "{\"name\":\"b\",\"policy\":\"block\",\"elapsed_ns\":1,\"in\":{\"records\":9,\"bytes\":90},"
	    "\"in_flight\":{\"records\":3,\"bytes\":30},\"recovered\":{\"records\":11,\"bytes\":1},\"spool\":{\"id\":\"x\",\"bytes\":12},"
	    "\"reader\":{\"command\":\"cat\",\"confirm\":\"read\",\"status\":null,\"breaker\":{\"open\":true,\"open_ns\":1}}}");
	add(2, "c", 9, NULL);
	write_page(3);
	ok(has("weir_up{name=\"sh\\\"op\",policy=\"shed\",pid=\"7\"} 1") && has("weir_up{name=\"c\",policy=\"\",pid=\"9\"} 0"), "up");
	ok(has("weir_in_records_total{name=\"sh\\\"op\",policy=\"shed\",pid=\"7\"} 5"), "a number");
	ok(has("weir_in_records_total{name=\"b\",policy=\"block\",pid=\"8\"} 9"), "another weir's, in the same family");
	is(strstr(strstr(page, "# TYPE weir_in_records_total counter\n") + 1, "# TYPE weir_in_records_total") == NULL, true,
	    "which has one heading");
	ok(has("weir_dropped_records_total{name=\"sh\\\"op\",policy=\"shed\",pid=\"7\",reason=\"oldest\"} 2"), "by reason");
	ok(has("weir_buffer_capacity_records{name=\"sh\\\"op\",policy=\"shed\",pid=\"7\"} +Inf"), "no bound");
	ok(has("weir_buffer_oldest_age_seconds{name=\"sh\\\"op\",policy=\"shed\",pid=\"7\"} 1.5"), "seconds");
	ok(has("weir_paused_seconds_total{name=\"sh\\\"op\",policy=\"shed\",pid=\"7\"} 2"), "whole ones");
	ok(has("weir_pressure_seconds_total{name=\"sh\\\"op\",policy=\"shed\",pid=\"7\"} 0.00000001"), "and few");
	ok(has("weir_waited_seconds_total{name=\"sh\\\"op\",policy=\"shed\",pid=\"7\",for=\"input\"} 0.001"), "by wait");
	ok(has("weir_latency_seconds{name=\"sh\\\"op\",policy=\"shed\",pid=\"7\",quantile=\"0.5\"} 0.0000001"), "a quantile");
	ok(has("weir_latency_seconds{name=\"sh\\\"op\",policy=\"shed\",pid=\"7\",quantile=\"0.99\"} NaN"), "one that is not known");
	ok(has("weir_dropped_kept_records_total{name=\"sh\\\"op\",policy=\"shed\",pid=\"7\",class=\"2\",pattern=\"a\"} 3") &&
	    has("weir_dropped_kept_records_total{name=\"sh\\\"op\",policy=\"shed\",pid=\"7\",class=\"1\",pattern=\"\\\\d\"} 7"), "by pattern");
	ok(has("weir_reader_info{name=\"b\",policy=\"block\",pid=\"8\",command=\"cat\",confirm=\"read\"} 1"), "a reader");
	ok(has("weir_reader_in_flight_records{name=\"b\",policy=\"block\",pid=\"8\"} 3"), "what it has in flight");
	ok(strstr(page, "weir_reader_in_flight_records{name=\"sh") == NULL, "and nobody else");
	ok(has("weir_reader_last_status{name=\"b\",policy=\"block\",pid=\"8\"} NaN"), "not ended yet");
	ok(has("weir_reader_breaker_open{name=\"b\",policy=\"block\",pid=\"8\"} 1"), "true is 1");
	ok(has("weir_spool_recovered_records_total{name=\"b\",policy=\"block\",pid=\"8\"} 11"), "a spool");
	ok(strstr(page, "weir_spool_recovered_records_total{name=\"sh") == NULL, "nobody else has one");
	ok(strstr(page, "weir_spool_segments") == NULL, "a family without samples is not there");
	for (size_t i = 0; i < 3; i++)
		tree_free(weirs[i].report);
}

int
main(void)
{
	families();
	if (tree_is_possible())
		samples();
	return done_testing();
}
