/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream: the two ends of a pipeline that is being treated badly: a source of numbered records (see
 * tests/helpers/numbered.h) and a sink that knows every byte of them.
 *
 * Both live in memory that is shared with the driver, so that it sees how far they are, and what they
 * had seen after they have been killed.  Where a process is killed between a system call and the
 * counting of what it did, a count is behind by one call, of at most STREAM_MOST bytes.
 */
#ifndef CHAOS_STREAM_H
#define CHAOS_STREAM_H

#include "../helpers/numbered.h"
#include "../unit/random.h"

#define STREAM_MOST ((size_t)64 << 10) /* bytes in a read or a write */

#define HEAD_MOST 24 /* what is in front of a record in a frame, its length and a space, and an end */

struct source {
	struct lengths lengths;
	bool framed;           /* each record is a frame of --frame=octets */
	uint64_t count;        /* how many records; fewer where finish is set */
	uint64_t point;        /* the hook is called before this record, counted from 0 */
	volatile bool finish;  /* come to an end after this record */
	volatile uint64_t records, bytes; /* written so far; records with their last byte */
};

/* Called at source->point, with all records before it written; sets the next point. */
typedef void source_hook(struct source *source, void *state);

struct sum {
	uint64_t records, bytes;
};

struct sink {
	struct lengths lengths;
	uint64_t stride;       /* record n is followed by n + stride, and 1 is the first; 0: by any larger */
	bool framed;           /* each record is a frame of --frame=octets: */
	char head[HEAD_MOST];  /* what has come of its length */
	size_t headed;
	bool marked;           /* "!RECORDS BYTES" in a line says what is missing before the next record */
	unsigned char *seen;   /* a bit for each record, set when it has come; or NULL */
	uint64_t most;         /* bytes to read, to do nothing more after them; 0: all */
	volatile bool leave;   /* return, with the record at hand unfinished, to be called again */
	volatile uint64_t records, bytes; /* what came; whole records */
	uint64_t last;         /* the last whole record, 0 before */
	struct record now;     /* the record at hand, of which `at` bytes have come; its digits alone */
	size_t at;             /* until it is known what it must be */
	bool known;
	struct sum marks;      /* how many came; their bytes are in `bytes` too */
	struct sum said;       /* to be missing, by all of them */
	struct sum missing;    /* before all records that came */
	char mark[64];         /* the mark at hand, of which `at` bytes have come */
	bool in_mark;
	char wrong[160];       /* the first thing that was not as it must be; empty: nothing was */
};

/* Lengths of which most are short, some up to most bytes long; none is less than least. */
void lengths_random(struct lengths *lengths, struct random *random, uint64_t least, uint64_t most);

/* Writes its records to fd, in writes of random lengths. */
void source_run(struct source *source, int fd, struct random *random, source_hook *hook, void *state);

/* Reads fd to its end, or until told to leave.  After the first thing wrong only counts bytes. */
void sink_run(struct sink *sink, int fd, struct random *random);

/* Sets the bit of a record; whether it was set already. */
bool seen_before(unsigned char *seen, uint64_t number);

/* Adds the records from the number `from` up to, but without `to`. */
void sum_records(struct sum *sum, const struct lengths *lengths, uint64_t from, uint64_t to);

/* The next n bytes of the stream. */
void sink_take(struct sink *sink, const char *bytes, size_t n);

#endif
