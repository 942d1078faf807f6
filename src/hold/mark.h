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

#include "base/record.h"
#include "hold/gaps.h"
#include "hold/number.h"

#include <sys/uio.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MARK_DEFAULT "{name}: {records} records ({bytes} bytes) dropped in {time}"
#define MARK_REPEATED "repeated {records} times in {time}"

/* No mark is longer, its delimiter included: what every pipe takes whole on Linux. */
#define MARK_MOST 4096

#define MARK_LEAD FRAME_HEAD_MOST /* not less than FRAMING_STRING_MOST */

/* What a mark says, but for the gap. */
struct mark_style {
	const char *pattern;     /* that mark_check() has taken; NULL: there are none but of repeats */
	const char *name;        /* {name}; at most 64 bytes */
	unsigned char delimiter; /* at the end */
	const struct framing *framing; /* what more than that byte makes a record of it; NULL: nothing; not owned */
	const char *repeated;    /* the pattern of a gap in which nothing is missing but repeats; NULL: the other one */
};

/* NULL, or what is wrong with the template, given the name and the delimiter: a short static phrase. */
const char *mark_check(const struct mark_style *style);

/* The gaps that are still to be marked, and the mark that is on its way. */
struct marks {
	struct gaps *gaps; /* owned */
	struct mark_style style;
	/* In front a delimiter, which leaves only behind a record that has none; or, right before the rest, a header. */
	char text[MARK_LEAD + NUMBER_MOST + MARK_MOST];
	size_t head;   /* where its header begins */
	size_t length; /* 0 for none on its way; from its first byte on it is as it is, until then the gap may grow */
	size_t sent;
	bool taken;    /* its first byte has been, and its gap is done */
	bool bare;     /* what stands in front of the next one has no delimiter */
};

/* malloc'd, with room for so many gaps, or NULL with errno; to be freed by marks_free, which takes
 * NULL too. */
struct marks *marks_new(size_t most_gaps, const struct mark_style *style);
void marks_free(struct marks *marks);

/* Where they are found; NULL without marks. */
struct gaps *marks_gaps(const struct marks *marks);

/* Whether there are none but of repeats: nothing else is a gap then. */
bool marks_repeats_only(const struct marks *marks);

/* The gap that is to be marked first; NULL where there is none.  (marks may be NULL here, and in the next one.) */
const struct gap *marks_first(const struct marks *marks);

/* Whether part of a mark is out, and part is not: its rest goes before anything else. */
bool marks_begun(const struct marks *marks);

/* What is to leave: the rest of a mark that was begun, or that of the first gap as it is now (there is one); it is good
 * until it has left, in part or whole, or was put off.  With a template of a number (number_check, or NULL) that of this
 * serial stands in front of it. */
struct iovec marks_next(struct marks *marks, uint64_t now_ns, const char *number, uint64_t serial);

/* It could not be begun: until it is, the gap may grow. */
void marks_put_off(struct marks *marks);

/* One that was begun is to be sent from its beginning: there is another reader. */
void marks_restart(struct marks *marks);

/* A record has just left that was handed over again, and ends with these bytes (at least 1): the last of all may lack its
 * delimiter, and a mark may follow all the same. */
void marks_follow(struct marks *marks, const char *text, size_t length);

/* done bytes of it (at least 1) are out.  Returns whether that is all of it.  With the first of them its gap is done. */
bool marks_leave(struct marks *marks, size_t done);

/* Writes the mark into text (MARK_MOST bytes) and returns its length.  The gap's times are of
 * loop_now's clock, and so is now_ns. */
size_t mark_format(char *text, const struct mark_style *style, const struct gap *gap, uint64_t now_ns);

#endif
