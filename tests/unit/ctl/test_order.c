/* SPDX-License-Identifier: BSD-2-Clause */
/* Pipelines by their pipes: who stands before whom, whatever the order of process ids. */
#include "../tap.h"

#include "ctl/order.h"

#define NODES_MOST 80

static struct order_node nodes[NODES_MOST];
static size_t count;

static void
begin(void)
{
	count = 0;
}

/* A process that reads one pipe and writes another, by their inodes; 0: none. */
static void
process(pid_t pid, bool weir, uint64_t in, uint64_t out)
{
	nodes[count++] = (struct order_node){ pid, weir, { 1, in }, { 1, out }, 12345 };
}

/* What is found, as "1,2;3": pids, with a semicolon between pipelines. */
static const char *
found(void)
{
	static char text[1024];
	struct order_place places[NODES_MOST];
	size_t weirs = 0, length = 0;

	for (size_t i = 0; i < count; i++)
		weirs += nodes[i].weir;
	if (!order_find(nodes, count, places))
		return "no memory";
	*text = '\0';
	for (size_t i = 0; i < weirs; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%jd",
		    i == 0 ? "" : places[i].pipeline == places[i - 1].pipeline ? "," : ";", (intmax_t)nodes[places[i].node].pid);
	return text;
}

int
main(void)
{
	begin();
	is_text(found(), "", "none");
	process(7, true, 0, 0);
	process(5, true, 0, 0);
	is_text(found(), "7;5", "apart, in the order given");

	begin();
	process(3, true, 30, 40);
	process(1, true, 20, 30);
	process(9, true, 0, 0);
	process(2, true, 10, 20);
	is_text(found(), "2,1,3;9", "one after the other, whatever their process ids");
	is(nodes[0].next, ORDER_NOBODY, "nobody reads the last");
	is(nodes[1].next, 0, "each knows who reads it");

	begin();
	process(1, true, 10, 11);
	process(2, true, 13, 14);
	process(50, false, 11, 12);
	process(51, false, 12, 13);
	process(52, false, 14, 15);
	is_text(found(), "1,2", "other programs in between");
	is(nodes[1].next, 4, "and behind the last");

	begin();
	process(1, true, 10, 11);
	process(2, true, 12, 13);
	process(40, false, 11, 99);
	process(41, false, 11, 12);
	is_text(found(), "1,2", "of two that read, a shell and what it has started, the later one");
	process(30, true, 11, 0);
	is_text(found(), "1,30;2", "and a weir rather than either");

	begin();
	process(1, true, 1, 9);
	process(2, true, 2, 9);
	process(3, true, 9, 0);
	is_text(found(), "1,3;2", "two that write to one: it goes on from the first");

	begin();
	process(1, true, 3, 1);
	process(2, true, 1, 2);
	process(3, true, 2, 3);
	is_text(found(), "1,2,3", "a circle begins somewhere");
	begin();
	process(1, true, 5, 5);
	process(2, true, 0, 6);
	process(60, false, 6, 7);
	process(61, false, 7, 6);
	is_text(found(), "1;2", "one that reads what it writes, and others that go round");

	begin();
	process(1, true, 10, 11);
	process(2, true, 11, 12);
	nodes[1].in.device = 2;
	is_text(found(), "1;2", "the same inode on another device is another pipe");

	begin();
	for (int i = 60; i > 0; i--)
		process(i, true, (uint64_t)i, (uint64_t)i + 1);
	ok(strncmp(found(), "1,2,3,4,5,", 10) == 0 && strchr(found(), ';') == NULL, "sixty in a row");
	return done_testing();
}
