/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * meter: what the live line says: a snapshot in one line of a terminal.
 *
 *      weir  in 12.3k/s 1.2MB/s  [####  :   ]  42%  out 10.0k/s 1.0MB/s  dropped  2.0k +2.3k/s  paused  12%
 *
 * As the data flows: what comes in, the buffer with its watermarks, what goes out; then what got
 * lost, and who is to blame.  Every number has a fixed place, so that the line stands still while
 * they change and the lines of several weirs are a table.
 *
 * Pure: knows no terminal, only how many columns there are; where the line is drawn is screen's.
 * Cannot fail.
 */
#ifndef WEIR_METER_H
#define WEIR_METER_H

#include "tell/snapshot.h"

#include <stdbool.h>
#include <stddef.h>

/* Room for any line. */
#define METER_MOST 2048

/* Wider than this it never gets. */
#define METER_COLUMNS_MOST 200

struct meter_style {
	unsigned columns; /* of the terminal: the line leaves the last one free */
	bool utf8;        /* a finer bar than ASCII has */
	bool colour;
};

/* Writes the line into text (METER_MOST bytes), with a NUL and without a newline, and returns its
 * length.  Where the snapshot's interval is 0 ns, rates and shares are not known yet. */
size_t meter_line(char *text, const struct snapshot *snapshot, const struct meter_style *style);

#endif
