/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outlet: in which writes what may leave the queue leaves, and where a mark stands among them.
 *
 * Which records may leave, and how many, is not decided here: that is the toll's, which is asked before each write,
 * and told what has left.
 *
 * A stream (plain block, or bytes) leaves as it comes.  Everything else leaves in whole records: a
 * write to a pipe is whole records of at most PIPE_BUF bytes together, or part of one longer
 * record, so that not even SIGKILL leaves a torn record of up to PIPE_BUF bytes (pipe(7): such
 * writes are atomic).  Once the first byte of a record is out, its rest follows before anything
 * else.
 *
 * Where the reader has to confirm, what has left is in flight (hold/flight.h), and a reader that comes after one that
 * has gone is given that first.
 *
 * Where records are missing, a mark leaves before the record behind the gap; or, when none comes,
 * once the gap is due: a second old, or as old as a repeat may be.  A mark is no part of the law.
 */
#ifndef WEIR_OUTLET_H
#define WEIR_OUTLET_H

#include "base/ledger.h"
#include "base/units.h"
#include "flow/tap.h"
#include "flow/toll.h"
#include "hold/flight.h"
#include "hold/inside.h"
#include "hold/mark.h"
#include "hold/queue.h"
#include "hold/weights.h"
#include "os/io.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a drain ended. */
enum outlet_state {
	OUTLET_EMPTY,   /* nothing is left that may leave */
	OUTLET_MORE,    /* there is more, and no obstacle: it is another's turn */
	OUTLET_REFUSED, /* the output takes no more now */
	OUTLET_HELD,    /* the toll holds the next record or mark back: outlet_awaited, outlet_due_ns */
	OUTLET_GONE,    /* the reader has gone */
	OUTLET_ERROR,   /* errno is in error */
};

/* What stands in front of one record, as it leaves; or inside it (hold/inside.h): then `head` bytes behind that are in place of as
 * many of the record's own. */
struct number_text {
	char text[INSIDE_MOST];
	size_t length; /* all of it is out when so much has been */
	size_t sent;
	size_t head;
	size_t head_sent;
	uint64_t serial;
};

struct numbers {
	const char *template;     /* NULL: without their serials; not owned */
	struct serials *serials;  /* not owned */
	const char *weight;       /* the template of their weights; NULL: without; not owned */
	struct weights *weights;  /* where there is one; not owned */
	char *text;               /* malloc'd: writes are made up here */
	struct inside_misfit misfit; /* the record in front of which it does not fit, which is an error; number 0: none */
	struct number_text next;  /* of a record that is begun */
	struct number_text again; /* of one that is handed over again, */
	bool again_is_numbered;   /* and has gone in front of it */
};

struct outlet {
	struct io_port port;
	bool stream;       /* any byte may leave */
	size_t parts_from; /* an incomplete record leaves in parts when this much is held; SIZE_MAX: never */
	struct toll toll;
	int error;
	struct marks *marks; /* not owned; NULL where gaps are not marked */
	struct flight *flight; /* not owned; NULL: what has left is out */
	struct tap *taps;    /* who looks at what leaves; NULL: nobody; not owned */
	bool absent;         /* there is no reader for now */
	bool marks_answered; /* a mark is waited for like a record */
	struct numbers numbers;
	bool input_over;     /* no record comes behind a gap any more */
};

/* rate: NULL for none; burst 0 for the default.  The port must be open already. */
void outlet_init(struct outlet *outlet, bool stream, size_t parts_from, const struct rate *rate,
    uint64_t burst, uint64_t now_ns);

/* What leaves is in flight from then on, with as much at a time as the toll lets go; not owned.  answered: so is a mark. */
void outlet_set_flight(struct outlet *outlet, struct flight *flight, const struct tally *window, bool answered);

/* Another reader takes what comes from here on, by this port, and what is in flight first; or there is none for now
 * (NULL): what waits is refused. */
void outlet_change_reader(struct outlet *outlet, const struct io_port *port);

/* Records leave with their numbers, from the beginning on, and marks with that of the last they stand for; neither is
 * owned.  0, or -1 with errno.  Then the outlet is to be freed. */
int outlet_number(struct outlet *outlet, const char *template, struct serials *serials);

/* The same with their weights, behind the numbers if they have those.  serials are those of what is in flight, if anything is;
 * else NULL. */
int outlet_weigh(struct outlet *outlet, const char *template, struct weights *weights, struct serials *serials);
void outlet_free(struct outlet *outlet);

/* Bytes of the record being assembled where it may not leave before its end has come. */
size_t outlet_unfinished(const struct outlet *outlet, const struct queue *queue);

/* Of a drain that ended with OUTLET_HELD: what is waited for, and until when; UINT64_MAX: time alone does not help. */
enum awaited outlet_awaited(const struct outlet *outlet);
uint64_t outlet_due_ns(const struct outlet *outlet);

/* When a gap that no record has come behind is to be marked; UINT64_MAX for never, or while nobody is there to read it. */
uint64_t outlet_mark_due_ns(const struct outlet *outlet, const struct queue *queue);

/* Whether part of a mark is out and part is not. */
bool outlet_mark_begun(const struct outlet *outlet);

/* For numbers.c: what follows from an answer (EMPTY: the next write may be tried); done bytes are out, the first of what
 * was offered, and `ended` is greater by the records that ended in them. */
enum outlet_state outlet_state_after(struct outlet *outlet, enum io_result result);
void outlet_account(struct outlet *outlet, struct queue *queue, struct ledger *ledger, size_t done, uint64_t *ended);

/* Writes until an obstacle, or until at least budget bytes have gone and what is left fits. */
enum outlet_state outlet_drain(struct outlet *outlet, struct queue *queue, struct ledger *ledger,
    uint64_t now_ns, size_t budget);

#endif
