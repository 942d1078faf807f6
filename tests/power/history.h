/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * history: what was done with a spool so far, as its owner knows it, and what of that another weir has to find.
 *
 * Knows nothing of how a spool does it: it is told what was put, settled, given way, and what was on disk for sure.
 */
#ifndef WEIR_POWER_HISTORY_H
#define WEIR_POWER_HISTORY_H

#include "spool/segments.h"
#include "spool/spool.h"
#include "spool/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_MOST 4000
#define HISTORY_LONGEST 3012

struct line {
	uint64_t serial;
	size_t length;
	uint64_t end; /* the ordinal behind it, in bytes */
	bool in_memory, settled;
	unsigned gone; /* it gave way with the eviction of this number; 0: it did not */
	bool removed;  /* it, settled or not, was in a segment that did */
};

struct history {
	struct line line[HISTORY_MOST];
	size_t count, oldest;    /* oldest: neither settled nor gone are those before it */
	uint64_t serial, given;  /* of the next; none from here on was given */
	unsigned evictions;
	uint64_t synced;         /* bytes before this ordinal are on disk for sure, */
	size_t settled_for_sure; /* records before this one are settled, by a state that is, */
	unsigned gone_for_sure;  /* and so have those given way that did so up to then */
	const struct segments *giving_way; /* one of these is just now; NULL: none is */
};

/* The text of a record tells which it is. */
void history_text(char *text, const struct line *line);

/* What another weir finds in this spool, just opened, where this was the state, is held against it: NULL, or what is wrong,
 * with two figures. */
const char *history_judge(const struct history *history, struct spool *left, const struct state *state, uint64_t figure[2]);

#endif
