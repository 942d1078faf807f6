/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/visible.h"
#include "ctl/told.h"

#include <stdio.h>
#include <string.h>

#define PATH_MOST 64

static uint64_t
number_or_0(const struct tree *report, const char *path)
{
	const uint64_t number = tree_number(report, path);

	return number != TREE_UNKNOWN ? number : 0;
}

/* What is not there (in a report of an earlier weir) is none. */
static struct tally
tally_at(const struct tree *report, const char *path)
{
	char records[PATH_MOST], bytes[PATH_MOST];

	(void)snprintf(records, sizeof(records), "%s.records", path);
	(void)snprintf(bytes, sizeof(bytes), "%s.bytes", path);
	return (struct tally){ number_or_0(report, records), number_or_0(report, bytes) };
}

static struct tally
both(struct tally one, struct tally other)
{
	return (struct tally){ one.records + other.records, one.bytes + other.bytes };
}

static struct tally
less(struct tally all, struct tally part)
{
	return (struct tally){
		all.records > part.records ? all.records - part.records : 0,
		all.bytes > part.bytes ? all.bytes - part.bytes : 0,
	};
}

/* What waits may be on disk, and then the room is there. */
static void
read_buffer(struct told *told, const struct tree *report)
{
	told->depth = (struct tally){ number_or_0(report, "buffer.depth_records"), number_or_0(report, "buffer.depth_bytes") };
	told->capacity = (struct tally){ tree_number(report, "buffer.capacity_records"),
		tree_number(report, "buffer.capacity_bytes") };
	told->oldest_ns = tree_number(report, "buffer.oldest_ns");
	if (tree_number(report, "spool.capacity_bytes") == TREE_UNKNOWN)
		return;
	told->depth = (struct tally){ 0, number_or_0(report, "spool.bytes") };
	told->capacity = (struct tally){ TOLD_UNKNOWN, tree_number(report, "spool.capacity_bytes") };
	told->oldest_ns = tree_number(report, "spool.oldest_ns");
}

static void
read_waits(struct told *told, const struct tree *report)
{
	char path[PATH_MOST];

	for (int i = 0; i < WAITS; i++) {
		(void)snprintf(path, sizeof(path), "waited_ns.%s", awaited_name((enum awaited)i));
		told->waited_ns[i] = number_or_0(report, path);
	}
}

static enum told_breaker
breaker_of(const struct tree *report)
{
	const uint64_t open = tree_number(report, "reader.breaker.open");

	return open == TREE_UNKNOWN ? TOLD_NO_BREAKER : open != 0 ? TOLD_OPEN : TOLD_CLOSED;
}

bool
told_read(struct told *told, const struct tree *report)
{
	char framing[32];

	*told = (struct told){ .breaker = breaker_of(report) };
	if (!tree_text(report, "name", told->name, sizeof(told->name)) ||
	    (told->elapsed_ns = tree_number(report, "elapsed_ns")) == TREE_UNKNOWN)
		return false;
	(void)tree_text(report, "policy", told->policy, sizeof(told->policy));
	(void)tree_text(report, "rate", told->rate, sizeof(told->rate));
	(void)tree_text(report, "reader.command", told->command, sizeof(told->command));
	told->bytes = tree_text(report, "framing", framing, sizeof(framing)) && strcmp(framing, "bytes") == 0;
	told->halted = number_or_0(report, "halted.now") != 0;
	told->in = tally_at(report, "in");
	told->out = tally_at(report, "out");
	told->held = tally_at(report, "held");
	told->sampled = both(tally_at(report, "dropped.by.sample"), tally_at(report, "dropped.by.repeated"));
	told->lost = less(tally_at(report, "dropped"), told->sampled);
	told->paused_ns = number_or_0(report, "paused.ns");
	read_buffer(told, report);
	read_waits(told, report);
	return true;
}

bool
told_error(char *error, size_t size, const char *text, size_t length)
{
	static const char begin[] = "{\"error\":";
	struct tree *answer;
	bool is_error;

	if (!tree_is_possible()) {
		is_error = strncmp(text, begin, sizeof(begin) - 1) == 0;
		(void)visible_write(error, size, text, length, false);
		return is_error;
	}
	answer = tree_read(text, length);
	is_error = answer != NULL && tree_text(answer, "error", error, size);
	tree_free(answer);
	return is_error;
}
