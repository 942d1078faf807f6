/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which arrivals come in, and which records give way to them, by example.  Any sequence of reads, takes and verdicts is
 * held against a model in tests/model.
 */
#include "../sheds.h"

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

int
main(void)
{
#ifdef HAVE_PCRE2
	by_example();
	beside_rest();
	shedding();
#endif
	return done_testing();
}
