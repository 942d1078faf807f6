/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: a snapshot as a report, in the form that was asked for.
 *
 * Only makes the line, newline included; where it goes is the reporter's.  What a form says is its own: text.h, json.h.
 */
#ifndef WEIR_REPORT_H
#define WEIR_REPORT_H

#include "tell/snapshot.h"

#include <stddef.h>

/* Room for any line.  Without --keep and --top-keys it is no longer than REPORT_PLAIN_MOST, the
 * PIPE_BUF of Linux, so that a pipe takes it whole. */
#define REPORT_MOST 65536
#define REPORT_PLAIN_MOST 4096

/* Writes the line into text (REPORT_MOST bytes) and returns its length. */
size_t report_line(char *text, const struct snapshot *snapshot);

/* Writes what was dropped, as a report has it, into text (REPORT_LOSS_MOST bytes): "dropped 2000 of 12000
 * records (16.7%, oldest)". */
#define REPORT_LOSS_MOST 1024
void report_loss(char *text, const struct snapshot *snapshot);

#endif
