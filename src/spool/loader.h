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
	uint64_t step;         /* so much was passed over last, that could not be read; 0: nothing was */
	int error;             /* of LOADER_FAILED */
	bool leaving;          /* what is open is to be closed when it is not being read */
	uint64_t given_up;     /* number of a segment that cannot be opened; 0: none */
};

enum loader_found {
	LOADER_BLOCK,
	LOADER_WAITS, /* it is being read */
	LOADER_END,   /* nothing more is there */
	LOADER_FAILED, /* it cannot be read (error): the next call tries again */
};

void loader_init(struct loader *loader, const struct folder *folder, const struct segments *segments);
int loader_start(struct loader *loader);
bool loader_close(struct loader *loader, uint64_t deadline_ns);

/* What comes next begins there. */
void loader_seek(struct loader *loader, uint64_t segment, uint64_t place);

/* This segment is to be removed: it is not held open, or its room would not be there. */
void loader_let_go(struct loader *loader, uint64_t segment);

/* From time to time: one that was being read then is closed. */
void loader_tidy(struct loader *loader);

/* The next block of this spool, and where it is; its records stay where they are until the next call. */
enum loader_found loader_next(struct loader *loader, const unsigned char *id, const unsigned char *other,
    struct block *block, uint64_t *segment, uint64_t *place, const char **records);

/* After LOADER_FAILED: it is not tried again, but passed over, by steps that double until something can be read. */
void loader_give_up(struct loader *loader);

/* The segment that is read, by its number, has what is no block of this spool and of this version, but may be one of
 * another. */
bool loader_has_strange(const struct loader *loader);

/* To be polled while it is being read; else -1. */
int loader_fd(const struct loader *loader);

#endif
