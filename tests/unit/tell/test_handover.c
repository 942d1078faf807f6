/* SPDX-License-Identifier: BSD-2-Clause */
/* What people are told of the reader, as exact strings. */
#include "../report.h"

#include <time.h>

/* What follows the first line; without a reader that is nothing. */
static const char *
below(void)
{
	return strchr(line(), '\n') + 1;
}

static void
nobody(void)
{
	begin();
	is_text(below(), "", "where nothing is asked of a reader nothing is told of one");
	snapshot.has_reader = true;
	snapshot.reader = (struct reader_figures){ .confirm = "written", .phase = READER_RUNNING,
		.next_try_ns = UINT64_MAX, .status = -1 };
	is_text(below(), "", "nor where there is nothing to tell,");
	snapshot.ledger.added_bytes = 588900;
	is_text(below(), "weir: reader: numbers 0.6 MB\n", "but by what the output is longer than the records are");
	snapshot.event = REPORT_INTERVAL;
	is_text(below(), "", "is no news");
}

static void
well(void)
{
	begin();
	hand_over("/usr/local/bin/load");
	is_text(below(), "weir: reader load, --confirm=exit\n", "a run in which all went well, and nothing came");
	snapshot.reader.batches = 24;
	snapshot.reader.starts = 24;
	snapshot.reader.status = 0;
	is_text(below(), "weir: reader load, --confirm=exit: 24 batches\n", "or something did");
	options.reader.batching = false;
	snapshot.reader.starts = snapshot.reader.batches = 1;
	is_text(below(), "weir: reader load, --confirm=exit: 1 batch\n", "to be started once is nothing by nature,");
	snapshot.reader.batches = 0;
	snapshot.reader.starts = 3;
	is_text(below(), "weir: reader load, --confirm=exit: 3 starts\n", "to be started again is not");
	snapshot.reader.starts = 1;
	snapshot.reader.command = "sort";
	snapshot.reader.confirm = "written";
	snapshot.reader.fell_back = true;
	is_text(below(), "weir: reader sort, --confirm=written (what is read cannot be told)\n",
	    "a confirmation that nobody chose");
	snapshot.event = REPORT_INTERVAL;
	is_text(below(), "", "every interval all that is no news");
}

static void
ill(void)
{
	begin();
	hand_over("/usr/local/bin/load");
	snapshot.ledger.redelivered = (struct tally){ 1000, 100000 };
	snapshot.reader.batches = 24;
	snapshot.reader.failures = 2;
	snapshot.reader.tries = 2;
	is_text(below(), "weir: reader load, --confirm=exit: 24 batches, redelivered 1000 records 0.1 MB, 2 failures\n",
	    "the example of handover.h: what failed, and what that has cost");
	snapshot.reader.status = 75;
	snapshot.reader.ignored = 1;
	snapshot.reader.opened = 2;
	snapshot.reader.open_ns = 60 * NS_PER_S;
	snapshot.ledger.added_bytes = 700;
	is_text(below(),
	    "weir: reader load, --confirm=exit: 24 batches, redelivered 1000 records 0.1 MB, 2 failures\n"
	    "weir: reader: last status 75, 1 answer ignored, breaker opened 2 times for 1.0min, numbers 700 B\n",
	    "what 100 columns do not show goes into another line");
	options.reporting = true;
	options.interval_ns = NS_PER_S;
	snapshot.wall_ns = UINT64_C(1769860800) * NS_PER_S;
	options.name = "two";
	for (const char *text = below(); *text != '\0'; text = strchr(text, '\n') + 1) {
		ok(strncmp(text, "two: 17:30:00 reader", 20) == 0, "each line has the name, and the time of day,");
		ok(strcspn(text, "\n") <= 100, "and no more columns");
	}
}

/* While it goes on: what is with the reader now, and what it is waited for with. */
static void
under_way(void)
{
	begin();
	hand_over("/usr/local/bin/load");
	snapshot.reader.batches = 24;
	snapshot.reader.failures = 2;
	snapshot.event = REPORT_INTERVAL;
	is_text(below(), "", "nothing is");
	snapshot.in_flight = (struct tally){ 500, 100000 };
	is_text(below(), "weir: reader load, --confirm=exit: in flight 500 records 0.1 MB\n", "a batch is");
	options.framing.kind = FRAMING_BYTES;
	is_text(below(), "weir: reader load, --confirm=exit: in flight 0.1 MB\n", "or bytes");
	options.framing.kind = FRAMING_LINES;
	snapshot.reader.tries = 1;
	is_text(below(), "weir: reader load, --confirm=exit: in flight 500 records 0.1 MB, 1 try failed\n",
	    "it has failed once, and is tried again");
	snapshot.reader.tries = 3;
	snapshot.reader.next_try_ns = 4100 * NS_PER_MS;
	is_text(below(), "weir: reader load, --confirm=exit: in flight 500 records 0.1 MB, 3 tries failed, next in 4.1s\n",
	    "or will be");
	snapshot.reader.open = true;
	snapshot.reader.open_for_ns = 12300 * NS_PER_MS;
	snapshot.reader.opened = 1;
	is_text(below(), "weir: reader load, --confirm=exit: in flight 500 records 0.1 MB, breaker open for 12.3s\n"
	    "weir: reader: 3 tries failed, next in 4.1s\n", "the breaker");
	snapshot.event = REPORT_SIGNAL;
	is_text(below(), "weir: reader load, --confirm=exit: in flight 500 records 0.1 MB, breaker open for 12.3s\n"
	    "weir: reader: 3 tries failed, next in 4.1s, 24 batches, 2 failures, breaker opened 1 time for 0ns\n",
	    "who asks by a signal has all of it");
	snapshot.event = REPORT_FINAL;
	snapshot.in_flight = (struct tally){ 0, 0 };
	is_text(below(), "weir: reader load, --confirm=exit: 24 batches, 2 failures, breaker opened 1 time for 0ns\n",
	    "at the end nothing is under way");
	snapshot.event = REPORT_INTERVAL;
	snapshot.reader.open = false;
	snapshot.reader.tries = 0;
	is_text(below(), "weir: reader load, --confirm=exit: try failed, next in 4.1s\n",
	    "a reader that has nothing in flight fails, too");
}

static void
names(void)
{
	begin();
	hand_over("/usr/local/bin/load");
	snapshot.reader.command = "./with a \033 and a name that is longer than most are";
	is_text(below(), "weir: reader with a \\033 and a name t, --confirm=exit\n", "of a long one what finds room, shown as it may be");
	snapshot.reader.command = "odd/";
	is_text(below(), "weir: reader odd/, --confirm=exit\n", "a path without a last part");
	snapshot.reader.command = NULL;
	options.reader.confirm = CONFIRM_UPTO;
	snapshot.reader.confirm = "upto";
	is_text(below(), "weir: reader, --confirm=upto\n", "one that weir does not start");
}

static void
for_the_journal(void)
{
	begin();
	hand_over("/usr/local/bin/load");
	options.format = FORMAT_JOURNAL;
	is_text(below(), "<4>weir: reader load, --confirm=exit\n", "each line has the priority");
}

int
main(void)
{
	if (setenv("TZ", "here-5:30", 1) < 0)
		abort();
	tzset();
	nobody();
	well();
	ill();
	under_way();
	names();
	for_the_journal();
	return done_testing();
}
