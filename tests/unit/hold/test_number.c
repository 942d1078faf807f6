/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Templates that are taken, with what becomes of them; and those that are refused, with the phrase that says why.
 */
#include "../tap.h"

#include "hold/number.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *template;
	uint64_t serial;
	const char *text;
} formatted[] = {
	{ NUMBER_DEFAULT, 1, "1\t" },
	{ NUMBER_DEFAULT, 0, "0\t" },
	{ NUMBER_DEFAULT, 1234567890, "1234567890\t" },
	{ "{n}", UINT64_MAX, "18446744073709551615" },
	{ "#{n} of {n}: ", 10, "#10 of 10: " },
	{ "{\"n\":{n},\"d\":", 7, "{\"n\":7,\"d\":" },
	{ "{}{N}{{n}", 9, "{}{N}{9" },
	{ "\xc3\xa9{n}", 5, "\xc3\xa9" "5" },
};

static void
formats(void)
{
	for (size_t i = 0; i < LENGTH(formatted); i++) {
		char text[NUMBER_MOST + 1];
		const char *error = number_check(formatted[i].template, '\n');
		size_t length;

		ok(error == NULL, "template %zu is taken", i);
		memset(text, 'x', sizeof(text));
		length = number_format(text, formatted[i].template, formatted[i].serial);
		is(text[length], 'x', "and nothing is written behind its text");
		text[length] = '\0';
		is_text(text, formatted[i].text, "which is as it should be");
	}
}

static const struct {
	const char *template;
	char delimiter;
	const char *error;
} checked[] = {
	{ "", '\n', "empty" },
	{ "n: ", '\n', "without {n}" },
	{ "{N}", '\n', "without {n}" },
	{ "{n", '\n', "a placeholder without its closing brace" },
	{ "{n}{n ", '\n', "a placeholder without its closing brace" },
	{ "{records}", '\n', "no such placeholder" },
	{ "{n}{nn}", '\n', "no such placeholder" },
	{ "{n-}", '\n', "no such placeholder" },
	{ "{n}\n", '\n', "would contain the records' delimiter" },
	{ NUMBER_DEFAULT, '\t', "would contain the records' delimiter" },
	{ "{n}", '7', "would contain the records' delimiter" },
	{ "{n} \xff", '\xff', "would contain the records' delimiter" },
	{ "{n}", '\0', NULL },
	{ "{n}\n", '\0', NULL },
	/* braces and letters of the placeholder do not appear */
	{ "{n}", '{', NULL },
	{ "{n}", 'n', NULL },
	{ "{n}{", '{', "would contain the records' delimiter" },
};

static void
checks(void)
{
	for (size_t i = 0; i < LENGTH(checked); i++) {
		const char *error = number_check(checked[i].template, (unsigned char)checked[i].delimiter);

		if (checked[i].error == NULL)
			ok(error == NULL, "template %zu is taken", i);
		else
			is_text(error != NULL ? error : "taken", checked[i].error, "template %zu is refused", i);
	}
}

/* The longest serial counts, not the one that comes first. */
static void
lengths(void)
{
	char template[NUMBER_MOST + 1] = "{n}", text[NUMBER_MOST];
	const size_t most = NUMBER_MOST - 20 + strlen("{n}");

	memset(template + strlen(template), '-', most - strlen(template));
	template[most] = '\0';
	ok(number_check(template, '\n') == NULL, "a template may be so long");
	is(number_format(text, template, UINT64_MAX), NUMBER_MOST, "that what is made of it just fits");
	template[most] = '-';
	template[most + 1] = '\0';
	is_text(number_check(template, '\n'), "too long", "and not longer");
}

int
main(void)
{
	formats();
	checks();
	lengths();
	return done_testing();
}
