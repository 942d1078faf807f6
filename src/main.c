/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir: a bounded buffer for a shell pipeline that never lies about what it lost.
 *
 * The map of the house.  A stream of records passes through it from top to bottom:
 *
 *      stdin -> intake -> queue -> outlet -> stdout
 *                sample    policy    rate            all of it counted in the ledger
 *
 * Folders are layers.  A file includes its own and those above it in this list, the lower floors, and never
 * one below; each has a README of what it holds:
 *
 *   base/    values and bytes
 *   os/      the system: the only calls that wait, read, write, open
 *   pick/    which record, how many, how old
 *   hold/    what is held, and what gives way
 *   spool/   the same on disk, so that it outlives weir
 *   cli/     argv -> one const struct
 *   flow/    one pass: in, a verdict, out
 *   hand/    handed over is not yet taken: what the reader says
 *   tell/    what is told of it
 *   steer/   what is asked of it while it runs, by --control
 *   run.c    from the first read to the last report: passes, waits; ending.c: how it ends
 *   main.c   this: start-up order and exit status
 *   ctl/     weirctl, the second program: with a main of its own, linked with the same
 */
#include "config.h"

#include "base/visible.h"
#include "cli/options.h"
#include "os/diag.h"
#include "os/loop.h"
#include "os/signals.h"
#include "run.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define STATUS_USAGE 2

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0 || errno != EBADF;
}

/* Standard error that was closed becomes /dev/null, before any other file can become descriptor 2. */
static void
replace_standard_error(void)
{
	int fd;

	if (is_open(STDERR_FILENO) || (fd = open("/dev/null", O_RDWR)) < 0 || fd == STDERR_FILENO)
		return;
	(void)dup2(fd, STDERR_FILENO);
	(void)close(fd);
}

/* Open, and not just for the other direction. */
static bool
is_usable(int fd, int other_direction)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? errno != EBADF : (flags & O_ACCMODE) != other_direction;
}

/* Closed on purpose or by mistake: no file that weir opens must become one of these. */
static bool
standard_streams_open(void)
{
	if (!is_usable(STDIN_FILENO, O_WRONLY))
		diag_errno(EBADF, "standard input");
	else if (!is_usable(STDOUT_FILENO, O_RDONLY))
		diag_errno(EBADF, "standard output");
	else
		return true;
	return false;
}

/* Whether what goes to standard output and to standard error appears on the same terminal. */
static bool
shares_terminal(void)
{
	struct stat output, error;

	return isatty(STDOUT_FILENO) == 1 && fstat(STDOUT_FILENO, &output) == 0 &&
	    fstat(STDERR_FILENO, &error) == 0 && output.st_rdev == error.st_rdev;
}

/* Where there is no place for a live line there is none, and a note says so: the data is worth more. */
static void
settle_progress(struct options *options)
{
	const char *why = !options->progress ? NULL
	    : isatty(STDERR_FILENO) != 1 ? "standard error is not a terminal"
	    : shares_terminal() ? "standard output is the same terminal" : NULL;

	if (why == NULL)
		return;
	options->progress = false;
	diag_note("--progress: no live line: %s (-i TIME writes reports anywhere)", why);
}

/* The exit status; *signal is the one to end by instead, if it is set. */
static int
run_as_told(int argc, char *argv[], struct options *options, int *signal)
{
	char doubt[OPTIONS_DOUBT_MOST];

	diag_set_ascii(isatty(STDERR_FILENO) == 1 && !visible_locale_is_utf8());
	switch (options_parse(argc, argv, options)) {
	case OPTIONS_RUN:
		break;
	case OPTIONS_DONE:
		return EXIT_SUCCESS;
	case OPTIONS_ERROR:
		return EXIT_FAILURE;
	case OPTIONS_USAGE:
		return STATUS_USAGE;
	}
	diag_set_name(options->name, options->format == FORMAT_JOURNAL);
	if (!standard_streams_open())
		return EXIT_FAILURE;
	signals_init(); /* before anything is written: nobody may be reading it */
	diag_set_deadline(loop_now()); /* and nobody is waited for */
	if (options_doubt(options, doubt))
		diag_note("%s", doubt);
	settle_progress(options);
	diag_set_deadline(0);
	return run(options, signal);
}

int
main(int argc, char *argv[])
{
	struct options options = { .name = NULL };
	int signal = 0;
	int status;

	signals_early();
	replace_standard_error();
	status = run_as_told(argc, argv, &options, &signal);
	options_free(&options);
	if (signal != 0)
		signals_die(signal);
	return status;
}
