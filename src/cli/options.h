/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options: the command line to one struct, all of it valid before any descriptor is touched.
 *
 * One table makes the parser, --help, and what an error says is accepted.  An option given twice: both
 * must be valid, the last one counts.  Options end at the first operand, or at "--": what begins there is COMMAND,
 * with arguments that are its own.
 */
#ifndef WEIR_OPTIONS_H
#define WEIR_OPTIONS_H

#include "base/record.h"
#include "base/units.h"
#include "hold/policy.h"
#include "pick/keep.h"
#include "pick/key.h"
#include "pick/lines.h"
#include "pick/mask.h"
#include "pick/pattern.h"
#include "pick/sample.h"

#include <stdbool.h>
#include <stdint.h>

enum report_format {
	FORMAT_TEXT,
	FORMAT_JSON,
	FORMAT_JOURNAL, /* text after a priority, "<6>", as sd-daemon(3) has it */
};

#define PIPE_BYTES_KEEP UINT64_MAX

/* When a record is out. */
enum confirm {
	CONFIRM_WRITTEN, /* the kernel has it */
	CONFIRM_READ,    /* the reader has read it from the pipe */
	CONFIRM_EXIT,    /* the COMMAND of its batch ended with 0 */
	CONFIRM_LINE,    /* the reader answers: a line for each, */
	CONFIRM_NUMBER,  /* its number, */
	CONFIRM_UPTO,    /* or a number not below it; with --bytes a number of bytes */
};

/* One option as it was given: draft.h. */
struct given;

/* Who reads, and how it is handed over.  What is said of a default is what stands here where nothing is given. */
struct reader_options {
	char *const *command;     /* ends with NULL; from argv; NULL for none */
	enum confirm confirm;     /* exit with a batch; read with a command where the system can tell; else written */
	bool confirm_given;
	struct pattern *answer;   /* of line:REGEX, for lines without their newline; owned; NULL for each line */
	const char *answers_path; /* NULL for the command's standard output; from argv */
	const char *credits_path; /* NULL for none; from argv */
	bool window_given;
	uint64_t window_records;  /* at least 1; UINT64_MAX for any number: one of the two always is */
	uint64_t window_bytes;    /* the same */
	bool batching;            /* with a command and CONFIRM_EXIT, which is only with it */
	uint64_t batch_records;   /* at least 1; UINT64_MAX for any number */
	uint64_t batch_bytes;     /* at least 1, and at most buffer_bytes / 2 / jobs; UINT64_MAX for any number */
	uint64_t linger_ns;       /* 1 s */
	unsigned jobs;            /* 1 to OPTIONS_JOBS_MOST; 1 */
	uint64_t timeout_ns;      /* 0 for none */
	uint64_t retries;         /* after the first try; UINT64_MAX for ever, the default */
	bool bisect;
	uint64_t backoff_least_ns; /* 1 to backoff_most_ns; 200 ms */
	uint64_t backoff_most_ns;  /* 30 s */
	bool restart;             /* with a command, not with a batch */
	uint64_t stall_ns;        /* 0 for none */
	bool outlive;             /* --reader-gone=discard */
	bool foreground;
	const char *on_high;      /* for sh -c; not empty; NULL for none; from argv */
	const char *on_low;
	const char *number_template; /* that number_check() has taken; NULL for none; from argv, or NUMBER_DEFAULT */
};

struct options {
	enum policy policy;
	struct framing framing;
	struct lines lines;        /* of FRAMING_JOINED; owned */
	uint64_t record_linger_ns; /* the same; 1 s */
	uint64_t header_records;   /* the first so many pass every gate, and never give way; 0 for none */
	uint64_t buffer_bytes;     /* 4096 to OPTIONS_BUFFER_MOST */
	uint64_t max_records;      /* UINT64_MAX where not given */
	uint64_t max_record_bytes; /* 1 to buffer_bytes */
	uint64_t high_bytes;       /* 1 to buffer_bytes */
	uint64_t low_bytes;        /* 0 to high_bytes */
	uint64_t high_records;     /* 1 to max_records; UINT64_MAX without --max-records */
	uint64_t low_records;      /* 0 to high_records; UINT64_MAX without --max-records */
	struct share sample;       /* 1 of 1 where not given */
	struct rate budget;        /* of SAMPLE_BY_BUDGET, which is where there is one; amount 0 for none */
	enum sample_by sample_by;
	bool seeded;
	uint64_t seed;             /* 0 where not given */
	const char *weight_template; /* that number_check_weight() has taken; NULL for none; from argv */
	bool policing;
	struct rate police;        /* --drop-over, where policing */
	uint64_t police_burst;     /* tokens */
	uint64_t collapse_ns;      /* --collapse; 0 where not given */
	struct mask *mask;         /* with --collapse; NULL for none */
	uint64_t max_age_ns;       /* 0 for any age */
	struct share shed;         /* of shed:N */
	uint64_t codel_target_ns;
	uint64_t codel_interval_ns;
	struct keep *keep;         /* NULL for none */
	struct key_rule key;       /* without looks where not given */
	unsigned top_keys;         /* 0 where not asked for */
	bool rated;
	struct rate rate;          /* where rated */
	bool rate_by_key;          /* of --rate and --drop-over */
	uint64_t burst;            /* tokens; 0 for the default */
	uint64_t settle_ns;        /* nothing leaves before nothing has come for so long; 0 for none */
	bool quiet;
	enum report_format format;
	const char *report_path;   /* NULL for standard error; from argv */
	bool losses_only;          /* no report of what went well */
	bool fail_on_drop;
	uint64_t drain_timeout_ns;
	uint64_t pipe_bytes;       /* 0 for the default, PIPE_BYTES_KEEP to leave pipes alone */
	const char *name;          /* printable, by visible.h; from argv, or "weir" */
	bool reporting;            /* a report every interval; not where, quietly, only -v or --metrics want it */
	uint64_t interval_ns;      /* OPTIONS_INTERVAL_LEAST_NS at least */
	bool progress;
	uint64_t size_bytes;       /* that will come, for the live line; 0 where not given */
	const char *metrics_path;  /* NULL for none; from argv */
	const char *mark_template; /* valid, NULL for no marks but of repeats; from argv, or MARK_DEFAULT */
	const char *repeated_template; /* the same where nothing but repeats is missing; NULL for no marks of repeats */
	const char *dropped_path;  /* NULL for none; from argv */
	bool dropped_reason;
	const char *spool_path;    /* NULL for none; from argv */
	uint64_t spool_bytes;      /* OPTIONS_SPOOL_LEAST to OPTIONS_SPOOL_MOST; 1 GiB */
	uint64_t spool_sync_ns;    /* 0 for always, UINT64_MAX for never; 500 ms */
	bool control;
	const char *control_path;  /* NULL for the default; from argv */
	struct given *given;       /* with `control`: each option as it stands there, for change.h; owned */
	int given_count;
	struct reader_options reader;
};

#define OPTIONS_COLLAPSE_NS (10 * NS_PER_S) /* where no time is given */
#define OPTIONS_SPOOL_LEAST (UINT64_C(1) << 20)
#define OPTIONS_SPOOL_MOST (UINT64_C(1) << 50)
#define OPTIONS_BUFFER_LEAST UINT64_C(4096)
#define OPTIONS_BUFFER_MOST (sizeof(void *) > 4 ? UINT64_C(1) << 44 : UINT64_C(1) << 30)
#define OPTIONS_NAME_MOST 64
#define OPTIONS_JOBS_MOST 1024
#define OPTIONS_RECORDS_MOST (UINT64_C(1) << 40) /* of --max-records, --window, --batch */
#define OPTIONS_INTERVAL_LEAST_NS (10 * NS_PER_MS)

enum options_result {
	OPTIONS_RUN,   /* *options is filled in */
	OPTIONS_DONE,  /* --help or --version has been printed */
	OPTIONS_ERROR, /* they could not be printed, or there is no memory: it has been told */
	OPTIONS_USAGE, /* the error has been told */
};

/* argv must outlive *options, which is set and has to be given to options_free whatever comes back. */
enum options_result options_parse(int argc, char *argv[], struct options *options);
void options_free(struct options *options);

/* Whether anything can be dropped at all. */
bool options_may_drop(const struct options *options);

/* Whether records may come that say where others are missing. */
bool options_mark(const struct options *options);

/* Whether more is asked for than to write to standard output, and to be done with what the kernel has taken. */
bool options_want_reader(const struct options *options);

/* "written", "read", ... */
const char *options_confirm(const struct options *options);

/* Whether these options are valid and still not what anybody can want: a message that says why. */
#define OPTIONS_DOUBT_MOST 256
bool options_doubt(const struct options *options, char text[OPTIONS_DOUBT_MOST]);

/* "count", "random", "key", "each-key", "budget". */
const char *options_sample_by(const struct options *options);

/* The rule for a record's key, or NULL where none is given. */
const struct key_rule *options_key(const struct options *options);

#endif
