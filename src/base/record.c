/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counting delimiters is the one thing done to every byte, so it is done wide: vectors of 32 bytes
 * compared at once, the matches summed as bytes for up to 255 vectors before they are added up.  The
 * vector extension of gcc and clang makes SSE2 or NEON of it at the baseline, and AVX2 where
 * target_clones can choose at run time.
 */
#include "config.h"

#include "base/record.h"

#include <string.h>
#if defined(__SSE2__) && !defined(WEIR_PORTABLE)
#include <emmintrin.h>
#endif

static const char *const names[] = {
	[FRAMING_LINES] = "lines",
	[FRAMING_NULL] = "null",
	[FRAMING_DELIMITER] = "delimiter",
	[FRAMING_FIXED] = "fixed",
	[FRAMING_BYTES] = "bytes",
	[FRAMING_JOINED] = "joined",
	[FRAMING_STRING] = "delimiter",
};

const char *
framing_name(const struct framing *f)
{
	return f->kind == FRAMING_FRAME ? frame_name(f->format) : names[f->kind];
}

bool
framing_delimited(const struct framing *f)
{
	return f->kind < FRAMING_FIXED;
}

const char *
framing_end(const struct framing *f, size_t *length)
{
	switch (f->kind) {
	case FRAMING_LINES:
	case FRAMING_NULL:
	case FRAMING_DELIMITER:
	case FRAMING_JOINED:
		*length = 1;
		return (const char *)&f->delimiter;
	case FRAMING_STRING:
		*length = f->string_length;
		return f->string;
	case FRAMING_FIXED:
	case FRAMING_BYTES:
	case FRAMING_FRAME:
		break;
	}
	*length = 0;
	return "";
}

#if defined(__GNUC__) && !defined(WEIR_PORTABLE)

#define LANES 32
#define BLOCK_VECTORS 255 /* a lane counts up to here without overflow */

typedef unsigned char vector __attribute__((vector_size(LANES)));
typedef uint64_t sums __attribute__((vector_size(LANES)));

#ifdef HAVE_TARGET_CLONES
__attribute__((target_clones("avx2", "default")))
#endif
static uint64_t
count_byte(const char *piece, size_t length, unsigned char byte)
{
	uint64_t count = 0;
	size_t vectors = length / LANES;
	size_t done = 0;
	vector wanted = byte - (vector){ 0 };
	const sums low_bytes = UINT64_C(0x00ff00ff00ff00ff) - (sums){ 0 };

	while (done < vectors) {
		size_t until = vectors - done > BLOCK_VECTORS ? done + BLOCK_VECTORS : vectors;
		vector lanes = { 0 };
		sums pairs;

		for (; done < until; done++) {
			vector bytes;
			memcpy(&bytes, piece + done * LANES, LANES);
			lanes -= (vector)(bytes == wanted); /* a match is all ones, -1 */
		}
		/* Bytes to pairs of 16 bits, which a multiplication adds up in the topmost: at most
		 * 4 * 510 a word. */
		memcpy(&pairs, &lanes, sizeof(pairs));
		pairs = (pairs & low_bytes) + (pairs >> 8 & low_bytes);
		pairs = pairs * UINT64_C(0x0001000100010001) >> 48;
		for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
			count += pairs[i];
	}
	for (size_t i = vectors * LANES; i < length; i++)
		count += (unsigned char)piece[i] == byte;
	return count;
}

#else

static uint64_t
count_byte(const char *piece, size_t length, unsigned char byte)
{
	uint64_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += (unsigned char)piece[i] == byte;
	return count;
}

#endif

/* --- masks -------------------------------------------------------------------------------------- */

/* A bit for each of 64 bytes, set where the byte is the delimiter: where SSE2 is the baseline, that is
 * on every x86-64, four instructions each make 16 of them. */
#if defined(__SSE2__) && !defined(WEIR_PORTABLE)

#define MASKS 1
#define MASK_BYTES 64

static uint64_t
mask_of(const char *piece, unsigned char byte)
{
	const __m128i wanted = _mm_set1_epi8((char)byte);
	uint64_t mask = 0;

	for (int i = 0; i < 4; i++) {
		__m128i bytes;
		memcpy(&bytes, piece + 16 * i, sizeof(bytes));
		mask |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, wanted)) << 16 * i;
	}
	return mask;
}

#endif

/* memrchr where it is missing; bytes are compared from the end. */
static const char *
last_byte(const char *piece, size_t length, unsigned char byte)
{
#ifdef HAVE_MEMRCHR
	return memrchr(piece, byte, length);
#else
	while (length > 0)
		if ((unsigned char)piece[--length] == byte)
			return piece + length;
	return NULL;
#endif
}

uint64_t
record_count(const struct framing *f, uint64_t phase, const char *piece, size_t length)
{
	switch (f->kind) {
	case FRAMING_LINES:
	case FRAMING_NULL:
	case FRAMING_DELIMITER:
		return count_byte(piece, length, f->delimiter);
	case FRAMING_FIXED:
		return (phase + length) / f->size;
	case FRAMING_BYTES:
		break;
	case FRAMING_JOINED:
	case FRAMING_STRING:
	case FRAMING_FRAME:
		return ends_count(f->ends, piece, length);
	}
	return 0;
}

size_t
record_first(const struct framing *f, uint64_t phase, const char *piece, size_t length)
{
	const char *end;

	switch (f->kind) {
	case FRAMING_LINES:
	case FRAMING_NULL:
	case FRAMING_DELIMITER:
		end = length > 0 ? memchr(piece, f->delimiter, length) : NULL;
		return end != NULL ? (size_t)(end - piece) + 1 : 0;
	case FRAMING_FIXED:
		return f->size - phase <= length ? (size_t)(f->size - phase) : 0;
	case FRAMING_BYTES:
		break;
	case FRAMING_JOINED:
	case FRAMING_STRING:
	case FRAMING_FRAME:
		return ends_first(f->ends, piece, length);
	}
	return 0;
}

size_t
record_last(const struct framing *f, uint64_t phase, const char *piece, size_t length)
{
	const char *end;

	switch (f->kind) {
	case FRAMING_LINES:
	case FRAMING_NULL:
	case FRAMING_DELIMITER:
		end = length > 0 ? last_byte(piece, length, f->delimiter) : NULL;
		return end != NULL ? (size_t)(end - piece) + 1 : 0;
	case FRAMING_FIXED:
		return f->size - phase <= length
		    ? length - (size_t)((phase + length) % f->size) : 0;
	case FRAMING_BYTES:
		break;
	case FRAMING_JOINED:
	case FRAMING_STRING:
	case FRAMING_FRAME:
		return ends_last(f->ends, piece, length);
	}
	return 0;
}

#define SKIP_BLOCK 1024

/* Whole blocks are counted as long as the end that is looked for is not in them; then it is looked for
 * mask by mask, and at last end by end. */
static size_t
skip_delimiters(unsigned char byte, const char *piece, size_t length, uint64_t *count)
{
	size_t at = 0;
	size_t last = 0;
	const char *end;

	while (*count >= SKIP_BLOCK / 16 && length - at >= SKIP_BLOCK) {
		uint64_t block = count_byte(piece + at, SKIP_BLOCK, byte);
		if (block >= *count)
			break;
		*count -= block;
		at += SKIP_BLOCK;
	}
	if (at > 0 && (end = last_byte(piece, at, byte)) != NULL)
		last = (size_t)(end - piece) + 1;
#ifdef MASKS
	for (; *count > 0 && length - at >= MASK_BYTES; at += MASK_BYTES) {
		uint64_t mask = mask_of(piece + at, byte);

		for (; mask != 0 && *count > 0; mask &= mask - 1, --*count)
			last = at + (size_t)__builtin_ctzll(mask) + 1;
	}
	if (*count == 0)
		return last;
#endif
	while (*count > 0 && at < length && (end = memchr(piece + at, byte, length - at)) != NULL) {
		at = last = (size_t)(end - piece) + 1;
		--*count;
	}
	return last;
}

size_t
record_skip(const struct framing *f, uint64_t phase, const char *piece, size_t length, uint64_t *count)
{
	uint64_t there;

	switch (f->kind) {
	case FRAMING_LINES:
	case FRAMING_NULL:
	case FRAMING_DELIMITER:
		return skip_delimiters(f->delimiter, piece, length, count);
	case FRAMING_FIXED:
		there = (phase + length) / f->size;
		if (there > *count)
			there = *count;
		*count -= there;
		return there > 0 ? (size_t)(there * f->size - phase) : 0;
	case FRAMING_BYTES:
		break;
	case FRAMING_JOINED:
	case FRAMING_STRING:
	case FRAMING_FRAME:
		return ends_skip(f->ends, piece, length, count);
	}
	return 0;
}

#ifdef MASKS
/* Whether two ends of a mask are at most `most` bytes apart, most < 64: every bit is smeared upwards over
 * that many places, and meets another one or not. */
static bool
ends_within(uint64_t mask, size_t most)
{
	uint64_t smeared = mask << 1;
	size_t done = 1;

	for (; done * 2 <= most; done *= 2)
		smeared |= smeared << done;
	if (done < most)
		smeared |= smeared << (most - done);
	return most > 0 && (smeared & mask) != 0;
}

/* The beginning of a record before which no record is that short: in whole masks, a few steps each. */
static size_t
pass_long(unsigned char byte, const char *piece, size_t length, size_t most)
{
	size_t start = 0;

	if (most >= MASK_BYTES)
		return 0;
	for (size_t at = 0; length - at >= MASK_BYTES; at += MASK_BYTES) {
		uint64_t mask = mask_of(piece + at, byte);

		if (mask == 0)
			continue;
		if (at + (size_t)__builtin_ctzll(mask) + 1 - start <= most || ends_within(mask, most))
			break;
		start = at + MASK_BYTES - (size_t)__builtin_clzll(mask);
	}
	return start;
}
#else
static size_t
pass_long(unsigned char byte, const char *piece, size_t length, size_t most)
{
	(void)byte;
	(void)piece;
	(void)length;
	(void)most;
	return 0;
}
#endif

static size_t
short_delimited(unsigned char byte, const char *piece, size_t length, size_t most)
{
	size_t start = pass_long(byte, piece, length, most);
	const char *end;

	while (start < length && (end = memchr(piece + start, byte, length - start)) != NULL) {
		size_t next = (size_t)(end - piece) + 1;
		if (next - start <= most)
			return start;
		start = next;
	}
	return start;
}

size_t
record_short(const struct framing *f, const char *piece, size_t length, size_t most)
{
	switch (f->kind) {
	case FRAMING_LINES:
	case FRAMING_NULL:
	case FRAMING_DELIMITER:
		return short_delimited(f->delimiter, piece, length, most);
	case FRAMING_FIXED:
		return f->size <= most ? 0 : length - (size_t)(length % f->size);
	case FRAMING_BYTES:
		break;
	case FRAMING_JOINED:
	case FRAMING_STRING:
	case FRAMING_FRAME:
		return ends_short(f->ends, piece, length, most);
	}
	return length;
}

size_t
record_head(const struct framing *f, const char *record, size_t length)
{
	return f->kind == FRAMING_FRAME ? frame_payload(f->format, record, length) : 0;
}

size_t
record_body(const struct framing *f, const char *record, size_t length)
{
	size_t ends;
	const char *end;

	if (framing_delimited(f))
		return length - (length > 0 && (unsigned char)record[length - 1] == f->delimiter);
	if (f->kind == FRAMING_FRAME)
		return frame_body(f->format, record, length);
	end = framing_end(f, &ends);
	return length >= ends && memcmp(record + length - ends, end, ends) == 0 ? length - ends : length;
}

uint64_t
record_phase(const struct framing *f, uint64_t phase, const char *piece, size_t length)
{
	switch (f->kind) {
	case FRAMING_LINES:
	case FRAMING_NULL:
	case FRAMING_DELIMITER:
		return length == 0 ? phase : (unsigned char)piece[length - 1] != f->delimiter;
	case FRAMING_FIXED:
		return (phase + length) % f->size;
	case FRAMING_BYTES:
		break;
	case FRAMING_JOINED:
	case FRAMING_STRING:
	case FRAMING_FRAME:
		return length == 0 ? phase : ends_last(f->ends, piece + length - 1, 1) == 0;
	}
	return 0;
}
