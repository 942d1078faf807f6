/* SPDX-License-Identifier: BSD-2-Clause */
/* A number inside frames of every length at which a header grows: what is read from the text and the rest of the record. */
#include "config.h"

#include "hold/inside.h"
#include "../tap.h"

#include <stdlib.h>
#include <string.h>

#define LONGEST ((size_t)66000)

static char record[LONGEST + FRAME_HEAD_MOST + 1], made[LONGEST + 2 * INSIDE_MOST];

/* A record as it comes, with a header of at least so many bytes; its length. */
static size_t
make(enum frame_format format, size_t payload, size_t least, size_t *head)
{
	*head = frame_write_wide(format, payload, least, record);
	for (size_t i = 0; i < payload; i++)
		record[*head + i] = (char)('a' + i % 26);
	record[*head + payload] = ',';
	return *head + payload + frame_end(format);
}

static bool
holds(enum frame_format format, size_t payload, size_t least, size_t number_length)
{
	char number[INSIDE_NUMBER_MOST], text[INSIDE_MOST];
	size_t head, length = make(format, payload, least, &head), all;
	struct inside inside;
	struct frame frame;

	memset(number, '7', number_length);
	inside = inside_write(text, format, record, length, length, number, number_length);
	if (payload + number_length > frame_most(format))
		return !inside.fits && inside.payload == payload;
	if (!inside.fits || inside.added < number_length || inside.added > sizeof(text))
		return false;
	memcpy(made, text, inside.added + inside.head);
	memcpy(made + inside.added + inside.head, record + inside.head, length - inside.head);
	all = length + inside.added;
	return inside.head == head && frame_read(format, made, all, &frame) == FRAME_WHOLE &&
	    frame.payload == payload + number_length && frame.head + frame.payload + frame.end == all &&
	    memcmp(made + frame.head, number, number_length) == 0 &&
	    memcmp(made + frame.head + number_length, record + head, length - head) == 0;
}

static void
every_format(void)
{
	static const size_t around[] = { 1, 10, 100, 128, 256, 1000, 10000, 16384, 65536 };
	static const size_t numbers[] = { 1, 2, 7, 127, 128, 255, 256, INSIDE_NUMBER_MOST };

	for (enum frame_format format = FRAME_U8; format < FRAME_PCAP; format++) {
		bool good = true;

		for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++)
			for (size_t payload = around[i] > 3 ? around[i] - 3 : 0; payload < around[i] + 3; payload++)
				for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++)
					if (payload <= frame_most(format) && (payload > 0 || format != FRAME_OCTETS))
						good = good && holds(format, payload, 0, numbers[n]);
		ok(good, "%s", frame_name(format));
	}
	ok(holds(FRAME_VARINT, 5, 10, 1) && holds(FRAME_VARINT, 0, 3, 1) && holds(FRAME_VARINT, 127, 2, 1),
	    "a varint that is longer than it need be");
}

/* Of which not all is here. */
static void
open_and_cut(void)
{
	char text[INSIDE_MOST], why[INSIDE_TELL_MOST];
	const struct inside_misfit misfit = { FRAME_U8, 7, 254, 2, "--number" }, nameless = { FRAME_U16LE, 0, 65535, 3, "--weight" };
	struct inside inside;
	size_t head;

	(void)make(FRAME_U16BE, 300, 0, &head);
	inside = inside_write(text, FRAME_U16BE, record, 2, INSIDE_OPEN, "12", 2);
	ok(inside.fits && inside.added == 2 && inside.head == 2 && memcmp(text, "\001\05612", 4) == 0, "its header is enough");
	inside = inside_write(text, FRAME_U16BE, record, 200, 200, "12", 2);
	ok(inside.fits && inside.added == 0 && inside.head == 0, "one that is cut stays as it is");
	inside = inside_write(text, FRAME_U16BE, record, 1, 1, "12", 2);
	ok(inside.fits && inside.added == 0 && inside.head == 0, "in its header, too");
	inside_tell(why, &misfit);
	is_text(why, "--frame=u8: record 7: its payload of 254 bytes and the 2 of --number are more than the 255 that its length can say",
	    "which record, and what of it");
	inside_tell(why, &nameless);
	ok(strncmp(why, "--frame=u16le: a record: ", 25) == 0, "or one without a serial");
}

int
main(void)
{
	every_format();
	open_and_cut();
	return done_testing();
}
