/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "ending.h"
#include "os/diag.h"
#include "os/signals.h"

#include <stdio.h>

/* EXIT STATUS in weir(1). */
#define STATUS_ERROR 1
#define STATUS_DROPPED 3
#define STATUS_STALLED 4
#define STATUS_REJECTED 5

enum reader_end
run_reader(const struct run *run)
{
	return run->reader != NULL ? reader_state(run->reader) : READER_DONE;
}

/* COMMAND's pipe is closed when it is told to end, and with it what has failed is forgotten. */
static bool
has_failed_to_write(const struct run *run)
{
	return run->write_error != 0 || pump_output(&run->pump) == OUTLET_ERROR;
}

/* No length could say how long it would be with its number. */
static bool
is_too_long_for_number(const struct run *run)
{
	struct inside_misfit misfit;

	return pump_misfit(&run->pump, &misfit);
}

static bool
is_broken(const struct run *run)
{
	return has_failed_to_write(run) || pump_input(&run->pump) == PUMP_READ_ERROR || pump_input(&run->pump) == PUMP_MISFRAMED ||
	    pump_header_too_long(&run->pump) ||
	    run_reader(run) == READER_BROKEN || run->spool_error != 0;
}

/* Nobody reads any more, or answers. */
static bool
is_gone(const struct run *run)
{
	const enum reader_end reader = run_reader(run);

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
	const enum reader_end reader = run_reader(run);

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
	return run->command_status > 0 && (run_reader(run) != READER_OUTPUT_GONE || run->command_status < 128);
}

static void
look_for_command(const struct run *run, struct ending *ending)
{
	if (run_reader(run) == READER_STALLED) {
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

struct ending
ending_of(const struct run *run)
{
	struct ending ending = { .reason = "end of input" };
	int stop = signals_stop();

	if (is_broken(run)) {
		ending.status = STATUS_ERROR;
		name_reason(&ending, is_too_long_for_number(run) ? "no room for number"
		    : has_failed_to_write(run) ? "write error"
		    : run_reader(run) == READER_BROKEN ? "reader lost"
		    : pump_input(&run->pump) == PUMP_READ_ERROR ? "read error"
		    : pump_input(&run->pump) == PUMP_MISFRAMED ? "no record"
		    : pump_header_too_long(&run->pump) ? "header too long" : "spool error");
		return ending;
	}
	look_for_gone(run, &ending);
	if (stop != 0 && ending.signal == 0 && ending.status == 0) {
		(void)snprintf(ending.reason, sizeof(ending.reason), "signal %s", signals_name(stop));
		ending.signal = stop;
	}
	if (ending.signal != 0)
		ending.status = 128 + ending.signal;
	if (ending.status == 0 && control_drains(run->control)) {
		name_reason(&ending, "drained");
		return ending;
	}
	if (ending.status == 0)
		look_for_command(run, &ending);
	if (ending.status == 0)
		look_for_losses(run, &ending);
	return ending;
}

static void
tell_misframed(const struct pump *pump)
{
	enum frame_format wanted;
	const uint64_t at = pump_misframed_at(pump, &wanted);

	diag_error("--frame=%s: standard input: no record at byte %llu; accepted: %s",
	    frame_name(wanted), (unsigned long long)at, frame_wanted(wanted));
}

static void
tell_write_error(const struct run *run)
{
	struct inside_misfit misfit;
	char text[INSIDE_TELL_MOST];

	if (pump_misfit(&run->pump, &misfit)) {
		inside_tell(text, &misfit);
		diag_error("%s", text);
	} else if (run->write_error != 0) {
		diag_errno(run->write_error, "%s", diag_visible(run->options->reader.command[0]));
	} else if (has_failed_to_write(run)) {
		diag_errno(pump_output_error(&run->pump), "standard output");
	}
}

void
ending_tell(const struct run *run, const struct ending *ending, bool cut_short)
{
	const struct pump *pump = &run->pump;

	if (pump_input(pump) == PUMP_READ_ERROR)
		diag_errno(pump_input_error(pump), "standard input");
	if (pump_input(pump) == PUMP_MISFRAMED)
		tell_misframed(pump);
	if (pump_ended_within(pump))
		diag_note("standard input: it ended within a record, which is left as it came");
	if (pump_header_too_long(pump))
		diag_error("--header=%llu: not read to the end: one of these records is longer than --max-record",
		    (unsigned long long)run->options->header_records);
	tell_write_error(run);
	if (pump_output(pump) == OUTLET_GONE && ending->status == STATUS_ERROR)
		diag_error("standard output: the reader has gone");
	if (run_reader(run) == READER_ENDED && ending->status == STATUS_ERROR && run->command_status == 0)
		diag_error("%s has ended, and had not taken everything", diag_visible(run->options->reader.command[0]));
	if (cut_short && pump_output(pump) != OUTLET_GONE && run->options->reader.command == NULL)
		diag_error("standard output: the last record was cut short");
	if (ending->status == STATUS_REJECTED && was_too_long(run))
		diag_error("standard input: what was longer than --max-record was dropped");
	if (ending->status == STATUS_DROPPED && pump_failed(pump))
		diag_error("--policy=fail: not read to the end: a record %s",
		    pump_ledger(pump)->dropped[REASON_OVERSIZE].bytes > 0 ? "was longer than --max-record" : "did not fit");
}
