/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counters are found by their key, in chains, and the lowest by a heap.  A record counted moves its counter down
 * the heap, and one that counts much is at the bottom already.
 */
#include "config.h"

#include "pick/key.h"
#include "pick/top.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define COUNTERS_EACH 16
#define COUNTERS_LEAST 256
#define COUNTERS_MOST (COUNTERS_EACH * TOP_WANTED_MOST)
#define HEADS 4096 /* a power of two */

struct counter {
	struct top_key key;
	struct counter *next; /* in its chain */
	unsigned at;          /* place in the heap */
};

struct top {
	uint64_t salt;
	unsigned wanted;
	unsigned size;  /* counters there may be */
	unsigned count; /* and there are */
	struct counter *heads[HEADS];
	struct counter *heap[COUNTERS_MOST]; /* none counts less than the one at half its place */
	const struct top_key *sorted[COUNTERS_MOST];
	struct counter counters[COUNTERS_MOST];
};

static_assert(COUNTERS_LEAST <= COUNTERS_MOST, "room");

struct top *
top_new(unsigned wanted)
{
	struct top *top = calloc(1, sizeof(*top));

	if (top == NULL)
		return NULL;
	top->salt = key_salt();
	top->wanted = wanted;
	top->size = wanted * COUNTERS_EACH > COUNTERS_LEAST ? wanted * COUNTERS_EACH : COUNTERS_LEAST;
	return top;
}

void
top_free(struct top *top)
{
	free(top);
}

/* --- by key --------------------------------------------------------------------------------------- */

static bool
is_same(const struct top_key *a, const struct top_key *b)
{
	return a->length == b->length && memcmp(a->text, b->text, sizeof(a->text)) == 0;
}

static struct counter **
head_of(struct top *top, const struct top_key *key)
{
	return &top->heads[key_hash((struct key){ key->text, key->length }, top->salt) % HEADS];
}

static void
unlink_counter(struct top *top, const struct counter *counter)
{
	struct counter **link = head_of(top, &counter->key);

	while (*link != counter)
		link = &(*link)->next;
	*link = counter->next;
}

/* --- by count ------------------------------------------------------------------------------------- */

static void
put(struct top *top, struct counter *counter, unsigned at)
{
	top->heap[at] = counter;
	counter->at = at;
}

/* To its place in the heap, after it has counted more. */
static void
sink(struct top *top, struct counter *counter)
{
	unsigned at = counter->at;

	for (unsigned below; (below = 2 * at + 1) < top->count; at = below) {
		if (below + 1 < top->count && top->heap[below + 1]->key.records < top->heap[below]->key.records)
			below++;
		if (top->heap[below]->key.records >= counter->key.records)
			break;
		put(top, top->heap[below], at);
	}
	put(top, counter, at);
}

/* A counter that has not counted yet, at the top of the heap: a new one, or the lowest, which keeps its count. */
static struct counter *
lowest(struct top *top)
{
	struct counter *counter = top->heap[0];

	if (top->count == top->size) {
		unlink_counter(top, counter);
		return counter;
	}
	counter = &top->counters[top->count];
	for (unsigned at = top->count++; at > 0; at = (at - 1) / 2)
		put(top, top->heap[(at - 1) / 2], at);
	put(top, counter, 0);
	return counter;
}

void
top_count(struct top *top, const char *key, size_t length, uint64_t records)
{
	struct top_key wanted = { .length = length < TOP_KEY_MOST ? length : TOP_KEY_MOST };
	struct counter **head, *counter;

	if (top == NULL)
		return;
	if (length > 0)
		memcpy(wanted.text, key, wanted.length);
	head = head_of(top, &wanted);
	for (counter = *head; counter != NULL && !is_same(&counter->key, &wanted); counter = counter->next)
		;
	if (counter == NULL) {
		counter = lowest(top);
		wanted.records = wanted.error = counter->key.records;
		counter->key = wanted;
		counter->next = *head;
		*head = counter;
	}
	counter->key.records += records;
	sink(top, counter);
}

/* --- the list ------------------------------------------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	const struct top_key *x = *(const struct top_key *const *)a, *y = *(const struct top_key *const *)b;
	int order;

	if (x->records != y->records)
		return x->records < y->records ? 1 : -1;
	if (x->error != y->error)
		return x->error > y->error ? 1 : -1;
	order = memcmp(x->text, y->text, sizeof(x->text));
	return order != 0 ? order : (x->length > y->length) - (x->length < y->length);
}

unsigned
top_list(struct top *top, struct top_key list[], unsigned most)
{
	if (top == NULL)
		return 0;
	for (unsigned i = 0; i < top->count; i++)
		top->sorted[i] = &top->counters[i].key;
	qsort(top->sorted, top->count, sizeof(top->sorted[0]), compare);
	if (most > top->wanted)
		most = top->wanted;
	if (most > top->count)
		most = top->count;
	for (unsigned i = 0; i < most; i++)
		list[i] = *top->sorted[i];
	return most;
}
