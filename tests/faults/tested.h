/* SPDX-License-Identifier: BSD-2-Clause */
/* tested: the weir that is tested: what it was built with, and the environment in which it is run. */
#ifndef WEIR_TEST_TESTED_H
#define WEIR_TEST_TESTED_H

#include <stdbool.h>

/* Sets LD_PRELOAD, before exec: the shim is between weir and libc. */
void preload(const char *shim);

/* Whether this weir takes patterns: it was built with PCRE2.  False also where it cannot be run. */
bool takes_patterns(const char *weir);

#endif
