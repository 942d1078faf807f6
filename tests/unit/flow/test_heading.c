/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first records of a run, pass by pass: who is to know of them, and who is not.  What becomes of them under any
 * options is the model's (tests/model); which serials they have, tests/unit/hold/test_serials.c's.
 */
#include "../pumped.h"
#include "flow/steered.h"

static void
say(const char *text)
{
	must(write(rig.writer, text, strlen(text)) == (ssize_t)strlen(text));
}

static void
step(void)
{
	if (pipe_ready(rig.pump.input_port.fd, POLLIN | POLLHUP))
		rig.pump.input_waits = false;
	pump_pass(&rig.pump, rig.now);
}

static const char *
heard(void)
{
	rig.got_length = pipe_drain(rig.reader, rig.got, PUMPED_MOST - 1);
	rig.got[rig.got_length] = '\0';
	return rig.got;
}

static void
comes_and_goes(void)
{
	begin("-p drop-oldest --max-records=1 --header=2 -q");
	ok(heading_is_on(&rig.pump.heading), "before anything has come there is a heading");
	say("h1\n");
	step();
	is_text(heard(), "h1\n", "of which each leaves as it comes");
	ok(heading_is_on(&rig.pump.heading), "as long as more are to come it is there");
	say("h2\n1\n2\n");
	step();
	is_text(heard(), "h2\n1\n2\n", "behind the last come the others");
	ok(!heading_is_on(&rig.pump.heading) && rig.pump.intake.headers == 0, "and it is there no more");
	finish();
	begin("--header=2 -q");
	ok(!heading_is_on(&rig.pump.heading) && rig.pump.intake.headers == 0, "where all goes on as it comes there never is one");
	finish();
}

static void
stays(void)
{
	begin("-p drop-oldest -m 4K --max-records=2 --max-age=1s --header=2 -q");
	pump_halt(&rig.pump, true, rig.now);
	say("h1\nh2\n1\n2\n3\n");
	step();
	ok(pump_depth(&rig.pump).records == 2 && pump_depth(&rig.pump).bytes == 10 && pump_held(&rig.pump).records == 4,
	    "it takes up room in bytes, and counts to no records");
	is(pump_deadline_ns(&rig.pump), rig.now + NS_PER_S + 1, "what is behind it becomes too old,");
	rig.now += NS_PER_S + 1;
	step();
	is(pump_held(&rig.pump).records, 2, "and it does not");
	is(pump_deadline_ns(&rig.pump), UINT64_MAX, "nor is it waited for");
	say("4\n");
	step();
	is(pump_purge(&rig.pump, rig.now).records, 1, "what is dropped when somebody says so is behind it");
	pump_halt(&rig.pump, false, rig.now);
	step();
	is_text(heard(), "h1\nh2\n", "it leaves, whatever has been");
	finish();
}

/* Of the first so many lines, those that fit and one read more. */
static void
fills_the_buffer(void)
{
	static char text[40001];

	memset(text, 'x', sizeof(text) - 1);
	for (size_t i = 99; i < sizeof(text); i += 100)
		text[i] = '\n';
	begin("-p drop-oldest -m 4K --header=1000 -q");
	pump_halt(&rig.pump, true, rig.now);
	say(text);
	step();
	ok(heading_is_full(&rig.pump) && !pump_wants_input(&rig.pump) && !pump_is_busy(&rig.pump),
	    "where it fills the buffer and more of it is to come nothing is read");
	is(pump_depth(&rig.pump).bytes, 4096, "the buffer is full,");
	is(ledger_dropped(pump_ledger(&rig.pump)).bytes, 0, "and nothing is dropped");
	pump_halt(&rig.pump, false, rig.now);
	step();
	ok(!heading_is_full(&rig.pump) && pump_wants_input(&rig.pump), "until some of it has left");
	finish();
}

/* What was known of the oldest is not known of what is behind it, though it is as long. */
static void
is_of_another_key(void)
{
	begin("-L 1/h --burst=1 --rate-by=key -k 1 -t , --header=1 -q");
	say("a,1\n");
	step();
	say("b,1\nb,2\n");
	step();
	is_text(heard(), "a,1\nb,1\n", "each record is charged to its own key");
	finish();
}

static void
is_in_the_first_batch(void)
{
	begin("--header=1 --batch=100 --linger=1s -q cat");
	say("h\n");
	step();
	ok(pump_wants_batch(&rig.pump), "a batch is wanted for it alone");
	change_reader(true);
	pump_open_batch(&rig.pump, &rig.pump.outlet.port);
	step();
	is(pump_deadline_ns(&rig.pump), rig.now + NS_PER_S, "which lingers from when it came on");
	rig.now += NS_PER_S / 2;
	say("1\n");
	step();
	is(pump_deadline_ns(&rig.pump), rig.now + NS_PER_S / 2, "whatever comes behind it");
	rig.now += NS_PER_S / 2;
	step();
	is_text(heard(), "h\n1\n", "and has both");
	finish();
}

static void
nobody_reads(void)
{
	begin("-p drop-oldest --header=2 --reader-gone=discard -q");
	pump_halt(&rig.pump, true, rig.now);
	say("h1\n");
	step();
	pump_discard(&rig.pump);
	pump_halt(&rig.pump, false, rig.now);
	step();
	is(pump_held(&rig.pump).bytes, 0, "where nobody reads it is dropped as all else is,");
	say("h2\n1");
	step();
	ok(pump_held(&rig.pump).bytes == 1 && !heading_is_on(&rig.pump.heading), "what comes of it too,");
	end_input();
	step();
	ok(pump_ledger(&rig.pump)->dropped[REASON_GONE].records == 3 && pump_held(&rig.pump).bytes == 0, "and what is behind it");
	finish();
}

int
main(void)
{
	pipe_init();
	comes_and_goes();
	stays();
	fills_the_buffer();
	is_of_another_key();
	is_in_the_first_batch();
	nobody_reads();
	return done_testing();
}
