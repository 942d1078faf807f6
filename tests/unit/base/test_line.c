/* SPDX-License-Identifier: BSD-2-Clause */
/* What is added stands behind what was there, and what does not fit is cut. */
#include "../tap.h"

#include "base/line.h"

int
main(void)
{
	char text[8] = "#######";
	struct line line = { text, 0, sizeof(text) - 1 };

	line_add(&line, "%s%d", "a", 1);
	line_add(&line, "%%");
	is_text(text, "a1%", "one behind the other");
	is(line.length, 3, "of that length");
	line_add(&line, "%s", "");
	is(line.length, 3, "nothing adds nothing");
	line_add(&line, "%s", "bcdefg");
	is_text(text, "a1%bcd", "what does not fit is cut");
	is(line.length, 6, "and not counted");
	line_add(&line, "e");
	is_text(text, "a1%bcd", "in a full line nothing fits");
	is(line.length, 6, "nor counts");
	is(text[7], 0, "the NUL is behind it");
	return done_testing();
}
