/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frame: records that have their length in front.
 *
 *      | header, with the length of ... | ... the payload | end |
 *
 * u8, u16be, ... u32le  a number of so many bits, big-endian or little-endian
 * varint                base 128, least significant first, at most 10 bytes: Protocol Buffers, "delimited" messages
 * netstring             digits, ":", payload, ",": https://cr.yp.to/proto/netstrings.txt
 * octets                digits, of which the first is not 0, a blank: octet counting, RFC 6587, 3.4.1
 * pcap                  16 bytes, of which the third number of 32 bits is the length: pcap-savefile(5).  The first record is
 *                       the file's header of 24 bytes, whose magic tells the order of bytes in it and in all others
 *
 * Pure functions on the bytes of one record, which is seen from its beginning on.  Nothing is kept here.
 */
#ifndef WEIR_FRAME_H
#define WEIR_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum frame_format {
	FRAME_U8,
	FRAME_U16BE,
	FRAME_U16LE,
	FRAME_U32BE,
	FRAME_U32LE,
	FRAME_VARINT,
	FRAME_NETSTRING,
	FRAME_OCTETS,
	FRAME_PCAP,
	/* Only of what follows the file's header: */
	FRAME_PACKET_BE,
	FRAME_PACKET_LE,
};

#define FRAME_FORMATS (FRAME_PCAP + 1)

/* A header is at most so long. */
#define FRAME_HEAD_MOST 24

struct frame {
	size_t head;      /* bytes of header */
	uint64_t payload; /* at most 2^62 */
	size_t end;       /* bytes behind the payload */
	enum frame_format next; /* of the record behind it */
};

/* "u8", "u16be", ..., "pcap"; and back: false where it is none of those. */
const char *frame_name(enum frame_format format);
bool frame_by_name(const char *name, enum frame_format *format);

enum frame_found {
	FRAME_WHOLE, /* the header is here: *frame is set */
	FRAME_MORE,  /* as far as it is here it may be one */
	FRAME_WRONG, /* no record begins so */
};

/* What the first length bytes of a record say of it (0: nothing). */
enum frame_found frame_read(enum frame_format format, const char *text, size_t length, struct frame *frame);

/* What cannot be in a header, in words: "a length in digits and a colon". */
const char *frame_wanted(enum frame_format format);

/* The header of a payload of that length, which is at most frame_most, of a format that is not pcap; returns how long it is. */
size_t frame_write(enum frame_format format, uint64_t payload, char head[FRAME_HEAD_MOST]);

/* The same in at least so many bytes, where the format knows lengths that are longer than they need be: a varint, up to its
 * most.  What was read in so many bytes is written as it was. */
size_t frame_write_wide(enum frame_format format, uint64_t payload, size_t least, char head[FRAME_HEAD_MOST]);
uint64_t frame_most(enum frame_format format);

/* Bytes behind the payload: a comma, or none. */
size_t frame_end(enum frame_format format);

/* Of a record, or of as much of it as is here: where its payload begins, and how much of that is here. */
size_t frame_payload(enum frame_format format, const char *record, size_t length);
size_t frame_body(enum frame_format format, const char *record, size_t length);

#endif
