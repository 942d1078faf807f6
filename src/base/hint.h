/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hint: the names that somebody who wrote another one probably meant.
 *
 * Pure: knows no option, prints nothing, and cannot fail.
 */
#ifndef WEIR_HINT_H
#define WEIR_HINT_H

#include <stdbool.h>
#include <stddef.h>

#define HINT_NAMES_MOST 64
#define HINT_MOST 160 /* bytes of text, with the final NUL */

/* Writes "did you mean A, B or C?", with prefix before each, into text: the names that are nearest to the word, by
 * letters that are wrong, missing, too many or exchanged, whatever their case; else those that begin with it, or
 * have it in them; else those that it goes on from with a hyphen.  Empty, and false, where none is near, or many
 * are. */
bool hint_make(char text[HINT_MOST], const char *prefix, const char *word, const char *const names[],
    size_t count);

#endif
