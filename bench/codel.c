/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * codel - how long records wait under codel, and under policies that wait until the buffer is full: in virtual
 * time, so that hours take a moment and nothing else on the machine matters.
 *
 *   codel [RECORDS]    how many the producer has in a second (default 10000)
 *
 * The producer does not slow down.  A buffer of 10000 records; ten minutes, of which the last five are measured, so
 * that what is shown is where it settles. Prints a table in Markdown.  Uses weir's codel.c and sojourn.c, which
 * have tests of their own, but no weir.
 */
#include "base/units.h"
#include "pick/codel.h"
#include "pick/sojourn.h"

#include "../tests/unit/random.h"

#include <err.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define BUFFER_RECORDS 10000
#define MINUTE_NS (60 * NS_PER_S)
#define RUN_NS (10 * MINUTE_NS)

struct policy {
	const char *name;
	bool refuses; /* when the buffer is full: the newest, otherwise the oldest goes */
	uint64_t target_ns;
	uint64_t interval_ns; /* 0: no codel */
	uint64_t share;       /* not 0: a drop is one and this part of those above the target, which the RFC has not */
};

static const struct policy policies[] = {
	{ "drop-newest", true, 0, 0, 0 },
	{ "drop-oldest", false, 0, 0, 0 },
	{ "the law alone, 5ms/100ms", false, 5 * NS_PER_MS, 100 * NS_PER_MS, 0 },
	{ "the law alone", false, CODEL_TARGET_NS, CODEL_INTERVAL_NS, 0 },
	{ "codel", false, CODEL_TARGET_NS, CODEL_INTERVAL_NS, 8 },
};

/* In percent of the producer's rate; the producer has all its records in the first part of each cycle. */
struct load {
	const char *name;
	uint64_t reader;
	uint64_t cycle_ns;
	uint64_t busy; /* percent of the cycle */
	uint64_t stall_ns; /* the reader takes nothing for so long at the beginning of each cycle */
};

static const struct load loads[] = {
	{ "reader at 50%", 50, NS_PER_S, 100, 0 },
	{ "reader at 90%", 90, NS_PER_S, 100, 0 },
	{ "reader at 99%", 99, NS_PER_S, 100, 0 },
	{ "reader at 110%", 110, NS_PER_S, 100, 0 },
	{ "110%, bursts of 0.2 s each second", 110, NS_PER_S, 20, 0 },
	{ "90%, bursts of 0.2 s each second", 90, NS_PER_S, 20, 0 },
	{ "150%, stalled 5 s each minute", 150, MINUTE_NS, 100, 5 * NS_PER_S },
};

struct run {
	const struct policy *policy;
	const struct load *load;
	struct sojourn *sojourn;
	struct codel codel;
	struct random random;
	uint64_t now_ns;
	uint64_t next_ns; /* the next record comes */
	uint64_t pace_ns; /* between two records, on the average of a cycle */
	uint64_t lost;
	uint64_t came;
};

/* Half as regular as a clock, half by chance. */
static void
next_arrival(struct run *run)
{
	uint64_t pace_ns = run->pace_ns * run->load->busy / 100;
	uint64_t busy_ns = run->load->cycle_ns / 100 * run->load->busy;

	run->next_ns += pace_ns / 2 + random_below(&run->random, pace_ns);
	if (run->next_ns % run->load->cycle_ns >= busy_ns)
		run->next_ns += run->load->cycle_ns - run->next_ns % run->load->cycle_ns;
}

/* All that comes until now. */
static void
arrive(struct run *run)
{
	for (; run->next_ns <= run->now_ns; next_arrival(run)) {
		bool full = sojourn_held(run->sojourn) == BUFFER_RECORDS;

		run->came++;
		run->lost += full;
		if (full && run->policy->refuses)
			continue;
		if (full)
			sojourn_drop_oldest(run->sojourn, 1);
		sojourn_pass(run->sojourn, run->next_ns);
		sojourn_arrive(run->sojourn, 1);
	}
	sojourn_pass(run->sojourn, run->now_ns);
}

/* What codel drops at a time. */
static void
drop(struct run *run)
{
	const struct policy *policy = run->policy;
	uint64_t records = 1;

	if (policy->share > 0)
		records += sojourn_arrived_by(run->sojourn, run->now_ns - policy->target_ns, UINT64_MAX) / policy->share;
	sojourn_drop_oldest(run->sojourn, records);
	run->lost += records;
}

/* The reader takes one; or there is none. */
static bool
leave(struct run *run)
{
	struct sojourn *sojourn = run->sojourn;

	for (; sojourn_held(sojourn) > 0; drop(run)) {
		if (run->policy->interval_ns == 0 || !codel_drops(&run->codel, run->now_ns,
		    run->now_ns - sojourn_oldest_ns(sojourn), sojourn_held(sojourn) == 1)) {
			sojourn_leave(sojourn, 1);
			return true;
		}
	}
	codel_empty(&run->codel);
	return false;
}

static void
simulate(struct run *run)
{
	uint64_t service_ns = run->pace_ns * 100 / run->load->reader;
	bool measured = false;

	while (run->now_ns < RUN_NS) {
		uint64_t into_ns = run->now_ns % run->load->cycle_ns;

		if (!measured && run->now_ns >= RUN_NS / 2) {
			measured = true;
			sojourn_next_interval(run->sojourn);
			run->lost = run->came = 0;
		}
		if (into_ns < run->load->stall_ns)
			run->now_ns += run->load->stall_ns - into_ns;
		arrive(run);
		if (leave(run))
			run->now_ns += service_ns;
		else
			run->now_ns = run->next_ns;
	}
}

static void
show(const struct load *load, const struct policy *policy, uint64_t rate)
{
	struct run run = { .policy = policy, .load = load, .random = { 1 }, .sojourn = sojourn_new(), .now_ns = 1,
		.next_ns = 1, .pace_ns = NS_PER_S / rate };
	struct latency waited;

	if (run.sojourn == NULL)
		err(1, "malloc");
	codel_init(&run.codel, policy->target_ns, policy->interval_ns);
	simulate(&run);
	waited = sojourn_interval(run.sojourn);
	printf("| %s | %s | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | %.1f%% |\n", load->name, policy->name,
	    waited.p50_ns / NS_PER_MS, waited.p99_ns / NS_PER_MS, waited.max_ns / NS_PER_MS,
	    100.0 * (double)run.lost / (double)run.came);
	sojourn_free(run.sojourn);
}

int
main(int argc, char **argv)
{
	uint64_t rate = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000;

	if (rate == 0 || rate > 1000000)
		errx(2, "%s: accepted: 1 to 1000000", argv[1]);
	printf("| load | policy | p50 ms | p99 ms | max ms | lost |\n|---|---|--:|--:|--:|--:|\n");
	for (size_t l = 0; l < sizeof(loads) / sizeof(loads[0]); l++)
		for (size_t p = 0; p < sizeof(policies) / sizeof(policies[0]); p++)
			show(&loads[l], &policies[p], rate);
	return 0;
}
