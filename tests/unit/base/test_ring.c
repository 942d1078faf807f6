/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring against a plain array that is shifted down when its oldest bytes go: random operations, and
 * after each one the whole of what is held must read the same.
 */
#include "../tap.h"

#include "../random.h"
#include "base/ring.h"

#include <errno.h>

#define MODEL_MOST ((size_t)16 << 10)

struct rig {
	struct ring ring;
	struct random random;
	unsigned char held[MODEL_MOST]; /* what the ring should hold */
	size_t used;
	size_t longest; /* of one operation */
};

static struct rig rig;

static size_t
some(size_t most)
{
	size_t longest = most < rig.longest ? most : rig.longest;

	return (size_t)random_from(&rig.random, 0, longest);
}

static bool
reads_as(size_t offset, size_t length)
{
	struct iovec piece[2];
	int pieces = ring_peek(&rig.ring, offset, length, piece);
	size_t first = pieces > 0 ? piece[0].iov_len : 0;
	size_t second = pieces > 1 ? piece[1].iov_len : 0;

	if (pieces > 2 || first + second != length || (pieces > 0 && first == 0) || (pieces > 1 && second == 0)) {
		diag("peek of %zu at %zu: %d pieces, %zu and %zu", length, offset, pieces, first, second);
		return false;
	}
	return (first == 0 || memcmp(piece[0].iov_base, rig.held + offset, first) == 0) &&
	    (second == 0 || memcmp(piece[1].iov_base, rig.held + offset + first, second) == 0);
}

static bool
is_right(const char *after)
{
	size_t offset = some(rig.used);

	ring_check(&rig.ring);
	if (ring_used(&rig.ring) == rig.used && ring_room(&rig.ring) == rig.ring.size - rig.used &&
	    reads_as(0, rig.used) && reads_as(offset, some(rig.used - offset)))
		return true;
	diag("after %s: used %zu, should be %zu, of %zu", after, ring_used(&rig.ring), rig.used, rig.ring.size);
	return false;
}

static bool
append(void)
{
	size_t length = some(ring_room(&rig.ring)), kept = length > 0 ? some(length) : 0, at = 0;
	struct iovec piece[2];
	int pieces = ring_prepare(&rig.ring, length, piece);

	for (int i = 0; i < pieces; i++)
		for (size_t j = 0; j < piece[i].iov_len; j++, at++)
			rig.held[rig.used + at] = ((unsigned char *)piece[i].iov_base)[j] =
			    (unsigned char)random_next(&rig.random);
	ring_commit(&rig.ring, kept);
	rig.used += kept;
	return at == length && is_right("append");
}

static bool
consume(void)
{
	size_t length = some(rig.used);

	ring_consume(&rig.ring, length);
	memmove(rig.held, rig.held + length, rig.used - length);
	rig.used -= length;
	return is_right("consume");
}

static bool
retract(void)
{
	size_t length = some(rig.used);

	ring_retract(&rig.ring, length);
	rig.used -= length;
	return is_right("retract");
}

typedef bool operation(void);

static bool
operate(size_t size, size_t longest, unsigned steps, uint64_t seed)
{
	static operation *const operations[] = { append, append, append, consume, consume, retract };
	bool good = true;

	if (ring_init(&rig.ring, size) < 0)
		return false;
	rig.random.state = seed;
	rig.used = 0;
	rig.longest = longest;
	for (unsigned step = 0; step < steps && good; step++) {
		good = operations[random_below(&rig.random, sizeof(operations) / sizeof(operations[0]))]();
		if (!good)
			diag("size %zu, seed %" PRIu64 ", step %u", size, seed, step);
	}
	ring_free(&rig.ring);
	return good;
}

int
main(void)
{
	struct ring ring;
	struct iovec piece[2];
	bool good = true;
	char *base;

	for (uint64_t seed = 1; seed <= 20 && good; seed++)
		good = operate(16 + (size_t)seed * 7, 64, 2000, seed);
	ok(good, "any operations, small rings that wrap all the time");
	for (uint64_t seed = 1; seed <= 4 && good; seed++)
		good = operate(3000, 4096, 1500, seed);
	ok(good, "any operations as long as the ring");

	ok(ring_init(&ring, SIZE_MAX) == -1 && errno != 0, "no memory: an error");
	ok(ring_init(&ring, 4096) == 0 && ring_used(&ring) == 0 && ring_room(&ring) == 4096, "a ring begins empty");
	base = ring_prepare(&ring, 1, piece) == 1 ? piece[0].iov_base : NULL;
	ring_commit(&ring, 1000);
	ring_consume(&ring, 1000);
	ok(ring_prepare(&ring, 1, piece) == 1 && piece[0].iov_base == base, "an empty one begins at its base again");
	ring_commit(&ring, 1000);
	ring_consume(&ring, 500);
	ring_retract(&ring, 500);
	ok(ring_prepare(&ring, 1, piece) == 1 && piece[0].iov_base == base, "however it became so");
	ring_free(&ring);
	ring_free(&ring);
	ok(true, "it can be freed twice");
	return done_testing();
}
