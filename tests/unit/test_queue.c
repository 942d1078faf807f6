/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The queue by example, where a reader can see what is meant.  Every sequence of operations there may be
 * is held against a model in test_policy.c.
 */
#include "tap.h"

#include "queue.h"

static const struct framing lines = { FRAMING_LINES, '\n', 0 };
static struct queue q;
static struct ledger ledger;
static struct loss loss = { .ledger = &ledger };

/* What is dropped now, added to the tallies. */
static void
evict(struct tally *evicted, struct tally *misfit)
{
	ledger = (struct ledger){ .in = { 0, 0 } };
	queue_evict(&q, &loss, REASON_OLDEST, REASON_NEWEST);
	ledger_count(evicted, ledger.dropped[REASON_OLDEST].records, ledger.dropped[REASON_OLDEST].bytes);
	ledger_count(misfit, ledger.dropped[REASON_NEWEST].records, ledger.dropped[REASON_NEWEST].bytes);
}

static void
refuse(struct tally *refused)
{
	ledger = (struct ledger){ .in = { 0, 0 } };
	queue_refuse(&q, &loss, REASON_NEWEST);
	ledger_count(refused, ledger.dropped[REASON_NEWEST].records, ledger.dropped[REASON_NEWEST].bytes);
}

static size_t
abandon(void)
{
	ledger = (struct ledger){ .in = { 0, 0 } };
	return queue_abandon(&q, &loss, REASON_OVERSIZE);
}

/* Of 10 bytes and 3 records, with room for a read of 20 and a record of 10 beyond that. */
static void
begin(const struct framing *framing)
{
	const struct queue_limits limits = { .bytes = 10, .records = 3, .slack = 20, .record = 10 };

	if (queue_init(&q, framing, &limits) < 0)
		abort();
}

/* Writes text into the room; returns its length. */
static size_t
put(const char *text)
{
	struct iovec piece[2];
	size_t length, all = strlen(text);
	int pieces = queue_prepare(&q, all, piece, &length);

	for (int i = 0; i < pieces; i++) {
		memcpy(piece[i].iov_base, text, piece[i].iov_len);
		text += piece[i].iov_len;
	}
	return length;
}

/* A read of lines. */
static void
arrive(const char *text)
{
	size_t length = put(text);
	uint64_t ends = record_count(&lines, 0, text, length);

	queue_append(&q, 0, length, ends, length - record_last(&lines, 0, text, length));
}

static const char *
shown(size_t length)
{
	static char text[100];
	struct iovec piece[2];
	int pieces = queue_peek(&q, 0, length, piece);
	size_t at = 0;

	for (int i = 0; i < pieces; i++) {
		memcpy(text + at, piece[i].iov_base, piece[i].iov_len);
		at += piece[i].iov_len;
	}
	text[at] = '\0';
	queue_check(&q);
	return text;
}

static const char *
everything(void)
{
	return shown((size_t)queue_held(&q).bytes);
}

static void
comes_in(void)
{
	begin(&lines);
	is(queue_held(&q).bytes, 0, "a new queue is empty");
	ok(queue_fits(&q) && !queue_part_sent(&q) && queue_rest(&q) == 0 && queue_head(&q) == 0 &&
	    queue_whole(&q, 100, 100) == 0, "and nothing may leave it");
	arrive("a\nbb\nccc");
	is(queue_held(&q).records, 2, "two records have ended");
	is(queue_held(&q).bytes, 8, "eight bytes are held");
	is(queue_partial(&q), 3, "three of them of a record being assembled");
	is(queue_head(&q), 2, "the first record is two bytes long");
	is(queue_whole(&q, 4, 9), 2, "in four bytes there is room for one");
	is(queue_whole(&q, 5, 9), 5, "in five for two");
	is(queue_whole(&q, 99, 1), 2, "one record is two bytes");
	is(queue_whole(&q, 99, 9), 5, "what is being assembled is not whole");
	is(queue_whole(&q, 1, 9), 0, "in one byte there is room for none");
	is(queue_whole_from(&q, 2, 99), 3, "from the second on there is one more");
	is(queue_whole_from(&q, 2, 2), 0, "which needs three bytes");

	(void)put("xxxc\n");
	queue_append(&q, 3, 2, 1, 0);
	is_text(everything(), "a\nbb\ncccc\n", "bytes behind a gap close up");
	is(queue_held(&q).records, 3, "and end the third record");
	arrive("dd");
	is(abandon(), 2, "a record being assembled can be given up");
	is_text(everything(), "a\nbb\ncccc\n", "and leaves nothing behind");
	queue_free(&q);
}

static void
goes_out(void)
{
	begin(&lines);
	arrive("a\nbb\nccc\ndd");
	is(queue_take(&q, 2), 1, "a record is taken");
	ok(!queue_part_sent(&q), "and the next not begun");
	is(queue_take(&q, 1), 0, "a part ends none");
	ok(queue_part_sent(&q), "but begins one");
	is(queue_rest(&q), 2, "of which two bytes are left");
	is(queue_waiting(&q), 1, "and which does not wait any more");
	is(queue_take(&q, 4), 1, "the rest, and a part of the next");
	is(queue_rest(&q), 2, "that has two bytes more");
	is(queue_take(&q, 3), 1, "in a stream a record may leave before it has ended");
	is(queue_rest(&q), 1, "the rest of it, as far as it is here");
	arrive("d\ne\n");
	is(queue_rest(&q), 3, "is longer when its end has come");
	is(queue_take(&q, 3), 1, "and ends it");
	is_text(everything(), "e\n", "then the next one follows");
	queue_free(&q);
}

static void
gives_way(void)
{
	struct tally evicted = { 0, 0 }, refused = { 0, 0 };

	begin(&lines);
	arrive("aaa\nbbb\nc\ndd");
	ok(queue_fits(&q), "what is being assembled takes up no room");
	queue_admit(&q);
	arrive("d\n");
	ok(!queue_fits(&q), "until its end has come");
	evict(&evicted, &refused);
	is_text(everything(), "bbb\nc\nddd\n", "as few as let it in leave from the head");
	ok(evicted.records == 1 && evicted.bytes == 4 && refused.records == 0, "and are counted");

	arrive("e\n");
	refuse(&refused);
	is_text(everything(), "bbb\nc\nddd\n", "or the arriving one is refused");
	ok(refused.records == 1 && refused.bytes == 2, "and is counted");
	queue_free(&q);
}

static void
makes_no_room_for_nothing(void)
{
	struct tally evicted = { 0, 0 }, misfit = { 0, 0 };

	begin(&lines);
	arrive("aaaaaaa\nb\n");
	queue_admit(&q);
	(void)queue_take(&q, 1);
	arrive("cccccc\n");
	evict(&evicted, &misfit);
	is(misfit.records, 1, "a record that cannot fit behind a part-sent one is dropped");
	is(evicted.records, 0, "and displaces nothing");
	is_text(shown(queue_rest(&q)), "aaaaaa\n", "the rest of the part-sent one stays");
	is(queue_waiting(&q), 1, "and what was let in behind it");
	(void)queue_take(&q, 3);
	arrive("ddd\ne\n");
	evict(&evicted, &misfit);
	is(evicted.records, 1, "what can be evicted is");
	is_text(shown(queue_rest(&q)), "aaa\n", "but never a part-sent one");
	is(queue_take(&q, 4), 1, "which ends as it began");
	is_text(everything(), "ddd\ne\n", "and the others follow in their order");
	queue_free(&q);
}

static void
counts_records(void)
{
	struct tally evicted = { 0, 0 }, refused = { 0, 0 };

	begin(&lines);
	arrive("1\n2\n3\n4\n");
	ok(!queue_fits(&q), "four records are one too many");
	evict(&evicted, &refused);
	is_text(everything(), "2\n3\n4\n", "so the oldest gives way");
	(void)queue_take(&q, 1);
	arrive("5\n");
	ok(queue_fits(&q), "a part-sent record is not counted");
	queue_free(&q);
}

static void
ends(void)
{
	begin(&lines);
	arrive("a\nb");
	queue_finish(&q);
	is(queue_held(&q).records, 2, "the last record needs no delimiter");
	is(queue_take(&q, 2), 1, "the one before it is taken");
	is(queue_head(&q), 1, "it comes next");
	is(queue_take(&q, 1), 1, "and is taken as it came");
	ok(queue_held(&q).records == 0 && !queue_part_sent(&q), "then there is nothing");
	queue_free(&q);

	begin(&lines);
	arrive("a\nbcd");
	(void)queue_take(&q, 3);
	queue_finish(&q);
	is(queue_rest(&q), 2, "of a last record that was begun the rest is left");
	is(queue_take(&q, 1), 0, "a part of that does not end it");
	is(queue_take(&q, 1), 1, "the last byte does");
	ok(!queue_part_sent(&q), "and nothing is begun any more");
	queue_free(&q);

	begin(&lines);
	arrive("abc");
	(void)queue_take(&q, 3);
	ok(queue_part_sent(&q), "all of a record is out but its end");
	queue_finish(&q);
	ok(!queue_part_sent(&q) && queue_held(&q).records == 0, "which the end of input is");
	queue_free(&q);
}

/* The last record is the hard one wherever ends are counted from behind. */
static void
ends_fixed(void)
{
	const struct framing fixed = { FRAMING_FIXED, 0, 4 };
	struct tally evicted = { 0, 0 }, misfit = { 0, 0 };

	begin(&fixed);
	queue_append(&q, 0, put("aaaabbbbccccdd"), 3, 2);
	is(queue_partial(&q), 2, "a record of fixed size is being assembled");
	queue_finish(&q);
	is(queue_held(&q).records, 4, "the last may be short");
	evict(&evicted, &misfit);
	is_text(everything(), "bbbbccccdd", "and takes up what it is long");
	is(queue_take(&q, 7), 1, "of two records one is ended");
	is(queue_rest(&q), 1, "and one byte left of the other");
	is(queue_take(&q, 1), 1, "that ends it");
	is(queue_head(&q), 2, "the short one is whole");
	is(queue_take(&q, 2), 1, "and goes out");
	ok(queue_held(&q).records == 0 && queue_held(&q).bytes == 0, "then there is nothing");
	queue_free(&q);
}

/* A record being assembled grows beyond the buffer, which is full, to the longest one allowed. */
static void
grows(void)
{
	const struct queue_limits limits = { .bytes = 64, .records = UINT64_MAX, .slack = 16, .record = 40 };
	bool room = true;

	if (queue_init(&q, &lines, &limits) < 0)
		abort();
	for (int i = 0; i < 4; i++)
		arrive("123456789012345\n");
	queue_admit(&q);
	for (int i = 0; i < 40; i++) {
		room = room && put("x") == 1;
		queue_append(&q, 0, 1, 0, 0);
	}
	ok(room, "a full buffer has room for a record to be assembled");
	ok(queue_fits(&q), "which is not in it yet");
	is(queue_partial(&q), 40, "and holds all of it");
	room = put("\n") == 1;
	ok(room, "there is always room for one byte more");
	queue_append(&q, 0, 1, 1, 0);
	ok(!queue_fits(&q), "when it is whole, it must find its place");
	queue_free(&q);
}

/* What passes by an empty queue leaves only the middle of a record behind. */
static void
passes_by(void)
{
	const struct framing five = { FRAMING_FIXED, 0, 5 };

	begin(&lines);
	queue_pass(&q, 3);
	ok(queue_part_sent(&q) && queue_rest(&q) == 0, "what passed by may end in the middle of a record");
	ok(queue_held(&q).bytes == 0 && queue_held(&q).records == 0, "of which nothing is held");
	arrive("c\nd\n");
	ok(queue_rest(&q) == 2 && queue_waiting(&q) == 1, "what comes then is its rest first");
	ok(queue_take(&q, 2) == 1 && !queue_part_sent(&q), "which ends it");
	is_text(everything(), "d\n", "before the next");
	is(queue_take(&q, 2), 1, "that is one of its own");
	queue_pass(&q, 3);
	queue_pass(&q, 0);
	ok(!queue_part_sent(&q), "or at an end");
	queue_pass(&q, 3);
	queue_finish(&q);
	ok(!queue_part_sent(&q) && queue_held(&q).records == 0, "what has no delimiter ends with the input");
	queue_free(&q);

	begin(&five);
	queue_pass(&q, 2);
	queue_append(&q, 0, put("abcABCDEx"), 2, 1);
	is(queue_rest(&q), 3, "of a fixed size what is missing is the rest");
	is(queue_take(&q, 8), 2, "and the next is whole");
	queue_free(&q);
}

static void
trims(void)
{
	const struct queue_limits limits = { .bytes = (size_t)16 << 20, .records = UINT64_MAX };
	const size_t burst = (size_t)12 << 20;
	struct iovec piece[2];
	size_t length;
	bool more;

	if (queue_init(&q, &lines, &limits) < 0)
		abort();
	(void)queue_prepare(&q, burst, piece, &length);
	memset(piece[0].iov_base, '\n', length);
	queue_append(&q, 0, length, length, 0);
	ok(!queue_trimmable(&q), "nothing is given back while a burst is held");
	(void)queue_take(&q, length);
	arrive("left\n");
	ok(queue_trimmable(&q), "but when it has passed");
	for (more = true; more;) {
		more = queue_trim(&q);
		queue_check(&q);
	}
	ok(!queue_trimmable(&q), "and then no more");
	is_text(everything(), "left\n", "what is held stays");
	queue_free(&q);

	if (queue_init(&q, &lines, &limits) < 0)
		abort();
	arrive("few\n");
	ok(!queue_trimmable(&q), "where few bytes have passed there is nothing to give back");
	queue_free(&q);
}

/* The last record, which has no delimiter, fits where longer ones before it do not, exactly perhaps, and lies
 * behind the place where the ring wraps. */
static void
lets_in_the_last(void)
{
	for (size_t length = 1; length <= 2; length++) {
		struct tally refused = { 0, 0 };

		begin(&lines);
		arrive("1234567\nabcdefg\nABCDEFG\n");
		queue_take(&q, 8);
		arrive(length == 1 ? "vwxyzvwxyzvw\nY" : "vwxyzvwxyzv\nYZ");
		queue_finish(&q);
		refuse(&refused);
		is_text(everything(), length == 1 ? "abcdefg\nY" : "abcdefg\nYZ", "wrapped: the last record is let in");
		ok(refused.records == 2 && refused.bytes == 22 - length, "wrapped: two before it are refused");
		is(queue_take(&q, 8 + length), 2, "wrapped: both go out");
		queue_free(&q);
	}
}

static void
memory(void)
{
	const struct queue_limits limits = { .bytes = SIZE_MAX, .records = 1 };

	ok(queue_init(&q, &lines, &limits) == -1, "without memory there is no queue");
}

int
main(void)
{
	comes_in();
	goes_out();
	gives_way();
	makes_no_room_for_nothing();
	counts_records();
	ends();
	ends_fixed();
	grows();
	passes_by();
	trims();
	lets_in_the_last();
	memory();
	return done_testing();
}
