/* SPDX-License-Identifier: BSD-2-Clause */
/* harm: what can befall the files of a directory: by a seed, with no regard to what is in them. */
#ifndef WEIR_DAMAGE_HARM_H
#define WEIR_DAMAGE_HARM_H

#include "../unit/random.h"

#include <stdbool.h>

#define HARM_PATH 512

/* One of many; older is a directory with what files once were.  What was done, as text; NULL: there was nothing to do it to. */
const char *harm_some(struct random *chance, const char *folder, const char *older);

void harm_copy(const char *from, const char *to);

#endif
