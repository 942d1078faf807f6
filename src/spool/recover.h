/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recover: what is found in a folder when a spool is opened, whatever was done to it.
 *
 *      state, names of segments -> the first block of each, the end of the last -> up to where, and from where on
 *
 * Reads the state, the head of each segment, and the last segment from where it was synced last; nothing else,
 * however much there is.  Writes nothing, but that what is behind the last whole block of the last segment is cut off,
 * and not even that in a folder that is only visited.
 *
 * No damage can make it fail, only the system can, and what another version of weir has written: then nothing is touched.
 * What cannot be read is no damage.  Segments of no use are those that were read to their end and hold no block at all;
 * those of another spool are left where they are.
 */
#ifndef WEIR_RECOVER_H
#define WEIR_RECOVER_H

#include "os/folder.h"
#include "spool/segments.h"
#include "spool/state.h"

#include <stdbool.h>
#include <stdint.h>

#define STATE_NAME "state"

struct recovered {
	bool fresh;          /* there was nothing */
	bool rebuilt;        /* there were segments, and no state that was whole: what is confirmed is not known */
	bool clean;          /* the last run had come to an end of its own */
	struct state state;  /* `first` and `before` are those of the oldest record that is not confirmed */
	int slot;            /* that the state was in; -1: in none */
	struct segments segments;
	struct segments done; /* those that hold nothing, or what another holds as well */
	struct tally next;   /* ordinal, */
	uint64_t serial;     /* and serial of what comes next */
	struct tally lost;   /* that were on disk for sure, and are missing at the end */
	size_t left;         /* segments that are of another spool, and are left as they are */
	char where[SEGMENT_NAME]; /* after a failure: the file, if it was one, */
	unsigned version;    /* and of which version it is, if that was why; or 0 */
};

/* 0; or -1 with errno, of a call, or of memory, or with a version. */
int recover(struct recovered *recovered, const struct folder *folder, const struct framing *framing);
void recovered_free(struct recovered *recovered);

#endif
