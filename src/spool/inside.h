/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a spool is made of: for the files of spool.h alone.
 *
 *      confirmed ... | in memory (entries) | on disk only (ahead) | next
 *                    ^ state.first         ^ loaded               ^ next        ordinals
 */
#ifndef WEIR_SPOOL_INSIDE_H
#define WEIR_SPOOL_INSIDE_H

#include "base/units.h"
#include "os/folder.h"
#include "spool/entries.h"
#include "spool/loader.h"
#include "spool/recover.h"
#include "spool/saver.h"
#include "spool/spool.h"
#include "spool/syncer.h"

#define SPOOL_LOCK "lock"

/* That a spool has at least, when it is full. */
#define SPOOL_SEGMENTS 8

/* So many serials are on disk as given before they are. */
#define SPOOL_BOUND_AHEAD (UINT64_C(1) << 22)

/* A segment is to go as soon as the state that does not need it any more is on disk. */
struct spool_done {
	uint64_t *number; /* malloc'd */
	size_t count, size;
	uint64_t bytes;
};

/* What a disk may refuse; of each what is known. */
enum spool_doing {
	SPOOL_WRITING,
	SPOOL_SYNCING,
	SPOOL_READING,
};

#define SPOOL_DOINGS 3

struct spool_trouble {
	int error;        /* errno of the last failure, which has been told; 0: there is none */
	uint64_t last_ns; /* and when that was */
};

/* What cannot be read is tried so often before it is given up. */
#define SPOOL_READ_TRIES 10

/* After a failure. */
#define SPOOL_RETRY_NS (100 * NS_PER_MS)

/* Descriptors of full segments that are not synced yet. */
#define SPOOL_SEALED_MOST (SYNCER_FILES - 1)

struct spool_sealed {
	int fd;
	uint64_t number;
};

struct spool {
	struct spool_rules rules;
	struct folder folder;
	uint64_t segment_most;
	struct state state;
	int state_fd;
	int synced_slot;        /* that was synced last: the other one is written */
	bool changed;           /* the state is not as it was written, */
	bool stuck;             /* and could not be written */
	bool stays;             /* nor could what is done with be removed */
	struct tally dropped_before[REASONS]; /* by earlier runs */
	struct segments segments;
	struct spool_done done;
	int active;             /* the last segment, or -1: a new one is begun */
	uint64_t last_place;    /* where its last block begins */
	struct tally next, loaded;
	uint64_t serial;        /* behind the last record that was put, */
	uint64_t loaded_serial; /* and behind the last one in memory */
	struct tally ahead;     /* on disk, and not in memory */
	struct tally hole_from, hole_to; /* of that nothing is: it gave way, or was missing when this run began */
	struct tally lost_from;      /* from there to old_end all is missing, and counted */
	bool given;             /* by spool_next, and not in memory */
	uint64_t syncing_end, tail_end; /* where what is being synced ends in its segment; and what was synced last */
	struct tally old_end;   /* what comes before this is of earlier runs */
	uint64_t spared_from, spared_to; /* records, as ordinals, that do not give way as long as they are not settled */
	struct entries entries;
	struct loader loader;
	struct saver saver;
	struct block block;     /* that was read back last, */
	uint64_t block_segment, block_place; /* and where */
	const unsigned char *other; /* an id that its blocks have, too; NULL for none */
	struct syncer syncer;
	uint64_t looked_ns;     /* when spool_look was last called */
	bool news;              /* a sync has ended since then */
	bool state_synced;      /* as it was written last */
	uint64_t settling;      /* the ordinal up to which all is settled in the state that is being synced, */
	uint64_t settled;       /* and in the one that is on disk */
	size_t unneeded;        /* of the sealed ones, the oldest: they are settled, and not synced any more */
	struct tally syncing;   /* that is being synced: up to there, */
	uint64_t syncing_segment, syncing_place; /* where the last block of it is */
	uint64_t sync_due_ns;   /* when something is to be synced; UINT64_MAX: nothing is */
	uint64_t retry_ns;      /* after a failure nothing is put before, */
	uint64_t sync_again_ns; /* and nothing synced before, after one of that */
	uint64_t bound_synced;  /* no serial from here on is given before another bound is on disk */
	bool wants_room;        /* what was to be put last found none */
	bool refused;           /* it did not, since the disk would not: it can be tried again */
	bool no_space;          /* that was for want of space */
	uint64_t gave_ns;       /* when something gave way for that, and it has not helped yet; 0: nothing has */
	uint64_t disk_room;     /* what there was when it was full, or is; 0: it was not */
	uint64_t reach;         /* the greatest serial that was asked for */
	bool torn;              /* the active one ends in the remains of a block: nothing is put behind them */
	bool stretched;         /* there is no bound any more */
	bool broken;            /* what was to be synced has to be written anew first */
	unsigned anew_tries;    /* to write it anew, in vain */
	unsigned read_tries;    /* the same, of what is on disk only: */
	uint64_t read_again_ns; /* it is not tried before; 0: it did not fail */
	uint64_t spared_bytes;  /* of segments that are done with and stay all the same */
	struct spool_sealed *sealed; /* malloc'd: segments that are full and not synced yet */
	size_t sealed_count;
	bool names;             /* a segment was made since names were synced */
	uint64_t sync_took_ns;  /* its steps so far */
	char id[2 * BLOCK_ID + 1];
	struct spool_trouble trouble[SPOOL_DOINGS];
	struct spool_figures figures;
};

/* What was found is what the run begins with: all of it in memory, nothing is written yet.  The segments become the
 * spool's, and the loader stands before the first record. */
void spool_take_up(struct spool *spool, struct recovered *recovered);

/* The state as it is now, into the slot that is not the last synced one. */
void spool_write_state(struct spool *spool);

/* A new segment is the active one.  False where it could not be made. */
bool spool_begin_segment(struct spool *spool);

/* A block whose records are so many and so long is in memory from now on.  False with errno. */
bool spool_note_entry(struct spool *spool, const struct block *block, uint64_t segment, uint64_t place, struct tally sum);

/* The disk would not: nothing but reading is tried for a while.  And it did what it would not before. */
void spool_note_failure(struct spool *spool, enum spool_doing doing, int error);
void spool_note_success(struct spool *spool, enum spool_doing doing);

/* Whether it is a want of something else than the data: of memory, of descriptors. */
bool spool_will_pass(int error);

/* Whether there is no more room: of the disk, or of its user. */
bool spool_is_space(int error);

/* A sync has failed: what it was for may be on disk or not, now or ever.  It is read back, as long as it can be, and
 * put into a new segment.  False: it is to be tried again. */
bool spool_write_anew(struct spool *spool);

/* Segments that nothing needs any more are done with. */
void spool_retire(struct spool *spool);

/* One that is in no list any more is removed with the next sync of the state. */
void spool_remove_later(struct spool *spool, const struct segment *segment);

/* One that is at an index of the list is. */
void spool_retire_one(struct spool *spool, size_t index);

/* Nothing more is put into the active one. */
bool spool_close_active(struct spool *spool);

/* Bytes of segments in the list that are done with, as soon as that is synced. */
uint64_t spool_settled_bytes(const struct spool *spool);

/* Nanoseconds since 1970. */
uint64_t spool_wall_ns(void);

/* All before that is in memory, or was, or is not there. */
void spool_pass_to(struct spool *spool, struct tally end);

/* What is between these two ordinals is not there, and has been counted.  False where another hole is, which it does not
 * touch. */
bool spool_make_hole(struct spool *spool, struct tally begin, struct tally end);

/* Whether one of the records between these two ordinals is spared. */
bool spool_is_spared(const struct spool *spool, struct tally begin, struct tally end);

/* The sum of two, and the difference. */
struct tally spool_sum(struct tally one, struct tally other);
struct tally spool_less(struct tally one, struct tally other);

#endif
