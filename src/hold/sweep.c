/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/broom.h"
#include "hold/cut.h"
#include "hold/excess.h"
#include "hold/sweep.h"
#include "hold/watch.h"

/* A run of records with the same fate lies from `run` to `at`, seen but not dealt with yet. */
struct stroke {
	size_t to;       /* where the next byte that stays belongs */
	uint64_t number; /* of the next record that stays */
	size_t run;
	uint64_t records; /* of the run */
	bool dropping;
	bool looks; /* nothing will be dropped */
	uint64_t seen; /* records in all */
	struct sweep_fate fate;
	struct broom chain; /* where `to` and `run` are */
	size_t at; /* not beside records: compilers add to both at once, and wait for that to be stored */
};

/* What lay from `to` on, length bytes and so many records, is gone. */
static void
move_marks(struct queue *q, const struct stroke *broom, size_t length)
{
	for (unsigned i = 0; i < q->marks; i++) {
		struct queue_mark *mark = &q->mark[i];

		if (mark->offset <= broom->to)
			continue;
		if (mark->offset >= broom->to + length) {
			mark->offset -= length;
			mark->number -= broom->records;
		} else {
			*mark = (struct queue_mark){ broom->to, broom->number };
		}
	}
	if (q->admitted > broom->to) {
		struct queue_mark admitted = queue_admitted_mark(q);
		bool all = q->admitted >= broom->to + length;
		q->admitted -= all ? length : admitted.offset - broom->to;
		q->admitted_records -= all ? broom->records : admitted.number - broom->number;
	}
}

static void
end_run(struct queue *q, struct stroke *broom, struct loss *loss)
{
	size_t length = broom->at - broom->run;

	if (length == 0)
		return;
	if (broom->dropping) {
		queue_hand_over(q, loss, broom->fate.reason, broom->fate.class, broom->run, broom->chain.from, length);
		watch_cut(q->watch, q, broom->to, broom->run, broom->chain.from, length);
		broom_drop(&broom->chain, &q->chain, length);
		loss_removed(loss, broom->fate.reason, broom->number, broom->records, length);
		loss_class(loss, broom->fate.class, broom->records, length);
		sojourn_cut(q->sojourn, broom->records);
		q->records -= broom->records;
		if (broom->to == 0)
			queue_change_head(q);
		if (broom->at == q->ready)
			q->unended = false;
		move_marks(q, broom, length);
	} else {
		broom_keep(&broom->chain, &q->chain, length);
		if (!broom->looks)
			sojourn_keep(q->sojourn, broom->records);
		broom->to += length;
		broom->number += broom->records;
	}
	broom->run = broom->at;
	broom->records = 0;
}

/* What is behind the sweep follows on what has stayed. */
static void
close_hole(struct queue *q, struct stroke *broom)
{
	broom_close(&broom->chain, &q->chain);
	q->ready -= broom->at - broom->to;
}

/* Records one after the other, without asking the chain about each. */
struct walk {
	struct chain_place place; /* of what is behind this: */
	const char *text; /* what is contiguous from the next one on */
	size_t left;
	size_t behind;    /* bytes that are ready behind it */
	size_t delimiter; /* bytes of it at the end of a record */
};

/* The next piece, which begins with a record. */
static void
walk_on(const struct queue *q, struct walk *walk)
{
	struct iovec piece = { NULL, 0 };

	if (walk->behind > 0)
		piece = chain_next(&q->chain, &walk->place, walk->behind);
	walk->text = piece.iov_base;
	walk->left = piece.iov_len;
	walk->behind -= piece.iov_len;
}

static struct walk
begin_walk(const struct queue *q, size_t offset)
{
	struct walk walk = { .place = chain_at(&q->chain, offset), .behind = q->ready - offset,
		.delimiter = framing_delimited(&q->framing) };

	walk_on(q, &walk);
	return walk;
}

/* The next record, which is at offset. */
static struct queue_record
next_record(struct queue *q, struct walk *walk, size_t offset, bool text)
{
	size_t end = record_first(&q->framing, 0, walk->text, walk->left);
	struct queue_record record = { walk->text, end, end - walk->delimiter };

	if (end > 0) {
		if (framing_noted(&q->framing))
			record = queue_record_of(&q->framing, text ? walk->text : NULL, end);
		walk->text += end;
		walk->left -= end;
		if (walk->left == 0)
			walk_on(q, walk);
	} else {
		/* it goes on in the next segment, or lacks its delimiter */
		struct chain_place place = walk->place;

		place.at -= walk->left;
		record = queue_record_at(q, offset, place, text);
		walk->place = place;
		chain_skip(&q->chain, &walk->place, record.length);
		walk->behind = q->ready - offset - record.length;
		walk_on(q, walk);
	}
	return record;
}

static struct queue_mark
sweep_over(struct queue *q, struct loss *loss, struct queue_mark from, struct queue_mark to,
    const struct sweep *sweep, bool looks)
{
	const struct chain_place place = chain_at(&q->chain, from.offset);
	size_t end = to.offset;
	struct stroke broom;
	struct walk walk;

	broom = (struct stroke){ .to = from.offset, .number = from.number, .run = from.offset, .at = from.offset,
		.looks = looks, .chain = looks ? broom_begin(place) : broom_begin_filling(&q->chain, place) };
	if (!looks)
		sojourn_sweep(q->sojourn, from.number - q->first);
	walk = begin_walk(q, from.offset);
	while (broom.at < end) {
		struct queue_record record = next_record(q, &walk, broom.at, !sweep->blind);
		struct sweep_fate fate = broom.fate;
		enum sweep_verdict verdict = sweep->judge(sweep->state, &record, &fate);

		if (verdict == SWEEP_STOP)
			break;
		if ((verdict == SWEEP_DROP) != broom.dropping || fate.reason != broom.fate.reason ||
		    fate.class != broom.fate.class) {
			end_run(q, &broom, loss);
			broom.dropping = verdict == SWEEP_DROP;
			broom.fate = fate;
		}
		broom.at += record.length;
		broom.records++;
		broom.seen++;
	}
	q->looked += broom.at - from.offset + broom.seen * EXCESS_RECORD;
	end_run(q, &broom, loss);
	close_hole(q, &broom);
	return (struct queue_mark){ broom.to, broom.number };
}

struct queue_mark
sweep_drop(struct queue *q, struct loss *loss, struct queue_mark from, struct queue_mark to,
    const struct sweep *sweep)
{
	return sweep_over(q, loss, from, to, sweep, false);
}

struct queue_mark
sweep_look(struct queue *q, struct queue_mark from, struct queue_mark to, const struct sweep *sweep)
{
	return sweep_over(q, NULL, from, to, sweep, true);
}
