/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CoDel against the pseudocode of RFC 8289, section 5, over a queue of packets: whatever comes and goes, the same
 * packets are dropped.
 */
#include "../tap.h"

#include "../random.h"
#include "base/units.h"
#include "pick/codel.h"

#include <math.h>

#define QUEUE_MOST (1 << 16)

/* What arrived when, by its number; both queues have the same. */
static uint64_t arrived[QUEUE_MOST];
static uint64_t in;

/* --- the RFC's ------------------------------------------------------------------------------------ */

static struct {
	uint64_t target, interval;
	uint64_t out;
	uint64_t first_above_time, drop_next;
	uint32_t count, lastcount;
	bool dropping;
	uint64_t dropped; /* how many */
	uint64_t sum;     /* of the numbers of those */
} rfc;

struct dodequeue_result {
	bool packet; /* there is one: the oldest */
	bool ok_to_drop;
};

/* A packet is taken out once it is sent or dropped, so what waits behind it does not count it. */
static struct dodequeue_result
dodequeue(uint64_t now)
{
	struct dodequeue_result r = { rfc.out < in, false };

	if (!r.packet) {
		rfc.first_above_time = 0;
		return r;
	}
	if (now - arrived[rfc.out % QUEUE_MOST] < rfc.target || in - rfc.out == 1) {
		rfc.first_above_time = 0;
	} else if (rfc.first_above_time == 0) {
		rfc.first_above_time = now + rfc.interval;
	} else if (now >= rfc.first_above_time) {
		r.ok_to_drop = true;
	}
	return r;
}

static uint64_t
control_law(uint64_t t, uint32_t count)
{
	return t + (uint64_t)((double)rfc.interval / sqrt((double)count));
}

static void
drop(void)
{
	rfc.dropped++;
	rfc.sum += rfc.out++;
}

/* Whether a packet was sent. */
static bool
dequeue(uint64_t now)
{
	struct dodequeue_result r = dodequeue(now);

	if (rfc.dropping) {
		if (!r.ok_to_drop)
			rfc.dropping = false;
		while (now >= rfc.drop_next && rfc.dropping) {
			drop();
			rfc.count++;
			r = dodequeue(now);
			if (!r.ok_to_drop)
				rfc.dropping = false;
			else
				rfc.drop_next = control_law(rfc.drop_next, rfc.count);
		}
	} else if (r.ok_to_drop) {
		uint32_t delta;

		drop();
		r = dodequeue(now);
		rfc.dropping = true;
		delta = rfc.count - rfc.lastcount;
		rfc.count = 1;
		if (delta > 1 && (int64_t)(now - rfc.drop_next) < (int64_t)(16 * rfc.interval))
			rfc.count = delta;
		rfc.drop_next = control_law(now, rfc.count);
		rfc.lastcount = rfc.count;
	}
	rfc.out += r.packet;
	return r.packet;
}

/* --- ours ----------------------------------------------------------------------------------------- */

static struct codel codel;
static uint64_t out, dropped, sum;

static bool
take(uint64_t now)
{
	for (; out < in; out++) {
		if (!codel_drops(&codel, now, now - arrived[out % QUEUE_MOST], in - out == 1)) {
			out++;
			return true;
		}
		dropped++;
		sum += out;
	}
	codel_empty(&codel);
	return false;
}

/* The same in a batch: after a packet that is not dropped those on its side of the target go unasked. */
static bool
take_batch(uint64_t now, uint64_t most)
{
	bool above;

	if (!take(now))
		return false;
	above = now - arrived[(out - 1) % QUEUE_MOST] >= codel.target_ns;
	while (--most > 0 && out < in && (now - arrived[out % QUEUE_MOST] >= codel.target_ns) == above)
		out++;
	if (most > 0 && out < in)
		return take_batch(now, most);
	if (out == in)
		codel_empty(&codel);
	return true;
}

/* --- both ----------------------------------------------------------------------------------------- */

static void
begin(uint64_t target, uint64_t interval)
{
	memset(&rfc, 0, sizeof(rfc));
	rfc.target = target;
	rfc.interval = interval;
	codel_init(&codel, target, interval);
	in = out = dropped = sum = 0;
}

/* For a while this many packets come each tick, and that many are asked for, in hundredths. */
struct load {
	uint64_t come;
	uint64_t go;
	uint64_t ticks;
};

static struct load
some_load(struct random *random)
{
	static const struct { uint64_t come, go; } loads[] = {
		{ 200, 100 }, { 110, 100 }, { 100, 110 }, { 100, 0 }, { 0, 100 }, { 2000, 1900 }, { 3, 2 }, { 100, 100 },
		{ 1000, 100 }, { 50, 500 },
	};
	size_t i = (size_t)random_below(random, sizeof(loads) / sizeof(loads[0]));

	return (struct load){ loads[i].come, loads[i].go, random_magnitude(random, 12) };
}

/* As many of a hundredth as there are, and chance for the rest. */
static uint64_t
some(struct random *random, uint64_t hundredths)
{
	return hundredths / 100 + (random_below(random, 100) < hundredths % 100);
}

static bool
tick(struct random *random, const struct load *load, uint64_t now, bool batches)
{
	uint64_t go = some(random, load->go);

	for (uint64_t i = some(random, load->come); i > 0 && in - rfc.out < QUEUE_MOST; i--)
		arrived[in++ % QUEUE_MOST] = now;
	for (uint64_t i = 0; i < go; i++) {
		(void)dequeue(now);
		if (!batches)
			(void)take(now);
	}
	if (batches && go > 0)
		(void)take_batch(now, go);
	return rfc.out == out && rfc.dropped == dropped && rfc.sum == sum &&
	    (!codel.dropping || (rfc.dropping && rfc.count == codel.count));
}

/* How often it began to drop, or 0 when they differ. */
static uint64_t
compare(struct random *random, bool batches)
{
	uint64_t target = 1000 + random_magnitude(random, 28);
	uint64_t now = random_magnitude(random, 40) + 1;
	uint64_t pace = 1 + target / random_from(random, 1, 40);
	uint64_t began = 1;

	begin(target, target * random_from(random, 1, 30));
	for (int i = 0; i < 10; i++) {
		const struct load load = some_load(random);

		for (uint64_t t = 0; t < load.ticks; t++) {
			bool dropping = codel.dropping;

			now += random_from(random, 0, 2 * pace);
			if (!tick(random, &load, now, batches))
				return 0;
			began += !dropping && codel.dropping;
		}
	}
	return began;
}

static void
as_the_rfc(bool batches)
{
	uint64_t began = 0, drops = 0;
	bool good = true;

	for (uint64_t seed = 1; seed <= 2000 && good; seed++) {
		struct random random = { seed };
		uint64_t times = compare(&random, batches);

		good = times > 0;
		began += times;
		drops += dropped;
		if (!good)
			diag("seed %" PRIu64 ": dropped %" PRIu64 " as against %" PRIu64, seed, dropped, rfc.dropped);
	}
	diag("dropped %" PRIu64 ", having begun %" PRIu64 " times", drops, began);
	ok(good && drops > 100000 && began > 3000, "the same are dropped as by the RFC's pseudocode%s",
	    batches ? ", in batches" : "");
}

/* --- by example ----------------------------------------------------------------------------------- */

#define MS NS_PER_MS

static void
by_example(void)
{
	codel_init(&codel, 5 * MS, 100 * MS);
	ok(!codel_drops(&codel, 1 * MS, 4 * MS, false) && codel.above_ns == 0, "below the target all is well");
	ok(!codel_drops(&codel, 2 * MS, 5 * MS, false), "at the target an interval begins");
	ok(!codel_drops(&codel, 102 * MS - 1, 50 * MS, false), "before its end nothing is dropped");
	ok(codel_drops(&codel, 102 * MS, 50 * MS, false), "at its end one is");
	ok(!codel_drops(&codel, 102 * MS, 50 * MS, false), "but only one");
	ok(!codel_drops(&codel, 202 * MS - 1, 50 * MS, false) && codel_drops(&codel, 202 * MS, 50 * MS, false),
	    "after an interval one more");
	ok(!codel_drops(&codel, 202 * MS, 50 * MS, false) && codel.next_ns == 202 * MS + 70710678,
	    "then after an interval over the square root of 2");
	ok(!codel_drops(&codel, 300 * MS, 50 * MS, true) && !codel.dropping, "the last one is not dropped, and ends it");
	ok(!codel_drops(&codel, 301 * MS, 50 * MS, false) && !codel_drops(&codel, 401 * MS - 1, 50 * MS, false) &&
	    codel_drops(&codel, 401 * MS, 50 * MS, false), "it takes an interval to begin again");
	(void)codel_drops(&codel, 501 * MS, 50 * MS, false);
	ok(!codel_drops(&codel, 501 * MS, 1 * MS, false) && codel.next_ns == 501 * MS,
	    "where a drop ends it, no time is set for another");
	codel_empty(&codel);
	ok(!codel_drops(&codel, 600 * MS, 50 * MS, false), "when nothing waits it ends as well");
}

/* The pause for each of many counts, seen from outside: a stall is made up for. */
static void
pauses(uint64_t interval_ns, double most)
{
	uint64_t now = interval_ns + 1, then = 0;
	bool good = true;

	codel_init(&codel, 0, interval_ns);
	(void)codel_drops(&codel, 1, 1, false);
	(void)codel_drops(&codel, now, 1, false);
	for (uint32_t count = 1; count < 100000 && good; count++) {
		double want = (double)interval_ns / sqrt((double)count);

		while (codel_drops(&codel, now, 1, false))
			continue;
		good = count == 1 || (codel.count == count && (double)(codel.next_ns - then) <= want &&
		    want - (double)(codel.next_ns - then) <= most);
		if (!good)
			diag("count %" PRIu32 ": %" PRIu64 " ns", count, codel.next_ns - then);
		now = then = codel.next_ns;
	}
	ok(good, "with an interval of %" PRIu64 " ns each pause is right, up to %.0f ns", interval_ns, most);
}

/* Over a year, and with drops that hardly have a pause between them. */
static void
extremes(void)
{
	uint64_t year = UNITS_TIME_MAX_NS;
	uint32_t drops = 0;

	codel_init(&codel, year, year);
	ok(!codel_drops(&codel, 1, year, false) && !codel_drops(&codel, year, year, false) &&
	    codel_drops(&codel, year + 1, year, false), "an interval may be a year");
	codel_init(&codel, 0, 1);
	(void)codel_drops(&codel, 1, 0, false);
	(void)codel_drops(&codel, 2, 0, false);
	while (drops < 1000000 && codel_drops(&codel, 100002, 0, false))
		drops++;
	is(drops, 100000, "pauses are never 0: after a stall as many are dropped as nanoseconds have passed");
	codel.count = UINT32_MAX;
	ok(codel_drops(&codel, 200000, 0, false) && codel.count == UINT32_MAX, "the count does not overflow");
}

int
main(void)
{
	by_example();
	pauses(100 * MS, 1);
	pauses(UINT32_MAX, 1);
	pauses(3600 * NS_PER_S, 3600);
	extremes();
	as_the_rfc(false);
	as_the_rfc(true);
	return done_testing();
}
