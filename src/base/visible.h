/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * visible: text from outside as it may be shown: on a terminal, in a report, in a page of metrics.
 *
 * Printable is ASCII from space to ~, and valid UTF-8 of a character that takes up room: no control
 * (C1 neither), none that changes direction, none of no width, be it a mark on another letter.  What
 * is not is shown as \ooo, byte by byte, as strvis(3) has it; a backslash is not doubled.  By tables of
 * its own, so that it does not depend on a locale.  Nothing here can fail.
 */
#ifndef WEIR_VISIBLE_H
#define WEIR_VISIBLE_H

#include <stdbool.h>
#include <stddef.h>

/* Room for any text of so many bytes, with the final NUL. */
#define VISIBLE_ROOM(bytes) (4 * (bytes) + 1)

/* Writes it, cut to whole characters where they do not fit into size bytes with the final NUL, and
 * returns how many of text's bytes are shown.  With ascii whatever is not ASCII is escaped, too. */
size_t visible_write(char *to, size_t size, const char *text, size_t length, bool ascii);

/* Adds it to a line as what stands between the quotes of a string of JSON (RFC 8259): what is not printable, " and \ are
 * escaped, so that a terminal may show it, and a byte that is not UTF-8 is U+FFFD.  Six bytes of room for each of text's are
 * enough. */
struct line;
void visible_json(struct line *line, const char *text, size_t length);

/* Whether all of it is printable. */
bool visible_is_printable(const char *text);

/* How many columns printable text takes up. */
unsigned visible_columns(const char *text);

/* How many bytes of printable text fit into so many columns. */
size_t visible_fitting(const char *text, unsigned columns);

/* Whether this process' locale has UTF-8: then its terminal takes it. */
bool visible_locale_is_utf8(void);

#endif
