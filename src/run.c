/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "ending.h"
#include "flow/handed.h"
#include "flow/pump.h"
#include "flow/steered.h"
#include "hand/reader.h"
#include "os/diag.h"
#include "os/io.h"
#include "os/loop.h"
#include "os/pipes.h"
#include "os/signals.h"
#include "run.h"
#include "tell/lookout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Passes without a wait, before signals are let in all the same. */
#define PASSES_BETWEEN_LOOKS 16

/* After a signal reading goes on, but for this part of the drain timeout at its end: what has come by then is to
 * get out, and a record that has been begun is to be read to its end.  Of that part half is left to a reader that is told
 * of the end by the end of its input. */
#define DRAIN_ONLY_PART 10

/* How long the buffer must have been next to empty before the memory of a burst is given back. */
#define TRIM_AFTER_NS (200 * NS_PER_MS)

/* A standard error or a report file that takes nothing delays the end by this at most. */
#define LAST_WORDS_NS NS_PER_S

#define STATUS_ERROR 1 /* EXIT STATUS in weir(1) */

enum {
	IN,
	OUT,
	BESIDE,
	SPOOL = BESIDE + LOOKOUT_WATCHES,
	READER = SPOOL + SPOOL_FDS,
	CONTROL = READER + READER_WATCHES,
	WATCHES = CONTROL + CONTROL_WATCHES,
};

/* --- beginning ----------------------------------------------------------------------------------- */

/* Of a run that is all zero: it has room for reports and pages, which is touched only as they are made.  0, or -1 when
 * the reason has been told. */
static int
begin(struct run *run, struct options *options)
{
	struct io_port input, output;
	struct confine_place place;
	uint64_t now, unread;

	io_open_input(&input, STDIN_FILENO);
	io_open_output(&output, STDOUT_FILENO);
	run->options = options;
	run->read_until_ns = run->finish_until_ns = run->drain_until_ns = run->trim_at_ns = LOOP_FOREVER;
	if (io_same_file(&input, &output)) {
		diag_error("standard input and standard output are the same file");
		return -1;
	}
	if (options->reader.confirm == CONFIRM_READ && options->reader.command == NULL && !pipes_unread(&output, &unread)) {
		diag_error("--confirm=read: standard output is no pipe: nobody can tell what of it has been read");
		return -1;
	}
	if (options_want_reader(options) && (run->reader = reader_open(options, &output)) == NULL)
		return -1; /* with COMMAND the output is its input from here on */
	if (!lookout_open(&run->lookout, options))
		return -1;
	if (options->control && (run->control = control_open(options)) == NULL)
		return -1; /* behind the warden, which would have its socket, and before any thread */
	if (options->spool_path != NULL && (run->spool = spool_open(&(struct spool_rules){ options->spool_path,
	    options->spool_bytes, options->spool_sync_ns, options->framing, options->dropped_path != NULL })) == NULL)
		return -1; /* behind the warden, which would have its lock */
	now = loop_now();
	if (pump_init(&run->pump, options, &input, &output, now) < 0 ||
	    (run->spool != NULL && pump_use_spool(&run->pump, run->spool) < 0)) {
		diag_errno(errno, "--buffer=%llu%s", (unsigned long long)options->buffer_bytes,
		    options->rate_by_key ? " and --rate-by=key" : "");
		return -1;
	}
	pump_enlarge_pipes(options, &input, &output);
	place = control_place(run->control);
	if (!lookout_begin(&run->lookout, &run->pump, run->reader, now) || !lookout_start(&run->lookout, run->spool, &place))
		return -1;
	if (run->spool != NULL && (errno = spool_start(run->spool)) != 0) {
		diag_errno(errno, "--spool=%s", diag_visible(options->spool_path));
		return -1;
	}
	if (run->reader != NULL)
		reader_begin(run->reader, &run->pump, now);
	if (run->control != NULL)
		control_begin(run->control, &run->pump, run->reader, &run->lookout);
	return 0;
}

/* --- waiting ------------------------------------------------------------------------------------- */

static uint64_t
nearest_deadline(const struct run *run)
{
	uint64_t deadline = pump_deadline_ns(&run->pump);

	if (run->read_until_ns < deadline)
		deadline = run->read_until_ns;
	if (run->finish_until_ns < deadline)
		deadline = run->finish_until_ns;
	if (run->drain_until_ns < deadline)
		deadline = run->drain_until_ns;
	if (lookout_deadline_ns(&run->lookout) < deadline)
		deadline = lookout_deadline_ns(&run->lookout);
	if (run->reader != NULL && reader_deadline_ns(run->reader) < deadline)
		deadline = reader_deadline_ns(run->reader);
	if (run->spool != NULL && spool_deadline_ns(run->spool) < deadline)
		deadline = spool_deadline_ns(run->spool);
	if (run->control != NULL && control_deadline_ns(run->control) < deadline)
		deadline = control_deadline_ns(run->control);
	return run->trim_at_ns < deadline ? run->trim_at_ns : deadline;
}

static void
watch_spool(const struct run *run, struct loop_watch watch[SPOOL_FDS])
{
	int fd[SPOOL_FDS] = { -1, -1 };

	if (run->spool != NULL)
		spool_fds(run->spool, fd);
	for (int i = 0; i < SPOOL_FDS; i++)
		watch[i] = (struct loop_watch){ .fd = fd[i], .input = true };
}

/* Waits for what the last pass found missing, or with only_look lets signals and bad news in. */
static void
await(struct run *run, bool only_look)
{
	struct pump *pump = &run->pump;
	struct loop_watch watch[WATCHES];
	const int watches = run->reader != NULL ? CONTROL : run->spool != NULL ? READER : SPOOL;
	const int others = run->control != NULL ? control_watch(run->control, watch + watches) : 0;
	uint64_t before = loop_now();

	pump_watch(pump, &watch[IN], &watch[OUT]);
	lookout_watch(&run->lookout, watch + BESIDE);
	if (watches > SPOOL)
		watch_spool(run, watch + SPOOL);
	if (run->reader != NULL)
		reader_watch(run->reader, watch + READER);
	if (!loop_wait(watch, watches + others, only_look ? 0 : nearest_deadline(run)) && !only_look)
		pump_cannot_wait(pump, errno);
	if (!only_look)
		pump_count_wait(pump, loop_now() - before);
	pump_waited(pump, &watch[IN], &watch[OUT]);
	if (run->reader != NULL)
		reader_waited(run->reader, watch + READER);
	if (others > 0)
		control_waited(run->control, watch + watches);
}

/* --- memory of a burst ---------------------------------------------------------------------------- */

static void
trim(struct run *run, uint64_t now)
{
	bool worth = pump_trimmable(&run->pump);

	if (!worth) {
		run->trim_at_ns = LOOP_FOREVER;
	} else if (run->trim_at_ns == LOOP_FOREVER) {
		run->trim_at_ns = now + TRIM_AFTER_NS;
	} else if (now >= run->trim_at_ns && !pump_trim(&run->pump)) {
		run->trim_at_ns = LOOP_FOREVER;
	}
}

/* --- ending -------------------------------------------------------------------------------------- */

/* A signal has come, or somebody has asked for the end. */
static bool
is_to_end(const struct run *run)
{
	return signals_stop() != 0 || control_drains(run->control);
}

/* A producer that got the same signal may have last words, and ends then.  A file, a device or a terminal has none. */
static void
heed_signals(struct run *run, uint64_t now)
{
	uint64_t timeout_ns = run->options->drain_timeout_ns;

	if (signals_take_report())
		lookout_ask(&run->lookout);
	if (is_to_end(run) && run->drain_until_ns == LOOP_FOREVER) {
		pump_halt(&run->pump, false, now);
		pump_hurry(&run->pump);
		run->drain_until_ns = now + timeout_ns;
		if (run->reader != NULL)
			reader_hurry(run->reader);
		run->read_until_ns = pump_has_producer(&run->pump)
		    ? now + timeout_ns - timeout_ns / DRAIN_ONLY_PART : now;
		if (run->reader != NULL)
			run->finish_until_ns = run->drain_until_ns - timeout_ns / DRAIN_ONLY_PART / 2;
	}
	if (now >= run->read_until_ns) {
		pump_stop(&run->pump, now);
		run->read_until_ns = LOOP_FOREVER;
	}
	if (now >= run->finish_until_ns) {
		pump_stop_short(&run->pump);
		run->finish_until_ns = LOOP_FOREVER;
	}
}

static bool
is_cut_short(const struct run *run, uint64_t now)
{
	return signals_stop_again() || now >= run->drain_until_ns;
}

static bool
has_failed(const struct run *run)
{
	const enum reader_end reader = run_reader(run);

	if (pump_output(&run->pump) == OUTLET_GONE)
		return run->options->reader.command == NULL && !run->options->reader.outlive; /* else it goes on */
	return pump_output(&run->pump) == OUTLET_ERROR || (reader != READER_GOES_ON && reader != READER_DONE);
}

/* All that came has left, and is confirmed; or after a signal it is where another run finds it. */
static bool
is_over(const struct run *run)
{
	if (run->spool != NULL && is_to_end(run) && !pump_is_reading(&run->pump) && pump_is_spooled(&run->pump))
		return true;
	return pump_done(&run->pump) && run_reader(run) == READER_DONE;
}

static void
pump_until_over(struct run *run)
{
	struct pump *pump = &run->pump;
	unsigned passes = 0;

	while (!has_failed(run)) {
		uint64_t now = loop_now();

		heed_signals(run, now);
		if (is_cut_short(run, now))
			return;
		pump_pass(pump, now);
		if (run->reader != NULL)
			reader_step(run->reader, now);
		if (has_failed(run) || is_over(run))
			return;
		if (!pump_is_reading(pump))
			pump_close_input(pump);
		lookout_step(&run->lookout, now);
		if (run->control != NULL)
			control_step(run->control, now);
		trim(run, now);
		if (!pump_is_busy(pump))
			await(run, false);
		else if (++passes % PASSES_BETWEEN_LOOKS == 0)
			await(run, true);
	}
}

/* All that is left is on disk then, as far as the disk lets it in this time. */
static void
end_spool(struct run *run)
{
	run->spool_error = spool_end(run->spool, loop_now() + run->options->drain_timeout_ns + LAST_WORDS_NS);
	if (run->spool_error != 0)
		diag_errno(run->spool_error, "--spool=%s: the end", diag_visible(run->options->spool_path));
}

int
run(struct options *options, int *by_signal)
{
	static struct run run; /* larger than a stack frame should be */
	struct pump *pump = &run.pump;
	struct ending ending;
	uint64_t now, deadline;
	bool cut_short;

	*by_signal = 0;
	if (begin(&run, options) < 0) {
		control_close(run.control);
		return STATUS_ERROR;
	}
	pump_until_over(&run);
	if (run.reader != NULL) {
		if (options->reader.command != NULL && pump_output(pump) == OUTLET_ERROR)
			run.write_error = pump_output_error(pump);
		reader_end(run.reader);
		if (!reader_status(run.reader, &run.command_status))
			run.command_status = 0;
	}
	cut_short = pump_cut_short(pump);
	pump_close_input(pump);
	now = loop_now();
	pump_close_books(pump, now);
	if (run.spool != NULL)
		end_spool(&run);
	lookout_books(&run.lookout, now);
	pump_close_output(pump);
	lookout_stop(&run.lookout, run.drain_until_ns);
	deadline = loop_now() + LAST_WORDS_NS;
	diag_set_deadline(deadline);
	ending = ending_of(&run);
	lookout_quieten(&run.lookout, deadline);
	ending_tell(&run, &ending, cut_short);
	ending.status = lookout_close(&run.lookout, ending.status, ending.reason, deadline);
	control_close(run.control);
	reader_free(run.reader);
	pump_free(pump);
	spool_free(run.spool);
	*by_signal = ending.signal;
	return ending.status;
}
