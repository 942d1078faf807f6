/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * saver: segments that have given way, read back by a thread, for who wants their records (--dropped).
 *
 * A few at a time, with a descriptor of their own: their names are gone.  Of each the blocks from one ordinal to another;
 * what cannot be found of that is said at its end.
 */
#ifndef WEIR_SAVER_H
#define WEIR_SAVER_H

#include "os/worker.h"
#include "spool/scan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What waits holds room on the disk. */
#define SAVER_MOST 2

struct saver_segment {
	int fd;
	uint64_t length;
	struct tally from, to; /* ordinals */
	struct tally left;     /* of what is between them */
};

struct saver {
	struct worker *worker; /* NULL: it is read at once */
	struct scan scan;
	bool filling;
	bool begun;            /* the first of these is being read */
	struct saver_segment segment[SAVER_MOST];
	size_t count;
};

void saver_init(struct saver *saver);
int saver_start(struct saver *saver);
bool saver_close(struct saver *saver, uint64_t deadline_ns);

/* One more, whose descriptor is the saver's from here on.  False where there are too many: then it is not. */
bool saver_take(struct saver *saver, const struct saver_segment *segment);

enum saver_found {
	SAVER_RECORDS, /* whole ones, and their lengths or NULL (block_length_at), which stay where they are until the next call */
	SAVER_MISSED,  /* so many that were to be there are not */
	SAVER_WAITS,
	SAVER_IDLE,    /* there is nothing to be read */
};

enum saver_found saver_next(struct saver *saver, const unsigned char *id, const unsigned char *other, const char **text,
    const unsigned char **lengths, struct tally *sum);

/* What has not been read yet. */
struct tally saver_left(const struct saver *saver);

/* To be polled while it is reading; else -1. */
int saver_fd(const struct saver *saver);

#endif
