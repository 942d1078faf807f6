/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tapped: the last of what a weir says of the records that leave it, as lines to be shown.
 */
#ifndef WEIR_TAPPED_H
#define WEIR_TAPPED_H

#include "ctl/wire.h"

#include <stdbool.h>

#define TAPPED_LINES 64

struct tapped {
	struct wire wire;         /* fd -1: nothing is tapped, or it has ended */
	bool ascii;               /* nothing else is shown */
	char *line[TAPPED_LINES]; /* in a circle; malloc'd, or NULL */
	size_t count;             /* how many there were */
};

void tapped_begin(struct tapped *tapped, bool ascii);

/* Closes the connection, and forgets all lines. */
void tapped_end(struct tapped *tapped);

/* Takes what has come; waits for nothing.  False when it has ended. */
bool tapped_take(struct tapped *tapped);

/* The i-th of the last `shown`, from 0; no more than TAPPED_LINES, nor than there were.  Printable, and may be NULL. */
const char *tapped_line(const struct tapped *tapped, size_t shown, size_t i);

#endif
