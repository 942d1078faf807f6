/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring against a plain array that is shifted down when its oldest bytes go: random operations, and
 * after each one the whole of what is held must read the same.  No byte written is 0, so memory that
 * the ring claims not to have touched can be told from memory that it has.
 */
#include "../tap.h"

#include "../random.h"
#include "base/ring.h"

#include <errno.h>

#define MODEL_MOST ((size_t)512 << 10)

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

/* --- what must always hold ------------------------------------------------------------------------ */

static bool
reads_as(size_t offset, size_t length)
{
	struct iovec piece[2];
	int pieces = ring_peek(&rig.ring, offset, length, piece);
	size_t first = pieces > 0 ? piece[0].iov_len : 0;
	size_t second = pieces > 1 ? piece[1].iov_len : 0;

	if (pieces > 2 || first + second != length || (pieces > 0 && first == 0) ||
	    (pieces > 1 && second == 0)) {
		diag("peek of %zu at %zu: %d pieces, %zu and %zu", length, offset, pieces, first, second);
		return false;
	}
	return (first == 0 || memcmp(piece[0].iov_base, rig.held + offset, first) == 0) &&
	    (second == 0 || memcmp(piece[1].iov_base, rig.held + offset + first, second) == 0);
}

static bool
untouched_is_zero(void)
{
	for (size_t i = rig.ring.touched; i < rig.ring.reserve; i++)
		if (rig.ring.base[i] != 0)
			return false;
	return true;
}

static bool
is_right(const char *after)
{
	size_t offset = (size_t)random_below(&rig.random, rig.used + 1);
	size_t length = (size_t)random_below(&rig.random, rig.used - offset + 1);

	ring_check(&rig.ring);
	if (ring_used(&rig.ring) == rig.used && ring_room(&rig.ring) == rig.ring.size - rig.used &&
	    reads_as(0, rig.used) && reads_as(offset, length))
		return true;
	diag("after %s: used %zu, should be %zu, of %zu", after, ring_used(&rig.ring), rig.used,
	    rig.ring.size);
	return false;
}

/* --- operations ----------------------------------------------------------------------------------- */

/* Writes length random bytes into room, and into the model behind what is held. */
static bool
write_room(size_t length)
{
	struct iovec piece[2];
	int pieces = ring_prepare(&rig.ring, length, piece);
	unsigned char *model = rig.held + rig.used;
	size_t sum = 0;

	for (size_t i = 0; i < length; i++)
		model[i] = (unsigned char)random_from(&rig.random, 1, 255);
	for (int i = 0; i < pieces; i++) {
		memcpy(piece[i].iov_base, model + sum, piece[i].iov_len);
		sum += piece[i].iov_len;
	}
	return sum == length;
}

static bool
append(void)
{
	size_t length = some(ring_room(&rig.ring));
	size_t kept = (size_t)random_below(&rig.random, length + 1);

	if (!write_room(length))
		return false;
	ring_commit(&rig.ring, kept);
	rig.used += kept;
	return is_right("append");
}

/* As intake does when it leaves out bytes at the beginning of a read. */
static bool
append_behind_gap(void)
{
	size_t length = some(ring_room(&rig.ring));
	size_t gap = (size_t)random_below(&rig.random, length + 1);

	if (!write_room(length))
		return false;
	ring_move(&rig.ring, rig.used, rig.used + gap, length - gap);
	memmove(rig.held + rig.used, rig.held + rig.used + gap, length - gap);
	ring_commit(&rig.ring, length - gap);
	rig.used += length - gap;
	return is_right("move into room and append");
}

static bool
consume(void)
{
	size_t length = some(rig.used);

	ring_consume(&rig.ring, length);
	rig.used -= length;
	memmove(rig.held, rig.held + length, rig.used);
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

static bool
move(void)
{
	size_t length = some(rig.used);
	size_t to = (size_t)random_below(&rig.random, rig.used - length + 1);
	size_t from = (size_t)random_below(&rig.random, rig.used - length + 1);

	ring_move(&rig.ring, to, from, length);
	memmove(rig.held + to, rig.held + from, length);
	return is_right("move");
}

static bool
extend(void)
{
	size_t more = some(rig.ring.reserve - rig.ring.size);

	ring_extend(&rig.ring, rig.ring.size + more / 8);
	return is_right("extend");
}

static bool
rewind_it(void)
{
	size_t most = some(rig.ring.size);

	ring_rewind(&rig.ring, most);
	return is_right("rewind");
}

static bool
trim(void)
{
	size_t keep = RING_GRAIN * (size_t)random_from(&rig.random, 1, 2);
	bool could = ring_trimmable(&rig.ring, keep);
	size_t before = rig.ring.touched;

	(void)ring_trim(&rig.ring, keep, RING_GRAIN);
	if (!could && rig.ring.touched < before && rig.used > keep) {
		diag("trimmed with %zu bytes held, which is more than %zu", rig.used, keep);
		return false;
	}
	return is_right("trim");
}

typedef bool operation(void);

static bool
operate(size_t size, size_t reserve, size_t longest, unsigned steps, uint64_t seed)
{
	static operation *const operations[] = { append, append, append, append_behind_gap, consume,
	    consume, consume, retract, move, extend, rewind_it, trim };
	bool good = true;

	if (ring_init(&rig.ring, size, reserve, 0) < 0)
		return false;
	rig.random.state = seed;
	rig.used = 0;
	rig.longest = longest;
	for (unsigned step = 0; step < steps && good; step++) {
		uint64_t which = random_below(&rig.random, sizeof(operations) / sizeof(operations[0]));
		/* rarely, so that a ring of each size sees many laps */
		if (operations[which] == extend && !random_one_in(&rig.random, 100))
			continue;
		good = operations[which]();
		if (step % 64 == 0 && !untouched_is_zero()) {
			diag("a byte is written where none was touched");
			good = false;
		}
		if (!good)
			diag("size %zu, reserve %zu, seed %" PRIu64 ", step %u", size, reserve, seed, step);
	}
	ring_free(&rig.ring);
	return good;
}

static void
properties(void)
{
	bool good = true;

	for (uint64_t seed = 1; seed <= 20 && good; seed++)
		good = operate(16 + (size_t)seed * 7, 4096, 64, 2000, seed);
	ok(good, "any operations, small rings that wrap all the time");
	for (uint64_t seed = 1; seed <= 4 && good; seed++)
		good = operate(3000, 16384, 4096, 1500, seed);
	ok(good, "any operations as long as the ring");
	ok(operate(3 * RING_GRAIN + 100, 8 * RING_GRAIN, 3 * RING_GRAIN, 250, 1),
	    "any operations on a ring that can be trimmed");
}

/* --- each by itself ------------------------------------------------------------------------------- */

/* A full ring whose oldest byte lies at `at`. */
static void
fill_from(size_t size, size_t at)
{
	(void)ring_init(&rig.ring, size, size, 0);
	rig.used = 0;
	ring_commit(&rig.ring, at);
	ring_consume(&rig.ring, at);
	(void)write_room(size);
	ring_commit(&rig.ring, size);
	rig.used = size;
}

static void
moves(void)
{
	const size_t size = 24;
	bool good = true;

	for (size_t at = 0; at < size; at++)
		for (size_t to = 0; to < size; to++)
			for (size_t from = 0; from < size && good; from++) {
				size_t length = size - (to > from ? to : from);
				fill_from(size, at);
				ring_move(&rig.ring, to, from, length);
				memmove(rig.held + to, rig.held + from, length);
				good = is_right("move");
				if (!good)
					diag("%zu bytes from %zu to %zu, oldest at %zu", length, from, to, at);
				ring_free(&rig.ring);
			}
	ok(good, "every move that a ring of 24 bytes allows");
}

/* Every position and fill of a small ring, every new size: what wraps is the hard part. */
static void
extensions(void)
{
	const size_t size = 12, reserve = 40;
	bool good = true;

	for (size_t at = 0; at < size; at++)
		for (size_t used = 0; used <= size; used++)
			for (size_t to = size; to <= reserve && good; to++) {
				(void)ring_init(&rig.ring, size, reserve, 0);
				rig.used = 0;
				(void)write_room(at);
				ring_commit(&rig.ring, at);
				ring_consume(&rig.ring, at);
				(void)write_room(used);
				ring_commit(&rig.ring, used);
				rig.used = used;
				ring_extend(&rig.ring, to);
				good = is_right("extend") && rig.ring.size == to && untouched_is_zero() &&
				    write_room(to - used);
				ring_commit(&rig.ring, to - used);
				rig.used = to;
				good = good && is_right("filling what was extended");
				if (!good)
					diag("%zu held from %zu on, extended from 12 to %zu", used, at, to);
				ring_free(&rig.ring);
			}
	ok(good, "a ring extends at every position, every fill, to every size");
}

static const void *
oldest(void)
{
	struct iovec piece[2];

	return ring_peek(&rig.ring, 0, 1, piece) == 1 ? piece[0].iov_base : NULL;
}

/* So many bytes are held, after so many have passed; whether a rewind moves them to the base. */
static bool
is_rewound(size_t size, size_t passed, size_t held, size_t small)
{
	bool moved;

	(void)ring_init(&rig.ring, size, size, 0);
	rig.used = 0;
	(void)write_room(passed + held);
	ring_commit(&rig.ring, passed + held);
	ring_consume(&rig.ring, passed);
	memmove(rig.held, rig.held + passed, held);
	rig.used = held;
	ring_rewind(&rig.ring, small);
	moved = oldest() == rig.ring.base;
	if (!is_right("rewind"))
		moved = !moved;
	ring_free(&rig.ring);
	return moved;
}

static void
rewinds(void)
{
	ok(is_rewound(1000, 580, 20, 20), "a few bytes are moved to the base once as many have passed");
	ok(!is_rewound(1000, 19, 20, 20), "but not before");
	ok(is_rewound(1000, 80, 10, 1), "more, where that is an eighth of what has passed");
	ok(!is_rewound(1000, 79, 10, 1), "and no more than that");
}

/* A burst of 8 MiB passes through, and leaves `left` bytes. */
static void
burst(size_t size, size_t left)
{
	struct iovec piece[2];

	(void)ring_init(&rig.ring, size, size, 0);
	ring_prepare(&rig.ring, size, piece);
	memset(piece[0].iov_base, 'x', size);
	ring_commit(&rig.ring, size);
	ring_consume(&rig.ring, size);
	rig.used = 0;
	(void)write_room(left);
	ring_commit(&rig.ring, left);
	rig.used = left;
}

#define BURST ((size_t)8 << 20)

static void
trims(void)
{
	const size_t keep = (size_t)1 << 20, slice = (size_t)2 << 20;
	unsigned slices = 1;
	bool good = true;

	burst(BURST, 1000);
	ok(ring_trimmable(&rig.ring, keep), "a burst has left memory behind");
	while (ring_trim(&rig.ring, keep, slice) && slices < 100) {
		slices++;
		good = good && is_right("trim");
	}
	is(slices, 4, "seven of 8 MiB are given back in slices of 2 MiB");
	is(rig.ring.touched, keep, "all but what is to be kept");
	ok(good && is_right("trim"), "what is held stays");
	ok(!ring_trimmable(&rig.ring, keep), "and then there is nothing to give back");
#if defined(__linux__) && !defined(WEIR_PORTABLE)
	ok(untouched_is_zero(), "the memory is really gone");
#endif
	ring_free(&rig.ring);

	burst(BURST, 2000);
	ok(!ring_trimmable(&rig.ring, RING_GRAIN * 128), "nothing to give back where all is to be kept");
	ring_free(&rig.ring);
	burst(BURST, RING_GRAIN + 1);
	ok(!ring_trimmable(&rig.ring, RING_GRAIN) && !ring_trim(&rig.ring, RING_GRAIN, slice),
	    "nothing to give back while more is held than is to be kept");
	ok(is_right("trim"), "and nothing is lost");
	ring_free(&rig.ring);
	burst(RING_GRAIN * 5, 1000);
	ok(!ring_trim(&rig.ring, RING_GRAIN * 2, RING_GRAIN * 4) && rig.ring.touched == RING_GRAIN * 2,
	    "no more is given back than is to be, where that is less than a slice");
	ok(is_right("trim"), "and what is held stays");
	ring_free(&rig.ring);
}

/* What is held lies where memory would be given back, and is too much to be moved. */
static void
trims_around_what_is_held(void)
{
	const size_t keep = (size_t)1 << 20, size = 4 * keep;

	for (size_t used = keep / 4; used <= keep; used += keep / 4) {
		struct iovec piece[2];

		(void)ring_init(&rig.ring, size, size, 0);
		ring_prepare(&rig.ring, 2 * keep, piece);
		ring_commit(&rig.ring, 2 * keep);
		ring_consume(&rig.ring, 2 * keep);
		rig.used = 0;
		for (size_t at = 0; at < used; at += keep / 8) {
			ring_prepare(&rig.ring, keep / 8, piece);
			memset(piece[0].iov_base, 'x', keep / 8);
			ring_commit(&rig.ring, keep / 8);
		}
		while (ring_trim(&rig.ring, keep, size))
			continue;
		ok(ring_peek(&rig.ring, 0, used, piece) == 1 && *(char *)piece[0].iov_base == 'x' &&
		    memcmp(piece[0].iov_base, (char *)piece[0].iov_base + 1, used - 1) == 0,
		    "a trim leaves %zu bytes alone that lie behind what is kept", used);
		ring_free(&rig.ring);
	}
}

static void
memory(void)
{
	struct ring ring;

	errno = 0;
	ok(ring_init(&ring, 4096, SIZE_MAX, 0) == -1 && errno != 0,
	    "more memory than there are addresses is an error");
	ok(ring_init(&ring, 4096, 8192, 0) == 0 && ring_used(&ring) == 0 && ring_room(&ring) == 4096,
	    "a new ring is empty");
	ring_free(&ring);
	ring_free(&ring);
	ok(ring.base == NULL, "a ring that was freed can be freed again");
}

int
main(void)
{
	properties();
	moves();
	extensions();
	rewinds();
	trims();
	trims_around_what_is_held();
	memory();
	return done_testing();
}
