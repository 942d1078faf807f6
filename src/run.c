/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "run.h"
#include "confine.h"
#include "diag.h"
#include "io.h"
#include "loop.h"
#include "meter.h"
#include "metrics.h"
#include "pump.h"
#include "reporter.h"
#include "screen.h"
#include "signals.h"
#include "spill.h"
#include "target.h"
#include "snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Passes without a wait, before signals are let in all the same. */
#define PASSES_BETWEEN_LOOKS 16

/* How long the buffer must have been next to empty before the memory of a burst is given back. */
#define TRIM_AFTER_NS (200 * NS_PER_MS)

/* After the terminal has changed, for it and for the other weirs on it to be done with that. */
#define SETTLE_NS (50 * NS_PER_MS)

/* A standard error or a report file that takes nothing delays the end by this at most. */
#define LAST_WORDS_NS NS_PER_S

/* Gaps that are held to be marked: at most one for so many bytes of the buffer, within limits. */
#define BYTES_A_GAP 1024
#define GAPS_LEAST 4096
#define GAPS_MOST (1 << 20)

#define RECORDS_SPILLED 4

#define DEFAULT_PIPE_BYTES (UINT64_C(256) << 10)
#define DEFAULT_PIPE_BYTES_STREAM (UINT64_C(1) << 20)

/* EXIT STATUS in weir(1). */
#define STATUS_ERROR 1
#define STATUS_DROPPED 3

enum { IN, OUT, REPORT, SCREEN, WATCHES };

struct run {
	const struct options *options;
	struct pump pump;
	struct reporter reporter;
	struct metrics metrics;
	bool metrics_told;       /* that a page could not be written */
	struct sojourn *sojourn;
	struct marks *marks;
	struct spill *spill;     /* NULL: nothing that is dropped is saved */
	int spill_error;         /* to be told; or 0 */
	struct baseline baseline;
	struct screen screen;    /* open where there is a live line */
	struct snapshot shown;   /* what that says */
	uint64_t draw_at_ns;     /* when it is to be drawn next; LOOP_FOREVER for the next tick */
	uint64_t tick_at_ns;     /* when the interval ends; LOOP_FOREVER where none is asked for */
	uint64_t drain_until_ns; /* after a signal; LOOP_FOREVER before */
	uint64_t trim_at_ns;     /* LOOP_FOREVER when there is nothing to give back */
	bool input_waits_unread; /* the reader went away, and something waits in the input */
};

static void make_way(void *state, bool before);

struct ending {
	int status;
	int signal; /* to end by, or 0 */
	char reason[32];
};

/* --- beginning ----------------------------------------------------------------------------------- */

static void
enlarge_pipes(const struct options *options, const struct io_port *input, const struct io_port *output)
{
	bool streaming = options->framing.kind == FRAMING_BYTES;
	uint64_t bytes = options->pipe_bytes;

	if (bytes == PIPE_BYTES_KEEP)
		return;
	if (bytes == 0) {
		bytes = streaming ? DEFAULT_PIPE_BYTES_STREAM : DEFAULT_PIPE_BYTES;
		if (!streaming && bytes > options->buffer_bytes)
			bytes = options->buffer_bytes;
	}
	io_enlarge_pipe(input, (size_t)bytes);
	/* Where records may still be dropped, they wait better here than in the output's pipe. */
	if (options->pipe_bytes != 0 || !policy_drops(options->policy))
		io_enlarge_pipe(output, (size_t)bytes);
}

static void
not_opened(const char *option, const char *path)
{
	int error = errno;
	const char *visible = diag_visible(path);

	if (error == EBUSY)
		diag_error("%s=%s: standard input or output; accepted: another file", option, visible);
	else if (error == ELOOP)
		diag_error("%s=%s: a symbolic link to a file; accepted: the file itself", option, visible);
	else
		diag_errno(error, "%s=%s", option, visible);
}

/* Room for a few of the longest records that may be dropped out of the buffer at once. */
static size_t
spill_room(const struct options *options)
{
	size_t longest = policy_drops(options->policy) ? (size_t)options->max_record_bytes : 0;

	if (longest <= SPILL_ROOM / RECORDS_SPILLED)
		return SPILL_ROOM;
	return longest <= SIZE_MAX / RECORDS_SPILLED ? RECORDS_SPILLED * longest : SIZE_MAX;
}

/* Where dropped records go, if anywhere.  False with errno. */
static bool
open_spill(struct run *run)
{
	const struct options *options = run->options;
	int fd;

	if (options->dropped_path == NULL)
		return true;
	fd = target_open(options->dropped_path, TARGET_APPEND);
	if (fd >= 0)
		run->spill = spill_open(&options->framing, fd, options->dropped_reason, spill_room(options));
	return run->spill != NULL;
}

/* What is asked for besides the data.  False with errno. */
static bool
observe(struct run *run)
{
	const struct options *options = run->options;
	const struct mark_style style = { options->mark_template, options->name, options->framing.delimiter };
	uint64_t most = options->buffer_bytes / BYTES_A_GAP;

	run->sojourn = sojourn_new();
	if (options->mark_template != NULL)
		run->marks = marks_new(most < GAPS_LEAST ? GAPS_LEAST : most > GAPS_MOST ? GAPS_MOST : (size_t)most,
		    &style);
	pump_observe(&run->pump, run->sojourn, run->marks, run->spill);
	return run->sojourn != NULL && (run->marks != NULL || options->mark_template == NULL);
}

/* False when the reason has been told. */
static bool
open_files(struct run *run)
{
	const struct options *options = run->options;

	if (reporter_open(&run->reporter, options->report_path) < 0)
		not_opened("--report", options->report_path);
	else if (!open_spill(run))
		not_opened("--dropped", options->dropped_path);
	else
		return true;
	return false;
}

static void
take_snapshot(struct run *run, enum report_event event, struct snapshot *snapshot, uint64_t now)
{
	snapshot_take(snapshot, event, &run->pump, &run->baseline, now);
	snapshot->reports_skipped = run->reporter.skipped;
	if (run->spill != NULL)
		snapshot->unsaved = spill_unsaved(run->spill);
}

static void
metrics_not_opened(const char *path)
{
	int error = errno;
	const char *visible = diag_visible(path);

	if (error == EBUSY)
		diag_error("--metrics=%s: open already, as input, output or report; accepted: another file",
		    visible);
	else if (error == EINVAL)
		diag_error("--metrics=%s: not a regular file; accepted: a file to be replaced",
		    visible);
	else
		diag_errno(error, "--metrics=%s", visible);
}

/* The first page, so that what is wrong with the file is known before anything is read.  False when it
 * has been told. */
static bool
begin_metrics(struct run *run, uint64_t now)
{
	const char *path = run->options->metrics_path;
	struct snapshot snapshot;

	take_snapshot(run, REPORT_INTERVAL, &snapshot, now);
	if (metrics_open(&run->metrics, path) == 0 &&
	    (path == NULL || metrics_write(&run->metrics, &snapshot)))
		return true;
	metrics_not_opened(path);
	return false;
}

static void
begin_live_line(struct run *run, uint64_t now)
{
	(void)screen_open(&run->screen, STDERR_FILENO);
	signals_watch_terminal();
	diag_set_guard(make_way, run);
	snapshot_take(&run->shown, REPORT_INTERVAL, &run->pump, &run->baseline, now);
	run->draw_at_ns = now;
}

/* 0, or -1 when the reason has been told. */
static int
begin(struct run *run, const struct options *options)
{
	struct io_port input, output;
	uint64_t now;

	io_open_input(&input, STDIN_FILENO);
	io_open_output(&output, STDOUT_FILENO);
	*run = (struct run){ .options = options };
	run->drain_until_ns = run->trim_at_ns = run->tick_at_ns = run->draw_at_ns = LOOP_FOREVER;
	if (io_same_file(&input, &output)) {
		diag_error("standard input and standard output are the same file");
		return -1;
	}
	if (!open_files(run))
		return -1;
	now = loop_now();
	if (pump_init(&run->pump, options, &input, &output, now) < 0 || !observe(run)) {
		diag_errno(errno, "--buffer=%llu", (unsigned long long)options->buffer_bytes);
		return -1;
	}
	snapshot_begin(&run->baseline, now);
	if (options->progress)
		begin_live_line(run, now);
	if (options->reporting || options->progress ||
	    options->metrics_path != NULL)
		run->tick_at_ns = now + options->interval_ns;
	if (!begin_metrics(run, now))
		return -1;
	enlarge_pipes(options, &input, &output);
	/* Where the system can. */
	(void)confine(run->metrics.directory, run->metrics.directory_path, run->screen.open);
	if (run->spill != NULL && (errno = spill_start(run->spill)) != 0) {
		not_opened("--dropped", options->dropped_path);
		return -1;
	}
	return 0;
}

/* --- reports ------------------------------------------------------------------------------------- */

static void
take_for_signal(void *state, struct snapshot *snapshot)
{
	take_snapshot(state, REPORT_SIGNAL, snapshot, loop_now());
}

/* A page that cannot be written is no reason to stop, or to wait: it is told once, between reports and
 * if standard error takes it at once, and the next page that can be written counts them. */
static void
renew_metrics(struct run *run, const struct snapshot *snapshot)
{
	const char *path = run->options->metrics_path;

	if (path == NULL || metrics_write(&run->metrics, snapshot) || run->metrics_told ||
	    reporter_busy(&run->reporter))
		return;
	run->metrics_told = true;
	diag_set_deadline(loop_now());
	diag_errno(errno, "--metrics=%s: not replaced", diag_visible(path));
	diag_set_deadline(0);
}

/* The live line stands where reports would be written. */
static bool
shares_terminal(const struct run *run)
{
	return run->screen.open && run->reporter.port.inherited == STDERR_FILENO;
}

/* The end of an interval; the next one ends a whole number of intervals after the first began. */
static void
tick(struct run *run, uint64_t now)
{
	uint64_t interval_ns = run->options->interval_ns;
	struct snapshot snapshot;

	if (now < run->tick_at_ns)
		return;
	run->tick_at_ns += ((now - run->tick_at_ns) / interval_ns + 1) * interval_ns;
	take_snapshot(run, REPORT_INTERVAL, &snapshot, now);
	snapshot_next_interval(&run->baseline, &snapshot, &run->pump, now);
	renew_metrics(run, &snapshot);
	if (run->screen.open) {
		run->shown = snapshot;
		if (run->draw_at_ns == LOOP_FOREVER)
			run->draw_at_ns = now;
	}
	if (run->options->reporting && !shares_terminal(run))
		reporter_offer(&run->reporter, &snapshot);
}

static void
step_reporter(struct run *run)
{
	if (!reporter_busy(&run->reporter) || (shares_terminal(run) && !screen_make_way(&run->screen)))
		return;
	reporter_step(&run->reporter, take_for_signal, run);
	if (shares_terminal(run) && !reporter_busy(&run->reporter))
		make_way(run, false);
}

/* --- dropped records ------------------------------------------------------------------------------ */

/* Says why not all can be saved: once, as soon as that does not hold up the data, or stand in the middle of a
 * report. */
static void
tell_spill_error(struct run *run, uint64_t deadline_ns)
{
	if (run->spill != NULL && run->spill_error == 0)
		run->spill_error = spill_take_error(run->spill);
	if (run->spill_error == 0 ||
	    (deadline_ns == 0 && (run->reporter.sent > 0 || !loop_ready(STDERR_FILENO, true))))
		return;
	diag_set_deadline(deadline_ns == 0 ? loop_now() : deadline_ns);
	diag_errno(run->spill_error, "--dropped=%s", diag_visible(run->options->dropped_path));
	run->spill_error = 0;
}

/* Nothing more is dropped: what was is saved now, or not. */
static void
close_spill(struct run *run, struct snapshot *last)
{
	if (run->spill == NULL)
		return;
	spill_close(run->spill, loop_now() + run->options->drain_timeout_ns);
	last->unsaved = spill_unsaved(run->spill);
}

/* --- the live line ------------------------------------------------------------------------------- */

/* For a message, before it and after it. */
static void
make_way(void *state, bool before)
{
	struct run *run = state;

	if (before) {
		(void)screen_make_way(&run->screen);
	} else {
		screen_resume(&run->screen);
		run->draw_at_ns = 0;
	}
}

static void
draw(struct run *run)
{
	const struct meter_style style = { run->screen.columns, run->screen.utf8, run->screen.colour };
	char line[METER_MOST];

	run->draw_at_ns = LOOP_FOREVER;
	screen_draw(&run->screen, line, meter_line(line, &run->shown, &style));
}

/* What has happened to the terminal, and the line if it is time. */
static void
tend_screen(struct run *run, uint64_t now)
{
	struct screen *screen = &run->screen;
	bool suspended = signals_take(SIGTSTP);

	if (suspended) {
		(void)screen_make_way(screen);
		screen_forget(screen);
		signals_suspend();
	}
	if (signals_take(SIGCONT) || suspended)
		run->draw_at_ns = loop_now() + SETTLE_NS;
	if (signals_take(SIGWINCH)) {
		screen_resized(screen);
		run->draw_at_ns = loop_now() + SETTLE_NS;
	}
	screen_step(screen);
	if (now >= run->draw_at_ns)
		draw(run);
}

/* --- waiting ------------------------------------------------------------------------------------- */

/* Whether another pass can do something without a wait. */
static bool
is_busy(const struct pump *pump)
{
	return (pump_wants_input(pump) && !pump->input_waits) || pump->output == OUTLET_MORE;
}

static enum awaited
waited_for(const struct pump *pump)
{
	if (pump->output == OUTLET_RATE)
		return WAIT_RATE;
	return pump->output == OUTLET_REFUSED ? WAIT_OUTPUT : WAIT_INPUT;
}

static uint64_t
nearest_deadline(const struct run *run)
{
	uint64_t deadline = pump_deadline_ns(&run->pump);

	if (run->drain_until_ns < deadline)
		deadline = run->drain_until_ns;
	if (run->draw_at_ns < deadline)
		deadline = run->draw_at_ns;
	if (run->tick_at_ns < deadline)
		deadline = run->tick_at_ns;
	return run->trim_at_ns < deadline ? run->trim_at_ns : deadline;
}

/* poll will not: what was waited for will never be known to be there. */
static void
cannot_wait(struct pump *pump, int error)
{
	if (waited_for(pump) == WAIT_INPUT) {
		pump->input = PUMP_READ_ERROR;
		pump->error = error;
	} else {
		pump->output = OUTLET_ERROR;
		pump->outlet.error = error;
	}
}

/* Waits for what the last pass found missing, or with only_look lets signals and bad news in. */
static void
await(struct run *run, bool only_look)
{
	struct pump *pump = &run->pump;
	bool wants_input = pump_wants_input(pump);
	struct loop_watch watch[WATCHES] = {
		[IN] = { .fd = wants_input ? pump->input_port.fd : -1, .input = true },
		[OUT] = { .fd = pump->outlet.port.fd, .output = pump->output == OUTLET_REFUSED },
		[REPORT] = { .fd = reporter_busy(&run->reporter) ? run->reporter.port.fd : -1, .output = true },
		[SCREEN] = { .fd = screen_busy(&run->screen) ? run->screen.port.fd : -1, .output = true },
	};
	uint64_t before = loop_now();

	if (!loop_wait(watch, WATCHES, only_look ? 0 : nearest_deadline(run)) && !only_look)
		cannot_wait(pump, errno);
	if (!only_look)
		pump->ledger.waited_ns[waited_for(pump)] += loop_now() - before;
	if (watch[IN].ready)
		pump->input_waits = false;
	if (watch[OUT].gone)
		pump->output = OUTLET_GONE;
}

/* --- memory of a burst ---------------------------------------------------------------------------- */

static void
trim(struct run *run, uint64_t now)
{
	bool worth = queue_trimmable(&run->pump.queue);

	if (!worth) {
		run->trim_at_ns = LOOP_FOREVER;
	} else if (run->trim_at_ns == LOOP_FOREVER) {
		run->trim_at_ns = now + TRIM_AFTER_NS;
	} else if (now >= run->trim_at_ns && !queue_trim(&run->pump.queue)) {
		run->trim_at_ns = LOOP_FOREVER;
	}
}

/* --- ending -------------------------------------------------------------------------------------- */

static void
heed_signals(struct run *run, uint64_t now)
{
	if (signals_take_report())
		run->reporter.due = true;
	if (signals_stop() != 0 && run->drain_until_ns == LOOP_FOREVER) {
		pump_stop(&run->pump, now);
		run->drain_until_ns = now + run->options->drain_timeout_ns;
	}
}

static bool
is_over(const struct run *run, uint64_t now)
{
	const struct pump *pump = &run->pump;

	return pump->output == OUTLET_GONE || pump->output == OUTLET_ERROR || pump_done(pump) ||
	    signals_stop_again() || (signals_stop() != 0 && now >= run->drain_until_ns);
}

static void
pump_until_over(struct run *run)
{
	unsigned passes = 0;

	for (;;) {
		uint64_t now = loop_now();

		heed_signals(run, now);
		pump_pass(&run->pump, now);
		if (is_over(run, now))
			return;
		tick(run, now);
		step_reporter(run);
		tell_spill_error(run, 0);
		if (run->screen.open)
			tend_screen(run, now);
		trim(run, now);
		if (!is_busy(&run->pump))
			await(run, false);
		else if (++passes % PASSES_BETWEEN_LOOKS == 0)
			await(run, true);
		if (run->pump.output == OUTLET_GONE || run->pump.output == OUTLET_ERROR)
			return;
	}
}

/* The first cause wins, in the order error, signal, drop; a reader that has taken all there was is no
 * error. */
static struct ending
ending_of(const struct run *run)
{
	const struct pump *pump = &run->pump;
	struct ending ending = { .reason = "end of input" };
	int stop = signals_stop();

	if (pump->output == OUTLET_ERROR || pump->input == PUMP_READ_ERROR) {
		ending.status = STATUS_ERROR;
		(void)snprintf(ending.reason, sizeof(ending.reason), "%s error",
		    pump->output == OUTLET_ERROR ? "write" : "read");
		return ending;
	}
	if (pump->output == OUTLET_GONE) {
		(void)snprintf(ending.reason, sizeof(ending.reason), "reader gone");
		if (pump->ledger.undelivered.bytes > 0 || run->input_waits_unread) {
			ending.signal = signals_pipe_ignored() ? 0 : SIGPIPE;
			ending.status = STATUS_ERROR;
		}
	}
	if (stop != 0 && ending.signal == 0 && ending.status == 0) {
		(void)snprintf(ending.reason, sizeof(ending.reason), "signal %s", signals_name(stop));
		ending.signal = stop;
	}
	if (ending.signal != 0)
		ending.status = 128 + ending.signal;
	if (ending.status == 0 && run->options->fail_on_drop &&
	    ledger_lost(&pump->ledger)) {
		(void)snprintf(ending.reason, sizeof(ending.reason), "records dropped");
		ending.status = STATUS_DROPPED;
	}
	return ending;
}

static void
tell_errors(const struct run *run, const struct ending *ending, bool part_sent)
{
	const struct pump *pump = &run->pump;

	if (pump->input == PUMP_READ_ERROR)
		diag_errno(pump->error, "standard input");
	if (pump->output == OUTLET_ERROR)
		diag_errno(pump->outlet.error, "standard output");
	if (pump->output == OUTLET_GONE && ending->status == STATUS_ERROR)
		diag_error("standard output: the reader has gone");
	if (part_sent && pump->output != OUTLET_GONE)
		diag_error("standard output: the last record was cut short");
}

/* The line is gone before the last words. */
static void
end_live_line(struct run *run, uint64_t deadline)
{
	diag_set_guard(NULL, NULL);
	if (run->screen.open)
		screen_settle(&run->screen, deadline);
}

int
run(const struct options *options, int *by_signal)
{
	static struct run run; /* larger than a stack frame should be */
	struct pump *pump = &run.pump;
	struct ending ending;
	struct snapshot last;
	uint64_t now, deadline;
	bool part_sent;

	*by_signal = 0;
	if (begin(&run, options) < 0)
		return STATUS_ERROR;
	pump_until_over(&run);
	part_sent = options->framing.kind != FRAMING_BYTES &&
	    (queue_part_sent(&pump->queue) || outlet_mark_begun(&pump->outlet));
	run.input_waits_unread = pump->output == OUTLET_GONE && pump->input != PUMP_ENDED &&
	    io_waiting(&pump->input_port);
	now = loop_now();
	pump_close_books(pump, now);
	take_snapshot(&run, REPORT_FINAL, &last, now);
	if (io_close(&pump->outlet.port) < 0 && pump->output != OUTLET_ERROR) {
		pump->output = OUTLET_ERROR;
		pump->outlet.error = errno;
	}
	close_spill(&run, &last);
	deadline = loop_now() + LAST_WORDS_NS;
	diag_set_deadline(deadline);
	ending = ending_of(&run);
	end_live_line(&run, deadline);
	(void)reporter_settle(&run.reporter, deadline);
	tell_errors(&run, &ending, part_sent);
	tell_spill_error(&run, deadline);
	last.reports_skipped = run.reporter.skipped;
	last.exit_status = ending.status;
	last.exit_reason = ending.reason;
	if (!reporter_close(&run.reporter, options->quiet ? NULL : &last, deadline) &&
	    options->report_path != NULL && ending.status == 0) {
		diag_errno(errno, "--report=%s", diag_visible(options->report_path));
		ending.status = STATUS_ERROR;
	}
	last.exit_status = ending.status;
	renew_metrics(&run, &last);
	metrics_close(&run.metrics);
	screen_close(&run.screen);
	pump_free(pump);
	marks_free(run.marks);
	sojourn_free(run.sojourn);
	spill_free(run.spill);
	*by_signal = ending.signal;
	return ending.status;
}
