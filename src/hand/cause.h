/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cause: why a record was rejected, in the words that the file of --dropped has for it: "status=65", "signal=9",
 * "timeout", "stall", "answer=reject 7 no such table".  One line of printable text without a tab, cut where there is
 * no room.
 */
#ifndef WEIR_CAUSE_H
#define WEIR_CAUSE_H

#include "hand/answers.h"
#include "hold/loss.h"

struct cause {
	char text[LOSS_CAUSE_ROOM];
};

/* COMMAND ended with this (wait(2)); returns the text. */
const char *cause_status(struct cause *cause, int status);

/* It was ended: it took too long, or did not take what was due. */
extern const char cause_late[], cause_stalled[];

/* The reader answered this. */
const char *cause_answer(struct cause *cause, const struct answer *answer);

#endif
