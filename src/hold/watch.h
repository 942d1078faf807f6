/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch: who is told of what leaves a queue, while it can still be looked at.
 *
 * The first member of whoever wants to be told, as history and fair.  A queue has one at most.
 */
#ifndef WEIR_WATCH_H
#define WEIR_WATCH_H

#include "base/chain.h"

#include <stddef.h>
#include <stdint.h>

struct queue;

struct watch {
	/* The oldest that are not part-sent are about to leave, or to be dropped: so many, with so many bytes; a record
	 * leaves with its first byte. */
	void (*leave)(struct watch *watch, struct queue *queue, uint64_t records, uint64_t bytes);
	/* Those from offset on, length bytes in all, are about to be dropped, which is `place`; in front of them there are
	 * `to` bytes of what has stayed. */
	void (*cut)(struct watch *watch, struct queue *queue, size_t to, size_t offset, struct chain_place place,
	    size_t length);
};

static inline void
watch_leave(struct watch *watch, struct queue *queue, uint64_t records, uint64_t bytes)
{
	if (watch != NULL && records > 0)
		watch->leave(watch, queue, records, bytes);
}

static inline void
watch_cut(struct watch *watch, struct queue *queue, size_t to, size_t offset, struct chain_place place, size_t length)
{
	if (watch != NULL)
		watch->cut(watch, queue, to, offset, place, length);
}

#endif
