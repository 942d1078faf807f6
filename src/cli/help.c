/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "cli/columns.h"
#include "cli/draft.h"
#include "cli/help.h"
#include "pick/pattern.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define COLUMN 26     /* of what an option does */
#define POLICY_COLUMN 15

#ifdef HAVE_PCRE2
#define EXAMPLE_KEEP " --keep=ERROR"
#define EXAMPLE_KEEP_SAYS ", and errors are lost last"
#else
#define EXAMPLE_KEEP ""
#define EXAMPLE_KEEP_SAYS ""
#endif

static const char *const groups[] = {
	[DRAFT_BUFFER] = "Buffer and policy",
	[DRAFT_KEYS] = "Keys",
	[DRAFT_IN] = "Gates in",
	[DRAFT_OUT] = "Gates out",
	[DRAFT_FRAMING] = "Framing",
	[DRAFT_READER] = "Reader",
	[DRAFT_SPOOL] = "Spool",
	[DRAFT_REPORTS] = "Reports",
	[DRAFT_DROPPED] = "What was dropped",
	[DRAFT_STEERING] = "Steering",
	[DRAFT_ENDING] = "Ending and the system",
};
static_assert(sizeof(groups) / sizeof(groups[0]) == DRAFT_GROUPS, "a title for every group");

static void
print_option(const struct draft_row *row, const char *text)
{
	const char *argument = row->argument != NULL ? row->argument : "";
	int at = printf("  ");

	for (const char *letter = row->letters; *letter != '\0'; letter++)
		at += printf("-%c, ", *letter);
	if (argument[0] == '[')
		at += printf("--%s[=%s", row->name, argument + 1);
	else
		at += printf("--%s%s%s", row->name, argument[0] != '\0' ? "=" : "", argument);
	columns_print(at, COLUMN, text);
}

static bool
is_printed(void)
{
	return fflush(stdout) == 0 && !ferror(stdout);
}

bool
help_print(void)
{
	printf("Usage: weir [OPTION]... [COMMAND [ARG]...]\n"
	       "Copy records from standard input to standard output through a bounded buffer,\n"
	       "or to COMMAND, which weir starts.\n"
	       "What gives way when the reader is too slow is for you to say; all of it is\n"
	       "counted, and reported at the end.\n");
	for (int id = 0; id < IDS; id++) {
		const struct draft_row *row = &draft_rows[id];

		if (id == 0 || row->group != draft_rows[id - 1].group)
			printf("\n%s:\n", groups[row->group]);
		print_option(row, row->help);
	}
	printf("\nPOLICY is one of these:\n");
	for (int i = 0; i < DRAFT_POLICIES; i++)
		columns_print(printf("  %s", draft_policies[i].form), POLICY_COLUMN, draft_policies[i].help);
	printf("\nSIZE: 64K, 1.5M are powers of 1024, 10MB is one of 1000.  PCT: 80%%.\n"
	       "TIME: 250ms, 5s, 1.5m, 2h.  RATE: 100/s, 10k/s, 6000/min, 1000/30s count\n"
	       "records; 10MB/s, 64KiB/s, 10Mbit/s bytes.  AMOUNT: 500, 10k records;\n"
	       "64KiB, 1MB bytes.  USR1 asks for a report at any time.\n"
	       "\nExamples:\n"
	       "  # a hundred lines a second, the rest waits\n"
	       "  cat urls | weir -L 100/s | xargs -n 1 curl -sO\n"
	       "  # a slow reader sees the newest 16 MiB" EXAMPLE_KEEP_SAYS "\n"
	       "  tail -F log | weir -p drop-oldest -m 16M" EXAMPLE_KEEP " | slow-reader\n"
	       "  # one line in a hundred, and which side of the pipeline is slow\n"
	       "  producer | weir -v --sample=100 | reader >out\n"
	       "\nweir(1) has all of it.\n");
	return is_printed();
}

bool
help_brief(void)
{
	printf("Usage: weir [OPTION]... [COMMAND [ARG]...]\n"
	       "Copy records from standard input to standard output through a bounded buffer.\n\n");
	for (int id = 0; id < IDS; id++)
		if (draft_rows[id].brief != NULL)
			print_option(&draft_rows[id], draft_rows[id].brief);
	printf("\n  tail -F log | weir -p drop-oldest -m 16M | slow-reader\n"
	       "\n'weir --help' has all options, policies and forms of values; so has weir(1).\n");
	return is_printed();
}

bool
help_version(void)
{
	char engine[PATTERN_ENGINE_MOST];

	printf("weir %s\n", PACKAGE_VERSION);
	printf("regular expressions: %s\n", pattern_engine(engine) ? engine : "none, built without PCRE2");
#if defined(HAVE_LANDLOCK)
	printf("confinement: Landlock\n");
#elif defined(HAVE_PLEDGE)
	printf("confinement: pledge and unveil\n");
#else
	printf("confinement: none\n");
#endif
#ifdef HAVE_SPLICE
	printf("from pipe to pipe: splice\n");
#else
	printf("from pipe to pipe: copied\n");
#endif
#ifdef WEIR_DEBUG
	printf("invariants: checked at run time\n");
#endif
	return is_printed();
}
