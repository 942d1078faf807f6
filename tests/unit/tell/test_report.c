/* SPDX-License-Identifier: BSD-2-Clause */
/* What all forms have in common, and which is used.  What each says: test_text.c, test_json.c. */
#include "../report.h"

#include <time.h>

/* --- text ----------------------------------------------------------------------------------------- */

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
	hand_over("sort");
	ok(strstr(line(), "\n<3>weir: reader sort") != NULL, "each line has it");
}

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
	snapshot.ledger.sent = snapshot.ledger.redelivered = snapshot.in_flight = most;
	snapshot.ledger.added_bytes = UINT64_MAX;
	hand_over(regex);
	snapshot.reader = (struct reader_figures){ .command = regex, .confirm = "written", .phase = READER_FINISHING,
		.running = UINT64_MAX, .starts = UINT64_MAX, .failures = UINT64_MAX, .tries = UINT64_MAX,
		.next_try_ns = UINT64_MAX - 1, .ignored = UINT64_MAX, .open = true, .opened = UINT64_MAX,
		.open_ns = UINT64_MAX, .status = 255, .batches = UINT64_MAX };
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
	priorities();
	longest();
	return done_testing();
}
