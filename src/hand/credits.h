/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * credits: lines of numbers, each of which lets so many more records out.
 *
 * Read from a FIFO or a file that was opened before; a number may come in pieces.  Too great a number is the greatest
 * there is; a line that is none grants nothing, and is counted.
 */
#ifndef WEIR_CREDITS_H
#define WEIR_CREDITS_H

#include <stdbool.h>
#include <stdint.h>

struct credits {
	int fd;           /* owned; -1: there are none to wait for */
	bool over;        /* no more come */
	uint64_t number;  /* of the line that has been begun, as far as it is here, */
	bool digits;      /* of which some are */
	bool other;       /* and something else */
	uint64_t ignored; /* lines */
};

/* fd: non-blocking, the room's from then on; or -1. */
void credits_init(struct credits *credits, int fd);
void credits_free(struct credits *credits);

/* Reads what is there; only when poll says that something is, for a FIFO that nobody has opened yet looks like one that
 * has ended.  Returns how many records more are let out. */
uint64_t credits_read(struct credits *credits);

#endif
