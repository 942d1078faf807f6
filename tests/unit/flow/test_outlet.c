/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In which writes it leaves, by a clock that the test sets.  The oracle: no write of whole records is ever cut
 * inside one (a pipe in packet mode shows each write by itself; a pipe with little room shows where a write is
 * cut).  How much may leave is held in test_toll.c.
 */
#include "../tap.h"

#include "../reads.h"
#include "../pipe.h"
#include "../random.h"
#include "flow/outlet.h"
#include "hold/fit.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <errno.h>
#include <limits.h>

#define STREAM_MOST ((size_t)1 << 20)
#define NEVER SIZE_MAX
#define MS NS_PER_MS

static const struct framing lines = { .kind = FRAMING_LINES, .delimiter = '\n' };

struct rig {
	struct outlet outlet;
	struct queue queue;
	struct ledger ledger;
	int reader;
	char sent[STREAM_MOST]; /* all that was put into the queue */
	size_t sent_length;
	char got[STREAM_MOST];  /* and all that was read, */
	size_t got_length;
	size_t right_length;    /* of which this much was found to be right, */
	uint64_t right_records; /* with so many ends */
};

static struct rig rig;

static void
begin_on(int both[2], bool stream, size_t parts_from, const struct rate *rate, uint64_t burst)
{
	const struct queue_limits limits = { .bytes = STREAM_MOST, .records = UINT64_MAX, .view = STREAM_MOST };

	rig.reader = both[0];
	rig.ledger = (struct ledger){ .in = { 0, 0 } };
	rig.sent_length = rig.got_length = rig.right_length = 0;
	rig.right_records = 0;
	must(queue_init(&rig.queue, &lines, &limits) == 0);
	io_open_output(&rig.outlet.port, both[1]);
	outlet_init(&rig.outlet, stream, parts_from, rate, burst, 0);
}

static void
begin(bool stream, size_t parts_from, const struct rate *rate, uint64_t burst)
{
	int both[2];

	must(pipe(both) == 0);
	begin_on(both, stream, parts_from, rate, burst);
}

static void
finish(void)
{
	marks_free(rig.outlet.marks);
	queue_free(&rig.queue);
	(void)io_close(&rig.outlet.port);
	(void)close(rig.reader);
}

/* Puts a record of this length into the queue, or with ended false the beginning of one; with a key, unless that is
 * NUL or there is no room for it. */
static void
put_of(char key, size_t length, bool ended)
{
	char *text = rig.sent + rig.sent_length;
	size_t room;

	must(rig.sent_length + length <= STREAM_MOST);
	for (size_t i = 0; i < length; i++)
		text[i] = (char)('a' + (rig.sent_length + i) % 26);
	if (key != '\0') {
		text[0] = key;
		text[length > 1] = ' ';
	}
	if (ended)
		text[length - 1] = '\n';
	for (size_t at = 0; at < length; at += room) {
		must((room = reads_put(&rig.queue, text + at, length - at)) > 0);
		queue_append(&rig.queue, 0, room, ended && at + room == length, 0);
	}
	ledger_count(&rig.ledger.in, ended, length);
	rig.sent_length += length;
}

static void
put(size_t length, bool ended)
{
	put_of('\0', length, ended);
}

/* Records of up to this length, more than a pipe holds. */
static void
put_many(struct random *random, uint64_t longest)
{
	size_t length = longest < 100 ? 90000 : 350000;

	while (rig.sent_length < length)
		put((size_t)random_from(random, 1, longest), true);
}

static enum outlet_state
drain(uint64_t now)
{
	return outlet_drain(&rig.outlet, &rig.queue, &rig.ledger, now, NEVER);
}

static void
read_all(void)
{
	rig.got_length += pipe_drain(rig.reader, rig.got + rig.got_length, STREAM_MOST - rig.got_length);
}

/* What was read is what was put in, as far as it goes, and the books say so too. */
static bool
is_right(void)
{
	size_t from = rig.right_length;

	read_all();
	rig.right_length = rig.got_length;
	rig.right_records += record_count(&lines, 0, rig.got + from, rig.got_length - from);
	return rig.got_length == rig.ledger.out.bytes && rig.right_records == rig.ledger.out.records &&
	    memcmp(rig.got + from, rig.sent + from, rig.got_length - from) == 0 &&
	    ledger_balances(&rig.ledger, queue_held(&rig.queue));
}

/* --- whole writes --------------------------------------------------------------------------------- */

/* The end of the longest run of whole records, or of a part of one longer than a unit. */
static bool
may_end_at(size_t length)
{
	size_t begun = record_last(&lines, 0, rig.sent, length);
	size_t end = record_first(&lines, 0, rig.sent + begun, rig.sent_length - begun);

	return begun == length || end > PIPE_BUF;
}

#ifdef O_DIRECT

/* Each write by itself: whole records of at most PIPE_BUF bytes, or of one longer one. */
static bool
is_whole_write(const char *packet, size_t length, bool *inside)
{
	uint64_t ends = record_count(&lines, 0, packet, length);
	bool was_inside = *inside;

	*inside = packet[length - 1] != '\n';
	if (!was_inside && !*inside)
		return length <= PIPE_BUF;
	return was_inside && !*inside ? ends == 1 : ends == 0;
}

static bool
packets(enum io_way way, uint64_t longest)
{
	struct random random = { longest };
	bool good = true, inside = false;
	int both[2];

	must(pipe2(both, O_DIRECT) == 0);
	begin_on(both, false, NEVER, NULL, 0);
	if (rig.outlet.port.fd != both[1])
		(void)close(rig.outlet.port.fd);
	rig.outlet.port.fd = both[1];
	rig.outlet.port.way = way;
	put_many(&random, longest);
	while (good && rig.got_length < rig.sent_length) {
		char *packet = rig.got + rig.got_length;
		ssize_t length;

		(void)drain(0);
		for (uint64_t reads = random_from(&random, 1, 20); good && reads > 0; reads--) {
			if (!pipe_ready(rig.reader, POLLIN))
				break;
			length = read(rig.reader, packet, PIPE_BUF);
			good = length > 0 && is_whole_write(packet, (size_t)length, &inside);
			rig.got_length += (size_t)length;
			packet += length;
		}
	}
	good = good && is_right();
	finish();
	return good;
}

#endif

static bool
cut_by_little_room(uint64_t longest)
{
	struct random random = { longest };
	bool good = true;

	begin(false, NEVER, NULL, 0);
	put_many(&random, longest);
	while (good && rig.ledger.out.bytes < rig.sent_length) {
		size_t room = (size_t)random_from(&random, 1, 100000);

		(void)drain(0);
		good = may_end_at((size_t)rig.ledger.out.bytes);
		if (!good)
			diag("cut at byte %" PRIu64, rig.ledger.out.bytes);
		if (room > STREAM_MOST - rig.got_length)
			room = STREAM_MOST - rig.got_length;
		rig.got_length += pipe_drain(rig.reader, rig.got + rig.got_length, room);
	}
	good = good && is_right();
	finish();
	return good;
}

/* A batch that is cut short because the pipe has little room leaves nothing behind for the next one. */
static bool
batch_after_batch(size_t capacity)
{
	int both[2];
	bool good = true;

	must(pipe(both) == 0);
#ifdef F_SETPIPE_SZ
	must(fcntl(both[1], F_SETPIPE_SZ, (int)capacity) >= 0);
#endif
	begin_on(both, false, NEVER, NULL, 0);
	for (int burst = 0; good && burst < 24; burst++) {
		for (int i = 0; i <= burst * 7 % 12; i++)
			put(4000, true);
		for (int tries = 0; good && rig.ledger.out.bytes < rig.sent_length; tries++) {
			(void)drain(0);
			good = is_right() && tries < 20;
		}
	}
	finish();
	return good;
}

static void
whole_writes(void)
{
	static const uint64_t longest[] = { 1, 2, 100, 1000, PIPE_BUF - 1, PIPE_BUF, PIPE_BUF + 1, 20000 };
	bool good = true, good_packets = true;

	for (size_t i = 0; i < sizeof(longest) / sizeof(longest[0]); i++) {
		good = good && cut_by_little_room(longest[i]);
#ifdef O_DIRECT
		good_packets = good_packets && packets(IO_WAY_NOWAIT, longest[i]) &&
		    packets(IO_WAY_POLLED, longest[i]);
#endif
		if (!good || !good_packets)
			diag("records of up to %" PRIu64 " bytes", longest[i]);
	}
	ok(batch_after_batch(32768) && batch_after_batch(65536), "batches of any size, in pipes of little room");
	ok(good, "however little room there is, no record of up to PIPE_BUF bytes is cut");
	ok(good_packets, "each write is whole records of at most PIPE_BUF bytes, or part of one longer record");
}

/* --- obstacles ------------------------------------------------------------------------------------ */

static void
obstacles(void)
{
	begin(false, NEVER, NULL, 0);
	is(drain(0), OUTLET_EMPTY, "nothing is held");
	put(50, false);
	is(drain(0), OUTLET_EMPTY, "nothing that may leave is held");
	is(rig.ledger.out.bytes, 0, "an incomplete record stays");
	put(50, true);
	is(drain(0), OUTLET_EMPTY, "when it is complete it leaves");
	ok(rig.ledger.out.records == 1 && rig.ledger.out.bytes == 100 && is_right(), "and is counted");
	pipe_fill(rig.outlet.port.inherited);
	put(100, true);
	is(drain(0), OUTLET_REFUSED, "a full output takes no more");
	is(rig.ledger.out.records, 1, "and none is counted");
	(void)close(rig.reader);
	is(drain(0), OUTLET_GONE, "a reader that has gone takes no more at all");
	finish();
#ifdef __linux__
	begin(false, NEVER, NULL, 0);
	(void)io_close(&rig.outlet.port);
	io_open_output(&rig.outlet.port, open("/dev/full", O_WRONLY));
	put(100, true);
	is(drain(0), OUTLET_ERROR, "a full disk is an error");
	is(rig.outlet.error, ENOSPC, "and the reason is kept");
	is(queue_held(&rig.queue).records, 1, "the record is still held");
	finish();
#endif
}

/* Of what a file has no room for, a part is taken first. */
static void
file_too_large(void)
{
	int both[2] = { open("/dev/null", O_RDONLY), pipe_file("", 0) };
	struct rlimit before, limit;

	must(getrlimit(RLIMIT_FSIZE, &before) == 0);
	limit = before;
	limit.rlim_cur = 150;
	begin_on(both, false, NEVER, NULL, 0);
	put(100, true);
	put(100, true);
	must(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	is(drain(0), OUTLET_ERROR, "a file that may not grow is an error");
	must(setrlimit(RLIMIT_FSIZE, &before) == 0);
	is(rig.outlet.error, EFBIG, "and the reason is kept");
	ok(rig.ledger.out.bytes == 150 && rig.ledger.out.records == 1 && queue_part_sent(&rig.queue),
	    "what it took before is counted");
	finish();
}

static void
budget(void)
{
	int both[2] = { open("/dev/null", O_RDONLY), open("/dev/null", O_WRONLY) };

	begin_on(both, false, NEVER, NULL, 0);
	for (int i = 0; i < 8000; i++)
		put(100, true);
	is(outlet_drain(&rig.outlet, &rig.queue, &rig.ledger, 0, 1), OUTLET_MORE, "there is more");
	ok(rig.ledger.out.bytes > 0 && rig.ledger.out.bytes < 400000, "but a budget ends its turn");
	rig.queue.limits.bytes = 50000;
	is(outlet_drain(&rig.outlet, &rig.queue, &rig.ledger, 0, 1), OUTLET_MORE, "there still is");
	ok(fit_all(&rig.queue) && rig.ledger.out.bytes < 800000,
	    "where what is left does not fit, the turn is longer");
	finish();
}

/* A stream goes as it comes, and what a gate holds goes in parts once there is much of it. */
static void
parts(void)
{
	begin(true, NEVER, NULL, 0);
	put(5, false);
	is(drain(0), OUTLET_EMPTY, "of a stream all leaves");
	ok(rig.ledger.out.bytes == 5 && rig.ledger.out.records == 0 && is_right(), "a record's beginning too");
	put(5, true);
	(void)drain(0);
	ok(rig.ledger.out.records == 1 && is_right(), "its end makes it a record");
	finish();

	begin(false, 1000, NULL, 0);
	put(999, false);
	(void)drain(0);
	is(rig.ledger.out.bytes, 0, "a long record waits for its end");
	put(1, false);
	(void)drain(0);
	is(rig.ledger.out.bytes, 1000, "until it is too long to wait");
	put(1, false);
	(void)drain(0);
	is(rig.ledger.out.bytes, 1001, "then it leaves as it comes");
	put(9, true);
	put(1, true);
	(void)drain(0);
	ok(rig.ledger.out.records == 2 && is_right(), "to its end, and the next follows");
	finish();
}

/* --- the rate ------------------------------------------------------------------------------------- */

/* How much is let go is held in test_toll.c; here, that it is asked, and told. */
static void
held(void)
{
	const struct rate rate = { 10, NS_PER_S, false };

	begin(false, NEVER, &rate, 3);
	for (int i = 0; i < 5; i++)
		put(100, true);
	is(drain(0), OUTLET_HELD, "10/s: what may not leave is held");
	is(rig.ledger.out.records, 3, "and nothing of it leaves");
	is(outlet_awaited(&rig.outlet), WAIT_RATE, "for the rate,");
	is(outlet_due_ns(&rig.outlet), 100 * MS, "until it is due");
	is(drain(100 * MS - 1), OUTLET_HELD, "and not a nanosecond less");
	is(rig.ledger.out.records, 3, "is it held");
	(void)drain(100 * MS);
	is(rig.ledger.out.records, 4, "then it leaves");
	is(drain(NS_PER_S), OUTLET_EMPTY, "when all is out there is nothing to wait for");
	ok(outlet_due_ns(&rig.outlet) == UINT64_MAX && is_right(), "and nothing is due");
	finish();
}

/* The rest of a record that has been paid for needs no more tokens. */
static void
paid_rest(void)
{
	const struct rate by_bytes = { 1000, NS_PER_S, true }, by_records = { 1, NS_PER_S, false };
	const struct rate *rates[] = { &by_bytes, &by_records };

	for (size_t i = 0; i < 2; i++) {
		size_t room;

		begin(false, NEVER, rates[i], 1);
		room = pipe_fill(rig.outlet.port.inherited);
		put(200000, true);
		put(10, true);
		is(drain(0), OUTLET_REFUSED, "a record longer than there is room");
		pipe_forget(rig.reader, room);
		is(drain(0), OUTLET_REFUSED, "is begun");
		ok(queue_part_sent(&rig.queue) && rig.ledger.out.records == 0, "and not ended");
		for (int turns = 0; turns < 100 && rig.ledger.out.records == 0; turns++) {
			read_all();
			(void)drain(0);
		}
		is(rig.ledger.out.records, 1, "its rest needs room, not time");
		is(drain(0), OUTLET_HELD, "but the next record does");
		is(outlet_due_ns(&rig.outlet), (i == 0 ? 200 : 1) * NS_PER_S, "as long as the rate says");
		(void)drain(outlet_due_ns(&rig.outlet));
		ok(rig.ledger.out.records == 2 && is_right(), "then it leaves");
		finish();
	}
}

/* A record in parts: by records it is charged once, by bytes each part. */
static void
rated_parts(void)
{
	const struct rate by_bytes = { 1000, NS_PER_S, true }, by_records = { 1, NS_PER_S, false };

	begin(false, 1000, &by_records, 0);
	put(1000, false);
	put(500, false);
	is(drain(0), OUTLET_EMPTY, "1/s: parts of one record leave at once");
	is(rig.ledger.out.bytes, 1500, "all that is here of it");
	put(500, true);
	put(10, true);
	is(drain(0), OUTLET_HELD, "and its end");
	ok(rig.ledger.out.records == 1 && is_right(), "but nothing behind it");
	is(outlet_due_ns(&rig.outlet), NS_PER_S, "for a second");
	finish();

	begin(false, 1000, &by_records, 0);
	put(1000, false);
	(void)drain(0);
	put(500, true);
	put(10, true);
	(void)drain(NS_PER_S);
	ok(rig.ledger.out.records == 2 && is_right(), "a second that begins with the first part");
	finish();

	begin(false, 1000, &by_bytes, 100);
	put(1000, false);
	is(drain(0), OUTLET_HELD, "1000 B/s: parts of a record leave as tokens come");
	is(rig.ledger.out.bytes, 100, "a burst first");
	(void)drain(50 * MS);
	is(rig.ledger.out.bytes, 150, "then what has come");
	put(500, true);
	(void)drain(100 * MS);
	ok(rig.ledger.out.bytes == 200 && is_right(), "also when its end is here");
	finish();
}

/* Records of several keys leave in one write, and what is refused is charged once.  (26 bytes from a multiple of 26
 * on are one key, any others another.) */
static void
run_by_key(void)
{
	const struct rate by_records = { 1, NS_PER_S, false }, by_bytes = { 1000, NS_PER_S, true };
	const struct mark_style style = { .pattern = "M", .name = "weir", .delimiter = '\n' };
	const struct lost lost = { REASON_NEWEST, 1, 1, 0, 0, NS_PER_S };
	struct key_rule key = { .separator = KEY_BLANKS };
	struct buckets *buckets = buckets_new(1000, NS_PER_S, 100, 4);
	char error[PATTERN_ERROR_MOST];
	size_t room;

	must(key_parse(&key, "1", error) == NULL && buckets != NULL);
	begin(false, NEVER, &by_bytes, 100);
	toll_set_keys(&rig.outlet.toll, buckets, &key, 0);
	room = pipe_fill(rig.outlet.port.inherited);
	put(26, true);
	put(52, true);
	is(drain(0), OUTLET_REFUSED, "1000 B/s for each key: no room");
	pipe_forget(rig.reader, room);
	(void)drain(0);
	is(rig.ledger.out.records, 2, "what was refused goes out,");
	for (int i = 0; i < 3; i++)
		put(26, true);
	is(drain(0), OUTLET_HELD, "and was charged once:");
	ok(rig.ledger.out.records == 4 && is_right(), "the rest of its burst leaves, and no more");
	buckets_free(buckets);
	finish();

	must((buckets = buckets_new(1, NS_PER_S, 1, 4)) != NULL);
	begin(false, NEVER, &by_records, 1);
	toll_set_keys(&rig.outlet.toll, buckets, &key, 0);
	must((rig.outlet.marks = marks_new(2, &style)) != NULL);
	for (int i = 0; i < 3; i++)
		put(3, true);
	gaps_drop_at(rig.outlet.marks->gaps, 2, 0, &lost);
	(void)drain(0);
	read_all();
	ok(rig.got_length == 11 && memcmp(rig.got + 6, "M\n", 2) == 0, "a mark stands in its place among them");
	buckets_free(buckets);
	key_clear(&key);
	finish();
}

/* --- marks --------------------------------------------------------------------------------------------- */

/* The same for each key by itself: what is in its bucket, in 1/period_ns of a token. */
struct flow {
	int64_t content;
	uint64_t then_ns;
};

#define KEYS 5
#define RECORDS 20000

struct keyed {
	struct rate rate;
	int64_t depth;
	struct flow flow[KEYS + 1]; /* the last is that of records without a key */
	unsigned count;
	unsigned begun; /* records of which something is out */
	struct {
		size_t begin;
		unsigned flow;
		int64_t cost;
	} record[RECORDS];
};

static struct keyed keyed;

static void
put_keyed(struct random *random, uint64_t longest)
{
	size_t length = (size_t)random_from(random, 1, longest);
	unsigned flow = (unsigned)random_below(random, KEYS);

	keyed.record[keyed.count].begin = rig.sent_length;
	keyed.record[keyed.count].flow = length > 1 ? flow : KEYS;
	keyed.record[keyed.count++].cost = keyed.rate.bytes ? (int64_t)length : 1;
	put_of((char)('0' + flow), length, true);
}

/* By how much less than it needs the bucket of the next record has; it goes on filling up to its depth. */
static int64_t
lacks(uint64_t now)
{
	struct flow *flow = &keyed.flow[keyed.record[keyed.begun].flow];
	int64_t need = keyed.record[keyed.begun].cost, period = (int64_t)keyed.rate.period_ns;

	flow->content += (int64_t)((now - flow->then_ns) * keyed.rate.amount);
	if (flow->content > keyed.depth * period)
		flow->content = keyed.depth * period;
	flow->then_ns = now;
	return (need < keyed.depth ? need : keyed.depth) * period - flow->content;
}

/* What has begun to leave had its tokens, and what waits for the rate lacks some; but for a part of one, which the
 * bucket may keep in mind when it is full. */
static bool
within_keys(uint64_t now, enum outlet_state state)
{
	int64_t period = (int64_t)keyed.rate.period_ns;

	for (; keyed.begun < keyed.count && keyed.record[keyed.begun].begin < rig.ledger.out.bytes; keyed.begun++) {
		if (lacks(now) >= period) {
			diag("record %u has left too early", keyed.begun);
			return false;
		}
		keyed.flow[keyed.record[keyed.begun].flow].content -= keyed.record[keyed.begun].cost * period;
	}
	if (state != OUTLET_HELD || (keyed.begun < keyed.count && lacks(now) > -period))
		return true;
	diag("record %u waits, and need not", keyed.begun);
	return false;
}

/* By a pipe, a socket with little room, or a terminal, which takes 512 bytes at a time. */
static void
begin_keyed(struct random *random, const struct rate *rate, uint64_t burst)
{
	const int little = 2000;
	int both[2];

	if (random_one_in(random, 2)) {
		must(socketpair(AF_UNIX, SOCK_STREAM, 0, both) == 0);
		(void)setsockopt(both[1], SOL_SOCKET, SO_SNDBUF, &little, sizeof(little));
	} else {
		must(pipe(both) == 0);
	}
	begin_on(both, false, NEVER, rate, burst);
	if (rig.outlet.port.way != IO_WAY_SOCKET && random_one_in(random, 2)) {
		rig.outlet.port.way = IO_WAY_POLLED;
		rig.outlet.port.terminal = true;
	}
}

static bool
keeps_rate_by_key(uint64_t seed, struct key_rule *key)
{
	struct random random = { seed };
	const struct rate rate = { random_from(&random, 1, 1000), random_from(&random, 1, NS_PER_S),
		random_one_in(&random, 2) };
	uint64_t longest = random_from(&random, 1, random_one_in(&random, 4) ? 30000 : 300);
	uint64_t burst = random_from(&random, 1, random_one_in(&random, 2) ? 10 : 5000), now = 0;
	struct buckets *buckets = buckets_new(rate.amount, rate.period_ns, burst, KEYS + 1);
	enum outlet_state state = OUTLET_MORE;
	bool good = true;

	must(buckets != NULL);
	begin_keyed(&random, &rate, burst);
	toll_set_keys(&rig.outlet.toll, buckets, key, 0);
	keyed = (struct keyed){ .rate = rate, .depth = (int64_t)burst };
	for (unsigned i = 0; i <= KEYS; i++)
		keyed.flow[i].content = (int64_t)(burst * rate.period_ns);
	while (rig.sent_length < 40000 && keyed.count < RECORDS)
		put_keyed(&random, longest);
	for (unsigned turns = 0; good && state != OUTLET_EMPTY && turns < 300000; turns++) {
		state = drain(now);
		good = within_keys(now, state);
		if (random_one_in(&random, 3))
			good = good && is_right();
		if (state == OUTLET_HELD)
			now = outlet_due_ns(&rig.outlet);
		if (random_one_in(&random, 2))
			now += random_below(&random, rate.period_ns);
	}
	good = good && is_right() && rig.got_length == rig.sent_length;
	buckets_free(buckets);
	finish();
	return good;
}

static void
any_rate_by_key(void)
{
	struct key_rule key = { .separator = KEY_BLANKS };
	char error[PATTERN_ERROR_MOST];
	bool good = true;

	must(key_parse(&key, "1", error) == NULL);
	for (uint64_t seed = 1; seed <= 100 && good; seed++)
		if (!(good = keeps_rate_by_key(seed, &key)))
			diag("seed %" PRIu64, seed);
	key_clear(&key);
	ok(good, "and so for each key by itself, however little the output takes");
}

/* A mark of 1000 bytes stands before a record of five; the output is a terminal, which takes 512 bytes at a time. */
static void
begin_mark(const struct rate *rate, uint64_t burst)
{
	static char pattern[1000];
	const struct mark_style style = { .pattern = pattern, .name = "weir", .delimiter = '\n' };
	const struct lost lost = { REASON_NEWEST, 1, 1, 0, 0, NS_PER_S };

	memset(pattern, 'm', sizeof(pattern) - 1);
	begin(false, NEVER, rate, burst);
	must((rig.outlet.marks = marks_new(2, &style)) != NULL);
	gaps_drop_at(rig.outlet.marks->gaps, 0, 0, &lost);
	rig.outlet.port.way = IO_WAY_POLLED;
	rig.outlet.port.terminal = true;
	put(5, true);
}

static void
marks_in_parts(void)
{
	const struct rate records = { 10, NS_PER_S, false }, bytes = { 1000, NS_PER_S, true };

	begin_mark(&records, 2);
	ok(drain(0) == OUTLET_REFUSED && outlet_mark_begun(&rig.outlet), "of a mark a part is taken");
	ok(rig.ledger.marks.records == 0 && rig.ledger.marks.bytes == 512, "which is none yet");
	is(drain(0), OUTLET_EMPTY, "its rest, and the record behind it, cost no more than two records");
	read_all();
	ok(rig.got_length == 1005 && rig.got[999] == '\n' && rig.ledger.marks.records == 1 &&
	    rig.ledger.marks.bytes == 1000 && rig.ledger.out.bytes == 5, "they are whole, in order, and counted apart");
	finish();

	begin_mark(&bytes, 1000);
	(void)drain(0);
	is(drain(0), OUTLET_HELD, "under a rate in bytes a mark costs its bytes");
	read_all();
	is(rig.got_length, 1000, "and the record has to wait");
	finish();
}

/* What another reader is given begins with a mark of which a part was out, whether it is waited for or not. */
static void
marks_begin_anew(void)
{
	int both[2];

	begin_mark(NULL, 0);
	ok(drain(0) == OUTLET_REFUSED && outlet_mark_begun(&rig.outlet), "of a mark a part is out");
	(void)io_close(&rig.outlet.port);
	(void)close(rig.reader);
	outlet_change_reader(&rig.outlet, NULL);
	is(drain(0), OUTLET_REFUSED, "without a reader what waits is refused");
	must(pipe(both) == 0);
	rig.reader = both[0];
	io_open_output(&rig.outlet.port, both[1]);
	outlet_change_reader(&rig.outlet, &(struct io_port){ .fd = rig.outlet.port.fd, .inherited = rig.outlet.port.inherited,
	    .way = rig.outlet.port.way, .output = true, .pipe = true, .unit = rig.outlet.port.unit, .stage = { -1, -1 } });
	is(drain(0), OUTLET_EMPTY, "another one");
	read_all();
	ok(rig.got_length == 1005 && rig.got[0] == 'm' && rig.got[999] == '\n', "is given it from its beginning");
	outlet_change_reader(&rig.outlet, NULL);
	is(drain(0), OUTLET_EMPTY, "where nothing waits nothing is refused");
	finish();
}

static void
marks_have_a_budget(void)
{
	const struct mark_style style = { .pattern = "M", .name = "weir", .delimiter = '\n' };
	const struct lost lost = { REASON_NEWEST, 1, 1, 0, 0, NS_PER_S };
	int both[2] = { open("/dev/null", O_RDONLY), open("/dev/null", O_WRONLY) };
	int turns = 1;

	must(both[0] >= 0 && both[1] >= 0);
	begin_on(both, false, NEVER, NULL, 0);
	must((rig.outlet.marks = marks_new(1000, &style)) != NULL);
	for (uint64_t i = 0; i < 1000; i++) {
		gaps_drop_at(rig.outlet.marks->gaps, i, 0, &lost);
		put(2, true);
	}
	is(outlet_drain(&rig.outlet, &rig.queue, &rig.ledger, 0, 10000), OUTLET_MORE, "many marks are more than one turn");
	ok(rig.ledger.marks.records > 50 && rig.ledger.marks.records < 100, "of some each");
	while (outlet_drain(&rig.outlet, &rig.queue, &rig.ledger, 0, 10000) == OUTLET_MORE)
		turns++;
	ok(turns < 20 && rig.ledger.marks.records == 1000 && rig.ledger.out.records == 1000, "and all leave in the end");
	finish();
}

int
main(void)
{
	pipe_init();
	whole_writes();
	obstacles();
	file_too_large();
	budget();
	marks_have_a_budget();
	parts();
	held();
	paid_rest();
	rated_parts();
	run_by_key();
	marks_in_parts();
	marks_begin_anew();
	any_rate_by_key();
	return done_testing();
}
