/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "key.h"
#include "units.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL /* the header is all of it: nothing is linked */
#include <xxhash.h>

#define EACH_BYTE UINT64_C(0x0101010101010101)

static const char *
parse_pattern(struct pattern **pattern, const char *value, char *error)
{
	const size_t length = strlen(value);
	char *regex;

	if (length < 2 || value[length - 1] != '/')
		return "a pattern that does not end in a slash";
	if (length == 2)
		return "an empty pattern, which finds the same in every record";
	regex = strndup(value + 1, length - 2);
	if (regex == NULL)
		return "out of memory";
	*pattern = pattern_new(regex, error);
	free(regex);
	return *pattern != NULL ? NULL : error;
}

const char *
key_parse(struct key_rule *rule, const char *value, char error[PATTERN_ERROR_MOST])
{
	struct key_rule parsed = { .separator = rule->separator };
	const char *wrong = value[0] == '/' ? parse_pattern(&parsed.pattern, value, error) :
	    units_count(value, &parsed.field);

	if (wrong == NULL) {
		key_clear(rule);
		*rule = parsed;
	}
	return wrong;
}

void
key_clear(struct key_rule *rule)
{
	pattern_free(rule->pattern);
	rule->pattern = NULL;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static const char *
after_blanks(const char *text, const char *end)
{
	while (text < end && is_blank(*text))
		text++;
	return text;
}

/* Eight bytes at a time, as long as none of them is below '!', as blanks are. */
static const char *
after_word(const char *text, const char *end)
{
	for (uint64_t eight; end - text >= 8; text += 8) {
		memcpy(&eight, text, 8);
		if (((eight - EACH_BYTE * '!') & ~eight & EACH_BYTE * 0x80) != 0)
			break;
	}
	while (text < end && !is_blank(*text))
		text++;
	return text;
}

static struct key
field_by_blanks(const char *text, const char *end, uint64_t field)
{
	const char *from, *to = text;

	do {
		from = after_blanks(to, end);
		to = after_word(from, end);
	} while (--field > 0 && from < end);
	return (struct key){ from, (size_t)(to - from) };
}

static struct key
field_by_separator(const char *text, const char *end, int separator, uint64_t field)
{
	const char *to;

	while ((to = memchr(text, separator, (size_t)(end - text))) != NULL && field > 1) {
		text = to + 1;
		field--;
	}
	if (field > 1)
		text = end;
	return (struct key){ text, (size_t)((to != NULL ? to : end) - text) };
}

struct key
key_of(const struct key_rule *rule, const char *text, size_t length)
{
	size_t from, to;

	if (rule->pattern == NULL)
		return rule->separator == KEY_BLANKS ? field_by_blanks(text, text + length, rule->field) :
		    field_by_separator(text, text + length, rule->separator, rule->field);
	if (!pattern_group(rule->pattern, text, length, &from, &to))
		return (struct key){ text, 0 };
	return (struct key){ text + from, to - from };
}

uint64_t
key_hash(struct key key, uint64_t seed)
{
	return XXH3_64bits_withSeed(key.text, key.length, seed);
}
