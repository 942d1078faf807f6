/* SPDX-License-Identifier: BSD-2-Clause */
/* Members of objects by their path, against what was put in; and any bytes, of which none outside may be read. */
#include "../tap.h"

#include "../random.h"
#include "pick/member.h"

#include <stdlib.h>

/* What it says, in brackets; or what is wrong with the path. */
static const char *
member_of(const char *value, const char *text, size_t length)
{
	static char part[200];
	struct member_path path;
	struct member member;
	const char *rest, *wrong = member_parse(&path, value, &rest), *at;
	size_t done = 1;

	if (wrong != NULL)
		return wrong;
	if (!member_find(&path, text, length, &member))
		return "none";
	part[0] = '[';
	for (at = member.text; at < member.text + member.length && done < 190;) {
		char bytes[4];
		size_t count = 1;

		bytes[0] = *at;
		at = member.escaped ? member_next(at, member.text + member.length, bytes, &count) : at + 1;
		memcpy(part + done, bytes, count);
		done += count;
	}
	memcpy(part + done, "]", 2);
	return part;
}

/* From memory that ends with it. */
static const char *
in(const char *value, const char *text)
{
	const size_t length = strlen(text);
	char *copy = malloc(length + (length == 0));
	const char *said;

	if (copy == NULL)
		abort();
	memcpy(copy, text, length);
	said = member_of(value, copy, length);
	free(copy);
	return said;
}

static void
values(void)
{
	is_text(in(".a", "{\"a\":\"x\"}"), "[x]", "a string");
	is_text(in(".a", " { \"b\" : [1,{\"a\":2}] , \"a\" : \"x y\" } "), "[x y]", "behind others, with blanks");
	is_text(in(".a", "{\"a\":-1.5e+3}"), "[-1.5e+3]", "a number");
	is_text(in(".a", "{\"a\":true,\"b\":1}"), "[true]", "true");
	is_text(in(".a", "{\"a\":null}"), "[null]", "null is a value");
	is_text(in(".a", "{\"a\":\"\"}"), "[]", "nothing is a string");
	is_text(in(".a", "{\"a\":{\"b\": [\"}\"]},\"c\":1}"), "[{\"b\": [\"}\"]}]", "an object, as it stands there");
	is_text(in(".a.b", "{\"a\":{\"x\":{\"b\":1},\"b\":2}}"), "[2]", "one inside of it, and no other");
	is_text(in(".a.1.b", "{\"a\":[{\"b\":1},{\"b\":2}]}"), "[2]", "in an array");
	is_text(in(".a.2", "{\"a\":[1,2]}"), "none", "which ends");
	is_text(in(".a.x", "{\"a\":[1,2]}"), "none", "and has no names");
	is_text(in(".a.0", "{\"a\":[]}"), "none", "or nothing");
	is_text(in(".a", "{\"a\":1,\"a\":2}"), "[1]", "of two the first");
	is_text(in(".\"a.b\"", "{\"a\":{\"b\":1},\"a.b\":2}"), "[2]", "a name in quotes");
	is_text(in(".\"a\\\"\\\\\"", "{\"a\\\"\\\\\":3}"), "[3]", "with quotes in it");
	is_text(in(".gr\xc3\xb6\xc3\x9f" "e", "{\"gr\\u00f6\xc3\x9f" "e\":4}"), "[4]", "however it is written");
	is_text(in(".a", "{\"ab\":1,\"\":2}"), "none", "no part of a name is one");
	is_text(in(".ab", "{\"\\u0061\":1}"), "none", "however it is written");
	is_text(in(".a", "{\"\\u0061b\":1}"), "none", "be it the first");
}

static void
strings(void)
{
	is_text(in(".a", "{\"a\":\"q\\\"\\\\\"}"), "[q\"\\]", "quotes and backslashes");
	is_text(in(".b", "{\"a\":\"\\\\\\\"\",\"b\":\"x\"}"), "[x]", "are passed by");
	is_text(in(".a", "{\"a\":\"\\/\\b\\f\\n\\r\\t\"}"), "[/\b\f\n\r\t]", "the short ones");
	is_text(in(".a", "{\"a\":\"\\u0041\\u00e4\\u20AC\"}"), "[A\xc3\xa4\xe2\x82\xac]", "by number");
	is_text(in(".a", "{\"a\":\"\\ud83d\\ude00!\"}"), "[\xf0\x9f\x98\x80!]", "two that are one");
	is_text(in(".a", "{\"a\":\"\\ud83dx\"}"), "[\xef\xbf\xbdx]", "half of it is none");
	is_text(in(".a", "{\"a\":\"\\ude00\\u0041\"}"), "[\xef\xbf\xbd" "A]", "nor is the other half");
	is_text(in(".a", "{\"a\":\"\\ud83d\\u0041\"}"), "[\xef\xbf\xbd" "A]", "what follows stays");
	is_text(in(".a", "{\"a\":\"\\x\\u12\"}"), "[\xef\xbf\xbd\xef\xbf\xbd" "12]", "what is no escape");
}

static void
no_objects(void)
{
	static const char *const texts[] = { "", " ", "{", "{}", "[1]", "\"a\"", "{\"a\"", "{\"a\":", "{\"a\": ", "{\"a\":\"x",
		"{\"a\":\"x\\", "{\"a\":[", "{\"a\":{\"b\":1", "{a:1}", "{\"a\" 1}", "{\"b\":1 \"a\":2}", "{\"a\":}", "{\"b\":]]}",
		"plain text with \"a\":1", "{\"b\":\"\\\",\"a\":1" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		is_text(in(".a", texts[i]), "none", "none in %s", texts[i]);
	is_text(in(".a.b", "{\"a\":\"{\"b\":1}\"}"), "none", "a string is no object");
	is_text(in(".0", "[1]"), "none", "and the record is no array");
	is_text(in(".a", "{\"a\":1"), "[1]", "no further is read than has to be");
}

/* --- at random ------------------------------------------------------------------------------------- */

static struct random dice = { 7 };
static char text[4096];
static size_t used;

static void
put(const char *what)
{
	const size_t length = strlen(what);

	if (used + length >= sizeof(text))
		return;
	memcpy(text + used, what, length);
	used += length;
}

static void
blanks(void)
{
	while (random_one_in(&dice, 3))
		put(random_one_in(&dice, 2) ? " " : "\t");
}

static void
put_value(unsigned depth)
{
	static const char *const scalars[] = { "1", "-2.5", "true", "null", "\"\"", "\"a\"", "\"x\\\"}\"", "\"\\\\\"", "\"]{\"" };
	const uint64_t kind = depth == 0 ? 2 : random_below(&dice, 3);
	const bool object = kind == 0;

	if (kind == 2) {
		put(scalars[random_below(&dice, sizeof(scalars) / sizeof(scalars[0]))]);
		return;
	}
	put(object ? "{" : "[");
	for (uint64_t left = random_below(&dice, 4); left > 0; left--) {
		blanks();
		if (object)
			put("\"n\\\"o\":");
		put_value(depth - 1);
		blanks();
		if (left > 1)
			put(",");
	}
	put(object ? "}" : "]");
}

/* What is wanted stands somewhere, at a path of some names, in objects of which each has others before and behind. */
static void
random_objects(void)
{
	bool good = true;

	for (int i = 0; i < 20000 && good; i++) {
		char path[64] = "", want[40];
		const uint64_t depth = random_from(&dice, 1, 5);

		used = 0;
		for (uint64_t level = 0; level < depth; level++) {
			(void)snprintf(path + strlen(path), sizeof(path) - strlen(path), ".k%d", (int)level);
			put("{");
			for (uint64_t others = random_below(&dice, 3); others > 0; others--) {
				blanks();
				put("\"other\"");
				blanks();
				put(":");
				put_value(3);
				put(",");
			}
			(void)snprintf(want, sizeof(want), "\"k%d\":", (int)level);
			put(want);
			blanks();
		}
		(void)snprintf(want, sizeof(want), "[%d]", i);
		(void)snprintf(text + used, sizeof(text) - used, "%d", i);
		used += strlen(text + used);
		for (uint64_t level = 0; level < depth; level++) {
			if (random_one_in(&dice, 2)) {
				put(",\"k0\":");
				put_value(2);
			}
			put("}");
		}
		text[used] = '\0';
		good = strcmp(in(path, text), want) == 0;
		if (!good)
			diag("%s in %s: got %s, want %s", path, text, in(path, text), want);
	}
	ok(good, "members of random objects");
}

/* Nothing outside is read: what would be is found by the sanitizers, or by valgrind. */
static void
random_bytes(void)
{
	static const char letters[] = "{}[]\":,\\ a0u1\n";
	bool good = true;

	for (int i = 0; i < 200000; i++) {
		const size_t length = random_below(&dice, 24);
		char *copy = malloc(length + 1);
		struct member_path path;
		struct member member;
		const char *rest;

		if (copy == NULL)
			abort();
		for (size_t k = 0; k < length; k++)
			copy[k] = k == 0 ? '{' : letters[random_below(&dice, sizeof(letters) - 1)];
		copy = realloc(copy, length + (length == 0));
		if (copy == NULL || member_parse(&path, random_one_in(&dice, 2) ? ".a" : ".a.0.a", &rest) != NULL)
			abort();
		if (member_find(&path, copy, length, &member))
			good = good && member.text >= copy && member.text + member.length <= copy + length;
		free(copy);
	}
	ok(good, "what is found in random bytes is inside of them");
}

int
main(void)
{
	values();
	strings();
	no_objects();
	random_objects();
	random_bytes();
	return done_testing();
}
