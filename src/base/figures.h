/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * figures: amounts as people are shown them: rounded, in the unit that suits.
 *
 * Nothing here is read back; what is ("6000/min", "12.5%") is units'.  Each writes at most size bytes with the final
 * NUL.  None can fail, or allocates.
 */
#ifndef WEIR_FIGURES_H
#define WEIR_FIGURES_H

#include <stddef.h>
#include <stdint.h>

/* Bytes with one decimal in the unit that suits `like` ("0.2 MB" beside "1.2 MB"), unless that would
 * show something as 0.0: then in its own. */
void figures_bytes(char *text, size_t size, uint64_t bytes, uint64_t like);

/* A number with three digits or so: "12.3k", "1.2M"; powers of 1000. */
void figures_count(char *text, size_t size, uint64_t count);

/* A span of time with three digits or so: "0ns", "1.2ms", "123s", "2.5h". */
void figures_ns(char *text, size_t size, uint64_t ns);

/* A moment, in nanoseconds since 1970, as RFC 3339 has it, in UTC: "2026-01-31T12:00:00.000Z". */
void figures_moment(char *text, size_t size, uint64_t ns);

/* A part of a whole (not 0) in percent, rounded. */
unsigned figures_percent(uint64_t part, uint64_t whole);

#endif
