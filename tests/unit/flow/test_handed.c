/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a reader is handed, through a whole pump: confirmed, rejected, handed over again; and batches.  After each step
 * the law holds, and no more is held than the buffer and one record.
 */
#include "../pumped.h"

#define RECORDS_MOST 20000

static bool settled[RECORDS_MOST]; /* by serial: confirmed or rejected, and never to be seen again */

static void
begin_anew(const char *command_line)
{
	memset(settled, 0, sizeof(settled));
	begin(command_line);
}

/* --- what the reader sees ------------------------------------------------------------------------- */

enum way { BY_LINE, BY_NUMBER, UP_TO, BY_READ };

static uint64_t seen_last; /* the serial of the last record that this reader was given */

/* A whole record, in order, that was not settled before. */
static bool
is_right(const char *text, size_t length)
{
	const uint64_t serial = number_of(text);

	if (serial <= seen_last || serial > rig.serial || settled[serial] || length < 10 || text[6] != ' ') {
		diag("a record that should not be here: %.*s", (int)length - 1, text);
		return false;
	}
	seen_last = serial;
	return true;
}

static void
settle_up_to(uint64_t serial)
{
	for (uint64_t i = 1; i <= serial; i++)
		settled[i] = true;
}

/* The reader answers for the records that it has read, in this way; a few it will not have, some it says nothing
 * about. */
static bool
answer(struct random *random, enum way way)
{
	const char *text;
	size_t length;

	while ((length = next_line(&text)) > 0) {
		const bool rejects = random_one_in(random, 20), mark = text[0] == 'M';
		const uint64_t serial = number_of(text);

		if (!mark && !is_right(text, length))
			return false;
		if (way == BY_LINE) {
			if (!mark)
				settled[serial] = true;
			if (rejects ? !pump_reject_oldest(&rig.pump, rig.now) : !pump_confirm_oldest(&rig.pump))
				return false;
		} else if (way == BY_NUMBER && !mark && !random_one_in(random, 8)) {
			settled[serial] = true;
			if (rejects ? !pump_reject(&rig.pump, serial, rig.now) : !pump_confirm(&rig.pump, serial))
				return false;
			if (pump_confirm(&rig.pump, serial) || pump_reject(&rig.pump, serial, rig.now))
				return false; /* it is not in flight any more */
		} else if (way == UP_TO && !mark && random_one_in(random, 3)) {
			settle_up_to(serial);
			if (!pump_confirm_upto(&rig.pump, serial))
				return false;
		}
	}
	if (way == BY_READ)
		(void)pump_confirm_wire(&rig.pump, rig.got_length);
	return true;
}

/* Of what it has read and said nothing about: it does now. */
static void
answer_late(enum way way)
{
	if (way == UP_TO) {
		settle_up_to(seen_last);
		(void)pump_confirm_upto(&rig.pump, seen_last);
	}
	for (uint64_t i = 1; way == BY_NUMBER && i <= seen_last; i++)
		settled[i] |= pump_confirm(&rig.pump, i);
}

static void
another_reader(bool another)
{
	const char *text;

	while (next_line(&text) > 0)
		continue;
	if (rig.pump.plan.framing.kind != FRAMING_BYTES && rig.options.reader.confirm == CONFIRM_READ)
		for (size_t at = 0, end; (end = record_first(&rig.pump.plan.framing, 0, rig.got + at, rig.got_length - at)) > 0;
		    at += end)
			if (rig.got[at] != 'M')
				settled[number_of(rig.got + at)] = true; /* it was read, and that was seen */
	change_reader(another);
	seen_last = 0;
}

/* --- any run --------------------------------------------------------------------------------------- */

static const struct flow {
	const char *options;
	enum way way;
} flows[] = {
	{ "--confirm=line --answers=x --window=5", BY_LINE },
	{ "--confirm=line --answers=x --window=2000B", BY_LINE },
	{ "--confirm=line --answers=x -p drop-oldest --mark-drops=M{records}", BY_LINE },
	{ "--confirm=line --answers=x -L 300/s", BY_LINE },
	{ "--confirm=line --answers=x -L 50KB/s -p drop-newest --mark-drops=M", BY_LINE },
	{ "--confirm=line --answers=x --credits=y -p drop-oldest", BY_LINE },
	{ "--confirm=number --number --answers=x", BY_NUMBER },
	{ "--confirm=number --number --answers=x -p drop-oldest --keep=/b/ --mark-drops=M", BY_NUMBER },
	{ "--confirm=number --number --answers=x -p latest --key=2 --window=4", BY_NUMBER },
	{ "--confirm=number --number --answers=x -p codel", BY_NUMBER },
	{ "--confirm=upto --number --answers=x --window=20", UP_TO },
	{ "--confirm=upto --number --answers=x -L 300/s --rate-by=key --key=2", UP_TO },
	{ "--confirm=upto --number --answers=x --credits=y -p drop-random --seed=5", UP_TO },
	{ "--confirm=read", BY_READ },
	{ "--confirm=read --window=1 -p drop-oldest --max-records=1 --mark-drops=M", BY_READ },
	{ "--confirm=read --window=600B -L 1000/s", BY_READ },
};

/* What has left is as it should be, and what is said of it is known. */
static bool
go_on(struct random *random, enum way way)
{
	pass();
	if (rig.reader >= 0 && random_one_in(random, 2))
		read_some((size_t)random_from(random, 1, 3000));
	if (random_one_in(random, 3))
		pump_grant(&rig.pump, random_below(random, 10));
	return is_sound() && answer(random, way) && is_sound();
}

static void
maybe_another_reader(struct random *random)
{
	if (rig.reader >= 0 && random_one_in(random, 60))
		another_reader(random_one_in(random, 2));
	else if (rig.reader < 0 && random_one_in(random, 10))
		another_reader(true);
}

/* All is out in the end, or dropped. */
static bool
ends_well(struct random *random, enum way way)
{
	int turns = 0;

	for (; !write_left() && turns < 10000; turns++) {
		rig.now += 10 * NS_PER_MS;
		pump_grant(&rig.pump, 10);
		if (rig.reader < 0)
			another_reader(true);
		if (!go_on(random, way))
			return false;
		answer_late(way);
	}
	end_input();
	if (rig.reader < 0)
		another_reader(true);
	for (; turns < 20000 && (!pump_done(&rig.pump) || pump_held(&rig.pump).bytes > 0); turns++) {
		rig.now += 10 * NS_PER_MS;
		read_some(3000);
		pump_grant(&rig.pump, 10);
		if (!go_on(random, way))
			return false;
		answer_late(way);
		if (pump_held(&rig.pump).bytes == 0)
			pass();
	}
	if (pump_held(&rig.pump).bytes > 0 || pump_in_flight(&rig.pump).bytes > 0 || !pump_done(&rig.pump) ||
	    rig.pump.ledger.in.records != rig.serial) {
		diag("%" PRIu64 " bytes are left, output %d", pump_held(&rig.pump).bytes, (int)pump_output(&rig.pump));
		return false;
	}
	return true;
}

static bool
flow_is_right(const struct flow *flow, uint64_t seed)
{
	struct random random = { seed };
	const uint64_t longest = random_one_in(&random, 3) ? 1600 : 200;
	char command_line[200];
	bool good = true;

	rig.little = random_one_in(&random, 2);
	(void)snprintf(command_line, sizeof(command_line), "-m 4K --max-record=1500 %s -q", flow->options);
	begin_anew(command_line);
	seen_last = 0;
	for (int i = 0; i < 300 && good; i++) {
		rig.now += random_below(&random, 4) * NS_PER_MS;
		if (random_one_in(&random, 2))
			feed_some(&random, longest, '\n');
		good = go_on(&random, flow->way);
		maybe_another_reader(&random);
	}
	good = good && ends_well(&random, flow->way);
	if (!good)
		diag("weir %s: seed %" PRIu64, command_line, seed);
	finish();
	return good;
}

static void
any_flow(void)
{
	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
		bool good = true;

		if (!can_begin(flows[i].options))
			continue;
		for (uint64_t seed = 1; seed <= 25 && good; seed++)
			good = flow_is_right(&flows[i], seed);
		ok(good, "weir %s: whole records in order, none twice that is settled, and all out or dropped in the end",
		    flows[i].options);
	}
}

/* --- batches --------------------------------------------------------------------------------------- */

#define BATCHES_MOST 8

/* Those that run: how much they are. */
static struct tally running[BATCHES_MOST];
static uint64_t number[BATCHES_MOST];
static unsigned runs;
static int parcel = -1; /* what is being made is written there */
static char content[65536]; /* of the last one that was taken, */
static size_t content_length;
static struct flight_load load; /* and what was said of it */

static void
open_batch(void)
{
	struct io_port port;

	io_open_output(&port, parcel = pipe_file("", 0));
	pump_open_batch(&rig.pump, &port);
}

static void
take_batch(void)
{
	ssize_t length;

	load = pump_take_batch(&rig.pump);
	length = pread(parcel, content, sizeof(content), 0);
	must(length >= 0);
	content_length = (size_t)length;
	(void)close(parcel);
	parcel = -1;
	number[runs] = load.number;
	running[runs++] = load.sum;
}

/* The first of them succeeds, or is rejected. */
static void
end_batch(bool good)
{
	if (good)
		pump_confirm_batch(&rig.pump, number[0], running[0]);
	else
		pump_reject_batch(&rig.pump, number[0], running[0], rig.now);
	memmove(running, running + 1, --runs * sizeof(running[0]));
	memmove(number, number + 1, runs * sizeof(number[0]));
}

/* What is in the file is what is said of it. */
static bool
batch_is_right(void)
{
	const struct tally *most = &rig.pump.plan.batch;
	struct tally sum = { 0, 0 };
	uint64_t first = 0, last = 0;
	size_t at = 0, length, listed = 0;

	for (; at < content_length; at += length) {
		length = record_first(&rig.pump.plan.framing, 0, content + at, content_length - at);
		if (length == 0)
			return false;
		if (content[at] == 'M')
			continue;
		if (!is_right(content + at, length))
			return false;
		last = number_of(content + at);
		first = first == 0 ? last : first;
		ledger_count(&sum, 1, length);
		if (load.list != NULL && (listed == load.count || load.list[listed].wire != at + length ||
		    load.list[listed].serial != last || load.list[listed++].length != length))
			return false;
	}
	if (sum.records > most->records || (sum.bytes > most->bytes && sum.records > 1)) {
		diag("a batch of %" PRIu64 " records, %" PRIu64 " bytes", sum.records, sum.bytes);
		return false;
	}
	return sum.records == load.sum.records && sum.bytes == load.sum.bytes && first == load.first &&
	    last == load.last && content_length > 0 && (load.list == NULL || listed == load.count);
}

static bool
batch_step(struct random *random, unsigned jobs)
{
	bool good = true;

	pass();
	if (parcel >= 0 && pump_has_batch(&rig.pump, rig.now)) {
		take_batch();
		good = batch_is_right();
		free(load.list);
	}
	if (parcel < 0 && runs < jobs && pump_wants_batch(&rig.pump))
		open_batch();
	if (runs > 0 && random_one_in(random, 3))
		end_batch(!random_one_in(random, 4));
	return good && is_sound() && pump_in_flight(&rig.pump).bytes <= rig.pump.plan.limits.bytes;
}

static const char *const batchings[] = {
	"--batch=5",
	"--batch=2KB",
	"--batch=7,1KB --linger=20ms",
	"--batch=5 --bisect --linger=5ms",
	"--batch=5 -p drop-oldest --mark-drops=M{records}",
	"--batch=1KB -p drop-newest --mark-drops=M --bisect",
	"--batch=300B -p drop-random --keep=/b/ --seed=2",
	"--batch=5 -p latest --key=2 --linger=30ms",
	"--batch=5 -p codel -j 3",
	"--batch=5 -L 500/s -j 2 --linger=20ms",
	"--batch=500B -L 500/s --rate-by=key --key=2",
	"--batch=20 --max-records=10 -p shed:2 --mark-drops=M",
	"--batch=20 --max-records=10",
};

static bool
batches_are_right(const char *batching, uint64_t seed)
{
	struct random random = { seed };
	const uint64_t longest = random_one_in(&random, 3) ? 1600 : 200;
	char command_line[200];
	bool good = true;
	int turns = 0;

	rig.little = false;
	(void)snprintf(command_line, sizeof(command_line), "-m 16K --max-record=1500 -q %s cat", batching);
	begin_anew(command_line);
	seen_last = 0;
	runs = 0;
	for (int i = 0; i < 300 && good; i++) {
		rig.now += random_below(&random, 4) * NS_PER_MS;
		if (random_one_in(&random, 2))
			feed_some(&random, longest, '\n');
		good = batch_step(&random, (unsigned)rig.options.reader.jobs);
	}
	for (; good && !write_left() && turns < 5000; turns++) {
		rig.now += 10 * NS_PER_MS;
		good = batch_step(&random, (unsigned)rig.options.reader.jobs);
	}
	end_input();
	for (; good && turns < 10000 && (!pump_done(&rig.pump) || pump_held(&rig.pump).bytes > 0); turns++) {
		rig.now += 10 * NS_PER_MS;
		good = batch_step(&random, (unsigned)rig.options.reader.jobs);
	}
	if (good && (!pump_done(&rig.pump) || pump_held(&rig.pump).bytes > 0)) {
		diag("%" PRIu64 " bytes are left, output %d", pump_held(&rig.pump).bytes, (int)pump_output(&rig.pump));
		good = false;
	}
	if (!good)
		diag("weir %s: seed %" PRIu64, command_line, seed);
	if (parcel >= 0)
		(void)close(parcel);
	parcel = -1;
	finish();
	return good;
}

static void
any_batches(void)
{
	for (size_t i = 0; i < sizeof(batchings) / sizeof(batchings[0]); i++) {
		bool good = true;

		if (!can_begin(batchings[i]))
			continue;
		for (uint64_t seed = 1; seed <= 25 && good; seed++)
			good = batches_are_right(batchings[i], seed);
		ok(good, "weir %s: each batch is what is said of it, and all is out or dropped in the end", batchings[i]);
	}
}

/* --- when batches go -------------------------------------------------------------------------------- */

/* A pass, with one batch made at a time; whether one is to go now: then it does. */
static bool
has_gone(void)
{
	pass();
	if (parcel < 0 && pump_wants_batch(&rig.pump)) {
		open_batch();
		pass();
	}
	if (parcel < 0 || !pump_has_batch(&rig.pump, rig.now))
		return false;
	take_batch();
	free(load.list);
	return true;
}

static void
start_batches(const char *command_line)
{
	rig.little = false;
	runs = 0;
	begin_anew(command_line);
}

static void
stop_batches(void)
{
	while (runs > 0)
		end_batch(true);
	pass();
	if (parcel >= 0)
		(void)close(parcel);
	parcel = -1;
	ok(is_sound(), "and the books are right");
	finish();
}

/* What a batch is written to takes nothing now, and nobody will say when it does. */
static void
when_refused(void)
{
	struct io_port port;
	int ends[2];

	start_batches("-q --batch=5 cat");
	must(pipe(ends) == 0 && fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
	while (write(ends[1], content, sizeof(content)) > 0)
		continue;
	io_open_output(&port, ends[1]);
	pump_open_batch(&rig.pump, &port);
	feed(5, 20);
	pass();
	ok(pump_output(&rig.pump) == OUTLET_REFUSED && pump_deadline_ns(&rig.pump) > rig.now &&
	    pump_deadline_ns(&rig.pump) < rig.now + NS_PER_S, "what it is written to has refused: it is asked again, not at once");
	must(read(ends[0], content, sizeof(content)) > PIPE_BUF);
	rig.now = pump_deadline_ns(&rig.pump);
	pass();
	ok(pump_output(&rig.pump) != OUTLET_REFUSED && pump_has_batch(&rig.pump, rig.now) &&
	    pump_deadline_ns(&rig.pump) > rig.now + NS_PER_S / 2, "it has taken it: that is over, and the batch goes");
	load = pump_take_batch(&rig.pump);
	running[runs++] = load.sum;
	free(load.list);
	(void)close(ends[0]);
	(void)close(ends[1]);
	stop_batches();
}

static void
when_full(void)
{
	start_batches("-q --batch=5 cat");
	ok(!has_gone() && !pump_wants_batch(&rig.pump) && parcel < 0, "where nothing waits no batch is wanted");
	feed(4, 20);
	ok(!has_gone() && parcel >= 0, "it is once something does, but four of five records wait");
	feed(1, 20);
	ok(has_gone() && load.sum.records == 5 && load.sum.bytes == 100 && load.first == 1 && load.last == 5,
	    "the fifth makes it full: it goes at once");
	feed(12, 20);
	ok(has_gone() && load.sum.records == 5 && load.first == 6 && has_gone() && load.last == 15 && !has_gone(),
	    "of more that come together as many go as are full");
	is(pump_in_flight(&rig.pump).records, 15, "all that went is in flight, what waits is not");
	end_batch(false);
	end_batch(true);
	ok(books()->out.records == 5 && books()->dropped[REASON_REJECTED].records == 5 &&
	    pump_in_flight(&rig.pump).records == 5, "until it is out, or rejected");
	stop_batches();

	start_batches("-q --batch=100B cat");
	feed(4, 30);
	ok(has_gone() && load.sum.records == 3 && !has_gone(), "in bytes it is full with as many records as fit");
	feed(1, 500);
	ok(has_gone() && load.sum.records == 1 && load.first == 4, "and goes before one that does not");
	ok(has_gone() && load.sum.records == 1 && load.sum.bytes == 500, "which goes by itself");
	stop_batches();
}

static void
when_lingered(void)
{
	start_batches("-q --batch=5 --linger=100ms cat");
	feed(2, 20);
	ok(!has_gone() && pump_deadline_ns(&rig.pump) == rig.now + 100 * NS_PER_MS, "a batch lingers,");
	rig.now += 60 * NS_PER_MS;
	feed(1, 20);
	ok(!has_gone() && pump_deadline_ns(&rig.pump) == rig.now + 40 * NS_PER_MS, "since its oldest record came");
	rig.now += 40 * NS_PER_MS - 1;
	ok(!has_gone(), "not a nanosecond less");
	rig.now += 1;
	ok(has_gone() && load.sum.records == 3, "then all that is here goes");
	feed(1, 20);
	rig.now += 70 * NS_PER_MS;
	ok(!has_gone() && pump_deadline_ns(&rig.pump) == rig.now + 100 * NS_PER_MS, "and the next lingers by itself");
	rig.now += 100 * NS_PER_MS;
	ok(has_gone() && !has_gone() && pump_deadline_ns(&rig.pump) == UINT64_MAX, "where nothing waits, nothing is due");
	stop_batches();

	start_batches("-q -b --batch=100B --linger=100ms cat");
	feed(2, 20);
	ok(!has_gone() && pump_deadline_ns(&rig.pump) == rig.now + 100 * NS_PER_MS, "bytes linger, too");
	rig.now += 70 * NS_PER_MS;
	feed(1, 20);
	rig.now += 30 * NS_PER_MS - 1;
	ok(!has_gone(), "since the first came");
	rig.now += 1;
	ok(has_gone() && load.sum.bytes == 60 && load.sum.records == 0, "and no longer");
	feed(15, 20);
	ok(has_gone() && load.sum.bytes == 100 && has_gone() && load.sum.bytes == 100 && has_gone() && !has_gone(),
	    "or until they are enough");
	feed(2, 20);
	(void)has_gone();
	rig.now += 70 * NS_PER_MS;
	feed(6, 20);
	ok(has_gone() && load.sum.bytes == 100 && !has_gone(), "what a full batch leaves");
	rig.now += 100 * NS_PER_MS - 1;
	ok(!has_gone(), "lingers by itself");
	rig.now += 1;
	ok(has_gone() && load.sum.bytes == 60, "and no longer");
	stop_batches();
}

/* What is in a batch that was begun waits for the rate no longer than it may linger. */
static void
when_rated(void)
{
	start_batches("-q --batch=5 --linger=100ms -L 50/s cat");
	feed(5, 20);
	ok(!has_gone() && queue_held(&rig.pump.queue).records == 4, "a batch that is due fills at the rate");
	for (int i = 0; i < 4; i++) {
		rig.now += 20 * NS_PER_MS;
		is(has_gone(), i == 3, i == 3 ? "and goes when it is full" : "not before,");
	}
	feed(8, 20);
	rig.now += 20 * NS_PER_MS;
	ok(!has_gone() && pump_deadline_ns(&rig.pump) <= rig.now + 20 * NS_PER_MS, "the next is begun;");
	rig.now += 50 * NS_PER_MS;
	(void)has_gone();
	rig.now += 50 * NS_PER_MS;
	ok(has_gone() && load.sum.records >= 2 && load.sum.records < 5, "and goes when its time is over");
	stop_batches();

	start_batches("-q --batch=5 --linger=100ms -L 2/s cat");
	feed(5, 20);
	ok(!has_gone() && pump_deadline_ns(&rig.pump) == rig.now + 100 * NS_PER_MS, "which is before the rate's");
	rig.now += 100 * NS_PER_MS;
	ok(has_gone() && load.sum.records == 1, "then what is in it goes");
	stop_batches();
}

static void
when_no_more_comes(void)
{
	start_batches("-q --batch=500 -m 8K cat");
	feed(2, 20);
	(void)has_gone();
	end_input();
	ok(has_gone() && load.sum.records == 2 && !has_gone() && pump_done(&rig.pump), "at the end of the input what is here goes");
	stop_batches();

	start_batches("-q --batch=500 -m 8K cat");
	feed(2, 20);
	ok(!has_gone(), "a batch waits for more");
	pump_hurry_batches(&rig.pump);
	ok(has_gone() && load.sum.records == 2, "not in a hurry,");
	feed(1, 20);
	ok(has_gone() && load.sum.records == 1, "in which none does");
	stop_batches();

	start_batches("-q --batch=500 -m 8K cat");
	feed(100, 79);
	ok(!has_gone(), "a buffer that is not full can take more");
	feed(20, 79);
	pass();
	ok(has_gone() && load.sum.records >= 100, "one that is full, and not read into, cannot: the batch goes");
	stop_batches();

	start_batches("-q --batch=500 -m 8K --high=50% --low=10% cat");
	feed(60, 79);
	pass();
	ok(has_gone() && load.sum.records == 60, "nor can one that is paused at its high watermark");
	stop_batches();

	start_batches("-q --batch=500 -m 8K -p drop-oldest cat");
	feed(100, 79);
	(void)has_gone();
	feed(20, 79);
	ok(has_gone() && load.sum.records >= 103 && books()->dropped[REASON_OLDEST].records == 0,
	    "nor one in which something would give way");
	stop_batches();

	start_batches("-q --batch=500 -p drop-oldest --max-records=10 cat");
	feed(5, 20);
	(void)has_gone();
	feed(7, 20);
	ok(has_gone() && load.sum.records == 12 && books()->dropped[REASON_OLDEST].records == 0, "be it for their number");
	stop_batches();
}

/* A record of 1.6 million bytes has come, which leaves in parts. */
static void
put_long(void)
{
	static const char part[8000] = { 'x' };

	pump_hurry_batches(&rig.pump);
	for (int i = 0; i < 200; i++) {
		must(write(rig.writer, part, sizeof(part)) == (ssize_t)sizeof(part));
		pass();
	}
	must(write(rig.writer, "\n", 1) == 1);
}

/* What is dropped while a record is on its way was behind it. */
static void
dropped_behind(void)
{
	start_batches("-q --batch=500 -m 8M --max-record=4M --max-age=10ms cat");
	put_long();
	ok(!has_gone() && queue_part_sent(&rig.pump.queue), "a long record leaves in parts");
	feed(3, 20);
	pass();
	rig.now += 20 * NS_PER_MS;
	pass();
	ok(queue_part_sent(&rig.pump.queue) && books()->dropped[REASON_EXPIRED].records == 3, "what is behind it is dropped");
	for (int turns = 0; turns < 20 && runs == 0; turns++)
		(void)has_gone();
	ok(runs == 1 && load.first == 1 && load.last == 1, "and it has its serial all the same");
	feed(1, 20);
	ok(has_gone() && load.first == 5, "which is not one of those that are missing");
	stop_batches();
}

/* A record that is written in parts is not torn by a hurry. */
static void
when_inside(void)
{
	start_batches("-q --batch=500 -m 8M --max-record=4M cat");
	put_long();
	must(!has_gone() || load.sum.records == 1);
	for (int turns = 0; turns < 20 && runs == 0; turns++)
		(void)has_gone();
	ok(runs == 1 && load.sum.records == 1 && load.sum.bytes == 1600001 && load.first == 1 && load.last == 1,
	    "a long record is in one batch, whole");
	feed(1, 20);
	ok(has_gone() && load.first == 2 && load.last == 2, "and has one serial");
	stop_batches();
}

/* A mark that nothing comes behind goes at the end by itself. */
static void
last_mark(void)
{
	start_batches("-q --batch=5 --mark-drops=M{records} --max-record=50 cat");
	feed(1, 20);
	feed(1, 60);
	end_input();
	ok(has_gone() && load.sum.records == 1 && load.sum.bytes == 20 && content_length == 23 &&
	    memcmp(content + 20, "M1\n", 3) == 0, "a mark goes with the batch before it where that is open");
	ok(!has_gone() && pump_done(&rig.pump), "and that is all");
	stop_batches();

	start_batches("-q --batch=1 --mark-drops=M{records} --max-record=50 cat");
	feed(1, 20);
	ok(has_gone(), "a batch;");
	feed(1, 60);
	ok(!has_gone() && !pump_done(&rig.pump), "behind it something is missing");
	end_input();
	ok(has_gone() && load.sum.records == 0 && load.sum.bytes == 0 && load.first == 0 && content_length == 3,
	    "which is said at the end, in a batch without records");
	ok(!has_gone() && pump_done(&rig.pump), "and does not hold up the end");
	stop_batches();
}

/* --- what gives way, and what does not -------------------------------------------------------------- */

static void
block_holds(void)
{
	rig.little = false;
	begin_anew("-q -m 4K --max-record=1000 --confirm=line --answers=x --window=1000");
	for (int i = 0; i < 20; i++) {
		feed(4, 100);
		pass();
		read_some(100000);
	}
	ok(pump_in_flight(&rig.pump).bytes == 4000 && level_is_paused(&rig.pump.level) && !pump_wants_input(&rig.pump) &&
	    pump_output(&rig.pump) != OUTLET_MORE, "when all of the buffer is in flight reading is paused, without a spin");
	ok(is_sound() && pump_held(&rig.pump).bytes <= 5096, "and no more is held than a record beside it");
	for (int i = 0; i < 500 && books()->out.records < 80; i++) {
		(void)pump_confirm_oldest(&rig.pump);
		pass();
		read_some(100000);
	}
	is(books()->out.records, 80, "as it is confirmed the rest follows: nothing is stuck");
	feed(1, 1500);
	feed(1, 100);
	passes(3);
	ok(books()->dropped[REASON_OVERSIZE].records == 1 && books()->dropped[REASON_OVERSIZE].bytes == 1500 &&
	    pump_in_flight(&rig.pump).records == 1, "a record that is too long does not come in, though nothing gives way");
	is(pump_first_in_flight(&rig.pump), 82, "but has its number");
	finish();

	begin_anew("-q -m 4K --max-record=1000 --confirm=number --number --answers=x --window=1000");
	feed(40, 100);
	passes(2);
	for (uint64_t i = 2; i <= 40; i++)
		(void)pump_confirm(&rig.pump, i);
	feed(20, 100);
	passes(10);
	ok(pump_in_flight(&rig.pump).records < 5 && !pump_wants_input(&rig.pump) && !pump_is_busy(&rig.pump) && is_sound(),
	    "what is confirmed behind what is not is room for nothing");
	(void)pump_confirm(&rig.pump, 1);
	passes(10);
	ok(pump_in_flight(&rig.pump).records == 20 && pump_wants_input(&rig.pump), "until that is");
	finish();

	begin_anew("-q -m 8K --high=12% --low=6% --max-record=5K --confirm=line --answers=x");
	rig.left_at = rig.left_length = 0;
	make_record(4000, 'a', 'x');
	while (!write_left())
		continue;
	passes(3);
	ok(books()->sent.bytes == 0 && pump_wants_input(&rig.pump), "of a long record no part leaves before its end is here");
	must(write(rig.writer, "\n", 1) == 1);
	pass();
	is(pump_in_flight(&rig.pump).bytes, 4001, "but all of it then");
	finish();
}

static void
dropping_keeps(void)
{
	rig.little = false;
	begin_anew("-q -m 4K --max-record=1000 -p drop-oldest --confirm=line --answers=x --window=1000");
	for (int i = 0; i < 30; i++) {
		feed(2, 100);
		pass();
		read_some(100000);
	}
	ok(pump_in_flight(&rig.pump).records == 40 && pump_first_in_flight(&rig.pump) == 1 &&
	    books()->dropped[REASON_OLDEST].records + books()->dropped[REASON_NEWEST].records == 20,
	    "what is in flight does not give way, though all of the buffer is");
	(void)pump_confirm_upto(&rig.pump, 30);
	for (int i = 0; i < 10; i++) {
		feed(2, 100);
		pass();
	}
	ok(books()->out.records == 30 && pump_in_flight(&rig.pump).records == 30 && pump_next_serial(&rig.pump) == 31,
	    "what is confirmed makes room");
	finish();

	begin_anew("-q -m 4K -p fail --confirm=line --answers=x --window=1000");
	feed(30, 100);
	passes(2);
	ok(pump_in_flight(&rig.pump).records == 30 && !pump_failed(&rig.pump), "under fail what is in flight is held");
	feed(30, 100);
	passes(2);
	ok(pump_failed(&rig.pump) && pump_in_flight(&rig.pump).records >= 40, "and counts when the next does not fit");
	finish();

	begin_anew("-q -m 4K -p latest --key=2 --confirm=line --answers=x --window=1");
	feed(60, 100);
	passes(3);
	ok(pump_in_flight(&rig.pump).records == 1 && pump_first_in_flight(&rig.pump) == 1 && is_sound(),
	    "a newer one does not supersede what is in flight");
	finish();

	begin_anew("-q --confirm=read --window=1 -p drop-oldest --max-records=1");
	for (int i = 0; i < 5; i++) {
		feed(1, 100);
		pass();
	}
	ok(pump_in_flight(&rig.pump).records == 1 && books()->dropped[REASON_OLDEST].records == 3,
	    "who comes back from a pause finds one record");
	read_some(100);
	ok(pump_confirm_wire(&rig.pump, rig.got_length) && number_of(rig.got) == 1, "from its beginning,");
	pass();
	read_some(100);
	is(number_of(rig.got + 100), 5, "and next the newest");
	finish();
}

static void
readers_change(void)
{
	const char *text;

	rig.little = false;
	begin_anew("-q --confirm=upto --number --answers=x");
	ok(pump_has_reader(&rig.pump) && pump_next_serial(&rig.pump) == 1 && pump_first_in_flight(&rig.pump) == 0,
	    "the first reader would be given the first record");
	feed(5, 50);
	pass();
	ok(pump_in_flight(&rig.pump).records == 5 && pump_wire(&rig.pump) == 250 && books()->sent.records == 5 &&
	    books()->out.records == 0, "what it was given is in flight, and not out");
	(void)pump_confirm_upto(&rig.pump, 2);
	change_reader(false);
	ok(!pump_has_reader(&rig.pump) && pump_output(&rig.pump) == OUTLET_MORE, "without a reader another pass is due:");
	feed(2, 50);
	pass();
	ok(pump_output(&rig.pump) == OUTLET_REFUSED && pump_next_serial(&rig.pump) == 3 && pump_held(&rig.pump).records == 5,
	    "what waits");
	change_reader(true);
	is(pump_wire(&rig.pump), 0, "the next one was given nothing;");
	ok(!pump_confirm_upto(&rig.pump, 5) && !pump_confirm_oldest(&rig.pump), "so it confirms nothing");
	pass();
	read_some(100000);
	is(rig.got_length, 250, "it is given");
	for (uint64_t i = 3; i <= 7; i++)
		ok(next_line(&text) == 50 && number_of(text) == i, "%" PRIu64 "%s", i, i < 6 ? " again" : "");
	ok(books()->redelivered.records == 3 && books()->redelivered.bytes == 150 && books()->sent.records == 7 && is_sound(),
	    "which is counted apart");
	pump_grant(&rig.pump, 3);
	ok(!pump_lacks_credits(&rig.pump), "nobody lacks credits that were not asked for");
	finish();

	begin_anew("-q --confirm=line --answers=x --credits=y");
	feed(3, 50);
	pass();
	ok(pump_lacks_credits(&rig.pump) && pump_in_flight(&rig.pump).bytes == 0, "without credits nothing leaves");
	pump_grant(&rig.pump, 2);
	ok(!pump_lacks_credits(&rig.pump) && pump_is_busy(&rig.pump), "when some are granted a pass is due");
	pass();
	ok(pump_in_flight(&rig.pump).records == 2 && pump_lacks_credits(&rig.pump), "in which as many leave");
	pump_grant(&rig.pump, 9);
	pump_revoke(&rig.pump);
	pass();
	is(pump_in_flight(&rig.pump).records, 2, "and none when they are revoked");
	finish();
}

/* A mark of which a part is out begins anew for another reader. */
static void
marks_begin_anew(void)
{
	rig.little = true;
	begin_anew("-q --confirm=line --answers=x --max-record=50 --mark-drops=M{records}");
	must(write(rig.pump.outlet.port.fd, rig.left, 1) == 1); /* no page is free now */
	feed(1, 60);
	feed(1, 20);
	passes(2);
	ok(!outlet_mark_begun(&rig.pump.outlet), "a mark that has no room is not begun");
	change_reader(true);
	passes(2);
	read_some(1000);
	ok(rig.got_length >= 3 && memcmp(rig.got, "M1\n", 3) == 0, "another reader is given it");
	read_some(1000);
	passes(2);
	read_some(1000);
	ok(flight_marks(&rig.pump.flight) == 1 && pump_in_flight(&rig.pump).records == 1, "it is waited for,");
	ok(pump_confirm_oldest(&rig.pump) && pump_in_flight(&rig.pump).records == 1, "and confirmed before the record behind it");
	change_reader(true);
	passes(2);
	read_some(1000);
	ok(rig.got_length == 20 && number_of(rig.got) == 2, "it is not handed over again");
	ok(is_sound(), "all of which is right");
	finish();
	rig.little = false;
}

/* A record of which a part was handed over is handed over to another reader from its beginning, for one credit. */
static void
cut_and_credits(void)
{
	const char *text;

	rig.little = true;
	begin_anew("-q --confirm=line --answers=x --credits=y");
	pump_grant(&rig.pump, 1);
	feed(2, 1000);
	passes(3);
	ok(pump_in_flight(&rig.pump).records == 0 && pump_in_flight(&rig.pump).bytes == 512 &&
	    pump_first_in_flight(&rig.pump) == 1 && pump_next_serial(&rig.pump) == 1, "a part of a record is in flight,");
	change_reader(true);
	pump_revoke(&rig.pump);
	pass();
	ok(pump_wire(&rig.pump) == 0 && pump_lacks_credits(&rig.pump), "for which another reader has no credit");
	pump_grant(&rig.pump, 1);
	for (int i = 0; i < 5; i++) {
		pass();
		read_some(10000);
	}
	ok(rig.got_length == 1000 && next_line(&text) == 1000 && number_of(text) == 1, "with one it is given all of it,");
	ok(pump_lacks_credits(&rig.pump) && pump_in_flight(&rig.pump).records == 1 && is_sound(), "and no more");
	finish();
	rig.little = false;
}

static void pour(size_t length);

/* Of a record that is handed over again nothing leaves without a credit, its number neither. */
static void
numbers_and_credits(void)
{
	rig.numbers = true;
	begin_anew("-q --confirm=number --number --answers=x --credits=y");
	pump_grant(&rig.pump, 1);
	feed(2, 100);
	pass();
	read_some(1000);
	is(rig.got_length, 102, "a record was handed over, with its number");
	change_reader(true);
	pump_revoke(&rig.pump);
	pass();
	ok(pump_wire(&rig.pump) == 0 && pump_lacks_credits(&rig.pump), "another reader is given nothing of it without a credit,");
	pump_grant(&rig.pump, 1);
	pass();
	ok(pump_wire(&rig.pump) == 102 && pump_lacks_credits(&rig.pump) && is_sound(), "and with one all of it");
	finish();
	rig.numbers = false;
}

/* A record too long to go with its number in one write is charged to its batch once. */
static void
numbers_and_batches(void)
{
	rig.numbers = true;
	start_batches("-q --batch=9,250KB --number -m 8M --max-record=4M cat");
	for (int i = 0; i < 2; i++) {
		pour(100000);
		must(write(rig.writer, "\n", 1) == 1);
		pass();
	}
	end_input();
	for (int turns = 0; turns < 20 && runs == 0; turns++)
		(void)has_gone();
	ok(runs == 1 && load.sum.records == 2 && load.sum.bytes == 200002, "two long records with numbers go in one batch");
	stop_batches();
	rig.numbers = false;
}

/* The buffer is full of what runs: that is no reason for what comes when it is not any more to go at once. */
static void
full_of_nothing(void)
{
	start_batches("-q --batch=2KB --linger=100ms -m 8K -j 2 --high=40% --low=10% cat");
	for (int i = 0; i < 2; i++) {
		feed(20, 100);
		must(has_gone());
	}
	(void)has_gone();
	open_batch();
	pass();
	ok(level_is_paused(&rig.pump.level) && !pump_has_batch(&rig.pump, rig.now), "reading is paused, and nothing waits");
	while (runs > 0)
		end_batch(true);
	pass();
	feed(1, 20);
	pass();
	ok(!pump_has_batch(&rig.pump, rig.now) && queue_waiting(&rig.pump.queue) == 1, "what comes then lingers");
	rig.now += 100 * NS_PER_MS;
	ok(has_gone() && load.sum.records == 1, "as long as it may");
	stop_batches();
}

/* A mark that is due while all that is in the buffer's way runs: nothing waits, and no batch is made of it. */
static void
full_of_nothing_but_a_mark(void)
{
	start_batches("-q --batch=100 --linger=100ms -m 8K --high=50% --low=10% -p shed:2 --mark-drops=M --max-record=300 cat");
	feed(60, 100);
	for (int turns = 0; turns < 9 && runs == 0; turns++, rig.now += 100 * NS_PER_MS)
		(void)has_gone();
	must(runs == 1 && load.sum.records > 40 && load.sum.bytes < 7168); /* high, and with room for another */
	feed(1, 400); /* too long: dropped, and a gap in front of whatever comes next */
	open_batch();
	pass();
	must(books()->dropped[REASON_OVERSIZE].records == 1 && queue_held(&rig.pump.queue).bytes == 0);
	rig.now += 2 * NS_PER_S;
	pass();
	ok(pump_output(&rig.pump) == OUTLET_HELD && !pump_is_busy(&rig.pump) && pump_deadline_ns(&rig.pump) > rig.now,
	    "a mark that no batch is there for is waited with");
	stop_batches();
}

/* Where nobody is there to read a mark that is due no clock says so. */
static void
mark_for_nobody(void)
{
	rig.little = false;
	begin_anew("-q --confirm=line --answers=x --mark-drops=M{records}");
	feed(1, 10);
	pass();
	pump_change_reader(&rig.pump, NULL);
	must(pump_reject_oldest(&rig.pump, rig.now));
	rig.now += 2 * NS_PER_S;
	pass();
	ok(pump_output(&rig.pump) == OUTLET_EMPTY && pump_deadline_ns(&rig.pump) == UINT64_MAX, "a mark waits for a reader, and no clock runs");
	change_reader(true);
	pass();
	read_some(100);
	ok(rig.got_length == 3 && memcmp(rig.got, "M1\n", 3) == 0, "who gets it when he comes");
	finish();
	begin_anew("-q --confirm=line --answers=x --mark-drops=M{records} -p drop-oldest");
	pump_discard(&rig.pump);
	feed(1, 10);
	pass();
	rig.now += 2 * NS_PER_S;
	pass();
	ok(pump_deadline_ns(&rig.pump) == UINT64_MAX, "nor where none comes any more");
	finish();
}

/* What may leave without its end is due, also when it does not come. */
static void
due_without_end(void)
{
	rig.little = false;
	begin_anew("-q");
	pour(300000);
	pump_stop(&rig.pump, rig.now);
	ok(pump_is_reading(&rig.pump) && pump_held(&rig.pump).bytes > 0, "the rest of a record is waited for, of which a part is out");
	pump_stop_short(&rig.pump);
	ok(!pump_is_reading(&rig.pump) && pump_due_bytes(&rig.pump) == pump_held(&rig.pump).bytes,
	    "or is not: then what is here of it is due");
	pump_change_reader(&rig.pump, NULL);
	pass();
	ok(pump_output(&rig.pump) == OUTLET_REFUSED && !pump_done(&rig.pump), "and waits for a reader");
	finish();
	begin_anew("-q --confirm=line --answers=x -m 64K");
	pour(3000);
	pump_stop(&rig.pump, rig.now);
	pump_stop_short(&rig.pump);
	pump_change_reader(&rig.pump, NULL);
	pass();
	ok(pump_held(&rig.pump).bytes == 3000 && pump_due_bytes(&rig.pump) == 0 && pump_done(&rig.pump),
	    "one that does not leave without its end is not");
	finish();
}

/* What is held for another reader is not given to this one. */
static void
given(void)
{
	rig.little = false;
	for (int bytes = 0; bytes < 2; bytes++) {
		begin_anew(bytes ? "-q -b --confirm=upto --answers=x --credits=y" : "-q --confirm=line --answers=x --credits=y");
		ok(!pump_is_given(&rig.pump), "nothing has been given");
		pump_grant(&rig.pump, bytes ? 10 : 1);
		feed(2, 10);
		pass();
		ok(pump_is_given(&rig.pump), "now something has");
		change_reader(true);
		pump_revoke(&rig.pump);
		pass();
		ok(pump_in_flight(&rig.pump).bytes == 10 && !pump_is_given(&rig.pump) && pump_lacks_credits(&rig.pump),
		    "but not to another reader, who has no credit");
		pump_grant(&rig.pump, bytes ? 10 : 1);
		pass();
		ok(pump_is_given(&rig.pump), "until he has");
		if (bytes)
			(void)pump_confirm_upto(&rig.pump, 10);
		else
			(void)pump_confirm_oldest(&rig.pump);
		ok(!pump_is_given(&rig.pump), "what is confirmed is not waited for");
		finish();
	}
}

/* Bytes that are no records. */
static void
bytes(void)
{
	begin_anew("-q -b -m 4K --confirm=upto --answers=x --window=1000B");
	feed(30, 100);
	passes(3);
	ok(pump_in_flight(&rig.pump).bytes == 1000 && pump_in_flight(&rig.pump).records == 0 && is_sound(),
	    "of bytes a window's worth is in flight");
	ok(pump_confirm_upto(&rig.pump, 150) && books()->out.bytes == 150, "confirmed by their number");
	ok(!pump_confirm_upto(&rig.pump, 150) && !pump_confirm_upto(&rig.pump, 7), "once");
	pass();
	is(pump_in_flight(&rig.pump).bytes, 1000, "others follow");
	change_reader(true);
	passes(2);
	read_some(100000);
	ok(rig.got_length == 1000 && memcmp(rig.got, rig.left + 150, 1000) == 0 && books()->redelivered.bytes == 1000,
	    "and are handed over again from the first that is not");
	ok(pump_confirm_wire(&rig.pump, 400) && books()->out.bytes == 550 && is_sound(), "or by how many were read");
	finish();
}

/* --- nobody reads any more ------------------------------------------------------------------------- */

/* So many bytes, without an end. */
static void
pour(size_t length)
{
	char text[1000];

	memset(text, 'x', sizeof(text));
	for (size_t done = 0; done < length; done += sizeof(text)) {
		must(write(rig.writer, text, sizeof(text)) == (ssize_t)sizeof(text));
		pass();
	}
}

static void
discards(void)
{
	rig.little = false;
	begin_anew("-q -m 4K");
	pump_discard(&rig.pump);
	pour(20000);
	ok(books()->dropped[REASON_GONE].bytes == 20000 && books()->dropped[REASON_GONE].records == 0 &&
	    pump_wants_input(&rig.pump), "of a stream that nobody reads any byte goes, however long a record is");
	must(write(rig.writer, "\nab\nc", 6) == 6);
	end_input();
	passes(3);
	ok(books()->dropped[REASON_GONE].bytes == 20006 && books()->dropped[REASON_GONE].records == 3 && is_sound() &&
	    pump_done(&rig.pump), "and each is counted at its end");
	finish();

	begin_anew("-q -m 4K --max-record=100 -p drop-oldest --number --sample=1/2");
	pump_discard(&rig.pump);
	for (int i = 0; i < 500; i++) {
		feed(2, 20);
		pass();
	}
	ok(books()->dropped[REASON_GONE].records == 500 && books()->dropped[REASON_SAMPLE].records == 500 && is_sound(),
	    "where records are told apart whole ones do");
	is(sojourn_total(rig.sojourn).count, 0, "none of them counts among those that have waited,");
	ok(places_first(&rig.pump.serials.places) == NULL, "and nothing is kept of what is missing between");
	finish();
}

/* A read brings ten times what may wait; of each key the last is there all the same, whatever of it has left. */
static void
many_at_once(void)
{
	rig.little = true;
	begin_anew("-q -p latest -k 2 --max-records=100");
	for (int turn = 0; turn < 50; turn++) {
		rig.left_at = rig.left_length = 0;
		for (int i = 0; i < 1000; i++)
			make_record(16, (char)('0' + (i * 7 + turn) % 60), '\n');
		while (!write_left())
			;
		for (int i = 0; i < 3; i++) {
			rig.now += NS_PER_MS;
			pass();
			read_some((size_t)16 * 3);
		}
	}
	is(books()->dropped[REASON_OLDEST].records, 0, "of 60 keys in 100 records none of the oldest goes");
	ok(books()->dropped[REASON_SUPERSEDED].records > 0, "but what is superseded");
	finish();
	rig.little = false;
}

int
main(void)
{
	pipe_init();
	when_refused();
	when_full();
	when_lingered();
	when_rated();
	when_no_more_comes();
	when_inside();
	dropped_behind();
	last_mark();
	block_holds();
	dropping_keeps();
	readers_change();
	marks_begin_anew();
	cut_and_credits();
	numbers_and_credits();
	numbers_and_batches();
	full_of_nothing();
	full_of_nothing_but_a_mark();
	mark_for_nobody();
	due_without_end();
	given();
	bytes();
	any_flow();
	any_batches();
	discards();
	many_at_once();
	return done_testing();
}
