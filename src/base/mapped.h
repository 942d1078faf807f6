/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mapped: memory in a mapping of its own, which is not there before it is touched: so there may be room for much more
 * than is ever used.
 */
#ifndef WEIR_MAPPED_H
#define WEIR_MAPPED_H

#include <stddef.h>

/* length bytes (at least 1), all zero, from a page on; NULL with errno where there is no address space. */
void *mapped_new(size_t length);

/* NULL is nothing.  Whole pages of it may be given back, too. */
void mapped_free(void *base, size_t length);

/* A hint: on pages as large as can be, which cost less to touch and to find. */
void mapped_prefer_huge(void *base, size_t length);

#endif
