/* SPDX-License-Identifier: BSD-2-Clause */
/* fair: what is held is counted to the byte, whatever comes, leaves and is dropped; who loses, and how much. */
#include "../tap.h"

#include "../random.h"
#include "../reads.h"
#include "hold/fair.h"
#include "hold/fit.h"
#include "hold/sweep.h"

#include <stdio.h>
#include <stdlib.h>

#define KEYS 26

static struct {
	struct queue queue;
	struct key_rule key;
	struct keep *keep;
	struct classes classes;
	struct ledger ledger;
	struct loss loss;
	struct fair fair;
	uint64_t came[KEYS], lost[KEYS];
} rig;

static void
begin(const struct queue_limits *limits, const char *regex)
{
	static const struct framing lines = { .kind = FRAMING_LINES, .delimiter = '\n' };
	char error[PATTERN_ERROR_MOST];

	memset(&rig, 0, sizeof(rig));
	rig.key.separator = KEY_BLANKS;
	if (queue_init(&rig.queue, &lines, limits) < 0 || key_parse(&rig.key, "1", error) != NULL)
		abort();
	if (regex != NULL && ((rig.keep = keep_new()) == NULL || !keep_add(rig.keep, regex, error)))
		abort();
	rig.loss = (struct loss){ .ledger = &rig.ledger, .keep = rig.keep };
	rig.classes.keep = rig.keep;
	fair_init(&rig.fair, &rig.key, rig.keep, 7);
	rig.queue.watch = &rig.fair.watch;
	queue_use_marks(&rig.queue, classes_marks(&rig.classes) + FAIR_MARKS);
}

static void
finish(void)
{
	fair_relax(&rig.fair);
	queue_free(&rig.queue);
	keep_free(rig.keep);
	key_clear(&rig.key);
}

/* A record of a key, so long with its newline (at least 4). */
static void
come(unsigned key, size_t length)
{
	char text[4096];

	memset(text, 'x', length);
	memcpy(text, (char[]){ (char)('a' + key), ' ' }, 2);
	text[length - 1] = '\n';
	if (reads_put(&rig.queue, text, length) < length)
		abort();
	queue_append(&rig.queue, 0, length, 1, 0);
	rig.came[key]++;
}

static void
settle(void)
{
	fair_settle(&rig.fair, &rig.classes, &rig.queue, &rig.loss);
	fair_check(&rig.fair, &rig.queue);
	queue_check(&rig.queue);
}

/* How many of each key wait. */
static void
count_waiting(uint64_t count[KEYS])
{
	struct queue_record record;

	memset(count, 0, KEYS * sizeof(*count));
	for (size_t offset = 0; queue_view(&rig.queue, offset, &record); offset += record.length)
		count[record.text[0] - 'a']++;
}

static void
shares(void)
{
	const struct queue_limits limits = { .bytes = 100000, .records = UINT64_MAX, .slack = 60000, .record = 4096, .view = 65536 };
	uint64_t waiting[KEYS];

	begin(&limits, NULL);
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 500; i++)
			come(i % 100 == 0 ? 1 + (unsigned)(i / 100) : 0, 100);
		settle();
	}
	count_waiting(waiting);
	for (unsigned key = 1; key <= 5; key++)
		is(waiting[key], rig.came[key], "of a quiet one nothing is lost");
	ok(waiting[0] > 500 - 500 / 32, "the loud one has the rest: %" PRIu64, waiting[0]);
	is(rig.ledger.dropped[REASON_FAIR].records, 50000 - 500 - waiting[0], "all that goes is of it");
	finish();

	begin(&limits, NULL);
	for (int round = 0; round < 200; round++) {
		for (int i = 0; i < 500; i++)
			come((unsigned)i % 5, 100);
		settle();
	}
	count_waiting(waiting);
	for (unsigned key = 0; key < 5; key++)
		ok(waiting[key] > 180 && waiting[key] < 220, "of equal ones each has a fifth: %" PRIu64, waiting[key]);
	finish();
}

static void
by_records(void)
{
	const struct queue_limits limits = { .bytes = 100000, .records = 100, .slack = 60000, .record = 4096, .view = 65536 };
	uint64_t waiting[KEYS];

	begin(&limits, NULL);
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 50; i++)
			come((unsigned)i % 2, i % 2 == 0 ? 900 : 4);
		settle();
	}
	count_waiting(waiting);
	is(waiting[0] + waiting[1], 100, "as many records as there may be");
	ok(waiting[0] > 40 && waiting[0] < 60, "shared by their number where that is what lacks: %" PRIu64, waiting[0]);
	finish();
}

/* How often keys were asked for. */
static uint64_t
asked(void)
{
	return key_looks(&rig.key).asked;
}

/* A record of any of very many keys. */
static void
come_anew(void)
{
	static unsigned number;
	char text[102];

	(void)snprintf(text, sizeof(text), "k%07u %091d\n", number++, 0);
	if (reads_put(&rig.queue, text, 101) < 101)
		abort();
	queue_append(&rig.queue, 0, 101, 1, 0);
}

#define QUIET 20000

static uint64_t
count_loud(void)
{
	struct queue_record record;
	uint64_t count = 0;

	for (size_t offset = 0; queue_view(&rig.queue, offset, &record); offset += record.length)
		count += record.text[0] == 'a';
	return count;
}

/* Quiet ones in front, each of them of a key of its own, and then a loud one; and what comes next is quiet. */
static void
bounded(void)
{
	const struct queue_limits limits = { .bytes = 40000 * 101, .records = UINT64_MAX, .slack = 60000, .record = 4096, .view = 65536 };
	uint64_t most = 0, before;

	begin(&limits, NULL);
	for (unsigned i = 0; i < 40000; i++) {
		if (i < QUIET)
			come_anew();
		else
			come(0, 101);
		if (i % 500 == 499)
			settle();
	}
	for (unsigned i = 0; i < 20; i++) {
		for (unsigned j = 0; j < 500; j++)
			come_anew();
		before = asked();
		fair_settle(&rig.fair, &rig.classes, &rig.queue, &rig.loss);
		if (most < asked() - before)
			most = asked() - before;
	}
	is(rig.ledger.dropped[REASON_FAIR].records, rig.came[0] - count_loud(), "all that goes is of the loud one");
	ok(most < 3 * 500 + 2 * 650, "and few others are looked at for it: %" PRIu64, most);
	finish();
}

#ifdef HAVE_PCRE2

/* A buffer that fills with what is kept, while of the rest all goes: that is not looked for where it has been.  In records of 101
 * bytes. */
static void
bounded_by_class(void)
{
	const struct queue_limits limits = { .bytes = 40000 * 101, .records = UINT64_MAX, .slack = 60000, .record = 4096, .view = 65536 };
	uint64_t most = 0, before;

	begin(&limits, "^a");
	for (unsigned i = 0; i < 120000; i++) {
		if (i % 2 == 0)
			come_anew();
		else
			come(0, 101);
		if (i % 500 < 499)
			continue;
		before = rig.queue.looked;
		fair_settle(&rig.fair, &rig.classes, &rig.queue, &rig.loss);
		if (most < (rig.queue.looked - before) / (101 + EXCESS_RECORD))
			most = (rig.queue.looked - before) / (101 + EXCESS_RECORD);
	}
	is(count_loud(), queue_waiting(&rig.queue), "all others go");
	ok(most < EXCESS_SLICE / (101 + EXCESS_RECORD), "less than a slice is looked at: %" PRIu64, most);
	finish();
}

#endif

/* Dropped from anywhere by somebody else. */
static enum sweep_verdict
judge_any(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	(void)record;
	*fate = (struct sweep_fate){ REASON_EXPIRED, LOSS_ANY_CLASS };
	return random_one_in(state, 7) ? SWEEP_DROP : SWEEP_KEEP;
}

static void
anything(const char *regex)
{
	struct random random = { 11 };
	bool good = true;

	for (int run = 0; run < 60 && good; run++) {
		const struct queue_limits limits = { .bytes = random_from(&random, 2000, 20000),
			.records = random_one_in(&random, 3) ? random_from(&random, 1, 300) : UINT64_MAX, .slack = 60000, .record = 4096,
			.view = 65536 };
		const uint64_t keys = random_from(&random, 1, KEYS);

		begin(&limits, regex);
		for (int step = 0; step < 200 && good; step++) {
			const struct sweep sweep = { judge_any, &random, false };

			for (uint64_t left = random_below(&random, 40); left > 0; left--)
				come((unsigned)random_below(&random, random_below(&random, keys) + 1), (size_t)random_from(&random, 4, 400));
			settle();
			good = fit_all(&rig.queue);
			if (random_one_in(&random, 2) && queue_is_ready(&rig.queue))
				(void)queue_take(&rig.queue, (size_t)random_from(&random, 1, queue_ready(&rig.queue).bytes));
			if (random_one_in(&random, 8))
				(void)sweep_drop(&rig.queue, &rig.loss, queue_oldest_mark(&rig.queue), queue_newest_mark(&rig.queue), &sweep);
			if (random_one_in(&random, 8) && queue_waiting(&rig.queue) > 0)
				fit_drop_oldest(&rig.queue, &rig.loss, REASON_EXPIRED, random_from(&random, 1, queue_waiting(&rig.queue)));
			fair_check(&rig.fair, &rig.queue);
		}
		finish();
	}
	ok(good, "%s: what fits, and is counted", regex != NULL ? regex : "nothing is kept");
}

int
main(void)
{
	shares();
	by_records();
	bounded();
	anything(NULL);
#ifdef HAVE_PCRE2
	bounded_by_class();
	anything("^[a-c]");
#endif
	return done_testing();
}
