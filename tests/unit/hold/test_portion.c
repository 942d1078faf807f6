/* SPDX-License-Identifier: BSD-2-Clause */
/* portion: little at first, more as long as looks are short, less where they are long. */
#include "../tap.h"

#include "../reads.h"
#include "hold/policy.h"
#include "hold/portion.h"

#include <stdlib.h>
#include <string.h>

#define LINE 100

static struct {
	struct queue queue;
	struct keep *keep;
	struct ledger ledger;
	struct loss loss;
	struct shed shed;
} rig;

static void
begin(const struct queue_limits *limits, const char *regex)
{
	static const struct framing lines = { .kind = FRAMING_LINES, .delimiter = '\n' };
	char error[PATTERN_ERROR_MOST];

	memset(&rig, 0, sizeof(rig));
	if (queue_init(&rig.queue, &lines, limits) < 0)
		abort();
	if (regex != NULL && ((rig.keep = keep_new()) == NULL || !keep_add(rig.keep, regex, error)))
		abort();
	rig.loss = (struct loss){ .ledger = &rig.ledger, .keep = rig.keep };
	shed_init(&rig.shed, &(struct shed_rules){ .keep = rig.keep });
	queue_use_marks(&rig.queue, shed_marks(&rig.shed));
}

static void
finish(void)
{
	queue_free(&rig.queue);
	keep_free(rig.keep);
}

static void
what_is_asked(void)
{
	const struct queue_limits limits = { .bytes = 100000, .records = 80, .slack = 300000, .record = 4096, .view = 65536 };

	begin(&limits, NULL);
	is(policy_portion(POLICY_DROP_OLDEST, &rig.shed, &rig.queue, PORTION_MOST), PORTION_MOST, "all, where nothing is looked for");
	is(policy_portion(POLICY_BLOCK, &rig.shed, &rig.queue, PORTION_MOST), PORTION_MOST, "and where nothing gives way");
	is(policy_portion(POLICY_DROP_RANDOM, &rig.shed, &rig.queue, PORTION_MOST), 100000 + PORTION_LEAST,
	    "what there is room for, and a little");
	is(policy_portion(POLICY_DROP_RANDOM, &rig.shed, &rig.queue, 5000), 5000, "no more than is asked for");
	for (unsigned i = 0; i < 75; i++) {
		if (reads_put(&rig.queue, "a\n", 2) < 2)
			abort();
		queue_append(&rig.queue, 0, 2, 1, 0);
	}
	is(policy_portion(POLICY_LATEST, &rig.shed, &rig.queue, PORTION_MOST), PORTION_LEAST, "a little, where there are almost as many as there may be");
	finish();
}

#ifdef HAVE_PCRE2

/* One in 200 may give way, far from the next one. */
static void
far_apart(void)
{
	const struct queue_limits limits = { .bytes = 16 << 20, .records = UINT64_MAX, .slack = 2 * PORTION_MOST, .record = 4096, .view = 65536 };
	uint64_t most = 0, number = 0, reads = 0;
	char line[LINE];

	begin(&limits, "^a");
	memset(line, 'x', LINE);
	line[LINE - 1] = '\n';
	while (number < 400000) {
		const size_t length = policy_portion(POLICY_DROP_OLDEST, &rig.shed, &rig.queue, PORTION_MOST);
		const uint64_t before = rig.queue.looked;

		reads++;
		for (size_t done = 0; done + LINE <= length; done += LINE) {
			line[0] = number++ % 200 == 0 ? 'b' : 'a';
			if (reads_put(&rig.queue, line, LINE) < LINE)
				abort();
			queue_append(&rig.queue, 0, LINE, 1, 0);
		}
		(void)policy_settle(POLICY_DROP_OLDEST, &rig.shed, &rig.queue, &rig.loss);
		if (most < rig.queue.looked - before)
			most = rig.queue.looked - before;
	}
	ok(most < 2 * PORTION_LOOK, "no look is long: %" PRIu64, most);
	ok(rig.shed.portion > PORTION_LEAST, "more comes at once where that is so");
	ok(reads < 400000 * LINE / (PORTION_MOST / 2), "and it is read in long portions again: %" PRIu64, reads);
	finish();
}

#endif

int
main(void)
{
	size_t portion = portion_first();

	is(portion, PORTION_LEAST, "little at first");
	is(portion_next(portion, 0), 2 * PORTION_LEAST, "twice as much where nothing was looked at");
	for (int i = 0; i < 20; i++)
		portion = portion_next(portion, 2 * EXCESS_SLICE);
	is(portion, PORTION_MOST, "never more than a read");
	is(portion_next(portion, 2 * EXCESS_SLICE + 1), portion, "as much as before, where that was enough");
	is(portion_next(portion, PORTION_LOOK), portion, "up to three slices");
	is(portion_next(portion, PORTION_LOOK + 1), portion / 2, "half of it where more was looked at");
	is(portion_next(portion, 7 * PORTION_LOOK), portion / 8, "less where it was much more");
	is(portion_next(portion, UINT64_MAX), PORTION_LEAST, "never less than the least");
	what_is_asked();
#ifdef HAVE_PCRE2
	far_apart();
#endif
	return done_testing();
}
