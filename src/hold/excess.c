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

bool
tally_covers(const struct tally *sum, const struct tally *need)
{
	return sum->bytes >= need->bytes && sum->records >= need->records;
}

struct excess
excess_with_part(struct queue *queue, struct tally need, unsigned part)
{
	return (struct excess){ need, {
		need.records > 0 ? need.records + queue->limits.records / part : 0,
		need.bytes > 0 ? need.bytes + (queue->limits.bytes - queue_rest(queue)) / part : 0,
	} };
}

struct excess
excess_of(struct queue *queue, unsigned part)
{
	const struct queue_limits *limits = &queue->limits;
	uint64_t room = limits->bytes - queue_rest(queue);
	uint64_t bytes = queue_held(queue).bytes - queue_partial(queue) - queue_rest(queue);
	uint64_t records = queue_waiting(queue);
	struct tally need = {
		records > limits->records ? records - limits->records : 0,
		bytes > room ? bytes - room : 0,
	};

	return excess_with_part(queue, need, part);
}
