/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/replan.h"
#include "os/diag.h"
#include "steer/set.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What is owned by each stays its own: expressions that are the same, and what both have been made from. */
static void
exchange(struct options *now, struct options *next)
{
	const struct options before = *now;

	*now = *next;
	now->keep = before.keep;
	now->mask = before.mask;
	now->key = before.key;
	now->lines = before.lines;
	now->framing = before.framing;
	now->reader.answer = before.reader.answer;
	now->progress = before.progress; /* which main has found no place for */
	now->given = before.given;
	now->given_count = before.given_count;
}

/* What has nobody to do it. */
static const char *
lacks_reader(const struct steered *steered, const struct options *next)
{
	if (steered->reader != NULL || !options_want_reader(next))
		return NULL;
	return "stall: cannot be had while weir runs, unless it was given at the start";
}

static bool
fail(char *why, const char *what, int error)
{
	(void)snprintf(why, DIAG_TEXT_MOST, "%s: %s", what, strerror(error));
	return false;
}

/* They are valid. */
static bool
take(struct steered *steered, struct options *next, char *why, uint64_t now_ns)
{
	const char *refused = pump_refuses(steered->pump, next);

	const bool ticks_anew = next->interval_ns != steered->options->interval_ns ||
	    next->reporting != steered->options->reporting;

	if (refused == NULL)
		refused = lacks_reader(steered, next);
	if (refused != NULL) {
		(void)snprintf(why, DIAG_TEXT_MOST, "%s", refused);
		return false;
	}
	if (next->reporting && !lookout_can_report(steered->lookout))
		return fail(why, "interval", errno);
	if (pump_replan(steered->pump, next, now_ns) < 0)
		return fail(why, "set", errno);
	exchange(steered->options, next);
	if (steered->reader != NULL)
		reader_retune(steered->reader, now_ns);
	if (ticks_anew)
		lookout_retune(steered->lookout, now_ns);
	change_accept(steered->change);
	return true;
}

bool
set_options(struct steered *steered, char *const setting[], unsigned settings, char *why, uint64_t now_ns)
{
	struct options next;
	bool good;

	if (steered->change == NULL && (steered->change = change_new(steered->options)) == NULL)
		return fail(why, "set", errno);
	good = change_try(steered->change, setting, settings, &next, why, DIAG_TEXT_MOST) && take(steered, &next, why, now_ns);
	options_free(&next);
	return good;
}
