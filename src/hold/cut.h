/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cut: where the records in a chain end.
 *
 * Pure functions on a span of a chain: length bytes from an offset, or a place, on (offset + length <= used), of which
 * record.h sees one contiguous piece after the other.  phase is how many bytes of the record that the span begins in
 * came before it.  An end is given as the length from the beginning of the span, so it is never 0, and 0 means "none".
 * They keep nothing, and none of them can fail.
 */
#ifndef WEIR_CUT_H
#define WEIR_CUT_H

#include "base/chain.h"
#include "base/record.h"

#include <stddef.h>
#include <stdint.h>

/* How many records end in it. */
uint64_t cut_count(const struct chain *chain, const struct framing *framing, size_t offset, size_t length,
    uint64_t phase);

/* The first end, and the last. */
size_t cut_first(const struct chain *chain, const struct framing *framing, size_t offset, size_t length, uint64_t phase);
size_t cut_first_from(const struct chain *chain, const struct framing *framing, struct chain_place place, size_t length,
    uint64_t phase);
size_t cut_last(const struct chain *chain, const struct framing *framing, size_t offset, size_t length, uint64_t phase);

/* The end behind at most *count records, which is lessened by those passed. */
size_t cut_skip(const struct chain *chain, const struct framing *framing, size_t offset, size_t length, uint64_t phase,
    uint64_t *count);

/* The phase behind the first length bytes of the chain. */
uint64_t cut_phase(const struct chain *chain, const struct framing *framing, size_t length, uint64_t phase);

#endif
