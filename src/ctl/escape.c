/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "ctl/escape.h"

static void
put_html(FILE *page, char byte)
{
	switch (byte) {
	case '&':
		(void)fputs("&amp;", page);
		break;
	case '<':
		(void)fputs("&lt;", page);
		break;
	case '>':
		(void)fputs("&gt;", page);
		break;
	case '"':
		(void)fputs("&quot;", page);
		break;
	case '\'':
		(void)fputs("&#39;", page);
		break;
	default:
		(void)fputc(byte, page);
		break;
	}
}

void
escape_html(FILE *page, const char *text)
{
	for (; *text != '\0'; text++)
		put_html(page, *text);
}

void
escape_label(FILE *page, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			(void)fputc('\\', page);
		(void)fputs(*text == '\n' ? "\\n" : (const char[]){ *text, '\0' }, page);
	}
}
