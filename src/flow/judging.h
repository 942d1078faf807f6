/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judging: what intake.c and regate.c share, and nobody else knows of: the record that is being assembled.
 */
#ifndef WEIR_JUDGING_H
#define WEIR_JUDGING_H

#include "flow/intake.h"

#include <stdbool.h>
#include <stddef.h>

/* Whether the next record, or the one that has been begun, is one of the first, which come in unasked; and one of those can neither be
 * held nor dropped: nothing behind it is taken. */
bool intake_is_header(const struct intake *intake, const struct ledger *ledger);
void intake_refuse_header(struct intake *intake);

/* By as much of it as is here, or by all of it, it is judged, if it has not been.  Returns how much has been given up by that. */
size_t intake_judge_open(struct intake *intake, struct queue *queue, struct loss *loss, bool whole);

/* It is given up.  *gap as queue_append has it. */
void intake_give_up(struct intake *intake, struct queue *queue, struct loss *loss, enum reason reason, size_t *gap);

#endif
