/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the gates of a plan let in, worked out once more from what weir(1) says: by class and by key, which are in
 * the first two bytes of a record, so that a part of it tells as much as all of it.
 *
 * What is drawn by lot, and a key's hash, come from weir's own functions, which have unit tests.
 */
#include "config.h"

#include "pick/key.h"
#include "pick/sample.h"
#include "run.h"

#include <stdlib.h>
#include <string.h>

size_t
stream_start(const struct stream *stream, size_t record)
{
	return record > 0 ? stream->ends[record - 1] : 0;
}

struct nature
nature_of(const struct plan *plan, const char *text, size_t length)
{
	size_t body;
	const char *says = framing_payload(plan, text, length, &body);
	unsigned first = body > 0 ? (unsigned char)says[0] : KEYS;
	struct nature nature = { .class = 0, .key = first < KEYS - 1 ? first : KEYS - 1 };

	for (unsigned i = plan->keeps; i-- > 0;)
		if (body > 1 && (unsigned char)says[1] < plan->keep_below[i])
			nature.class = plan->keeps - i;
	return nature;
}

bool
plan_looks(const struct plan *plan, enum reason reason)
{
	if (reason == REASON_REPEATED)
		return plan->collapses;
	return reason == REASON_SAMPLE ? plan->keeps > 0 || plan->collapses || plan->sample_by == SAMPLE_BY_KEY ||
	    plan->sample_by == SAMPLE_BY_EACH_KEY : plan->policed;
}

/* Whether one that has been let in says the same, but for the delimiter.  In the order of the stream, in buckets by what
 * they begin with: there may be many. */
#define BUCKETS 65536

struct let_in {
	size_t *last; /* of each bucket, its record and one; 0: none */
	size_t *before; /* of each record, the one in its bucket before it */
};

static size_t
body_of(const struct plan *plan, const struct stream *stream, size_t record, const char **text)
{
	const size_t start = stream_start(stream, record);
	size_t length;

	*text = framing_payload(plan, stream->bytes + start, stream->ends[record] - start, &length);
	return length;
}

static size_t *
bucket_of(const struct let_in *in, const char *text, size_t length)
{
	return &in->last[key_hash((struct key){ text, length }, 0) % BUCKETS];
}

static bool
is_repeat(const struct plan *plan, const struct stream *stream, const struct let_in *in, size_t record)
{
	const char *text, *other;
	const size_t length = body_of(plan, stream, record, &text);

	for (size_t i = *bucket_of(in, text, length); i > 0; i = in->before[i - 1])
		if (body_of(plan, stream, i - 1, &other) == length && memcmp(other, text, length) == 0)
			return true;
	return false;
}

static void
let_in(const struct plan *plan, const struct stream *stream, struct let_in *in, size_t record)
{
	const char *text;
	const size_t length = body_of(plan, stream, record, &text);
	size_t *bucket = bucket_of(in, text, length);

	in->before[record] = *bucket;
	*bucket = record + 1;
}

/* Kept record k is input record k * of / kept. */
static bool
is_counted_in(const struct plan *plan, uint64_t record)
{
	uint64_t k = (record * plan->kept + plan->of - 1) / plan->of;

	return k * plan->of / plan->kept == record;
}

struct gates {
	const struct plan *plan;
	struct sample sample;
	uint64_t seen; /* by the sample, */
	uint64_t seen_of[KEYS]; /* and of each key */
	uint64_t gap;  /* of a random one */
	uint64_t tokens[KEYS];
};

static void
open_gates(struct gates *gates, const struct plan *plan)
{
	const struct share share = { plan->kept, plan->of };
	struct chance all, own;

	/* Each user of chance has one that is seeded by the next number: the sample is the first. */
	chance_init(&all, true, plan->seed);
	chance_init(&own, true, chance_next(&all));
	*gates = (struct gates){ .plan = plan };
	sample_init(&gates->sample, &share, plan->sample_by, &own);
	if (plan->sample_by == SAMPLE_BY_RANDOM)
		gates->gap = sample_gap(&gates->sample);
	for (size_t i = 0; i < KEYS; i++)
		gates->tokens[i] = plan->police_tokens;
}

static bool
is_in_sample(struct gates *gates, const char *text, unsigned key)
{
	const struct plan *plan = gates->plan;

	switch (plan->sample_by) {
	case SAMPLE_BY_COUNT:
		return is_counted_in(plan, gates->seen++);
	case SAMPLE_BY_RANDOM:
		if (gates->gap-- > 0)
			return false;
		gates->gap = sample_gap(&gates->sample);
		return true;
	case SAMPLE_BY_EACH_KEY:
		return is_counted_in(plan, gates->seen_of[key]++);
	case SAMPLE_BY_KEY:
	case SAMPLE_BY_BUDGET: /* what a moment lets in is no plan: not in these runs */
		break;
	}
	return sample_has(&gates->sample, key_hash((struct key){ text, key < KEYS - 1 }, plan->seed));
}

/* The first so many of each key, or of all; what is kept uses up what is there. */
static bool
is_in_time(struct gates *gates, unsigned key, bool kept)
{
	uint64_t *tokens = &gates->tokens[gates->plan->by_key ? key : 0];
	bool allowed = *tokens > 0;

	*tokens -= allowed;
	return allowed || kept;
}

unsigned char *
gates_judge(const struct plan *plan, const struct stream *stream)
{
	unsigned char *says = malloc(stream->records + 1);
	bool looks = plan_looks(plan, REASON_SAMPLE);
	/* Without memory a pattern matches nothing. */
	bool unsure = looks && plan->what != 0 && plan->mode != SHIM_RANDOM;
	struct let_in in = { calloc(BUCKETS, sizeof(*in.last)), calloc(stream->records + 1, sizeof(*in.before)) };
	struct gates gates;

	if (says == NULL || in.last == NULL || in.before == NULL)
		abort();
	open_gates(&gates, plan);
	memset(says, LET_IN, stream->records);
	for (size_t i = 0; i < stream->records && !unsure; i++) {
		const char *text = stream->bytes + stream_start(stream, i);
		size_t length = stream->ends[i] - stream_start(stream, i);
		struct nature nature = nature_of(plan, text, length);
		bool kept = nature.class > 0;
		const char *payload = framing_payload(plan, text, length, &(size_t){ 0 });

		if (i < plan->headers)
			continue; /* it comes in unasked */
		if (!looks && !is_in_sample(&gates, payload, nature.key))
			says[i] = REASON_SAMPLE; /* unseen */
		else if (plan->drops && length > plan->max_record)
			says[i] = REASON_OVERSIZE;
		else if (plan->collapses && is_repeat(plan, stream, &in, i))
			says[i] = REASON_REPEATED;
		else if (looks && !kept && !is_in_sample(&gates, payload, nature.key))
			says[i] = REASON_SAMPLE;
		else if (plan->police_tokens > 0 && !is_in_time(&gates, nature.key, kept))
			says[i] = REASON_OVER;
		if (plan->collapses && says[i] == LET_IN)
			let_in(plan, stream, &in, i);
	}
	free(in.last);
	free(in.before);
	return says;
}
