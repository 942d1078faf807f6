/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/cut.h"
#include "hold/queue.h"

#include <stdlib.h>
#include <string.h>

/* How much memory that holds nothing a queue keeps, besides as much as it holds; and how much it gives back at a time. */
#define TRIM_KEEP ((size_t)1 << 20)

/* More than this is a burst that has not passed. */
#define TRIM_MOST ((size_t)8 << 20)
#define TRIM_SLICE ((size_t)8 << 20)

/* And how much more than that there must be to be worth the system call. */
#define TRIM_SLACK ((size_t)1 << 20)

int
queue_init(struct queue *q, const struct framing *framing, const struct queue_limits *limits)
{
	*q = (struct queue){ .framing = *framing, .limits = *limits };
	return chain_init(&q->chain, limits->bytes + limits->slack + limits->record, limits->view);
}

void
queue_free(struct queue *q)
{
	chain_free(&q->chain);
	free(q->aside);
	q->aside = NULL;
}

/* --- spans -------------------------------------------------------------------------------------- */

/* The end of the record at offset (offset < ready), which may be the last one, without a delimiter. */
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
	if (q->head_left == 0)
		q->head_left = q->unended_left + queue_end_of(q, q->unended_left, q->phase);
	return q->head_left;
}

/* It is another one from here on. */
void
queue_change_head(struct queue *q)
{
	q->head_left = q->unended_left = 0;
	q->heads++;
}

size_t
queue_aside(const struct queue *q)
{
	return q->aside_length - q->aside_sent;
}

/* 1 when a part-sent record's end is held. */
static uint64_t
part_sent_records(const struct queue *q)
{
	return queue_aside(q) > 0 || (q->phase != 0 && q->ready > 0);
}

struct tally
queue_held(const struct queue *q)
{
	return (struct tally){ q->records, chain_used(&q->chain) + queue_aside(q) };
}

uint64_t
queue_waiting(const struct queue *q)
{
	return q->records - part_sent_records(q);
}

uint64_t
queue_first(const struct queue *q)
{
	return q->first;
}

uint64_t
queue_next(const struct queue *q)
{
	return q->first + q->records - (queue_aside(q) > 0);
}

size_t
queue_partial(const struct queue *q)
{
	return chain_used(&q->chain) - q->ready;
}

bool
queue_part_sent(const struct queue *q)
{
	return q->phase != 0 || queue_aside(q) > 0;
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

int
queue_prepare(struct queue *q, size_t most, struct iovec piece[QUEUE_ROOM], size_t *length)
{
	size_t room = chain_room(&q->chain);

	*length = room < most ? room : most;
	return chain_prepare(&q->chain, length, piece);
}

void
queue_append(struct queue *q, size_t gap, size_t length, uint64_t ends, size_t tail)
{
	size_t used = chain_used(&q->chain);

	chain_commit(&q->chain, gap, length);
	if (ends > 0) {
		if (q->ready == 0 && framing_delimited(&q->framing))
			q->unended_left = used;
		q->records += ends;
		q->ready = used + length - tail;
		sojourn_arrive(q->sojourn, ends);
	}
}

/* The record at offset, which is that place; without its text where only its length is wanted. */
struct queue_record
queue_record_at(struct queue *q, size_t offset, struct chain_place place, bool text)
{
	size_t left = q->ready - offset, length;
	bool unended;

	if (offset == 0)
		length = head_end(q);
	else if ((length = cut_first_from(&q->chain, &q->framing, place, left, 0)) == 0)
		length = left; /* the last one, without its delimiter */
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

/* Whole records are about to be dropped, from offset on, which is that place. */
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
	return chain_view(&q->chain, chain_at(&q->chain, q->ready), queue_partial(q));
}

void
queue_complete(struct queue *q)
{
	if (q->ready == 0)
		q->head_left = chain_used(&q->chain);
	q->ready = chain_used(&q->chain);
	q->records++;
	sojourn_arrive(q->sojourn, 1);
}

size_t
queue_abandon(struct queue *q, struct loss *loss, enum reason reason)
{
	size_t partial = queue_partial(q);

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
	if (queue_partial(q) > 0) {
		queue_complete(q);
		q->unended = true;
	} else if (q->ready == 0) {
		q->phase = 0; /* it was sent as it came: its end is out */
	}
}

/* --- marks -------------------------------------------------------------------------------------- */

/* The oldest length bytes have left the chain, and q->first is up to date. */
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

struct queue_mark
queue_oldest_mark(struct queue *q)
{
	bool begun = q->phase != 0 && q->ready > 0;

	return (struct queue_mark){ begun ? head_end(q) : 0, q->first + begun };
}

struct queue_mark
queue_admitted_mark(const struct queue *q)
{
	return (struct queue_mark){ q->admitted, q->first + q->admitted_records - (queue_aside(q) > 0) };
}

struct queue_mark
queue_newest_mark(const struct queue *q)
{
	return (struct queue_mark){ q->ready, queue_next(q) };
}

/* --- going out ---------------------------------------------------------------------------------- */

size_t
queue_rest(struct queue *q)
{
	if (queue_aside(q) > 0)
		return queue_aside(q);
	if (q->phase == 0)
		return 0;
	return q->ready > 0 ? head_end(q) : chain_used(&q->chain);
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
	size_t partial = queue_partial(q);

	if (queue_view(q, 0, record))
		return true;
	*record = (struct queue_record){ queue_view_partial(q), partial, partial };
	return partial > 0;
}

size_t
queue_whole(const struct queue *q, size_t most, uint64_t records)
{
	size_t length = q->ready;

	if (q->head_left > most)
		return 0;
	if (length > most)
		length = cut_last(&q->chain, &q->framing, 0, most, q->phase);
	if (records < q->records && length > 0)
		length = cut_skip(&q->chain, &q->framing, 0, length, q->phase, &records);
	return length;
}

size_t
queue_whole_from(const struct queue *q, size_t offset, size_t most)
{
	size_t left = q->ready - offset;

	return left <= most ? left : cut_last(&q->chain, &q->framing, offset, most, 0);
}

int
queue_peek(const struct queue *q, size_t offset, size_t *length, struct iovec piece[QUEUE_PIECES])
{
	size_t sum = 0;
	int pieces;

	if (queue_aside(q) > 0) {
		piece[0] = (struct iovec){ q->aside + q->aside_sent + offset, *length };
		return 1;
	}
	pieces = chain_peek(&q->chain, offset, *length, piece, QUEUE_PIECES);
	for (int i = 0; i < pieces; i++)
		sum += piece[i].iov_len;
	*length = sum;
	return pieces;
}

static void
take_aside(struct queue *q, size_t length)
{
	q->aside_sent += length;
	if (q->aside_sent == q->aside_length) {
		free(q->aside);
		q->aside = NULL;
		q->aside_length = q->aside_sent = 0;
		q->records--;
		q->admitted_records--;
		sojourn_leave_aside(q->sojourn);
	}
}

/* How many records end in the first length bytes: the shorter side of the cut is searched. */
static uint64_t
ends_before(const struct queue *q, size_t length)
{
	uint64_t phase;


	if (length >= q->ready)
		return q->records;
	if (length <= q->ready / 2)
		return cut_count(&q->chain, &q->framing, 0, length, q->phase);
	phase = q->framing.kind == FRAMING_FIXED ? cut_phase(&q->chain, &q->framing, length, q->phase) : q->phase;
	return q->records - cut_count(&q->chain, &q->framing, length, q->ready - length, phase) - unended_records(q);
}

uint64_t
queue_take(struct queue *q, size_t length)
{
	uint64_t ended;

	if (queue_aside(q) > 0) {
		uint64_t before = q->records;
		take_aside(q, length);
		return before - q->records;
	}
	ended = ends_before(q, length);
	q->phase = cut_phase(&q->chain, &q->framing, length, q->phase);
	if (ended > 0)
		queue_change_head(q);
	else if (q->head_left > 0)
		q->head_left -= length;
	q->unended_left = q->unended_left > length ? q->unended_left - length : 0;
	chain_consume(&q->chain, length);
	sojourn_leave(q->sojourn, ended);
	q->first += ended;
	queue_pull_marks(q, length);
	q->records -= ended;
	q->ready = q->ready > length ? q->ready - length : 0;
	q->admitted = q->admitted > length ? q->admitted - length : 0;
	q->admitted_records = q->admitted_records > ended ? q->admitted_records - ended : 0;
	if (q->unended && chain_used(&q->chain) == 0)
		q->phase = 0;
	return ended;
}

void
queue_pass(struct queue *q, uint64_t phase)
{
	q->phase = phase;
}

/* --- the sweep ---------------------------------------------------------------------------------- */

/* --- when it does not fit ----------------------------------------------------------------------- */

static size_t
kept_by_trim(const struct queue *q)
{
	return TRIM_KEEP + chain_used(&q->chain);
}

bool
queue_trimmable(const struct queue *q)
{
	return chain_used(&q->chain) <= TRIM_MOST && chain_idle(&q->chain) > kept_by_trim(q) + TRIM_SLACK;
}

bool
queue_trim(struct queue *q)
{
	return chain_trim(&q->chain, kept_by_trim(q), TRIM_SLICE);
}

void
queue_check(const struct queue *q)
{
	chain_check(&q->chain);
	if (q->ready > chain_used(&q->chain) || q->admitted > q->ready ||
	    q->admitted_records > q->records || q->aside_sent > q->aside_length ||
	    (q->aside == NULL) != (q->aside_length == 0))
		abort();
	if (cut_count(&q->chain, &q->framing, 0, q->ready, q->phase) + unended_records(q) + (queue_aside(q) > 0) != q->records)
		abort();
	if (q->ready > 0 && !q->unended && cut_last(&q->chain, &q->framing, 0, q->ready, q->phase) != q->ready)
		abort();
	if (q->head_left > 0 && (q->ready == 0 || q->head_left != queue_end_of(q, 0, q->phase)))
		abort();
	if (q->unended_left > 0 && (q->unended_left > chain_used(&q->chain) || cut_first(&q->chain, &q->framing, 0, q->unended_left, q->phase) > 0))
		abort();
}
