/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counting delimiters is the one thing done to every byte, so it is done wide: vectors of 32 bytes
 * compared at once, the matches summed as bytes for up to 255 vectors before they are added up.  The
 * vector extension of gcc and clang makes SSE2 or NEON of it at the baseline, and AVX2 where
 * target_clones can choose at run time.
 */
#include "config.h"

#include "record.h"

#include <string.h>

static const char *const names[] = {
	[FRAMING_LINES] = "lines",
	[FRAMING_NULL] = "null",
	[FRAMING_DELIMITER] = "delimiter",
	[FRAMING_FIXED] = "fixed",
	[FRAMING_BYTES] = "bytes",
};

const char *
framing_name(enum framing_kind kind)
{
	return names[kind];
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
	}
	return 0;
}

#define SKIP_BLOCK 256

/* Whole blocks are counted, and only the block that holds the last end is looked at byte by byte. */
static size_t
skip_delimiters(unsigned char byte, const char *piece, size_t length, uint64_t *count)
{
	size_t at = 0;
	const char *end;

	while (*count >= SKIP_BLOCK / 16 && length - at > SKIP_BLOCK) {
		uint64_t block = count_byte(piece + at, SKIP_BLOCK, byte);
		if (block >= *count)
			break;
		*count -= block;
		at += SKIP_BLOCK;
	}
	while (*count > 0 && at < length && (end = memchr(piece + at, byte, length - at)) != NULL) {
		at = (size_t)(end - piece) + 1;
		--*count;
	}
	end = at > 0 ? last_byte(piece, at, byte) : NULL;
	return end != NULL ? (size_t)(end - piece) + 1 : 0;
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
	}
	return 0;
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
	}
	return 0;
}
