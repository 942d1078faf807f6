/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire: a line to a weir, and the lines that it answers, over a connection that does not block.
 *
 * Knows no words and no JSON.
 */
#ifndef WEIR_WIRE_H
#define WEIR_WIRE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No line of a weir is longer: so much it keeps for who does not read. */
#define WIRE_LINE_MOST ((size_t)1 << 20)

enum wire_got {
	WIRE_LINE,  /* there is one */
	WIRE_MORE,  /* not a whole one yet */
	WIRE_ENDED, /* and there will be none */
	WIRE_BAD,   /* errno; EMSGSIZE: a line is too long */
};

struct wire {
	int fd; /* -1: closed */
	char *text; /* what has come: `used` bytes, of which the first `given` were handed out as a line */
	size_t used, room, given;
};

/* Takes the descriptor, which is the wire's from here on. */
void wire_open(struct wire *wire, int fd);
void wire_close(struct wire *wire);

/* Sends all of it: a connection that is new takes a line at once.  False with errno. */
bool wire_send(const struct wire *wire, const char *text, size_t length);

/* The next line, without its newline and with a NUL in its place, good until the next call; does not wait.  A last line
 * without a newline is none. */
enum wire_got wire_next(struct wire *wire, char **line, size_t *length);

/* The same, waiting until deadline_ns (of loop_now; LOOP_FOREVER for none): WIRE_MORE when it is over.  With `output`, a
 * descriptor from 0 on, it is WIRE_ENDED when nobody reads what is written there. */
enum wire_got wire_await(struct wire *wire, char **line, size_t *length, uint64_t deadline_ns, int output);

/* poll, until deadline_ns: what poll returns. */
int wire_poll(struct pollfd *set, size_t count, uint64_t deadline_ns);

#endif
