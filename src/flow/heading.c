/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/heading.h"
#include "flow/pump.h"

int
heading_init(struct pump *pump)
{
	struct heading *heading = &pump->heading;
	const uint64_t records = pump->options->header_records;
	struct queue_limits limits = pump->plan.limits;

	if (records == 0 || pump->plan.stream)
		return 0;
	pump->intake.headers = records;
	if (pump->plan.spooled)
		return 0;
	limits.records = UINT64_MAX;
	limits.slack = PLAN_READ_MOST;
	limits.beside = 0;
	if (queue_init(&heading->queue, &pump->plan.framing, &limits) < 0)
		return -1;
	heading->records = records;
	heading->since_ns = UINT64_MAX;
	pump->intake.heading = &heading->queue;
	queue_number_from(&pump->queue, records);
	if (pump->plan.numbered)
		serials_let_first(&pump->serials, records);
	if (pump->plan.weight != NULL)
		serials_let_first(weights_held(&pump->weights), records);
	return 0;
}

void
heading_free(struct pump *pump)
{
	if (heading_is_on(&pump->heading))
		queue_free(&pump->heading.queue);
	pump->heading.records = 0;
	pump->intake.heading = NULL;
	pump->intake.headers = 0;
}

struct tally
heading_held(const struct heading *heading)
{
	return heading_is_on(heading) ? queue_held(&heading->queue) : (struct tally){ 0, 0 };
}

struct tally
heading_ready(const struct heading *heading)
{
	return heading_is_on(heading) ? queue_ready(&heading->queue) : (struct tally){ 0, 0 };
}

const struct queue *
heading_front(const struct pump *pump)
{
	return heading_is_on(&pump->heading) ? &pump->heading.queue : &pump->queue;
}

static bool
is_coming(const struct pump *pump)
{
	return heading_is_on(&pump->heading) && pump->ledger.in.records < pump->heading.records;
}

/* Of a record that does not go in parts all is wanted before anything can leave. */
bool
heading_is_full(const struct pump *pump)
{
	const struct queue *queue = &pump->heading.queue;

	if (!is_coming(pump) || queue_held(queue).bytes < pump->plan.limits.bytes)
		return false;
	return queue_is_ready(queue) || queue_part_sent(queue) || queue_held(queue).bytes >= pump->outlet.parts_from;
}

void
heading_take_up(struct pump *pump)
{
	const size_t flying = pump->plan.flying ? flight_used(&pump->flight) : 0;

	queue_take_up(&pump->queue, flying + (size_t)heading_held(&pump->heading).bytes);
}

bool
heading_is_over(struct pump *pump, uint64_t now_ns)
{
	struct heading *heading = &pump->heading;
	const bool held = heading_held(heading).bytes > 0;

	if (!heading_is_on(heading))
		return true;
	heading_take_up(pump);
	if (!held)
		heading->since_ns = UINT64_MAX;
	else if (heading->since_ns == UINT64_MAX)
		heading->since_ns = now_ns;
	if (held || is_coming(pump))
		return false;
	heading_free(pump);
	toll_look_anew(&pump->outlet.toll);
	if (pump->plan.numbered)
		serials_drop_oldest(&pump->serials, queue_first(&pump->queue));
	if (pump->plan.weight != NULL)
		weights_leave_before(&pump->weights, queue_first(&pump->queue));
	return true;
}

enum outlet_state
heading_drain(struct pump *pump, uint64_t now_ns, size_t budget)
{
	enum outlet_state state;

	if (heading_is_on(&pump->heading)) {
		state = outlet_drain(&pump->outlet, &pump->heading.queue, &pump->ledger, now_ns, budget);
		if (!heading_is_over(pump, now_ns) || state != OUTLET_EMPTY)
			return state;
	}
	return outlet_drain(&pump->outlet, &pump->queue, &pump->ledger, now_ns, budget);
}

bool
pump_header_too_long(const struct pump *pump)
{
	return pump->intake.header_too_long;
}
