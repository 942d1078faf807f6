/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostile: what the hostile COMMAND and who judges it have in common: its journal, its misdeeds, and what a record is.
 *
 * A record is "NUMBER LENGTH xxx", of LENGTH bytes in all, without its delimiter: what fills it hangs on the number, so
 * that one that is torn, glued or shuffled is seen by itself.  NUMBER is its place in the input, and so its serial.
 */
#ifndef TESTS_HOSTILE_H
#define TESTS_HOSTILE_H

#include <stdint.h>

/* A journal is a file of these, appended by whole writes, so that a process that is killed has written all that it did
 * before; each comes before what it tells of, where that is seen by others. */
enum note_kind {
	NOTE_START,     /* a COMMAND: $WEIR_TRY, $WEIR_FIRST; */
	NOTE_BATCH,     /* of a batch: $WEIR_LAST, $WEIR_RECORDS */
	NOTE_READ,      /* it is about to read so many bytes at most */
	NOTE_GOT,       /* it has read so many */
	NOTE_TAKE,      /* it has this record whole */
	NOTE_MARK,      /* and a mark */
	NOTE_TORN,      /* what is no record: as far as can be told its number */
	NOTE_PART,      /* a part of one at the end of the input */
	NOTE_EOF,       /* the end of its input */
	NOTE_YES,       /* it is about to confirm this one; in lines the next */
	NOTE_UPTO,      /* all up to this one */
	NOTE_NO,        /* to reject it */
	NOTE_FALSE,     /* to answer something that confirms nothing, or what it has not got */
	NOTE_SAID,      /* what it was about to say has been said */
	NOTE_END,       /* to end with this status */
	NOTE_SIGNAL,    /* by this signal */
	NOTE_HANG,      /* to hang */
	NOTE_DEAF,      /* it has closed its standard input, */
	NOTE_DUMB,      /* or output */
	NOTE_FORK,      /* it is about to fork a child that holds its pipes: */
	NOTE_HOLDER,    /* that is this process */
	NOTES,
};

struct note {
	uint32_t kind;
	int32_t pid; /* who writes */
	uint64_t number, more;
	uint64_t none; /* a write that SIGKILL cuts ends with a page: so it ends with one of these as well */
};

/* What a life may come to, a bit each. */
enum deed {
	DEED_NONE,
	DEED_EXIT,      /* with some status */
	DEED_SIGNAL,
	DEED_DATA,      /* status 65 */
	DEED_EARLY,     /* status 0 before the end of the input */
	DEED_HANG,      /* until it is ended, */
	DEED_HANG_DEAF, /* by SIGKILL */
	DEED_CLOSE_IN,  /* then it lives on for a while */
	DEED_CLOSE_OUT,
	DEEDS,
};

/* And what else it may do. */
enum habit {
	HABIT_LATE = 1,      /* answers in lots */
	HABIT_TWICE = 2,
	HABIT_GARBAGE = 4,
	HABIT_SHUFFLED = 8,  /* out of order */
	HABIT_HOLDER = 16,
	HABIT_SLOW = 32,
	HABIT_CRASHES = 64,  /* where a record is poison, with any status but 65 */
	HABIT_NUMBERED = 128, /* not a habit: records have their serial in front */
	HABIT_CALM = 256,    /* one life in two keeps out of trouble; else one in eight */
};

/* Whether a record is poison, in so many of a thousand. */
static inline int
is_poison(uint64_t seed, uint64_t number, uint64_t permille)
{
	uint64_t mixed = (seed ^ number) * UINT64_C(0x9e3779b97f4a7c15);

	mixed ^= mixed >> 29;
	mixed *= UINT64_C(0xbf58476d1ce4e5b9);
	return (mixed >> 32) % 1000 < permille;
}

#endif
