/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "power/history.h"

#include "spool/inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a spool that was just opened, before anything is read from it. */
struct opened {
	uint64_t first; /* ordinals, in bytes: of the oldest that is not settled, */
	uint64_t next;  /* behind all there is, */
	uint64_t hole_from, hole_to; /* and of what has given way between */
};

struct judge {
	const struct history *history;
	struct opened opened;
	bool here[HISTORY_MOST];
	struct tally came;
	size_t leaving; /* the segment that is just giving way, as far as that can be seen; SIZE_MAX */
	uint64_t *figure;
};

static const char *
wrong(struct judge *judge, const char *what, uint64_t one, uint64_t other)
{
	judge->figure[0] = one;
	judge->figure[1] = other;
	return what;
}

void
history_text(char *text, const struct line *line)
{
	char head[32];
	int length = snprintf(head, sizeof(head), "%" PRIu64 " ", line->serial);

	memset(text, 'a' + (int)(line->serial % 26), line->length);
	memcpy(text, head, (size_t)length < line->length ? (size_t)length : line->length);
	text[line->length - 1] = '\n';
}

/* What came: the next of the list that is the same. */
static size_t
match(const struct history *history, size_t from, const char *text, size_t length)
{
	static char line[HISTORY_LONGEST];

	for (size_t i = from; i < history->count; i++) {
		if (history->line[i].length > length)
			continue;
		history_text(line, &history->line[i]);
		if (memcmp(line, text, history->line[i].length) == 0)
			return i;
	}
	return history->count;
}

static const char *
read_all(struct judge *judge, struct spool *left)
{
	const struct history *history = judge->history;
	struct spool_next next;
	size_t at = 0;

	while (spool_next(left, &next)) {
		uint64_t serial = next.first + next.skipped;

		for (size_t done = 0; done < next.length; serial++) {
			const size_t i = match(history, at, next.text + done, next.length - done);

			if (i == history->count)
				return wrong(judge, "a record that was never put, or in another order", done, next.first);
			if (history->line[i].serial != serial) /* no gaps are put here */
				return wrong(judge, "a record has another serial", serial, history->line[i].serial);
			judge->here[i] = true;
			ledger_count(&judge->came, 1, history->line[i].length);
			done += history->line[i].length;
			at = i + 1;
		}
		if (next.length > 0 && !spool_loaded(left, 0))
			abort();
	}
	return NULL;
}

static bool
has_given_way(const struct judge *judge, const struct line *line)
{
	return line->end > judge->opened.hole_from && line->end <= judge->opened.hole_to;
}

/* What is between the first and the last, and is not there, is said to be missing: to the byte. */
static const char *
judge_law(struct judge *judge, const struct spool *left)
{
	const struct spool_figures figures = spool_figures(left);
	struct tally missing = { 0, 0 };

	if (figures.recovered.records != judge->came.records + figures.corrupt.records ||
	    figures.recovered.bytes != judge->came.bytes + figures.corrupt.bytes)
		return wrong(judge, "the law: recovered, and what came", figures.recovered.bytes, judge->came.bytes);
	for (size_t i = 0; i < judge->history->count; i++) {
		const struct line *line = &judge->history->line[i];

		if (!judge->here[i] && line->end > judge->opened.first && line->end <= judge->opened.next &&
		    !has_given_way(judge, line))
			ledger_count(&missing, 1, line->length);
	}
	if (figures.corrupt.records != missing.records || figures.corrupt.bytes != missing.bytes)
		return wrong(judge, "corrupt, and what is missing", figures.corrupt.bytes, missing.bytes);
	return NULL;
}

/* It is in the segment that is giving way at this moment, and whose owner has not been told yet: the one in which the first
 * is that is missing so. */
static bool
is_leaving(struct judge *judge, const struct line *line)
{
	const struct segments *segments = judge->history->giving_way;
	size_t index = segments != NULL ? segments->count : 0;

	while (index > 0 && segments_at(segments, index - 1)->before.bytes >= line->end)
		index--;
	if (index == 0)
		return false;
	if (judge->leaving == SIZE_MAX)
		judge->leaving = index;
	return judge->leaving == index;
}

static const char *
judge_line(struct judge *judge, size_t index)
{
	const struct history *history = judge->history;
	const struct line *line = &history->line[index];
	const bool here = judge->here[index], synced = line->end <= history->synced;
	const bool said = line->end <= judge->opened.first || has_given_way(judge, line);

	if (!here && synced && !line->removed && !said && !is_leaving(judge, line))
		return wrong(judge, "a record that was synced is said to be lost", line->serial, index);
	if (!here && synced && line->gone == 0 && !line->settled && !is_leaving(judge, line))
		return wrong(judge, "a record that was synced is missing", line->serial, index);
	if (here && index < history->settled_for_sure)
		return wrong(judge, "a record comes again that was settled for sure", line->serial, index);
	if (line->gone > 0 && line->gone <= history->gone_for_sure && (here || (synced && !said)))
		return wrong(judge, "a record that had given way for sure comes, or is said to be lost", line->serial, here);
	return NULL;
}

const char *
history_judge(const struct history *history, struct spool *left, const struct state *state, uint64_t figure[2])
{
	static struct judge judge;
	const char *what;

	judge = (struct judge){ .history = history, .figure = figure, .leaving = SIZE_MAX,
		.opened = { state->before.bytes, left->next.bytes, state->hole_from.bytes, state->hole_to.bytes } };
	if (spool_serial(left) < history->given)
		return wrong(&judge, "a serial would be given again", spool_serial(left), history->given);
	if ((what = read_all(&judge, left)) != NULL || (what = judge_law(&judge, left)) != NULL)
		return what;
	for (size_t i = 0; i < history->count; i++)
		if ((what = judge_line(&judge, i)) != NULL)
			return what;
	return NULL;
}
