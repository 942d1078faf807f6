/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/bypass.h"
#include "flow/plan.h"
#include "os/pipes.h"

#include <stdlib.h>

/* One splice. */
#define SPLICE_MOST ((size_t)1 << 20)

/* Bytes of which the records are counted are looked at before they are spliced, at most this many at once,
 * and they are again read and written when fewer come. */
#define LOOK_MOST PLAN_READ_MOST
#define LOOK_LEAST ((size_t)16 << 10)

/* A read that brings this much shows that splicing pays. */
#define BULK ((size_t)128 << 10)

/* What has gone by when the pipes are made larger: a quarter of a second at 256 MB/s. */
#define GROW_AFTER (UINT64_C(64) << 20)

/* How long a full output is waited for. */
#define HOLD_NS (2 * NS_PER_MS)

void
bypass_init(struct bypass *bypass, bool able, bool looking)
{
	*bypass = (struct bypass){ .able = able, .bulk = !looking };
}

void
bypass_free(struct bypass *bypass)
{
	free(bypass->look_room);
	bypass->look_room = NULL;
}

void
bypass_grow(struct bypass *bypass, size_t bytes)
{
	bypass->grow_to = bytes;
}

void
bypass_allow(struct bypass *bypass, bool able)
{
	bypass->able = able;
	bypass->looked_length = 0;
	bypass_let_go(bypass);
}

bool
bypass_is_open(const struct bypass *bypass)
{
	return bypass->able && bypass->bulk;
}

/* Copies what the input holds, so that it can be counted once it has been moved. */
static enum io_result
look(struct bypass *bypass, struct io_port *input)
{
	enum io_result result;

	if (bypass->look_room == NULL && (bypass->look_room = malloc(LOOK_MOST)) == NULL)
		return IO_ERROR;
	result = pipes_look(input, bypass->look_room, LOOK_MOST, &bypass->looked_length);
	bypass->looked = bypass->look_room;
	if (bypass->looked_length > 0 && bypass->looked_length < LOOK_LEAST)
		bypass->bulk = false;
	return result;
}

/* The output is full, or nothing is there to read. */
static enum bypass_state
refused(struct bypass *bypass, const struct io_port *output, uint64_t now_ns)
{
	if (io_has_room(output)) {
		bypass->looked_length = 0; /* somebody else has read it */
		return BYPASS_DRY;
	}
	if (bypass->hold_until_ns == 0)
		bypass->hold_until_ns = now_ns + HOLD_NS;
	return BYPASS_FULL;
}

/* done bytes have been moved, in and out at once. */
static void
pass_by(struct bypass *bypass, const struct bypass_road *road, size_t done)
{
	uint64_t ends = intake_pass(road->intake, road->ledger, bypass->looked, done);

	ledger_count(&road->ledger->out, ends, done);
	queue_note_passed(road->queue, ends);
	queue_pass(road->queue, road->intake->open);
	if (bypass->looked_length > 0) {
		bypass->looked += done;
		bypass->looked_length -= done;
	}
}

/* So many more have gone by. */
static void
grow(struct bypass *bypass, const struct bypass_road *road, size_t done)
{
	bypass->small_bytes += done;
	if (bypass->small_bytes < GROW_AFTER)
		return;
	pipes_enlarge(road->input, bypass->grow_to);
	pipes_enlarge(road->output, bypass->grow_to);
	bypass->grow_to = 0;
}

enum bypass_state
bypass_move(struct bypass *bypass, const struct bypass_road *road, size_t budget, uint64_t now_ns)
{
	bool blind = !framing_delimited(&road->intake->framing);
	size_t sum = 0;
	size_t done = 0;

	while (sum < budget && bypass->bulk) {
		enum io_result result = blind || bypass->looked_length > 0 ? IO_ALL : look(bypass, road->input);

		if (result == IO_ALL || result == IO_SHORT)
			result = pipes_splice(road->input, road->output, blind ? SPLICE_MOST : bypass->looked_length, &done);
		switch (result) {
		case IO_ALL:
		case IO_SHORT:
			pass_by(bypass, road, done);
			if (bypass->grow_to > 0)
				grow(bypass, road, done);
			sum += done;
			break;
		case IO_RETRY:
			break;
		case IO_AGAIN:
			return refused(bypass, road->output, now_ns);
		case IO_END:
			return BYPASS_ENDED;
		case IO_GONE:
			return BYPASS_GONE;
		case IO_ERROR:
			bypass->able = false; /* the kernel will not: read and write tell, if need be */
			return BYPASS_MORE;
		}
	}
	return BYPASS_MORE;
}

void
bypass_was_read(struct bypass *bypass, size_t done)
{
	bypass->looked_length = 0;
	bypass->bulk |= done >= BULK;
}

size_t
bypass_rest_of_record(struct bypass *bypass, struct io_port *input, const struct intake *intake)
{
	const struct framing *framing = &intake->framing;
	enum io_result result;
	size_t end;

	if (framing->kind == FRAMING_FIXED) {
		uint64_t left = framing->size - intake->open;
		return left < PLAN_READ_MOST ? (size_t)left : PLAN_READ_MOST;
	}
	result = look(bypass, input);
	if (result != IO_ALL && result != IO_SHORT)
		return 1;
	end = record_first(framing, intake->open, bypass->looked, bypass->looked_length);
	return end > 0 ? end : bypass->looked_length;
}

bool
bypass_is_holding(const struct bypass *bypass)
{
	return bypass->hold_until_ns != 0;
}

uint64_t
bypass_due_ns(const struct bypass *bypass)
{
	return bypass->hold_until_ns != 0 ? bypass->hold_until_ns : UINT64_MAX;
}

bool
bypass_has_held(const struct bypass *bypass, uint64_t now_ns)
{
	return bypass->hold_until_ns != 0 && now_ns >= bypass->hold_until_ns;
}

void
bypass_let_go(struct bypass *bypass)
{
	bypass->hold_until_ns = 0;
}
