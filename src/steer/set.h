/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * set: options are others from now on: all that are given, or none.
 *
 * Whether they are valid, and go together, is asked as of a command line (cli/change.h); whether the run can go on by them
 * is the pump's to say (flow/replan.h).
 */
#ifndef WEIR_SET_H
#define WEIR_SET_H

#include "steer/follow.h"

#include <stdbool.h>
#include <stdint.h>

/* Each OPTION=VALUE, or OPTION= for its default.  False where nothing has changed: `why` (DIAG_TEXT_MOST bytes) says so. */
bool set_options(struct steered *steered, char *const setting[], unsigned settings, char *why, uint64_t now_ns);

#endif
