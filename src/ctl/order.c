/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "ctl/order.h"

#include <stdlib.h>

/* So many programs may stand between two weirs; who goes round in a circle is found out, too. */
#define BETWEEN_MOST 64

struct chain {
	size_t before; /* nodes, or ORDER_NOBODY */
	size_t behind;
	bool placed;
};

static bool
is_same(struct order_end a, struct order_end b)
{
	return a.inode != 0 && a.inode == b.inode && a.device == b.device;
}

/* Of several that have a pipe as standard input one reads it: a weir rather than others; of a shell and what it has started,
 * that. */
static bool
is_rather(const struct order_node *one, const struct order_node *other)
{
	return one->weir != other->weir ? one->weir : one->pid > other->pid;
}

static size_t
reader_of(const struct order_node *nodes, size_t count, size_t writer)
{
	size_t reader = ORDER_NOBODY;

	for (size_t i = 0; i < count; i++)
		if (i != writer && is_same(nodes[writer].out, nodes[i].in) &&
		    (reader == ORDER_NOBODY || is_rather(&nodes[i], &nodes[reader])))
			reader = i;
	return reader;
}

static size_t
next_weir(const struct order_node *nodes, size_t from)
{
	size_t node = nodes[from].next;

	for (int i = 0; i < BETWEEN_MOST && node != ORDER_NOBODY && !nodes[node].weir; i++)
		node = nodes[node].next;
	return node != ORDER_NOBODY && nodes[node].weir ? node : ORDER_NOBODY;
}

/* Where several write to one, it goes on from the first of them. */
static void
join(const struct order_node *nodes, size_t count, struct chain *chains)
{
	for (size_t i = 0; i < count; i++) {
		const size_t behind = nodes[i].weir ? next_weir(nodes, i) : ORDER_NOBODY;

		if (behind == ORDER_NOBODY || behind == i || chains[behind].before != ORDER_NOBODY)
			continue;
		chains[i].behind = behind;
		chains[behind].before = i;
	}
}

/* Where the pipeline of this one begins; in a circle, with this one. */
static size_t
beginning_of(const struct chain *chains, size_t node)
{
	size_t first = node;

	while (chains[first].before != ORDER_NOBODY && chains[first].before != node)
		first = chains[first].before;
	return chains[first].before == node ? node : first;
}

static void
place_all(const struct order_node *nodes, size_t count, struct chain *chains, struct order_place *places)
{
	size_t placed = 0, pipeline = 0;

	for (size_t i = 0; i < count; i++) {
		if (!nodes[i].weir || chains[i].placed)
			continue;
		for (size_t at = beginning_of(chains, i); at != ORDER_NOBODY && !chains[at].placed; at = chains[at].behind) {
			chains[at].placed = true;
			places[placed++] = (struct order_place){ at, pipeline };
		}
		pipeline++;
	}
}

bool
order_find(struct order_node *nodes, size_t count, struct order_place *places)
{
	struct chain *chains = malloc((count > 0 ? count : 1) * sizeof(*chains));

	if (chains == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		chains[i] = (struct chain){ ORDER_NOBODY, ORDER_NOBODY, false };
		nodes[i].next = reader_of(nodes, count, i);
	}
	join(nodes, count, chains);
	place_all(nodes, count, chains, places);
	free(chains);
	return true;
}
