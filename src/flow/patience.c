/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/units.h"
#include "flow/patience.h"

/* What a byte earns, in ns. */
#define EARNED_NS 3

/* Less than this in a pass earns nothing: a reader that takes little at a time is not at full speed. */
#define TAKEN_LEAST ((uint64_t)16 << 10)

/* The most: what a full output is waited for under block, too. */
#define MOST_NS (2 * NS_PER_MS)

void
patience_pass(struct patience *patience, uint64_t now_ns)
{
	if (now_ns >= patience->until_ns)
		patience->until_ns = 0;
}

void
patience_judge(struct patience *patience, uint64_t taken, bool full, uint64_t now_ns)
{
	const uint64_t left_ns = patience->until_ns > now_ns ? patience->until_ns - now_ns : 0;

	if (!full)
		patience->until_ns = 0;
	else if (taken >= TAKEN_LEAST && taken >= MOST_NS / EARNED_NS)
		patience->until_ns = now_ns + MOST_NS;
	else if (taken >= TAKEN_LEAST)
		patience->until_ns = now_ns + (left_ns + taken * EARNED_NS < MOST_NS ? left_ns + taken * EARNED_NS : MOST_NS);
}

bool
patience_lasts(const struct patience *patience)
{
	return patience->until_ns != 0;
}

uint64_t
patience_due_ns(const struct patience *patience)
{
	return patience->until_ns != 0 ? patience->until_ns : UINT64_MAX;
}
