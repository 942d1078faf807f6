/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/units.h"
#include "base/visible.h"
#include "ctl/choose.h"
#include "ctl/panel.h"
#include "ctl/table.h"
#include "ctl/top.h"
#include "os/diag.h"
#include "os/loop.h"

#include <sys/ioctl.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* From one report to the next. */
#define TICK_NS NS_PER_S

/* Where output is no terminal all columns are shown. */
#define COLUMNS_ELSE 132

/* --- one table ----------------------------------------------------------------------------------- */

static unsigned
columns_of_output(void)
{
	struct winsize size;

	if (isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return COLUMNS_ELSE;
}

/* The last column of a line is not padded. */
static void
print_padded(const char *text, unsigned columns, unsigned width, bool left, bool last)
{
	const int blanks = (int)(width > columns ? width - columns : 0);

	if (left)
		printf("%s%*s", text, last ? 0 : blanks, "");
	else
		printf("%*s%s", blanks, "", text);
}

static int
last_column(const struct table *table)
{
	int last = TABLE_COLUMNS - 1;

	while (last > 0 && table->width[last] == 0)
		last--;
	return last;
}

/* NULL: the headings. */
static void
print_row(const struct table *table, const struct stage *stage)
{
	const int last = last_column(table);

	for (int i = 0; i <= last; i++) {
		const enum table_column column = (enum table_column)i;
		const char *heading = table_heading(column);
		struct table_cell cell;

		if (table->width[i] == 0)
			continue;
		if (stage != NULL)
			table_cell(&cell, table, column, stage);
		print_padded(stage != NULL ? cell.text : heading, stage != NULL ? cell.columns : visible_columns(heading),
		    table->width[i], table_is_left(column), i == last);
		printf("%s", i < last ? " " : "\n");
	}
}

static bool
print_table(const struct survey *survey)
{
	const struct table table = table_make(columns_of_output(), isatty(STDOUT_FILENO) == 1 && !visible_locale_is_utf8());
	struct stages stages;

	if (!stages_find(&stages, survey))
		return false;
	print_row(&table, NULL);
	for (size_t i = 0; i < stages.count; i++)
		print_row(&table, &stages.one[i]);
	stages_free(&stages);
	return fflush(stdout) == 0 && !ferror(stdout);
}

/* Two reports, a second apart. */
static int
run_once(struct survey *survey)
{
	const uint64_t begin_ns = loop_now();
	struct timespec left = { 0, 0 };

	if (!survey_take_all(survey)) {
		choose_say_no_sockets(errno);
		return CTL_BAD;
	}
	if (loop_now() < begin_ns + TICK_NS)
		left.tv_nsec = (long)(begin_ns + TICK_NS - loop_now()) % (long)NS_PER_S;
	(void)nanosleep(&left, NULL);
	if (!survey_take_all(survey)) {
		choose_say_no_sockets(errno);
		return CTL_BAD;
	}
	if (print_table(survey))
		return CTL_GOOD;
	diag_errno(errno, "standard output");
	return CTL_BAD;
}

/* --- again and again ----------------------------------------------------------------------------- */

static int
run_in_terminal(struct survey *survey)
{
	if (!panel_is_possible()) {
		diag_error("top: " PANEL_IMPOSSIBLE "; -b prints one table");
		return CTL_BAD;
	}
	if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1) {
		diag_error("top: standard input and output have to be a terminal; -b prints one table");
		return CTL_BAD;
	}
	return panel_run(survey) ? CTL_GOOD : CTL_BAD;
}

int
top_run(const struct asked *asked)
{
	struct survey survey;
	int status;

	if (!tree_is_possible()) {
		diag_error("top: " TREE_IMPOSSIBLE);
		return CTL_BAD;
	}
	survey_begin(&survey);
	status = asked->on[WORD_BATCH] ? run_once(&survey) : run_in_terminal(&survey);
	survey_end(&survey);
	return status;
}
