/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/units.h"
#include "flow/handed.h"
#include "flow/steered.h"
#include "os/pipes.h"
#include "tell/snapshot.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void
snapshot_begin(struct baseline *baseline, uint64_t now_ns)
{
	*baseline = (struct baseline){ .start_ns = now_ns, .then_ns = now_ns };
}

uint64_t
snapshot_outside(const struct ledger *ledger)
{
	return ledger_dropped(ledger).records - ledger->dropped[REASON_SAMPLE].records - ledger->dropped[REASON_SHED].records;
}

uint64_t
snapshot_per_second(uint64_t amount, uint64_t ns)
{
	return ns > 0 ? (uint64_t)((double)amount * (double)NS_PER_S / (double)ns) : 0;
}

const char *
snapshot_mostly(const struct interval *interval, uint64_t *ns)
{
	uint64_t waited = 0;
	int most = WAIT_INPUT;

	for (int i = 0; i < WAITS; i++) {
		waited += interval->waited_ns[i];
		if (interval->waited_ns[i] > interval->waited_ns[most])
			most = i;
	}
	*ns = interval->waited_ns[most];
	if (interval->ns > waited && interval->ns - waited > *ns) {
		*ns = interval->ns - waited;
		return "busy";
	}
	return awaited_name((enum awaited)most);
}

bool
snapshot_lost(const struct snapshot *s)
{
	if (s->event != REPORT_FINAL)
		return s->interval.lost;
	return ledger_lost(&s->ledger) || s->unsaved.bytes > 0 || (s->reader_gone && s->unread_bytes > 0);
}

bool
snapshot_failed(const struct snapshot *s)
{
	bool stopped = strncmp(s->exit_reason, "signal ", strlen("signal ")) == 0;

	return (s->exit_status != 0 && !stopped) || s->ledger.undelivered.bytes > 0;
}

static struct tally
since(const struct tally *now, const struct tally *then)
{
	return (struct tally){ now->records - then->records, now->bytes - then->bytes };
}

static void
take_interval(struct interval *interval, const struct ledger *now, const struct ledger *then)
{
	const struct tally dropped = ledger_dropped(now), before = ledger_dropped(then);
	const struct tally chosen = ledger_left_out(now), chosen_before = ledger_left_out(then);

	interval->in = since(&now->in, &then->in);
	interval->out = since(&now->out, &then->out);
	interval->dropped = since(&dropped, &before);
	interval->lost = interval->dropped.bytes > since(&chosen, &chosen_before).bytes;
	interval->paused_ns = now->paused_ns - then->paused_ns;
	interval->pressure_ns = now->pressure_ns - then->pressure_ns;
	for (int i = 0; i < WAITS; i++)
		interval->waited_ns[i] = now->waited_ns[i] - then->waited_ns[i];
}

/* How long the distance takes at `more` less `less` in ns. */
static uint64_t
time_for(uint64_t distance, uint64_t more, uint64_t less, uint64_t ns)
{
	double time_ns;

	if (more <= less)
		return SNAPSHOT_NEVER;
	time_ns = (double)distance / (double)(more - less) * (double)ns;
	return time_ns < (double)UNITS_TIME_MAX_NS ? (uint64_t)time_ns : SNAPSHOT_NEVER;
}

/* The fill is the greater of bytes and records; empty it is by both. */
static void
foresee(struct snapshot *s)
{
	const struct interval *i = &s->interval;
	const struct options *options = s->options;
	struct tally gone = i->out;
	uint64_t by_records;

	s->until_full_ns = s->until_empty_ns = SNAPSHOT_NEVER;
	if (s->event == REPORT_FINAL)
		return;
	ledger_count(&gone, i->dropped.records, i->dropped.bytes);
	s->until_full_ns = time_for(snapshot_capacity(s) - s->depth.bytes, i->in.bytes, gone.bytes, i->ns);
	s->until_empty_ns = time_for(s->depth.bytes, gone.bytes, i->in.bytes, i->ns);
	if (options->max_records == UINT64_MAX || s->depth.records > options->max_records)
		return;
	by_records = time_for(options->max_records - s->depth.records, i->in.records, gone.records, i->ns);
	if (s->until_full_ns > by_records)
		s->until_full_ns = by_records;
}

static void
take_spool(struct snapshot *s, const struct pump *pump, uint64_t now_ns)
{
	const struct spool_figures *spool = &s->spool;

	s->synced_ns = SNAPSHOT_NEVER;
	s->has_spool = pump_spool(pump, &s->spool);
	if (!s->has_spool)
		return;
	if (spool->oldest_ns != 0 && s->wall_ns > spool->oldest_ns)
		s->oldest_ns = s->wall_ns - spool->oldest_ns;
	if (spool->synced_ns != 0)
		s->synced_ns = now_ns > spool->synced_ns ? now_ns - spool->synced_ns : 0;
}

/* When the books are closed nothing waits any more. */
static uint64_t
oldest_waits_ns(const struct snapshot *s, const struct sojourn *sojourn, uint64_t now_ns)
{
	const uint64_t arrived_ns = sojourn_oldest_ns(sojourn);

	return s->depth.records == 0 || arrived_ns == UINT64_MAX || s->event == REPORT_FINAL ? SNAPSHOT_NEVER
	    : now_ns > arrived_ns ? now_ns - arrived_ns : 0;
}

void
snapshot_take(struct snapshot *snapshot, enum report_event event, const struct pump *pump,
    const struct baseline *baseline, uint64_t now_ns)
{
	const struct options *options = pump_options(pump);
	const struct sojourn *sojourn = pump_sojourn(pump);
	struct timespec wall;

	(void)clock_gettime(CLOCK_REALTIME, &wall); /* cannot fail */
	*snapshot = (struct snapshot){
		.event = event,
		.options = options,
		.tuning = *pump_tuning(pump),
		.ledger = *pump_ledger(pump),
		.held = pump_held(pump),
		.in_flight = pump_in_flight(pump),
		.depth = pump_depth(pump),
		.elapsed_ns = now_ns - baseline->start_ns,
		.pid = (long)getpid(),
		.wall_ns = (uint64_t)wall.tv_sec * NS_PER_S + (uint64_t)wall.tv_nsec,
		.latency = sojourn_total(sojourn),
		.interval = { .ns = now_ns - baseline->then_ns, .latency = sojourn_interval(sojourn) },
	};
	snapshot->waits_ns = oldest_waits_ns(snapshot, sojourn, now_ns);
	snapshot->ledger.paused_ns = pump_paused_ns(pump, now_ns);
	snapshot->ledger.pressure_ns = pump_pressure_ns(pump, now_ns);
	snapshot->ledger.halted_ns = pump_halted_ns(pump, now_ns);
	snapshot->halted = pump_is_halted(pump);
	for (unsigned class = keep_count(options->keep); class > 0; class--)
		snapshot->keep_looks[class] = keep_looks(options->keep, class);
	snapshot->key_looks = key_looks(&options->key);
	take_spool(snapshot, pump, now_ns);
	take_interval(&snapshot->interval, &snapshot->ledger, &baseline->then);
	foresee(snapshot);
	snapshot->unread_known = pump_output_unread(pump, &snapshot->unread_bytes);
	snapshot->unread_input_known = pump_unread(pump, &snapshot->unread_input_bytes);
#ifdef WEIR_DEBUG
	if (!ledger_balances(&snapshot->ledger, snapshot->held))
		abort();
#endif
}

uint64_t
snapshot_capacity(const struct snapshot *s)
{
	return s->has_spool ? s->options->spool_bytes : s->options->buffer_bytes;
}

uint64_t
snapshot_done_bytes(const struct snapshot *s)
{
	return s->ledger.recovered.bytes + s->ledger.in.bytes - s->held.bytes;
}

void
snapshot_expect(struct snapshot *s, const struct baseline *baseline, uint64_t size_bytes)
{
	uint64_t done = snapshot_done_bytes(s);

	s->size_bytes = size_bytes;
	s->until_done_ns = size_bytes >= done ? time_for(size_bytes - done, baseline->pace_bytes, 0, baseline->pace_ns)
	    : SNAPSHOT_NEVER;
}

/* Of a pace, what stays when another interval is added: seven eighths. */
static uint64_t
faded(uint64_t amount)
{
	return amount - amount / 8;
}

void
snapshot_next_interval(struct baseline *baseline, const struct snapshot *snapshot, const struct pump *pump,
    uint64_t now_ns)
{
	uint64_t done = snapshot_done_bytes(snapshot);

	baseline->pace_bytes = faded(baseline->pace_bytes) + done - baseline->done_bytes;
	baseline->pace_ns = faded(baseline->pace_ns) + now_ns - baseline->then_ns;
	baseline->done_bytes = done;
	baseline->then_ns = now_ns;
	baseline->then = snapshot->ledger;
	sojourn_next_interval(pump_sojourn(pump));
}

unsigned
snapshot_top_keys(const struct snapshot *s, struct top_key key[TOP_WANTED_MOST])
{
	return s->event == REPORT_FINAL ? top_list(s->top, key, s->options->top_keys) : 0;
}
