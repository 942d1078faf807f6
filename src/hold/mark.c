/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/figures.h"
#include "base/units.h"
#include "hold/mark.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct text {
	char *at;
	size_t room; /* with the final NUL; 0 when it was too little */
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
add(struct text *text, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text->at, text->room, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= text->room) {
		text->room = 0;
		return;
	}
	text->at += length;
	text->room -= (size_t)length;
}

/* --- placeholders ------------------------------------------------------------------------------- */

struct figures {
	const struct gap *gap;
	const char *name;
	uint64_t now_ns;
};

static void
add_records(struct text *text, const struct figures *f)
{
	add(text, "%" PRIu64, f->gap->sum.records);
}

static void
add_bytes(struct text *text, const struct figures *f)
{
	add(text, "%" PRIu64, f->gap->sum.bytes);
}

static void
add_name(struct text *text, const struct figures *f)
{
	add(text, "%s", f->name);
}

static void
add_reasons(struct text *text, const struct figures *f)
{
	const char *before = "";

	for (int i = 0; i < REASONS; i++) {
		if (f->gap->by[i] == 0)
			continue;
		add(text, "%s%s %" PRIu64, before, reason_name((enum reason)i), f->gap->by[i]);
		before = ", ";
	}
}

static void
add_time(struct text *text, const struct figures *f)
{
	char time[32];

	figures_ns(time, sizeof(time), f->gap->last_ns - f->gap->since_ns);
	add(text, "%s", time);
}

static void
add_ns(struct text *text, const struct figures *f)
{
	add(text, "%" PRIu64, f->gap->last_ns - f->gap->since_ns);
}

/* A moment of the monotonic clock on the wall. */
static void
add_moment(struct text *text, const struct figures *f, uint64_t moment_ns)
{
	uint64_t ago_ns = f->now_ns - moment_ns;
	struct timespec wall;
	char moment[48];

	(void)clock_gettime(CLOCK_REALTIME, &wall);
	figures_moment(moment, sizeof(moment), (uint64_t)wall.tv_sec * NS_PER_S + (uint64_t)wall.tv_nsec -
	    ago_ns);
	add(text, "%s", moment);
}

static void
add_first(struct text *text, const struct figures *f)
{
	add_moment(text, f, f->gap->first_ns);
}

static void
add_last(struct text *text, const struct figures *f)
{
	add_moment(text, f, f->gap->last_ns);
}

/* Of a text that is not the same for each gap, all bytes that may come up in it; of the others mark_check() sees
 * them in a mark of a gap that has everything. */
static const char of_moments[] = "0123456789-:.TZ";
static const char of_spans[] = "0123456789.numsihd"; /* figures_ns */

static const struct placeholder {
	const char *name;
	void (*add)(struct text *text, const struct figures *f);
	const char *bytes; /* or NULL */
} placeholders[] = {
	{ "records", add_records, NULL },
	{ "bytes", add_bytes, NULL },
	{ "name", add_name, NULL },
	{ "reasons", add_reasons, NULL },     /* oldest 3, newest 1 */
	{ "time", add_time, of_spans },       /* from the first of them, or the record before repeats, to the last: 2.1s */
	{ "ns", add_ns, NULL },               /* the same in nanoseconds */
	{ "first", add_first, of_moments },   /* when the first was dropped: 2026-01-31T12:00:00.000Z */
	{ "last", add_last, of_moments },
};
#define PLACEHOLDERS (sizeof(placeholders) / sizeof(placeholders[0]))

/* The name of a reason is a placeholder too: how many records it cost. */
static bool
add_reason(struct text *text, const struct figures *f, const char *name, size_t length)
{
	for (int i = 0; i < REASONS; i++) {
		const char *reason = reason_name((enum reason)i);

		if (strlen(reason) == length && strncmp(reason, name, length) == 0) {
			add(text, "%" PRIu64, f->gap->by[i]);
			return true;
		}
	}
	return false;
}

static bool
add_placeholder(struct text *text, const struct figures *f, const char *name, size_t length)
{
	for (size_t i = 0; i < PLACEHOLDERS; i++) {
		if (strlen(placeholders[i].name) == length && strncmp(placeholders[i].name, name, length) == 0) {
			placeholders[i].add(text, f);
			return true;
		}
	}
	return add_reason(text, f, name, length);
}

/* --- templates ---------------------------------------------------------------------------------- */

/* Of a gap. */
static const char *
pattern_for(const struct mark_style *style, const struct gap *gap)
{
	const bool repeats = gap->by[REASON_REPEATED] == gap->sum.records && gap->sum.records > 0;

	return style->repeated != NULL && (repeats || style->pattern == NULL) ? style->repeated : style->pattern;
}

/* NULL, or what is wrong. */
static const char *
expand(struct text *text, const char *pattern, const struct figures *f)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz-";

	while (*pattern != '\0') {
		size_t plain = strcspn(pattern, "{");
		size_t name;

		add(text, "%.*s", (int)plain, pattern);
		pattern += plain;
		if (*pattern == '\0')
			break;
		name = strspn(pattern + 1, letters);
		if (name == 0) {
			add(text, "{");
			pattern++;
			continue;
		}
		if (pattern[name + 1] != '}')
			return "a placeholder without its closing brace";
		if (!add_placeholder(text, f, pattern + 1, name))
			return "no such placeholder";
		pattern += name + 2;
	}
	return text->room == 0 ? "too long" : NULL;
}

/* What a mark ends in. */
static const char *
end_of(const struct mark_style *style, size_t *length)
{
	if (style->framing != NULL)
		return framing_end(style->framing, length);
	*length = 1;
	return (const char *)&style->delimiter;
}

/* Whether of a mark with its end that is found before it. */
static bool
ends_early(const char *mark, size_t length, const char *end, size_t end_length)
{
	for (size_t at = 0; at < length; at++) {
		size_t same = 0;

		while (same < end_length && (at + same < length ? mark[at + same] : end[at + same - length]) == end[same])
			same++;
		if (same == end_length)
			return true;
	}
	return false;
}

/* Whether the delimiter may come up: in a mark of all that can be said, or in a text that is never the same. */
static bool
may_contain(const char *mark, size_t length, const struct mark_style *style, const char *pattern)
{
	size_t end_length;
	const char *end = end_of(style, &end_length);
	char braced[16];

	if (end_length == 0)
		return false;

	for (size_t i = 0; i < PLACEHOLDERS; i++) {
		const struct placeholder *p = &placeholders[i];

		(void)snprintf(braced, sizeof(braced), "{%s}", p->name);
		if (p->bytes != NULL && strstr(pattern, braced) != NULL &&
		    memchr(p->bytes, end[0], strlen(p->bytes)) != NULL)
			return true;
	}
	return ends_early(mark, length, end, end_length);
}

/* Room for the text of one, with its final NUL. */
static size_t
room_of(const struct mark_style *style)
{
	size_t end_length;

	(void)end_of(style, &end_length);
	return MARK_MOST + 1 - (end_length > 0 ? end_length : 1);
}

/* The same of one of the two. */
static const char *
check(const struct mark_style *style, const char *pattern)
{
	const uint64_t most = UINT64_C(12345678901234567890); /* as long as any, and every digit */
	struct gap gap = { most, { most, most }, { 0 }, 0, most, 0, 0 };
	const struct figures f = { &gap, style->name, most };
	char room[MARK_MOST];
	struct text text = { room, room_of(style) };
	const char *error;

	if (*pattern == '\0')
		return "empty";
	if (strlen(pattern) >= MARK_MOST)
		return "too long";
	for (int i = 0; i < REASONS; i++)
		gap.by[i] = most;
	error = expand(&text, pattern, &f);
	if (error == NULL && may_contain(room, (size_t)(text.at - room), style, pattern))
		error = "would contain the records' delimiter";
	return error;
}

const char *
mark_check(const struct mark_style *style)
{
	const char *error = style->pattern != NULL ? check(style, style->pattern) : NULL;

	return error == NULL && style->repeated != NULL ? check(style, style->repeated) : error;
}

size_t
mark_format(char *text, const struct mark_style *style, const struct gap *gap, uint64_t now_ns)
{
	const struct figures f = { gap, style->name, now_ns };
	struct text into = { text, room_of(style) };
	size_t length;
	const char *end = end_of(style, &length);

	(void)expand(&into, pattern_for(style, gap), &f);
	memcpy(into.at, end, length); /* in place of the NUL */
	return (size_t)(into.at - text) + length;
}

struct marks *
marks_new(size_t most_gaps, const struct mark_style *style)
{
	struct marks *marks = malloc(sizeof(*marks));

	if (marks == NULL)
		return NULL;
	marks->gaps = gaps_new(most_gaps);
	marks->style = *style;
	marks->length = marks->sent = 0;
	marks->taken = marks->bare = false;
	if (marks->gaps != NULL)
		return marks;
	free(marks);
	return NULL;
}

void
marks_free(struct marks *marks)
{
	if (marks != NULL)
		gaps_free(marks->gaps);
	free(marks);
}

struct gaps *
marks_gaps(const struct marks *marks)
{
	return marks != NULL ? marks->gaps : NULL;
}

bool
marks_repeats_only(const struct marks *marks)
{
	return marks != NULL && marks->style.pattern == NULL;
}

const struct gap *
marks_first(const struct marks *marks)
{
	return marks != NULL ? gaps_first(marks->gaps) : NULL;
}

bool
marks_begun(const struct marks *marks)
{
	return marks != NULL && marks->taken;
}

/* Where the text of one begins that follows a record that ends as all do. */
static size_t
lead_of(const struct mark_style *style)
{
	size_t length;

	(void)end_of(style, &length);
	return length > 0 ? length : MARK_LEAD;
}

static bool
is_framed(const struct marks *marks)
{
	return marks->style.framing != NULL && marks->style.framing->kind == FRAMING_FRAME;
}

void
marks_restart(struct marks *marks)
{
	if (marks == NULL)
		return;
	marks->sent = is_framed(marks) ? marks->head : lead_of(&marks->style);
	marks->bare = false;
}

void
marks_follow(struct marks *marks, const char *text, size_t length)
{
	size_t lead;
	const char *end = end_of(&marks->style, &lead);

	if (lead == 0)
		return; /* behind a frame that was cut nothing is understood */
	marks->bare = length < lead || memcmp(text + length - lead, end, lead) != 0;
	marks->sent = marks->bare ? 0 : lead;
}

/* What of it does not fit into a frame is cut. */
static void
make_frame(struct marks *marks)
{
	const enum frame_format format = marks->style.framing->format;
	const uint64_t most = frame_most(format);
	char head[FRAME_HEAD_MOST];
	size_t length;

	if (marks->length - MARK_LEAD > most)
		marks->length = MARK_LEAD + (size_t)most;
	length = frame_write(format, marks->length - MARK_LEAD, head);
	marks->head = marks->sent = MARK_LEAD - length;
	memcpy(marks->text + marks->head, head, length);
	memcpy(marks->text + marks->length, ",", frame_end(format));
	marks->length += frame_end(format);
}

struct iovec
marks_next(struct marks *marks, uint64_t now_ns, const char *number, uint64_t serial)
{
	if (marks->length == 0) {
		const size_t lead = lead_of(&marks->style);
		size_t length = 0;
		const char *end = end_of(&marks->style, &length);

		memcpy(marks->text, end, length);
		marks->length = lead + (number != NULL ? number_format(marks->text + lead, number, serial) : 0);
		marks->length += mark_format(marks->text + marks->length, &marks->style, gaps_first(marks->gaps), now_ns);
		marks->sent = marks->bare ? 0 : lead;
		if (is_framed(marks))
			make_frame(marks);
	}
	return (struct iovec){ marks->text + marks->sent, marks->length - marks->sent };
}

void
marks_put_off(struct marks *marks)
{
	if (!marks->taken)
		marks->length = 0;
}

bool
marks_leave(struct marks *marks, size_t done)
{
	if (!marks->taken)
		gaps_pop(marks->gaps);
	marks->sent += done;
	marks->taken = marks->sent < marks->length;
	if (marks->taken)
		return false;
	marks->length = 0;
	marks->bare = false;
	return true;
}
