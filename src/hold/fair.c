/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/mapped.h"
#include "hold/excess.h"
#include "hold/fair.h"
#include "hold/fit.h"
#include "hold/level.h"
#include "hold/stretches.h"
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

/* --- levels ---------------------------------------------------------------------------------------- */

struct level {
	uint64_t keys; /* that hold at least so much, and less than the next level; */
	uint64_t sum;  /* and what they hold together */
};

struct fair_table {
	struct level level[LEVELS];
	uint64_t held[]; /* by the key, or the keys, of each place */
};

/* The highest level such that what is held above its least is at least so much; 0 where nothing is. */
static unsigned
level_above(const struct fair_table *table, uint64_t wanted)
{
	struct level sum = { 0, 0 };

	for (unsigned level = LEVELS - 1; level > 0; level--) {
		sum.keys += table->level[level].keys;
		sum.sum += table->level[level].sum;
		if (sum.keys > 0 && sum.sum - sum.keys * level_least(level) >= wanted)
			return level;
	}
	return 0;
}

/* --- what keys hold -------------------------------------------------------------------------------- */

/* Whether it is of those that are shared out: what --keep matches is not counted, and does not give way for that. */
static bool
is_shared(const struct fair *fair, const struct queue_record *record)
{
	return fair->keep == NULL || keep_class(fair->keep, record->text, record->body) == 0;
}

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

/* One that is shared out is about to go. */
static void
take_off(struct fair *fair, const struct queue_record *record, uint64_t *held)
{
	hold(fair->table, held, *held - weight_of(fair, record->length));
	tally_lessen(&fair->shared, 1, record->length);
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
	fair->noted = fair->shared = (struct tally){ 0, 0 };
	if (!stretches_begin(&fair->stretches, limits, level_of(limits->bytes) + 1))
		return false;
	if ((fair->table = mapped_new(fair->size)) == NULL) {
		stretches_end(&fair->stretches);
		return false;
	}
	mapped_prefer_huge(fair->table, fair->size);
	return true;
}

void
fair_relax(struct fair *fair)
{
	if (fair->table != NULL) {
		mapped_free(fair->table, fair->size);
		stretches_end(&fair->stretches);
	}
	fair->table = NULL;
	fair->failed = false;
}

/* The next few, at place, whose places in the table, all at a time, are fetched; returns their bytes. */
static uint64_t
note_few(struct fair *fair, struct queue *queue, struct chain_place *place)
{
	uint64_t *held[FAIR_AHEAD], length[FAIR_AHEAD], bytes = 0;
	unsigned count = 0;

	for (; count < FAIR_AHEAD && fair->noted.bytes + bytes < queue->ready; count++) {
		const struct queue_record record = queue_record_at(queue, (size_t)(fair->noted.bytes + bytes), *place, true);

		held[count] = is_shared(fair, &record) ? held_of(fair, &record) : NULL;
#ifdef __GNUC__
		__builtin_prefetch(held[count], 1);
#endif
		length[count] = record.length;
		bytes += record.length;
		chain_skip(&queue->chain, place, record.length);
	}
	for (unsigned i = 0; i < count; i++) {
		const uint64_t weight = held[i] != NULL ? weight_of(fair, length[i]) : 0;

		if (held[i] != NULL) {
			hold(fair->table, held[i], *held[i] + weight);
			ledger_count(&fair->shared, 1, length[i]);
		}
		stretches_note(&fair->stretches, length[i], weight, held[i] != NULL ? level_of(*held[i]) : 0);
	}
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

/* Of what has just come some goes at once, where there is no room: that is looked at as stretches of its own. */
static void
note_more(struct fair *fair, struct queue *queue, uint64_t most)
{
	if (fair->table != NULL) {
		stretches_join(&fair->stretches);
		if (!fit_all(queue) && fair->noted.bytes == queue_admitted_mark(queue).offset)
			stretches_open(&fair->stretches);
	}
	note(fair, queue, most);
}

/* One that is noted is about to go; returns its length. */
static uint64_t
count_off(struct fair *fair, struct queue *queue, size_t offset, struct chain_place place)
{
	const struct queue_record record = queue_record_at(queue, offset, place, true);

	if (is_shared(fair, &record))
		take_off(fair, &record, held_of(fair, &record));
	tally_lessen(&fair->noted, 1, record.length);
	return record.length;
}

static void
on_leave(struct watch *watch, struct queue *queue, uint64_t records, uint64_t bytes)
{
	struct fair *fair = (struct fair *)watch;
	struct tally left = { 0, 0 };
	struct chain_place place;

	(void)records;
	if (fair->table == NULL)
		return;
	bytes = bytes < fair->noted.bytes ? bytes : fair->noted.bytes;
	for (place = chain_at(&queue->chain, 0); left.bytes < bytes;) {
		const uint64_t length = count_off(fair, queue, (size_t)left.bytes, place);

		ledger_count(&left, 1, length);
		chain_skip(&queue->chain, &place, (size_t)length);
	}
	stretches_leave(&fair->stretches, left.records, left.bytes);
}

static void
on_cut(struct watch *watch, struct queue *queue, size_t to, size_t offset, struct chain_place place, size_t length)
{
	struct fair *fair = (struct fair *)watch;
	const size_t end = offset + length;
	size_t index;
	uint64_t at;

	if (fair->table == NULL || fair->sweeping || to >= fair->noted.bytes)
		return;
	index = stretches_find(&fair->stretches, to);
	for (at = to - stretches_before(&fair->stretches, index).bytes; offset < end && to < fair->noted.bytes;) {
		uint64_t gone;

		while (at >= stretches_at(&fair->stretches, index)->all.bytes)
			at -= stretches_at(&fair->stretches, index++)->all.bytes;
		gone = count_off(fair, queue, offset, place);
		stretches_lessen(&fair->stretches, index, gone);
		offset += (size_t)gone;
		chain_skip(&queue->chain, &place, (size_t)gone);
	}
}

void
fair_init(struct fair *fair, const struct key_rule *key, const struct keep *keep, uint64_t seed)
{
	*fair = (struct fair){ .watch = { on_leave, on_cut }, .key = key, .keep = keep };
	chance_init(&fair->chance, true, seed);
}

/* --- giving way ------------------------------------------------------------------------------------ */

/* Records that are looked at, in order, from one on. */
struct look {
	struct fair *fair;
	unsigned level;      /* whose keys hold so much gives way: */
	struct tally need;   /* as much as must, */
	bool all;            /* or all that hold so much */
	size_t index;        /* of the stretch of the next record, */
	uint64_t left;       /* of which so many are still to be seen; */
	bool anew;           /* it is noted anew, as what it is now */
};

/* Of a stretch that is looked at from its first record on. */
static void
begin_anew(struct look *look, size_t index)
{
	look->index = index;
	look->left = stretches_at(&look->fair->stretches, index)->all.records;
	look->anew = true;
	stretches_renew(&look->fair->stretches, index);
}

static enum sweep_verdict
judge(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct look *look = state;
	struct fair *fair = look->fair;
	uint64_t *held;

	while (look->left == 0)
		begin_anew(look, look->index + 1);
	look->left--;
	if (!is_shared(fair, record))
		return SWEEP_KEEP;
	held = held_of(fair, record);
	if (level_of(*held) < look->level || (!look->all && tally_is_none(&look->need))) {
		if (look->anew)
			stretches_add(&fair->stretches, look->index, weight_of(fair, record->length), level_of(*held));
		return SWEEP_KEEP;
	}
	tally_lessen(&look->need, 1, record->length);
	take_off(fair, record, held);
	tally_lessen(&fair->noted, 1, record->length);
	stretches_lessen(&fair->stretches, look->index, record->length);
	*fate = (struct sweep_fate){ REASON_FAIR, 0 };
	return SWEEP_DROP;
}

static struct queue_mark
sweep(struct look *look, struct queue *queue, struct loss *loss, struct queue_mark from, struct queue_mark to)
{
	const struct sweep over = { judge, look, false };
	struct queue_mark end;

	look->fair->sweeping = true;
	end = sweep_drop(queue, loss, from, to, &over);
	look->fair->sweeping = false;
	return end;
}

/* All that is to go, in what records weigh. */
static uint64_t
wanted(const struct fair *fair, const struct tally *all)
{
	const uint64_t by_records = all->records * fair->least;

	return all->bytes > by_records ? all->bytes : by_records;
}

/* Of what has just come, as much as must go: in a buffer that leaves in order what is in front of it gets out meanwhile.  (The oldest of
 * those keys first would be those that are next to leave: they would have less than their share.) */
static void
cut_arrivals(struct look *look, struct queue *queue, struct loss *loss)
{
	const struct queue_mark admitted = queue_admitted_mark(queue);
	const struct stretches *stretches = &look->fair->stretches;
	const size_t index = stretches_find(stretches, admitted.offset);

	look->all = false;
	if (stretches_before(stretches, index).bytes == admitted.offset) {
		begin_anew(look, index);
	} else {
		look->index = index;
		look->left = stretches_before(stretches, index + 1).records - (admitted.number - queue_first(queue));
		look->anew = false;
	}
	(void)sweep(look, queue, loss, admitted, queue_newest_mark(queue));
}

/* Whether enough in a stretch is of those that give way: any, where there is no level. */
static bool
is_worth_it(const struct fair *fair, size_t index, unsigned level)
{
	const struct tally *all = &stretches_at(&fair->stretches, index)->all;
	const uint64_t mass = all->records > 0 ? stretches_mass(&fair->stretches, index, level) : 0;

	return mass > 0 && (level == 0 || mass >= wanted(fair, all) / FAIR_SPARSE);
}

/* Of a stretch all that gives way; what stays is noted as what it is now.  Returns the mark behind it. */
static struct queue_mark
cut_stretch(struct look *look, struct queue *queue, struct loss *loss, size_t index)
{
	const struct stretches *stretches = &look->fair->stretches;
	struct queue_mark from = queue_oldest_mark(queue), to;
	const struct tally before = stretches_before(stretches, index), all = stretches_at(stretches, index)->all;

	from = (struct queue_mark){ (size_t)before.bytes, from.number + before.records };
	to = (struct queue_mark){ from.offset + (size_t)all.bytes, from.number + all.records };
	look->all = true;
	begin_anew(look, index);
	return sweep(look, queue, loss, from, to);
}

/* In the buffer it goes round, and goes on behind where the last verdict has stopped; only where it is worth it. */
static void
cut_waiting(struct look *look, struct queue *queue, struct loss *loss, struct queue_mark *at)
{
	const struct stretches *stretches = &look->fair->stretches;

	size_t i = at->offset < queue_newest_mark(queue).offset ? stretches_find(stretches, at->offset) : 0;

	for (int times = 0; times < 2; times++, i = 0)
		for (; i < stretches->count && !fit_all(queue); i++)
			if (is_worth_it(look->fair, i, look->level))
				*at = cut_stretch(look, queue, loss, i);
}

/* The level is such that a part of the room lies above it: so that not only the very fattest of many that are nearly equal
 * give way, whose records would have to be looked for.  Where they are few among what is kept all are equal that is not. */
static void
share_out(struct fair *fair, const struct classes *classes, struct queue *queue, struct loss *loss)
{
	struct queue_mark *at = &queue->mark[classes_marks(classes)];
	const struct excess excess = excess_of(queue, EXCESS_PART);
	struct look look = { .fair = fair, .level = level_above(fair->table, wanted(fair, &excess.all)), .need = excess.need };

	cut_arrivals(&look, queue, loss);
	cut_waiting(&look, queue, loss, at);
	if (fit_all(queue))
		return;
	look.level = 0;
	cut_waiting(&look, queue, loss, at);
	if (!fit_all(queue))
		classes_has_none(classes, queue, 0, queue_newest_mark(queue));
}

static void
give_way(struct fair *fair, struct classes *classes, struct queue *queue, struct loss *loss)
{
	struct excess excess;

	if (!fair->failed)
		note(fair, queue, UINT64_MAX);
	if (!fair->failed)
		share_out(fair, classes, queue, loss);
	if (fit_all(queue))
		return;
	excess = excess_of(queue, EXCESS_PART);
	excess.slice /= 4; /* whatever goes is looked up */
	classes_give_way(classes, queue, loss, fair->failed ? REASON_OLDEST : REASON_FAIR, classes_top(classes) + 1, false, &excess);
}

/* What is shared out is what is of the least class; which the classes would have to count, where they do not know. */
static void
tell_classes(const struct fair *fair, struct classes *classes, struct queue *queue)
{
	if (fair->table != NULL && fair->noted.bytes == queue_admitted_mark(queue).offset)
		classes_know(classes, queue, 0, &fair->shared);
}

void
fair_settle(struct fair *fair, struct classes *classes, struct queue *queue, struct loss *loss)
{
	if (!fit_all(queue)) {
		tell_classes(fair, classes, queue);
		classes_drop_misfits(classes, queue, loss);
	} else {
		classes_look_ahead(classes, queue);
	}
	if (fit_all(queue) && fit_is_within(queue, 6))
		fair_relax(fair);
	else if (!fair->failed && (fair->table != NULL || !fit_is_within(queue, 3)))
		note_more(fair, queue, FAIR_SLICE(queue_newest_mark(queue).offset - queue_admitted_mark(queue).offset));
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
	struct tally all = { 0, 0 }, shared = { 0, 0 };
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
	while (all.bytes < fair->noted.bytes) {
		const struct queue_record record = queue_record_at(queue, (size_t)all.bytes, chain_at(&queue->chain, (size_t)all.bytes), true);

		if (is_shared(fair, &record)) {
			weights += weight_of(fair, record.length);
			ledger_count(&shared, 1, record.length);
		}
		ledger_count(&all, 1, record.length);
	}
	if (sum.keys != levels.keys || sum.sum != levels.sum || sum.sum != weights || fair->noted.bytes > queue->ready)
		abort();
	all = stretches_check(&fair->stretches);
	if (all.bytes != fair->noted.bytes || all.records != fair->noted.records ||
	    shared.bytes != fair->shared.bytes || shared.records != fair->shared.records)
		abort();
}
