/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random work on a chain of short segments, beside the same on an array.
 */
#include "config.h"

#include <sys/mman.h>
#undef MADV_DONTNEED /* gives back pages, and several of these are in one */

#define CHAIN_SEGMENT 48
#include "base/slots.c" /* with these */

#include "base/chain.c"

#include "../random.h"
#include "../tap.h"

#define MOST 2000
#define STEPS 4000

struct rig {
	struct chain chain;
	struct random random;
	char held[MOST];
	size_t used;
	char apart[MOST];
	size_t apart_used;
	size_t most;
	bool cut;           /* something has gone since some was set apart */
	unsigned char next; /* what is read next */
	const char *failed;
};

static struct rig rig;

static size_t
some(size_t most)
{
	return (size_t)random_from(&rig.random, 0, random_one_in(&rig.random, 3) ? most : most < 20 ? most : 20);
}

static void
fail(const char *what)
{
	if (rig.failed == NULL)
		rig.failed = what;
}

static bool
is_same(size_t offset, const char *text, size_t length)
{
	return memcmp(rig.held + offset, text, length) == 0;
}

/* All that is set apart, or some of it. */
static void
look_apart(void)
{
	size_t length = random_one_in(&rig.random, 2) ? rig.apart_used : some(rig.apart_used), at = 0;
	struct iovec piece[CHAIN_PIECES * 8];
	int most = (int)random_from(&rig.random, 1, CHAIN_PIECES * 8);
	int pieces = chain_peek_apart(&rig.chain, length, piece, most);

	if (chain_apart(&rig.chain) != rig.apart_used)
		fail("how much is set apart");
	for (int i = 0; i < pieces && rig.failed == NULL; i++) {
		if (piece[i].iov_len == 0 || at + piece[i].iov_len > length ||
		    memcmp(rig.apart + at, piece[i].iov_base, piece[i].iov_len) != 0)
			fail("what is set apart");
		at += piece[i].iov_len;
	}
	if (at < length && pieces < most)
		fail("how much of what is set apart is in so many pieces");
}

static void
look(void)
{
	size_t offset = some(rig.used), length = some(rig.used - offset), at = 0;
	struct chain_place place = chain_at(&rig.chain, offset), behind = place;
	struct iovec piece[CHAIN_PIECES];
	int pieces = chain_peek(&rig.chain, offset, length, piece, CHAIN_PIECES);

	chain_check(&rig.chain);
	look_apart();
	for (struct chain_place all = chain_at(&rig.chain, 0); at < rig.used && rig.failed == NULL;) {
		struct iovec one = chain_next(&rig.chain, &all, rig.used - at);

		if (!is_same(at, one.iov_base, one.iov_len))
			fail("what is held");
		at += one.iov_len;
	}
	at = 0;
	if (chain_used(&rig.chain) != rig.used || chain_room(&rig.chain) != rig.most - rig.used - rig.apart_used)
		fail("how much is held");
	for (int i = 0; i < pieces && rig.failed == NULL; i++) {
		if (piece[i].iov_len == 0 || at + piece[i].iov_len > length || !is_same(offset + at, piece[i].iov_base, piece[i].iov_len))
			fail("a piece");
		at += piece[i].iov_len;
	}
	if (at < length && (pieces < CHAIN_PIECES || at < 7 * rig.chain.segment))
		fail("how much is in so many pieces");
	if (length <= rig.chain.slots->behind && !is_same(offset, chain_view(&rig.chain, place, length), length))
		fail("a view");
	chain_skip(&rig.chain, &behind, length);
	if (offset + length < rig.used && !is_same(offset + length, chain_next(&rig.chain, &behind, 1).iov_base, 1))
		fail("a place behind");
}

/* Some are set apart: behind others only while nothing was between them. */
static void
set_some_apart(void)
{
	size_t length = some(rig.used);

	if (rig.apart_used > 0 && rig.cut)
		return;
	chain_set_apart(&rig.chain, length);
	memcpy(rig.apart + rig.apart_used, rig.held, length);
	memmove(rig.held, rig.held + length, rig.used - length);
	rig.used -= length;
	rig.apart_used += length;
	rig.cut = false;
}

/* Reads, and lets in parts of it. */
static void
read_some(void)
{
	size_t length = some(rig.most - rig.used - rig.apart_used), filled = 0, at = 0, gap = 0;
	struct iovec piece[CHAIN_ROOM] = { { NULL, 0 } };
	int pieces = chain_prepare(&rig.chain, &length, piece);
	char text[MOST];

	for (int i = 0; i < pieces; i++) {
		for (size_t j = 0; j < piece[i].iov_len; j++)
			((char *)piece[i].iov_base)[j] = text[filled++] = (char)rig.next++;
	}
	if (filled != length)
		fail("the room");
	while (at < length && !random_one_in(&rig.random, 10)) {
		size_t part = 1 + some(length - at - 1);

		switch (random_below(&rig.random, 4)) {
		case 3:
			set_some_apart(); /* as far as it is let in */
			part = 0;
			break;
		case 0:
			gap += part; /* it is left out */
			break;
		case 1:
			chain_commit(&rig.chain, gap, part);
			memcpy(rig.held + rig.used, text + at, part);
			rig.used += part;
			break;
		default: {
			/* so is the newest of what is held; what comes behind moves up */
			size_t gone = some(rig.used);

			chain_retract(&rig.chain, gone);
			rig.used -= gone;
			gap += gone;
			part = 0;
		}
		}
		at += part;
	}
}

static void
sweep(void)
{
	size_t offset = some(rig.used), at = offset, to = offset;
	struct chain_place place = chain_at(&rig.chain, offset);
	struct broom broom = random_one_in(&rig.random, 2) ? broom_begin(place) : broom_begin_filling(&rig.chain, place);
	unsigned kept_in = (unsigned)random_from(&rig.random, 2, 5);

	rig.cut = true;

	while (at < rig.used && !random_one_in(&rig.random, 30)) {
		size_t left = rig.used - at - 1;
		size_t part = 1 + some(left < 200 ? left : 200);

		if (random_one_in(&rig.random, kept_in)) {
			broom_drop(&broom, &rig.chain, part);
		} else {
			broom_keep(&broom, &rig.chain, part);
			memmove(rig.held + to, rig.held + at, part);
			to += part;
		}
		at += part;
		if (at < rig.used && !is_same(at, chain_next(&rig.chain, &(struct chain_place){ broom.from.index, broom.from.at }, 1).iov_base, 1))
			fail("what the broom comes to next");
	}
	memmove(rig.held + to, rig.held + at, rig.used - at);
	rig.used -= at - to;
	broom_close(&broom, &rig.chain);
}

static void
release(void)
{
	size_t length = some(rig.apart_used);

	chain_release(&rig.chain, length);
	rig.apart_used -= length;
	memmove(rig.apart, rig.apart + length, rig.apart_used);
}

static void
step(void)
{
	size_t length;

	switch (random_below(&rig.random, 10)) {
	case 0:
	case 1:
		read_some();
		break;
	case 2:
		length = some(rig.used);
		rig.cut = rig.cut || length > 0;
		chain_consume(&rig.chain, length);
		memmove(rig.held, rig.held + length, rig.used - length);
		rig.used -= length;
		break;
	case 3:
		length = some(rig.used) / 4;
		chain_retract(&rig.chain, length);
		rig.used -= length;
		break;
	case 4:
		(void)chain_trim(&rig.chain, some(300), some(300));
		break;
	case 5:
		set_some_apart();
		break;
	case 6:
	case 7:
		release();
		break;
	case 8:
		broom_pack(&rig.chain); /* as when segments run out, which takes more than chance */
		break;
	default:
		sweep();
		break;
	}
	look();
}

static bool
any_work(uint64_t seed)
{
	rig = (struct rig){ .random = { seed } };
	rig.most = (size_t)random_from(&rig.random, 1, seed % 2 ? 100 : MOST);
	if (chain_init(&rig.chain, rig.most, MOST) < 0)
		abort();
	for (int i = 0; i < STEPS && rig.failed == NULL; i++)
		step();
	if (rig.failed != NULL)
		diag("seed %" PRIu64 ": %s", seed, rig.failed);
	chain_free(&rig.chain);
	return rig.failed == NULL;
}

/* Of each 48 bytes 44 go, each time in a sweep of its own. */
static void
joins(void)
{
	struct chain chain;

	if (chain_init(&chain, MOST, 0) < 0)
		abort();
	while (chain_room(&chain) > 0) {
		struct iovec piece[CHAIN_ROOM];
		size_t length = chain_room(&chain);

		(void)chain_prepare(&chain, &length, piece);
		chain_commit(&chain, 0, length);
	}
	for (size_t offset = 2; offset + 44 < chain_used(&chain); offset += 4) {
		struct broom broom = broom_begin(chain_at(&chain, offset));

		broom_drop(&broom, &chain, 44);
		broom_close(&broom, &chain);
		chain_check(&chain);
	}
	ok(chain.count <= 2 * chain_used(&chain) / chain.segment + 2, "%zu bytes that are left are in %zu segments",
	    chain_used(&chain), chain.count);
	chain_free(&chain);
}

int
main(void)
{
	bool good = true;

	for (uint64_t seed = 1; seed <= 300 && good; seed++)
		good = any_work(seed);
	ok(good, "300 chains hold what arrays hold");
	joins();
	return done_testing();
}
