/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/classes.h"
#include "hold/fit.h"
#include "hold/sweep.h"

#include <assert.h>

static_assert(2 * KEEP_MOST <= QUEUE_MARKS, "two marks for each class but the most precious");

unsigned
classes_marks(const struct classes *classes)
{
	return 2 * keep_count(classes->keep);
}

unsigned
classes_top(const struct classes *classes)
{
	return keep_count(classes->keep);
}

unsigned
classes_of(const struct classes *classes, const struct queue_record *record)
{
	return keep_class(classes->keep, record->text, record->body);
}

/* --- giving way --------------------------------------------------------------------------------- */

struct victims {
	const struct keep *keep;
	unsigned class; /* that gives way; there are none of lesser ones */
	enum reason reason;
	struct excess *excess;
};

static enum sweep_verdict
judge_class(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct victims *victims = state;

	if (tally_is_none(&victims->excess->all))
		return SWEEP_STOP;
	if (victims->class < keep_count(victims->keep) &&
	    keep_class(victims->keep, record->text, record->body) > victims->class)
		return SWEEP_KEEP;
	excess_gone(victims->excess, 1, record->length);
	*fate = (struct sweep_fate){ victims->reason, victims->class };
	return SWEEP_DROP;
}

void
classes_give_way(struct classes *classes, struct queue *queue, struct loss *loss, enum reason reason,
    unsigned below, bool admitted, struct excess *excess)
{
	struct victims victims = { .keep = classes->keep, .reason = reason, .excess = excess };
	const struct sweep sweep = { judge_class, &victims, classes->keep == NULL };
	const unsigned top = classes_top(classes);

	for (victims.class = 0; victims.class < below; victims.class++) {
		unsigned class = victims.class;
		struct queue_mark from = class < top ? queue->mark[class] : queue_oldest_mark(queue);
		struct queue_mark to = admitted ? queue_admitted_mark(queue) : queue_newest_mark(queue);

		if (tally_is_none(class == 0 ? &excess->all : &excess->need))
			return;
		from = sweep_drop(queue, loss, from, to, &sweep);
		if (class < top)
			queue->mark[class] = from;
	}
}

/* --- what a class has --------------------------------------------------------------------------- */

static struct queue_mark *
known_mark(const struct classes *classes, struct queue *queue, unsigned class)
{
	return &queue->mark[keep_count(classes->keep) + class];
}

/* In front of this there is nothing of that class that may give way. */
static struct queue_mark
base_of(struct queue *queue, unsigned class)
{
	struct queue_mark oldest = queue_oldest_mark(queue);

	return queue->mark[class].offset > oldest.offset ? queue->mark[class] : oldest;
}

struct count {
	const struct keep *keep;
	unsigned class;
	struct tally need;
	struct tally sum;  /* of all classes up to this one */
	struct tally *own; /* of this one */
};

static enum sweep_verdict
judge_count(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct count *count = state;

	(void)fate;
	if (tally_covers(&count->sum, &count->need))
		return SWEEP_STOP;
	if (keep_class(count->keep, record->text, record->body) == count->class) {
		ledger_count(&count->sum, 1, record->length);
		ledger_count(count->own, 1, record->length);
	}
	return SWEEP_KEEP;
}

/* Counts on where it stopped, unless some of what was counted has gone. */
static void
count_on(struct classes *classes, struct queue *queue, struct count *count)
{
	const struct sweep sweep = { judge_count, count, false };
	struct queue_mark *mark = known_mark(classes, queue, count->class), base = base_of(queue, count->class);
	struct classes_known *known = &classes->known[count->class];

	if (mark->offset < base.offset || mark->offset - base.offset != known->span) {
		*mark = base;
		known->tally = (struct tally){ 0, 0 };
	}
	ledger_count(&count->sum, known->tally.records, known->tally.bytes);
	count->own = &known->tally;
	*mark = sweep_look(queue, *mark, queue_admitted_mark(queue), &sweep);
	known->span = mark->offset - base.offset;
}

bool
classes_may_give(const struct classes *classes, struct queue *queue, unsigned below,
    const struct tally *let_in, const struct tally *need)
{
	struct tally sum = *let_in;

	for (unsigned class = 0; class < below; class++) {
		const struct tally *known = &classes->known[class].tally;

		if (known_mark(classes, queue, class)->offset < queue_admitted_mark(queue).offset)
			return true;
		ledger_count(&sum, known->records, known->bytes);
	}
	return below > 0 && tally_covers(&sum, need);
}

bool
classes_can_give(struct classes *classes, struct queue *queue, unsigned below, const struct tally *need)
{
	struct count count = { .keep = classes->keep, .need = *need };

	for (; count.class < below && !tally_covers(&count.sum, &count.need); count.class++)
		count_on(classes, queue, &count);
	return tally_covers(&count.sum, &count.need);
}

/* --- all that arrives at once --------------------------------------------------------------------- */

/* What has not arrived just now was let in. */
struct arrivals {
	const struct keep *keep;
	struct tally room;      /* that there is for all of them */
	uint64_t let_in;        /* so many of those that are still to be seen */
	struct census *census;
};

static enum sweep_verdict
judge_misfit(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct arrivals *arrivals = state;
	unsigned class = keep_class(arrivals->keep, record->text, record->body);
	struct tally above = { 0, 0 };

	if (arrivals->let_in > 0) {
		arrivals->let_in--;
	} else {
		for (unsigned c = class + 1; c <= keep_count(arrivals->keep); c++)
			ledger_count(&above, arrivals->census->of[c].records, arrivals->census->of[c].bytes);
		if (above.records >= arrivals->room.records || above.bytes + record->length > arrivals->room.bytes) {
			*fate = (struct sweep_fate){ REASON_NEWEST, class };
			return SWEEP_DROP;
		}
	}
	ledger_count(&arrivals->census->of[class], 1, record->length);
	return SWEEP_KEEP;
}

void
classes_census(const struct classes *classes, struct queue *queue, struct loss *loss, struct census *census)
{
	struct arrivals arrivals = { .keep = classes->keep, .census = census };
	const struct sweep sweep = { judge_misfit, &arrivals, classes->keep == NULL };
	const unsigned top = classes_top(classes);
	struct queue_mark oldest = queue_oldest_mark(queue), from;

	*census = (struct census){ 0 };
	arrivals.room = queue_room(queue);
	from = queue_admitted_mark(queue);
	if (top > 0) {
		from = base_of(queue, top - 1);
		census->of[top] = (struct tally){ from.number - oldest.number, from.offset - oldest.offset };
		arrivals.let_in = queue_admitted_mark(queue).number - from.number;
	}
	if (top > 0 || arrivals.room.bytes < queue->limits.record)
		(void)sweep_drop(queue, loss, from, queue_newest_mark(queue), &sweep);
	if (top == 0)
		census->of[0] = queue_ready(queue);
}
