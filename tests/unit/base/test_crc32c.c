/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CRC-32C against the examples of RFC 3720, B.4, and bit by bit, for every length and beginning up to some.
 */
#include "../tap.h"

#include "../random.h"
#include "base/crc32c.h"

#define LENGTH 8000

static unsigned char bytes[LENGTH];

static uint32_t
bit_by_bit(uint32_t before, const unsigned char *byte, size_t length)
{
	uint32_t crc = ~before;

	for (; length > 0; length--) {
		crc ^= *byte++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (UINT32_C(0x82F63B78) & (0 - (crc & 1)));
	}
	return ~crc;
}

static void
test_examples(void)
{
	memset(bytes, 0, 32);
	is(crc32c(0, bytes, 32), 0x8a9136aa, "32 bytes of zeros");
	memset(bytes, 0xff, 32);
	is(crc32c(0, bytes, 32), 0x62a8ab43, "32 bytes of ones");
	for (int i = 0; i < 32; i++)
		bytes[i] = (unsigned char)i;
	is(crc32c(0, bytes, 32), 0x46dd794e, "32 bytes, rising");
	for (int i = 0; i < 32; i++)
		bytes[i] = (unsigned char)(31 - i);
	is(crc32c(0, bytes, 32), 0x113fdb5c, "32 bytes, falling");
	is(crc32c(0, "123456789", 9), 0xe3069283, "the check value of the catalogues");
	is(crc32c(0, bytes, 0), 0, "nothing");
}

static void
test_lengths(void)
{
	struct random random = { 1 };
	bool same = true, joined = true;

	for (size_t i = 0; i < LENGTH; i++)
		bytes[i] = (unsigned char)random_next(&random);
	for (int i = 0; i < 3000; i++) {
		const size_t begin = (size_t)random_below(&random, 100);
		const size_t length = (size_t)random_below(&random, i < 1000 ? 64 : LENGTH - 100);
		const size_t cut = (size_t)random_below(&random, length + 1);
		const uint32_t want = bit_by_bit(0, bytes + begin, length);

		same = same && crc32c(0, bytes + begin, length) == want;
		joined = joined && crc32c(crc32c(0, bytes + begin, cut), bytes + begin + cut, length - cut) == want;
	}
	ok(same, "as bit by bit, at any length and from any byte on");
	ok(joined, "in two parts as in one");
}

int
main(void)
{
	test_examples();
	test_lengths();
	return done_testing();
}
