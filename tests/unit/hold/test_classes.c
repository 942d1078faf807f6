/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classes: which gives way to which, by example; what is not looked at again; and how far a look goes.
 */
#include "../sheds.h"

#ifdef HAVE_PCRE2

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

/* For the part besides no further than a slice, which here are some six records, behind what must go. */
static void
in_slices(void)
{
	static const struct { const char *what; unsigned every; uint64_t gone; } cases[] = {
		{ "slices: all give way", 1, 1 + 6 },
		{ "slices: every second", 2, 1 + 3 },
		{ "slices: every tenth", 10, 1 },
	};
	const struct queue_limits limits = { .bytes = 1600, .records = ANY, .slack = 400, .record = 20, .view = 400 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(ANY, (const char *const[]){ "E", NULL });
		queue_free(&rig.queue);
		if (queue_init(&rig.queue, &lines, &limits) < 0)
			abort();
		for (unsigned k = 0; k < 400; k++) {
			arrive(k % cases[i].every == 0 ? "a01\n" : "E01\n");
			shed_oldest(&rig.shed, &rig.queue, &rig.loss);
		}
		arrive("E02\n");
		shed_oldest(&rig.shed, &rig.queue, &rig.loss);
		is(rig.ledger.dropped[REASON_OLDEST].records, cases[i].gone, "%s", cases[i].what);
		ok(fit_all(&rig.queue), "%s: and what came is in", cases[i].what);
		finish();
	}
}

/* But not where it is not for the room. */
static void
some(void)
{
	const struct queue_limits limits = { .bytes = 1600, .records = ANY, .slack = 400, .record = 20, .view = 400 };

	begin(ANY, (const char *const[]){ "E", NULL });
	queue_free(&rig.queue);
	if (queue_init(&rig.queue, &lines, &limits) < 0)
		abort();
	for (unsigned k = 0; k < 300; k++)
		arrive(k % 2 == 0 ? "a01\n" : "E01\n");
	shed_some(&rig.shed, &rig.queue, &rig.loss, REASON_CODEL, 50);
	is(rig.ledger.dropped[REASON_CODEL].records, 50, "some: as many as are asked for, wherever they are");
	finish();
}

/* While the buffer fills the marks move on, over what is more precious: no further than is due, nor than a slice. */
static void
ahead(void)
{
	const struct queue_limits limits = { .bytes = 400, .records = ANY, .slack = 400, .record = 20, .view = 400 };
	const size_t none = 0;
	struct queue_mark *mark = rig.queue.mark;

	begin(ANY, (const char *const[]){ "E", "W" });
	queue_free(&rig.queue);
	if (queue_init(&rig.queue, &lines, &limits) < 0)
		abort();
	rig.queue.marks = classes_marks(&rig.shed.classes);
	for (unsigned k = 0; k < 50; k++)
		arrive("E01\n");
	shed_oldest(&rig.shed, &rig.queue, &rig.loss);
	is(mark[0].offset, none, "ahead: nothing is looked at while the buffer is half empty");
	arrive("E51\nE52\n");
	shed_oldest(&rig.shed, &rig.queue, &rig.loss);
	is(mark[0].offset, 16, "ahead: then twice as much as has come");
	is(mark[1].offset, 8, "ahead: for other classes as well, as far as the slice lasts");
	shed_oldest(&rig.shed, &rig.queue, &rig.loss);
	is(mark[0].offset, 16, "ahead: but no more");
	is(mark[1].offset, 16, "ahead: and later what was left");
	for (unsigned k = 52; k < 95; k++)
		arrive("E01\n");
	shed_oldest(&rig.shed, &rig.queue, &rig.loss);
	is(mark[0].offset, 16 + 24, "ahead: at most a slice");
	is(mark[0].number, 10, "ahead: which is a place between records");
	arrive("W96\nE97\n");
	for (unsigned k = 0; k < 50; k++)
		shed_oldest(&rig.shed, &rig.queue, &rig.loss);
	is(mark[0].offset, 4 * 94, "ahead: at last all that is due");
	is(mark[1].offset, 4 * 94, "ahead: up to there by each class");
	arrive("E98\nE99\n");
	for (unsigned k = 0; k < 50; k++)
		shed_oldest(&rig.shed, &rig.queue, &rig.loss);
	is(mark[0].offset, 4 * 98, "ahead: and past what another class could give");
	is(mark[1].offset, 4 * 95, "ahead: which its own mark does not pass");
	finish();
}

/* What is counted stays known while the marks move on. */
static void
counted(void)
{
	static const struct tally much = { 1, 100 };
	const struct queue_limits limits = { .bytes = 40, .records = ANY, .slack = 400, .record = 20, .view = 400 };

	begin(ANY, (const char *const[]){ "E", NULL });
	queue_free(&rig.queue);
	if (queue_init(&rig.queue, &lines, &limits) < 0)
		abort();
	arrive("E01\nE02\nE03\nE04\na05\nE06\nE07\nE08\nE09\nE10\n");
	fit_admit(&rig.queue);
	ok(!classes_can_give(&rig.shed.classes, &rig.queue, 1, &much), "counted: there is not so much");
	is(rig.shed.classes.known[0].span, 40, "counted: all was looked at");
	classes_look_ahead(&rig.shed.classes, &rig.queue);
	is(rig.queue.mark[0].offset, 16, "counted: the mark moves on");
	is(rig.shed.classes.known[0].span, 24, "counted: and what is behind it is known");
	is(rig.shed.classes.known[0].tally.bytes, 4, "counted: as it was");
	finish();
}

#endif

int
main(void)
{
#ifdef HAVE_PCRE2
	again();
	in_slices();
	some();
	ahead();
	counted();
#endif
	return done_testing();
}
