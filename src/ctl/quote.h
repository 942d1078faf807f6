/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quote: words as one line, from which the other end reads the same words.
 *
 * It splits a line as a shell does: at blanks, but for what stands between single quotes.  Pure.
 */
#ifndef WEIR_QUOTE_H
#define WEIR_QUOTE_H

#include <stdbool.h>
#include <stddef.h>

/* Writes the words (count from 1) and a newline into line, with the final NUL.  False for a word that cannot stand in a line,
 * which is then *wrong: with a newline in it, or so long that all does not fit into size bytes. */
bool quote_words(char *line, size_t size, char *const words[], int count, const char **wrong);

#endif
