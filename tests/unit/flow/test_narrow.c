/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a batch, credits and a window let go, by example; and for any of them together, against a walk over the records
 * that asks each whether it may.
 */
#include "../tap.h"

#include "../random.h"
#include "../reads.h"
#include "flow/toll.h"

#define ROOM ((size_t)1 << 20)
#define MS NS_PER_MS
#define MANY UINT64_MAX
#define UNIT 4096
#define RECORDS 3000

static const struct framing lines = { .kind = FRAMING_LINES, .delimiter = '\n' }, no_records = { .kind = FRAMING_BYTES };

static struct toll toll;
static struct queue queue;
static struct flight flight;
static struct serials serials;
static size_t lengths[RECORDS]; /* of all that were put there, */
static size_t records, taken;   /* and how many of them have left */

static void
must(bool good)
{
	if (!good)
		abort();
}

/* So much memory for what is in flight. */
static void
begin_of(const struct framing *framing, size_t most, const struct rate *rate, uint64_t burst)
{
	const struct queue_limits limits = { .bytes = ROOM, .records = UINT64_MAX, .view = ROOM };

	must(queue_init(&queue, framing, &limits) == 0);
	serials_init(&serials);
	must(flight_init(&flight, framing, most, ROOM, false, &serials) == 0);
	toll_init(&toll, rate, burst, 0);
	records = taken = 0;
}

static void
begin(void)
{
	begin_of(&lines, ROOM, NULL, 0);
}

static void
use_window(uint64_t most_records, uint64_t most_bytes)
{
	toll_set_flight(&toll, &flight, &(struct tally){ most_records, most_bytes });
}

static void
finish(void)
{
	queue_free(&queue);
	flight_free(&flight);
	serials_free(&serials);
}

static void
confirm_all(void)
{
	while (flight_held(&flight).bytes > 0)
		(void)flight_confirm_oldest(&flight);
}

static void
put(size_t length)
{
	static char text[ROOM];

	memset(text, ' ', length);
	text[0] = (char)('a' + length % 3);
	text[length - 1] = '\n';
	for (size_t at = 0, room; at < length; at += room) {
		must((room = reads_put(&queue, text + at, length - at)) > 0);
		queue_append(&queue, 0, room, at + room == length && queue.framing.kind == FRAMING_LINES, 0);
	}
	must(records < RECORDS);
	lengths[records++] = length;
}

static void
put_many(unsigned count, size_t length)
{
	while (count-- > 0)
		put(length);
}

static size_t
offer(enum toll_form form, size_t most)
{
	const struct toll_ask ask = { form, most, MANY, UNIT };

	return toll_offer(&toll, &queue, &ask, 0);
}

static size_t
offer_whole(void)
{
	return offer(TOLL_WHOLE, ROOM);
}

/* The first of what was offered has left. */
static void
take(size_t length)
{
	struct iovec piece[QUEUE_PIECES];
	size_t all = length;
	uint64_t ended;

	if (length == 0) {
		toll_left(&toll, &queue, 0, 0, 0);
		return;
	}
	(void)queue_peek(&queue, 0, &all, piece);
	must(all == length && flight_room(&flight, length) > 0);
	if (toll.flight != NULL)
		(void)flight_keep(&flight, piece, length);
	ended = queue_take(&queue, length);
	taken += ended;
	toll_left(&toll, &queue, length, ended, 0);
}

/* All that may leave now, in records of this length. */
static size_t
drain(size_t length)
{
	size_t sum = 0, now;

	toll_open(&toll, 0);
	while (queue_held(&queue).bytes > 0 && (now = offer_whole()) > 0) {
		take(now);
		sum += now;
	}
	must(sum % length == 0);
	return sum / length;
}

static bool
is_held_for_good(void)
{
	return toll_due_ns(&toll) == UINT64_MAX && toll_awaited(&toll) == WAIT_OUTPUT;
}

/* --- the window ------------------------------------------------------------------------------------- */

static void
window(void)
{
	begin();
	use_window(3, MANY);
	put_many(10, 10);
	ok(drain(10) == 3 && is_held_for_good(), "of a window of 3 records 3 leave, and no time helps the next");
	(void)flight_confirm_oldest(&flight);
	(void)flight_confirm_oldest(&flight);
	is(drain(10), 2, "as many as are confirmed follow,");
	(void)flight_confirm(&flight, 5);
	is(drain(10), 1, "in whatever order");
	confirm_all();
	flight_keep_mark(&flight, 5, true);
	flight_keep_mark(&flight, 5, false);
	is(drain(10), 2, "a mark that is waited for takes up a record of it");
	finish();

	begin();
	use_window(MANY, 100);
	put_many(10, 30);
	put(150);
	is(drain(30), 3, "of one of 100 bytes whole records leave that fit");
	(void)flight_confirm_oldest(&flight);
	is(drain(30), 1, "when one is confirmed the next does");
	while (taken < 10) {
		confirm_all();
		must(drain(30) > 0);
	}
	is(offer_whole(), 0, "one that is longer than the window waits as long as anything is in flight");
	confirm_all();
	is(offer_whole(), 150, "and then leaves by itself");
	finish();
}

static void
window_has_memory(void)
{
	begin_of(&lines, 100, NULL, 0);
	use_window(MANY, MANY);
	put_many(20, 30);
	is(drain(30), 3, "no more is in flight than there is memory for");
	(void)flight_confirm(&flight, 2);
	(void)flight_confirm(&flight, 3);
	ok(drain(30) == 0 && is_held_for_good(), "which what is settled behind what is not takes up");
	(void)flight_confirm(&flight, 1);
	is(drain(30), 3, "until that is");
	finish();
}

/* A record that was let go is not held in the middle. */
static void
window_and_rest(void)
{
	begin();
	use_window(1, 100);
	toll_use_credits(&toll);
	toll_grant(&toll, 2);
	put(90);
	put(20);
	is(offer_whole(), 90, "a record may leave;");
	take(40);
	toll_open(&toll, 0);
	is(offer(TOLL_REST, 50), 50, "of which the rest leaves, too");
	take(10);
	is(offer(TOLL_REST, 40), 40, "part by part");
	take(40);
	is(offer_whole(), 0, "the next one waits");
	(void)flight_confirm_oldest(&flight);
	is(offer_whole(), 20, "and has its credit still");
	take(0);
	is(offer_whole(), 20, "also after it was refused");
	finish();
}

static void
window_of_bytes(void)
{
	begin_of(&no_records, ROOM, NULL, 0);
	use_window(MANY, 100);
	put(1000);
	is(offer(TOLL_STREAM, 1000), 100, "of bytes any number may leave that fits the window");
	take(70);
	is(offer(TOLL_STREAM, 930), 30, "and then what is left of it");
	take(30);
	is(offer(TOLL_STREAM, 900), 0, "and no more");
	(void)flight_confirm_upto(&flight, 40);
	is(offer(TOLL_STREAM, 900), 40, "than are confirmed");
	finish();
}

/* --- credits ---------------------------------------------------------------------------------------- */

static void
credits(void)
{
	begin();
	toll_use_credits(&toll);
	put_many(30, 10);
	ok(!toll_lacks_credits(&toll) && drain(10) == 0 && is_held_for_good() && toll_lacks_credits(&toll),
	    "without credits nothing leaves");
	toll_grant(&toll, 2);
	toll_grant(&toll, 3);
	ok(drain(10) == 5 && toll_lacks_credits(&toll), "as many records leave as are granted");
	toll_grant(&toll, 4);
	is(offer_whole(), 40, "what is offered");
	take(10);
	is(drain(10), 3, "and does not leave costs nothing");
	toll_grant(&toll, 4);
	toll_revoke(&toll);
	is(drain(10), 0, "of those that are revoked none is left");
	toll_grant(&toll, MANY - 1);
	toll_grant(&toll, 5);
	is(drain(10), 21, "there may be any number");
	put_many(2, 10);
	toll_grant(&toll, MANY);
	is(drain(10), 2, "which does not overflow, or end");
	toll_open(&toll, 0);
	toll_revoke(&toll);
	ok(toll_mark(&toll, 9, 0), "a mark needs none");
	finish();

	begin_of(&no_records, ROOM, NULL, 0);
	toll_use_credits(&toll);
	put(1000);
	toll_grant(&toll, 30);
	is(offer(TOLL_STREAM, 1000), 30, "of a stream of bytes as many bytes leave");
	take(20);
	ok(offer(TOLL_STREAM, 980) == 10 && !toll_lacks_credits(&toll), "each of which costs one");
	finish();
}

/* --- batches ---------------------------------------------------------------------------------------- */

static void
batch(void)
{
	begin();
	toll_use_batches(&toll);
	put_many(20, 10);
	ok(drain(10) == 0 && is_held_for_good() && !toll_batch_is_open(&toll), "out of batches nothing leaves");
	toll_expect_batch(&toll, 40 * MS);
	ok(drain(10) == 0 && toll_due_ns(&toll) == 40 * MS && !toll_mark(&toll, 9, 0) && toll_due_ns(&toll) == 40 * MS,
	    "until one is due; nor does a mark");
	toll_open_batch(&toll, &(struct tally){ 3, MANY });
	ok(toll_batch_is_open(&toll) && !toll_batch_is_begun(&toll) && !toll_batch_is_full(&toll), "one is open, and empty");
	ok(drain(10) == 3 && toll_batch_is_begun(&toll) && toll_batch_is_full(&toll) && is_held_for_good(),
	    "as many records leave as it has room for; then it is full, and no time helps that");
	toll_close_batch(&toll);
	ok(!toll_batch_is_open(&toll) && !toll_batch_is_begun(&toll) && !toll_batch_is_full(&toll) && drain(10) == 0,
	    "when it is closed none is");
	toll_open_batch(&toll, &(struct tally){ MANY, 45 });
	ok(drain(10) == 4 && toll_batch_is_full(&toll), "of bytes, whole records that fit");
	toll_open_batch(&toll, &(struct tally){ 100, 50 });
	ok(drain(10) == 5 && toll_batch_is_full(&toll), "to the last byte");
	toll_open_batch(&toll, &(struct tally){ MANY, 5 });
	ok(drain(10) == 1 && toll_batch_is_full(&toll), "a single one that is longer leaves by itself");
	toll_open_batch(&toll, &(struct tally){ MANY, 5 });
	toll_open(&toll, 0);
	ok(toll_mark(&toll, 9, 0), "a mark leaves with a batch,");
	toll_mark_left(&toll, 9);
	ok(toll_batch_is_begun(&toll) && drain(10) == 0 && toll_batch_is_full(&toll),
	    "which it begins: a longer record is for the next");
	toll_open_batch(&toll, &(struct tally){ 50, MANY });
	ok(drain(10) == 7 && !toll_batch_is_full(&toll), "where all has left it is not full");
	finish();
}

/* What one holds the next is not asked about. */
static void
in_order(void)
{
	const struct rate rate = { 10, NS_PER_S, false };

	begin_of(&lines, ROOM, &rate, 5);
	use_window(3, MANY);
	toll_use_credits(&toll);
	toll_use_batches(&toll);
	put_many(20, 10);
	ok(drain(10) == 0 && !toll_lacks_credits(&toll) && is_held_for_good(), "a batch first,");
	toll_open_batch(&toll, &(struct tally){ 10, MANY });
	ok(drain(10) == 0 && toll_lacks_credits(&toll), "then credits,");
	toll_grant(&toll, 9);
	ok(drain(10) == 3 && !toll_lacks_credits(&toll) && is_held_for_good(), "then the window,");
	confirm_all();
	ok(drain(10) == 2 && toll_awaited(&toll) == WAIT_RATE && toll_due_ns(&toll) == 100 * MS, "then the rate");
	is(toll.credits, 4, "and what the rate holds has cost nothing");
	finish();
}

/* --- again ------------------------------------------------------------------------------------------ */

/* What is in flight is handed over again: most bytes of it; 0 where it is held.  All of it goes, or done. */
static size_t
again(size_t most, size_t done, uint64_t ended)
{
	size_t offered = offer(TOLL_AGAIN, most);

	if (offered > 0)
		toll_left(&toll, &queue, done < offered ? done : offered, ended, 0);
	return offered;
}

static void
handed_again(void)
{
	const struct rate by_records = { 10, NS_PER_S, false }, by_bytes = { 1000, NS_PER_S, true };
	struct key_rule key = { .separator = KEY_BLANKS };
	char error[PATTERN_ERROR_MOST];

	begin_of(&lines, ROOM, &by_records, 3);
	use_window(3, 100);
	put_many(3, 30);
	(void)drain(30);
	toll_retune(&toll, &by_records, 3, 0);
	toll_open(&toll, 200 * MS);
	ok(again(30, 30, 1) == 30 && again(30, 30, 1) == 30, "what has the window already is asked for by nobody but the rate");
	ok(again(30, 30, 1) == 0 && toll_due_ns(&toll) == 100 * MS && toll_awaited(&toll) == WAIT_RATE, "in records,");
	toll_open(&toll, 300 * MS);
	ok(again(30, 10, 0) == 30 && again(20, 20, 1) == 20 && again(30, 1, 0) == 0, "each of which costs one, cut or not");
	finish();

	begin_of(&lines, ROOM, &by_bytes, 50);
	use_window(MANY, MANY);
	ok(again(30, 10, 0) == 30 && again(20, 20, 1) == 20, "or in bytes: those that went");
	ok(again(30, 0, 0) == 0 && toll_due_ns(&toll) == 10 * MS, "a record waits for all of its own");
	finish();

	begin_of(&no_records, ROOM, &by_bytes, 50);
	use_window(MANY, MANY);
	ok(again(300, 300, 0) == 50 && again(250, 250, 0) == 0, "of bytes as many as there are tokens");
	finish();

	must(key_parse(&key, "1", error) == NULL);
	begin_of(&lines, ROOM, &by_records, 1);
	use_window(MANY, MANY);
	toll_set_keys(&toll, buckets_new(10, NS_PER_S, 1, 8), &key, 7);
	ok(again(30, 30, 1) == 30 && again(30, 30, 1) == 30, "a rate for each key has been paid");
	buckets_free(toll.by_key);
	key_clear(&key);
	finish();

	begin();
	use_window(1, 1);
	toll_use_credits(&toll);
	is(again(30, 30, 1), 0, "of credits it needs some,");
	toll_grant(&toll, 2);
	ok(again(30, 10, 0) == 30 && again(20, 20, 1) == 20 && again(30, 30, 1) == 30 && again(30, 1, 0) == 0,
	    "one for each record, cut or not");
	finish();

	begin_of(&no_records, ROOM, NULL, 0);
	use_window(MANY, MANY);
	toll_use_credits(&toll);
	toll_grant(&toll, 20);
	ok(again(30, 15, 0) == 20 && again(15, 5, 0) == 5 && again(10, 1, 0) == 0, "or for each byte");
	finish();
}

/* --- any -------------------------------------------------------------------------------------------- */

/* The room that there is of something, and whether nothing else is in it. */
struct place_left {
	struct tally room;
	bool empty;
};

/* How many bytes of the records that wait all of these let go. */
static size_t
walk(const struct place_left *left, unsigned count, size_t most)
{
	size_t sum = 0;

	for (size_t i = taken; i < records; i++) {
		for (unsigned j = 0; j < count; j++) {
			const struct place_left *l = &left[j];
			const bool alone = l->empty && i == taken;

			if (l->room.records <= i - taken || l->room.bytes == 0 || (!alone && sum + lengths[i] > l->room.bytes))
				return sum;
		}
		if (sum > 0 && sum + lengths[i] > most)
			return sum;
		sum += lengths[i];
		for (unsigned j = 0; j < count; j++)
			if (sum > left[j].room.bytes)
				return sum; /* a single longer one */
	}
	return sum;
}

static struct tally
some(struct random *random)
{
	return (struct tally){ random_one_in(random, 3) ? MANY : random_from(random, 1, 12),
		random_one_in(random, 3) ? MANY : random_from(random, 1, 600) };
}

static bool
is_let_go(struct random *random, bool by_key)
{
	const struct tally limit = some(random);
	struct tally batch_most = some(random), batch_sum = { 0, 0 };
	uint64_t granted = 0;
	bool batches = random_one_in(random, 2), crediting = random_one_in(random, 2);

	use_window(limit.records, limit.bytes);
	if (crediting)
		toll_use_credits(&toll);
	if (batches) {
		toll_use_batches(&toll);
		toll_open_batch(&toll, &batch_most);
	}
	while (taken < records) {
		const struct tally held = flight_held(&flight);
		const struct place_left left[3] = {
			{ { limit.records > held.records ? limit.records - held.records : 0,
			    limit.bytes > held.bytes ? limit.bytes - held.bytes : 0 }, held.bytes == 0 },
			{ { crediting ? granted : MANY, MANY }, false },
			{ { batches ? batch_most.records - batch_sum.records : MANY,
			    !batches ? MANY : batch_most.bytes > batch_sum.bytes ? batch_most.bytes - batch_sum.bytes : 0 },
			    batch_sum.bytes == 0 },
		};
		const size_t want = walk(left, 3, by_key ? UNIT : ROOM), before = taken;
		size_t now, bytes;

		toll_open(&toll, 0);
		now = offer_whole();
		if (now != want || (now > 0) != (toll_awaited(&toll) != WAIT_OUTPUT)) {
			diag("%zu bytes are offered, not %zu", now, want);
			return false;
		}
		bytes = now;
		if (now > 0 && random_one_in(random, 4))
			bytes = random_one_in(random, 2) ? 0 : lengths[taken]; /* the output does not take all */
		if (now > 0)
			take(bytes);
		granted -= crediting ? taken - before : 0;
		ledger_count(&batch_sum, taken - before, bytes);
		if (random_one_in(random, 2)) {
			uint64_t more = random_below(random, 4);

			toll_grant(&toll, crediting ? more : 0);
			granted += more;
		}
		if (random_one_in(random, 2))
			(void)flight_confirm(&flight, flight_first_serial(&flight));
		if (batches && random_one_in(random, 4)) {
			toll_close_batch(&toll);
			batch_most = some(random);
			toll_open_batch(&toll, &batch_most);
			batch_sum = (struct tally){ 0, 0 };
		}
	}
	return true;
}

static void
any(void)
{
	const struct rate rate = { 1000000, NS_PER_S, false };
	struct key_rule key = { .separator = KEY_BLANKS };
	char error[PATTERN_ERROR_MOST];
	bool good = true;

	must(key_parse(&key, "1", error) == NULL);
	for (uint64_t seed = 1; seed <= 600 && good; seed++) {
		struct random random = { seed };
		const bool by_key = seed % 3 == 0;

		begin_of(&lines, ROOM, by_key ? &rate : NULL, by_key ? 1000000 : 0);
		if (by_key)
			toll_set_keys(&toll, buckets_new(1000000, NS_PER_S, 1000000, 8), &key, 7);
		for (int i = 0; i < 60; i++)
			put((size_t)random_from(&random, 2, random_one_in(&random, 6) ? 900 : 90));
		if (!(good = is_let_go(&random, by_key)))
			diag("seed %" PRIu64, seed);
		buckets_free(toll.by_key);
		finish();
	}
	key_clear(&key);
	ok(good, "whatever is set, as many records are offered as all of them let go, and no more");
}

static void
settle(void)
{
	const struct toll_ask ask = { .form = TOLL_WHOLE, .most = ROOM, .records = MANY, .unit = UNIT };
	const struct toll_ask rest = { .form = TOLL_REST, .most = 5 }, again = { .form = TOLL_AGAIN, .most = 5, .records = 1 };

	begin();
	use_window(MANY, ROOM);
	put(10);
	toll_settle(&toll, 5 * MS);
	toll_use_credits(&toll);
	toll_open(&toll, MS);
	is(toll_offer(&toll, &queue, &ask, MS), 0, "settle: nothing leaves");
	ok(toll_awaited(&toll) == WAIT_SETTLE && toll_due_ns(&toll) == 5 * MS && !toll_lacks_credits(&toll),
	    "until then, whatever the others say");
	is(toll_offer(&toll, &queue, &rest, MS), 5, "settle: but for the rest of what was begun");
	ok(!toll_mark(&toll, 5, MS), "settle: a mark neither");
	toll_grant(&toll, 9);
	is(toll_offer(&toll, &queue, &again, MS), 5, "settle: what is handed over again had settled");
	toll_open(&toll, 5 * MS);
	is(toll_offer(&toll, &queue, &ask, 5 * MS), 10, "settle: then all does");
	toll_halt(&toll, true);
	toll_settle(&toll, 9 * MS);
	toll_open(&toll, 6 * MS);
	is(toll_offer(&toll, &queue, &ask, 6 * MS), 0, "settle: what is halted");
	ok(toll_awaited(&toll) == WAIT_HALTED && toll_due_ns(&toll) == UINT64_MAX, "is that");
	finish();
}

int
main(void)
{
	settle();
	window();
	window_has_memory();
	window_and_rest();
	window_of_bytes();
	credits();
	batch();
	in_order();
	handed_again();
	any();
	return done_testing();
}
