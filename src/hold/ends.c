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

int
queue_pieces(const struct queue *q, size_t offset, size_t length, struct iovec *piece, int most)
{
	return chain_peek(&q->chain, offset, length, piece, most);
}

void
queue_ask_part_out(struct queue *q)
{
	q->part_asked = true;
}

size_t
queue_part_out(const struct queue *q)
{
	return transit_is_begun(&q->transit) ? q->transit.out : 0;
}
