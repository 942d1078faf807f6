/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "cli/columns.h"

#include <stdio.h>
#include <string.h>

#define WIDTH 79 /* the last column stays free: some terminals wrap there */

void
columns_print(int at, int column, const char *text)
{
	if (at > column - 2)
		at = printf("\n") - 1;
	while (*text != '\0') {
		int length = (int)strcspn(text, " ");

		if (at < column)
			at += printf("%*s", column - at, "");
		else if (at + 1 + length > WIDTH)
			at = printf("\n%*s", column, "") - 1;
		else
			at += printf(" ");
		at += printf("%.*s", length, text);
		text += length;
		text += strspn(text, " ");
	}
	printf("\n");
}
