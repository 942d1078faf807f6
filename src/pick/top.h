/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * top: which keys lost most, in bounded memory, whatever keys there are.
 *
 * Space-Saving, after Metwally, Agrawal and El Abbadi, "Efficient computation of frequent and top-k
 * elements in data streams" (2005): so many counters; a key that has none takes over the lowest
 * one, and what that had counted for others is the most by which its own count may be too high.  So
 * a count is never too low, and of n records and m counters none is too high by more than n / m: a
 * key that lost more than that is here.
 *
 * Does not show keys to anybody: they are bytes, as they came.  Keys that have their first
 * TOP_KEY_MOST bytes in common count as one.
 */
#ifndef WEIR_TOP_H
#define WEIR_TOP_H

#include <stddef.h>
#include <stdint.h>

#define TOP_KEY_MOST 64
#define TOP_WANTED_MOST 100

struct top_key {
	char text[TOP_KEY_MOST]; /* no string; zeros behind its length */
	size_t length;
	uint64_t records;
	uint64_t error; /* the most by which that is too high; below it */
};

struct top;

/* For a list of so many, 1 to TOP_WANTED_MOST: sixteen counters for each, at least 256.  225 KB at
 * most; NULL without memory.  Asks for a salt (key.h): before confine(). */
struct top *top_new(unsigned wanted);

void top_free(struct top *top);

/* So many records of this key, at least 1, were lost: in logarithmic time.  key may be NULL where
 * length is 0.  A NULL top notes nothing. */
void top_count(struct top *top, const char *key, size_t length, uint64_t records);

/* Those that lost most, in falling order, into a list with room for `most`; returns how many, at
 * most as many as are wanted.  Of equal counts the surer is first.  A NULL top has none. */
unsigned top_list(struct top *top, struct top_key list[], unsigned most);

#endif
