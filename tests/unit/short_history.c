/* SPDX-License-Identifier: BSD-2-Clause */
/* The policy latest with small figures, in place of that of libweir.a. */
#include "config.h"

#include "short_history.h"

#include "base/mapped.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef SHORT_HISTORY_ARENA
struct short_arena short_arena;

static void *
arena_calloc(size_t count, size_t size)
{
	const size_t length = (count * size + 15) / 16 * 16;
	void *piece = short_arena.bytes + short_arena.used;

	if (length > sizeof(short_arena.bytes) - short_arena.used)
		abort();
	short_arena.used += length;
	short_arena.live++;
	return memset(piece, 0, length);
}

static void
arena_free(void *piece)
{
	if (piece != NULL && --short_arena.live == 0)
		short_arena.used = 0;
}

#define calloc arena_calloc
#define free arena_free
#else
size_t short_history_calls = SIZE_MAX;

static bool
has_memory(void)
{
	if (short_history_calls == 0)
		return false;
	short_history_calls -= short_history_calls < SIZE_MAX;
	return true;
}

static void *
short_calloc(size_t count, size_t size)
{
	return has_memory() ? calloc(count, size) : NULL;
}

static void *
short_mapped_new(size_t length)
{
	return has_memory() ? mapped_new(length) : NULL;
}

#define calloc short_calloc
#define mapped_new short_mapped_new
#endif

#include "pick/newest.c"
#include "hold/batches.c"
#include "hold/history.c"
#include "hold/latest.c"
