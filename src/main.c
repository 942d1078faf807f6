/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir: a bounded buffer for a shell pipeline that never lies about what it lost.
 *
 * The map of the house.  A stream of records passes through it from top to bottom:
 *
 *      stdin -> intake -> queue -> outlet -> stdout
 *                sample    policy    rate            all of it counted in the ledger
 *
 *   main.c      this: start-up order and exit status
 *   options.c   argv -> one const struct
 *   draft.c     the table of options, which --help is made from
 *   help.c      --help and --version
 *   hint.c      what somebody who wrote something else meant
 *   values.c    what the options' values mean
 *   rules.c     which of them go together
 *   run.c       from the first read to the last report: passes, waits, how it ends
 *   lookout.c   all that is told of a run besides its data
 *   pump.c      one pass: fill, frame, admit, drain, account; watermarks
 *   intake.c    the gates in: framing, sample, records too long to hold
 *   policy.c    the verdict when there is no room
 *   shed.c      victims inside the buffer: by class, by key, by lot
 *   age.c       what has waited too long
 *   outlet.c    the gates out: whole records, the rate
 *   queue.c     records in the ring: append, take, evict, refuse; the part-sent record
 *   ring.c      bytes; the only owner of the cursors
 *   record.c    where records end
 *   sample.c    which records come in
 *   chance.c    random numbers that a seed repeats
 *   bucket.c    the token bucket
 *   codel.c     which records give way so that the others wait less
 *   keep.c      how precious a record is
 *   key.c       whom or what a record is about
 *   pattern.c   regular expressions: PCRE2
 *   buckets.c   a token bucket for each key
 *   loss.c      what is dropped: counted, marked, saved
 *   gaps.c      where records are missing, until a mark has said so
 *   mark.c      a gap as a record that says so
 *   sojourn.c   how long records wait
 *   top.c       which keys lost most
 *   ledger.c    the counters and their law
 *   snapshot.c  how things stand, and how the last interval went
 *   report.c    a snapshot as text and JSON
 *   reporter.c  where reports go, never holding up the data
 *   metrics.c   a snapshot as a file for Prometheus
 *   worker.c    a thread beside the data, for what may take its time
 *   spill.c     dropped records on their way to a file, never holding up the data
 *   staging.c   bytes for a slow file, in batches
 *   scribe.c    batches into that file; undoes what it cannot finish
 *   target.c    opening files beside the data
 *   meter.c     a snapshot as the live line
 *   screen.c    a line of the terminal, beside those of other weirs
 *   loop.c      the only caller of poll
 *   io.c        reads and writes that do not block; the only caller of read and write for data
 *   signals.c   which came, and ending by one
 *   units.c     "1.5M", "6000/min", "250ms", "80%" and back
 *   visible.c   text from outside as it may be shown
 *   diag.c      messages to the user
 *   confine.c   nothing more can be opened, but to replace a file
 *   compat.c    what libbsd has and the system has not
 */
#include "config.h"

#include "diag.h"
#include "loop.h"
#include "options.h"
#include "run.h"
#include "signals.h"
#include "visible.h"

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
