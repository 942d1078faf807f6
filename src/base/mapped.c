/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/mapped.h"

#include <sys/mman.h>

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif
#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

void *
mapped_new(size_t length)
{
	void *base = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return base != MAP_FAILED ? base : NULL;
}

void
mapped_free(void *base, size_t length)
{
	if (base != NULL)
		(void)munmap(base, length);
}

void
mapped_prefer_huge(void *base, size_t length)
{
#if defined(MADV_HUGEPAGE) && !defined(WEIR_PORTABLE)
	(void)madvise(base, length, MADV_HUGEPAGE); /* without it only slower */
#else
	(void)base;
	(void)length;
#endif
}
