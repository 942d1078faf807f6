/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * steered: what the pump is told while it runs, by somebody who watches it: to hold, to go on, to drop what waits, to show
 * what passes.
 *
 * All of this is told between two passes, of a run that goes on; the next pass is due at once then.  Who says so, and how,
 * is steer/'s.
 */
#ifndef WEIR_STEERED_H
#define WEIR_STEERED_H

#include "flow/pump.h"

#include <stdbool.h>
#include <stdint.h>

/* Nothing leaves from now on, but for the rest of a record that was begun; what comes is held as ever, and the policy
 * rules where there is no room.  Or it leaves again. */
void pump_halt(struct pump *pump, bool on, uint64_t now_ns);
bool pump_is_halted(const struct pump *pump);

/* From now on nothing that is held waits any longer for more to come, or for nothing more to. */
void pump_hurry(struct pump *pump);

/* For how long nothing was to leave, until now: what still lasts included. */
uint64_t pump_halted_ns(const struct pump *pump, uint64_t now_ns);

/* Somebody looks at records as they come in, before any gate, or as they leave; and does no more.  The tap is not owned.  Whether
 * anybody looks. */
void pump_tap(struct pump *pump, struct tap *tap, bool out);
void pump_untap(struct pump *pump, const struct tap *tap, bool out);
bool pump_is_tapped(const struct pump *pump);

/* What waits is dropped, reason `purged`: whole records, not one that is being read or of which a part is out; of bytes that
 * are no records all.  Returns how much that was.  Not where there is a spool. */
struct tally pump_purge(struct pump *pump, uint64_t now_ns);

/* For pump.c: the oldest length bytes that are held there, be they the rest of a record, are dropped. */
void pump_drop_bytes(struct pump *pump, struct queue *queue, enum reason reason, size_t length);

/* The same, where nobody reads any more: all that would leave is dropped, reason `gone`. */
void pump_drop_unread(struct pump *pump, uint64_t now_ns);

/* For these two and the next: another pass is due. */
void pump_look_again(struct pump *pump);

#endif
