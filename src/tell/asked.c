/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lookout, for those who ask at the control socket.
 */
#include "config.h"

#include "tell/lookout.h"

void
lookout_look(struct lookout *lookout, struct snapshot *snapshot, uint64_t now)
{
	lookout_take(lookout, &lookout->baseline, REPORT_CONTROL, snapshot, now);
}

void
lookout_begin_looking(const struct lookout *lookout, struct baseline *since, uint64_t now)
{
	const struct ledger *ledger = pump_ledger(lookout->pump);

	snapshot_begin(since, now);
	since->start_ns = lookout->baseline.start_ns;
	since->then = *ledger;
	since->then.paused_ns = pump_paused_ns(lookout->pump, now);
	since->then.pressure_ns = pump_pressure_ns(lookout->pump, now);
}

void
lookout_look_again(struct lookout *lookout, struct baseline *since, struct snapshot *snapshot, uint64_t now)
{
	lookout_take(lookout, since, REPORT_CONTROL, snapshot, now);
	lookout_begin_looking(lookout, since, now);
}

bool
lookout_can_report(struct lookout *lookout)
{
	return reporter_start(&lookout->reporter) == 0;
}
