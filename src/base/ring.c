/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/mapped.h"
#include "base/ring.h"

#include <stdlib.h>

int
ring_init(struct ring *ring, size_t size)
{
	void *base = mapped_new(size);

	if (base == NULL)
		return -1;
	*ring = (struct ring){ .base = base, .size = size };
	return 0;
}

void
ring_free(struct ring *ring)
{
	mapped_free(ring->base, ring->size);
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

int
ring_prepare(const struct ring *ring, size_t length, struct iovec piece[2])
{
	return pieces(ring, ring->in, length, piece);
}

void
ring_commit(struct ring *ring, size_t length)
{
	ring->in += length;
}

static void
begin_anew(struct ring *ring)
{
	if (ring->in == ring->out)
		ring->in = ring->out = 0;
}

void
ring_consume(struct ring *ring, size_t length)
{
	ring->out += length;
	begin_anew(ring);
}

void
ring_retract(struct ring *ring, size_t length)
{
	ring->in -= length;
	begin_anew(ring);
}

void
ring_check(const struct ring *ring)
{
	if (ring->out > ring->in || ring->in - ring->out > ring->size)
		abort();
}
