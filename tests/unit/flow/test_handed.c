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
	running[runs++] = load.sum;
}

/* The first of them succeeds, or is rejected. */
static void
end_batch(bool good)
{
	if (good)
		pump_confirm_batch(&rig.pump, running[0]);
	else
		pump_reject_batch(&rig.pump, running[0], rig.now);
	memmove(running, running + 1, --runs * sizeof(running[0]));
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

		for (uint64_t seed = 1; seed <= 25 && good; seed++)
			good = batches_are_right(batchings[i], seed);
		ok(good, "weir %s: each batch is what is said of it, and all is out or dropped in the end", batchings[i]);
	}
}

int
main(void)
{
	pipe_init();
	any_flow();
	any_batches();
	return done_testing();
}
