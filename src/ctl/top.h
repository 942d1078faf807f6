/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * top: the weirs of this user as a table, once, or again and again in a terminal, where they can be steered.
 */
#ifndef WEIR_CTL_TOP_H
#define WEIR_CTL_TOP_H

#include "ctl/words.h"

int top_run(const struct asked *asked);

#endif
