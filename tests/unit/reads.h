/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reads: what a test gives a queue to read.
 */
#ifndef WEIR_TEST_READS_H
#define WEIR_TEST_READS_H

#include "hold/queue.h"

#include <string.h>

/* Text into the queue's room, as much as one read takes; returns how much. */
static inline size_t
reads_put(struct queue *q, const char *text, size_t length)
{
	struct iovec piece[QUEUE_ROOM];
	int pieces = queue_prepare(q, length, piece, &length);

	for (int i = 0; i < pieces; i++) {
		memcpy(piece[i].iov_base, text, piece[i].iov_len);
		text += piece[i].iov_len;
	}
	return length;
}

#endif
