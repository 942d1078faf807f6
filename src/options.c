/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In three steps, because the meaning of a rate depends on --bytes and limits depend on the buffer:
 * collect what is there, read each value in order, then hold them against each other.
 */
#include "config.h"

#include "options.h"
#include "diag.h"
#include "mark.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum id {
	ID_POLICY,
	ID_BUFFER,
	ID_MAX_RECORDS,
	ID_MAX_RECORD,
	ID_HIGH,
	ID_LOW,
	ID_SAMPLE,
	ID_RATE,
	ID_BURST,
	ID_LINES,
	ID_NULL,
	ID_DELIMITER,
	ID_FIXED,
	ID_BYTES,
	ID_QUIET,
	ID_FORMAT,
	ID_REPORT,
	ID_FAIL_ON_DROP,
	ID_DRAIN_TIMEOUT,
	ID_PIPE_SIZE,
	ID_NAME,
	ID_INTERVAL,
	ID_PROGRESS,
	ID_METRICS,
	ID_MARK_DROPS,
	ID_DROPPED,
	ID_DROPPED_REASON,
	ID_HELP,
	ID_VERSION,
};
#define IDS (ID_VERSION + 1)

struct row {
	const char *name;
	const char *letters;  /* short forms */
	const char *argument; /* its name in --help; NULL where the option takes none, in brackets where it
	                       * may be left out */
	const char *help;
	const char *accepts;  /* what an error says is accepted */
};

static const struct row rows[IDS] = {
	[ID_POLICY] = { "policy", "p", "POLICY",
	    "what gives way when the buffer is full: block, drop-oldest or drop-newest; sample:N and "
	    "rate:RATE are short for --sample=N and --rate=RATE with block (default block)",
	    "block, drop-oldest, drop-newest, sample:N, rate:RATE" },
	[ID_BUFFER] = { "buffer", "mB", "SIZE", "hold at most SIZE bytes (default 1M)",
	    sizeof(void *) > 4 ? "4K to 16T, such as 64K, 1.5M or 10MB"
	                       : "4K to 1G, such as 64K, 1.5M or 10MB" },
	[ID_MAX_RECORDS] = { "max-records", "", "N", "and at most N records",
	    "a whole number from 1 to 1099511627776" },
	[ID_MAX_RECORD] = { "max-record", "", "SIZE",
	    "longest record that a policy that drops will hold (default 1M or the buffer, the lesser)",
	    "1 byte up to the buffer's size, such as 64K" },
	[ID_HIGH] = { "high", "", "PCT", "block: stop reading at this fill (default 100%)",
	    "a percentage over 0% up to 100%, such as 80%" },
	[ID_LOW] = { "low", "", "PCT", "block: read again at this fill (default 50%)",
	    "a percentage from 0% up to --high, such as 20%" },
	[ID_SAMPLE] = { "sample", "s", "N", "let 1 record in N in, the first of every N; or P%",
	    "N or 1/N with N from 1 to 1125899906842624, or a percentage over 0% such as 12.5%" },
	[ID_RATE] = { "rate", "L", "RATE",
	    "let records out no faster than RATE: 100/s, 6000/min, 10MB/s; the rest waits",
	    "records such as 100/s, 10k/s, 6000/min, 5/h, or bytes such as 10MB/s, 64KiB/s" },
	[ID_BURST] = { "burst", "", "AMOUNT",
	    "how much may leave at once after a wait, in RATE's unit (default 1 ms's worth, at least 1)",
	    "a number in the rate's unit, at least 1, such as 10, or 64K with a rate in bytes" },
	[ID_LINES] = { "lines", "l", NULL, "records end in a newline (default)", NULL },
	[ID_NULL] = { "null", "0z", NULL, "records end in a NUL byte", NULL },
	[ID_DELIMITER] = { "delimiter", "d", "C", "records end in the byte C: \\n \\t \\0 \\xHH too",
	    "one byte, or one of \\n \\r \\t \\0 \\\\ \\xHH" },
	[ID_FIXED] = { "fixed", "", "SIZE", "records are SIZE bytes long; the last may be short",
	    "1 byte to 1T, such as 512 or 4K" },
	[ID_BYTES] = { "bytes", "b", NULL, "no records, a stream of bytes (block only)", NULL },
	[ID_QUIET] = { "quiet", "q", NULL, "no report at the end", NULL },
	[ID_FORMAT] = { "format", "", "text|json|journal",
	    "of reports (default text); journal: text with the priorities that systemd reads",
	    "text, json, journal" },
	[ID_REPORT] = { "report", "", "FILE", "reports go to FILE, not to standard error",
	    "the name of a file" },
	[ID_FAIL_ON_DROP] = { "fail-on-drop", "", NULL,
	    "exit 3 when anything was dropped (what --sample leaves out does not count)", NULL },
	[ID_DRAIN_TIMEOUT] = { "drain-timeout", "", "TIME",
	    "after INT, TERM or HUP, deliver what is held for at most TIME (default 2s)",
	    "0 to 366d, such as 250ms, 5s or 1.5m" },
	[ID_PIPE_SIZE] = { "pipe-size", "", "SIZE|keep",
	    "capacity to ask for, of pipes at either end (default 256K or the buffer, the lesser; 1M "
	    "with --bytes; the output's only with block)",
	    "keep, or 4K to 1G, such as 1M" },
	[ID_NAME] = { "name", "N", "NAME", "name this weir in reports and messages",
	    "1 to 64 printable ASCII characters" },
	[ID_INTERVAL] = { "interval", "i", "TIME",
	    "a report every TIME; -v and --metrics are renewed as often (default 1s)",
	    "10ms to 366d, such as 500ms, 5s or 1m" },
	[ID_PROGRESS] = { "progress", "v", NULL, "a live line on the terminal, instead of reports there", NULL },
	[ID_METRICS] = { "metrics", "", "FILE", "replace FILE by the figures for Prometheus, every interval",
	    "the name of a file" },
	[ID_MARK_DROPS] = { "mark-drops", "", "[TEMPLATE]",
	    "where records are missing, a record says so (what --sample leaves out is not missing)",
	    "text without the records' delimiter, with placeholders such as {records}, {bytes}, {time}; see "
	    "weir(1)" },
	[ID_DROPPED] = { "dropped", "", "FILE", "append the dropped records to FILE", "the name of a file" },
	[ID_DROPPED_REASON] = { "dropped-reason", "", NULL, "with the reason and a tab before each", NULL },
	[ID_HELP] = { "help", "h", NULL, "print this help", NULL },
	[ID_VERSION] = { "version", "V", NULL, "print the version", NULL },
};

/* Values that no char has, so that getopt_long can tell long options by their id. */
#define LONG_BASE (UCHAR_MAX + 1)

/* One option as it stands on the command line.  prefix + value is how an error shows it. */
struct given {
	enum id id;
	const char *prefix; /* "--rate=", or "--policy=rate:" */
	const char *value;
};

/* --- messages ----------------------------------------------------------------------------------- */

static const char *
prefix_of(enum id id)
{
	static char prefix[32];

	(void)snprintf(prefix, sizeof(prefix), "--%s%s", rows[id].name,
	    rows[id].argument != NULL ? "=" : "");
	return prefix;
}

static bool
may_lack_value(enum id id)
{
	return rows[id].argument != NULL && rows[id].argument[0] == '[';
}

static bool
bad_value(const struct given *given, const char *why)
{
	const char *prefix = given->prefix != NULL ? given->prefix : prefix_of(given->id);

	diag_error("%s%s: %s; accepted: %s", prefix, diag_visible(given->value), why,
	    rows[given->id].accepts);
	return false;
}

static enum options_result
print_help(void)
{
	const int column = 28;
	const int width = 79;

	printf("Usage: weir [OPTION]...\n"
	       "Copy records from standard input to standard output through a bounded buffer.\n\n");
	for (int id = 0; id < IDS; id++) {
		const struct row *row = &rows[id];
		int at = printf("  ");

		for (const char *letter = row->letters; *letter != '\0'; letter++)
			at += printf("-%c, ", *letter);
		if (may_lack_value((enum id)id))
			at += printf("--%s[=%s", row->name, row->argument + 1);
		else
			at += printf("--%s%s%s", row->name, row->argument != NULL ? "=" : "",
			    row->argument != NULL ? row->argument : "");
		if (at > column - 2)
			at = printf("\n") - 1;
		for (const char *word = row->help; *word != '\0';) {
			int length = (int)strcspn(word, " ");

			if (at < column)
				at += printf("%*s", column - at, "");
			else if (at + 1 + length > width)
				at = printf("\n%*s", column, "") - 1;
			else
				at += printf(" ");
			at += printf("%.*s", length, word);
			word += length;
			word += strspn(word, " ");
		}
		printf("\n");
	}
	printf("\nSIZE: 64K, 1.5M (powers of 1024), 10MB (powers of 1000).  RATE: 100/s, 10k/s, 6000/min,\n"
	       "5/h count records; 10MB/s, 64KiB/s bytes.  TIME: 250ms, 5s, 1.5m, 2h.  PCT: 80%%.\n"
	       "USR1 asks for a report at any time.  See weir(1).\n");
	return fflush(stdout) == 0 && !ferror(stdout) ? OPTIONS_DONE : OPTIONS_ERROR;
}

static enum options_result
print_version(void)
{
	printf("weir %s\n", PACKAGE_VERSION);
	return fflush(stdout) == 0 && !ferror(stdout) ? OPTIONS_DONE : OPTIONS_ERROR;
}

/* --- collecting --------------------------------------------------------------------------------- */

static void
make_getopt_tables(char *letters, struct option *long_options)
{
	*letters++ = ':'; /* a missing argument is told apart */
	for (int id = 0; id < IDS; id++) {
		bool takes = rows[id].argument != NULL;

		for (const char *letter = rows[id].letters; *letter != '\0'; letter++) {
			*letters++ = *letter;
			if (takes)
				*letters++ = ':';
		}
		long_options[id] = (struct option){
			.name = rows[id].name,
			.has_arg = may_lack_value((enum id)id) ? optional_argument
			    : takes ? required_argument : no_argument,
			.val = LONG_BASE + id,
		};
	}
	*letters = '\0';
	long_options[IDS] = (struct option){ 0 };
}

static enum id
id_of(int code)
{
	if (code >= LONG_BASE)
		return (enum id)(code - LONG_BASE);
	for (int id = 0; id < IDS; id++)
		if (strchr(rows[id].letters, code) != NULL)
			return (enum id)id;
	abort(); /* getopt_long only answers what the tables hold */
}

static enum options_result
bad_option(int code, const char *argument)
{
	static const char hint[] = "'weir --help' lists what is accepted";

	if (optopt >= LONG_BASE && code != ':') {
		diag_error("--%s takes no value, but %s gives one; %s", rows[optopt - LONG_BASE].name,
		    diag_visible(argument), hint);
	} else if (code == ':') {
		enum id id = id_of(optopt);
		diag_error("--%s needs a value; accepted: %s", rows[id].name, rows[id].accepts);
	} else if (optopt != 0) {
		char letter[2] = { (char)optopt, '\0' };
		diag_error("-%s: no such option; %s", diag_visible(letter), hint);
	} else {
		diag_error("%s: no such option, or short for several; %s", diag_visible(argument), hint);
	}
	return OPTIONS_USAGE;
}

/* How many options there are at most: one an argument, or one for each letter of several together. */
static size_t
most_options(int argc, char *argv[])
{
	size_t most = 0;

	for (int i = 1; i < argc; i++)
		most += argv[i][0] == '-' && argv[i][1] != '-' ? strlen(argv[i]) : 1;
	return most;
}

/* Every option in its order into given[] (most_options elements are enough). */
static enum options_result
collect(int argc, char *argv[], struct given *given, int *count)
{
	char letters[3 * IDS + 2];
	struct option long_options[IDS + 1];
	int code;

	make_getopt_tables(letters, long_options);
	opterr = 0;
	optind = 1;
	while ((code = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		if (code == '?' || code == ':')
			return bad_option(code, argv[optind - 1]);
		given[*count] = (struct given){ id_of(code), NULL, optarg };
		if (given[*count].id == ID_HELP)
			return print_help();
		if (given[*count].id == ID_VERSION)
			return print_version();
		++*count;
	}
	if (optind < argc) {
		diag_error("%s: weir takes no operands; it reads standard input and writes standard output",
		    diag_visible(argv[optind]));
		return OPTIONS_USAGE;
	}
	return OPTIONS_RUN;
}

/* --- reading values ------------------------------------------------------------------------------ */

/* What is kept until the limits it depends on are known. */
struct draft {
	struct options *options;
	bool bytes;
	uint32_t high_milli;
	uint32_t low_milli;
	bool is_given[IDS];
	struct given last[IDS]; /* of each that is given */
};

static bool
read_delimiter(const char *text, unsigned char *byte)
{
	static const char plain[] = "nrt0\\";
	static const char meant[] = "\n\r\t\0\\";
	const char *known;
	unsigned value = 0;

	if (text[0] != '\0' && text[1] == '\0') {
		*byte = (unsigned char)text[0];
		return true;
	}
	if (text[0] != '\\' || text[1] == '\0')
		return false;
	if (text[2] == '\0' && (known = strchr(plain, text[1])) != NULL) {
		*byte = (unsigned char)meant[known - plain];
		return true;
	}
	if (text[1] != 'x' || strlen(text) != 4 || strspn(text + 2, "0123456789abcdefABCDEF") != 2)
		return false;
	(void)sscanf(text + 2, "%2x", &value);
	*byte = (unsigned char)value;
	return true;
}

static bool read_value(struct draft *draft, const struct given *given);

/* sample:N and rate:RATE stand for two options each. */
static bool
read_policy(struct draft *draft, const struct given *given)
{
	static const struct {
		const char *name;
		const char *prefix;
		enum id id;
	} shorts[] = {
		{ "sample:", "--policy=sample:", ID_SAMPLE },
		{ "rate:", "--policy=rate:", ID_RATE },
	};

	for (size_t i = 0; i < sizeof(shorts) / sizeof(shorts[0]); i++) {
		size_t length = strlen(shorts[i].name);
		if (strncmp(given->value, shorts[i].name, length) == 0) {
			struct given meant = { shorts[i].id, shorts[i].prefix, given->value + length };
			draft->options->policy = POLICY_BLOCK;
			return read_value(draft, &meant);
		}
	}
	if (!policy_find(given->value, &draft->options->policy))
		return bad_value(given, "no such policy");
	return true;
}

static bool
read_name(struct draft *draft, const struct given *given)
{
	size_t length = strlen(given->value);

	if (length == 0 || length > OPTIONS_NAME_MOST)
		return bad_value(given, length == 0 ? "empty" : "too long");
	for (size_t i = 0; i < length; i++)
		if (given->value[i] < 0x20 || given->value[i] > 0x7e)
			return bad_value(given, "not printable ASCII");
	draft->options->name = given->value;
	return true;
}

/* A size from least to most bytes. */
static bool
read_size(const struct given *given, uint64_t least, uint64_t most, uint64_t *bytes)
{
	const char *error = units_size(given->value, bytes);

	if (error != NULL)
		return bad_value(given, error);
	if (*bytes < least || *bytes > most)
		return bad_value(given, *bytes < least ? "too small" : "too large");
	return true;
}

static bool
read_percent(const struct given *given, uint32_t least, uint32_t *milli)
{
	const char *error = units_percent(given->value, milli);

	if (error == NULL && *milli < least)
		error = "zero has no meaning here";
	return error == NULL ? true : bad_value(given, error);
}

static bool
read_records(const struct given *given, uint64_t *count)
{
	const char *error = units_count(given->value, count);

	if (error == NULL && *count > UINT64_C(1) << 40)
		error = "too large";
	return error == NULL ? true : bad_value(given, error);
}

static bool
read_rate(struct draft *draft, const struct given *given)
{
	const char *error = units_rate(given->value, draft->bytes, &draft->options->rate);

	draft->options->rated = true;
	return error == NULL ? true : bad_value(given, error);
}

static bool
read_framing(struct framing *framing, const struct given *given)
{
	static const enum framing_kind kinds[IDS] = {
		[ID_LINES] = FRAMING_LINES,
		[ID_NULL] = FRAMING_NULL,
		[ID_DELIMITER] = FRAMING_DELIMITER,
		[ID_FIXED] = FRAMING_FIXED,
		[ID_BYTES] = FRAMING_BYTES,
	};

	*framing = (struct framing){ .kind = kinds[given->id], .delimiter = '\0' };
	if (given->id == ID_LINES)
		framing->delimiter = '\n';
	if (given->id == ID_FIXED)
		return read_size(given, 1, UINT64_C(1) << 40, &framing->size);
	if (given->id == ID_DELIMITER && !read_delimiter(given->value, &framing->delimiter))
		return bad_value(given, "not one byte");
	return true;
}

static bool
read_format(struct options *options, const struct given *given)
{
	static const char *const formats[] = {
		[FORMAT_TEXT] = "text",
		[FORMAT_JSON] = "json",
		[FORMAT_JOURNAL] = "journal",
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(given->value, formats[i]) == 0) {
			options->format = (enum report_format)i;
			return true;
		}
	}
	return bad_value(given, "no such format");
}

static bool
read_path(struct options *options, const struct given *given)
{
	const char **path = given->id == ID_REPORT ? &options->report_path
	    : given->id == ID_METRICS ? &options->metrics_path : &options->dropped_path;

	*path = given->value;
	return *given->value != '\0' ? true : bad_value(given, "empty");
}

static bool
read_share(const struct given *given, struct share *share)
{
	const char *error = units_share(given->value, share);

	return error == NULL ? true : bad_value(given, error);
}

static bool
read_time(const struct given *given, uint64_t *ns)
{
	const char *error = units_time(given->value, ns);

	return error == NULL ? true : bad_value(given, error);
}

static bool
read_interval(struct options *options, const struct given *given)
{
	options->reporting = true;
	if (!read_time(given, &options->interval_ns))
		return false;
	return options->interval_ns >= OPTIONS_INTERVAL_LEAST_NS ? true : bad_value(given, "too small");
}

static bool
read_pipe_size(struct draft *draft, const struct given *given)
{
	if (strcmp(given->value, "keep") == 0) {
		draft->options->pipe_bytes = PIPE_BYTES_KEEP;
		return true;
	}
	return read_size(given, 4096, UINT64_C(1) << 30, &draft->options->pipe_bytes);
}

/* An option that is given or not. */
static void
set_flag(struct options *options, enum id id)
{
	options->quiet |= id == ID_QUIET;
	options->fail_on_drop |= id == ID_FAIL_ON_DROP;
	options->progress |= id == ID_PROGRESS;
	options->dropped_reason |= id == ID_DROPPED_REASON;
}

static bool
read_value(struct draft *draft, const struct given *given)
{
	struct options *options = draft->options;

	draft->is_given[given->id] = true;
	draft->last[given->id] = *given;
	switch (given->id) {
	case ID_POLICY:
		return read_policy(draft, given);
	case ID_BUFFER:
		return read_size(given, OPTIONS_BUFFER_LEAST, OPTIONS_BUFFER_MOST, &options->buffer_bytes);
	case ID_MAX_RECORDS:
		return read_records(given, &options->max_records);
	case ID_MAX_RECORD:
		return read_size(given, 1, UNITS_SIZE_MAX, &options->max_record_bytes);
	case ID_HIGH:
		return read_percent(given, 1, &draft->high_milli);
	case ID_LOW:
		return read_percent(given, 0, &draft->low_milli);
	case ID_SAMPLE:
		return read_share(given, &options->sample);
	case ID_RATE:
		return read_rate(draft, given);
	case ID_LINES:
	case ID_NULL:
	case ID_DELIMITER:
	case ID_FIXED:
	case ID_BYTES:
		return read_framing(&options->framing, given);
	case ID_FORMAT:
		return read_format(options, given);
	case ID_REPORT:
	case ID_METRICS:
	case ID_DROPPED:
		return read_path(options, given);
	case ID_DRAIN_TIMEOUT:
		return read_time(given, &options->drain_timeout_ns);
	case ID_PIPE_SIZE:
		return read_pipe_size(draft, given);
	case ID_NAME:
		return read_name(draft, given);
	case ID_INTERVAL:
		return read_interval(options, given);
	case ID_MARK_DROPS:
		options->mark_template = given->value != NULL ? given->value : MARK_DEFAULT;
		break; /* not read before the delimiter is known */
	case ID_QUIET:
	case ID_FAIL_ON_DROP:
	case ID_PROGRESS:
	case ID_DROPPED_REASON:
		set_flag(options, given->id);
		break;
	case ID_BURST:   /* in the unit of a rate that is not known yet */
	case ID_HELP:    /* printed when collected */
	case ID_VERSION:
		break;
	}
	return true;
}

/* --- holding them against each other -------------------------------------------------------------- */

static bool
check_bytes(const struct draft *draft)
{
	static const enum id refused[] = { ID_SAMPLE, ID_MAX_RECORDS };
	static const char why[] = "not with --bytes, which has no records; use --fixed=SIZE to cut the "
	    "stream into records";

	if (draft->options->framing.kind != FRAMING_BYTES)
		return true;
	if (policy_drops(draft->options->policy)) {
		diag_error("--policy=%s: %s", policy_name(draft->options->policy), why);
		return false;
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		const struct given *given = &draft->last[refused[i]];
		if (draft->is_given[refused[i]]) {
			diag_error("%s%s: %s", given->prefix != NULL ? given->prefix : prefix_of(given->id),
			    diag_visible(given->value), why);
			return false;
		}
	}
	return true;
}

static bool
check_max_record(const struct draft *draft)
{
	struct options *options = draft->options;

	if (!draft->is_given[ID_MAX_RECORD])
		options->max_record_bytes = options->buffer_bytes < UINT64_C(1) << 20
		    ? options->buffer_bytes : UINT64_C(1) << 20;
	if (options->max_record_bytes > options->buffer_bytes)
		return bad_value(&draft->last[ID_MAX_RECORD], "larger than the buffer");
	if (policy_drops(options->policy) && options->framing.kind == FRAMING_FIXED &&
	    options->framing.size > options->max_record_bytes) {
		diag_error("--fixed=%s: longer than --max-record, so --policy=%s would drop every record; "
		    "accepted: 1 byte up to %llu bytes, or a larger --max-record",
		    diag_visible(draft->last[ID_FIXED].value), policy_name(options->policy),
		    (unsigned long long)options->max_record_bytes);
		return false;
	}
	return true;
}

static bool
check_watermarks(struct draft *draft)
{
	struct options *options = draft->options;
	static const enum id marks[] = { ID_HIGH, ID_LOW };
	const uint64_t whole = UINT64_C(100) * UNITS_MILLI;

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (draft->is_given[marks[i]] && policy_drops(options->policy)) {
			diag_error("--%s=%s: not with --policy=%s, which never stops reading; accepted with "
			    "--policy=block", rows[marks[i]].name, diag_visible(draft->last[marks[i]].value),
			    policy_name(options->policy));
			return false;
		}
	}
	if (!draft->is_given[ID_LOW] && draft->low_milli > draft->high_milli)
		draft->low_milli = draft->high_milli;
	if (draft->low_milli > draft->high_milli)
		return bad_value(&draft->last[ID_LOW], "over --high");
	/* Split, so that no product overflows: the buffer is up to 2^44 bytes, milli up to 10^5. */
	options->high_bytes = options->buffer_bytes / whole * draft->high_milli +
	    options->buffer_bytes % whole * draft->high_milli / whole;
	options->low_bytes = options->buffer_bytes / whole * draft->low_milli +
	    options->buffer_bytes % whole * draft->low_milli / whole;
	if (options->high_bytes == 0)
		options->high_bytes = 1;
	options->high_records = options->low_records = UINT64_MAX;
	if (options->max_records != UINT64_MAX) {
		options->high_records = (options->max_records * draft->high_milli + whole - 1) / whole;
		options->low_records = options->max_records * draft->low_milli / whole;
	}
	return true;
}

static bool
check_burst(const struct draft *draft)
{
	const struct given *given = &draft->last[ID_BURST];
	const char *error;

	if (!draft->is_given[ID_BURST])
		return true;
	if (!draft->options->rated) {
		diag_error("--burst=%s: without a rate there is nothing to burst; accepted with --rate=RATE",
		    diag_visible(given->value));
		return false;
	}
	error = units_amount(given->value, draft->options->rate.bytes, &draft->options->burst);
	return error == NULL ? true : bad_value(given, error);
}

static bool
check_marks(const struct draft *draft)
{
	const struct options *options = draft->options;
	const struct mark_style style = { options->mark_template, options->name, options->framing.delimiter };
	const char *error = NULL;

	if (!draft->is_given[ID_MARK_DROPS])
		return true;
	if (!framing_delimited(&options->framing))
		error = "not where records have no delimiter, as with --fixed and --bytes";
	else
		error = mark_check(&style);
	if (error == NULL)
		return true;
	diag_error("--mark-drops%s%s: %s; accepted: %s", draft->last[ID_MARK_DROPS].value != NULL ? "=" : "",
	    draft->last[ID_MARK_DROPS].value != NULL ? diag_visible(options->mark_template) : "", error,
	    rows[ID_MARK_DROPS].accepts);
	return false;
}

static bool
check_dropped(const struct draft *draft)
{
	if (!draft->is_given[ID_DROPPED_REASON] || draft->is_given[ID_DROPPED])
		return true;
	diag_error("--dropped-reason: without a file there is nothing to write it to; accepted with "
	    "--dropped=FILE");
	return false;
}

enum options_result
options_parse(int argc, char *argv[], struct options *options)
{
	struct draft draft = { .options = options };
	struct given *given = calloc(most_options(argc, argv) + 1, sizeof(*given));
	enum options_result result;
	int count = 0;

	if (given == NULL)
		return OPTIONS_ERROR;
	*options = (struct options){
		.policy = POLICY_BLOCK,
		.framing = { FRAMING_LINES, '\n', 0 },
		.buffer_bytes = UINT64_C(1) << 20,
		.max_records = UINT64_MAX,
		.sample = { 1, 1 },
		.drain_timeout_ns = 2 * NS_PER_S,
		.interval_ns = NS_PER_S,
		.name = "weir",
	};
	draft.high_milli = 100 * UNITS_MILLI;
	draft.low_milli = 50 * UNITS_MILLI;
	result = collect(argc, argv, given, &count);
	for (int i = 0; i < count; i++)
		if (given[i].id >= ID_LINES && given[i].id <= ID_BYTES)
			draft.bytes = given[i].id == ID_BYTES;
	for (int i = 0; i < count && result == OPTIONS_RUN; i++)
		if (!read_value(&draft, &given[i]))
			result = OPTIONS_USAGE;
	free(given);
	if (result == OPTIONS_RUN &&
	    (!check_bytes(&draft) || !check_max_record(&draft) || !check_watermarks(&draft) ||
	     !check_burst(&draft) || !check_marks(&draft) || !check_dropped(&draft)))
		result = OPTIONS_USAGE;
	return result;
}
