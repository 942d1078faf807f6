/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disk: a directory in memory that stands in for os/folder, and knows what of it would be there after a power cut.
 *
 *      what is written -> in the cache -> synced -> on the disk
 *
 * Of what was written and not synced each write may be there, or not, or only some sectors of it, in any combination; and
 * of names that were made or removed and not synced each may be.  A crash is drawn from all of that, by a seed; the disk as
 * it was stays as it is, so that others can be drawn.
 */
#ifndef WEIR_POWER_DISK_H
#define WEIR_POWER_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECTOR_LEAST 512
#define SECTOR_MOST 4096

/* Empty, and there is no power cut to come. */
void disk_init(void);

/* As it was is put aside, and what is there now is what a power cut at this moment leaves, drawn by a seed; back to
 * before. */
void disk_cut(uint64_t seed);
void disk_restore(void);

/* The same, drawn by nobody: of what is not on the disk those are there whose bit is set, the writes first, in their order,
 * then the names. */
void disk_cut_to(uint64_t kept);

/* How much is not on the disk: writes, and names. */
size_t disk_pending(void);

/* Calls that change something, so far; and at a call of this number `at` is called before anything is done (0: never). */
uint64_t disk_calls(void);
void disk_stop_at(uint64_t call, void (*at)(void));

/* From now on each sync fails, and what it was for is lost or not; or none does. */
void disk_fail_syncs(bool fail);
bool disk_fails_syncs(void);

/* From now on there is room for so many bytes more. */
void disk_set_room(uint64_t bytes);
uint64_t disk_room(void);

#endif
