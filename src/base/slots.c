/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/mapped.h"
#include "base/slots.h"

#include <sys/mman.h>

#include <errno.h>
#include <stdlib.h>

int
slots_init(struct slots *slots, size_t count, size_t size, size_t behind)
{
	void *base = mapped_new(count * size + behind);

	*slots = (struct slots){ .size = size, .count = count, .first = count, .behind = behind };
	if (base == NULL)
		return -1;
	slots->base = base;
	slots->free = calloc(count, sizeof(slots->free[0]));
	if (slots->free == NULL) {
		slots_free(slots);
		errno = ENOMEM;
		return -1;
	}
	return 0;
}

void
slots_free(struct slots *slots)
{
	mapped_free(slots->base, slots->first * slots->size + slots->behind);
	for (unsigned i = 0; i < slots->regions; i++)
		mapped_free(slots->more[i].base, slots->more[i].count * slots->size);
	free(slots->free);
	*slots = (struct slots){ 0 };
}

char *
slots_behind(const struct slots *slots)
{
	return slots->base + slots->first * slots->size;
}

int
slots_grow(struct slots *slots, size_t count)
{
	const size_t more = count - slots->count;
	uint32_t *free_slots;
	char *base;

	errno = ENOMEM;
	if (slots->regions == SLOTS_REGIONS || more > SIZE_MAX / slots->size || more > UINT32_MAX - slots->count)
		return -1;
	free_slots = realloc(slots->free, (slots->count + more) * sizeof(slots->free[0]));
	if (free_slots == NULL)
		return -1;
	slots->free = free_slots;
	base = mapped_new(more * slots->size);
	if (base == NULL)
		return -1;
	slots->more[slots->regions++] = (struct slots_region){ base, slots->count, more };
	slots->count += more;
	return 0;
}

void
slots_ungrow(struct slots *slots)
{
	const struct slots_region *last = &slots->more[--slots->regions];

	mapped_free(last->base, last->count * slots->size);
	slots->count -= last->count;
}

static char *
text_of(const struct slots *slots, size_t slot)
{
	const struct slots_region *region = slots->more;

	if (slot < slots->first)
		return slots->base + slot * slots->size;
	while (slot >= region->from + region->count)
		region++;
	return region->base + (slot - region->from) * slots->size;
}

static size_t
slot_of(const struct slots *slots, const char *text)
{
	const uintptr_t at = (uintptr_t)text;

	for (unsigned i = 0; i < slots->regions; i++) {
		const struct slots_region *region = &slots->more[i];
		const uintptr_t base = (uintptr_t)region->base;

		if (at >= base && at < base + region->count * slots->size)
			return region->from + (at - base) / slots->size;
	}
	return (at - (uintptr_t)slots->base) / slots->size;
}

bool
slots_left(const struct slots *slots)
{
	return slots->freed > 0 || slots->fresh < slots->count;
}

char *
slots_take(struct slots *slots)
{
	size_t slot = slots->freed > 0 ? slots->free[--slots->freed] : slots->fresh++;

	if (slots->cold > slots->freed)
		slots->cold = slots->freed;
	return text_of(slots, slot);
}

void
slots_give_back(struct slots *slots, const char *text)
{
	slots->free[slots->freed++] = (uint32_t)slot_of(slots, text);
}

size_t
slots_idle(const struct slots *slots)
{
	return (slots->freed - slots->cold) * slots->size;
}

void
slots_cool(struct slots *slots)
{
	slots_disuse(text_of(slots, slots->free[slots->cold++]), slots->size);
}

void
slots_disuse(char *text, size_t length)
{
#if defined(MADV_DONTNEED) && !defined(WEIR_PORTABLE)
	(void)madvise(text, length, MADV_DONTNEED);
#else
	(void)text;
	(void)length;
#endif
}
