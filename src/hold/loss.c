/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/units.h"
#include "hold/loss.h"
#include "os/spill.h"

#include <stdio.h>

/* How old a gap becomes before it is marked though no record has come behind it. */
#define QUIET_NS NS_PER_S

void
loss_init(struct loss *loss, struct ledger *ledger, const struct keep *keep, const struct key_rule *key)
{
	*loss = (struct loss){ .ledger = ledger, .keep = keep, .key = key };
}

void
loss_observe(struct loss *loss, struct gaps *gaps, struct spill *spill, struct top *top)
{
	loss->gaps = gaps;
	loss->spill = spill;
	loss->top = top;
}

void
loss_mark_repeats_only(struct loss *loss)
{
	loss->repeats_only = true;
}

void
loss_number(struct loss *loss, struct serials *serials)
{
	loss->serials = serials;
}

void
loss_weigh(struct loss *loss, struct serials *held)
{
	loss->held = held;
}

void
loss_number_behind(struct loss *loss, uint64_t base)
{
	loss->base = base;
}

void
loss_pass(struct loss *loss, uint64_t now_ns)
{
	loss->now_ns = now_ns;
}

uint64_t
loss_now_ns(const struct loss *loss)
{
	return loss->now_ns;
}

struct ledger *
loss_ledger(const struct loss *loss)
{
	return loss->ledger;
}

void
loss_repeats(struct loss *loss, uint64_t since_ns, uint64_t until_ns)
{
	loss->since_ns = since_ns;
	loss->until_ns = until_ns;
}

static bool
is_marked(const struct loss *loss, enum reason reason)
{
	return loss->repeats_only ? reason == REASON_REPEATED : reason != REASON_SAMPLE;
}

/* What is not marked is none of a gap, but others may be there, or behind it. */
static struct lost
lost_for(const struct loss *loss, enum reason reason, uint64_t records, uint64_t bytes)
{
	const uint64_t now_ns = loss->now_ns;

	if (!is_marked(loss, reason))
		return (struct lost){ .reason = reason };
	if (reason == REASON_REPEATED)
		return (struct lost){ reason, records, bytes, now_ns, loss->since_ns, loss->until_ns };
	return (struct lost){ reason, records, bytes, now_ns, now_ns, now_ns + QUIET_NS };
}

/* Dropped there, and nothing that had a number. */
static void
mark(struct loss *loss, enum reason reason, uint64_t at, uint64_t records, uint64_t bytes)
{
	const struct lost lost = lost_for(loss, reason, records, bytes);

	if (lost.records > 0 || lost.bytes > 0)
		gaps_drop_at(loss->gaps, loss->base + at, 0, &lost);
}

void
loss_left_out(struct loss *loss, enum reason reason, uint64_t at, uint64_t records, uint64_t bytes)
{
	ledger_count(&loss->ledger->dropped[reason], records, bytes);
	if (loss->serials != NULL)
		serials_drop_at(loss->serials, at, 0, records);
	if (loss->gaps != NULL)
		mark(loss, reason, at, records, bytes);
}

void
loss_removed(struct loss *loss, enum reason reason, uint64_t at, uint64_t records, uint64_t bytes)
{
	const struct lost lost = lost_for(loss, reason, records, bytes);

	ledger_count(&loss->ledger->dropped[reason], records, bytes);
	if (loss->spill != NULL)
		spill_end(loss->spill, SPILL_QUEUE);
	if (loss->serials != NULL)
		serials_drop_at(loss->serials, at, records, records);
	serials_drop_at(loss->held, at, records, records);
	if (loss->gaps != NULL && records > 0)
		gaps_drop_at(loss->gaps, loss->base + at, records, &lost);
}

void
loss_evicted(struct loss *loss, enum reason reason, uint64_t first, uint64_t records, uint64_t bytes)
{
	const struct lost lost = lost_for(loss, reason, records, bytes);

	ledger_count(&loss->ledger->dropped[reason], records, bytes);
	if (loss->spill != NULL)
		spill_end(loss->spill, SPILL_QUEUE);
	if (loss->serials != NULL)
		serials_drop_oldest(loss->serials, first);
	serials_drop_oldest(loss->held, first);
	if (loss->gaps != NULL && records > 0)
		gaps_drop_oldest(loss->gaps, loss->base + first, &lost);
}

static void
lose(struct loss *loss, enum reason reason, uint64_t at, uint64_t records, uint64_t bytes, bool whole)
{
	ledger_count(&loss->ledger->dropped[reason], records, bytes);
	if (loss->spill != NULL && whole)
		spill_end(loss->spill, SPILL_QUEUE);
	if (loss->gaps != NULL && bytes > 0) /* a batch of marks alone has none: else its mark would be one, and so on */
		mark(loss, reason, at, records, bytes);
}

void
loss_returned(struct loss *loss, enum reason reason, uint64_t at, uint64_t records, uint64_t bytes)
{
	lose(loss, reason, at, records, bytes, true);
}

void
loss_unread(struct loss *loss, enum reason reason, uint64_t at, uint64_t records, uint64_t bytes, bool whole)
{
	lose(loss, reason, at, records, bytes, whole);
}

bool
loss_saves(const struct loss *loss)
{
	return loss->spill != NULL;
}

void
loss_save(struct loss *loss, enum reason reason, bool left_out, const char *piece, size_t length)
{
	const bool explained = reason == REASON_REJECTED && loss->why[0] != '\0';

	if (loss->spill != NULL)
		spill_add(loss->spill, left_out ? SPILL_INTAKE : SPILL_QUEUE, explained ? loss->why : reason_name(reason), piece, length);
}

void
loss_end_saved(struct loss *loss)
{
	if (loss->spill != NULL)
		spill_end(loss->spill, SPILL_QUEUE);
}

void
loss_missed(struct loss *loss, struct tally missed)
{
	if (loss->spill != NULL)
		spill_miss(loss->spill, missed);
}

void
loss_cause(struct loss *loss, const char *cause)
{
	if (loss->spill != NULL)
		(void)snprintf(loss->cause, sizeof(loss->cause), "%s", cause);
}

void
loss_rejects(struct loss *loss, uint64_t tries, uint64_t first, uint64_t last)
{
	int length;

	if (loss->spill == NULL || !spill_explains(loss->spill))
		return;
	length = snprintf(loss->why, sizeof(loss->why), "%s tries=%llu", reason_name(REASON_REJECTED),
	    (unsigned long long)tries);
	if (first != 0)
		length += snprintf(loss->why + length, sizeof(loss->why) - (size_t)length, " first=%llu last=%llu",
		    (unsigned long long)first, (unsigned long long)last);
	if (loss->cause[0] != '\0')
		(void)snprintf(loss->why + length, sizeof(loss->why) - (size_t)length, " %s", loss->cause);
}

void
loss_class(struct loss *loss, unsigned class, uint64_t records, uint64_t bytes)
{
	if (class != LOSS_ANY_CLASS)
		ledger_count(&loss->ledger->dropped_class[class], records, bytes);
}

bool
loss_looks(const struct loss *loss, unsigned class)
{
	return loss->top != NULL || (loss->keep != NULL && class == LOSS_ANY_CLASS);
}

void
loss_look(struct loss *loss, unsigned class, const char *text, size_t body, size_t length)
{
	if (class == LOSS_ANY_CLASS)
		loss_class(loss, keep_class(loss->keep, text, body), 1, length);
	if (loss->top != NULL) {
		struct key key = key_of(loss->key, text, body);
		top_count(loss->top, key.text, key.length, 1);
	}
}

void
loss_end(struct loss *loss)
{
	if (loss->spill != NULL)
		spill_end(loss->spill, SPILL_INTAKE);
}
