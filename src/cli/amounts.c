/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/compat.h"
#include "base/hint.h"
#include "cli/draft.h"
#include "pick/top.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
read_within(struct draft *draft, const struct given *given, const struct draft_amount *amount)
{
	uint64_t *value = (uint64_t *)(void *)((char *)draft->options + amount->offset);
	const char *error = amount->kind == DRAFT_SIZE ? units_size(given->value, value) : units_time(given->value, value);

	if (error != NULL)
		return draft_bad_value(given, error);
	if (*value >= amount->least && *value <= amount->most)
		return true;
	return draft_bad_value(given, *value > amount->most ? "too large"
	    : amount->kind == DRAFT_TIME && amount->least == 1 ? "zero has no meaning here" : "too small");
}

static bool
read_share(const struct given *given, struct share *share)
{
	const char *error = units_share(given->value, share);

	if (error != NULL && strchr(given->value, '.') != NULL && strchr(given->value, '%') == NULL)
		error = "a fraction; write it as a percentage, such as 10% for 0.1";
	return error == NULL ? true : draft_bad_value(given, error);
}

static bool
read_percent(const struct given *given, uint32_t least, uint32_t *milli)
{
	const char *error = units_percent(given->value, milli);
	char why[96];

	/* "0.8" of somebody who thinks in fractions is 80%. */
	if (error == NULL && *milli > 0 && *milli <= UNITS_MILLI && strchr(given->value, '.') != NULL &&
	    strchr(given->value, '%') == NULL) {
		(void)snprintf(why, sizeof(why), "a fraction; did you mean %u.%u%%, or really %.16s%%?", *milli / 10,
		    *milli % 10, given->value);
		return draft_bad_value(given, why);
	}
	if (error == NULL && *milli < least)
		error = "zero has no meaning here";
	return error == NULL ? true : draft_bad_value(given, error);
}

static bool
read_records(struct draft *draft, const struct given *given)
{
	struct options *options = draft->options;
	uint64_t *count = given->id == ID_HEADER ? &options->header_records : &options->max_records;
	const char *error = units_count(given->value, count);

	if (error == NULL && *count > OPTIONS_RECORDS_MOST)
		error = "too large";
	return error == NULL ? true : draft_bad_value(given, error);
}

static bool
read_rate(struct draft *draft, const struct given *given)
{
	struct options *options = draft->options;
	bool shaping = given->id == ID_RATE;
	const char *error = units_rate(given->value, draft->bytes, shaping ? &options->rate : &options->police);

	options->rated |= shaping;
	options->policing |= !shaping;
	return error == NULL ? true : draft_bad_value(given, error);
}

/* A whole number in decimal from least to most. */
static bool
read_number(const struct given *given, long long least, long long most, long long *number)
{
	const char *error;

	if (*given->value == '\0' || strspn(given->value, "0123456789") != strlen(given->value))
		return draft_bad_value(given, "not a whole number");
	*number = strtonum(given->value, least, most, &error);
	return error == NULL ? true : draft_bad_value(given, error);
}

static bool
read_seed(struct draft *draft, const struct given *given)
{
	long long number;

	if (!read_number(given, 0, INT64_MAX, &number))
		return false;
	draft->options->seeded = true;
	draft->options->seed = (uint64_t)number;
	return true;
}

static bool
read_top_keys(struct draft *draft, const struct given *given)
{
	long long number;

	if (!read_number(given, 1, TOP_WANTED_MOST, &number))
		return false;
	draft->options->top_keys = (unsigned)number;
	return true;
}

/* --- the reader's ---------------------------------------------------------------------------------- */

/* How much of one kind, where the other has no limit: as much as any buffer may hold. */
static const char *
read_quantity(const char *text, bool *bytes, uint64_t *amount)
{
	const char *error = units_quantity(text, bytes, amount);

	if (error == NULL && *amount > (*bytes ? OPTIONS_BUFFER_MOST : OPTIONS_RECORDS_MOST))
		error = "too large";
	return error;
}

static bool
read_window(struct draft *draft, const struct given *given)
{
	struct reader_options *reader = &draft->options->reader;
	uint64_t amount = 0;
	bool bytes = false;
	const char *error = read_quantity(given->value, &bytes, &amount);

	reader->window_given = true;
	reader->window_records = bytes ? UINT64_MAX : amount;
	reader->window_bytes = bytes ? amount : UINT64_MAX;
	return error == NULL ? true : draft_bad_value(given, error);
}

/* value[0..length) of what --batch has been given: one of each kind at most. */
static const char *
add_bound(struct reader_options *reader, const char *value, size_t length)
{
	char text[64];
	uint64_t amount = 0, *bound;
	bool bytes = false;
	const char *error;

	if (length >= sizeof(text))
		return "not an amount";
	(void)snprintf(text, sizeof(text), "%.*s", (int)length, value);
	error = read_quantity(text, &bytes, &amount);
	bound = bytes ? &reader->batch_bytes : &reader->batch_records;
	if (error == NULL && *bound != UINT64_MAX)
		error = bytes ? "two numbers of bytes" : "two numbers of records";
	*bound = amount;
	return error;
}

static bool
read_batch(struct draft *draft, const struct given *given)
{
	struct reader_options *reader = &draft->options->reader;
	const char *at = given->value, *error;

	reader->batching = true;
	reader->batch_records = reader->batch_bytes = UINT64_MAX;
	error = add_bound(reader, at, strcspn(at, ","));
	while (error == NULL && *(at += strcspn(at, ",")) != '\0') {
		at++;
		error = add_bound(reader, at, strcspn(at, ","));
	}
	return error == NULL ? true : draft_bad_value(given, error);
}

static bool
read_jobs(struct draft *draft, const struct given *given)
{
	long long number;

	if (!read_number(given, 1, OPTIONS_JOBS_MOST, &number))
		return false;
	draft->options->reader.jobs = (unsigned)number;
	return true;
}

static bool
read_retry(struct draft *draft, const struct given *given)
{
	static const char *const words[] = { "forever" };
	char hint[HINT_MOST];
	long long number;

	draft->options->reader.retries = UINT64_MAX;
	if (strcmp(given->value, words[0]) == 0)
		return true;
	if (hint_make(hint, "", given->value, words, 1))
		return draft_no_such(given, "not a whole number", words, 1);
	if (!read_number(given, 0, (long long)OPTIONS_RECORDS_MOST, &number))
		return false;
	draft->options->reader.retries = (uint64_t)number;
	return true;
}

/* MIN, or MIN..MAX; of MIN alone MAX is what it is by default, if that is not less. */
static const char *
backoff_times(struct reader_options *reader, const char *value)
{
	const char *dots = strstr(value, "..");
	char least[32];
	const size_t length = dots != NULL ? (size_t)(dots - value) : strlen(value);
	const char *error;

	if (length >= sizeof(least))
		return "not a time";
	(void)snprintf(least, sizeof(least), "%.*s", (int)length, value);
	error = units_time(least, &reader->backoff_least_ns);
	if (error == NULL && dots != NULL)
		error = units_time(dots + 2, &reader->backoff_most_ns);
	else if (error == NULL)
		reader->backoff_most_ns = reader->backoff_least_ns > delivery_defaults.backoff_most_ns
		    ? reader->backoff_least_ns : delivery_defaults.backoff_most_ns;
	if (error == NULL && (reader->backoff_least_ns == 0 || reader->backoff_most_ns == 0))
		error = "zero has no meaning here";
	return error;
}

static bool
read_backoff(struct draft *draft, const struct given *given)
{
	struct reader_options *reader = &draft->options->reader;
	const char *error = backoff_times(reader, given->value);
	const char *dots = strstr(given->value, "..");
	char why[128];

	if (error != NULL)
		return draft_bad_value(given, error);
	if (reader->backoff_least_ns <= reader->backoff_most_ns)
		return true;
	(void)snprintf(why, sizeof(why), "MAX is less than MIN; did you mean --backoff=%s..%.*s?", dots + 2,
	    (int)(dots - given->value), given->value);
	return draft_bad_value(given, why);
}

/* --- any other ------------------------------------------------------------------------------------- */

static bool
read_pipe_size(struct draft *draft, const struct given *given)
{
	static const char *const words[] = { "keep" };
	char hint[HINT_MOST];

	if (strcmp(given->value, "keep") == 0) {
		draft->options->pipe_bytes = PIPE_BYTES_KEEP;
		return true;
	}
	if (hint_make(hint, "", given->value, words, 1))
		return draft_no_such(given, "not a size", words, 1);
	return read_within(draft, given, &draft_amounts[ID_PIPE_SIZE]);
}

static bool
read_high(struct draft *draft, const struct given *given)
{
	return read_percent(given, 1, &draft->high_milli);
}

static bool
read_low(struct draft *draft, const struct given *given)
{
	return read_percent(given, 0, &draft->low_milli);
}

/* Whether it says in what time: not 1/10, but 10/s. */
static bool
is_budget(const char *value)
{
	const char *slash = strchr(value, '/');

	return slash != NULL && slash[strspn(slash, "/0123456789")] != '\0';
}

/* Of two the last one counts, be it a share or a budget. */
static bool
read_sample(struct draft *draft, const struct given *given)
{
	struct options *options = draft->options;
	const char *error;

	options->sample = (struct share){ 1, 1 };
	options->budget = (struct rate){ 0 };
	if (!is_budget(given->value))
		return read_share(given, &options->sample);
	error = units_rate(given->value, false, &options->budget);
	if (error == NULL && options->budget.bytes)
		error = "bytes, but a sample counts records";
	return error == NULL ? true : draft_bad_value(given, error);
}

static bool (*const others[IDS])(struct draft *draft, const struct given *given) = {
	[ID_MAX_RECORDS] = read_records,
	[ID_HEADER] = read_records,
	[ID_HIGH] = read_high,
	[ID_LOW] = read_low,
	[ID_SAMPLE] = read_sample,
	[ID_SEED] = read_seed,
	[ID_DROP_OVER] = read_rate,
	[ID_RATE] = read_rate,
	[ID_PIPE_SIZE] = read_pipe_size,
	[ID_TOP_KEYS] = read_top_keys,
	[ID_WINDOW] = read_window,
	[ID_BATCH] = read_batch,
	[ID_JOBS] = read_jobs,
	[ID_RETRY] = read_retry,
	[ID_BACKOFF] = read_backoff,
};

/* Nothing is read yet of --burst, which is in the unit of a rate that is not known; and nothing at all of --help and
 * --version, which are printed when they are collected. */
bool
amounts_read(struct draft *draft, const struct given *given)
{
	const struct draft_amount *amount = &draft_amounts[given->id];

	draft->options->reporting |= given->id == ID_INTERVAL;
	if (others[given->id] != NULL)
		return others[given->id](draft, given);
	return amount->kind == DRAFT_ELSE || read_within(draft, given, amount);
}
