/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ask: the words for one weir: they are sent to it as they are given, and what it answers is printed.
 */
#ifndef WEIR_ASK_H
#define WEIR_ASK_H

#include "ctl/words.h"

/* One answer: to standard output; {"error":"..."} as a message, and then the status is CTL_BAD. */
int ask_run(const struct asked *asked);

/* Answers until the weir ends, or nobody reads them any more. */
int ask_stream(const struct asked *asked);

#endif
