/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a spool reads from a disk, whatever stands there: a block's head, a segment, a slot of the state; against readers
 * that know nothing but weir-spool(5), byte by byte.
 *
 * The first byte says what the rest is: a segment as it is; a slot as it is, or with its checksum put right, so that more
 * than checksums is looked at; or orders for a segment: blocks of any size, heads that are given and put right, garbage, and
 * damage to what stands there already.
 */
#include "config.h"

#include "base/crc32c.h"
#include "fuzz.h"
#include "os/folder.h"
#include "spool/scan.h"
#include "spool/state.h"

#include <stdbool.h>
#include <string.h>

#define FILE_MOST ((size_t)3 << 20)

static unsigned char file[FILE_MOST];
static size_t file_length;

/* In the place of the one of os/folder, which is not linked for it: the only way in which a scan reads. */
ssize_t
folder_read(int fd, void *bytes, size_t length, uint64_t offset)
{
	(void)fd;
	if (offset >= file_length)
		return 0;
	if (length > file_length - offset)
		length = file_length - (size_t)offset;
	memcpy(bytes, file + offset, length);
	return (ssize_t)length;
}

/* What the reference finds is nothing new to a fuzzer: it would watch that most of the time. */
#ifdef __clang__
#define UNWATCHED __attribute__((no_sanitize("coverage")))
#else
#define UNWATCHED
#endif

/* --- by the page ----------------------------------------------------------------------------------- */

UNWATCHED static uint32_t
slow_checksum(const unsigned char *bytes, size_t length, const unsigned char *more, size_t more_length)
{
	static uint32_t of_byte[256];
	uint32_t sum = ~(uint32_t)0;

	for (uint32_t byte = 0; byte < 256 && of_byte[255] == 0; byte++) {
		of_byte[byte] = byte;
		for (int bit = 0; bit < 8; bit++)
			of_byte[byte] = of_byte[byte] >> 1 ^ (of_byte[byte] & 1 ? 0x82F63B78U : 0);
	}
	for (size_t i = 0; i < length + more_length; i++)
		sum = sum >> 8 ^ of_byte[(sum ^ (i < length ? bytes[i] : more[i - length])) & 255];
	return ~sum;
}

UNWATCHED static uint64_t
number_at(const unsigned char *at, int width)
{
	uint64_t number = 0;

	for (int i = width; i-- > 0;)
		number = number << 8 | at[i];
	return number;
}

UNWATCHED static bool
is_small(uint64_t number)
{
	return number < (uint64_t)1 << 62;
}

/* Whether a head stands there that is whole; the length of it, and of its records. */
UNWATCHED static bool
slow_head(const unsigned char *at, size_t left, size_t *head, uint64_t *length)
{
	static const unsigned char magic[] = { 0x8f, 0x77, 0x65, 0x69, 0x72, 0x42, 0x0d, 0x0a };
	uint64_t gaps, records, next, last = 0;

	if (at[0] != magic[0] || left < 88 || memcmp(at, magic, 8) != 0 || number_at(at + 8, 2) != 1)
		return false;
	gaps = number_at(at + 12, 4);
	if (gaps > 64 || left < 88 + 12 * gaps)
		return false;
	*head = (size_t)(88 + 12 * gaps);
	*length = number_at(at + 16, 8);
	records = number_at(at + 24, 8);
	next = number_at(at + 32, 8);
	if (*length == 0 || !is_small(*length) || records > *length || next == 0 || !is_small(next) ||
	    !is_small(number_at(at + 40, 8)) || !is_small(number_at(at + 48, 8)))
		return false;
	next += records;
	for (const unsigned char *gap = at + 88; gap < at + *head; gap += 12) {
		const uint64_t place = number_at(gap, 4), missing = number_at(gap + 4, 8);

		if (place <= last || place >= records || missing == 0 || !is_small(missing))
			return false;
		last = place;
		if (!is_small(next += missing))
			return false;
	}
	return is_small(next) && number_at(at + 84, 4) == slow_checksum(at, 84, at + 88, *head - 88);
}

/* The next block from a place on, and behind it; false at the end. */
UNWATCHED static bool
slow_next(const unsigned char *id, size_t *place, size_t *end)
{
	for (size_t at = *end; at < file_length; at++) {
		size_t head;
		uint64_t length;

		if (!slow_head(file + at, file_length - at, &head, &length) || length > file_length - at - head)
			continue;
		*place = at;
		*end = at + head + (size_t)length;
		if ((id == NULL || memcmp(file + at + 64, id, 16) == 0) &&
		    number_at(file + at + 80, 4) == slow_checksum(file + at + head, (size_t)length, NULL, 0))
			return true;
		at = *end - 1;
	}
	return false;
}

/* --- segments -------------------------------------------------------------------------------------- */

static void
compare_block(const struct block *block, size_t place, const char *records)
{
	unsigned char head[BLOCK_HEAD_MOST];
	const size_t length = block_encode(block, head);

	expect_equal("length of the head", length, block_head(block));
	expect_equal("encoded again, it is", memcmp(head, file + place, length), 0);
	expect_equal("its records are there", memcmp(records, file + place + length, (size_t)block->length), 0);
	expect_equal("ordinal behind it", block_after(block).bytes, number_at(file + place + 48, 8) + block->length + (number_at(file + place + 10, 2) & 1));
	expect(block_next(block) >= block->first + block->records, "serial behind it", block_next(block), block->first);
}

static void
look_at_segment(const unsigned char *id)
{
	static struct scan scan; /* with the memory that it has got: to get it anew takes longer than all else */
	struct block block;
	enum scan_found found;
	const char *records;
	uint64_t place;
	size_t want = 0, end = 0;

	scan_begin(&scan, 0, 0, file_length);
	do {
		while ((found = scan_next(&scan, id, NULL, &block, &place, &records)) == SCAN_WANTS)
			scan_fill(&scan);
		expect_equal("there is another", found == SCAN_BLOCK, slow_next(id, &want, &end));
		if (found == SCAN_BLOCK) {
			expect_equal("its place", place, want);
			compare_block(&block, want, records);
		}
	} while (found == SCAN_BLOCK);
	expect_equal("no error", scan.error, 0);
}

static void
append(const void *bytes, size_t length)
{
	if (length > FILE_MOST - file_length)
		length = FILE_MOST - file_length;
	memcpy(file + file_length, bytes, length);
	file_length += length;
}

/* A block as it is written; or a head of which any field is anything, and the checksums are right. */
static void
append_block(struct input *input, const unsigned char *id, bool odd)
{
	static unsigned char text[1 << 21];
	struct block block = { .flags = input_byte(input) % 4, .before = { input_number(input), input_number(input) } };
	unsigned char head[BLOCK_HEAD_MOST];
	const unsigned fill = input_byte(input);

	block.length = input_number(input) % (input_byte(input) == 255 ? sizeof(text) : 300) + 1;
	memset(text, (int)fill, (size_t)block.length);
	block.checksum = crc32c(0, text, (size_t)block.length);
	block.records = odd ? input_number(input) : 1 + input_number(input) % block.length;
	block.first = odd ? input_number(input) : 1 + input_number(input) / 4;
	block.gaps = input_byte(input) % (BLOCK_GAPS + 1);
	for (unsigned i = 0; i < block.gaps; i++)
		block.gap[i] = (struct block_gap){ odd ? (uint32_t)input_number(input) : i + 1, odd ? input_number(input) : i + 1 };
	if (odd)
		block.length = input_number(input);
	memcpy(block.id, id, BLOCK_ID);
	append(head, block_encode(&block, head));
	append(text, odd ? 100 : (size_t)block.length);
}

static void
make_segment(struct input *input, const unsigned char *id)
{
	static const unsigned char other[BLOCK_ID] = "another";

	while (input->left > 0) {
		const unsigned what = input_byte(input) % 8;

		if (what < 4)
			append_block(input, what == 3 ? other : id, what == 2);
		else if (what < 6 && file_length > 0)
			file[input_number(input) % file_length] ^= (unsigned char)input_byte(input);
		else if (what == 6 && file_length > 0)
			file_length -= input_number(input) % file_length;
		else
			for (unsigned n = input_byte(input) % 32; n > 0; n--) {
				const unsigned char byte = (unsigned char)input_byte(input);

				append(&byte, 1);
			}
	}
}

/* --- the state ------------------------------------------------------------------------------------- */

/* What is whole stays what it is, written again; what is not is told by its checksum. */
static void
look_at_slot(struct input *input, bool repaired)
{
	static const unsigned char begin[] = { 0x8f, 0x77, 0x65, 0x69, 0x72, 0x53, 0x0d, 0x0a, 1, 0 };
	unsigned char slot[STATE_SLOT], again[STATE_SLOT], third[STATE_SLOT];
	struct state state;

	for (size_t i = 0; i < STATE_SLOT; i++)
		slot[i] = (unsigned char)input_byte(input);
	if (repaired) {
		uint32_t sum;

		memcpy(slot, begin, sizeof(begin));
		sum = slow_checksum(slot, STATE_SLOT - 4, NULL, 0);
		for (size_t i = 0; i < 4; i++)
			slot[STATE_SLOT - 4 + i] = (unsigned char)(sum >> 8 * i);
	}
	if (state_decode(&state, slot) != STATE_FOUND)
		return;
	expect_equal("its checksum", number_at(slot + 508, 4), slow_checksum(slot, 508, NULL, 0));
	expect(state.first > 0 && state.first <= state.bound, "first", state.first, state.bound);
	expect(state.next <= state.bound, "next", state.next, state.bound);
	expect(state.hole_from.bytes <= state.hole_to.bytes, "hole", state.hole_from.bytes, state.hole_to.bytes);
	expect_equal("generation", state.generation, number_at(slot + 24, 8));
	expect_equal("offset", state.offset, number_at(slot + 64, 8));
	expect_equal("bound", state.bound, number_at(slot + 128, 8));
	state_encode(&state, again);
	expect_equal("what is known of it", memcmp(again + 24, slot + 24, 480), 0);
	expect_equal("it is one again", state_decode(&state, again), STATE_FOUND);
	state_encode(&state, third);
	expect_equal("and stays so", memcmp(again, third, STATE_SLOT), 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char id[BLOCK_ID] = "its own";
	struct input input = { data, size };
	const unsigned what = input_byte(&input);

	file_length = 0;
	switch (what % 4) {
	case 0:
		append(input.at, input.left);
		look_at_segment(NULL);
		break;
	case 1:
	case 2:
		look_at_slot(&input, what % 4 == 2);
		break;
	case 3:
		make_segment(&input, id);
		look_at_segment(what % 8 == 3 ? id : NULL);
		break;
	}
	return 0;
}
