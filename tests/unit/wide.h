/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wide: integers of 128 bits, for an oracle that never overflows.  Processors of 32 bits have none: a
 * test that cannot do without asks WIDE_ENOUGH, and skips.
 */
#ifndef WEIR_WIDE_H
#define WEIR_WIDE_H

#include <stdint.h>

#ifdef __SIZEOF_INT128__
__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 unsigned_wide;
#else
typedef int64_t wide;
typedef uint64_t unsigned_wide;
#endif

#define WIDE_ENOUGH (sizeof(wide) > sizeof(uint64_t))

#endif
