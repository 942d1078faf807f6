/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serials: which of all records that came each of those is that are held.
 *
 * A record's serial is given where it comes in, from 1, before anything can drop it: so a serial that is missing is a
 * drop.  Nothing is kept for a single record.  Those in the buffer have numbers that close up where one is dropped
 * (gaps.h has them); here is kept how many are missing in front of each, as runs.
 *
 * Of a size that grows with what has been dropped between records that are held: 40 bytes for each such place.
 * Where there is no memory for one more it joins the one before, or what is missing in front of all, and the serials
 * between are too great: they stay in order, and none is given twice.
 */
#ifndef WEIR_SERIALS_H
#define WEIR_SERIALS_H

#include "hold/places.h"

#include <stdint.h>

struct serials {
	struct places places;
	struct serials_run *spare; /* let go, to be used again */
	uint64_t gone;    /* records missing in front of all that are held */
	uint64_t left;    /* the number of the record that leaves next */
	uint64_t before;  /* those with a lesser one leave first, from elsewhere: the oldest that are dropped are behind them */
};

/* NULL in all of these: nobody asks for serials. */
void serials_init(struct serials *serials);
void serials_free(struct serials *serials);

/* The next record has this serial: nothing has come so far. */
void serials_begin(struct serials *serials, uint64_t serial);

/* So many records, the next ones, leave from elsewhere before those of which the oldest are dropped: they keep their serials.
 * When they have left, serials_drop_oldest is told once more. */
void serials_let_first(struct serials *serials, uint64_t records);

/* As loss.h has them: `missing` records are, at this number, of which `removed` were in the buffer; the oldest are, and
 * `first` is the number of the oldest now. */
void serials_drop_at(struct serials *serials, uint64_t at, uint64_t removed, uint64_t missing);
void serials_drop_oldest(struct serials *serials, uint64_t first);

/* The serial of the record that leaves next (from its first byte on it is not held); and that it leaves. */
uint64_t serials_next(const struct serials *serials);
uint64_t serials_leave(struct serials *serials);

/* How many records follow each other from there on, with none missing between, if there are so many. */
uint64_t serials_run(const struct serials *serials);

/* A place among the records that leave next: `at` records in front of it, and so many missing there. */
struct serials_gap {
	uint64_t at;
	uint64_t missing;
};

/* Of the next `records`: the gaps between them, up to `most`, into gap, their number into *gaps.  Returns how many records
 * there are before one gap more. */
uint64_t serials_look(struct serials *serials, uint64_t records, struct serials_gap *gap, unsigned most, unsigned *gaps);

/* So many leave, one after the other. */
void serials_leave_all(struct serials *serials, uint64_t records);

#endif
