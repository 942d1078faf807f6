/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * numbers: what --number and --weight put in front of each record that leaves, in this order; called its number here.
 *
 * In frames it is inside the payload, and the header is another one (hold/inside.h).  What does not fit is an error.
 *
 * Whole records leave with theirs in writes that are made up for that; one that is too long for it, or that a write has
 * cut in its number, is begun with the first byte of that: it does not wait any more, though no byte of its own may be
 * out.  A record that is handed over again has the number that it had.
 *
 * Numbers are no part of the law: their bytes are counted apart, and charged by a rate in bytes.
 */
#ifndef WEIR_NUMBERS_H
#define WEIR_NUMBERS_H

#include "flow/outlet.h"

/* From the beginning on, each or both; templates (number_check, number_check_weight), serials and weights stay their owner's.
 * 0, or -1 with errno. */
int numbers_init(struct numbers *numbers, const char *template, struct serials *serials);
int numbers_weigh(struct numbers *numbers, const char *template, struct weights *weights, struct serials *serials);
void numbers_free(struct numbers *numbers);

/* Whether there is anything in front of records. */
bool numbers_are_on(const struct numbers *numbers);

/* So many records were begun that numbers_begin has not. */
void numbers_leave(struct outlet *outlet, uint64_t records);

/* Whether the number of a record that was begun is out only in part, or not at all: it goes before anything else. */
bool numbers_begun(const struct numbers *numbers);

/* Sends the rest of it; EMPTY when that is done. */
enum outlet_state numbers_send(struct outlet *outlet, struct ledger *ledger);

/* Whole records, length bytes of them at most, that nothing holds, each with its number; done bytes of theirs left. */
enum io_result numbers_write(struct outlet *outlet, struct queue *queue, struct ledger *ledger, size_t length,
    uint64_t now_ns, size_t *done);

/* The next record is begun: one too long to go with its number in one write, or to wait for its end.  False, with errno:
 * there is no length that says as much (numbers_misfit). */
bool numbers_begin(struct outlet *outlet, struct queue *queue, uint64_t now_ns);

/* Of a frame that is part-sent: whether not all of its header is out, which is not as it came; then the rest of it, of which these
 * are the first bytes, as it came. */
bool numbers_has_head(const struct numbers *numbers);
enum io_result numbers_write_rest(struct outlet *outlet, const struct iovec *piece, int pieces, size_t length, size_t *done);

/* What was too long for its frame; NULL: nothing. */
const struct inside_misfit *numbers_misfit(const struct numbers *numbers);

/* Sends the number of the record that is handed over again, if it is to go next; EMPTY when that is done. */
enum outlet_state numbers_send_again(struct outlet *outlet, const struct framing *framing, struct ledger *ledger);

/* Bytes of that, as they came (length of them, none empty); done are out.  So many records went again; or another reader begins, who has been given nothing of what is in flight (NULL: of what
 * was begun). */
enum io_result numbers_write_again(struct outlet *outlet, const struct iovec *piece, int pieces, size_t length, size_t *done);
void numbers_went_again(struct numbers *numbers, uint64_t records);
void numbers_restart(struct numbers *numbers, const struct flight *flight);

#endif
