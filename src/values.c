/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "codel.h"
#include "compat.h"
#include "draft.h"
#include "mark.h"

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

	return error == NULL ? true : draft_bad_value(given, error);
}

static bool
read_time(const struct given *given, uint64_t *ns)
{
	const char *error = units_time(given->value, ns);

	return error == NULL ? true : draft_bad_value(given, error);
}

/* TARGET, or TARGET/INTERVAL; as in the default, an interval is ten times the target where it is not given. */
static bool
read_codel(struct options *options, const struct given *given)
{
	const char *slash = strchr(given->value, '/');
	char target[32];
	int length = snprintf(target, sizeof(target), "%.*s", (int)strcspn(given->value, "/"), given->value);
	const char *error = (size_t)length < sizeof(target) ? units_time(target, &options->codel_target_ns)
	    : "not a time";

	options->codel_interval_ns = CODEL_INTERVAL_NS / CODEL_TARGET_NS * options->codel_target_ns;
	if (error == NULL && slash != NULL)
		error = units_time(slash + 1, &options->codel_interval_ns);
	if (error == NULL && (options->codel_target_ns == 0 || options->codel_interval_ns == 0))
		error = "zero has no meaning here";
	return error == NULL ? true : draft_bad_value(given, error);
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
		return shorts[i].policy == POLICY_SHED ? read_share(&meant, &options->shed)
		    : read_codel(options, &meant);
	}
	options->codel_target_ns = CODEL_TARGET_NS;
	options->codel_interval_ns = CODEL_INTERVAL_NS;
	if (!policy_find(given->value, &options->policy))
		return draft_bad_value(given, "no such policy");
	return options->policy != POLICY_SHED ? true : draft_bad_value(given, "1 in how many is missing");
}

static bool
read_name(struct draft *draft, const struct given *given)
{
	size_t length = strlen(given->value);

	if (length == 0 || length > OPTIONS_NAME_MOST)
		return draft_bad_value(given, length == 0 ? "empty" : "too long");
	for (size_t i = 0; i < length; i++)
		if (given->value[i] < 0x20 || given->value[i] > 0x7e)
			return draft_bad_value(given, "not printable ASCII");
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

	if (error == NULL && *milli < least)
		error = "zero has no meaning here";
	return error == NULL ? true : draft_bad_value(given, error);
}

static bool
read_records(const struct given *given, uint64_t *count)
{
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
read_max_age(struct options *options, const struct given *given)
{
	if (!read_time(given, &options->max_age_ns))
		return false;
	return options->max_age_ns > 0 ? true : draft_bad_value(given, "zero has no meaning here");
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
read_keep(struct options *options, const struct given *given)
{
	char error[PATTERN_ERROR_MOST];

	if (options->keep == NULL && (options->keep = keep_new()) == NULL)
		return draft_bad_value(given, strerror(errno));
	return keep_add(options->keep, given->value, error) ? true : draft_bad_value(given, error);
}

static bool
read_separator(struct options *options, const struct given *given)
{
	unsigned char byte;

	if (!read_delimiter(given->value, &byte))
		return draft_bad_value(given, "not one byte");
	options->key.separator = byte;
	return true;
}

static bool
read_key(struct options *options, const struct given *given)
{
	char room[PATTERN_ERROR_MOST];
	const char *error;

	error = key_parse(&options->key, given->value, room);
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
read_sample_by(struct options *options, const struct given *given)
{
	int place = place_of(given->value, sample_ways, sizeof(sample_ways) / sizeof(sample_ways[0]));

	if (place < 0)
		return draft_bad_value(given, "no such way");
	options->sample_by = (enum sample_by)place;
	return true;
}

static bool
read_number_into(struct options *options, const struct given *given)
{
	long long number = 0;

	if (!read_number(given, given->id == ID_TOP_KEYS, given->id == ID_TOP_KEYS ? 100 : INT64_MAX, &number))
		return false;
	if (given->id == ID_TOP_KEYS) {
		options->top_keys = (unsigned)number;
		return true;
	}
	options->seeded = true;
	options->seed = (uint64_t)number;
	return true;
}

static bool
read_framing(struct framing *framing, const struct given *given)
{
	static const enum framing_kind kinds[IDS] = {
		[ID_LINES] = FRAMING_LINES,
		[ID_NULL] = FRAMING_NULL,
		[ID_DELIMITER] = FRAMING_DELIMITER,
		[ID_FIXED] = FRAMING_FIXED,
		[ID_BYTES] = FRAMING_BYTES,
	};

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
read_format(struct options *options, const struct given *given)
{
	static const char *const formats[] = {
		[FORMAT_TEXT] = "text",
		[FORMAT_JSON] = "json",
		[FORMAT_JOURNAL] = "journal",
	};
	int place = place_of(given->value, formats, sizeof(formats) / sizeof(formats[0]));

	if (place < 0)
		return draft_bad_value(given, "no such format");
	options->format = (enum report_format)place;
	return true;
}

static bool
read_path(struct options *options, const struct given *given)
{
	const char **path = given->id == ID_REPORT ? &options->report_path
	    : given->id == ID_METRICS ? &options->metrics_path : &options->dropped_path;

	*path = given->value;
	return *given->value != '\0' ? true : draft_bad_value(given, "empty");
}

static bool
read_interval(struct options *options, const struct given *given)
{
	options->reporting = true;
	if (!read_time(given, &options->interval_ns))
		return false;
	return options->interval_ns >= OPTIONS_INTERVAL_LEAST_NS ? true : draft_bad_value(given, "too small");
}

static bool
read_pipe_size(struct draft *draft, const struct given *given)
{
	if (strcmp(given->value, "keep") == 0) {
		draft->options->pipe_bytes = PIPE_BYTES_KEEP;
		return true;
	}
	return read_size(given, 4096, UINT64_C(1) << 30, &draft->options->pipe_bytes);
}

/* An option that is given or not. */
static void
set_flag(struct options *options, enum id id)
{
	options->quiet |= id == ID_QUIET;
	options->fail_on_drop |= id == ID_FAIL_ON_DROP;
	options->progress |= id == ID_PROGRESS;
	options->dropped_reason |= id == ID_DROPPED_REASON;
}

bool
values_read(struct draft *draft, const struct given *given)
{
	struct options *options = draft->options;

	draft->is_given[given->id] = true;
	draft->last[given->id] = *given;
	switch (given->id) {
	case ID_POLICY:
		return read_policy(draft, given);
	case ID_BUFFER:
		return read_size(given, OPTIONS_BUFFER_LEAST, OPTIONS_BUFFER_MOST, &options->buffer_bytes);
	case ID_MAX_RECORDS:
		return read_records(given, &options->max_records);
	case ID_MAX_RECORD:
		return read_size(given, 1, UNITS_SIZE_MAX, &options->max_record_bytes);
	case ID_HIGH:
		return read_percent(given, 1, &draft->high_milli);
	case ID_LOW:
		return read_percent(given, 0, &draft->low_milli);
	case ID_SAMPLE:
		return read_share(given, &options->sample);
	case ID_RATE:
	case ID_DROP_OVER:
		return read_rate(draft, given);
	case ID_MAX_AGE:
		return read_max_age(options, given);
	case ID_KEEP:
		return read_keep(options, given);
	case ID_KEY:
		return read_key(options, given);
	case ID_SEPARATOR:
		return read_separator(options, given);
	case ID_SAMPLE_BY:
		return read_sample_by(options, given);
	case ID_SEED:
	case ID_TOP_KEYS:
		return read_number_into(options, given);
	case ID_RATE_BY:
		options->rate_by_key = true;
		return strcmp(given->value, "key") == 0 ? true : draft_bad_value(given, "no such way");
	case ID_LINES:
	case ID_NULL:
	case ID_DELIMITER:
	case ID_FIXED:
	case ID_BYTES:
		return read_framing(&options->framing, given);
	case ID_FORMAT:
		return read_format(options, given);
	case ID_REPORT:
	case ID_METRICS:
	case ID_DROPPED:
		return read_path(options, given);
	case ID_DRAIN_TIMEOUT:
		return read_time(given, &options->drain_timeout_ns);
	case ID_PIPE_SIZE:
		return read_pipe_size(draft, given);
	case ID_NAME:
		return read_name(draft, given);
	case ID_INTERVAL:
		return read_interval(options, given);
	case ID_MARK_DROPS:
		options->mark_template = given->value != NULL ? given->value : MARK_DEFAULT;
		break; /* not read before the delimiter is known */
	case ID_QUIET:
	case ID_FAIL_ON_DROP:
	case ID_PROGRESS:
	case ID_DROPPED_REASON:
		set_flag(options, given->id);
		break;
	case ID_BURST:   /* in the unit of a rate that is not known yet */
	case ID_HELP:    /* printed when collected */
	case ID_VERSION:
		break;
	}
	return true;
}

const char *
options_sample_by(const struct options *options)
{
	return sample_ways[options->sample_by];
}
