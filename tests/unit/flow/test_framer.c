/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stream in reads and pieces of any size, against its records as they were made: what is passed on, with what is kept back put in
 * front of what comes next, is the stream, and ends where they end.
 */
#include "../tap.h"

#include "../random.h"
#include "flow/framer.h"

#include <stdlib.h>
#include <string.h>

#define STREAM 20000
#define ROOM 6000

static char stream[STREAM], room[ROOM], passed[STREAM];
static size_t length, passed_length;
static size_t expected[STREAM], expects;
static size_t found[STREAM], finds;

static void
add(const char *text, size_t bytes)
{
	memcpy(stream + length, text, bytes);
	length += bytes;
}

static void
end_record(void)
{
	expected[expects++] = length;
}

static void
begin(void)
{
	length = expects = 0;
}

/* Some of the room in up to three pieces. */
static void
make_pieces(struct random *random, struct iovec piece[3], size_t bytes)
{
	const size_t first = random_below(random, bytes + 1), second = random_below(random, bytes - first + 1);

	piece[0] = (struct iovec){ room, first };
	piece[1] = (struct iovec){ room + first, second };
	piece[2] = (struct iovec){ room + first + second, bytes - first - second };
}

static void
note(const struct framed *framed, const struct ends *ends)
{
	if (framed->ends_before)
		found[finds++] = passed_length;
	memcpy(passed + passed_length, room, framed->length);
	for (size_t i = 0; i < framed->length; i++)
		if (ends_last(ends, room + i, 1) > 0)
			found[finds++] = passed_length + i + 1;
	passed_length += framed->length;
}

static void
feed(struct framer *framer, struct random *random, size_t most)
{
	size_t done = 0;

	passed_length = finds = 0;
	while (done < length) {
		struct iovec piece[3] = { { room, ROOM } };
		const size_t kept = framer_resume(framer, piece, ROOM), left = length - done;
		size_t step = 1 + random_below(random, most);
		struct framed framed;

		if (step > left)
			step = left;
		if (step > ROOM - kept)
			step = ROOM - kept;
		memcpy(room + kept, stream + done, step);
		done += step;
		make_pieces(random, piece, kept + step);
		framed = framer_look(framer, piece, kept + step, false);
		note(&framed, framer->framing.ends);
	}
}

/* What is kept back at last, too; a record of lines has ended with it. */
static void
finish(struct framer *framer)
{
	struct iovec piece = { room, ROOM };
	const size_t kept = framer_resume(framer, &piece, ROOM);

	if (kept > 0) {
		const struct framed framed = framer_look(framer, &piece, kept, true);

		note(&framed, framer->framing.ends);
	}
	if (framer_waits(framer))
		found[finds++] = passed_length;
}

static bool
is_found(const struct framing *framing, const struct lines *lines, uint64_t seed)
{
	static const size_t steps[] = { 1, 2, 7, 100, ROOM };
	struct framing noted = *framing;
	struct random random = { seed };
	bool good = true;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && good; i++) {
		struct framer framer;

		noted.ends = ends_new();
		good = ends_cover(noted.ends, room, ROOM) == 0 && framer_init(&framer, &noted, lines) == 0;
		feed(&framer, &random, steps[i]);
		finish(&framer);
		good &= passed_length == length && memcmp(passed, stream, length) == 0 && finds == expects &&
		    memcmp(found, expected, finds * sizeof(found[0])) == 0;
		framer_free(&framer);
		ends_free(noted.ends);
	}
	return good;
}

/* --- a string --------------------------------------------------------------------------------------- */

static void
strings(void)
{
	static const char *const strings[] = { "\r\n\r\n", "ab", "aa", "aab", "abab", "abcabcabd", "aabaabaaabaabaab" };
	struct random random = { 1 };
	bool good = true;

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		const size_t bytes = strlen(strings[i]);
		struct framing framing = { .kind = FRAMING_STRING, .string_length = (unsigned char)bytes };

		memcpy(framing.string, strings[i], bytes);
		for (int round = 0; round < 20; round++) {
			begin();
			while (length < 3000) {
				const char byte = strings[i][random_below(&random, bytes)];
				const size_t last = expects > 0 ? expected[expects - 1] : 0;

				add(&byte, 1);
				if (length - last >= bytes && memcmp(stream + length - bytes, strings[i], bytes) == 0)
					end_record();
			}
			good &= is_found(&framing, NULL, (uint64_t)round);
		}
	}
	ok(good, "a string, also one that repeats itself");
}

/* --- frames ----------------------------------------------------------------------------------------- */

static void
add_frame(enum frame_format format, struct random *random, size_t most)
{
	size_t payload = random_below(random, most) + (format == FRAME_OCTETS);
	char head[FRAME_HEAD_MOST] = { 0 };

	if (payload > 255 && format == FRAME_U8)
		payload = 255;
	if (format == FRAME_PCAP) {
		for (int i = 0; i < 4; i++)
			head[8 + i] = (char)(payload >> 8 * i & 0xff);
		add(head, 16);
	} else {
		add(head, frame_write(format, payload, head));
	}
	for (; payload > 0; payload--)
		add(&(char){ (char)random_below(random, 256) }, 1);
	add(",", frame_end(format));
	end_record();
}

static void
frames(void)
{
	struct random random = { 2 };
	bool good = true;

	for (enum frame_format format = FRAME_U8; format < FRAME_FORMATS; format++) {
		const struct framing framing = { .kind = FRAMING_FRAME, .format = format };

		for (int round = 0; round < 20; round++) {
			begin();
			if (format == FRAME_PCAP) {
				add("\324\303\262\241\2\0\4\0\0\0\0\0\0\0\0\0\0\0\4\0\1\0\0\0", 24);
				end_record();
			}
			while (length < 8000)
				add_frame(format, &random, round % 2 == 0 ? 30 : 3000);
			good &= is_found(&framing, NULL, (uint64_t)round);
		}
	}
	ok(good, "frames of every format");
}

/* What is no record is not passed on, wherever the reads are cut. */
static bool
stops_at(enum frame_format format, const char *text, size_t bytes, size_t good)
{
	for (size_t step = 1; step <= bytes; step++) {
		struct framing framing = { .kind = FRAMING_FRAME, .format = format, .ends = ends_new() };
		struct random random = { step };
		struct framer framer;
		bool stopped;

		if (ends_cover(framing.ends, room, ROOM) < 0 || framer_init(&framer, &framing, NULL) < 0)
			return false;
		begin();
		add(text, bytes);
		feed(&framer, &random, step);
		stopped = framer.wrong && framer.passed == good && passed_length == good;
		framer_free(&framer);
		ends_free(framing.ends);
		if (!stopped)
			return false;
	}
	return true;
}

static void
faults(void)
{
	ok(stops_at(FRAME_NETSTRING, "3:abc,x3:abc,", 13, 6), "what has no length");
	ok(stops_at(FRAME_NETSTRING, "3:abc,3:abcd3:abc,", 18, 11), "what does not end as it should: up to there");
	ok(stops_at(FRAME_OCTETS, "2 ab0 ", 6, 4) && stops_at(FRAME_OCTETS, "2 ab<13>", 8, 4), "no octets");
	ok(stops_at(FRAME_VARINT, "\1a\377\377\377\377\377\377\377\377\377\377", 12, 2), "a varint that does not end");
	ok(stops_at(FRAME_PCAP, "abcdefg", 7, 0), "no pcap file");
}

/* --- lines ------------------------------------------------------------------------------------------ */

/* Lines of which some go on: as the three expressions have it. */
static void
make_lines(struct random *random, const struct lines *lines, size_t longest)
{
	bool continued = false, open = false;

	begin();
	while (length < 8000) {
		const bool indented = random_below(random, 2) == 0, goes_on = random_below(random, 3) == 0;
		const bool joins = continued || (indented && (lines->start != NULL || lines->join != NULL));

		if (open && !joins)
			end_record();
		open = true;
		add(indented ? " " : "x", 1);
		for (size_t more = random_below(random, longest); more > 0; more--)
			add("y", 1);
		if (goes_on)
			add("\\", 1);
		add("\n", 1);
		continued = goes_on && lines->continued != NULL;
	}
	end_record();
}

static void
lines(void)
{
	char error[PATTERN_ERROR_MOST];
	struct lines rules[] = {
		{ .start = pattern_new("^\\S", error) },
		{ .join = pattern_new("^\\s", error) },
		{ .continued = pattern_new("\\\\$", error) },
		{ .start = pattern_new("^\\S", error), .continued = pattern_new("\\\\$", error) },
	};
	const struct framing framing = { .kind = FRAMING_JOINED, .delimiter = '\n' };
	struct random random = { 3 };

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		bool good = true;

		for (int round = 0; round < 40; round++) {
			make_lines(&random, &rules[i], round % 2 == 0 ? 5 : 300);
			good &= is_found(&framing, &rules[i], (uint64_t)round);
		}
		ok(good, "lines that go together, %zu", i);
	}
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		lines_free(&rules[i]);
}

int
main(void)
{
	strings();
	frames();
	faults();
	if (pattern_engine((char[PATTERN_ENGINE_MOST]){ 0 }))
		lines();
	return done_testing();
}
