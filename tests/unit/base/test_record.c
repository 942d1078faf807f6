/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every function of record.h against a walk byte by byte, over lengths around the vectors that the fast
 * path counts in, at every alignment, from no end at all to nothing but ends.  Around a piece lie
 * delimiters, so that a look beyond it shows.
 */
#include "../tap.h"

#include "../random.h"
#include "base/record.h"

#define LANES 32
#define BLOCK (255 * LANES)
#define PIECE_MOST (2 * BLOCK + LANES)
#define ROOM (2 * LANES) /* before and behind a piece */

static char room[ROOM + PIECE_MOST + ROOM];

/* What a walk finds in a piece. */
struct walk {
	size_t ends[PIECE_MOST];
	uint64_t count;
	uint64_t phase;
};

static bool
ends_here(const struct framing *f, uint64_t *phase, char byte)
{
	bool ends = false;

	switch (f->kind) {
	case FRAMING_LINES:
	case FRAMING_NULL:
	case FRAMING_DELIMITER:
		ends = (unsigned char)byte == f->delimiter;
		break;
	case FRAMING_FIXED:
		ends = *phase + 1 == f->size;
		break;
	case FRAMING_BYTES:
	case FRAMING_JOINED: /* noted */
	case FRAMING_STRING:
	case FRAMING_FRAME:
		return false;
	}
	*phase = ends ? 0 : *phase + 1;
	return ends;
}

static void
walk(struct walk *walk, const struct framing *f, uint64_t phase, const char *piece, size_t length)
{
	walk->count = 0;
	walk->phase = phase;
	for (size_t i = 0; i < length; i++)
		if (ends_here(f, &walk->phase, piece[i]))
			walk->ends[walk->count++] = i + 1;
}

static bool
skips_right(const struct walk *w, const struct framing *f, uint64_t phase, const char *piece,
    size_t length, uint64_t wanted)
{
	uint64_t passed = wanted < w->count ? wanted : w->count;
	uint64_t left = wanted;
	size_t end = record_skip(f, phase, piece, length, &left);

	if (end == (passed > 0 ? w->ends[passed - 1] : 0) && left == wanted - passed)
		return true;
	diag("record_skip of %" PRIu64 " in %zu bytes with %" PRIu64 " ends: at %zu, left %" PRIu64, wanted,
	    length, w->count, end, left);
	return false;
}

/* record_short looks at pieces that begin with a record. */
static bool
finds_short(const struct walk *w, const struct framing *f, const char *piece, size_t length, size_t most)
{
	size_t got = record_short(f, piece, length, most);
	size_t start = 0;

	for (uint64_t i = 0; i < w->count && w->ends[i] - start > most; i++)
		start = w->ends[i];
	if (got == start)
		return true;
	diag("record_short of %zu in %zu bytes with %" PRIu64 " ends: at %zu, should be %zu", most, length,
	    w->count, got, start);
	return false;
}

/* Whether what all functions say of one piece is what the walk says. */
static bool
agrees(const struct framing *f, uint64_t phase, const char *piece, size_t length, struct random *random)
{
	static struct walk w;
	const uint64_t around[] = { 0, 1, 2, 15, 16, 17, 300 };
	const size_t most[] = { 0, 1, 2, 3, 7, 8, 31, 62, 63, 64, 65, 400, PIECE_MOST };
	uint64_t got_phase = record_phase(f, phase, piece, length);
	bool good = true;

	walk(&w, f, phase, piece, length);
	good = good && record_count(f, phase, piece, length) == w.count;
	good = good && record_first(f, phase, piece, length) == (w.count > 0 ? w.ends[0] : 0);
	good = good && record_last(f, phase, piece, length) == (w.count > 0 ? w.ends[w.count - 1] : 0);
	if (f->kind == FRAMING_FIXED)
		good = good && got_phase == w.phase;
	else if (f->kind != FRAMING_BYTES)
		good = good && (got_phase != 0) == (w.phase != 0);
	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++)
		good = good && skips_right(&w, f, phase, piece, length, around[i]);
	for (uint64_t near = w.count > 0 ? w.count - 1 : 0; near <= w.count + 1; near++)
		good = good && skips_right(&w, f, phase, piece, length, near);
	good = good && skips_right(&w, f, phase, piece, length, UINT64_MAX);
	good = good && skips_right(&w, f, phase, piece, length, random_below(random, w.count + 1));
	for (size_t i = 0; i < sizeof(most) / sizeof(most[0]) && phase == 0 && f->kind != FRAMING_BYTES; i++)
		good = good && finds_short(&w, f, piece, length, most[i]);
	if (!good)
		diag("%s, delimiter %d, size %" PRIu64 ", phase %" PRIu64 ": %zu bytes, %" PRIu64
		    " ends: count %" PRIu64 ", first %zu, last %zu, phase %" PRIu64, framing_name(f),
		    f->delimiter, f->size, phase, length, w.count, record_count(f, phase, piece, length),
		    record_first(f, phase, piece, length), record_last(f, phase, piece, length), got_phase);
	return good;
}

/* A piece of random bytes in which about one in `sparse` is a delimiter (0: none). */
static char *
make_piece(struct random *random, unsigned char delimiter, uint64_t sparse, size_t align, size_t length)
{
	char *piece = room + ROOM - (uintptr_t)room % LANES + align % LANES;

	memset(room, delimiter, sizeof(room));
	for (size_t i = 0; i < length; i++) {
		unsigned char other = (unsigned char)random_next(random);
		if (sparse > 0 && random_one_in(random, sparse))
			other = delimiter;
		else if (other == delimiter)
			other ^= (unsigned char)(1 << random_below(random, 8)); /* the nearest miss */
		piece[i] = (char)other;
	}
	return piece;
}

static const uint64_t densities[] = { 0, 1, 2, 20, 70, 200, 5000 };
#define DENSITIES (sizeof(densities) / sizeof(densities[0]))

static void
short_pieces(const struct framing *f)
{
	struct random random = { 1 };
	bool good = true;

	for (size_t length = 0; length <= 3 * LANES + 1 && good; length++)
		for (size_t align = 0; align < LANES && good; align++)
			for (size_t d = 0; d < DENSITIES && good; d++)
				good = agrees(f, (length + d) % 2, make_piece(&random, f->delimiter,
				    densities[d], align, length), length, &random);
	ok(good, "%s, delimiter %d: pieces of up to 97 bytes, at every alignment", framing_name(f),
	    f->delimiter);
}

static void
long_pieces(const struct framing *f)
{
	static const size_t lengths[] = { 255, 256, 257, 511, 512, 513, 4096, BLOCK - LANES, BLOCK - 1,
	    BLOCK, BLOCK + 1, BLOCK + LANES - 1, BLOCK + LANES, 2 * BLOCK - 1, 2 * BLOCK, 2 * BLOCK + 1 };
	struct random random = { 2 };
	bool good = true;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]) && good; i++)
		for (size_t d = 0; d < DENSITIES && good; d++)
			good = agrees(f, i % 2, make_piece(&random, f->delimiter, densities[d],
			    random_below(&random, LANES), lengths[i]), lengths[i], &random);
	ok(good, "%s, delimiter %d: pieces around 255 vectors of 32 bytes", framing_name(f),
	    f->delimiter);
}

static void
delimiters(void)
{
	static const struct framing framings[] = {
		{ .kind = FRAMING_LINES, .delimiter = '\n' },
		{ .kind = FRAMING_NULL },
		{ .kind = FRAMING_DELIMITER, .delimiter = ',', .size = 0 },
		{ .kind = FRAMING_DELIMITER, .delimiter = 0x7f },
		{ .kind = FRAMING_DELIMITER, .delimiter = 0x80 },
		{ .kind = FRAMING_DELIMITER, .delimiter = 0xff },
	};

	for (size_t i = 0; i < sizeof(framings) / sizeof(framings[0]); i++) {
		short_pieces(&framings[i]);
		long_pieces(&framings[i]);
	}
}

/* Phases at the beginning, around the middle and at the end of a record. */
static void
fixed(void)
{
	static const uint64_t sizes[] = { 1, 2, 3, 7, 31, 32, 33, 512, 4095, UINT64_C(1) << 40 };
	struct random random = { 3 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct framing f = { .kind = FRAMING_FIXED, .size = sizes[i] };
		bool good = true;

		for (unsigned round = 0; round < 300 && good; round++) {
			uint64_t back = random_below(&random, f.size < 64 ? f.size : 64);
			uint64_t phase = round % 3 == 0 ? back : f.size - 1 - back;
			size_t length = random_below(&random, round % 10 == 0 ? PIECE_MOST : 100);

			if (round % 3 == 2)
				phase = f.size / 2;
			if (round % 7 == 0 && f.size - phase <= PIECE_MOST)
				length = (size_t)(f.size - phase) - round % 2; /* just to the end */
			good = agrees(&f, phase, room, length, &random);
		}
		ok(good, "fixed, %" PRIu64 " bytes a record: any phase, any length", f.size);
	}
}

static void
bytes(void)
{
	struct framing f = { .kind = FRAMING_BYTES };
	struct random random = { 4 };
	bool good = true;

	for (size_t length = 0; length < 300 && good; length++)
		good = agrees(&f, 0, make_piece(&random, 0, 2, length, length), length, &random);
	ok(good, "bytes: no piece has an end");
}

static void
names(void)
{
	static const struct {
		struct framing framing;
		const char *name;
	} names[] = {
		{ { .kind = FRAMING_LINES }, "lines" },
		{ { .kind = FRAMING_NULL }, "null" },
		{ { .kind = FRAMING_DELIMITER }, "delimiter" },
		{ { .kind = FRAMING_FIXED }, "fixed" },
		{ { .kind = FRAMING_BYTES }, "bytes" },
		{ { .kind = FRAMING_JOINED }, "joined" },
		{ { .kind = FRAMING_STRING }, "delimiter" },
		{ { .kind = FRAMING_FRAME, .format = FRAME_VARINT }, "varint" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		is_text(framing_name(&names[i].framing), names[i].name, "the name of %s", names[i].name);
}

/* Where ends are noted they are where it says, and a piece that is not covered has none. */
static void
noted(void)
{
	static char covered[200], elsewhere[200];
	struct ends *ends = ends_new();
	struct framing f = { .kind = FRAMING_STRING, .delimiter = '\n', .string = "\r\n", .string_length = 2, .ends = ends };
	uint64_t count = 2;

	ok(framing_noted(&f) && !framing_delimited(&f) && ends_cover(ends, covered, sizeof(covered)) == 0, "noted beside");
	for (size_t i = 9; i < sizeof(covered); i += 10)
		ends_set(ends, covered + i);
	ok(record_count(&f, 0, covered, 200) == 20 && record_first(&f, 0, covered + 5, 20) == 5 &&
	    record_last(&f, 0, covered, 199) == 190 && record_skip(&f, 0, covered, 200, &count) == 20 && count == 0,
	    "counted, first, last, passed over");
	ok(record_short(&f, covered, 200, 9) == 200 && record_short(&f, covered, 200, 10) == 0 &&
	    record_phase(&f, 1, covered, 10) == 0 && record_phase(&f, 0, covered, 11) != 0 && record_phase(&f, 3, covered, 0) == 3,
	    "short ones, phases");
	ok(record_count(&f, 0, elsewhere, 200) == 0 && record_first(&f, 0, elsewhere, 200) == 0, "elsewhere there are none");
	ok(record_body(&f, "ab\r\n", 4) == 2 && record_body(&f, "ab\n", 3) == 3 && record_body(&f, "\n", 1) == 1,
	    "what is not delimiter");
	f = (struct framing){ .kind = FRAMING_FRAME, .format = FRAME_NETSTRING };
	ok(record_head(&f, "3:abc,", 6) == 2 && record_body(&f, "3:abc,", 6) == 3 && record_body(&f, "3:ab", 4) == 2,
	    "a payload, whole and in part");
	ends_free(ends);
}

/* Ends that need no look at the bytes are counted without any. */
static void
needs_a_look(void)
{
	static const struct framing blind[] = { { .kind = FRAMING_FIXED, .size = 7 }, { .kind = FRAMING_BYTES } };
	static const struct framing delimited[] = { { .kind = FRAMING_LINES, .delimiter = '\n' }, { .kind = FRAMING_NULL },
		{ .kind = FRAMING_DELIMITER, .delimiter = ';' } };

	for (size_t i = 0; i < sizeof(delimited) / sizeof(delimited[0]); i++)
		ok(framing_delimited(&delimited[i]), "%s: ends are found by looking at the bytes",
		    framing_name(&delimited[i]));
	for (size_t i = 0; i < sizeof(blind) / sizeof(blind[0]); i++)
		ok(!framing_delimited(&blind[i]), "%s: without", framing_name(&blind[i]));
	ok(record_body(&delimited[0], "ab\n", 3) == 2 && record_body(&delimited[0], "ab", 2) == 2 &&
	    record_body(&delimited[0], "", 0) == 0 && record_body(&blind[0], "ab\n", 3) == 3,
	    "what is not delimiter, also where it is missing");
	ok(record_count(&blind[0], 5, NULL, 100) == 15 && record_last(&blind[0], 5, NULL, 100) == 100,
	    "fixed: where there are no bytes to be seen");
	ok(record_count(&blind[1], 5, NULL, 100) == 0 && record_last(&blind[1], 5, NULL, 100) == 0,
	    "bytes: nor here");
}

int
main(void)
{
	delimiters();
	fixed();
	bytes();
	names();
	noted();
	needs_a_look();
	return done_testing();
}
