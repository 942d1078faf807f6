/* SPDX-License-Identifier: BSD-2-Clause */
/* What lines say: case by case, and whatever way they are cut. */
#include "../tap.h"

#include "../pipe.h"
#include "../random.h"
#include "hand/answers.h"

#define ROUNDS 3000
#define TEXT_MOST 20000
#define SAID_MOST 8192

/* One line: OTHER for none. */
static struct answer
said(enum answers_by by, struct pattern *pattern, const char *line, size_t length)
{
	static struct answers answers;
	struct answer answer = { .kind = ANSWER_OTHER }, more;

	answers_init(&answers, by, pattern);
	answers_feed(&answers, line, length);
	answers_end(&answers);
	if (length == 0)
		must(!answers_next(&answers, &answer));
	else
		must(answers_next(&answers, &answer) && !answers_next(&answers, &more));
	return answer;
}

static void
cases(void)
{
	static const struct {
		const char *line;
		enum answer_kind by_line, by_number;
		uint64_t number;
	} table[] = {
		{ "\n", ANSWER_OLDEST, ANSWER_OTHER, 0 },
		{ "\r\n", ANSWER_OLDEST, ANSWER_OTHER, 0 },
		{ "ok", ANSWER_OLDEST, ANSWER_OTHER, 0 },
		{ "ok\n", ANSWER_OLDEST, ANSWER_OTHER, 0 },
		{ "12\n", ANSWER_OLDEST, ANSWER_NUMBER, 12 },
		{ "12", ANSWER_OLDEST, ANSWER_NUMBER, 12 },
		{ "12\r\n", ANSWER_OLDEST, ANSWER_NUMBER, 12 },
		{ "ack 7 of 9\n", ANSWER_OLDEST, ANSWER_NUMBER, 7 },
		{ "record#007;\n", ANSWER_OLDEST, ANSWER_NUMBER, 7 },
		{ "id-12\n", ANSWER_OLDEST, ANSWER_NUMBER, 12 },
		{ "-12 34\n", ANSWER_OLDEST, ANSWER_NUMBER, 0 },
		{ "error: -1\n", ANSWER_OLDEST, ANSWER_NUMBER, 0 },
		{ "1.5\n", ANSWER_OLDEST, ANSWER_NUMBER, 1 },
		{ "reject\n", ANSWER_REJECT_OLDEST, ANSWER_OTHER, 0 },
		{ "reject", ANSWER_REJECT_OLDEST, ANSWER_OTHER, 0 },
		{ "reject\r\n", ANSWER_REJECT_OLDEST, ANSWER_OTHER, 0 },
		{ "reject \n", ANSWER_REJECT_OLDEST, ANSWER_OTHER, 0 },
		{ "reject 12\n", ANSWER_REJECT_OLDEST, ANSWER_REJECT_NUMBER, 12 },
		{ "reject\t12: no such table\r\n", ANSWER_REJECT_OLDEST, ANSWER_REJECT_NUMBER, 12 },
		{ "reject   record 12\n", ANSWER_REJECT_OLDEST, ANSWER_REJECT_NUMBER, 12 },
		{ "reject nothing\n", ANSWER_REJECT_OLDEST, ANSWER_OTHER, 0 },
		{ "reject -12\n", ANSWER_REJECT_OLDEST, ANSWER_REJECT_NUMBER, 0 },
		{ "rejected 12\n", ANSWER_OLDEST, ANSWER_NUMBER, 12 },
		{ "reject12\n", ANSWER_OLDEST, ANSWER_NUMBER, 12 },
		{ "reject: 12\n", ANSWER_OLDEST, ANSWER_NUMBER, 12 },
		{ " reject 12\n", ANSWER_OLDEST, ANSWER_NUMBER, 12 },
		{ "REJECT 12\n", ANSWER_OLDEST, ANSWER_NUMBER, 12 },
		{ "rejec\n", ANSWER_OLDEST, ANSWER_OTHER, 0 },
		{ "0\n", ANSWER_OLDEST, ANSWER_NUMBER, 0 },
		{ "9999999999999999999\n", ANSWER_OLDEST, ANSWER_NUMBER, UINT64_C(9999999999999999999) },
		{ "10000000000000000000\n", ANSWER_OLDEST, ANSWER_NUMBER, UINT64_C(10000000000000000000) },
		{ "18446744073709551614\n", ANSWER_OLDEST, ANSWER_NUMBER, UINT64_MAX - 1 },
		{ "18446744073709551615\n", ANSWER_OLDEST, ANSWER_NUMBER, UINT64_MAX },
		{ "18446744073709551616\n", ANSWER_OLDEST, ANSWER_NUMBER, UINT64_MAX },
		{ "18446744073709551620\n", ANSWER_OLDEST, ANSWER_NUMBER, UINT64_MAX },
		{ "99999999999999999999\n", ANSWER_OLDEST, ANSWER_NUMBER, UINT64_MAX },
		{ "100000000000000000000000000000000000001\n", ANSWER_OLDEST, ANSWER_NUMBER, UINT64_MAX },
		{ "00000000000000000000000000000000000001\n", ANSWER_OLDEST, ANSWER_NUMBER, 1 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *line = table[i].line;
		size_t length = strlen(line), shown = strcspn(line, "\r\n");
		struct answer by_line = said(ANSWERS_BY_LINE, NULL, line, length);
		struct answer by_number = said(ANSWERS_BY_NUMBER, NULL, line, length);
		struct answer up_to = said(ANSWERS_UP_TO, NULL, line, length);
		enum answer_kind up_to_kind = table[i].by_number == ANSWER_NUMBER ? ANSWER_UP_TO : table[i].by_number;

		ok(by_line.kind == table[i].by_line && by_number.kind == table[i].by_number && up_to.kind == up_to_kind &&
		    by_number.number == table[i].number && up_to.number == table[i].number &&
		    by_number.length == shown && memcmp(by_number.text, line, shown) == 0, "'%.*s'", (int)shown, line);
	}
	is(said(ANSWERS_BY_LINE, NULL, "", 0).kind, ANSWER_OTHER, "no line says nothing");
}

static void
nuls(void)
{
	struct answer answer = said(ANSWERS_BY_NUMBER, NULL, "\0a\0" "12\0" "3\n", 8);

	ok(answer.kind == ANSWER_NUMBER && answer.number == 12 && answer.length == 7, "NULs are bytes");
	is(said(ANSWERS_BY_LINE, NULL, "reject\0\n", 8).kind, ANSWER_OLDEST, "and no blanks");
	is(said(ANSWERS_BY_LINE, NULL, "\0\n", 2).kind, ANSWER_OLDEST, "one alone is a line");
}

/* So much of a line is looked at, and a number that may go on is none. */
static void
long_lines(void)
{
	static char line[TEXT_MOST];
	const size_t most = ANSWERS_LINE_MOST;
	struct answer answer;

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	memcpy(line + most - 2, "12", 2);
	answer = said(ANSWERS_BY_NUMBER, NULL, line, sizeof(line));
	ok(answer.kind == ANSWER_NUMBER && answer.number == UINT64_MAX && answer.length == most, "a number at the end may go on");
	line[most - 1] = ' ';
	answer = said(ANSWERS_BY_NUMBER, NULL, line, sizeof(line));
	ok(answer.kind == ANSWER_NUMBER && answer.number == 1, "one that has ended is one");
	line[most - 1] = '\r';
	answer = said(ANSWERS_BY_NUMBER, NULL, line, sizeof(line));
	ok(answer.number == 1 && answer.length == most, "a carriage return there is not at the end of the line");
	line[most - 2] = line[most - 1] = ' ';
	memcpy(line + most, "12", 2);
	is(said(ANSWERS_BY_NUMBER, NULL, line, sizeof(line)).kind, ANSWER_OTHER, "behind that there is none");
	memcpy(line, "reject 5 ", 9);
	answer = said(ANSWERS_BY_NUMBER, NULL, line, sizeof(line));
	ok(answer.kind == ANSWER_REJECT_NUMBER && answer.number == 5, "its beginning is looked at");
	memcpy(line + most - 3, "123\n", 4);
	memset(line, 'x', 9);
	answer = said(ANSWERS_BY_NUMBER, NULL, line, most + 1);
	ok(answer.kind == ANSWER_NUMBER && answer.number == 123 && answer.length == most, "one that just fits is whole");
}

#ifdef HAVE_PCRE2
static void
patterns(void)
{
	char error[PATTERN_ERROR_MOST];
	struct pattern *pattern = pattern_new("^(ok|reject)$", error);

	must(pattern != NULL);
	is(said(ANSWERS_BY_LINE, pattern, "ok\n", 3).kind, ANSWER_OLDEST, "a line that matches");
	is(said(ANSWERS_BY_LINE, pattern, "ok\r\n", 4).kind, ANSWER_OLDEST, "whatever ends it");
	is(said(ANSWERS_BY_LINE, pattern, "okay\n", 5).kind, ANSWER_OTHER, "one that does not");
	is(said(ANSWERS_BY_LINE, pattern, "\n", 1).kind, ANSWER_OTHER, "an empty one");
	is(said(ANSWERS_BY_LINE, pattern, "reject\n", 7).kind, ANSWER_REJECT_OLDEST, "reject comes first");
	pattern_free(pattern);
}
#else
static void
patterns(void)
{
	diag("there are no patterns");
}
#endif

/* --- any cut ------------------------------------------------------------------------------------- */

struct heard {
	size_t count;
	struct {
		enum answer_kind kind;
		uint64_t number;
		size_t length;
		unsigned sum; /* of the bytes */
	} line[SAID_MOST];
};

static void
hear(struct answers *answers, struct heard *heard)
{
	struct answer answer;

	while (answers_next(answers, &answer)) {
		must(heard->count < SAID_MOST);
		heard->line[heard->count].kind = answer.kind;
		heard->line[heard->count].number = answer.number;
		heard->line[heard->count].length = answer.length;
		heard->line[heard->count].sum = 0;
		for (size_t i = 0; i < answer.length; i++)
			heard->line[heard->count].sum = heard->line[heard->count].sum * 31 + (unsigned char)answer.text[i];
		heard->count++;
	}
}

/* In feeds of up to `most` bytes, each in room of its own, which is gone for the next. */
static void
hear_cut(enum answers_by by, const char *text, size_t length, size_t most, struct random *random, struct heard *heard)
{
	static struct answers answers;
	static char feed[TEXT_MOST];

	memset(heard, 0, sizeof(*heard));
	answers_init(&answers, by, NULL);
	for (size_t at = 0; at < length;) {
		size_t part = most == 1 ? 1 : (size_t)random_below(random, most + 1);

		part = part < length - at ? part : length - at;
		memcpy(feed, text + at, part);
		answers_feed(&answers, feed, part);
		hear(&answers, heard);
		memset(feed, '9', sizeof(feed));
		at += part;
	}
	answers_end(&answers);
	hear(&answers, heard);
}

static size_t
random_text(struct random *random, char *text)
{
	static const char *const words[] = { "reject", "reject ", "\n", "\n", "\r\n", "12", "18446744073709551615", "-", " ", "ok",
		"\r", "\t", "7", "x" };
	size_t length = 0;

	for (uint64_t count = random_magnitude(random, 7); count > 0 && length < TEXT_MOST; count--) {
		if (random_one_in(random, 10)) {
			text[length++] = (char)random_next(random);
		} else if (random_one_in(random, 40)) {
			size_t run = ANSWERS_LINE_MOST - 3 + (size_t)random_below(random, 6);

			/* A line as long as is looked at, about, and a number where that ends. */
			text[length++] = '\n';
			memset(text + length, 'y', run);
			memcpy(text + length + run - 1, "12", 2);
			length += run + 1;
		} else {
			const char *word = words[random_below(random, sizeof(words) / sizeof(words[0]))];

			memcpy(text + length, word, strlen(word));
			length += strlen(word);
		}
	}
	return length;
}

static void
any_cut(void)
{
	static struct heard whole, cut;
	static char text[2 * TEXT_MOST];
	struct random random = { 15 };
	unsigned bad = 0;
	size_t lines = 0;

	for (unsigned round = 0; round < ROUNDS && bad == 0; round++) {
		enum answers_by by = (enum answers_by)random_below(&random, 3);
		size_t length = random_text(&random, text), want = 0;

		hear_cut(by, text, length, 1, &random, &whole);
		for (size_t i = 0; i < length; i++)
			want += text[i] == '\n' || i == length - 1;
		if (whole.count != want) {
			diag("round %u: %zu lines of %zu", round, whole.count, want);
			bad++;
		}
		for (size_t most = 3; most < TEXT_MOST && bad == 0; most = most * 5 + 1) {
			hear_cut(by, text, length, most, &random, &cut);
			if (memcmp(&whole, &cut, sizeof(whole)) != 0) {
				diag("round %u: otherwise in feeds of up to %zu", round, most);
				bad++;
			}
		}
		lines += want;
	}
	ok(bad == 0 && lines > ROUNDS, "cut anywhere, the lines say the same (%zu lines)", lines);
}

/* A reader that went in the middle of a line, and the next one. */
static void
one_after_the_other(void)
{
	static struct answers answers;
	struct answer answer;

	answers_init(&answers, ANSWERS_BY_NUMBER, NULL);
	answers_feed(&answers, "1\n2", 3);
	ok(answers_next(&answers, &answer) && answer.number == 1 && !answers_next(&answers, &answer), "a line that has begun waits");
	answers_end(&answers);
	ok(answers_next(&answers, &answer) && answer.number == 2 && !answers_next(&answers, &answer), "for its end, or its reader's");
	answers_feed(&answers, "3\n", 2);
	ok(answers_next(&answers, &answer) && answer.number == 3 && !answers_next(&answers, &answer), "the next begins anew");
	answers_end(&answers);
	ok(!answers_next(&answers, &answer), "an end behind a whole line is no line");
	answers_feed(&answers, "4", 1);
	ok(!answers_next(&answers, &answer), "and is over with");
}

int
main(void)
{
	cases();
	nuls();
	long_lines();
	patterns();
	any_cut();
	one_after_the_other();
	return done_testing();
}
