/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The queue against a list of records.  The input is a configuration and then operations, one a byte with
 * what it needs behind it; after each the queue must hold and answer just what the list says.
 *
 * The list decides record by record, as weir(1) has it.  Only what the callers of the queue may do is
 * done: under block nothing gives way and any byte may be taken; otherwise what is ready.
 */
#include "config.h"

#include "fuzz.h"
#include "hold/fit.h"
#include "hold/queue.h"
#include "hold/sweep.h"

#include <string.h>

#define STREAM_MOST ((size_t)32 << 10)
#define RECORDS_MOST 4096

struct record {
	size_t start;  /* in the stream */
	size_t length;
	size_t passed; /* bytes of it that never were in the queue */
	size_t sent;
	bool ended;
	bool admitted;
};

static struct model {
	char stream[STREAM_MOST]; /* all that was appended */
	size_t length;
	struct record held[RECORDS_MOST]; /* oldest first; the last may not have ended */
	size_t count;
	bool drops;
	bool finished;
	uint64_t steps;
	size_t gone[RECORDS_MOST]; /* of a sweep: those that it drops */
	size_t gone_count;
	struct queue queue;
} m;

static struct tally swept;

static size_t
left_of(const struct record *record)
{
	return record->length - record->sent;
}

static bool
is_begun(const struct record *record)
{
	return record->sent > 0 || record->passed > 0;
}

static bool
part_sent(void)
{
	return m.count > 0 && is_begun(&m.held[0]);
}

static struct record *
open_record(void)
{
	return m.count > 0 && !m.held[m.count - 1].ended ? &m.held[m.count - 1] : NULL;
}

static void
remove_record(size_t index)
{
	m.count--;
	memmove(&m.held[index], &m.held[index + 1], (m.count - index) * sizeof(m.held[0]));
}

static void
drop(size_t index, struct tally *tally)
{
	ledger_count(tally, 1, left_of(&m.held[index]));
	remove_record(index);
}

/* --- after each step ------------------------------------------------------------------------------ */

/* The longest run of whole records from the oldest on, in these limits. */
static size_t
run_of(size_t most, uint64_t records)
{
	size_t sum = 0;

	for (size_t i = 0; i < m.count && m.held[i].ended && i < records; i++) {
		if (m.held[i].length > most - sum)
			break;
		sum += m.held[i].length;
	}
	return sum;
}

static void
check_runs(size_t ready)
{
	size_t from = run_of(SIZE_MAX, m.steps % 3);
	size_t most = m.steps * 37 % (m.queue.limits.bytes + 10);
	uint64_t records = m.steps % 5 == 0 ? UINT64_MAX : m.steps % 7;

	expect_equal("head", queue_head(&m.queue), ready > 0 ? m.held[0].length : 0);
	expect_equal("whole", queue_whole(&m.queue, most, records), run_of(most, records));
	expect_equal("whole from", queue_whole_from(&m.queue, from, most),
	    run_of(from + most, UINT64_MAX) - from);
}

/* What is in transit first, then the chain, must be what is left of the records. */
static void
check_bytes(void)
{
	static struct iovec piece[STREAM_MOST];
	const struct chain *chain = &m.queue.chain;
	struct chain_place place = chain_at(chain, 0);
	int pieces = chain_peek_apart(chain, queue_rest(&m.queue), piece, STREAM_MOST);
	size_t at = 0;
	int in = 0;

	for (size_t left = chain_used(chain); left > 0; left -= piece[pieces++].iov_len)
		piece[pieces] = chain_next(chain, &place, left);
	for (size_t i = 0; i < m.count; i++) {
		for (size_t sent = m.held[i].sent; sent < m.held[i].length; sent++) {
			for (; in < pieces && at == piece[in].iov_len; at = 0)
				in++;
			expect(in < pieces, "a byte is there", i, sent);
			expect_equal("a byte", (unsigned char)((const char *)piece[in].iov_base)[at++],
			    (unsigned char)m.stream[m.held[i].start + sent]);
		}
	}
}

static void
check(void)
{
	struct tally held = { 0, 0 }, got = queue_held(&m.queue);
	uint64_t waiting = 0;
	size_t ready = 0;

	queue_check(&m.queue);
	for (size_t i = 0; i < m.count; i++) {
		ledger_count(&held, m.held[i].ended, left_of(&m.held[i]));
		waiting += m.held[i].ended && !is_begun(&m.held[i]);
		ready += m.held[i].ended ? left_of(&m.held[i]) : 0;
	}
	expect_equal("held records", got.records, held.records);
	expect_equal("held bytes", got.bytes, held.bytes);
	expect_equal("waiting", queue_waiting(&m.queue), waiting);
	expect_equal("partial", queue_partial(&m.queue), held.bytes - ready);
	expect_equal("part-sent", queue_part_sent(&m.queue), part_sent());
	expect_equal("fits", fit_all(&m.queue),
	    ready <= m.queue.limits.bytes && waiting <= m.queue.limits.records);
	expect_equal("rest", queue_rest(&m.queue), part_sent() ? left_of(&m.held[0]) : 0);
	if (!part_sent())
		check_runs(ready);
	check_bytes();
}

/* --- coming in ------------------------------------------------------------------------------------ */

/* The next byte of the stream; whether it ends a record. */
static bool
append_byte(bool delimit)
{
	const struct framing *f = &m.queue.framing;
	struct record *record = open_record();
	bool end;

	if (record == NULL) {
		record = &m.held[m.count++];
		*record = (struct record){ .start = m.length };
	}
	record->length++;
	if (m.drops && record->length == m.queue.limits.record)
		delimit = true; /* longer ones are given up by intake */
	end = f->kind == FRAMING_FIXED ? record->passed + record->length == f->size : delimit;
	/* Bytes that tell where they belong. */
	m.stream[m.length] = (char)(0x20 + m.length % 0x5b);
	if (end && f->kind != FRAMING_FIXED)
		m.stream[m.length] = (char)f->delimiter;
	m.length++;
	record->ended = end;
	return end;
}

/* Each byte of the input is a run of up to 127 bytes, odd ones with a delimiter behind it. */
static size_t
make_bytes(struct input *input, size_t most, uint64_t *ends, size_t *tail)
{
	size_t runs = input_byte(input) % 16 + 1, length = 0;

	*ends = *tail = 0;
	for (; runs > 0; runs--) {
		unsigned run = input_byte(input);

		for (unsigned i = 0; i < run / 2 + run % 2 && length < most; i++, length++) {
			++*tail;
			if (append_byte(run % 2 == 1 && i == run / 2))
				++*ends, *tail = 0;
		}
	}
	return length;
}

static void
step_read(struct input *input)
{
	struct iovec piece[QUEUE_ROOM];
	size_t want = input_number(input) % 2048 + 1, room, from = m.length, length, tail, sum = 0;
	size_t gap = input_byte(input) % 16;
	uint64_t ends;

	if (m.finished || m.length + want > STREAM_MOST || m.count + want > RECORDS_MOST)
		return;
	(void)queue_prepare(&m.queue, want, piece, &room);
	expect(room <= want, "room", room, want);
	expect(room <= chain_room(&m.queue.chain), "room in the chain", room, chain_room(&m.queue.chain));
	for (unsigned i = 0; i < QUEUE_ROOM; i++)
		sum += piece[i].iov_len;
	expect_equal("the pieces", sum, room);
	gap = gap < room ? gap : 0;
	length = make_bytes(input, room - gap, &ends, &tail);
	for (size_t at = 0; at < gap + length; at++) {
		size_t offset = at;
		unsigned which = 0;

		while (offset >= piece[which].iov_len)
			offset -= piece[which++].iov_len;
		((char *)piece[which].iov_base)[offset] = at < gap ? '\n' : m.stream[from + at - gap];
	}
	queue_append(&m.queue, gap, length, ends, tail);
}

/* Nothing is held: bytes that passed by leave the middle of a record behind. */
static void
step_pass(struct input *input)
{
	uint64_t phase = input_byte(input);

	if (m.drops || m.finished || queue_held(&m.queue).bytes > 0)
		return;
	if (m.queue.framing.kind == FRAMING_FIXED)
		phase %= m.queue.framing.size;
	m.count = phase > 0;
	m.held[0] = (struct record){ .start = m.length, .passed = (size_t)phase };
	queue_pass(&m.queue, phase);
}

static void
step_abandon(struct input *input)
{
	struct record *record = open_record();
	struct ledger got = { .in = { 0, 0 } };
	struct loss loss = { .ledger = &got };

	(void)input;
	if (!m.drops || m.finished)
		return;
	expect_equal("abandoned", queue_abandon(&m.queue, &loss, REASON_OVERSIZE), record != NULL ? record->length : 0);
	m.count -= record != NULL;
}

static void
step_finish(struct input *input)
{
	struct record *record = open_record();

	(void)input;
	if (m.finished)
		return;
	m.finished = true;
	queue_finish(&m.queue);
	if (record != NULL && left_of(record) == 0)
		m.count--; /* it was sent as it came */
	else if (record != NULL)
		record->ended = true;
}

/* --- going out ------------------------------------------------------------------------------------ */

static void
take(size_t length)
{
	uint64_t ended = 0;
	struct iovec piece[QUEUE_PIECES];
	int pieces = queue_peek(&m.queue, 0, &length, piece);
	size_t sum = 0;

	for (int i = 0; i < pieces; i++)
		sum += piece[i].iov_len;
	expect_equal("the pieces to take", sum, length);
	for (size_t left = length; left > 0;) {
		struct record *head = &m.held[0];
		size_t part = left_of(head) < left ? left_of(head) : left;

		head->sent += part;
		left -= part;
		if (head->ended && left_of(head) == 0) {
			ended++;
			remove_record(0);
		}
	}
	expect_equal("ended", queue_take(&m.queue, length), ended);
}

static void
step_take(struct input *input)
{
	struct queue *q = &m.queue;
	uint64_t want = input_number(input);
	size_t most = queue_rest(q);

	if (!m.drops)
		most += chain_used(&q->chain);
	else if (most == 0)
		most = q->ready;
	if (most > 0)
		take((size_t)(want % most) + 1);
}

static void
step_take_whole(struct input *input)
{
	uint64_t records = input_byte(input);
	size_t length = part_sent() ? queue_rest(&m.queue) : queue_whole(&m.queue, SIZE_MAX, records);

	if (length > 0)
		take(length);
}

/* --- giving way ----------------------------------------------------------------------------------- */

static bool
fits_behind(size_t index)
{
	size_t bytes = m.held[index].length;
	uint64_t records = 1;

	for (size_t i = 0; i < index; i++) {
		bytes += left_of(&m.held[i]);
		records += !is_begun(&m.held[i]);
	}
	return bytes <= m.queue.limits.bytes && records <= m.queue.limits.records;
}

/* Record by record: one that does not fit behind those that were let in evicts from the head where that
 * helps, else it is dropped.  A part-sent one is in for good. */
static void
settle(bool evict, struct tally *oldest, struct tally *newest)
{
	for (size_t i = 0; i < m.count && m.held[i].ended;) {
		struct record *record = &m.held[i];
		size_t rest = part_sent() ? left_of(&m.held[0]) : 0;

		if (!record->admitted && !is_begun(record) && !fits_behind(i)) {
			if (!evict || record->length > m.queue.limits.bytes - rest) {
				drop(i, newest);
				continue;
			}
			for (; !fits_behind(i); i--)
				drop(part_sent(), oldest);
		}
		m.held[i++].admitted = true;
	}
}

static void
settle_both(bool evict)
{
	struct tally oldest = { 0, 0 }, newest = { 0, 0 };
	struct ledger got = { .in = { 0, 0 } };
	struct loss loss = { .ledger = &got };

	if (!m.drops) {
		fit_admit(&m.queue);
		return;
	}
	settle(evict, &oldest, &newest);
	if (evict)
		fit_evict(&m.queue, &loss, REASON_OLDEST, REASON_NEWEST);
	else
		fit_refuse(&m.queue, &loss, REASON_NEWEST);
	expect_equal("evicted records", got.dropped[REASON_OLDEST].records, oldest.records);
	expect_equal("evicted bytes", got.dropped[REASON_OLDEST].bytes, oldest.bytes);
	expect_equal("refused records", got.dropped[REASON_NEWEST].records, newest.records);
	expect_equal("refused bytes", got.dropped[REASON_NEWEST].bytes, newest.bytes);
	expect_equal("fits now", fit_all(&m.queue), true);
}

static void
step_evict(struct input *input)
{
	(void)input;
	settle_both(true);
}

static void
step_refuse(struct input *input)
{
	(void)input;
	settle_both(false);
}

/* A sweep drops by a pattern of 8 verdicts, again and again, of those that were let in or of all; and stops at some
 * record. */
struct pattern_sweep {
	unsigned drops; /* a bit for each verdict */
	size_t stop;
	size_t asked;
	size_t next;    /* the record that must be asked about next */
	bool all;
};

static enum sweep_verdict
judge_by_pattern(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct pattern_sweep *sweep = state;
	const struct record *want = &m.held[sweep->next];

	expect(sweep->next < m.count && want->ended && (sweep->all || want->admitted), "a record to be asked about", sweep->next, m.count);
	expect_equal("its length", record->length, want->length);
	expect(record->text == NULL || memcmp(record->text, m.stream + want->start, want->length) == 0, "its text",
	    sweep->next, m.count);
	*fate = (struct sweep_fate){ REASON_RANDOM, LOSS_ANY_CLASS };
	if (sweep->asked == sweep->stop)
		return SWEEP_STOP;
	if ((sweep->drops >> sweep->asked++ % 8 & 1) == 0) {
		sweep->next++;
		return SWEEP_KEEP;
	}
	ledger_count(&swept, 1, want->length);
	m.gone[m.gone_count++] = sweep->next++;
	return SWEEP_DROP;
}

static void
step_sweep(struct input *input)
{
	struct pattern_sweep sweep = { .drops = input_byte(input), .stop = input_byte(input) };
	const struct sweep real = { judge_by_pattern, &sweep, sweep.drops % 3 == 0 };
	size_t ends = m.count - (open_record() != NULL);
	struct ledger got = { .in = { 0, 0 } };
	struct loss loss = { .ledger = &got };

	if (!m.drops)
		return;
	swept = (struct tally){ 0, 0 };
	m.gone_count = 0;
	sweep.next = part_sent();
	sweep.all = input_byte(input) % 2 == 0;
	(void)sweep_drop(&m.queue, &loss, queue_oldest_mark(&m.queue),
	    sweep.all ? queue_newest_mark(&m.queue) : queue_admitted_mark(&m.queue), &real);
	if (sweep.all && sweep.asked != sweep.stop && ends > part_sent())
		expect_equal("asked about all", sweep.next, ends);
	while (m.gone_count > 0)
		remove_record(m.gone[--m.gone_count]);
	expect_equal("swept records", got.dropped[REASON_RANDOM].records, swept.records);
	expect_equal("swept bytes", got.dropped[REASON_RANDOM].bytes, swept.bytes);
}

static void
step_trim(struct input *input)
{
	(void)input;
	while (queue_trim(&m.queue))
		;
}

/* --- runs ----------------------------------------------------------------------------------------- */

static void (*const steps[])(struct input *) = {
	step_read, step_take, step_evict, step_refuse, step_read, step_take_whole, step_abandon, step_trim,
	step_pass, step_finish, step_sweep,
};
#define STEPS (sizeof(steps) / sizeof(steps[0]))

static bool
begin(struct input *input)
{
	struct framing framing = { .kind = FRAMING_LINES, .delimiter = '\n' };
	struct queue_limits limits = { .bytes = input_byte(input) * 4 + 10, .records = UINT64_MAX };
	unsigned records, size;

	m.drops = input_byte(input) % 2 == 0;
	m.length = m.count = m.steps = 0;
	m.finished = false;
	records = input_byte(input);
	limits.records = records > 0 ? records : UINT64_MAX;
	limits.slack = m.drops ? input_byte(input) * 2 + 16 : 0;
	limits.record = m.drops ? input_byte(input) % limits.bytes + 1 : 0;
	limits.view = m.drops ? limits.bytes + limits.slack + limits.record : 0;
	size = input_byte(input);
	if (size > 0) {
		framing = (struct framing){ .kind = FRAMING_FIXED, .size = size };
		if (m.drops && size > limits.record)
			framing.size = limits.record;
	}
	return queue_init(&m.queue, &framing, &limits) == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };

	if (!begin(&input))
		return 0;
	for (; input.left > 0; m.steps++) {
		steps[input_byte(&input) % STEPS](&input);
		check();
	}
	step_finish(&input);
	check();
	while (queue_held(&m.queue).bytes > 0) {
		step_take(&input);
		check();
	}
	expect_equal("records at the end", m.count, 0);
	queue_free(&m.queue);
	return 0;
}
