/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * screen - runs a command with a terminal as standard error, on which nobody looks.
 *
 *      screen COMMAND [ARGUMENT]...
 *
 * The command keeps this process's number, so that what it costs can be told from what the terminal's other
 * side does: a process of its own that reads and forgets.
 */
#include "config.h"

#include <sys/ioctl.h>

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static void
forget(int terminal)
{
	char bytes[4096];

	while (read(terminal, bytes, sizeof(bytes)) > 0)
		;
	_exit(0);
}

int
main(int argc, char **argv)
{
	const struct winsize size = { .ws_row = 24, .ws_col = 80 };
	const char *name;
	int terminal, slave;

	if (argc < 2)
		errx(2, "usage: screen COMMAND [ARGUMENT]...");
	terminal = posix_openpt(O_RDWR | O_NOCTTY);
	if (terminal < 0 || grantpt(terminal) < 0 || unlockpt(terminal) < 0 || (name = ptsname(terminal)) == NULL)
		err(1, "no terminal");
	slave = open(name, O_RDWR | O_NOCTTY);
	if (slave < 0 || ioctl(slave, TIOCSWINSZ, &size) < 0)
		err(1, "%s", name);
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		for (int fd = 0; fd < 3; fd++)
			(void)close(fd);
		(void)close(slave);
		forget(terminal);
		break;
	default:
		break;
	}
	(void)close(terminal);
	if (dup2(slave, STDERR_FILENO) < 0)
		err(1, "standard error");
	(void)close(slave);
	execvp(argv[1], argv + 1);
	err(127, "%s", argv[1]);
}
