/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text: a snapshot as a line for people.
 *
 * Short: what is nothing is left out, and of the figures that JSON has it has those that a decision hangs on.  Patterns
 * and keys are shown with unprintable bytes escaped as by strvis(3).  Writes no newline.  Cannot fail.
 */
#ifndef WEIR_TEXT_H
#define WEIR_TEXT_H

#include "base/line.h"
#include "tell/snapshot.h"

void text_write(struct line *line, const struct snapshot *snapshot);

/* What each line begins with: the priority where it is for the journal, the name, the time of day. */
void text_begin(struct line *line, const struct snapshot *snapshot);

/* ", held 3 records 0.2 MB": in the unit that suits what came in. */
void text_tally(struct line *line, const struct snapshot *snapshot, const char *label, const struct tally *tally);

/* How much was dropped (some was), in percent, and why: "16.7%, oldest". */
void text_loss(struct line *line, const struct ledger *ledger);

#endif
