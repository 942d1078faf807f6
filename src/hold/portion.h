/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * portion: how much may come at once beyond what there is room for.
 *
 * What comes with one read has to be made room for in one verdict.  Where victims are few among what may not go, a byte that comes
 * costs a look at a hundred or a thousand others; so the less comes at once the less has to be looked at before the next read.
 * Begins small, doubles as long as looks are short, and shrinks as they are long.  In what was looked at, not in time (excess.h says what
 * that costs).  Pure; nothing here can fail.
 */
#ifndef WEIR_PORTION_H
#define WEIR_PORTION_H

#include "hold/excess.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes, at least and at most: of the most a page is read, of the other what a read ever brings. */
#define PORTION_LEAST ((size_t)4 << 10)
#define PORTION_MOST ((size_t)256 << 10)

/* What a verdict may look at, before less comes at once. */
#define PORTION_LOOK (3 * EXCESS_SLICE)

/* And a record whose key is looked up costs so many times as much: its place in the table is far from that of the last one. */
#define PORTION_KEY 6

/* The first one; and the next, after a verdict that has looked at so much. */
size_t portion_first(void);
size_t portion_next(size_t portion, uint64_t looked);

#endif
