/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where records end, and what of them is payload: once more, from what weir(1) says of each format, byte by byte.
 */
#include "config.h"

#include "run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCAP_FILE 24
#define PCAP_PACKET 16
#define PCAP_LENGTH 8 /* where it is in that */

static const unsigned char magic[] = { 0xa1, 0xb2, 0xc3, 0xd4 };

bool
plan_is_bytes(const struct plan *plan)
{
	return plan->delimiter == NO_DELIMITER && plan->fixed == 0 && !plan->framed;
}

/* --- headers -------------------------------------------------------------------------------------- */

/* Bytes of a number in front, and whether the first is the greatest; 0 where it is none of so many. */
static size_t
number_bytes(enum frame_format format, bool *big)
{
	*big = format == FRAME_U16BE || format == FRAME_U32BE;
	switch (format) {
	case FRAME_U8:
		return 1;
	case FRAME_U16BE:
	case FRAME_U16LE:
		return 2;
	case FRAME_U32BE:
	case FRAME_U32LE:
		return 4;
	case FRAME_VARINT:
	case FRAME_NETSTRING:
	case FRAME_OCTETS:
	case FRAME_PCAP:
	case FRAME_PACKET_BE:
	case FRAME_PACKET_LE:
		break;
	}
	return 0;
}

static size_t
put_number(char *to, uint64_t number, size_t bytes, bool big)
{
	for (size_t i = 0; i < bytes; i++)
		to[big ? bytes - 1 - i : i] = (char)(number >> 8 * i & 0xff);
	return bytes;
}

uint64_t
framing_most(const struct plan *plan)
{
	bool big;
	const size_t bytes = number_bytes(plan->format, &big);

	return bytes == 1 ? UINT8_MAX : bytes == 2 ? UINT16_MAX : UINT32_MAX;
}

size_t
framing_tail(const struct plan *plan)
{
	return plan->framed && plan->format == FRAME_NETSTRING;
}

size_t
framing_put_head(const struct plan *plan, uint64_t payload, char *to)
{
	bool big;
	size_t length = number_bytes(plan->format, &big);

	if (length > 0)
		return put_number(to, payload, length, big);
	if (plan->format == FRAME_NETSTRING || plan->format == FRAME_OCTETS)
		return (size_t)snprintf(to, FRAME_MORE_MOST, "%" PRIu64 "%c", payload, plan->format == FRAME_OCTETS ? ' ' : ':');
	if (plan->format == FRAME_PCAP) {
		memset(to, 7, PCAP_PACKET);
		(void)put_number(to + PCAP_LENGTH, payload, 4, true);
		return PCAP_PACKET;
	}
	for (; payload > 0x7f; payload >>= 7)
		to[length++] = (char)((payload & 0x7f) | 0x80);
	to[length++] = (char)payload;
	return length;
}

/* What a header says, if it is here: how long it is, or 0. */
static size_t
read_head(const struct plan *plan, const char *at, size_t left, uint64_t *payload)
{
	const unsigned char *bytes = (const unsigned char *)at;
	bool big;
	size_t length = number_bytes(plan->format, &big);

	*payload = 0;
	if (plan->format == FRAME_PCAP && left >= sizeof(magic) && memcmp(at, magic, sizeof(magic)) == 0)
		return left >= PCAP_FILE ? PCAP_FILE : 0;
	if (plan->format == FRAME_PCAP) {
		for (size_t i = 0; i < 4 && left >= PCAP_PACKET; i++)
			*payload = *payload << 8 | bytes[PCAP_LENGTH + i];
		return left >= PCAP_PACKET ? PCAP_PACKET : 0;
	}
	if (length > 0) {
		for (size_t i = 0; i < length && left >= length; i++)
			*payload |= (uint64_t)bytes[i] << 8 * (big ? length - 1 - i : i);
		return left >= length ? length : 0;
	}
	for (size_t i = 0; i < left; i++) {
		const bool digit = bytes[i] >= '0' && bytes[i] <= '9';

		if (plan->format == FRAME_VARINT)
			*payload |= (uint64_t)(bytes[i] & 0x7f) << 7 * i;
		else if (digit)
			*payload = *payload * 10 + (uint64_t)(bytes[i] - '0');
		if (plan->format == FRAME_VARINT ? bytes[i] < 0x80 : !digit)
			return i + 1;
	}
	return 0;
}

/* --- records -------------------------------------------------------------------------------------- */

const char *
framing_payload(const struct plan *plan, const char *record, size_t length, size_t *payload)
{
	uint64_t wanted;
	size_t head;

	if (!plan->framed) {
		*payload = length - (plan->delimiter != NO_DELIMITER && length > 0 &&
		    (unsigned char)record[length - 1] == plan->delimiter);
		return record;
	}
	head = read_head(plan, record, length, &wanted);
	*payload = head == 0 ? 0 : wanted < length - head ? (size_t)wanted : length - head;
	return record + (head == 0 ? length : head);
}

size_t
framing_untold(const struct plan *plan, const char *record, size_t length)
{
	uint64_t wanted;

	return plan->framed && read_head(plan, record, length, &wanted) == 0 ? length : 0;
}

static size_t
frame_length(const struct plan *plan, const char *at, size_t left)
{
	uint64_t payload;
	const size_t head = read_head(plan, at, left, &payload);
	const uint64_t all = head + payload + framing_tail(plan);

	return head == 0 || all > left ? left : (size_t)all;
}

/* Line by line, as long as one goes on with the next. */
static size_t
lines_length(const struct plan *plan, const char *at, size_t left)
{
	size_t length = 0;

	for (;;) {
		const char *end = memchr(at + length, plan->delimiter, left - length);
		const bool continued = end != NULL && end > at + length && (unsigned char)end[-1] == IS_CONTINUED;

		if (end == NULL)
			return left;
		length = (size_t)(end - at) + 1;
		if (length == left || plan->lines == ONE_LINE ||
		    (plan->lines == JOINED ? (unsigned char)at[length] != GOES_ON : !continued))
			return length;
	}
}

size_t
piece_length(const struct plan *plan, const char *at, size_t left)
{
	if (plan->framed)
		return frame_length(plan, at, left);
	if (plan->delimiter != NO_DELIMITER)
		return lines_length(plan, at, left);
	return plan->fixed > 0 && plan->fixed < left ? plan->fixed : left;
}

bool
piece_is_whole(const struct plan *plan, const char *piece, size_t length)
{
	uint64_t payload;
	size_t head;

	if (!plan->framed)
		return plan->delimiter != NO_DELIMITER && length > 0 && (unsigned char)piece[length - 1] == plan->delimiter;
	head = read_head(plan, piece, length, &payload);
	return head > 0 && head + payload + framing_tail(plan) == length;
}
