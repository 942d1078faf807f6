/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cause: why a record was rejected, in the words that the file of --dropped has for it: "status=65", "signal=9",
 * "timeout", "answer=reject 7 no such table".  One line of printable text without a tab, cut where there is no room.
 */
#ifndef WEIR_CAUSE_H
#define WEIR_CAUSE_H

#include "hand/answers.h"
#include "hold/loss.h"

struct cause {
	char text[LOSS_CAUSE_ROOM];
};

/* COMMAND ended with this (wait(2)), or was ended since it took too long; returns the text. */
const char *cause_status(struct cause *cause, int status);
extern const char cause_late[];

/* The reader answered this. */
const char *cause_answer(struct cause *cause, const struct answer *answer);

#endif
