/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/chain.h"

#include <sys/mman.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif
#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

/* From here on page faults are what the first lap costs: ask for huge pages. */
#define HUGE_FROM ((size_t)64 << 20)

/* Segments besides those that `most` bytes fill: the first and the last are part empty, two are read into, and where
 * bytes were cut out two are part empty, too, as are the first and the last of what is set apart. */
#define SLOTS_MORE 10
#define SLOTS_PART 8

/* --- segments ----------------------------------------------------------------------------------- */

static size_t
slot_of(const struct chain *chain, const char *text)
{
	return (size_t)(text - chain->base) / chain->segment;
}

static void
give_back(struct chain *chain, const struct chain_segment *segment)
{
	chain->free[chain->freed++] = (uint32_t)slot_of(chain, segment->text);
}

static bool
is_any_free(const struct chain *chain)
{
	return chain->freed > 0 || chain->fresh < chain->slots;
}

/* The one that was used last.  There is one. */
static char *
take(struct chain *chain)
{
	size_t slot = chain->freed > 0 ? chain->free[--chain->freed] : chain->fresh++;

	if (chain->cold > chain->freed)
		chain->cold = chain->freed;
	return chain->base + slot * chain->segment;
}

static struct chain_segment *
last_of(const struct chain *chain)
{
	return &chain->list[chain->first + chain->count - 1];
}

static size_t
held_in(const struct chain_segment *segment)
{
	return segment->end - segment->begin;
}

static struct chain_segment *
last_apart(const struct chain *chain)
{
	return &chain->apart[chain->apart_first + chain->apart_count - 1];
}

/* Where the first segment may be written: not below what is set apart in it. */
static size_t
floor_of(const struct chain *chain)
{
	return chain->shared ? last_apart(chain)->end : 0;
}

/* Nothing is held any more of a segment, of which nobody reads or writes. */
static void
empty(const struct chain *chain, struct chain_segment *segment)
{
	segment->begin = segment->end = segment == &chain->list[chain->first] ? floor_of(chain) : 0;
}

/* A segment has left the list, or is about to: it is free, but for one of which the rest is set apart. */
static void
let_go(struct chain *chain, const struct chain_segment *segment)
{
	if (chain->shared && segment->text == last_apart(chain)->text)
		chain->shared = false;
	else
		give_back(chain, segment);
}

int
chain_init(struct chain *chain, size_t most, size_t view)
{
	const size_t segment = CHAIN_SEGMENT;
	size_t full = most / segment + 1, slots = full + full / SLOTS_PART + SLOTS_MORE;
	void *base;

	*chain = (struct chain){ .segment = segment, .most = most, .view = view, .slots = slots, .list_size = 2 * slots,
		.count = 1 };
	if (most > SIZE_MAX / 2 - view) {
		errno = ENOMEM;
		return -1;
	}
	base = mmap(NULL, slots * segment + view, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return -1;
	chain->base = base;
	chain->list = calloc(chain->list_size, sizeof(chain->list[0]));
	chain->free = calloc(slots, sizeof(chain->free[0]));
	chain->apart = calloc(slots, sizeof(chain->apart[0]));
	if (chain->list == NULL || chain->free == NULL || chain->apart == NULL) {
		chain_free(chain);
		errno = ENOMEM;
		return -1;
	}
#if defined(MADV_HUGEPAGE) && !defined(WEIR_PORTABLE)
	if (most >= HUGE_FROM)
		(void)madvise(base, slots * segment, MADV_HUGEPAGE); /* a hint: without it only slower */
#endif
	chain->list[0].text = take(chain);
	return 0;
}

void
chain_free(struct chain *chain)
{
	if (chain->base != NULL)
		(void)munmap(chain->base, chain->slots * chain->segment + chain->view);
	free(chain->list);
	free(chain->free);
	free(chain->apart);
	*chain = (struct chain){ 0 };
}

size_t
chain_used(const struct chain *chain)
{
	return chain->used;
}

size_t
chain_room(const struct chain *chain)
{
	return chain->most - chain->used - chain->apart_used;
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

struct iovec
chain_next(const struct chain *chain, struct chain_place *place, size_t length)
{
	const struct chain_segment *segment = &chain->list[place->index];
	struct iovec piece;

	if (place->at == segment->end) {
		segment = &chain->list[++place->index];
		place->at = segment->begin;
	}
	piece.iov_base = segment->text + place->at;
	piece.iov_len = segment->end - place->at < length ? segment->end - place->at : length;
	place->at += piece.iov_len;
	return piece;
}

void
chain_skip(const struct chain *chain, struct chain_place *place, size_t length)
{
	while (length > 0)
		length -= chain_next(chain, place, length).iov_len;
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
	struct iovec piece = { chain->base, 0 };
	char *view = chain->base + chain->slots * chain->segment;

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

static void
move_list(struct chain *chain, size_t to, size_t from)
{
	memmove(chain->list + to, chain->list + from,
	    (chain->first + chain->count + chain->prepared - from) * sizeof(chain->list[0]));
}

static void pack(struct chain *chain);

/* One more to read into. */
static void
prepare_one(struct chain *chain)
{
	if (!is_any_free(chain))
		pack(chain);
	if (chain->first + chain->count + chain->prepared == chain->list_size) {
		move_list(chain, 0, chain->first);
		chain->first = 0;
	}
	chain->list[chain->first + chain->count + chain->prepared++] = (struct chain_segment){ take(chain), 0, 0 };
}

int
chain_prepare(struct chain *chain, size_t *length, struct iovec piece[CHAIN_ROOM])
{
	const struct chain_segment *segment;
	size_t left, sum = 0;
	int count = 0;

	while (chain->prepared > CHAIN_ROOM - 1)
		give_back(chain, &chain->list[chain->first + chain->count + --chain->prepared]);
	while (chain->prepared < CHAIN_ROOM - 1 &&
	    *length > chain->segment - last_of(chain)->end + chain->prepared * chain->segment)
		prepare_one(chain);
	chain->room_at = chain->used;
	segment = last_of(chain);
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
		struct chain_segment *last = last_of(chain);
		size_t step;

		if (from >= room->iov_len) {
			from -= room++->iov_len;
			continue;
		}
		if (last->end == chain->segment) {
			if (last->begin < last->end)
				chain->count++;
			else
				let_go(chain, &chain->list[chain->first++]); /* the only one, and set apart up to its end */
			chain->prepared--;
			continue;
		}
		step = room->iov_len - from;
		if (step > length)
			step = length;
		if (step > chain->segment - last->end)
			step = chain->segment - last->end;
		if (last->text + last->end != (char *)room->iov_base + from)
			memmove(last->text + last->end, (char *)room->iov_base + from, step);
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
			empty(chain, head);
			break;
		}
		let_go(chain, head);
		chain->first++;
		chain->count--;
	}
}

void
chain_retract(struct chain *chain, size_t length)
{
	chain->used -= length;
	while (length > 0) {
		struct chain_segment *last = last_of(chain);
		size_t step = last->end - last->begin < length ? last->end - last->begin : length;

		last->end -= step;
		length -= step;
		if (last->begin < last->end)
			break;
		empty(chain, last); /* what was read into it and is not held yet is still there */
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
		last_apart(chain)->end += length;
	} else {
		if (chain->apart_first + chain->apart_count == chain->slots) {
			memmove(chain->apart, chain->apart + chain->apart_first, chain->apart_count * sizeof(chain->apart[0]));
			chain->apart_first = 0;
		}
		chain->apart_count++;
		*last_apart(chain) = (struct chain_segment){ head->text, head->begin, head->begin + length };
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
		size_t step = held_in(head) < length ? held_in(head) : length;

		set_apart(chain, step);
		length -= step;
		if (head->begin < head->end || chain->count == 1)
			break;
		let_go(chain, head);
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
		size_t step = held_in(segment) < length ? held_in(segment) : length;
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
		size_t step = held_in(oldest) < length ? held_in(oldest) : length;

		oldest->begin += step;
		length -= step;
		if (oldest->begin < oldest->end)
			break;
		if (chain->apart_count > 1 || !chain->shared)
			give_back(chain, oldest);
		chain->apart_first++;
		chain->apart_count--;
	}
	if (chain->apart_count > 0)
		return;
	chain->apart_first = 0;
	chain->shared = false;
	if (chain->used == 0)
		empty(chain, &chain->list[chain->first]);
}

/* --- cutting out -------------------------------------------------------------------------------- */

struct chain_broom
chain_sweep(const struct chain *chain, struct chain_place at)
{
	(void)chain;
	return (struct chain_broom){ .to = at, .from = at, .first = at.index };
}

void
chain_drop(const struct chain *chain, struct chain_broom *broom, size_t length)
{
	chain_skip(chain, &broom->from, length);
	broom->length += length;
}

/* The next bytes move up to those that have stayed. */
static void
move_up(const struct chain *chain, struct chain_broom *broom, size_t length)
{
	while (length > 0) {
		struct iovec piece;

		if (broom->to.at == chain->segment) {
			broom->to.index++;
			broom->to.at = 0;
		}
		piece = chain_next(chain, &broom->from,
		    length < chain->segment - broom->to.at ? length : chain->segment - broom->to.at);
		memmove(chain->list[broom->to.index].text + broom->to.at, piece.iov_base, piece.iov_len);
		broom->to.at += piece.iov_len;
		length -= piece.iov_len;
	}
}

void
chain_keep(const struct chain *chain, struct chain_broom *broom, size_t length)
{
	if (broom->length > 0) {
		move_up(chain, broom, length);
	} else {
		chain_skip(chain, &broom->from, length);
		broom->to = broom->from;
		broom->first = broom->to.index;
	}
}

/* A segment and the one behind it become one where they fit into one. */
static void
join(struct chain *chain, size_t index)
{
	struct chain_segment *one = &chain->list[index], *other = one + 1;

	if (index - chain->first >= chain->count - 1 || held_in(one) + held_in(other) > chain->segment)
		return; /* the first wraps below it */
	if (one->end + held_in(other) > chain->segment) {
		if (chain->shared && index == chain->first)
			return; /* what is in front of it is set apart */
		memmove(one->text, one->text + one->begin, held_in(one));
		one->end = held_in(one);
		one->begin = 0;
	}
	memcpy(one->text + one->end, other->text + other->begin, held_in(other));
	one->end += held_in(other);
	give_back(chain, other);
	move_list(chain, index + 1, index + 2);
	chain->count--;
}

/* Segments of which nothing is held any more, from behind the place where bytes go to, up to the one that they came
 * from, leave the list. */
static void
close_list(struct chain *chain, const struct chain_broom *broom)
{
	size_t to = broom->to.index, from = broom->from.index;
	size_t keep = to + (held_in(&chain->list[to]) > 0);
	size_t behind = to == from ? to + 1 : from + (held_in(&chain->list[from]) == 0);
	size_t gone;

	if (behind < keep)
		behind = keep;
	gone = behind - keep;
	if (gone == chain->count) {
		empty(chain, &chain->list[keep]);
		keep++;
		gone--;
	}
	for (size_t index = keep; index < behind; index++)
		let_go(chain, &chain->list[index]);
	if (keep - chain->first < chain->first + chain->count - behind) {
		memmove(chain->list + chain->first + gone, chain->list + chain->first,
		    (keep - chain->first) * sizeof(chain->list[0]));
		chain->first += gone;
		keep += gone;
	} else {
		move_list(chain, keep, behind);
	}
	chain->count -= gone;
	join(chain, keep);
	join(chain, keep - 1);
	join(chain, keep - 2);
}

static void
close_sweep(struct chain *chain, const struct chain_broom *broom)
{
	struct chain_segment *to = &chain->list[broom->to.index], *from = &chain->list[broom->from.index];

	chain->used -= broom->length;
	if (to == from && broom->first == broom->to.index && to->begin == broom->to.at) {
		/* nothing of it was kept */
		to->begin = broom->from.at;
	} else if (to == from && broom->first == broom->to.index && broom->to.at - to->begin < to->end - broom->from.at) {
		size_t front = broom->to.at - to->begin;
		memmove(to->text + broom->from.at - front, to->text + to->begin, front);
		to->begin = broom->from.at - front;
	} else if (to == from) {
		size_t behind = to->end - broom->from.at;
		memmove(to->text + broom->to.at, to->text + broom->from.at, behind);
		if (broom->first < broom->to.index)
			to->begin = 0;
		to->end = broom->to.at + behind;
	} else {
		if (broom->first < broom->to.index)
			to->begin = 0;
		to->end = broom->to.at;
		from->begin = broom->from.at;
	}
	for (size_t index = broom->first; index < broom->to.index; index++) {
		if (index > broom->first)
			chain->list[index].begin = 0;
		chain->list[index].end = chain->segment;
	}
	close_list(chain, broom);
}

void
chain_close(struct chain *chain, const struct chain_broom *broom)
{
	if (broom->length > 0)
		close_sweep(chain, broom);
}

/* All are full but the last: as few as can be. */
static void
pack(struct chain *chain)
{
	const size_t floor = floor_of(chain);
	struct chain_broom broom = { .to = { chain->first, floor }, .from = chain_at(chain, 0), .first = chain->first };

	move_up(chain, &broom, chain->used);
	chain->list[chain->first].begin = floor;
	close_sweep(chain, &broom);
}

/* --- memory ------------------------------------------------------------------------------------- */

size_t
chain_idle(const struct chain *chain)
{
	return (chain->freed - chain->cold + chain->prepared) * chain->segment + chain->viewed;
}

static void
disuse(char *memory, size_t length)
{
#if defined(MADV_DONTNEED) && !defined(WEIR_PORTABLE)
	(void)madvise(memory, length, MADV_DONTNEED);
#else
	(void)memory;
	(void)length;
#endif
}

bool
chain_trim(struct chain *chain, size_t keep, size_t slice)
{
	size_t given;

	while (chain->prepared > 0)
		give_back(chain, &chain->list[chain->first + chain->count + --chain->prepared]);
	if (chain->viewed > keep) {
		disuse(chain->base + chain->slots * chain->segment, chain->viewed);
		chain->viewed = 0;
	}
	for (given = 0; given < slice && chain->freed > chain->cold && chain_idle(chain) > keep; given += chain->segment)
		disuse(chain->base + chain->free[chain->cold++] * chain->segment, chain->segment);
	return chain->freed > chain->cold && chain_idle(chain) > keep;
}

static void
check_apart(const struct chain *chain)
{
	size_t sum = 0;

	for (size_t i = 0; i < chain->apart_count; i++) {
		const struct chain_segment *segment = &chain->apart[chain->apart_first + i];

		if (segment->begin >= segment->end || segment->end > chain->segment)
			abort();
		sum += held_in(segment);
	}
	if (sum != chain->apart_used || chain->used + sum > chain->most)
		abort();
	if (chain->shared && (chain->apart_count == 0 || last_apart(chain)->text != chain->list[chain->first].text ||
	    last_apart(chain)->end > chain->list[chain->first].begin))
		abort();
}

void
chain_check(const struct chain *chain)
{
	size_t sum = 0;

	if (chain->count == 0 || chain->used > chain->most || chain->cold > chain->freed ||
	    chain->first + chain->count + chain->prepared > chain->list_size ||
	    chain->freed + chain->count + chain->prepared + chain->apart_count - chain->shared != chain->fresh ||
	    chain->fresh > chain->slots)
		abort();
	check_apart(chain);
	for (size_t index = chain->first; index < chain->first + chain->count; index++) {
		const struct chain_segment *segment = &chain->list[index];

		if (segment->begin > segment->end || segment->end > chain->segment)
			abort();
		if (segment->begin == segment->end && (chain->count > 1 || segment->end > floor_of(chain)))
			abort();
		if (index > chain->first + 1 && index < chain->first + chain->count - 1 &&
		    held_in(segment) + held_in(segment - 1) <= chain->segment)
			abort();
		sum += held_in(segment);
	}
	if (sum != chain->used)
		abort();
}
