/* SPDX-License-Identifier: BSD-2-Clause */
#include "tap.h"

#include "ledger.h"

/* in = 100 = 50 out + 1 + 2 + 3 + 4 dropped + 15 undelivered + 25 held; bytes ten times that. */
static struct ledger
balanced(void)
{
	struct ledger ledger = { .in = { 100, 1000 }, .out = { 50, 500 }, .undelivered = { 15, 150 } };

	for (int i = 0; i < REASONS; i++)
		ledger.dropped[i] = (struct tally){ (uint64_t)i + 1, 10 * ((uint64_t)i + 1) };
	return ledger;
}

static const struct tally held = { 25, 250 };

static void
law(void)
{
	struct ledger ledger = balanced();

	ok(ledger_balances(&ledger, held), "in = out + dropped + held + undelivered");
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
	struct tally *const counters[] = { &ledger.in, &ledger.out, &ledger.undelivered,
		&ledger.dropped[REASON_OLDEST], &ledger.dropped[REASON_NEWEST],
		&ledger.dropped[REASON_OVERSIZE], &ledger.dropped[REASON_SAMPLE] };
	bool good = true;

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		ledger_count(counters[i], 1, 0);
		good = good && !ledger_balances(&ledger, held);
		counters[i]->records--;
		ledger_count(counters[i], 0, 1);
		good = good && !ledger_balances(&ledger, held);
		counters[i]->bytes--;
	}
	ok(good && ledger_balances(&ledger, held), "one more anywhere breaks the law");
	is(sizeof(counters) / sizeof(counters[0]), REASONS + 3, "no counter is left out of this test");
}

static void
sums(void)
{
	struct ledger ledger = balanced();
	struct tally dropped = ledger_dropped(&ledger);

	is(dropped.records, 10, "records dropped, for all reasons");
	is(dropped.bytes, 100, "bytes dropped, for all reasons");
	ok(ledger_lost(&ledger), "something is lost");
	ledger = (struct ledger){ .dropped[REASON_SAMPLE] = { 4, 40 } };
	ok(!ledger_lost(&ledger), "what a sample leaves out is not lost");
	ledger.dropped[REASON_OVERSIZE].bytes = 1;
	ok(ledger_lost(&ledger), "part of a record whose end was never read is");
}

static void
names(void)
{
	is_text(reason_name(REASON_OLDEST), "oldest", "the name of oldest");
	is_text(reason_name(REASON_NEWEST), "newest", "the name of newest");
	is_text(reason_name(REASON_OVERSIZE), "oversize", "the name of oversize");
	is_text(reason_name(REASON_SAMPLE), "sample", "the name of sample");
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
