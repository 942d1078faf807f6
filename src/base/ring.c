/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/ring.h"

#include <sys/mman.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif
#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

/* From here on page faults are what the first lap over the ring costs: ask for huge pages. */
#define HUGE_FROM ((size_t)64 << 20)

int
ring_init(struct ring *ring, size_t size, size_t reserve, size_t overlap)
{
	void *base = mmap(NULL, reserve + overlap, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED)
		return -1;
#if defined(MADV_HUGEPAGE) && !defined(WEIR_PORTABLE)
	if (size >= HUGE_FROM)
		(void)madvise(base, size, MADV_HUGEPAGE); /* a hint: without it only slower */
#endif
	*ring = (struct ring){ .base = base, .size = size, .reserve = reserve, .overlap = overlap };
	return 0;
}

void
ring_free(struct ring *ring)
{
	if (ring->base != NULL)
		(void)munmap(ring->base, ring->reserve + ring->overlap);
	*ring = (struct ring){ 0 };
}

size_t
ring_used(const struct ring *ring)
{
	return (size_t)(ring->in - ring->out);
}

size_t
ring_room(const struct ring *ring)
{
	return ring->size - ring_used(ring);
}

/* The pieces of length bytes that begin at the free-running cursor. */
static int
pieces(const struct ring *ring, uint64_t cursor, size_t length, struct iovec piece[2])
{
	size_t at = (size_t)(cursor % ring->size);
	size_t first = ring->size - at < length ? ring->size - at : length;

	piece[0] = (struct iovec){ ring->base + at, first };
	piece[1] = (struct iovec){ ring->base, length - first };
	return (first > 0) + (length > first);
}

int
ring_peek(const struct ring *ring, size_t offset, size_t length, struct iovec piece[2])
{
	return pieces(ring, ring->out + offset, length, piece);
}

const char *
ring_view(struct ring *ring, size_t offset, size_t length)
{
	struct iovec piece[2];

	if (ring_peek(ring, offset, length, piece) == 2) {
		memcpy(ring->base + ring->size, piece[1].iov_base, piece[1].iov_len);
		if (ring->touched < ring->size + piece[1].iov_len)
			ring->touched = ring->size + piece[1].iov_len;
	}
	return piece[0].iov_base;
}

int
ring_prepare(struct ring *ring, size_t length, struct iovec piece[2])
{
	int count = pieces(ring, ring->in, length, piece);
	size_t end = (size_t)((char *)piece[0].iov_base - ring->base) + piece[0].iov_len;

	if (ring->touched < end)
		ring->touched = end;
	return count;
}

void
ring_commit(struct ring *ring, size_t length)
{
	ring->in += length;
}

void
ring_consume(struct ring *ring, size_t length)
{
	ring->out += length;
}

void
ring_retract(struct ring *ring, size_t length)
{
	ring->in -= length;
}

void
ring_rewind(struct ring *ring, size_t small)
{
	size_t used = ring_used(ring);
	size_t at = (size_t)(ring->out % ring->size);
	bool cheap = used <= small ? at >= small : used <= RING_REWIND_MOST && at / RING_REWIND_PART >= used;

	if (!cheap || at + used > ring->size)
		return;
	memcpy(ring->base, ring->base + at, used);
	ring->out = 0;
	ring->in = used;
}

/* at % size, for what is below 2 * size: a division takes longer than to move a short record. */
static size_t
place(const struct ring *ring, size_t at)
{
	return at < ring->size ? at : at - ring->size;
}

/* One step of a move: the most that is contiguous on both sides.  Upwards the steps go from the
 * first byte on, downwards from the last, so that an overlap is never overwritten before it is read. */
void
ring_move(struct ring *ring, size_t to, size_t from, size_t length)
{
	const size_t out = (size_t)(ring->out % ring->size);
	bool backwards = to > from;

	while (length > 0) {
		size_t step = length;
		size_t a, b;

		if (backwards) {
			/* positions just past the last byte, 1 to size */
			a = place(ring, out + to + length - 1) + 1;
			b = place(ring, out + from + length - 1) + 1;
			step = step < a ? step : a;
			step = step < b ? step : b;
			memmove(ring->base + a - step, ring->base + b - step, step);
		} else {
			a = place(ring, out + to);
			b = place(ring, out + from);
			step = step < ring->size - a ? step : ring->size - a;
			step = step < ring->size - b ? step : ring->size - b;
			memmove(ring->base + a, ring->base + b, step);
			to += step;
			from += step;
		}
		length -= step;
	}
}

/*
 * Before, with the held bytes wrapped (a newer part `low` at the base), and after, size grown by g:
 *
 *      |low1 low2|   free   |## high ##|                  |
 *      |low2|       free    |## high ##|low1              |
 *
 * where low1 is at most g bytes long: it follows the high part directly now.
 */
void
ring_extend(struct ring *ring, size_t new_size)
{
	size_t used = ring_used(ring);
	size_t out = (size_t)(ring->out % ring->size);
	size_t grown = new_size - ring->size;

	assert(new_size >= ring->size && new_size <= ring->reserve);
	if (out + used > ring->size) {
		size_t low = out + used - ring->size;
		size_t low1 = low < grown ? low : grown;

		memcpy(ring->base + ring->size, ring->base, low1);
		memmove(ring->base, ring->base + low1, low - low1);
		if (ring->touched < ring->size + low1)
			ring->touched = ring->size + low1;
	}
	ring->size = new_size;
	ring->out = out;
	ring->in = out + used;
}

bool
ring_trimmable(const struct ring *ring, size_t keep)
{
	size_t used = ring_used(ring);

	return ring->touched > keep && used <= keep && (size_t)(ring->out % ring->size) + used <= ring->size;
}

bool
ring_trim(struct ring *ring, size_t keep, size_t slice)
{
	size_t from;

	ring_rewind(ring, keep / 2);
	if (!ring_trimmable(ring, keep) || (size_t)(ring->out % ring->size) + ring_used(ring) > keep)
		return false;
	from = ring->touched - keep > slice ? ring->touched - slice : keep;
	from -= from % RING_GRAIN;
#if defined(MADV_DONTNEED) && !defined(WEIR_PORTABLE)
	(void)madvise(ring->base + from, ring->touched - from, MADV_DONTNEED);
#endif
	ring->touched = from;
	return from > keep;
}

void
ring_check(const struct ring *ring)
{
	if (ring->out > ring->in || ring->in - ring->out > ring->size || ring->size > ring->reserve ||
	    ring->touched > ring->reserve + ring->overlap)
		abort();
}
