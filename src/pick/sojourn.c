/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each stamp counts its own records, so that what is dropped between others concerns no other stamp.  One of which
 * all were dropped stays where it is until it comes to be the oldest or the newest, or stamps run out.
 */
#include "config.h"

#include "base/units.h"
#include "pick/sojourn.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* 2^8 buckets to a power of two; below 2^8 ns each has its own. */
#define LINEAR_BITS 8
#define LINEAR (1U << LINEAR_BITS)
#define BUCKETS ((64 - LINEAR_BITS + 1) * LINEAR)

/* Neighbours become one stamp when they are no further apart than this part of their age. */
#define TOLERANCE 128

static_assert((SOJOURN_STAMPS & (SOJOURN_STAMPS - 1)) == 0, "a power of two");

struct stamp {
	uint64_t records;    /* not 0 for the oldest stamp and the newest */
	uint64_t arrived_ns; /* the oldest of its records */
	uint64_t newest_ns;  /* the newest of them: another time only where stamps became one */
};

struct histogram {
	uint64_t count;
	uint64_t sum_s;
	uint64_t sum_ns; /* below a second */
	uint64_t max_ns;
	uint64_t buckets[BUCKETS];
};

struct sojourn {
	uint64_t now_ns;
	uint64_t held;     /* records: what the stamps have together */
	bool left;       /* a record has, in this pass, */
	uint64_t left_waited_ns; /* and the last one had waited so long */
	uint64_t aside_ns; /* when the record set aside arrived */
	uint64_t out;      /* free-running cursors into stamps */
	uint64_t in;
	uint64_t hand;     /* in a sweep: the stamp it has come to */
	uint64_t kept;     /* and how many of that one's records are behind it */
	struct histogram interval;
	struct histogram before; /* all intervals before this one */
	struct stamp stamps[SOJOURN_STAMPS];
};

struct sojourn *
sojourn_new(void)
{
	return calloc(1, sizeof(struct sojourn));
}

void
sojourn_free(struct sojourn *sojourn)
{
	free(sojourn);
}

/* --- the histogram ------------------------------------------------------------------------------ */

static unsigned
highest_bit(uint64_t value)
{
#ifdef __GNUC__
	return 63U - (unsigned)__builtin_clzll(value);
#else
	unsigned bit = 0;

	while (value >>= 1)
		bit++;
	return bit;
#endif
}

static size_t
bucket_of(uint64_t ns)
{
	unsigned shift;

	if (ns < LINEAR)
		return (size_t)ns;
	shift = highest_bit(ns) - LINEAR_BITS;
	return (size_t)(shift + 1) * LINEAR + (size_t)(ns >> shift) - LINEAR;
}

/* The middle of a bucket. */
static uint64_t
bucket_ns(size_t bucket)
{
	unsigned shift;

	if (bucket < LINEAR)
		return bucket;
	shift = (unsigned)(bucket / LINEAR) - 1;
	return ((uint64_t)(LINEAR + bucket % LINEAR) << shift) + (shift > 0 ? UINT64_C(1) << (shift - 1) : 0);
}

static void
add_sum(struct histogram *histogram, uint64_t s, uint64_t ns)
{
	histogram->sum_ns += ns;
	histogram->sum_s += s + histogram->sum_ns / NS_PER_S;
	histogram->sum_ns %= NS_PER_S;
}

static void
note(struct histogram *histogram, uint64_t ns, uint64_t records)
{
	histogram->buckets[bucket_of(ns)] += records;
	histogram->count += records;
	add_sum(histogram, ns / NS_PER_S * records, ns % NS_PER_S * records);
	if (histogram->max_ns < ns)
		histogram->max_ns = ns;
}

/* Of two histograms as if they were one; more is NULL for one alone. */
static struct latency
summarize(const struct histogram *histogram, const struct histogram *more)
{
	struct latency latency = { .count = histogram->count, .max_ns = histogram->max_ns,
		.sum_s = histogram->sum_s, .sum_ns = histogram->sum_ns };
	const struct {
		unsigned percent;
		uint64_t *ns;
	} wanted[] = {
		{ 50, &latency.p50_ns }, { 90, &latency.p90_ns }, { 95, &latency.p95_ns }, { 99, &latency.p99_ns },
	};
	uint64_t passed = 0;
	size_t bucket = 0;

	if (more != NULL) {
		latency.count += more->count;
		latency.sum_ns += more->sum_ns;
		latency.sum_s += more->sum_s + latency.sum_ns / NS_PER_S;
		latency.sum_ns %= NS_PER_S;
		if (latency.max_ns < more->max_ns)
			latency.max_ns = more->max_ns;
	}
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]) && latency.count > 0; i++) {
		/* the record behind which at most 100 - percent in a hundred come; no product overflows */
		uint64_t rank = latency.count / 100 * wanted[i].percent +
		    (latency.count % 100 * wanted[i].percent + 99) / 100;
		while (passed < rank) {
			passed += histogram->buckets[bucket] + (more != NULL ? more->buckets[bucket] : 0);
			bucket++;
		}
		*wanted[i].ns = bucket_ns(bucket - 1);
		if (*wanted[i].ns > latency.max_ns)
			*wanted[i].ns = latency.max_ns;
	}
	return latency;
}

struct latency
sojourn_interval(const struct sojourn *sojourn)
{
	return sojourn != NULL ? summarize(&sojourn->interval, NULL) : (struct latency){ 0 };
}

struct latency
sojourn_total(const struct sojourn *sojourn)
{
	return sojourn != NULL ? summarize(&sojourn->before, &sojourn->interval) : (struct latency){ 0 };
}

void
sojourn_next_interval(struct sojourn *sojourn)
{
	struct histogram *before, *interval;
	size_t used; /* buckets; the others are 0 */

	if (sojourn == NULL)
		return;
	before = &sojourn->before;
	interval = &sojourn->interval;
	if (interval->count == 0)
		return;
	before->count += interval->count;
	add_sum(before, interval->sum_s, interval->sum_ns);
	if (before->max_ns < interval->max_ns)
		before->max_ns = interval->max_ns;
	used = bucket_of(interval->max_ns) + 1;
	for (size_t i = 0; i < used; i++)
		before->buckets[i] += interval->buckets[i];
	memset(interval, 0, offsetof(struct histogram, buckets) + used * sizeof(interval->buckets[0]));
}

/* --- stamps ------------------------------------------------------------------------------------- */

static struct stamp *
stamp_at(struct sojourn *sojourn, uint64_t cursor)
{
	return &sojourn->stamps[cursor % SOJOURN_STAMPS];
}

/* Lets neighbours become one where that is in the tolerance, and those without records go.  Afterwards any two
 * neighbours span more than it, so with ages of 1 us to a year about half of the stamps are in use. */
static void
thin_out(struct sojourn *sojourn)
{
	uint64_t kept = sojourn->out;

	for (uint64_t i = sojourn->out + 1; i < sojourn->in; i++) {
		struct stamp *last = stamp_at(sojourn, kept);
		const struct stamp *stamp = stamp_at(sojourn, i);
		uint64_t age_ns = sojourn->now_ns - stamp->newest_ns;

		if (stamp->records == 0)
			continue;
		if (stamp->newest_ns - last->arrived_ns <= age_ns / TOLERANCE) {
			last->records += stamp->records;
			last->newest_ns = stamp->newest_ns;
		} else {
			*stamp_at(sojourn, ++kept) = *stamp;
		}
	}
	sojourn->in = kept + 1;
}

/* Stamps without records at either end go. */
static void
trim(struct sojourn *sojourn)
{
	while (sojourn->in > sojourn->out && stamp_at(sojourn, sojourn->out)->records == 0)
		sojourn->out++;
	while (sojourn->in > sojourn->out && stamp_at(sojourn, sojourn->in - 1)->records == 0)
		sojourn->in--;
}

void
sojourn_pass(struct sojourn *sojourn, uint64_t now_ns)
{
	if (sojourn == NULL)
		return;
	sojourn->now_ns = now_ns;
	sojourn->left = false;
}

void
sojourn_arrive(struct sojourn *sojourn, uint64_t records)
{
	struct stamp *newest;

	if (sojourn == NULL || records == 0)
		return;
	sojourn->held += records;
	if (sojourn->in > sojourn->out) {
		newest = stamp_at(sojourn, sojourn->in - 1);
		if (newest->arrived_ns == sojourn->now_ns) {
			newest->records += records;
			return;
		}
	}
	if (sojourn->in - sojourn->out == SOJOURN_STAMPS)
		thin_out(sojourn);
	if (sojourn->in - sojourn->out == SOJOURN_STAMPS) /* no ages there are come to that */
		stamp_at(sojourn, sojourn->in - 1)->records += records;
	else
		*stamp_at(sojourn, sojourn->in++) = (struct stamp){ records, sojourn->now_ns, sojourn->now_ns };
}

static void
leave(struct sojourn *sojourn, uint64_t waited_ns, uint64_t records)
{
	note(&sojourn->interval, waited_ns, records);
	sojourn->left = true;
	sojourn->left_waited_ns = waited_ns;
}

/* The oldest records go. */
static void
pop(struct sojourn *sojourn, uint64_t records, bool counted)
{
	sojourn->held -= records;
	while (records > 0) {
		struct stamp *oldest = stamp_at(sojourn, sojourn->out);
		uint64_t some = oldest->records < records ? oldest->records : records;

		if (counted)
			leave(sojourn, sojourn->now_ns - oldest->arrived_ns, some);
		oldest->records -= some;
		records -= some;
		trim(sojourn);
	}
}

void
sojourn_leave(struct sojourn *sojourn, uint64_t records)
{
	if (sojourn != NULL)
		pop(sojourn, records, true);
}

void
sojourn_set_aside(struct sojourn *sojourn)
{
	if (sojourn == NULL)
		return;
	sojourn->aside_ns = stamp_at(sojourn, sojourn->out)->arrived_ns;
	pop(sojourn, 1, false);
}

void
sojourn_leave_aside(struct sojourn *sojourn)
{
	if (sojourn != NULL)
		leave(sojourn, sojourn->now_ns - sojourn->aside_ns, 1);
}

void
sojourn_pass_by(struct sojourn *sojourn, uint64_t records)
{
	if (sojourn != NULL && records > 0)
		note(&sojourn->interval, 0, records);
}

void
sojourn_drop_oldest(struct sojourn *sojourn, uint64_t records)
{
	if (sojourn != NULL)
		pop(sojourn, records, false);
}

/* Comes from both ends at once, until one of the two is there. */
void
sojourn_sweep(struct sojourn *sojourn, uint64_t before)
{
	uint64_t oldest, newest, behind;

	if (sojourn == NULL)
		return;
	oldest = sojourn->out;
	newest = sojourn->in;
	behind = sojourn->held - before;
	sojourn->hand = newest;
	sojourn->kept = 0;
	while (behind > 0) {
		uint64_t records = stamp_at(sojourn, oldest)->records;

		if (before < records) {
			sojourn->hand = oldest;
			sojourn->kept = before;
			return;
		}
		before -= records;
		oldest++;
		records = stamp_at(sojourn, --newest)->records;
		sojourn->hand = newest;
		sojourn->kept = records > behind ? records - behind : 0;
		behind -= records < behind ? records : behind;
	}
}

void
sojourn_keep(struct sojourn *sojourn, uint64_t records)
{
	if (sojourn == NULL)
		return;
	sojourn->kept += records;
	while (sojourn->hand < sojourn->in && sojourn->kept >= stamp_at(sojourn, sojourn->hand)->records)
		sojourn->kept -= stamp_at(sojourn, sojourn->hand++)->records;
}

void
sojourn_cut(struct sojourn *sojourn, uint64_t records)
{
	if (sojourn == NULL)
		return;
	sojourn->held -= records;
	while (records > 0) {
		struct stamp *stamp = stamp_at(sojourn, sojourn->hand);
		uint64_t left = stamp->records - sojourn->kept;
		uint64_t some = left < records ? left : records;

		stamp->records -= some;
		records -= some;
		if (records > 0) {
			sojourn->hand++;
			sojourn->kept = 0;
		}
	}
	trim(sojourn);
}

uint64_t
sojourn_held(const struct sojourn *sojourn)
{
	return sojourn->held;
}

bool
sojourn_left(const struct sojourn *sojourn, uint64_t *waited_ns)
{
	if (sojourn == NULL || !sojourn->left)
		return false;
	*waited_ns = sojourn->left_waited_ns;
	return true;
}

uint64_t
sojourn_oldest_ns(const struct sojourn *sojourn)
{
	return sojourn != NULL && sojourn->held > 0 ? sojourn->stamps[sojourn->out % SOJOURN_STAMPS].arrived_ns
	                                            : UINT64_MAX;
}

uint64_t
sojourn_arrived_by(const struct sojourn *sojourn, uint64_t cutoff_ns, uint64_t most)
{
	uint64_t records = 0;

	if (sojourn == NULL)
		return 0;
	for (uint64_t i = sojourn->out; i < sojourn->in && records < most; i++) {
		const struct stamp *stamp = &sojourn->stamps[i % SOJOURN_STAMPS];

		if (stamp->arrived_ns > cutoff_ns)
			break;
		records += stamp->records;
	}
	return records < most ? records : most;
}
