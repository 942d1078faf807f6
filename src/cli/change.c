/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/hint.h"
#include "base/line.h"
#include "cli/change.h"
#include "cli/draft.h"
#include "os/diag.h"
#include "pick/pattern.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What weir can be told while it runs. */
static const enum id settable[] = { ID_POLICY, ID_BUFFER, ID_MAX_RECORDS, ID_HIGH, ID_LOW, ID_MAX_AGE, ID_KEEP, ID_SAMPLE,
	ID_DROP_OVER, ID_COLLAPSE, ID_RATE, ID_BURST, ID_SETTLE, ID_WINDOW, ID_BATCH, ID_LINGER, ID_JOBS, ID_TIMEOUT, ID_RETRY, ID_BACKOFF, ID_STALL,
	ID_INTERVAL };
#define SETTABLE (sizeof(settable) / sizeof(settable[0]))

/* One that is not as the command line has it. */
struct setting {
	struct setting *next;
	enum id id;
	bool is_default; /* it is as if it were not given; `value` is empty */
	char value[];
};

struct change {
	const struct options *options;
	struct setting *now;   /* in the order in which they came */
	struct setting *tried; /* what that is to be */
};

struct change *
change_new(const struct options *options)
{
	struct change *change = calloc(1, sizeof(*change));

	if (change == NULL)
		return NULL;
	change->options = options;
	pattern_stay_plain(); /* those that match were made at the start */
	return change;
}

static void
free_all(struct setting **first)
{
	while (*first != NULL) {
		struct setting *next = (*first)->next;

		free(*first);
		*first = next;
	}
}

void
change_free(struct change *change)
{
	if (change == NULL)
		return;
	free_all(&change->now);
	free_all(&change->tried);
	free(change);
}

/* --- which ----------------------------------------------------------------------------------------- */

/* Says which are accepted, and what may have been meant. */
static bool
not_settable(const char *setting, const char *name, const char *why)
{
	const char *names[SETTABLE];
	char list[512], hint[HINT_MOST] = "";
	struct line line = { list, 0, sizeof(list) };

	for (size_t i = 0; i < SETTABLE; i++) {
		names[i] = draft_rows[settable[i]].name;
		line_add(&line, "%s%s", i > 0 ? ", " : "", names[i]);
	}
	(void)hint_make(hint, "", name, names, SETTABLE);
	diag_error("%s: %s%s%s; accepted: %s", diag_visible(setting), why, hint[0] != '\0' ? "; " : "", hint, list);
	return false;
}

/* The option that is to be set; false when it has been told that there is none. */
static bool
find(const char *setting, enum id *id)
{
	char name[HINT_NAMES_MOST];
	const size_t length = strcspn(setting, "=");

	(void)snprintf(name, sizeof(name), "%.*s", (int)(length < sizeof(name) ? length : 0), setting);
	for (size_t i = 0; i < SETTABLE; i++) {
		*id = settable[i];
		if (strcmp(draft_rows[*id].name, name) != 0)
			continue;
		if (setting[length] == '=')
			return true;
		diag_error("%s: no value; accepted: %s=VALUE, or %s= for what it is where it is not given", name, name, name);
		return false;
	}
	for (int i = 0; i < IDS; i++)
		if (strcmp(draft_rows[i].name, name) == 0)
			return not_settable(setting, "", "cannot be set while weir runs");
	return not_settable(setting, name, "no such option");
}

/* --- what they are then ---------------------------------------------------------------------------- */

/* Behind all others.  False without memory. */
static bool
add(struct setting **last, enum id id, const char *value)
{
	struct setting *setting = calloc(1, sizeof(*setting) + strlen(value) + 1);

	if (setting == NULL)
		return false;
	setting->id = id;
	setting->is_default = *value == '\0';
	memcpy(setting->value, value, strlen(value) + 1);
	while (*last != NULL)
		last = &(*last)->next;
	*last = setting;
	return true;
}

static bool
is_set(const struct setting *first, enum id id)
{
	while (first != NULL && first->id != id)
		first = first->next;
	return first != NULL;
}

/* What is set now, but for those that are set anew, and these.  False when the error has been told. */
static bool
try_these(struct change *change, char *const setting[], unsigned settings)
{
	struct setting *these = NULL;
	bool good = true, room = true;
	enum id id;

	free_all(&change->tried);
	for (unsigned i = 0; i < settings && good && room; i++)
		if ((good = find(setting[i], &id)))
			room = add(&these, id, strchr(setting[i], '=') + 1);
	for (const struct setting *one = change->now; one != NULL && good && room; one = one->next)
		if (!is_set(these, one->id))
			room = add(&change->tried, one->id, one->value);
	for (const struct setting *one = these; one != NULL && good && room; one = one->next)
		room = add(&change->tried, one->id, one->value);
	free_all(&these);
	if (!room)
		diag_errno(ENOMEM, "set");
	return good && room;
}

/* What is given then, and how much that is: there is room for it. */
static int
list_given(const struct change *change, struct given *given)
{
	const struct options *options = change->options;
	int count = 0;

	for (int i = 0; i < options->given_count; i++)
		if (!is_set(change->tried, options->given[i].id))
			given[count++] = options->given[i];
	for (const struct setting *one = change->tried; one != NULL; one = one->next)
		if (!one->is_default)
			given[count++] = (struct given){ one->id, NULL, one->value };
	return count;
}

static bool
make_options(const struct change *change, struct options *next)
{
	struct draft draft = { .options = next };
	size_t most = (size_t)change->options->given_count + 1;
	struct given *given;
	bool good;

	draft_begin(&draft);
	for (const struct setting *one = change->tried; one != NULL; one = one->next)
		most++;
	given = calloc(most, sizeof(*given));
	if (given == NULL) {
		diag_errno(ENOMEM, "set");
		return false;
	}
	good = draft_finish(&draft, given, list_given(change, given), change->options->reader.command);
	free(given);
	return good;
}

bool
change_try(struct change *change, char *const setting[], unsigned settings, struct options *next, char *why, size_t size)
{
	struct draft draft = { .options = next };
	bool good;

	draft_begin(&draft);
	*why = '\0';
	diag_divert(why, size);
	good = try_these(change, setting, settings) && make_options(change, next);
	diag_divert(NULL, 0);
	return good;
}

void
change_accept(struct change *change)
{
	free_all(&change->now);
	change->now = change->tried;
	change->tried = NULL;
}
