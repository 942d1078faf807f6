/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * play: the real pump and the real feed, or jobs, on the scene, beside the model: each thing that may happen, told to
 * all of them.
 *
 * In the order of a run (run.c): a pass; what the warden tells; a step; and what the reader has said is heard.  After
 * each of them real code and model must agree; false where they do not.
 */
#ifndef WEIR_MODEL_PLAY_H
#define WEIR_MODEL_PLAY_H

#include "handing.h"
#include "scene.h"

struct play {
	struct options options;
	struct pump pump;
	struct sojourn *sojourn;
	bool timeless; /* there is none: it costs more than all else where a run is short */
	struct breaker breaker;
	struct feed feed; /* or, with batches, */
	struct jobs *jobs;
	uint64_t now;
	uint64_t passes;
};

extern struct play play;

/* What is to be set; false where it is refused.  Aborts without memory. */
bool play_replan(const struct options *next);

/* What a reader says. */
enum saying { SAYS_NOTHING, SAYS_OLDEST, SAYS_NUMBER, SAYS_UP_TO, REJECTS_OLDEST, REJECTS_NUMBER };

/* The options are in play.options, the time in play.now.  seed: of the waits. */
bool play_begin(uint64_t seed);
void play_end(void);

bool play_pass(void);
bool play_step(void);

/* The reader answers: said as a line, which is heard in two parts if cut; reads so much of its pipe; grants credits. */
bool play_say(enum saying saying, uint64_t serial, const char *beside, bool cut);
bool play_look(uint64_t bytes);
void play_grant(uint64_t credits);

/* COMMAND that is fed has started, or dies; one of a batch has started, ends with this wait status, or finds no
 * process. */
void play_feed_up(void);
void play_die(int status);
void play_started(uint64_t id);
void play_ended(uint64_t id, int status);
void play_short(uint64_t id);
void play_hurry(void);

/* When the next thing is due. */
uint64_t play_deadline_ns(void);

/* Whether the run is over, as the reader's side has it. */
bool play_is_over(void);

#endif
