/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handover: what is told of the reader, in lines for people below that of text.h.
 *
 *      weir: reader load, --confirm=exit: 24 batches, redelivered 1000 records 0.1 MB, 2 failures
 *
 * In an interval there is a line only where something is under way or wrong; at the end, and where a signal asks, also one
 * that says by what the reader's records are out.  What is nothing is left out, and what 100 columns do not show goes
 * into a line more.  Where nothing is asked of a reader but to read there is none.  Cannot fail.
 */
#ifndef WEIR_HANDOVER_H
#define WEIR_HANDOVER_H

#include "base/line.h"
#include "tell/snapshot.h"

/* Each line begins with a newline, and has none at its end. */
void handover_write(struct line *line, const struct snapshot *snapshot);

#endif
