/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/mapped.h"
#include "base/slots.h"

#include <sys/mman.h>

#include <errno.h>
#include <stdlib.h>

/* From here on page faults are what the first lap costs: ask for huge pages. */
#define HUGE_FROM ((size_t)64 << 20)

int
slots_init(struct slots *slots, size_t count, size_t size, size_t behind)
{
	void *base = mapped_new(count * size + behind);

	*slots = (struct slots){ .size = size, .count = count, .behind = behind };
	if (base == NULL)
		return -1;
	slots->base = base;
	slots->free = calloc(count, sizeof(slots->free[0]));
	if (slots->free == NULL) {
		slots_free(slots);
		errno = ENOMEM;
		return -1;
	}
	if (count * size >= HUGE_FROM)
		mapped_prefer_huge(base, count * size);
	return 0;
}

void
slots_free(struct slots *slots)
{
	mapped_free(slots->base, slots->count * slots->size + slots->behind);
	free(slots->free);
	*slots = (struct slots){ 0 };
}

char *
slots_behind(const struct slots *slots)
{
	return slots->base + slots->count * slots->size;
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
	return slots->base + slot * slots->size;
}

void
slots_give_back(struct slots *slots, const char *text)
{
	slots->free[slots->freed++] = (uint32_t)((size_t)(text - slots->base) / slots->size);
}

size_t
slots_idle(const struct slots *slots)
{
	return (slots->freed - slots->cold) * slots->size;
}

void
slots_cool(struct slots *slots)
{
	slots_disuse(slots->base + slots->free[slots->cold++] * slots->size, slots->size);
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
