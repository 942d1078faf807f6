/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/frame.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PAYLOAD_MOST (UINT64_C(1) << 62)

#define VARINT_MOST 10
#define DIGITS_MOST 19

#define PCAP_HEADER 24
#define PACKET_HEADER 16
#define PACKET_LENGTH 8 /* where it is in that */

/* No link type has packets that are longer: libpcap's limit for those of USB and D-Bus. */
#define PACKET_MOST (UINT64_C(128) << 20)

/* In microseconds, and in nanoseconds. */
#define PCAP_MAGIC UINT64_C(0xa1b2c3d4)
#define PCAP_MAGIC_NANO UINT64_C(0xa1b23c4d)

static const char *const names[FRAME_FORMATS] = {
	[FRAME_U8] = "u8",
	[FRAME_U16BE] = "u16be",
	[FRAME_U16LE] = "u16le",
	[FRAME_U32BE] = "u32be",
	[FRAME_U32LE] = "u32le",
	[FRAME_VARINT] = "varint",
	[FRAME_NETSTRING] = "netstring",
	[FRAME_OCTETS] = "octets",
	[FRAME_PCAP] = "pcap",
};

const char *
frame_name(enum frame_format format)
{
	return names[format < FRAME_FORMATS ? format : FRAME_PCAP];
}

bool
frame_by_name(const char *name, enum frame_format *format)
{
	for (size_t i = 0; i < FRAME_FORMATS; i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		*format = (enum frame_format)i;
		return true;
	}
	return false;
}

const char *
frame_wanted(enum frame_format format)
{
	switch (format) {
	case FRAME_VARINT:
		return "a length of at most 10 bytes, below 2^62";
	case FRAME_NETSTRING:
		return "a length in digits and a colon, and a comma behind the payload";
	case FRAME_OCTETS:
		return "a length in digits, the first not 0, and a blank";
	case FRAME_PCAP:
		return "the header of a pcap file";
	case FRAME_PACKET_BE:
	case FRAME_PACKET_LE:
		return "the header of a packet of at most 128 MiB";
	case FRAME_U8:
	case FRAME_U16BE:
	case FRAME_U16LE:
	case FRAME_U32BE:
	case FRAME_U32LE:
		break;
	}
	return "a length";
}

/* --- numbers of a fixed size ---------------------------------------------------------------------- */

static uint64_t
number_be(const unsigned char *at, size_t bytes)
{
	uint64_t number = 0;

	while (bytes-- > 0)
		number = number << 8 | *at++;
	return number;
}

static uint64_t
number_le(const unsigned char *at, size_t bytes)
{
	uint64_t number = 0;

	while (bytes-- > 0)
		number = number << 8 | at[bytes];
	return number;
}

static enum frame_found
read_number(const unsigned char *at, size_t length, size_t bytes, bool big, struct frame *frame)
{
	if (length < bytes)
		return FRAME_MORE;
	frame->head = bytes;
	frame->payload = big ? number_be(at, bytes) : number_le(at, bytes);
	return FRAME_WHOLE;
}

static enum frame_found
read_varint(const unsigned char *at, size_t length, struct frame *frame)
{
	uint64_t number = 0;

	for (size_t i = 0; i < VARINT_MOST; i++) {
		if (i == length)
			return FRAME_MORE;
		if (i == VARINT_MOST - 1 && at[i] > 1)
			return FRAME_WRONG; /* more than 64 bits */
		number |= (uint64_t)(at[i] & 0x7f) << 7 * i;
		if (at[i] < 0x80) {
			frame->head = i + 1;
			frame->payload = number;
			return number <= PAYLOAD_MOST ? FRAME_WHOLE : FRAME_WRONG;
		}
	}
	return FRAME_WRONG;
}

/* --- digits --------------------------------------------------------------------------------------- */

static enum frame_found
read_digits(const char *text, size_t length, char behind, struct frame *frame)
{
	uint64_t number = 0;
	size_t digits = 0;

	for (; digits < length && text[digits] >= '0' && text[digits] <= '9'; digits++) {
		if (digits == DIGITS_MOST || (digits == 1 && text[0] == '0'))
			return FRAME_WRONG;
		number = number * 10 + (uint64_t)(text[digits] - '0');
	}
	if (number > PAYLOAD_MOST)
		return FRAME_WRONG;
	if (digits == length)
		return FRAME_MORE;
	if (digits == 0 || text[digits] != behind)
		return FRAME_WRONG;
	frame->head = digits + 1;
	frame->payload = number;
	return FRAME_WHOLE;
}

static enum frame_found
read_octets(const char *text, size_t length, struct frame *frame)
{
	return length > 0 && text[0] == '0' ? FRAME_WRONG : read_digits(text, length, ' ', frame);
}

/* --- pcap ----------------------------------------------------------------------------------------- */

static bool
is_magic(uint64_t number)
{
	return number == PCAP_MAGIC || number == PCAP_MAGIC_NANO;
}

static enum frame_found
read_pcap(const unsigned char *at, size_t length, struct frame *frame)
{
	if (length < 4)
		return FRAME_MORE;
	if (!is_magic(number_be(at, 4)) && !is_magic(number_le(at, 4)))
		return FRAME_WRONG;
	frame->head = PCAP_HEADER;
	frame->payload = 0;
	frame->next = is_magic(number_be(at, 4)) ? FRAME_PACKET_BE : FRAME_PACKET_LE;
	return length < PCAP_HEADER ? FRAME_MORE : FRAME_WHOLE;
}

static enum frame_found
read_packet(const unsigned char *at, size_t length, bool big, struct frame *frame)
{
	if (length < PACKET_HEADER)
		return FRAME_MORE;
	frame->head = PACKET_HEADER;
	frame->payload = big ? number_be(at + PACKET_LENGTH, 4) : number_le(at + PACKET_LENGTH, 4);
	return frame->payload <= PACKET_MOST ? FRAME_WHOLE : FRAME_WRONG;
}

enum frame_found
frame_read(enum frame_format format, const char *text, size_t length, struct frame *frame)
{
	const unsigned char *at = (const unsigned char *)text;

	*frame = (struct frame){ .end = frame_end(format), .next = format };
	switch (format) {
	case FRAME_U8:
		return read_number(at, length, 1, true, frame);
	case FRAME_U16BE:
	case FRAME_U16LE:
		return read_number(at, length, 2, format == FRAME_U16BE, frame);
	case FRAME_U32BE:
	case FRAME_U32LE:
		return read_number(at, length, 4, format == FRAME_U32BE, frame);
	case FRAME_VARINT:
		return read_varint(at, length, frame);
	case FRAME_NETSTRING:
		return read_digits(text, length, ':', frame);
	case FRAME_OCTETS:
		return read_octets(text, length, frame);
	case FRAME_PCAP:
		return read_pcap(at, length, frame);
	case FRAME_PACKET_BE:
	case FRAME_PACKET_LE:
		return read_packet(at, length, format == FRAME_PACKET_BE, frame);
	}
	return FRAME_WRONG;
}

/* --- and back ------------------------------------------------------------------------------------ */

uint64_t
frame_most(enum frame_format format)
{
	switch (format) {
	case FRAME_U8:
		return UINT8_MAX;
	case FRAME_U16BE:
	case FRAME_U16LE:
		return UINT16_MAX;
	case FRAME_U32BE:
	case FRAME_U32LE:
		return UINT32_MAX;
	case FRAME_VARINT:
	case FRAME_NETSTRING:
	case FRAME_OCTETS:
		return PAYLOAD_MOST;
	case FRAME_PCAP:
	case FRAME_PACKET_BE:
	case FRAME_PACKET_LE:
		break;
	}
	return 0;
}

size_t
frame_end(enum frame_format format)
{
	return format == FRAME_NETSTRING;
}

static size_t
write_number(uint64_t number, size_t bytes, bool big, char head[FRAME_HEAD_MOST])
{
	for (size_t i = 0; i < bytes; i++)
		head[i] = (char)(number >> 8 * (big ? bytes - 1 - i : i) & 0xff);
	return bytes;
}

static size_t
write_varint(uint64_t number, size_t least, char head[FRAME_HEAD_MOST])
{
	size_t length = 0;

	for (; number >= 0x80 || length + 1 < least; number >>= 7)
		head[length++] = (char)((number & 0x7f) | 0x80);
	head[length++] = (char)number;
	return length;
}

size_t
frame_write_wide(enum frame_format format, uint64_t payload, size_t least, char head[FRAME_HEAD_MOST])
{
	switch (format) {
	case FRAME_U8:
		return write_number(payload, 1, true, head);
	case FRAME_U16BE:
	case FRAME_U16LE:
		return write_number(payload, 2, format == FRAME_U16BE, head);
	case FRAME_U32BE:
	case FRAME_U32LE:
		return write_number(payload, 4, format == FRAME_U32BE, head);
	case FRAME_VARINT:
		return write_varint(payload, least, head);
	case FRAME_NETSTRING:
	case FRAME_OCTETS:
		return (size_t)snprintf(head, FRAME_HEAD_MOST, "%" PRIu64 "%c", payload, format == FRAME_OCTETS ? ' ' : ':');
	case FRAME_PCAP:
	case FRAME_PACKET_BE:
	case FRAME_PACKET_LE:
		break;
	}
	return 0;
}

size_t
frame_write(enum frame_format format, uint64_t payload, char head[FRAME_HEAD_MOST])
{
	return frame_write_wide(format, payload, 0, head);
}

/* --- one record ----------------------------------------------------------------------------------- */

/* In a pcap file a record that begins with the magic is the header: no packet is of the years 2055 and 2083, in which those
 * seconds are.  (Of others the order of bytes is not known here, and not needed.) */
static size_t
head_of_pcap(const char *record, size_t length)
{
	struct frame frame;

	return frame_read(FRAME_PCAP, record, length, &frame) == FRAME_WHOLE && length == PCAP_HEADER ? PCAP_HEADER : PACKET_HEADER;
}

size_t
frame_payload(enum frame_format format, const char *record, size_t length)
{
	struct frame frame;
	size_t head;

	if (format >= FRAME_PCAP)
		head = head_of_pcap(record, length);
	else
		head = frame_read(format, record, length, &frame) == FRAME_WHOLE ? frame.head : length;
	return head < length ? head : length;
}

size_t
frame_body(enum frame_format format, const char *record, size_t length)
{
	const size_t here = length - frame_payload(format, record, length);
	struct frame frame;

	if (format == FRAME_NETSTRING && frame_read(format, record, length, &frame) == FRAME_WHOLE && frame.payload < here)
		return (size_t)frame.payload;
	return here;
}
