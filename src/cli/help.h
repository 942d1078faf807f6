/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * help: what --help, -h and --version print on standard output, from the tables of draft.h.
 *
 * No line is longer than a terminal of 80 columns is wide.  Each answers false when it could not be
 * written, and errno says why.
 */
#ifndef WEIR_HELP_H
#define WEIR_HELP_H

#include <stdbool.h>

/* Each option, by groups, the policies, the forms of values, and examples. */
bool help_print(void);

/* What is used most, on one screen. */
bool help_brief(void);

/* The version, and what of the system and of libraries this weir was built with. */
bool help_version(void);

#endif
