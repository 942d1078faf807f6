/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/excess.h"
#include "hold/history.h"
#include "hold/sweep.h"

#include <assert.h>
#include <stdlib.h>

static_assert((HISTORY_AHEAD & (HISTORY_AHEAD - 1)) == 0, "the cursors wrap");

/* --- beginning and ending -------------------------------------------------------------------------- */

/* What is in those before the first that is whole matters no more. */
static void
set_live(struct history *history)
{
	newest_set_live(&history->newest, batches_live(&history->batches));
}

bool
history_begin(struct history *history, const struct queue *queue)
{
	if (!batches_begin(&history->batches, &queue->limits) || !newest_begin(&history->newest)) {
		history_end(history);
		return false;
	}
	history->noted = (struct tally){ 0, 0 };
	history->in = history->fetched = history->out = 0;
	history->failed = false;
	history->cut = (struct history_cut){ 0, 0 };
	set_live(history);
	return true;
}

void
history_end(struct history *history)
{
	newest_end(&history->newest);
	batches_end(&history->batches);
}

bool
history_is_on(const struct history *history)
{
	return history != NULL && history->batches.list != NULL;
}

bool
history_is_whole(const struct history *history, const struct queue *queue)
{
	return history_is_on(history) && history->noted.records == queue_waiting(queue);
}

static void
close_batch(struct history *history, size_t index)
{
	batches_close(&history->batches, index);
	history->cut = (struct history_cut){ 0, 0 };
	set_live(history);
}

/* Before a batch, or behind all. */
static struct queue_mark
mark_of(struct history *history, const struct queue *queue, size_t index)
{
	struct queue_mark mark = queue_oldest_mark(queue);

	for (size_t i = 0; i < index; i++) {
		mark.offset += (size_t)batches_at(&history->batches, i)->all.bytes;
		mark.number += batches_at(&history->batches, i)->all.records;
	}
	return mark;
}

void
history_check(const struct history *history)
{
	struct tally all;

	if (!history_is_on(history))
		return;
	all = batches_check(&history->batches);
	if (history->in != history->out || all.records != history->noted.records || all.bytes != history->noted.bytes)
		abort();
}

/* --- the table ------------------------------------------------------------------------------------ */

static uint64_t
hash_of(const struct history *history, const struct queue_record *record)
{
	return key_hash(key_of(history->key, record->text, record->body), history->salt);
}

/* As the table has it. */
static uint32_t
length_of(const struct queue_record *record)
{
	return record->length < NEWEST_LENGTH_MOST ? (uint32_t)record->length : NEWEST_LENGTH_MOST;
}

static bool
is_kept(const struct history *history, const struct queue_record *record)
{
	return history->keep != NULL && keep_class(history->keep, record->text, record->body) > 0;
}

/* What was the newest of its key is superseded. */
static void
supersede(struct history *history, const struct newest_entry *entry)
{
	if (!entry->covered)
		ledger_count(&batches_numbered(&history->batches, entry->batch)->old, 1, entry->length);
}

static void
note_kept(struct history *history, uint64_t hash)
{
	struct newest_entry *entry = newest_find(&history->newest, hash);

	if (entry == NULL)
		return;
	supersede(history, entry);
	entry->covered = true;
}

static void
note(struct history *history, const struct history_look *look)
{
	struct newest_entry *entry = newest_put(&history->newest, look->hash);
	unsigned before = 0; /* of its key and batch */

	if (entry != NULL && entry->count > 0) {
		supersede(history, entry);
		before = entry->batch == look->batch ? entry->count : 0;
	}
	if (entry == NULL || before == NEWEST_COUNT_MOST) {
		history->failed = true;
		return;
	}
	*entry = (struct newest_entry){
		.hash = look->hash,
		.batch = look->batch & NEWEST_BATCH_MOST,
		.length = look->length & NEWEST_LENGTH_MOST,
		.count = (before + 1) & NEWEST_COUNT_MOST,
	};
}

static struct history_look *
look_at(struct history *history, unsigned cursor)
{
	return &history->look[cursor % (2 * HISTORY_AHEAD)];
}

static void
look_up(struct history *history, const struct history_look *look)
{
	if (look->kept)
		note_kept(history, look->hash);
	else
		note(history, look);
}

/* Those whose entries were fetched are done. */
static void
look_now(struct history *history)
{
	for (; history->out != history->fetched; history->out++)
		if (!history->failed)
			look_up(history, look_at(history, history->out));
}

/* The entries of the others are fetched: one after the other, so that the processor can look for several pages at a time. */
static void
fetch(struct history *history)
{
	for (; history->fetched != history->in; history->fetched++)
		newest_prefetch(&history->newest, look_at(history, history->fetched)->hash);
}

/* Where entries are far apart the next records are read while some are fetched. */
static void
look_soon(struct history *history, const struct queue_record *record, struct batch *batch)
{
	const struct history_look look = { hash_of(history, record), length_of(record), batch->number, is_kept(history, record) };

	if (look.kept)
		ledger_count(&batch->kept, 1, record->length);
	if (newest_is_near(&history->newest)) {
		look_up(history, &look);
		return;
	}
	*look_at(history, history->in++) = look;
	if (history->in - history->fetched == HISTORY_AHEAD) {
		look_now(history);
		fetch(history);
	}
}

static void
look_at_rest(struct history *history)
{
	look_now(history);
	fetch(history);
	look_now(history);
}

/* --- coming --------------------------------------------------------------------------------------- */

struct noting {
	struct history *history;
	uint64_t left; /* bytes */
};

static enum sweep_verdict
judge_new(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct noting *noting = state;
	struct history *history = noting->history;

	struct batch *batch;

	(void)fate;
	if (noting->left == 0 || history->failed)
		return SWEEP_STOP;
	noting->left -= noting->left < record->length ? noting->left : record->length;
	if (batches_are_full_with(&history->batches, record->length))
		batches_open(&history->batches);
	batch = batches_last(&history->batches);
	ledger_count(&batch->all, 1, record->length);
	ledger_count(&history->noted, 1, record->length);
	look_soon(history, record, batch);
	return SWEEP_KEEP;
}

struct joining {
	struct history *history;
	uint32_t one, other; /* numbers */
};

/* Of the first of both: those of a key whose newest is in the second are more than those there. */
static enum sweep_verdict
judge_one(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	const struct joining *joining = state;
	struct newest_entry *entry = newest_find(&joining->history->newest, hash_of(joining->history, record));

	(void)fate;
	if (entry != NULL && entry->batch == joining->other && !is_kept(joining->history, record))
		entry->count++;
	return SWEEP_KEEP;
}

static enum sweep_verdict
judge_other(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	const struct joining *joining = state;
	struct newest_entry *entry = newest_find(&joining->history->newest, hash_of(joining->history, record));

	(void)fate;
	if (entry != NULL && entry->batch == joining->other)
		entry->batch = joining->one & NEWEST_BATCH_MOST;
	return SWEEP_KEEP;
}

/* A batch and the one behind it, which is not the last, become one. */
static void
join(struct history *history, struct queue *queue, size_t index)
{
	struct batch *one = batches_at(&history->batches, index), *other = one + 1;
	struct joining joining = { history, one->number, other->number };
	struct queue_mark from = mark_of(history, queue, index), to = mark_of(history, queue, index + 1);
	struct queue_mark end = mark_of(history, queue, index + 2);

	(void)sweep_look(queue, from, to, &(struct sweep){ judge_one, &joining, false });
	(void)sweep_look(queue, to, end, &(struct sweep){ judge_other, &joining, false });
	ledger_count(&one->all, other->all.records, other->all.bytes);
	ledger_count(&one->old, other->old.records, other->old.bytes);
	ledger_count(&one->kept, other->kept.records, other->kept.bytes);
	close_batch(history, index + 1);
}

bool
history_note(struct history *history, struct queue *queue, uint64_t most)
{
	struct noting noting = { history, most };
	size_t small = 0;

	if (history->batches.number > NEWEST_BATCH_MOST - 2 * history->batches.most) {
		history_end(history);
		if (!history_begin(history, queue))
			return false;
	}
	while (batches_find_small(&history->batches, &small))
		join(history, queue, small);
	(void)sweep_look(queue, mark_of(history, queue, history->batches.count), queue_newest_mark(queue),
	    &(struct sweep){ judge_new, &noting, false });
	look_at_rest(history);
	if (history->failed)
		history_end(history);
	return !history->failed;
}

/* --- going ---------------------------------------------------------------------------------------- */

/* What leaves as the oldest is not looked at. */
static void
on_leave(struct watch *watch, struct queue *queue, uint64_t records, uint64_t bytes)
{
	struct history *history = (struct history *)watch;

	(void)queue;
	if (!history_is_on(history))
		return;
	while (records > 0 && history->noted.records > 0) {
		struct batch *batch = batches_at(&history->batches, 0);
		struct tally all = batch->all;

		if (!history->batches.broken && batches_is_long(&history->batches, batch)) {
			history_end(history); /* broken, too much would not be swept: it is noted anew */
			return;
		}
		if (all.records > records) {
			tally_lessen(&batch->all, records, bytes);
			tally_lessen(&history->noted, records, bytes);
			batch->old = (struct tally){ 0, 0 };
			history->cut = (struct history_cut){ 0, 0 };
			history->recount = true;
			history->batches.broken = true;
			set_live(history);
			return;
		}
		records -= all.records;
		bytes -= all.bytes;
		tally_lessen(&history->noted, all.records, all.bytes);
		close_batch(history, 0);
	}
}

/* One of a batch is about to go. */
static void
take_off(struct history *history, struct batch *batch, const struct queue_record *record)
{
	tally_lessen(&batch->all, 1, record->length);
	tally_lessen(&history->noted, 1, record->length);
}

/* And what the table says of it, which is of the least class, and the oldest of its key in a whole batch.  Where that
 * says nothing, all of its key that came behind it and were of the least class have gone: one is there that is kept. */
static void
forget(struct history *history, struct newest_entry *entry, struct batch *batch,
    const struct queue_record *record)
{
	if (entry == NULL || entry->batch != batch->number || entry->count > 1 || entry->covered)
		tally_lessen(&batch->old, 1, length_of(record));
	if (entry != NULL && entry->batch == batch->number && --entry->count == 0)
		newest_remove(&history->newest, entry);
}

static void
on_cut(struct watch *watch, struct queue *queue, size_t to, size_t offset, struct chain_place place, size_t length)
{
	struct history *history = (struct history *)watch;
	const size_t end = offset + length;
	size_t before, index;

	if (!history_is_on(history) || history->sweeping || to >= history->noted.bytes)
		return;
	if (history->cut.offset > to)
		history->cut = (struct history_cut){ 0, 0 };
	index = history->cut.index;
	before = to - history->cut.offset;
	while (offset < end) {
		struct queue_record record;
		struct batch *batch;

		while (index < history->batches.count && before >= batches_at(&history->batches, index)->all.bytes)
			before -= (size_t)batches_at(&history->batches, index++)->all.bytes;
		if (index == history->batches.count)
			return;
		record = queue_record_at(queue, offset, place, true);
		batch = batches_at(&history->batches, index);
		take_off(history, batch, &record);
		if (is_kept(history, &record))
			tally_lessen(&batch->kept, 1, record.length);
		else if (index > 0 || !history->batches.broken)
			forget(history, newest_find(&history->newest, hash_of(history, &record)), batch, &record);
		if (batch->all.records == 0)
			close_batch(history, index);
		offset += record.length;
		chain_skip(&queue->chain, &place, record.length);
	}
	if (index < history->batches.count)
		history->cut = (struct history_cut){ index, to - before };
}

void
history_watch(struct history *history, struct queue *queue)
{
	history->watch = (struct watch){ on_leave, on_cut };
	queue->watch = &history->watch;
}

struct sweeping {
	struct history *history;
	size_t index;  /* of the batch of the next record, */
	uint64_t left; /* of which so many are still to be seen */
};

/* What is superseded. */
static enum sweep_verdict
judge_old(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct sweeping *sweeping = state;
	struct history *history = sweeping->history;
	struct newest_entry *entry = newest_find(&history->newest, hash_of(history, record));
	struct batch *batch;

	while (sweeping->left == 0)
		sweeping->left = batches_at(&history->batches, ++sweeping->index)->all.records;
	sweeping->left--;
	batch = batches_at(&history->batches, sweeping->index);
	if ((entry != NULL && entry->batch == batch->number && entry->count == 1 && !entry->covered) ||
	    is_kept(history, record))
		return SWEEP_KEEP;
	take_off(history, batch, record);
	forget(history, entry, batch, record);
	*fate = (struct sweep_fate){ REASON_SUPERSEDED, 0 };
	return SWEEP_DROP;
}

static bool
wants_more(const struct history_wanted *wanted)
{
	return !tally_is_none(&wanted->need) || (!tally_is_none(&wanted->all) && wanted->look > 0);
}

/* A batch is about to be swept. */
static void
take_from(struct history_wanted *wanted, const struct batch *batch)
{
	tally_lessen(&wanted->need, batch->old.records, batch->old.bytes);
	tally_lessen(&wanted->all, batch->old.records, batch->old.bytes);
	wanted->look -= wanted->look < batch->all.records ? wanted->look : batch->all.records;
}

/* Neighbours that are worth it, from the oldest such on; lessens what is wanted by what goes.  False where there are
 * none. */
static bool
sweep_next(struct history *history, struct queue *queue, struct loss *loss, struct history_wanted *wanted)
{
	struct batches *batches = &history->batches;
	struct sweeping sweeping = { .history = history };
	const struct sweep sweep = { judge_old, &sweeping, false };
	size_t begin = 0, end;
	struct queue_mark from;

	while (begin < batches->count && !batches_is_worth_it(batches_at(batches, begin)))
		begin++;
	for (end = begin; end < batches->count && wants_more(wanted); end++) {
		const struct batch *batch = batches_at(batches, end);

		if (!batches_is_worth_it(batch))
			break;
		take_from(wanted, batch);
	}
	if (end == begin)
		return false;
	sweeping.index = begin;
	sweeping.left = batches_at(batches, begin)->all.records;
	from = mark_of(history, queue, begin);
	history->sweeping = true;
	(void)sweep_drop(queue, loss, from, mark_of(history, queue, end), &sweep);
	history->sweeping = false;
	history->cut = (struct history_cut){ 0, 0 };
	while (end-- > begin)
		if (batches_at(batches, end)->all.records == 0)
			close_batch(history, end);
	return true;
}

void
history_sweep(struct history *history, struct queue *queue, struct loss *loss, struct history_wanted wanted)
{
	while (wants_more(&wanted) && sweep_next(history, queue, loss, &wanted))
		;
}
