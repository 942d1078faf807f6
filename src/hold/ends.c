/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Of a queue: where what is in it ends, for who has it on disk as well.
 */
#include "config.h"

#include "hold/cut.h"
#include "hold/queue.h"

size_t
queue_last_end(const struct queue *q)
{
	return cut_last(&q->chain, &q->framing, 0, q->ready, 0);
}

bool
queue_is_unended(const struct queue *q)
{
	return q->unended && q->ready > 0;
}

size_t
queue_part_out(const struct queue *q)
{
	return transit_is_begun(&q->transit) ? q->transit.out : 0;
}
