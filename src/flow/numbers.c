/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/pieces.h"
#include "flow/numbers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A write is made up of so many bytes at most, and so many records. */
#define TEXT_MOST ((size_t)64 << 10)
#define RECORDS_MOST 512

struct numbered {
	size_t number; /* bytes */
	size_t head;   /* of those of the record, what is in another form */
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

/* A record that it goes in front of, or inside: the first bytes of it, for its header, and its length. */
struct beginning {
	char text[FRAME_HEAD_MOST];
	size_t here;
	size_t length; /* or INSIDE_OPEN */
};

static const char *
options_of(const struct numbers *numbers)
{
	return numbers->weights == NULL ? "--number" : numbers->template == NULL ? "--weight" : "--number and --weight";
}

/* False: it does not fit into the record, and *misfit says what. */
static bool
compose(const struct numbers *numbers, const struct framing *framing, struct number_text *text, uint64_t serial, uint64_t weight,
    const struct beginning *record, struct inside_misfit *misfit)
{
	char number[INSIDE_NUMBER_MOST];
	struct inside inside;
	size_t length;

	text->serial = serial;
	text->sent = text->head = text->head_sent = 0;
	if (framing->kind != FRAMING_FRAME) {
		text->length = format(numbers, text->text, serial, weight);
		return true;
	}
	length = format(numbers, number, serial, weight);
	inside = inside_write(text->text, framing->format, record->text, record->here, record->length, number, length);
	text->length = inside.added;
	text->head = inside.head;
	if (!inside.fits)
		*misfit = (struct inside_misfit){ framing->format, numbers->template != NULL ? serial : 0, inside.payload, length,
			options_of(numbers) };
	return inside.fits;
}

/* The weight of a record that goes next, in a write that begins with `first`, is kept for as long as it may have to go
 * again. */
static void
keep_weight(const struct outlet *outlet, uint64_t first, uint64_t serial, uint64_t weight)
{
	struct weights *weights = outlet->numbers.weights;
	uint64_t oldest;

	if (weights == NULL || outlet->flight == NULL)
		return;
	oldest = flight_first_serial(outlet->flight);
	weights_send(weights, serial, weight, oldest > 0 ? oldest : first);
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

/* As it was.  Of one of which not even the header has been handed over the text is still that of the record that is begun. */
static void
compose_again(struct outlet *outlet, const struct framing *framing)
{
	struct numbers *numbers = &outlet->numbers;
	const struct flight *flight = outlet->flight;
	const uint64_t serial = flight_again_serial(flight);
	const size_t head = flight_again_head(flight);
	struct beginning record = { .length = INSIDE_OPEN };
	struct iovec piece[CHAIN_PIECES];
	struct inside_misfit none;
	size_t length;

	record.here = pieces_copy(record.text, piece, flight_again(flight, 1, &length, piece), sizeof(record.text));
	if (record.here < head)
		numbers->again = numbers->next;
	else
		(void)compose(numbers, framing, &numbers->again, serial,
		    numbers->weights != NULL ? weights_sent(numbers->weights, serial) : 0, &record, &none); /* it did fit */
	if (framing->kind == FRAMING_FRAME && head == 0)
		numbers->again.length = 0; /* it left as it came */
	numbers->again.head = head;
	numbers->again.sent = numbers->again.head_sent = 0;
}

enum outlet_state
numbers_send_again(struct outlet *outlet, const struct framing *framing, struct ledger *ledger)
{
	struct numbers *numbers = &outlet->numbers;

	if (!numbers_are_on(numbers) || numbers->again_is_numbered || !flight_again_begins(outlet->flight))
		return OUTLET_EMPTY;
	if (numbers->again.sent == 0)
		compose_again(outlet, framing);
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
	if (records == 0)
		return;
	numbers->again_is_numbered = false;
	numbers->again.head = numbers->again.head_sent = 0;
}

/* The number of a record that is begun goes once more, whole, if nothing of the record itself has been handed over: else
 * it is one that is handed over again. */
void
numbers_restart(struct numbers *numbers, const struct flight *flight)
{
	numbers->again.sent = numbers->again.head = numbers->again.head_sent = 0;
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

/* Of the record that begins at this offset. */
static void
look_at(const struct queue *queue, size_t offset, size_t here, size_t length, struct beginning *record)
{
	record->here = 0;
	if (queue_framing(queue)->kind != FRAMING_FRAME)
		return;
	record->here = here < sizeof(record->text) ? here : sizeof(record->text);
	record->length = length;
	copy(queue, offset, record->here, record->text);
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
		const size_t record = queue_end_of(queue, offset, 0);
		struct beginning beginning;
		struct number_text number;
		struct inside_misfit later;

		if (numbers->weights != NULL && !weights_walk_on(numbers->weights, &walk, &weight))
			break;
		look_at(queue, offset, record, record, &beginning);
		if (!compose(numbers, queue_framing(queue), &number, first + count, weight, &beginning, &later) ||
		    at + number.length + record > most)
			break;
		keep_weight(outlet, first, first + count, weight);
		memcpy(numbers->text + at, number.text, number.length + number.head);
		copy(queue, offset + number.head, record - number.head, numbers->text + at + number.length + number.head);
		list[count++] = (struct numbered){ number.length, number.head, record };
		at += number.length + record;
		offset += record;
	}
	*size = at;
	return count;
}

/* The text of the record that leaves next, which is begun; false: there is none that fits. */
static bool
begin_text(struct outlet *outlet, struct queue *queue)
{
	struct numbers *numbers = &outlet->numbers;
	const uint64_t serial = serials_next(numbers->serials);
	const bool whole = queue_is_ready(queue);
	const size_t here = whole ? queue_head(queue) : queue_partial(queue);
	struct beginning record;
	struct weights_walk walk;
	uint64_t weight = 0;

	if (numbers->weights != NULL) {
		weights_walk(numbers->weights, &walk);
		(void)weights_walk_on(numbers->weights, &walk, &weight);
	}
	look_at(queue, 0, here, whole ? here : INSIDE_OPEN, &record);
	if (!compose(numbers, queue_framing(queue), &numbers->next, serial, weight, &record, &numbers->misfit))
		return false;
	keep_weight(outlet, serial, serial, weight);
	return true;
}

bool
numbers_begin(struct outlet *outlet, struct queue *queue, uint64_t now_ns)
{
	if (!begin_text(outlet, queue)) {
		errno = EMSGSIZE;
		return false;
	}
	toll_begin(&outlet->toll, queue, now_ns);
	queue_begin(queue);
	if (outlet->flight != NULL) {
		flight_note_head(outlet->flight, outlet->numbers.next.head);
		flight_begin(outlet->flight);
	}
	numbers_leave(outlet, 1);
	return true;
}

/* A write has ended inside a record: in what stands in front of it, or in its header, whose rest is not the queue's. */
static void
note_cut(struct outlet *outlet, struct queue *queue, const char *text, const struct numbered *cut, size_t number, size_t record,
    uint64_t now_ns)
{
	struct number_text *next = &outlet->numbers.next;

	if (record == 0) {
		(void)numbers_begin(outlet, queue, now_ns); /* it did fit */
		next->sent = number;
	} else if (record < cut->head) {
		memcpy(next->text, text, cut->number + cut->head);
		next->length = next->sent = cut->number;
		next->head = cut->head;
		next->head_sent = record;
	}
}

enum io_result
numbers_write(struct outlet *outlet, struct queue *queue, struct ledger *ledger, size_t length, uint64_t now_ns,
    size_t *done)
{
	struct numbered list[RECORDS_MOST];
	size_t size, sent, i, count = make_up(outlet, queue, length, list, &size);
	const char *text = outlet->numbers.text;
	struct iovec piece = { outlet->numbers.text, size };
	size_t number = 0, record = 0;
	enum io_result result;
	uint64_t ended = 0;

	*done = 0;
	if (count == 0) {
		toll_left(&outlet->toll, queue, 0, 0, now_ns);
		return numbers_begin(outlet, queue, now_ns) ? IO_RETRY : IO_ERROR;
	}
	result = io_write(&outlet->port, &piece, 1, size, &sent);
	for (i = 0; i < count && sent > 0; i++) {
		number = sent < list[i].number ? sent : list[i].number;
		record = sent - number < list[i].record ? sent - number : list[i].record;
		ledger->added_bytes += number;
		if (outlet->flight != NULL) {
			flight_pass_number(outlet->flight, number);
			flight_note_head(outlet->flight, list[i].head);
		}
		toll_add(&outlet->toll, number);
		if (record > 0)
			outlet_account(outlet, queue, ledger, record, &ended);
		*done += record;
		sent -= number + record;
		if (sent > 0)
			text += list[i].number + list[i].record;
	}
	toll_left(&outlet->toll, queue, *done, ended, now_ns);
	if (i > 0)
		note_cut(outlet, queue, text, &list[i - 1], number, record, now_ns);
	return result;
}

/* --- what is in place of a header ----------------------------------------------------------------- */

/* These bytes, of which the first are those of the record at `at`; the text is in place of what it has. */
static enum io_result
write_behind_head(struct outlet *outlet, struct number_text *text, const struct iovec *piece, int pieces, size_t length, size_t *done)
{
	struct iovec all[QUEUE_PIECES + 1];
	const size_t left = text->head - text->head_sent, head = left < length ? left : length;
	enum io_result result;

	all[0] = (struct iovec){ text->text + text->length + text->head_sent, head };
	result = io_write(&outlet->port, all, 1 + pieces_behind(all + 1, piece, pieces, head), length, done);
	text->head_sent += *done < head ? *done : head;
	return result;
}

bool
numbers_has_head(const struct numbers *numbers)
{
	return numbers->next.head_sent < numbers->next.head;
}

enum io_result
numbers_write_rest(struct outlet *outlet, const struct iovec *piece, int pieces, size_t length, size_t *done)
{
	return write_behind_head(outlet, &outlet->numbers.next, piece, pieces, length, done);
}

enum io_result
numbers_write_again(struct outlet *outlet, const struct iovec *piece, int pieces, size_t length, size_t *done)
{
	struct number_text *again = &outlet->numbers.again;

	if (again->head_sent == again->head)
		return io_write(&outlet->port, piece, pieces, length, done);
	return write_behind_head(outlet, again, piece, pieces, length, done);
}

const struct inside_misfit *
numbers_misfit(const struct numbers *numbers)
{
	return numbers->misfit.number > 0 ? &numbers->misfit : NULL;
}
