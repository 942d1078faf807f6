/* SPDX-License-Identifier: BSD-2-Clause */
/* What matches and where, compiled to machine code and interpreted; errors; work without end. */
#include "../tap.h"

#include "pick/pattern.h"

#ifdef HAVE_PCRE2

#ifdef __linux__
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

/* Linux 6.3: what could be written is never run. */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif

static char error[PATTERN_ERROR_MOST];

static struct pattern *
compiled(const char *way, const char *regex)
{
	static char text[200];
	struct pattern *pattern;

	(void)snprintf(text, sizeof(text), "%s%s", way, regex);
	pattern = pattern_new(text, error);
	if (pattern == NULL)
		diag("%s: %s", text, error);
	return pattern;
}

/* What pattern_group finds in the text, in [], or "no"; and pattern_matches agrees as far as it can. */
static const char *
found(const char *way, const char *regex, const char *text, size_t length)
{
	static char part[100];
	struct pattern *pattern = compiled(way, regex);
	size_t from = 1000, to = 2000;

	if (pattern == NULL)
		return "an error";
	if (pattern_group(pattern, text, length, &from, &to))
		(void)snprintf(part, sizeof(part), "[%.*s]%s", (int)(to - from), text + from,
		    pattern_matches(pattern, text, length) ? "" : ", but does not match");
	else
		(void)snprintf(part, sizeof(part), "no%s%s", from == 1000 && to == 2000 ? "" : ", but set",
		    pattern_matches(pattern, text, length) ? ", but matches" : "");
	pattern_free(pattern);
	return part;
}

#define TEXT(text) text, sizeof(text) - 1

static const struct {
	const char *regex;
	const char *text;
	size_t length;
	const char *want;
} cases[] = {
	{ "ERROR", TEXT("an ERROR"), "[ERROR]" },
	{ "ERROR", TEXT("an error"), "no" },
	{ "ERROR|FATAL", TEXT("FATAL, ERROR"), "[FATAL]" },
	{ "(?i)error", TEXT("an Error"), "[Error]" },
	{ "user=(\\w+)", TEXT("a user=joe b"), "[joe]" },
	{ "(a)(b)(c)", TEXT("abc"), "[a]" },
	{ "(?:a|(b))c", TEXT("bc"), "[b]" },
	{ "(?:a|(b))c", TEXT("ac"), "no, but matches" },
	{ "(x)?a", TEXT("a"), "no, but matches" },
	{ "(x*)a", TEXT("a"), "[]" },
	{ "^$", TEXT(""), "[]" },
	{ "", TEXT("abc"), "[]" },
	{ "^b", TEXT("a\nb"), "no" },
	{ "a.c", TEXT("a\0c"), "[a]" }, /* as far as printf goes */
	{ "c$", TEXT("a\0c"), "[c]" },
	{ "a.c", TEXT("a\rc"), "[a\rc]" },
	{ "a.c", TEXT("a\nc"), "no" },
	{ "^.$", TEXT("\xe4"), "[\xe4]" },
	{ "^.$", TEXT("\xc3\xa4"), "no" },
	{ "(*UTF)^.$", TEXT("\xc3\xa4"), "[\xc3\xa4]" },
	{ "(*UTF)b", TEXT("\xe4" "b"), "no" },
	{ "b", "ab", 1, "no" },
	{ "a$", "ab", 1, "[a]" },
};

static void
tables(const char *way)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_text(found(way, cases[i].regex, cases[i].text, cases[i].length), cases[i].want,
		    "%s%s, case %zu", way, cases[i].regex, i);
}

/* What would take longer than anybody waits, or more memory than is good, does not match. */
static void
limits(const char *way)
{
	static char text[1 << 20];

	memset(text, 'a', sizeof(text));
	text[40] = '!';
	is_text(found(way, "(a+)+$", text, 41), "no", "%sways without end", way);
	is_text(found(way, "^(a+)+!", text, 41), "[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]",
	    "%sunless one of the first does", way);
	is_text(found(way, "^(?:a+)+[?]|^aa", text, 10), "[aa]", "%sa thousand ways", way);
	is_text(found(way, "^(?:a+)+[?]|^aa", text, 20), "no", "%sbut not a million", way);
	text[40] = 'a';
	is_text(found(way, "^(?:a|b)*!", text, sizeof(text)), "no", "%smemory without end", way);
	text[sizeof(text) - 1] = '!';
	is_text(found(way, "^a(a).*?[!?]", text, sizeof(text)), "[a]", "%sa long text has more steps", way);
	is_text(found(way, "^(a)(?:a|b)*a$", text, 2000), "[a]", "%sand memory enough for what is usual", way);
}

static void
errors(void)
{
	static const struct {
		const char *regex;
		const char *want;
	} wrong[] = {
		{ "(ab", "at offset 3: missing closing parenthesis" },
		{ "a[", "at offset 2: missing terminating ] for character class" },
		{ "*", "at offset 0: quantifier does not follow a repeatable item" },
		{ "ab)", "at offset 2: unmatched closing parenthesis" },
	};
	char longest[20000];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		is(pattern_new(wrong[i].regex, error) == NULL, true, "no pattern: %s", wrong[i].regex);
		is_text(error, wrong[i].want, "says what and where");
	}
	memset(longest, '(', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	is(pattern_new(longest, error) == NULL, true, "nor with parentheses without end");
	ok(strncmp(error, "at offset ", 10) == 0 && strlen(error) < sizeof(error), "says: %s", error);
	pattern_free(NULL);
}

/* A match that begins behind its end, as PCRE2 before 10.38 allows. */
static void
backwards(void)
{
	const char *part = found("", "(?=ab\\K)", "ab", 2);

	ok(strcmp(part, "an error") == 0 || strcmp(part, "no, but matches") == 0, "no key: %s", part);
}

/* A match leaves nothing behind that changes the next one. */
static void
again(void)
{
	struct pattern *pattern = compiled("", "(x)?(a)");
	size_t from = 0, to = 0;
	bool good = true;

	for (int i = 0; i < 100; i++)
		good = good && pattern_group(pattern, "xa", 2, &from, &to) && from == 0 && to == 1 &&
		    !pattern_group(pattern, "a", 1, &from, &to) && !pattern_matches(pattern, "b", 1) &&
		    pattern_matches(pattern, "a", 1);
	ok(good, "a hundred times over");
	pattern_free(pattern);
}

/* In a process of its own, for it is for good, and before PCRE2 has memory that it could use again. */
static void
without_machine_code(void)
{
#ifdef __linux__
	const char *under = getenv("WEIR_UNDER");
	pid_t child;
	int status = -1;

	if (under != NULL && strcmp(under, "valgrind") == 0)
		return; /* which makes machine code itself */
	child = fork();
	if (child == 0) {
		if (prctl(PR_SET_MDWE, 1UL, 0UL, 0UL, 0UL) != 0)
			_exit(0); /* older than Linux 6.3 */
		if (mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
		    MAP_FAILED)
			_exit(1);
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
			if (strcmp(found("", cases[i].regex, cases[i].text, cases[i].length), cases[i].want) != 0)
				_exit(2 + (int)i);
		_exit(0);
	}
	is(waitpid(child, &status, 0), child, "a child");
	is(status, 0, "finds the same where no memory can be both written and run");
#endif
}

#ifdef HAVE_PCRE2
static bool
at_end(const char *regex, const char *text, bool of_lines)
{
	struct pattern *pattern = pattern_is_enclosed(regex) ? pattern_new_enclosed(regex, error)
	    : pattern_new(regex, error);
	bool matches;

	if (of_lines)
		pattern_set_lines(pattern);
	matches = pattern_matches(pattern, text, strlen(text));
	pattern_free(pattern);
	return matches;
}

static void
line_ends(void)
{
	ok(!at_end("foo$", "foo\r", false), "a carriage return is a byte like any other");
	ok(at_end("foo$", "foo\r", true), "with lines $ is before it");
	ok(at_end("foo\\r$", "foo\r", true), "and behind it, where it is named");
	ok(at_end("foo\\s$", "foo\r", true), "as a blank too");
	ok(at_end("foo[[:space:]]$", "foo\r", true) && at_end("foo[[:cntrl:]]$", "foo\r", true) &&
	    at_end("foo\\p{Cc}$", "foo\r", true), "or by a class that it is in");
	ok(at_end("foo\r$", "foo\r", true), "or as itself");
	ok(!at_end("foo.$", "foo\r", true), "but a dot is not it");
	ok(at_end("foo.bar$", "foo\rbar", true), "elsewhere it stays");
	ok(!at_end("bar$", "foo\r", true), "what is not there is not there");
	ok(at_end("^$", "\r", true), "a line of nothing else is empty");
	ok(at_end("/FOO/i", "a foo", false) && !at_end("/FOO/", "a foo", false), "between slashes, with i in any case");
	ok(at_end("/a/b/", "xa/by", false), "slashes inside are slashes");
	ok(!pattern_is_enclosed("/") && !pattern_is_enclosed("/i") && !pattern_is_enclosed("/var/log") &&
	    !pattern_is_enclosed("a/") && !pattern_is_enclosed(""), "no two slashes, no pattern between them");
}

/* Where the next match is, as "2-4"; or "none". */
static const char *
place_of(const char *regex, const char *text, size_t at)
{
	static char place[64];
	struct pattern *pattern = pattern_new(regex, error);
	size_t from, to;

	if (pattern == NULL)
		return error;
	(void)snprintf(place, sizeof(place), "none");
	if (pattern_find(pattern, text, strlen(text), at, &from, &to))
		(void)snprintf(place, sizeof(place), "%zu-%zu", from, to);
	ok(pattern_looks(pattern).asked == 0, "it is not counted");
	pattern_free(pattern);
	return place;
}

static void
finds_the_next(const char *option)
{
	char regex[64];
	const struct {
		const char *regex, *text;
		size_t at;
		const char *place;
	} places[] = {
		{ "a+", "baab", 0, "1-3" }, { "a+", "baab", 2, "2-3" }, { "a+", "baab", 3, "none" }, { "a+", "baab", 4, "none" },
		{ "a*", "baab", 0, "1-3" }, { "a*", "bb", 0, "none" }, { "^b", "baab", 1, "none" }, { "(?<=a)b", "ab", 1, "1-2" },
		{ "b$", "baab", 1, "3-4" }, { "a\\Kb", "ab", 0, "1-2" }, { "b", "ab", 1, "1-2" },
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		(void)snprintf(regex, sizeof(regex), "%s%s", option, places[i].regex);
		is_text(place_of(regex, places[i].text, places[i].at), places[i].place, "%s in %s from %zu on", regex, places[i].text, places[i].at);
	}
}
#endif

int
main(void)
{
#ifdef HAVE_PCRE2
	line_ends();
	finds_the_next("");
	finds_the_next("(*NO_JIT)");
#endif
	without_machine_code();
	tables("");
	limits("");
	tables("(*NO_JIT)");
	limits("(*NO_JIT)");
	errors();
	backwards();
	again();
	return done_testing();
}

#else

int
main(void)
{
	char error[PATTERN_ERROR_MOST];

	ok(pattern_new("ERROR", error) == NULL, "there are no patterns");
	is_text(error, "this weir was built without PCRE2", "says why");
	pattern_free(NULL);
	return done_testing();
}

#endif
