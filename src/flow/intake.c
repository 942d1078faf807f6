/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/intake.h"
#include "flow/judging.h"

#include <string.h>

void
intake_init(struct intake *intake, const struct framing *framing, const struct gate_rules *rules)
{
	*intake = (struct intake){ .framing = *framing };
	gate_init(&intake->gate, rules);
	intake->gap = gate_next(&intake->gate);
}

/* Whether the next record, or the one that has been begun, is one of the first, which come in unasked. */
bool
intake_is_header(const struct intake *intake, const struct ledger *ledger)
{
	return ledger->in.records < intake->headers;
}

void
intake_weigh(struct intake *intake, struct weights *weights)
{
	intake->weights = weights;
}

/* --- weighed -------------------------------------------------------------------------------------- */

/* What comes in next weighs what the gate says, from its first byte on: it may leave before its end is here. */
static void
weigh_next(struct intake *intake)
{
	if (intake->weights != NULL)
		weights_come(intake->weights, gate_weight(&intake->gate));
	intake->weighed = true;
}

/* Ends of records that are in, none of which the gate has asked about: the first was begun, and weighs what it did then. */
static void
weigh_ends(struct intake *intake, uint64_t ends)
{
	if (intake->weights == NULL)
		return;
	weights_came(intake->weights, 1);
	if (ends > 1)
		weigh_next(intake);
	weights_came(intake->weights, ends - 1);
}

/* --- judged by what it says ----------------------------------------------------------------------- */

/* Whether a record may come in, by so much of it as is here; `whole`: all of it; *reason says why not. */
static bool
may_come_in(struct intake *intake, struct loss *loss, const struct queue_record *record, bool whole, enum reason *reason)
{
	if (gate_admits(&intake->gate, record, whole, loss_now_ns(loss), reason))
		return true;
	if (*reason == REASON_REPEATED)
		loss_repeats(loss, gate_since_ns(&intake->gate), gate_until_ns(&intake->gate));
	if (*reason != REASON_SAMPLE) {
		const unsigned class = *reason == REASON_REPEATED ? LOSS_ANY_CLASS : 0; /* no other is what --keep matches */

		if (loss_looks(loss, class))
			loss_look(loss, class, record->text, record->body, record->length);
	}
	return false;
}

/* The same of the record being assembled, of which body bytes are not delimiter. */
static bool
may_open_come_in(struct intake *intake, struct queue *queue, struct loss *loss, size_t body, bool whole, enum reason *reason)
{
	struct queue_record record = {
		.text = intake->gate.looks ? queue_view_partial(queue) : "", /* else there may be no room for a view */
		.length = (size_t)intake->open, /* before it is judged none of it may leave: all is here */
		.body = body,
	};

	if (framing_noted(&intake->framing) && intake->gate.looks)
		record = queue_record_of(&intake->framing, record.text, record.length);
	return may_come_in(intake, loss, &record, whole, reason);
}

/* --- left out ------------------------------------------------------------------------------------- */

static void
skip(struct intake *intake, enum reason reason)
{
	intake->skipping = true;
	intake->let_in = false;
	intake->reason = reason;
	intake->ends_run |= intake->gate.rules.ends_run && reason == REASON_OVERSIZE;
}

/* The end of the record that is being left out is here. */
static void
end_skipped(struct intake *intake, const struct queue *queue, struct loss *loss)
{
	loss_left_out(loss, intake->reason, queue_next(queue), 1, 0);
	intake->ledger->in.records++;
	intake->open = 0;
	intake->weighed = false;
	intake->skipping = false;
	intake->over = intake->ends_run;
	if (intake->counted_out)
		intake->gap--;
	else if (intake->gate.counts)
		intake->gap = gate_next(&intake->gate);
	intake->counted_out = false;
}

/* Of a record that is being left out: up to its end, or all that is here. */
static size_t
skip_open(struct intake *intake, const struct queue *queue, struct loss *loss, const char *piece,
    size_t length)
{
	size_t end = record_first(&intake->framing, intake->open, piece, length);
	size_t done = end > 0 ? end : length;

	loss_save(loss, intake->reason, true, piece, done);
	loss_left_out(loss, intake->reason, queue_next(queue), 0, done);
	intake->open += done;
	if (end > 0)
		end_skipped(intake, queue, loss);
	return done;
}

/* What the same read has brought behind the end: it is here, and goes nowhere. */
static size_t
leave_behind(struct intake *intake, const char *piece, size_t length)
{
	uint64_t ends = record_count(&intake->framing, intake->open, piece, length);

	intake->ledger->in.records += ends;
	ledger_count(&intake->ledger->undelivered, ends, length);
	return length;
}

/* Records that are not in the sample, as many as are here whole. */
static size_t
skip_whole(struct intake *intake, const struct queue *queue, struct loss *loss, const char *piece,
    size_t length)
{
	uint64_t wanted = intake->gap;
	size_t end = record_skip(&intake->framing, 0, piece, length, &intake->gap);

	loss_save(loss, REASON_SAMPLE, true, piece, end);
	loss_left_out(loss, REASON_SAMPLE, queue_next(queue), wanted - intake->gap, end);
	intake->ledger->in.records += wanted - intake->gap;
	if (end == 0)
		skip(intake, REASON_SAMPLE);
	intake->counted_out = intake->skipping;
	return end;
}

/* --- let in --------------------------------------------------------------------------------------- */

/* The record that has come to its end is in. */
static void
count_in(struct intake *intake, uint64_t records)
{
	const bool header = intake_is_header(intake, intake->ledger); /* which draws none */

	intake->ledger->in.records += records;
	intake->open = 0;
	intake->weighed = false;
	intake->any_length = false;
	if (intake->gate.counts && !header)
		intake->gap = gate_next(&intake->gate);
}

/* How much of what is here may still be of the record that is open, or of the next. */
static size_t
window_of(const struct intake *intake, size_t length)
{
	const uint64_t left = intake->any_length ? UINT64_MAX : intake->gate.rules.max_record - intake->open;

	return length < left ? length : (size_t)left;
}

/* The record being assembled is given up.  *gap as queue_append has it. */
void
intake_give_up(struct intake *intake, struct queue *queue, struct loss *loss, enum reason reason, size_t *gap)
{
	*gap += queue_abandon(queue, loss, reason);
	skip(intake, reason);
}

/* Records that come in: one under sampling, otherwise as many as are here whole, or the beginning of
 * one. */
static size_t
keep(struct intake *intake, struct queue *queue, struct loss *loss, const char *piece, size_t length,
    size_t *gap)
{
	const size_t window = window_of(intake, length);
	uint64_t ends = 1;
	size_t end;

	if (intake->gate.counts || intake->any_length) {
		end = record_first(&intake->framing, intake->open, piece, window);
	} else {
		/* Records that end within the longest one's length are no longer than that. */
		end = record_last(&intake->framing, intake->open, piece, window);
		if (end > 0)
			ends = record_count(&intake->framing, intake->open, piece, end);
	}
	if (end == 0 && length > window) {
		intake_give_up(intake, queue, loss, REASON_OVERSIZE, gap);
		return 0;
	}
	if (intake->open == 0)
		weigh_next(intake);
	if (end > 0) {
		queue_append(queue, *gap, end, ends, 0);
		weigh_ends(intake, ends);
		count_in(intake, ends);
		return end;
	}
	queue_append(queue, *gap, length, 0, 0);
	intake->open += length;
	return length;
}

static void
admit(struct intake *intake)
{
	intake->let_in = true;
	weigh_next(intake);
}

/* By as much of it as is here, or by all of it, the record being assembled is judged, if it has not been.  Returns how much has
 * been given up by that. */
size_t
intake_judge_open(struct intake *intake, struct queue *queue, struct loss *loss, bool whole)
{
	enum reason reason;
	size_t gap = 0;

	if (!intake->gate.judges || intake->open == 0 || intake->skipping || intake->let_in ||
	    intake_is_header(intake, loss_ledger(loss)))
		return 0;
	if (may_open_come_in(intake, queue, loss, (size_t)intake->open, whole, &reason))
		admit(intake);
	else
		intake_give_up(intake, queue, loss, reason, &gap);
	return gap;
}

/* Behind a record of length bytes which is left out as repeated: how many bytes the same again and again are.  A flood of one
 * line is looked at no further. */
static size_t
same_again(const struct loss *loss, const struct framing *framing, const char *piece, size_t length, size_t left)
{
	size_t same = 0;

	if (loss_looks(loss, LOSS_ANY_CLASS) || framing_noted(framing))
		return 0; /* at each; and what ends it is not among its bytes */
	while (left - same >= 2 * length && memcmp(piece + same, piece + same + length, length) == 0)
		same += length;
	return same;
}

/* One record of length bytes, of which nothing has come before, is judged where it stands; and those behind it that are the
 * same, of `left` bytes in all.  Returns how many bytes that are. */
static size_t
judge_whole(struct intake *intake, struct queue *queue, struct loss *loss, const char *piece, size_t length, size_t left,
    size_t *gap)
{
	const struct queue_record record = framing_noted(&intake->framing) ? queue_record_of(&intake->framing, piece, length)
	    : (struct queue_record){ piece, length, length - framing_delimited(&intake->framing) };
	size_t done = length;
	enum reason reason;

	if (may_come_in(intake, loss, &record, true, &reason)) {
		queue_append(queue, *gap, length, 1, 0);
		weigh_next(intake);
		weigh_ends(intake, 1);
		count_in(intake, 1);
		return length;
	}
	if (reason == REASON_REPEATED)
		done += same_again(loss, &intake->framing, piece, length, left);
	loss_save(loss, reason, true, piece, done);
	loss_left_out(loss, reason, queue_next(queue), done / length, done);
	intake->ledger->in.records += done / length;
	if (intake->gate.counts)
		intake->gap = gate_next(&intake->gate);
	*gap += done;
	return done;
}

/* One record, or the beginning of one, that is judged before it comes in. */
static size_t
judge(struct intake *intake, struct queue *queue, struct loss *loss, const char *piece, size_t length,
    size_t *gap)
{
	const struct gate_rules *rules = &intake->gate.rules;
	const size_t window = window_of(intake, length);
	size_t end = record_first(&intake->framing, intake->open, piece, window);
	size_t done = end > 0 ? end : window;
	enum reason reason;

	if (end == 0 && length > window) {
		intake_give_up(intake, queue, loss, REASON_OVERSIZE, gap);
		return 0;
	}
	if (end > 0 && intake->open == 0)
		return judge_whole(intake, queue, loss, piece, end, length, gap);
	queue_append(queue, *gap, done, 0, 0);
	intake->open += done;
	if (!intake->let_in && (end > 0 || intake->open >= rules->judge_at)) {
		size_t delimiter = end > 0 && framing_delimited(&intake->framing);
		if (!may_open_come_in(intake, queue, loss, (size_t)intake->open - delimiter, end > 0, &reason)) {
			intake_give_up(intake, queue, loss, reason, gap);
			if (end > 0)
				end_skipped(intake, queue, loss);
			return done;
		}
		admit(intake);
	}
	if (end > 0) {
		queue_complete(queue);
		weigh_ends(intake, 1);
		count_in(intake, 1);
		intake->let_in = false;
	}
	return done;
}

/* --- the first of all ----------------------------------------------------------------------------- */

/* It can neither be held nor dropped: nothing behind it is taken. */
void
intake_refuse_header(struct intake *intake)
{
	intake->header_too_long = intake->over = true;
}

/* No sample counts them, and no police. */
static size_t
take_header(struct intake *intake, struct queue *queue, const char *piece, size_t length, size_t *gap)
{
	const size_t window = window_of(intake, length);
	const size_t end = record_first(&intake->framing, intake->open, piece, window);
	const size_t done = end > 0 ? end : window;

	if (intake->open == 0 && intake->weights != NULL)
		weights_come(intake->weights, WEIGHT_ONE);
	if (intake->heading == NULL) {
		queue_append(queue, *gap, done, end > 0, 0);
	} else if (queue_copy(intake->heading, piece, done, end > 0)) {
		*gap += done;
	} else {
		intake_refuse_header(intake); /* it was begun where there was no longest one, and cannot be held */
		return 0;
	}
	intake->open += done;
	if (end == 0 && length > window)
		intake_refuse_header(intake);
	if (end > 0) {
		weigh_ends(intake, 1);
		count_in(intake, 1);
	}
	return done;
}

void
intake_take(struct intake *intake, struct queue *queue, struct loss *loss, const struct iovec *piece,
    size_t length)
{
	const bool judging = intake->gate.judges;
	size_t gap = intake->given_up;

	intake->given_up = 0;

	intake->ledger = loss_ledger(loss);
	intake->ledger->in.bytes += length;
	for (; length > 0; piece++) {
		const char *at = piece->iov_base;
		size_t left = piece->iov_len < length ? piece->iov_len : length;

		length -= left;
		while (left > 0) {
			size_t done;

			if (intake->over)
				done = leave_behind(intake, at, left);
			else if (intake_is_header(intake, intake->ledger))
				done = take_header(intake, queue, at, left, &gap);
			else if (intake->skipping)
				gap += done = skip_open(intake, queue, loss, at, left);
			else if (intake->gap > 0 && intake->open == 0)
				gap += done = skip_whole(intake, queue, loss, at, left);
			else if (judging)
				done = judge(intake, queue, loss, at, left, &gap);
			else
				done = keep(intake, queue, loss, at, left, &gap);
			at += done;
			left -= done;
		}
	}
}

uint64_t
intake_pass(struct intake *intake, struct ledger *ledger, const char *piece, size_t length)
{
	uint64_t ends = record_count(&intake->framing, intake->open, piece, length);
	size_t last = record_last(&intake->framing, intake->open, piece, length);

	ledger_count(&ledger->in, ends, length);
	intake->open = last > 0 ? length - last : intake->open + length;
	return ends;
}

bool
intake_is_skipping(const struct intake *intake)
{
	return intake->skipping;
}

void
intake_discard(struct intake *intake)
{
	intake->unread = true;
}

/* Its last byte was out, or is gone, before it was known to be the last. */
static void
end_gone(struct intake *intake, struct queue *queue, struct loss *loss)
{
	if (intake->unread) {
		loss_returned(loss, REASON_GONE, queue_next(queue), 1, 0);
		return;
	}
	loss_ledger(loss)->out.records++;
	queue_note_passed(queue, 1);
}

void
intake_end_open(struct intake *intake, struct queue *queue, struct loss *loss, bool reading)
{
	size_t gap;
	bool all_sent;

	if (intake->open == 0)
		return;
	intake->ledger = loss_ledger(loss);
	if (intake->heading != NULL && intake_is_header(intake, intake->ledger))
		queue = intake->heading;
	gap = intake_judge_open(intake, queue, loss, true);
	if (reading)
		intake->given_up = gap;
	if (intake->skipping) {
		loss_end(loss);
		end_skipped(intake, queue, loss);
		return;
	}
	all_sent = queue_partial(queue) == 0;
	queue_end_here(queue);
	weigh_ends(intake, 1);
	count_in(intake, 1);
	intake->let_in = false;
	if (all_sent)
		end_gone(intake, queue, loss);
}

void
intake_end(struct intake *intake, struct queue *queue, struct loss *loss)
{
	struct ledger *ledger = loss_ledger(loss);
	bool all_sent;

	if (intake->framing.kind == FRAMING_BYTES)
		return;
	if (intake->heading != NULL && intake_is_header(intake, ledger))
		queue = intake->heading;
	all_sent = queue_partial(queue) == 0;
	(void)intake_judge_open(intake, queue, loss, true);
	queue_finish(queue);
	if (intake->open == 0)
		return;
	ledger->in.records++;
	if (!intake->skipping)
		weigh_ends(intake, 1);
	if (intake->skipping) {
		loss_left_out(loss, intake->reason, queue_next(queue), 1, 0);
		loss_end(loss);
	} else if (all_sent) {
		end_gone(intake, queue, loss);
	}
	intake->open = 0;
}
