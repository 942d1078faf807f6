/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must hold by class, by key and by age: what is kept is lost only where it does not fit alone, and each
 * that is lost is counted; the last of each key comes out under latest; what loses most is named with its exact
 * count, since there are fewer keys than counters; nothing older than --max-age leaves; nothing gives way where all
 * fits; fail delivers all that it has read.
 */
#include "config.h"

#include "oracle.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#define BIT(reason) (1u << (reason))

/* What became of the records of a stream. */
struct fates {
	struct tally in[KEEPS_MOST + 1], out[KEEPS_MOST + 1]; /* let in, and out, by class */
	struct tally repeated[KEEPS_MOST + 1]; /* not let in for that, by class */
	uint64_t lost[KEYS];     /* let in and not out, over the rate, or repeated */
	const char *last[KEYS];  /* let in, and its length */
	size_t last_length[KEYS];
	struct tally all;        /* let in */
	size_t longest;          /* the same */
};

const char *
whose_report(const struct plan *plan, const struct figures *f)
{
	/* A record leaves whole where nothing cuts writes short, so that none is exempt; times are within 1%. */
	bool whole = plan->what == 0 && plan->output <= END_FIFO && plan->most < PIPE_BUF;

	if (plan->max_age_ns > 0 && whole && f->latency_most_ns / 100 * 98 > plan->max_age_ns)
		return complain("one left after %" PRIu64 " ns", f->latency_most_ns);
	if (plan->max_age_ns == NEVER_NS && f->by[REASON_EXPIRED].bytes > 0)
		return "nothing can be that old";
	if (plan->target_ns == NEVER_NS && f->by[REASON_CODEL].bytes > 0)
		return "nothing can have waited so long";
	return NULL;
}

static void
count_fates(struct fates *fates, const struct plan *plan, const struct stream *stream, const unsigned char *says,
    const struct text *out)
{
	memset(fates, 0, sizeof(*fates));
	for (size_t i = 0; i < stream->records; i++) {
		const char *text = stream->bytes + stream_start(stream, i);
		size_t length = stream->ends[i] - stream_start(stream, i);
		struct nature nature = nature_of(plan, text, length);

		fates->lost[nature.key] += says[i] == LET_IN || says[i] == REASON_OVER || says[i] == REASON_REPEATED;
		if (says[i] == REASON_REPEATED)
			ledger_count(&fates->repeated[nature.class], 1, length);
		if (says[i] != LET_IN)
			continue;
		ledger_count(&fates->in[nature.class], 1, length);
		ledger_count(&fates->all, 1, length);
		fates->last[nature.key] = text;
		fates->last_length[nature.key] = length;
		if (fates->longest < length)
			fates->longest = length;
	}
	for (size_t at = 0, length; at < out->length; at += length) {
		struct nature nature;

		length = piece_length(plan, out->bytes + at, out->length - at);
		nature = nature_of(plan, out->bytes + at, length);
		ledger_count(&fates->out[nature.class], 1, length);
		fates->lost[nature.key]--;
	}
}

/* Whether so much fits into the buffer with a part-sent record beside it. */
static bool
fits(const struct plan *plan, const struct fates *fates, const struct tally *tally)
{
	const uint64_t taken_up = fates->longest * (1 + plan->headers);
	const uint64_t room = plan->buffer - (taken_up < plan->buffer ? taken_up : plan->buffer);

	return tally->bytes <= room && tally->records <= plan->max_records;
}

static const char *
judge_kept(const struct plan *plan, const struct fates *fates, const struct figures *f)
{
	struct tally above = { 0, 0 };

	for (unsigned i = 0; i < plan->keeps; i++) {
		const struct tally *in = &fates->in[plan->keeps - i], *out = &fates->out[plan->keeps - i];
		const struct tally *lost = &f->kept[i], *repeated = &fates->repeated[plan->keeps - i];
		const struct tally missing = { in->records - out->records + repeated->records,
			in->bytes - out->bytes + repeated->bytes };

		if (lost->records != missing.records || lost->bytes != missing.bytes)
			return complain("of what is kept %" PRIu64 " records, %" PRIu64 " bytes are missing, and %"
			    PRIu64 ", %" PRIu64 " counted", missing.records, missing.bytes, lost->records, lost->bytes);
		ledger_count(&above, in->records, in->bytes);
		if (lost->records > repeated->records && f->by[REASON_EXPIRED].records + f->by[REASON_CODEL].records == 0 &&
		    fits(plan, fates, &above))
			return complain("%" PRIu64 " that are kept were lost, and they would have fitted alone",
			    lost->records);
	}
	return NULL;
}

static const char *
judge_latest(const struct plan *plan, const struct fates *fates, const struct text *out, const struct figures *f)
{
	const struct tally one_each = { KEYS, KEYS * fates->longest };
	bool came[KEYS] = { false };

	if (f->by[REASON_OLDEST].records > 0 && plan->keeps == 0 && fits(plan, fates, &one_each))
		return "the oldest went where one of each key fits";
	if (f->dropped.records != f->by[REASON_SUPERSEDED].records + f->by[REASON_SAMPLE].records +
	    f->by[REASON_OVERSIZE].records + f->by[REASON_REPEATED].records + (plan->police_tokens > 0 ? f->by[REASON_OVER].records : 0))
		return NULL;
	for (size_t at = 0, length; at < out->length; at += length) {
		unsigned key;

		length = piece_length(plan, out->bytes + at, out->length - at);
		key = nature_of(plan, out->bytes + at, length).key;
		came[key] = length == fates->last_length[key] &&
		    memcmp(out->bytes + at, fates->last[key], length) == 0;
	}
	for (unsigned key = 0; key < KEYS; key++)
		if (fates->last[key] != NULL && !came[key])
			return complain("the last of key %u did not come last", key);
	return NULL;
}

static const char *
judge_top(const struct plan *plan, const struct fates *fates, const struct figures *f)
{
	unsigned keys = 0;

	for (unsigned key = 0; key < KEYS; key++)
		keys += fates->lost[key] > 0;
	if (f->tops != (keys < plan->top_keys ? keys : plan->top_keys))
		return complain("%u keys at the top, of %u that lost", f->tops, keys);
	for (unsigned i = 0; i < f->tops; i++)
		if (f->top[i].key >= KEYS || f->top[i].error != 0 ||
		    f->top[i].records != fates->lost[f->top[i].key] ||
		    (i > 0 && f->top[i].records > f->top[i - 1].records))
			return complain("key %u at the top lost %" PRIu64, f->top[i].key, f->top[i].records);
	return NULL;
}

/* Where there is room for all, nothing has to go. */
static const char *
judge_room(const struct plan *plan, const struct fates *fates, const struct figures *f)
{
	unsigned full = BIT(REASON_OLDEST) | BIT(REASON_NEWEST) | BIT(REASON_RANDOM) | BIT(REASON_SUPERSEDED) |
	    BIT(REASON_FAIR);

	if (fates->all.bytes > plan->buffer || fates->all.records > plan->max_records)
		return NULL;
	if (fates->all.bytes < plan->high_bytes && fates->all.records < plan->high_records)
		full |= BIT(REASON_SHED);
	for (int i = 0; i < REASONS; i++)
		if ((full >> i & 1) != 0 && f->by[i].bytes > 0)
			return complain("dropped as %s, and there was room for all", reason_name((enum reason)i));
	if (strcmp(f->reason, "buffer full") == 0)
		return "full, and there was room for all";
	return NULL;
}

/* Where a run is at its end, and the reader has taken all of it. */
const char *
whose_judge(const struct plan *plan, const struct stream *stream, const unsigned char *says,
    const struct outcome *outcome, const struct text *out, const struct figures *f)
{
	bool bytes = plan_is_bytes(plan);
	bool full = strcmp(f->reason, "buffer full") == 0 || strcmp(f->reason, "record too long") == 0;
	bool ended = strcmp(f->reason, "end of input") == 0 || strcmp(f->reason, "records dropped") == 0;
	struct fates fates;
	const char *wrong;

	if (outcome->left || bytes || !(ended || full))
		return NULL;
	count_fates(&fates, plan, stream, says, out);
	if ((wrong = judge_room(plan, &fates, f)) != NULL)
		return wrong;
	if (full)
		return f->undelivered.records > 0 && f->by[REASON_OVERSIZE].bytes == 0 ? "full, and not all delivered that was read" : NULL;
	if (plan->fails && f->by[REASON_OVERSIZE].bytes > 0)
		return "it went on after a record that was too long";
	if ((wrong = judge_kept(plan, &fates, f)) != NULL)
		return wrong;
	if ((plan->may & BIT(REASON_SUPERSEDED)) != 0 && plan->keyed &&
	    (wrong = judge_latest(plan, &fates, out, f)) != NULL)
		return wrong;
	return plan->top_keys > 0 ? judge_top(plan, &fates, f) : NULL;
}
