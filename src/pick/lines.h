/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lines: of lines that are records together, which goes on with which.
 *
 * A question about one line at a time, without its newline.  What is done about it is not known here, nor what came before.
 */
#ifndef WEIR_LINES_H
#define WEIR_LINES_H

#include "pick/pattern.h"

#include <stdbool.h>
#include <stddef.h>

/* Owned; each may be NULL, and start or join is. */
struct lines {
	struct pattern *start;     /* what matches begins a record, what does not goes on with the line before */
	struct pattern *join;      /* what matches goes on with the line before, what does not begins a record */
	struct pattern *continued; /* what matches goes on with the line behind */
};

void lines_free(struct lines *lines);

/* From now on a carriage return at the end is of the line's end: see pattern_set_lines. */
void lines_set_lines(struct lines *lines);

/* Whether any is asked for. */
bool lines_are_joined(const struct lines *lines);

/* Whether only the line behind it tells that a record ends. */
bool lines_look_ahead(const struct lines *lines);

/* Whether a line goes on with the one before it; and with the one behind it. */
bool lines_go_on(const struct lines *lines, const char *text, size_t length);
bool lines_are_continued(const struct lines *lines, const char *text, size_t length);

#endif
