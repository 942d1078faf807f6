/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys by field and by pattern, against awk's and cut's rules; the hash against published vectors. */
#include "../tap.h"

#include "../random.h"
#include "pick/key.h"

static char error[PATTERN_ERROR_MOST];

static const char *
parse(struct key_rule *rule, const char *value)
{
	const char *wrong = key_parse(rule, value, error);

	return wrong != NULL ? wrong : "good";
}

static const char *
key_text(const struct key_rule *rule, const char *text, size_t length)
{
	static char part[100];
	const struct key key = key_of(rule, text, length);

	if (key.text < text || key.text + key.length > text + length)
		return "outside of the record";
	(void)snprintf(part, sizeof(part), "[%.*s]", (int)key.length, key.text);
	return part;
}

static const char *
key_by(int separator, const char *value, const char *text)
{
	struct key_rule rule = { .separator = separator };
	const char *part = parse(&rule, value);

	if (strcmp(part, "good") == 0)
		part = key_text(&rule, text, strlen(text));
	key_clear(&rule);
	return part;
}

/* A key that is put together stands outside of the record. */
static const char *
joined_by(int separator, const char *value, const char *text)
{
	static char part[100];
	struct key_rule rule = { .separator = separator };
	const char *wrong = parse(&rule, value);
	struct key key;

	if (strcmp(wrong, "good") != 0)
		return wrong;
	key = key_of(&rule, text, strlen(text));
	(void)snprintf(part, sizeof(part), "[%.*s]", (int)key.length, key.text);
	key_clear(&rule);
	return part;
}

static void
blanks(void)
{
	is_text(key_by(KEY_BLANKS, "1", "one two three"), "[one]", "the first field");
	is_text(key_by(KEY_BLANKS, "2", "one two three"), "[two]", "one between");
	is_text(key_by(KEY_BLANKS, "3", "one two three"), "[three]", "the last");
	is_text(key_by(KEY_BLANKS, "4", "one two three"), "[]", "none");
	is_text(key_by(KEY_BLANKS, "4000000000", "one two three"), "[]", "none at all");
	is_text(key_by(KEY_BLANKS, "1", "  \t one \t\t two  "), "[one]", "after blanks");
	is_text(key_by(KEY_BLANKS, "2", "  \t one \t\t two  "), "[two]", "between blanks");
	is_text(key_by(KEY_BLANKS, "3", "  \t one \t\t two  "), "[]", "none after the last");
	is_text(key_by(KEY_BLANKS, "2", "one\ntwo"), "[two]", "a newline is a blank");
	is_text(key_by(KEY_BLANKS, "1", ",one\r"), "[,one\r]", "nothing else is");
	is_text(key_by(KEY_BLANKS, "1", ""), "[]", "of nothing");
	is_text(key_by(KEY_BLANKS, "1", "  "), "[]", "of blanks");
}

static void
separators(void)
{
	is_text(key_by(',', "1", "one,two,three"), "[one]", "the first field");
	is_text(key_by(',', "2", "one,two,three"), "[two]", "one between");
	is_text(key_by(',', "3", "one,two,three"), "[three]", "the last");
	is_text(key_by(',', "4", "one,two,three"), "[]", "none");
	is_text(key_by(',', "1", ",,three,"), "[]", "each separates");
	is_text(key_by(',', "2", ",,three,"), "[]", "two fields");
	is_text(key_by(',', "3", ",,three,"), "[three]", "from the third");
	is_text(key_by(',', "4", ",,three,"), "[]", "from the last");
	is_text(key_by(',', "1", "one two"), "[one two]", "all of a record without one");
	is_text(key_by(',', "2", "one two"), "[]", "which has no second");
	is_text(key_by(',', "1", ""), "[]", "of nothing");
	is_text(key_by(' ', "2", "one  two"), "[]", "a space as well");
	is_text(key_by(0xff, "2", "one\xfftwo"), "[two]", "any byte");
}

static void
several(void)
{
	static char huge[3 * KEY_JOINED_MOST];
	struct key_rule rule = { .separator = KEY_BLANKS };
	uint64_t first;

	is_text(joined_by(KEY_BLANKS, "2,3", "one two  three"), "[two three]", "two fields, with a blank between");
	is_text(joined_by(KEY_BLANKS, "3,1", "one two three"), "[three one]", "in any order");
	is_text(joined_by(',', "1,3", "one,two three,four five"), "[one,four five]", "with their own separator");
	is_text(joined_by(',', "1,3", "one,two"), "[one,]", "one of them");
	is_text(joined_by(',', "4,3", "one,two"), "[]", "none of them");
#ifdef HAVE_PCRE2
	is_text(joined_by(',', "/(a+)(b+)/", "xaabbb"), "[aa\x1f" "bbb]", "the groups of a pattern");
	is_text(joined_by(',', "/(a+)(b+)?/", "xaac"), "[aa\x1f]", "of which one took no part");
	is_text(joined_by(',', "/(a+)(b+)/", "xaac"), "[]", "or nothing matches");
#endif
	is_text(joined_by(',', ".a,.b", "{\"b\":1,\"a\":\"x\"}"), "[x\x1f" "1]", "members");
	is_text(joined_by(',', ".a,.b", "{\"b\":1}"), "[\x1f" "1]", "of which one is missing");
	is_text(joined_by(',', ".a", "{\"a\":\"x\\ny\"}"), "[x\ny]", "what a string says");
	is_text(joined_by(',', ".a", "no object"), "[]", "nothing has no members");

	is_text(parse(&rule, "1,2"), "good", "and long ones");
	memset(huge, 'a', sizeof(huge) - 3);
	memcpy(huge + sizeof(huge) - 3, " b", 3);
	first = key_hash(key_of(&rule, huge, sizeof(huge) - 1), 1);
	ok(key_of(&rule, huge, sizeof(huge) - 1).length <= KEY_JOINED_MOST, "do not take more than they may");
	huge[7] = 'c';
	ok(key_hash(key_of(&rule, huge, sizeof(huge) - 1), 1) != first, "a difference at the begin is one");
	huge[7] = 'a';
	huge[sizeof(huge) - 2] = 'c';
	ok(key_hash(key_of(&rule, huge, sizeof(huge) - 1), 1) != first, "as is one at the end");
	huge[sizeof(huge) - 2] = 'b';
	is(key_hash(key_of(&rule, huge, sizeof(huge) - 1), 1), first, "the same is the same");
	is(key_looks(&rule).found, 5, "it was there");
	key_clear(&rule);
}

/* Each record as it was put together, from words without blanks and separators. */
static void
random_records(void)
{
	struct random random = { 20 };
	struct looks looks = { 0 };
	struct key_rule rule = { .separator = KEY_BLANKS, .looks = &looks };
	bool good = true;

	for (int i = 0; i < 100000 && good; i++) {
		char text[400], want[20] = "[]";
		const bool blank = random_one_in(&random, 2);
		const uint64_t fields = random_below(&random, 10), chosen = random_from(&random, 1, 11);
		size_t length = 0;

		rule.field = chosen;
		rule.separator = blank ? KEY_BLANKS : ';';
		for (uint64_t k = 1; k <= fields; k++) {
			const int letters = (int)random_from(&random, blank, 12);

			for (uint64_t n = random_from(&random, k > 1, 4); n > 0 && blank; n--)
				text[length++] = " \t\n"[random_below(&random, 3)];
			if (!blank && k > 1)
				text[length++] = ';';
			memset(text + length, (int)('a' + k), (size_t)letters);
			if (k == chosen)
				(void)snprintf(want, sizeof(want), "[%.*s]", letters, text + length);
			length += (size_t)letters;
		}
		text[length] = blank ? 'x' : ';'; /* no part of it */
		text[length + 1] = '\0';
		good = strcmp(key_text(&rule, text, length), want) == 0;
		if (!good)
			diag("field %" PRIu64 " of '%.*s': got %s, want %s", chosen, (int)length, text,
			    key_text(&rule, text, length), want);
	}
	ok(good, "fields of random records");
}

static void
rules(void)
{
	struct key_rule rule = { .separator = ',' };

	is_text(parse(&rule, "2"), "good", "a field");
	is_text(parse(&rule, "0"), "zero has no meaning here", "there is none before the first");
	is_text(parse(&rule, ""), "not a whole number", "nothing is none");
	is_text(parse(&rule, "-1"), "not a whole number", "nor is there one from behind");
	is_text(parse(&rule, "2,x"), "not a whole number", "each of several is one");
	is_text(parse(&rule, "2,"), "not a whole number", "and none is missing");
	is_text(parse(&rule, "2,0"), "zero has no meaning here", "nor the one before the first");
	is_text(parse(&rule, "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17"), "too many fields", "there is an end");
	is_text(parse(&rule, "2,.a"), "not a whole number", "fields and members do not go together");
	is_text(parse(&rule, ".a,2"), "not a member; each begins with a dot", "in no order");
	is_text(parse(&rule, "."), "a dot without a name; one that has other than letters, digits, _ and - stands in quotes",
	    "a member has a name");
	is_text(parse(&rule, ".a..b"),
	    "a dot without a name; one that has other than letters, digits, _ and - stands in quotes", "each of them");
	is_text(parse(&rule, ".a b"), "not a path; a name that has other than letters, digits, _ and - stands in quotes",
	    "which is plain, or in quotes");
	is_text(parse(&rule, ".\"a"), "a name whose quotes do not end", "that end");
	is_text(parse(&rule, "/"), "a pattern that does not end in a slash, or in /i", "one slash");
	is_text(parse(&rule, "/a"), "a pattern that does not end in a slash, or in /i", "or an open end");
	is_text(key_text(&rule, "a,b", strlen("a,b")), "[b]", "what is wrong changes nothing");
#ifdef HAVE_PCRE2
	is_text(parse(&rule, "/(/"), "at offset 1: missing closing parenthesis", "what PCRE2 says");
	is_text(key_text(&rule, "a,b", strlen("a,b")), "[b]", "changes nothing either");
	is_text(parse(&rule, "/user=(\\w+)/"), "good", "a pattern with a group");
	is_text(key_text(&rule, "a user=joe,b", strlen("a user=joe,b")), "[joe]", "is the group");
	is_text(key_text(&rule, "a b", strlen("a b")), "[]", "or nothing");
	is_text(parse(&rule, "/a/b+/"), "good", "a pattern with a slash, and no group");
	is_text(key_text(&rule, "a/bb", strlen("a/bb")), "[a/bb]", "is all of the match");
	is_text(parse(&rule, "//"), "an empty pattern, which finds the same in every record", "the empty pattern");
	is_text(key_text(&rule, "a,b", strlen("a,b")), "[]", "changes nothing");
#else
	is_text(parse(&rule, "/a/"), "this weir was built without PCRE2", "a pattern");
#endif
	is_text(parse(&rule, "1"), "good", "a field again");
	is_text(key_text(&rule, "a,b", strlen("a,b")), "[a]", "with the separator it had");
	key_clear(&rule);
	key_clear(&rule);
}

/* xsum_sanity_check.c of xxHash 0.8 has these, and implementations in other languages as well. */
static void
hashes(void)
{
	static const uint64_t seed = UINT64_C(0x9e3779b185ebca8d);
	static const struct {
		size_t length;
		uint64_t unseeded, seeded;
	} vectors[] = {
		{ 0, UINT64_C(0x2d06800538d394c2), UINT64_C(0xa8a6b918b2f0364a) },
		{ 1, UINT64_C(0xc44bdff4074eecdb), UINT64_C(0x032be332dd766ef8) },
		{ 6, UINT64_C(0x27b56a84cd2d7325), UINT64_C(0x84589c116ab59ab9) },
		{ 12, UINT64_C(0xa713daf0dfbb77e7), UINT64_C(0xe7303e1b2336de0e) },
		{ 24, UINT64_C(0xa3fe70bf9d3510eb), UINT64_C(0x850e80fc35bdd690) },
		{ 48, UINT64_C(0x397da259ecba1f11), UINT64_C(0xadc2cbaa44acc616) },
		{ 80, UINT64_C(0xbcdefbbb2c47c90a), UINT64_C(0xc6dd0cb699532e73) },
		{ 195, UINT64_C(0xcd94217ee362ec3a), UINT64_C(0xba68003d370cb3d9) },
		{ 241, UINT64_C(0xc5a639ecd2030e5e), UINT64_C(0xdda9b0a161d4829a) },
		{ 512, UINT64_C(0x617e49599013cb6b), 0 },
	};
	char text[512];
	uint64_t state = 2654435761;
	bool good = true;

	for (size_t i = 0; i < sizeof(text); i++) {
		text[i] = (char)(unsigned char)(state >> 56);
		state *= UINT64_C(11400714785074694797);
	}
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct key key = { text, vectors[i].length };

		good = good && key_hash(key, 0) == vectors[i].unseeded &&
		    (vectors[i].seeded == 0 || key_hash(key, seed) == vectors[i].seeded);
		if (!good)
			diag("%zu bytes: %016" PRIx64 ", seeded %016" PRIx64, key.length, key_hash(key, 0),
			    key_hash(key, seed));
	}
	ok(good, "hashes as published");
	ok(key_salt() != key_salt(), "no salt is like another");
}

static void
lines(void)
{
	struct key_rule rule = { .separator = KEY_BLANKS };

	(void)parse(&rule, "2");
	is_text(key_text(&rule, "a b\r", 4), "[b\r]", "a carriage return is like any byte");
	key_set_lines(&rule);
	is_text(key_text(&rule, "a b\r", 4), "[b]", "but the end of a line has none");
	is_text(key_text(&rule, "a b\r c", 6), "[b\r]", "elsewhere it stays");
	is(key_looks(&rule).asked, 3, "it was asked three times");
	is(key_looks(&rule).found, 3, "and was there");
	is_text(key_text(&rule, "a \r", 3), "[]", "no field");
	is(key_looks(&rule).asked, 4, "is asked for");
	is(key_looks(&rule).found, 3, "and not found");
	rule.separator = ',';
	is_text(key_text(&rule, "a,b\r", 4), "[b]", "by a separator too");
	is_text(key_text(&rule, "a,\r", 3), "[]", "an empty field");
	is(key_looks(&rule).found, 5, "is one");
	is_text(key_text(&rule, "a\r", 2), "[]", "one that is not there");
	is(key_looks(&rule).found, 5, "is none");
	key_clear(&rule);
}

int
main(void)
{
	lines();
	blanks();
	separators();
	several();
	random_records();
	rules();
	hashes();
	return done_testing();
}
