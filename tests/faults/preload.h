/* SPDX-License-Identifier: BSD-2-Clause */
/* preload: the environment of a weir that is to have the shim between it and libc. */
#ifndef WEIR_TEST_PRELOAD_H
#define WEIR_TEST_PRELOAD_H

/* Sets LD_PRELOAD, before exec. */
void preload(const char *shim);

#endif
