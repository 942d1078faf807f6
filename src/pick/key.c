/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/compat.h"
#include "base/units.h"
#include "pick/key.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL /* the header is all of it: nothing is linked */
#include <xxhash.h>

#define EACH_BYTE UINT64_C(0x0101010101010101)

static const char *
parse_pattern(struct pattern **pattern, const char *value, char *error)
{
	if (!pattern_is_enclosed(value))
		return "a pattern that does not end in a slash, or in /i";
	if (strcmp(value, "//") == 0 || strcmp(value, "//i") == 0)
		return "an empty pattern, which finds the same in every record";
	*pattern = pattern_new_enclosed(value, error);
	return *pattern != NULL ? NULL : error;
}

const char *
key_parse(struct key_rule *rule, const char *value, char error[PATTERN_ERROR_MOST])
{
	struct key_rule parsed = { .separator = rule->separator };
	const char *wrong = value[0] == '/' ? parse_pattern(&parsed.pattern, value, error) :
	    units_count(value, &parsed.field);

	if (wrong == NULL && (parsed.looks = calloc(1, sizeof(*parsed.looks))) == NULL) {
		key_clear(&parsed);
		wrong = "out of memory";
	}
	if (wrong == NULL) {
		parsed.lines = rule->lines;
		key_clear(rule);
		*rule = parsed;
	}
	return wrong;
}

void
key_clear(struct key_rule *rule)
{
	pattern_free(rule->pattern);
	free(rule->looks);
	rule->pattern = NULL;
	rule->looks = NULL;
}

void
key_set_lines(struct key_rule *rule)
{
	rule->lines = true;
	if (rule->pattern != NULL)
		pattern_set_lines(rule->pattern);
}

struct looks
key_looks(const struct key_rule *rule)
{
	return rule->looks != NULL ? *rule->looks : (struct looks){ 0, 0 };
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

/* *key is empty where there are fewer fields; false then. */
static bool
field_by_blanks(const char *text, const char *end, uint64_t field, struct key *key)
{
	const char *from, *to = text;

	do {
		from = after_blanks(to, end);
		to = after_word(from, end);
	} while (--field > 0 && from < end);
	*key = (struct key){ from, (size_t)(to - from) };
	return to > from;
}

static bool
field_by_separator(const char *text, const char *end, int separator, uint64_t field, struct key *key)
{
	const char *to;

	while ((to = memchr(text, separator, (size_t)(end - text))) != NULL && field > 1) {
		text = to + 1;
		field--;
	}
	if (field > 1)
		text = end;
	*key = (struct key){ text, (size_t)((to != NULL ? to : end) - text) };
	return field <= 1;
}

static bool
find_field(const struct key_rule *rule, const char *text, size_t length, struct key *key)
{
	const bool returns = rule->lines && length > 0 && text[length - 1] == '\r';
	const char *end = text + length - returns;

	return rule->separator == KEY_BLANKS ? field_by_blanks(text, end, rule->field, key) :
	    field_by_separator(text, end, rule->separator, rule->field, key);
}

struct key
key_of(const struct key_rule *rule, const char *text, size_t length)
{
	struct key key = { text, 0 };
	size_t from, to;
	bool found;

	if (rule->pattern == NULL) {
		found = find_field(rule, text, length, &key);
	} else if ((found = pattern_group(rule->pattern, text, length, &from, &to))) {
		key = (struct key){ text + from, to - from };
	}
	rule->looks->asked++;
	rule->looks->found += found;
	return key;
}

uint64_t
key_hash(struct key key, uint64_t seed)
{
	return XXH3_64bits_withSeed(key.text, key.length, seed);
}

uint64_t
key_salt(void)
{
	uint64_t salt = 0; /* MemorySanitizer does not see what libc puts there */

	arc4random_buf(&salt, sizeof(salt));
	return salt;
}
