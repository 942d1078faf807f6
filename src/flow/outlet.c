/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/pieces.h"
#include "flow/numbers.h"
#include "flow/outlet.h"
#include "hold/fit.h"
#include "os/pipes.h"

#include <errno.h>

/* The most in one write: more would let a slow disk keep the input waiting. */
#define WRITE_MOST ((size_t)1 << 20)

/* Of whole records, the most that one offer looks for: half of what a read brings, so that the reader is at
 * work on one half while the other is made up. */
#define BATCH_MOST ((size_t)128 << 10)

/* In one write where what has left is kept. */
#define KEPT_MOST ((size_t)512 << 10)
#define RECORDS_MOST ((size_t)4096)

/* What a mark counts for in a drain's budget, whatever its length: each is a write of its own, and many of them
 * with short records between must not keep the input waiting. */
#define MARK_WEIGHT 128

void
outlet_init(struct outlet *outlet, bool stream, size_t parts_from, const struct rate *rate,
    uint64_t burst, uint64_t now_ns)
{
	outlet->stream = stream;
	outlet->parts_from = parts_from;
	outlet->marks = NULL;
	outlet->input_over = false;
	outlet->flight = NULL;
	outlet->taps = NULL;
	outlet->absent = false;
	outlet->numbers = (struct numbers){ .template = NULL };
	outlet->marks_answered = false;
	toll_init(&outlet->toll, rate, burst, now_ns);
}

void
outlet_set_flight(struct outlet *outlet, struct flight *flight, const struct tally *window, bool answered)
{
	outlet->flight = flight;
	outlet->marks_answered = answered;
	toll_set_flight(&outlet->toll, flight, window);
}

void
outlet_change_reader(struct outlet *outlet, const struct io_port *port)
{
	outlet->absent = port == NULL;
	if (port == NULL)
		return;
	outlet->port = *port;
	marks_restart(outlet->marks);
	numbers_restart(&outlet->numbers, outlet->flight);
	if (outlet->flight != NULL)
		flight_restart(outlet->flight);
}

int
outlet_number(struct outlet *outlet, const char *template, struct serials *serials)
{
	return numbers_init(&outlet->numbers, template, serials);
}

int
outlet_weigh(struct outlet *outlet, const char *template, struct weights *weights, struct serials *serials)
{
	return numbers_weigh(&outlet->numbers, template, weights, serials);
}

void
outlet_free(struct outlet *outlet)
{
	numbers_free(&outlet->numbers);
}

enum awaited
outlet_awaited(const struct outlet *outlet)
{
	return toll_awaited(&outlet->toll);
}

uint64_t
outlet_due_ns(const struct outlet *outlet)
{
	return toll_due_ns(&outlet->toll);
}

/* --- marks -------------------------------------------------------------------------------------- */

bool
outlet_mark_begun(const struct outlet *outlet)
{
	return marks_begun(outlet->marks);
}

/* The gap that nothing stands before any more, or NULL. */
static const struct gap *
gap_here(const struct outlet *outlet, const struct queue *queue)
{
	const struct gap *gap = marks_first(outlet->marks);

	return gap != NULL && gap->at == queue_first(queue) && !queue_part_sent(queue) ? gap : NULL;
}

uint64_t
outlet_mark_due_ns(const struct outlet *outlet, const struct queue *queue)
{
	const struct gap *gap = gap_here(outlet, queue);

	return gap != NULL && !outlet_mark_begun(outlet) && !outlet->absent ? gap->due_ns : UINT64_MAX;
}

/* Whole records that may leave before the next gap. */
static uint64_t
before_gap(const struct outlet *outlet, const struct queue *queue)
{
	const struct gap *gap = marks_first(outlet->marks);

	return gap != NULL ? gap->at - queue_first(queue) : UINT64_MAX;
}

/* Where none is part-sent: whether a record is here, or as much of one as leaves in parts. */
static bool
is_next_here(const struct outlet *outlet, const struct queue *queue)
{
	return queue_is_ready(queue) || queue_held(queue).bytes >= outlet->parts_from;
}

/* Whether a mark has to leave before anything else: a record behind the gap, or the first part of one. */
static bool
is_mark_due(const struct outlet *outlet, const struct queue *queue, uint64_t now_ns)
{
	return gap_here(outlet, queue) != NULL &&
	    (is_next_here(outlet, queue) || outlet->input_over ||
	    now_ns >= outlet_mark_due_ns(outlet, queue));
}

/* Sends the mark that is due, or the rest of one; EMPTY when that is done. */
static enum outlet_state
send_mark(struct outlet *outlet, struct ledger *ledger, uint64_t now_ns)
{
	struct marks *marks = outlet->marks;
	const bool begun = marks_begun(marks);
	struct iovec mark = marks_next(marks, now_ns, outlet->numbers.template,
	    serials_next(outlet->numbers.serials) - 1);
	enum io_result result;
	bool is_out;
	size_t done;

	if (!begun && !toll_mark(&outlet->toll, mark.iov_len, now_ns)) {
		marks_put_off(marks);
		return OUTLET_HELD;
	}
	if (outlet->marks_answered && flight_room(outlet->flight, 1) == 0) {
		outlet->error = errno; /* else its answer would be taken for that of the record behind it */
		return OUTLET_ERROR;
	}
	result = io_write(&outlet->port, &mark, 1, mark.iov_len, &done);
	switch (result) {
	case IO_ALL:
	case IO_SHORT:
		if (!begun)
			toll_mark_left(&outlet->toll, mark.iov_len);
		is_out = marks_leave(marks, done);
		ledger_count(&ledger->marks, is_out, done);
		if (outlet->flight != NULL)
			flight_keep_mark(outlet->flight, done, outlet->marks_answered && is_out);
		return result == IO_ALL ? OUTLET_EMPTY : OUTLET_REFUSED;
	case IO_RETRY:
	case IO_AGAIN:
		marks_put_off(marks);
		return OUTLET_REFUSED;
	case IO_GONE:
		return OUTLET_GONE;
	case IO_END:
	case IO_ERROR:
		break;
	}
	outlet->error = errno;
	return OUTLET_ERROR;
}

/* --- records ------------------------------------------------------------------------------------ */

static size_t
write_most(const struct outlet *outlet)
{
	return outlet->flight != NULL ? KEPT_MOST : WRITE_MOST;
}

/* What is at the head, and how much of it would leave if nothing held it; false where nothing may leave yet. */
static bool
is_something_next(const struct outlet *outlet, struct queue *queue, struct toll_ask *ask)
{
	size_t held = (size_t)queue_held(queue).bytes;

	if (held == 0)
		return false;
	if (outlet->stream)
		*ask = (struct toll_ask){ .form = TOLL_STREAM, .most = held < write_most(outlet) ? held : write_most(outlet),
			.records = UINT64_MAX };
	else if (queue_part_sent(queue))
		*ask = (struct toll_ask){ .form = TOLL_REST, .most = queue_rest(queue) };
	else if (queue_is_ready(queue))
		*ask = (struct toll_ask){ TOLL_WHOLE, BATCH_MOST, before_gap(outlet, queue), io_unit(&outlet->port) };
	else
		*ask = (struct toll_ask){ .form = TOLL_PART, .most = held };
	return ask->form != TOLL_PART || held >= outlet->parts_from;
}

size_t
outlet_unfinished(const struct outlet *outlet, const struct queue *queue)
{
	const size_t partial = queue_partial(queue);

	return outlet->stream || queue_sends_unread(queue) || partial >= outlet->parts_from ? 0 : partial;
}

/* There is memory for what is to be known of so many records more: false where there is none at all. */
static bool
make_room(struct outlet *outlet, struct toll_ask *ask)
{
	const size_t room = flight_counts_only(outlet->flight) ? RECORDS_MOST : flight_room(outlet->flight, RECORDS_MOST);

	if (room == 0)
		outlet->error = errno;
	if (ask->records > room)
		ask->records = room;
	return room > 0;
}

/* At most length bytes have been handed over: the first of what is held; returns how many could be seen at once. */
static size_t
keep_some(struct flight *flight, struct queue *queue, struct ledger *ledger, size_t length)
{
	struct iovec piece[QUEUE_PIECES];
	const bool was_begun = queue_part_sent(queue);
	uint64_t ended, seen = 0;

	if (!flight_counts_only(flight)) {
		(void)queue_peek(queue, 0, &length, piece);
		seen = flight_keep(flight, piece, length);
	}
	ended = queue_take(queue, length);
	if (flight_counts_only(flight))
		flight_count(flight, length, ended + queue_part_sent(queue) - was_begun, ended);
	else if (ended > seen)
		flight_end(flight);
	ledger_count(&ledger->sent, ended, length);
	return length;
}

/* The first length bytes of what is held have left. */
static void
show(const struct outlet *outlet, const struct queue *queue, size_t length)
{
	struct iovec piece[QUEUE_PIECES];

	(void)queue_peek(queue, 0, &length, piece);
	tap_see_behind(outlet->taps, queue_framing(queue), queue_rest(queue), piece, length);
}

void
outlet_account(struct outlet *outlet, struct queue *queue, struct ledger *ledger, size_t done, uint64_t *ended)
{
	const struct tally sent = ledger->sent, out = ledger->out;
	const bool was_begun = queue_part_sent(queue);
	uint64_t now_ended;

	if (done == 0)
		return;
	if (outlet->taps != NULL)
		show(outlet, queue, done);
	if (outlet->flight != NULL) {
		for (size_t left = done; left > 0;)
			left -= keep_some(outlet->flight, queue, ledger, left);
		queue_take_up(queue, flight_used(outlet->flight));
		now_ended = ledger->sent.records - sent.records;
	} else {
		ledger_count(&ledger->out, queue_take(queue, done), done);
		now_ended = ledger->out.records - out.records;
	}
	*ended += now_ended;
	numbers_leave(outlet, now_ended + queue_part_sent(queue) - was_begun);
}

/* queue_peek, where fewer bytes are to be whole records, too; but for part of one that is longer. */
static int
peek_whole(const struct queue *queue, size_t offset, size_t *length, struct iovec piece[QUEUE_PIECES])
{
	size_t wanted = *length, whole;
	int pieces = queue_peek(queue, offset, length, piece);

	if (*length == wanted || (whole = queue_whole_from(queue, offset, *length)) == 0)
		return pieces;
	*length = whole;
	return queue_peek(queue, offset, length, piece);
}

/* Whole records, length bytes: in chunks of at most a unit each, many of them at once where that can be
 * done; or one record that is longer. */
static enum io_result
write_whole(struct outlet *outlet, struct queue *queue, size_t length, size_t *done)
{
	struct io_port *port = &outlet->port;
	size_t room = length > 2 * io_unit(port) ? pipes_batch_room(port) : 0;
	size_t at = 0;
	struct iovec piece[QUEUE_PIECES];
	size_t chunk;
	int pieces;

	while (room-- > 0 && at < length) {
		size_t left = length - at;
		chunk = queue_whole_from(queue, at, left < io_unit(port) ? left : io_unit(port));
		pieces = peek_whole(queue, at, &chunk, piece);
		if (chunk == 0 || !pipes_batch_add(port, piece, pieces, chunk))
			break;
		at += chunk;
	}
	if (at > 0)
		return pipes_batch_write(port, done);
	chunk = length <= io_unit(port) ? length : queue_whole_from(queue, 0, io_unit(port));
	if (chunk == 0) {
		chunk = queue_head(queue);
		if (chunk > write_most(outlet))
			chunk = write_most(outlet);
	}
	pieces = peek_whole(queue, 0, &chunk, piece);
	return io_write(port, piece, pieces, chunk, done);
}

static enum io_result
write_some(struct outlet *outlet, struct queue *queue, enum toll_form form, size_t length, size_t *done)
{
	struct iovec piece[QUEUE_PIECES];
	int pieces;

	if (form == TOLL_WHOLE)
		return write_whole(outlet, queue, length, done);
	if (length > write_most(outlet))
		length = write_most(outlet);
	pieces = queue_peek(queue, 0, &length, piece);
	if (form == TOLL_REST && numbers_has_head(&outlet->numbers))
		return numbers_write_rest(outlet, piece, pieces, length, done);
	return io_write(&outlet->port, piece, pieces, length, done);
}

/* What follows from an answer: EMPTY that the next write may be tried. */
enum outlet_state
outlet_state_after(struct outlet *outlet, enum io_result result)
{
	switch (result) {
	case IO_SHORT:
		/* A part taken is the rest refused; but poll takes little at a time, and a file that takes less
		 * than all is about to tell why. */
		return io_takes_little(&outlet->port) ? OUTLET_EMPTY : OUTLET_REFUSED;
	case IO_ALL:
	case IO_RETRY:
		return OUTLET_EMPTY;
	case IO_AGAIN:
		return OUTLET_REFUSED;
	case IO_GONE:
		return OUTLET_GONE;
	case IO_END:
	case IO_ERROR:
		break;
	}
	outlet->error = errno;
	return OUTLET_ERROR;
}

/* All of it has been handed over again, with these bytes: what a mark would stand behind. */
static void
end_again(struct outlet *outlet, const struct queue *queue, const struct iovec *piece, size_t length)
{
	if (outlet->marks == NULL || length == 0 || flight_is_again(outlet->flight) || queue_part_sent(queue))
		return;
	while (length > piece->iov_len)
		length -= piece++->iov_len;
	marks_follow(outlet->marks, piece->iov_base, length);
}

/* What is in flight is handed over again, some of it; EMPTY: the next may be tried. */
static enum outlet_state
send_again(struct outlet *outlet, struct queue *queue, struct ledger *ledger, uint64_t now_ns, size_t *done)
{
	struct flight *flight = outlet->flight;
	struct iovec piece[CHAIN_PIECES], part[CHAIN_PIECES];
	struct toll_ask ask = { .form = TOLL_AGAIN, .records = 1 };
	enum outlet_state state;
	enum io_result result;
	uint64_t ended;
	size_t length;
	int pieces = flight_again(flight, 1, &length, piece);

	*done = 0;
	ask.most = length;
	if ((length = toll_offer(&outlet->toll, queue, &ask, now_ns)) == 0)
		return OUTLET_HELD;
	if ((state = numbers_send_again(outlet, queue_framing(queue), ledger)) != OUTLET_EMPTY) {
		toll_left(&outlet->toll, queue, 0, 0, now_ns);
		return state == OUTLET_MORE ? OUTLET_EMPTY : state;
	}
	result = numbers_write_again(outlet, part, pieces_cut(part, piece, pieces, length), length, done);
	ended = *done > 0 ? flight_went_again(flight, *done) : 0;
	numbers_went_again(&outlet->numbers, ended);
	end_again(outlet, queue, part, *done);
	ledger_count(&ledger->redelivered, ended, *done);
	if (*done > 0 && ended == 0 && !flight_is_again(flight) && !flight_is_bytes(flight))
		ended = 1; /* as far as it is here; its rest follows, and costs nothing */
	toll_left(&outlet->toll, queue, *done, ended, now_ns);
	return outlet_state_after(outlet, result);
}

/* length bytes that nothing holds; *done of them are out. */
static enum io_result
write_next(struct outlet *outlet, struct queue *queue, struct ledger *ledger, enum toll_form form, size_t length,
    uint64_t now_ns, size_t *done)
{
	const bool numbered = numbers_are_on(&outlet->numbers);
	enum io_result result;
	uint64_t ended = 0;

	if (numbered && form == TOLL_WHOLE)
		return numbers_write(outlet, queue, ledger, length, now_ns, done);
	if (numbered && form == TOLL_PART)
		return numbers_begin(outlet, queue, now_ns) ? IO_RETRY : IO_ERROR;
	result = write_some(outlet, queue, form, length, done);
	outlet_account(outlet, queue, ledger, *done, &ended);
	toll_left(&outlet->toll, queue, *done, ended, now_ns);
	return result;
}

/* What waits is handed over, some of it; whether there is anything. */
static bool
send_next(struct outlet *outlet, struct queue *queue, struct ledger *ledger, uint64_t now_ns, size_t *done,
    enum outlet_state *state)
{
	struct toll_ask ask;
	size_t length;

	*done = 0;
	if (!is_something_next(outlet, queue, &ask))
		return false;
	if (outlet->flight != NULL && !make_room(outlet, &ask)) {
		*state = OUTLET_ERROR;
	} else if ((length = toll_offer(&outlet->toll, queue, &ask, now_ns)) == 0) {
		*state = OUTLET_HELD;
	} else {
		*state = outlet_state_after(outlet, write_next(outlet, queue, ledger, ask.form, length, now_ns, done));
	}
	return true;
}

enum outlet_state
outlet_drain(struct outlet *outlet, struct queue *queue, struct ledger *ledger, uint64_t now_ns,
    size_t budget)
{
	enum outlet_state state;
	size_t sum = 0, done;

	toll_open(&outlet->toll, now_ns);
	if (outlet->absent)
		return queue_held(queue).bytes > outlet_unfinished(outlet, queue) ? OUTLET_REFUSED : OUTLET_EMPTY;
	for (;;) {
		if (outlet->flight != NULL && flight_is_again(outlet->flight)) {
			state = send_again(outlet, queue, ledger, now_ns, &done);
		} else if (numbers_begun(&outlet->numbers)) {
			state = numbers_send(outlet, ledger);
			done = 0;
		} else if (outlet_mark_begun(outlet) || is_mark_due(outlet, queue, now_ns)) {
			state = send_mark(outlet, ledger, now_ns);
			done = MARK_WEIGHT;
		} else if (!send_next(outlet, queue, ledger, now_ns, &done, &state)) {
			return OUTLET_EMPTY;
		}
		if (state != OUTLET_EMPTY)
			return state;
		sum += done;
		if (sum >= budget && fit_all(queue))
			return OUTLET_MORE;
	}
}
