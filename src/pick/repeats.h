/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * repeats: which records say what another one that has been let in a moment ago has said.
 *
 * Records are known by hashes of 128 bits, under a salt that nobody outside knows, of all that a mask leaves to be looked at; what
 * is left out leaves its place: "a1b" and "a22b" may be equal, and "ab" is another one.  Of a bounded number of records,
 * those that came up most recently: one that is forgotten is let in when it comes again, which is always right.
 *
 * Does not let anything in: it is told what was.
 */
#ifndef WEIR_REPEATS_H
#define WEIR_REPEATS_H

#include "pick/mask.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct repeats;

/* Of at most so many records, at most RECENT_MOST.  Takes memory as they come, of each 52 bytes at most.  The mask is not
 * owned, NULL for none.  NULL without memory. */
struct repeats *repeats_new(size_t most, struct mask *mask, uint64_t salt);
void repeats_free(struct repeats *repeats);

/* Whether an equal one was let in less than within_ns ago; then until when that is so, into *until_ns. */
bool repeats_has(struct repeats *repeats, const char *text, size_t length, uint64_t within_ns, uint64_t now_ns,
    uint64_t *until_ns);

/* The one that was asked about last is let in. */
void repeats_let_in(struct repeats *repeats, uint64_t now_ns);

/* From now on none has been. */
void repeats_clear(struct repeats *repeats);

#endif
