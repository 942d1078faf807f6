/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lives: of a weir with a spool, one after the other, over the same directory: with a producer that knows what is on disk, and
 * a reader that keeps a journal.
 */
#ifndef WEIR_SPOOL_LIVES_H
#define WEIR_SPOOL_LIVES_H

#include "../unit/random.h"

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define READER "--reader" /* the first argument of this program as COMMAND */
#define LIVES_PATH 400

/* A way to confirm, and how many records may be in flight with it. */
struct way {
	const char *name;
	const char *option[3]; /* of weir's */
	const char *reader;    /* what this program is as COMMAND; NULL: it reads weir's standard output */
	uint64_t flying;
	bool trickles;         /* records come a few at a time, and parts of them, so that most leave at once */
};

extern const struct way lives_ways[]; /* up to one without a name */

struct journal {
	int fd;
	char *text; /* malloc'd */
	size_t length, at;
	uint64_t end;  /* of the file, as far as it was read */
	bool damaged;
};

/* One of them. */
struct life {
	uint64_t records; /* up to this number there are some */
	uint64_t quota;   /* and so many more are written in this life */
	uint64_t wait_us; /* it is killed so long after it has begun */
	bool to_the_end;  /* or it is not */
	const char *point; /* or there, at the n-th passing; NULL */
	unsigned passing;
};

struct lives {
	const char *weir, *self;
	char folder[LIVES_PATH];
	const struct way *way;
	uint64_t seed;
	struct random chance;
	uint64_t count;     /* that there were */
	uint64_t delivered; /* up to this number all are in the journal */
	uint64_t known;     /* up to this number all are there, or on disk */
	struct journal journal;
	int status;         /* of the last one, where it was not killed */
	bool stopped;       /* it ended at a point */
	bool hangs;         /* it did not end */
};

void lives_init(struct lives *lives, const char *weir, const char *self, uint64_t seed);
void lives_begin(struct lives *lives, const struct way *way);
void lives_live(struct lives *lives, const struct life *life);

/* good: what it has left on disk is removed. */
void lives_end(struct lives *lives, bool good);

/* Segments that are there. */
size_t lives_left(const struct lives *lives);

/* Whether this weir has named stopping points. */
bool lives_has_points(const struct lives *lives);

/* The number of the next record in the journal, if it is whole. */
bool journal_next(struct journal *journal, uint64_t *number);

/* This program as COMMAND: its status. */
int lives_reader(int argc, char *argv[]);

#endif
