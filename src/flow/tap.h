/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tap: a look at records that pass, for somebody who is not to be waited for.
 *
 * Of each read, or write, the first few records are looked at, one in N of them is copied, its beginning at least, and all of
 * that into bounded memory: what has no room is skipped, and counted.  So it costs the data next to nothing, however fast
 * that is, and however slow the one who looks; and is no account of what passed, for which there is the ledger.
 *
 * Does not know who looks, and what he is shown: that is steer/'s.
 */
#ifndef WEIR_FLOW_TAP_H
#define WEIR_FLOW_TAP_H

#include "base/record.h"

#include <sys/uio.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a record that are shown, and records and bytes that are looked at, of one read or write. */
#define TAP_TEXT_MOST ((size_t)2048)
#define TAP_LOOKS_MOST 32
#define TAP_LOOK_MOST ((size_t)16 << 10)

/* One that was copied. */
struct tap_record {
	const char *text;  /* the first `length` bytes of it, without its delimiter */
	size_t length;
	bool known;        /* how long it is: */
	uint64_t bytes;    /* so long, without its delimiter */
	uint64_t skipped;  /* so many that were to be copied were not, since the one before it */
};

/* 1 of one_in records (at least 1).  malloc'd; NULL with errno. */
struct tap *tap_new(uint64_t one_in);
void tap_free(struct tap *tap);

/* Those who look at the same place: a list, from its first. */
void tap_join(struct tap **taps, struct tap *tap);
void tap_leave(struct tap **taps, const struct tap *tap);

/* length bytes pass, which are `pieces`, of which the first is `phase` bytes into its record, as record.h has it. */
void tap_see(struct tap *taps, const struct framing *framing, uint64_t phase, const struct iovec *piece, size_t length);

/* The same where so many bytes are the rest of a record. */
void tap_see_behind(struct tap *taps, const struct framing *framing, size_t rest, const struct iovec *piece, size_t length);

/* The oldest that was copied and not taken yet; good until more pass.  False where there is none. */
bool tap_take(struct tap *tap, struct tap_record *record);

#endif
