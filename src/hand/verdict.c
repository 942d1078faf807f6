/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What becomes of a batch that COMMAND has taken, or will not: it is out, dropped, or halved.
 */
#include "config.h"

#include "flow/handed.h"
#include "hand/batch.h"

#include <stdlib.h>

static void
save_span(struct batches *batches, const struct batch *batch, size_t offset, size_t length)
{
	char text[16384];

	while (length > 0) {
		size_t step = length < sizeof(text) ? length : sizeof(text);

		if (parcel_read(&batch->parcel, offset, text, step) < 0)
			return; /* it is counted all the same */
		pump_save_batch(batches->pump, text, step);
		offset += step;
		length -= step;
	}
}

/* It is dropped, and what of it are records is saved. */
static void
reject(struct batches *batches, struct batch *batch, uint64_t now_ns)
{
	const struct flight_load *load = &batch->load;

	for (size_t i = 0; i < load->count; i++)
		save_span(batches, batch, (size_t)load->list[i].wire - load->list[i].length, load->list[i].length);
	if (load->list == NULL)
		save_span(batches, batch, 0, (size_t)load->sum.bytes);
	pump_reject_batch(batches->pump, load->sum, now_ns);
	batches_let_go(batches, batch);
}

/* The part of a list from `from` on, count records: their ends are counted from `begin`. */
static bool
take_part(struct flight_load *part, const struct flight_load *load, size_t from, size_t count, uint64_t begin)
{
	*part = (struct flight_load){ .list = malloc(count * sizeof(*part->list)), .count = count };
	if (part->list == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		part->list[i] = load->list[from + i];
		part->list[i].wire -= begin;
		ledger_count(&part->sum, 1, part->list[i].length);
	}
	part->first = part->list[0].serial;
	part->last = part->list[count - 1].serial;
	return true;
}

static struct batch *
make_part(const struct batch *whole, size_t from, size_t count, size_t begin, size_t end)
{
	struct batch *part = calloc(1, sizeof(*part));

	if (part == NULL)
		return NULL;
	*part = (struct batch){ .parts = whole->parts, .part = true, .timeout_ns = UINT64_MAX, .kill_ns = UINT64_MAX };
	if (!take_part(&part->load, &whole->load, from, count, begin) ||
	    parcel_copy(&part->parcel, &whole->parcel, begin, end - begin) < 0) {
		free(part->load.list);
		free(part);
		return NULL;
	}
	return part;
}

/* In its place are two halves, each to be tried by itself.  False where there is no memory for them. */
static bool
halve(struct batches *batches, struct batch *batch)
{
	const size_t half = batch->load.count / 2;
	const size_t cut = (size_t)batch->load.list[half - 1].wire;
	struct batch *first = make_part(batch, 0, half, 0, cut);
	struct batch *second = first == NULL ? NULL
	    : make_part(batch, half, batch->load.count - half, cut, parcel_length(&batch->parcel));
	struct batch **link = &batches->oldest;

	if (second == NULL) {
		if (first != NULL)
			batch_free(first);
		return false;
	}
	while (*link != batch)
		link = &(*link)->next;
	*link = first;
	first->next = second;
	second->next = batch->next;
	++*batch->parts;
	batch_free(batch);
	batches_find_last(batches);
	return true;
}

void
batches_give_up(struct batches *batches, struct batch *batch, uint64_t now_ns)
{
	if (batches->rules->bisect && batch->load.count > 1 && halve(batches, batch))
		return;
	reject(batches, batch, now_ns);
}

void
batches_confirm(struct batches *batches, struct batch *batch, uint64_t now_ns)
{
	breaker_succeed(batches_breaker(batches, batch), now_ns);
	batches->figures.batches++;
	pump_confirm_batch(batches->pump, batch->load.sum);
	batches_let_go(batches, batch);
}
