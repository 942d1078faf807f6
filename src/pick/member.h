/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * member: the value of a member of a JSON object (RFC 8259), by the path that leads to it.
 *
 * Reads no further than it has to: up to the end of that value.  What stands behind it is not looked at, and what
 * stands before it only as far as it takes to pass it by, so that a text that is no JSON may have such a member all the
 * same; nothing outside of the text is read, whatever it is.  Of several members of one name the first one counts.
 *
 * Keeps nothing and takes no memory.
 */
#ifndef WEIR_MEMBER_H
#define WEIR_MEMBER_H

#include <stdbool.h>
#include <stddef.h>

#define MEMBER_STEPS_MOST 16
#define MEMBER_PATH_MOST 256 /* bytes of all names together */

/* From the outermost object inwards. */
struct member_path {
	unsigned steps;
	size_t end[MEMBER_STEPS_MOST]; /* of each name, in */
	char names[MEMBER_PATH_MOST];
};

/* A value as it stands in the text; of a string what is between its quotes. */
struct member {
	const char *text;
	size_t length;
	bool escaped; /* of a string that has backslashes */
};

/* Takes the path that value begins with: ".a.b", of which a name that has more than letters, digits, '_' and '-' may be in
 * quotes, with \" and \\ inside; a number is also the place, from 0, in an array.  *rest is what stands behind it: a comma,
 * or the end.  NULL, or what is wrong: a static phrase. */
const char *member_parse(struct member_path *path, const char *value, const char **rest);

/* Whether the text is an object that has it. */
bool member_find(const struct member_path *path, const char *text, size_t length, struct member *member);

/* Of a string's text at..end the next character: 1 to 4 bytes of UTF-8, or a byte that is none as it is; an escape that means
 * none is U+FFFD.  Returns where the one behind it begins (at < end). */
const char *member_next(const char *at, const char *end, char to[4], size_t *length);

#endif
