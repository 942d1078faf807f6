/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weight: how many records one stands for that comes in where others do not: one in its probability of coming in, as it was
 * when that was decided.  The sum of the weights of what comes in is then on average how many came.
 *
 * Fixed point, with six decimals: 1 in N is exact, and so is whatever else ends within six; the rest is off by less than
 * one in a million.  Does not know which record has one.  Cannot fail.
 */
#ifndef WEIR_WEIGHT_H
#define WEIR_WEIGHT_H

#include "base/units.h"

#include <stddef.h>
#include <stdint.h>

#define WEIGHT_ONE UINT64_C(1000000)

/* No weight is greater. */
#define WEIGHT_MOST (UINT64_C(1000000000000) * WEIGHT_ONE)

/* Digits, with a point and decimals where there are any. */
#define WEIGHT_TEXT_MOST 20

/* Of one that came in by this share. */
uint64_t weight_of_share(const struct share *share);

/* Of one that came in by both. */
uint64_t weight_of_both(uint64_t one, uint64_t other);

/* Near to 1 / share (a probability, above 0) and in two digits: `last` as long as that is near enough, so that weights
 * follow each other in runs. */
uint64_t weight_near(double share, uint64_t last);

/* In decimal, without zeros behind the last that counts and without a final NUL; returns how many bytes that is. */
size_t weight_format(char text[WEIGHT_TEXT_MOST], uint64_t weight);

#endif
