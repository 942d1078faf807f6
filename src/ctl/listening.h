/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listening: an address of this machine's loopback, and a socket that listens there.
 */
#ifndef WEIR_LISTENING_H
#define WEIR_LISTENING_H

#include <stdbool.h>
#include <stddef.h>

/* What serve listens at, where nothing else is said: beyond the ports that exporters of Prometheus have among themselves. */
#define LISTENING_DEFAULT "127.0.0.1:19347"

#define LISTENING_ACCEPTED "127.0.0.1:PORT, [::1]:PORT or localhost:PORT, with a port from 0 to 65535"

/* "[::1]:65535" and more. */
#define LISTENING_TEXT 64

/* Listens at "HOST:PORT".  The descriptor, which is the caller's, and in `text` where it listens; or -1 with errno: EINVAL, it
 * is no address that is accepted. */
int listening_open(const char *address, char text[LISTENING_TEXT]);

/* Whether a Host header names this machine's loopback: a page of somebody else's name that leads here is not for it (DNS
 * rebinding).  NULL: there is none, and it does not. */
bool listening_is_local(const char *host);

#endif
