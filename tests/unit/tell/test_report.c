/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports as exact strings: what scripts read must not change by accident. */
#include "../tap.h"

#include "../pipe.h"
#include "tell/report.h"

#include <time.h>

static struct options options;
static struct snapshot snapshot;

static void
begin(void)
{
	options = (struct options){
		.policy = POLICY_DROP_OLDEST,
		.framing = { FRAMING_LINES, '\n', 0 },
		.buffer_bytes = 1048576,
		.max_records = UINT64_MAX,
		.high_bytes = 1048576,
		.low_bytes = 524288,
		.sample = { 1, 1 },
		.name = "weir",
	};
	snapshot = (struct snapshot){
		.event = REPORT_FINAL,
		.options = &options,
		.ledger = { .in = { 12000, 1200000 }, .out = { 10000, 1000000 } },
		.elapsed_ns = UINT64_C(3204567890),
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

/* --- text ----------------------------------------------------------------------------------------- */

static void
text(void)
{
	begin();
	snapshot.latency = (struct latency){ 5, 1, 20, 300, 91400000, 93000000, 0, 0 };
	is_text(line(),
	    "weir: in 12000 records 1.2 MB, out 10000, dropped 2000 (16.7%, oldest), p99 91.4ms, in 3.204s\n",
	    "the text of REPORTS in weir(1)");
	ok(strlen(line()) <= 100 + 1, "which 100 columns show");
	snapshot.ledger.dropped[REASON_OLDEST] = (struct tally){ 0, 0 };
	snapshot.ledger.out = snapshot.ledger.in;
	snapshot.ledger.pressure_count = 1;
	snapshot.ledger.pressure_ns = 5;
	is_text(line(), "weir: in 12000 records 1.2 MB, out 12000, dropped 0, p99 91.4ms, in 3.204s\n",
	    "nothing dropped, where something could have been; the producer never waits");
	snapshot.latency = (struct latency){ 5, 0, 0, 0, 0, 93000000, 0, 0 };
	options.policy = POLICY_BLOCK;
	snapshot.ledger.paused_count = 1;
	snapshot.ledger.paused_ns = UINT64_C(61234999999);
	is_text(line(), "weir: in 12000 records 1.2 MB, out 12000, paused 61.234s in 3.204s\n",
	    "under block it does, and nothing can be dropped; what did not wait has no latency");
	options.sample = (struct share){ 1, 10 };
	ok(strstr(line(), ", dropped 0, ") != NULL, "but by a sample");
	options.sample = (struct share){ 1, 1 };
	options.policing = true;
	ok(strstr(line(), ", dropped 0, ") != NULL, "by a rate,");
	options.policing = false;
	options.max_age_ns = 1;
	ok(strstr(line(), ", dropped 0, ") != NULL, "or by age");
	options.policy = POLICY_SHED;
	snapshot.ledger.paused_count = 0;
	ok(strstr(line(), ", under pressure 0.000s in 3.204s\n") != NULL, "shed thins out for so long");
}

static void
text_of_all(void)
{
	begin();
	options.name = "a \"b\" \\c %s";
	snapshot.ledger.in = (struct tally){ 15, 1500 };
	snapshot.ledger.out = (struct tally){ 1, 100 };
	snapshot.ledger.dropped[REASON_OLDEST] = (struct tally){ 1, 100 };
	snapshot.ledger.dropped[REASON_NEWEST] = (struct tally){ 2, 200 };
	snapshot.ledger.dropped[REASON_OVERSIZE] = (struct tally){ 0, 300 };
	snapshot.ledger.dropped[REASON_SAMPLE] = (struct tally){ 4, 400 };
	snapshot.unsaved = (struct tally){ 1, 50 };
	snapshot.ledger.marks = (struct tally){ 2, 50 };
	snapshot.ledger.undelivered = (struct tally){ 2, 350 };
	snapshot.unread_bytes = 70;
	snapshot.reader_gone = true;
	snapshot.unread_input_bytes = 80;
	snapshot.reports_skipped = 1;
	is_text(line(),
	    "a \"b\" \\c %s: in 15 records 1.5 kB, out 1, dropped 7 (46.7%, oldest 1, newest 2, oversize 0, sample 4), "
	    "not saved 1 record 0.1 kB, 2 marks, undelivered 2 records 0.4 kB, 70 bytes unread by the reader, "
	    "80 bytes left in the input, 1 report skipped, in 3.204s\n", "everything, in its order; one record is no records");
}

static void
text_of_little(void)
{
	begin();
	options.policy = POLICY_BLOCK;
	snapshot.ledger = (struct ledger){ .in = { 0, 50 }, .paused_ns = UINT64_C(61034999999) };
	snapshot.held = (struct tally){ 0, 50 };
	snapshot.elapsed_ns = UINT64_C(62004999999);
	snapshot.event = REPORT_SIGNAL;
	is_text(line(), "weir: in 0 (0/s 0 B/s), out 0 (0/s 0 B/s), held 0 records 50 B, buffer 0%, "
	    "paused 61.034s in 62.004s\n", "a record without its end is held; milliseconds have three places");
	snapshot.event = REPORT_FINAL;
	snapshot.ledger.undelivered = snapshot.held;
	snapshot.held = (struct tally){ 0, 0 };
	is_text(line(), "weir: in 0 records 50 B, out 0, undelivered 0 records 50 B, paused 61.034s in 62.004s\n",
	    "or undelivered");
	snapshot.ledger.out = (struct tally){ 0, 20 };
	ok(strstr(line(), ", out 0 records 20 B, ") != NULL, "or out in part");
	options.policy = POLICY_DROP_OLDEST;
	snapshot.ledger.dropped[REASON_OVERSIZE] = (struct tally){ 0, 1300000 };
	ok(strstr(line(), ", dropped part of a record (1.3 MB, oversize), ") != NULL, "or dropped");
}

static void
text_of_bytes(void)
{
	begin();
	options.framing.kind = FRAMING_BYTES;
	options.policy = POLICY_BLOCK;
	snapshot.ledger.in = (struct tally){ 0, 2500000000 };
	snapshot.ledger.out = (struct tally){ 0, 2400000000 };
	snapshot.ledger.dropped[REASON_OLDEST] = (struct tally){ 0, 0 };
	snapshot.ledger.undelivered = (struct tally){ 0, 100000000 };
	is_text(line(), "weir: in 2.5 GB, out 2.4 GB, undelivered 0.1 GB, paused 0.000s in 3.204s\n",
	    "a stream of bytes has no records");
}

/* Percent that say neither that nothing was lost, nor that nothing was left. */
static void
text_of_shares(void)
{
	static const struct {
		struct tally dropped, in;
		const char *text;
	} cases[] = {
		{ { 1, 10 }, { 3, 30 }, "(33.3%, " },
		{ { 1, 10 }, { 2000, 20000 }, "(0.1%, " },
		{ { 1, 10 }, { 2001, 20010 }, "(under 0.1%, " },
		{ { 1999, 19990 }, { 2000, 20000 }, "(over 99.9%, " },
		{ { 999, 9990 }, { 1000, 10000 }, "(99.9%, " },
		{ { 2000, 20000 }, { 2000, 20000 }, "(100%, " },
		{ { 1, 5000 }, { 10, 5018 }, "(10.0%, of bytes 99.6%, " },
		{ { 1, 20 }, { 10, 100 }, "(10.0%, oldest" },
	};

	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snapshot.ledger.in = cases[i].in;
		snapshot.ledger.dropped[REASON_OLDEST] = cases[i].dropped;
		ok(strstr(line(), cases[i].text) != NULL, "%" PRIu64 " of %" PRIu64 ": %s", cases[i].dropped.records,
		    cases[i].in.records, cases[i].text);
	}
}

/* How it goes, which is of interest while it goes. */
static void
text_of_an_interval(void)
{
	begin();
	options.reporting = true;
	options.interval_ns = 2 * NS_PER_S;
	options.policy = POLICY_BLOCK;
	snapshot.event = REPORT_INTERVAL;
	snapshot.wall_ns = UINT64_C(1769860800) * NS_PER_S + 7 * NS_PER_MS;
	snapshot.ledger.in = (struct tally){ 1600000, 12100000 };
	snapshot.ledger.out = (struct tally){ 1500000, 11200000 };
	snapshot.ledger.dropped[REASON_OLDEST] = (struct tally){ 0, 0 };
	snapshot.depth = snapshot.held = (struct tally){ 100000, 900000 };
	snapshot.until_empty_ns = snapshot.until_full_ns = NS_PER_S;
	snapshot.interval = (struct interval){ .ns = 2 * NS_PER_S, .in = { 3200000, 24200000 },
		.out = { 3000000, 22400000 }, .waited_ns = { 100 * NS_PER_MS, 1880 * NS_PER_MS, 20 * NS_PER_MS } };
	is_text(line(), "weir: 17:30:00 in 1600000 (1.6M/s 12.1 MB/s), out 1500000 (1.5M/s 11.2 MB/s), buffer 86%, "
	    "output 94%\n", "the time of day, rates, the fill, the slow side");
	ok(strlen(line()) <= 100 + 1, "which 100 columns show");
	options.interval_ns = NS_PER_S / 2;
	ok(strstr(line(), "weir: 17:30:00.007 in ") != NULL, "finer where seconds would not tell them apart");
	options.format = FORMAT_JOURNAL;
	ok(strstr(line(), "weir: in 1600000 ") != NULL, "not for the journal, which has its own");
	options.format = FORMAT_TEXT;
	snapshot.event = REPORT_FINAL;
	ok(strstr(line(), "weir: 17:30:00.007 in ") != NULL, "the last one has it too,");
	options.reporting = false;
	ok(strstr(line(), "weir: in ") != NULL, "but not where it is the only one");
	snapshot.event = REPORT_INTERVAL;
	snapshot.interval.waited_ns[WAIT_OUTPUT] = NS_PER_S / 2;
	ok(strstr(line(), "busy 69%\n") != NULL, "or that there is none");
	snapshot.interval.waited_ns[WAIT_RATE] = NS_PER_S + 1;
	ok(strstr(line(), "rate 50%\n") != NULL, "or the rate");
	options.framing.kind = FRAMING_BYTES;
	ok(strstr(line(), "in 12.1 MB (12.1 MB/s), out 11.2 MB (11.2 MB/s), ") != NULL, "in bytes, no records");
}

#define RECENT "in 12000 (2.0k/s 204.0 kB/s), out 10000 (25/s 104 B/s), dropped 2000 (16.7%, oldest, 105/s), " \
	"not saved 6 records 600 B, 1 mark"

static void
text_that_is_asked_for(void)
{
	begin();
	snapshot.event = REPORT_INTERVAL;
	snapshot.ledger.marks = (struct tally){ 1, 50 };
	snapshot.unsaved = (struct tally){ 6, 600 };
	snapshot.held = snapshot.depth = (struct tally){ 14, 262144 };
	snapshot.held.bytes = 1400;
	snapshot.latency = (struct latency){ 1, 1, 1, 1, 1, 1, 0, 0 };
	snapshot.interval = (struct interval){ .ns = 2 * NS_PER_S, .in = { 4000, 408000 }, .out = { 50, 208 },
		.dropped = { 210, 212 }, .waited_ns = { 100 * NS_PER_MS, 1880 * NS_PER_MS, 20 * NS_PER_MS },
		.latency = { 50, 900, 1200000, 12300000, 123000000, 1200 * NS_PER_MS, 0, 0 } };
	snapshot.until_full_ns = 1500 * NS_PER_MS;
	snapshot.reports_skipped = 3;
	snapshot.unread_bytes = 1;
	is_text(line() + strlen("weir: "), RECENT ", buffer 25%, output 94%, p99 123ms, 3 reports skipped\n",
	    "every interval: what was lost in it, and its latency");
	snapshot.event = REPORT_SIGNAL;
	is_text(line() + strlen("weir: "), RECENT ", held 14 records 1.4 kB, 1 byte unread by the reader, buffer 25%, "
	    "full in 1.5s, output 94%, p99 123ms, 3 reports skipped, in 3.204s\n",
	    "when a signal asks, where everything is, and what will come");
	snapshot.event = REPORT_INTERVAL;
	snapshot.interval.dropped = (struct tally){ 0, 0 };
	ok(strstr(line(), "buffer 25%, full in 1.5s, output") != NULL, "a loss that is to come is said every interval,");
	options.policy = POLICY_BLOCK;
	ok(strstr(line(), "buffer 25%, output") != NULL, "where it is one");
	snapshot.event = REPORT_SIGNAL;
	snapshot.until_full_ns = SNAPSHOT_NEVER;
	snapshot.until_empty_ns = 90 * NS_PER_S;
	ok(strstr(line(), "buffer 25%, empty in 1.5min, output") != NULL, "or when it will be empty");
	snapshot.depth.records = 14;
	options.max_records = 20;
	ok(strstr(line(), "buffer 70%, ") != NULL, "the fill is the greater of bytes and records,");
	snapshot.depth.records = 21;
	ok(strstr(line(), "buffer 100%, ") != NULL, "at most full");
}

/* Of what was read by a reader that is still there, all may yet be. */
static void
text_of_unread(void)
{
	begin();
	snapshot.unread_bytes = 70;
	ok(strstr(line(), "unread") == NULL, "a reader may yet read");
	snapshot.reader_gone = true;
	ok(strstr(line(), ", 70 bytes unread by the reader, ") != NULL, "but not one that has gone");
	snapshot.event = REPORT_INTERVAL;
	snapshot.reader_gone = false;
	ok(strstr(line(), "unread") == NULL, "every interval it is no news");
	snapshot.unread_input_bytes = 1;
	ok(strstr(line(), "left in") == NULL, "nor is what still waits in the input");
	snapshot.event = REPORT_FINAL;
	ok(strstr(line(), ", 1 byte left in the input, ") != NULL, "but what weir has left there");
}

static bool
begins(const char *with)
{
	return strncmp(line(), with, strlen(with)) == 0;
}

static void
priorities(void)
{
	begin();
	options.format = FORMAT_JOURNAL;
	ok(begins("<4>weir: in 12000 "), "for the journal a loss is a warning");
	snapshot.event = REPORT_INTERVAL;
	ok(begins("<6>weir: "), "but of an earlier interval it is none");
	snapshot.interval.dropped = (struct tally){ 0, 1 };
	ok(begins("<6>weir: "), "what a sample leaves out is none either");
	snapshot.interval.lost = true;
	ok(begins("<4>weir: "), "of this one it is");
	snapshot.event = REPORT_FINAL;
	snapshot.ledger.dropped[REASON_OLDEST] = (struct tally){ 0, 0 };
	snapshot.ledger.dropped[REASON_SAMPLE] = (struct tally){ 2000, 200000 };
	ok(begins("<6>weir: "), "a sample is no loss");
	snapshot.exit_status = 1;
	ok(begins("<3>weir: "), "a failure is an error");
	snapshot.exit_status = 143;
	snapshot.exit_reason = "signal TERM";
	ok(begins("<6>weir: "), "to be stopped is none");
	snapshot.unread_bytes = 1;
	ok(begins("<6>weir: "), "nor is what may yet be read");
	snapshot.reader_gone = true;
	ok(begins("<4>weir: "), "what nobody will read is a loss");
	snapshot.reader_gone = false;
	snapshot.unsaved = (struct tally){ 0, 1 };
	ok(begins("<4>weir: "), "and so is what could not be saved");
	snapshot.ledger.undelivered = (struct tally){ 0, 1 };
	ok(begins("<3>weir: "), "and so is what was not delivered");
}

/* --- JSON ----------------------------------------------------------------------------------------- */

static void
json_of_all(void)
{
	begin();
	options.format = FORMAT_JSON;
	options.sample = (struct share){ 333, 500 };
	options.rated = true;
	options.rate = (struct rate){ 1, 2000000, false };
	options.sample_by = SAMPLE_BY_RANDOM;
	options.policing = true;
	options.police = (struct rate){ 1, 100, true };
	options.max_age_ns = 501;
	snapshot.ledger = (struct ledger){
		.in = { 145, 1450 }, .out = { 50, 500 }, .undelivered = { 25, 250 }, .peak = { 7, 77 },
		.dropped = { { 1, 10 }, { 2, 20 }, { 3, 30 }, { 4, 40 }, { 5, 50 }, { 6, 60 }, { 7, 70 }, { 8, 80 },
		    { 9, 90 }, { 10, 100 } }, .marks = { 5, 55 },
		.paused_count = 8, .paused_ns = 88, .waited_ns = { 11, 12, 13 },
		.pressure_count = 9, .pressure_ns = 99,
	};
	options.max_records = 1001;
	snapshot.held = (struct tally){ 15, 150 };
	snapshot.depth = (struct tally){ 14, 140 };
	snapshot.unsaved = (struct tally){ 6, 66 };
	snapshot.latency = (struct latency){ 50, 101, 102, 103, 104, 105, 0, 0 };
	snapshot.interval = (struct interval){ 2 * NS_PER_S, { 202, 204 }, { 206, 208 }, { 210, 212 }, 301, 302,
		{ 303, 304, 305 }, { 20, 106, 107, 108, 109, 110, 0, 0 }, true };
	snapshot.until_full_ns = 401;
	snapshot.until_empty_ns = 402;
	snapshot.reports_skipped = 403;
	snapshot.unread_known = snapshot.unread_input_known = true;
	snapshot.unread_bytes = 4096;
	snapshot.unread_input_bytes = 4097;
	snapshot.exit_status = 141;
	snapshot.exit_reason = "reader gone";
	snapshot.wall_ns = UINT64_C(1769860800) * NS_PER_S + 45 * NS_PER_MS;
	snapshot.pid = 502;
	snapshot.host = "a\"b";
	is_text(line(),
	    "{\"schema\":1,\"event\":\"final\",\"time\":\"2026-01-31T12:00:00.045Z\",\"name\":\"weir\",\"pid\":502,"
	    "\"host\":\"a\\\"b\",\"policy\":\"drop-oldest\",\"sample\":\"66.6%\","
	    "\"rate\":\"500/s\",\"sample_by\":\"random\",\"drop_over\":\"10000000B/s\",\"max_age_ns\":501,"
	    "\"framing\":\"lines\",\"elapsed_ns\":3204567890,"
	    "\"in\":{\"records\":145,\"bytes\":1450},\"out\":{\"records\":50,\"bytes\":500},"
	    "\"dropped\":{\"records\":55,\"bytes\":550,\"by\":{\"oldest\":{\"records\":1,\"bytes\":10},"
	    "\"newest\":{\"records\":2,\"bytes\":20},\"oversize\":{\"records\":3,\"bytes\":30},"
	    "\"sample\":{\"records\":4,\"bytes\":40},"
	    "\"superseded\":{\"records\":5,\"bytes\":50},"
	    "\"random\":{\"records\":6,\"bytes\":60},"
	    "\"shed\":{\"records\":7,\"bytes\":70},"
	    "\"codel\":{\"records\":8,\"bytes\":80},"
	    "\"over\":{\"records\":9,\"bytes\":90},"
	    "\"expired\":{\"records\":10,\"bytes\":100}}},"
	    "\"keep\":[],\"key\":{\"asked\":0,\"found\":0},\"top_keys\":[],"
	    "\"dropped_unsaved\":{\"records\":6,\"bytes\":66},\"marks\":{\"records\":5,\"bytes\":55},"
	    "\"held\":{\"records\":15,\"bytes\":150},\"undelivered\":{\"records\":25,\"bytes\":250},"
	    "\"buffer\":{\"capacity_bytes\":1048576,\"capacity_records\":1001,\"depth_bytes\":140,"
	    "\"depth_records\":14,\"peak_bytes\":77,\"peak_records\":7,\"high_bytes\":1048576,"
	    "\"low_bytes\":524288,\"until_full_ns\":401,\"until_empty_ns\":402},"
	    "\"paused\":{\"count\":8,\"ns\":88},\"pressure\":{\"count\":9,\"ns\":99},"
	    "\"waited_ns\":{\"input\":11,\"output\":12,\"rate\":13},"
	    "\"latency_ns\":{\"p50\":101,\"p90\":102,\"p95\":103,\"p99\":104,\"max\":105},"
	    "\"interval\":{\"ns\":2000000000,\"in_per_s\":{\"records\":101,\"bytes\":102},"
	    "\"out_per_s\":{\"records\":103,\"bytes\":104},\"dropped_per_s\":{\"records\":105,\"bytes\":106},"
	    "\"paused_ns\":301,\"pressure_ns\":302,\"waited_ns\":{\"input\":303,\"output\":304,\"rate\":305},"
	    "\"latency_ns\":{\"p50\":106,\"p90\":107,\"p95\":108,\"p99\":109,\"max\":110}},"
	    "\"reports_skipped\":403,\"unread_bytes\":4096,\"unread_input_bytes\":4097,\"exit\":{\"status\":141,\"reason\":\"reader gone\"}}\n",
	    "a number of its own at every key");
}

/* Each number is beyond 2^53, where a double or 32 bits would show. */
static void
json_of_much(void)
{
	const uint64_t much = (UINT64_C(1) << 53) + 1;
	char want[32];
	const char *text;
	unsigned found = 0;

	begin();
	options.format = FORMAT_JSON;
	options.buffer_bytes = options.high_bytes = options.low_bytes = much;
	snapshot.ledger = (struct ledger){
		.in = { much, much }, .out = { much, much }, .undelivered = { much, much }, .peak = { much, much },
		.dropped = { { much, much } },
		.paused_count = much, .paused_ns = much, .waited_ns = { much, much, much },
	};
	snapshot.held = (struct tally){ much, much };
	snapshot.elapsed_ns = much;
	snapshot.unread_known = true;
	snapshot.unread_bytes = much;
	(void)snprintf(want, sizeof(want), ":%" PRIu64, much);
	for (text = line(); (text = strstr(text, want)) != NULL; text++)
		found++;
	is(found, 24, "no number is cut");
	snapshot.unread_bytes = 0;
	ok(strstr(line(), "\"unread_bytes\":0,") != NULL, "that nothing is unread is known");
}

static void
json_of_nothing(void)
{
	begin();
	options.format = FORMAT_JSON;
	options.policy = POLICY_BLOCK;
	options.framing.kind = FRAMING_NULL;
	options.name = "a \"b\" \\c %s";
	snapshot.event = REPORT_SIGNAL;
	snapshot.ledger = (struct ledger){ .in = { 0, 0 } };
	snapshot.elapsed_ns = 0;
	is_text(line(),
	    "{\"schema\":1,\"event\":\"signal\",\"time\":\"1970-01-01T00:00:00.000Z\","
	    "\"name\":\"a \\\"b\\\" \\\\c %s\",\"pid\":0,\"host\":null,\"policy\":\"block\","
	    "\"sample\":\"1\",\"rate\":null,\"sample_by\":\"count\",\"drop_over\":null,\"max_age_ns\":null,"
	    "\"framing\":\"null\",\"elapsed_ns\":0,"
	    "\"in\":{\"records\":0,\"bytes\":0},\"out\":{\"records\":0,\"bytes\":0},"
	    "\"dropped\":{\"records\":0,\"bytes\":0,\"by\":{\"oldest\":{\"records\":0,\"bytes\":0},"
	    "\"newest\":{\"records\":0,\"bytes\":0},\"oversize\":{\"records\":0,\"bytes\":0},"
	    "\"sample\":{\"records\":0,\"bytes\":0},"
	    "\"superseded\":{\"records\":0,\"bytes\":0},"
	    "\"random\":{\"records\":0,\"bytes\":0},"
	    "\"shed\":{\"records\":0,\"bytes\":0},"
	    "\"codel\":{\"records\":0,\"bytes\":0},"
	    "\"over\":{\"records\":0,\"bytes\":0},"
	    "\"expired\":{\"records\":0,\"bytes\":0}}},"
	    "\"keep\":[],\"key\":{\"asked\":0,\"found\":0},\"top_keys\":[],"
	    "\"dropped_unsaved\":{\"records\":0,\"bytes\":0},\"marks\":{\"records\":0,\"bytes\":0},"
	    "\"held\":{\"records\":0,\"bytes\":0},\"undelivered\":{\"records\":0,\"bytes\":0},"
	    "\"buffer\":{\"capacity_bytes\":1048576,\"capacity_records\":null,\"depth_bytes\":0,"
	    "\"depth_records\":0,\"peak_bytes\":0,\"peak_records\":0,\"high_bytes\":1048576,"
	    "\"low_bytes\":524288,\"until_full_ns\":null,\"until_empty_ns\":null},"
	    "\"paused\":{\"count\":0,\"ns\":0},\"pressure\":{\"count\":0,\"ns\":0},"
	    "\"waited_ns\":{\"input\":0,\"output\":0,\"rate\":0},"
	    "\"latency_ns\":{\"p50\":null,\"p90\":null,\"p95\":null,\"p99\":null,\"max\":null},"
	    "\"interval\":{\"ns\":0,\"in_per_s\":{\"records\":0,\"bytes\":0},"
	    "\"out_per_s\":{\"records\":0,\"bytes\":0},\"dropped_per_s\":{\"records\":0,\"bytes\":0},"
	    "\"paused_ns\":0,\"pressure_ns\":0,\"waited_ns\":{\"input\":0,\"output\":0,\"rate\":0},"
	    "\"latency_ns\":{\"p50\":null,\"p90\":null,\"p95\":null,\"p99\":null,\"max\":null}},"
	    "\"reports_skipped\":0,\"unread_bytes\":null,\"unread_input_bytes\":null,\"exit\":{\"status\":null,\"reason\":null}}\n",
	    "every key is there; quotes and backslashes in the name are escaped");
	options.framing.kind = FRAMING_FIXED;
	ok(strstr(line(), "\"framing\":\"fixed\"") != NULL, "framing by its name");
	options.rated = true;
	options.rate = (struct rate){ 1, 100, true };
	ok(strstr(line(), "\"rate\":\"10000000B/s\"") != NULL, "a rate in bytes");
	options.sample = (struct share){ 1, 10 };
	ok(strstr(line(), "\"sample\":\"10\"") != NULL, "one in ten");
}

/* --- whose -------------------------------------------------------------------------------------------- */

static struct keep *
patterns(const char *const regex[], unsigned count)
{
	struct keep *keep = keep_new();
	char error[PATTERN_ERROR_MOST];

	must(keep != NULL);
	for (unsigned i = 0; i < count; i++)
		(void)keep_add(keep, regex[i], error); /* not without PCRE2 */
	return keep;
}

#ifdef HAVE_PCRE2
static void
kept(void)
{
	static const char *const regex[] = { "A\"\\d", "\t" };

	begin();
	options.keep = patterns(regex, 2);
	snapshot.ledger.dropped_class[0] = (struct tally){ 70, 71 };
	snapshot.ledger.dropped_class[1] = (struct tally){ 72, 73 };
	snapshot.ledger.dropped_class[2] = (struct tally){ 1, 74 };
	snapshot.keep_looks[2] = (struct looks){ 5, 3 };
	ok(strstr(line(), "matched nothing") == NULL, "a pattern that was not asked has not failed");
	snapshot.keep_looks[1] = (struct looks){ 2, 0 };
	ok(strstr(line(), ", --keep=\\011 matched nothing, in") != NULL, "one that was, and matched nothing, is named");
	snapshot.event = REPORT_INTERVAL;
	ok(strstr(line(), "matched nothing") == NULL, "only at the end");
	snapshot.event = REPORT_FINAL;
	snapshot.keep_looks[1] = (struct looks){ 0, 0 };
	ok(strstr(line(), "(16.7%, oldest), of them A\"\\d 1, \\011 72, in") != NULL, "by pattern, the first one first");
	options.format = FORMAT_JSON;
	ok(strstr(line(), "\"keep\":[{\"pattern\":\"A\\\"\\\\d\",\"asked\":5,\"matched\":3,\"dropped\":{\"records\":1,\"bytes\":74}},"
	    "{\"pattern\":\"\\\\011\",\"asked\":0,\"matched\":0,\"dropped\":{\"records\":72,\"bytes\":73}}],") != NULL,
	    "and so in JSON, with escapes escaped");
	options.format = FORMAT_TEXT;
	snapshot.ledger.dropped[REASON_OLDEST] = (struct tally){ 0, 0 };
	ok(strstr(line(), "dropped 0, in") != NULL, "where nothing was dropped there is nothing to say");
	keep_free(options.keep);
}
#endif

static void
keys(void)
{
	struct top *top = top_new(3);

	must(top != NULL);
	begin();
	options.top_keys = 3;
	snapshot.top = top;
	top_count(top, "a\"\\\0\n\377 ", 7, 5);
	top_count(top, NULL, 0, 4);
	top_count(top, "b", 1, 3);
	top_count(top, "c", 1, 2);
	ok(strstr(line(), "(16.7%, oldest), most of a\"\\\\000\\012\\377  5, \"\" 4, b 3, in") != NULL,
	    "the keys that lost most, as many as are wanted");
	options.format = FORMAT_JSON;
	ok(strstr(line(), "\"top_keys\":[{\"key\":\"a\\\"\\\\\\\\000\\\\012\\\\377 \",\"dropped\":5,\"error\":0},"
	    "{\"key\":\"\",\"dropped\":4,\"error\":0},{\"key\":\"b\",\"dropped\":3,\"error\":0}],") != NULL,
	    "and so in JSON, with escapes escaped");
	snapshot.event = REPORT_INTERVAL;
	ok(strstr(line(), "\"top_keys\":[],") != NULL, "not before the end");
	top_free(top);
}

static void
unsure_keys(void)
{
	struct top *top = top_new(1);

	must(top != NULL);
	begin();
	options.top_keys = 1;
	snapshot.top = top;
	for (unsigned i = 1; i <= 256; i++)
		top_count(top, (char[]){ 'k', (char)i }, 2, 2);
	top_count(top, "late", 4, 3);
	ok(strstr(line(), ", most of late 3 to 5, in") != NULL, "a count that may be too high says by how much");
	top_free(top);
}

/* --- the longest there is ------------------------------------------------------------------------- */

static void
longest(void)
{
	static char name[OPTIONS_NAME_MOST + 1], regex[201], key[TOP_KEY_MOST];
	const char *const regexes[KEEP_MOST] = { regex, regex, regex, regex, regex, regex, regex, regex,
		regex, regex, regex, regex, regex, regex, regex, regex };
	const struct tally most = { UINT64_MAX, UINT64_MAX };
	struct top *top = top_new(TOP_WANTED_MOST);
	const char *end;

	must(top != NULL);
	begin();
	memset(regex, '\001', sizeof(regex) - 1);
	options.keep = patterns(regexes, KEEP_MOST);
	options.top_keys = TOP_WANTED_MOST;
	memset(key, '\001', sizeof(key));
	for (unsigned i = 0; i < 2000; i++) { /* so many that counts are not sure */
		key[0] = (char)(1 + i % 8);
		key[1] = (char)(1 + i / 8 % 8);
		key[2] = (char)(1 + i / 64 % 8);
		top_count(top, key, sizeof(key), UINT64_MAX / 3000);
	}
	snapshot.top = top;
	memset(name, '"', OPTIONS_NAME_MOST);
	options.name = name;
	options.sample = (struct share){ 33333333333, 100000000000 };
	options.rated = true;
	options.rate = (struct rate){ UNITS_AMOUNT_MAX - 1, UNITS_PERIOD_MAX_NS, true };
	options.buffer_bytes = options.high_bytes = options.low_bytes = UINT64_MAX;
	snapshot.ledger = (struct ledger){ .in = most, .out = most, .undelivered = most, .peak = most,
		.dropped = { most, most, most, most, most, most, most, most, most, most }, .paused_count = UINT64_MAX, .paused_ns = UINT64_MAX,
		.waited_ns = { UINT64_MAX, UINT64_MAX, UINT64_MAX } };
	for (unsigned i = 0; i < CLASSES; i++)
		snapshot.ledger.dropped_class[i] = most;
	options.policing = true;
	options.police = options.rate;
	options.max_age_ns = UINT64_MAX;
	options.sample_by = SAMPLE_BY_RANDOM;
	snapshot.ledger.marks = snapshot.held = snapshot.depth = snapshot.unsaved = most;
	snapshot.ledger.pressure_count = snapshot.ledger.pressure_ns = snapshot.reports_skipped = UINT64_MAX;
	snapshot.latency = (struct latency){ UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, 0, 0 };
	snapshot.interval = (struct interval){ NS_PER_S, most, most, most, UINT64_MAX, UINT64_MAX,
		{ UINT64_MAX, UINT64_MAX, UINT64_MAX }, snapshot.latency, true };
	snapshot.until_full_ns = snapshot.until_empty_ns = UINT64_MAX - 1;
	options.max_records = UINT64_MAX - 1;
	snapshot.elapsed_ns = UINT64_MAX;
	snapshot.unread_known = true;
	snapshot.unread_bytes = UINT64_MAX;
	snapshot.exit_status = -2147483647;
	end = line() + strlen(line());
	ok(strlen(line()) < REPORT_MOST - 600 && end[-1] == '\n', "the longest text fits, with room to spare");
	options.format = FORMAT_JSON;
	diag("%zu bytes", strlen(line()));
	ok(strlen(line()) < REPORT_MOST - 600, "and so does the longest JSON");
	end = line() + strlen(line());
	ok(end[-1] == '\n' && end[-2] == '}' && end[-3] == '}', "which is complete");
	keep_free(options.keep);
	top_free(top);
}

int
main(void)
{
	if (setenv("TZ", "here-5:30", 1) < 0)
		abort();
	tzset();
	text();
	text_of_all();
	text_of_shares();
	text_of_an_interval();
	text_that_is_asked_for();
	text_of_unread();
	priorities();
	text_of_little();
	text_of_bytes();
	json_of_all();
	json_of_much();
	json_of_nothing();
#ifdef HAVE_PCRE2
	kept();
#endif
	keys();
	unsure_keys();
	longest();
	return done_testing();
}
