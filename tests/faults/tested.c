/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "tested.h"

#include <sys/types.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A weir built with AddressSanitizer wants its library to come first; this program has been built alike. */
static void
add_sanitizer(char *first, size_t room)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];

	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
		const char *path = strchr(line, '/');
		if (path != NULL && strstr(path, "/libasan.so") != NULL) {
			(void)snprintf(first, room, "%.*s ", (int)strcspn(path, "\n"), path);
			break;
		}
	}
	if (maps != NULL)
		(void)fclose(maps);
}

void
preload(const char *shim)
{
	char paths[1024] = "";

	add_sanitizer(paths, sizeof(paths) / 2);
	(void)strncat(paths, shim, sizeof(paths) / 2 - 1);
	(void)setenv("LD_PRELOAD", paths, 1);
}

bool
takes_patterns(const char *weir)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int nothing = open("/dev/null", O_RDWR);

		for (int fd = 0; fd < 3; fd++)
			(void)dup2(nothing, fd);
		(void)execl(weir, "weir", "--sample=2", "--keep=x", (char *)NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}
