/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chain with short segments, in place of that of libweir.a: so that little work meets many of their ends.
 */
#include "config.h"

#include <sys/mman.h>
#undef MADV_DONTNEED /* gives back pages, and several segments are in one */

#ifndef CHAIN_SEGMENT
#define CHAIN_SEGMENT 512
#endif
#include "base/slots.c"

#include "base/chain.c"
