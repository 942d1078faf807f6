/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger: the counters, and the law that binds them.
 *
 *      recovered + in = out + dropped (by reason) + held + undelivered + kept        in records and in bytes
 *
 * A byte counts where it is, a record where its last byte is.  What is held is not counted here: the
 * queue knows it, so that the law is a check and not a definition.  Counters are 64 bits and never
 * wrap in practice; times are in nanoseconds.  Nothing here can fail.
 */
#ifndef WEIR_LEDGER_H
#define WEIR_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

struct tally {
	uint64_t records;
	uint64_t bytes;
};

/* Why a record was dropped. */
enum reason {
	REASON_OLDEST,   /* it had waited longest and gave way */
	REASON_NEWEST,   /* it found no room */
	REASON_OVERSIZE, /* it was longer than a policy that drops will hold */
	REASON_SAMPLE,   /* it was not in the sample */
	REASON_SUPERSEDED, /* a newer one with the same key was there */
	REASON_RANDOM,   /* it was drawn by lot */
	REASON_SHED,     /* under pressure, it was not the 1 in N let in */
	REASON_CODEL,    /* too much had waited for too long */
	REASON_OVER,     /* it came faster than --drop-over allows */
	REASON_EXPIRED,  /* it had waited longer than --max-age */
	REASON_REJECTED, /* the reader would not have it */
	REASON_GONE,     /* there was no reader any more */
	REASON_CORRUPT,  /* it was in the spool, and is damaged or missing */
	REASON_PURGED,   /* somebody asked for it to be */
	REASON_FAIR,     /* its key held most of the buffer */
	REASON_REPEATED, /* one that is equal had been let in a moment before */
};
#define REASONS 16

/* Records have a class by the --keep that they match: from 1 for the last to as many as there are
 * for the first, and 0 for what matches none. */
#define CLASSES 17

/* What a wait was for: the input, the output, or one of what flow/toll holds back for: the rate, somebody who said so, that nothing more comes.  (Not enum wait: <stdlib.h> of macOS has a union of that name.) */
enum awaited {
	WAIT_INPUT,
	WAIT_OUTPUT,
	WAIT_RATE,
	WAIT_HALTED,
	WAIT_SETTLE,
};
#define WAITS 5

struct ledger {
	struct tally recovered; /* from a spool: what an earlier run had left there */
	struct tally in;
	struct tally out;
	struct tally dropped[REASONS];
	struct tally dropped_class[CLASSES]; /* of what was looked at: not of what --sample leaves out, or too long */
	struct tally undelivered;
	struct tally kept;      /* in the spool, for a later run */
	struct tally sent;        /* handed over to a reader who has to confirm, for the first time; */
	struct tally redelivered; /* and again: neither is part of the law */
	struct tally peak; /* the most that had to wait in the buffer */
	struct tally marks; /* records that say where others are missing: not part of the law, */
	uint64_t added_bytes; /* nor are the numbers put in front of records */
	uint64_t paused_count;
	uint64_t paused_ns;
	uint64_t pressure_count; /* how often the buffer was full, or high, and for how long until it was low */
	uint64_t pressure_ns;
	uint64_t halted_count; /* how often nothing was to leave until somebody says so, and for how long */
	uint64_t halted_ns;
	uint64_t waited_ns[WAITS];
};

/* The name in reports: "oldest". */
const char *reason_name(enum reason reason);

/* The name in reports, metrics and the live line: "input". */
const char *awaited_name(enum awaited awaited);

/* All that was dropped; what of it was left out on purpose, a sample and repeats, of which one is in; and whether anything
 * else was, which is what --fail-on-drop asks for, be it part of a record whose end was never read. */
struct tally ledger_dropped(const struct ledger *ledger);
struct tally ledger_left_out(const struct ledger *ledger);
bool ledger_lost(const struct ledger *ledger);

static inline void
ledger_count(struct tally *tally, uint64_t records, uint64_t bytes)
{
	tally->records += records;
	tally->bytes += bytes;
}

/* Whether the law holds with this much held. */
bool ledger_balances(const struct ledger *ledger, struct tally held);

#endif
