/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * little: whole numbers as bytes, the least first, as they are on disk whatever processor has written them.
 *
 * Each takes or gives so many bytes at a cursor, which moves behind them; whether they are there is the caller's to know.
 */
#ifndef WEIR_LITTLE_H
#define WEIR_LITTLE_H

#include <stdint.h>
#include <string.h>

static inline void
little_put(unsigned char **at, uint64_t value, int bytes)
{
	for (; bytes > 0; bytes--, value >>= 8)
		*(*at)++ = (unsigned char)value;
}

static inline uint64_t
little_get(const unsigned char **at, int bytes)
{
	uint64_t value = 0;

	for (int i = 0; i < bytes; i++)
		value |= (uint64_t)*(*at)++ << 8 * i;
	return value;
}

static inline void
little_put_bytes(unsigned char **at, const void *bytes, int length)
{
	memcpy(*at, bytes, (size_t)length);
	*at += length;
}

static inline void
little_get_bytes(const unsigned char **at, void *bytes, int length)
{
	memcpy(bytes, *at, (size_t)length);
	*at += length;
}

#endif
