/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Serials with so much memory and no more: see short_serials.c.
 */
#ifndef WEIR_TEST_SHORT_SERIALS_H
#define WEIR_TEST_SHORT_SERIALS_H

#include <limits.h>

/* So many places find memory; UINT_MAX: any number. */
extern unsigned serials_mallocs;

#endif
