/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/crc32c.h"

#include <string.h>

/* Bit by bit: the polynomial 0x1EDC6F41, the lowest bit first. */
#define POLYNOMIAL UINT32_C(0x82F63B78)

/* --- by tables --------------------------------------------------------------------------------- */

/* Eight bytes at a time ("slicing-by-8": M. Kounavis, F. Berry, 2005): table[n][b] is what b does n bytes further on. */
#define SLICES 8

static uint32_t table[SLICES][256];

static void
make_table(void)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		uint32_t crc = byte;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (POLYNOMIAL & (0 - (crc & 1)));
		table[0][byte] = crc;
	}
	for (int slice = 1; slice < SLICES; slice++)
		for (unsigned byte = 0; byte < 256; byte++)
			table[slice][byte] = table[slice - 1][byte] >> 8 ^ table[0][table[slice - 1][byte] & 0xff];
}

static uint32_t
by_tables(uint32_t crc, const unsigned char *byte, size_t length)
{
	if (table[0][1] == 0)
		make_table();
	for (; length >= SLICES; byte += SLICES, length -= SLICES) {
		crc ^= byte[0] | (uint32_t)byte[1] << 8 | (uint32_t)byte[2] << 16 | (uint32_t)byte[3] << 24;
		crc = table[7][crc & 0xff] ^ table[6][crc >> 8 & 0xff] ^ table[5][crc >> 16 & 0xff] ^ table[4][crc >> 24] ^
		    table[3][byte[4]] ^ table[2][byte[5]] ^ table[1][byte[6]] ^ table[0][byte[7]];
	}
	for (; length > 0; length--)
		crc = crc >> 8 ^ table[0][(crc ^ *byte++) & 0xff];
	return crc;
}

/* --- by the processor --------------------------------------------------------------------------- */

#if defined(__x86_64__) && defined(__GNUC__) && !defined(WEIR_PORTABLE)

#include <nmmintrin.h>

/* The instruction takes three cycles and can begin each cycle: three stripes at once.  What the first two are worth
 * further on is found by running zeros over them, which a table of 4 x 256 does for a stripe of one length. */
#define STRIPE ((size_t)1024)

static uint32_t shift[4][256];

static uint32_t
over_zeros(uint32_t crc, size_t length)
{
	for (; length > 0; length--)
		crc = crc >> 8 ^ table[0][crc & 0xff];
	return crc;
}

static void
make_shift(void)
{
	for (int place = 0; place < 4; place++)
		for (unsigned byte = 0; byte < 256; byte++)
			shift[place][byte] = over_zeros((uint32_t)byte << 8 * place, STRIPE);
}

static uint32_t
over_stripe(uint32_t crc)
{
	return shift[0][crc & 0xff] ^ shift[1][crc >> 8 & 0xff] ^ shift[2][crc >> 16 & 0xff] ^ shift[3][crc >> 24];
}

static uint64_t
word_at(const unsigned char *byte)
{
	uint64_t word;

	memcpy(&word, byte, sizeof(word));
	return word;
}

__attribute__((target("sse4.2"))) static uint32_t
by_instruction(uint32_t crc, const unsigned char *byte, size_t length)
{
	for (; length >= 3 * STRIPE; byte += 3 * STRIPE, length -= 3 * STRIPE) {
		uint64_t first = crc, second = 0, third = 0;

		for (size_t at = 0; at < STRIPE; at += 8) {
			first = _mm_crc32_u64(first, word_at(byte + at));
			second = _mm_crc32_u64(second, word_at(byte + STRIPE + at));
			third = _mm_crc32_u64(third, word_at(byte + 2 * STRIPE + at));
		}
		crc = over_stripe(over_stripe((uint32_t)first) ^ (uint32_t)second) ^ (uint32_t)third;
	}
	for (; length >= 8; byte += 8, length -= 8)
		crc = (uint32_t)_mm_crc32_u64(crc, word_at(byte));
	for (; length > 0; length--)
		crc = _mm_crc32_u8(crc, *byte++);
	return crc;
}

static uint32_t
run_over(uint32_t crc, const unsigned char *byte, size_t length)
{
	static int able = -1;

	if (able < 0) {
		make_table();
		make_shift();
		able = __builtin_cpu_supports("sse4.2") != 0;
	}
	return able ? by_instruction(crc, byte, length) : by_tables(crc, byte, length);
}

#else

static uint32_t
run_over(uint32_t crc, const unsigned char *byte, size_t length)
{
	return by_tables(crc, byte, length);
}

#endif

uint32_t
crc32c(uint32_t before, const void *bytes, size_t length)
{
	return ~run_over(~before, bytes, length);
}
