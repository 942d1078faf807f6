/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "pick/budget.h"

/* What is saved is spent in so long, in seconds, if nothing comes in. */
#define SPENT_S 0.5

static double
seconds(uint64_t from_ns, uint64_t to_ns)
{
	return (double)(to_ns - from_ns) / (double)NS_PER_S;
}

/* A load that falls is seen by what has just come: it is taken for no more than so many times that. */
#define JUST_S 0.1
#define JUST_TIMES 3

/* Of what may be let in at least so much is, where what is saved is used up. */
#define LEAST_OF 64

/* How much is left after so long of what fades within a second: e^-x but for 1 in 100, without the mathematics library. */
static double
left_after(double x)
{
	return 1 / (1 + x * (1 + x / 2 * (1 + x / 3 * (1 + x / 4))));
}

void
budget_init(struct budget *budget, const struct rate *rate, uint64_t now_ns)
{
	*budget = (struct budget){ .then_ns = now_ns, .weight = WEIGHT_ONE };
	budget_retune(budget, rate);
	budget->saved = budget->a_second * SPENT_S > 1 ? budget->a_second * SPENT_S : 1; /* the first record is one of a load of none */
	budget->share = budget->a_second;
}

/* No more is saved than that; but always one. */
static void
bound_saved(struct budget *budget)
{
	const double most = BUDGET_SAVED_S * budget->a_second > 1 ? BUDGET_SAVED_S * budget->a_second : 1;

	if (budget->saved > most)
		budget->saved = most;
}

void
budget_retune(struct budget *budget, const struct rate *rate)
{
	budget->a_second = (double)rate->amount * (double)NS_PER_S / (double)rate->period_ns;
	bound_saved(budget);
}

static void
pass_time(struct budget *budget, uint64_t now_ns)
{
	double past, left;

	if (now_ns <= budget->then_ns)
		return;
	past = seconds(budget->then_ns, now_ns);
	left = left_after(past);
	budget->then_ns = now_ns;
	budget->saved += past * budget->a_second;
	bound_saved(budget);
	budget->load *= left;
	budget->just *= left_after(past / JUST_S);
	budget->light *= left;
	budget->heavy *= left;
}

/* From 0 to less than 1. */
static double
part_of_one(uint64_t lot)
{
	return (double)(lot >> 11) / (double)(UINT64_C(1) << 53);
}

void
budget_weigh(struct budget *budget, uint64_t lot)
{
	budget->weighed = true;
	budget->owed = part_of_one(lot);
}

uint64_t
budget_weight(const struct budget *budget)
{
	return budget->weight;
}

void
budget_charge(struct budget *budget)
{
	if (budget->saved > 1)
		budget->saved -= 1;
	else if (budget->saved > 0)
		budget->saved = 0;
}

/* By its share of one it is let in, or what it lacks is carried on to the next. */
static bool
is_let_in(struct budget *budget, double share, double *owed, uint64_t *weight)
{
	if (share > 1)
		share = 1;
	if (budget->weighed) {
		if (share < budget->a_second / LEAST_OF / budget->load)
			share = budget->a_second / LEAST_OF / budget->load;
		*weight = weight_near(share, *weight);
		share = (double)WEIGHT_ONE / (double)*weight;
		budget->weight = *weight;
	}
	budget->saved -= share;
	*owed += share;
	if (*owed < 1)
		return false;
	*owed -= 1;
	return true;
}

/* What is to be let in of what comes in a second. */
static double
to_spend(const struct budget *budget)
{
	return budget->saved > 0 ? budget->saved / SPENT_S : 0;
}

bool
budget_has(struct budget *budget, uint64_t now_ns)
{
	double just;

	pass_time(budget, now_ns);
	budget->load += 1;
	budget->just += 1;
	just = budget->just / JUST_S * JUST_TIMES;
	return is_let_in(budget, to_spend(budget) / (just < budget->load ? just : budget->load), &budget->owed,
	    &budget->weight);
}

/* As much for each of the heavy ones as the light ones leave: the level to which water would fill them. */
static void
find_share(struct budget *budget)
{
	const double left = to_spend(budget) - budget->light;

	if (budget->heavy < 1)
		budget->share = to_spend(budget);
	else
		budget->share = left > 0 ? left / budget->heavy : 0;
	if (budget->share * (budget->heavy + 1) < to_spend(budget) / 8) /* all are light, by a share that was too large */
		budget->share = to_spend(budget) / 8 / (budget->heavy + 1);
}

void
budget_key_init(struct budget_key *key, uint64_t lot, uint64_t now_ns)
{
	*key = (struct budget_key){ .owed = part_of_one(lot), .weight = WEIGHT_ONE, .then_ns = now_ns };
}

bool
budget_has_of_key(struct budget *budget, struct budget_key *key, uint64_t now_ns)
{
	bool heavy;

	pass_time(budget, now_ns);
	if (now_ns > key->then_ns)
		key->load *= left_after(seconds(key->then_ns, now_ns));
	key->then_ns = now_ns;
	key->load += 1;
	budget->load += 1;
	find_share(budget);
	heavy = key->load > budget->share;
	if (heavy)
		budget->heavy += 1 / key->load;
	else
		budget->light += 1;
	return is_let_in(budget, heavy ? budget->share / key->load : 1, &key->owed, &key->weight);
}
