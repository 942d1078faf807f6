/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * visit: a spool that is looked at, and left as it is: what the next weir would find in it.
 *
 *      visit_open -> what the state says -> visit_next ... (each record once, and what is missing) -> visit_missing
 *                                        -> visit_segment ... (each file by itself)
 *
 * Finds, reads and counts by the code of who opens the spool to use it (recover, loader, taking).  Opens nothing for
 * writing, makes and removes nothing, and takes no lock: who has the spool meanwhile goes on.  What that one has
 * settled and removed since is not taken for damage.  Needs memory for a block, and for the list of segments.
 */
#ifndef WEIR_VISIT_H
#define WEIR_VISIT_H

#include "base/ledger.h"
#include "base/record.h"
#include "spool/spool.h"

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

struct visit;

/* As it was when it was opened. */
struct visit_found {
	bool none;              /* it is no spool: there is no state, and no file is named as a segment is */
	bool held;              /* somebody has it now: */
	pid_t holder;           /* who; 0 where that cannot be told */
	bool known;             /* there is a state that is whole; else what is confirmed is not known, and all of it is held */
	bool clean;             /* the last run had come to an end of its own */
	const char *id;         /* 32 hexadecimal digits; "" where no state says so */
	struct framing framing; /* lines where it is not known */
	struct tally confirmed; /* ordinal */
	uint64_t first;         /* and serial of the first record that is not confirmed */
	struct tally given_way; /* behind that: they are not there, and not missing */
	uint64_t next;          /* the serial that the next record is to get, at least */
	uint64_t segments;      /* files, with those that hold nothing any more, */
	uint64_t others;        /* and so many besides are named as they are, and not of this spool: the next weir leaves them alone */
};

/* One file, whatever else there is. */
struct visit_segment {
	uint64_t number;
	uint64_t length;      /* bytes of the file */
	uint64_t blocks;      /* that are whole, and of this spool, */
	struct tally records; /* and what is in them */
	uint64_t first, last; /* serials; 0 where there is none */
	struct tally before;  /* ordinals of the first block, */
	struct tally after;   /* and behind the last */
	uint64_t other;       /* bytes that are no block of this spool */
	uint64_t torn;        /* and those behind the last block of the newest: a write may have been cut short there */
	bool newest;
	bool spare;           /* the next weir has no use for it */
};

/* all: what is confirmed and still there, too.  NULL with errno: of the system; ENOTDIR for what is no directory, or a
 * symbolic link; EPROTO: another version of weir has written it.  No damage can make it fail. */
struct visit *visit_open(const char *path, bool all);
void visit_close(struct visit *visit);

struct visit_found visit_found(const struct visit *visit);

/* The next records, as spool_next has them, until the next call; with a length of 0 there is only something missing in front
 * of what follows.  False: there are no more. */
bool visit_next(struct visit *visit, struct spool_next *next);

/* What is missing, of what was to be read: all of it once visit_next has said that there is no more. */
struct tally visit_missing(const struct visit *visit);

/* 0, or an errno where a file could not be read; then what was in it is missing. */
int visit_error(const struct visit *visit);

/* From 0 on, oldest first, those without use last; before the first visit_next.  0, or -1 with errno; ENOENT: it has gone
 * since. */
int visit_segment(struct visit *visit, uint64_t index, struct visit_segment *segment);

/* The serial of a record of it, counted from 0. */
uint64_t visit_serial(const struct spool_next *next, uint64_t record);

#endif
