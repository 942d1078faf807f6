/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * given: says on standard output what it was started with, a line each:
 *
 *   descriptors 0 1 2     those that are open, below 1024
 *   ignored 2 13          signals, by their numbers
 *   blocked
 *   pid 1234              and its process group
 *   group 1234
 *   NAME=VALUE            the environment
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#define DESCRIPTORS 1024
#define SIGNALS 64

extern char **environ;

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static bool is_ignored(int number)
{
	struct sigaction now;
	return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

static bool is_blocked(int number)
{
	sigset_t now;
	return sigprocmask(SIG_BLOCK, NULL, &now) == 0 && sigismember(&now, number) == 1;
}

static void list(const char *name, int first, int end, bool (*has)(int number))
{
	printf("%s", name);
	for (int i = first; i < end; i++)
		if (has(i))
			printf(" %d", i);
	printf("\n");
}

int main(void)
{
	list("descriptors", 0, DESCRIPTORS, is_open);
	list("ignored", 1, SIGNALS, is_ignored);
	list("blocked", 1, SIGNALS, is_blocked);
	printf("pid %ld\ngroup %ld\n", (long)getpid(), (long)getpgrp());
	for (char **entry = environ; *entry != NULL; entry++)
		puts(*entry);
	return fflush(stdout) != 0;
}
