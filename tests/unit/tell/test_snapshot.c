/* SPDX-License-Identifier: BSD-2-Clause */
/* The figures of an interval, and what they foretell, from books that the test writes. */
#include "../tap.h"

#include "tell/snapshot.h"

static struct options options;
static struct pump pump;
static struct baseline baseline;
static struct snapshot snapshot;

/* A pump that holds 40 bytes in four records, of 100 there is room for. */
static void
begin(void)
{
	const struct framing lines = { .kind = FRAMING_LINES, .delimiter = '\n' };
	const struct queue_limits limits = { .bytes = 100, .records = UINT64_MAX };
	const struct watermarks marks = { { UINT64_MAX, 100 }, { UINT64_MAX, 50 } };
	struct iovec piece[QUEUE_ROOM];
	size_t length;

	options = (struct options){ .policy = POLICY_DROP_OLDEST, .framing = lines, .buffer_bytes = 100,
		.max_records = UINT64_MAX };
	pump = (struct pump){ .options = &options };
	pump.outlet.port.fd = -1;
	pump.plan.limits = limits;
	if (queue_init(&pump.queue, &lines, &limits) < 0 || (pump.queue.sojourn = pump.sojourn = sojourn_new()) == NULL)
		abort();
	(void)queue_prepare(&pump.queue, 40, piece, &length);
	memcpy(piece[0].iov_base, "........\n........\n.........\n...........\n", 40);
	queue_append(&pump.queue, 0, 40, 4, 0);
	pump.ledger.in = (struct tally){ 10, 100 };
	pump.ledger.out = (struct tally){ 4, 40 };
	pump.ledger.dropped[REASON_OLDEST] = (struct tally){ 2, 20 };
	level_init(&pump.level, false, &marks, &pump.ledger);
	snapshot_begin(&baseline, NS_PER_S);
}

static void
finish(void)
{
	sojourn_free(pump.queue.sojourn);
	pump_free(&pump);
}

static void
take(enum report_event event, uint64_t now_ns)
{
	snapshot_take(&snapshot, event, &pump, &baseline, now_ns);
}

static void
intervals(void)
{
	begin();
	pump.ledger.waited_ns[WAIT_OUTPUT] = 7;
	pump.tuning.marks.high.bytes = 77;
	for (unsigned i = 1; i <= 2; i++) {
		level_pass(&pump.level, i * NS_PER_S);
		(void)level_judge(&pump.level, &(struct level_end){ .fill = { 4, 100 }, .may_pause = i == 2 });
	}
	take(REPORT_INTERVAL, 3 * NS_PER_S);
	pump.tuning.marks.high.bytes = 78;
	is(snapshot.tuning.marks.high.bytes, 77, "values as they are at that moment");
	ok(snapshot.elapsed_ns == 2 * NS_PER_S && snapshot.interval.ns == 2 * NS_PER_S, "time passes");
	ok(snapshot.depth.records == 4 && snapshot.depth.bytes == 40 && snapshot.held.bytes == 40, "what is held");
	ok(snapshot.interval.in.records == 10 && snapshot.interval.out.bytes == 40 &&
	    snapshot.interval.dropped.records == 2, "the first interval is the run so far");
	ok(snapshot.ledger.paused_ns == NS_PER_S && snapshot.interval.paused_ns == NS_PER_S &&
	    snapshot.ledger.pressure_ns == 2 * NS_PER_S && snapshot.interval.pressure_ns == 2 * NS_PER_S,
	    "with a pause, and pressure, that last");
	sojourn_pass_by(pump.queue.sojourn, 5);
	snapshot_next_interval(&baseline, &snapshot, &pump, 3 * NS_PER_S);
	pump.ledger.in.records += 3;
	pump.ledger.dropped[REASON_NEWEST] = (struct tally){ 3, 0 };
	ok(snapshot.interval.lost, "something was lost in the first interval");
	pump.ledger.dropped[REASON_SAMPLE].bytes = 7;
	pump.ledger.in.bytes += 7;
	pump.ledger.waited_ns[WAIT_OUTPUT] = 11;
	take(REPORT_SIGNAL, 4 * NS_PER_S);
	ok(snapshot.interval.ns == NS_PER_S && snapshot.interval.in.records == 3 && snapshot.interval.in.bytes == 7 && !snapshot.interval.lost &&
	    snapshot.interval.dropped.records == 3 && snapshot.interval.waited_ns[WAIT_OUTPUT] == 4 &&
	    snapshot.interval.paused_ns == NS_PER_S && snapshot.interval.pressure_ns == NS_PER_S,
	    "the next has only what came since");
	ok(snapshot.ledger.in.records == 13 && snapshot.elapsed_ns == 3 * NS_PER_S &&
	    snapshot.ledger.waited_ns[WAIT_OUTPUT] == 11, "beside what came in all");
	ok(snapshot.latency.count == 5 && snapshot.interval.latency.count == 0, "and so have the waiting times");
	finish();
}

static void
what_comes(void)
{
	begin();
	take(REPORT_INTERVAL, 3 * NS_PER_S);
	is(snapshot.until_full_ns, 3 * NS_PER_S, "40 of 100 bytes came to stay in two seconds: full in three more");
	is(snapshot.until_empty_ns, SNAPSHOT_NEVER, "and never empty");
	options.max_records = 5;
	take(REPORT_INTERVAL, 3 * NS_PER_S);
	is(snapshot.until_full_ns, NS_PER_S / 2, "or earlier, by records");
	snapshot_next_interval(&baseline, &snapshot, &pump, 3 * NS_PER_S);
	take(REPORT_INTERVAL, 4 * NS_PER_S);
	ok(snapshot.until_full_ns == SNAPSHOT_NEVER && snapshot.until_empty_ns == SNAPSHOT_NEVER,
	    "while nothing moves, neither");
	baseline.then.out.bytes -= 10;
	take(REPORT_INTERVAL, 4 * NS_PER_S);
	is(snapshot.until_empty_ns, 4 * NS_PER_S, "10 bytes a second: empty in four");
	baseline.then.out.bytes = pump.ledger.out.bytes - 1;
	take(REPORT_INTERVAL, 4 * NS_PER_S + UNITS_TIME_MAX_NS);
	is(snapshot.until_empty_ns, SNAPSHOT_NEVER, "beyond a year is never");
	pump_close_books(&pump, 5 * NS_PER_S);
	take(REPORT_FINAL, 5 * NS_PER_S);
	ok(snapshot.until_full_ns == SNAPSHOT_NEVER && snapshot.until_empty_ns == SNAPSHOT_NEVER &&
	    snapshot.depth.bytes == 0 && snapshot.held.bytes == 0 && snapshot.ledger.undelivered.bytes == 40,
	    "at the end there is nothing to come");
	finish();
}

static void
what_is_expected(void)
{
	begin();
	take(REPORT_INTERVAL, 3 * NS_PER_S);
	is(snapshot_done_bytes(&snapshot), 60, "what is held is not done, what is dropped is");
	snapshot_expect(&snapshot, &baseline, 160);
	is(snapshot.until_done_ns, SNAPSHOT_NEVER, "no pace before an interval is over");
	snapshot_next_interval(&baseline, &snapshot, &pump, 3 * NS_PER_S);
	snapshot_expect(&snapshot, &baseline, 160);
	is(snapshot.until_done_ns, 10 * NS_PER_S / 3, "100 bytes more, at 30 a second");
	take(REPORT_INTERVAL, 5 * NS_PER_S);
	snapshot_next_interval(&baseline, &snapshot, &pump, 5 * NS_PER_S);
	ok(baseline.pace_bytes == 53 && baseline.pace_ns == 3750 * NS_PER_MS, "what was counts less by an eighth");
	finish();
}

/* What is in flight is held; once the books are closed it is undelivered. */
static void
what_is_in_flight(void)
{
	char records[] = "..\n...\n.";
	const struct iovec piece = { records, strlen(records) };

	begin();
	take(REPORT_INTERVAL, 2 * NS_PER_S);
	ok(snapshot.in_flight.bytes == 0 && !snapshot.has_reader, "where nothing has to be confirmed nothing is in flight");
	pump.plan.flying = pump.plan.numbered = true;
	serials_init(&pump.serials);
	if (flight_init(&pump.flight, &options.framing, 1000, 1000, false, &pump.serials) < 0 ||
	    flight_room(&pump.flight, 3) < 3)
		abort();
	(void)flight_keep(&pump.flight, &piece, piece.iov_len);
	ledger_count(&pump.ledger.in, 2, piece.iov_len);
	take(REPORT_INTERVAL, 2 * NS_PER_S);
	ok(snapshot.in_flight.records == 2 && snapshot.in_flight.bytes == 8, "whole records are, and bytes");
	ok(snapshot.held.records == 6 && snapshot.held.bytes == 48, "and are a part of what is held");
	pump_close_books(&pump, 3 * NS_PER_S);
	take(REPORT_FINAL, 3 * NS_PER_S);
	ok(snapshot.in_flight.records == 0 && snapshot.in_flight.bytes == 0 && snapshot.ledger.undelivered.bytes == 48,
	    "at the end they are undelivered");
	finish();
}

static void
per_second(void)
{
	is(snapshot_per_second(10, 2 * NS_PER_S), 5, "ten in two seconds");
	is(snapshot_per_second(1, 250 * NS_PER_MS), 4, "one in a quarter");
	is(snapshot_per_second(UINT64_C(1) << 50, NS_PER_S), UINT64_C(1) << 50, "a pebibyte in one");
	is(snapshot_per_second(7, 0), 0, "anything in no time");
}

int
main(void)
{
	intervals();
	what_comes();
	what_is_expected();
	what_is_in_flight();
	per_second();
	return done_testing();
}
