/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/visible.h"
#include "cli/draft.h"
#include "hold/mark.h"

#include <errno.h>
#include <stdio.h>
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
read_rate_by(struct draft *draft, const struct given *given)
{
	static const char *const ways[] = { "key" };

	draft->options->rate_by_key = true;
	return strcmp(given->value, ways[0]) == 0 ? true : draft_no_such(given, "no such way", ways, 1);
}

static bool
read_framing(struct draft *draft, const struct given *given)
{
	struct framing *framing = &draft->options->framing;

	*framing = draft_framings[given->id];
	if (given->id == ID_DELIMITER && !read_delimiter(given->value, &framing->delimiter))
		return draft_bad_value(given, "not one byte");
	return given->id != ID_FIXED || amounts_read(draft, given);
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

/* The others are framings or amounts, if there is anything to read. */
static bool (*const readers[IDS])(struct draft *draft, const struct given *given) = {
	[ID_POLICY] = policies_read,
	[ID_KEEP] = read_keep,
	[ID_KEY] = read_key,
	[ID_SEPARATOR] = read_separator,
	[ID_SAMPLE_BY] = read_sample_by,
	[ID_RATE_BY] = read_rate_by,
	[ID_QUIET] = read_flag,
	[ID_FORMAT] = read_format,
	[ID_REPORT_ON] = read_report_on,
	[ID_REPORT] = read_path,
	[ID_FAIL_ON_DROP] = read_flag,
	[ID_NAME] = read_name,
	[ID_PROGRESS] = read_flag,
	[ID_METRICS] = read_path,
	[ID_MARK_DROPS] = read_mark_drops,
	[ID_DROPPED] = read_path,
	[ID_DROPPED_REASON] = read_flag,
};

bool
values_read(struct draft *draft, const struct given *given)
{
	draft->is_given[given->id] = true;
	draft->last[given->id] = *given;
	if (draft_rows[given->id].group == DRAFT_FRAMING)
		return read_framing(draft, given);
	return readers[given->id] != NULL ? readers[given->id](draft, given) : amounts_read(draft, given);
}

const char *
options_sample_by(const struct options *options)
{
	return sample_ways[options->sample_by];
}
