/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Command lines and what becomes of them.  An error is one line on standard error that names the option,
 * the value, and what would be accepted.
 */
#include "../parse.h"
#include "../tap.h"

#include "os/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define KIB UINT64_C(1024)
#define MIB (KIB * KIB)

/* --- what is accepted ----------------------------------------------------------------------------- */

static void
defaults(void)
{
	struct options o;

	is(parse((const char *const[]){ NULL }, &o), OPTIONS_RUN, "no option at all is fine");
	is_text(message, "", "and there is nothing to say about it");
	is(o.policy, POLICY_BLOCK, "default: block");
	ok(o.framing.kind == FRAMING_LINES && o.framing.delimiter == '\n', "default: lines");
	is(o.buffer_bytes, MIB, "default: a buffer of 1M");
	is(o.max_record_bytes, MIB, "default: records of up to 1M");
	is(o.max_records, UINT64_MAX, "default: any number of records");
	is(o.high_bytes, MIB, "default: high at 100%%");
	is(o.low_bytes, MIB / 2, "default: low at 50%%");
	ok(o.high_records == UINT64_MAX && o.low_records == UINT64_MAX, "default: no watermarks in records");
	ok(o.sample.num == 1 && o.sample.den == 1, "default: no sampling");
	ok(!o.rated && o.burst == 0, "default: no rate");
	ok(!o.quiet && !o.fail_on_drop && o.format == FORMAT_TEXT && o.report_path == NULL,
	    "default: a report as text on standard error");
	is(o.drain_timeout_ns, 2 * NS_PER_S, "default: two seconds to drain");
	is(o.pipe_bytes, 0, "default: pipes as weir sees fit");
	is_text(o.name, "weir", "default: its name");
}

/* Each way to write an option, and what the one number is that it should set. */
enum field {
	POLICY, BUFFER, MAX_RECORDS, MAX_RECORD, HIGH, LOW, HIGH_RECORDS, LOW_RECORDS, SAMPLE, SAMPLE_NUM, RATE,
	PERIOD, RATE_BYTES, BURST, KIND, DELIMITER, FIXED, QUIET, FORMAT, LOSSES, REPORTING, SIZE, FAIL, DRAIN, PIPE,
};

static uint64_t
field(const struct options *o, enum field field)
{
	const uint64_t values[] = {
		[POLICY] = o->policy, [BUFFER] = o->buffer_bytes, [MAX_RECORDS] = o->max_records,
		[MAX_RECORD] = o->max_record_bytes, [HIGH] = o->high_bytes, [LOW] = o->low_bytes,
		[HIGH_RECORDS] = o->high_records, [LOW_RECORDS] = o->low_records, [SAMPLE] = o->sample.den,
		[SAMPLE_NUM] = o->sample.num, [RATE] = o->rated ? o->rate.amount : 0,
		[PERIOD] = o->rated ? o->rate.period_ns : 0, [RATE_BYTES] = o->rated && o->rate.bytes,
		[BURST] = o->burst, [KIND] = o->framing.kind, [DELIMITER] = o->framing.delimiter,
		[FIXED] = o->framing.size, [QUIET] = o->quiet, [FORMAT] = o->format,
		[LOSSES] = o->losses_only, [REPORTING] = o->reporting, [SIZE] = o->size_bytes, [FAIL] = o->fail_on_drop, [DRAIN] = o->drain_timeout_ns, [PIPE] = o->pipe_bytes,
	};

	return values[field];
}

struct accepted {
	const char *arguments[ARGUMENTS_MOST];
	enum field field;
	uint64_t value;
};

static const struct accepted single[] = {
	{ { "-p", "block" }, POLICY, POLICY_BLOCK },
	{ { "-pdrop-oldest" }, POLICY, POLICY_DROP_OLDEST },
	{ { "--policy=drop-newest" }, POLICY, POLICY_DROP_NEWEST },
	{ { "--policy", "drop-newest" }, POLICY, POLICY_DROP_NEWEST },
	{ { "-m", "4K" }, BUFFER, 4096 },
	{ { "-B", "1.5M" }, BUFFER, MIB * 3 / 2 },
	{ { "--buffer=10MB" }, BUFFER, 10000000 },
	{ { "--max-records=1" }, MAX_RECORDS, 1 },
	{ { "--max-records=1099511627776" }, MAX_RECORDS, UINT64_C(1) << 40 },
	{ { "--max-record=1" }, MAX_RECORD, 1 },
	{ { "--max-record=1M" }, MAX_RECORD, MIB },
	{ { "-s", "10" }, SAMPLE, 10 },
	{ { "--sample=1/10" }, SAMPLE, 10 },
	{ { "--sample=75%" }, SAMPLE_NUM, 3 },
	{ { "-L", "100/s" }, PERIOD, 10000000 },
	{ { "--rate=64KiB/s" }, RATE_BYTES, true },
	{ { "-d", "\n", "-l" }, KIND, FRAMING_LINES },
	{ { "-d,", "--lines" }, DELIMITER, '\n' },
	{ { "-0" }, KIND, FRAMING_NULL },
	{ { "-z" }, KIND, FRAMING_NULL },
	{ { "--null" }, DELIMITER, '\0' },
	{ { "-d", "," }, KIND, FRAMING_DELIMITER },
	{ { "-d", "," }, DELIMITER, ',' },
	{ { "--delimiter=\\n" }, DELIMITER, '\n' },
	{ { "--delimiter=\\r" }, DELIMITER, '\r' },
	{ { "--delimiter=\\t" }, DELIMITER, '\t' },
	{ { "--delimiter=\\0" }, DELIMITER, '\0' },
	{ { "--delimiter=\\\\" }, DELIMITER, '\\' },
	{ { "--delimiter=\\" }, DELIMITER, '\\' },
	{ { "--delimiter=\\x1e" }, DELIMITER, 0x1e },
	{ { "--delimiter=\\xFF" }, DELIMITER, 0xff },
	{ { "--delimiter=\xff" }, DELIMITER, 0xff },
	{ { "--delimiter= " }, DELIMITER, ' ' },
	{ { "--fixed=512" }, KIND, FRAMING_FIXED },
	{ { "--fixed=4K" }, FIXED, 4096 },
	{ { "--fixed=1T" }, FIXED, UINT64_C(1) << 40 },
	{ { "-b" }, KIND, FRAMING_BYTES },
	{ { "--bytes" }, KIND, FRAMING_BYTES },
	{ { "-q" }, QUIET, true },
	{ { "--quiet" }, QUIET, true },
	{ { "--format=json" }, FORMAT, FORMAT_JSON },
	{ { "--format=text" }, FORMAT, FORMAT_TEXT },
	{ { "--report-on=loss" }, LOSSES, true },
	{ { "--report-on=always" }, LOSSES, false },
	{ { "--size=1.5K" }, SIZE, 1536 },
	{ { "--fail-on-drop" }, FAIL, true },
	{ { "--drain-timeout=0" }, DRAIN, 0 },
	{ { "--drain-timeout=250ms" }, DRAIN, 250 * NS_PER_MS },
	{ { "--pipe-size=keep" }, PIPE, PIPE_BYTES_KEEP },
	{ { "--pipe-size=1M" }, PIPE, MIB },
	{ { "--pipe-size=1G" }, PIPE, UINT64_C(1) << 30 },
	{ { "--" }, BUFFER, MIB },
};

static const struct accepted together[] = {
	/* the last of each wins */
	{ { "-m", "4K", "-B", "8K" }, BUFFER, 8192 },
	{ { "-p", "drop-oldest", "-p", "block" }, POLICY, POLICY_BLOCK },
	{ { "--format=json", "--format=text" }, FORMAT, FORMAT_TEXT },
	{ { "--report-on=loss", "--report-on=always" }, LOSSES, false },
	/* quietly, an interval is not for reports where something else has it */
	{ { "-q", "-i1" }, REPORTING, true },
	{ { "-v", "-i1" }, REPORTING, true },
	{ { "-i1", "-v", "-q" }, REPORTING, false },
	{ { "-q", "-i1", "--metrics=f" }, REPORTING, false },
	{ { "-qvi1", "--report=f" }, REPORTING, true },
	{ { "-0", "--fixed=5", "-d," }, KIND, FRAMING_DELIMITER },
	{ { "-b", "-l" }, KIND, FRAMING_LINES },
	{ { "-b", "-0", "-s", "10" }, SAMPLE, 10 },
	{ { "--pipe-size=1M", "--pipe-size=keep" }, PIPE, PIPE_BYTES_KEEP },
	/* sample:N and rate:RATE are two options each, where they stand */
	{ { "-p", "sample:10" }, SAMPLE, 10 },
	{ { "-p", "drop-oldest", "-p", "sample:10" }, POLICY, POLICY_BLOCK },
	{ { "-p", "sample:10", "-p", "drop-oldest" }, POLICY, POLICY_DROP_OLDEST },
	{ { "-p", "sample:10", "-p", "drop-oldest" }, SAMPLE, 10 },
	{ { "-p", "sample:10", "-s", "20" }, SAMPLE, 20 },
	{ { "-s", "20", "-p", "sample:10" }, SAMPLE, 10 },
	{ { "-s", "20", "-p", "sample:12.5%" }, SAMPLE, 8 },
	{ { "-p", "rate:500/s" }, PERIOD, 2000000 },
	{ { "-p", "drop-newest", "-p", "rate:500/s" }, POLICY, POLICY_BLOCK },
	{ { "-p", "rate:500/s", "--rate=100/s" }, PERIOD, 10000000 },
	{ { "--rate=100/s", "-p", "rate:500/s" }, PERIOD, 2000000 },
	{ { "-p", "rate:500/s", "-p", "drop-newest" }, PERIOD, 2000000 },
	{ { "-p", "rate:10MB/s" }, RATE_BYTES, true },
	/* under --bytes, before or behind, every rate is of bytes */
	{ { "-b", "-L", "10M" }, RATE_BYTES, true },
	{ { "-L", "1000", "-b" }, RATE_BYTES, true },
	{ { "-p", "rate:10M/s", "-b" }, RATE_BYTES, true },
	{ { "-b", "-L", "1000", "-l" }, RATE_BYTES, false },
	/* the burst, in the rate's unit, before or behind */
	{ { "-L", "100/s", "--burst=10" }, BURST, 10 },
	{ { "--burst=2k", "-L", "100/s" }, BURST, 2000 },
	{ { "--burst=64K", "-L", "10MB/s" }, BURST, 65536 },
	{ { "-p", "rate:10MB/s", "--burst=64KB" }, BURST, 64000 },
	/* the longest record */
	{ { "-m", "64K" }, MAX_RECORD, 65536 },
	{ { "-m", "64M" }, MAX_RECORD, 8 * MIB },
	{ { "--max-record=2M", "-m", "4M" }, MAX_RECORD, 2 * MIB },
	{ { "-p", "drop-oldest", "--fixed=1M" }, FIXED, MIB },
	{ { "-p", "drop-oldest", "--fixed=2M", "-m", "4M", "--max-record=2M" }, FIXED, 2 * MIB },
	{ { "--fixed=2M" }, FIXED, 2 * MIB },
	/* watermarks */
	{ { "--high=80%" }, HIGH, 838860 },
	{ { "--high=80" }, HIGH, 838860 },
	{ { "--high=12.5%", "-m", "4K" }, HIGH, 512 },
	{ { "--low=12.5%", "-m", "4K" }, LOW, 512 },
	{ { "--low=0%" }, LOW, 0 },
	{ { "--low=100%" }, LOW, MIB - 64 * 1024 },
	{ { "--low=100%", "-m", "4K" }, LOW, 4096 - 512 },
	{ { "--low=90%", "-m", "4K" }, LOW, 4096 - 512 },
	{ { "--low=80%", "-m", "4K" }, LOW, 3276 },
	{ { "--low=100%", "--policy=shed:2" }, LOW, MIB },
	{ { "--max-records=100", "--low=100%" }, LOW_RECORDS, 88 },
	{ { "--max-records=100000", "--low=100%" }, LOW_RECORDS, 99488 },
	{ { "--max-records=1", "--low=100%" }, LOW_RECORDS, 1 },
	{ { "--high=30%" }, LOW, 314572 },
	{ { "--high=0.001%", "-m", "4K" }, HIGH, 1 },
#if SIZE_MAX > UINT32_MAX
	{ { "--high=80%", "-m", "16T" }, HIGH, UINT64_C(14073748835532) },
#endif
	{ { "--max-records=100" }, HIGH_RECORDS, 100 },
	{ { "--max-records=100" }, LOW_RECORDS, 50 },
	{ { "--max-records=3", "--high=50%" }, HIGH_RECORDS, 2 },
	{ { "--max-records=3", "--low=50%" }, LOW_RECORDS, 1 },
	{ { "--max-records=3", "--low=0%" }, LOW_RECORDS, 0 },
	{ { "--max-records=1", "--high=0.001%" }, HIGH_RECORDS, 1 },
	{ { "--max-records=1099511627776", "--high=75%" }, HIGH_RECORDS, UINT64_C(824633720832) },
	{ { "--max-records=1099511627776", "-m1G", "--low=25%" }, LOW_RECORDS, UINT64_C(1) << 38 },
	{ { "--high=80%", "-p", "drop-oldest", "-p", "block" }, HIGH, 838860 },
};

static void
accepts(const struct accepted *table, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct options o;
		enum options_result result = parse(table[i].arguments, &o);

		if (result != OPTIONS_RUN || message[0] != '\0')
			diag("result %d: %s", (int)result, message);
		is(result == OPTIONS_RUN && message[0] == '\0' ? field(&o, table[i].field) : UINT64_MAX - 1,
		    table[i].value, "weir%s", joined(table[i].arguments));
	}
}

static void
texts(void)
{
	static const char longest[] = "0123456789012345678901234567890123456789012345678901234567890123";
	struct options o;

	is(PARSE(&o, "-N", "a \"b\" \\c"), OPTIONS_RUN, "a name may have any printable character");
	is_text(o.name, "a \"b\" \\c", "and is kept as it is");
	is(PARSE(&o, "--name", longest), OPTIONS_RUN, "a name of 64 characters");
	is_text(o.name, longest, "is kept whole");
	is(PARSE(&o, "--report=/tmp/a b"), OPTIONS_RUN, "a file for reports");
	is_text(o.report_path, "/tmp/a b", "is kept as it is");
}

/* One argument may hold as many options as it has letters. */
static void
letters_together(void)
{
	static char letters[60000] = "-";
	struct options o;

	memset(letters + 1, 'q', sizeof(letters) - 2);
	is(PARSE(&o, letters), OPTIONS_RUN, "any number of letters may stand together");
	ok(o.quiet && message[0] == '\0', "and all of them count");
	letters[sizeof(letters) - 2] = 'm';
	is(PARSE(&o, letters, "64K"), OPTIONS_RUN, "of which the last may take a value");
	is(o.buffer_bytes, 64 * KIB, "which is the next argument");
}

/* --- what is refused ------------------------------------------------------------------------------ */

struct refused {
	const char *arguments[ARGUMENTS_MOST];
	const char *shown; /* the option and its value, as the message begins */
	const char *why;   /* and what follows */
};

static const struct refused values[] = {
	{ { "-p", "nope" }, "--policy=nope", "no such policy" },
	{ { "--policy=" }, "--policy=", "no such policy" },
	{ { "-p", "Block" }, "--policy=Block", "no such policy" },
	{ { "-p", "Block" }, "--policy=Block", "did you mean block?" },
	{ { "-p", "drop" }, "--policy=drop", "did you mean drop-oldest, drop-newest or drop-random?" },
	{ { "-p", "drop-oldset:3" }, "--policy=drop-oldset:3", "did you mean drop-oldest?" },
	{ { "-p", "sample" }, "--policy=sample", "needs a value; accepted: sample:N with" },
	{ { "-p", "shed" }, "--policy=shed", "needs a value; accepted: shed:N with" },
	{ { "-p", "shed:x" }, "--policy=shed:x", "not a whole number; accepted: shed:N with" },
	{ { "-p", "codel:abc" }, "--policy=codel:abc", "not a time; accepted: codel, codel:TARGET" },
	{ { "-p", "codel:" }, "--policy=codel:", "not a time; accepted: codel, codel:TARGET" },
	{ { "-p", "codel:1s/5ms" }, "--policy=codel:1s/5ms", "did you mean codel:5ms/1s?" },
	{ { "-p", "latest:3" }, "--policy=latest:3", "takes no value; accepted: latest" },
	{ { "--format=JSON" }, "--format=JSON", "did you mean json?" },
	{ { "--sample-by=radnom", "-s", "2" }, "--sample-by=radnom", "did you mean random?" },
	{ { "--rate-by=keys" }, "--rate-by=keys", "did you mean key?" },
	{ { "--pipe-size=Keep" }, "--pipe-size=Keep", "did you mean keep?" },
	{ { "--high=0.8" }, "--high=0.8", "a fraction; did you mean 80.0%, or really 0.8%?" },
	{ { "--low=0.05" }, "--low=0.05", "a fraction; did you mean 5.0%, or really 0.05%?" },
	{ { "--high=1.0" }, "--high=1.0", "a fraction; did you mean 100.0%, or really 1.0%?" },
	{ { "-s", "0.1" }, "--sample=0.1", "a fraction; write it as a percentage" },
	{ { "-p", "sample:" }, "--policy=sample:", "not a whole number" },
	{ { "-p", "sample:0" }, "--policy=sample:0", "zero has no meaning here" },
	{ { "-p", "rate:" }, "--policy=rate:", "not a rate" },
	{ { "-p", "rate:10M" }, "--policy=rate:10M", "ambiguous: bytes or records? write 10MB for bytes" },
	{ { "-m", "1K" }, "--buffer=1K", "too small" },
	{ { "-m", "4095" }, "--buffer=4095", "too small" },
	{ { "-B", "0" }, "--buffer=0", "too small" },
	{ { "-m", "17T" }, "--buffer=17T", "too large" },
	{ { "-m", "2000T" }, "--buffer=2000T", "too large" },
	{ { "--buffer=-1" }, "--buffer=-1", "not a size" },
	{ { "--buffer=1X" }, "--buffer=1X", "not a size" },
	{ { "--buffer=" }, "--buffer=", "not a size" },
	{ { "-m", "1K", "-m", "1M" }, "--buffer=1K", "too small" }, /* both must be valid */
	{ { "--max-records=0" }, "--max-records=0", "zero has no meaning here" },
	{ { "--max-records=1.5" }, "--max-records=1.5", "not a whole number" },
	{ { "--max-records=1099511627777" }, "--max-records=1099511627777", "too large" },
	{ { "--max-record=0" }, "--max-record=0", "too small" },
	{ { "--max-record=x" }, "--max-record=x", "not a size" },
	{ { "--max-record=2M" }, "--max-record=2M", "larger than the buffer" },
	{ { "-m", "4K", "--max-record=5K" }, "--max-record=5K", "larger than the buffer" },
	{ { "--high=0%" }, "--high=0%", "zero has no meaning here" },
	{ { "--high=101%" }, "--high=101%", "more than 100%" },
	{ { "--high=x" }, "--high=x", "not a percentage" },
	{ { "--low=-1%" }, "--low=-1%", "not a percentage" },
	{ { "--low=60%", "--high=50%" }, "--low=60%", "over --high" },
	{ { "--low=100.1%" }, "--low=100.1%", "more than 100%" },
	{ { "-s", "0" }, "--sample=0", "zero has no meaning here" },
	{ { "-s", "2/3" }, "--sample=2/3", "not a whole number" },
	{ { "-s", "101%" }, "--sample=101%", "more than 100%" },
	{ { "-L", "10M" }, "--rate=10M",
	    "ambiguous: bytes or records? write 10MB for bytes, 10000k for records" },
	{ { "-L", "10M/s", "-b", "-l" }, "--rate=10M/s", "ambiguous" },
	{ { "-L", "0/s" }, "--rate=0/s", "zero has no meaning here" },
	{ { "-L", "5/fortnight" }, "--rate=5/fortnight", "no such period; accepted: records such as 100/s" },
	{ { "--burst=0", "-L", "5" }, "--burst=0", "zero has no meaning here" },
	{ { "--burst=x", "-L", "5" }, "--burst=x", "not an amount" },
	{ { "--burst=10KB", "-L", "5" }, "--burst=10KB", "bytes, but the rate counts records" },
	{ { "--burst=10/s", "-L", "5" }, "--burst=10/s", "not an amount" },
	{ { "--burst=10" }, "--burst=10", "without a rate" },
	{ { "-d", "" }, "--delimiter=", "empty" },
	{ { "-d", "abcdefghijklmnopq" }, "--delimiter=abcdefghijklmnopq", "longer than 16 bytes" },
	{ { "-d", "\\q" }, "--delimiter=", "no such byte" },
	{ { "-d", "\\x4" }, "--delimiter=", "no such byte" },
	{ { "-d", "\\x4g" }, "--delimiter=", "no such byte" },
	{ { "-d", "\\x+4" }, "--delimiter=", "no such byte" },
	{ { "-d", "ab\\" }, "--delimiter=", "no such byte" },
	{ { "--frame=u64" }, "--frame=u64", "no such format" },
	{ { "--frame=" }, "--frame=", "no such format" },
	{ { "--fixed=0" }, "--fixed=0", "too small" },
	{ { "--fixed=0.5" }, "--fixed=0.5", "too small" },
	{ { "--fixed=2T" }, "--fixed=2T", "too large" },
	{ { "--fixed=2M", "-p", "drop-oldest" }, "--fixed=2M", "longer than --max-record" },
	{ { "--format=xml" }, "--format=xml", "no such format" },
	{ { "--format=jsonl" }, "--format=jsonl", "no such format" },
	{ { "--report-on=drop" }, "--report-on=drop", "no such occasion" },
	{ { "--report=" }, "--report=", "empty" },
	{ { "--drain-timeout=5x" }, "--drain-timeout=5x", "not a time" },
	{ { "--drain-timeout=367d" }, "--drain-timeout=367d", "too large" },
	{ { "--pipe-size=1K" }, "--pipe-size=1K", "too small" },
	{ { "--pipe-size=2G" }, "--pipe-size=2G", "too large" },
	{ { "--pipe-size=keeps" }, "--pipe-size=keeps", "not a size; did you mean keep?" },
	{ { "-N", "" }, "--name=", "empty" },
	{ { "-N", "01234567890123456789012345678901234567890123456789012345678901234" }, "--name=0123",
	    "too long" },
	{ { "-N", "\xc3\xa9\xe2\x80\xae" }, "--name=", "not printable" },
	{ { "-N", "a\x7f" }, "--name=a", "not printable" },
	{ { "-N", "a\nb" }, "--name=a", "not printable" },
	{ { "--high=80%", "-p", "drop-oldest" }, "--high=80%", "not with --policy=drop-oldest" },
	{ { "-p", "drop-newest", "--low=20%" }, "--low=20%", "not with --policy=drop-newest" },
};

/* These say what else to do rather than what value to give. */
static const struct refused others[] = {
	{ { "-b", "-p", "drop-oldest" }, "--policy=drop-oldest", "--fixed" },
	{ { "-p", "drop-newest", "-b" }, "--policy=drop-newest", "--fixed" },
	{ { "-b", "-s", "10" }, "--sample=10", "--fixed" },
	{ { "-b", "-p", "sample:10" }, "--policy=sample:10", "--fixed" },
	{ { "-b", "--max-records=5" }, "--max-records=5", "--fixed" },
	{ { "" }, "COMMAND is empty", "weir reads standard input" },
	{ { "-q", "--", "" }, "COMMAND is empty", "weir reads standard input" },
	{ { "-" }, "-: no COMMAND", "weir reads standard input" },
	{ { "-q", "--", "-", "-q" }, "-: no COMMAND", "weir reads standard input" },
	{ { "--nope" }, "--nope", "no such option" },
	{ { "--nope=3" }, "--nope=3", "no such option" },
	{ { "-x" }, "-x", "no such option" },
	{ { "-qx" }, "-x", "no such option" },
	{ { "--b" }, "--b", "short for several; accepted: --buffer, --burst, --bytes" },
	{ { "--max-rec=3" }, "--max-rec=3", "short for several; accepted: --max-records, --max-record" },
	{ { "--polcy=x" }, "--polcy=x", "no such option; did you mean --policy?" },
	{ { "--QUIET" }, "--QUIET", "no such option; did you mean --quiet?" },
	{ { "--oldest" }, "--oldest", "no such option; did you mean --policy=drop-oldest?" },
	{ { "-rate=3" }, "-r", "no such option; did you mean --rate?" },
	{ { "-P", "block" }, "-P", "no such option; did you mean -p?" },
	{ { "-qP", "block" }, "-P", "no such option; did you mean -p?" },
	{ { "--quiet=1" }, "--quiet", "takes no value" },
	{ { "--buffer" }, "--buffer", "needs a value; accepted: 4K" },
	{ { "-m" }, "--buffer", "needs a value; accepted: 4K" },
	{ { "-q", "-d" }, "--delimiter", "needs a value; accepted: 1 to 16 bytes" },
};

static void
refuses(const struct refused *table, size_t count, bool accepted)
{
	for (size_t i = 0; i < count; i++) {
		const struct refused *row = &table[i];
		struct options o;
		char begin[128];
		enum options_result result = parse(row->arguments, &o);
		size_t length = strlen(message);

		(void)snprintf(begin, sizeof(begin), "weir: %s", row->shown);
		if (!ok(result == OPTIONS_USAGE && strncmp(message, begin, strlen(begin)) == 0 &&
		    strstr(message, row->why) != NULL && (!accepted || strstr(message, "accepted") != NULL) &&
		    length > 0 && message[length - 1] == '\n' && strchr(message, '\n') == message + length - 1,
		    "weir%s: %s", joined(row->arguments), row->why))
			diag("result %d, message: %s", (int)result, message);
	}
}

/* Whatever stands on the command line, the message is one line of bounded length that any terminal can
 * be shown. */
static void
hostile_values(void)
{
	static char value[6000];
	static const char *const prefixes[] = { "--buffer=", "--policy=", "--policy=rate:", "--nope", "--",
		"--name=", "--quiet=", "--sample=", "--batch=", "--backoff=1s..", "--confirm=number:", "--retry=" };
	bool good = true;

	for (size_t i = 0; i < LENGTH(prefixes); i++) {
		struct options o;

		memset(value, i % 2 > 0 ? '\x1b' : '\n', sizeof(value) - 1);
		memcpy(value, prefixes[i], strlen(prefixes[i]));
		good = good && PARSE(&o, value) == OPTIONS_USAGE && strlen(message) < 2000;
		for (const char *c = message; *c != '\0'; c++)
			good = good && ((*c >= ' ' && *c <= '~') || (*c == '\n' && c[1] == '\0'));
		if (!good) {
			diag("%s: %zu bytes", prefixes[i], strlen(message));
			break;
		}
	}
	ok(good, "a message is one printable line, however long and odd the value");
}

static void
messages(void)
{
	char want[128];
	int saved, reader;

	catch_message(&saved, &reader);
	diag_error("%d %s", 5, "apples");
	release_message(saved, reader);
	is_text(message, "weir: 5 apples\n", "a message is a line with the name before it");
	catch_message(&saved, &reader);
	diag_set_name("other", false);
	diag_errno(ENOENT, "%s", diag_visible("a\tb\\c\x1b"));
	diag_set_name("weir", false);
	release_message(saved, reader);
	(void)snprintf(want, sizeof(want), "other: a\\011b\\c\\033: %s\n", strerror(ENOENT));
	is_text(message, want, "which may be another, and the reason behind it");
}

/* --- help and version ----------------------------------------------------------------------------- */

/* In a process of its own, because it goes through stdio: the result; what was printed in message. */
static int
print(const char *argument, const char *path)
{
	int both[2] = { -1, -1 }, status = -1;
	pid_t child;

	if (pipe(both) < 0 || (child = fork()) < 0)
		abort();
	if (child == 0) {
		struct options o;
		int to = path != NULL ? open(path, O_WRONLY) : both[1];

		(void)dup2(to, STDOUT_FILENO);
		_exit((int)PARSE(&o, argument));
	}
	(void)close(both[1]);
	message[0] = '\0';
	for (size_t length = 0; length < sizeof(message) - 1;) {
		ssize_t more = read(both[0], message + length, sizeof(message) - 1 - length);
		if (more <= 0)
			break;
		length += (size_t)more;
		message[length] = '\0';
	}
	(void)close(both[0]);
	(void)waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
doubts(void)
{
	struct options o = { .name = NULL };
	char doubt[OPTIONS_DOUBT_MOST];

	(void)PARSE(&o, "--fixed=600K", "-p", "drop-oldest");
	ok(options_doubt(&o, doubt) && strstr(doubt, "over half of the buffer") != NULL && strstr(doubt, "1228800") != NULL,
	    "a frame over half of the buffer is doubted");
	(void)PARSE(&o, "--fixed=512K", "-p", "drop-oldest");
	ok(!options_doubt(&o, doubt), "two that fit are not");
	(void)PARSE(&o, "--fixed=600K");
	ok(!options_doubt(&o, doubt), "nor is one that block waits for");
	(void)PARSE(&o, "--batch=10", "--max-age=1s", "cat");
	ok(options_doubt(&o, doubt) && strcmp(doubt, "--max-age of 1.0s is no longer than --linger, 1.0s: of a batch that is not "
	    "full all is too old before it goes") == 0, "an age that no batch is waited for in is doubted: %s", doubt);
	(void)PARSE(&o, "--batch=10", "--max-age=1001ms", "cat");
	ok(!options_doubt(&o, doubt), "a longer one is not");
	(void)PARSE(&o, "--max-age=1ms", "cat");
	ok(!options_doubt(&o, doubt), "nor is any without batches");
	(void)PARSE(&o, "-p", "drop-oldest", "-m", "4K");
	ok(!options_doubt(&o, doubt), "lines are of any length");
	(void)PARSE(&o, "-m", "16M", "-p", "drop-oldest");
	is(o.max_record_bytes, 2 * MIB, "16M take lines of 2M");
	(void)PARSE(&o, "-m", "2M", "-p", "drop-oldest");
	is(o.max_record_bytes, MIB, "2M of 1M");
	(void)PARSE(&o, "-m", "64K", "-p", "drop-oldest");
	is(o.max_record_bytes, 64 * KIB, "64K of no more than it holds");
}

static void
help(void)
{
	static const char *const options[] = { "-p, --policy=POLICY", "-m, -B, --buffer=SIZE", "--max-records=N",
		"--max-record=SIZE", "--high=PCT", "--low=PCT", "-s, --sample=N", "-L, --rate=RATE",
		"--burst=AMOUNT", "-l, --lines", "-0, -z, --null", "-d, --delimiter=STRING", "--fixed=SIZE", "--frame=FORMAT",
		"-b, --bytes", "--batch=AMOUNT[,AMOUNT]", "-j, --jobs=N", "--number[=TEMPLATE]", "-q, --quiet", "--format=text|json", "--report=FILE", "--fail-on-drop",
		"--drain-timeout=TIME", "--pipe-size=SIZE|keep", "-N, --name=NAME", "-h, --help",
		"-V, --version" };
	bool fits = true;

	is(print("--help", NULL), OPTIONS_DONE, "--help is printed");
	for (size_t i = 0; i < LENGTH(options); i++)
		ok(strstr(message, options[i]) != NULL, "--help has %s", options[i]);
	for (const char *line = message; *line != '\0'; line += strcspn(line, "\n") + 1)
		fits = fits && strcspn(line, "\n") < 80 && line[strcspn(line, "\n")] == '\n';
	ok(fits, "on a terminal of 80 columns");
	is(print("-h", NULL), OPTIONS_DONE, "-h too");
	ok(strstr(message, "--policy=") != NULL && strstr(message, "--pipe-size=") == NULL, "not all of it");
	is(print("--version", NULL), OPTIONS_DONE, "--version is printed");
	ok(strncmp(message, "weir " PACKAGE_VERSION "\n", strlen("weir " PACKAGE_VERSION "\n")) == 0, "and says so");
#ifdef __linux__
	is(print("--help", "/dev/full"), OPTIONS_ERROR, "--help that cannot be printed is an error");
	is(print("-V", "/dev/full"), OPTIONS_ERROR, "and --version");
#endif
}

int
main(void)
{
	defaults();
	accepts(single, LENGTH(single));
	accepts(together, LENGTH(together));
	texts();
	letters_together();
	refuses(values, LENGTH(values), true);
	refuses(others, LENGTH(others), false);
	hostile_values();
	messages();
	doubts();
	help();
	return done_testing();
}
