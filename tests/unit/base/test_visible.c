/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What may be shown as it is: valid, printable UTF-8; all else is escaped byte by byte.
 */
#include "../tap.h"

#include "base/visible.h"

#include <string.h>

static const char *
shown(const char *text, bool ascii)
{
	static char to[256];

	(void)visible_write(to, sizeof(to), text, strlen(text), ascii);
	return to;
}

#define PLAIN(text, what) is_text(shown(text, false), text, what), ok(visible_is_printable(text), "%s", what)
#define ESCAPED(text, escaped, what) is_text(shown(text, false), escaped, what), \
	ok(!visible_is_printable(text), "%s", what)

static void
valid(void)
{
	PLAIN("plain ~ text\\", "ASCII");
	PLAIN("caf\303\251", "two bytes");
	PLAIN("\346\227\245\346\234\254\343\200\200", "three bytes");
	PLAIN("\360\237\230\200", "four bytes");
	PLAIN("\327\251 \330\271 \316\251 \320\226", "other scripts");
	PLAIN("\302\241", "the first behind C1 and its blank");
	is_text(shown("caf\303\251\302\205", true), "caf\\303\\251\\302\\205", "for ASCII alone all of it is escaped");
}

static void
hostile(void)
{
	ESCAPED("\033[31m", "\\033[31m", "an escape code");
	ESCAPED("a\tb\n\177", "a\\011b\\012\\177", "controls");
	ESCAPED("\302\233" "31m", "\\302\\23331m", "C1, as UTF-8");
	ESCAPED("\302\205", "\\302\\205", "the next line, as UTF-8");
	ESCAPED("\233" "31m", "\\23331m", "C1, bare");
	ESCAPED("\342\200\256abc", "\\342\\200\\256abc", "a bidirectional override");
	ESCAPED("\342\201\246", "\\342\\201\\246", "an isolate");
	ESCAPED("\342\200\213", "\\342\\200\\213", "a space of no width");
	ESCAPED("\342\200\215", "\\342\\200\\215", "a joiner");
	ESCAPED("\357\273\277", "\\357\\273\\277", "a byte order mark");
	ESCAPED("\342\200\250", "\\342\\200\\250", "a line separator");
	ESCAPED("\302\255", "\\302\\255", "a soft hyphen");
	ESCAPED("\302\240", "\\302\\240", "a blank that looks like a space");
	ESCAPED("e\314\201", "e\\314\\201", "a mark that stands on another letter");
	ESCAPED("\357\270\217", "\\357\\270\\217", "a variation selector");
	ESCAPED("\363\240\200\201", "\\363\\240\\200\\201", "a tag");
	ESCAPED("\356\200\200", "\\356\\200\\200", "private use");
	ESCAPED("\357\277\277", "\\357\\277\\277", "no character");
}

static void
invalid(void)
{
	ESCAPED("\300\257", "\\300\\257", "more bytes than needed");
	ESCAPED("\340\200\257", "\\340\\200\\257", "three of them");
	ESCAPED("\360\200\200\257", "\\360\\200\\200\\257", "four of them");
	ESCAPED("\355\240\200", "\\355\\240\\200", "a surrogate");
	ESCAPED("\364\220\200\200", "\\364\\220\\200\\200", "beyond Unicode");
	ESCAPED("\377\376", "\\377\\376", "no UTF-8 at all");
	ESCAPED("caf\303", "caf\\303", "cut off");
	ESCAPED("\346\227a", "\\346\\227a", "cut off by another");
	ESCAPED("\251", "\\251", "the rest of something");
}

static void
room(void)
{
	char to[8];

	is(visible_write(to, sizeof(to), "1234567", 7, false), 7, "what fits is shown");
	is_text(to, "1234567", "all of it");
	is(visible_write(to, sizeof(to), "123456\303\251", 8, false), 6, "no half of a character");
	is_text(to, "123456", "is there");
	is(visible_write(to, sizeof(to), "1234\n", 5, false), 4, "no half of an escape");
	is(visible_write(to, sizeof(to), "a\0b", 3, false), 3, "a NUL is a byte");
	is_text(to, "a\\000b", "and escaped");
	is(visible_columns("caf\303\251"), 4, "a letter has a column");
	is(visible_columns("\346\227\245a"), 3, "a wide one two");
	is(visible_columns("\360\237\230\200"), 2, "as has a face");
	is(visible_fitting("\346\227\245\346\234\254", 3), 3, "half of one does not fit");
	is(visible_fitting("caf\303\251", 4), 5, "four columns, five bytes");
	is(visible_fitting("abc", 2), 2, "of ASCII a column a byte");
}

int
main(void)
{
	valid();
	hostile();
	invalid();
	room();
	return done_testing();
}
