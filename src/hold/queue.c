/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/cut.h"
#include "hold/queue.h"
#include "hold/watch.h"

#include <stdlib.h>

int
queue_init(struct queue *q, const struct framing *framing, const struct queue_limits *limits)
{
	*q = (struct queue){ .framing = *framing, .limits = *limits };
	if (chain_init_lending(&q->chain, queue_limits_sum(limits), limits->view, limits->beside) < 0)
		return -1;
	return queue_note_ends(q);
}

void
queue_free(struct queue *q)
{
	chain_free(&q->chain);
}

void
queue_observe(struct queue *q, struct sojourn *sojourn)
{
	q->sojourn = sojourn;
}

void
queue_use_marks(struct queue *q, unsigned marks)
{
	q->marks = marks;
}

size_t
queue_end_of(const struct queue *q, size_t offset, uint64_t phase)
{
	size_t length = q->ready - offset;
	size_t end = cut_first(&q->chain, &q->framing, offset, length, phase);

	return end > 0 ? end : length;
}

/* --- what is here ------------------------------------------------------------------------------- */

/* 1 when the last ready record lacks its delimiter, so that no search finds its end. */
static uint64_t
unended_records(const struct queue *q)
{
	return q->unended && q->ready > 0;
}

/* The end of the head record (ready > 0).  Looked for once, it may be long and is asked for at every pass; and only in
 * what the last read of it has brought. */
static size_t
head_end(struct queue *q)
{
	if (q->head_length == 0)
		q->head_length = q->unended_length + queue_end_of(q, q->unended_length, 0);
	return q->head_length;
}

void
queue_change_head(struct queue *q)
{
	q->head_length = q->unended_length = 0;
	q->heads++;
}

struct tally
queue_held(const struct queue *q)
{
	return (struct tally){ q->records + transit_is_whole(&q->transit),
		chain_used(&q->chain) + chain_apart(&q->chain) };
}

uint64_t
queue_waiting(const struct queue *q)
{
	return q->records;
}

struct tally
queue_ready(const struct queue *q)
{
	return (struct tally){ q->records, q->ready };
}

size_t
queue_taken_up(const struct queue *q)
{
	return q->elsewhere + (transit_is_whole(&q->transit) ? chain_apart(&q->chain) : 0);
}

void
queue_take_up(struct queue *q, size_t elsewhere)
{
	q->elsewhere = elsewhere;
}

struct tally
queue_room(const struct queue *q)
{
	const size_t taken_up = queue_taken_up(q);

	return (struct tally){ q->limits.records, q->limits.bytes > taken_up ? q->limits.bytes - taken_up : 0 };
}

uint64_t
queue_first(const struct queue *q)
{
	return q->first;
}

uint64_t
queue_next(const struct queue *q)
{
	return q->first + q->records;
}

/* Of a record of which no byte is out. */
static size_t
assembled(const struct queue *q)
{
	return chain_used(&q->chain) - q->ready;
}

size_t
queue_partial(const struct queue *q)
{
	return assembled(q) + (transit_is_open(&q->transit) ? chain_apart(&q->chain) : 0);
}

bool
queue_part_sent(const struct queue *q)
{
	return transit_is_begun(&q->transit);
}

bool
queue_sends_unread(const struct queue *q)
{
	return transit_is_open(&q->transit);
}

bool
queue_is_ready(const struct queue *q)
{
	return q->ready > 0;
}

uint64_t
queue_heads(const struct queue *q)
{
	return q->heads;
}

/* --- coming in ---------------------------------------------------------------------------------- */

/* What is taken up elsewhere is no room here; but a record can be assembled all the same, beyond it. */
static size_t
room_to_read(const struct queue *q)
{
	const size_t room = chain_room(&q->chain);
	const size_t taken_up = q->elsewhere < q->limits.bytes ? q->elsewhere : q->limits.bytes;

	return room > taken_up ? room - taken_up : 0;
}

int
queue_prepare(struct queue *q, size_t most, struct iovec piece[QUEUE_ROOM], size_t *length)
{
	size_t room = room_to_read(q);

	*length = room < most ? room : most;
	return chain_prepare(&q->chain, length, piece);
}

/* The end of the record in transit has come. */
static void
end_transit(struct queue *q)
{
	q->first++;
	queue_pull_marks(q, 0); /* nothing was behind it */
	sojourn_arrive(q->sojourn, 1);
	sojourn_set_aside(q->sojourn);
}

void
queue_note_come(struct queue *q, size_t used, uint64_t ends, size_t tail)
{
	if (ends == 0)
		return;
	if (q->ready == 0 && framing_delimited(&q->framing))
		q->unended_length = used;
	q->records += ends;
	q->ready = chain_used(&q->chain) - tail;
	sojourn_arrive(q->sojourn, ends);
}

void
queue_append(struct queue *q, size_t gap, size_t length, uint64_t ends, size_t tail)
{
	const size_t used = chain_used(&q->chain);

	chain_commit(&q->chain, gap, length);
	if (q->transit.open && transit_follow(&q->transit, &q->chain, &q->framing, ends > 0)) {
		end_transit(q);
		ends--;
	}
	queue_note_come(q, used, ends, tail);
}

struct queue_record
queue_record_at(struct queue *q, size_t offset, struct chain_place place, bool text)
{
	size_t left = q->ready - offset, length;
	bool unended;

	if (offset == 0)
		length = head_end(q);
	else if ((length = cut_first_from(&q->chain, &q->framing, place, left, 0)) == 0)
		length = left; /* the last one, without its delimiter */
	if (framing_noted(&q->framing))
		return queue_record_of(&q->framing, text ? chain_view(&q->chain, place, length) : NULL, length);
	unended = q->unended && length == left;
	return (struct queue_record){ text ? chain_view(&q->chain, place, length) : NULL, length,
		length - (framing_delimited(&q->framing) && !unended) };
}

/* Bytes are about to be dropped. */
static void
save_span(const struct queue *q, struct loss *loss, enum reason reason, bool left_out, struct chain_place place,
    size_t length)
{
	while (length > 0) {
		struct iovec piece = chain_next(&q->chain, &place, length);
		loss_save(loss, reason, left_out, piece.iov_base, piece.iov_len);
		length -= piece.iov_len;
	}
}

void
queue_hand_over(struct queue *q, struct loss *loss, enum reason reason, unsigned class, size_t offset,
    struct chain_place place, size_t length)
{
	if (loss_saves(loss))
		save_span(q, loss, reason, false, place, length);
	for (size_t at = offset; at < offset + length && loss_looks(loss, class);) {
		struct queue_record record = queue_record_at(q, at, place, true);
		loss_look(loss, class, record.text, record.body, record.length);
		at += record.length;
		chain_skip(&q->chain, &place, record.length);
	}
}

const char *
queue_view_partial(struct queue *q)
{
	return chain_view(&q->chain, chain_at(&q->chain, q->ready), assembled(q));
}

void
queue_complete(struct queue *q)
{
	if (q->transit.open) {
		if (transit_end(&q->transit, &q->chain))
			end_transit(q);
		return;
	}
	if (q->ready == 0)
		q->head_length = chain_used(&q->chain);
	q->ready = chain_used(&q->chain);
	q->records++;
	sojourn_arrive(q->sojourn, 1);
}

size_t
queue_abandon(struct queue *q, struct loss *loss, enum reason reason)
{
	size_t partial = assembled(q);

	if (loss_saves(loss))
		save_span(q, loss, reason, true, chain_at(&q->chain, q->ready), partial);
	loss_left_out(loss, reason, queue_next(q), 0, partial);
	chain_retract(&q->chain, partial);
	if (q->ready == 0)
		queue_change_head(q);
	return partial;
}

void
queue_finish(struct queue *q)
{
	q->unended = assembled(q) > 0;
	if (q->unended || transit_is_open(&q->transit))
		queue_complete(q);
}

/* --- marks -------------------------------------------------------------------------------------- */

void
queue_pull_marks(struct queue *q, size_t length)
{
	for (unsigned i = 0; i < q->marks; i++) {
		struct queue_mark *mark = &q->mark[i];

		if (mark->offset > length)
			mark->offset -= length;
		else
			*mark = (struct queue_mark){ 0, q->first };
	}
}

/* --- going out ---------------------------------------------------------------------------------- */

size_t
queue_rest(const struct queue *q)
{
	return chain_apart(&q->chain);
}

size_t
queue_head(struct queue *q)
{
	return q->ready > 0 ? head_end(q) : 0;
}

bool
queue_view(struct queue *q, size_t offset, struct queue_record *record)
{
	if (offset >= q->ready)
		return false;
	*record = queue_record_at(q, offset, chain_at(&q->chain, offset), true);
	return true;
}

bool
queue_view_head(struct queue *q, struct queue_record *record)
{
	size_t partial = assembled(q);

	if (queue_view(q, 0, record))
		return true;
	*record = (struct queue_record){ queue_view_partial(q), partial, partial };
	if (framing_noted(&q->framing))
		*record = queue_record_of(&q->framing, record->text, partial);
	return partial > 0;
}

int
queue_peek(const struct queue *q, size_t offset, size_t *length, struct iovec piece[QUEUE_PIECES])
{
	size_t apart = chain_apart(&q->chain), sum = 0;
	int pieces = chain_peek_apart(&q->chain, *length, piece, QUEUE_PIECES);

	if (*length > apart)
		pieces += chain_peek(&q->chain, offset, *length - apart, piece + pieces, QUEUE_PIECES - pieces);
	for (int i = 0; i < pieces; i++)
		sum += piece[i].iov_len;
	*length = sum;
	return pieces;
}

/* How many records end in the first length bytes: the shorter side of the cut is searched. */
static uint64_t
ends_before(const struct queue *q, size_t length)
{
	uint64_t phase;

	if (length >= q->ready)
		return q->records;
	if (length <= q->ready / 2)
		return cut_count(&q->chain, &q->framing, 0, length, 0);
	phase = q->framing.kind == FRAMING_FIXED ? length % q->framing.size : 0;
	return q->records - cut_count(&q->chain, &q->framing, length, q->ready - length, phase) - unended_records(q);
}

uint64_t
queue_ends(const struct queue *q, size_t length)
{
	return ends_before(q, length);
}

void
queue_note_left(struct queue *q, size_t bytes, uint64_t records)
{
	queue_change_head(q);
	q->first += records;
	queue_pull_marks(q, bytes);
	q->records -= records;
	q->ready = q->ready > bytes ? q->ready - bytes : 0;
	q->admitted = q->admitted > bytes ? q->admitted - bytes : 0;
	q->admitted_records = q->admitted_records > records ? q->admitted_records - records : 0;
}

/* Of what waits the first length bytes are out.  Where that is in the middle of a record, its rest is in transit. */
static uint64_t
take_waiting(struct queue *q, size_t length)
{
	const uint64_t ended = ends_before(q, length);
	const uint64_t phase = cut_phase(&q->chain, &q->framing, length, 0);
	const bool cut = phase != 0 && length < q->ready; /* else it is the last, which lacks its delimiter, or it is open */
	const bool open = phase != 0 && length > q->ready;
	const size_t rest = !cut ? 0 : ended == 0 ? head_end(q) - length : queue_end_of(q, length, phase);

	if (cut && q->part_asked)
		q->transit.out = length - cut_last(&q->chain, &q->framing, 0, length, 0);
	watch_leave(q->watch, q, ended + cut, length + rest);
	chain_consume(&q->chain, length);
	sojourn_leave(q->sojourn, ended);
	if (cut) {
		transit_begin(&q->transit, &q->chain, rest);
		sojourn_set_aside(q->sojourn);
	} else if (open) {
		transit_begin_open(&q->transit, &q->chain, phase);
	}
	queue_note_left(q, length + rest, ended + cut);
	return ended;
}

uint64_t
queue_take(struct queue *q, size_t length)
{
	const size_t rest = queue_rest(q), of_it = length < rest ? length : rest;
	uint64_t ended = 0;

	if (of_it > 0 && transit_leave(&q->transit, &q->chain, of_it)) {
		sojourn_leave_aside(q->sojourn);
		ended = 1;
	}
	return length > of_it ? ended + take_waiting(q, length - of_it) : ended;
}

void
queue_begin(struct queue *q)
{
	const size_t length = q->ready > 0 ? head_end(q) : 0;

	q->transit.out = 0;
	watch_leave(q->watch, q, length > 0, length);
	if (length > 0) {
		transit_begin(&q->transit, &q->chain, length);
		sojourn_set_aside(q->sojourn);
	} else {
		transit_begin_open(&q->transit, &q->chain, 0);
	}
	queue_note_left(q, length, length > 0);
}

void
queue_note_passed(struct queue *q, uint64_t records)
{
	sojourn_pass_by(q->sojourn, records);
}

void
queue_pass(struct queue *q, uint64_t phase)
{
	if (phase > 0 && q->framing.kind != FRAMING_BYTES)
		transit_begin_open(&q->transit, &q->chain, phase);
	else
		(void)transit_end(&q->transit, &q->chain);
}

void
queue_check(const struct queue *q)
{
	chain_check(&q->chain);
	transit_check(&q->transit, &q->chain);
	if (q->ready > chain_used(&q->chain) || q->admitted > q->ready || q->admitted_records > q->records)
		abort();
	if (cut_count(&q->chain, &q->framing, 0, q->ready, 0) + unended_records(q) != q->records)
		abort();
	if (q->ready > 0 && !q->unended && cut_last(&q->chain, &q->framing, 0, q->ready, 0) != q->ready)
		abort();
	if (q->head_length > 0 && (q->ready == 0 || q->head_length != queue_end_of(q, 0, 0)))
		abort();
	if (q->unended_length > 0 && (q->unended_length > chain_used(&q->chain) ||
	    cut_first(&q->chain, &q->framing, 0, q->unended_length, 0) > 0))
		abort();
}
