/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sockets: the weirs of this user that listen, by their sockets; and a connection to one.
 *
 * Where they are and what they are called is rendezvous'.  What nobody listens at any more, and is ours, is removed.
 * Knows no words and no answers.
 */
#ifndef WEIR_SOCKETS_H
#define WEIR_SOCKETS_H

#include "os/rendezvous.h"

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

struct socket_of {
	char name[RENDEZVOUS_PATH_MOST]; /* of the weir, as its socket has it */
	char path[RENDEZVOUS_PATH_MOST];
	pid_t pid;
};

struct sockets {
	struct socket_of *one; /* by name, then by process id */
	size_t count;
};

/* All that there are, whether somebody listens or not; none where there is no directory.  To be freed by sockets_free.  False
 * with errno: the directory cannot be used (as rendezvous_open has it), or there is no memory. */
bool sockets_find(struct sockets *sockets);
void sockets_free(struct sockets *sockets);

/* Whether a weir of this name would have this socket: in a socket's name bytes are replaced, and it may be cut. */
bool sockets_is_named(const struct socket_of *one, const char *name);

/* A connection to who listens there: a descriptor of the caller's, which does not block.  Or -1 with errno: ENOENT, nobody
 * does, and the socket is gone, or is removed now; EPERM, another user does, or one in another container; else as connect. */
int sockets_connect(const struct socket_of *one);

#endif
