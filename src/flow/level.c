/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/level.h"

void
level_init(struct level *level, bool drops, const struct watermarks *marks, struct ledger *ledger)
{
	*level = (struct level){ .drops = drops, .ledger = ledger };
	pressure_init(&level->pressure, marks, ledger);
}

void
level_retune(struct level *level, const struct watermarks *marks)
{
	pressure_retune(&level->pressure, marks);
}

void
level_pass(struct level *level, uint64_t now_ns)
{
	level->now_ns = now_ns;
	level->fullest = (struct tally){ 0, 0 };
	pressure_pass(&level->pressure, now_ns);
}

void
level_filled(struct level *level, struct tally fill)
{
	level->fullest = fill;
}

static void
raise(struct tally *most, struct tally fill)
{
	if (most->bytes < fill.bytes)
		most->bytes = fill.bytes;
	if (most->records < fill.records)
		most->records = fill.records;
}

/* Block stops reading at the high watermark and resumes at the low one.  Never while no complete record
 * is held: then only more input can set anything going. */
static void
pause_or_resume(struct level *level, bool high, bool low, bool may_pause)
{
	if (!level->paused && high && !low && may_pause) {
		level->paused = true;
		level->paused_since_ns = level->now_ns;
		level->ledger->paused_count++;
	} else if (low || !may_pause) {
		level_resume(level, level->now_ns);
	}
}

/* Where nothing gives way the buffer is fullest after a read; from then on the output only lessens it.  Of one that
 * was full it may take a little, again and again: who looked only afterwards would read as little, again and again. */
bool
level_judge(struct level *level, const struct level_end *end)
{
	struct pressure *pressure = &level->pressure;
	const bool low = pressure_is_low(pressure, end->fill) && !end->no_room;
	struct tally most = end->fill;

	if (!level->drops && end->output_waited)
		raise(&most, level->fullest);
	raise(&level->ledger->peak, most);
	if (!level->drops)
		pause_or_resume(level, pressure_is_high(pressure, most), low, end->may_pause);
	if (low)
		return pressure_ease(pressure, end->fill);
	pressure_rise(pressure, most, end->no_room);
	return false;
}

void
level_resume(struct level *level, uint64_t now_ns)
{
	level->ledger->paused_ns = level_paused_ns(level, now_ns);
	level->paused = false;
}

bool
level_is_paused(const struct level *level)
{
	return level->paused;
}

uint64_t
level_paused_ns(const struct level *level, uint64_t now_ns)
{
	return level->ledger->paused_ns + (level->paused ? now_ns - level->paused_since_ns : 0);
}

void
level_close(struct level *level, uint64_t now_ns)
{
	level_resume(level, now_ns);
	pressure_close(&level->pressure, now_ns);
}
