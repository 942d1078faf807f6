/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/number.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#define PLACE "{n}"
#define PLACE_LENGTH (sizeof(PLACE) - 1)
#define DIGITS_MOST 20 /* of 64 bits */

static_assert(WEIGHT_TEXT_MOST <= DIGITS_MOST, "a weight fits where a serial does");

static const char digits[] = "0123456789";

/* The placeholder that begins here; 0 for none, and *error where it looks like one. */
static size_t
place_length(const char *at, const char **error)
{
	size_t name = *at == '{' ? strspn(at + 1, "abcdefghijklmnopqrstuvwxyz-") : 0;

	if (name == 0)
		return 0;
	if (at[name + 1] != '}')
		*error = "a placeholder without its closing brace";
	else if (strncmp(at, PLACE, PLACE_LENGTH) != 0)
		*error = "no such placeholder";
	return name + 2;
}

const char *
number_check(const char *template, unsigned char delimiter)
{
	const char *error = NULL;
	size_t length = 0, places = 0;

	if (*template == '\0')
		return "empty";
	for (const char *at = template; *at != '\0'; at++) {
		size_t place = place_length(at, &error);

		if (error != NULL)
			return error;
		places += place > 0;
		length += place > 0 ? DIGITS_MOST : 1;
		if (place == 0 && (unsigned char)*at == delimiter)
			return "would contain the records' delimiter";
		if (place > 0)
			at += place - 1;
	}
	if (places == 0)
		return "without {n}";
	if (length > NUMBER_MOST)
		return "too long";
	return delimiter != '\0' && strchr(digits, delimiter) != NULL ? "would contain the records' delimiter" : NULL;
}

/* In decimal, at `text`; how many digits that was. */
static size_t
write_digits(char *text, uint64_t serial)
{
	char backward[DIGITS_MOST];
	size_t count = 0;

	do
		backward[count++] = digits[serial % 10];
	while ((serial /= 10) > 0);
	for (size_t i = 0; i < count; i++)
		text[i] = backward[count - 1 - i];
	return count;
}

/* The template, with these digits wherever it has a place for them. */
static size_t
fill_in(char text[NUMBER_MOST], const char *template, const char *said, size_t said_length)
{
	size_t length = 0;

	while (*template != '\0') {
		bool place = strncmp(template, PLACE, PLACE_LENGTH) == 0;

		if (place) {
			memcpy(text + length, said, said_length);
			length += said_length;
		} else {
			text[length++] = *template;
		}
		template += place ? PLACE_LENGTH : 1;
	}
	return length;
}

size_t
number_format(char text[NUMBER_MOST], const char *template, uint64_t serial)
{
	char said[DIGITS_MOST];

	return fill_in(text, template, said, write_digits(said, serial));
}

const char *
number_check_weight(const char *template, unsigned char delimiter)
{
	const char *error = number_check(template, delimiter);

	return error == NULL && delimiter == '.' ? "would contain the records' delimiter" : error;
}

size_t
number_format_weight(char text[NUMBER_MOST], const char *template, uint64_t weight)
{
	char said[WEIGHT_TEXT_MOST];

	return fill_in(text, template, said, weight_format(said, weight));
}
