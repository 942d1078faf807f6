/* SPDX-License-Identifier: BSD-2-Clause */
/* What a full output has taken earns it time. */
#include "../tap.h"

#include "base/units.h"
#include "flow/patience.h"

#define NOW NS_PER_S
#define KB UINT64_C(1024)

static bool
lasts_until(const struct patience *patience, uint64_t then_ns)
{
	return patience_lasts(patience) && patience_due_ns(patience) == then_ns;
}

static bool
is_over(const struct patience *patience)
{
	return !patience_lasts(patience) && patience_due_ns(patience) == UINT64_MAX;
}

static void
earns(void)
{
	struct patience patience = { 0 };

	ok(is_over(&patience), "nothing is waited for");
	patience_judge(&patience, 64 * KB, false, NOW);
	ok(is_over(&patience), "nor an output that has room");
	patience_judge(&patience, 0, true, NOW);
	ok(is_over(&patience), "nor one that has taken nothing,");
	patience_judge(&patience, 16 * KB - 1, true, NOW);
	ok(is_over(&patience), "or little");
	patience_judge(&patience, 16 * KB, true, NOW);
	ok(lasts_until(&patience, NOW + 16 * KB * 3), "what a full one has taken earns 3 ns a byte");
	patience_judge(&patience, 100, true, NOW + 1000);
	ok(lasts_until(&patience, NOW + 16 * KB * 3), "little changes nothing,");
	patience_judge(&patience, 20 * KB, true, NOW + 1000);
	ok(lasts_until(&patience, NOW + 36 * KB * 3), "and more comes on top");
	patience_pass(&patience, NOW + 36 * KB * 3 - 1);
	ok(patience_lasts(&patience), "it lasts so long,");
	patience_pass(&patience, NOW + 36 * KB * 3);
	ok(is_over(&patience), "and no longer");
	patience_judge(&patience, 20 * KB, true, 2 * NOW);
	ok(lasts_until(&patience, 2 * NOW + 20 * KB * 3), "time that has gone by counts for nothing");
	patience_judge(&patience, 64 * KB, false, 2 * NOW);
	ok(is_over(&patience), "once there is room it is over");
}

static void
is_bounded(void)
{
	struct patience patience = { 0 };

	for (int i = 0; i < 100; i++)
		patience_judge(&patience, 64 * KB, true, NOW);
	ok(lasts_until(&patience, NOW + 2 * NS_PER_MS), "2 ms at most");
	patience = (struct patience){ 0 };
	patience_judge(&patience, UINT64_MAX, true, NOW);
	ok(lasts_until(&patience, NOW + 2 * NS_PER_MS), "however much was taken");
}

int
main(void)
{
	earns();
	is_bounded();
	return done_testing();
}
