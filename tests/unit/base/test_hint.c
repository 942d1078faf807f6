/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was probably meant: the nearest names, or those that begin so, or none.
 */
#include "../tap.h"

#include "base/hint.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const char *const names[] = { "block", "drop-oldest", "drop-newest", "drop-random", "latest", "shed",
	"codel", "fail", "rate" };

static const char *
hint(const char *word)
{
	static char text[HINT_MOST];

	return hint_make(text, "--", word, names, LENGTH(names)) ? text : "";
}

int
main(void)
{
	char text[HINT_MOST] = "x";

	is_text(hint("blok"), "did you mean --block?", "a letter that is missing");
	is_text(hint("blocks"), "did you mean --block?", "one too many");
	is_text(hint("blick"), "did you mean --block?", "one that is wrong");
	is_text(hint("bolck"), "did you mean --block?", "two that are exchanged are one mistake");
	is_text(hint("BLOCK"), "did you mean --block?", "case is none");
	is_text(hint("drop_oldest"), "did you mean --drop-oldest?", "another hyphen");
	is_text(hint("drop-oldset"), "did you mean --drop-oldest?", "in a long word");
	is_text(hint("drop-"), "did you mean --drop-oldest, --drop-newest or --drop-random?", "three that begin so");
	is_text(hint("lat"), "did you mean --latest?", "a beginning, though another is as near");
	is_text(hint("oldest"), "did you mean --drop-oldest?", "a part");
	is_text(hint("xyz"), "", "nothing like it");
	is_text(hint("bo"), "", "too short to know");
	is_text(hint(""), "", "nothing at all");
	is_text(hint("0123456789012345678901234567890123456789"), "", "too long to be one");
	ok(!hint_make(text, "", "block", names, 0) && text[0] == '\0', "of no names none");
	return done_testing();
}
