/* SPDX-License-Identifier: BSD-2-Clause */
/* See model.h.  In the order of a record's life: in, out, when it does not fit; then the comparison. */
#include "config.h"

#include "../unit/short_history.h" /* first: it sets what others have defaults for */

#include "../unit/short_fair.h"
#include "model.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* BATCH_NS and BUCKET_CREDIT_NS of the contract: half a millisecond's worth, and lateness made good. */
#define WORTH_WAITING_NS 500000
#define PATIENCE_LEAST 16384
#define PATIENCE_HELD 131072
#define LATENESS_NS 10000000

/* The longest record. */
#define MODEL_TEXT ((size_t)2 << 20)

/* What part of the room a policy frees at least, where it takes a look at all of it. */
#define PART 8
#define PART_BY_LOT 4
#define NOTHING UINT64_MAX

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

static bool
is_sampling(const struct model *m)
{
	return m->sampling;
}

/* Any byte may leave: plain block, or no records at all. */
static bool
streams(const struct model *m)
{
	return m->streams;
}

/* Each has a weight. */
static bool
weighs(const struct model *m)
{
	return m->options->weight_template != NULL;
}

static void
fix_sampling(struct model *m, const struct options *o)
{
	m->sampling = o->sample.den > o->sample.num || o->budget.amount > 0;
}

static void
fix_modes(struct model *m, const struct options *o)
{
	fix_sampling(m, o);
	m->streams = o->framing.kind == FRAMING_BYTES || (o->framing.kind != FRAMING_JOINED && !weighs(m) && !drops(m) && !o->rated && !m->sampling &&
	    !o->policing && o->collapse_ns == 0 && o->max_age_ns == 0 && o->settle_ns == 0);
	m->parts = !drops(m) && !m->streams;
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

static uint64_t
waiting(const struct model *m)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < m->count; i++)
		sum += m->held[i].ended && m->held[i].sent == 0 && !m->held[i].header;
	return sum;
}

static bool
is_part_sent(const struct model *m)
{
	return m->count > 0 && m->held[0].sent > 0;
}

static bool
is_header_open(const struct model *m)
{
	return m->count > 0 && m->held[m->count - 1].header && !m->held[m->count - 1].ended;
}

/* Of the first records, which are held in front of all others: what there is, and whether more are to come. */
static uint64_t
header_bytes(const struct model *m)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < m->count && m->held[i].header; i++)
		sum += rest_of(&m->held[i]);
	return sum;
}

static bool
are_headers_coming(const struct model *m)
{
	return m->ledger.in.records < m->headers;
}

/* They fill the buffer, and some of them could leave: no more is read. */
static bool
are_headers_full(const struct model *m)
{
	const bool parts = m->parts && header_bytes(m) >= m->options->high_bytes;

	return are_headers_coming(m) && header_bytes(m) >= m->options->buffer_bytes &&
	    (m->held[0].ended || m->held[0].sent > 0 || parts);
}

/* Nothing has come for as long as that takes, or nothing more can. */
static bool
has_settled(const struct model *m)
{
	return m->options->settle_ns == 0 || m->came_ns == 0 || !reads_on(m) ||
	    m->now_ns >= m->came_ns + m->options->settle_ns;
}

/* Who is left to chance has its own, from the seed: the first the sample, the second drop-random. */
static struct chance
chance_of(const struct options *options, unsigned user)
{
	struct chance chance, all;

	chance_init(&all, true, options->seed);
	do
		chance_init(&chance, true, chance_next(&all));
	while (user-- > 0);
	return chance;
}

/* Where they are weighed a sample begins anywhere. */
static uint64_t
any_phase(struct model *m)
{
	return chance_below(&m->draws.chance, m->options->sample.den);
}

/* A sample that is new, from this state of chance on. */
static void
begin_sample(struct model *m, const struct chance *chance)
{
	sample_init(&m->draws, &m->own.sample, m->own.sample_by, chance);
	m->share = (struct model_share){ 0 };
	if (weighs(m) && is_sampling(m) && m->own.sample_by == SAMPLE_BY_COUNT)
		m->share.phase = any_phase(m);
}

static void
begin_budget(struct model *m, const struct chance *chance)
{
	struct chance lot = *chance;

	budget_init(&m->budget, &m->own.budget, m->now_ns);
	if (weighs(m))
		budget_weigh(&m->budget, chance_next(&lot));
}

#define FOR_SAMPLE 0
#define FOR_LOTS 1

void
model_init(struct model *m, const struct options *options, const char *stream, size_t window,
    size_t unit, uint64_t now_ns)
{
	const struct rate *rate = &options->rate;
	const struct rate *police = &options->police;
	const struct chance chance = chance_of(options, FOR_SAMPLE);

	memset(m, 0, offsetof(struct model, held));
	m->levels = m->polices = m->shares = m->let_in = 0;
	complaint[0] = '\0';
	m->own = *options;
	m->options = &m->own;
	fix_modes(m, options);
	m->headers = streams(m) ? 0 : options->header_records;
	m->stream = stream;
	m->window = window;
	m->unit = unit;
	m->common.then_ns = m->now_ns = now_ns;
	begin_sample(m, &chance);
	if (options->sample_by == SAMPLE_BY_BUDGET)
		begin_budget(m, &chance);
	if (options->sample_by == SAMPLE_BY_RANDOM && is_sampling(m))
		m->gap = sample_gap(&m->draws);
	m->lots = chance_of(options, FOR_LOTS);
	codel_init(&m->codel, options->codel_target_ns, options->codel_interval_ns);
	if (options->policing)
		bucket_init(&m->police[m->polices++].bucket, police->amount, police->period_ns,
		    options->police_burst, now_ns);
	if (!options->rated)
		return;
	m->depth = (int64_t)options->burst;
	if (m->depth == 0)
		m->depth = (int64_t)(rate->amount * 1000000 / rate->period_ns);
	if (m->depth == 0)
		m->depth = 1;
	m->common.rate = *rate;
	m->common.depth = m->depth;
	m->common.level = m->depth * (int64_t)rate->period_ns;
}

/* --- what a record says --------------------------------------------------------------------------- */

/* Where what a record says begins and ends in the stream, as far as it is here: without the header and the comma of a frame, the
 * newline behind the last line, the delimiter. */
static uint64_t
begin_of(const struct model *m, const struct model_record *record)
{
	uint64_t at = record->start;

	while (m->marks != NULL && at < record->start + record->length && (m->marks->mark[at] & MARKED_PAYLOAD) == 0)
		at++;
	return at;
}

static uint64_t
end_of(const struct model *m, const struct model_record *record, bool delimited)
{
	const uint64_t begin = begin_of(m, record);
	uint64_t end = record->start + record->length;
	size_t delimiter;

	if (m->marks == NULL) {
		(void)framing_end(&m->options->framing, &delimiter);
		return end - (delimited ? delimiter : 0);
	}
	while (end > begin && (m->marks->mark[end - 1] & MARKED_PAYLOAD) == 0)
		end--;
	return end - (end > begin && (m->marks->mark[end - 1] & MARKED_LINE) != 0);
}

/* What it says, as far as it is here, in one piece. */
static const char *
text_of(const struct model *m, const struct model_record *record, bool delimited, size_t *body)
{
	static char text[MODEL_TEXT];
	const uint64_t begin = begin_of(m, record);

	*body = (size_t)(end_of(m, record, delimited) - begin);
	if (*body > sizeof(text))
		wrong("a record is too long for the model");
	for (size_t i = 0; i < *body && i < sizeof(text); i++)
		text[i] = m->stream[(begin + i) % m->window];
	return text;
}

static uint64_t
key_with(const struct model *m, const char *text, size_t body, uint64_t seed)
{
	const struct key_rule *rule = options_key(m->options);

	return rule != NULL ? key_hash(key_of(rule, text, body), seed) : 0;
}

void
model_salt(struct model *m, uint64_t salt)
{
	m->salt_of_all = salt;
	chance_init(&m->salts, true, salt);
}

/* --- gates in ------------------------------------------------------------------------------------- */

/* Records are left out unseen, by their number; or they are judged, by what they say. */
static bool
counts_out(const struct model *m)
{
	return is_sampling(m) && m->options->keep == NULL && m->options->collapse_ns == 0 &&
	    (m->options->sample_by == SAMPLE_BY_COUNT || m->options->sample_by == SAMPLE_BY_RANDOM);
}

static bool
judges(const struct model *m)
{
	return m->options->policing || m->options->collapse_ns != 0 || (is_sampling(m) && !counts_out(m));
}

static bool
is_next(struct model *m, struct model_share *share)
{
	const struct share *sample = &m->options->sample;
	const bool drawn = share->number == (share->kept * sample->den + share->phase) / sample->num;

	if (share->first) {
		*share = (struct model_share){ .key = share->key, .phase = any_phase(m) };
		m->weight = WEIGHT_ONE;
		return true;
	}

	share->kept += drawn;
	if (++share->number == sample->den)
		share->number = share->kept = 0; /* it repeats itself */
	return drawn;
}

static struct model_share *
share_of(struct model *m, uint64_t key)
{
	size_t i = 0;

	while (i < m->shares && m->each[i].key != key)
		i++;
	if (i == MODEL_KEYS) {
		wrong("the model has no room for so many keys");
		return &m->each[0];
	}
	if (i == m->shares) {
		m->each[m->shares] = (struct model_share){ .key = key, .first = weighs(m) };
		budget_key_init(&m->each[m->shares++].budget, weighs(m) && m->options->sample_by == SAMPLE_BY_BUDGET ?
		    chance_next(&m->draws.chance) : key, m->now_ns);
	}
	return &m->each[i];
}

/* Whether the next record that counts is in the sample. */
static bool
is_drawn(struct model *m)
{
	bool drawn;

	if (m->options->sample_by == SAMPLE_BY_RANDOM) {
		drawn = m->gap == 0;
		m->counted_out = !drawn && counts_out(m);
		if (!drawn)
			m->gap--;
		else if (!counts_out(m))
			m->gap = sample_gap(&m->draws);
		return drawn;
	}
	return is_next(m, &m->share);
}

/* One in its probability, of what is in by its share. */
static uint64_t
share_weight(const struct options *o)
{
	const double weight = (double)o->sample.den * WEIGHT_ONE / (double)o->sample.num;

	return (uint64_t)(weight + 0.5);
}

static bool
is_sampled(struct model *m, const char *text, size_t body)
{
	const struct options *o = m->options;
	bool is_in;

	m->weight = share_weight(o);
	switch (o->sample_by) {
	case SAMPLE_BY_KEY:
		return sample_has(&m->draws, key_with(m, text, body, o->seed));
	case SAMPLE_BY_EACH_KEY:
		return is_next(m, share_of(m, key_with(m, text, body, 0)));
	case SAMPLE_BY_BUDGET:
		if (options_key(o) == NULL)
			is_in = budget_has(&m->budget, m->now_ns);
		else
			is_in = budget_has_of_key(&m->budget, &share_of(m, key_with(m, text, body, m->salt_of_all))->budget, m->now_ns);
		m->weight = budget_weight(&m->budget);
		return is_in;
	case SAMPLE_BY_COUNT:
	case SAMPLE_BY_RANDOM:
		break;
	}
	return is_drawn(m);
}

static struct bucket *
police_of(struct model *m, uint64_t key)
{
	const struct options *o = m->options;

	if (!o->rate_by_key)
		return &m->police[0].bucket;
	for (size_t i = 1; i < m->polices; i++) {
		if (m->police[i].key == key)
			return &m->police[i].bucket;
	}
	if (m->polices == MODEL_KEYS) {
		wrong("the model has no room for so many keys");
		return &m->police[0].bucket;
	}
	m->police[m->polices].key = key;
	bucket_init(&m->police[m->polices].bucket, o->police.amount, o->police.period_ns, o->police_burst,
	    m->now_ns);
	return &m->police[m->polices++].bucket;
}

/* Whether a record does not come too fast; one that is kept all the same uses up what is there. */
static bool
is_in_time(struct model *m, uint64_t key, uint64_t length, bool kept)
{
	struct bucket *bucket = police_of(m, key);
	uint64_t cost = m->options->police.bytes ? length : 1;
	bool allowed;

	bucket_refill(bucket, m->now_ns, 0);
	allowed = bucket_allows(bucket, cost);
	if (allowed)
		bucket_charge(bucket, cost);
	else if (kept)
		bucket_charge(bucket, bucket_tokens(bucket));
	return allowed || kept;
}

static char
byte_at(const struct model *m, uint64_t at)
{
	return m->stream[at % m->window];
}

/* Whether two texts are the same, byte by byte; but where there is a mask for runs of a, as long as they like. */
static bool
says_the_same(const struct model *m, const struct model_let_in *one, uint64_t at, uint64_t length)
{
	const bool masks = m->options->mask != NULL;
	uint64_t i = 0, k = 0;

	while (i < one->length && k < length) {
		const char byte = byte_at(m, one->at + i);

		if (byte != byte_at(m, at + k))
			return false;
		do
			i++;
		while (masks && byte == 'a' && i < one->length && byte_at(m, one->at + i) == 'a');
		do
			k++;
		while (masks && byte == 'a' && k < length && byte_at(m, at + k) == 'a');
	}
	return i == one->length && k == length;
}

/* The one like it that was let in last, or NULL. */
static struct model_let_in *
find_let_in(struct model *m, const struct model_record *record, size_t body)
{
	for (size_t i = 0; i < m->let_in; i++)
		if (says_the_same(m, &m->repeats[i], begin_of(m, record), body))
			return &m->repeats[i];
	return NULL;
}

static bool
is_repeat(struct model *m, const struct model_record *record, size_t body)
{
	const struct model_let_in *one = find_let_in(m, record, body);

	return one != NULL && m->now_ns < one->then_ns + m->options->collapse_ns;
}

static void
note_let_in(struct model *m, const struct model_record *record, size_t body)
{
	struct model_let_in *one = find_let_in(m, record, body);

	if (one == NULL && m->let_in == MODEL_KEYS) {
		wrong("the model has no room for so many that are let in");
		return;
	}
	if (one == NULL)
		one = &m->repeats[m->let_in++];
	*one = (struct model_let_in){ begin_of(m, record), body, m->now_ns };
}

/* The gates see the record, or as much of it as is here; `whole`: all of it. */
static void
judge(struct model *m, bool delimited, bool whole)
{
	const struct options *o = m->options;
	struct model_record *record = &m->held[m->count - 1];
	size_t body;
	const char *text = text_of(m, record, delimited, &body);
	bool kept = keep_class(o->keep, text, body) > 0;
	const bool compared = o->collapse_ns != 0 && whole, repeated = compared && is_repeat(m, record, body);

	record->judged = true;
	m->weight = WEIGHT_ONE;
	if (!repeated && kept && is_sampling(m) && o->sample_by == SAMPLE_BY_BUDGET)
		budget_charge(&m->budget);
	if (repeated)
		m->why = REASON_REPEATED;
	else if (!kept && is_sampling(m) && !counts_out(m) && !is_sampled(m, text, body))
		m->why = REASON_SAMPLE;
	else if (o->policing && !is_in_time(m, key_with(m, text, body, 0), record->length, kept))
		m->why = REASON_OVER;
	else {
		if (compared)
			note_let_in(m, record, body);
		record->weight = m->weight;
		return;
	}
	m->left_out = true;
	if (repeated && o->keep != NULL) /* of whatever class */
		ledger_count(&m->ledger.dropped_class[keep_class(o->keep, text, body)], 1, record->length);
	m->ledger.dropped[m->why].bytes += record->length;
	m->count--;
}

/* --- in ------------------------------------------------------------------------------------------- */

static void
begin_record(struct model *m)
{
	m->open = true;
	m->begun = 0;
	m->left_out = !are_headers_coming(m) && counts_out(m) && !is_drawn(m);
	m->why = REASON_SAMPLE;
	if (m->left_out)
		return;
	if (m->count == MODEL_RECORDS)
		wrong("the model has no room for so many records");
	else
		m->held[m->count++] = (struct model_record){ .start = m->at, .header = are_headers_coming(m),
			.weight = counts_out(m) && !are_headers_coming(m) ? share_weight(m->options) : WEIGHT_ONE };
}

/* Its last byte is here, which may be a delimiter. */
static void
end_record(struct model *m, bool delimited)
{
	struct model_record *record = m->left_out ? NULL : &m->held[m->count - 1];
	const char *text;
	size_t body;

	if (record != NULL && judges(m) && !record->judged && !record->header)
		judge(m, delimited, true);
	m->open = false;
	if (counts_out(m) && m->options->sample_by == SAMPLE_BY_RANDOM && !m->counted_out && (record == NULL || !record->header))
		m->gap = sample_gap(&m->draws); /* drawn behind a record that was not left out for it */
	m->counted_out = false;
	m->ledger.in.records++;
	if (m->left_out) {
		m->ledger.dropped[m->why].records++;
		m->over = m->too_long;
		return;
	}
	text = text_of(m, record, delimited, &body);
	record->ended = true;
	record->delimited = delimited;
	record->arrived_ns = m->now_ns;
	record->class = keep_class(m->options->keep, text, body);
	if (record->sent == 0)
		record->key = key_with(m, text, body, 0);
}

/* Whether the byte at that place ends the record that has been begun so many bytes ago.  (A string is of two bytes that are the
 * same.) */
static bool
is_end(const struct model *m, uint64_t at)
{
	const struct framing *framing = &m->options->framing;
	const bool same = (unsigned char)m->stream[at % m->window] == framing->delimiter;

	if (framing->kind == FRAMING_BYTES)
		return false;
	if (m->marks != NULL) /* what tells may be here too */
		return (!m->marks->late || at + 1 < m->pass_to) && (m->marks->mark[at] & MARKED_END) != 0;
	if (framing->kind == FRAMING_STRING)
		return same && m->begun >= framing->string_length && m->stream[(at - 1) % m->window] == m->stream[at % m->window];
	return framing->kind == FRAMING_FIXED ? m->begun == framing->size : same;
}

/* The record that has been begun is left out if it has become too long; but for one of which a part is out since before
 * its length mattered. */
static void
give_up_long(struct model *m)
{
	const struct model_record *record = &m->held[m->count - 1];

	if (!drops(m) || record->sent > 0 || record->length <= m->options->max_record_bytes)
		return;
	if (record->header) {
		m->header_too_long = m->over = true;
		return;
	}
	m->left_out = true;
	m->why = REASON_OVERSIZE;
	m->too_long = m->options->policy == POLICY_FAIL;
	m->ledger.dropped[REASON_OVERSIZE].bytes += record->length;
	m->count--;
}

static void
remove_record(struct model *m, size_t index)
{
	m->count--;
	memmove(&m->held[index], &m->held[index + 1], (m->count - index) * sizeof(m->held[0]));
}

/* What is here of a record is all of it, and may be out already. */
static void
end_last(struct model *m)
{
	struct model_record *last;

	end_record(m, false);
	if (m->left_out)
		return;
	last = &m->held[m->count - 1];
	if (last->sent == last->length) {
		m->ledger.out.records++;
		m->headers_out += last->header;
		remove_record(m, m->count - 1);
	}
}

/* Only what comes next tells that a record has ended with the byte before it. */
static void
end_late(struct model *m)
{
	if (m->marks == NULL || !m->marks->late || m->at == 0 || (m->marks->mark[m->at - 1] & MARKED_END) == 0)
		return;
	if (m->over && m->begun > 0) {
		m->begun = 0;
		m->ledger.in.records++;
		m->ledger.undelivered.records++;
	} else if (!m->over && m->open) {
		end_last(m);
		m->begun = 0;
	}
}

static void
read_byte(struct model *m)
{
	end_late(m);
	if (m->over) {
		bool end;

		m->begun++;
		end = is_end(m, m->at++);
		if (end)
			m->begun = 0;
		m->ledger.in.records += end;
		ledger_count(&m->ledger.undelivered, end, 1);
		return;
	}
	if (!m->open)
		begin_record(m);
	m->begun++;
	if (m->left_out) {
		m->ledger.dropped[m->why].bytes++;
	} else {
		m->held[m->count - 1].length++;
		give_up_long(m);
		if (m->header_too_long) { /* it is none of it any more */
			m->held[m->count - 1].length--;
			m->begun--;
			read_byte(m);
			return;
		}
	}
	if (!is_end(m, m->at++))
		return;
	end_record(m, m->options->framing.kind != FRAMING_FIXED);
	m->begun = 0;
}

/* Under block a long record is judged by what is here. */
static void
judge_long(struct model *m)
{
	if (judges(m) && !drops(m) && m->open && !m->left_out && !is_header_open(m) && !m->held[m->count - 1].judged &&
	    m->begun >= m->options->high_bytes)
		judge(m, false, false);
}

/* A line has ended, and the record that it is of may go on. */
static bool
waits_for_line(const struct model *m)
{
	return m->options->framing.kind == FRAMING_JOINED && m->open && (m->marks->mark[m->at - 1] & MARKED_LINE) != 0;
}

/* It does not: there is no time to wait for that. */
static void
end_lines(struct model *m)
{
	if (waits_for_line(m))
		end_last(m);
}

/* The bytes come in, whichever way; after a signal, no further than to the end of the record begun. */
static void
bring(struct model *m, size_t length)
{
	m->ledger.in.bytes += length;
	for (; length > 0; length--) {
		if (m->input == PUMP_STOPPED)
			wrong("after a signal a record is begun that was not there before");
		read_byte(m);
		if (m->input == PUMP_FINISHING)
			end_lines(m);
		if (m->input == PUMP_FINISHING && !m->open)
			m->input = PUMP_STOPPED;
	}
	judge_long(m);
}

void
model_mark(struct model *m, const struct marked *marks, uint64_t linger_ns)
{
	m->marks = marks;
	m->record_linger_ns = linger_ns;
}

uint64_t
model_kept(const struct model *m)
{
	return m->marks != NULL ? m->seen - m->at : 0;
}

/* How many more of the bytes that are here can be passed on: it is known what they are of. */
static size_t
known_bytes(const struct model *m)
{
	uint64_t at = m->at;

	while (at < m->seen && at < m->marks->wrong_at && m->marks->known[at] <= m->seen)
		at++;
	return (size_t)(at - m->at);
}

/* What is behind the last frame is none: it goes nowhere. */
static void
misframe(struct model *m)
{
	if (m->marks == NULL || m->seen < m->marks->wrong_known || m->at < m->marks->wrong_at || !reads_on(m))
		return;
	ledger_count(&m->ledger.in, 0, model_kept(m));
	ledger_count(&m->ledger.undelivered, 0, model_kept(m));
	m->at = m->seen;
	m->input = PUMP_MISFRAMED;
}

static void
see(struct model *m, size_t length)
{
	m->moved += length;
	m->seen += length;
	if (length > 0)
		m->came_ns = m->now_ns;
	if (!reads_on(m) || (m->paused && held_bytes(m) > 0))
		wrong("the input is asked although weir %s", m->paused ? "pauses" : "has stopped reading");
}

static void
bring_pieces(struct model *m, const struct iovec *piece, size_t length)
{
	m->pass_to = m->at + length;
	do {
		size_t here = piece->iov_len < length ? piece->iov_len : length;

		bring(m, here);
		length -= here;
		piece++;
	} while (length > 0);
}

void
model_read(struct model *m, size_t asked, const struct iovec *piece, size_t length, bool waits)
{
	if (m->asked)
		wrong("the input is read twice in a pass");
	m->asked = true;
	m->input_waits = waits;
	if (are_headers_full(m))
		wrong("the input is read although the first records fill the buffer");
	if (m->patient_until_ns > 0)
		wrong("the input is read although a full output is waited for");
	if (asked == 0)
		wrong("a read of nothing");
	see(m, length);
	bring_pieces(m, piece, m->marks != NULL ? known_bytes(m) : length);
	misframe(m);
	if (m->header_too_long && reads_on(m))
		m->input = PUMP_STOPPED;
	m->after_read = (struct tally){ waiting(m), held_bytes(m) };
}

void
model_looked(struct model *m, bool at_end)
{
	m->end_seen = at_end;
}

void
model_input_over(struct model *m, enum pump_input how, const struct iovec *piece)
{
	see(m, 0);
	if (how == PUMP_ENDED && model_kept(m) > 0)
		bring_pieces(m, piece, (size_t)model_kept(m));
	m->moved++;
	m->input = how;
	if (how == PUMP_ENDED && m->open && m->options->framing.kind != FRAMING_BYTES)
		end_last(m);
	m->after_read = (struct tally){ waiting(m), held_bytes(m) };
}

/* After a signal only a record is read to its end that is part of the output already, or will be before its
 * end is known. */
void
model_stop(struct model *m, uint64_t now_ns)
{
	bool part_sent, begun;

	if (m->input != PUMP_READING)
		return;
	m->now_ns = now_ns;
	end_lines(m);
	part_sent = m->count > 0 && m->held[0].sent > 0 && !m->held[0].ended;
	begun = m->options->framing.kind != FRAMING_BYTES && (streams(m) ? m->open : part_sent);
	m->input = begun ? PUMP_FINISHING : PUMP_STOPPED;
	if (begun)
		return;
	m->parts = false;
	if (m->paused)
		m->ledger.paused_ns += now_ns - m->paused_since_ns;
	m->paused = false;
}

/* --- when it does not fit -------------------------------------------------------------------------- */

/* What the one that is part-sent takes up of the room, once its end is here; and what it leaves. */
static uint64_t
taken_up(const struct model *m)
{
	return header_bytes(m) + (is_part_sent(m) && m->held[0].ended && !m->held[0].header ? rest_of(&m->held[0]) : 0);
}

static uint64_t
room_of(const struct model *m)
{
	return m->options->buffer_bytes > taken_up(m) ? m->options->buffer_bytes - taken_up(m) : 0;
}

/* A record and those before it, which the policy has let in: a part-sent one only by the bytes of its
 * rest. */
static bool
fits_behind(const struct model *m, size_t index)
{
	uint64_t bytes = m->held[index].length;
	uint64_t records = 1;

	for (size_t i = 0; i < index; i++) {
		bytes += rest_of(&m->held[i]);
		records += m->held[i].sent == 0 && !m->held[i].header;
	}
	return bytes <= m->options->buffer_bytes && records <= m->options->max_records;
}

static void
drop(struct model *m, size_t index, enum reason reason)
{
	m->moved += m->held[index].length;
	ledger_count(&m->ledger.dropped[reason], 1, m->held[index].length);
	ledger_count(&m->ledger.dropped_class[m->held[index].class], 1, m->held[index].length);
	remove_record(m, index);
}

static size_t first_victim(const struct model *m);

/* Lets in one that has arrived, and makes room for it where the policy does; returns how many of the
 * records up to it are left. */
static size_t
arrive(struct model *m, size_t index)
{
	size_t first = first_victim(m); /* that may be evicted */
	struct model_record *record = &m->held[index];

	if (record->sent == 0 && !fits_behind(m, index)) {
		if (m->options->policy == POLICY_DROP_NEWEST || record->length > room_of(m)) {
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

static void forget(struct model *m);
static bool is_long(const struct model *m, size_t index);

/* The oldest that is not part-sent leaves.  Of the batch that it was in nothing is known any more; and nothing of any, if it
 * was longer than a full one. */
static void
note_gone(struct model *m, size_t index)
{
	if (m->held[index].batch == 0 || m->options->policy != POLICY_LATEST)
		return;
	if (m->held[index].batch != m->broken && is_long(m, index))
		forget(m);
	else
		m->broken = m->held[index].batch;
}

/* The records that may give way: whole, and not part-sent. */
static size_t
first_victim(const struct model *m)
{
	size_t first = is_part_sent(m);

	while (first < m->count && m->held[first].header)
		first++;
	return first;
}

static size_t
last_victim(const struct model *m)
{
	return m->count > 0 && !m->held[m->count - 1].ended ? m->count - 1 : m->count;
}

static uint64_t
waiting_bytes(const struct model *m)
{
	uint64_t bytes = 0;

	for (size_t i = first_victim(m); i < last_victim(m); i++)
		bytes += m->held[i].length;
	return bytes;
}

/* What has to go. */
static struct tally
too_much(const struct model *m, uint64_t part)
{
	const struct options *o = m->options;
	uint64_t room = room_of(m);
	uint64_t bytes = waiting_bytes(m), records = waiting(m);

	return (struct tally){
		.bytes = bytes > room ? bytes - room + room / part : 0,
		.records = records > o->max_records ? records - o->max_records + o->max_records / part : 0,
	};
}

static bool
is_too_much(const struct model *m)
{
	struct tally excess = too_much(m, PART);

	return excess.bytes > 0 || excess.records > 0;
}

static void
lessen(struct tally *excess, uint64_t records, uint64_t bytes)
{
	excess->bytes -= excess->bytes < bytes ? excess->bytes : bytes;
	excess->records -= excess->records < records ? excess->records : records;
}

/* What is to be freed: what must, and a part of the room besides. Once the first has gone, no more than a slice of the
 * buffer is looked at for the second. */
struct goal {
	struct tally need;
	struct tally all;
	uint64_t slice; /* NOTHING: any number */
	bool looking;
};

static bool
is_lacking(const struct goal *goal)
{
	return goal->need.bytes > 0 || goal->need.records > 0;
}

static bool
is_reached(const struct goal *goal)
{
	return (goal->all.bytes == 0 && goal->all.records == 0) || (goal->looking && goal->slice == 0);
}

static void
look_at(struct goal *goal, uint64_t length)
{
	uint64_t cost = length + EXCESS_RECORD;

	if (goal->looking && goal->slice != NOTHING)
		goal->slice -= goal->slice < cost ? goal->slice : cost;
}

static void
give(struct goal *goal, uint64_t length)
{
	lessen(&goal->all, 1, length);
	lessen(&goal->need, 1, length);
	goal->looking = !is_lacking(goal);
}

static struct goal
goal_of(const struct model *m, uint64_t part)
{
	return (struct goal){ too_much(m, NOTHING), too_much(m, part), EXCESS_SLICE, false };
}

/* Drops from the classes below this one, the least first, in each the oldest first, until so much has gone, or
 * where a class has nothing more to give, what is needed; of the records that were let in, or of all. */
static void
give_way(struct model *m, struct goal goal, unsigned below, bool admitted, enum reason reason)
{
	for (unsigned class = 0; class < below && (class == 0 || is_lacking(&goal)); class++) {
		for (size_t i = first_victim(m); i < last_victim(m);) {
			const struct model_record *record = &m->held[i];
			uint64_t length = record->length;

			if (is_reached(&goal))
				return;
			look_at(&goal, length);
			if (record->class != class || (admitted && !record->admitted)) {
				i++;
				continue;
			}
			give(&goal, length);
			drop(m, i, reason);
		}
	}
}

/* From the high watermark on, or from when something finds no room. */
static void
press(struct model *m)
{
	if (m->pressed)
		return;
	m->pressed = true;
	m->pressed_since_ns = m->now_ns;
	m->pressed_number = 0;
	m->ledger.pressure_count++;
}

/* Of latest: nothing is noted. */
static void
forget(struct model *m)
{
	m->noting = false;
	for (size_t i = 0; i < m->count; i++)
		m->held[i].batch = 0;
}

/* To the low one. */
static void
relax(struct model *m)
{
	if (m->pressed) {
		m->ledger.pressure_ns += m->now_ns - m->pressed_since_ns;
		forget(m);
	}
	m->pressed = false;
}

static bool
is_high(const struct model *m, struct tally fill)
{
	return fill.bytes >= m->options->high_bytes || fill.records >= m->options->high_records;
}

/* Or just below it where the high one is the same. */
static bool
is_low(const struct model *m, struct tally fill)
{
	return fill.bytes <= m->options->low_bytes && fill.records <= m->options->low_records && !is_high(m, fill);
}

/* What those that were let in take up. */
static struct tally
depth_of(const struct model *m)
{
	struct tally depth = { 0, 0 };

	depth.bytes = taken_up(m);
	for (size_t i = first_victim(m); i < last_victim(m); i++)
		if (m->held[i].admitted)
			ledger_count(&depth, 1, m->held[i].length);
	return depth;
}

/* Where they are weighed each is drawn on its own, by chance that is new with each pressure. */
static bool
is_shed_by_lot(struct model *m, bool in_question)
{
	struct chance own;

	if (m->pressed_number == 0) {
		chance_init(&own, true, chance_next(&m->lots));
		sample_init(&m->shedding, &m->own.shed, SAMPLE_BY_RANDOM, &own);
		m->shedding_gap = sample_gap(&m->shedding);
	}
	m->pressed_number = 1;
	if (!in_question)
		return false;
	if (m->shedding_gap > 0) {
		m->shedding_gap--;
		return true;
	}
	m->shedding_gap = sample_gap(&m->shedding);
	return false;
}

/* What has come in stands for what that has left out, too.  Those in front of it came in while nobody asked, if they were not
 * asked about. */
static void
weigh_shed(struct model *m, size_t index)
{
	struct model_record *record = &m->held[index];

	if (!weighs(m) || record->shed)
		return;
	for (size_t i = 0; i <= index; i++)
		m->held[i].shed = true;
	if (m->options->policy == POLICY_SHED && m->pressed)
		record->weight *= m->options->shed.den;
}

/* Whether one that has arrived is left out because of shed:N; fits says whether there is room for it. */
static bool
is_shed(struct model *m, const struct model_record *record, bool fits)
{
	const struct options *o = m->options;
	struct tally depth = depth_of(m);

	if (o->policy != POLICY_SHED)
		return false;
	if (is_high(m, depth) || !fits)
		press(m);
	if (weighs(m))
		return m->pressed && is_shed_by_lot(m, fits && !record->shed);
	return m->pressed && record->class == 0 && m->pressed_number++ % o->shed.den != 0;
}

/* Whether those below a class that were let in have what one that has arrived lacks; then it, and an eighth, go. */
static bool
takes_room(struct model *m, size_t index, unsigned below)
{
	const struct options *o = m->options;
	const struct model_record *record = &m->held[index];
	struct tally depth = depth_of(m), have = { 0, 0 }, need, all;
	uint64_t left = o->buffer_bytes > depth.bytes ? o->buffer_bytes - depth.bytes : 0;

	need.bytes = record->length > left ? record->length - left : 0;
	need.records = depth.records >= o->max_records;
	all.bytes = need.bytes > 0 ? need.bytes + room_of(m) / PART : 0;
	all.records = need.records > 0 ? 1 + o->max_records / PART : 0;
	for (size_t i = first_victim(m); i < index; i++)
		if (m->held[i].class < below)
			ledger_count(&have, 1, m->held[i].length);
	if (have.bytes < need.bytes || have.records < need.records)
		return false;
	give_way(m, (struct goal){ need, all, EXCESS_SLICE, false }, below, true, REASON_OLDEST);
	return true;
}

/* Since there is another plan there may be less room than is taken up by those that were let in: the newest of them,
 * which it is too little for, arrive anew. */
static void
take_back(struct model *m)
{
	struct tally sum = { 0, 0 };

	for (size_t i = first_victim(m); i < last_victim(m); i++) {
		ledger_count(&sum, 1, m->held[i].length);
		if (sum.bytes > room_of(m) || sum.records > m->options->max_records)
			m->held[i].admitted = false;
	}
}

/* Those that have arrived, one by one, in order; whether one takes the room of its equals. */
static void
let_in(struct model *m, bool equals)
{
	const struct options *o = m->options;
	struct tally depth;

	if (o->policy == POLICY_SHED && is_low(m, depth_of(m)))
		relax(m);
	take_back(m);
	for (size_t i = first_victim(m); i < last_victim(m);) {
		struct model_record *record = &m->held[i];
		size_t before = m->count;
		bool fits;

		depth = depth_of(m);
		fits = depth.bytes + record->length <= o->buffer_bytes && depth.records < o->max_records;
		if (record->admitted)
			i++;
		else if (is_shed(m, record, fits))
			drop(m, i, REASON_SHED);
		else if (fits) {
			record->admitted = true;
			weigh_shed(m, i);
		}
		else if (takes_room(m, i, record->class + equals))
			i -= before - m->count; /* and it is its turn again */
		else
			drop(m, i, REASON_NEWEST);
	}
}

/* What cannot fit beside the more precious ones in front of it. */
static void
drop_misfits(struct model *m)
{
	const struct options *o = m->options;
	uint64_t room = room_of(m);
	struct tally above[CLASSES] = { { 0, 0 } }; /* those of a class */

	for (size_t i = first_victim(m); i < last_victim(m);) {
		const struct model_record *record = &m->held[i];

		if (!record->admitted && (above[record->class].records >= o->max_records ||
		    above[record->class].bytes + record->length > room)) {
			drop(m, i, REASON_NEWEST);
			continue;
		}
		for (unsigned class = 0; class < record->class; class++)
			ledger_count(&above[class], 1, record->length);
		i++;
	}
}

/* Until there is room, always any of those that are left, by the lowest of the numbers they have. */
static void
draw_until_room(struct model *m, unsigned class)
{
	for (size_t i = first_victim(m); i < last_victim(m); i++)
		if (m->held[i].class == class)
			m->held[i].number = chance_next(&m->lots);
	while (is_too_much(m)) {
		size_t lowest = SIZE_MAX;

		for (size_t i = first_victim(m); i < last_victim(m); i++)
			if (m->held[i].class == class && (lowest == SIZE_MAX || m->held[i].number < m->held[lowest].number))
				lowest = i;
		if (lowest == SIZE_MAX)
			return;
		drop(m, lowest, REASON_RANDOM);
	}
}

static struct tally
sum_of(const struct model *m, unsigned class)
{
	struct tally sum = { 0, 0 };

	for (size_t i = first_victim(m); i < last_victim(m); i++)
		if (m->held[i].class == class)
			ledger_count(&sum, 1, m->held[i].length);
	return sum;
}

/* So many of a class, as on average there are too many of, and then until there is room. */
static void
draw_set(struct model *m, unsigned class)
{
	struct tally excess = too_much(m, PART_BY_LOT), all = sum_of(m, class);
	uint64_t wanted = excess.records, unseen = all.records;

	if (excess.bytes > 0 && all.bytes > 0 && excess.bytes * all.records / all.bytes > wanted)
		wanted = excess.bytes * all.records / all.bytes;
	if (excess.bytes >= all.bytes || wanted > all.records)
		wanted = all.records;
	for (size_t i = first_victim(m); i < last_victim(m) && wanted > 0;) {
		if (m->held[i].class != class || chance_below(&m->lots, unseen--) >= wanted) {
			i++;
			continue;
		}
		wanted--;
		drop(m, i, REASON_RANDOM);
	}
	if (is_too_much(m))
		draw_until_room(m, class);
}

/* Whether, from the first of a class on, more precious ones come to what must go before it does. */
static bool
is_sparse(const struct model *m, unsigned class, size_t first, struct tally need)
{
	struct tally own = { 0, 0 }, others = { 0, 0 };

	for (size_t i = first; i < last_victim(m); i++) {
		struct tally *sum = m->held[i].class == class ? &own : &others;

		ledger_count(sum, 1, m->held[i].length);
		if (sum->bytes >= need.bytes && sum->records >= need.records)
			return sum == &others;
	}
	return false;
}

/* From where it stopped the last time, at the front where there is none of the class before that. How many bytes of more
 * precious ones may be passed by, from the first of the class on, before all must go that come next. */
static uint64_t
next_round(const struct model *m, unsigned class, const struct goal *goal, size_t *i)
{
	size_t first = first_victim(m);

	while (first < last_victim(m) && m->held[first].class != class)
		first++;
	if (*i < first || *i >= last_victim(m))
		*i = first;
	return *i == first && is_sparse(m, class, first, goal->need) ? 0 : EXCESS_SLICE;
}

/* Round and round, one in two; or all, where all must. */
static void
draw_on(struct model *m, unsigned class)
{
	struct goal goal = goal_of(m, PART_BY_LOT);
	struct tally all = sum_of(m, class);
	size_t i = first_victim(m);
	bool met = false;
	struct chance_coin coin = { 0 };
	uint64_t patience;

	if (all.bytes < goal.need.bytes || all.records < goal.need.records) {
		while (i < last_victim(m))
			if (m->held[i].class == class)
				drop(m, i, REASON_RANDOM);
			else
				i++;
		return;
	}
	while (i < last_victim(m) && m->held[i].start < m->round_at)
		i++;
	patience = next_round(m, class, &goal, &i);
	for (; !is_reached(&goal); m->round_at = i < m->count ? m->held[i].start : m->at) {
		uint64_t length;

		if (i == last_victim(m)) {
			if (!is_lacking(&goal))
				return;
			patience = next_round(m, class, &goal, &i);
			met = false;
		}
		length = m->held[i].length;
		look_at(&goal, length);
		if (m->held[i].class != class) {
			if (met)
				patience -= patience < length + EXCESS_RECORD ? patience : length + EXCESS_RECORD;
			i++;
			continue;
		}
		met = true;
		if (patience > 0 && !chance_toss(&m->lots, &coin)) {
			i++;
			continue;
		}
		give(&goal, length);
		drop(m, i, REASON_RANDOM);
	}
}

/* All that waits is drawn from, or where it is much a slice of it. */
static void
drop_random(struct model *m)
{
	bool large;

	if (!is_too_much(m))
		return;
	large = waiting_bytes(m) > EXCESS_WHOLE;
	drop_misfits(m);
	for (unsigned class = 0; is_too_much(m); class++)
		if (large)
			draw_on(m, class);
		else
			draw_set(m, class);
}

static bool
is_superseded(const struct model *m, size_t index)
{
	for (size_t i = index + 1; i < last_victim(m); i++)
		if (m->held[i].key == m->held[index].key)
			return true;
	return false;
}

/* --- latest: batches ------------------------------------------------------------------------------ */

/* How much is in one, and how many there may be, from when keys are first noted until they are forgotten. */
static struct tally
full_batch(const struct model *m)
{
	return m->full;
}

static void
begin_noting(struct model *m)
{
	const struct options *o = m->options;
	struct tally full = { o->max_records / BATCHES_FEW, o->buffer_bytes / BATCHES_FEW };

	if (full.bytes > 65536)
		full.bytes = 65536;
	if (full.bytes < o->buffer_bytes / 2048)
		full.bytes = o->buffer_bytes / 2048;
	full.bytes += full.bytes == 0;
	full.records += full.records == 0;
	if (full.records > 131071)
		full.records = 131071;
	m->noting = true;
	m->full = full;
	m->most_batches = BATCHES_SPARE + 4 * (o->buffer_bytes / full.bytes);
}

/* The first behind the batch of the one at index; 0 of none. */
static size_t
behind_batch(const struct model *m, size_t index)
{
	size_t end = index;

	while (end < last_victim(m) && m->held[end].batch == m->held[index].batch)
		end++;
	return end;
}

static struct tally
batch_sum(const struct model *m, size_t index)
{
	struct tally sum = { 0, 0 };

	for (size_t i = index; i < behind_batch(m, index); i++)
		ledger_count(&sum, 1, m->held[i].length);
	return sum;
}

static bool
is_long(const struct model *m, size_t index)
{
	const struct tally full = full_batch(m), sum = batch_sum(m, index);

	return sum.records > 1 && (sum.records > full.records || sum.bytes > full.bytes);
}

/* Of those that are noted; one is there even where nothing is noted. */
static size_t
count_batches(const struct model *m)
{
	size_t count = 0;

	for (size_t i = first_victim(m); i < last_victim(m) && m->held[i].batch != 0; i = behind_batch(m, i))
		count++;
	return count > 0 ? count : 1;
}

/* The two that are smallest become one, if they are no more than a full one, and neither is broken or the last. */
static bool
join_batches(struct model *m)
{
	const struct tally full = full_batch(m);
	size_t found = SIZE_MAX;
	uint64_t least = UINT64_MAX;

	for (size_t i = first_victim(m); i < last_victim(m) && m->held[i].batch != 0; i = behind_batch(m, i)) {
		size_t other = behind_batch(m, i), end;
		struct tally one, two;

		if (other == last_victim(m) || m->held[other].batch == 0)
			break;
		end = behind_batch(m, other);
		if (end == last_victim(m) || m->held[end].batch == 0)
			break;
		one = batch_sum(m, i);
		two = batch_sum(m, other);
		if (m->held[i].batch != m->broken && one.bytes + two.bytes <= full.bytes &&
		    one.records + two.records <= full.records && one.bytes + two.bytes < least) {
			least = one.bytes + two.bytes;
			found = i;
		}
	}
	if (found == SIZE_MAX)
		return false;
	for (size_t i = behind_batch(m, found), end = behind_batch(m, i); i < end; i++)
		m->held[i].batch = m->held[found].batch;
	return true;
}

/* Whether a record begins another batch behind the one that begins at index. */
static bool
is_another(const struct model *m, size_t index, uint64_t length, size_t most)
{
	const struct tally full = full_batch(m), sum = batch_sum(m, index);

	return count_batches(m) < most && (sum.bytes + length > full.bytes || sum.records >= full.records ||
	    (m->held[index].batch == m->broken && count_batches(m) == 1));
}

/* The next ones, in order, so many bytes. */
static void
note(struct model *m, uint64_t bytes)
{
	size_t last = SIZE_MAX; /* where the last batch begins */
	size_t most;

	if (!m->noting)
		begin_noting(m);
	most = m->most_batches;
	while (count_batches(m) > most - most / 4 && join_batches(m))
		;
	for (size_t i = first_victim(m); i < last_victim(m); i++) {
		struct model_record *record = &m->held[i];

		if (record->batch != 0) {
			if (last == SIZE_MAX || record->batch != m->held[last].batch)
				last = i;
			continue;
		}
		if (bytes == 0)
			return;
		bytes -= bytes < record->length ? bytes : record->length;
		if (last == SIZE_MAX || is_another(m, last, record->length, most)) {
			last = i;
			record->batch = ++m->batches;
		} else {
			record->batch = m->held[last].batch;
		}
	}
}

/* Drops what is superseded of each batch of which it is worth it, until as much is gone as is wanted. */
static void
drop_worth(struct model *m, struct tally need, struct tally wanted)
{
	uint64_t look = LATEST_LOOK; /* of which so many are looked at for more than must go */

	for (size_t i = first_victim(m), end; i < last_victim(m) && (need.bytes > 0 || need.records > 0 ||
	    (look > 0 && (wanted.bytes > 0 || wanted.records > 0))); i = end) {
		const struct tally all = batch_sum(m, i);
		struct tally old = { 0, 0 };
		static bool goes[MODEL_RECORDS];

		end = behind_batch(m, i);
		for (size_t j = i; j < end; j++) {
			goes[j] = m->held[j].class == 0 && is_superseded(m, j);
			if (goes[j])
				ledger_count(&old, 1, m->held[j].length);
		}
		if (m->held[i].batch == m->broken || old.records == 0 ||
		    (old.records < all.records / 10 && old.bytes < all.bytes / 10))
			continue;
		lessen(&need, old.records, old.bytes);
		lessen(&wanted, old.records, old.bytes);
		look -= look < all.records ? look : all.records;
		for (size_t j = end; j-- > i;) {
			if (goes[j]) {
				drop(m, j, REASON_SUPERSEDED);
				end--;
			}
		}
	}
}

static bool
is_within(const struct model *m, unsigned part)
{
	return held_bytes(m) - header_bytes(m) <= m->options->buffer_bytes / part && waiting(m) <= m->options->max_records / part;
}

/* What is not kept, the oldest first; batches that have none of it are not looked at. */
static void
give_way_lesser(struct model *m, struct goal *goal)
{
	bool looks = false;
	uint64_t batch = 0;

	for (size_t i = first_victim(m); i < last_victim(m) && !is_reached(goal);) {
		const uint64_t length = m->held[i].length;

		if (m->held[i].batch != batch) {
			batch = m->held[i].batch;
			looks = false;
			for (size_t j = i; j < behind_batch(m, i); j++)
				looks = looks || m->held[j].class == 0;
		}
		if (looks)
			look_at(goal, length);
		if (m->held[i].class > 0) {
			i++;
			continue;
		}
		give(goal, length);
		drop(m, i, REASON_OLDEST);
	}
}

static void
drop_superseded(struct model *m)
{
	struct tally need;

	if (is_too_much(m))
		drop_misfits(m);
	if (!is_too_much(m) && is_within(m, 6))
		forget(m);
	else if (m->noting || !is_within(m, 3))
		note(m, LATEST_SLICE());
	if (!is_too_much(m))
		return;
	if (last_victim(m) > first_victim(m) && m->held[last_victim(m) - 1].batch == 0)
		note(m, UINT64_MAX);
	need = too_much(m, NOTHING);
	drop_worth(m, need, (struct tally){ need.records > 0 ? need.records + LATEST_MORE_RECORDS : 0,
	    need.bytes > 0 ? need.bytes + LATEST_MORE_BYTES : 0 });
	if (m->options->keep != NULL) {
		struct goal goal = goal_of(m, PART);

		goal.slice /= 8;
		give_way_lesser(m, &goal);
		if (is_too_much(m))
			give_way(m, goal, CLASSES, false, REASON_OLDEST);
		return;
	}
	while (is_too_much(m)) {
		note_gone(m, first_victim(m));
		drop(m, first_victim(m), REASON_OLDEST);
	}
}

/* --- fair ----------------------------------------------------------------------------------------- */

#define MOST_LEVELS 1024
#define MOST_STRETCHES 256

/* Of each stretch that there is (batch, of a record), what was at each level when it was looked at last, and has come since. */
static struct {
	uint64_t held[CLASSES][FAIR_PLACES]; /* by the keys that meet there, of those that are noted */
	struct {
		uint64_t number;
		uint64_t mass[CLASSES][MOST_LEVELS];
	} stretch[MOST_STRETCHES];
	size_t count;
} fair;

/* The levels are 0, and the numbers of five digits in binary that may have noughts behind them: each has a number. */
static unsigned
level_number(uint64_t weight)
{
	unsigned level = 0;

	while (weight >= 32) {
		weight /= 2;
		level += 16;
	}
	return level + (unsigned)weight;
}

static uint64_t
least_of_level(unsigned level)
{
	unsigned power = 0;

	for (; level >= 32; level -= 16)
		power++;
	return (uint64_t)level << power;
}

static uint64_t
least_weight(const struct model *m)
{
	const struct options *o = m->options;
	const uint64_t least = o->max_records == UINT64_MAX ? 1 : o->buffer_bytes / o->max_records;

	return least > 0 ? least : 1;
}

static uint64_t
weight_of(const struct model *m, struct tally all)
{
	const uint64_t by_records = all.records * least_weight(m);

	return all.bytes > by_records ? all.bytes : by_records;
}

static uint64_t
weight_of_one(const struct model *m, size_t i)
{
	return weight_of(m, (struct tally){ 1, m->held[i].length });
}

static uint64_t *
held_of(const struct model *m, size_t i)
{
	size_t body;
	const char *text = text_of(m, &m->held[i], m->held[i].delimited, &body);

	return &fair.held[m->held[i].class][key_with(m, text, body, m->salt) & (FAIR_PLACES - 1)];
}

/* By those that are noted. */
static void
count_held(const struct model *m)
{
	memset(fair.held, 0, sizeof(fair.held));
	for (size_t i = first_victim(m); i < last_victim(m); i++)
		if (m->held[i].batch != 0)
			*held_of(m, i) += weight_of_one(m, i);
}

static uint64_t *
masses_of(uint64_t number, unsigned class)
{
	for (size_t i = 0; i < fair.count; i++)
		if (fair.stretch[i].number == number)
			return fair.stretch[i].mass[class];
	wrong("the model knows no such stretch");
	return fair.stretch[0].mass[class];
}

static unsigned
top_level(const struct model *m)
{
	return level_number(m->options->buffer_bytes);
}

static void
add_mass(const struct model *m, size_t i)
{
	const unsigned level = level_number(*held_of(m, i));

	masses_of(m->held[i].batch, m->held[i].class)[level < top_level(m) ? level : top_level(m)] += weight_of_one(m, i);
}

static void
begin_stretch(struct model *m, size_t i)
{
	size_t count = 0;

	/* those of which nothing is left are forgotten */
	for (size_t at = 0; at < fair.count; at++) {
		bool there = false;

		for (size_t j = first_victim(m); j < last_victim(m); j++)
			there = there || m->held[j].batch == fair.stretch[at].number;
		if (there)
			fair.stretch[count++] = fair.stretch[at];
	}
	fair.count = count;
	m->held[i].batch = ++m->batches;
	if (fair.count == MOST_STRETCHES)
		wrong("the model has no room for so many stretches");
	else
		memset(&fair.stretch[fair.count++], 0, sizeof(fair.stretch[0]));
	fair.stretch[fair.count - 1].number = m->batches;
}

static bool
is_one_stretch(const struct model *m, struct tally one, struct tally other)
{
	return one.bytes + other.bytes <= m->full.bytes && one.records + other.records <= m->full.records;
}

static void
join_stretches(struct model *m)
{
	for (size_t i = first_victim(m), next; i < last_victim(m) && m->held[i].batch != 0; i = next) {
		for (;;) {
			next = behind_batch(m, i);
			if (next == last_victim(m) || m->held[next].batch == 0 || !is_one_stretch(m, batch_sum(m, i), batch_sum(m, next)))
				break;
			for (unsigned class = 0; class < CLASSES; class++)
				for (unsigned level = 0; level < MOST_LEVELS; level++)
					masses_of(m->held[i].batch, class)[level] += masses_of(m->held[next].batch, class)[level];
			for (size_t j = next, end = behind_batch(m, next); j < end; j++)
				m->held[j].batch = m->held[i].batch;
		}
	}
}

/* The next ones, in order, so many bytes, a few at a time; with the first of them another stretch begins, where that is asked for. */
static void
note_fair(struct model *m, uint64_t most, bool another)
{
	size_t i = first_victim(m), begin = i; /* of the last stretch */
	uint64_t done = 0;

	for (; i < last_victim(m) && m->held[i].batch != 0; i++)
		if (m->held[i].batch != m->held[begin].batch)
			begin = i;
	count_held(m);
	while (done < most && i < last_victim(m)) {
		for (unsigned few = 0; few < FAIR_AHEAD && i < last_victim(m); few++, i++) {
			const bool fits = i > begin && !another && is_one_stretch(m, batch_sum(m, begin), (struct tally){ 1, m->held[i].length });

			if (i == first_victim(m) || (!fits && count_batches(m) < m->most_batches)) {
				begin_stretch(m, i);
				begin = i;
			} else {
				m->held[i].batch = m->held[i - 1].batch;
			}
			another = false;
			*held_of(m, i) += weight_of_one(m, i);
			add_mass(m, i);
			done += m->held[i].length;
		}
	}
}

/* What is held above a level; *any: by somebody. */
static uint64_t
held_above(unsigned class, uint64_t level, bool *any)
{
	uint64_t sum = 0;

	*any = false;
	for (size_t at = 0; at < FAIR_PLACES; at++) {
		if (fair.held[class][at] >= level) {
			sum += fair.held[class][at] - level;
			*any = true;
		}
	}
	return sum;
}

static unsigned
level_above(unsigned class, uint64_t wanted)
{
	unsigned level = 1;
	bool any = true;

	while (held_above(class, least_of_level(level), &any), any)
		level++;
	while (--level > 0)
		if (held_above(class, least_of_level(level), &any) >= wanted && any)
			return level;
	return 0;
}

/* Who gives way, and how much more than must may go. */
struct cut {
	unsigned class, level;
	struct tally spare;
};

static bool
may_go(const struct model *m, struct cut *cut, uint64_t length)
{
	if (is_too_much(m))
		return true;
	if (cut->spare.records == 0 || cut->spare.bytes < length)
		return false;
	lessen(&cut->spare, 1, length);
	return true;
}

/* One that gives way goes; else it is noted as what it is now, if its stretch is noted anew. */
static bool
cuts(struct model *m, struct cut *cut, size_t i, bool anew)
{
	uint64_t *held;

	if (m->held[i].class != cut->class)
		return false;
	held = held_of(m, i);
	if (level_number(*held) >= cut->level && may_go(m, cut, m->held[i].length)) {
		*held -= weight_of_one(m, i);
		drop(m, i, REASON_FAIR);
		return true;
	}
	if (anew)
		add_mass(m, i);
	return false;
}

static void
renew_stretch(const struct cut *cut, uint64_t number)
{
	memset(masses_of(number, cut->class), 0, sizeof(fair.stretch[0].mass[0]));
}

/* Of those that have just come, as much as must go. */
static void
cut_arrivals(struct model *m, struct cut *cut)
{
	size_t i = first_victim(m);
	uint64_t number = 0; /* of a stretch that begins with one of them */

	cut->spare = (struct tally){ 0, 0 };
	while (i < last_victim(m) && m->held[i].admitted)
		i++;
	for (uint64_t before = i > first_victim(m) ? m->held[i - 1].batch : 0; i < last_victim(m);) {
		if (m->held[i].batch != before && m->held[i].batch != number)
			renew_stretch(cut, number = m->held[i].batch);
		i += !cuts(m, cut, i, m->held[i].batch == number);
	}
}

static bool
is_worth_a_look(const struct model *m, const struct cut *cut, size_t i)
{
	const uint64_t *masses = masses_of(m->held[i].batch, cut->class);
	uint64_t mass = 0;

	for (unsigned at = cut->level < top_level(m) ? cut->level : top_level(m); at < MOST_LEVELS; at++)
		mass += masses[at];
	return mass > 0 && (cut->level == 0 || mass >= weight_of(m, batch_sum(m, i)) / FAIR_SPARSE);
}

/* Of stretches, twice round from the one with the mark on, each time what is above the level. */
static void
cut_waiting(struct model *m, struct cut *cut)
{
	size_t i = first_victim(m), from = i;

	for (; i < last_victim(m) && m->held[i].start < m->round_at; i++)
		;
	while (i < last_victim(m) && m->held[i].batch != m->held[from].batch)
		from = behind_batch(m, from);
	for (int times = 0; times < 2; times++, from = first_victim(m)) {
		while (from < last_victim(m) && is_too_much(m)) {
			const uint64_t number = m->held[from].batch;

			if (!is_worth_a_look(m, cut, from)) {
				from = behind_batch(m, from);
				continue;
			}
			renew_stretch(cut, number);
			cut->spare = (struct tally){ m->full.records - 1, m->full.bytes - 1 };
			while (from < last_victim(m) && m->held[from].batch == number)
				from += !cuts(m, cut, from, true);
			m->round_at = from < m->count ? m->held[from].start : m->at;
		}
	}
}

static void
share_out(struct model *m, unsigned class)
{
	struct cut cut = { class, level_above(class, weight_of(m, too_much(m, PART))), { 0, 0 } };

	if (sum_of(m, class).records == 0)
		return;
	cut_arrivals(m, &cut);
	cut_waiting(m, &cut);
	cut.level = 0;
	cut_waiting(m, &cut);
}

/* In another one records weigh otherwise: all are noted anew. */
static bool
is_same_buffer(const struct model *m)
{
	return m->noted_in.records == m->options->max_records && m->noted_in.bytes == m->options->buffer_bytes;
}

/* All that was let in, and nothing else. */
static bool
knows_all_before(const struct model *m)
{
	for (size_t i = first_victim(m); i < last_victim(m); i++)
		if (m->held[i].admitted != (m->held[i].batch != 0))
			return false;
	return true;
}

static void
begin_fair(struct model *m)
{
	forget(m);
	begin_noting(m);
	m->noted_in = (struct tally){ m->options->max_records, m->options->buffer_bytes };
	m->salt = chance_next(&m->salts);
	fair.count = 0;
}

static void
drop_fair(struct model *m)
{
	const bool noting = m->noting && is_same_buffer(m);
	bool another = false;

	if (is_too_much(m))
		drop_misfits(m);
	if (!is_too_much(m) && is_within(m, 6)) {
		forget(m);
	} else if (m->noting || !is_within(m, 3)) {
		if (noting) {
			join_stretches(m);
			another = is_too_much(m) && knows_all_before(m);
		} else {
			begin_fair(m);
		}
		note_fair(m, FAIR_SLICE(), another);
	}
	if (!is_too_much(m))
		return;
	if (!m->noting)
		begin_fair(m);
	note_fair(m, UINT64_MAX, false);
	for (unsigned class = 0; is_too_much(m); class++)
		share_out(m, class);
}

static void
fail(struct model *m)
{
	if (!is_too_much(m) && !m->too_long)
		return;
	m->failed = true;
	if (reads_on(m))
		m->input = PUMP_STOPPED;
}

static bool
is_let_in_too_much(const struct model *m)
{
	struct tally depth = depth_of(m);

	return depth.records > m->options->max_records || (depth.records > 0 && depth.bytes > m->options->buffer_bytes);
}

/* One after the other, as few as need be.  (What was let in where there was more room gives way as the policy has it:
 * the newest of it arrive anew, or the oldest go.) */
static void
drop_each(struct model *m)
{
	if (m->options->policy == POLICY_DROP_NEWEST)
		take_back(m);
	while (is_let_in_too_much(m))
		drop(m, first_victim(m), REASON_OLDEST);
	for (size_t i = header_bytes(m) > 0 ? first_victim(m) : 0; i < last_victim(m);)
		i = m->held[i].admitted ? i + 1 : arrive(m, i);
}

static void
settle(struct model *m)
{
	bool classes = m->options->keep != NULL;

	switch (m->options->policy) {
	case POLICY_BLOCK:
		break;
	case POLICY_DROP_OLDEST:
	case POLICY_CODEL:
		if (!classes)
			drop_each(m);
		else if (is_too_much(m))
			let_in(m, true);
		break;
	case POLICY_DROP_NEWEST:
		if (classes)
			let_in(m, false);
		else
			drop_each(m);
		break;
	case POLICY_SHED:
		let_in(m, false);
		break;
	case POLICY_DROP_RANDOM:
		drop_random(m);
		break;
	case POLICY_LATEST:
		drop_superseded(m);
		break;
	case POLICY_FAIR:
		drop_fair(m);
		break;
	case POLICY_FAIL:
		fail(m);
		break;
	}
	for (size_t i = 0; i < last_victim(m); i++)
		m->held[i].admitted = true;
}

/* --- by age --------------------------------------------------------------------------------------- */

/* Records that have waited for CoDel's target. */
static uint64_t
late(const struct model *m)
{
	uint64_t count = 0;

	for (size_t i = 0; i < last_victim(m); i++)
		count += m->now_ns - m->held[i].arrived_ns >= m->options->codel_target_ns;
	return count;
}

/* When the record that is open ends because no line has come that goes on with it. */
static uint64_t
linger_due_of(const struct model *m)
{
	const bool wanted = m->patient_until_ns == 0 && reads_on(m) && !m->paused && !are_headers_full(m);

	return wanted && m->input_waits && waits_for_line(m) ? m->came_ns + m->record_linger_ns : UINT64_MAX;
}

/* Before anything is sent in a pass. */
static void
drop_by_age(struct model *m)
{
	const struct options *o = m->options;
	size_t first;

	if (m->aged || streams(m))
		return;
	m->aged = true;
	if (m->now_ns >= linger_due_of(m))
		end_last(m);
	m->after_read = (struct tally){ waiting(m), held_bytes(m) };
	first = first_victim(m);
	while (o->max_age_ns > 0 && first < last_victim(m) && m->now_ns - m->held[first].arrived_ns > o->max_age_ns) {
		note_gone(m, first);
		drop(m, first, REASON_EXPIRED);
	}
	/* CoDel is not asked about what has not waited for its target: it is told when that has left. */
	while (o->policy == POLICY_CODEL && m->room && has_settled(m) && first == 0 && !are_headers_coming(m) && waiting(m) > 0 &&
	    m->now_ns - m->held[0].arrived_ns >= o->codel_target_ns &&
	    codel_drops(&m->codel, m->now_ns, m->now_ns - m->held[0].arrived_ns, waiting(m) == 1))
		give_way(m, (struct goal){ { .records = 1 }, { .records = 1 + late(m) / PART }, NOTHING, false }, CLASSES,
		    false, REASON_CODEL);
}

/* Behind what was sent. */
static void
note_left(struct model *m)
{
	if (m->options->policy != POLICY_CODEL)
		return;
	if (waiting(m) == 0)
		codel_empty(&m->codel);
	else if (m->left && m->waited_ns < m->options->codel_target_ns)
		(void)codel_drops(&m->codel, m->now_ns, m->waited_ns, false);
}

/* --- out ------------------------------------------------------------------------------------------ */

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

/* Fills a bucket up to its depth, at its rate; lateness fills it further. */
static void
fill_until(struct model_level *bucket, uint64_t until_ns, uint64_t late_ns)
{
	const struct rate *rate = &bucket->rate;
	int64_t most = bucket->depth * (int64_t)rate->period_ns + (int64_t)(late_ns * rate->amount);
	uint64_t ns = until_ns - bucket->then_ns;

	bucket->then_ns = until_ns;
	if (bucket->level >= most)
		return;
	if (ns > (uint64_t)(most - bucket->level) / rate->amount)
		bucket->level = most;
	else
		bucket->level += (int64_t)(ns * rate->amount);
}

/* The figures are others from now on; what is in it stays, but for what a lesser depth does not hold. */
static void
renew(const struct model *m, struct model_level *bucket)
{
	const struct rate *rate = &m->options->rate;
	int64_t most = m->depth * (int64_t)rate->period_ns;

	if (bucket->rate.amount == rate->amount && bucket->depth == m->depth)
		return;
	fill_until(bucket, m->now_ns, 0);
	bucket->rate = *rate; /* the period is the same */
	bucket->depth = m->depth;
	if (bucket->level > most)
		bucket->level = most;
}

static void
fill(const struct model *m, struct model_level *bucket, uint64_t late_ns)
{
	fill_until(bucket, m->now_ns, late_ns);
}

/* The bucket of the record's key, or the one for all. */
static struct model_level *
level_of(struct model *m, struct model_record *record)
{
	size_t body;

	if (!m->options->rate_by_key || record->unkeyed)
		return &m->common;
	if (record->sent == 0 && !record->ended) {
		const char *text = text_of(m, record, false, &body);
		record->key = key_with(m, text, body, 0); /* by as much as is here when it begins to leave */
	}
	for (size_t i = 0; i < m->levels; i++) {
		if (m->level[i].key == record->key) {
			fill(m, &m->level[i], 0);
			return &m->level[i];
		}
	}
	if (m->levels == MODEL_KEYS) {
		wrong("the model has no room for so many keys");
		return &m->common;
	}
	m->level[m->levels] = (struct model_level){ record->key, m->depth * (int64_t)m->options->rate.period_ns,
		m->now_ns, m->options->rate, m->depth };
	return &m->level[m->levels++];
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
check_rate(struct model *m, uint64_t offered)
{
	int64_t period = (int64_t)m->options->rate.period_ns;
	bool by_bytes = m->options->rate.bytes;
	int64_t level;

	if (!m->options->rated)
		return;
	level = level_of(m, &m->held[0])->level;
	if (leaves_in_parts(m)) {
		/* of records, charged at the first part; of bytes, each part, and no debt for it */
		if (by_bytes ? !rate_allows(m, level, offered)
		             : m->held[0].sent == 0 && !rate_allows(m, level, 1))
			wrong("%" PRIu64 " bytes are offered before their rate allows it", offered);
		return;
	}
	for (size_t i = 0; i < m->count && offered > 0; i++) {
		struct model_record *record = &m->held[i];
		uint64_t cost = by_bytes ? record->length : 1;

		offered -= offered < rest_of(record) ? offered : rest_of(record);
		if (record->sent > 0)
			continue; /* paid for */
		level = level_of(m, record)->level;
		for (size_t j = 0; j < i; j++) /* those before it, of the same key */
			if (m->held[j].sent == 0 && (!m->options->rate_by_key || m->held[j].key == record->key))
				level -= (int64_t)(by_bytes ? m->held[j].length : 1) * period;
		if (!rate_allows(m, level, capped(m, cost)))
			wrong("record %zu is offered before its rate allows it", i);
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
	drop_by_age(m);
	if (!has_settled(m) && (streams(m) || m->held[0].sent == 0))
		wrong("something leaves before it has settled");
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
	level_of(m, &m->held[0])->level -= (int64_t)(tokens * m->options->rate.period_ns);
}

static void
note_waiting(struct model *m, const struct model_record *record)
{
	m->left = true;
	m->waited_ns = m->now_ns - record->arrived_ns;
	if (m->most_waited_ns < m->waited_ns)
		m->most_waited_ns = m->waited_ns;
}

static void
leave(struct model *m, uint64_t length)
{
	m->moved += length;
	m->ledger.out.bytes += length;
	while (length > 0) {
		struct model_record *head = &m->held[0];
		uint64_t part = rest_of(head) < length ? rest_of(head) : length;

		charge(m, head, part);
		if (head->sent == 0)
			note_gone(m, 0);
		head->sent += part;
		length -= part;
		if (!head->ended || head->sent < head->length)
			break;
		if (head->header)
			m->headers_out++;
		else
			note_waiting(m, head);
		m->ledger.out.records++;
		remove_record(m, 0);
	}
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
	if (held_bytes(m) > 0 || !streams(m) || m->options->rated || m->options->settle_ns > 0)
		wrong("bytes overtake what is held");
	m->answered = true;
	m->answer = answer;
	see(m, length);
	bring(m, length);
	leave(m, length);
}

/* --- the rate ------------------------------------------------------------------------------------- */

/* The real code waits for the rate: it must have to, and to wake in time, but not much too early. */
static void
check_wait(struct model *m, uint64_t now_ns, uint64_t due_ns)
{
	int64_t level = level_of(m, &m->held[0])->level;
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
	if (level >= (int64_t)need * period)
		wrong("the rate is waited for, but %" PRIu64 " tokens are here", need);
	need = cost > batch ? cost : batch;
	at_due = level + (int64_t)((due_ns - now_ns) * rate->amount);
	if (due_ns <= now_ns || at_due - (int64_t)rate->amount >= (int64_t)need * period ||
	    !rate_allows(m, at_due, need))
		wrong("wakes %" PRIu64 " ns from now for %" PRIu64 " tokens", due_ns - now_ns, need);
}

/* --- after the pass -------------------------------------------------------------------------------- */

void
model_begin_pass(struct model *m, bool readable, bool willing, bool room, uint64_t now_ns)
{
	uint64_t late_ns = m->due_ns > 0 && now_ns > m->due_ns ? now_ns - m->due_ns : 0;

	m->now_ns = now_ns;
	if (m->options->rated)
		fill(m, &m->common, late_ns < LATENESS_NS ? late_ns : LATENESS_NS);
	m->input_waits &= !readable;
	if (now_ns >= m->patient_until_ns)
		m->patient_until_ns = 0;
	m->out_before = m->ledger.out.bytes;
	m->willing = willing;
	m->room = room;
	m->moved = 0;
	m->asked = m->answered = m->end_seen = m->aged = m->left = false;
	m->after_read = (struct tally){ 0, 0 };
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

/* How full it is. */
static struct tally
fill_of(const struct model *m)
{
	return (struct tally){ waiting(m), held_bytes(m) - (drops(m) && !is_header_open(m) ? being_assembled(m) : 0) };
}

/* Or was after the read of this pass, where the output then had to be waited for. */
static struct tally
fullest(const struct model *m, enum outlet_state output)
{
	struct tally most = fill_of(m);

	if (drops(m) || (output != OUTLET_REFUSED && output != OUTLET_HELD))
		return most;
	if (most.bytes < m->after_read.bytes)
		most.bytes = m->after_read.bytes;
	if (most.records < m->after_read.records)
		most.records = m->after_read.records;
	return most;
}

/* From the high watermark to the low one; but reading goes on where only that can bring an end. */
static void
pause_or_resume(struct model *m, enum outlet_state output, uint64_t now_ns)
{
	bool full = is_high(m, fullest(m, output)), eased = is_low(m, fill_of(m));
	bool stuck = !streams(m) && held_bytes(m) < m->options->high_bytes && all_held(m).records == 0;

	if (m->paused && (eased || stuck || !reads_on(m))) {
		m->paused = false;
		m->ledger.paused_ns += now_ns - m->paused_since_ns;
	} else if (!m->paused && full && !eased && !stuck && reads_on(m)) {
		m->paused = true;
		m->paused_since_ns = now_ns;
		m->ledger.paused_count++;
	}
}

/* full: something had no room, before the policy decided. */
static void
press_or_relax(struct model *m, enum outlet_state output, bool full)
{
	if (is_low(m, fill_of(m)) && !full)
		relax(m);
	else if (full || is_high(m, fullest(m, output)))
		press(m);
}

static void
note_peak(struct model *m, enum outlet_state output)
{
	struct tally most = fullest(m, output);
	struct tally *peak = &m->ledger.peak;

	if (most.bytes > m->options->buffer_bytes)
		most.bytes = m->options->buffer_bytes;
	if (peak->bytes < most.bytes)
		peak->bytes = most.bytes;
	if (peak->records < most.records)
		peak->records = most.records;
}

/* Somebody has to look when the oldest of those that wait becomes too old. */
static uint64_t
age_due_of(const struct model *m)
{
	if (m->options->max_age_ns == 0 || waiting(m) == 0)
		return UINT64_MAX;
	return m->held[first_victim(m)].arrived_ns + m->options->max_age_ns + 1;
}

/* When the next pass is due, whatever happens. */
static void
check_deadline(const struct model *m, const struct pump *pump)
{
	const uint64_t linger_ns = linger_due_of(m);
	uint64_t due_ns = age_due_of(m);

	due_ns = linger_ns < due_ns ? linger_ns : due_ns;
	if (pump->output == OUTLET_HELD && m->due_ns > 0 && m->due_ns < due_ns)
		due_ns = m->due_ns;
	if (pump->output == OUTLET_HELD && m->settle_due_ns > 0)
		due_ns = m->settle_due_ns < due_ns ? m->settle_due_ns : due_ns;
	if (m->patient_until_ns > 0 && m->patient_until_ns < due_ns)
		due_ns = m->patient_until_ns;
	if (!bypass_is_holding(&pump->bypass) && pump_deadline_ns(pump) != due_ns)
		wrong("wakes at %" PRIu64 ", the model says %" PRIu64, pump_deadline_ns(pump), due_ns);
}

/* Values change, and nothing else does.  A sample of another share begins anew behind the record that has been begun. */
static void
retune_sample(struct model *m, const struct share *share)
{
	struct options *o = &m->own;

	if (!is_sampling(m) || (o->sample.num == share->num && o->sample.den == share->den))
		return;
	if (o->sample_by == SAMPLE_BY_BUDGET)
		return;
	o->sample = *share;
	begin_sample(m, &(struct chance){ m->draws.chance.state });
	m->shares = 0;
	m->counted_out = false;
	if (o->sample_by == SAMPLE_BY_RANDOM && (!counts_out(m) || !m->open || is_header_open(m)))
		m->gap = sample_gap(&m->draws);
}

void
model_retune(struct model *m, const struct tuning *t, uint64_t now_ns)
{
	struct options *o = &m->own;
	bool other_shed = o->shed.den != t->shed.den;
	bool other_codel = o->codel_target_ns != t->codel_target_ns || o->codel_interval_ns != t->codel_interval_ns;

	m->now_ns = now_ns;
	m->due_ns = 0;
	o->rate = t->rate;
	m->depth = (int64_t)t->burst;
	if (o->rated)
		renew(m, &m->common);
	for (size_t i = 0; i < m->levels; i++)
		renew(m, &m->level[i]);
	if (o->collapse_ns != 0)
		o->collapse_ns = t->collapse_ns;
	o->police = t->police;
	o->police_burst = t->police_burst;
	for (size_t i = 0; o->policing && i < m->polices; i++)
		bucket_retune(&m->police[i].bucket, t->police.amount, t->police.period_ns, t->police_burst, now_ns);
	retune_sample(m, &t->sample);
	if (o->sample_by == SAMPLE_BY_BUDGET && is_sampling(m))
		budget_retune(&m->budget, &t->budget);
	o->high_bytes = t->marks.high.bytes;
	o->high_records = t->marks.high.records;
	o->low_bytes = t->marks.low.bytes;
	o->low_records = t->marks.low.records;
	o->max_age_ns = t->max_age_ns;
	o->settle_ns = t->settle_ns;
	o->codel_target_ns = t->codel_target_ns;
	o->codel_interval_ns = t->codel_interval_ns;
	if (other_codel)
		codel_init(&m->codel, o->codel_target_ns, o->codel_interval_ns);
	o->shed = t->shed;
	if (other_shed)
		m->pressed_number = 0;
	judge_long(m);
	m->after_read = (struct tally){ 0, 0 };
	if (!drops(m))
		pause_or_resume(m, OUTLET_EMPTY, now_ns);
	press_or_relax(m, OUTLET_EMPTY, false);
}

/* --- another plan ---------------------------------------------------------------------------------- */

/* A rate that there was in that unit goes on; another one has a full bucket, and of a record that is part-sent the rest
 * costs what it has of bytes. */
static void
replan_rate(struct model *m, const struct options *next, const struct tuning *t)
{
	struct options *o = &m->own;
	const bool goes_on = o->rated && next->rated && o->rate.bytes == next->rate.bytes;

	o->rated = next->rated;
	if (goes_on)
		return;
	o->rate = next->rate;
	m->levels = 0;
	m->depth = (int64_t)t->burst;
	m->common = (struct model_level){ 0, m->depth * (int64_t)o->rate.period_ns, m->now_ns, o->rate, m->depth };
	if (!is_part_sent(m))
		return;
	m->held[0].paid = false;
	m->held[0].unkeyed = true;
}

static void
replan_police(struct model *m, const struct options *next)
{
	struct options *o = &m->own;
	const bool goes_on = o->policing && next->policing && o->police.bytes == next->police.bytes;

	o->policing = next->policing;
	if (goes_on)
		return;
	o->police = next->police;
	m->polices = 0;
	if (o->policing)
		bucket_init(&m->police[m->polices++].bucket, o->police.amount, o->police.period_ns,
		    next->police_burst, m->now_ns);
}

/* One that is new begins behind the record that has been begun, as one of another share does. */
static void
replan_sample(struct model *m, const struct options *next, bool counted)
{
	struct options *o = &m->own;
	const struct chance chance = chance_of(o, FOR_SAMPLE);
	const bool was = is_sampling(m), same = o->sample_by == next->sample_by;

	o->sample_by = next->sample_by;
	fix_sampling(m, next);
	if (was && is_sampling(m) && same && counted == counts_out(m))
		return;
	m->gap = 0;
	m->counted_out = false;
	o->sample = next->sample;
	o->budget = next->budget;
	if (!is_sampling(m))
		return;
	begin_sample(m, &chance);
	m->shares = 0;
	if (o->sample_by == SAMPLE_BY_BUDGET)
		begin_budget(m, &chance);
	if (o->sample_by == SAMPLE_BY_RANDOM && (!counts_out(m) || !m->open || is_header_open(m)))
		m->gap = sample_gap(&m->draws);
}

/* What has been begun to be sent is let in, however long it is. */
static void
replan_begun(struct model *m)
{
	struct model_record *record;

	m->too_long &= m->options->policy == POLICY_FAIL;
	if (!m->open || m->left_out || m->options->framing.kind == FRAMING_BYTES)
		return;
	record = &m->held[m->count - 1];
	if (record->header) {
		give_up_long(m);
		if (m->header_too_long && reads_on(m))
			m->input = PUMP_STOPPED;
		return;
	}
	record->judged = judges(m) && (record->judged || record->sent > 0);
	give_up_long(m);
}

/* What gives way, from the next verdict on. */
static void
replan_policy(struct model *m, enum policy before)
{
	const struct options *o = m->options;

	if (drops(m) && m->paused) {
		m->paused = false;
		m->ledger.paused_ns += m->now_ns - m->paused_since_ns;
	}
	if (o->policy == before)
		return;
	forget(m);
	m->lots = chance_of(o, FOR_LOTS);
	for (size_t i = 0; i < m->count && o->policy == POLICY_SHED; i++)
		m->held[i].shed = m->held[i].ended;
	m->round_at = 0;
	m->pressed_number = 0;
	codel_init(&m->codel, o->codel_target_ns, o->codel_interval_ns);
}

/* Bytes go as they come where nothing is asked of records any more, and a record that cannot be waited for in parts:
 * but only while more is to come, since what is begun must have an end. */
static void
replan_modes(struct model *m, const struct options *next)
{
	const bool streamed = m->streams, parted = m->parts;

	fix_modes(m, next);
	if (reads_on(m))
		return;
	m->streams &= streamed;
	m->parts &= parted;
}

void
model_replan(struct model *m, const struct options *next, uint64_t now_ns)
{
	const struct tuning t = tuning_of(next);
	const enum policy before = m->own.policy;
	const bool counted = counts_out(m);

	m->now_ns = now_ns;
	if (m->own.collapse_ns == 0)
		m->let_in = 0;
	m->own.collapse_ns = next->collapse_ns;
	m->own.policy = next->policy;
	m->own.buffer_bytes = next->buffer_bytes;
	m->own.max_records = next->max_records;
	m->own.max_record_bytes = next->max_record_bytes;
	m->own.max_age_ns = next->max_age_ns;
	replan_rate(m, next, &t);
	replan_police(m, next);
	replan_sample(m, next, counted);
	replan_modes(m, next);
	replan_begun(m);
	replan_policy(m, before);
	model_retune(m, &t, now_ns);
	note_peak(m, OUTLET_EMPTY);
}

static void same(const char *what, uint64_t got, uint64_t want);

/* Why the drain ended, as the real code has it. */
static void
check_verdict(struct model *m, enum outlet_state state, uint64_t now_ns)
{
	bool refused = m->answered && (m->answer == IO_AGAIN || m->answer == IO_SHORT);

	switch (state) {
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
	case OUTLET_HELD:
		if (m->settle_due_ns > 0 && sendable(m) > 0 && !has_settled(m))
			same("when it has settled", m->settle_due_ns, m->came_ns + m->options->settle_ns);
		else if (!m->options->rated || sendable(m) == 0)
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
	for (unsigned i = 1; i <= keep_count(m->options->keep); i++)
		same_tally(keep_regex(m->options->keep, i), &got->dropped_class[i], &want->dropped_class[i]);
	same_tally("undelivered", &got->undelivered, &want->undelivered);
	same_tally("peak", &got->peak, &want->peak);
	same("pauses", got->paused_count, want->paused_count);
	same("pressures", got->pressure_count, want->pressure_count);
	if (!ledger_balances(got, pump_held(pump)))
		wrong("the ledger does not balance");
}

/* All that is held, byte by byte. */
#define PIECES_MOST 4096

static void
add_pieces(const struct queue *queue, struct iovec piece[PIECES_MOST], int *pieces)
{
	struct chain_place place = chain_at(&queue->chain, 0);
	size_t left = chain_used(&queue->chain);

	*pieces += chain_peek_apart(&queue->chain, queue_rest(queue), piece + *pieces, PIECES_MOST - *pieces);
	while (left > 0 && *pieces < PIECES_MOST) {
		piece[*pieces] = chain_next(&queue->chain, &place, left);
		left -= piece[(*pieces)++].iov_len;
	}
	same("pieces too many to look at", left, 0);
}

static void
same_held(const struct model *m, const struct pump *pump)
{
	const struct queue *queue = &pump->queue, *first = heading_front(pump);
	struct iovec piece[PIECES_MOST] = { { NULL, 0 } };
	int pieces = 0;
	struct tally got = pump_held(pump), want = all_held(m);

	same_tally("held", &got, &want);
	if (first != queue)
		add_pieces(first, piece, &pieces);
	add_pieces(queue, piece, &pieces);
	same("waiting", queue_waiting(queue), waiting(m));
	if (m->options->framing.kind != FRAMING_BYTES)
		same("part-sent", queue_part_sent(first), is_part_sent(m));
	same("being assembled", queue_partial(queue) + (first != queue ? queue_partial(first) : 0), being_assembled(m));
	check_bytes(m, 0, piece, pieces);
}

/* As many of those that are held whole as a walk comes by. */
static void
same_weights(const struct model *m, struct weights *weights)
{
	struct weights_walk walk;
	uint64_t weight;

	weights_walk(weights, &walk);
	for (size_t i = is_part_sent(m); i < m->count && m->held[i].ended && weights_walk_on(weights, &walk, &weight); i++)
		same("weight", weight, m->held[i].weight);
}

/* When those that are held arrived, but one that is in transit; and how long those that left had waited. */
static void
same_times(const struct model *m, const struct queue *queue)
{
	size_t first = first_victim(m), some;
	uint64_t by = 0, records = last_victim(m) > first ? last_victim(m) - first : 0;
	struct latency total = sojourn_total(queue->sojourn);

	same("records that have left", total.count, m->ledger.out.records - m->headers_out);
	same("the longest wait", total.max_ns, m->most_waited_ns);
	same("records that are waited for", sojourn_held(queue->sojourn), records);
	if (records == 0)
		return;
	same("the oldest arrival", sojourn_oldest_ns(queue->sojourn), m->held[first].arrived_ns);
	some = first + (size_t)(m->at % records);
	for (size_t i = first; i < first + records; i++)
		by += m->held[i].arrived_ns <= m->held[some].arrived_ns;
	same("arrivals", sojourn_arrived_by(queue->sojourn, m->held[some].arrived_ns, UINT64_MAX), by);
}

/* Where something gives way: 3 ns for each byte that a full output took, if it took some at once and finds half of the buffer, or
 * enough; 2 ms at most. */
static void
earn_patience(struct model *m, bool refused)
{
	const uint64_t taken = m->ledger.out.bytes - m->out_before, most = m->now_ns + 2 * NS_PER_MS;

	const struct tally held = all_held(m);
	const bool enough = held.bytes >= PATIENCE_HELD || held.bytes >= m->options->buffer_bytes / 2 ||
	    held.records >= m->options->max_records / 2;

	if (!drops(m))
		return;
	if (!refused || !enough) {
		m->patient_until_ns = 0;
	} else if (taken >= PATIENCE_LEAST) {
		if (m->patient_until_ns < m->now_ns)
			m->patient_until_ns = m->now_ns;
		m->patient_until_ns += 3 * taken;
		if (m->patient_until_ns > most)
			m->patient_until_ns = most;
	}
}

bool
model_agrees(struct model *m, const struct pump *pump, uint64_t now_ns)
{
	bool held; /* by the rate, or as more may come */
	bool swept; /* the policy let nothing stay that the output could be waited for with, or that the rate held back */

	m->due_ns = pump->outlet.toll.due_ns[TOLL_RATE];
	m->settle_due_ns = pump->outlet.toll.due_ns[TOLL_SETTLE];
	held = m->due_ns > 0 || m->settle_due_ns > 0;
	if (m->end_seen && pump->input == PUMP_ENDED && reads_on(m))
		model_input_over(m, PUMP_ENDED, NULL);
	drop_by_age(m);
	swept = drops(m) && is_too_much(m) && pump->output == OUTLET_MORE;
	if (!swept || held)
		check_verdict(m, swept ? OUTLET_HELD : pump->output, now_ns);
	note_left(m);
	earn_patience(m, pump->output == OUTLET_REFUSED || (swept && !held));
	if (pump->output != OUTLET_GONE && pump->output != OUTLET_ERROR) {
		bool empty = sendable(m) == 0, full = is_too_much(m);
		settle(m);
		if (drops(m) && full)
			same("nothing is left to wait for", swept,
			    held_bytes(m) == 0 || (held && !is_too_much(m)));
		if (!drops(m))
			pause_or_resume(m, pump->output, now_ns);
		press_or_relax(m, pump->output, drops(m) && full);
		note_peak(m, pump->output);
		if (m->willing && m->moved == 0 && pump->output == OUTLET_EMPTY && !pump_done(pump))
			wrong("nothing moves");
		same("done", pump_done(pump), !reads_on(m) && empty);
		check_deadline(m, pump);
	}
	same("input", pump->input, m->input);
	same("failed", pump->failed, m->failed);
	same("paused", level_is_paused(&pump->level), m->paused);
	same("time paused", pump_paused_ns(pump, now_ns),
	    m->ledger.paused_ns + (m->paused ? now_ns - m->paused_since_ns : 0));
	same("time under pressure", pump_pressure_ns(pump, now_ns),
	    m->ledger.pressure_ns + (m->pressed ? now_ns - m->pressed_since_ns : 0));
	if (!bypass_is_holding(&pump->bypass))
		same("input is wanted", pump_wants_input(pump), reads_on(m) && !m->paused && !are_headers_full(m) &&
		    m->patient_until_ns == 0);
	else if (held_bytes(m) > 0 || m->answer != IO_AGAIN)
		wrong("a full output is waited for, although bytes are held");
	same_ledger(m, pump);
	same_held(m, pump);
	same("a header that is too long", pump_header_too_long(pump), m->header_too_long);
	if (weighs(m))
		same_weights(m, (struct weights *)(uintptr_t)&pump->weights);
	if (pump->queue.sojourn != NULL)
		same_times(m, &pump->queue);
	if (complaint[0] == '\0') {
		queue_check(&pump->queue);
		history_check(&pump->shed.latest.history);
	}
	return complaint[0] == '\0';
}

bool
model_agrees_closed(struct model *m, const struct pump *pump)
{
	ledger_count(&m->ledger.in, 0, model_kept(m));
	ledger_count(&m->ledger.undelivered, 0, model_kept(m));
	ledger_count(&m->ledger.undelivered, all_held(m).records, all_held(m).bytes);
	same_ledger(m, pump);
	same("held in the end", pump_held(pump).bytes, 0);
	return complaint[0] == '\0';
}
