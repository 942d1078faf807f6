/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batching: when what waits goes as a batch, and how much of it.
 *
 *      enough waits, or has waited for --linger, or nothing more comes, or there is no room for more  ->  it goes
 *      the batches that run leave next to no room in the buffer                                       ->  not yet
 *
 * A part of the pump, whose fields it reads.  That a batch is open, and what goes into it, is the toll's (flow/narrow.c);
 * who it is for, flow/handed.h.
 */
#ifndef WEIR_BATCHING_H
#define WEIR_BATCHING_H

#include "flow/pump.h"

#include <stdbool.h>
#include <stdint.h>

/* Before a drain: opens one where it is time, or says when to look again. */
void batching_look(struct pump *pump, uint64_t now_ns);

/* After a drain: what a batch is written to, a file, is asked again in a while if it has refused. */
void batching_drained(struct pump *pump, uint64_t now_ns);

/* When a pass is wanted for the batch that is made: it has lingered, or its file is asked again; UINT64_MAX for never. */
uint64_t batching_due_ns(const struct pump *pump);

/* After the verdict: whether what waits is to go though it is no time yet, as the buffer has become full. */
bool batching_is_pressed(const struct pump *pump);

/* Whether what waits would go if it were time: somebody is there for it, and there is room. */
bool batching_takes(const struct pump *pump);

#endif
