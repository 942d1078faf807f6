/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gaps against a list of records, each of which knows what is missing before it: whatever is dropped and
 * wherever, the marks that come out in the end are the same, and add up.
 */
#include "tap.h"

#include "gaps.h"
#include "random.h"

#define RECORDS_MOST 200

struct missing {
	uint64_t records;
	uint64_t bytes;
	uint64_t by[REASONS];
	uint64_t first_ns;
	uint64_t last_ns;
};

/* The model: before[i] is what is missing before the i-th record that is held; before[held] at the end. */
static struct missing before[RECORDS_MOST + 1];
static size_t held;
static uint64_t first; /* the number of the oldest held */
static struct gaps *gaps;
static struct tally dropped, marked;
static uint64_t now;

static void
begin(size_t most)
{
	gaps_free(gaps);
	if ((gaps = gaps_new(most)) == NULL)
		abort();
	memset(before, 0, sizeof(before));
	held = 0;
	first = now = 0;
	dropped = marked = (struct tally){ 0, 0 };
}

static bool
is_missing(const struct missing *m)
{
	return m->records > 0 || m->bytes > 0;
}

static void
merge(struct missing *into, const struct missing *m)
{
	if (!is_missing(m))
		return;
	if (!is_missing(into) || into->first_ns > m->first_ns)
		into->first_ns = m->first_ns;
	if (into->last_ns < m->last_ns)
		into->last_ns = m->last_ns;
	into->records += m->records;
	into->bytes += m->bytes;
	for (int i = 0; i < REASONS; i++)
		into->by[i] += m->by[i];
}

/* count records from index at on go, and all that is missing around them is missing there. */
static void
model_drop(size_t at, size_t count, const struct lost *lost)
{
	struct missing m = { lost->records, lost->bytes, { 0 }, lost->now_ns, lost->now_ns };

	m.by[lost->reason] = lost->records;
	for (size_t i = at; i <= at + count; i++) {
		merge(&m, &before[i]);
		before[i] = (struct missing){ 0 };
	}
	memmove(before + at, before + at + count, (held - at - count + 1) * sizeof(before[0]));
	memset(before + held - count + 1, 0, count * sizeof(before[0]));
	before[at] = m;
	held -= count;
	ledger_count(&dropped, lost->records, lost->bytes);
}

static struct lost
some_loss(struct random *random, uint64_t records)
{
	return (struct lost){ (enum reason)random_below(random, REASONS), records, records * 7 + 1, now };
}

static bool
is_same(const struct gap *gap, const struct missing *m)
{
	bool same = gap->sum.records == m->records && gap->sum.bytes == m->bytes && gap->first_ns == m->first_ns &&
	    gap->last_ns == m->last_ns;

	for (int i = 0; i < REASONS; i++)
		same = same && gap->by[i] == m->by[i];
	return same;
}

/* The oldest record leaves; a mark before it where something is missing.  With nothing held, the mark alone. */
static bool
leave(void)
{
	const struct gap *gap = gaps_first(gaps);

	if (is_missing(&before[0])) {
		if (gap == NULL || gap->at != first || !is_same(gap, &before[0]))
			return false;
		ledger_count(&marked, gap->sum.records, gap->sum.bytes);
		gaps_pop(gaps);
		before[0] = (struct missing){ 0 };
	} else if (gap != NULL && gap->at <= first) {
		return false;
	}
	if (held == 0)
		return true;
	memmove(before, before + 1, held * sizeof(before[0]));
	before[held] = (struct missing){ 0 };
	held--;
	first++;
	return true;
}

static bool
step(struct random *random)
{
	size_t at = (size_t)random_from(random, 0, held);
	size_t count = (size_t)random_from(random, 0, held - at);
	struct lost lost;

	now += random_from(random, 0, 3);
	switch (random_from(random, 0, 5)) {
	case 0:
	case 1: /* records come */
		for (uint64_t i = random_from(random, 0, 20); i > 0 && held < RECORDS_MOST; i--)
			held++;
		return true;
	case 2: /* something is left out before the next one to come */
		lost = some_loss(random, random_from(random, 0, 2));
		gaps_drop_at(gaps, first + held, 0, &lost);
		model_drop(held, 0, &lost);
		return true;
	case 3: /* records go, anywhere */
		lost = some_loss(random, count);
		if (count == 0)
			return true;
		gaps_drop_at(gaps, first + at, count, &lost);
		model_drop(at, count, &lost);
		return true;
	case 4: /* or the oldest */
		lost = some_loss(random, at);
		if (at == 0)
			return true;
		model_drop(0, at, &lost);
		first += at;
		gaps_drop_oldest(gaps, first, &lost);
		return true;
	default:
		for (uint64_t i = random_from(random, 0, 20); i > 0; i--)
			if (!leave())
				return false;
		return true;
	}
}

static void
any_order(void)
{
	bool good = true;

	for (uint64_t seed = 1; seed <= 2000 && good; seed++) {
		struct random random = { seed };

		begin(RECORDS_MOST + 1);
		for (int i = 0; i < 300 && good; i++)
			good = step(&random);
		while (good && held > 0)
			good = leave();
		good = good && leave() && gaps_first(gaps) == NULL && marked.records == dropped.records &&
		    marked.bytes == dropped.bytes;
		if (!good)
			diag("seed %" PRIu64, seed);
	}
	ok(good, "in any order each mark stands where something is missing, and says what");
}

/* With few gaps to be had the marks are no longer all in their places, but they still add up, and come in order. */
static void
too_many(void)
{
	bool good = true;

	for (uint64_t seed = 1; seed <= 2000 && good; seed++) {
		struct random random = { seed };
		uint64_t last = 0;

		begin((size_t)random_from(&random, 2, 5));
		for (int i = 0; i < 300 && good; i++) {
			(void)step(&random);
			if (gaps_first(gaps) != NULL && gaps_first(gaps)->at < first)
				good = false;
			if (gaps_first(gaps) != NULL && random_one_in(&random, 3)) {
				const struct gap *gap = gaps_first(gaps);
				good = good && gap->at >= last;
				last = 0;
				ledger_count(&marked, gap->sum.records, gap->sum.bytes);
				gaps_pop(gaps);
				memset(before, 0, sizeof(before)); /* the model does not know what is left */
			}
		}
		for (; gaps_first(gaps) != NULL; gaps_pop(gaps))
			ledger_count(&marked, gaps_first(gaps)->sum.records, gaps_first(gaps)->sum.bytes);
		good = good && marked.records == dropped.records && marked.bytes == dropped.bytes;
		if (!good)
			diag("seed %" PRIu64, seed);
	}
	ok(good, "with more gaps than there may be, marks still add up");
}

static void
by_example(void)
{
	const struct lost two = { REASON_NEWEST, 2, 20, 5 };
	const struct lost three = { REASON_OLDEST, 3, 30, 9 };
	const struct gap *gap;

	begin(2);
	ok(gaps_first(gaps) == NULL && gaps_first(NULL) == NULL, "at first there is none");
	gaps_drop_at(gaps, 7, 0, &two);
	gap = gaps_first(gaps);
	ok(gap->at == 7 && gap->sum.records == 2 && gap->sum.bytes == 20 && gap->by[REASON_NEWEST] == 2,
	    "a gap stands before a record that has not come yet");
	gaps_drop_oldest(gaps, 3, &three);
	is(gaps_first(gaps)->at, 3, "one before the oldest comes first");
	gaps_drop_oldest(gaps, 7, &three);
	gap = gaps_first(gaps);
	ok(gap->at == 7 && gap->sum.records == 8 && gap->by[REASON_OLDEST] == 6 && gap->by[REASON_NEWEST] == 2,
	    "until all between them has gone: then they are one");
	ok(gap->first_ns == 5 && gap->last_ns == 9, "from the first loss to the last");
	gaps_pop(gaps);
	ok(gaps_first(gaps) == NULL, "and one mark says so");
}

/* What is new then adds to the last gap, whose mark is early, not late. */
static void
no_room(void)
{
	const struct lost one = { REASON_NEWEST, 1, 10, 5 };

	begin(2);
	gaps_drop_at(gaps, 5, 0, &one);
	gaps_drop_at(gaps, 9, 0, &one);
	gaps_drop_at(gaps, 12, 0, &one);
	is(gaps_first(gaps)->at, 5, "of more gaps than there is room for the first stays where it is");
	gaps_pop(gaps);
	ok(gaps_first(gaps)->at == 9 && gaps_first(gaps)->sum.records == 2, "and so does the last, with what is new");
}

int
main(void)
{
	by_example();
	no_room();
	any_order();
	too_many();
	gaps_free(gaps);
	return done_testing();
}
