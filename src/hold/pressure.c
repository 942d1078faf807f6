/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/pressure.h"

void
pressure_init(struct pressure *pressure, const struct watermarks *marks, struct ledger *ledger)
{
	*pressure = (struct pressure){ .marks = *marks, .ledger = ledger };
}

void
pressure_retune(struct pressure *pressure, const struct watermarks *marks)
{
	pressure->marks = *marks;
}

void
pressure_pass(struct pressure *pressure, uint64_t now_ns)
{
	pressure->now_ns = now_ns;
}

bool
pressure_is_high(const struct pressure *pressure, struct tally fill)
{
	const struct tally *high = &pressure->marks.high;

	return fill.bytes >= high->bytes || fill.records >= high->records;
}

bool
pressure_is_low(const struct pressure *pressure, struct tally fill)
{
	const struct tally *low = &pressure->marks.low;

	return fill.bytes <= low->bytes && fill.records <= low->records && !pressure_is_high(pressure, fill);
}

void
pressure_rise(struct pressure *pressure, struct tally fill, bool no_room)
{
	if (pressure->on || !(no_room || pressure_is_high(pressure, fill)))
		return;
	pressure->on = true;
	pressure->since_ns = pressure->now_ns;
	pressure->ledger->pressure_count++;
}

bool
pressure_ease(struct pressure *pressure, struct tally fill)
{
	if (!pressure->on || !pressure_is_low(pressure, fill))
		return false;
	pressure_close(pressure, pressure->now_ns);
	return true;
}

bool
pressure_is_on(const struct pressure *pressure)
{
	return pressure->on;
}

uint64_t
pressure_number(const struct pressure *pressure)
{
	return pressure->ledger->pressure_count;
}

uint64_t
pressure_total_ns(const struct pressure *pressure, uint64_t now_ns)
{
	return pressure->ledger->pressure_ns + (pressure->on ? now_ns - pressure->since_ns : 0);
}

void
pressure_close(struct pressure *pressure, uint64_t now_ns)
{
	pressure->ledger->pressure_ns = pressure_total_ns(pressure, now_ns);
	pressure->on = false;
}
