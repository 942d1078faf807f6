/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Command lines: the input is the arguments, each ended by a NUL byte.  Whatever they are, weir runs with
 * options that are in their ranges, or prints help or version, or tells in one printable line what is
 * wrong.  What is accepted is accepted twice over, with the same meaning, because the last one counts.
 */
#include "config.h"

#include "base/visible.h"
#include "cli/options.h"
#include "fuzz.h"
#include "os/io.h"
#include "os/put.h"
#include "os/spill.h"

#include <string.h>

#define ARGUMENTS_MOST 24
#define INPUT_MOST 1024

static char said[8192];
static size_t said_length;
static unsigned messages;

/* In place of those in the library: what is said to the user is looked at here. */
void
io_open_output(struct io_port *port, int fd)
{
	*port = (struct io_port){ .fd = fd, .inherited = fd };
}

bool
put_all(struct io_port *port, const char *text, size_t length, uint64_t deadline_ns)
{
	(void)port;
	(void)deadline_ns;
	expect(length < sizeof(said), "a message's length", length, sizeof(said));
	memcpy(said, text, length);
	said_length = length;
	messages++;
	return true;
}

/* And these, which would bring the rest of io.c with them: nothing is dropped here. */
bool
spill_explains(const struct spill *spill)
{
	(void)spill;
	return false;
}

void
spill_add(struct spill *spill, enum spill_from from, const char *why, const char *piece, size_t length)
{
	(void)spill, (void)from, (void)why, (void)piece, (void)length;
}

void
spill_end(struct spill *spill, enum spill_from from)
{
	(void)spill, (void)from;
}

void
spill_miss(struct spill *spill, struct tally missed)
{
	(void)spill, (void)missed;
}

static enum options_result
parse(int argc, char *argv[], struct options *options)
{
	messages = 0;
	return options_parse(argc, argv, options);
}

static void
check_usage(void)
{
	expect_equal("messages", messages, 1);
	expect(said_length > 7 && memcmp(said, "weir: ", 6) == 0, "the beginning", said_length, 7);
	expect_equal("the last byte", said[said_length - 1], '\n');
	said[said_length - 1] = '\0';
	expect(visible_is_printable(said), "what is shown", 0, 1);
}

static void
check_range(const char *what, uint64_t value, uint64_t least, uint64_t most)
{
	expect(value >= least, what, value, least);
	expect(value <= most, what, value, most);
}

static void
check_framing(const struct options *o)
{
	bool drops = policy_drops(o->policy) || o->reader.confirm != CONFIRM_WRITTEN;

	check_range("the framing", o->framing.kind, FRAMING_LINES, FRAMING_FRAME);
	if (o->framing.kind == FRAMING_LINES)
		expect_equal("the delimiter of lines", o->framing.delimiter, '\n');
	if (o->framing.kind == FRAMING_NULL)
		expect_equal("the delimiter of null", o->framing.delimiter, 0);
	if (o->framing.kind == FRAMING_FIXED)
		check_range("--fixed", o->framing.size, 1, drops ? o->max_record_bytes : UINT64_C(1) << 40);
	if (o->framing.kind != FRAMING_BYTES)
		return;
	expect(!policy_drops(o->policy), "a policy that drops bytes", o->policy, POLICY_BLOCK);
	expect_equal("a sample of bytes", o->sample.den, o->sample.num);
	expect_equal("--max-records of bytes", o->max_records, UINT64_MAX);
	expect(!o->rated || o->rate.bytes, "a rate of bytes", o->rate.bytes, true);
}

static void
check_batches(const struct options *o)
{
	const struct reader_options *r = &o->reader;

	check_range("--jobs", r->jobs, 1, r->batching ? OPTIONS_JOBS_MOST : 1);
	check_range("--batch in records", r->batch_records, r->batching ? 1 : UINT64_MAX, UINT64_MAX);
	check_range("--batch in bytes", r->batch_bytes, r->batching ? 1 : UINT64_MAX, UINT64_MAX);
	expect(!r->batching || (r->command != NULL && r->confirm == CONFIRM_EXIT), "what a batch goes by", r->confirm,
	    CONFIRM_EXIT);
	expect(!r->batching || r->batch_records != UINT64_MAX || r->batch_bytes != UINT64_MAX, "an endless batch", 0, 1);
	expect(r->batch_bytes == UINT64_MAX || o->buffer_bytes / 2 / r->jobs >= r->batch_bytes, "--batch in the buffer",
	    r->batch_bytes, o->buffer_bytes);
}

static void
check_reader(const struct options *o)
{
	const struct reader_options *r = &o->reader;
	bool answers = r->confirm >= CONFIRM_LINE;

	check_range("--confirm", r->confirm, CONFIRM_WRITTEN, CONFIRM_UPTO);
	check_range("--window in records", r->window_records, 1, UINT64_MAX);
	check_range("--window in bytes", r->window_bytes, 1, UINT64_MAX);
	expect(!answers || r->command != NULL || r->answers_path != NULL, "who answers", 0, 1);
	expect(answers || (r->answer == NULL && r->answers_path == NULL), "an answer to nothing", 0, 1);
	check_range("--timeout", r->timeout_ns, 0, r->confirm == CONFIRM_WRITTEN ? 0 : UNITS_TIME_MAX_NS);
	check_range("--backoff", r->backoff_least_ns, 1, r->backoff_most_ns);
	check_range("--backoff's MAX", r->backoff_most_ns, 1, UNITS_TIME_MAX_NS);
	check_range("--linger", r->linger_ns, 0, UNITS_TIME_MAX_NS);
	check_range("--stall", r->stall_ns, 0, r->batching ? 0 : UNITS_TIME_MAX_NS);
	expect(r->command == NULL || (*r->command != NULL && **r->command != '\0'), "COMMAND", 0, 1);
	expect(r->on_high == NULL || *r->on_high != '\0', "--on-high", 0, 1);
	expect(r->on_low == NULL || *r->on_low != '\0', "--on-low", 0, 1);
	check_batches(o);
}

static void
check_options(const struct options *o)
{
	bool any = o->max_records == UINT64_MAX;

	check_range("the policy", o->policy, 0, POLICIES - 1);
	check_range("--buffer", o->buffer_bytes, OPTIONS_BUFFER_LEAST, OPTIONS_BUFFER_MOST);
	check_range("--max-records", o->max_records, 1, any ? UINT64_MAX : UINT64_C(1) << 40);
	check_range("--max-record", o->max_record_bytes, 1, o->buffer_bytes);
	check_range("--high", o->high_bytes, 1, o->buffer_bytes);
	check_range("--low", o->low_bytes, 0, o->high_bytes);
	check_range("--high in records", o->high_records, any ? UINT64_MAX : 1, o->max_records);
	check_range("--low in records", o->low_records, any ? UINT64_MAX : 0, o->high_records);
	check_range("--sample", o->sample.num, 1, o->sample.den);
	if (o->rated) {
		check_range("--rate", o->rate.amount, 1, UNITS_AMOUNT_MAX);
		check_range("--rate's period", o->rate.period_ns, 1, UNITS_PERIOD_MAX_NS);
	}
	check_range("--burst", o->burst, 0, o->rated ? UNITS_AMOUNT_MAX : 0);
	check_range("--settle", o->settle_ns, 0, UNITS_TIME_MAX_NS);
	check_range("--header", o->header_records, 0, o->framing.kind == FRAMING_BYTES ? 0 : OPTIONS_RECORDS_MOST);
	check_range("--format", o->format, FORMAT_TEXT, FORMAT_JOURNAL);
	check_range("--drain-timeout", o->drain_timeout_ns, 0, UNITS_TIME_MAX_NS);
	if (o->pipe_bytes != 0 && o->pipe_bytes != PIPE_BYTES_KEEP)
		check_range("--pipe-size", o->pipe_bytes, 4096, UINT64_C(1) << 30);
	check_range("the length of --name", strlen(o->name), 1, OPTIONS_NAME_MOST);
	expect(visible_is_printable(o->name), "--name", 0, 1);
	expect(o->report_path == NULL || *o->report_path != '\0', "--report", 0, 1);
	check_framing(o);
	check_reader(o);
}

/* Field by field: there is padding between them. */
static void
check_same(const struct options *a, const struct options *b)
{
	const uint64_t pairs[][2] = {
		{ a->policy, b->policy },
		{ a->framing.kind, b->framing.kind },
		{ a->framing.delimiter, b->framing.delimiter },
		{ a->framing.size, b->framing.size },
		{ a->buffer_bytes, b->buffer_bytes },
		{ a->max_records, b->max_records },
		{ a->max_record_bytes, b->max_record_bytes },
		{ a->high_bytes, b->high_bytes },
		{ a->low_bytes, b->low_bytes },
		{ a->high_records, b->high_records },
		{ a->low_records, b->low_records },
		{ a->sample.num, b->sample.num },
		{ a->sample.den, b->sample.den },
		{ a->rated, b->rated },
		{ a->rate.amount, b->rate.amount },
		{ a->rate.period_ns, b->rate.period_ns },
		{ a->rate.bytes, b->rate.bytes },
		{ a->burst, b->burst },
		{ a->settle_ns, b->settle_ns },
		{ a->header_records, b->header_records },
		{ a->quiet, b->quiet },
		{ a->format, b->format },
		{ a->report_path != NULL, b->report_path != NULL },
		{ a->fail_on_drop, b->fail_on_drop },
		{ a->drain_timeout_ns, b->drain_timeout_ns },
		{ a->pipe_bytes, b->pipe_bytes },
		{ a->reader.command != NULL, b->reader.command != NULL },
		{ a->reader.confirm, b->reader.confirm },
		{ a->reader.answer != NULL, b->reader.answer != NULL },
		{ a->reader.window_records, b->reader.window_records },
		{ a->reader.window_bytes, b->reader.window_bytes },
		{ a->reader.batch_records, b->reader.batch_records },
		{ a->reader.batch_bytes, b->reader.batch_bytes },
		{ a->reader.linger_ns, b->reader.linger_ns },
		{ a->reader.jobs, b->reader.jobs },
		{ a->reader.timeout_ns, b->reader.timeout_ns },
		{ a->reader.retries, b->reader.retries },
		{ a->reader.bisect, b->reader.bisect },
		{ a->reader.backoff_least_ns, b->reader.backoff_least_ns },
		{ a->reader.backoff_most_ns, b->reader.backoff_most_ns },
		{ a->reader.restart, b->reader.restart },
		{ a->reader.stall_ns, b->reader.stall_ns },
		{ a->reader.outlive, b->reader.outlive },
		{ a->reader.foreground, b->reader.foreground },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		expect_equal("the same options twice", pairs[i][1], pairs[i][0]);
	expect_equal("the same name", strcmp(a->name, b->name), 0);
	if (a->report_path != NULL && b->report_path != NULL)
		expect_equal("the same report", strcmp(a->report_path, b->report_path), 0);
}

static void
parse_twice_over(int argc, char *argv[], const struct options *once)
{
	char *twice[2 * ARGUMENTS_MOST + 2];
	struct options options;
	const int end = once->reader.command != NULL ? (int)(once->reader.command - argv) : argc;
	int count = end;

	memcpy(twice, argv, (size_t)end * sizeof(argv[0]));
	for (int i = 1; i < end; i++) {
		if (strcmp(argv[i], "--") == 0)
			return; /* what follows it would not be options */
		twice[count++] = argv[i];
	}
	for (int i = end; i < argc; i++)
		twice[count++] = argv[i];
	twice[count] = NULL;
	expect_equal("twice over", parse(count, twice, &options), OPTIONS_RUN);
	check_same(once, &options);
	if (once->reader.command != NULL)
		expect_equal("the same COMMAND", options.reader.command - twice, end + end - 1);
	options_free(&options);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char name[] = "weir";
	static char text[INPUT_MOST + 1];
	static bool muted; /* help is for nobody here */
	char *argv[ARGUMENTS_MOST + 2] = { name };
	struct options options;
	size_t length = size < INPUT_MOST ? size : INPUT_MOST;
	int argc = 1;

	if (!muted && !(muted = freopen("/dev/null", "w", stdout) != NULL))
		return 0;
	memcpy(text, data, length);
	text[length] = '\0';
	for (size_t at = 0; at < length && argc <= ARGUMENTS_MOST; at += strlen(text + at) + 1)
		argv[argc++] = text + at;
	argv[argc] = NULL;
	switch (parse(argc, argv, &options)) {
	case OPTIONS_RUN:
		expect_equal("messages", messages, 0);
		check_options(&options);
		parse_twice_over(argc, argv, &options);
		break;
	case OPTIONS_DONE:
		expect_equal("messages", messages, 0);
		break;
	case OPTIONS_USAGE:
		check_usage();
		break;
	case OPTIONS_ERROR:
		expect_equal("no memory, or nowhere to print", 0, 1);
	}
	options_free(&options);
	return 0;
}
