/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The queue by example, where a reader can see what is meant; and sweeps against a list.  Every other sequence
 * of operations there may be is held against a model in test_policy.c.
 */
#include "../tap.h"

#include "../reads.h"
#include "../random.h"
#include "hold/fit.h"
#include "hold/queue.h"
#include "hold/sweep.h"

static const struct framing lines = { .kind = FRAMING_LINES, .delimiter = '\n' };
static struct queue q;
static struct ledger ledger;
static struct loss loss = { .ledger = &ledger };

/* What is dropped now, added to the tallies. */
static void
evict(struct tally *evicted, struct tally *misfit)
{
	ledger = (struct ledger){ .in = { 0, 0 } };
	fit_evict(&q, &loss, REASON_OLDEST, REASON_NEWEST);
	ledger_count(evicted, ledger.dropped[REASON_OLDEST].records, ledger.dropped[REASON_OLDEST].bytes);
	ledger_count(misfit, ledger.dropped[REASON_NEWEST].records, ledger.dropped[REASON_NEWEST].bytes);
}

static void
refuse(struct tally *refused)
{
	ledger = (struct ledger){ .in = { 0, 0 } };
	fit_refuse(&q, &loss, REASON_NEWEST);
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
	return reads_put(&q, text, strlen(text));
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
	static char text[1000];
	struct iovec piece[QUEUE_PIECES];
	int pieces = queue_peek(&q, 0, &length, piece);
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
	ok(fit_all(&q) && !queue_part_sent(&q) && queue_rest(&q) == 0 && queue_head(&q) == 0 &&
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
	ok(fit_all(&q), "what is being assembled takes up no room");
	fit_admit(&q);
	arrive("d\n");
	ok(!fit_all(&q), "until its end has come");
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
	fit_admit(&q);
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
	ok(!fit_all(&q), "four records are one too many");
	evict(&evicted, &refused);
	is_text(everything(), "2\n3\n4\n", "so the oldest gives way");
	(void)queue_take(&q, 1);
	arrive("5\n");
	ok(fit_all(&q), "a part-sent record is not counted");
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
	const struct framing fixed = { .kind = FRAMING_FIXED, .size = 4 };
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
	fit_admit(&q);
	for (int i = 0; i < 40; i++) {
		room = room && put("x") == 1;
		queue_append(&q, 0, 1, 0, 0);
	}
	ok(room, "a full buffer has room for a record to be assembled");
	ok(fit_all(&q), "which is not in it yet");
	is(queue_partial(&q), 40, "and holds all of it");
	room = put("\n") == 1;
	ok(room, "there is always room for one byte more");
	queue_append(&q, 0, 1, 1, 0);
	ok(!fit_all(&q), "when it is whole, it must find its place");
	queue_free(&q);
}

/* What passes by an empty queue leaves only the middle of a record behind. */
static void
passes_by(void)
{
	const struct framing five = { .kind = FRAMING_FIXED, .size = 5 };

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

/* A place that is kept in front of what comes stays there once the end of the one on its way has come. */
static void
keeps_marks(void)
{
	begin(&lines);
	queue_use_marks(&q, 1);
	arrive("aa");
	(void)queue_take(&q, 1);
	arrive("a\nb\n");
	ok(q.mark[0].offset == 0 && q.mark[0].number == queue_first(&q),
	    "a mark is that of the oldest record that waits");
	queue_free(&q);
}

/* There is less room than those that were let in take up. */
static void
takes_back(void)
{
	struct queue_limits limits = { .bytes = 10, .records = 3, .slack = 20, .record = 10 };
	struct tally refused = { 0, 0 };

	begin(&lines);
	arrive("a\nbbb\nc\n");
	fit_admit(&q);
	limits.bytes = 4;
	ok(queue_limit(&q, &limits) == 0, "the limits are lower");
	fit_take_back(&q);
	ok(q.admitted == 2 && q.admitted_records == 1, "the oldest that fit are let in");
	arrive("d\n");
	refuse(&refused);
	ok(refused.records == 2 && refused.bytes == 6, "of the others those that do not fit go, as what arrives does");
	is_text(everything(), "a\nc\n", "and the others stay");
	limits.records = 1;
	ok(queue_limit(&q, &limits) == 0, "the same of their number");
	refuse(&refused);
	is_text(everything(), "a\n", "the newest go");
	queue_free(&q);
}

/* Memory that was used and not given back. */
static size_t
touched(void)
{
	return (q.chain.slots->fresh - q.chain.slots->cold) * q.chain.segment;
}

/* So many empty lines come, in reads. */
static void
come(size_t length)
{
	while (length > 0) {
		struct iovec piece[QUEUE_ROOM];
		size_t done;
		int pieces = queue_prepare(&q, length, piece, &done);

		for (int i = 0; i < pieces; i++)
			memset(piece[i].iov_base, '\n', piece[i].iov_len);
		queue_append(&q, 0, done, done, 0);
		length -= done;
	}
}

static void
trims(void)
{
	const struct queue_limits limits = { .bytes = (size_t)32 << 20, .records = UINT64_MAX };
	const size_t burst = (size_t)24 << 20, most = (size_t)9 << 20;
	bool more;

	if (queue_init(&q, &lines, &limits) < 0)
		abort();
	come(burst);
	ok(!queue_trimmable(&q), "nothing is given back while a burst is held");
	(void)queue_take(&q, burst - most);
	ok(!queue_trimmable(&q), "nor while much of it is");
	(void)queue_take(&q, most);
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
	come(burst);
	(void)queue_take(&q, burst - 100000);
	while (queue_trim(&q))
		queue_check(&q);
	is(queue_held(&q).bytes, 100000, "a queue that stands is left");
	ok(touched() >= 100000 && touched() <= ((size_t)1 << 20) + 4 * 100000, "and no more memory than it needs");
	for (unsigned i = 0; i < 100; i++) {
		come(65536);
		(void)queue_take(&q, 65536);
	}
	ok(touched() <= ((size_t)1 << 20) + 4 * 100000, "however long it goes on");
	queue_free(&q);

	if (queue_init(&q, &lines, &limits) < 0)
		abort();
	arrive("few\n");
	ok(!queue_trimmable(&q), "where few bytes have passed there is nothing to give back");
	queue_free(&q);
}

/* The last record, which has no delimiter, fits where longer ones before it do not, exactly perhaps, and lies
 * in another segment. */
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

/* --- sweeps --------------------------------------------------------------------------------------- */

/* The same as a list: records by name, oldest first; the first may be part-sent, the last may not
 * have ended. */
#define LIST_MOST 400
#define LONGEST 20

struct listed {
	uint64_t name;
	uint64_t arrived_ns;
	size_t length;
	size_t sent;
	char text[LONGEST];
	bool ended;
};

static struct list {
	struct random random;
	struct framing framing;
	struct listed record[LIST_MOST];
	size_t count;
	uint64_t names;
	uint64_t now_ns;
	uint64_t mark[QUEUE_MARKS]; /* before the first record of that name or a later one */
	uint64_t admitted;
	bool finished;
	uint64_t head;   /* the name of the oldest in the chain, when it was last looked at, */
	uint64_t heads;  /* and how often that had changed; */
	bool known;      /* and its length was known */
	/* of a sweep: */
	size_t asked; /* the record that is asked about next, */
	uint64_t fate; /* which a random number decides, */
	bool right;   /* and all were as they should be */
	struct tally dropped[REASONS];
} list;

static size_t
list_first(void)
{
	return queue_part_sent(&q); /* that waits */
}

/* Where the mark before a name must be. */
static struct queue_mark
list_mark(uint64_t name)
{
	struct queue_mark mark = { 0, queue_first(&q) };

	for (size_t i = list_first(); i < list.count && list.record[i].name < name; i++) {
		mark.offset += list.record[i].length - list.record[i].sent;
		mark.number++;
	}
	return mark;
}

static bool
same_mark(struct queue_mark got, struct queue_mark want)
{
	return got.offset == want.offset && got.number == want.number;
}

static void
list_remove(size_t index)
{
	list.count--;
	memmove(&list.record[index], &list.record[index + 1], (list.count - index) * sizeof(list.record[0]));
}

/* The name behind the last record that has ended. */
static uint64_t
list_end(void)
{
	return list.names - (list.count > 0 && !list.record[list.count - 1].ended);
}

/* A record, or its beginning; or the rest of that. */
static void
list_read(void)
{
	bool begun = list.count > 0 && !list.record[list.count - 1].ended;
	struct listed *record = &list.record[list.count - begun];
	uint64_t size = list.framing.size;
	char text[LONGEST + 1] = "";
	size_t from, length;

	if (list.finished || queue_held(&q).bytes > 300)
		return;
	if (!begun) {
		*record = (struct listed){ .name = list.names++ };
		list.count++;
	}
	from = record->length;
	length = (size_t)random_from(&list.random, 1, (size > 0 ? size : LONGEST) - from);
	record->length += length;
	record->ended = size > 0 ? record->length == size : record->length == LONGEST || !random_one_in(&list.random, 9);
	record->arrived_ns = list.now_ns;
	for (size_t i = from; i < record->length; i++)
		record->text[i] = (char)('a' + random_below(&list.random, 26));
	if (record->ended && size == 0)
		record->text[record->length - 1] = '\n';
	memcpy(text, record->text + from, length);
	queue_append(&q, 0, put(text), record->ended, 0);
}

static void
list_finish(void)
{
	queue_finish(&q);
	list.finished = true;
	if (list.count > 0 && !list.record[list.count - 1].ended) {
		list.record[list.count - 1].ended = true;
		list.record[list.count - 1].arrived_ns = list.now_ns;
	}
}

static void
list_take(void)
{
	size_t ready = queue_rest(&q) > 0 ? queue_rest(&q) : q.ready;
	size_t length = ready > 0 ? (size_t)random_from(&list.random, 1, ready < 30 ? ready : 30) : 0;

	if (length == 0)
		return;
	(void)queue_take(&q, length);
	while (length > 0) {
		struct listed *head = &list.record[0];
		size_t part = head->length - head->sent < length ? head->length - head->sent : length;

		head->sent += part;
		length -= part;
		if (head->sent == head->length)
			list_remove(0);
	}
}

/* The oldest give way, but no part-sent one. */
static void
list_evict(void)
{
	struct tally evicted = { 0, 0 }, misfit = { 0, 0 };

	evict(&evicted, &misfit);
	for (; evicted.records > 0; evicted.records--)
		list_remove(list.record[0].sent > 0);
	list.admitted = list_end();
}

/* The oldest that wait are dropped, some of them. */
static void
list_drop_oldest(void)
{
	uint64_t count = random_from(&list.random, 0, queue_waiting(&q));

	fit_drop_oldest(&q, &loss, REASON_EXPIRED, count);
	for (; count > 0; count--)
		list_remove(list.record[0].sent > 0);
}

/* By a hash of the record's name: about a third each, in runs. */
static enum sweep_verdict
fate_of(uint64_t name, enum reason *reason)
{
	struct random random = { .state = list.fate + name / 3 };

	*reason = random_one_in(&random, 2) ? REASON_OLDEST : REASON_RANDOM;
	if (list.fate % 4 == 0 && random_one_in(&random, 12))
		return SWEEP_STOP;
	return random_one_in(&random, list.fate % 3 + 1) ? SWEEP_DROP : SWEEP_KEEP;
}

static enum sweep_verdict
judge_listed(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	const bool *blind = state;
	const struct listed *want = &list.record[list.asked++];
	bool delimited = framing_delimited(&list.framing) && want->text[want->length - 1] == '\n';

	list.right = list.right && list.asked <= list.count && want->ended && want->sent == 0 &&
	    record->length == want->length && record->body == want->length - delimited &&
	    (*blind || memcmp(record->text, want->text, want->length) == 0);
	fate->class = LOSS_ANY_CLASS;
	return fate_of(want->name, &fate->reason);
}

/* The same sweep over the list, up to a name; returns the name of the record at which it stopped. */
static uint64_t
list_sweep_alone(size_t i, uint64_t to)
{
	while (i < list.count && list.record[i].name < to && list.record[i].ended) {
		enum reason reason;
		enum sweep_verdict verdict = fate_of(list.record[i].name, &reason);

		if (verdict == SWEEP_STOP)
			return list.record[i].name;
		if (verdict == SWEEP_DROP) {
			ledger_count(&list.dropped[reason], 1, list.record[i].length);
			list_remove(i);
		} else {
			i++;
		}
	}
	return to;
}

/* A sweep from one name to another, over both; whether it went where it should have. */
static bool
list_sweep(void)
{
	bool blind = random_one_in(&list.random, 2);
	const struct sweep sweep = { judge_listed, &blind, blind };
	uint64_t oldest = list.count > 0 ? list.record[0].name : list.names;
	uint64_t from = random_from(&list.random, oldest, list_end());
	uint64_t to = random_from(&list.random, oldest, list_end());
	struct queue_mark stopped;
	uint64_t stop;
	size_t i;

	list.fate = random_next(&list.random);
	ledger = (struct ledger){ .in = { 0, 0 } };
	memset(list.dropped, 0, sizeof(list.dropped));
	for (i = 0; i < list.count && (list.record[i].name < from || list.record[i].sent > 0); i++)
		;
	list.asked = i;
	stopped = sweep_drop(&q, &loss, list_mark(from), list_mark(to), &sweep);
	stop = list_sweep_alone(i, to);
	if (stop == to && from > to)
		stop = from;
	if (list.count > 0 && list.record[0].sent > 0 && stop == list.record[0].name)
		stop++; /* no sweep begins before the end of a part-sent record */
	return same_mark(stopped, list_mark(stop));
}

/* Whether it is known when the oldest that waits is another one, and how long it is, if it is. */
static bool
list_head_agrees(void)
{
	const struct listed *head = &list.record[list_first()];
	bool any = list.count > list_first();
	uint64_t name = any ? head->name : list.names;
	bool same = (name == list.head) == (q.heads == list.heads);
	bool lost = name == list.head && list.known && q.head_length == 0;

	list.head = name;
	list.heads = q.heads;
	list.known = q.head_length > 0;
	return same && !lost && (q.head_length == 0 || (any && q.head_length == head->length));
}

static bool
list_agrees(void)
{
	size_t at = 0, first = list_first();
	char want[LIST_MOST * LONGEST + 1];
	uint64_t by = 0, some;

	for (size_t i = 0; i < list.count; i++) {
		const struct listed *record = &list.record[i];
		memcpy(want + at, record->text + record->sent, record->length - record->sent);
		at += record->length - record->sent;
	}
	queue_check(&q);
	if (at != queue_held(&q).bytes)
		return false;
	if (memcmp(want, shown(at), at) != 0)
		return false;
	for (unsigned i = 0; i < q.marks; i++)
		if (!same_mark(q.mark[i], list_mark(list.mark[i])))
			return false;
	if (!same_mark(queue_admitted_mark(&q), list_mark(list.admitted)))
		return false;
	for (int i = 0; i < REASONS; i++)
		if (memcmp(&ledger.dropped[i], &list.dropped[i], sizeof(struct tally)) != 0)
			return false;
	some = random_below(&list.random, list.now_ns + 1);
	for (size_t i = first; i < list.count; i++)
		by += list.record[i].ended && list.record[i].arrived_ns <= some;
	return list.right && by == sojourn_arrived_by(q.sojourn, some, UINT64_MAX);
}

/* Marks go to where some record begins, and all up to one of them is let in. */
static void
list_set_marks(void)
{
	for (unsigned i = 0; i < q.marks; i++) {
		if (!random_one_in(&list.random, 4) || list.count == 0)
			continue;
		list.mark[i] = random_from(&list.random, list.record[0].name, list_end());
		q.mark[i] = list_mark(list.mark[i]);
	}
	if (random_one_in(&list.random, 4) && list.count > 0 && list.mark[0] > list.admitted) {
		list.admitted = list.mark[0];
		fit_admit_to(&q, q.mark[0]);
	}
}

static bool
list_run(uint64_t seed)
{
	const struct queue_limits limits = { .bytes = 150, .records = 30, .slack = 200, .record = LONGEST, .view = 400 };
	bool good = true;

	list = (struct list){ .random = { seed }, .framing = lines, .right = true };
	if (seed % 3 == 0)
		list.framing = (struct framing){ .kind = FRAMING_FIXED, .size = seed % 7 + 2 };
	if (queue_init(&q, &list.framing, &limits) < 0 || (q.sojourn = sojourn_new()) == NULL)
		abort();
	q.marks = 4;
	for (int step = 0; step < 60 && good; step++) {
		sojourn_pass(q.sojourn, list.now_ns += random_below(&list.random, 3));
		for (uint64_t i = random_below(&list.random, 12); i > 0; i--)
			list_read();
		if (step == 50 && random_one_in(&list.random, 2))
			list_finish();
		if (random_one_in(&list.random, 2))
			list_take();
		if (random_one_in(&list.random, 4))
			list_evict();
		good = list_head_agrees();
		if (random_one_in(&list.random, 2))
			(void)queue_head(&q);
		list_set_marks();
		good = good && list_sweep() && list_agrees() && list_head_agrees();
		if (random_one_in(&list.random, 4))
			list_drop_oldest();
		if (random_one_in(&list.random, 2))
			(void)queue_rest(&q);
		good = good && list_head_agrees();
	}
	sojourn_free(q.sojourn);
	queue_free(&q);
	return good;
}

static void
sweeps(void)
{
	bool good = true;
	uint64_t seed = 1;

	for (; seed <= 3000 && good; seed++)
		good = list_run(seed);
	if (!good)
		diag("seed %" PRIu64, seed - 1);
	ok(good, "a sweep asks about each whole record once, and leaves what the list leaves, marks and times too");
}

/* What is in flight takes up room, and is in no queue. */
static void
taken_up(void)
{
	struct tally evicted = { 0, 0 }, misfit = { 0, 0 }, refused = { 0, 0 };
	struct iovec piece[QUEUE_ROOM];
	size_t length;

	begin(&lines);
	ok(queue_taken_up(&q) == 0 && queue_room(&q).bytes == 10 && queue_room(&q).records == 3, "at first all is room");
	queue_take_up(&q, 4);
	ok(queue_taken_up(&q) == 4 && queue_room(&q).bytes == 6 && queue_room(&q).records == 3,
	    "what is taken up elsewhere is none, of bytes");
	(void)queue_prepare(&q, 100, piece, &length);
	is(length, 36, "nor is it room to read into");
	queue_append(&q, 0, put("aa\nbb\n"), 2, 0);
	ok(fit_all(&q), "what fits beside it fits");
	fit_admit(&q);
	ok(fit_room(&q).bytes == 0 && fit_room(&q).records == 1, "to the last byte");
	queue_append(&q, 0, put("c\n"), 1, 0);
	ok(!fit_all(&q), "and no more");
	evict(&evicted, &misfit);
	ok(evicted.records == 1 && evicted.bytes == 3 && misfit.records == 0 && queue_held(&q).bytes == 5,
	    "as much of what waits gives way");
	queue_append(&q, 0, put("dddddd\n"), 1, 0);
	evict(&evicted, &misfit);
	ok(evicted.records == 1 && misfit.records == 1 && misfit.bytes == 7, "what does not fit beside it does not come in");
	queue_take_up(&q, 3);
	(void)queue_take(&q, 2); /* of bb its delimiter is left, in transit */
	ok(queue_taken_up(&q) == 4 && queue_room(&q).bytes == 6, "what is in transit takes up its room besides");
	queue_take_up(&q, 12);
	ok(queue_room(&q).bytes == 0 && !fit_all(&q), "more than all may be taken up: a record longer than the buffer");
	(void)queue_prepare(&q, 100, piece, &length);
	is(length, 27, "and a read has room all the same");
	refuse(&refused);
	evict(&evicted, &misfit);
	is(queue_waiting(&q), 0, "but nothing that waits has");
	queue_check(&q);
	queue_free(&q);
}

static void
memory(void)
{
	const struct queue_limits limits = { .bytes = SIZE_MAX, .records = 1 };

	ok(queue_init(&q, &lines, &limits) == -1, "without memory there is no queue");
}

/* What is in flight may be more than the buffer: where nothing waits, nothing has to give way for it. */
static void
taken_up_beyond(void)
{
	struct tally evicted = { 0, 0 }, misfit = { 0, 0 };

	begin(&lines);
	queue_take_up(&q, 14);
	ok(fit_all(&q), "where nothing waits all of it fits, whatever is taken up elsewhere");
	arrive("a\n");
	ok(!fit_all(&q), "what comes does not;");
	evict(&evicted, &misfit);
	ok(evicted.records + misfit.records == 1 && fit_all(&q), "once it is gone all fits again");
	queue_free(&q);
}

/* What has had no verdict when more came: the one that is left out need not be the last. */
static void
refused_late(void)
{
	struct tally refused = { 0, 0 };

	begin(&lines);
	q.sojourn = sojourn_new();
	sojourn_pass(q.sojourn, 10);
	arrive("12345\n");
	refuse(&refused);
	sojourn_pass(q.sojourn, 20);
	arrive("1234\n");
	sojourn_pass(q.sojourn, 30);
	arrive("1\n");
	refuse(&refused);
	ok(refused.records == 1 && refused.bytes == 5 && queue_waiting(&q) == 2, "the longer one is left out, the last is not");
	is(sojourn_arrived_by(q.sojourn, 20, UINT64_MAX), 1, "and has waited since it came itself");
	sojourn_free(q.sojourn);
	queue_free(&q);
}

int
main(void)
{
	taken_up_beyond();
	refused_late();
	comes_in();
	goes_out();
	gives_way();
	makes_no_room_for_nothing();
	counts_records();
	ends();
	ends_fixed();
	grows();
	passes_by();
	keeps_marks();
	takes_back();
	trims();
	lets_in_the_last();
	taken_up();
	sweeps();
	memory();
	return done_testing();
}
