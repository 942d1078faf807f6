/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/hint.h"
#include "cli/columns.h"
#include "ctl/ask.h"
#include "ctl/list.h"
#include "ctl/serve.h"
#include "ctl/spools.h"
#include "ctl/top.h"
#include "ctl/words.h"
#include "os/diag.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define COLUMN 21

#define LONG_BASE (UCHAR_MAX + 1)
#define BIT(option) (1U << (option))

/* Of all words; and of those that are for one weir. */
#define COMMON (BIT(WORD_HELP) | BIT(WORD_VERSION))
#define WHICH (BIT(WORD_NAME) | BIT(WORD_PID))

#define NOTHING NULL, "nothing", 0, 0
#define SPOOL_DIR "DIR", "the directory of a weir --spool", 1, 1

static const struct word words[] = {
	{ { "list", NULL }, NOTHING, 0,
	    "the weirs that can be talked to, a line each: process id, name, records in, out and held, policy", list_run },
	{ { "top", NULL }, NOTHING, BIT(WORD_BATCH),
	    "the same, and how fast, how full, who holds up whom, what is lost: once a second, until q", top_run },
	{ { "serve", NULL }, NOTHING, BIT(WORD_LISTEN),
	    "the same as a page for browsers and one for Prometheus, until a signal", serve_run },
	{ { "report", NULL }, NOTHING, WHICH,
	    "a report of it, as a line of JSON", ask_run },
	{ { "set", NULL }, "OPTION=VALUE...", "an option of weir, without its hyphens, as rate=5MB/s", 1, INT_MAX, WHICH,
	    "change these options, all of them or none; OPTION= alone: as it was in the beginning", ask_run },
	{ { "pause", NULL }, NOTHING, WHICH,
	    "let nothing out", ask_run },
	{ { "resume", NULL }, NOTHING, WHICH,
	    "let it out again", ask_run },
	{ { "drain", NULL }, NOTHING, WHICH,
	    "end in order: what is held goes out, and what still comes, for as long as weir may take", ask_run },
	{ { "purge", NULL }, NOTHING, WHICH,
	    "drop what waits", ask_run },
	{ { "watch", NULL }, "TIME", "how often, from 10ms on, as 1s", 1, 1, WHICH,
	    "a report so often, until it ends", ask_stream },
	{ { "tap", NULL }, "in|out [1/N]", "in or out, and one in how many", 1, 2, WHICH,
	    "records that come or go, a sample of them, until it ends", ask_stream },
	{ { "spool", "check" }, SPOOL_DIR, BIT(WORD_JSON),
	    "what is in the spool of weir --spool=DIR, a line a segment, and what is missing; exit status 1 if anything is",
	    spools_check },
	{ { "spool", "dump" }, SPOOL_DIR, BIT(WORD_ALL) | BIT(WORD_NUMBER),
	    "the records in it that are not confirmed, as they came and in their order, to standard output", spools_dump },
};
#define WORDS (sizeof(words) / sizeof(words[0]))

static const struct {
	const char *name;
	char letter;       /* '\0': none */
	const char *value; /* NULL: none */
	const char *help;
} options[] = {
	[WORD_ALL] = { "all", '\0', NULL, "dump: what is confirmed, and still there, as well" },
	[WORD_BATCH] = { "batch", 'b', NULL, "top: one table after one second, to standard output" },
	[WORD_JSON] = { "json", '\0', NULL, "check: all of it as one line of JSON" },
	[WORD_LISTEN] = { "listen", '\0', "ADDR", "serve: an address of this machine's loopback and a port [" SERVE_DEFAULT "]" },
	[WORD_NAME] = { "name", 'n', "NAME", "the weir with this --name; neither this nor -p is needed where one weir runs" },
	[WORD_NUMBER] = { "number", '\0', NULL, "dump: put its serial and a tab before each record" },
	[WORD_PID] = { "pid", 'p', "PID", "the weir with this process id" },
	[WORD_HELP] = { "help", 'h', NULL, "print this summary" },
	[WORD_VERSION] = { "version", 'V', NULL, "print the version" },
};
static_assert(sizeof(options) / sizeof(options[0]) == WORD_OPTIONS, "a row for each option");

/* --- what is printed ----------------------------------------------------------------------------- */

static int
printed(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return CTL_GOOD;
	diag_errno(errno, "standard output");
	return CTL_BAD;
}

static int
print_option(int i)
{
	const int letter = options[i].letter != '\0' ? printf("  -%c, ", options[i].letter) : printf("  ");

	return letter + printf("--%s%s%s", options[i].name, options[i].value != NULL ? "=" : "",
	    options[i].value != NULL ? options[i].value : "");
}

static int
print_help(void)
{
	printf("Usage: weirctl [OPTION]... WORD...\n"
	       "Talk to a weir --control that runs, see all of them at once, and look at what\n"
	       "weir has on disk.\n\nWords:\n");
	for (size_t i = 0; i < WORDS; i++) {
		const struct word *word = &words[i];

		columns_print(printf("  %s%s%s%s%s", word->name[0], word->name[1] != NULL ? " " : "",
		    word->name[1] != NULL ? word->name[1] : "", word->operands != NULL ? " " : "",
		    word->operands != NULL ? word->operands : ""), COLUMN, word->help);
	}
	printf("\nOptions:\n");
	for (int i = 0; i < WORD_OPTIONS; i++)
		columns_print(print_option(i), COLUMN, options[i].help);
	printf("\nExit status: 0; 1 for an error, for no such weir or one that refuses, or where\n"
	       "something is missing; 2 for words or options that there are not.\n"
	       "\nExamples:\n"
	       "  # a backup goes slower from nine in the morning on\n"
	       "  weirctl -n backup set rate=5MB/s\n"
	       "  # which stage of which pipeline holds up the others?\n"
	       "  weirctl top\n"
	       "  # is it whole, and how much is in it?\n"
	       "  weirctl spool check /var/spool/weir/shop\n"
	       "  # what an earlier weir has left, without a weir\n"
	       "  weirctl spool dump /var/spool/weir/shop | load\n"
	       "\nweirctl(1) has all of it.\n");
	return printed();
}

static int
print_version(void)
{
	printf("weirctl %s\n", PACKAGE_VERSION);
	return printed();
}

/* --- which word ---------------------------------------------------------------------------------- */

/* The names at a place of the rows whose first name is this (NULL: of all rows); each once. */
static size_t
list_names(const char *names[WORDS], int place, const char *first)
{
	size_t count = 0;

	for (size_t i = 0; i < WORDS; i++) {
		const char *name = words[i].name[place];
		bool known = name == NULL || (first != NULL && strcmp(words[i].name[0], first) != 0);

		for (size_t j = 0; j < count && !known; j++)
			known = strcmp(names[j], name) == 0;
		if (!known)
			names[count++] = name;
	}
	return count;
}

static void
join(char *text, size_t size, const char *prefix, const char *const names[], size_t count)
{
	size_t length = 0;

	*text = '\0';
	for (size_t i = 0; i < count && length < size; i++)
		length += (size_t)snprintf(text + length, size - length, "%s%s%s", i > 0 ? ", " : "", prefix, names[i]);
}

/* No row has this at that place. */
static const struct word *
refuse_word(const char *first, const char *word)
{
	const char *names[WORDS];
	const size_t count = list_names(names, first != NULL, first);
	char hint[HINT_MOST], accepted[HINT_MOST];

	join(accepted, sizeof(accepted), "", names, count);
	if (word == NULL && first == NULL)
		diag_error("a word is missing; accepted: %s; 'weirctl --help' says more", accepted);
	else if (word == NULL)
		diag_error("%s needs another word; accepted: %s", first, accepted);
	else if (hint_make(hint, "", word, names, count))
		diag_error("%s%s%s: no such word; %s accepted: %s", first != NULL ? first : "", first != NULL ? " " : "",
		    diag_visible(word), hint, accepted);
	else
		diag_error("%s%s%s: no such word; accepted: %s", first != NULL ? first : "", first != NULL ? " " : "",
		    diag_visible(word), accepted);
	return NULL;
}

/* The row that these words begin with; *used says how many of them are its name. */
static const struct word *
find_word(int count, char *const given[], int *used)
{
	const char *first = NULL;

	if (count == 0)
		return refuse_word(NULL, NULL);
	for (size_t i = 0; i < WORDS; i++) {
		const struct word *word = &words[i];

		if (strcmp(word->name[0], given[0]) != 0)
			continue;
		first = word->name[0];
		*used = word->name[1] != NULL ? 2 : 1;
		if (*used == 1 || (count > 1 && strcmp(word->name[1], given[1]) == 0))
			return word;
	}
	return refuse_word(first, first == NULL ? given[0] : count > 1 ? given[1] : NULL);
}

/* --- what is given with it ------------------------------------------------------------------------ */

static const char *
full_name(char text[HINT_NAMES_MOST], const struct word *word)
{
	(void)snprintf(text, HINT_NAMES_MOST, "%s%s%s", word->name[0], word->name[1] != NULL ? " " : "",
	    word->name[1] != NULL ? word->name[1] : "");
	return text;
}

static bool
takes_options(const struct word *word, const struct asked *asked)
{
	const char *names[WORD_OPTIONS];
	char name[HINT_NAMES_MOST], accepted[HINT_MOST];
	size_t count = 0;

	for (int i = 0; i < WORD_OPTIONS; i++)
		if (((word->options | COMMON) & BIT(i)) != 0)
			names[count++] = options[i].name;
	join(accepted, sizeof(accepted), "--", names, count);
	for (int i = 0; i < WORD_OPTIONS; i++) {
		if (!asked->on[i] || ((word->options | COMMON) & BIT(i)) != 0)
			continue;
		diag_error("--%s: not with %s; accepted: %s", options[i].name, full_name(name, word), accepted);
		return false;
	}
	return true;
}

static bool
takes_operands(const struct word *word, int count, char *const given[])
{
	char name[HINT_NAMES_MOST];

	(void)full_name(name, word);
	if (count > word->most)
		diag_error("%s: one too many for %s; accepted: %s", diag_visible(given[word->most]), name,
		    word->operands != NULL ? word->operands : "nothing");
	else if (count < word->least)
		diag_error("%s needs %s; accepted: %s", name, word->operands, word->accepted);
	else if (count > 0 && given[0][0] == '\0')
		diag_error("%s: an empty %s; accepted: %s", name, word->operands, word->accepted);
	else
		return true;
	return false;
}

/* --- the command line ----------------------------------------------------------------------------- */

/* WORD_OPTIONS: none of them. */
static int
option_of(int code)
{
	int i = 0;

	while (i < WORD_OPTIONS && code != LONG_BASE + i && code != options[i].letter)
		i++;
	return i;
}

static int
refuse_option(const char *argument)
{
	const char *names[WORD_OPTIONS];
	char name[HINT_NAMES_MOST], hint[HINT_MOST] = "", accepted[HINT_MOST];
	int value_of;
	const int length = (int)strcspn(argument + 2 * (argument[0] == '-' && argument[1] == '-'), "=");

	for (int i = 0; i < WORD_OPTIONS; i++)
		names[i] = options[i].name;
	join(accepted, sizeof(accepted), "--", names, WORD_OPTIONS);
	if (optopt != 0 && (value_of = option_of(optopt)) < WORD_OPTIONS && options[value_of].value != NULL)
		diag_error("%s needs %s; accepted: %s", diag_visible(argument), options[value_of].value,
		    options[value_of].help);
	else if (optopt >= LONG_BASE)
		diag_error("--%s takes no value, but %s gives one", names[optopt - LONG_BASE], diag_visible(argument));
	else if (optopt != 0)
		diag_error("-%c: no such option; accepted: %s", optopt > ' ' && optopt < 127 ? optopt : '?', accepted);
	else if (snprintf(name, sizeof(name), "%.*s", length, argument + 2) < (int)sizeof(name) &&
	    hint_make(hint, "--", name, names, WORD_OPTIONS))
		diag_error("%s: no such option; %s accepted: %s", diag_visible(argument), hint, accepted);
	else
		diag_error("%s: no such option; accepted: %s", diag_visible(argument), accepted);
	return CTL_USAGE;
}

static void
make_getopt_tables(char letters[2 * WORD_OPTIONS + 1], struct option long_options[WORD_OPTIONS + 1])
{
	for (int i = 0; i < WORD_OPTIONS; i++) {
		const bool valued = options[i].value != NULL;

		if (options[i].letter != '\0')
			*letters++ = options[i].letter;
		if (options[i].letter != '\0' && valued)
			*letters++ = ':';
		long_options[i] = (struct option){ .name = options[i].name, .val = LONG_BASE + i,
			.has_arg = valued ? required_argument : no_argument };
	}
	*letters = '\0';
	long_options[WORD_OPTIONS] = (struct option){ 0 };
}

int
words_run(int argc, char *argv[])
{
	struct option long_options[WORD_OPTIONS + 1];
	char letters[2 * WORD_OPTIONS + 1];
	struct asked asked = { .words = NULL };
	const struct word *word;
	int code, used = 0;

	make_getopt_tables(letters, long_options);
	opterr = 0;
	while ((code = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		if (code == '?')
			return refuse_option(argv[optind - 1]);
		asked.on[option_of(code)] = true;
		asked.value[option_of(code)] = optarg;
	}
	if (asked.on[WORD_HELP])
		return print_help();
	if (asked.on[WORD_VERSION])
		return print_version();
	if ((word = find_word(argc - optind, argv + optind, &used)) == NULL || !takes_options(word, &asked) ||
	    !takes_operands(word, argc - optind - used, argv + optind + used))
		return CTL_USAGE;
	asked.word = word;
	asked.words = argv + optind + used;
	asked.count = argc - optind - used;
	return word->run(&asked);
}
