/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/crc32c.h"
#include "base/little.h"
#include "spool/state.h"

#include <assert.h>
#include <string.h>

#define FORMAT_VERSION 1
#define MAGIC 8
#define DROPPED ((size_t)184)
#define CHECKSUM (STATE_SLOT - 4)

static_assert(REASONS <= STATE_REASONS, "each has its place");
static_assert(DROPPED + STATE_REASONS * 16 <= CHECKSUM, "all of it is in one slot");

static const unsigned char magic[MAGIC] = { 0x8f, 'w', 'e', 'i', 'r', 'S', '\r', '\n' };

static void
put_tally(unsigned char **at, struct tally tally)
{
	little_put(at, tally.records, 8);
	little_put(at, tally.bytes, 8);
}

static struct tally
get_tally(const unsigned char **at)
{
	const uint64_t records = little_get(at, 8);

	return (struct tally){ records, little_get(at, 8) };
}

/* What says more of it than its kind. */
static uint64_t
size_of(const struct framing *framing)
{
	return framing->kind == FRAMING_STRING ? framing->string_length : framing->kind == FRAMING_FRAME ? framing->format
	    : framing->size;
}

/* False where there is no such. */
static bool
take_size(struct framing *framing, uint64_t size)
{
	if (framing->kind == FRAMING_STRING)
		framing->string_length = (unsigned char)size;
	else if (framing->kind == FRAMING_FRAME)
		framing->format = (enum frame_format)size;
	else
		framing->size = size;
	return framing->kind == FRAMING_STRING ? size > 1 && size <= FRAMING_STRING_MOST : framing->kind != FRAMING_FRAME ||
	    size < FRAME_FORMATS;
}

void
state_encode(const struct state *state, unsigned char slot[STATE_SLOT])
{
	unsigned char *at = slot, *checksum = slot + CHECKSUM;

	memset(slot, 0, STATE_SLOT);
	little_put_bytes(&at, magic, MAGIC);
	little_put(&at, FORMAT_VERSION, 2);
	little_put(&at, (uint64_t)state->framing.kind, 2);
	little_put(&at, state->framing.delimiter, 4);
	little_put(&at, size_of(&state->framing), 8);
	little_put(&at, state->generation, 8);
	little_put_bytes(&at, state->id, BLOCK_ID);
	little_put(&at, state->first, 8);
	little_put(&at, state->segment, 8);
	little_put(&at, state->offset, 8);
	put_tally(&at, state->before);
	put_tally(&at, state->synced);
	little_put(&at, state->tail_segment, 8);
	little_put(&at, state->tail_offset, 8);
	little_put(&at, state->next, 8);
	little_put(&at, state->bound, 8);
	little_put_bytes(&at, state->other_id, BLOCK_ID);
	put_tally(&at, state->hole_from);
	put_tally(&at, state->hole_to);
	for (int i = 0; i < STATE_REASONS; i++)
		put_tally(&at, state->dropped[i]);
	little_put_bytes(&at, (const unsigned char *)state->framing.string, FRAMING_STRING_MOST);
	little_put(&checksum, crc32c(0, slot, CHECKSUM), 4);
}

static bool
is_possible(const struct state *state)
{
	const uint64_t most = UINT64_MAX / 4;
	const struct framing *framing = &state->framing;

	if (framing->kind == FRAMING_FIXED && framing->size == 0)
		return false;
	return state->first > 0 && state->first <= state->bound && state->bound <= most && state->segment <= most &&
	    state->offset <= most && state->before.records <= most && state->before.bytes <= most &&
	    state->synced.records <= most && state->synced.bytes <= most && state->next <= state->bound &&
	    state->tail_segment <= most && state->tail_offset <= most &&
	    state->hole_from.records <= state->hole_to.records && state->hole_from.bytes <= state->hole_to.bytes &&
	    state->hole_to.records <= most && state->hole_to.bytes <= most;
}

unsigned
state_version(const unsigned char slot[STATE_SLOT])
{
	const unsigned char *at = slot + MAGIC;

	return (unsigned)little_get(&at, 2);
}

enum state_found
state_decode(struct state *state, const unsigned char slot[STATE_SLOT])
{
	const unsigned char *at = slot + MAGIC, *checksum = slot + CHECKSUM;
	uint64_t kind;

	if (memcmp(slot, magic, MAGIC) != 0 || little_get(&checksum, 4) != crc32c(0, slot, CHECKSUM))
		return STATE_NONE;
	if (little_get(&at, 2) != FORMAT_VERSION || (kind = little_get(&at, 2)) > FRAMING_FRAME)
		return STATE_OTHER;
	*state = (struct state){ .framing.kind = (enum framing_kind)kind };
	state->framing.delimiter = (unsigned char)little_get(&at, 4);
	if (!take_size(&state->framing, little_get(&at, 8)))
		return STATE_OTHER;
	state->generation = little_get(&at, 8);
	little_get_bytes(&at, state->id, BLOCK_ID);
	state->first = little_get(&at, 8);
	state->segment = little_get(&at, 8);
	state->offset = little_get(&at, 8);
	state->before = get_tally(&at);
	state->synced = get_tally(&at);
	state->tail_segment = little_get(&at, 8);
	state->tail_offset = little_get(&at, 8);
	state->next = little_get(&at, 8);
	state->bound = little_get(&at, 8);
	little_get_bytes(&at, state->other_id, BLOCK_ID);
	state->hole_from = get_tally(&at);
	state->hole_to = get_tally(&at);
	for (int i = 0; i < STATE_REASONS; i++)
		state->dropped[i] = get_tally(&at);
	little_get_bytes(&at, (unsigned char *)state->framing.string, FRAMING_STRING_MOST);
	return is_possible(state) ? STATE_FOUND : STATE_NONE;
}
