/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/loads.h"

#include <stdlib.h>

#define LEAST ((size_t)16)

static struct loads_one *
at(struct loads *loads, size_t index)
{
	return loads->list == NULL ? &loads->alone : &loads->list[(loads->first + index) & (loads->size - 1)];
}

void
loads_free(struct loads *loads)
{
	free(loads->list);
	*loads = (struct loads){ 0 };
}

static bool
lengthen(struct loads *loads)
{
	const size_t size = loads->size > 0 ? 2 * loads->size : LEAST;
	struct loads_one *list = calloc(size, sizeof(*list));

	if (list == NULL)
		return false;
	for (size_t i = 0; i < loads->count; i++)
		list[i] = *at(loads, i);
	free(loads->list);
	loads->list = list;
	loads->size = size;
	loads->first = 0;
	return true;
}

uint64_t
loads_add(struct loads *loads, struct tally sum)
{
	struct loads_one *newest;

	if (loads->count < (loads->list == NULL ? 1 : loads->size) || lengthen(loads))
		*at(loads, loads->count++) = (struct loads_one){ .left = { 0, 0 } };
	newest = at(loads, loads->count - 1);
	ledger_count(&newest->sum, sum.records, sum.bytes);
	ledger_count(&newest->left, sum.records, sum.bytes);
	ledger_count(&loads->sum, sum.records, sum.bytes);
	return loads->number + loads->count - 1;
}

void
loads_settle(struct loads *loads, uint64_t number, struct tally sum)
{
	struct loads_one *one = at(loads, (size_t)(number - loads->number));

	one->left.records -= sum.records;
	one->left.bytes -= sum.bytes;
	while (loads->count > 0 && at(loads, 0)->left.bytes == 0) {
		loads->sum.records -= at(loads, 0)->sum.records;
		loads->sum.bytes -= at(loads, 0)->sum.bytes;
		loads->first = loads->list == NULL ? 0 : (loads->first + 1) & (loads->size - 1);
		loads->count--;
		loads->number++;
	}
}

struct tally
loads_sum(const struct loads *loads)
{
	return loads->sum;
}
