/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options: the command line to one struct, all of it valid before any descriptor is touched.
 *
 * One table makes the parser, --help, and what an error says is accepted.  An option given twice: both
 * must be valid, the last one counts.
 */
#ifndef WEIR_OPTIONS_H
#define WEIR_OPTIONS_H

#include "base/record.h"
#include "base/units.h"
#include "hold/policy.h"
#include "pick/keep.h"
#include "pick/key.h"
#include "pick/sample.h"

#include <stdbool.h>
#include <stdint.h>

enum report_format {
	FORMAT_TEXT,
	FORMAT_JSON,
	FORMAT_JOURNAL, /* text after a priority, "<6>", as sd-daemon(3) has it */
};

#define PIPE_BYTES_KEEP UINT64_MAX

struct options {
	enum policy policy;
	struct framing framing;
	uint64_t buffer_bytes;     /* 4096 to OPTIONS_BUFFER_MOST */
	uint64_t max_records;      /* UINT64_MAX where not given */
	uint64_t max_record_bytes; /* 1 to buffer_bytes */
	uint64_t high_bytes;       /* 1 to buffer_bytes */
	uint64_t low_bytes;        /* 0 to high_bytes */
	uint64_t high_records;     /* 1 to max_records; UINT64_MAX without --max-records */
	uint64_t low_records;      /* 0 to high_records; UINT64_MAX without --max-records */
	struct share sample;       /* 1 of 1 where not given */
	enum sample_by sample_by;
	bool seeded;
	uint64_t seed;             /* 0 where not given */
	bool policing;
	struct rate police;        /* --drop-over, where policing */
	uint64_t police_burst;     /* tokens */
	uint64_t max_age_ns;       /* 0 for any age */
	struct share shed;         /* of shed:N */
	uint64_t codel_target_ns;
	uint64_t codel_interval_ns;
	struct keep *keep;         /* NULL for none */
	struct key_rule key;       /* field 0 and no pattern where not given */
	unsigned top_keys;         /* 0 where not asked for */
	bool rated;
	struct rate rate;          /* where rated */
	bool rate_by_key;          /* of --rate and --drop-over */
	uint64_t burst;            /* tokens; 0 for the default */
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
	const char *mark_template; /* valid, NULL for no marks; from argv, or MARK_DEFAULT */
	const char *dropped_path;  /* NULL for none; from argv */
	bool dropped_reason;
};

#define OPTIONS_BUFFER_LEAST UINT64_C(4096)
#define OPTIONS_BUFFER_MOST (sizeof(void *) > 4 ? UINT64_C(1) << 44 : UINT64_C(1) << 30)
#define OPTIONS_NAME_MOST 64
#define OPTIONS_INTERVAL_LEAST_NS (10 * NS_PER_MS)

enum options_result {
	OPTIONS_RUN,   /* *options is filled in */
	OPTIONS_DONE,  /* --help or --version has been printed */
	OPTIONS_ERROR, /* they could not be printed, or there is no memory: it has been told */
	OPTIONS_USAGE, /* the error has been told */
};

/* argv is permuted as by getopt_long(3) and must outlive *options, which is set and has to be given to
 * options_free whatever comes back. */
enum options_result options_parse(int argc, char *argv[], struct options *options);
void options_free(struct options *options);

/* Whether anything can be dropped at all. */
bool options_may_drop(const struct options *options);

/* Whether these options are valid and still not what anybody can want: a message that says why. */
#define OPTIONS_DOUBT_MOST 256
bool options_doubt(const struct options *options, char text[OPTIONS_DOUBT_MOST]);

/* "count", "random", "key". */
const char *options_sample_by(const struct options *options);

/* The rule for a record's key, or NULL where none is given. */
const struct key_rule *options_key(const struct options *options);

#endif
