/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "pick/weight.h"

/* The digits of the decimals. */
#define DECIMALS 6

/* A weight that is known stays for what is within an eighth of it. */
#define NEAR 8

static uint64_t
bounded(uint64_t whole, uint64_t part)
{
	return whole >= WEIGHT_MOST / WEIGHT_ONE ? WEIGHT_MOST : whole * WEIGHT_ONE + part;
}

/* Digit by digit, so that no product overflows: what is divided is up to 2^50. */
uint64_t
weight_of_share(const struct share *share)
{
	uint64_t rest = share->den % share->num, part = 0;

	for (int i = 0; i < DECIMALS; i++, rest = rest * 10 % share->num)
		part = part * 10 + rest * 10 / share->num;
	return bounded(share->den / share->num, part + (2 * rest >= share->num));
}

/* Each as whole and part: the product of the parts is below 1. */
uint64_t
weight_of_both(uint64_t one, uint64_t other)
{
	const uint64_t whole = one / WEIGHT_ONE, part = one % WEIGHT_ONE;
	const uint64_t rest = other % WEIGHT_ONE * part / WEIGHT_ONE;
	uint64_t sum;

	if (whole > 0 && other > WEIGHT_MOST / whole)
		return WEIGHT_MOST;
	sum = whole * other + other / WEIGHT_ONE * part + rest;
	return sum < WEIGHT_MOST ? sum : WEIGHT_MOST;
}

static uint64_t
in_two_digits(double weight)
{
	uint64_t unit = WEIGHT_ONE / 10, all = (uint64_t)weight;

	while (all / unit >= 100)
		unit *= 10;
	all = (all + unit / 2) / unit * unit;
	return all > WEIGHT_ONE ? all : WEIGHT_ONE;
}

uint64_t
weight_near(double share, uint64_t last)
{
	const double want = (double)WEIGHT_ONE / share;

	if (share >= 1)
		return WEIGHT_ONE;
	if (want >= (double)WEIGHT_MOST)
		return WEIGHT_MOST;
	if (want * NEAR >= (double)last * (NEAR - 1) && want * NEAR <= (double)last * (NEAR + 1))
		return last;
	return in_two_digits(want);
}

size_t
weight_format(char text[WEIGHT_TEXT_MOST], uint64_t weight)
{
	uint64_t whole = weight / WEIGHT_ONE, part = weight % WEIGHT_ONE;
	char backward[WEIGHT_TEXT_MOST];
	size_t length = 0, decimals = DECIMALS, count = 0;

	do
		backward[count++] = (char)('0' + whole % 10);
	while ((whole /= 10) > 0);
	while (count > 0)
		text[length++] = backward[--count];
	if (part == 0)
		return length;
	for (; part % 10 == 0; decimals--)
		part /= 10;
	text[length] = '.';
	for (size_t i = decimals; i > 0; part /= 10)
		text[length + i--] = (char)('0' + part % 10);
	return length + 1 + decimals;
}
