/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/line.h"

#include <stdarg.h>
#include <stdio.h>

void
line_add(struct line *line, const char *format, ...)
{
	size_t room = line->most - line->length;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line->text + line->length, room, format, arguments);
	va_end(arguments);
	if (length > 0)
		line->length += (size_t)length < room ? (size_t)length : room - 1;
}
