/* SPDX-License-Identifier: BSD-2-Clause */
/* slots: the state of a spool as it is in a folder, before anybody opens it. */
#ifndef WEIR_TEST_SLOTS_H
#define WEIR_TEST_SLOTS_H

#include "os/folder.h"
#include "spool/recover.h"
#include "spool/state.h"

#include <stdbool.h>
#include <string.h>

/* The newer one of those that are whole; false, and all zero, where none is. */
static inline bool
slots_read(const char *path, struct state *state)
{
	struct folder folder;
	bool found = false;
	int fd;

	memset(state, 0, sizeof(*state));
	if (folder_open(&folder, path) < 0)
		return false;
	fd = folder_take(&folder, STATE_NAME);
	for (uint64_t i = 0; fd >= 0 && i < STATE_SLOTS; i++) {
		unsigned char slot[STATE_SLOT];
		struct state one;

		if (folder_read(fd, slot, sizeof(slot), i * STATE_PAGE) < (ssize_t)sizeof(slot) || state_decode(&one, slot) != STATE_FOUND ||
		    (found && one.generation < state->generation))
			continue;
		*state = one;
		found = true;
	}
	if (fd >= 0)
		folder_drop(fd);
	folder_close(&folder);
	return found;
}

#endif
