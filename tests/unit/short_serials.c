/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Serials with so much memory and no more, in place of those of libweir.a.
 */
#include "config.h"

#include "short_serials.h"

#include <stdlib.h>

unsigned serials_mallocs = UINT_MAX;

static void *
some_malloc(size_t size)
{
	if (serials_mallocs == 0)
		return NULL;
	serials_mallocs -= serials_mallocs != UINT_MAX;
	return malloc(size);
}

#define malloc some_malloc
#include "hold/serials.c"
