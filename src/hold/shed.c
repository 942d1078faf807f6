/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/shed.h"
#include "hold/fit.h"
#include "hold/sweep.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What part of the room a sweep frees at least; more by lot, where the sweep is always over all. */
#define PART 8
#define PART_BY_LOT 4

static_assert(2 * KEEP_MOST <= QUEUE_MARKS, "two marks for each class but the most precious");

unsigned
shed_marks(const struct shed *shed)
{
	return 2 * keep_count(shed->keep);
}

void
shed_retune(struct shed *shed, const struct share *share)
{
	if (shed->share.num == share->num && shed->share.den == share->den)
		return;
	shed->share = *share;
	shed->sampled = 0;
}

/* What has to go, so that all fits; and what goes with it, so that a part of the room is free besides.  For that
 * part no class gives way that need not. */
struct excess {
	struct tally need;
	struct tally all;
};

static bool
is_gone(const struct tally *left)
{
	return left->bytes == 0 && left->records == 0;
}

static void
lessen(struct tally *left, uint64_t records, uint64_t bytes)
{
	left->records -= left->records < records ? left->records : records;
	left->bytes -= left->bytes < bytes ? left->bytes : bytes;
}

static void
has_gone(struct excess *excess, uint64_t records, uint64_t bytes)
{
	lessen(&excess->need, records, bytes);
	lessen(&excess->all, records, bytes);
}

static bool
covers(const struct tally *sum, const struct tally *need)
{
	return sum->bytes >= need->bytes && sum->records >= need->records;
}

/* Of what lacks, with a part of the room. */
static struct excess
with_part(struct queue *queue, struct tally need, unsigned part)
{
	return (struct excess){ need, {
		need.records > 0 ? need.records + queue->limits.records / part : 0,
		need.bytes > 0 ? need.bytes + (queue->limits.bytes - queue_rest(queue)) / part : 0,
	} };
}

/* Nothing where all fits. */
static struct excess
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

	return with_part(queue, need, part);
}

/* --- by class ----------------------------------------------------------------------------------- */

struct victims {
	const struct keep *keep;
	unsigned class; /* that gives way; there are none of lesser ones */
	enum reason reason;
	struct excess excess;
};

static enum sweep_verdict
judge_class(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct victims *victims = state;

	if (is_gone(&victims->excess.all))
		return SWEEP_STOP;
	if (victims->class < keep_count(victims->keep) &&
	    keep_class(victims->keep, record->text, record->body) > victims->class)
		return SWEEP_KEEP;
	has_gone(&victims->excess, 1, record->length);
	*fate = (struct sweep_fate){ victims->reason, victims->class };
	return SWEEP_DROP;
}

/* Records of classes below `below` give way, the least precious class first; of those that are admitted, or
 * of all.  What matches nothing gives all that is to go, the others only where they must. */
static void
give_way(struct shed *shed, struct queue *queue, struct loss *loss, unsigned below, bool admitted,
    struct victims *victims)
{
	const struct sweep sweep = { judge_class, victims, shed->keep == NULL };
	const unsigned top = keep_count(shed->keep);

	victims->keep = shed->keep;
	for (victims->class = 0; victims->class < below; victims->class++) {
		unsigned class = victims->class;
		struct queue_mark from = class < top ? queue->mark[class] : queue_oldest_mark(queue);
		struct queue_mark to = admitted ? queue_admitted_mark(queue) : queue_newest_mark(queue);

		if (is_gone(class == 0 ? &victims->excess.all : &victims->excess.need))
			return;
		from = sweep_drop(queue, loss, from, to, &sweep);
		if (class < top)
			queue->mark[class] = from;
	}
}

void
shed_some(struct shed *shed, struct queue *queue, struct loss *loss, enum reason reason, uint64_t records)
{
	struct victims victims = { .reason = reason, .excess = { { 1, 0 }, { records, 0 } } };

	give_way(shed, queue, loss, keep_count(shed->keep) + 1, false, &victims);
}

/* --- what a class has --------------------------------------------------------------------------- */

static struct queue_mark *
known_mark(const struct shed *shed, struct queue *queue, unsigned class)
{
	return &queue->mark[keep_count(shed->keep) + class];
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
	if (covers(&count->sum, &count->need))
		return SWEEP_STOP;
	if (keep_class(count->keep, record->text, record->body) == count->class) {
		ledger_count(&count->sum, 1, record->length);
		ledger_count(count->own, 1, record->length);
	}
	return SWEEP_KEEP;
}

/* Counts on where it stopped, unless some of what was counted has gone. */
static void
count_on(struct shed *shed, struct queue *queue, struct count *count)
{
	const struct sweep sweep = { judge_count, count, false };
	struct queue_mark *mark = known_mark(shed, queue, count->class), base = base_of(queue, count->class);
	struct shed_known *known = &shed->known[count->class];

	if (mark->offset < base.offset || mark->offset - base.offset != known->span) {
		*mark = base;
		known->tally = (struct tally){ 0, 0 };
	}
	ledger_count(&count->sum, known->tally.records, known->tally.bytes);
	count->own = &known->tally;
	*mark = sweep_look(queue, *mark, queue_admitted_mark(queue), &sweep);
	known->span = mark->offset - base.offset;
}

/* --- arrivals ----------------------------------------------------------------------------------- */

/* What those let in have left of the room is `room`; they are `all`, but for a part-sent one. */
struct arrivals {
	struct shed *shed;
	struct queue *queue;
	bool equals;         /* those of its own class give way to one, too */
	struct tally room;
	struct tally all;
	struct tally let_in; /* in this sweep */
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

/* Whether an arrival is not in the sample of those that come in under pressure, which begins at the high
 * watermark, or with the first that finds no room. */
static bool
is_left_out(const struct arrivals *arrivals, const struct queue_record *record)
{
	struct shed *shed = arrivals->shed;

	if (!shed->sampling)
		return false;
	pressure_rise(shed->pressure, fill_of(arrivals->queue, arrivals->room), !has_room(arrivals, record));
	if (!pressure_is_on(shed->pressure))
		return false;
	if (shed->sampled != pressure_number(shed->pressure)) {
		shed->sampled = pressure_number(shed->pressure);
		sample_init(&shed->sample, &shed->share, SAMPLE_BY_COUNT, NULL);
		shed->gap = sample_gap(&shed->sample);
	}
	if (keep_class(shed->keep, record->text, record->body) > 0)
		return false;
	if (shed->gap > 0) {
		shed->gap--;
		return true;
	}
	shed->gap = sample_gap(&shed->sample);
	return false;
}

/* Whether those below a class may have so much, for all that is known without a look.  False is
 * sure. */
static bool
may_give(const struct arrivals *arrivals, unsigned below, const struct tally *need)
{
	struct tally sum = arrivals->let_in;

	if (below > keep_count(arrivals->shed->keep)) {
		ledger_count(&sum, arrivals->all.records, arrivals->all.bytes);
		return covers(&sum, need);
	}
	for (unsigned class = 0; class < below; class++) {
		const struct tally *known = &arrivals->shed->known[class].tally;

		if (known_mark(arrivals->shed, arrivals->queue, class)->offset < arrivals->queue->admitted)
			return true;
		ledger_count(&sum, known->records, known->bytes);
	}
	return below > 0 && covers(&sum, need);
}

/* The same for sure, after the sweep. */
static bool
can_give(const struct arrivals *arrivals)
{
	struct count count = { .keep = arrivals->shed->keep, .need = arrivals->need };

	if (arrivals->below > keep_count(count.keep))
		return true; /* all that may_give has seen */
	for (; count.class < arrivals->below && !covers(&count.sum, &count.need); count.class++)
		count_on(arrivals->shed, arrivals->queue, &count);
	return covers(&count.sum, &count.need);
}

static enum sweep_verdict
judge_arrival(void *state, const struct queue_record *record, struct sweep_fate *fate)
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
	class = keep_class(arrivals->shed->keep, record->text, record->body);
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

/* Lets in what has arrived, one after the other. */
static void
let_in(struct arrivals *arrivals, struct loss *loss)
{
	struct shed *shed = arrivals->shed;
	struct queue *queue = arrivals->queue;
	const struct sweep sweep = { judge_arrival, arrivals, shed->keep == NULL };

	do {
		struct tally room = arrivals->room = fit_room(queue);
		arrivals->all = (struct tally){ queue->limits.records - room.records,
			queue->limits.bytes - queue_rest(queue) - room.bytes };
		arrivals->let_in = (struct tally){ 0, 0 };
		arrivals->below = 0;
		fit_admit_to(queue, sweep_drop(queue, loss, queue_admitted_mark(queue),
		    queue_newest_mark(queue), &sweep));
		if (arrivals->below > 0 && can_give(arrivals)) {
			struct victims victims = { .reason = REASON_OLDEST,
				.excess = with_part(queue, arrivals->need, PART) };

			give_way(shed, queue, loss, arrivals->below, true, &victims);
		}
	} while (arrivals->below > 0);
}

void
shed_oldest(struct shed *shed, struct queue *queue, struct loss *loss)
{
	struct arrivals arrivals = { .shed = shed, .queue = queue, .equals = true };

	if (fit_all(queue))
		fit_admit(queue);
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
	all = (struct tally){ queue_waiting(queue), queue_held(queue).bytes - queue_partial(queue) };
	return fit_all(queue) && !pressure_is_on(shed->pressure) && !pressure_is_high(shed->pressure, all);
}

void
shed_newest(struct shed *shed, struct queue *queue, struct loss *loss)
{
	struct arrivals arrivals = { .shed = shed, .queue = queue };

	if (fits_without_pressure(shed, queue))
		fit_admit(queue);
	else
		let_in(&arrivals, loss);
}

/* --- all that arrives at once --------------------------------------------------------------------- */

/* How many there are of each class. */
struct census {
	const struct keep *keep;
	struct tally room;      /* that there is for all of them */
	uint64_t let_in;        /* so many of those that are still to be seen */
	struct tally of[KEEP_MOST + 1];
};

static enum sweep_verdict
judge_misfit(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct census *census = state;
	unsigned class = keep_class(census->keep, record->text, record->body);
	struct tally above = { 0, 0 };

	if (census->let_in > 0) {
		census->let_in--;
	} else {
		for (unsigned c = class + 1; c <= keep_count(census->keep); c++)
			ledger_count(&above, census->of[c].records, census->of[c].bytes);
		if (above.records >= census->room.records || above.bytes + record->length > census->room.bytes) {
			*fate = (struct sweep_fate){ REASON_NEWEST, class };
			return SWEEP_DROP;
		}
	}
	ledger_count(&census->of[class], 1, record->length);
	return SWEEP_KEEP;
}

/* Drops what cannot fit beside what is in front of it and more precious.  Where there is but one
 * class that takes no look, or only at the lengths of what has come. */
static void
take_census(struct census *census, struct queue *queue, struct loss *loss)
{
	const struct queue_limits *limits = &queue->limits;
	const struct sweep sweep = { judge_misfit, census, census->keep == NULL };
	const unsigned top = keep_count(census->keep);
	struct queue_mark oldest = queue_oldest_mark(queue), from;

	(void)fit_room(queue); /* a part-sent record is in */
	census->room = (struct tally){ limits->records, limits->bytes - queue_rest(queue) };
	from = queue_admitted_mark(queue);
	if (top > 0) {
		from = base_of(queue, top - 1);
		census->of[top] = (struct tally){ from.number - oldest.number, from.offset - oldest.offset };
		census->let_in = queue_admitted_mark(queue).number - from.number;
	}
	if (top > 0 || census->room.bytes < limits->record)
		(void)sweep_drop(queue, loss, from, queue_newest_mark(queue), &sweep);
	if (top == 0)
		census->of[0] = (struct tally){ queue_waiting(queue),
			queue_held(queue).bytes - queue_partial(queue) - queue_rest(queue) };
}

/* --- by lot ------------------------------------------------------------------------------------- */

struct lot {
	struct shed *shed;
	unsigned top;       /* the most precious class */
	unsigned class;     /* that gives way */
	struct tally *left; /* of it, */
	uint64_t unseen;    /* and so many are still to be seen, */
	uint64_t wanted;    /* of which so many are drawn */
};

static bool
is_spared(const struct lot *lot, const struct queue_record *record)
{
	return lot->class < lot->top &&
	    keep_class(lot->shed->keep, record->text, record->body) > lot->class;
}

static enum sweep_verdict
drawn(struct lot *lot, const struct queue_record *record, struct sweep_fate *fate)
{
	lessen(lot->left, 1, record->length);
	*fate = (struct sweep_fate){ REASON_RANDOM, lot->class };
	return SWEEP_DROP;
}

/* So many of all, each set of that many with the same probability: Knuth's algorithm S (The Art of
 * Computer Programming, 3.4.2). */
static enum sweep_verdict
judge_lot(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct lot *lot = state;

	if (lot->wanted == 0)
		return SWEEP_STOP;
	if (is_spared(lot, record) || chance_below(&lot->shed->chance, lot->unseen--) >= lot->wanted)
		return SWEEP_KEEP;
	lot->wanted--;
	return drawn(lot, record, fate);
}

/* n * num / den, rounded down (num < den < 2^62). */
static uint64_t
share_of(uint64_t n, uint64_t num, uint64_t den)
{
	uint64_t quotient = 0, rest = 0;

	for (int i = 63; i >= 0; i--) {
		rest = 2 * rest + (n >> i & 1) * num;
		quotient = 2 * quotient + rest / den;
		rest %= den;
	}
	return quotient;
}

/* How many to draw: of records as many as there are too many, of bytes what has them on average. */
static uint64_t
wanted_of(const struct tally *left, const struct tally *excess)
{
	uint64_t wanted = excess->records;

	if (excess->records >= left->records || excess->bytes >= left->bytes)
		return left->records;
	if (excess->bytes > 0) {
		uint64_t by_bytes = share_of(left->records, excess->bytes, left->bytes);
		wanted = wanted > by_bytes ? wanted : by_bytes;
	}
	return wanted;
}

/* One after the other until there is room, without knowing beforehand how many that takes.  Each gets
 * a number by chance, and those with the lowest go: which ones that are is found eight bits at a time,
 * by how much there is for each value of them.  The numbers are not kept: they come again from the
 * same seed. */
#define DIGIT_BITS 8
#define DIGITS (1 << DIGIT_BITS)

struct draw {
	struct lot lot;
	struct chance chance;
	uint64_t last;   /* who has this number goes, and who has a lower one; it is known */
	unsigned shift;  /* but for so many bits */
	struct tally digit[DIGITS];
};

static enum sweep_verdict
judge_digit(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct draw *draw = state;
	uint64_t number;

	(void)fate;
	if (is_spared(&draw->lot, record))
		return SWEEP_KEEP;
	number = chance_next(&draw->chance);
	if ((number ^ draw->last) >> draw->shift >> DIGIT_BITS == 0)
		ledger_count(&draw->digit[number >> draw->shift & (DIGITS - 1)], 1, record->length);
	return SWEEP_KEEP;
}

static enum sweep_verdict
judge_number(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct draw *draw = state;

	if (is_spared(&draw->lot, record) || chance_next(&draw->chance) > draw->last)
		return SWEEP_KEEP;
	return drawn(&draw->lot, record, fate);
}

/* There are as many as are needed. */
static void
draw_until_room(const struct lot *lot, struct queue *queue, struct loss *loss)
{
	struct draw draw = { .lot = *lot };
	const bool blind = lot->shed->keep == NULL;
	const struct sweep look = { judge_digit, &draw, blind };
	const struct sweep drop = { judge_number, &draw, blind };
	struct tally need = excess_of(queue, 1).need;
	unsigned digit;

	draw.shift = 64;
	do {
		draw.shift -= DIGIT_BITS;
		memset(draw.digit, 0, sizeof(draw.digit));
		draw.chance = lot->shed->chance;
		(void)sweep_look(queue, queue_oldest_mark(queue), queue_newest_mark(queue), &look);
		for (digit = 0; digit < DIGITS - 1 && !covers(&draw.digit[digit], &need); digit++)
			lessen(&need, draw.digit[digit].records, draw.digit[digit].bytes);
		draw.last |= (uint64_t)digit << draw.shift;
	} while (draw.digit[digit].records > 1 && draw.shift > 0);
	draw.last |= ((uint64_t)1 << draw.shift) - 1;
	draw.chance = lot->shed->chance;
	(void)sweep_drop(queue, loss, queue_oldest_mark(queue), queue_newest_mark(queue), &drop);
	lot->shed->chance = draw.chance;
}

void
shed_random(struct shed *shed, struct queue *queue, struct loss *loss)
{
	struct census census = { .keep = shed->keep };
	struct lot lot = { .shed = shed, .top = keep_count(shed->keep) };
	const struct sweep sweep = { judge_lot, &lot, shed->keep == NULL };

	if (!fit_all(queue))
		take_census(&census, queue, loss);
	for (; !fit_all(queue); lot.class++) {
		struct excess excess = excess_of(queue, PART_BY_LOT);

		lot.left = &census.of[lot.class];
		lot.unseen = lot.left->records;
		lot.wanted = wanted_of(lot.left, &excess.all);
		if (lot.wanted > 0)
			(void)sweep_drop(queue, loss, queue_oldest_mark(queue), queue_newest_mark(queue), &sweep);
		if (!fit_all(queue) && lot.left->records > 0)
			draw_until_room(&lot, queue, loss);
	}
	fit_admit(queue);
}

/* --- by key ------------------------------------------------------------------------------------- */

/* Which record of those that wait is the newest with each key: open addressing, at most half full.  By a hash
 * of 64 bits: among a million keys two are taken for one once in 37 million times. */
struct shed_seen {
	size_t slots; /* a power of two */
	size_t used;
	struct slot {
		uint64_t hash;
		uint64_t newest; /* counted from 1; 0: the slot is free */
	} slot[];
};

#define SLOTS_LEAST 1024

static struct slot *
find_slot(struct shed_seen *seen, uint64_t hash)
{
	size_t at = (size_t)hash & (seen->slots - 1);

	while (seen->slot[at].newest != 0 && seen->slot[at].hash != hash)
		at = (at + 1) & (seen->slots - 1);
	return &seen->slot[at];
}

static struct shed_seen *
new_seen(size_t slots)
{
	struct shed_seen *seen = calloc(1, sizeof(*seen) + slots * sizeof(seen->slot[0]));

	if (seen != NULL)
		seen->slots = slots;
	return seen;
}

/* A table of twice the size, or NULL; the old one stays. */
static struct shed_seen *
grown(struct shed_seen *old)
{
	struct shed_seen *seen = new_seen(2 * old->slots);

	for (size_t i = 0; seen != NULL && i < old->slots; i++)
		if (old->slot[i].newest != 0)
			*find_slot(seen, old->slot[i].hash) = old->slot[i];
	if (seen != NULL)
		seen->used = old->used;
	return seen;
}

struct keyed {
	struct shed *shed;
	uint64_t number;  /* of the record, from 1 */
	bool failed;      /* no memory */
};

static uint64_t
hash_of(const struct shed *shed, const struct queue_record *record)
{
	return key_hash(key_of(shed->key, record->text, record->body), shed->salt);
}

static enum sweep_verdict
note_key(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct keyed *keyed = state;
	struct shed *shed = keyed->shed;
	uint64_t hash = hash_of(shed, record);
	struct slot *slot;

	(void)fate;
	if (2 * shed->seen->used >= shed->seen->slots) {
		struct shed_seen *larger = grown(shed->seen);
		if (larger == NULL) {
			keyed->failed = true;
			return SWEEP_STOP;
		}
		free(shed->seen);
		shed->seen = larger;
	}
	slot = find_slot(shed->seen, hash);
	shed->seen->used += slot->newest == 0;
	*slot = (struct slot){ hash, ++keyed->number };
	return SWEEP_KEEP;
}

static enum sweep_verdict
judge_key(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct keyed *keyed = state;
	struct shed *shed = keyed->shed;

	if (find_slot(shed->seen, hash_of(shed, record))->newest == ++keyed->number ||
	    keep_class(shed->keep, record->text, record->body) > 0)
		return SWEEP_KEEP;
	*fate = (struct sweep_fate){ REASON_SUPERSEDED, 0 };
	return SWEEP_DROP;
}

/* False without memory. */
static bool
remember_keys(struct shed *shed)
{
	if (shed->seen == NULL)
		return (shed->seen = new_seen(SLOTS_LEAST)) != NULL;
	memset(shed->seen->slot, 0, shed->seen->slots * sizeof(shed->seen->slot[0]));
	shed->seen->used = 0;
	return true;
}

/* All of the least class that have a newer one with the same key behind them go. */
static void
supersede(struct shed *shed, struct queue *queue, struct loss *loss)
{
	struct keyed keyed = { .shed = shed };
	const struct sweep note = { note_key, &keyed, false };
	const struct sweep drop = { judge_key, &keyed, false };
	/* In front of this there is nothing of the least class, and what supersedes a record is behind it. */
	struct queue_mark from = shed->keep != NULL ? queue->mark[0] : queue_oldest_mark(queue);

	if (!remember_keys(shed))
		return;
	(void)sweep_look(queue, from, queue_newest_mark(queue), &note);
	if (keyed.failed || shed->seen->used == keyed.number)
		return;
	keyed.number = 0;
	(void)sweep_drop(queue, loss, from, queue_newest_mark(queue), &drop);
}

void
shed_superseded(struct shed *shed, struct queue *queue, struct loss *loss)
{
	struct census census = { .keep = shed->keep };
	struct victims victims = { .reason = REASON_OLDEST };

	if (!fit_all(queue))
		take_census(&census, queue, loss);
	if (!fit_all(queue)) {
		uint64_t bytes = queue_held(queue).bytes, records = queue_waiting(queue);

		victims.excess = excess_of(queue, PART);
		supersede(shed, queue, loss);
		has_gone(&victims.excess, records - queue_waiting(queue), bytes - queue_held(queue).bytes);
		give_way(shed, queue, loss, keep_count(shed->keep) + 1, false, &victims);
	}
	fit_admit(queue);
}

void
shed_relax(struct shed *shed)
{
	free(shed->seen);
	shed->seen = NULL;
}
