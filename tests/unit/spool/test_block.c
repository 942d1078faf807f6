/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks as bytes: what was written is what is read, a byte that is another one is found, and so is the next block.
 */
#include "../tap.h"

#include "../random.h"
#include "pick/weight.h"
#include "spool/block.h"

static struct random chance = { 1 };

static struct block
make_block(void)
{
	struct block block = {
		.flags = (unsigned)random_below(&chance, 4),
		.length = 1 + random_magnitude(&chance, 40),
		.first = 1 + random_magnitude(&chance, 50),
		.before = { random_magnitude(&chance, 50), random_magnitude(&chance, 60) },
		.time_ns = random_next(&chance),
		.checksum = (uint32_t)random_next(&chance),
	};

	block.records = random_below(&chance, block.length < 100000 ? block.length + 1 : 100000);
	for (int i = 0; i < BLOCK_ID; i++)
		block.id[i] = (unsigned char)random_next(&chance);
	for (uint64_t at = 1; at < block.records && block.gaps < BLOCK_GAPS && !random_one_in(&chance, 9);
	    at += 1 + random_below(&chance, 1000))
		block.gap[block.gaps++] = (struct block_gap){ (uint32_t)at, 1 + random_magnitude(&chance, 40) };
	for (uint64_t at = 0; at < block.records && block.gaps + block.weights < BLOCK_GAPS && !random_one_in(&chance, 3);
	    at += 1 + random_below(&chance, 1000))
		block.gap[block.gaps + block.weights++] = (struct block_gap){ (uint32_t)at,
			WEIGHT_ONE + random_magnitude(&chance, 50) };
	return block;
}

static bool
is_same(const struct block *one, const struct block *other)
{
	bool same = one->flags == other->flags && one->length == other->length && one->records == other->records &&
	    one->first == other->first && one->before.records == other->before.records &&
	    one->before.bytes == other->before.bytes && one->time_ns == other->time_ns &&
	    one->checksum == other->checksum && one->gaps == other->gaps && one->weights == other->weights && memcmp(one->id, other->id, BLOCK_ID) == 0;

	for (unsigned i = 0; same && i < one->gaps + one->weights; i++)
		same = one->gap[i].at == other->gap[i].at && one->gap[i].missing == other->gap[i].missing;
	return same;
}

static void
test_there_and_back(void)
{
	unsigned char head[BLOCK_HEAD_MOST];
	bool same = true, sized = true, shorter = true, found_out = true;

	for (int i = 0; i < 2000; i++) {
		const struct block block = make_block();
		struct block read;
		size_t length = block_encode(&block, head), at = (size_t)random_below(&chance, length);
		const unsigned bit = 1U << random_below(&chance, 8);

		same = same && block_decode(&read, head, length) == BLOCK_FOUND && is_same(&block, &read);
		sized = sized && length == block_head(&block) && block_size(&block) == length + block.length;
		shorter = shorter && block_decode(&read, head, (size_t)random_below(&chance, length)) == BLOCK_SHORT;
		head[at] ^= (unsigned char)bit;
		if (block_decode(&read, head, length) == BLOCK_FOUND) {
			diag("bit %u of byte %zu of %zu", bit, at, length);
			found_out = false;
		}
	}
	ok(same, "what was written is read");
	ok(sized, "and is as long as it is said to be");
	ok(shorter, "what is cut is short");
	ok(found_out, "a bit that is another one is found out, wherever");
}

static void
test_layout(void)
{
	static const unsigned char want[BLOCK_HEADER + BLOCK_GAP] =
	    "\x8fweirB\r\n\x01\0\x01\0\x01\0\0\0\x05\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0"
	    "\x03\0\0\0\0\0\0\0\x04\x01\0\0\0\0\0\0\x08\x07\x06\x05\x04\x03\x02\x01"
	    "abcdefghijklmnop\xdd\xcc\xbb\xaa";
	struct block block = { BLOCK_UNENDED, 5, 2, 7, { 3, 260 }, UINT64_C(0x0102030405060708), "", 0xaabbccdd, 1,
		{ { 1, 9 } }, 0 };
	unsigned char head[BLOCK_HEAD_MOST];

	memcpy(block.id, "abcdefghijklmnop", BLOCK_ID);
	is(block_encode(&block, head), BLOCK_HEADER + BLOCK_GAP, "a header and a gap");
	ok(memcmp(head, want, 84) == 0, "each field where weir-spool(5) has it");
	ok(memcmp(head + BLOCK_HEADER, "\x01\0\0\0\x09\0\0\0\0\0\0\0", BLOCK_GAP) == 0, "and the gap behind them");
	is(block_next(&block), 7 + 2 + 9, "the serial behind it");
	block.gap[1] = (struct block_gap){ 0, 0x01020304 };
	block.weights = 1;
	is(block_encode(&block, head), BLOCK_HEADER + 2 * BLOCK_GAP, "with a weight");
	ok(memcmp(head + 8, "\x03\0\x11\0\x02\0\0\0", 8) == 0, "of another version, with the flag");
	ok(memcmp(head + BLOCK_HEADER + BLOCK_GAP, "\0\0\0\x80\x04\x03\x02\x01\0\0\0\0", BLOCK_GAP) == 0, "behind the gap");
	ok(block_after(&block).records == 5 && block_after(&block).bytes == 266, "the ordinal behind it, with the delimiter that is lacking");
}

static void
test_impossible(void)
{
	static const struct {
		const char *what;
		struct block block;
	} cases[] = {
		{ "no bytes", { .length = 0, .records = 0, .first = 1 } },
		{ "more records than bytes", { .length = 3, .records = 4, .first = 1 } },
		{ "no serial", { .length = 3, .records = 1, .first = 0 } },
		{ "a gap in front of all", { .length = 3, .records = 2, .first = 1, .gaps = 1, .gap = { { 0, 1 } } } },
		{ "a gap behind all", { .length = 3, .records = 2, .first = 1, .gaps = 1, .gap = { { 2, 1 } } } },
		{ "a gap of none", { .length = 3, .records = 2, .first = 1, .gaps = 1, .gap = { { 1, 0 } } } },
		{ "gaps in no order", { .length = 9, .records = 4, .first = 1, .gaps = 2, .gap = { { 2, 1 }, { 2, 1 } } } },
		{ "a weight of nothing", { .length = 9, .records = 4, .first = 1, .weights = 1, .gap = { { 0, WEIGHT_ONE - 1 } } } },
		{ "a weight out of all bounds", { .length = 9, .records = 4, .first = 1, .weights = 1, .gap = { { 0, WEIGHT_MOST + 1 } } } },
		{ "weights in no order", { .length = 9, .records = 4, .first = 1, .weights = 2,
		    .gap = { { 2, WEIGHT_ONE }, { 2, WEIGHT_ONE } } } },
		{ "a weight behind all", { .length = 9, .records = 4, .first = 1, .weights = 1, .gap = { { 4, WEIGHT_ONE } } } },
		{ "a length out of all bounds", { .length = UINT64_MAX / 2, .records = 1, .first = 1 } },
		{ "serials that wrap", { .length = 9, .records = 4, .first = 1, .gaps = 1, .gap = { { 2, UINT64_MAX } } } },
	};
	unsigned char head[BLOCK_HEAD_MOST];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct block read;

		ok(block_decode(&read, head, block_encode(&cases[i].block, head)) == BLOCK_NONE, "no block: %s", cases[i].what);
	}
}

static void
test_search(void)
{
	const struct block block = { .length = 3, .records = 1, .first = 1 };
	unsigned char text[300], head[BLOCK_HEAD_MOST];
	size_t length = block_encode(&block, head);

	memset(text, 0x8f, sizeof(text));
	is(block_search(text, 293), 292, "the very end may be the beginning of one");
	text[299] = 0;
	is(block_search(text, 300), 300, "none is there");
	memcpy(text + 100, head, length);
	is(block_search(text, 300), 100, "one is there");
	is(block_search(text, 105), 100, "the beginning of one, as far as can be seen");
}

int
main(void)
{
	test_there_and_back();
	test_layout();
	test_impossible();
	test_search();
	return done_testing();
}
