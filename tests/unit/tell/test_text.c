/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports for people as exact strings: what scripts read all the same must not change by accident. */
#include "../report.h"

#include <time.h>

static void
plain(void)
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
all(void)
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
little(void)
{
	begin();
	options.policy = POLICY_BLOCK;
	snapshot.ledger = (struct ledger){ .in = { 0, 50 }, .paused_ns = UINT64_C(61034999999) };
	snapshot.held = (struct tally){ 0, 50 };
	snapshot.elapsed_ns = UINT64_C(62004999999);
	snapshot.event = REPORT_SIGNAL;
	is_text(line(), "weir: in 0 (0/s), out 0 (0/s 0 B/s), held 0 records 50 B, buffer 0%, "
	    "paused 61.034s in 62.004s\n", "a record without its end is held; milliseconds have three places");
	snapshot.event = REPORT_FINAL;
	snapshot.ledger.undelivered = snapshot.held;
	snapshot.held = (struct tally){ 0, 0 };
	is_text(line(), "weir: in 0 records 50 B, out 0, undelivered 0 records 50 B, paused 61.034s in 62.004s\n",
	    "or undelivered");
	snapshot.ledger.halted_count = 1;
	snapshot.ledger.halted_ns = UINT64_C(2034999999);
	is_text(line(), "weir: in 0 records 50 B, out 0, undelivered 0 records 50 B, halted 2.034s, paused 61.034s in 62.004s\n",
	    "for how long nothing was to leave, where that was so");
	snapshot.ledger.out = (struct tally){ 0, 20 };
	ok(strstr(line(), ", out 0 records 20 B, ") != NULL, "or out in part");
	options.policy = POLICY_DROP_OLDEST;
	snapshot.ledger.dropped[REASON_OVERSIZE] = (struct tally){ 0, 1300000 };
	ok(strstr(line(), ", dropped part of a record (1.3 MB, oversize), ") != NULL, "or dropped");
}

static void
bytes(void)
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
shares(void)
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
		{ { 1, 5000 }, { 1000000, 6000000 }, "(under 0.1%, of bytes 0.1%, " },
		{ { 1, 200 }, { 1000000, 7000000 }, "(under 0.1%, oldest" },
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
an_interval(void)
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
	is_text(line(), "weir: 17:30:00 in 1.6M (1.6M/s), out 1.5M (1.5M/s 11.2 MB/s), buffer 86%, "
	    "output 94%\n", "the time of day, rates, the fill, the slow side");
	ok(strlen(line()) <= 100 + 1, "which 100 columns show");
	snapshot.ledger.in.records = 999999;
	snapshot.ledger.out.records = 989999;
	snapshot.interval.latency = (struct latency){ .count = 1, .p99_ns = 169 * NS_PER_MS };
	ok(strstr(line(), "in 999999 (1.6M/s), out 989999 (1.5M/s 11.2 MB/s)") != NULL && strlen(line()) <= 100 + 1,
	    "and the latency, too, of nearly a million records");
	snapshot.ledger.in.records = 312548000;
	ok(strstr(line(), "in 312M (1.6M/s), out 989999") != NULL && strlen(line()) <= 100 + 1, "and of many more");
	snapshot.ledger.in.records = 1600000;
	snapshot.ledger.out.records = 1500000;
	snapshot.interval.latency = (struct latency){ 0 };
	options.interval_ns = NS_PER_S / 2;
	ok(strstr(line(), "weir: 17:30:00.007 in ") != NULL, "finer where seconds would not tell them apart");
	options.format = FORMAT_JOURNAL;
	ok(strstr(line(), "weir: in 1.6M ") != NULL, "not for the journal, which has its own");
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

#define RECENT "in 12000 (2.0k/s), out 10000 (25/s 104 B/s), dropped 2000 (16.7%, oldest, 105/s), " \
	"not saved 6 records 600 B, 1 mark"

static void
asked_for(void)
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
unread(void)
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

int
main(void)
{
	if (setenv("TZ", "here-5:30", 1) < 0)
		abort();
	tzset();
	plain();
	all();
	shares();
	an_interval();
	asked_for();
	unread();
	little();
	bytes();
#ifdef HAVE_PCRE2
	kept();
#endif
	keys();
	unsure_keys();
	return done_testing();
}
