/* SPDX-License-Identifier: BSD-2-Clause */
/* See handing.h.  COMMAND: when it is started, with what, and what follows from how it ends. */
#include "config.h"

#include "handing.h"
#include "handing_own.h"

#include <sys/wait.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LONG_LIFE_NS (10 * NS_PER_S)
#define OPENS_AT 5
#define STATUS_DATA 65

static struct handing *const m = &handing;

/* --- the breaker ---------------------------------------------------------------------------------- */

static bool
is_open(void)
{
	return m->failures >= OPENS_AT;
}

/* The wait is any part of the longest one: that doubles with each failure in a row, and is the most there is from the
 * fifth on. */
static uint64_t
longest_wait_ns(const struct reader_options *rules)
{
	uint64_t longest_ns = rules->backoff_least_ns;

	for (uint64_t i = 1; i < m->failures; i++)
		longest_ns = longest_ns < rules->backoff_most_ns ? 2 * longest_ns : longest_ns;
	return longest_ns > rules->backoff_most_ns || is_open() ? rules->backoff_most_ns : longest_ns;
}

/* By these it is no longer than it would be now. */
void
handing_rewait(const struct reader_options *next)
{
	const uint64_t latest_ns = m->now_ns + longest_wait_ns(next);

	if (m->due_ns > latest_ns)
		m->due_ns = latest_ns;
}

static void
fails(bool counts, uint64_t now_ns)
{
	uint64_t longest_ns, due_ns = breaker_due_ns(m->breaker);

	m->failed++;
	if (counts && ++m->failures == OPENS_AT) {
		m->opened++;
		m->open_ns = now_ns;
	}
	longest_ns = longest_wait_ns(m->rules);
	if (due_ns < now_ns || due_ns - now_ns > longest_ns)
		handing_wrong("after %" PRIu64 " failures the next try is %" PRIu64 " ns from now, at most %" PRIu64, m->failures,
		    due_ns - now_ns, longest_ns);
	m->due_ns = due_ns;
}

static void
succeeds(void)
{
	m->failures = 0;
	m->due_ns = 0;
}

static void
same_breaker(void)
{
	handing_same("failures in a row", breaker_failures(m->breaker), m->failures);
	handing_same("open", breaker_is_open(m->breaker), is_open());
	handing_same("opened", breaker_opened(m->breaker), m->opened);
	handing_same("the next try", breaker_due_ns(m->breaker), m->due_ns);
	if (m->opened > 0)
		handing_same("opened last", breaker_since_ns(m->breaker), m->open_ns);
}

/* --- what COMMAND is told ------------------------------------------------------------------------- */

static void
told(const char *const *environment, const char *name, uint64_t want)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%s=%" PRIu64, name, want);
	for (; *environment != NULL; environment++)
		if (strcmp(*environment, text) == 0)
			return;
	handing_wrong("COMMAND is not told %s", text);
}

/* --- COMMAND that is fed --------------------------------------------------------------------------- */

static void
feed_started(const char *const *environment)
{
	if (m->runs || m->over)
		handing_wrong("COMMAND is started though it %s", m->runs ? "runs" : "is over");
	if (m->starts > 0 && m->now_ns < m->due_ns)
		handing_wrong("COMMAND is started %" PRIu64 " ns too early", m->due_ns - m->now_ns);
	told(environment, "WEIR_TRY", m->starts + 1);
	if (handing_next_serial() != 0)
		told(environment, "WEIR_FIRST", handing_next_serial());
	if (m->starts++ > 0) {
		m->credits = 0;
		m->tried++;
		handing_restart();
	}
	m->runs = true;
	m->begun_ns = m->now_ns;
}

/* At the same one once more than it is tried again. */
static void
give_up_oldest(void)
{
	struct hand_record *r = handing_oldest_given();
	const uint64_t serial = r != NULL ? (uint64_t)(r - m->record) + 1 : 0;

	m->deaths = serial != 0 && serial == m->died_at ? m->deaths + 1 : 1;
	m->died_at = serial;
	if (r == NULL || m->deaths <= m->rules->retries)
		return;
	handing_settle(r, true);
	m->died_at = 0;
}

void
handing_died(uint64_t now_ns)
{
	m->now_ns = now_ns;
	m->runs = false;
	m->absent = true;
	if (handing_all_settled() || !m->rules->restart) {
		m->over = true;
		return;
	}
	if (now_ns - m->begun_ns >= LONG_LIFE_NS)
		succeeds();
	give_up_oldest();
	fails(true, now_ns);
}

/* Its input ends when all is handed over; under `read`, read, too. */
static void
follow_closing(const struct feed *feed)
{
	const bool has = pump_has_reader(m->pump);
	const bool read = m->rules->confirm != CONFIRM_READ || pump_in_flight(m->pump).bytes == 0;
	const bool fed = handing_all_handed() && read;

	if (m->absent && has)
		handing_wrong("there is a reader");
	if (!m->absent && !has && !fed && pump_output(m->pump) != OUTLET_GONE && feed->end == READER_GOES_ON && feed->state != FEED_DEAF)
		handing_wrong("the reader's input is closed too early");
	if (has && fed && pump_done(m->pump) && (m->runs || (feed->answered && m->rules->command == NULL)))
		handing_wrong("the reader waits for the end of its input");
	m->absent = !has;
}

bool
handing_agrees_fed(const struct feed *feed, uint64_t now_ns)
{
	m->now_ns = now_ns;
	follow_closing(feed);
	handing_same_books();
	if (m->rules->command == NULL)
		return handing_complaint() == NULL;
	if (m->starts > 0 && !m->runs && handing_all_settled())
		m->over = true; /* it would be started again for nothing */
	same_breaker();
	handing_same("over", feed->state == FEED_OVER, m->over);
	handing_same("starts", feed->starts, m->starts);
	if (!m->over && !m->runs && now_ns >= m->due_ns)
		handing_wrong("COMMAND is not started, though it is time");
	if (!m->over && !m->runs && feed_deadline_ns(feed) > m->due_ns)
		handing_wrong("nobody wakes for the next try");
	return handing_complaint() == NULL;
}

/* --- batches --------------------------------------------------------------------------------------- */

static unsigned
running(void)
{
	unsigned count = 0;

	for (size_t i = 0; i < m->parts; i++)
		count += m->part[i].id != 0;
	return count;
}

static unsigned
batches(void)
{
	unsigned count = 0;

	for (size_t i = 0; i < m->parts; i++) {
		size_t j = 0;

		while (m->part[j].batch != m->part[i].batch)
			j++;
		count += i == j;
	}
	return count;
}

/* The next one that may be tried now; the oldest first, while the breaker is open it alone. */
static struct hand_part *
next_try(void)
{
	if (running() >= m->rules->jobs || m->now_ns < m->due_ns || m->now_ns < m->again_ns || (is_open() && running() > 0))
		return NULL;
	for (size_t i = 0; i < m->parts; i++)
		if (m->part[i].id == 0)
			return &m->part[i];
	return NULL;
}

static struct hand_part *
with_id(uint64_t id)
{
	for (size_t i = 0; i < m->parts; i++)
		if (m->part[i].id == id)
			return &m->part[i];
	handing_wrong("COMMAND %" PRIu64 " runs for nothing", id);
	return NULL;
}

/* Its standard input is its records, with their numbers, and nothing else. */
static void
check_input(const struct hand_part *part, const char *bytes, size_t length, size_t *first, size_t *last)
{
	size_t at = 0;

	*first = 0;
	for (size_t i = 0; i < m->coming; i++) {
		const struct hand_record *r = &m->record[i];
		char number[24];
		size_t digits;

		if (r->part != part->name)
			continue;
		digits = handing_number_text(i, number);
		*last = i + 1;
		*first = *first == 0 ? *last : *first;
		for (uint64_t j = 0; j < digits + handing_length(r); j++, at++) {
			if (at >= length || bytes[at] != (j < digits ? number[j] : handing_byte(i, j - digits))) {
				handing_wrong("what COMMAND reads is not its batch, from record %zu on", i + 1);
				return;
			}
		}
	}
	if (at != length)
		handing_wrong("COMMAND reads %zu bytes too many", length - at);
}

void
handing_started(uint64_t id, const char *const *environment, const char *bytes, size_t length)
{
	struct hand_part *part;
	size_t first = 0, last = 0;

	if (!m->rules->batching) {
		feed_started(environment);
		return;
	}
	if ((part = next_try()) == NULL) {
		handing_wrong("COMMAND is started for nothing, or too early, or beside too many");
		return;
	}
	check_input(part, bytes, length, &first, &last);
	told(environment, "WEIR_TRY", part->tries + 1);
	told(environment, "WEIR_FIRST", first);
	told(environment, "WEIR_LAST", last);
	told(environment, "WEIR_RECORDS", part->records);
	told(environment, "WEIR_BYTES", part->bytes);
	if (id <= m->last_id)
		handing_wrong("COMMAND %" PRIu64 " was started before", id);
	m->last_id = part->id = id;
	part->started_ns = m->now_ns;
	part->timeout_ns = m->rules->timeout_ns;
	part->late = false;
	m->tried += part->tries > 0;
}

void
handing_is_started(uint64_t id)
{
	const struct hand_part *part = with_id(id);

	if (part != NULL && (part->tries > 0 || part->halved)) {
		ledger_count(&m->ledger.redelivered, part->records, part->bytes);
		m->redelivered++;
	}
}

void
handing_terminated(uint64_t id)
{
	struct hand_part *part;

	if (!m->rules->batching || (part = with_id(id)) == NULL)
		return;
	if (part->late || part->timeout_ns == 0 || m->now_ns < part->started_ns + part->timeout_ns)
		handing_wrong("COMMAND is told to end too early");
	part->late = true;
}

void
handing_sealed(size_t length)
{
	uint64_t want = 0;
	char number[24];

	if (!m->takes && !m->may_take)
		handing_wrong("a batch goes that is not to go yet");
	m->takes = false;
	m->names++;
	for (size_t i = 0; i < m->coming; i++) {
		if (m->record[i].part != HANDING_MAKING)
			continue;
		m->record[i].part = m->names;
		want += handing_number_text(i, number) + handing_length(&m->record[i]);
	}
	handing_same("bytes of a batch", length, want);
	if (m->parts == HANDING_PARTS) {
		handing_wrong("the model has no room for so many batches");
		return;
	}
	m->part[m->parts++] = (struct hand_part){ .name = m->names, .batch = m->names, .records = m->made.records,
		.bytes = m->made.bytes };
	m->made = (struct tally){ 0, 0 };
	m->making = m->begun = m->full = false;
}

static void
remove_part(struct hand_part *part)
{
	const size_t at = (size_t)(part - m->part);

	m->parts--;
	memmove(part, part + 1, (m->parts - at) * sizeof(*part));
}

static void
settle_part(struct hand_part *part, bool rejects)
{
	for (size_t i = 0; i < m->coming; i++)
		if (m->record[i].part == part->name && m->record[i].life == FLYING)
			handing_settle(&m->record[i], rejects);
	remove_part(part);
}

/* In its place are its first half, the lesser one, and the rest. */
static void
halve(struct hand_part *part)
{
	const unsigned name = part->name;
	struct hand_part half[2] = { { .name = m->names + 1, .batch = part->batch, .halved = true },
		{ .name = m->names + 2, .batch = part->batch, .halved = true } };

	if (m->parts == HANDING_PARTS) {
		handing_wrong("the model has no room for so many batches");
		return;
	}
	for (size_t i = 0; i < m->coming; i++) {
		struct hand_record *r = &m->record[i];
		struct hand_part *mine;

		if (r->part != name)
			continue;
		mine = &half[half[0].records >= part->records / 2];
		mine->records++;
		mine->bytes += handing_length(r);
		r->part = mine->name;
	}
	m->names += 2;
	memmove(part + 1, part, (m->parts++ - (size_t)(part - m->part)) * sizeof(*part));
	part[0] = half[0];
	part[1] = half[1];
	m->bisected++;
}

static void
give_up(struct hand_part *part)
{
	if (m->rules->bisect && part->records > 1)
		halve(part);
	else
		settle_part(part, true);
}

void
handing_ended(uint64_t id, int status, uint64_t now_ns)
{
	struct hand_part *part = with_id(id);
	bool by_itself;

	m->now_ns = now_ns;
	if (part == NULL)
		return;
	by_itself = WIFEXITED(status) && !part->late;
	part->id = 0;
	if (by_itself && WEXITSTATUS(status) == 0) {
		succeeds();
		settle_part(part, false);
	} else if (by_itself && WEXITSTATUS(status) == STATUS_DATA) {
		succeeds();
		give_up(part);
	} else {
		part->tries++;
		fails(!part->halved, now_ns);
		if (part->tries > m->rules->retries)
			give_up(part);
	}
}

void
handing_short(uint64_t id, uint64_t again_ns)
{
	struct hand_part *part = with_id(id);

	if (part != NULL)
		part->id = 0;
	m->again_ns = again_ns;
}

void
handing_begin_step(uint64_t now_ns)
{
	m->now_ns = now_ns;
	m->takes = m->making && m->begun && (m->full || m->hurried || pump_output(m->pump) == OUTLET_EMPTY);
	m->may_take = m->making && m->begun && m->options->policy != POLICY_BLOCK; /* what did not fit may have given way */
}

static void
check_times(const struct hand_part *part)
{
	if (part->id == 0 || part->timeout_ns == 0)
		return;
	if (!part->late && m->now_ns >= part->started_ns + part->timeout_ns)
		handing_wrong("COMMAND takes longer than it may");
}

bool
handing_agrees_batched(const struct jobs *jobs, uint64_t now_ns)
{
	const bool opens = batches() < m->rules->jobs && (pump_is_reading(m->pump) || pump_wants_batch(m->pump));

	m->now_ns = now_ns;
	if (m->takes)
		handing_wrong("a batch does not go, and is to");
	if (m->making || opens)
		handing_same("a batch is made", jobs->making, true);
	m->making = jobs->making;
	handing_same("batches", jobs->made, batches());
	handing_same("batches that run", jobs->running, running());
	same_breaker();
	if (next_try() != NULL)
		handing_wrong("a batch is not tried, though it is time");
	for (size_t i = 0; i < m->parts; i++)
		check_times(&m->part[i]);
	if (running() == 0 && m->parts > 0 && jobs_deadline_ns(jobs) > (m->due_ns > m->again_ns ? m->due_ns : m->again_ns))
		handing_wrong("nobody wakes for the next try");
	handing_same_books();
	handing_same("done", jobs_state(jobs) == READER_DONE, pump_done(m->pump) && m->parts == 0);
	return handing_complaint() == NULL;
}
