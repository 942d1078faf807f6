/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A framer that judges a line by as little of it as the compiler was told (FRAMER_KEPT), in place of that of libweir.a: so that
 * a short stream has many lines that are longer.
 */
#include "config.h"

#include "flow/framer.c"
