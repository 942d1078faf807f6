/* SPDX-License-Identifier: BSD-2-Clause */
/* The k-th record kept, from 0, is input record floor(k * den / num): here with a product. */
#include "tap.h"

#include "sample.h"
#include "wide.h"

#include <inttypes.h>

#define KEPT 20000

static bool
keeps_exactly(struct share share)
{
	struct sample sample;
	uint64_t record = 0;

	sample_init(&sample, &share);
	for (uint64_t k = 0; k < KEPT; k++) {
		unsigned_wide want = (unsigned_wide)k * share.den / share.num;
		if (record != want) {
			diag("%" PRIu64 " in %" PRIu64 ": kept number %" PRIu64 " is record %" PRIu64
			     ", should be %" PRIu64, share.num, share.den, k, record, (uint64_t)want);
			return false;
		}
		record += sample_gap(&sample) + 1;
	}
	return true;
}

static void
one_in_n(void)
{
	static const uint64_t in[] = { 1, 2, 3, 7, 10, 64, 1000, 999983, UINT64_C(1) << 49 };
	bool good = true;

	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]) && good; i++) {
		struct share share = { 1, in[i] };
		struct sample sample;

		good = keeps_exactly(share);
		sample_init(&sample, &share);
		for (unsigned k = 0; k < 100 && good; k++)
			good = sample_gap(&sample) == in[i] - 1;
	}
	ok(good, "1 in N keeps the first of every N");
}

static void
any_share(void)
{
	static const struct share odd[] = { { 1, 1 }, { 2, 3 }, { 333, 500 }, { 999, 1000 },
		{ 99999999999, 100000000000 }, { 50000000001, 100000000000 }, { 3, 100000000000 },
		{ 12345678901, 100000000000 } };
	bool good = true;

	for (uint64_t den = 1; den <= 40; den++)
		for (uint64_t num = 1; num <= den && good; num++)
			good = keeps_exactly((struct share){ num, den });
	ok(good, "every share up to 40 in 40");
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]) && good; i++)
		good = keeps_exactly(odd[i]);
	ok(good, "percentages of up to nine decimals");
}

int
main(void)
{
	if (!WIDE_ENOUGH)
		return skip_all("no integers of 128 bits to check it with");
	one_in_n();
	any_share();
	return done_testing();
}
