/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "draft.h"
#include "codel.h"
#include "diag.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* --- messages ----------------------------------------------------------------------------------- */

static const char *
prefix_of(const struct given *given)
{
	static char prefix[32];

	(void)snprintf(prefix, sizeof(prefix), "--%s%s", rows[given->id].name, given->value != NULL ? "=" : "");
	return prefix;
}

static bool
may_lack_value(enum id id)
{
	return rows[id].argument != NULL && rows[id].argument[0] == '[';
}

bool
draft_refuse(const struct given *given, const char *why)
{
	const char *prefix = given->prefix != NULL ? given->prefix : prefix_of(given);

	diag_error("%s%s: %s", prefix, given->value != NULL ? diag_visible(given->value) : "", why);
	return false;
}

bool
draft_bad_value(const struct given *given, const char *why)
{
	char reason[512];

	(void)snprintf(reason, sizeof(reason), "%s; accepted: %s", why, rows[given->id].accepts);
	return draft_refuse(given, reason);
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
		if (!values_read(&draft, &given[i]))
			result = OPTIONS_USAGE;
	free(given);
	if (result == OPTIONS_RUN && !rules_hold(&draft))
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
