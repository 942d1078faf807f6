/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wards: those that the warden has started, until all of it has been told: whether they run, and how they end.
 *
 *      free -> runs -> has ended -> free
 *                \-- told to end (SIGTERM) -> ended -> SIGKILL to what is left of its group -> free
 *
 * In the warden's process alone.
 */
#ifndef WEIR_WARDS_H
#define WEIR_WARDS_H

#include "os/warden.h"

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: none. */
struct ward {
	uint64_t id;
	pid_t pid;        /* 0: it does not run */
	pid_t told;       /* to end: its process group, negative, or itself, whom SIGKILL is for; 0 */
	uint64_t kill_ns; /* then */
	struct {
		bool due;
		int value;
	} news[WARDEN_GONE];
};

/* All zero: none yet. */
struct wards {
	struct ward *list;
	size_t capacity;
	bool foreground; /* they have no groups of their own */
};

/* One that is free, or NULL without memory. */
struct ward *wards_free(struct wards *wards);

/* There is something to be told of it. */
void ward_note(struct ward *ward, enum warden_event event, int value);

/* Who has ended, or was stopped, is noted.  False where the system does not tell of ends any more: they would be waited for
 * for ever. */
bool wards_reap(struct wards *wards);

/* SIGTERM to the group of that job, or in the foreground to itself; to nobody if it has ended.  Two seconds later it is
 * SIGKILL, for what is left of it: once that time has come, which is told; LOOP_FOREVER if none will. */
void wards_terminate(struct wards *wards, uint64_t id);
void wards_kill_late(struct wards *wards);
uint64_t wards_next_kill_ns(const struct wards *wards);

#endif
