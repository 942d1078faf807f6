/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * processes: what the processes of this machine read and write, as far as the system tells whom it is asked by.
 *
 * Linux tells in /proc, of the user's own.  Where it cannot be told there are the weirs alone, and they have no ends.
 */
#ifndef WEIR_PROCESSES_H
#define WEIR_PROCESSES_H

#include "ctl/order.h"

struct processes {
	struct order_node *nodes; /* the weirs first, in the order given */
	size_t count;
};

/* The weirs, and all others that read or write a pipe.  To be freed by processes_free.  False where there is no memory. */
bool processes_look(struct processes *processes, const pid_t *weirs, size_t count);
void processes_free(struct processes *processes);

/* The name of a process, printable; "?" where that is not known. */
#define PROCESSES_NAME 80
void processes_name(pid_t pid, char name[PROCESSES_NAME]);

#endif
