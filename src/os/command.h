/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command: a program as a process of its own: the only caller of exec.
 *
 * With vfork(2) where there is one: the memory of the caller is not copied, and it waits until the program is there.
 * The new process gets the signals as weir found them (signals_give_back), every descriptor of the caller that is not
 * to be closed by exec, and its directory.  Does not wait for the end of what it started, nor for its caller's sake
 * choose what that is.
 */
#ifndef WEIR_COMMAND_H
#define WEIR_COMMAND_H

#include <sys/types.h>

#include <stdbool.h>

#define COMMAND_STREAMS 3

struct command {
	char *const *argv;           /* found as execvp(3) does, which has sh run what has no format */
	char **environment;          /* PATH is looked up here */
	int streams[COMMAND_STREAMS]; /* to be its standard streams, each above 2; -1: the caller's own */
	bool own_group;              /* it leads a process group, before it is executed; */
	bool leaderless;             /* or is in one that nobody leads, at the price of a vfork */
};

/* The caller's own standard streams are open.  Its id once it is executed; its end is the caller's to wait for.  -1 with errno: *refused says that it was exec that
 * failed, and not the system that had no process, descriptor or memory to spare. */
pid_t command_start(const struct command *command, bool *refused);

/* The exit status of a command that could not be executed, as shells have it: 127 where there is none of that name,
 * else 126. */
int command_status(int error);

#endif
