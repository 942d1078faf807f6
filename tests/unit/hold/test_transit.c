/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a record on its way, beside what waits behind it in the same chain.  What the queue makes of it is
 * held in test_queue.c and, in any order, in test_policy.c.
 */
#include "../tap.h"

#include "hold/transit.h"

#include <string.h>

static const struct framing lines = { .kind = FRAMING_LINES, .delimiter = '\n' };
static struct chain chain;
static struct transit transit;

static void
begin(void)
{
	transit = (struct transit){ .begun = false };
	if (chain_init(&chain, 1000, 0) < 0)
		abort();
}

static void
come(const char *text)
{
	struct iovec piece[CHAIN_ROOM];
	size_t length = strlen(text);

	if (chain_prepare(&chain, &length, piece) != 1)
		abort();
	memcpy(piece[0].iov_base, text, length);
	chain_commit(&chain, 0, length);
}

/* What is here of it. */
static const char *
rest(void)
{
	static char text[1000];
	struct iovec piece[CHAIN_PIECES];
	int pieces = chain_peek_apart(&chain, chain_apart(&chain), piece, CHAIN_PIECES);
	size_t at = 0;

	for (int i = 0; i < pieces; at += piece[i++].iov_len)
		memcpy(text + at, piece[i].iov_base, piece[i].iov_len);
	text[at] = '\0';
	transit_check(&transit, &chain);
	return text;
}

static const char *
waits(void)
{
	static char text[1000];
	struct iovec piece[CHAIN_PIECES] = { { text, 0 } };

	(void)chain_peek(&chain, 0, chain_used(&chain), piece, CHAIN_PIECES);
	memcpy(text, piece[0].iov_base, piece[0].iov_len);
	text[piece[0].iov_len] = '\0';
	return text;
}

static void
goes_whole(void)
{
	begin();
	ok(!transit_is_begun(&transit) && !transit_is_open(&transit) && !transit_is_whole(&transit), "at first there is none");
	come("abc\nde\nf");
	chain_consume(&chain, 1);
	transit_begin(&transit, &chain, 3);
	ok(transit_is_begun(&transit) && transit_is_whole(&transit), "of one that is here whole a part is out");
	is_text(rest(), "bc\n", "the rest of it goes its own way");
	is_text(waits(), "de\nf", "and what waits begins behind it");
	ok(!transit_leave(&transit, &chain, 1), "a part more is not the end of it");
	is_text(rest(), "c\n", "and leaves less");
	chain_consume(&chain, 3);
	come("gh\n");
	is_text(rest(), "c\n", "what becomes of the others is nothing to it");
	ok(transit_leave(&transit, &chain, 2) && !transit_is_begun(&transit), "its last byte is");
	is_text(rest(), "", "then nothing is left");
	is_text(waits(), "fgh\n", "but what waits");
	chain_free(&chain);
}

static void
goes_open(void)
{
	begin();
	come("abc");
	chain_consume(&chain, 2);
	transit_begin_open(&transit, &chain, 2);
	ok(transit_is_begun(&transit) && transit_is_open(&transit) && !transit_is_whole(&transit), "one may leave before its end is read");
	is_text(rest(), "c", "as far as it is here");
	ok(!transit_leave(&transit, &chain, 1) && transit_is_open(&transit), "and when that is out there is more to come");
	come("de");
	ok(!transit_follow(&transit, &chain, &lines, false), "which may bring no end");
	come("f\ng\nh");
	ok(transit_follow(&transit, &chain, &lines, true) && transit_is_whole(&transit), "or its end");
	is_text(rest(), "def\n", "and is its own up to there");
	is_text(waits(), "g\nh", "but not behind it");
	ok(transit_leave(&transit, &chain, 4) && !transit_is_begun(&transit), "then it ends as others do");
	chain_free(&chain);
}

static void
goes_fixed(void)
{
	const struct framing five = { .kind = FRAMING_FIXED, .size = 5 };

	begin();
	come("abc");
	chain_consume(&chain, 1);
	transit_begin_open(&transit, &chain, 1);
	(void)transit_leave(&transit, &chain, 2);
	come("d");
	ok(!transit_follow(&transit, &chain, &five, false), "of a fixed size one byte is missing");
	come("eABCDE");
	ok(transit_follow(&transit, &chain, &five, true), "until it comes");
	is_text(rest(), "de", "and no more is its own");
	is_text(waits(), "ABCDE", "than that");
	chain_free(&chain);
}

static void
ends(void)
{
	begin();
	come("ab");
	chain_consume(&chain, 1);
	transit_begin_open(&transit, &chain, 1);
	ok(transit_end(&transit, &chain) && transit_is_whole(&transit), "the end of input is its end");
	ok(transit_leave(&transit, &chain, 1), "which is out with the last byte");
	come("c");
	chain_consume(&chain, 1);
	transit_begin_open(&transit, &chain, 1);
	ok(!transit_end(&transit, &chain) && !transit_is_begun(&transit), "or is out already");
	chain_free(&chain);
}

int
main(void)
{
	goes_whole();
	goes_open();
	goes_fixed();
	ends();
	return done_testing();
}
