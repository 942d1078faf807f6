/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/pieces.h"
#include "flow/fill.h"

#include <assert.h>
#include <errno.h>

/* What is kept back has room in what is ever read at once, and something more. */
static_assert(FRAMER_KEPT < (QUEUE_ROOM - 1) * CHAIN_SEGMENT, "a line is told before memory for it lacks");

/* A read that brings less has most likely emptied the input: poll tells, rather than another read. */
#define READ_FEW 4096

static bool
is_noted(const struct pump *pump)
{
	return framing_noted(&pump->plan.framing);
}

/* The record that was passed on last has ended. */
static void
end_open(struct pump *pump, bool reading)
{
	intake_end_open(&pump->intake, spooling_arrivals(pump), spooling_loss(pump), reading);
}

/* Nothing of what begins there is a record: it goes nowhere, and nothing more is read. */
static void
misframe(struct pump *pump, size_t length)
{
	ledger_count(&pump->ledger.in, 0, length);
	ledger_count(&pump->ledger.undelivered, 0, length);
	pump->input = PUMP_MISFRAMED;
}

/* Where it ends is noted; returns how much of it is passed on. */
static size_t
frame(struct pump *pump, const struct iovec *piece, size_t length, bool all)
{
	const struct framed framed = framer_look(&pump->framer, piece, length, all);

	if (framed.ends_before)
		end_open(pump, true);
	return framed.length;
}

/* These bytes have come; `all`: no more will. */
static void
take(struct pump *pump, const struct iovec *piece, size_t length, bool all)
{
	size_t done = length;

	if (is_noted(pump))
		done = frame(pump, piece, length, all);
	if (pump->taps != NULL && done > 0)
		tap_see(pump->taps, &pump->plan.framing, pump->intake.open, piece, done);
	if (done > 0)
		intake_take(&pump->intake, spooling_arrivals(pump), spooling_loss(pump), piece, done);
	if (is_noted(pump) && pump->framer.wrong && pump_is_reading(pump))
		misframe(pump, length - done);
}

/* Into the pieces, behind what is kept of what was read before. */
static enum io_result
read_behind(struct pump *pump, const struct iovec *piece, int pieces, size_t kept, size_t length, size_t *done)
{
	struct iovec rest[QUEUE_ROOM];

	if (kept == 0)
		return io_read(&pump->input_port, piece, pieces, length, done);
	return io_read(&pump->input_port, rest, pieces_behind(rest, piece, pieces, kept), length - kept, done);
}

/* What is left of it is the last. */
static void
end(struct pump *pump, const struct iovec *piece, size_t kept)
{
	if (kept > 0)
		take(pump, piece, kept, true);
	fill_stop(pump);
	intake_end(&pump->intake, spooling_arrivals(pump), spooling_loss(pump));
	if (pump_is_reading(pump))
		pump->input = PUMP_ENDED;
}

void
fill(struct pump *pump)
{
	struct iovec piece[QUEUE_ROOM];
	size_t length, done, kept, most = PLAN_READ_MOST;
	enum io_result result;
	int pieces;

	if (pump->input == PUMP_FINISHING && is_noted(pump))
		most = framer_rest(&pump->framer) < most ? (size_t)framer_rest(&pump->framer) : most;
	else if (pump->input == PUMP_FINISHING)
		most = bypass_rest_of_record(&pump->bypass, &pump->input_port, &pump->intake);
	else if (!pump->plan.spooled) /* and with it what was read before */
		most = policy_portion(pump->plan.policy, &pump->shed, &pump->queue, most) + (size_t)fill_kept(pump);
	pieces = queue_prepare(spooling_arrivals(pump), most, piece, &length);
	if (length <= fill_kept(pump))
		return; /* it waits, whole, for what is held to become less: the buffer may be smaller than it was */
	kept = is_noted(pump) ? framer_resume(&pump->framer, piece, length) : 0;
	result = read_behind(pump, piece, pieces, kept, length, &done);
	if (result != IO_RETRY)
		bypass_was_read(&pump->bypass, done);
	if (done > 0)
		pump->came_ns = loss_now_ns(&pump->loss);
	switch (result) {
	case IO_ALL:
		take(pump, piece, kept + done, false);
		break;
	case IO_SHORT:
		take(pump, piece, kept + done, false);
		pump->input_waits = done < READ_FEW;
		break;
	case IO_AGAIN:
		pump->input_waits = true;
		break;
	case IO_RETRY:
		break;
	case IO_END:
		end(pump, piece, kept);
		break;
	case IO_GONE:
	case IO_ERROR:
		pump->error = errno;
		pump->input = PUMP_READ_ERROR;
		break;
	}
	if (pump->input == PUMP_FINISHING)
		fill_stop(pump); /* of a line that was begun the end is here: more of the record is not waited for */
	if ((pump->input == PUMP_FINISHING && pump->intake.open == 0) || (pump_header_too_long(pump) && pump_is_reading(pump)))
		pump->input = PUMP_STOPPED;
}

/* --- lines that are joined -------------------------------------------------------------------------- */

static bool
waits_for_lines(const struct pump *pump)
{
	return pump->plan.framing.kind == FRAMING_JOINED && framer_waits(&pump->framer);
}

uint64_t
fill_due_ns(const struct pump *pump)
{
	return waits_for_lines(pump) && pump->input_waits && pump_wants_input(pump)
	    ? pump->came_ns + pump->options->record_linger_ns : UINT64_MAX;
}

void
fill_linger(struct pump *pump, uint64_t now_ns)
{
	if (now_ns >= fill_due_ns(pump))
		fill_stop(pump);
}

void
fill_stop(struct pump *pump)
{
	if (!waits_for_lines(pump))
		return;
	end_open(pump, false);
	framer_break(&pump->framer);
}

uint64_t
fill_kept(const struct pump *pump)
{
	return is_noted(pump) ? pump->framer.kept_length : 0;
}
