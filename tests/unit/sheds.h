/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sheds: a small queue with a policy over it, for tests of which records give way, by example: what is there, what
 * arrives, and what is left.
 */
#ifndef WEIR_TEST_SHEDS_H
#define WEIR_TEST_SHEDS_H

#include "tap.h"

#include "hold/fit.h"
#include "hold/shed.h"
#include "held.h"

static const struct framing lines = { .kind = FRAMING_LINES, .delimiter = '\n' };

static struct rig {
	struct queue queue;
	struct shed shed;
	struct pressure pressure;
	struct keep *keep;
	struct ledger ledger;
	struct loss loss;
} rig;

/* Room for 8 records of 4 bytes, or fewer: so an eighth of it is one of them. */
#define BYTES 32

#define ANY UINT64_MAX /* records */

static inline void
begin(uint64_t records, const char *const regex[2])
{
	const struct queue_limits limits = { .bytes = BYTES, .records = records, .slack = 400, .record = BYTES,
		.view = 400 };
	char error[PATTERN_ERROR_MOST];

	rig = (struct rig){ 0 };
	if (queue_init(&rig.queue, &lines, &limits) < 0)
		abort();
	for (int i = 0; i < 2 && regex[i] != NULL; i++) {
		if (rig.keep == NULL && (rig.keep = keep_new()) == NULL)
			abort();
		if (!keep_add(rig.keep, regex[i], error))
			abort();
	}
	rig.loss = (struct loss){ .ledger = &rig.ledger, .keep = rig.keep };
	rig.shed = (struct shed){ .classes.keep = rig.keep, .pressure = &rig.pressure };
	rig.queue.marks = classes_marks(&rig.shed.classes) + LOT_MARKS;
}

/* Under pressure 1 in `den`, from one watermark to the other. */
static inline void
sample_between(uint64_t den, uint64_t high, uint64_t low)
{
	const struct watermarks marks = { { ANY, high }, { ANY, low } };

	rig.shed.sampling = true;
	rig.shed.share = (struct share){ 1, den };
	pressure_init(&rig.pressure, &marks, &rig.ledger);
}

static inline void
finish(void)
{
	shed_relax(&rig.shed);
	queue_free(&rig.queue);
	keep_free(rig.keep);
}

static inline void
arrive(const char *text)
{
	held_put(&rig.queue, text);
}

/* All that is held, with blanks between records. */
static inline const char *
left(void)
{
	return held_text(&rig.queue);
}

/* What was dropped, as "oldest 2 newest 1". */
static inline const char *
dropped(void)
{
	return dropped_text(&rig.ledger);
}

typedef void settle_function(struct shed *, struct queue *, struct loss *);

#define EIGHT "a01\na02\na03\na04\na05\na06\na07\na08\n"

struct example {
	const char *what;
	settle_function *settle;
	uint64_t records;
	const char *regex[2]; /* of --keep */
	const char *there;    /* let in before */
	const char *come;
	const char *left;
	const char *dropped;
};

static inline void
try_example(const struct example *e)
{
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

/* Beside the rest of a part-sent record, which takes its room all the time. */
static inline void
try_beside_rest(settle_function *settle, const char *regex)
{
	begin(ANY, (const char *const[]){ regex, NULL });
	arrive("a_head_of_twenty_two1\na02\n");
	fit_admit(&rig.queue);
	(void)queue_take(&rig.queue, 2);
	arrive("B_too_long_1\nc\n");
	settle(&rig.shed, &rig.queue, &rig.loss);
	is_text(left(), "head_of_twenty_two1 a02 c", "beside a rest nothing goes for what cannot fit");
	is_text(dropped(), "newest 1", "and that is counted");
	finish();
}

#endif
