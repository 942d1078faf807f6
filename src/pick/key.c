/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/compat.h"
#include "base/units.h"
#include "pick/key.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL /* the header is all of it: nothing is linked */
#include <xxhash.h>

#define EACH_BYTE UINT64_C(0x0101010101010101)

/* Of eight bytes, each of which has its highest bit set if it may be the one that is wanted: so many come before that. */
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BYTES_BEFORE(wanted) ((size_t)__builtin_ctzll(wanted) / 8)
#else
#define BYTES_BEFORE(wanted) 0 /* at least */
#endif

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

/* What is put together of several. */
struct key_parts {
	unsigned count;
	uint64_t field[KEY_PARTS_MOST];           /* fields, */
	struct member_path member[KEY_PARTS_MOST]; /* or members; neither of a pattern, whose groups are counted */
	bool members;
	size_t length; /* of what has been joined */
	uint64_t hash; /* that stands for what came before it; 0 for nothing */
	char joined[KEY_JOINED_MOST];
};

/* Fields, separated by commas. */
static const char *
parse_fields(struct key_parts *parts, const char *value)
{
	const char *error = NULL;

	for (parts->count = 0; error == NULL; value++) {
		char number[32];
		const size_t length = strcspn(value, ",");

		if (parts->count == KEY_PARTS_MOST)
			return "too many fields";
		if (length >= sizeof(number))
			return "not a whole number";
		memcpy(number, value, length);
		number[length] = '\0';
		error = units_count(number, &parts->field[parts->count++]);
		value += length;
		if (*value == '\0')
			break;
	}
	return error;
}

static const char *
parse_members(struct key_parts *parts, const char *value)
{
	const char *error = NULL;

	parts->members = true;
	for (parts->count = 0; error == NULL; value++) {
		if (parts->count == KEY_PARTS_MOST)
			return "too many members";
		if (*value != '.')
			return "not a member; each begins with a dot";
		error = member_parse(&parts->member[parts->count++], value, &value);
		if (*value == '\0')
			break;
	}
	return error;
}

/* One that is found where it stands does without. */
static bool
needs_parts(const struct key_parts *parts)
{
	return parts->members || parts->count > 1;
}

static const char *
parse_into(struct key_rule *rule, const char *value, char *error)
{
	const char *wrong;

	rule->looks = calloc(1, sizeof(*rule->looks));
	rule->parts = calloc(1, sizeof(*rule->parts));
	if (rule->looks == NULL || rule->parts == NULL)
		return "out of memory";
	wrong = value[0] == '/' ? parse_pattern(&rule->pattern, value, error) :
	    value[0] == '.' ? parse_members(rule->parts, value) : parse_fields(rule->parts, value);
	if (wrong != NULL)
		return wrong;
	rule->field = rule->parts->field[0];
	if (rule->pattern != NULL)
		rule->parts->count = pattern_groups(rule->pattern);
	if (needs_parts(rule->parts))
		return rule->pattern == NULL || pattern_want_groups(rule->pattern) ? NULL : "out of memory";
	free(rule->parts);
	rule->parts = NULL;
	return NULL;
}

const char *
key_parse(struct key_rule *rule, const char *value, char error[PATTERN_ERROR_MOST])
{
	struct key_rule parsed = { .separator = rule->separator, .lines = rule->lines };
	const char *wrong = parse_into(&parsed, value, error);

	if (wrong != NULL) {
		key_clear(&parsed);
		return wrong;
	}
	key_clear(rule);
	*rule = parsed;
	return NULL;
}

void
key_clear(struct key_rule *rule)
{
	pattern_free(rule->pattern);
	free(rule->parts);
	free(rule->looks);
	rule->pattern = NULL;
	rule->parts = NULL;
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
	for (uint64_t eight, low; end - text >= 8; text += 8) {
		memcpy(&eight, text, 8);
		low = (eight - EACH_BYTE * '!') & ~eight & EACH_BYTE * 0x80;
		if (low != 0) {
			text += BYTES_BEFORE(low);
			break;
		}
	}
	while (text < end && !is_blank(*text))
		text++;
	return text;
}

/* Without a text where there are fewer fields. */
static struct key
field_by_blanks(const char *text, const char *end, uint64_t field)
{
	const char *from, *to = text;

	do {
		from = after_blanks(to, end);
		to = after_word(from, end);
	} while (--field > 0 && from < end);
	return (struct key){ to > from ? from : NULL, (size_t)(to - from) };
}

static struct key
field_by_separator(const char *text, const char *end, int separator, uint64_t field)
{
	const char *to;

	while ((to = memchr(text, separator, (size_t)(end - text))) != NULL && field > 1) {
		text = to + 1;
		field--;
	}
	if (to == NULL)
		to = end;
	return (struct key){ field <= 1 ? text : NULL, (size_t)(to - text) };
}

static inline struct key
find_field(const struct key_rule *rule, uint64_t field, const char *text, size_t length)
{
	const bool returns = rule->lines && length > 0 && text[length - 1] == '\r';
	const char *end = text + length - returns;

	return rule->separator == KEY_BLANKS ? field_by_blanks(text, end, field) :
	    field_by_separator(text, end, rule->separator, field);
}

/* --- several together ------------------------------------------------------------------------------- */

/* Where no more fits, all that is there is put into the hash: what is different stays so. */
static void
join(struct key_parts *parts, const char *text, size_t length)
{
	while (length > 0) {
		const size_t room = sizeof(parts->joined) - parts->length, some = length < room ? length : room;

		memcpy(parts->joined + parts->length, text, some);
		parts->length += some;
		text += some;
		length -= some;
		if (parts->length < sizeof(parts->joined))
			continue;
		parts->hash = XXH3_64bits_withSeed(parts->joined, parts->length, parts->hash);
		memcpy(parts->joined, &parts->hash, sizeof(parts->hash));
		parts->length = sizeof(parts->hash);
	}
}

static void
join_member(struct key_parts *parts, const struct member *member)
{
	const char *at = member->text, *end = at + member->length;

	if (!member->escaped)
		join(parts, at, member->length);
	while (member->escaped && at < end) {
		char bytes[4];
		size_t count;

		at = member_next(at, end, bytes, &count);
		join(parts, bytes, count);
	}
}

/* One of them, if it is there. */
static bool
join_part(const struct key_rule *rule, unsigned part, const char *text, size_t length)
{
	struct key_parts *parts = rule->parts;
	struct key key = { text, 0 };
	struct member member;
	size_t from, to;

	if (parts->members) {
		if (!member_find(&parts->member[part], text, length, &member))
			return false;
		join_member(parts, &member);
		return true;
	}
	if (rule->pattern == NULL) {
		key = find_field(rule, parts->field[part], text, length);
		if (key.text == NULL)
			return false;
	} else if (pattern_group_of(rule->pattern, part + 1, &from, &to)) {
		key = (struct key){ text + from, to - from };
	} else {
		return false;
	}
	join(parts, key.text, key.length);
	return true;
}

/* A single member without escapes is where it stands. */
static bool
find_member(const struct key_rule *rule, const char *text, size_t length, struct key *key)
{
	struct key_parts *parts = rule->parts;
	struct member member;

	if (!member_find(&parts->member[0], text, length, &member))
		return false;
	*key = (struct key){ member.text, member.length };
	if (member.escaped) {
		parts->length = parts->hash = 0;
		join_member(parts, &member);
		*key = (struct key){ parts->joined, parts->length };
	}
	return true;
}

/* Whether there are all of them. */
static bool
find_parts(const struct key_rule *rule, const char *text, size_t length, struct key *key)
{
	struct key_parts *parts = rule->parts;
	const char between = rule->field == 0 ? '\x1f' : rule->separator == KEY_BLANKS ? ' ' : (char)rule->separator;
	unsigned found = 0;

	if (parts->members && parts->count == 1)
		return find_member(rule, text, length, key);
	parts->length = parts->hash = 0;
	if (rule->pattern != NULL && !pattern_matches(rule->pattern, text, length))
		return false;
	for (unsigned part = 0; part < parts->count; part++) {
		if (part > 0)
			join(parts, &between, 1);
		found += join_part(rule, part, text, length);
	}
	if (found > 0)
		*key = (struct key){ parts->joined, parts->length };
	return found == parts->count;
}

/* By a rule that is more than a field.  (Not inlined: a single field would have to save its registers.) */
static __attribute__((noinline)) struct key
key_of_parts(const struct key_rule *rule, const char *text, size_t length)
{
	struct key key = { text, 0 };
	size_t from, to;

	if (rule->parts != NULL) {
		rule->looks->found += find_parts(rule, text, length, &key);
	} else if (pattern_group(rule->pattern, text, length, &from, &to)) {
		rule->looks->found++;
		key = (struct key){ text + from, to - from };
	}
	return key;
}

struct key
key_of(const struct key_rule *rule, const char *text, size_t length)
{
	struct key key;

	rule->looks->asked++;
	if (rule->parts != NULL || rule->pattern != NULL)
		return key_of_parts(rule, text, length);
	key = find_field(rule, rule->field, text, length);
	if (key.text == NULL)
		return (struct key){ text, 0 };
	rule->looks->found++;
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
