/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which records give way, by example: what is there, what arrives, and what is left.  Any sequence of reads,
 * takes and verdicts is held against a model in tests/model.  And that lots are fair, by numbers.
 */
#include "../tap.h"

#include "../reads.h"
#include "hold/fit.h"
#include "hold/shed.h"

static const struct framing lines = { FRAMING_LINES, '\n', 0 };

static struct rig {
	struct queue queue;
	struct shed shed;
	struct pressure pressure;
	struct keep *keep;
	struct key_rule key;
	struct ledger ledger;
	struct loss loss;
} rig;

/* Room for 8 records of 4 bytes, or fewer: so an eighth of it is one of them. */
#define BYTES 32

#define ANY UINT64_MAX /* records */

#ifdef HAVE_PCRE2
#define RULE "/^./" /* the key is the first letter */
#else
#define RULE "1"
#endif

static void
begin(uint64_t records, const char *const regex[2])
{
	const struct queue_limits limits = { .bytes = BYTES, .records = records, .slack = 400, .record = BYTES,
		.view = 400 };
	char error[PATTERN_ERROR_MOST];

	rig = (struct rig){ .key = { .separator = KEY_BLANKS } };
	if (queue_init(&rig.queue, &lines, &limits) < 0 || key_parse(&rig.key, RULE, error) != NULL)
		abort();
	for (int i = 0; i < 2 && regex[i] != NULL; i++) {
		if (rig.keep == NULL && (rig.keep = keep_new()) == NULL)
			abort();
		if (!keep_add(rig.keep, regex[i], error))
			abort();
	}
	rig.loss = (struct loss){ .ledger = &rig.ledger, .keep = rig.keep };
	rig.shed = (struct shed){ .classes.keep = rig.keep, .latest.key = &rig.key, .pressure = &rig.pressure };
	rig.queue.marks = classes_marks(&rig.shed.classes);
}

/* Under pressure 1 in `den`, from one watermark to the other. */
static void
sample_between(uint64_t den, uint64_t high, uint64_t low)
{
	const struct watermarks marks = { { ANY, high }, { ANY, low } };

	rig.shed.sampling = true;
	rig.shed.share = (struct share){ 1, den };
	pressure_init(&rig.pressure, &marks, &rig.ledger);
}

static void
finish(void)
{
	shed_relax(&rig.shed);
	queue_free(&rig.queue);
	keep_free(rig.keep);
	key_clear(&rig.key);
}

static void
arrive(const char *text)
{
	size_t length, all = strlen(text);

	for (size_t at = 0; at < all; at += length) {
		const char *part = text + at;

		if ((length = reads_put(&rig.queue, part, all - at)) == 0)
			abort();
		queue_append(&rig.queue, 0, length, record_count(&lines, 0, part, length),
		    length - record_last(&lines, 0, part, length));
	}
}

/* All that is held, with blanks between records. */
static const char *
left(void)
{
	static char text[500];
	size_t held = (size_t)queue_held(&rig.queue).bytes, at = 0;
	struct iovec piece[QUEUE_PIECES];
	int pieces = queue_peek(&rig.queue, 0, &held, piece);

	for (int i = 0; i < pieces && held > 0; at += piece[i++].iov_len)
		memcpy(text + at, piece[i].iov_base, piece[i].iov_len);
	text[at > 0 ? at - 1 : 0] = '\0';
	for (char *end = text; (end = strchr(end, '\n')) != NULL;)
		*end = ' ';
	return text;
}

#ifdef HAVE_PCRE2

/* What was dropped, as "oldest 2 newest 1". */
static const char *
dropped(void)
{
	static char text[200];
	size_t at = 0;

	text[0] = '\0';
	for (int i = 0; i < REASONS; i++)
		if (rig.ledger.dropped[i].records > 0)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s %" PRIu64, at > 0 ? " " : "",
			    reason_name((enum reason)i), rig.ledger.dropped[i].records);
	return text;
}

typedef void settle_function(struct shed *, struct queue *, struct loss *);

static void
by_lot(struct shed *shed, struct queue *queue, struct loss *loss)
{
	lot_settle(&shed->chance, &shed->classes, queue, loss);
}

static void
by_key(struct shed *shed, struct queue *queue, struct loss *loss)
{
	latest_settle(&shed->latest, &shed->classes, queue, loss);
}

static const struct example {
	const char *what;
	settle_function *settle;
	uint64_t records;
	const char *regex[2]; /* of --keep */
	const char *there;    /* let in before */
	const char *come;
	const char *left;
	const char *dropped;
} examples[] = {
#define EIGHT "a01\na02\na03\na04\na05\na06\na07\na08\n"
	{ "oldest: what fits stays", shed_oldest, ANY, { "E" },
	    "", EIGHT, "a01 a02 a03 a04 a05 a06 a07 a08", "" },
	{ "oldest: what is too much, and an eighth", shed_oldest, ANY, { "E" },
	    EIGHT, "a09\n", "a03 a04 a05 a06 a07 a08 a09", "oldest 2" },
	{ "oldest: by number", shed_oldest, 8, { "E" },
	    "1\n2\n3\n4\n5\n6\n7\n8\n", "9\n", "3 4 5 6 7 8 9", "oldest 2" },
	{ "oldest: not those that are kept", shed_oldest, ANY, { "E" },
	    "E01\na02\nE03\na04\na05\nE06\na07\na08\n", "a09\n", "E01 E03 a05 E06 a07 a08 a09",
	    "oldest 2" },
	{ "oldest: what has just come, too, and none of those for an eighth", shed_oldest, ANY, { "E" },
	    "E01\nE02\nE03\nE04\nE05\nE06\nE07\nE08\n", "a09\n", "E01 E02 E03 E04 E05 E06 E07 E08",
	    "newest 1" },
	{ "oldest: but where one of those has to, an eighth of them", shed_oldest, ANY, { "E" },
	    "E01\nE02\nE03\nE04\nE05\nE06\nE07\nE08\n", "E09\n", "E03 E04 E05 E06 E07 E08 E09",
	    "oldest 2" },
	{ "oldest: class after class", shed_oldest, ANY, { "E", "W" },
	    "W01\nE02\nW03\nE04\na05\nW06\nE07\nW08\n", "E09\nE10\n",
	    "E02 E04 W06 E07 W08 E09 E10", "oldest 3" },
	{ "newest: what finds no room goes", shed_newest, ANY, { "E" },
	    EIGHT, "a09\na10\n", "a01 a02 a03 a04 a05 a06 a07 a08", "newest 2" },
	{ "newest: a shorter one behind it may fit", shed_newest, ANY, { "E" },
	    "a01\na02\na03\na04\na05\na06\na07\nb\n", "a09\nc\n",
	    "a01 a02 a03 a04 a05 a06 a07 b c", "newest 1" },
	{ "newest: but what is kept takes the room of another", shed_newest, ANY, { "E" },
	    EIGHT, "a09\nE10\na11\na12\n", "a03 a04 a05 a06 a07 a08 E10 a11", "oldest 2 newest 2" },
	{ "newest: not that of one of its class", shed_newest, ANY, { "E" },
	    "E01\nE02\nE03\nE04\nE05\nE06\nE07\nE08\n", "E09\n",
	    "E01 E02 E03 E04 E05 E06 E07 E08", "newest 1" },
	{ "newest: of the least first", shed_newest, ANY, { "E", "W" },
	    "W01\nW02\na03\nW04\nE05\nE06\nE07\nE08\n", "W09\nE10\nW11\n",
	    "W04 E05 E06 E07 E08 W09 E10 W11", "oldest 3" },
	{ "newest: by number an eighth and one", shed_newest, 8, { "E" },
	    "1\n2\n3\n4\n5\n6\n7\n8\n", "E\nE\nE\n9\n", "5 6 7 8 E E E 9", "oldest 4" },
	{ "random: of the least class, all if need be, and then of the next", by_lot, ANY, { "E" },
	    "E01\na02\nE03\na04\nE05\nE06\nE07\nE08\n", "E09\nE10\n",
	    "E01 E03 E05 E06 E07 E08 E09 E10", "random 2" },
	{ "random: what fits stays", by_lot, ANY, { NULL },
	    "", EIGHT, "a01 a02 a03 a04 a05 a06 a07 a08", "" },
	{ "oldest: nothing goes for what cannot fit beside what is more precious", shed_oldest, ANY, { "E" },
	    "E01\nE02\na03\nE04\nE05\nE06\na07\n", "a_longer_one_\n", "E01 E02 a03 E04 E05 E06 a07", "newest 1" },
	{ "oldest: but for the next one", shed_oldest, ANY, { "E" },
	    "E01\nE02\na03\nE04\nE05\nE06\na07\nE08\n", "a_long_one\nlonger\n", "E01 E02 E04 E05 E06 E08 longer",
	    "oldest 2 newest 1" },
	{ "newest: nothing goes for what cannot fit even so", shed_newest, ANY, { "E" },
	    "E01\nE02\na03\nE04\nE05\nE06\na07\n", "E_is_long_as_well\n", "E01 E02 a03 E04 E05 E06 a07", "newest 1" },
	{ "newest: by classes below its own", shed_newest, ANY, { "E", "W" },
	    "E01\na02\nW03\na04\nE05\nW06\nE07\nE08\n", "W_is_long\nE_is_long_2\n",
	    "E01 E05 E07 E08 E_is_long_2", "oldest 4 newest 1" },
	{ "random: nothing goes for what cannot fit beside what is more precious", by_lot, ANY, { "E" },
	    "E01\nE02\na03\nE04\nE05\nE06\na07\n", "a_longer_one_\n", "E01 E02 a03 E04 E05 E06 a07", "newest 1" },
	{ "latest: nor is anything superseded by that", by_key, ANY, { "E" },
	    "E01\nE02\na03\nE04\nE05\nE06\na07\n", "a_longer_one_\n", "E01 E02 a03 E04 E05 E06 a07", "newest 1" },
	{ "latest: what fits stays", by_key, ANY, { NULL },
	    "", EIGHT, "a01 a02 a03 a04 a05 a06 a07 a08", "" },
	{ "latest: all that are superseded", by_key, ANY, { NULL },
	    EIGHT, "a09\n", "a09", "superseded 8" },
	{ "latest: each key has its last", by_key, ANY, { NULL },
	    "a01\nb02\na03\nc04\nb05\nd06\ne07\nf08\n", "a09\n", "c04 b05 d06 e07 f08 a09",
	    "superseded 3" },
	{ "latest: where that is not enough the oldest, an eighth in all", by_key, ANY, { NULL },
	    "a01\nb02\nc03\nd04\ne05\nf06\ng07\nh08\n", "a09\n", "c03 d04 e05 f06 g07 h08 a09",
	    "oldest 1 superseded 1" },
	{ "latest: what is kept supersedes, and is not superseded", by_key, ANY, { "E", NULL },
	    "aE1\nb02\na03\nb04\nd05\nd06\nf07\nbE8\n", "g09\n", "aE1 a03 d06 f07 bE8 g09",
	    "superseded 3" },
	{ "latest: the empty key is one, too", by_key, 2, { NULL },
	    "\n\n", "b\n", " b", "superseded 1" },
};

static void
by_example(void)
{
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		const struct example *e = &examples[i];

		begin(e->records, e->regex);
		arrive(e->there);
		fit_admit(&rig.queue);
		arrive(e->come);
		e->settle(&rig.shed, &rig.queue, &rig.loss);
		queue_check(&rig.queue);
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
	static settle_function *const settle[] = { shed_oldest, shed_newest, by_lot, by_key };

	for (size_t i = 0; i < sizeof(settle) / sizeof(settle[0]); i++) {
		begin(ANY, (const char *const[]){ i < 2 ? "B" : NULL, NULL });
		arrive("a_head_of_twenty_two1\na02\n");
		fit_admit(&rig.queue);
		(void)queue_take(&rig.queue, 2);
		arrive("B_too_long_1\nc\n");
		settle[i](&rig.shed, &rig.queue, &rig.loss);
		is_text(left(), "head_of_twenty_two1 a02 c", "beside a rest nothing goes for what cannot fit");
		is_text(dropped(), "newest 1", "and that is counted");
		finish();
	}
}

/* The marks save looks, and nothing else: the same again and again. */
static void
again(void)
{
	begin(ANY, (const char *const[]){ "E", "W" });
	arrive("W01\na02\nE03\na04\nW05\na06\nE07\na08\n");
	fit_admit(&rig.queue);
	arrive("a09\n");
	shed_oldest(&rig.shed, &rig.queue, &rig.loss);
	is_text(left(), "W01 E03 W05 a06 E07 a08 a09", "again: first the oldest of no class");
	arrive("a10\na11\n");
	shed_oldest(&rig.shed, &rig.queue, &rig.loss);
	is_text(left(), "W01 E03 W05 E07 a09 a10 a11", "again: then the next of them");
	arrive("E12\nE13\nE14\nE15\nE16\n");
	shed_oldest(&rig.shed, &rig.queue, &rig.loss);
	is_text(left(), "E03 E07 E12 E13 E14 E15 E16", "again: those that were passed by when it is their turn");
	arrive("a17\nW18\n");
	shed_oldest(&rig.shed, &rig.queue, &rig.loss);
	is_text(left(), "E03 E07 E12 E13 E14 E15 E16 W18", "again: and of those behind a mark the least");
	is(rig.ledger.dropped_class[0].records, 8, "again: counted for no class");
	is(rig.ledger.dropped_class[1].records, 2, "again: for the last pattern");
	is(rig.ledger.dropped_class[2].records, 0, "again: for the first");
	shed_some(&rig.shed, &rig.queue, &rig.loss, REASON_CODEL, 4);
	is_text(left(), "E03 E07 E12 E13 E14 E15 E16", "some: of the least class that there is, and then no more");
	shed_some(&rig.shed, &rig.queue, &rig.loss, REASON_CODEL, 1);
	is_text(left(), "E07 E12 E13 E14 E15 E16", "some: the oldest of them");
	arrive("a19\n");
	shed_some(&rig.shed, &rig.queue, &rig.loss, REASON_CODEL, 1);
	is_text(left(), "E07 E12 E13 E14 E15 E16", "some: which may have just come");
	shed_some(&rig.shed, &rig.queue, &rig.loss, REASON_CODEL, 4);
	is_text(left(), "E15 E16", "some: as many as are asked for");
	is(rig.ledger.dropped[REASON_CODEL].records, 7, "some: for the reason given");
	finish();
}

/* Under pressure 1 in 3. */
static void
shedding(void)
{
	begin(ANY, (const char *const[]){ "E", NULL });
	sample_between(3, 12, 4);
	arrive("a01\na02\n");
	shed_newest(&rig.shed, &rig.queue, &rig.loss);
	is_text(dropped(), "", "shed:3: nothing below the high watermark");
	arrive("a03\na04\na05\nE06\na07\n");
	shed_newest(&rig.shed, &rig.queue, &rig.loss);
	is_text(left(), "a01 a02 a03 a04 E06", "shed:3: behind it the first of three, and what is kept");
	arrive("a08\na09\n");
	shed_newest(&rig.shed, &rig.queue, &rig.loss);
	is_text(left(), "a01 a02 a03 a04 E06 a08", "shed:3: the sample goes on, and does not count what is kept");
	(void)queue_take(&rig.queue, 16);
	arrive("a10\na11\n");
	shed_newest(&rig.shed, &rig.queue, &rig.loss);
	is_text(left(), "E06 a08 a11", "shed:3: until the low watermark");
	(void)queue_take(&rig.queue, 8);
	arrive("a12\n");
	shed_newest(&rig.shed, &rig.queue, &rig.loss);
	arrive("a13\n");
	shed_newest(&rig.shed, &rig.queue, &rig.loss);
	is_text(left(), "a11 a12 a13", "shed:3: then all come in");
	arrive("a14\na15\n");
	shed_newest(&rig.shed, &rig.queue, &rig.loss);
	is_text(left(), "a11 a12 a13 a14", "shed:3: and the next sample begins with its first");
	is_text(dropped(), "shed 5", "shed:3: all of them for that reason");
	finish();

	begin(ANY, (const char *const[]){ NULL, NULL });
	sample_between(3, 12, 12);
	arrive("a01\na02\na03\n");
	shed_newest(&rig.shed, &rig.queue, &rig.loss);
	arrive("a04\n");
	shed_newest(&rig.shed, &rig.queue, &rig.loss);
	(void)queue_take(&rig.queue, 4);
	arrive("a05\na06\n");
	shed_newest(&rig.shed, &rig.queue, &rig.loss);
	is_text(left(), "a02 a03 a04", "shed:3: where both watermarks are one, until it is below that");
	finish();

	begin(ANY, (const char *const[]){ NULL, NULL });
	sample_between(2, BYTES, BYTES / 2);
	arrive(EIGHT "a09\na10\na11\n");
	shed_newest(&rig.shed, &rig.queue, &rig.loss);
	is_text(dropped(), "newest 2 shed 1", "shed:2: what is in the sample and finds no room is the newest");
	finish();

	/* Another share: a new sample, under the same pressure. */
	begin(ANY, (const char *const[]){ NULL, NULL });
	sample_between(3, 4, 0);
	arrive("a01\na02\na03\n");
	shed_newest(&rig.shed, &rig.queue, &rig.loss);
	is_text(left(), "a01 a02", "shed:3: the first of three");
	shed_retune(&rig.shed, &(struct share){ 1, 3 });
	arrive("a04\n");
	shed_newest(&rig.shed, &rig.queue, &rig.loss);
	is_text(left(), "a01 a02", "retuned: the same share is none");
	shed_retune(&rig.shed, &(struct share){ 1, 2 });
	arrive("a05\na06\na07\n");
	shed_newest(&rig.shed, &rig.queue, &rig.loss);
	is_text(left(), "a01 a02 a05 a07", "retuned: another one begins with its first");
	is(rig.ledger.pressure_count, 1, "retuned: under the same pressure");
	finish();

	/* Whoever else sees that the fill is high. */
	begin(ANY, (const char *const[]){ NULL, NULL });
	sample_between(2, 12, 4);
	arrive("a01\na02\na03\n");
	shed_newest(&rig.shed, &rig.queue, &rig.loss);
	is(rig.ledger.pressure_count, 0, "shed:2: nothing arrives at the high watermark");
	pressure_rise(&rig.pressure, (struct tally){ 3, 12 }, false);
	(void)queue_take(&rig.queue, 4);
	arrive("a04\na05\na06\n");
	shed_newest(&rig.shed, &rig.queue, &rig.loss);
	is_text(left(), "a02 a03 a04 a06", "shed:2: from there to the low one, though nothing had come at the high one");
	is(rig.ledger.pressure_count, 1, "shed:2: which is one pressure");
	finish();
}

#endif

/* More keys than the table begins with. */
static void
many_keys(void)
{
	const struct queue_limits limits = { .bytes = 20000, .records = 3000, .slack = 20000, .record = 100, .view = 100 };
	char text[8], error[PATTERN_ERROR_MOST];
	bool good = true;

	begin(ANY, (const char *const[]){ NULL, NULL });
	queue_free(&rig.queue);
	key_clear(&rig.key);
	if (queue_init(&rig.queue, &lines, &limits) < 0 || key_parse(&rig.key, "1", error) != NULL)
		abort();
	for (unsigned i = 0; i < 3002; i++) {
		(void)snprintf(text, sizeof(text), "%u\n", i % 2950);
		arrive(text);
	}
	by_key(&rig.shed, &rig.queue, &rig.loss);
	is(rig.ledger.dropped[REASON_SUPERSEDED].records, 52, "latest: of many keys those that came again");
	is(rig.ledger.dropped[REASON_OLDEST].records, 2 + 375 - 52, "latest: and for the rest of an eighth the oldest");
	for (unsigned i = 377; i < 3002 && good; i++) {
		struct queue_record record;

		(void)snprintf(text, sizeof(text), "%u\n", i % 2950);
		good = queue_view_head(&rig.queue, &record) && record.length == strlen(text) &&
		    memcmp(record.text, text, record.length) == 0;
		(void)queue_take(&rig.queue, record.length);
	}
	ok(good, "latest: the others in their order");
	finish();
}

/* Keys that have gone take up no room: far more than the table has come and go under the same pressure. */
static void
keys_that_go(void)
{
	char text[8], error[PATTERN_ERROR_MOST];

	begin(ANY, (const char *const[]){ NULL, NULL });
	if (key_parse(&rig.key, "1", error) != NULL)
		abort();
	for (unsigned i = 1000; i < 5000; i++) {
		(void)snprintf(text, sizeof(text), "%u\n", i);
		arrive(text);
		by_key(&rig.shed, &rig.queue, &rig.loss);
	}
	is_text(left(), "4994 4995 4996 4997 4998 4999", "latest: keys come and go");
	is(rig.ledger.dropped[REASON_SUPERSEDED].records, 0, "latest: and are not taken for others");
	finish();
}

/* --- lots ----------------------------------------------------------------------------------------- */

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

int
main(void)
{
#ifdef HAVE_PCRE2
	by_example();
	beside_rest();
	again();
	shedding();
#endif
	many_keys();
	keys_that_go();
	as_many_as_must();
	until_there_is_room();
	is_fair(false, 0.4374, 0.4376); /* 16 and a quarter of 48, of 64 */
	is_fair(true, 0.3906, 0.3907);  /* 70 bytes and a quarter of 300, of 370: 25 of 64 */
	return done_testing();
}
