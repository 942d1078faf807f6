/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "shed.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What part of the room a sweep frees at least; more by lot, where the sweep is always over all. */
#define PART 8
#define PART_BY_LOT 4

static_assert(KEEP_MOST <= QUEUE_MARKS, "a mark for each class but the most precious");

unsigned
shed_marks(const struct shed *shed)
{
	return keep_count(shed->keep);
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

	return (struct excess){ need, {
		need.records > 0 ? need.records + limits->records / part : 0,
		need.bytes > 0 ? need.bytes + room / part : 0,
	} };
}

/* --- by class ----------------------------------------------------------------------------------- */

struct victims {
	const struct keep *keep;
	unsigned class; /* that gives way; there are none of lesser ones */
	enum reason reason;
	struct excess excess;
};

static enum queue_verdict
judge_class(void *state, const struct queue_record *record, struct queue_fate *fate)
{
	struct victims *victims = state;

	if (is_gone(&victims->excess.all))
		return QUEUE_STOP;
	if (victims->class < keep_count(victims->keep) &&
	    keep_class(victims->keep, record->text, record->body) > victims->class)
		return QUEUE_KEEP;
	has_gone(&victims->excess, 1, record->length);
	*fate = (struct queue_fate){ victims->reason, victims->class };
	return QUEUE_DROP;
}

/* Records of classes below `below` give way, the least precious class first; of those that are admitted, or
 * of all.  What matches nothing gives all that is to go, the others only where they must. */
static void
give_way(struct shed *shed, struct queue *queue, struct loss *loss, unsigned below, bool admitted,
    struct victims *victims)
{
	const struct queue_sweep sweep = { judge_class, victims, shed->keep == NULL };
	const unsigned top = keep_count(shed->keep);

	victims->keep = shed->keep;
	for (victims->class = 0; victims->class < below; victims->class++) {
		unsigned class = victims->class;
		struct queue_mark from = class < top ? queue->mark[class] : queue_oldest_mark(queue);
		struct queue_mark to = admitted ? queue_admitted_mark(queue) : queue_newest_mark(queue);

		if (is_gone(class == 0 ? &victims->excess.all : &victims->excess.need))
			return;
		from = queue_sweep(queue, loss, from, to, &sweep);
		if (class < top)
			queue->mark[class] = from;
	}
}

void
shed_oldest(struct shed *shed, struct queue *queue, struct loss *loss)
{
	struct victims victims = { .reason = REASON_OLDEST, .excess = excess_of(queue, PART) };

	give_way(shed, queue, loss, keep_count(shed->keep) + 1, false, &victims);
	queue_admit(queue);
}

void
shed_some(struct shed *shed, struct queue *queue, struct loss *loss, enum reason reason, uint64_t records)
{
	struct victims victims = { .reason = reason, .excess = { { 1, 0 }, { records, 0 } } };

	give_way(shed, queue, loss, keep_count(shed->keep) + 1, false, &victims);
}

/* --- arrivals ----------------------------------------------------------------------------------- */

struct arrivals {
	struct shed *shed;
	const struct queue *queue;
	struct tally room;   /* that those let in have left */
	bool any;            /* one was let in, in this sweep */
	unsigned class;      /* of the one that wants the room of less precious ones; or 0 */
	size_t length;       /* of that one */
};

static bool
has_room(const struct arrivals *arrivals, const struct queue_record *record)
{
	return record->length <= arrivals->room.bytes && arrivals->room.records > 0;
}

/* Whether an arrival is not in the sample of those that come in under pressure, which begins at the high
 * watermark, or with the first that finds no room. */
static bool
is_left_out(struct arrivals *arrivals, const struct queue_record *record)
{
	struct shed *shed = arrivals->shed;
	const struct queue_limits *limits = &arrivals->queue->limits;

	if (!shed->sampling)
		return false;
	if (!shed->pressed && (limits->bytes - arrivals->room.bytes >= shed->high.bytes ||
	    limits->records - arrivals->room.records >= shed->high.records || !has_room(arrivals, record))) {
		shed->pressed = true;
		sample_init(&shed->sample, &shed->share, SAMPLE_BY_COUNT, NULL);
		shed->gap = sample_gap(&shed->sample);
	}
	if (!shed->pressed || keep_class(shed->keep, record->text, record->body) > 0)
		return false;
	if (shed->gap > 0) {
		shed->gap--;
		return true;
	}
	shed->gap = sample_gap(&shed->sample);
	return false;
}

/* Whether there may be records of a class below this one among those let in. */
static bool
is_above_others(const struct arrivals *arrivals, unsigned class)
{
	for (unsigned c = 0; c < class; c++)
		if (arrivals->any || arrivals->queue->mark[c].offset < arrivals->queue->admitted)
			return true;
	return false;
}

static enum queue_verdict
judge_arrival(void *state, const struct queue_record *record, struct queue_fate *fate)
{
	struct arrivals *arrivals = state;
	struct tally *room = &arrivals->room;
	unsigned class;

	if (is_left_out(arrivals, record)) {
		*fate = (struct queue_fate){ REASON_SHED, 0 };
		return QUEUE_DROP;
	}
	if (has_room(arrivals, record)) {
		room->bytes -= record->length;
		room->records--;
		arrivals->any = true;
		return QUEUE_KEEP;
	}
	class = keep_class(arrivals->shed->keep, record->text, record->body);
	if (is_above_others(arrivals, class)) {
		arrivals->class = class;
		arrivals->length = record->length;
		return QUEUE_STOP;
	}
	*fate = (struct queue_fate){ REASON_NEWEST, class };
	return QUEUE_DROP;
}

/* What has to go for one arrival. */
static struct excess
excess_for(const struct arrivals *arrivals)
{
	const struct queue_limits *limits = &arrivals->queue->limits;
	struct tally need = {
		arrivals->room.records == 0,
		arrivals->length > arrivals->room.bytes ? arrivals->length - arrivals->room.bytes : 0,
	};
	uint64_t bytes = need.bytes > limits->bytes / PART ? need.bytes : limits->bytes / PART;

	return (struct excess){ need, {
		need.records > 0 ? limits->records / PART + 1 : 0,
		need.bytes > 0 ? bytes : 0,
	} };
}

static bool
fits_without_pressure(struct shed *shed, struct queue *queue)
{
	struct tally room = queue_room(queue); /* of those let in before */
	struct tally depth = { queue->limits.records - room.records, queue->limits.bytes - room.bytes };

	if (depth.bytes <= shed->low.bytes && depth.records <= shed->low.records)
		shed->pressed = false;
	if (!queue_fits(queue) || (shed->sampling && shed->pressed))
		return false;
	return !shed->sampling || (queue_held(queue).bytes - queue_partial(queue) < shed->high.bytes &&
	    queue_waiting(queue) < shed->high.records);
}

void
shed_newest(struct shed *shed, struct queue *queue, struct loss *loss)
{
	struct arrivals arrivals = { .shed = shed, .queue = queue };
	const struct queue_sweep sweep = { judge_arrival, &arrivals, shed->keep == NULL };

	if (fits_without_pressure(shed, queue)) {
		queue_admit(queue);
		return;
	}
	do {
		arrivals.room = queue_room(queue);
		arrivals.any = false;
		arrivals.class = 0;
		queue_admit_to(queue, queue_sweep(queue, loss, queue_admitted_mark(queue),
		    queue_newest_mark(queue), &sweep));
		if (arrivals.class > 0) {
			struct victims victims = { .reason = REASON_OLDEST, .excess = excess_for(&arrivals) };
			give_way(shed, queue, loss, arrivals.class, true, &victims);
		}
	} while (arrivals.class > 0);
}

/* --- by lot ------------------------------------------------------------------------------------- */

struct lot {
	struct shed *shed;
	unsigned top;          /* the most precious class */
	unsigned class;
	struct tally all;      /* of that class */
	struct sample goes;    /* of all numbers that can be drawn, those that mean it */
	bool counting;
};

static enum queue_verdict
judge_lot(void *state, const struct queue_record *record, struct queue_fate *fate)
{
	struct lot *lot = state;

	if (lot->class < lot->top &&
	    keep_class(lot->shed->keep, record->text, record->body) > lot->class)
		return QUEUE_KEEP;
	if (lot->counting) {
		ledger_count(&lot->all, 1, record->length);
		return QUEUE_KEEP;
	}
	*fate = (struct queue_fate){ REASON_RANDOM, lot->class };
	return sample_has(&lot->goes, chance_next(&lot->shed->chance)) ? QUEUE_DROP : QUEUE_KEEP;
}

/* How many there are of a class: where there is but one, all that wait. */
static void
count_class(struct lot *lot, struct queue *queue, struct loss *loss)
{
	const struct queue_sweep sweep = { judge_lot, lot, false };
	struct tally held = queue_held(queue);

	lot->all = (struct tally){ queue_waiting(queue),
		held.bytes - queue_partial(queue) - queue_rest(queue) };
	if (lot->top == 0)
		return;
	lot->all = (struct tally){ 0, 0 };
	lot->counting = true;
	(void)queue_sweep(queue, loss, queue_oldest_mark(queue), queue_newest_mark(queue), &sweep);
	lot->counting = false;
}

void
shed_random(struct shed *shed, struct queue *queue, struct loss *loss)
{
	struct lot lot = { .shed = shed, .top = keep_count(shed->keep) };
	const struct queue_sweep sweep = { judge_lot, &lot, shed->keep == NULL };

	/* A draw may be too small: then there is another one. */
	while (!queue_fits(queue)) {
		struct excess excess = excess_of(queue, PART_BY_LOT);
		bool by_bytes = excess.need.bytes > 0;
		struct share share;

		count_class(&lot, queue, loss);
		if (lot.all.records == 0) {
			lot.class++;
			continue;
		}
		share = (struct share){ excess.all.records, lot.all.records };
		if (by_bytes)
			share = (struct share){ excess.all.bytes, lot.all.bytes };
		if (share.num > share.den)
			share.num = share.den;
		sample_init(&lot.goes, &share, SAMPLE_BY_KEY, NULL);
		(void)queue_sweep(queue, loss, queue_oldest_mark(queue), queue_newest_mark(queue), &sweep);
	}
	queue_admit(queue);
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

static enum queue_verdict
note_key(void *state, const struct queue_record *record, struct queue_fate *fate)
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
			return QUEUE_STOP;
		}
		free(shed->seen);
		shed->seen = larger;
	}
	slot = find_slot(shed->seen, hash);
	shed->seen->used += slot->newest == 0;
	*slot = (struct slot){ hash, ++keyed->number };
	return QUEUE_KEEP;
}

static enum queue_verdict
judge_key(void *state, const struct queue_record *record, struct queue_fate *fate)
{
	struct keyed *keyed = state;
	struct shed *shed = keyed->shed;

	if (find_slot(shed->seen, hash_of(shed, record))->newest == ++keyed->number ||
	    keep_class(shed->keep, record->text, record->body) > 0)
		return QUEUE_KEEP;
	*fate = (struct queue_fate){ REASON_SUPERSEDED, 0 };
	return QUEUE_DROP;
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

void
shed_superseded(struct shed *shed, struct queue *queue, struct loss *loss)
{
	struct keyed keyed = { .shed = shed };
	const struct queue_sweep note = { note_key, &keyed, false };
	const struct queue_sweep drop = { judge_key, &keyed, false };
	struct victims victims = { .reason = REASON_OLDEST, .excess = excess_of(queue, PART) };
	uint64_t bytes = queue_held(queue).bytes, records = queue_waiting(queue);
	/* In front of this there is nothing of the least class, and what supersedes a record is behind it. */
	struct queue_mark from = shed->keep != NULL ? queue->mark[0] : queue_oldest_mark(queue);

	if (queue_fits(queue)) {
		queue_admit(queue);
		return;
	}
	if (remember_keys(shed))
		(void)queue_sweep(queue, loss, from, queue_newest_mark(queue), &note);
	if (shed->seen != NULL && !keyed.failed && shed->seen->used < keyed.number) {
		keyed.number = 0;
		(void)queue_sweep(queue, loss, from, queue_newest_mark(queue), &drop);
		has_gone(&victims.excess, records - queue_waiting(queue), bytes - queue_held(queue).bytes);
	}
	give_way(shed, queue, loss, keep_count(shed->keep) + 1, false, &victims);
	queue_admit(queue);
}

void
shed_relax(struct shed *shed)
{
	free(shed->seen);
	shed->seen = NULL;
}
