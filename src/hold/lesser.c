/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/lesser.h"
#include "hold/sweep.h"

static bool
is_kept(const struct history *history, const struct queue_record *record)
{
	return keep_class(history->keep, record->text, record->body) > 0;
}

static enum sweep_verdict
judge_kept(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct history *history = state;

	(void)fate;
	if (is_kept(history, record))
		ledger_count(&batches_at(&history->batches, 0)->kept, 1, record->length);
	return SWEEP_KEEP;
}

/* The first one, of which some has left since it was counted. */
static void
recount(struct history *history, struct queue *queue)
{
	const struct sweep sweep = { judge_kept, history, false };
	struct batch *batch = batches_at(&history->batches, 0);
	const struct queue_mark from = queue_oldest_mark(queue);
	const struct queue_mark to = { (size_t)batch->all.bytes, from.number + batch->all.records };

	batch->kept = (struct tally){ 0, 0 };
	(void)sweep_look(queue, from, to, &sweep);
}

struct tally
lesser_sum(struct history *history, struct queue *queue)
{
	struct tally all = history->noted;

	if (history->recount && history->batches.broken)
		recount(history, queue);
	history->recount = false;
	for (size_t i = 0; i < history->batches.count; i++) {
		const struct tally *kept = &batches_at(&history->batches, i)->kept;

		tally_lessen(&all, kept->records, kept->bytes);
	}
	return all;
}

struct giving {
	const struct history *history;
	struct excess *excess;
};

static enum sweep_verdict
judge_lesser(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct giving *giving = state;

	if (excess_done(giving->excess))
		return SWEEP_STOP;
	if (is_kept(giving->history, record)) {
		excess_stays(giving->excess, record->length);
		return SWEEP_KEEP;
	}
	excess_goes(giving->excess, record->length);
	*fate = (struct sweep_fate){ REASON_OLDEST, 0 };
	return SWEEP_DROP;
}

void
lesser_give_way(struct history *history, struct queue *queue, struct loss *loss, struct excess *excess)
{
	struct giving giving = { history, excess };
	const struct sweep sweep = { judge_lesser, &giving, false };
	struct batches *batches = &history->batches;
	struct queue_mark from = queue_oldest_mark(queue);

	(void)lesser_sum(history, queue);
	for (size_t i = 0; i < batches->count && !excess_done(excess);) {
		const size_t count = batches->count;
		const struct tally before = history->noted, all = batches_at(batches, i)->all;
		struct queue_mark to = { from.offset + (size_t)all.bytes, from.number + all.records };

		if (all.records > batches_at(batches, i)->kept.records)
			(void)sweep_drop(queue, loss, from, to, &sweep);
		from.offset = to.offset - (size_t)(before.bytes - history->noted.bytes);
		from.number = to.number - (before.records - history->noted.records);
		i += batches->count == count; /* else all of it has gone */
	}
}
