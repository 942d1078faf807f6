/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * draft: the options while they are being made out: which there are, and one as it was given.
 * Shared by those who do it, and by nobody else:
 *
 *   options.c   collects what is there
 *   help.c      prints what there is
 *   values.c    reads each value, in the order in which they stand: which; and by way of
 *   amounts.c   how much, and
 *   policies.c  what gives way
 *   rules.c     holds them against each other: what goes with what, and what depends on what; by way of
 *   delivery.c  those that say how the reader gets it, and
 *   spooled.c   those of the spool
 *   change.c    does all of that again, with some of them as they are to be from now on
 *
 * In three steps, because the meaning of a rate depends on --bytes, and limits depend on the buffer.
 */
#ifndef WEIR_DRAFT_H
#define WEIR_DRAFT_H

#include "base/hint.h"
#include "cli/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum id {
	ID_POLICY,
	ID_BUFFER,
	ID_MAX_RECORDS,
	ID_MAX_RECORD,
	ID_HIGH,
	ID_LOW,
	ID_MAX_AGE,
	ID_KEEP,
	ID_KEY,
	ID_SEPARATOR,
	ID_SAMPLE,
	ID_SAMPLE_BY,
	ID_SEED,
	ID_WEIGHT,
	ID_DROP_OVER,
	ID_COLLAPSE,
	ID_MASK,
	ID_RATE,
	ID_BURST,
	ID_RATE_BY,
	ID_SETTLE,
	ID_LINES,
	ID_NULL,
	ID_DELIMITER,
	ID_FIXED,
	ID_FRAME,
	ID_BYTES,
	ID_HEADER,
	ID_START,
	ID_JOIN,
	ID_CONTINUED,
	ID_RECORD_LINGER,
	ID_CONFIRM,
	ID_ANSWERS,
	ID_WINDOW,
	ID_CREDITS,
	ID_BATCH,
	ID_LINGER,
	ID_JOBS,
	ID_TIMEOUT,
	ID_RETRY,
	ID_BISECT,
	ID_BACKOFF,
	ID_RESTART,
	ID_STALL,
	ID_READER_GONE,
	ID_FOREGROUND,
	ID_ON_HIGH,
	ID_ON_LOW,
	ID_NUMBER,
	ID_SPOOL,
	ID_SPOOL_SIZE,
	ID_SPOOL_SYNC,
	ID_QUIET,
	ID_INTERVAL,
	ID_PROGRESS,
	ID_SIZE,
	ID_METRICS,
	ID_FORMAT,
	ID_REPORT,
	ID_REPORT_ON,
	ID_NAME,
	ID_MARK_DROPS,
	ID_DROPPED,
	ID_DROPPED_REASON,
	ID_TOP_KEYS,
	ID_CONTROL,
	ID_FAIL_ON_DROP,
	ID_DRAIN_TIMEOUT,
	ID_PIPE_SIZE,
	ID_HELP,
	ID_VERSION,
};
#define IDS (ID_VERSION + 1)

/* As weir(1) has them, in its order, which is that of enum id as well. */
enum draft_group {
	DRAFT_BUFFER,
	DRAFT_KEYS,
	DRAFT_IN,
	DRAFT_OUT,
	DRAFT_FRAMING,
	DRAFT_READER,
	DRAFT_SPOOL,
	DRAFT_REPORTS,
	DRAFT_DROPPED,
	DRAFT_STEERING,
	DRAFT_ENDING,
};
#define DRAFT_GROUPS 11

/* What there is. */
struct draft_row {
	enum draft_group group;
	const char *name;
	const char *letters;  /* short forms */
	const char *argument; /* its name in --help; NULL where the option takes none, in brackets where it
	                       * may be left out */
	const char *help;
	const char *accepts;  /* what an error says is accepted */
	const char *brief;    /* the help of those that -h has; NULL for the others */
};

extern const struct draft_row draft_rows[IDS];

/* Of the options whose value is a size or a time: within which limits, and where it goes in struct options. */
struct draft_amount {
	enum { DRAFT_ELSE, DRAFT_SIZE, DRAFT_TIME } kind;
	size_t offset;
	uint64_t least;
	uint64_t most;
};

extern const struct draft_amount draft_amounts[IDS];

/* Of those that are one. */
extern const struct framing draft_framings[IDS];

/* The forms of --policy: "shed:N" is shown for shed, and for shed:0. */
struct draft_policy {
	const char *form;
	const char *help;
	const char *accepts; /* NULL where the form says it */
};

/* Each policy, and sample:N and rate:RATE. */
#define DRAFT_POLICIES (POLICIES + 2)
extern const struct draft_policy draft_policies[DRAFT_POLICIES];

/* One option as it stands on the command line.  prefix + value is how an error shows it. */
struct given {
	enum id id;
	const char *prefix; /* "--rate=", or "--policy=rate:" */
	const char *value;
};

/* What is kept until the limits it depends on are known. */
struct draft {
	struct options *options;
	bool bytes;
	uint32_t high_milli;
	uint32_t low_milli;
	bool is_given[IDS];
	struct given last[IDS]; /* of each that is given */
};

/* Of a draft whose options have been set to nothing: the defaults; then what is given, in its order, and COMMAND, which may be
 * NULL.  False when the error has been told. */
void draft_begin(struct draft *draft);
bool draft_finish(struct draft *draft, const struct given *given, int count, char *const *operands);

/* A message that shows an option as it was given and says why it cannot be; or why its value
 * cannot, and what is accepted.  Both answer false. */
bool draft_refuse(const struct given *given, const char *why);
bool draft_bad_value(const struct given *given, const char *why);

/* The same where something else is accepted than what the option says; and where the value is none of
 * those names, one of which may be meant. */
bool draft_not_accepted(const struct given *given, const char *why, const char *accepted);
bool draft_no_such(const struct given *given, const char *why, const char *const names[], size_t count);

/* Reads the value of an option; false when the error has been told. */
bool values_read(struct draft *draft, const struct given *given);

/* The same for those whose value is an amount, and for --policy, where sample:N and rate:RATE stand for two options
 * each.  They are values_read's. */
bool amounts_read(struct draft *draft, const struct given *given);
bool policies_read(struct draft *draft, const struct given *given);

/* As hint_make, of the names of policies without their values. */
bool policies_hint(char hint[HINT_MOST], const char *prefix, const char *name);

/* Whether the options go together; fills in what follows from several of them.  False when the
 * error has been told. */
bool rules_hold(struct draft *draft);

/* What the reader has where nothing is given. */
extern const struct reader_options delivery_defaults;

/* The operands, at least one, behind which stands NULL; false when the error has been told. */
bool delivery_take_operands(struct draft *draft, char *const *operands);

/* The same as rules_hold for the group DRAFT_READER, and for COMMAND.  They are its own. */
void delivery_settle(struct draft *draft);
bool delivery_holds(struct draft *draft);

/* Why nothing can stand in front of records; NULL: it can. */
const char *delivery_lacks_number(const struct framing *framing);

/* The same for the group DRAFT_SPOOL. */
bool spool_rules_hold(const struct draft *draft);

#endif
