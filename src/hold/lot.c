/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/fit.h"
#include "hold/lot.h"
#include "hold/sweep.h"

#include <assert.h>
#include <string.h>

static_assert(2 * KEEP_MOST + LOT_MARKS <= QUEUE_MARKS, "marks for the classes and for lots");

/* What part of the room is freed besides. */
#define PART 4

/* Who gives way: those of a class, and there are none of lesser ones. */
struct giving {
	struct classes *classes;
	unsigned class;
	bool sparing; /* there are more precious ones */
};

static void
give_way(struct giving *giving, unsigned class)
{
	giving->class = class;
	giving->sparing = class < classes_top(giving->classes);
}

struct drawing {
	struct chance *chance;
	struct giving giving;
	struct tally left;  /* of them, */
	uint64_t unseen;    /* and so many are still to be seen, */
	uint64_t wanted;    /* of which so many are drawn */
};

static bool
is_spared(const struct giving *giving, const struct queue_record *record)
{
	return giving->sparing && classes_of(giving->classes, record) > giving->class;
}

static enum sweep_verdict
drawn(struct drawing *drawing, const struct queue_record *record, struct sweep_fate *fate)
{
	tally_lessen(&drawing->left, 1, record->length);
	*fate = (struct sweep_fate){ REASON_RANDOM, drawing->giving.class };
	return SWEEP_DROP;
}

/* So many of all, each set of that many with the same probability: Knuth's algorithm S (The Art of
 * Computer Programming, 3.4.2). */
static enum sweep_verdict
judge_lot(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct drawing *drawing = state;

	if (drawing->wanted == 0)
		return SWEEP_STOP;
	if (is_spared(&drawing->giving, record) ||
	    chance_below(drawing->chance, drawing->unseen--) >= drawing->wanted)
		return SWEEP_KEEP;
	drawing->wanted--;
	return drawn(drawing, record, fate);
}

/* n * num / den, rounded down (num < den < 2^62). */
static uint64_t
share_of(uint64_t n, uint64_t num, uint64_t den)
{
	uint64_t quotient = 0, rest = 0;

	for (int i = 63; i >= 0; i--) {
		rest = 2 * rest + (n >> i & 1) * num;
		quotient = 2 * quotient + rest / den;
		rest %= den;
	}
	return quotient;
}

/* How many to draw: of records as many as there are too many, of bytes what has them on average. */
static uint64_t
wanted_of(const struct tally *left, const struct tally *excess)
{
	uint64_t wanted = excess->records;

	if (excess->records >= left->records || excess->bytes >= left->bytes)
		return left->records;
	if (excess->bytes > 0) {
		uint64_t by_bytes = share_of(left->records, excess->bytes, left->bytes);
		wanted = wanted > by_bytes ? wanted : by_bytes;
	}
	return wanted;
}

/* One after the other until there is room, without knowing beforehand how many that takes.  Each gets
 * a number by chance, and those with the lowest go: which ones that are is found eight bits at a time,
 * by how much there is for each value of them.  The numbers are not kept: they come again from the
 * same seed. */
#define DIGIT_BITS 8
#define DIGITS (1 << DIGIT_BITS)

struct draw {
	struct drawing drawing;
	struct chance chance;
	uint64_t last;   /* who has this number goes, and who has a lower one; it is known */
	unsigned shift;  /* but for so many bits */
	struct tally digit[DIGITS];
};

static enum sweep_verdict
judge_digit(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct draw *draw = state;
	uint64_t number;

	(void)fate;
	if (is_spared(&draw->drawing.giving, record))
		return SWEEP_KEEP;
	number = chance_next(&draw->chance);
	if ((number ^ draw->last) >> draw->shift >> DIGIT_BITS == 0)
		ledger_count(&draw->digit[number >> draw->shift & (DIGITS - 1)], 1, record->length);
	return SWEEP_KEEP;
}

static enum sweep_verdict
judge_number(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct draw *draw = state;

	if (is_spared(&draw->drawing.giving, record) || chance_next(&draw->chance) > draw->last)
		return SWEEP_KEEP;
	return drawn(&draw->drawing, record, fate);
}

/* There are as many as are needed. */
static void
draw_until_room(const struct drawing *drawing, struct queue *queue, struct loss *loss)
{
	struct draw draw = { .drawing = *drawing };
	const bool blind = classes_top(drawing->giving.classes) == 0;
	const struct sweep look = { judge_digit, &draw, blind };
	const struct sweep drop = { judge_number, &draw, blind };
	const struct queue_mark from = classes_from(drawing->giving.classes, queue, drawing->giving.class);
	struct tally need = excess_of(queue, 1).need;
	unsigned digit;

	draw.shift = 64;
	do {
		draw.shift -= DIGIT_BITS;
		memset(draw.digit, 0, sizeof(draw.digit));
		draw.chance = *drawing->chance;
		(void)sweep_look(queue, from, queue_newest_mark(queue), &look);
		for (digit = 0; digit < DIGITS - 1 && !tally_covers(&draw.digit[digit], &need); digit++)
			tally_lessen(&need, draw.digit[digit].records, draw.digit[digit].bytes);
		draw.last |= (uint64_t)digit << draw.shift;
	} while (draw.digit[digit].records > 1 && draw.shift > 0);
	draw.last |= ((uint64_t)1 << draw.shift) - 1;
	draw.chance = *drawing->chance;
	(void)sweep_drop(queue, loss, from, queue_newest_mark(queue), &drop);
	*drawing->chance = draw.chance;
}

/* --- a slice at a time ----------------------------------------------------------------------------- */

struct round {
	struct chance *chance;
	struct giving giving;
	struct excess excess;
	bool met;          /* one of the class was met, on the way from where it begins; */
	uint64_t patience; /* since then so much more may be looked at that is more precious */
	struct chance_coin coin;
};

/* One that is more precious is passed by. */
static void
pass_by(struct round *round, uint64_t length)
{
	uint64_t cost = excess_cost(length);

	if (round->met)
		round->patience -= round->patience < cost ? round->patience : cost;
}

static enum sweep_verdict
judge_slice(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct round *round = state;

	if (excess_done(&round->excess))
		return SWEEP_STOP;
	if (is_spared(&round->giving, record)) {
		pass_by(round, record->length);
		excess_stays(&round->excess, record->length);
		return SWEEP_KEEP;
	}
	round->met = true;
	if (round->patience > 0 && !chance_toss(round->chance, &round->coin)) {
		excess_stays(&round->excess, record->length);
		return SWEEP_KEEP;
	}
	excess_goes(&round->excess, record->length);
	*fate = (struct sweep_fate){ REASON_RANDOM, round->giving.class };
	return SWEEP_DROP;
}

/* Goes on where the last verdict has stopped, round and round.  What many rounds have left at the front goes at once
 * where it is little among what is more precious: that gathers there while nobody reads, and each round would look
 * through it. */
static void
draw_on(struct round *round, struct queue *queue, struct loss *loss)
{
	struct classes *classes = round->giving.classes;
	const unsigned class = round->giving.class;
	const struct sweep sweep = { judge_slice, round, classes_top(classes) == 0 };
	struct queue_mark *at = &queue->mark[classes_marks(classes)];

	do {
		const struct queue_mark from = classes_first(classes, queue, class), newest = queue_newest_mark(queue);
		bool clears;

		if (at->offset < from.offset || at->offset >= newest.offset)
			*at = from;
		clears = at->offset == from.offset && classes_is_sparse(classes, queue, class, &round->excess.need);
		round->met = false;
		round->patience = clears ? 0 : excess_slice();
		*at = sweep_drop(queue, loss, *at, newest, &sweep);
		if (clears)
			classes_has_none(classes, queue, class, *at);
	} while (!tally_is_none(&round->excess.need));
}

static void
settle_slice(struct chance *chance, struct classes *classes, struct queue *queue, struct loss *loss)
{
	struct round round = { .chance = chance, .giving.classes = classes };

	for (unsigned class = 0; !fit_all(queue); class++) {
		struct excess all = { .need = { UINT64_MAX, UINT64_MAX }, .all = { UINT64_MAX, UINT64_MAX } };

		give_way(&round.giving, class);
		round.excess = excess_of(queue, PART);
		if (classes_has(classes, queue, class, &round.excess.need))
			draw_on(&round, queue, loss);
		else
			classes_give_way(classes, queue, loss, REASON_RANDOM, class + 1, false, &all);
	}
}

/* --- all that waits -------------------------------------------------------------------------------- */

static void
settle_whole(struct chance *chance, struct classes *classes, struct queue *queue, struct loss *loss)
{
	struct drawing drawing = { .chance = chance, .giving.classes = classes };
	const struct sweep sweep = { judge_lot, &drawing, classes_top(classes) == 0 };

	for (unsigned class = 0; !fit_all(queue); class++) {
		const struct excess excess = excess_of(queue, PART);
		struct queue_mark from = classes_from(classes, queue, class);

		give_way(&drawing.giving, class);
		drawing.left = classes_all(classes, queue, class);
		drawing.unseen = drawing.left.records;
		drawing.wanted = wanted_of(&drawing.left, &excess.all);
		if (drawing.wanted > 0)
			(void)sweep_drop(queue, loss, from, queue_newest_mark(queue), &sweep);
		if (!fit_all(queue) && drawing.left.records > 0)
			draw_until_room(&drawing, queue, loss);
	}
}

void
lot_settle(struct chance *chance, struct classes *classes, struct queue *queue, struct loss *loss)
{
	if (fit_all(queue)) {
		classes_look_ahead(classes, queue);
	} else {
		const bool large = excess_is_large(queue);

		classes_drop_misfits(classes, queue, loss);
		if (large)
			settle_slice(chance, classes, queue, loss);
		else
			settle_whole(chance, classes, queue, loss);
	}
	fit_admit(queue);
}
