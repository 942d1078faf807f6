/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/weights.h"

#include <stdlib.h>

#define LIST_LEAST ((size_t)16)

/* --- a list of runs ------------------------------------------------------------------------------- */

static struct weight_run *
run_at(const struct weight_list *list, size_t index)
{
	return &list->run[(list->first + index) & (list->size - 1)];
}

static bool
lengthen(struct weight_list *list)
{
	const size_t size = list->size > 0 ? 2 * list->size : LIST_LEAST;
	struct weight_run *run = malloc(size * sizeof(*run));

	if (run == NULL)
		return false;
	for (size_t i = 0; i < list->count; i++)
		run[i] = *run_at(list, i);
	free(list->run);
	list->run = run;
	list->size = size;
	list->first = 0;
	return true;
}

static void
free_list(struct weight_list *list)
{
	free(list->run);
	*list = (struct weight_list){ NULL, 0, 0, 0, 0 };
}

/* From this number on, which is not less than that of the last run.  False: there is no memory for it. */
static bool
add(struct weight_list *list, uint64_t from, uint64_t weight)
{
	if (list->count > 0 && run_at(list, list->count - 1)->from == from)
		list->count--;
	if ((list->count > 0 ? run_at(list, list->count - 1)->weight : WEIGHT_ONE) == weight)
		return true;
	if (list->count == list->size && !lengthen(list))
		return false;
	*run_at(list, list->count++) = (struct weight_run){ from, weight };
	return true;
}

/* Nothing is asked any more of what is in front of this number. */
static void
forget_before(struct weight_list *list, uint64_t number)
{
	while (list->count > 0 && (list->count > 1 ? run_at(list, 1)->from <= number :
	    run_at(list, 0)->from <= number && run_at(list, 0)->weight == WEIGHT_ONE)) {
		list->first = (list->first + 1) & (list->size - 1);
		list->count--;
		list->seen -= list->seen > 0;
	}
}

/* Asked mostly in rising order. */
static uint64_t
weight_at(struct weight_list *list, uint64_t number)
{
	if (list->count == 0)
		return WEIGHT_ONE;
	if (list->seen >= list->count || run_at(list, list->seen)->from > number)
		list->seen = 0;
	while (list->seen + 1 < list->count && run_at(list, list->seen + 1)->from <= number)
		list->seen++;
	return run_at(list, list->seen)->from <= number ? run_at(list, list->seen)->weight : WEIGHT_ONE;
}

/* --- what is held --------------------------------------------------------------------------------- */

void
weights_init(struct weights *weights)
{
	*weights = (struct weights){ .next = 1, .judged = 1 };
	serials_init(&weights->held);
	serials_begin(&weights->held, 1);
}

void
weights_free(struct weights *weights)
{
	serials_free(&weights->held);
	free_list(&weights->came);
	free_list(&weights->shed);
	free_list(&weights->sent);
}

struct serials *
weights_held(struct weights *weights)
{
	return &weights->held;
}

void
weights_come(struct weights *weights, uint64_t weight)
{
	weights->failed |= !add(&weights->came, weights->next, weight);
}

void
weights_came(struct weights *weights, uint64_t records)
{
	weights->next += records;
}

uint64_t
weights_last(const struct weights *weights, uint64_t records)
{
	return weights->next - records;
}

void
weights_shed(struct weights *weights, uint64_t number, uint64_t weight)
{
	if (weights_is_shed(weights, number))
		return;
	weights_shed_out(weights, number);
	weights->failed |= !add(&weights->shed, number, weight);
}

void
weights_shed_out(struct weights *weights, uint64_t number)
{
	if (weights_is_shed(weights, number))
		return;
	if (number > weights->judged) /* those in front of it left before they were judged */
		weights->failed |= !add(&weights->shed, weights->judged, WEIGHT_ONE);
	weights->judged = number + 1;
}

void
weights_shed_none(struct weights *weights)
{
	weights->failed |= !add(&weights->shed, weights->judged, WEIGHT_ONE);
	weights->judged = weights->next;
}

bool
weights_is_shed(const struct weights *weights, uint64_t number)
{
	return number < weights->judged;
}

static uint64_t
weight_of(struct weights *weights, uint64_t number)
{
	const uint64_t came = weight_at(&weights->came, number);
	const uint64_t shed = weights_is_shed(weights, number) ? weight_at(&weights->shed, number) : WEIGHT_ONE;

	return came == WEIGHT_ONE ? shed : shed == WEIGHT_ONE ? came : weight_of_both(came, shed);
}

void
weights_walk(struct weights *weights, struct weights_walk *walk)
{
	walk->passed = 0;
	walk->at = 0;
	walk->number = serials_next(&weights->held);
	walk->records = serials_look(&weights->held, UINT32_MAX, walk->gap, WEIGHTS_GAPS, &walk->gaps);
}

bool
weights_walk_on(struct weights *weights, struct weights_walk *walk, uint64_t *weight)
{
	if (walk->at == walk->records)
		return false;
	if (walk->passed < walk->gaps && walk->gap[walk->passed].at == walk->at)
		walk->number += walk->gap[walk->passed++].missing;
	*weight = weight_of(weights, walk->number++);
	walk->at++;
	return true;
}

static void
forget_what_left(struct weights *weights)
{
	const uint64_t next = serials_next(&weights->held);

	forget_before(&weights->came, next);
	forget_before(&weights->shed, next);
}

void
weights_leave(struct weights *weights, uint64_t records)
{
	serials_leave_all(&weights->held, records);
	forget_what_left(weights);
}

void
weights_leave_before(struct weights *weights, uint64_t first)
{
	serials_drop_oldest(&weights->held, first);
	forget_what_left(weights);
}

/* --- what is in flight ---------------------------------------------------------------------------- */

void
weights_send(struct weights *weights, uint64_t serial, uint64_t weight, uint64_t oldest)
{
	struct weight_list *list = &weights->sent;

	forget_before(list, oldest);
	while (list->count > 0 && run_at(list, list->count - 1)->from > serial)
		list->count--; /* those have not been handed over after all, and may have been shed since */
	weights->failed |= !add(list, serial, weight);
}

uint64_t
weights_sent(struct weights *weights, uint64_t serial)
{
	return weight_at(&weights->sent, serial);
}
