/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * age: what has waited too long.
 *
 * Before anything is sent in a pass: records older than --max-age are dropped, and CoDel (codel.h,
 * RFC 8289) is asked about the oldest that is left, as long as the output has room for it; each yes
 * costs one record and an eighth of those that have waited for longer than its target.  Both go by
 * when a record arrived (sojourn.h), whose tolerance is on the safe side: a record is never taken
 * for younger than it is.  A record in transit does not wait; what waits behind it is too old for
 * --max-age as soon as it would be without it, since it cannot leave any sooner.  Nothing here can fail.
 */
#ifndef WEIR_AGE_H
#define WEIR_AGE_H

#include "hold/loss.h"
#include "hold/queue.h"
#include "hold/shed.h"
#include "pick/codel.h"

#include <stdbool.h>
#include <stdint.h>

struct age {
	uint64_t most_ns;   /* a record may wait so long; 0: for any time */
	bool controlled;    /* by */
	struct codel codel;
};

/* Whether the output would take something now, which costs a system call: only CoDel asks, and only when the oldest
 * record has waited for longer than its target. */
struct age_outlet {
	bool (*has_room)(const void *state);
	const void *state;
};

/* most_ns: a record may wait so long; 0: for any time.  The others are CoDel's (codel_init), which is asked where it is
 * controlled by that. */
void age_init(struct age *age, bool controlled, uint64_t most_ns, uint64_t target_ns, uint64_t interval_ns);

/* From now on these are the limits. Where they are others, CoDel begins anew: what it knows is about the old ones. */
void age_retune(struct age *age, uint64_t most_ns, uint64_t target_ns, uint64_t interval_ns);

/* Drops what has waited too long. */
void age_shed(struct age *age, struct shed *shed, struct queue *queue, struct loss *loss,
    const struct age_outlet *outlet);

/* Records have been sent since then, or not. */
void age_sent(struct age *age, const struct queue *queue, uint64_t now_ns);

/* When the oldest record that waits becomes too old; UINT64_MAX for never. */
uint64_t age_due_ns(const struct age *age, const struct queue *queue);

#endif
