/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "readers.h"
#include "../unit/random.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define ONE_OF(random, list) ((list)[random_below((random), COUNT(list))])
#define BIT(number) (1u << (number))

/* So many the input comes in, or not many more: weir wakes for each. */
#define PIECES 4000

/* A COMMAND for each batch costs its start. */
#define BATCHES_MOST 40
#define CRASHES_MOST 20 /* records, each of which may end it as often as --retry says */

const char *const readers_ways[READINGS] = {
	[BY_BATCH] = "batch",
	[BY_LINE] = "line",
	[BY_NUMBER] = "number",
	[BY_UPTO] = "upto",
	[BY_READ] = "read",
	[BY_WRITTEN] = "written",
};

bool readers_patterns;

static void __attribute__((format(printf, 2, 3)))
add(struct reading_plan *plan, const char *format, ...)
{
	char *at = plan->text + plan->text_length;
	size_t room = sizeof(plan->text) - plan->text_length;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(at, room, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= room || plan->arguments == READERS_ARGUMENTS_MOST)
		abort();
	plan->text_length += (size_t)length + 1;
	plan->argument[plan->arguments++] = at;
	plan->argument[plan->arguments] = NULL;
}

/* --- how it is handed over ------------------------------------------------------------------------ */

static void
choose_batch(struct reading_plan *plan, struct random *random)
{
	static const uint64_t records[] = { 1, 2, 3, 10, 50, 200 };
	static const uint64_t bytes[] = { 20, 300, 2000, 20000 };
	static const uint64_t jobs[] = { 1, 1, 1, 2, 4, 8 };
	static const char *const lingers[] = { "0", "2ms", "20ms", "1s" };
	const uint64_t count = ONE_OF(random, records), size = ONE_OF(random, bytes);

	plan->jobs = ONE_OF(random, jobs);
	plan->batch_records = plan->batch_bytes = UINT64_MAX;
	switch (random_below(random, 4)) {
	case 0:
		add(plan, "--batch=%" PRIu64 "B", size);
		plan->batch_bytes = size;
		break;
	case 1:
		add(plan, "--batch=%" PRIu64 ",%" PRIu64 "B", count, size);
		plan->batch_records = count;
		plan->batch_bytes = size;
		break;
	default:
		add(plan, "--batch=%" PRIu64, count);
		plan->batch_records = count;
		break;
	}
	if (plan->jobs > 1 || random_one_in(random, 4))
		add(plan, "-j%" PRIu64, plan->jobs);
	add(plan, "--linger=%s", ONE_OF(random, lingers));
	plan->bisect = random_one_in(random, 2);
	if (plan->bisect)
		add(plan, "--bisect");
}

static void
choose_window(struct reading_plan *plan, struct random *random)
{
	static const uint64_t records[] = { 1, 2, 10, 100, 2000 };
	static const uint64_t bytes[] = { 1, 500, 4096, 65536 };
	const bool given = random_one_in(random, 2);

	plan->window_records = plan->window_bytes = UINT64_MAX;
	if (plan->reading == BY_WRITTEN)
		return;
	if (plan->reading == BY_READ)
		plan->window_bytes = 65536;
	else
		plan->window_records = 1000;
	if (!given)
		return;
	plan->window_given = true;
	plan->window_records = plan->window_bytes = UINT64_MAX;
	if (random_one_in(random, 2)) {
		plan->window_records = plan->reading == BY_READ ? 1 : ONE_OF(random, records);
		add(plan, "--window=%" PRIu64, plan->window_records);
	} else {
		plan->window_bytes = ONE_OF(random, bytes);
		add(plan, "--window=%" PRIu64 "B", plan->window_bytes);
	}
}

static void
choose_feed(struct reading_plan *plan, struct random *random)
{
	static const char *const ways[READINGS] = {
		[BY_NUMBER] = "number", [BY_UPTO] = "upto", [BY_READ] = "read", [BY_WRITTEN] = "written",
	};

	plan->apart = plan->reading != BY_WRITTEN && random_one_in(random, 5);
	if (plan->apart)
		plan->habits &= ~(unsigned)HABIT_HOLDER; /* nobody would see that it is gone */
	if (plan->reading == BY_LINE)
		add(plan, "--confirm=line%s", plan->habits & HABIT_GARBAGE ? ":^ok" : ""); /* told apart from it */
	else if (plan->reading != BY_READ || plan->apart || random_one_in(random, 2))
		add(plan, "--confirm=%s", ways[plan->reading]);
	choose_window(plan, random);
	plan->jobs = 1;
	plan->restart = !plan->apart && random_below(random, 4) != 0;
	if (plan->restart)
		add(plan, "--restart");
	plan->discards = !plan->restart && random_one_in(random, 3);
	if (plan->discards) {
		add(plan, "--reader-gone=discard");
		plan->may |= BIT(REASON_GONE);
	}
	if (random_one_in(random, 10)) {
		plan->stalls = true;
		add(plan, "--stall=100ms");
	}
}

static void
choose_tries(struct reading_plan *plan, struct random *random)
{
	static const uint64_t retries[] = { 0, 1, 3, 6 };

	plan->retries = UINT64_MAX;
	if (plan->reading != BY_BATCH && !plan->restart)
		return;
	add(plan, "--backoff=%s", random_one_in(random, 2) ? "1ms..2ms" : "1us..5ms");
	if (random_one_in(random, 2)) {
		plan->retries = ONE_OF(random, retries);
		plan->may |= BIT(REASON_REJECTED);
		add(plan, "--retry=%" PRIu64, plan->retries);
	}
}

/* --- what COMMAND may do -------------------------------------------------------------------------- */

static void
choose_habits(struct reading_plan *plan, struct random *random)
{
	static const unsigned habits[] = { HABIT_LATE, HABIT_TWICE, HABIT_GARBAGE, HABIT_SHUFFLED, HABIT_SLOW, HABIT_CALM };

	for (size_t i = 0; i < COUNT(habits); i++)
		if (random_one_in(random, 3))
			plan->habits |= habits[i];
	if (plan->reading == BY_LINE && !readers_patterns)
		plan->habits &= ~(unsigned)HABIT_GARBAGE;
	if (random_one_in(random, 6))
		plan->habits |= HABIT_HOLDER;
}

static void
choose_deeds(struct reading_plan *plan, struct random *random)
{
	static const enum deed deeds[] = { DEED_EXIT, DEED_SIGNAL, DEED_DATA, DEED_EARLY, DEED_CLOSE_IN, DEED_CLOSE_OUT };
	static const char *const times[] = { "50ms", "100ms", "200ms" };
	static const uint64_t poisons[] = { 1, 10, 100, 1000 };
	const bool answers = plan->reading == BY_LINE || plan->reading == BY_NUMBER || plan->reading == BY_UPTO;

	for (size_t i = 0; i < COUNT(deeds); i++)
		if (random_one_in(random, 2))
			plan->deeds |= BIT(deeds[i]);
	if (plan->reading != BY_WRITTEN && random_one_in(random, 6)) {
		plan->timed = true;
		add(plan, "--timeout=%s", ONE_OF(random, times));
		plan->deeds |= BIT(DEED_HANG);
		if (random_one_in(random, 8))
			plan->deeds |= BIT(DEED_HANG_DEAF);
	}
	if (random_one_in(random, 3) && (plan->retries != UINT64_MAX || plan->reading == BY_BATCH || answers)) {
		plan->poison = ONE_OF(random, poisons);
		if (plan->retries != UINT64_MAX && random_one_in(random, 2))
			plan->habits |= HABIT_CRASHES;
	}
	if (plan->deeds & BIT(DEED_DATA) || plan->poison > 0 || answers)
		plan->may |= BIT(REASON_REJECTED);
	if (plan->reading != BY_BATCH && plan->retries == UINT64_MAX && !answers)
		plan->may &= ~BIT(REASON_REJECTED);
}

/* --- the rest ------------------------------------------------------------------------------------- */

static void
choose_records(struct reading_plan *plan, struct random *random)
{
	static const uint64_t counts[] = { 0, 1, 10, 100, 500, 500, 2000 };
	static const size_t mosts[] = { 12, 12, 40, 200, 3000 };

	plan->records = ONE_OF(random, counts);
	plan->most = ONE_OF(random, mosts);
	plan->least = random_one_in(random, 3) ? plan->most : 12;
	if (plan->reading == BY_BATCH) {
		uint64_t each = plan->batch_bytes / (plan->least + 1);

		if (each > plan->batch_records)
			each = plan->batch_records;
		if (each == 0)
			each = 1;

		if (plan->records > BATCHES_MOST * each)
			plan->records = BATCHES_MOST * each;
	}
	if ((plan->habits & HABIT_CRASHES) != 0 && plan->reading != BY_BATCH && plan->records > CRASHES_MOST)
		plan->records = CRASHES_MOST;
	plan->unended = random_one_in(random, 5);
}

static void
choose_policy(struct reading_plan *plan, struct random *random)
{
	static const struct {
		const char *option;
		unsigned may;
	} policies[] = {
		{ "drop-oldest", BIT(REASON_OLDEST) | BIT(REASON_NEWEST) },
		{ "drop-newest", BIT(REASON_NEWEST) },
		{ "drop-random", BIT(REASON_RANDOM) | BIT(REASON_NEWEST) },
		{ "latest", BIT(REASON_SUPERSEDED) | BIT(REASON_OLDEST) | BIT(REASON_NEWEST) },
	};
	static const uint64_t buffers[] = { 8192, 200000, 1 << 20 }, counts[] = { 1, 10, 100 };
	const bool sized = plan->batch_records == UINT64_MAX || strchr(plan->argument[0], ',') != NULL;

	plan->drops = random_one_in(random, 2);
	plan->max_record = UINT64_MAX;
	if (plan->drops) {
		size_t which = random_below(random, COUNT(policies) - !readers_patterns);

		add(plan, "--policy=%s", policies[which].option);
		if (which == COUNT(policies) - 1)
			add(plan, "--key=/([0-9]) /");
		plan->may |= policies[which].may;
		if (random_one_in(random, 2))
			add(plan, "--max-records=%" PRIu64, ONE_OF(random, counts));
		plan->marks = random_one_in(random, 3);
		plan->fails_on_drop = random_one_in(random, 6);
	}
	if (plan->reading == BY_BATCH && sized)
		add(plan, "-m1M");
	else if (plan->reading == BY_BATCH || !plan->window_given || plan->window_bytes == UINT64_MAX ||
	    plan->window_bytes <= 4096)
		add(plan, "-m%" PRIu64, ONE_OF(random, buffers));
	if (random_one_in(random, 12) && (plan->drops || plan->reading != BY_WRITTEN)) {
		plan->max_record = 100;
		add(plan, "--max-record=100");
		plan->may |= BIT(REASON_OVERSIZE);
	}
	if (plan->marks)
		add(plan, "--mark-drops=!{records} {bytes}");
	if (plan->fails_on_drop)
		add(plan, "--fail-on-drop");
}

static void
choose_producer(struct reading_plan *plan, struct random *random)
{
	static const size_t sizes[] = { 50, 4096, 65536 };
	static const char *const timeouts[] = { "0", "30ms", "200ms", "60" };

	plan->file = random_one_in(random, 4);
	plan->write_most = ONE_OF(random, sizes);
	if (plan->write_most < 2 * plan->records * plan->most / PIECES)
		plan->write_most = (size_t)(2 * plan->records * plan->most / PIECES);
	plan->rest_one_in = random_one_in(random, 3) ? 10 : 0;
	plan->usr1_one_in = random_one_in(random, 3) ? 5 : 0;
	if (random_one_in(random, 3))
		add(plan, "--interval=%" PRIu64 "ms", random_from(random, 10, 30));
	plan->pause_at = plan->term_at = READERS_NEVER;
	if (random_one_in(random, plan->discards ? 2 : 10))
		plan->pause_at = random_below(random, plan->records * plan->most + 1);
	if (random_one_in(random, 8)) {
		plan->term_at = random_below(random, plan->records * plan->most + 1);
		add(plan, "--drain-timeout=%s", ONE_OF(random, timeouts));
	}
}

void
readers_plan(struct reading_plan *plan, uint64_t seed, enum reading reading)
{
	struct random random = { seed * READINGS + (uint64_t)reading };
	bool numbers = reading == BY_NUMBER || reading == BY_UPTO;

	*plan = (struct reading_plan){ .seed = seed, .reading = reading, .jobs = 1, .batch_records = UINT64_MAX,
		.window_records = UINT64_MAX, .window_bytes = UINT64_MAX };
	choose_habits(plan, &random);
	if (reading == BY_BATCH)
		choose_batch(plan, &random);
	else
		choose_feed(plan, &random);
	choose_tries(plan, &random);
	choose_deeds(plan, &random);
	choose_records(plan, &random);
	choose_policy(plan, &random);
	choose_producer(plan, &random);
	plan->numbered = numbers || random_one_in(&random, 3);
	if (plan->numbered) {
		add(plan, "--number");
		plan->habits |= HABIT_NUMBERED;
	}
	if (random_one_in(&random, 4))
		plan->credits_most = random_one_in(&random, 2) ? 3 : plan->records / 4 + 1;
	add(plan, "--format=json");
}

/* --- kills ---------------------------------------------------------------------------------------- */

void
readers_plan_kill(struct reading_plan *plan, uint64_t seed, enum victim victim)
{
	static const enum reading ways[] = { BY_BATCH, BY_LINE, BY_NUMBER, BY_UPTO };
	static const uint64_t jobs[] = { 1, 1, 2, 4 };
	struct random random = { seed * VICTIMS + (uint64_t)victim };

	*plan = (struct reading_plan){ .seed = seed, .reading = ONE_OF(&random, ways), .victim = victim, .jobs = 1,
		.batch_records = 10, .window_records = 100, .window_bytes = UINT64_MAX, .retries = UINT64_MAX,
		.max_record = UINT64_MAX, .least = 12, .most = 200, .write_most = 65536, .pause_at = READERS_NEVER, .term_at = READERS_NEVER,
		.restart = true, .file = random_one_in(&random, 2) };
	plan->records = plan->reading == BY_BATCH ? 300 : 2000;
	plan->kill_at = random_from(&random, 1, victim == KILL_READER ? 500 : plan->records);
	if (random_one_in(&random, 2))
		plan->habits |= HABIT_LATE;
	if (random_one_in(&random, 2))
		plan->habits |= HABIT_SLOW;
	if (plan->reading == BY_BATCH) {
		plan->jobs = ONE_OF(&random, jobs);
		plan->restart = false;
		add(plan, "--batch=10");
		add(plan, "-j%" PRIu64, plan->jobs);
		add(plan, "--linger=0");
	} else {
		add(plan, "--confirm=%s", readers_ways[plan->reading]);
		add(plan, "--window=100");
		add(plan, "--restart");
	}
	if (plan->reading == BY_NUMBER || plan->reading == BY_UPTO) {
		add(plan, "--number");
		plan->habits |= HABIT_NUMBERED;
		plan->numbered = true;
	}
	add(plan, "--backoff=1us..2ms");
	add(plan, "--interval=10ms");
	add(plan, "--format=json");
}

void
readers_plan_calm(struct reading_plan *plan, enum reading reading)
{
	*plan = (struct reading_plan){ .seed = 1, .reading = reading, .jobs = reading == BY_BATCH ? 2 : 1, .batch_records = 10,
		.window_records = reading >= BY_READ ? UINT64_MAX : 20, .window_bytes = reading == BY_READ ? 65536 : UINT64_MAX,
		.retries = UINT64_MAX, .max_record = UINT64_MAX, .least = 12, .most = 200, .write_most = 4096,
		.pause_at = READERS_NEVER, .term_at = READERS_NEVER, .restart = reading != BY_BATCH, .records = reading == BY_BATCH ? 60 : 200 };
	if (reading == BY_BATCH) {
		add(plan, "--batch=10");
		add(plan, "-j2");
		add(plan, "--linger=0");
	} else {
		add(plan, "--confirm=%s", readers_ways[reading]);
		if (reading < BY_READ)
			add(plan, "--window=20");
		if (reading == BY_NUMBER || reading == BY_UPTO) {
			add(plan, "--number");
			plan->habits |= HABIT_NUMBERED;
		}
		add(plan, "--restart");
	}
	add(plan, "--backoff=1us..2ms");
	add(plan, "--format=json");
}

/* --- records -------------------------------------------------------------------------------------- */

void
records_make(struct records *records, const struct reading_plan *plan)
{
	struct random random = { plan->seed };

	*records = (struct records){ .bytes = malloc((plan->most + 1) * plan->records + 64), .count = plan->records };
	records->ends = calloc(plan->records + 1, sizeof(*records->ends));
	if (records->bytes == NULL || records->ends == NULL)
		abort();
	for (uint64_t number = 1; number <= plan->records; number++) {
		size_t length = (size_t)random_from(&random, plan->least, plan->most);
		char *to = records->bytes + records->length;
		int head = snprintf(to, 48, "%" PRIu64 " %zu ", number, length);

		if (head < 0 || (size_t)head > length)
			abort();
		memset(to + head, 'a' + (int)(number % 26), length - (size_t)head);
		to[length] = '\n';
		records->length += length + 1;
		records->ends[number] = records->length;
	}
	if (plan->unended && plan->records > 0)
		records->ends[plan->records] = --records->length;
}

void
records_free(struct records *records)
{
	free(records->bytes);
	free(records->ends);
}
