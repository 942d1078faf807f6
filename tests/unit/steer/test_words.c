/* SPDX-License-Identifier: BSD-2-Clause */
/* A line as a shell would split it, what it asks for, and what is said of one that asks for nothing. */
#include "../tap.h"

#include "base/units.h"
#include "base/visible.h"
#include "steer/words.h"

static char line[WORDS_LINE_MOST + 1], error[WORDS_ERROR_MOST];
static struct order order;

static bool
reads_bytes(const char *text, size_t length)
{
	memcpy(line, text, length);
	return words_read(&order, line, length, error);
}

static bool
reads(const char *text)
{
	return reads_bytes(text, strlen(text));
}

static void
orders(void)
{
	static const struct {
		const char *text;
		enum order_kind kind;
	} plain[] = {
		{ "report", ORDER_REPORT }, { "pause", ORDER_PAUSE }, { "resume", ORDER_RESUME }, { "drain", ORDER_DRAIN },
		{ "purge", ORDER_PURGE },
	};
	char text[32];

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		ok(reads(plain[i].text) && order.kind == plain[i].kind, "%s", plain[i].text);
		(void)snprintf(text, sizeof(text), "%s now", plain[i].text);
		ok(!reads(text), "and nothing behind it");
		is_text(error, "now: one word too many", "which is said");
	}
	ok(reads("set rate=10/s") && order.kind == ORDER_SET && order.settings == 1, "set");
	is_text(order.setting[0], "rate=10/s", "with what is to be set");
	ok(reads("set a=1 b= c") && order.settings == 3 && strcmp(order.setting[2], "c") == 0, "be it several, or wrong");
	ok(!reads("set"), "but not with nothing");
	is_text(error, "set: accepted: set OPTION=VALUE..., such as set rate=10MB/s", "which is said");
}

static void
watches(void)
{
	ok(reads("watch 10ms") && order.kind == ORDER_WATCH && order.every_ns == WORDS_WATCH_LEAST_NS, "watch");
	ok(reads("watch 366d") && order.every_ns == UNITS_TIME_MAX_NS, "for as long as a time may be");
	ok(!reads("watch 9999us"), "not for less than 10 ms");
	is_text(error, "9999us: too small; accepted: 10ms to 366d, such as 500ms, 5s or 1m", "which is said");
	ok(!reads("watch never"), "nor for no time");
	ok(!reads("watch") && !reads("watch 1s 2s"), "nor with none, or two");
}

static void
taps(void)
{
	ok(reads("tap in") && order.kind == ORDER_TAP && !order.out && order.one_in == 1, "tap in: each");
	ok(reads("tap out 1/100") && order.out && order.one_in == 100, "tap out: one in so many");
	ok(reads("tap out 7") && order.one_in == 7, "also without the 1");
	ok(!reads("tap sideways"), "nothing else");
	is_text(error, "sideways: neither end; accepted: in, out", "which is said");
	ok(!reads("tap in 2/3") && !reads("tap in 0") && !reads("tap in x") && !reads("tap in 66%"), "no other part of them");
	is_text(error, "66%: no part of the records; accepted: N or 1/N with N from 1 to 1125899906842624", "which is said");
	ok(!reads("tap") && !reads("tap in 1/2 3"), "with one end, and one part at most");
}

/* Each is one word behind set. */
static void
quotes(void)
{
	static const struct {
		const char *text, *word;
	} words[] = {
		{ "set a=b", "a=b" }, { "set\ta=b", "a=b" }, { "  set   a=b  ", "a=b" }, { "set a=b\r", "a=b" },
		{ "set 'a=b c'", "a=b c" }, { "set a='b c'd", "a=b cd" }, { "set 'a=\\b\"'", "a=\\b\"" },
		{ "set 'a=\\$\\\\'", "a=\\$\\\\" }, { "set \"a=b  c\"", "a=b  c" }, { "set \"a=\\\"b\\\\\\$\\`\"", "a=\"b\\$`" }, { "set \"a=\\b\"", "a=\\b" },
		{ "set a=\\ b", "a= b" }, { "set \\a=\\'b", "a='b" }, { "set a=''", "a=" }, { "set ''", "" },
		{ "s'e't a=\"b\"'c'\\d", "a=bcd" }, { "set a=$HOME*|;", "a=$HOME*|;" }, { "set a=\\\\", "a=\\" },
		{ "set \"a='b'\"", "a='b'" }, { "set #a", "#a" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		ok(reads(words[i].text) && order.settings == 1 && strcmp(order.setting[0], words[i].word) == 0, "words: %zu", i + 1);
	ok(!reads("set 'a=b"), "a quote has an end");
	is_text(error, "a=b: a ' without another", "which is said,");
	ok(!reads("set \"a=b'"), "each its own,");
	is_text(error, "a=b': a \" without another", "which is said,");
	ok(!reads("set a=b\\"), "and a backslash something behind it");
	is_text(error, "a=b: a backslash at its end, and nothing behind it", "which is said");
	ok(!reads("set \"a=b\\"), "in quotes as well");
}

static void
nothing(void)
{
	char much[4 * WORDS_COUNT_MOST];

	ok(!reads("") && !reads("   ") && !reads("\r"), "an empty line");
	is_text(error, "no word; accepted: report, set, pause, resume, drain, purge, watch, tap", "asks for nothing");
	ok(!reads("reprot"), "nor does what is no word");
	is_text(error, "reprot: no such word; did you mean report?; accepted: report, set, pause, resume, drain, purge, watch, tap",
	    "which is said, and what may have been meant");
	ok(!reads("REPORT"), "in capitals neither");
	ok(!reads("''"), "nor does an empty one");
	ok(!reads_bytes("report\0", 7), "nor one with a NUL");
	is_text(error, "a NUL byte, which no word has", "which is said");
	ok(!reads("\033[2J\377"), "what is not printable");
	is_text(error, "\\033[2J\\377: no such word; accepted: report, set, pause, resume, drain, purge, watch, tap", "is not shown as it is");
	memset(much, 'x', 200);
	much[200] = '\0';
	ok(!reads(much) && strncmp(error + 64, "...: no such word", 17) == 0, "what is long is cut");
	(void)snprintf(much, sizeof(much), "set");
	for (int i = 1; i < WORDS_COUNT_MOST; i++)
		(void)snprintf(much + strlen(much), sizeof(much) - strlen(much), " a");
	ok(reads(much) && order.settings == WORDS_COUNT_MOST - 1, "many words");
	(void)snprintf(much + strlen(much), sizeof(much) - strlen(much), " a");
	ok(!reads(much), "but not more than many");
	is_text(error, "more than 64 words", "which is said");
}

/* What is read is in the line, and what is said is printable and has an end, whatever stands there. */
static void
anything(void)
{
	static const char bytes[] = " \t\\'\"=/setwachpin1\0\r\377";
	unsigned state = 1, good = 0;

	for (int i = 0; i < 200000; i++) {
		const size_t length = (state = state * 1103515245 + 12345) >> 16 & 15;
		bool inside = true;

		for (size_t at = 0; at < length; at++)
			line[at] = bytes[((state = state * 1103515245 + 12345) >> 16) % (sizeof(bytes) - 1)];
		if (!words_read(&order, line, length, error)) {
			good += memchr(error, '\0', sizeof(error)) != NULL && error[0] != '\0' && visible_is_printable(error);
			continue;
		}
		for (unsigned n = 0; n < order.settings; n++)
			inside = inside && order.setting[n] >= line && order.setting[n] + strlen(order.setting[n]) <= line + length;
		good += inside;
	}
	is(good, 200000, "200000 lines of nonsense");
}

int
main(void)
{
	orders();
	watches();
	taps();
	quotes();
	nothing();
	anything();
	return done_testing();
}
