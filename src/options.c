/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In three steps, because the meaning of a rate depends on --bytes and limits depend on the buffer:
 * collect what is there, read each value in order, then hold them against each other.
 */
#include "config.h"

#include "options.h"
#include "codel.h"
#include "compat.h"
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
	ID_MAX_AGE,
	ID_KEEP,
	ID_KEY,
	ID_SEPARATOR,
	ID_SAMPLE,
	ID_SAMPLE_BY,
	ID_SEED,
	ID_DROP_OVER,
	ID_RATE,
	ID_BURST,
	ID_RATE_BY,
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
	ID_TOP_KEYS,
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
	    "what gives way when the buffer is full: block, drop-oldest, drop-newest, drop-random, latest "
	    "(of each key), shed:N (1 in N comes in under pressure), codel[:TARGET[/INTERVAL]] (by the time "
	    "that records wait), fail; sample:N and rate:RATE are short for --sample=N and --rate=RATE with "
	    "block (default block)",
	    "block, drop-oldest, drop-newest, drop-random, latest, shed:N, codel, codel:TARGET, "
	    "codel:TARGET/INTERVAL, fail, sample:N, rate:RATE" },
	[ID_BUFFER] = { "buffer", "mB", "SIZE", "hold at most SIZE bytes (default 1M)",
	    sizeof(void *) > 4 ? "4K to 16T, such as 64K, 1.5M or 10MB"
	                       : "4K to 1G, such as 64K, 1.5M or 10MB" },
	[ID_MAX_RECORDS] = { "max-records", "", "N", "and at most N records",
	    "a whole number from 1 to 1099511627776" },
	[ID_MAX_RECORD] = { "max-record", "", "SIZE",
	    "longest record that a policy that drops will hold (default 1M or the buffer, the lesser)",
	    "1 byte up to the buffer's size, such as 64K" },
	[ID_HIGH] = { "high", "", "PCT", "block: stop reading at this fill; shed: there the pressure begins (default 100%)",
	    "a percentage over 0% up to 100%, such as 80%" },
	[ID_LOW] = { "low", "", "PCT", "block: read again at this fill; shed: there it ends (default 50%)",
	    "a percentage from 0% up to --high, such as 20%" },
	[ID_MAX_AGE] = { "max-age", "", "TIME", "drop what has waited for longer than TIME",
	    "a time over 0 up to 366d, such as 250ms, 5s or 1.5m" },
	[ID_KEEP] = { "keep", "", "REGEX",
	    "drop records that match last; may be given again, the first is the most precious",
	    "up to 16 regular expressions of Perl's kind, such as 'ERROR|FATAL'" },
	[ID_KEY] = { "key", "k", "KEY", "a record's key: the number of a field, or /REGEX/, its first group",
	    "the number of a field from 1, or /REGEX/, such as 2 or '/user=([a-z]+)/'" },
	[ID_SEPARATOR] = { "field-separator", "t", "C", "fields end in the byte C (default: blanks, as in awk)",
	    "one byte, or one of \\n \\r \\t \\0 \\\\ \\xHH" },
	[ID_SAMPLE] = { "sample", "s", "N", "let 1 record in N in, the first of every N; or P%",
	    "N or 1/N with N from 1 to 1125899906842624, or a percentage over 0% such as 12.5%" },
	[ID_SAMPLE_BY] = { "sample-by", "", "count|random|key",
	    "which: the first of every N (default), each with a chance of 1 in N, or by key, 1 key in N",
	    "count, random, key" },
	[ID_SEED] = { "seed", "", "N", "make chance repeat itself; by key, choose another sample (default 0)",
	    "a whole number from 0 to 9223372036854775807" },
	[ID_DROP_OVER] = { "drop-over", "", "RATE", "drop what comes in faster than RATE",
	    "records such as 100/s, 10k/s, 6000/min, 5/h, or bytes such as 10MB/s, 64KiB/s" },
	[ID_RATE] = { "rate", "L", "RATE",
	    "let records out no faster than RATE: 100/s, 6000/min, 10MB/s; the rest waits",
	    "records such as 100/s, 10k/s, 6000/min, 5/h, or bytes such as 10MB/s, 64KiB/s" },
	[ID_BURST] = { "burst", "", "AMOUNT",
	    "how much may leave at once after a wait, in RATE's unit (default 1 ms's worth, at least 1); or "
	    "come in, with --drop-over alone (1 s's worth)",
	    "a number in the rate's unit, at least 1, such as 10, or 64K with a rate in bytes" },
	[ID_RATE_BY] = { "rate-by", "", "key", "hold --rate and --drop-over for each key", "key" },
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
	[ID_TOP_KEYS] = { "top-keys", "", "N", "report the N keys that lost most, at the end",
	    "a whole number from 1 to 100" },
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
	unsigned char separator;
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

/* TARGET, or TARGET/INTERVAL; as in the default, an interval is ten times the target where it is not given. */
static bool
read_codel(struct options *options, const struct given *given)
{
	const char *slash = strchr(given->value, '/');
	char target[32];
	struct given part = *given;

	if (slash != NULL && (size_t)(slash - given->value) >= sizeof(target))
		return bad_value(given, "not a time");
	(void)snprintf(target, sizeof(target), "%.*s", (int)strcspn(given->value, "/"), given->value);
	if (slash == NULL && strlen(given->value) >= sizeof(target))
		return bad_value(given, "not a time");
	part.value = target;
	if (!read_time(&part, &options->codel_target_ns))
		return false;
	options->codel_interval_ns = CODEL_INTERVAL_NS / CODEL_TARGET_NS * options->codel_target_ns;
	part.value = slash != NULL ? slash + 1 : NULL;
	if (slash != NULL && !read_time(&part, &options->codel_interval_ns))
		return false;
	if (options->codel_target_ns == 0 || options->codel_interval_ns == 0)
		return bad_value(given, "zero has no meaning here");
	return true;
}

/* With a value of their own: sample:N and rate:RATE stand for two options each. */
static bool
read_policy(struct draft *draft, const struct given *given)
{
	static const struct {
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
			return read_value(draft, &meant);
		return shorts[i].policy == POLICY_SHED ? read_share(&meant, &options->shed)
		    : read_codel(options, &meant);
	}
	options->codel_target_ns = CODEL_TARGET_NS;
	options->codel_interval_ns = CODEL_INTERVAL_NS;
	if (!policy_find(given->value, &options->policy))
		return bad_value(given, "no such policy");
	return options->policy != POLICY_SHED ? true : bad_value(given, "1 in how many?");
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
	struct options *options = draft->options;
	bool shaping = given->id == ID_RATE;
	const char *error = units_rate(given->value, draft->bytes, shaping ? &options->rate : &options->police);

	options->rated |= shaping;
	options->policing |= !shaping;
	return error == NULL ? true : bad_value(given, error);
}

static bool
read_max_age(struct options *options, const struct given *given)
{
	if (!read_time(given, &options->max_age_ns))
		return false;
	return options->max_age_ns > 0 ? true : bad_value(given, "zero has no meaning here");
}

/* A whole number in decimal from least to most. */
static bool
read_number(const struct given *given, long long least, long long most, long long *number)
{
	const char *error;

	if (strspn(given->value, "0123456789") != strlen(given->value))
		return bad_value(given, "not a whole number");
	*number = strtonum(given->value, least, most, &error);
	return error == NULL ? true : bad_value(given, error);
}

static bool
read_keep(struct options *options, const struct given *given)
{
	char error[PATTERN_ERROR_MOST];

	if (options->keep == NULL && (options->keep = keep_new()) == NULL)
		return bad_value(given, strerror(errno));
	return keep_add(options->keep, given->value, error) ? true : bad_value(given, error);
}

static bool
read_key(struct options *options, const struct given *given)
{
	char room[PATTERN_ERROR_MOST];
	const char *error;

	key_clear(&options->key);
	error = key_parse(&options->key, given->value, room);
	return error == NULL ? true : bad_value(given, error);
}

static const char *const sample_ways[] = {
	[SAMPLE_BY_COUNT] = "count",
	[SAMPLE_BY_RANDOM] = "random",
	[SAMPLE_BY_KEY] = "key",
};

static bool
read_sample_by(struct options *options, const struct given *given)
{
	for (size_t i = 0; i < sizeof(sample_ways) / sizeof(sample_ways[0]); i++) {
		if (strcmp(given->value, sample_ways[i]) == 0) {
			options->sample_by = (enum sample_by)i;
			return true;
		}
	}
	return bad_value(given, "no such way");
}

static bool
read_number_into(struct options *options, const struct given *given)
{
	long long number = 0;

	if (!read_number(given, given->id == ID_TOP_KEYS, given->id == ID_TOP_KEYS ? 100 : INT64_MAX, &number))
		return false;
	if (given->id == ID_TOP_KEYS) {
		options->top_keys = (unsigned)number;
		return true;
	}
	options->seeded = true;
	options->seed = (uint64_t)number;
	return true;
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
	case ID_DROP_OVER:
		return read_rate(draft, given);
	case ID_MAX_AGE:
		return read_max_age(options, given);
	case ID_KEEP:
		return read_keep(options, given);
	case ID_KEY:
		return read_key(options, given);
	case ID_SEPARATOR:
		return read_delimiter(given->value, &draft->separator) ? true : bad_value(given, "not one byte");
	case ID_SAMPLE_BY:
		return read_sample_by(options, given);
	case ID_SEED:
	case ID_TOP_KEYS:
		return read_number_into(options, given);
	case ID_RATE_BY:
		options->rate_by_key = true;
		return strcmp(given->value, "key") == 0 ? true : bad_value(given, "no such way");
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
	static const enum id refused[] = { ID_SAMPLE, ID_MAX_RECORDS, ID_MAX_AGE, ID_KEEP, ID_KEY, ID_DROP_OVER };
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
		if (draft->is_given[marks[i]] && policy_drops(options->policy) && options->policy != POLICY_SHED) {
			diag_error("--%s=%s: not with --policy=%s, which never stops reading; accepted with "
			    "--policy=block or shed:N", rows[marks[i]].name, diag_visible(draft->last[marks[i]].value),
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

/* What --drop-over lets in at once: a log's burst is not an offence. */
static uint64_t
second_of(const struct rate *rate)
{
	uint64_t amount = rate->period_ns <= NS_PER_S ? NS_PER_S / rate->period_ns * rate->amount
	    : rate->amount / (rate->period_ns / NS_PER_S); /* no rate is over UNITS_AMOUNT_MAX a second */

	return amount > 0 ? amount : 1;
}

static bool
check_burst(const struct draft *draft)
{
	struct options *options = draft->options;
	const struct given *given = &draft->last[ID_BURST];
	const char *error;

	if (options->policing)
		options->police_burst = second_of(&options->police);
	if (!draft->is_given[ID_BURST])
		return true;
	if (!options->rated && !options->policing) {
		diag_error("--burst=%s: without a rate there is nothing to burst; accepted with --rate=RATE or "
		    "--drop-over=RATE", diag_visible(given->value));
		return false;
	}
	error = options->rated ? units_amount(given->value, options->rate.bytes, &options->burst)
	    : units_amount(given->value, options->police.bytes, &options->police_burst);
	return error == NULL ? true : bad_value(given, error);
}

/* Options that only mean something beside others. */
static bool
check_company(const struct draft *draft)
{
	const struct options *o = draft->options;
	const bool sampling = draft->is_given[ID_SAMPLE];
	const bool by_key = sampling && o->sample_by == SAMPLE_BY_KEY;
	const bool dropping = policy_drops(o->policy) || o->policing || o->max_age_ns != 0;
	const struct {
		enum id id;
		bool good;
		const char *why;
	} rules[] = {
		{ ID_SAMPLE_BY, sampling, "without --sample nothing is chosen; accepted with --sample=N" },
		{ ID_SAMPLE_BY, !by_key || draft->is_given[ID_KEY], "which key? accepted with --key=KEY" },
		{ ID_RATE_BY, o->rated || o->policing, "without a rate; accepted with --rate=RATE or "
		    "--drop-over=RATE" },
		{ ID_RATE_BY, draft->is_given[ID_KEY], "which key? accepted with --key=KEY" },
		{ ID_POLICY, o->policy != POLICY_LATEST || draft->is_given[ID_KEY],
		    "the latest of which key? accepted with --key=KEY" },
		{ ID_TOP_KEYS, draft->is_given[ID_KEY], "which key? accepted with --key=KEY" },
		{ ID_TOP_KEYS, dropping, "nothing is dropped; accepted with a policy that drops, --drop-over or "
		    "--max-age" },
		{ ID_KEY, by_key || o->rate_by_key || o->policy == POLICY_LATEST || o->top_keys > 0,
		    "nothing uses it; accepted with --sample-by=key, --rate-by=key, --policy=latest or --top-keys" },
		{ ID_SEPARATOR, o->key.field > 0, "without fields; accepted with --key=N" },
		{ ID_SEED, (sampling && o->sample_by != SAMPLE_BY_COUNT) || o->policy == POLICY_DROP_RANDOM,
		    "nothing is left to chance; accepted with --sample-by=random, --sample-by=key or "
		    "--policy=drop-random" },
		{ ID_KEEP, (policy_drops(o->policy) && o->policy != POLICY_FAIL) || sampling || o->policing,
		    "nothing gives way that could be kept; accepted with a policy that drops, --sample or "
		    "--drop-over" },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct given *given = &draft->last[rules[i].id];
		if (draft->is_given[rules[i].id] && !rules[i].good) {
			diag_error("%s%s: %s", given->prefix != NULL ? given->prefix : prefix_of(given->id),
			    diag_visible(given->value), rules[i].why);
			return false;
		}
	}
	return true;
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
		.shed = { 1, 1 },
		.codel_target_ns = CODEL_TARGET_NS,
		.codel_interval_ns = CODEL_INTERVAL_NS,
		.key = { .separator = KEY_BLANKS },
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
	if (draft.is_given[ID_SEPARATOR])
		options->key.separator = draft.separator;
	if (result == OPTIONS_RUN &&
	    (!check_bytes(&draft) || !check_max_record(&draft) || !check_watermarks(&draft) ||
	     !check_burst(&draft) || !check_company(&draft) || !check_marks(&draft) || !check_dropped(&draft)))
		result = OPTIONS_USAGE;
	return result;
}

void
options_free(struct options *options)
{
	keep_free(options->keep);
	options->keep = NULL;
	key_clear(&options->key);
}

const struct key_rule *
options_key(const struct options *options)
{
	return options->key.field > 0 || options->key.pattern != NULL ? &options->key : NULL;
}

const char *
options_sample_by(const struct options *options)
{
	return sample_ways[options->sample_by];
}
