/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines that somebody says at the control socket, cut into words once more, here one byte after the other by a table of
 * states: the words must be those that words.h has, or the line be refused in a printable text.
 */
#include "config.h"

#include "base/visible.h"
#include "fuzz.h"
#include "steer/words.h"

#include <stdbool.h>
#include <string.h>

/* Between two words, in one, within quotes of either kind, and behind a backslash in one or in "...". */
enum state { BETWEEN, BARE, SINGLE, DOUBLE, BARE_ESCAPED, DOUBLE_ESCAPED };

struct split {
	char text[2 * WORDS_LINE_MOST + 2]; /* the words, each with its NUL */
	size_t length;
	unsigned count;
	enum state state;
};

static void
put(struct split *split, char byte)
{
	split->text[split->length++] = byte;
}

static enum state
next(struct split *split, char byte)
{
	const bool blank = byte == ' ' || byte == '\t';

	switch (split->state) {
	case BETWEEN:
		if (blank)
			return BETWEEN;
		split->count++;
		split->state = BARE;
		return next(split, byte);
	case BARE:
		if (blank)
			put(split, '\0');
		if (blank || byte == '\'' || byte == '"' || byte == '\\')
			return blank ? BETWEEN : byte == '\'' ? SINGLE : byte == '"' ? DOUBLE : BARE_ESCAPED;
		put(split, byte);
		return BARE;
	case SINGLE:
		if (byte == '\'')
			return BARE;
		put(split, byte);
		return SINGLE;
	case DOUBLE:
		if (byte == '"' || byte == '\\')
			return byte == '"' ? BARE : DOUBLE_ESCAPED;
		put(split, byte);
		return DOUBLE;
	case BARE_ESCAPED:
		put(split, byte);
		return BARE;
	case DOUBLE_ESCAPED:
		if (byte != '"' && byte != '\\' && byte != '$' && byte != '`')
			put(split, '\\');
		put(split, byte);
		return DOUBLE;
	}
	return BETWEEN;
}

static void
split_again(struct split *split, const char *line, size_t length)
{
	split->length = split->count = 0;
	split->state = BETWEEN;
	for (size_t at = 0; at < length; at++)
		split->state = next(split, line[at]);
	if (split->state == BARE) {
		put(split, '\0');
		split->state = BETWEEN;
	}
}

/* The words behind set are these. */
static void
compare(const struct split *split, const struct order *order)
{
	const char *word = split->text;

	expect(split->state == BETWEEN && split->count == order->settings + 1 && strcmp(word, "set") == 0, "words", 0, 0);
	for (unsigned i = 0; i < order->settings; i++) {
		word += strlen(word) + 1;
		expect(strcmp(word, order->setting[i]) == 0, "words", 0, 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char line[WORDS_LINE_MOST + 1];
	static struct split split;
	char error[WORDS_ERROR_MOST];
	struct order order;
	size_t length = size < WORDS_LINE_MOST ? size : WORDS_LINE_MOST;

	memcpy(line, data, length);
	if (memchr(line, '\n', length) != NULL)
		return 0; /* there is none in a line */
	split_again(&split, line, length - (length > 0 && line[length - 1] == '\r'));
	if (!words_read(&order, line, length, error)) {
		expect(memchr(error, '\0', sizeof(error)) != NULL && error[0] != '\0' && visible_is_printable(error), "words", 0, 0);
		return 0;
	}
	expect(split.count > 0 && split.count <= WORDS_COUNT_MOST && memchr(data, '\0', length) == NULL, "words", 0, 0);
	if (order.kind == ORDER_SET)
		compare(&split, &order);
	expect(order.kind != ORDER_WATCH || order.every_ns >= WORDS_WATCH_LEAST_NS, "words", 0, 0);
	expect(order.kind != ORDER_TAP || order.one_in >= 1, "words", 0, 0);
	return 0;
}
