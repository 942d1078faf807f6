/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line is looked at where it lies, unless it came in more than one feed: then it is put together first.  Either way
 * it is the same bytes that are looked at.
 */
#include "config.h"

#include "hand/answers.h"

#include <string.h>

static const char reject[] = "reject";
#define REJECT_LENGTH (sizeof(reject) - 1)

void
answers_init(struct answers *answers, enum answers_by by, struct pattern *pattern)
{
	answers->by = by;
	answers->pattern = pattern;
	answers->feed = "";
	answers->left = answers->held = 0;
	answers->cut = answers->over = false;
	if (pattern != NULL)
		pattern_set_lines(pattern);
}

void
answers_feed(struct answers *answers, const char *bytes, size_t length)
{
	answers->feed = bytes;
	answers->left = length;
}

void
answers_end(struct answers *answers)
{
	answers->over = true;
}

/* --- what a line says ---------------------------------------------------------------------------- */

static bool
is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool
is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static bool
says_reject(const char *text, size_t length)
{
	return length >= REJECT_LENGTH && memcmp(text, reject, REJECT_LENGTH) == 0 &&
	    (length == REJECT_LENGTH || is_blank(text[REJECT_LENGTH]));
}

static bool
is_negative(const char *text, size_t at)
{
	return at > 0 && text[at - 1] == '-' && (at == 1 || is_blank(text[at - 2]));
}

/* Whether there is one. */
static bool
first_number(const char *text, size_t length, bool cut, uint64_t *number)
{
	size_t begin = 0, at;
	uint64_t value = 0;

	while (begin < length && !is_digit(text[begin]))
		begin++;
	for (at = begin; at < length && is_digit(text[at]); at++) {
		uint64_t digit = (uint64_t)(text[at] - '0');

		value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
	}
	if (at == length && cut)
		value = UINT64_MAX;
	*number = is_negative(text, begin) ? 0 : value;
	return at > begin;
}

static enum answer_kind
say_by_line(struct answers *answers, const char *text, size_t length)
{
	return answers->pattern == NULL || pattern_matches(answers->pattern, text, length) ? ANSWER_OLDEST : ANSWER_OTHER;
}

/* The pattern decides for itself what a carriage return at the end is. */
static void
judge(struct answers *answers, const char *text, size_t length, bool cut, struct answer *answer)
{
	size_t bare = length > 0 && !cut && text[length - 1] == '\r' ? length - 1 : length;
	bool rejects = says_reject(text, bare);
	size_t skip = rejects ? REJECT_LENGTH : 0;

	*answer = (struct answer){ .text = text, .length = bare };
	switch (answers->by) {
	case ANSWERS_BY_LINE:
		answer->kind = rejects ? ANSWER_REJECT_OLDEST : say_by_line(answers, text, length);
		break;
	case ANSWERS_BY_NUMBER:
	case ANSWERS_UP_TO:
		if (!first_number(text + skip, bare - skip, cut, &answer->number))
			answer->kind = ANSWER_OTHER;
		else if (rejects)
			answer->kind = ANSWER_REJECT_NUMBER;
		else
			answer->kind = answers->by == ANSWERS_UP_TO ? ANSWER_UP_TO : ANSWER_NUMBER;
		break;
	}
}

/* --- lines --------------------------------------------------------------------------------------- */

static void
hold(struct answers *answers, size_t length)
{
	size_t room = ANSWERS_LINE_MOST - answers->held;
	size_t part = length < room ? length : room;

	memcpy(answers->line + answers->held, answers->feed, part);
	answers->held += part;
	answers->cut = answers->cut || part < length;
}

/* The line that ends behind so many bytes of the feed. */
static void
take(struct answers *answers, size_t length, struct answer *answer)
{
	const char *text = answers->feed;

	if (answers->held == 0) {
		answers->cut = length > ANSWERS_LINE_MOST;
		length = answers->cut ? ANSWERS_LINE_MOST : length;
	} else {
		hold(answers, length);
		text = answers->line;
		length = answers->held;
	}
	judge(answers, text, length, answers->cut, answer);
	answers->held = 0;
	answers->cut = false;
}

bool
answers_next(struct answers *answers, struct answer *answer)
{
	const char *newline = memchr(answers->feed, '\n', answers->left);
	size_t length = newline != NULL ? (size_t)(newline - answers->feed) : answers->left;
	size_t used = newline != NULL ? length + 1 : length;
	bool whole = newline != NULL || (answers->over && answers->held + length > 0);

	if (whole)
		take(answers, length, answer);
	else
		hold(answers, length);
	answers->feed += used;
	answers->left -= used;
	if (newline == NULL)
		answers->over = false;
	return whole;
}
