/* SPDX-License-Identifier: BSD-2-Clause */
/* See marked.h. */
#include "config.h"

#include "marked.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- lines ---------------------------------------------------------------------------------------- */

static struct pattern *
pattern_of(const char *regex)
{
	char error[PATTERN_ERROR_MOST];
	struct pattern *pattern = pattern_new(regex, error);

	if (pattern == NULL)
		abort();
	return pattern;
}

void
marked_patterns(const struct marked_rules *rules, struct lines *lines)
{
	*lines = (struct lines){
		.start = rules->start ? pattern_of("^x") : NULL,
		.join = rules->join ? pattern_of("^ ") : NULL,
		.continued = rules->continued ? pattern_of(",$") : NULL,
	};
}

/* Of few letters, so that rules are met; a newline every now and then. */
static void
write_lines(const struct marked_maker *maker, char *stream, uint64_t length)
{
	struct random *random = maker->random;

	for (uint64_t at = 0; at < length;) {
		const uint64_t left = length - at;
		uint64_t text = random_one_in(random, 6) ? 0 : maker->most();

		if (text > left)
			text = left;
		for (uint64_t i = 0; i < text; i++)
			stream[at + i] = maker->letter();
		if (text > 0 && random_one_in(random, 2))
			stream[at] = random_one_in(random, 2) ? 'x' : ' ';
		if (text > 0 && random_one_in(random, 4))
			stream[at + text - 1] = ',';
		at += text;
		if (at < length)
			stream[at++] = '\n';
	}
}

static uint64_t
line_end(const char *stream, uint64_t at, uint64_t length)
{
	while (at < length && stream[at] != '\n')
		at++;
	return at;
}

/* Whether the line at that place goes on with the one before. */
static bool
goes_on(const struct marked_rules *rules, const char *stream, uint64_t at, uint64_t end)
{
	const char first = at < end ? stream[at] : '\0';

	return rules->start ? first != 'x' : rules->join && first == ' ';
}

static bool
is_continued(const struct marked_rules *rules, const char *stream, uint64_t at, uint64_t end)
{
	if (end - at > MARKED_LINE_MOST)
		end = at + MARKED_LINE_MOST;
	return rules->continued && end > at && stream[end - 1] == ',';
}

void
marked_lines(struct marked *marked, const struct marked_rules *rules, const struct marked_maker *maker, char *stream,
    uint64_t length)
{
	marked->late = rules->start || rules->join;
	marked->wrong_at = UINT64_MAX;
	write_lines(maker, stream, length);
	for (uint64_t at = 0, end; at < length; at = end + 1) {
		uint64_t known, next;
		bool continued;

		end = line_end(stream, at, length);
		next = line_end(stream, end + 1 < length ? end + 1 : length, length);
		continued = is_continued(rules, stream, at, end);
		known = end < length ? end + 1 : UINT32_MAX; /* of one that lacks its newline no more is known than that it is long */
		if (known > at + MARKED_LINE_MOST)
			known = at + MARKED_LINE_MOST;
		for (uint64_t i = at; i <= end && i < length; i++) {
			marked->mark[i] = MARKED_PAYLOAD;
			marked->known[i] = (uint32_t)(i < known ? known : i + 1);
		}
		if (end < length)
			marked->mark[end] = MARKED_LINE | MARKED_PAYLOAD |
			    (!continued && (end + 1 >= length || !goes_on(rules, stream, end + 1, next)) ? MARKED_END : 0);
	}
}

/* --- frames --------------------------------------------------------------------------------------- */

#define HEAD_MOST 40

static size_t
put_number(char *to, uint64_t number, size_t bytes, bool big)
{
	for (size_t i = 0; i < bytes; i++)
		to[big ? bytes - 1 - i : i] = (char)(number >> 8 * i & 0xff);
	return bytes;
}

/* Sometimes of more bytes than it needs. */
static size_t
put_varint(struct random *random, char *to, uint64_t number)
{
	size_t length = 0;

	for (; number > 0x7f; number >>= 7)
		to[length++] = (char)((number & 0x7f) | 0x80);
	if (random_one_in(random, 8)) {
		to[length++] = (char)(number | 0x80);
		number = 0;
	}
	to[length++] = (char)number;
	return length;
}

/* What is in front of a payload of that length. */
static size_t
put_head(struct random *random, enum frame_format format, char *to, uint64_t payload)
{
	switch (format) {
	case FRAME_U8:
		return put_number(to, payload, 1, true);
	case FRAME_U16BE:
	case FRAME_U16LE:
		return put_number(to, payload, 2, format == FRAME_U16BE);
	case FRAME_U32BE:
	case FRAME_U32LE:
		return put_number(to, payload, 4, format == FRAME_U32BE);
	case FRAME_VARINT:
		return put_varint(random, to, payload);
	case FRAME_NETSTRING:
		return (size_t)snprintf(to, HEAD_MOST, "%" PRIu64 ":", payload);
	case FRAME_OCTETS:
		return (size_t)snprintf(to, HEAD_MOST, "%" PRIu64 " ", payload);
	case FRAME_PCAP:
	case FRAME_PACKET_BE:
	case FRAME_PACKET_LE:
		break;
	}
	/* a packet: seconds, microseconds, its length here, and where it came from */
	for (size_t i = 0; i < 16; i += 4)
		(void)put_number(to + i, i == 8 ? payload : random_below(random, 1000000), 4, format == FRAME_PACKET_BE);
	return 16;
}

static uint64_t
most_payload(enum frame_format format)
{
	return format == FRAME_U8 ? UINT8_MAX : format == FRAME_U16BE || format == FRAME_U16LE ? UINT16_MAX : UINT32_MAX;
}

/* What no record begins with; *known: bytes of it that tell.  0 where any record may begin so. */
static size_t
put_wrong(struct random *random, enum frame_format format, char *to, size_t *known)
{
	const bool one = random_one_in(random, 2);

	memset(to, one ? 'q' : 0xff, HEAD_MOST);
	switch (format) {
	case FRAME_VARINT:
		memset(to, 0xff, HEAD_MOST); /* beyond 64 bits; or below that, and beyond 2^62 */
		if (one)
			to[8] = 0x7f;
		*known = one ? 9 : 10;
		return HEAD_MOST;
	case FRAME_NETSTRING:
	case FRAME_OCTETS:
		*known = 1;
		if (one)
			return HEAD_MOST;
		memcpy(to, "12x", 3);
		*known = 3;
		return HEAD_MOST;
	case FRAME_PCAP:
		*known = 4;
		return HEAD_MOST;
	case FRAME_PACKET_BE:
	case FRAME_PACKET_LE:
		*known = 16; /* a length of more than can be, whichever way it is read */
		return HEAD_MOST;
	case FRAME_U8:
	case FRAME_U16BE:
	case FRAME_U16LE:
	case FRAME_U32BE:
	case FRAME_U32LE:
		break;
	}
	return 0;
}

/* A stream that is written, up to its end. */
struct writing {
	struct marked *marked;
	char *stream;
	uint64_t at, length;
};

/* Where there is room for it; `known` more bytes from here have to be here before it is passed on, or 0: it alone. */
static void
put(struct writing *w, const char *bytes, size_t length, unsigned char mark, size_t known)
{
	const uint64_t from = w->at;

	for (size_t i = 0; i < length && w->at < w->length; i++, w->at++) {
		w->stream[w->at] = bytes[i];
		w->marked->mark[w->at] = mark;
		w->marked->known[w->at] = (uint32_t)(known > 0 ? from + known : w->at + 1);
	}
}

/* The file's header.  Cut off behind what a packet's would be, the rest of it passes for a payload. */
static enum frame_format
put_file(struct writing *w, struct random *random)
{
	const bool big = random_one_in(random, 2);
	char head[24];

	for (size_t i = 0; i < sizeof(head); i++)
		head[i] = (char)random_next(random);
	(void)put_number(head, random_one_in(random, 2) ? 0xa1b2c3d4 : 0xa1b23c4d, 4, big);
	put(w, head, sizeof(head), 0, sizeof(head));
	if (w->at == sizeof(head))
		w->marked->mark[sizeof(head) - 1] |= MARKED_END;
	for (uint64_t i = 16; i < w->at && w->at < sizeof(head); i++)
		w->marked->mark[i] = MARKED_PAYLOAD;
	return big ? FRAME_PACKET_BE : FRAME_PACKET_LE;
}

/* From here on there is no frame. */
static void
put_rubbish(struct writing *w, struct random *random, enum frame_format format)
{
	char rubbish[HEAD_MOST];
	size_t known, length = put_wrong(random, format, rubbish, &known);

	if (length == 0 || w->at + known > w->length)
		return;
	w->marked->wrong_at = w->at;
	w->marked->wrong_known = w->at + known;
	while (w->at < w->length)
		put(w, rubbish, length, 0, 0);
}

/* A record; false where it lacks its comma, and all that is behind it is none. */
static bool
put_frame(struct writing *w, const struct marked_maker *maker, enum frame_format format)
{
	struct random *random = maker->random;
	char head[HEAD_MOST];
	const uint64_t longest = random_one_in(random, 7) ? format == FRAME_OCTETS : maker->most(); /* of those none is empty */
	const uint64_t payload = longest < most_payload(format) ? longest : most_payload(format);
	const size_t length = put_head(random, format, head, payload);
	const bool comma = format == FRAME_NETSTRING, good = !comma || !random_one_in(random, 300);
	const uint64_t end = w->at + length + payload + comma;

	put(w, head, length, 0, length);
	for (uint64_t i = 0; i < payload && w->at < w->length; i++)
		put(w, &(char){ maker->letter() }, 1, MARKED_PAYLOAD, 0);
	if (!good && w->at < w->length) {
		w->marked->wrong_at = w->at;
		w->marked->wrong_known = w->at + 1;
	}
	if (comma)
		put(w, good ? "," : ";", 1, 0, 0);
	if (good && end <= w->length)
		w->marked->mark[end - 1] |= MARKED_END;
	return good;
}

void
marked_frames(struct marked *marked, enum frame_format format, const struct marked_maker *maker, char *stream,
    uint64_t length)
{
	struct writing w = { marked, stream, 0, length };

	marked->late = false;
	marked->wrong_at = UINT64_MAX;
	if (random_one_in(maker->random, 40))
		put_rubbish(&w, maker->random, format);
	if (format == FRAME_PCAP && w.at < length)
		format = put_file(&w, maker->random);
	while (w.at < length) {
		if (random_one_in(maker->random, 200))
			put_rubbish(&w, maker->random, format);
		else if (!put_frame(&w, maker, format))
			while (w.at < length)
				put(&w, "q", 1, 0, 0);
	}
}
