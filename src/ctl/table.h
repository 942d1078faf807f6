/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table: the stages as rows and columns of text, as many columns as there is room for.
 *
 * Pure: where it is shown is top's.
 */
#ifndef WEIR_TABLE_H
#define WEIR_TABLE_H

#include "ctl/stages.h"
#include "tell/ink.h"

#include <stdbool.h>
#include <stddef.h>

enum table_column {
	TABLE_NAME,
	TABLE_PID,
	TABLE_POLICY,
	TABLE_IN,
	TABLE_OUT,
	TABLE_FILL,
	TABLE_AGE,
	TABLE_WAITS,
	TABLE_LEFT,
	TABLE_LOST,
	TABLE_BREAKER,
};
#define TABLE_COLUMNS 11

/* The parts of the waits' bar. */
#define TABLE_BAR 10

struct table {
	unsigned width[TABLE_COLUMNS]; /* 0: it is not shown */
	bool ascii;                    /* the terminal shows nothing else */
};

#define TABLE_CELL 512

struct table_cell {
	char text[TABLE_CELL]; /* not padded, and fits its column */
	unsigned columns;      /* that it takes up */
	enum tone tone;
};

/* As many columns as fit into so many of a terminal, blanks between them included; the most important ones always. */
struct table table_make(unsigned columns, bool ascii);

/* The heading of a column, and whether what is in it stands at its left. */
const char *table_heading(enum table_column column);
bool table_is_left(enum table_column column);

/* What a stage has there. */
void table_cell(struct table_cell *cell, const struct table *table, enum table_column column, const struct stage *stage);

/* How one byte of the bar of waits is to be shown. */
enum tone table_bar_tone(char part, const struct pace *pace);

#endif
