/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handing: what weir(1) promises of a reader that has to confirm, as a list of records: slow, and obviously right.
 *
 * It is told what the real code wrote, started and ended (scene.c tells it) and what the reader said, checks at once
 * that this was allowed, and works out on its own what must have become of each record: who was handed what, in which
 * order and how often, what is in flight, out, rejected; which batch is made, runs, is halved, is tried again, and
 * when.  After each pass and each step all that can be seen of the real code must be what this says.
 *
 * Which of the records that wait give way where something does not fit is model.h's.  Here it is followed, from what is
 * left in the buffer; but not that it had to be, that it was one that waits, and that none is too old.
 *
 * How long a wait before a try is within its bounds is chance; it is followed, and what follows from it is not.
 */
#ifndef WEIR_MODEL_HANDING_H
#define WEIR_MODEL_HANDING_H

#include "flow/handed.h"
#include "hand/feed.h"
#include "hand/jobs.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/uio.h>

#define HANDING_RECORDS 4000
#define HANDING_PARTS 64
#define HANDING_MAKING UINT_MAX /* the name of what is being made */
#define HANDING_IDS 200 /* records that differ by so much begin with the same byte */

enum life {
	COMING,  /* not all of it is here */
	WAITING, /* in the buffer */
	GOING,   /* handed over in part, or begun */
	FLYING,  /* handed over whole, and not settled */
	LEFT,    /* out, or dropped */
};

struct hand_record {
	uint64_t length; /* with its delimiter */
	uint64_t planned; /* as its header says, if there is one */
	uint64_t read;   /* of it, so far; and all of that is */
	uint64_t here;   /* but for what may be the beginning of a line, or of a header */
	bool folded;     /* it is of two lines */
	uint64_t sent;   /* of it, to any reader */
	uint64_t wire;   /* how much this reader had been given with its end; 0: it has not */
	uint64_t arrived_ns;
	unsigned part;   /* of which part of a batch it is, by its name; 0: of none */
	enum life life;
	bool flown;      /* it was handed over whole, to some reader */
	bool skipped;    /* it is too long, and does not come in */
};

/* A batch, or a part of one that was halved. */
struct hand_part {
	unsigned name;
	unsigned batch; /* that it is of */
	size_t records;
	uint64_t bytes;
	uint64_t tries; /* that have failed */
	uint64_t id;    /* of the COMMAND that runs; 0: none does */
	uint64_t started_ns;
	uint64_t timeout_ns; /* that it has from then on; 0: any */
	bool halved;    /* it is not all of a batch */
	bool late;      /* it was told to end */
};

struct handing {
	const struct options *options;
	const struct reader_options *rules;
	struct pump *pump;
	const struct breaker *breaker;
	uint64_t now_ns;
	/* records, by serial - 1 */
	size_t planned;
	size_t coming;   /* of them, this one comes next, or has begun to */
	bool input_over;
	/* this reader */
	bool absent;
	uint64_t at;     /* bytes of the current record that it was given, with its number */
	uint64_t given;  /* and in all */
	uint64_t credits;
	bool refused;    /* it takes no more in this pass */
	bool moved;      /* something did */
	bool followed;   /* what gave way before anything left */
	bool gave_way;   /* in this pass: */
	size_t gone_records;
	uint64_t gone_bytes;
	/* COMMAND, where it is fed */
	bool runs, over;
	uint64_t starts, begun_ns;
	uint64_t died_at, deaths;
	/* batches */
	bool making;
	bool begun;      /* something is in it, */
	struct tally made; /* so much */
	bool full;       /* and nothing more has room */
	uint64_t batch_room; /* of the buffer, when it was begun, */
	struct tally batch_most; /* and as much was to be in one */
	bool takes;      /* it is to be sealed in this step, */
	bool may_take;   /* or may be */
	bool hurried;
	uint64_t again_ns;
	unsigned names;
	size_t parts;
	struct hand_part part[HANDING_PARTS];
	uint64_t last_id;
	/* the breaker */
	uint64_t failures;
	uint64_t due_ns;
	uint64_t beyond; /* bytes that are held since a larger buffer had room for them */
	uint64_t opened;
	uint64_t open_ns;
	/* figures */
	uint64_t tried, bisected, redelivered, failed, rejected;
	struct ledger ledger;
	struct hand_record record[HANDING_RECORDS + 1];
};

extern struct handing handing;

void handing_begin(const struct options *options, struct pump *pump, const struct breaker *breaker, uint64_t now_ns);

/* One more record will come; its byte at that place.  It is a line, or two of which the first ends in a comma, or has its length in
 * front, in HANDING_HEAD bytes: as the framing has it. */
#define HANDING_HEAD 2
void handing_plan(uint64_t length);
char handing_byte(size_t record, uint64_t at);

/* What scene.c tells: so many bytes are read, into `to`; the input is over; this is offered, to a reader or for a batch;
 * so much of it was taken; a batch is made; COMMAND is started, with what a parcel holds (NULL: with a pipe); a signal
 * is sent to it. */
void handing_read(char *to, size_t length);
void handing_input_over(void);
void handing_offered(bool batch, const struct iovec *piece, int pieces, size_t length);
void handing_took(bool batch, enum io_result answer, size_t length);
void handing_sealed(size_t length);
void handing_started(uint64_t id, const char *const *environment, const char *bytes, size_t length);
void handing_terminated(uint64_t id);

/* What the test does. */
void handing_begin_pass(uint64_t now_ns);
void handing_oldest(bool rejects);
void handing_number(uint64_t serial, bool rejects);
void handing_up_to(uint64_t serial);
void handing_unread(uint64_t unread); /* so much of the pipe nobody has read yet */
void handing_grant(uint64_t credits);
void handing_hurry(void);
void handing_died(uint64_t now_ns); /* COMMAND that is fed */
void handing_is_started(uint64_t id);                         /* COMMAND of a batch, */
void handing_ended(uint64_t id, int status, uint64_t now_ns); /* which ended, by its wait status, */
void handing_short(uint64_t id, uint64_t again_ns);           /* or could not be started: not before then again */

/* Between two steps the options are others from now on: they are told by *next, and are in place when it goes on. */
void handing_replan(const struct options *next, uint64_t now_ns);

/* After a pass; after a step of the reader's side, at this time: whether the real code is where this says it must be. */
bool handing_agrees(void);
bool handing_agrees_fed(const struct feed *feed, uint64_t now_ns);
void handing_begin_step(uint64_t now_ns);
bool handing_agrees_batched(const struct jobs *jobs, uint64_t now_ns);
bool handing_agrees_over(void);

/* Of what this reader was given and is in flight the n-th, its serial; 0 for none.  Whether nothing is left to be handed
 * over, and no more comes; or to be settled either. */
uint64_t handing_nth_given(size_t n);
bool handing_all_handed(void);
bool handing_all_settled(void);

/* What the real code says of itself between two passes is what the model says. */
void handing_same_books(void);

/* The first thing that was wrong since handing_begin, or NULL. */
const char *handing_complaint(void);

#endif
