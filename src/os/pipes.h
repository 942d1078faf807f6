/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipes: what can be done with a pipe besides reading and writing it.
 *
 * Bytes go from pipe to pipe without passing through memory (splice(2)), are looked at where they lie (tee(2)), and
 * leave in batches; all of it on a port that io.h has taken up, and without waiting.  Where the system has no such
 * calls, or the kernel will not do it, the answer says so, and the caller reads and writes.
 *
 * A port has a private pipe for that, made when it is first needed: of an output for batches, of an input for looks.
 *
 * Does not decide when one of these is worth while, but for how few chunks a batch is not.
 */
#ifndef WEIR_PIPES_H
#define WEIR_PIPES_H

#include "os/io.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A pipe, to read from and to write to, that nothing which is executed inherits.  0, or -1 with errno. */
int pipes_make(int ends[2]);

/* Whether bytes can go from this input to this output without passing through memory. */
bool pipes_can_splice(const struct io_port *input, const struct io_port *output);

/* Moves at most length bytes from pipe to pipe: ALL, SHORT, AGAIN (nothing there, or no room: see
 * io_has_room), RETRY, END, GONE, or ERROR where the kernel will not do it. */
enum io_result pipes_splice(struct io_port *input, struct io_port *output, size_t length, size_t *done);

/* Copies what the input pipe holds, at most length bytes and at most half of its capacity, and
 * leaves it there: ALL or SHORT, AGAIN, RETRY, END, or ERROR where the kernel will not do it.  What
 * a splice then moves are these bytes, unless somebody else reads the same pipe. */
enum io_result pipes_look(struct io_port *input, void *room, size_t length, size_t *done);

/*
 * A batch: many writes of whole records to a pipe, handed over at once.
 *
 * Each chunk of at most PIPE_BUF bytes is written to a private pipe, where it takes at most one
 * page, and the pages are then moved to the output (splice(2)): whole, in order, without waiting.
 * So no reader and no SIGKILL ever sees part of a chunk, just as with a write for each; but the
 * reader is woken once, and the lock it reads under is taken once, for all of them.
 */

/* How many chunks a batch may have now: about as many as the output has room for, 0 where batches
 * are not to be had or not worth while. */
size_t pipes_batch_room(struct io_port *port);

/* Adds a chunk (length <= unit).  False where it does not fit. */
bool pipes_batch_add(struct io_port *port, const struct iovec *piece, int count, size_t length);

/* Hands over the batch: as io_write, except that *done is a number of whole chunks.  What is not
 * taken is forgotten. */
enum io_result pipes_batch_write(struct io_port *port, size_t *done);

/* Asks for a pipe of at least this capacity; never makes one smaller, and refusal is no error. */
void pipes_enlarge(const struct io_port *port, size_t bytes);

/* Asks for a pipe of this capacity, or the next larger one that there can be; refusal, as where more is in it, is no
 * error. */
void pipes_resize(const struct io_port *port, size_t bytes);

/* Bytes in a pipe that nobody has read yet, from either end; false where that cannot be told. */
bool pipes_unread(const struct io_port *port, uint64_t *bytes);

/* Bytes that wait at the end of a pipe or a socket that is read from; false where that cannot be told. */
bool pipes_readable(int fd, uint64_t *bytes);

#endif
