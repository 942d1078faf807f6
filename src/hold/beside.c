/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Of two queues of which one is beside the other: records go from one to the other.
 */
#include "config.h"

#include "hold/queue.h"

#include <errno.h>

size_t
queue_limits_sum(const struct queue_limits *limits)
{
	return limits->bytes + limits->slack + limits->record;
}

int
queue_limit(struct queue *q, const struct queue_limits *limits)
{
	if (chain_limit(&q->chain, queue_limits_sum(limits)) < 0)
		return -1;
	q->limits = *limits;
	return 0;
}

int
queue_init_beside(struct queue *q, const struct queue_limits *limits, struct queue *owner)
{
	if (queue_limits_sum(limits) > owner->limits.beside) {
		errno = EINVAL;
		return -1;
	}
	*q = (struct queue){ .framing = owner->framing, .limits = *limits };
	if (chain_init_beside(&q->chain, queue_limits_sum(limits), &owner->chain) < 0)
		return -1;
	return queue_note_ends(q);
}

bool
queue_move(struct queue *q, struct queue *to, size_t length, uint64_t records, uint64_t ends, size_t tail)
{
	if (transit_is_begun(&q->transit) || transit_is_begun(&to->transit) || !chain_move(&q->chain, &to->chain, length))
		return false;
	sojourn_leave(q->sojourn, records);
	queue_note_left(q, length, records);
	queue_note_come(to, 0, ends, tail);
	return true;
}
