/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * staging: bytes on their way to a slow file, in a bounded area and in batches.
 *
 *      oldest batch | batch | ... | newest batch | not committed | room
 *
 * A batch is what is written, or fails to be, at once: whole records of at most `unit` bytes
 * together, or one longer record, or part of one.  It carries its own account, so that what becomes
 * of it can be counted without looking at it again.
 *
 * Knows no record, no file and no lock.
 */
#ifndef WEIR_STAGING_H
#define WEIR_STAGING_H

#include "base/ring.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct batch {
	size_t length;    /* bytes to write */
	uint64_t records; /* that end in it */
	uint64_t payload; /* those of its bytes that are records' */
	bool continues;   /* it begins inside a record, */
	bool open;        /* it ends inside one: then it is part of that one, and no more */
	uint64_t owed;    /* its last record lacks its delimiter: bytes that stand for it, should another follow */
};

struct staging {
	struct ring ring;
	struct batch *batches; /* calloc'd: `most` of them, used as a ring */
	size_t most;
	size_t unit;
	uint64_t out, in;      /* free-running; out <= in, in - out <= most */
	bool taken;            /* the oldest is in use */
	size_t loose;          /* bytes in the ring that are not committed */
};

/* An area of room bytes, none of them touched before it is needed.  0, or -1 with errno. */
int staging_init(struct staging *staging, size_t room, size_t unit);
void staging_free(struct staging *staging);

/* How many bytes can be put. */
size_t staging_room(const struct staging *staging);

/* Adds bytes (length <= room), which stay loose until they are committed or retracted, all of them. */
void staging_put(struct staging *staging, const char *bytes, size_t length);
void staging_retract(struct staging *staging);

/* All that is loose is a batch (whose length this fills in), or part of the newest where that is not in
 * use and stays within a unit. */
void staging_commit(struct staging *staging, struct batch batch);

/* The oldest batch, and its bytes in *pieces pieces (0 for none); it stays where it is, and as it is,
 * until it is consumed.  False where there is none. */
bool staging_take(struct staging *staging, struct batch *batch, struct iovec piece[2], int *pieces);
void staging_consume(struct staging *staging);

/* Aborts when an invariant does not hold.  For debug builds and unit tests. */
void staging_check(const struct staging *staging);

#endif
