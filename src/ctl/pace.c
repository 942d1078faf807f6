/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/units.h"
#include "ctl/pace.h"

/* A tenth of the time is noise, half of it is not. */
#define SOME_FROM (PACE_ALL / 10)
#define MUCH_FROM (PACE_ALL / 2)

/* What grows does so from one report to the next; where it has not, it was another weir. */
static uint64_t
grown(uint64_t before, uint64_t now)
{
	return now > before ? now - before : 0;
}

/* The product may be too long for 64 bits, and so may what comes of it. */
static uint64_t
scaled(uint64_t amount, uint64_t of, uint64_t ns)
{
	const double value = ns > 0 ? (double)amount * (double)of / (double)ns + 0.5 : 0;

	return value < (double)(UINT64_C(1) << 63) ? (uint64_t)value : UINT64_MAX;
}

static struct tally
per_second(struct tally before, struct tally now, uint64_t ns)
{
	return (struct tally){
		scaled(grown(before.records, now.records), NS_PER_S, ns),
		scaled(grown(before.bytes, now.bytes), NS_PER_S, ns),
	};
}

static unsigned
share_of(uint64_t part, uint64_t whole)
{
	return part >= whole ? (whole > 0 ? PACE_ALL : 0) : (unsigned)scaled(part, PACE_ALL, whole);
}

static unsigned
fill_of(const struct told *now)
{
	const unsigned bytes = now->capacity.bytes != TOLD_UNKNOWN ? share_of(now->depth.bytes, now->capacity.bytes) : 0;
	const unsigned records =
	    now->capacity.records != TOLD_UNKNOWN ? share_of(now->depth.records, now->capacity.records) : 0;

	return bytes > records ? bytes : records;
}

struct pace
pace_between(const struct told *before, const struct told *now)
{
	static const struct told beginning;
	const struct told *from = before != NULL ? before : &beginning;
	const uint64_t ns = grown(from->elapsed_ns, now->elapsed_ns);
	struct pace pace = {
		.in_per_s = per_second(from->in, now->in, ns),
		.out_per_s = per_second(from->out, now->out, ns),
		.lost_per_s = per_second(from->lost, now->lost, ns),
		.sampled_per_s = per_second(from->sampled, now->sampled, ns),
		.paused = share_of(grown(from->paused_ns, now->paused_ns), ns),
		.fill = fill_of(now),
	};
	unsigned left = PACE_ALL;

	for (int i = 0; i < WAITS; i++) {
		pace.waited[i] = share_of(grown(from->waited_ns[i], now->waited_ns[i]), ns);
		if (pace.waited[i] > left)
			pace.waited[i] = left;
		left -= pace.waited[i];
	}
	return pace;
}

enum pace_pressure
pace_pressure(unsigned share)
{
	return share > MUCH_FROM ? PACE_MUCH : share > SOME_FROM ? PACE_SOME : PACE_GOOD;
}
