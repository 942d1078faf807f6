/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * readers: one weir with a hostile COMMAND (tests/helpers/hostile.c), run and judged.
 *
 *      readers_plan.c     a plan from a seed: the command line, the records, what COMMAND may do
 *      readers_rig.c      carries it out: a producer, a watchdog, and who buries what is left behind
 *      readers_oracle.c   what must hold: by the journal, the dead letters and the reports together
 *      readers_lives.c    the journal, life by life
 *
 * What is random follows from the seed, except what the kernel decides about who runs when.
 */
#ifndef WEIR_TEST_READERS_H
#define WEIR_TEST_READERS_H

#include "base/ledger.h"
#include "shim.h"
#include "../helpers/hostile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define READERS_ARGUMENTS_MOST 48
#define READERS_NEVER UINT64_MAX

enum reading {
	BY_BATCH,
	BY_LINE,
	BY_NUMBER,
	BY_UPTO,
	BY_READ,
	BY_WRITTEN,
	READINGS,
};

extern const char *const readers_ways[READINGS];

struct reading_plan {
	uint64_t seed;
	char *argument[READERS_ARGUMENTS_MOST + 1]; /* after weir's name, up to COMMAND; ends in NULL */
	int arguments;
	char text[2048]; /* what argument[] points into */
	size_t text_length;

	/* what the arguments say */
	enum reading reading;
	uint64_t retries;        /* UINT64_MAX: for ever */
	uint64_t batch_records, batch_bytes, jobs;
	uint64_t window_records, window_bytes; /* UINT64_MAX: none */
	bool apart;              /* COMMAND is not weir's: it reads standard output, and answers by a FIFO */
	bool bisect, restart, window_given, timed, stalls, discards, numbered, marks, drops, fails_on_drop;
	unsigned may;            /* drop: a bit for each reason */
	uint64_t max_record;     /* in bytes; UINT64_MAX: none that matters */

	/* COMMAND */
	unsigned deeds, habits;
	uint64_t poison;         /* so many of a thousand */

	/* the records */
	uint64_t records;
	size_t least, most;
	bool unended;            /* the last has no delimiter */

	/* the producer */
	bool file;
	size_t write_most;
	unsigned rest_one_in;    /* it rests, now and then; 0 for never */
	uint64_t pause_at;       /* it rests for long when so many bytes have been written; READERS_NEVER */
	unsigned usr1_one_in;
	uint64_t credits_most;   /* it grants up to so many at once; 0: --credits is not there */
	uint64_t term_at;        /* TERM when so many bytes have been written; READERS_NEVER */

	/* faults */
	unsigned permille;       /* 0: no shim, or */
	int error;               /* 0: no such one; the errno that a call fails with: */
	enum shim_mode mode;
	uint64_t which;

	enum victim { NOBODY, KILL_READER, KILL_WEIR, KILL_WARDEN, VICTIMS } victim;
	uint64_t kill_at; /* notes in the journal until then; READER: again and again, after up to so many more */
};

struct records {
	char *bytes;
	size_t length;
	size_t *ends;  /* of each: the offset behind it */
	uint64_t count;
};

struct file_text {
	char *bytes; /* with a 0 behind them */
	size_t length;
};

struct reading_outcome {
	const char *hung;    /* NULL, or what it hung in */
	int status;          /* as wait(2) has it */
	size_t fed;
	bool fed_all, terminated;
	uint64_t granted;    /* records, by --credits */
	uint64_t killed;     /* so often somebody was, */
	size_t notes_then;   /* the last time by when there were so many notes */
	char left[256];      /* who was left behind; or empty */
	bool unburied;       /* the warden had ended later than weir */
	uint64_t took_ms, cpu_ms; /* by the clock; of the processor, weir and all that it has buried */
	struct file_text journal, dropped, reports, errors;
	struct shim_counts counts;
};

/* Whether the weir that is tested takes patterns: else no plan has any. */
extern bool readers_patterns;

void readers_plan(struct reading_plan *plan, uint64_t seed, enum reading reading);

/* One in which COMMAND does as it should, and somebody is killed. */
void readers_plan_kill(struct reading_plan *plan, uint64_t seed, enum victim victim);

/* One in which all do as they should, and a call of weir's or of the warden's fails. */
void readers_plan_calm(struct reading_plan *plan, enum reading reading);

void records_make(struct records *records, const struct reading_plan *plan);
void records_free(struct records *records);

/* Where runs keep their files: made anew, and taken away. */
void readers_begin(const char *weir, const char *hostile, const char *shim);
void readers_end(void);
void readers_run(const struct reading_plan *plan, const struct records *records, struct reading_outcome *outcome);
void readers_free(struct reading_outcome *outcome);

/* What became of a record, as the journal and the dead letters have it. */
struct record_fate {
	unsigned taken;      /* so often a COMMAND had it whole, */
	unsigned given;      /* and was given a batch with it */
	uint64_t tries;      /* as its dead letter has it; or 0 */
	bool maybe, sure;    /* confirmed: said to be, and certainly heard */
	bool refused;        /* rejected by an answer or a status 65, or tried often enough */
	bool dead;           /* dropped, and saved, */
	bool blamed;         /* for the deaths of COMMAND */
	enum reason reason;
};

struct reading_facts {
	struct record_fate *fates; /* by number, from 1 on */
	uint64_t count;            /* of them */
	uint64_t rests; /* dead letters that are the end of a record */
	uint64_t lives, deaths, taken, again, slack, skipped, slain;
	int last_status;           /* of the last COMMAND, as a shell has it; -1: not known */
	bool last_known;
};

/* What is wrong, or NULL.  The text is valid until the next call. */
const char *lives_judge(const struct reading_plan *plan, const struct reading_outcome *outcome,
    struct reading_facts *facts);
const char *readers_judge(const struct reading_plan *plan, const struct records *records,
    const struct reading_outcome *outcome);

const char *readers_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));
void readers_show(const struct reading_plan *plan, const struct reading_outcome *outcome);

#endif
