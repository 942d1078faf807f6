/* SPDX-License-Identifier: BSD-2-Clause */
/* Rates and shares, from two reports. */
#include "../tap.h"

#include "base/units.h"
#include "ctl/pace.h"

static struct told
at(uint64_t elapsed_ns, uint64_t in, uint64_t out)
{
	return (struct told){ .elapsed_ns = elapsed_ns, .in = { in, 10 * in }, .out = { out, 10 * out },
		.capacity = { TOLD_UNKNOWN, 1000 } };
}

static void
rates(void)
{
	struct told before = at(NS_PER_S, 100, 50), now = at(3 * NS_PER_S, 1100, 51);
	struct pace pace = pace_between(&before, &now);

	is(pace.in_per_s.records, 500, "records in a second, by the weir's clock");
	is(pace.in_per_s.bytes, 5000, "and bytes");
	is(pace.out_per_s.records, 1, "rounded up from a half");
	pace = pace_between(NULL, &now);
	is(pace.in_per_s.records, 367, "from the beginning: 1100 in 3 s");
	pace = pace_between(&now, &now);
	is(pace.in_per_s.records, 0, "no time has passed: nothing");
	pace = pace_between(&now, &before);
	is(pace.in_per_s.records, 0, "another weir with the same number: nothing");
	now = at(2 * NS_PER_S, UINT64_C(1) << 60, 50);
	ok(pace_between(&before, &now).in_per_s.records > UINT64_C(1) << 59, "a product of more than 64 bits");
	now = at(NS_PER_S + 1, UINT64_C(1) << 60, 50);
	ok(pace_between(&before, &now).in_per_s.records == UINT64_MAX, "a rate of more than 64 bits is the most there is");
	before.lost = (struct tally){ 5, 50 };
	now = at(2 * NS_PER_S, 100, 50);
	now.lost = (struct tally){ 8, 80 };
	now.sampled = (struct tally){ 7, 70 };
	pace = pace_between(&before, &now);
	is(pace.lost_per_s.records, 3, "what is lost");
	is(pace.sampled_per_s.records, 7, "what is left out");
}

static void
shares(void)
{
	struct told before = at(0, 0, 0), now = at(NS_PER_S, 0, 0);
	struct pace pace;

	now.waited_ns[WAIT_INPUT] = NS_PER_S / 4;
	now.waited_ns[WAIT_OUTPUT] = NS_PER_S / 2;
	pace = pace_between(&before, &now);
	is(pace.waited[WAIT_INPUT], 250, "a quarter");
	is(pace.waited[WAIT_OUTPUT], 500, "a half");
	is(pace.waited[WAIT_RATE], 0, "and nothing");
	now.paused_ns = NS_PER_S * 3 / 4;
	is(pace_between(&before, &now).paused, 750, "three quarters of it without reading");
	now.waited_ns[WAIT_RATE] = 2 * NS_PER_S;
	pace = pace_between(&before, &now);
	is(pace.waited[WAIT_RATE], 250, "never more than all in all");
}

static void
fills(void)
{
	struct told now = at(NS_PER_S, 0, 0);

	now.depth = (struct tally){ 9, 250 };
	is(pace_between(NULL, &now).fill, 250, "bytes");
	now.capacity.records = 10;
	is(pace_between(NULL, &now).fill, 900, "records, where they are the greater part");
	now.depth.bytes = 5000;
	is(pace_between(NULL, &now).fill, PACE_ALL, "never more than full");
	now.capacity = (struct tally){ TOLD_UNKNOWN, TOLD_UNKNOWN };
	is(pace_between(NULL, &now).fill, 0, "without a bound it is not full");
}

static void
pressures(void)
{
	is(pace_pressure(0), PACE_GOOD, "nothing");
	is(pace_pressure(100), PACE_GOOD, "a tenth");
	is(pace_pressure(101), PACE_SOME, "more than that");
	is(pace_pressure(500), PACE_SOME, "a half");
	is(pace_pressure(501), PACE_MUCH, "more than that");
}

int
main(void)
{
	rates();
	shares();
	fills();
	pressures();
	return done_testing();
}
