/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which records give way to newer ones with the same key, by example: what is there, what arrives, and what is
 * left; when keys begin and cease to be known; and that what is lost is history.  Any sequence of reads, takes and
 * verdicts is held against a model in tests/model, what is counted of a batch in test_history.
 */
#include "../short_history.h" /* first: it sets what others have defaults for */

#include "../tap.h"

#include "../random.h"
#include "../held.h"
#include "hold/fit.h"
#include "hold/latest.h"

static const struct framing lines = { .kind = FRAMING_LINES, .delimiter = '\n' };

static struct rig {
	struct queue queue;
	struct classes classes;
	struct latest latest;
	struct keep *keep;
	struct key_rule key;
	struct ledger ledger;
	struct loss loss;
} rig;

/* Room for 8 records of 4 bytes, or fewer: a batch is 2 of them. */
#define BYTES 32

#define ANY UINT64_MAX /* records */

static void
begin(size_t bytes, uint64_t records, const char *key, const char *regex)
{
	const struct queue_limits limits = { .bytes = bytes, .records = records, .slack = 20000, .record = bytes,
		.view = 20000 };
	char error[PATTERN_ERROR_MOST];

	rig = (struct rig){ .key = { .separator = KEY_BLANKS } };
	if (queue_init(&rig.queue, &lines, &limits) < 0 || key_parse(&rig.key, key, error) != NULL)
		abort();
	if (regex != NULL && ((rig.keep = keep_new()) == NULL || !keep_add(rig.keep, regex, error)))
		abort();
	rig.loss = (struct loss){ .ledger = &rig.ledger, .keep = rig.keep };
	rig.classes.keep = rig.keep;
	rig.latest.history = (struct history){ .key = &rig.key, .keep = rig.keep, .salt = 3 };
	history_watch(&rig.latest.history, &rig.queue);
	rig.queue.marks = classes_marks(&rig.classes);
}

static void
finish(void)
{
	latest_relax(&rig.latest);
	queue_free(&rig.queue);
	keep_free(rig.keep);
	key_clear(&rig.key);
}

static void
arrive(const char *text)
{
	held_put(&rig.queue, text);
}

static void
settle(void)
{
	latest_settle(&rig.latest, &rig.classes, &rig.queue, &rig.loss);
	queue_check(&rig.queue);
}

/* All that is held, with blanks between records. */
static const char *
left(void)
{
	return held_text(&rig.queue);
}

#ifdef HAVE_PCRE2

/* What was dropped, as "oldest 2 newest 1". */
static const char *
dropped(void)
{
	return dropped_text(&rig.ledger);
}

#define LETTER "/^./" /* the key is the first letter */

static const struct example {
	const char *what;
	uint64_t records;
	const char *regex; /* of --keep */
	const char *there; /* let in before */
	const char *come;
	const char *left;
	const char *dropped;
} examples[] = {
#define EIGHT "a01\na02\na03\na04\na05\na06\na07\na08\n"
	{ "what fits stays", ANY, NULL, "", EIGHT, "a01 a02 a03 a04 a05 a06 a07 a08", "" },
	{ "batches with some that are superseded, until that and some more has gone", ANY, NULL, EIGHT, "a09\n", "a07 a08 a09", "superseded 6" },
	{ "each key has its last", ANY, NULL,
	    "a01\nb02\na03\nc04\nb05\nd06\ne07\nf08\n", "a09\n", "c04 b05 d06 e07 f08 a09", "superseded 3" },
	{ "what fits then is not followed by the oldest", ANY, NULL,
	    "a01\nb02\nc03\nd04\ne05\nf06\ng07\nh08\n", "a09\n", "b02 c03 d04 e05 f06 g07 h08 a09", "superseded 1" },
	{ "where that is not enough as few of the oldest as let the new one fit", ANY, NULL,
	    "a01\nb02\nc03\nd04\ne05\nf06\ng07\nh08\n", "a09\ni10\n", "c03 d04 e05 f06 g07 h08 a09 i10", "oldest 1 superseded 1" },
	{ "none superseded: the oldest", ANY, NULL,
	    "a01\nb02\nc03\nd04\ne05\nf06\ng07\nh08\n", "i09\n", "b02 c03 d04 e05 f06 g07 h08 i09", "oldest 1" },
	{ "what is kept supersedes, and is not superseded", ANY, "E",
	    "aE1\nb02\na03\nb04\nd05\nd06\nf07\nbE8\n", "g09\n", "aE1 a03 d06 f07 bE8 g09", "superseded 3" },
	{ "nothing goes for what cannot fit beside what is more precious", ANY, "E",
	    "E01\nE02\na03\nE04\nE05\nE06\na07\n", "a_longer_one_\n", "E01 E02 a03 E04 E05 E06 a07", "newest 1" },
	{ "by class where none is superseded", ANY, "E",
	    "E01\na02\nE03\nb04\nc05\nd06\ne07\nf08\n", "g09\n", "E01 E03 c05 d06 e07 f08 g09", "oldest 2" },
	{ "the empty key is one, too", 2, NULL, "\n\n", "b\n", " b", "superseded 1" },
	{ "by number", 3, NULL, "a1\nb1\nc1\n", "b2\na2\n", "c1 b2 a2", "superseded 2" },
};

static void
by_example(void)
{
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		const struct example *e = &examples[i];

		begin(BYTES, e->records, LETTER, e->regex);
		arrive(e->there);
		fit_admit(&rig.queue);
		arrive(e->come);
		settle();
		is_text(left(), e->left, "%s", e->what);
		is_text(dropped(), e->dropped, "%s: and is counted", e->what);
		ok(fit_all(&rig.queue) && rig.queue.admitted == rig.queue.ready, "%s: the rest is let in", e->what);
		finish();
	}
}

/* Beside the rest of a part-sent record, which takes its room all the time. */
static void
beside_rest(void)
{
	begin(BYTES, ANY, LETTER, NULL);
	arrive("a_head_of_twenty_two1\na02\n");
	fit_admit(&rig.queue);
	(void)queue_take(&rig.queue, 2);
	arrive("B_too_long_1\nc\n");
	settle();
	is_text(left(), "head_of_twenty_two1 a02 c", "beside a rest nothing goes for what cannot fit");
	is_text(dropped(), "newest 1", "and that is counted");
	arrive("a3\na4\na5\n");
	settle();
	is_text(left(), "head_of_twenty_two1 c a5", "what is part-sent is not superseded, nor does it supersede");
	finish();
}

/* Of a batch that the output has begun nothing is known: its records are the oldest. */
static void
broken(void)
{
	begin(BYTES, ANY, LETTER, NULL);
	arrive("a01\nb02\nc03\nd04\ne05\nf06\ng07\nh08\n");
	settle();
	(void)queue_take(&rig.queue, 4);
	arrive("b09\nc10\n");
	settle();
	is_text(left(), "b02 d04 e05 f06 g07 h08 b09 c10", "what is superseded in a broken batch is not looked for");
	arrive("i11\n");
	settle();
	is_text(left(), "d04 e05 f06 g07 h08 b09 c10 i11", "but goes as the oldest");
	is_text(dropped(), "oldest 1 superseded 1", "and is counted so");
	(void)queue_take(&rig.queue, 8);
	arrive("f12\nj13\nk14\n");
	settle();
	is_text(left(), "g07 h08 b09 c10 i11 f12 j13 k14", "a batch that has gone as a whole breaks none");
	finish();
}

#endif

/* Keys are known from a third of the buffer on, a few with each verdict, until there is a sixth. */
static void
begins_and_ends(void)
{
	char text[10];

	begin(4000, ANY, "1", NULL);
	for (unsigned i = 0; i < 165; i++) {
		(void)snprintf(text, sizeof(text), "%07u\n", i);
		arrive(text);
		settle();
	}
	ok(!history_is_on(&rig.latest.history) && key_looks(&rig.key).asked == 0, "below a third of the buffer nothing is known");
	arrive("a......\n");
	settle();
	ok(!history_is_on(&rig.latest.history), "nor at a third of it");
	arrive("b......\n");
	settle();
	is(key_looks(&rig.key).asked, LATEST_SLICE() / 8, "then some are noted");
	ok(!history_is_whole(&rig.latest.history, &rig.queue), "which are not all");
	for (unsigned i = 0; i < 10; i++)
		settle();
	is(key_looks(&rig.key).asked, 167, "and more with each verdict, each record once");
	ok(history_is_whole(&rig.latest.history, &rig.queue), "until they are all");
	(void)queue_take(&rig.queue, 83 * 8);
	settle();
	ok(history_is_on(&rig.latest.history), "above a sixth they still are");
	(void)queue_take(&rig.queue, 8);
	settle();
	ok(!history_is_on(&rig.latest.history), "at a sixth no more");
	is(rig.ledger.dropped[REASON_OLDEST].records, 0, "nothing was dropped for it");
	finish();
	begin(4000, 10, "1", NULL);
	arrive("a\nb\nc\nd\ne\nf\n");
	settle();
	ok(history_is_on(&rig.latest.history), "by records, too");
	latest_relax(&rig.latest);
	ok(!history_is_on(&rig.latest.history) && rig.latest.history.newest.slab == NULL, "without pressure all is given back");
	finish();
}

/* More keys than a page has, by far, come and go. */
static void
keys_that_go(void)
{
	char text[8];
	unsigned wrong = 0;

	begin(BYTES, ANY, "1", NULL);
	for (unsigned i = 1000; i < 5000; i++) {
		(void)snprintf(text, sizeof(text), "%u\n", i);
		arrive(text);
		settle();
		wrong += i > 1010 && queue_waiting(&rig.queue) != BYTES / 5;
	}
	is_text(left(), "4994 4995 4996 4997 4998 4999", "keys come and go");
	is(wrong, 0, "the oldest as few as must");
	is(rig.ledger.dropped[REASON_SUPERSEDED].records, 0, "and are not taken for others");
	is(key_looks(&rig.key).asked, 4000, "each record is looked at once");
	finish();
}

/* As long as the latest of all keys take up no more than what is left by a tenth and a batch (here a quarter), what is
 * lost is history, however they come and are taken. */
static void
history_first(void)
{
	uint64_t oldest = 0, superseded = 0;
	bool good = true;

	for (uint64_t seed = 0; seed < 100; seed++) {
		struct random random = { seed };
		char text[64];

		begin(1600, seed % 2 == 0 ? ANY : 100, "1", NULL);
		for (unsigned i = 0; i < 3000; i++) {
			/* 16 bytes each; of 64 keys, some of which come seldom */
			uint64_t key = random_below(&random, 1 + random_below(&random, 64));

			(void)snprintf(text, sizeof(text), "%07u %07u\n", (unsigned)key, i);
			arrive(text);
			if (random_one_in(&random, 1 + seed))
				settle();
			if (random_one_in(&random, 20) && queue_held(&rig.queue).bytes > 40)
				(void)queue_take(&rig.queue, 1 + (size_t)random_below(&random, 40));
			good = good && queue_held(&rig.queue).bytes < 15000;
			if (queue_held(&rig.queue).bytes > 9000)
				settle();
		}
		settle();
		oldest += rig.ledger.dropped[REASON_OLDEST].records;
		superseded += rig.ledger.dropped[REASON_SUPERSEDED].records;
		finish();
	}
	is(oldest, 0, "what is lost is history");
	ok(good && superseded > 100000, "of which there was much: %" PRIu64, superseded);
}

/* Where memory lacks the oldest go; and when there is some again all is well. */
static void
without_memory(void)
{
	char text[20];
	unsigned wrong = 0;

	begin(1600, ANY, "1", NULL);
	for (unsigned i = 0; i < 2000; i++) {
		short_history_calls = i < 1000 ? i % 7 : SIZE_MAX;
		(void)snprintf(text, sizeof(text), "%07u %07u\n", i % 40, i);
		arrive(text);
		settle();
		wrong += !fit_all(&rig.queue);
		if (i == 1000)
			ok(rig.ledger.dropped[REASON_OLDEST].records > 0, "without memory the oldest go");
		if (i == 1100)
			rig.ledger.dropped[REASON_OLDEST].records = 0;
	}
	is(wrong, 0, "all fits nonetheless");
	is(rig.ledger.dropped[REASON_OLDEST].records, 0, "with it history does again");
	ok(rig.ledger.dropped[REASON_SUPERSEDED].records > 500, "all of it");
	finish();
}

int
main(void)
{
#ifdef HAVE_PCRE2
	by_example();
	beside_rest();
	broken();
#endif
	begins_and_ends();
	keys_that_go();
	history_first();
	without_memory();
	return done_testing();
}
