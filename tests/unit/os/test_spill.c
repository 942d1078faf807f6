/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dropped records against a naive model: two streams of them, in parts and across each other, into files, FIFOs that
 * stall, and files that take nothing.
 *
 * Record i can be told by its bytes, so that what is found in a file can be compared with what was dropped.
 */
#include "../tap.h"

#include "../pipe.h"
#include "../random.h"
#include "base/units.h"
#include "os/loop.h"
#include "os/signals.h"
#include "os/spill.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <sched.h>
#include <time.h>

#define RECORD_MOST 40000
#define STREAM_MOST (1 << 20)

static const struct framing framings[] = {
	{ .kind = FRAMING_LINES, .delimiter = '\n' },
	{ .kind = FRAMING_NULL },
	{ .kind = FRAMING_DELIMITER, .delimiter = 't' }, /* which is in the names of reasons */
	{ .kind = FRAMING_FIXED, .size = 24 },
};
#define FRAMINGS (sizeof(framings) / sizeof(framings[0]))

static char path[] = "/tmp/weir-unit-XXXXXX";
static char got[STREAM_MOST];

/* A text that grows. */
struct text {
	char bytes[STREAM_MOST];
	size_t length;
};

static void
append(struct text *text, const char *bytes, size_t length)
{
	must(text->length + length <= sizeof(text->bytes));
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
}

/* --- records --------------------------------------------------------------------------------------- */

/* Record `number` of that length, which is the framing's if it has one: its number, its length, then letters. */
static size_t
make_record(char *record, const struct framing *framing, unsigned number, size_t length)
{
	if (framing->kind == FRAMING_FIXED)
		length = (size_t)framing->size;
	if (length < 12)
		length = 12;
	memset(record, 'a' + (int)(number % 19), length); /* no 't' */
	(void)snprintf(record, 12, "%05u%05u", number, (unsigned)(length % 100000));
	record[10] = ':';
	if (framing_delimited(framing))
		record[length - 1] = (char)framing->delimiter;
	return length;
}

/* --- what the model says: everything is saved ------------------------------------------------------ */

struct dropper {
	struct spill *spill;
	const struct framing *framing;
	bool with_reason;
	size_t side;         /* what an open record may take before it is written as it comes; SIZE_MAX: any */
	struct random random;
	unsigned number;     /* of the last record */
	struct tally dropped;
	struct text expected;
	struct text waiting; /* records that wait for the open one's end */
	char open[RECORD_MOST]; /* of intake */
	size_t open_length, open_given;
	size_t longest;
};

static struct dropper dropper;

static const enum reason reasons[] = { REASON_OLDEST, REASON_NEWEST, REASON_OVERSIZE, REASON_SAMPLE };

static void
expect(struct text *text, enum reason reason, const char *record, size_t length)
{
	if (dropper.with_reason) {
		append(text, reason_name(reason), strlen(reason_name(reason)));
		append(text, "\t", 1);
	}
	append(text, record, length);
}

/* Numbers have five digits. */
static unsigned
next_number(void)
{
	dropper.number = dropper.number % 99999 + 1;
	return dropper.number;
}

static size_t
next_record(char *record)
{
	size_t length = (size_t)random_from(&dropper.random, 12, random_one_in(&dropper.random, 8) ? dropper.longest : 60);

	return make_record(record, dropper.framing, next_number(), length);
}

/* The bytes in two pieces, as where a ring wraps. */
static void
give(enum spill_from from, enum reason reason, const char *bytes, size_t length)
{
	size_t first = (size_t)random_below(&dropper.random, length + 1);

	if (random_one_in(&dropper.random, 2))
		first = 0;
	if (first > 0)
		spill_add(dropper.spill, from, reason_name(reason), bytes, first);
	if (length > first)
		spill_add(dropper.spill, from, reason_name(reason), bytes + first, length - first);
}

/* Whether the open record of intake has been let through. */
static bool
is_passing(void)
{
	size_t prefix = dropper.with_reason ? strlen("sample\t") : 0;

	return dropper.open_given > 0 && prefix + dropper.open_given > dropper.side;
}

/* A few whole records out of the buffer. */
static void
drop_from_queue(void)
{
	static char run[8 * RECORD_MOST], record[RECORD_MOST];
	enum reason reason = reasons[random_below(&dropper.random, 2)];
	size_t sum = 0;

	for (uint64_t n = random_from(&dropper.random, 1, 6); n > 0; n--) {
		size_t length = next_record(record);
		memcpy(run + sum, record, length);
		sum += length;
		expect(is_passing() ? &dropper.waiting : &dropper.expected, reason, record, length);
		ledger_count(&dropper.dropped, 1, length);
	}
	give(SPILL_QUEUE, reason, run, sum);
	spill_end(dropper.spill, SPILL_QUEUE);
}

/* Of a record that comes in parts, the next part; its delimiter never alone, so that it can be seen whether it is whole. */
static void
drop_part(void)
{
	size_t left, part;

	if (dropper.open_length == 0) {
		dropper.open_length = next_record(dropper.open);
		dropper.open_given = 0;
		return;
	}
	left = dropper.open_length - dropper.open_given;
	part = random_one_in(&dropper.random, 3) ? left : (size_t)random_from(&dropper.random, 1, left);
	if (left - part == 1)
		part = left;
	spill_add(dropper.spill, SPILL_INTAKE, reason_name(REASON_SAMPLE), dropper.open + dropper.open_given, part);
	dropper.open_given += part;
	dropper.dropped.bytes += part;
	if (dropper.open_given < dropper.open_length)
		return;
	dropper.dropped.records++;
	expect(&dropper.expected, REASON_SAMPLE, dropper.open, dropper.open_length);
	append(&dropper.expected, dropper.waiting.bytes, dropper.waiting.length);
	dropper.waiting.length = 0;
	dropper.open_length = dropper.open_given = 0;
}

/* Whole records of intake in one piece, with the beginning of another behind them. */
static void
drop_from_intake(void)
{
	static char run[8 * RECORD_MOST];
	size_t sum = 0, length;
	uint64_t records = random_from(&dropper.random, 1, 5);

	if (dropper.open_length > 0)
		return;
	for (uint64_t n = records; n > 0; n--) {
		length = next_record(dropper.open);
		memcpy(run + sum, dropper.open, length);
		sum += length;
		expect(&dropper.expected, REASON_SAMPLE, dropper.open, length);
	}
	dropper.open_length = next_record(dropper.open);
	dropper.open_given = dropper.open_length / 2;
	memcpy(run + sum, dropper.open, dropper.open_given);
	spill_add(dropper.spill, SPILL_INTAKE, reason_name(REASON_SAMPLE), run, sum + dropper.open_given);
	ledger_count(&dropper.dropped, records, sum + dropper.open_given);
}

static void
drop_something(void)
{
	switch (random_below(&dropper.random, 4)) {
	case 0:
		drop_from_queue();
		break;
	case 1:
		drop_from_intake();
		break;
	default:
		drop_part();
		break;
	}
}

static void
finish_open(void)
{
	while (dropper.open_length > 0)
		drop_part();
}

static void
begin(const struct framing *framing, int fd, bool with_reason, size_t room, uint64_t seed)
{
	dropper.spill = spill_open(framing, fd, with_reason, room);
	must(dropper.spill != NULL);
	dropper.framing = framing;
	dropper.with_reason = with_reason;
	dropper.side = SIZE_MAX;
	dropper.random.state = seed;
	dropper.number = 0;
	dropper.dropped = (struct tally){ 0, 0 };
	dropper.expected.length = dropper.waiting.length = dropper.open_length = dropper.open_given = 0;
	dropper.longest = 200;
}

static uint64_t
long_from_now(void)
{
	return loop_now() + 300 * NS_PER_S;
}

static int
open_file(const char *before)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);

	must(fd >= 0 && write(fd, before, strlen(before)) == (ssize_t)strlen(before));
	return fd;
}

static size_t
read_file(void)
{
	int fd = open(path, O_RDONLY);
	ssize_t length = read(fd, got, sizeof(got));

	must(length >= 0 && (size_t)length < sizeof(got) && close(fd) == 0);
	return (size_t)length;
}

/* --- all is saved ---------------------------------------------------------------------------------- */

/* One case; false where the file is not what the model says. */
static bool
case_saved(uint64_t seed)
{
	const struct framing *framing = &framings[seed % FRAMINGS];
	bool with_reason = seed / FRAMINGS % 2 == 0;
	struct tally unsaved;
	size_t length;

	begin(framing, open_file(""), with_reason, 4 << 16, seed);
	if (seed % 3 == 0) {
		dropper.longest = RECORD_MOST;
		dropper.side = 1 << 16;
	}
	must(spill_start(dropper.spill) == 0);
	while (dropper.expected.length + dropper.waiting.length < (1 << 15))
		drop_something();
	finish_open();
	spill_close(dropper.spill, long_from_now());
	unsaved = spill_unsaved(dropper.spill);
	length = read_file();
	if (length == dropper.expected.length && memcmp(got, dropper.expected.bytes, length) == 0 && unsaved.records == 0 &&
	    unsaved.bytes == 0 && spill_take_error(dropper.spill) == 0) {
		spill_free(dropper.spill);
		return true;
	}
	diag("seed %u: %zu bytes for %zu, unsaved %u %u", (unsigned)seed, length, dropper.expected.length,
	    (unsigned)unsaved.records, (unsigned)unsaved.bytes);
	return false;
}

static void
saved(void)
{
	bool good = true;

	for (uint64_t seed = 0; seed < 120 && good; seed++)
		good = case_saved(seed);
	ok(good, "what is dropped is in the file, whole and in order: any framing, with and without reasons");
}

/* A record longer than the side holds goes as it comes, the others after it. */
static void
long_ones(void)
{
	bool good = true;

	for (uint64_t seed = 0; seed < 60 && good; seed++) {
		size_t length;

		begin(&framings[0], open_file(""), seed % 2 == 0, 1 << 18, seed);
		dropper.side = 1 << 16;
		dropper.longest = 8000; /* what waits is more than a batch */
		must(spill_start(dropper.spill) == 0);
		for (unsigned turn = 0; turn < 3; turn++) {
			static char record[RECORD_MOST * 2];
			enum reason reason = REASON_OVERSIZE;
			size_t whole = make_record(record, dropper.framing, next_number(), sizeof(record));

			for (size_t at = 0, part; at < whole; at += part) {
				part = (size_t)random_from(&dropper.random, 1, 20000);
				part = part < whole - at ? part : whole - at;
				spill_add(dropper.spill, SPILL_INTAKE, reason_name(reason), record + at, part);
				/* as the model has it for records of its own */
				dropper.open_given = at + part + (dropper.with_reason ? strlen("oversize\t") - strlen("sample\t") : 0);
				if (at + part < whole)
					drop_from_queue();
			}
			dropper.open_given = 0;
			expect(&dropper.expected, reason, record, whole);
			append(&dropper.expected, dropper.waiting.bytes, dropper.waiting.length);
			dropper.waiting.length = 0;
			length = dropper.expected.length; /* room for the next */
			while (spill_unsaved(dropper.spill).bytes == 0 && read_file() < length)
				(void)sched_yield();
		}
		spill_close(dropper.spill, long_from_now());
		length = read_file();
		good = length == dropper.expected.length && memcmp(got, dropper.expected.bytes, length) == 0;
		if (!good)
			diag("seed %u: %zu bytes for %zu, unsaved %u", (unsigned)seed, length, dropper.expected.length,
			    (unsigned)spill_unsaved(dropper.spill).bytes);
		spill_free(dropper.spill);
	}
	ok(good, "long records are whole, with others between their parts");
}

static const char *
text_after(const struct framing *framing, const char *before, void (*drop)(struct spill *))
{
	struct spill *spill = spill_open(framing, open_file(before), false, 1 << 16);

	must(spill != NULL && spill_start(spill) == 0);
	drop(spill);
	spill_close(spill, long_from_now());
	spill_free(spill);
	got[read_file()] = '\0';
	return got;
}

static void
add(struct spill *spill, enum spill_from from, const char *text)
{
	spill_add(spill, from, reason_name(REASON_NEWEST), text, strlen(text));
}

static void
drop_last_of_intake(struct spill *spill)
{
	add(spill, SPILL_INTAKE, "one\ntw");
	add(spill, SPILL_QUEUE, "other\n");
	spill_end(spill, SPILL_QUEUE);
	add(spill, SPILL_INTAKE, "o");
	spill_end(spill, SPILL_INTAKE);
}

static void
drop_last_first(struct spill *spill)
{
	add(spill, SPILL_QUEUE, "la");
	add(spill, SPILL_QUEUE, "st");
	spill_end(spill, SPILL_QUEUE);
	add(spill, SPILL_QUEUE, "one\ntwo\n");
	spill_end(spill, SPILL_QUEUE);
}

static void
drop_half(struct spill *spill)
{
	add(spill, SPILL_INTAKE, "one\ntw");
	spill_end(spill, SPILL_QUEUE);
}

static void
last_ones(void)
{
	const struct framing fixed = { .kind = FRAMING_FIXED, .size = 8 };

	is_text(text_after(&framings[0], "", drop_last_of_intake), "one\nother\ntwo", "the last record goes as it came");
	is_text(text_after(&framings[0], "", drop_last_first), "last\none\ntwo\n", "and ends before another");
	is_text(text_after(&framings[0], "old", drop_last_of_intake), "old\none\nother\ntwo", "in a later run, too");
	is_text(text_after(&framings[0], "", drop_half), "one\n", "one whose end is never read does not");
	(void)text_after(&fixed, "", drop_last_first);
	ok(memcmp(got, "last\0\0\0\0one\ntwo\n", 16) == 0, "fixed framing has zero bytes for an end");
}

/* --- not all is saved ------------------------------------------------------------------------------ */

/* What is in text, of what had been dropped: whole records, each at most once, their numbers rising in each of the two
 * streams; and parts of records. */
struct seen {
	struct tally whole;
	uint64_t part_bytes;
	bool good;
};

static void
see(struct seen *seen, const struct framing *framing, const char *piece, size_t length, bool ended)
{
	static char record[STREAM_MOST];
	unsigned number = 0;

	if (length >= 10)
		(void)sscanf(piece, "%5u", &number);
	(void)make_record(record, framing, number, length);
	if (ended && length >= 12 && memcmp(record, piece, length) == 0)
		ledger_count(&seen->whole, 1, length);
	else
		seen->part_bytes += length - (ended ? 1 : 0); /* and what stands for its end */
}

static struct seen
look(const struct framing *framing, const char *text, size_t length, bool with_reason)
{
	struct seen seen = { .good = true };

	while (length > 0) {
		const char *tab = with_reason ? memchr(text, '\t', length) : NULL;
		size_t prefix = tab != NULL ? (size_t)(tab - text) + 1 : 0;
		size_t end = record_first(framing, 0, text + prefix, length - prefix);

		see(&seen, framing, text + prefix, end > 0 ? end : length - prefix, end > 0);
		end = end > 0 ? prefix + end : length;
		text += end;
		length -= end;
	}
	return seen;
}

/* A long record that was cut short by its delimiter alone then got it: it counts as unsaved, and looks whole. */
static bool
adds_up(const struct seen *seen, uint64_t seed)
{
	struct tally unsaved = spill_unsaved(dropper.spill);
	uint64_t twice = seen->whole.records + unsaved.records - dropper.dropped.records;
	bool good = twice <= (dropper.longest > 4096 ? 2 : 0) &&
	    seen->whole.bytes + seen->part_bytes + unsaved.bytes == dropper.dropped.bytes + twice;

	if (!good)
		diag("seed %u: saved %u %u and %u in parts, unsaved %u %u, dropped %u %u", (unsigned)seed,
		    (unsigned)seen->whole.records, (unsigned)seen->whole.bytes, (unsigned)seen->part_bytes,
		    (unsigned)unsaved.records, (unsigned)unsaved.bytes, (unsigned)dropper.dropped.records,
		    (unsigned)dropper.dropped.bytes);
	return good;
}

/* Into a FIFO that is read now and then, and not at all at the end, with next to no room. */
static bool
case_stalled(uint64_t seed, struct tally *lost)
{
	int both[2];
	size_t length = 0;
	struct seen seen;

	must(pipe(both) == 0);
#ifdef F_SETPIPE_SZ
	(void)fcntl(both[1], F_SETPIPE_SZ, 4096 << seed % 3);
#endif
	begin(&framings[seed % 2], both[1], seed % 4 > 1, (size_t)2048 << seed % 5, seed);
	dropper.longest = seed % 7 == 0 ? 9000 : 200;
	if (seed % 5 > 0)
		must(spill_start(dropper.spill) == 0);
	for (unsigned i = 0; i < 300; i++) {
		drop_something();
		if (seed % 5 == 0 && i == 150)
			must(spill_start(dropper.spill) == 0);
		if (random_one_in(&dropper.random, 20))
			length += pipe_drain(both[0], got + length, sizeof(got) - length);
		if (random_one_in(&dropper.random, 20))
			(void)sched_yield();
	}
	spill_close(dropper.spill, loop_now() + 2 * NS_PER_MS);
	length += pipe_drain(both[0], got + length, sizeof(got) - length);
	seen = look(dropper.framing, got, length, dropper.with_reason);
	ledger_count(lost, spill_unsaved(dropper.spill).records, seen.part_bytes);
	(void)close(both[0]);
	if (!adds_up(&seen, seed))
		return false;
	spill_free(dropper.spill);
	return true;
}

static void
stalled(void)
{
	struct tally lost = { 0, 0 };
	bool good = true;

	for (uint64_t seed = 0; seed < 300 && good; seed++)
		good = case_stalled(seed, &lost);
	ok(good, "a FIFO that stalls: dropped = saved + unsaved, in records and bytes");
	ok(lost.records > 1000, "with many that were not saved");
}

/* Never read at all: what the FIFO takes by itself is saved, and the end does not wait for more. */
static void
never_read(void)
{
	static char run[1 << 16];
	int both[2];
	size_t filled, length, sum = 0;
	struct tally unsaved;
	uint64_t before;

	must(pipe(both) == 0);
	filled = pipe_fill(both[1]);
	begin(&framings[0], both[1], false, SPILL_ROOM, 1);
	must(spill_start(dropper.spill) == 0);
	while (sum + 100 < sizeof(run))
		sum += make_record(run + sum, dropper.framing, next_number(), 100);
	for (unsigned i = 0; i < 100; i++)
		spill_add(dropper.spill, SPILL_QUEUE, reason_name(REASON_OLDEST), run, sum);
	unsaved = spill_unsaved(dropper.spill);
	ok(unsaved.bytes > 0 && unsaved.bytes > 100 * sum - SPILL_ROOM && unsaved.bytes < 100 * sum - SPILL_ROOM / 2 &&
	    unsaved.bytes == 100 * unsaved.records, "what finds no room is not saved");
	before = loop_now();
	spill_close(dropper.spill, before + 50 * NS_PER_MS);
	ok(loop_now() - before >= 50 * NS_PER_MS, "the end waits until the deadline");
	length = pipe_drain(both[0], got, sizeof(got));
	unsaved = spill_unsaved(dropper.spill);
	ok(length == filled && unsaved.bytes == 100 * sum && unsaved.records == sum,
	    "and what nobody has taken then is not saved");
	is(spill_take_error(dropper.spill), 0, "which is no error");
	spill_free(dropper.spill);
	(void)close(both[0]);
}

/* What is dropped while a write waits for room does not hurry it: all of it is saved once there is a reader. */
static void
patient(void)
{
	int both[2];
	size_t filled;

	must(pipe(both) == 0);
	filled = pipe_fill(both[1]);
	begin(&framings[0], both[1], false, SPILL_ROOM, 1);
	must(spill_start(dropper.spill) == 0);
	for (unsigned i = 0; i < 200; i++) {
		drop_from_queue();
		(void)sched_yield();
	}
	pipe_forget(both[0], filled);
	spill_close(dropper.spill, long_from_now());
	is(pipe_drain(both[0], got, sizeof(got)), dropper.expected.length, "a write that waits is not cut short by more");
	is(spill_unsaved(dropper.spill).records, 0, "and nothing is unsaved");
	spill_free(dropper.spill);
	(void)close(both[0]);
}

/* A thread that was never started. */
static void
not_started(void)
{
	begin(&framings[0], open_file(""), false, 1 << 16, 1);
	add(dropper.spill, SPILL_QUEUE, "one\ntwo\n");
	spill_close(dropper.spill, LOOP_FOREVER);
	is(spill_unsaved(dropper.spill).records, 2, "without a thread nothing is saved, and nothing waited for");
	spill_free(dropper.spill);
	is(read_file(), 0, "indeed");
}

/* Waits until all that was dropped is in the file or counted, at least `least` bytes of it counted; what never adds up
 * is for the caller to find. */
static size_t
settle(uint64_t least)
{
	uint64_t until_ns = loop_now() + 60 * NS_PER_S;
	uint64_t unsaved;
	size_t length;

	do {
		(void)sched_yield();
		unsaved = spill_unsaved(dropper.spill).bytes;
		length = read_file();
	} while ((length + unsaved != dropper.dropped.bytes || unsaved < least) && loop_now() < until_ns);
	return length;
}

static void
limit(rlim_t bytes)
{
	struct rlimit now;

	must(getrlimit(RLIMIT_FSIZE, &now) == 0);
	now.rlim_cur = bytes < now.rlim_max ? bytes : now.rlim_max;
	must(setrlimit(RLIMIT_FSIZE, &now) == 0);
}

/* A file that may not grow, for a while. */
static bool
case_full(uint64_t seed)
{
	struct seen seen;
	size_t length;
	int error;

	begin(&framings[seed % FRAMINGS], open_file(""), false, (size_t)1 << (12 + seed % 8), seed);
	dropper.longest = seed % 3 == 0 ? 30000 : 500;
	must(spill_start(dropper.spill) == 0);
	limit(3000 + 100 * seed);
	do {
		drop_something();
		dropper.expected.length = 0; /* which is not asked for here */
		(void)sched_yield();
	} while ((error = spill_take_error(dropper.spill)) == 0);
	finish_open();
	length = settle(1);
	limit(RLIM_INFINITY);
	for (unsigned i = 0; i < 5; i++) {
		drop_something();
		finish_open();
		(void)settle(0);
	}
	spill_close(dropper.spill, long_from_now());
	seen = look(dropper.framing, got, read_file(), false);
	if (!adds_up(&seen, seed) || seen.part_bytes > 0)
		return false;
	if (error != EFBIG || spill_take_error(dropper.spill) != 0 || length > 3000 + 100 * seed || read_file() <= length) {
		diag("seed %u: error %d, %zu bytes before and %zu after", (unsigned)seed, error, length, read_file());
		return false;
	}
	spill_free(dropper.spill);
	return true;
}

static void
full(void)
{
	bool good = true;

	for (uint64_t seed = 0; seed < 60 && good; seed++)
		good = case_full(seed);
	ok(good, "a file that may not grow has whole records, told once, and goes on when it may");
#ifdef __linux__
	begin(&framings[0], open("/dev/full", O_WRONLY), true, 1 << 16, 5);
	must(spill_start(dropper.spill) == 0);
	for (unsigned i = 0; i < 200; i++)
		drop_something();
	finish_open();
	spill_close(dropper.spill, long_from_now());
	ok(spill_unsaved(dropper.spill).records == dropper.dropped.records &&
	    spill_unsaved(dropper.spill).bytes == dropper.dropped.bytes, "a device that is full takes nothing");
	is(spill_take_error(dropper.spill), ENOSPC, "for that reason");
	is(spill_take_error(dropper.spill), 0, "which is told once");
	spill_free(dropper.spill);
#endif
}

/* Signals that come again and again cut the wait for what is staged, not the moment that a thread takes to end: what
 * it is at work on would count as unsaved, and be saved. */
static void
urged(void)
{
	const struct framing lines = { .kind = FRAMING_LINES, .delimiter = '\n' };
	const pid_t parent = getpid();
	bool good = true;

	signals_init();
	for (int i = 0; i < 50 && good; i++) {
		struct spill *spill;
		int both[2];
		pid_t child;

		must((child = fork()) >= 0);
		while (child == 0 && getppid() == parent) {
			const struct timespec pause = { 0, 20000 }; /* or there is no time to do anything else */

			(void)kill(parent, SIGTERM);
			(void)nanosleep(&pause, NULL);
		}
		if (child == 0)
			_exit(0);
		must(pipe(both) == 0);
		(void)pipe_fill(both[1]);
		must((spill = spill_open(&lines, both[1], false, SPILL_ROOM)) != NULL && spill_start(spill) == 0);
		spill_add(spill, SPILL_QUEUE, reason_name(REASON_OLDEST), "lost\n", 5);
		spill_close(spill, loop_now() + 60 * NS_PER_S);
		good = fcntl(both[1], F_GETFD) < 0 && spill_unsaved(spill).records == 1;
		must(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
		spill_free(spill);
		(void)close(both[0]);
	}
	ok(good, "urged to end, the thread ends before anybody goes on");
}

int
main(void)
{
	int fd;

	pipe_init();
	fd = mkstemp(path);
	must(fd >= 0 && close(fd) == 0);
	saved();
	long_ones();
	last_ones();
	stalled();
	never_read();
	patient();
	not_started();
	full();
	urged();
	(void)unlink(path);
	return done_testing();
}
