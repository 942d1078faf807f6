/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * door: a UNIX socket (unix(7)) by which processes of the same user come in, and nobody else.
 *
 * Its name is there from door_open on, for its owner alone (0600), until door_close.  Nothing here waits, and no signal
 * comes of a peer that has gone.  Knows bytes: what they say, and how many may come in, is its user's.
 */
#ifndef WEIR_DOOR_H
#define WEIR_DOOR_H

#include "os/rendezvous.h"

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct door {
	int fd;        /* listens; -1: none is open */
	int directory; /* from which its name is removed at the end; -1: it stays; owned */
	char path[RENDEZVOUS_PATH_MOST];
	uint64_t device, file; /* what it is */
};

/* Listens at path.  A socket of that name that nobody answers at is replaced.  Called before any thread (it changes the
 * umask for a moment).  `directory`, an open descriptor or -1, is the door's from here on.  0, or -1 with errno:
 * EADDRINUSE: somebody listens there; EEXIST: there is something else of that name; ENAMETOOLONG. */
int door_open(struct door *door, const char *path, int directory);

/* Closes it, and removes its name if it is still its own.  Of one that is not open: nothing. */
void door_close(struct door *door);

/* Its descriptor, to wait for who comes; where it is; and the directory from which its name is removed, or -1. */
int door_fd(const struct door *door);
const char *door_path(const struct door *door);
int door_directory(const struct door *door);

/* Who has come, if anybody has: a descriptor, closed by exec, that does not block; or -1 with errno: EAGAIN for nobody,
 * EPERM for another user, who was sent away (root may come in to all), others where the system is short of something:
 * then one may still wait there. */
int door_accept(const struct door *door);

/* What comes from one: how many bytes (0: no more will come); -1 with errno, EAGAIN for none yet. */
ssize_t door_receive(int fd, void *bytes, size_t most);

/* How many of these went to one; -1 with errno, EAGAIN for none now. */
ssize_t door_send(int fd, const void *bytes, size_t length);

/* One goes. */
void door_part(int fd);

#endif
