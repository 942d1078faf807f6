/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mark: a gap as a record that says so, made from a template.
 *
 * In a template {records} and its like stand for figures; see the table in mark.c and --mark-drops in
 * weir(1).  A brace that no lower-case letter follows is itself, so that a template may be JSON.  Does
 * not know where marks go, or when.
 */
#ifndef WEIR_MARK_H
#define WEIR_MARK_H

#include "hold/gaps.h"

#include <stddef.h>
#include <stdint.h>

#define MARK_DEFAULT "{name}: {records} records ({bytes} bytes) dropped in {time}"

/* No mark is longer, its delimiter included: what every pipe takes whole on Linux. */
#define MARK_MOST 4096

/* What a mark says, but for the gap. */
struct mark_style {
	const char *pattern;     /* that mark_check() has taken */
	const char *name;        /* {name}; at most 64 bytes */
	unsigned char delimiter; /* at the end */
};

/* NULL, or what is wrong with the template, given the name and the delimiter: a short static phrase. */
const char *mark_check(const struct mark_style *style);

/* The gaps that are still to be marked, and the mark that is on its way. */
struct marks {
	struct gaps *gaps; /* owned */
	struct mark_style style;
	char text[MARK_MOST];
	size_t length; /* 0 for none on its way; from its first byte on it is as it is, until then the gap may grow */
	size_t sent;
};

/* malloc'd, with room for so many gaps, or NULL with errno; to be freed by marks_free, which takes
 * NULL too. */
struct marks *marks_new(size_t most_gaps, const struct mark_style *style);
void marks_free(struct marks *marks);

/* Writes the mark into text (MARK_MOST bytes) and returns its length.  The gap's times are of
 * loop_now's clock, and so is now_ns. */
size_t mark_format(char *text, const struct mark_style *style, const struct gap *gap, uint64_t now_ns);

#endif
