/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pattern: a regular expression, compiled once and matched against many records, by PCRE2: see
 * pcre2pattern(3).
 *
 * Bytes are bytes, unless the expression begins with (*UTF): then text that is not valid UTF-8 does
 * not match.  A line ends with \n alone, whatever the PCRE2 of this machine was built for.  It is
 * compiled to machine code here and now, before pledge(2) and its like forbid that; a system that
 * never allows it has it interpreted, with the same answers.  Matching opens nothing and, as
 * machine code, allocates nothing.
 *
 * The work is limited, so that (a+)+$ cannot hold up the data: from each place in a text a match
 * may try PATTERN_STEPS ways and 4 more for each byte of the text, and may keep 1 MiB of those that
 * it could come back to.  What would take more counts as no match.  Still, time that grows with the
 * square of the text's length is within these limits: \w+[@#] interpreted is such an expression.
 *
 * Does not know what a match means.  One thread at a time may match.
 */
#ifndef WEIR_PATTERN_H
#define WEIR_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATTERN_ERROR_MOST 160 /* bytes, with the final NUL */
#define PATTERN_STEPS 100000   /* 0.2 ms as machine code, 1 ms interpreted */

#define PATTERN_ENGINE_MOST 64 /* bytes, with the final NUL */

struct pattern;

/* How often something was asked about a text, and was there: a count of questions, not of records, of
 * which one may be asked about in several sweeps. */
struct looks {
	uint64_t asked;
	uint64_t found;
};

/* What matches: "PCRE2 10.42 2022-12-11, as machine code".  False in a build without PCRE2, where there
 * is no pattern. */
bool pattern_engine(char text[PATTERN_ENGINE_MOST]);

/* malloc'd, to be freed by pattern_free, which takes NULL too.  Otherwise NULL, and error says in one
 * line what is wrong and where: "at offset 3: missing closing parenthesis". */
struct pattern *pattern_new(const char *regex, char error[PATTERN_ERROR_MOST]);
void pattern_free(struct pattern *pattern);

/* From now on none is made into machine code: it is looked at, and matches nothing much.  To make that takes twenty times as
 * long, and memory that is run, which a process that is confined is ended for (pledge(2), prot_exec). */
void pattern_stay_plain(void);

/* Whether it is /REGEX/, or /REGEX/i, for which upper and lower case are the same; and the pattern that
 * then is between the slashes, as pattern_new. */
bool pattern_is_enclosed(const char *value);
struct pattern *pattern_new_enclosed(const char *value, char error[PATTERN_ERROR_MOST]);

/* From now on the texts are lines: a carriage return at the end is not looked at, unless the expression
 * names it and does not match without. */
void pattern_set_lines(struct pattern *pattern);

/* What was asked of it. */
struct looks pattern_looks(const struct pattern *pattern);

/* Whether there is a match anywhere in the text. */
bool pattern_matches(struct pattern *pattern, const char *text, size_t length);

/* Where the first group of the first match is, or the whole match if the expression has no group:
 * text[*from..*to).  False, and neither is set, where nothing matches or the group took no part. */
bool pattern_group(struct pattern *pattern, const char *text, size_t length, size_t *from,
    size_t *to);

/* The first match that begins at text[at] or behind it and is not empty, with all of the text to look at: text[*from..*to), of
 * which nothing stands before `at`.  It is none of those that pattern_looks counts. */
bool pattern_find(struct pattern *pattern, const char *text, size_t length, size_t at, size_t *from, size_t *to);

/* How many groups the expression has; room for all of them, before the first match: false without memory; and then, where one
 * of them, from 1, is in the text that pattern_matches has found a match in last: false where it took no part. */
unsigned pattern_groups(const struct pattern *pattern);
bool pattern_want_groups(struct pattern *pattern);
bool pattern_group_of(const struct pattern *pattern, unsigned group, size_t *from, size_t *to);

#endif
