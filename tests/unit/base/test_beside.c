/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes that go from one chain to another, at random, beside what they should be. */
#include "config.h"

#define CHAIN_SEGMENT 8
#include "base/slots.c" /* with these */

#include "base/chain.c"

#include "../random.h"
#include "../tap.h"

#include "base/beside.c"

#define OWNER_MOST 60
#define BESIDE_MOST 40

/* A chain, and what it should hold. */
struct held {
	struct chain chain;
	size_t begin, end; /* of the stream, whose bytes are known */
};

static struct held owner, beside;
static struct random chance;

static char
byte_of(size_t at)
{
	return (char)(at * 7 + at / 256);
}

static bool
is_right(const struct held *held)
{
	struct iovec piece[CHAIN_PIECES];
	size_t at = held->begin;
	int count;

	chain_check(&held->chain);
	if (chain_used(&held->chain) != held->end - held->begin)
		return false;
	count = chain_peek(&held->chain, 0, chain_used(&held->chain), piece, CHAIN_PIECES);
	for (int i = 0; i < count; i++)
		for (size_t j = 0; j < piece[i].iov_len; j++)
			if (((const char *)piece[i].iov_base)[j] != byte_of(at++))
				return false;
	return at == held->end;
}

static void
read_into(struct held *held, size_t most)
{
	struct iovec piece[CHAIN_ROOM];
	size_t length = chain_room(&held->chain), sum = 0;
	int count;

	if (length > most)
		length = most;
	if (length == 0)
		return;
	count = chain_prepare(&held->chain, &length, piece);
	for (int i = 0; i < count; sum += piece[i++].iov_len)
		for (size_t j = 0; j < piece[i].iov_len; j++)
			((char *)piece[i].iov_base)[j] = byte_of(held->end + sum + j);
	length = random_below(&chance, length + 1); /* as many as there were */
	chain_commit(&held->chain, 0, length);
	held->end += length;
}

/* Whether it was done; what it held is taken by hand where it was not. */
static bool
move(size_t length)
{
	const bool moved = chain_move(&beside.chain, &owner.chain, length);

	if (moved) {
		owner.begin = beside.begin;
		owner.end = beside.begin += length;
	}
	return moved;
}

static void
take(struct held *held, size_t length)
{
	chain_consume(&held->chain, length);
	held->begin += length;
}

static bool
begin_both(void)
{
	owner = beside = (struct held){ .begin = 0 };
	return chain_init_lending(&owner.chain, OWNER_MOST, 16, BESIDE_MOST) == 0 &&
	    chain_init_beside(&beside.chain, BESIDE_MOST, &owner.chain) == 0;
}

static void
end_both(void)
{
	chain_free(&beside.chain);
	chain_free(&owner.chain);
}

static void
play(void)
{
	bool right = begin_both();
	unsigned moved = 0;

	for (int i = 0; right && i < 200000; i++) {
		switch (random_below(&chance, 6)) {
		case 0:
		case 1:
			read_into(&beside, 1 + random_below(&chance, 24));
			break;
		case 2:
			moved += move(random_below(&chance, chain_used(&beside.chain) + 1));
			break;
		case 3:
			take(&beside, random_below(&chance, chain_used(&beside.chain) + 1));
			break;
		case 4:
			if (owner.end > owner.begin)
				read_into(&owner, 1 + random_below(&chance, 24)); /* it may be copied as well */
			break;
		default:
			take(&owner, !random_one_in(&chance, 4) ? chain_used(&owner.chain) : random_below(&chance, chain_used(&owner.chain) + 1));
			break;
		}
		right = is_right(&owner) && is_right(&beside);
	}
	ok(right, "what goes from one chain to another is there as it was, and what stays stays");
	ok(moved > 5000, "and it goes often");
	ok(slots_left(owner.chain.slots), "no memory is lost");
	end_both();
}

static void
refuses(void)
{
	if (!begin_both())
		abort();
	read_into(&beside, 24);
	while (chain_used(&beside.chain) < 20)
		read_into(&beside, 24);
	ok(!move(0), "nothing is not moved");
	ok(!move(chain_used(&beside.chain) - 9), "nor is something where more than a segment stays");
	ok(move(chain_used(&beside.chain) - 8), "but where no more does");
	ok(!move(8), "nor to a chain that holds something");
	chain_set_apart(&owner.chain, chain_used(&owner.chain));
	owner.begin = owner.end;
	ok(!move(8), "or has set something apart");
	chain_release(&owner.chain, chain_apart(&owner.chain));
	ok(move(8) && is_right(&beside) && is_right(&owner), "that is released");
	end_both();
}

int
main(void)
{
	chance = (struct random){ 71 };
	refuses();
	play();
	return done_testing();
}
