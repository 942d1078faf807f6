/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/fit.h"
#include "hold/latest.h"
#include "hold/sweep.h"

#include <stdlib.h>
#include <string.h>

/* Which record of those that wait is the newest with each key: open addressing, at most half full.  By a hash
 * of 64 bits: among a million keys two are taken for one once in 37 million times. */
struct latest_seen {
	size_t slots; /* a power of two */
	size_t used;
	struct slot {
		uint64_t hash;
		uint64_t newest; /* counted from 1; 0: the slot is free */
	} slot[];
};

#define SLOTS_LEAST 1024

static struct slot *
find_slot(struct latest_seen *seen, uint64_t hash)
{
	size_t at = (size_t)hash & (seen->slots - 1);

	while (seen->slot[at].newest != 0 && seen->slot[at].hash != hash)
		at = (at + 1) & (seen->slots - 1);
	return &seen->slot[at];
}

static struct latest_seen *
new_seen(size_t slots)
{
	struct latest_seen *seen = calloc(1, sizeof(*seen) + slots * sizeof(seen->slot[0]));

	if (seen != NULL)
		seen->slots = slots;
	return seen;
}

/* A table of twice the size, or NULL; the old one stays. */
static struct latest_seen *
grown(struct latest_seen *old)
{
	struct latest_seen *seen = new_seen(2 * old->slots);

	for (size_t i = 0; seen != NULL && i < old->slots; i++)
		if (old->slot[i].newest != 0)
			*find_slot(seen, old->slot[i].hash) = old->slot[i];
	if (seen != NULL)
		seen->used = old->used;
	return seen;
}

struct keyed {
	struct latest *latest;
	const struct classes *classes;
	uint64_t number;  /* of the record, from 1 */
	bool failed;      /* no memory */
};

static uint64_t
hash_of(const struct latest *latest, const struct queue_record *record)
{
	return key_hash(key_of(latest->key, record->text, record->body), latest->salt);
}

static enum sweep_verdict
note_key(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct keyed *keyed = state;
	struct latest *latest = keyed->latest;
	uint64_t hash = hash_of(latest, record);
	struct slot *slot;

	(void)fate;
	if (2 * latest->seen->used >= latest->seen->slots) {
		struct latest_seen *larger = grown(latest->seen);
		if (larger == NULL) {
			keyed->failed = true;
			return SWEEP_STOP;
		}
		free(latest->seen);
		latest->seen = larger;
	}
	slot = find_slot(latest->seen, hash);
	latest->seen->used += slot->newest == 0;
	*slot = (struct slot){ hash, ++keyed->number };
	return SWEEP_KEEP;
}

static enum sweep_verdict
judge_key(void *state, const struct queue_record *record, struct sweep_fate *fate)
{
	struct keyed *keyed = state;
	struct latest *latest = keyed->latest;

	if (find_slot(latest->seen, hash_of(latest, record))->newest == ++keyed->number ||
	    classes_of(keyed->classes, record) > 0)
		return SWEEP_KEEP;
	*fate = (struct sweep_fate){ REASON_SUPERSEDED, 0 };
	return SWEEP_DROP;
}

/* False without memory. */
static bool
remember_keys(struct latest *latest)
{
	if (latest->seen == NULL)
		return (latest->seen = new_seen(SLOTS_LEAST)) != NULL;
	memset(latest->seen->slot, 0, latest->seen->slots * sizeof(latest->seen->slot[0]));
	latest->seen->used = 0;
	return true;
}

/* All of the least class that have a newer one with the same key behind them go. */
static void
supersede(struct latest *latest, const struct classes *classes, struct queue *queue, struct loss *loss)
{
	struct keyed keyed = { .latest = latest, .classes = classes };
	const struct sweep note = { note_key, &keyed, false };
	const struct sweep drop = { judge_key, &keyed, false };
	/* In front of this there is nothing of the least class, and what supersedes a record is behind it. */
	struct queue_mark from = classes_top(classes) > 0 ? queue->mark[0] : queue_oldest_mark(queue);

	if (!remember_keys(latest))
		return;
	(void)sweep_look(queue, from, queue_newest_mark(queue), &note);
	if (keyed.failed || latest->seen->used == keyed.number)
		return;
	keyed.number = 0;
	(void)sweep_drop(queue, loss, from, queue_newest_mark(queue), &drop);
}

void
latest_settle(struct latest *latest, struct classes *classes, struct queue *queue, struct loss *loss)
{
	if (!fit_all(queue))
		classes_drop_misfits(classes, queue, loss);
	if (!fit_all(queue)) {
		uint64_t bytes = queue_held(queue).bytes, records = queue_waiting(queue);
		struct excess excess = excess_of(queue, EXCESS_PART);

		supersede(latest, classes, queue, loss);
		excess_gone(&excess, records - queue_waiting(queue), bytes - queue_held(queue).bytes);
		classes_give_way(classes, queue, loss, REASON_OLDEST, classes_top(classes) + 1, false, &excess);
	}
	fit_admit(queue);
}

void
latest_relax(struct latest *latest)
{
	free(latest->seen);
	latest->seen = NULL;
}
