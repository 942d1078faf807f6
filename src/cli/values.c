/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/visible.h"
#include "cli/draft.h"
#include "hold/mark.h"
#include "hold/number.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A byte, as itself or behind a backslash; returns how much of the text that is, 0 for none. */
static size_t
read_byte(const char *text, unsigned char *byte)
{
	static const char plain[] = "nrt0\\";
	static const char meant[] = "\n\r\t\0\\";
	const char *known;
	unsigned value = 0;

	*byte = (unsigned char)text[0];
	if (text[0] != '\\')
		return text[0] != '\0';
	if (text[1] != '\0' && (known = strchr(plain, text[1])) != NULL) {
		*byte = (unsigned char)meant[known - plain];
		return 2;
	}
	if (text[1] != 'x' || strspn(text + 2, "0123456789abcdefABCDEF") < 2)
		return 0;
	(void)sscanf(text + 2, "%2x", &value);
	*byte = (unsigned char)value;
	return 4;
}

/* One byte, and nothing behind it; a backslash alone is itself. */
static bool
read_one(const char *text, unsigned char *byte)
{
	const size_t length = read_byte(text, byte);

	return (length > 0 && text[length] == '\0') || strcmp(text, "\\") == 0;
}

/* One byte is a delimiter of its own kind, which costs less. */
static bool
read_delimiter(struct draft *draft, const struct given *given)
{
	struct framing *framing = &draft->options->framing;
	const char *at = given->value;
	unsigned length = 0;

	if (read_one(at, &framing->delimiter))
		return true;
	for (size_t step; *at != '\0'; at += step, length++) {
		if (length == FRAMING_STRING_MOST)
			return draft_bad_value(given, "longer than 16 bytes");
		if ((step = read_byte(at, &framing->delimiter)) == 0)
			return draft_bad_value(given, "no such byte");
		framing->string[length] = (char)framing->delimiter;
	}
	if (length == 0)
		return draft_bad_value(given, "empty");
	framing->kind = FRAMING_STRING;
	framing->string_length = (unsigned char)length;
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
read_collapse(struct draft *draft, const struct given *given)
{
	draft->options->collapse_ns = OPTIONS_COLLAPSE_NS;
	return given->value == NULL || amounts_read(draft, given);
}

static bool
read_mask(struct draft *draft, const struct given *given)
{
	char error[PATTERN_ERROR_MOST];

	if (draft->options->mask == NULL && (draft->options->mask = mask_new()) == NULL)
		return draft_bad_value(given, strerror(errno));
	return mask_add(draft->options->mask, given->value, error) ? true : draft_bad_value(given, error);
}

static bool
read_separator(struct draft *draft, const struct given *given)
{
	unsigned char byte;

	if (!read_one(given->value, &byte))
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

/* The last is not asked for by its name. */
#define SAMPLE_WAYS ((size_t)SAMPLE_BY_BUDGET)
static const char *const sample_ways[] = {
	[SAMPLE_BY_COUNT] = "count",
	[SAMPLE_BY_RANDOM] = "random",
	[SAMPLE_BY_KEY] = "key",
	[SAMPLE_BY_EACH_KEY] = "each-key",
	[SAMPLE_BY_BUDGET] = "budget",
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
	int place = place_of(given->value, sample_ways, SAMPLE_WAYS);

	if (place < 0)
		return draft_no_such(given, "no such way", sample_ways, SAMPLE_WAYS);
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
read_frame(const struct given *given, enum frame_format *format)
{
	const char *names[FRAME_FORMATS];

	for (size_t i = 0; i < FRAME_FORMATS; i++)
		names[i] = frame_name((enum frame_format)i);
	return frame_by_name(given->value, format) ? true : draft_no_such(given, "no such format", names, FRAME_FORMATS);
}

static bool
read_framing(struct draft *draft, const struct given *given)
{
	struct framing *framing = &draft->options->framing;

	*framing = draft_framings[given->id];
	if (given->id == ID_DELIMITER)
		return read_delimiter(draft, given);
	if (given->id == ID_FRAME)
		return read_frame(given, &framing->format);
	return given->id != ID_FIXED || amounts_read(draft, given);
}

/* Of an option that is given twice the last one counts. */
static bool
read_line(struct draft *draft, const struct given *given)
{
	struct lines *lines = &draft->options->lines;
	struct pattern **pattern = given->id == ID_START ? &lines->start : given->id == ID_JOIN ? &lines->join : &lines->continued;
	char error[PATTERN_ERROR_MOST];

	if (*given->value == '\0')
		return draft_bad_value(given, "empty");
	pattern_free(*pattern);
	*pattern = pattern_is_enclosed(given->value) ? pattern_new_enclosed(given->value, error) : pattern_new(given->value, error);
	return *pattern != NULL ? true : draft_bad_value(given, error);
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

/* What is written to, and what is read. */
static bool
read_path(struct draft *draft, const struct given *given)
{
	static const size_t offsets[IDS] = {
		[ID_REPORT] = offsetof(struct options, report_path),
		[ID_METRICS] = offsetof(struct options, metrics_path),
		[ID_DROPPED] = offsetof(struct options, dropped_path),
		[ID_ANSWERS] = offsetof(struct options, reader.answers_path),
		[ID_CREDITS] = offsetof(struct options, reader.credits_path),
		[ID_SPOOL] = offsetof(struct options, spool_path),
	};
	const char **path = (const char **)(void *)((char *)draft->options + offsets[given->id]);

	*path = given->value;
	if (strcmp(given->value, "-") == 0)
		return draft_bad_value(given, draft_rows[given->id].group == DRAFT_READER
		    ? "standard input, /dev/stdin, is the data" : "neither standard input nor standard output can be one");
	return *given->value != '\0' ? true : draft_bad_value(given, "empty");
}

static bool
read_spool_sync(struct draft *draft, const struct given *given)
{
	static const char *const words[] = { "always", "never" };
	uint64_t *time_ns = &draft->options->spool_sync_ns;
	const int place = place_of(given->value, words, sizeof(words) / sizeof(words[0]));
	const char *error;

	if (place >= 0) {
		*time_ns = place == 0 ? 0 : UINT64_MAX;
		return true;
	}
	error = units_time(given->value, time_ns);
	if (error == NULL && *time_ns == 0)
		error = "zero has no meaning here";
	return error == NULL ? true : draft_bad_value(given, error);
}

/* Where nothing is given it is where others look. */
static bool
read_control(struct draft *draft, const struct given *given)
{
	draft->options->control = true;
	draft->options->control_path = given->value;
	if (given->value == NULL || (*given->value != '\0' && strcmp(given->value, "-") != 0))
		return true;
	return draft_bad_value(given, *given->value == '\0' ? "empty" : "neither standard input nor standard output can be one");
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
	options->reader.bisect |= given->id == ID_BISECT;
	options->reader.restart |= given->id == ID_RESTART;
	options->reader.foreground |= given->id == ID_FOREGROUND;
	return true;
}

/* --- the reader's ---------------------------------------------------------------------------------- */

static const char *const confirmations[] = {
	[CONFIRM_WRITTEN] = "written",
	[CONFIRM_READ] = "read",
	[CONFIRM_EXIT] = "exit",
	[CONFIRM_LINE] = "line",
	[CONFIRM_NUMBER] = "number",
	[CONFIRM_UPTO] = "upto",
};
#define CONFIRMATIONS (sizeof(confirmations) / sizeof(confirmations[0]))

/* The expression of line:REGEX; one between slashes is as for --keep. */
static bool
read_answer(struct reader_options *reader, const struct given *given, const char *regex)
{
	char error[PATTERN_ERROR_MOST];

	if (*regex == '\0' || strcmp(regex, "//") == 0 || strcmp(regex, "//i") == 0)
		return draft_bad_value(given, "an empty pattern; each line is what line alone takes");
	reader->answer = pattern_is_enclosed(regex) ? pattern_new_enclosed(regex, error) : pattern_new(regex, error);
	return reader->answer != NULL ? true : draft_bad_value(given, error);
}

static bool
read_confirm(struct draft *draft, const struct given *given)
{
	struct reader_options *reader = &draft->options->reader;
	const size_t length = strcspn(given->value, ":");
	const char *regex = given->value[length] == ':' ? given->value + length + 1 : NULL;
	char name[16];
	int place;

	(void)snprintf(name, sizeof(name), "%.*s", (int)length, given->value);
	place = length < sizeof(name) ? place_of(name, confirmations, CONFIRMATIONS) : -1;
	if (place < 0)
		return draft_no_such(given, "no such confirmation", confirmations, CONFIRMATIONS);
	if (regex != NULL && place != CONFIRM_LINE)
		return draft_bad_value(given, "takes no REGEX");
	pattern_free(reader->answer);
	reader->answer = NULL;
	reader->confirm = (enum confirm)place;
	reader->confirm_given = true;
	return regex == NULL || read_answer(reader, given, regex);
}

static bool
read_reader_gone(struct draft *draft, const struct given *given)
{
	static const char *const ways[] = { "end", "discard" };
	int place = place_of(given->value, ways, sizeof(ways) / sizeof(ways[0]));

	if (place < 0)
		return draft_no_such(given, "no such way", ways, sizeof(ways) / sizeof(ways[0]));
	draft->options->reader.outlive = place == 1;
	return true;
}

static bool
read_hook(struct draft *draft, const struct given *given)
{
	struct reader_options *reader = &draft->options->reader;

	*(given->id == ID_ON_HIGH ? &reader->on_high : &reader->on_low) = given->value;
	return *given->value != '\0' ? true : draft_bad_value(given, "empty");
}

/* As with --mark-drops, the template is read when the delimiter is known. */
static bool
read_weight(struct draft *draft, const struct given *given)
{
	draft->options->weight_template = given->value;
	return true;
}

static bool
read_number(struct draft *draft, const struct given *given)
{
	draft->options->reader.number_template = given->value != NULL ? given->value : NUMBER_DEFAULT;
	return true;
}

/* The others are framings or amounts, if there is anything to read. */
static bool (*const readers[IDS])(struct draft *draft, const struct given *given) = {
	[ID_POLICY] = policies_read,
	[ID_KEEP] = read_keep,
	[ID_START] = read_line,
	[ID_JOIN] = read_line,
	[ID_CONTINUED] = read_line,
	[ID_KEY] = read_key,
	[ID_COLLAPSE] = read_collapse,
	[ID_MASK] = read_mask,
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
	[ID_CONFIRM] = read_confirm,
	[ID_CONTROL] = read_control,
	[ID_ANSWERS] = read_path,
	[ID_CREDITS] = read_path,
	[ID_SPOOL] = read_path,
	[ID_SPOOL_SYNC] = read_spool_sync,
	[ID_BISECT] = read_flag,
	[ID_RESTART] = read_flag,
	[ID_READER_GONE] = read_reader_gone,
	[ID_FOREGROUND] = read_flag,
	[ID_ON_HIGH] = read_hook,
	[ID_ON_LOW] = read_hook,
	[ID_NUMBER] = read_number,
	[ID_WEIGHT] = read_weight,
};

bool
values_read(struct draft *draft, const struct given *given)
{
	draft->is_given[given->id] = true;
	draft->last[given->id] = *given;
	if (given->id >= ID_LINES && given->id <= ID_BYTES)
		return read_framing(draft, given);
	return readers[given->id] != NULL ? readers[given->id](draft, given) : amounts_read(draft, given);
}

const char *
options_sample_by(const struct options *options)
{
	return sample_ways[options->sample_by];
}

const char *
options_confirm(const struct options *options)
{
	return confirmations[options->reader.confirm];
}
