/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/units.h"
#include "os/loop.h"
#include "os/wards.h"

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

/* Calls that fail without need are tried again, and not for ever. */
#define TRIES 100

#define KILL_AFTER_NS (2 * NS_PER_S) /* from SIGTERM */
#define WARDS_FIRST 16

static bool
is_free(const struct ward *ward)
{
	for (enum warden_event event = 0; event < WARDEN_GONE; event++)
		if (ward->news[event].due)
			return false;
	return ward->pid == 0 && ward->told == 0;
}

struct ward *
wards_free(struct wards *wards)
{
	struct ward *more;
	size_t count = wards->capacity;

	for (size_t i = 0; i < count; i++)
		if (is_free(&wards->list[i]))
			return &wards->list[i];
	more = realloc(wards->list, (count + WARDS_FIRST) * sizeof(*more));
	if (more == NULL)
		return NULL;
	memset(more + count, 0, WARDS_FIRST * sizeof(*more));
	wards->list = more;
	wards->capacity = count + WARDS_FIRST;
	return &more[count];
}

void
ward_note(struct ward *ward, enum warden_event event, int value)
{
	ward->news[event].due = true;
	ward->news[event].value = value;
}

/* What a group that is to end leaves behind comes to the warden, which reaps it: as a zombie that nobody does it would be one
 * of the group for ever. */
static void
adopt(void)
{
#ifdef PR_SET_CHILD_SUBREAPER
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
#endif
}

/* Its process group, negative: as of now, for it may have made another (setsid(2)), and a number that nobody has any more may
 * be given to others.  Itself where that is the warden's own. */
static pid_t
whom_to_tell(const struct wards *wards, pid_t pid)
{
	const pid_t group = wards->foreground ? -1 : getpgid(pid);

	return group > 0 && group != getpgrp() ? -group : pid;
}

/* To its group, or to itself if it has left that. */
static void
send_signal(const struct ward *ward, int signal)
{
	if (kill(ward->told, signal) < 0 && ward->pid != 0)
		(void)kill(ward->pid, signal);
}

/* One that was stopped heeds no SIGTERM before it goes on. */
void
wards_terminate(struct wards *wards, uint64_t id)
{
	for (size_t i = 0; i < wards->capacity; i++) {
		struct ward *ward = &wards->list[i];

		if (ward->pid == 0 || ward->id != id || ward->told != 0)
			continue;
		adopt();
		ward->told = whom_to_tell(wards, ward->pid);
		ward->kill_ns = loop_now() + KILL_AFTER_NS;
		send_signal(ward, SIGTERM);
		send_signal(ward, SIGCONT);
	}
}

/* Whom SIGKILL is for has ended: the process, or all of its group.  The number of a group is given to no other while any of
 * it is left. */
static bool
has_gone(const struct ward *ward)
{
	return ward->pid == 0 && (ward->told > 0 || kill(ward->told, 0) < 0);
}

void
wards_kill_late(struct wards *wards)
{
	for (size_t i = 0; i < wards->capacity; i++) {
		struct ward *ward = &wards->list[i];

		if (ward->told == 0)
			continue;
		if (has_gone(ward)) {
			ward->told = 0;
		} else if (loop_now() >= ward->kill_ns) {
			(void)kill(ward->told, SIGKILL);
			if (ward->pid != 0)
				(void)kill(ward->pid, SIGKILL); /* it may have left its group since */
			ward->told = 0;
		}
	}
}

uint64_t
wards_next_kill_ns(const struct wards *wards)
{
	uint64_t first_ns = LOOP_FOREVER;

	for (size_t i = 0; i < wards->capacity; i++)
		if (wards->list[i].told != 0 && wards->list[i].kill_ns < first_ns)
			first_ns = wards->list[i].kill_ns;
	return first_ns;
}

bool
wards_reap(struct wards *wards)
{
	int status, tries = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0 || (pid < 0 && errno == EINTR && ++tries < TRIES)) {
		for (size_t i = 0; i < wards->capacity; i++) {
			struct ward *ward = &wards->list[i];

			if (ward->pid != pid)
				continue;
			if (WIFSTOPPED(status)) {
				ward_note(ward, WARDEN_STOPPED, WSTOPSIG(status));
			} else {
				ward_note(ward, WARDEN_ENDED, status);
				ward->pid = 0;
			}
		}
	}
	return pid == 0 || errno == ECHILD;
}
