/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feed: one reader that is fed a stream: COMMAND, started once or again and again, or whoever reads standard output.
 *
 *      down -> starting -> up -> deaf -> over
 *        ^        |         |     |
 *        '-- it failed, and is started again: what is in flight is handed over again
 *
 * deaf: its input is closed, by itself or since there is no more for it, and it is waited for.  What it confirms is told
 * by the pipe (read), by its answers, or by nothing (written); see DESIGN of --confirm in weir(1).
 *
 * Starts nothing itself: that is the warden's.  Knows no batches.
 */
#ifndef WEIR_FEED_H
#define WEIR_FEED_H

#include "hand/answers.h"
#include "hand/breaker.h"
#include "hand/reader.h"
#include "os/warden.h"

#include <stdbool.h>
#include <stdint.h>

enum feed_state {
	FEED_DOWN,     /* not started yet, or to be started again when the breaker says so */
	FEED_STARTING, /* the warden was asked */
	FEED_UP,
	FEED_DEAF,
	FEED_OVER,
};

struct feed {
	const struct options *options;
	const struct reader_options *rules;
	struct pump *pump;
	struct warden *warden;      /* not owned; NULL: no COMMAND */
	struct breaker *breaker;    /* not owned */
	bool answered;              /* by: */
	struct answers answers;
	enum feed_state state;
	enum reader_end end;        /* GOES_ON until the run is to end for its sake */
	uint64_t id;                /* of the COMMAND that runs, from 1 */
	uint64_t started_ns;
	int next_input;             /* of the next COMMAND: its end of a pipe; -1 */
	int answers_from;           /* a descriptor, or -1 */
	bool answers_over;          /* no more will come */
	bool listening;             /* they are heard when they come, */
	uint64_t hear_ns;           /* or then: nobody waits for them */
	bool dismissed;             /* it is told to end, and is not started again */
	enum reader_end failed;     /* SILENT, STALLED: it was told to end for that; BROKEN: it never ran */
	uint64_t tell_ns;           /* it is told to end then; UINT64_MAX */
	bool told;                  /* it was */
	uint64_t progress_ns;       /* when something was confirmed, or first in flight */
	uint64_t refused_ns;        /* since then it takes nothing; UINT64_MAX */
	uint64_t taken;             /* bytes, and what of them is confirmed, at the last step */
	uint64_t look_ns;           /* when to ask how much of the pipe is read */
	uint64_t look_wait_ns;
	unsigned untold;            /* looks in a row that could not tell */
	struct tally seen;          /* in flight at the last step */
	uint64_t died_at;           /* serial of the oldest in flight when it last failed, */
	uint64_t deaths;            /* and how often in a row it has failed at that one */
	uint64_t ignored;           /* answers for what is not in flight */
	uint64_t starts, failures;
	int status;                 /* wait status of the last; -1 */
	bool excused;               /* the record that it died of has been rejected for that */
	int exec_error;             /* errno of the exec that failed, or 0 */
};

/* input: COMMAND's end of the pipe that the pump writes to first (-1: no COMMAND); it is the feed's from then on. */
void feed_init(struct feed *feed, const struct options *options, struct warden *warden, struct breaker *breaker, int input,
    int answers_from);
void feed_free(struct feed *feed);

/* The pipe of a reader that confirms by reading holds no more than the window. */
void feed_size_pipe(const struct reader_options *rules, struct io_port *port);

void feed_begin(struct feed *feed, struct pump *pump, uint64_t now_ns);

/* What the warden has told of it. */
void feed_told(struct feed *feed, enum warden_event event, const struct warden_told *told, uint64_t now_ns);

/* After each wait, before the next pass forgets that nobody reads: a COMMAND that has closed its input is not fed, and
 * where weir is to outlive who reads standard output, what comes is dropped. */
void feed_heed_pipe(struct feed *feed, uint64_t now_ns);

/* After each pass. */
void feed_step(struct feed *feed, uint64_t now_ns);

/* What has been confirmed by now: told by how much of the pipe is read, where that is asked for, and by answers that can
 * be read. */
void feed_look(struct feed *feed, uint64_t now_ns);
void feed_hear(struct feed *feed, uint64_t now_ns);

/* There will be no other time to hear: all that had been said by now, however much, and no more of who goes on. */
void feed_hear_rest(struct feed *feed, uint64_t now_ns);

/* Whether it is to be heard when an answer comes; else by its deadline it is. */
bool feed_is_listening(const struct feed *feed);

/* COMMAND has ended well: the line that it wrote last is an answer without its newline, too. */
void feed_hear_last(struct feed *feed, uint64_t now_ns);

uint64_t feed_deadline_ns(const struct feed *feed);

/* COMMAND is to end for good, and is killed two seconds later; called again until it has ended.  Whether it runs. */
void feed_tell_to_end(struct feed *feed, uint64_t now_ns);
bool feed_runs(const struct feed *feed);

/* For feed.c and start.c: COMMAND is started once more, with what is in flight handed over again; what its answers go
 * by. */
void feed_start_again(struct feed *feed, uint64_t now_ns);
enum answers_by feed_answers_by(enum confirm confirm);

#endif
