/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ends are looked for in spans: bytes of the ring by offset, of which record.h sees one contiguous piece
 * after the other.
 *
 * Dropping the oldest is exact without asking record by record.  One after the other, each arriving
 * record evicts from the head as few as let it in; what remains is the longest run of newest records
 * that fits, since no record of that run can have been in the way of a newer one.  So what a read has
 * brought is settled at once, with one search for the end behind the bytes that are too many.
 */
#include "config.h"

#include "queue.h"

#include <stdlib.h>
#include <string.h>

/* A partial record is moved to the base, to start there again, when it is no longer than this. */
#define REWIND_MOST RING_GRAIN

/* How much memory an idle queue keeps, and how much it gives back at a time. */
#define TRIM_KEEP ((size_t)1 << 20)
#define TRIM_SLICE ((size_t)8 << 20)

/* And how much more than that it must have touched to be worth the system call. */
#define TRIM_SLACK ((size_t)1 << 20)

int
queue_init(struct queue *q, const struct framing *framing, const struct queue_limits *limits)
{
	size_t size = limits->bytes + limits->slack;

	*q = (struct queue){ .framing = *framing, .limits = *limits };
	return ring_init(&q->ring, size, size + limits->record);
}

void
queue_free(struct queue *q)
{
	ring_free(&q->ring);
	free(q->aside);
	q->aside = NULL;
}

/* --- spans -------------------------------------------------------------------------------------- */

static uint64_t
span_count(const struct queue *q, size_t offset, size_t length, uint64_t phase)
{
	struct iovec piece[2];
	int pieces = ring_peek(&q->ring, offset, length, piece);
	uint64_t count = 0;

	for (int i = 0; i < pieces; i++) {
		count += record_count(&q->framing, phase, piece[i].iov_base, piece[i].iov_len);
		phase = record_phase(&q->framing, phase, piece[i].iov_base, piece[i].iov_len);
	}
	return count;
}

static size_t
span_first(const struct queue *q, size_t offset, size_t length, uint64_t phase)
{
	struct iovec piece[2];
	int pieces = ring_peek(&q->ring, offset, length, piece);
	size_t before = 0;

	for (int i = 0; i < pieces; i++) {
		size_t end = record_first(&q->framing, phase, piece[i].iov_base, piece[i].iov_len);
		if (end > 0)
			return before + end;
		phase = record_phase(&q->framing, phase, piece[i].iov_base, piece[i].iov_len);
		before += piece[i].iov_len;
	}
	return 0;
}

static size_t
span_last(const struct queue *q, size_t offset, size_t length, uint64_t phase)
{
	struct iovec piece[2];
	int pieces = ring_peek(&q->ring, offset, length, piece);
	size_t before = pieces > 0 ? piece[0].iov_len : 0;
	size_t end = 0;

	if (pieces == 2) {
		uint64_t second = record_phase(&q->framing, phase, piece[0].iov_base, before);
		end = record_last(&q->framing, second, piece[1].iov_base, piece[1].iov_len);
		if (end > 0)
			return before + end;
	}
	return pieces > 0 ? record_last(&q->framing, phase, piece[0].iov_base, before) : 0;
}

/* The end behind at most count records; *count is lessened by those passed. */
static size_t
span_skip(const struct queue *q, size_t offset, size_t length, uint64_t phase, uint64_t *count)
{
	struct iovec piece[2];
	int pieces = ring_peek(&q->ring, offset, length, piece);
	size_t before = 0;
	size_t last = 0;

	for (int i = 0; i < pieces && *count > 0; i++) {
		size_t end = record_skip(&q->framing, phase, piece[i].iov_base, piece[i].iov_len, count);
		if (end > 0)
			last = before + end;
		phase = record_phase(&q->framing, phase, piece[i].iov_base, piece[i].iov_len);
		before += piece[i].iov_len;
	}
	return last;
}

/* The end of the record at offset (offset < ready), which may be the last one, without a delimiter. */
static size_t
record_end(const struct queue *q, size_t offset, uint64_t phase)
{
	size_t length = q->ready - offset;
	size_t end = span_first(q, offset, length, phase);

	return end > 0 ? end : length;
}

/* --- what is here ------------------------------------------------------------------------------- */

/* 1 when the last ready record lacks its delimiter, so that no search finds its end. */
static uint64_t
unended_records(const struct queue *q)
{
	return q->unended && q->ready > 0;
}

/* The end of the head record (ready > 0).  Looked for once: it may be long, and is asked for at every
 * pass. */
static size_t
head_end(struct queue *q)
{
	if (q->head_left == 0)
		q->head_left = record_end(q, 0, q->phase);
	return q->head_left;
}

static size_t
aside_left(const struct queue *q)
{
	return q->aside_length - q->aside_sent;
}

/* 1 when a part-sent record's end is held. */
static uint64_t
part_sent_records(const struct queue *q)
{
	return aside_left(q) > 0 || (q->phase != 0 && q->ready > 0);
}

struct tally
queue_held(const struct queue *q)
{
	return (struct tally){ q->records, ring_used(&q->ring) + aside_left(q) };
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
	return q->first + q->records - (aside_left(q) > 0);
}

size_t
queue_partial(const struct queue *q)
{
	return ring_used(&q->ring) - q->ready;
}

bool
queue_part_sent(const struct queue *q)
{
	return q->phase != 0 || aside_left(q) > 0;
}

/* --- coming in ---------------------------------------------------------------------------------- */

int
queue_prepare(struct queue *q, size_t most, struct iovec piece[2], size_t *length)
{
	size_t room;

	ring_rewind(&q->ring, REWIND_MOST);
	room = ring_room(&q->ring);
	if (room < q->limits.slack / 4 && q->ring.size < q->ring.reserve) {
		/* A long record is being assembled behind a full buffer.  It is likely to go on. */
		size_t more = q->limits.slack + queue_partial(q) / 8;
		if (more > q->ring.reserve - q->ring.size)
			more = q->ring.reserve - q->ring.size;
		ring_extend(&q->ring, q->ring.size + more);
		room += more;
	}
	*length = room < most ? room : most;
	return ring_prepare(&q->ring, *length, piece);
}

void
queue_append(struct queue *q, size_t gap, size_t length, uint64_t ends, size_t tail)
{
	size_t used = ring_used(&q->ring);

	if (gap > 0)
		ring_move(&q->ring, used, used + gap, length);
	ring_commit(&q->ring, length);
	if (ends > 0) {
		q->records += ends;
		q->ready = used + length - tail;
		sojourn_arrive(q->sojourn, ends);
	}
}

/* The bytes are about to be dropped. */
static void
save_span(const struct queue *q, struct loss *loss, enum reason reason, bool left_out, size_t offset,
    size_t length)
{
	struct iovec piece[2];
	int pieces;

	if (!loss_saves(loss))
		return;
	pieces = ring_peek(&q->ring, offset, length, piece);
	for (int i = 0; i < pieces; i++)
		loss_save(loss, reason, left_out, piece[i].iov_base, piece[i].iov_len);
}

size_t
queue_abandon(struct queue *q, struct loss *loss, enum reason reason)
{
	size_t partial = queue_partial(q);

	save_span(q, loss, reason, true, q->ready, partial);
	loss_left_out(loss, reason, queue_next(q), 0, partial);
	ring_retract(&q->ring, partial);
	return partial;
}

void
queue_finish(struct queue *q)
{
	if (queue_partial(q) > 0) {
		q->ready = ring_used(&q->ring);
		q->records++;
		q->unended = true;
		sojourn_arrive(q->sojourn, 1);
	} else if (q->ready == 0) {
		q->phase = 0; /* it was sent as it came: its end is out */
	}
}

/* --- going out ---------------------------------------------------------------------------------- */

size_t
queue_rest(struct queue *q)
{
	if (aside_left(q) > 0)
		return aside_left(q);
	if (q->phase == 0)
		return 0;
	return q->ready > 0 ? head_end(q) : ring_used(&q->ring);
}

size_t
queue_head(struct queue *q)
{
	return q->ready > 0 ? head_end(q) : 0;
}

size_t
queue_whole(const struct queue *q, size_t most, uint64_t records)
{
	size_t length = q->ready;

	if (q->head_left > most)
		return 0;
	if (length > most)
		length = span_last(q, 0, most, q->phase);
	if (records < q->records && length > 0)
		length = span_skip(q, 0, length, q->phase, &records);
	return length;
}

size_t
queue_whole_from(const struct queue *q, size_t offset, size_t most)
{
	size_t left = q->ready - offset;

	return left <= most ? left : span_last(q, offset, most, 0);
}

int
queue_peek(const struct queue *q, size_t offset, size_t length, struct iovec piece[2])
{
	if (aside_left(q) > 0) {
		piece[0] = (struct iovec){ q->aside + q->aside_sent + offset, length };
		return 1;
	}
	return ring_peek(&q->ring, offset, length, piece);
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
	if (length >= q->ready)
		return q->records;
	if (length <= q->ready / 2)
		return span_count(q, 0, length, q->phase);
	struct iovec piece[2];
	uint64_t phase = q->phase;
	if (q->framing.kind == FRAMING_FIXED) {
		int pieces = ring_peek(&q->ring, 0, length, piece);
		for (int i = 0; i < pieces; i++)
			phase = record_phase(&q->framing, phase, piece[i].iov_base, piece[i].iov_len);
	}
	return q->records - span_count(q, length, q->ready - length, phase) - unended_records(q);
}

uint64_t
queue_take(struct queue *q, size_t length)
{
	struct iovec piece[2];
	uint64_t ended;
	int pieces;

	if (aside_left(q) > 0) {
		uint64_t before = q->records;
		take_aside(q, length);
		return before - q->records;
	}
	ended = ends_before(q, length);
	pieces = ring_peek(&q->ring, 0, length, piece);
	for (int i = 0; i < pieces; i++)
		q->phase = record_phase(&q->framing, q->phase, piece[i].iov_base, piece[i].iov_len);
	q->head_left = q->head_left > length ? q->head_left - length : 0;
	ring_consume(&q->ring, length);
	sojourn_leave(q->sojourn, ended);
	q->first += ended;
	q->records -= ended;
	q->ready = q->ready > length ? q->ready - length : 0;
	q->admitted = q->admitted > length ? q->admitted - length : 0;
	q->admitted_records = q->admitted_records > ended ? q->admitted_records - ended : 0;
	if (q->unended && ring_used(&q->ring) == 0)
		q->phase = 0;
	return ended;
}

void
queue_pass(struct queue *q, uint64_t phase)
{
	q->phase = phase;
}

/* --- when it does not fit ----------------------------------------------------------------------- */

bool
queue_fits(const struct queue *q)
{
	return q->ready + aside_left(q) <= q->limits.bytes && queue_waiting(q) <= q->limits.records;
}

void
queue_admit(struct queue *q)
{
	q->admitted = q->ready;
	q->admitted_records = q->records;
}

/* A part-sent head may have been taken from what the policy had not seen yet.  It is in for good. */
static void
admit_head(struct queue *q)
{
	if (q->admitted == 0 && q->phase != 0 && q->ready > 0) {
		q->admitted = head_end(q);
		q->admitted_records = 1;
	}
}

/* The number of the first record that the policy has not let in yet. */
static uint64_t
next_admitted(const struct queue *q)
{
	return q->first + q->admitted_records - (aside_left(q) > 0);
}

/* Whether the sweep keeps a record of this length; may count. */
typedef bool keep_function(void *state, size_t length);

/* Asks of each ready record from offset `from` on (the beginning of the record of that number) whether
 * it stays, drops the others and closes the gaps: in one pass, moving each byte at most once, runs of
 * kept records together. */
static void
sweep(struct queue *q, size_t from, uint64_t number, keep_function *keep, void *state, struct loss *loss,
    enum reason reason)
{
	size_t used = ring_used(&q->ring);
	size_t to = from;  /* where the next kept byte belongs */
	size_t run = from; /* what lies from here to `at` is kept, and not moved yet */
	size_t at = from;

	while (at < q->ready) {
		size_t length = record_end(q, at, 0);
		if (keep(state, length)) {
			number++;
		} else {
			save_span(q, loss, reason, false, at, length);
			loss_removed(loss, reason, number, 1, length);
			sojourn_drop_newest(q->sojourn, 1);
			if (to != run)
				ring_move(&q->ring, to, run, at - run);
			to += at - run;
			run = at + length;
			q->records--;
			if (at + length == q->ready)
				q->unended = false;
		}
		at += length;
	}
	if (to == run)
		return;
	q->head_left = 0;
	ring_move(&q->ring, to, run, used - run); /* with the record being assembled */
	ring_retract(&q->ring, run - to);
	q->ready -= run - to;
}

/* The rest of a part-sent head leaves the ring, so that what follows may.  False without memory. */
static bool
set_aside(struct queue *q)
{
	size_t rest = head_end(q);
	struct iovec piece[2];
	char *copy = malloc(rest);

	if (copy == NULL)
		return false;
	ring_peek(&q->ring, 0, rest, piece);
	memcpy(copy, piece[0].iov_base, piece[0].iov_len);
	if (piece[1].iov_len > 0)
		memcpy(copy + piece[0].iov_len, piece[1].iov_base, piece[1].iov_len);
	ring_consume(&q->ring, rest);
	q->head_left = 0;
	q->first++;
	sojourn_set_aside(q->sojourn);
	q->ready -= rest;
	q->admitted = q->admitted > rest ? q->admitted - rest : 0;
	q->phase = 0;
	q->aside = copy;
	q->aside_length = rest;
	q->aside_sent = 0;
	return true;
}

/* The beginning of the first ready record from offset on (the beginning of a record) that is at most
 * `most` bytes long, or ready. */
static size_t
find_short(const struct queue *q, size_t offset, size_t most)
{
	struct iovec piece[2];
	int pieces = ring_peek(&q->ring, offset, q->ready - offset, piece);
	size_t at = offset;
	size_t length;

	if (pieces == 0)
		return q->ready;
	at += record_short(&q->framing, piece[0].iov_base, piece[0].iov_len, most);
	if (at - offset < piece[0].iov_len && at < q->ready) {
		/* a short one, or one that goes on in the second piece, or the last without a delimiter */
		length = record_end(q, at, 0);
		if (length <= most)
			return at;
		at += length;
	}
	if (pieces == 1 || at >= q->ready)
		return q->ready;
	length = at - offset - piece[0].iov_len; /* of the second piece, done */
	at += record_short(&q->framing, (char *)piece[1].iov_base + length, piece[1].iov_len - length,
	    most);
	return at < q->ready && record_end(q, at, 0) <= most ? at : q->ready;
}

/* Whether any record behind a part-sent head would fit beside the head's rest. */
static bool
can_displace(struct queue *q)
{
	size_t rest = head_end(q);

	return rest < q->limits.bytes && find_short(q, rest, q->limits.bytes - rest) < q->ready;
}

static bool
at_most(void *state, size_t length)
{
	const size_t *most = state;

	return length <= *most;
}

/* The oldest records leave the ring unsent. */
static void
evict(struct queue *q, struct loss *loss, enum reason reason, uint64_t count, size_t length)
{
	save_span(q, loss, reason, false, 0, length);
	q->head_left = 0;
	q->first += count;
	q->ready -= length;
	q->records -= count;
	ring_consume(&q->ring, length);
	sojourn_drop_oldest(q->sojourn, count);
	loss_evicted(loss, reason, q->first, count, length);
}

void
queue_evict(struct queue *q, struct loss *loss, enum reason evicted, enum reason misfit)
{
	size_t most, length = 0;
	uint64_t count = 0;

	if (q->phase != 0 && q->ready > 0 && !queue_fits(q) && (!can_displace(q) || !set_aside(q))) {
		queue_refuse(q, loss, misfit); /* nothing can be evicted */
		return;
	}
	most = q->limits.bytes - aside_left(q);
	if (most < q->limits.record && q->admitted < q->ready)
		sweep(q, q->admitted, next_admitted(q), at_most, &most, loss, misfit);
	if (q->ready > most) {
		/* the first end at or behind the bytes that are too many */
		size_t over = q->ready - most;
		uint64_t phase = q->framing.kind == FRAMING_FIXED ? (over - 1) % q->framing.size : 0;
		length = over - 1 + record_end(q, over - 1, phase);
		count = span_count(q, 0, length, 0);
		if (length == q->ready)
			count = q->records - (aside_left(q) > 0);
	}
	if (queue_waiting(q) - count > q->limits.records) {
		uint64_t over = queue_waiting(q) - count - q->limits.records;
		count += over;
		length += span_skip(q, length, q->ready - length, 0, &over);
	}
	if (length > 0)
		evict(q, loss, evicted, count, length);
	queue_admit(q);
}

/* Of what has arrived since the last verdict: the most that is a run of whole records and fits. */
static size_t
fitting_run(const struct queue *q, size_t bytes, uint64_t *records)
{
	size_t arrived = q->ready - q->admitted;
	size_t fit = span_last(q, q->admitted, arrived < bytes ? arrived : bytes, 0);

	return span_skip(q, q->admitted, fit, 0, records);
}

struct room {
	struct loss *loss;
	enum reason reason; /* of what is not let in */
	size_t bytes;
	uint64_t records;
	size_t to;  /* where the next record let in belongs */
	size_t end; /* of the last one let in, where it was */
};

/* What lies from the last record let in to here is not: `records` whole ones. */
static void
leave_out(struct queue *q, struct room *room, size_t offset, uint64_t records)
{
	size_t length = offset - room->end;

	if (length == 0)
		return;
	save_span(q, room->loss, room->reason, false, room->end, length);
	loss_removed(room->loss, room->reason, next_admitted(q), records, length);
	sojourn_drop_newest(q->sojourn, records);
	q->records -= records;
}

/* length bytes from offset on, `ends` whole records, are let in. */
static void
let_in(struct queue *q, struct room *room, size_t offset, size_t length, uint64_t ends)
{
	leave_out(q, room, offset, span_count(q, room->end, offset - room->end, 0));
	if (offset != room->to)
		ring_move(&q->ring, room->to, offset, length);
	room->bytes -= length;
	room->records -= ends;
	room->to += length;
	room->end = offset + length;
	q->admitted_records += ends;
}

void
queue_refuse(struct queue *q, struct loss *loss, enum reason refused)
{
	size_t partial = queue_partial(q);
	struct room room;
	uint64_t left;
	size_t length;

	if (queue_fits(q)) {
		queue_admit(q);
		return;
	}
	admit_head(q);
	room = (struct room){
		.loss = loss,
		.reason = refused,
		.bytes = q->limits.bytes - aside_left(q) - q->admitted,
		.records = q->limits.records - (q->admitted_records - part_sent_records(q)),
		.to = q->admitted,
		.end = q->admitted,
	};
	/* Most often a run fits, and nothing behind it; but then each record that is short enough. */
	left = room.records;
	length = fitting_run(q, room.bytes, &left);
	let_in(q, &room, q->admitted, length, room.records - left);
	while (room.bytes > 0 && room.records > 0) {
		size_t at = find_short(q, room.end, room.bytes);
		if (at == q->ready)
			break;
		let_in(q, &room, at, record_end(q, at, 0), 1);
	}
	leave_out(q, &room, q->ready, q->records - q->admitted_records);
	if (room.end != q->ready)
		q->unended = false;
	if (room.to == 0)
		q->head_left = 0;
	ring_move(&q->ring, room.to, q->ready, partial);
	ring_retract(&q->ring, q->ready - room.to);
	q->ready = room.to;
	q->records = q->admitted_records;
	queue_admit(q);
}

bool
queue_trimmable(const struct queue *q)
{
	return q->ring.touched > TRIM_KEEP + TRIM_SLACK && ring_used(&q->ring) <= REWIND_MOST &&
	    ring_trimmable(&q->ring, TRIM_KEEP);
}

bool
queue_trim(struct queue *q)
{
	return ring_trim(&q->ring, TRIM_KEEP, TRIM_SLICE);
}

void
queue_check(const struct queue *q)
{
	ring_check(&q->ring);
	if (q->ready > ring_used(&q->ring) || q->admitted > q->ready ||
	    q->admitted_records > q->records || q->aside_sent > q->aside_length ||
	    (q->aside == NULL) != (q->aside_length == 0))
		abort();
	if (span_count(q, 0, q->ready, q->phase) + unended_records(q) + (aside_left(q) > 0) != q->records)
		abort();
	if (q->ready > 0 && !q->unended && span_last(q, 0, q->ready, q->phase) != q->ready)
		abort();
}
