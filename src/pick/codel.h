/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * codel: which records to drop so that the others wait less: controlled delay, after RFC 8289.
 *
 * A queue that empties now and then is good: it takes up a burst.  One in which even the record
 * that waited least has waited for longer than `target_ns`, throughout `interval_ns`, only adds
 * delay: then the oldest records are dropped, one and then one more after each pause, and the
 * pauses become shorter, as the inverse square root of their number, until something waits for less
 * than the target again.
 *
 * Asked when a record is about to be sent (RFC 8289, 5.4 to 5.6: dequeue).  Knows no queue and
 * reads no clock: `now_ns` is the caller's, greater than 0 and never running backwards.  Where the
 * pause is not a whole number of ns it is rounded down; with intervals beyond 4 s it may be short
 * by 2^-31 of the interval more.  Nothing here can fail.
 */
#ifndef WEIR_CODEL_H
#define WEIR_CODEL_H

#include <stdbool.h>
#include <stdint.h>

/* The RFC has 5 ms and 100 ms: a round trip between the hosts of the world, and a twentieth of it.
 * What takes turns in a pipeline is slower: a reader that is a page of a terminal, a batch, a
 * request or a sync of the disk behind is at work, not late. */
#define CODEL_TARGET_NS UINT64_C(100000000)
#define CODEL_INTERVAL_NS UINT64_C(1000000000)

struct codel {
	uint64_t target_ns;
	uint64_t interval_ns;
	uint64_t above_ns;   /* when all have waited for too long for an interval; 0 while they have not */
	uint64_t next_ns;    /* when to drop one; where none is, when one would have been */
	uint32_t count;      /* dropped since it began to, more or less: what the pause follows from */
	uint32_t last_count; /* what that was when it began to */
	bool dropping;       /* not while above_ns is 0 */
	bool due;            /* one was just dropped, and next_ns is not for the next one yet */
};

/* Both up to 2^58 ns, the interval not 0. */
void codel_init(struct codel *codel, uint64_t target_ns, uint64_t interval_ns);

/* The same where that is not what it has: what it knows is about the old ones. */
void codel_retune(struct codel *codel, uint64_t target_ns, uint64_t interval_ns);

uint64_t codel_target_ns(const struct codel *codel);

/* Whether the oldest record, which has waited for sojourn_ns, is to be dropped; `last` says that
 * nothing waits behind it.  When it is, the next one is asked about at the same time.  When it is
 * not, it is to be sent; and so are those behind it that are on the same side of the target, which
 * need not be asked about at this time: for if it has waited for less than the target, or is the
 * last, nothing is dropped and nothing known, and one more of these changes neither.  If not, it
 * stays because of a time that lies ahead, above_ns or next_ns, and that time is the same for the
 * next.  (Nor does it matter then whether that is the last, if codel_empty is told.) */
bool codel_drops(struct codel *codel, uint64_t now_ns, uint64_t sojourn_ns, bool last);

/* Nothing waits. */
void codel_empty(struct codel *codel);

#endif
