/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change: options that are to be others from now on, while the run that they were given to goes on.
 *
 * Done by doing again all that was done at the start, over what stands on the command line with some of it left out and
 * the new behind it: so that names, values, defaults, combinations and messages are those of the command line, whatever
 * they are.  Whether a run can go on with the options that come of it is not known here.
 */
#ifndef WEIR_CHANGE_H
#define WEIR_CHANGE_H

#include "cli/options.h"

#include <stdbool.h>
#include <stddef.h>

/* What has been changed so far: nothing.  The options are those that options_parse has made, with `control`, and outlive
 * it.  malloc'd; NULL with errno. */
struct change *change_new(const struct options *options);
void change_free(struct change *change);

/* Makes *next of what was given, what has been changed before, and these: each OPTION=VALUE, one that is given several
 * times as on the command line, and OPTION= for what it is where it is not given.  Whatever comes back, *next is to be
 * given to options_free.  False where they are not accepted: `why` (size bytes) says so as the command line would. */
bool change_try(struct change *change, char *const setting[], unsigned settings, struct options *next, char *why,
    size_t size);

/* Those that were tried last, and were accepted, are changed from now on. */
void change_accept(struct change *change);

#endif
