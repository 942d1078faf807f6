/* SPDX-License-Identifier: BSD-2-Clause */
/* When it lets a try through, by a clock and a seed of its own. */
#include "../tap.h"

#include "hand/breaker.h"

#define LEAST (200 * NS_PER_MS)
#define MOST (30 * NS_PER_S)
#define DRAWS 100000
#define BINS 20

static struct chance
seeded(uint64_t seed)
{
	struct chance chance;

	chance_init(&chance, true, seed);
	return chance;
}

static void
must_wait(const struct breaker *breaker, uint64_t until_ns)
{
	ok(breaker_due_ns(breaker) > until_ns, "it waits for long");
}

static void
fresh(void)
{
	struct breaker breaker;

	breaker_init(&breaker, LEAST, MOST, seeded(1));
	ok(breaker_allows(&breaker, 0, 1000) && breaker_due_ns(&breaker) == 0, "without a failure nothing waits");
	ok(!breaker_is_open(&breaker) && breaker_opened(&breaker) == 0 && breaker_open_ns(&breaker, 9) == 0, "it is closed");
}

static void
waits(void)
{
	struct breaker breaker;
	uint64_t now = 1000 * NS_PER_S;

	breaker_init(&breaker, LEAST, MOST, seeded(1));
	breaker_failed(&breaker, now, true);
	ok(breaker_due_ns(&breaker) >= now && breaker_due_ns(&breaker) <= now + LEAST, "a failure makes the next wait");
	ok(breaker_due_ns(&breaker) > now && !breaker_allows(&breaker, breaker_due_ns(&breaker) - 1, 0), "it does not come before");
	ok(breaker_allows(&breaker, breaker_due_ns(&breaker), 7), "but then, beside others");
	breaker_succeeded(&breaker, now);
	ok(breaker_allows(&breaker, now, 7) && breaker_failures(&breaker) == 0, "a success ends it");
}

static void
opens(void)
{
	struct breaker breaker;
	uint64_t now = 10;

	breaker_init(&breaker, LEAST, MOST, seeded(1));
	for (int i = 1; i < BREAKER_FAILURES; i++, now += 10)
		breaker_failed(&breaker, now, true);
	ok(!breaker_is_open(&breaker), "four failures in a row leave it closed");
	breaker_failed(&breaker, now, false);
	ok(!breaker_is_open(&breaker) && breaker_failures(&breaker) == 4, "and so does one that does not count");
	now = 100;
	breaker_failed(&breaker, now, true);
	ok(breaker_is_open(&breaker) && breaker_opened(&breaker) == 1 && breaker_since_ns(&breaker) == 100, "the fifth opens it");
	now = breaker_due_ns(&breaker);
	ok(breaker_allows(&breaker, now, 0) && !breaker_allows(&breaker, now, 1), "then one is tried at a time");
	breaker_failed(&breaker, now, true);
	ok(breaker_opened(&breaker) == 1 && breaker_since_ns(&breaker) == 100, "one more failure does not open it again");
	is(breaker_open_ns(&breaker, 150), 50, "for how long it has been open");
	breaker_succeeded(&breaker, 1100);
	ok(!breaker_is_open(&breaker) && breaker_allows(&breaker, 1100, 5), "a success closes it");
	is(breaker_open_ns(&breaker, 5000), 1000, "and stops that clock");
	breaker_succeeded(&breaker, 1200);
	is(breaker_open_ns(&breaker, 5000), 1000, "a further success is nothing new");
	for (int i = 0; i < BREAKER_FAILURES; i++)
		breaker_failed(&breaker, 2000, true);
	ok(breaker_opened(&breaker) == 2 && breaker_since_ns(&breaker) == 2000, "it opens again after five more");
	is(breaker_open_ns(&breaker, 2500), 1500, "and its time adds up");
	breaker_failed(&breaker, 2600, false);
	ok(breaker_is_open(&breaker) && breaker_opened(&breaker) == 2, "one that does not count does not close it either");
	breaker_succeeded(&breaker, 3000);
	is(breaker_open_ns(&breaker, 5000), 2000, "both times are in the sum");
}

/* One that does not count, with nothing before it. */
static void
aside(void)
{
	struct breaker breaker;

	breaker_init(&breaker, LEAST, MOST, seeded(1));
	for (int i = 0; i < 100; i++)
		breaker_failed(&breaker, 5, false);
	ok(!breaker_is_open(&breaker) && breaker_failures(&breaker) == 0, "what does not count never opens it");
	ok(breaker_due_ns(&breaker) > 5 && breaker_due_ns(&breaker) <= 5 + LEAST, "and waits like a first failure");
}

/* The waits behind so many failures in a row: all of the range up to `longest` as likely. */
static bool
is_full_jitter(struct breaker *breaker, unsigned failures, bool counts, uint64_t longest)
{
	uint64_t count[BINS] = { 0 }, most = 0;
	double want = (double)DRAWS / BINS, sum = 0;

	for (unsigned draw = 0; draw < DRAWS; draw++) {
		uint64_t wait;

		breaker_succeeded(breaker, 0);
		for (unsigned i = 0; i < failures; i++)
			breaker_failed(breaker, 1, i + 1 < failures || counts);
		wait = breaker_due_ns(breaker) - 1;
		if (wait > longest)
			return false;
		most = wait > most ? wait : most;
		count[wait == longest ? BINS - 1 : wait / (longest / BINS)]++;
	}
	for (unsigned i = 0; i < BINS; i++)
		sum += ((double)count[i] - want) * ((double)count[i] - want) / want;
	/* Of 19 degrees of freedom; by chance once in 100,000. */
	if (sum > 56.6 || most < longest / 100 * 99)
		diag("chi-squared is %f, the longest wait %" PRIu64, sum, most);
	return sum <= 56.6 && most >= longest / 100 * 99;
}

static void
jitter(void)
{
	static const uint64_t longest[] = { LEAST, 2 * LEAST, 4 * LEAST, 8 * LEAST, MOST, MOST, MOST };
	struct breaker breaker;

	breaker_init(&breaker, LEAST, MOST, seeded(1));
	for (unsigned i = 0; i < sizeof(longest) / sizeof(longest[0]); i++)
		ok(is_full_jitter(&breaker, i + 1, true, longest[i]), "after %u: any wait up to %" PRIu64 " ms", i + 1,
		    longest[i] / NS_PER_MS);
	ok(is_full_jitter(&breaker, 3, false, 2 * LEAST), "one that does not count waits as the last that did");
	breaker_init(&breaker, LEAST, 3 * LEAST, seeded(2));
	ok(is_full_jitter(&breaker, 3, true, 3 * LEAST), "never beyond the most");
}

static void
limits(void)
{
	struct breaker breaker;

	breaker_init(&breaker, 0, 0, seeded(1));
	for (int i = 0; i < 10; i++)
		breaker_failed(&breaker, 77, true);
	ok(breaker_due_ns(&breaker) == 77 && breaker_is_open(&breaker), "no wait at all is possible");
	breaker_init(&breaker, UNITS_TIME_MAX_NS, UNITS_TIME_MAX_NS, seeded(1));
	for (int i = 0; i < 10; i++) {
		breaker_failed(&breaker, 77, true);
		if (breaker_due_ns(&breaker) > 77 + UNITS_TIME_MAX_NS)
			break;
	}
	is(breaker_failures(&breaker), 10, "and so is the longest");
}

/* Other limits, while it waits. */
static void
retuned(void)
{
	struct breaker breaker;
	const uint64_t now = 1000 * NS_PER_S;

	breaker_init(&breaker, 1000 * NS_PER_S, 2000 * NS_PER_S, seeded(1));
	breaker_retune(&breaker, LEAST, MOST, now);
	ok(breaker_allows(&breaker, now, 0), "without a failure nothing waits, whatever the limits");
	breaker_retune(&breaker, 1000 * NS_PER_S, 2000 * NS_PER_S, now);
	breaker_failed(&breaker, now, true);
	must_wait(&breaker, now + MOST);
	breaker_retune(&breaker, LEAST, MOST, now + 5);
	ok(breaker_due_ns(&breaker) <= now + 5 + LEAST && breaker_failures(&breaker) == 1, "the wait is none that they do not have");
	for (int i = 0; i < 6; i++)
		breaker_failed(&breaker, now + 10, true);
	breaker_retune(&breaker, LEAST, NS_PER_MS * 300, now + 10);
	ok(breaker_is_open(&breaker) && breaker_due_ns(&breaker) <= now + 10 + NS_PER_MS * 300, "nor is that of one that is open, which stays so");
	breaker_retune(&breaker, 1000 * NS_PER_S, 2000 * NS_PER_S, now + 10);
	ok(breaker_due_ns(&breaker) <= now + 10 + NS_PER_MS * 300, "longer ones are for the next failure");
}

int
main(void)
{
	fresh();
	waits();
	opens();
	aside();
	jitter();
	limits();
	retuned();
	return done_testing();
}
