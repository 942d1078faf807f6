/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must hold: of the output, that it is records of the input, whole and in order; of every report, the law;
 * of the last one, that it says what became of each record and byte, which the stream, the plan and the output
 * tell without it; of marks, that they add up to what was lost; of a file of what was dropped, that with what is
 * unsaved it holds just that, and with the output the input.
 *
 * Of a run under torture less can be told, since any call may have failed for good: it may end with an error,
 * and where its report cannot be written there is none.
 */
#include "config.h"

#include "oracle.h"

#include <sys/wait.h>

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who uses so much of a processor spins. */
#define CPU_MOST_MS 20000

static char complaint[512];

const char *
complain(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(complaint, sizeof(complaint), format, arguments);
	va_end(arguments);
	return complaint;
}

/* --- reports -------------------------------------------------------------------------------------- */

static bool
number(const char *line, const char *key, uint64_t *value)
{
	const char *at = strstr(line, key);

	return at != NULL && sscanf(at + strlen(key), "%" SCNu64, value) == 1;
}

static bool
tally(const char *line, const char *name, struct tally *value)
{
	char key[40];
	const char *at;

	(void)snprintf(key, sizeof(key), "\"%s\":{\"records\":", name);
	at = strstr(line, key);
	return at != NULL && sscanf(at + strlen(key), "%" SCNu64 ",\"bytes\":%" SCNu64 "}",
	    &value->records, &value->bytes) == 2;
}

/* "keep": what was dropped of what matches each pattern. */
static bool
read_keep(const char *line, const struct plan *plan, struct figures *f)
{
	const char *at = strstr(line, "\"keep\":[");

	for (unsigned i = 0; i < plan->keeps; i++)
		if (at == NULL || (at = strstr(at + 1, "\"dropped\":{")) == NULL ||
		    !tally(at, "dropped", &f->kept[i]))
			return false;
	return at != NULL;
}

/* A key is at most one byte: itself, or as vis(3) shows it, or as JSON shows that. */
static unsigned
read_key(const char *at)
{
	unsigned octal;

	if (*at == '"')
		return KEYS - 1;
	if (sscanf(at, "\\\\%3o", &octal) == 1)
		return octal;
	return (unsigned char)at[*at == '\\'];
}

static bool
read_top(const char *line, struct figures *f)
{
	static const char key[] = "{\"key\":\"";
	const char *at = strstr(line, "\"top_keys\":[");
	const char *end = at != NULL ? strstr(at, "\"dropped_unsaved\"") : NULL;

	for (; end != NULL && (at = strstr(at, key)) != NULL && at < end; f->tops++) {
		if (f->tops == TOP_MOST)
			return false;
		at += strlen(key);
		f->top[f->tops].key = read_key(at);
		if (!number(at, ",\"dropped\":", &f->top[f->tops].records) ||
		    !number(at, ",\"error\":", &f->top[f->tops].error))
			return false;
	}
	return end != NULL;
}

static bool
read_report(const char *text, const struct plan *plan, struct figures *f)
{
	char line[16384];
	const char *exit, *latency;
	bool reasons = true;

	(void)snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
	exit = strstr(line, "\"exit\":");
	latency = strstr(line, "\"latency_ns\":{");
	*f = (struct figures){ .final = strstr(line, "\"event\":\"final\"") != NULL };
	f->unread_known = number(line, "\"unread_bytes\":", &f->unread);
	(void)number(latency != NULL ? latency : "", "\"max\":", &f->latency_most_ns);
	for (int i = 0; i < REASONS; i++)
		reasons &= tally(line, reason_name((enum reason)i), &f->by[i]);
	return reasons && read_keep(line, plan, f) && read_top(line, f) && tally(line, "in", &f->in) &&
	    tally(line, "out", &f->out) && tally(line, "dropped", &f->dropped) &&
	    tally(line, "dropped_unsaved", &f->unsaved) && tally(line, "marks", &f->marks) &&
	    tally(line, "held", &f->held) && tally(line, "undelivered", &f->undelivered) &&
	    number(line, "\"added_bytes\":", &f->added_bytes) &&
	    number(line, "\"capacity_bytes\":", &f->capacity) &&
	    number(line, "\"peak_bytes\":", &f->peak_bytes) &&
	    number(line, "\"peak_records\":", &f->peak_records) && exit != NULL &&
	    (!f->final || sscanf(exit, "\"exit\":{\"status\":%d,\"reason\":\"%31[^\"]\"}}", &f->status,
	        f->reason) == 2);
}

/* Of all reasons in `which`, a bit for each. */
static struct tally
sum_by(const struct figures *f, unsigned which)
{
	struct tally sum = { 0, 0 };

	for (int i = 0; i < REASONS; i++)
		if ((which >> i & 1) != 0)
			ledger_count(&sum, f->by[i].records, f->by[i].bytes);
	return sum;
}

static bool
lawful(uint64_t in, uint64_t out, uint64_t dropped, uint64_t held, uint64_t undelivered)
{
	return in == out + dropped + held + undelivered;
}

/* In one report, whatever it is of; before it came the figures `before`. */
static const char *
judge_figures(const struct plan *plan, const struct figures *f, const struct figures *before)
{
	const struct tally all = sum_by(f, ~0u);

	if (!lawful(f->in.records, f->out.records, f->dropped.records, f->held.records,
	    f->undelivered.records) ||
	    !lawful(f->in.bytes, f->out.bytes, f->dropped.bytes, f->held.bytes, f->undelivered.bytes))
		return "the law does not hold";
	if (f->dropped.records != all.records || f->dropped.bytes != all.bytes)
		return "what was dropped is not the sum of its reasons";
	if (sum_by(f, ~plan->may).bytes != 0)
		return "dropped for a reason that is none here";
	if ((f->final ? f->held : f->undelivered).bytes != 0 && !(plan->fails && f->by[REASON_OVERSIZE].bytes > 0))
		return "held at the end, or undelivered before";
	if (f->capacity != plan->buffer || f->peak_bytes > f->capacity ||
	    (plan->drops && !plan->fails && f->peak_records > plan->max_records))
		return "more was held than allowed";
	if (f->in.bytes < before->in.bytes || f->out.bytes < before->out.bytes ||
	    f->dropped.bytes < before->dropped.bytes || f->marks.bytes < before->marks.bytes ||
	    f->unsaved.bytes < before->unsaved.bytes || f->out.records < before->out.records ||
	    f->peak_bytes < before->peak_bytes)
		return "a counter ran backwards";
	if (f->unsaved.records > f->dropped.records || f->unsaved.bytes > f->dropped.bytes)
		return "more is unsaved than was dropped";
	if (f->out.bytes + f->marks.bytes + f->added_bytes < f->unread)
		return "more unread than sent";
	return whose_report(plan, f);
}

/* All reports in the text; the last one is left in *last. */
static const char *
judge_reports(const struct plan *plan, const char *text, struct figures *last)
{
	*last = (struct figures){ .final = false };
	for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
		struct figures before = *last;
		const char *wrong;

		if (*text != '{')
			continue;
		if (before.final)
			return "a report after the final one";
		if (!read_report(text, plan, last))
			return complain("not a report: %.*s", (int)(end - text), text);
		if ((wrong = judge_figures(plan, last, &before)) != NULL)
			return wrong;
	}
	return *text != '\0' ? "standard error ends within a line" : NULL;
}

/* --- marks and weights ----------------------------------------------------------------------------- */

/* The output as it would be without marks and weights, and what was in them. */
struct stripped {
	struct text out;
	struct tally marks, said;
	uint64_t added_bytes; /* by weights */
};

/* Whether the bytes at the end of the output, which are no whole record, belong to a mark: so few that they may
 * as well be a record's only where it was cut off, by the reader that left or a signal. */
static bool
is_part_of_mark(const char *at, size_t length, bool cut_off)
{
	const size_t begin = strlen(MARK_BEGIN);

	return (cut_off || length > 3) && memcmp(at, MARK_BEGIN, length < begin ? length : begin) == 0;
}

/* Whether it begins as a mark does, and is one. */
static bool
begins_mark(const char *payload, size_t length)
{
	return length > strlen(MARK_BEGIN) && memcmp(payload, MARK_BEGIN, strlen(MARK_BEGIN)) == 0;
}

static bool
read_mark(const char *payload, size_t length, struct tally *said)
{
	char text[128];
	int used = 0;

	(void)snprintf(text, sizeof(text), "%.*s", (int)length, payload);
	return sscanf(text, MARK_BEGIN "%" SCNu64 " %" SCNu64 "%n", &said->records, &said->bytes, &used) == 2 &&
	    (size_t)used == length;
}

/* What a record weighs is in front of it; false where it is not what it may be. */
static bool
strip_weight(struct stripped *stripped, const struct plan *plan, const char *piece, size_t length)
{
	size_t used = 0;
	uint64_t weight = 0;

	while (used < length && piece[used] >= '0' && piece[used] <= '9')
		weight = 10 * weight + (uint64_t)(piece[used++] - '0');
	if (used == 0 || used == length || piece[used++] != ' ' || (weight != 1 && weight != plan->weight_most))
		return false;
	memcpy(stripped->out.bytes + stripped->out.length, piece + used, length - used);
	stripped->out.length += length - used;
	return true;
}

static const char *
strip(struct stripped *stripped, const struct plan *plan, const struct outcome *outcome)
{
	const struct text *out = &outcome->out;
	char *to = malloc(out->length + 1);

	*stripped = (struct stripped){ .out = { .bytes = to } };
	if (to == NULL)
		abort();
	for (size_t at = 0, length; at < out->length; at += length) {
		const char *from = out->bytes + at, *payload;
		size_t says, left = out->length - at;
		bool whole;
		struct tally said;

		length = plan->marks || plan->weighed ? piece_length(plan, from, left) : left;
		payload = framing_payload(plan, from, length, &says);
		whole = plan->marks && piece_is_whole(plan, from, length) && begins_mark(payload, says);
		if (whole && !read_mark(payload, says, &said))
			return complain("no mark, at %zu of the output", at);
		if (whole)
			ledger_count(&stripped->said, said.records, said.bytes);
		stripped->marks.records += whole;
		if (whole || (plan->marks && !piece_is_whole(plan, from, length) &&
		    is_part_of_mark(payload, says, outcome->left || outcome->terminated))) {
			stripped->marks.bytes += length;
			continue;
		}
		if (plan->weighed) {
			if (!strip_weight(stripped, plan, from, length))
				return complain("no weight, at %zu of the output", at);
			continue;
		}
		memcpy(to + stripped->out.length, from, length);
		stripped->out.length += length;
	}
	to[stripped->out.length] = '\0';
	stripped->added_bytes = out->length - stripped->marks.bytes - stripped->out.length;
	return NULL;
}

/* What is said in marks is what was lost. */
static const char *
judge_marks(const struct stripped *stripped, const struct outcome *outcome, const struct figures *f)
{
	struct tally lost = sum_by(f, ~(1u << REASON_SAMPLE));

	if (outcome->left)
		return NULL;
	if (stripped->marks.records != f->marks.records || stripped->marks.bytes != f->marks.bytes)
		return complain("%" PRIu64 " marks, %" PRIu64 " bytes, and read were %" PRIu64 ", %" PRIu64,
		    f->marks.records, f->marks.bytes, stripped->marks.records, stripped->marks.bytes);
	if (strcmp(f->reason, "end of input") != 0 && f->status != 3)
		return NULL;
	if (stripped->said.records != lost.records || stripped->said.bytes != lost.bytes)
		return complain("lost were %" PRIu64 " records, %" PRIu64 " bytes, and marks say %" PRIu64 ", %"
		    PRIu64, lost.records, lost.bytes, stripped->said.records, stripped->said.bytes);
	return NULL;
}

/* --- the output ----------------------------------------------------------------------------------- */

static void
find_fates(struct match *match, const struct stream *stream, const unsigned char *says)
{
	match->fates = calloc(stream->records + 1, sizeof(*match->fates));
	if (match->fates == NULL)
		abort();
	for (size_t i = 0; i < stream->records; i++) {
		size_t length = stream->ends[i] - stream_start(stream, i);

		if (says[i] == LET_IN)
			match->fates[match->count++] = (struct fate){ stream_start(stream, i), length, false, 0 };
	}
}

/* The first of the fates from `from` on that is the piece, or with `begins` begins with it. */
static size_t
find(const struct match *match, const struct stream *stream, size_t from, const char *piece, size_t length,
    bool begins)
{
	for (; from < match->count; from++) {
		const struct fate *fate = &match->fates[from];
		if ((begins ? fate->length > length : fate->length == length) &&
		    memcmp(stream->bytes + fate->start, piece, length) == 0)
			break;
	}
	return from;
}

/* Each record of the output is taken for the first of the input that it can be: if any choice succeeds, this
 * one does. */
static const char *
match_output(struct match *match, const struct plan *plan, const struct stream *stream,
    const struct text *out, bool reader_gone)
{
	size_t next = 0;

	for (size_t at = 0, length; at < out->length; at += length) {
		const char *piece = out->bytes + at;
		size_t found;

		length = piece_length(plan, piece, out->length - at);
		found = find(match, stream, next, piece, length, false);
		if (at + length == out->length && (found == match->count || (reader_gone && !piece_is_whole(plan, piece, length)))) {
			const size_t begun = find(match, stream, next, piece, length, true);

			match->part = begun < found ? length : 0; /* or it is the last of the input, that lacks as much */
			found = begun < found ? begun : found;
		}
		if (found == match->count)
			return complain("the output at %zu, %zu bytes: not a record of the input, or not in order",
			    at, length);
		match->gap |= found > next;
		match->fates[found].out = match->part == 0;
		match->fates[found].at = at;
		match->records += match->part == 0;
		next = found + 1;
	}
	return NULL;
}

/* --- what was saved -------------------------------------------------------------------------------- */

/* Of the records, in any order. */
static uint64_t
sum_of(const struct plan *plan, const char *bytes, size_t size, struct tally *tally)
{
	uint64_t sum = 0;

	for (size_t at = 0, length; at < size; at += length) {
		uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

		length = piece_length(plan, bytes + at, size - at);
		for (size_t i = 0; i < length; i++)
			hash = (hash ^ (unsigned char)bytes[at + i]) * UINT64_C(1099511628211);
		sum += hash;
		tally->records++;
		tally->bytes += length;
	}
	return sum;
}

/* What went out and what was saved, where that is all, is the input.  Where the last record lacks its delimiter the
 * file may have given it one. */
static const char *
judge_saved(const struct plan *plan, const struct stream *stream, const struct outcome *outcome,
    const struct text *out, const struct figures *f)
{
	struct tally saved = { 0, 0 }, others = { 0, 0 };
	uint64_t sum = sum_of(plan, outcome->saved.bytes, outcome->saved.length, &saved);

	if (stream->unended)
		return NULL;
	if (saved.records + f->unsaved.records != f->dropped.records ||
	    saved.bytes + f->unsaved.bytes != f->dropped.bytes)
		return complain("dropped %" PRIu64 " records, %" PRIu64 " bytes, and saved are %" PRIu64 ", %"
		    PRIu64 ", unsaved %" PRIu64 ", %" PRIu64, f->dropped.records, f->dropped.bytes, saved.records,
		    saved.bytes, f->unsaved.records, f->unsaved.bytes);
	if (strcmp(f->reason, "end of input") != 0 || outcome->left || f->unsaved.records > 0)
		return NULL;
	sum += sum_of(plan, out->bytes, out->length, &others);
	if (sum != sum_of(plan, stream->bytes, stream->length, &others))
		return "what came and what was saved are not the input";
	return NULL;
}

/* --- the final report ----------------------------------------------------------------------------- */

/* Whether the gates have decided on a record of which so much is here, as far as that can be told. */
static bool
is_decided(const struct plan *plan, unsigned says, size_t seen, bool ended)
{
	if (says == LET_IN)
		return false;
	if (says == REASON_OVERSIZE)
		return seen > plan->max_record;
	return ended || !plan_looks(plan, says) || (!plan->drops && seen >= plan->buffer);
}

/* What the gates have dropped of the first in_bytes of the stream, and how many records end there. */
static void
count_gates(const struct plan *plan, const struct stream *stream, const unsigned char *says, uint64_t in_bytes,
    struct tally *in, struct tally by[REASONS + 1])
{
	bool bytes = plan_is_bytes(plan);
	bool over = false; /* under fail, behind a record that was too long */

	*in = (struct tally){ 0, 0 };
	memset(by, 0, (REASONS + 1) * sizeof(*by));
	for (size_t i = 0; i < stream->records && stream_start(stream, i) < in_bytes && !bytes; i++) {
		bool ended = stream->ends[i] <= in_bytes;
		size_t seen = (ended ? stream->ends[i] : (size_t)in_bytes) - stream_start(stream, i);

		in->records += ended;
		if (!ended && framing_untold(plan, stream->bytes + stream_start(stream, i), seen) > 0)
			continue; /* it is no record yet, but what may become one */
		if (over || !is_decided(plan, says[i], seen, ended))
			continue;
		ledger_count(&by[says[i]], ended, seen);
		over = plan->fails && says[i] == REASON_OVERSIZE;
	}
}

/* A number of records, where that of the last one may not have been told when its end is the input's. */
static bool
about(uint64_t seen, uint64_t want, bool last_untold)
{
	return seen == want || (last_untold && seen + 1 == want);
}

static bool
tortured(const struct plan *plan)
{
	return plan->what != 0 && plan->mode != SHIM_RANDOM;
}

static const char *
judge_gates(const struct plan *plan, const struct stream *stream, const unsigned char *says,
    const struct figures *f, bool untold)
{
	static const enum reason gates[] = { REASON_OVERSIZE, REASON_SAMPLE, REASON_OVER, REASON_REPEATED };
	struct tally in, by[REASONS + 1];
	/* Within a record that may be judged by its first part, or that may be the last. */
	bool open = untold || (f->in.bytes < stream->length && !plan->drops && plan->most >= plan->high_bytes);

	count_gates(plan, stream, says, f->in.bytes, &in, by);
	if (!about(f->in.records, in.records, untold))
		return complain("%" PRIu64 " records in, not %" PRIu64, f->in.records, in.records);
	for (size_t i = 0; i < sizeof(gates) / sizeof(gates[0]); i++) {
		const struct tally *got = &f->by[gates[i]], *want = &by[gates[i]];

		if (gates[i] == REASON_OVER && plan->police_tokens == 0)
			continue; /* up to the clock */
		if ((open || tortured(plan)) && plan_looks(plan, gates[i]))
			continue;
		if (got->bytes != want->bytes || !about(got->records, want->records, untold))
			return complain("%" PRIu64 " records, %" PRIu64 " bytes dropped as %s, not %" PRIu64 ", %"
			    PRIu64, got->records, got->bytes, reason_name(gates[i]), want->records, want->bytes);
	}
	return NULL;
}

/* Whether the gates alone say what comes. */
static bool
loses_nothing_more(const struct plan *plan)
{
	unsigned gates = 1u << REASON_OVERSIZE | 1u << REASON_SAMPLE | 1u << REASON_REPEATED;

	gates |= plan->police_tokens > 0 ? 1u << REASON_OVER : 0;
	return (plan->may & ~gates) == 0;
}

static const char *
judge_books(const struct plan *plan, const struct stream *stream, const unsigned char *says,
    const struct outcome *outcome, const struct stripped *stripped, const struct match *match,
    const struct figures *f)
{
	/* A reader that has gone when all was delivered ends a run by what was dropped, too. */
	bool ended = strcmp(f->reason, "end of input") == 0 ||
	    (strcmp(f->reason, "records dropped") == 0 && !outcome->left);
	bool untold = stream->unended && !ended;
	bool bytes = plan_is_bytes(plan);
	uint64_t read = stripped->out.length;
	const char *wrong;

	if (f->in.bytes > outcome->fed)
		return "more in than was written";
	if ((wrong = judge_gates(plan, stream, says, f, untold)) != NULL)
		return wrong;
	if (loses_nothing_more(plan) && match->gap)
		return "records are missing";
	if (!outcome->left &&
	    (f->out.bytes != read || (!bytes && !about(f->out.records, match->records, untold))))
		return complain("out: %" PRIu64 " bytes, and %" PRIu64 " read; %" PRIu64 " records, and %" PRIu64
		    " read", f->out.bytes, read, f->out.records, match->records);
	if (!outcome->left && f->added_bytes != stripped->added_bytes)
		return complain("added %" PRIu64 " bytes, and %" PRIu64 " came", f->added_bytes, stripped->added_bytes);
	if (outcome->left && (f->out.bytes < read || (!bytes && f->out.records < match->records)))
		return "read more than out";
	if (outcome->left && strcmp(f->reason, "reader gone") == 0 && f->unread_known && !tortured(plan) &&
	    f->out.bytes + f->marks.bytes != outcome->out.length + f->unread)
		return complain("out %" PRIu64 " bytes, %" PRIu64 " of marks, %zu read and %" PRIu64 " unread",
		    f->out.bytes, f->marks.bytes, outcome->out.length, f->unread);
	if (ended && (!outcome->fed_all || f->in.bytes != stream->length || f->undelivered.bytes != 0))
		return "the end of input before it, or not all delivered";
	return NULL;
}

/* The status as a shell shows it. */
static int
shell_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Ends there are, and which statuses they may have. */
static const struct {
	const char *reason;
	int status[3];
} ends[] = {
	{ "end of input", { 0, 0, 0 } },
	{ "reader gone", { 0, 1, 128 + SIGPIPE } },
	{ "signal TERM", { 128 + SIGTERM, 128 + SIGTERM, 128 + SIGTERM } },
	{ "read error", { 1, 1, 1 } },
	{ "write error", { 1, 1, 1 } },
	{ "records dropped", { 3, 3, 3 } },
	{ "buffer full", { 3, 3, 3 } },
	{ "record too long", { 3, 3, 3 } },
};

static const char *
judge_ending(const struct plan *plan, const struct outcome *outcome, const struct match *match,
    const struct figures *f)
{
	uint64_t lost = f->dropped.bytes - f->by[REASON_SAMPLE].bytes - f->by[REASON_REPEATED].bytes;
	int status = shell_status(outcome->status);
	bool error = strstr(f->reason, " error") != NULL;
	bool gone = strcmp(f->reason, "reader gone") == 0;
	bool term = strcmp(f->reason, "signal TERM") == 0;
	bool full = strcmp(f->reason, "buffer full") == 0 || strcmp(f->reason, "record too long") == 0;
	bool known = false;
	bool torn;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		for (int j = 0; j < 3; j++)
			known |= strcmp(f->reason, ends[i].reason) == 0 && ends[i].status[j] == f->status;
	/* The report is written before it can be known that it could not be. */
	if (!known || (f->status != status && !(tortured(plan) && f->status == 0 && status == 1)))
		return complain("ended with status %d, reported as %d by %s", status, f->status, f->reason);
	if ((error && !tortured(plan)) || (gone && !outcome->left && !tortured(plan)) ||
	    (term && !outcome->terminated) || (full && !plan->fails))
		return complain("it ended by %s, which did not happen", f->reason);
	if (gone && (f->status == 1) != plan->pipe_ignored && f->status != 0)
		return "SIGPIPE was ignored, or was not";
	if (f->status == 0 && f->undelivered.bytes > 0)
		return "status 0, and not all delivered";
	if (!error && !gone && !term && !full && f->status != (plan->fail_on_drop && lost > 0 ? 3 : 0))
		return "--fail-on-drop";
	torn = match->part > 0 && !outcome->left && !plan_is_bytes(plan);
	/* (Where the policy had ended the run before, what had been read behind stays.) */
	if (term && plan->drains_all && !tortured(plan) && !(plan->fails && f->dropped.records > 0) && (f->undelivered.records > 0 || torn))
		return "there was time to deliver all";
	if (!term && !gone && !error && torn)
		return "a record was torn";
	return NULL;
}

/* --- what was held when all had been read ----------------------------------------------------------- */

/* What drop-newest refused cannot have fitted: it has not been able to send anything since it was full, but
 * for what went onto the last page of the pipe, which may take a short write after it has refused a longer
 * one. */
static const char *
judge_refused(const struct plan *plan, const struct match *match, size_t sent, size_t rest)
{
	size_t held = rest;
	uint64_t records = 0;

	for (size_t i = 0; i < match->count; i++) {
		const struct fate *fate = &match->fates[i];

		if (fate->out && fate->at + PIPE_BUF >= sent) {
			held += fate->length;
			records++;
		} else if (!fate->out && held + fate->length <= plan->buffer && records < plan->max_records) {
			return complain("record %zu was refused, and would have fitted", i);
		}
	}
	return NULL;
}

/* What drop-oldest holds are the newest, and one more would not have fitted.  Looked at from the end, because
 * short records are often alike, and the match takes the first of those. */
static const char *
judge_evicted(const struct plan *plan, const struct stream *stream, const struct match *match,
    const struct text *out, size_t from, const struct tally *held)
{
	size_t first = match->count - (size_t)held->records;
	size_t at = from;
	const struct fate *fate;

	for (size_t i = first; i < match->count; i++) {
		fate = &match->fates[i];
		if (at + fate->length > out->length ||
		    memcmp(out->bytes + at, stream->bytes + fate->start, fate->length) != 0)
			return complain("record %zu from the end went, and an older one stayed", match->count - i);
		at += fate->length;
	}
	if (first == 0)
		return NULL;
	fate = &match->fates[first - 1];
	if (from >= fate->length &&
	    memcmp(out->bytes + from - fate->length, stream->bytes + fate->start, fate->length) == 0)
		return NULL; /* it was sent */
	if (held->bytes + fate->length <= plan->buffer && held->records < plan->max_records)
		return "fewer would have had to go";
	return NULL;
}

static const char *
judge_settled(const struct plan *plan, const struct stream *stream, const struct outcome *outcome,
    const struct text *out, const struct match *match, const struct figures *last)
{
	struct tally held = { 0, 0 };
	struct figures f;
	size_t rest = 0;

	/* What is too old may go later. */
	if (!outcome->settled || stream->unended || outcome->left || plan->max_age_ns > 0 || plan->target_ns > 0)
		return NULL;
	(void)read_report(outcome->errors.bytes + outcome->settled_at, plan, &f);
	for (size_t i = 0; i < match->count; i++) {
		const struct fate *fate = &match->fates[i];
		if (!fate->out || fate->at + fate->length <= f.out.bytes)
			continue;
		if (fate->at < f.out.bytes)
			rest = fate->at + fate->length - (size_t)f.out.bytes;
		held.records++;
		held.bytes += fate->at < f.out.bytes ? rest : fate->length;
	}
	if (held.bytes != f.held.bytes || held.records != f.held.records)
		return complain("held were %" PRIu64 " records, and %" PRIu64 " came", f.held.records,
		    held.records);
	if (held.bytes > plan->buffer || held.records > (rest > 0) + plan->headers + (plan->max_records < INT64_MAX ? plan->max_records : INT64_MAX))
		return "more was held than fits";
	if (plan->what != 0 || plan->rated || (plan->policed && plan->police_tokens == 0) ||
	    (plan->evicts && last->by[REASON_NEWEST].bytes > 0))
		return NULL;
	if (plan->refuses)
		return judge_refused(plan, match, (size_t)f.out.bytes, rest);
	held.records -= rest > 0;
	return !plan->evicts ? NULL : judge_evicted(plan, stream, match, out, (size_t)f.out.bytes + rest, &held);
}

/* --- all of it ------------------------------------------------------------------------------------- */

static const char *
judge_process(const struct plan *plan, const struct outcome *outcome, const struct figures *final)
{
	int status = shell_status(outcome->status);
	bool once = plan->mode == SHIM_ONCE;
	/* Without memory for a pattern: it is taken for a bad one. */
	bool refused = tortured(plan) && status == 2 && (plan->keeps > 0 || plan->keyed);

	if (outcome->hung != NULL)
		return complain("it hung: %s", outcome->hung);
	if (outcome->cpu_ms > CPU_MOST_MS)
		return complain("%" PRIu64 " ms of processor time", outcome->cpu_ms);
	if (plan->what != 0 && outcome->counts.calls == 0)
		return "the shim was not loaded";
	if (status != 0 && status != 1 && status != 3 && status != 128 + SIGPIPE &&
	    !(status == 128 + SIGTERM && outcome->terminated) && !refused)
		return complain("ended with status %d", status);
	if (final->final)
		return NULL;
	if (plan->what != 0 && status == 1 && outcome->out.length == 0 &&
	    strstr(outcome->errors.bytes, strerror(ENOMEM)) != NULL)
		return NULL; /* without memory it does not begin */
	if (!tortured(plan))
		return "no final report";
	if (status == 0 && plan->report_file)
		return "status 0, and no report in the file";
	/* Without mmap libbsd's arc4random, which seeds what is by key, ends the program. */
	if (status == 1 && once && outcome->errors.length == 0 &&
	    !(plan->keyed && strcmp(outcome->counts.first, "mmap") == 0))
		return "status 1, and not a word";
	return NULL;
}

const char *
oracle_judge(const struct plan *plan, const struct stream *stream, const struct outcome *outcome)
{
	const struct text *reports = plan->report_file ? &outcome->report : &outcome->errors;
	struct match match = { .count = 0 };
	struct stripped stripped;
	struct figures final;
	unsigned char *says;
	const char *wrong = judge_reports(plan, reports->bytes, &final);

	if (wrong == NULL || outcome->hung != NULL)
		wrong = judge_process(plan, outcome, &final);
	if (wrong != NULL)
		return wrong;
	says = gates_judge(plan, stream);
	find_fates(&match, stream, says);
	wrong = strip(&stripped, plan, outcome);
	if (wrong == NULL)
		wrong = match_output(&match, plan, stream, &stripped.out, strcmp(final.reason, "reader gone") == 0);
	if (wrong == NULL && final.final)
		wrong = judge_books(plan, stream, says, outcome, &stripped, &match, &final);
	if (wrong == NULL && final.final && plan->marks)
		wrong = judge_marks(&stripped, outcome, &final);
	if (wrong == NULL && final.final && plan->saves && !tortured(plan))
		wrong = judge_saved(plan, stream, outcome, &stripped.out, &final);
	if (wrong == NULL && final.final)
		wrong = judge_ending(plan, outcome, &match, &final);
	if (wrong == NULL && final.final)
		wrong = judge_settled(plan, stream, outcome, &stripped.out, &match, &final);
	if (wrong == NULL && final.final && !tortured(plan))
		wrong = whose_judge(plan, stream, says, outcome, &stripped.out, &final);
	free(stripped.out.bytes);
	free(match.fates);
	free(says);
	return wrong;
}

/* Messages, and the last report. */
static void
show_text(const char *what, const struct text *text)
{
	const char *end;

	for (const char *at = text->bytes; *at != '\0'; at = *end != '\0' ? end + 1 : end) {
		end = at + strcspn(at, "\n");
		if (*at != '{' || end + 1 >= text->bytes + text->length)
			printf("#   %s: %.*s\n", what, (int)(end - at), at);
	}
}

void
oracle_show(const struct plan *plan, const struct outcome *outcome)
{
	static const char *const kinds[END_KINDS] = { "pipe", "FIFO", "socket", "file" };

	printf("#   weir");
	for (int i = 0; i < plan->arguments; i++)
		printf(" %s", plan->argument[i]);
	printf("%s%s%s\n#   from %s to %s, records of %zu to %zu, %zu bytes%s, stall %d\n",
	    plan->report_file ? " --report=FILE" : "", plan->saves ? " --dropped=FILE" : "",
	    plan->metrics_file ? " --metrics=FILE" : "", kinds[plan->input], kinds[plan->output], plan->least,
	    plan->most, plan->total, plan->unended ? ", cut off" : "", (int)plan->stall);
	printf("#   status %d, fed %zu, read %zu%s%s, %" PRIu64 " ms, %" PRIu64 " calls, fault first in %s\n",
	    shell_status(outcome->status), outcome->fed, outcome->out.length,
	    outcome->left ? ", left" : "", outcome->terminated ? ", TERM" : "", outcome->cpu_ms,
	    outcome->counts.calls, outcome->counts.first);
	show_text("stderr", &outcome->errors);
	show_text("report", &outcome->report);
	(void)fflush(stdout);
}
