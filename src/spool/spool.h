/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spool: records on disk, from when they have come in until they are settled: a queue that outlives its process.
 *
 *      spool_put ->  | segment | segment | segment |  -> spool_next, spool_loaded -> (the buffer, in flight) -> spool_settle
 *                      ^ settled up to here     ^ the newest
 *
 * What has been put is in a file when that returns: it survives the process.  What has been synced besides survives the
 * machine.  The oldest record that is not settled is where another process begins, that opens the same folder later.
 *
 * As long as what is put can be kept in memory as well (`forward`), nothing is read back.  What is read back is read by a
 * thread; what is synced is synced by another: of all this only spool_open, spool_end and, where the kernel has no memory
 * for it, spool_put wait for a disk.
 *
 * Order on disk: the records, their names, the state, and only then segments are removed.  A sync that failed is not
 * believed later: what it was for is written anew, to another segment.
 *
 * Does not know what waits in memory, nor what gives way: it is told.  Format: block.h, state.h; weir-spool(5).
 */
#ifndef WEIR_SPOOL_H
#define WEIR_SPOOL_H

#include "base/ledger.h"
#include "base/record.h"
#include "spool/block.h"

#include <sys/uio.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPOOL_SYNC_ALWAYS UINT64_C(0)
#define SPOOL_SYNC_NEVER UINT64_MAX

struct spool;

struct spool_rules {
	const char *path;
	uint64_t most;    /* bytes on disk */
	uint64_t sync_ns; /* or SPOOL_SYNC_... */
	struct framing framing;
	bool saves;       /* somebody wants what gives way */
};

/* What was found, and what has become of it since. */
struct spool_figures {
	struct tally recovered; /* that the last run had left */
	struct tally corrupt;   /* that were there, and are missing */
	bool rebuilt;           /* there was no state that could be read: what was confirmed before comes again */
	bool unclean;           /* the last run did not end of its own */
	uint64_t most;          /* bytes that there may be on disk */
	uint64_t bytes;         /* on disk, now */
	uint64_t segments;
	struct tally ahead;     /* on disk, and not in memory */
	uint64_t read_back;     /* bytes of records */
	uint64_t syncs;
	uint64_t synced_ns;     /* when the last sync ended; 0: there was none */
	uint64_t longest_ns;    /* the longest sync */
	uint64_t failures;      /* of a disk: full, or broken */
	int error;              /* errno of the last of them */
	uint64_t oldest_ns;     /* wall clock: when the oldest that is not settled came; 0: there is none */
	const char *id;         /* 32 hexadecimal digits */
};

/* Opens the folder, locks it, recovers.  malloc'd; NULL when the reason has been told. */
struct spool *spool_open(const struct spool_rules *rules);

/* Starts the threads: after confinement.  0, or an errno. */
int spool_start(struct spool *spool);
void spool_free(struct spool *spool);

/* The folder, open. */
int spool_folder(const struct spool *spool);

struct spool_figures spool_figures(const struct spool *spool);

/* Of these what is asked for in each pass: on disk, and not in memory. */
struct tally spool_ahead(const struct spool *spool);

/* The serial of the next record that comes in. */
uint64_t spool_serial(const struct spool *spool);

/* --- coming in ----------------------------------------------------------------------------------- */

/* What becomes a block: whole records, at most BLOCK_MOST bytes or one longer one; serials are missing where the gaps say.
 * unended: the last of them, the last of the input, lacks its delimiter. */
struct spool_load {
	int pieces;
	size_t length;
	uint64_t records;
	uint64_t first;
	unsigned gaps;
	const struct block_gap *gap;
	unsigned weights; /* as block.h has them */
	const struct block_gap *weight;
	bool unended;
	bool lengths;  /* the first piece is the lengths of the records, and none of theirs */
};

enum spool_result {
	SPOOL_DONE,
	SPOOL_WAITS,  /* nothing of it is there, and it can be put as soon as a sync that is under way or due is over, or what has
	               * just given way is room again: what has come is to wait */
	SPOOL_FULL,   /* nothing of it is there: it is as large as it may be, or the disk is full or broken */
};

/* Whether it is for want of room that it is full, on the disk or within its bound, so that it is of use if something
 * gives way; else the disk would not for another reason. */
bool spool_wants_room(const struct spool *spool);

/* It could not even be asked for want of memory: as if the disk would not. */
enum spool_result spool_refuse(struct spool *spool, int error, uint64_t now_ns);

/* From now on there is no bound: what is put is the rest of a run. */
void spool_stretch(struct spool *spool);

/* Blocks that are put at once, at most. */
#define SPOOL_LOADS 8

/* The loads become blocks behind each other: their pieces, in one list, in which one stands in front of those of each that is
 * the spool's own.  As many as one segment has room for, and not always that: *done of them are there.  What is returned is
 * of the others, and DONE where those can be tried at once.
 * forward: the caller takes it into memory as well, and it is as if spool_next had given it.  Only where nothing stands
 * between that and what is in memory: spool_is_level. */
enum spool_result spool_put(struct spool *spool, const struct spool_load *load, size_t loads, struct iovec *piece,
    bool forward, uint64_t now_ns, size_t *done);

/* Whether a record of this length can ever be put. */
bool spool_fits(const struct spool *spool, uint64_t length);

/* Whether all that was put is in memory, or was. */
bool spool_is_level(const struct spool *spool);

/* Whether nothing is there that is not settled. */
bool spool_is_empty(const struct spool *spool);

/* Where it is, records may leave that never were in it: whether those in front of this serial may, for else it may be given
 * again to others; and that they have left. */
bool spool_may_pass(struct spool *spool, uint64_t serial);
void spool_passed(struct spool *spool, uint64_t serial);

/* Where all is to be synced before anything leaves, or is read: whether a record may leave, as all that is in memory has
 * been; and whether more may be read, as all that was put has been. */
bool spool_lets(const struct spool *spool);
bool spool_takes(const struct spool *spool);

/* --- going out ----------------------------------------------------------------------------------- */

/* What follows in the spool what is in memory, if it is read already: its records in one piece, until spool_loaded or the
 * next spool_step.  False: there is none, or it is to come (spool_fds).  With a length of 0 there is only something lost. */
struct spool_next {
	const char *text;
	size_t length;
	uint64_t records;
	uint64_t first;
	unsigned gaps;
	const struct block_gap *gap;
	unsigned weights;
	const struct block_gap *weight;
	bool unended;    /* its last record lacks its delimiter, */
	bool of_old;     /* and others may follow it: it is from an earlier run */
	const unsigned char *lengths; /* of these records, as block_length_at has them; NULL: their bytes tell, or it is only one */
	uint64_t skipped;  /* records of the block in front of these, which the gaps and the weights count from */
	struct tally lost; /* missing in front of it: damage, counted just now */
};

bool spool_next(struct spool *spool, struct spool_next *next);

/* What spool_next has given comes again. */
void spool_put_back(struct spool *spool);

/* It is in memory now, with `added` bytes (the delimiter that it lacked).  False with errno: then it is not, and comes
 * again. */
bool spool_loaded(struct spool *spool, size_t added);

/* Of all that was given so far so much is not settled: in memory or in flight, counted from the oldest on that is not;
 * `out` bytes of the oldest are out already. */
void spool_settle(struct spool *spool, struct tally pending, uint64_t out);

/* How many records in memory came more than age_ns ago, by the wall clock, from the oldest on that is not settled: none
 * where that clock says that they are to come.  In *later_ns the next of them is as old; UINT64_MAX: none is there. */
uint64_t spool_older(const struct spool *spool, uint64_t age_ns, uint64_t *later_ns);

/* What was dropped in this run, so far, by reason: the state has it, with what earlier runs dropped. */
void spool_note_dropped(struct spool *spool, const struct tally dropped[REASONS]);

/* The next so many records that are put are spared as long as they are not settled: no segment that holds one of them gives way.
 * What was asked for before is void. */
void spool_spare_next(struct spool *spool, uint64_t records);

/* How many records in memory, from the oldest on that is not settled, stand in front of those; UINT64_MAX where none of
 * them is left. */
uint64_t spool_before_spared(const struct spool *spool);

/* --- giving way ----------------------------------------------------------------------------------- */

/* The oldest segment of which nothing is in flight is to give way, where the oldest `flying` records that are not settled
 * are.  What of it is in memory, behind the oldest `behind` records there, the caller drops; the rest is counted here. */
struct spool_evicted {
	uint64_t behind;
	struct tally in_memory;
	uint64_t ahead; /* records on disk only in front of */
	struct tally on_disk;
	struct tally from, to; /* the ordinals of these */
	bool saved;     /* they are read back all the same: spool_evicted_next */
};

bool spool_evict(struct spool *spool, uint64_t flying, struct spool_evicted *evicted);

/* Of what has given way on disk what has been read back: whole records, and their lengths as spool_next has them, which stay
 * where they are until the next call; or with text NULL so many that could not be.  False: there is none, or it is to come. */
bool spool_evicted_next(struct spool *spool, const char **text, const unsigned char **lengths, struct tally *sum);

/* Waits until more of it is there.  False: not by then. */
bool spool_await_evicted(struct spool *spool, uint64_t deadline_ns);

/* How much of it has not been read yet. */
struct tally spool_evicted_left(const struct spool *spool);

/* --- the step ------------------------------------------------------------------------------------- */

/* Once a pass, at its beginning: what has come of a sync; the state is written, if something was settled since the last. */
void spool_look(struct spool *spool, uint64_t now_ns);

/* And at its end: the same, and a sync begins. */
void spool_step(struct spool *spool, uint64_t now_ns);

/* To be polled for input, up to SPOOL_FDS descriptors (-1: none); and until when to wait. */
#define SPOOL_FDS 2
void spool_fds(const struct spool *spool, int fd[SPOOL_FDS]);

/* Whether what is on disk only is being read, or will be tried again: spool_next has nothing before. */
bool spool_is_reading(const struct spool *spool);
uint64_t spool_deadline_ns(const struct spool *spool);

/* The run is over; all is synced but where that is never asked for.  0, or an errno. */
int spool_end(struct spool *spool, uint64_t deadline_ns);

#endif
