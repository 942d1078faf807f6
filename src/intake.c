/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "intake.h"

void
intake_init(struct intake *intake, const struct framing *framing, const struct share *share,
    uint64_t max_record)
{
	*intake = (struct intake){ .framing = *framing, .max_record = max_record };
	if (share != NULL) {
		intake->sampling = true;
		sample_init(&intake->sample, share, SAMPLE_BY_COUNT, NULL);
		intake->gap = sample_gap(&intake->sample);
	}
}

/* Of a record that is being left out: up to its end, or all that is here. */
static size_t
skip_open(struct intake *intake, const struct queue *queue, struct loss *loss, const char *piece,
    size_t length)
{
	size_t end = record_first(&intake->framing, intake->open, piece, length);
	size_t done = end > 0 ? end : length;

	loss_save(loss, intake->reason, true, piece, done);
	loss_left_out(loss, intake->reason, queue_next(queue), end > 0, done);
	if (end == 0) {
		intake->open += length;
		return length;
	}
	loss->ledger->in.records++;
	intake->open = 0;
	intake->skipping = false;
	if (intake->reason == REASON_SAMPLE)
		intake->gap--;
	else if (intake->sampling)
		intake->gap = sample_gap(&intake->sample);
	return end;
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
	loss->ledger->in.records += wanted - intake->gap;
	if (end == 0) {
		intake->skipping = true;
		intake->reason = REASON_SAMPLE;
	}
	return end;
}

/* Records that come in: one under sampling, otherwise as many as are here whole, or the beginning of
 * one.  *gap as queue_append has it. */
static size_t
keep(struct intake *intake, struct queue *queue, struct loss *loss, const char *piece, size_t length,
    size_t *gap)
{
	uint64_t left = intake->max_record - intake->open;
	size_t window = length < left ? length : (size_t)left;
	uint64_t ends = 1;
	size_t end;

	if (intake->sampling) {
		end = record_first(&intake->framing, intake->open, piece, window);
	} else {
		/* Records that end within the longest one's length are no longer than that. */
		end = record_last(&intake->framing, intake->open, piece, window);
		if (end > 0)
			ends = record_count(&intake->framing, intake->open, piece, end);
	}
	if (end > 0) {
		queue_append(queue, *gap, end, ends, 0);
		loss->ledger->in.records += ends;
		intake->open = 0;
		if (intake->sampling)
			intake->gap = sample_gap(&intake->sample);
		return end;
	}
	if (length > window) {
		*gap += queue_abandon(queue, loss, REASON_OVERSIZE);
		intake->skipping = true;
		intake->reason = REASON_OVERSIZE;
		return 0;
	}
	queue_append(queue, *gap, length, 0, 0);
	intake->open += length;
	return length;
}

void
intake_take(struct intake *intake, struct queue *queue, struct loss *loss, const struct iovec *piece,
    size_t length)
{
	size_t gap = 0;

	loss->ledger->in.bytes += length;
	for (; length > 0; piece++) {
		const char *at = piece->iov_base;
		size_t left = piece->iov_len < length ? piece->iov_len : length;

		length -= left;
		while (left > 0) {
			size_t done;

			if (intake->skipping)
				gap += done = skip_open(intake, queue, loss, at, left);
			else if (intake->gap > 0 && intake->open == 0)
				gap += done = skip_whole(intake, queue, loss, at, left);
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

void
intake_end(struct intake *intake, struct queue *queue, struct loss *loss)
{
	struct ledger *ledger = loss->ledger;
	bool all_sent = queue_partial(queue) == 0;

	if (intake->framing.kind == FRAMING_BYTES)
		return;
	queue_finish(queue);
	if (intake->open == 0)
		return;
	ledger->in.records++;
	if (intake->skipping) {
		loss_left_out(loss, intake->reason, queue_next(queue), 1, 0);
		loss_end(loss);
	} else if (all_sent) {
		ledger->out.records++; /* its last byte went out before it was known to be the last */
		sojourn_pass_by(queue->sojourn, 1);
	}
	intake->open = 0;
}
