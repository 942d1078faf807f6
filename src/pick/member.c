/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "pick/member.h"

#include <stdint.h>
#include <string.h>

/* --- the path ------------------------------------------------------------------------------------- */

static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
	    (unsigned char)c >= 0x80;
}

/* A byte more of the name that is being read. */
static bool
add_byte(struct member_path *path, char byte)
{
	size_t *end = &path->end[path->steps];

	if (*end == MEMBER_PATH_MOST)
		return false;
	path->names[(*end)++] = byte;
	return true;
}

/* One name, behind its dot. */
static const char *
parse_name(struct member_path *path, const char **at)
{
	const bool quoted = **at == '"';

	*at += quoted;
	for (; quoted ? **at != '"' : is_plain(**at); ++*at) {
		if (quoted && **at == '\\' && ((*at)[1] == '"' || (*at)[1] == '\\'))
			++*at;
		if (**at == '\0')
			return "a name whose quotes do not end";
		if (!add_byte(path, **at))
			return "too long a path";
	}
	*at += quoted;
	return quoted || path->end[path->steps] > (path->steps > 0 ? path->end[path->steps - 1] : 0) ? NULL
	    : "a dot without a name; one that has other than letters, digits, _ and - stands in quotes";
}

const char *
member_parse(struct member_path *path, const char *value, const char **rest)
{
	*path = (struct member_path){ .steps = 0 };
	for (*rest = value; **rest == '.'; path->steps++) {
		const char *wrong;

		if (path->steps == MEMBER_STEPS_MOST)
			return "too long a path";
		path->end[path->steps] = path->steps > 0 ? path->end[path->steps - 1] : 0;
		++*rest;
		if ((wrong = parse_name(path, rest)) != NULL)
			return wrong;
	}
	return path->steps == 0 ? "not a path" : **rest == '\0' || **rest == ',' ? NULL
	    : "not a path; a name that has other than letters, digits, _ and - stands in quotes";
}

/* --- passing by ------------------------------------------------------------------------------------ */

static const char *
after_space(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
		at++;
	return at;
}

/* The quote that ends the string whose text begins here, or NULL. */
static const char *
end_of_string(const char *at, const char *end)
{
	const char *from = at;

	while ((at = memchr(at, '"', (size_t)(end - at))) != NULL) {
		const char *back = at;

		while (back > from && back[-1] == '\\')
			back--;
		if ((at - back) % 2 == 0)
			return at;
		at++;
	}
	return NULL;
}

/* What may be of any depth is passed by without a stack: only strings can have brackets that are none. */
static const char *
after_nested(const char *at, const char *end)
{
	size_t depth = 0;

	for (; at < end; at++) {
		if (*at == '"' && (at = end_of_string(at + 1, end)) == NULL)
			return NULL;
		if (*at == '{' || *at == '[')
			depth++;
		else if ((*at == '}' || *at == ']') && --depth == 0)
			return at + 1;
	}
	return NULL;
}

/* Behind a number, true, false or null; where there is none of these, where it began. */
static const char *
after_scalar(const char *at, const char *end)
{
	while (at < end && (is_plain(*at) || *at == '.' || *at == '+'))
		at++;
	return at;
}

/* The value that begins here, and where it ends; NULL where it does not. */
static const char *
take_value(const char *at, const char *end, struct member *member)
{
	const char *to;

	*member = (struct member){ .text = at };
	if (at == end)
		return NULL;
	if (*at == '"') {
		if ((to = end_of_string(++at, end)) == NULL)
			return NULL;
		*member = (struct member){ at, (size_t)(to - at), memchr(at, '\\', (size_t)(to - at)) != NULL };
		return to + 1;
	}
	to = *at == '{' || *at == '[' ? after_nested(at, end) : after_scalar(at, end);
	if (to == NULL || to == at)
		return NULL;
	member->length = (size_t)(to - at);
	return to;
}

/* --- characters ------------------------------------------------------------------------------------ */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Of uXXXX, which begins here; -1 where it is none. */
static long
code_unit(const char *at, const char *end)
{
	long unit = 0;

	if (end - at < 5 || *at != 'u')
		return -1;
	for (int i = 1; i < 5; i++) {
		const int digit = hex_digit(at[i]);

		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

static size_t
put_utf8(char to[4], uint32_t c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

#define REPLACEMENT 0xfffdU

/* A character outside of the first 65,536 is written as two code units, the surrogates (RFC 8259, 7). */
static const char *
next_unicode(const char *at, const char *end, uint32_t *c)
{
	long first = code_unit(at, end), second;

	*c = REPLACEMENT;
	if (first < 0)
		return at + 1;
	at += 5;
	if (first < 0xd800 || first > 0xdfff) {
		*c = (uint32_t)first;
		return at;
	}
	if (first > 0xdbff || end - at < 6 || *at != '\\' || (second = code_unit(at + 1, end)) < 0xdc00 || second > 0xdfff)
		return at;
	*c = 0x10000 + (((uint32_t)first & 0x3ff) << 10 | ((uint32_t)second & 0x3ff));
	return at + 6;
}

const char *
member_next(const char *at, const char *end, char to[4], size_t *length)
{
	static const char plain[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *known;
	uint32_t c;

	*length = 1;
	to[0] = *at++;
	if (to[0] != '\\' || at == end)
		return at;
	if (*at == 'u') {
		at = next_unicode(at, end, &c);
		*length = put_utf8(to, c);
		return at;
	}
	if (*at != '\0' && (known = strchr(plain, *at)) != NULL)
		to[0] = meant[known - plain];
	else
		*length = put_utf8(to, REPLACEMENT);
	return at + 1;
}

/* --- finding --------------------------------------------------------------------------------------- */

static bool
is_name(const struct member *name, const char *wanted, size_t length)
{
	const char *at = name->text, *end = at + name->length;
	size_t done = 0;

	if (!name->escaped)
		return name->length == length && memcmp(name->text, wanted, length) == 0;
	while (at < end) {
		char bytes[4];
		size_t count;

		at = member_next(at, end, bytes, &count);
		if (count > length - done || memcmp(bytes, wanted + done, count) != 0)
			return false;
		done += count;
	}
	return done == length;
}

/* In the object whose first member begins here. */
static bool
find_in_object(const char *at, const char *end, const char *wanted, size_t length, struct member *member)
{
	for (;;) {
		struct member name;

		at = after_space(at, end);
		if (at == end || *at != '"' || (at = take_value(at, end, &name)) == NULL)
			return false;
		at = after_space(at, end);
		if (at == end || *at != ':' || (at = take_value(after_space(at + 1, end), end, member)) == NULL)
			return false;
		if (is_name(&name, wanted, length))
			return true;
		at = after_space(at, end);
		if (at == end || *at++ != ',')
			return false;
	}
}

/* The place that a name is; false for one that is none. */
static bool
is_place(const char *name, size_t length, size_t *place)
{
	*place = 0;
	for (size_t i = 0; i < length; i++) {
		if (name[i] < '0' || name[i] > '9')
			return false;
		*place = *place * 10 + (size_t)(name[i] - '0');
	}
	return length > 0 && length < 9; /* no product overflows */
}

static bool
find_in_array(const char *at, const char *end, const char *wanted, size_t length, struct member *member)
{
	size_t place;

	if (!is_place(wanted, length, &place))
		return false;
	for (;; place--) {
		if ((at = take_value(after_space(at, end), end, member)) == NULL)
			return false;
		if (place == 0)
			return true;
		at = after_space(at, end);
		if (at == end || *at++ != ',')
			return false;
	}
}

bool
member_find(const struct member_path *path, const char *text, size_t length, struct member *member)
{
	const char *end = text + length, *at = after_space(text, end);
	size_t from = 0;

	for (unsigned step = 0; step < path->steps; from = path->end[step++]) {
		const char *name = path->names + from;
		const size_t size = path->end[step] - from;

		if (at == end || (*at != '{' && (step == 0 || *at != '[')))
			return false;
		if (!(*at == '{' ? find_in_object : find_in_array)(at + 1, end, name, size, member))
			return false;
		at = member->text - (member->text[-1] == '"');
	}
	return true;
}
