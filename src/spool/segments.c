/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "spool/segments.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS 16
#define SUFFIX ".seg"
#define LEAST 16

void
segments_free(struct segments *segments)
{
	free(segments->list);
	*segments = (struct segments){ 0 };
}

struct segment *
segments_add(struct segments *segments, uint64_t number)
{
	if (segments->count == segments->size) {
		size_t size = segments->size > 0 ? 2 * segments->size : LEAST;
		struct segment *list = realloc(segments->list, size * sizeof(*list));

		if (list == NULL)
			return NULL;
		segments->list = list;
		segments->size = size;
	}
	if (number >= segments->next)
		segments->next = number + 1;
	segments->list[segments->count] = (struct segment){ .number = number };
	return &segments->list[segments->count++];
}

struct segment *
segments_begin(struct segments *segments)
{
	return segments_add(segments, segments->next);
}

struct segment *
segments_at(const struct segments *segments, size_t index)
{
	return &segments->list[index];
}

struct segment *
segments_last(const struct segments *segments)
{
	return segments->count > 0 ? &segments->list[segments->count - 1] : NULL;
}

size_t
segments_find(const struct segments *segments, uint64_t number)
{
	for (size_t i = 0; i < segments->count; i++)
		if (segments->list[i].number == number)
			return i;
	return SIZE_MAX;
}

static int
compare(const void *one, const void *other)
{
	const struct segment *a = one, *b = other;

	if (a->before.bytes != b->before.bytes)
		return a->before.bytes < b->before.bytes ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

void
segments_sort(struct segments *segments)
{
	if (segments->count > 1)
		qsort(segments->list, segments->count, sizeof(segments->list[0]), compare);
}

void
segments_remove(struct segments *segments, size_t index)
{
	segments->bytes -= segments->list[index].length;
	segments->count--;
	memmove(&segments->list[index], &segments->list[index + 1],
	    (segments->count - index) * sizeof(segments->list[0]));
}

void
segments_set_length(struct segments *segments, struct segment *segment, uint64_t length)
{
	segments->bytes += length - segment->length;
	segment->length = length;
}

void
segment_name(char name[SEGMENT_NAME], uint64_t number)
{
	(void)snprintf(name, SEGMENT_NAME, "%0*" PRIx64 SUFFIX, DIGITS, number);
}

bool
segment_number(const char *name, uint64_t *number)
{
	uint64_t value = 0;

	for (int i = 0; i < DIGITS; i++) {
		const char digit = name[i];

		if (digit >= '0' && digit <= '9')
			value = value << 4 | (uint64_t)(digit - '0');
		else if (digit >= 'a' && digit <= 'f')
			value = value << 4 | (uint64_t)(digit - 'a' + 10);
		else
			return false;
	}
	*number = value;
	return strcmp(name + DIGITS, SUFFIX) == 0;
}
