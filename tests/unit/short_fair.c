/* SPDX-License-Identifier: BSD-2-Clause */
/* fair with a short table, in place of that of libweir.a. */
#include "config.h"

#include "short_fair.h"

#include "../../src/hold/fair.c"
#include "../../src/hold/stretches.c"
