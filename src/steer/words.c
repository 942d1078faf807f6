/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/hint.h"
#include "base/units.h"
#include "base/visible.h"
#include "steer/words.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_MOST 64 /* bytes of a word in an error */

/* Between words, and what takes the meaning from others where nothing quotes it; within "..." only before these. */
#define BLANKS " \t"
#define ESCAPED_IN_QUOTES "\"\\$`"

static const char *const names[] = {
	[ORDER_REPORT] = "report",
	[ORDER_SET] = "set",
	[ORDER_PAUSE] = "pause",
	[ORDER_RESUME] = "resume",
	[ORDER_DRAIN] = "drain",
	[ORDER_PURGE] = "purge",
	[ORDER_WATCH] = "watch",
	[ORDER_TAP] = "tap",
};
static_assert(sizeof(names) / sizeof(names[0]) == ORDERS, "a name for every order");

#define ACCEPTED "report, set, pause, resume, drain, purge, watch, tap"

/* word: why. */
static bool
refuse(char error[WORDS_ERROR_MOST], const char *word, const char *why)
{
	const size_t length = strlen(word);
	char shown[VISIBLE_ROOM(SHOWN_MOST)];
	const size_t done = visible_write(shown, sizeof(shown), word, length < SHOWN_MOST ? length : SHOWN_MOST, false);

	(void)snprintf(error, WORDS_ERROR_MOST, "%s%s: %s", shown, done < length ? "..." : "", why);
	return false;
}

/* --- splitting ------------------------------------------------------------------------------------- */

/* Copies the word that begins at *at to *to, without its quotes; both move behind it.  NULL, or why there is no end of it. */
static const char *
take_word(char **at, char **to)
{
	char quote = '\0';

	for (; **at != '\0' && (quote != '\0' || strchr(BLANKS, **at) == NULL); ++*at) {
		if (quote == '\0' && (**at == '\'' || **at == '"')) {
			quote = **at;
			continue;
		}
		if (quote != '\0' && **at == quote) {
			quote = '\0';
			continue;
		}
		if (**at == '\\' && quote != '\'' &&
		    (quote == '\0' || ((*at)[1] != '\0' && strchr(ESCAPED_IN_QUOTES, (*at)[1]) != NULL)))
			++*at;
		if (**at == '\0')
			return "a backslash at its end, and nothing behind it";
		*(*to)++ = **at;
	}
	return quote == '\0' ? NULL : quote == '"' ? "a \" without another" : "a ' without another";
}

/* How many words there are, at most WORDS_COUNT_MOST; -1 where the line is none of words.  They stand in the line then. */
static int
split(char *line, char *word[WORDS_COUNT_MOST], char error[WORDS_ERROR_MOST])
{
	char *at = line, *to = line;
	const char *why;
	int count = 0;

	for (at += strspn(at, BLANKS); *at != '\0'; at += strspn(at, BLANKS)) {
		if (count == WORDS_COUNT_MOST) {
			(void)snprintf(error, WORDS_ERROR_MOST, "more than %d words", WORDS_COUNT_MOST);
			return -1;
		}
		word[count++] = to;
		why = take_word(&at, &to);
		at += *at != '\0'; /* the blank behind it, which its NUL may stand on */
		*to++ = '\0';
		if (why != NULL) {
			(void)refuse(error, word[count - 1], why);
			return -1;
		}
	}
	return count;
}

/* --- what they say --------------------------------------------------------------------------------- */

static bool
find(struct order *order, const char *word, char error[WORDS_ERROR_MOST])
{
	char hint[HINT_MOST], why[HINT_MOST + 96];

	for (int i = 0; i < ORDERS; i++) {
		if (strcmp(word, names[i]) == 0) {
			order->kind = (enum order_kind)i;
			return true;
		}
	}
	(void)snprintf(why, sizeof(why), "no such word%s%s; accepted: " ACCEPTED,
	    hint_make(hint, "", word, names, ORDERS) ? "; " : "", hint);
	return refuse(error, word, why);
}

static bool
read_watch(struct order *order, const char *time, char error[WORDS_ERROR_MOST])
{
	const char *wrong = units_time(time, &order->every_ns);
	char why[128];

	if (wrong == NULL && order->every_ns < WORDS_WATCH_LEAST_NS)
		wrong = "too small";
	if (wrong == NULL)
		return true;
	(void)snprintf(why, sizeof(why), "%s; accepted: 10ms to 366d, such as 500ms, 5s or 1m", wrong);
	return refuse(error, time, why);
}

static bool
read_tap(struct order *order, char *const argument[], int arguments, char error[WORDS_ERROR_MOST])
{
	struct share share = { 1, 1 };

	order->out = strcmp(argument[0], "out") == 0;
	if (!order->out && strcmp(argument[0], "in") != 0)
		return refuse(error, argument[0], "neither end; accepted: in, out");
	if (arguments > 1 && (units_share(argument[1], &share) != NULL || share.num != 1))
		return refuse(error, argument[1], "no part of the records; accepted: N or 1/N with N from 1 to 1125899906842624");
	order->one_in = share.den;
	return true;
}

/* How many words may stand behind one, and what is said of fewer, and of more. */
static const struct {
	int least, most;
	const char *needs;
} company[] = {
	[ORDER_REPORT] = { 0, 0, "" },
	[ORDER_SET] = { 1, WORDS_COUNT_MOST, "accepted: set OPTION=VALUE..., such as set rate=10MB/s" },
	[ORDER_PAUSE] = { 0, 0, "" },
	[ORDER_RESUME] = { 0, 0, "" },
	[ORDER_DRAIN] = { 0, 0, "" },
	[ORDER_PURGE] = { 0, 0, "" },
	[ORDER_WATCH] = { 1, 1, "accepted: watch TIME, such as watch 1s" },
	[ORDER_TAP] = { 1, 2, "accepted: tap in or tap out, and 1/N behind it" },
};
static_assert(sizeof(company) / sizeof(company[0]) == ORDERS, "a row for every order");

static bool
understand(struct order *order, char *const word[], int count, char error[WORDS_ERROR_MOST])
{
	const int behind = count - 1;

	if (behind > company[order->kind].most)
		return refuse(error, word[company[order->kind].most + 1], "one word too many");
	if (behind < company[order->kind].least)
		return refuse(error, word[0], company[order->kind].needs);
	if (order->kind == ORDER_WATCH)
		return read_watch(order, word[1], error);
	if (order->kind == ORDER_TAP)
		return read_tap(order, word + 1, behind, error);
	for (int i = 1; i < count; i++)
		order->setting[order->settings++] = word[i];
	return true;
}

bool
words_read(struct order *order, char *line, size_t length, char error[WORDS_ERROR_MOST])
{
	char *word[WORDS_COUNT_MOST];
	int count;

	*order = (struct order){ .settings = 0 };
	length -= length > 0 && line[length - 1] == '\r';
	line[length] = '\0';
	if (strlen(line) < length) {
		(void)snprintf(error, WORDS_ERROR_MOST, "a NUL byte, which no word has");
		return false;
	}
	count = split(line, word, error);
	if (count == 0)
		(void)snprintf(error, WORDS_ERROR_MOST, "no word; accepted: " ACCEPTED);
	return count > 0 && find(order, word[0], error) && understand(order, word, count, error);
}
