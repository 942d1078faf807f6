/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of spooling.h have from each other: for these alone.
 */
#ifndef WEIR_SPOOLED_H
#define WEIR_SPOOLED_H

#include "base/ledger.h"
#include "spool/spool.h"

#include <sys/uio.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pump;
struct queue;

bool spooling_is_on(const struct pump *pump);

/* Whether what comes is bytes that are no records. */
bool spooling_is_bytes(const struct pump *pump);

/* Among the numbers of records in the queue and on disk arrivals come last. */
void spooling_renumber(struct pump *pump);

/* What was on disk only, behind so many others that are, is not there any more: a jump of serials tells that, once the
 * next are in the queue. */
void spooling_lose_on_disk(struct pump *pump, enum reason reason, uint64_t ahead, struct tally lost);

/* --- readback.c: the buffer ----------------------------------------------------------------------- */

/* There is room for so much; and where nothing else is there, for one record, or block, of any length. */
bool spooling_fits(const struct pump *pump, size_t length);
bool spooling_has_room(const struct pump *pump, size_t length);

/* A block comes into the queue: whole records, the last of them without its delimiter where `tail` bytes stand behind the
 * last end.  A longer one is a single record.  False without room. */
bool spooling_copy(struct queue *queue, const struct iovec *piece, size_t length, uint64_t ends, size_t tail);

/* What is missing in front of records and between them, by their serials; at: the number of the first. */
void spooling_number(struct pump *pump, uint64_t at, const struct spool_next *next);

/* As much as there is room for is read back. */
void spooling_load_all(struct pump *pump);

/* --- arriving.c, yielding.c ----------------------------------------------------------------------- */

/* What has come is put; and at the end what is left of it, even beyond the bound: as much as the disk takes. */
void spooling_put_all(struct pump *pump, uint64_t now_ns);
void spooling_put_rest(struct pump *pump, uint64_t now_ns);

/* Before that: what nothing is in front of, and the output takes in one write, leaves at once, and never comes onto disk. */
void spooling_let_pass(struct pump *pump, uint64_t now_ns);

/* Of the records of --header those that are not in the spool yet: what comes next. */
uint64_t spooling_headers(const struct pump *pump);

/* Records that the reader has been handed, or that are on their way: they stay. */
uint64_t spooling_flying(const struct pump *pump);

/* There is no room for what is to be put next.  Whether something was made of it. */
bool spooling_give_way(struct pump *pump, size_t length, uint64_t records);

#endif
