/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/age.h"
#include "hold/fit.h"

void
age_init(struct age *age, bool controlled, uint64_t most_ns, uint64_t target_ns, uint64_t interval_ns)
{
	*age = (struct age){ .most_ns = most_ns, .controlled = controlled };
	codel_init(&age->codel, target_ns, interval_ns);
}

void
age_retune(struct age *age, uint64_t most_ns, uint64_t target_ns, uint64_t interval_ns)
{
	age->most_ns = most_ns;
	codel_retune(&age->codel, target_ns, interval_ns);
}

/* --- --max-age ---------------------------------------------------------------------------------- */

static void
expire(const struct age *age, struct queue *queue, struct loss *loss)
{
	uint64_t count = 0;

	if (loss->now_ns > age->most_ns)
		count = sojourn_arrived_by(queue->sojourn, loss->now_ns - age->most_ns - 1, UINT64_MAX);
	fit_drop_oldest(queue, loss, REASON_EXPIRED, count);
}

uint64_t
age_due_ns(const struct age *age, const struct queue *queue)
{
	if (age->most_ns == 0 || queue_waiting(queue) == 0)
		return UINT64_MAX;
	return sojourn_oldest_ns(queue->sojourn) + age->most_ns + 1; /* no time is over 2^63 */
}

/* --- CoDel -------------------------------------------------------------------------------------- */

/* Of the records that are late, how many go when CoDel says that one should.  A sender slows down when it
 * loses a packet, so that one is enough; who writes into a pipe never learns of it, and one at a time would
 * take hours to find what is too much (docs/decisions/0022). */
#define PART 8

static void
control(struct age *age, struct shed *shed, struct queue *queue, struct loss *loss,
    const struct age_outlet *outlet)
{
	uint64_t late;

	/* The RFC asks when the link takes a packet: not while the output takes nothing. */
	while (queue_waiting(queue) > 0) {
		uint64_t waited_ns = loss->now_ns - sojourn_oldest_ns(queue->sojourn);

		if (waited_ns < codel_target_ns(&age->codel) || !outlet->has_room(outlet->state) ||
		    !codel_drops(&age->codel, loss->now_ns, waited_ns, queue_waiting(queue) == 1))
			return;
		late = sojourn_arrived_by(queue->sojourn, loss->now_ns - codel_target_ns(&age->codel), UINT64_MAX);
		if (classes_top(&shed->classes) == 0)
			fit_drop_oldest(queue, loss, REASON_CODEL, 1 + late / PART);
		else
			shed_some(shed, queue, loss, REASON_CODEL, 1 + late / PART);
	}
}

void
age_shed(struct age *age, struct shed *shed, struct queue *queue, struct loss *loss,
    const struct age_outlet *outlet)
{
	if (age->most_ns != 0)
		expire(age, queue, loss);
	if (age->controlled)
		control(age, shed, queue, loss, outlet);
}

void
age_sent(struct age *age, const struct queue *queue, uint64_t now_ns)
{
	uint64_t waited_ns;

	if (!age->controlled)
		return;
	if (queue_waiting(queue) == 0)
		codel_empty(&age->codel);
	else if (sojourn_left(queue->sojourn, &waited_ns) && waited_ns < codel_target_ns(&age->codel))
		(void)codel_drops(&age->codel, now_ns, waited_ns, false);
}
