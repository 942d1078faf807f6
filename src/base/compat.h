/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compat: the functions of libbsd that weir uses, where neither libc nor libbsd has them (musl).
 *
 * Each stands alone behind its own configure check.  The contracts are those of strtonum(3),
 * vis(3) and arc4random(3), as far as weir needs them: only the flags that it passes are known here.
 */
#ifndef WEIR_COMPAT_H
#define WEIR_COMPAT_H

#include "config.h"

#ifdef HAVE_STRTONUM
#include <stdlib.h>
#else
long long strtonum(const char *text, long long least, long long most, const char **error);
#endif

#ifdef HAVE_STRVIS
/* libbsd wants to know whose strnvis is meant, which weir does not use. */
#define LIBBSD_OPENBSD_VIS 1
#include <vis.h>
#else
#define VIS_OCTAL 0x01
#define VIS_TAB 0x08
#define VIS_NL 0x10
#define VIS_NOSLASH 0x40
/* dst has room for 4 * strlen(src) + 1 bytes; returns the length of what it holds then. */
int strvis(char *dst, const char *src, int flags);
#endif

#ifdef HAVE_ARC4RANDOM_BUF
#include <stdlib.h>
#else
#include <stddef.h>
/* For a seed, not for a secret: where the system gives none it is the time.  size is at most 256. */
void arc4random_buf(void *to, size_t size);
#endif

#endif
