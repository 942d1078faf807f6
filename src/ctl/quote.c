/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "ctl/quote.h"

#include <string.h>

/* What no shell takes for anything else. */
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:,=%+@-"

struct room {
	char *text;
	size_t length;
	size_t size; /* more than length */
	bool over;
};

static void
put(struct room *room, const char *text, size_t length)
{
	if (length >= room->size - room->length) {
		room->over = true;
		return;
	}
	memcpy(room->text + room->length, text, length);
	room->length += length;
	room->text[room->length] = '\0';
}

/* A single quote cannot stand between single quotes: they end before it and begin anew behind it. */
static void
put_quoted(struct room *room, const char *word)
{
	put(room, "'", 1);
	for (; *word != '\0'; word++)
		if (*word == '\'')
			put(room, "'\\''", 4);
		else
			put(room, word, 1);
	put(room, "'", 1);
}

static void
put_word(struct room *room, const char *word)
{
	if (*word != '\0' && word[strspn(word, PLAIN)] == '\0')
		put(room, word, strlen(word));
	else
		put_quoted(room, word);
}

bool
quote_words(char *line, size_t size, char *const words[], int count, const char **wrong)
{
	struct room room = { line, 0, size, false };

	for (int i = 0; i < count; i++) {
		*wrong = words[i];
		if (strchr(words[i], '\n') != NULL)
			return false;
		if (i > 0)
			put(&room, " ", 1);
		put_word(&room, words[i]);
		if (room.over)
			return false;
	}
	put(&room, "\n", 1);
	return !room.over;
}
