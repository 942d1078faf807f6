/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ring: a bounded ring of bytes in one mapping of memory.
 *
 * The only owner of the cursors.  Knows no record, no descriptor and no policy.  Everything outside
 * names bytes by their offset from the oldest one held, so that the ring may move them.
 *
 *      base                                                    base + size        base + reserve
 *       |   free   |########## held ##########|      free          |   not in use yet  |
 *                  out % size                 in % size
 *
 * Access is peek, then commit: two iovecs where the bytes wrap.  Memory is touched only as far as
 * it is used: ring_rewind() starts again at the base, and ring_trim() gives back what a burst has
 * touched. Behind it there is room for the wrapped end of one record, for who must see it in one
 * piece.  The struct is visible only to be embedded in its owner.
 */
#ifndef WEIR_RING_H
#define WEIR_RING_H

#include <sys/uio.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A multiple of every page size in use. */
#define RING_GRAIN ((size_t)64 << 10)

struct ring {
	char *base;
	size_t size;    /* bytes in use as a ring, at most reserve */
	size_t reserve; /* bytes mapped */
	size_t overlap; /* bytes mapped behind that, to see what wraps in one piece */
	uint64_t out;   /* free-running; out <= in, in - out <= size */
	uint64_t in;
	size_t touched; /* no byte at or behind base + touched has been written since it was given back */
};

/* A ring of size bytes that may be extended to reserve (size <= reserve), of which up to overlap
 * bytes can be seen in one piece wherever they stand.  0, or -1 with errno. */
int ring_init(struct ring *ring, size_t size, size_t reserve, size_t overlap);
void ring_free(struct ring *ring);

/* Bytes held, and bytes of room. */
size_t ring_used(const struct ring *ring);
size_t ring_room(const struct ring *ring);

/* Describes length bytes from offset (offset + length <= used) in one or two pieces; returns how many
 * pieces, 0 for no bytes. */
int ring_peek(const struct ring *ring, size_t offset, size_t length, struct iovec piece[2]);

/* length bytes from offset in one piece (length <= overlap, offset + length <= used); good until
 * the ring is changed, or asked for another. */
const char *ring_view(struct ring *ring, size_t offset, size_t length);

/* The same for the first length bytes of room (length <= room), to be written into.  What is written
 * there can be examined and moved by its offset from used on, before it is committed. */
int ring_prepare(struct ring *ring, size_t length, struct iovec piece[2]);

/* The first length bytes of room are held from now on. */
void ring_commit(struct ring *ring, size_t length);

/* The oldest length bytes are gone; the newest length bytes are gone (length <= used). */
void ring_consume(struct ring *ring, size_t length);
void ring_retract(struct ring *ring, size_t length);

/* Copies length bytes from one offset to another, which may overlap.  Offsets reach to size. */
void ring_move(struct ring *ring, size_t to, size_t from, size_t length);

/* Makes the ring larger (size <= new_size <= reserve).  Costs a copy of what lies before out in
 * memory; nothing that is held changes its offset. */
void ring_extend(struct ring *ring, size_t new_size);

/* Starts again at the base where that is cheap, so that the bytes that pass through a large ring stay in the cache and
 * touch little memory as long as few are held: where at most `small` bytes are held, once as many have been passed; or,
 * up to RING_REWIND_MOST, once RING_REWIND_PART times as many have been passed as have to be moved. */
#define RING_REWIND_MOST ((size_t)8 << 20)
#define RING_REWIND_PART 8
void ring_rewind(struct ring *ring, size_t small);

/* Whether a burst has left memory behind the first keep bytes, and so little is held now that it can be
 * given back; and giving back about slice bytes of it, which returns whether there is more.  keep and
 * slice are multiples of RING_GRAIN. */
bool ring_trimmable(const struct ring *ring, size_t keep);
bool ring_trim(struct ring *ring, size_t keep, size_t slice);

/* Aborts when an invariant does not hold.  For debug builds and unit tests. */
void ring_check(const struct ring *ring);

#endif
