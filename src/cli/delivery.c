/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "cli/draft.h"
#include "hold/number.h"
#include "os/diag.h"

#include <stdio.h>
#include <string.h>

/* How much of a pipe is still unread only Linux tells at the end that is written to. */
#ifdef __linux__
#define SYSTEM_TELLS true
#else
#define SYSTEM_TELLS false
#endif

/* In flight, where --window is not given. */
#define WINDOW_RECORDS 1000
#define WINDOW_BYTES (UINT64_C(64) << 10)

const struct reader_options delivery_defaults = {
	.window_records = UINT64_MAX,
	.window_bytes = UINT64_MAX,
	.batch_records = UINT64_MAX,
	.batch_bytes = UINT64_MAX,
	.linger_ns = NS_PER_S,
	.jobs = 1,
	.retries = UINT64_MAX,
	.backoff_least_ns = 200 * NS_PER_MS,
	.backoff_most_ns = 30 * NS_PER_S,
};

/* "-" is standard input to many, and no program's name to anybody. */
bool
delivery_take_operands(struct draft *draft, char *const *operands)
{
	const bool empty = operands[0][0] == '\0';

	draft->options->reader.command = operands;
	if (!empty && strcmp(operands[0], "-") != 0)
		return true;
	diag_error("%s%s; accepted: a program and its arguments, or nothing: weir reads standard input and writes "
	    "standard output", operands[0], empty ? "COMMAND is empty" : ": no COMMAND");
	return false;
}

/* --- what follows ---------------------------------------------------------------------------------- */

static bool
is_answered(const struct reader_options *reader)
{
	return reader->confirm == CONFIRM_LINE || reader->confirm == CONFIRM_NUMBER || reader->confirm == CONFIRM_UPTO;
}

static enum confirm
default_confirm(const struct reader_options *reader)
{
	if (reader->batching)
		return CONFIRM_EXIT;
	return reader->command != NULL && SYSTEM_TELLS ? CONFIRM_READ : CONFIRM_WRITTEN;
}

/* What is read from a pipe is counted in bytes, answers are for records, if there are any. */
static void
settle_window(struct reader_options *reader, bool bytes)
{
	if (reader->window_given)
		return;
	if (reader->confirm == CONFIRM_READ || (is_answered(reader) && bytes))
		reader->window_bytes = WINDOW_BYTES;
	else if (is_answered(reader))
		reader->window_records = WINDOW_RECORDS;
}

void
delivery_settle(struct draft *draft)
{
	struct reader_options *reader = &draft->options->reader;

	if (!reader->confirm_given)
		reader->confirm = default_confirm(reader);
	settle_window(reader, draft->options->framing.kind == FRAMING_BYTES);
	if (reader->answer != NULL)
		pattern_set_lines(reader->answer);
}

bool
options_want_reader(const struct options *options)
{
	const struct reader_options *reader = &options->reader;

	return reader->command != NULL || reader->confirm != CONFIRM_WRITTEN || reader->credits_path != NULL ||
	    reader->stall_ns != 0 || reader->outlive || reader->on_high != NULL || reader->on_low != NULL ||
	    reader->number_template != NULL;
}

/* --- what goes with what --------------------------------------------------------------------------- */

struct rule {
	enum id id;
	bool good;
	const char *why;
};

/* The first of them that is broken by an option that is given. */
static bool
hold_all(const struct draft *draft, const struct rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (draft->is_given[rules[i].id] && !rules[i].good)
			return draft_refuse(&draft->last[rules[i].id], rules[i].why);
	return true;
}
#define HOLD_ALL(draft, rules) hold_all(draft, rules, sizeof(rules) / sizeof((rules)[0]))

static bool
check_command(const struct draft *draft)
{
	const struct reader_options *r = &draft->options->reader;
	const bool command = r->command != NULL;
	const struct rule rules[] = {
		{ ID_BATCH, command, "there is nothing to run; accepted with COMMAND" },
		{ ID_RESTART, command, "there is nothing to start; accepted with COMMAND" },
		{ ID_FOREGROUND, command, "there is nothing to start; accepted with COMMAND" },
	};

	return HOLD_ALL(draft, rules);
}

static bool
check_confirm(const struct draft *draft)
{
	const struct options *o = draft->options;
	const struct reader_options *r = &o->reader;
	const bool bytes = o->framing.kind == FRAMING_BYTES;
	const bool numbers = r->number_template != NULL;
	const bool command = r->command != NULL;
	const bool one_file = r->answers_path != NULL && r->credits_path != NULL &&
	    strcmp(r->answers_path, r->credits_path) == 0;
	const struct rule rules[] = {
		{ ID_CONFIRM, r->confirm != CONFIRM_EXIT || (r->batching && command),
		    "without a COMMAND for each batch there is no end to go by; accepted with --batch=AMOUNT and COMMAND" },
		{ ID_CONFIRM, !r->batching || r->confirm == CONFIRM_EXIT,
		    "not with --batch, which goes by how COMMAND ends; accepted: exit" },
		{ ID_CONFIRM, r->confirm != CONFIRM_READ || SYSTEM_TELLS,
		    "this system does not tell what has been read; accepted: written, exit, line, number, upto" },
		{ ID_CONFIRM, !bytes || (r->confirm != CONFIRM_LINE && r->confirm != CONFIRM_NUMBER),
		    "not with --bytes, which has no records; accepted: written, read, exit, upto" },
		{ ID_CONFIRM, r->confirm != CONFIRM_NUMBER || numbers,
		    "the reader does not learn the numbers; accepted with --number" },
		{ ID_CONFIRM, r->confirm != CONFIRM_UPTO || numbers || bytes,
		    "the reader does not learn the numbers; accepted with --number, or with --bytes, where it counts bytes" },
		{ ID_CONFIRM, !is_answered(r) || command || r->answers_path != NULL,
		    "nobody answers; accepted with COMMAND or --answers=FILE" },
		{ ID_ANSWERS, is_answered(r), "no answer is waited for; accepted with --confirm=line, number or upto" },
		{ ID_CREDITS, !one_file, "answers come from it; accepted: another FIFO or file" },
		{ ID_TIMEOUT, r->confirm != CONFIRM_WRITTEN,
		    "not with --confirm=written, which waits for nobody; accepted with --batch=AMOUNT, --confirm=read, "
		    "line, number or upto" },
	};

	return HOLD_ALL(draft, rules);
}

static bool
check_window(const struct draft *draft)
{
	const struct options *o = draft->options;
	const struct reader_options *r = &o->reader;
	const bool by_count = r->window_records != UINT64_MAX;
	const struct rule rules[] = {
		{ ID_WINDOW, !r->batching, "not with --batch, whose --jobs says how much is in flight" },
		{ ID_WINDOW, r->confirm != CONFIRM_WRITTEN,
		    "not with --confirm=written, which has nothing in flight; accepted with --confirm=read, line, number "
		    "or upto" },
		{ ID_WINDOW, !by_count || o->framing.kind != FRAMING_BYTES,
		    "a number of records, and --bytes has none; accepted: bytes such as 64KiB or 1MB" },
		{ ID_WINDOW, !by_count || r->confirm != CONFIRM_READ || r->window_records == 1,
		    "a number of records, and --confirm=read counts bytes; accepted: 1, or bytes such as 64KiB or 1MB" },
		{ ID_WINDOW, by_count || r->window_bytes <= o->buffer_bytes,
		    "larger than the buffer, in which it is held until it is confirmed; accepted with a larger --buffer" },
	};

	return HOLD_ALL(draft, rules);
}

static bool
check_tries(const struct draft *draft)
{
	const struct reader_options *r = &draft->options->reader;
	const bool again = r->batching || r->restart;
	const bool bytes = draft->options->framing.kind == FRAMING_BYTES;
	const struct rule rules[] = {
		{ ID_LINGER, r->batching, "there are no batches; accepted with --batch=AMOUNT" },
		{ ID_JOBS, r->batching, "there are no batches; accepted with --batch=AMOUNT" },
		{ ID_BISECT, r->batching, "there are no batches; accepted with --batch=AMOUNT" },
		{ ID_RESTART, !r->batching, "not with --batch, where COMMAND is started for each; how often a batch is tried "
		    "is for --retry to say" },
		{ ID_RETRY, again, "nothing is tried again; accepted with --batch=AMOUNT or --restart" },
		{ ID_RETRY, r->retries == UINT64_MAX || !r->restart || !bytes,
		    "not with --bytes and --restart, where no record can be given up; accepted: forever" },
		{ ID_BACKOFF, again, "nothing is tried again; accepted with --batch=AMOUNT or --restart" },
		{ ID_STALL, !r->batching, "not with --batch, whose COMMAND has a file to read; it is --timeout that bounds a "
		    "batch" },
		{ ID_READER_GONE, !r->outlive || !r->batching,
		    "not with --batch, where a COMMAND that ends has not gone; accepted: end" },
		{ ID_READER_GONE, !r->outlive || !r->restart,
		    "not with --restart, which has the next one started; accepted: end" },
	};

	return HOLD_ALL(draft, rules);
}

static bool
check_batch(const struct draft *draft)
{
	const struct options *o = draft->options;
	const struct reader_options *r = &o->reader;
	char why[160];
	const struct rule rules[] = {
		{ ID_BATCH, o->framing.kind != FRAMING_BYTES || r->batch_records == UINT64_MAX,
		    "a number of records, and --bytes has none; accepted: bytes such as 64KiB or 1MB" },
		{ ID_BATCH, o->framing.kind != FRAMING_FIXED || o->framing.size <= r->batch_bytes, why },
	};

	(void)snprintf(why, sizeof(why), "less than one record of --fixed; accepted: %llu bytes or more",
	    (unsigned long long)o->framing.size);
	return HOLD_ALL(draft, rules);
}

/* While batches run as many more are put together.  Neither factor is over 2^44, and their product not over 2^55. */
static bool
settle_buffer(const struct draft *draft)
{
	struct options *options = draft->options;
	const struct reader_options *reader = &options->reader;
	const uint64_t least = 2 * reader->jobs * reader->batch_bytes;
	char why[160];

	if (reader->batch_bytes == UINT64_MAX || options->buffer_bytes >= least)
		return true;
	(void)snprintf(why, sizeof(why), "less than twice what --jobs=%u batches of %llu bytes take; accepted: %llu or more",
	    reader->jobs, (unsigned long long)reader->batch_bytes, (unsigned long long)least);
	if (draft->is_given[ID_BUFFER])
		return draft_refuse(&draft->last[ID_BUFFER], why);
	(void)snprintf(why, sizeof(why), "the buffer would be %llu bytes, twice what --jobs=%u batches take; accepted: up "
	    "to %llu bytes", (unsigned long long)least, reader->jobs,
	    (unsigned long long)(OPTIONS_BUFFER_MOST / 2 / reader->jobs));
	if (least > OPTIONS_BUFFER_MOST)
		return draft_refuse(&draft->last[ID_BATCH], why);
	options->buffer_bytes = least;
	return true;
}

const char *
delivery_lacks_number(const struct framing *framing)
{
	if (framing->kind == FRAMING_FRAME)
		return framing->format == FRAME_PCAP ? "not with --frame=pcap, whose records are packets; accepted: the other formats" : NULL;
	return framing_has_end(framing) ? NULL : "not where records have no delimiter, as with --fixed and --bytes";
}

static bool
check_number(const struct draft *draft)
{
	const struct options *options = draft->options;
	const struct given *given = &draft->last[ID_NUMBER];
	const char *error;

	if (!draft->is_given[ID_NUMBER])
		return true;
	error = delivery_lacks_number(&options->framing);
	if (error != NULL)
		return draft_refuse(given, error);
	error = number_check(options->reader.number_template, options->framing.delimiter);
	return error == NULL ? true : draft_bad_value(given, error);
}

bool
delivery_holds(struct draft *draft)
{
	return check_command(draft) && check_batch(draft) && check_confirm(draft) && check_window(draft) &&
	    check_tries(draft) && check_number(draft) && settle_buffer(draft);
}
