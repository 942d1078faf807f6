/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/flight.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LIST_LEAST ((size_t)64)

int
flight_init(struct flight *flight, const struct framing *framing, size_t most, size_t longest, bool listed,
    struct serials *serials)
{
	*flight = (struct flight){ .framing = *framing, .serials = serials, .again = SIZE_MAX, .batched = most == 0,
		.listed = listed, .most = most };
	if (most == 0)
		return 0;
	if (chain_init(&flight->chain, most + longest, 0) < 0)
		return -1;
	if (!framing_noted(framing) || chain_note(&flight->chain, framing->ends) == 0)
		return 0;
	chain_free(&flight->chain);
	return -1;
}

int
flight_limit(struct flight *flight, size_t most, size_t longest)
{
	if (flight->batched)
		return 0;
	if (chain_limit(&flight->chain, most + longest) < 0)
		return -1;
	flight->most = most;
	return 0;
}

void
flight_free(struct flight *flight)
{
	if (!flight->batched)
		chain_free(&flight->chain);
	free(flight->list);
	flight->list = NULL;
	loads_free(&flight->loads);
}

struct tally
flight_held(const struct flight *flight)
{
	return flight->held;
}

uint64_t
flight_marks(const struct flight *flight)
{
	return flight->marks;
}

size_t
flight_used(const struct flight *flight)
{
	return flight->batched ? (size_t)flight->held.bytes : chain_used(&flight->chain);
}

size_t
flight_left(const struct flight *flight)
{
	const size_t used = chain_used(&flight->chain);

	return flight->batched ? SIZE_MAX : flight->most > used ? flight->most - used : 0;
}

uint64_t
flight_wire(const struct flight *flight)
{
	return flight->wire;
}

/* --- the list ----------------------------------------------------------------------------------- */

/* Twice as long, and its first is the first. */
static bool
lengthen(struct flight *flight)
{
	size_t size = flight->size > 0 ? 2 * flight->size : LIST_LEAST;
	struct flight_record *list = malloc(size * sizeof(*list));

	if (list == NULL)
		return false;
	for (size_t i = 0; i < flight->count; i++)
		list[i] = *flight_at(flight, i);
	free(flight->list);
	flight->list = list;
	flight->size = size;
	flight->first = 0;
	return true;
}

size_t
flight_room(struct flight *flight, size_t records)
{
	if (flight_is_bytes(flight))
		return records;
	while (flight->size - flight->count < records && lengthen(flight))
		continue;
	return flight->size - flight->count < records ? flight->size - flight->count : records;
}

static void
add(struct flight *flight, const struct flight_record *record)
{
	*flight_at(flight, flight->count++) = *record;
}

/* --- handed over -------------------------------------------------------------------------------- */

static void
copy(struct flight *flight, const char *text, size_t length)
{
	struct iovec room[CHAIN_ROOM];

	while (length > 0) {
		size_t step = length, done = 0;
		int pieces = chain_prepare(&flight->chain, &step, room);

		for (int i = 0; i < pieces; i++) {
			memcpy(room[i].iov_base, text + done, room[i].iov_len);
			if (framing_noted(&flight->framing))
				ends_move(flight->framing.ends, room[i].iov_base, text + done, room[i].iov_len);
			done += room[i].iov_len;
		}
		chain_commit(&flight->chain, 0, done);
		text += done;
		length -= done;
	}
}

/* The open record has been handed over to its end. */
static void
end_record(struct flight *flight, uint64_t wire)
{
	add(flight, &(struct flight_record){ .serial = flight->serial, .wire = wire, .length = flight->open,
		.tries = 1, .head = flight->head });
	flight->held.records++;
	flight->open = 0;
	flight->phase = 0;
}

/* Of the bytes that were added just now; wire is how many the reader had been given before them.  Returns how many
 * ends there are in them. */
static uint64_t
find_ends(struct flight *flight, const char *text, size_t length, uint64_t wire)
{
	uint64_t ends = 0;

	for (size_t done = 0, end; done < length; done += end) {
		if (flight->open == 0 && !flight->begun)
			flight->serial = serials_leave(flight->serials);
		flight->begun = false;
		end = record_first(&flight->framing, flight->phase, text + done, length - done);
		if (end == 0) {
			flight->phase = record_phase(&flight->framing, flight->phase, text + done, length - done);
			flight->open += length - done;
			break;
		}
		flight->open += end;
		end_record(flight, wire + done + end);
		ends++;
	}
	return ends;
}

uint64_t
flight_keep(struct flight *flight, const struct iovec *piece, size_t length)
{
	uint64_t ends = 0;

	for (size_t done = 0, step; done < length; done += step) {
		step = piece->iov_len < length - done ? piece->iov_len : length - done;
		if (!flight->batched)
			copy(flight, piece->iov_base, step);
		flight->held.bytes += step;
		if (!flight_is_bytes(flight))
			ends += find_ends(flight, piece->iov_base, step, flight->wire + done);
		piece++;
	}
	flight->wire += length;
	return ends;
}

void
flight_end(struct flight *flight)
{
	end_record(flight, flight->wire);
}

void
flight_begin(struct flight *flight)
{
	flight->serial = serials_leave(flight->serials);
	flight->begun = true;
}

bool
flight_is_begun(const struct flight *flight)
{
	return flight->begun;
}

void
flight_note_head(struct flight *flight, size_t head)
{
	flight->head = (uint8_t)head;
}

void
flight_pass_number(struct flight *flight, size_t length)
{
	flight->wire += length;
}

void
flight_keep_mark(struct flight *flight, size_t length, bool answered)
{
	flight->wire += length;
	if (!answered || flight_room(flight, 1) == 0)
		return;
	add(flight, &(struct flight_record){ .wire = flight->wire, .mark = true });
	flight->marks++;
	flight->all_marks++;
}

/* --- batches ------------------------------------------------------------------------------------ */

void
flight_count(struct flight *flight, size_t length, uint64_t begun, uint64_t ended)
{
	struct flight_load *load = &flight->load;

	ledger_count(&flight->held, ended, length);
	ledger_count(&load->sum, ended, length);
	for (; begun > 0; begun--) {
		load->last = serials_leave(flight->serials);
		if (load->first == 0)
			load->first = load->last;
	}
}

/* Its list is that of a batch, and begins anew. */
static struct flight_load
take_list(struct flight *flight)
{
	struct flight_load load = { .list = flight->list, .count = flight->count };

	for (size_t i = 0; i < load.count; i++)
		ledger_count(&load.sum, 1, load.list[i].length);
	if (load.count > 0) {
		load.first = load.list[0].serial;
		load.last = load.list[load.count - 1].serial;
	}
	flight->list = NULL;
	flight->size = flight->count = 0;
	flight->wire = 0;
	return load;
}

struct flight_load
flight_take_load(struct flight *flight)
{
	struct flight_load load = flight->load;

	if (flight->listed)
		load = take_list(flight);
	else
		flight->load = (struct flight_load){ .first = 0 };
	load.number = loads_add(&flight->loads, load.sum);
	return load;
}

void
flight_unload(struct flight *flight, uint64_t number, struct tally sum)
{
	flight->held.records -= sum.records;
	flight->held.bytes -= sum.bytes;
	loads_settle(&flight->loads, number, sum);
}

/* Of batches those that were taken, and the one that is being made; else the list, of which the first is not settled. */
struct tally
flight_since_oldest(const struct flight *flight)
{
	struct tally sum = { 0, 0 };

	if (!flight->batched)
		return (struct tally){ flight->count - flight->all_marks, chain_used(&flight->chain) };
	sum = loads_sum(&flight->loads);
	if (!flight->listed)
		ledger_count(&sum, flight->load.sum.records, flight->load.sum.bytes);
	for (size_t i = 0; flight->listed && i < flight->count; i++)
		ledger_count(&sum, 1, flight_at(flight, i)->length);
	return sum;
}

/* --- handed over again -------------------------------------------------------------------------- */

/* Passes over what is settled, and marks. */
static void
find_again(struct flight *flight)
{
	while (flight->again < flight->count && flight_at(flight, flight->again)->settled)
		flight->again_offset += flight_at(flight, flight->again++)->length;
	if (flight->again == flight->count && (flight_is_bytes(flight) ? chain_used(&flight->chain) : flight->open) == 0)
		flight->again = SIZE_MAX;
}

void
flight_restart(struct flight *flight)
{
	for (size_t i = 0; i < flight->count; i++) {
		struct flight_record *record = flight_at(flight, i);

		record->wire = 0;
		record->settled |= record->mark;
	}
	flight->marks = 0;
	flight->wire = 0;
	flight->again = SIZE_MAX;
	flight_let_go(flight);
	flight->again = flight->again_offset = flight->again_done = 0;
	find_again(flight);
}

bool
flight_again_begins(const struct flight *flight)
{
	return flight->again_done == 0;
}

size_t
flight_again_head(const struct flight *flight)
{
	return flight->again < flight->count ? flight_at(flight, flight->again)->head : flight->head;
}

uint64_t
flight_again_serial(const struct flight *flight)
{
	return flight->again < flight->count ? flight_at(flight, flight->again)->serial : flight->serial;
}

bool
flight_is_again(const struct flight *flight)
{
	return flight->again != SIZE_MAX;
}

/* The bytes that are open, or all where there are no records. */
static size_t
tail_length(const struct flight *flight)
{
	return flight_is_bytes(flight) ? chain_used(&flight->chain) : flight->open;
}

int
flight_again(const struct flight *flight, size_t unit, size_t *length, struct iovec piece[CHAIN_PIECES])
{
	size_t offset = flight->again_offset + flight->again_done, sum = 0;
	int pieces;

	if (flight->again == flight->count)
		sum = tail_length(flight) - flight->again_done;
	for (size_t i = flight->again; i < flight->count && !flight_at(flight, i)->settled; i++) {
		size_t left = flight_at(flight, i)->length - (i == flight->again ? flight->again_done : 0);

		if (sum > 0 && sum + left > unit)
			break;
		sum += left;
	}
	pieces = chain_peek(&flight->chain, offset, sum, piece, CHAIN_PIECES);
	*length = 0;
	for (int i = 0; i < pieces; i++)
		*length += piece[i].iov_len;
	return pieces;
}

uint64_t
flight_went_again(struct flight *flight, size_t length)
{
	uint64_t ended = 0;

	flight->wire += length;
	flight->again_done += length;
	while (flight->again < flight->count && flight->again_done >= flight_at(flight, flight->again)->length) {
		struct flight_record *record = flight_at(flight, flight->again);

		flight->again_done -= record->length;
		flight->again_offset += record->length;
		record->wire = flight->wire - flight->again_done;
		record->tries++;
		flight->again++;
		ended++;
		if (flight->again_done == 0)
			break;
	}
	if (flight->again == flight->count && flight->again_done == tail_length(flight))
		flight->again = SIZE_MAX;
	else if (flight->again_done == 0)
		find_again(flight);
	return ended;
}

void
flight_check(const struct flight *flight)
{
	struct tally held = { 0, flight->open };
	size_t bytes = flight->open;
	uint64_t serial = 0, wire = 0, marks = 0, all_marks = 0;

	if (flight->batched)
		return;
	chain_check(&flight->chain);
	for (size_t i = 0; i < flight->count; i++) {
		const struct flight_record *record = flight_at(flight, i);

		bytes += record->length;
		if (!record->settled)
			ledger_count(&held, !record->mark, record->length);
		marks += record->mark && !record->settled;
		all_marks += record->mark;
		if (!record->mark && record->serial <= serial && flight->serials != NULL)
			abort();
		if (record->wire > 0 && record->wire < wire)
			abort();
		serial = record->mark ? serial : record->serial;
		wire = record->wire > 0 ? record->wire : wire;
	}
	if (flight->open > 0 && flight->serial <= serial && flight->serials != NULL)
		abort();
	if (flight_is_bytes(flight))
		bytes = (size_t)(held.bytes = chain_used(&flight->chain));
	if (bytes != chain_used(&flight->chain) || held.records != flight->held.records ||
	    held.bytes != flight->held.bytes || marks != flight->marks || all_marks != flight->all_marks)
		abort();
}
