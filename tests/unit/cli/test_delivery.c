/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * COMMAND and the options for the reader: what is there by default, what is taken, and what goes with what.  A refusal
 * is one line, which is held whole.
 */
#include "../parse.h"
#include "../tap.h"

#include "hold/number.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define KIB UINT64_C(1024)
#define MIB (KIB * KIB)

#ifdef __linux__
#define BY_DEFAULT CONFIRM_READ
#else
#define BY_DEFAULT CONFIRM_WRITTEN
#endif

/* --- COMMAND --------------------------------------------------------------------------------------- */

/* Where it begins, and how many words it has. */
static const struct {
	const char *arguments[ARGUMENTS_MOST];
	int first;
	int count;
	enum policy policy;
} commands[] = {
	{ { "cmd" }, 0, 1, POLICY_BLOCK },
	{ { "cmd", "-p", "drop-oldest" }, 0, 3, POLICY_BLOCK },
	{ { "-p", "drop-oldest", "cmd", "-x" }, 2, 2, POLICY_DROP_OLDEST },
	{ { "-p", "drop-oldest", "cmd", "-p", "drop-newest" }, 2, 3, POLICY_DROP_OLDEST },
	{ { "--", "-cmd" }, 1, 1, POLICY_BLOCK },
	{ { "--", "--help" }, 1, 1, POLICY_BLOCK },
	{ { "--", "cmd", "--", "x" }, 1, 3, POLICY_BLOCK },
	{ { "-pdrop-oldest", "--", "cmd", "-p", "block" }, 2, 3, POLICY_DROP_OLDEST },
	{ { "cmd", "--", "-q" }, 0, 3, POLICY_BLOCK },
	{ { "cmd", "" }, 0, 2, POLICY_BLOCK },
	{ { "cmd", "--help" }, 0, 2, POLICY_BLOCK },
	{ { "cmd", "--nope", "-" }, 0, 3, POLICY_BLOCK },
	{ { "a b" }, 0, 1, POLICY_BLOCK },
	{ { "./-" }, 0, 1, POLICY_BLOCK },
	{ { "-q" }, 0, 0, POLICY_BLOCK },
	{ { "--" }, 0, 0, POLICY_BLOCK },
};

static void
operands(void)
{
	for (size_t i = 0; i < LENGTH(commands); i++) {
		const char *const *arguments = commands[i].arguments;
		struct options o;
		enum options_result result = parse(arguments, &o);
		bool good = result == OPTIONS_RUN && message[0] == '\0' && o.policy == commands[i].policy && !o.quiet ==
		    (strcmp(arguments[0], "-q") != 0);

		if (commands[i].count == 0)
			good = good && o.reader.command == NULL;
		else
			good = good && o.reader.command != NULL && o.reader.command[commands[i].count] == NULL;
		for (int n = 0; good && n < commands[i].count; n++)
			good = strcmp(o.reader.command[n], arguments[commands[i].first + n]) == 0;
		if (!ok(good, "weir%s: COMMAND is %d words", joined(arguments), commands[i].count))
			diag("result %d: %s", (int)result, message);
		options_free(&o);
	}
}

/* The environment may say so; here it is always so. */
static void
posixly_correct(void)
{
	struct options o;

	(void)setenv("POSIXLY_CORRECT", "1", 1);
	is(PARSE(&o, "-q", "cmd", "-p", "drop-oldest"), OPTIONS_RUN, "with POSIXLY_CORRECT options end at COMMAND");
	ok(o.quiet && o.policy == POLICY_BLOCK && strcmp(o.reader.command[1], "-p") == 0, "as without it");
	(void)unsetenv("POSIXLY_CORRECT");
}

/* --- what is there by default ---------------------------------------------------------------------- */

static void
defaults(void)
{
	struct options o;
	const struct reader_options *r = &o.reader;

	is(PARSE(&o, "-q"), OPTIONS_RUN, "nothing of the reader");
	ok(r->command == NULL && !options_want_reader(&o), "is no reader of its own");
	ok(r->confirm == CONFIRM_WRITTEN && !r->confirm_given && r->answer == NULL, "written is out");
	ok(r->answers_path == NULL && r->credits_path == NULL, "nobody answers or grants");
	ok(!r->window_given && r->window_records == UINT64_MAX && r->window_bytes == UINT64_MAX, "there is no window");
	ok(!r->batching && r->batch_records == UINT64_MAX && r->batch_bytes == UINT64_MAX, "there are no batches");
	is(r->linger_ns, NS_PER_S, "which would linger for a second");
	is(r->jobs, 1, "one at a time");
	is(r->timeout_ns, 0, "for as long as they take");
	is(r->retries, UINT64_MAX, "and would be tried for ever");
	ok(!r->bisect && !r->restart && !r->outlive && !r->foreground, "and nothing else");
	is(r->backoff_least_ns, 200 * NS_PER_MS, "the first wait is 200 ms");
	is(r->backoff_most_ns, 30 * NS_PER_S, "the longest is 30 s");
	is(r->stall_ns, 0, "no reader is stalled");
	ok(r->on_high == NULL && r->on_low == NULL && r->number_template == NULL, "no hooks, no numbers");
	ok(!options_may_drop(&o), "nothing can be dropped");

	(void)PARSE(&o, "cmd");
	ok(r->confirm == BY_DEFAULT && !r->confirm_given, "with COMMAND: read where the system can tell");
	is(r->window_bytes, BY_DEFAULT == CONFIRM_READ ? 64 * KIB : UINT64_MAX, "and then 64K in flight");
	is(r->window_records, UINT64_MAX, "however many records they are");
	is(options_may_drop(&o), BY_DEFAULT == CONFIRM_READ, "of which one may be oversize");
	(void)PARSE(&o, "--confirm=written", "cmd");
	ok(r->confirm == CONFIRM_WRITTEN && r->confirm_given && !options_may_drop(&o), "or written if told so");
	(void)PARSE(&o, "--confirm=written", "--restart", "--retry=3", "cmd");
	ok(options_may_drop(&o), "unless it is started again, and a record given up");
	(void)PARSE(&o, "--confirm=written", "--restart", "cmd");
	ok(!options_may_drop(&o), "which by default none is");
	(void)PARSE(&o, "--batch=5", "cmd");
	ok(r->confirm == CONFIRM_EXIT && !r->confirm_given, "with --batch: exit");
	ok(r->window_bytes == UINT64_MAX && r->window_records == UINT64_MAX, "and no window");
	ok(options_may_drop(&o), "and a batch may be rejected");
	(void)PARSE(&o, "--confirm=line", "cmd");
	ok(r->window_records == 1000 && r->window_bytes == UINT64_MAX, "with answers: 1000 records");
	(void)PARSE(&o, "--confirm=upto", "-b", "cmd");
	ok(r->window_records == UINT64_MAX && r->window_bytes == 64 * KIB, "or 64K where there are no records");
}

/* Whatever run() has to know of: each alone, with as little company as it needs. */
static void
wants(void)
{
	static const struct {
		const char *arguments[ARGUMENTS_MOST];
		bool reader;
	} lines[] = {
		{ { "cmd" }, true }, { { "--confirm=written", "cmd" }, true }, { { "--credits=f" }, true },
		{ { "--confirm=line", "--answers=f" }, true }, { { "--stall=1" }, true }, { { "--reader-gone=discard" }, true },
		{ { "--on-high=x" }, true }, { { "--on-low=x" }, true }, { { "--number" }, true },
		{ { "--confirm=written" }, false }, { { "--reader-gone=end" }, false },
		{ { "--reader-gone=discard", "--reader-gone=end" }, false }, { { "-p", "drop-oldest", "--mark-drops" }, false },
	};

	for (size_t i = 0; i < LENGTH(lines); i++) {
		struct options o;

		ok(parse(lines[i].arguments, &o) == OPTIONS_RUN && options_want_reader(&o) == lines[i].reader,
		    "weir%s: %s", joined(lines[i].arguments), lines[i].reader ? "a reader" : "none");
	}
}

/* --- what is accepted ------------------------------------------------------------------------------ */

enum field {
	CONFIRM, WINDOW_RECORDS, WINDOW_BYTES, BATCH_RECORDS, BATCH_BYTES, LINGER, JOBS, TIMEOUT, RETRIES, BISECT, LEAST, MOST,
	RESTART, STALL, OUTLIVE, FOREGROUND, BUFFER, MAX_RECORD, HIGH,
};

static uint64_t
field(const struct options *o, enum field field)
{
	const struct reader_options *r = &o->reader;
	const uint64_t values[] = {
		[CONFIRM] = r->confirm, [WINDOW_RECORDS] = r->window_records, [WINDOW_BYTES] = r->window_bytes,
		[BATCH_RECORDS] = r->batch_records, [BATCH_BYTES] = r->batch_bytes, [LINGER] = r->linger_ns, [JOBS] = r->jobs,
		[TIMEOUT] = r->timeout_ns, [RETRIES] = r->retries, [BISECT] = r->bisect, [LEAST] = r->backoff_least_ns,
		[MOST] = r->backoff_most_ns, [RESTART] = r->restart, [STALL] = r->stall_ns, [OUTLIVE] = r->outlive,
		[FOREGROUND] = r->foreground, [BUFFER] = o->buffer_bytes, [MAX_RECORD] = o->max_record_bytes,
		[HIGH] = o->high_bytes,
	};

	return values[field];
}

static const struct accepted {
	const char *arguments[ARGUMENTS_MOST];
	enum field field;
	uint64_t value;
} accepted[] = {
	{ { "--confirm=written" }, CONFIRM, CONFIRM_WRITTEN },
	{ { "--confirm=exit", "--batch=1", "cmd" }, CONFIRM, CONFIRM_EXIT },
	{ { "--confirm=line", "cmd" }, CONFIRM, CONFIRM_LINE },
	{ { "--confirm=line", "--answers=f" }, CONFIRM, CONFIRM_LINE },
	{ { "--confirm=line", "--answers=f", "--credits=g" }, CONFIRM, CONFIRM_LINE },
	{ { "--confirm=number", "--number", "cmd" }, CONFIRM, CONFIRM_NUMBER },
	{ { "--confirm=upto", "--number", "cmd" }, CONFIRM, CONFIRM_UPTO },
	{ { "--confirm=upto", "-b", "cmd" }, CONFIRM, CONFIRM_UPTO },
	{ { "--confirm=line", "--confirm=written" }, CONFIRM, CONFIRM_WRITTEN },
#ifdef __linux__
	{ { "--confirm=read" }, CONFIRM, CONFIRM_READ },
	{ { "--confirm=read", "-b" }, CONFIRM, CONFIRM_READ },
	{ { "--confirm=read", "cmd" }, CONFIRM, CONFIRM_READ },
	{ { "--window=1", "cmd" }, WINDOW_RECORDS, 1 },
	{ { "--window=1", "cmd" }, WINDOW_BYTES, UINT64_MAX },
	{ { "--window=1B", "cmd" }, WINDOW_BYTES, 1 },
	{ { "--window=1MiB", "cmd" }, WINDOW_BYTES, MIB },
	{ { "--window=2MiB", "-m", "2M", "cmd" }, WINDOW_BYTES, 2 * MIB },
	{ { "--confirm=read", "--window=4KiB", "-b" }, WINDOW_BYTES, 4 * KIB },
	{ { "--timeout=1s", "cmd" }, TIMEOUT, NS_PER_S },
#endif
	{ { "--window=1", "--confirm=line", "cmd" }, WINDOW_RECORDS, 1 },
	{ { "--window=10k", "--confirm=line", "cmd" }, WINDOW_RECORDS, 10000 },
	{ { "--window=1099511627776", "--confirm=line", "cmd" }, WINDOW_RECORDS, UINT64_C(1) << 40 },
	{ { "--window=64KB", "--confirm=line", "cmd" }, WINDOW_BYTES, 64000 },
	{ { "--window=64KB", "--confirm=line", "cmd" }, WINDOW_RECORDS, UINT64_MAX },
	{ { "--window=64KB", "--window=5", "--confirm=line", "cmd" }, WINDOW_BYTES, UINT64_MAX },
	{ { "--window=5", "--confirm=line", "--window=64KB", "cmd" }, WINDOW_RECORDS, UINT64_MAX },
	{ { "--batch=500", "cmd" }, BATCH_RECORDS, 500 },
	{ { "--batch=500", "cmd" }, BATCH_BYTES, UINT64_MAX },
	{ { "--batch=1MB", "cmd" }, BATCH_BYTES, 1000000 },
	{ { "--batch=1MB", "cmd" }, BATCH_RECORDS, UINT64_MAX },
	{ { "--batch=500,1MB", "cmd" }, BATCH_RECORDS, 500 },
	{ { "--batch=500,1MB", "cmd" }, BATCH_BYTES, 1000000 },
	{ { "--batch=1MB,10k", "cmd" }, BATCH_RECORDS, 10000 },
	{ { "--batch=1B,1", "cmd" }, BATCH_BYTES, 1 },
	{ { "--batch=1099511627776", "cmd" }, BATCH_RECORDS, UINT64_C(1) << 40 },
	{ { "--batch=5,1MB", "--batch=6", "cmd" }, BATCH_BYTES, UINT64_MAX },
	{ { "-b", "--batch=64KiB", "cmd" }, BATCH_BYTES, 64 * KIB },
	{ { "--fixed=64K", "--batch=64KiB", "cmd" }, BATCH_BYTES, 64 * KIB },
	{ { "--batch=5", "--linger=0", "cmd" }, LINGER, 0 },
	{ { "--batch=5", "--linger=366d", "cmd" }, LINGER, UNITS_TIME_MAX_NS },
	{ { "--batch=5", "-j", "1", "cmd" }, JOBS, 1 },
	{ { "--batch=5", "-j8", "cmd" }, JOBS, 8 },
	{ { "--batch=5", "--jobs=1024", "cmd" }, JOBS, 1024 },
	{ { "--batch=5", "--timeout=250ms", "cmd" }, TIMEOUT, 250 * NS_PER_MS },
	{ { "--confirm=line", "--answers=f", "--timeout=366d" }, TIMEOUT, UNITS_TIME_MAX_NS },
	{ { "--batch=5", "--retry=0", "cmd" }, RETRIES, 0 },
	{ { "--batch=5", "--retry=1099511627776", "cmd" }, RETRIES, UINT64_C(1) << 40 },
	{ { "--restart", "--retry=3", "cmd" }, RETRIES, 3 },
	{ { "--batch=5", "--retry=3", "--retry=forever", "cmd" }, RETRIES, UINT64_MAX },
	{ { "-b", "--restart", "--retry=forever", "cmd" }, RETRIES, UINT64_MAX },
	{ { "-b", "--batch=1KB", "--retry=1", "cmd" }, RETRIES, 1 },
	{ { "--batch=5", "--bisect", "cmd" }, BISECT, true },
	{ { "--batch=1KB", "--bisect", "cmd" }, BISECT, true },
	/* nothing to halve, to wait for, to run at once: what a script has in variables may come to that */
	{ { "--batch=1", "--bisect", "cmd" }, BISECT, true },
	{ { "--batch=1", "--linger=5", "cmd" }, LINGER, 5 * NS_PER_S },
	{ { "--batch=5", "--backoff=1s", "cmd" }, LEAST, NS_PER_S },
	{ { "--batch=5", "--backoff=1s", "cmd" }, MOST, 30 * NS_PER_S },
	{ { "--batch=5", "--backoff=1m", "cmd" }, MOST, 60 * NS_PER_S },
	{ { "--batch=5", "--backoff=1m", "--backoff=1s", "cmd" }, MOST, 30 * NS_PER_S },
	{ { "--restart", "--backoff=.5s..1.5m", "cmd" }, LEAST, 500 * NS_PER_MS },
	{ { "--restart", "--backoff=.5s..1.5m", "cmd" }, MOST, 90 * NS_PER_S },
	{ { "--restart", "--backoff=2s..2s", "cmd" }, MOST, 2 * NS_PER_S },
	{ { "--restart", "--backoff=366d..366d", "cmd" }, LEAST, UNITS_TIME_MAX_NS },
	{ { "--restart", "cmd" }, RESTART, true },
	{ { "--restart", "--confirm=written", "cmd" }, RESTART, true },
	{ { "--restart", "--reader-gone=end", "cmd" }, OUTLIVE, false },
	{ { "--stall=5" }, STALL, 5 * NS_PER_S },
	{ { "--stall=1m", "--restart", "cmd" }, STALL, 60 * NS_PER_S },
	{ { "--reader-gone=discard" }, OUTLIVE, true },
	{ { "--reader-gone=discard", "cmd" }, OUTLIVE, true },
	{ { "--reader-gone=discard", "--stall=1", "cmd" }, OUTLIVE, true },
	{ { "--foreground", "cmd" }, FOREGROUND, true },
	{ { "--foreground", "--batch=1", "-j2", "cmd" }, FOREGROUND, true },
	{ { "--credits=f", "--batch=1", "cmd" }, BATCH_RECORDS, 1 },
	/* the buffer holds twice the batches */
	{ { "--batch=1KB", "cmd" }, BUFFER, MIB },
	{ { "--batch=500", "-j1024", "cmd" }, BUFFER, MIB },
	{ { "--batch=512KiB", "cmd" }, BUFFER, MIB },
	{ { "--batch=1MiB", "cmd" }, BUFFER, 2 * MIB },
	{ { "--batch=500,1MiB", "-j8", "cmd" }, BUFFER, 16 * MIB },
	{ { "--batch=1MiB", "-j8", "-m16M", "cmd" }, BUFFER, 16 * MIB },
	{ { "--batch=1MiB", "-j8", "-m1G", "cmd" }, BUFFER, 1024 * MIB },
	{ { "--batch=1MiB", "-j8", "cmd" }, MAX_RECORD, 2 * MIB },
	{ { "--batch=1MiB", "-j8", "cmd" }, HIGH, 16 * MIB },
#if SIZE_MAX > UINT32_MAX
	{ { "--batch=8TiB", "cmd" }, BUFFER, UINT64_C(1) << 44 },
	{ { "--batch=8GiB", "-j1024", "cmd" }, BUFFER, UINT64_C(1) << 44 },
#endif
};

static void
accepts(void)
{
	for (size_t i = 0; i < LENGTH(accepted); i++) {
		const struct accepted *row = &accepted[i];
		struct options o;
		enum options_result result = parse(row->arguments, &o);

		if (result != OPTIONS_RUN || message[0] != '\0')
			diag("result %d: %s", (int)result, message);
		is(result == OPTIONS_RUN && message[0] == '\0' ? field(&o, row->field) : UINT64_MAX - 1, row->value, "weir%s",
		    joined(row->arguments));
		options_free(&o);
	}
}

static void
texts(void)
{
	struct options o;

	(void)PARSE(&o, "--confirm=line", "--answers=/dev/fd/5", "--credits=a b");
	is_text(o.reader.answers_path, "/dev/fd/5", "where answers come from is kept as it is");
	is_text(o.reader.credits_path, "a b", "so is where credits come from");
	(void)PARSE(&o, "--on-high=touch 'x y'", "--on-low=rm x");
	is_text(o.reader.on_high, "touch 'x y'", "a hook is for the shell to read");
	is_text(o.reader.on_low, "rm x", "each of them");
	(void)PARSE(&o, "--number");
	is_text(o.reader.number_template, NUMBER_DEFAULT, "a number and a tab");
	(void)PARSE(&o, "--number=[{n}] ");
	is_text(o.reader.number_template, "[{n}] ", "or what is given");
	(void)PARSE(&o, "--number", "-0", "cmd");
	is_text(o.reader.number_template, NUMBER_DEFAULT, "--number takes no word of its own");
	is_text(o.reader.command[0], "cmd", "which is COMMAND");
	is_text(options_confirm(&o), BY_DEFAULT == CONFIRM_READ ? "read" : "written", "a confirmation has a name");
}

/* Each of these has the pattern of the one before it freed. */
static void
answers(void)
{
	struct options o;

#ifdef HAVE_PCRE2
	is(PARSE(&o, "--confirm=line:^x", "--confirm=line:/^ok$/i", "cmd"), OPTIONS_RUN, "a line that matches");
	ok(o.reader.confirm == CONFIRM_LINE && o.reader.answer != NULL, "has a pattern");
	ok(pattern_matches(o.reader.answer, "OK", 2) && !pattern_matches(o.reader.answer, "x", 1), "the last one that is given");
	ok(pattern_matches(o.reader.answer, "ok\r", 3), "and a carriage return is of the line's end");
	options_free(&o);
	ok(o.reader.answer == NULL, "which is freed");
	is(PARSE(&o, "--confirm=line:a:b", "cmd"), OPTIONS_RUN, "a pattern may have a colon");
	ok(pattern_matches(o.reader.answer, "a:b", 3) && !pattern_matches(o.reader.answer, "a", 1), "as it is");
	options_free(&o);
	is(PARSE(&o, "--confirm=line:a", "--confirm=line", "cmd"), OPTIONS_RUN, "without one each line is meant");
	ok(o.reader.answer == NULL, "whatever stood before");
	is(PARSE(&o, "--confirm=line:a", "--confirm=line:(", "cmd"), OPTIONS_USAGE, "one that is none is refused");
	is_text(message, "weir: --confirm=line:(: at offset 1: missing closing parenthesis; accepted: written, read, exit, line, "
	    "line:REGEX, number, upto\n", "and says why");
	options_free(&o);
#else
	is(PARSE(&o, "--confirm=line:a", "cmd"), OPTIONS_USAGE, "without PCRE2 there is no pattern");
	ok(strstr(message, "line:REGEX needs a weir with PCRE2\n") != NULL, "and it says so");
	is(PARSE(&o, "--confirm=line", "cmd"), OPTIONS_RUN, "but each line");
	options_free(&o);
#endif
}

/* --- what is refused ------------------------------------------------------------------------------- */

#ifdef HAVE_PCRE2
#define WHEN "; accepted: written, read, exit, line, line:REGEX, number, upto"
#else
#define WHEN "; accepted: written, read, exit, line, number, upto; line:REGEX needs a weir with PCRE2"
#endif
#define AMOUNT "; accepted: records such as 500 or 10k, or bytes such as 64KiB or 1MB"
#define AMOUNTS "; accepted: records such as 500 or 10k, bytes such as 64KiB or 1MB, or one of each, such as 500,1MB"
#define BYTES "a number of records, and --bytes has none; accepted: bytes such as 64KiB or 1MB"
#define SOURCE "; accepted: the name of a FIFO or a file, or /dev/fd/N"
#define OVER_ZERO "; accepted: a time over 0 up to 366d, such as 250ms, 5s or 1.5m"
#define FROM_ZERO "; accepted: 0 to 366d, such as 250ms, 5s or 1.5m"
#define TIMES "; accepted: a time over 0 up to 366d, or two, such as 1s or 200ms..30s"
#define JOBS_FROM_1 "; accepted: a whole number from 1 to 1024"
#define TRIES "; accepted: a whole number from 0 to 1099511627776, or forever"
#define HOOK "; accepted: a command for sh, such as 'touch busy'"
#define TEMPLATE "; accepted: text that holds {n}, and not the records' delimiter"
#define PROGRAM "; accepted: a program and its arguments, or nothing: weir reads standard input and writes standard output"
#define NO_BATCHES "there are no batches; accepted with --batch=AMOUNT"
#define NOT_AGAIN "nothing is tried again; accepted with --batch=AMOUNT or --restart"
#define AMBIGUOUS "ambiguous: bytes or records? write 10MB for bytes, 10000k for records"

struct refused {
	const char *arguments[ARGUMENTS_MOST];
	const char *message; /* without the name before it */
};

static const struct refused values[] = {
	{ { "" }, "COMMAND is empty" PROGRAM },
	{ { "-q", "--", "", "x" }, "COMMAND is empty" PROGRAM },
	{ { "-" }, "-: no COMMAND" PROGRAM },
	{ { "--confirm" }, "--confirm needs a value" WHEN },
	{ { "--confirm=" }, "--confirm=: no such confirmation" WHEN },
	{ { "--confirm=Read" }, "--confirm=Read: no such confirmation; did you mean read?" WHEN },
	{ { "--confirm=lines:x" }, "--confirm=lines:x: no such confirmation" WHEN },
	{ { "--confirm=number:3" }, "--confirm=number:3: takes no REGEX" WHEN },
	{ { "--confirm=:x" }, "--confirm=:x: no such confirmation" WHEN },
	{ { "--confirm=line:" }, "--confirm=line:: an empty pattern; each line is what line alone takes" WHEN },
	{ { "--confirm=line://" }, "--confirm=line://: an empty pattern; each line is what line alone takes" WHEN },
	{ { "--confirm=line://i" }, "--confirm=line://i: an empty pattern; each line is what line alone takes" WHEN },
	{ { "--answers" }, "--answers needs a value" SOURCE },
	{ { "--answers=" }, "--answers=: empty" SOURCE },
	{ { "--answers=-" }, "--answers=-: standard input, /dev/stdin, is the data" SOURCE },
	{ { "--credits=" }, "--credits=: empty" SOURCE },
	{ { "--credits", "-" }, "--credits=-: standard input, /dev/stdin, is the data" SOURCE },
	{ { "--window=" }, "--window=: not an amount" AMOUNT },
	{ { "--window=0" }, "--window=0: zero has no meaning here" AMOUNT },
	{ { "--window=0B" }, "--window=0B: zero has no meaning here" AMOUNT },
	{ { "--window=-1" }, "--window=-1: not an amount" AMOUNT },
	{ { "--window=1.5" }, "--window=1.5: not a whole number" AMOUNT },
	{ { "--window=10M" }, "--window=10M: " AMBIGUOUS AMOUNT },
	{ { "--window=1,1B" }, "--window=1,1B: not an amount" AMOUNT },
	{ { "--window=1099511627777" }, "--window=1099511627777: too large" AMOUNT },
	{ { "--window=17TiB" }, "--window=17TiB: too large" AMOUNT },
	{ { "--window=99999999999999999999B" }, "--window=99999999999999999999B: too large" AMOUNT },
	{ { "--batch" }, "--batch needs a value" AMOUNTS },
	{ { "--batch=" }, "--batch=: not an amount" AMOUNTS },
	{ { "--batch=,5" }, "--batch=,5: not an amount" AMOUNTS },
	{ { "--batch=5," }, "--batch=5,: not an amount" AMOUNTS },
	{ { "--batch=0" }, "--batch=0: zero has no meaning here" AMOUNTS },
	{ { "--batch=5,0B" }, "--batch=5,0B: zero has no meaning here" AMOUNTS },
	{ { "--batch=5,6" }, "--batch=5,6: two numbers of records" AMOUNTS },
	{ { "--batch=1KB,1B" }, "--batch=1KB,1B: two numbers of bytes" AMOUNTS },
	{ { "--batch=5,1KB,6" }, "--batch=5,1KB,6: two numbers of records" AMOUNTS },
	{ { "--batch=5,10M" }, "--batch=5,10M: " AMBIGUOUS AMOUNTS },
	{ { "--batch=5s" }, "--batch=5s: not an amount" AMOUNTS },
	{ { "--batch=1099511627777" }, "--batch=1099511627777: too large" AMOUNTS },
	{ { "--batch=17TiB" }, "--batch=17TiB: too large" AMOUNTS },
	{ { "--batch=00000000000000000000000000000000000000000000000000000000000000001" },
	    "--batch=00000000000000000000000000000000000000000000000000000000000000001: not an amount" AMOUNTS },
	{ { "--linger=-1" }, "--linger=-1: not a time" FROM_ZERO },
	{ { "--linger=367d" }, "--linger=367d: too large" FROM_ZERO },
	{ { "-j" }, "--jobs needs a value" JOBS_FROM_1 },
	{ { "-j0" }, "--jobs=0: too small" JOBS_FROM_1 },
	{ { "--jobs=1025" }, "--jobs=1025: too large" JOBS_FROM_1 },
	{ { "--jobs=1.5" }, "--jobs=1.5: not a whole number" JOBS_FROM_1 },
	{ { "--jobs=99999999999999999999" }, "--jobs=99999999999999999999: too large" JOBS_FROM_1 },
	{ { "--timeout=0" }, "--timeout=0: zero has no meaning here" OVER_ZERO },
	{ { "--timeout=5x" }, "--timeout=5x: not a time" OVER_ZERO },
	{ { "--timeout=367d" }, "--timeout=367d: too large" OVER_ZERO },
	{ { "--retry=-1" }, "--retry=-1: not a whole number" TRIES },
	{ { "--retry=" }, "--retry=: not a whole number" TRIES },
	{ { "--retry=Forever" }, "--retry=Forever: not a whole number; did you mean forever?" TRIES },
	{ { "--retry=1099511627777" }, "--retry=1099511627777: too large" TRIES },
	{ { "--bisect=1" }, "--bisect takes no value, but --bisect=1 gives one; 'weir --help' lists what is accepted" },
	{ { "--backoff=" }, "--backoff=: not a time" TIMES },
	{ { "--backoff=0" }, "--backoff=0: zero has no meaning here" TIMES },
	{ { "--backoff=0..1s" }, "--backoff=0..1s: zero has no meaning here" TIMES },
	{ { "--backoff=1s..0" }, "--backoff=1s..0: zero has no meaning here" TIMES },
	{ { "--backoff=1s.." }, "--backoff=1s..: not a time" TIMES },
	{ { "--backoff=..1s" }, "--backoff=..1s: not a time" TIMES },
	{ { "--backoff=1s..2s..3s" }, "--backoff=1s..2s..3s: not a time" TIMES },
	{ { "--backoff=1s-2s" }, "--backoff=1s-2s: not a time" TIMES },
	{ { "--backoff=1s..367d" }, "--backoff=1s..367d: too large" TIMES },
	{ { "--backoff=30s..200ms" }, "--backoff=30s..200ms: MAX is less than MIN; did you mean --backoff=200ms..30s?" TIMES },
	{ { "--backoff=11111111111111111111111111111111s" }, "--backoff=11111111111111111111111111111111s: not a time" TIMES },
	{ { "--stall=0s" }, "--stall=0s: zero has no meaning here" OVER_ZERO },
	{ { "--stall=x" }, "--stall=x: not a time" OVER_ZERO },
	{ { "--reader-gone" }, "--reader-gone needs a value; accepted: end, discard" },
	{ { "--reader-gone=drop" }, "--reader-gone=drop: no such way; accepted: end, discard" },
	{ { "--reader-gone=disacrd" }, "--reader-gone=disacrd: no such way; did you mean discard?; accepted: end, discard" },
	{ { "--on-high=" }, "--on-high=: empty" HOOK },
	{ { "--on-low=" }, "--on-low=: empty" HOOK },
	{ { "--number=" }, "--number=: empty" TEMPLATE },
	{ { "--number=x" }, "--number=x: without {n}" TEMPLATE },
	{ { "--number={records}" }, "--number={records}: no such placeholder" TEMPLATE },
	{ { "--number={n" }, "--number={n: a placeholder without its closing brace" TEMPLATE },
	{ { "--number", "-d\\t" }, "--number: would contain the records' delimiter" TEMPLATE },
	{ { "--number={n} ", "-d", " " }, "--number={n} : would contain the records' delimiter" TEMPLATE },
	{ { "--number", "-d1" }, "--number: would contain the records' delimiter" TEMPLATE },
};

static const struct refused company[] = {
	{ { "--batch=5" }, "--batch=5: there is nothing to run; accepted with COMMAND" },
	{ { "--restart" }, "--restart: there is nothing to start; accepted with COMMAND" },
	{ { "--foreground" }, "--foreground: there is nothing to start; accepted with COMMAND" },
	{ { "--foreground", "--on-high=x" }, "--foreground: there is nothing to start; accepted with COMMAND" },
	{ { "--confirm=exit" },
	    "--confirm=exit: without a COMMAND for each batch there is no end to go by; accepted with --batch=AMOUNT and COMMAND" },
	{ { "--confirm=exit", "cmd" },
	    "--confirm=exit: without a COMMAND for each batch there is no end to go by; accepted with --batch=AMOUNT and COMMAND" },
	{ { "--confirm=read", "--batch=5", "cmd" },
	    "--confirm=read: not with --batch, which goes by how COMMAND ends; accepted: exit" },
	{ { "--confirm=written", "--batch=5", "cmd" },
	    "--confirm=written: not with --batch, which goes by how COMMAND ends; accepted: exit" },
	{ { "--confirm=line", "--batch=5", "cmd" },
	    "--confirm=line: not with --batch, which goes by how COMMAND ends; accepted: exit" },
	{ { "--confirm=number", "--number", "--batch=5", "cmd" },
	    "--confirm=number: not with --batch, which goes by how COMMAND ends; accepted: exit" },
	{ { "--confirm=upto", "--number", "--batch=5", "cmd" },
	    "--confirm=upto: not with --batch, which goes by how COMMAND ends; accepted: exit" },
#ifndef __linux__
	{ { "--confirm=read", "cmd" },
	    "--confirm=read: this system does not tell what has been read; accepted: written, exit, line, number, upto" },
#endif
	{ { "--confirm=line", "-b", "cmd" },
	    "--confirm=line: not with --bytes, which has no records; accepted: written, read, exit, upto" },
	{ { "--confirm=number", "--number", "-b", "cmd" },
	    "--confirm=number: not with --bytes, which has no records; accepted: written, read, exit, upto" },
	{ { "--confirm=number", "cmd" },
	    "--confirm=number: the reader does not learn the numbers; accepted with --number" },
	{ { "--confirm=upto", "cmd" },
	    "--confirm=upto: the reader does not learn the numbers; accepted with --number, or with --bytes, where it counts "
	    "bytes" },
	{ { "--confirm=line" }, "--confirm=line: nobody answers; accepted with COMMAND or --answers=FILE" },
	{ { "--confirm=upto", "-b" }, "--confirm=upto: nobody answers; accepted with COMMAND or --answers=FILE" },
	{ { "--answers=f" }, "--answers=f: no answer is waited for; accepted with --confirm=line, number or upto" },
	{ { "--answers=f", "cmd" }, "--answers=f: no answer is waited for; accepted with --confirm=line, number or upto" },
	{ { "--answers=f", "--batch=5", "cmd" },
	    "--answers=f: no answer is waited for; accepted with --confirm=line, number or upto" },
	{ { "--confirm=line", "--answers=f", "--credits=f" },
	    "--credits=f: answers come from it; accepted: another FIFO or file" },
	{ { "--timeout=5" }, "--timeout=5: not with --confirm=written, which waits for nobody; accepted with --batch=AMOUNT, "
	    "--confirm=read, line, number or upto" },
	{ { "--timeout=5", "--confirm=written", "cmd" }, "--timeout=5: not with --confirm=written, which waits for nobody; "
	    "accepted with --batch=AMOUNT, --confirm=read, line, number or upto" },
	{ { "--window=5", "--batch=5", "cmd" }, "--window=5: not with --batch, whose --jobs says how much is in flight" },
	{ { "--window=5" }, "--window=5: not with --confirm=written, which has nothing in flight; accepted with --confirm=read, "
	    "line, number or upto" },
	{ { "--window=5KB", "--confirm=written", "cmd" }, "--window=5KB: not with --confirm=written, which has nothing in "
	    "flight; accepted with --confirm=read, line, number or upto" },
	{ { "--window=5", "--confirm=upto", "-b", "cmd" }, "--window=5: " BYTES },
#ifdef __linux__
	{ { "--window=1", "-b", "cmd" }, "--window=1: " BYTES },
	{ { "--window=2", "cmd" },
	    "--window=2: a number of records, and --confirm=read counts bytes; accepted: 1, or bytes such as 64KiB or 1MB" },
	{ { "--window=1025KiB", "cmd" }, "--window=1025KiB: larger than the buffer, in which it is held until it is confirmed; "
	    "accepted with a larger --buffer" },
#endif
	{ { "--window=5KB", "-m4K", "--confirm=line", "cmd" }, "--window=5KB: larger than the buffer, in which it is held until "
	    "it is confirmed; accepted with a larger --buffer" },
	{ { "--batch=5", "-b", "cmd" }, "--batch=5: " BYTES },
	{ { "--batch=5,1KB", "-b", "cmd" }, "--batch=5,1KB: " BYTES },
	{ { "--batch=4095B", "--fixed=4K", "cmd" },
	    "--batch=4095B: less than one record of --fixed; accepted: 4096 bytes or more" },
	{ { "--linger=1", "cmd" }, "--linger=1: " NO_BATCHES },
	{ { "--jobs=1", "cmd" }, "--jobs=1: " NO_BATCHES },
	{ { "--bisect", "--restart", "cmd" }, "--bisect: " NO_BATCHES },
	{ { "--bisect", "--batch=5KB", "-b", "cmd" }, "--bisect: not with --bytes, which has no records; use --fixed=SIZE to cut "
	    "the stream into records" },
	{ { "--restart", "--batch=5", "cmd" }, "--restart: not with --batch, where COMMAND is started for each; how often a batch "
	    "is tried is for --retry to say" },
	{ { "--retry=3" }, "--retry=3: " NOT_AGAIN },
	{ { "--retry=forever", "cmd" }, "--retry=forever: " NOT_AGAIN },
	{ { "--retry=3", "-b", "--restart", "cmd" },
	    "--retry=3: not with --bytes and --restart, where no record can be given up; accepted: forever" },
	{ { "--backoff=3", "cmd" }, "--backoff=3: " NOT_AGAIN },
	{ { "--stall=3", "--batch=5", "cmd" },
	    "--stall=3: not with --batch, whose COMMAND has a file to read; it is --timeout that bounds a batch" },
	{ { "--reader-gone=discard", "--batch=5", "cmd" },
	    "--reader-gone=discard: not with --batch, where a COMMAND that ends has not gone; accepted: end" },
	{ { "--reader-gone=discard", "--restart", "cmd" },
	    "--reader-gone=discard: not with --restart, which has the next one started; accepted: end" },
	{ { "--number", "-b" }, "--number: not where records have no delimiter, as with --fixed and --bytes" },
	{ { "--number=x", "--fixed=5" }, "--number=x: not where records have no delimiter, as with --fixed and --bytes" },
	{ { "--number", "--frame=pcap" },
	    "--number: not with --frame=pcap, whose records are packets; accepted: the other formats" },
	/* the buffer holds twice the batches */
	{ { "-m1M", "--batch=524289B", "cmd" }, "--buffer=1M: less than twice what --jobs=1 batches of 524289 bytes take; "
	    "accepted: 1048578 or more" },
	{ { "-m1M", "--batch=500,1MB", "-j4", "cmd" }, "--buffer=1M: less than twice what --jobs=4 batches of 1000000 bytes take; "
	    "accepted: 8000000 or more" },
#if SIZE_MAX > UINT32_MAX
	{ { "--batch=9TiB", "cmd" }, "--batch=9TiB: the buffer would be 19791209299968 bytes, twice what --jobs=1 batches take; "
	    "accepted: up to 8796093022208 bytes" },
	{ { "--batch=16TiB", "-j1024", "cmd" }, "--batch=16TiB: the buffer would be 36028797018963968 bytes, twice what "
	    "--jobs=1024 batches take; accepted: up to 8589934592 bytes" },
#endif
	/* what could go out in parts only */
	{ { "--fixed=2M", "--confirm=line", "cmd" }, "--fixed=2M: longer than --max-record, so --confirm=line would drop every "
	    "record; accepted: 1 byte up to 1048576 bytes, or a larger --max-record" },
};

static void
refuses(const struct refused *table, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct refused *row = &table[i];
		struct options o;
		char wanted[1024];
		enum options_result result = parse(row->arguments, &o);

		(void)snprintf(wanted, sizeof(wanted), "weir: %s\n", row->message);
		if (!ok(result == OPTIONS_USAGE && strcmp(message, wanted) == 0, "weir%s: refused", joined(row->arguments)))
			diag("result %d, message: %s", (int)result, message);
		options_free(&o);
	}
}

int
main(void)
{
	operands();
	posixly_correct();
	defaults();
	wants();
	accepts();
	texts();
	answers();
	refuses(values, LENGTH(values));
	refuses(company, LENGTH(company));
	return done_testing();
}
