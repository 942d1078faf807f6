/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tail: the last bytes of a record that comes in pieces, by which is seen whether it ends as records do.
 *
 * For spill.c alone.
 */
#ifndef WEIR_TAIL_H
#define WEIR_TAIL_H

#include "base/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct tail {
	char last[FRAMING_STRING_MOST]; /* at its end */
};

static inline void
tail_add(struct tail *tail, const char *piece, size_t length)
{
	const size_t most = sizeof(tail->last), step = length < most ? length : most;

	memmove(tail->last, tail->last + step, most - step);
	memcpy(tail->last + most - step, piece + length - step, step);
}

/* Of a record of so many bytes. */
static inline bool
tail_is_end(const struct tail *tail, const struct framing *framing, uint64_t bytes)
{
	size_t length;
	const char *end = framing_end(framing, &length);

	return bytes >= length && memcmp(tail->last + sizeof(tail->last) - length, end, length) == 0;
}

#endif
