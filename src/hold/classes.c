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

	if (excess_done(victims->excess))
		return SWEEP_STOP;
	if (victims->class < keep_count(victims->keep) &&
	    keep_class(victims->keep, record->text, record->body) > victims->class) {
		excess_stays(victims->excess, record->length);
		return SWEEP_KEEP;
	}
	excess_goes(victims->excess, record->length);
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

static struct tally
tally_between(struct queue_mark from, struct queue_mark to)
{
	return (struct tally){ to.number - from.number, to.offset - from.offset };
}

/* In front of this there is nothing of that class that may give way. */
static struct queue_mark
base_of(struct queue *queue, unsigned class)
{
	struct queue_mark oldest = queue_oldest_mark(queue);

	return queue->mark[class].offset > oldest.offset ? queue->mark[class] : oldest;
}

struct queue_mark
classes_from(const struct classes *classes, struct queue *queue, unsigned class)
{
	return class < classes_top(classes) ? base_of(queue, class) : queue_oldest_mark(queue);
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

/* Whether nothing of what was counted of it has gone. */
static bool
is_counted(const struct classes *classes, struct queue *queue, unsigned class)
{
	const size_t to = known_mark(classes, queue, class)->offset, base = base_of(queue, class).offset;

	return to >= base && to - base == classes->known[class].span;
}

static void
count_anew(struct classes *classes, struct queue *queue, unsigned class)
{
	*known_mark(classes, queue, class) = base_of(queue, class);
	classes->known[class] = (struct classes_known){ 0 };
}

void
classes_take_back(struct classes *classes, struct queue *queue)
{
	for (unsigned class = 0; class < classes_top(classes); class++)
		if (known_mark(classes, queue, class)->offset > queue_admitted_mark(queue).offset)
			count_anew(classes, queue, class);
}

/* Counts on where it stopped, unless some of what was counted has gone. */
static void
count_on(struct classes *classes, struct queue *queue, struct count *count)
{
	const struct sweep sweep = { judge_count, count, false };
	struct queue_mark *mark = known_mark(classes, queue, count->class), base = base_of(queue, count->class);
	struct classes_known *known = &classes->known[count->class];

	if (!is_counted(classes, queue, count->class))
		count_anew(classes, queue, count->class);
	ledger_count(&count->sum, known->tally.records, known->tally.bytes);
	count->own = &known->tally;
	*mark = sweep_look(queue, *mark, queue_admitted_mark(queue), &sweep);
	known->span = mark->offset - base.offset;
}

void
classes_know(struct classes *classes, struct queue *queue, unsigned class, const struct tally *own)
{
	const struct queue_mark admitted = queue_admitted_mark(queue), base = base_of(queue, class);

	if (class >= classes_top(classes) || admitted.offset < base.offset)
		return;
	*known_mark(classes, queue, class) = admitted;
	classes->known[class] = (struct classes_known){ admitted.offset - base.offset, *own };
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

/* Of the class's records from one mark to another, no more than is needed. */
static void
count_between(struct queue *queue, struct count *count, struct queue_mark from, struct queue_mark to)
{
	const struct sweep sweep = { judge_count, count, false };

	(void)sweep_look(queue, from, to, &sweep);
}

struct tally
classes_all(const struct classes *classes, struct queue *queue, unsigned class)
{
	struct tally own = { 0, 0 };
	struct count count = { .keep = classes->keep, .class = class, .need = { UINT64_MAX, UINT64_MAX }, .own = &own };

	if (classes_top(classes) == 0)
		own = tally_between(queue_oldest_mark(queue), queue_newest_mark(queue));
	else
		count_between(queue, &count, classes_from(classes, queue, class), queue_newest_mark(queue));
	return own;
}

bool
classes_has(struct classes *classes, struct queue *queue, unsigned class, const struct tally *need)
{
	struct tally own = { 0, 0 };
	struct count count = { .keep = classes->keep, .class = class, .need = *need };

	if (class == classes_top(classes))
		return true;
	count_on(classes, queue, &count);
	count.own = &own;
	count_between(queue, &count, queue_admitted_mark(queue), queue_newest_mark(queue));
	return tally_covers(&count.sum, need);
}

/* --- all that arrives at once --------------------------------------------------------------------- */

struct arrivals {
	const struct keep *keep;
	struct tally room;  /* that there is for all */
	struct tally front; /* what waits in front of the next one */
	unsigned enough;    /* those up to this class have what is needed: none of it, or of a higher one, is a misfit */
	struct tally below[KEEP_MOST]; /* what those up to a class have of what is in front (class < enough) */
};

static enum sweep_verdict
judge_misfit(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct arrivals *arrivals = state;
	unsigned class = keep_class(arrivals->keep, record->text, record->body);
	struct tally above = { 0, 0 };

	if (class < arrivals->enough) {
		above = arrivals->front;
		tally_lessen(&above, arrivals->below[class].records, arrivals->below[class].bytes);
	}
	if (above.records >= arrivals->room.records || above.bytes + record->length > arrivals->room.bytes) {
		*fate = (struct sweep_fate){ REASON_NEWEST, class };
		return SWEEP_DROP;
	}
	ledger_count(&arrivals->front, 1, record->length);
	for (; class < arrivals->enough; class++)
		ledger_count(&arrivals->below[class], 1, record->length);
	return SWEEP_KEEP;
}

/* The least class of those up to which there is as much as is needed. */
static void
find_enough(struct classes *classes, struct queue *queue, const struct tally *need, struct arrivals *arrivals)
{
	const unsigned top = classes_top(classes);
	struct tally sum = { 0, 0 };
	unsigned class = 0;

	for (; class < top && !classes_can_give(classes, queue, class + 1, need); class++) {
		ledger_count(&sum, classes->known[class].tally.records, classes->known[class].tally.bytes);
		arrivals->below[class] = sum;
	}
	arrivals->enough = class;
}

void
classes_drop_misfits(struct classes *classes, struct queue *queue, struct loss *loss)
{
	struct arrivals arrivals = { .keep = classes->keep, .room = queue_room(queue) };
	const struct sweep sweep = { judge_misfit, &arrivals, classes->keep == NULL };
	const struct tally need = excess_of(queue, EXCESS_PART).need;

	arrivals.front = tally_between(queue_oldest_mark(queue), queue_admitted_mark(queue));
	find_enough(classes, queue, &need, &arrivals);
	if (tally_covers(&arrivals.front, &need) && arrivals.enough == 0)
		return;
	(void)sweep_drop(queue, loss, queue_admitted_mark(queue), queue_newest_mark(queue), &sweep);
}

/* --- looking ahead -------------------------------------------------------------------------------- */

struct scout {
	const struct keep *keep;
	unsigned class;
	struct queue_mark at, to;
	uint64_t slice; /* to be looked at, at most */
};

static enum sweep_verdict
judge_ahead(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct scout *scout = state;
	uint64_t cost = excess_cost(record->length);

	(void)fate;
	if (scout->slice == 0 || (scout->at.offset >= scout->to.offset && scout->at.number >= scout->to.number) ||
	    keep_class(scout->keep, record->text, record->body) <= scout->class)
		return SWEEP_STOP;
	scout->at.offset += record->length;
	scout->at.number++;
	scout->slice -= scout->slice < cost ? scout->slice : cost;
	return SWEEP_KEEP;
}

/* The mark of a class moves on to the first that may give way of it. */
static void
move_on(struct classes *classes, struct queue *queue, struct scout *scout)
{
	const struct sweep sweep = { judge_ahead, scout, false };
	const bool counted = is_counted(classes, queue, scout->class);
	struct queue_mark *known = known_mark(classes, queue, scout->class), to;

	scout->at = base_of(queue, scout->class);
	to = sweep_look(queue, scout->at, queue_newest_mark(queue), &sweep);
	queue->mark[scout->class] = to;
	if (counted && known->offset >= to.offset)
		classes->known[scout->class].span = known->offset - to.offset;
}

/* Twice what is above the half: all of it when it is full. */
static uint64_t
twice_above_half(uint64_t fill, uint64_t room)
{
	return fill > room - fill ? fill - (room - fill) : 0;
}

void
classes_look_ahead(struct classes *classes, struct queue *queue)
{
	const struct queue_limits *limits = &queue->limits;
	struct scout scout = { .keep = classes->keep, .slice = excess_slice() };
	const unsigned top = classes_top(classes);

	if (top == 0)
		return;
	scout.to.offset = (size_t)twice_above_half(queue_newest_mark(queue).offset, limits->bytes);
	scout.to.number = twice_above_half(queue_waiting(queue), limits->records);
	if (scout.to.offset == 0 && scout.to.number == 0)
		return;
	scout.to.number += queue_first(queue);
	for (; scout.class < top && scout.slice > 0; scout.class++)
		move_on(classes, queue, &scout);
}

/* --- where it begins, and how dense it is there ------------------------------------------------------ */

struct queue_mark
classes_first(struct classes *classes, struct queue *queue, unsigned class)
{
	const struct queue_mark newest = queue_newest_mark(queue);
	struct scout scout = { .keep = classes->keep, .class = class, .to = newest, .slice = UINT64_MAX };

	if (class < classes_top(classes))
		move_on(classes, queue, &scout);
	return classes_from(classes, queue, class);
}

void
classes_has_none(const struct classes *classes, struct queue *queue, unsigned class, struct queue_mark before)
{
	if (class < classes_top(classes))
		queue->mark[class] = before;
}

struct density {
	const struct keep *keep;
	unsigned class;
	struct tally need, own, others;
};

static enum sweep_verdict
judge_density(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct density *density = state;
	const bool own = keep_class(density->keep, record->text, record->body) == density->class;
	struct tally *sum = own ? &density->own : &density->others;

	(void)fate;
	ledger_count(sum, 1, record->length);
	return tally_covers(sum, &density->need) ? SWEEP_STOP : SWEEP_KEEP;
}

bool
classes_is_sparse(const struct classes *classes, struct queue *queue, unsigned class, const struct tally *need)
{
	struct density density = { .keep = classes->keep, .class = class, .need = *need };
	const struct sweep sweep = { judge_density, &density, false };

	if (class == classes_top(classes))
		return false;
	(void)sweep_look(queue, classes_from(classes, queue, class), queue_newest_mark(queue), &sweep);
	return tally_covers(&density.others, need);
}
