/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/visible.h"
#include "tell/ink.h"

#include <stdarg.h>
#include <stdio.h>

/* SGR of ECMA-48. */
static const char *const tones[] = {
	[PLAIN] = "", [FAINT] = "2", [STRONG] = "1", [GOOD] = "32", [WARNING] = "33", [BAD] = "1;31",
};

void
ink_draw(struct ink *ink, const char *text, unsigned columns)
{
	line_add(&ink->line, "%s", text);
	ink->columns += columns;
}

void
ink_begin(struct ink *ink, enum tone tone)
{
	if (ink->colour && tone != PLAIN)
		line_add(&ink->line, "\033[%sm", tones[tone]);
}

void
ink_end(struct ink *ink, enum tone tone)
{
	if (ink->colour && tone != PLAIN)
		line_add(&ink->line, "\033[m");
}

void
ink_say(struct ink *ink, enum tone tone, const char *format, ...)
{
	char text[INK_COLUMNS_MOST];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	ink_begin(ink, tone);
	ink_draw(ink, text, visible_columns(text));
	ink_end(ink, tone);
}
