/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handed: what the pump's reader was handed, as the reader's side has it: which one it is, what it confirms, rejects
 * and grants, and the batches that are made for it.
 *
 *      pump_pass -> outlet -> in flight -> (hand/: it is confirmed) -> pump_confirm... -> out
 *
 * All of this is told between two passes.  What a confirmation looks like, when a reader is started, and what a batch
 * is written to is hand/'s.
 */
#ifndef WEIR_HANDED_H
#define WEIR_HANDED_H

#include "flow/pump.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Another reader takes what leaves, by this port, which is the pump's from here on, and what is in flight first; or there
 * is none for now (NULL): what there was is closed. */
void pump_change_reader(struct pump *pump, const struct io_port *port);

/* Where what leaves is written to, while there is a reader; NULL else. */
struct io_port *pump_output_port(struct pump *pump);

/* Whether there is one. */
bool pump_has_reader(const struct pump *pump);

/* There is none any more, and none will come: what waits, and what comes, is dropped as long as there is input, reason
 * `gone`.  Whether it is so. */
void pump_discard(struct pump *pump);
bool pump_is_discarding(const struct pump *pump);

/* What is in flight, nothing once the books are closed; how many bytes this reader was given; the serial of the oldest
 * (0: none is in flight). */
struct tally pump_in_flight(const struct pump *pump);
uint64_t pump_wire(const struct pump *pump);
uint64_t pump_first_in_flight(const struct pump *pump);

/* Whether this reader was given anything that is not settled yet; of what it was given whole, the serial of the oldest; 0
 * for none. */
bool pump_is_given(const struct pump *pump);
uint64_t pump_first_given(const struct pump *pump);

/* Whether what is confirmed would make room that is wanted: half of what may be in flight is, or what is due is
 * refused. */
bool pump_flight_presses(const struct pump *pump);

/* The serial of what another reader would be handed first. */
uint64_t pump_next_serial(const struct pump *pump);

/* It is out: the oldest in flight; the one with this serial; all up to it; all that was read when so many of the bytes
 * that this reader was given were.  Returns whether there was anything (for the oldest, also a mark). */
bool pump_confirm_oldest(struct pump *pump);
bool pump_confirm(struct pump *pump, uint64_t serial);
bool pump_confirm_upto(struct pump *pump, uint64_t serial);
bool pump_confirm_wire(struct pump *pump, uint64_t wire);

/* What the reader has said of what is rejected next, for --dropped-reason (hold/loss.h). */
void pump_blame(struct pump *pump, const char *cause);

/* It is dropped: the reader would not have it. */
bool pump_reject_oldest(struct pump *pump, uint64_t now_ns);
bool pump_reject(struct pump *pump, uint64_t serial, uint64_t now_ns);

/* So many more may leave; none of those that were granted may. */
void pump_grant(struct pump *pump, uint64_t records);
void pump_revoke(struct pump *pump);

/* Whether nothing leaves for want of these. */
bool pump_lacks_credits(const struct pump *pump);

/* Whether something is due, and the reader takes it not: its pipe is full, or as much is in flight as may be. */
bool pump_is_refused(const struct pump *pump);

/* A batch is wanted, as something waits and none is being made (one may be open before: then what comes at once, and
 * has no room, does not give way to nothing); it is written to this port, which stays its owner's.  What leaves is for
 * it, as soon as one is due: that is decided in the pass. */
bool pump_wants_batch(const struct pump *pump);
void pump_open_batch(struct pump *pump, const struct io_port *port);

/* Whether it is to go now; it does: how much it is, and which. */
bool pump_has_batch(const struct pump *pump, uint64_t now_ns);
struct flight_load pump_take_batch(struct pump *pump);

/* There is no time to wait for more. */
void pump_hurry_batches(struct pump *pump);

/* A batch, or part of one, is handed over again. */
void pump_repeat_batch(struct pump *pump, struct tally sum);

/* What it was, or a part of it, is out (which: as its load has it); or dropped, and before that it is said how often it was handed over, and its bytes are given in
 * pieces. */
void pump_confirm_batch(struct pump *pump, uint64_t number, struct tally sum);
void pump_describe_batch(struct pump *pump, const struct flight_load *load, uint64_t tries);
void pump_save_batch(struct pump *pump, const char *piece, size_t length);

/* Of a record in a batch that is listed: the first bytes of it that are not as it came; returns how many. */
size_t pump_head_as_it_came(const struct pump *pump, const struct flight_record *record, char head[FRAME_HEAD_MOST]);

/* Of one that is listed: what was given just now is a whole record. */
void pump_end_saved(struct pump *pump);

/* Whether its records are to be seen whole before they are rejected, and one of them. */
bool pump_looks_at_batch(const struct pump *pump);
void pump_look_at(struct pump *pump, const char *record, size_t length);
void pump_reject_batch(struct pump *pump, uint64_t number, struct tally sum, uint64_t now_ns);

#endif
