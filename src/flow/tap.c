/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/tap.h"

#include <stdlib.h>
#include <string.h>

/* Bytes that were copied and not taken. */
#define ROOM ((size_t)64 << 10)

struct entry {
	size_t length;
	uint64_t bytes; /* UINT64_MAX: not known */
	uint64_t skipped;
};

struct tap {
	struct tap *next;
	uint64_t one_in;
	uint64_t gap;     /* so many are passed over before the next */
	uint64_t skipped; /* since the last that was copied */
	size_t taken, used; /* of room: entries, each with its text behind it */
	char room[ROOM];
};

struct tap *
tap_new(uint64_t one_in)
{
	struct tap *tap = malloc(sizeof(*tap));

	if (tap == NULL)
		return NULL;
	tap->next = NULL;
	tap->one_in = one_in;
	tap->gap = tap->skipped = 0;
	tap->taken = tap->used = 0;
	return tap;
}

void
tap_free(struct tap *tap)
{
	free(tap);
}

void
tap_join(struct tap **taps, struct tap *tap)
{
	tap->next = *taps;
	*taps = tap;
}

void
tap_leave(struct tap **taps, const struct tap *tap)
{
	while (*taps != tap)
		taps = &(*taps)->next;
	*taps = tap->next;
}

/* --- what passes ----------------------------------------------------------------------------------- */

static void
copy(struct tap *tap, const char *text, size_t length, uint64_t bytes)
{
	const size_t shown = length < TAP_TEXT_MOST ? length : TAP_TEXT_MOST;
	const struct entry entry = { shown, bytes, tap->skipped };

	if (tap->taken == tap->used)
		tap->taken = tap->used = 0;
	if (sizeof(entry) + shown > ROOM - tap->used) {
		tap->skipped++;
		return;
	}
	memcpy(tap->room + tap->used, &entry, sizeof(entry));
	memcpy(tap->room + tap->used + sizeof(entry), text, shown);
	tap->used += sizeof(entry) + shown;
	tap->skipped = 0;
}

/* A record, or its beginning: bytes is UINT64_MAX then. */
static void
look(struct tap *taps, const char *text, size_t length, uint64_t bytes)
{
	for (struct tap *tap = taps; tap != NULL; tap = tap->next) {
		if (tap->gap > 0) {
			tap->gap--;
			continue;
		}
		tap->gap = tap->one_in - 1;
		copy(tap, text, length, bytes);
	}
}

/* text[0..length) begins with a record. */
static void
look_at(struct tap *taps, const struct framing *framing, const char *text, size_t length)
{
	for (int looks = 0; looks < TAP_LOOKS_MOST && length > 0; looks++) {
		const size_t end = record_first(framing, 0, text, length);

		if (end > 0)
			look(taps, text + record_head(framing, text, end), record_body(framing, text, end),
			    record_body(framing, text, end));
		else if (looks == 0)
			look(taps, text, length, UINT64_MAX);
		if (end == 0)
			return;
		text += end;
		length -= end;
	}
}

/* The first of it, in one piece. */
static size_t
first_of(const struct iovec *piece, size_t length)
{
	const size_t first = piece->iov_len < length ? piece->iov_len : length;

	return first < TAP_LOOK_MOST ? first : TAP_LOOK_MOST;
}

void
tap_see(struct tap *taps, const struct framing *framing, uint64_t phase, const struct iovec *piece, size_t length)
{
	const char *text = piece->iov_base;
	const size_t first = first_of(piece, length);
	const size_t begin = phase > 0 ? record_first(framing, phase, text, first) : 0;

	if (phase == 0 || begin > 0)
		look_at(taps, framing, text + begin, first - begin);
}

void
tap_see_behind(struct tap *taps, const struct framing *framing, size_t rest, const struct iovec *piece, size_t length)
{
	struct iovec behind;

	for (; length > 0 && rest >= piece->iov_len; rest -= piece++->iov_len)
		length -= piece->iov_len < length ? piece->iov_len : length;
	if (length <= rest)
		return;
	behind = (struct iovec){ (char *)piece->iov_base + rest, piece->iov_len - rest };
	look_at(taps, framing, behind.iov_base, first_of(&behind, length - rest));
}

/* --- who looks ------------------------------------------------------------------------------------- */

bool
tap_take(struct tap *tap, struct tap_record *record)
{
	struct entry entry;

	if (tap->taken == tap->used)
		return false;
	memcpy(&entry, tap->room + tap->taken, sizeof(entry));
	*record = (struct tap_record){ tap->room + tap->taken + sizeof(entry), entry.length, entry.bytes != UINT64_MAX,
		entry.bytes != UINT64_MAX ? entry.bytes : 0, entry.skipped };
	tap->taken += sizeof(entry) + entry.length;
	return true;
}
