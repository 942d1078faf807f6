/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/visible.h"
#include "ctl/processes.h"

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_ROOM 64

/* /proc/PID/fd/N leads to what is open there, which is asked without opening it. */
static struct order_end
end_of(pid_t pid, int fd)
{
	char path[PATH_ROOM];
	struct stat status;

	(void)snprintf(path, sizeof(path), "/proc/%jd/fd/%d", (intmax_t)pid, fd);
	if (stat(path, &status) < 0 || !S_ISFIFO(status.st_mode))
		return (struct order_end){ 0, 0 };
	return (struct order_end){ (uint64_t)status.st_dev, (uint64_t)status.st_ino };
}

static bool
add(struct processes *processes, pid_t pid, bool weir)
{
	const struct order_node node = { pid, weir, end_of(pid, STDIN_FILENO), end_of(pid, STDOUT_FILENO), ORDER_NOBODY };
	struct order_node *more;

	if (!weir && (node.in.inode == 0 || node.out.inode == 0) && node.in.inode == node.out.inode)
		return true;
	if ((processes->count & (processes->count - 1)) == 0) { /* a power of two: there is no more room */
		const size_t room = processes->count > 0 ? 2 * processes->count : 1;

		if ((more = realloc(processes->nodes, room * sizeof(*more))) == NULL)
			return false;
		processes->nodes = more;
	}
	processes->nodes[processes->count++] = node;
	return true;
}

static bool
is_among(pid_t pid, const pid_t *weirs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (weirs[i] == pid)
			return true;
	return false;
}

static pid_t
pid_of(const char *name)
{
	char *end;
	const long pid = *name >= '1' && *name <= '9' ? strtol(name, &end, 10) : 0;

	return pid > 0 && pid <= INT_MAX && *end == '\0' ? (pid_t)pid : 0;
}

static bool
add_others(struct processes *processes, const pid_t *weirs, size_t count)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	bool good = true;

	while (good && proc != NULL && (entry = readdir(proc)) != NULL) {
		const pid_t pid = pid_of(entry->d_name);

		if (pid > 0 && !is_among(pid, weirs, count))
			good = add(processes, pid, false);
	}
	if (proc != NULL)
		(void)closedir(proc);
	return good;
}

bool
processes_look(struct processes *processes, const pid_t *weirs, size_t count)
{
	bool good = true;

	*processes = (struct processes){ NULL, 0 };
	for (size_t i = 0; i < count && good; i++)
		good = add(processes, weirs[i], true);
	if (good && count > 0)
		good = add_others(processes, weirs, count);
	if (!good)
		processes_free(processes);
	return good;
}

void
processes_free(struct processes *processes)
{
	free(processes->nodes);
	*processes = (struct processes){ NULL, 0 };
}

void
processes_name(pid_t pid, char name[PROCESSES_NAME])
{
	char path[PATH_ROOM], text[PROCESSES_NAME / 4];
	ssize_t length = -1;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%jd/comm", (intmax_t)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) >= 0) {
		length = read(fd, text, sizeof(text));
		(void)close(fd);
	}
	if (length > 0 && text[length - 1] == '\n')
		length--;
	if (length > 0)
		(void)visible_write(name, PROCESSES_NAME, text, (size_t)length, false);
	else
		(void)strcpy(name, "?");
}
