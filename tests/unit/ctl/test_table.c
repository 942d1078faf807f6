/* SPDX-License-Identifier: BSD-2-Clause */
/* Stages as cells: which columns there are in how much room, and what stands in them. */
#include "../tap.h"

#include "base/units.h"
#include "ctl/table.h"

static struct surveyed weir;
static struct stage stage;

static unsigned
width_of(const struct table *table)
{
	unsigned width = 0;

	for (int i = 0; i < TABLE_COLUMNS; i++)
		width += table->width[i] + (table->width[i] > 0 && width > 0);
	return width;
}

static const char *
headings(unsigned room)
{
	static char text[256];
	const struct table table = table_make(room, false);
	size_t length = 0;

	*text = '\0';
	for (int i = 0; i < TABLE_COLUMNS; i++)
		if (table.width[i] > 0)
			length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s", length > 0 ? " " : "",
			    table_heading((enum table_column)i));
	return text;
}

static void
rooms(void)
{
	unsigned bad = 0;

	is_text(headings(40), "NAME OUT/s FILL WAITS LOST", "40 columns");
	is_text(headings(80), "NAME PID IN/s OUT/s FILL AGE WAITS LEFT LOST BRK", "80 columns");
	is_text(headings(132), "NAME PID POLICY IN/s OUT/s FILL AGE WAITS LEFT LOST BRK", "132 columns");
	is_text(headings(1), "NAME", "one column");
	for (unsigned room = 8; room < 300; room++) {
		const struct table table = table_make(room, false);

		if (width_of(&table) > room)
			bad = room;
	}
	is(bad, 0, "no more than there is room for");
}

static void
begin(void)
{
	weir = (struct surveyed){ .socket = { .name = "socket", .pid = 42 }, .report = (struct tree *)(void *)&weir };
	weir.told = (struct told){ .name = "shop", .policy = "shed", .oldest_ns = TOLD_UNKNOWN, .breaker = TOLD_NO_BREAKER };
	stage = (struct stage){ .weir = &weir };
}

static const char *
cell(enum table_column column)
{
	static struct table_cell seen;
	const struct table table = table_make(80, false);

	table_cell(&seen, &table, column, &stage);
	return seen.text;
}

static enum tone
tone(enum table_column column)
{
	struct table_cell seen;
	const struct table table = table_make(80, false);

	table_cell(&seen, &table, column, &stage);
	return seen.tone;
}

static void
figures(void)
{
	begin();
	is_text(cell(TABLE_NAME), "shop", "the name as the report has it");
	is_text(cell(TABLE_PID), "42", "process id");
	is_text(cell(TABLE_AGE), "-", "nothing waits");
	is_text(cell(TABLE_BREAKER), "-", "no breaker");
	is_text(cell(TABLE_LOST), "0", "nothing lost");
	is(tone(TABLE_LOST), PLAIN, "and nothing to be seen of it");
	stage.behind = true;
	stage.pace = (struct pace){ .in_per_s = { 1500, 90000 }, .out_per_s = { 1, 60 }, .fill = 999 };
	weir.told.lost = (struct tally){ 12, 1200 };
	weir.told.sampled = (struct tally){ 3, 300 };
	weir.told.oldest_ns = 1500 * NS_PER_MS;
	weir.told.breaker = TOLD_OPEN;
	is_text(cell(TABLE_NAME), "> shop", "behind another");
	is_text(cell(TABLE_IN), "1.5k", "in");
	is_text(cell(TABLE_OUT), "1", "out");
	is_text(cell(TABLE_FILL), "100%", "full");
	is_text(cell(TABLE_AGE), "1.5s", "age");
	is_text(cell(TABLE_LOST), "12", "lost");
	is_text(cell(TABLE_LEFT), "3", "left out");
	is_text(cell(TABLE_BREAKER), "open", "breaker");
	ok(tone(TABLE_LOST) == BAD && tone(TABLE_LEFT) == WARNING && tone(TABLE_BREAKER) == BAD, "in red, yellow, red");
	weir.told.bytes = true;
	is_text(cell(TABLE_IN), "90.0kB", "bytes, where those are the records");
	weir.told.lost = (struct tally){ 0, 5 };
	weir.told.bytes = false;
	is(tone(TABLE_LOST), BAD, "part of a record is lost, too");
}

static void
bars(void)
{
	static const struct {
		unsigned input, output, rate;
		const char *bar;
	} table[] = {
		{ 0, 0, 0, ".........." }, { 1000, 0, 0, "iiiiiiiiii" }, { 0, 1000, 0, "oooooooooo" }, { 0, 0, 1000, "rrrrrrrrrr" },
		{ 300, 300, 300, "iiiooorrr." }, { 49, 0, 0, ".........." }, { 50, 0, 0, "i........." },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		begin();
		stage.pace.waited[WAIT_INPUT] = table[i].input;
		stage.pace.waited[WAIT_OUTPUT] = table[i].output;
		stage.pace.waited[WAIT_RATE] = table[i].rate;
		is_text(cell(TABLE_WAITS), table[i].bar, "%u %u %u", table[i].input, table[i].output, table[i].rate);
	}
	stage.pace = (struct pace){ .waited = { 333, 333, 334 } };
	is_text(cell(TABLE_WAITS), "iiioooorrr", "thirds");
	is(table_bar_tone('o', &stage.pace), WARNING, "a third of the time is yellow");
	stage.pace.waited[WAIT_OUTPUT] = 501;
	is(table_bar_tone('o', &stage.pace), BAD, "more than half of it red");
	stage.pace.waited[WAIT_OUTPUT] = 100;
	is(table_bar_tone('o', &stage.pace), GOOD, "a tenth green");
}

static void
others(void)
{
	begin();
	(void)snprintf(weir.told.name, sizeof(weir.told.name), "%s", "\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244");
	is(strlen(cell(TABLE_NAME)), 2 * table_make(80, false).width[TABLE_NAME], "a name is cut by columns, not by bytes");
	{
		const struct table ascii = table_make(80, true);
		struct table_cell seen;

		(void)snprintf(weir.told.name, sizeof(weir.told.name), "%s", "a\303\244");
		table_cell(&seen, &ascii, TABLE_NAME, &stage);
		is_text(seen.text, "a\\303\\244", "where the terminal takes ASCII alone the rest is escaped");
	}
	weir.silent = true;
	is_text(cell(TABLE_WAITS), "no answer", "one that has stopped answering");
	is_text(cell(TABLE_OUT), "0", "its last figures stay");
	weir.report = NULL;
	is_text(cell(TABLE_WAITS), "no answer", "one that has never answered");
	weir.failed = true;
	is_text(cell(TABLE_WAITS), "failed", "one that could not be asked");
	is_text(cell(TABLE_NAME), "socket", "one that has said nothing has the name of its socket");
	is_text(cell(TABLE_OUT), "-", "and nothing more");
	is_text(cell(TABLE_PID), "42", "but its number");
}

int
main(void)
{
	rooms();
	figures();
	bars();
	others();
	return done_testing();
}
