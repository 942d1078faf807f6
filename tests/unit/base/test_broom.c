/* SPDX-License-Identifier: BSD-2-Clause */
/* Cuts whose segments are known; random ones, beside an array, are in test_chain.c. */
#include "config.h"

#define CHAIN_SEGMENT 8
#include "base/slots.c" /* with these */

#include "base/chain.c"

#include "../tap.h"

static struct chain chain;

/* Holds this text, in segments of eight. */
static void
hold(const char *text)
{
	size_t left = strlen(text);

	if (chain_init(&chain, 100, 100) < 0)
		abort();
	while (left > 0) {
		struct iovec piece[CHAIN_ROOM];
		size_t length = left;
		int count = chain_prepare(&chain, &length, piece);

		for (int i = 0; i < count; i++) {
			memcpy(piece[i].iov_base, text, piece[i].iov_len);
			text += piece[i].iov_len;
		}
		chain_commit(&chain, 0, length);
		left -= length;
	}
}

/* What is held, a blank between two segments; and lets go of it. */
static const char *
held(void)
{
	static char text[200];
	size_t length = 0;

	chain_check(&chain);
	for (size_t i = chain.first; i < chain.first + chain.count; i++) {
		const struct chain_segment *segment = &chain.list[i];

		if (i > chain.first)
			text[length++] = ' ';
		memcpy(text + length, segment->text + segment->begin, links_held(segment));
		length += links_held(segment);
	}
	text[length] = '\0';
	chain_free(&chain);
	return text;
}

/* Of a text in segments of eight: from `at` on so many go, so many stay, so many go. */
static const char *
cut(const char *text, size_t at, size_t drop, size_t keep, size_t more)
{
	struct broom broom;

	hold(text);
	broom = broom_begin(chain_at(&chain, at));
	if (drop > 0)
		broom_drop(&broom, &chain, drop);
	if (keep > 0)
		broom_keep(&broom, &chain, keep);
	if (more > 0)
		broom_drop(&broom, &chain, more);
	broom_close(&broom, &chain);
	return held();
}

/* Behind a cut from `at` up to `to`, from `again` on: so many go, so many stay. */
static const char *
cut_again(size_t at, size_t to, size_t again, size_t drop, size_t keep)
{
	struct broom broom;

	hold("abcdefghABCDEFGH01234567+");
	broom = broom_begin(chain_at(&chain, at));
	broom_drop(&broom, &chain, to - at);
	broom_close(&broom, &chain);
	broom = broom_begin_filling(&chain, chain_at(&chain, again));
	if (drop > 0)
		broom_drop(&broom, &chain, drop);
	if (keep > 0)
		broom_keep(&broom, &chain, keep);
	broom_close(&broom, &chain);
	return held();
}

int
main(void)
{
	static const char text[] = "abcdefghABCDEFGH01234567+";

	hold(text);
	is_text(held(), "abcdefgh ABCDEFGH 01234567 +", "segments of eight");
	is_text(cut(text, 3, 0, 9, 0), "abcdefgh ABCDEFGH 01234567 +", "where all stays nothing happens");
	is_text(cut(text, 9, 2, 0, 0), "abcdefgh ADEFGH 01234567 +", "a hole in one segment moves nothing in others");
	is_text(cut(text, 9, 6, 0, 0), "abcdefgh AH 01234567 +", "a segment does not join where there is no room");
	is_text(cut(text, 2, 1, 1, 5), "abd BCDEFGH 01234567 +", "what stays moves up");
	is_text(cut(text, 0, 12, 0, 0), "EFGH 01234567 +", "at the front segments leave");
	is_text(cut(text, 4, 17, 0, 0), "abcd567+", "and between, where what is left fits into one");
	is_text(cut(text, 0, 25, 0, 0), "", "all may go");
	is_text(cut_again(9, 15, 10, 0, 0), "abcdefgh AH 01234567 +", "to fill: where nothing is seen nothing happens");
	is_text(cut_again(9, 15, 10, 0, 3), "abcdefgh AH012 34567+", "what stays moves up, though nothing goes");
	is_text(cut_again(9, 15, 10, 1, 2), "abcdefgh AH12 34567+", "or behind what goes");
	is_text(cut_again(9, 15, 10, 0, 7), "abcdefgh AH012345 67+", "over the end of a segment");
	is_text(cut_again(9, 15, 10, 3, 6), "abcdefgh AH34567+", "up to the end of all");
	is_text(cut_again(9, 15, 10, 9, 0), "abcdefgh AH", "or all goes");
	is_text(cut_again(8, 12, 8, 0, 6), "abcdefgh EFGH01 234567+", "where the room is behind that place");
	is_text(cut_again(8, 12, 9, 0, 6), "abcdefgh EFGH 01234567 +", "but not from elsewhere");
	hold(text);
	chain_consume(&chain, 5);
	broom_pack(&chain);
	is_text(held(), "fghABCDE FGH01234 567+", "packed, all are full but the last");
	return done_testing();
}
