/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * choose: which weir is meant, by -n NAME, -p PID, or because there is one.
 */
#ifndef WEIR_CHOOSE_H
#define WEIR_CHOOSE_H

#include "ctl/sockets.h"
#include "ctl/words.h"

/* Stores it, and returns CTL_GOOD; or CTL_BAD (none, or several) or CTL_USAGE when it has been said why not. */
int choose(struct socket_of *one, const struct asked *asked);

/* Says why the sockets cannot be found. */
void choose_say_no_sockets(int error);

#endif
