/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json: a snapshot as a line of JSON (RFC 8259), for programs.
 *
 * Every key is always there, in the same order, with null where a figure is not known; numbers are plain integers.
 * In the user's own, patterns and keys, unprintable bytes are escaped as by strvis(3), so that all of it is
 * printable.  Writes no newline.  Cannot fail.
 */
#ifndef WEIR_JSON_H
#define WEIR_JSON_H

#include "base/line.h"
#include "tell/snapshot.h"

/* {"error":"TEXT"}, TEXT being printable; cut where there is no room for all of it. */
void json_error(struct line *line, const char *text);

void json_write(struct line *line, const struct snapshot *snapshot);

#endif
