/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/handed.h"
#include "flow/pump.h"
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

/* EXIT STATUS in weir(1). */
#define STATUS_ERROR 1
#define STATUS_DROPPED 3
#define STATUS_STALLED 4
#define STATUS_REJECTED 5

enum {
	IN,
	OUT,
	BESIDE,
	SPOOL = BESIDE + LOOKOUT_WATCHES,
	READER = SPOOL + SPOOL_FDS,
	WATCHES = READER + READER_WATCHES,
};

struct run {
	const struct options *options;
	struct pump pump;
	struct lookout lookout;
	struct spool *spool;     /* NULL: what is held ends with this */
	struct reader *reader;   /* NULL: nobody has to do anything but read */
	uint64_t read_until_ns;  /* after a signal; LOOP_FOREVER before, and when it has passed */
	uint64_t finish_until_ns; /* the same, for the rest of a record that has been begun */
	uint64_t drain_until_ns; /* after a signal; LOOP_FOREVER before */
	int command_status;      /* of COMMAND, when it has ended; or 0 */
	int write_error;         /* errno, where it could not be written to; or 0 */
	int spool_error;         /* the same, of what was to be on disk in the end */
	uint64_t trim_at_ns;     /* LOOP_FOREVER when there is nothing to give back */
};

struct ending {
	int status;
	int signal; /* to end by, or 0 */
	char reason[32];
};

/* --- beginning ----------------------------------------------------------------------------------- */

/* Of a run that is all zero: it has room for reports and pages, which is touched only as they are made.  0, or -1 when
 * the reason has been told. */
static int
begin(struct run *run, const struct options *options)
{
	struct io_port input, output;
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
	if (!lookout_begin(&run->lookout, &run->pump, run->reader, now) || !lookout_start(&run->lookout, run->spool))
		return -1;
	if (run->spool != NULL && (errno = spool_start(run->spool)) != 0) {
		diag_errno(errno, "--spool=%s", diag_visible(options->spool_path));
		return -1;
	}
	if (run->reader != NULL)
		reader_begin(run->reader, &run->pump, now);
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
	const int watches = run->reader != NULL ? WATCHES : run->spool != NULL ? READER : SPOOL;
	uint64_t before = loop_now();

	pump_watch(pump, &watch[IN], &watch[OUT]);
	lookout_watch(&run->lookout, watch + BESIDE);
	if (watches > SPOOL)
		watch_spool(run, watch + SPOOL);
	if (run->reader != NULL)
		reader_watch(run->reader, watch + READER);
	if (!loop_wait(watch, watches, only_look ? 0 : nearest_deadline(run)) && !only_look)
		pump_cannot_wait(pump, errno);
	if (!only_look)
		pump_count_wait(pump, loop_now() - before);
	pump_waited(pump, &watch[IN], &watch[OUT]);
	if (run->reader != NULL)
		reader_waited(run->reader, watch + READER);
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

/* A producer that got the same signal may have last words, and ends then.  A file, a device or a terminal has none. */
static void
heed_signals(struct run *run, uint64_t now)
{
	uint64_t timeout_ns = run->options->drain_timeout_ns;

	if (signals_take_report())
		lookout_ask(&run->lookout);
	if (signals_stop() != 0 && run->drain_until_ns == LOOP_FOREVER) {
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
	return signals_stop_again() || (signals_stop() != 0 && now >= run->drain_until_ns);
}

static enum reader_end
reader_of(const struct run *run)
{
	return run->reader != NULL ? reader_state(run->reader) : READER_DONE;
}

static bool
has_failed(const struct run *run)
{
	const enum reader_end reader = reader_of(run);

	if (pump_output(&run->pump) == OUTLET_GONE)
		return run->options->reader.command == NULL && !run->options->reader.outlive; /* else it goes on */
	return pump_output(&run->pump) == OUTLET_ERROR || (reader != READER_GOES_ON && reader != READER_DONE);
}

/* All that came has left, and is confirmed; or after a signal it is where another run finds it. */
static bool
is_over(const struct run *run)
{
	if (run->spool != NULL && signals_stop() != 0 && !pump_is_reading(&run->pump) && pump_is_spooled(&run->pump))
		return true;
	return pump_done(&run->pump) && reader_of(run) == READER_DONE;
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
		trim(run, now);
		if (!pump_is_busy(pump))
			await(run, false);
		else if (++passes % PASSES_BETWEEN_LOOKS == 0)
			await(run, true);
	}
}

/* COMMAND's pipe is closed when it is told to end, and with it what has failed is forgotten. */
static bool
has_failed_to_write(const struct run *run)
{
	return run->write_error != 0 || pump_output(&run->pump) == OUTLET_ERROR;
}

static bool
is_broken(const struct run *run)
{
	return has_failed_to_write(run) || pump_input(&run->pump) == PUMP_READ_ERROR ||
	    reader_of(run) == READER_BROKEN || run->spool_error != 0;
}

/* Nobody reads any more, or answers. */
static bool
is_gone(const struct run *run)
{
	const enum reader_end reader = reader_of(run);

	return pump_output(&run->pump) == OUTLET_GONE || reader == READER_OUTPUT_GONE || reader == READER_SILENT ||
	    reader == READER_ENDED || reader == READER_NO_CREDITS;
}

static void
name_reason(struct ending *ending, const char *reason)
{
	(void)snprintf(ending->reason, sizeof(ending->reason), "%s", reason);
}

/* A reader that has taken all there was is no error. */
static void
look_for_gone(const struct run *run, struct ending *ending)
{
	const struct pump *pump = &run->pump;
	const enum reader_end reader = reader_of(run);

	if (!is_gone(run))
		return;
	name_reason(ending, reader == READER_NO_CREDITS ? "credits ended" : reader == READER_ENDED ? "command ended"
	    : "reader gone");
	if (pump_ledger(pump)->undelivered.bytes == 0 && !pump_left_waiting(pump))
		return;
	if (reader == READER_ENDED && run->command_status != 0)
		return;
	if (reader != READER_NO_CREDITS)
		ending->signal = signals_pipe_ignored() ? 0 : SIGPIPE;
	ending->status = STATUS_ERROR;
}

/* What it was ended by for its reader's sake says nothing of it. */
static bool
command_counts(const struct run *run)
{
	return run->command_status > 0 && (reader_of(run) != READER_OUTPUT_GONE || run->command_status < 128);
}

static void
look_for_command(const struct run *run, struct ending *ending)
{
	if (reader_of(run) == READER_STALLED) {
		name_reason(ending, "stalled");
		ending->status = STATUS_STALLED;
	} else if (command_counts(run)) {
		name_reason(ending, "command ended");
		ending->status = run->command_status;
	}
}

/* Nothing was to be dropped, but what is longer than --max-record cannot be handed over where it has to be confirmed, nor
 * put on disk. */
static bool
was_too_long(const struct run *run)
{
	const struct options *options = run->options;

	return pump_ledger(&run->pump)->dropped[REASON_OVERSIZE].bytes > 0 && !policy_drops(options->policy) &&
	    (options->reader.confirm != CONFIRM_WRITTEN || options->spool_path != NULL);
}

static void
look_for_losses(const struct run *run, struct ending *ending)
{
	const struct ledger *ledger = pump_ledger(&run->pump);
	const bool too_long = ledger->dropped[REASON_OVERSIZE].bytes > 0;

	if (ledger->dropped[REASON_REJECTED].bytes > 0 || was_too_long(run)) {
		name_reason(ending, ledger->dropped[REASON_REJECTED].bytes > 0 ? "rejected" : "record too long");
		ending->status = STATUS_REJECTED;
	} else if (pump_failed(&run->pump)) {
		name_reason(ending, too_long ? "record too long" : "buffer full");
		ending->status = STATUS_DROPPED;
	} else if (run->options->fail_on_drop && ledger_lost(ledger)) {
		name_reason(ending, "records dropped");
		ending->status = STATUS_DROPPED;
	}
}

/* The first cause wins, in the order error, signal, the reader, drop. */
static struct ending
ending_of(const struct run *run)
{
	struct ending ending = { .reason = "end of input" };
	int stop = signals_stop();

	if (is_broken(run)) {
		ending.status = STATUS_ERROR;
		name_reason(&ending, has_failed_to_write(run) ? "write error"
		    : reader_of(run) == READER_BROKEN ? "reader lost"
		    : pump_input(&run->pump) == PUMP_READ_ERROR ? "read error" : "spool error");
		return ending;
	}
	look_for_gone(run, &ending);
	if (stop != 0 && ending.signal == 0 && ending.status == 0) {
		(void)snprintf(ending.reason, sizeof(ending.reason), "signal %s", signals_name(stop));
		ending.signal = stop;
	}
	if (ending.signal != 0)
		ending.status = 128 + ending.signal;
	if (ending.status == 0)
		look_for_command(run, &ending);
	if (ending.status == 0)
		look_for_losses(run, &ending);
	return ending;
}

static void
tell_errors(const struct run *run, const struct ending *ending, bool cut_short)
{
	const struct pump *pump = &run->pump;

	if (pump_input(pump) == PUMP_READ_ERROR)
		diag_errno(pump_input_error(pump), "standard input");
	if (run->write_error != 0)
		diag_errno(run->write_error, "%s", diag_visible(run->options->reader.command[0]));
	else if (has_failed_to_write(run))
		diag_errno(pump_output_error(pump), "standard output");
	if (pump_output(pump) == OUTLET_GONE && ending->status == STATUS_ERROR)
		diag_error("standard output: the reader has gone");
	if (reader_of(run) == READER_ENDED && ending->status == STATUS_ERROR && run->command_status == 0)
		diag_error("%s has ended, and had not taken everything", diag_visible(run->options->reader.command[0]));
	if (cut_short && pump_output(pump) != OUTLET_GONE && run->options->reader.command == NULL)
		diag_error("standard output: the last record was cut short");
	if (ending->status == STATUS_REJECTED && was_too_long(run))
		diag_error("standard input: what was longer than --max-record was dropped");
	if (ending->status == STATUS_DROPPED && pump_failed(pump))
		diag_error("--policy=fail: not read to the end: a record %s",
		    pump_ledger(pump)->dropped[REASON_OVERSIZE].bytes > 0 ? "was longer than --max-record" : "did not fit");
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
run(const struct options *options, int *by_signal)
{
	static struct run run; /* larger than a stack frame should be */
	struct pump *pump = &run.pump;
	struct ending ending;
	uint64_t now, deadline;
	bool cut_short;

	*by_signal = 0;
	if (begin(&run, options) < 0)
		return STATUS_ERROR;
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
	tell_errors(&run, &ending, cut_short);
	ending.status = lookout_close(&run.lookout, ending.status, ending.reason, deadline);
	reader_free(run.reader);
	pump_free(pump);
	spool_free(run.spool);
	*by_signal = ending.signal;
	return ending.status;
}
