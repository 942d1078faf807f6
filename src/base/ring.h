/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ring: a bounded ring of bytes in one mapping of memory, for what waits beside the data.
 *
 *      base                                                     base + size
 *       |      room      |########## held ##########|   room     |
 *                        out % size                 in % size
 *
 * The only owner of the cursors.  Knows no record and no descriptor.  Everything outside names bytes by their offset
 * from the oldest one held.  An empty ring begins at its base again: so memory is touched only as far as it is used.
 * The struct is visible only to be embedded in its owner.
 */
#ifndef WEIR_RING_H
#define WEIR_RING_H

#include <sys/uio.h>

#include <stddef.h>
#include <stdint.h>

struct ring {
	char *base;
	size_t size;
	uint64_t out; /* free-running; out <= in, in - out <= size */
	uint64_t in;
};

/* A ring of size bytes (at least 1).  0, or -1 with errno. */
int ring_init(struct ring *ring, size_t size);
void ring_free(struct ring *ring);

/* Bytes held, and bytes of room. */
size_t ring_used(const struct ring *ring);
size_t ring_room(const struct ring *ring);

/* Describes length bytes from offset (offset + length <= used) in one or two pieces; returns how many
 * pieces, 0 for no bytes. */
int ring_peek(const struct ring *ring, size_t offset, size_t length, struct iovec piece[2]);

/* The same for the first length bytes of room (length <= room), to be written into. */
int ring_prepare(const struct ring *ring, size_t length, struct iovec piece[2]);

/* The first length bytes of room are held from now on. */
void ring_commit(struct ring *ring, size_t length);

/* The oldest length bytes are gone; the newest length bytes are gone (length <= used). */
void ring_consume(struct ring *ring, size_t length);
void ring_retract(struct ring *ring, size_t length);

/* Aborts when an invariant does not hold.  For debug builds and unit tests. */
void ring_check(const struct ring *ring);

#endif
