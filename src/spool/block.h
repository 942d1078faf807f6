/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * block: whole records as they are on disk: a header, where serials are missing, and their bytes.
 *
 *      0   magic             8    "\217weirB\r\n"
 *      8   version           2    1; 2 with BLOCK_LENGTHS; 3 with weights
 *     10   flags             2    BLOCK_...; 16 with weights
 *     12   gaps              4    how many follow the header, and weights behind them
 *     16   length            8    bytes of records behind them
 *     24   records           8    0 where bytes are no records
 *     32   first             8    serial of the first record
 *     40   before            16   its ordinal: records and bytes given to the spool before it, from the beginning on
 *     56   time              8    nanoseconds since 1970, by the wall clock
 *     64   id                16   of the spool
 *     80   checksum          4    CRC-32C of the records' bytes, and of their lengths in front of them
 *     84   own checksum      4    CRC-32C of the header before this, and of the gaps
 *     88   gaps              12 each: so many records into the block (4), so many serials are missing (8)
 *          weights           12 each: from so many records into the block on, and 2^31 (4), each stands for so many millionths (8)
 *    ...   lengths           4 each, with BLOCK_LENGTHS: of the records, whose sum is `length`
 *
 * Numbers are little-endian.  The block is the frame: there is nothing else in a segment.  Where one is damaged the next
 * is found by its magic, and ordinals say how much is missing: records and bytes, exactly.  A jump of serials alone is
 * what was dropped.
 *
 * Pure functions: no file is known here.
 */
#ifndef WEIR_BLOCK_H
#define WEIR_BLOCK_H

#include "base/ledger.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK_HEADER ((size_t)88)
#define BLOCK_GAP ((size_t)12)
#define BLOCK_GAPS 64
#define BLOCK_HEAD_MOST (BLOCK_HEADER + BLOCK_GAPS * BLOCK_GAP)

/* Records in one that has their lengths. */
#define BLOCK_LENGTHS_MOST 4096
#define BLOCK_LENGTH ((size_t)4)

/* Bytes of records in one, but for a single record that is longer. */
#define BLOCK_MOST ((size_t)64 << 10)

#define BLOCK_ID 16

/* Its last record lacks its delimiter: the input had ended.  It gets one if others follow, and ordinals count it with that. */
#define BLOCK_UNENDED 1U
/* That delimiter is so many bytes long, and one more. */
#define BLOCK_DELIMITER(flags) ((flags) >> 8 & 0xffU)
/* Where its records end is not told by their bytes.  (Not of a single record: it is all there is.) */
#define BLOCK_LENGTHS 8U
/* Its last record is shorter than all are, by a size that is fixed: the input had ended. */
#define BLOCK_LAST_SHORT 4U
/* It is the first after an end that was not clean: the serials before it may have been given to records that are lost. */
#define BLOCK_AFTER_CRASH 2U

struct block_gap {
	uint32_t at;      /* records of the block in front of it, rising, at least 1 and less than there are */
	uint64_t missing; /* at least 1; of one that is a weight, what the records from there on weigh, and `at` from 0 on */
};

struct block {
	unsigned flags;
	uint64_t length;
	uint64_t records;
	uint64_t first;
	struct tally before;
	uint64_t time_ns;
	unsigned char id[BLOCK_ID];
	uint32_t checksum;
	unsigned gaps;
	struct block_gap gap[BLOCK_GAPS]; /* the gaps, and behind them the weights */
	unsigned weights; /* 0: each record stands for itself */
};

/* The serial behind the last record of it. */
uint64_t block_next(const struct block *block);

/* Bytes that its last record lacks of a delimiter. */
size_t block_lacks(const struct block *block);

/* The ordinal of what follows it. */
struct tally block_after(const struct block *block);

/* Whether it is of a spool with this id (NULL: of any), or with another one (NULL: none). */
bool block_is_of(const struct block *block, const unsigned char *id, const unsigned char *other);

/* Bytes in front of its records, which end in their lengths, so many bytes; and all of it. */
size_t block_head(const struct block *block);
size_t block_lengths(const struct block *block);
uint64_t block_size(const struct block *block);

/* Whether the lengths in front of its records can be theirs: none is 0, and their sum is all there is. */
bool block_adds_up(const struct block *block, const char *records);

/* The length of one of so many records, whose lengths are there. */
size_t block_length_at(const unsigned char *lengths, uint64_t record);

/* Its head as bytes, without the lengths; returns how many. */
size_t block_encode(const struct block *block, unsigned char head[BLOCK_HEAD_MOST]);

/* What can be made of bytes that may be the beginning of one. */
enum block_found {
	BLOCK_FOUND,
	BLOCK_SHORT, /* as far as it goes it is one, but its head does not end there */
	BLOCK_NONE,
	BLOCK_OTHER, /* by its checksum its head is whole, and of another version */
};

/* A head that is whole by its checksum, and that a block of this version can have.  Of another version nothing is known
 * but that it has magic, version, gaps and its own checksum where this one has them. */
enum block_found block_decode(struct block *block, const void *bytes, size_t length);

/* The version that a whole head says it is of. */
unsigned block_version(const void *bytes);

/* Where the next one may begin: the offset of the first magic, or of what may be the beginning of one at the very end;
 * length where there is none. */
size_t block_search(const void *bytes, size_t length);

#endif
