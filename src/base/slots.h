/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slots: memory in slots of one size, of which those that were used last are the next to be used.
 *
 * All is mapped at once, unless more is wanted later, and touched only as far as it is used: a slot that is free again is taken while it is in the
 * cache, so that what passes through few of them costs the same, and as little memory, however many there are.  Knows
 * nothing of what is in them.
 */
#ifndef WEIR_SLOTS_H
#define WEIR_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How often more can be mapped. */
#define SLOTS_REGIONS 8

/* Mapped later: slots from this number on. */
struct slots_region {
	char *base;
	size_t from, count;
};

struct slots {
	char *base;
	size_t size;    /* bytes in each */
	size_t count;   /* mapped, in all */
	size_t first;   /* of them at base, */
	struct slots_region more[SLOTS_REGIONS]; /* the others */
	unsigned regions;
	size_t behind;  /* bytes mapped behind them; or 0 */
	uint32_t *free; /* calloc'd: a stack of those that were used before */
	size_t freed;   /* so many, */
	size_t cold;    /* of which the lowest have given back their memory */
	size_t fresh;   /* none from here on was ever used */
};

/* count slots of size bytes each (their product with `behind` is less than SIZE_MAX), and so many bytes behind them.
 * 0, or -1 with errno, when there is nothing to free. */
int slots_init(struct slots *slots, size_t count, size_t size, size_t behind);
void slots_free(struct slots *slots);

/* From now on there are so many in all (more than so far); those that are in use stay where they are.  0, or -1 with errno, and
 * nothing has changed: no memory, or it has been done SLOTS_REGIONS times. */
int slots_grow(struct slots *slots, size_t count);

/* Those that slots_grow has added just now are not there any more. */
void slots_ungrow(struct slots *slots);

/* What is mapped behind them. */
char *slots_behind(const struct slots *slots);

/* Whether there is one to take; takes it; gives back the one that begins there. */
bool slots_left(const struct slots *slots);
char *slots_take(struct slots *slots);
void slots_give_back(struct slots *slots, const char *text);

/* Bytes of slots that were used, are free, and still have memory; and giving that of one of them back, the longest
 * unused (there is one). */
size_t slots_idle(const struct slots *slots);
void slots_cool(struct slots *slots);

/* Gives back the memory of any bytes in them, which are undefined then; a hint. */
void slots_disuse(char *text, size_t length);

#endif
