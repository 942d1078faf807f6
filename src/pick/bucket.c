/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "pick/bucket.h"

/* Products of time and amount stay below this, so that a remainder can be added to them. */
#define PRODUCT_MAX (UINT64_C(1) << 62)

/* A steady flow waits for this long's worth at least: half the default depth. */
#define BATCH_NS UINT64_C(500000)
#define DEFAULT_DEPTH_NS (2 * BATCH_NS)

/* No deeper, or levels would not be numbers any more. */
#define DEPTH_MOST (UINT64_C(1) << 62)

/* How many tokens come in ns, added to *rest; the remainder stays there.  In steps, because 128-bit
 * integers are not to be had everywhere: one step for any wait that a real rate makes. */
static uint64_t
tokens_in(const struct bucket *bucket, uint64_t ns, uint64_t *rest)
{
	uint64_t step = PRODUCT_MAX / bucket->amount;
	uint64_t tokens = 0;

	do {
		uint64_t part = ns < step ? ns : step;
		uint64_t product = part * bucket->amount + *rest;

		tokens += product / bucket->period_ns;
		*rest = product % bucket->period_ns;
		ns -= part;
	} while (ns > 0);
	return tokens;
}

static void
set_figures(struct bucket *bucket, uint64_t amount, uint64_t period_ns, uint64_t depth)
{
	bucket->amount = amount;
	bucket->period_ns = period_ns;
	bucket->depth = depth;
	bucket->batch = tokens_in(bucket, BATCH_NS, &(uint64_t){ 0 });
	if (bucket->batch > depth / 2)
		bucket->batch = depth / 2;
}

void
bucket_init(struct bucket *bucket, uint64_t amount, uint64_t period_ns, uint64_t depth,
    uint64_t now_ns)
{
	*bucket = (struct bucket){ .level = (int64_t)depth, .then_ns = now_ns };
	set_figures(bucket, amount, period_ns, depth);
}

/* How long until this many tokens have come: exact, or less where the product would overflow. */
static uint64_t
time_for(const struct bucket *bucket, uint64_t tokens)
{
	uint64_t product;

	if (tokens > PRODUCT_MAX / bucket->period_ns)
		return PRODUCT_MAX / bucket->amount;
	product = tokens * bucket->period_ns;
	if (product <= bucket->rest)
		return 0;
	return (product - bucket->rest + bucket->amount - 1) / bucket->amount;
}

uint64_t
bucket_depth_of(uint64_t amount, uint64_t period_ns, uint64_t ns)
{
	struct bucket bucket = { .amount = amount, .period_ns = period_ns };
	uint64_t rest = 0, tokens;

	if (amount / period_ns >= DEPTH_MOST / ns)
		return DEPTH_MOST;
	tokens = tokens_in(&bucket, ns, &rest);
	return tokens > 0 ? tokens : 1;
}

uint64_t
bucket_default_depth(uint64_t amount, uint64_t period_ns)
{
	return bucket_depth_of(amount, period_ns, DEFAULT_DEPTH_NS);
}

void
bucket_refill(struct bucket *bucket, uint64_t now_ns, uint64_t late_ns)
{
	uint64_t credit_ns = late_ns < BUCKET_CREDIT_NS ? late_ns : BUCKET_CREDIT_NS;
	uint64_t elapsed = now_ns - bucket->then_ns;
	int64_t most = (int64_t)bucket->depth;
	uint64_t room = bucket->level < most ? (uint64_t)(most - bucket->level) : 0;
	uint64_t part = bucket->period_ns - 1; /* of a token: rounds up */

	bucket->then_ns = now_ns;
	/* Clamped to the time to fill before it is multiplied; a remainder is never thrown away, or each
	 * late wakeup would cost a part of a token. */
	if (room <= PRODUCT_MAX / bucket->period_ns && elapsed > time_for(bucket, room) + credit_ns)
		elapsed = time_for(bucket, room) + credit_ns;
	bucket->level += (int64_t)tokens_in(bucket, elapsed, &bucket->rest);
	most += (int64_t)tokens_in(bucket, credit_ns, &part);
	if (room > 0 && bucket->level > most)
		bucket->level = most; /* several tokens a nanosecond, or too long a time to be clamped */
}

static bool
has_figures(const struct bucket *bucket, uint64_t amount, uint64_t period_ns, uint64_t depth)
{
	return bucket->amount == amount && bucket->period_ns == period_ns && bucket->depth == depth;
}

void
bucket_retune(struct bucket *bucket, uint64_t amount, uint64_t period_ns, uint64_t depth, uint64_t now_ns)
{
	if (has_figures(bucket, amount, period_ns, depth))
		return;
	bucket_refill(bucket, now_ns, 0);
	if (bucket->period_ns != period_ns)
		bucket->rest = 0;
	set_figures(bucket, amount, period_ns, depth);
	if (bucket->level > (int64_t)depth) {
		bucket->level = (int64_t)depth;
		bucket->rest = 0;
	}
}

bool
bucket_allows(const struct bucket *bucket, uint64_t cost)
{
	uint64_t need = cost < bucket->depth ? cost : bucket->depth;

	return bucket->level >= (int64_t)need;
}

uint64_t
bucket_tokens(const struct bucket *bucket)
{
	return bucket->level > 0 ? (uint64_t)bucket->level : 0;
}

bool
bucket_allows_part(const struct bucket *bucket)
{
	return bucket->level > 0 && bucket->level >= (int64_t)bucket->batch;
}

void
bucket_charge(struct bucket *bucket, uint64_t cost)
{
	bucket->level -= (int64_t)cost;
}

void
bucket_refund(struct bucket *bucket, uint64_t cost)
{
	bucket->level += (int64_t)cost;
	if (bucket->level > (int64_t)bucket->depth)
		bucket->level = (int64_t)bucket->depth; /* it is another one by now, a new key's */
}

uint64_t
bucket_delay_ns(const struct bucket *bucket, uint64_t cost)
{
	uint64_t need = cost < bucket->depth ? cost : bucket->depth;

	if (need < bucket->batch)
		need = bucket->batch;
	if (bucket->level >= (int64_t)need)
		return 0;
	return time_for(bucket, (uint64_t)((int64_t)need - bucket->level));
}
