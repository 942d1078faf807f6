/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loader: what is on disk and not in memory, block by block, read ahead by a thread.
 *
 * Begins at a place in a segment and goes on from segment to segment, in their order.  Nothing is read, and no thread is
 * there, before it is asked for the first time.
 */
#ifndef WEIR_LOADER_H
#define WEIR_LOADER_H

#include "os/folder.h"
#include "os/worker.h"
#include "spool/scan.h"
#include "spool/segments.h"

#include <stdbool.h>
#include <stdint.h>

struct loader {
	const struct folder *folder;
	const struct segments *segments;
	struct worker *worker; /* NULL: it is read at once */
	struct scan scan;
	bool filling;
	int fd;                /* of the segment, or -1 */
	uint64_t segment;      /* its number, */
	uint64_t place;        /* and where in it the next block begins, while it is not open */
};

enum loader_found {
	LOADER_BLOCK,
	LOADER_WAITS, /* it is being read */
	LOADER_END,   /* nothing more is there */
};

void loader_init(struct loader *loader, const struct folder *folder, const struct segments *segments);
int loader_start(struct loader *loader);
bool loader_close(struct loader *loader, uint64_t deadline_ns);

/* What comes next begins there. */
void loader_seek(struct loader *loader, uint64_t segment, uint64_t place);

/* The next block of this spool, and where it is; its records stay where they are until the next call. */
enum loader_found loader_next(struct loader *loader, const unsigned char *id, const unsigned char *other,
    struct block *block, uint64_t *segment, uint64_t *place, const char **records);

/* To be polled while it is being read; else -1. */
int loader_fd(const struct loader *loader);

#endif
