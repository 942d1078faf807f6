/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "os/diag.h"
#include "os/signals.h"
#include "tell/live.h"
#include "tell/meter.h"

#include <sys/stat.h>

#include <unistd.h>

/* After the terminal has changed, for it and for the other weirs on it to be done with that. */
#define SETTLE_NS (50 * NS_PER_MS)

static bool
is_draining(const struct live *live)
{
	return pump_input(live->pump) != PUMP_READING || signals_stop() != 0;
}

/* How much will have come in all; 0 where that cannot be told.  A file may grow, and somebody else may have read
 * of it: what is left of it counts, from where it is read now. */
static uint64_t
expected_bytes(const struct live *live, const struct snapshot *snapshot)
{
	uint64_t so_far = snapshot->ledger.in.bytes, size = snapshot->options->size_bytes;
	struct stat file;
	off_t at;

	if (signals_stop() != 0)
		return 0;
	if (pump_input(live->pump) == PUMP_ENDED)
		return so_far;
	if (is_draining(live)) /* and standard input is closed: descriptor 0 may be another file by now */
		return 0;
	if (size > 0)
		return so_far <= size ? size : 0;
	if (fstat(STDIN_FILENO, &file) < 0 || !S_ISREG(file.st_mode) || file.st_size == 0 ||
	    (at = lseek(STDIN_FILENO, 0, SEEK_CUR)) < 0 || at > file.st_size)
		return 0;
	return so_far + (uint64_t)(file.st_size - at);
}

bool
live_make_way(struct live *live)
{
	return screen_make_way(&live->screen);
}

void
live_resume(struct live *live)
{
	screen_resume(&live->screen);
	live->draw_at_ns = 0;
}

/* For a message, before it and after it. */
static void
make_way_for_message(void *state, bool before)
{
	struct live *live = state;

	if (before)
		(void)live_make_way(live);
	else
		live_resume(live);
}

void
live_begin(struct live *live, const struct pump *pump, const struct baseline *baseline, uint64_t now)
{
	struct snapshot snapshot;

	live->pump = pump;
	live->baseline = baseline;
	live->draw_at_ns = LOOP_FOREVER;
	(void)screen_open(&live->screen, STDERR_FILENO);
	signals_watch_terminal();
	diag_set_guard(make_way_for_message, live);
	snapshot_take(&snapshot, REPORT_INTERVAL, pump, baseline, now);
	live_show(live, &snapshot, now);
}

bool
live_is_drawn(const struct live *live)
{
	return live->screen.open;
}

void
live_show(struct live *live, const struct snapshot *snapshot, uint64_t now)
{
	if (!live->screen.open)
		return;
	live->shown = *snapshot;
	live->shown.draining = is_draining(live);
	snapshot_expect(&live->shown, live->baseline, expected_bytes(live, snapshot));
	if (live->draw_at_ns == LOOP_FOREVER)
		live->draw_at_ns = now;
}

static void
draw(struct live *live)
{
	const struct meter_style style = { live->screen.columns, live->screen.utf8, live->screen.colour };
	char line[METER_MOST];

	live->draw_at_ns = LOOP_FOREVER;
	screen_draw(&live->screen, line, meter_line(line, &live->shown, &style));
}

void
live_step(struct live *live, uint64_t now)
{
	struct screen *screen = &live->screen;
	bool suspended;

	if (!screen->open)
		return;
	suspended = signals_take(SIGTSTP);
	if (suspended) {
		(void)screen_make_way(screen);
		screen_forget(screen);
		signals_suspend();
	}
	if (signals_take(SIGCONT) || suspended)
		live->draw_at_ns = loop_now() + SETTLE_NS;
	if (signals_take(SIGWINCH)) {
		screen_resized(screen);
		live->draw_at_ns = loop_now() + SETTLE_NS;
	}
	if (is_draining(live) && !live->shown.draining) {
		live->shown.draining = true;
		live->draw_at_ns = now; /* no interval may end any more */
	}
	screen_step(screen);
	if (now >= live->draw_at_ns)
		draw(live);
}

uint64_t
live_deadline_ns(const struct live *live)
{
	return live->screen.open ? live->draw_at_ns : LOOP_FOREVER;
}

struct loop_watch
live_watch(const struct live *live)
{
	const struct screen *screen = &live->screen;

	return (struct loop_watch){ .fd = screen_busy(screen) ? io_fd(&screen->port) : -1, .output = true };
}

void
live_settle(struct live *live, uint64_t deadline_ns)
{
	if (live->screen.open)
		screen_settle(&live->screen, deadline_ns);
}

void
live_close(struct live *live)
{
	screen_close(&live->screen);
}
