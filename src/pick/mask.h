/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mask: which parts of a record are not looked at where records are compared: all that a few patterns match.
 *
 * Of what they match at the same place the longest counts; what is empty is no match.  So it is the same in whichever
 * order they are given.  Does not compare anything, and does not know where records end.
 */
#ifndef WEIR_MASK_H
#define WEIR_MASK_H

#include "pick/pattern.h"

#include <stdbool.h>
#include <stddef.h>

#define MASK_MOST 16 /* patterns */

struct mask;

/* malloc'd and without a pattern, or NULL with errno; to be freed by mask_free, which takes NULL too. */
struct mask *mask_new(void);
void mask_free(struct mask *mask);

/* One more pattern, as itself or as /REGEX/ or /REGEX/i.  The text of regex stays the caller's, and must stay.  It is not
 * empty: it would match nothing.  False, and error says why, as pattern_new does. */
bool mask_add(struct mask *mask, const char *regex, char error[PATTERN_ERROR_MOST]);

/* From now on the texts are lines: see pattern_set_lines.  NULL is fine. */
void mask_set_lines(struct mask *mask);

/* A record begins; then, one after the other, its parts text[*from..*to) that are not looked at, from text[at] on: `at` is
 * where the one before ends.  False where there is none any more. */
void mask_begin(struct mask *mask, const char *text, size_t length);
bool mask_next(struct mask *mask, size_t at, size_t *from, size_t *to);

#endif
