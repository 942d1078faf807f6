/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keep: how precious a record is, by the first of a few patterns that it matches.
 *
 * Does not know what is spared for it, nor where records end.
 */
#ifndef WEIR_KEEP_H
#define WEIR_KEEP_H

#include "pick/pattern.h"

#include <stdbool.h>
#include <stddef.h>

#define KEEP_MOST 16 /* patterns */

struct keep;

/* malloc'd and without a pattern, or NULL with errno; to be freed by keep_free, which takes NULL too. */
struct keep *keep_new(void);
void keep_free(struct keep *keep);

/* One more pattern, less precious than those before it, as itself or as /REGEX/ or /REGEX/i.  The text of regex
 * stays the caller's, and must stay.  It is not empty: an unset variable of a script would keep everything.  False,
 * and error says why, as pattern_new does. */
bool keep_add(struct keep *keep, const char *regex, char error[PATTERN_ERROR_MOST]);

/* From now on the texts are lines: see pattern_set_lines.  NULL is fine. */
void keep_set_lines(struct keep *keep);

/* How many patterns there are; 0 for NULL. */
unsigned keep_count(const struct keep *keep);

/* A record's class, from 0 for what matches none, and for every record where keep is NULL, up to
 * keep_count() for what matches the first: the higher, the more precious.  Cannot fail. */
unsigned keep_class(const struct keep *keep, const char *text, size_t length);

/* The pattern of a class from 1 to keep_count(), as it was given. */
const char *keep_regex(const struct keep *keep, unsigned class);

/* What the pattern of that class was asked: it is, of each record that matches none before it. */
struct looks keep_looks(const struct keep *keep, unsigned class);

#endif
