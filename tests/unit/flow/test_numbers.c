/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers in front of records, whatever a write cuts, whoever reads next, and whatever is missing between.
 *
 * The test makes the records, and each says which it is: so what is in front of it is held against what the source
 * wrote, and not against what weir counted.
 */
#include "../pumped.h"

#include "flow/numbers.h"

#include <string.h>
#include <sys/ioctl.h>

#define SEEDS 15
#define TURNS 600

/* What one reader was given so far: whole records, each with its number, and part of one more at the end. */
static bool
is_numbered(uint64_t *last)
{
	size_t at = 0;

	while (at < rig.got_length) {
		const char *text = rig.got + at, *end = memchr(text, '\n', rig.got_length - at);
		const char *record = memchr(text, '>', rig.got_length - at);

		if (*text != '<')
			return false;
		if (end == NULL || record == NULL)
			return true;
		if (record > end || record[1] == 'M')
			return record[1] == 'M';
		if (number_of(text + 1) % 1000000 != number_of(record + 1)) {
			diag("'%.20s'", text);
			return false;
		}
		*last = number_of(text + 1);
		at = (size_t)(end + 1 - rig.got);
	}
	return true;
}

/* Of those that it was given, some are confirmed. */
static void
confirm_some(struct random *random)
{
	if (!rig.pump.plan.flying)
		return;
	for (uint64_t n = random_below(random, 4); n > 0; n--)
		(void)pump_confirm_oldest(&rig.pump);
}

static bool
run(const char *command_line, uint64_t seed)
{
	struct random random = { seed };
	uint64_t last = 0, readers = 0;
	bool good = true;

	rig.little = !random_one_in(&random, 3);
	rig.numbers = true;
	begin(command_line);
	for (int turn = 0; turn < TURNS && good; turn++) {
		rig.now += random_below(&random, 3 * NS_PER_MS);
		if (rig.left_at == rig.left_length && random_one_in(&random, 10)) {
			rig.left_at = rig.left_length = 0;
			make_record((size_t)random_from(&random, 3000, 7000), 'l', '\n'); /* longer than a write */
		}
		feed_some(&random, 300, '\n');
		pass();
		if (random_one_in(&random, 2))
			read_some((size_t)random_from(&random, 1, 700));
		good = is_numbered(&last) && is_sound();
		confirm_some(&random);
		if (rig.pump.plan.flying && random_one_in(&random, 25)) {
			readers++;
			change_reader(true);
		}
		if (rig.got_length > PUMPED_MOST / 2)
			turn = TURNS;
	}
	if (!good)
		diag("weir %s, seed %" PRIu64 ", after %" PRIu64 " readers", command_line, seed, readers);
	finish();
	return good && last > 0;
}

static const char *const runs[] = {
	"-q -m 64K --number=<{n}>",
	"-q -m 16K --number=<{n}> -p drop-oldest --max-record=8K",
	"-q -m 16K --number=<{n}> -p drop-newest --max-record=200",
	"-q -m 16K --number=<{n}> -s 1/3",
	"-q -m 64K --number=<{n}> -L 300kB/s",
	"-q -m 64K --max-record=8K --number=<{n}> --confirm=line --answers=x",
	"-q -m 16K --max-record=8K --number=<{n}> --confirm=line --answers=x -p drop-oldest",
	"-q -m 16K --max-record=8K --number=<{n}> --confirm=number --window=20 --answers=x -p drop-random --seed=4",
	"-q -m 64K --max-record=8K --number=<{n}> --confirm=line --answers=x -L 500/s",
};

static void
at_random(void)
{
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		bool good = true;

		for (uint64_t seed = 1; seed <= SEEDS && good; seed++)
			good = run(runs[i], 100 * i + seed);
		ok(good, "weir %s: each has its number", runs[i]);
	}
}

/* --- inside frames -------------------------------------------------------------------------------- */

/* One more, of a payload of at least 7 bytes: its serial, and letters. */
static void
make_frame(enum frame_format format, size_t payload, size_t least)
{
	char *text = rig.left + rig.left_length, serial[8];
	const size_t head = frame_write_wide(format, payload, least, text);

	must(rig.left_length + head + payload + 1 <= sizeof(rig.left));
	memset(text + head, 'x', payload);
	(void)snprintf(serial, sizeof(serial), "%06u ", (unsigned)++rig.serial % 1000000);
	memcpy(text + head, serial, 7);
	memcpy(text + head + payload, ",", frame_end(format));
	rig.left_length += head + payload + frame_end(format);
}

/* Near to where a header grows, or anywhere; in a byte they fit with whatever is put in. */
static void
feed_frames(struct random *random, enum frame_format format)
{
	static const uint64_t around[] = { 10, 100, 128, 256, 1000 };

	if (rig.left_at == rig.left_length) {
		rig.left_at = rig.left_length = 0;
		for (uint64_t i = random_from(random, 1, 6); i > 0; i--) {
			const uint64_t near = around[random_below(random, format == FRAME_U8 ? 3 : 5)];
			uint64_t payload = random_one_in(random, 3) ? random_from(random, 7, 230) : random_from(random, near - 3, near + 3);

			if (format != FRAME_U8 && rig.left_length < 4000 && random_one_in(random, 40))
				payload = random_from(random, 2000, 7000); /* longer than a write */
			make_frame(format, (size_t)payload, (size_t)random_below(random, 5));
		}
	}
	(void)write_left();
}

/* What one reader was given so far: frames that say their length, each with its number (and its weight) in it. */
static bool
is_framed(enum frame_format format, uint64_t *last)
{
	struct frame frame;

	for (size_t at = 0; at < rig.got_length; at += frame.head + (size_t)frame.payload + frame.end) {
		const char *text = rig.got + at, *end;
		const size_t here = rig.got_length - at;

		switch (frame_read(format, text, here, &frame)) {
		case FRAME_WHOLE:
			break;
		case FRAME_MORE:
			return true;
		case FRAME_WRONG:
			diag("no frame at %zu", at);
			return false;
		}
		if (here < frame.head + frame.payload + frame.end)
			return true;
		text += frame.head;
		if (text[0] == '<' && (end = memchr(text, '>', (size_t)frame.payload)) != NULL && end[1] == 'M')
			continue;
		while (frame.payload > 0 && *text == '<') {
			end = memchr(text, '>', (size_t)frame.payload);
			if (end == NULL || (text[1] == 'w' && memcmp(text, "<w1>", 4) != 0))
				return false;
			if (text[1] != 'w')
				*last = number_of(text + 1);
			text = end + 1;
		}
		if (number_of(text) != *last % 1000000 || text[6] != ' ') {
			diag("number %" PRIu64 ", record '%.8s', at %zu", *last, text, at);
			return false;
		}
		if (frame.end > 0 && rig.got[at + frame.head + frame.payload] != ',')
			return false;
	}
	return true;
}

/* Whether every byte that was written is counted, as what it is. */
static bool
is_counted(uint64_t before)
{
	const struct ledger *l = books();
	const struct tally sent = rig.pump.plan.flying ? l->sent : l->out;
	int unread = 0;

	must(ioctl(rig.reader, FIONREAD, &unread) == 0);
	if (before + rig.got_length + (uint64_t)unread == sent.bytes + l->redelivered.bytes + l->marks.bytes + l->added_bytes)
		return true;
	diag("%" PRIu64 " bytes were written; %" PRIu64 " of records, %" PRIu64 " again, %" PRIu64 " added",
	    before + rig.got_length + (uint64_t)unread, sent.bytes, l->redelivered.bytes, l->added_bytes);
	return false;
}

static uint64_t
another_reader(void)
{
	uint64_t given = rig.got_length;
	int unread = 0;

	must(ioctl(rig.reader, FIONREAD, &unread) == 0);
	given += (uint64_t)unread;
	change_reader(true);
	return given;
}

static bool
run_framed(const char *options, enum frame_format format, uint64_t seed)
{
	struct random random = { seed };
	uint64_t last = 0, readers = 0, given = 0;
	char command_line[200];
	bool good = true;

	(void)snprintf(command_line, sizeof(command_line), "-q --frame=%s %s", frame_name(format), options);
	rig.little = !random_one_in(&random, 3);
	rig.numbers = true;
	begin(command_line);
	for (int turn = 0; turn < TURNS && good; turn++) {
		rig.now += random_below(&random, 3 * NS_PER_MS);
		feed_frames(&random, format);
		pass();
		if (random_one_in(&random, 2))
			read_some((size_t)(random_one_in(&random, 3) ? random_from(&random, 1, 9) : random_from(&random, 1, 700)));
		last = 0;
		good = is_framed(format, &last) && is_sound() && is_counted(given);
		confirm_some(&random);
		if (rig.pump.plan.flying && random_one_in(&random, 25)) {
			readers++;
			given += another_reader();
		}
		if (rig.got_length > PUMPED_MOST / 2)
			turn = TURNS;
	}
	if (!good)
		diag("weir %s, seed %" PRIu64 ", after %" PRIu64 " readers", command_line, seed, readers);
	finish();
	return good;
}

static const char *const framed_runs[] = {
	"-m 64K --number=<{n}>",
	"-m 64K --number=<{n}> --weight=<w{n}>",
	"-m 16K --number=<{n}> -p drop-oldest --max-record=8K",
	"-m 16K --number=<{n}> -p drop-newest --max-record=8K -L 300kB/s",
	"-m 16K --number=<{n}> --weight=<w{n}> -L 300kB/s",
	"-m 64K --max-record=8K --number=<{n}> --confirm=line --answers=x",
	"-m 64K --max-record=8K --number=<{n}> --weight=<w{n}> --confirm=line --answers=x",
	"-m 16K --max-record=8K --number=<{n}> --confirm=number --window=20 --answers=x -p drop-random --seed=4",
};

static void
framed_at_random(void)
{
	for (size_t i = 0; i < sizeof(framed_runs) / sizeof(framed_runs[0]); i++) {
		bool good = true;

		for (enum frame_format format = FRAME_U8; format < FRAME_PCAP; format++)
			for (uint64_t seed = 1; seed <= 3 && good; seed++)
				good = run_framed(framed_runs[i], format, 1000 * i + 10 * format + seed);
		ok(good, "weir %s: in every format, each has its number inside", framed_runs[i]);
	}
}

/* Nothing goes out of a record that has no room for its number, and all in front of it has. */
static void
no_room(void)
{
	struct inside_misfit misfit;

	rig.little = false;
	rig.numbers = true;
	begin("-q --frame=u8 -m 64K --number=<{n}>");
	rig.left_at = rig.left_length = 0;
	make_frame(FRAME_U8, 252, 0);
	make_frame(FRAME_U8, 253, 0);
	make_frame(FRAME_U8, 10, 0);
	while (!write_left())
		passes(1);
	ok(!pump_misfit(&rig.pump, &misfit), "nothing is wrong yet");
	passes(4);
	read_some(4096);
	ok(pump_output(&rig.pump) == OUTLET_ERROR && pump_output_error(&rig.pump) == EMSGSIZE && pump_misfit(&rig.pump, &misfit) &&
	    misfit.serial == 2 && misfit.payload == 253 && misfit.number == 3, "the second has none");
	ok(rig.got_length == 256 && books()->out.records == 1 && books()->out.bytes == 253 && books()->added_bytes == 3,
	    "the first is out, and nothing of the second");
	ok(is_sound() && pump_held(&rig.pump).records == 2, "the others are held");
	finish();
}

/* The pipe takes the number and nothing more: the reader after that one gets it once more. */
static void
number_alone(void)
{
	const char *text;
	uint64_t last = 0;

	rig.little = false;
	rig.numbers = true;
	begin("-q -m 64K --max-record=16K --number=<{n}> --confirm=line --answers=x");
#ifdef F_SETPIPE_SZ
	(void)fcntl(rig.pump.outlet.port.fd, F_SETPIPE_SZ, 4096);
	rig.left_at = rig.left_length = 0;
	make_record(4090, 'a', '\n');
	make_record(5000, 'b', '\n');
	while (!write_left())
		passes(1);
	passes(4);
	ok(flight_is_begun(&rig.pump.flight) && !numbers_begun(&rig.pump.outlet.numbers),
	    "a number is out, and nothing of its record");
	change_reader(true);
	for (int turns = 0; turns < 50 && next_line(&text) == 0; turns++) {
		pass();
		read_some(3000);
	}
	rig.seen = 0;
	for (int turns = 0; turns < 50 && rig.got_length < 9096; turns++) {
		pass();
		read_some(3000);
	}
	ok(is_numbered(&last) && last == 2 && rig.got_length == 9096, "the next reader gets both, each with its number");
#else
	(void)text;
	(void)last;
#endif
	finish();
}

int
main(void)
{
	at_random();
	number_alone();
	framed_at_random();
	no_room();
	return done_testing();
}
