/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/figures.h"
#include "base/visible.h"
#include "os/diag.h"
#include "tell/json.h"

#include <inttypes.h>

static const char *const phases[] = {
	[READER_IDLE] = "idle",
	[READER_RETRYING] = "retrying",
	[READER_RUNNING] = "running",
	[READER_FINISHING] = "finishing",
	[READER_OVER] = "over",
};

static const char *const events[] = {
	[REPORT_FINAL] = "final",
	[REPORT_INTERVAL] = "interval",
	[REPORT_SIGNAL] = "signal",
	[REPORT_CONTROL] = "control",
};

/* "label":"text", where text is printable. */
static void
json_string(struct line *line, const char *label, const char *text)
{
	line_add(line, "\"%s\":\"", label);
	for (; *text != '\0'; text++)
		line_add(line, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	line_add(line, "\"");
}

static void
json_tally(struct line *line, const char *label, const struct tally *tally)
{
	line_add(line, "\"%s\":{\"records\":%" PRIu64 ",\"bytes\":%" PRIu64 "}", label, tally->records,
	    tally->bytes);
}

static void
json_or_null(struct line *line, const char *label, bool known, uint64_t value)
{
	if (known)
		line_add(line, "\"%s\":%" PRIu64, label, value);
	else
		line_add(line, "\"%s\":null", label);
}

static const char *
json_bool(bool is)
{
	return is ? "true" : "false";
}

static void
json_rate(struct line *line, const char *label, bool given, const struct rate *rate)
{
	char text[48];

	if (given) {
		units_format_rate(text, sizeof(text), rate);
		json_string(line, label, text);
	} else {
		line_add(line, "\"%s\":null", label);
	}
}

static void
json_gates(struct line *line, const struct options *options, const struct tuning *tuning)
{
	line_add(line, ",\"sample_by\":\"%s\",", options_sample_by(options));
	json_rate(line, "drop_over", options->policing, &tuning->police);
	line_add(line, ",");
	json_or_null(line, "collapse_ns", options->collapse_ns != 0, tuning->collapse_ns);
	line_add(line, ",");
	json_or_null(line, "max_age_ns", tuning->max_age_ns != 0, tuning->max_age_ns);
}

static void
json_heading(struct line *line, const struct snapshot *s)
{
	const struct options *options = s->options;
	char sample[48], moment[48];

	if (options->budget.amount > 0)
		units_format_rate(sample, sizeof(sample), &s->tuning.budget);
	else
		units_format_share(sample, sizeof(sample), &s->tuning.sample);
	figures_moment(moment, sizeof(moment), s->wall_ns);
	line_add(line, "{\"schema\":1,\"event\":\"%s\",\"time\":\"%s\",", events[s->event], moment);
	json_string(line, "name", options->name);
	line_add(line, ",\"pid\":%ld,", s->pid);
	if (s->host != NULL)
		json_string(line, "host", diag_visible(s->host));
	else
		line_add(line, "\"host\":null");
	line_add(line, ",\"policy\":\"%s\",\"sample\":\"%s\",", policy_name(options->policy), sample);
	json_rate(line, "rate", options->rated, &s->tuning.rate);
	json_gates(line, options, &s->tuning);
	line_add(line, ",\"framing\":\"%s\",\"elapsed_ns\":%" PRIu64 ",",
	    framing_name(&options->framing), s->elapsed_ns);
}

static void
json_dropped(struct line *line, const struct ledger *ledger)
{
	struct tally dropped = ledger_dropped(ledger);

	line_add(line, "\"dropped\":{\"records\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"by\":{", dropped.records,
	    dropped.bytes);
	for (int i = 0; i < REASONS; i++) {
		json_tally(line, reason_name((enum reason)i), &ledger->dropped[i]);
		line_add(line, i + 1 < REASONS ? "," : "}},");
	}
}

/* What matches each pattern of --keep, and the keys that --top-keys asks for. */
static void
json_whose(struct line *line, const struct snapshot *s)
{
	const struct keep *keep = s->options->keep;
	struct top_key key[TOP_WANTED_MOST];
	unsigned keys = snapshot_top_keys(s, key);
	char visible[VISIBLE_ROOM(TOP_KEY_MOST)];

	line_add(line, "\"keep\":[");
	for (unsigned class = keep_count(keep); class > 0; class--) {
		line_add(line, "{");
		json_string(line, "pattern", diag_visible_data(keep_regex(keep, class)));
		line_add(line, ",\"asked\":%" PRIu64 ",\"matched\":%" PRIu64 ",", s->keep_looks[class].asked,
		    s->keep_looks[class].found);
		json_tally(line, "dropped", &s->ledger.dropped_class[class]);
		line_add(line, class > 1 ? "}," : "}");
	}
	line_add(line, "],\"key\":{\"asked\":%" PRIu64 ",\"found\":%" PRIu64 "},\"top_keys\":[", s->key_looks.asked,
	    s->key_looks.found);
	for (unsigned i = 0; i < keys; i++) {
		(void)visible_write(visible, sizeof(visible), key[i].text, key[i].length, false);
		line_add(line, "{");
		json_string(line, "key", visible);
		line_add(line, ",\"dropped\":%" PRIu64 ",\"error\":%" PRIu64 "}%s", key[i].records, key[i].error,
		    i + 1 < keys ? "," : "");
	}
	line_add(line, "],");
}

static void
json_buffer(struct line *line, const struct snapshot *s)
{
	const struct options *options = s->options;

	line_add(line, "\"buffer\":{\"capacity_bytes\":%" PRIu64 ",", options->buffer_bytes);
	json_or_null(line, "capacity_records", options->max_records != UINT64_MAX, options->max_records);
	line_add(line, ",\"depth_bytes\":%" PRIu64 ",\"depth_records\":%" PRIu64 ",\"peak_bytes\":%" PRIu64
	    ",\"peak_records\":%" PRIu64 ",\"high_bytes\":%" PRIu64 ",\"low_bytes\":%" PRIu64 ",", s->depth.bytes,
	    s->depth.records, s->ledger.peak.bytes, s->ledger.peak.records,
	    s->tuning.marks.high.bytes, s->tuning.marks.low.bytes);
	json_or_null(line, "oldest_ns", s->waits_ns != SNAPSHOT_NEVER, s->waits_ns);
	line_add(line, ",");
	json_or_null(line, "until_full_ns", s->until_full_ns != SNAPSHOT_NEVER, s->until_full_ns);
	line_add(line, ",");
	json_or_null(line, "until_empty_ns", s->until_empty_ns != SNAPSHOT_NEVER, s->until_empty_ns);
	line_add(line, "},");
}

static void
json_waited(struct line *line, const uint64_t waited_ns[WAITS])
{
	line_add(line, "\"waited_ns\":{");
	for (int i = 0; i < WAITS; i++)
		line_add(line, "%s\"%s\":%" PRIu64, i > 0 ? "," : "", awaited_name((enum awaited)i), waited_ns[i]);
	line_add(line, "}");
}

static void
json_latency(struct line *line, const struct latency *latency)
{
	bool known = latency->count > 0;

	line_add(line, "\"latency_ns\":{");
	json_or_null(line, "p50", known, latency->p50_ns);
	line_add(line, ",");
	json_or_null(line, "p90", known, latency->p90_ns);
	line_add(line, ",");
	json_or_null(line, "p95", known, latency->p95_ns);
	line_add(line, ",");
	json_or_null(line, "p99", known, latency->p99_ns);
	line_add(line, ",");
	json_or_null(line, "max", known, latency->max_ns);
	line_add(line, "}");
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

	line_add(line, "\"interval\":{\"ns\":%" PRIu64 ",", interval->ns);
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		const struct tally per_second = {
			snapshot_per_second(rates[i].tally->records, interval->ns),
			snapshot_per_second(rates[i].tally->bytes, interval->ns),
		};
		json_tally(line, rates[i].label, &per_second);
		line_add(line, ",");
	}
	line_add(line, "\"paused_ns\":%" PRIu64 ",\"pressure_ns\":%" PRIu64 ",", interval->paused_ns,
	    interval->pressure_ns);
	json_waited(line, interval->waited_ns);
	line_add(line, ",");
	json_latency(line, &interval->latency);
	line_add(line, "},");
}

static void
json_totals(struct line *line, const struct snapshot *s)
{
	const struct ledger *ledger = &s->ledger;

	json_tally(line, "recovered", &ledger->recovered);
	line_add(line, ",");
	json_tally(line, "in", &ledger->in);
	line_add(line, ",");
	json_tally(line, "out", &ledger->out);
	line_add(line, ",");
	json_dropped(line, ledger);
	json_whose(line, s);
	json_tally(line, "dropped_unsaved", &s->unsaved);
	line_add(line, ",");
	json_tally(line, "marks", &ledger->marks);
	line_add(line, ",\"added_bytes\":%" PRIu64 ",", ledger->added_bytes);
	json_or_null(line, "outside_weights", s->options->weight_template != NULL, snapshot_outside(ledger));
	line_add(line, ",");
	json_tally(line, "held", &s->held);
	line_add(line, ",");
	json_tally(line, "in_flight", &s->in_flight);
	line_add(line, ",");
	json_tally(line, "undelivered", &ledger->undelivered);
	line_add(line, ",");
	json_tally(line, "kept", &ledger->kept);
	line_add(line, ",");
	json_tally(line, "sent", &ledger->sent);
	line_add(line, ",");
	json_tally(line, "redelivered", &ledger->redelivered);
	line_add(line, ",");
}

static void
json_reader(struct line *line, const struct snapshot *s)
{
	const struct reader_figures *reader = &s->reader;

	if (!s->has_reader) {
		line_add(line, "\"reader\":null,");
		return;
	}
	line_add(line, "\"reader\":{");
	if (reader->command != NULL)
		json_string(line, "command", diag_visible_data(reader->command));
	else
		line_add(line, "\"command\":null");
	line_add(line, ",\"confirm\":\"%s\",\"fell_back\":%s,\"state\":\"%s\",\"running\":%" PRIu64 ",\"starts\":%" PRIu64
	    ",\"failures\":%" PRIu64 ",\"batches\":%" PRIu64 ",\"ignored\":%" PRIu64 ",\"tries\":%" PRIu64 ",",
	    reader->confirm, json_bool(reader->fell_back), phases[reader->phase], reader->running,
	    reader->starts, reader->failures, reader->batches, reader->ignored, reader->tries);
	json_or_null(line, "next_try_ns", reader->next_try_ns != UINT64_MAX, reader->next_try_ns);
	line_add(line, ",");
	json_or_null(line, "status", reader->status >= 0, (uint64_t)reader->status);
	line_add(line, ",\"breaker\":{\"open\":%s,\"opened\":%" PRIu64 ",\"open_ns\":%" PRIu64 "}},",
	    json_bool(reader->open), reader->opened, reader->open_ns);
}

static void
json_spool(struct line *line, const struct snapshot *s)
{
	const struct spool_figures *spool = &s->spool;

	if (!s->has_spool) {
		line_add(line, "\"spool\":null,");
		return;
	}
	line_add(line, "\"spool\":{");
	json_string(line, "dir", diag_visible_data(s->options->spool_path));
	line_add(line, ",\"id\":\"%s\",\"capacity_bytes\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"segments\":%" PRIu64 ",",
	    spool->id, spool->most, spool->bytes, spool->segments);
	json_tally(line, "on_disk_only", &spool->ahead);
	line_add(line, ",\"read_back_bytes\":%" PRIu64 ",\"oldest_ns\":%" PRIu64 ",\"syncs\":%" PRIu64 ",", spool->read_back,
	    s->oldest_ns, spool->syncs);
	json_or_null(line, "since_sync_ns", s->synced_ns != SNAPSHOT_NEVER, s->synced_ns);
	line_add(line, ",\"longest_sync_ns\":%" PRIu64 ",\"failures\":%" PRIu64 ",\"unclean\":%s,\"replayed\":%s},",
	    spool->longest_ns, spool->failures, json_bool(spool->unclean), json_bool(spool->rebuilt));
}

void
json_error(struct line *line, const char *text)
{
	line_add(line, "{");
	json_string(line, "error", text);
	line_add(line, "}");
}

void
json_write(struct line *line, const struct snapshot *s)
{
	const struct ledger *ledger = &s->ledger;

	json_heading(line, s);
	json_totals(line, s);
	json_buffer(line, s);
	line_add(line, "\"paused\":{\"count\":%" PRIu64 ",\"ns\":%" PRIu64 "},\"pressure\":{\"count\":%" PRIu64
	    ",\"ns\":%" PRIu64 "},", ledger->paused_count, ledger->paused_ns, ledger->pressure_count,
	    ledger->pressure_ns);
	line_add(line, "\"halted\":{\"now\":%s,\"count\":%" PRIu64 ",\"ns\":%" PRIu64 "},", json_bool(s->halted),
	    ledger->halted_count, ledger->halted_ns);
	json_waited(line, ledger->waited_ns);
	line_add(line, ",");
	json_latency(line, &s->latency);
	line_add(line, ",");
	json_interval(line, &s->interval);
	line_add(line, "\"reports_skipped\":%" PRIu64 ",", s->reports_skipped);
	json_or_null(line, "unread_bytes", s->unread_known, s->unread_bytes);
	line_add(line, ",");
	json_or_null(line, "unread_input_bytes", s->unread_input_known, s->unread_input_bytes);
	line_add(line, ",");
	json_reader(line, s);
	json_spool(line, s);
	if (s->event == REPORT_FINAL)
		line_add(line, "\"exit\":{\"status\":%d,\"reason\":\"%s\"}}", s->exit_status, s->exit_reason);
	else
		line_add(line, "\"exit\":{\"status\":null,\"reason\":null}}");
}
