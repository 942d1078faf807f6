/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ending: what a run ends by: its status, its reason, and what is said of it.
 *
 * Of a run that is over: decides nothing about when that is.
 */
#ifndef WEIR_ENDING_H
#define WEIR_ENDING_H

#include "cli/options.h"
#include "flow/pump.h"
#include "hand/reader.h"
#include "steer/control.h"
#include "tell/lookout.h"

#include <stdbool.h>
#include <stdint.h>

/* A run, as run.c has it. */
struct run {
	struct options *options;
	struct pump pump;
	struct lookout lookout;
	struct spool *spool;     /* NULL: what is held ends with this */
	struct control *control; /* NULL: nobody is listened to */
	struct reader *reader;   /* NULL: nobody has to do anything but read */
	uint64_t read_until_ns;  /* after a signal; LOOP_FOREVER before, and when it has passed */
	uint64_t finish_until_ns; /* the same, for the rest of a record that has been begun */
	uint64_t drain_until_ns; /* after a signal; LOOP_FOREVER before */
	int command_status;      /* of COMMAND, when it has ended; or 0 */
	int write_error;         /* errno, where it could not be written to; or 0 */
	int spool_error;         /* the same, of what was to be on disk in the end */
	uint64_t trim_at_ns;     /* LOOP_FOREVER when there is nothing to give back */
};

struct ending {
	int status;
	int signal; /* to end by, or 0 */
	char reason[32];
};

/* Its reader's end; one that nobody has to look after is always done. */
enum reader_end run_reader(const struct run *run);

/* The first cause wins, in the order error, signal or drain, the reader, drop. */
struct ending ending_of(const struct run *run);

/* Says on standard error what is to be said.  cut_short: the last record was. */
void ending_tell(const struct run *run, const struct ending *ending, bool cut_short);

#endif
