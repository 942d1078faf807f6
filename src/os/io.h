/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io: reads and writes that do not block, on descriptors that were inherited.
 *
 * With pipes.h the only caller of read and write on the data path.  Never sets O_NONBLOCK on a descriptor it did not
 * open: the flag belongs to the open file description, which siblings share.  Instead a port knows the
 * best of these ways that its descriptor allows, and steps down where the kernel refuses one:
 *
 *      own      a second open file description of the same pipe, FIFO or terminal, non-blocking
 *               (output only; Linux, through /proc/self/fd)
 *      socket   MSG_DONTWAIT
 *      nowait   preadv2 and pwritev2 with RWF_NOWAIT (pipes; Linux)
 *      polled   poll, then as much as poll promised: a page of a pipe, 512 bytes of a terminal.  Where a
 *               sibling takes the room in between, this may block.
 *      plain    regular files and devices that never wait: simply the call
 *
 * What keeps messages apart (datagrams, records of a packet socket, lines of /dev/kmsg) is read and written so that it
 * does: messages.h.
 *
 * Sources: open(2), readv(2), fcntl(2), pipe(7); docs/decisions/0006 to 0009.
 */
#ifndef WEIR_IO_H
#define WEIR_IO_H

#include <sys/uio.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum io_way {
	IO_WAY_OWN,
	IO_WAY_SOCKET,
	IO_WAY_NOWAIT,
	IO_WAY_POLLED,
	IO_WAY_PLAIN,
};

struct io_port {
	int fd;        /* to use and to poll */
	int inherited; /* what fd was opened from, or fd itself */
	enum io_way way;
	bool output;
	bool pipe;     /* a pipe or a FIFO */
	bool terminal;
	bool unstopped; /* set by who writes no data there: a terminal that stops background jobs for what they
	                 * write (stty tostop) does not stop this one */
	bool messages; /* a socket that keeps them apart */
	size_t unit;   /* a write of whole records is at most this long; of a pipe PIPE_BUF, so that it is
	                * never torn */
	int stage[2];  /* a private pipe, or -1: pipes.h's, as what follows; it is closed with the port */
	size_t staged; /* bytes in it */
	bool stage_refused;
	size_t most;   /* no longer message is taken, as far as is known: messages.h's, as what follows */
	char *stash;   /* of an input: malloc'd once it is needed, */
	size_t stash_at, stashed; /* and what is in it */
	uint64_t overruns;        /* how often something was lost before it could be read */
	unsigned overruns_in_a_row;
};

/* Different answers, never to be taken for one another. */
enum io_result {
	IO_ALL,    /* all that was asked for */
	IO_SHORT,  /* some of it */
	IO_AGAIN,  /* nothing: it would have to wait */
	IO_RETRY,  /* nothing: a signal came */
	IO_END,    /* end of input */
	IO_GONE,   /* the reader has gone */
	IO_ERROR,  /* errno says */
};

/* Takes up a descriptor as it is.  They cannot fail: what is wrong with it the first call tells. */
void io_open_input(struct io_port *port, int fd);
void io_open_output(struct io_port *port, int fd);

/* No data is written there: a terminal that stops background jobs for what they write (stty tostop) does not stop this
 * one. */
void io_open_beside(struct io_port *port, int fd);

/* The descriptor to use and to poll, -1 once it is closed; and the one that was taken up. */
int io_fd(const struct io_port *port);
int io_inherited(const struct io_port *port);

/* A write of whole records is at most this long: of a pipe PIPE_BUF, so that it is never torn. */
size_t io_unit(const struct io_port *output);

/* Whether a write of no more is taken whole or not at all (pipe(7)). */
bool io_tears_nothing(const struct io_port *output);

/* Whether a write that took a part may take more at once: where little is taken at a time, or the next one tells why. */
bool io_takes_little(const struct io_port *output);

/* Whether each write is a message. */
bool io_keeps_messages(const struct io_port *output);

/* How often something was lost before it could be read. */
uint64_t io_overruns(const struct io_port *input);

/* Closes both descriptors of the port; -1 with errno when that tells of a write that failed. */
int io_close(struct io_port *port);

/* Pieces in one call, at most. */
#define IO_PIECES 16

/* Transfers count pieces, sum length bytes; *done says how many bytes, 0 unless ALL or SHORT. */
enum io_result io_read(struct io_port *port, const struct iovec *piece, int count, size_t length,
    size_t *done);
enum io_result io_write(struct io_port *port, const struct iovec *piece, int count, size_t length,
    size_t *done);

/* What a write would say of an output whose other side has gone; 0 where it has just gone.  It is told once. */
int io_output_error(struct io_port *port);

/* Whether the output would take something now. */
bool io_has_room(const struct io_port *output);

/* Whether somebody stands at the other end of an input, who may have something to say: not a file or a device, nor a
 * terminal. */
bool io_has_producer(const struct io_port *input);

/* Whether something waits to be read, without waiting for it or reading it. */
bool io_waiting(const struct io_port *port);

/* Whether both are the same regular file, with something left to read in it: a copy of a file to itself
 * would not end. */
bool io_same_file(const struct io_port *input, const struct io_port *output);

#endif
