/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line: a text that is put together in room that was given.
 *
 * What does not fit is cut: there is room for the longest, and a test says so.  Does not allocate, and does not
 * know what it is a line of.
 */
#ifndef WEIR_LINE_H
#define WEIR_LINE_H

#include <stddef.h>

struct line {
	char *text;    /* not owned; always ends in a NUL once something was added */
	size_t length; /* without the NUL */
	size_t most;   /* bytes at text, more than length */
};

/* Adds what printf would print.  Cannot fail. */
void line_add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
