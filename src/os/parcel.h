/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parcel: bytes as a file that others are to read: the standard input of a command that is given a batch.
 *
 *      parcel_write, again and again  ->  parcel_seal  ->  parcel_open for each reader  ->  parcel_empty, or the end
 *
 * Where there is memfd_create(2) it is a file in memory, which is nobody's to change once it is sealed, and each reader
 * has a description of its own, opened anew: what one has read the next reads again.  (By way of /proc, which Landlock
 * lets it do: what it denies are files that have a place somewhere, and this has none.)
 *
 * Elsewhere, and without /proc, all readers share one description, which is set back to the beginning each time: so one
 * that lives on beside the next disturbs it.  Elsewhere it also is an unlinked file in $TMPDIR, or else /tmp, which
 * only the mode of the descriptor keeps readers from changing, and for which a file system may have no room.
 *
 * Does not know what is in it.  One that could not be written is as good as empty: parcel_empty, or parcel_free.
 */
#ifndef WEIR_PARCEL_H
#define WEIR_PARCEL_H

#include <sys/uio.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct parcel;

/* An empty one.  NULL with errno.  To be called before confine(): elsewhere it opens a file, the last time that this
 * parcel does. */
struct parcel *parcel_new(void);

/* Puts these behind what is in it, all of them.  False with errno: then what it holds is not known. */
bool parcel_write(struct parcel *parcel, const struct iovec *piece, int count);

/* Puts in a part of another, sealed or not, which is there.  The same. */
bool parcel_copy(struct parcel *parcel, const struct parcel *from, uint64_t offset, uint64_t length);

/* For who writes the data itself, behind what is in it; owned by the parcel. */
int parcel_fd(const struct parcel *parcel);

/* Nothing can be written any more, by anyone.  False with errno: then it can. */
bool parcel_seal(struct parcel *parcel);

/* For a reader: from the beginning, read-only, the caller's to close; closed by exec.  -1 with errno. */
int parcel_open(const struct parcel *parcel);

/* Up to size bytes from there; fewer only at its end, or where the rest cannot be read.  -1 with errno. */
ssize_t parcel_read(const struct parcel *parcel, uint64_t offset, void *into, size_t size);

uint64_t parcel_length(const struct parcel *parcel);

/* Nothing is in it, and it can be written again.  Who reads what was in it goes on to do so; elsewhere that is gone
 * for him as well.  False with errno: then it is as it was. */
bool parcel_empty(struct parcel *parcel);

/* NULL is fine. */
void parcel_free(struct parcel *parcel);

#endif
