/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * key: the part of a record that says whom or what it is about: fields of it, members of a JSON object, or what a
 * pattern finds.
 *
 * Does not know what keys are for, nor where records end: the delimiter is no part of the text it
 * is given.
 */
#ifndef WEIR_KEY_H
#define WEIR_KEY_H

#include "pick/member.h"
#include "pick/pattern.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEY_BLANKS (-1) /* a separator: runs of blanks, as in awk(1); those at the begin do not count */

/* Embedded in the options.  The user's -t sets the separator, which is KEY_BLANKS or a byte, of which
 * each separates two fields, as in cut(1); key_parse sets the rest. */
struct key_rule {
	uint64_t field;          /* from 1, the first of several; 0 for another rule */
	int separator;           /* blanks are space, tab and newline */
	struct pattern *pattern; /* owned; or NULL */
	struct key_parts *parts; /* owned; NULL for one field, and for a pattern of one group at most */
	struct looks *looks;     /* owned: of how many asked for, so many had one; NULL: there is no rule */
	bool lines;              /* a carriage return at the end is no part of the last field */
};

#define KEY_PARTS_MOST 16

/* A part of the record it was found in, or put together of several: good until the next one is asked for by the same
 * rule. */
struct key {
	const char *text; /* not NULL */
	size_t length;
};

/* Takes
 *
 *      3, or 2,3                 a field, or several
 *      .a.b, or .a,.b.c          a member of a JSON object, or several: member.h
 *      /REGEX/, or /REGEX/i      its first group, or all of them, or the whole match of one without
 *
 * What the rule had before is freed.  NULL, or what is wrong, and then the rule is as it was: a static phrase, or what
 * pattern_new put into error.
 *
 * Of several parts there is a separator between each two: of fields their own, of blanks a space, else U+001F (of ASCII,
 * the unit separator).  Where they are longer than KEY_JOINED_MOST a hash stands for what came before. */
#define KEY_JOINED_MOST 4096
const char *key_parse(struct key_rule *rule, const char *value, char error[PATTERN_ERROR_MOST]);

/* From now on the texts are lines: see pattern_set_lines. */
void key_set_lines(struct key_rule *rule);

/* How often a key was asked for, and was there. */
struct looks key_looks(const struct key_rule *rule);

/* Frees what the rule has. */
void key_clear(struct key_rule *rule);

/* The record's key by a rule that was parsed: the empty key where there is no such field or no match; of several parts
 * where there is none of them. */
struct key key_of(const struct key_rule *rule, const char *text, size_t length);

/* XXH3 with 64 bits: the same on every machine for the same seed. */
uint64_t key_hash(struct key key, uint64_t seed);

/* A seed from the system, never the same again: for a hash of which nobody outside should know what
 * it says of a key, as whoever knows it can choose keys that all have the same.  It may open a file:
 * before confine().  Cannot fail. */
uint64_t key_salt(void);

#endif
