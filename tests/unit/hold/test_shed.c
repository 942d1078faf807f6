/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which arrivals come in, and which records give way to them, by example.  Any sequence of reads, takes and verdicts is
 * held against a model in tests/model.
 */
#include "../sheds.h"

static void
by_key(struct shed *shed, struct queue *queue, struct loss *loss)
{
	latest_settle(&shed->latest, &shed->classes, queue, loss);
}

#ifdef HAVE_PCRE2

static const struct example examples[] = {
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
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
		try_example(&examples[i]);
}

static void
beside_rest(void)
{
	try_beside_rest(shed_oldest, "B");
	try_beside_rest(shed_newest, "B");
	try_beside_rest(by_key, NULL);
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

int
main(void)
{
#ifdef HAVE_PCRE2
	by_example();
	beside_rest();
	shedding();
#endif
	many_keys();
	keys_that_go();
	return done_testing();
}
