/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hand/breaker.h"

void
breaker_init(struct breaker *breaker, uint64_t least_ns, uint64_t most_ns, struct chance chance)
{
	*breaker = (struct breaker){ .least_ns = least_ns, .most_ns = most_ns, .chance = chance };
}

/* The longest wait after so many failures in a row, at least 1. */
static uint64_t
longest_ns(const struct breaker *breaker, uint64_t failures)
{
	uint64_t ns = breaker->least_ns;

	if (failures >= BREAKER_FAILURES)
		return breaker->most_ns;
	for (uint64_t i = 1; i < failures; i++)
		ns *= 2; /* 366 days eight times over are 2^58 ns */
	return ns < breaker->most_ns ? ns : breaker->most_ns;
}

void
breaker_retune(struct breaker *breaker, uint64_t least_ns, uint64_t most_ns, uint64_t now_ns)
{
	uint64_t longest;

	breaker->least_ns = least_ns;
	breaker->most_ns = most_ns;
	longest = longest_ns(breaker, breaker->failures > 0 ? breaker->failures : 1);
	if (breaker->due_ns > now_ns + longest)
		breaker->due_ns = now_ns + longest;
}

void
breaker_failed(struct breaker *breaker, uint64_t now_ns, bool counts)
{
	bool was_open = breaker_is_open(breaker);
	uint64_t failures;

	if (counts)
		breaker->failures++;
	if (!was_open && breaker_is_open(breaker)) {
		breaker->opened++;
		breaker->since_ns = now_ns;
	}
	failures = breaker->failures > 0 ? breaker->failures : 1;
	breaker->due_ns = now_ns + chance_below(&breaker->chance, longest_ns(breaker, failures) + 1);
}

void
breaker_succeeded(struct breaker *breaker, uint64_t now_ns)
{
	if (breaker_is_open(breaker))
		breaker->open_ns += now_ns - breaker->since_ns;
	breaker->failures = 0;
	breaker->due_ns = 0;
}

bool
breaker_allows(const struct breaker *breaker, uint64_t now_ns, uint64_t under_way)
{
	return now_ns >= breaker->due_ns && (under_way == 0 || !breaker_is_open(breaker));
}

uint64_t
breaker_due_ns(const struct breaker *breaker)
{
	return breaker->due_ns;
}

bool
breaker_is_open(const struct breaker *breaker)
{
	return breaker->failures >= BREAKER_FAILURES;
}

uint64_t
breaker_failures(const struct breaker *breaker)
{
	return breaker->failures;
}

uint64_t
breaker_opened(const struct breaker *breaker)
{
	return breaker->opened;
}

uint64_t
breaker_since_ns(const struct breaker *breaker)
{
	return breaker->since_ns;
}

uint64_t
breaker_open_ns(const struct breaker *breaker, uint64_t now_ns)
{
	return breaker->open_ns + (breaker_is_open(breaker) ? now_ns - breaker->since_ns : 0);
}
