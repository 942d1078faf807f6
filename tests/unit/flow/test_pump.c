/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pass by pass, between two pipes of which the test holds the other ends, by a clock that the test sets.
 */
#include "../tap.h"

#include "../pipe.h"
#include "../random.h"
#include "flow/pump.h"
#include "flow/replan.h"
#include "flow/steered.h"

#include <errno.h>

#define MS NS_PER_MS
#define ARGUMENTS_MOST 16
#define STREAM_MOST ((size_t)1 << 20)

/* When the clock of the tests begins. */
#ifndef EPOCH_NS
#define EPOCH_NS NS_PER_S
#endif

struct rig {
	char words[2][128]; /* by turns: getopt keeps a pointer into the last one */
	unsigned turn;
	struct options options;
	struct pump pump;
	struct sojourn *sojourn;
	struct marks *marks;
	uint64_t now;
	int writer;
	int reader;
	char sent[STREAM_MOST];
	size_t sent_length;
	char got[STREAM_MOST];
	size_t got_length;
};

static struct rig rig;

/* A pump for this command line, on this input or else on a pipe. */
static void
begin_on(const char *command_line, int input_fd)
{
	char *argv[ARGUMENTS_MOST];
	char *words = rig.words[++rig.turn % 2];
	int argc = 0, in[2] = { input_fd, -1 }, out[2];
	struct io_port input, output;

	memset(rig.words, '\0', sizeof(rig.words));
	(void)snprintf(words, sizeof(rig.words[0]), "weir %s", command_line);
	for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	must(options_parse(argc, argv, &rig.options) == OPTIONS_RUN);
	must(pipe(out) == 0 && (input_fd >= 0 || pipe(in) == 0));
	rig.writer = in[1];
	rig.reader = out[0];
	rig.now = EPOCH_NS;
	rig.sent_length = rig.got_length = 0;
	io_open_input(&input, in[0]);
	pipe_find_way(&input);
	io_open_output(&output, out[1]);
	must(pump_init(&rig.pump, &rig.options, &input, &output, rig.now) == 0);
	must((rig.sojourn = sojourn_new()) != NULL);
	rig.marks = NULL;
	if (options_mark(&rig.options)) {
		const struct mark_style style = { .pattern = rig.options.mark_template, .name = "weir", .delimiter = '\n',
			.repeated = rig.options.repeated_template };
		must((rig.marks = marks_new(4096, &style)) != NULL);
	}
	pump_observe(&rig.pump, rig.sojourn, rig.marks, NULL, NULL);
}

static void
begin(const char *command_line)
{
	begin_on(command_line, -1);
}

static void
end_input(void)
{
	(void)close(rig.writer);
	rig.writer = -1;
}

static void
finish(void)
{
	queue_check(&rig.pump.queue);
	(void)io_close(&rig.pump.input_port);
	(void)io_close(&rig.pump.outlet.port);
	(void)close(rig.reader);
	if (rig.writer >= 0)
		end_input();
	pump_free(&rig.pump);
	options_free(&rig.options);
	marks_free(rig.marks);
	sojourn_free(rig.sojourn);
}

static void
feed(const char *text)
{
	must(write(rig.writer, text, strlen(text)) == (ssize_t)strlen(text));
}

/* Lines with their numbers, of eight bytes each. */
static void
feed_lines(unsigned first, unsigned last)
{
	static char text[65536];
	size_t length = 0;

	for (unsigned i = first; i <= last; i++, length += 8)
		(void)snprintf(text + length, 9, "%07u\n", i);
	must(write(rig.writer, text, length) == (ssize_t)length);
}

/* As the run does: what poll would say, then a pass. */
static void
pass(void)
{
	if (pipe_ready(rig.pump.input_port.fd, POLLIN | POLLHUP))
		rig.pump.input_waits = false;
	pump_pass(&rig.pump, rig.now);
}

static const char *
read_all(void)
{
	size_t length = pipe_drain(rig.reader, rig.got, STREAM_MOST - 1);

	rig.got[length] = '\0';
	return rig.got;
}

static const struct ledger *
books(void)
{
	return &rig.pump.ledger;
}

static uint64_t
held(void)
{
	return queue_held(&rig.pump.queue).bytes;
}

static bool
is_balanced(void)
{
	return ledger_balances(books(), queue_held(&rig.pump.queue));
}

/* --- through -------------------------------------------------------------------------------------- */

static void
passes_on(void)
{
	begin("-q");
	pass();
	ok(rig.pump.input_waits && rig.pump.output == OUTLET_EMPTY, "nothing is there");
	ok(pump_wants_input(&rig.pump) && !pump_done(&rig.pump), "but there may be");
	is(pump_deadline_ns(&rig.pump), UINT64_MAX, "however long it takes");
	feed("one\ntwo\nprompt> ");
	pass();
	is_text(read_all(), "one\ntwo\nprompt> ", "what comes goes on, a prompt too");
	ok(books()->in.records == 2 && books()->out.records == 2 && is_balanced(), "records are counted");
	end_input();
	pass();
	ok(pump_done(&rig.pump) && rig.pump.input == PUMP_ENDED, "the end comes through");
	ok(books()->in.records == 3 && books()->out.records == 3 && is_balanced(),
	    "and makes a record of what has no delimiter");
	finish();
}

static void
ends_without_delimiter(void)
{
	static const char *const command_lines[] = { "-q", "-s 1/1", "-p drop-oldest", "-L 1000000/s",
		"-s 100%" };

	for (size_t i = 0; i < sizeof(command_lines) / sizeof(command_lines[0]); i++) {
		begin(command_lines[i]);
		feed("a\nb");
		end_input();
		for (int passes = 0; passes < 9 && !pump_done(&rig.pump); passes++, rig.now += MS)
			pass();
		is_text(read_all(), "a\nb", "weir %s: the last record goes out as it came", command_lines[i]);
		ok(books()->out.records == 2 && is_balanced(), "and is counted");
		finish();
	}
}

static void
samples(void)
{
	begin("-s 3");
	feed("1\n2\n3\n4\n5\n6\n7\n8");
	end_input();
	for (int i = 0; i < 3; i++)
		pass();
	is_text(read_all(), "1\n4\n7\n", "one in three");
	ok(books()->in.records == 8 && books()->dropped[REASON_SAMPLE].records == 5 && is_balanced(),
	    "and the others are counted");
	finish();
}

/* --- patience ------------------------------------------------------------------------------------- */

/* Of what comes last the output takes half. */
static void
feed_more_than_fits(void)
{
	feed_lines(1, 4000);
	pass();
	feed_lines(1, 8000);
	pass();
}

/* Not while less than half a read is held, and less than half of the buffer; then it is, or, where nothing gives way, never. */
static void
is_patient_at_last(const char *command_line, bool patient)
{
	begin(command_line);
	feed_more_than_fits();
	ok(pump_output(&rig.pump) == OUTLET_REFUSED && held() > 0 && pump_wants_input(&rig.pump) && !patience_lasts(&rig.pump.patience),
	    "weir %s: as long as little is held it reads on beside a reader", command_line);
	for (int i = 0; i < 3 && pump_wants_input(&rig.pump); i++) {
		feed_lines(1, 8000);
		pass();
	}
	ok(held() > 131072 && pump_wants_input(&rig.pump), "or as long as the output takes nothing");
	(void)read_all();
	pass();
	ok(pump_output(&rig.pump) == OUTLET_REFUSED && held() > 131072 && pump_wants_input(&rig.pump) == !patient &&
	    patience_lasts(&rig.pump.patience) == patient, "where half a read is held it is%s waited for", patient ? "" : " not");
	finish();
}

static void
is_patient(const char *command_line)
{
	uint64_t in, due;

	begin(command_line);
	feed_more_than_fits();
	ok(pump_output(&rig.pump) == OUTLET_REFUSED && held() > 0 && !pump_wants_input(&rig.pump),
	    "weir %s: a reader that has taken much is waited for", command_line);
	due = pump_deadline_ns(&rig.pump);
	ok(due > rig.now && due <= rig.now + 2 * NS_PER_MS, "for a moment");
	in = books()->in.bytes;
	feed_lines(1, 10);
	pass();
	ok(books()->in.bytes == in && !pump_wants_input(&rig.pump) && !pump_is_busy(&rig.pump), "in which nothing is read");
	rig.now = due;
	pass();
	ok(books()->in.bytes == in + 80 && pump_wants_input(&rig.pump) && pump_deadline_ns(&rig.pump) == UINT64_MAX,
	    "then weir reads on");
	ok(is_balanced(), "all is accounted for");
	finish();
}

/* Whoever is waited for is not when nothing gives way any more. */
static void
is_patient_no_more(void)
{
	struct options options;

	begin("-p drop-oldest -m 32K");
	feed_more_than_fits();
	ok(!pump_wants_input(&rig.pump), "a reader is waited for");
	options = rig.options;
	options.policy = POLICY_BLOCK;
	must(pump_replan(&rig.pump, &options, rig.now) == 0);
	rig.now += 2 * NS_PER_MS;
	pass();
	ok(pump_wants_input(&rig.pump) && pump_deadline_ns(&rig.pump) == UINT64_MAX, "and no longer than that whatever the policy is then");
	rig.options = options;
	finish();
}

/* --- verdicts ------------------------------------------------------------------------------------- */

static void
verdicts(const char *command_line, unsigned first, enum reason reason)
{
	char expected[128];
	size_t full, length = 0;

	begin(command_line);
	feed_lines(1, 1000);
	pass();
	is(books()->out.records, 1000, "weir %s: what the output takes at once is not dropped", command_line);
	(void)read_all();
	full = pipe_fill(rig.pump.outlet.port.inherited);
	feed_lines(1, 1000);
	pass();
	is(queue_held(&rig.pump.queue).records, 10, "what it refuses is held as far as it fits");
	ok(books()->dropped[reason].records == 990 && is_balanced(), "the others are dropped");
	ok(pump_wants_input(&rig.pump) && books()->paused_count == 0, "and the producer does not wait");
	pipe_forget(rig.reader, full);
	pass();
	for (unsigned i = first; i < first + 10; i++)
		length += (size_t)snprintf(expected + length, sizeof(expected) - length, "%07u\n", i);
	is_text(read_all(), expected, "the right ones are left");
	ok(books()->peak.records == 10 && books()->peak.bytes == 80, "no more than they had to wait");
	finish();
}

/* A record that may turn out to be too long does not leave before that is known, and does not count as
 * something that had to wait. */
static void
undecided(void)
{
	begin("-p drop-newest -m 4096");
	memset(rig.sent, 'x', 4096);
	must(write(rig.writer, rig.sent, 4096) == 4096);
	pass();
	ok(held() == 4096 && books()->out.bytes == 0, "of a record that may fit nothing leaves before its end");
	is(books()->peak.bytes, 0, "nor has anything had to wait");
	feed("\nok\n");
	pass();
	is_text(read_all(), "ok\n", "when it is too long it is dropped whole");
	ok(books()->dropped[REASON_OVERSIZE].bytes == 4097 && is_balanced(), "and counted");
	finish();
}

static void
oversize(void)
{
	bool bounded = true;

	begin("-p drop-newest -m 4096 --max-record=100");
	memset(rig.sent, 'x', 1000);
	rig.sent[1000] = '\0';
	for (int i = 0; i < 300 && bounded; i++) {
		feed(rig.sent);
		pass();
		bounded = held() <= 100;
	}
	ok(bounded, "of a record too long no more is held than one might be long");
	feed("\nshort\n");
	pass();
	is_text(read_all(), "short\n", "a record of 300000 bytes where 100 are allowed leaves nothing behind");
	ok(books()->dropped[REASON_OVERSIZE].records == 1 && books()->dropped[REASON_OVERSIZE].bytes == 300001 &&
	    is_balanced(), "but its tally");
	finish();
}

/* --- watermarks ----------------------------------------------------------------------------------- */

/* 1000 lines of 8 bytes a step, into a full output. */
static void
watermarks(void)
{
	size_t full;

	begin("-m 64K --high=75% --low=25%");
	full = pipe_fill(rig.pump.outlet.port.inherited);
	for (int i = 0; i < 6; i++) {
		feed_lines(1, 1000);
		pass();
	}
	ok(held() == 48000 && pump_wants_input(&rig.pump), "below the high watermark weir reads");
	rig.now = EPOCH_NS + 4 * NS_PER_S;
	feed_lines(1, 1000);
	pass();
	ok(!pump_wants_input(&rig.pump) && level_is_paused(&rig.pump.level), "above it not");
	is(books()->paused_count, 1, "that is a pause");
	feed_lines(1, 1000);
	rig.now += 3 * NS_PER_S;
	pass();
	is(held(), 56000, "and what comes then stays where it is");
	is(pump_paused_ns(&rig.pump, rig.now), 3 * NS_PER_S, "for as long as it lasts");

	pipe_forget(rig.reader, full);
	rig.now += NS_PER_S;
	pass(); /* all of it fits the pipe */
	ok(!level_is_paused(&rig.pump.level) && held() == 0, "until the reader has taken what there was");
	is(books()->paused_ns, 4 * NS_PER_S, "then the pause is over");
	is(pump_paused_ns(&rig.pump, rig.now + 9), 4 * NS_PER_S, "and grows no more");
	pass();
	ok(is_balanced() && books()->in.bytes == 64000, "and weir reads on");
	finish();
}

static void
hysteresis(void)
{
	begin("-m 64K --high=75% --low=25%");
	pipe_fill(rig.pump.outlet.port.inherited);
	for (int i = 0; i < 7; i++) {
		feed_lines(1, 1000);
		pass();
	}
	must(level_is_paused(&rig.pump.level) && held() == 56000);
	while (held() > 16384) {
		if (!level_is_paused(&rig.pump.level))
			break;
		pipe_forget(rig.reader, 4096);
		pass();
	}
	ok(held() <= 16384 && held() > 16384 - 8192, "a pause lasts down to the low watermark");
	ok(!level_is_paused(&rig.pump.level) && pump_wants_input(&rig.pump), "and no longer");
	for (int i = 0; i < 4; i++) {
		feed_lines(1, 1000);
		pass();
	}
	ok(!level_is_paused(&rig.pump.level), "the next lasts not from the low one");
	feed_lines(1, 1000);
	pass();
	ok(level_is_paused(&rig.pump.level) && books()->paused_count == 2, "but from the high one on");
	finish();
}

/* One after the other, each down to nothing. */
static void
pauses(void)
{
	begin("-m 4096 --low=0%");
	for (unsigned i = 1; i <= 2; i++) {
		size_t full = pipe_fill(rig.pump.outlet.port.inherited);

		feed_lines(1, 512);
		pass();
		must(level_is_paused(&rig.pump.level));
		rig.now += 3 * NS_PER_S;
		pipe_forget(rig.reader, full);
		pass();
		ok(!level_is_paused(&rig.pump.level) && held() == 0, "pause %u ends when nothing is held any more", i);
		is(books()->paused_ns, i * 3 * NS_PER_S, "and is added to what there was");
		(void)read_all();
	}
	finish();
}

static void
watermarks_of_records(void)
{
	uint64_t records;

	begin("-m 1M --max-records=1000 --low=20%");
	pipe_fill(rig.pump.outlet.port.inherited);
	feed_lines(1, 999);
	pass();
	ok(!level_is_paused(&rig.pump.level), "999 of 1000 records are held");
	feed_lines(1000, 2000);
	pass();
	ok(level_is_paused(&rig.pump.level) && queue_held(&rig.pump.queue).records == 2000,
	    "weir stops at 1000, but holds what the same read brought");
	is(books()->peak.records, 2000, "which is the most there were");
	do {
		records = queue_held(&rig.pump.queue).records;
		pipe_forget(rig.reader, 1024);
		pass();
	} while (level_is_paused(&rig.pump.level) && records > 0);
	ok(records > 200 && queue_held(&rig.pump.queue).records <= 200, "and goes on at 200");
	finish();
}

/* A rate or a reader that takes a little of a full buffer, again and again: read is once the low watermark is
 * reached, and then much, not again and again as little. */
static void
fills_up_in_turns(void)
{
	static const char *const command_lines[] = { "-L 1000/s -m 8K", "-L 8KB/s -m 8K", "-b -L 8000/s -m 8K",
		"--fixed=8 -L 1000/s -m 8K", "-L 1000/s --max-records=1000 -m 64K" };

	for (size_t i = 0; i < sizeof(command_lines) / sizeof(command_lines[0]); i++) {
		unsigned reads = 0;

		begin(command_lines[i]);
		feed_lines(1, 8000);
		for (unsigned ms = 0; ms < 5000; ms++, rig.now += MS) {
			uint64_t before = books()->in.bytes;

			pass();
			reads += books()->in.bytes > before;
			(void)read_all();
		}
		ok(books()->out.bytes >= 40000 && reads <= 12, "weir %s: %u reads for %d bytes", command_lines[i], reads, 40000);
		ok(books()->paused_count >= 1 && books()->paused_count <= reads && books()->pressure_count == books()->paused_count,
		    "paused between them, under pressure");
		ok(books()->peak.bytes >= 8000 && is_balanced(), "and it was full");
		finish();
	}
}

/* Where low is no lower than high, one stall is one pause all the same. */
static void
equal_watermarks(void)
{
	static const char *const command_lines[] = { "-m 8K --low=100%", "-m 16K --high=50% --low=50%",
		"--max-records=1000 --low=100%" };

	for (size_t i = 0; i < sizeof(command_lines) / sizeof(command_lines[0]); i++) {
		begin(command_lines[i]);
		pipe_fill(rig.pump.outlet.port.inherited);
		for (unsigned turn = 0; turn < 20; turn++) {
			feed_lines(1, 200);
			for (int passes = 0; passes < 3; passes++, rig.now += MS)
				pass();
		}
		ok(level_is_paused(&rig.pump.level) && books()->paused_count == 1 && books()->pressure_count == 1,
		    "weir %s: one stall is one pause", command_lines[i]);
		ok(held() < 16384, "which nothing is read in");
		finish();
	}
}

/* Peaks are of what had to wait in the buffer, which is only so large. */
static void
peaks(void)
{
	begin("-s 2 -m 4096");
	pipe_fill(rig.pump.outlet.port.inherited);
	feed_lines(1, 2000);
	pass();
	ok(held() == 8000 && books()->peak.bytes == 4096, "a read may bring more than the buffer holds");
	finish();
}

/* What is complete has left; the end of the rest must be read, although the low mark is not reached. */
static void
reads_on_for_an_end(void)
{
	size_t full;

	begin("-L 1/s -m 4096");
	full = pipe_fill(rig.pump.outlet.port.inherited);
	memset(rig.sent, 'x', 4096);
	memcpy(rig.sent, "a\n", 2);
	must(write(rig.writer, rig.sent, 4096) == 4096);
	pass();
	ok(level_is_paused(&rig.pump.level), "paused with one record, and a long one begun");
	pipe_forget(rig.reader, full);
	pass();
	is_text(read_all(), "a\n", "the one leaves");
	ok(pump_wants_input(&rig.pump), "and weir reads on for the other");
	feed("\n");
	pass();
	rig.now += NS_PER_S;
	pass();
	ok(books()->out.records == 2 && is_balanced(), "which leaves when it is complete");
	finish();
}

/* Under a gate a record goes out whole; one too long for the buffer goes in parts.  Weir must not stop
 * reading where only the record's end can set anything going. */
static void
long_records(const char *command_line)
{
	static char line[20001];
	size_t fed = 0;
	bool stuck = false;

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 2] = '\n';
	begin(command_line);
	for (unsigned turns = 0; turns < 100 && rig.got_length < sizeof(line) - 1; turns++) {
		size_t part = sizeof(line) - 1 - fed < 1500 ? sizeof(line) - 1 - fed : 1500;
		must(write(rig.writer, line + fed, part) == (ssize_t)part);
		fed += part;
		rig.now += NS_PER_S;
		pass();
		stuck = stuck || (level_is_paused(&rig.pump.level) && rig.pump.queue.ready == 0 && held() < rig.options.high_bytes);
		rig.got_length += pipe_drain(rig.reader, rig.got, STREAM_MOST);
	}
	ok(!stuck, "weir %s: never paused without a complete record", command_line);
	ok(rig.got_length == sizeof(line) - 1 && books()->out.records == 1 && is_balanced(),
	    "a record longer than the buffer goes through in parts");
	finish();
}

/* Neither towards the watermarks nor in the peak, but for the moment before anything of it was out. */
static void
counts_no_part_sent_record(void)
{
	static const char *const command_lines[] = { "-p drop-oldest --max-records=1", "-L 1000/s --max-records=1" };

	for (size_t i = 0; i < 2; i++) {
		begin(command_lines[i]);
		pipe_fill(rig.pump.outlet.port.inherited);
		pipe_forget(rig.reader, 4096);
		memset(rig.sent, 'x', 8000);
		rig.sent[7999] = '\n';
		must(write(rig.writer, rig.sent, 8000) == 8000);
		pass();
		must(queue_part_sent(&rig.pump.queue) && books()->out.bytes == 4096);
		ok(!level_is_paused(&rig.pump.level) && books()->peak.records == i, "weir %s: a part-sent record is none of them",
		    command_lines[i]);
		finish();
	}
}

/* --- stopping ------------------------------------------------------------------------------------- */

static void
stops_inside_a_record(void)
{
	begin("-q");
	feed("abc\nde");
	pass();
	pump_stop(&rig.pump, rig.now);
	is(rig.pump.input, PUMP_FINISHING, "asked to stop inside a record, weir finishes it");
	pass();
	ok(!pump_done(&rig.pump) && pump_wants_input(&rig.pump), "however long that takes");
	feed("f\nghi\n");
	for (int i = 0; i < 9 && !pump_done(&rig.pump); i++)
		pass();
	ok(pump_done(&rig.pump) && rig.pump.input == PUMP_STOPPED, "then it stops");
	is_text(read_all(), "abc\ndef\n", "with the record's end");
	is(pipe_drain(rig.pump.input_port.fd, rig.got, 99), 4, "and leaves the next to others");
	ok(books()->out.records == 2 && is_balanced(), "the books are right");
	finish();

	begin("--fixed=10");
	feed("1234567890abc");
	pass();
	pump_stop(&rig.pump, rig.now);
	feed("defghijABC");
	for (int i = 0; i < 9 && !pump_done(&rig.pump); i++)
		pass();
	is_text(read_all(), "1234567890abcdefghij", "so also with records of fixed size");
	finish();

	begin("-q");
	feed("abc\nde");
	pass();
	pump_stop(&rig.pump, rig.now);
	end_input();
	pass();
	ok(pump_done(&rig.pump) && books()->out.records == 2 && is_balanced(), "or where the input ends instead");
	finish();
}

/* Not a byte of it has gone out when the signal comes, and reading may be paused: it is finished all the same. */
static void
stops_inside_a_record_that_is_held(bool paused)
{
	const char *end;
	size_t full;

	begin("-m 4096");
	full = pipe_fill(rig.pump.outlet.port.inherited);
	if (paused)
		feed_lines(1, 511);
	feed("abcde\nde");
	pass();
	must(level_is_paused(&rig.pump.level) == paused);
	pump_stop(&rig.pump, rig.now);
	is(rig.pump.input, PUMP_FINISHING, "a record that is held is finished%s", paused ? ", after a pause, too" : "");
	pipe_forget(rig.reader, full);
	feed("f\nghi\n");
	for (int i = 0; i < 9 && !pump_done(&rig.pump); i++)
		pass();
	end = strstr(read_all(), "abcde\n");
	ok(pump_done(&rig.pump) && end != NULL && strcmp(end, "abcde\ndef\n") == 0, "and goes out to its end");
	finish();
}

/* What is left of it is found by a look, not byte by byte, where a pipe can be looked at. */
static void
stops_inside_a_long_record(void)
{
	static char rest[50006];
	unsigned passes = 0;

	memset(rest, 'x', sizeof(rest) - 1);
	memcpy(rest + 50000, "\nghi\n", 5);
	begin("-q");
	feed("abc\nde");
	pass();
	pump_stop(&rig.pump, rig.now);
	feed(rest);
	for (; passes < 60000 && !pump_done(&rig.pump); passes++) {
		pass();
		rig.got_length += pipe_drain(rig.reader, rig.got + rig.got_length, STREAM_MOST - rig.got_length);
	}
	ok(pump_done(&rig.pump) && rig.got_length == 6 + 50001 && is_balanced(), "a long one too");
	is(pipe_drain(rig.pump.input_port.fd, rig.got, 99), 4, "and nothing of the next");
	ok(!rig.pump.bypass.able || passes < 10, "in few passes where the input can be looked at");
	finish();
}

static void
stops_at_once(void)
{
	static const char *const command_lines[] = { "-p drop-oldest", "-s 2", "-b" };
	struct tally nothing = { 0, 0 };

	for (size_t i = 0; i < 3; i++) {
		begin(command_lines[i]);
		feed("abc\nabc\nabc\n");
		pass();
		pump_stop(&rig.pump, rig.now);
		ok(rig.pump.input == PUMP_STOPPED && !pump_wants_input(&rig.pump),
		    "weir %s: between records it stops at once", command_lines[i]);
		pass();
		ok(pump_done(&rig.pump), "and is done when all is out");
		finish();
	}
	begin("-p drop-oldest");
	feed("abc\nde");
	pass();
	pump_stop(&rig.pump, rig.now);
	is(rig.pump.input, PUMP_STOPPED, "a record that need not go out is not finished");
	pass();
	ok(pump_done(&rig.pump), "nor waited for");
	pump_close_books(&rig.pump, rig.now);
	ok(books()->undelivered.bytes == 2 && books()->undelivered.records == 0, "it is undelivered");
	ok(ledger_balances(books(), nothing), "and the law holds without anything held");
	finish();
}

/* A record whose end will not be read any more is not begun, however long it is. */
static void
begins_nothing_at_the_end(void)
{
	begin("-L 1/s -m 4096");
	feed("a\n");
	pass();
	memset(rig.sent, 'x', 4096);
	must(write(rig.writer, rig.sent, 4096) == 4096);
	pass();
	must(held() == 4096 && rig.pump.output == OUTLET_HELD);
	pump_stop(&rig.pump, rig.now);
	rig.now += NS_PER_S;
	pass();
	ok(pump_done(&rig.pump) && books()->out.records == 1 && books()->out.bytes == 2 && held() == 4096,
	    "no record is begun whose end will not come");
	finish();
}

static void
stops_while_paused(void)
{
	begin("-m 4096");
	pipe_fill(rig.pump.outlet.port.inherited);
	feed_lines(1, 600);
	pass();
	must(level_is_paused(&rig.pump.level));
	rig.now += NS_PER_S;
	pump_stop(&rig.pump, rig.now);
	ok(!level_is_paused(&rig.pump.level) && books()->paused_ns == NS_PER_S, "draining at the end is not pausing");
	rig.now += NS_PER_S;
	pass();
	is(pump_paused_ns(&rig.pump, rig.now), NS_PER_S, "however long it lasts");
	pump_close_books(&rig.pump, rig.now);
	is(books()->undelivered.records, 4096 / 8, "what is held at the end is undelivered");
	ok(pump_held(&rig.pump).bytes == 0 && pump_held(&rig.pump).records == 0, "and not held any more");
	finish();

	begin("-m 4096");
	pipe_fill(rig.pump.outlet.port.inherited);
	feed_lines(1, 600);
	pass();
	rig.now += NS_PER_S;
	pump_close_books(&rig.pump, rig.now);
	is(books()->paused_ns, NS_PER_S, "a pause that lasts to the end counts to the end");
	finish();
}

/* --- endings that are not asked for ----------------------------------------------------------------- */

static void
errors(void)
{
	begin_on("-q", open("/", O_RDONLY));
	pass();
	ok(rig.pump.input == PUMP_READ_ERROR && rig.pump.error == EISDIR, "a read error is kept");
	ok(pump_done(&rig.pump), "and ends the input");
	finish();
	begin("-q");
	(void)close(rig.reader);
	feed("abc\n");
	pass();
	is(rig.pump.output, OUTLET_GONE, "a reader that has gone is noticed");
	pump_close_books(&rig.pump, rig.now);
	is(books()->undelivered.bytes + books()->out.bytes, books()->in.bytes,
	    "and what it did not take is counted");
	finish();
	begin("-p drop-newest --max-records=10");
	(void)close(rig.reader);
	feed_lines(1, 1000);
	pass();
	pump_close_books(&rig.pump, rig.now);
	ok(rig.pump.output == OUTLET_GONE && books()->undelivered.records == 1000, "as undelivered, not as dropped");
	finish();
}

static void
rates(void)
{
	begin("-L 10/s");
	feed_lines(1, 20);
	pass();
	is(rig.pump.output, OUTLET_HELD, "the rate holds back");
	is(pump_deadline_ns(&rig.pump), rig.now + 100 * MS, "until the next record is due");
	rig.now = pump_deadline_ns(&rig.pump);
	pass();
	is(books()->out.records, 2, "then it leaves");
	end_input();
	pass();
	ok(rig.pump.input == PUMP_ENDED && !pump_done(&rig.pump), "the end of input does not hurry it");
	finish();
}

/* The record that the rate held back gives way, to one with another key. */
static void
rates_what_is_left(void)
{
	begin("-L 1/h --rate-by=key -k 1 -p drop-oldest --max-records=2");
	feed("a 1\na 2\na 3\n");
	pass();
	is(rig.pump.output, OUTLET_HELD, "the rate of a key holds back");
	feed("b 1\nb 2\n");
	pass();
	is(rig.pump.output, OUTLET_MORE, "until that key has gone");
	pass();
	is_text(read_all(), "a 1\nb 1\n", "then another has tokens");
	ok(rig.pump.output == OUTLET_HELD && pump_deadline_ns(&rig.pump) == rig.now + 3600 * NS_PER_S,
	    "for one record");
	finish();
	begin("-L 1/h -p fail --max-records=1");
	feed("1\n2\n3\n");
	pass();
	is(rig.pump.output, OUTLET_HELD, "where nothing gives way it is waited for");
	finish();
}

/* The last record lacks its delimiter: that it does not fit is known when there is nothing to stop any more. */
static void
fails_at_the_end(void)
{
	begin("-p fail --max-records=1");
	(void)pipe_fill(rig.pump.outlet.port.inherited);
	feed("1\n2");
	pass();
	ok(!rig.pump.failed, "what is not whole needs no room");
	end_input();
	pass();
	ok(rig.pump.failed && rig.pump.input == PUMP_ENDED, "at the end of input it is whole, and one too many");
	finish();
}

/* The beginning of a record may be the beginning of its key: it is not looked at again and again. */
static void
rates_what_is_whole(void)
{
	begin("-L 1/h --rate-by=key -k 1");
	feed("a");
	pass();
	ok(rig.pump.outlet.toll.charged == NULL, "what may not leave yet has no bucket");
	feed("b\n");
	pass();
	is_text(read_all(), "ab\n", "until it is whole");
	ok(rig.pump.outlet.toll.charged != NULL, "and has a key");
	finish();
}

/* --- bytes ---------------------------------------------------------------------------------------- */

static void
bytes(void)
{
	size_t full;

	begin("-b");
	feed("some bytes\nmore");
	pass();
	is_text(read_all(), "some bytes\nmore", "bytes go on as they come");
	ok(books()->in.bytes == 15 && books()->out.bytes == 15 && books()->in.records == 0, "and are counted");
	full = pipe_fill(rig.pump.outlet.port.inherited);
	feed("waiting");
	for (int i = 0; i < 9 && held() == 0; i++) {
		pass();
		if (pump_deadline_ns(&rig.pump) < UINT64_MAX)
			rig.now = pump_deadline_ns(&rig.pump);
	}
	is(held(), 7, "where the output is full, they are held");
	is(rig.pump.output, OUTLET_REFUSED, "until it is not");
	end_input();
	for (int i = 0; i < 9 && rig.pump.input != PUMP_ENDED; i++, rig.now += MS)
		pass();
	is(rig.pump.input, PUMP_ENDED, "the end is noticed meanwhile");
	ok(queue_held(&rig.pump.queue).records == 0 && is_balanced(), "and makes no record of them");
	pipe_forget(rig.reader, full);
	pass();
	is_text(read_all(), "waiting", "then they go");
	ok(pump_done(&rig.pump) && books()->out.bytes == 22 && books()->out.records == 0 && is_balanced(),
	    "and all is done");
	finish();
}

/* Spliced bytes wait where they are at first; what cannot be spliced is read and written. */
static void
splices(void)
{
	int file = pipe_file("", 0);

	begin("-b");
	if (rig.pump.bypass.able) {
		pipe_fill(rig.pump.outlet.port.inherited);
		feed("waiting");
		pass();
		ok(held() == 0 && !pump_wants_input(&rig.pump), "a full output is waited for before bytes are held");
		ok(pump_deadline_ns(&rig.pump) > rig.now && pump_deadline_ns(&rig.pump) < rig.now + NS_PER_S,
		    "though not for long");
	}
	finish();
	begin("-b");
	must(fcntl(file, F_SETFL, O_APPEND) == 0 && dup2(file, rig.pump.outlet.port.fd) >= 0);
	feed("bytes");
	for (int i = 0; i < 9 && books()->out.bytes == 0; i++)
		pass();
	ok(!rig.pump.bypass.able, "what the kernel does not splice is not tried again");
	ok(pread(file, rig.got, 10, 0) == 5 && memcmp(rig.got, "bytes", 5) == 0 && books()->out.bytes == 5,
	    "but copied");
	(void)close(file);
	finish();
}

/* --- any stream, any reader ------------------------------------------------------------------------- */

/* Numbered lines, some of them long. */
static void
make_stream(struct random *random, size_t length, size_t longest)
{
	unsigned number = 0;

	rig.sent_length = 0;
	while (rig.sent_length < length) {
		size_t extra = random_one_in(random, 5) ? (size_t)random_below(random, longest) : 0;
		rig.sent_length += (size_t)sprintf(rig.sent + rig.sent_length, "%07u", number++);
		memset(rig.sent + rig.sent_length, 'x', extra);
		rig.sent_length += extra;
		rig.sent[rig.sent_length++] = '\n';
	}
}

/* Runs to the end, and says whether it came to one: some thing must move in every few turns. */
static bool
run_through(struct random *random, bool patient)
{
	size_t fed = 0;
	unsigned idle = 0;

	must(fcntl(rig.writer, F_SETFL, O_NONBLOCK) == 0);
	while (!pump_done(&rig.pump) && idle < 200) {
		uint64_t before = books()->in.bytes + books()->out.bytes + fed;
		size_t part = (size_t)random_from(random, 1, 30000);

		part = part < rig.sent_length - fed ? part : rig.sent_length - fed;
		if (part > 0) {
			ssize_t done = write(rig.writer, rig.sent + fed, part);
			fed += done > 0 ? (size_t)done : 0;
		} else if (rig.writer >= 0) {
			end_input();
		}
		pass();
		if (!is_balanced())
			return false;
		if (patient || random_one_in(random, 4))
			rig.got_length += pipe_drain(rig.reader, rig.got + rig.got_length,
			    (size_t)random_below(random, STREAM_MOST - rig.got_length));
		rig.now = pump_deadline_ns(&rig.pump) < UINT64_MAX ? pump_deadline_ns(&rig.pump) : rig.now + MS;
		idle = books()->in.bytes + books()->out.bytes + fed > before ? 0 : idle + 1;
	}
	rig.got_length += pipe_drain(rig.reader, rig.got + rig.got_length, STREAM_MOST - rig.got_length);
	return pump_done(&rig.pump);
}

/* Whether got is whole lines of sent, in their order. */
static bool
is_subsequence(void)
{
	size_t at = 0;

	for (size_t from = 0; from < rig.got_length;) {
		const char *end = memchr(rig.got + from, '\n', rig.got_length - from);
		size_t length = end != NULL ? (size_t)(end - rig.got) + 1 - from : 0;

		while (length > 0 && at < rig.sent_length && memcmp(rig.sent + at, rig.got + from, 7) != 0)
			at = (size_t)((char *)memchr(rig.sent + at, '\n', rig.sent_length - at) - rig.sent) + 1;
		if (length == 0 || at + length > rig.sent_length ||
		    memcmp(rig.sent + at, rig.got + from, length) != 0)
			return false;
		from += length;
		at += length;
	}
	return true;
}

static void
any_stream(const char *command_line, bool lossless)
{
	bool good = true;

	for (uint64_t seed = 1; seed <= 4 && good; seed++) {
		struct random random = { seed };

		begin(command_line);
		make_stream(&random, 100000, seed % 2 > 0 ? 100 : 12000);
		good = run_through(&random, seed % 3 == 0) && rig.got_length == books()->out.bytes &&
		    sojourn_total(rig.sojourn).count == books()->out.records && sojourn_held(rig.sojourn) == 0;
		good = good && (lossless ? rig.got_length == rig.sent_length &&
		    memcmp(rig.got, rig.sent, rig.got_length) == 0 : is_subsequence());
		if (!good)
			diag("seed %" PRIu64 ": in %" PRIu64 ", out %" PRIu64 ", held %" PRIu64 ", input %d, output %d, got "
			     "%zu of %zu", seed, books()->in.bytes, books()->out.bytes, held(), (int)rig.pump.input,
			    (int)rig.pump.output, rig.got_length, rig.sent_length);
		finish();
	}
	ok(good, "weir %s: any stream to its end, %s", command_line,
	    lossless ? "with nothing lost" : "in whole records and in their order");
}

/* --- marks ---------------------------------------------------------------------------------------- */

/* Whether each line of got that says "M records,bytes" stands before the line behind that many, and all that is
 * missing is said. */
static bool
all_is_marked(void)
{
	uint64_t records = 0, bytes = 0;
	size_t at = 0;

	rig.got[rig.got_length] = '\0';
	for (const char *line = rig.got;; line = strchr(line, '\n') + 1) {
		uint64_t more_records, more_bytes;

		if (sscanf(line, "M%" SCNu64 ",%" SCNu64, &more_records, &more_bytes) == 2) {
			records += more_records;
			bytes += more_bytes;
			continue;
		}
		for (; records > 0 && at < rig.sent_length; records--) {
			size_t length = strcspn(rig.sent + at, "\n") + 1;
			at += length;
			bytes -= length;
		}
		if (records > 0 || bytes > 0)
			return false;
		if (*line == '\0')
			return at == rig.sent_length;
		if (strncmp(line, rig.sent + at, strcspn(line, "\n") + 1) != 0)
			return false;
		at += strcspn(line, "\n") + 1;
	}
}

static void
any_marks(const char *command_line)
{
	bool good = true;
	uint64_t marks = 0;

	for (uint64_t seed = 1; seed <= 10 && good; seed++) {
		struct random random = { seed };

		begin(command_line);
		make_stream(&random, 300000, seed % 2 > 0 ? 100 : 12000);
		rig.sent[rig.sent_length] = '\0';
		good = run_through(&random, false) && rig.got_length == books()->out.bytes + books()->marks.bytes &&
		    all_is_marked() && gaps_first(rig.marks->gaps) == NULL &&
		    sojourn_total(rig.sojourn).count == books()->out.records;
		marks += books()->marks.records;
		if (!good)
			diag("seed %" PRIu64 ": %" PRIu64 " marks", seed, books()->marks.records);
		finish();
	}
	ok(good && marks > 10, "weir %s: each gap is marked in its place (%" PRIu64 " marks)", command_line, marks);
}

/* When no record comes behind a gap. */
static void
marks_when_quiet(void)
{
	begin("-p drop-newest -m 4096 --max-record=8 --mark-drops={records}:{bytes}");
	feed("a\nmuch too long\n");
	pass();
	is_text(read_all(), "a\n", "a gap waits for the record behind it");
	is(pump_deadline_ns(&rig.pump), EPOCH_NS + NS_PER_S, "for a second");
	rig.now += NS_PER_S / 2;
	feed("b\n");
	pass();
	is_text(read_all(), "1:14\nb\n", "and its mark leaves first");
	feed("also too long\n");
	pass();
	rig.now = pump_deadline_ns(&rig.pump) - 1;
	pass();
	is_text(read_all(), "", "when none comes");
	rig.now++;
	pass();
	is_text(read_all(), "1:14\n", "the mark leaves on its own");
	is(pump_deadline_ns(&rig.pump), UINT64_MAX, "once");
	feed("too long and not at its end");
	pass();
	rig.now += NS_PER_S;
	pass();
	is_text(read_all(), "0:27\n", "of a record that is being left out, what there was of it");
	feed(" yet\nlonger still");
	pass();
	end_input();
	pass();
	is_text(read_all(), "2:17\n", "then its rest; and the end of input is no time to wait");
	ok(pump_done(&rig.pump) && books()->marks.records == 4 && books()->marks.bytes == 20 && is_balanced(),
	    "marks are counted, apart");
	finish();

	begin("-p drop-newest -m 4096 --max-record=8 --mark-drops={records}:{bytes}");
	feed("too long, and");
	pass();
	rig.now += NS_PER_S - 1;
	feed(" on and on");
	pass();
	rig.now++;
	pass();
	is_text(read_all(), "0:23\n", "after a second also while more is lost");
	finish();

	begin("-s 2 --mark-drops=M");
	feed("1\n2\n3\n4\n");
	end_input();
	pass();
	is_text(read_all(), "1\n3\n", "a sample is no loss");
	finish();
}

/* A gap that is old enough is nothing to wake for while the output takes nothing. */
static void
marks_wait(void)
{
	size_t full;

	begin("-p drop-newest -m 4096 --max-record=8 --mark-drops={records}");
	full = pipe_fill(rig.pump.outlet.port.inherited);
	feed("much too long\n");
	pass();
	is(pump_deadline_ns(&rig.pump), EPOCH_NS + NS_PER_S, "a gap that nothing stands behind is marked in a second");
	rig.now += 2 * NS_PER_S;
	pass();
	is(pump_deadline_ns(&rig.pump), UINT64_MAX, "but not before the output takes it");
	pipe_forget(rig.reader, full);
	pass();
	is_text(read_all(), "1\n", "when it does");
	finish();
}

/* A line of this length, all of one letter. */
static void
feed_line(char letter, size_t length)
{
	static char text[60001];

	memset(text, letter, length - 1);
	text[length - 1] = '\n';
	text[length] = '\0';
	feed(text);
}

/* Behind the rest of a record. */
/* Repeats are marked before the next record that comes in, or when the first of them would. */
static void
marks_of_repeats(void)
{
	begin("--collapse=5s");
	feed("a\n");
	pass();
	is_text(read_all(), "a\n", "repeats: the first comes in");
	rig.now += 2 * NS_PER_S;
	feed("a\na\n");
	pass();
	is_text(read_all(), "", "repeats: they do not, and nothing is said yet");
	is(pump_deadline_ns(&rig.pump), EPOCH_NS + 5 * NS_PER_S, "repeats: it will be when the time is over");
	rig.now = EPOCH_NS + 5 * NS_PER_S - 1;
	feed("a\n");
	pass();
	is_text(read_all(), "", "repeats: nor just before");
	rig.now++;
	pass();
	is_text(read_all(), "repeated 3 times in 4.9s\n", "repeats: then it is");
	is(pump_deadline_ns(&rig.pump), UINT64_MAX, "repeats: and nothing is to come");
	feed("a\nb\na\nb\na\n");
	pass();
	is_text(read_all(), "a\nb\n", "repeats: one comes in again,");
	rig.now += NS_PER_S;
	feed("c\nb\n");
	pass();
	is_text(read_all(), "repeated 3 times in 0ns\nc\n", "repeats: of several a mark is where they are missing");
	end_input();
	pass();
	is_text(read_all(), "repeated 1 times in 0ns\n", "repeats: and at the end");
	ok(pump_done(&rig.pump) && books()->dropped[REASON_REPEATED].records == 7 && books()->marks.records == 3 && is_balanced(),
	    "repeats: all are counted");
	finish();
	begin("--collapse=5s --max-age=1h --mark-drops");
	feed("a\na\n");
	pass();
	is(pump_deadline_ns(&rig.pump), EPOCH_NS + 5 * NS_PER_S, "repeats: no later and no sooner where other losses are marked");
	finish();
}

static void
marks_behind_rest(void)
{
	const char *want[] = { "1\nc", "2\ne" }; /* b, and d; each before what follows it */
	const char *at;
	size_t full;

	begin("-p drop-oldest -m 8192 --max-record=6000 --mark-drops={records}");
	full = pipe_fill(rig.pump.outlet.port.inherited);
	pipe_forget(rig.reader, 4096);
	feed_line('a', 6000);
	pass();
	feed_line('b', 5000);
	pass();
	ok(queue_part_sent(&rig.pump.queue) && books()->dropped[REASON_OLDEST].records == 0, "of a record a part is out");
	feed_line('c', 4000);
	pass();
	is(books()->dropped[REASON_OLDEST].records, 1, "the one behind it gives way, not its rest");
	feed_line('d', 7000);
	pass();
	feed_line('d', 7000);
	pass();
	feed("e\n");
	pass();
	pipe_forget(rig.reader, full - 4096);
	for (int i = 0; i < 5; i++)
		pass();
	at = strchr(read_all(), '\n');
	for (size_t i = 0; i < 2 && at != NULL; i++)
		at = strstr(at, want[i]);
	ok(at != NULL && strcmp(rig.got + strlen(rig.got) - 4, "2\ne\n") == 0, "each mark is in its place");
	finish();
}

/* A record that was begun in the pass that brought it, before the policy has seen it. */
static void
marks_behind_new_rest(void)
{
	const char *b, *c;
	size_t full;

	begin("-p drop-oldest -m 8192 --max-record=8000 --mark-drops={records}");
	full = pipe_fill(rig.pump.outlet.port.inherited);
	pipe_forget(rig.reader, 4096);
	feed_line('a', 8000);
	feed_line('b', 5000);
	feed_line('c', 2000);
	pass();
	ok(queue_part_sent(&rig.pump.queue) && books()->dropped[REASON_NEWEST].records == 1,
	    "what does not fit beside a rest that is new itself is refused");
	is(sojourn_held(rig.sojourn), 1, "its arrival is forgotten, and that of no other");
	pipe_forget(rig.reader, full - 4096);
	for (int i = 0; i < 3; i++)
		pass();
	b = strstr(read_all(), "\n1\nc");
	c = strstr(rig.got, "c\n");
	ok(b != NULL && c != NULL && c[2] == '\0', "and marked in its place");
	finish();
}

/* All behind a part-sent record becomes too old: what has been begun then is another one. */
static void
stops_behind_rest(void)
{
	begin("-p drop-oldest -m 8192 --max-record=6000 --max-age=1s");
	(void)pipe_fill(rig.pump.outlet.port.inherited);
	pipe_forget(rig.reader, 4096);
	feed_line('a', 6000);
	pass();
	feed_line('b', 5000);
	pass();
	feed_line('c', 4000);
	pass();
	rig.now += 2 * NS_PER_S;
	feed("d");
	pass();
	ok(queue_part_sent(&rig.pump.queue) && queue_waiting(&rig.pump.queue) == 0 && queue_partial(&rig.pump.queue) == 1,
	    "a rest is there, and nothing but the beginning of a record behind it");
	pump_stop(&rig.pump, rig.now);
	is(rig.pump.input, PUMP_STOPPED, "which a signal does not let come to its end");
	finish();
}

/* What is behind a record that is on its way cannot leave, however much room the output has. */
static void
controls_behind_no_rest(void)
{
	begin("-p codel:10ms/100ms -m 256K");
	(void)pipe_fill(rig.pump.outlet.port.inherited);
	pipe_forget(rig.reader, 4096);
	feed_line('a', 60000);
	feed("b\nc\nd\n");
	pass();
	for (int i = 0; i < 5; i++) {
		rig.now += 101 * MS;
		pipe_forget(rig.reader, 4096);
		pass();
	}
	ok(queue_part_sent(&rig.pump.queue) && books()->out.bytes > 4 * 4096, "a long record goes out part by part");
	is(books()->dropped[REASON_CODEL].records, 0, "and CoDel is not asked about those behind it meanwhile");
	finish();
}

/* As a record to the rate. */
static void
marks_are_rated(void)
{
	begin("-p drop-oldest --max-records=1 -L 10/s --mark-drops={oldest}");
	feed("1\n2\n3\n4\n");
	pass();
	is_text(read_all(), "1\n", "one at once");
	rig.now += 100 * MS;
	pass();
	is_text(read_all(), "2\n", "then a mark, when a record would have been due");
	is(pump_deadline_ns(&rig.pump), rig.now + 100 * MS, "and a record not before the next is");
	rig.now += 100 * MS;
	pass();
	is_text(read_all(), "4\n", "then it leaves");
	finish();
}

/* A mark that is refused says later what has come to it. */
static void
marks_grow(void)
{
	size_t full;

	begin("-p drop-oldest --max-records=1 --mark-drops={records}");
	full = pipe_fill(rig.pump.outlet.port.inherited);
	feed("1\n2\n3\n");
	pass();
	feed("4\n5\n");
	pass();
	pipe_forget(rig.reader, full);
	pass();
	is_text(read_all(), "4\n5\n", "one mark for all that was lost before it could leave");
	is(books()->marks.records, 1, "is one");
	finish();
}

/* --- waiting -------------------------------------------------------------------------------------- */

static void
waits(void)
{
	struct latency latency;
	size_t full;

	begin("-p drop-oldest --max-records=2");
	feed("1\n");
	pass();
	latency = sojourn_total(rig.sojourn);
	ok(latency.count == 1 && latency.max_ns == 0, "what passes straight through has not waited");
	full = pipe_fill(rig.pump.outlet.port.inherited);
	feed("2\n");
	pass();
	rig.now += MS;
	feed("3\n4\n");
	pass(); /* 2 goes */
	rig.now += MS;
	pipe_forget(rig.reader, full);
	pass();
	latency = sojourn_total(rig.sojourn);
	ok(latency.count == 3 && latency.max_ns == MS && latency.sum_ns == 2 * MS,
	    "what waits does so from when its end was read until it has left, and what is dropped does not count");
	finish();

	begin("-q");
	feed("12");
	pass();
	rig.now += MS;
	feed("3\n");
	pass();
	latency = sojourn_total(rig.sojourn);
	ok(latency.count == 1 && latency.max_ns == 0, "of a stream too");
	feed("end");
	pass();
	end_input();
	pass();
	is(sojourn_total(rig.sojourn).count, 2, "of which the last record counts without a delimiter");
	finish();
}

static void
presses(void)
{
	size_t full;

	begin("-p drop-newest --max-records=4");
	full = pipe_fill(rig.pump.outlet.port.inherited);
	feed("1\n2\n3\n");
	pass();
	is(books()->pressure_count, 0, "below its limit a buffer is under no pressure");
	feed("4\n");
	pass();
	is(books()->pressure_count, 1, "at its limit it is");
	rig.now += 3 * MS;
	is(pump_pressure_ns(&rig.pump, rig.now), 3 * MS, "for as long as that lasts");
	feed("5\n");
	pass();
	pipe_forget(rig.reader, full);
	pass();
	ok(books()->pressure_count == 1 && books()->pressure_ns == 3 * MS, "until it is low");
	rig.now += MS;
	is(pump_pressure_ns(&rig.pump, rig.now), 3 * MS, "and no longer");
	(void)read_all();
	full = pipe_fill(rig.pump.outlet.port.inherited);
	feed("1\n2\n3\n4\n5\n");
	pass();
	is(books()->pressure_count, 2, "then again");
	finish();
	(void)full;
}

/* What keys are looked up by is nobody's to know, whatever --seed says; what asks for no key has no salt. */
static void
salts(void)
{
	uint64_t salt;

	begin("-p latest -k 1 -s 2 --sample-by=key --seed=7");
	salt = rig.pump.shed.latest.history.salt;
	finish();
	begin("-p latest -k 1 -s 2 --sample-by=key --seed=7");
	ok(rig.pump.shed.latest.history.salt != 0 && rig.pump.shed.latest.history.salt != salt, "latest has another salt each time");
	is(rig.pump.intake.gate.rules.seed, 7, "and a sample by key the user's seed");
	finish();
	begin("-L 5/s --drop-over=9/s --rate-by=key -k 1");
	ok(rig.pump.outlet.toll.salt != 0 && rig.pump.intake.gate.rules.salt != 0, "so have rates by key");
	finish();
	begin("-p drop-random --seed=7");
	is(rig.pump.outlet.toll.salt | rig.pump.intake.gate.rules.salt | rig.pump.shed.latest.history.salt, 0, "what looks up no key has none");
	finish();
}

/* --- much at once ----------------------------------------------------------------------------------- */

#if defined(HAVE_SPLICE) && defined(F_SETPIPE_SZ) && !defined(WEIR_PORTABLE)

#define WIDE 1048576
#define NARROW 65536
#define LINE ((size_t)7) /* of no length that a pipe, a page or a read is a multiple of */

/* Between pipes of a megabyte, with a megabyte of short lines to be sent. */
static bool
begin_wide(const char *command_line)
{
	begin(command_line);
	must(fcntl(rig.writer, F_SETPIPE_SZ, WIDE) == WIDE && fcntl(rig.reader, F_SETPIPE_SZ, WIDE) == WIDE);
	for (size_t at = 0; at + LINE < STREAM_MOST; at += LINE)
		(void)snprintf(rig.sent + at, LINE + 1, "%06zu\n", at / LINE);
	return rig.pump.bypass.able;
}

static void
supply(size_t length)
{
	rig.pump.queue.chain.room[0].iov_base = NULL; /* until something is read */
	must(write(rig.writer, rig.sent + rig.sent_length, length) == (ssize_t)length);
	rig.sent_length += length;
}

static void
collect(void)
{
	rig.got_length += pipe_drain(rig.reader, rig.got + rig.got_length, STREAM_MOST - rig.got_length);
}

/* Of all that was sent, length bytes are in and as many out, and nothing is held. */
static bool
is_through(size_t length)
{
	const struct ledger *ledger = books();
	uint64_t records = length / LINE;

	collect();
	if (ledger->in.bytes == length && ledger->out.bytes == length && ledger->in.records == records &&
	    ledger->out.records == records && held() == 0 && is_balanced() && rig.got_length == length &&
	    memcmp(rig.got, rig.sent, length) == 0)
		return true;
	diag("in %" PRIu64 " records %" PRIu64 " bytes, out %" PRIu64 " records %" PRIu64 " bytes, held %" PRIu64
	     ", got %zu, should be %zu", ledger->in.records, ledger->in.bytes, ledger->out.records,
	    ledger->out.bytes, held(), rig.got_length, length);
	return false;
}

/* The same, and what was supplied last never was in the buffer. */
static bool
is_spliced(size_t length)
{
	return is_through(length) && rig.pump.queue.chain.room[0].iov_base == NULL;
}

/* After a read of this much, and with the output read empty.  False where nothing is spliced.  (A splice
 * takes RWF_NOWAIT from the input: the next read is only a step down the ladder, and the one behind it
 * reads.  Here it has been taken already.) */
static bool
begin_bulk(const char *command_line, size_t length)
{
	if (!begin_wide(command_line)) {
		finish();
		return false;
	}
	supply(length);
	pass();
	must(rig.pump.bypass.bulk && is_through(length));
	rig.pump.input_port.way = IO_WAY_POLLED;
	return true;
}

static void
bulk_starts(void)
{
	size_t bulk = 131072;

	if (!begin_wide("-q")) {
		finish();
		return;
	}
	supply(bulk - 1);
	pass();
	ok(!rig.pump.bypass.bulk && is_through(bulk - 1), "less than 128 KiB at once is read and written");
	supply(bulk - 1);
	pass();
	ok(!rig.pump.bypass.bulk && rig.pump.input_port.stage[0] < 0, "however often, without a look");
	supply(bulk);
	pass();
	ok(rig.pump.bypass.bulk && is_through(3 * bulk - 2) && !is_spliced(3 * bulk - 2),
	    "as much as that is read too, but then");
	supply(300000);
	pass();
	ok(is_spliced(3 * bulk - 2 + 300000), "what comes is in and out at once, wherever it is cut");
	supply(16384);
	pass();
	ok(rig.pump.bypass.bulk && is_spliced(3 * bulk - 2 + 316384), "as long as 16 KiB come at once");
	supply(16383);
	pass();
	ok(!rig.pump.bypass.bulk && is_through(3 * bulk - 2 + 332767), "not when fewer do, though they still are");
	supply(20000);
	pass();
	pass();
	ok(!rig.pump.bypass.bulk && is_through(3 * bulk - 2 + 352767) && !is_spliced(3 * bulk - 2 + 352767),
	    "and then not again before there is much");
	finish();
}

/* Byte for byte of one record, at the border of two looks. */
static void
bulk_is_cut(void)
{
	size_t sum = 140000;
	bool good = true;

	if (!begin_bulk("-q", sum))
		return;
	for (size_t cut = 1; cut <= 2 * LINE && good; cut++) {
		supply(20000 + cut);
		sum += 20000 + cut;
		pass();
		good = is_spliced(sum) && rig.pump.intake.open == sum % LINE;
	}
	ok(good && rig.pump.bypass.bulk, "a record cut at the end of what was looked at is counted once, at its end");
	rig.sent_length = 0;
	finish();
}

/* The output takes a part of what was looked at: with 65536 bytes of room, of 200000.  begun bytes of a
 * record are open then. */
static bool
begin_half_out(size_t begun)
{
	const size_t first = 140000 - NARROW % LINE + begun;

	if (!begin_bulk("-q", first))
		return false;
	must(fcntl(rig.reader, F_SETPIPE_SZ, NARROW) == NARROW);
	supply(200000);
	pass();
	must(rig.pump.output == OUTLET_REFUSED && rig.pump.bypass.looked_length == 200000 - NARROW);
	must(rig.pump.intake.open == begun);
	return true;
}

static void
bulk_meets_a_full_output(void)
{
	size_t sum;

	if (!begin_half_out(3))
		return;
	sum = rig.sent_length;
	ok(!pump_wants_input(&rig.pump) && pump_deadline_ns(&rig.pump) == rig.now + 2 * MS,
	    "when the output is full, it is waited for");
	pass();
	ok(held() == 0 && books()->in.bytes == sum - 200000 + NARROW && is_balanced(), "with nothing held");
	rig.pump.input_port.stage_refused = true; /* a second look would fail */
	for (size_t left = 200000 - NARROW; left > NARROW; left -= NARROW) {
		must(is_spliced(sum - left));
		pass();
		is(rig.pump.bypass.looked_length, left - NARROW, "as the output takes it, it is moved and counted");
	}
	ok(rig.pump.bypass.able && is_spliced(sum - (200000 - 3 * NARROW)), "without a second look");
	rig.pump.input_port.stage_refused = false;
	pass();
	ok(is_spliced(sum) && rig.pump.bypass.looked_length == 0, "to its end");
	is(pump_deadline_ns(&rig.pump), UINT64_MAX, "and nothing is waited for any more");
	supply(50000);
	pass();
	ok(is_spliced(sum + 50000), "then the next look is at what comes next");
	finish();
}

/* Another process reads the same pipe: what was looked at is not what comes next. */
static void
bulk_with_a_rival(void)
{
	static char stolen[200000];
	struct tally before;

	if (!begin_half_out(0))
		return;
	must(read(rig.pump.input_port.fd, stolen, sizeof(stolen)) == 200000 - NARROW);
	collect();
	before = books()->in;
	pass();
	is(rig.pump.bypass.looked_length, 0, "what another process has read meanwhile is forgotten");
	memset(stolen, '\n', 50000);
	must(write(rig.writer, stolen, 50000) == 50000);
	pass();
	ok(books()->in.records - before.records == 50000 && books()->in.bytes - before.bytes == 50000,
	    "and what comes next is counted as what it is");
	finish();
}

static void
bulk_stops_waiting(void)
{
	size_t sum;

	if (!begin_half_out(2)) /* begun in passing, not in the queue */
		return;
	sum = rig.sent_length;
	rig.now += 2 * MS - 1;
	pass();
	is(held(), 0, "until 2 ms have passed");
	rig.now++;
	pass();
	ok(held() == 200000 - NARROW && rig.pump.bypass.looked_length == 0, "then what was looked at is read");
	ok(books()->in.bytes == sum && books()->in.records == sum / LINE && is_balanced(), "and counted once");
	is(queue_waiting(&rig.pump.queue), sum / LINE - (sum - 200000 + NARROW) / LINE - 1,
	    "the record that has been begun does not wait");
	ok(pump_wants_input(&rig.pump) && pump_deadline_ns(&rig.pump) == UINT64_MAX, "and weir reads on");
	supply(100000);
	pass();
	ok(held() == 300000 - NARROW && is_balanced(), "as long as the output is full");
	for (int i = 0; i < 9 && held() > 0; i++) {
		collect();
		pass();
	}
	ok(is_through(sum + 100000), "nothing was lost, and nothing came twice");
	supply(50000);
	pass();
	ok(is_spliced(sum + 150000), "and an empty buffer is passed by again");
	finish();
}

/* A look that ends the bulk while the output is full. */
static void
bulk_ends_at_a_full_output(bool patient)
{
	size_t full, sum = 140000;

	if (!begin_bulk("-q", sum))
		return;
	full = pipe_fill(rig.pump.outlet.port.inherited);
	supply(100);
	pass();
	ok(!rig.pump.bypass.bulk && held() == 0 && rig.pump.output == OUTLET_REFUSED, "a look at few bytes, and no room");
	ok(pump_deadline_ns(&rig.pump) > rig.now, "which is waited for");
	if (patient) {
		rig.now = pump_deadline_ns(&rig.pump);
		pass();
		ok(held() == 100 && pump_wants_input(&rig.pump), "2 ms later they are read");
		ok(pump_deadline_ns(&rig.pump) == UINT64_MAX, "and nothing wants another pass");
		supply(100);
		pass();
		is(held(), 200, "before there is more to read");
	}
	pipe_forget(rig.reader, full);
	for (int i = 0; i < 2; i++)
		pass();
	ok(pump_wants_input(&rig.pump) && pump_deadline_ns(&rig.pump) == UINT64_MAX && is_through(rig.sent_length),
	    "when there is room they go, and weir goes on");
	finish();
}

/* --- the end of much --- */

/* What is left in the input, for others. */
static size_t
left_in_input(void)
{
	return pipe_drain(rig.pump.input_port.fd, rig.got, STREAM_MOST);
}

static void
bulk_is_stopped(void)
{
	size_t sum = 140000;

	if (!begin_bulk("-q", sum))
		return;
	supply(20000); /* one byte more than a whole record */
	pass();
	must(is_spliced(sum + 20000) && rig.pump.intake.open == 1);
	pump_stop(&rig.pump, rig.now);
	is(rig.pump.input, PUMP_FINISHING, "much comes, and weir is stopped in the middle of a record");
	supply(200000);
	for (int i = 0; i < 20 && !pump_done(&rig.pump); i++)
		pass();
	ok(rig.pump.input == PUMP_STOPPED && is_through(sum + 20000 + LINE - 1), "then only its rest comes");
	is(left_in_input(), 200000 - (LINE - 1), "and the others stay where they are");
	finish();
}

static void
bulk_is_stopped_half_out(void)
{
	size_t out;

	if (!begin_half_out(3))
		return;
	out = rig.sent_length - 200000 + NARROW;
	must(is_through(out));
	must(pipe_fill(rig.pump.outlet.port.inherited) > 0);
	pump_stop(&rig.pump, rig.now);
	for (int i = 0; i < 20 && rig.pump.input != PUMP_STOPPED; i++)
		pass();
	ok(rig.pump.input == PUMP_STOPPED && held() == LINE - 3 && is_balanced(),
	    "stopped with bytes that were looked at, weir reads the rest of one record");
	is(pump_deadline_ns(&rig.pump), UINT64_MAX, "and waits for room only");
	is(left_in_input(), 200000 - NARROW - (LINE - 3), "and leaves the others there");
	while (pipe_drain(rig.reader, rig.got, STREAM_MOST) > 0)
		continue;
	pass();
	ok(pump_done(&rig.pump) && books()->out.records == out / LINE + 1 && books()->in.records == out / LINE + 1,
	    "it is counted once");
	finish();

	if (!begin_half_out(0))
		return;
	out = rig.sent_length - 200000 + NARROW;
	pump_stop(&rig.pump, rig.now);
	is(rig.pump.input, PUMP_STOPPED, "between records it stops at once");
	pass();
	ok(pump_done(&rig.pump) && is_through(out), "with what had been moved");
	is(left_in_input(), 200000 - NARROW, "and what was only looked at is there for others");
	finish();
}

static bool
has_ended_after(size_t length)
{
	uint64_t records = (length + LINE - 1) / LINE;

	collect();
	return pump_done(&rig.pump) && rig.pump.input == PUMP_ENDED && books()->in.records == records &&
	    books()->out.records == records && books()->in.bytes == length && books()->out.bytes == length &&
	    is_balanced() && rig.got_length == length && memcmp(rig.got, rig.sent, length) == 0;
}

static void
bulk_ends(const char *command_line, size_t length)
{
	const char *how = length % LINE > 0 ? "without" : "with";

	if (!begin_bulk(command_line, length))
		return;
	supply(70000);
	end_input();
	for (int i = 0; i < 2; i++)
		pass();
	ok(has_ended_after(length + 70000), "weir %s: the end of much, %s a last delimiter", command_line, how);
	finish();

	must(begin_bulk(command_line, length));
	end_input();
	for (int i = 0; i < 2; i++)
		pass();
	ok(has_ended_after(length), "weir %s: the end right after a read, %s", command_line, how);
	finish();

	must(begin_bulk(command_line, length));
	must(fcntl(rig.reader, F_SETPIPE_SZ, NARROW) == NARROW);
	supply(140000);
	end_input();
	for (int i = 0; i < 20 && !pump_done(&rig.pump); i++, rig.now += 2 * MS) {
		pass();
		if (i > 5)
			collect();
	}
	ok(has_ended_after(length + 140000), "weir %s: the end while the output is full, %s", command_line, how);
	finish();
}

/* Where the bytes need not be seen, they are not. */
static void
bulk_without_a_look(const char *command_line, uint64_t record)
{
	size_t sum = 100;
	bool good = true;

	if (!begin_wide(command_line)) {
		finish();
		return;
	}
	for (int i = 0; i < 4; i++) {
		supply(i == 0 ? 100 : 100000 + (size_t)i);
		sum = rig.sent_length;
		pass();
		collect();
		good = good && books()->in.bytes == sum && books()->out.bytes == sum && held() == 0 &&
		    books()->in.records == (record > 0 ? sum / record : 0) &&
		    books()->out.records == books()->in.records && is_balanced();
	}
	ok(good && memcmp(rig.got, rig.sent, sum) == 0, "weir %s: few or many, they are in and out at once",
	    command_line);
	ok(rig.pump.queue.chain.room[0].iov_base == NULL && rig.pump.input_port.stage[0] < 0,
	    "and nothing is looked at");
	finish();
}

/* Whether every end in what came and in what went is counted, and no other.  What has no delimiter ends
 * with the input. */
static bool
is_counted(void)
{
	const struct framing *framing = &rig.options.framing;
	uint64_t in = books()->in.records - record_count(framing, 0, rig.sent, (size_t)books()->in.bytes);
	uint64_t out = books()->out.records - record_count(framing, 0, rig.sent, (size_t)books()->out.bytes);

	queue_check(&rig.pump.queue);
	return in <= (rig.pump.input == PUMP_ENDED) && out <= (books()->out.bytes == rig.sent_length) &&
	    is_balanced();
}

/* As any_stream, through wide pipes and in large parts, and with the records counted. */
static bool
any_bulk_run(struct random *random, const char *command_line, size_t longest, unsigned *spliced)
{
	size_t fed = 0;
	uint64_t records;
	unsigned idle = 0;

	must(begin_wide(command_line));
	must(fcntl(rig.reader, F_SETPIPE_SZ, 4096 << random_below(random, 9)) > 0);
	must(fcntl(rig.writer, F_SETFL, O_NONBLOCK) == 0);
	make_stream(random, STREAM_MOST - 2 * longest - 20, longest);
	rig.sent_length -= (size_t)random_below(random, 2);
	while (!pump_done(&rig.pump) && idle < 200) {
		uint64_t before = books()->in.bytes + books()->out.bytes + fed;
		size_t part = (size_t)random_from(random, 1, 400000), left = rig.sent_length - fed;
		ssize_t done = left > 0 ? write(rig.writer, rig.sent + fed, part < left ? part : left) : 0;

		fed += done > 0 ? (size_t)done : 0;
		if (left == 0 && rig.writer >= 0)
			end_input();
		pass();
		*spliced += rig.pump.bypass.looked_length > 0;
		if (!is_counted())
			return false;
		if (random_one_in(random, 2))
			rig.got_length += pipe_drain(rig.reader, rig.got + rig.got_length,
			    (size_t)random_below(random, STREAM_MOST - rig.got_length));
		rig.now += random_below(random, 3) * MS;
		idle = books()->in.bytes + books()->out.bytes + fed > before ? 0 : idle + 1;
	}
	collect();
	records = record_count(&rig.options.framing, 0, rig.sent, rig.sent_length);
	records += record_last(&rig.options.framing, 0, rig.sent, rig.sent_length) < rig.sent_length;
	return pump_done(&rig.pump) && rig.got_length == rig.sent_length &&
	    memcmp(rig.got, rig.sent, rig.got_length) == 0 && books()->in.records == records &&
	    books()->out.records == records;
}

static void
any_bulk(const char *command_line)
{
	bool good = true, looks;
	unsigned spliced = 0;

	if (!begin_wide(command_line)) {
		finish();
		return;
	}
	looks = framing_delimited(&rig.options.framing);
	finish();
	for (uint64_t seed = 1; seed <= 4 && good; seed++) {
		struct random random = { seed };

		good = any_bulk_run(&random, command_line, seed % 2 > 0 ? 100 : 50000, &spliced);
		if (!good)
			diag("seed %" PRIu64 ": in %" PRIu64 " records %" PRIu64 " bytes, out %" PRIu64 " and %" PRIu64
			     ", held %" PRIu64 ", got %zu of %zu", seed, books()->in.records, books()->in.bytes,
			    books()->out.records, books()->out.bytes, held(), rig.got_length, rig.sent_length);
		finish();
	}
	ok(good, "weir %s: much at once, to any reader, with every record counted once", command_line);
	ok(!good || (spliced > 0) == looks, "and moved in parts of what was looked at, where that is needed");
}

static void
bulk(void)
{
	bulk_starts();
	bulk_is_cut();
	bulk_meets_a_full_output();
	bulk_with_a_rival();
	bulk_stops_waiting();
	bulk_ends_at_a_full_output(false);
	bulk_ends_at_a_full_output(true);
	bulk_is_stopped();
	bulk_is_stopped_half_out();
	bulk_ends("-q", 140000);
	bulk_ends("-q", 140001);
	bulk_ends("--fixed=7", 140000);
	bulk_ends("--fixed=7", 140006);
	bulk_without_a_look("-b", 0);
	bulk_without_a_look("--fixed=7", 7);
	bulk_without_a_look("--fixed=100000", 100000);
	any_bulk("-q");
	any_bulk("-d x");
	any_bulk("-0");
	any_bulk("--fixed=1000");
	any_bulk("-m 256K");
	any_bulk("-m 150K --max-records=500");
}

#else

static void
bulk(void)
{
	begin("-q");
	ok(!rig.pump.bypass.able, "without splice all goes through the buffer");
	finish();
}

#endif

/* --- other values, between two passes ------------------------------------------------------------- */

static void
retunes_marks(void)
{
	struct tuning tuning;

	begin("-m 64K --high=50%");
	tuning = rig.pump.tuning;
	pipe_fill(rig.pump.outlet.port.inherited);
	feed_lines(1, 5000);
	pass();
	must(level_is_paused(&rig.pump.level) && held() == 40000);
	rig.now += MS;
	tuning.marks.high.bytes = 65536;
	tuning.marks.low.bytes = 50000;
	pump_retune(&rig.pump, &tuning, rig.now);
	ok(pump_wants_input(&rig.pump) && books()->paused_ns == MS && books()->pressure_ns == MS,
	    "retuned: by higher marks it reads on at once");
	tuning.marks.high.bytes = 30000;
	tuning.marks.low.bytes = 10000;
	pump_retune(&rig.pump, &tuning, rig.now);
	ok(!pump_wants_input(&rig.pump) && books()->paused_count == 2 && books()->pressure_count == 2,
	    "retuned: and by lower ones it stops");
	ok(held() == 40000 && is_balanced() && books()->peak.bytes == 40000, "retuned: nothing that is held is lost by that");
	finish();
}

/* A record that is too long to wait for its end is longer from now on, or shorter. */
static void
retunes_parts(void)
{
	struct tuning tuning;

	begin("-m 8K -L 1000/s");
	tuning = rig.pump.tuning;
	memset(rig.sent, 'x', 5000);
	must(write(rig.writer, rig.sent, 5000) == 5000);
	pass();
	ok(held() == 5000 && rig.pump.output == OUTLET_EMPTY, "retuned: its end is waited for");
	tuning.marks.high.bytes = tuning.marks.low.bytes = 4096;
	pump_retune(&rig.pump, &tuning, rig.now);
	pass();
	ok(held() == 0 && strlen(read_all()) == 5000 && queue_part_sent(&rig.pump.queue), "retuned: or not");
	pump_stop(&rig.pump, rig.now);
	is(rig.pump.input, PUMP_FINISHING, "retuned: what has been begun is finished");
	finish();

	begin("-m 8K -L 1000/s");
	must(write(rig.writer, rig.sent, 5000) == 5000);
	pass();
	pump_stop(&rig.pump, rig.now);
	pump_retune(&rig.pump, &tuning, rig.now);
	pass();
	ok(held() == 5000 && pump_done(&rig.pump), "retuned: but after a signal none is begun");
	finish();
}

static void
retunes_times(void)
{
	struct tuning tuning;

	begin("-L 1/s --burst=1");
	tuning = rig.pump.tuning;
	feed("1\n2\n3\n4\n");
	pass();
	must(rig.pump.output == OUTLET_HELD && pump_deadline_ns(&rig.pump) == rig.now + NS_PER_S);
	tuning.rate.amount = 1000;
	pump_retune(&rig.pump, &tuning, rig.now);
	is(rig.pump.output, OUTLET_MORE, "retuned: the next pass is due at once");
	pass();
	ok(books()->out.records == 1 && pump_deadline_ns(&rig.pump) == rig.now + MS, "retuned: and the next record sooner");
	rig.now += MS;
	pass();
	is(books()->out.records, 2, "retuned: then it leaves");
	finish();

	begin("-p drop-oldest --max-age=10");
	tuning = rig.pump.tuning;
	pipe_fill(rig.pump.outlet.port.inherited);
	feed("1\n2\n");
	pass();
	is(pump_deadline_ns(&rig.pump), rig.now + 10 * NS_PER_S + 1, "retuned: what waits is due then");
	tuning.max_age_ns = NS_PER_S;
	pump_retune(&rig.pump, &tuning, rig.now + MS);
	is(pump_deadline_ns(&rig.pump), rig.now + NS_PER_S + 1, "retuned: then sooner, from when it came");
	rig.now += NS_PER_S + 1;
	pass();
	is(books()->dropped[REASON_EXPIRED].records, 2, "retuned: and goes");
	finish();
}

#ifdef HAVE_PCRE2

/* What ends the input may make all give way that the output has refused: then there is nothing to wait for. */
static void
gives_way_at_the_end(void)
{
	static char rest[4093] = "k ";

	begin("-p latest -k 1 --keep=nothing -m 4096");
	(void)pipe_fill(rig.pump.outlet.port.inherited);
	feed("j this is older than the next one\n");
	pass();
	ok(rig.pump.output == OUTLET_REFUSED && queue_held(&rig.pump.queue).records == 1, "the output is full");
	memset(rest + 2, 'x', sizeof(rest) - 3);
	feed(rest);
	pass();
	is(rig.pump.output, OUTLET_REFUSED, "and still when a record comes that does not fit beside that, but for its end");
	end_input();
	pass();
	is(queue_held(&rig.pump.queue).bytes, 0, "that is ended: both give way, one for want of room, the other for room to spare");
	is(rig.pump.output, OUTLET_MORE, "so that the output need not be waited for");
	pass();
	ok(rig.pump.output == OUTLET_EMPTY && pump_done(&rig.pump), "before it is over");
	finish();
}

#endif

/* --- what has to settle ---------------------------------------------------------------------------- */

static void
settles(void)
{
	begin("--settle=1s");
	pass();
	is(pump_deadline_ns(&rig.pump), UINT64_MAX, "settle: where nothing is held no time is waited for");
	feed("1\n");
	pass();
	ok(pump_output(&rig.pump) == OUTLET_HELD && pump_awaited(&rig.pump) == WAIT_SETTLE, "settle: what comes is held,");
	is(pump_deadline_ns(&rig.pump), rig.now + NS_PER_S, "for as long as was said");
	rig.now += NS_PER_S - 1;
	pass();
	is_text(read_all(), "", "settle: not a nanosecond less,");
	feed("2");
	pass();
	is(pump_deadline_ns(&rig.pump), rig.now + NS_PER_S, "settle: and anew with each byte that comes");
	rig.now += NS_PER_S;
	pass();
	is_text(read_all(), "1\n", "settle: then it leaves,");
	ok(pump_output(&rig.pump) == OUTLET_EMPTY && pump_deadline_ns(&rig.pump) == UINT64_MAX, "and nothing is waited for");
	feed("\n");
	pass();
	is_text(read_all(), "", "settle: what comes then is held anew,");
	end_input();
	pass();
	is_text(read_all(), "2\n", "until nothing more can come");
	finish();
	begin("--settle=1h");
	feed("1\n");
	pass();
	pump_hurry(&rig.pump);
	pass();
	is_text(read_all(), "1\n", "settle: there is no time for it any more");
	feed("2\n");
	pass();
	is_text(read_all(), "2\n", "nor for what comes then");
	finish();
}

/* From pipe to pipe, too. */
static void
settles_bytes(void)
{
	begin("-b --settle=1s");
	feed("abc");
	pass();
	pass();
	is_text(read_all(), "", "settle: bytes are held,");
	rig.now += NS_PER_S;
	pass();
	is_text(read_all(), "abc", "until they have settled");
	finish();
}

/* A record of which a part is out goes on, whatever comes. */
static void
settles_once(void)
{
	begin("--settle=1s -m 4096");
	must(write(rig.writer, rig.sent, 4096) == 4096); /* no end in it: as much as the buffer holds leaves in parts */
	pass();
	ok(pipe_drain(rig.reader, rig.got, STREAM_MOST) == 0 && level_is_paused(&rig.pump.level),
	    "settle: a part of a record waits, and with a full buffer nothing is read,");
	rig.now += NS_PER_S;
	pass();
	is(pipe_drain(rig.reader, rig.got, STREAM_MOST), 4096, "so that it has settled by itself");
	feed("x");
	pass();
	is_text(read_all(), "x", "settle: a record that was begun goes on as it comes");
	finish();
}

#ifdef HAVE_PCRE2
/* What has been begun is read on to the end of its line, and no further: whether the next one goes on with it is not waited for. */
static void
stops_behind_a_line(void)
{
	begin("--start=^x -L 1000000/s -m 4096");
	memset(rig.sent, 'x', 60000);
	for (int i = 0; i < 2; i++) {
		must(write(rig.writer, rig.sent, 60000) == 60000);
		pass();
		(void)read_all();
	}
	ok(books()->out.bytes > 0 && books()->in.bytes == 120000, "of a line that is longer than it is judged by a part is out");
	pump_stop(&rig.pump, rig.now);
	ok(pump_is_reading(&rig.pump), "it is read to its end");
	feed("x\n more\nxnext\n");
	for (int i = 0; i < 20 && pump_is_reading(&rig.pump); i++)
		pass();
	ok(!pump_is_reading(&rig.pump) && books()->in.bytes == 120002 && books()->in.records == 1, "and then nothing more is");
	for (int i = 0; i < 20 && !pump_done(&rig.pump); i++) {
		(void)read_all();
		pass();
	}
	ok(pump_done(&rig.pump) && books()->out.records == 1 && is_balanced(), "it is out");
	finish();
}
#endif

/* Frames of one key, of different lengths, that are longer than the buffer. */
static void
rates_a_part_by_its_key(void)
{
	static const unsigned char first[] = { 0, 0, 0x13, 0x88 }, second[] = { 0, 0, 0x17, 0x70 };

	begin("--frame=u32be -L 1/h --rate-by=key -k 1 -m 4096");
	memset(rig.sent, 'x', sizeof(rig.sent));
	memcpy(rig.sent, first, 4);
	memcpy(rig.sent + 4, "a ", 2);
	memcpy(rig.sent + 5004, second, 4);
	memcpy(rig.sent + 5008, "a ", 2);
	for (size_t at = 0; at < 10000; at += 5000) {
		must(write(rig.writer, rig.sent + at, 5000) == 5000);
		for (int i = 0; i < 5; i++) {
			pass();
			(void)read_all();
		}
	}
	ok(books()->out.bytes == 5004, "of a frame of which a part is here the key is in the payload, not in front of it");
	finish();
}

int
main(void)
{
	pipe_init();
	settles();
	settles_bytes();
	settles_once();
	passes_on();
	ends_without_delimiter();
	samples();
	verdicts("-p drop-newest --max-records=10", 1, REASON_NEWEST);
	verdicts("-p drop-oldest --max-records=10", 991, REASON_OLDEST);
	undecided();
	oversize();
	watermarks();
	hysteresis();
	pauses();
	watermarks_of_records();
	fills_up_in_turns();
	equal_watermarks();
	peaks();
	reads_on_for_an_end();
	long_records("-L 1000/s -m 4096");
	long_records("-L 1000/s -m 8K --high=50%");
	long_records("-s 2 -m 4096");
	long_records("-L 1GB/s -m 4096");
	counts_no_part_sent_record();
	stops_inside_a_record();
	stops_inside_a_record_that_is_held(false);
	stops_inside_a_record_that_is_held(true);
	stops_inside_a_long_record();
	rates_a_part_by_its_key();
	stops_at_once();
	begins_nothing_at_the_end();
	stops_while_paused();
	errors();
	rates();
	rates_what_is_left();
	rates_what_is_whole();
	fails_at_the_end();
#ifdef HAVE_PCRE2
	stops_behind_a_line();
	gives_way_at_the_end();
#endif
	bytes();
	splices();
	bulk();
	any_stream("-q", true);
	any_stream("-m 4096", true);
	any_stream("-m 4096 --max-records=5 --low=0%", true);
	any_stream("-b", true);
	any_stream("-b -m 4096", true);
	any_stream("-b -m 64K -L 10MB", true);
	any_stream("-L 10MB/s", true);
	any_stream("-L 50k/s -m 4096 --burst=20", true);
	any_stream("-L 100k/s --burst=70 --high=30%", true);
	any_stream("-s 100% -m 4096", true);
	any_stream("-s 3", false);
	any_stream("-s 3 -L 10k/s -m 16K", false);
	any_stream("-p drop-oldest -m 16K", false);
	any_stream("-p drop-newest -m 4096", false);
	any_stream("-p drop-oldest --max-records=20 -L 1000/s", false);
	any_stream("-p drop-newest -m 32K -s 50%", false);
	any_marks("-p drop-oldest -m 16K --mark-drops=M{records},{bytes}");
	any_marks("-p drop-newest -m 16K --mark-drops=M{records},{bytes}");
	any_marks("-p drop-newest -m 4096 --max-record=2000 --mark-drops=M{records},{bytes}");
	any_marks("-p drop-oldest --max-records=20 --max-record=3000 --mark-drops=M{records},{bytes}");
	any_marks("-p drop-oldest -m 8K -L 3000/s --mark-drops=M{records},{bytes}");
	any_marks("-p drop-newest -m 8K -L 1MB/s --mark-drops=M{records},{bytes}");
	any_marks("-p drop-random -m 16K --seed=1 --mark-drops=M{records},{bytes}");
#ifdef HAVE_PCRE2
	any_marks("-p drop-random --max-records=40 --keep=7x --seed=2 --mark-drops=M{records},{bytes}");
	any_marks("-p latest -k /.$/ -m 16K --mark-drops=M{records},{bytes}");
	any_marks("-p drop-oldest -m 16K --keep=^0000.[13] --keep=^0000.[24] --mark-drops=M{records},{bytes}");
	any_marks("-p drop-newest -m 16K --keep=^0000.[13] --keep=^0000.[24] --mark-drops=M{records},{bytes}");
#endif
	any_marks("-p shed:3 -m 16K --high=60% --mark-drops=M{records},{bytes}");
	any_marks("-p codel:1ms/3ms -m 64K --mark-drops=M{records},{bytes}");
	any_marks("-p drop-oldest -m 64K --max-age=3ms --mark-drops=M{records},{bytes}");
	any_marks("-p drop-newest -m 16K --drop-over=9000/s --mark-drops=M{records},{bytes}");
	any_marks("--drop-over=20kB/s --burst=15K --mark-drops=M{records},{bytes}");
	is_patient("-p drop-oldest -m 32K");
	is_patient("-p drop-newest -m 16K");
	is_patient("-p codel -m 60K");
	is_patient("-p drop-oldest --max-records=6000");
	is_patient_at_last("-p drop-oldest", true);
	is_patient_at_last("-p block --max-age=1h", false);
	is_patient_no_more();
	marks_when_quiet();
	marks_wait();
	marks_of_repeats();
	marks_behind_rest();
	marks_behind_new_rest();
	stops_behind_rest();
	controls_behind_no_rest();
	marks_are_rated();
	marks_grow();
	waits();
	presses();
	salts();
	retunes_marks();
	retunes_parts();
	retunes_times();
	return done_testing();
}
