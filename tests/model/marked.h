/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * marked: a stream of lines that go together, or of frames, with what whoever made it knows of it: where records end, what of
 * them is payload, and from when on that can be told.
 *
 * It is made here, and nothing of weir's that finds ends is asked: headers are written by hand, and of lines a first or
 * a last byte tells.
 */
#ifndef WEIR_MODEL_MARKED_H
#define WEIR_MODEL_MARKED_H

#include "../unit/random.h"
#include "base/record.h"
#include "flow/framer.h"
#include "pick/lines.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a byte: */
#define MARKED_END 1     /* a record ends with it, if it has not been ended before; */
#define MARKED_PAYLOAD 2 /* it is not of a header, nor of what is behind the payload; */
#define MARKED_LINE 4    /* a line ends with it */

/* A line that is longer is told from others by so much of it. */
#define MARKED_LINE_MOST ((uint64_t)FRAMER_KEPT)

/* How lines go together. */
struct marked_rules {
	bool start;     /* a line that begins with x begins a record; */
	bool join;      /* one that begins with a blank goes on with the one before; */
	bool continued; /* and one that ends in a comma with the one behind */
};

struct marked {
	unsigned char *mark; /* of each byte; */
	uint32_t *known;     /* and how much of the stream has to be here before it is passed on */
	bool late;           /* the end of a record is known only by what is behind it */
	uint64_t wrong_at;   /* from here on it is no frame, UINT64_MAX: all are; */
	uint64_t wrong_known; /* which is known by so much */
};

/* The patterns of these rules, to be freed by lines_free.  Aborts without memory. */
void marked_patterns(const struct marked_rules *rules, struct lines *lines);

/* A stream of length bytes into room for that many, and as many marks.  most(): how long the next line or payload may be,
 * letter(): a byte that is no newline. */
struct marked_maker {
	struct random *random;
	uint64_t (*most)(void);
	char (*letter)(void);
};

void marked_lines(struct marked *marked, const struct marked_rules *rules, const struct marked_maker *maker, char *stream,
    uint64_t length);
void marked_frames(struct marked *marked, enum frame_format format, const struct marked_maker *maker, char *stream,
    uint64_t length);

#endif
