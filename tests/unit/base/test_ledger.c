/* SPDX-License-Identifier: BSD-2-Clause */
#include "../tap.h"

#include "base/ledger.h"

/* 136 are dropped, one more for each reason than for the one before; bytes are ten times the records. */
static struct ledger
balanced(void)
{
	struct ledger ledger = { .recovered = { 20, 200 }, .in = { 213, 2130 }, .out = { 50, 500 }, .undelivered = { 15, 150 },
		.kept = { 7, 70 } };

	for (int i = 0; i < REASONS; i++)
		ledger.dropped[i] = (struct tally){ (uint64_t)i + 1, 10 * ((uint64_t)i + 1) };
	return ledger;
}

static const struct tally held = { 25, 250 };

static void
law(void)
{
	struct ledger ledger = balanced();

	ok(ledger_balances(&ledger, held), "recovered + in = out + dropped + held + undelivered + kept");
	ok(!ledger_balances(&ledger, (struct tally){ 24, 250 }), "a record too few held breaks the law");
	ok(!ledger_balances(&ledger, (struct tally){ 25, 251 }), "a byte too many held breaks the law");
	ok(ledger_balances(&(struct ledger){ .in = { 0, 0 } }, (struct tally){ 0, 0 }),
	    "nothing is in balance");
}

/* Every counter of the law counts, in records and in bytes. */
static void
each_counter(void)
{
	struct ledger ledger = balanced();
	struct tally *counters[REASONS + 5] = { &ledger.recovered, &ledger.in, &ledger.out, &ledger.undelivered, &ledger.kept };
	bool good = true;

	for (int i = 0; i < REASONS; i++)
		counters[5 + i] = &ledger.dropped[i];
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		ledger_count(counters[i], 1, 0);
		good = good && !ledger_balances(&ledger, held);
		counters[i]->records--;
		ledger_count(counters[i], 0, 1);
		good = good && !ledger_balances(&ledger, held);
		counters[i]->bytes--;
	}
	ok(good && ledger_balances(&ledger, held), "one more anywhere breaks the law");
	ledger.sent = ledger.redelivered = ledger.marks = (struct tally){ 7, 70 };
	ledger.added_bytes = 7;
	ok(ledger_balances(&ledger, held), "what is handed over or put in between is no part of it");
}

static void
sums(void)
{
	struct ledger ledger = balanced();
	struct tally dropped = ledger_dropped(&ledger);

	is(dropped.records, 136, "records dropped, for all reasons");
	is(dropped.bytes, 1360, "bytes dropped, for all reasons");
	ok(ledger_lost(&ledger), "something is lost");
	ledger = (struct ledger){ .dropped[REASON_SAMPLE] = { 4, 40 } };
	ok(!ledger_lost(&ledger), "what a sample leaves out is not lost");
	ledger.dropped[REASON_OVERSIZE].bytes = 1;
	ok(ledger_lost(&ledger), "part of a record whose end was never read is");
	for (int i = 0; i < REASONS; i++) {
		ledger = (struct ledger){ .in = { 0, 0 } };
		ledger.dropped[i] = (struct tally){ 1, 1 };
		is(ledger_lost(&ledger), i != REASON_SAMPLE && i != REASON_REPEATED, "%s is %sa loss", reason_name((enum reason)i),
		    i == REASON_SAMPLE || i == REASON_REPEATED ? "not " : "");
	}
	ledger = (struct ledger){ .dropped[REASON_SAMPLE] = { 4, 40 }, .dropped[REASON_REPEATED] = { 3, 30 }, .dropped[REASON_OVER] = { 1, 9 } };
	ok(ledger_left_out(&ledger).records == 7 && ledger_left_out(&ledger).bytes == 70, "what is left out on purpose, together");
}

static void
names(void)
{
	static const char *const wanted[REASONS] = {
		[REASON_OLDEST] = "oldest", [REASON_NEWEST] = "newest", [REASON_OVERSIZE] = "oversize",
		[REASON_SAMPLE] = "sample", [REASON_SUPERSEDED] = "superseded", [REASON_RANDOM] = "random",
		[REASON_SHED] = "shed", [REASON_CODEL] = "codel", [REASON_OVER] = "over",
		[REASON_EXPIRED] = "expired", [REASON_REJECTED] = "rejected", [REASON_GONE] = "gone",
		[REASON_CORRUPT] = "corrupt", [REASON_PURGED] = "purged", [REASON_FAIR] = "fair",
		[REASON_REPEATED] = "repeated",
	};

	for (int i = 0; i < REASONS; i++)
		is_text(reason_name((enum reason)i), wanted[i], "the name of %s", wanted[i]);
	is_text(awaited_name(WAIT_INPUT), "input", "the name of a wait for the input,");
	is_text(awaited_name(WAIT_OUTPUT), "output", "for the output,");
	is_text(awaited_name(WAIT_RATE), "rate", "for the rate,");
	is_text(awaited_name(WAIT_HALTED), "halted", "for somebody who lets it go on");
	is_text(awaited_name(WAIT_SETTLE), "settle", "for nothing more to come");
}

int
main(void)
{
	law();
	each_counter();
	sums();
	names();
	return done_testing();
}
