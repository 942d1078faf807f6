/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chance: random numbers for what is chosen by chance, in integers.
 *
 * The same seed gives the same numbers on every machine and in every version.  Does not keep a
 * secret: who knows one number knows those that follow.  A struct chance has one user: two that
 * drew from the same one in an order that depends on time could not be repeated.  For another user
 * seed another one, from this.
 *
 * splitmix64, after Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014):
 * each number of 64 bits once in 2^64.
 */
#ifndef WEIR_CHANCE_H
#define WEIR_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

struct chance {
	uint64_t state; /* any value */
};

/* seed is looked at where seeded; otherwise the system gives one, which may open a file: before
 * confine(). Cannot fail. */
void chance_init(struct chance *chance, bool seeded, uint64_t seed);

/* 64 random bits. */
uint64_t chance_next(struct chance *chance);

/* A number below n (at least 1), each with the same probability: to n / 2^64. */
uint64_t chance_below(struct chance *chance, uint64_t n);

/* a * b / 2^64, rounded down: of two fractions of 2^64 the product. */
uint64_t chance_product(uint64_t a, uint64_t b);

#endif
