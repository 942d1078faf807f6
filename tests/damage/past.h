/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * past: the lives of a spool in a real directory, by a seed: records put, taken, settled, given way, through ends of any kind;
 * and the list of all that were ever put, against which what comes is held.
 */
#ifndef WEIR_DAMAGE_PAST_H
#define WEIR_DAMAGE_PAST_H

#include "../unit/random.h"
#include "spool/spool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAST_MOST 3000
#define PAST_LONGEST 80000

struct record {
	uint64_t serial;
	size_t length;
	uint64_t end;   /* the ordinal behind it, in bytes */
	bool unended;   /* it lacks its delimiter on disk */
	bool in_memory, settled, gone;
};

struct past {
	struct record record[PAST_MOST];
	size_t count;
	uint64_t now_ns;
	struct spool_rules rules;
	struct random chance;
	const char *folder, *older; /* the second is a copy of the first at some time, or empty */
};

/* The text of a record tells which it is. */
void past_text(char *text, const struct record *record);

/* The record that a text begins with; NULL: it is none that was put. */
struct record *past_find(struct past *past, const char *text, size_t length);

/* Some records more; forward: they are in memory as well.  Whether there was room. */
bool past_put(struct past *past, struct spool *spool, bool forward, bool unended);

/* All of it, from an empty folder to the end of the last life.  False: the spool could not be opened. */
bool past_live(struct past *past);

/* A copy of each file of one directory in another. */
void past_copy_all(const char *from, const char *to);
void past_empty(const char *folder);

#endif
