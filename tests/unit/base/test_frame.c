/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/frame.h"
#include "../tap.h"

#include <string.h>

/* A header is read as what it is at every length, and shorter it is not there yet. */
static bool
reads(enum frame_format format, const char *text, size_t head, uint64_t payload)
{
	struct frame frame;

	for (size_t length = 0; length < head; length++)
		if (frame_read(format, text, length, &frame) != FRAME_MORE)
			return false;
	return frame_read(format, text, head, &frame) == FRAME_WHOLE && frame.head == head && frame.payload == payload &&
	    frame_read(format, text, head + 1, &frame) == FRAME_WHOLE && frame.head == head;
}

static bool
is_wrong(enum frame_format format, const char *text, size_t length)
{
	struct frame frame;

	return frame_read(format, text, length, &frame) == FRAME_WRONG;
}

static void
headers(void)
{
	ok(reads(FRAME_U8, "\377x", 1, 255) && reads(FRAME_U16BE, "\1\2x", 2, 258) && reads(FRAME_U16LE, "\1\2x", 2, 513) &&
	    reads(FRAME_U32BE, "\377\0\0\1x", 4, 0xff000001) && reads(FRAME_U32LE, "\1\0\0\377x", 4, 0xff000001), "numbers");
	ok(reads(FRAME_VARINT, "\0x", 1, 0) && reads(FRAME_VARINT, "\254\2x", 2, 300) &&
	    reads(FRAME_VARINT, "\200\200\200\200\200\200\200\200\100x", 9, UINT64_C(1) << 62), "base 128");
	ok(is_wrong(FRAME_VARINT, "\201\200\200\200\200\200\200\200\100", 9) &&
	    is_wrong(FRAME_VARINT, "\377\377\377\377\377\377\377\377\377\2", 10) &&
	    is_wrong(FRAME_VARINT, "\200\200\200\200\200\200\200\200\200\2", 10) &&
	    is_wrong(FRAME_VARINT, "\377\377\377\377\377\377\377\377\377\377", 10), "no length is above 2^62");
	ok(reads(FRAME_NETSTRING, "0:,", 2, 0) && reads(FRAME_NETSTRING, "12:x", 3, 12), "netstrings");
	ok(is_wrong(FRAME_NETSTRING, "01:", 2) && is_wrong(FRAME_NETSTRING, ":", 1) && is_wrong(FRAME_NETSTRING, "3;", 2) &&
	    is_wrong(FRAME_NETSTRING, "-3:", 1) && is_wrong(FRAME_NETSTRING, "9999999999999999999:", 20) &&
	    is_wrong(FRAME_NETSTRING, "10000000000000000000000", 21), "what is none");
	ok(reads(FRAME_OCTETS, "7 <13>1 ", 2, 7) && is_wrong(FRAME_OCTETS, "0 ", 2) && is_wrong(FRAME_OCTETS, "<13>", 1),
	    "octets, of which there is at least one");
}

static void
pcap(void)
{
	static const char little[25] = "\324\303\262\241\2\0\4", big[25] = "\241\262\74\115\0\2\0\4";
	struct frame frame;

	ok(frame_read(FRAME_PCAP, little, 24, &frame) == FRAME_WHOLE && frame.head == 24 && frame.payload == 0 &&
	    frame.next == FRAME_PACKET_LE, "a file's header tells the order");
	ok(frame_read(FRAME_PCAP, big, 24, &frame) == FRAME_WHOLE && frame.next == FRAME_PACKET_BE, "and the other");
	ok(frame_read(FRAME_PCAP, little, 23, &frame) == FRAME_MORE && is_wrong(FRAME_PCAP, "\n\r\r\n", 4), "not pcapng");
	ok(reads(FRAME_PACKET_LE, "12345678\3\0\0\0\3\0\0\0x", 16, 3) && is_wrong(FRAME_PACKET_BE, "12345678\377\0\0\0\3\0\0\0", 16),
	    "packets, none of gigabytes");
	ok(frame_payload(FRAME_PCAP, little, 24) == 24 && frame_body(FRAME_PCAP, little, 24) == 0 &&
	    frame_payload(FRAME_PCAP, "12345678\3\0\0\0\3\0\0\0abc", 19) == 16 &&
	    frame_body(FRAME_PCAP, "12345678\3\0\0\0\3\0\0\0abc", 19) == 3, "their payloads");
}

/* What is written is read again. */
static void
back(void)
{
	static const uint64_t lengths[] = { 0, 1, 9, 10, 127, 128, 255, 256, 16383, 16384, 65535, 65536, 1000000, UINT32_MAX,
		UINT64_C(1) << 62 };
	bool good = true;

	for (enum frame_format format = FRAME_U8; format < FRAME_PCAP; format++) {
		for (size_t i = format == FRAME_OCTETS; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
			char head[FRAME_HEAD_MOST + 1] = { 0 };

			if (lengths[i] <= frame_most(format))
				good &= reads(format, head, frame_write(format, lengths[i], head), lengths[i]);
		}
	}
	ok(good, "what is written is read");
	ok(frame_end(FRAME_NETSTRING) == 1 && frame_end(FRAME_U8) == 0, "a comma behind");
}

static void
names(void)
{
	enum frame_format format;
	bool good = true;

	for (enum frame_format each = FRAME_U8; each < FRAME_FORMATS; each++)
		good &= frame_by_name(frame_name(each), &format) && format == each && strlen(frame_wanted(each)) > 0;
	ok(good && !frame_by_name("u64", &format), "names, and back");
}

/* Of every format, around each length at which its header grows; and a varint that is longer than it need be. */
static void
wide(void)
{
	static const uint64_t lengths[] = { 0, 1, 9, 10, 99, 100, 127, 128, 255, 256, 16383, 16384, 65535, 65536, 2097151, 2097152 };
	bool good = true, kept = true;

	for (enum frame_format format = FRAME_U8; format < FRAME_PCAP; format++)
		for (size_t i = format == FRAME_OCTETS; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
			char head[FRAME_HEAD_MOST];
			struct frame frame;

			if (lengths[i] > frame_most(format))
				break;
			good = good && frame_read(format, head, frame_write(format, lengths[i], head), &frame) == FRAME_WHOLE &&
			    frame.payload == lengths[i] && frame.head == frame_write(format, lengths[i], head);
			for (size_t least = 0; least <= 10; least++) {
				const size_t length = frame_write_wide(format, lengths[i], least, head);

				kept = kept && frame_read(format, head, length, &frame) == FRAME_WHOLE && frame.payload == lengths[i] &&
				    frame.head == length;
				if (format == FRAME_VARINT)
					kept = kept && length >= least;
			}
		}
	ok(good, "what is written is read, with the least there is");
	ok(kept, "a varint with as many bytes as it had");
}

int
main(void)
{
	headers();
	pcap();
	back();
	names();
	wide();
	return done_testing();
}
