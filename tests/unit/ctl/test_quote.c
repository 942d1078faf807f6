/* SPDX-License-Identifier: BSD-2-Clause */
/* Words as one line, and what a shell reads from it. */
#include "../tap.h"

#include "ctl/quote.h"

#define ROOM 256

static void
quoted(void)
{
	static const struct {
		const char *word, *quoted;
	} table[] = {
		{ "rate=5MB/s", "rate=5MB/s" }, { "1/100", "1/100" }, { "", "''" }, { "a b", "'a b'" }, { "\t", "'\t'" },
		{ "it's", "'it'\\''s'" }, { "'", "''\\'''" }, { "\"", "'\"'" }, { "\\", "'\\'" }, { "$HOME", "'$HOME'" },
		{ "a#b", "'a#b'" }, { "keep=^ERROR|x", "'keep=^ERROR|x'" }, { "\303\244", "'\303\244'" }, { "~", "'~'" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char line[ROOM], expected[ROOM], word[ROOM];
		char *words[] = { word, word };
		const char *wrong;

		(void)snprintf(word, sizeof(word), "%s", table[i].word);
		(void)snprintf(expected, sizeof(expected), "%s %s\n", table[i].quoted, table[i].quoted);
		ok(quote_words(line, sizeof(line), words, 2, &wrong), "taken: %s", table[i].word);
		is_text(line, expected, "quoted: %s", table[i].word);
	}
}

/* A line as a shell splits it, where there are only single quotes and backslashes. */
static unsigned
split(const char *line, char words[][ROOM])
{
	unsigned count = 0;
	size_t length = 0;
	bool inside = false, begun = false;

	for (; *line != '\n'; line++) {
		if (!inside && *line == ' ') {
			words[count++][length] = '\0';
			length = 0;
			begun = false;
			continue;
		}
		begun = true;
		if (*line == '\'')
			inside = !inside;
		else
			words[count][length++] = !inside && *line == '\\' ? *++line : *line;
	}
	if (begun)
		words[count++][length] = '\0';
	return count;
}

/* Each byte that can be in a word, between others. */
static void
each_byte(void)
{
	char bad = '\0';

	for (int byte = 1; byte < 256; byte++) {
		char word[] = { 'a', (char)byte, 'b', '\0' }, other[] = { (char)byte, '\0' };
		char line[ROOM], read[4][ROOM];
		char *words[] = { word, other };
		const char *wrong;

		if (byte == '\n')
			continue;
		if (!quote_words(line, sizeof(line), words, 2, &wrong) || split(line, read) != 2 || strcmp(read[0], word) != 0 ||
		    strcmp(read[1], other) != 0)
			bad = (char)byte;
	}
	is(bad, '\0', "each byte but a newline comes back, alone and inside a word");
}

static void
refused(void)
{
	char first[] = "good", second[] = "two\nlines", line[ROOM], small[9];
	char *words[] = { first, second };
	const char *wrong = NULL;

	ok(!quote_words(line, sizeof(line), words, 2, &wrong), "a newline cannot stand in a line");
	is_text(wrong, second, "and it says in which word");
	ok(quote_words(small, sizeof(small), words, 1, &wrong), "what fits");
	second[3] = '\0';
	ok(!quote_words(small, sizeof(small), words, 2, &wrong), "what does not fit: good two, and a newline");
	ok(quote_words(line, 10, words, 2, &wrong), "with a byte more it does");
	is_text(line, "good two\n", "all of it");
}

int
main(void)
{
	quoted();
	each_byte();
	refused();
	return done_testing();
}
