/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/hint.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WORD_MOST 32
#define SHOWN_MOST 3

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static bool
same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Optimal string alignment: Levenshtein's distance, in which two neighbours exchanged are one mistake.
 * Three rows of the table are enough. */
static unsigned
distance(const char *a, const char *b)
{
	const size_t length = strlen(b);
	unsigned rows[3][WORD_MOST + 1];
	unsigned *before = rows[0], *last = rows[1], *here = rows[2];

	for (size_t j = 0; j <= length; j++)
		last[j] = before[j] = (unsigned)j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		unsigned *oldest = before;

		here[0] = (unsigned)i;
		for (size_t j = 1; j <= length; j++) {
			here[j] = least(last[j - 1] + !same(a[i - 1], b[j - 1]), least(last[j], here[j - 1]) + 1);
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				here[j] = least(here[j], before[j - 2] + 1);
		}
		before = last;
		last = here;
		here = oldest;
	}
	return last[length];
}

static bool
has_inside(const char *name, const char *word)
{
	const size_t length = strlen(word);

	for (; strlen(name) >= length; name++)
		if (strncasecmp(name, word, length) == 0)
			return true;
	return false;
}

enum way { BY_DISTANCE, BY_BEGINNING, BY_PART, BY_MORE };

/* One mistake in three letters is one too many to know what was meant. */
static bool
is_near(enum way way, const char *word, const char *name, unsigned nearest)
{
	switch (way) {
	case BY_DISTANCE:
		return nearest * 3 <= strlen(word) && distance(word, name) == nearest;
	case BY_BEGINNING:
		return strncasecmp(name, word, strlen(word)) == 0;
	case BY_PART:
		return strlen(word) >= 3 && has_inside(name, word);
	case BY_MORE:
		return strncasecmp(word, name, strlen(name)) == 0 && word[strlen(name)] == '-';
	}
	return false;
}

static bool
say(char text[HINT_MOST], const char *prefix, const char *const found[], size_t count)
{
	size_t length = (size_t)snprintf(text, HINT_MOST, "did you mean ");

	for (size_t i = 0; i < count && length < HINT_MOST; i++)
		length += (size_t)snprintf(text + length, HINT_MOST - length, "%s%s%s",
		    i == 0 ? "" : i + 1 < count ? ", " : " or ", prefix, found[i]);
	if (length < HINT_MOST)
		length += (size_t)snprintf(text + length, HINT_MOST - length, "?");
	if (length >= HINT_MOST)
		text[0] = '\0';
	return text[0] != '\0';
}

bool
hint_make(char text[HINT_MOST], const char *prefix, const char *word, const char *const names[], size_t count)
{
	unsigned nearest = WORD_MOST;

	text[0] = '\0';
	if (*word == '\0' || strlen(word) > WORD_MOST)
		return false;
	for (size_t i = 0; i < count; i++)
		nearest = least(nearest, strlen(names[i]) <= WORD_MOST ? distance(word, names[i]) : WORD_MOST);
	for (int way = BY_DISTANCE; way <= BY_MORE; way++) {
		const char *found[SHOWN_MOST];
		size_t n = 0;

		for (size_t i = 0; i < count; i++) {
			if (strlen(names[i]) > WORD_MOST || !is_near((enum way)way, word, names[i], nearest))
				continue;
			if (n < SHOWN_MOST)
				found[n] = names[i];
			n++;
		}
		if (n > 0)
			return n <= SHOWN_MOST && say(text, prefix, found, n);
	}
	return false;
}
