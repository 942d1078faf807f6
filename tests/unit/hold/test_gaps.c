/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gaps against a list of records, each of which knows what is missing before it: whatever is dropped and
 * wherever, the marks that come out in the end are the same, and add up.  And, however few there may be, against
 * a plain array of gaps.
 */
#include "../tap.h"

#include "../random.h"
#include "hold/gaps.h"

#include <sys/time.h>

#define RECORDS_MOST 200

struct missing {
	uint64_t records;
	uint64_t bytes;
	uint64_t by[REASONS];
	uint64_t first_ns;
	uint64_t last_ns;
	uint64_t since_ns;
	uint64_t due_ns;
};

/* The model: before[i] is what is missing before the i-th record that is held; before[held] at the end. */
static struct missing before[RECORDS_MOST + 1];
static size_t held;
static uint64_t first; /* the number of the oldest held */
static struct gaps *gaps;
static struct tally dropped, marked;
static uint64_t now;

/* The array. */
static struct gap plain[RECORDS_MOST + 1];
static size_t plain_count, plain_most;

static void
begin(size_t most)
{
	gaps_free(gaps);
	if ((gaps = gaps_new(most)) == NULL)
		abort();
	plain_most = most;
	plain_count = 0;
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
	if (!is_missing(into) || into->since_ns > m->since_ns)
		into->since_ns = m->since_ns;
	if (!is_missing(into) || into->due_ns > m->due_ns)
		into->due_ns = m->due_ns;
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
	struct missing m = { lost->records, lost->bytes, { 0 }, lost->now_ns, lost->now_ns, lost->since_ns, lost->due_ns };

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

/* --- the array ---------------------------------------------------------------------------------- */

static bool
is_nothing(const struct gap *gap)
{
	return gap->sum.records == 0 && gap->sum.bytes == 0;
}

static void
plain_merge(struct gap *into, const struct gap *gap)
{
	const uint64_t at = into->at;

	if (is_nothing(into)) {
		*into = *gap;
		into->at = at;
		return;
	}
	ledger_count(&into->sum, gap->sum.records, gap->sum.bytes);
	for (int i = 0; i < REASONS; i++)
		into->by[i] += gap->by[i];
	if (into->first_ns > gap->first_ns)
		into->first_ns = gap->first_ns;
	if (into->last_ns < gap->last_ns)
		into->last_ns = gap->last_ns;
	if (into->since_ns > gap->since_ns)
		into->since_ns = gap->since_ns;
	if (into->due_ns > gap->due_ns)
		into->due_ns = gap->due_ns;
}

static void
plain_take(size_t i, struct gap *into)
{
	plain_merge(into, &plain[i]);
	memmove(plain + i, plain + i + 1, (--plain_count - i) * sizeof(plain[0]));
}

static void
plain_insert(size_t i, const struct gap *gap)
{
	memmove(plain + i + 1, plain + i, (plain_count++ - i) * sizeof(plain[0]));
	plain[i] = *gap;
}

static void
plain_drop_at(uint64_t at, uint64_t removed, struct gap gap)
{
	size_t here = 0;

	while (here < plain_count && plain[here].at < at)
		here++;
	while (here < plain_count && plain[here].at <= at + removed)
		plain_take(here, &gap);
	for (size_t i = here; i < plain_count; i++)
		plain[i].at -= removed;
	if (is_nothing(&gap))
		return;
	if (plain_count < plain_most)
		plain_insert(here, &gap);
	else
		plain_merge(&plain[here > 0 ? here - 1 : 0], &gap);
}

static void
plain_drop_oldest(struct gap gap)
{
	while (plain_count > 0 && plain[0].at <= gap.at)
		plain_take(0, &gap);
	if (is_nothing(&gap))
		return;
	if (plain_count == plain_most)
		plain_take(0, &gap);
	plain_insert(0, &gap);
}

/* --- both --------------------------------------------------------------------------------------- */

static struct lost
some_loss(struct random *random, uint64_t records)
{
	const enum reason reason = (enum reason)random_below(random, REASONS);

	if (records > 0 && random_one_in(random, 4)) /* which is not to be marked */
		return (struct lost){ .reason = reason };
	return (struct lost){ reason, records, records * 7 + 1, now, now - random_below(random, now + 1), now + random_below(random, 9) };
}

static struct gap
gap_of(uint64_t at, const struct lost *lost)
{
	struct gap gap = { .at = at, .sum = { lost->records, lost->bytes }, .first_ns = now, .last_ns = now,
		.since_ns = lost->since_ns, .due_ns = lost->due_ns };

	gap.by[lost->reason] = lost->records;
	return gap;
}

static void
drop_at(struct random *random, size_t at, size_t count)
{
	const struct lost lost = some_loss(random, count > 0 ? count : random_from(random, 0, 2));

	gaps_drop_at(gaps, first + at, count, &lost);
	plain_drop_at(first + at, count, gap_of(first + at, &lost));
	model_drop(at, count, &lost);
}

static void
drop_oldest(struct random *random, size_t count)
{
	const struct lost lost = some_loss(random, count);

	model_drop(0, count, &lost);
	first += count;
	gaps_drop_oldest(gaps, first, &lost);
	plain_drop_oldest(gap_of(first, &lost));
}

/* Records go here and there, one run behind the other. */
static void
sweep(struct random *random)
{
	size_t at = (size_t)random_from(random, 0, held);

	while (at < held) {
		size_t left = held - at;
		size_t most = left < 4 ? left : 4;

		drop_at(random, at, (size_t)random_from(random, 1, most));
		at += (size_t)random_from(random, 0, 8);
	}
}

static bool
is_same(const struct gap *gap, const struct missing *m)
{
	bool same = gap->sum.records == m->records && gap->sum.bytes == m->bytes && gap->first_ns == m->first_ns &&
	    gap->last_ns == m->last_ns && gap->since_ns == m->since_ns && gap->due_ns == m->due_ns;

	for (int i = 0; i < REASONS; i++)
		same = same && gap->by[i] == m->by[i];
	return same;
}

/* The mark of the first gap leaves, which is the array's first as well. */
static bool
mark(void)
{
	const struct gap *gap = gaps_first(gaps);
	bool same = plain_count > 0 && memcmp(gap, &plain[0], sizeof(*gap)) == 0;
	struct gap nothing = { 0 };

	ledger_count(&marked, gap->sum.records, gap->sum.bytes);
	gaps_pop(gaps);
	if (same)
		plain_take(0, &nothing);
	return same;
}

/* The oldest record leaves; a mark before it where something is missing.  With nothing held, the mark alone.  With
 * few gaps to be had the model does not know where they are. */
static bool
leave(void)
{
	const struct gap *gap = gaps_first(gaps);
	bool has_gap = gap != NULL && gap->at <= first;

	if (plain_most > RECORDS_MOST && (has_gap != is_missing(&before[0]) || (has_gap && !is_same(gap, &before[0]))))
		return false;
	if (has_gap && (gap->at != first || !mark()))
		return false;
	before[0] = (struct missing){ 0 };
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

	now += random_from(random, 0, 3);
	switch (random_from(random, 0, 6)) {
	case 0:
	case 1: /* records come */
		for (uint64_t i = random_from(random, 0, 20); i > 0 && held < RECORDS_MOST; i--)
			held++;
		return true;
	case 2: /* something is left out before the next one to come */
		drop_at(random, held, 0);
		return true;
	case 3: /* records go, anywhere */
		if (count > 0)
			drop_at(random, at, count);
		return true;
	case 4: /* or the oldest */
		if (at > 0)
			drop_oldest(random, at);
		return true;
	case 5:
		sweep(random);
		return true;
	default:
		for (uint64_t i = random_from(random, 0, 20); i > 0; i--)
			if (!leave())
				return false;
		return true;
	}
}

/* Much is dropped and marked, with room for so many gaps. */
static bool
agree(struct random *random, size_t most)
{
	begin(most);
	for (int i = 0; i < 300; i++)
		if (!step(random))
			return false;
	while (held > 0)
		if (!leave())
			return false;
	if (!leave())
		return false;
	while (gaps_first(gaps) != NULL)
		if (!mark())
			return false;
	return plain_count == 0 && marked.records == dropped.records && marked.bytes == dropped.bytes;
}

static void
any_order(void)
{
	bool good = true;

	for (uint64_t seed = 1; seed <= 2000 && good; seed++) {
		struct random random = { seed };

		good = agree(&random, RECORDS_MOST + 1);
		if (!good)
			diag("seed %" PRIu64, seed);
	}
	ok(good, "in any order each mark stands where something is missing, and says what");
}

/* The marks are then no longer all in their places, but they are where they should be, and add up. */
static void
too_many(void)
{
	bool good = true;

	for (uint64_t seed = 1; seed <= 4000 && good; seed++) {
		struct random random = { seed };

		good = agree(&random, (size_t)random_from(&random, 2, 20));
		if (!good)
			diag("seed %" PRIu64, seed);
	}
	ok(good, "with more gaps than there may be, marks still add up");
}

/* With what a sweep costs as the product of both this would take many minutes of the processor's time. */
static void
long_sweep(void)
{
	const struct lost one = { REASON_NEWEST, 1, 10, 5, 5, 6 };
	const uint64_t count = 1 << 18;
	uint64_t records = 0, marks = 0;

	begin(2 * count);
	(void)setitimer(ITIMER_VIRTUAL, &(struct itimerval){ .it_value = { .tv_sec = 60 } }, NULL);
	for (uint64_t i = 0; i < count; i++) /* one before each fourth record */
		gaps_drop_at(gaps, 4 * i, 0, &one);
	for (uint64_t i = 0; i < count; i++) /* and one of the records between two */
		gaps_drop_at(gaps, 3 * i + 2, 1, &one);
	(void)setitimer(ITIMER_VIRTUAL, &(struct itimerval){ 0 }, NULL);
	for (; gaps_first(gaps) != NULL; gaps_pop(gaps)) {
		records += gaps_first(gaps)->at == (marks % 2 == 0 ? marks / 2 * 3 : marks / 2 * 3 + 2);
		marks++;
	}
	ok(marks == 2 * count && records == marks, "a sweep drops between very many gaps, and moves them all up");
}

static void
by_example(void)
{
	const struct lost two = { REASON_NEWEST, 2, 20, 5, 5, 6 };
	const struct lost three = { REASON_OLDEST, 3, 30, 9, 9, 10 };
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

/* Records go for a reason that is not marked. */
static void
not_marked(void)
{
	const struct lost repeat = { REASON_REPEATED, 1, 10, 5, 3, 13 }, other = { REASON_REPEATED, 2, 20, 9, 8, 12 };
	const struct lost nothing = { .reason = REASON_NEWEST };
	const struct gap *gap;

	begin(3);
	gaps_drop_at(gaps, 4, 2, &nothing);
	gaps_drop_oldest(gaps, 1, &nothing);
	ok(gaps_first(gaps) == NULL, "what is not marked makes no gap");
	gaps_drop_at(gaps, 5, 0, &repeat);
	gaps_drop_at(gaps, 9, 0, &other);
	gaps_drop_at(gaps, 2, 2, &nothing);
	is(gaps_first(gaps)->at, 3, "one is where it was among the others that are left,");
	gaps_drop_at(gaps, 3, 4, &nothing);
	gap = gaps_first(gaps);
	ok(gap->at == 3 && gap->sum.records == 3 && gap->sum.bytes == 30 && gap->by[REASON_REPEATED] == 3,
	    "two are one where all between them has gone,");
	ok(gap->first_ns == 5 && gap->last_ns == 9 && gap->since_ns == 3 && gap->due_ns == 12, "with the times of both");
	gaps_drop_oldest(gaps, 7, &nothing);
	gap = gaps_first(gaps);
	ok(gap->at == 7 && gap->sum.records == 3, "and it stays in front of the oldest that there is");
	gaps_pop(gaps);
	gaps_drop_oldest(gaps, 9, &nothing);
	ok(gaps_first(gaps) == NULL, "until it is marked");
}

/* What is new then adds to the last gap, whose mark is early, not late. */
static void
no_room(void)
{
	const struct lost one = { REASON_NEWEST, 1, 10, 5, 5, 6 };

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
	not_marked();
	no_room();
	any_order();
	too_many();
	long_sweep();
	gaps_free(gaps);
	return done_testing();
}
