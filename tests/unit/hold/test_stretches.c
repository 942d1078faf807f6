/* SPDX-License-Identifier: BSD-2-Clause */
/* stretches: sums against a list of what waits, whatever comes and goes. */
#include "../tap.h"

#include "../random.h"
#include "hold/stretches.h"

#include <stdlib.h>
#include <string.h>

#define LEVELS 10
#define MOST 4000

static struct {
	struct stretches stretches;
	uint64_t length[MOST];
	size_t count;
} rig;

static void
begin(size_t bytes, uint64_t records)
{
	const struct queue_limits limits = { .bytes = bytes, .records = records };

	rig.count = 0;
	if (!stretches_begin(&rig.stretches, &limits, LEVELS, 2))
		abort();
}

static void
note(uint64_t length, unsigned level)
{
	if (rig.count == MOST)
		abort();
	rig.length[rig.count++] = length;
	stretches_note(&rig.stretches, length, length, 1, level);
}

static void
take(size_t at)
{
	memmove(&rig.length[at], &rig.length[at + 1], (--rig.count - at) * sizeof(rig.length[0]));
}

static struct tally
sum_of(size_t count)
{
	struct tally sum = { 0, 0 };

	for (size_t i = 0; i < count; i++)
		ledger_count(&sum, 1, rig.length[i]);
	return sum;
}

static bool
is_right(void)
{
	const struct tally all = stretches_check(&rig.stretches), sum = sum_of(rig.count);

	return all.records == sum.records && all.bytes == sum.bytes;
}

static void
leave(struct random *random)
{
	const size_t count = (size_t)random_below(random, rig.count + 1);
	const struct tally sum = sum_of(count);

	stretches_leave(&rig.stretches, sum.records, sum.bytes);
	for (size_t i = 0; i < count; i++)
		take(0);
}

/* Any one goes. */
static void
lessen(struct random *random)
{
	const size_t at = (size_t)random_below(random, rig.count);

	stretches_lessen(&rig.stretches, stretches_find(&rig.stretches, sum_of(at).bytes), rig.length[at]);
	take(at);
}

/* No two neighbours are such that they could be one. */
static bool
is_joined(void)
{
	const struct tally *full = &rig.stretches.full;

	for (size_t i = 1; i < rig.stretches.count; i++) {
		struct tally both = stretches_at(&rig.stretches, i)->all;

		ledger_count(&both, stretches_at(&rig.stretches, i - 1)->all.records, stretches_at(&rig.stretches, i - 1)->all.bytes);
		if (both.bytes <= full->bytes && both.records <= full->records)
			return false;
	}
	return true;
}

static void
anything(void)
{
	struct random random = { 5 };
	bool good = true;

	for (int run = 0; run < 200 && good; run++) {
		begin((size_t)random_from(&random, 1, 5000), random_one_in(&random, 2) ? UINT64_MAX : random_from(&random, 1, 100));
		for (int step = 0; step < 100 && good; step++) {
			for (uint64_t left = random_below(&random, 20); left > 0 && rig.count < MOST; left--)
				note(random_from(&random, 1, 200), (unsigned)random_below(&random, 12));
			if (random_one_in(&random, 3))
				leave(&random);
			for (uint64_t left = random_below(&random, 10); left > 0 && rig.count > 0; left--)
				lessen(&random);
			if (random_one_in(&random, 4))
				stretches_open(&rig.stretches);
			good = is_right();
			if (random_one_in(&random, 2)) {
				stretches_join(&rig.stretches);
				good = good && is_right() && is_joined();
			}
		}
		stretches_end(&rig.stretches);
	}
	ok(good, "what is counted waits, whatever comes and goes");
}

static uint64_t
mass_of_all(unsigned level)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < rig.stretches.count; i++)
		sum += stretches_mass(&rig.stretches, i, 1, level);
	return sum;
}

static void
masses(void)
{
	begin(640, UINT64_MAX);
	for (unsigned i = 0; i < 10; i++)
		note(4, i);
	is(rig.stretches.count, 5, "a stretch is a 64th of a small buffer");
	is(stretches_mass(&rig.stretches, 0, 1, 0), 8, "of all levels");
	is(stretches_mass(&rig.stretches, 0, 1, 1), 4, "of one and of higher ones");
	is(stretches_mass(&rig.stretches, 0, 1, 2), 0, "of none");
	is(stretches_mass(&rig.stretches, 0, 0, 0), 0, "nor of another class");
	note(4, 20);
	is(stretches_mass(&rig.stretches, 5, 1, LEVELS - 1), 4, "the highest is also what is above it");
	is(stretches_mass(&rig.stretches, 5, 1, 30), 4, "whoever asks for that");
	stretches_renew(&rig.stretches, 0, 1);
	stretches_add(&rig.stretches, 0, 7, 1, 3);
	is(stretches_mass(&rig.stretches, 0, 1, 0), 7, "it is looked at anew");
	stretches_lessen(&rig.stretches, 1, 4);
	stretches_lessen(&rig.stretches, 0, 4);
	stretches_join(&rig.stretches);
	is(rig.stretches.count, 5, "two become one");
	is(stretches_mass(&rig.stretches, 0, 1, 0), 15, "with what both have, and have had");
	stretches_lessen(&rig.stretches, 0, 4);
	stretches_lessen(&rig.stretches, 0, 4);
	stretches_join(&rig.stretches);
	is(mass_of_all(0), 28, "where nothing is left nothing is counted");
	stretches_end(&rig.stretches);
}

static void
too_much(void)
{
	begin(640, UINT64_MAX);
	note(UINT32_MAX, 1);
	stretches_add(&rig.stretches, 0, UINT32_MAX, 1, 1);
	is(stretches_mass(&rig.stretches, 0, 1, 0), UINT32_MAX, "as much as can be said");
	for (unsigned i = 0; i < 2 * rig.stretches.most; i++)
		note(11, 1);
	is(rig.stretches.count, rig.stretches.most, "as many as there may be: the last becomes longer");
	ok(is_right(), "and is counted");
	stretches_end(&rig.stretches);
}

int
main(void)
{
	masses();
	too_much();
	anything();
	return done_testing();
}
