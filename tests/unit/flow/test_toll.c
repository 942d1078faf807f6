/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which records may leave, and when, by a clock that the test sets.  Oracles: what has left never exceeds the rate,
 * nor falls behind it; and for a rate by key, levels of this file's own, in fractions of a token.
 */
#include "../tap.h"

#include "../effort.h"
#include "../random.h"
#include "flow/toll.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#define ROOM ((size_t)1 << 20)
#define MS NS_PER_MS
#define MANY UINT64_MAX
#define UNIT 4096

static const struct framing lines = { .kind = FRAMING_LINES, .delimiter = '\n' };

static struct toll toll;
static struct queue queue;
static struct tally out;

static void
must(bool good)
{
	if (!good)
		abort();
}

static void
begin(const struct rate *rate, uint64_t burst)
{
	const struct queue_limits limits = { .bytes = ROOM, .records = UINT64_MAX, .view = ROOM };

	must(queue_init(&queue, &lines, &limits) == 0);
	toll_init(&toll, rate, burst, 0);
	out = (struct tally){ 0, 0 };
}

/* A record of this length, which begins with its key, or with ended false the beginning of one. */
static void
put_key(char key, size_t length, bool ended)
{
	struct iovec piece[QUEUE_ROOM];
	size_t room;

	for (size_t at = 0; at < length; at += room) {
		int pieces = queue_prepare(&queue, length - at, piece, &room);

		must(pieces > 0);
		for (int i = 0; i < pieces; i++)
			memset(piece[i].iov_base, ' ', piece[i].iov_len);
		if (at == 0)
			*(char *)piece[0].iov_base = key;
		if (ended && at + room == length)
			((char *)piece[pieces - 1].iov_base)[piece[pieces - 1].iov_len - 1] = '\n';
		queue_append(&queue, 0, room, ended && at + room == length, 0);
	}
}

static void
put(size_t length, bool ended)
{
	put_key('a', length, ended);
}

static size_t
offer(enum toll_form form, size_t most, uint64_t records, uint64_t now)
{
	const struct toll_ask ask = { form, most, records, UNIT };

	return toll_offer(&toll, &queue, &ask, now);
}

static size_t
offer_whole(uint64_t now)
{
	return offer(TOLL_WHOLE, ROOM, MANY, now);
}

static struct key_rule first_field;

static void
begin_by_key(const struct rate *rate, uint64_t burst, int separator, const char *field)
{
	char error[PATTERN_ERROR_MOST];

	first_field = (struct key_rule){ .separator = separator };
	must(key_parse(&first_field, field, error) == NULL);
	begin(rate, burst);
	toll_set_keys(&toll, buckets_new(rate->amount, rate->period_ns, burst, 8), &first_field, 7);
	must(toll.by_key != NULL);
}

static void
finish_by_key(void)
{
	buckets_free(toll.by_key);
	key_clear(&first_field);
	queue_free(&queue);
}

/* The first of what was offered is out. */
static void
take(size_t length, uint64_t now)
{
	uint64_t ended = length > 0 ? queue_take(&queue, length) : 0;

	ledger_count(&out, ended, length);
	toll_left(&toll, &queue, length, ended, now);
}

/* All that may leave now does; whether more is held. */
static bool
drain(uint64_t now)
{
	toll_open(&toll, now);
	while (queue_held(&queue).records > 0) {
		size_t length = offer_whole(now);

		if (length == 0)
			return true;
		take(length, now);
	}
	return false;
}

/* --- without a rate --------------------------------------------------------------------------------- */

static void
free_of_toll(void)
{
	begin(NULL, 0);
	for (int i = 0; i < 5; i++)
		put(10, true);
	put(300, true);
	toll_open(&toll, 0);
	is(offer(TOLL_WHOLE, 1000, MANY, 0), 350, "without a rate whole records leave, all that are asked for:");
	is(offer(TOLL_WHOLE, 39, MANY, 0), 30, "no more bytes,");
	is(offer(TOLL_WHOLE, 1000, 4, 0), 40, "no more records");
	take(40, 0);
	is(offer(TOLL_WHOLE, 5, MANY, 0), 10, "one that is longer is offered whole");
	take(10, 0);
	is(offer(TOLL_WHOLE, 299, MANY, 0), 300, "whatever its length");
	is(offer(TOLL_STREAM, 7, 0, 0) + offer(TOLL_PART, 70, 0, 0) + offer(TOLL_REST, 700, 0, 0), 777,
	    "what is no whole record leaves as it comes");
	ok(toll_mark(&toll, SIZE_MAX, 0), "so does a mark");
	ok(toll_due_ns(&toll) == UINT64_MAX, "and nothing is held");
	queue_free(&queue);
}

/* --- the rate --------------------------------------------------------------------------------------- */

static void
rate_of_records(void)
{
	const struct rate rate = { 10, NS_PER_S, false };

	begin(&rate, 0);
	for (int i = 0; i < 10; i++)
		put(100, true);
	ok(drain(0), "10/s: one leaves at once, then the rate holds back");
	is(out.records, 1, "one record");
	is(toll_due_ns(&toll), 100 * MS, "the next is due after 100 ms");
	is(toll_awaited(&toll), WAIT_RATE, "which is a wait for the rate");
	ok(drain(100 * MS - 1), "not a nanosecond earlier");
	is(out.records, 1, "still one record");
	(void)drain(100 * MS);
	is(out.records, 2, "then the second leaves");
	(void)drain(toll_due_ns(&toll) + 7 * MS);
	is(out.records, 3, "the third 7 ms late");
	is(toll_due_ns(&toll), 300 * MS, "which the fourth makes good");
	(void)drain(toll_due_ns(&toll) + 50 * MS);
	is(out.records, 4, "the fourth 50 ms late");
	is(toll_due_ns(&toll), 440 * MS, "of which the fifth makes 10 ms good");
	(void)drain(toll_due_ns(&toll));
	for (uint64_t now = 540; out.records < 10; now += 100)
		(void)drain(now * MS);
	ok(!drain(60 * NS_PER_S), "when all is out there is nothing to wait for");
	is(toll_due_ns(&toll) == UINT64_MAX, true, "and nothing is due");
	put(1, true);
	put(1, true);
	ok(drain(90 * NS_PER_S), "idling stores no more than the burst");
	is(out.records, 11, "which is one record here");
	queue_free(&queue);
}

static void
rate_of_bytes(void)
{
	const struct rate rate = { 1000, NS_PER_S, true };

	begin(&rate, 100);
	put(60, true);
	put(60, true);
	put(300, true);
	put(10, true);
	ok(drain(0), "1000 B/s, burst 100: what fits the burst leaves");
	is(out.records, 1, "one of two records of 60 bytes");
	is(toll_due_ns(&toll), 20 * MS, "the other when its 60 tokens are there");
	(void)drain(20 * MS);
	is(out.records, 2, "then it leaves");
	is(toll_due_ns(&toll), 120 * MS, "one longer than the burst when the bucket is full");
	(void)drain(120 * MS);
	is(out.records, 3, "then it leaves, on credit");
	is(toll_due_ns(&toll), 330 * MS, "and the debt is paid before the next");
	(void)drain(330 * MS);
	is(out.records, 4, "which leaves then");
	queue_free(&queue);
}

/* What is asked for is no more than that, whatever the rate would let go. */
static void
as_asked(void)
{
	const struct rate records = { 1000, NS_PER_S, false }, bytes = { 1000000, NS_PER_S, true };
	const struct rate *rates[] = { &records, &bytes };

	for (size_t i = 0; i < 2; i++) {
		begin(rates[i], 1000);
		for (int j = 0; j < 20; j++)
			put(10, true);
		toll_open(&toll, 0);
		ok(offer(TOLL_WHOLE, 45, MANY, 0) == 40 && offer(TOLL_WHOLE, ROOM, 3, 0) == 30,
		    "a rate of %s offers no more than what is asked for", i == 0 ? "records" : "bytes");
		is(offer(TOLL_WHOLE, 9, MANY, 0), 10, "but one longer record");
		queue_free(&queue);
	}
}

/* The rest of a record that has been paid for needs no more tokens. */
static void
paid_rest(void)
{
	const struct rate by_bytes = { 1000, NS_PER_S, true }, by_records = { 1, NS_PER_S, false };
	const struct rate *rates[] = { &by_bytes, &by_records };

	for (size_t i = 0; i < 2; i++) {
		begin(rates[i], 1);
		put(2000, true);
		put(10, true);
		toll_open(&toll, 0);
		is(offer_whole(0), 2000, "a long record may leave,");
		take(0, 0);
		is(offer_whole(0), 2000, "also after it was refused,");
		take(700, 0);
		is(offer(TOLL_REST, queue_rest(&queue), 0, 0), 1300, "and when it was begun, all its rest,");
		take(500, 0);
		is(offer(TOLL_REST, queue_rest(&queue), 0, 0), 800, "part by part");
		take(800, 0);
		is(offer_whole(0), 0, "but the next record has to wait");
		is(toll_due_ns(&toll), (i == 0 ? 2 : 1) * NS_PER_S, "as long as the rate says");
		queue_free(&queue);
	}
}

/* A record in parts: by records it is charged once, by bytes each part. */
static void
parts(void)
{
	const struct rate by_bytes = { 1000, NS_PER_S, true }, by_records = { 1, NS_PER_S, false };

	begin(&by_records, 0);
	put(1500, false);
	toll_open(&toll, 0);
	is(offer(TOLL_PART, 1000, 0, 0), 1000, "1/s: the beginning of a record leaves at once");
	take(1000, 0);
	is(offer(TOLL_REST, 500, 0, 0), 500, "and what follows");
	take(500, 0);
	put(500, true);
	put(1000, false);
	is(offer(TOLL_REST, 500, 0, 0), 500, "up to its end");
	take(500, 0);
	is(offer(TOLL_PART, 1000, 0, 0), 0, "the next one waits,");
	is(toll_due_ns(&toll), NS_PER_S, "for a second that begins with the first part");
	queue_free(&queue);

	begin(&by_bytes, 100);
	put(1000, false);
	toll_open(&toll, 0);
	is(offer(TOLL_PART, 1000, 0, 0), 100, "1000 B/s: of parts of a record a burst first");
	take(100, 0);
	is(offer(TOLL_REST, 900, 0, 0), 0, "then none");
	ok(toll_due_ns(&toll) > 0 && toll_due_ns(&toll) <= 50 * MS, "until some have come");
	toll_open(&toll, 50 * MS);
	is(offer(TOLL_REST, 900, 0, 50 * MS), 50, "then those");
	queue_free(&queue);
}

static void
stream(void)
{
	const struct rate rate = { 1000000, NS_PER_S, true };
	uint64_t now = 0;
	unsigned waits = 0;

	begin(&rate, 0);
	put(500000, true);
	for (; out.bytes < 500000 && waits < 100000; waits++) {
		size_t length;

		toll_open(&toll, now);
		while (out.bytes < 500000 && (length = offer(TOLL_STREAM, 500000 - (size_t)out.bytes, 0, now)) > 0)
			take(length, now);
		if (out.bytes < 500000)
			now = toll_due_ns(&toll);
	}
	is((now + MS / 2) / MS, 499, "1 MB/s: half a megabyte takes half a second, but for the burst of 1 ms");
	ok(waits <= 1002, "in %u waits of half a millisecond", waits);
	queue_free(&queue);
}

static void
marks(void)
{
	const struct rate records = { 10, NS_PER_S, false }, bytes = { 1000, NS_PER_S, true };
	const struct rate *rates[] = { &records, &bytes };
	const uint64_t due_ns[] = { 100 * MS, 30 * MS };
	bool good = true;

	for (size_t i = 0; i < 2; i++) {
		begin(rates[i], i == 0 ? 1 : 30);
		put(30, true);
		toll_open(&toll, 0);
		ok(toll_mark(&toll, 30, 0) && toll_mark(&toll, 30, 0), "a mark may leave, and is not charged for yet");
		toll_mark_left(&toll, 30);
		is(offer_whole(0), 0, "then it costs as much as a record");
		ok(!toll_mark(&toll, 30, 0), "another one would, too");
		is(toll_due_ns(&toll), due_ns[i], "in its time");
		queue_free(&queue);
	}
	begin_by_key(&records, 1, KEY_BLANKS, "1");
	for (int i = 0; i < 3; i++) {
		good = good && toll_mark(&toll, 30, 0);
		toll_mark_left(&toll, 30);
	}
	ok(good, "under a rate for each key marks are free");
	finish_by_key();
}

/* --- a rate for each key ----------------------------------------------------------------------------- */

static void
run_of_keys(void)
{
	const struct rate rate = { 1, NS_PER_S, false };

	begin_by_key(&rate, 1, KEY_BLANKS, "1");
	put_key('a', 10, true);
	put_key('b', 20, true);
	put_key('c', 30, true);
	put_key('b', 40, true);
	put_key('d', 50, true);
	ok(drain(0), "1/s for each key: the first of each leave,");
	ok(out.records == 3 && out.bytes == 60, "and nothing behind one that waits");
	is(toll_due_ns(&toll), NS_PER_S, "for a second");
	ok(!drain(NS_PER_S), "then all do");
	put_key('e', 4000, true);
	put_key('f', 96, true);
	put_key('g', 10, true);
	put_key('h', 10, true);
	toll_open(&toll, NS_PER_S);
	is(offer_whole(NS_PER_S), 4096, "what is offered together fits into one write");
	take(4096, NS_PER_S);
	is(offer(TOLL_WHOLE, ROOM, 1, NS_PER_S), 10, "and is no more than the records that are asked for");
	take(0, NS_PER_S);
	is(offer_whole(NS_PER_S), 20, "what did not get out has not been charged for");
	take(20, NS_PER_S);
	finish_by_key();

	begin_by_key(&(struct rate){ 1000, NS_PER_S, false }, 1000, KEY_BLANKS, "1");
	for (int i = 0; i < 300; i++)
		put_key('a', 2, true);
	toll_open(&toll, 0);
	is(offer_whole(0), 2 * (size_t)TOLL_RUN_MOST, "nor more than can be remembered");
	take(2 * (size_t)TOLL_RUN_MOST, 0);
	is(offer_whole(0), 2 * (size_t)(300 - TOLL_RUN_MOST), "the rest follows");
	finish_by_key();
}

/* By the bucket of its key, which is in charge of a record in parts to its end, and goes on filling. */
static void
parts_by_key(void)
{
	const struct rate rate = { 1000, NS_PER_S, true };

	begin_by_key(&rate, 100, KEY_BLANKS, "1");
	put(1000, false);
	toll_open(&toll, 0);
	is(offer(TOLL_PART, 1000, 0, 0), 100, "1000 B/s for each key: of parts of a record a burst first");
	take(100, 0);
	is(offer(TOLL_REST, 900, 0, 0), 0, "then none");
	toll_open(&toll, 50 * MS);
	is(offer(TOLL_REST, 900, 0, 50 * MS), 50, "then what has come to its key");
	take(50, 50 * MS);
	is(offer(TOLL_REST, 850, 0, 50 * MS), 0, "and no more");
	ok(toll_due_ns(&toll) > 50 * MS, "for now");
	finish_by_key();
}

/* The key of a record that waits is found once, and not in each of a million passes, which would take minutes.
 * (Neither of the two has as many fields, so they share a bucket.) */
static void
head_by_key(void)
{
	const struct rate rate = { 1, 3600 * NS_PER_S, false };
	bool waits = true;

	begin_by_key(&rate, 1, ' ', "900000");
	put_key('a', 26, true);
	put_key('b', 26 * 30000, true);
	effort_limit();
	for (uint64_t ns = 0; ns < 1000000 && waits; ns++)
		waits = drain(ns);
	effort_free();
	ok(waits && out.records == 1, "1/h for each key: the next one waits, however long it is");
	ok(!drain(3600 * NS_PER_S), "until it is its turn");
	finish_by_key();
}

/* Another head of the same length has a key of its own. */
static void
next_head_by_key(void)
{
	const struct rate rate = { 1, NS_PER_S, false };

	begin_by_key(&rate, 1, KEY_BLANKS, "1");
	put_key('a', 10, true);
	put_key('a', 10, true);
	put_key('b', 10, true);
	ok(drain(0) && out.records == 1, "the second of a key waits");
	take(10, 0); /* a policy might drop it: it is gone, uncharged */
	toll_open(&toll, 1);
	is(offer_whole(1), 10, "and the one behind it has a key of its own");
	finish_by_key();
}

/* --- any rate ---------------------------------------------------------------------------------------- */

/* Charged is what the records that have begun to leave cost. */
static bool
within_rate(const struct rate *rate, uint64_t burst, uint64_t now, uint64_t longest, bool held)
{
	uint64_t sum = rate->bytes ? out.bytes : out.records;
	uint64_t brought = now * rate->amount / rate->period_ns; /* small enough here */
	uint64_t over = rate->bytes ? longest : 0;

	if (sum <= burst + brought + over && (!held || sum >= brought))
		return true;
	diag("%" PRIu64 " %s out after %" PRIu64 " ns, at %" PRIu64 " every %" PRIu64 " ns, burst %" PRIu64, sum,
	    rate->bytes ? "bytes" : "records", now, rate->amount, rate->period_ns, burst);
	return false;
}

/* The reader takes what it likes of what is offered, and then the rest of the record. */
static bool
drain_some(struct random *random, uint64_t now)
{
	toll_open(&toll, now);
	while (queue_held(&queue).records > 0) {
		size_t rest = queue_rest(&queue);
		size_t length = rest > 0 ? offer(TOLL_REST, rest, 0, now) : offer_whole(now);

		if (length == 0)
			return true;
		take(random_one_in(random, 2) ? length : (size_t)random_below(random, length + 1), now);
	}
	return false;
}

static bool
keeps_rate(uint64_t seed, bool late)
{
	struct random random = { seed };
	struct rate rate = { random_from(&random, 1, 1000000), random_from(&random, 1, NS_PER_S),
		random_one_in(&random, 2) };
	uint64_t longest = random_from(&random, 1, random_one_in(&random, 4) ? 30000 : 300);
	uint64_t burst = random_one_in(&random, 2) ? random_from(&random, 1, 5000) : 0, now = 0;
	bool good = true, held = false;

	begin(&rate, burst);
	if (burst == 0)
		burst = bucket_default_depth(rate.amount, rate.period_ns);
	for (uint64_t sum = 0; sum < 40000; sum = queue_held(&queue).bytes)
		put((size_t)random_from(&random, 1, longest), true);
	for (unsigned turns = 0; good && queue_held(&queue).records > 0 && turns < 300000; turns++) {
		uint64_t before = out.bytes;
		bool due = held;

		held = drain_some(&random, now);
		good = within_rate(&rate, burst, now, longest, held);
		if (due && out.bytes == before) {
			diag("nothing left when it was due");
			good = false;
		}
		if (held)
			now = toll_due_ns(&toll) + (late ? random_below(&random, BUCKET_CREDIT_NS + 1) : 0);
	}
	good = good && queue_held(&queue).bytes == 0;
	queue_free(&queue);
	return good;
}

static void
any_rate(void)
{
	bool good = true;

	for (uint64_t seed = 1; seed <= 40 && good; seed++)
		good = keeps_rate(seed, false) && keeps_rate(seed, true);
	ok(good, "at any rate no more leaves than it allows, and no less, also with a timer that is late");
}

#define KEYS 5
#define RECORDS 300

/* What each key may still spend, in tokens times the period; records as they stand in the queue. */
static struct {
	int64_t level[KEYS];
	struct {
		unsigned key;
		size_t length;
	} record[RECORDS];
	unsigned first; /* that has not left */
	size_t begun;   /* bytes of it that have */
} model;

static uint64_t
model_cost(const struct rate *rate, unsigned record)
{
	return rate->bytes ? model.record[record].length : 1;
}

/* How much leaves next, if nothing is begun; of a copy of the levels. */
static size_t
model_offer(const struct rate *rate, uint64_t burst)
{
	int64_t level[KEYS];
	size_t sum = 0;

	memcpy(level, model.level, sizeof(level));
	for (unsigned i = model.first; i < RECORDS && i < model.first + TOLL_RUN_MOST; i++) {
		uint64_t cost = model_cost(rate, i), need = cost < burst ? cost : burst;
		unsigned key = model.record[i].key;

		if (level[key] < (int64_t)(need * rate->period_ns) ||
		    (sum > 0 && sum + model.record[i].length > UNIT))
			break;
		level[key] -= (int64_t)(cost * rate->period_ns);
		sum += model.record[i].length;
	}
	return sum;
}

/* A record is charged when its first byte leaves. */
static void
model_take(const struct rate *rate, size_t length)
{
	while (length > 0) {
		size_t rest = model.record[model.first].length - model.begun;
		size_t part = length < rest ? length : rest;

		if (model.begun == 0)
			model.level[model.record[model.first].key] -=
			    (int64_t)(model_cost(rate, model.first) * rate->period_ns);
		model.begun = part < rest ? model.begun + part : 0;
		model.first += part == rest;
		length -= part;
	}
}

static void
model_fill(const struct rate *rate, uint64_t burst, uint64_t ns)
{
	for (unsigned i = 0; i < KEYS; i++) {
		int64_t most = (int64_t)(burst * rate->period_ns);

		model.level[i] += (int64_t)(ns * rate->amount);
		if (model.level[i] > most)
			model.level[i] = most;
	}
}

static bool
drains_as_modelled(struct random *random, const struct rate *rate, uint64_t burst, uint64_t now)
{
	toll_open(&toll, now);
	while (model.first < RECORDS) {
		size_t rest = queue_rest(&queue), done;
		size_t want = model.begun > 0 ? model.record[model.first].length - model.begun : model_offer(rate, burst);
		size_t got = rest > 0 ? offer(TOLL_REST, rest, 0, now) : offer_whole(now);

		if (got != want) {
			diag("record %u, %zu bytes begun: %zu may leave, the model says %zu", model.first, model.begun,
			    got, want);
			return false;
		}
		if (got == 0)
			return true;
		done = random_one_in(random, 2) ? got : (size_t)random_below(random, got + 1);
		take(done, now);
		model_take(rate, done);
	}
	return true;
}

/* Buckets cap what they hold when they are asked for, so the model is filled to the same moments in whole tokens: a
 * period that divides a step leaves no remainders to differ in. */
static bool
keeps_rate_by_key(uint64_t seed)
{
	struct random random = { seed };
	const struct rate rate = { random_from(&random, 1, 50), 1000, random_one_in(&random, 2) };
	uint64_t burst = random_from(&random, 1, rate.bytes ? 500 : 20), now = 0;
	unsigned keys = (unsigned)random_from(&random, 1, KEYS);
	bool good = true;

	begin_by_key(&rate, burst, KEY_BLANKS, "1");
	memset(&model, 0, sizeof(model));
	for (unsigned i = 0; i < RECORDS; i++) {
		model.record[i].key = (unsigned)random_below(&random, keys);
		model.record[i].length = (size_t)random_from(&random, 2, random_one_in(&random, 20) ? 6000 : 60);
		put_key((char)('a' + model.record[i].key), model.record[i].length, true);
	}
	model_fill(&rate, burst, UINT64_C(1) << 40);
	for (unsigned turns = 0; good && model.first < RECORDS && turns < 1000000; turns++) {
		uint64_t step = 1000 * random_from(&random, 1, 40);

		good = drains_as_modelled(&random, &rate, burst, now);
		now += step;
		model_fill(&rate, burst, step);
	}
	good = good && model.first == RECORDS && queue_held(&queue).bytes == 0;
	finish_by_key();
	return good;
}

static void
any_rate_by_key(void)
{
	bool good = true;

	for (uint64_t seed = 1; seed <= 100 && good; seed++) {
		good = keeps_rate_by_key(seed);
		if (!good)
			diag("seed %" PRIu64, seed);
	}
	ok(good, "for each key exactly as much leaves as its own rate allows, whatever the reader takes of it");
}

static void
retuned(void)
{
	const struct rate slow = { 1, NS_PER_S, false }, fast = { 1000, NS_PER_S, false };

	begin(&slow, 1);
	for (int i = 0; i < 9; i++)
		put(10, true);
	toll_open(&toll, 0);
	is(offer_whole(0), 10, "retuned: one leaves");
	(void)queue_take(&queue, 10);
	toll_left(&toll, &queue, 10, 1, 0);
	is(offer_whole(0), 0, "retuned: the next is held");
	is(toll_due_ns(&toll), NS_PER_S, "retuned: for a second");
	toll_retune(&toll, &fast, 5, 0);
	is(toll_due_ns(&toll), UINT64_MAX, "retuned: nothing is held any more");
	toll_open(&toll, 0);
	is(offer_whole(0), 0, "retuned: but the bucket is not filled by that");
	is(toll_due_ns(&toll), MS, "retuned: only sooner");
	toll_open(&toll, 2 * MS);
	is(offer_whole(2 * MS), 20, "retuned: at the new rate");
	toll_open(&toll, 9 * MS);
	is(offer_whole(9 * MS), 50, "retuned: up to the new burst");
	toll_retune(&toll, &slow, 2, 9 * MS);
	toll_open(&toll, 9 * MS);
	is(offer_whole(9 * MS), 20, "retuned: a lesser one bites at once");
	queue_free(&queue);
}

int
main(void)
{
	free_of_toll();
	rate_of_records();
	rate_of_bytes();
	as_asked();
	paid_rest();
	parts();
	stream();
	marks();
	run_of_keys();
	parts_by_key();
	head_by_key();
	next_head_by_key();
	any_rate();
	any_rate_by_key();
	retuned();
	return done_testing();
}
