/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watched: what a weir that drops has said about it, in marks, in its reports and in the file of what it
 * dropped, held against what the sink saw.  The sink itself holds each mark against the gap it stands in.
 */
#ifndef CHAOS_WATCHED_H
#define CHAOS_WATCHED_H

#include "rig.h"

/* Adds what is wrong to a rig that is finished, and was watched.  Each record in the file is whole, was not seen by
 * the sink, and is there once; with what is unsaved they are what was dropped.  delivered: weir came to its
 * end with all marks read.  whole: the source did, too; then nothing at all is missing. */
void watched_examine(struct rig *rig, bool delivered, bool whole);

#endif
