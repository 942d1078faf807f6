/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * By lot: which give way, by example; and that lots are fair, by numbers.
 */
#include "../sheds.h"

#include "../effort.h"

static void
by_lot(struct shed *shed, struct queue *queue, struct loss *loss)
{
	lot_settle(&shed->chance, &shed->classes, queue, loss);
}

#ifdef HAVE_PCRE2

static const struct example examples[] = {
	{ "random: of the least class, all if need be, and then of the next", by_lot, ANY, { "E" },
	    "E01\na02\nE03\na04\nE05\nE06\nE07\nE08\n", "E09\nE10\n",
	    "E01 E03 E05 E06 E07 E08 E09 E10", "random 2" },
	{ "random: what fits stays", by_lot, ANY, { NULL },
	    "", EIGHT, "a01 a02 a03 a04 a05 a06 a07 a08", "" },
	{ "random: nothing goes for what cannot fit beside what is more precious", by_lot, ANY, { "E" },
	    "E01\nE02\na03\nE04\nE05\nE06\na07\n", "a_longer_one_\n", "E01 E02 a03 E04 E05 E06 a07", "newest 1" },
};

static void
by_example(void)
{
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
		try_example(&examples[i]);
}

#endif

#define PLACES 64
#define DRAWS 4000

/* 99.9% of what a chi-squared statistic with PLACES - 1 degrees of freedom comes to stays below this. */
#define CHI_SQUARED 103.44

/* How often each place was dropped; every third record is long. */
static void
draw(unsigned count[PLACES], bool by_bytes)
{
	const struct queue_limits limits = { .bytes = by_bytes ? 300 : 10000, .records = by_bytes ? ANY : 48,
		.slack = 1000, .record = 20 };

	begin(ANY, (const char *const[]){ NULL, NULL });
	for (uint64_t seed = 0; seed < DRAWS; seed++) {
		queue_free(&rig.queue);
		if (queue_init(&rig.queue, &lines, &limits) < 0)
			abort();
		chance_init(&rig.shed.chance, true, seed * 1000003);
		for (unsigned i = 0; i < PLACES; i++) {
			const char text[] = { (char)('!' + i), '\n', '\0' };
			const char longer[] = { (char)('!' + i), 'l', 'o', 'n', 'g', 'e', 'r', 'l', 'o', 'n', 'g', 'e', '\n',
				'\0' };
			arrive(i % 3 == 0 ? longer : text);
			count[i]++;
		}
		by_lot(&rig.shed, &rig.queue, &rig.loss);
		while (queue_held(&rig.queue).bytes > 0) {
			size_t head = queue_head(&rig.queue);
			struct iovec piece[QUEUE_PIECES];

			(void)queue_peek(&rig.queue, 0, &head, piece);
			count[*(const char *)piece[0].iov_base - '!']--;
			(void)queue_take(&rig.queue, head);
		}
	}
	finish();
}

static void
is_fair(bool by_bytes, double least, double most)
{
	unsigned count[PLACES] = { 0 };
	double mean = 0, sum = 0;

	draw(count, by_bytes);
	for (int i = 0; i < PLACES; i++)
		mean += (double)count[i] / PLACES;
	for (int i = 0; i < PLACES; i++) {
		double off = count[i] - mean;
		sum += off * off / (mean * (1 - mean / DRAWS));
	}
	diag("a place was dropped %.1f times of %d, chi-squared %.1f", mean, DRAWS, sum);
	ok(sum < CHI_SQUARED, "%s: each place as often as any other", by_bytes ? "bytes" : "records");
	ok(mean / DRAWS > least && mean / DRAWS < most, "%s: and as often as need be", by_bytes ? "bytes" : "records");
}

/* One more than there may be: one goes, and never all, of one, two or three (of four a quarter more). */
static void
as_many_as_must(void)
{
	unsigned good = 0;

	for (uint64_t seed = 0; seed < 300; seed++) {
		static const char *const texts[] = { "a\nb\n", "a\nb\nc\n", "a\nb\nc\nd\n" };
		uint64_t most = 1 + seed % 3;

		begin(most, (const char *const[]){ NULL, NULL });
		chance_init(&rig.shed.chance, true, seed * 1000003);
		arrive(texts[seed % 3]);
		by_lot(&rig.shed, &rig.queue, &rig.loss);
		good += queue_waiting(&rig.queue) == most;
		finish();
	}
	is(good, 300, "records: as many go as must");
}

/* A long record and four short ones, of which the long one must go or two short ones.  One is drawn: if it is a short
 * one then one more, of four.  So the long one goes 2 times in 5, and each short one 7 times in 20. */
static void
until_there_is_room(void)
{
	unsigned gone[5] = { 0 };
	bool good = true;

	for (uint64_t seed = 0; seed < DRAWS; seed++) {
		uint64_t short_ones = 0;
		const char *text;

		begin(ANY, (const char *const[]){ NULL, NULL });
		chance_init(&rig.shed.chance, true, seed * 1000003);
		arrive("A\nB\nC_and_many_more_such_letter\nD\nE\n");
		by_lot(&rig.shed, &rig.queue, &rig.loss);
		text = left();
		for (int i = 0; i < 5; i++) {
			bool is_gone = strchr(text, 'A' + i) == NULL;
			gone[i] += is_gone;
			short_ones += i != 2 && is_gone;
		}
		good = good && (strchr(text, 'C') == NULL ? short_ones < 2 : short_ones == 2);
		finish();
	}
	ok(good, "bytes: until there is room, and no longer");
	/* 3.3 standard deviations */
	ok(gone[2] > 1500 && gone[2] < 1700, "bytes: one is drawn after the other, whatever its length: %u", gone[2]);
	for (int i = 0; i < 5; i++)
		ok(i == 2 || (gone[i] > 1300 && gone[i] < 1500), "bytes: and wherever it is: %u", gone[i]);
}

/* --- in slices ------------------------------------------------------------------------------------ */

/* The slices are those of the Makefile: of some 600 records.  There are many of them in this. */
#define MUCH 8192

static void
begin_much(uint64_t seed)
{
	const struct queue_limits limits = { .bytes = MUCH, .records = ANY, .slack = 1000, .record = 20 };

	begin(ANY, (const char *const[]){ NULL, NULL });
	queue_free(&rig.queue);
	if (queue_init(&rig.queue, &lines, &limits) < 0)
		abort();
	chance_init(&rig.shed.chance, true, seed * 1000003);
}

static void
arrive_all(const char text[PLACES])
{
	char record[] = "?\n";

	for (unsigned i = 0; i < PLACES; i++) {
		record[0] = text[i];
		arrive(record);
	}
	by_lot(&rig.shed, &rig.queue, &rig.loss);
}

/* What is held, by its letter, but for those that only make the others give way; returns how much that is. */
static uint64_t
count_held(unsigned count[PLACES])
{
	uint64_t sum = 0;
	struct queue_record record;

	for (size_t at = 0; queue_view(&rig.queue, at, &record); at += record.length) {
		if (record.text[0] < '0')
			continue;
		count[record.text[0] - '0']++;
		sum++;
	}
	return sum;
}

static void
is_even(const unsigned count[PLACES], double trials, double least, double most, const char *what)
{
	double mean = 0, sum = 0;

	for (int i = 0; i < PLACES; i++)
		mean += (double)count[i] / PLACES;
	for (int i = 0; i < PLACES; i++) {
		double off = count[i] - mean;
		sum += off * off / (mean * (1 - mean / trials));
	}
	diag("%s: %.1f of %.0f were left, chi-squared %.1f", what, mean, trials, sum);
	ok(sum < CHI_SQUARED, "%s: each place as often as any other", what);
	ok(mean / trials > least && mean / trials < most, "%s: and as often as it should be", what);
}

/* Nothing leaves: of those that were there half have gone when it has been round once, from everywhere. */
static void
one_round(void)
{
	unsigned count[PLACES] = { 0 };
	char text[PLACES];

	for (uint64_t seed = 0; seed < 40; seed++) {
		unsigned passes = 0;
		uint64_t there;

		begin_much(seed);
		for (unsigned i = 0; i < PLACES; i++) {
			memset(text, (int)('0' + i), sizeof(text));
			arrive_all(text);
		}
		memset(text, '!', sizeof(text));
		do {
			unsigned here[PLACES] = { 0 };
			arrive_all(text);
			there = count_held(here);
		} while (rig.queue.mark[0].number < there && ++passes < 100);
		(void)count_held(count);
		finish();
	}
	is_even(count, 40 * PLACES, 0.49, 0.51, "one round");
}

/* A reader that takes half of what comes: over the whole life of records, whichever of a read they are. */
static void
slow_reader(void)
{
	unsigned taken[PLACES] = { 0 }, reads = 4000;
	char text[PLACES];
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < PLACES; i++)
		text[i] = (char)('0' + i);
	begin_much(1);
	for (unsigned i = 0; i < reads; i++) {
		arrive_all(text);
		if (i > 200 && queue_held(&rig.queue).bytes < least)
			least = queue_held(&rig.queue).bytes;
		for (unsigned k = 0; k < PLACES / 2; k++) {
			struct queue_record record;

			if (!queue_view(&rig.queue, 0, &record))
				break;
			taken[record.text[0] - '0']++;
			(void)queue_take(&rig.queue, record.length);
		}
	}
	(void)count_held(taken);
	finish();
	is_even(taken, reads, 0.5, 0.52, "a slow reader");
	ok(least > MUCH * 8 / 10, "a slow reader: no more than a slice has gone at a time: %" PRIu64 " are left", least);
}

#ifdef HAVE_PCRE2
/* Few of the class that gives way, among others: those that are met behind a slice go, so that they are not looked for
 * again and again. */
static void
few_among_many(void)
{
	unsigned before = 0, after = 0, passes;
	const struct queue_limits limits = { .bytes = 2 * MUCH, .records = ANY, .slack = 1000, .record = 20, .view = 1000 };

	begin(ANY, (const char *const[]){ "E", NULL });
	queue_free(&rig.queue);
	if (queue_init(&rig.queue, &lines, &limits) < 0)
		abort();
	chance_init(&rig.shed.chance, true, 3);
	for (unsigned i = 0; i < MUCH; i++) {
		arrive(i % 64 == 0 ? "a\n" : "E\n");
		before += i % 64 == 0;
		by_lot(&rig.shed, &rig.queue, &rig.loss);
	}
	is(rig.ledger.dropped[REASON_RANDOM].records, 0, "few: the buffer is full");
	for (passes = 0; passes < 20; passes++) {
		for (unsigned i = 0; i < 5; i++)
			arrive("E\n");
		by_lot(&rig.shed, &rig.queue, &rig.loss);
	}
	for (size_t at = 0; at < queue_held(&rig.queue).bytes; at += 2) {
		struct queue_record record;
		after += queue_view(&rig.queue, at, &record) && record.text[0] == 'a';
	}
	diag("few: %u of %u left", after, before);
	is(rig.ledger.dropped[REASON_RANDOM].records, before - after, "few: none that is kept goes before they have gone");
	ok(fit_all(&rig.queue), "few: all fits");
	finish();
}
#endif

/* What is in flight may take up more than there is, by what a read brings. */
static void
nothing_to_draw(void)
{
	begin(ANY, (const char *const[]){ NULL, NULL });
	queue_take_up(&rig.queue, BYTES + 1);
	effort_limit(); /* where it looks for what can give way, it looks for ever */
	by_lot(&rig.shed, &rig.queue, &rig.loss);
	effort_free();
	ok(fit_all(&rig.queue), "where nothing waits all fits, though there is no room");
	arrive("A\n");
	by_lot(&rig.shed, &rig.queue, &rig.loss);
	is_text(dropped(), "newest 1", "and what comes then does not fit");
	finish();
}

int
main(void)
{
#ifdef HAVE_PCRE2
	by_example();
	try_beside_rest(by_lot, NULL);
	few_among_many();
#endif
	one_round();
	slow_reader();
	as_many_as_must();
	until_there_is_room();
	nothing_to_draw();
	is_fair(false, 0.4374, 0.4376); /* 16 and a quarter of 48, of 64 */
	is_fair(true, 0.3906, 0.3907);  /* 70 bytes and a quarter of 300, of 370: 25 of 64 */
	return done_testing();
}
