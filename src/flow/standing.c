/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How things stand in the pump, for those outside: its run, and those that tell of it.
 */
#include "config.h"

#include "flow/numbers.h"
#include "flow/pump.h"
#include "flow/spooling.h"
#include "os/pipes.h"

#include <errno.h>

/* --- waiting ------------------------------------------------------------------------------------- */

enum pump_input
pump_input(const struct pump *pump)
{
	return pump->input;
}

enum outlet_state
pump_output(const struct pump *pump)
{
	return pump->output;
}

bool
pump_is_busy(const struct pump *pump)
{
	return (pump_wants_input(pump) && !pump->input_waits) || pump->output == OUTLET_MORE ||
	    (pump->output == OUTLET_EMPTY && spooling_is_ready(pump));
}

enum awaited
pump_awaited(const struct pump *pump)
{
	if (pump->output == OUTLET_HELD)
		return outlet_awaited(&pump->outlet);
	return pump->output == OUTLET_REFUSED || !pump_is_reading(pump) ? WAIT_OUTPUT : WAIT_INPUT;
}

/* Batches are written where nobody waits. */
static bool
has_port(const struct pump *pump)
{
	return !pump->outlet.absent && !pump->plan.batching;
}

void
pump_watch(const struct pump *pump, struct loop_watch *input, struct loop_watch *output)
{
	*input = (struct loop_watch){ .fd = pump_wants_input(pump) ? io_fd(&pump->input_port) : -1, .input = true };
	*output = (struct loop_watch){ .fd = has_port(pump) ? io_fd(&pump->outlet.port) : -1, .output = pump->output == OUTLET_REFUSED };
}

void
pump_waited(struct pump *pump, const struct loop_watch *input, const struct loop_watch *output)
{
	if (input->ready)
		pump->input_waits = false;
	if (output->gone) {
		pump->outlet.error = io_output_error(&pump->outlet.port);
		pump->output = pump->outlet.error == 0 ? OUTLET_GONE : OUTLET_ERROR;
	}
}

void
pump_count_wait(struct pump *pump, uint64_t ns)
{
	pump->ledger.waited_ns[pump_awaited(pump)] += ns;
}

void
pump_cannot_wait(struct pump *pump, int error)
{
	if (pump_awaited(pump) == WAIT_INPUT) {
		pump->input = PUMP_READ_ERROR;
		pump->error = error;
	} else {
		pump->output = OUTLET_ERROR;
		pump->outlet.error = error;
	}
}

bool
pump_trimmable(const struct pump *pump)
{
	return queue_trimmable(&pump->queue);
}

bool
pump_trim(struct pump *pump)
{
	return queue_trim(&pump->queue);
}

/* --- ending -------------------------------------------------------------------------------------- */

bool
pump_has_producer(const struct pump *pump)
{
	return io_has_producer(&pump->input_port);
}

bool
pump_left_waiting(const struct pump *pump)
{
	return pump->left_waiting;
}

void
pump_close_output(struct pump *pump)
{
	if (has_port(pump) && io_close(&pump->outlet.port) < 0 && pump->output != OUTLET_ERROR) {
		pump->output = OUTLET_ERROR;
		pump->outlet.error = errno;
	}
}

bool
pump_cut_short(const struct pump *pump)
{
	return pump->plan.framing.kind != FRAMING_BYTES &&
	    (queue_part_sent(&pump->queue) || (heading_is_on(&pump->heading) && queue_part_sent(&pump->heading.queue)) ||
	    outlet_mark_begun(&pump->outlet));
}

bool
pump_ended_within(const struct pump *pump)
{
	return pump->input == PUMP_ENDED && framer_is_cut(&pump->framer);
}

uint64_t
pump_misframed_at(const struct pump *pump, enum frame_format *wanted)
{
	*wanted = pump->framer.framing.format;
	return pump->framer.passed + 1;
}

int
pump_input_error(const struct pump *pump)
{
	return pump->error;
}

bool
pump_misfit(const struct pump *pump, struct inside_misfit *misfit)
{
	const struct inside_misfit *found = numbers_misfit(&pump->outlet.numbers);

	if (found != NULL)
		*misfit = *found;
	return found != NULL;
}

int
pump_output_error(const struct pump *pump)
{
	return pump->outlet.error;
}

bool
pump_failed(const struct pump *pump)
{
	return pump->failed;
}

/* --- figures ------------------------------------------------------------------------------------- */

const struct options *
pump_options(const struct pump *pump)
{
	return pump->options;
}

const struct tuning *
pump_tuning(const struct pump *pump)
{
	return &pump->tuning;
}

const struct ledger *
pump_ledger(const struct pump *pump)
{
	return &pump->ledger;
}

struct sojourn *
pump_sojourn(const struct pump *pump)
{
	return pump->sojourn;
}

uint64_t
pump_overruns(const struct pump *pump)
{
	return io_overruns(&pump->input_port);
}

bool
pump_output_unread(const struct pump *pump, uint64_t *bytes)
{
	return has_port(pump) && pipes_unread(&pump->outlet.port, bytes);
}

bool
pump_reader_gone(const struct pump *pump)
{
	return pump->output == OUTLET_GONE || (has_port(pump) && loop_gone(io_fd(&pump->outlet.port)));
}
