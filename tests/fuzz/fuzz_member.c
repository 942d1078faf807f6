/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A path, a NUL, and any text: where the text is JSON, which is seen here by a descent through all of it (RFC 8259, with no
 * shortcut), the member has to be where that has come by; and whatever it is, inside of it.
 */
#include "config.h"

#include "fuzz.h"
#include "pick/member.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MOST 64

struct descent {
	const char *at, *end;
	const struct member_path *path;
	unsigned depth;
	unsigned steps;    /* of the path that lead to where it is, */
	unsigned astray;   /* and containers entered since that do not */
	const char *found; /* NULL: not yet */
	size_t length;
};

static bool value(struct descent *d);

static bool
take(struct descent *d, char byte)
{
	if (d->at == d->end || *d->at != byte)
		return false;
	d->at++;
	return true;
}

static void
space(struct descent *d)
{
	while (take(d, ' ') || take(d, '\t') || take(d, '\n') || take(d, '\r'))
		;
}

static bool
hex(struct descent *d)
{
	for (int i = 0; i < 4; i++, d->at++)
		if (d->at == d->end || strchr("0123456789abcdefABCDEF", *d->at) == NULL || *d->at == '\0')
			return false;
	return true;
}

static bool
string(struct descent *d)
{
	if (!take(d, '"'))
		return false;
	while (d->at < d->end && *d->at != '"') {
		const char byte = *d->at++;

		if ((unsigned char)byte < 0x20)
			return false;
		if (byte != '\\')
			continue;
		if (take(d, 'u')) {
			if (!hex(d))
				return false;
		} else if (d->at == d->end || *d->at == '\0' || strchr("\"\\/bfnrt", *d->at++) == NULL) {
			return false;
		}
	}
	return take(d, '"');
}

static bool
digits(struct descent *d)
{
	const char *from = d->at;

	while (d->at < d->end && *d->at >= '0' && *d->at <= '9')
		d->at++;
	return d->at > from;
}

static bool
number(struct descent *d)
{
	(void)take(d, '-');
	if (!take(d, '0') && !digits(d))
		return false;
	if (take(d, '.') && !digits(d))
		return false;
	if (take(d, 'e') || take(d, 'E')) {
		if (!take(d, '+'))
			(void)take(d, '-');
		return digits(d);
	}
	return true;
}

static bool
word(struct descent *d, const char *name)
{
	while (*name != '\0')
		if (!take(d, *name++))
			return false;
	return true;
}

/* Whether what the string between the quotes says, character by character, is the next name of the path. */
static bool
is_next(const struct descent *d, const char *at, const char *end)
{
	const size_t from = d->steps > 0 ? d->path->end[d->steps - 1] : 0;
	const char *name = d->path->names + from, *behind = d->path->names + d->path->end[d->steps];

	while (at < end) {
		char bytes[4];
		size_t count;

		at = member_next(at, end, bytes, &count);
		if (count > (size_t)(behind - name) || memcmp(bytes, name, count) != 0)
			return false;
		name += count;
	}
	return name == behind;
}

/* The value that stands here; on the path, it is entered or found. */
static bool
step(struct descent *d, bool on_path)
{
	const char *from;
	bool good;

	space(d);
	from = d->at;
	on_path = on_path && d->found == NULL && d->astray == 0;
	if (on_path && d->steps + 1 == d->path->steps) {
		d->astray++;
		good = value(d);
		d->astray--;
		d->found = from + (*from == '"');
		d->length = (size_t)(d->at - from) - (*from == '"' ? 2 : 0);
		return good;
	}
	*(on_path ? &d->steps : &d->astray) += 1;
	good = value(d);
	*(on_path ? &d->steps : &d->astray) -= 1;
	if (on_path && d->found == NULL)
		d->astray = 1000000; /* of two the first one counts, be the rest in it or not */
	return good;
}

static bool
object(struct descent *d)
{
	space(d);
	if (take(d, '}'))
		return true;
	do {
		const char *from;
		bool next;

		space(d);
		from = d->at + 1;
		if (!string(d))
			return false;
		next = is_next(d, from, d->at - 1);
		space(d);
		if (!take(d, ':') || !step(d, next))
			return false;
		space(d);
	} while (take(d, ','));
	return take(d, '}');
}

/* Whether the next name of the path is this place. */
static bool
is_at(const struct descent *d, unsigned long place)
{
	const size_t from = d->steps > 0 ? d->path->end[d->steps - 1] : 0, length = d->path->end[d->steps] - from;
	char name[16];

	if (length == 0 || length > 8)
		return false;
	memcpy(name, d->path->names + from, length);
	name[length] = '\0';
	return strspn(name, "0123456789") == length && strtoul(name, NULL, 10) == place;
}

static bool
array(struct descent *d)
{
	unsigned long place = 0;

	space(d);
	if (take(d, ']'))
		return true;
	do {
		if (!step(d, d->steps > 0 && is_at(d, place++)))
			return false;
		space(d);
	} while (take(d, ','));
	return take(d, ']');
}

static bool
value(struct descent *d)
{
	bool good;

	space(d);
	if (d->at == d->end || d->depth == DEPTH_MOST)
		return false;
	d->depth++;
	switch (*d->at) {
	case '{':
		d->at++;
		good = object(d);
		break;
	case '[':
		d->at++;
		good = array(d);
		break;
	case '"':
		good = string(d);
		break;
	case 't':
		good = word(d, "true");
		break;
	case 'f':
		good = word(d, "false");
		break;
	case 'n':
		good = word(d, "null");
		break;
	default:
		good = number(d);
	}
	d->depth--;
	return good;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = size > 0 ? memchr(data, '\0', size) : NULL, *rest;
	const size_t length = text != NULL ? size - (size_t)(++text - (const char *)data) : 0;
	struct member_path path;
	struct descent descent = { .path = &path };
	struct member member;
	char *copy;
	bool found;

	if (text == NULL || member_parse(&path, (const char *)data, &rest) != NULL || (copy = malloc(length + 1)) == NULL)
		return 0;
	expect(path.steps > 0 && path.steps <= MEMBER_STEPS_MOST, "path", path.steps, 0);
	memcpy(copy, text, length);
	copy[length] = '\0'; /* which strchr may see, and member_find may not */
	found = member_find(&path, copy, length, &member);
	if (found)
		expect(member.text >= copy && member.text + member.length <= copy + length, "place", member.length, length);
	descent.at = copy;
	descent.end = copy + length;
	space(&descent);
	if (descent.at < descent.end && *descent.at == '{' && value(&descent)) {
		expect_equal("found", found, descent.found != NULL);
		if (found) {
			expect_equal("place", member.text - copy, descent.found - copy);
			expect_equal("length", member.length, descent.length);
		}
	}
	free(copy);
	return 0;
}
