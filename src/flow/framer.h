/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * framer: where records end, found once, as they come in, where one byte or a count of them does not tell: and noted
 * beside the bytes (ends.h), where everybody else finds it.
 *
 * What cannot be told yet is kept back until it can: the beginning of a line, which may go on with the one before, or of a
 * header.  It is put in front of what is read next.  So what has been passed on is always of a record that is known.
 *
 *      read:     |...line\n|...line\n|...li|
 *      passed on:|...line\n|...line\n|          with the ends in it noted
 *      kept back:                    |...li|    at most FRAMER_KEPT bytes
 *
 * Whether lines go together is said by pick/lines, what a header is by base/frame.  Holds no record, and asks nobody for room.
 */
#ifndef WEIR_FRAMER_H
#define WEIR_FRAMER_H

#include "base/record.h"
#include "pick/lines.h"

#include <sys/uio.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A line is judged by so many bytes, where it is longer. */
#ifndef FRAMER_KEPT
#define FRAMER_KEPT ((size_t)64 << 10)
#endif

struct framer {
	struct framing framing;
	const struct lines *lines; /* of JOINED; not owned */
	char *kept;                /* malloc'd: what is kept back, FRAMER_KEPT bytes */
	size_t kept_length;
	uint64_t passed;           /* bytes passed on, in all */
	/* JOINED */
	bool open;                 /* of a record lines have been passed on, */
	bool continued;            /* the last of them goes on with the next; */
	bool inside;               /* or it is a long one, and its end is still to come */
	/* STRING */
	unsigned matched;          /* bytes of it that came last */
	unsigned char back[FRAMING_STRING_MOST]; /* how many are left of so many, and one more, where the next is another */
	/* FRAME */
	uint64_t left;             /* bytes of the record whose header has been passed on */
	size_t comma;              /* of them behind the payload */
	bool cut;                  /* what came last is the beginning of a record; */
	bool wrong;                /* what is behind `passed` is none: nothing more is passed on */
};

/* What was found. */
struct framed {
	size_t length;    /* bytes passed on */
	bool ends_before; /* the record that was passed on before them ends in front of them */
};

/* For a framing that is noted, in memory that will be covered by its ends.  0, or -1 with errno. */
int framer_init(struct framer *framer, const struct framing *framing, const struct lines *lines);
void framer_free(struct framer *framer);

/* What is kept back goes to the beginning of the pieces, where there is room for all of it; returns how much. */
size_t framer_resume(const struct framer *framer, const struct iovec *piece, size_t length);

/* length bytes, the first of which framer_resume has put there: all that was kept back, and some more.  `all`: what can be told of
 * them has to be told now, nothing more follows. */
struct framed framer_look(struct framer *framer, const struct iovec *piece, size_t length, bool all);

/* Whether the record that was passed on last may have ended: only what comes next would tell. */
bool framer_waits(const struct framer *framer);

/* It has. */
void framer_break(struct framer *framer);

/* Whether what came last is the beginning of a frame, and not all of it. */
bool framer_is_cut(const struct framer *framer);

/* What may be read without reading behind the record that is open, at least 1. */
uint64_t framer_rest(const struct framer *framer);

#endif
