/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/mapped.h"
#include "hold/excess.h"
#include "hold/fair.h"
#include "hold/fit.h"
#include "hold/sweep.h"

#include <assert.h>
#include <stdlib.h>

static_assert(2 * KEEP_MOST + FAIR_MARKS <= QUEUE_MARKS, "marks for the classes and for the round");

/* Places in the table: one for so many bytes of the buffer, within these.  (A test has fewer, so that keys meet.) */
#ifndef FAIR_PLACES_LEAST
#define FAIR_PLACES_LEAST ((size_t)1 << 16)
#define FAIR_PLACES_MOST ((size_t)1 << 20)
#endif
#define FAIR_BYTES_A_PLACE 16

/* How much is noted with a verdict, as with latest: half as much again as has come since the last one, and a little. */
#ifndef FAIR_SLICE
#define FAIR_SLICE(arrived) ((uint64_t)(arrived) / 2 * 3 + ((uint64_t)16 << 10))
#endif

/* So many records are read on while their places are fetched. */
#define AHEAD 16

/* --- levels ---------------------------------------------------------------------------------------- */

/* A level for each number below 16, and beyond that 16 for each power of two. */
#define STEPS 16
#define LEVELS (61 * STEPS)

struct level {
	uint64_t keys; /* that hold at least so much, and less than the next level; */
	uint64_t sum;  /* and what they hold together */
};

struct fair_table {
	struct level level[LEVELS];
	uint64_t held[]; /* by the key, or the keys, of each place */
};

static unsigned
level_of(uint64_t weight)
{
	unsigned power = 0;

	if (weight < STEPS)
		return (unsigned)weight;
#ifdef __GNUC__
	power = 63 - (unsigned)__builtin_clzll(weight);
#else
	while (weight >> power > 1)
		power++;
#endif
	return (power - 3) * STEPS + (unsigned)(weight >> (power - 4) & (STEPS - 1));
}

static uint64_t
least_of(unsigned level)
{
	return level < STEPS ? level : (STEPS + (uint64_t)level % STEPS) << (level / STEPS - 1);
}

/* The highest level such that what is held above it is at least so much; 0 where nothing is. */
static uint64_t
level_above(const struct fair_table *table, uint64_t wanted)
{
	struct level sum = { 0, 0 };

	for (unsigned level = LEVELS - 1; level > 0; level--) {
		sum.keys += table->level[level].keys;
		sum.sum += table->level[level].sum;
		if (sum.keys > 0 && sum.sum - sum.keys * least_of(level) >= wanted)
			return least_of(level);
	}
	return 0;
}

/* --- what keys hold -------------------------------------------------------------------------------- */

static uint64_t *
held_of(const struct fair *fair, const struct queue_record *record)
{
	return &fair->table->held[key_hash(key_of(fair->key, record->text, record->body), fair->salt) & fair->mask];
}

static uint64_t
weight_of(const struct fair *fair, uint64_t length)
{
	return length > fair->least ? length : fair->least;
}

/* It holds so much instead. */
static void
hold(struct fair_table *table, uint64_t *held, uint64_t next)
{
	struct level *before = &table->level[level_of(*held)], *after = &table->level[level_of(next)];

	before->keys -= *held > 0;
	before->sum -= *held;
	after->keys += next > 0;
	after->sum += next;
	*held = next;
}

static void
take_off(struct fair *fair, const struct queue_record *record, uint64_t *held)
{
	hold(fair->table, held, *held - weight_of(fair, record->length));
	tally_lessen(&fair->noted, 1, record->length);
}

/* --- noting ---------------------------------------------------------------------------------------- */

static bool
begin(struct fair *fair, const struct queue *queue)
{
	const struct queue_limits *limits = &queue->limits;
	size_t places = FAIR_PLACES_LEAST;

	while (places < FAIR_PLACES_MOST && places < limits->bytes / FAIR_BYTES_A_PLACE)
		places *= 2;
	fair->size = sizeof(*fair->table) + places * sizeof(uint64_t);
	fair->mask = places - 1;
	fair->salt = chance_next(&fair->chance);
	fair->limits = (struct tally){ limits->records, limits->bytes };
	fair->least = limits->records == UINT64_MAX ? 1 : limits->bytes / limits->records;
	fair->least += fair->least == 0;
	fair->noted = (struct tally){ 0, 0 };
	if ((fair->table = mapped_new(fair->size)) == NULL)
		return false;
	mapped_prefer_huge(fair->table, fair->size);
	return true;
}

void
fair_relax(struct fair *fair)
{
	if (fair->table != NULL)
		mapped_free(fair->table, fair->size);
	fair->table = NULL;
	fair->failed = false;
}

/* The next few, at place, whose places in the table, all at a time, are fetched; returns their bytes. */
static uint64_t
note_few(struct fair *fair, struct queue *queue, struct chain_place *place)
{
	uint64_t *held[AHEAD], length[AHEAD], bytes = 0;
	unsigned count = 0;

	for (; count < AHEAD && fair->noted.bytes + bytes < queue->ready; count++) {
		const struct queue_record record = queue_record_at(queue, (size_t)(fair->noted.bytes + bytes), *place, true);

		held[count] = held_of(fair, &record);
#ifdef __GNUC__
		__builtin_prefetch(held[count], 1);
#endif
		length[count] = record.length;
		bytes += record.length;
		chain_skip(&queue->chain, place, record.length);
	}
	for (unsigned i = 0; i < count; i++)
		hold(fair->table, held[i], *held[i] + weight_of(fair, length[i]));
	ledger_count(&fair->noted, count, bytes);
	return bytes;
}

/* The next of those that wait, until they have `most` bytes or are all. */
static void
note(struct fair *fair, struct queue *queue, uint64_t most)
{
	const struct tally limits = { queue->limits.records, queue->limits.bytes };
	struct chain_place place;
	uint64_t done = 0;

	if (fair->table != NULL && (limits.bytes != fair->limits.bytes || limits.records != fair->limits.records))
		fair_relax(fair); /* it is another buffer, in which records weigh otherwise */
	if (fair->table == NULL && (fair->failed = !begin(fair, queue)))
		return;
	place = chain_at(&queue->chain, (size_t)fair->noted.bytes);
	while (done < most && fair->noted.bytes < queue->ready)
		done += note_few(fair, queue, &place);
}

/* Records from there on that are noted are counted off, before they go. */
static void
count_off(struct fair *fair, struct queue *queue, size_t offset, struct chain_place place, uint64_t length)
{
	for (uint64_t done = 0; done < length;) {
		const struct queue_record record = queue_record_at(queue, offset, place, true);

		take_off(fair, &record, held_of(fair, &record));
		offset += record.length;
		done += record.length;
		chain_skip(&queue->chain, &place, record.length);
	}
}

static void
on_leave(struct watch *watch, struct queue *queue, uint64_t records, uint64_t bytes)
{
	struct fair *fair = (struct fair *)watch;

	(void)records;
	if (fair->table != NULL)
		count_off(fair, queue, 0, chain_at(&queue->chain, 0), bytes < fair->noted.bytes ? bytes : fair->noted.bytes);
}

static void
on_cut(struct watch *watch, struct queue *queue, size_t to, size_t offset, struct chain_place place, size_t length)
{
	struct fair *fair = (struct fair *)watch;
	const uint64_t left = fair->noted.bytes > to ? fair->noted.bytes - to : 0;

	if (fair->table != NULL && !fair->sweeping)
		count_off(fair, queue, offset, place, length < left ? length : left);
}

void
fair_init(struct fair *fair, const struct key_rule *key, uint64_t seed)
{
	*fair = (struct fair){ .watch = { on_leave, on_cut }, .key = key };
	chance_init(&fair->chance, true, seed);
}

/* --- giving way ------------------------------------------------------------------------------------ */

struct round {
	struct fair *fair;
	const struct classes *classes;
	unsigned class;  /* that gives way; there are none of lesser ones */
	uint64_t level;  /* who holds more gives way */
	struct excess *excess;
};

static enum sweep_verdict
judge(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct round *round = state;
	uint64_t *held;

	if (excess_done(round->excess))
		return SWEEP_STOP;
	held = held_of(round->fair, record);
	if (*held <= round->level ||
	    (round->class < classes_top(round->classes) && classes_of(round->classes, record) > round->class)) {
		excess_stays(round->excess, record->length);
		return SWEEP_KEEP;
	}
	excess_goes(round->excess, record->length);
	take_off(round->fair, record, held);
	*fate = (struct sweep_fate){ REASON_FAIR, round->class };
	return SWEEP_DROP;
}

/* All that is to go, in what records weigh. */
static uint64_t
wanted(const struct fair *fair, const struct tally *all)
{
	const uint64_t by_records = all->records * fair->least;

	return all->bytes > by_records ? all->bytes : by_records;
}

/* As much as must go, of keys above the level that a part of the room lies above: so that not only the very fattest of many
 * that are nearly equal give way, whose records would have to be looked for. */
static struct queue_mark
sweep(struct round *round, struct queue *queue, struct loss *loss, struct queue_mark from)
{
	const struct sweep over = { judge, round, false };

	*round->excess = excess_of(queue, EXCESS_PART);
	round->level = level_above(round->fair->table, wanted(round->fair, &round->excess->all));
	round->excess->all = round->excess->need;
	return sweep_drop(queue, loss, from, queue_newest_mark(queue), &over);
}

/* Of such keys what has just come goes first: in a buffer that leaves in order those of the others in front of it get out
 * meanwhile, as do its own.  (Its oldest first would be those that are next to leave: it would have less than its share.)
 * What that does not give is looked for in the buffer, where the last verdict has stopped; from the front, once, where
 * that was not enough. */
static void
cut_down(struct round *round, struct queue *queue, struct loss *loss)
{
	struct queue_mark *at = &queue->mark[classes_marks(round->classes)];

	(void)sweep(round, queue, loss, queue_admitted_mark(queue));
	for (int times = 0; times < 2 && !fit_all(queue); times++) {
		const struct queue_mark from = classes_from(round->classes, queue, round->class);

		if (times > 0 || at->offset < from.offset || at->offset >= queue_newest_mark(queue).offset)
			*at = from;
		*at = sweep(round, queue, loss, *at);
	}
}

static void
give_way(struct fair *fair, struct classes *classes, struct queue *queue, struct loss *loss)
{
	struct excess excess;

	if (!fair->failed)
		note(fair, queue, UINT64_MAX);
	if (fair->failed) {
		excess = excess_of(queue, EXCESS_PART);
		classes_give_way(classes, queue, loss, REASON_OLDEST, classes_top(classes) + 1, false, &excess);
		return;
	}
	for (unsigned class = 0; !fit_all(queue); class += class < classes_top(classes)) {
		struct round round = { fair, classes, class, 0, &excess };

		fair->sweeping = true;
		cut_down(&round, queue, loss);
		fair->sweeping = false;
		excess = excess_of(queue, EXCESS_PART);
		if (!fit_all(queue) && class < classes_top(classes))
			classes_give_way(classes, queue, loss, REASON_FAIR, class + 1, false, &excess);
	}
}

void
fair_settle(struct fair *fair, struct classes *classes, struct queue *queue, struct loss *loss)
{
	if (!fit_all(queue))
		classes_drop_misfits(classes, queue, loss);
	else
		classes_look_ahead(classes, queue);
	if (fit_all(queue) && fit_is_within(queue, 6))
		fair_relax(fair);
	else if (!fair->failed && (fair->table != NULL || !fit_is_within(queue, 3)))
		note(fair, queue, FAIR_SLICE(queue_newest_mark(queue).offset - queue_admitted_mark(queue).offset));
	if (!fit_all(queue))
		give_way(fair, classes, queue, loss);
	fit_admit(queue);
#ifdef WEIR_DEBUG
	fair_check(fair, queue);
#endif
}

/* --- checking -------------------------------------------------------------------------------------- */

void
fair_check(const struct fair *fair, struct queue *queue)
{
	const struct fair_table *table = fair->table;
	struct level sum = { 0, 0 }, levels = { 0, 0 };
	uint64_t weights = 0;

	if (table == NULL)
		return;
	for (uint64_t place = 0; place <= fair->mask; place++) {
		sum.keys += table->held[place] > 0;
		sum.sum += table->held[place];
	}
	for (unsigned level = 0; level < LEVELS; level++) {
		levels.keys += table->level[level].keys;
		levels.sum += table->level[level].sum;
	}
	for (size_t offset = 0; offset < fair->noted.bytes;) {
		const struct queue_record record = queue_record_at(queue, offset, chain_at(&queue->chain, offset), false);

		weights += weight_of(fair, record.length);
		offset += record.length;
	}
	if (sum.keys != levels.keys || sum.sum != levels.sum || sum.sum != weights || fair->noted.bytes > queue->ready)
		abort();
}
