/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/figures.h"
#include "base/visible.h"
#include "os/diag.h"
#include "tell/handover.h"
#include "tell/text.h"

#include <inttypes.h>
#include <string.h>

#define COLUMNS 100

#define COMMAND_COLUMNS 24

/* --- one thing each, or nothing ------------------------------------------------------------------- */

static void
say_number(struct line *item, uint64_t number, const char *one, const char *many)
{
	if (number > 0)
		line_add(item, "%" PRIu64 " %s", number, number == 1 ? one : many);
}

static void
say_in_flight(struct line *item, const struct snapshot *s)
{
	if (s->in_flight.bytes > 0)
		text_tally(item, s, "in flight", &s->in_flight);
}

static void
say_breaker(struct line *item, const struct snapshot *s)
{
	char time[32];

	if (!s->reader.open)
		return;
	figures_ns(time, sizeof(time), s->reader.open_for_ns);
	line_add(item, "breaker open for %s", time);
}

/* Of what is tried and fails. */
static void
say_tries(struct line *item, const struct snapshot *s)
{
	const struct reader_figures *reader = &s->reader;
	char time[32];

	if (reader->tries > 0)
		say_number(item, reader->tries, "try failed", "tries failed");
	if (reader->next_try_ns == UINT64_MAX)
		return;
	figures_ns(time, sizeof(time), reader->next_try_ns);
	line_add(item, "%snext in %s", reader->tries > 0 ? ", " : "try failed, ", time);
}

static void
say_batches(struct line *item, const struct snapshot *s)
{
	say_number(item, s->reader.batches, "batch", "batches");
}

/* Of one that is fed a stream: more than one is news. */
static void
say_starts(struct line *item, const struct snapshot *s)
{
	if (s->reader.starts > 1 && !s->options->reader.batching)
		say_number(item, s->reader.starts, "start", "starts");
}

static void
say_redelivered(struct line *item, const struct snapshot *s)
{
	if (s->ledger.redelivered.bytes > 0)
		text_tally(item, s, "redelivered", &s->ledger.redelivered);
}

static void
say_failures(struct line *item, const struct snapshot *s)
{
	say_number(item, s->reader.failures, "failure", "failures");
}

static void
say_status(struct line *item, const struct snapshot *s)
{
	if (s->reader.status > 0)
		line_add(item, "last status %d", s->reader.status);
}

static void
say_ignored(struct line *item, const struct snapshot *s)
{
	say_number(item, s->reader.ignored, "answer ignored", "answers ignored");
}

static void
say_opened(struct line *item, const struct snapshot *s)
{
	char time[32];

	if (s->reader.opened == 0)
		return;
	figures_ns(time, sizeof(time), s->reader.open_ns);
	line_add(item, "breaker opened ");
	say_number(item, s->reader.opened, "time", "times");
	line_add(item, " for %s", time);
}

static void
say_added(struct line *item, const struct snapshot *s)
{
	char bytes[32];

	if (s->ledger.added_bytes == 0)
		return;
	figures_bytes(bytes, sizeof(bytes), s->ledger.added_bytes, s->ledger.in.bytes);
	line_add(item, "numbers %s", bytes);
}

/* --- which, and where ----------------------------------------------------------------------------- */

#define WHEN(event) (1U << (event))
#define GOING (WHEN(REPORT_INTERVAL) | WHEN(REPORT_SIGNAL)) /* while it goes on */
#define SO_FAR (WHEN(REPORT_SIGNAL) | WHEN(REPORT_FINAL))   /* of the whole run */

static const struct {
	unsigned when;
	void (*say)(struct line *item, const struct snapshot *s);
} items[] = {
	{ GOING, say_in_flight },
	{ GOING, say_breaker },
	{ GOING, say_tries },
	{ SO_FAR, say_batches },
	{ SO_FAR, say_starts },
	{ SO_FAR, say_redelivered },
	{ SO_FAR, say_failures },
	{ SO_FAR, say_status },
	{ SO_FAR, say_ignored },
	{ SO_FAR, say_opened },
	{ SO_FAR, say_added },
};

/* "reader load, --confirm=exit": the last part of a path, and of a long one what finds room. */
static void
name_reader(struct line *line, const struct snapshot *s)
{
	const struct reader_figures *reader = &s->reader;
	const char *slash, *name;

	line_add(line, "reader");
	if (reader->command != NULL) {
		slash = strrchr(reader->command, '/');
		name = diag_visible(slash != NULL && slash[1] != '\0' ? slash + 1 : reader->command);
		line_add(line, " %.*s", (int)visible_fitting(name, COMMAND_COLUMNS), name);
	}
	if (reader->command != NULL || s->options->reader.confirm != CONFIRM_WRITTEN)
		line_add(line, ", --confirm=%s", reader->confirm);
	if (reader->fell_back)
		line_add(line, " (what is read cannot be told)");
}

/* A line that has been begun, and what stands in it. */
struct handover {
	struct line *line;
	const struct snapshot *snapshot;
	size_t begun;
	unsigned items; /* in the line */
	unsigned lines;
};

static void
begin_line(struct handover *h)
{
	line_add(h->line, "\n");
	h->begun = h->line->length;
	text_begin(h->line, h->snapshot);
	if (h->lines++ == 0)
		name_reader(h->line, h->snapshot);
	else
		line_add(h->line, "reader");
	h->items = 0;
}

static void
add_item(struct handover *h, const char *text)
{
	if (h->lines == 0 || (h->items > 0 && h->line->length - h->begun + strlen(", ") + strlen(text) > COLUMNS))
		begin_line(h);
	line_add(h->line, "%s%s", h->items++ == 0 ? ": " : ", ", text);
}

void
handover_write(struct line *line, const struct snapshot *s)
{
	struct handover h = { .line = line, .snapshot = s };
	char text[160];

	if (!s->has_reader)
		return;
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		struct line item = { text, 0, sizeof(text) };

		text[0] = '\0';
		if ((items[i].when & WHEN(s->event)) != 0)
			items[i].say(&item, s);
		if (item.length > 0)
			add_item(&h, text);
	}
	if (h.lines == 0 && s->event != REPORT_INTERVAL &&
	    (s->reader.command != NULL || s->options->reader.confirm != CONFIRM_WRITTEN))
		begin_line(&h);
}
