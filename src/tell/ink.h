/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ink: a line for a terminal, with its columns counted and its colours set.
 *
 * Knows no figure and no terminal: whether there is colour the caller says.  Does not allocate, cannot fail.
 */
#ifndef WEIR_INK_H
#define WEIR_INK_H

#include "base/line.h"

#include <stdbool.h>

enum tone { PLAIN, FAINT, STRONG, GOOD, WARNING, BAD };

/* No text that is put in at once is wider. */
#define INK_COLUMNS_MOST 200

struct ink {
	struct line line; /* what there is, escape sequences included */
	unsigned columns; /* that it takes up */
	bool colour;
};

/* Adds what printf would print, which is printable, in a tone. */
void ink_say(struct ink *ink, enum tone tone, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same for text whose columns only the caller knows, and the tone around several. */
void ink_draw(struct ink *ink, const char *text, unsigned columns);
void ink_begin(struct ink *ink, enum tone tone);
void ink_end(struct ink *ink, enum tone tone);

#endif
