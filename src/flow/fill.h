/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fill: of a pump: what there is to read is read, and framed where that is not told by a byte or a count.
 *
 * What becomes of it is the intake's; when it is time to read is the pump's.
 */
#ifndef WEIR_FILL_H
#define WEIR_FILL_H

#include "flow/pump.h"

#include <stdint.h>

/* One read, as much as there is room for. */
void fill(struct pump *pump);

/* Of lines that are joined: when nothing has come for so long that the record has ended (UINT64_MAX: there is none, or what comes
 * next is here already); it ends if that is so by now; it ends in any case, as nothing more will be read. */
uint64_t fill_due_ns(const struct pump *pump);
void fill_linger(struct pump *pump, uint64_t now_ns);
void fill_stop(struct pump *pump);

/* Bytes that have been read, and are of nothing that could be told. */
uint64_t fill_kept(const struct pump *pump);

#endif
