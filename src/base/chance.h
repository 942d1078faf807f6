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

/* a * b / 2^64, rounded down: of two fractions of 2^64 the product. */
uint64_t chance_product(uint64_t a, uint64_t b);

/* 64 random bits.  (Here, since it is asked once a record.) */
static inline uint64_t
chance_next(struct chance *chance)
{
	uint64_t bits = chance->state += UINT64_C(0x9e3779b97f4a7c15); /* 2^64 / the golden ratio, odd */

	bits = (bits ^ (bits >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	bits = (bits ^ (bits >> 27)) * UINT64_C(0x94d049bb133111eb);
	return bits ^ (bits >> 31);
}

/* A number below n (at least 1), each with the same probability: to n / 2^64. */
static inline uint64_t
chance_below(struct chance *chance, uint64_t n)
{
	uint64_t bits = chance_next(chance);

	if (n > UINT32_MAX)
		return chance_product(bits, n);
	/* the same in half the time */
	return ((bits >> 32) * n + ((uint32_t)bits * n >> 32)) >> 32;
}

/* Numbers bit by bit; all zero to begin with. */
struct chance_coin {
	uint64_t bits; /* those that are left, */
	unsigned left; /* so many */
};

/* True once in 2. */
static inline bool
chance_toss(struct chance *chance, struct chance_coin *coin)
{
	bool head;

	if (coin->left == 0)
		*coin = (struct chance_coin){ chance_next(chance), 64 };
	head = (coin->bits & 1) != 0;
	coin->bits >>= 1;
	coin->left--;
	return head;
}

#endif
