/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inside: what goes in front of a record that has its length in front: inside the payload, and the length is made anew.
 *
 *      | header | payload ... | end |      becomes      | header' | number | payload ... | end |
 *
 * header' is never shorter than header was (a varint that is longer than it need be stays as long), so of header' and number
 * together the first bytes are added, and as many as the header had stand in its place.  By that a record has as many
 * bytes as it came with, however much of it is out.
 *
 * A frame that the end of the input has cut stays as it is.  Does not know what the number is, and counts nothing.
 */
#ifndef WEIR_INSIDE_H
#define WEIR_INSIDE_H

#include "base/frame.h"
#include "hold/number.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A number and a weight. */
#define INSIDE_NUMBER_MOST ((size_t)2 * NUMBER_MOST)
#define INSIDE_MOST (FRAME_HEAD_MOST + INSIDE_NUMBER_MOST)

/* Says that the end of a record is not here. */
#define INSIDE_OPEN SIZE_MAX

struct inside {
	bool fits;        /* or the length cannot say as much, and there is nothing else: */
	uint64_t payload; /* of the record */
	size_t added;     /* the first bytes of the text are added, */
	size_t head;      /* and so many behind them are in place of the record's first; both 0: it is left as it is */
};

/* In front of the record of `length` bytes (INSIDE_OPEN), of which the first `here` are `record`, this number: the text.  All
 * formats but pcap. */
struct inside inside_write(char text[INSIDE_MOST], enum frame_format format, const char *record, size_t here, size_t length,
    const char *number, size_t number_length);

/* What of it does not fit. */
struct inside_misfit {
	enum frame_format format;
	uint64_t serial;      /* 0: it has none */
	uint64_t payload;
	size_t number;
	const char *options;  /* that put it there: "--number" */
};

#define INSIDE_TELL_MOST 200

/* In words. */
void inside_tell(char text[INSIDE_TELL_MOST], const struct inside_misfit *misfit);

#endif
