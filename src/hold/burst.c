/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Of a queue: the memory that a burst has left behind.
 */
#include "config.h"

#include "hold/queue.h"

/* How much memory that holds nothing a queue keeps, besides as much as it holds; and how much it gives back at a time. */
#define TRIM_KEEP ((size_t)1 << 20)

/* More than this is a burst that has not passed. */
#define TRIM_MOST ((size_t)8 << 20)
#define TRIM_SLICE ((size_t)8 << 20)

/* And how much more than that there must be to be worth the system call. */
#define TRIM_SLACK ((size_t)1 << 20)

static size_t
kept_by_trim(const struct queue *q)
{
	return TRIM_KEEP + chain_used(&q->chain);
}

bool
queue_trimmable(const struct queue *q)
{
	return chain_used(&q->chain) <= TRIM_MOST && chain_idle(&q->chain) > kept_by_trim(q) + TRIM_SLACK;
}

bool
queue_trim(struct queue *q)
{
	return chain_trim(&q->chain, kept_by_trim(q), TRIM_SLICE);
}
