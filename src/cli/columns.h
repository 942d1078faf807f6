/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * columns: a word at the left, and what is said of it at the right, on standard output.
 */
#ifndef WEIR_COLUMNS_H
#define WEIR_COLUMNS_H

/* What is at the left stands there already, `at` columns wide; the text begins in a column, on the next line where that is
 * taken, and is broken at its blanks before the 80th. */
void columns_print(int at, int column, const char *text);

#endif
