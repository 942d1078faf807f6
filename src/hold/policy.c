/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/policy.h"
#include "hold/fit.h"
#include "hold/portion.h"

#include <assert.h>
#include <string.h>

static const struct {
	const char *name;
	bool drops;
	bool has_marks;
} policies[] = {
	[POLICY_BLOCK] = { "block", false, true },
	[POLICY_DROP_OLDEST] = { "drop-oldest", true, false },
	[POLICY_DROP_NEWEST] = { "drop-newest", true, false },
	[POLICY_DROP_RANDOM] = { "drop-random", true, false },
	[POLICY_LATEST] = { "latest", true, false },
	[POLICY_FAIR] = { "fair", true, false },
	[POLICY_SHED] = { "shed", true, true },
	[POLICY_CODEL] = { "codel", true, false },
	[POLICY_FAIL] = { "fail", true, false },
};
static_assert(sizeof(policies) / sizeof(policies[0]) == POLICIES, "a row for every policy");

const char *
policy_name(enum policy policy)
{
	return policies[policy].name;
}

bool
policy_find(const char *name, enum policy *policy)
{
	for (int i = 0; i < POLICIES; i++) {
		if (strcmp(policies[i].name, name) == 0) {
			*policy = (enum policy)i;
			return true;
		}
	}
	return false;
}

bool
policy_drops(enum policy policy)
{
	return policies[policy].drops;
}

bool
policy_has_marks(enum policy policy)
{
	return policies[policy].has_marks;
}

bool
policy_goes_round(enum policy policy)
{
	return policy == POLICY_DROP_RANDOM || policy == POLICY_FAIR;
}

void
policy_change(enum policy from, enum policy to, struct shed *shed, struct queue *queue, struct chance chance)
{
	const unsigned marks = shed_marks(shed);

	if (from == POLICY_LATEST || from == POLICY_FAIR) {
		queue->watch = NULL; /* it is told of nothing any more */
		shed_relax(shed);
	}
	if (to == POLICY_FAIR)
		shed_watch_fair(shed, queue);
	if (to == POLICY_DROP_RANDOM || to == POLICY_SHED)
		shed->chance = chance;
	if (policy_goes_round(to))
		queue->mark[marks] = queue_oldest_mark(queue);
	queue_use_marks(queue, marks + policy_goes_round(to));
	if (to == POLICY_SHED && shed->weights != NULL)
		weights_shed_none(shed->weights); /* all that is here was let in by the other */
	shed->sampling = to == POLICY_SHED;
	shed->sampled = 0;
	shed->portion = portion_first();
}

static bool
looks_keys_up(enum policy policy)
{
	return policy == POLICY_LATEST || policy == POLICY_FAIR;
}

/* Whether victims may lie far apart. */
static bool
looks_for_them(enum policy policy, const struct shed *shed)
{
	return policy_goes_round(policy) || looks_keys_up(policy) || (policy_drops(policy) && policy != POLICY_FAIL && classes_top(&shed->classes) > 0);
}

size_t
policy_portion(enum policy policy, const struct shed *shed, const struct queue *queue, size_t most)
{
	const size_t held = (size_t)queue_held(queue).bytes;
	size_t room = queue->limits.bytes > held ? queue->limits.bytes - held : 0;

	if (!looks_for_them(policy, shed))
		return most;
	if (queue_waiting(queue) >= queue->limits.records - queue->limits.records / EXCESS_PART)
		room = 0; /* it may be records that there is no room for */
	return room < most && shed->portion < most - room ? room + shed->portion : most;
}

static bool
settle(enum policy policy, struct shed *shed, struct queue *queue, struct loss *loss)
{
	switch (policy) {
	case POLICY_BLOCK:
		fit_admit(queue);
		return true;
	case POLICY_DROP_OLDEST:
	case POLICY_CODEL:
		if (classes_top(&shed->classes) == 0)
			fit_evict(queue, loss, REASON_OLDEST, REASON_NEWEST); /* exactly as many as must go */
		else
			shed_oldest(shed, queue, loss);
		return true;
	case POLICY_DROP_NEWEST:
		if (classes_top(&shed->classes) == 0)
			fit_refuse(queue, loss, REASON_NEWEST);
		else
			shed_newest(shed, queue, loss);
		return true;
	case POLICY_DROP_RANDOM:
		lot_settle(&shed->chance, &shed->classes, queue, loss);
		return true;
	case POLICY_LATEST:
		latest_settle(&shed->latest, &shed->classes, queue, loss);
		return true;
	case POLICY_FAIR:
		fair_settle(&shed->fair, &shed->classes, queue, loss);
		return true;
	case POLICY_SHED:
		shed_newest(shed, queue, loss);
		return true;
	case POLICY_FAIL:
		if (!fit_all(queue))
			return false;
		fit_admit(queue);
		return true;
	}
	return true;
}

bool
policy_settle(enum policy policy, struct shed *shed, struct queue *queue, struct loss *loss)
{
	const uint64_t before = queue->looked;
	const bool fits = fit_all(queue), goes_on = settle(policy, shed, queue, loss);

	if (!fits)
		shed->portion = portion_next(shed->portion, (queue->looked - before) * (looks_keys_up(policy) ? PORTION_KEY : 1));
	return goes_on;
}
