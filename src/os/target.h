/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * target: opening a file that weir writes to beside the data: reports, dropped records.
 *
 * Does not write to it, and knows nothing of what is written.
 */
#ifndef WEIR_TARGET_H
#define WEIR_TARGET_H

#include <sys/stat.h>

#include <stdbool.h>

enum target_mode {
	TARGET_REPORT, /* what was in it is gone, unless others are writing to it */
	TARGET_APPEND, /* what is in it stays */
};

/* Opens path, never waiting for it, or returns STDERR_FILENO where path is a name of that: by any
 * of its names, a socket could not be opened and a log file would be truncated.  -1 with errno:
 * ENXIO for a FIFO that nobody reads, EBUSY for the file or pipe that standard input or output is, ELOOP
 * for a symbolic link to a file that was not open already.  A file that is made has mode 0600.  A
 * file to append to that is there may be open for reading as well.
 *
 * What is written goes to the end of the file, whatever others have done to it.  A file of reports is not
 * truncated where another weir has it open for that, or where path is a link to what was open for writing
 * already: that one's description is used, and is its owner's to truncate. */
int target_open(const char *path, enum target_mode mode);

/* Whether the file is what fd is open as; false where fd is not open. */
bool target_is_open_as(const struct stat *file, int fd);

#endif
