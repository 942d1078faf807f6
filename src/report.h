/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: the ledger as text and as JSON.
 *
 * Only makes the line, newline included; where it goes is the reporter's.  Numbers in JSON are plain
 * integers, and every key is always there.
 */
#ifndef WEIR_REPORT_H
#define WEIR_REPORT_H

#include "ledger.h"
#include "options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for any line.  No more than PIPE_BUF of Linux, so that a pipe takes it whole. */
#define REPORT_MOST 4096

enum report_event {
	REPORT_FINAL,
	REPORT_SIGNAL,
};

/* How things stand at one moment. */
struct snapshot {
	enum report_event event;
	const struct options *options;
	struct ledger ledger; /* paused_ns up to this moment */
	struct tally held;
	uint64_t elapsed_ns;
	bool unread_known;
	uint64_t unread_bytes;
	int exit_status;         /* of the final report */
	const char *exit_reason; /* of the final report */
};

/* Writes the line into text (REPORT_MOST bytes) and returns its length. */
size_t report_line(char *text, const struct snapshot *snapshot);

#endif
