/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the spool into the buffer: as it came, or read back.
 */
#include "config.h"

#include "flow/pump.h"
#include "flow/spooled.h"

#include <string.h>

/* --- the buffer ------------------------------------------------------------------------------------ */

static uint64_t
in_memory(const struct pump *pump)
{
	return queue_held(&pump->queue).bytes + (pump->plan.flying ? flight_used(&pump->flight) : 0);
}

bool
spooling_fits(const struct pump *pump, size_t length)
{
	return in_memory(pump) + length <= pump->plan.limits.bytes;
}

bool
spooling_has_room(const struct pump *pump, size_t length)
{
	return in_memory(pump) == 0 || spooling_fits(pump, length);
}

/* As much as there is room for is copied behind what the queue holds; returns how much. */
static size_t
copy_some(struct queue *queue, const struct iovec **piece, size_t *from, size_t length)
{
	struct iovec room[QUEUE_ROOM];
	size_t step, done = 0, at = 0;

	(void)queue_prepare(queue, length, room, &step);
	for (const struct iovec *to = room; done < step; done += at, to++) {
		for (at = 0; at < to->iov_len && done + at < step;) {
			size_t part = (*piece)->iov_len - *from;

			if (part > to->iov_len - at)
				part = to->iov_len - at;
			if (part > step - done - at)
				part = step - done - at;
			memcpy((char *)to->iov_base + at, (const char *)(*piece)->iov_base + *from, part);
			if (framing_noted(queue_framing(queue)))
				ends_move(queue_framing(queue)->ends, (char *)to->iov_base + at, (const char *)(*piece)->iov_base + *from, part);
			at += part;
			*from += part;
			if (*from == (*piece)->iov_len) {
				++*piece;
				*from = 0;
			}
		}
	}
	return step;
}

bool
spooling_copy(struct queue *queue, const struct iovec *piece, size_t length, uint64_t ends, size_t tail)
{
	size_t from = 0;

	while (length > 0) {
		const size_t step = copy_some(queue, &piece, &from, length);

		if (step == 0)
			return false;
		length -= step;
		queue_append(queue, 0, step, length == 0 ? ends : 0, length == 0 ? tail : 0);
	}
	return true;
}

/* Those that come into the buffer weigh what they did when they came. */
static void
weigh(struct pump *pump, const struct spool_next *next)
{
	uint64_t at = next->skipped;
	const uint64_t end = at + next->records;

	weights_come(&pump->weights, WEIGHT_ONE);
	for (unsigned i = 0; i < next->weights; i++) {
		const struct block_gap *weight = &next->weight[i];

		if (weight->at > at) {
			weights_came(&pump->weights, weight->at - at);
			at = weight->at;
		}
		weights_come(&pump->weights, weight->missing);
	}
	weights_came(&pump->weights, end - at);
}

void
spooling_number(struct pump *pump, uint64_t at, const struct spool_next *next)
{
	struct spooling *spooling = &pump->spooling;
	uint64_t serial = next->first + next->skipped, all = serial + next->records;

	for (unsigned i = 0; i < next->gaps; i++) {
		const struct block_gap *gap = &next->gap[i];

		all += gap->missing;
		if (gap->at <= next->skipped)
			serial += gap->missing;
		else if (pump->plan.numbered)
			serials_drop_at(&pump->serials, at + gap->at - next->skipped, 0, gap->missing);
	}
	if (pump->plan.numbered && serial > spooling->fed)
		serials_drop_at(&pump->serials, at, 0, serial - spooling->fed);
	spooling->fed = all;
	if (pump->plan.weight != NULL)
		weigh(pump, next);
}

/* --- read back ------------------------------------------------------------------------------------- */

/* A record that was the last of an earlier run gets the delimiter that it lacked: others may follow it. */
static void
end_last(struct pump *pump, const struct spool_next *next)
{
	size_t length;
	const char *end = framing_end(&pump->plan.framing, &length);
	const struct iovec piece = { (char *)(uintptr_t)end, length };

	if (!next->unended)
		return;
	if (!next->of_old || length == 0) {
		queue_finish(&pump->queue);
		return;
	}
	(void)spooling_copy(&pump->queue, &piece, length, 1, 0);
	if (framing_noted(&pump->plan.framing))
		queue_note_end(&pump->queue, (size_t)queue_ready(&pump->queue).bytes);
}

/* Where they end is noted, of records that stand from an offset on; the last may be none that ends. */
static void
note_lengths(struct pump *pump, const struct spool_next *next, size_t offset)
{
	const uint64_t ends = next->records - next->unended;

	if (!framing_noted(&pump->plan.framing))
		return;
	if (next->lengths == NULL && ends > 0)
		queue_note_end(&pump->queue, offset + next->length);
	for (uint64_t i = 0; next->lengths != NULL && i < ends; i++) {
		offset += block_length_at(next->lengths, i);
		queue_note_end(&pump->queue, offset);
	}
}

/* Bytes behind the last end, where the last record lacks its delimiter. */
static size_t
tail_of(const struct pump *pump, const struct spool_next *next)
{
	if (!next->unended)
		return 0;
	if (!framing_noted(&pump->plan.framing))
		return next->length - record_last(&pump->plan.framing, 0, next->text, next->length);
	return next->lengths != NULL ? block_length_at(next->lengths, next->records - 1) : next->length;
}

static void
take_up(struct pump *pump)
{
	struct spooling *spooling = &pump->spooling;
	const struct spool_next *next = &spooling->next;
	const struct iovec piece = { (char *)(uintptr_t)next->text, next->length };
	const uint64_t at = queue_next(&pump->queue);
	const size_t offset = (size_t)queue_ready(&pump->queue).bytes;
	size_t added;

	(void)framing_end(&pump->plan.framing, &added);
	spooling->has_next = false;
	if (!spool_loaded(spooling->spool, next->unended && next->of_old ? added : 0)) {
		spool_put_back(spooling->spool); /* there is no memory for it now */
		return;
	}
	if (!spooling_is_bytes(pump))
		spooling_number(pump, at, next);
	(void)spooling_copy(&pump->queue, &piece, next->length, next->records - next->unended,
	    tail_of(pump, next));
	note_lengths(pump, next, offset);
	end_last(pump, next);
}

void
spooling_load_all(struct pump *pump)
{
	struct spooling *spooling = &pump->spooling;

	while (spooling->has_next || spool_next(spooling->spool, &spooling->next)) {
		if (!spooling->has_next && spooling->next.lost.bytes > 0)
			spooling_lose_on_disk(pump, REASON_CORRUPT, 0, spooling->next.lost);
		spooling->has_next = spooling->next.length > 0;
		if (!spooling->has_next)
			return;
		if (!spooling_has_room(pump, spooling->next.length))
			return;
		take_up(pump);
	}
}
