/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reader: who reads what weir writes, as far as weir has to do with that: COMMAND, its life and its end, what it
 * confirms, and the hooks.
 *
 *      reader_open -> reader_begin -> (pump_pass, reader_step)... -> reader_end
 *
 *                 .--------- asked for ----------.
 *      down -> starting -> up -> deaf -> over    |   deaf: its input is closed, and it is waited for
 *        ^                  \      \             |
 *        '---- backoff ------`------`- it failed, and is to be started again
 *
 * Decides when COMMAND is started, when it has failed, and what is tried again; what leaves, and what becomes of it
 * then, is the pump's (flow/handed.h).  Without any of its options there is no reader, and nothing here is called.
 */
#ifndef WEIR_READER_H
#define WEIR_READER_H

#include "cli/options.h"
#include "flow/pump.h"
#include "os/io.h"
#include "os/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader;

/* What of a run it knows best. */
enum reader_end {
	READER_GOES_ON,
	READER_DONE,        /* all is confirmed, or all that ever will be; COMMAND, if there is one, has ended */
	READER_ENDED,       /* COMMAND ended before the input did */
	READER_CANNOT_RUN,  /* COMMAND could not be executed */
	READER_STALLED,     /* it refused for longer than --stall */
	READER_SILENT,      /* it answers no more: its answers have ended, or --timeout is over */
	READER_OUTPUT_GONE, /* nobody reads what COMMAND writes to weir's standard output */
	READER_NO_CREDITS,  /* no more credits can come */
	READER_BROKEN,      /* the warden has gone, or could not be asked */
};

/* Before confinement, any thread, and memory for the buffer: forks the warden, where there is something to start, and
 * opens what answers and credits come from.  *output is standard output, or becomes COMMAND's standard input.  malloc'd;
 * NULL when the reason has been told. */
struct reader *reader_open(const struct options *options, struct io_port *output);

/* Has COMMAND started. */
void reader_begin(struct reader *reader, struct pump *pump, uint64_t now_ns);

/* After each pass: what has come of it, and what is due. */
void reader_step(struct reader *reader, uint64_t now_ns);

/* How it stands after that. */
enum reader_end reader_state(const struct reader *reader);

/* What to wait for besides what the pump does, and until when; LOOP_FOREVER for no time. */
#define READER_WATCHES 4
void reader_watch(struct reader *reader, struct loop_watch watch[READER_WATCHES]);
uint64_t reader_deadline_ns(const struct reader *reader);

/* What came of it. */
void reader_waited(struct reader *reader, const struct loop_watch watch[READER_WATCHES]);

/* There is no time to wait for more: batches go as they are. */
void reader_hurry(struct reader *reader);

/* Its options have changed: what it does from now on goes by them; what it waits for longer than it would by now, it does not.
 * A COMMAND that runs has the time that it was started with. */
void reader_retune(struct reader *reader, uint64_t now_ns);

/* The run is over: COMMAND is ended if it still runs (TERM, KILL two seconds later), what has been asked for at the end
 * is still started, and the warden goes. */
void reader_end(struct reader *reader);

/* COMMAND's exit status as a shell has it, where it has one: false if it was never executed, or is still running, or has
 * last died of a record that was rejected for that. */
bool reader_status(const struct reader *reader, int *status);

/* Frees it; NULL is fine. */
void reader_free(struct reader *reader);

/* What it is doing. */
enum reader_phase {
	READER_IDLE,      /* COMMAND does not run, and need not */
	READER_RETRYING,  /* it has failed, and is to be started again */
	READER_RUNNING,   /* or, where it is none of weir's, it reads */
	READER_FINISHING, /* its input has ended, and it is waited for */
	READER_OVER,      /* it has ended, or cannot be run, and is not started again */
};

/* For reports. */
struct reader_figures {
	const char *command;  /* its name; from argv; NULL for none */
	const char *confirm;  /* that is in force, by its name */
	bool fell_back;       /* to `written`, since the system cannot tell what has been read */
	enum reader_phase phase;
	uint64_t running;     /* so many COMMANDs */
	uint64_t starts;      /* of COMMAND */
	uint64_t failures;
	uint64_t tries;       /* of the oldest in flight, so many have failed */
	uint64_t next_try_ns; /* until there is another; UINT64_MAX where none is waited for */
	uint64_t ignored;     /* answers for what is not in flight, and lines of credits that are no number */
	bool open;            /* the breaker */
	uint64_t opened;      /* how often */
	uint64_t open_ns;     /* for how long in all, until now; */
	uint64_t open_for_ns; /* and since it was opened last, if it is open */
	int status;           /* last, as a shell has it; -1 for none */
	uint64_t batches;     /* confirmed */
};

struct reader_figures reader_figures(const struct reader *reader, uint64_t now_ns);

#endif
