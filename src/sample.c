/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "sample.h"

void
sample_init(struct sample *sample, const struct share *share)
{
	*sample = (struct sample){ .share = *share };
}

uint64_t
sample_gap(struct sample *sample)
{
	const struct share *share = &sample->share;
	uint64_t step = share->den / share->num; /* at least 1: num <= den */

	sample->rest += share->den % share->num;
	if (sample->rest >= share->num) {
		sample->rest -= share->num;
		step++;
	}
	return step - 1;
}
