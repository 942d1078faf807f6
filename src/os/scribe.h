/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scribe: writes batches of records to a file beside the data, and undoes what it cannot finish.
 *
 * May wait as long as the file makes it wait: it works on a thread of its own (spill.h), and is not for
 * the data.  What it writes are whole records: where it cannot finish one,
 *
 *      a regular file is cut back to where the record began, unless somebody else has written to it since
 *      elsewhere what was taken of the record stays, and the next one begins behind a delimiter (fixed
 *      framing: behind as many zero bytes as it lacks; a frame stays torn)
 *
 * Whatever fails is tried again with the next batch: a disk may have been freed, a FIFO may have a
 * reader again.
 */
#ifndef WEIR_SCRIBE_H
#define WEIR_SCRIBE_H

#include "base/ledger.h"
#include "base/record.h"
#include "os/io.h"
#include "os/staging.h"

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

struct scribe {
	struct io_port port;
	struct framing framing;
	bool with_reason; /* and a tab stand before each record */
	bool regular;
	int call;         /* can be read once there is no more time to wait; -1 for none */
	int error;        /* of the first failure, or 0 */
	bool open;        /* inside a record */
	off_t begin;      /* where in the file this record or batch begins, */
	uint64_t written; /* bytes of it that are there, */
	uint64_t payload; /* and how many of those of earlier batches are the record's */
	uint64_t owed;    /* bytes to write before another record */
	bool torn;        /* because a record was cut short: they are written in any case */
};

/* Takes up fd, for records of this framing, with_reason and a tab before each or without.  A file whose last record
 * lacks its delimiter gets one before the next, where that can be seen.  `call` may be set later, before the first
 * write.  Cannot fail: what is wrong with fd the first write tells. */
void scribe_open(struct scribe *scribe, int fd, const struct framing *framing, bool with_reason, int call);

/* How many bytes stand for the end of a record that ends after `length` bytes, and not as records do. */
uint64_t scribe_owed(const struct framing *framing, uint64_t length);

/* How many bytes of whole records should be written at once: of a pipe, which cannot be cut back, as many as it
 * takes or refuses as one. */
size_t scribe_unit(const struct scribe *scribe);

/* Writes a batch; returns what is lost by that, of this batch or of its record's earlier ones. */
struct tally scribe_write(struct scribe *scribe, const struct batch *batch, struct iovec piece[2],
    int pieces);

/* No batch follows: a record that is not at its end is lost.  Closes the file, unless it is standard
 * error. */
struct tally scribe_close(struct scribe *scribe);

#endif
