/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * patience: under policies that drop, for how long a full output is waited for before more is read.
 *
 * Whoever reads on while a reader is taking what there is, only finds more to drop, and burns the processor that the
 * reader needs.  So what a full output has taken earns it time: as much as a reader of a third of a gigabyte a second
 * would need for it, up to 2 ms.  A reader at full speed is waited for always; one of 10 MB/s for 3 parts in a hundred
 * of the time, in which the producer has the pipe to write to; one that has stopped for 2 ms, once.
 *
 * Does not know why the output is full, nor what is held; does not wait itself.
 */
#ifndef WEIR_PATIENCE_H
#define WEIR_PATIENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: nothing is waited for. */
struct patience {
	uint64_t until_ns; /* or 0 */
};

/* What is over by now is over. */
void patience_pass(struct patience *patience, uint64_t now_ns);

/* The output has taken so many bytes in this pass, and then was full while enough is held for it to go on with; or not. */
void patience_judge(struct patience *patience, uint64_t taken, bool full, uint64_t now_ns);

/* Whether it is waited for; and until when, or UINT64_MAX. */
bool patience_lasts(const struct patience *patience);
uint64_t patience_due_ns(const struct patience *patience);

#endif
