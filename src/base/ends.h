/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ends: where records end, of bytes that do not say so themselves: a bit for each byte of the memory that is covered.
 *
 * Beside the bytes and not among them, so that these are written as they came; and found by the address of a byte, so
 * that whoever is handed a piece of that memory can ask.  Who moves bytes moves their bits (ends_move), who writes others
 * over them clears theirs.  A bit is set for the last byte of a record.
 *
 * Knows no record and no framing.  Where nothing is said nothing can fail, and a text lies in one region, or in none: of what is
 * not covered, or where there are no ends (NULL), nothing is known, so none ends there.
 */
#ifndef WEIR_ENDS_H
#define WEIR_ENDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ends;

/* malloc'd, of nothing; NULL with errno.  NULL may be freed. */
struct ends *ends_new(void);
void ends_free(struct ends *ends);

/* These bytes are covered from now on, and none of them ends a record; the memory for that, an eighth of them, is touched as
 * far as it is used.  0, or -1 with errno.  And: what begins there is not any more (it may not have been). */
int ends_cover(struct ends *ends, const char *base, size_t length);
void ends_uncover(struct ends *ends, const char *base);

/* A record ends with this byte; none ends in these. */
void ends_set(struct ends *ends, const char *last);
void ends_clear(struct ends *ends, const char *text, size_t length);

/* Bytes are moved, or copied: as memmove(3). */
void ends_move(struct ends *ends, const char *to, const char *from, size_t length);

/* As record.h has them: how many end in it; the first end, the last; the end behind at most *count records, which is lessened
 * by those passed; the beginning of the first record of at most `most` bytes. */
uint64_t ends_count(const struct ends *ends, const char *text, size_t length);
size_t ends_first(const struct ends *ends, const char *text, size_t length);
size_t ends_last(const struct ends *ends, const char *text, size_t length);
size_t ends_skip(const struct ends *ends, const char *text, size_t length, uint64_t *count);
size_t ends_short(const struct ends *ends, const char *text, size_t length, size_t most);

#endif
