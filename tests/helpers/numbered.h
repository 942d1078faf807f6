/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbered records: what `lines` writes and `reader` recognises.
 *
 * Record n is its number in decimal, a space, letters that depend on n, and the delimiter, so that a reader who
 * knows the lengths can tell every single byte of it: nothing can be torn, swapped or doubled without being seen. A
 * length counts the delimiter; one too small for the number is taken as just large enough for it.
 *
 * Lengths are given as "A,B,C" (in turn, again and again) or "A,B+C,D" (A and B once, then C and D in turn).
 */
#ifndef NUMBERED_H
#define NUMBERED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LENGTHS_MAX = 64, NO_DELIMITER = -1, DIGITS_MAX = 20 };

struct lengths {
	uint64_t once[LENGTHS_MAX];
	uint64_t turn[LENGTHS_MAX];
	size_t n_once;
	size_t n_turn; /* at least 1 */
};

/* How one record reads. */
struct record {
	char digits[DIGITS_MAX + 1];
	size_t n_digits;
	uint64_t number;
	uint64_t length; /* with the delimiter */
	int delimiter;	 /* a byte, or NO_DELIMITER */
};

/* Ends the program with status 2 where text is no list of lengths. */
void lengths_parse(struct lengths *l, const char *text);
/* "\n", "\0", "none", or the byte itself. Ends the program where it is none of these. */
int delimiter_parse(const char *text);
/* A decimal number; ends the program where it is none. */
uint64_t number_parse(const char *text);

void record_set(struct record *r, const struct lengths *l, int delimiter, uint64_t number);
/* Writes at most n bytes of the record, from its byte `from` on; returns how many. */
size_t record_spell(const struct record *r, uint64_t from, char *to, size_t n);
/* True where the n bytes at p are the bytes of the record from `from` on. n must not go beyond its end. */
bool record_matches(const struct record *r, uint64_t from, const char *p, size_t n);

/* Waits until someone has opened the FIFO for writing and closed it again: `: >FIFO` in a shell. */
void barrier_wait(const char *fifo);
/* "N:FIFO" */
void barrier_parse(const char *text, uint64_t *n, const char **fifo);

_Noreturn void die(const char *what);

#endif
