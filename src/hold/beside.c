/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Of two queues of which one is beside the other: records go from one to the other.
 */
#include "config.h"

#include "hold/queue.h"

#include <errno.h>
#include <string.h>

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

void
queue_number_from(struct queue *q, uint64_t records)
{
	q->first = records;
	queue_pull_marks(q, 0);
}

static void
copy_piece(const struct queue *q, const struct iovec *room, const char *piece)
{
	memcpy(room->iov_base, piece, room->iov_len);
	if (framing_noted(&q->framing))
		ends_move(q->framing.ends, room->iov_base, piece, room->iov_len);
}

bool
queue_copy(struct queue *q, const char *piece, size_t length, bool ended)
{
	struct iovec room[QUEUE_ROOM];
	size_t step;

	for (size_t done = 0; done < length;) {
		(void)queue_prepare(q, length - done, room, &step);
		if (step == 0)
			return false;
		for (size_t i = 0, at = 0; at < step; at += room[i++].iov_len)
			copy_piece(q, &room[i], piece + done + at);
		done += step;
		queue_append(q, 0, step, ended && done == length, 0);
	}
	return true;
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
