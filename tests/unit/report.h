/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: a snapshot to make reports of, for the tests of each form.
 *
 *      begin();                 drop-oldest, 12000 records in, 10000 out, 2000 dropped
 *      options.name = "other";  what is to be otherwise
 *      line()                   the report, until the next call; or what is wrong with its length
 */
#ifndef TEST_REPORT_H
#define TEST_REPORT_H

#include "tap.h"

#include "pipe.h"
#include "tell/report.h"

static struct options options;
static struct snapshot snapshot;

static void
begin(void)
{
	options = (struct options){
		.policy = POLICY_DROP_OLDEST,
		.framing = { .kind = FRAMING_LINES, .delimiter = '\n' },
		.buffer_bytes = 1048576,
		.max_records = UINT64_MAX,
		.high_bytes = 1048576,
		.low_bytes = 524288,
		.sample = { 1, 1 },
		.name = "weir",
		.reader.retries = UINT64_MAX,
	};
	snapshot = (struct snapshot){
		.event = REPORT_FINAL,
		.options = &options,
		.ledger = { .in = { 12000, 1200000 }, .out = { 10000, 1000000 } },
		.elapsed_ns = UINT64_C(3204567890),
		.waits_ns = SNAPSHOT_NEVER,
		.until_full_ns = SNAPSHOT_NEVER,
		.until_empty_ns = SNAPSHOT_NEVER,
		.exit_reason = "end of input",
	};
	snapshot.ledger.dropped[REASON_OLDEST] = (struct tally){ 2000, 200000 };
}

static const char *
line(void)
{
	static char text[REPORT_MOST + 1];
	size_t length;

	memset(text, '#', sizeof(text));
	snapshot.tuning = tuning_of(&options);
	length = report_line(text, &snapshot);
	if (length > REPORT_MOST || strnlen(text, REPORT_MOST) != length)
		return "the length is wrong";
	if (text[REPORT_MOST] != '#')
		return "written beyond the end";
	return text;
}

/* A COMMAND that is given batches, and takes them. */
static inline void
hand_over(const char *name)
{
	static char text[256];
	static char *const command[] = { text, NULL };

	(void)snprintf(text, sizeof(text), "%s", name);
	options.reader.command = command;
	options.reader.confirm = CONFIRM_EXIT;
	options.reader.batching = true;
	snapshot.has_reader = true;
	snapshot.reader = (struct reader_figures){ .command = command[0], .confirm = "exit", .phase = READER_RUNNING,
		.next_try_ns = UINT64_MAX, .status = -1 };
}

/* Of --keep, as many as this build takes. */
static inline struct keep *
patterns(const char *const regex[], unsigned count)
{
	struct keep *keep = keep_new();
	char error[PATTERN_ERROR_MOST];

	must(keep != NULL);
	for (unsigned i = 0; i < count; i++)
		(void)keep_add(keep, regex[i], error); /* not without PCRE2 */
	return keep;
}

#endif
