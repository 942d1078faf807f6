/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * folder: a directory of weir's own, and the files in it that are to survive it.
 *
 * The only caller of what makes names and data last: sync, rename, unlink of data.  What is on disk, and when:
 *
 *      folder_append       the kernel has it: it survives weir, and not a crash of the machine
 *      folder_sync_file    what was written to that file before, and its length, survive that, too
 *      folder_sync         the names that were made and removed before do
 *
 * A sync that fails says that what was written since the last may or may not be there, now or later, and another one
 * says nothing of it (PostgreSQL's "fsyncgate", 2018; fsync(2)): who is told so writes it anew to another file.
 *
 * Knows names and bytes, no format.  Its files are for their owner alone.  Not for pipes: each of these may wait for a
 * disk, but folder_append only as long as the kernel has no memory for it.
 */
#ifndef WEIR_FOLDER_H
#define WEIR_FOLDER_H

#include <sys/types.h>
#include <sys/uio.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct folder {
	int fd;
	int lock; /* -1: it is not ours; FOLDER_VISITED: nor is it to be */
};

/* What is in it is opened to be read, and nothing is made, cut or locked. */
#define FOLDER_VISITED (-2)

/* Makes a directory, if it is not there (its parent has to be): 0700; `lasting`: its name is synced then.  0, or -1 with
 * errno. */
int folder_found(const char *path, bool lasting);

/* Opens a directory that is there, of the user that weir runs as, and nothing but a directory.  0, or -1 with errno:
 * ENOTDIR for what is none (a symbolic link is not followed), EPERM for one of another user or that others may write to. */
int folder_open(struct folder *folder, const char *path);

/* Opens one to be looked at only: anybody's, if it may be read.  0, or -1 with errno: ENOTDIR as above. */
int folder_visit(struct folder *folder, const char *path);

static inline bool
folder_is_visited(const struct folder *folder)
{
	return folder->lock == FOLDER_VISITED;
}

void folder_close(struct folder *folder);

/* Its descriptor; it stays its own. */
int folder_fd(const struct folder *folder);

/* Nobody else has it: this process, and none that it forks, until it ends or folder_close.  0, or -1 with errno; EBUSY:
 * another has it, whose process id is in *holder (0 where that cannot be told). */
int folder_lock(struct folder *folder, const char *name, pid_t *holder);

/* Whether another has it; *holder as above. */
bool folder_is_held(const struct folder *folder, const char *name, pid_t *holder);

/* For each name in it, in no order, until one returns false.  0, or -1 with errno. */
int folder_list(const struct folder *folder, bool (*one)(void *state, const char *name), void *state);

/* A file, opened to be read and appended to: made now, where there must be none of that name; or one that is there, and
 * nothing but a regular file (EINVAL).  The descriptor, or -1 with errno.  Of a folder that is only looked at: to be read. */
int folder_make(const struct folder *folder, const char *name);
int folder_take(const struct folder *folder, const char *name);

/* It is not used any more. */
void folder_drop(int fd);

/* Length of a file; -1 with errno. */
int64_t folder_length(int fd);

/* Puts all of it behind what the file has, *length bytes so far, and then so many more.  0; or -1 with errno: some of it may be
 * there, and is counted. */
int folder_append(int fd, const struct iovec *piece, int pieces, uint64_t *length);

/* Overwrites length bytes at an offset; all of it, or -1 with errno. */
int folder_write(int fd, const void *bytes, size_t length, uint64_t offset);

/* Reads length bytes from an offset, fewer only where the file ends before.  How many; -1 with errno. */
ssize_t folder_read(int fd, void *bytes, size_t length, uint64_t offset);

/* Cuts a file to so many bytes.  0, or -1 with errno. */
int folder_cut(int fd, uint64_t length);

int folder_sync_file(int fd);
int folder_sync(const struct folder *folder);
int folder_remove(const struct folder *folder, const char *name);

#endif
