/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run: from the first read to the last report.
 *
 * Makes pass after pass, waits when a pass can do no more, and decides how it ends.  What to wait
 * for is derived from the state of the pump each time; there is one nearest deadline, and no timer
 * otherwise.
 */
#ifndef WEIR_RUN_H
#define WEIR_RUN_H

#include "cli/options.h"

/* Runs on descriptors 0 and 1, which it closes.  The options change where somebody sets them (steer/set.h).  Returns the exit status, and in *by_signal the signal
 * to end by, or 0. */
int run(struct options *options, int *by_signal);

#endif
