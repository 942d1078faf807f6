/* SPDX-License-Identifier: BSD-2-Clause */
/* See model.h.  In the order of a record's life: in, out, when it does not fit; then the comparison. */
#include "config.h"

#include "model.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* BATCH_NS and BUCKET_CREDIT_NS of the contract: half a millisecond's worth, and lateness made good. */
#define WORTH_WAITING_NS 500000
#define LATENESS_NS 10000000

static char complaint[256];

static void wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Only the first counts: what follows comes of it. */
static void
wrong(const char *format, ...)
{
	va_list arguments;

	if (complaint[0] != '\0')
		return;
	va_start(arguments, format);
	(void)vsnprintf(complaint, sizeof(complaint), format, arguments);
	va_end(arguments);
}

const char *
model_complaint(void)
{
	return complaint[0] != '\0' ? complaint : NULL;
}

static bool
drops(const struct model *m)
{
	return m->options->policy != POLICY_BLOCK;
}

/* Any byte may leave: plain block, or no records at all. */
static bool
streams(const struct model *m)
{
	const struct options *o = m->options;

	return o->framing.kind == FRAMING_BYTES || (!drops(m) && !o->rated && o->sample.den == o->sample.num);
}

static bool
reads_on(const struct model *m)
{
	return m->input == PUMP_READING || m->input == PUMP_FINISHING;
}

static uint64_t
rest_of(const struct model_record *record)
{
	return record->length - record->sent;
}

static uint64_t
held_bytes(const struct model *m)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < m->count; i++)
		sum += rest_of(&m->held[i]);
	return sum;
}

void
model_init(struct model *m, const struct options *options, const char *stream, size_t window,
    size_t unit, uint64_t now_ns)
{
	const struct rate *rate = &options->rate;

	memset(m, 0, offsetof(struct model, held));
	complaint[0] = '\0';
	m->options = options;
	m->stream = stream;
	m->window = window;
	m->unit = unit;
	m->parts = !drops(m) && !streams(m);
	m->then_ns = now_ns;
	if (!options->rated)
		return;
	m->depth = (int64_t)options->burst;
	if (m->depth == 0)
		m->depth = (int64_t)(rate->amount * 1000000 / rate->period_ns);
	if (m->depth == 0)
		m->depth = 1;
	m->level = m->depth * (int64_t)rate->period_ns;
}

/* --- in ------------------------------------------------------------------------------------------- */

static void
begin_record(struct model *m)
{
	const struct share *share = &m->options->sample;

	m->open = true;
	m->begun = 0;
	m->left_out = m->number != m->kept * share->den / share->num;
	m->why = REASON_SAMPLE;
	if (!m->left_out) {
		m->kept++;
		if (m->count == MODEL_RECORDS)
			wrong("the model has no room for so many records");
		else
			m->held[m->count++] = (struct model_record){ .start = m->at };
	}
	if (++m->number == share->den)
		m->number = m->kept = 0; /* it repeats itself */
}

static void
end_record(struct model *m)
{
	m->open = false;
	m->ledger.in.records++;
	if (m->left_out)
		m->ledger.dropped[m->why].records++;
	else
		m->held[m->count - 1].ended = true;
}

static bool
is_end(const struct model *m, unsigned char byte)
{
	const struct framing *framing = &m->options->framing;

	if (framing->kind == FRAMING_BYTES)
		return false;
	return framing->kind == FRAMING_FIXED ? m->begun == framing->size : byte == framing->delimiter;
}

static void
read_byte(struct model *m)
{
	if (!m->open)
		begin_record(m);
	m->begun++;
	if (m->left_out) {
		m->ledger.dropped[m->why].bytes++;
	} else if (drops(m) && m->begun > m->options->max_record_bytes) {
		m->count--;
		m->left_out = true;
		m->why = REASON_OVERSIZE;
		m->ledger.dropped[REASON_OVERSIZE].bytes += m->begun;
	} else {
		m->held[m->count - 1].length++;
	}
	if (is_end(m, (unsigned char)m->stream[m->at++ % m->window]))
		end_record(m);
}

/* The bytes come in, whichever way; after a signal, no further than to the end of the record begun. */
static void
bring(struct model *m, size_t length)
{
	m->moved += length;
	m->ledger.in.bytes += length;
	if (!reads_on(m) || (m->paused && held_bytes(m) > 0))
		wrong("the input is asked although weir %s", m->paused ? "pauses" : "has stopped reading");
	for (; length > 0; length--) {
		if (m->input == PUMP_STOPPED)
			wrong("after a signal a record is begun that was not there before");
		read_byte(m);
		if (m->input == PUMP_FINISHING && !m->open)
			m->input = PUMP_STOPPED;
	}
}

void
model_read(struct model *m, size_t asked, size_t length)
{
	if (m->asked)
		wrong("the input is read twice in a pass");
	m->asked = true;
	if (asked == 0)
		wrong("a read of nothing");
	bring(m, length);
}

void
model_looked(struct model *m, bool at_end)
{
	m->end_seen = at_end;
}

static void
remove_record(struct model *m, size_t index)
{
	m->count--;
	memmove(&m->held[index], &m->held[index + 1], (m->count - index) * sizeof(m->held[0]));
}

/* What stands behind the last delimiter is a record, which may be out already. */
void
model_input_over(struct model *m, enum pump_input how)
{
	struct model_record *last;

	bring(m, 0);
	m->moved++;
	m->input = how;
	if (how != PUMP_ENDED || !m->open || m->options->framing.kind == FRAMING_BYTES)
		return;
	end_record(m);
	last = &m->held[m->count - 1];
	if (!m->left_out && last->sent == last->length) {
		m->ledger.out.records++;
		remove_record(m, m->count - 1);
	}
}

/* After a signal only a record is read to its end that is part of the output already, or will be before its
 * end is known. */
void
model_stop(struct model *m, uint64_t now_ns)
{
	bool part_sent = m->count > 0 && m->held[0].sent > 0 && !m->held[0].ended;
	bool begun = m->options->framing.kind != FRAMING_BYTES && (streams(m) ? m->open : part_sent);

	if (m->input != PUMP_READING)
		return;
	m->input = begun ? PUMP_FINISHING : PUMP_STOPPED;
	if (begun)
		return;
	m->parts = false;
	if (m->paused)
		m->ledger.paused_ns += now_ns - m->paused_since_ns;
	m->paused = false;
}

/* --- out ------------------------------------------------------------------------------------------ */

static bool
is_part_sent(const struct model *m)
{
	return m->count > 0 && m->held[0].sent > 0;
}

/* How much of the oldest record, or of the stream, might leave if the rate allowed it. */
static uint64_t
sendable(const struct model *m)
{
	const struct model_record *head = &m->held[0];

	if (m->count == 0)
		return 0;
	if (streams(m))
		return held_bytes(m);
	if (head->sent > 0 || head->ended || (m->parts && head->length >= m->options->high_bytes))
		return rest_of(head);
	return 0;
}

/* Whether it can be cut anywhere, and costs what leaves of it. */
static bool
leaves_in_parts(const struct model *m)
{
	return streams(m) || (m->count > 0 && !m->held[0].paid && (m->held[0].sent > 0 || !m->held[0].ended));
}

/* The level is exact here; the real bucket may be ahead of it by less than one token, since it keeps the
 * fraction of one when it is full. */
static bool
rate_allows(const struct model *m, int64_t level, uint64_t tokens)
{
	int64_t period = (int64_t)m->options->rate.period_ns;

	return level + period > (int64_t)tokens * period;
}

static uint64_t
capped(const struct model *m, uint64_t tokens)
{
	return tokens < (uint64_t)m->depth ? tokens : (uint64_t)m->depth;
}

/* Record after record, those up to the end of what is offered may leave now. */
static void
check_rate(const struct model *m, uint64_t offered)
{
	int64_t level = m->level, period = (int64_t)m->options->rate.period_ns;
	bool by_bytes = m->options->rate.bytes;

	if (!m->options->rated)
		return;
	if (leaves_in_parts(m)) {
		/* of records, charged at the first part; of bytes, each part, and no debt for it */
		if (by_bytes ? !rate_allows(m, level, offered)
		             : m->held[0].sent == 0 && !rate_allows(m, level, 1))
			wrong("%" PRIu64 " bytes are offered before their rate allows it", offered);
		return;
	}
	for (size_t i = 0; i < m->count && offered > 0; i++) {
		const struct model_record *record = &m->held[i];
		uint64_t cost = by_bytes ? record->length : 1;

		offered -= offered < rest_of(record) ? offered : rest_of(record);
		if (record->sent > 0)
			continue; /* paid for */
		if (!rate_allows(m, level, capped(m, cost)))
			wrong("record %zu is offered before its rate allows it", i);
		level -= (int64_t)cost * period;
	}
}

/* A write is whole records, together no longer than a unit; or of one record, if that is longer, or begun,
 * or begun because it is too long to wait for its end. */
static void
check_shape(const struct model *m, uint64_t offset, uint64_t length)
{
	uint64_t sum = 0;
	size_t i = 0, first;

	if (streams(m))
		return;
	for (; i < m->count && sum < offset; i++)
		sum += rest_of(&m->held[i]);
	if (sum != offset || (offset > 0 && is_part_sent(m)))
		wrong("a batch with a part of a record in it");
	first = i;
	for (sum = 0; i < m->count && sum < length; i++) {
		const struct model_record *record = &m->held[i];
		bool alone = i == first && length <= rest_of(record);
		bool may_be_cut = record->sent > 0 ||
		    (record->ended ? record->length > m->unit : sendable(m) > 0);

		sum += rest_of(record);
		if (!(record->ended && record->sent == 0 && sum <= length) && !(alone && may_be_cut))
			wrong("a write of %" PRIu64 " bytes tears a record of %" PRIu64, length, record->length);
	}
	if (length > m->unit && i - first > 1)
		wrong("a write of %" PRIu64 " bytes, several records", length);
}

static void
check_bytes(const struct model *m, uint64_t offset, const struct iovec *piece, int pieces)
{
	size_t done = 0;

	for (size_t i = 0; i < m->count; i++) {
		const struct model_record *record = &m->held[i];

		for (uint64_t at = record->sent; at < record->length; at++) {
			if (offset > 0) {
				offset--;
				continue;
			}
			while (pieces > 0 && done == piece->iov_len)
				piece++, pieces--, done = 0;
			if (pieces == 0)
				return;
			if (((const char *)piece->iov_base)[done++] != m->stream[(record->start + at) % m->window])
				wrong("byte %" PRIu64 " of a record of %" PRIu64 " is another one", at, record->length);
		}
	}
	for (; pieces > 0 && done == piece->iov_len; piece++, pieces--)
		done = 0;
	if (pieces > 0)
		wrong("there are more bytes than the records have");
}

void
model_offered(struct model *m, size_t offset, const struct iovec *piece, int pieces, size_t length)
{
	size_t sum = 0;

	for (int i = 0; i < pieces; i++)
		sum += piece[i].iov_len;
	if (sum != length || length == 0)
		wrong("a write of %zu bytes in pieces of %zu", length, sum);
	if (m->answered && (m->answer == IO_AGAIN || m->answer == IO_GONE || m->answer == IO_ERROR))
		wrong("the output is asked again after it has refused");
	check_bytes(m, offset, piece, pieces);
	check_shape(m, offset, length);
	check_rate(m, offset + length);
}

/* A record costs a token at its first byte; in bytes, all of it if its end is known by then, and otherwise
 * what goes out. */
static void
charge(struct model *m, struct model_record *record, uint64_t part)
{
	uint64_t tokens = 0;

	if (!m->options->rated)
		return;
	if (!m->options->rate.bytes) {
		tokens = record->sent == 0;
	} else if (!record->paid) {
		record->paid = record->sent == 0 && record->ended && !streams(m);
		tokens = record->paid ? record->length : part;
	}
	m->level -= (int64_t)(tokens * m->options->rate.period_ns);
}

static void
leave(struct model *m, uint64_t length)
{
	size_t gone = 0;

	m->moved += length;
	m->ledger.out.bytes += length;
	for (size_t i = 0; i < m->count && length > 0; i++) {
		struct model_record *record = &m->held[i];
		uint64_t part = rest_of(record) < length ? rest_of(record) : length;

		charge(m, record, part);
		record->sent += part;
		length -= part;
		if (record->ended && record->sent == record->length)
			gone++;
	}
	m->ledger.out.records += gone;
	m->count -= gone;
	memmove(&m->held[0], &m->held[gone], m->count * sizeof(m->held[0]));
}

void
model_took(struct model *m, enum io_result answer, size_t length)
{
	m->answered = true;
	m->answer = answer;
	leave(m, length);
}

void
model_spliced(struct model *m, enum io_result answer, size_t length)
{
	if (held_bytes(m) > 0 || !streams(m) || m->options->rated)
		wrong("bytes overtake what is held");
	m->answered = true;
	m->answer = answer;
	bring(m, length);
	leave(m, length);
}

/* --- the rate ------------------------------------------------------------------------------------- */

/* Fills the bucket up to its depth; while the rate was waited for, lateness fills it further. */
static void
refill(struct model *m, uint64_t now_ns)
{
	const struct rate *rate = &m->options->rate;
	uint64_t late = m->due_ns > 0 && now_ns > m->due_ns ? now_ns - m->due_ns : 0;
	int64_t most, level;

	if (late > LATENESS_NS)
		late = LATENESS_NS;
	most = m->depth * (int64_t)rate->period_ns + (int64_t)(late * rate->amount);
	level = m->level + (int64_t)((now_ns - m->then_ns) * rate->amount);
	if (level > most)
		level = most;
	if (m->level < level)
		m->level = level;
	m->then_ns = now_ns;
}

/* The real code waits for the rate: it must have to, and to wake in time, but not much too early. */
static void
check_wait(struct model *m, uint64_t now_ns, uint64_t due_ns)
{
	const struct rate *rate = &m->options->rate;
	int64_t period = (int64_t)rate->period_ns;
	uint64_t batch = rate->amount * WORTH_WAITING_NS / rate->period_ns;
	uint64_t cost = rate->bytes && !leaves_in_parts(m) ? capped(m, m->held[0].length) : 1;
	uint64_t need = cost;
	int64_t at_due;

	if (batch > (uint64_t)m->depth / 2)
		batch = (uint64_t)m->depth / 2;
	if (rate->bytes && leaves_in_parts(m) && batch > 1)
		need = sendable(m) < batch ? sendable(m) : batch;
	if (m->level >= (int64_t)need * period)
		wrong("the rate is waited for, but %" PRIu64 " tokens are here", need);
	need = cost > batch ? cost : batch;
	at_due = m->level + (int64_t)((due_ns - now_ns) * rate->amount);
	if (due_ns <= now_ns || at_due - (int64_t)rate->amount >= (int64_t)need * period ||
	    !rate_allows(m, at_due, need))
		wrong("wakes %" PRIu64 " ns from now for %" PRIu64 " tokens", due_ns - now_ns, need);
}

/* --- when it does not fit -------------------------------------------------------------------------- */

/* A record and those before it, which the policy has let in: a part-sent one only by the bytes of its
 * rest. */
static bool
fits_behind(const struct model *m, size_t index)
{
	uint64_t bytes = m->held[index].length;
	uint64_t records = 1;

	for (size_t i = 0; i < index; i++) {
		bytes += rest_of(&m->held[i]);
		records += m->held[i].sent == 0;
	}
	return bytes <= m->options->buffer_bytes && records <= m->options->max_records;
}

static void
drop(struct model *m, size_t index, enum reason reason)
{
	ledger_count(&m->ledger.dropped[reason], 1, m->held[index].length);
	remove_record(m, index);
}

/* Lets in one that has arrived, and makes room for it where the policy does; returns how many of the
 * records up to it are left. */
static size_t
arrive(struct model *m, size_t index)
{
	size_t first = is_part_sent(m); /* that may be evicted */
	uint64_t rest = first > 0 ? rest_of(&m->held[0]) : 0;
	struct model_record *record = &m->held[index];

	if (record->sent == 0 && !fits_behind(m, index)) {
		if (m->options->policy == POLICY_DROP_NEWEST ||
		    record->length > m->options->buffer_bytes - rest || rest > m->options->buffer_bytes) {
			drop(m, index, REASON_NEWEST);
			return index;
		}
		while (!fits_behind(m, index)) {
			drop(m, first, REASON_OLDEST);
			index--;
		}
	}
	m->held[index].admitted = true;
	return index + 1;
}

static void
settle(struct model *m)
{
	size_t i = 0;

	if (drops(m))
		while (i < m->count && m->held[i].ended)
			i = m->held[i].admitted ? i + 1 : arrive(m, i);
}

/* --- after the pass -------------------------------------------------------------------------------- */

void
model_begin_pass(struct model *m, bool willing, uint64_t now_ns)
{
	if (m->options->rated)
		refill(m, now_ns);
	m->willing = willing;
	m->moved = 0;
	m->asked = m->answered = m->end_seen = false;
}

static uint64_t
waiting(const struct model *m)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < m->count; i++)
		sum += m->held[i].ended && m->held[i].sent == 0;
	return sum;
}

static struct tally
all_held(const struct model *m)
{
	struct tally held = { 0, held_bytes(m) };

	for (size_t i = 0; i < m->count; i++)
		held.records += m->held[i].ended;
	return held;
}

static uint64_t
being_assembled(const struct model *m)
{
	return m->count > 0 && !m->held[m->count - 1].ended ? rest_of(&m->held[m->count - 1]) : 0;
}

/* From the high watermark to the low one; but reading goes on where only that can bring an end. */
static void
pause_or_resume(struct model *m, uint64_t now_ns)
{
	const struct options *o = m->options;
	uint64_t bytes = held_bytes(m), records = waiting(m);
	bool full = bytes >= o->high_bytes || records >= o->high_records;
	bool eased = bytes <= o->low_bytes && records <= o->low_records;
	bool stuck = !streams(m) && bytes < o->high_bytes && all_held(m).records == 0;

	if (m->paused && (eased || stuck || !reads_on(m))) {
		m->paused = false;
		m->ledger.paused_ns += now_ns - m->paused_since_ns;
	} else if (!m->paused && full && reads_on(m)) {
		m->paused = true;
		m->paused_since_ns = now_ns;
		m->ledger.paused_count++;
	}
}

static void
note_peak(struct model *m)
{
	uint64_t bytes = held_bytes(m) - (drops(m) ? being_assembled(m) : 0), records = waiting(m);
	struct tally *peak = &m->ledger.peak;

	if (bytes > m->options->buffer_bytes)
		bytes = m->options->buffer_bytes;
	if (peak->bytes < bytes)
		peak->bytes = bytes;
	if (peak->records < records)
		peak->records = records;
}

/* Why the drain ended, as the real code has it. */
static void
check_verdict(struct model *m, const struct pump *pump, uint64_t now_ns)
{
	bool refused = m->answered && (m->answer == IO_AGAIN || m->answer == IO_SHORT);

	m->due_ns = 0;
	switch (pump->output) {
	case OUTLET_EMPTY:
		if (sendable(m) > 0)
			wrong("%" PRIu64 " bytes may leave, and are not offered", sendable(m));
		break;
	case OUTLET_MORE:
		if (m->moved == 0 && !(m->answered && m->answer == IO_ERROR))
			wrong("the output is left for the input without need");
		break;
	case OUTLET_REFUSED:
		if (!refused)
			wrong("the output has not refused");
		break;
	case OUTLET_RATE:
		m->due_ns = pump_deadline_ns(pump);
		if (!m->options->rated || sendable(m) == 0)
			wrong("there is nothing for the rate to hold back");
		else
			check_wait(m, now_ns, m->due_ns);
		break;
	case OUTLET_GONE:
		if (!m->answered || m->answer != IO_GONE)
			wrong("the reader has not gone");
		break;
	case OUTLET_ERROR:
		if (!m->answered || m->answer != IO_ERROR)
			wrong("the output has not failed");
		break;
	}
}

static void
same(const char *what, uint64_t got, uint64_t want)
{
	if (got != want)
		wrong("%s: %" PRIu64 ", the model says %" PRIu64, what, got, want);
}

static void
same_tally(const char *what, const struct tally *got, const struct tally *want)
{
	if (got->records != want->records || got->bytes != want->bytes)
		wrong("%s: %" PRIu64 " records %" PRIu64 " bytes, the model says %" PRIu64 " and %" PRIu64, what,
		    got->records, got->bytes, want->records, want->bytes);
}

static void
same_ledger(const struct model *m, const struct pump *pump)
{
	const struct ledger *got = &pump->ledger, *want = &m->ledger;

	same_tally("in", &got->in, &want->in);
	same_tally("out", &got->out, &want->out);
	for (int i = 0; i < REASONS; i++)
		same_tally(reason_name((enum reason)i), &got->dropped[i], &want->dropped[i]);
	same_tally("undelivered", &got->undelivered, &want->undelivered);
	same_tally("peak", &got->peak, &want->peak);
	same("pauses", got->paused_count, want->paused_count);
	if (!ledger_balances(got, pump_held(pump)))
		wrong("the ledger does not balance");
}

/* All that is held, byte by byte. */
static void
same_held(const struct model *m, const struct queue *queue)
{
	struct iovec piece[3] = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
	struct tally got = queue_held(queue), want = all_held(m);

	same_tally("held", &got, &want);
	same("waiting", queue_waiting(queue), waiting(m));
	if (m->options->framing.kind != FRAMING_BYTES)
		same("part-sent", queue_part_sent(queue), is_part_sent(m));
	same("being assembled", queue_partial(queue), being_assembled(m));
	if (queue->aside != NULL)
		piece[0] = (struct iovec){ queue->aside + queue->aside_sent,
			queue->aside_length - queue->aside_sent };
	(void)ring_peek(&queue->ring, 0, ring_used(&queue->ring), piece + 1);
	check_bytes(m, 0, piece, 3);
}

bool
model_agrees(struct model *m, const struct pump *pump, uint64_t now_ns)
{
	if (m->end_seen && pump->input == PUMP_ENDED && reads_on(m))
		model_input_over(m, PUMP_ENDED);
	check_verdict(m, pump, now_ns);
	if (pump->output != OUTLET_GONE && pump->output != OUTLET_ERROR) {
		settle(m);
		if (!drops(m))
			pause_or_resume(m, now_ns);
		note_peak(m);
		if (m->willing && m->moved == 0 && pump->output == OUTLET_EMPTY && !pump_done(pump))
			wrong("nothing moves");
		same("done", pump_done(pump), !reads_on(m) && sendable(m) == 0);
	}
	same("input", pump->input, m->input);
	same("paused", pump->paused, m->paused);
	same("time paused", pump_paused_ns(pump, now_ns),
	    m->ledger.paused_ns + (m->paused ? now_ns - m->paused_since_ns : 0));
	if (pump->hold_until_ns == 0)
		same("input is wanted", pump_wants_input(pump), reads_on(m) && !m->paused);
	else if (held_bytes(m) > 0 || m->answer != IO_AGAIN)
		wrong("a full output is waited for, although bytes are held");
	same_ledger(m, pump);
	same_held(m, &pump->queue);
	if (complaint[0] == '\0')
		queue_check(&pump->queue);
	return complaint[0] == '\0';
}

bool
model_agrees_closed(struct model *m, const struct pump *pump)
{
	m->ledger.undelivered = all_held(m);
	same_ledger(m, pump);
	same("held in the end", pump_held(pump).bytes, 0);
	return complaint[0] == '\0';
}
