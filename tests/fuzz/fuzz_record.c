/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Framing against a walk byte by byte: each function of record.h over one piece, and over the same piece
 * cut in two anywhere, where `phase` carries what the second needs to know of the first.
 */
#include "config.h"

#include "base/record.h"
#include "fuzz.h"

#include <string.h>

/* Two rounds of the widest loop there is: 255 vectors of 32 bytes. */
#define PIECE_MOST ((size_t)20000)

struct question {
	struct framing framing;
	uint64_t phase;
	uint64_t skip; /* ends to pass over */
	size_t most;   /* a short record's length */
};

struct answers {
	uint64_t count;
	size_t first;
	size_t last;
	size_t skipped;
	uint64_t skips_left;
	size_t brief; /* where the first short record begins */
	uint64_t phase;
};

static bool
is_end(const struct framing *f, uint64_t length, char byte)
{
	if (f->kind == FRAMING_BYTES)
		return false;
	return f->kind == FRAMING_FIXED ? length == f->size : (unsigned char)byte == f->delimiter;
}

static struct answers
walk(const struct question *q, const char *piece, size_t length)
{
	struct answers a = { .skips_left = q->skip, .phase = q->phase };
	bool brief = false;
	size_t start = 0;

	for (size_t at = 0; at < length; at++) {
		size_t end = at + 1;

		if (!is_end(&q->framing, ++a.phase, piece[at]))
			continue;
		a.phase = 0;
		a.count++;
		a.first = a.first == 0 ? end : a.first;
		a.last = end;
		if (a.skips_left > 0) {
			a.skips_left--;
			a.skipped = end;
		}
		if (!brief && end - start <= q->most) {
			brief = true;
			a.brief = start;
		}
		start = end;
	}
	if (!brief)
		a.brief = q->framing.kind == FRAMING_BYTES ? length : start;
	if (q->framing.kind == FRAMING_BYTES)
		a.phase = 0;
	return a;
}

static struct answers
ask(const struct question *q, const char *piece, size_t length)
{
	const struct framing *f = &q->framing;
	struct answers a = {
		.count = record_count(f, q->phase, piece, length),
		.first = record_first(f, q->phase, piece, length),
		.last = record_last(f, q->phase, piece, length),
		.skips_left = q->skip,
		.brief = record_short(f, piece, length, q->most),
		.phase = record_phase(f, q->phase, piece, length),
	};

	a.skipped = record_skip(f, q->phase, piece, length, &a.skips_left);
	return a;
}

/* The same of two pieces, each asked for itself. */
static struct answers
ask_both(const struct question *q, const char *piece, size_t length, size_t cut)
{
	struct answers one = ask(q, piece, cut);
	struct question rest = *q;
	struct answers two;

	rest.phase = one.phase;
	rest.skip = one.skips_left;
	two = ask(&rest, piece + cut, length - cut);
	return (struct answers){
		.count = one.count + two.count,
		.first = one.first > 0 ? one.first : two.first > 0 ? cut + two.first : 0,
		.last = two.last > 0 ? cut + two.last : one.last,
		.skipped = two.skipped > 0 ? cut + two.skipped : one.skipped,
		.skips_left = two.skips_left,
		.phase = two.phase,
	};
}

static void
compare(const struct question *q, const struct answers *got, const struct answers *want)
{
	bool exact = !framing_delimited(&q->framing);

	expect_equal("count", got->count, want->count);
	expect_equal("first", got->first, want->first);
	expect_equal("last", got->last, want->last);
	expect_equal("skip", got->skipped, want->skipped);
	expect_equal("left to skip", got->skips_left, want->skips_left);
	expect_equal("phase", exact ? got->phase : got->phase > 0, exact ? want->phase : want->phase > 0);
}

static struct question
read_question(struct input *input)
{
	static const enum framing_kind kinds[] = { FRAMING_LINES, FRAMING_NULL, FRAMING_DELIMITER,
		FRAMING_FIXED, FRAMING_BYTES };
	struct question q = { .framing = { .kind = kinds[input_byte(input) % 5] } };

	q.framing.delimiter = (unsigned char)input_byte(input);
	/* No record is as long as half of what can be counted. */
	q.framing.size = (input_number(input) >> 1) + 1;
	q.phase = input_number(input);
	q.phase %= q.framing.kind == FRAMING_FIXED ? q.framing.size : 2;
	if (q.framing.kind == FRAMING_BYTES)
		q.phase = 0;
	q.skip = input_number(input);
	q.most = (size_t)input_number(input);
	return q;
}

/* Each byte of the input is a run of up to 128 bytes that are not the delimiter, odd ones with one behind
 * it; all of it `times` over. */
static size_t
make_piece(struct input input, size_t times, unsigned char delimiter, char *piece)
{
	size_t length = 0;

	for (; times > 0; times--) {
		for (size_t i = 0; i < input.left; i++) {
			unsigned run = input.at[i];

			for (unsigned plain = 0; plain < (run + 1) / 2 && length < PIECE_MOST; plain++, length++)
				piece[length] = (char)(delimiter ^ 1 << length % 8);
			if (run % 2 == 1 && length > 0)
				piece[length - 1] = (char)delimiter;
		}
	}
	return length;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char made[PIECE_MOST];
	struct input input = { data, size };
	struct question q = read_question(&input);
	size_t times = input_byte(&input) + 1, shift = input_byte(&input) % 64;
	unsigned near = input_byte(&input);
	size_t cut = (size_t)input_number(&input);
	size_t length = make_piece(input, times, q.framing.delimiter, made);
	char *room = malloc(shift + length + 1);
	char *piece = room + shift + 1; /* at any alignment, and ending where the memory does */
	struct answers want, got;

	if (room == NULL)
		return 0;
	memcpy(piece, made, length);
	cut %= length + 1;
	if (near > 0) /* just there, or almost */
		q.skip = walk(&q, piece, cut).count + near % 5 - (near > 128 ? 2 : 0);
	want = walk(&q, piece, length);
	got = ask(&q, piece, length);
	compare(&q, &got, &want);
	if (q.phase == 0)
		expect_equal("short", got.brief, want.brief);
	got = ask_both(&q, piece, length, cut);
	compare(&q, &got, &want);
	free(room);
	return 0;
}
