/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/framer.h"

#include <stdlib.h>
#include <string.h>

/* What is looked at: one piece after the other. */
struct sight {
	const struct iovec *piece;
	size_t at;     /* in it */
	size_t done;   /* bytes looked at, */
	size_t length; /* of so many */
};

/* --- a string as delimiter -------------------------------------------------------------------------- */

/* Of the first i + 1 bytes, how many at their end are how it begins: Knuth, Morris, Pratt, 1977. */
static void
init_string(struct framer *framer)
{
	const char *string = framer->framing.string;
	unsigned char *back = framer->back;
	unsigned there = 0;

	back[0] = 0;
	for (unsigned i = 1; i < framer->framing.string_length; i++) {
		while (there > 0 && string[i] != string[there])
			there = back[there - 1];
		there += string[i] == string[there];
		back[i] = (unsigned char)there;
	}
}

int
framer_init(struct framer *framer, const struct framing *framing, const struct lines *lines)
{
	*framer = (struct framer){ .framing = *framing, .lines = lines };
	if (framing->kind == FRAMING_STRING)
		init_string(framer);
	if (framing->kind == FRAMING_STRING)
		return 0;
	framer->kept = malloc(framing->kind == FRAMING_FRAME ? FRAME_HEAD_MOST : FRAMER_KEPT);
	return framer->kept != NULL ? 0 : -1;
}

void
framer_free(struct framer *framer)
{
	free(framer->kept);
	framer->kept = NULL;
}

static void
look_for_string(struct framer *framer, const char *text, size_t length)
{
	const struct framing *framing = &framer->framing;
	unsigned matched = framer->matched;

	for (size_t i = 0; i < length; i++) {
		if (matched == 0) {
			const char *first = memchr(text + i, framing->string[0], length - i);

			if (first == NULL)
				break;
			i = (size_t)(first - text);
			matched = 1;
			continue;
		}
		while (matched > 0 && text[i] != framing->string[matched])
			matched = framer->back[matched - 1];
		matched += text[i] == framing->string[matched];
		if (matched == framing->string_length) {
			ends_set(framing->ends, text + i);
			matched = 0;
		}
	}
	framer->matched = matched;
}

static struct framed
look_at_strings(struct framer *framer, const struct iovec *piece, size_t length)
{
	for (size_t left = length, step; left > 0; left -= step, piece++) {
		step = piece->iov_len < left ? piece->iov_len : left;
		look_for_string(framer, piece->iov_base, step);
	}
	return (struct framed){ length, false };
}

/* --- over pieces ------------------------------------------------------------------------------------ */

/* What is contiguous from here on. */
static const char *
here(struct sight *sight, size_t *length)
{
	size_t left = sight->length - sight->done;

	while (sight->at == sight->piece->iov_len) {
		sight->piece++;
		sight->at = 0;
	}
	*length = sight->piece->iov_len - sight->at < left ? sight->piece->iov_len - sight->at : left;
	return (const char *)sight->piece->iov_base + sight->at;
}

static void
pass(struct sight *sight, size_t length)
{
	while (length > 0) {
		size_t step;

		(void)here(sight, &step);
		if (step > length)
			step = length;
		sight->at += step;
		sight->done += step;
		length -= step;
	}
}

/* At most `most` of the next bytes are copied; returns how many. */
static size_t
copy(struct sight sight, char *to, size_t most)
{
	size_t done = 0, step;

	while (done < most && sight.done < sight.length) {
		const char *text = here(&sight, &step);

		if (step > most - done)
			step = most - done;
		memcpy(to + done, text, step);
		pass(&sight, step);
		done += step;
	}
	return done;
}

static char
last_passed(const struct sight *sight)
{
	return ((const char *)sight->piece->iov_base)[sight->at - 1];
}

/* The record ends with the byte that was passed last (some were). */
static void
note(const struct framer *framer, const struct sight *sight)
{
	ends_set(framer->framing.ends, (const char *)sight->piece->iov_base + sight->at - 1);
}

/* --- a length in front ------------------------------------------------------------------------------ */

/* The header of the next record; false where it is not here, or is none. */
static bool
look_at_head(struct framer *framer, const struct sight *sight)
{
	struct frame frame;

	framer->kept_length = copy(*sight, framer->kept, FRAME_HEAD_MOST);
	switch (frame_read(framer->framing.format, framer->kept, framer->kept_length, &frame)) {
	case FRAME_WHOLE:
		framer->left = frame.head + frame.payload + frame.end;
		framer->comma = frame.end;
		framer->framing.format = frame.next;
		framer->kept_length = 0;
		return true;
	case FRAME_MORE:
		return false;
	case FRAME_WRONG:
		framer->kept_length = 0;
		framer->wrong = true;
		break;
	}
	return false;
}

/* As much of the record as is here; false where it does not end as it should. */
static bool
pass_frame(struct framer *framer, struct sight *sight)
{
	const size_t here_at_all = sight->length - sight->done;
	const size_t step = framer->left < here_at_all ? (size_t)framer->left : here_at_all;

	pass(sight, step);
	framer->left -= step;
	if (framer->left > 0)
		return true;
	if (framer->comma > 0 && last_passed(sight) != ',') {
		sight->done--;
		framer->wrong = true;
		return false;
	}
	note(framer, sight);
	return true;
}

static struct framed
look_at_frames(struct framer *framer, const struct iovec *piece, size_t length, bool all)
{
	struct sight sight = { piece, 0, 0, length };

	while (!framer->wrong && sight.done < length) {
		if (framer->left == 0 && !look_at_head(framer, &sight))
			break;
		if (!pass_frame(framer, &sight))
			break;
	}
	framer->cut = framer->left > 0 || framer->kept_length > 0;
	if (all && framer->kept_length > 0) {
		pass(&sight, framer->kept_length);
		framer->kept_length = 0;
	}
	return (struct framed){ sight.done, false };
}

/* --- lines ------------------------------------------------------------------------------------------ */

/* The next line, up to its newline or as far as it is here: a text of it in one piece, and how many bytes there are in all. */
struct line {
	const char *text;
	size_t text_length;
	size_t length;
	bool ends;
};

static struct line
next_line(const struct framer *framer, struct sight sight)
{
	size_t step;
	struct line line = { .text = here(&sight, &step) };
	const char *end = memchr(line.text, framer->framing.delimiter, step);
	struct sight from = sight;

	line.length = end != NULL ? (size_t)(end - line.text) : step;
	line.text_length = line.length;
	while (end == NULL && (pass(&sight, step), sight.done < sight.length)) {
		const char *text = here(&sight, &step);

		end = memchr(text, framer->framing.delimiter, step);
		line.length += end != NULL ? (size_t)(end - text) : step;
	}
	line.ends = end != NULL;
	if (line.text_length < line.length) {
		line.text = framer->kept;
		line.text_length = copy(from, framer->kept, line.length < FRAMER_KEPT ? line.length : FRAMER_KEPT);
	}
	if (line.text_length > FRAMER_KEPT)
		line.text_length = FRAMER_KEPT;
	return line;
}

/* Its newline is passed on. */
static void
end_line(struct framer *framer, const struct sight *sight)
{
	framer->inside = false;
	if (framer->continued || lines_look_ahead(framer->lines))
		return;
	note(framer, sight);
	framer->open = false;
}

/* The rest of a line that has been judged. */
static void
pass_rest(struct framer *framer, struct sight *sight)
{
	const struct line line = next_line(framer, *sight);

	pass(sight, line.length + line.ends);
	if (line.ends)
		end_line(framer, sight);
}

/* A line, or as much of it as it is judged by, is passed on, and what was before it ends if it does not go on with that. */
static void
pass_line(struct framer *framer, struct sight *sight, const struct line *line, bool *ends_before)
{
	const bool goes_on = framer->continued || lines_go_on(framer->lines, line->text, line->text_length);

	if (framer->open && !goes_on) {
		if (sight->done == 0)
			*ends_before = true;
		else
			note(framer, sight);
	}
	framer->continued = lines_are_continued(framer->lines, line->text, line->text_length);
	framer->open = framer->inside = true;
	pass(sight, line->length + line->ends);
	if (line->ends)
		end_line(framer, sight);
}

static struct framed
look_at_lines(struct framer *framer, const struct iovec *piece, size_t length, bool all)
{
	struct sight sight = { piece, 0, 0, length };
	bool ends_before = false;

	framer->kept_length = 0;
	while (sight.done < length) {
		if (framer->inside) {
			pass_rest(framer, &sight);
			continue;
		}
		const struct line line = next_line(framer, sight);

		if (!line.ends && !all && line.length < FRAMER_KEPT) {
			framer->kept_length = copy(sight, framer->kept, line.length);
			break;
		}
		pass_line(framer, &sight, &line, &ends_before);
	}
	return (struct framed){ sight.done, ends_before };
}

bool
framer_waits(const struct framer *framer)
{
	return framer->open && !framer->inside;
}

void
framer_break(struct framer *framer)
{
	framer->open = framer->continued = false;
}

/* --- all of them ------------------------------------------------------------------------------------ */

size_t
framer_resume(const struct framer *framer, const struct iovec *piece, size_t length)
{
	size_t done = 0;

	if (length > framer->kept_length)
		length = framer->kept_length;
	for (size_t step; done < length; done += step, piece++) {
		step = piece->iov_len < length - done ? piece->iov_len : length - done;
		memcpy(piece->iov_base, framer->kept + done, step);
	}
	return done;
}

struct framed
framer_look(struct framer *framer, const struct iovec *piece, size_t length, bool all)
{
	struct framed framed = { 0, false };
	const struct iovec *each = piece;

	for (size_t left = length, step; left > 0; left -= step, each++) {
		step = each->iov_len < left ? each->iov_len : left;
		ends_clear(framer->framing.ends, each->iov_base, step);
	}
	if (framer->framing.kind == FRAMING_JOINED)
		framed = look_at_lines(framer, piece, length, all);
	else if (framer->framing.kind == FRAMING_FRAME)
		framed = look_at_frames(framer, piece, length, all);
	else
		framed = look_at_strings(framer, piece, length);
	framer->passed += framed.length;
	return framed;
}

bool
framer_is_cut(const struct framer *framer)
{
	return framer->cut;
}

uint64_t
framer_rest(const struct framer *framer)
{
	return framer->framing.kind == FRAMING_FRAME && framer->left > 0 ? framer->left : 1;
}
