/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is in flight against a plain list of all that was ever handed over.  Writes cut records anywhere; they are
 * confirmed and rejected in any order, and readers change in the middle of anything.
 */
#include "../tap.h"
#undef is

#include "../random.h"
#include "base/units.h"
#include "hold/flight.h"
#include "os/loop.h"
#include "os/spill.h"

#include <unistd.h>

#define ENTRIES 4000
#define BYTES 60000
#define MOST ((size_t)20000)

static const struct framing framings[] = {
	{ .kind = FRAMING_LINES, .delimiter = '\n' },
	{ .kind = FRAMING_NULL },
	{ .kind = FRAMING_FIXED, .size = 7 },
};

/* A record, or a mark. */
struct entry {
	uint64_t serial;
	size_t begin, length; /* in sent */
	uint64_t wire;        /* where it ended in what this reader was given; 0: it was not */
	bool mark, settled;
};

static struct flight flight;
static struct serials serials;
static struct ledger ledger;
static struct loss loss;
static struct entry list[ENTRIES];
static size_t count;
static char sent[BYTES];  /* all that was ever handed over */
static size_t sent_length;
static size_t open;       /* of these the last ones are of a record that has no end yet, */
static uint64_t serial;   /* which is this one, or else the last one was */
static uint64_t begun;    /* records */
static uint64_t to_come;  /* the serial of the next one */
static uint64_t wire;
static bool again;        /* something is to be handed over again: */
static size_t next, done; /* this entry (or count: what is open), of which so much is */
static struct tally confirmed, rejected;

static void
start(const struct framing *framing)
{
	serials_init(&serials);
	if (flight_init(&flight, framing, MOST, MOST, false, &serials) < 0)
		abort();
	ledger = (struct ledger){ .in = { 0, 0 } };
	loss_init(&loss, &ledger, NULL, NULL);
	loss_number(&loss, &serials);
	count = sent_length = open = next = done = 0;
	serial = begun = wire = 0;
	to_come = 1;
	again = false;
	confirmed = rejected = (struct tally){ 0, 0 };
}

static void
stop(void)
{
	flight_free(&flight);
	serials_free(&serials);
}

/* --- what is known ------------------------------------------------------------------------------ */

static struct tally
held(void)
{
	struct tally sum = { 0, open };

	for (size_t i = 0; i < count; i++)
		if (!list[i].settled && !list[i].mark)
			ledger_count(&sum, 1, list[i].length);
	return sum;
}

static uint64_t
marks(void)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += list[i].mark && !list[i].settled;
	return sum;
}

/* The first that is not settled, or count. */
static size_t
oldest(void)
{
	size_t i = 0;

	while (i < count && list[i].settled)
		i++;
	return i;
}

static size_t
used(void)
{
	const size_t first = oldest();

	return sent_length - (first < count ? list[first].begin : sent_length - open);
}

static uint64_t
first_serial(void)
{
	size_t i = oldest();

	while (i < count && (list[i].settled || list[i].mark))
		i++;
	return i < count ? list[i].serial : open > 0 ? serial : 0;
}

static bool
is(const char *what, uint64_t got, uint64_t want)
{
	if (got != want)
		diag("%s: %" PRIu64 ", not %" PRIu64, what, got, want);
	return got == want;
}

static bool
is_same(void)
{
	const struct tally sum = flight_held(&flight), plain = held();

	flight_check(&flight);
	return is("records", sum.records, plain.records) && is("bytes", sum.bytes, plain.bytes) &&
	    is("marks", flight_marks(&flight), marks()) && is("used", flight_used(&flight), used()) &&
	    is("left", flight_left(&flight), used() < MOST ? MOST - used() : 0) &&
	    is("serial", flight_first_serial(&flight), first_serial()) && is("wire", flight_wire(&flight), wire) &&
	    is("again", flight_is_again(&flight), again) &&
	    is("law", sum.bytes + confirmed.bytes + rejected.bytes, sent_length) &&
	    is("law", sum.records + (open > 0) + confirmed.records + rejected.records, begun) &&
	    is("books", ledger.dropped[REASON_REJECTED].bytes, rejected.bytes) &&
	    is("books", ledger.dropped[REASON_REJECTED].records, rejected.records);
}

/* --- handed over --------------------------------------------------------------------------------- */

/* The record that is open has its end, at this place of what the reader is given. */
static void
end_entry(uint64_t at)
{
	list[count++] = (struct entry){ .serial = serial, .begin = sent_length - open, .length = open, .wire = at };
	open = 0;
}

/* One byte more; whether a record ends in it. */
static bool
add_byte(struct random *random, const struct framing *framing)
{
	const bool delimited = framing->kind != FRAMING_FIXED;
	char byte = (char)('a' + random_below(random, 26));

	if (delimited && random_one_in(random, 9))
		byte = (char)framing->delimiter;
	if (open == 0) {
		serial = to_come++;
		begun++;
	}
	sent[sent_length++] = byte;
	open++;
	wire++;
	if (delimited ? byte != (char)framing->delimiter : open < framing->size)
		return false;
	end_entry(wire);
	return true;
}

/* Some bytes, in one to three pieces. */
static bool
hand_over(struct random *random, const struct framing *framing)
{
	const size_t length = (size_t)random_from(random, 1, random_one_in(random, 4) ? 2000 : 40), at = sent_length;
	struct iovec piece[3];
	uint64_t ends = 0;
	size_t from = at;

	if (sent_length + length > BYTES || count + length > ENTRIES || length > flight_left(&flight))
		return true;
	if (flight_room(&flight, length) != length)
		return false;
	for (size_t i = 0; i < length; i++)
		ends += add_byte(random, framing);
	for (int i = 0; i < 3; i++) {
		size_t left = sent_length - from, part = i == 2 ? left : (size_t)random_from(random, 0, left);

		piece[i] = (struct iovec){ sent + from, part };
		from += part;
	}
	return is("ends", flight_keep(&flight, piece, length), ends);
}

/* The last of all, without its delimiter. */
static void
end_record(void)
{
	if (open == 0)
		return;
	(void)flight_room(&flight, 1);
	flight_end(&flight);
	end_entry(wire);
}

/* What did not come in, or was dropped where it waited. */
static void
leave_out(struct random *random)
{
	const uint64_t missing = random_from(random, 1, 3);

	serials_drop_at(&serials, begun, 0, missing);
	to_come += missing;
}

/* A mark, of which some are sent in two parts. */
static void
hand_mark(struct random *random)
{
	const bool answered = !random_one_in(random, 3);

	if (open > 0 || count == ENTRIES)
		return;
	if (random_one_in(random, 3)) {
		flight_keep_mark(&flight, 5, false);
		wire += 5;
	}
	flight_keep_mark(&flight, 9, answered);
	wire += 9;
	if (answered)
		list[count++] = (struct entry){ .begin = sent_length, .wire = wire, .mark = true };
}

/* --- confirmed, rejected ------------------------------------------------------------------------- */

static void
settle(struct entry *entry, struct tally *sum)
{
	entry->settled = true;
	if (!entry->mark)
		ledger_count(sum, 1, entry->length);
}

/* The entry with this serial that this reader was given and that is not settled, or NULL. */
static struct entry *
with_serial(uint64_t wanted)
{
	for (size_t i = 0; i < count; i++)
		if (!list[i].mark && list[i].serial == wanted)
			return list[i].wire > 0 && !list[i].settled ? &list[i] : NULL;
	return NULL;
}

static struct entry *
oldest_given(void)
{
	const size_t i = oldest();

	return i < count && list[i].wire > 0 ? &list[i] : NULL;
}

static uint64_t
some_serial(struct random *random)
{
	const size_t first = oldest();

	if (random_one_in(random, 6) || first == count)
		return random_below(random, to_come + 2);
	return list[random_from(random, first, count - 1)].serial;
}

static bool
confirm(struct random *random)
{
	struct tally want = { 0, 0 }, got = { 0, 0 };
	struct entry *entry = NULL;
	uint64_t to;

	switch (random_below(random, 4)) {
	case 0:
		entry = oldest_given();
		got = flight_confirm_oldest(&flight);
		break;
	case 1:
		to = some_serial(random);
		entry = with_serial(to);
		got = flight_confirm(&flight, to);
		break;
	case 2:
		to = some_serial(random);
		for (size_t i = oldest(); to < serials_next(&serials) && i < count && (list[i].mark || list[i].serial <= to); i++)
			if (list[i].wire > 0 && !list[i].settled)
				settle(&list[i], &want);
		got = flight_confirm_upto(&flight, to);
		break;
	default:
		to = random_from(random, 0, wire);
		for (size_t i = 0; i < count && (list[i].settled || (list[i].wire > 0 && list[i].wire <= to)); i++)
			if (!list[i].settled)
				settle(&list[i], &want);
		got = flight_confirm_wire(&flight, to);
	}
	if (entry != NULL)
		settle(entry, &want);
	ledger_count(&confirmed, want.records, want.bytes);
	return is("confirmed", got.records, want.records) && is("confirmed bytes", got.bytes, want.bytes);
}

static bool
reject(struct random *random)
{
	const bool by_number = random_one_in(random, 2);
	const uint64_t wanted = by_number ? some_serial(random) : 0;
	struct entry *entry = by_number ? with_serial(wanted) : oldest_given();
	const bool got = by_number ? flight_reject(&flight, wanted, &loss, begun)
	    : flight_reject_oldest(&flight, &loss, begun);

	if (entry != NULL)
		settle(entry, &rejected);
	return is("rejected", got, entry != NULL);
}

/* --- handed over again --------------------------------------------------------------------------- */

/* The next to be, from there on. */
static void
find_next(size_t from)
{
	for (next = from; next < count && list[next].settled;)
		next++;
	done = 0;
	again = next < count || open > 0;
}

static void
restart(void)
{
	flight_restart(&flight);
	for (size_t i = 0; i < count; i++) {
		list[i].wire = 0;
		list[i].settled |= list[i].mark;
	}
	wire = 0;
	find_next(0);
}

/* Whether these are the bytes from `from` on. */
static bool
are_bytes(const struct iovec *piece, int pieces, size_t length, size_t from)
{
	size_t sum = 0;

	for (int i = 0; i < pieces; sum += piece[i++].iov_len)
		if (memcmp(piece[i].iov_base, sent + from + sum, piece[i].iov_len) != 0)
			return false;
	return sum == length;
}

/* The bytes that are asked for: of one, and of those behind it that are to be handed over too and fit. */
static size_t
asked(size_t unit)
{
	size_t sum = 0;

	if (next == count)
		return open - done;
	for (size_t i = next; i < count && !list[i].settled; i++) {
		size_t left = list[i].length - (i == next ? done : 0);

		if (sum > 0 && sum + left > unit)
			break;
		sum += left;
	}
	return sum;
}

static bool
hand_again(struct random *random)
{
	const size_t unit = random_one_in(random, 2) ? 1 : (size_t)random_from(random, 1, 3000);
	const size_t from = (next < count ? list[next].begin : sent_length - open) + done, want = asked(unit);
	struct iovec piece[CHAIN_PIECES];
	uint64_t ends = 0, got;
	size_t length, gone;
	int pieces = flight_again(&flight, unit, &length, piece);

	if (!are_bytes(piece, pieces, length, from) || length > want || (length < want && length < 6 * CHAIN_SEGMENT))
		return false;
	gone = (size_t)random_from(random, 1, length);
	got = flight_went_again(&flight, gone);
	wire += gone;
	for (done += gone; next < count && done >= list[next].length; ends++) {
		const size_t more = done - list[next].length;

		list[next].wire = wire - more;
		find_next(next + 1);
		done = more;
	}
	if (next == count && done == open)
		again = false;
	return is("ended again", got, ends);
}

/* --- any order ------------------------------------------------------------------------------------ */

static bool
step(struct random *random, const struct framing *framing)
{
	switch (random_below(random, 12)) {
	case 0:
	case 1:
	case 2:
	case 3:
		return again ? hand_again(random) : hand_over(random, framing);
	case 4:
		if (!again)
			hand_mark(random);
		return true;
	case 5:
		if (!again && random_one_in(random, 5))
			end_record();
		return true;
	case 6:
		leave_out(random);
		return true;
	case 7:
		if (random_one_in(random, 6))
			restart();
		return true;
	case 8:
		return reject(random);
	default:
		return confirm(random);
	}
}

static bool
agree(uint64_t seed)
{
	const struct framing *framing = &framings[seed % 3];
	struct random random = { seed };
	bool good = true;

	start(framing);
	for (int i = 0; i < 600 && good; i++) {
		good = step(&random, framing) && is_same();
		if (!good)
			diag("seed %" PRIu64 ", step %d", seed, i);
	}
	stop();
	return good;
}

static void
any_order(void)
{
	bool good = true;

	for (uint64_t seed = 1; seed <= 600 && good; seed++)
		good = agree(seed);
	ok(good, "cut anywhere, confirmed in any order, handed over again: it is known what is in flight, and it is as it was");
}

/* --- bytes ----------------------------------------------------------------------------------------- */

/* What is in flight is sent from `out` on, of which this reader was given the first `given`. */
static bool
bytes_step(struct random *random, size_t *out, size_t *given)
{
	struct iovec piece[CHAIN_PIECES];
	size_t length, want = 0;
	uint64_t to;

	switch (random_below(random, 5)) {
	case 0:
		length = (size_t)random_from(random, 1, 3000);
		if (flight_is_again(&flight)) {
			int pieces = flight_again(&flight, 1, &length, piece);

			if (!are_bytes(piece, pieces, length, *out + *given))
				return false;
			length = (size_t)random_from(random, 1, length);
			(void)flight_went_again(&flight, length);
		} else {
			if (sent_length + length > BYTES || length > flight_left(&flight))
				return true;
			for (size_t i = 0; i < length; i++)
				sent[sent_length + i] = (char)random_next(random);
			piece[0] = (struct iovec){ sent + sent_length, length };
			if (flight_room(&flight, 1) != 1 || flight_keep(&flight, piece, length) != 0)
				return false;
			sent_length += length;
		}
		*given += length;
		wire += length;
		return true;
	case 1:
		if (random_one_in(random, 4)) {
			flight_restart(&flight);
			*given = 0;
			wire = 0;
		}
		return true;
	case 2:
		to = random_from(random, 0, *out + 4000);
		want = to > *out ? (size_t)to - *out : 0;
		if (want > *given)
			want = 0;
		length = (size_t)flight_confirm_upto(&flight, to).bytes;
		break;
	default:
		to = random_from(random, 0, wire);
		want = *given > wire - to ? *given - (size_t)(wire - to) : 0;
		length = (size_t)flight_confirm_wire(&flight, to).bytes;
	}
	*out += want;
	*given -= want;
	return is("confirmed", length, want);
}

static void
of_bytes(void)
{
	const struct framing bytes = { .kind = FRAMING_BYTES };
	bool good = true;

	for (uint64_t seed = 1; seed <= 300 && good; seed++) {
		struct random random = { seed };
		size_t out = 0, given = 0;

		start(&bytes);
		for (int i = 0; i < 300 && good; i++) {
			good = bytes_step(&random, &out, &given);
			flight_check(&flight);
			good = good && is("bytes", flight_held(&flight).bytes, sent_length - out) &&
			    is("records", flight_held(&flight).records, 0) && is("used", flight_used(&flight), sent_length - out) &&
			    is("again", flight_is_again(&flight), out + given < sent_length) &&
			    is("wire", flight_wire(&flight), wire);
			if (!good)
				diag("seed %" PRIu64 ", step %d", seed, i);
		}
		stop();
	}
	ok(good, "of bytes it is known how many are in flight, and which");
}

/* --- batches --------------------------------------------------------------------------------------- */

static void
batches(void)
{
	struct iovec piece = { (char[]){ "ab\ncdef\ng\n" }, 10 };
	struct flight_load load;

	serials_init(&serials);
	ok(flight_init(&flight, &framings[0], 0, 0, false, &serials) == 0 && flight_counts_only(&flight),
	    "of batches it is only counted what is in flight");
	serials_drop_at(&serials, 0, 0, 4);
	flight_count(&flight, 10, 2, 1);
	serials_drop_at(&serials, 2, 0, 5);
	flight_count(&flight, 5, 0, 1);
	flight_keep_mark(&flight, 7, false);
	load = flight_take_load(&flight);
	ok(load.sum.records == 2 && load.sum.bytes == 15 && load.first == 5 && load.last == 6 && load.list == NULL,
	    "a batch has a sum, and the serials that its records had when they were begun");
	flight_count(&flight, 3, 1, 1);
	ok(flight_held(&flight).records == 3 && flight_held(&flight).bytes == 18 && flight_used(&flight) == 18 &&
	    flight_left(&flight) == SIZE_MAX, "it stays in flight, with what comes behind it,");
	flight_unload(&flight, load.number, load.sum);
	load = flight_take_load(&flight);
	ok(flight_held(&flight).records == 1 && flight_held(&flight).bytes == 3 && load.sum.records == 1 &&
	    load.first == 12 && load.last == 12, "until it is not");
	load = flight_take_load(&flight);
	ok(load.sum.records == 0 && load.first == 0 && load.last == 0, "an empty one has no serials");
	stop();

	serials_init(&serials);
	ok(flight_init(&flight, &framings[0], 0, 0, true, &serials) == 0 && !flight_counts_only(&flight) &&
	    flight_room(&flight, 5) == 5, "they may be listed");
	flight_keep_mark(&flight, 4, false);
	ok(flight_keep(&flight, &piece, 10) == 3, "then the ends of records are looked for,");
	piece = (struct iovec){ (char[]){ "end" }, 3 };
	ok(flight_keep(&flight, &piece, 3) == 0 && flight_first_serial(&flight) == 1, "or told of");
	flight_end(&flight);
	load = flight_take_load(&flight);
	ok(load.count == 4 && load.sum.records == 4 && load.sum.bytes == 13 && load.first == 1 && load.last == 4,
	    "they are the batch's then");
	ok(load.list[0].wire == 7 && load.list[1].wire == 12 && load.list[3].wire == 17 && load.list[1].length == 5 &&
	    load.list[2].serial == 3, "each with its end in the batch, marks among them");
	free(load.list);
	(void)flight_room(&flight, 1);
	(void)flight_keep(&flight, &(struct iovec){ (char[]){ "\n" }, 1 }, 1);
	load = flight_take_load(&flight);
	ok(load.count == 1 && load.list[0].wire == 1 && load.first == 5, "and the next begins anew");
	free(load.list);
	stop();
}

static void
by_example(void)
{
	const struct framing *lines = &framings[0];
	struct gaps *gaps = gaps_new(4);
	struct iovec piece = { (char[]){ "one\ntwo\nthr" }, 11 };

	start(lines);
	if (gaps == NULL)
		abort();
	loss_observe(&loss, gaps, NULL, NULL);
	loss_pass(&loss, 77);
	ok(!flight_reject_oldest(&flight, &loss, 0) && !flight_reject(&flight, 1, &loss, 0) &&
	    gaps_first(gaps) == NULL, "where nothing is in flight nothing can be rejected");
	(void)flight_room(&flight, 3);
	(void)flight_keep(&flight, &piece, 11);
	ok(flight_reject(&flight, 2, &loss, 9) && ledger.dropped[REASON_REJECTED].records == 1 &&
	    ledger.dropped[REASON_REJECTED].bytes == 4, "what is rejected is dropped,");
	ok(gaps_first(gaps)->at == 9 && gaps_first(gaps)->by[REASON_REJECTED] == 1 && gaps_first(gaps)->last_ns == 77,
	    "and missing in front of what leaves next");
	ok(serials_next(&serials) == 4, "but has its serial, which nobody else gets");
	ok(!flight_reject(&flight, 2, &loss, 9) && !flight_reject(&flight, 3, &loss, 9),
	    "not twice; nor what is handed over in part");
	ok(flight_confirm_oldest(&flight).bytes == 4 && flight_used(&flight) == 3 && flight_first_serial(&flight) == 3,
	    "what is settled goes once all before it is");
	piece = (struct iovec){ (char[]){ "ee\n" }, 3 };
	ok(flight_keep(&flight, &piece, 3) == 1 && flight_confirm_oldest(&flight).bytes == 6 &&
	    flight_first_serial(&flight) == 0, "where nothing is left there is no first");
	flight_begin(&flight);
	ok(flight_first_serial(&flight) == 4 && serials_next(&serials) == 5,
	    "one that was begun by its number is the first, though no byte of it is out");
	gaps_free(gaps);
	stop();

	start(lines);
	piece = (struct iovec){ (char[]){ "one\ntwo\nthr" }, 11 };
	(void)flight_room(&flight, 3);
	(void)flight_keep(&flight, &piece, 11);
	flight_restart(&flight);
	(void)flight_went_again(&flight, 6);
	ok(flight_at(&flight, 0)->tries == 2 && flight_at(&flight, 1)->tries == 1,
	    "how often one was given is counted when it is whole");
	stop();
}

/* What is rejected is saved, as it was handed over, and in order with what is dropped elsewhere. */
static void
is_saved(void)
{
	const struct framing *lines = &framings[0];
	char path[] = "/tmp/weir-unit-XXXXXX", got[4000];
	const int fd = mkstemp(path), saved = dup(fd);
	struct iovec piece = { (char[]){ "one\ntwo\n" }, 8 };
	struct spill *spill = fd >= 0 && saved >= 0 ? spill_open(lines, fd, false, 1 << 16) : NULL;
	char longest[1500];
	ssize_t length;

	if (spill == NULL || unlink(path) < 0 || spill_start(spill) < 0)
		abort();
	start(lines);
	loss_observe(&loss, NULL, spill, NULL);
	(void)flight_room(&flight, 3);
	(void)flight_keep(&flight, &piece, 8);
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\n';
	(void)flight_keep(&flight, &(struct iovec){ longest, sizeof(longest) }, sizeof(longest));
	(void)flight_reject(&flight, 3, &loss, 3);
	(void)flight_reject(&flight, 1, &loss, 3);
	loss_save(&loss, REASON_REJECTED, false, "four\n", 5);
	loss_returned(&loss, REASON_REJECTED, 3, 1, 5);
	spill_close(spill, loop_now() + 60 * NS_PER_S);
	length = pread(saved, got, sizeof(got), 0);
	ok(length == 1509 && memcmp(got, longest, 1500) == 0 && memcmp(got + 1500, "one\nfour\n", 9) == 0,
	    "what is rejected is saved, whole and in that order");
	ok(ledger.dropped[REASON_REJECTED].records == 3 && ledger.dropped[REASON_REJECTED].bytes == 1509 &&
	    serials_next(&serials) == 4, "and counted; nobody else's serial changes for it");
	spill_free(spill);
	(void)close(saved);
	stop();
}

int
main(void)
{
	by_example();
	is_saved();
	any_order();
	of_bytes();
	batches();
	return done_testing();
}
