/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/units.h"
#include "ctl/ask.h"
#include "ctl/choose.h"
#include "ctl/exchange.h"
#include "ctl/quote.h"
#include "ctl/told.h"
#include "os/diag.h"
#include "os/loop.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A weir answers between two passes, within milliseconds.  One that is stopped does not. */
#define PATIENCE_NS (10 * NS_PER_S)

/* So much a weir takes as one line, with its newline and a NUL. */
#define LINE_MOST 8192

#define ERROR_MOST 1024

/* --- what is sent -------------------------------------------------------------------------------- */

/* The row's word, and what is given with it: false when it has been said what is wrong. */
static bool
make_line(char line[LINE_MOST], const struct asked *asked)
{
	const char *wrong = NULL;
	const size_t length = (size_t)snprintf(line, LINE_MOST, "%s%s", asked->word->name[0], asked->count > 0 ? " " : "\n");

	if (asked->count == 0 || quote_words(line + length, LINE_MOST - length, asked->words, asked->count, &wrong))
		return true;
	diag_error("%s: %s; accepted: one line of less than %d bytes", diag_visible(wrong),
	    strchr(wrong, '\n') != NULL ? "a newline in it" : "too long", LINE_MOST);
	return false;
}

/* --- what is answered ---------------------------------------------------------------------------- */

/* Each answer at once: who reads them waits for it. */
static bool
print_answer(const char *text)
{
	if (printf("%s\n", text) >= 0 && fflush(stdout) == 0)
		return true;
	diag_errno(errno, "standard output");
	return false;
}

static int
show(const struct socket_of *one, const char *answer, size_t length)
{
	char error[ERROR_MOST];

	if (!told_error(error, sizeof(error), answer, length))
		return print_answer(answer) ? CTL_GOOD : CTL_BAD;
	diag_error("%s (%jd): %s", one->name, (intmax_t)one->pid, error);
	return CTL_BAD;
}

static int
fail(const struct socket_of *one, int error)
{
	diag_error("%s (%jd): %s", one->name, (intmax_t)one->pid, exchange_error(error));
	return CTL_BAD;
}

static int
show_one(struct wire *wire, const struct socket_of *one)
{
	char *answer;
	size_t length;
	const int error = exchange_answer(wire, &answer, &length, loop_now() + PATIENCE_NS);

	return error == 0 ? show(one, answer, length) : fail(one, error);
}

/* It ends with the weir, which has said its last words, or by a signal, or when nobody reads them. */
static int
show_all(struct wire *wire, const struct socket_of *one)
{
	enum wire_got got;
	char *answer;
	size_t length, answers = 0;

	while ((got = wire_await(wire, &answer, &length, LOOP_FOREVER, STDOUT_FILENO)) == WIRE_LINE) {
		const int status = show(one, answer, length);

		if (status != CTL_GOOD)
			return status;
		answers++;
	}
	if (got == WIRE_ENDED && (answers > 0 || loop_gone(STDOUT_FILENO)))
		return CTL_GOOD;
	return fail(one, got == WIRE_ENDED ? ECONNRESET : errno);
}

static int
talk(const struct asked *asked, int (*answers)(struct wire *wire, const struct socket_of *one))
{
	char line[LINE_MOST];
	struct socket_of one;
	struct wire wire;
	int status = make_line(line, asked) ? choose(&one, asked) : CTL_USAGE, error;

	if (status != CTL_GOOD)
		return status;
	if ((error = exchange_begin(&wire, &one, line)) != 0)
		return fail(&one, error);
	status = answers(&wire, &one);
	wire_close(&wire);
	return status;
}

int
ask_run(const struct asked *asked)
{
	return talk(asked, show_one);
}

int
ask_stream(const struct asked *asked)
{
	return talk(asked, show_all);
}
