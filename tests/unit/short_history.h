/* SPDX-License-Identifier: BSD-2-Clause */
/* Figures of latest.h, batches.h and newest.h, so small that little work meets every limit; the model goes by them. */
#ifndef WEIR_SHORT_HISTORY_H
#define WEIR_SHORT_HISTORY_H

#define NEWEST_ENTRIES 8
#define NEWEST_NEAR 1
#define BATCHES_FEW 4
#define BATCHES_SPARE 4
#define LATEST_SLICE(...) 200
#define LATEST_MORE_BYTES 16
#define LATEST_MORE_RECORDS 3
#define LATEST_LOOK 5

/* Where SHORT_HISTORY_ARENA is defined all memory of it is here, so that a state can be saved as a whole. */
#include <stdalign.h>
#include <stddef.h>

struct short_arena {
	size_t used, live; /* bytes, and pieces */
	alignas(16) char bytes[8192];
};
extern struct short_arena short_arena;

/* Elsewhere memory lacks after so many more calls for it; SIZE_MAX: never. */
extern size_t short_history_calls;

#endif
