/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "preload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
