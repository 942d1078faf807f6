/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/figures.h"
#include "base/visible.h"
#include "ctl/table.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define NAME_LEAST 8
#define NAME_MOST 32

static const struct {
	const char *heading;
	unsigned width;
	bool left;
} columns[] = {
	[TABLE_NAME] = { "NAME", NAME_LEAST, true },
	[TABLE_PID] = { "PID", 7, false },
	[TABLE_POLICY] = { "POLICY", 11, true },
	[TABLE_IN] = { "IN/s", 7, false },
	[TABLE_OUT] = { "OUT/s", 7, false },
	[TABLE_FILL] = { "FILL", 4, false },
	[TABLE_AGE] = { "AGE", 6, false },
	[TABLE_WAITS] = { "WAITS", TABLE_BAR, true },
	[TABLE_LEFT] = { "LEFT", 6, false },
	[TABLE_LOST] = { "LOST", 6, false },
	[TABLE_BREAKER] = { "BRK", 4, true },
};
static_assert(sizeof(columns) / sizeof(columns[0]) == TABLE_COLUMNS, "a row for each column");

/* What there is no room for goes from the end of this. */
static const enum table_column by_rank[TABLE_COLUMNS] = { TABLE_NAME, TABLE_WAITS, TABLE_OUT, TABLE_FILL, TABLE_LOST, TABLE_IN,
	TABLE_AGE, TABLE_LEFT, TABLE_BREAKER, TABLE_PID, TABLE_POLICY };

/* One for each of what a wait may be for. */
static const char bar_letters[] = "iorhs";
static_assert(sizeof(bar_letters) > WAITS, "a letter for each wait");
#define BUSY '.'

struct table
table_make(unsigned room, bool ascii)
{
	struct table table = { .ascii = ascii };
	unsigned used = 0;

	for (int i = 0; i < TABLE_COLUMNS; i++) {
		const enum table_column column = by_rank[i];
		const unsigned width = columns[column].width + (used > 0);

		if (used + width > room && used > 0)
			break;
		table.width[column] = columns[column].width;
		used += width;
	}
	for (; used < room && table.width[TABLE_NAME] < NAME_MOST; used++)
		table.width[TABLE_NAME]++;
	return table;
}

const char *
table_heading(enum table_column column)
{
	return columns[column].heading;
}

bool
table_is_left(enum table_column column)
{
	return columns[column].left;
}

/* --- cells --------------------------------------------------------------------------------------- */

static void
set(struct table_cell *cell, const struct table *table, enum table_column column, const char *text)
{
	char shown[TABLE_CELL];

	(void)visible_write(shown, sizeof(shown), text, strlen(text), table->ascii);
	(void)snprintf(cell->text, sizeof(cell->text), "%.*s", (int)visible_fitting(shown, table->width[column]), shown);
	cell->columns = visible_columns(cell->text);
}

static void
set_count(struct table_cell *cell, const struct table *table, enum table_column column, const struct told *told,
    struct tally tally)
{
	char figure[32], text[34];

	figures_count(figure, sizeof(figure), told->bytes ? tally.bytes : tally.records);
	(void)snprintf(text, sizeof(text), "%s%s", figure, told->bytes ? "B" : "");
	set(cell, table, column, text);
}

static void
set_name(struct table_cell *cell, const struct table *table, const struct stage *stage)
{
	const struct surveyed *weir = stage->weir;
	char text[TOLD_NAME + 2];

	(void)snprintf(text, sizeof(text), "%s%s", stage->behind ? "> " : "",
	    weir->report != NULL ? weir->told.name : weir->socket.name);
	set(cell, table, TABLE_NAME, text);
}

/* Parts by their ends, so that they are never more than all. */
static void
set_waits(struct table_cell *cell, const struct table *table, const struct pace *pace)
{
	char bar[TABLE_BAR + 1];
	unsigned at = 0, sum = 0;

	for (int i = 0; i < WAITS; i++) {
		sum += pace->waited[i];
		for (; at < (sum * TABLE_BAR + PACE_ALL / 2) / PACE_ALL; at++)
			bar[at] = bar_letters[i];
	}
	while (at < TABLE_BAR)
		bar[at++] = BUSY;
	bar[TABLE_BAR] = '\0';
	set(cell, table, TABLE_WAITS, bar);
}

static void
set_drops(struct table_cell *cell, const struct table *table, enum table_column column, const struct told *told,
    struct tally tally, enum tone tone)
{
	set_count(cell, table, column, told, tally);
	if (tally.bytes > 0)
		cell->tone = tone;
}

static void
set_age(struct table_cell *cell, const struct table *table, uint64_t ns)
{
	char text[32];

	figures_ns(text, sizeof(text), ns);
	set(cell, table, TABLE_AGE, ns != TOLD_UNKNOWN ? text : "-");
}

static void
set_fill(struct table_cell *cell, const struct table *table, unsigned fill)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%u%%", (fill * 100 + PACE_ALL / 2) / PACE_ALL);
	set(cell, table, TABLE_FILL, text);
	if (fill >= PACE_ALL * 9 / 10)
		cell->tone = STRONG;
}

static void
set_breaker(struct table_cell *cell, const struct table *table, enum told_breaker breaker)
{
	set(cell, table, TABLE_BREAKER, breaker == TOLD_OPEN ? "open" : breaker == TOLD_CLOSED ? "ok" : "-");
	cell->tone = breaker == TOLD_OPEN ? BAD : PLAIN;
}

/* One that has said nothing yet has a name and a number. */
static void
set_unknown(struct table_cell *cell, const struct table *table, enum table_column column, const struct surveyed *weir)
{
	set(cell, table, column, column != TABLE_WAITS ? "-" : weir->failed ? "failed" : "no answer");
	cell->tone = FAINT;
}

void
table_cell(struct table_cell *cell, const struct table *table, enum table_column column, const struct stage *stage)
{
	const struct surveyed *weir = stage->weir;
	const struct told *told = &weir->told;
	char pid[32];

	*cell = (struct table_cell){ .tone = PLAIN };
	(void)snprintf(pid, sizeof(pid), "%jd", (intmax_t)weir->socket.pid);
	if (column == TABLE_NAME)
		set_name(cell, table, stage);
	else if (column == TABLE_PID)
		set(cell, table, column, pid);
	else if (weir->report == NULL || (column == TABLE_WAITS && weir->silent))
		set_unknown(cell, table, column, weir);
	else if (column == TABLE_POLICY)
		set(cell, table, column, told->policy);
	else if (column == TABLE_IN)
		set_count(cell, table, column, told, stage->pace.in_per_s);
	else if (column == TABLE_OUT)
		set_count(cell, table, column, told, stage->pace.out_per_s);
	else if (column == TABLE_FILL)
		set_fill(cell, table, stage->pace.fill);
	else if (column == TABLE_AGE)
		set_age(cell, table, told->oldest_ns);
	else if (column == TABLE_WAITS)
		set_waits(cell, table, &stage->pace);
	else if (column == TABLE_LEFT)
		set_drops(cell, table, column, told, told->sampled, WARNING);
	else if (column == TABLE_LOST)
		set_drops(cell, table, column, told, told->lost, BAD);
	else
		set_breaker(cell, table, told->breaker);
}

enum tone
table_bar_tone(char part, const struct pace *pace)
{
	static const enum tone by_pressure[] = { [PACE_GOOD] = GOOD, [PACE_SOME] = WARNING, [PACE_MUCH] = BAD };

	if (part == bar_letters[WAIT_OUTPUT])
		return by_pressure[pace_pressure(pace->waited[WAIT_OUTPUT])];
	return part == BUSY ? GOOD : part == bar_letters[WAIT_INPUT] ? FAINT : PLAIN;
}
