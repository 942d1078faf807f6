/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers of a weir as figures: what is missing, wrong, or not printable. */
#include "../tap.h"

#include "ctl/told.h"

static struct told told;

static bool
reads(const char *text)
{
	struct tree *report = tree_read(text, strlen(text));
	const bool good = report != NULL && told_read(&told, report);

	tree_free(report);
	return good;
}

static void
report(void)
{
	ok(reads("{\"name\":\"shop\",\"elapsed_ns\":5,\"policy\":\"shed\",\"rate\":\"5/s\",\"framing\":\"lines\","
	    "\"in\":{\"records\":10,\"bytes\":100},\"out\":{\"records\":4,\"bytes\":40},\"held\":{\"records\":1,\"bytes\":10},"
	    "\"dropped\":{\"records\":5,\"bytes\":50,\"by\":{\"sample\":{\"records\":2,\"bytes\":20}}},"
	    "\"buffer\":{\"capacity_bytes\":1000,\"capacity_records\":null,\"depth_bytes\":10,\"depth_records\":1,\"oldest_ns\":7},"
	    "\"waited_ns\":{\"input\":1,\"output\":2,\"rate\":3},\"spool\":null,"
	    "\"reader\":{\"command\":\"cat\",\"breaker\":{\"open\":true}}}"), "a report");
	is_text(told.name, "shop", "name");
	is_text(told.policy, "shed", "policy");
	is_text(told.rate, "5/s", "rate");
	is_text(told.command, "cat", "command");
	ok(!told.bytes, "records are lines");
	is(told.elapsed_ns, 5, "elapsed");
	is(told.in.records, 10, "in");
	is(told.out.bytes, 40, "out");
	is(told.held.records, 1, "held");
	is(told.sampled.records, 2, "left out by choice");
	is(told.lost.records, 3, "and lost: the rest");
	is(told.lost.bytes, 30, "in bytes as well");
	is(told.capacity.bytes, 1000, "room");
	ok(told.capacity.records == TOLD_UNKNOWN, "without a bound on records");
	is(told.oldest_ns, 7, "age of the oldest");
	is(told.waited_ns[WAIT_INPUT] + 10 * told.waited_ns[WAIT_OUTPUT] + 100 * told.waited_ns[WAIT_RATE], 321, "waits");
	is(told.breaker, TOLD_OPEN, "the breaker");
}

static void
others(void)
{
	ok(reads("{\"name\":\"a\",\"elapsed_ns\":1}"), "a report with less");
	is(told.breaker, TOLD_NO_BREAKER, "no reader, no breaker");
	ok(told.oldest_ns == TOLD_UNKNOWN && told.capacity.bytes == TOLD_UNKNOWN, "what is not there is not known");
	ok(reads("{\"name\":\"a\",\"elapsed_ns\":1,\"framing\":\"bytes\",\"reader\":{\"breaker\":{\"open\":false}},"
	    "\"buffer\":{\"capacity_bytes\":10,\"depth_bytes\":5,\"oldest_ns\":7},"
	    "\"spool\":{\"capacity_bytes\":1000,\"bytes\":500,\"oldest_ns\":9}}"), "a spool");
	is(told.capacity.bytes, 1000, "its room is the spool's");
	is(told.depth.bytes, 500, "and so is what is in it");
	is(told.oldest_ns, 9, "and the age");
	is(told.breaker, TOLD_CLOSED, "a breaker that is closed");
	ok(told.bytes, "bytes");
	ok(reads("{\"name\":\"\\u001b[2Ja\\\\b\",\"elapsed_ns\":1}"), "a name with an escape in it");
	is_text(told.name, "\\033[2Ja\\b", "is shown");
	ok(reads("{\"name\":\"a\",\"elapsed_ns\":1,\"in\":{\"records\":-1,\"bytes\":1.5}}"), "numbers that are none");
	is(told.in.records + told.in.bytes, 0, "are none");
	ok(!reads("{\"name\":\"a\"}") && !reads("{\"elapsed_ns\":1}") && !reads("[1]") && !reads("{") && !reads("") &&
	    !reads("{\"name\":\"a\",\"elapsed_ns\":99999999999999999999}") && !reads("{\"ok\":true}"), "what is no report");
}

static bool
is_error(const char *text, char *error, size_t size)
{
	return told_error(error, size, text, strlen(text));
}

static void
errors(void)
{
	char error[16];

	ok(is_error("{\"error\":\"no\\n\"}", error, sizeof(error)), "an error");
	is_text(error, "no\\012", "printable");
	ok(is_error("{\"error\":\"a text that is long\"}", error, sizeof(error)), "one that is long");
	is(strlen(error), sizeof(error) - 1, "is cut");
	ok(!is_error("{\"ok\":true}", error, sizeof(error)) && !is_error("nothing", error, sizeof(error)) &&
	    !is_error("{\"a\":\"error\"}", error, sizeof(error)), "what is none");
}

int
main(void)
{
	if (!tree_is_possible()) {
		puts("1..0 # SKIP " TREE_IMPOSSIBLE);
		return 0;
	}
	report();
	others();
	errors();
	return done_testing();
}
