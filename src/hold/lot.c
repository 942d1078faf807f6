/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/fit.h"
#include "hold/lot.h"
#include "hold/sweep.h"

#include <string.h>

/* What part of the room is freed besides: the sweep is always over all. */
#define PART 4

struct drawing {
	struct chance *chance;
	const struct classes *classes;
	unsigned class;     /* that gives way */
	struct tally *left; /* of it, */
	uint64_t unseen;    /* and so many are still to be seen, */
	uint64_t wanted;    /* of which so many are drawn */
};

static bool
is_spared(const struct drawing *drawing, const struct queue_record *record)
{
	return drawing->class < classes_top(drawing->classes) &&
	    classes_of(drawing->classes, record) > drawing->class;
}

static enum sweep_verdict
drawn(struct drawing *drawing, const struct queue_record *record, struct sweep_fate *fate)
{
	tally_lessen(drawing->left, 1, record->length);
	*fate = (struct sweep_fate){ REASON_RANDOM, drawing->class };
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
	if (is_spared(drawing, record) || chance_below(drawing->chance, drawing->unseen--) >= drawing->wanted)
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
	if (is_spared(&draw->drawing, record))
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

	if (is_spared(&draw->drawing, record) || chance_next(&draw->chance) > draw->last)
		return SWEEP_KEEP;
	return drawn(&draw->drawing, record, fate);
}

/* There are as many as are needed. */
static void
draw_until_room(const struct drawing *drawing, struct queue *queue, struct loss *loss)
{
	struct draw draw = { .drawing = *drawing };
	const bool blind = classes_top(drawing->classes) == 0;
	const struct sweep look = { judge_digit, &draw, blind };
	const struct sweep drop = { judge_number, &draw, blind };
	struct tally need = excess_of(queue, 1).need;
	unsigned digit;

	draw.shift = 64;
	do {
		draw.shift -= DIGIT_BITS;
		memset(draw.digit, 0, sizeof(draw.digit));
		draw.chance = *drawing->chance;
		(void)sweep_look(queue, queue_oldest_mark(queue), queue_newest_mark(queue), &look);
		for (digit = 0; digit < DIGITS - 1 && !tally_covers(&draw.digit[digit], &need); digit++)
			tally_lessen(&need, draw.digit[digit].records, draw.digit[digit].bytes);
		draw.last |= (uint64_t)digit << draw.shift;
	} while (draw.digit[digit].records > 1 && draw.shift > 0);
	draw.last |= ((uint64_t)1 << draw.shift) - 1;
	draw.chance = *drawing->chance;
	(void)sweep_drop(queue, loss, queue_oldest_mark(queue), queue_newest_mark(queue), &drop);
	*drawing->chance = draw.chance;
}

void
lot_settle(struct chance *chance, struct classes *classes, struct queue *queue, struct loss *loss)
{
	struct drawing drawing = { .chance = chance, .classes = classes };
	const struct sweep sweep = { judge_lot, &drawing, classes_top(classes) == 0 };
	struct census census;

	if (!fit_all(queue))
		classes_census(classes, queue, loss, &census);
	for (; !fit_all(queue); drawing.class++) {
		struct excess excess = excess_of(queue, PART);

		drawing.left = &census.of[drawing.class];
		drawing.unseen = drawing.left->records;
		drawing.wanted = wanted_of(drawing.left, &excess.all);
		if (drawing.wanted > 0)
			(void)sweep_drop(queue, loss, queue_oldest_mark(queue), queue_newest_mark(queue), &sweep);
		if (!fit_all(queue) && drawing.left->records > 0)
			draw_until_room(&drawing, queue, loss);
	}
	fit_admit(queue);
}
