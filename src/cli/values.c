/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/compat.h"
#include "base/hint.h"
#include "base/visible.h"
#include "cli/draft.h"
#include "hold/mark.h"
#include "pick/codel.h"
#include "pick/top.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
read_delimiter(const char *text, unsigned char *byte)
{
	static const char plain[] = "nrt0\\";
	static const char meant[] = "\n\r\t\0\\";
	const char *known;
	unsigned value = 0;

	if (text[0] != '\0' && text[1] == '\0') {
		*byte = (unsigned char)text[0];
		return true;
	}
	if (text[0] != '\\' || text[1] == '\0')
		return false;
	if (text[2] == '\0' && (known = strchr(plain, text[1])) != NULL) {
		*byte = (unsigned char)meant[known - plain];
		return true;
	}
	if (text[1] != 'x' || strlen(text) != 4 || strspn(text + 2, "0123456789abcdefABCDEF") != 2)
		return false;
	(void)sscanf(text + 2, "%2x", &value);
	*byte = (unsigned char)value;
	return true;
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
read_time(const struct given *given, uint64_t *ns)
{
	const char *error = units_time(given->value, ns);

	return error == NULL ? true : draft_bad_value(given, error);
}

/* TARGET, or TARGET/INTERVAL; as in the default, an interval is ten times the target where it is not given. */
static const char *
codel_times(struct options *options, const char *value)
{
	const char *slash = strchr(value, '/');
	char target[32];
	int length = snprintf(target, sizeof(target), "%.*s", (int)strcspn(value, "/"), value);
	const char *error = (size_t)length < sizeof(target) ? units_time(target, &options->codel_target_ns)
	    : "not a time";

	options->codel_interval_ns = CODEL_INTERVAL_NS / CODEL_TARGET_NS * options->codel_target_ns;
	if (error == NULL && slash != NULL)
		error = units_time(slash + 1, &options->codel_interval_ns);
	if (error == NULL && (options->codel_target_ns == 0 || options->codel_interval_ns == 0))
		error = "zero has no meaning here";
	return error;
}

/* The row of draft_policies of that name, and what an error says is accepted for it. */
static const struct draft_policy *
policy_row(const char *value, size_t length)
{
	for (int i = 0; i < DRAFT_POLICIES; i++)
		if (length > 0 && strcspn(draft_policies[i].form, ":[") == length &&
		    strncmp(draft_policies[i].form, value, length) == 0)
			return &draft_policies[i];
	return NULL;
}

static const char *
policy_accepts(const char *value)
{
	const struct draft_policy *row = policy_row(value, strcspn(value, ":"));

	if (row == NULL)
		return draft_rows[ID_POLICY].accepts;
	return row->accepts != NULL ? row->accepts : row->form;
}

static bool
read_codel(struct options *options, const struct given *given)
{
	const char *error = codel_times(options, given->value);
	const char *slash = strchr(given->value, '/');
	char why[128];

	if (error != NULL)
		return draft_not_accepted(given, error, policy_accepts("codel"));
	if (options->codel_interval_ns >= options->codel_target_ns)
		return true;
	(void)snprintf(why, sizeof(why), "an INTERVAL shorter than TARGET; did you mean codel:%s/%.*s?", slash + 1,
	    (int)(slash - given->value), given->value);
	return draft_not_accepted(given, why, policy_accepts("codel"));
}

static bool
read_shed(struct options *options, const struct given *given)
{
	const char *error = units_share(given->value, &options->shed);

	return error == NULL ? true : draft_not_accepted(given, error, policy_accepts("shed"));
}

/* What is no policy: one of those that need a value, or take none, or none at all. */
static bool
no_policy(const struct given *given)
{
	const size_t length = strcspn(given->value, ":");
	const struct draft_policy *row = policy_row(given->value, length);
	char name[32], hint[HINT_MOST], why[HINT_MOST + 32], bare[DRAFT_POLICIES][16];
	const char *names[DRAFT_POLICIES];

	if (row != NULL)
		return draft_not_accepted(given, given->value[length] == ':' ? "takes no value" : "needs a value",
		    policy_accepts(given->value));
	for (int i = 0; i < DRAFT_POLICIES; i++) {
		const char *form = draft_policies[i].form;
		(void)snprintf(bare[i], sizeof(bare[i]), "%.*s", (int)strcspn(form, ":["), form);
		names[i] = bare[i];
	}
	(void)snprintf(name, sizeof(name), "%.*s", (int)(length < sizeof(name) ? length : sizeof(name) - 1), given->value);
	if (!hint_make(hint, "", name, names, DRAFT_POLICIES))
		return draft_bad_value(given, "no such policy");
	(void)snprintf(why, sizeof(why), "no such policy; %s", hint);
	return draft_bad_value(given, why);
}

/* With a value of their own: sample:N and rate:RATE stand for two options each. */
static bool
read_policy(struct draft *draft, const struct given *given)
{
	static const struct {
		const char *name;
		const char *prefix;
		enum policy policy;
		enum id id;
	} shorts[] = {
		{ "sample:", "--policy=sample:", POLICY_BLOCK, ID_SAMPLE },
		{ "rate:", "--policy=rate:", POLICY_BLOCK, ID_RATE },
		{ "shed:", "--policy=shed:", POLICY_SHED, ID_POLICY },
		{ "codel:", "--policy=codel:", POLICY_CODEL, ID_POLICY },
	};
	struct options *options = draft->options;

	for (size_t i = 0; i < sizeof(shorts) / sizeof(shorts[0]); i++) {
		size_t length = strlen(shorts[i].name);
		struct given meant = { shorts[i].id, shorts[i].prefix, given->value + length };

		if (strncmp(given->value, shorts[i].name, length) != 0)
			continue;
		options->policy = shorts[i].policy;
		if (shorts[i].id != ID_POLICY)
			return values_read(draft, &meant);
		return shorts[i].policy == POLICY_SHED ? read_shed(options, &meant) : read_codel(options, &meant);
	}
	options->codel_target_ns = CODEL_TARGET_NS;
	options->codel_interval_ns = CODEL_INTERVAL_NS;
	if (!policy_find(given->value, &options->policy) || options->policy == POLICY_SHED)
		return no_policy(given);
	return true;
}

static bool
read_name(struct draft *draft, const struct given *given)
{
	size_t length = strlen(given->value);

	if (length == 0 || length > OPTIONS_NAME_MOST)
		return draft_bad_value(given, length == 0 ? "empty" : "too long");
	if (!visible_is_printable(given->value))
		return draft_bad_value(given, "not printable");
	draft->options->name = given->value;
	return true;
}

/* A size from least to most bytes. */
static bool
read_size(const struct given *given, uint64_t least, uint64_t most, uint64_t *bytes)
{
	const char *error = units_size(given->value, bytes);

	if (error != NULL)
		return draft_bad_value(given, error);
	if (*bytes < least || *bytes > most)
		return draft_bad_value(given, *bytes < least ? "too small" : "too large");
	return true;
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
read_max_records(struct draft *draft, const struct given *given)
{
	uint64_t *count = &draft->options->max_records;
	const char *error = units_count(given->value, count);

	if (error == NULL && *count > UINT64_C(1) << 40)
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

static bool
read_max_age(struct draft *draft, const struct given *given)
{
	if (!read_time(given, &draft->options->max_age_ns))
		return false;
	return draft->options->max_age_ns > 0 ? true : draft_bad_value(given, "zero has no meaning here");
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
read_keep(struct draft *draft, const struct given *given)
{
	char error[PATTERN_ERROR_MOST];

	if (draft->options->keep == NULL && (draft->options->keep = keep_new()) == NULL)
		return draft_bad_value(given, strerror(errno));
	return keep_add(draft->options->keep, given->value, error) ? true : draft_bad_value(given, error);
}

static bool
read_separator(struct draft *draft, const struct given *given)
{
	unsigned char byte;

	if (!read_delimiter(given->value, &byte))
		return draft_bad_value(given, "not one byte");
	draft->options->key.separator = byte;
	return true;
}

static bool
read_key(struct draft *draft, const struct given *given)
{
	char room[PATTERN_ERROR_MOST];
	const char *error;

	error = key_parse(&draft->options->key, given->value, room);
	return error == NULL ? true : draft_bad_value(given, error);
}

static const char *const sample_ways[] = {
	[SAMPLE_BY_COUNT] = "count",
	[SAMPLE_BY_RANDOM] = "random",
	[SAMPLE_BY_KEY] = "key",
};

/* The place of a value in a list of names, or -1. */
static int
place_of(const char *value, const char *const names[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(value, names[i]) == 0)
			return (int)i;
	return -1;
}

static bool
read_sample_by(struct draft *draft, const struct given *given)
{
	int place = place_of(given->value, sample_ways, sizeof(sample_ways) / sizeof(sample_ways[0]));

	if (place < 0)
		return draft_no_such(given, "no such way", sample_ways, sizeof(sample_ways) / sizeof(sample_ways[0]));
	draft->options->sample_by = (enum sample_by)place;
	return true;
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

static bool
read_rate_by(struct draft *draft, const struct given *given)
{
	static const char *const ways[] = { "key" };

	draft->options->rate_by_key = true;
	return strcmp(given->value, ways[0]) == 0 ? true : draft_no_such(given, "no such way", ways, 1);
}

static bool
read_framing(struct draft *draft, const struct given *given)
{
	static const enum framing_kind kinds[IDS] = {
		[ID_LINES] = FRAMING_LINES,
		[ID_NULL] = FRAMING_NULL,
		[ID_DELIMITER] = FRAMING_DELIMITER,
		[ID_FIXED] = FRAMING_FIXED,
		[ID_BYTES] = FRAMING_BYTES,
	};
	struct framing *framing = &draft->options->framing;

	*framing = (struct framing){ .kind = kinds[given->id], .delimiter = '\0' };
	if (given->id == ID_LINES)
		framing->delimiter = '\n';
	if (given->id == ID_FIXED)
		return read_size(given, 1, UINT64_C(1) << 40, &framing->size);
	if (given->id == ID_DELIMITER && !read_delimiter(given->value, &framing->delimiter))
		return draft_bad_value(given, "not one byte");
	return true;
}

static bool
read_format(struct draft *draft, const struct given *given)
{
	static const char *const formats[] = {
		[FORMAT_TEXT] = "text",
		[FORMAT_JSON] = "json",
		[FORMAT_JOURNAL] = "journal",
	};
	int place = place_of(given->value, formats, sizeof(formats) / sizeof(formats[0]));

	if (place < 0)
		return draft_no_such(given, "no such format", formats, sizeof(formats) / sizeof(formats[0]));
	draft->options->format = (enum report_format)place;
	return true;
}

static bool
read_report_on(struct draft *draft, const struct given *given)
{
	static const char *const occasions[] = { "always", "loss" };
	int place = place_of(given->value, occasions, sizeof(occasions) / sizeof(occasions[0]));

	if (place < 0)
		return draft_no_such(given, "no such occasion", occasions, sizeof(occasions) / sizeof(occasions[0]));
	draft->options->losses_only = place == 1;
	return true;
}

static bool
read_path(struct draft *draft, const struct given *given)
{
	const char **path = given->id == ID_REPORT ? &draft->options->report_path
	    : given->id == ID_METRICS ? &draft->options->metrics_path : &draft->options->dropped_path;

	*path = given->value;
	if (strcmp(given->value, "-") == 0)
		return draft_bad_value(given, "neither standard input nor standard output can be one");
	return *given->value != '\0' ? true : draft_bad_value(given, "empty");
}

static bool
read_interval(struct draft *draft, const struct given *given)
{
	draft->options->reporting = true;
	if (!read_time(given, &draft->options->interval_ns))
		return false;
	return draft->options->interval_ns >= OPTIONS_INTERVAL_LEAST_NS ? true : draft_bad_value(given, "too small");
}

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
	return read_size(given, 4096, UINT64_C(1) << 30, &draft->options->pipe_bytes);
}

/* Its template is not read before the delimiter is known. */
static bool
read_mark_drops(struct draft *draft, const struct given *given)
{
	draft->options->mark_template = given->value != NULL ? given->value : MARK_DEFAULT;
	return true;
}

/* An option that is given or not. */
static bool
read_flag(struct draft *draft, const struct given *given)
{
	struct options *options = draft->options;

	options->quiet |= given->id == ID_QUIET;
	options->fail_on_drop |= given->id == ID_FAIL_ON_DROP;
	options->progress |= given->id == ID_PROGRESS;
	options->dropped_reason |= given->id == ID_DROPPED_REASON;
	return true;
}

static bool
read_buffer(struct draft *draft, const struct given *given)
{
	return read_size(given, OPTIONS_BUFFER_LEAST, OPTIONS_BUFFER_MOST, &draft->options->buffer_bytes);
}

static bool
read_expected(struct draft *draft, const struct given *given)
{
	return read_size(given, 1, UNITS_SIZE_MAX, &draft->options->size_bytes);
}

static bool
read_max_record(struct draft *draft, const struct given *given)
{
	return read_size(given, 1, UNITS_SIZE_MAX, &draft->options->max_record_bytes);
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

static bool
read_sample(struct draft *draft, const struct given *given)
{
	return read_share(given, &draft->options->sample);
}

static bool
read_drain_timeout(struct draft *draft, const struct given *given)
{
	return read_time(given, &draft->options->drain_timeout_ns);
}

/* NULL where there is nothing to read: --burst is in the unit of a rate that is not known yet, and the others are
 * printed when they are collected. */
static bool (*const readers[IDS])(struct draft *draft, const struct given *given) = {
	[ID_POLICY] = read_policy,
	[ID_BUFFER] = read_buffer,
	[ID_MAX_RECORDS] = read_max_records,
	[ID_MAX_RECORD] = read_max_record,
	[ID_HIGH] = read_high,
	[ID_LOW] = read_low,
	[ID_MAX_AGE] = read_max_age,
	[ID_KEEP] = read_keep,
	[ID_KEY] = read_key,
	[ID_SEPARATOR] = read_separator,
	[ID_SAMPLE] = read_sample,
	[ID_SAMPLE_BY] = read_sample_by,
	[ID_SEED] = read_seed,
	[ID_DROP_OVER] = read_rate,
	[ID_RATE] = read_rate,
	[ID_BURST] = NULL,
	[ID_RATE_BY] = read_rate_by,
	[ID_LINES] = read_framing,
	[ID_NULL] = read_framing,
	[ID_DELIMITER] = read_framing,
	[ID_FIXED] = read_framing,
	[ID_BYTES] = read_framing,
	[ID_QUIET] = read_flag,
	[ID_FORMAT] = read_format,
	[ID_REPORT_ON] = read_report_on,
	[ID_REPORT] = read_path,
	[ID_FAIL_ON_DROP] = read_flag,
	[ID_DRAIN_TIMEOUT] = read_drain_timeout,
	[ID_PIPE_SIZE] = read_pipe_size,
	[ID_NAME] = read_name,
	[ID_INTERVAL] = read_interval,
	[ID_PROGRESS] = read_flag,
	[ID_SIZE] = read_expected,
	[ID_METRICS] = read_path,
	[ID_MARK_DROPS] = read_mark_drops,
	[ID_DROPPED] = read_path,
	[ID_DROPPED_REASON] = read_flag,
	[ID_TOP_KEYS] = read_top_keys,
	[ID_HELP] = NULL,
	[ID_VERSION] = NULL,
};

bool
values_read(struct draft *draft, const struct given *given)
{
	draft->is_given[given->id] = true;
	draft->last[given->id] = *given;
	return readers[given->id] == NULL || readers[given->id](draft, given);
}

const char *
options_sample_by(const struct options *options)
{
	return sample_ways[options->sample_by];
}
