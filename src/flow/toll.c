/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/toll.h"

#include <assert.h>

static const enum awaited waits[] = {
	[TOLL_HALT] = WAIT_HALTED,
	[TOLL_SETTLE] = WAIT_SETTLE,
	[TOLL_BATCH] = WAIT_OUTPUT,
	[TOLL_CREDITS] = WAIT_OUTPUT,
	[TOLL_WINDOW] = WAIT_OUTPUT,
	[TOLL_RATE] = WAIT_RATE,
};
static_assert(sizeof(waits) / sizeof(waits[0]) == TOLL_REASONS, "a wait for every reason");

void
toll_init(struct toll *toll, const struct rate *rate, uint64_t burst, uint64_t now_ns)
{
	for (int i = 0; i < TOLL_REASONS; i++)
		toll->due_ns[i] = 0;
	toll->rated = rate != NULL;
	toll->by_key = NULL;
	toll->charged = NULL;
	toll->hashed_length = 0;
	toll->run_length = 0;
	toll->paid = 0;
	toll->halted = false;
	toll->settled_ns = 0;
	toll->flight = NULL;
	toll->crediting = false;
	toll->batch = (struct toll_batch){ .asked = false };
	if (rate == NULL)
		return;
	toll->by_bytes = rate->bytes;
	if (burst == 0)
		burst = bucket_default_depth(rate->amount, rate->period_ns);
	bucket_init(&toll->bucket, rate->amount, rate->period_ns, burst, now_ns);
}

void
toll_set_keys(struct toll *toll, struct buckets *by_key, const struct key_rule *key, uint64_t salt)
{
	toll->by_key = by_key;
	toll->key = key;
	toll->salt = salt;
}

void
toll_look_anew(struct toll *toll)
{
	toll->hashed_length = 0;
}

void
toll_retune(struct toll *toll, const struct rate *rate, uint64_t burst, uint64_t now_ns)
{
	if (!toll->rated)
		return;
	toll->due_ns[TOLL_RATE] = 0;
	bucket_retune(&toll->bucket, rate->amount, rate->period_ns, burst, now_ns);
	if (toll->by_key != NULL)
		buckets_retune(toll->by_key, rate->amount, rate->period_ns, burst, now_ns);
}

void
toll_rerate(struct toll *toll, const struct rate *rate, uint64_t burst, struct buckets *by_key, uint64_t now_ns)
{
	const bool goes_on = toll->rated && rate != NULL && toll->by_bytes == rate->bytes && toll->by_key == by_key;

	toll->due_ns[TOLL_RATE] = 0;
	if (goes_on) {
		toll_retune(toll, rate, burst, now_ns);
		return;
	}
	toll->rated = rate != NULL;
	toll->by_key = by_key;
	toll->charged = &toll->bucket; /* of a record that is part-sent */
	toll->hashed_length = 0;
	toll->paid = 0;
	if (rate == NULL)
		return;
	toll->by_bytes = rate->bytes;
	bucket_init(&toll->bucket, rate->amount, rate->period_ns, burst, now_ns);
}

void
toll_open(struct toll *toll, uint64_t now_ns)
{
	uint64_t due_ns = toll->due_ns[TOLL_RATE];

	for (int i = 0; i < TOLL_REASONS; i++)
		toll->due_ns[i] = 0;
	if (toll->rated)
		bucket_refill(&toll->bucket, now_ns, due_ns > 0 && now_ns > due_ns ? now_ns - due_ns : 0);
}

enum awaited
toll_awaited(const struct toll *toll)
{
	int reason = 0;

	while (reason < TOLL_REASONS - 1 && toll->due_ns[reason] == 0)
		reason++;
	return waits[reason];
}

uint64_t
toll_due_ns(const struct toll *toll)
{
	uint64_t due_ns = UINT64_MAX;

	for (int i = 0; i < TOLL_REASONS; i++) {
		if (toll->due_ns[i] > 0 && toll->due_ns[i] < due_ns)
			due_ns = toll->due_ns[i];
	}
	return due_ns;
}

/* --- the rate: whose ---------------------------------------------------------------------------- */

/* Of the record that leaves next, as much of it as is here. It may have to wait for long, and is the same in every
 * pass until then. */
static uint64_t
hash_of_head(struct toll *toll, struct queue *queue)
{
	size_t length = queue_is_ready(queue) ? queue_head(queue) : queue_partial(queue);
	struct queue_record head;

	if ((toll->hashed_head != queue_heads(queue) || toll->hashed_length != length) &&
	    queue_view_head(queue, &head)) {
		toll->hash = key_hash(key_of(toll->key, head.text, head.body), toll->salt);
		toll->hashed_head = queue_heads(queue);
		toll->hashed_length = length;
	}
	return toll->hash;
}

/* That of the record that leaves next.  Of one that is part-sent it is in charge already, and goes on filling. */
static void
put_in_charge(struct toll *toll, struct queue *queue, enum toll_form form, uint64_t now_ns)
{
	if (toll->by_key == NULL)
		toll->charged = &toll->bucket;
	else if (form == TOLL_REST)
		bucket_refill(toll->charged, now_ns, 0);
	else
		toll->charged = buckets_of(toll->by_key, hash_of_head(toll, queue), now_ns);
}

static uint64_t
cost_of(const struct toll *toll, size_t length)
{
	return toll->by_bytes ? length : 1;
}

/* --- the rate: how much ------------------------------------------------------------------------- */

/* Of length bytes that need no record's end, those that the rate lets go now: all, or a batch. */
static size_t
rated_bytes(const struct bucket *bucket, size_t length)
{
	uint64_t tokens = bucket_tokens(bucket);

	if (length <= tokens)
		return length;
	return bucket_allows_part(bucket) ? (size_t)tokens : 0;
}

/* A part of a record: of one that was begun, or of one too long to wait for its end. */
static size_t
rated_part(const struct toll *toll, size_t length, bool begun)
{
	if (!toll->by_bytes)
		return begun || bucket_allows(toll->charged, 1) ? length : 0;
	if (toll->paid > 0)
		return length < toll->paid ? length : toll->paid;
	return rated_bytes(toll->charged, length);
}

/* Whole records.  The first may be longer than what is asked for. */
static size_t
whole(struct queue *queue, size_t most, uint64_t records)
{
	size_t length = queue_whole(queue, most, records);

	return length > 0 || records == 0 ? length : queue_head(queue);
}

static size_t
rated_whole(const struct toll *toll, struct queue *queue, size_t most, uint64_t records)
{
	uint64_t tokens = bucket_tokens(toll->charged);
	size_t length, head;

	if (!toll->by_bytes)
		return whole(queue, most, records < tokens ? records : tokens);
	length = queue_whole(queue, most < tokens ? most : (size_t)tokens, records);
	if (length > 0)
		return length;
	head = queue_head(queue); /* longer than that, or than the bucket is deep */
	return bucket_allows(toll->charged, head) ? head : 0;
}

/* Of whole records, each to be charged to its key, those up to the first that has to wait, as many as go into a write.
 * They are charged, so that the next of a key knows of those before it. */
static size_t
rated_run(struct toll *toll, struct queue *queue, const struct toll_ask *ask, uint64_t now_ns)
{
	const uint64_t most = ask->records < TOLL_RUN_MOST ? ask->records : TOLL_RUN_MOST;
	const size_t write = ask->unit < ask->most ? ask->unit : ask->most;
	size_t length = most > 0 ? queue_head(queue) : 0, sum = 0; /* the head's text was seen, and may be long */
	struct toll_run next = { toll->hash, length };
	struct bucket *bucket = toll->charged;
	struct queue_record record;

	while (length > 0 && bucket_allows(bucket, cost_of(toll, length))) {
		bucket_charge(bucket, cost_of(toll, length));
		toll->run[toll->run_length++] = next;
		sum += length;
		if (toll->run_length == most || !queue_view(queue, sum, &record) || sum + record.length > write)
			break;
		length = record.length;
		next = (struct toll_run){ key_hash(key_of(toll->key, record.text, record.body), toll->salt), length };
		bucket = buckets_of(toll->by_key, next.hash, now_ns);
	}
	return sum;
}

/* A record waits for its cost; what can be cut anywhere, and one record of many, for a batch. */
static void
hold_for_rate(struct toll *toll, const struct bucket *bucket, uint64_t cost, uint64_t now_ns)
{
	toll->due_ns[TOLL_RATE] = now_ns + bucket_delay_ns(bucket, cost);
}

/* One that was charged to its key is not charged again. */
static size_t
rated_again(struct toll *toll, size_t length, uint64_t now_ns)
{
	const struct bucket *bucket = &toll->bucket;
	uint64_t cost = cost_of(toll, length);

	if (toll->by_key != NULL)
		return length;
	if (toll_is_in_bytes(toll, TOLL_AGAIN)) {
		cost = 1;
		length = rated_bytes(bucket, length);
	} else if (!bucket_allows(bucket, cost)) {
		length = 0;
	}
	if (length == 0)
		hold_for_rate(toll, bucket, cost, now_ns);
	return length;
}

static size_t
rate_offer(struct toll *toll, struct queue *queue, const struct toll_ask *ask, uint64_t now_ns)
{
	uint64_t cost = 1;
	size_t length = 0;

	if (ask->form == TOLL_AGAIN)
		return rated_again(toll, ask->most, now_ns);
	put_in_charge(toll, queue, ask->form, now_ns);
	switch (ask->form) {
	case TOLL_STREAM:
		length = rated_bytes(toll->charged, ask->most);
		break;
	case TOLL_WHOLE:
		length = toll->by_key != NULL ? rated_run(toll, queue, ask, now_ns)
		    : rated_whole(toll, queue, ask->most, ask->records);
		if (length == 0)
			cost = cost_of(toll, queue_head(queue));
		break;
	case TOLL_PART:
	case TOLL_REST:
		length = rated_part(toll, ask->most, ask->form == TOLL_REST);
		break;
	case TOLL_AGAIN:
		break;
	}
	if (length == 0)
		hold_for_rate(toll, toll->charged, cost, now_ns);
	return length;
}

/* --- all of them ---------------------------------------------------------------------------------- */

size_t
toll_offer(struct toll *toll, struct queue *queue, const struct toll_ask *asked, uint64_t now_ns)
{
	struct toll_ask ask = *asked;

	toll->form = ask.form;
	if (!toll_narrow(toll, queue, &ask, now_ns))
		return 0;
	if (toll->rated)
		return rate_offer(toll, queue, &ask, now_ns);
	return ask.form == TOLL_WHOLE ? whole(queue, ask.most, ask.records) : ask.most;
}

/* --- the rate: what has left -------------------------------------------------------------------- */

/* Of records that were charged when they were offered, those of which nothing is out get that back. */
static void
refund_run(struct toll *toll, size_t done, uint64_t now_ns)
{
	const struct toll_run *begun = NULL;
	size_t end = 0;

	for (unsigned i = 0; i < toll->run_length; i++) {
		const struct toll_run *record = &toll->run[i];
		size_t begin = end;

		end += record->length;
		if (begin >= done) {
			bucket_refund(buckets_of(toll->by_key, record->hash, now_ns),
			    cost_of(toll, record->length));
		} else if (end > done) {
			begun = record;
			toll->paid = toll->by_bytes ? end - done : 0;
		}
	}
	if (begun != NULL)
		toll->charged = buckets_of(toll->by_key, begun->hash, now_ns);
	toll->run_length = 0;
}

static void
again_left(struct toll *toll, size_t done, uint64_t ended)
{
	toll_charge(toll, done, ended);
	if (toll->rated && toll->by_key == NULL)
		bucket_charge(&toll->bucket, toll->by_bytes ? done : ended);
}

void
toll_left(struct toll *toll, struct queue *queue, size_t done, uint64_t ended, uint64_t now_ns)
{
	const bool was_begun = toll->form == TOLL_REST, is_begun = queue_part_sent(queue);

	if (toll->form == TOLL_AGAIN) {
		again_left(toll, done, ended);
		return;
	}
	if (done > 0)
		toll_charge(toll, done, ended + is_begun - was_begun);
	if (!toll->rated)
		return;
	if (toll->run_length > 0) {
		refund_run(toll, done, now_ns);
		return;
	}
	if (done == 0)
		return;
	if (!toll->by_bytes) {
		/* each record once, at its first part */
		bucket_charge(toll->charged, ended + is_begun - was_begun);
	} else if (toll->paid > 0) {
		toll->paid -= done;
	} else {
		bucket_charge(toll->charged, done);
		if (is_begun && toll->form == TOLL_WHOLE) {
			toll->paid = queue_rest(queue);
			bucket_charge(toll->charged, toll->paid);
		}
	}
}

void
toll_begin(struct toll *toll, struct queue *queue, uint64_t now_ns)
{
	const size_t length = queue_is_ready(queue) ? queue_head(queue) : queue_partial(queue);

	toll_charge(toll, 0, 1); /* its bytes are, as they leave */
	toll->batch.begun |= toll->batch.open;
	if (!toll->rated)
		return;
	put_in_charge(toll, queue, TOLL_WHOLE, now_ns);
	bucket_charge(toll->charged, cost_of(toll, length));
	toll->paid = toll->by_bytes ? length : 0;
}

void
toll_add(struct toll *toll, size_t bytes)
{
	if (toll->rated && toll->by_bytes && toll->by_key == NULL)
		bucket_charge(&toll->bucket, bytes);
}

/* --- marks -------------------------------------------------------------------------------------- */

static bool
is_mark_rated(const struct toll *toll)
{
	return toll->rated && toll->by_key == NULL; /* a mark has no key */
}

bool
toll_mark(struct toll *toll, size_t length, uint64_t now_ns)
{
	if (toll->halted) {
		toll->due_ns[TOLL_HALT] = UINT64_MAX;
		return false;
	}
	if (!toll_is_settled(toll, now_ns)) {
		toll->due_ns[TOLL_SETTLE] = toll->settled_ns;
		return false;
	}
	if (toll->batch.asked && !toll->batch.open) {
		toll->due_ns[TOLL_BATCH] = toll->batch.due_ns;
		return false;
	}
	if (!is_mark_rated(toll) || bucket_allows(&toll->bucket, cost_of(toll, length)))
		return true;
	hold_for_rate(toll, &toll->bucket, cost_of(toll, length), now_ns);
	return false;
}

void
toll_mark_left(struct toll *toll, size_t length)
{
	toll->batch.begun |= toll->batch.open;
	if (is_mark_rated(toll))
		bucket_charge(&toll->bucket, cost_of(toll, length));
}
