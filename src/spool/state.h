/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * state: what a spool knows of itself, beside its segments: up to where all is confirmed, and what was on disk for sure.
 *
 * A file of two slots, a page apart.  The one with the greater generation holds, if its checksum does; so one is whole
 * whenever the other is being written.
 *
 *      0   magic             8    "\217weirS\r\n"
 *      8   version           2    1
 *     10   framing           2    enum framing_kind
 *     12   delimiter         4
 *     16   size              8    of a record, where it is fixed; of frames enum frame_format
 *     24   generation        8
 *     32   id                16   of the spool
 *     48   first             8    the oldest record that is not confirmed: its serial,
 *     56   segment           8    where it stands,
 *     64   offset            8    of the block that it is in,
 *     72   before            16   and its ordinal: so many records and bytes are confirmed, or dropped
 *     88   synced            16   the ordinal of what came next when all before it was on disk,
 *    104   tail segment      8    the segment that it was to go to,
 *    112   tail offset       8    and where in it the last block that was synced begins
 *    120   next              8    the serial that the next record was to get, if the end was clean; else 0
 *    128   bound             8    no serial from here on was given
 *    136   other id          16   of blocks from before this state was made anew; 0: there are none
 *    152   hole              16 + 16: what is between these two ordinals has given way
 *    184   dropped           16 each, STATE_REASONS of them: what was dropped so far, in all runs, by enum reason
 *    488   string            16   the delimiter, where it is a string: `size` says how long
 *    ...   0                      up to
 *    508   checksum          4    CRC-32C of all before it
 *
 * Pure functions: no file is known here.
 */
#ifndef WEIR_STATE_H
#define WEIR_STATE_H

#include "base/ledger.h"
#include "base/record.h"
#include "spool/block.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATE_SLOT ((size_t)512)  /* bytes: no disk tears less */
#define STATE_PAGE ((size_t)4096) /* from one slot to the next */
#define STATE_SLOTS 2
#define STATE_FILE (STATE_SLOTS * STATE_PAGE)

/* Room for more reasons than there are. */
#define STATE_REASONS 19

struct state {
	struct framing framing;
	uint64_t generation;
	unsigned char id[BLOCK_ID];
	uint64_t first;
	uint64_t segment;
	uint64_t offset;
	struct tally before;
	struct tally synced;
	uint64_t tail_segment;
	uint64_t tail_offset;
	uint64_t next;
	uint64_t bound;
	unsigned char other_id[BLOCK_ID];
	struct tally hole_from, hole_to;
	struct tally dropped[STATE_REASONS];
};

void state_encode(const struct state *state, unsigned char slot[STATE_SLOT]);

enum state_found {
	STATE_FOUND,
	STATE_NONE,  /* it was never written whole, or has changed since */
	STATE_OTHER, /* by its checksum it is whole, and of another version, or for a framing that this one does not know */
};

/* Of another version nothing is known but that it has magic, version and checksum where this one has them. */
enum state_found state_decode(struct state *state, const unsigned char slot[STATE_SLOT]);

/* The version that a whole slot says it is of. */
unsigned state_version(const unsigned char slot[STATE_SLOT]);

#endif
