/* SPDX-License-Identifier: BSD-2-Clause */
/* See handing.h.  In the order of a record's life: it comes, is handed over, is settled; then the comparison.  What
 * batches and tries there are is in trying.c. */
#include "config.h"

#include "flow/framer.h"
#include "handing.h"
#include "handing_own.h"

#include "hold/fit.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NONE SIZE_MAX

struct handing handing;

static struct handing *const m = &handing;
static char complaint[256];

/* Only the first counts: what follows comes of it. */
void
handing_wrong(const char *format, ...)
{
	va_list arguments;

	if (complaint[0] != '\0')
		return;
	va_start(arguments, format);
	(void)vsnprintf(complaint, sizeof(complaint), format, arguments);
	va_end(arguments);
}

const char *
handing_complaint(void)
{
	return complaint[0] != '\0' ? complaint : NULL;
}

void
handing_same(const char *what, uint64_t got, uint64_t want)
{
	if (got != want)
		handing_wrong("%s: %" PRIu64 ", the model says %" PRIu64, what, got, want);
}

void
handing_begin(const struct options *options, struct pump *pump, const struct breaker *breaker, uint64_t now_ns)
{
	memset(m, 0, offsetof(struct handing, record));
	complaint[0] = '\0';
	m->options = options;
	m->rules = &options->reader;
	m->pump = pump;
	m->breaker = breaker;
	m->now_ns = now_ns;
}

/* --- it comes ------------------------------------------------------------------------------------- */

/* Where the first line of two ends, behind a comma. */
#define FOLD 5

static bool
is_framed(void)
{
	return m->options->framing.kind == FRAMING_FRAME;
}

void
handing_plan(uint64_t length)
{
	const bool folded = m->options->framing.kind == FRAMING_JOINED && length > FOLD + 2 && length % 2 == 0;

	if (m->planned == HANDING_RECORDS)
		handing_wrong("the model has no room for so many records");
	else
		m->record[m->planned++] = (struct hand_record){ .length = length, .planned = length, .folded = folded };
}

/* The first byte says which record it is, the third one has a key. */
static char
byte_of_text(size_t record, uint64_t at)
{
	return at == 0 ? (char)(20 + record % HANDING_IDS) : at == 1 ? ',' : (char)('x' + record % 3);
}

char
handing_byte(size_t record, uint64_t at)
{
	const struct hand_record *r = &m->record[record];

	if (is_framed() && at < HANDING_HEAD)
		return (char)((r->planned - HANDING_HEAD) >> 8 * (HANDING_HEAD - 1 - at) & 0xff);
	if (is_framed())
		return byte_of_text(record, at - HANDING_HEAD);
	if (r->folded && (at == FOLD - 1 || at == FOLD))
		return at == FOLD ? '\n' : ',';
	return r->length > 0 && at == r->length - 1 ? '\n' : byte_of_text(record, at);
}

/* How much of what was read of a record can be passed on: it is known what it is.  A line is, also when it is long. */
static uint64_t
known(const struct hand_record *r)
{
	const uint64_t line = r->folded && r->read > FOLD ? FOLD + 1 : 0;

	if (is_framed())
		return r->read < HANDING_HEAD ? 0 : r->read;
	if (m->options->framing.kind != FRAMING_JOINED || r->read == r->length || r->read - line >= FRAMER_KEPT)
		return r->read;
	return line;
}

static void
drop_too_long(struct hand_record *r, uint64_t bytes)
{
	r->skipped = true;
	r->life = LEFT;
	m->ledger.dropped[REASON_OVERSIZE].bytes += bytes;
}

/* Its end is here. */
static void
end_record(struct hand_record *r)
{
	m->ledger.in.records++;
	m->coming++;
	r->arrived_ns = m->now_ns;
	if (r->skipped)
		m->ledger.dropped[REASON_OVERSIZE].records++;
	else
		r->life = WAITING;
}

/* So much of it is here. */
static void
pass_on(struct hand_record *r, uint64_t here)
{
	while (r->here < here) {
		r->here++;
		m->ledger.in.bytes++;
		if (r->skipped)
			m->ledger.dropped[REASON_OVERSIZE].bytes++;
		else if (r->here > m->options->max_record_bytes)
			drop_too_long(r, r->here);
	}
	if (r->here == r->length)
		end_record(r);
}

void
handing_read(char *to, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		struct hand_record *r = &m->record[m->coming];

		*to++ = handing_byte(m->coming, r->read++);
		m->moved = true;
		pass_on(r, known(r));
	}
}

/* What has come of a record by then is one. */
void
handing_input_over(void)
{
	struct hand_record *r = &m->record[m->coming];

	m->input_over = m->moved = true;
	if (m->coming == m->planned || r->read == 0)
		return;
	pass_on(r, r->read);
	r->length = r->here + 1; /* so that its last byte is no delimiter; it is never read */
	end_record(r);
}

/* --- it is handed over ---------------------------------------------------------------------------- */

/* Its length as it is here: the last one may lack its delimiter. */
uint64_t
handing_length(const struct hand_record *r)
{
	return r->here;
}

/* What stands in front of it. */
size_t
handing_number_text(size_t record, char text[24])
{
	return m->rules->number_template == NULL ? 0 : (size_t)snprintf(text, 24, "%zu\t", record + 1);
}

/* The next one from there on that this reader has not been given. */
static size_t
next_from(size_t record)
{
	for (; record < m->coming; record++) {
		const struct hand_record *r = &m->record[record];

		if (r->life == WAITING || r->life == GOING || (r->life == FLYING && r->wire == 0))
			return record;
	}
	return NONE;
}

/* What is in flight: whole records, their bytes and those of one that is going; and the memory that this takes, what is
 * settled behind what is not included. */
static struct tally
in_flight(uint64_t *memory)
{
	struct tally sum = { 0, 0 };
	uint64_t behind = 0;

	*memory = 0;
	for (size_t i = 0; i < m->coming; i++) {
		const struct hand_record *r = &m->record[i];

		if (r->life == FLYING)
			ledger_count(&sum, 1, handing_length(r));
		if (r->life == GOING)
			ledger_count(&sum, 0, r->sent);
		if (r->life == FLYING || (r->flown && sum.records > 0))
			behind += handing_length(r);
		if (r->life == GOING)
			behind += r->sent;
	}
	*memory = m->rules->batching ? sum.bytes : behind;
	return sum;
}

/* Whether one more of this length may be begun beside what is in flight, and behind `more` that go in the same write. */
static bool
window_lets(uint64_t length, struct tally more)
{
	const uint64_t buffer = m->options->buffer_bytes;
	const uint64_t own = m->rules->confirm == CONFIRM_READ && !m->rules->window_given ? buffer / 2 : buffer;
	const uint64_t most = m->rules->window_bytes < own ? m->rules->window_bytes : own;
	uint64_t memory, left;
	const struct tally flies = in_flight(&memory);
	const bool alone = flies.bytes == 0 && more.records == 0;

	if (m->rules->batching)
		return true;
	if (flies.records + more.records >= m->rules->window_records)
		return false;
	left = most > flies.bytes ? most - flies.bytes : 0;
	if (buffer < memory + left)
		left = buffer > memory ? buffer - memory : 0;
	return alone ? left > 0 : more.bytes + length <= left;
}

/* A batch is no larger than the part of the buffer that each job has. */
static uint64_t
batch_most(void)
{
	const uint64_t part = m->options->buffer_bytes / m->rules->jobs;

	return part < m->rules->batch_bytes ? (part > 0 ? part : 1) : m->rules->batch_bytes;
}

static bool
batch_lets(uint64_t length, struct tally more)
{
	const uint64_t records = m->made.records + more.records, bytes = m->made.bytes + more.bytes;

	if (!m->rules->batching)
		return true;
	return records < m->batch_most.records &&
	    (records == 0 || (bytes + length <= m->batch_most.bytes && bytes + length <= m->batch_room));
}

static bool
lacks_credit(uint64_t more)
{
	return m->rules->credits_path != NULL && m->credits <= more;
}

/* One that waits is begun, behind `more` others in the same write. */
static void
check_begin(size_t record, struct tally more)
{
	const struct hand_record *r = &m->record[record];
	const uint64_t length = handing_length(r);

	if (lacks_credit(more.records))
		handing_wrong("record %zu is handed over without a credit", record + 1);
	if (!window_lets(length, more))
		handing_wrong("record %zu is handed over beyond the window", record + 1);
	if (!batch_lets(length, more))
		handing_wrong("record %zu is put into a batch that is full", record + 1);
	if (m->options->max_age_ns > 0 && m->now_ns - r->arrived_ns > m->options->max_age_ns)
		handing_wrong("record %zu is handed over though it is too old", record + 1);
}

/* Byte `at` of what this reader is to be given of a record. */
static char
wire_byte(size_t record, const char *number, size_t digits, uint64_t at)
{
	return at < digits ? number[at] : handing_byte(record, at - digits);
}

/* The next ones, in order, each with its number. */
static void
check_bytes(const struct iovec *piece, int pieces, size_t length)
{
	size_t record = next_from(0), in_piece = 0, digits, whole = 0;
	uint64_t at = m->at;
	struct tally more = { 0, 0 };
	char number[24];

	for (; length > 0 && handing_complaint() == NULL; record = next_from(record + 1), at = 0) {
		if (record == NONE) {
			handing_wrong("%zu bytes are handed over that there are not", length);
			return;
		}
		if (++whole > 1 && m->record[record].life != WAITING)
			handing_wrong("record %zu goes again in a write with others", record + 1);
		if (m->record[record].life == WAITING) {
			check_begin(record, more);
			ledger_count(&more, 1, handing_length(&m->record[record]));
		} else if (m->record[record].life == FLYING && lacks_credit(0)) {
			handing_wrong("record %zu goes again without a credit", record + 1);
		}
		digits = handing_number_text(record, number);
		for (; at < digits + handing_length(&m->record[record]) && length > 0; at++, length--) {
			while (pieces > 0 && in_piece == piece->iov_len)
				piece++, pieces--, in_piece = 0;
			if (pieces == 0 || ((const char *)piece->iov_base)[in_piece++] != wire_byte(record, number, digits, at)) {
				handing_wrong("byte %" PRIu64 " of record %zu is another one", at, record + 1);
				return;
			}
		}
	}
}

/* --- batches: when one is due ---------------------------------------------------------------------- */

static struct tally
waiting(void)
{
	struct tally sum = { 0, 0 };

	for (size_t i = 0; i < m->coming; i++)
		if (m->record[i].life == WAITING)
			ledger_count(&sum, 1, handing_length(&m->record[i]));
	return sum;
}

static const struct hand_record *
oldest_waiting(void)
{
	for (size_t i = 0; i < m->coming; i++)
		if (m->record[i].life == WAITING)
			return &m->record[i];
	return NULL;
}

uint64_t
handing_linger_ns(void)
{
	const struct hand_record *oldest = oldest_waiting();

	return oldest != NULL ? oldest->arrived_ns + m->rules->linger_ns : UINT64_MAX;
}

/* Of the buffer, for a batch. */
static uint64_t
batch_room(void)
{
	uint64_t memory;

	(void)in_flight(&memory);
	return memory < m->options->buffer_bytes ? m->options->buffer_bytes - memory : 0;
}

static uint64_t
least_beside_others(void)
{
	const uint64_t eighth = m->options->buffer_bytes / 8;

	return batch_most() < eighth ? batch_most() : eighth;
}

/* Batches that run have left next to no room for another. */
static bool
is_full_of_batches(void)
{
	uint64_t memory;

	(void)in_flight(&memory);
	return memory > 0 && batch_room() < least_beside_others();
}

/* Enough waits, or has waited long enough, or no more comes; and there is room. */
static bool
is_batch_due(void)
{
	const struct tally waits = waiting();

	if (is_full_of_batches())
		return false;
	return waits.records >= m->rules->batch_records || waits.bytes >= batch_most() ||
	    (waits.records > 0 && m->now_ns >= handing_linger_ns()) || m->hurried || !pump_is_reading(m->pump);
}

/* Or there is no room for more: model.h's. */
static bool
is_short_of_room(void)
{
	uint64_t memory;

	(void)in_flight(&memory);
	if (memory > 0 && waiting().bytes < least_beside_others())
		return false;
	return level_is_paused(&m->pump->level) || pump_is_pressed(m->pump) || !fit_all(&m->pump->queue);
}

static void follow_held(void);

void
handing_offered(bool batch, const struct iovec *piece, int pieces, size_t length)
{
	size_t sum = 0;

	for (int i = 0; i < pieces; i++)
		sum += piece[i].iov_len;
	if (sum != length || length == 0)
		handing_wrong("a write of %zu bytes in pieces of %zu", length, sum);
	if (!m->followed)
		follow_held(); /* what is too old, or too late for CoDel, has gone before anything leaves */
	if (batch != m->rules->batching || (batch && !m->making))
		handing_wrong("bytes are handed over for no batch");
	if (m->absent)
		handing_wrong("bytes are handed over to nobody");
	if (m->refused)
		handing_wrong("the output is asked again after it has refused");
	if (batch && !m->begun && !queue_part_sent(&m->pump->queue) && (is_full_of_batches() || (!is_batch_due() && !is_short_of_room())))
		handing_wrong("a batch is made that is not due");
	check_bytes(piece, pieces, length);
}

/* A record is begun, with its number or its first byte. */
static void
begin_record(struct hand_record *r)
{
	r->life = GOING;
	if (m->rules->credits_path != NULL)
		m->credits--;
	if (m->rules->batching) {
		ledger_count(&m->made, 1, handing_length(r));
		m->begun = true;
	}
}

static void
end_given(struct hand_record *r, bool batch)
{
	r->wire = m->given;
	m->at = 0;
	if (r->life == FLYING) {
		m->ledger.redelivered.records++;
		m->redelivered++;
		if (m->rules->credits_path != NULL)
			m->credits--;
		return;
	}
	r->life = FLYING;
	m->ledger.sent.records++;
	if (!batch) {
		r->flown = true;
		return;
	}
	r->part = HANDING_MAKING;
}

/* So many bytes of a record's own have gone, from there on: what no reader was given before is sent, the rest again. */
static void
pass_bytes(struct hand_record *r, uint64_t from, uint64_t bytes)
{
	const uint64_t again = from >= r->sent ? 0 : r->sent - from < bytes ? r->sent - from : bytes;

	if (r->life == GOING && again > 0 && from + again == r->sent && m->rules->credits_path != NULL)
		m->credits--; /* as far as it was here */
	m->ledger.redelivered.bytes += again;
	m->ledger.sent.bytes += bytes - again;
	r->sent += bytes - again;
}

void
handing_took(bool batch, enum io_result answer, size_t length)
{
	m->refused = answer != IO_ALL && answer != IO_RETRY;
	m->moved |= length > 0;
	while (length > 0) {
		const size_t record = next_from(0);
		struct hand_record *r = &m->record[record];
		char number[24];
		const size_t digits = record == NONE ? 0 : handing_number_text(record, number);
		uint64_t left, step, own;

		if (record == NONE)
			return; /* it was said */
		left = digits + handing_length(r) - m->at;
		step = left < length ? left : length;
		own = m->at + step > digits ? m->at + step - (m->at > digits ? m->at : digits) : 0;
		if (r->life == WAITING)
			begin_record(r);
		m->ledger.added_bytes += step - own;
		m->given += step;
		pass_bytes(r, m->at > digits ? m->at - digits : 0, own);
		m->at += step;
		length -= step;
		if (m->at == digits + handing_length(r))
			end_given(r, batch);
	}
}

/* Another reader: it is given from its beginning what is not settled. */
void
handing_restart(void)
{
	m->absent = false;
	m->at = m->given = 0;
	for (size_t i = 0; i < m->coming; i++)
		m->record[i].wire = 0;
}

/* --- it is settled -------------------------------------------------------------------------------- */

void
handing_settle(struct hand_record *r, bool rejects)
{
	r->life = LEFT;
	ledger_count(rejects ? &m->ledger.dropped[REASON_REJECTED] : &m->ledger.out, 1, handing_length(r));
	m->rejected += rejects;
	m->moved = true;
}

/* The oldest in flight, if this reader was given it. */
struct hand_record *
handing_oldest_given(void)
{
	for (size_t i = 0; i < m->coming; i++)
		if (m->record[i].life == FLYING)
			return m->record[i].wire > 0 ? &m->record[i] : NULL;
	return NULL;
}

void
handing_oldest(bool rejects)
{
	struct hand_record *r = handing_oldest_given();

	if (r != NULL)
		handing_settle(r, rejects);
}

void
handing_number(uint64_t serial, bool rejects)
{
	struct hand_record *r = serial > 0 && serial <= m->coming ? &m->record[serial - 1] : NULL;

	if (r != NULL && r->life == FLYING && r->wire > 0)
		handing_settle(r, rejects);
}

/* That nobody was handed as much is as if it had not been said. */
void
handing_up_to(uint64_t serial)
{
	size_t waits = 0;

	while (waits < m->coming && m->record[waits].life != COMING && m->record[waits].life != WAITING)
		waits++;
	if (serial > waits)
		return;
	for (size_t i = 0; i < m->coming && i < serial; i++) {
		if (m->record[i].life == FLYING && m->record[i].wire > 0)
			handing_settle(&m->record[i], false);
	}
}

void
handing_unread(uint64_t unread)
{
	struct hand_record *r;

	if (m->absent || unread > m->given)
		return;
	while ((r = handing_oldest_given()) != NULL && r->wire <= m->given - unread)
		handing_settle(r, false);
}

void
handing_grant(uint64_t credits)
{
	m->credits += credits;
}

void
handing_hurry(void)
{
	m->hurried = true;
}

uint64_t
handing_nth_given(size_t n)
{
	for (size_t i = 0; i < m->coming; i++)
		if (m->record[i].life == FLYING && m->record[i].wire > 0 && n-- == 0)
			return i + 1;
	return 0;
}

/* --- the comparison ------------------------------------------------------------------------------- */

#define HELD_MOST ((size_t)1 << 20)

/* All that is in the buffer, in one piece. */
static size_t
copy_held(const struct queue *queue, char *to)
{
	struct iovec piece[4096];
	struct chain_place place = chain_at(&queue->chain, 0);
	size_t left = chain_used(&queue->chain), sum = 0;
	int pieces = chain_peek_apart(&queue->chain, queue_rest(queue), piece, 4096);

	for (int i = 0; i < pieces; i++) {
		memcpy(to + sum, piece[i].iov_base, piece[i].iov_len);
		sum += piece[i].iov_len;
	}
	while (left > 0 && sum < HELD_MOST / 2) {
		struct iovec next = chain_next(&queue->chain, &place, left);

		memcpy(to + sum, next.iov_base, next.iov_len);
		sum += next.iov_len;
		left -= next.iov_len;
	}
	return sum;
}

/* Whether the next bytes are those of a record, from there on. */
static bool
is_next(const char *held, size_t left, size_t record, uint64_t from)
{
	const struct hand_record *r = &m->record[record];

	if (left < r->here - from)
		return false;
	for (uint64_t at = from; at < r->here; at++)
		if (held[at - from] != handing_byte(record, at))
			return false;
	return true;
}

/* One that waited is not there any more. */
static void
give_way(struct hand_record *r)
{
	const bool old = m->options->max_age_ns > 0 && m->now_ns - r->arrived_ns > m->options->max_age_ns;

	if (m->options->policy == POLICY_BLOCK && !old)
		handing_wrong("a record gives way to nothing");
	r->life = LEFT;
	m->moved = true;
	if (old) {
		ledger_count(&m->ledger.dropped[REASON_EXPIRED], 1, handing_length(r));
		return;
	}
	m->gone_records++;
	m->gone_bytes += handing_length(r);
}

/* Those that are gone were waiting, and the rest is as it was. */
static void
follow_held(void)
{
	static char held[HELD_MOST];
	size_t at = 0, length = copy_held(&m->pump->queue, held);

	m->followed = true;
	for (size_t i = 0; i <= m->coming && i < m->planned; i++) {
		struct hand_record *r = &m->record[i];
		const uint64_t from = r->life == GOING ? r->sent : 0;

		if (r->life == FLYING || r->life == LEFT || r->here == from)
			continue;
		if (is_next(held + at, length - at, i, from))
			at += (size_t)(r->here - from);
		else if (r->life == WAITING)
			give_way(r);
		else
			handing_wrong("record %zu, which %s, is not held", i + 1, r->life == GOING ? "goes" : "comes");
		if (r->life == WAITING && m->options->max_age_ns > 0 && m->now_ns - r->arrived_ns > m->options->max_age_ns &&
		    !m->absent)
			handing_wrong("record %zu is held though it is too old", i + 1);
	}
	if (at < length)
		handing_wrong("%zu bytes are held that should not be", length - at);
}

/* A record whose number could not leave with it has been begun. */
static void
follow_begun(const struct queue *queue)
{
	const size_t next = next_from(0);

	if (!queue_part_sent(queue) || (next != NONE && m->record[next].life == GOING))
		return;
	for (size_t i = 0; i < m->coming; i++) {
		if (m->record[i].life == GOING)
			return;
		if (m->record[i].life == WAITING) {
			check_begin(i, (struct tally){ 0, 0 });
			begin_record(&m->record[i]);
			return;
		}
	}
	handing_wrong("a record is begun that there is not");
}

static void
same_tally(const char *what, const struct tally *got, const struct tally *want)
{
	if (got->records != want->records || got->bytes != want->bytes)
		handing_wrong("%s: %" PRIu64 " records %" PRIu64 " bytes, the model says %" PRIu64 " and %" PRIu64, what,
		    got->records, got->bytes, want->records, want->bytes);
}

/* What gave way is counted under the policy's own reasons; here it is one sum. */
static void
same_dropped(const struct ledger *got)
{
	static const enum reason own[] = { REASON_OLDEST, REASON_NEWEST, REASON_SUPERSEDED, REASON_RANDOM, REASON_SHED,
		REASON_CODEL, REASON_FAIR };
	struct tally sum = { 0, 0 };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		ledger_count(&sum, got->dropped[own[i]].records, got->dropped[own[i]].bytes);
	ledger_count(&m->ledger.dropped[REASON_OLDEST], m->gone_records, m->gone_bytes);
	same_tally("gave way", &sum, &m->ledger.dropped[REASON_OLDEST]);
	same_tally("oversize", &got->dropped[REASON_OVERSIZE], &m->ledger.dropped[REASON_OVERSIZE]);
	same_tally("expired", &got->dropped[REASON_EXPIRED], &m->ledger.dropped[REASON_EXPIRED]);
	same_tally("rejected", &got->dropped[REASON_REJECTED], &m->ledger.dropped[REASON_REJECTED]);
	m->gone_records = 0;
	m->gone_bytes = 0;
}

static size_t
first_of(enum life life)
{
	for (size_t i = 0; i < m->coming; i++)
		if (m->record[i].life == life)
			return i;
	return NONE;
}

/* The serial of what another reader would be handed first. */
uint64_t
handing_next_serial(void)
{
	static const enum life lives[] = { FLYING, GOING, WAITING };

	for (size_t i = 0; i < 3; i++)
		if (first_of(lives[i]) != NONE)
			return first_of(lives[i]) + 1;
	return 0;
}

void
handing_same_books(void)
{
	const struct pump *pump = m->pump;
	const struct ledger *got = pump_ledger(pump);
	uint64_t memory;
	const struct tally flies = pump_in_flight(pump), want = in_flight(&memory);
	const struct hand_record *oldest = m->rules->batching ? NULL : handing_oldest_given();

	same_tally("in", &got->in, &m->ledger.in);
	same_tally("out", &got->out, &m->ledger.out);
	same_tally("sent", &got->sent, &m->ledger.sent);
	same_tally("redelivered", &got->redelivered, &m->ledger.redelivered);
	same_tally("in flight", &flies, &want);
	handing_same("bytes of numbers", got->added_bytes, m->ledger.added_bytes);
	handing_same("memory of what is in flight", flight_used(&pump->flight), memory);
	if (!ledger_balances(got, pump_held(pump)))
		handing_wrong("the ledger does not balance");
	if (m->rules->batching)
		return;
	if (handing_next_serial() != 0)
		handing_same("the next serial", pump_next_serial(pump), handing_next_serial());
	if (m->absent)
		return;
	handing_same("given", pump_wire(pump), m->given);
	handing_same("the oldest given", pump_first_given(pump), oldest != NULL ? (uint64_t)(oldest - m->record) + 1 : 0);
}

/* What there was no room for, with what gave way, did not fit; and what is left does. */
static void
check_room(const struct queue *queue, struct tally gone)
{
	const struct options *o = m->options;
	const struct tally waits = waiting();
	const size_t going = first_of(GOING);
	uint64_t memory, taken;

	(void)in_flight(&memory);
	taken = memory + (going != NONE ? handing_length(&m->record[going]) - m->record[going].sent : 0);
	if (o->policy != POLICY_BLOCK && (waits.records > o->max_records ||
	    (waits.bytes > 0 && waits.bytes + taken > o->buffer_bytes)))
		handing_wrong("%" PRIu64 " records, %" PRIu64 " bytes wait beside %" PRIu64 ", which is too much",
		    waits.records, waits.bytes, taken);
	if ((o->policy == POLICY_DROP_OLDEST || o->policy == POLICY_DROP_NEWEST) && gone.records > 0 &&
	    waits.records + gone.records <= o->max_records && waits.bytes + gone.bytes + taken <= o->buffer_bytes)
		handing_wrong("%" PRIu64 " records give way though there is room", gone.records);
	if (m->beyond > memory + queue_held(queue).bytes)
		m->beyond = memory + queue_held(queue).bytes;
	if (memory + queue_held(queue).bytes > o->buffer_bytes + o->max_record_bytes &&
	    memory + queue_held(queue).bytes > m->beyond && m->pump->plan.limits.slack == 0)
		handing_wrong("%" PRIu64 " bytes are held", memory + queue_held(queue).bytes);
}

/* Since when what waits does. */
static void
check_times(const struct sojourn *sojourn)
{
	const struct hand_record *oldest = oldest_waiting();

	handing_same("records that are waited for", sojourn_held(sojourn), waiting().records);
	if (oldest != NULL)
		handing_same("the oldest arrival", sojourn_oldest_ns(sojourn), oldest->arrived_ns);
}

/* Why nothing more has left. */
static void
check_held(size_t next)
{
	const struct hand_record *r = &m->record[next];
	const bool begins = r->life == WAITING;

	if (m->pump->outlet.toll.due_ns[TOLL_RATE] > 0 || m->gave_way)
		return; /* the rate is model.h's; and what was held is not there any more */
	if (m->rules->batching) {
		if (m->making && !m->begun && is_batch_due())
			handing_wrong("a batch is due and not made");
		if (m->making && m->begun && batch_lets(handing_length(r), (struct tally){ 0, 0 }))
			handing_wrong("a batch has room and is not filled");
	} else if (!lacks_credit(0) && (!begins || window_lets(handing_length(r), (struct tally){ 0, 0 }))) {
		handing_wrong("record %zu is held, and nothing holds it", next + 1);
	}
}

static void
check_verdict(void)
{
	const size_t next = next_from(0);
	const enum outlet_state output = pump_output(m->pump);

	if (output == OUTLET_EMPTY && (m->absent ? first_of(WAITING) != NONE || first_of(GOING) != NONE : next != NONE))
		handing_wrong("record %zu may leave, and is not offered", next + 1);
	if (output == OUTLET_REFUSED && !m->absent && !m->refused)
		handing_wrong("the output has not refused");
	if (output == OUTLET_HELD && next == NONE)
		handing_wrong("nothing is left that could be held");
	else if (output == OUTLET_HELD)
		check_held(next);
	if (output == OUTLET_MORE && !m->moved && !m->rules->batching)
		handing_wrong("the output is left without need");
	if (output == OUTLET_HELD && m->rules->batching && m->making && !m->begun && handing_linger_ns() != UINT64_MAX && !is_full_of_batches() &&
	    pump_deadline_ns(m->pump) > handing_linger_ns())
		handing_wrong("nobody wakes when the oldest has lingered long enough");
}

void
handing_begin_pass(uint64_t now_ns)
{
	m->now_ns = now_ns;
	m->refused = m->moved = m->followed = false;
	if (m->begun)
		return;
	m->batch_room = batch_room();
	m->batch_most = (struct tally){ m->rules->batch_records, batch_most() };
}

bool
handing_agrees(void)
{
	const struct pump *pump = m->pump;
	struct tally gone;

	follow_held();
	follow_begun(&pump->queue);
	gone = (struct tally){ m->gone_records, m->gone_bytes };
	m->gave_way = gone.records > 0;
	m->full = m->begun && pump_output(pump) == OUTLET_HELD;
	same_dropped(pump_ledger(pump));
	handing_same_books();
	if (pump_sojourn(pump) != NULL)
		check_times(pump_sojourn(pump));
	if (pump_output(pump) != OUTLET_GONE) {
		check_room(&pump->queue, gone);
		check_verdict();
	}
	if (handing_complaint() == NULL) {
		queue_check(&pump->queue);
		flight_check(&pump->flight);
	}
	return handing_complaint() == NULL;
}

/* What waits, is in flight, or runs stays as it is; but a record that has been begun to be read may be too long now. */
void
handing_replan(const struct options *next, uint64_t now_ns)
{
	struct hand_record *r = &m->record[m->coming];
	uint64_t memory;

	m->now_ns = now_ns;
	(void)in_flight(&memory);
	m->beyond = memory + queue_held(&m->pump->queue).bytes;
	if (m->coming < m->planned && !r->skipped && !m->input_over && r->here > next->max_record_bytes)
		drop_too_long(r, r->here);
	handing_rewait(&next->reader);
}

/* Nothing is left. */
bool
handing_agrees_over(void)
{
	for (size_t i = 0; i < m->coming; i++)
		if (m->record[i].life != LEFT)
			handing_wrong("record %zu is neither out nor dropped in the end", i + 1);
	handing_same("all that came", pump_ledger(m->pump)->in.records, m->coming);
	return handing_complaint() == NULL;
}

bool
handing_all_handed(void)
{
	return !pump_is_reading(m->pump) && next_from(0) == NONE;
}

bool
handing_all_settled(void)
{
	return !pump_is_reading(m->pump) && handing_next_serial() == 0;
}
