/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weirctl: what can be asked of weir, and of what it has left, from outside.
 *
 *   words    what there is to ask, and which of it the command line means
 *   spools   what the words for spools share
 *   check    spool check: what is in one, and what is missing
 *   dump     spool dump: its records
 *
 * What is read is read by weir's own code, in libweir.a: a format is known in one place.
 */
#include "config.h"

#include "base/visible.h"
#include "ctl/words.h"
#include "os/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

/* No file that is opened becomes one of the standard streams.  Whether there is an output. */
static bool
streams_are_open(void)
{
	const bool output = fcntl(STDOUT_FILENO, F_GETFD) >= 0;
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
	return output;
}

int
main(int argc, char *argv[])
{
	diag_set_name("weirctl", false);
	diag_set_ascii(isatty(STDERR_FILENO) == 1 && !visible_locale_is_utf8());
	(void)signal(SIGPIPE, SIG_DFL); /* a filter, whatever it was started by */
	if (!streams_are_open()) {
		diag_errno(EBADF, "standard output");
		return CTL_BAD;
	}
	return words_run(argc, argv);
}
