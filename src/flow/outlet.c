/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/outlet.h"

#include <errno.h>

/* How old a gap becomes before it is marked though no record has come behind it. */
#define QUIET_NS NS_PER_S

/* The most in one write: more would let a slow disk keep the input waiting. */
#define WRITE_MOST ((size_t)1 << 20)

/* Of whole records, the most that one offer looks for: half of what a read brings, so that the reader is at
 * work on one half while the other is made up. */
#define BATCH_MOST ((size_t)128 << 10)

/* What a mark counts for in a drain's budget, whatever its length: each is a write of its own, and many of them
 * with short records between must not keep the input waiting. */
#define MARK_WEIGHT 128

void
outlet_init(struct outlet *outlet, bool stream, size_t parts_from, const struct rate *rate,
    uint64_t burst, uint64_t now_ns)
{
	outlet->stream = stream;
	outlet->parts_from = parts_from;
	outlet->rated = rate != NULL;
	outlet->paid = 0;
	outlet->due_ns = 0;
	outlet->hashed_length = 0;
	outlet->run_length = 0;
	outlet->marks = NULL;
	outlet->input_over = false;
	if (rate == NULL)
		return;
	outlet->by_bytes = rate->bytes;
	if (burst == 0)
		burst = bucket_default_depth(rate->amount, rate->period_ns);
	bucket_init(&outlet->bucket, rate->amount, rate->period_ns, burst, now_ns);
}

/* --- marks -------------------------------------------------------------------------------------- */

static const struct gap *
first_gap(const struct outlet *outlet)
{
	return outlet->marks != NULL ? gaps_first(outlet->marks->gaps) : NULL;
}

bool
outlet_mark_begun(const struct outlet *outlet)
{
	return outlet->marks != NULL && outlet->marks->length > 0 && outlet->marks->sent > 0;
}

/* The gap that nothing stands before any more, or NULL. */
static const struct gap *
gap_here(const struct outlet *outlet, const struct queue *queue)
{
	const struct gap *gap = first_gap(outlet);

	return gap != NULL && gap->at == queue_first(queue) && !queue_part_sent(queue) ? gap : NULL;
}

uint64_t
outlet_mark_due_ns(const struct outlet *outlet, const struct queue *queue)
{
	const struct gap *gap = gap_here(outlet, queue);

	return gap != NULL && !outlet_mark_begun(outlet) ? gap->first_ns + QUIET_NS : UINT64_MAX;
}

/* Whole records that may leave before the next gap. */
static uint64_t
before_gap(const struct outlet *outlet, const struct queue *queue)
{
	const struct gap *gap = first_gap(outlet);

	return gap != NULL ? gap->at - queue_first(queue) : UINT64_MAX;
}

/* Where none is part-sent: whether a record is here, or as much of one as leaves in parts. */
static bool
is_next_here(const struct outlet *outlet, const struct queue *queue)
{
	return queue->ready > 0 || queue_held(queue).bytes >= outlet->parts_from;
}

/* Whether a mark has to leave before anything else: a record behind the gap, or the first part of one. */
static bool
is_mark_due(const struct outlet *outlet, const struct queue *queue, uint64_t now_ns)
{
	return gap_here(outlet, queue) != NULL &&
	    (is_next_here(outlet, queue) || outlet->input_over ||
	    now_ns >= outlet_mark_due_ns(outlet, queue));
}

static bool
is_mark_rated(const struct outlet *outlet)
{
	return outlet->rated && outlet->by_key == NULL; /* a mark has no key */
}

/* done bytes of a mark that costs so much are out. */
static void
account_mark(struct outlet *outlet, struct ledger *ledger, size_t cost, size_t done)
{
	struct marks *marks = outlet->marks;

	if (marks->sent == 0) {
		gaps_pop(marks->gaps);
		if (is_mark_rated(outlet))
			bucket_charge(&outlet->bucket, cost);
	}
	marks->sent += done;
	ledger_count(&ledger->marks, marks->sent == marks->length, done);
	if (marks->sent == marks->length)
		marks->length = 0;
}

/* Sends the mark that is due, or the rest of one; EMPTY when that is done. */
static enum outlet_state
send_mark(struct outlet *outlet, struct ledger *ledger, uint64_t now_ns)
{
	struct marks *marks = outlet->marks;
	struct iovec piece;
	size_t cost, done;

	if (marks->length == 0) {
		marks->length = mark_format(marks->text, &marks->style, gaps_first(marks->gaps), now_ns);
		marks->sent = 0;
	}
	cost = outlet->by_bytes ? marks->length : 1;
	if (marks->sent == 0 && is_mark_rated(outlet) && !bucket_allows(&outlet->bucket, cost)) {
		marks->length = 0;
		outlet->due_ns = now_ns + bucket_delay_ns(&outlet->bucket, cost);
		return OUTLET_RATE;
	}
	piece.iov_base = marks->text + marks->sent;
	piece.iov_len = marks->length - marks->sent;
	switch (io_write(&outlet->port, &piece, 1, piece.iov_len, &done)) {
	case IO_ALL:
		account_mark(outlet, ledger, cost, done);
		return OUTLET_EMPTY;
	case IO_SHORT:
		account_mark(outlet, ledger, cost, done);
		return OUTLET_REFUSED;
	case IO_RETRY:
	case IO_AGAIN:
		if (marks->sent == 0)
			marks->length = 0; /* the gap may grow until it can be sent */
		return OUTLET_REFUSED;
	case IO_GONE:
		return OUTLET_GONE;
	case IO_END:
	case IO_ERROR:
		break;
	}
	outlet->error = errno;
	return OUTLET_ERROR;
}

/* --- records ------------------------------------------------------------------------------------ */

/* Of the record that leaves next, as much of it as is here. It may have to wait for long, and is the same in every
 * pass until then. */
static uint64_t
hash_of_head(struct outlet *outlet, struct queue *queue)
{
	size_t length = queue->ready > 0 ? queue_head(queue) : queue_partial(queue);
	struct queue_record head;

	if ((outlet->hashed_head != queue->heads || outlet->hashed_length != length) &&
	    queue_view_head(queue, &head)) {
		outlet->hash = key_hash(key_of(outlet->key, head.text, head.body), outlet->salt);
		outlet->hashed_head = queue->heads;
		outlet->hashed_length = length;
	}
	return outlet->hash;
}

/* That of the record that leaves next.  Of one that is part-sent it is in charge already, and goes on filling. */
static void
put_in_charge(struct outlet *outlet, struct queue *queue, uint64_t now_ns)
{
	if (outlet->by_key == NULL)
		outlet->charged = &outlet->bucket;
	else if (queue_part_sent(queue))
		bucket_refill(outlet->charged, now_ns, 0);
	else if (is_next_here(outlet, queue) && queue_held(queue).bytes > 0)
		outlet->charged = buckets_of(outlet->by_key, hash_of_head(outlet, queue), now_ns);
}

/* Of length bytes that need no record's end, those that the rate lets go now: all, or a batch. */
static size_t
rated_bytes(const struct outlet *outlet, size_t length)
{
	uint64_t tokens = bucket_tokens(outlet->charged);

	if (length <= tokens)
		return length;
	return bucket_allows_part(outlet->charged) ? (size_t)tokens : 0;
}

/* A part of a record: of one that was begun, or of one too long to wait for its end. */
static size_t
offer_part(const struct outlet *outlet, size_t length, bool begun)
{
	if (!outlet->rated)
		return length;
	if (!outlet->by_bytes)
		return begun || bucket_allows(outlet->charged, 1) ? length : 0;
	if (outlet->paid > 0)
		return length < outlet->paid ? length : outlet->paid;
	return rated_bytes(outlet, length);
}

/* Whole records that may leave, in one write or many. */
static size_t
offer_whole(const struct outlet *outlet, struct queue *queue)
{
	size_t most = BATCH_MOST;
	uint64_t records = before_gap(outlet, queue);
	size_t length, head;

	if (outlet->rated && outlet->by_bytes) {
		uint64_t tokens = bucket_tokens(outlet->charged);
		if (most > tokens)
			most = (size_t)tokens;
	} else if (outlet->rated) {
		uint64_t tokens = bucket_tokens(outlet->charged);
		if (records > tokens)
			records = tokens;
	}
	length = queue_whole(queue, most, records);
	if (length > 0 || records == 0)
		return length;
	/* The first is longer than that, or than the bucket is deep. */
	head = queue_head(queue);
	if (outlet->rated && outlet->by_bytes && !bucket_allows(outlet->charged, head))
		return 0;
	return head;
}

static uint64_t
cost_of(const struct outlet *outlet, const struct outlet_run *record)
{
	return outlet->by_bytes ? record->length : 1;
}

/* Of whole records, each to be charged to its key, those up to the first that has to wait, as many as go into a write.
 * They are charged, so that the next of a key knows of those before it. */
static size_t
offer_run(struct outlet *outlet, struct queue *queue, uint64_t now_ns)
{
	uint64_t most = before_gap(outlet, queue);
	struct bucket *bucket = outlet->charged;
	struct queue_record record;
	size_t sum = 0;

	if (most > OUTLET_RUN_MOST)
		most = OUTLET_RUN_MOST;
	while (outlet->run_length < most && queue_view(queue, sum, &record)) {
		struct outlet_run *next = &outlet->run[outlet->run_length];

		*next = (struct outlet_run){ outlet->hash, record.length };
		if (sum > 0 && sum + record.length > outlet->port.unit)
			break;
		if (sum > 0) {
			next->hash = key_hash(key_of(outlet->key, record.text, record.body), outlet->salt);
			bucket = buckets_of(outlet->by_key, next->hash, now_ns);
		}
		if (!bucket_allows(bucket, cost_of(outlet, next)))
			break;
		bucket_charge(bucket, cost_of(outlet, next));
		outlet->run_length++;
		sum += record.length;
	}
	return sum;
}

/* How many bytes may leave now; *wanted is how many would without the rate, at least. */
static size_t
offer(struct outlet *outlet, struct queue *queue, uint64_t now_ns, size_t *wanted)
{
	size_t held = (size_t)queue_held(queue).bytes;

	*wanted = 0;
	if (held == 0)
		return 0;
	if (outlet->stream) {
		*wanted = held < WRITE_MOST ? held : WRITE_MOST;
		return outlet->rated ? rated_bytes(outlet, *wanted) : *wanted;
	}
	if (queue_part_sent(queue)) {
		*wanted = queue_rest(queue);
		return offer_part(outlet, *wanted, true);
	}
	if (queue->ready > 0) {
		size_t length = outlet->by_key != NULL ? offer_run(outlet, queue, now_ns)
		    : offer_whole(outlet, queue);
		*wanted = length > 0 ? length : queue_head(queue);
		return length;
	}
	if (held >= outlet->parts_from) {
		*wanted = held;
		return offer_part(outlet, held, false);
	}
	return 0;
}

/* done bytes are out; they were the first of what was offered. */
static void
account(struct outlet *outlet, struct queue *queue, struct ledger *ledger, size_t done)
{
	bool was_begun = queue_part_sent(queue);
	uint64_t ended = queue_take(queue, done);
	bool is_begun = queue_part_sent(queue);

	ledger_count(&ledger->out, ended, done);
	if (!outlet->rated)
		return;
	if (!outlet->by_bytes) {
		/* each record once, at its first part */
		bucket_charge(outlet->charged, ended + is_begun - was_begun);
	} else if (outlet->paid > 0) {
		outlet->paid -= done;
	} else {
		bucket_charge(outlet->charged, done);
		if (is_begun && !was_begun && !outlet->stream && queue->ready > 0) {
			outlet->paid = queue_rest(queue);
			bucket_charge(outlet->charged, outlet->paid);
		}
	}
}

/* The same of records that were charged when they were offered: those of which nothing is out get that back. */
static void
account_run(struct outlet *outlet, struct queue *queue, struct ledger *ledger, uint64_t now_ns, size_t done)
{
	const struct outlet_run *begun = NULL;
	size_t end = 0;

	if (done > 0)
		ledger_count(&ledger->out, queue_take(queue, done), done);
	for (unsigned i = 0; i < outlet->run_length; i++) {
		const struct outlet_run *record = &outlet->run[i];
		size_t begin = end;

		end += record->length;
		if (begin >= done) {
			bucket_refund(buckets_of(outlet->by_key, record->hash, now_ns), cost_of(outlet, record));
		} else if (end > done) {
			begun = record;
			outlet->paid = outlet->by_bytes ? end - done : 0;
		}
	}
	if (begun != NULL)
		outlet->charged = buckets_of(outlet->by_key, begun->hash, now_ns);
	outlet->run_length = 0;
}

static void
refill(struct outlet *outlet, uint64_t now_ns)
{
	uint64_t late_ns = outlet->due_ns > 0 && now_ns > outlet->due_ns ? now_ns - outlet->due_ns : 0;

	outlet->due_ns = 0;
	bucket_refill(&outlet->bucket, now_ns, late_ns);
}

/* Whole records, length bytes: in chunks of at most a unit each, many of them at once where that can be
 * done; or one record that is longer. */
static enum io_result
write_whole(struct outlet *outlet, struct queue *queue, size_t length, size_t *done)
{
	struct io_port *port = &outlet->port;
	size_t room = length > 2 * port->unit ? io_batch_room(port) : 0;
	size_t at = 0;
	struct iovec piece[2];
	size_t chunk;
	int pieces;

	while (room-- > 0 && at < length) {
		size_t left = length - at;
		chunk = queue_whole_from(queue, at, left < port->unit ? left : port->unit);
		pieces = queue_peek(queue, at, chunk, piece);
		if (chunk == 0 || !io_batch_add(port, piece, pieces, chunk))
			break;
		at += chunk;
	}
	if (at > 0)
		return io_batch_write(port, done);
	chunk = length <= port->unit ? length : queue_whole_from(queue, 0, port->unit);
	if (chunk == 0) {
		chunk = queue_head(queue);
		if (chunk > WRITE_MOST)
			chunk = WRITE_MOST;
	}
	pieces = queue_peek(queue, 0, chunk, piece);
	return io_write(port, piece, pieces, chunk, done);
}

static enum io_result
write_some(struct outlet *outlet, struct queue *queue, size_t length, size_t *done)
{
	struct iovec piece[2];
	int pieces;

	if (!outlet->stream && queue->ready > 0 && !queue_part_sent(queue))
		return write_whole(outlet, queue, length, done);
	if (length > WRITE_MOST)
		length = WRITE_MOST;
	pieces = queue_peek(queue, 0, length, piece);
	return io_write(&outlet->port, piece, pieces, length, done);
}

enum outlet_state
outlet_drain(struct outlet *outlet, struct queue *queue, struct ledger *ledger, uint64_t now_ns,
    size_t budget)
{
	size_t wanted, length, done, cost;
	size_t sum = 0;
	enum io_result result;

	if (outlet->rated)
		refill(outlet, now_ns);
	for (;;) {
		if (outlet_mark_begun(outlet) || is_mark_due(outlet, queue, now_ns)) {
			enum outlet_state state = send_mark(outlet, ledger, now_ns);
			if (state != OUTLET_EMPTY)
				return state;
			sum += MARK_WEIGHT;
			if (sum >= budget && queue_fits(queue))
				return OUTLET_MORE;
			continue;
		}
		if (outlet->rated)
			put_in_charge(outlet, queue, now_ns);
		if ((length = offer(outlet, queue, now_ns, &wanted)) == 0)
			break;
		result = write_some(outlet, queue, length, &done);
		if (outlet->run_length > 0)
			account_run(outlet, queue, ledger, now_ns, done);
		else if (done > 0)
			account(outlet, queue, ledger, done);
		switch (result) {
		case IO_SHORT:
			/* A part taken is the rest refused; but poll takes little at a time, and a file
			 * that takes less than all is about to tell why. */
			if (outlet->port.way != IO_WAY_POLLED && outlet->port.way != IO_WAY_PLAIN)
				return OUTLET_REFUSED;
			break;
		case IO_ALL:
		case IO_RETRY:
			break;
		case IO_AGAIN:
			return OUTLET_REFUSED;
		case IO_GONE:
			return OUTLET_GONE;
		case IO_END:
		case IO_ERROR:
			outlet->error = errno;
			return OUTLET_ERROR;
		}
		sum += done;
		if (sum >= budget && queue_fits(queue))
			return OUTLET_MORE;
	}
	if (wanted == 0)
		return OUTLET_EMPTY;
	/* A record waits for its cost; what can be cut anywhere, and one record of many, for a batch. */
	cost = outlet->by_bytes && !outlet->stream && queue->ready > 0 && !queue_part_sent(queue)
	    ? wanted : 1;
	outlet->due_ns = now_ns + bucket_delay_ns(outlet->charged, cost);
	return OUTLET_RATE;
}
