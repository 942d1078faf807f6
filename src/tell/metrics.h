/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics: the file that Prometheus reads, by way of the node exporter's textfile collector.
 *
 * What is in it is page.h's.
 *
 * The file is replaced, never written to: a temporary file beside it (".weir-PID-N") is made, written
 * and renamed, so that who reads FILE sees a whole page, old or new.  A write that fails leaves the old
 * one, and no temporary file.  Nothing is forced to disk.
 *
 * Once there is data, a worker does that, so that a file system may take its time; a page that comes before the
 * last one is done with is left out, and counts as one that could not be written.
 *
 * Knows no interval and prints no message: when to write, and what to say when that fails, is the
 * caller's.
 */
#ifndef WEIR_METRICS_H
#define WEIR_METRICS_H

#include "os/worker.h"
#include "tell/page.h"
#include "tell/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct metrics {
	const char *base;     /* the file's name in its directory; from path */
	char *directory_path; /* malloc'd */
	int directory;        /* -1 where no file is asked for */
	struct page_about about;
	struct worker *worker; /* NULL: what writes is the caller's own time */
	bool beside;           /* a page is under way, and the worker's, as are these: */
	char text[PAGE_MOST];
	size_t length;
	int error;             /* what came of it, or 0 */
};

/* Opens the directory of path, which must outlive metrics, and looks at what is to be replaced:
 * nothing yet, a regular file, or a symbolic link to one or to nothing, which is replaced itself.
 * NULL: no file is asked for.  0, or -1 with errno: EISDIR for a directory, EINVAL for anything
 * else, EBUSY for a file that this process has open, be it input, output or report; the same for a
 * link to one. */
int metrics_open(struct metrics *metrics, const char *path);

/* Replaces the file by a page of the snapshot.  False with errno where that fails, which is counted. */
bool metrics_write(struct metrics *metrics, const struct snapshot *snapshot);

/* From here on there is data that must not wait for a page.  0, or -1 with errno. */
int metrics_start(struct metrics *metrics);

/* Has the file replaced, or leaves that out where the last page is still under way.  False with errno
 * where the last one, or this one, has failed. */
bool metrics_offer(struct metrics *metrics, const struct snapshot *snapshot);

/* The last page: waits for it until deadline_ns of loop_now.  False with errno where it is not there then. */
bool metrics_finish(struct metrics *metrics, const struct snapshot *snapshot, uint64_t deadline_ns);

/* The last page stays, and so must metrics where a worker that does not come back by deadline_ns still
 * needs it. */
void metrics_close(struct metrics *metrics, uint64_t deadline_ns);

#endif
