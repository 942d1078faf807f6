/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A pipe that exec closes tells whether there was one: what comes out of it is why not.  Where vfork is what it says
 * the answer is there as soon as it returns; valgrind and emulators make a fork of it, and then the read waits.
 *
 * The child of vfork works in its parent's memory: it may call and use its stack, and changes no variable but errno.
 */
#include "config.h"

#include "os/command.h"
#include "os/signals.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define STATUS_NOT_FOUND 127
#define STATUS_NOT_EXECUTABLE 126

/* Calls that fail without need are tried again, and not for ever. */
#define TRIES 100

/* No function: who called vfork(2) may not return in the child. */
#ifdef HAVE_VFORK
#define NEW_PROCESS() vfork()
#else
#define NEW_PROCESS() fork()
#endif

extern char **environ;

/* It has no padding. */
struct news {
	int error;
	int by_exec;
};

/* A process group that is led by nobody that lives: of who leads one setsid(2) is refused, and programs that want it
 * fork then, and end.  A process that has ended and was not waited for keeps the group until another is in it.  Its id, or -1. */
static pid_t
found_group(void)
{
	const pid_t pid = NEW_PROCESS();

	if (pid == 0)
		_exit(setpgid(0, 0) < 0);
	if (pid > 0)
		(void)setpgid(pid, pid); /* where that is a fork it may not have come to it */
	return pid;
}

/* One that cannot be joined is none. */
static bool
take_place(const struct command *command, pid_t group)
{
	if (command->own_group && (group <= 0 || setpgid(0, group) < 0) && setpgid(0, 0) < 0)
		return false;
	for (int i = 0; i < COMMAND_STREAMS; i++)
		if (command->streams[i] >= 0 && dup2(command->streams[i], i) < 0)
			return false;
	return true;
}

static _Noreturn void
become(const struct command *command, pid_t group, int out)
{
	struct news news = { .by_exec = take_place(command, group) };
	ssize_t told = -1;

	if (news.by_exec) {
		signals_give_back();
		(void)execvp(command->argv[0], command->argv);
	}
	news.error = errno;
	for (int i = 0; i < TRIES && told < 0; i++)
		told = write(out, &news, sizeof(news));
	_exit(command_status(news.error));
}

/* False: it has been executed. */
static bool
has_news(int in, struct news *news)
{
	ssize_t length = -1;

	for (int i = 0; i < TRIES && length < 0; i++)
		length = read(in, news, sizeof(*news));
	return length == (ssize_t)sizeof(*news);
}

static void
bury(pid_t pid)
{
	for (int i = 0; i < TRIES; i++)
		if (waitpid(pid, NULL, 0) == pid || errno != EINTR)
			return;
}

static pid_t
breed(const struct command *command, pid_t group, int out)
{
	const pid_t pid = NEW_PROCESS();

	if (pid == 0)
		become(command, group, out);
	return pid;
}

static pid_t
breed_with(const struct command *command, pid_t group, int out)
{
	char **before = environ;
	pid_t pid;

	environ = command->environment; /* where execvp looks for PATH */
	pid = breed(command, group, out);
	environ = before;
	return pid;
}

pid_t
command_start(const struct command *command, bool *refused)
{
	struct news news = { .by_exec = false };
	int both[2], error = 0;
	pid_t group, pid;

	*refused = false;
	if (pipe(both) < 0)
		return -1;
	for (int i = 0; i < 2; i++)
		(void)fcntl(both[i], F_SETFD, FD_CLOEXEC);
	group = command->own_group && command->leaderless ? found_group() : -1;
	if ((pid = breed_with(command, group, both[1])) < 0)
		error = errno;
	(void)close(both[1]);
	if (pid > 0 && has_news(both[0], &news)) {
		bury(pid);
		pid = -1;
		error = news.error;
		*refused = news.by_exec;
	}
	(void)close(both[0]);
	if (group > 0)
		bury(group); /* the other is in it */
	errno = error;
	return pid;
}

int
command_status(int error)
{
	return error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
}
