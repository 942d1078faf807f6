/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exchange: one line to a weir, and one answer.
 */
#ifndef WEIR_EXCHANGE_H
#define WEIR_EXCHANGE_H

#include "ctl/sockets.h"
#include "ctl/wire.h"

#include <stdint.h>

/* A new connection, over which the line (with its newline) was sent; it is the caller's.  0, or an errno value: ENOENT, it has
 * ended; EPERM as sockets_connect; else as connect and send. */
int exchange_begin(struct wire *wire, const struct socket_of *one, const char *line);

/* The next answer, good until the wire is asked again or closed: 0, or an errno value: ECONNRESET, there is none; ETIMEDOUT,
 * not before deadline_ns. */
int exchange_answer(struct wire *wire, char **answer, size_t *length, uint64_t deadline_ns);

/* What went wrong, in a few words. */
const char *exchange_error(int error);

#endif
