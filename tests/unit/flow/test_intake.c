/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the gates let in, of any stream in any reads, against records cut from the whole stream at once.
 * What happens when the queue is full is held in test_policy.c; here it is large enough.
 */
#include "../tap.h"

#include "../random.h"
#include "flow/intake.h"

#define STREAM_MOST ((size_t)20000)

static const struct framing lines = { .kind = FRAMING_LINES, .delimiter = '\n' };
static const struct share tenth = { 1, 10 };

static struct intake intake;
static struct queue queue;
static struct ledger ledger;
static struct loss loss = { .ledger = &ledger };

static void
begin(const struct framing *framing, const struct share *share, uint64_t max_record)
{
	const struct queue_limits limits = { .bytes = 2 * STREAM_MOST, .records = UINT64_MAX };
	struct gate_rules gates = { .sampling = share != NULL, .max_record = max_record };

	if (queue_init(&queue, framing, &limits) < 0)
		abort();
	if (share != NULL)
		sample_init(&gates.sample, share, SAMPLE_BY_COUNT, NULL);
	intake_init(&intake, framing, &gates);
	ledger = (struct ledger){ .in = { 0, 0 } };
}

/* One read.  Whether the law holds behind it. */
static bool
arrive(const char *text, size_t length)
{
	while (length > 0) {
		struct iovec piece[QUEUE_ROOM];
		size_t room;
		int pieces = queue_prepare(&queue, length, piece, &room);

		if (pieces == 0)
			return false;
		for (int i = 0; i < pieces; i++) {
			memcpy(piece[i].iov_base, text, piece[i].iov_len);
			text += piece[i].iov_len;
		}
		intake_take(&intake, &queue, &loss, piece, room);
		queue_check(&queue);
		length -= room;
	}
	return ledger_balances(&ledger, queue_held(&queue));
}

/* All that is held, and out with it. */
static size_t
take_all(char *text)
{
	size_t at = 0;

	while (queue_held(&queue).bytes > 0) {
		size_t length = (size_t)queue_held(&queue).bytes;
		struct iovec piece[QUEUE_PIECES];
		int pieces = queue_peek(&queue, 0, &length, piece);

		for (int i = 0; i < pieces; i++) {
			memcpy(text + at, piece[i].iov_base, piece[i].iov_len);
			at += piece[i].iov_len;
		}
		ledger_count(&ledger.out, queue_take(&queue, length), length);
	}
	return at;
}

static void
must(bool good)
{
	if (!good)
		abort();
}

static const char *
everything(void)
{
	static char text[STREAM_MOST + 1];

	text[take_all(text)] = '\0';
	return text;
}

/* --- by example ----------------------------------------------------------------------------------- */

static void
lets_all_in(void)
{
	begin(&lines, NULL, UINT64_MAX);
	ok(arrive("a\nbb\ncc", 7), "the law holds with a record being assembled");
	ok(ledger.in.records == 2 && ledger.in.bytes == 7, "a byte counts where it is, a record at its end");
	ok(arrive("c\n", 2) && ledger.in.records == 3, "which may come later");
	ok(arrive("d", 1), "the last has none");
	intake_end(&intake, &queue, &loss);
	is(ledger.in.records, 4, "but is a record at the end of input");
	ok(ledger_balances(&ledger, queue_held(&queue)), "and the law holds");
	is_text(everything(), "a\nbb\nccc\nd", "all is let in, as it came");
	queue_free(&queue);
}

static void
samples(void)
{
	begin(&lines, &tenth, UINT64_MAX);
	for (int i = 1; i <= 25; i++) {
		char text[8];
		int length = snprintf(text, sizeof(text), "%d\n", i);
		arrive(text, (size_t)length);
	}
	is_text(everything(), "1\n11\n21\n", "1 in 10 lets the first of every ten in");
	is(ledger.dropped[REASON_SAMPLE].records, 22, "the others are dropped for the sample");
	ok(arrive("26", 2), "a byte is dropped at once");
	is(ledger.dropped[REASON_SAMPLE].records, 22, "its record at its end");
	intake_end(&intake, &queue, &loss);
	is(ledger.dropped[REASON_SAMPLE].records, 23, "or at that of the input");
	ok(ledger_balances(&ledger, queue_held(&queue)), "and the law holds");
	queue_free(&queue);
}

static void
refuses_what_is_too_long(void)
{
	begin(&lines, NULL, 5);
	ok(arrive("1234\n12345\n1\n", 13), "records of up to five bytes");
	is_text(everything(), "1234\n1\n", "the delimiter counts");
	is(ledger.dropped[REASON_OVERSIZE].bytes, 6, "what is longer is dropped whole");
	ok(arrive("12345", 5) && ledger.dropped[REASON_OVERSIZE].bytes == 6,
	    "as long as it may be short enough it is held");
	ok(arrive("6", 1), "one byte more is too much");
	is(ledger.dropped[REASON_OVERSIZE].bytes, 12, "then all of it goes");
	is(queue_held(&queue).bytes, 0, "and nothing of it is held");
	is(ledger.dropped[REASON_OVERSIZE].records, 1, "it is a record when it ends");
	ok(arrive("7890\nab\n", 8), "however much later");
	is(ledger.dropped[REASON_OVERSIZE].records, 2, "then it counts");
	is_text(everything(), "ab\n", "and the next one is let in");
	ok(arrive("1234567", 7), "one that is never ended");
	intake_end(&intake, &queue, &loss);
	is(ledger.dropped[REASON_OVERSIZE].records, 3, "is a record too, at the end of input");
	is(ledger.in.records, 6, "of all that came");
	ok(ledger_balances(&ledger, queue_held(&queue)), "and the law holds");
	queue_free(&queue);
}

/* Of a record that came in parts, the last byte may be out before its end is known. */
static void
ends_behind_the_last_byte(void)
{
	begin(&lines, NULL, UINT64_MAX);
	arrive("ab", 2);
	is_text(everything(), "ab", "a prompt is passed on as it comes");
	is(ledger.out.records, 0, "not a record yet");
	intake_end(&intake, &queue, &loss);
	ok(ledger.in.records == 1 && ledger.out.records == 1, "but at the end of input");
	ok(ledger_balances(&ledger, queue_held(&queue)), "and the law holds");
	queue_free(&queue);

	begin(&lines, NULL, UINT64_MAX);
	intake_end(&intake, &queue, &loss);
	is(ledger.in.records, 0, "no bytes are no record");
	queue_free(&queue);
}

static void
counts_no_records_in_bytes(void)
{
	const struct framing bytes = { .kind = FRAMING_BYTES };

	begin(&bytes, NULL, UINT64_MAX);
	ok(arrive("a\nb\n", 4), "a stream of bytes");
	intake_end(&intake, &queue, &loss);
	is(queue_held(&queue).records, 0, "has no records, not even at its end");
	ok(ledger_balances(&ledger, queue_held(&queue)), "and the law holds at the end of input");
	is_text(everything(), "a\nb\n", "all is let in");
	ok(ledger.in.records == 0 && ledger.out.records == 0, "no record is counted in or out");
	ok(ledger_balances(&ledger, queue_held(&queue)), "and the law holds when all is out");
	queue_free(&queue);
}

/* --- any stream ----------------------------------------------------------------------------------- */

struct expected {
	char text[STREAM_MOST];
	size_t length;
	struct tally in;
	struct tally dropped[REASONS];
};

/* Cuts the whole stream into records, and keeps those that should be let in. */
static void
expect(struct expected *e, const struct framing *f, const struct share *share, uint64_t max_record,
    const char *stream, size_t length)
{
	uint64_t number = 0, kept = 0;

	memset(e, 0, sizeof(*e));
	for (size_t at = 0; at < length; number++) {
		size_t end = at + 1;

		while (end < length && (f->kind == FRAMING_FIXED ? end - at < f->size
		                                                 : (unsigned char)stream[end - 1] != f->delimiter))
			end++;
		ledger_count(&e->in, 1, end - at);
		if (number != kept * share->den / share->num) {
			ledger_count(&e->dropped[REASON_SAMPLE], 1, end - at);
		} else if (kept++, end - at > max_record) {
			ledger_count(&e->dropped[REASON_OVERSIZE], 1, end - at);
		} else {
			memcpy(e->text + e->length, stream + at, end - at);
			e->length += end - at;
		}
		at = end;
	}
}

static size_t
make_stream(struct random *random, const struct framing *f, char *stream)
{
	size_t length = (size_t)random_from(random, 0, random_one_in(random, 3) ? STREAM_MOST : 100);
	uint64_t sparse = random_from(random, 2, random_one_in(random, 3) ? 500 : 10);

	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)random_next(random);
		if (byte == f->delimiter)
			byte ^= 1;
		stream[i] = (char)(random_one_in(random, sparse) ? f->delimiter : byte);
	}
	return length;
}

/* In reads of any length; what has come in may go out in between. */
static bool
lets_in(struct random *random, const struct expected *e, const char *stream, size_t length)
{
	static char got[STREAM_MOST];
	uint64_t longest = random_one_in(random, 2) ? 10 : 3000;
	size_t taken = 0;
	bool good = true;

	for (size_t at = 0; at < length && good;) {
		size_t part = (size_t)random_from(random, 1, longest);
		part = part < length - at ? part : length - at;
		good = arrive(stream + at, part);
		at += part;
		if (queue_partial(&queue) == 0 && random_one_in(random, 3))
			taken += take_all(got + taken);
	}
	intake_end(&intake, &queue, &loss);
	taken += take_all(got + taken);
	good = good && ledger_balances(&ledger, queue_held(&queue)) && taken == e->length &&
	    memcmp(got, e->text, taken) == 0;
	good = good && ledger.in.records == e->in.records && ledger.in.bytes == e->in.bytes;
	for (int i = 0; i < REASONS; i++)
		good = good && ledger.dropped[i].records == e->dropped[i].records &&
		    ledger.dropped[i].bytes == e->dropped[i].bytes;
	return good;
}

static void
any_stream(struct framing framing)
{
	static char stream[STREAM_MOST];
	static struct expected expected;
	bool good = true;

	for (uint64_t seed = 1; seed <= 200 && good; seed++) {
		struct random random = { seed };
		struct share share = { random_from(&random, 1, 9), random_from(&random, 9, 20) };
		bool sampling = !random_one_in(&random, 3);
		uint64_t max_record = random_one_in(&random, 2) ? UINT64_MAX : random_from(&random, 1, 200);
		size_t length = make_stream(&random, &framing, stream);

		if (!sampling)
			share = (struct share){ 1, 1 };
		if (framing.kind == FRAMING_FIXED)
			framing.size = random_from(&random, 1, 100);
		expect(&expected, &framing, &share, max_record, stream, length);
		begin(&framing, sampling ? &share : NULL, max_record);
		good = lets_in(&random, &expected, stream, length);
		queue_free(&queue);
		if (!good)
			diag("seed %" PRIu64 ": %zu bytes, size %" PRIu64 ", longest %" PRIu64 ", sample %" PRIu64
			     " in %" PRIu64, seed, length, framing.size, max_record, share.num, share.den);
	}
	ok(good, "%s: any stream, in any reads", framing_name(&framing));
}

/* --- past the queue -------------------------------------------------------------------------------- */

static void
passes_lines_by(void)
{
	begin(&lines, NULL, UINT64_MAX);
	is(intake_pass(&intake, &ledger, "a\nbb\nccc", 8), 2, "records end in what passes by");
	is(intake.open, 3, "and one is begun");
	is(intake_pass(&intake, &ledger, "dd", 2), 0, "it may go on");
	is(intake.open, 5, "and grow");
	is(intake_pass(&intake, &ledger, "e\n", 2), 1, "until it ends");
	is(intake.open, 0, "and leaves nothing open");
	ok(ledger.in.records == 3 && ledger.in.bytes == 12, "all of it came in");
	ok(ledger.out.records == 0 && ledger.out.bytes == 0 && queue_held(&queue).bytes == 0,
	    "what went out is for others to count");

	is(intake_pass(&intake, &ledger, "ff", 2), 0, "a record begun in passing");
	ledger_count(&ledger.out, 3, 14);
	queue_pass(&queue, intake.open);
	ok(arrive("f\n", 2) && ledger.in.records == 4 && intake.open == 0, "may end in the queue");
	is_text(everything(), "f\n", "which has only the rest of it");
	ok(ledger.out.records == 4 && arrive("gg", 2), "and counts it once");
	is_text(everything(), "gg", "one begun there");
	is(intake_pass(&intake, &ledger, "g\nh", 3), 1, "may end in passing");
	is(intake.open, 1, "before the next");
	queue_free(&queue);
}

/* Whatever a record is cut into, its end is where the bytes say. */
static void
passes_fixed_by(void)
{
	const struct framing seven = { .kind = FRAMING_FIXED, .size = 7 };
	struct random random = { 7 };
	uint64_t sum = 0, ends = 0;
	bool good = true;

	begin(&seven, NULL, UINT64_MAX);
	for (int i = 0; i < 1000 && good; i++) {
		uint64_t length = random_from(&random, 1, 30);
		uint64_t ended = intake_pass(&intake, &ledger, NULL, (size_t)length);

		sum += length;
		ends += ended;
		good = ends == sum / 7 && intake.open == sum % 7;
		if (!good)
			diag("%" PRIu64 " ends in %" PRIu64 " bytes, open %" PRIu64, ends, sum, intake.open);
	}
	ok(good && ledger.in.records == ends && ledger.in.bytes == sum,
	    "records of a fixed size pass by unseen, and are counted");
	queue_free(&queue);
}

static void
passes_bytes_by(void)
{
	const struct framing bytes = { .kind = FRAMING_BYTES };

	begin(&bytes, NULL, UINT64_MAX);
	is(intake_pass(&intake, &ledger, NULL, 1000), 0, "in bytes no record ends");
	ok(ledger.in.records == 0 && ledger.in.bytes == 1000, "but they are counted");
	intake_end(&intake, &queue, &loss);
	is(ledger.in.records, 0, "at the end neither");
	queue_free(&queue);
}

/* The last record's end is that of the input. */
static void
passes_by_to_the_end(void)
{
	begin(&lines, NULL, UINT64_MAX);
	ledger_count(&ledger.out, intake_pass(&intake, &ledger, "a\nb", 3), 3);
	queue_pass(&queue, intake.open);
	intake_end(&intake, &queue, &loss);
	ok(ledger.in.records == 2 && ledger.out.records == 2, "the last record without delimiter is in and out");
	intake_end(&intake, &queue, &loss);
	ok(ledger.in.records == 2 && ledger.out.records == 2, "once");
	queue_free(&queue);

	begin(&lines, NULL, UINT64_MAX);
	ledger_count(&ledger.out, intake_pass(&intake, &ledger, "a\n", 2), 2);
	queue_pass(&queue, intake.open);
	intake_end(&intake, &queue, &loss);
	ok(ledger.in.records == 1 && ledger.out.records == 1, "with one nothing follows it");
	queue_free(&queue);
}

/* Another share: from the next record on, whatever becomes of the one that has been begun. */
static void
retunes_a_sample(void)
{
	const struct gate_tuning half = { .sample = { 1, 2 }, .judge_at = UINT64_MAX };
	const struct gate_tuning third = { .sample = { 1, 3 }, .judge_at = UINT64_MAX };

	begin(&lines, &tenth, UINT64_MAX);
	must(arrive("1\n2\n", 4));
	intake_retune(&intake, &queue, &loss, &half, 0);
	must(arrive("3\n4\n5\n", 6));
	is_text(everything(), "1\n3\n5\n", "retuned: between two records");
	intake_retune(&intake, &queue, &loss, &half, 0);
	must(arrive("6\n7\n8", 5));
	is_text(everything(), "7\n", "retuned: the same share is none");
	intake_retune(&intake, &queue, &loss, &third, 0);
	must(arrive("\n9\n10\n11\n12", 11));
	is_text(everything(), "9\n12", "retuned: in one that is left out");
	intake_retune(&intake, &queue, &loss, &half, 0);
	must(arrive("2\n13\n14\n15\n", 11));
	is_text(everything(), "2\n13\n15\n", "retuned: in one that is let in");
	ok(ledger_balances(&ledger, queue_held(&queue)) && ledger.dropped[REASON_SAMPLE].records == 7,
	    "retuned: and all are counted");
	queue_free(&queue);
}

/* --- repeats --------------------------------------------------------------------------------------- */

static struct repeats *repeats;

static void
begin_repeats(const struct framing *framing, uint64_t max_record)
{
	const struct queue_limits limits = { .bytes = 2 * STREAM_MOST, .records = UINT64_MAX, .view = STREAM_MOST };
	struct gate_rules gates = { .max_record = max_record, .judge_at = max_record == UINT64_MAX ? 50 : UINT64_MAX };

	must(queue_init(&queue, framing, &limits) == 0);
	repeats_free(repeats);
	must((repeats = repeats_new(1000, NULL, 1)) != NULL);
	gates.repeats = repeats;
	gates.repeats_ns = NS_PER_S;
	intake_init(&intake, framing, &gates);
	ledger = (struct ledger){ .in = { 0, 0 } };
}

static void
leaves_out_repeats(void)
{
	begin_repeats(&lines, 100);
	must(arrive("a\na\na\na\nb\na", 11));
	must(arrive("\nb\nab\n\n", 7));
	must(arrive("\nab\nc", 5));
	intake_end(&intake, &queue, &loss);
	is_text(everything(), "a\nb\nab\n\nc", "of each line the first, in whichever reads it comes");
	ok(ledger_balances(&ledger, queue_held(&queue)) && ledger.dropped[REASON_REPEATED].records == 7 &&
	    ledger.dropped[REASON_REPEATED].bytes == 14, "and the others are counted");
	queue_free(&queue);
	begin_repeats(&lines, UINT64_MAX);
	for (int i = 0; i < 2; i++)
		must(arrive("123456789 123456789 123456789 123456789 123456789 123456789", 59) && arrive("\n", 1));
	is(ledger.dropped[REASON_REPEATED].records, 0, "of what is judged before its end has come none is a repeat");
	must(arrive("1\n1", 3));
	intake_end(&intake, &queue, &loss);
	is(ledger.dropped[REASON_REPEATED].records, 1, "the last may be one without its delimiter");
	queue_free(&queue);
}

/* Records of very few kinds, each of which is let in once. */
static void
any_repeats(struct framing framing)
{
	static char stream[STREAM_MOST], want[STREAM_MOST];
	bool good = true;

	for (uint64_t seed = 1; seed <= 300 && good; seed++) {
		struct random random = { seed };
		struct { char text[8]; } seen[400];
		size_t length = 0, wanted = 0, kinds = 0, runs = random_one_in(&random, 2);
		struct tally repeated = { 0, 0 };

		while (length < 3000) {
			const size_t body = framing.kind == FRAMING_FIXED ? framing.size : (size_t)random_below(&random, 4);
			const size_t size = body + (framing.kind != FRAMING_FIXED);
			size_t k = 0;
			char text[8] = "";

			for (size_t i = 0; i < body; i++)
				text[i] = "ab"[random_below(&random, 2)];
			if (framing.kind != FRAMING_FIXED)
				text[body] = (char)framing.delimiter;
			for (uint64_t again = runs ? random_from(&random, 1, 9) : 1; again > 0 && length < 3000; again--) {
				memcpy(stream + length, text, size);
				length += size;
				for (k = 0; k < kinds && memcmp(seen[k].text, text, sizeof(text)) != 0; k++)
					continue;
				if (k < kinds) {
					ledger_count(&repeated, 1, size);
					continue;
				}
				memcpy(seen[kinds++].text, text, sizeof(text));
				memcpy(want + wanted, text, size);
				wanted += size;
			}
		}
		begin_repeats(&framing, 100);
		for (size_t at = 0; at < length && good;) {
			size_t part = (size_t)random_from(&random, 1, random_one_in(&random, 2) ? 5 : 500);

			part = part < length - at ? part : length - at;
			good = arrive(stream + at, part);
			at += part;
		}
		intake_end(&intake, &queue, &loss);
		good = good && memcmp(everything(), want, wanted) == 0 && ledger.dropped[REASON_REPEATED].records == repeated.records &&
		    ledger.dropped[REASON_REPEATED].bytes == repeated.bytes && ledger_balances(&ledger, queue_held(&queue));
		queue_free(&queue);
		if (!good)
			diag("seed %" PRIu64, seed);
	}
	ok(good, "%s: any repeats, in any reads", framing_name(&framing));
}

/* Into the queue, or one beside it. */
static void
lets_headers_in(bool beside)
{
	const struct queue_limits limits = { .bytes = STREAM_MOST, .records = UINT64_MAX, .slack = STREAM_MOST };
	struct queue heading;
	struct iovec piece[QUEUE_PIECES];
	size_t length;

	begin(&lines, &tenth, 8);
	must(queue_init(&heading, &lines, &limits) == 0);
	intake.headers = 2;
	intake.heading = beside ? &heading : NULL;
	must(arrive("na", 2) || beside);
	must(arrive("me\n2", 4) || beside);
	must(arrive("\n3\n4\n", 5) || beside);
	if (beside) {
		length = (size_t)queue_held(&heading).bytes;
		is(queue_held(&heading).records, 2, "the first are held beside,");
		(void)queue_peek(&heading, 0, &length, piece);
		ok(length == 7 && memcmp(piece[0].iov_base, "name\n2\n", 7) == 0, "as they came");
		is_text(everything(), "3\n", "and the first of the others is in the sample");
	} else {
		is_text(everything(), "name\n2\n3\n", "the first come in, and the first of the others is in the sample");
	}
	ok(ledger.in.records == 4 && ledger.dropped[REASON_SAMPLE].records == 1, "all are counted");
	queue_free(&heading);
	queue_free(&queue);
}

static void
refuses_long_headers(void)
{
	begin(&lines, NULL, 4);
	intake.headers = 2;
	must(arrive("123\n", 4));
	ok(!intake.header_too_long, "one that is as long as may be comes in");
	must(arrive("1234", 4));
	ok(!intake.header_too_long, "of one so much may come as fits,");
	must(arrive("5\n6\n", 4));
	ok(intake.header_too_long && intake.over, "and no more");
	ok(ledger.in.records == 3 && ledger.undelivered.records == 2 && ledger.undelivered.bytes == 4 &&
	    ledger_dropped(&ledger).bytes == 0, "what is behind that goes nowhere, and nothing is dropped");
	queue_free(&queue);
}

int
main(void)
{
	leaves_out_repeats();
	any_repeats(lines);
	any_repeats((struct framing){ .kind = FRAMING_DELIMITER, .delimiter = 0xff });
	any_repeats((struct framing){ .kind = FRAMING_FIXED, .size = 3 });
	repeats_free(repeats);
	lets_headers_in(false);
	lets_headers_in(true);
	refuses_long_headers();
	lets_all_in();
	samples();
	refuses_what_is_too_long();
	ends_behind_the_last_byte();
	counts_no_records_in_bytes();
	passes_lines_by();
	passes_fixed_by();
	passes_bytes_by();
	passes_by_to_the_end();
	any_stream(lines);
	any_stream((struct framing){ .kind = FRAMING_NULL });
	any_stream((struct framing){ .kind = FRAMING_DELIMITER, .delimiter = 0xff });
	any_stream((struct framing){ .kind = FRAMING_FIXED, .size = 1 });
	retunes_a_sample();
	return done_testing();
}
