/* SPDX-License-Identifier: BSD-2-Clause */
/* See script.h. */
#include "config.h"

#include "flow/replan.h"
#include "os/pipes.h"
#include "os/put.h"
#include "script.h"

#include <errno.h>
#include <stdlib.h>

struct script script;

static size_t
least(uint64_t a, uint64_t b)
{
	return (size_t)(a < b ? a : b);
}

int
script_begin(struct pump *pump, const struct options *options, const struct script_setup *setup,
    uint64_t now_ns)
{
	struct io_port input = { .fd = -1, .way = setup->way, .pipe = script.can_splice };
	struct io_port output = { .fd = -1, .way = setup->way, .output = true, .unit = setup->unit };
	struct queue_limits limits;
	struct watch *watch;
	unsigned marks;

	model_init(script.model, options, script.stream, script.window, setup->unit, now_ns);
	model_mark(script.model, script.marks, options->record_linger_ns);
	script.pump = pump;
	if (pump_init(pump, options, &input, &output, now_ns) < 0)
		return -1;
	outlet_free(&pump->outlet); /* weights are kept, and not written: what leaves is looked at byte by byte */
	model_salt(script.model, pump->salt);
	limits = pump->queue.limits;
	marks = pump->queue.marks;
	watch = pump->queue.watch;
	if (setup->slack == 0 || limits.slack == 0)
		return 0;
	queue_free(&pump->queue);
	limits.slack = setup->slack;
	if (queue_init(&pump->queue, &pump->plan.framing, &limits) < 0)
		return -1;
	pump->queue.marks = marks;
	pump->queue.watch = watch;
	queue_number_from(&pump->queue, pump->heading.records);
	return 0;
}

int
script_replan(struct pump *pump, const struct options *next, const struct script_setup *setup, uint64_t now_ns)
{
	struct queue_limits limits;

	if (pump_replan(pump, next, now_ns) < 0)
		return -1;
	model_replan(script.model, next, now_ns);
	limits = pump->queue.limits;
	if (setup->slack == 0 || limits.slack == 0)
		return 0;
	limits.slack = setup->slack;
	return queue_limit(&pump->queue, &limits);
}

unsigned
script_slowness(void)
{
	const char *under = getenv("WEIR_UNDER");

	return under != NULL && under[0] != '\0' ? 10 : 1;
}

bool
script_pass(struct pump *pump, uint64_t now_ns)
{
	bool readable = script.available > 0 || script.ended || script.failed;

	if (readable)
		pump->input_waits = false;
	model_begin_pass(script.model, readable, readable && !script.read_again && script.takes == UINT64_MAX,
	    script.takes > 0, now_ns);
	pump_pass(pump, now_ns);
	return model_agrees(script.model, pump, now_ns);
}

/* --- input ---------------------------------------------------------------------------------------- */

/* What the input says when it is asked for bytes: how many there are, or why there are none. */
static enum io_result
ask_input(size_t length, size_t *done)
{
	*done = 0;
	if (script.read_again) {
		script.read_again = false;
		return IO_RETRY;
	}
	if (script.available == 0 && script.failed) {
		errno = EIO;
		return IO_ERROR;
	}
	if (script.available == 0)
		return script.ended ? IO_END : IO_AGAIN;
	*done = least(length, script.available);
	return *done == length ? IO_ALL : IO_SHORT;
}

static void
move_input(size_t length)
{
	script.at += length;
	script.available -= length;
}

/* Less than so much, and the input has most likely nothing more. */
#define FEW 4096

/* What has been read is judged piece by piece, with what was kept back in front of it: in these. */
static const struct iovec *
with_kept(const struct iovec *piece, size_t asked)
{
	static struct iovec all[QUEUE_ROOM];
	const size_t kept = (size_t)model_kept(script.model);
	size_t room = 0;

	return kept > 0 && queue_prepare(&script.pump->queue, kept + asked, all, &room) > 0 ? all : piece;
}

enum io_result
io_read(struct io_port *port, const struct iovec *piece, int count, size_t length, size_t *done)
{
	enum io_result result = ask_input(length, done);
	size_t at = 0;

	(void)port;
	for (int i = 0; i < count; i++)
		for (size_t j = 0; j < piece[i].iov_len && at < *done; j++, at++)
			((char *)piece[i].iov_base)[j] = script.stream[(script.at + at) % script.window];
	move_input(*done);
	if (result == IO_END || result == IO_ERROR)
		model_input_over(script.model, result == IO_END ? PUMP_ENDED : PUMP_READ_ERROR, with_kept(piece, length));
	else
		model_read(script.model, length, with_kept(piece, length), *done,
		    result == IO_AGAIN || (result == IO_SHORT && *done < FEW));
	return result;
}

enum io_result
pipes_look(struct io_port *input, void *room, size_t length, size_t *done)
{
	enum io_result result = script.can_look ? ask_input(length, done) : IO_ERROR;

	(void)input;
	if (!script.can_look)
		*done = 0;
	model_looked(script.model, result == IO_END);
	for (size_t i = 0; i < *done; i++)
		((char *)room)[i] = script.stream[(script.at + i) % script.window];
	return result;
}

/* --- output --------------------------------------------------------------------------------------- */

/* length bytes are offered, of which it takes as many as it will. */
static enum io_result
ask_output(size_t length, bool whole, size_t *done)
{
	*done = 0;
	if (script.write_again) {
		script.write_again = false;
		return IO_RETRY;
	}
	if (script.gone)
		return IO_GONE;
	if (script.write_failed) {
		errno = ENOSPC;
		return IO_ERROR;
	}
	if (script.takes == 0 || (whole && script.takes < length))
		return IO_AGAIN;
	*done = least(length, script.takes);
	return *done == length ? IO_ALL : IO_SHORT;
}

enum io_result
io_write(struct io_port *port, const struct iovec *piece, int count, size_t length, size_t *done)
{
	enum io_result result = ask_output(length, script.whole && length <= port->unit, done);

	script.takes -= *done;
	model_offered(script.model, 0, piece, count, length);
	model_took(script.model, result, *done);
	return result;
}

bool
io_has_room(const struct io_port *output)
{
	(void)output;
	return script.takes > 0;
}

/* --- from pipe to pipe ----------------------------------------------------------------------------- */

bool
pipes_can_splice(const struct io_port *input, const struct io_port *output)
{
	(void)input;
	(void)output;
	return script.can_splice;
}

enum io_result
pipes_splice(struct io_port *input, struct io_port *output, size_t length, size_t *done)
{
	enum io_result result = ask_output(length, false, done);

	(void)input;
	(void)output;
	if (*done > 0 || script.available == 0)
		result = ask_input(*done > 0 ? *done : length, done);
	if (result == IO_ALL && *done < length)
		result = IO_SHORT;
	script.takes -= *done;
	move_input(*done);
	model_spliced(script.model, result, *done);
	if (result == IO_END)
		model_input_over(script.model, PUMP_ENDED, NULL);
	return result;
}

size_t
pipes_batch_room(struct io_port *port)
{
	(void)port;
	script.chunks = script.staged = 0;
	return script.batch_room;
}

bool
pipes_batch_add(struct io_port *port, const struct iovec *piece, int count, size_t length)
{
	(void)port;
	if (script.chunks == SCRIPT_CHUNKS)
		return false;
	model_offered(script.model, script.staged, piece, count, length);
	script.chunk[script.chunks++] = length;
	script.staged += length;
	return true;
}

/* Whole chunks, as many as it takes. */
enum io_result
pipes_batch_write(struct io_port *port, size_t *done)
{
	enum io_result result = ask_output(script.staged, false, done);
	size_t sum = 0;

	(void)port;
	for (size_t i = 0; i < script.chunks && sum + script.chunk[i] <= *done; i++)
		sum += script.chunk[i];
	if (result == IO_SHORT && sum == 0)
		result = IO_AGAIN;
	*done = sum;
	script.takes -= sum;
	model_took(script.model, result, sum);
	return result;
}

/* --- nothing that a pass asks for ------------------------------------------------------------------- */

/* Each must be here all the same: see script.h. */

void
io_open_input(struct io_port *port, int fd)
{
	*port = (struct io_port){ .fd = fd };
}

void
io_open_output(struct io_port *port, int fd)
{
	*port = (struct io_port){ .fd = fd, .output = true };
}

int
io_close(struct io_port *port)
{
	(void)port;
	return 0;
}

bool
put_all(struct io_port *port, const char *text, size_t length, uint64_t deadline_ns)
{
	(void)port;
	(void)text;
	(void)length;
	(void)deadline_ns;
	abort();
}

void
pipes_enlarge(const struct io_port *port, size_t bytes)
{
	(void)port;
	(void)bytes;
	abort();
}

bool
pipes_unread(const struct io_port *port, uint64_t *bytes)
{
	(void)port;
	(void)bytes;
	abort();
}

bool
io_waiting(const struct io_port *port)
{
	(void)port;
	abort();
}

bool
io_same_file(const struct io_port *input, const struct io_port *output)
{
	(void)input;
	(void)output;
	abort();
}
