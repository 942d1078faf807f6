/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * warden: a process beside weir, which alone starts what the command line names.
 *
 *      weir        warden_start, warden_terminate  ->  weir-warden  ->  COMMAND, hooks
 *                  warden_next                     <-               <-  their ends
 *
 * weir is confined, and what it started would be as well: it could execute nothing.  So the warden is forked before
 * confine(), before there is a thread, and before there is a buffer to copy.  It executes what it was given then and
 * nothing else, each command in a process group of its own (foreground: in weir's), with the signals and the mask as
 * weir found them, in the directory and with the environment that weir had; with the descriptors beyond 2 that weir was
 * given, and none that weir opened: those are known by their FD_CLOEXEC.
 *
 * It ignores what is meant for weir (signals_shield), has /dev/null for its own standard streams, and keeps no
 * descriptor that weir opened, so no lock.  It never waits for weir to listen, and ends with weir: it starts nothing
 * more then, and leaves alone what runs, unless that had been told to end.
 *
 * Knows nothing of batches, tries and failures.
 */
#ifndef WEIR_WARDEN_H
#define WEIR_WARDEN_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WARDEN_STREAMS 3
#define WARDEN_STRINGS_MOST 16                  /* of a job's environment, */
#define WARDEN_STRINGS_BYTES ((size_t)32 << 10) /* with all their NULs */

/* For a stream: weir's own, or /dev/null. */
#define WARDEN_OWN (-1)
#define WARDEN_NULL (-2)

struct warden_job {
	uint64_t id;                    /* the caller's; of those that have not ended no two have the same */
	size_t command;                 /* which of those that warden_open was given */
	int streams[WARDEN_STREAMS];    /* a descriptor, which stays the caller's, or one of the above */
	const char *const *environment; /* "WEIR_NAME=VALUE", in place of those of that name; ends with NULL, or is NULL */
	bool leaderless;                /* it does not lead its group, so that it can begin a session (setsid(2)): costs a vfork */
};

/* Of a job STARTED, STOPPED any number of times, and ENDED are told in this order, or else FAILED or SHORT alone. */
enum warden_event {
	WARDEN_NONE,    /* for now */
	WARDEN_STARTED, /* its process id: it has been executed */
	WARDEN_FAILED,  /* errno of exec: command_status is its exit status */
	WARDEN_SHORT,   /* errno: the system had no process, memory or descriptor for it */
	WARDEN_STOPPED, /* by this signal */
	WARDEN_ENDED,   /* its status, as of waitpid(2) */
	WARDEN_GONE,    /* the warden itself; whatever it had started may be running.  From then on it is told each time */
};

struct warden_told {
	uint64_t id; /* of the job; 0 where what is told is of none */
	int value;   /* see above */
};

struct warden;

/* Forks it, after signals_init.  The commands, each ending with NULL, stay the caller's, and it has a copy.  NULL with
 * errno. */
struct warden *warden_open(char *const *const commands[], size_t count, bool foreground);

/* To be polled for input: says when there is something to be told. */
int warden_fd(const struct warden *warden);

pid_t warden_pid(const struct warden *warden);

/* Has it started.  False with errno: E2BIG for an environment that is too long, EINVAL for a command that there is not,
 * EAGAIN where the warden has not come to so many others yet: to be tried again once it has told something.  Does not
 * wait for the command, nor, but on a system that cuts messages, for the warden. */
bool warden_start(struct warden *warden, const struct warden_job *job);

/* Has it ended: SIGTERM to its process group, and SIGKILL two seconds later to all of it that is left, also after the
 * process itself has ended, and after weir; with foreground to the process alone.  To nobody if it had ended before, and
 * once for each job.  False with errno as above. */
bool warden_terminate(struct warden *warden, uint64_t id);

/* The next thing that it has to tell.  Does not wait. */
enum warden_event warden_next(struct warden *warden, struct warden_told *told);

/* It is to start what it was asked to and then to end, which is waited for until deadline_ns of loop_now, and so is who was
 * told to end.  NULL is fine. */
void warden_close(struct warden *warden, uint64_t deadline_ns);

#endif
