/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/hint.h"
#include "cli/draft.h"
#include "pick/codel.h"

#include <stdio.h>
#include <string.h>

/* TARGET, or TARGET/INTERVAL; as in the default, an interval is ten times the target where it is not given. */
static const char *
codel_times(struct options *options, const char *value)
{
	const char *slash = strchr(value, '/');
	char target[32];
	int length = snprintf(target, sizeof(target), "%.*s", (int)strcspn(value, "/"), value);
	const char *error = (size_t)length < sizeof(target) ? units_time(target, &options->codel_target_ns)
	    : "not a time";

	options->codel_interval_ns = CODEL_INTERVAL_NS / CODEL_TARGET_NS * options->codel_target_ns;
	if (error == NULL && slash != NULL)
		error = units_time(slash + 1, &options->codel_interval_ns);
	if (error == NULL && (options->codel_target_ns == 0 || options->codel_interval_ns == 0))
		error = "zero has no meaning here";
	return error;
}

/* The row of draft_policies of that name, and what an error says is accepted for it. */
static const struct draft_policy *
policy_row(const char *value, size_t length)
{
	for (int i = 0; i < DRAFT_POLICIES; i++)
		if (length > 0 && strcspn(draft_policies[i].form, ":[") == length &&
		    strncmp(draft_policies[i].form, value, length) == 0)
			return &draft_policies[i];
	return NULL;
}

static const char *
policy_accepts(const char *value)
{
	const struct draft_policy *row = policy_row(value, strcspn(value, ":"));

	if (row == NULL)
		return draft_rows[ID_POLICY].accepts;
	return row->accepts != NULL ? row->accepts : row->form;
}

static bool
read_codel(struct options *options, const struct given *given)
{
	const char *error = codel_times(options, given->value);
	const char *slash = strchr(given->value, '/');
	char why[128];

	if (error != NULL)
		return draft_not_accepted(given, error, policy_accepts("codel"));
	if (options->codel_interval_ns >= options->codel_target_ns)
		return true;
	(void)snprintf(why, sizeof(why), "an INTERVAL shorter than TARGET; did you mean codel:%s/%.*s?", slash + 1,
	    (int)(slash - given->value), given->value);
	return draft_not_accepted(given, why, policy_accepts("codel"));
}

static bool
read_shed(struct options *options, const struct given *given)
{
	const char *error = units_share(given->value, &options->shed);

	return error == NULL ? true : draft_not_accepted(given, error, policy_accepts("shed"));
}

bool
policies_hint(char hint[HINT_MOST], const char *prefix, const char *name)
{
	char bare[DRAFT_POLICIES][16];
	const char *names[DRAFT_POLICIES];

	for (int i = 0; i < DRAFT_POLICIES; i++) {
		const char *form = draft_policies[i].form;
		(void)snprintf(bare[i], sizeof(bare[i]), "%.*s", (int)strcspn(form, ":["), form);
		names[i] = bare[i];
	}
	return hint_make(hint, prefix, name, names, DRAFT_POLICIES);
}

/* What is no policy: one of those that need a value, or take none, or none at all. */
static bool
no_policy(const struct given *given)
{
	const size_t length = strcspn(given->value, ":");
	const struct draft_policy *row = policy_row(given->value, length);
	char name[32], hint[HINT_MOST], why[HINT_MOST + 32];

	if (row != NULL)
		return draft_not_accepted(given, given->value[length] == ':' ? "takes no value" : "needs a value",
		    policy_accepts(given->value));
	(void)snprintf(name, sizeof(name), "%.*s", (int)(length < sizeof(name) ? length : sizeof(name) - 1), given->value);
	if (!policies_hint(hint, "", name))
		return draft_bad_value(given, "no such policy");
	(void)snprintf(why, sizeof(why), "no such policy; %s", hint);
	return draft_bad_value(given, why);
}

bool
policies_read(struct draft *draft, const struct given *given)
{
	static const struct { /* with a value of their own */
		const char *name;
		const char *prefix;
		enum policy policy;
		enum id id;
	} shorts[] = {
		{ "sample:", "--policy=sample:", POLICY_BLOCK, ID_SAMPLE },
		{ "rate:", "--policy=rate:", POLICY_BLOCK, ID_RATE },
		{ "shed:", "--policy=shed:", POLICY_SHED, ID_POLICY },
		{ "codel:", "--policy=codel:", POLICY_CODEL, ID_POLICY },
	};
	struct options *options = draft->options;

	for (size_t i = 0; i < sizeof(shorts) / sizeof(shorts[0]); i++) {
		size_t length = strlen(shorts[i].name);
		struct given meant = { shorts[i].id, shorts[i].prefix, given->value + length };

		if (strncmp(given->value, shorts[i].name, length) != 0)
			continue;
		options->policy = shorts[i].policy;
		if (shorts[i].id != ID_POLICY)
			return values_read(draft, &meant);
		return shorts[i].policy == POLICY_SHED ? read_shed(options, &meant) : read_codel(options, &meant);
	}
	options->codel_target_ns = CODEL_TARGET_NS;
	options->codel_interval_ns = CODEL_INTERVAL_NS;
	if (!policy_find(given->value, &options->policy) || options->policy == POLICY_SHED)
		return no_policy(given);
	return true;
}
