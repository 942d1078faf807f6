/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct line {
	char *text;
	size_t length;
};

static void add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
add(struct line *line, const char *format, ...)
{
	size_t room = REPORT_MOST - line->length;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line->text + line->length, room, format, arguments);
	va_end(arguments);
	if (length > 0)
		line->length += (size_t)length < room ? (size_t)length : room - 1;
}

/* --- text --------------------------------------------------------------------------------------- */

static void
text_tally(struct line *line, const struct snapshot *s, const char *label, const struct tally *tally)
{
	char bytes[32];

	units_format_bytes(bytes, sizeof(bytes), tally->bytes, s->ledger.in.bytes);
	add(line, "%s ", label);
	if (s->options->framing.kind != FRAMING_BYTES)
		add(line, "%" PRIu64 " record%s ", tally->records, tally->records == 1 ? "" : "s");
	add(line, "%s", bytes);
}

static void
text_reasons(struct line *line, const struct ledger *ledger)
{
	const char *before = " (";

	for (int i = 0; i < REASONS; i++) {
		if (ledger->dropped[i].bytes == 0)
			continue;
		add(line, "%s%s %" PRIu64, before, reason_name((enum reason)i), ledger->dropped[i].records);
		before = ", ";
	}
	if (*before == ',')
		add(line, ")");
}

static void
text_line(struct line *line, const struct snapshot *s)
{
	const struct ledger *ledger = &s->ledger;
	struct tally dropped = ledger_dropped(ledger);
	uint64_t paused_ms = ledger->paused_ns / NS_PER_MS;
	uint64_t elapsed_ms = s->elapsed_ns / NS_PER_MS;

	add(line, "%s: ", s->options->name);
	text_tally(line, s, "in", &ledger->in);
	text_tally(line, s, ", out", &ledger->out);
	text_tally(line, s, ", dropped", &dropped);
	text_reasons(line, ledger);
	if (s->held.bytes > 0)
		text_tally(line, s, ", held", &s->held);
	if (ledger->undelivered.bytes > 0)
		text_tally(line, s, ", undelivered", &ledger->undelivered);
	add(line, ", paused %" PRIu64 ".%03us in %" PRIu64 ".%03us", paused_ms / 1000,
	    (unsigned)(paused_ms % 1000), elapsed_ms / 1000, (unsigned)(elapsed_ms % 1000));
}

/* --- JSON --------------------------------------------------------------------------------------- */

static const char *const events[] = {
	[REPORT_FINAL] = "final",
	[REPORT_SIGNAL] = "signal",
};

/* "label":"text", where text is printable ASCII. */
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
json_heading(struct line *line, const struct snapshot *s)
{
	const struct options *options = s->options;
	char sample[32];
	char rate[48];

	units_format_share(sample, sizeof(sample), &options->sample);
	add(line, "{\"schema\":1,\"event\":\"%s\",", events[s->event]);
	json_string(line, "name", options->name);
	add(line, ",\"policy\":\"%s\",\"sample\":\"%s\",", policy_name(options->policy), sample);
	if (options->rated) {
		units_format_rate(rate, sizeof(rate), &options->rate);
		json_string(line, "rate", rate);
	} else {
		add(line, "\"rate\":null");
	}
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

static void
json_line(struct line *line, const struct snapshot *s)
{
	const struct options *options = s->options;
	const struct ledger *ledger = &s->ledger;

	json_heading(line, s);
	json_tally(line, "in", &ledger->in);
	add(line, ",");
	json_tally(line, "out", &ledger->out);
	add(line, ",");
	json_dropped(line, ledger);
	json_tally(line, "held", &s->held);
	add(line, ",");
	json_tally(line, "undelivered", &ledger->undelivered);
	add(line, ",\"buffer\":{\"capacity_bytes\":%" PRIu64 ",\"peak_bytes\":%" PRIu64
	    ",\"peak_records\":%" PRIu64 ",\"high_bytes\":%" PRIu64 ",\"low_bytes\":%" PRIu64 "},",
	    options->buffer_bytes, ledger->peak.bytes, ledger->peak.records, options->high_bytes,
	    options->low_bytes);
	add(line, "\"paused\":{\"count\":%" PRIu64 ",\"ns\":%" PRIu64 "},\"waited_ns\":{\"input\":%" PRIu64
	    ",\"output\":%" PRIu64 ",\"rate\":%" PRIu64 "},", ledger->paused_count, ledger->paused_ns,
	    ledger->waited_ns[WAIT_INPUT], ledger->waited_ns[WAIT_OUTPUT], ledger->waited_ns[WAIT_RATE]);
	if (s->unread_known)
		add(line, "\"unread_bytes\":%" PRIu64 ",", s->unread_bytes);
	else
		add(line, "\"unread_bytes\":null,");
	if (s->event == REPORT_FINAL)
		add(line, "\"exit\":{\"status\":%d,\"reason\":\"%s\"}}", s->exit_status, s->exit_reason);
	else
		add(line, "\"exit\":{\"status\":null,\"reason\":null}}");
}

size_t
report_line(char *text, const struct snapshot *snapshot)
{
	struct line line = { text, 0 };

	switch (snapshot->options->format) {
	case FORMAT_TEXT:
		text_line(&line, snapshot);
		break;
	case FORMAT_JSON:
		json_line(&line, snapshot);
		break;
	}
	add(&line, "\n");
	return line.length;
}
