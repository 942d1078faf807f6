/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record: framing, that is, where records end.
 *
 * Pure functions on one contiguous piece of a stream.  They keep nothing between calls and know no
 * buffer: whoever owns the bytes says with `phase` how many bytes of the record that the piece begins
 * in came before it (only fixed framing looks at it).  An end is the offset just past a record's last
 * byte, its delimiter included, so it is never 0 and 0 means "none".  None of them can fail.
 *
 * Where one byte, or a count of them, does not tell where a record ends, it is found once, as it comes in (flow/framer.h), and
 * noted beside the bytes (ends.h): such a framing is noted, and there are ends only in pieces of memory that
 * is covered.
 */
#ifndef WEIR_RECORD_H
#define WEIR_RECORD_H

#include "base/ends.h"
#include "base/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum framing_kind {
	FRAMING_LINES,
	FRAMING_NULL,
	FRAMING_DELIMITER,
	FRAMING_FIXED,
	FRAMING_BYTES, /* no records: no piece has an end */
	/* noted: */
	FRAMING_JOINED, /* lines, several of which may be one record */
	FRAMING_STRING, /* a delimiter of several bytes */
	FRAMING_FRAME,  /* a length in front */
};

#define FRAMING_STRING_MOST 16

struct framing {
	enum framing_kind kind;
	unsigned char delimiter; /* of LINES, NULL, DELIMITER and JOINED; the last byte of STRING */
	uint64_t size;           /* of FIXED: bytes a record, at least 1 */
	unsigned char string_length; /* of STRING: 2 to FRAMING_STRING_MOST */
	char string[FRAMING_STRING_MOST];
	enum frame_format format;    /* of FRAME */
	struct ends *ends;           /* where they are noted; not owned */
};

/* Whether ends can only be found by looking at the bytes: at one of them. */
bool framing_delimited(const struct framing *f);

/* Whether they are noted. */
static inline bool
framing_noted(const struct framing *f)
{
	return f->kind > FRAMING_BYTES;
}

/* Whether there are bytes that a record ends in, and no other does not. */
static inline bool
framing_has_end(const struct framing *f)
{
	return framing_delimited(f) || f->kind == FRAMING_JOINED || f->kind == FRAMING_STRING;
}

/* What a record ends in, in *length bytes (0: in nothing). */
const char *framing_end(const struct framing *f, size_t *length);

/* The name in reports: "lines", "null", "delimiter", "fixed", "bytes", "joined"; of frames that of their format. */
const char *framing_name(const struct framing *f);

/* How many records end in the piece. */
uint64_t record_count(const struct framing *f, uint64_t phase, const char *piece, size_t length);

/* The first end in the piece, or 0. */
size_t record_first(const struct framing *f, uint64_t phase, const char *piece, size_t length);

/* The last end in the piece, or 0. */
size_t record_last(const struct framing *f, uint64_t phase, const char *piece, size_t length);

/* Passes over at most *count ends: returns the last one passed, or 0, and takes the number of those
 * passed from *count. */
size_t record_skip(const struct framing *f, uint64_t phase, const char *piece, size_t length,
    uint64_t *count);

/* The beginning of the first record of at most `most` bytes, in a piece that begins with a record;
 * where there is none, the beginning of the record that does not end in the piece, or length. */
size_t record_short(const struct framing *f, const char *piece, size_t length, size_t most);

/* How much of this record is neither delimiter, which the last of a stream may lack, nor, in frames, header: the payload; and
 * where that begins. */
size_t record_body(const struct framing *f, const char *record, size_t length);
size_t record_head(const struct framing *f, const char *record, size_t length);

/* The phase behind the piece, for a piece that follows `phase`.  For delimiters it only tells 0 (the
 * piece ends a record, or is empty with phase 0) from the rest. */
uint64_t record_phase(const struct framing *f, uint64_t phase, const char *piece, size_t length);

#endif
