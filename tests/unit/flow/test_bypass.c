/* SPDX-License-Identifier: BSD-2-Clause */
/* From one pipe to another, of which the test holds the other ends; what is counted, and when it gives up. */
#include "../tap.h"

#include "../pipe.h"
#include "flow/bypass.h"
#include "os/pipes.h"

#define MOST ((size_t)64 << 10) /* what a pipe takes */
#define BUDGET ((size_t)512 << 10)
#define NOW NS_PER_S

static struct rig {
	struct io_port input, output;
	struct intake intake;
	struct queue queue;
	struct ledger ledger;
	struct bypass bypass;
	int writer, reader;
	char sent[MOST], got[MOST];
} rig;

/* Whether this system can do it at all. */
static bool
begin(const struct framing *framing)
{
	const struct gate_rules gates = { .max_record = UINT64_MAX, .judge_at = UINT64_MAX };
	const struct queue_limits limits = { .bytes = 4096, .records = UINT64_MAX };
	int in[2], out[2];
	bool can;

	must(pipe(in) == 0 && pipe(out) == 0);
	rig.writer = in[1];
	rig.reader = out[0];
	io_open_input(&rig.input, in[0]);
	pipe_find_way(&rig.input);
	io_open_output(&rig.output, out[1]);
	rig.ledger = (struct ledger){ .in = { 0, 0 } };
	intake_init(&rig.intake, framing, &gates);
	must(queue_init(&rig.queue, framing, &limits) == 0);
	can = pipes_can_splice(&rig.input, &rig.output);
	bypass_init(&rig.bypass, can, framing_delimited(framing));
	return can;
}

static void
finish(void)
{
	(void)io_close(&rig.input);
	(void)io_close(&rig.output);
	(void)close(rig.reader);
	if (rig.writer >= 0)
		(void)close(rig.writer);
	queue_free(&rig.queue);
	bypass_free(&rig.bypass);
}

/* Lines of 16 bytes, `length` bytes of them from the beginning on. */
static void
supply(size_t length)
{
	for (size_t i = 0; i < length; i++)
		rig.sent[i] = i % 16 == 15 ? '\n' : (char)('a' + i % 7);
	must(write(rig.writer, rig.sent, length) == (ssize_t)length);
}

static enum bypass_state
move(size_t budget, uint64_t now_ns)
{
	const struct bypass_road road = { &rig.input, &rig.output, &rig.intake, &rig.queue, &rig.ledger };

	return bypass_move(&rig.bypass, &road, budget, now_ns);
}

/* So much has been moved, as it was, and has been counted. */
static bool
is_through(size_t length, uint64_t records)
{
	return pipe_drain(rig.reader, rig.got, MOST) == length && memcmp(rig.got, rig.sent, length) == 0 &&
	    rig.ledger.in.bytes == length && rig.ledger.out.bytes == length && rig.ledger.in.records == records &&
	    rig.ledger.out.records == records && ledger_balances(&rig.ledger, queue_held(&rig.queue));
}

static const struct framing lines = { .kind = FRAMING_LINES, .delimiter = '\n' };
static const struct framing fixed = { .kind = FRAMING_FIXED, .size = 100 };
static const struct framing bytes = { .kind = FRAMING_BYTES };

static void
blindly(void)
{
	if (begin(&bytes)) {
		ok(bypass_is_open(&rig.bypass), "bytes: without a look it is open at once");
		is(move(BUDGET, NOW), BYPASS_DRY, "bytes: nothing is there");
		supply(5000);
		is(move(BUDGET, NOW), BYPASS_DRY, "bytes: all that is there goes");
		ok(is_through(5000, 0) && rig.bypass.look_room == NULL, "bytes: and is not looked at");
		(void)close(rig.writer);
		rig.writer = -1;
		is(move(BUDGET, NOW), BYPASS_ENDED, "bytes: the end is seen");
	}
	finish();
	if (begin(&fixed)) {
		supply(1234);
		is(move(1000, NOW), BYPASS_MORE, "fixed: it stops when the budget is spent");
		ok(is_through(1234, 12) && rig.intake.open == 34, "fixed: records are counted by their length");
	}
	finish();
}

static void
with_looks(void)
{
	if (begin(&lines)) {
		ok(!bypass_is_open(&rig.bypass), "lines: it is closed at first");
		bypass_was_read(&rig.bypass, 131071);
		ok(!bypass_is_open(&rig.bypass), "lines: and as long as little comes at once");
		bypass_was_read(&rig.bypass, 131072);
		ok(bypass_is_open(&rig.bypass), "lines: then it is open");
		supply(20000 + 8);
		is(move(20000, NOW), BYPASS_MORE, "lines: bytes go by");
		ok(is_through(20008, 1250) && rig.intake.open == 8, "lines: and have been looked at and counted");
		ok(bypass_is_open(&rig.bypass), "lines: 16 KiB at once are enough to go on");
		supply(16383);
		is(move(BUDGET, NOW), BYPASS_MORE, "lines: fewer go by, too,");
		ok(!bypass_is_open(&rig.bypass) && rig.ledger.in.bytes == 20008 + 16383, "lines: but close it");
	}
	finish();
}

/* Held for 2 ms from the first time on. */
static void
full_output(void)
{
	size_t full;

	if (begin(&bytes)) {
		full = pipe_fill(rig.output.inherited);
		supply(100);
		ok(!bypass_is_holding(&rig.bypass) && bypass_due_ns(&rig.bypass) == UINT64_MAX, "full: nothing is waited for");
		is(move(BUDGET, NOW), BYPASS_FULL, "full: the output takes nothing");
		ok(bypass_is_holding(&rig.bypass) && bypass_due_ns(&rig.bypass) == NOW + 2 * NS_PER_MS &&
		    !bypass_has_held(&rig.bypass, NOW), "full: and is waited for");
		is(move(BUDGET, NOW + NS_PER_MS), BYPASS_FULL, "full: still");
		ok(!bypass_has_held(&rig.bypass, NOW + 2 * NS_PER_MS - 1) &&
		    bypass_has_held(&rig.bypass, NOW + 2 * NS_PER_MS), "full: from the first time on");
		bypass_let_go(&rig.bypass);
		ok(!bypass_is_holding(&rig.bypass) && !bypass_has_held(&rig.bypass, NOW + NS_PER_S), "full: until it is let go");
		pipe_forget(rig.reader, full);
		is(move(BUDGET, NOW), BYPASS_DRY, "full: then all goes");
		ok(is_through(100, 0), "full: once");
	}
	finish();
}

static bool
are_of(int size)
{
	return fcntl(rig.input.inherited, F_GETPIPE_SZ) == size && fcntl(rig.output.inherited, F_GETPIPE_SZ) == size;
}

/* Once 64 MiB have gone by. */
static void
grows(void)
{
	const size_t piece = (size_t)32 << 10;
	size_t gone = 0;
	bool small = true;

	for (; begin(&lines) && gone < 2; gone++) {
		size_t most = (size_t)64 << 20;

		if (gone == 0)
			bypass_grow(&rig.bypass, (size_t)256 << 10);
		bypass_was_read(&rig.bypass, 131072);
		for (size_t done = piece; done < most; done += piece) {
			supply(piece);
			(void)move(BUDGET, NOW);
			pipe_forget(rig.reader, piece);
			small = small && are_of(64 << 10);
		}
		ok(small && bypass_is_open(&rig.bypass), "pipes stay as they are at first");
		supply(piece);
		(void)move(BUDGET, NOW);
		ok(are_of(gone == 0 ? 256 << 10 : 64 << 10), gone == 0 ? "and are made larger when 64 MiB have gone by" :
		    "for ever, where nobody asks for it");
		pipe_forget(rig.reader, piece);
		supply(piece);
		is(move(BUDGET, NOW), BYPASS_DRY, "the next goes by all the same");
		finish();
	}
	finish();
}

static void
gives_up(void)
{
	if (begin(&bytes)) {
		supply(100);
		(void)close(rig.reader);
		rig.reader = open("/dev/null", O_RDONLY);
		is(move(BUDGET, NOW), BYPASS_GONE, "gone: without a reader");
	}
	finish();
	if (begin(&bytes)) {
		int other = open("/dev/full", O_WRONLY), file = pipe_file("some text", 9);

		must(file >= 0);
		rig.input.fd = file; /* neither end is a pipe now */
		rig.output.fd = other;
		is(move(BUDGET, NOW), BYPASS_MORE, "error: where the kernel will not");
		ok(!bypass_is_open(&rig.bypass) && rig.ledger.in.bytes == 0, "error: it is closed for good");
		bypass_was_read(&rig.bypass, 131072);
		ok(!bypass_is_open(&rig.bypass), "error: whatever comes");
		(void)close(file);
		(void)close(other);
		rig.input.fd = rig.input.inherited;
		rig.output.fd = rig.output.inherited;
	}
	finish();
}

/* Not a byte of the next record. */
static void
rests(void)
{
	(void)begin(&fixed);
	rig.intake.open = 34;
	is(bypass_rest_of_record(&rig.bypass, &rig.input, &rig.intake), 66, "rest: of a fixed record what it lacks");
	finish();
	if (begin(&lines)) {
		is(bypass_rest_of_record(&rig.bypass, &rig.input, &rig.intake), 1, "rest: where nothing can be seen, a byte");
		supply(40);
		rig.intake.open = 5;
		is(bypass_rest_of_record(&rig.bypass, &rig.input, &rig.intake), 16, "rest: up to the end that can be seen");
		pipe_forget(rig.input.fd, 32);
		is(bypass_rest_of_record(&rig.bypass, &rig.input, &rig.intake), 8, "rest: or all that is here");
	}
	finish();
}

int
main(void)
{
	pipe_init();
	blindly();
	with_looks();
	full_output();
	grows();
	gives_up();
	rests();
	ok(true, "where bytes cannot go from pipe to pipe there is nothing to test");
	return done_testing();
}
