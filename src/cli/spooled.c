/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "cli/draft.h"

#include <stdio.h>

/* What is on disk only cannot be looked at in each pass: whole segments give way, or what comes. */
static bool
may_give_way(enum policy policy)
{
	return policy == POLICY_BLOCK || policy == POLICY_DROP_OLDEST || policy == POLICY_DROP_NEWEST || policy == POLICY_FAIL;
}

bool
spool_rules_hold(const struct draft *draft)
{
	const struct options *options = draft->options;
	const bool on = draft->is_given[ID_SPOOL];
	const struct {
		enum id id;
		bool good;
		const char *why;
	} rules[] = {
		{ ID_SPOOL_SIZE, on, "without a spool; accepted with --spool=DIR" },
		{ ID_SPOOL_SYNC, on, "without a spool; accepted with --spool=DIR" },
		{ ID_POLICY, !on || may_give_way(options->policy), "not with --spool, whose records are on disk; accepted: "
		    "block, drop-oldest, drop-newest, fail" },
		{ ID_KEEP, !on, "not with --spool, of which whole segments give way; accepted without --spool" },
		{ ID_MAX_RECORDS, !on, "not with --spool, which is bounded in bytes; accepted: --spool-size=SIZE" },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (draft->is_given[rules[i].id] && !rules[i].good)
			return draft_refuse(&draft->last[rules[i].id], rules[i].why);
	return true;
}
