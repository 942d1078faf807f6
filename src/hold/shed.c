/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/fit.h"
#include "hold/portion.h"
#include "hold/shed.h"
#include "hold/sweep.h"

void
shed_init(struct shed *shed, const struct shed_rules *rules)
{
	*shed = (struct shed){
		.classes.keep = rules->keep,
		.latest.history = { .key = rules->key, .keep = rules->keep, .salt = rules->salt },
		.chance = rules->chance,
		.weights = rules->weights,
		.sampling = rules->sampling,
		.share = rules->share,
		.pressure = rules->pressure,
		.portion = portion_first(),
	};
	fair_init(&shed->fair, rules->key, rules->keep, rules->salt);
}

unsigned
shed_marks(const struct shed *shed)
{
	return classes_marks(&shed->classes);
}

void
shed_watch_latest(struct shed *shed, struct queue *queue)
{
	history_watch(&shed->latest.history, queue);
}

void
shed_watch_fair(struct shed *shed, struct queue *queue)
{
	queue->watch = &shed->fair.watch;
}

void
shed_retune(struct shed *shed, const struct share *share)
{
	if (shed->share.num == share->num && shed->share.den == share->den)
		return;
	shed->share = *share;
	shed->sampled = 0;
}

void
shed_some(struct shed *shed, struct queue *queue, struct loss *loss, enum reason reason, uint64_t records)
{
	struct excess excess = { .need = { 1, 0 }, .all = { records, 0 }, .slice = UINT64_MAX };

	classes_give_way(&shed->classes, queue, loss, reason, classes_top(&shed->classes) + 1, false, &excess);
}

void
shed_relax(struct shed *shed)
{
	latest_relax(&shed->latest);
	fair_relax(&shed->fair);
	shed->portion = portion_first();
}

/* --- arrivals ----------------------------------------------------------------------------------- */

/* What those let in have left of the room is `room`; they are `all`. */
struct arrivals {
	struct shed *shed;
	struct queue *queue;
	bool equals;         /* those of its own class give way to one, too */
	bool classed;        /* some are more precious than others */
	bool pressed;        /* there is pressure, and the sample of it has begun */
	struct tally room;
	struct tally all;
	struct tally let_in; /* in this sweep */
	uint64_t number;     /* of the next, for its weight */
	unsigned below;      /* the one that wants room takes that of classes below this; or 0 */
	struct tally need;   /* what that one lacks */
};

static bool
has_room(const struct arrivals *arrivals, const struct queue_record *record)
{
	return record->length <= arrivals->room.bytes && arrivals->room.records > 0;
}

static struct tally
fill_of(const struct queue *queue, struct tally room)
{
	return (struct tally){ queue->limits.records - room.records, queue->limits.bytes - room.bytes };
}

/* It begins anew with each pressure, but where lots are drawn. */
static void
begin_sample(struct shed *shed)
{
	struct chance own;

	if (shed->weights == NULL) {
		sample_init(&shed->sample, &shed->share, SAMPLE_BY_COUNT, NULL);
	} else {
		chance_init(&own, true, chance_next(&shed->chance));
		sample_init(&shed->sample, &shed->share, SAMPLE_BY_RANDOM, &own);
	}
	shed->gap = sample_gap(&shed->sample);
}

/* Whether there is pressure, which begins at the high watermark, or with the first that finds no room.  It does not end
 * in a sweep. */
static bool
is_pressed(struct arrivals *arrivals, const struct queue_record *record)
{
	struct shed *shed = arrivals->shed;

	if (arrivals->pressed)
		return true;
	pressure_rise(shed->pressure, fill_of(arrivals->queue, arrivals->room), !has_room(arrivals, record));
	if (!pressure_is_on(shed->pressure))
		return false;
	if (shed->sampled != pressure_number(shed->pressure)) {
		shed->sampled = pressure_number(shed->pressure);
		begin_sample(shed);
	}
	return arrivals->pressed = true;
}

/* Whether an arrival is not in the sample of those that come in under pressure. */
static bool
is_left_out(struct arrivals *arrivals, const struct queue_record *record)
{
	struct shed *shed = arrivals->shed;

	if (!shed->sampling || !is_pressed(arrivals, record) ||
	    (arrivals->classed && classes_of(&shed->classes, record) > 0))
		return false;
	if (shed->weights != NULL && (!has_room(arrivals, record) || weights_is_shed(shed->weights, arrivals->number)))
		return false;
	if (shed->gap > 0) {
		shed->gap--;
		return true;
	}
	shed->gap = sample_gap(&shed->sample);
	return false;
}

/* Whether those below a class may have so much, for all that is known without a look.  False is sure. */
static bool
may_give(const struct arrivals *arrivals, unsigned below, const struct tally *need)
{
	const struct classes *classes = &arrivals->shed->classes;
	struct tally sum = arrivals->let_in;

	if (below <= classes_top(classes))
		return classes_may_give(classes, arrivals->queue, below, &sum, need);
	ledger_count(&sum, arrivals->all.records, arrivals->all.bytes);
	return tally_covers(&sum, need);
}

/* The same for sure, after the sweep; all of them have what may_give has seen. */
static bool
can_give(const struct arrivals *arrivals)
{
	struct classes *classes = &arrivals->shed->classes;

	return arrivals->below > classes_top(classes) ||
	    classes_can_give(classes, arrivals->queue, arrivals->below, &arrivals->need);
}

/* What comes in stands for what the sample leaves out, too. */
static void
weigh(struct arrivals *arrivals)
{
	const struct shed *shed = arrivals->shed;

	if (shed->weights != NULL)
		weights_shed(shed->weights, arrivals->number, shed->sampling && arrivals->pressed ?
		    sample_weight(&shed->sample, false) : WEIGHT_ONE);
}

static enum sweep_verdict
judge_one(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct arrivals *arrivals = state;
	struct tally *room = &arrivals->room;
	unsigned class, below;
	struct tally need;

	if (is_left_out(arrivals, record)) {
		*fate = (struct sweep_fate){ REASON_SHED, 0 };
		return SWEEP_DROP;
	}
	if (has_room(arrivals, record)) {
		room->bytes -= record->length;
		room->records--;
		ledger_count(&arrivals->let_in, 1, record->length);
		return SWEEP_KEEP;
	}
	class = arrivals->classed ? classes_of(&arrivals->shed->classes, record) : 0;
	below = class + arrivals->equals;
	need.records = room->records == 0;
	need.bytes = record->length > room->bytes ? record->length - room->bytes : 0;
	if (may_give(arrivals, below, &need)) {
		arrivals->below = below;
		arrivals->need = need;
		return SWEEP_STOP;
	}
	*fate = (struct sweep_fate){ REASON_NEWEST, class };
	return SWEEP_DROP;
}

static enum sweep_verdict
judge_arrival(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct arrivals *arrivals = state;
	const enum sweep_verdict verdict = judge_one(state, record, fate);

	if (verdict == SWEEP_KEEP)
		weigh(arrivals);
	else if (verdict == SWEEP_DROP && arrivals->shed->weights != NULL)
		weights_shed_out(arrivals->shed->weights, arrivals->number);
	arrivals->number += verdict != SWEEP_STOP;
	return verdict;
}

/* The number, for its weight, of the first that has arrived. */
static uint64_t
first_arrival(const struct shed *shed, const struct queue *queue)
{
	return shed->weights != NULL ? weights_last(shed->weights, queue_waiting(queue) - queue->admitted_records) : 0;
}

/* Lets in what has arrived, one after the other. */
static void
let_in(struct arrivals *arrivals, struct loss *loss)
{
	struct shed *shed = arrivals->shed;
	struct queue *queue = arrivals->queue;
	const struct sweep sweep = { judge_arrival, arrivals, classes_top(&shed->classes) == 0 };

	arrivals->classed = !sweep.blind;
	fit_take_back(queue);
	arrivals->number = first_arrival(shed, queue);
	classes_take_back(&shed->classes, queue);
	do {
		arrivals->room = fit_room(queue);
		arrivals->all = (struct tally){ queue->admitted_records, queue->admitted };
		arrivals->let_in = (struct tally){ 0, 0 };
		arrivals->below = 0;
		fit_admit_to(queue, sweep_drop(queue, loss, queue_admitted_mark(queue),
		    queue_newest_mark(queue), &sweep));
		if (arrivals->below > 0 && can_give(arrivals)) {
			struct excess excess = excess_with_part(queue, arrivals->need, EXCESS_PART);

			classes_give_way(&shed->classes, queue, loss, REASON_OLDEST, arrivals->below, true, &excess);
		}
	} while (arrivals->below > 0);
}

static void
admit_all(struct shed *shed, struct queue *queue)
{
	if (shed->weights != NULL && queue_waiting(queue) > queue->admitted_records)
		weights_shed_none(shed->weights);
	classes_look_ahead(&shed->classes, queue);
	fit_admit(queue);
}

void
shed_oldest(struct shed *shed, struct queue *queue, struct loss *loss)
{
	struct arrivals arrivals = { .shed = shed, .queue = queue, .equals = true };

	if (fit_all(queue))
		admit_all(shed, queue);
	else
		let_in(&arrivals, loss);
}

/* Whether all may come in without a look at each.  Before that, pressure ends where what was let in earlier is low. */
static bool
fits_without_pressure(struct shed *shed, struct queue *queue)
{
	struct tally all;

	if (!shed->sampling)
		return fit_all(queue);
	(void)pressure_ease(shed->pressure, fill_of(queue, fit_room(queue)));
	all = (struct tally){ queue_waiting(queue), queue_held(queue).bytes - queue_partial(queue) + queue->elsewhere };
	return fit_all(queue) && !pressure_is_on(shed->pressure) && !pressure_is_high(shed->pressure, all);
}

void
shed_newest(struct shed *shed, struct queue *queue, struct loss *loss)
{
	struct arrivals arrivals = { .shed = shed, .queue = queue };

	if (fits_without_pressure(shed, queue))
		admit_all(shed, queue);
	else
		let_in(&arrivals, loss);
}
