/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What becomes of what is in flight: confirmed, or rejected, in any order; what is at the front then is let go.
 */
#include "config.h"

#include "hold/flight.h"

#include <stdlib.h>
#include <string.h>

/* --- settled ------------------------------------------------------------------------------------ */

void
flight_let_go(struct flight *flight)
{
	while (flight->count > 0 && flight_at(flight, 0)->settled) {
		size_t length = flight_at(flight, 0)->length;

		if (length > 0)
			chain_consume(&flight->chain, length);
		flight->all_marks -= flight_at(flight, 0)->mark;
		flight->first = (flight->first + 1) & (flight->size - 1);
		flight->count--;
		if (flight->again == SIZE_MAX)
			continue;
		flight->again--;
		flight->again_offset -= length;
	}
}

static struct tally
settle(struct flight *flight, struct flight_record *record)
{
	record->settled = true;
	if (record->mark) {
		flight->marks--;
		return (struct tally){ 0, 0 };
	}
	flight->held.records--;
	flight->held.bytes -= record->length;
	return (struct tally){ 1, record->length };
}

/* NULL, or the oldest that this reader was given and that is not settled. */
static struct flight_record *
oldest(const struct flight *flight)
{
	for (size_t i = 0; i < flight->count; i++) {
		struct flight_record *record = flight_at(flight, i);

		if (!record->settled)
			return record->wire > 0 ? record : NULL;
	}
	return NULL;
}

/* Of a stream of bytes: those that are in flight, and that this reader was given. */
static size_t
given_bytes(const struct flight *flight)
{
	return flight->again == SIZE_MAX ? chain_used(&flight->chain) : flight->again_done;
}

bool
flight_is_given(const struct flight *flight)
{
	if (flight->batched)
		return flight->held.bytes > 0;
	if (flight_is_bytes(flight))
		return given_bytes(flight) > 0;
	for (size_t i = 0; i < flight->count; i++) {
		const struct flight_record *record = flight_at(flight, i);

		if (!record->settled && !record->mark)
			return record->wire > 0;
	}
	return flight->open > 0 && flight->again == SIZE_MAX;
}

uint64_t
flight_given_serial(const struct flight *flight)
{
	const struct flight_record *record = oldest(flight);

	return record != NULL && !record->mark ? record->serial : 0;
}

/* The first whose serial is not less (marks have those of their neighbours' order, and none of their own: they are
 * passed over), or count. */
static size_t
find(const struct flight *flight, uint64_t serial)
{
	size_t low = 0, high = flight->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2, record = middle;

		while (record < high && flight_at(flight, record)->mark)
			record++;
		if (record == high)
			high = middle;
		else if (flight_at(flight, record)->serial < serial)
			low = record + 1;
		else
			high = middle;
	}
	return low;
}

struct tally
flight_confirm_oldest(struct flight *flight)
{
	struct flight_record *record = oldest(flight);
	struct tally done = { 0, 0 };

	if (record != NULL)
		done = settle(flight, record);
	flight_let_go(flight);
	return done;
}

static struct flight_record *
with_serial(const struct flight *flight, uint64_t serial)
{
	size_t i = find(flight, serial);
	struct flight_record *record;

	while (i < flight->count && flight_at(flight, i)->mark)
		i++;
	if (i == flight->count)
		return NULL;
	record = flight_at(flight, i);
	return record->serial == serial && record->wire > 0 && !record->settled ? record : NULL;
}

struct tally
flight_confirm(struct flight *flight, uint64_t serial)
{
	struct flight_record *record = with_serial(flight, serial);
	struct tally done = { 0, 0 };

	if (record != NULL)
		done = settle(flight, record);
	flight_let_go(flight);
	return done;
}

/* Those up to the number. */
static struct tally
confirm_bytes(struct flight *flight, uint64_t number)
{
	uint64_t bytes = number > flight->confirmed_bytes ? number - flight->confirmed_bytes : 0;

	if (bytes > given_bytes(flight))
		bytes = 0;
	chain_consume(&flight->chain, (size_t)bytes);
	flight->held.bytes -= bytes;
	flight->confirmed_bytes += bytes;
	if (flight->again != SIZE_MAX)
		flight->again_done -= (size_t)bytes;
	return (struct tally){ 0, bytes };
}

struct tally
flight_confirm_upto(struct flight *flight, uint64_t serial)
{
	struct tally sum = { 0, 0 };

	if (flight_is_bytes(flight))
		return confirm_bytes(flight, serial);
	if (serial >= serials_next(flight->serials))
		return sum;
	for (size_t i = 0; i < flight->count; i++) {
		struct flight_record *record = flight_at(flight, i);
		struct tally one;

		if (!record->mark && record->serial > serial)
			break;
		if (record->settled)
			continue;
		if (record->wire == 0)
			break;
		one = settle(flight, record);
		ledger_count(&sum, one.records, one.bytes);
	}
	flight_let_go(flight);
	return sum;
}

struct tally
flight_confirm_wire(struct flight *flight, uint64_t wire)
{
	struct tally sum = { 0, 0 };
	struct flight_record *record;

	if (flight_is_bytes(flight)) {
		size_t given = given_bytes(flight);
		uint64_t left = flight->wire - wire;

		return confirm_bytes(flight, flight->confirmed_bytes + (given > left ? given - left : 0));
	}
	while ((record = oldest(flight)) != NULL && record->wire <= wire) {
		struct tally one = settle(flight, record);

		ledger_count(&sum, one.records, one.bytes);
		flight_let_go(flight);
	}
	return sum;
}

/* --- rejected ----------------------------------------------------------------------------------- */

static size_t
offset_of(const struct flight *flight, const struct flight_record *record)
{
	size_t offset = 0;

	for (size_t i = 0; flight_at(flight, i) != record; i++)
		offset += flight_at(flight, i)->length;
	return offset;
}

/* For its class and its key; where there is no memory to see it in one piece it has none. */
static void
look(struct flight *flight, struct loss *loss, struct chain_place place, size_t length)
{
	struct iovec piece = chain_next(&flight->chain, &place, length);
	char *whole = piece.iov_len < length ? malloc(length) : piece.iov_base;

	if (whole == NULL)
		return;
	if (whole != piece.iov_base) {
		memcpy(whole, piece.iov_base, piece.iov_len);
		for (size_t at = piece.iov_len; at < length; at += piece.iov_len) {
			piece = chain_next(&flight->chain, &place, length - at);
			memcpy(whole + at, piece.iov_base, piece.iov_len);
		}
	}
	loss_look(loss, LOSS_ANY_CLASS, whole + record_head(&flight->framing, whole, length),
	    record_body(&flight->framing, whole, length), length);
	if (whole != piece.iov_base)
		free(whole);
}

/* Its bytes are asked for: where they lie costs a look at all that is older. */
static void
show(struct flight *flight, const struct flight_record *record, struct loss *loss)
{
	struct chain_place place = chain_at(&flight->chain, offset_of(flight, record));
	size_t left = record->length;

	if (loss_looks(loss, LOSS_ANY_CLASS))
		look(flight, loss, place, left);
	loss_rejects(loss, record->tries, record->serial, record->serial);
	while (loss_saves(loss) && left > 0) {
		struct iovec piece = chain_next(&flight->chain, &place, left);

		loss_save(loss, REASON_REJECTED, false, piece.iov_base, piece.iov_len);
		left -= piece.iov_len;
	}
}

static void
reject(struct flight *flight, struct flight_record *record, struct loss *loss, uint64_t before)
{
	struct tally done;

	if (loss_saves(loss) || loss_looks(loss, LOSS_ANY_CLASS))
		show(flight, record, loss);
	done = settle(flight, record);
	loss_returned(loss, REASON_REJECTED, before, done.records, done.bytes);
}

bool
flight_reject_oldest(struct flight *flight, struct loss *loss, uint64_t before)
{
	struct flight_record *record = oldest(flight);

	if (record == NULL)
		return false;
	if (record->mark)
		(void)settle(flight, record);
	else
		reject(flight, record, loss, before);
	flight_let_go(flight);
	return true;
}

bool
flight_reject(struct flight *flight, uint64_t serial, struct loss *loss, uint64_t before)
{
	struct flight_record *record = with_serial(flight, serial);

	if (record == NULL)
		return false;
	reject(flight, record, loss, before);
	flight_let_go(flight);
	return true;
}

uint64_t
flight_first_serial(const struct flight *flight)
{
	for (size_t i = 0; i < flight->count; i++)
		if (!flight_at(flight, i)->settled && !flight_at(flight, i)->mark)
			return flight_at(flight, i)->serial;
	return flight->open > 0 || flight->begun ? flight->serial : 0;
}

