/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/excess.h"

uint64_t
excess_slice(void)
{
	return EXCESS_SLICE;
}

uint64_t
excess_cost(uint64_t length)
{
	return length + EXCESS_RECORD;
}

struct excess
excess_with_part(const struct queue *queue, struct tally need, unsigned part)
{
	const struct tally room = queue_room(queue);
	const struct tally all = {
		need.records > 0 ? need.records + room.records / part : 0,
		need.bytes > 0 ? need.bytes + room.bytes / part : 0,
	};

	return (struct excess){ .need = need, .all = all, .slice = EXCESS_SLICE, .look = EXCESS_RECORD };
}

struct excess
excess_of(const struct queue *queue, unsigned part)
{
	const struct tally ready = queue_ready(queue), room = queue_room(queue);
	struct tally need = {
		ready.records > room.records ? ready.records - room.records : 0,
		ready.bytes > room.bytes ? ready.bytes - room.bytes : 0,
	};

	return excess_with_part(queue, need, part);
}

bool
excess_is_large(const struct queue *queue)
{
	return queue_ready(queue).bytes > EXCESS_WHOLE;
}
