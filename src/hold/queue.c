/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ends are looked for in spans: bytes of the chain by offset, of which record.h sees one contiguous piece
 * after the other.
 *
 * Dropping the oldest is exact without asking record by record.  One after the other, each arriving
 * record evicts from the head as few as let it in; what remains is the longest run of newest records
 * that fits, since no record of that run can have been in the way of a newer one.  So what a read has
 * brought is settled at once, with one search for the end behind the bytes that are too many.
 */
#include "config.h"

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

static uint64_t
span_count(const struct queue *q, size_t offset, size_t length, uint64_t phase)
{
	struct chain_place place = chain_at(&q->chain, offset);
	uint64_t count = 0;

	while (length > 0) {
		struct iovec piece = chain_next(&q->chain, &place, length);
		count += record_count(&q->framing, phase, piece.iov_base, piece.iov_len);
		phase = record_phase(&q->framing, phase, piece.iov_base, piece.iov_len);
		length -= piece.iov_len;
	}
	return count;
}

/* The first end from a place on, or 0. */
static size_t
first_end(const struct queue *q, struct chain_place place, size_t length, uint64_t phase)
{
	size_t before = 0;

	while (before < length) {
		struct iovec piece = chain_next(&q->chain, &place, length - before);
		size_t end = record_first(&q->framing, phase, piece.iov_base, piece.iov_len);
		if (end > 0)
			return before + end;
		phase = record_phase(&q->framing, phase, piece.iov_base, piece.iov_len);
		before += piece.iov_len;
	}
	return 0;
}

static size_t
span_first(const struct queue *q, size_t offset, size_t length, uint64_t phase)
{
	return first_end(q, chain_at(&q->chain, offset), length, phase);
}

static size_t
span_last(const struct queue *q, size_t offset, size_t length, uint64_t phase)
{
	struct chain_place place = chain_at(&q->chain, offset);
	size_t before = 0, last = 0;

	while (before < length) {
		struct iovec piece = chain_next(&q->chain, &place, length - before);
		size_t end = record_last(&q->framing, phase, piece.iov_base, piece.iov_len);
		if (end > 0)
			last = before + end;
		phase = record_phase(&q->framing, phase, piece.iov_base, piece.iov_len);
		before += piece.iov_len;
	}
	return last;
}

/* The end behind at most count records; *count is lessened by those passed. */
static size_t
span_skip(const struct queue *q, size_t offset, size_t length, uint64_t phase, uint64_t *count)
{
	struct chain_place place = chain_at(&q->chain, offset);
	size_t before = 0, last = 0;

	while (before < length && *count > 0) {
		struct iovec piece = chain_next(&q->chain, &place, length - before);
		size_t end = record_skip(&q->framing, phase, piece.iov_base, piece.iov_len, count);
		if (end > 0)
			last = before + end;
		phase = record_phase(&q->framing, phase, piece.iov_base, piece.iov_len);
		before += piece.iov_len;
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

/* The end of the head record (ready > 0).  Looked for once, it may be long and is asked for at every pass; and only in
 * what the last read of it has brought. */
static size_t
head_end(struct queue *q)
{
	if (q->head_left == 0)
		q->head_left = q->unended_left + record_end(q, q->unended_left, q->phase);
	return q->head_left;
}

/* It is another one from here on. */
static void
change_head(struct queue *q)
{
	q->head_left = q->unended_left = 0;
	q->heads++;
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
	return (struct tally){ q->records, chain_used(&q->chain) + aside_left(q) };
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
	return chain_used(&q->chain) - q->ready;
}

bool
queue_part_sent(const struct queue *q)
{
	return q->phase != 0 || aside_left(q) > 0;
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
queue_prepare(struct queue *q, size_t most, struct iovec piece[2], size_t *length)
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
static struct queue_record
record_at(struct queue *q, size_t offset, struct chain_place place, bool text)
{
	size_t left = q->ready - offset, length;
	bool unended;

	if (offset == 0)
		length = head_end(q);
	else if ((length = first_end(q, place, left, 0)) == 0)
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
static void
hand_over(struct queue *q, struct loss *loss, struct queue_fate fate, size_t offset, struct chain_place place, size_t length)
{
	if (loss_saves(loss))
		save_span(q, loss, fate.reason, false, place, length);
	for (size_t at = offset; at < offset + length && loss_looks(loss, fate.class);) {
		struct queue_record record = record_at(q, at, place, true);
		loss_look(loss, fate.class, record.text, record.body, record.length);
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
		change_head(q);
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
static void
pull_marks(struct queue *q, size_t length)
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
	return (struct queue_mark){ q->admitted, q->first + q->admitted_records - (aside_left(q) > 0) };
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
	if (aside_left(q) > 0)
		return aside_left(q);
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
	*record = record_at(q, offset, chain_at(&q->chain, offset), true);
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
queue_peek(const struct queue *q, size_t offset, size_t *length, struct iovec piece[QUEUE_PIECES])
{
	size_t sum = 0;
	int pieces;

	if (aside_left(q) > 0) {
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

/* The phase behind the first length bytes. */
static uint64_t
phase_behind(const struct queue *q, size_t length)
{
	struct chain_place place = chain_at(&q->chain, 0);
	uint64_t phase = q->phase;

	while (length > 0) {
		struct iovec piece = chain_next(&q->chain, &place, length);
		phase = record_phase(&q->framing, phase, piece.iov_base, piece.iov_len);
		length -= piece.iov_len;
	}
	return phase;
}

/* How many records end in the first length bytes: the shorter side of the cut is searched. */
static uint64_t
ends_before(const struct queue *q, size_t length)
{
	uint64_t phase;


	if (length >= q->ready)
		return q->records;
	if (length <= q->ready / 2)
		return span_count(q, 0, length, q->phase);
	phase = q->framing.kind == FRAMING_FIXED ? phase_behind(q, length) : q->phase;
	return q->records - span_count(q, length, q->ready - length, phase) - unended_records(q);
}

uint64_t
queue_take(struct queue *q, size_t length)
{
	uint64_t ended;

	if (aside_left(q) > 0) {
		uint64_t before = q->records;
		take_aside(q, length);
		return before - q->records;
	}
	ended = ends_before(q, length);
	q->phase = phase_behind(q, length);
	if (ended > 0)
		change_head(q);
	else if (q->head_left > 0)
		q->head_left -= length;
	q->unended_left = q->unended_left > length ? q->unended_left - length : 0;
	chain_consume(&q->chain, length);
	sojourn_leave(q->sojourn, ended);
	q->first += ended;
	pull_marks(q, length);
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

/* A run of records with the same fate lies from `run` to `at`, seen but not dealt with yet. */
struct broom {
	size_t to;       /* where the next byte that stays belongs */
	uint64_t number; /* of the next record that stays */
	size_t run;
	uint64_t records; /* of the run */
	bool dropping;
	bool looks; /* nothing will be dropped */
	struct queue_fate fate;
	struct chain_broom chain; /* where `to` and `run` are */
	size_t at; /* not beside records: compilers add to both at once, and wait for that to be stored */
};

/* What lay from `to` on, length bytes and so many records, is gone. */
static void
move_marks(struct queue *q, const struct broom *broom, size_t length)
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
end_run(struct queue *q, struct broom *broom, struct loss *loss)
{
	size_t length = broom->at - broom->run;

	if (length == 0)
		return;
	if (broom->dropping) {
		hand_over(q, loss, broom->fate, broom->run, broom->chain.from, length);
		chain_drop(&q->chain, &broom->chain, length);
		loss_removed(loss, broom->fate.reason, broom->number, broom->records, length);
		loss_class(loss, broom->fate.class, broom->records, length);
		sojourn_cut(q->sojourn, broom->records);
		q->records -= broom->records;
		if (broom->to == 0)
			change_head(q);
		if (broom->at == q->ready)
			q->unended = false;
		move_marks(q, broom, length);
	} else {
		chain_keep(&q->chain, &broom->chain, length);
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
close_hole(struct queue *q, struct broom *broom)
{
	chain_close(&q->chain, &broom->chain);
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
		walk->text += end;
		walk->left -= end;
		if (walk->left == 0)
			walk_on(q, walk);
	} else {
		/* it goes on in the next segment, or lacks its delimiter */
		struct chain_place place = walk->place;

		place.at -= walk->left;
		record = record_at(q, offset, place, text);
		walk->place = place;
		chain_skip(&q->chain, &walk->place, record.length);
		walk->behind = q->ready - offset - record.length;
		walk_on(q, walk);
	}
	return record;
}

static struct queue_mark
sweep_over(struct queue *q, struct loss *loss, struct queue_mark from, struct queue_mark to,
    const struct queue_sweep *sweep, bool looks)
{
	struct queue_mark oldest = queue_oldest_mark(q);
	size_t end = to.offset;
	struct broom broom;
	struct walk walk;

	if (from.offset < oldest.offset)
		from = oldest;
	broom = (struct broom){ .to = from.offset, .number = from.number, .run = from.offset, .at = from.offset,
		.looks = looks, .chain = chain_sweep(&q->chain, chain_at(&q->chain, from.offset)) };
	if (!looks)
		sojourn_sweep(q->sojourn, from.number - q->first);
	walk = begin_walk(q, from.offset);
	while (broom.at < end) {
		struct queue_record record = next_record(q, &walk, broom.at, !sweep->blind);
		struct queue_fate fate = broom.fate;
		enum queue_verdict verdict = sweep->judge(sweep->state, &record, &fate);

		if (verdict == QUEUE_STOP)
			break;
		if ((verdict == QUEUE_DROP) != broom.dropping || fate.reason != broom.fate.reason ||
		    fate.class != broom.fate.class) {
			end_run(q, &broom, loss);
			broom.dropping = verdict == QUEUE_DROP;
			broom.fate = fate;
		}
		broom.at += record.length;
		broom.records++;
	}
	end_run(q, &broom, loss);
	close_hole(q, &broom);
	return (struct queue_mark){ broom.to, broom.number };
}

struct queue_mark
queue_sweep(struct queue *q, struct loss *loss, struct queue_mark from, struct queue_mark to,
    const struct queue_sweep *sweep)
{
	return sweep_over(q, loss, from, to, sweep, false);
}

struct queue_mark
queue_look(struct queue *q, struct queue_mark from, struct queue_mark to, const struct queue_sweep *sweep)
{
	return sweep_over(q, NULL, from, to, sweep, true);
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

struct tally
queue_room(struct queue *q)
{
	admit_head(q);
	return (struct tally){ q->limits.records - (q->admitted_records - part_sent_records(q)),
		q->limits.bytes - aside_left(q) - q->admitted };
}

void
queue_admit_to(struct queue *q, struct queue_mark mark)
{
	q->admitted = mark.offset;
	q->admitted_records = mark.number - q->first + (aside_left(q) > 0);
}

/* The rest of a part-sent head leaves the chain, so that what follows may.  False without memory. */
static bool
set_aside(struct queue *q)
{
	size_t rest = head_end(q), at = 0;
	struct chain_place place = chain_at(&q->chain, 0);
	char *copy = malloc(rest);

	if (copy == NULL)
		return false;
	admit_head(q);
	while (at < rest) {
		struct iovec piece = chain_next(&q->chain, &place, rest - at);
		memcpy(copy + at, piece.iov_base, piece.iov_len);
		at += piece.iov_len;
	}
	chain_consume(&q->chain, rest);
	change_head(q);
	q->first++;
	pull_marks(q, rest);
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
		end = first_end(q, begin, q->ready - at, 0);
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

/* Whether any record behind a part-sent head would fit beside the head's rest. */
static bool
can_displace(struct queue *q)
{
	size_t rest = head_end(q);

	return rest < q->limits.bytes && find_short(q, rest, q->limits.bytes - rest) < q->ready;
}

struct misfits {
	size_t most; /* bytes that a record may have */
	enum reason reason;
};

static enum queue_verdict
judge_misfit(void *state, const struct queue_record *record, struct queue_fate *fate)
{
	const struct misfits *misfits = state;

	*fate = (struct queue_fate){ misfits->reason, LOSS_ANY_CLASS };
	return record->length > misfits->most ? QUEUE_DROP : QUEUE_KEEP;
}

/* The oldest records leave the chain unsent. */
static void
evict(struct queue *q, struct loss *loss, enum reason reason, uint64_t count, size_t length)
{
	hand_over(q, loss, (struct queue_fate){ reason, LOSS_ANY_CLASS }, 0, chain_at(&q->chain, 0), length);
	change_head(q);
	q->first += count;
	pull_marks(q, length);
	q->ready -= length;
	q->records -= count;
	chain_consume(&q->chain, length);
	sojourn_drop_oldest(q->sojourn, count);
	loss_evicted(loss, reason, q->first, count, length);
}

struct oldest {
	uint64_t left;
	enum reason reason;
};

static enum queue_verdict
judge_oldest(void *state, const struct queue_record *record, struct queue_fate *fate)
{
	struct oldest *oldest = state;

	(void)record;
	if (oldest->left == 0)
		return QUEUE_STOP;
	oldest->left--;
	*fate = (struct queue_fate){ oldest->reason, LOSS_ANY_CLASS };
	return QUEUE_DROP;
}

void
queue_drop_oldest(struct queue *q, struct loss *loss, enum reason reason, uint64_t count)
{
	struct oldest oldest = { count, reason };
	const struct queue_sweep sweep = { judge_oldest, &oldest, true };
	struct queue_mark admitted;
	size_t length;

	if (count == 0)
		return;
	if (q->phase != 0 && !set_aside(q)) {
		/* no memory: the rest is moved instead */
		(void)queue_sweep(q, loss, queue_oldest_mark(q), queue_newest_mark(q), &sweep);
		return;
	}
	length = span_skip(q, 0, q->ready, 0, &oldest.left);
	if (oldest.left > 0)
		length = q->ready; /* the last one, which has no delimiter */
	admitted = queue_admitted_mark(q);
	evict(q, loss, reason, count, length);
	if (admitted.offset < length)
		admitted = (struct queue_mark){ length, q->first };
	admitted.offset -= length;
	queue_admit_to(q, admitted);
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
	if (most < q->limits.record && q->admitted < q->ready) {
		struct misfits misfits = { most, misfit };
		const struct queue_sweep sweep = { judge_misfit, &misfits, true };
		(void)queue_sweep(q, loss, queue_admitted_mark(q), queue_newest_mark(q), &sweep);
	}
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
	struct chain_broom broom; /* both as places */
};

/* What lies from the last record let in to here is not: `records` whole ones. */
static void
leave_out(struct queue *q, struct room *room, size_t offset, uint64_t records)
{
	size_t length = offset - room->end;

	if (length == 0)
		return;
	hand_over(q, room->loss, (struct queue_fate){ room->reason, LOSS_ANY_CLASS }, room->end, room->broom.from, length);
	chain_drop(&q->chain, &room->broom, length);
	loss_removed(room->loss, room->reason, queue_admitted_mark(q).number, records, length);
	sojourn_drop_newest(q->sojourn, records);
	q->records -= records;
}

/* length bytes from offset on, `ends` whole records, are let in. */
static void
let_in(struct queue *q, struct room *room, size_t offset, size_t length, uint64_t ends)
{
	leave_out(q, room, offset, span_count(q, room->end, offset - room->end, 0));
	chain_keep(&q->chain, &room->broom, length);
	if (offset > 0 && room->to == 0)
		change_head(q);
	room->bytes -= length;
	room->records -= ends;
	room->to += length;
	room->end = offset + length;
	q->admitted_records += ends;
}

void
queue_refuse(struct queue *q, struct loss *loss, enum reason refused)
{
	struct tally left_over;
	struct room room;
	uint64_t left;
	size_t length;

	if (queue_fits(q)) {
		queue_admit(q);
		return;
	}
	left_over = queue_room(q);
	room = (struct room){
		.loss = loss,
		.reason = refused,
		.bytes = (size_t)left_over.bytes,
		.records = left_over.records,
		.to = q->admitted,
		.end = q->admitted,
		.broom = chain_sweep(&q->chain, chain_at(&q->chain, q->admitted)),
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
		change_head(q);
	chain_close(&q->chain, &room.broom);
	q->ready = room.to;
	q->records = q->admitted_records;
	queue_admit(q);
}

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
	if (span_count(q, 0, q->ready, q->phase) + unended_records(q) + (aside_left(q) > 0) != q->records)
		abort();
	if (q->ready > 0 && !q->unended && span_last(q, 0, q->ready, q->phase) != q->ready)
		abort();
	if (q->head_left > 0 && (q->ready == 0 || q->head_left != record_end(q, 0, q->phase)))
		abort();
	if (q->unended_left > 0 && (q->unended_left > chain_used(&q->chain) || span_first(q, 0, q->unended_left, q->phase) > 0))
		abort();
}
