/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sample: which records come in, by count.
 *
 * Of num records in den the k-th one kept, from 0, is input record floor(k * den / num): for 1 in N
 * the first of every N.  Exact for any stream length; no product is formed.  Cannot fail.
 */
#ifndef WEIR_SAMPLE_H
#define WEIR_SAMPLE_H

#include "units.h"

#include <stdint.h>

struct sample {
	struct share share;
	uint64_t rest; /* (k * den) mod num, of the record kept last */
};

void sample_init(struct sample *sample, const struct share *share);

/* After a record that was kept: how many to leave out before the next.  The first record is kept. */
uint64_t sample_gap(struct sample *sample);

#endif
