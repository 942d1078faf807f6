/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * messages: what keeps apart what is written to it at once: datagrams, records of a packet socket, lines of /dev/kmsg.
 *
 * They are written in messages that the other side takes, and read whole, whatever room there is: the rest of one is
 * stashed with the port until the next read.  Part of io, whose errors these functions answer with: -1 and errno, where
 * EINTR is "try again".  None waits.
 */
#ifndef WEIR_MESSAGES_H
#define WEIR_MESSAGES_H

#include "os/io.h"

#include <sys/types.h>
#include <sys/uio.h>

#include <stdbool.h>
#include <stddef.h>

/* Whether a socket keeps them apart. */
bool messages_are_kept(int fd);

/* Sends count pieces of length bytes in one message, or as many of them as the socket is known to take; of one that is
 * refused for its length the port learns. */
ssize_t messages_send(struct io_port *port, const struct iovec *piece, int count, size_t length);

/* Receives one message: what the pieces, of length bytes, have no room for is stashed.  0 is the end: an empty datagram
 * is none. */
ssize_t messages_receive(struct io_port *port, const struct iovec *piece, int count, size_t length);

/* What is stashed, as far as there is room. */
ssize_t messages_rest(struct io_port *port, const struct iovec *piece, int count);

/* Reads one message of a device that has refused (EINVAL) to have it read into the first piece. */
ssize_t messages_read(struct io_port *port, const struct iovec *piece, int count);

#endif
