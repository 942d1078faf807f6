/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "diag.h"
#include "draft.h"

#include <stdio.h>

const struct draft_row draft_rows[IDS] = {
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
	    "the name of a file, or /dev/stderr" },
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
	    "the name of a file to replace, such as weir.prom; a report that can be read goes to /dev/stderr "
	    "(--interval)" },
	[ID_MARK_DROPS] = { "mark-drops", "", "[TEMPLATE]",
	    "where records are missing, a record says so (what --sample leaves out is not missing)",
	    "text without the records' delimiter, with placeholders such as {records}, {bytes}, {time}; see "
	    "weir(1)" },
	[ID_DROPPED] = { "dropped", "", "FILE", "append the dropped records to FILE",
	    "the name of a file, or /dev/stderr" },
	[ID_DROPPED_REASON] = { "dropped-reason", "", NULL, "with the reason and a tab before each", NULL },
	[ID_TOP_KEYS] = { "top-keys", "", "N", "report the N keys that lost most, at the end",
	    "a whole number from 1 to 100" },
	[ID_HELP] = { "help", "h", NULL, "print this help", NULL },
	[ID_VERSION] = { "version", "V", NULL, "print the version", NULL },
};

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
draft_bad_value(const struct given *given, const char *why)
{
	char reason[512];

	(void)snprintf(reason, sizeof(reason), "%s; accepted: %s", why, draft_rows[given->id].accepts);
	return draft_refuse(given, reason);
}
