/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A framing, the sizes of reads, and a stream: whatever it is, what the framer passes on is the stream as far as there are records
 * in it, and where it is cut makes no difference: in one read it ends where it ends in many.
 */
#include "config.h"

#include "flow/framer.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#define ROOM ((size_t)1 << 16)

static char room[ROOM];

struct found {
	size_t length;
	size_t end[ROOM];
	size_t ends;
	bool wrong;
};

static struct found whole, cut;

static void
note(struct found *found, const struct ends *ends, const struct framed *framed, const char *stream)
{
	if (framed->ends_before)
		found->end[found->ends++] = found->length;
	if (memcmp(room, stream + found->length, framed->length) != 0)
		abort();
	for (size_t at = 0, end; (end = ends_first(ends, room + at, framed->length - at)) > 0; at += end)
		found->end[found->ends++] = found->length + at + end;
	found->length += framed->length;
}

/* In reads of `step` bytes, or all at once. */
static void
frame(struct found *found, const struct framing *framing, const struct lines *lines, const char *stream, size_t length, size_t step)
{
	struct framing noted = *framing;
	struct framer framer;
	size_t done = 0;

	noted.ends = ends_new();
	if (noted.ends == NULL || ends_cover(noted.ends, room, ROOM) < 0 || framer_init(&framer, &noted, lines) < 0)
		abort();
	found->length = found->ends = 0;
	do {
		const struct iovec all = { room, ROOM };
		const size_t kept = framer_resume(&framer, &all, ROOM), left = length - done, more = step < left ? step : left;
		struct iovec piece[2] = { { room, (kept + more) / 2 }, { room + (kept + more) / 2, kept + more - (kept + more) / 2 } };
		struct framed framed;

		memcpy(room + kept, stream + done, more);
		done += more;
		framed = framer_look(&framer, piece, kept + more, done == length);
		note(found, noted.ends, &framed, stream);
	} while (done < length && !framer.wrong);
	found->wrong = framer.wrong;
	framer_free(&framer);
	ends_free(noted.ends);
}

static struct lines *
rules_of(unsigned char byte)
{
	static struct lines rules[4];
	char error[PATTERN_ERROR_MOST];

	if (rules[0].start == NULL && pattern_engine((char[PATTERN_ENGINE_MOST]){ 0 })) {
		rules[0].start = pattern_new("^[a-m]", error);
		rules[1].join = pattern_new("^\\s", error);
		rules[2].continued = pattern_new("\\\\$", error);
		rules[3].start = pattern_new("^[a-m]", error);
		rules[3].continued = pattern_new("x$", error);
	}
	return &rules[byte % 4];
}

static void
make_framing(struct framing *framing, unsigned char byte, const unsigned char **data, size_t *size)
{
	*framing = (struct framing){ .kind = FRAMING_JOINED, .delimiter = '\n' };
	if (byte % 3 == 1)
		*framing = (struct framing){ .kind = FRAMING_FRAME, .format = (enum frame_format)(byte / 3 % FRAME_FORMATS) };
	if (byte % 3 != 2 || *size < 2)
		return;
	*framing = (struct framing){ .kind = FRAMING_STRING, .string_length = (unsigned char)(2 + byte / 3 % 15) };
	if (framing->string_length > *size)
		framing->string_length = 2;
	memcpy(framing->string, *data, framing->string_length);
	*data += framing->string_length;
	*size -= framing->string_length;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const unsigned char *stream = data + 2;
	struct framing framing;
	size_t step;

	if (size < 3 || size > ROOM / 2)
		return 0;
	size -= 2;
	step = 1 + data[1];
	make_framing(&framing, data[0], &stream, &size);
	frame(&whole, &framing, rules_of(data[0]), (const char *)stream, size, size);
	frame(&cut, &framing, rules_of(data[0]), (const char *)stream, size, step);
	if (whole.length != cut.length || whole.ends != cut.ends || whole.wrong != cut.wrong ||
	    memcmp(whole.end, cut.end, whole.ends * sizeof(whole.end[0])) != 0)
		abort();
	if (!whole.wrong && whole.length != size)
		abort();
	return 0;
}
