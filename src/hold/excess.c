/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/excess.h"

bool
tally_is_none(const struct tally *left)
{
	return left->bytes == 0 && left->records == 0;
}

void
tally_lessen(struct tally *left, uint64_t records, uint64_t bytes)
{
	left->records -= left->records < records ? left->records : records;
	left->bytes -= left->bytes < bytes ? left->bytes : bytes;
}

void
excess_gone(struct excess *excess, uint64_t records, uint64_t bytes)
{
	tally_lessen(&excess->need, records, bytes);
	tally_lessen(&excess->all, records, bytes);
}

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

bool
excess_done(const struct excess *excess)
{
	return tally_is_none(&excess->all) || (excess->looking && excess->slice == 0);
}

void
excess_stays(struct excess *excess, uint64_t length)
{
	uint64_t cost = excess_cost(length);

	if (excess->looking)
		excess->slice -= excess->slice < cost ? excess->slice : cost;
}

void
excess_goes(struct excess *excess, uint64_t length)
{
	excess_stays(excess, length); /* it is looked at as well */
	excess_gone(excess, 1, length);
	excess->looking = tally_is_none(&excess->need);
}

bool
tally_covers(const struct tally *sum, const struct tally *need)
{
	return sum->bytes >= need->bytes && sum->records >= need->records;
}

struct excess
excess_with_part(const struct queue *queue, struct tally need, unsigned part)
{
	const struct tally room = queue_room(queue);
	const struct tally all = {
		need.records > 0 ? need.records + room.records / part : 0,
		need.bytes > 0 ? need.bytes + room.bytes / part : 0,
	};

	return (struct excess){ .need = need, .all = all, .slice = EXCESS_SLICE };
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
