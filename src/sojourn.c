/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stamps count records from the beginning of the run: the newest record that a stamp is for has the number
 * upto - 1.  So one that arrives costs an addition, and one that leaves a comparison.
 */
#include "config.h"

#include "sojourn.h"
#include "units.h"

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
	uint64_t upto;
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
	uint64_t first;  /* the number of the oldest record held */
	uint64_t next;   /* of the next one to arrive */
	uint64_t aside_ns; /* when the record set aside arrived */
	uint64_t out;    /* free-running cursors into stamps; the newest stamp's upto is next */
	uint64_t in;
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

/* Lets neighbours become one where that is in the tolerance.  Afterwards any two neighbours span more than it,
 * so with ages of 1 us to a year about half of the stamps are in use. */
static void
thin_out(struct sojourn *sojourn)
{
	uint64_t kept = sojourn->out;

	for (uint64_t i = sojourn->out + 1; i < sojourn->in; i++) {
		struct stamp *last = stamp_at(sojourn, kept);
		const struct stamp *stamp = stamp_at(sojourn, i);
		uint64_t age_ns = sojourn->now_ns - stamp->newest_ns;

		if (stamp->newest_ns - last->arrived_ns <= age_ns / TOLERANCE) {
			last->upto = stamp->upto;
			last->newest_ns = stamp->newest_ns;
		} else {
			*stamp_at(sojourn, ++kept) = *stamp;
		}
	}
	sojourn->in = kept + 1;
}

void
sojourn_pass(struct sojourn *sojourn, uint64_t now_ns)
{
	if (sojourn != NULL)
		sojourn->now_ns = now_ns;
}

void
sojourn_arrive(struct sojourn *sojourn, uint64_t records)
{
	struct stamp *newest;

	if (sojourn == NULL || records == 0)
		return;
	sojourn->next += records;
	if (sojourn->in > sojourn->out) {
		newest = stamp_at(sojourn, sojourn->in - 1);
		if (newest->arrived_ns == sojourn->now_ns) {
			newest->upto = sojourn->next;
			return;
		}
	}
	if (sojourn->in - sojourn->out == SOJOURN_STAMPS)
		thin_out(sojourn);
	if (sojourn->in - sojourn->out == SOJOURN_STAMPS) /* no ages there are come to that */
		stamp_at(sojourn, sojourn->in - 1)->upto = sojourn->next;
	else
		*stamp_at(sojourn, sojourn->in++) = (struct stamp){ sojourn->next, sojourn->now_ns, sojourn->now_ns };
}

/* The oldest records go. */
static void
pop(struct sojourn *sojourn, uint64_t records, bool counted)
{
	uint64_t end = sojourn->first + records;

	while (sojourn->first < end) {
		const struct stamp *oldest = stamp_at(sojourn, sojourn->out);
		uint64_t upto = oldest->upto < end ? oldest->upto : end;

		if (counted)
			note(&sojourn->interval, sojourn->now_ns - oldest->arrived_ns, upto - sojourn->first);
		sojourn->first = upto;
		if (upto == oldest->upto)
			sojourn->out++;
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
		note(&sojourn->interval, sojourn->now_ns - sojourn->aside_ns, 1);
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

void
sojourn_drop_newest(struct sojourn *sojourn, uint64_t records)
{
	if (sojourn == NULL)
		return;
	sojourn->next -= records;
	while (sojourn->in > sojourn->out) {
		struct stamp *newest = stamp_at(sojourn, sojourn->in - 1);
		uint64_t before = sojourn->in - 1 > sojourn->out ? stamp_at(sojourn, sojourn->in - 2)->upto
		                                                  : sojourn->first;
		if (before < sojourn->next) {
			newest->upto = sojourn->next;
			return;
		}
		sojourn->in--;
	}
}

uint64_t
sojourn_held(const struct sojourn *sojourn)
{
	return sojourn->next - sojourn->first;
}
