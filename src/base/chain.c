/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/broom.h"
#include "base/chain.h"
#include "base/links.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Segments besides those that `most` bytes fill: the first and the last are part empty, two are read into, and where
 * bytes were cut out two are part empty, too, as are the first and the last of what is set apart. */
#define SLOTS_MORE 10
#define SLOTS_PART 8

static size_t
slots_for(size_t most)
{
	const size_t full = most / CHAIN_SEGMENT + 1;

	return full + full / SLOTS_PART + SLOTS_MORE;
}

/* In slots that are there. */
static int
begin(struct chain *chain)
{
	chain->list = calloc(chain->list_size, sizeof(chain->list[0]));
	chain->apart = calloc(chain->slots->count, sizeof(chain->apart[0]));
	if (chain->list == NULL || chain->apart == NULL) {
		chain_free(chain);
		errno = ENOMEM;
		return -1;
	}
	chain->list[0].text = slots_take(chain->slots);
	return 0;
}

int
chain_init_lending(struct chain *chain, size_t most, size_t view, size_t beside)
{
	const size_t slots = slots_for(most) + (beside > 0 ? slots_for(beside) : 0);

	*chain = (struct chain){ .slots = &chain->own, .lends = beside > 0, .segment = CHAIN_SEGMENT, .most = most,
		.widest = most, .list_size = 2 * slots, .count = 1 };
	if (most > SIZE_MAX / 2 - view || beside > SIZE_MAX / 2 - view - most) {
		errno = ENOMEM;
		return -1;
	}
	return slots_init(chain->slots, slots, CHAIN_SEGMENT, view) < 0 ? -1 : begin(chain);
}

int
chain_init(struct chain *chain, size_t most, size_t view)
{
	return chain_init_lending(chain, most, view, 0);
}

int
chain_init_beside(struct chain *chain, size_t most, struct chain *owner)
{
	*chain = (struct chain){ .slots = owner->slots, .segment = CHAIN_SEGMENT, .most = most, .widest = most,
		.list_size = 2 * slots_for(most), .count = 1 };
	return begin(chain);
}

int
chain_note(struct chain *chain, struct ends *ends)
{
	chain->ends = ends;
	return chain->slots == &chain->own ? ends_cover(ends, chain->own.base, chain->own.first * chain->own.size) : 0;
}

/* The last region that was mapped is covered, too. */
static int
cover_more(struct chain *chain)
{
	const struct slots_region *more = &chain->slots->more[chain->slots->regions - 1];

	if (chain->ends == NULL || ends_cover(chain->ends, more->base, more->count * chain->segment) == 0)
		return 0;
	slots_ungrow(chain->slots);
	return -1;
}

static void
uncover(const struct chain *chain)
{
	const struct slots *slots = &chain->own;

	if (chain->ends == NULL || slots->base == NULL)
		return;
	ends_uncover(chain->ends, slots->base);
	for (unsigned i = 0; i < slots->regions; i++)
		ends_uncover(chain->ends, slots->more[i].base);
}

/* What is prepared to be read into stays. */
int
chain_limit(struct chain *chain, size_t most)
{
	const size_t slots = slots_for(most), twice = 2 * chain->slots->count;
	const size_t wanted = slots > twice ? slots : twice; /* so that a few times do */
	struct chain_segment *list, *apart;

	if (slots > chain->slots->count) {
		if (most > SIZE_MAX / 4 || (list = realloc(chain->list, 2 * wanted * sizeof(list[0]))) == NULL)
			return -1;
		chain->list = list;
		if ((apart = realloc(chain->apart, wanted * sizeof(apart[0]))) == NULL)
			return -1;
		chain->apart = apart;
		if (slots_grow(chain->slots, wanted) < 0)
			return -1;
		if (cover_more(chain) < 0)
			return -1;
		chain->list_size = 2 * wanted;
	}
	chain->most = most;
	if (chain->widest < most)
		chain->widest = most;
	return 0;
}

void
chain_free(struct chain *chain)
{
	uncover(chain);
	slots_free(&chain->own);
	free(chain->list);
	free(chain->apart);
	*chain = (struct chain){ .slots = &chain->own };
}

size_t
chain_used(const struct chain *chain)
{
	return chain->used;
}

size_t
chain_room(const struct chain *chain)
{
	const size_t held = chain->used + chain->apart_used;

	return chain->most > held ? chain->most - held : 0;
}

/* --- looking ------------------------------------------------------------------------------------ */

struct chain_place
chain_at(const struct chain *chain, size_t offset)
{
	size_t index = chain->first, left = offset;

	if (offset > chain->used / 2) {
		index = chain->first + chain->count - 1;
		left = chain->used - offset; /* from its end backwards */
		while (left > chain->list[index].end - chain->list[index].begin) {
			left -= chain->list[index].end - chain->list[index].begin;
			index--;
		}
		return (struct chain_place){ index, chain->list[index].end - left };
	}
	while (left > chain->list[index].end - chain->list[index].begin) {
		left -= chain->list[index].end - chain->list[index].begin;
		index++;
	}
	return (struct chain_place){ index, chain->list[index].begin + left };
}

int
chain_peek(const struct chain *chain, size_t offset, size_t length, struct iovec *piece, int most)
{
	struct chain_place place = chain_at(chain, offset);
	int count = 0;

	while (length > 0 && count < most) {
		piece[count] = chain_next(chain, &place, length);
		length -= piece[count++].iov_len;
	}
	return count;
}

const char *
chain_view(struct chain *chain, struct chain_place place, size_t length)
{
	struct iovec piece = { chain->slots->base, 0 };
	char *view = slots_behind(chain->slots);

	if (length > 0)
		piece = chain_next(chain, &place, length);
	if (piece.iov_len == length)
		return piece.iov_base;
	if (chain->viewed < length)
		chain->viewed = length;
	memcpy(view, piece.iov_base, piece.iov_len);
	for (size_t at = piece.iov_len; at < length; at += piece.iov_len) {
		piece = chain_next(chain, &place, length - at);
		memcpy(view + at, piece.iov_base, piece.iov_len);
	}
	return view;
}

/* --- coming in ---------------------------------------------------------------------------------- */

/* One more to read into. */
static void
prepare_one(struct chain *chain)
{
	if (!slots_left(chain->slots))
		broom_pack(chain);
	if (chain->first + chain->count + chain->prepared == chain->list_size) {
		links_move(chain, 0, chain->first);
		chain->first = 0;
	}
	chain->list[chain->first + chain->count + chain->prepared++] = (struct chain_segment){ slots_take(chain->slots), 0, 0 };
}

int
chain_prepare(struct chain *chain, size_t *length, struct iovec piece[CHAIN_ROOM])
{
	const struct chain_segment *segment;
	size_t left, sum = 0;
	int count = 0;

	while (chain->prepared > CHAIN_ROOM - 1)
		slots_give_back(chain->slots, chain->list[chain->first + chain->count + --chain->prepared].text);
	while (chain->prepared < CHAIN_ROOM - 1 &&
	    *length > chain->segment - links_last(chain)->end + chain->prepared * chain->segment)
		prepare_one(chain);
	chain->room_at = chain->used;
	segment = links_last(chain);
	for (size_t i = 0; i <= chain->prepared && sum < *length; i++, segment++) {
		left = *length - sum;
		if (left > chain->segment - segment->end)
			left = chain->segment - segment->end;
		if (left > 0)
			chain->room[count++] = (struct iovec){ segment->text + segment->end, left };
		sum += left;
	}
	*length = sum;
	for (int i = 0; i < CHAIN_ROOM; i++) {
		if (i >= count)
			chain->room[i] = (struct iovec){ NULL, 0 };
		piece[i] = chain->room[i];
	}
	return count;
}

void
chain_commit(struct chain *chain, size_t gap, size_t length)
{
	size_t from = chain->used + gap - chain->room_at; /* in the room */
	const struct iovec *room = chain->room;

	while (length > 0) {
		struct chain_segment *last = links_last(chain);
		size_t step;

		if (from >= room->iov_len) {
			from -= room++->iov_len;
			continue;
		}
		if (last->end == chain->segment) {
			if (last->begin < last->end)
				chain->count++;
			else
				links_let_go(chain, &chain->list[chain->first++]); /* the only one, and set apart up to its end */
			chain->prepared--;
			continue;
		}
		step = room->iov_len - from;
		if (step > length)
			step = length;
		if (step > chain->segment - last->end)
			step = chain->segment - last->end;
		if (last->text + last->end != (char *)room->iov_base + from)
			links_copy(chain, last->text + last->end, (char *)room->iov_base + from, step);
		last->end += step;
		chain->used += step;
		from += step;
		length -= step;
	}
}

/* --- going -------------------------------------------------------------------------------------- */

void
chain_consume(struct chain *chain, size_t length)
{
	chain->used -= length;
	while (length > 0) {
		struct chain_segment *head = &chain->list[chain->first];
		size_t step = head->end - head->begin < length ? head->end - head->begin : length;

		head->begin += step;
		length -= step;
		if (head->begin < head->end)
			break;
		if (chain->count == 1) {
			links_empty(chain, head);
			break;
		}
		links_let_go(chain, head);
		chain->first++;
		chain->count--;
	}
}

void
chain_retract(struct chain *chain, size_t length)
{
	chain->used -= length;
	while (length > 0) {
		struct chain_segment *last = links_last(chain);
		size_t step = last->end - last->begin < length ? last->end - last->begin : length;

		last->end -= step;
		length -= step;
		if (last->begin < last->end)
			break;
		links_empty(chain, last); /* what was read into it and is not held yet is still there */
		if (chain->count == 1)
			break;
		chain->count--;
		chain->prepared++;
	}
}

/* --- set apart ---------------------------------------------------------------------------------- */

/* length bytes of the first segment are; they follow what is set apart already. */
static void
set_apart(struct chain *chain, size_t length)
{
	struct chain_segment *head = &chain->list[chain->first];

	if (chain->shared) {
		links_last_apart(chain)->end += length;
	} else {
		if (chain->apart_first + chain->apart_count == chain->slots->count) {
			memmove(chain->apart, chain->apart + chain->apart_first, chain->apart_count * sizeof(chain->apart[0]));
			chain->apart_first = 0;
		}
		chain->apart_count++;
		*links_last_apart(chain) = (struct chain_segment){ head->text, head->begin, head->begin + length };
		chain->shared = true;
	}
	head->begin += length;
}

void
chain_set_apart(struct chain *chain, size_t length)
{
	chain->used -= length;
	chain->apart_used += length;
	chain->room_at -= length; /* what was read with them may still be to come; this may wrap, and comes back */
	while (length > 0) {
		struct chain_segment *head = &chain->list[chain->first];
		size_t step = links_held(head) < length ? links_held(head) : length;

		set_apart(chain, step);
		length -= step;
		if (head->begin < head->end || chain->count == 1)
			break;
		links_let_go(chain, head);
		chain->first++;
		chain->count--;
	}
}

size_t
chain_apart(const struct chain *chain)
{
	return chain->apart_used;
}

int
chain_peek_apart(const struct chain *chain, size_t length, struct iovec *piece, int most)
{
	const struct chain_segment *segment = chain->apart + chain->apart_first;
	int count = 0;

	for (; length > 0 && count < most && (size_t)count < chain->apart_count; segment++) {
		size_t step = links_held(segment) < length ? links_held(segment) : length;
		piece[count++] = (struct iovec){ segment->text + segment->begin, step };
		length -= step;
	}
	return count;
}

void
chain_release(struct chain *chain, size_t length)
{
	chain->apart_used -= length;
	while (length > 0) {
		struct chain_segment *oldest = &chain->apart[chain->apart_first];
		size_t step = links_held(oldest) < length ? links_held(oldest) : length;

		oldest->begin += step;
		length -= step;
		if (oldest->begin < oldest->end)
			break;
		if (chain->apart_count > 1 || !chain->shared)
			slots_give_back(chain->slots, oldest->text);
		chain->apart_first++;
		chain->apart_count--;
	}
	if (chain->apart_count > 0)
		return;
	chain->apart_first = 0;
	chain->shared = false;
	if (chain->used == 0)
		links_empty(chain, &chain->list[chain->first]);
}

/* --- memory ------------------------------------------------------------------------------------- */

size_t
chain_idle(const struct chain *chain)
{
	return slots_idle(chain->slots) + chain->prepared * chain->segment + chain->viewed;
}

static bool
has_idle(const struct chain *chain, size_t keep)
{
	return slots_idle(chain->slots) > 0 && chain_idle(chain) > keep;
}

bool
chain_trim(struct chain *chain, size_t keep, size_t slice)
{
	links_unprepare(chain);
	if (chain->viewed > keep) {
		slots_disuse(slots_behind(chain->slots), chain->viewed);
		chain->viewed = 0;
	}
	for (size_t given = 0; given < slice && has_idle(chain, keep); given += chain->segment)
		slots_cool(chain->slots);
	return has_idle(chain, keep);
}

static void
check_apart(const struct chain *chain)
{
	size_t sum = 0;

	for (size_t i = 0; i < chain->apart_count; i++) {
		const struct chain_segment *segment = &chain->apart[chain->apart_first + i];

		if (segment->begin >= segment->end || segment->end > chain->segment)
			abort();
		sum += links_held(segment);
	}
	if (sum != chain->apart_used || chain->used + sum > chain->widest)
		abort();
	if (chain->shared && (chain->apart_count == 0 || links_last_apart(chain)->text != chain->list[chain->first].text ||
	    links_last_apart(chain)->end > chain->list[chain->first].begin))
		abort();
}

void
chain_check(const struct chain *chain)
{
	const struct slots *slots = chain->slots;
	const size_t taken = slots->freed + chain->count + chain->prepared + chain->apart_count - chain->shared;
	size_t sum = 0;

	if (chain->count == 0 || chain->used > chain->widest || slots->cold > slots->freed ||
	    chain->first + chain->count + chain->prepared > chain->list_size || taken > slots->fresh ||
	    (taken < slots->fresh && chain->slots == &chain->own && !chain->lends) ||
	    slots->fresh > slots->count)
		abort();
	check_apart(chain);
	for (size_t index = chain->first; index < chain->first + chain->count; index++) {
		const struct chain_segment *segment = &chain->list[index];

		if (segment->begin > segment->end || segment->end > chain->segment)
			abort();
		if (segment->begin == segment->end && (chain->count > 1 || segment->end > links_floor(chain)))
			abort();
		if (index > chain->first + 1 && index < chain->first + chain->count - 1 &&
		    links_held(segment) + links_held(segment - 1) <= chain->segment)
			abort();
		sum += links_held(segment);
	}
	if (sum != chain->used)
		abort();
}
