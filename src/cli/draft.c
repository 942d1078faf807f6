/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/hint.h"
#include "cli/draft.h"
#include "os/diag.h"

#include <assert.h>
#include <stdio.h>

#ifdef HAVE_PCRE2
#define NOT_HERE ""
#else
#define NOT_HERE " (not in this build, which has no PCRE2)"
#endif

#define ACCEPTS_RATE "records such as 100/s, 10k/s, 6000/min, or bytes such as 10MB/s, 64KiB/s, 10Mbit/s; " \
	"the period is s, min, h or d (us, ms, sec, second, m, minute, hour, day), or several, as in 1000/30s"
#define ACCEPTS_TIME "a time over 0 up to 366d, such as 250ms, 5s or 1.5m"
#define ACCEPTS_TIME_OR_NONE "0 to 366d, such as 250ms, 5s or 1.5m"
#define ACCEPTS_AMOUNT "records such as 500 or 10k, or bytes such as 64KiB or 1MB"
#define ACCEPTS_SOURCE "the name of a FIFO or a file, or /dev/fd/N"
#define ACCEPTS_HOOK "a command for sh, such as 'touch busy'"
#define ACCEPTS_BYTE "one byte, or one of \\n \\r \\t \\0 \\\\ \\xHH"

#ifdef HAVE_PCRE2
#define ACCEPTS_KEEP "up to 16 regular expressions of Perl's kind, such as 'ERROR|FATAL', /ERROR/ or /error/i"
#define ACCEPTS_MASK "up to 16 regular expressions of Perl's kind, such as '[0-9]+', /ID=\\w+/ or /id=\\w+/i"
#define ACCEPTS_KEY "fields from 1, such as 2 or 2,3; members of a JSON object, such as .user or .a.b,.c; or /REGEX/, such " \
	"as '/user=([a-z]+)/'"
#define ACCEPTS_CONFIRM "written, read, exit, line, line:REGEX, number, upto"
#else
#define ACCEPTS_KEEP "none; regular expressions need a weir with PCRE2"
#define ACCEPTS_MASK ACCEPTS_KEEP
#define ACCEPTS_KEY "fields from 1, such as 2 or 2,3; members of a JSON object, such as .user or .a.b,.c; /REGEX/ needs a " \
	"weir with PCRE2"
#define ACCEPTS_CONFIRM "written, read, exit, line, number, upto; line:REGEX needs a weir with PCRE2"
#endif

const struct draft_row draft_rows[IDS] = {
	[ID_POLICY] = { DRAFT_BUFFER, "policy", "p", "POLICY",
	    "what gives way when the buffer is full: see below (default block)",
	    "block, drop-oldest, drop-newest, drop-random, latest, fair, shed:N, codel, codel:TARGET, "
	    "codel:TARGET/INTERVAL, fail, sample:N, rate:RATE",
	    "what gives way when the buffer is full: block, drop-oldest, drop-newest, latest, ..." },
	[ID_BUFFER] = { DRAFT_BUFFER, "buffer", "mB", "SIZE", "hold at most SIZE bytes (default 1M)",
	    sizeof(void *) > 4 ? "4K to 16T, such as 64K, 1.5M or 10MB"
	                       : "4K to 1G, such as 64K, 1.5M or 10MB",
	    "hold at most SIZE bytes (default 1M)" },
	[ID_MAX_RECORDS] = { DRAFT_BUFFER, "max-records", "", "N", "and at most N records",
	    "a whole number from 1 to 1099511627776", NULL },
	[ID_MAX_RECORD] = { DRAFT_BUFFER, "max-record", "", "SIZE",
	    "longest record that a policy that drops will hold (default: an eighth of the buffer, at least 1M, at most the buffer)",
	    "1 byte up to the buffer's size, such as 64K", NULL },
	[ID_HIGH] = { DRAFT_BUFFER, "high", "", "PCT",
	    "block: stop reading at this fill; shed: there the pressure begins (default 100%)",
	    "a percentage over 0% up to 100%, such as 80%", NULL },
	[ID_LOW] = { DRAFT_BUFFER, "low", "", "PCT", "block: read again at this fill; shed: there it ends (default 50%)",
	    "a percentage from 0% up to --high, such as 20%", NULL },
	[ID_MAX_AGE] = { DRAFT_BUFFER, "max-age", "", "TIME", "drop what has waited for longer than TIME",
	    ACCEPTS_TIME,
	    NULL },
	[ID_KEEP] = { DRAFT_BUFFER, "keep", "", "REGEX",
	    "drop records that match last; may be given again, the first is the most precious" NOT_HERE,
	    ACCEPTS_KEEP,
	    "drop records that match last" },
	[ID_KEY] = { DRAFT_KEYS, "key", "k", "KEY",
	    "a record's key: fields (2 or 2,3), members of a JSON object (.a.b), or /REGEX/, its groups" NOT_HERE,
	    ACCEPTS_KEY, NULL },
	[ID_SEPARATOR] = { DRAFT_KEYS, "field-separator", "t", "C",
	    "fields end in the byte C (default: blanks, as in awk)", ACCEPTS_BYTE, NULL },
	[ID_SAMPLE] = { DRAFT_IN, "sample", "s", "N", "let 1 record in N in, the first of every N; or P%; or 500/s: N follows the load, for each --key",
	    "N or 1/N with N from 1 to 1125899906842624, a percentage over 0% such as 12.5%, or a budget such as 500/s or 10k/min",
	    "let 1 record in N in" },
	[ID_SAMPLE_BY] = { DRAFT_IN, "sample-by", "", "count|random|key|each-key",
	    "which: the first of every N (default), each with a chance of 1 in N, by key, 1 key in N, or of each key the first of every N",
	    "count, random, key, each-key", NULL },
	[ID_SEED] = { DRAFT_IN, "seed", "", "N", "make chance repeat itself; by key, choose another sample (default 0)",
	    "a whole number from 0 to 9223372036854775807", NULL },
	[ID_WEIGHT] = { DRAFT_IN, "weight", "", "TEMPLATE", "put before each record how many it stands for, for those that --sample and shed:N leave out",
	    "text that holds {n}, such as '{n} ', and not the records' delimiter", NULL },
	[ID_DROP_OVER] = { DRAFT_IN, "drop-over", "", "RATE", "drop what comes in faster than RATE", ACCEPTS_RATE, NULL },
	[ID_COLLAPSE] = { DRAFT_IN, "collapse", "", "[TIME]",
	    "drop repeats of a record that was let in within TIME (default 10s); a mark says how many", ACCEPTS_TIME,
	    NULL },
	[ID_MASK] = { DRAFT_IN, "mask", "", "REGEX",
	    "--collapse: what matches may differ; may be given again" NOT_HERE, ACCEPTS_MASK, NULL },
	[ID_RATE] = { DRAFT_OUT, "rate", "L", "RATE", "let records out no faster than RATE; the rest waits", ACCEPTS_RATE,
	    "let records out no faster: 100/s, 6000/min, 10MB/s" },
	[ID_BURST] = { DRAFT_OUT, "burst", "", "AMOUNT",
	    "how much may leave at once after a wait, in RATE's unit (default 1 ms's worth, at least 1); or "
	    "come in, with --drop-over alone (1 s's worth)",
	    "a number in the rate's unit, at least 1, such as 10, or 64K with a rate in bytes", NULL },
	[ID_RATE_BY] = { DRAFT_OUT, "rate-by", "", "key", "hold --rate and --drop-over for each key", "key", NULL },
	[ID_SETTLE] = { DRAFT_OUT, "settle", "", "TIME", "nothing leaves before nothing has come for TIME", ACCEPTS_TIME, NULL },
	[ID_LINES] = { DRAFT_FRAMING, "lines", "l", NULL, "records end in a newline (default)", NULL, NULL },
	[ID_NULL] = { DRAFT_FRAMING, "null", "0z", NULL, "records end in a NUL byte", NULL,
	    "records end in a NUL byte, not a newline" },
	[ID_DELIMITER] = { DRAFT_FRAMING, "delimiter", "d", "STRING",
	    "records end in these bytes, 1 to 16 of them: \\n \\r \\t \\0 \\xHH too",
	    "1 to 16 bytes, each itself or one of \\n \\r \\t \\0 \\\\ \\xHH", NULL },
	[ID_FIXED] = { DRAFT_FRAMING, "fixed", "", "SIZE", "records are SIZE bytes long; the last may be short",
	    "1 byte to 1T, such as 512 or 4K", NULL },
	[ID_FRAME] = { DRAFT_FRAMING, "frame", "", "FORMAT",
	    "records have their length in front: u8, u16be, u16le, u32be, u32le, varint, netstring, octets (RFC 6587), pcap",
	    "u8, u16be, u16le, u32be, u32le, varint, netstring, octets, pcap", NULL },
	[ID_BYTES] = { DRAFT_FRAMING, "bytes", "b", NULL, "no records, a stream of bytes (block only)", NULL,
	    "no records, a stream of bytes" },
	[ID_HEADER] = { DRAFT_FRAMING, "header", "", "N", "the first N records come in, leave first and are never dropped",
	    "a whole number from 1 to 1099511627776", NULL },
	[ID_START] = { DRAFT_FRAMING, "start", "", "REGEX", "a record begins where a line matches, and has all lines up to the next" NOT_HERE,
	    ACCEPTS_KEEP, NULL },
	[ID_JOIN] = { DRAFT_FRAMING, "join", "", "REGEX", "a line that matches goes on with the one before it" NOT_HERE,
	    ACCEPTS_KEEP, NULL },
	[ID_CONTINUED] = { DRAFT_FRAMING, "continued", "", "REGEX", "a line that matches goes on with the one behind it" NOT_HERE,
	    ACCEPTS_KEEP, NULL },
	[ID_RECORD_LINGER] = { DRAFT_FRAMING, "record-linger", "", "TIME",
	    "such a record has ended when nothing more comes for TIME (default 1s)", ACCEPTS_TIME, NULL },
	[ID_CONFIRM] = { DRAFT_READER, "confirm", "", "WHEN",
	    "when a record is out: written, read, exit, line[:REGEX], number or upto (default read with COMMAND, where the "
	    "system can tell, exit with --batch, else written)",
	    ACCEPTS_CONFIRM, "when a record is out: written, read, line, ..." },
	[ID_ANSWERS] = { DRAFT_READER, "answers", "", "FILE",
	    "where answers come from (default COMMAND's output)", ACCEPTS_SOURCE, NULL },
	[ID_WINDOW] = { DRAFT_READER, "window", "", "AMOUNT",
	    "at most so much in flight (default 64KiB for read, 1000 for answers)", ACCEPTS_AMOUNT, NULL },
	[ID_CREDITS] = { DRAFT_READER, "credits", "", "FILE", "each line N of FILE lets N more records out",
	    ACCEPTS_SOURCE, NULL },
	[ID_BATCH] = { DRAFT_READER, "batch", "", "AMOUNT[,AMOUNT]",
	    "a run of COMMAND for each so many records and so many bytes, on its standard input",
	    "records such as 500 or 10k, bytes such as 64KiB or 1MB, or one of each, such as 500,1MB", NULL },
	[ID_LINGER] = { DRAFT_READER, "linger", "", "TIME", "how long a batch waits to be full (default 1s)",
	    ACCEPTS_TIME_OR_NONE, NULL },
	[ID_JOBS] = { DRAFT_READER, "jobs", "j", "N", "run so many batches at once (default 1)",
	    "a whole number from 1 to 1024", NULL },
	[ID_TIMEOUT] = { DRAFT_READER, "timeout", "", "TIME",
	    "a batch that takes longer, or a reader that confirms nothing for so long, has failed", ACCEPTS_TIME, NULL },
	[ID_RETRY] = { DRAFT_READER, "retry", "", "N|forever",
	    "tries after a failure; then a batch is dropped (default forever)",
	    "a whole number from 0 to 1099511627776, or forever", NULL },
	[ID_BISECT] = { DRAFT_READER, "bisect", "", NULL,
	    "halve a batch before it is dropped, until the poison stands alone", NULL, NULL },
	[ID_BACKOFF] = { DRAFT_READER, "backoff", "", "MIN[..MAX]",
	    "wait before a try, doubling from MIN to MAX (default 200ms..30s)",
	    "a time over 0 up to 366d, or two, such as 1s or 200ms..30s", NULL },
	[ID_RESTART] = { DRAFT_READER, "restart", "", NULL,
	    "start COMMAND again when it ends before the input", NULL,
	    "start COMMAND again when it ends before the input" },
	[ID_STALL] = { DRAFT_READER, "stall", "", "TIME",
	    "a reader that refuses for so long has failed: COMMAND is ended; without it weir ends, with status 4",
	    ACCEPTS_TIME, NULL },
	[ID_READER_GONE] = { DRAFT_READER, "reader-gone", "", "end|discard",
	    "discard: outlive the reader, and drop what comes (default end)", "end, discard", NULL },
	[ID_FOREGROUND] = { DRAFT_READER, "foreground", "", NULL,
	    "COMMAND may read the terminal, and gets its signals", NULL, NULL },
	[ID_ON_HIGH] = { DRAFT_READER, "on-high", "", "CMD", "sh -c CMD when pressure begins", ACCEPTS_HOOK, NULL },
	[ID_ON_LOW] = { DRAFT_READER, "on-low", "", "CMD", "sh -c CMD when pressure ends", ACCEPTS_HOOK, NULL },
	[ID_NUMBER] = { DRAFT_READER, "number", "", "[TEMPLATE]",
	    "put its serial, and a tab, before each record",
	    "text that holds {n}, and not the records' delimiter", NULL },
	[ID_SPOOL] = { DRAFT_SPOOL, "spool", "", "DIR",
	    "what is held is in DIR, too: the next weir with it goes on where this one ends, or dies",
	    "the name of a directory, which is made if need be", "what is held survives weir, in DIR" },
	[ID_SPOOL_SIZE] = { DRAFT_SPOOL, "spool-size", "", "SIZE", "on disk at most SIZE bytes (default 1G)",
	    "1M to 1P, such as 64M, 10G or 500MB", NULL },
	[ID_SPOOL_SYNC] = { DRAFT_SPOOL, "spool-sync", "", "TIME|always|never",
	    "a power failure costs no more than what came in TIME (default 500ms)",
	    "a time over 0 up to 366d, such as 500ms, always, never", NULL },
	[ID_QUIET] = { DRAFT_REPORTS, "quiet", "q", NULL, "no report at the end", NULL, "no report at the end" },
	[ID_INTERVAL] = { DRAFT_REPORTS, "interval", "i", "TIME",
	    "a report every TIME; -v and --metrics are renewed as often (default 1s)",
	    "10ms to 366d, such as 500ms, 5s or 1m", "a report every TIME" },
	[ID_PROGRESS] = { DRAFT_REPORTS, "progress", "v", NULL, "a live line on the terminal, instead of reports there",
	    NULL, "a live line on the terminal" },
	[ID_SIZE] = { DRAFT_REPORTS, "size", "", "SIZE",
	    "so much will come: -v shows percent and time left (of a file it knows)",
	    "1 byte to 1P, such as 64K, 1.5M or 10MB", NULL },
	[ID_METRICS] = { DRAFT_REPORTS, "metrics", "", "FILE", "replace FILE by the figures for Prometheus, every interval",
	    "the name of a file to replace, such as weir.prom; a report that can be read goes to /dev/stderr "
	    "(--interval)", NULL },
	[ID_FORMAT] = { DRAFT_REPORTS, "format", "", "text|json|journal",
	    "of reports (default text); journal: text with the priorities that systemd reads",
	    "text, json, journal", NULL },
	[ID_REPORT] = { DRAFT_REPORTS, "report", "", "FILE", "reports go to FILE, not to standard error",
	    "the name of a file, or /dev/stderr", NULL },
	[ID_REPORT_ON] = { DRAFT_REPORTS, "report-on", "", "loss|always",
	    "loss: only where something was lost, or the run failed (default always)", "loss, always", NULL },
	[ID_NAME] = { DRAFT_REPORTS, "name", "N", "NAME", "name this weir in reports and messages",
	    "1 to 64 bytes of printable text, ASCII or UTF-8", NULL },
	[ID_MARK_DROPS] = { DRAFT_DROPPED, "mark-drops", "", "[TEMPLATE]",
	    "where records are missing, a record says so (what --sample leaves out is not missing)",
	    "text without the records' delimiter, with placeholders such as {records}, {bytes}, {time}; see "
	    "weir(1)", "where records are missing, a record says so" },
	[ID_DROPPED] = { DRAFT_DROPPED, "dropped", "", "FILE", "append the dropped records to FILE",
	    "the name of a file, or /dev/stderr", NULL },
	[ID_DROPPED_REASON] = { DRAFT_DROPPED, "dropped-reason", "", NULL, "with the reason and a tab before each", NULL,
	    NULL },
	[ID_TOP_KEYS] = { DRAFT_DROPPED, "top-keys", "", "N", "report the N keys that lost most, at the end",
	    "a whole number from 1 to 100", NULL },
	[ID_CONTROL] = { DRAFT_STEERING, "control", "", "[SOCKET]",
	    "listen at a socket, for weirctl: what is asked for there is answered, or done",
	    "the name of a socket, or none for one that weirctl finds", NULL },
	[ID_FAIL_ON_DROP] = { DRAFT_ENDING, "fail-on-drop", "", NULL,
	    "exit 3 when anything was dropped (what --sample and --collapse leave out does not count)", NULL, NULL },
	[ID_DRAIN_TIMEOUT] = { DRAFT_ENDING, "drain-timeout", "", "TIME",
	    "after INT, TERM or HUP, deliver what is held for at most TIME (default 2s)",
	    ACCEPTS_TIME_OR_NONE, NULL },
	[ID_PIPE_SIZE] = { DRAFT_ENDING, "pipe-size", "", "SIZE|keep",
	    "capacity to ask for, of pipes at either end (default 256K or the buffer, the lesser; 1M "
	    "with --bytes; the output's only with block)",
	    "keep, or 4K to 1G, such as 1M", NULL },
	[ID_HELP] = { DRAFT_ENDING, "help", "h", NULL, "print this help; -h is short for some of it", NULL,
	    "print this; --help has all of it" },
	[ID_VERSION] = { DRAFT_ENDING, "version", "V", NULL, "print the version, and what is built in", NULL, NULL },
};

const struct draft_amount draft_amounts[IDS] = {
	[ID_BUFFER] = { DRAFT_SIZE, offsetof(struct options, buffer_bytes), OPTIONS_BUFFER_LEAST, OPTIONS_BUFFER_MOST },
	[ID_MAX_RECORD] = { DRAFT_SIZE, offsetof(struct options, max_record_bytes), 1, UNITS_SIZE_MAX },
	[ID_FIXED] = { DRAFT_SIZE, offsetof(struct options, framing.size), 1, UINT64_C(1) << 40 },
	[ID_PIPE_SIZE] = { DRAFT_SIZE, offsetof(struct options, pipe_bytes), 4096, UINT64_C(1) << 30 },
	[ID_SIZE] = { DRAFT_SIZE, offsetof(struct options, size_bytes), 1, UNITS_SIZE_MAX },
	[ID_SPOOL_SIZE] = { DRAFT_SIZE, offsetof(struct options, spool_bytes), OPTIONS_SPOOL_LEAST, OPTIONS_SPOOL_MOST },
	[ID_COLLAPSE] = { DRAFT_TIME, offsetof(struct options, collapse_ns), 1, UNITS_TIME_MAX_NS },
	[ID_MAX_AGE] = { DRAFT_TIME, offsetof(struct options, max_age_ns), 1, UNITS_TIME_MAX_NS },
	[ID_RECORD_LINGER] = { DRAFT_TIME, offsetof(struct options, record_linger_ns), 1, UNITS_TIME_MAX_NS },
	[ID_SETTLE] = { DRAFT_TIME, offsetof(struct options, settle_ns), 1, UNITS_TIME_MAX_NS },
	[ID_LINGER] = { DRAFT_TIME, offsetof(struct options, reader.linger_ns), 0, UNITS_TIME_MAX_NS },
	[ID_TIMEOUT] = { DRAFT_TIME, offsetof(struct options, reader.timeout_ns), 1, UNITS_TIME_MAX_NS },
	[ID_STALL] = { DRAFT_TIME, offsetof(struct options, reader.stall_ns), 1, UNITS_TIME_MAX_NS },
	[ID_INTERVAL] = { DRAFT_TIME, offsetof(struct options, interval_ns), OPTIONS_INTERVAL_LEAST_NS, UNITS_TIME_MAX_NS },
	[ID_DRAIN_TIMEOUT] = { DRAFT_TIME, offsetof(struct options, drain_timeout_ns), 0, UNITS_TIME_MAX_NS },
};

/* That of --delimiter is its value. */
const struct framing draft_framings[IDS] = {
	[ID_LINES] = { .kind = FRAMING_LINES, .delimiter = '\n' },
	[ID_NULL] = { .kind = FRAMING_NULL, .delimiter = '\0' },
	[ID_DELIMITER] = { .kind = FRAMING_DELIMITER },
	[ID_FIXED] = { .kind = FRAMING_FIXED },
	[ID_FRAME] = { .kind = FRAMING_FRAME },
	[ID_BYTES] = { .kind = FRAMING_BYTES },
};

const struct draft_policy draft_policies[] = {
	{ "block", "the producer waits; nothing is lost (default)", NULL },
	{ "drop-oldest", "the oldest records give way", NULL },
	{ "drop-newest", "the arriving record is refused", NULL },
	{ "drop-random", "records drawn by lot give way", NULL },
	{ "latest", "what a newer record of its --key supersedes, then the oldest", NULL },
	{ "fair", "records of the --key that holds most of the buffer", NULL },
	{ "shed:N", "1 record in N comes in, while the buffer is under pressure",
	    "shed:N with N or 1/N from 1, or a percentage, such as shed:10 or shed:12.5%" },
	{ "codel[:TARGET[/INTERVAL]]", "as many as it takes that records wait for TARGET only (default 100ms/1s)",
	    "codel, codel:TARGET, or codel:TARGET/INTERVAL with an INTERVAL not below TARGET, such as "
	    "codel:20ms/200ms" },
	{ "fail", "the first record that does not fit ends the run, with status 3", NULL },
	{ "sample:N", "short for --sample=N and block", "sample:N with N or 1/N from 1, or a percentage, such as "
	    "sample:10" },
	{ "rate:RATE", "short for --rate=RATE and block", "rate:RATE with " ACCEPTS_RATE },
};
static_assert(sizeof(draft_policies) / sizeof(draft_policies[0]) == DRAFT_POLICIES, "a form for every policy");

static const char *
prefix_of(const struct given *given)
{
	static char prefix[32];

	(void)snprintf(prefix, sizeof(prefix), "--%s%s", draft_rows[given->id].name, given->value != NULL ? "=" : "");
	return prefix;
}

bool
draft_refuse(const struct given *given, const char *why)
{
	const char *prefix = given->prefix != NULL ? given->prefix : prefix_of(given);

	diag_error("%s%s: %s", prefix, given->value != NULL ? diag_visible(given->value) : "", why);
	return false;
}

bool
draft_not_accepted(const struct given *given, const char *why, const char *accepted)
{
	char reason[512];

	(void)snprintf(reason, sizeof(reason), "%s; accepted: %s", why, accepted);
	return draft_refuse(given, reason);
}

bool
draft_bad_value(const struct given *given, const char *why)
{
	return draft_not_accepted(given, why, draft_rows[given->id].accepts);
}

bool
draft_no_such(const struct given *given, const char *why, const char *const names[], size_t count)
{
	char hint[HINT_MOST], reason[HINT_MOST + 32];

	if (!hint_make(hint, "", given->value, names, count))
		return draft_bad_value(given, why);
	(void)snprintf(reason, sizeof(reason), "%s; %s", why, hint);
	return draft_bad_value(given, reason);
}
