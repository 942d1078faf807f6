/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "pick/sample.h"

/* The greatest integer below 2^64 * num / den, by long division of 2^64 * num - 1: for all of all, the
 * greatest there is. */
static uint64_t
last_of(const struct share *share)
{
	uint64_t rest = share->num - 1;
	uint64_t quotient = 0;

	for (int i = 0; i < 64; i++) {
		rest = 2 * rest + 1;
		quotient = 2 * quotient + (rest >= share->den);
		if (rest >= share->den)
			rest -= share->den;
	}
	return quotient;
}

void
sample_init(struct sample *sample, const struct share *share, enum sample_by by,
    const struct chance *chance)
{
	*sample = (struct sample){ .share = *share, .by = by, .least = share->den / share->num - 1, /* num <= den */
		.more = share->den % share->num, .last = last_of(share), .weight = weight_of_share(share) };
	if (chance != NULL)
		sample->chance = *chance;
}

/* Of the den numbers that a record may stand at, each num apart belong to one: from any of them on, all in turn. */
static struct sample_run
any_phase(struct sample *sample)
{
	const uint64_t phase = chance_below(&sample->chance, sample->share.den);

	return (struct sample_run){ phase / sample->share.num, phase % sample->share.num };
}

void
sample_weigh(struct sample *sample)
{
	sample->weighed = true;
	if (sample->by == SAMPLE_BY_COUNT)
		sample->run = any_phase(sample);
}

uint64_t
sample_lot(struct sample *sample)
{
	return chance_next(&sample->chance);
}

uint64_t
sample_weight(const struct sample *sample, bool is_new)
{
	return sample->by == SAMPLE_BY_EACH_KEY && is_new ? WEIGHT_ONE : sample->weight;
}

void
sample_retune(struct sample *sample, const struct share *share)
{
	const struct chance chance = sample->chance;
	const bool weighed = sample->weighed;

	sample_init(sample, share, sample->by, &chance);
	if (weighed)
		sample_weigh(sample);
}

static uint64_t
gap_by_count(const struct sample *sample, struct sample_run *run)
{
	uint64_t gap = run->next;

	run->next = sample->least;
	run->rest += sample->more;
	if (run->rest >= sample->share.num) {
		run->rest -= sample->share.num;
		run->next++;
	}
	return gap;
}

/* One draw for each record would take as long as the gap is.  But a gap of g has the probability p * q^g,
 * with q = 1 - p, so its binary digits are independent of each other: the one worth d is set with odds of q^d
 * to 1.  These are drawn one by one, until they are sure to be 0. */
static uint64_t
gap_by_random(struct sample *sample)
{
	uint64_t power = ~sample->last; /* q^digit, in 1/2^64 */
	uint64_t gap = 0;

	for (uint64_t digit = 1; power > 0; digit *= 2) {
		uint64_t bits = chance_next(&sample->chance);

		if (bits < chance_product(~bits, power)) /* bits / (1 - bits) < power: a probability as odds */
			gap += digit;
		power = chance_product(power, power);
	}
	return gap;
}

bool
sample_has_share(const struct sample *sample, const struct share *share)
{
	return sample->share.num == share->num && sample->share.den == share->den;
}

enum sample_by
sample_way(const struct sample *sample)
{
	return sample->by;
}

uint64_t
sample_gap(struct sample *sample)
{
	switch (sample->by) {
	case SAMPLE_BY_COUNT:
		return gap_by_count(sample, &sample->run);
	case SAMPLE_BY_RANDOM:
		return gap_by_random(sample);
	case SAMPLE_BY_KEY:
	case SAMPLE_BY_EACH_KEY:
	case SAMPLE_BY_BUDGET:
		break;
	}
	return 0;
}

bool
sample_has(const struct sample *sample, uint64_t hash)
{
	return hash <= sample->last;
}

bool
sample_has_next(struct sample *sample, struct sample_key *key, bool is_new)
{
	if (is_new && sample->weighed) {
		key->run = any_phase(sample);
		key->left = gap_by_count(sample, &key->run);
		return true;
	}
	if (is_new)
		key->left = gap_by_count(sample, &key->run);
	if (key->left > 0) {
		key->left--;
		return false;
	}
	key->left = gap_by_count(sample, &key->run);
	return true;
}
