/* SPDX-License-Identifier: BSD-2-Clause */
/* What is not looked at: by example, and against a scan that tries every place. */
#include "../tap.h"

#include "../random.h"
#include "pick/mask.h"

#include <stdlib.h>
#include <string.h>

#ifdef HAVE_PCRE2

static struct mask *mask;
static char error[PATTERN_ERROR_MOST];

/* Of these patterns. */
static void
begin(const char *first, const char *second)
{
	mask_free(mask);
	if ((mask = mask_new()) == NULL || !mask_add(mask, first, error) || (second != NULL && !mask_add(mask, second, error)))
		abort();
}

/* A text in which _ stands for each part that is left out. */
static const char *
masked(const char *text)
{
	static char shown[256];
	size_t at = 0, from, to, length = strlen(text);

	shown[0] = '\0';
	mask_begin(mask, text, length);
	while (mask_next(mask, at, &from, &to)) {
		strncat(shown, text + at, from - at);
		strcat(shown, "_");
		at = to;
	}
	return strcat(shown, text + at);
}

static void
by_example(void)
{
	begin("[0-9]+", NULL);
	is_text(masked("a 1 b 22 c"), "a _ b _ c", "all that matches is left out");
	is_text(masked("12"), "_", "be it the whole text");
	is_text(masked("none"), "none", "or nothing of it");
	is_text(masked(""), "", "of an empty one nothing is");
	begin("[0-9]*", NULL);
	is_text(masked("a1b"), "a_b", "what is empty is no match");
	begin("/ID=\\w+/i", NULL);
	is_text(masked("x id=7 Id=a"), "x _ _", "between slashes, too, in any case");
	begin("^", NULL);
	is_text(masked("ab"), "ab", "a place alone leaves out nothing");
	begin("^[a-z]+ ", NULL);
	is_text(masked("ab cd ef"), "_cd ef", "the beginning is that of the text, not of what is left,");
	begin("(?<=a)b+", NULL);
	is_text(masked("abbcb"), "a_cb", "and a match may look at what stands before");
}

static void
several(void)
{
	begin("b+", "[ab]c");
	is_text(masked("abbcbac"), "a_c__", "of several the one that begins first;");
	begin("b", "bc+");
	is_text(masked("abcc b"), "a_ _", "of those that begin together the longest,");
	begin("bc+", "b");
	is_text(masked("abcc b"), "a_ _", "whichever is given first");
	begin("ab", "bc");
	is_text(masked("abc bc"), "_c _", "what another one has begun is looked for anew behind it");
	begin("a+", "z");
	is_text(masked("aaz a"), "__ _", "one may match no more, and the others go on");
}

static void
lines(void)
{
	begin("[0-9]+$", NULL);
	is_text(masked("a1\r"), "a1\r", "a carriage return is text");
	mask_set_lines(mask);
	is_text(masked("a1\r"), "a_\r", "but of lines it is none,");
	begin("\\r", NULL);
	mask_set_lines(mask);
	is_text(masked("a1\r"), "a1_", "unless it is asked for");
	mask_set_lines(NULL);
}

static void
refused(void)
{
	begin("a", NULL);
	ok(!mask_add(mask, "", error) && strcmp(error, "an empty pattern leaves out nothing") == 0, "an empty one: %s", error);
	ok(!mask_add(mask, "//i", error), "also between slashes");
	ok(!mask_add(mask, "(", error) && strstr(error, "at offset") != NULL, "one that is none: %s", error);
	for (int i = 1; i < MASK_MOST; i++)
		(void)mask_add(mask, "a", error);
	ok(!mask_add(mask, "a", error) && strcmp(error, "more than 16 patterns") == 0, "and one too many: %s", error);
	is_text(masked("bab"), "b_b", "those before do what they do");
}

/* Letters that the class names, so many of them at least; as the pattern "[class]{least,}". */
struct run {
	const char *class;
	size_t least;
};

static size_t
run_at(const struct run *run, const char *text)
{
	size_t length = strspn(text, run->class);

	return length >= run->least ? length : 0;
}

static void
any(void)
{
	static const struct run runs[] = { { "a", 1 }, { "b", 2 }, { "ab", 3 }, { "bc", 2 } };
	static const char *const patterns[] = { "[a]{1,}", "[b]{2,}", "[ab]{3,}", "[bc]{2,}" };
	struct random random = { 3 };
	bool good = true;

	for (int turn = 0; turn < 3000 && good; turn++) {
		const unsigned one = (unsigned)random_below(&random, 4), other = (unsigned)random_below(&random, 4);
		char text[41], wanted[64] = "";
		size_t length = (size_t)random_below(&random, 40), at = 0;

		for (size_t i = 0; i < length; i++)
			text[i] = "abcd"[random_below(&random, 4)];
		text[length] = '\0';
		while (at < length) {
			size_t first = run_at(&runs[one], text + at), second = run_at(&runs[other], text + at);
			size_t longest = first > second ? first : second;

			wanted[strlen(wanted)] = longest > 0 ? '_' : text[at];
			at += longest > 0 ? longest : 1;
		}
		begin(patterns[one], patterns[other]);
		good = strcmp(masked(text), wanted) == 0;
		if (!good)
			diag("%s of %s and %s: %s, not %s", text, patterns[one], patterns[other], masked(text), wanted);
	}
	ok(good, "any text, by any two patterns");
}

int
main(void)
{
	by_example();
	several();
	lines();
	refused();
	any();
	mask_free(mask);
	mask_free(NULL);
	return done_testing();
}

#else

int
main(void)
{
	char error[PATTERN_ERROR_MOST];
	struct mask *mask = mask_new();

	ok(mask != NULL && !mask_add(mask, "a", error), "without PCRE2 there is no pattern");
	mask_free(mask);
	return done_testing();
}

#endif
