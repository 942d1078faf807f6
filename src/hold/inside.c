/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/inside.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* It is here to its end, but that is not the one it says. */
static bool
is_cut(const struct frame *frame, size_t length)
{
	return length != INSIDE_OPEN && length != frame->head + frame->payload + frame->end;
}

struct inside
inside_write(char text[INSIDE_MOST], enum frame_format format, const char *record, size_t here, size_t length,
    const char *number, size_t number_length)
{
	struct inside inside = { .fits = true };
	struct frame frame;
	size_t head;

	assert(format < FRAME_PCAP);
	if (frame_read(format, record, here, &frame) != FRAME_WHOLE || is_cut(&frame, length))
		return inside;
	inside.payload = frame.payload;
	inside.fits = number_length <= frame_most(format) && frame.payload <= frame_most(format) - number_length;
	if (!inside.fits)
		return inside;
	head = frame_write_wide(format, frame.payload + number_length, frame.head, text);
	memcpy(text + head, number, number_length);
	inside.head = frame.head;
	inside.added = head + number_length - frame.head;
	return inside;
}

void
inside_tell(char text[INSIDE_TELL_MOST], const struct inside_misfit *misfit)
{
	char which[40] = "a record";

	if (misfit->serial > 0)
		(void)snprintf(which, sizeof(which), "record %" PRIu64, misfit->serial);
	(void)snprintf(text, INSIDE_TELL_MOST, "--frame=%s: %s: its payload of %" PRIu64 " bytes and the %zu of %s are more than the "
	    "%" PRIu64 " that its length can say", frame_name(misfit->format), which, misfit->payload, misfit->number,
	    misfit->options, frame_most(misfit->format));
}
