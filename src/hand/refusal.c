/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hand/refusal.h"
#include "os/diag.h"

#include <sys/stat.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

/* Also one that was looked for along PATH, and not here. */
static bool
is_data(const char *name)
{
	struct stat file;

	return stat(name, &file) == 0 && S_ISREG(file.st_mode) && (file.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0;
}

void
refusal_tell(const char *name, int error)
{
	const char *shown = diag_visible(name);

	if (error == ENOENT && is_data(name))
		diag_error("%s: no such command; to read that file: weir <%s", shown, shown);
	else if (is_data(name))
		diag_error("%s: cannot be run: %s; to read it: weir <%s", shown, strerror(error), shown);
	else
		diag_errno(error, "%s", shown);
}

void
refusal_tell_lost(const char *name, int error)
{
	if (error == EPIPE || error == ECONNRESET)
		diag_error("weir-warden has gone, and with it the way to %s", diag_visible(name));
	else
		diag_errno(error, "%s", diag_visible(name));
}

void
refusal_tell_stopped(const char *name, int signal)
{
	if (signal == SIGTTIN || signal == SIGTTOU)
		diag_note("%s was stopped, since it asks at the terminal from the background; --foreground lets it",
		    diag_visible(name));
}
