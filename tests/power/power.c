/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * power FIRST LAST: runs of a spool on a disk in memory, by seed, whose power is cut at each call that changes something,
 * several times in different ways; and what the real code makes of what is left.
 *
 *      what was synced and is not settled is there, whole, once and in order; of what was, none is said to be lost
 *      what was settled when the state was synced does not come again
 *      recovered is what comes and what is said to be missing, in records and in bytes
 *      no serial is given twice
 *
 * On a disk whose syncs fail what failed is written anew: nothing that was synced is lost by that either.
 */
#include "config.h"

#include "power/disk.h"

#include "../unit/random.h"
#include "base/units.h"
#include "os/loop.h"
#include "spool/inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORDS 4000
#define STEPS 240
#define CUTS 2 /* at a call */

struct line {
	uint64_t serial;
	size_t length;
	uint64_t end; /* the ordinal behind it, in bytes */
	bool in_memory, settled, gone;
};

static struct line list[RECORDS];
static size_t count, oldest;
static size_t settled_for_sure, settling; /* records before these */
static uint64_t serial, given;
static struct spool *spool;
static struct random chance;
static const struct spool_rules *rules;
static uint64_t seed, states, now_ns;
static bool failed;
static int printed;

static void
fail(const char *what, uint64_t one, uint64_t other)
{
	if (!failed)
		printf("seed %" PRIu64 ", call %" PRIu64 ": %s: %" PRIu64 ", %" PRIu64 "\n", seed, disk_calls(), what, one, other);
	failed = true;
}

static void
make_line(char *text, const struct line *line)
{
	char head[32];
	int length = snprintf(head, sizeof(head), "%" PRIu64 " ", line->serial);

	memset(text, 'a' + (int)(line->serial % 26), line->length);
	memcpy(text, head, (size_t)length < line->length ? (size_t)length : line->length);
	text[line->length - 1] = '\n';
}

/* --- what is left ---------------------------------------------------------------------------------- */

/* What came: the next of the list that is the same. */
static size_t
match(size_t from, const char *text, size_t length)
{
	static char line[8192];

	for (size_t i = from; i < count; i++) {
		if (list[i].length > length)
			continue;
		make_line(line, &list[i]);
		if (memcmp(line, text, list[i].length) == 0)
			return i;
	}
	return count;
}

static void
read_all(struct spool *left, struct tally *came, bool here[RECORDS])
{
	struct spool_next next;
	size_t at = 0;

	while (!failed && spool_next(left, &next)) {
		for (size_t done = 0; done < next.length;) {
			size_t i = match(at, next.text + done, next.length - done);

			if (i == count) {
				fail("a record that was never put, or in another order", done, next.first);
				return;
			}
			here[i] = true;
			ledger_count(came, 1, list[i].length);
			done += list[i].length;
			at = i + 1;
		}
		if (next.length > 0 && !spool_loaded(left, 0))
			abort();
	}
}

/* The power is cut, and the next weir comes. */
static void
look(uint64_t cut)
{
	const uint64_t synced = spool->state.synced.bytes;
	static bool here[RECORDS];
	struct tally came = { 0, 0 };
	const bool fails = disk_fails_syncs();
	struct spool_figures figures;
	struct spool *left;
	uint64_t first; /* the ordinal of the oldest that is not settled, for all that is known then */

	disk_fail_syncs(false); /* it is another one that comes up again */
	memset(here, 0, sizeof(here));
	disk_cut(cut);
	states++;
	left = spool_open(rules);
	first = left != NULL ? left->loaded.bytes : 0;
	if (left == NULL) {
		fail("it cannot be opened", 0, 0);
		disk_restore();
		return;
	}
	if (spool_serial(left) < given)
		fail("a serial would be given again", spool_serial(left), given);
	read_all(left, &came, here);
	figures = spool_figures(left);
	if (!failed && (figures.recovered.records != came.records + figures.corrupt.records ||
	    figures.recovered.bytes != came.bytes + figures.corrupt.bytes))
		fail("the law: recovered, came", figures.recovered.bytes, came.bytes);
	for (size_t i = 0; !failed && i < count; i++) {
		if (!here[i] && list[i].end <= synced && list[i].end > first)
			fail("a record that was synced is said to be lost", list[i].serial, i);
		if (!here[i] && list[i].end <= synced && !list[i].settled && !list[i].gone)
			fail("a record that was synced is missing", list[i].serial, i);
		if (here[i] && i < settled_for_sure)
			fail("a record comes again that was settled for sure", list[i].serial, i);
	}
	if (failed && printed++ == 0) {
		printf("claimed synced %" PRIu64 ", step %d, failing %d, broken %d; left: before %" PRIu64 " segment %" PRIu64 " offset %" PRIu64 " synced %" PRIu64 " tail %" PRIu64 " %" PRIu64 " corrupt %" PRIu64 "\n", synced, (int)spool->syncer.step, fails, spool->broken, left->state.before.bytes, left->state.segment, left->state.offset, left->state.synced.bytes, left->state.tail_segment, left->state.tail_offset, figures.corrupt.bytes);
		for (size_t i = 0; i < left->segments.count; i++)
			printf("left segment %" PRIu64 " before %" PRIu64 " length %" PRIu64 "\n", left->segments.list[i].number, left->segments.list[i].before.bytes, left->segments.list[i].length);
		for (size_t i = 0; i < spool->segments.count; i++)
			printf("segment %" PRIu64 " before %" PRIu64 " length %" PRIu64 "\n", spool->segments.list[i].number, spool->segments.list[i].before.bytes, spool->segments.list[i].length);
		for (size_t i = 24; i < count && i < 34; i++)
			printf("record %zu end %" PRIu64 " settled %d here %d\n", i, list[i].end, list[i].settled, here[i]);
	}
	spool_free(left);
	disk_restore();
	disk_fail_syncs(fails);
}

static void
cut_here(void)
{
	if (spool != NULL)
		for (int i = 0; i < CUTS && !failed; i++)
			look(random_next(&chance));
	disk_stop_at(disk_calls() + 1 + random_below(&chance, 8), cut_here);
}

/* --- what is done ---------------------------------------------------------------------------------- */

static void
put(void)
{
	static char text[64 * 1024];
	struct iovec piece[2];
	struct spool_load load = { .piece = piece, .pieces = 1, .first = serial, .records = 1 + random_below(&chance, 6) };
	const bool forward = spool_is_level(spool) && random_one_in(&chance, 2);
	const size_t first = count;

	if (count + load.records > RECORDS)
		return;
	for (uint64_t i = 0; i < load.records; i++) {
		struct line *line = &list[count++];

		*line = (struct line){ .serial = serial++, .length = 12 + (size_t)random_below(&chance, 3000) };
		make_line(text + load.length, line);
		load.length += line->length;
		line->end = spool->next.bytes + load.length;
		line->in_memory = forward;
	}
	given = serial;
	piece[1] = (struct iovec){ text, load.length };
	if (spool_put(spool, &load, forward, now_ns) != SPOOL_DONE) {
		count = first; /* it may be on the disk all the same, and is nobody's */
		serial = load.first;
		given = serial;
	}
}

static void
load(void)
{
	struct spool_next next;
	size_t at = oldest;

	if (!spool_next(spool, &next) || next.length == 0)
		return;
	while (at < count && (list[at].in_memory || list[at].settled || list[at].gone))
		at++;
	for (uint64_t i = 0; i < next.records; i++)
		list[at++].in_memory = true;
	if (!spool_loaded(spool, 0))
		abort();
}

static void
settle(void)
{
	uint64_t most = random_below(&chance, random_one_in(&chance, 4) ? 100 : 6);
	struct tally pending = { 0, 0 };

	while (oldest < count && list[oldest].in_memory && most-- > 0)
		list[oldest++].settled = true;
	for (size_t i = oldest; i < count && list[i].in_memory; i++)
		ledger_count(&pending, 1, list[i].length);
	spool_settle(spool, pending, 0);
}

static void
step(void)
{
	const uint64_t failures = spool->figures.failures;

	spool_step(spool, now_ns);
	if (spool->syncer.step != SYNCER_IDLE) {
		settling = spool->syncer.step == SYNCER_STATE ? oldest : settling;
		return;
	}
	if (spool->figures.failures == failures && settling > settled_for_sure)
		settled_for_sure = settling;
	settling = 0;
}

static void
play(void)
{
	struct spool_rules own = { .path = "simulated", .most = (uint64_t)1 << 18, .framing = { FRAMING_LINES, '\n', 0 } };

	chance = (struct random){ seed };
	count = oldest = settled_for_sure = settling = 0;
	serial = given = 1;
	disk_init();
	own.sync_ns = random_one_in(&chance, 3) ? SPOOL_SYNC_ALWAYS : 3 * NS_PER_MS;
	rules = &own;
	spool = NULL;
	spool = spool_open(&own);
	if (spool == NULL) {
		fail("it cannot be opened", 0, 0);
		return;
	}
	disk_stop_at(disk_calls() + 1, cut_here);
	now_ns = loop_now();
	for (int i = 0; i < STEPS && !failed; i++) {
		const uint64_t what = random_below(&chance, 10);

		now_ns += NS_PER_MS;
		if (seed % 4 == 0 && random_one_in(&chance, 20))
			disk_fail_syncs(random_one_in(&chance, 2));
		if (what < 4)
			put();
		else if (what < 6)
			load();
		else if (what < 9)
			settle();
		step();
	}
	disk_fail_syncs(false);
	disk_stop_at(0, NULL);
	spool_free(spool);
	spool = NULL;
}

int
main(int argc, char *argv[])
{
	const uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1, last = argc > 2 ? strtoull(argv[2], NULL, 10) : 100;

	for (seed = first; seed <= last && !failed; seed++)
		play();
	printf("%" PRIu64 " states after power cuts%s\n", states, failed ? ", one of them wrong" : ", all of them right");
	return failed;
}
