/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "policy.h"

#include <assert.h>
#include <string.h>

static const struct {
	const char *name;
	bool drops;
} policies[] = {
	[POLICY_BLOCK] = { "block", false },
	[POLICY_DROP_OLDEST] = { "drop-oldest", true },
	[POLICY_DROP_NEWEST] = { "drop-newest", true },
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

void
policy_settle(enum policy policy, struct queue *queue, struct loss *loss)
{
	switch (policy) {
	case POLICY_BLOCK:
		queue_admit(queue);
		return;
	case POLICY_DROP_OLDEST:
		queue_evict(queue, loss, REASON_OLDEST, REASON_NEWEST);
		return;
	case POLICY_DROP_NEWEST:
		queue_refuse(queue, loss, REASON_NEWEST);
		return;
	}
}
