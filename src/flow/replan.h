/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replan: a run goes on by another plan: with gates that it did not have, another policy, another buffer.
 *
 * Between two passes, and at no record's cost: what is on its way goes on as it is, to its end; what has been begun is let in;
 * what waits stays, or gives way by the policy in force in the next pass.  Bytes that went as they came become records, or
 * the other way round, at a record's end, for up to there they are what is on its way.
 *
 * What cannot be had while it runs is refused, with the reason: before anything has changed.
 */
#ifndef WEIR_REPLAN_H
#define WEIR_REPLAN_H

#include "flow/pump.h"

#include <stdint.h>

/* Why a run cannot go on by these options instead of its own, which are valid, and differ from those in what can be set
 * (cli/change.h) only: a text that begins with the option; NULL: it can. */
const char *pump_refuses(const struct pump *pump, const struct options *next);

/* It does, where it is not refused; *next need not outlive the call.  0, or -1 with errno where there is no memory, and nothing
 * has changed. */
int pump_replan(struct pump *pump, const struct options *next, uint64_t now_ns);

#endif
