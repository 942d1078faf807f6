/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/ends.h"
#include "base/mapped.h"

#include <stdlib.h>
#include <string.h>

#define WORD_BITS 64

/* Its bits in words; one more than are used, so that a word may be read across two. */
struct region {
	uintptr_t base;
	size_t length;
	uint64_t *words; /* mapped */
};

struct ends {
	struct region *region; /* malloc'd */
	size_t regions;
};

/* Some bits. */
struct span {
	uint64_t *words;
	size_t from, to;
};

struct ends *
ends_new(void)
{
	return calloc(1, sizeof(struct ends));
}

static size_t
bytes_for(size_t length)
{
	return (length / WORD_BITS + 2) * sizeof(uint64_t);
}

void
ends_free(struct ends *ends)
{
	if (ends == NULL)
		return;
	for (size_t i = 0; i < ends->regions; i++)
		mapped_free(ends->region[i].words, bytes_for(ends->region[i].length));
	free(ends->region);
	free(ends);
}

int
ends_cover(struct ends *ends, const char *base, size_t length)
{
	struct region *region = realloc(ends->region, (ends->regions + 1) * sizeof(*region));
	uint64_t *words;

	if (region == NULL)
		return -1;
	ends->region = region;
	if ((words = mapped_new(bytes_for(length))) == NULL)
		return -1;
	region[ends->regions++] = (struct region){ (uintptr_t)base, length, words };
	return 0;
}

void
ends_uncover(struct ends *ends, const char *base)
{
	for (size_t i = 0; i < ends->regions; i++) {
		if (ends->region[i].base != (uintptr_t)base)
			continue;
		mapped_free(ends->region[i].words, bytes_for(ends->region[i].length));
		ends->region[i] = ends->region[--ends->regions];
		return;
	}
}

static struct span
span_of(const struct ends *ends, const char *text, size_t length)
{
	const uintptr_t at = (uintptr_t)text;

	for (size_t i = 0; ends != NULL && i < ends->regions; i++) {
		const struct region *region = &ends->region[i];

		if (at >= region->base && at - region->base < region->length)
			return (struct span){ region->words, at - region->base, at - region->base + length };
	}
	return (struct span){ NULL, 0, 0 };
}

/* Those bits of a word that are in the span. */
static uint64_t
mask_of(const struct span *span, size_t index)
{
	const size_t begin = index * WORD_BITS;
	uint64_t mask = ~UINT64_C(0);

	if (begin < span->from)
		mask <<= span->from - begin;
	if (span->to - begin < WORD_BITS)
		mask &= (UINT64_C(1) << (span->to - begin)) - 1;
	return mask;
}

static uint64_t
word_of(const struct span *span, size_t index)
{
	return span->words[index] & mask_of(span, index);
}

void
ends_set(struct ends *ends, const char *last)
{
	const struct span span = span_of(ends, last, 1);

	if (span.to > 0)
		span.words[span.from / WORD_BITS] |= UINT64_C(1) << span.from % WORD_BITS;
}

void
ends_clear(struct ends *ends, const char *text, size_t length)
{
	struct span span;

	if (length == 0)
		return;
	span = span_of(ends, text, length);
	for (size_t i = span.from / WORD_BITS; i * WORD_BITS < span.to; i++)
		span.words[i] &= ~mask_of(&span, i);
}

/* --- moving ------------------------------------------------------------------------------------- */

/* At most a word's bits from a bit on. */
static uint64_t
bits_at(const uint64_t *words, size_t at, size_t count)
{
	const size_t shift = at % WORD_BITS;
	uint64_t bits = words[at / WORD_BITS] >> shift;

	if (shift > 0)
		bits |= words[at / WORD_BITS + 1] << (WORD_BITS - shift);
	return count < WORD_BITS ? bits & ((UINT64_C(1) << count) - 1) : bits;
}

static void
put_bits(const struct span *span, size_t at, size_t count, uint64_t bits)
{
	const struct span part = { span->words, at, at + count };
	const size_t first = at / WORD_BITS, shift = at % WORD_BITS;

	span->words[first] = (span->words[first] & ~mask_of(&part, first)) | bits << shift;
	if (shift + count > WORD_BITS)
		span->words[first + 1] = (span->words[first + 1] & ~mask_of(&part, first + 1)) | bits >> (WORD_BITS - shift);
}

void
ends_move(struct ends *ends, const char *to, const char *from, size_t length)
{
	struct span target, source;
	size_t step;

	if (length == 0 || to == from)
		return;
	target = span_of(ends, to, length);
	source = span_of(ends, from, length);
	if (source.to == 0)
		ends_clear(ends, to, length);
	if (source.to == 0 || target.to == 0)
		return;
	if ((uintptr_t)to < (uintptr_t)from) {
		for (size_t done = 0; done < length; done += step) {
			step = length - done < WORD_BITS ? length - done : WORD_BITS;
			put_bits(&target, target.from + done, step, bits_at(source.words, source.from + done, step));
		}
		return;
	}
	for (size_t left = length; left > 0; left -= step) {
		step = left < WORD_BITS ? left : WORD_BITS;
		put_bits(&target, target.from + left - step, step, bits_at(source.words, source.from + left - step, step));
	}
}

/* --- looking ------------------------------------------------------------------------------------ */

uint64_t
ends_count(const struct ends *ends, const char *text, size_t length)
{
	uint64_t count = 0;
	struct span span;

	if (length == 0)
		return 0;
	span = span_of(ends, text, length);
	for (size_t i = span.from / WORD_BITS; i * WORD_BITS < span.to; i++)
		count += (uint64_t)__builtin_popcountll(word_of(&span, i));
	return count;
}

/* Where from a bit on the next end is, as the bit behind it; 0 for none. */
static size_t
next_end(const struct span *span, size_t from)
{
	const struct span rest = { span->words, from, span->to };

	for (size_t i = from / WORD_BITS; i * WORD_BITS < span->to; i++) {
		const uint64_t word = word_of(&rest, i);

		if (word != 0)
			return i * WORD_BITS + (size_t)__builtin_ctzll(word) + 1;
	}
	return 0;
}

size_t
ends_first(const struct ends *ends, const char *text, size_t length)
{
	struct span span;
	size_t end;

	if (length == 0)
		return 0;
	span = span_of(ends, text, length);
	end = next_end(&span, span.from);
	return end > 0 ? end - span.from : 0;
}

size_t
ends_last(const struct ends *ends, const char *text, size_t length)
{
	struct span span;

	if (length == 0)
		return 0;
	span = span_of(ends, text, length);
	if (span.to == 0)
		return 0;
	for (size_t i = (span.to - 1) / WORD_BITS + 1; i-- > span.from / WORD_BITS;) {
		const uint64_t word = word_of(&span, i);

		if (word != 0)
			return i * WORD_BITS + WORD_BITS - (size_t)__builtin_clzll(word) - span.from;
	}
	return 0;
}

size_t
ends_skip(const struct ends *ends, const char *text, size_t length, uint64_t *count)
{
	struct span span;
	size_t last = 0;

	if (length == 0)
		return 0;
	span = span_of(ends, text, length);
	for (size_t i = span.from / WORD_BITS; *count > 0 && i * WORD_BITS < span.to; i++) {
		uint64_t word = word_of(&span, i);
		const uint64_t there = (uint64_t)__builtin_popcountll(word);

		if (there == 0)
			continue;
		if (there <= *count) {
			*count -= there;
			last = i * WORD_BITS + WORD_BITS - (size_t)__builtin_clzll(word) - span.from;
			continue;
		}
		for (; *count > 1; --*count)
			word &= word - 1;
		*count = 0;
		last = i * WORD_BITS + (size_t)__builtin_ctzll(word) + 1 - span.from;
	}
	return last;
}

size_t
ends_short(const struct ends *ends, const char *text, size_t length, size_t most)
{
	struct span span;
	size_t begin, end;

	if (length == 0)
		return 0;
	span = span_of(ends, text, length);
	for (begin = span.from; begin < span.to && (end = next_end(&span, begin)) > 0; begin = end)
		if (end - begin <= most)
			break;
	return begin - span.from;
}
