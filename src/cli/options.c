/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/hint.h"
#include "cli/draft.h"
#include "cli/help.h"
#include "os/diag.h"
#include "pick/codel.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Values that no char has, so that getopt_long can tell long options by their id. */
#define LONG_BASE (UCHAR_MAX + 1)

static bool
may_lack_value(enum id id)
{
	return draft_rows[id].argument != NULL && draft_rows[id].argument[0] == '[';
}

static enum options_result
printed(bool done)
{
	if (done)
		return OPTIONS_DONE;
	diag_errno(errno, "standard output");
	return OPTIONS_ERROR;
}

/* --- collecting --------------------------------------------------------------------------------- */

static void
make_getopt_tables(char *letters, struct option *long_options)
{
	*letters++ = '+'; /* what stands behind the first operand is COMMAND's */
	*letters++ = ':'; /* a missing argument is told apart */
	for (int id = 0; id < IDS; id++) {
		bool takes = draft_rows[id].argument != NULL;

		for (const char *letter = draft_rows[id].letters; *letter != '\0'; letter++) {
			*letters++ = *letter;
			if (takes)
				*letters++ = ':';
		}
		long_options[id] = (struct option){
			.name = draft_rows[id].name,
			.has_arg = may_lack_value((enum id)id) ? optional_argument
			    : takes ? required_argument : no_argument,
			.val = LONG_BASE + id,
		};
	}
	*letters = '\0';
	long_options[IDS] = (struct option){ 0 };
}

static enum id
id_of(int code)
{
	if (code >= LONG_BASE)
		return (enum id)(code - LONG_BASE);
	for (int id = 0; id < IDS; id++)
		if (strchr(draft_rows[id].letters, code) != NULL)
			return (enum id)id;
	abort(); /* getopt_long only answers what the tables hold */
}

/* The names of all options, without their hyphens. */
static void
list_names(const char *names[IDS])
{
	for (int id = 0; id < IDS; id++)
		names[id] = draft_rows[id].name;
}

/* What is between the hyphens of a long option and its value; false for what is too long to be one. */
static bool
name_in(const char *argument, char name[HINT_NAMES_MOST])
{
	size_t hyphens = strspn(argument, "-");
	int length = snprintf(name, HINT_NAMES_MOST, "%.*s", (int)strcspn(argument + hyphens, "="), argument + hyphens);

	return length > 0 && length < HINT_NAMES_MOST;
}

/* The options for which the name is short, as "--low, --lines"; false for none. */
static bool
list_short_for(char *text, size_t size, const char *name)
{
	size_t length = 0;

	for (int id = 0; id < IDS; id++)
		if (strncmp(draft_rows[id].name, name, strlen(name)) == 0 && length < size)
			length += (size_t)snprintf(text + length, size - length, "%s--%s", length > 0 ? ", " : "",
			    draft_rows[id].name);
	return length > 0 && length < size;
}

/* A policy that was given as if it were an option. */
static void
hint_policy(char hint[HINT_MOST], const char *name)
{
	for (int i = 0; i < DRAFT_POLICIES; i++) {
		const char *form = draft_policies[i].form;

		if (strcspn(form, ":[") == strlen(name) && strncmp(form, name, strlen(name)) == 0)
			(void)snprintf(hint, HINT_MOST, "did you mean --policy=%s?", form);
	}
}

static void
bad_long(const char *argument)
{
	char name[HINT_NAMES_MOST], list[512], hint[HINT_MOST] = "";
	const char *names[IDS];

	list_names(names);
	if (name_in(argument, name)) {
		if (list_short_for(list, sizeof(list), name)) {
			diag_error("%s: short for several; accepted: %s", diag_visible(argument), list);
			return;
		}
		hint_policy(hint, name);
		if (hint[0] == '\0' && !hint_make(hint, "--", name, names, IDS))
			(void)policies_hint(hint, "--policy=", name);
	}
	diag_error("%s: no such option; %s%s'weir --help' lists what is accepted", diag_visible(argument), hint,
	    hint[0] != '\0' ? " " : "");
}

/* A letter in the other case, or -rate, which is -r with more letters. */
static void
bad_letter(const char *argument)
{
	char letter[2] = { (char)optopt, '\0' }, name[HINT_NAMES_MOST], hint[HINT_MOST] = "";
	char other = (char)(islower((unsigned char)optopt) ? toupper((unsigned char)optopt)
	    : tolower((unsigned char)optopt));
	const char *names[IDS];

	list_names(names);
	if (argument[0] == '-' && argument[1] == letter[0] && name_in(argument, name) && name[1] != '\0')
		(void)hint_make(hint, "--", name, names, IDS);
	for (int id = 0; id < IDS && hint[0] == '\0'; id++)
		if (other != letter[0] && strchr(draft_rows[id].letters, other) != NULL)
			(void)snprintf(hint, sizeof(hint), "did you mean -%c?", other);
	diag_error("-%s: no such option; %s%s'weir --help' lists what is accepted", diag_visible(letter), hint,
	    hint[0] != '\0' ? " " : "");
}

/* next is the argument behind the last one that is done. */
static enum options_result
bad_option(int code, const char *argument, const char *next)
{
	if (optopt >= LONG_BASE && code != ':') {
		diag_error("--%s takes no value, but %s gives one; 'weir --help' lists what is accepted",
		    draft_rows[optopt - LONG_BASE].name, diag_visible(argument));
	} else if (code == ':') {
		enum id id = id_of(optopt);
		diag_error("--%s needs a value; accepted: %s", draft_rows[id].name, draft_rows[id].accepts);
	} else if (optopt != 0) {
		/* The letters behind it are still to be read, if there are any. */
		bad_letter(next != NULL && next[0] == '-' && next[1] == (char)optopt && next[2] != '\0' ? next : argument);
	} else {
		bad_long(argument);
	}
	return OPTIONS_USAGE;
}

/* How many options there are at most: one an argument, or one for each letter of several together. */
static size_t
most_options(int argc, char *argv[])
{
	size_t most = 0;

	for (int i = 1; i < argc; i++)
		most += argv[i][0] == '-' && argv[i][1] != '-' ? strlen(argv[i]) : 1;
	return most;
}

/* Every option in its order into given[] (most_options elements are enough). */
static enum options_result
collect(int argc, char *argv[], struct given *given, int *count)
{
	char letters[3 * IDS + 3];
	struct option long_options[IDS + 1];
	int code;

	make_getopt_tables(letters, long_options);
	opterr = 0;
	optind = 0; /* all of it anew: whoever has parsed before may have had another order */
	while ((code = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		if (code == '?' || code == ':')
			return bad_option(code, argv[optind - 1], argv[optind]);
		given[*count] = (struct given){ id_of(code), NULL, optarg };
		if (given[*count].id == ID_HELP)
			return printed(code < LONG_BASE ? help_brief() : help_print());
		if (given[*count].id == ID_VERSION)
			return printed(help_version());
		++*count;
	}
	return OPTIONS_RUN;
}

void
draft_begin(struct draft *draft)
{
	*draft->options = (struct options){
		.policy = POLICY_BLOCK,
		.framing = { .kind = FRAMING_LINES, .delimiter = '\n' },
		.buffer_bytes = UINT64_C(1) << 20,
		.max_records = UINT64_MAX,
		.sample = { 1, 1 },
		.shed = { 1, 1 },
		.codel_target_ns = CODEL_TARGET_NS,
		.codel_interval_ns = CODEL_INTERVAL_NS,
		.key = { .separator = KEY_BLANKS },
		.record_linger_ns = NS_PER_S,
		.drain_timeout_ns = 2 * NS_PER_S,
		.spool_bytes = UINT64_C(1) << 30,
		.spool_sync_ns = 500 * NS_PER_MS,
		.interval_ns = NS_PER_S,
		.name = "weir",
		.reader = delivery_defaults,
	};
	draft->high_milli = 100 * UNITS_MILLI;
	draft->low_milli = 50 * UNITS_MILLI;
}

bool
draft_finish(struct draft *draft, const struct given *given, int count, char *const *operands)
{
	if (operands != NULL && !delivery_take_operands(draft, operands))
		return false;
	for (int i = 0; i < count; i++)
		if (given[i].id >= ID_LINES && given[i].id <= ID_BYTES)
			draft->bytes = given[i].id == ID_BYTES;
	for (int i = 0; i < count; i++)
		if (!values_read(draft, &given[i]))
			return false;
	return rules_hold(draft);
}

enum options_result
options_parse(int argc, char *argv[], struct options *options)
{
	struct draft draft = { .options = options };
	struct given *given = calloc(most_options(argc, argv) + 1, sizeof(*given));
	enum options_result result;
	int count = 0;

	draft_begin(&draft);
	if (given == NULL) {
		diag_errno(ENOMEM, "the command line");
		return OPTIONS_ERROR;
	}
	result = collect(argc, argv, given, &count);
	if (result == OPTIONS_RUN && !draft_finish(&draft, given, count, optind < argc ? argv + optind : NULL))
		result = OPTIONS_USAGE;
	if (result == OPTIONS_RUN && options->control) {
		options->given = given;
		options->given_count = count;
	} else {
		free(given);
	}
	return result;
}

void
options_free(struct options *options)
{
	free(options->given);
	options->given = NULL;
	keep_free(options->keep);
	options->keep = NULL;
	mask_free(options->mask);
	options->mask = NULL;
	key_clear(&options->key);
	lines_free(&options->lines);
	pattern_free(options->reader.answer);
	options->reader.answer = NULL;
}

bool
options_may_drop(const struct options *options)
{
	const struct reader_options *reader = &options->reader;

	return policy_drops(options->policy) || options->sample.num < options->sample.den || options->budget.amount > 0 ||
	    options->policing || options->collapse_ns != 0 ||
	    options->max_age_ns != 0 || reader->confirm != CONFIRM_WRITTEN || reader->outlive ||
	    (reader->restart && reader->retries != UINT64_MAX);
}

bool
options_mark(const struct options *options)
{
	return options->mark_template != NULL || options->repeated_template != NULL;
}

const struct key_rule *
options_key(const struct options *options)
{
	return options->key.looks != NULL ? &options->key : NULL;
}
