/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jobs: COMMAND run once for each batch, so many at a time, until it has taken it or will not.
 *
 *      made -> runs -> confirmed
 *        ^      |  \-- 65, or tried often enough -> rejected, or halved
 *        '------'      (halves are tried like batches of their own)
 *        failed: after a while
 *
 * A batch is a parcel (os/parcel.h) from when it is made to when it is settled; it is COMMAND's standard input, opened
 * anew for each try.  Failures are COMMAND's, not a batch's: the breaker knows of all of them, and while it is open the
 * oldest batch alone is tried.
 *
 * What goes into a batch, and when, is the pump's (flow/handed.h).
 */
#ifndef WEIR_JOBS_H
#define WEIR_JOBS_H

#include "hand/breaker.h"
#include "hand/reader.h"
#include "os/parcel.h"
#include "os/warden.h"

#include <stdbool.h>
#include <stdint.h>

/* One that was made, or a part of one. */
struct job {
	struct job *next;     /* newer, or the next part */
	struct parcel *parcel;
	struct flight_load load;
	unsigned *parts;        /* that are left of the batch that was made; shared by them */
	uint64_t tries;         /* so far, */
	uint64_t runs;          /* and how often it was handed over, also as part of a whole */
	uint64_t id;            /* of the COMMAND that runs; 0: none does */
	uint64_t timeout_ns;    /* it runs for no longer; UINT64_MAX */
	bool late;              /* it was ended */
	bool part;              /* of one that was halved */
};

struct jobs {
	const struct options *options;
	const struct reader_options *rules;
	struct pump *pump;
	struct warden *warden;
	struct breaker *breaker;
	struct job *oldest;
	struct job **last;
	unsigned made;          /* not settled, of those that were made */
	unsigned running;
	bool making;            /* into this: */
	struct parcel *parcel;
	uint64_t next_id;
	uint64_t again_ns;      /* the warden or the system was short of something: not before then; 0 */
	bool has_run;           /* COMMAND, once */
	bool short_told;        /* that the warden is short of something; not since COMMAND last ran */
	bool ending;
	enum reader_end end;
	struct reader_figures figures;
};

/* malloc'd, or NULL with errno. */
struct jobs *jobs_new(const struct options *options, struct warden *warden, struct breaker *breaker);
void jobs_free(struct jobs *jobs);

void jobs_begin(struct jobs *jobs, struct pump *pump);

/* What the warden has told of one of them. */
void jobs_told(struct jobs *jobs, enum warden_event event, const struct warden_told *told, uint64_t now_ns);

/* After each pass. */
void jobs_step(struct jobs *jobs, uint64_t now_ns);

uint64_t jobs_deadline_ns(const struct jobs *jobs);

/* All that run are to end, as warden_terminate has it; whether any runs. */
void jobs_tell_to_end(struct jobs *jobs, uint64_t now_ns);
bool jobs_run(const struct jobs *jobs);

enum reader_end jobs_state(const struct jobs *jobs);
void jobs_figures(const struct jobs *jobs, struct reader_figures *figures);

/* For verdict.c, of one that does not run: it is out; it will not be tried again as it is; it is settled.  Then what
 * that takes. */
void jobs_confirm(struct jobs *jobs, struct job *job, uint64_t now_ns);
void jobs_give_up(struct jobs *jobs, struct job *job, uint64_t now_ns);
void jobs_let_go(struct jobs *jobs, struct job *job);
void jobs_find_last(struct jobs *jobs);
void job_free(struct job *job);

#endif
