/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * order: which weirs are of one pipeline, and in which order they stand in it.
 *
 * By what they read and write: whose standard output is another's standard input stands before it, with any number of other
 * programs in between.  Pure: what each has there is processes'.
 */
#ifndef WEIR_ORDER_H
#define WEIR_ORDER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A pipe or FIFO, by what stat says of it; an inode of 0: none. */
struct order_end {
	uint64_t device;
	uint64_t inode;
};

#define ORDER_NOBODY SIZE_MAX

struct order_node {
	pid_t pid;
	bool weir;
	struct order_end in, out;
	size_t next; /* set by order_find: of the nodes the one that reads what it writes, or ORDER_NOBODY */
};

struct order_place {
	size_t node;     /* a weir */
	size_t pipeline; /* from 0 */
};

/* The weirs among the nodes (which have each pid once), those of a pipeline together and in its order, pipelines by the lowest
 * place that one of theirs has among the nodes: as many places as there are weirs.  False where there is no memory. */
bool order_find(struct order_node *nodes, size_t count, struct order_place *places);

#endif
