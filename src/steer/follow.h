/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * follow: what a line asks for is done, and he who has sent it is told what came of it: a line of JSON for each, but for
 * those that ask for more.
 *
 * All of it is done between two passes.  Knows no descriptor.
 */
#ifndef WEIR_FOLLOW_H
#define WEIR_FOLLOW_H

#include "cli/change.h"
#include "cli/options.h"
#include "flow/pump.h"
#include "hand/reader.h"
#include "steer/client.h"
#include "tell/lookout.h"

#include <stdbool.h>
#include <stdint.h>

/* What is steered.  None of it is owned but the last. */
struct steered {
	struct options *options; /* which change: all others look at these, too */
	struct pump *pump;
	struct reader *reader;   /* NULL: there is none */
	struct lookout *lookout;
	bool drains;             /* somebody has asked for the end; not followed again */
	struct change *change;   /* NULL until something is set */
};

/* What one has said. */
void follow_line(struct steered *steered, struct client *client, char *line, size_t length, uint64_t now_ns);

/* He said more than a line may be, or half of one. */
void follow_nothing(struct client *client, bool too_long);

/* After a pass: a report that he has asked for every so often is due, or records are there to be shown.  When it is to be called
 * though nothing has happened; LOOP_FOREVER for never. */
void follow_client(struct steered *steered, struct client *client, uint64_t now_ns);
uint64_t follow_due_ns(const struct client *client);

/* He goes: what looks for him is to look no more. */
void follow_leave(struct steered *steered, const struct client *client);

#endif
