/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * script: an input and an output that do what a test says, in place of src/os/io.c and src/os/pipes.c.
 *
 * script.c defines every function of src/os/io.h and src/os/pipes.h that is asked for.  So nothing asks libweir.a
 * for io.o, and where one were missing, io.o would come with all the others twice, and the program would not link:
 * the real calls cannot be made by mistake.
 *
 * Every call is told to the model, with the answer it got.
 */
#ifndef WEIR_SCRIPT_H
#define WEIR_SCRIPT_H

#include "model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct script {
	struct model *model;
	struct pump *pump;
	const struct marked *marks; /* of the stream; or NULL */
	const char *stream;  /* all of the input; the byte at p is stream[p % window] */
	size_t window;
	uint64_t at;         /* of them, moved */
	/* The input, now: */
	uint64_t available;  /* bytes behind `at` */
	bool ended;          /* and behind them it ends, */
	bool failed;         /* or a read fails */
	bool read_again;     /* the next call says RETRY */
	/* The output, now: */
	uint64_t takes;      /* bytes */
	bool gone;           /* the reader */
	bool write_failed;
	bool write_again;    /* the next call says RETRY */
	bool whole;          /* a write of at most a unit is taken whole or not at all, as by a pipe */
	/* What the ports can do: */
	bool can_splice;
	bool can_look;
	size_t batch_room;   /* chunks */
	size_t chunk[64];    /* lengths of those in the batch */
	size_t chunks;
	size_t staged;       /* bytes in it */
};

#define SCRIPT_CHUNKS (sizeof(((struct script *)0)->chunk) / sizeof(size_t))

extern struct script script;

/* What the ports and the queue are like. */
struct script_setup {
	enum io_way way;
	size_t unit;  /* the most whole records in a write */
	size_t slack; /* of the queue, where it has some: how much a read brings beyond the buffer; 0 for
	               * what the pump takes */
};

/* A pump between the scripted ports, and its model.  0, or -1 with errno. */
int script_begin(struct pump *pump, const struct options *options, const struct script_setup *setup,
    uint64_t now_ns);

/* The pump and its model go on by these options, which are not refused.  0, or -1 with errno. */
int script_replan(struct pump *pump, const struct options *next, const struct script_setup *setup, uint64_t now_ns);

/* By how much less a short form should do, under valgrind or another of HACKING.md's variants. */
unsigned script_slowness(void);

/* What poll says of the input, then a pass of the pump.  Whether the model agrees with what came of it. */
bool script_pass(struct pump *pump, uint64_t now_ns);

#endif
