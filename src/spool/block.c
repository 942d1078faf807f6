/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/crc32c.h"
#include "base/little.h"
#include "pick/weight.h"
#include "spool/block.h"

#include <assert.h>
#include <string.h>

#define FORMAT_VERSION 1
#define LENGTHS_VERSION 2
#define WEIGHTS_VERSION 3

/* Of a flag, and of the place of what is a weight. */
#define WEIGHTS 16U
#define IS_WEIGHT (UINT32_C(1) << 31)
#define MAGIC 8
#define OWN_CHECKSUM ((size_t)84)

static const unsigned char magic[MAGIC] = { 0x8f, 'w', 'e', 'i', 'r', 'B', '\r', '\n' };

static_assert(BLOCK_GAPS <= 64 && BLOCK_MOST >= BLOCK_GAPS, "a list of gaps is shorter than what it stands in front of");

uint64_t
block_next(const struct block *block)
{
	uint64_t next = block->first + block->records;

	for (unsigned i = 0; i < block->gaps; i++)
		next += block->gap[i].missing;
	return next;
}

size_t
block_lacks(const struct block *block)
{
	return (block->flags & BLOCK_UNENDED) != 0 ? 1 + BLOCK_DELIMITER(block->flags) : 0;
}

struct tally
block_after(const struct block *block)
{
	return (struct tally){ block->before.records + block->records, block->before.bytes + block->length + block_lacks(block) };
}

bool
block_is_of(const struct block *block, const unsigned char *id, const unsigned char *other)
{
	return id == NULL || memcmp(block->id, id, BLOCK_ID) == 0 || (other != NULL && memcmp(block->id, other, BLOCK_ID) == 0);
}

static size_t
head_of(const struct block *block)
{
	return BLOCK_HEADER + (block->gaps + block->weights) * BLOCK_GAP;
}

size_t
block_lengths(const struct block *block)
{
	return (block->flags & BLOCK_LENGTHS) != 0 ? (size_t)block->records * BLOCK_LENGTH : 0;
}

size_t
block_head(const struct block *block)
{
	return head_of(block) + block_lengths(block);
}

size_t
block_length_at(const unsigned char *lengths, uint64_t record)
{
	const unsigned char *at = lengths + record * BLOCK_LENGTH;

	return (size_t)little_get(&at, BLOCK_LENGTH);
}

bool
block_adds_up(const struct block *block, const char *records)
{
	const unsigned char *lengths = (const unsigned char *)records - block_lengths(block);
	uint64_t sum = 0;

	for (uint64_t i = 0; i < block_lengths(block) / BLOCK_LENGTH; i++) {
		const size_t length = block_length_at(lengths, i);

		if (length == 0)
			return false;
		sum += length;
	}
	return block_lengths(block) == 0 || sum == block->length;
}

uint64_t
block_size(const struct block *block)
{
	return block_head(block) + block->length;
}

static uint32_t
own_checksum(const unsigned char *head, size_t length)
{
	return crc32c(crc32c(0, head, OWN_CHECKSUM), head + BLOCK_HEADER, length - BLOCK_HEADER);
}

static unsigned
version_of(unsigned flags)
{
	return (flags & WEIGHTS) != 0 ? WEIGHTS_VERSION : (flags & BLOCK_LENGTHS) != 0 ? LENGTHS_VERSION : FORMAT_VERSION;
}

size_t
block_encode(const struct block *block, unsigned char head[BLOCK_HEAD_MOST])
{
	const size_t length = head_of(block);
	const unsigned flags = block->flags | (block->weights > 0 ? WEIGHTS : 0);
	unsigned char *at = head, *own = head + OWN_CHECKSUM;

	little_put_bytes(&at, magic, MAGIC);
	little_put(&at, version_of(flags), 2);
	little_put(&at, flags, 2);
	little_put(&at, block->gaps + block->weights, 4);
	little_put(&at, block->length, 8);
	little_put(&at, block->records, 8);
	little_put(&at, block->first, 8);
	little_put(&at, block->before.records, 8);
	little_put(&at, block->before.bytes, 8);
	little_put(&at, block->time_ns, 8);
	little_put_bytes(&at, block->id, BLOCK_ID);
	little_put(&at, block->checksum, 4);
	at = head + BLOCK_HEADER;
	for (unsigned i = 0; i < block->gaps + block->weights; i++) {
		little_put(&at, block->gap[i].at | (i < block->gaps ? 0 : IS_WEIGHT), 4);
		little_put(&at, block->gap[i].missing, 8);
	}
	little_put(&own, own_checksum(head, length), 4);
	return length;
}

/* --- what was read ------------------------------------------------------------------------------- */

static bool
are_possible(const struct block_gap *weight, unsigned weights, uint64_t records)
{
	for (unsigned i = 0; i < weights; i++)
		if (weight[i].at >= records || (i > 0 && weight[i].at <= weight[i - 1].at) || weight[i].missing < WEIGHT_ONE ||
		    weight[i].missing > WEIGHT_MOST)
			return false;
	return true;
}

/* Of what a checksum has found whole: could it have been written?  Nothing overflows further on. */
static bool
is_possible(const struct block *block)
{
	const uint64_t most = UINT64_MAX / 4;
	uint64_t next = block->first, at = 0;

	if (block->length == 0 || block->length > most || block->records > block->length ||
	    block->first == 0 || ((block->flags & BLOCK_LENGTHS) != 0 && block->records > BLOCK_LENGTHS_MOST) || block->first > most || block->before.records > most || block->before.bytes > most)
		return false;
	next += block->records;
	for (unsigned i = 0; i < block->gaps; i++) {
		if (block->gap[i].at <= at || block->gap[i].at >= block->records || block->gap[i].missing == 0 ||
		    block->gap[i].missing > most - next)
			return false;
		at = block->gap[i].at;
		next += block->gap[i].missing;
	}
	return next <= most && are_possible(block->gap + block->gaps, block->weights, block->records);
}

/* Those at the end of the list that are weights are taken for such.  Whether there are as the flag says. */
static bool
find_weights(struct block *block)
{
	const bool wanted = (block->flags & WEIGHTS) != 0;

	block->flags &= ~WEIGHTS;
	for (; block->gaps > 0 && (block->gap[block->gaps - 1].at & IS_WEIGHT) != 0; block->weights++)
		block->gap[--block->gaps].at &= ~IS_WEIGHT;
	return wanted == (block->weights > 0);
}

enum block_found
block_decode(struct block *block, const void *bytes, size_t length)
{
	const unsigned char *at = bytes, *own = at + OWN_CHECKSUM;
	uint64_t version;

	if (memcmp(at, magic, length < MAGIC ? length : MAGIC) != 0)
		return BLOCK_NONE;
	if (length < BLOCK_HEADER)
		return BLOCK_SHORT;
	at += MAGIC;
	version = little_get(&at, 2);
	*block = (struct block){ .flags = (unsigned)little_get(&at, 2), .gaps = (unsigned)little_get(&at, 4) };
	if (block->gaps > BLOCK_GAPS)
		return BLOCK_NONE;
	if (length < head_of(block))
		return BLOCK_SHORT;
	if (little_get(&own, 4) != own_checksum(bytes, head_of(block)))
		return BLOCK_NONE;
	if (version != version_of(block->flags))
		return BLOCK_OTHER;
	block->length = little_get(&at, 8);
	block->records = little_get(&at, 8);
	block->first = little_get(&at, 8);
	block->before.records = little_get(&at, 8);
	block->before.bytes = little_get(&at, 8);
	block->time_ns = little_get(&at, 8);
	little_get_bytes(&at, block->id, BLOCK_ID);
	block->checksum = (uint32_t)little_get(&at, 4);
	at = (const unsigned char *)bytes + BLOCK_HEADER;
	for (unsigned i = 0; i < block->gaps; i++) {
		block->gap[i].at = (uint32_t)little_get(&at, 4);
		block->gap[i].missing = little_get(&at, 8);
	}
	return find_weights(block) && is_possible(block) ? BLOCK_FOUND : BLOCK_NONE;
}

unsigned
block_version(const void *bytes)
{
	const unsigned char *at = (const unsigned char *)bytes + MAGIC;

	return (unsigned)little_get(&at, 2);
}

size_t
block_search(const void *bytes, size_t length)
{
	const unsigned char *text = bytes;
	size_t at = 0;

	while (at < length) {
		const unsigned char *found = memchr(text + at, magic[0], length - at);

		if (found == NULL)
			return length;
		at = (size_t)(found - text);
		if (memcmp(found, magic, length - at < MAGIC ? length - at : MAGIC) == 0)
			return at;
		at++;
	}
	return length;
}
