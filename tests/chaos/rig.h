/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig: a source, weir and a sink, each a process of its own, joined by pipes; and the driver's hands on them.
 *
 * A rig is set up by the fields of struct setup, started, mistreated, and finished, in which every process
 * is waited for.  The first thing that is wrong is kept: rig_wrong() adds one, rig->wrong has it.
 *
 * The source tells the driver when it has come to a point, and waits at the next one until the driver has
 * allowed it to pass: so faults are spread over the stream by its records, not by time.
 */
#ifndef CHAOS_RIG_H
#define CHAOS_RIG_H

#include "reports.h"
#include "stream.h"

#include <sys/types.h>

/* By the last digits of a record's number. */
#define KEY_OF_10 "--key=/([0-9])(?![0-9])/"
#define KEY_OF_100 "--key=/([0-9]?[0-9])(?![0-9])/"

enum role { SOURCE, WEIR, SINK, ROLES };

#define WEIR_OPTIONS_MOST 12
#define WATCH_INTERVAL_MS 10
#define FULL_BYTES 1000003
#define SOURCE_WAITED 3 /* the status of a source that was not allowed to pass its point */

struct setup {
	const char *options[WEIR_OPTIONS_MOST + 1]; /* of weir, up to a NULL */
	uint64_t count;         /* records */
	uint64_t points;        /* of the source, spread over them, with some left after the last */
	uint64_t stride, most;  /* see struct sink */
	uint64_t shortest, longest; /* records */
	uint64_t seed;
	int in_pipe, out_pipe;  /* bytes; 0: as the system has it */
	bool fifo;              /* FIFOs rather than pipes */
	bool keep_out;          /* the sink may be replaced: weir never sees it go */
	bool sigpipe_ignored;   /* by weir, from its start */
	bool watched;           /* weir marks what it drops, saves it, and reports every WATCH_INTERVAL_MS */
	bool full;              /* the file that it is saved in takes FULL_BYTES and no more */
	bool fails;             /* weir may end before its input does */
	bool framed;            /* each record is a frame of --frame=octets */
	bool waits;             /* the source may have to wait for the sink, though records are dropped */
	bool tracks;            /* which records came is noted; where it is watched they are as well */
	source_hook *hook;      /* instead of points; its state is the struct random of the source */
};

/* What is shared with the source and the sink. */
struct stream {
	struct source source;
	struct sink sink;
};

struct rig {
	struct setup setup;
	struct stream *stream;
	struct reports reports;
	pid_t pid[ROLES];       /* 0 once it has been waited for */
	int status[ROLES];      /* as waitpid gives it */
	double weir_cpu_s;
	int letters;            /* watched: what weir dropped; or -1 */
	int arrived, pass;      /* pipes: from the source, a byte for each point; to it */
	int out;                /* the end of weir's output that the sink reads */
	char wrong[2600];
};

/* What the command line says; a plain run is the short form of "make check". */
struct campaign {
	uint64_t seed;
	bool full;              /* the long form */
	const char *only;       /* cases whose name has this in it */
	uint64_t time_ns;       /* for how long, where that is asked for; else 0 */
};

/* Reads the command line, which has a time where the driver soaks, arms the watchdog, and sees to it that no
 * process outlives this one. */
void campaign_begin(struct campaign *campaign, bool soaks, int argc, char **argv);

/* Whether the case is wanted. */
bool campaign_wants(const struct campaign *campaign, const char *name);

/* Starts anew the time after which the watchdog takes a hang for granted. */
void campaign_alive(void);

void rig_start(struct rig *rig, const struct setup *setup);

/* Waits until every process has ended and the last report is in. */
void rig_finish(struct rig *rig);

/* Lets go of the memory that was shared; after it only the findings may be looked at. */
void rig_free(struct rig *rig);

void rig_wrong(struct rig *rig, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Waits for the source to come to its next point, and lets it pass the one after that.  False once it has
 * ended. */
bool rig_point(struct rig *rig);

/* Waits until something has come through, so that weir is up, and a signal finds its handler; at least one
 * record must have been written. */
void rig_await_data(struct rig *rig);

/* Whether the source has come to another point within the time, without taking notice of it. */
bool rig_waits_at_point(struct rig *rig, int ms);

/* Stops a process, and returns when the kernel says that it stands; false where it has ended instead. */
bool rig_stop(struct rig *rig, enum role role);
void rig_continue(struct rig *rig, enum role role);
void rig_signal(struct rig *rig, enum role role, int signal);

/* Another process reads on where the one before has left. */
void rig_replace_sink(struct rig *rig);

/* Adds what is wrong if the process did not end so: by the signal, or with status 0 where that is 0. */
void rig_ended(struct rig *rig, enum role role, int signal);

/* Adds what was found wrong in the stream and in the reports. */
void rig_examine(struct rig *rig);

/* All is well?  If not, says what is wrong and how to see it again. */
bool rig_judge(const struct rig *rig, const char *name);

void rest_us(uint64_t us);

#endif
