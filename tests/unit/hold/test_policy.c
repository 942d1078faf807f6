/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intake, queue and policies against a model that is obviously right: a list of records, read byte by
 * byte, over which the policy decides record by record, as POLICIES and RECORDS in weir(1) have it.
 *
 * A run is a random stream of records, in random reads, with takes of random lengths (so that heads are
 * sent in part), and the policy settling now and then.  After each step all that can be asked of the
 * queue, all it holds, and the whole ledger must be what the model says.
 *
 * This is for the policies that take no look at a record; those that do are held against a model in
 * tests/model, and by example in test_shed.c.
 */
#include "../tap.h"

#include "../random.h"
#include "flow/intake.h"
#include "hold/fit.h"
#include "hold/policy.h"
#include "hold/queue.h"
#include "pick/sample.h"

#define STREAM_MOST ((size_t)512 << 10)
#define RECORDS_MOST 20000

struct record {
	size_t start; /* in the stream */
	size_t length;
	size_t sent;
	bool ended;
	bool admitted;
};

struct model {
	struct record held[RECORDS_MOST]; /* oldest first; the last may not have ended */
	size_t count;
	bool open;    /* a record has been begun, */
	size_t begun; /* of which this much was read, */
	bool left_out; /* and it is being left out */
	enum reason why;
	uint64_t number; /* of the next record in the input */
	uint64_t kept;   /* records in the sample so far */
	struct ledger ledger;
};

struct rig {
	struct random random;
	char stream[STREAM_MOST];
	size_t length; /* of the stream */
	size_t read;
	bool ended;    /* and its end has been told */
	enum policy policy;
	struct framing framing;
	struct queue_limits limits;
	struct share share;
	uint64_t max_record;
	struct intake intake;
	struct queue queue;
	struct ledger ledger;
	struct loss loss;
	struct shed shed; /* of a policy that needs none */
	struct model model;
};

static struct rig rig;

/* --- the model ------------------------------------------------------------------------------------ */

static void
leave_out(struct model *m, enum reason why, size_t bytes)
{
	m->left_out = true;
	m->why = why;
	ledger_count(&m->ledger.dropped[why], 0, bytes);
}

static void
begin_record(struct model *m, size_t at)
{
	m->open = true;
	m->begun = 0;
	m->left_out = false;
	if (m->number++ != m->kept * rig.share.den / rig.share.num) {
		leave_out(m, REASON_SAMPLE, 0);
		return;
	}
	m->kept++;
	m->held[m->count++] = (struct record){ .start = at };
}

static void
end_record(struct model *m)
{
	m->ledger.in.records++;
	m->open = false;
	if (m->left_out)
		m->ledger.dropped[m->why].records++;
	else
		m->held[m->count - 1].ended = true;
}

static void
model_read(struct model *m, size_t from, size_t length)
{
	m->ledger.in.bytes += length;
	for (size_t at = from; at < from + length; at++) {
		if (!m->open)
			begin_record(m, at);
		m->begun++;
		if (m->left_out)
			m->ledger.dropped[m->why].bytes++;
		else if (m->begun > rig.max_record)
			m->count--, leave_out(m, REASON_OVERSIZE, m->begun);
		else
			m->held[m->count - 1].length++;
		if (rig.framing.kind == FRAMING_FIXED ? m->begun == rig.framing.size
		                                      : (unsigned char)rig.stream[at] == rig.framing.delimiter)
			end_record(m);
	}
}

static void
model_remove(struct model *m, size_t index, struct tally *counted)
{
	ledger_count(counted, 1, m->held[index].length - m->held[index].sent);
	m->count--;
	memmove(&m->held[index], &m->held[index + 1], (m->count - index) * sizeof(m->held[0]));
}

static void
model_take(struct model *m, size_t length)
{
	while (length > 0) {
		struct record *head = &m->held[0];
		size_t part = head->length - head->sent < length ? head->length - head->sent : length;

		head->sent += part;
		length -= part;
		m->ledger.out.bytes += part;
		if (head->ended && head->sent == head->length)
			model_remove(m, 0, &m->ledger.out);
	}
}

static void
model_end(struct model *m)
{
	if (!m->open)
		return;
	end_record(m);
	if (!m->left_out && m->held[m->count - 1].sent == m->held[m->count - 1].length)
		model_remove(m, m->count - 1, &m->ledger.out);
}

/* What the records before this one, which the policy has let in, take up. */
static bool
fits_behind(const struct model *m, size_t index)
{
	size_t bytes = m->held[index].length;
	uint64_t records = 1;

	for (size_t i = 0; i < index; i++) {
		bytes += m->held[i].length - m->held[i].sent;
		records += m->held[i].sent == 0;
	}
	return bytes <= rig.limits.bytes && records <= rig.limits.records;
}

/* One that has arrived: lets it in or not; whether it stays. */
static bool
arrives(struct model *m, size_t index)
{
	const struct record *record = &m->held[index];
	size_t first = m->held[0].sent > 0; /* that may be evicted */
	size_t rest = first > 0 ? m->held[0].length - m->held[0].sent : 0;

	if (rig.policy == POLICY_BLOCK || record->sent > 0 || fits_behind(m, index))
		return true;
	if (rig.policy == POLICY_DROP_NEWEST || record->length > rig.limits.bytes - rest) {
		model_remove(m, index, &m->ledger.dropped[REASON_NEWEST]);
		return false;
	}
	while (!fits_behind(m, index)) {
		model_remove(m, first, &m->ledger.dropped[REASON_OLDEST]);
		index--;
	}
	return true;
}

static void
model_settle(struct model *m)
{
	for (size_t i = 0; i < m->count && m->held[i].ended;) {
		size_t before = m->count;

		if (m->held[i].admitted) {
			i++;
			continue;
		}
		if (arrives(m, i)) {
			i -= before - m->count;
			m->held[i++].admitted = true;
		}
	}
}

/* --- both must say the same ------------------------------------------------------------------------ */

static bool
differ(const char *what, uint64_t got, uint64_t want)
{
	if (got != want)
		diag("%s: %" PRIu64 ", the model says %" PRIu64, what, got, want);
	return got != want;
}

static bool
same_tally(const char *what, const struct tally *got, const struct tally *want)
{
	if (got->records == want->records && got->bytes == want->bytes)
		return true;
	diag("%s: %" PRIu64 " records %" PRIu64 " bytes, the model says %" PRIu64 " and %" PRIu64, what,
	    got->records, got->bytes, want->records, want->bytes);
	return false;
}

static bool
same_ledger(void)
{
	const struct ledger *got = &rig.ledger, *want = &rig.model.ledger;
	bool same = same_tally("in", &got->in, &want->in) && same_tally("out", &got->out, &want->out);

	for (int i = 0; i < REASONS && same; i++)
		same = same_tally(reason_name((enum reason)i), &got->dropped[i], &want->dropped[i]);
	if (same && !ledger_balances(got, queue_held(&rig.queue))) {
		diag("the ledger does not balance");
		same = false;
	}
	return same;
}

/* The longest run of whole records within these limits. */
static size_t
model_whole(const struct model *m, size_t most, uint64_t records)
{
	size_t sum = 0;

	for (size_t i = 0; i < m->count && m->held[i].ended && records > 0; i++, records--) {
		if (sum + m->held[i].length > most)
			break;
		sum += m->held[i].length;
	}
	return sum;
}

static bool
same_answers(void)
{
	const struct model *m = &rig.model;
	struct queue *q = &rig.queue;
	bool part_sent = m->count > 0 && m->held[0].sent > 0;
	uint64_t waiting = 0;
	size_t ready = 0, partial = 0, most, from;
	uint64_t records = random_below(&rig.random, 8);
	struct tally held = { 0, 0 }, got;

	for (size_t i = 0; i < m->count; i++) {
		size_t rest = m->held[i].length - m->held[i].sent;
		ledger_count(&held, m->held[i].ended, rest);
		waiting += m->held[i].ended && m->held[i].sent == 0;
		*(m->held[i].ended ? &ready : &partial) += rest;
	}
	most = (size_t)random_below(&rig.random, rig.limits.bytes + 10);
	if (random_one_in(&rig.random, 4))
		records = UINT64_MAX;
	from = model_whole(m, SIZE_MAX, random_below(&rig.random, 3));
	got = queue_held(q);
	if (!same_tally("held", &got, &held) ||
	    differ("waiting", queue_waiting(q), waiting) || differ("partial", queue_partial(q), partial) ||
	    differ("part-sent", queue_part_sent(q), part_sent) ||
	    differ("fits", fit_all(q), waiting == 0 || (ready <= rig.limits.bytes && waiting <= rig.limits.records)) ||
	    differ("rest", queue_rest(q), part_sent ? m->held[0].length - m->held[0].sent : 0))
		return false;
	if (part_sent)
		return true;
	return !differ("head", queue_head(q), ready > 0 ? m->held[0].length : 0) &&
	    !differ("whole", queue_whole(q, most, records), model_whole(m, most, records)) &&
	    !differ("whole, from the second or third", queue_whole_from(q, from, most),
	        model_whole(m, from + most, UINT64_MAX) > from
	            ? model_whole(m, from + most, UINT64_MAX) - from : 0);
}

/* All that is held, byte by byte: what is in transit first, then the chain. */
static bool
same_bytes(void)
{
	static char want[STREAM_MOST];
	const struct queue *q = &rig.queue;
	size_t length = 0, rest = queue_rest(q), at = 0;
	struct chain_place place = chain_at(&q->chain, 0);
	static struct iovec piece[STREAM_MOST];
	int pieces = chain_peek_apart(&q->chain, rest, piece, STREAM_MOST);

	for (size_t i = 0; i < rig.model.count; i++) {
		const struct record *record = &rig.model.held[i];
		memcpy(want + length, rig.stream + record->start + record->sent, record->length - record->sent);
		length += record->length - record->sent;
	}
	if (rest + chain_used(&q->chain) != length) {
		diag("%zu bytes are in transit and %zu in the chain, not %zu", rest, chain_used(&q->chain), length);
		return false;
	}
	for (size_t left = chain_used(&q->chain); left > 0; left -= piece[pieces++].iov_len)
		piece[pieces] = chain_next(&q->chain, &place, left);
	for (int i = 0; i < pieces; at += piece[i++].iov_len) {
		if (memcmp(piece[i].iov_base, want + at, piece[i].iov_len) != 0) {
			diag("what is held is not what it should be");
			return false;
		}
	}
	return true;
}

static bool
agree(const char *after)
{
	queue_check(&rig.queue);
	if (same_answers() && same_ledger() && same_bytes())
		return true;
	diag("after %s, at byte %zu of %zu: policy %s, framing %s, size %" PRIu64 ", %zu bytes, %" PRIu64
	     " records, slack %zu, longest record %" PRIu64 ", sample %" PRIu64 " in %" PRIu64, after, rig.read,
	    rig.length, policy_name(rig.policy), framing_name(&rig.framing), rig.framing.size,
	    rig.limits.bytes, rig.limits.records, rig.limits.slack, rig.max_record, rig.share.num,
	    rig.share.den);
	return false;
}

/* --- steps ---------------------------------------------------------------------------------------- */

static bool
step_read(void)
{
	size_t most = (size_t)random_from(&rig.random, 1, rig.limits.bytes);
	struct iovec piece[QUEUE_ROOM];
	size_t length, left = rig.length - rig.read;
	int pieces;

	if (left == 0)
		return true;
	if (rig.limits.slack > 0 && most > rig.limits.slack)
		most = rig.limits.slack;
	if (random_one_in(&rig.random, 3))
		most = (size_t)random_from(&rig.random, 1, most < 9 ? most : 9);
	pieces = queue_prepare(&rig.queue, most, piece, &length);
	if (length > most || (length == 0 && policy_drops(rig.policy))) {
		diag("room for %zu of %zu bytes", length, most);
		return false;
	}
	length = length < left ? length : left;
	for (size_t i = 0, at = 0; i < (size_t)pieces && at < length; at += piece[i++].iov_len)
		memcpy(piece[i].iov_base, rig.stream + rig.read + at,
		    piece[i].iov_len < length - at ? piece[i].iov_len : length - at);
	if (length > 0)
		intake_take(&rig.intake, &rig.queue, &rig.loss, piece, length);
	model_read(&rig.model, rig.read, length);
	rig.read += length;
	return agree("a read");
}

/* As the output takes it: whole records, or any part; of an incomplete record only under block. */
static bool
step_take(void)
{
	struct queue *q = &rig.queue;
	bool streams = rig.policy == POLICY_BLOCK && rig.max_record == UINT64_MAX;
	size_t most = queue_rest(q);
	struct iovec piece[QUEUE_PIECES];
	size_t length;
	uint64_t ended;
	int pieces;

	if (streams)
		most += chain_used(&q->chain);
	else if (most == 0)
		most = q->ready;
	if (most == 0)
		return true;
	length = (size_t)random_from(&rig.random, 1, random_one_in(&rig.random, 3) ? most : (most + 9) / 10);
	if (!queue_part_sent(q) && random_one_in(&rig.random, 2))
		length = queue_whole(q, length, UINT64_MAX);
	if (length == 0)
		return true;
	pieces = queue_peek(q, 0, &length, piece);
	if (pieces < 1 || length == 0) {
		diag("peek gives %d pieces of %zu bytes", pieces, length);
		return false;
	}
	ended = queue_take(q, length);
	ledger_count(&rig.ledger.out, ended, length);
	model_take(&rig.model, length);
	return agree("a take");
}

static bool
step_settle(void)
{
	(void)policy_settle(rig.policy, &rig.shed, &rig.queue, &rig.loss);
	model_settle(&rig.model);
	if (rig.policy != POLICY_BLOCK && !fit_all(&rig.queue)) {
		diag("what the policy has let in does not fit");
		return false;
	}
	return agree("settling");
}

static bool
step_end(void)
{
	rig.ended = true;
	intake_end(&rig.intake, &rig.queue, &rig.loss);
	model_end(&rig.model);
	return agree("the end");
}

/* --- runs ----------------------------------------------------------------------------------------- */

/* Most records are short, some are as long as can be held, few are longer than the whole buffer. */
static size_t
some_length(void)
{
	if (random_one_in(&rig.random, 30))
		return (size_t)random_from(&rig.random, 1, 3 * rig.limits.bytes);
	if (random_one_in(&rig.random, 4))
		return (size_t)random_from(&rig.random, 1, rig.limits.bytes);
	return (size_t)random_from(&rig.random, 1, 1 + rig.limits.bytes / 10);
}

static void
make_stream(size_t length)
{
	rig.length = length;
	for (size_t at = 0; at < length;) {
		size_t record = some_length();

		for (; record > 0 && at < length; record--, at++) {
			unsigned char byte = (unsigned char)random_next(&rig.random);
			if (byte == rig.framing.delimiter)
				byte ^= 1;
			rig.stream[at] = (char)(record == 1 ? rig.framing.delimiter : byte);
		}
	}
}

static void
begin_intake(bool sampling)
{
	struct gate_rules gates = { .sampling = sampling, .max_record = rig.max_record };

	if (sampling)
		sample_init(&gates.sample, &rig.share, SAMPLE_BY_COUNT, NULL);
	intake_init(&rig.intake, &rig.framing, &gates);
}

static void
make_rig(enum policy policy, bool gates, bool large, uint64_t seed)
{
	static const struct framing framings[] = { { .kind = FRAMING_LINES, .delimiter = '\n' }, { .kind = FRAMING_NULL },
		{ .kind = FRAMING_DELIMITER, .delimiter = 0xff }, { .kind = FRAMING_FIXED } };
	struct random *random = &rig.random;
	bool drops = policy_drops(policy);

	random->state = seed * 1000003;
	rig.policy = policy;
	rig.framing = framings[random_below(random, 4)];
	rig.limits.bytes = (size_t)(large ? random_from(random, 80000, 150000) : random_from(random, 10, 300));
	rig.limits.records = random_one_in(random, 2) ? UINT64_MAX : random_from(random, 1, large ? 300 : 6);
	rig.limits.slack = 0;
	if (drops || gates)
		rig.limits.slack = (size_t)(large ? random_from(random, 16384, 70000) : random_from(random, 16, 400));
	rig.max_record = drops ? random_from(random, (rig.limits.bytes + 1) / 2, rig.limits.bytes) : UINT64_MAX;
	rig.limits.record = drops ? (size_t)rig.max_record : 0;
	rig.share = (struct share){ 1, 1 };
	if (gates)
		rig.share = (struct share){ random_from(random, 1, 5), random_from(random, 5, 9) };
	if (rig.framing.kind == FRAMING_FIXED)
		rig.framing.size = some_length();
	make_stream((size_t)(large ? 250000 : random_from(random, 1, 4000)));
	begin_intake(gates);
	rig.ledger = (struct ledger){ .in = { 0, 0 } };
	rig.loss = (struct loss){ .ledger = &rig.ledger };
	rig.read = 0;
	rig.ended = false;
	rig.model.count = 0;
	rig.model.open = false;
	rig.model.number = rig.model.kept = 0;
	rig.model.ledger = rig.ledger;
}

/* In the order of a pass: read, the output takes what it will, the policy settles the rest. */
static bool
run_once(void)
{
	bool good = queue_init(&rig.queue, &rig.framing, &rig.limits) == 0;
	/* The reader: with 1 it is stalled until the input ends. */
	unsigned eager = (unsigned)random_from(&rig.random, rig.policy == POLICY_BLOCK ? 2 : 1, 6);

	while (good && (rig.read < rig.length || queue_held(&rig.queue).bytes > 0)) {
		good = step_read();
		for (unsigned takes = (unsigned)random_below(&rig.random, eager); takes > 0 && good; takes--)
			good = step_take();
		good = good && step_settle();
		if (good && rig.read == rig.length && !rig.ended) {
			good = step_end();
			eager++;
		}
	}
	queue_free(&rig.queue);
	return good;
}

static void
property(enum policy policy, bool gates)
{
	bool good = true;
	uint64_t seed = 1;

	for (; seed <= 150 && good; seed++) {
		make_rig(policy, gates, false, seed);
		good = run_once();
	}
	ok(good, "%s%s: small buffers", policy_name(policy), gates ? " and a sample" : "");
	for (seed = 1; seed <= 1 && good; seed++) {
		make_rig(policy, gates, true, seed);
		good = run_once();
	}
	ok(good, "%s%s: large buffers", policy_name(policy), gates ? " and a sample" : "");
}

static void
names(void)
{
	static const char *const known[POLICIES] = { "block", "drop-oldest", "drop-newest", "drop-random",
		"latest", "fair", "shed", "codel", "fail" };
	enum policy policy = POLICY_BLOCK;

	for (int i = 0; i < POLICIES; i++) {
		is_text(policy_name((enum policy)i), known[i], "the name of %s", known[i]);
		ok(policy_find(known[i], &policy) && policy == (enum policy)i, "%s is found by it", known[i]);
		is(policy_drops((enum policy)i), i != POLICY_BLOCK, "only block does not drop: %s", known[i]);
	}
	policy = POLICY_DROP_NEWEST;
	ok(!policy_find("drop", &policy) && !policy_find("", &policy) && !policy_find("blocks", &policy),
	    "nothing else is found");
	is(policy, POLICY_DROP_NEWEST, "and then nothing is stored");
}

/* Nothing gives way: it is only told that it does not fit. */
static void
fails(void)
{
	static const char text[] = "1\n2\n3\n";
	bool good = true;

	make_rig(POLICY_FAIL, false, false, 1);
	rig.framing = (struct framing){ .kind = FRAMING_LINES, .delimiter = '\n' };
	rig.limits.records = 2;
	begin_intake(false);
	if (queue_init(&rig.queue, &rig.framing, &rig.limits) < 0)
		abort();
	for (size_t i = 0; i < 3; i++) {
		struct iovec piece[QUEUE_ROOM];
		size_t length;

		(void)queue_prepare(&rig.queue, 2, piece, &length);
		memcpy(piece[0].iov_base, text + 2 * i, 2);
		intake_take(&rig.intake, &rig.queue, &rig.loss, piece, 2);
		good = good && policy_settle(POLICY_FAIL, &rig.shed, &rig.queue, &rig.loss) == (i < 2);
	}
	ok(good, "fail: the first record that does not fit is told");
	is(queue_held(&rig.queue).records, 3, "fail: and stays");
	is(rig.queue.admitted_records, 2, "fail: not let in");
	queue_free(&rig.queue);
}

int
main(void)
{
	static const enum policy blind[] = { POLICY_BLOCK, POLICY_DROP_OLDEST, POLICY_DROP_NEWEST, POLICY_CODEL };

	names();
	for (size_t i = 0; i < sizeof(blind) / sizeof(blind[0]); i++) {
		property(blind[i], false);
		property(blind[i], true);
	}
	fails();
	return done_testing();
}
