/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/ledger.h"

#include <assert.h>

static const char *const names[] = {
	[REASON_OLDEST] = "oldest",
	[REASON_NEWEST] = "newest",
	[REASON_OVERSIZE] = "oversize",
	[REASON_SAMPLE] = "sample",
	[REASON_SUPERSEDED] = "superseded",
	[REASON_RANDOM] = "random",
	[REASON_SHED] = "shed",
	[REASON_CODEL] = "codel",
	[REASON_OVER] = "over",
	[REASON_EXPIRED] = "expired",
	[REASON_REJECTED] = "rejected",
	[REASON_GONE] = "gone",
	[REASON_CORRUPT] = "corrupt",
	[REASON_PURGED] = "purged",
	[REASON_FAIR] = "fair",
	[REASON_REPEATED] = "repeated",
};
static_assert(sizeof(names) / sizeof(names[0]) == REASONS, "a name for every reason");

const char *
reason_name(enum reason reason)
{
	return names[reason];
}

static const char *const awaited_names[] = {
	[WAIT_INPUT] = "input",
	[WAIT_OUTPUT] = "output",
	[WAIT_RATE] = "rate",
	[WAIT_HALTED] = "halted",
	[WAIT_SETTLE] = "settle",
};
static_assert(sizeof(awaited_names) / sizeof(awaited_names[0]) == WAITS, "a name for every wait");

const char *
awaited_name(enum awaited awaited)
{
	return awaited_names[awaited];
}

struct tally
ledger_dropped(const struct ledger *ledger)
{
	struct tally sum = { 0, 0 };

	for (int i = 0; i < REASONS; i++)
		ledger_count(&sum, ledger->dropped[i].records, ledger->dropped[i].bytes);
	return sum;
}

struct tally
ledger_left_out(const struct ledger *ledger)
{
	struct tally sum = ledger->dropped[REASON_SAMPLE];

	ledger_count(&sum, ledger->dropped[REASON_REPEATED].records, ledger->dropped[REASON_REPEATED].bytes);
	return sum;
}

bool
ledger_lost(const struct ledger *ledger)
{
	return ledger_dropped(ledger).bytes > ledger_left_out(ledger).bytes;
}

bool
ledger_balances(const struct ledger *ledger, struct tally held)
{
	struct tally sum = ledger_dropped(ledger);

	ledger_count(&sum, ledger->out.records, ledger->out.bytes);
	ledger_count(&sum, ledger->undelivered.records, ledger->undelivered.bytes);
	ledger_count(&sum, ledger->kept.records, ledger->kept.bytes);
	ledger_count(&sum, held.records, held.bytes);
	return sum.records == ledger->recovered.records + ledger->in.records &&
	    sum.bytes == ledger->recovered.bytes + ledger->in.bytes;
}
