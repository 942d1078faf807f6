/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spill: dropped records into a file (--dropped), without ever holding up the data.
 *
 *      pump -> spill_add -> staging (bounded) -> a worker -> scribe -> file
 *
 * Whoever drops hands the bytes over here; they are copied to the staging area, and a worker, on
 * a thread of its own, does the writes, which may wait for as long as a disk or a reader likes.  What finds no room
 * there, or cannot be written, is counted: dropped = saved + unsaved, in records and in bytes.
 *
 * Records are whole in the file, and in the order they were dropped in: the order of their ends,
 * but for one that is longer than is put together in memory and is written as it comes.
 *
 *      A record that finds no room is unsaved whole.  One that is written as it comes and then finds none
 *      ends there: scribe.h says what stays of it.
 *      The last record of the input goes as it came, without its delimiter; should another follow it, its
 *      delimiter does first.
 *      Of a record whose end is never read (a run that was ended) nothing is saved.
 *
 * Does not decide what is dropped, and does not open the file.
 */
#ifndef WEIR_SPILL_H
#define WEIR_SPILL_H

#include "base/ledger.h"
#include "base/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory for what waits to be written; touched as far as it is needed. */
#define SPILL_ROOM ((size_t)4 << 20)

/* Where from: records that are left out as they come, perhaps in many calls over a long time, and
 * whole ones out of the buffer, whose calls (from one segment to the next) follow each other. */
enum spill_from {
	SPILL_INTAKE,
	SPILL_QUEUE,
};

struct spill;

/* For records of this framing, into fd, which it closes in the end unless it is standard error;
 * with_reason puts why it was dropped and a tab before each.  All memory is got here.  NULL with errno. */
struct spill *spill_open(const struct framing *framing, int fd, bool with_reason, size_t room);

/* Where its framing is noted: there, for pieces that lie in what is covered; else a record that is added ends where spill_end
 * says.  Before anything is added. */
void spill_note_ends(struct spill *spill, struct ends *ends);

/* Starts the worker.  0, or an errno. */
int spill_start(struct spill *spill);

/* Whether it is told why. */
bool spill_explains(const struct spill *spill);

/* These bytes were just dropped; why, without a tab. */
void spill_add(struct spill *spill, enum spill_from from, const char *why, const char *piece, size_t length);

/* The record that is open there, if any, is complete as it is: it is the last of the input. */
void spill_end(struct spill *spill, enum spill_from from);

/* These were dropped, and nobody has their bytes any more. */
void spill_miss(struct spill *spill, struct tally missed);

/* What is not in the file, and will not be. */
struct tally spill_unsaved(struct spill *spill);

/* errno of the first write that failed, once; else 0. */
int spill_take_error(struct spill *spill);

/* Nothing more is added.  Waits for what is staged until deadline_ns of loop_now, or until a signal
 * asks a second time to end; what is not written by then is unsaved.  (What a write that the kernel
 * does not come back from has done is not known: it counts as unsaved.) */
void spill_close(struct spill *spill, uint64_t deadline_ns);

/* After spill_close, or without spill_start; NULL is fine. */
void spill_free(struct spill *spill);

#endif
