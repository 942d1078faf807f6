/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Weights against a plain list of records, each of which has its own: as they come, are shed, dropped anywhere, leave, are
 * handed over, and again.
 *
 * And through a whole pump: that each leaves with the one it was given, whatever a write cuts, whoever reads next, against a
 * run whose reader takes all at once.  And that their sum is on average how many came: over seeds, of which each gives an
 * estimate, the mean of these is within the 99.9% interval of the truth.
 */
#include "../tap.h"

#include "../pumped.h"
#include "hold/weights.h"

#include <math.h>
#include <string.h>

#define MOST 400
#define SENT_MOST 4000

static struct weights weights;
static struct held {
	uint64_t weight;
	uint64_t serial;
} list[MOST]; /* of those that are held, oldest first */
static uint64_t serial; /* of the last that came */
static size_t held, judged;  /* so many of them were judged */
static uint64_t first;       /* the number of the oldest, as a queue has it */
static struct held sent[SENT_MOST];
static size_t sent_count;

static void
take(size_t at, size_t records)
{
	memmove(list + at, list + at + records, (held - at - records) * sizeof(list[0]));
	held -= records;
	judged -= at >= judged ? 0 : at + records <= judged ? records : judged - at;
}

static void
drop_at(size_t at, size_t records)
{
	serials_drop_at(weights_held(&weights), first + at, records, records);
	take(at, records);
}

static void
come(struct random *random)
{
	static uint64_t weight = WEIGHT_ONE;

	for (uint64_t left = random_from(random, 1, 30); left > 0 && held < MOST; left--) {
		if (random_one_in(random, 3))
			weight = WEIGHT_ONE * random_from(random, 1, 3);
		weights_come(&weights, weight);
		if (random_one_in(random, 9)) { /* given up when it was begun */
			weight = WEIGHT_ONE * random_from(random, 1, 3);
			weights_come(&weights, weight);
		}
		weights_came(&weights, 1);
		list[held++] = (struct held){ weight, ++serial };
	}
}

/* All that have arrived are judged, and some go: as shedding does it. */
static void
shed(struct random *random)
{
	uint64_t number = weights_last(&weights, held - judged);

	if (random_one_in(random, 3)) {
		if (random_one_in(random, 2))
			weights_shed_none(&weights);
		judged = held; /* or it was not asked: there was another policy */
		return;
	}
	for (; judged < held; number++) {
		if (random_one_in(random, 2)) {
			drop_at(judged, 1);
			weights_shed_out(&weights, number);
			continue;
		}
		weights_shed(&weights, number, 7 * WEIGHT_ONE);
		weights_shed(&weights, number, 9 * WEIGHT_ONE); /* it was: nothing more becomes of it */
		list[judged++].weight *= 7;
	}
}

/* As many as are to be had, some of which leave. */
static bool
leave(struct random *random)
{
	struct weights_walk walk;
	uint64_t weight;
	size_t count = 0, out;

	weights_walk(&weights, &walk);
	while (count < held && weights_walk_on(&weights, &walk, &weight))
		if (weight != list[count++].weight) {
			diag("%" PRIu64 " and not %" PRIu64 ", at %zu of %zu", weight, list[count - 1].weight, count - 1, held);
			return false;
		}
	if (held > 0 && count == 0) {
		diag("no weight for the next");
		return false;
	}
	out = (size_t)random_from(random, 0, count < 5 ? count : 5);
	for (size_t i = 0; i < count && sent_count < SENT_MOST; i++) { /* what a write would be made of, and takes part of */
		weights_send(&weights, list[i].serial, list[i].weight, sent_count > 50 ? sent[sent_count - 50].serial : 1);
		if (i >= out + 2)
			break;
	}
	for (size_t i = 0; i < out && sent_count < SENT_MOST; i++)
		sent[sent_count++] = list[i];
	weights_leave(&weights, out);
	take(0, out);
	first += out;
	for (size_t i = sent_count > 50 ? sent_count - 50 : 0; i < sent_count; i++)
		if (weights_sent(&weights, sent[i].serial) != sent[i].weight) {
			diag("record %" PRIu64 " was sent otherwise", sent[i].serial);
			return false;
		}
	return true;
}

static void
drop(struct random *random)
{
	size_t at;

	if (held == 0)
		return;
	if (random_one_in(random, 2)) {
		at = (size_t)random_from(random, 1, held);
		if (random_one_in(random, 2))
			serials_drop_oldest(weights_held(&weights), first + at);
		else
			weights_leave_before(&weights, first + at);
		take(0, at);
		first += at;
		return;
	}
	if (judged == 0)
		return; /* what has not been judged has not been dropped */
	at = (size_t)random_below(random, judged);
	drop_at(at, (size_t)random_from(random, 1, judged - at < 9 ? judged - at : 9));
}

static void
at_random(void)
{
	struct random random = { 11 };
	bool good = true;

	for (int round = 0; round < 200 && good; round++) {
		weights_init(&weights);
		held = judged = sent_count = 0;
		first = serial = 0;
		for (int i = 0; i < 300 && good; i++) {
			switch (random_below(&random, 4)) {
			case 0:
				come(&random);
				break;
			case 1:
				shed(&random);
				break;
			case 2:
				if (random_one_in(&random, 4))
					drop(&random);
				break;
			default:
				good = leave(&random);
			}
		}
		good = good && !weights.failed;
		weights_free(&weights);
	}
	ok(good, "whatever comes, is dropped, or leaves");
}

static void
runs(void)
{
	weights_init(&weights);
	for (int i = 0; i < 1000; i++) {
		weights_come(&weights, 5 * WEIGHT_ONE);
		weights_came(&weights, 10);
	}
	ok(weights.came.size <= 16, "one weight for all takes one run");
	for (int i = 0; i < 1000; i++) {
		weights_come(&weights, (uint64_t)(2 + i % 2) * WEIGHT_ONE);
		weights_came(&weights, 10);
		weights_leave(&weights, 10);
	}
	weights_leave(&weights, 9990);
	is(weights.came.count, 1, "what has left is forgotten");
	weights_free(&weights);
}

/* --- through a pump --------------------------------------------------------------------------------- */

#define RECORDS 1213
#define SEEDS 400

static uint64_t newest; /* found no room, in all runs */
static double weight_of[RECORDS + 1]; /* of each record, by who it says it is; 0: it did not leave */

/* In front of each record "<weight>", which says who it is.  False: it is not, or weighs something else than before. */
static bool
note_lines(bool first_time)
{
	const char *text;
	size_t length;

	while ((length = next_line(&text)) > 0) {
		char *end;
		const double weight = strtod(text + 1, &end);
		const uint64_t who = number_of(end + 1);

		if (*text != '<' || *end != '>' || weight < 1 || who == 0 || who > RECORDS ||
		    (!first_time && weight != weight_of[who])) {
			diag("'%.*s', and not %g", (int)length - 1, text, who <= RECORDS ? weight_of[who] : 0);
			return false;
		}
		weight_of[who] = weight;
	}
	return true;
}

/* The same comes in at the same time, whatever becomes of it. */
static void
come_in(struct random *source, unsigned turn, uint64_t longest)
{
	rig.now = NS_PER_S + turn * NS_PER_MS;
	if (rig.serial < RECORDS && random_one_in(source, 2)) {
		rig.left_at = rig.left_length = 0;
		for (uint64_t i = random_from(source, 1, 6); i > 0 && rig.serial < RECORDS; i--) {
			const char about = (char)('a' + random_below(source, 20) % 7);

			make_record((size_t)random_from(source, 10, longest), about, '\n');
		}
	}
	while (!write_left())
		must(pipe_ready(rig.writer, POLLOUT));
}

/* --- each has its own ------------------------------------------------------------------------------ */

static bool
leaves_with_its_own(const char *command_line, uint64_t seed, bool slowly)
{
	struct random source = { seed }, random = { seed + 1000 };
	char words[256];
	bool good = true;

	(void)snprintf(words, sizeof(words), "%s --seed=%" PRIu64, command_line, seed);
	rig.little = slowly && !random_one_in(&random, 3);
	begin(words);
	for (unsigned turn = 0; good && turn < 2000; turn++) {
		come_in(&source, turn, turn % 50 == 0 ? 2500 : 200);
		passes(2);
		if (!slowly || random_one_in(&random, 3))
			read_some(slowly ? (size_t)random_from(&random, 1, 700) : PUMPED_MOST);
		good = note_lines(!slowly) && is_sound();
		for (uint64_t n = slowly ? random_below(&random, 3) : 100; rig.pump.plan.flying && n > 0; n--)
			(void)pump_confirm_oldest(&rig.pump);
		if (slowly && rig.pump.plan.flying && random_one_in(&random, 20))
			change_reader(true);
		if (rig.got_length == rig.seen)
			rig.got_length = rig.seen = 0;
	}
	finish();
	if (!good)
		diag("weir %s, %s", words, slowly ? "slowly" : "at once");
	return good;
}

static void
each_its_own(void)
{
	static const char *const runs[] = {
		"-q -m 1M --weight=<{n}> -s 1/3",
		"-q -m 1M --weight=<{n}> -s 300/s",
		"-q -m 1M --weight=<{n}> -s 300/s -k 2",
		"-q -m 1M --weight=<{n}> -s 1/3 --sample-by=each-key -k 2",
		"-q -m 1M --max-record=8K --weight=<{n}> -s 300/s -k 2 --confirm=line --answers=x",
		"-q -m 1M --max-record=8K --weight=<{n}> -s 1/2 --sample-by=each-key -k 2 --confirm=line --answers=x --window=20",
		"-q -m 1M --weight=<{n}> -s 300/s -k 2 -L 300kB/s",
	};

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		bool good = true;

		for (uint64_t seed = 5; seed <= 10 && good; seed++) {
			memset(weight_of, 0, sizeof(weight_of));
			good = leaves_with_its_own(runs[i], seed, false) && leaves_with_its_own(runs[i], seed, true);
		}
		ok(good, "weir %s: each leaves with its own", runs[i]);
	}
}

/* --- on average how many came ----------------------------------------------------------------------- */

/* One run: what its weights say, and what was left outside of them. */
static double
estimate(const char *command_line, uint64_t seed, bool slowly, double newest_weigh)
{
	struct random source = { 5 }, reader = { 6 };
	char words[256];
	double sum = 0;

	(void)snprintf(words, sizeof(words), "%s --seed=%" PRIu64, command_line, seed);
	memset(weight_of, 0, sizeof(weight_of));
	begin(words);
	for (unsigned turn = 0; rig.serial < RECORDS || rig.left_at < rig.left_length; turn++) {
		come_in(&source, turn, 30);
		passes(2);
		if (!slowly || (turn / 40 % 2 == 1 && random_one_in(&reader, 2)))
			read_some(slowly ? 100 : PUMPED_MOST);
		must(note_lines(true));
	}
	end_input();
	for (int i = 0; i < 1000 && (queue_held(&rig.pump.queue).bytes > 0 || i < 5); i++) {
		passes(2);
		read_some(PUMPED_MOST);
		must(note_lines(true));
	}
	must(books()->in.records == RECORDS && books()->undelivered.records == 0);
	for (size_t i = 1; i <= RECORDS; i++)
		sum += weight_of[i];
	sum += newest_weigh * (double)books()->dropped[REASON_NEWEST].records;
	newest += books()->dropped[REASON_NEWEST].records;
	finish();
	return sum;
}

static void
is_unbiased(const char *command_line, bool slowly, double newest_weigh, double most)
{
	double sum = 0, squares = 0, mean, deviation;

	newest = 0;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		const double off = estimate(command_line, seed, slowly, newest_weigh) - RECORDS;

		sum += off;
		squares += off * off;
	}
	mean = sum / SEEDS;
	deviation = sqrt(fabs(squares / SEEDS - mean * mean));
	ok(fabs(mean) <= 3.291 * deviation / sqrt(SEEDS) + 0.01, "weir %s: %d come, on average %+.2f more, give or take %.2f; %" PRIu64 " "
	    "found no room", command_line, RECORDS, mean, deviation / sqrt(SEEDS), newest / SEEDS);
	ok((newest > SEEDS) == (newest_weigh > 0), "those that found no room are outside, where there are any");
	ok(deviation <= most * RECORDS, "and each run is off by %.1f%%, of %.0f%%", 100 * deviation / RECORDS, 100 * most);
}

static void
on_average(void)
{
	is_unbiased("-q --weight=<{n}> -s 97", false, 0, 0.1);
	is_unbiased("-q --weight=<{n}> -s 7.5%", false, 0, 0.01);
	is_unbiased("-q --weight=<{n}> -s 23 --sample-by=random", false, 0, 0.15);
	is_unbiased("-q --weight=<{n}> -s 3 --sample-by=key -k 2", false, 0, 0.8);
	is_unbiased("-q --weight=<{n}> -s 50 --sample-by=each-key -k 2", false, 0, 0.1);
	is_unbiased("-q --weight=<{n}> -s 200/s", false, 0, 0.1);
	is_unbiased("-q --weight=<{n}> -s 20/s", false, 0, 0.5);
	is_unbiased("-q --weight=<{n}> -s 100/s -k 2", false, 0, 0.2);
	is_unbiased("-q --weight=<{n}> -m 4K --max-record=64 -p shed:5", true, 1, 0.2);
	is_unbiased("-q --weight=<{n}> -m 4K --max-record=64 -p shed:40 --high=40%", true, 0, 0.5);
	is_unbiased("-q --weight=<{n}> -m 4K --max-record=64 -p shed:2", true, 1, 0.2);
	is_unbiased("-q --weight=<{n}> -m 4K --max-record=64 -p shed:3 -s 2 --high=30%", true, 0, 0.2);
}

int
main(void)
{
	pipe_init();
	at_random();
	runs();
	each_its_own();
	on_average();
	return done_testing();
}
