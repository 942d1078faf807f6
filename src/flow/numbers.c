/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/numbers.h"

#include <stdlib.h>
#include <string.h>

/* A write is made up of so many bytes at most, and so many records. */
#define TEXT_MOST ((size_t)64 << 10)
#define RECORDS_MOST 512

struct numbered {
	size_t number; /* bytes */
	size_t record;
};

static int
make_room(struct numbers *numbers)
{
	if (numbers->text == NULL)
		numbers->text = malloc(TEXT_MOST);
	return numbers->text != NULL ? 0 : -1;
}

int
numbers_init(struct numbers *numbers, const char *template, struct serials *serials)
{
	numbers->template = template;
	numbers->serials = serials;
	return make_room(numbers);
}

int
numbers_weigh(struct numbers *numbers, const char *template, struct weights *weights, struct serials *serials)
{
	numbers->weight = template;
	numbers->weights = weights;
	if (serials != NULL)
		numbers->serials = serials;
	return make_room(numbers);
}

bool
numbers_are_on(const struct numbers *numbers)
{
	return numbers->text != NULL;
}

void
numbers_free(struct numbers *numbers)
{
	free(numbers->text);
	numbers->text = NULL;
}

bool
numbers_begun(const struct numbers *numbers)
{
	return numbers->next.sent < numbers->next.length;
}

void
numbers_leave(struct outlet *outlet, uint64_t records)
{
	struct numbers *numbers = &outlet->numbers;

	if (numbers->weights != NULL)
		weights_leave(numbers->weights, records);
	for (; numbers->template != NULL && outlet->flight == NULL && records > 0; records--)
		(void)serials_leave(numbers->serials);
}

/* Both of a record; weight is looked at where there are weights. */
static size_t
format(const struct numbers *numbers, char text[2 * NUMBER_MOST], uint64_t serial, uint64_t weight)
{
	size_t length = 0;

	if (numbers->template != NULL)
		length = number_format(text, numbers->template, serial);
	if (numbers->weights != NULL)
		length += number_format_weight(text + length, numbers->weight, weight);
	return length;
}

/* The weight of a record that goes next is kept for as long as it may have to go again. */
static void
keep_weight(const struct outlet *outlet, uint64_t serial, uint64_t weight)
{
	struct weights *weights = outlet->numbers.weights;

	if (weights != NULL && outlet->flight != NULL)
		weights_send(weights, serial, weight, flight_first_serial(outlet->flight));
}

/* --- one number alone ---------------------------------------------------------------------------- */

static enum outlet_state
send_number(struct outlet *outlet, struct number_text *number, struct ledger *ledger)
{
	struct iovec piece = { number->text + number->sent, number->length - number->sent };
	enum io_result result;
	size_t done;

	result = io_write(&outlet->port, &piece, 1, piece.iov_len, &done);
	number->sent += done;
	ledger->added_bytes += done;
	toll_add(&outlet->toll, done);
	if (outlet->flight != NULL)
		flight_pass_number(outlet->flight, done);
	return outlet_state_after(outlet, result);
}

enum outlet_state
numbers_send(struct outlet *outlet, struct ledger *ledger)
{
	return send_number(outlet, &outlet->numbers.next, ledger);
}

enum outlet_state
numbers_send_again(struct outlet *outlet, struct ledger *ledger)
{
	struct numbers *numbers = &outlet->numbers;

	const uint64_t serial = numbers_are_on(numbers) ? flight_again_serial(outlet->flight) : 0;

	if (!numbers_are_on(numbers) || numbers->again_is_numbered || !flight_again_begins(outlet->flight))
		return OUTLET_EMPTY;
	if (numbers->again.sent == 0)
		numbers->again.length = format(numbers, numbers->again.text, serial,
		    numbers->weights != NULL ? weights_sent(numbers->weights, serial) : 0);
	if (numbers->again.sent < numbers->again.length) {
		enum outlet_state state = send_number(outlet, &numbers->again, ledger);

		if (state != OUTLET_EMPTY || numbers->again.sent < numbers->again.length)
			return state == OUTLET_EMPTY ? OUTLET_MORE : state;
	}
	numbers->again.sent = 0;
	numbers->again_is_numbered = true;
	return OUTLET_EMPTY;
}

void
numbers_went_again(struct numbers *numbers, uint64_t records)
{
	if (records > 0)
		numbers->again_is_numbered = false;
}

/* The number of a record that is begun goes once more, whole, if nothing of the record itself has been handed over: else
 * it is one that is handed over again. */
void
numbers_restart(struct numbers *numbers, const struct flight *flight)
{
	numbers->again.sent = 0;
	numbers->again_is_numbered = false;
	if (numbers_begun(numbers) || (flight != NULL && flight_is_begun(flight)))
		numbers->next.sent = 0;
}

/* --- with its record ------------------------------------------------------------------------------ */

static void
copy(const struct queue *queue, size_t offset, size_t length, char *to)
{
	struct iovec piece[QUEUE_PIECES];

	while (length > 0) {
		size_t step = length;
		int pieces = queue_peek(queue, offset, &step, piece);

		for (int i = 0; i < pieces; i++) {
			memcpy(to, piece[i].iov_base, piece[i].iov_len);
			to += piece[i].iov_len;
		}
		offset += step;
		length -= step;
	}
}

/* As many of the first length bytes as go into one write, each record with its number; how many records, and in *size
 * how many bytes. */
static size_t
make_up(const struct outlet *outlet, const struct queue *queue, size_t length, struct numbered *list, size_t *size)
{
	const struct numbers *numbers = &outlet->numbers;
	const uint64_t first = serials_next(numbers->serials);
	const uint64_t run = numbers->serials != NULL ? serials_run(numbers->serials) : UINT64_MAX;
	size_t most = io_unit(&outlet->port), offset = 0, count = 0, at = 0;
	struct weights_walk walk;
	uint64_t weight = 0;

	if (most > TEXT_MOST)
		most = TEXT_MOST;
	if (numbers->weights != NULL)
		weights_walk(numbers->weights, &walk);
	while (offset < length && count < RECORDS_MOST && count < run) {
		char number[2 * NUMBER_MOST];
		const size_t record = queue_end_of(queue, offset, 0);
		size_t bytes;

		if (numbers->weights != NULL && !weights_walk_on(numbers->weights, &walk, &weight))
			break;
		bytes = format(numbers, number, first + count, weight);
		if (at + bytes + record > most)
			break;
		keep_weight(outlet, first + count, weight);
		memcpy(numbers->text + at, number, bytes);
		copy(queue, offset, record, numbers->text + at + bytes);
		list[count++] = (struct numbered){ bytes, record };
		at += bytes + record;
		offset += record;
	}
	*size = at;
	return count;
}

void
numbers_begin(struct outlet *outlet, struct queue *queue, uint64_t now_ns)
{
	struct numbers *numbers = &outlet->numbers;
	const uint64_t serial = serials_next(numbers->serials);
	struct weights_walk walk;
	uint64_t weight = 0;

	if (numbers->weights != NULL) {
		weights_walk(numbers->weights, &walk);
		(void)weights_walk_on(numbers->weights, &walk, &weight);
	}
	keep_weight(outlet, serial, weight);
	numbers->next.length = format(numbers, numbers->next.text, serial, weight);
	numbers->next.sent = 0;
	toll_begin(&outlet->toll, queue, now_ns);
	queue_begin(queue);
	if (outlet->flight != NULL)
		flight_begin(outlet->flight);
	numbers_leave(outlet, 1);
}

enum io_result
numbers_write(struct outlet *outlet, struct queue *queue, struct ledger *ledger, size_t length, uint64_t now_ns,
    size_t *done)
{
	struct numbered list[RECORDS_MOST];
	size_t size, sent, i, count = make_up(outlet, queue, length, list, &size);
	struct iovec piece = { outlet->numbers.text, size };
	enum io_result result;
	size_t part = 0; /* of a number that was cut */
	bool cut = false;
	uint64_t ended = 0;

	*done = 0;
	if (count == 0) {
		toll_left(&outlet->toll, queue, 0, 0, now_ns);
		numbers_begin(outlet, queue, now_ns);
		return IO_RETRY;
	}
	result = io_write(&outlet->port, &piece, 1, size, &sent);
	for (i = 0; i < count && sent > 0 && !cut; i++) {
		const size_t number = sent < list[i].number ? sent : list[i].number;
		const size_t record = sent - number < list[i].record ? sent - number : list[i].record;

		ledger->added_bytes += number;
		if (outlet->flight != NULL)
			flight_pass_number(outlet->flight, number);
		toll_add(&outlet->toll, number);
		cut = record == 0;
		part = number;
		if (!cut)
			outlet_account(outlet, queue, ledger, record, &ended);
		*done += record;
		sent -= number + record;
	}
	toll_left(&outlet->toll, queue, *done, ended, now_ns);
	if (cut) {
		numbers_begin(outlet, queue, now_ns);
		outlet->numbers.next.sent = part;
	}
	return result;
}
