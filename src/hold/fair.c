/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/mapped.h"
#include "hold/excess.h"
#include "hold/fair.h"
#include "hold/fit.h"
#include "hold/stretches.h"
#include "hold/sweep.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static_assert(2 * KEEP_MOST + FAIR_MARKS <= QUEUE_MARKS, "marks for the classes and for the round");

/* Places in the table: one for so many bytes of the buffer, within these.  (A test has fewer, so that keys meet.) */
#ifndef FAIR_PLACES_LEAST
#define FAIR_PLACES_LEAST ((size_t)1 << 16)
#define FAIR_PLACES_MOST ((size_t)1 << 20)
#endif
#define FAIR_BYTES_A_PLACE 16

/* Bytes in a huge page. */
#define FAIR_PAGE ((size_t)2 << 20)

/* How much is noted with a verdict, as with latest: half as much again as has come since the last one, and a little. */
#ifndef FAIR_SLICE
#define FAIR_SLICE(arrived) ((uint64_t)(arrived) / 2 * 3 + ((uint64_t)16 << 10))
#endif

/* --- what keys hold -------------------------------------------------------------------------------- */

static unsigned
class_of(const struct fair *fair, const struct queue_record *record)
{
	return keep_class(fair->keep, record->text, record->body);
}

/* What is held by the key, or the keys, of a place: of each class apart. */
static uint64_t *
held_of(const struct fair *fair, const struct queue_record *record, unsigned class)
{
	const uint64_t hash = key_hash(key_of(fair->key, record->text, record->body), fair->salt);

	return &fair->held[class * (fair->mask + 1) + (hash & fair->mask)];
}

static uint64_t
weight_of(const struct fair *fair, uint64_t length)
{
	return length > fair->least ? length : fair->least;
}

/* It holds so much instead. */
static void
hold(struct levels *levels, uint64_t *held, uint64_t next)
{
	levels_change(levels, *held, next);
	*held = next;
}

/* One is about to go. */
static void
take_off(struct fair *fair, const struct queue_record *record, unsigned class, uint64_t *held)
{
	hold(&fair->levels[class], held, *held - weight_of(fair, record->length));
	tally_lessen(&fair->own[class], 1, record->length);
	tally_lessen(&fair->noted, 1, record->length);
}

/* --- noting ---------------------------------------------------------------------------------------- */

/* The places are shared out between the classes. */
static size_t
places_in(const struct fair *fair, const struct queue *queue)
{
	size_t places = FAIR_PLACES_LEAST, all;

	while (places < FAIR_PLACES_MOST && places < queue->limits.bytes / FAIR_BYTES_A_PLACE)
		places *= 2;
	for (all = places; places > FAIR_PLACES_LEAST && places * fair->classes > all;)
		places /= 2;
	return places;
}

static bool
begin(struct fair *fair, const struct queue *queue)
{
	const struct queue_limits *limits = &queue->limits;

	fair->classes = keep_count(fair->keep) + 1;
	fair->mask = places_in(fair, queue) - 1;
	fair->size = fair->classes * (sizeof(fair->levels[0]) + (fair->mask + 1) * sizeof(fair->held[0]));
	fair->salt = chance_next(&fair->chance);
	fair->limits = (struct tally){ limits->records, limits->bytes };
	fair->least = limits->records == UINT64_MAX ? 1 : limits->bytes / limits->records;
	fair->least += fair->least == 0;
	fair->noted = (struct tally){ 0, 0 };
	memset(fair->own, 0, sizeof(fair->own));
	if (!stretches_begin(&fair->stretches, limits, levels_of(limits->bytes) + 1, fair->classes))
		return false;
	if ((fair->levels = mapped_new(fair->size)) == NULL) {
		stretches_end(&fair->stretches);
		return false;
	}
	fair->held = (uint64_t *)&fair->levels[fair->classes];
	fair->touched = FAIR_PAGE;
	mapped_prefer_huge(fair->levels, fair->size);
	return true;
}

void
fair_relax(struct fair *fair)
{
	if (fair->levels != NULL) {
		mapped_free(fair->levels, fair->size);
		stretches_end(&fair->stretches);
	}
	fair->levels = NULL;
	fair->failed = false;
}

/* The next few, at place, whose places in the table, all at a time, are fetched; returns their bytes. */
static uint64_t
note_few(struct fair *fair, struct queue *queue, struct chain_place *place)
{
	struct {
		uint64_t *held, length;
		unsigned class;
	} look[FAIR_AHEAD];
	uint64_t bytes = 0;
	unsigned count = 0;

	for (; count < FAIR_AHEAD && fair->noted.bytes + bytes < queue->ready; count++) {
		const struct queue_record record = queue_record_at(queue, (size_t)(fair->noted.bytes + bytes), *place, true);

		look[count].class = class_of(fair, &record);
		look[count].held = held_of(fair, &record, look[count].class);
		look[count].length = record.length;
#ifdef __GNUC__
		__builtin_prefetch(look[count].held, 1);
#endif
		bytes += record.length;
		chain_skip(&queue->chain, place, record.length);
	}
	for (unsigned i = 0; i < count; i++) {
		const uint64_t weight = weight_of(fair, look[i].length);

		hold(&fair->levels[look[i].class], look[i].held, *look[i].held + weight);
		ledger_count(&fair->own[look[i].class], 1, look[i].length);
		stretches_note(&fair->stretches, look[i].length, weight, look[i].class, levels_of(*look[i].held));
	}
	ledger_count(&fair->noted, count, bytes);
	return bytes;
}

/* A page of the table that is touched for the first time takes the system some ms, if it is a huge one: so one at a time is, before
 * anything is noted. */
static void
touch_more(struct fair *fair)
{
	((volatile char *)fair->levels)[fair->touched] = 0;
	fair->touched += FAIR_PAGE;
}

/* The next of those that wait, until they have `most` bytes or are all. */
static void
note(struct fair *fair, struct queue *queue, uint64_t most)
{
	const struct tally limits = { queue->limits.records, queue->limits.bytes };
	struct chain_place place;
	uint64_t done = 0;

	if (fair->levels != NULL && (limits.bytes != fair->limits.bytes || limits.records != fair->limits.records))
		fair_relax(fair); /* it is another buffer, in which records weigh otherwise */
	if (fair->levels == NULL && (fair->failed = !begin(fair, queue)))
		return;
	if (fair->touched < fair->size && most < UINT64_MAX) {
		touch_more(fair);
		return;
	}
	place = chain_at(&queue->chain, (size_t)fair->noted.bytes);
	while (done < most && fair->noted.bytes < queue->ready)
		done += note_few(fair, queue, &place);
}

/* Of what has just come some goes at once, where there is no room: that is looked at as stretches of its own. */
static void
note_more(struct fair *fair, struct queue *queue, uint64_t most)
{
	if (fair->levels != NULL) {
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
	const unsigned class = class_of(fair, &record);

	take_off(fair, &record, class, held_of(fair, &record, class));
	return record.length;
}

static void
on_leave(struct watch *watch, struct queue *queue, uint64_t records, uint64_t bytes)
{
	struct fair *fair = (struct fair *)watch;
	struct tally left = { 0, 0 };
	struct chain_place place;

	(void)records;
	if (fair->levels == NULL)
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

	if (fair->levels == NULL || fair->sweeping || to >= fair->noted.bytes)
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
	unsigned class;      /* that gives way; there are none of lesser ones; */
	unsigned level;      /* of those whose keys hold so much */
	struct tally need;   /* as much as must, */
	struct tally spare;  /* and so much besides */
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
	stretches_renew(&look->fair->stretches, index, look->class);
}

/* Whether it goes if it may, which is noted then. */
static bool
takes(struct look *look, uint64_t length)
{
	if (!tally_is_none(&look->need)) {
		tally_lessen(&look->need, 1, length);
		return true;
	}
	if (look->spare.records == 0 || look->spare.bytes < length)
		return false;
	tally_lessen(&look->spare, 1, length);
	return true;
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
	if (class_of(fair, record) != look->class)
		return SWEEP_KEEP;
	held = held_of(fair, record, look->class);
	if (levels_of(*held) < look->level || !takes(look, record->length)) {
		if (look->anew)
			stretches_add(&fair->stretches, look->index, weight_of(fair, record->length), look->class, levels_of(*held));
		return SWEEP_KEEP;
	}
	take_off(fair, record, look->class, held);
	stretches_lessen(&fair->stretches, look->index, record->length);
	*fate = (struct sweep_fate){ REASON_FAIR, look->class };
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

	look->spare = (struct tally){ 0, 0 };
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
is_worth_it(const struct look *look, size_t index)
{
	const struct tally *all = &stretches_at(&look->fair->stretches, index)->all;
	const uint64_t mass = all->records > 0 ? stretches_mass(&look->fair->stretches, index, look->class, look->level) : 0;

	return mass > 0 && (look->level == 0 || mass >= wanted(look->fair, all) / FAIR_SPARSE);
}

/* Of a stretch what gives way, and not as much as a full one more than must; what stays is noted as what it is now.  Returns the mark behind
 * it. */
static struct queue_mark
cut_stretch(struct look *look, struct queue *queue, struct loss *loss, size_t index)
{
	const struct stretches *stretches = &look->fair->stretches;
	struct queue_mark from = queue_oldest_mark(queue), to;
	const struct tally before = stretches_before(stretches, index), all = stretches_at(stretches, index)->all;

	from = (struct queue_mark){ (size_t)before.bytes, from.number + before.records };
	to = (struct queue_mark){ from.offset + (size_t)all.bytes, from.number + all.records };
	look->spare = (struct tally){ stretches->full.records - 1, stretches->full.bytes - 1 };
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
			if (is_worth_it(look, i))
				*at = cut_stretch(look, queue, loss, i);
}

/* The level is such that a part of the room lies above it: so that not only the very fattest of many that are nearly equal
 * give way, whose records would have to be looked for.  Where they are few among what is more precious all of the class are equal. */
static void
share_out(struct fair *fair, unsigned class, struct queue *queue, struct loss *loss, struct queue_mark *at)
{
	const struct excess excess = excess_of(queue, EXCESS_PART);
	struct look look = { .fair = fair, .class = class, .need = excess.need };

	if (fair->own[class].records == 0)
		return;
	look.level = levels_above(&fair->levels[class], wanted(fair, &excess.all));
	cut_arrivals(&look, queue, loss);
	cut_waiting(&look, queue, loss, at);
	look.level = 0;
	cut_waiting(&look, queue, loss, at);
}

static void
give_way(struct fair *fair, struct classes *classes, struct queue *queue, struct loss *loss)
{
	if (!fair->failed)
		note(fair, queue, UINT64_MAX);
	if (fair->failed) {
		struct excess excess = excess_of(queue, EXCESS_PART);

		classes_give_way(classes, queue, loss, REASON_OLDEST, classes_top(classes) + 1, false, &excess);
		return;
	}
	for (unsigned class = 0; class < fair->classes && !fit_all(queue); class++)
		share_out(fair, class, queue, loss, &queue->mark[classes_marks(classes)]);
}

/* How much each has is known, which the classes would have to count. */
static void
tell_classes(const struct fair *fair, struct classes *classes, struct queue *queue)
{
	if (fair->levels == NULL || fair->noted.bytes != queue_admitted_mark(queue).offset)
		return;
	for (unsigned class = 0; class < classes_top(classes); class++)
		classes_know(classes, queue, class, &fair->own[class]);
}

void
fair_settle(struct fair *fair, struct classes *classes, struct queue *queue, struct loss *loss)
{
	if (!fit_all(queue)) {
		tell_classes(fair, classes, queue);
		classes_drop_misfits(classes, queue, loss);
	}
	if (fit_all(queue) && fit_is_within(queue, 6))
		fair_relax(fair);
	else if (!fair->failed && (fair->levels != NULL || !fit_is_within(queue, 3)))
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
	struct level_sum own[KEEP_MOST + 1] = { { 0, 0 } };
	struct tally all = { 0, 0 };

	if (fair->levels == NULL)
		return;
	while (all.bytes < fair->noted.bytes) {
		const struct queue_record record = queue_record_at(queue, (size_t)all.bytes, chain_at(&queue->chain, (size_t)all.bytes), true);
		struct level_sum *of_class = &own[class_of(fair, &record)];

		of_class->keys++; /* records, here */
		of_class->sum += weight_of(fair, record.length);
		ledger_count(&all, 1, record.length);
	}
	for (unsigned class = 0; class < fair->classes; class++) {
		struct level_sum sum = { 0, 0 }, levels = { 0, 0 };

		for (uint64_t place = class * (fair->mask + 1); place < (class + 1) * (fair->mask + 1); place++) {
			sum.keys += fair->held[place] > 0;
			sum.sum += fair->held[place];
		}
		for (unsigned level = 0; level < LEVELS; level++) {
			levels.keys += fair->levels[class].level[level].keys;
			levels.sum += fair->levels[class].level[level].sum;
		}
		if (sum.keys != levels.keys || sum.sum != levels.sum || sum.sum != own[class].sum ||
		    own[class].keys != fair->own[class].records)
			abort();
	}
	all = stretches_check(&fair->stretches);
	if (fair->noted.bytes > queue->ready || all.bytes != fair->noted.bytes || all.records != fair->noted.records)
		abort();
}
