/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz: what the harnesses share: numbers out of the input, and the end of a run that breaks a promise.
 *
 * A harness is one function over arbitrary bytes.  It decodes them to something that the module under it
 * may be asked, and holds every answer against a slower one that is obviously right.  An input that is
 * too short reads as zeros, so that every input means something.
 */
#ifndef WEIR_FUZZ_H
#define WEIR_FUZZ_H

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* What libFuzzer, AFL++ (by main.c) and the replay of the corpus call. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at;
	size_t left;
};

static inline unsigned
input_byte(struct input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->at++;
}

/* Of any magnitude: up to eight bytes, the first of which is how many follow. */
static inline uint64_t
input_number(struct input *input)
{
	unsigned bytes = input_byte(input) % 9;
	uint64_t number = 0;

	while (bytes-- > 0)
		number = number << 8 | input_byte(input);
	return number;
}

#define expect(condition, what, got, want) \
	((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition, what, (got), (want)))

#define expect_equal(what, got, want) \
	expect((uint64_t)(got) == (uint64_t)(want), what, (uint64_t)(got), (uint64_t)(want))

static inline _Noreturn void
fuzz_fail(const char *file, int line, const char *condition, const char *what, uint64_t got, uint64_t want)
{
	fprintf(stderr, "%s:%d: %s: got %" PRIu64 ", want %" PRIu64 " (%s)\n", file, line, what, got, want,
	    condition);
	abort();
}

#endif
