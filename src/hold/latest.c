/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/excess.h"
#include "hold/fit.h"
#include "hold/latest.h"
#include "hold/lesser.h"

/* How much is noted with a verdict, in bytes: half as much again as has come since the last one, so that the third that
 * is there is noted while two more come; and a little where nothing has. */
#ifndef LATEST_SLICE
#define LATEST_SLICE(arrived) ((uint64_t)(arrived) / 2 * 3 + ((uint64_t)16 << 10))
#endif

static void
note_some(struct latest *latest, struct queue *queue, uint64_t bytes)
{
	struct history *history = &latest->history;

	if (!history_is_on(history) && !history_begin(history, queue))
		latest->failed = true;
	else if (!history_note(history, queue, bytes))
		latest->failed = true;
	else if (history_is_whole(history, queue))
		latest->failed = false;
}

/* What is to be superseded: what is needed, and some besides. */
static struct history_wanted
wanted(struct queue *queue)
{
	const struct tally need = excess_of(queue, EXCESS_PART).need;

	return (struct history_wanted){
		.need = need,
		.all.records = need.records > 0 ? need.records + LATEST_MORE_RECORDS : 0,
		.all.bytes = need.bytes > 0 ? need.bytes + LATEST_MORE_BYTES : 0,
		.look = LATEST_LOOK,
	};
}

/* What the least class has is known: the classes would have to count it, few and far apart as it is where what was superseded has gone. */
static void
tell_classes(struct history *history, struct classes *classes, struct queue *queue)
{
	struct tally own;

	if (classes_top(classes) == 0 || !history_is_on(history) || history->noted.bytes != queue_admitted_mark(queue).offset)
		return;
	own = lesser_sum(history, queue);
	classes_know(classes, queue, 0, &own);
}

static void
give_way(struct latest *latest, struct classes *classes, struct queue *queue, struct loss *loss)
{
	struct history *history = &latest->history;
	struct excess excess;

	if (!latest->failed && !history_is_whole(history, queue))
		note_some(latest, queue, UINT64_MAX);
	if (!latest->failed)
		history_sweep(history, queue, loss, wanted(queue));
	if (fit_all(queue))
		return;
	if (classes_top(classes) == 0) {
		fit_evict(queue, loss, REASON_OLDEST, REASON_NEWEST); /* exactly as many as must go */
		return;
	}
	excess = excess_of(queue, EXCESS_PART);
	excess.slice /= 8; /* whatever goes is looked up */
	if (!latest->failed) {
		lesser_give_way(history, queue, loss, &excess);
		if (fit_all(queue))
			return;
		classes_has_none(classes, queue, 0, queue_newest_mark(queue));
	}
	classes_give_way(classes, queue, loss, REASON_OLDEST, classes_top(classes) + 1, false, &excess);
}

void
latest_settle(struct latest *latest, struct classes *classes, struct queue *queue, struct loss *loss)
{
	if (!fit_all(queue)) {
		tell_classes(&latest->history, classes, queue);
		classes_drop_misfits(classes, queue, loss);
	} else {
		classes_look_ahead(classes, queue);
	}
	if (fit_all(queue) && fit_is_within(queue, 6))
		latest_relax(latest);
	else if (history_is_on(&latest->history) || !fit_is_within(queue, 3))
		note_some(latest, queue, LATEST_SLICE(queue_newest_mark(queue).offset - queue_admitted_mark(queue).offset));
	if (!fit_all(queue))
		give_way(latest, classes, queue, loss);
	fit_admit(queue);
#ifdef WEIR_DEBUG
	history_check(&latest->history);
#endif
}

void
latest_relax(struct latest *latest)
{
	history_end(&latest->history);
	latest->failed = false;
}
