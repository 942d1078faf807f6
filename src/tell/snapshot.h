/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * snapshot: how things stand at one moment, and how they went since the last interval began.
 *
 * The figures that every report, the live line and the metrics are made from; what they look like
 * is theirs. Nothing here can fail.
 */
#ifndef WEIR_SNAPSHOT_H
#define WEIR_SNAPSHOT_H

#include "base/ledger.h"
#include "cli/options.h"
#include "flow/pump.h"
#include "hand/reader.h"
#include "pick/sojourn.h"

#include <stdbool.h>
#include <stdint.h>

enum report_event {
	REPORT_FINAL,
	REPORT_INTERVAL,
	REPORT_SIGNAL,
	REPORT_CONTROL, /* somebody has asked at the socket */
};

/* What came, went and passed in a span of time. */
struct interval {
	uint64_t ns;
	struct tally in;
	struct tally out;
	struct tally dropped;
	uint64_t paused_ns;
	uint64_t pressure_ns;
	uint64_t waited_ns[WAITS];
	struct latency latency;
	bool lost; /* more than what the sample leaves out */
};

/* Where there is no such moment. */
#define SNAPSHOT_NEVER UINT64_MAX

struct snapshot {
	enum report_event event;
	const struct options *options;
	struct tuning tuning;     /* what of the options may have changed since */
	struct ledger ledger;     /* its times up to this moment */
	struct tally held;
	struct tally in_flight;   /* the part of it that was handed over, and is not confirmed */
	struct tally depth;       /* what waits in the buffer */
	uint64_t waits_ns;        /* for so long the oldest record in the buffer has, or SNAPSHOT_NEVER where there is none */
	struct tally unsaved;     /* dropped, and not saved by --dropped */
	uint64_t elapsed_ns;
	uint64_t wall_ns;         /* the moment, since 1970 */
	long pid;
	const char *host;         /* where it runs; or NULL; not owned */
	struct latency latency;   /* of the whole run */
	struct interval interval; /* the last one */
	uint64_t until_full_ns;   /* at the rates of the interval, or SNAPSHOT_NEVER */
	uint64_t until_empty_ns;  /* the same */
	struct looks keep_looks[CLASSES]; /* what each pattern of --keep was asked, by class; */
	struct looks key_looks;   /* and --key */
	bool halted;              /* nothing leaves until somebody says so */
	bool draining;            /* nothing more is asked of the producer */
	uint64_t size_bytes;      /* that will have come in all, where that is known; or 0 */
	uint64_t until_done_ns;   /* with all of it, or SNAPSHOT_NEVER */
	struct top *top;          /* keys of what was dropped, or NULL; not owned */
	uint64_t reports_skipped; /* nobody took them in time */
	bool has_reader;          /* who does more than read, and */
	struct reader_figures reader; /* what is known of him */
	bool has_spool;           /* what is held is on disk, too, and */
	struct spool_figures spool; /* what is known of that */
	uint64_t oldest_ns;       /* for how long the oldest of it has been there; 0: there is none */
	uint64_t synced_ns;       /* since its last sync, or SNAPSHOT_NEVER */
	bool unread_known;        /* what the reader has not taken from the output's pipe */
	uint64_t unread_bytes;
	bool reader_gone;         /* which will not read them any more */
	bool unread_input_known;  /* what waits in the input's pipe, or was left there */
	uint64_t unread_input_bytes;
	int exit_status;          /* of the final report */
	const char *exit_reason;  /* of the final report */
};

/* Where an interval began. */
struct baseline {
	uint64_t start_ns; /* of the run */
	uint64_t then_ns;
	struct ledger then;
	uint64_t done_bytes; /* by then: of what came in, what is held no more */
	uint64_t pace_bytes; /* so much of it, in */
	uint64_t pace_ns;    /* so long: intervals count the less the older they are */
};

/* The run begins. */
void snapshot_begin(struct baseline *baseline, uint64_t now_ns);

/* What the pump and the time can tell; the reader, unsaved, top, host, draining, what is expected,
 * reports_skipped and the exit are left 0. */
void snapshot_take(struct snapshot *snapshot, enum report_event event, const struct pump *pump,
    const struct baseline *baseline, uint64_t now_ns);

/* So much will have come in all: how long until all of it has left, or 0 bytes where that is not known.  What
 * is dropped has left, too. */
void snapshot_expect(struct snapshot *snapshot, const struct baseline *baseline, uint64_t size_bytes);

/* Bytes that may wait: in the buffer, or on disk where there is a spool. */
uint64_t snapshot_capacity(const struct snapshot *snapshot);

/* Of what has come in, what is held no more. */
uint64_t snapshot_done_bytes(const struct snapshot *snapshot);

/* The interval that the snapshot was taken at the end of is over. */
void snapshot_next_interval(struct baseline *baseline, const struct snapshot *snapshot, const struct pump *pump,
    uint64_t now_ns);

/* What most of the interval was spent on: a wait, by its name, or weir itself, which
 * is "busy"; for *ns. */
const char *snapshot_mostly(const struct interval *interval, uint64_t *ns);

/* Whether something was lost: in a final report, in the run; otherwise, in the interval.  What a sample
 * leaves out is no loss. */
bool snapshot_lost(const struct snapshot *snapshot);

/* Whether the run, which is over, failed: by an error, or by leaving something undelivered.  A signal that
 * ended it is no failure. */
bool snapshot_failed(const struct snapshot *snapshot);

/* The keys that lost most, into key: how many, as many as are wanted; none before it is over. */
unsigned snapshot_top_keys(const struct snapshot *snapshot, struct top_key key[TOP_WANTED_MOST]);

/* So much in ns nanoseconds, per second; 0 where ns is 0. */
uint64_t snapshot_per_second(uint64_t amount, uint64_t ns);

/* Records that were dropped and that no weight stands for: all but what --sample and shed:N left out. */
uint64_t snapshot_outside(const struct ledger *ledger);

#endif
