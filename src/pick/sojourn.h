/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sojourn: how long records wait in the buffer.
 *
 * Two things.  When each record that is held arrived: a stamp for each read, as a queue of runs of
 * records, so nothing is kept for a single record.  And how long those that have left had waited: a
 * histogram, of the time since the last interval and of the whole run.
 *
 * A record arrives in the pass in which its end is read and leaves in the pass in which the output
 * accepts its last byte, so a record that passes straight through has waited for 0 ns.  Sojourn
 * time is RFC 8289's word for it.
 *
 * Both are of bounded size.  The histogram is log-linear, 256 buckets to a power of two, and
 * answers with the middle of a bucket: at most 0.2% off.  Stamps are exact as long as records of
 * fewer than SOJOURN_STAMPS reads are held; then neighbours that are no further apart than 1/128 of
 * their age become one, with the time of the older: up to 0.8% too much.  So a record may be taken
 * for older than it is, never for younger.  The sum is within 1%.
 *
 * Knows no record and no byte, only how many records there are.  Nothing here can fail but
 * sojourn_new().
 */
#ifndef WEIR_SOJOURN_H
#define WEIR_SOJOURN_H

#include <stdbool.h>
#include <stdint.h>

struct sojourn;

#define SOJOURN_STAMPS 16384

struct latency {
	uint64_t count; /* records; the others are 0 where this is */
	uint64_t p50_ns;
	uint64_t p90_ns;
	uint64_t p95_ns;
	uint64_t p99_ns;
	uint64_t max_ns; /* exact, but for the stamps' tolerance */
	uint64_t sum_s;  /* whole seconds of the sum, which 64 bits of nanoseconds would not hold */
	uint64_t sum_ns; /* and what is left of it */
};

/* malloc'd, or NULL with errno; to be freed by sojourn_free, which takes NULL too.  Wherever else a
 * sojourn is asked for, NULL is one that notes nothing. */
struct sojourn *sojourn_new(void);
void sojourn_free(struct sojourn *sojourn);

/* A pass begins: what arrives and leaves from here on does so at now_ns, which never runs backwards. */
void sojourn_pass(struct sojourn *sojourn, uint64_t now_ns);

/* Records arrive behind all that are held. */
void sojourn_arrive(struct sojourn *sojourn, uint64_t records);

/* The oldest records that are held leave, and are counted in the histogram. */
void sojourn_leave(struct sojourn *sojourn, uint64_t records);

/* The oldest record that is held goes on without those behind it: what is dropped as the oldest is not
 * it, but the next.  There is at most one; later, it leaves. */
void sojourn_set_aside(struct sojourn *sojourn);
void sojourn_leave_aside(struct sojourn *sojourn);

/* Records pass by without having been held. */
void sojourn_pass_by(struct sojourn *sojourn, uint64_t records);

/* The oldest that are held are dropped: they count nowhere. */
void sojourn_drop_oldest(struct sojourn *sojourn, uint64_t records);

/* Some of those that are held are dropped, here and there: a sweep over them, from the oldest but
 * `before` of them on.  Then, in their order, the next records stay (keep) or are dropped and count
 * nowhere (cut); nothing else is called in between, and what is left behind the last of them stays.
 * A sweep costs what it has stamps and calls, whatever the product, and what there are stamps in front of
 * it or behind its beginning, whichever are fewer. */
void sojourn_sweep(struct sojourn *sojourn, uint64_t before);
void sojourn_keep(struct sojourn *sojourn, uint64_t records);
void sojourn_cut(struct sojourn *sojourn, uint64_t records);

/* Records that are held (not NULL), by their stamps; one set aside is not among them. */
uint64_t sojourn_held(const struct sojourn *sojourn);

/* When the oldest of them arrived; UINT64_MAX where none is held (or nothing is noted). */
uint64_t sojourn_oldest_ns(const struct sojourn *sojourn);

/* How many of the oldest arrived at or before cutoff_ns; it looks no further than at `most` of them. */
uint64_t sojourn_arrived_by(const struct sojourn *sojourn, uint64_t cutoff_ns, uint64_t most);

/* Whether a record has left in this pass that was held, and how long the last of them had waited. */
bool sojourn_left(const struct sojourn *sojourn, uint64_t *waited_ns);

/* Those that have left in the interval, or in the whole run. */
struct latency sojourn_interval(const struct sojourn *sojourn);
struct latency sojourn_total(const struct sojourn *sojourn);

/* An interval ends, and the next one begins. */
void sojourn_next_interval(struct sojourn *sojourn);

#endif
