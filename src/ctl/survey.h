/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * survey: all weirs of this user are asked for a report, at once.
 *
 * Connections stay open from one time to the next.  Who does not answer in time holds up nobody: next time it is not waited
 * for, and has its place as soon as it answers.
 */
#ifndef WEIR_SURVEY_H
#define WEIR_SURVEY_H

#include "ctl/sockets.h"
#include "ctl/told.h"
#include "ctl/wire.h"

/* How long answers are waited for. */
#define SURVEY_PATIENCE_NS (UINT64_C(1000) * 1000 * 1000)

struct surveyed {
	struct socket_of socket;
	struct wire wire;
	bool asked;         /* and it has not answered */
	bool silent;        /* nor has it the last time */
	bool failed;        /* it could not be asked; `error` says why */
	int error;
	struct tree *report; /* the last; NULL: none yet */
	struct told told;   /* the figures of it */
	struct told before; /* and of the one before it, where `twice` */
	bool twice;
};

struct survey {
	struct surveyed *one;
	size_t count;
};

/* Of no weirs; nothing is to be freed before the first survey_ask. */
void survey_begin(struct survey *survey);
void survey_end(struct survey *survey);

/* Looks which weirs there are now, and asks each for a report; who is still to answer is not asked anew.  False with errno:
 * the sockets cannot be found, or there is no memory. */
bool survey_ask(struct survey *survey);

/* Takes answers until deadline_ns (of loop_now), or all that is waited for has come; or until there is something to read at
 * `also` (-1: nothing), or a signal comes.  Whether all of it has. */
bool survey_take(struct survey *survey, uint64_t deadline_ns, int also);

/* Both, for as long as a survey takes.  False as survey_ask. */
bool survey_take_all(struct survey *survey);

#endif
