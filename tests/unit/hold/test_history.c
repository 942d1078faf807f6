/* SPDX-License-Identifier: BSD-2-Clause */
/* What is counted of each batch against the records themselves, whatever comes and goes. */
#include "../short_history.h" /* first: it sets what others have defaults for */

#include "../tap.h"

#include "../random.h"
#include "../reads.h"
#include "hold/classes.h"
#include "hold/fit.h"
#include "hold/history.h"
#include "hold/lesser.h"

#define RECORDS 3000

static const struct framing lines = { .kind = FRAMING_LINES, .delimiter = '\n' };

static struct rig {
	struct queue queue;
	struct history history;
	struct key_rule key;
	struct classes classes;
	struct keep *keep;
	struct ledger ledger;
	struct loss loss;
} rig;

static void
begin(size_t bytes, bool kept)
{
	const struct queue_limits limits = { .bytes = bytes, .records = UINT64_MAX, .slack = 4000, .record = bytes, .view = 4000 };
	char error[PATTERN_ERROR_MOST];

	rig = (struct rig){ .key.separator = KEY_BLANKS };
	if (queue_init(&rig.queue, &lines, &limits) < 0 || key_parse(&rig.key, "1", error) != NULL)
		abort();
#ifdef HAVE_PCRE2
	if (kept && ((rig.keep = keep_new()) == NULL || !keep_add(rig.keep, "K", error)))
		abort();
	rig.classes.keep = rig.keep;
#else
	(void)kept;
#endif
	rig.loss = (struct loss){ .ledger = &rig.ledger, .keep = rig.classes.keep };
	rig.queue.marks = classes_marks(&rig.classes);
	rig.history = (struct history){ .key = &rig.key, .keep = rig.classes.keep, .salt = 5 };
	history_watch(&rig.history, &rig.queue);
	if (!history_begin(&rig.history, &rig.queue))
		abort();
}

static void
finish(void)
{
	history_end(&rig.history);
	queue_free(&rig.queue);
	keep_free(rig.keep);
	key_clear(&rig.key);
}

static void
arrive(unsigned key, const char *rest)
{
	char text[128];
	size_t length = (size_t)snprintf(text, sizeof(text), "%u %s\n", key, rest);

	if (reads_put(&rig.queue, text, length) != length)
		abort();
	queue_append(&rig.queue, 0, length, 1, 0);
}

/* --- the oracle ----------------------------------------------------------------------------------- */

static struct {
	unsigned key;
	size_t length;
	bool kept;
} there[RECORDS];

static size_t
look(void)
{
	struct queue_record record;
	size_t count = 0, offset = 0;

	for (; count < RECORDS && queue_view(&rig.queue, offset, &record); count++, offset += record.length) {
		there[count].key = (unsigned)strtoul(record.text, NULL, 10);
		there[count].length = record.length;
		there[count].kept = rig.classes.keep != NULL && memchr(record.text, 'K', record.length) != NULL;
	}
	return count;
}

static unsigned ended; /* so often, of itself */

static bool
is_superseded(size_t index, size_t noted)
{
	for (size_t i = index + 1; i < noted; i++)
		if (there[i].key == there[index].key)
			return !there[index].kept;
	return false;
}

/* It is not always asked. */
static bool
knows_unkept(struct tally unkept)
{
	static unsigned times;
	struct tally said;

	if (times++ % 3 != 0)
		return true;
	said = lesser_sum(&rig.history, &rig.queue);
	return said.records == unkept.records && said.bytes == unkept.bytes;
}

/* Each batch is the next records, and knows how many are superseded; but for a broken one. */
static bool
is_right(void)
{
	const struct history *h = &rig.history;
	size_t at = 0, noted = (size_t)h->noted.records, count = look();
	struct tally unkept = { 0, 0 };

	history_check(h);
	if (noted > count)
		return false;
	for (size_t i = 0; i < h->batches.count; i++) {
		const struct batch *batch = &h->batches.list[h->batches.first + i];
		struct tally all = { 0, 0 }, old = { 0, 0 };

		for (; all.records < batch->all.records; at++) {
			ledger_count(&all, 1, there[at].length);
			if (is_superseded(at, noted))
				ledger_count(&old, 1, there[at].length);
		}
		if (all.bytes != batch->all.bytes)
			return false;
		if (!(i == 0 && h->batches.broken) && (old.records != batch->old.records || old.bytes != batch->old.bytes))
			return false;
	}
	for (size_t i = 0; i < noted; i++)
		if (!there[i].kept)
			ledger_count(&unkept, 1, there[i].length);
	return knows_unkept(unkept);
}

static void
drop_some(struct random *random)
{
	struct excess excess = { .all = { random_below(random, 5), 0 }, .slice = UINT64_MAX };

	if (rig.classes.keep != NULL && random_one_in(random, 2))
		classes_give_way(&rig.classes, &rig.queue, &rig.loss, REASON_OLDEST, 1, false, &excess);
	else if (queue_waiting(&rig.queue) > 3)
		fit_drop_oldest(&rig.queue, &rig.loss, REASON_EXPIRED, random_below(random, 3));
}

/* It ends with a batch that is longer than a full one: then it begins anew, as with the next verdict. */
static bool
is_on(void)
{
	ended += !history_is_on(&rig.history);
	return history_is_on(&rig.history) || history_begin(&rig.history, &rig.queue);
}

static void
sweep_for(uint64_t records, uint64_t bytes)
{
	const struct tally need = { records, bytes };

	history_sweep(&rig.history, &rig.queue, &rig.loss, (struct history_wanted){ need, need, 0 });
}

static bool
goes_on(uint64_t seed, bool kept)
{
	static const char *const rests[] = { "", "a", "K", "longer than others are", "K and more" };
	struct random random = { seed };
	unsigned keys = 1 + (unsigned)random_below(&random, 40);
	bool good = true;

	begin(40 + (size_t)random_below(&random, seed % 3 == 0 ? 100 : 800), kept);
	if (seed % 7 == 0)
		rig.history.batches.number = rig.history.batches.list[0].number = NEWEST_BATCH_MOST - 200;
	for (int step = 0; step < 400 && good; step++) {
		for (uint64_t i = random_below(&random, 6); i > 0 && queue_waiting(&rig.queue) < 200; i--)
			arrive((unsigned)random_below(&random, keys), rests[random_below(&random, 5)]);
		if (random_one_in(&random, 3))
			good = history_note(&rig.history, &rig.queue, random_below(&random, 100));
		if (random_one_in(&random, 4) && queue_held(&rig.queue).bytes > 0)
			(void)queue_take(&rig.queue, 1 + (size_t)random_below(&random, queue_held(&rig.queue).bytes < 60 ? queue_held(&rig.queue).bytes : 60));
		good = good && is_on() && is_right();
		if (random_one_in(&random, 4))
			drop_some(&random);
		good = good && is_on() && is_right();
		if (random_one_in(&random, 5)) {
			good = good && history_note(&rig.history, &rig.queue, UINT64_MAX) && history_is_whole(&rig.history, &rig.queue);
			sweep_for(random_below(&random, 20), random_below(&random, 200));
		}
		good = good && is_on() && is_right();
		fit_admit(&rig.queue);
		queue_check(&rig.queue);
	}
	finish();
	return good;
}

/* --- by example ----------------------------------------------------------------------------------- */

/* How often keys were asked for. */
static uint64_t
asked(void)
{
	return key_looks(&rig.key).asked;
}

static void
looks(void)
{
	begin(4000, false);
	for (unsigned i = 0; i < 300; i++)
		arrive(i, "");
	(void)history_note(&rig.history, &rig.queue, UINT64_MAX);
	is(asked(), 300, "each record is looked at once");
	(void)queue_take(&rig.queue, 20);
	fit_drop_oldest(&rig.queue, &rig.loss, REASON_OLDEST, 50);
	is(asked(), 300, "none as it leaves as the oldest");
	sweep_for(100, 100);
	is(asked(), 300, "and none where nothing is superseded");
	for (unsigned i = 280; i < 290; i++)
		arrive(i, "");
	(void)history_note(&rig.history, &rig.queue, UINT64_MAX);
	sweep_for(100, 100);
	is(rig.ledger.dropped[REASON_SUPERSEDED].records, 10, "those that are go");
	ok(asked() <= 310 + 300, "of the others few are looked at: %" PRIu64, asked() - 310);
	finish();
}

/* Few superseded in a batch are left there. */
static void
sparse(void)
{
	begin(8000, false);
	for (unsigned i = 0; i < 333; i++)
		arrive(1000 + i, "");
	for (unsigned i = 0; i < 40; i++)
		arrive(5000, "");
	arrive(1000, "");
	(void)history_note(&rig.history, &rig.queue, UINT64_MAX);
	sweep_for(0, 4000);
	is(rig.ledger.dropped[REASON_SUPERSEDED].records, 39, "a batch of which few are superseded is not swept");
	finish();
}

/* More than must goes only as far as few are looked at for it. */
static void
besides(void)
{
	const struct history_wanted wanted = { { 1, 0 }, { 1000, 0 }, 60 };
	uint64_t before;

	begin(2000, false);
	for (unsigned i = 0; i < 333; i++)
		arrive(i % 8 == 0 ? 5 : 1000 + i, "");
	(void)history_note(&rig.history, &rig.queue, UINT64_MAX);
	before = asked();
	history_sweep(&rig.history, &rig.queue, &rig.loss, wanted);
	ok(rig.ledger.dropped[REASON_SUPERSEDED].records > 1, "some go besides: %" PRIu64, rig.ledger.dropped[REASON_SUPERSEDED].records);
	ok(asked() - before < 60 + 333 / BATCHES_FEW + 2, "and few are looked at for them: %" PRIu64, asked() - before);
	finish();
}

/* A key that rests in front of many that come again: neighbours become one, and batches do not run out. */
static void
neighbours(void)
{
	uint64_t longest = 0;
	bool good = true;

	begin(400, false);
	for (unsigned i = 0; i < 200 && good; i++) {
		arrive(1000 + i, "");
		for (int j = 0; j < 20; j++)
			arrive(5, "comes again");
		good = history_note(&rig.history, &rig.queue, UINT64_MAX) && is_right();
		for (size_t k = 0; k < rig.history.batches.count; k++)
			if (longest < batches_at(&rig.history.batches, k)->all.bytes)
				longest = batches_at(&rig.history.batches, k)->all.bytes;
		sweep_for(0, 10000);
		good = good && is_on() && is_right();
	}
	ok(good, "neighbours that become one are counted as one");
	ok(longest <= 100, "and no batch is longer than a full one: %" PRIu64, longest);
	finish();
}

static unsigned
count_key(unsigned key)
{
	unsigned found = 0;

	for (size_t i = look(); i-- > 0;)
		found += there[i].key == key;
	return found;
}

/* A key that is in both of two batches that become one: 20 others and one in the first, of which too few are superseded
 * to be looked for, and in the second only the newest is left. */
static void
in_both(void)
{
	static const char *const hot = "comes again......";

	begin(400, false);
	for (unsigned i = 10; i < 30; i++)
		arrive(i, "");
	arrive(7, "");
	arrive(5, hot);
	arrive(7, "");
	for (unsigned i = 0; i < 4; i++)
		arrive(5, hot);
	for (unsigned i = 0; i < 16; i++)
		arrive(100 + i, "a record that is as long as three quarters of a batch of a hundred bytes");
	(void)history_note(&rig.history, &rig.queue, UINT64_MAX);
	sweep_for(0, 1000);
	is(count_key(7), 2, "too few are superseded");
	is(count_key(5), 1, "but not in the second one");
	for (unsigned i = 10; i < 13; i++)
		arrive(i, "");
	(void)history_note(&rig.history, &rig.queue, UINT64_MAX);
	is(rig.history.batches.list[rig.history.batches.first].all.records, 22, "both are one");
	sweep_for(0, 1000);
	is(count_key(7), 1, "of a key that was in both the newest stays");
	ok(is_right(), "and what is counted is right");
	finish();
}

/* What comes behind a batch that has been begun to leave is in another one. */
static void
behind_broken(void)
{
	begin(4000, false);
	arrive(1, "");
	arrive(2, "");
	(void)history_note(&rig.history, &rig.queue, UINT64_MAX);
	(void)queue_take(&rig.queue, 3);
	arrive(2, "");
	arrive(2, "");
	(void)history_note(&rig.history, &rig.queue, UINT64_MAX);
	sweep_for(0, 1000);
	is(rig.ledger.dropped[REASON_SUPERSEDED].records, 1, "behind a broken batch another one begins");
	is(queue_waiting(&rig.queue), 2, "and what is in that stays");
	finish();
}

static void
without_memory(void)
{
	unsigned failed = 0;

	for (size_t calls = 0; calls < 30; calls++) {
		bool noted;

		begin(4000, false);
		for (unsigned i = 0; i < 300; i++)
			arrive(i, "");
		short_history_calls = calls;
		noted = history_note(&rig.history, &rig.queue, UINT64_MAX);
		short_history_calls = SIZE_MAX;
		failed += !noted;
		if (noted != history_is_on(&rig.history) || (noted && !is_right()))
			failed = 1000;
		history_end(&rig.history);
		short_history_calls = calls % 3;
		if (history_begin(&rig.history, &rig.queue) != (calls % 3 == 3) || history_is_on(&rig.history))
			failed = 1000;
		short_history_calls = SIZE_MAX;
		finish();
	}
	ok(failed > 3 && failed < 1000, "without memory it ends (%u times)", failed);
}

int
main(void)
{
	bool good = true;
	uint64_t seed;

	for (seed = 0; seed < 400 && good; seed++)
		good = goes_on(seed, false);
	ok(good, "what is counted is what is there (seed %" PRIu64 ")", seed - 1);
	for (seed = 0; seed < 400 && good; seed++)
		good = goes_on(seed, true);
	ok(good, "with --keep, too (seed %" PRIu64 ")", seed - 1);
	ok(ended > 0, "long batches were among them (%u)", ended);
	looks();
	sparse();
	besides();
	neighbours();
	in_both();
	behind_broken();
	without_memory();
	return done_testing();
}
