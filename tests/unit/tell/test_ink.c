/* SPDX-License-Identifier: BSD-2-Clause */
/* Columns are those that a terminal shows: not bytes, and no escape sequences. */
#include "../tap.h"

#include "tell/ink.h"

int
main(void)
{
	char text[100] = "";
	struct ink ink = { .line = { text, 0, sizeof(text) }, .colour = false };

	ink_say(&ink, BAD, "%s%3d", "caf\303\251", 5);
	is_text(text, "caf\303\251  5", "without colour a tone is nothing");
	ok(ink.columns == 7 && ink.line.length == 8, "columns are no bytes");
	ink.colour = true;
	ink_say(&ink, PLAIN, "p");
	ink_say(&ink, WARNING, "w");
	is_text(text, "caf\303\251  5p\033[33mw\033[m", "a tone is set and unset");
	is(ink.columns, 9, "which takes no columns");
	ink_begin(&ink, PLAIN);
	ink_draw(&ink, "\342\226\210\342\226\210", 2);
	ink_end(&ink, PLAIN);
	is_text(text + 18, "\342\226\210\342\226\210", "what is drawn is drawn");
	is(ink.columns, 11, "of as many columns as its artist says");
	return done_testing();
}
