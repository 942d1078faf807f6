/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Slices as short as the compiler was told (EXCESS_SLICE and its like), in place of those of libweir.a: so that little
 * work meets many of their ends.
 */
#include "config.h"

#include "hold/excess.c"
