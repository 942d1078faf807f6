/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/units.h"
#include "flow/pump.h"
#include "flow/spooled.h"
#include "hold/fit.h"

#include <stdlib.h>

/* At the end what has given way has so long to be read back. */
#define SAVE_NS NS_PER_S

bool
spooling_is_on(const struct pump *pump)
{
	return pump->spooling.spool != NULL;
}

void
spooling_renumber(struct pump *pump)
{
	struct spooling *spooling = &pump->spooling;

	loss_number_behind(&spooling->arriving,
	    queue_next(&pump->queue) + spool_ahead(spooling->spool).records - queue_first(&spooling->arrivals));
}

bool
spooling_is_bytes(const struct pump *pump)
{
	return pump->plan.framing.kind == FRAMING_BYTES;
}

/* --- beginning ------------------------------------------------------------------------------------- */

int
spooling_init(struct pump *pump)
{
	struct spooling *spooling = &pump->spooling;
	const struct plan *plan = &pump->plan;
	const struct queue_limits limits = plan_arriving(&plan->limits);
	struct spool_figures figures;

	if (!spooling_is_on(pump))
		return 0;
	figures = spool_figures(spooling->spool);
	pump->ledger.recovered = figures.recovered;
	serials_init(&spooling->coming);
	serials_begin(&spooling->coming, spool_serial(spooling->spool));
	if (plan->weight != NULL) {
		weights_init(&spooling->weights);
		intake_weigh(&pump->intake, &spooling->weights);
	}
	if (queue_init_beside(&spooling->arrivals, &limits, &pump->queue) < 0)
		return -1;
	if (framing_noted(&plan->framing) && (spooling->lengths = malloc(BLOCK_LENGTHS_MOST * BLOCK_LENGTH)) == NULL)
		return -1;
	spooling->fed = 1;
	spooling->expires_ns = UINT64_MAX;
	spooling->whole = io_tears_nothing(&pump->outlet.port);
	if (!plan->flying)
		queue_ask_part_out(&pump->queue);
	spool_spare_next(spooling->spool, pump->intake.headers);
	return 0;
}

/* They come first, and none of them is dropped. */
uint64_t
spooling_headers(const struct pump *pump)
{
	const uint64_t left = queue_first(&pump->spooling.arrivals);

	return left < pump->intake.headers ? pump->intake.headers - left : 0;
}

/* Of what has come, and is on no disk, serials and weights are told what is dropped. */
static void
number_arriving(struct pump *pump)
{
	struct spooling *spooling = &pump->spooling;

	loss_number(&spooling->arriving, &spooling->coming);
	loss_weigh(&spooling->arriving, pump->plan.weight != NULL ? weights_held(&spooling->weights) : NULL);
}

void
spooling_lose_on_disk(struct pump *pump, enum reason reason, uint64_t ahead, struct tally lost)
{
	struct spooling *spooling = &pump->spooling;

	if (lost.bytes == 0)
		return;
	loss_number(&spooling->arriving, NULL);
	loss_weigh(&spooling->arriving, NULL);
	loss_number_behind(&spooling->arriving, 0);
	loss_removed(&spooling->arriving, reason, queue_next(&pump->queue) + ahead, lost.records, lost.bytes);
	number_arriving(pump);
	spooling_renumber(pump);
}

void
spooling_observe(struct pump *pump)
{
	struct spooling *spooling = &pump->spooling;
	const struct tally corrupt = spooling_is_on(pump) ? spool_figures(spooling->spool).corrupt : (struct tally){ 0, 0 };

	if (!spooling_is_on(pump))
		return;
	spooling->arriving = pump->loss;
	spooling_renumber(pump);
	spooling_lose_on_disk(pump, REASON_CORRUPT, 0, corrupt);
	number_arriving(pump);
}

void
spooling_free(struct pump *pump)
{
	struct spooling *spooling = &pump->spooling;

	if (!spooling_is_on(pump))
		return;
	queue_free(&spooling->arrivals);
	serials_free(&spooling->coming);
	if (pump->plan.weight != NULL)
		weights_free(&spooling->weights);
	free(spooling->piece);
	free(spooling->lengths);
}

struct queue *
spooling_arrivals(struct pump *pump)
{
	return spooling_is_on(pump) ? &pump->spooling.arrivals : &pump->queue;
}

struct loss *
spooling_loss(struct pump *pump)
{
	return spooling_is_on(pump) ? &pump->spooling.arriving : &pump->loss;
}

static void
settle(struct pump *pump)
{
	spool_settle(pump->spooling.spool, pump_pending(pump), pump->plan.flying ? 0 : queue_part_out(&pump->queue));
}

/* --- what is too old ------------------------------------------------------------------------------- */

/* What of it is in memory; what is behind that on disk comes next. */
static void
expire(struct pump *pump, uint64_t now_ns)
{
	struct spooling *spooling = &pump->spooling;
	const uint64_t most_ns = pump->tuning.max_age_ns, flying = spooling_flying(pump);
	uint64_t old, later_ns;

	spooling->expires_ns = UINT64_MAX;
	if (most_ns == 0)
		return;
	old = spool_older(spooling->spool, most_ns, &later_ns);
	if (old > spool_before_spared(spooling->spool))
		old = spool_before_spared(spooling->spool); /* the head is to stay, and what is behind it has its turn then */
	if (old > flying) {
		fit_drop_oldest(&pump->queue, &pump->loss, REASON_EXPIRED, old - flying);
		if (!spool_is_level(spooling->spool))
			later_ns = 0;
	}
	if (later_ns < UINT64_MAX - now_ns)
		spooling->expires_ns = now_ns + later_ns;
}

uint64_t
spooling_due_ns(const struct pump *pump)
{
	return pump->spooling.expires_ns;
}

/* --- what has given way, for who saves it ---------------------------------------------------------- */

/* Where lengths tell it each ends where that says; else the only one at its end, or where their bytes tell. */
static void
save_records(struct pump *pump, const char *text, const unsigned char *lengths, struct tally sum)
{
	for (uint64_t i = 0; lengths != NULL && i < sum.records; i++) {
		const size_t length = block_length_at(lengths, i);

		loss_save(&pump->loss, REASON_OLDEST, false, text, length);
		loss_end_saved(&pump->loss);
		text += length;
	}
	if (lengths != NULL)
		return;
	loss_save(&pump->loss, REASON_OLDEST, false, text, (size_t)sum.bytes);
	if (framing_noted(&pump->plan.framing))
		loss_end_saved(&pump->loss);
}

static void
save_evicted(struct pump *pump)
{
	const unsigned char *lengths;
	struct tally sum;
	const char *text;

	while (spool_evicted_next(pump->spooling.spool, &text, &lengths, &sum)) {
		if (text == NULL)
			loss_missed(&pump->loss, sum);
		else if (loss_saves(&pump->loss))
			save_records(pump, text, lengths, sum);
	}
}

void
spooling_end(struct pump *pump, uint64_t now_ns)
{
	if (!spooling_is_on(pump))
		return;
	spooling_put_rest(pump, now_ns);
	spooling_step(pump, now_ns); /* what has left in a pass that was the last */
	do
		save_evicted(pump);
	while (spool_await_evicted(pump->spooling.spool, now_ns + SAVE_NS));
	loss_missed(&pump->loss, spool_evicted_left(pump->spooling.spool)); /* a disk may hang */
}

/* --- the pass -------------------------------------------------------------------------------------- */

void
spooling_pass(struct pump *pump, uint64_t now_ns)
{
	if (!spooling_is_on(pump))
		return;
	loss_pass(&pump->spooling.arriving, now_ns);
	settle(pump); /* what was confirmed since the last pass makes place for more in flight: it is on disk before that leaves */
	spool_look(pump->spooling.spool, now_ns);
	save_evicted(pump);
	spooling_let_pass(pump, now_ns);
	spooling_put_all(pump, now_ns);
	spooling_load_all(pump);
	expire(pump, now_ns);
	spooling_renumber(pump);
}

void
spooling_step(struct pump *pump, uint64_t now_ns)
{
	if (!spooling_is_on(pump))
		return;
	settle(pump);
	spool_note_dropped(pump->spooling.spool, pump->ledger.dropped);
	spool_step(pump->spooling.spool, now_ns);
}

/* A part of a record may be left, whose rest has not come. */
bool
pump_is_spooled(const struct pump *pump)
{
	const struct queue *arrivals = &pump->spooling.arrivals;

	return spooling_is_on(pump) && !(spooling_is_bytes(pump) ? queue_held(arrivals).bytes > 0 : queue_is_ready(arrivals));
}

bool
pump_spool(const struct pump *pump, struct spool_figures *figures)
{
	if (spooling_is_on(pump))
		*figures = spool_figures(pump->spooling.spool);
	return spooling_is_on(pump);
}

struct tally
spooling_held(const struct pump *pump)
{
	struct tally held = { 0, 0 };

	if (spooling_is_on(pump)) {
		const struct tally ahead = spool_ahead(pump->spooling.spool);

		held = queue_held(&pump->spooling.arrivals);
		ledger_count(&held, ahead.records, ahead.bytes);
	}
	return held;
}

struct tally
spooling_kept(const struct pump *pump, struct tally held)
{
	const struct tally apart = spooling_is_on(pump) ? queue_held(&pump->spooling.arrivals) : held;

	return (struct tally){ held.records - apart.records, held.bytes - apart.bytes };
}

struct tally
spooling_depth(const struct pump *pump)
{
	const struct spool_figures figures = spool_figures(pump->spooling.spool);

	return (struct tally){ pump_held(pump).records, pump->spooling.full ? pump->options->spool_bytes : figures.bytes };
}

bool
spooling_is_ready(const struct pump *pump)
{
	if (!spooling_is_on(pump) || spool_is_level(pump->spooling.spool) || spool_is_reading(pump->spooling.spool))
		return false;
	return spooling_has_room(pump, pump->spooling.has_next ? pump->spooling.next.length : 1);
}

bool
spooling_wants(const struct pump *pump)
{
	if (!spooling_is_on(pump))
		return true;
	return !pump->spooling.stuck && spool_takes(pump->spooling.spool);
}

bool
spooling_is_empty(const struct pump *pump)
{
	return !spooling_is_on(pump) ||
	    (spool_is_level(pump->spooling.spool) && pump_is_spooled(pump) && spool_lets(pump->spooling.spool));
}

bool
spooling_lets(const struct pump *pump)
{
	return !spooling_is_on(pump) || spool_lets(pump->spooling.spool);
}
