/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * model: what weir(1) promises, as a list of records read byte by byte: slow, and obviously right.
 *
 * It is told what the real code asked of its input and output, and what it was answered (script.c tells
 * it), checks at once that this was allowed to be asked, and works out on its own what must have become
 * of each record.  After each pass all that can be seen of the real code must be what the model says.
 *
 * Where the contract leaves a choice, how much is asked for at a time or when exactly the input is looked
 * at, the model follows; it never follows in what is kept, dropped, sent or counted.  It has no ring, no
 * batches, no marks and no search for ends.
 *
 * What a text says (keep.h, key.h), the order of random numbers (chance.h, sample.h), CoDel's law (codel.h) and the
 * police's bucket are those of weir itself, each held against an oracle in its own unit test.  Here it is about
 * what is asked of them, in which order, and what becomes of the answer.
 */
#ifndef WEIR_MODEL_H
#define WEIR_MODEL_H

#include "flow/pump.h"
#include "hold/excess.h"
#include "marked.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/uio.h>

#define MODEL_RECORDS 20000
#define MODEL_KEYS 20000

struct model_record {
	uint64_t start; /* in the stream */
	uint64_t length;
	uint64_t sent;
	uint64_t arrived_ns; /* when its end was read */
	uint64_t key;  /* hash of it, once it has ended or been begun to be sent */
	unsigned class;
	uint64_t number; /* that it has drawn */
	uint64_t weight; /* where they are weighed: of the gates, and of shed */
	uint64_t batch;  /* of latest, and stretch of fair: of neighbours that were noted together; 0: it is not noted */
	bool judged;   /* the gates have let it in */
	bool ended;
	bool delimited; /* it has */
	bool admitted; /* the policy has let it in */
	bool shed;     /* or did so, when there was more room, or under another one */
	bool paid;     /* the rate has been charged for all of it */
	bool header;   /* one of the first, which give way to nothing */
	bool unkeyed;  /* part of it was out when this rate began: it is charged to the bucket for all */
};

/* Of a bucket: tokens, times the period of the rate. */
struct model_level {
	uint64_t key;
	int64_t level;
	uint64_t then_ns;
	struct rate rate; /* that it fills at */
	int64_t depth;    /* tokens */
};

/* A record that was let in, where repeats are left out. */
struct model_let_in {
	uint64_t at; /* where it stands in the stream, without its delimiter */
	uint64_t length;
	uint64_t then_ns;
};

/* Of a sample by count: the number of the next record, and how many are in the sample, from the last time that it began
 * anew. */
struct model_share {
	uint64_t key;
	uint64_t number;
	uint64_t kept;
	uint64_t phase; /* where it began, of the denominator */
	bool first;     /* nothing has come of a key whose first is in for itself */
	struct budget_key budget;
};

struct model_police {
	uint64_t key;
	struct bucket bucket;
};

struct model {
	const struct options *options; /* own, */
	struct options own;            /* which a retune changes values of, and a replan all of */
	bool sampling;      /* there is a sample, */
	bool streams;       /* any byte may leave */
	const char *stream; /* the byte at p is stream[p % window] */
	size_t window;
	size_t unit;        /* the most whole records in a write */
	const struct marked *marks; /* where records end that do not say so in a byte; NULL: they do */
	uint64_t at;        /* bytes read, and passed on: all that were, */
	uint64_t seen;      /* but for what may be the beginning of a line or of a header: so many were read */
	uint64_t pass_to;   /* and so many are passed on by this read */
	bool input_waits;   /* the input had nothing more when it was last asked */
	uint64_t record_linger_ns;
	bool open;          /* a record has been begun, */
	uint64_t begun;     /* of which this much was read, */
	bool too_long; /* under fail a record was, */
	bool over;     /* and what comes is behind it */
	bool header_too_long; /* or one of the first was: */
	uint64_t headers;  /* so many of the first come in unasked, leave first, and stay; */
	uint64_t headers_out; /* so many have left */
	uint64_t came_ns;  /* when something was read last; 0: nothing was */
	uint64_t settle_due_ns; /* when the real code wanted to be woken since nothing more comes; or 0 */
	bool left_out;      /* and it is being left out */
	enum reason why;
	uint64_t weight;    /* of the record that was let in last, where they are weighed */
	struct model_share share;
	struct sample draws; /* of a sample by random: */
	uint64_t gap;       /* so many to leave out before the next */
	bool counted_out;   /* the record that has been begun is one of them */
	enum pump_input input;
	bool parts;         /* a record too long to wait for may be begun */
	bool paused;
	uint64_t paused_since_ns;
	struct model_level common; /* of the bucket for all */
	int64_t depth;      /* tokens; of each bucket, from now on */
	struct sample shedding; /* of shed, where its sample is by lot: */
	uint64_t shedding_gap; /* so many to leave out before the next */
	struct chance lots; /* of drop-random, */
	uint64_t round_at;  /* whose round goes on with the record that begins here, or the next */
	struct codel codel;
	struct chance salts; /* of fair, */
	uint64_t salt;      /* the one that its hashes have now */
	uint64_t salt_of_all; /* that others have */
	struct tally noted_in; /* a buffer of so much */
	bool noting;        /* latest and fair know keys, */
	struct tally full;  /* in batches of so much, */
	size_t most_batches;
	uint64_t batches;   /* begun so far */
	uint64_t broken;    /* the one that the last oldest record was in that has left */
	bool pressed;       /* the buffer was full, or high, and is not low yet; */
	uint64_t pressed_since_ns;
	uint64_t pressed_number; /* of class 0 so many have come since */
	bool failed;
	uint64_t now_ns;
	bool aged;          /* since the pass began: what is too old has gone */
	bool room;          /* and the output has some, it says */
	bool left;          /* a record has left that was held, the last one after */
	uint64_t waited_ns;
	uint64_t most_waited_ns; /* of all that have left */
	uint64_t due_ns;    /* when the real code wanted to be woken by the rate, or 0 */
	uint64_t patient_until_ns; /* until then a full output is waited for before more is read; or 0 */
	/* since the pass began */
	uint64_t out_before; /* bytes that had left by then */
	bool willing;       /* the input has something to say, and the output takes all */
	uint64_t moved;     /* bytes, in and out and dropped from the buffer; and the end of the input */
	bool asked;         /* the input was read from */
	struct tally after_read; /* what was held then */
	bool end_seen;      /* a look has found the end */
	bool answered;      /* the output was, */
	enum io_result answer; /* and said this, most recently */
	struct ledger ledger;
	size_t count;
	struct model_record held[MODEL_RECORDS]; /* oldest first; the last may not have ended */
	struct budget budget;
	size_t levels, polices, shares, let_in;
	struct model_level level[MODEL_KEYS];    /* --rate-by=key */
	struct model_police police[MODEL_KEYS];  /* the first is for all */
	struct model_share each[MODEL_KEYS];     /* --sample-by=each-key */
	struct model_let_in repeats[MODEL_KEYS]; /* --collapse */
};

void model_init(struct model *m, const struct options *options, const char *stream, size_t window,
    size_t unit, uint64_t now_ns);

/* What weir has of the system to hash keys with. */
void model_salt(struct model *m, uint64_t salt);

/* Where records end, after model_init. */
void model_mark(struct model *m, const struct marked *marks, uint64_t linger_ns);

/* How much of what was read is kept back. */
uint64_t model_kept(const struct model *m);

/* The input brought length bytes, of asked for, into pieces that are judged one after the other, with what was kept back in front;
 * or it ended, or failed.  waits: there is no more now. */
void model_read(struct model *m, size_t asked, const struct iovec *piece, size_t length, bool waits);
void model_looked(struct model *m, bool at_end); /* which may do for a read */
void model_input_over(struct model *m, enum pump_input how, const struct iovec *piece); /* with what was kept back */

/* These bytes were offered to the output: all of one write, or (offset > 0, too) a part of a batch, of
 * which offset bytes come before it. */
void model_offered(struct model *m, size_t offset, const struct iovec *piece, int pieces, size_t length);

/* And this much of them was taken. */
void model_took(struct model *m, enum io_result answer, size_t length);

/* Bytes went from pipe to pipe, or not. */
void model_spliced(struct model *m, enum io_result answer, size_t length);

/* What the test does to the pump.  readable: the input has something to say; willing: and it does, and the output takes all;
 * room: the output says that it takes some. */
void model_begin_pass(struct model *m, bool readable, bool willing, bool room, uint64_t now_ns);
void model_stop(struct model *m, uint64_t now_ns);

/* Between two passes, what pump_retune is told. */
void model_retune(struct model *m, const struct tuning *tuning, uint64_t now_ns);

/* The same of pump_replan, where that is not refused. */
void model_replan(struct model *m, const struct options *next, uint64_t now_ns);

/* After a pass: whether the real code is where the model says it must be. */
bool model_agrees(struct model *m, const struct pump *pump, uint64_t now_ns);

/* After pump_close_books. */
bool model_agrees_closed(struct model *m, const struct pump *pump);

/* The first thing that was wrong since model_init, or NULL. */
const char *model_complaint(void);

#endif
