/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dropping the oldest is exact without asking record by record.  One after the other, each arriving
 * record evicts from the head as few as let it in; what remains is the longest run of newest records
 * that fits, since no record of that run can have been in the way of a newer one.  So what a read has
 * brought is settled at once, with one search for the end behind the bytes that are too many.
 */
#include "config.h"

#include "base/broom.h"
#include "hold/cut.h"
#include "hold/fit.h"
#include "hold/sweep.h"
#include "hold/watch.h"

/* Where nothing waits, that is so however much of the limits is taken up elsewhere: what is in flight may be more, as
 * batches of one long record each. */
bool
fit_all(const struct queue *q)
{
	return q->ready == 0 ||
	    (q->ready + queue_taken_up(q) <= q->limits.bytes && q->records <= q->limits.records);
}

void
fit_admit(struct queue *q)
{
	q->admitted = q->ready;
	q->admitted_records = q->records;
}

void
fit_take_back(struct queue *q)
{
	const struct tally room = queue_room(q);
	uint64_t left = room.records;
	size_t length = q->admitted;

	if (length <= room.bytes && q->admitted_records <= room.records)
		return;
	if (length > room.bytes)
		length = (size_t)room.bytes;
	length = cut_last(&q->chain, &q->framing, 0, length, 0);
	length = cut_skip(&q->chain, &q->framing, 0, length, 0, &left);
	fit_admit_to(q, (struct queue_mark){ length, q->first + room.records - left });
}

bool
fit_is_within(const struct queue *q, unsigned part)
{
	return queue_held(q).bytes <= q->limits.bytes / part && q->records <= q->limits.records / part;
}

struct tally
fit_room(const struct queue *q)
{
	struct tally room = queue_room(q);

	return (struct tally){ room.records - q->admitted_records, room.bytes - q->admitted };
}

void
fit_admit_to(struct queue *q, struct queue_mark mark)
{
	q->admitted = mark.offset;
	q->admitted_records = mark.number - q->first;
}

/* The beginning of the first ready record from offset on (the beginning of a record) that is at most
 * `most` bytes long, or ready. */
static size_t
find_short(const struct queue *q, size_t offset, size_t most)
{
	struct chain_place place = chain_at(&q->chain, offset);
	size_t at = offset;

	while (at < q->ready) {
		struct chain_place begin = place;
		struct iovec piece = chain_next(&q->chain, &place, q->ready - at);
		size_t done = record_short(&q->framing, piece.iov_base, piece.iov_len, most), end;

		at += done;
		if (done == piece.iov_len)
			continue;
		/* a short one, or one that goes on in the next piece, or the last without a delimiter */
		chain_skip(&q->chain, &begin, done);
		end = cut_first_from(&q->chain, &q->framing, begin, q->ready - at, 0);
		if (end == 0)
			end = q->ready - at;
		if (end <= most)
			return at;
		at += end;
		place = begin;
		chain_skip(&q->chain, &place, end);
	}
	return q->ready;
}

struct misfits {
	size_t most; /* bytes that a record may have */
	enum reason reason;
};

static enum sweep_verdict
judge_misfit(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	const struct misfits *misfits = state;

	*fate = (struct sweep_fate){ misfits->reason, LOSS_ANY_CLASS };
	return record->length > misfits->most ? SWEEP_DROP : SWEEP_KEEP;
}

/* The oldest records leave the chain unsent. */
static void
evict(struct queue *q, struct loss *loss, enum reason reason, uint64_t count, size_t length)
{
	queue_hand_over(q, loss, reason, LOSS_ANY_CLASS, 0, chain_at(&q->chain, 0), length);
	watch_leave(q->watch, q, count, length);
	queue_change_head(q);
	q->first += count;
	queue_pull_marks(q, length);
	q->ready -= length;
	q->records -= count;
	chain_consume(&q->chain, length);
	sojourn_drop_oldest(q->sojourn, count);
	loss_evicted(loss, reason, q->first, count, length);
}

void
fit_drop_oldest(struct queue *q, struct loss *loss, enum reason reason, uint64_t count)
{
	struct queue_mark admitted = queue_admitted_mark(q);
	uint64_t left = count;
	size_t length;

	if (count == 0)
		return;
	length = cut_skip(&q->chain, &q->framing, 0, q->ready, 0, &left);
	if (left > 0)
		length = q->ready; /* the last one, which has no delimiter */
	evict(q, loss, reason, count, length);
	if (admitted.offset < length)
		admitted = (struct queue_mark){ length, q->first };
	admitted.offset -= length;
	fit_admit_to(q, admitted);
}

void
fit_evict(struct queue *q, struct loss *loss, enum reason evicted, enum reason misfit)
{
	size_t most, length = 0;
	uint64_t count = 0;

	if (fit_all(q)) {
		fit_admit(q);
		return;
	}
	most = (size_t)queue_room(q).bytes;
	if (most < q->limits.record && q->admitted < q->ready) {
		struct misfits misfits = { most, misfit };
		const struct sweep sweep = { judge_misfit, &misfits, true };
		(void)sweep_drop(q, loss, queue_admitted_mark(q), queue_newest_mark(q), &sweep);
	}
	if (q->ready > most) {
		/* the first end at or behind the bytes that are too many */
		size_t over = q->ready - most;
		uint64_t phase = q->framing.kind == FRAMING_FIXED ? (over - 1) % q->framing.size : 0;
		length = over - 1 + queue_end_of(q, over - 1, phase);
		count = cut_count(&q->chain, &q->framing, 0, length, 0);
		if (length == q->ready)
			count = q->records;
	}
	if (q->records - count > q->limits.records) {
		uint64_t over = q->records - count - q->limits.records;
		count += over;
		length += cut_skip(&q->chain, &q->framing, length, q->ready - length, 0, &over);
	}
	if (length > 0)
		evict(q, loss, evicted, count, length);
	fit_admit(q);
}

/* Of what has arrived since the last verdict: the most that is a run of whole records and fits. */
static size_t
fitting_run(const struct queue *q, size_t bytes, uint64_t *records)
{
	size_t arrived = q->ready - q->admitted;
	size_t fit = cut_last(&q->chain, &q->framing, q->admitted, arrived < bytes ? arrived : bytes, 0);

	return cut_skip(&q->chain, &q->framing, q->admitted, fit, 0, records);
}

struct room {
	struct loss *loss;
	enum reason reason; /* of what is not let in */
	size_t bytes;
	uint64_t records;
	size_t to;  /* where the next record let in belongs */
	size_t end; /* of the last one let in, where it was */
	struct broom broom; /* both as places */
};

/* What lies from the last record let in to here is not: `records` whole ones. */
static void
leave_out(struct queue *q, struct room *room, size_t offset, uint64_t records)
{
	size_t length = offset - room->end;

	if (length == 0)
		return;
	queue_hand_over(q, room->loss, room->reason, LOSS_ANY_CLASS, room->end, room->broom.from, length);
	watch_cut(q->watch, q, room->to, room->end, room->broom.from, length);
	broom_drop(&room->broom, &q->chain, length);
	loss_removed(room->loss, room->reason, queue_admitted_mark(q).number, records, length);
	sojourn_cut(q->sojourn, records);
	q->records -= records;
}

/* length bytes from offset on, `ends` whole records, are let in. */
static void
let_in(struct queue *q, struct room *room, size_t offset, size_t length, uint64_t ends)
{
	leave_out(q, room, offset, cut_count(&q->chain, &q->framing, room->end, offset - room->end, 0));
	broom_keep(&room->broom, &q->chain, length);
	sojourn_keep(q->sojourn, ends);
	if (offset > 0 && room->to == 0)
		queue_change_head(q);
	room->bytes -= length;
	room->records -= ends;
	room->to += length;
	room->end = offset + length;
	q->admitted_records += ends;
}

void
fit_refuse(struct queue *q, struct loss *loss, enum reason refused)
{
	struct tally left_over;
	struct room room;
	uint64_t left;
	size_t length;

	if (fit_all(q)) {
		fit_admit(q);
		return;
	}
	fit_take_back(q);
	left_over = fit_room(q);
	room = (struct room){
		.loss = loss,
		.reason = refused,
		.bytes = (size_t)left_over.bytes,
		.records = left_over.records,
		.to = q->admitted,
		.end = q->admitted,
		.broom = broom_begin(chain_at(&q->chain, q->admitted)),
	};
	sojourn_sweep(q->sojourn, q->admitted_records); /* of what has had no verdict, some came in another pass */
	/* Most often a run fits, and nothing behind it; but then each record that is short enough. */
	left = room.records;
	length = fitting_run(q, room.bytes, &left);
	let_in(q, &room, q->admitted, length, room.records - left);
	while (room.bytes > 0 && room.records > 0) {
		size_t at = find_short(q, room.end, room.bytes);
		if (at == q->ready)
			break;
		let_in(q, &room, at, queue_end_of(q, at, 0), 1);
	}
	leave_out(q, &room, q->ready, q->records - q->admitted_records);
	if (room.end != q->ready)
		q->unended = false;
	if (room.to == 0)
		queue_change_head(q);
	broom_close(&room.broom, &q->chain);
	q->ready = room.to;
	q->records = q->admitted_records;
	fit_admit(q);
}
